/*
 * SPDX-License-Identifier: ISC
 *
 * task_run.c: tasks come to a loop and leave it: results, what is left over,
 * what is reported, and what a task brings with it and leaves behind.
 */
#include <pthread.h>
#include "test/tasks.h"

/* Runs it; the errno is 0, or what it failed with. */
static intptr_t
run(task_fn *function, intptr_t argument)
{
	intptr_t result;

	errno = 0;
	result = task_run(function, TASKS_NUMBER(argument), &tasks_options);
	if (result == -1)
		tasks_skip();
	return result;
}

static void
background(task_fn *function, intptr_t argument)
{
	static const struct task_attributes attributes = {
		.flags = TASK_BACKGROUND
	};
	struct task *t =
	    task_spawn_with(function, TASKS_NUMBER(argument), &attributes);

	CHECK(t != NULL);
	task_detach(t);
}

/* ---- Results ------------------------------------------------------------- */

static intptr_t
fails_twice(void *error)
{
	CHECK_INT(task_sleep(LOOP_MS), 0);
	return tasks_fails(error);
}

static void
results(void)
{
	CHECK_INT(run(tasks_returns, 42), 42);
	CHECK_INT(run(tasks_returns, 0), 0);
	CHECK_INT(run(tasks_sleeps, 2), 2);
	CHECK_INT(run(tasks_returns, INTPTR_MIN), INTPTR_MIN);
	/* -1 is a result if errno says nothing. */
	CHECK_INT(run(tasks_returns, -1), -1);
	CHECK_INT(errno, 0);
	CHECK_INT(run(tasks_fails, EIO), -1);
	CHECK_INT(errno, EIO);
	CHECK_INT(run(fails_twice, EPIPE), -1);
	CHECK_INT(errno, EPIPE);
	/* And a success leaves errno alone. */
	errno = ERANGE;
	CHECK_INT(task_run(tasks_sleeps, TASKS_NUMBER(1), NULL), 1);
	CHECK_INT(errno, ERANGE);
	CHECK(task_reactor() == NULL);
	CHECK_STR(tasks_text, "");
}

static intptr_t
is_main(void *unused)
{
	(void)unused;
	CHECK_STR(task_name(task_self()), "main");
	CHECK(task_reactor() != NULL);
	CHECK_INT(task_cancelled(), 0);
	return 0;
}

static void
is_first(void)
{
	CHECK_INT(run(is_main, 0), 0);
}

enum { AGAIN = 300 };

static intptr_t
leaves_some(void *number)
{
	int i;

	for (i = 0; i < 5; i++)
		task_detach(tasks_spawn(i % 2 ? tasks_waits : tasks_logs, 'x'));
	return task_yield() == 0 ? (intptr_t)number : -1;
}

static void
again(void)
{
	int i;

	for (i = 0; i < AGAIN; i++)
		CHECK_INT(run(leaves_some, i), i);
}

/* ---- What is left over --------------------------------------------------- */

static int lingered;

static intptr_t
lingers(void *unused)
{
	(void)unused;
	CHECK_INT(tasks_lingers(TASKS_NUMBER(-1)), -1);
	lingered++;
	CHECK(task_spawn(tasks_waits, NULL) == NULL);
	CHECK_INT(errno, ESHUTDOWN);
	errno = ECANCELED;
	return -1;
}

static void
disposes(void *count)
{
	++*(int *)count;
}

static intptr_t
disposes_task(void *count)
{
	return task_sleep(*(int *)count < 0 ? 1 : INT64_MAX);
}

static intptr_t
leaves_over(void *unused)
{
	static int disposed;
	static const struct task_attributes attributes = { .dispose =
							       disposes };

	(void)unused;
	task_detach(tasks_spawn(lingers, 0));
	task_detach(tasks_spawn(lingers, 0));
	background(lingers, 0);
	tasks_turn();
	/* One that never begins. */
	task_detach(task_spawn_with(disposes_task, &disposed, &attributes));
	return (intptr_t)&disposed;
}

static void
left_over(void)
{
	int *disposed = (int *)run(leaves_over, 0);

	CHECK(disposed != (int *)-1);
	CHECK_INT(lingered, 3);
	CHECK_INT(*disposed, 1);
	CHECK_STR(tasks_text, "");
}

