/*
 * SPDX-License-Identifier: ISC
 *
 * coro_reactor.c: this library's tasks and generators as a contestant.
 */
#include <coro/task.h>
#include <string.h>
#include "test/bench/coros.h"

#define PATHS_YIELD() ((void)task_yield())

#include "test/bench/paths.h"

#define CR_CONTEXTS 16

static const char *cr_kind;

static int
cr_open(const char *kind)
{
	struct coro_context_info all[CR_CONTEXTS];
	size_t i, n = coro_contexts(all, CR_CONTEXTS);

	for (i = 0; i < n && i < CR_CONTEXTS; i++)
		if (strcmp(all[i].name, kind) == 0 && all[i].available) {
			cr_kind = kind;
			return 0;
		}
	return -1;
}

/* ---- Tasks --------------------------------------------------------------- */

static void (*cr_work)(void);

static intptr_t
cr_main(void *argument)
{
	cr_work();
	(void)argument;
	return 0;
}

static void
cr_run(void (*work)(void))
{
	struct task_options options = { .context = cr_kind };

	cr_work = work;
	if (task_run(cr_main, NULL, &options) == -1)
		bench_die("task_run");
}

static intptr_t
cr_path(void *argument)
{
	paths_run((size_t)(uintptr_t)argument);
	return 0;
}

static void
cr_ready(size_t n)
{
	struct task_group group;
	size_t i;

	if (task_group_enter(&group, TASK_FAIL_FAST) == -1)
		bench_die("task_group_enter");
	for (i = 0; i < n; i++)
		if (task_group_spawn(&group, cr_path, (void *)(uintptr_t)i) ==
		    NULL)
			bench_die("task_group_spawn");
	if (task_group_leave(&group, NULL, 0) == -1)
		bench_die("task_group_leave");
}

static size_t cr_left;

static void
cr_many(size_t n, task_fn *body, void *argument)
{
	struct task *task;

	for (cr_left = n; n > 0; n--) {
		task = task_spawn(body, argument);
		if (task == NULL)
			bench_die("task_spawn");
		task_detach(task);
	}
	while (cr_left > 0)
		(void)task_yield();
}

static intptr_t
cr_nothing(void *argument)
{
	(void)argument;
	cr_left--;
	return 0;
}

static void
cr_spawn(size_t n, size_t times)
{
	for (; times > 0; times--)
		cr_many(n, cr_nothing, NULL);
}

static intptr_t
cr_suspended(void *event)
{
	cr_left--;
	return task_event_wait(event);
}

static void
cr_park(size_t n)
{
	static struct task_event event;

	cr_many(n, cr_suspended, &event);
}

/* ---- Generators ---------------------------------------------------------- */

static intptr_t
cr_generate(void *argument)
{
	while (coro_yield(argument, NULL) == 0)
		continue;
	return 0;
}

static void
cr_resume(size_t times)
{
	static struct coro *generator;
	struct coro_options options = { .context = cr_kind };
	void *value;

	if (generator == NULL)
		generator = coro_new(cr_generate, NULL, &options);
	if (generator == NULL)
		bench_die("coro_new");
	for (; times > 0; times--)
		if (coro_next(generator, &value) != 1)
			bench_die("coro_next");
}

const struct coros_contestant coros_contestant = {
	.open = cr_open,
	.run = cr_run,
	.ready = cr_ready,
	.spawn = cr_spawn,
	.park = cr_park,
	.resume = cr_resume,
};
