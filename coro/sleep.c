/*
 * SPDX-License-Identifier: ISC
 *
 * sleep.c: waiting for a time.
 */
#include <string.h>
#include "coro/schedule.h"

struct slp_wait {
	struct task__wait wait;
	struct reactor_timer timer;
};

static void
slp_over(struct reactor *r, struct reactor_timer *timer)
{
	(void)r;
	task__wake(&REACTOR_OWNER(timer, struct slp_wait, timer)->wait, 0);
}

static void
slp_roused(struct task__wait *wait)
{
	struct slp_wait *sleep = (struct slp_wait *)wait;

	reactor_timer_stop(task_reactor(), &sleep->timer);
}

static void
slp_describe(const struct task__wait *wait, char *text, size_t size)
{
	const struct slp_wait *sleep = (const struct slp_wait *)wait;
	int64_t left =
	    sleep->timer.deadline - reactor__clock(REACTOR__MONOTONIC);

	(void)reactor__span(text, size, left > 0 ? left : 0);
}

static const struct task__wait_kind slp_kind = {
	.what = "a time, in",
	.withdraw = slp_roused,
	.describe = slp_describe,
};

int
task_sleep_until(int64_t deadline)
{
	struct task *t = task__self();
	struct slp_wait sleep;

	if (task__checkpoint(t) == -1)
		return -1;
	memset(&sleep.timer, 0, sizeof(sleep.timer));
	sleep.timer.event.name = t->name;
	sleep.timer.event.flags = task__background(t);
	sleep.timer.callback = slp_over;
	if (reactor_timer_start_at(task_reactor(), &sleep.timer, deadline) ==
	    -1)
		return -1;
	task__wait_init(&sleep.wait, t, &slp_kind, NULL);
	return task__park(t, &sleep.wait);
}

int
task_sleep(int64_t ns)
{
	struct task__loop *loop = coro__here.tasks;

	return task_sleep_until(
	    loop != NULL ? task__deadline(loop, ns > 0 ? ns : 0) : 0);
}

int64_t
task_now(void)
{
	struct task__loop *loop = coro__here.tasks;

	return loop != NULL ? task__now(loop)
			    : reactor__clock(REACTOR__MONOTONIC);
}