/* During the end tasks may still spawn into a group of theirs. */
static intptr_t
ends_with_group(void *done)
{
	struct task_scope shield;
	struct task_group group;

	CHECK_INT(task_sleep(INT64_MAX), -1);
	CHECK_INT(task_scope_shield(&shield, 60000 * LOOP_MS), 0);
	CHECK_INT(task_group_enter(&group, TASK_FAIL_FAST), 0);
	task_detach(task_group_spawn(&group, tasks_sleeps, TASKS_NUMBER(2)));
	CHECK_INT(task_group_leave(&group, NULL, 0), 0);
	CHECK_INT(task_scope_leave(&shield), 0);
	*(int *)done = (int)group.succeeded;
	return 0;
}

static intptr_t
leaves_group(void *unused)
{
	static int done;

	(void)unused;
	task_detach(task_spawn(ends_with_group, &done));
	tasks_turn();
	return (intptr_t)&done;
}

static void
left_group(void)
{
	CHECK_INT(*(int *)run(leaves_group, 0), 1);
}

/* They do not heed it: one waits, one goes on and on, one is in a group. */
static intptr_t
does_not_heed(void *unused)
{
	struct task_scope shield;

	(void)unused;
	for (;;) {
		CHECK_INT(task_scope_shield(&shield, -1), 0);
		CHECK_INT(task_sleep(INT64_MAX), 0);
		CHECK_INT(task_scope_leave(&shield), 0);
	}
	return 0;
}

static intptr_t
goes_on(void *unused)
{
	(void)unused;
	for (;;)
		(void)task_sleep(LOOP_MS);
	return 0;
}

static intptr_t
has_group(void *unused)
{
	struct task_group group;

	(void)unused;
	CHECK_INT(task_group_enter(&group, TASK_FAIL_FAST), 0);
	task_detach(task_group_spawn(&group, does_not_heed, NULL));
	task_detach(task_group_spawn(&group, goes_on, NULL));
	return task_group_leave(&group, NULL, 0);
}

static intptr_t
leaves_stubborn(void *number)
{
	struct task *t = tasks_spawn(does_not_heed, 0);

	task_detach(task_spawn(has_group, NULL));
	(void)task_set_name(t, "stubborn");
	task_detach(t);
	background(does_not_heed, 0);
	tasks_turn();
	return (intptr_t)number;
}

static void
stubborn(void)
{
	int64_t began = test_clock();

	tasks_options.grace = 30 * LOOP_MS;
	CHECK_INT(run(leaves_stubborn, 5), 5);
	CHECK(test_clock() - began >= 30 * LOOP_MS);
	CHECK(tasks_said("have not ended in time"));
	CHECK(tasks_said("\"stubborn\""));
	CHECK(tasks_said("\"has_group\""));
	CHECK(tasks_said("\"goes_on\""));
	CHECK(tasks_said("is cancelled"));
	/* Their stacks are lost, and that is all. */
	tasks_used = 0;
	tasks_text[0] = '\0';
	CHECK_INT(run(leaves_some, 6), 6);
	CHECK_STR(tasks_text, "");
}

/* No time at all: they are cancelled, but not waited for. */
static void
no_limit(void)
{
	tasks_options.grace = -1;
	CHECK_INT(run(leaves_over, 0) != -1, 1);
	CHECK_INT(lingered, 3);
}

/* ---- reactor_stop -------------------------------------------------------- */

static void
stops(struct reactor *r, struct reactor_timer *timer)
{
	(void)timer;
	reactor_stop(r);
}

static intptr_t
is_stopped(void *number)
{
	struct reactor_timer timer = { .callback = stops };
	int result;

	CHECK_INT(reactor_timer_start(task_reactor(), &timer, LOOP_MS), 0);
	result = task_sleep(INT64_MAX);
	CHECK_INT(result, -1);
	CHECK_INT(errno, ECANCELED);
	return (intptr_t)number;
}

static void *
stops_later(void *r)
{
	loop_sleep(10 * LOOP_MS);
	reactor_stop(r);
	return NULL;
}

static intptr_t
is_stopped_by_thread(void *unused)
{
	pthread_t thread;

	(void)unused;
	CHECK_INT(
	    pthread_create(&thread, NULL, stops_later, task_reactor()), 0);
	CHECK_INT(task_sleep(INT64_MAX), -1);
	CHECK_INT(errno, ECANCELED);
	CHECK_INT(pthread_join(thread, NULL), 0);
	errno = ECANCELED;
	return -1;
}

