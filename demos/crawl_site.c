/*
 * SPDX-License-Identifier: ISC
 *
 * crawl_site.c: a web server with pages of every kind.  Page n links to 2n + 1
 * and 2n + 2, so all can be reached from page 0, and to one more.
 */
#include <stdlib.h>
#include "demos/crawl.h"
#include "demos/tasks.h"

enum { FINE, SLOW, BROKEN, RUDE, SILENT, ENDLESS };

static int site_pages;
static struct task_group *site_group;

static int
site_kind(int n)
{
	return n % 13 == 12 ? ENDLESS
	    : n % 13 == 8   ? SILENT
	    : n % 11 == 6   ? BROKEN
	    : n % 17 == 9   ? RUDE
	    : n % 5 == 3    ? SLOW
			    : FINE;
}

/* ---- Answers ------------------------------------------------------------- */

static intptr_t
site_say(int fd, const char *text)
{
	return task_write_all(fd, text, strlen(text));
}

static intptr_t
site_fine(int fd, int n)
{
	const int links[] = { 2 * n + 1, 2 * n + 2, n * 7 % site_pages };
	char text[512];
	size_t length, i;

	length = (size_t)snprintf(text, sizeof(text),
	    "HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n"
	    "<h1>Page %d</h1>\n",
	    n);
	for (i = 0; i < 3; i++)
		if (links[i] < site_pages)
			length += (size_t)snprintf(text + length,
			    sizeof(text) - length,
			    "<a href=\"/page/%d\">next</a>\n", links[i]);
	if (n % 9 == 4)
		snprintf(text + length, sizeof(text) - length,
		    "<a href=\"/gone/%d\">once</a>\n", n);
	return site_say(fd, text);
}

static intptr_t
site_endless(int fd)
{
	site_say(fd, "HTTP/1.0 200 OK\r\n\r\n");
	while (site_say(fd, "and so on\n") != -1)
		if (task_sleep(50 * REACTOR_MILLISECOND) == -1)
			break;
	return -1;
}

/* As if it were far away. */
static intptr_t
site_answer(int fd, int n)
{
	int kind = site_kind(n);
	int64_t far = 20 + n * 37 % 60 + (kind == SLOW ? 200 : 0);

	if (kind == SILENT)
		return task_sleep(INT64_MAX);
	if (task_sleep(far * REACTOR_MILLISECOND) == -1 || kind == RUDE)
		return -1;
	if (kind == BROKEN)
		return site_say(fd, "HTTP/1.0 500 Broken\r\n\r\nSorry.\n");
	return kind == ENDLESS ? site_endless(fd) : site_fine(fd, n);
}

/* ---- Guests -------------------------------------------------------------- */

/* A request, up to the empty line that ends it: 0, or -1. */
static int
site_listen(int fd, char *text, size_t size)
{
	size_t length = 0;
	intptr_t n;

	do {
		n = task_read(fd, text + length, size - 1 - length);
		if (n <= 0)
			return -1;
		length += (size_t)n;
		text[length] = '\0';
	} while (strstr(text, "\r\n\r\n") == NULL);
	return 0;
}

static intptr_t
site_guest(void *connection)
{
	int fd = (int)(intptr_t)connection, n;
	char text[1024];

	if (site_listen(fd, text, sizeof(text)) == -1)
		return 0;
	if (sscanf(text, "GET /page/%d ", &n) == 1 && n >= 0 && n < site_pages)
		site_answer(fd, n);
	else
		site_say(fd, "HTTP/1.0 404 Not found\r\n\r\nNo such page.\n");
	return 0;
}

static void
site_close(void *fd)
{
	task_close((int)(intptr_t)fd);
}

static const struct task_attributes site_attributes = { .dispose = site_close };

static intptr_t
site_guests(void *listener)
{
	struct task *t;
	int fd;

	while ((fd = tasks_accept((int)(intptr_t)listener)) != -1) {
		t = task_group_spawn_with(site_group, site_guest,
		    (void *)(intptr_t)fd, &site_attributes);
		if (t == NULL)
			task_close(fd);
		task_detach(t);
	}
	return 0;
}

int
site_open(struct task_group *group, int pages)
{
	char text[REACTOR_ADDRESS_TEXT];
	int listener = listen_quietly("0");
	struct reactor_address address;
	struct task *t;

	site_group = group;
	site_pages = pages;
	t = task_group_spawn_with(
	    group, site_guests, (void *)(intptr_t)listener, &site_attributes);
	if (t == NULL || reactor_address_local(&address, listener) == -1)
		err(1, "the site");
	task_detach(t);
	reactor_address_text(&address, text, sizeof(text));
	return atoi(strrchr(text, ':') + 1);
}
