/*
 * SPDX-License-Identifier: ISC
 *
 * event.c: events: something has happened, and stays so until it is cleared.
 * Who was waiting when it was set has seen it, whatever comes next.
 */
#include <stdio.h>
#include "coro/schedule.h"

static void
et_describe(const struct task__wait *wait, char *text, size_t size)
{
	(void)snprintf(text, size, "%p", wait->object);
}

static const struct task__wait_kind et_kind = {
	.what = "the event",
	.withdraw = task__withdraw,
	.describe = et_describe,
};

int
task_event_wait(struct task_event *event)
{
	struct task *t = task__self();

	if (task__checkpoint(t) == -1)
		return -1;
	if (event->set)
		return 0;
	return task__wait_in(&event->waiting, t, &et_kind, event);
}

void
task_event_set(struct task_event *event)
{
	event->set = 1;
	task__wake_all(&event->waiting, 0);
}

void
task_event_clear(struct task_event *event)
{
	event->set = 0;
}
