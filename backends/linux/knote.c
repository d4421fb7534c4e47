/*
 * SPDX-License-Identifier: ISC
 *
 * knote.c: the knotes of one filter of an emulated kqueue, in one epoll set.
 *
 * a. A knote belongs to a descriptor's number and dies with it; an epoll item
 *    belongs to the open file and lives as long as any dup.  So each event is
 *    checked: adding the number to the set once more says EEXIST if and only
 *    if the number still means the file that was registered.
 * b. An item that has lost its number cannot be deleted.  So an item is either
 *    one-shot, armed again after each report, or edge-triggered: what is left
 *    behind falls silent.  A generation in its data tells it from a successor.
 * c. epoll reports hang-ups that a kqueue would not, above all for a socket
 *    that was never connected.  Such an item becomes edge-triggered ("quiet")
 *    until there is something to report.
 * d. epoll refuses what it thinks always ready: see event.h.
 */
#include <sys/types.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/event.h>
#include "backends/backend.h"
#include "backends/linux/emulation.h"

enum { KQN_BATCH = 64 };

struct reactor__knote {
	void *udata;
	uint32_t generation;
	unsigned fflags;
	mode_t mode;
	unsigned short flags;
	unsigned char live, quiet;
};

static uint32_t
kqn_bits(const struct reactor__knotes *set)
{
	if (set->filter == EVFILT_EXCEPT)
		return EPOLLPRI;
	return EPOLLRDHUP | (set->filter == EVFILT_READ ? EPOLLIN : EPOLLOUT);
}

/* Whether fd means the file that the set knows by this number: see (a). */
static int
kqn_same(int epoll, int fd)
{
	struct epoll_event none = { .events = EPOLLONESHOT };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &none) == -1)
		return errno == EEXIST;
	(void)epoll_ctl(epoll, EPOLL_CTL_DEL, fd, &none);
	return 0;
}

static int
kqn_arm(struct reactor__knotes *set, int fd)
{
	struct reactor__knote *note = &set->table[fd];
	int edge = note->flags & EV_CLEAR && !(note->flags & EV_DISPATCH);
	struct epoll_event event = { .events = EPOLLONESHOT };

	if (!(note->flags & EV_DISABLE)) {
		event.events = edge || note->quiet ? EPOLLET : EPOLLONESHOT;
		event.events |= kqn_bits(set);
	}
	event.data.u64 = (uint64_t)note->generation << 32 | (unsigned)fd;
	return epoll_ctl(set->epoll, EPOLL_CTL_MOD, fd, &event);
}

static void
kqn_drop(struct reactor__knotes *set, int fd)
{
	struct epoll_event none = { 0 };

	(void)epoll_ctl(set->epoll, EPOLL_CTL_DEL, fd, &none);
	set->table[fd].live = 0;
}

/* As FreeBSD: nothing can be waited for there any more. */
static int
kqn_broken(const struct reactor__knotes *set, int fd, mode_t mode)
{
	struct pollfd end = { .fd = fd };

	return set->filter == EVFILT_WRITE && S_ISFIFO(mode) &&
	    poll(&end, 1, 0) == 1 && end.revents & POLLERR;
}

static int
kqn_create(struct reactor__knotes *set, int fd, mode_t mode, unsigned flags)
{
	struct epoll_event none = { .events = EPOLLONESHOT };
	struct reactor__knote *table, *note;

	if (kqn_broken(set, fd, mode))
		return EPIPE;
	table = reactor__grown(
	    set->table, &set->length, (size_t)fd + 1, sizeof(*table));
	if (table == NULL)
		return ENOMEM;
	set->table = table;
	note = &table[fd];
	note->generation++;
	none.data.u64 = (uint64_t)note->generation << 32 | (unsigned)fd;
	if (epoll_ctl(set->epoll, EPOLL_CTL_ADD, fd, &none) == -1 &&
	    errno != EEXIST) {
		if (errno != EPERM)
			return errno;
		return S_ISCHR(mode) ? ENODEV : EOPNOTSUPP;
	}
	note->mode = mode;
	note->flags = flags & (EV_CLEAR | EV_ONESHOT | EV_DISPATCH);
	note->live = 1;
	return 0;
}

static unsigned short
kqn_switched(unsigned short was, unsigned short change)
{
	if (change & EV_ENABLE)
		was &= (unsigned short)~EV_DISABLE;
	return was | (change & EV_DISABLE);
}

