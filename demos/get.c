/*
 * SPDX-License-Identifier: ISC
 *
 * get.c: fetches many URLs at once, a task for each: names are looked up on
 * threads, connections are made to whatever address answers first, and nothing
 * takes longer than the time-out.
 *
 *   queue of URLs --> worker, worker, worker --> a line for each
 *
 *	build/demos/get http://localhost:8080/ http://localhost:8080/README
 *	build/demos/get --at-once=50 --timeout=2 - <urls
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include "demos/demo.h"
#include "demos/http.h"
#include "demos/tasks.h"

enum { URL = 2048, REDIRECTS = 5, READ = 16384 };

#define NOT_HTTP "not an http:// URL (for https, see fetch)"

static const char *backend, *context, *directory;
static long at_once = 16, timeout_s = 10, largest_mb = 1024;

struct url {
	char text[URL]; /* as it is now: redirects change it */
	char host[256], service[32];
	const char *path; /* in text */
};

struct page {
	struct page *next;
	struct url url;
	const char *asked; /* as it was given */
	int number;
	int status;        /* 200 and the like; or 0, and */
	char failure[128]; /* why not */
	int64_t size, time;
	FILE *file;
};

static struct task_queue todo;
static struct {
	long all, done, failed, running;
	int64_t bytes;
} sums;

/* ---- URLs ---------------------------------------------------------------- */

/* Takes host[:port] apart: 0, or -1. */
static int
read_authority(struct url *url, const char *from, size_t length)
{
	const char *end = from + length, *close, *colon;

	if (length == 0 || memchr(from, '@', length) != NULL)
		return -1;
	close = *from == '[' ? memchr(from, ']', length) : NULL;
	colon = memchr(close != NULL ? close : from, ':',
	    (size_t)(end - (close != NULL ? close : from)));
	if (colon == NULL)
		colon = end;
	snprintf(url->service, sizeof(url->service), "%.*s",
	    colon < end ? (int)(end - colon - 1) : 2,
	    colon < end ? colon + 1 : "80");
	if (close != NULL && close + 1 == colon) {
		from++;
		colon = close;
	} else if (*from == '[') {
		return -1;
	}
	length = (size_t)(colon - from);
	if (length == 0 || length >= sizeof(url->host) || *url->service == '\0')
		return -1;
	memcpy(url->host, from, length);
	url->host[length] = '\0';
	return 0;
}

/* 0, or -1: it is not one that can be fetched. */
static int
read_url(struct url *url, const char *text)
{
	size_t i, length = strcspn(text, "#");

	if (length >= sizeof(url->text) - 1 ||
	    strncasecmp(text, "http://", 7) != 0)
		return -1;
	for (i = 0; i < length; i++)
		if (text[i] <= ' ' || text[i] == 0x7f)
			return -1;
	memmove(url->text, text, length);
	url->text[length] = '\0';
	url->path = url->text + 7 + strcspn(url->text + 7, "/?");
	return read_authority(
	    url, url->text + 7, (size_t)(url->path - url->text) - 7);
}

/* A Location, which may be a path of the same server. */
static int
read_location(struct url *url, struct http_text to)
{
	char text[URL];
	int n;

	if (to.length > 0 && to.bytes[0] == '/' &&
	    !(to.length > 1 && to.bytes[1] == '/'))
		n = snprintf(text, sizeof(text), "%.*s%.*s",
		    (int)(url->path - url->text), url->text, (int)to.length,
		    to.bytes);
	else
		n = snprintf(
		    text, sizeof(text), "%.*s", (int)to.length, to.bytes);
	if (n < 0 || (size_t)n >= sizeof(text))
		return -1;
	return read_url(url, text);
}

/* ---- A conversation ------------------------------------------------------ */

static int
fail(struct page *p, const char *why)
{
	snprintf(p->failure, sizeof(p->failure), "%s", why);
	return -1;
}

static int
fail_errno(struct page *p, const char *what)
{
	snprintf(p->failure, sizeof(p->failure), "%s: %s", what,
	    errno == ETIMEDOUT       ? "timed out"
		: errno == ENOENT    ? "no such name"
		: errno == ECANCELED ? "interrupted"
				     : strerror(errno));
	return -1;
}

static int
ask(struct task_stream *s, struct page *p)
{
	const struct url *url = &p->url;
	char text[URL + 512];
	int n = snprintf(text, sizeof(text),
	    "GET %s%s HTTP/1.1\r\n"
	    "Host: %.*s\r\n"
	    "User-Agent: reactor-get/" REACTOR_VERSION "\r\n"
	    "Accept: */*\r\n"
	    "Connection: close\r\n\r\n",
	    *url->path == '/' ? "" : "/", url->path,
	    (int)(url->path - url->text) - 7, url->text + 7);

	if (task_stream_write(s, text, (size_t)n) == -1)
		return fail_errno(p, "sending");
	return 0;
}

