/*
 * SPDX-License-Identifier: ISC
 *
 * schedule.c: who runs next.
 *
 * Tasks run in rounds, one after the other and each straight to the next, at
 * the beginning of a turn of the loop.  A round ends when none is ready, or
 * when it is time to look at the loop again: after SC_MOST switches, or when
 * the system's clock has ticked.  Reading that costs some 4 ns, so it is done
 * every SC_STRIDE switches; and in each, if these took long the last time.
 */
#include <string.h>
#include "coro/schedule.h"
#include "coro/stack.h"

#define SC_MOST   1024
#define SC_STRIDE 8
#define SC_FEW    64 /* switches between two ticks: they take long */

/* ---- The queue ----------------------------------------------------------- */

/* From outside of a round: the loop must not sleep. */
static void
sc_rouse(struct task__loop *loop)
{
	if (loop->rounding || loop->rousing)
		return;
	loop->rousing = 1;
	(void)reactor_idle_start(loop->reactor, &loop->idle);
}

void
task__ready(struct task__loop *loop, struct task *t)
{
	if (loop->ready == NULL)
		sc_rouse(loop);
	t->next = NULL;
	*loop->last = t;
	loop->last = &t->next;
}

/*
 * Of a thousand tasks neither struct nor stack is in the nearest cache.  So when
 * one is taken, the stack of the next and the struct after that are fetched.
 */
static inline struct task *
sc_take(struct task__loop *loop)
{
	struct task *t = loop->ready, *next = t->next;

	loop->ready = next;
	if (next == NULL) {
		loop->last = &loop->ready;
		return t;
	}
	__builtin_prefetch(next->next);
	__builtin_prefetch(next->flow.place);
	__builtin_prefetch((char *)next->flow.place + 64);
	__builtin_prefetch((char *)next->flow.place + 128);
	return t;
}

/* Every so many switches: is it time for the loop? */
static __attribute__((noinline)) int
sc_is_time(struct task__loop *loop)
{
	loop->passed += loop->stride;
	loop->left = loop->stride;
	if (loop->passed < SC_MOST &&
	    reactor__clock(REACTOR__COARSE) == loop->looked)
		return 0;
	loop->stride = loop->passed < SC_FEW ? 1 : SC_STRIDE;
	return 1;
}

/* ---- Switching ----------------------------------------------------------- */

static inline void
sc_enter(struct task__loop *loop, struct coro__flow *from, struct task *t)
{
	loop->running = t;
	loop->stats.switches++;
	coro__here.coro = t->coro;
	coro__switch(from, &t->flow, loop->context);
}

static __attribute__((noinline)) void
sc_to_loop(struct task__loop *loop, struct task *t)
{
	if (loop->traced)
		task__trace(
		    loop, t, t->wait != NULL ? TASK__PARK : TASK__PAUSE);
	t->coro = coro__here.coro;
	loop->running = NULL;
	coro__switch(&t->flow, &loop->flow, loop->context);
}

/* Is there another one, and time for it?  A trace goes by way of the loop. */
static inline int
sc_goes_on(struct task__loop *loop)
{
	return loop->ready != NULL && !loop->traced &&
	    (--loop->left > 0 || !sc_is_time(loop));
}

static __attribute__((always_inline)) inline void
sc_next(struct task__loop *loop, struct task *t)
{
	if (sc_goes_on(loop)) {
		t->coro = coro__here.coro;
		sc_enter(loop, &t->flow, sc_take(loop));
	} else {
		sc_to_loop(loop, t);
	}
	t->budget = TASK__BUDGET;
}

/* Whatever t is in goes on when somebody has queued it again. */
void
task__next(struct task__loop *loop, struct task *t)
{
	sc_next(loop, t);
}

void
task__leave(struct task__loop *loop, struct task *t, struct coro__stack *stack)
{
	struct task *next;

	if (!sc_goes_on(loop)) {
		loop->running = NULL;
		coro__flow_end(stack, &t->flow, &loop->flow);
		return;
	}
	next = sc_take(loop);
	loop->running = next;
	loop->stats.switches++;
	coro__here.coro = next->coro;
	coro__flow_end(stack, &t->flow, &next->flow);
}

/* ---- Waiting ------------------------------------------------------------- */

/* Lets the others run; alone, it goes on until it is time for the loop. */
static __attribute__((always_inline)) inline void
sc_give_way(struct task__loop *loop, struct task *t)
{
	if (loop->ready != NULL) {
		task__ready(loop, t);
		sc_next(loop, t);
	} else if (--loop->left == 0 && sc_is_time(loop)) {
		task__ready(loop, t);
		sc_to_loop(loop, t);
	}
}

/* Also one that does not heed it must let the others run. */
int
task__refuse(struct task *t)
{
	if (--t->budget == 0) {
		t->budget = TASK__BUDGET;
		coro__here.tasks->stats.forced++;
		sc_give_way(coro__here.tasks, t);
	}
	task__scope_told(t);
	errno = ECANCELED;
	return -1;
}

