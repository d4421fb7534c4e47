/*
 * SPDX-License-Identifier: ISC
 *
 * kevent.c: kevent(2), made of epoll sets: changes, waiting, EVFILT_USER.
 *
 * a. As on FreeBSD: changes are applied in order.  What fails is stored as an
 *    event with EV_ERROR, and then nothing else is looked at; if there is no
 *    room to store it, the call fails and the changes that follow are lost.
 * b. The filters are looked at in turn, so that a short event list is fair.
 * c. The lock is not held while waiting.  What wakes us may turn out to be
 *    nothing to report; then we wait for the rest of the time.
 */
#include <errno.h>
#include <poll.h>
#include <unistd.h>
#include "backends/backend.h"
#include "backends/linux/emulation.h"

enum { KQV_NANO = 1000000000, KQV_LONGEST = 1 << 30 /* seconds: 34 years */ };

/* ---- EVFILT_USER --------------------------------------------------------- */

static struct reactor__user *
kqv_user(struct reactor__kq *q, uintptr_t ident)
{
	size_t i;

	for (i = 0; i < q->length; i++)
		if (q->users[i].live && q->users[i].ident == ident)
			return &q->users[i];
	return NULL;
}

static struct reactor__user *
kqv_user_new(struct reactor__kq *q, const struct kevent *c)
{
	struct reactor__user *users = q->users, *u;
	size_t i = 0;

	while (i < q->length && users[i].live)
		i++;
	users = reactor__grown(users, &q->length, i + 1, sizeof(*users));
	if (users == NULL)
		return NULL;
	q->users = users;
	u = &users[i];
	u->ident = c->ident;
	u->flags = c->flags & (EV_CLEAR | EV_ONESHOT | EV_DISPATCH);
	u->live = 1;
	u->fired = 0;
	return u;
}

/* Makes the eventfd tell whether there is something to collect. */
static void
kqv_user_tell(struct reactor__kq *q)
{
	uint64_t number = 1;
	int fired = 0;
	size_t i;

	for (i = 0; i < q->length; i++)
		fired |= q->users[i].live && q->users[i].fired &&
		    !(q->users[i].flags & EV_DISABLE);
	if (fired)
		(void)!write(q->wake, &number, sizeof(number));
	else
		(void)!read(q->wake, &number, sizeof(number));
}

static int
kqv_user_change(struct reactor__kq *q, const struct kevent *c)
{
	struct reactor__user *u = kqv_user(q, c->ident);

	if (u == NULL && !(c->flags & EV_ADD))
		return ENOENT;
	if (u == NULL && (u = kqv_user_new(q, c)) == NULL)
		return ENOMEM;
	if (c->flags & EV_ADD)
		u->udata = c->udata;
	if (c->flags & EV_ENABLE)
		u->flags &= (unsigned short)~EV_DISABLE;
	u->flags |= c->flags & EV_DISABLE;
	u->fired |= (c->fflags & NOTE_TRIGGER) != 0;
	u->live = !(c->flags & EV_DELETE);
	kqv_user_tell(q);
	return 0;
}

static int
kqv_user_collect(struct reactor__kq *q, struct kevent *events, int room)
{
	struct reactor__user *u;
	size_t i;
	int n = 0;

	for (i = 0; i < q->length && n < room; i++) {
		u = &q->users[(q->turn + i) % q->length];
		if (!u->live || !u->fired || u->flags & EV_DISABLE)
			continue;
		EV_SET(&events[n++], u->ident, EVFILT_USER, u->flags, 0, 0,
		    u->udata);
		u->fired = !(u->flags & EV_CLEAR);
		u->live = !(u->flags & EV_ONESHOT);
		u->flags |= u->flags & EV_DISPATCH ? EV_DISABLE : 0;
	}
	kqv_user_tell(q);
	return n;
}

/* ---- Changes ------------------------------------------------------------- */

static struct reactor__knotes *
kqv_knotes(struct reactor__kq *q, int filter)
{
	int i;

	for (i = 0; i < REACTOR__KNOTES; i++)
		if (q->knotes[i].filter == filter)
			return &q->knotes[i];
	return NULL;
}