/* The head of the answer itself: those of 1xx come before. */
static int
read_head(struct task_stream *s, struct page *p, struct http_response *answer)
{
	intptr_t size;
	char *bytes;

	do {
		size =
		    task_stream_read_until(s, "\r\n\r\n", 4, HTTP_HEAD, &bytes);
		if (size == -1)
			return fail_errno(p, "waiting for an answer");
		http_response_begin(answer, 0);
		if (size == 0 ||
		    http_parse_response(answer, bytes, (size_t)size) != size)
			return fail(p,
			    size == 0 ? "closed without an answer"
				: answer->head.reason ? answer->head.reason
						      : "cut short");
	} while (answer->code < 200);
	return 0;
}

static int
keep(struct page *p, const char *bytes, size_t size)
{
	p->size += (int64_t)size;
	sums.bytes += (int64_t)size;
	if (p->file != NULL && fwrite(bytes, 1, size, p->file) != size)
		return fail_errno(p, "writing");
	return 0;
}

static int
read_body(
    struct task_stream *s, struct page *p, const struct http_response *answer)
{
	char bytes[READ];
	struct http_body body;
	size_t used, size;
	intptr_t n;
	int over;

	if (http_body_begin(&body, &answer->head, largest_mb << 20) == -1)
		return fail(p, body.reason);
	for (over = body.framing == HTTP_NONE; over == 0;) {
		n = task_stream_read(s, bytes, sizeof(bytes));
		if (n == -1)
			return fail_errno(p, "reading");
		if (n == 0)
			return http_body_end(&body) == 0 ? 0
							 : fail(p, "cut short");
		used = (size_t)n;
		over = http_body(&body, bytes, &used, &size);
		if (over == -1)
			return fail(p, body.reason);
		if (keep(p, bytes, size) == -1)
			return -1;
	}
	return 0;
}

static FILE *
create(const struct page *p)
{
	char name[512];
	FILE *f;

	snprintf(name, sizeof(name), "%s/%d", directory, p->number);
	f = fopen(name, "w");
	if (f == NULL)
		demo_fail("%s: %s", name, strerror(errno));
	return f;
}

/* 1: it is elsewhere; 0; -1: see p->failure. */
static int
talk(struct task_stream *s, struct page *p)
{
	const struct http_text *to;
	struct http_response answer;
	int result;

	if (ask(s, p) == -1 || read_head(s, p, &answer) == -1)
		return -1;
	to = http_single(&answer.head, "location");
	if (answer.code / 100 == 3 && to != NULL)
		return read_location(&p->url, *to) == 0
		    ? 1
		    : fail(p, "a redirect to what is not http");
	if (directory != NULL)
		p->file = create(p);
	p->status = answer.code;
	result = read_body(s, p, &answer);
	if (p->file != NULL && fclose(p->file) == EOF)
		result = fail_errno(p, "writing");
	return result;
}

static int
visit(struct page *p)
{
	struct task_stream s = { .stream = { .limit = HTTP_HEAD } };
	int result, fd;

	fd = task_dial(p->url.host, p->url.service, REACTOR_NODELAY, -1);
	if (fd == -1)
		return fail_errno(p, "connecting");
	if (task_stream_open(&s, fd) == -1) {
		task_close(fd);
		return fail_errno(p, "connecting");
	}
	result = talk(&s, p);
	task_stream_abort(&s);
	return result;
}

/* With its redirects, in the time that there is. */
static void
fetch(struct page *p)
{
	int64_t began = task_now();
	struct task_scope scope;
	int hops = 0, result;

	if (task_scope_enter(&scope, timeout_s * REACTOR_SECOND) == -1)
		demo_fail("%s", strerror(errno));
	while ((result = visit(p)) == 1 && hops++ < REDIRECTS)
		continue;
	if (result == 1)
		(void)fail(p, "too many redirects");
	if (task_scope_leave(&scope) == -1 && errno == ETIMEDOUT)
		(void)fail(p, "timed out");
	p->time = task_now() - began;
}

/* ---- Several at once ----------------------------------------------------- */

static void
progress(void)
{
	demo_progress("%ld of %ld, %ld failed, %ld under way, %.1f MB",
	    sums.done, sums.all, sums.failed, sums.running,
	    (double)sums.bytes / 1e6);
}

static void
tell(const struct page *p)
{
	demo_progress_end();
	if (p->failure[0] != '\0')
		printf("%6s %12s %9.1f ms  %s: %s\n", "-", "-",
		    (double)p->time / 1e6, p->asked, p->failure);
	else
		printf("%6d %12" PRId64 " %9.1f ms  %s\n", p->status, p->size,
		    (double)p->time / 1e6, p->asked);
}

