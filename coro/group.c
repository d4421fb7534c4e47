/*
 * SPDX-License-Identifier: ISC
 *
 * group.c: tasks that belong together: none of them outlives the group.
 */
#include <stdio.h>
#include <string.h>
#include "coro/schedule.h"

static void
gr_describe(const struct task__wait *wait, char *text, size_t size)
{
	const struct task_group *group = wait->object;

	(void)snprintf(text, size, "(%zu left)", group->running);
}

static const struct task__wait_kind gr_kind = {
	.what = "the tasks of its group",
	.describe = gr_describe,
};

int
task_group_enter(struct task_group *group, int policy)
{
	if (policy < TASK_FAIL_FAST || policy > TASK_FIRST_SUCCESS) {
		errno = EINVAL;
		return -1;
	}
	memset(group, 0, sizeof(*group));
	group->policy = policy;
	group->last = &group->failures;
	return task__scope_enter(&group->scope, INT64_MAX, TASK__GROUP);
}

void
task_group_cancel(struct task_group *group)
{
	task_scope_cancel(&group->scope);
}

int
task__group_join(struct task_group *group, struct task *t)
{
	if (group->closed || (group->scope.state & TASK__ENTERED) == 0 ||
	    task__scope_effective(&group->scope)) {
		errno = ESHUTDOWN;
		return -1;
	}
	t->group = group;
	t->sibling.next = &group->scope.members;
	t->sibling.prev = group->scope.members.prev;
	t->sibling.prev->next = &t->sibling;
	group->scope.members.prev = &t->sibling;
	group->running++;
	return 0;
}

/* Kept until the group is left: its name and place will be asked for. */
static void
gr_failed(struct task_group *group, struct task *t)
{
	group->failed++;
	t->bits |= TASK__OBSERVED;
	t->next = NULL;
	*group->last = task_retain(t);
	group->last = &t->next;
	if (group->policy == TASK_FAIL_FAST)
		task_group_cancel(group);
}

static void
gr_succeeded(struct task_group *group, struct task *t)
{
	if (group->succeeded++ == 0)
		group->result = t->result;
	if (group->policy == TASK_FIRST_SUCCESS)
		task_group_cancel(group);
}

void
task__group_ended(struct task_group *group, struct task *t)
{
	task__list_remove(&t->sibling);
	t->group = NULL;
	t->root.outer = NULL;
	group->running--;
	if (t->state == TASK_FAILED)
		gr_failed(group, t);
	else if (t->state == TASK_DONE)
		gr_succeeded(group, t);
	else
		group->cancelled++;
	if (group->running == 0 && group->waiting != NULL)
		task__wake(group->waiting, 0);
}

static void
gr_wait(struct task_group *group, struct task *t)
{
	struct task__wait wait;

	while (group->running > 0) {
		task__wait_init(&wait, t, &gr_kind, group);
		group->waiting = &wait;
		(void)task__park(t, &wait);
		group->waiting = NULL;
	}
	group->closed = 1;
}

/* Writes as many as fit, and lets go of all. */
static void
gr_tell(struct task_group *group, struct task_failure *failures, size_t max)
{
	struct task *t;
	size_t i;

	for (i = 0; (t = group->failures) != NULL; i++) {
		if (i < max) {
			failures[i].place = t->place;
			failures[i].error = t->error;
			(void)snprintf(failures[i].name,
			    sizeof(failures[i].name), "%s", t->name);
		}
		group->failures = t->next;
		task_detach(t);
	}
}

static int
gr_result(struct task_group *group, int blame)
{
	if (group->policy == TASK_FIRST_SUCCESS && group->succeeded > 0)
		return 0;
	if (group->failures != NULL)
		return group->failures->error;
	if (blame != 0)
		return blame;
	if (group->cancelled > 0 && task__scope_effective(&group->scope))
		return ECANCELED;
	return group->policy == TASK_FIRST_SUCCESS ? ESRCH : 0;
}

int
task_group_leave(
    struct task_group *group, struct task_failure *failures, size_t max)
{
	struct task *t = task__self();
	int error = errno, result;

	if (t == NULL || t->scope != &group->scope) {
		errno = t == NULL ? EPERM : EINVAL;
		return -1;
	}
	gr_wait(group, t);
	/* Whoever cancelled it is responsible, as for a call of our own. */
	if (group->cancelled > 0 && t->cancelled)
		task__scope_told(t);
	result = gr_result(group, task__scope_end(&group->scope));
	gr_tell(group, failures, max);
	errno = result != 0 ? result : error;
	return result != 0 ? -1 : 0;
}
