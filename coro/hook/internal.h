/*
 * SPDX-License-Identifier: ISC
 *
 * internal.h: what the files of the hook know of each other.
 *
 *   read(2) of a program --> asked?  no --> the read that is underneath
 *                              |
 *                             yes --> try without blocking
 *                                       | EAGAIN             ^
 *                                       '--> task_poll(3) ---'
 *
 * Nothing is kept of a descriptor from one call to the next: what its owner has
 * set is asked for when a call has to wait.  So nothing can be out of date.
 */
#ifndef CORO_HOOK_INTERNAL_H
#define CORO_HOOK_INTERNAL_H

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <time.h>
#include <coro/task.h>
#include "coro/hook/real.h"

/*
 * Defines what programs call.  Under another name for the compiler, as headers
 * make macros and inline functions of some of these.
 */
#define HOOK(type, name, arguments)                \
	__attribute__((visibility("default")))     \
	type hook_##name arguments __asm__(#name); \
	type hook_##name arguments

/* A task that has asked. */
struct hook__task {
	struct hook__task *next; /* of the same hash */
	struct task *task;
	unsigned char on;
	unsigned calls; /* since it gave way */
	void *host;     /* what gethostbyname returned */
};

struct hook__several;

struct hook__thread {
	unsigned asked; /* tasks whose calls give way, just now */
	pid_t owner;    /* the process in which there have been some */
	struct hook__task **buckets;
	size_t nbuckets, ntasks;
	struct hook__several *several; /* waits for several descriptors */
};

/* At a fixed distance from the thread's pointer: also in signal handlers. */
extern _Thread_local struct hook__thread hook__here
    __attribute__((tls_model("initial-exec")));

/* The running task, if it has asked, and it is not the library that calls. */
struct hook__task *hook__task(const void *caller);
int hook__is_library(const void *caller);

/* The same for the function that is being hooked: NULL, in most programs. */
#define HOOK_TASK \
	(hook__here.asked != 0 ? hook__task(__builtin_return_address(0)) : NULL)
/* Is there anything to be forgotten here? */
#define HOOK_KNOWS                \
	(hook__here.owner != 0 && \
	    !hook__is_library(__builtin_return_address(0)))

/* ---- wait.c -------------------------------------------------------------- */

/* A call that may have to wait for a descriptor. */
struct hook__wait {
	int fd;
	unsigned wanted;
	int option; /* SO_RCVTIMEO or SO_SNDTIMEO */
	int asked;  /* the deadline is known */
	int dead;   /* the last wait told of an error or the end */
	int64_t deadline, pause;
};

/*
 * Begins every call that may wait: -1 with ECANCELED; a place to give way after
 * many of them.  fd: if that does not block, nothing of this; or -1.
 */
int hook__begin(struct hook__task *, int fd);
int hook__blocks(int fd);
/* What poll(2) says at once. */
int hook__ready(int fd, short events);
/* -1: EAGAIN (it is not to wait, or no longer), ECANCELED, EBADF. */
int hook__wait(struct hook__wait *);
/* For what cannot be waited for: sleeps, longer from time to time. */
int hook__pause(int64_t *pause, int64_t deadline);
int64_t hook__deadline(int64_t timeout);
int64_t hook__left(int64_t deadline); /* < 0: no limit */
int64_t hook__span(const struct timespec *);
/* SO_RCVTIMEO or SO_SNDTIMEO; < 0: none. */
int64_t hook__timeout(int fd, int option);
/* Is it NULL, or the mask that is in force anyway? */
int hook__is_mask(const sigset_t *);
/* The number is another file's, or nobody's. */
void hook__forget(int fd);
/* The same, and returns it, unless it is -1. */
int hook__new(int fd);

/* ---- Bytes: attempt.c, move.c, transfer.c -------------------------------- */

enum { HOOK__SOCKET, HOOK__STREAM, HOOK__WAITED, HOOK__FILE };

struct hook__move {
	struct hook__wait wait;
	struct msghdr *message; /* its vectors are what is moved */
	size_t size, done;
	int flags;
	int all;  /* it is not over before all of it is done */
	int peek; /* what was seen is seen again */
	int sort;
};

typedef ssize_t hook__attempt_fn(struct hook__move *);
hook__attempt_fn hook__attempt_recv, hook__attempt_send, hook__attempt_read,
    hook__attempt_write;

ssize_t hook__move(
    struct hook__task *, struct hook__move *, hook__attempt_fn *);
ssize_t hook__read(struct hook__task *, int, void *, size_t);
ssize_t hook__write(struct hook__task *, int, const void *, size_t);
ssize_t hook__recvmsg(struct hook__task *, int, struct msghdr *, int);
ssize_t hook__sendmsg(struct hook__task *, int, const struct msghdr *, int);
ssize_t hook__recvfrom(struct hook__task *, int, void *, size_t, int,
    struct sockaddr *, socklen_t *);

/* ---- poll.c -------------------------------------------------------------- */

/* poll(2), with nanoseconds. */
int hook__poll(struct hook__task *, struct pollfd *, nfds_t, int64_t timeout);
int hook__ppoll(struct hook__task *, struct pollfd *, nfds_t,
    const struct timespec *, const sigset_t *);
/* Those that wait for this one among others are to look again. */
void hook__several_closed(int fd);

/* ---- resolve.c ----------------------------------------------------------- */

/* What a thread looks up.  It is the thread's and the task's. */
struct hook__query {
	void (*run)(struct hook__query *);
	void (*free)(struct hook__query *);
	int users;
	int error, herror; /* of the thread */
};

/* 0: it was run; -1: it was not, or nobody waits for it; errno says why. */
int hook__query(struct hook__query *);
void hook__query_release(struct hook__query *);

#endif
