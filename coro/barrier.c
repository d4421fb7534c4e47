/*
 * SPDX-License-Identifier: ISC
 *
 * barrier.c: barriers.  The last of the parties wakes the others and begins
 * anew, before any of them runs: whoever comes then is of the next generation.
 */
#include <stdio.h>
#include "coro/schedule.h"

static void
br_withdraw(struct task__wait *wait)
{
	struct task_barrier *barrier = wait->object;

	task__list_remove(&wait->link);
	barrier->arrived--;
}

static void
br_describe(const struct task__wait *wait, char *text, size_t size)
{
	const struct task_barrier *barrier = wait->object;

	(void)snprintf(text, size, "%p, where %u of %u are", wait->object,
	    barrier->arrived, barrier->parties);
}

static const struct task__wait_kind br_kind = {
	.what = "the barrier",
	.withdraw = br_withdraw,
	.describe = br_describe,
};

int
task_barrier_wait(struct task_barrier *barrier)
{
	struct task *t = task__self();

	if (task__checkpoint(t) == -1)
		return -1;
	if (barrier->parties == 0) {
		errno = EINVAL;
		return -1;
	}
	if (++barrier->arrived < barrier->parties)
		return task__wait_in(&barrier->waiting, t, &br_kind, barrier);
	barrier->arrived = 0;
	task__wake_all(&barrier->waiting, 0);
	return 1;
}
