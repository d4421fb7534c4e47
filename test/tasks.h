/*
 * SPDX-License-Identifier: ISC
 *
 * tasks.h: what the tests of tasks have in common: cases that are the main
 * task of a run, functions for other tasks, and what was reported.
 */
#ifndef TEST_TASKS_H
#define TEST_TASKS_H

#include <coro/task.h>
#include "test/loop.h"

/* ---- What was reported --------------------------------------------------- */

static char tasks_text[65536];
static size_t tasks_used;

__attribute__((unused)) static void
tasks_report(void *data, const char *line)
{
	size_t length = strlen(line);

	(void)data;
	CHECK(tasks_used + length + 2 < sizeof(tasks_text));
	memcpy(tasks_text + tasks_used, line, length);
	tasks_used += length;
	tasks_text[tasks_used++] = '\n';
	tasks_text[tasks_used] = '\0';
}

__attribute__((unused)) static int
tasks_said(const char *words)
{
	return strstr(tasks_text, words) != NULL;
}

/* ---- Cases --------------------------------------------------------------- */

static struct task_options tasks_options = { .report = tasks_report };

/* The context that was asked for does not work here. */
__attribute__((unused)) static void
tasks_skip(void)
{
	if (errno == ENOTSUP && coro_error()[0] != '\0')
		SKIP(coro_error());
}

struct tasks_body {
	void (*run)(void);
};

__attribute__((unused)) static intptr_t
tasks_main(void *body)
{
	((const struct tasks_body *)body)->run();
	return 42;
}

/* The data of the case is a body, which is run as the main task. */
__attribute__((unused)) static void
tasks_case(void)
{
	void *body = (void *)(uintptr_t)test_case->data;
	intptr_t result = task_run(tasks_main, body, &tasks_options);

	if (result == -1)
		tasks_skip();
	CHECK_INT(result, 42);
	CHECK_STR(tasks_text, "");
}

/* clang-format off */
#define TASKS(name, function) \
	{ name, tasks_case, 0, &(const struct tasks_body){ function } }
/* clang-format on */

/* ---- What other tasks do ------------------------------------------------- */

/* The number of it, as the result. */
__attribute__((unused)) static intptr_t
tasks_returns(void *number)
{
	return (intptr_t)number;
}

__attribute__((unused)) static intptr_t
tasks_fails(void *error)
{
	errno = (int)(intptr_t)error;
	return -1;
}

/* So many milliseconds, which is also the result. */
__attribute__((unused)) static intptr_t
tasks_sleeps(void *ms)
{
	return task_sleep((intptr_t)ms * LOOP_MS) == 0 ? (intptr_t)ms : -1;
}

/* Until it is cancelled. */
__attribute__((unused)) static intptr_t
tasks_waits(void *unused)
{
	(void)unused;
	return task_sleep(INT64_MAX);
}

/* Is cancelled, and takes its time. */
__attribute__((unused)) static intptr_t
tasks_lingers(void *result)
{
	struct task_scope shield;

	while (task_sleep(INT64_MAX) == 0)
		continue;
	CHECK_INT(errno, ECANCELED);
	CHECK_INT(task_scope_shield(&shield, -1), 0);
	CHECK_INT(task_sleep(5 * LOOP_MS), 0);
	CHECK_INT(task_scope_leave(&shield), 0);
	errno = ECANCELED;
	return (intptr_t)result;
}

/* The letter, for the log. */
__attribute__((unused)) static intptr_t
tasks_logs(void *letter)
{
	loop_log((int)(intptr_t)letter);
	return 0;
}

#define TASKS_NUMBER(n) ((void *)(intptr_t)(n))

__attribute__((unused)) static struct task *
tasks_spawn(task_fn *function, intptr_t number)
{
	struct task *t = task_spawn(function, TASKS_NUMBER(number));

	CHECK(t != NULL);
	return t;
}

/* So that others come to where they wait. */
__attribute__((unused)) static void
tasks_turn(void)
{
	int i;

	for (i = 0; i < 3; i++)
		CHECK_INT(task_yield(), 0);
}

__attribute__((unused)) static int
tasks_state(const struct task *t)
{
	struct task_outcome outcome;

	task_peek(t, &outcome);
	return outcome.state;
}

/* Waits for its end, gives it up, and tells how it ended. */
__attribute__((unused)) static struct task_outcome
tasks_end(struct task *t)
{
	struct task_outcome outcome;

	CHECK_INT(task_await(t, &outcome), 0);
	task_detach(t);
	return outcome;
}

/* The same, by force. */
__attribute__((unused)) static void
tasks_stop(struct task *t)
{
	CHECK_INT(task_cancel(t), 0);
	CHECK_INT(tasks_end(t).state, TASK_CANCELLED);
}

#endif
