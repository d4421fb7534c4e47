/*
 * SPDX-License-Identifier: ISC
 *
 * kevent.h: what the tests of the emulated kqueue share.
 */
#ifndef TEST_KEVENT_H
#define TEST_KEVENT_H

#include <poll.h>
#include <sys/event.h>
#include "test/test.h"

static const struct timespec none;
static int kq;
static struct kevent got[512];

/* One change; returns the errno that the kqueue has for it, or 0. */
static inline int
change(int fd, int filter, int flags)
{
	struct kevent c, e;

	EV_SET(&c, fd, filter, flags | EV_RECEIPT, NOTE_OOB, 0, &kq);
	CHECK_INT(kevent(kq, &c, 1, &e, 1, NULL), 1);
	CHECK(e.flags & EV_ERROR && e.ident == (uintptr_t)fd);
	CHECK(e.filter == filter && e.udata == &kq);
	return (int)e.data;
}

static inline int
look(int max)
{
	memset(got, 0x5a, sizeof got);
	return kevent(kq, NULL, 0, got, max, &none);
}

/* Expects one event and leaves it in got[0]. */
static inline void
expect(int fd, int filter, int flags)
{
	CHECK_INT(look(8), 1);
	CHECK_INT((int)got[0].ident, fd);
	CHECK_INT(got[0].filter, filter);
	CHECK_INT(got[0].flags, flags);
	CHECK(got[0].udata == &kq);
}

/* Expects nothing, from poll too, and that a wait takes its time. */
static inline void
expect_none(void)
{
	struct timespec limit = { 0, 20000000 };
	int64_t begin = test_clock();

	CHECK_INT(look(8), 0);
	CHECK_INT(kevent(kq, NULL, 0, got, 8, &limit), 0);
	CHECK(test_clock() - begin >= 20000000);
	CHECK_INT(poll(&(struct pollfd){ kq, POLLIN, 0 }, 1, 0), 0);
}

static inline void
put(int fd, int count)
{
	CHECK_INT(write(fd, "12345678", (size_t)count), count);
}

static inline void
get(int fd, int count)
{
	char buffer[8];

	CHECK_INT(read(fd, buffer, (size_t)count), count);
}

static inline void
open_pipe(int fd[2])
{
	kq = kqueue();
	CHECK(kq > 2);
	CHECK(pipe(fd) == 0);
}

static inline void
close_all(int a, int b)
{
	if (a != -1)
		close(a);
	if (b != -1)
		close(b);
	CHECK_INT(kqueue_close(kq), 0);
}

#endif
