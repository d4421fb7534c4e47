/*
 * SPDX-License-Identifier: ISC
 *
 * stream.c: tasks' streams: a stream of the loop whose callback wakes tasks.
 * Here: what both directions have in common, from open to close.
 *
 * What a task writes is held until it waits, so that it goes out in one.  A task
 * that waits for this stream sends first; for one that waits for anything else a
 * deferred call does it, before the loop sleeps.
 */
#include <stdio.h>
#include <string.h>
#include "coro/stream.h"
#include "reactor/net/stream.h"

/* ---- Waiting ------------------------------------------------------------- */

static void
tsm_describe(const struct task__wait *wait, char *text, size_t size)
{
	const struct task_stream *s = wait->object;

	(void)snprintf(text, size, "%d", s->stream.fd);
}

const struct task__wait_kind task__stream_input = {
	.what = "input of stream",
	.withdraw = task__withdraw,
	.describe = tsm_describe,
};

const struct task__wait_kind task__stream_output = {
	.what = "output of stream",
	.withdraw = task__withdraw,
	.describe = tsm_describe,
};

/* To where the reader wants it, while it is in the nearest cache. */
static void
tsm_deliver(struct task_stream *s)
{
	struct task__wait *wait = task__first_wait(&s->input);
	struct task__use *use = (struct task__use *)(void *)wait;
	const char *input;
	size_t n;

	if (wait == NULL || use->size == 0)
		return;
	input = reactor_stream_input(&s->stream, &n);
	use->done = n < use->size ? n : use->size;
	memcpy(use->bytes, input, use->done);
	reactor_stream_consume(&s->stream, use->done);
}

/* What the loop says of the stream. */
static void
tsm_told(struct reactor *r, struct reactor_stream *stream, unsigned what)
{
	struct task_stream *s =
	    REACTOR_OWNER(stream, struct task_stream, stream);

	(void)r;
	if (what & REACTOR_STREAM_INPUT)
		tsm_deliver(s);
	if (what & REACTOR_STREAM_END)
		s->ended = 1;
	if (what & REACTOR_STREAM_ERROR)
		s->failed = 1;
	if (what &
	    (REACTOR_STREAM_INPUT | REACTOR_STREAM_END | REACTOR_STREAM_ERROR))
		(void)task__wake_first(&s->input, 0);
	if (what &
	    (REACTOR_STREAM_ROOM | REACTOR_STREAM_FLUSHED |
		REACTOR_STREAM_ERROR))
		(void)task__wake_first(&s->output, 0);
	if (what & (REACTOR_STREAM_IDLE | REACTOR_STREAM_LIMIT)) {
		(void)task__wake_first(&s->input, ETIMEDOUT);
		(void)task__wake_first(&s->output, ETIMEDOUT);
	}
}

int
task__stream_enter(
    struct task_stream *s, void **direction, struct task__use *use)
{
	if (task__checkpoint(task__self()) == -1)
		return -1;
	if (!s->open || *direction != NULL) {
		errno = s->open ? EBUSY : EBADF;
		return -1;
	}
	use->gone = 0;
	use->size = use->done = 0;
	*direction = use;
	return 0;
}

int
task__stream_wait(struct task_stream *s, struct reactor_link *list,
    struct task__use *use, const struct task__wait_kind *kind)
{
	struct task *t = task__self();
	int result;

	task__stream_send(s);
	if (t->cancelled) /* after it was woken in vain */
		return task__refuse(t);
	task__wait_init(&use->wait, t, kind, s);
	task__list_append(list, &use->wait.link);
	result = task__park_outside(t, &use->wait);
	if (!use->gone)
		return result;
	errno = EBADF;
	return -1;
}

/* ---- Sending ------------------------------------------------------------- */

static void
tsm_deferred(struct reactor *r, struct reactor_defer *defer)
{
	(void)r;
	task__stream_send(REACTOR_OWNER(defer, struct task_stream, defer));
}

void
task__stream_hold(struct task_stream *s)
{
	if (s->holding)
		return;
	s->holding = 1;
	reactor__stream_hold(&s->stream, 1);
	(void)reactor_defer_start(s->stream.reactor, &s->defer);
}

void
task__stream_send(struct task_stream *s)
{
	if (!s->holding)
		return;
	s->holding = 0;
	reactor_defer_stop(s->stream.reactor, &s->defer);
	reactor__stream_hold(&s->stream, 0);
}

int
task__stream_error(const struct task_stream *s)
{
	if (s->stream.error == 0)
		return 0;
	errno = s->stream.error;
	return -1;
}

int
task__stream_drain(struct task_stream *s, struct task__use *use, size_t most)
{
	while (reactor_stream_pending(&s->stream) > most) {
		if (s->holding) {
			task__stream_send(s);
			continue;
		}
		if (task__stream_error(s) == -1)
			return -1;
		/* That so little waits is told of only on request. */
		if (most == 0 && reactor_stream_flush(&s->stream) == -1)
			return -1;
		if (task__stream_wait(
			s, &s->output, use, &task__stream_output) == -1)
			return -1;
	}
	return task__stream_error(s);
}

/* ---- Open and closed ----------------------------------------------------- */

int
task_stream_open(struct task_stream *s, int fd)
{
	if (task__self() == NULL) {
		errno = EPERM;
		return -1;
	}
	task_forget(fd); /* what is known of it is of no use here */
	memset(&s->input, 0, sizeof(*s) - offsetof(struct task_stream, input));
	s->defer.event.name = "stream of tasks";
	s->defer.callback = tsm_deferred;
	s->stream.fd = fd;
	s->stream.error = 0;
	s->stream.callback = tsm_told;
	s->stream.keeps = 1;
	if (reactor_stream_start(task_reactor(), &s->stream) == -1)
		return -1;
	s->open = 1;
	return 0;
}

static void
tsm_gone(void **direction, struct reactor_link *list)
{
	struct task__use *use = *direction;

	if (use == NULL)
		return;
	use->gone = 1;
	*direction = NULL;
	(void)task__wake_first(list, EBADF);
}

void
task_stream_abort(struct task_stream *s)
{
	if (!s->open)
		return;
	s->open = 0;
	if (s->holding)
		reactor_defer_stop(s->stream.reactor, &s->defer);
	s->holding = 0;
	tsm_gone(&s->reader, &s->input);
	tsm_gone(&s->writer, &s->output);
	reactor_stream_close(&s->stream);
}

/* What can be sent without waiting is sent, also by who is cancelled. */
int
task_stream_close(struct task_stream *s)
{
	struct task__use use = { .size = 0 };
	int result, error;

	if (task__self() == NULL || !s->open) {
		errno = task__self() == NULL ? EPERM : EBADF;
		return -1;
	}
	if (s->writer != NULL) {
		task_stream_abort(s);
		errno = EBUSY;
		return -1;
	}
	s->writer = &use;
	result = task__stream_drain(s, &use, 0);
	if (use.gone)
		return -1;
	error = errno;
	s->writer = NULL;
	task_stream_abort(s);
	errno = error;
	return result;
}
