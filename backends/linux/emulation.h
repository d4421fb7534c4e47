/*
 * SPDX-License-Identifier: ISC
 *
 * emulation.h: what the files of the emulated kqueue share.
 *
 *   kqueue descriptor = epoll set of --+-- epoll set of EVFILT_READ knotes
 *                                      +-- epoll set of EVFILT_WRITE knotes
 *                                      +-- epoll set of EVFILT_EXCEPT knotes
 *                                      +-- eventfd: an EVFILT_USER knote fired
 *
 *   kqueue.c  descriptors that are kqueues
 *   knote.c   the knotes of one filter
 *   kevent.c  changes, waiting, EVFILT_USER
 */
#ifndef REACTOR_LINUX_EMULATION_H
#define REACTOR_LINUX_EMULATION_H

#include <stddef.h>
#include <stdint.h>
#include <sys/event.h>

enum { REACTOR__KNOTES = 3 };

struct reactor__knote;

struct reactor__knotes {
	int epoll; /* readable if one of them may have something to report */
	short filter;
	struct reactor__knote *table; /* by descriptor */
	size_t length;
};

struct reactor__user {
	uintptr_t ident;
	void *udata;
	unsigned short flags;
	unsigned char live, fired;
};

struct reactor__kq {
	struct reactor__kq *next;
	int descriptor, wake;
	unsigned turn;
	struct reactor__knotes knotes[REACTOR__KNOTES];
	struct reactor__user *users;
	size_t length;
};

/* Takes the lock of all queues; NULL and EBADF, and no lock, if kq is none. */
struct reactor__kq *reactor__kqueue_lock(int kq);
void reactor__kqueue_unlock(void);

/* Applies one change; returns 0 or an errno. */
int reactor__knotes_change(struct reactor__knotes *, const struct kevent *);
/* Stores up to `room` events; returns how many. */
int reactor__knotes_collect(
    struct reactor__knotes *, struct kevent *, int room);
/* To be called for each event stored, when all are. */
void reactor__knotes_rearm(struct reactor__knotes *, int fd);

#endif
