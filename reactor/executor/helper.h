/*
 * SPDX-License-Identifier: ISC
 *
 * helper.h: the process that forks the workers of all executors, and reaps
 * them.  It is forked when the first executor needs it, with one thread and
 * nothing open, so that what the program has by then is not in the workers'
 * way; and it ends when nobody holds it any more, or with the program.
 */
#ifndef REACTOR_EXECUTOR_HELPER_H
#define REACTOR_EXECUTOR_HELPER_H

#include <sys/types.h>
#include "reactor/executor/wire.h"

struct reactor__image;
struct reactor__shared;

struct reactor__helper {
	unsigned references;
	pid_t pid;
	int control;
	int lost;                     /* a worker knows that it is gone */
	uint64_t serial;              /* of the last process */
	struct reactor__image *image; /* the functions it has */
};

/* What the executor has of a worker's process. */
struct reactor__contact {
	uint64_t serial;
	int socket;                     /* to the worker */
	int reports;                    /* about it, from the helper */
	struct reactor__shared *shared; /* or NULL */
};

/* ---- helper.c ------------------------------------------------------------ */

/* One more reference to the helper, which is forked if need be; NULL. */
struct reactor__helper *reactor__helper_open(void);
void reactor__helper_close(struct reactor__helper *);
/* Would it know that function?  0, or -1 and EFAULT. */
int reactor__helper_check(struct reactor__helper *, reactor_job_fn *);
/* Around what a fork by another thread must not see half done. */
void reactor__orders_lock(void);
void reactor__orders_unlock(void);

/* ---- order.c ------------------------------------------------------------- */

/* 0: it is gone. */
int reactor__helper_alive(struct reactor__helper *);
/* The same, with the lock. */
int reactor__order_possible(const struct reactor__helper *);
/* It is gone, even if its socket does not say so yet. */
void reactor__helper_lost(struct reactor__helper *);
/* Asks for one more process, of which the reports will tell. */
int reactor__helper_spawn(struct reactor__helper *, struct reactor__contact *);
void reactor__contact_close(struct reactor__contact *);
/* A signal for that process, with all its group, if it is still there. */
void reactor__helper_kill(
    struct reactor__helper *, uint64_t serial, int signal);

/* ---- zygote.c: what the helper does -------------------------------------- */

void reactor__zygote(int control, pid_t parent) __attribute__((noreturn));

#endif
