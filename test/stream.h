/*
 * SPDX-License-Identifier: ISC
 *
 * stream.h: what the tests of streams have in common: pairs of descriptors, and
 * a stream that notes what it is told and keeps what it reads.
 */
#ifndef TEST_STREAM_H
#define TEST_STREAM_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/uio.h>
#include <reactor/net.h>
#include "test/loop.h"

/* ---- Pairs --------------------------------------------------------------- */

__attribute__((unused)) static void
stream_tcp_pair(int fd[2])
{
	struct sockaddr_in a;
	socklen_t length = sizeof(a);
	int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1, i;

	memset(&a, 0, sizeof(a));
	a.sin_family = AF_INET;
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (listener == -1 ||
	    bind(listener, (struct sockaddr *)&a, sizeof(a)) == -1)
		SKIP("no loopback");
	CHECK(listen(listener, 1) == 0);
	CHECK(getsockname(listener, (struct sockaddr *)&a, &length) == 0);
	fd[1] = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(connect(fd[1], (struct sockaddr *)&a, length) == 0);
	fd[0] = accept(listener, NULL, NULL);
	CHECK(fd[0] != -1);
	CHECK(close(listener) == 0);
	for (i = 0; i < 2; i++) {
		loop_nonblock(fd[i]);
		CHECK(setsockopt(fd[i], IPPROTO_TCP, TCP_NODELAY, &one,
			  sizeof(one)) == 0);
	}
}

/* The data of a case: which pair it is for. */
static const int stream_unix = 0, stream_tcp = 1;

__attribute__((unused)) static void
stream_pair(int fd[2])
{
	if (test_case->data == &stream_tcp)
		stream_tcp_pair(fd);
	else
		loop_pair(fd);
}

#define STREAM_BOTH(name, run)                    \
	{ name ", UNIX", run, 0, &stream_unix },  \
	{                                         \
		name ", TCP", run, 0, &stream_tcp \
	}

__attribute__((unused)) static void
stream_small(int fd, int size)
{
	CHECK(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) == 0);
	CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) == 0);
}

/* A close that the peer sees as ECONNRESET. */
__attribute__((unused)) static void
stream_reset(int fd)
{
	struct linger linger = { 1, 0 };

	CHECK(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) ==
	    0);
	CHECK(close(fd) == 0);
}

/* ---- A stream that notes ------------------------------------------------- */

struct noter {
	struct reactor_stream s;
	int calls;
	int keep;      /* input is not consumed */
	unsigned what; /* of the last call */
	char *got;     /* what was read */
	size_t used, capacity;
	void (*then)(struct noter *, unsigned what);
};

__attribute__((unused)) static void
noter_take(struct noter *n)
{
	size_t size;
	const char *bytes = reactor_stream_input(&n->s, &size);

	if (n->used + size + 1 > n->capacity) {
		n->capacity = 2 * (n->used + size) + 64;
		n->got = realloc(n->got, n->capacity);
		CHECK(n->got != NULL);
	}
	memcpy(n->got + n->used, bytes, size);
	n->used += size;
	n->got[n->used] = '\0';
	reactor_stream_consume(&n->s, size);
}

/* Input, end, room, flushed, idle, limit, error. */
__attribute__((unused)) static void
noter_called(struct reactor *r, struct reactor_stream *s, unsigned what)
{
	struct noter *n = REACTOR_OWNER(s, struct noter, s);
	int i;

	(void)r;
	n->calls++;
	n->what = what;
	for (i = 0; i < 7; i++)
		if (what & 1u << i)
			loop_log("IERFTLX"[i]);
	if (what & REACTOR_STREAM_ERROR)
		CHECK_INT(what, REACTOR_STREAM_ERROR);
	else if (!n->keep)
		noter_take(n);
	if (n->then != NULL)
		n->then(n, what);
}

__attribute__((unused)) static void
noter_start(struct reactor *r, struct noter *n, int fd)
{
	n->s.callback = noter_called;
	n->s.fd = fd;
	CHECK(reactor_stream_start(r, &n->s) == 0);
}

__attribute__((unused)) static void
noter_end(struct noter *n)
{
	reactor_stream_close(&n->s);
	free(n->got);
	n->got = NULL;
}

/* Turns while something happens. */
__attribute__((unused)) static void
stream_run(struct reactor *r)
{
	while (reactor_run_once(r, 0) > 0)
		continue;
}

/* Turns until it was called so often. */
__attribute__((unused)) static void
noter_wait(struct reactor *r, const struct noter *n, int calls)
{
	while (n->calls < calls)
		CHECK(reactor_run_once(r, REACTOR_SECOND) >= 0);
}

/* Turns until something was told that is in `what`. */
__attribute__((unused)) static void
noter_until(struct reactor *r, const struct noter *n, unsigned what)
{
	while ((n->what & what) == 0)
		CHECK(reactor_run_once(r, REACTOR_SECOND) >= 0);
}

__attribute__((unused)) static void
stream_send(int fd, const char *text)
{
	CHECK_INT(send(fd, text, strlen(text), 0), (intmax_t)strlen(text));
}

/* What the peer has got, which waits for as many bytes. */
__attribute__((unused)) static const char *
stream_recv(int fd, size_t size)
{
	static char text[65536];
	struct pollfd p = { fd, POLLIN, 0 };
	size_t used = 0;
	ssize_t n;

	CHECK(size < sizeof(text));
	while (used < size) {
		CHECK(poll(&p, 1, 10000) == 1);
		n = recv(fd, text + used, size - used, 0);
		CHECK(n > 0);
		used += (size_t)n;
	}
	text[used] = '\0';
	return text;
}

#endif
