/*
 * SPDX-License-Identifier: ISC
 *
 * task_gather.c: task_gather, task_wait_for, task_wait, and series.
 */
#include <limits.h>
#include "test/tasks.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* ---- task_gather --------------------------------------------------------- */

static void
check(const struct task_call *call, int state, int error, intptr_t result)
{
	CHECK_INT(call->outcome.state, state);
	CHECK_INT(call->outcome.error, error);
	CHECK_INT(call->outcome.result, result);
}

static void
gather_all(void)
{
	struct task_call calls[] = {
		{ .function = tasks_returns, .argument = TASKS_NUMBER(1) },
		{ .function = tasks_sleeps, .argument = TASKS_NUMBER(3) },
		{ .function = tasks_returns, .argument = TASKS_NUMBER(-1) },
		{ .function = tasks_sleeps, .argument = TASKS_NUMBER(1) },
	};

	memset(&calls[0].outcome, 0x55, sizeof(calls[0].outcome));
	errno = ERANGE;
	CHECK_INT(task_gather(calls, LENGTH(calls), TASK_FAIL_FAST), 0);
	CHECK_INT(errno, ERANGE);
	check(&calls[0], TASK_DONE, 0, 1);
	check(&calls[1], TASK_DONE, 0, 3);
	check(&calls[2], TASK_DONE, 0, -1);
	check(&calls[3], TASK_DONE, 0, 1);
	CHECK_INT(task_gather(NULL, 0, TASK_COLLECT), 0);
}

/* The first error cancels the others, and all of them are waited for. */
static void
gather_fails(void)
{
	struct task_call calls[] = {
		{ .function = tasks_lingers, .argument = TASKS_NUMBER(-1) },
		{ .function = tasks_lingers, .argument = TASKS_NUMBER(8) },
		{ .function = tasks_fails, .argument = TASKS_NUMBER(EIO) },
		{ .function = tasks_fails, .argument = TASKS_NUMBER(EPIPE) },
		{ .function = tasks_waits },
	};

	CHECK_INT(task_gather(calls, LENGTH(calls), TASK_FAIL_FAST), -1);
	CHECK_INT(errno, EIO);
	check(&calls[0], TASK_CANCELLED, 0, 0);
	check(&calls[1], TASK_DONE, 0, 8);
	check(&calls[2], TASK_FAILED, EIO, 0);
	/* It was ready, but had not begun: it never does. */
	check(&calls[3], TASK_CANCELLED, 0, 0);
	check(&calls[4], TASK_CANCELLED, 0, 0);
	CHECK_INT(task_cancelled(), 0);
}

static void
gather_collects(void)
{
	struct task_call calls[] = {
		{ .function = tasks_sleeps, .argument = TASKS_NUMBER(2) },
		{ .function = tasks_fails, .argument = TASKS_NUMBER(EIO) },
		{ .function = tasks_fails, .argument = TASKS_NUMBER(EPIPE) },
		{ .function = tasks_sleeps, .argument = TASKS_NUMBER(1) },
	};

	CHECK_INT(task_gather(calls, LENGTH(calls), TASK_COLLECT), -1);
	CHECK_INT(errno, EIO);
	check(&calls[0], TASK_DONE, 0, 2);
	check(&calls[1], TASK_FAILED, EIO, 0);
	check(&calls[2], TASK_FAILED, EPIPE, 0);
	check(&calls[3], TASK_DONE, 0, 1);
}

static void
gather_first(void)
{
	struct task_call calls[] = {
		{ .function = tasks_fails, .argument = TASKS_NUMBER(EIO) },
		{ .function = tasks_waits },
		{ .function = tasks_sleeps, .argument = TASKS_NUMBER(1) },
	};

	CHECK_INT(task_gather(calls, LENGTH(calls), TASK_FIRST_SUCCESS), 0);
	check(&calls[0], TASK_FAILED, EIO, 0);
	check(&calls[1], TASK_CANCELLED, 0, 0);
	check(&calls[2], TASK_DONE, 0, 1);
	CHECK_INT(task_gather(calls, 1, TASK_FIRST_SUCCESS), -1);
	CHECK_INT(errno, EIO);
}

static void
gather_bad(void)
{
	struct task_call call = { .function = tasks_logs,
		.argument = TASKS_NUMBER('x') };

	CHECK_INT(task_gather(&call, 1, 9), -1);
	CHECK_INT(errno, EINVAL);
	check(&call, TASK_CANCELLED, 0, 0);
	CHECK_INT(task_yield(), 0);
	CHECK_STR(loop_said(), "");
}

static struct task_scope scope;

static void
cancel_scope(struct reactor *r, struct reactor_timer *timer)
{
	(void)r;
	(void)timer;
	task_scope_cancel(&scope);
}

