/*
 * SPDX-License-Identifier: ISC
 *
 * fetch.c: gets many URLs at once with libcurl, a line for each as it comes.
 *
 *	build/demos/fetch https://example.org/ http://localhost:8080/a
 *	build/demos/fetch --at-once=1 URL URL URL	one after the other
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <reactor/adapters/curl.h>
#include <reactor/reactor.h>
#include "demos/demo.h"

struct transfer {
	const char *url;
	int64_t began;
	uint64_t size; /* that has come so far */
};

static const char *backend;
static long at_once = 8, seconds = 30;

static CURLM *multi;
static struct transfer *transfers;
static size_t count, begun, finished, fine;
static uint64_t bytes;

/* ---- One ----------------------------------------------------------------- */

/* What is in it does not matter. */
static size_t
take(char *data, size_t one, size_t length, void *transfer)
{
	struct transfer *t = transfer;

	(void)data;
	t->size += one * length;
	bytes += one * length;
	return one * length;
}

static void
begin(struct transfer *t)
{
	CURL *easy = curl_easy_init();

	if (easy == NULL)
		demo_fail("no memory");
	t->began = demo_now();
	curl_easy_setopt(easy, CURLOPT_URL, t->url);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(easy, CURLOPT_MAXREDIRS, 10L);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT, seconds);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "fetch");
	if (curl_multi_add_handle(multi, easy) != CURLM_OK)
		demo_fail("%s: cannot begin", t->url);
}

static void
print(const struct transfer *t, long status, const char *error)
{
	demo_progress_end();
	if (error != NULL)
		printf("---");
	else
		printf("%3ld", status);
	printf(" %10.1f kB %8.1f ms  %s", (double)t->size / 1e3,
	    (double)(demo_now() - t->began) / 1e6, t->url);
	if (error != NULL)
		printf("  %s", error);
	putchar('\n');
}

/* The next one takes its place. */
static void
end(struct reactor *r, struct reactor_curl *curl, CURL *easy, CURLcode result)
{
	struct transfer *t;
	long status;

	(void)r;
	(void)curl;
	curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&t);
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(easy);
	finished++;
	fine += result == CURLE_OK && status < 400;
	print(
	    t, status, result != CURLE_OK ? curl_easy_strerror(result) : NULL);
	if (begun < count)
		begin(&transfers[begun++]);
}

/* ---- All of them --------------------------------------------------------- */

static void
report(struct reactor *r, struct reactor_timer *timer)
{
	(void)r;
	(void)timer;
	demo_progress("%zu of %zu, %zu at once, %.1f MB", finished, count,
	    begun - finished, (double)bytes / 1e6);
}

static void
fetch_all(struct reactor *r)
{
	struct reactor_curl curl = { .finished = end };
	struct reactor_timer progress = { .callback = report,
		.every = REACTOR_SECOND / 10,
		.event.flags = REACTOR_BACKGROUND };
	int64_t began = demo_now();

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0 ||
	    (multi = curl_multi_init()) == NULL)
		demo_fail("libcurl does not start");
	if (reactor_curl_start(r, &curl, multi) == -1 ||
	    reactor_timer_start(r, &progress, progress.every) == -1)
		demo_fail("%s", strerror(errno));
	while (begun < count && begun < (size_t)at_once)
		begin(&transfers[begun++]);
	if (reactor_run(r) == -1)
		demo_fail("%s", strerror(errno));
	demo_progress_end();
	reactor_curl_stop(r, &curl);
	reactor_timer_stop(r, &progress);
	curl_multi_cleanup(multi);
	curl_global_cleanup();
	printf("\n%zu of %zu, %.1f kB in %.1f ms\n", fine, count,
	    (double)bytes / 1e3, (double)(demo_now() - began) / 1e6);
}

static const struct demo_option options[] = {
	{ .name = "at-once",
	    .value = "N",
	    .help = "so many at a time (8)",
	    .number = &at_once,
	    .least = 1,
	    .most = 10000 },
	{ .name = "timeout",
	    .value = "SECONDS",
	    .help = "for each (30)",
	    .number = &seconds,
	    .least = 1,
	    .most = 1000000 },
	{ .name = "backend",
	    .value = "NAME",
	    .help = "of the loop: epoll, kqueue, poll, select",
	    .text = &backend },
	{ .name = NULL },
};

int
main(int argc, char **argv)
{
	struct reactor_options with = { 0 };
	struct reactor *r;
	int n = 1;

	while (n < argc && argv[n][0] == '-')
		n++;
	demo_options(n, argv,
	    "Gets the URLs after the options and says how large they are, and "
	    "how\nlong it took.",
	    options);
	if (n == argc)
		demo_usage("no URL");
	if (argv[argc - 1][0] == '-')
		demo_usage("%s: options come before URLs", argv[argc - 1]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	with.backend = backend;
	if ((r = reactor_open(&with)) == NULL)
		demo_fail("%s", reactor_error());
	if ((transfers = calloc((size_t)(argc - n), sizeof(*transfers))) ==
	    NULL)
		demo_fail("no memory");
	for (; n < argc; n++)
		transfers[count++].url = argv[n];
	fetch_all(r);
	demo_write_end(stdout, "standard output");
	reactor_close(r);
	free(transfers);
	return fine < count;
}