static void
stopped(void)
{
	CHECK_INT(run(is_stopped, 7), 7);
	CHECK_INT(run(is_stopped, -1), -1);
	CHECK_INT(errno, ECANCELED);
	CHECK_INT(run(is_stopped_by_thread, 0), -1);
	CHECK_INT(errno, ECANCELED);
}

/* ---- A loop of somebody's ------------------------------------------------ */

struct beat {
	struct reactor_timer timer;
	int beats;
};

static void
beats(struct reactor *r, struct reactor_timer *timer)
{
	struct beat *beat = REACTOR_OWNER(timer, struct beat, timer);

	if (++beat->beats == 5)
		reactor_timer_stop(r, timer);
	CHECK(task_self() == NULL);
	CHECK(task_reactor() == r);
	CHECK_INT(task_end(r), -1);
	CHECK_INT(errno, EBUSY);
	CHECK_INT(task_run(tasks_returns, NULL, NULL), -1);
	CHECK_INT(errno, EBUSY);
	CHECK_INT(task_begin(r, NULL), -1);
	CHECK_INT(errno, EBUSY);
	task_detach(tasks_spawn(tasks_logs, 'b'));
}

static intptr_t
cannot_end(void *r)
{
	CHECK(task_reactor() == r);
	CHECK_INT(task_end(r), -1);
	CHECK_INT(errno, EBUSY);
	CHECK_INT(task_begin(r, NULL), -1);
	CHECK_INT(errno, EBUSY);
	CHECK_INT(task_run(tasks_returns, NULL, NULL), -1);
	CHECK_INT(errno, EBUSY);
	CHECK_INT(task_sleep(LOOP_MS), 0);
	loop_log('t');
	return 0;
}

static void
begin(struct reactor *r)
{
	if (task_begin(r, &tasks_options) == 0)
		return;
	tasks_skip();
	test_fail("task_begin: %s", strerror(errno));
}

static void
beside(void)
{
	struct beat beat = { .timer = { .callback = beats, .every = LOOP_MS } };
	struct reactor *r = loop_open(), *other = loop_open();
	int i;

	for (i = 0; i < 3; i++) {
		begin(r);
		CHECK(task_reactor() == r);
		CHECK_INT(task_begin(other, NULL), -1);
		CHECK_INT(errno, EBUSY);
		CHECK_INT(task_end(other), -1);
		CHECK_INT(errno, EINVAL);
		CHECK(task_self() == NULL);
		/* Without tasks it is a loop as any other. */
		CHECK_INT(reactor_run(r), 0);
		task_detach(task_spawn(cannot_end, r));
		CHECK_STR(loop_said(), "");
		beat.beats = 0;
		CHECK_INT(reactor_timer_start(r, &beat.timer, LOOP_MS), 0);
		CHECK_INT(reactor_run(r), 0);
		CHECK_INT(beat.beats, 5);
		CHECK_INT(strlen(loop_said()), 6);
		CHECK_INT(task_end(r), 0);
		CHECK(task_reactor() == NULL);
		CHECK_INT(task_end(r), -1);
		CHECK_INT(errno, EINVAL);
	}
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(reactor_close(r), 0);
	CHECK_INT(reactor_close(other), 0);
}

/* It ends while tasks wait, and between two runs nothing happens to them. */
static void
halves(void)
{
	struct reactor *r = loop_open();

	begin(r);
	task_detach(tasks_spawn(lingers, 0));
	task_detach(tasks_spawn(tasks_logs, 'a'));
	CHECK(reactor_run_once(r, 0) >= 0);
	CHECK_STR(loop_said(), "a");
	task_detach(tasks_spawn(tasks_logs, 'b'));
	CHECK_STR(loop_said(), "");
	CHECK(reactor_run_once(r, 0) >= 0);
	CHECK_STR(loop_said(), "b");
	/* The last one never begins. */
	task_detach(tasks_spawn(tasks_logs, 'c'));
	CHECK_INT(task_end(r), 0);
	CHECK_INT(lingered, 1);
	CHECK_STR(loop_said(), "");
	CHECK_INT(reactor_close(r), 0);
}

/* Background tasks run as long as others do, and then there is no reason. */
static intptr_t
ticks(void *letter)
{
	while (task_sleep(LOOP_MS) == 0)
		loop_log((int)(intptr_t)letter);
	return -1;
}

static intptr_t
spins(void *unused)
{
	(void)unused;
	while (task_yield() == 0)
		continue;
	loop_log('!');
	return -1;
}