static struct reactor_timer canceller = { .callback = cancel_scope };

/* The scope is cancelled in so many milliseconds. */
static void
enter_soon_cancelled(int ms)
{
	CHECK_INT(task_scope_enter(&scope, -1), 0);
	CHECK_INT(
	    reactor_timer_start(task_reactor(), &canceller, ms * LOOP_MS), 0);
}

static void
leave_cancelled(void)
{
	CHECK_INT(errno, ECANCELED);
	CHECK_INT(task_sleep(1), -1);
	CHECK_INT(task_scope_leave(&scope), -1);
	CHECK_INT(errno, ECANCELED);
	CHECK_INT(task_sleep(1), 0);
}

static void
gather_cancelled(void)
{
	struct task_call calls[] = {
		{ .function = tasks_sleeps, .argument = TASKS_NUMBER(1) },
		{ .function = tasks_waits },
		{ .function = tasks_lingers, .argument = TASKS_NUMBER(5) },
	};

	enter_soon_cancelled(20);
	CHECK_INT(task_gather(calls, LENGTH(calls), TASK_FAIL_FAST), -1);
	CHECK_INT(errno, ECANCELED);
	check(&calls[0], TASK_DONE, 0, 1);
	check(&calls[1], TASK_CANCELLED, 0, 0);
	check(&calls[2], TASK_DONE, 0, 5);
	/* Again: nothing is run. */
	calls[0].function = tasks_logs;
	CHECK_INT(task_gather(calls, 1, TASK_FAIL_FAST), -1);
	check(&calls[0], TASK_CANCELLED, 0, 0);
	CHECK_STR(loop_said(), "");
	leave_cancelled();
}

/* One of them cancels the task that gathers. */
static intptr_t
cancels(void *t)
{
	CHECK_INT(task_cancel(t), 0);
	CHECK_INT(task_sleep(1), -1);
	CHECK_INT(errno, ECANCELED);
	return 6;
}

static intptr_t
gathers(void *unused)
{
	struct task_call calls[] = {
		{ .function = cancels, .argument = task_self() },
		{ .function = tasks_waits, .name = "waits" },
	};

	(void)unused;
	CHECK_INT(task_gather(calls, LENGTH(calls), TASK_FAIL_FAST), -1);
	CHECK_INT(errno, ECANCELED);
	check(&calls[0], TASK_DONE, 0, 6);
	check(&calls[1], TASK_CANCELLED, 0, 0);
	return -1;
}

static void
gather_cancels(void)
{
	struct task *t = tasks_spawn(gathers, 0);

	CHECK_INT(tasks_end(t).state, TASK_CANCELLED);
}

static intptr_t
is_background(void *name)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "%s %s", task_name(task_self()),
	    task_place(task_self()));
	CHECK_STR(text, name);
	return 0;
}

static intptr_t
gathers_names(void *unused)
{
	static char names[][32] = { "left task_gather", "right task_gather",
		"task_gather task_gather" };
	struct task_call calls[] = {
		{ is_background, names[0], "left", { 0, 0, 0 } },
		{ is_background, names[1], "right", { 0, 0, 0 } },
		{ is_background, names[2], NULL, { 0, 0, 0 } },
	};

	(void)unused;
	return task_gather(calls, LENGTH(calls), TASK_FAIL_FAST);
}

static void
gather_names(void)
{
	CHECK_INT(tasks_end(tasks_spawn(gathers_names, 0)).state, TASK_DONE);
}

enum { MANY = 3000 };

static void
gather_many(void)
{
	static struct task_call calls[MANY];
	int i;

	for (i = 0; i < MANY; i++) {
		calls[i].function = i % 2 ? tasks_returns : tasks_sleeps;
		calls[i].argument = TASKS_NUMBER(i % 7);
	}
	CHECK_INT(task_gather(calls, MANY, TASK_FAIL_FAST), 0);
	for (i = 0; i < MANY; i++)
		check(&calls[i], TASK_DONE, 0, i % 7);
}

/* ---- task_wait_for ------------------------------------------------------- */

static void
for_result(void)
{
	struct task *t = tasks_spawn(tasks_sleeps, 1);
	struct task_outcome outcome;

	CHECK_INT(task_wait_for(t, 60000 * LOOP_MS, &outcome), 0);
	CHECK_INT(outcome.state, TASK_DONE);
	CHECK_INT(outcome.result, 1);
	/* Again, and with no time at all. */
	CHECK_INT(task_wait_for(t, 0, NULL), 0);
	task_detach(t);
	t = tasks_spawn(tasks_fails, EIO);
	CHECK_INT(task_wait_for(t, -1, &outcome), 0);
	CHECK_INT(outcome.state, TASK_FAILED);
	CHECK_INT(outcome.error, EIO);
	task_detach(t);
	CHECK_INT(task_sleep(1), 0);
}

