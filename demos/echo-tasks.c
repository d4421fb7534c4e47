/*
 * SPDX-License-Identifier: ISC
 *
 * echo-tasks.c: the server of echo.c, with a task for each connection.  Where
 * handlers must keep what they are about in a struct, a task is simply there:
 * its state is where it waits, and its memory is its stack.
 *
 *	build/demos/echo-tasks 7777		nc localhost 7777
 *	build/demos/echo-tasks /tmp/echo	nc -U /tmp/echo
 */
#include "demos/option.h"
#include "demos/tasks.h"

static const char usage[] =
    "usage: echo-tasks [--backend=NAME] [--context=NAME]\n"
    "                  [[HOST:]PORT | PATH]\n"
    "Echoes what comes over TCP, or over a UNIX socket if there is a slash in\n"
    "the PATH.  Without PORT, or with 0, any free one on this machine.\n";

/* Whoever does not read what comes back is not read from either. */
static intptr_t
echo(void *connection)
{
	int fd = (int)(intptr_t)connection;
	char buffer[16384];
	intptr_t n;

	while ((n = task_read(fd, buffer, sizeof(buffer))) > 0 &&
	    task_write_all(fd, buffer, (size_t)n) != -1)
		continue;
	return 0;
}

static void
hang_up(void *connection)
{
	task_close((int)(intptr_t)connection);
}

/* A signal cancels the group, and so whatever its tasks, and we, wait for. */
static intptr_t
serve(void *where)
{
	const struct task_attributes guest = { .name = "guest",
		.dispose = hang_up };
	struct tasks_quit quits[2];
	struct task_group group;
	int listener, fd, failed;

	task_group_enter(&group, TASK_COLLECT);
	tasks_quit(&quits[0], &group, SIGINT);
	tasks_quit(&quits[1], &group, SIGTERM);
	listener = listen_open(where);
	while ((fd = tasks_accept(listener)) != -1) {
		struct task *t = task_group_spawn_with(
		    &group, echo, (void *)(intptr_t)fd, &guest);

		if (t == NULL)
			hang_up((void *)(intptr_t)fd);
		task_detach(t);
	}
	if ((failed = errno != ECANCELED))
		warn("accept");
	task_group_cancel(&group);
	task_group_leave(&group, NULL, 0);
	listen_close(listener, where);
	return failed;
}

int
main(int argc, char **argv)
{
	struct task_options options = { 0 };

	option_read(&argc, &argv, usage, &options.backend, &options.context);
	if (argc > 1)
		option_wrong(usage);
	return tasks_run(serve, argc > 0 ? argv[0] : "0", &options);
}
