/*
 * SPDX-License-Identifier: ISC
 *
 * sync.h: what the tests of synchronisation have in common: tasks that wait and
 * note what came of it, and the promises that hold for each sort of waiting.
 */
#ifndef TEST_SYNC_H
#define TEST_SYNC_H

#include <limits.h>
#include "test/tasks.h"

/* ---- A run --------------------------------------------------------------- */

static intptr_t
sy_task_run(task_fn *main)
{
	intptr_t result;

	tasks_used = 0;
	tasks_text[0] = '\0';
	result = task_run(main, NULL, &tasks_options);
	if (result == -1)
		tasks_skip();
	return result;
}

/* It comes to its end, and there is nothing to report. */
__attribute__((unused)) static void
sy_run(task_fn *main)
{
	CHECK_INT(sy_task_run(main), 0);
	CHECK_STR(tasks_text, "");
}

__attribute__((unused)) static void
sy_said(const char *words)
{
	if (!tasks_said(words))
		test_fail("not said: \"%s\", but: %s", words, tasks_text);
}

/* It does not, and that is noticed. */
__attribute__((unused)) static void
sy_run_stuck(task_fn *main)
{
	CHECK_INT(sy_task_run(main), -1);
	CHECK_INT(errno, EDEADLK);
	sy_said("no task can ever run again");
}

/* The running task is the only one that can run. */
__attribute__((unused)) static void
sy_rest(void)
{
	struct task_statistics stats;

	do {
		CHECK(task_yield() == 0);
		task_stats(&stats);
	} while (stats.ready > 0);
}

/* ---- Random numbers ------------------------------------------------------ */

static uint64_t sy_seed, sy_random;

