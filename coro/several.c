/*
 * SPDX-License-Identifier: ISC
 *
 * several.c: one task waits for some of several others.
 *
 *   task.waiting --> watch --.
 *   task.waiting --> watch --+--> set.wait, of the one that is parked
 *   task.waiting --> watch --'
 *
 * A watch lies among those who wait for the end of a task, but is only told of
 * it: whether the one that waits is woken depends on what it waits for.
 */
#include <limits.h>
#include <stdio.h>
#include "coro/schedule.h"

#define SEV_FEW 16 /* watches on the stack */

struct sev_set {
	struct task__wait wait; /* must be first */
	size_t all, left;       /* that have not ended */
	int until;
};

static void
sev_withdraw(struct task__wait *wait)
{
	(void)wait; /* it is in no list */
}

static void
sev_describe(const struct task__wait *wait, char *text, size_t size)
{
	const struct sev_set *s = (const struct sev_set *)wait;
	const char *which = s->until == TASK_FIRST ? "the first"
	    : s->until == TASK_ALL                 ? "all"
						   : "all, or an error,";

	(void)snprintf(
	    text, size, "%s of %zu tasks (%zu left)", which, s->all, s->left);
}

static const struct task__wait_kind sev_kind = {
	.what = "the end of",
	.withdraw = sev_withdraw,
	.describe = sev_describe,
};

static int
sev_is_over(const struct sev_set *s, const struct task *ended)
{
	return s->left == 0 || s->until == TASK_FIRST ||
	    (s->until == TASK_FIRST_ERROR && ended->state == TASK_FAILED);
}

static void
sev_told(struct task__wait *watch, struct task *ended)
{
	struct sev_set *s = (struct sev_set *)watch->task->wait;

	watch->link.next = NULL;
	if (s == NULL)
		return; /* it was woken before, and will see */
	s->left--;
	if (sev_is_over(s, ended))
		task__wake(&s->wait, 0);
}

static const struct task__wait_kind sev_watch = {
	.what = "the end of",
	.tell = sev_told,
};

/* Counts each once; 1: what it waits for is the case already. */
static int
sev_look(struct sev_set *s, struct task *const *tasks, size_t n)
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
sev_watch_all(struct sev_set *s, struct task__wait *watch,
    struct task *const *tasks, size_t n)
{
	size_t i;

	task__unmark(tasks, n);
	for (i = 0; i < n; i++) {
		if (tasks[i]->state != TASK_PENDING || !task__is_new(tasks[i]))
			continue;
		task__wait_init(watch, s->wait.task, &sev_watch, tasks[i]);
		task__list_append(&tasks[i]->waiting, &watch->link);
		task_retain(tasks[i]);
		watch++;
	}
}

/* Returns how many have not ended. */
static size_t
sev_unwatch_all(struct task__wait *watch, size_t n)
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
sev_park(struct sev_set *s, int64_t timeout)
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
sev_wait(
    struct sev_set *s, struct task *const *tasks, size_t n, int64_t timeout)
{
	struct task__wait few[SEV_FEW], *watches = few;
	size_t watched = s->left;
	int result, error;

	if (watched > SEV_FEW) {
		watches = reactor__allocate(NULL, watched * sizeof(*watches));
		if (watches == NULL)
			return -1;
	}
	sev_watch_all(s, watches, tasks, n);
	result = sev_park(s, timeout);
	error = errno;
	s->left = sev_unwatch_all(watches, watched);
	if (watches != few)
		(void)reactor__allocate(watches, 0);
	errno = error;
	return result;
}

int
task_wait(struct task *const *tasks, size_t n, int until, int64_t timeout)
{
	struct task *self = task__self();
	struct sev_set s;

	if (task__checkpoint(self) == -1 ||
	    task__is_other(self, tasks, n) == -1)
		return -1;
	if (until < TASK_FIRST || until > TASK_ALL || n > INT_MAX) {
		errno = EINVAL;
		return -1;
	}
	task__wait_init(&s.wait, self, &sev_kind, NULL);
	s.until = until;
	if (!sev_look(&s, tasks, n) && timeout != 0 &&
	    sev_wait(&s, tasks, n, timeout) == -1)
		return -1;
	return (int)(s.all - s.left);
}
