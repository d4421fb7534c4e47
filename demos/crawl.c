/*
 * SPDX-License-Identifier: ISC
 *
 * crawl.c: visits the pages of a web site and all that they link to, several at
 * a time, none for longer than the time-out.
 *
 *   queue of pages --> worker, worker, worker --> links --> queue
 *
 * The site is in this program too (see crawl_site.c), and has pages of the sort
 * that crawlers fear.
 *
 *	build/demos/crawl
 *	build/demos/crawl --workers=1		one after the other
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include "demos/crawl.h"
#include "demos/demo.h"
#include "demos/tasks.h"

struct page {
	struct page *next;
	char path[48];
	int visited;
	int status;   /* 200 and the like; or 0, and */
	int error;    /* why not */
	int64_t time; /* that it took */
};

static const char *backend, *context;
static long site_size = 40, workers = 8, timeout_ms = 1000;

static struct sockaddr_in site;
static struct page *pages, **last = &pages;
static struct task_queue todo;

/* ---- Pages --------------------------------------------------------------- */

/* Nobody visits a page twice. */
static void
want(const char *path)
{
	struct page *p;

	for (p = pages; p != NULL; p = p->next)
		if (strcmp(p->path, path) == 0)
			return;
	if ((p = calloc(1, sizeof(*p))) == NULL)
		err(1, "calloc");
	snprintf(p->path, sizeof(p->path), "%s", path);
	*last = p;
	last = &p->next;
	(void)task_queue_put(&todo, p); /* may fail: we are being cancelled */
}

/* Returns how many links there are. */
static int
want_links(const char *text)
{
	static const char mark[] = "<a href=\"";
	char path[48];
	int n = 0;

	while ((text = strstr(text, mark)) != NULL) {
		text += sizeof(mark) - 1;
		if (sscanf(text, "%47[^\"]\"", path) == 1) {
			want(path);
			n++;
		}
	}
	return n;
}

/* ---- Visits -------------------------------------------------------------- */

/* The answer, to its end; -1 with errno. */
static intptr_t
talk(int fd, const char *path, char *text, size_t size)
{
	const struct sockaddr *to = (const struct sockaddr *)&site;
	char request[128];
	intptr_t n;

	snprintf(request, sizeof(request), "GET %s HTTP/1.0\r\n\r\n", path);
	if (task_connect(fd, to, sizeof(site)) == -1 ||
	    task_write_all(fd, request, strlen(request)) == -1 ||
	    (n = task_read_all(fd, text, size - 1)) == -1)
		return -1;
	text[n] = '\0';
	return n;
}

static intptr_t
fetch(const char *path, char *text, size_t size)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), error;
	intptr_t n;

	if (fd == -1)
		return -1;
	n = talk(fd, path, text, size);
	error = errno;
	task_close(fd);
	errno = error;
	return n;
}

static void
print(const struct page *p, int links)
{
	printf("%5lld ms  ", (long long)(p->time / REACTOR_MILLISECOND));
	if (p->status == 200)
		printf("200  %-12s %d links\n", p->path, links);
	else if (p->status != 0)
		printf("%3d  %s\n", p->status, p->path);
	else
		printf("---  %-12s %s\n", p->path,
		    p->error == ETIMEDOUT    ? "timed out"
			: p->error == EPROTO ? "no answer"
					     : strerror(p->error));
}

/* -1: it was not the page that failed; we are cancelled. */
static int
visit(struct page *p)
{
	int64_t began = task_now();
	struct task_scope scope;
	char text[16384];
	intptr_t n;
	int links = 0;

	if (task_scope_enter(&scope, timeout_ms * REACTOR_MILLISECOND) == -1)
		return -1;
	n = fetch(p->path, text, sizeof(text));
	if (task_scope_leave(&scope) == -1)
		n = -1; /* ETIMEDOUT */
	if (n == -1 && errno == ECANCELED)
		return -1;
	p->visited = 1;
	p->time = task_now() - began;
	if (n == -1)
		p->error = errno;
	else if (sscanf(text, "HTTP/%*d.%*d %d", &p->status) != 1)
		p->error = EPROTO;
	if (p->status == 200)
		links = want_links(text);
	print(p, links);
	return 0;
}

