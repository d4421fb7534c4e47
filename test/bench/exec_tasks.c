/*
 * SPDX-License-Identifier: ISC
 *
 * exec_tasks.c: the tasks of this library as a contestant: in the loop, tasks
 * wait for their jobs.
 */
#include <coro/task.h>
#include "test/bench/executors.h"

static struct reactor_executor *et_pool;
static size_t et_left, et_ahead;

static int
et_open(const char *kind, unsigned workers)
{
	const struct reactor_executor_options options = { .kind = kind,
		.workers = workers };

	et_pool = reactor_executor_open(&options);
	return et_pool != NULL ? 0 : -1;
}

static void
et_close(void)
{
	if (reactor_executor_close(et_pool, -1) == -1)
		bench_die("reactor_executor_close");
}

static int
et_nothing(struct reactor_job *job)
{
	(void)job;
	return 0;
}

static intptr_t
et_calls(void *unused)
{
	struct reactor_future *f;

	(void)unused;
	while (et_left > 0) {
		et_left--;
		f = task_execute(et_pool, et_nothing, NULL, 0, NULL);
		if (f == NULL)
			bench_die("task_call");
		reactor_future_detach(f);
	}
	return 0;
}

static intptr_t
et_main(void *unused)
{
	struct task_group group;
	size_t i;

	(void)unused;
	if (task_group_enter(&group, TASK_FAIL_FAST) == -1)
		bench_die("task_group_enter");
	for (i = 0; i < et_ahead; i++)
		task_detach(task_group_spawn(&group, et_calls, NULL));
	return task_group_leave(&group, NULL, 0);
}

static void
et_loop(size_t n, size_t ahead)
{
	et_left = n;
	et_ahead = ahead;
	if (task_run(et_main, NULL, NULL) != 0)
		bench_die("task_run");
}

const struct executors_contestant executors_contestant = {
	.open = et_open,
	.loop = et_loop,
	.close = et_close,
};
