/*
 * SPDX-License-Identifier: ISC
 *
 * bench_task_streams.c: the streams of this library's tasks as a contestant: an
 * echo server with a task for each connection.
 */
#include <coro/task.h>
#include "test/bench/bench.h"

static struct reactor *bt_loop;

static int
bt_open(const char *backend)
{
	struct reactor_options options = { .backend = backend };

	bt_loop = reactor_open(&options);
	if (bt_loop == NULL)
		return -1;
	return task_begin(bt_loop, NULL);
}

static intptr_t
bt_serve(void *argument)
{
	struct task_stream s = { .stream = { .fd = 0 } };
	char request[2 * BENCH_REQUEST];
	intptr_t n;

	if (task_stream_open(&s, (int)(intptr_t)argument) == -1)
		bench_die("task_stream_open");
	while ((n = task_stream_read(&s, request, sizeof(request))) > 0) {
		if (task_stream_write(&s, request, (size_t)n) != n)
			break;
		if (bench_echo_served())
			reactor_stop(bt_loop);
	}
	task_stream_abort(&s);
	return 0;
}

static int
bt_watch(const int *fds, size_t n, enum bench_work work)
{
	struct task *task;
	size_t i;

	for (i = 0; work == BENCH_ECHO && i < n; i++) {
		task = task_spawn(bt_serve, (void *)(intptr_t)fds[i]);
		if (task == NULL)
			return -1;
		task_detach(task);
	}
	return work == BENCH_ECHO ? 0 : -1;
}

static void
bt_run(void)
{
	if (reactor_run(bt_loop) == -1)
		bench_die("reactor_run");
}

const struct bench_contestant bench_contestant = {
	.name = "task_streams",
	.open = bt_open,
	.watch = bt_watch,
	.run = bt_run,
};
