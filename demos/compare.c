/*
 * SPDX-License-Identifier: ISC
 *
 * compare: the same work on every backend.  First it makes sure that all of
 * them deliver the same events; then it measures what an event costs while
 * more and more descriptors are watched, and what else there is to pay.
 */
#include <stdlib.h>
#include <string.h>
#include "demos/compare.h"

static struct compare cm;
static const char *cm_format = "table", *cm_svg, *cm_names;
static int cm_list;

static const struct demo_option cm_options[] = {
	{ .name = "backends",
	    .value = "NAMES",
	    .help = "only these, as in epoll,poll",
	    .text = &cm_names },
	{ .name = "list",
	    .help = "which backends are here, and why not",
	    .flag = &cm_list },
	{ .name = "format",
	    .value = "FORMAT",
	    .help = "table, csv or json",
	    .text = &cm_format },
	{ .name = "svg",
	    .value = "FILE",
	    .help = "draw a chart",
	    .text = &cm_svg },
	{ .name = "descriptors",
	    .value = "N",
	    .help = "watch at most so many (100000)",
	    .number = &cm.at_most,
	    .least = 10,
	    .most = 1L << 30 },
	{ .name = "active",
	    .value = "N",
	    .help = "so many are ready at any time (1)",
	    .number = &cm.active,
	    .least = 1,
	    .most = 1000 },
	{ .name = "rounds",
	    .value = "N",
	    .help = "of which the median is taken (31)",
	    .number = &cm.rounds,
	    .least = 1,
	    .most = 101 },
	{ .name = NULL },
};

static void
cm_read_options(int argc, char **argv)
{
	cm.at_most = 100000;
	cm.active = 1;
	cm.rounds = 31;
	demo_options(argc, argv,
	    "Does the same work on every backend and compares what it costs.",
	    cm_options);
	if (strcmp(cm_format, "table") != 0 && strcmp(cm_format, "csv") != 0 &&
	    strcmp(cm_format, "json") != 0)
		demo_usage("--format=%s: not table, csv or json", cm_format);
}

static void
cm_choose(void)
{
	struct demo_backend chosen[COMPARE_BACKENDS];
	size_t k;

	cm.nbackends = demo_backends(cm_names, chosen, COMPARE_BACKENDS);
	for (k = 0; k < cm.nbackends; k++)
		cm.backend[k].is = chosen[k];
}

static void
cm_draw(FILE *chart)
{
	demo_write_begin(chart, cm_svg);
	compare_chart(&cm, chart);
	demo_write_end(chart, cm_svg);
}

static int
cm_verdict(void)
{
	const char *difference = compare_difference(&cm);
	char count[40];

	if (difference != NULL) {
		demo_warn("not the same events: %s", difference);
		return 1;
	}
	if (strcmp(cm_format, "table") != 0)
		return 0;
	figure_count((double)cm.backend[0].nscript, count, sizeof(count));
	if (cm.nbackends > 1)
		(void)printf("All %zu backends delivered the same %s events of "
			     "a random script.\n",
		    cm.nbackends, count);
	if (cm.note[0] != '\0')
		(void)printf("%s\n", cm.note);
	if (cm_svg != NULL)
		(void)printf("The chart: %s\n", cm_svg);
	return 0;
}

int
main(int argc, char **argv)
{
	FILE *chart = NULL;
	size_t k;
	int result;

	cm_read_options(argc, argv);
	if (cm_list) {
		demo_backends_list();
		return 0;
	}
	cm_choose();
	if (cm_svg != NULL)
		chart = demo_write(cm_svg);
	cm.limit = demo_descriptors();
	for (k = 0; k < cm.nbackends; k++) {
		demo_progress("%s: the same events?", cm.backend[k].is.label);
		compare_check(&cm.backend[k]);
	}
	compare_costs(&cm);
	compare_rings(&cm);
	demo_progress_end();
	if (strcmp(cm_format, "csv") == 0)
		compare_csv(&cm);
	else if (strcmp(cm_format, "json") == 0)
		compare_json(&cm);
	else
		compare_table(&cm);
	if (chart != NULL)
		cm_draw(chart);
	result = cm_verdict();
	demo_write_end(stdout, "standard output");
	return result;
}
