/*
 * SPDX-License-Identifier: ISC
 *
 * task.c: tasks come and go.
 *
 *   spawn: a struct and a stack, both used before if possible; queued
 *   body:  function, clean-ups, outcome; who waits for it is woken
 */
#include <string.h>
#include "coro/cleanup.h"
#include "coro/float.h"
#include "coro/schedule.h"
#include "coro/stack.h"

/* ---- What runs on the stack ---------------------------------------------- */

static void
tk_outcome(struct task *t)
{
	if (t->result != -1 || errno == 0) {
		t->state = TASK_DONE;
	} else if (errno == ECANCELED && t->cancelled) {
		t->state = TASK_CANCELLED;
	} else {
		t->state = TASK_FAILED;
		t->error = errno;
	}
}

/*
 * How far down the stack there are scopes that the function forgot to leave:
 * the loop and other tasks still know them.  Inline, as what is called now would
 * write over them.
 */
static __attribute__((always_inline)) inline size_t
tk_left_behind(const struct task *t)
{
	const uintptr_t here = (uintptr_t)__builtin_frame_address(0),
			end = (uintptr_t)t->flow.stack->low;
	const struct task_scope *scope;
	uintptr_t low = here;

	for (scope = t->scope; scope != &t->root; scope = scope->outer)
		if ((uintptr_t)scope < low && (uintptr_t)scope > end)
			low = (uintptr_t)scope;
	return here - low;
}

static void
tk_unwind(struct task *t)
{
	struct task_group *group;
	int error = errno;

	while (t->scope != &t->root) {
		if ((t->scope->state & TASK__GROUP) == 0) {
			(void)task__scope_end(t->scope);
			continue;
		}
		group = REACTOR_OWNER(t->scope, struct task_group, scope);
		task_group_cancel(group);
		(void)task_group_leave(group, NULL, 0);
	}
	errno = error;
}

/* What the function has said is known now: clean-ups cannot change it. */
static void
tk_clean_up(struct task *t)
{
	int error = errno;

	coro__cleanup_run(&t->cleanups);
	errno = error;
}

/* Everything that the task itself does, and what its end means to others. */
static void
tk_run(struct task *t)
{
	void *gap;

	if (t->cancelled) {
		t->state = TASK_CANCELLED;
	} else {
		t->bits |= TASK__BEGUN;
		errno = 0;
		t->result = t->function(t->argument);
		if (t->scope != &t->root) {
			gap = __builtin_alloca(tk_left_behind(t));
			__asm__ volatile("" : : "r"(gap) : "memory");
			tk_unwind(t);
		}
		if (t->cleanups != NULL)
			tk_clean_up(t);
		tk_outcome(t);
	}
	if (t->dispose != NULL)
		t->dispose(t->argument);
}

/* In the order of their coming. */
static void
tk_tell(struct task *t)
{
	struct task__wait *wait;

	while ((wait = task__first_wait(&t->waiting)) != NULL) {
		task__list_remove(&wait->link);
		if (wait->kind->tell != NULL)
			wait->kind->tell(wait, t);
		else
			task__wake(wait, 0);
	}
}

static void
tk_ended(struct task__loop *loop, struct task *t)
{
	t->root.state &= ~(unsigned)TASK__ENTERED;
	task__list_remove(&t->all);
	loop->tasks--;
	if ((t->flags & TASK_BACKGROUND) == 0)
		loop->foreground--;
	if (loop->foreground == 0) {
		reactor_post_stop(loop->reactor, &loop->keep);
		reactor_wake(loop->reactor); /* from the wait that comes now */
	}
	if (task__list_first(&t->waiting) != NULL)
		tk_tell(t);
	if (t->group != NULL)
		task__group_ended(t->group, t);
	if (t == loop->main)
		reactor_stop(loop->reactor);
}

static void
tk_body(struct coro__flow *flow)
{
	struct task__loop *loop = coro__here.tasks;
	struct coro__stack *stack = flow->stack;
	struct task *t = TASK__OF(flow);

	tk_run(t);
	tk_ended(loop, t);
	if (loop->traced)
		task__trace(loop, t, TASK__END);
	flow->stack = NULL;
	coro__stack_give(stack);
	task_detach(t);
	task__leave(loop, t, stack);
}

