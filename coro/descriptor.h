/*
 * SPDX-License-Identifier: ISC
 *
 * descriptor.h: what is kept of a descriptor from one wait for it to the next.
 */
#ifndef CORO_DESCRIPTOR_H
#define CORO_DESCRIPTOR_H

#include "coro/schedule.h"

/* How to find out without waiting, and without touching its flags. */
enum {
	TASK__UNKNOWN,
	TASK__SOCKET,   /* MSG_DONTWAIT */
	TASK__STREAM,   /* RWF_NOWAIT: pipes and the like */
	TASK__WAITED,   /* poll(2), then block: terminals, old pipes */
	TASK__NONBLOCK, /* its owner has set O_NONBLOCK */
	TASK__FILE      /* always ready; the disk is waited for */
};

struct task__descriptor {
	struct reactor_io io; /* what is wanted stays so between two waits */
	struct reactor_link waiting;
	unsigned char drained; /* READ, WRITE: wait first, it would block */
	unsigned char sort;
	unsigned char blocking; /* O_NONBLOCK was not set */
	unsigned char gone;     /* closed; freed when nobody uses it */
	unsigned users;         /* tasks that wait, or have not run since */
	unsigned woken;         /* of these: they have not run since */
};

/* What is kept of fd, with its sort known.  NULL: EBADF, ENOMEM. */
struct task__descriptor *task__descriptor(int fd);

/* ready.c */
/* The callback of its io. */
void task__descriptor_ready(struct reactor *, struct reactor_io *, unsigned);
/* It is gone, for that reason: so those hear who wait. */
void task__descriptor_lost(struct task__descriptor *, int error);
/*
 * Waits until it is ready in that direction.  0, or -1: ECANCELED, EBADF, what
 * the kernel said.
 */
int task__descriptor_wait(struct task__descriptor *, unsigned wanted);
/*
 * Before a call that would block: 1; or 0 with EAGAIN.  That a wait is over does
 * not say it: another task may have run since, and been faster.
 */
int task__descriptor_is_ready(int fd, unsigned wanted);
/* An error lies in it, and would wake us again and again. */
int task__descriptor_has_error(int fd);

#endif
