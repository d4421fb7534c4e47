/*
 * SPDX-License-Identifier: ISC
 *
 * httpd.h: guests who talk to the web server over bare sockets.
 *
 *	struct guest *g = guest_new();
 *	guest_say(g, "GET /a.txt HTTP/1.1\r\nHost: a\r\n\r\n");
 *	CHECK_INT(guest_answer(g), 200);	and g->head, g->body, g->size
 *	guest_end(g);
 */
#ifndef TEST_HTTPD_H
#define TEST_HTTPD_H

#include <netinet/tcp.h>
#include <poll.h>
#include "test/httpd_site.h"

/* A file that no buffer holds, and who asks for it. */
enum { SITE_BIG = 10 << 20 };
#define SITE_BIG_REQUEST "GET /big HTTP/1.1\r\nHost: a\r\n\r\n"

/* ---- Guests -------------------------------------------------------------- */

struct guest {
	int fd;
	size_t length; /* of what has come and is not used */
	size_t size;   /* of the body */
	int bare;      /* the next answer has no body */
	char head[4096];
	char body[131072];
	char buffer[262144];
};

__attribute__((unused)) static int
guest_socket(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)site_port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(fd != -1);
	CHECK_INT(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

__attribute__((unused)) static struct guest *
guest_new(void)
{
	struct guest *g = calloc(1, sizeof(*g));
	int one = 1;

	CHECK(g != NULL);
	g->fd = guest_socket();
	CHECK_INT(
	    setsockopt(g->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)), 0);
	return g;
}

__attribute__((unused)) static void
guest_end(struct guest *g)
{
	CHECK_INT(close(g->fd), 0);
	free(g);
}

/* The other side may be gone: that is noticed when the answer is read. */
__attribute__((unused)) static void
guest_send(struct guest *g, const void *bytes, size_t size)
{
	const char *p = bytes;
	ssize_t n;

	for (; size > 0; p += n, size -= (size_t)n) {
		n = send(g->fd, p, size, MSG_NOSIGNAL);
		if (n == -1)
			return;
	}
}

__attribute__((unused, format(printf, 2, 3))) static void
guest_say(struct guest *g, const char *format, ...)
{
	char text[16384];
	va_list list;
	int n;

	va_start(list, format);
	n = vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	CHECK(n >= 0 && n < (int)sizeof(text));
	guest_send(g, text, (size_t)n);
}

/* Is there something to read within that time? */
__attribute__((unused)) static int
guest_hears(struct guest *g, int ms)
{
	struct pollfd p = { .fd = g->fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

/* Reads once: 1; 0: the end; -1: reset. */
static inline int
guest_read(struct guest *g)
{
	ssize_t n;

	if (!guest_hears(g, (int)(SITE_PATIENCE * test_slow())))
		test_fail("there is no answer; so far: %.*s", (int)g->length,
		    g->buffer);
	CHECK(g->length < sizeof(g->buffer));
	n = recv(
	    g->fd, g->buffer + g->length, sizeof(g->buffer) - g->length, 0);
	if (n == -1 && errno == ECONNRESET)
		return -1;
	CHECK(n >= 0);
	g->length += (size_t)n;
	return n > 0;
}

static inline void
guest_use(struct guest *g, size_t size)
{
	g->length -= size;
	memmove(g->buffer, g->buffer + size, g->length);
}

/* The value of the field, or NULL. */
__attribute__((unused)) static const char *
guest_field(const struct guest *g, const char *name)
{
	static char value[1024];
	char wanted[64];
	const char *p;

	snprintf(wanted, sizeof(wanted), "\r\n%s: ", name);
	p = strstr(g->head, wanted);
	if (p == NULL)
		return NULL;
	p += strlen(wanted);
	snprintf(value, sizeof(value), "%.*s", (int)strcspn(p, "\r"), p);
	return value;
}

static inline size_t
guest_size(const struct guest *g, int status)
{
	const char *length = guest_field(g, "Content-Length");

	if (g->bare || status < 200 || status == 204 || status == 304)
		return 0;
	CHECK(length != NULL);
	return (size_t)atol(length);
}

/* One whole answer: its status; 0: the connection has ended; -1: was reset. */
__attribute__((unused)) static int
guest_answer(struct guest *g)
{
	char *end;
	size_t head;
	int n, status;

	while ((end = memmem(g->buffer, g->length, "\r\n\r\n", 4)) == NULL)
		if ((n = guest_read(g)) < 1) {
			CHECK_INT(g->length, 0);
			return n;
		}
	head = (size_t)(end - g->buffer) + 4;
	CHECK(head < sizeof(g->head));
	memcpy(g->head, g->buffer, head);
	g->head[head] = '\0';
	CHECK_INT(strncmp(g->head, "HTTP/1.1 ", 9), 0);
	status = atoi(g->head + 9);
	g->size = guest_size(g, status);
	CHECK(g->size < sizeof(g->body));
	while (g->length < head + g->size)
		CHECK_INT(guest_read(g), 1);
	memcpy(g->body, g->buffer + head, g->size);
	g->body[g->size] = '\0';
	guest_use(g, head + g->size);
	return status;
}

/* Asks for that; the status. */
__attribute__((unused)) static int
guest_get(struct guest *g, const char *target, const char *fields)
{
	guest_say(g, "GET %s HTTP/1.1\r\nHost: a\r\n%s\r\n", target, fields);
	return guest_answer(g);
}

/* The same on a connection of its own. */
__attribute__((unused)) static int
site_get(const char *target)
{
	struct guest *g = guest_new();
	int status = guest_get(g, target, "");

	guest_end(g);
	return status;
}

/* Reads the whole of it, in small pieces, and so slowly that it has to wait. */
__attribute__((unused)) static void
guest_take(struct guest *g, const unsigned char *bytes, int pause)
{
	char piece[50000];
	size_t head = 0, done, left;
	ssize_t n;
	char *end;

	while (head == 0) {
		CHECK_INT(guest_read(g), 1);
		end = memmem(g->buffer, g->length, "\r\n\r\n", 4);
		if (end != NULL)
			head = (size_t)(end - g->buffer) + 4;
	}
	guest_use(g, head);
	CHECK_INT(memcmp(g->buffer, bytes, g->length), 0);
	for (done = g->length; done < SITE_BIG; done += (size_t)n) {
		if (pause > 0)
			usleep((useconds_t)pause);
		CHECK(guest_hears(g, SITE_PATIENCE));
		left = SITE_BIG - done;
		n = recv(g->fd, piece,
		    left < sizeof(piece) ? left : sizeof(piece), 0);
		CHECK(n > 0);
		CHECK_INT(memcmp(piece, bytes + done, (size_t)n), 0);
	}
	g->length = 0;
}

#endif
