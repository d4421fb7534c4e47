/*
 * SPDX-License-Identifier: ISC
 *
 * await.c: what others do with a task: wait for its end, cancel it, name it.
 */
#include <string.h>
#include "coro/schedule.h"
#include "coro/stack.h"

static void
aw_describe(const struct task__wait *wait, char *text, size_t size)
{
	task__describe_task(wait->object, text, size);
}

static struct task *
aw_owner(const struct task__wait *wait)
{
	return wait->object;
}

const struct task__wait_kind task__wait_end = {
	.what = "the end of",
	.withdraw = task__withdraw,
	.describe = aw_describe,
	.owner = aw_owner,
};

int
task_await(struct task *t, struct task_outcome *outcome)
{
	struct task *self = task__self();
	int result = 0;

	if (task__checkpoint(self) == -1)
		return -1;
	if (t == self) {
		errno = EDEADLK;
		return -1;
	}
	task_retain(t);
	if (t->state == TASK_PENDING)
		result = task__wait_in(&t->waiting, self, &task__wait_end, t);
	if (result == 0 && outcome != NULL)
		task_peek(t, outcome);
	if (result == 0)
		t->bits |= TASK__OBSERVED;
	task_detach(t);
	return result;
}

void
task_peek(const struct task *t, struct task_outcome *outcome)
{
	outcome->state = t->state;
	outcome->error = t->state == TASK_FAILED ? t->error : 0;
	outcome->result = t->state == TASK_DONE ? t->result : 0;
	if (t->state != TASK_PENDING)
		((struct task *)(uintptr_t)t)->bits |= TASK__OBSERVED;
}

int
task_cancel(struct task *t)
{
	if (t->state != TASK_PENDING || (t->root.state & TASK__ENTERED) == 0) {
		errno = EALREADY;
		return -1;
	}
	task_scope_cancel(&t->root);
	return 0;
}

struct task *
task_self(void)
{
	return task__self();
}

const char *
task_name(const struct task *t)
{
	return t->name;
}

int
task_set_name(struct task *t, const char *name)
{
	size_t size = strlen(name) + 1;
	char *copy = reactor__allocate(NULL, size);

	if (copy == NULL)
		return -1;
	memcpy(copy, name, size);
	task__unname(t);
	t->name = copy;
	t->bits |= TASK__NAMED;
	return 0;
}

const char *
task_place(const struct task *t)
{
	return t->place;
}

int
task_stack(const struct task *t, struct coro_stack_info *info)
{
	if (t->flow.stack == NULL) {
		errno = ESRCH;
		return -1;
	}
	coro__stack_info(t->flow.stack, info);
	return 0;
}