/* Somebody else cancelled it: that is its outcome, not ours. */
static intptr_t
cancels_soon(void *t)
{
	CHECK_INT(task_sleep(LOOP_MS), 0);
	CHECK_INT(task_cancel(t), 0);
	return 0;
}

static void
for_cancelled_one(void)
{
	struct task *t = tasks_spawn(tasks_waits, 0);
	struct task *other = task_spawn(cancels_soon, t);
	struct task_outcome outcome;

	CHECK_INT(task_wait_for(t, 60000 * LOOP_MS, &outcome), 0);
	CHECK_INT(outcome.state, TASK_CANCELLED);
	task_detach(t);
	CHECK_INT(tasks_end(other).state, TASK_DONE);
}

/* It is cancelled, and its end is waited for (bpo-32751). */
static void
for_too_long(void)
{
	struct task *t = tasks_spawn(tasks_lingers, -1);
	int64_t began = test_clock();
	struct task_outcome outcome;

	CHECK_INT(task_wait_for(t, 2 * LOOP_MS, &outcome), -1);
	CHECK_INT(errno, ETIMEDOUT);
	CHECK(test_clock() - began >= 7 * LOOP_MS);
	CHECK_INT(tasks_state(t), TASK_CANCELLED);
	CHECK_INT(outcome.state, TASK_CANCELLED);
	task_detach(t);
	CHECK_INT(task_cancelled(), 0);
	t = tasks_spawn(tasks_waits, 0);
	CHECK_INT(task_wait_for(t, 0, NULL), -1);
	CHECK_INT(errno, ETIMEDOUT);
	task_detach(t);
}

/* It comes to a result all the same: that is not lost (bpo-37658). */
static intptr_t
fails_late(void *unused)
{
	(void)unused;
	CHECK_INT(task_sleep(INT64_MAX), -1);
	errno = EPIPE;
	return -1;
}

static void
for_late_result(void)
{
	struct task *t = tasks_spawn(tasks_lingers, 9);
	struct task_outcome outcome;

	CHECK_INT(task_wait_for(t, 2 * LOOP_MS, &outcome), 0);
	CHECK_INT(outcome.state, TASK_DONE);
	CHECK_INT(outcome.result, 9);
	task_detach(t);
	t = tasks_spawn(fails_late, 0);
	CHECK_INT(task_wait_for(t, 2 * LOOP_MS, &outcome), 0);
	CHECK_INT(outcome.state, TASK_FAILED);
	CHECK_INT(outcome.error, EPIPE);
	task_detach(t);
}

/* The caller is cancelled: the other as well, and it is waited for. */
static void
for_cancelled(void)
{
	struct task *t = tasks_spawn(tasks_lingers, -1);
	struct task *late = tasks_spawn(tasks_lingers, 3);
	struct task *never = tasks_spawn(tasks_logs, 'x');
	struct task_outcome outcome;

	tasks_turn();
	CHECK_STR(loop_said(), "x");
	enter_soon_cancelled(1);
	CHECK_INT(task_wait_for(t, -1, &outcome), -1);
	CHECK_INT(errno, ECANCELED);
	CHECK_INT(outcome.state, TASK_CANCELLED);
	CHECK_INT(tasks_state(t), TASK_CANCELLED);
	/* One who is cancelled already; the outcome is told all the same. */
	CHECK_INT(task_wait_for(late, -1, &outcome), -1);
	CHECK_INT(errno, ECANCELED);
	CHECK_INT(outcome.state, TASK_DONE);
	CHECK_INT(outcome.result, 3);
	CHECK_INT(task_wait_for(never, -1, &outcome), -1);
	CHECK_INT(errno, ECANCELED);
	CHECK_INT(outcome.state, TASK_DONE);
	leave_cancelled();
	task_detach(t);
	task_detach(late);
	task_detach(never);
}

/*
 * One who waits for the end of a task, and is first: so it can cancel the
 * victim, who waits for that as well, before its turn comes.
 */
static struct task *victim;

static intptr_t
cancels_victim(void *t)
{
	CHECK_INT(task_await(t, NULL), 0);
	CHECK_INT(tasks_state(victim), TASK_PENDING);
	CHECK_INT(task_cancel(victim), 0);
	return 0;
}

static struct task *
spawn_canceller(struct task *t)
{
	struct task *first = task_spawn(cancels_victim, t);

	CHECK(first != NULL);
	tasks_turn();
	return first;
}