static intptr_t
worker(void *unused)
{
	void *item;

	(void)unused;
	while (task_queue_get(&todo, &item) == 0) {
		struct page *p = item;

		sums.running++;
		progress();
		if (p->failure[0] == '\0')
			fetch(p);
		sums.running--;
		if (task_cancelled())
			return -1;
		sums.done++;
		sums.failed += p->failure[0] != '\0' || p->status >= 400;
		tell(p);
		progress();
		task_queue_done(&todo);
	}
	return -1;
}

/* One that cannot be fetched has failed already. */
static void
want(const char *text)
{
	struct page *p = calloc(1, sizeof(*p));

	if (p == NULL || (p->asked = strdup(text)) == NULL)
		demo_fail("%s", strerror(errno));
	if (read_url(&p->url, text) == -1)
		(void)fail(p, NOT_HTTP);
	p->number = (int)++sums.all;
	if (task_queue_put(&todo, p) == -1)
		demo_fail("%s", strerror(errno));
}

/* The words of standard input. */
static void
want_lines(void)
{
	char text[URL];

	while (scanf("%2047s", text) == 1)
		want(text);
}

static void
want_all(char **urls)
{
	for (; *urls != NULL; urls++)
		if (strcmp(*urls, "-") == 0)
			want_lines();
		else
			want(*urls);
	if (sums.all == 0)
		demo_usage("no URLs in standard input");
}

static void
tell_sums(int64_t time)
{
	printf("%ld of %ld URLs, %ld failed: %.1f MB in %.3f s%s\n", sums.done,
	    sums.all, sums.failed, (double)sums.bytes / 1e6, (double)time / 1e9,
	    sums.done < sums.all ? ", interrupted" : "");
	demo_write_end(stdout, "standard output");
}

static intptr_t
fetch_all(void *argument)
{
	struct tasks_quit quits[2];
	struct task_group group;
	int64_t began;
	long i;

	want_all(argument);
	began = task_now();
	printf("%6s %12s %12s  %s\n", "status", "bytes", "time", "URL");
	task_group_enter(&group, TASK_FAIL_FAST);
	tasks_quit(&quits[0], &group, SIGINT);
	tasks_quit(&quits[1], &group, SIGTERM);
	for (i = 0; i < at_once && i < sums.all; i++)
		task_detach(task_group_spawn(&group, worker, NULL));
	(void)task_queue_join(&todo);
	demo_progress_end();
	task_group_cancel(&group);
	(void)task_group_leave(&group, NULL, 0);
	tell_sums(task_now() - began);
	return sums.done < sums.all ? 130 : sums.failed > 0;
}

/* ---- The command line ---------------------------------------------------- */

static const struct demo_option options[] = {
	{ .name = "at-once",
	    .value = "N",
	    .help = "connections, at most (16)",
	    .number = &at_once,
	    .least = 1,
	    .most = 10000 },
	{ .name = "timeout",
	    .value = "SECONDS",
	    .help = "for a URL, with its redirects (10)",
	    .number = &timeout_s,
	    .least = 1,
	    .most = 86400 },
	{ .name = "largest",
	    .value = "MB",
	    .help = "of what is fetched (1024)",
	    .number = &largest_mb,
	    .least = 1,
	    .most = 1000000 },
	{ .name = "keep",
	    .value = "DIRECTORY",
	    .help = "for what is fetched: files 1, 2, ...",
	    .text = &directory },
	{ .name = "backend",
	    .value = "NAME",
	    .help = "of the loop: epoll, kqueue, poll, select",
	    .text = &backend },
	{ .name = "context",
	    .value = "NAME",
	    .help = "of the tasks: native, setjmp, ucontext",
	    .text = &context },
	{ .name = NULL, .value = "URL...|-" },
};

/* What is wrong on the command line is said before anything is fetched. */
static void
check_urls(char **urls)
{
	struct url url;

	for (; *urls != NULL; urls++)
		if (strcmp(*urls, "-") != 0 && read_url(&url, *urls) == -1)
			demo_usage("%s: " NOT_HTTP, *urls);
}

int
main(int argc, char **argv)
{
	struct task_options run = { .stack_size = 256 << 10 };

	if (demo_options(argc, argv,
		"Fetches URLs, many at once; - reads them from standard input.",
		options) == 0)
		demo_usage("which URLs?");
	check_urls(argv + 1);
	setvbuf(stdout, NULL, _IOLBF, 0);
	run.backend = backend;
	run.context = context;
	return tasks_run(fetch_all, argv + 1, &run);
}
