/*
 * SPDX-License-Identifier: ISC
 *
 * stream.h: what the two halves of a task's stream have in common.
 */
#ifndef CORO_STREAM_H
#define CORO_STREAM_H

#include "coro/schedule.h"

/*
 * A call that is under way, on the stack of its task.  Whoever closes the stream
 * meanwhile says so here, as the stream may be gone when the task runs again.
 */
struct task__use {
	struct task__wait wait; /* must be first */
	int gone;
	/* A read that waits gets its bytes from the callback: */
	char *bytes;
	size_t size; /* 0: not this one */
	size_t done;
};

extern const struct task__wait_kind task__stream_input, task__stream_output;

/* Begins a call in that direction: 0; or -1: EBUSY, EBADF, ECANCELED, EPERM. */
int task__stream_enter(
    struct task_stream *, void **direction, struct task__use *);

static inline void
task__stream_leave(void **direction, const struct task__use *use)
{
	if (!use->gone)
		*direction = NULL;
}

/* What is written from now on is held, until the task waits. */
void task__stream_hold(struct task_stream *);
/* Sends it, if anything is held. */
void task__stream_send(struct task_stream *);
/* Sends it, then waits until something happens in that direction: 0, or -1. */
int task__stream_wait(struct task_stream *, struct reactor_link *,
    struct task__use *, const struct task__wait_kind *);
/* Waits until no more than `most` bytes of output wait: 0, or -1. */
int task__stream_drain(struct task_stream *, struct task__use *, size_t most);
/* -1 and errno: the stream has failed. */
int task__stream_error(const struct task_stream *);

#endif