static intptr_t
waits_for(void *t)
{
	struct task_outcome outcome;

	CHECK_INT(task_wait_for(t, 60000 * LOOP_MS, &outcome), 0);
	CHECK_INT(outcome.state, TASK_DONE);
	CHECK_INT(outcome.result, 5);
	CHECK_INT(task_sleep(1), -1);
	return 1;
}

static void
for_race(void)
{
	struct task *t = tasks_spawn(tasks_sleeps, 5);
	struct task *first = spawn_canceller(t);

	victim = task_spawn(waits_for, t);
	CHECK_INT(tasks_end(first).state, TASK_DONE);
	CHECK_INT(tasks_end(victim).state, TASK_DONE);
	task_detach(t);
}

static void
for_self(void)
{
	CHECK_INT(task_wait_for(task_self(), 1, NULL), -1);
	CHECK_INT(errno, EDEADLK);
	CHECK_INT(task_cancelled(), 0);
}

/* Nobody else holds a reference. */
static struct task *lonely;

static intptr_t
detaches(void *unused)
{
	(void)unused;
	task_detach(lonely);
	return 0;
}

static void
for_last_reference(void)
{
	struct task_outcome outcome;

	lonely = tasks_spawn(tasks_sleeps, 2);
	task_detach(task_spawn(detaches, NULL));
	CHECK_INT(task_wait_for(lonely, -1, &outcome), 0);
	CHECK_INT(outcome.result, 2);
	lonely = tasks_spawn(tasks_sleeps, 2);
	task_detach(task_spawn(detaches, NULL));
	CHECK_INT(task_wait(&lonely, 1, TASK_ALL, -1), 1);
}

/* The time-out outside is over, not that of the call. */
static void
for_outer(void)
{
	struct task *t = tasks_spawn(tasks_waits, 0);

	CHECK_INT(task_scope_enter(&scope, LOOP_MS), 0);
	CHECK_INT(task_wait_for(t, 60000 * LOOP_MS, NULL), -1);
	CHECK_INT(errno, ECANCELED);
	CHECK_INT(task_scope_leave(&scope), -1);
	CHECK_INT(errno, ETIMEDOUT);
	task_detach(t);
}

/* ---- task_wait ----------------------------------------------------------- */

static void
detach_all(struct task **tasks, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		(void)task_cancel(tasks[i]);
		(void)tasks_end(tasks[i]);
	}
}

static void
wait_first(void)
{
	struct task *tasks[3];

	tasks[0] = tasks_spawn(tasks_waits, 0);
	tasks[1] = tasks_spawn(tasks_sleeps, 1);
	tasks[2] = tasks_spawn(tasks_waits, 0);
	CHECK_INT(task_wait(tasks, 3, TASK_FIRST, -1), 1);
	CHECK_INT(tasks_state(tasks[1]), TASK_DONE);
	CHECK_INT(tasks_state(tasks[0]), TASK_PENDING);
	/* At once, as one has ended; also one that was cancelled. */
	CHECK_INT(task_wait(tasks, 3, TASK_FIRST, -1), 1);
	CHECK_INT(task_cancel(tasks[0]), 0);
	CHECK_INT(task_await(tasks[0], NULL), 0);
	CHECK_INT(task_wait(tasks, 3, TASK_FIRST, 0), 2);
	detach_all(tasks, 3);
}

static void
wait_all(void)
{
	struct task *tasks[3];

	tasks[0] = tasks_spawn(tasks_sleeps, 3);
	tasks[1] = tasks_spawn(tasks_fails, EIO);
	tasks[2] = tasks_spawn(tasks_sleeps, 1);
	CHECK_INT(task_wait(tasks, 3, TASK_ALL, -1), 3);
	CHECK_INT(tasks_state(tasks[0]), TASK_DONE);
	CHECK_INT(tasks_state(tasks[1]), TASK_FAILED);
	CHECK_INT(task_wait(tasks, 3, TASK_ALL, -1), 3);
	detach_all(tasks, 3);
}

static void
wait_error(void)
{
	struct task *tasks[4];

	tasks[0] = tasks_spawn(tasks_waits, 0);
	tasks[1] = tasks_spawn(tasks_returns, 1);
	tasks[2] = tasks_spawn(tasks_waits, 0);
	tasks[3] = tasks_spawn(fails_late, 0);
	/* Neither a result nor a cancelled one is an error. */
	CHECK_INT(task_cancel(tasks[0]), 0);
	CHECK_INT(task_wait(tasks, 4, TASK_FIRST_ERROR, 5 * LOOP_MS), 2);
	CHECK_INT(task_cancel(tasks[3]), 0);
	CHECK_INT(task_wait(tasks, 4, TASK_FIRST_ERROR, -1), 3);
	CHECK_INT(tasks_state(tasks[2]), TASK_PENDING);
	CHECK_INT(tasks_state(tasks[3]), TASK_FAILED);
	CHECK_INT(task_wait(tasks, 4, TASK_FIRST_ERROR, -1), 3);
	/* Without an error: all. */
	CHECK_INT(task_cancel(tasks[2]), 0);
	CHECK_INT(task_wait(tasks, 3, TASK_FIRST_ERROR, -1), 3);
	detach_all(tasks, 4);
}

