/*
 * SPDX-License-Identifier: ISC
 *
 * scope.c: cancellation.  Scopes form a tree: inside each other in a task, and
 * the root of a task inside the group that it lives in.
 *
 *   root of task 1 <-- scope <-- group's scope <-- root of task 2 <-- scope
 *                                              <-- root of task 3
 *
 * A scope is effectively cancelled if it was cancelled itself, or one that
 * encloses it and is not kept away by a shield.  That is worked out downwards
 * when something changes, so that a call need only look at a byte of its task.
 *
 * The model is that of trio (N. J. Smith, "Timeouts and cancellation for
 * humans", 2018): the state stays until the scope is left, and whose time-out
 * it was is told by that scope alone.
 */
#include <string.h>
#include "coro/schedule.h"

/* ---- The tree ------------------------------------------------------------ */

static struct task_scope *
sco_member(struct reactor_link *link, const struct task_scope *scope)
{
	return link == &scope->members
	    ? NULL
	    : &REACTOR_OWNER(link, struct task, sibling)->root;
}

static struct task_scope *
sco_first_member(struct task_scope *scope)
{
	return sco_member(scope->members.next, scope);
}

static struct task_scope *
sco_child(struct task_scope *scope)
{
	return scope->inner != NULL ? scope->inner : sco_first_member(scope);
}

/* What comes after the whole of that scope, inside of top; or NULL. */
static struct task_scope *
sco_after(struct task_scope *scope, const struct task_scope *top)
{
	struct task_scope *outer, *next;

	for (; scope != top; scope = outer) {
		outer = scope->outer;
		next = scope == outer->inner
		    ? sco_first_member(outer)
		    : sco_member(scope->task->sibling.next, outer);
		if (next != NULL)
			return next;
	}
	return NULL;
}

/* ---- Cancelling ---------------------------------------------------------- */

void
task__interrupt(struct task *t)
{
	struct task__wait *wait = t->wait;

	if (wait == NULL || wait->kind->withdraw == NULL || !t->cancelled)
		return;
	wait->kind->withdraw(wait);
	if (t->wait == wait)
		task__wake(wait, ECANCELED);
}

/* The innermost scope of a task is where it is. */
static void
sco_settle(struct task_scope *scope)
{
	struct task *t = scope->task;

	if (t->scope != scope)
		return;
	t->cancelled = (scope->state & TASK__EFFECTIVE) != 0;
	task__interrupt(t);
}

static int
sco_is_effective(const struct task_scope *scope)
{
	return (scope->state & TASK__CALLED) != 0 ||
	    ((scope->state & TASK__SHIELD) == 0 && scope->outer != NULL &&
		(scope->outer->state & TASK__EFFECTIVE) != 0);
}

/* Downwards, as far as something changes. */
static void
sco_spread(struct task_scope *top)
{
	struct task_scope *scope = top, *child;

	while (scope != NULL) {
		child = NULL;
		if ((scope->state & TASK__EFFECTIVE) == 0 &&
		    sco_is_effective(scope)) {
			scope->state |= TASK__EFFECTIVE;
			sco_settle(scope);
			child = sco_child(scope);
		}
		scope = child != NULL ? child : sco_after(scope, top);
	}
}

void
task_scope_cancel(struct task_scope *scope)
{
	if ((scope->state & TASK__ENTERED) == 0 || scope->state & TASK__CALLED)
		return;
	scope->state |= TASK__CALLED;
	sco_spread(scope);
}

static void
sco_late(struct reactor *r, struct reactor_timer *timer)
{
	struct task_scope *scope =
	    REACTOR_OWNER(timer, struct task_scope, timer);

	(void)r;
	if ((scope->state & TASK__CALLED) == 0)
		scope->state |= TASK__LATE;
	task_scope_cancel(scope);
}

/*
 * Up to the first shield, which keeps away what is outside.  Those of other
 * tasks are told when these wait for the end of this one, in their group.
 */
void
task__scope_told(struct task *t)
{
	struct task_scope *scope;

	for (scope = t->scope; scope != &t->root; scope = scope->outer) {
		if (scope->state & TASK__CALLED)
			scope->state |= TASK__TOLD;
		if (scope->state & TASK__SHIELD)
			break;
	}
}

int
task__scope_effective(const struct task_scope *scope)
{
	return (scope->state & TASK__EFFECTIVE) != 0;
}

/* ---- Entering and leaving ------------------------------------------------ */

static void
sco_init(struct task_scope *scope, struct task *t, unsigned state)
{
	scope->inner = NULL;
	scope->task = t;
	scope->members.next = scope->members.prev = &scope->members;
	scope->state = state | TASK__ENTERED;
}