#define SY(holds)                                                            \
	((holds) ? test_at(TEST_HERE)                                        \
		 : test_fail("%s: %s (errno %d, TEST_SEED=%llu)", TEST_HERE, \
		       #holds, errno, (unsigned long long)sy_seed))

__attribute__((unused)) static unsigned
sy_draw(unsigned limit)
{
	sy_random ^= sy_random << 13;
	sy_random ^= sy_random >> 7;
	sy_random ^= sy_random << 17;
	return (unsigned)(sy_random >> 33) % limit;
}

__attribute__((unused)) static void
sy_sow(void)
{
	const char *text = getenv("TEST_SEED");

	sy_seed = text != NULL ? strtoull(text, NULL, 0)
			       : (uint64_t)test_clock() >> 4;
	sy_random = sy_seed | 1;
	printf("# TEST_SEED=%llu\n", (unsigned long long)sy_seed);
}

__attribute__((unused)) static int
sy_steps(int usual)
{
	const char *text = getenv("TEST_STEPS");

	return text != NULL ? atoi(text) : usual;
}

/* ---- Somebody who waits -------------------------------------------------- */

struct sy_thing {
	const char *words;    /* of the dump */
	void (*shut)(void);   /* from now on it has to be waited for */
	int (*wait)(void);    /* -1, or it has gone on */
	void (*after)(void);  /* who has gone on does that; or NULL */
	void (*give)(int n);  /* the first n who wait can go on */
	int chained;          /* each lets the next go on, in `after` */
	int tasks_only;       /* give is nothing for callbacks */
	void (*open)(void);   /* somebody can go on at once; or NULL */
	void (*nobody)(void); /* checks that nobody waits */
};

struct sy_worker {
	const struct sy_thing *thing;
	struct task *task;
	int letter, result, error, blame;
	int64_t timeout; /* < 0: none */
};

/* Logs its letter when it has gone on, else the capital. */
static intptr_t
sy_work(void *argument)
{
	struct sy_worker *w = argument;
	struct task_scope scope;

	CHECK(task_scope_enter(&scope, w->timeout) == 0);
	w->result = w->thing->wait();
	w->error = errno;
	loop_log(w->result != -1 ? w->letter : w->letter - 'a' + 'A');
	if (w->result != -1 && w->thing->after != NULL)
		w->thing->after();
	w->blame = task_scope_leave(&scope) == -1 ? errno : 0;
	return 0;
}

/* As many as there are letters, and they wait. */
static void
sy_start(struct sy_worker *w, const char *letters, int64_t timeout)
{
	for (; *letters != '\0'; letters++, w++) {
		w->thing = test_case->data;
		w->letter = *letters;
		w->timeout = timeout;
		w->result = -2;
		w->task = task_spawn(sy_work, w);
		CHECK(w->task != NULL);
	}
	sy_rest();
	CHECK_STR(loop_said(), "");
}

static void
sy_end(struct sy_worker *w, int n)
{
	const struct sy_thing *thing = test_case->data;
	struct task_outcome outcome;

	for (; n > 0; n--, w++) {
		CHECK(task_await(w->task, &outcome) == 0);
		CHECK_INT(outcome.state, TASK_DONE);
		task_detach(w->task);
	}
	thing->nobody();
}

/* ---- Promises ------------------------------------------------------------ */

/* From the second time on without any memory. */
static intptr_t
sy_in_order(void *argument)
{
	const struct sy_thing *thing = test_case->data;
	struct sy_worker w[3];
	int round;

	(void)argument;
	for (round = 0; round < 3; round++) {
		loop_left = INT_MAX;
		thing->shut();
		loop_left = round == 0 ? INT_MAX : 0;
		sy_start(w, "abc", -1);
		thing->give(3);
		CHECK_STR(loop_said(), ""); /* they wait for their turn */
		sy_rest();
		CHECK_STR(loop_said(), "abc");
		sy_end(w, 3);
	}
	loop_left = INT_MAX;
	return 0;
}

/* One of three is cancelled; the others do not notice. */
static void
sy_cancel_one(int which, const char *said)
{
	const struct sy_thing *thing = test_case->data;
	struct sy_worker w[3];
	char failed[2] = { (char)('A' + which), '\0' };

	thing->shut();
	sy_start(w, "abc", -1);
	CHECK(task_cancel(w[which].task) == 0);
	sy_rest();
	CHECK_STR(loop_said(), failed);
	CHECK_INT(w[which].error, ECANCELED);
	thing->give(2);
	sy_rest();
	CHECK_STR(loop_said(), said);
	sy_end(w, 3);
}

static intptr_t
sy_cancelled(void *argument)
{
	(void)argument;
	sy_cancel_one(0, "bc");
	sy_cancel_one(1, "ac");
	sy_cancel_one(2, "ab");
	return 0;
}

/* In the same round, before anybody runs: first the cancel... */
static intptr_t
sy_cancel_first(void *argument)
{
	const struct sy_thing *thing = test_case->data;
	struct sy_worker w[3];
	int which;

	(void)argument;
	for (which = 0; which < 3; which++) {
		thing->shut();
		sy_start(w, "abc", -1);
		CHECK(task_cancel(w[which].task) == 0);
		thing->give(2);
		sy_rest();
		CHECK_INT(strlen(loop_said()), 3);
		CHECK_INT(w[which].result, -1);
		CHECK_INT(w[which].error, ECANCELED);
		CHECK(w[(which + 1) % 3].result >= 0);
		CHECK(w[(which + 2) % 3].result >= 0);
		sy_end(w, 3);
	}
	return 0;
}

/* ...then the other order: what was given is not taken away. */
static intptr_t
sy_give_first(void *argument)
{
	const struct sy_thing *thing = test_case->data;
	struct sy_worker w[3];
	int which;

	(void)argument;
	for (which = 0; which < (thing->chained ? 1 : 3); which++) {
		thing->shut();
		sy_start(w, "abc", -1);
		thing->give(3);
		CHECK(task_cancel(w[which].task) == 0);
		sy_rest();
		CHECK_STR(loop_said(), "abc");
		sy_end(w, 3);
	}
	return 0;
}

/* In a cancelled scope it fails, even where it could go on. */
static intptr_t
sy_refuses(void *argument)
{
	const struct sy_thing *thing = test_case->data;
	struct task_scope scope;
	int i;

	(void)argument;
	thing->shut();
	if (thing->open != NULL)
		thing->open();
	CHECK(task_scope_enter(&scope, -1) == 0);
	task_scope_cancel(&scope);
	for (i = 0; i < 3; i++) {
		errno = 0;
		CHECK_INT(thing->wait(), -1);
		CHECK_INT(errno, ECANCELED);
		thing->nobody();
	}
	CHECK_INT(task_scope_leave(&scope), -1);
	CHECK_INT(errno, ECANCELED);
	if (thing->open == NULL)
		return 0;
	CHECK(thing->wait() >= 0); /* nothing has changed */
	if (thing->after != NULL)
		thing->after();
	return 0;
}

static intptr_t
sy_late(void *argument)
{
	const struct sy_thing *thing = test_case->data;
	struct sy_worker w[3];

	(void)argument;
	thing->shut();
	sy_start(w, "a", LOOP_MS);
	sy_start(w + 1, "b", -1);
	CHECK(task_await(w[0].task, NULL) == 0);
	CHECK_STR(loop_said(), "A");
	CHECK_INT(w[0].error, ECANCELED);
	CHECK_INT(w[0].blame, ETIMEDOUT);
	sy_start(w + 2, "c", 1000 * REACTOR_SECOND);
	thing->give(2);
	sy_rest();
	CHECK_STR(loop_said(), "bc");
	CHECK_INT(w[2].blame, 0);
	sy_end(w, 3);
	return 0;
}

static int sy_called;

static void
sy_callback(struct reactor *r, struct reactor_timer *timer)
{
	const struct sy_thing *thing = test_case->data;

	(void)r;
	(void)timer;
	CHECK(task_self() == NULL);
	thing->give(3);
	sy_called++;
}

static intptr_t
sy_from_callback(void *argument)
{
	const struct sy_thing *thing = test_case->data;
	struct reactor_timer timer = { .callback = sy_callback };
	struct sy_worker w[3];

	(void)argument;
	thing->shut();
	sy_start(w, "abc", -1);
	CHECK(reactor_timer_start(task_reactor(), &timer, LOOP_MS) == 0);
	sy_end(w, 3);
	CHECK_INT(sy_called, 1);
	CHECK_STR(loop_said(), "abc");
	return 0;
}

/* Others have their turn, though nothing has to be waited for. */
static intptr_t
sy_gives_way(void *argument)
{
	const struct sy_thing *thing = test_case->data;
	struct task_statistics stats;
	int i;

	(void)argument;
	thing->shut();
	for (i = 0; i < 1000; i++) {
		thing->open();
		CHECK(thing->wait() >= 0);
		if (thing->after != NULL)
			thing->after();
	}
	task_stats(&stats);
	CHECK(stats.forced >= 5);
	return 0;
}

static intptr_t
sy_dumps(void *argument)
{
	const struct sy_thing *thing = test_case->data;
	struct sy_worker w;

	(void)argument;
	thing->shut();
	sy_start(&w, "a", -1);
	task_dump(tasks_report, NULL);
	sy_said(thing->words);
	tasks_used = 0;
	tasks_text[0] = '\0';
	thing->give(1);
	sy_rest();
	sy_end(&w, 1);
	loop_said();
	return 0;
}

static intptr_t
sy_sticks(void *argument)
{
	const struct sy_thing *thing = test_case->data;
	struct task_scope shield;
	struct sy_worker w[3];

	(void)argument;
	thing->shut();
	sy_start(w, "abc", -1);
	CHECK_INT(task_await(w[2].task, NULL), -1);
	CHECK_INT(errno, ECANCELED);
	CHECK(task_scope_shield(&shield, -1) == 0);
	sy_end(w, 3); /* they write to w */
	return task_scope_leave(&shield);
}

static void
sy_promise_order(void)
{
	loop_left = INT_MAX;
	reactor_set_allocator(loop_stingy);
	sy_run(sy_in_order);
}

static void
sy_promise_cancelled(void)
{
	sy_run(sy_cancelled);
}

static void
sy_promise_cancel_first(void)
{
	sy_run(sy_cancel_first);
}

static void
sy_promise_give_first(void)
{
	sy_run(sy_give_first);
}

static void
sy_promise_refuses(void)
{
	sy_run(sy_refuses);
}

static void
sy_promise_late(void)
{
	sy_run(sy_late);
}

static void
sy_promise_callback(void)
{
	const struct sy_thing *thing = test_case->data;

	if (thing->tasks_only)
		SKIP("only tasks can do that");
	sy_run(sy_from_callback);
}

static void
sy_promise_way(void)
{
	const struct sy_thing *thing = test_case->data;

	if (thing->open == NULL)
		SKIP("it always waits");
	sy_run(sy_gives_way);
}

static void
sy_promise_dumps(void)
{
	sy_run(sy_dumps);
}

static void
sy_promise_sticks(void)
{
	const struct sy_thing *thing = test_case->data;

	sy_run_stuck(sy_sticks);
	sy_said(thing->words);
	thing->nobody();
}

static void
sy_promise_outside(void)
{
	const struct sy_thing *thing = test_case->data;

	CHECK_INT(thing->wait(), -1);
	CHECK_INT(errno, EPERM);
}

/* clang-format off */
#define SY_THING(name, thing) \
	{ name ": first come, first served", sy_promise_order, 0, thing }, \
	{ name ": cancelled while it waits", sy_promise_cancelled, 0, thing }, \
	{ name ": cancelled, then given", sy_promise_cancel_first, 0, thing }, \
	{ name ": given, then cancelled", sy_promise_give_first, 0, thing }, \
	{ name ": cancelled before", sy_promise_refuses, 0, thing }, \
	{ name ": until a deadline", sy_promise_late, 0, thing }, \
	{ name ": given by a callback", sy_promise_callback, 0, thing }, \
	{ name ": gives way", sy_promise_way, 0, thing }, \
	{ name ": is described", sy_promise_dumps, 0, thing }, \
	{ name ": for ever", sy_promise_sticks, 0, thing }, \
	{ name ": EPERM outside of tasks", sy_promise_outside, 0, thing }
/* clang-format on */

/* Nobody is in that list. */
__attribute__((unused)) static int
sy_empty(const struct reactor_link *list)
{
	return list->next == NULL || list->next == list;
}

#endif