static void
wait_late(void)
{
	struct task *tasks[2];
	int64_t began = test_clock();

	tasks[0] = tasks_spawn(tasks_waits, 0);
	tasks[1] = tasks_spawn(tasks_waits, 0);
	CHECK_INT(task_wait(tasks, 2, TASK_FIRST, 3 * LOOP_MS), 0);
	CHECK(test_clock() - began >= 3 * LOOP_MS);
	CHECK_INT(task_wait(tasks, 2, TASK_ALL, 0), 0);
	CHECK_INT(tasks_state(tasks[0]), TASK_PENDING);
	CHECK_INT(task_cancelled(), 0);
	detach_all(tasks, 2);
}

static void
wait_twice(void)
{
	struct task *tasks[5], *a = tasks_spawn(tasks_sleeps, 1);

	tasks[0] = tasks[2] = tasks[4] = a;
	tasks[1] = tasks[3] = tasks_spawn(tasks_waits, 0);
	CHECK_INT(task_wait(tasks, 5, TASK_FIRST, -1), 1);
	CHECK_INT(task_cancel(tasks[1]), 0);
	CHECK_INT(task_wait(tasks, 5, TASK_ALL, -1), 2);
	CHECK_INT(task_wait(tasks, 5, TASK_ALL, -1), 2);
	detach_all(tasks, 2);
}

static void
wait_bad(void)
{
	struct task *tasks[2];

	tasks[0] = tasks_spawn(tasks_returns, 0);
	tasks[1] = task_self();
	CHECK_INT(task_wait(tasks, 2, TASK_FIRST, -1), -1);
	CHECK_INT(errno, EDEADLK);
	CHECK_INT(task_wait(tasks, 1, 3, -1), -1);
	CHECK_INT(errno, EINVAL);
	CHECK_INT(task_wait(tasks, 1, -1, -1), -1);
	CHECK_INT(errno, EINVAL);
	CHECK_INT(task_wait(NULL, 0, TASK_FIRST, -1), 0);
	CHECK_INT(task_wait(NULL, 0, TASK_ALL, -1), 0);
	CHECK_INT(tasks_end(tasks[0]).state, TASK_DONE);
}

static void
wait_cancelled(void)
{
	struct task *tasks[2];

	tasks[0] = tasks_spawn(tasks_waits, 0);
	tasks[1] = tasks_spawn(tasks_returns, 0);
	enter_soon_cancelled(2);
	CHECK_INT(task_wait(tasks, 2, TASK_ALL, 60000 * LOOP_MS), -1);
	CHECK_INT(errno, ECANCELED);
	CHECK_INT(tasks_state(tasks[0]), TASK_PENDING);
	/* A place to be cancelled at even if it need not wait. */
	CHECK_INT(task_wait(tasks, 2, TASK_FIRST, -1), -1);
	leave_cancelled();
	detach_all(tasks, 2);
}

/* What is there wins over a cancellation that comes after it. */
static intptr_t
waits_for_both(void *tasks)
{
	CHECK_INT(task_wait(tasks, 2, TASK_ALL, 60000 * LOOP_MS), 2);
	CHECK_INT(task_sleep(1), -1);
	return 0;
}

static void
wait_race(void)
{
	struct task *tasks[2], *first;

	tasks[0] = tasks_spawn(tasks_returns, 0);
	tasks[1] = tasks_spawn(tasks_sleeps, 5);
	first = spawn_canceller(tasks[1]);
	victim = task_spawn(waits_for_both, tasks);
	CHECK_INT(tasks_end(first).state, TASK_DONE);
	CHECK_INT(tasks_end(victim).state, TASK_DONE);
	detach_all(tasks, 2);
}

/* Several wait for the same ones, in different ways. */
static intptr_t
waits_first(void *tasks)
{
	CHECK(task_wait(tasks, 3, TASK_FIRST, -1) >= 1);
	loop_log('f');
	return 0;
}

static intptr_t
waits_all(void *tasks)
{
	CHECK_INT(task_wait(tasks, 3, TASK_ALL, -1), 3);
	loop_log('a');
	return 0;
}

