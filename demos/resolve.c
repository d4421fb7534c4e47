/*
 * SPDX-License-Identifier: ISC
 *
 * resolve.c: looks up many names at once.  getaddrinfo(3) blocks, so each call
 * is a job; the results are printed as they come.
 *
 *	build/demos/resolve localhost example.org
 *	build/demos/resolve --workers=1		one after the other
 */
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <reactor/executor.h>
#include "demos/demo.h"

static const char *executor_kind;
static long workers = 8, seconds = 10;

static struct reactor_executor *executor;
static struct reactor_future **futures; /* one for each name */
static size_t nfutures, found, failed;
static int64_t alone; /* ns that all of them took, one after the other */

/* ---- The job ------------------------------------------------------------- */

/* Adds an address in figures to the result. */
static int
add(struct reactor_job *job, const struct addrinfo *address)
{
	size_t size = job->result_size, length;
	char text[256], *result;

	if (getnameinfo(address->ai_addr, address->ai_addrlen, text,
		sizeof(text), NULL, 0, NI_NUMERICHOST) != 0)
		return 0;
	length = strlen(text) + 1;
	if ((result = reactor_job_result(job, size + length)) == NULL)
		return -1;
	if (size > 0)
		result[size - 1] = ' ';
	memcpy(result + size, text, length);
	return 0;
}

/* The argument is a name; the result is text, such as "127.0.0.1 ::1". */
static int
look_up(struct reactor_job *job)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list, *a;
	int error = getaddrinfo(job->argument, NULL, &hints, &list), result = 0;

	if (error == EAI_SYSTEM)
		return -1; /* errno says why */
	if (error != 0)
		return reactor_job_fail(job, ENOENT, "%s", gai_strerror(error));
	for (a = list; a != NULL && result == 0; a = a->ai_next)
		result = add(job, a);
	freeaddrinfo(list);
	return result;
}

/* ---- Names --------------------------------------------------------------- */

/* Nobody looks up a name twice. */
static void
want(const char *name)
{
	const struct reactor_job_attributes attributes = { .name = name };
	size_t i;

	for (i = 0; i < nfutures; i++)
		if (strcmp(reactor_future_name(futures[i]), name) == 0)
			return;
	futures = realloc(futures, (nfutures + 1) * sizeof(*futures));
	if (futures == NULL)
		demo_fail("no memory");
	futures[nfutures] = reactor_submit_with(
	    executor, look_up, name, strlen(name) + 1, &attributes);
	if (futures[nfutures++] == NULL)
		demo_fail("%s: %s", name, strerror(errno));
}

/* For these no network is needed; what the C library tells of /etc/hosts. */
static void
want_usual(void)
{
	const struct hostent *host;

	want("localhost");
	want("127.0.0.1");
	want("::1");
	while ((host = gethostent()) != NULL)
		want(host->h_name);
	endhostent();
	want("no-such-name.invalid");
}

/* ---- What came of it ----------------------------------------------------- */

static void
print(struct reactor_future *f)
{
	struct reactor_outcome o;

	reactor_future_peek(f, &o);
	*(o.error == 0 ? &found : &failed) += 1;
	alone += o.finished - o.started;
	printf("%8.1f ms  %-20s %s\n", (double)(o.finished - o.started) / 1e6,
	    reactor_future_name(f),
	    o.error != 0     ? o.text
		: o.size > 0 ? (const char *)o.bytes
			     : "nothing");
}

/* Those that have not come in time are given up. */
static void
print_all(int64_t began)
{
	struct reactor_series *series =
	    reactor_series_open(futures, nfutures, seconds * REACTOR_SECOND);
	struct reactor_future *f;
	size_t i, late;

	if (series == NULL)
		demo_fail("reactor_series_open: %s", strerror(errno));
	while (reactor_series_next(series, &f) == 1)
		print(f);
	late = reactor_series_left(series);
	reactor_series_close(series);
	for (i = 0; i < nfutures && late > 0; i++)
		if (reactor_future_cancel(futures[i]) == 0 || errno == EBUSY)
			printf("%11s  %-20s timed out\n", "---",
			    reactor_future_name(futures[i]));
	printf("\n%zu found, %zu failed, %zu timed out\n"
	       "%.1f ms with %ld at a time; one after the other %.1f ms\n",
	    found, failed, late, (double)(demo_now() - began) / 1e6, workers,
	    (double)alone / 1e6);
}

/* ---- The program --------------------------------------------------------- */

static const struct demo_option options[] = {
	{ .name = "workers",
	    .value = "N",
	    .help = "so many at a time (8)",
	    .number = &workers,
	    .least = 1,
	    .most = 1000 },
	{ .name = "timeout",
	    .value = "SECONDS",
	    .help = "for all of them together (10)",
	    .number = &seconds,
	    .least = 1,
	    .most = 3600 },
	{ .name = "executor",
	    .value = "NAME",
	    .help = "threads, processes",
	    .text = &executor_kind },
	{ .name = NULL },
};

int
main(int argc, char **argv)
{
	struct reactor_executor_options open = { .name = "resolve" };
	int64_t began;
	size_t i;
	int n = 1;

	while (n < argc && argv[n][0] == '-')
		n++;
	demo_options(n, argv,
	    "Looks up the NAMEs after the options, or some that need no "
	    "network.",
	    options);
	if (argv[argc - 1][0] == '-' && n < argc)
		demo_usage("%s: options come before names", argv[argc - 1]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	open.kind = executor_kind;
	open.workers = (unsigned)workers;
	if ((executor = reactor_executor_open(&open)) == NULL)
		demo_fail("%s", reactor_executor_error());
	began = demo_now();
	while (n < argc)
		want(argv[n++]);
	if (nfutures == 0)
		want_usual();
	print_all(began);
	demo_write_end(stdout, "standard output");
	/* A lookup on a thread cannot be stopped; it ends with the program. */
	reactor_executor_shutdown(executor, REACTOR_CANCEL | REACTOR_KILL);
	(void)reactor_executor_close(executor, REACTOR_SECOND / 10);
	for (i = 0; i < nfutures; i++)
		reactor_future_detach(futures[i]);
	free(futures);
	return found < nfutures;
}
