/*
 * SPDX-License-Identifier: ISC
 *
 * sys/event.h: kqueue(2) for Linux, as much of it as an event loop needs.
 *
 * It exists so that the kqueue backend can be tried and tested where there is
 * no kqueue.  Its speed says nothing about kqueue: it is made of epoll sets,
 * and asks more of the kernel than a program that uses epoll itself.
 *
 * The model is FreeBSD, where the systems differ.  Known differences:
 *  - The errno in fflags beside EV_EOF is always EIO, which stands for "ask
 *    SO_ERROR": Linux has no way to look at it that does not clear it.
 *  - data: a listening socket has 1, whatever the length of its queue; so has
 *    what cannot count.  Room for writing is an estimate.
 *  - Own shutdown(SHUT_WR) gives EVFILT_WRITE no EV_EOF.
 *  - Regular files and directories: EOPNOTSUPP, which some of NetBSD's file
 *    systems say too.  /dev/null and its like: ENODEV, as FreeBSD says.
 *  - A number that was closed and then made a dup of the same open file again
 *    keeps its knotes.
 *  - The descriptor is >= 3 and close-on-exec; dup(2) of it is no kqueue.  It
 *    may poll readable for once when there is nothing.  After plain close(2),
 *    what hides behind it is freed by the next kqueue(); kqueue_close frees it
 *    at once.
 *  - Linux limits how epoll sets nest: some 500 dups of one file in a queue
 *    (EINVAL), and fewer queues within queues.
 *  - fork(2) takes it from the child; vfork(2) and bare clone(2) do not.
 *  - Any thread may call kevent, which is what NOTE_TRIGGER needs, but all
 *    queues share one lock (not held while waiting).
 */
#ifndef REACTOR_LINUX_SYS_EVENT_H
#define REACTOR_LINUX_SYS_EVENT_H

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#define KQUEUE_EMULATED 1

#define EVFILT_READ     (-1)
#define EVFILT_WRITE    (-2)
#define EVFILT_USER     (-11)
#define EVFILT_EXCEPT   (-15)

#define EV_ADD          0x0001
#define EV_DELETE       0x0002
#define EV_ENABLE       0x0004
#define EV_DISABLE      0x0008
#define EV_ONESHOT      0x0010
#define EV_CLEAR        0x0020
#define EV_RECEIPT      0x0040
#define EV_DISPATCH     0x0080
#define EV_ERROR        0x4000
#define EV_EOF          0x8000

#define NOTE_OOB        0x00000002 /* EVFILT_EXCEPT: urgent data */
#define NOTE_TRIGGER    0x01000000 /* EVFILT_USER: fire */

struct kevent {
	uintptr_t ident;
	short filter;
	unsigned short flags;
	unsigned fflags;
	int64_t data;
	void *udata;
};

#define EV_SET(kev, id, filt, flag, fflag, number, user)     \
	(*(kev) = (struct kevent){ .ident = (uintptr_t)(id), \
	     .filter = (short)(filt),                        \
	     .flags = (unsigned short)(flag),                \
	     .fflags = (fflag),                              \
	     .data = (number),                               \
	     .udata = (user) })

/*
 * The functions keep their usual names out of the way of the linker, since a
 * program may bring its own.  Macros with arguments do not touch the word in
 * `struct kevent`.
 */
int reactor__kqueue_open(void);
int reactor__kqueue_close(int kq);
int reactor__kevent(int kq, const struct kevent *changes, int nchanges,
    struct kevent *events, int nevents, const struct timespec *timeout);

#define kqueue()         reactor__kqueue_open()
#define kqueue_close(kq) reactor__kqueue_close(kq)
#define kevent(kq, changes, nchanges, events, nevents, timeout) \
	reactor__kevent(kq, changes, nchanges, events, nevents, timeout)

#endif
