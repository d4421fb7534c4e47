/*
 * SPDX-License-Identifier: ISC
 *
 * contexts: the three ways to switch from one stack to another, compared: what
 * a switch costs, between a generator and its caller or among more and more
 * tasks, what it takes to make a task, and how much memory one needs that
 * waits.
 */
#include <errno.h>
#include <string.h>
#include "demos/contexts.h"

static struct contexts cn = { .most = 10000, .rounds = 15 };
static const char *cn_names, *cn_csv, *cn_svg;
static int cn_list;

static const struct demo_option cn_options[] = {
	{ .name = "contexts",
	    .value = "NAMES",
	    .help = "only these, as in native,setjmp",
	    .text = &cn_names },
	{ .name = "list",
	    .help = "which contexts are here, and why not",
	    .flag = &cn_list },
	{ .name = "csv",
	    .value = "FILE",
	    .help = "write the figures",
	    .text = &cn_csv },
	{ .name = "svg",
	    .value = "FILE",
	    .help = "draw a chart",
	    .text = &cn_svg },
	{ .name = "tasks",
	    .value = "N",
	    .help = "at most so many take turns (10000)",
	    .number = &cn.most,
	    .least = 2,
	    .most = 1000000 },
	{ .name = "rounds",
	    .value = "N",
	    .help = "of which the median is taken (15)",
	    .number = &cn.rounds,
	    .least = 1,
	    .most = CONTEXTS_ROUNDS },
	{ .name = "backend",
	    .value = "NAME",
	    .help = "of the loop: epoll, kqueue, poll, select",
	    .text = &cn.backend },
	{ .name = NULL },
};

/* ---- Which contexts ------------------------------------------------------ */

static struct coro_context_info cn_known[CONTEXTS_MOST];
static size_t cn_nknown;

static void
cn_show_list(void)
{
	size_t i;

	for (i = 0; i < cn_nknown; i++)
		(void)printf("%-10s  %-3s%s%s\n", cn_known[i].name,
		    cn_known[i].available ? "yes" : "no",
		    cn_known[i].reason != NULL ? "  " : "",
		    cn_known[i].reason != NULL ? cn_known[i].reason : "");
	demo_write_end(stdout, "standard output");
}

/* Is it among the names, which are separated by commas? */
static int
cn_named(const char *name, const char *names)
{
	size_t length;

	for (; names != NULL; names += length + 1) {
		length = strcspn(names, ",");
		if (strlen(name) == length && memcmp(name, names, length) == 0)
			return 1;
		if (names[length] == '\0')
			break;
	}
	return 0;
}

static void
cn_check_names(void)
{
	const char *name;
	size_t length, i;

	for (name = cn_names;; name += length + 1) {
		length = strcspn(name, ",");
		for (i = 0; i < cn_nknown; i++)
			if (strlen(cn_known[i].name) == length &&
			    memcmp(cn_known[i].name, name, length) == 0)
				break;
		if (i == cn_nknown)
			demo_usage("--contexts: no context is called '%.*s'; "
				   "see --list",
			    (int)length, name);
		if (name[length] == '\0')
			break;
	}
}

static void
cn_choose(void)
{
	size_t i;

	if (cn_names != NULL)
		cn_check_names();
	for (i = 0; i < cn_nknown; i++) {
		if (cn_names != NULL && !cn_named(cn_known[i].name, cn_names))
			continue;
		if (cn_known[i].available)
			cn.one[cn.n++].is = cn_known[i];
		else if (cn_names != NULL)
			demo_fail("%s cannot be had here: %s", cn_known[i].name,
			    cn_known[i].reason);
	}
	if (cn.n == 0)
		demo_fail("no context works here; see --list");
}

/* ---- The program --------------------------------------------------------- */

static void
cn_check_backend(void)
{
	struct reactor_options options = { .backend = cn.backend, .trace = "" };
	struct reactor *r = reactor_open(&options);

	if (r == NULL)
		demo_fail("%s", reactor_error());
	(void)reactor_close(r);
}

/* Those that were left out, and why. */
static void
cn_missing(void)
{
	size_t i;

	for (i = 0; i < cn_nknown && cn_names == NULL; i++)
		if (!cn_known[i].available)
			(void)printf("Without %s: %s.\n", cn_known[i].name,
			    cn_known[i].reason);
}

static void
cn_write(FILE *stream, const char *file,
    void (*write)(const struct contexts *, FILE *))
{
	if (stream == NULL)
		return;
	demo_write_begin(stream, file);
	write(&cn, stream);
	demo_write_end(stream, file);
}

int
main(int argc, char **argv)
{
	FILE *csv = NULL, *svg = NULL;

	demo_options(argc, argv,
	    "Does the same work on every context and compares what it costs.",
	    cn_options);
	cn_nknown = coro_contexts(cn_known, CONTEXTS_MOST);
	if (cn_nknown > CONTEXTS_MOST)
		cn_nknown = CONTEXTS_MOST;
	if (cn_list) {
		cn_show_list();
		return 0;
	}
	cn_choose();
	cn_check_backend();
	if (cn_csv != NULL)
		csv = demo_write(cn_csv);
	if (cn_svg != NULL)
		svg = demo_write(cn_svg);
	contexts_measure(&cn);
	demo_progress_end();
	contexts_table(&cn);
	cn_missing();
	cn_write(csv, cn_csv, contexts_csv);
	cn_write(svg, cn_svg, contexts_chart);
	if (cn_svg != NULL)
		(void)printf("The chart: %s\n", cn_svg);
	demo_write_end(stdout, "standard output");
	return 0;
}
