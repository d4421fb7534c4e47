/*
 * SPDX-License-Identifier: ISC
 *
 * httpd_log.c: a line for each answer, in the common log format.  What strangers
 * sent is escaped, so that nobody can write lines of his own, or to a terminal.
 *
 *	127.0.0.1 - - [06/Nov/1994:08:49:37 +0000] "GET / HTTP/1.1" 200 4711
 *
 * Lines go out together once in a turn of the loop.
 */
#include <netinet/in.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "demos/httpd.h"

enum { HSL_LINE = 2048, HSL_TARGET = 1024, HSL_METHOD = 64 };

/* Whole lines, as many as a pipe has room for when it is ready. */
static size_t
hsl_portion(const char *lines, size_t size)
{
	const char *end;

	if (size <= PIPE_BUF)
		return size;
	end = memrchr(lines, '\n', PIPE_BUF);
	return end != NULL ? (size_t)(end - lines) + 1 : PIPE_BUF;
}

/*
 * The reader of standard output may be slow, or gone: then lines are lost, as
 * guests must not wait for him.
 */
void
httpd_log_flush(struct httpd_loop *l)
{
	struct pollfd out = { .fd = 1, .events = POLLOUT };
	size_t done = 0;
	ssize_t n;

	while (done < l->logged && poll(&out, 1, 0) == 1) {
		n = write(1, l->log + done,
		    hsl_portion(l->log + done, l->logged - done));
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			break;
		done += (size_t)n;
	}
	l->logged = 0;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" in the order of logs. */
static int
hsl_begin(char *line, const struct httpd_connection *c)
{
	char address[INET6_ADDRSTRLEN];
	const char *date = c->loop->date;

	return snprintf(line, HSL_LINE, "%s - - [%.2s/%.3s/%.4s:%.8s +0000]",
	    httpd_address_text(&c->address, address, sizeof(address)), date + 5,
	    date + 8, date + 12, date + 17);
}

/* What is known of it: a request that was refused may not be complete. */
static void
hsl_request(char *text, size_t size, const struct httpd_connection *c)
{
	const struct http_request *request =
	    c->message != NULL ? &c->message->request : NULL;
	char method[HSL_METHOD], target[HSL_TARGET];

	if (request == NULL || request->method.length == 0 ||
	    request->target.length == 0) {
		(void)snprintf(text, size, "-");
		return;
	}
	(void)http_escape_log(method, sizeof(method), request->method);
	(void)http_escape_log(target, sizeof(target), request->target);
	(void)snprintf(text, size, "%s %s HTTP/1.%d", method, target,
	    request->head.minor > 0);
}

void
httpd_log(struct httpd_connection *c, int status, int64_t size)
{
	char request[HSL_METHOD + HSL_TARGET + 16];
	struct httpd_loop *l = c->loop;
	char *line;

	if (!l->server->log)
		return;
	if (sizeof(l->log) - l->logged < HSL_LINE)
		httpd_log_flush(l);
	line = l->log + l->logged;
	hsl_request(request, sizeof(request), c);
	l->logged += (size_t)hsl_begin(line, c);
	l->logged += (size_t)snprintf(l->log + l->logged, HSL_LINE / 2 + 512,
	    " \"%s\" %d %lld\n", request, status, (long long)size);
}