static void
no_reason(void)
{
	struct reactor *r = loop_open();
	const char *said;

	begin(r);
	background(ticks, 'x');
	background(spins, 0);
	CHECK_INT(reactor_run(r), 0);
	loop_said();
	task_detach(tasks_spawn(tasks_sleeps, 20));
	CHECK_INT(reactor_run(r), 0);
	said = loop_said();
	CHECK(said[0] == 'x');
	CHECK_INT(reactor_run(r), 0);
	loop_said();
	CHECK_INT(task_end(r), 0);
	CHECK(strchr(loop_said(), '!') != NULL);
	CHECK_STR(tasks_text, "");
	CHECK_INT(reactor_close(r), 0);
}

/* Stuck: each run says so at once, and task_end. */
static intptr_t
awaits(void *t)
{
	return task_await(*(struct task **)t, NULL);
}

static void
stuck(void)
{
	struct reactor *r = loop_open();
	static struct task *a, *b;

	begin(r);
	a = task_spawn(awaits, &b);
	b = task_spawn(awaits, &a);
	CHECK_INT(reactor_run(r), 0);
	CHECK(tasks_said("no task can ever run again"));
	CHECK_INT(tasks_state(a), TASK_PENDING);
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(reactor_run(r), 0);
	/* One of them is helped, and the other ends by that. */
	CHECK_INT(task_cancel(a), 0);
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(tasks_state(a), TASK_CANCELLED);
	CHECK_INT(tasks_state(b), TASK_DONE);
	task_detach(a);
	task_detach(b);
	CHECK_INT(task_end(r), 0);
	begin(r);
	a = task_spawn(awaits, &b);
	b = task_spawn(awaits, &a);
	task_detach(a);
	task_detach(b);
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(task_end(r), -1);
	CHECK_INT(errno, EDEADLK);
	CHECK(task_reactor() == NULL);
	CHECK_INT(reactor_close(r), 0);
}

/* ---- Options ------------------------------------------------------------- */

static void
options(void)
{
	struct task_options o = { .context = "nonsense" };
	intptr_t result;

	CHECK_INT(task_run(tasks_returns, NULL, &o), -1);
	CHECK_INT(errno, EINVAL);
	CHECK(strstr(coro_error(), "nonsense") != NULL);
	memset(&o, 0, sizeof(o));
	o.backend = "nonsense";
	CHECK_INT(task_run(tasks_returns, NULL, &o), -1);
	CHECK_INT(errno, EINVAL);
	CHECK(strstr(reactor_error(), "nonsense") != NULL);
	memset(&o, 0, sizeof(o));
	o.stack_size = 1;
	CHECK_INT(task_run(tasks_returns, NULL, &o), -1);
	CHECK_INT(errno, EINVAL);
	memset(&o, 0, sizeof(o));
	o.flags = 0x80;
	CHECK_INT(task_run(tasks_returns, NULL, &o), -1);
	CHECK_INT(errno, EINVAL);
	o.flags = CORO_NO_OVERFLOW;
	result = task_run(tasks_returns, TASKS_NUMBER(3), &o);
	if (result == -1)
		tasks_skip();
	CHECK_INT(result, 3);
	CHECK(task_reactor() == NULL);
}

static void
attribute_cases(void)
{
	struct task_attributes a = { .flags = 0x80 };
	struct coro_stack_info info;
	struct task *t;
	char name[] = "given";

	CHECK(task_spawn_with(tasks_waits, NULL, &a) == NULL);
	CHECK_INT(errno, EINVAL);
	memset(&a, 0, sizeof(a));
	a.stack_size = 1;
	CHECK(task_spawn_with(tasks_waits, NULL, &a) == NULL);
	CHECK_INT(errno, EINVAL);
	a.stack_size = (size_t)1 << 20;
	a.name = name;
	t = task_spawn_with(tasks_waits, NULL, &a);
	CHECK(t != NULL);
	name[0] = 'G';
	CHECK_STR(task_name(t), "given");
	CHECK(strstr(task_place(t), "task_run.c:") != NULL);
	CHECK_INT(task_stack(t, &info), 0);
	CHECK(info.size > (size_t)1 << 19);
	CHECK_INT(task_set_name(t, "another"), 0);
	CHECK_STR(task_name(t), "another");
	tasks_turn();
	CHECK_INT(task_cancel(t), 0);
	CHECK_INT(task_await(t, NULL), 0);
	CHECK_STR(task_name(t), "another");
	CHECK_INT(task_stack(t, &info), -1);
	CHECK_INT(errno, ESRCH);
	task_detach(t);
	t = tasks_spawn(tasks_waits, 0);
	CHECK_STR(task_name(t), "function");
	tasks_stop(t);
	task_detach(NULL);
}

