/*
 * SPDX-License-Identifier: ISC
 *
 * web_tasks.c: the server with a task for each connection, which reads and
 * writes a stream.
 */
#include <coro/task.h>
#include "test/bench/web.h"

static intptr_t
wk_serve(void *argument)
{
	struct task_stream s = { .stream = { .fd = 0 } };
	char *request;
	intptr_t n;

	if (task_stream_open(&s, (int)(intptr_t)argument) == -1)
		web_die("task_stream_open");
	while ((n = task_stream_read_until(&s, "\r\n\r\n", 4, 0, &request)) > 0)
		if (task_stream_write(&s, WEB_ANSWER, WEB_SIZE) == -1)
			break;
	task_stream_abort(&s);
	return 0;
}

static intptr_t
wk_main(void *argument)
{
	int fd, listener = web_listen(SOCK_NONBLOCK);

	(void)argument;
	while ((fd = task_admit(listener, REACTOR_NODELAY, NULL)) != -1)
		task_detach(task_spawn(wk_serve, (void *)(intptr_t)fd));
	return -1;
}

int
main(void)
{
	return task_run(wk_main, NULL, NULL) == -1;
}