static const char *
tk_name(const struct coro__flow *flow)
{
	return TASK__OF((uintptr_t)flow)->name;
}

static const char *
tk_place(const struct coro__flow *flow)
{
	return TASK__OF((uintptr_t)flow)->place;
}

static const struct coro__kind tk_kind = {
	.noun = "task",
	.body = tk_body,
	.name = tk_name,
	.place = tk_place,
};

/* Nobody waits for it any more, but what it waits for must forget it. */
void
task__abandon(struct task__loop *loop, struct task *t)
{
	if (t->wait != NULL && t->wait->kind->withdraw != NULL)
		t->wait->kind->withdraw(t->wait);
	task__scope_unwind(t);
	coro__cleanup_drop(&t->cleanups);
	if (t->group != NULL)
		task__list_remove(&t->sibling);
	t->state = TASK_CANCELLED;
	task__list_remove(&t->all);
	loop->tasks--;
	task_detach(t);
}

/* ---- Spawning ------------------------------------------------------------ */

static struct task *
tk_new(struct task__loop *loop, size_t stack_size)
{
	struct task *t = task__struct(loop);

	if (t == NULL ||
	    coro__stack_take(&t->flow, stack_size, loop->context) == 0)
		return t;
	task__struct_back(loop, t);
	return NULL;
}

static int
tk_attributes(struct task *t, const struct task_attributes *attributes)
{
	t->flags = (unsigned char)attributes->flags;
	t->dispose = attributes->dispose;
	return attributes->name != NULL ? task_set_name(t, attributes->name)
					: 0;
}

static int
tk_check(struct task__loop *loop, const struct task_group *group,
    const struct task_attributes *attributes, size_t *stack_size)
{
	if (loop == NULL || (loop->ending && group == NULL)) {
		errno = loop == NULL ? EPERM : ESHUTDOWN;
		return -1;
	}
	*stack_size = loop->stack_size;
	if (attributes == NULL)
		return 0;
	if ((attributes->flags & ~(unsigned)TASK_BACKGROUND) != 0) {
		errno = EINVAL;
		return -1;
	}
	if (attributes->stack_size != 0)
		*stack_size = coro__stack_size(attributes->stack_size);
	return *stack_size != 0 ? 0 : -1;
}

/* The last that can fail is done: from here on the task exists. */
static void
tk_enlist(struct task__loop *loop, struct task *t)
{
	t->references = 2; /* the caller's, and that of life */
	t->number = (unsigned)++loop->stats.spawned;
	task__list_append(&loop->all, &t->all);
	loop->tasks++;
	if ((t->flags & TASK_BACKGROUND) == 0 && loop->foreground++ == 0)
		(void)reactor_post_start(loop->reactor, &loop->keep);
	if (loop->traced)
		task__trace(loop, t, TASK__SPAWN);
	task__ready(loop, t);
}

static struct task *
tk_give_up(struct task__loop *loop, struct task *t)
{
	int error = errno;

	task__unname(t);
	coro__stack_give(t->flow.stack);
	task__struct_back(loop, t);
	errno = error;
	return NULL;
}

struct task *
task_spawn_at(struct task_group *group, task_fn *function, void *argument,
    const struct task_attributes *attributes, const char *name,
    const char *place)
{
	struct task__loop *loop = coro__here.tasks;
	size_t stack_size;
	struct task *t;

	if (tk_check(loop, group, attributes, &stack_size) == -1 ||
	    (t = tk_new(loop, stack_size)) == NULL)
		return NULL;
	t->flow.kind = &tk_kind;
	t->function = function;
	t->argument = argument;
	t->name = name;
	t->place = place;
	t->budget = TASK__BUDGET;
	if ((attributes != NULL && tk_attributes(t, attributes) == -1) ||
	    (group != NULL && task__group_join(group, t) == -1))
		return tk_give_up(loop, t);
	task__scope_root(t, group != NULL ? &group->scope : NULL);
	if (coro__here.extras & CORO__FLOAT) {
		coro__float_save(t->flow.control);
		t->flow.flags |= CORO__SAVED;
	}
	tk_enlist(loop, t);
	return t;
}

struct coro__cleanup **
task__cleanups(void)
{
	struct task *t = task__self();

	return t != NULL ? &t->cleanups : NULL;
}
