/*
 * SPDX-License-Identifier: ISC
 *
 * attempts.c: connects to several addresses, one after the other, and more of
 * them at a time the longer that takes.
 *
 *   addresses --> in order --> attempt 0 --- fails ---> the next, at once
 *                              attempt 1 --- `stagger` is over ---> the next
 *                              attempt 2 --- connected: the others are closed
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "reactor/net/net.h"

#define EA_STAGGER   (250 * REACTOR_MILLISECOND)
#define EA_RETRY     REACTOR_MILLISECOND
#define EA_RETRY_MAX (100 * REACTOR_MILLISECOND)

struct ea_attempt {
	struct reactor_io io; /* fd -1: not under way */
	struct reactor_connect *connect;
	struct reactor_address address;
};

struct ea_all {
	size_t count, next, running;
	int64_t retry;
	struct ea_attempt attempt[];
};

/* ---- Order: RFC 8305, section 4 ------------------------------------------ */

/* The next one from there that is of that family, or is not; or `count`. */
static size_t
ea_find(const struct reactor_address *a, size_t count, size_t from, int family,
    int is)
{
	while (
	    from < count && (reactor__address_family(&a[from]) == family) != is)
		from++;
	return from;
}

/* Alternates between the family of the first and the other, if there is one. */
static void
ea_order(struct ea_all *all, const struct reactor_address *addresses)
{
	int family = reactor__address_family(&addresses[0]), which;
	size_t next[2] = { 0, 0 }, i, n;

	for (n = 0; n < all->count; n++) {
		which = n % 2 == 0;
		i = ea_find(addresses, all->count, next[which], family, which);
		if (i == all->count) {
			which = !which;
			i = ea_find(
			    addresses, all->count, next[which], family, which);
		}
		next[which] = i + 1;
		all->attempt[n].address = addresses[i];
	}
}

/* ---- One attempt --------------------------------------------------------- */

static void ea_ready(struct reactor *, struct reactor_io *, unsigned);

static int
ea_watch(struct reactor *r, struct ea_attempt *a, int fd)
{
	a->io.event.name = "connect";
	a->io.callback = ea_ready;
	a->io.fd = fd;
	a->io.wanted = REACTOR_WRITE;
	if (reactor_io_start(r, &a->io) == 0)
		return EINPROGRESS;
	a->io.fd = -1;
	return errno;
}

/* 0 with *fd, or an error; EINPROGRESS: it is watched. */
static int
ea_begin(struct reactor *r, struct ea_attempt *a, int *fd)
{
	int error = reactor__socket_connect(fd, &a->address, a->connect->flags);

	if (error != EINPROGRESS)
		return error;
	error = ea_watch(r, a, *fd);
	if (error != EINPROGRESS)
		(void)close(*fd);
	return error;
}

/* ---- All of them --------------------------------------------------------- */

static void ea_later(struct reactor *r, struct reactor_timer *timer);

static int
ea_wait(struct reactor *r, struct reactor_connect *c, int64_t after)
{
	c->next.event.name = "connect";
	c->next.callback = ea_later;
	return reactor_timer_start(r, &c->next, after);
}

/* The listener is busy. */
static int
ea_retry(struct reactor *r, struct reactor_connect *c, struct ea_all *all)
{
	all->retry = all->retry == 0 ? EA_RETRY : 2 * all->retry;
	if (all->retry > EA_RETRY_MAX)
		all->retry = EA_RETRY_MAX;
	all->next--;
	return ea_wait(r, c, all->retry);
}

/* Without memory for the timer, the next waits for this one to fail. */
static void
ea_stagger(struct reactor *r, struct reactor_connect *c)
{
	int64_t after = c->stagger != 0 ? c->stagger : EA_STAGGER;

	if (after > 0)
		(void)ea_wait(r, c, after);
}

static void
ea_won(struct reactor *r, struct reactor_connect *c, const struct ea_attempt *a,
    int fd)
{
	reactor__socket_options(fd, c->flags);
	c->address = a->address;
	reactor__connect_end(r, c, fd, 0);
}

/* Until one is under way, or it is the end. */
static void
ea_go_on(struct reactor *r, struct reactor_connect *c)
{
	struct ea_all *all = c->attempts;
	struct ea_attempt *a;
	int fd, error;

	reactor_timer_stop(r, &c->next);
	while (all->next < all->count) {
		a = &all->attempt[all->next++];
		error = ea_begin(r, a, &fd);
		if (error == 0) {
			ea_won(r, c, a, fd);
			return;
		}
		if (error == EINPROGRESS) {
			all->running++;
			if (all->next < all->count)
				ea_stagger(r, c);
			return;
		}
		if (error == EAGAIN) {
			if (ea_retry(r, c, all) == 0)
				return;
			error = errno;
			all->next++;
		}
		c->error = error;
		c->address = a->address;
	}
	if (all->running == 0)
		reactor__connect_end(r, c, -1, c->error);
}

static void
ea_later(struct reactor *r, struct reactor_timer *timer)
{
	ea_go_on(r, REACTOR_OWNER(timer, struct reactor_connect, next));
}

/* A number that somebody else has closed may be another's by now. */
static void
ea_drop(struct reactor *r, struct ea_attempt *a, int ours)
{
	reactor_io_stop(r, &a->io);
	if (ours)
		(void)close(a->io.fd);
	a->io.fd = -1;
}

static void
ea_ready(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	struct ea_attempt *a = REACTOR_OWNER(io, struct ea_attempt, io);
	struct reactor_connect *c = a->connect;
	struct ea_all *all = c->attempts;
	int fd = io->fd, bad = (ready & REACTOR_BAD) != 0, error;

	error = bad ? io->error : reactor__socket_result(fd, &a->address);
	if (error == EINPROGRESS)
		return;
	if (error == 0) {
		reactor_io_stop(r, io);
		io->fd = -1;
		ea_won(r, c, a, fd);
		return;
	}
	ea_drop(r, a, !bad || error != EBADF);
	all->running--;
	c->error = error;
	c->address = a->address;
	ea_go_on(r, c);
}

int
reactor__attempts_start(struct reactor *r, struct reactor_connect *c,
    const struct reactor_address *addresses, size_t count)
{
	size_t size = sizeof(struct ea_all) + count * sizeof(struct ea_attempt);
	struct ea_all *all = reactor__allocate(NULL, size);
	size_t i;

	if (all == NULL)
		return -1;
	memset(all, 0, size);
	all->count = count;
	ea_order(all, addresses);
	for (i = 0; i < count; i++) {
		all->attempt[i].io.fd = -1;
		all->attempt[i].connect = c;
	}
	c->attempts = all;
	ea_go_on(r, c);
	return 0;
}

void
reactor__attempts_stop(struct reactor *r, struct reactor_connect *c)
{
	struct ea_all *all = c->attempts;
	size_t i;

	reactor_timer_stop(r, &c->next);
	c->attempts = NULL;
	if (all == NULL)
		return;
	for (i = 0; i < all->count; i++)
		if (all->attempt[i].io.fd != -1)
			ea_drop(r, &all->attempt[i], 1);
	(void)reactor__allocate(all, 0);
}

void
reactor__attempts_last(
    const struct reactor_connect *c, struct reactor_address *address)
{
	const struct ea_all *all = c->attempts;

	if (all != NULL && all->next > 0)
		*address = all->attempt[all->next - 1].address;
}