/* ---- Failures that nobody asked for -------------------------------------- */

static char noted[256];

static void
unobserved(void *data, struct task *t, const struct task_outcome *outcome)
{
	size_t used = strlen(noted);

	CHECK(data == noted);
	CHECK_INT(outcome->state, TASK_FAILED);
	snprintf(noted + used, sizeof(noted) - used, "%s:%d;", task_name(t),
	    outcome->error);
}

static struct task *
fails_as(const char *name, int error)
{
	struct task_attributes a = { .name = name };
	struct task *t = task_spawn_with(tasks_fails, TASKS_NUMBER(error), &a);

	CHECK(t != NULL);
	return t;
}

static void
failures(void)
{
	struct task_outcome outcome;
	struct task_group group;
	struct task *t;

	/* Given up before, and after. */
	task_detach(fails_as("before", EIO));
	t = fails_as("after", EPIPE);
	tasks_turn();
	task_detach(t);
	/* Asked for, each in its way. */
	t = fails_as("peeked", EIO);
	tasks_turn();
	task_peek(t, &outcome);
	task_detach(t);
	t = fails_as("awaited", EIO);
	CHECK_INT(task_await(t, NULL), 0);
	task_detach(t);
	CHECK_INT(task_group_enter(&group, TASK_COLLECT), 0);
	task_detach(task_group_spawn(&group, tasks_fails, TASKS_NUMBER(EIO)));
	CHECK_INT(task_group_leave(&group, NULL, 0), -1);
	/* Peeked at too early is not asked. */
	t = fails_as("early", EDOM);
	task_peek(t, &outcome);
	CHECK_INT(outcome.state, TASK_PENDING);
	tasks_turn();
	task_detach(t);
	/* Neither results nor those that were cancelled. */
	task_detach(tasks_spawn(tasks_returns, -1));
	t = tasks_spawn(tasks_waits, 0);
	tasks_turn();
	CHECK_INT(task_cancel(t), 0);
	task_detach(t);
	tasks_turn();
}

static void
failures_told(void)
{
	tasks_options.unobserved = unobserved;
	tasks_options.data = noted;
	tasks_case();
	CHECK_STR(noted, "before:5;after:32;early:33;");
}

static const struct tasks_body failing = { failures };

static intptr_t
fails_alone(void *unused)
{
	(void)unused;
	task_detach(fails_as("alone", EIO));
	tasks_turn();
	return 0;
}

static void
failures_reported(void)
{
	CHECK_INT(run(fails_alone, 0), 0);
	CHECK(tasks_said("task \"alone\""));
	CHECK(tasks_said("task_run.c:"));
	CHECK(tasks_said(strerror(EIO)));
}

/* ---- What a task leaves behind ------------------------------------------- */

static int disposed;

static intptr_t
spawns_disposed(void *unused)
{
	static const struct task_attributes a = { .dispose = disposes };
	struct task *never, *waits;
	int late = -1;

	(void)unused;
	task_detach(task_spawn_with(tasks_returns, &disposed, &a));
	task_detach(task_spawn_with(tasks_waits, &disposed, &a));
	waits = task_spawn_with(tasks_waits, &disposed, &a);
	tasks_turn();
	CHECK_INT(disposed, 1);
	never = task_spawn_with(tasks_waits, &disposed, &a);
	CHECK_INT(task_cancel(never), 0);
	CHECK_INT(task_cancel(waits), 0);
	CHECK_INT(tasks_end(never).state, TASK_CANCELLED);
	CHECK_INT(tasks_end(waits).state, TASK_CANCELLED);
	CHECK_INT(disposed, 3);
	CHECK_INT(tasks_end(task_spawn_with(disposes_task, &late, &a)).state,
	    TASK_DONE);
	CHECK_INT(late, 0);
	return 0;
}

static void
dispose(void)
{
	CHECK_INT(run(spawns_disposed, 0), 0);
	CHECK_INT(disposed, 4);
}