static intptr_t
worker(void *unused)
{
	void *page;

	(void)unused;
	while (task_queue_get(&todo, &page) == 0 && visit(page) == 0)
		task_queue_done(&todo);
	return 0;
}

/* ---- What came of it ----------------------------------------------------- */

static void
sum_up(int64_t time)
{
	int all = 0, visited = 0, fine = 0, late = 0;
	int64_t alone = 0;
	struct page *p;

	for (p = pages; p != NULL; p = p->next) {
		all++;
		visited += p->visited;
		fine += p->status == 200;
		late += p->error == ETIMEDOUT;
		alone += p->time;
	}
	printf("\n%d pages: %d fine, %d failed, %d timed out", all, fine,
	    visited - fine - late, late);
	if (visited < all)
		printf(", %d not visited", all - visited);
	printf("\n%.2f s with %ld at a time; one after the other %.2f s, "
	       "%.1f times as long\n",
	    (double)time / REACTOR_SECOND, workers,
	    (double)alone / REACTOR_SECOND,
	    (double)alone / (double)(time > 0 ? time : 1));
}

static void
free_pages(void)
{
	struct page *p;

	while ((p = pages) != NULL) {
		pages = p->next;
		free(p);
	}
}

/* When the queue is done, or by a signal, the workers are cancelled. */
static int
crawl_all(void)
{
	struct task_group group;
	struct tasks_quit quits[2];
	int interrupted;
	long i;

	task_group_enter(&group, TASK_COLLECT);
	tasks_quit(&quits[0], &group, SIGINT);
	tasks_quit(&quits[1], &group, SIGTERM);
	want("/page/0");
	for (i = 0; i < workers; i++)
		task_detach(task_group_spawn(&group, worker, NULL));
	interrupted = task_queue_join(&todo) == -1;
	task_group_cancel(&group);
	task_group_leave(&group, NULL, 0);
	return interrupted;
}

static intptr_t
crawl(void *unused)
{
	struct task_group group;
	int64_t began;
	int interrupted;

	(void)unused;
	task_group_enter(&group, TASK_COLLECT);
	site.sin_family = AF_INET;
	site.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	site.sin_port = htons((uint16_t)site_open(&group, (int)site_size));
	began = task_now();
	interrupted = crawl_all();
	sum_up(task_now() - began);
	task_group_cancel(&group);
	task_group_leave(&group, NULL, 0);
	task_queue_clear(&todo);
	free_pages();
	return interrupted ? 130 : 0;
}

/* ---- The command line ---------------------------------------------------- */

static const struct demo_option options[] = {
	{ .name = "pages",
	    .value = "N",
	    .help = "of the site (40)",
	    .number = &site_size,
	    .least = 1,
	    .most = 10000 },
	{ .name = "workers",
	    .value = "N",
	    .help = "so many at a time (8)",
	    .number = &workers,
	    .least = 1,
	    .most = 1000 },
	{ .name = "timeout",
	    .value = "MS",
	    .help = "for each page (1000)",
	    .number = &timeout_ms,
	    .least = 1,
	    .most = 60000 },
	{ .name = "backend",
	    .value = "NAME",
	    .help = "of the loop: epoll, kqueue, poll, select",
	    .text = &backend },
	{ .name = "context",
	    .value = "NAME",
	    .help = "of the tasks: native, setjmp, ucontext",
	    .text = &context },
	{ .name = NULL },
};

int
main(int argc, char **argv)
{
	struct task_options run = { 0 };

	demo_options(argc, argv,
	    "Crawls a web site that is part of the program, several pages at "
	    "a time.",
	    options);
	setvbuf(stdout, NULL, _IOLBF, 0);
	run.backend = backend;
	run.context = context;
	return tasks_run(crawl, NULL, &run);
}
