/*
 * SPDX-License-Identifier: ISC
 *
 * semaphore.c: semaphores.  A post that finds somebody waiting goes to the
 * first of them; only otherwise the value grows.  So nobody waits while it is
 * not 0.
 */
#include <stdio.h>
#include "coro/schedule.h"

static void
sm_describe(const struct task__wait *wait, char *text, size_t size)
{
	(void)snprintf(text, size, "%p", wait->object);
}

static const struct task__wait_kind sm_kind = {
	.what = "the semaphore",
	.withdraw = task__withdraw,
	.describe = sm_describe,
};

int
task_semaphore_wait(struct task_semaphore *semaphore)
{
	struct task *t = task__self();

	if (task__checkpoint(t) == -1)
		return -1;
	if (semaphore->value == 0)
		return task__wait_in(
		    &semaphore->waiting, t, &sm_kind, semaphore);
	semaphore->value--;
	return 0;
}

int
task_semaphore_try_wait(struct task_semaphore *semaphore)
{
	if (semaphore->value == 0) {
		errno = EAGAIN;
		return -1;
	}
	semaphore->value--;
	return 0;
}

int
task_semaphore_post(struct task_semaphore *semaphore)
{
	if (task__wake_first(&semaphore->waiting, 0))
		return 0;
	if (semaphore->value == SIZE_MAX) {
		errno = EOVERFLOW;
		return -1;
	}
	semaphore->value++;
	return 0;
}
