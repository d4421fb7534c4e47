/*
 * SPDX-License-Identifier: ISC
 *
 * gather.c: waits for tasks that are cancelled along with the one who waits, and
 * never outlive the call: several that are run for it, or one that is there.
 */
#include <string.h>
#include "coro/schedule.h"

/* ---- Running them -------------------------------------------------------- */

/* Until they have ended, the results are the tasks. */
static int
ga_spawn(struct task_group *group, struct task_call *calls, size_t n)
{
	const struct task_attributes attributes = {
		.flags = task__self()->flags & TASK_BACKGROUND,
	};
	const char *name;
	struct task *t;
	size_t i;

	for (i = 0; i < n; i++) {
		name = calls[i].name != NULL ? calls[i].name : "task_gather";
		t = task_spawn_at(group, calls[i].function, calls[i].argument,
		    &attributes, name, "task_gather");
		if (t == NULL)
			return -1;
		calls[i].outcome.result = (intptr_t)t;
	}
	return 0;
}

static void
ga_tell(struct task_call *calls, size_t n)
{
	struct task *t;
	size_t i;

	for (i = 0; i < n; i++) {
		t = (struct task *)calls[i].outcome.result;
		if (t == NULL)
			return;
		task_peek(t, &calls[i].outcome);
		task_detach(t);
	}
}

/* What does not run is cancelled. */
static void
ga_init(struct task_call *calls, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		memset(&calls[i].outcome, 0, sizeof(calls[i].outcome));
		calls[i].outcome.state = TASK_CANCELLED;
	}
}

int
task_gather(struct task_call *calls, size_t n, int policy)
{
	struct task_group group;
	int failed = 0, error;

	ga_init(calls, n);
	if (task__checkpoint(task__self()) == -1 ||
	    task_group_enter(&group, policy) == -1)
		return -1;
	if (ga_spawn(&group, calls, n) == -1) {
		failed = errno;
		task_group_cancel(&group); /* none of them has begun */
	}
	if (task_group_leave(&group, NULL, 0) == -1 && failed == 0)
		failed = errno;
	error = errno;
	ga_tell(calls, n);
	errno = failed != 0 ? failed : error;
	return failed != 0 ? -1 : 0;
}

/* ---- Waiting for one, and not for ever ----------------------------------- */

static void
ga_describe_one(const struct task__wait *wait, char *text, size_t size)
{
	task__describe_task(wait->object, text, size);
}

static struct task *
ga_owner(const struct task__wait *wait)
{
	return wait->object;
}

/* It was cancelled for our sake, and must not outlive that. */
static const struct task__wait_kind ga_firm = {
	.what = "the end of",
	.describe = ga_describe_one,
	.owner = ga_owner,
};

/* The error is why it was not waited for: what it did after all counts. */
static int
ga_end(struct task *t, struct task_outcome *outcome, int error)
{
	struct task_outcome own;

	(void)task_cancel(t);
	if (t->state == TASK_PENDING)
		(void)task__wait_in(&t->waiting, task__self(), &ga_firm, t);
	task_peek(t, &own);
	if (outcome != NULL)
		*outcome = own;
	errno = error;
	return error == ETIMEDOUT && own.state != TASK_CANCELLED ? 0 : -1;
}

int
task_wait_for(struct task *t, int64_t timeout, struct task_outcome *outcome)
{
	struct task *self = task__self();
	struct task_scope scope;
	int result, error;

	if (self == NULL || t == self) {
		errno = self == NULL ? EPERM : EDEADLK;
		return -1;
	}
	if (task_scope_enter(&scope, timeout) == -1)
		return -1;
	task_retain(t);
	result = task_await(t, outcome);
	(void)task_scope_leave(&scope);
	if (result == -1)
		result = ga_end(t, outcome, errno);
	error = errno;
	task_detach(t);
	errno = error;
	return result;
}