static void
wait_together(void)
{
	struct task *tasks[3], *others[4];
	int i;

	for (i = 0; i < 3; i++)
		tasks[i] = tasks_spawn(tasks_sleeps, 2 + 4 * i);
	others[0] = task_spawn(waits_all, tasks);
	others[1] = task_spawn(waits_first, tasks);
	others[2] = task_spawn(waits_all, tasks);
	others[3] = task_spawn(waits_first, tasks);
	CHECK_INT(task_wait(others, 4, TASK_ALL, -1), 4);
	CHECK_STR(loop_said(), "ffaa");
	detach_all(others, 4);
	detach_all(tasks, 3);
}

static void
wait_many(void)
{
	static struct task *tasks[2 * MANY];
	int i;

	for (i = 0; i < MANY; i++)
		tasks[i] = tasks[2 * MANY - 1 - i] =
		    tasks_spawn(tasks_sleeps, i % 5);
	CHECK_INT(task_wait(tasks, 2 * MANY, TASK_ALL, -1), MANY);
	detach_all(tasks, MANY);
}

/* Both ways, in circles: no time-out of one is taken for the other's. */
static void
wait_outer(void)
{
	struct task *t = tasks_spawn(tasks_waits, 0);

	CHECK_INT(task_scope_enter(&scope, 60000 * LOOP_MS), 0);
	CHECK_INT(task_wait(&t, 1, TASK_ALL, LOOP_MS), 0);
	CHECK_INT(task_scope_move(&scope, task_now() + LOOP_MS), 0);
	CHECK_INT(task_wait(&t, 1, TASK_ALL, 60000 * LOOP_MS), -1);
	CHECK_INT(errno, ECANCELED);
	CHECK_INT(task_scope_leave(&scope), -1);
	CHECK_INT(errno, ETIMEDOUT);
	detach_all(&t, 1);
}

/* ---- Series -------------------------------------------------------------- */

static struct task *
next(struct task_series *series)
{
	struct task *t = NULL;

	CHECK_INT(task_series_next(series, &t, -1), 1);
	CHECK(tasks_state(t) != TASK_PENDING);
	return t;
}

static void
series_order(void)
{
	struct task *tasks[6], *t = NULL;
	struct task_series *series;

	tasks[0] = tasks_spawn(tasks_sleeps, 16);
	tasks[1] = tasks_spawn(tasks_returns, 1);
	tasks[2] = tasks_spawn(tasks_sleeps, 8);
	tasks[3] = tasks_spawn(tasks_fails, EIO);
	tasks[4] = tasks[0];
	tasks[5] = tasks_spawn(tasks_sleeps, 1);
	tasks_turn();
	series = task_series_open(tasks, 6);
	CHECK(series != NULL);
	/* Those that have ended, in the order that was given; then by time. */
	CHECK(next(series) == tasks[1]);
	CHECK(next(series) == tasks[3]);
	CHECK(next(series) == tasks[5]);
	CHECK(next(series) == tasks[2]);
	CHECK(next(series) == tasks[0]);
	CHECK_INT(task_series_next(series, &t, -1), 0);
	CHECK_INT(task_series_next(series, &t, -1), 0);
	CHECK(t == NULL);
	task_series_close(series);
	detach_all(tasks, 4);
	CHECK_INT(tasks_end(tasks[5]).result, 1);
}

/* They end while nobody asks: the order is kept. */
static void
series_kept(void)
{
	struct task_series *series;
	struct task *tasks[3];

	tasks[0] = tasks_spawn(tasks_sleeps, 9);
	tasks[1] = tasks_spawn(tasks_sleeps, 5);
	tasks[2] = tasks_spawn(tasks_sleeps, 1);
	series = task_series_open(tasks, 3);
	CHECK(series != NULL);
	CHECK_INT(task_wait(tasks, 3, TASK_ALL, -1), 3);
	CHECK(next(series) == tasks[2]);
	CHECK(next(series) == tasks[1]);
	task_series_close(series);
	detach_all(tasks, 3);
}

static void
series_late(void)
{
	struct task *t = tasks_spawn(tasks_waits, 0), *got = NULL;
	struct task_series *series = task_series_open(&t, 1);
	int64_t began = test_clock();

	CHECK(series != NULL);
	CHECK_INT(task_series_next(series, &got, 0), -1);
	CHECK_INT(errno, ETIMEDOUT);
	CHECK_INT(task_series_next(series, &got, 3 * LOOP_MS), -1);
	CHECK_INT(errno, ETIMEDOUT);
	CHECK(test_clock() - began >= 3 * LOOP_MS);
	enter_soon_cancelled(1);
	CHECK_INT(task_series_next(series, &got, 60000 * LOOP_MS), -1);
	leave_cancelled();
	CHECK(got == NULL);
	CHECK_INT(tasks_state(t), TASK_PENDING);
	/* The series holds a reference. */
	CHECK_INT(task_cancel(t), 0);
	task_detach(t);
	CHECK_INT(task_series_next(series, &got, -1), 1);
	CHECK(got == t);
	CHECK_INT(tasks_state(got), TASK_CANCELLED);
	task_series_close(series);
}