/* Clean-ups: they may wait, and belong to the task. */
static void
logs(void *letter)
{
	int kept = errno;

	if (!task_cancelled())
		CHECK_INT(task_sleep(1), 0);
	loop_log(*(char *)letter);
	errno = kept == EBADMSG ? 0 : EBADMSG;
}

static char letters[] = "abc";

static intptr_t
has_cleanups(void *how)
{
	static struct task_scope left;
	int i;

	for (i = 0; i < 3; i++)
		CHECK_INT(coro_cleanup_push(logs, &letters[i]), 0);
	coro_cleanup_pop(logs, &letters[1], 0);
	switch ((intptr_t)how) {
	case 0:
		return 8;
	case 1:
		return tasks_fails(TASKS_NUMBER(EIO));
	case 2:
		return tasks_waits(NULL);
	default: /* in a scope, and that is cancelled */
		CHECK_INT(task_scope_enter(&left, 0), 0);
		return tasks_waits(NULL);
	}
}

static void
cleanups(void)
{
	struct task_outcome outcome;
	struct task *t;

	outcome = tasks_end(tasks_spawn(has_cleanups, 0));
	CHECK_INT(outcome.result, 8);
	CHECK_STR(loop_said(), "ca");
	outcome = tasks_end(tasks_spawn(has_cleanups, 1));
	CHECK_INT(outcome.error, EIO);
	CHECK_STR(loop_said(), "ca");
	t = tasks_spawn(has_cleanups, 2);
	tasks_turn();
	tasks_stop(t);
	CHECK_STR(loop_said(), "ca");
	/* That was no cancellation of the task. */
	outcome = tasks_end(tasks_spawn(has_cleanups, 3));
	CHECK_INT(outcome.state, TASK_FAILED);
	CHECK_INT(outcome.error, ECANCELED);
	CHECK_STR(loop_said(), "ca");
	/* One that never begins has none. */
	t = tasks_spawn(has_cleanups, 0);
	CHECK_INT(task_cancel(t), 0);
	CHECK_INT(tasks_end(t).state, TASK_CANCELLED);
	CHECK_STR(loop_said(), "");
	CHECK_INT(coro_cleanup_push(logs, &letters[0]), 0);
	coro_cleanup_pop(logs, &letters[0], 1);
	CHECK_STR(loop_said(), "a");
}

/* ---- errno --------------------------------------------------------------- */

static intptr_t
keeps_errno(void *number)
{
	int i, mine = (int)(intptr_t)number;

	errno = mine;
	for (i = 0; i < 20; i++) {
		CHECK_INT(i % 5 ? task_yield() : task_sleep(1000 * i), 0);
		CHECK_INT(errno, mine);
	}
	errno = 0;
	return 0;
}

static void
spoils_errno(struct reactor *r, struct reactor_timer *timer)
{
	(void)r;
	(void)timer;
	errno = ENOTTY;
}

static void
errnos(void)
{
	struct reactor_timer timer = { .callback = spoils_errno,
		.every = 1000 };
	struct task *t[10];
	int i;

	CHECK_INT(reactor_timer_start(task_reactor(), &timer, 0), 0);
	for (i = 0; i < 10; i++)
		t[i] = tasks_spawn(keeps_errno, i + 1);
	for (i = 0; i < 10; i++)
		CHECK_INT(tasks_end(t[i]).state, TASK_DONE);
	reactor_timer_stop(task_reactor(), &timer);
}

/* ---- Figures ------------------------------------------------------------- */

static void
figures(void)
{
	struct task_statistics before, now;
	struct task *t[3];
	int i;

	task_stats(&before);
	CHECK_INT(before.tasks, 1);
	CHECK_INT(before.ready, 0);
	for (i = 0; i < 3; i++)
		t[i] = tasks_spawn(tasks_waits, 0);
	task_stats(&now);
	CHECK_INT(now.tasks, 4);
	CHECK_INT(now.ready, 3);
	CHECK_INT(now.spawned - before.spawned, 3);
	CHECK(now.stacks - now.pooled == 4);
	tasks_turn();
	task_stats(&now);
	CHECK_INT(now.ready, 0);
	CHECK(now.switches - before.switches >= 4);
	for (i = 0; i < 3; i++)
		tasks_stop(t[i]);
	task_stats(&now);
	CHECK_INT(now.tasks, 1);
	CHECK(now.stacks - now.pooled == 1);
}

/* ---- Threads ------------------------------------------------------------- */

enum { THREADS = 4 };

