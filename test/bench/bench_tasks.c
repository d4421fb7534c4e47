/*
 * SPDX-License-Identifier: ISC
 *
 * bench_tasks.c: this library's tasks as a contestant: an echo server with a
 * task of its own for each connection.
 */
#include <coro/task.h>
#include "test/bench/bench.h"

static struct reactor *tk_loop;

static int
tk_open(const char *backend)
{
	struct reactor_options options = { .backend = backend };

	tk_loop = reactor_open(&options);
	if (tk_loop == NULL)
		return -1;
	return task_begin(tk_loop, NULL);
}

static intptr_t
tk_serve(void *argument)
{
	int fd = (int)(intptr_t)argument;
	/* With room for more, as servers have: what comes is then all. */
	char request[2 * BENCH_REQUEST];
	intptr_t n;

	for (;;) {
		n = task_recv(fd, request, sizeof(request), 0);
		if (n <= 0 || task_send(fd, request, (size_t)n, 0) != n)
			return n;
		if (bench_echo_served())
			reactor_stop(tk_loop);
	}
}

static int
tk_watch(const int *fds, size_t n, enum bench_work work)
{
	struct task *task;
	size_t i;

	for (i = 0; work == BENCH_ECHO && i < n; i++) {
		task = task_spawn(tk_serve, (void *)(intptr_t)fds[i]);
		if (task == NULL)
			return -1;
		task_detach(task);
	}
	return work == BENCH_ECHO ? 0 : -1;
}

static void
tk_run(void)
{
	if (reactor_run(tk_loop) == -1)
		bench_die("reactor_run");
}

const struct bench_contestant bench_contestant = {
	.name = "tasks",
	.open = tk_open,
	.watch = tk_watch,
	.run = tk_run,
};