int
reactor__knotes_change(struct reactor__knotes *set, const struct kevent *c)
{
	int fd = c->ident <= INT_MAX ? (int)c->ident : -1, error;
	size_t at = (size_t)c->ident;
	struct reactor__knote *note;
	struct stat st;

	if (at < set->length && set->table[at].live &&
	    !kqn_same(set->epoll, fd))
		set->table[at].live = 0;
	if (fstat(fd, &st) == -1)
		return EBADF;
	if (at >= set->length || !set->table[at].live) {
		if (!(c->flags & EV_ADD))
			return ENOENT;
		error = kqn_create(set, fd, st.st_mode, c->flags);
		if (error != 0)
			return error;
	}
	if (c->flags & EV_DELETE) {
		kqn_drop(set, fd);
		return 0;
	}
	note = &set->table[fd];
	if (c->flags & EV_ADD) {
		note->udata = c->udata;
		note->fflags = c->fflags;
	}
	note->flags = kqn_switched(note->flags, c->flags);
	note->quiet = 0;
	return kqn_arm(set, fd) == -1 ? errno : 0;
}

static int64_t
kqn_amount(const struct reactor__knote *note, int fd, short filter)
{
	socklen_t size = sizeof(int);
	int used = 0, room = 0;

	if (filter == EVFILT_READ)
		return ioctl(fd, FIONREAD, &used) == -1 ? 1 : used;
	if (S_ISFIFO(note->mode) && ioctl(fd, FIONREAD, &used) == 0)
		room = fcntl(fd, F_GETPIPE_SZ);
	else if (S_ISSOCK(note->mode) && ioctl(fd, TIOCOUTQ, &used) == 0)
		(void)getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, &size);
	return room > used ? room - used : 1;
}

/* What a kqueue would say of these epoll bits; 0 if nothing. */
static int
kqn_describe(
    const struct reactor__knotes *set, int fd, uint32_t bits, struct kevent *e)
{
	const struct reactor__knote *note = &set->table[fd];
	uint32_t ends = EPOLLHUP, hints = EPOLLIN | EPOLLRDHUP | EPOLLERR;

	EV_SET(e, fd, set->filter, note->flags, 0, 0, note->udata);
	if (set->filter == EVFILT_EXCEPT) {
		e->fflags = note->fflags & (bits & EPOLLPRI ? NOTE_OOB : 0);
		return e->fflags != 0;
	}
	if (S_ISSOCK(note->mode) && (bits & (hints | EPOLLHUP)) == EPOLLHUP)
		return 0; /* neither connected nor listening */
	if (set->filter == EVFILT_READ)
		ends |= EPOLLRDHUP;
	else if (S_ISFIFO(note->mode) && bits & EPOLLERR)
		e->flags |= EV_EOF | EV_ONESHOT;
	else if (!(bits & ~(uint32_t)EPOLLRDHUP))
		return 0;
	if (bits & ends) {
		e->flags |= EV_EOF;
		if (S_ISSOCK(note->mode) && bits & EPOLLERR)
			e->fflags = EIO;
	}
	if (bits & kqn_bits(set) & ~(uint32_t)EPOLLRDHUP)
		e->data = kqn_amount(note, fd, set->filter);
	return 1;
}

static int
kqn_deliver(struct reactor__knotes *set, const struct epoll_event *event,
    struct kevent *e)
{
	int fd = (int)(uint32_t)event->data.u64;
	struct reactor__knote *note = &set->table[fd];

	if (!note->live || note->generation != event->data.u64 >> 32)
		return 0;
	note->live = (unsigned char)kqn_same(set->epoll, fd);
	if (!note->live || note->flags & EV_DISABLE)
		return 0;
	if (!kqn_describe(set, fd, event->events, e)) {
		if (!note->quiet) {
			note->quiet = 1;
			(void)kqn_arm(set, fd);
		}
		return 0;
	}
	note->quiet = 0;
	if (e->flags & EV_ONESHOT)
		kqn_drop(set, fd);
	else if (e->flags & EV_DISPATCH)
		note->flags |= EV_DISABLE;
	return 1;
}

int
reactor__knotes_collect(struct reactor__knotes *set, struct kevent *e, int room)
{
	struct epoll_event batch[KQN_BATCH];
	int n = 0, found, most, i;

	do {
		most = room - n < KQN_BATCH ? room - n : KQN_BATCH;
		found = epoll_wait(set->epoll, batch, most, 0);
		for (i = 0; i < found; i++)
			n += kqn_deliver(set, &batch[i], &e[n]);
	} while (found == most && n < room);
	return n;
}

/* Not before: what is still ready would come twice. */
void
reactor__knotes_rearm(struct reactor__knotes *set, int fd)
{
	struct reactor__knote *note = &set->table[fd];

	if (note->live &&
	    (!(note->flags & EV_CLEAR) || note->flags & EV_DISPATCH))
		(void)kqn_arm(set, fd);
}
