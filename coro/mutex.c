/*
 * SPDX-License-Identifier: ISC
 *
 * mutex.c: mutexes, and the conditions that are waited for inside of them.
 *
 *   condition.waiting --> wait --> wait
 *                           |  signal: from the first of one to the last of
 *                           v          the other
 *   mutex.waiting --> wait, wait --> wait
 *                       |  unlock: the first becomes the owner, then wakes
 *
 * So a task that was signalled wakes once, with the mutex.  From the signal on
 * it cannot be cancelled.
 *
 * A mutex holds a reference to its owner: if that ends without unlocking it,
 * the mutex stays locked, the dump can still say by whom, and no new task is
 * taken for the old one.
 */
#include <stdio.h>
#include "coro/schedule.h"

struct mx_wait {
	struct task__wait wait;
	struct task_mutex *mutex; /* to be locked afterwards */
};

/* ---- Words --------------------------------------------------------------- */

static void
mx_describe(const struct task__wait *wait, char *text, size_t size)
{
	const struct task_mutex *mutex = wait->object;
	char name[96];

	if (mutex->owner->state == TASK_PENDING) {
		(void)snprintf(text, size, "%p", wait->object);
		return;
	}
	task__describe_task(mutex->owner, name, sizeof(name));
	(void)snprintf(text, size, "%p, left locked by %s, which has ended",
	    wait->object, name);
}

static void
mx_describe_condition(const struct task__wait *wait, char *text, size_t size)
{
	const struct mx_wait *w = (const struct mx_wait *)wait;

	(void)snprintf(text, size, "%p, outside of the mutex %p", wait->object,
	    (void *)w->mutex);
}

static struct task *
mx_owner(const struct task__wait *wait)
{
	const struct task_mutex *mutex = wait->object;

	return mutex->owner->state == TASK_PENDING ? mutex->owner : NULL;
}

static const struct task__wait_kind mx_locking = {
	.what = "the mutex",
	.withdraw = task__withdraw,
	.describe = mx_describe,
	.owner = mx_owner,
};

/* By who waited for a condition: nothing keeps it from that. */
static const struct task__wait_kind mx_relocking = {
	.what = "the mutex",
	.describe = mx_describe,
	.owner = mx_owner,
};

static const struct task__wait_kind mx_waiting = {
	.what = "the condition",
	.withdraw = task__withdraw,
	.describe = mx_describe_condition,
};

/* ---- Mutexes ------------------------------------------------------------- */

static int
mx_lock(struct task_mutex *mutex, struct task *t,
    const struct task__wait_kind *kind)
{
	if (mutex->owner != NULL)
		return task__wait_in(&mutex->waiting, t, kind, mutex);
	mutex->owner = task_retain(t);
	return 0;
}

static void
mx_unlock(struct task_mutex *mutex)
{
	struct task__wait *wait = task__first_wait(&mutex->waiting);
	struct task *owner = mutex->owner;

	mutex->owner = wait != NULL ? task_retain(wait->task) : NULL;
	(void)task__wake_first(&mutex->waiting, 0);
	task_detach(owner);
}

static int
mx_fail(int error)
{
	errno = error;
	return -1;
}

int
task_mutex_lock(struct task_mutex *mutex)
{
	struct task *t = task__self();

	if (task__checkpoint(t) == -1)
		return -1;
	if (mutex->owner == t)
		return mx_fail(EDEADLK);
	return mx_lock(mutex, t, &mx_locking);
}

int
task_mutex_try_lock(struct task_mutex *mutex)
{
	struct task *t = task__self();

	if (t == NULL)
		return mx_fail(EPERM); /* there is nobody to own it */
	if (mutex->owner != NULL)
		return mx_fail(EBUSY);
	mutex->owner = task_retain(t);
	return 0;
}

int
task_mutex_unlock(struct task_mutex *mutex)
{
	struct task *t = task__self();

	if (t == NULL || mutex->owner != t)
		return mx_fail(EPERM);
	mx_unlock(mutex);
	return 0;
}

/* ---- Conditions ---------------------------------------------------------- */

static int
mx_wait(
    struct task_condition *condition, struct task_mutex *mutex, struct task *t)
{
	struct mx_wait w = { .mutex = mutex };

	task__wait_init(&w.wait, t, &mx_waiting, condition);
	task__list_append(&condition->waiting, &w.wait.link);
	mx_unlock(mutex);
	if (task__park(t, &w.wait) == 0)
		return 0; /* and it is ours */
	(void)mx_lock(mutex, t, &mx_relocking);
	return mx_fail(ECANCELED);
}

/*
 * No checkpoint: that might let others run before this task is in the list, and
 * a callback of the loop, which cannot lock, signal in vain.
 */
int
task_condition_wait(struct task_condition *condition, struct task_mutex *mutex)
{
	struct task *t = task__self();

	if (t == NULL || mutex->owner != t)
		return mx_fail(EPERM);
	if (t->cancelled)
		return task__refuse(t);
	return mx_wait(condition, mutex, t);
}

static void
mx_signal(struct task__wait *wait)
{
	struct task_mutex *mutex = ((struct mx_wait *)wait)->mutex;

	task__list_remove(&wait->link);
	if (mutex->owner != NULL) {
		wait->kind = &mx_relocking;
		wait->object = mutex;
		task__list_append(&mutex->waiting, &wait->link);
		return;
	}
	mutex->owner = task_retain(wait->task);
	task__wake(wait, 0);
}

void
task_condition_signal(struct task_condition *condition)
{
	struct task__wait *wait = task__first_wait(&condition->waiting);

	if (wait != NULL)
		mx_signal(wait);
}

void
task_condition_broadcast(struct task_condition *condition)
{
	struct task__wait *wait;

	while ((wait = task__first_wait(&condition->waiting)) != NULL)
		mx_signal(wait);
}
