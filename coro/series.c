/*
 * SPDX-License-Identifier: ISC
 *
 * series.c: tasks as they end.
 *
 *   task.waiting --> watch      until it ends; then, if nobody waits for it:
 *   series.ended --> watch --> watch      in that order, until it is told
 *   series.waiting --> wait --> wait      of tasks that wait for the next
 */
#include <stdio.h>
#include <string.h>
#include "coro/schedule.h"

struct ser_entry {
	struct task__wait watch; /* must be first; in no list: it was told */
	struct task *task;
};

struct task_series {
	struct reactor_link ended, waiting;
	size_t all, left; /* tasks, and those that have not ended */
	struct ser_entry entries[];
};

struct ser_wait {
	struct task__wait wait; /* must be first */
	struct task *task;      /* the answer; NULL: there are no more */
};

/* ---- Their ends ---------------------------------------------------------- */

static void
ser_wake(struct task__wait *wait, struct task *ended)
{
	((struct ser_wait *)wait)->task = ended;
	task__list_remove(&wait->link);
	task__wake(wait, 0);
}

static void
ser_told(struct task__wait *watch, struct task *ended)
{
	struct task_series *series = watch->object;
	struct task__wait *wait = task__first_wait(&series->waiting);

	watch->link.next = NULL;
	series->left--;
	if (wait == NULL)
		task__list_append(&series->ended, &watch->link);
	else
		ser_wake(wait, ended);
	if (series->left > 0)
		return;
	while ((wait = task__first_wait(&series->waiting)) != NULL)
		ser_wake(wait, NULL);
}

static const struct task__wait_kind ser_watch = {
	.what = "the end of",
	.tell = ser_told,
};

/* ---- Opening and closing ------------------------------------------------- */

static struct task_series *
ser_new(size_t n)
{
	struct task_series *series;

	if (n > (SIZE_MAX - sizeof(*series)) / sizeof(series->entries[0])) {
		errno = ENOMEM;
		return NULL;
	}
	series = reactor__allocate(
	    NULL, sizeof(*series) + n * sizeof(series->entries[0]));
	if (series != NULL)
		memset(series, 0, sizeof(*series));
	return series;
}

static void
ser_add(struct task_series *series, struct task *self, struct task *t)
{
	struct ser_entry *entry = &series->entries[series->all++];

	entry->task = task_retain(t);
	task__wait_init(&entry->watch, self, &ser_watch, series);
	if (t->state == TASK_PENDING) {
		series->left++;
		task__list_append(&t->waiting, &entry->watch.link);
	} else {
		task__list_append(&series->ended, &entry->watch.link);
	}
}

struct task_series *
task_series_open(struct task *const *tasks, size_t n)
{
	struct task *self = task__self();
	struct task_series *series;
	size_t i;

	if (self == NULL) {
		errno = EPERM;
		return NULL;
	}
	if (task__is_other(self, tasks, n) == -1)
		return NULL;
	series = ser_new(n);
	if (series == NULL)
		return NULL;
	task__unmark(tasks, n);
	for (i = 0; i < n; i++)
		if (task__is_new(tasks[i]))
			ser_add(series, self, tasks[i]);
	return series;
}

void
task_series_close(struct task_series *series)
{
	struct ser_entry *entry;
	size_t i;

	if (series == NULL)
		return;
	task__wake_all(&series->waiting, EBADF);
	for (i = 0; i < series->all; i++) {
		entry = &series->entries[i];
		if (entry->watch.link.next != NULL)
			task__list_remove(&entry->watch.link);
		task_detach(entry->task);
	}
	(void)reactor__allocate(series, 0);
}

/* ---- The next ------------------------------------------------------------ */

static void
ser_describe(const struct task__wait *wait, char *text, size_t size)
{
	const struct task_series *series = wait->object;

	(void)snprintf(
	    text, size, "%zu tasks (%zu left)", series->all, series->left);
}

static const struct task__wait_kind ser_kind = {
	.what = "the next of",
	.withdraw = task__withdraw,
	.describe = ser_describe,
};

static struct task *
ser_take(struct task_series *series)
{
	struct ser_entry *entry =
	    (struct ser_entry *)task__first_wait(&series->ended);

	if (entry == NULL)
		return NULL;
	task__list_remove(&entry->watch.link);
	entry->watch.link.next = NULL;
	return entry->task;
}

/* When it is over, the series may have been closed. */
static int
ser_wait(struct task_series *series, struct task **task, int64_t timeout)
{
	struct ser_wait w = { .task = NULL };
	struct task_scope scope;
	int result;

	if (task_scope_enter(&scope, timeout) == -1)
		return -1;
	task__wait_init(&w.wait, task__self(), &ser_kind, series);
	task__list_append(&series->waiting, &w.wait.link);
	result = task__park(w.wait.task, &w.wait);
	(void)task_scope_leave(&scope);
	if (result == 0 && w.task != NULL)
		*task = w.task;
	return result == -1 ? -1 : w.task != NULL;
}

int
task_series_next(
    struct task_series *series, struct task **task, int64_t timeout)
{
	struct task *ended;

	if (task__checkpoint(task__self()) == -1)
		return -1;
	ended = ser_take(series);
	if (ended != NULL)
		*task = ended;
	if (ended != NULL || series->left == 0)
		return ended != NULL;
	if (timeout == 0) {
		errno = ETIMEDOUT;
		return -1;
	}
	return ser_wait(series, task, timeout);
}
