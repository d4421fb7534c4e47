/*
 * SPDX-License-Identifier: ISC
 *
 * signal.c: tasks wait for signals.  What comes is handed to the first who
 * waits; if nobody does, it is added up for the next.
 *
 * The handler is a background one: tasks that wait are what keeps the loop
 * running.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include "coro/schedule.h"

struct tsg_wait {
	struct task__wait wait; /* must be first */
	struct reactor_signal_info info;
	unsigned count;
};

static void
tsg_describe(const struct task__wait *wait, char *text, size_t size)
{
	const struct task_signal *s = wait->object;

	(void)snprintf(text, size, "%d", s->handler.number);
}

static const struct task__wait_kind tsg_kind = {
	.what = "signal",
	.withdraw = task__withdraw,
	.describe = tsg_describe,
};

static void
tsg_take(struct task_signal *s, struct tsg_wait *w)
{
	w->info = s->info;
	w->count = s->count;
	s->count = 0;
}

static void
tsg_called(struct reactor *r, struct reactor_signal *handler,
    const struct reactor_signal_info *info)
{
	struct task_signal *s =
	    REACTOR_OWNER(handler, struct task_signal, handler);
	struct task__wait *wait = task__first_wait(&s->waiting);

	(void)r;
	s->info = *info;
	if (__builtin_add_overflow(s->count, info->count, &s->count) ||
	    s->count > INT_MAX)
		s->count = INT_MAX;
	if (wait == NULL)
		return;
	tsg_take(s, (struct tsg_wait *)wait);
	(void)task__wake_first(&s->waiting, 0);
}

int
task_signal_open(struct task_signal *s, int number)
{
	if (task__self() == NULL) {
		errno = EPERM;
		return -1;
	}
	memset(s, 0, sizeof(*s));
	s->handler.event.name = "tasks";
	s->handler.event.flags = REACTOR_BACKGROUND;
	s->handler.callback = tsg_called;
	s->handler.number = number;
	if (reactor_signal_start(task_reactor(), &s->handler) == 0)
		return 0;
	s->handler.callback = NULL;
	return -1;
}

int
task_signal_wait(struct task_signal *s, struct reactor_signal_info *info)
{
	struct task *self = task__self();
	struct tsg_wait w;

	if (task__checkpoint(self) == -1)
		return -1;
	if (s->handler.callback == NULL) {
		errno = EBADF;
		return -1;
	}
	if (s->count > 0) {
		tsg_take(s, &w);
	} else {
		task__wait_init(&w.wait, self, &tsg_kind, s);
		task__list_append(&s->waiting, &w.wait.link);
		if (task__park_outside(self, &w.wait) == -1)
			return -1;
	}
	if (info != NULL)
		*info = w.info;
	return (int)w.count;
}

void
task_signal_close(struct task_signal *s)
{
	if (s->handler.callback == NULL)
		return;
	s->handler.callback = NULL;
	s->count = 0;
	reactor_signal_stop(task_reactor(), &s->handler);
	task__wake_all(&s->waiting, EBADF);
}