static int
kqv_change(struct reactor__kq *q, const struct kevent *c)
{
	struct reactor__knotes *knotes = kqv_knotes(q, c->filter);

	if (knotes != NULL)
		return reactor__knotes_change(knotes, c);
	return c->filter == EVFILT_USER ? kqv_user_change(q, c) : EINVAL;
}

/* Returns how many entries it stored, or -1. */
static int
kqv_apply(struct reactor__kq *q, const struct kevent *c, int changes,
    struct kevent *events, int room)
{
	struct kevent entry;
	int i, error, n = 0;

	for (i = 0; i < changes; i++) {
		entry = c[i]; /* the lists may be the same memory */
		error = kqv_change(q, &entry);
		if (error == 0 && !(entry.flags & EV_RECEIPT))
			continue;
		if (n == room) {
			if (error == 0)
				return n;
			errno = error;
			return -1;
		}
		entry.flags = EV_ERROR;
		entry.data = error;
		events[n++] = entry;
	}
	return n;
}

/* ---- Waiting ------------------------------------------------------------- */

static int
kqv_collect(struct reactor__kq *q, struct kevent *events, int room)
{
	struct reactor__knotes *knotes;
	unsigned i, which;
	int n = 0, k;

	q->turn++;
	for (i = 0; i <= REACTOR__KNOTES && n < room; i++) {
		which = (q->turn + i) % (REACTOR__KNOTES + 1);
		n += which == REACTOR__KNOTES
		    ? kqv_user_collect(q, &events[n], room - n)
		    : reactor__knotes_collect(
			  &q->knotes[which], &events[n], room - n);
	}
	for (k = 0; k < n; k++) {
		knotes = kqv_knotes(q, events[k].filter);
		if (knotes != NULL)
			reactor__knotes_rearm(knotes, (int)events[k].ident);
	}
	return n;
}

static int64_t
kqv_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * KQV_NANO + now.tv_nsec;
}

/* -1 and EINVAL, or when to give up; negative or NULL is for ever. */
static int
kqv_deadline(const struct timespec *timeout, int64_t *deadline)
{
	int64_t seconds;

	*deadline = -1;
	if (timeout == NULL)
		return 0;
	if (timeout->tv_sec < 0 || timeout->tv_nsec < 0 ||
	    timeout->tv_nsec >= KQV_NANO) {
		errno = EINVAL;
		return -1;
	}
	seconds = timeout->tv_sec < KQV_LONGEST ? timeout->tv_sec : KQV_LONGEST;
	*deadline = kqv_now() + seconds * KQV_NANO + timeout->tv_nsec;
	return 0;
}

/* 1 if there may be something, 0 if the time is over, -1. */
static int
kqv_sleep(int kq, int64_t deadline)
{
	struct pollfd end = { .fd = kq, .events = POLLIN };
	int64_t left = deadline < 0 ? 0 : deadline - kqv_now();
	struct timespec limit;

	left = left > 0 ? left : 0;
	limit.tv_sec = left / KQV_NANO;
	limit.tv_nsec = left % KQV_NANO;
	return ppoll(&end, 1, deadline < 0 ? NULL : &limit, NULL);
}

int
reactor__kevent(int kq, const struct kevent *changes, int nchanges,
    struct kevent *events, int nevents, const struct timespec *timeout)
{
	struct reactor__kq *q = reactor__kqueue_lock(kq);
	int64_t deadline;
	int n;

	if (q == NULL)
		return -1;
	n = kqv_apply(q, changes, nchanges, events, nevents);
	if (n == 0 && nevents > 0)
		n = kqv_deadline(timeout, &deadline);
	else
		nevents = 0;
	if (n == 0 && nevents > 0)
		n = kqv_collect(q, events, nevents);
	reactor__kqueue_unlock();
	while (n == 0 && nevents > 0) {
		n = kqv_sleep(kq, deadline);
		if (n <= 0)
			break;
		q = reactor__kqueue_lock(kq);
		if (q == NULL)
			return -1;
		n = kqv_collect(q, events, nevents);
		reactor__kqueue_unlock();
	}
	return n;
}