static intptr_t
works(void *depth)
{
	struct task_call calls[3];
	int i;

	if (depth == NULL)
		return task_sleep(1000);
	memset(calls, 0, sizeof(calls));
	for (i = 0; i < 3; i++) {
		calls[i].function = works;
		calls[i].argument = TASKS_NUMBER((intptr_t)depth - 1);
	}
	return task_gather(calls, 3, TASK_FAIL_FAST);
}

static void *
runs(void *unused)
{
	int i;

	(void)unused;
	CHECK(task_reactor() == NULL);
	for (i = 0; i < 20; i++)
		if (task_run(works, TASKS_NUMBER(3), NULL) == -1)
			return TASKS_NUMBER(errno);
	return NULL;
}

static void
threads(void)
{
	pthread_t thread[THREADS];
	void *error;
	int i;

	for (i = 0; i < THREADS; i++)
		CHECK_INT(pthread_create(&thread[i], NULL, runs, NULL), 0);
	for (i = 0; i < THREADS; i++) {
		CHECK_INT(pthread_join(thread[i], &error), 0);
		errno = (int)(intptr_t)error;
		if (errno == ENOTSUP)
			SKIP("no such context");
		CHECK_INT(errno, 0);
	}
}

/* ---- No memory ----------------------------------------------------------- */

static long made, fail, live, failed;
static int for_all;

static void *
resize(void *memory, size_t size)
{
	void *new;

	if (size == 0) {
		live -= memory != NULL;
		free(memory);
		return NULL;
	}
	made++;
	if (fail > 0 && (for_all ? made >= fail : made == fail)) {
		failed++;
		return NULL;
	}
	new = realloc(memory, size);
	live += memory == NULL && new != NULL;
	return new;
}

/* All that it tries works, or there was no memory. */
static int
lacks(int result)
{
	if (result == 0)
		return 0;
	CHECK(failed > 0);
	CHECK_INT(errno, ENOMEM);
	return 1;
}

static intptr_t
tries_all(void *unused)
{
	struct task_attributes big = { .name = "big", .stack_size = 1 << 20 };
	struct task_series *series;
	struct task_group group;
	struct task_post post;
	struct task *t[100];
	int i, n;

	(void)unused;
	for (n = 0; n < 100; n++) {
		t[n] = n % 10 ? task_spawn(tasks_waits, NULL)
			      : task_spawn_with(tasks_waits, NULL, &big);
		if (lacks(t[n] == NULL))
			break;
	}
	(void)lacks(task_yield());
	(void)lacks(task_sleep(1));
	(void)lacks(task_set_name(task_self(), "tries"));
	series = task_series_open(t, (size_t)n);
	(void)lacks(series == NULL);
	(void)lacks(task_wait(t, (size_t)n, TASK_ALL, LOOP_MS) == -1);
	CHECK_INT(task_post_open(&post), 0);
	task_post_close(&post);
	CHECK_INT(task_group_enter(&group, TASK_FAIL_FAST), 0);
	for (i = 0; i < 20; i++) {
		struct task *one =
		    task_group_spawn(&group, tasks_returns, NULL);

		(void)lacks(one == NULL);
		task_detach(one);
	}
	CHECK_INT(task_group_leave(&group, NULL, 0), 0);
	for (i = 0; i < n; i++)
		task_detach(t[i]);
	task_series_close(series);
	return 11;
}

/* In a thread of its own, as stacks are kept as long as that. */
static void *
scenario(void *unused)
{
	intptr_t result;

	(void)unused;
	made = failed = 0;
	errno = 0;
	result = task_run(tries_all, NULL, &tasks_options);
	if (result == -1) {
		tasks_skip();
		CHECK_INT(errno, ENOMEM);
		CHECK(failed > 0);
	} else {
		CHECK_INT(result, 11);
	}
	return NULL;
}

/* Those that lack memory do fail. */
static void
ignore(void *data, struct task *t, const struct task_outcome *outcome)
{
	(void)data;
	(void)t;
	CHECK_INT(outcome->error, ENOMEM);
}

static void
memory(int all)
{
	pthread_t thread;

	reactor_set_allocator(resize);
	tasks_options.grace = 100 * LOOP_MS;
	tasks_options.unobserved = ignore;
	for_all = all;
	for (fail = 1;; fail++) {
		CHECK_INT(pthread_create(&thread, NULL, scenario, NULL), 0);
		CHECK_INT(pthread_join(thread, NULL), 0);
		CHECK_INT(live, 0);
		if (failed == 0)
			break;
	}
	CHECK(fail > 10);
	CHECK_STR(tasks_text, "");
}