/* Closed before they end, and when several wait. */
static intptr_t
takes(void *series)
{
	struct task *t;
	int n = task_series_next(series, &t, -1);

	loop_log(n == 1 ? 'A' : n == 0 ? '0' : '-');
	return n;
}

static void
series_shared(void)
{
	struct task *tasks[2], *takers[4];
	struct task_series *series;
	int i;

	tasks[0] = tasks_spawn(tasks_sleeps, 1);
	tasks[1] = tasks_spawn(tasks_sleeps, 4);
	series = task_series_open(tasks, 2);
	CHECK(series != NULL);
	for (i = 0; i < 4; i++)
		takers[i] = task_spawn(takes, series);
	CHECK_INT(task_wait(takers, 4, TASK_ALL, -1), 4);
	CHECK_STR(loop_said(), "AA00");
	detach_all(takers, 4);
	detach_all(tasks, 2);
	task_series_close(series);
}

static void
series_closed(void)
{
	struct task *tasks[2], *taker;
	struct task_series *series;

	tasks[0] = tasks_spawn(tasks_waits, 0);
	tasks[1] = tasks_spawn(tasks_returns, 0);
	CHECK_INT(task_await(tasks[1], NULL), 0);
	series = task_series_open(tasks, 2);
	CHECK(series != NULL);
	CHECK(next(series) == tasks[1]);
	taker = task_spawn(takes, series);
	tasks_turn();
	task_series_close(series);
	CHECK_INT(tasks_end(taker).error, EBADF);
	task_series_close(NULL);
	series = task_series_open(tasks, 2);
	task_series_close(series);
	detach_all(tasks, 2);
	series = task_series_open(NULL, 0);
	CHECK(series != NULL);
	CHECK_INT(task_series_next(series, tasks, -1), 0);
	task_series_close(series);
	tasks[0] = task_self();
	CHECK(task_series_open(tasks, 1) == NULL);
	CHECK_INT(errno, EDEADLK);
}

/* What was handed to one who is cancelled then is not lost. */
static void
series_race(void)
{
	struct task *t = tasks_spawn(tasks_sleeps, 5);
	struct task *first = spawn_canceller(t);
	struct task_series *series = task_series_open(&t, 1);

	victim = task_spawn(takes, series);
	CHECK_INT(tasks_end(first).state, TASK_DONE);
	CHECK_INT(tasks_end(victim).result, 1);
	task_series_close(series);
	task_detach(t);
}

/* ---- In general ---------------------------------------------------------- */

static void
not_for_others(void)
{
	struct task_call call = { .function = tasks_returns };

	CHECK_INT(task_gather(&call, 1, TASK_FAIL_FAST), -1);
	CHECK_INT(errno, EPERM);
	CHECK_INT(task_wait_for(NULL, 1, NULL), -1);
	CHECK_INT(errno, EPERM);
	CHECK_INT(task_wait(NULL, 0, TASK_ALL, 1), -1);
	CHECK_INT(errno, EPERM);
	CHECK(task_series_open(NULL, 0) == NULL);
	CHECK_INT(errno, EPERM);
	CHECK_INT(task_series_next(NULL, NULL, 0), -1);
	CHECK_INT(errno, EPERM);
}

/* Random: whatever is cancelled when, all is as the outcomes say. */
static unsigned seed = 1;

static unsigned
any(unsigned n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % n;
}

static intptr_t
does_anything(void *depth)
{
	intptr_t left = (intptr_t)depth;
	struct task_call calls[4];
	struct task_outcome outcome;
	struct task *t;
	unsigned i;

	memset(calls, 0, sizeof(calls));
	if (left == 0 || any(3) == 0) {
		if (task_sleep((int64_t)any(3000) * 1000) == -1)
			return -1;
		errno = EIO;
		return (int)any(4) - 1;
	}
	for (i = 0; i < 4; i++) {
		calls[i].function = does_anything;
		calls[i].argument = TASKS_NUMBER(left - 1);
	}
	if (any(2) == 0)
		return task_gather(calls, any(5), (int)any(3));
	t = tasks_spawn(does_anything, left - 1);
	i = (unsigned)task_wait_for(t, (int64_t)any(2000) * 1000, &outcome);
	CHECK(i == 0 || errno == ETIMEDOUT || errno == ECANCELED);
	CHECK(outcome.state != TASK_PENDING);
	CHECK_INT(tasks_state(t), outcome.state);
	if (i == 0 && outcome.state == TASK_CANCELLED)
		test_fail("nobody cancelled that");
	task_detach(t);
	return 0;
}

