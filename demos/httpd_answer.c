/*
 * SPDX-License-Identifier: ISC
 *
 * httpd_answer.c: answers.  Each is written into a buffer of the loop, head and
 * body in one, and from there handed to the stream: that is the only copy.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "demos/httpd.h"

#define HSA_PUT(loop, literal) httpd_put(loop, literal, sizeof(literal) - 1)

static const char hsa_hello[] = "Hello, World!";

/* ---- The buffer ---------------------------------------------------------- */

/* Names are limited, so there is room; a head too long would be cut. */
void
httpd_put(struct httpd_loop *l, const char *bytes, size_t size)
{
	if (size > sizeof(l->out) - l->used)
		size = sizeof(l->out) - l->used;
	memcpy(l->out + l->used, bytes, size);
	l->used += size;
}

static void
hsa_text(struct httpd_loop *l, const char *text)
{
	httpd_put(l, text, strlen(text));
}

void
httpd_put_number(struct httpd_loop *l, int64_t number)
{
	char digits[24], *p = digits + sizeof(digits);

	do
		*--p = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	httpd_put(l, p, (size_t)(digits + sizeof(digits) - p));
}

/* ---- Heads --------------------------------------------------------------- */

static void
hsa_common(struct httpd_loop *l, int status)
{
	l->used = 0;
	HSA_PUT(l, "HTTP/1.1 ");
	hsa_text(l, httpd_words(status));
	HSA_PUT(l, "\r\nDate: ");
	httpd_put(l, l->date, HTTP_DATE - 1);
	HSA_PUT(l, "\r\nX-Content-Type-Options: nosniff\r\n");
}

static void
hsa_content(struct httpd_loop *l, const char *type, int64_t size)
{
	HSA_PUT(l, "Content-Type: ");
	hsa_text(l, type);
	HSA_PUT(l, "\r\nContent-Length: ");
	httpd_put_number(l, size);
	HSA_PUT(l, "\r\n");
}

void
httpd_now(struct httpd_loop *l)
{
	time_t now = time(NULL);

	if (now == l->second)
		return;
	l->second = now;
	http_date(l->date, now);
	hsa_common(l, 200);
	hsa_content(l, "text/plain", sizeof(hsa_hello) - 1);
	HSA_PUT(l, "\r\n");
	hsa_text(l, hsa_hello);
	memcpy(l->hello, l->out, l->used);
	l->hello_size = l->used;
}

void
httpd_head(struct httpd_connection *c, int status)
{
	hsa_common(c->loop, status);
	if (!c->keep)
		HSA_PUT(c->loop, "Connection: close\r\n");
	else if (c->old)
		HSA_PUT(c->loop, "Connection: keep-alive\r\n");
}

void
httpd_field(struct httpd_connection *c, const char *name, const char *value)
{
	hsa_text(c->loop, name);
	HSA_PUT(c->loop, ": ");
	hsa_text(c->loop, value);
	HSA_PUT(c->loop, "\r\n");
}

void
httpd_content(struct httpd_connection *c, const char *type, int64_t size)
{
	hsa_content(c->loop, type, size);
}

void
httpd_content_range(
    struct httpd_connection *c, const struct http_range *range, int64_t size)
{
	HSA_PUT(c->loop, "Content-Range: bytes ");
	httpd_put_number(c->loop, range->first);
	HSA_PUT(c->loop, "-");
	httpd_put_number(c->loop, range->last);
	HSA_PUT(c->loop, "/");
	httpd_put_number(c->loop, size);
	HSA_PUT(c->loop, "\r\n");
}

/* ---- Sending ------------------------------------------------------------- */

/* Beyond the high-water mark no other request is looked at. */
static void
hsa_write(struct httpd_connection *c, const char *bytes, size_t size)
{
	int full = reactor_stream_write(&c->stream, bytes, size);

	if (full == -1)
		c->over = 1;
	else if (full)
		c->waits = 1;
}

void
httpd_send(
    struct httpd_connection *c, int status, const char *body, size_t size)
{
	struct httpd_loop *l = c->loop;

	HSA_PUT(l, "\r\n");
	if (c->bare)
		size = 0;
	if (size <= sizeof(l->out) - l->used) {
		httpd_put(l, body, size);
		hsa_write(c, l->out, l->used);
	} else {
		hsa_write(c, l->out, l->used);
		hsa_write(c, body, size);
	}
	httpd_log(c, status, (int64_t)size);
}

/* With its head, if that leaves room for it: 0, or -1. */
static int
hsa_read(struct httpd_loop *l, int fd, int64_t offset, size_t size)
{
	if (size > sizeof(l->out) - l->used ||
	    pread(fd, l->out + l->used, size, offset) != (ssize_t)size)
		return -1;
	l->used += size;
	return 0;
}

/*
 * The next request waits until all of a large file is out: else guests who ask
 * much and take little could have us open any number of them.
 */
void
httpd_send_file(struct httpd_connection *c, int status, int fd, int64_t offset,
    int64_t size)
{
	struct httpd_loop *l = c->loop;

	HSA_PUT(l, "\r\n");
	if (c->bare || size == 0 ||
	    (size <= HTTPD_SMALL &&
		hsa_read(l, fd, offset, (size_t)size) == 0)) {
		(void)close(fd);
		hsa_write(c, l->out, l->used);
	} else {
		hsa_write(c, l->out, l->used);
		if (c->over || /* the head may have met its end already */
		    reactor_stream_write_file(&c->stream, fd, offset, size) ==
			-1) {
			(void)close(fd);
			c->over = 1;
		} else if (reactor_stream_flush(&c->stream) == -1) {
			c->over = 1;
		}
		c->waits = reactor_stream_pending(&c->stream) > 0;
	}
	httpd_log(c, status, c->bare ? 0 : size);
}

void
httpd_send_hello(struct httpd_connection *c)
{
	if (c->keep && !c->old && !c->bare) {
		hsa_write(c, c->loop->hello, c->loop->hello_size);
		httpd_log(c, 200, sizeof(hsa_hello) - 1);
		return;
	}
	httpd_head(c, 200);
	httpd_content(c, "text/plain", sizeof(hsa_hello) - 1);
	httpd_send(c, 200, hsa_hello, sizeof(hsa_hello) - 1);
}
