/*
 * SPDX-License-Identifier: ISC
 *
 * gather.c: one task and several others: runs them, or waits for them.
 *
 *   task.waiting --> watch --.
 *   task.waiting --> watch --+--> several.wait, of the one that is parked
 *   task.waiting --> watch --'
 *
 * A watch lies among those who wait for the end of a task, but is only told of
 * it: whether the one that waits is woken depends on what it waits for.
 */
#include <limits.h>
#include <stdio.h>
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

/* ---- Waiting for several ------------------------------------------------- */

#define GA_FEW 16 /* watches on the stack */

struct ga_several {
	struct task__wait wait; /* must be first */
	size_t all, left;       /* that have not ended */
	int until;
};

static void
ga_withdraw(struct task__wait *wait)
{
	(void)wait; /* it is in no list */
}

static void
ga_describe(const struct task__wait *wait, char *text, size_t size)
{
	const struct ga_several *s = (const struct ga_several *)wait;
	const char *which = s->until == TASK_FIRST ? "the first"
	    : s->until == TASK_ALL                 ? "all"
						   : "all, or an error,";

	(void)snprintf(
	    text, size, "%s of %zu tasks (%zu left)", which, s->all, s->left);
}

static const struct task__wait_kind ga_kind = {
	.what = "the end of",
	.withdraw = ga_withdraw,
	.describe = ga_describe,
};

static int
ga_is_over(const struct ga_several *s, const struct task *ended)
{
	return s->left == 0 || s->until == TASK_FIRST ||
	    (s->until == TASK_FIRST_ERROR && ended->state == TASK_FAILED);
}

static void
ga_told(struct task__wait *watch, struct task *ended)
{
	struct ga_several *s = (struct ga_several *)watch->task->wait;

	watch->link.next = NULL;
	if (s == NULL)
		return; /* it was woken before, and will see */
	s->left--;
	if (ga_is_over(s, ended))
		task__wake(&s->wait, 0);
}

static const struct task__wait_kind ga_watch = {
	.what = "the end of",
	.tell = ga_told,
};

/* Counts each once; 1: what it waits for is the case already. */
static int
ga_look(struct ga_several *s, struct task *const *tasks, size_t n)
{
	int over = 0;
	size_t i;

	s->all = s->left = 0;
	task__unmark(tasks, n);
	for (i = 0; i < n; i++) {
		if (!task__is_new(tasks[i]))
			continue;
		s->all++;
		if (tasks[i]->state == TASK_PENDING)
			s->left++;
		else if (s->until == TASK_FIRST ||
		    (s->until == TASK_FIRST_ERROR &&
			tasks[i]->state == TASK_FAILED))
			over = 1;
	}
	return over || s->left == 0;
}

static void
ga_watch_all(struct ga_several *s, struct task__wait *watch,
    struct task *const *tasks, size_t n)
{
	size_t i;

	task__unmark(tasks, n);
	for (i = 0; i < n; i++) {
		if (tasks[i]->state != TASK_PENDING || !task__is_new(tasks[i]))
			continue;
		task__wait_init(watch, s->wait.task, &ga_watch, tasks[i]);
		task__list_append(&tasks[i]->waiting, &watch->link);
		task_retain(tasks[i]);
		watch++;
	}
}

/* Returns how many have not ended. */
static size_t
ga_unwatch_all(struct task__wait *watch, size_t n)
{
	size_t left = 0;

	for (; n-- > 0; watch++) {
		if (watch->link.next != NULL) {
			task__list_remove(&watch->link);
			left++;
		}
		task_detach(watch->object);
	}
	return left;
}

/* 0 also when the time is over. */
static int
ga_park(struct ga_several *s, int64_t timeout)
{
	struct task_scope scope;
	int result;

	if (task_scope_enter(&scope, timeout) == -1)
		return -1;
	result = task__park(s->wait.task, &s->wait);
	if (task_scope_leave(&scope) == -1 && errno == ETIMEDOUT)
		result = 0;
	return result;
}

static int
ga_wait(
    struct ga_several *s, struct task *const *tasks, size_t n, int64_t timeout)
{
	struct task__wait few[GA_FEW], *watches = few;
	size_t watched = s->left;
	int result, error;

	if (watched > GA_FEW) {
		watches = reactor__allocate(NULL, watched * sizeof(*watches));
		if (watches == NULL)
			return -1;
	}
	ga_watch_all(s, watches, tasks, n);
	result = ga_park(s, timeout);
	error = errno;
	s->left = ga_unwatch_all(watches, watched);
	if (watches != few)
		(void)reactor__allocate(watches, 0);
	errno = error;
	return result;
}

int
task_wait(struct task *const *tasks, size_t n, int until, int64_t timeout)
{
	struct task *self = task__self();
	struct ga_several s;

	if (task__checkpoint(self) == -1 ||
	    task__is_other(self, tasks, n) == -1)
		return -1;
	if (until < TASK_FIRST || until > TASK_ALL || n > INT_MAX) {
		errno = EINVAL;
		return -1;
	}
	task__wait_init(&s.wait, self, &ga_kind, NULL);
	s.until = until;
	if (!ga_look(&s, tasks, n) && timeout != 0 &&
	    ga_wait(&s, tasks, n, timeout) == -1)
		return -1;
	return (int)(s.all - s.left);
}