static void
memory_once(void)
{
	memory(0);
}

static void
memory_from_then_on(void)
{
	memory(1);
}

/* ---- In a generator ------------------------------------------------------ */

static intptr_t
yields_once(void *generator)
{
	CHECK(coro_self() == NULL);
	CHECK_INT(coro_yield(NULL, NULL), -1);
	CHECK_INT(errno, EPERM);
	errno = 0;
	CHECK_INT(coro_next(generator, NULL), -1); /* it runs, so to say */
	CHECK_INT(errno, EBUSY);
	CHECK_INT(task_sleep(LOOP_MS), 0);
	return 5;
}

static intptr_t
runs_tasks(void *unused)
{
	struct coro *self = coro_self();
	intptr_t n = task_run(yields_once, self, NULL);

	(void)unused;
	CHECK(coro_self() == self);
	return coro_yield((void *)n, NULL);
}

static void
in_generator(void)
{
	struct coro *c = coro_new(runs_tasks, NULL, NULL);
	void *value;

	if (c == NULL)
		SKIP(coro_error());
	CHECK_INT(coro_next(c, &value), 1);
	CHECK_INT((intptr_t)value, 5);
	CHECK_INT(coro_next(c, &value), 0);
	CHECK_INT(coro_free(c), 0);
}

/* ---- In the trace -------------------------------------------------------- */

static intptr_t
is_traced(void *unused)
{
	struct task *t = task_spawn(tasks_returns, TASKS_NUMBER(4));

	(void)unused;
	CHECK(t != NULL);
	CHECK_INT(task_yield(), 0);
	CHECK_INT(task_sleep(LOOP_MS), 0);
	CHECK_INT(tasks_end(t).result, 4);
	return 1;
}

/* Each of them, and after the one before it. */
static void
in_the_trace(void)
{
	static const char *const parts[] = { "\"name\":\"tasks\"",
		"\"name\":\"spawn main\"", "\"ph\":\"B\"", "\"name\":\"main\"",
		"\"name\":\"spawn tasks_returns\"",
		"\"what\":\"test/task_run.c:", "\"name\":\"yield main\"",
		"\"name\":\"tasks_returns\"", "\"name\":\"end tasks_returns\"",
		"\"what\":\"done\"", "\"name\":\"park main\"",
		"\"what\":\"a time, in ", "\"name\":\"end main\"" };
	struct task_options o = { .flags = 0 };
	char name[] = "/tmp/reactor-trace-XXXXXX", text[65536];
	const char *at = text;
	intptr_t result;
	ssize_t n;
	size_t i;
	int fd = mkstemp(name);

	CHECK(fd != -1);
	o.trace = name;
	result = task_run(is_traced, NULL, &o);
	if (result == -1)
		tasks_skip();
	CHECK_INT(result, 1);
	n = read(fd, text, sizeof(text) - 1);
	CHECK(n > 0);
	text[n] = '\0';
	close(fd);
	unlink(name);
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		at = strstr(at, parts[i]);
		if (at == NULL)
			test_fail("no %s after what came before", parts[i]);
	}
}

static const struct test tests[] = {
	TEST("results and errors", results),
	TEST("main", is_first),
	TEST("again and again", again),
	TEST("tasks that are left are waited for", left_over),
	TEST("they may still use groups", left_group),
	TEST("tasks that do not heed it", stubborn),
	TEST("no limit", no_limit),
	TEST("reactor_stop", stopped),
	TEST("beside handlers", beside),
	TEST("in two halves", halves),
	TEST("background tasks are no reason", no_reason),
	TEST("stuck beside handlers", stuck),
	TEST("options", options),
	TASKS("attributes", attribute_cases),
	{ "failures that nobody asked for", failures_told, 0, &failing },
	TEST("the same, reported", failures_reported),
	TEST("arguments are disposed of", dispose),
	TASKS("clean-ups", cleanups),
	TASKS("errno", errnos),
	TASKS("figures", figures),
	TEST("threads", threads),
	TEST("each allocation fails once", memory_once),
	TEST("each allocation and all after it fail", memory_from_then_on),
	TEST("a generator runs tasks", in_generator),
	TEST("tasks are traced", in_the_trace),
};

TEST_MAIN(tests)
