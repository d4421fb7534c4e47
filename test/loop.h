/*
 * SPDX-License-Identifier: ISC
 *
 * loop.h: what the tests of the loop have in common: a loop, handlers that
 * note what they were told, a log of letters, and a backend that counts.
 */
#ifndef TEST_LOOP_H
#define TEST_LOOP_H

#include <poll.h>
#include <sys/socket.h>
#include "reactor/internal.h"
#include "test.h"

#define LOOP_MS REACTOR_MILLISECOND

__attribute__((unused)) static struct reactor *
loop_open(void)
{
	struct reactor *r = reactor_open(NULL);

	if (r == NULL)
		test_fail("reactor_open: %s", reactor_error());
	return r;
}

/* Is it this backend, really or emulated? */
__attribute__((unused)) static int
loop_is(const struct reactor *r, const char *name)
{
	return strcmp(r->backend->name, name) == 0;
}

__attribute__((unused)) static void
loop_nonblock(int fd)
{
	CHECK(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
	CHECK(fcntl(fd, F_SETFD, FD_CLOEXEC) == 0);
}

__attribute__((unused)) static void
loop_pipe(int fd[2])
{
	CHECK(pipe(fd) == 0);
	loop_nonblock(fd[0]);
	loop_nonblock(fd[1]);
}

__attribute__((unused)) static void
loop_pair(int fd[2])
{
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0);
	loop_nonblock(fd[0]);
	loop_nonblock(fd[1]);
}

__attribute__((unused)) static void
loop_close(const int fd[2])
{
	CHECK(close(fd[0]) == 0);
	CHECK(close(fd[1]) == 0);
}

__attribute__((unused)) static void
loop_put(int fd)
{
	CHECK_INT(write(fd, "x", 1), 1);
}

__attribute__((unused)) static void
loop_sleep(int64_t ns)
{
	struct timespec span = { (time_t)(ns / REACTOR_SECOND),
		(long)(ns % REACTOR_SECOND) };

	while (nanosleep(&span, &span) == -1)
		continue;
}

/* ---- A log of letters ---------------------------------------------------- */

static char loop_text[4096];
static size_t loop_used;

__attribute__((unused)) static void
loop_log(int letter)
{
	if (loop_used < sizeof(loop_text) - 1)
		loop_text[loop_used++] = (char)letter;
	loop_text[loop_used] = '\0';
}

/* What was logged since the last time. */
__attribute__((unused)) static const char *
loop_said(void)
{
	static char said[sizeof(loop_text)];

	memcpy(said, loop_text, loop_used + 1);
	loop_used = 0;
	loop_text[0] = '\0';
	return said;
}

/* ---- An io handler that notes -------------------------------------------- */

struct loop_io {
	struct reactor_io io;
	unsigned ready; /* of the last call */
	unsigned ever;  /* of all calls */
	int calls;
	char letter; /* for the log */
	void (*then)(struct reactor *, struct loop_io *);
};

__attribute__((unused)) static void
loop_io_called(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	struct loop_io *l = (struct loop_io *)io;

	l->ready = ready;
	l->ever |= ready;
	l->calls++;
	if (l->letter != 0)
		loop_log(l->letter);
	if (l->then != NULL)
		l->then(r, l);
}

__attribute__((unused)) static void
loop_io(struct loop_io *l, int fd, unsigned wanted)
{
	memset(l, 0, sizeof(*l));
	l->io.callback = loop_io_called;
	l->io.fd = fd;
	l->io.wanted = (unsigned char)wanted;
}

__attribute__((unused)) static void
loop_watch(struct reactor *r, struct loop_io *l, int fd, unsigned wanted)
{
	loop_io(l, fd, wanted);
	CHECK(reactor_io_start(r, &l->io) == 0);
}

/* ---- A backend that counts ----------------------------------------------- */

static struct reactor_backend loop_counting;
static const struct reactor_backend *loop_real;
static int loop_updates, loop_waits;
static int64_t loop_timeout; /* of the last wait */

__attribute__((unused)) static int
loop_update(void *state, int fd, unsigned was, unsigned now)
{
	loop_updates++;
	return loop_real->update(state, fd, was, now);
}

__attribute__((unused)) static int
loop_wait(void *state, struct reactor_ready *ready, int max, int64_t timeout)
{
	loop_waits++;
	loop_timeout = timeout;
	return loop_real->wait(state, ready, max, timeout);
}

/* From now on the calls of this loop's backend are counted. */
__attribute__((unused)) static void
loop_count(struct reactor *r)
{
	loop_real = r->backend;
	loop_counting = *loop_real;
	loop_counting.update = loop_update;
	loop_counting.wait = loop_wait;
	r->backend = &loop_counting;
	loop_updates = loop_waits = 0;
}

/* How many updates there were since the last time. */
__attribute__((unused)) static int
loop_updated(void)
{
	int n = loop_updates;

	loop_updates = 0;
	return n;
}

/* An allocator that fails when so many allocations are made. */
__attribute__((unused)) static int loop_left;

__attribute__((unused)) static void *
loop_stingy(void *memory, size_t size)
{
	if (size == 0) {
		free(memory);
		return NULL;
	}
	return loop_left-- > 0 ? realloc(memory, size) : NULL;
}

#endif