int
task__park(struct task *t, struct task__wait *wait)
{
	struct task__loop *loop = coro__here.tasks;

	t->wait = wait;
	t->since = loop->looked;
	sc_next(loop, t);
	if (wait->error == 0)
		return 0;
	if (wait->error == ECANCELED && t->cancelled)
		task__scope_told(t);
	errno = wait->error;
	return -1;
}

int
task__park_outside(struct task *t, struct task__wait *wait)
{
	struct task__loop *loop = coro__here.tasks;
	size_t one = (t->flags & TASK_BACKGROUND) == 0;
	int result;

	loop->outside += one;
	result = task__park(t, wait);
	loop->outside -= one;
	return result;
}

void
task__wake(struct task__wait *wait, int error)
{
	struct task *t = wait->task;

	wait->error = error;
	t->wait = NULL;
	task__ready(coro__here.tasks, t);
}

int
task__wake_first(struct reactor_link *list, int error)
{
	struct task__wait *wait = task__first_wait(list);

	if (wait == NULL)
		return 0;
	task__list_remove(&wait->link);
	task__wake(wait, error);
	return 1;
}

void
task__wake_all(struct reactor_link *list, int error)
{
	while (task__wake_first(list, error))
		continue;
}

void
task__withdraw(struct task__wait *wait)
{
	task__list_remove(&wait->link);
}

int
task_yield(void)
{
	struct task *t = task__self();

	if (t == NULL) {
		errno = EPERM;
		return -1;
	}
	if (t->cancelled)
		return task__refuse(t);
	sc_give_way(coro__here.tasks, t);
	return t->cancelled ? task__refuse(t) : 0;
}

/* It went on for its whole budget without ever waiting. */
int
task__forced(struct task *t)
{
	t->budget = TASK__BUDGET;
	coro__here.tasks->stats.forced++;
	return task_yield();
}

/* ---- The round ----------------------------------------------------------- */

/* Nobody is ready, and nothing outside can change that. */
static int
sc_is_stuck(struct task__loop *loop)
{
	struct reactor_statistics stats;

	if (loop->foreground == 0 || loop->outside > 0)
		return 0;
	reactor_stats(loop->reactor, &stats);
	return stats.active == 1; /* `keep` */
}

/* First one more turn, without a wait: something may be under way. */
static void
sc_stuck(struct task__loop *loop)
{
	if (loop->stuck == 0) {
		loop->stuck = 1;
		sc_rouse(loop);
		return;
	}
	if (loop->stuck == 1 && !loop->ending)
		task__report_all(loop, "no task can ever run again");
	loop->stuck = 2;
	reactor_stop(loop->reactor);
}

static void
sc_run(struct task__loop *loop)
{
	struct coro *outer = coro__here.coro; /* that runs the loop */

	loop->stuck = 0;
	loop->looked = reactor__clock(REACTOR__COARSE);
	loop->passed = 0;
	loop->left = loop->stride;
	loop->rounding = 1;
	do {
		if (loop->traced)
			task__trace(loop, loop->ready, TASK__RUN);
		sc_enter(loop, &loop->flow, sc_take(loop));
	} while (loop->traced && loop->ready != NULL && --loop->left > 0);
	loop->rounding = 0;
	coro__here.coro = outer;
}

static void
sc_prepare(struct reactor *r, struct reactor_prepare *prepare)
{
	struct task__loop *loop =
	    REACTOR_OWNER(prepare, struct task__loop, prepare);

	loop->traced = reactor_traced(r) != 0;
	if (loop->ready != NULL)
		sc_run(loop);
	if (loop->ready != NULL) {
		loop->stats.looks++;
		sc_rouse(loop);
		return;
	}
	if (loop->rousing) {
		loop->rousing = 0;
		reactor_idle_stop(r, &loop->idle);
	}
	if (sc_is_stuck(loop))
		sc_stuck(loop);
}

/* It is there to keep the loop from sleeping. */
static void
sc_idle(struct reactor *r, struct reactor_idle *idle)
{
	(void)r;
	(void)idle;
}

static void
sc_keep(struct reactor *r, struct reactor_post *post)
{
	(void)r;
	(void)post;
}

int
task__schedule_start(struct task__loop *loop)
{
	loop->last = &loop->ready;
	loop->stride = SC_STRIDE;
	loop->prepare.event.name = "tasks";
	loop->prepare.callback = sc_prepare;
	loop->idle.event.name = "tasks are ready";
	loop->idle.event.flags = REACTOR_BACKGROUND; /* `keep` is not */
	loop->idle.callback = sc_idle;
	loop->keep.event.name = "tasks";
	loop->keep.callback = sc_keep;
	return reactor_prepare_start(loop->reactor, &loop->prepare);
}

void
task__schedule_stop(struct task__loop *loop)
{
	reactor_prepare_stop(loop->reactor, &loop->prepare);
	reactor_idle_stop(loop->reactor, &loop->idle);
	reactor_post_stop(loop->reactor, &loop->keep);
}