static void
anything(void)
{
	struct task_statistics stats;
	struct task *t;
	int i;

	for (i = 0; i < 300; i++) {
		seed = (unsigned)i;
		t = tasks_spawn(does_anything, 5);
		(void)task_wait_for(t, (int64_t)any(4000) * 1000, NULL);
		task_detach(t);
		task_stats(&stats);
		CHECK_INT(stats.tasks, 1);
	}
}

/* ---- No memory ----------------------------------------------------------- */

static void
lean(void)
{
	static struct task_call calls[200];
	static struct task *tasks[200];
	struct task_series *series;
	int i, failures = 0;

	for (i = 0; i < 200; i++) {
		calls[i].function = tasks_logs;
		calls[i].argument = TASKS_NUMBER('x');
	}
	loop_left = 0;
	CHECK(task_series_open(tasks, 0) == NULL);
	CHECK_INT(errno, ENOMEM);
	for (i = 0;; i++) {
		loop_left = i;
		if (task_gather(calls, 200, TASK_FAIL_FAST) == 0)
			break;
		CHECK_INT(errno, ENOMEM);
		CHECK_STR(loop_said(), "");
		check(&calls[0], TASK_CANCELLED, 0, 0);
		check(&calls[199], TASK_CANCELLED, 0, 0);
		failures++;
	}
	CHECK(failures > 1);
	check(&calls[199], TASK_DONE, 0, 0);
	loop_left = 1000;
	for (i = 0; i < 200; i++)
		tasks[i] = tasks_spawn(tasks_waits, 0);
	CHECK_INT(task_wait(tasks, 200, TASK_ALL, LOOP_MS), 0);
	loop_left = 0;
	CHECK_INT(task_wait(tasks, 200, TASK_ALL, 0), 0);
	CHECK_INT(task_wait(tasks, 200, TASK_ALL, LOOP_MS), -1);
	CHECK_INT(errno, ENOMEM);
	CHECK_INT(task_wait(tasks, 10, TASK_ALL, LOOP_MS), 0);
	loop_left = 1;
	CHECK_INT(task_wait(tasks, 200, TASK_ALL, LOOP_MS), 0);
	loop_left = 1;
	series = task_series_open(tasks, 200);
	CHECK(series != NULL);
	task_series_close(series);
	loop_left = 1000;
	detach_all(tasks, 200);
}

static void
no_memory(void)
{
	loop_left = 1000;
	reactor_set_allocator(loop_stingy);
	tasks_case();
}

static const struct tasks_body lean_body = { lean };

static const struct test tests[] = {
	TASKS("gather: every outcome", gather_all),
	TASKS("gather: the first error cancels the others", gather_fails),
	TASKS("gather: or not", gather_collects),
	TASKS("gather: the first that succeeds", gather_first),
	TASKS("gather: no such policy", gather_bad),
	TASKS("gather: the caller is cancelled", gather_cancelled),
	TASKS("gather: by one of them", gather_cancels),
	TASKS("gather: names", gather_names),
	TASKS("gather: many", gather_many),
	TASKS("wait_for: the outcome", for_result),
	TASKS("wait_for: somebody else cancels it", for_cancelled_one),
	TASKS(
	    "wait_for: too long: it is cancelled and waited for", for_too_long),
	TASKS("wait_for: a result that comes after all", for_late_result),
	TASKS("wait_for: the caller is cancelled", for_cancelled),
	TASKS("wait_for: a result, and then it is cancelled", for_race),
	TASKS("wait_for: itself", for_self),
	TASKS("wait_for: nobody else has a reference", for_last_reference),
	TASKS("wait_for: the time-out of a scope", for_outer),
	TASKS("wait: for the first", wait_first),
	TASKS("wait: for all", wait_all),
	TASKS("wait: for the first error", wait_error),
	TASKS("wait: not for ever", wait_late),
	TASKS("wait: for one that is named twice", wait_twice),
	TASKS("wait: what is not allowed", wait_bad),
	TASKS("wait: the caller is cancelled", wait_cancelled),
	TASKS("wait: they end, and then it is cancelled", wait_race),
	TASKS("wait: several wait for the same", wait_together),
	TASKS("wait: for many", wait_many),
	TASKS("wait: the time-out of a scope", wait_outer),
	TASKS("series: in the order of their ends", series_order),
	TASKS("series: also if nobody asks", series_kept),
	TASKS("series: time-outs and cancellation", series_late),
	TASKS("series: of several tasks", series_shared),
	TASKS("series: closed early", series_closed),
	TASKS("series: told, and then it is cancelled", series_race),
	TEST("only for tasks", not_for_others),
	TASKS("anything", anything),
	{ "without memory", no_memory, 0, &lean_body },
};

TEST_MAIN(tests)