void
task__scope_root(struct task *t, struct task_scope *outer)
{
	struct task_scope *root = &t->root;

	sco_init(root, t, 0);
	root->timer.deadline = INT64_MAX;
	root->outer = outer;
	t->scope = root;
	if (sco_is_effective(root))
		root->state |= TASK__EFFECTIVE;
	t->cancelled = (root->state & TASK__EFFECTIVE) != 0;
}

static int
sco_start_timer(struct task_scope *scope, int64_t deadline)
{
	if (deadline == INT64_MAX) {
		reactor_timer_stop(task_reactor(), &scope->timer);
		return 0;
	}
	scope->timer.event.name = "scope";
	scope->timer.event.flags = task__background(scope->task);
	scope->timer.callback = sco_late;
	return reactor_timer_start_at(task_reactor(), &scope->timer, deadline);
}

int
task__scope_enter(struct task_scope *scope, int64_t deadline, unsigned state)
{
	struct task *t = task__self();

	if (t == NULL) {
		errno = EPERM;
		return -1;
	}
	sco_init(scope, t, state);
	memset(&scope->timer, 0, sizeof(scope->timer));
	scope->timer.deadline = deadline;
	if (deadline != INT64_MAX && sco_start_timer(scope, deadline) == -1)
		return -1;
	scope->outer = t->scope;
	scope->outer->inner = scope;
	t->scope = scope;
	if (sco_is_effective(scope))
		scope->state |= TASK__EFFECTIVE;
	t->cancelled = (scope->state & TASK__EFFECTIVE) != 0;
	return 0;
}

/* The errno of which a call inside was told, because of this scope alone. */
static int
sco_blame(const struct task_scope *scope)
{
	if ((scope->state & TASK__TOLD) == 0)
		return 0;
	if ((scope->state & TASK__SHIELD) == 0 &&
	    scope->outer->state & TASK__EFFECTIVE)
		return 0; /* it would have come to that anyway */
	return scope->state & TASK__LATE ? ETIMEDOUT : ECANCELED;
}

int
task__scope_end(struct task_scope *scope)
{
	struct task *t = scope->task;
	unsigned told = scope->state & TASK__TOLD;
	int blame = sco_blame(scope);

	reactor_timer_stop(task_reactor(), &scope->timer);
	scope->state &= ~(unsigned)TASK__ENTERED;
	t->scope = scope->outer;
	t->scope->inner = NULL;
	t->cancelled = (t->scope->state & TASK__EFFECTIVE) != 0;
	/* It is not responsible: then those are that enclose it. */
	if (told && blame == 0)
		task__scope_told(t);
	return blame;
}

void
task__scope_unwind(struct task *t)
{
	while (t->scope != &t->root)
		(void)task__scope_end(t->scope);
}

int
task_scope_enter(struct task_scope *scope, int64_t timeout)
{
	struct task__loop *loop = coro__here.tasks;
	int64_t deadline =
	    loop != NULL ? task__deadline(loop, timeout) : INT64_MAX;

	return task__scope_enter(scope, deadline, 0);
}

int
task_scope_enter_at(struct task_scope *scope, int64_t deadline)
{
	return task__scope_enter(scope, deadline, 0);
}

int
task_scope_shield(struct task_scope *scope, int64_t grace)
{
	struct task__loop *loop = coro__here.tasks;
	int64_t deadline =
	    loop != NULL ? task__deadline(loop, grace) : INT64_MAX;

	return task__scope_enter(scope, deadline, TASK__SHIELD);
}

int
task_scope_leave(struct task_scope *scope)
{
	struct task *t = task__self();
	int error = errno, blame;

	if (t == NULL || t->scope != scope || scope == &t->root ||
	    scope->state & TASK__GROUP) {
		errno = t == NULL ? EPERM : EINVAL;
		return -1;
	}
	blame = task__scope_end(scope);
	errno = blame != 0 ? blame : error;
	return blame != 0 ? -1 : 0;
}

int
task_scope_move(struct task_scope *scope, int64_t deadline)
{
	if ((scope->state & TASK__ENTERED) == 0) {
		errno = EINVAL;
		return -1;
	}
	if (scope->state & TASK__CALLED)
		return 0;
	if (sco_start_timer(scope, deadline) == -1)
		return -1;
	scope->timer.deadline = deadline;
	return 0;
}

int
task_scope_cancelled(const struct task_scope *scope)
{
	return (scope->state & TASK__CALLED) != 0;
}

int
task_cancelled(void)
{
	struct task *t = task__self();

	return t != NULL && t->cancelled;
}

int64_t
task_deadline(void)
{
	struct task *t = task__self();
	struct task_scope *scope = t != NULL ? t->scope : NULL;
	int64_t deadline = INT64_MAX;

	for (; scope != NULL; scope = scope->outer) {
		if (scope->timer.deadline < deadline)
			deadline = scope->timer.deadline;
		if (scope->state & TASK__SHIELD)
			break;
	}
	return deadline;
}
