/*
 * SPDX-License-Identifier: ISC
 *
 * future.c: tasks wait for jobs of an executor: for their end, and for a place
 * in the queue.
 */
#include <string.h>
#include "coro/schedule.h"

/* ---- The end of a job ---------------------------------------------------- */

struct fu_wait {
	struct task__wait wait; /* must be first */
	struct reactor_done done;
};

static void
fu_done(struct reactor *r, struct reactor_done *done)
{
	(void)r;
	task__wake(&REACTOR_OWNER(done, struct fu_wait, done)->wait, 0);
}

/* A job that has ended has a result, which is not to be lost. */
static void
fu_withdraw(struct task__wait *wait)
{
	struct fu_wait *w = (struct fu_wait *)wait;
	int ended =
	    reactor_future_cancel(w->done.future) == -1 && errno == EALREADY;

	reactor_done_stop(task_reactor(), &w->done);
	if (ended)
		task__wake(wait, 0);
}

static void
fu_describe(const struct task__wait *wait, char *text, size_t size)
{
	const struct fu_wait *w = (const struct fu_wait *)wait;

	(void)reactor__quote(text, size, reactor_future_name(w->done.future));
}

static const struct task__wait_kind fu_kind = {
	.what = "the job",
	.withdraw = fu_withdraw,
	.describe = fu_describe,
};

/* Who does not even begin to wait does not want it either. */
static void
fu_cancel(struct reactor_future *future)
{
	(void)reactor_future_cancel(future);
	errno = ECANCELED;
}

static int
fu_park(struct task *self, struct reactor_future *future)
{
	struct fu_wait w;

	memset(&w, 0, sizeof(w));
	w.done.post.event.name = "tasks";
	w.done.post.event.flags = task__background(self);
	w.done.callback = fu_done;
	w.done.future = future;
	if (reactor_done_start(task_reactor(), &w.done) == -1)
		return -1;
	task__wait_init(&w.wait, self, &fu_kind, future);
	return task__park_outside(self, &w.wait);
}

int
task_await_future(
    struct reactor_future *future, struct reactor_outcome *outcome)
{
	struct task *self = task__self();
	struct reactor_outcome now;

	if (task__checkpoint(self) == -1) {
		if (errno == ECANCELED)
			fu_cancel(future);
		return -1;
	}
	reactor_future_peek(future, &now);
	if ((now.state == REACTOR_PENDING || now.state == REACTOR_RUNNING) &&
	    fu_park(self, future) == -1)
		return -1;
	if (outcome != NULL)
		reactor_future_peek(future, outcome);
	return 0;
}

/* ---- A place in the queue ------------------------------------------------ */

struct fu_submit {
	struct task__wait wait; /* must be first */
	struct reactor_room room;
	struct reactor_job_attributes attributes;
	reactor_job_fn *function;
	const void *bytes;
	size_t size;
	const char *name;
	struct reactor_future *future; /* or NULL */
};

/* Without waiting.  0: the queue is full. */
static int
fu_try(struct fu_submit *s)
{
	s->future = reactor_submit_as(s->room.executor, s->function, s->bytes,
	    s->size, &s->attributes, s->name);
	return s->future != NULL || errno != EAGAIN;
}

/* The place is taken here, for the task, before another can come. */
static void
fu_room(struct reactor *r, struct reactor_room *room)
{
	struct fu_submit *s = REACTOR_OWNER(room, struct fu_submit, room);

	if (!fu_try(s) && reactor_room_start(r, room) == 0)
		return;
	task__wake(&s->wait, s->future != NULL ? 0 : errno);
}

static void
fu_leave(struct task__wait *wait)
{
	struct fu_submit *s = (struct fu_submit *)wait;

	reactor_room_stop(task_reactor(), &s->room);
}

static const struct task__wait_kind fu_queue = {
	.what = "room in an executor's queue",
	.withdraw = fu_leave,
};

static int
fu_wait_for_room(struct fu_submit *s, struct task *self)
{
	s->room.post.event.name = "tasks";
	s->room.post.event.flags = task__background(self);
	s->room.callback = fu_room;
	if (reactor_room_start(task_reactor(), &s->room) == -1)
		return -1;
	task__wait_init(&s->wait, self, &fu_queue, NULL);
	return task__park_outside(self, &s->wait);
}

struct reactor_future *
task_submit_as(struct reactor_executor *executor, reactor_job_fn *function,
    const void *bytes, size_t size, const struct reactor_job_attributes *given,
    const char *name)
{
	struct task *self = task__self();
	struct fu_submit s;
	int try = given != NULL && (given->flags & REACTOR_TRY) != 0;

	if (task__checkpoint(self) == -1)
		return NULL;
	memset(&s, 0, sizeof(s));
	if (given != NULL)
		s.attributes = *given;
	s.attributes.flags |= REACTOR_TRY;
	s.room.executor = executor;
	s.function = function;
	s.bytes = bytes;
	s.size = size;
	s.name = name;
	if (!fu_try(&s) && (try || fu_wait_for_room(&s, self) == -1))
		return NULL;
	return s.future;
}

/* ---- Both ---------------------------------------------------------------- */

struct reactor_future *
task_execute_as(struct reactor_executor *executor, reactor_job_fn *function,
    const void *bytes, size_t size,
    const struct reactor_job_attributes *attributes,
    struct reactor_outcome *outcome, const char *name)
{
	struct reactor_future *future =
	    task_submit_as(executor, function, bytes, size, attributes, name);
	int error;

	if (future == NULL || task_await_future(future, outcome) == 0)
		return future;
	error = errno;
	reactor_future_detach(future);
	errno = error;
	return NULL;
}
