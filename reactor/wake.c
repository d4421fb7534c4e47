/*
 * SPDX-License-Identifier: ISC
 *
 * wake.c: how the loop is woken.  `doze` decides who writes the wake
 * descriptor, and that seldom:
 *
 *   AWAKE    the loop works, and will look before it sleeps
 *   ASLEEP   it waits, or may: whoever knocks must write
 *   KNOCKED  somebody knocked: nobody else needs to
 *
 *   enter    ASLEEP -> AWAKE    a run begins
 *   doze     AWAKE -> ASLEEP    before a wait; fails if KNOCKED: do not sleep
 *   awake    any -> AWAKE       after it; tells whether KNOCKED
 *   leave    AWAKE -> ASLEEP    a run ends; if KNOCKED, writes
 *   knock    any -> KNOCKED     by others; if ASLEEP, writes
 *
 * All of it is sequentially consistent.  Whoever knocks has published before
 * and then looks at doze; the loop changes doze and then looks at what was
 * published: one of the two sees the other.  Outside a turn the loop counts as
 * asleep, because a foreign loop may be waiting for it.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include "reactor/internal.h"

enum { WK_AWAKE, WK_ASLEEP, WK_KNOCKED };

static void
wk_write(int fd)
{
	const uint64_t one = 1;
	int error = errno;

	/* Full (EAGAIN) means awake already. */
	while (write(fd, &one, sizeof(one)) == -1 && errno == EINTR)
		continue;
	errno = error;
}

void
reactor__knock(struct reactor *r)
{
	if (__atomic_load_n(&r->doze, __ATOMIC_SEQ_CST) == WK_KNOCKED)
		return;
	if (__atomic_exchange_n(&r->doze, WK_KNOCKED, __ATOMIC_SEQ_CST) ==
	    WK_ASLEEP)
		wk_write(r->wake_write);
}

void
reactor__enter(struct reactor *r)
{
	int asleep = WK_ASLEEP;

	(void)__atomic_compare_exchange_n(
	    &r->doze, &asleep, WK_AWAKE, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

int
reactor__doze(struct reactor *r)
{
	int awake = WK_AWAKE;

	return __atomic_compare_exchange_n(
	    &r->doze, &awake, WK_ASLEEP, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

int
reactor__awake(struct reactor *r)
{
	if (__atomic_load_n(&r->doze, __ATOMIC_RELAXED) == WK_AWAKE)
		return 0;
	return __atomic_exchange_n(&r->doze, WK_AWAKE, __ATOMIC_SEQ_CST) ==
	    WK_KNOCKED;
}

int
reactor__knocked(const struct reactor *r)
{
	return __atomic_load_n(&r->doze, __ATOMIC_SEQ_CST) == WK_KNOCKED;
}

/* Outside a turn the loop counts as asleep: a foreign loop may wait for it. */
void
reactor__leave(struct reactor *r)
{
	if (!reactor__doze(r))
		wk_write(r->wake_write);
}

static int wk_open(struct reactor *);

static void
wk_close_both(struct reactor *r)
{
	(void)close(r->wake.fd);
	if (r->wake_write != r->wake.fd)
		(void)close(r->wake_write);
	r->wake_write = -1;
}

static void
wk_drain(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	char bytes[64];

	if (ready & REACTOR_BAD) {
		if (io->error != EBADF) /* else the program closed it */
			wk_close_both(r);
		r->wake_write = -1;
		(void)wk_open(r);
		return;
	}
	/* One read empties an eventfd; a pipe holds a few bytes at most, and is
	 * reported again if there are more. */
	if ((io->wanted & REACTOR__EDGE) == 0)
		(void)!read(io->fd, bytes, sizeof(bytes));
}

static int
wk_pipe(int fd[2])
{
	int i;

	if (pipe(fd) == -1)
		return -1;
	for (i = 0; i < 2; i++) {
		fd[i] = reactor__descriptor_high(fd[i]);
		if (fd[i] == -1) {
			(void)close(fd[1 - i]);
			return -1;
		}
		(void)fcntl(fd[i], F_SETFL, O_NONBLOCK);
	}
	return 0;
}

static int
wk_open(struct reactor *r)
{
	int fd[2];

	fd[0] = fd[1] = reactor__eventfd();
	if (fd[0] == -1 && (errno != ENOSYS || wk_pipe(fd) == -1))
		return -1;
	r->wake.wanted = fd[0] == fd[1] ? REACTOR__EDGE : 0;
	if (reactor__producer_start(r, &r->wake, fd[0], wk_drain, "wake") ==
	    -1) {
		(void)close(fd[0]);
		if (fd[1] != fd[0])
			(void)close(fd[1]);
		return -1;
	}
	r->wake_write = fd[1];
	return 0;
}

static void
wk_close(struct reactor *r)
{
	if (r->wake_write == -1)
		return;
	reactor_io_stop(r, &r->wake);
	wk_close_both(r);
}

int
reactor__wake_open(struct reactor *r)
{
	r->doze = WK_ASLEEP;
	r->wake_write = -1;
	return wk_open(r);
}

void
reactor__wake_close(struct reactor *r)
{
	wk_close(r);
}

/* The old descriptor is shared with the parent. */
int
reactor__wake_forked(struct reactor *r)
{
	wk_close(r);
	if (wk_open(r) == -1)
		return -1;
	if (__atomic_load_n(&r->doze, __ATOMIC_SEQ_CST) == WK_KNOCKED)
		wk_write(r->wake_write);
	return 0;
}

int
reactor__wake_again(struct reactor *r)
{
	return wk_open(r);
}
