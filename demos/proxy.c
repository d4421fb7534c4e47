/*
 * SPDX-License-Identifier: ISC
 *
 * proxy.c: stands between clients and a server, and passes on what each says.
 * A connection is a group of two tasks, one for each direction:
 *
 *   client --> [read, write] --> target
 *          <-- [write, read] <--
 *
 * One side may say that it has no more to say, and go on listening.  When both
 * have, the tasks have ended, and so has the group; when one of them fails, the
 * other is cancelled.  Deadlines are scopes.
 *
 *	build/demos/echo-tasks 7777
 *	build/demos/proxy --listen=8888 --target=localhost:7777
 */
#include <stdlib.h>
#include "demos/demo.h"
#include "demos/tasks.h"

static const char *backend, *context;
static const char *where = "0", *target, *idle_text, *connect_text;
static int64_t idle_time = 60 * REACTOR_SECOND;
static int64_t connect_time = 5 * REACTOR_SECOND;

/* ---- A connection -------------------------------------------------------- */

enum { CLIENT, TARGET };

struct connection {
	int fd[2];
	unsigned long long bytes[2]; /* that came from each */
	struct task_scope idle[2];   /* of each direction */
};

struct direction {
	struct connection *connection;
	int from;
};

/* What one side says is a sign of life of both. */
static void
is_alive(struct connection *c)
{
	int64_t deadline = task_now() + idle_time;

	task_scope_move(&c->idle[CLIENT], deadline);
	task_scope_move(&c->idle[TARGET], deadline);
}

/* Until the end of what it says: 0, or -1. */
static intptr_t
pass_on(struct connection *c, int from)
{
	char buffer[16384];
	intptr_t n;

	while ((n = task_read(c->fd[from], buffer, sizeof(buffer))) > 0) {
		if (task_write_all(c->fd[!from], buffer, (size_t)n) == -1)
			return -1;
		c->bytes[from] += (unsigned long long)n;
		is_alive(c);
	}
	if (n == 0)
		shutdown(c->fd[!from], SHUT_WR);
	return n;
}

/* A task.  The error is ETIMEDOUT, or what pass_on says. */
static intptr_t
direction(void *argument)
{
	struct direction *d = argument;
	struct connection *c = d->connection;
	intptr_t result;

	if (task_scope_enter(&c->idle[d->from], idle_time) == -1)
		return -1;
	result = pass_on(c, d->from);
	return task_scope_leave(&c->idle[d->from]) == -1 ? -1 : result;
}

/* Both of them: 0, or the error of the first that failed. */
static int
talk(struct connection *c)
{
	struct direction directions[] = { { c, CLIENT }, { c, TARGET } };
	struct task_group group;
	struct task *t;
	int i;

	if (task_group_enter(&group, TASK_FAIL_FAST) == -1)
		return errno;
	for (i = 0; i < 2; i++) {
		t = task_group_spawn(&group, direction, &directions[i]);
		if (t == NULL)
			task_group_cancel(&group);
		task_detach(t);
	}
	return task_group_leave(&group, NULL, 0) == -1 ? errno : 0;
}

/* ---- Guests -------------------------------------------------------------- */

static const char *
in_words(int error)
{
	return error == 0        ? "done"
	    : error == ETIMEDOUT ? "too slow"
	    : error == ECANCELED ? "interrupted"
				 : strerror(error);
}

static intptr_t
guest(void *argument)
{
	static unsigned guests;
	unsigned number = ++guests;
	struct connection c = { .fd = { (int)(intptr_t)argument,
				    task_dial(
					target, NULL, 0, connect_time) } };
	int error = errno;

	if (c.fd[TARGET] == -1) {
		printf("%u: no connection: %s\n", number, in_words(error));
		return 0;
	}
	error = talk(&c);
	task_close(c.fd[TARGET]);
	printf("%u: %llu bytes there, %llu back: %s\n", number, c.bytes[CLIENT],
	    c.bytes[TARGET], in_words(error));
	return 0;
}

static void
guest_leaves(void *argument)
{
	task_close((int)(intptr_t)argument);
}

static intptr_t
serve(void *unused)
{
	const struct task_attributes attributes = { .name = "guest",
		.dispose = guest_leaves };
	struct tasks_quit quits[2];
	struct task_group group;
	int listener, fd, failed;

	(void)unused;
	task_group_enter(&group, TASK_COLLECT);
	tasks_quit(&quits[0], &group, SIGINT);
	tasks_quit(&quits[1], &group, SIGTERM);
	listener = listen_open(where);
	while ((fd = tasks_accept(listener)) != -1) {
		struct task *t = task_group_spawn_with(
		    &group, guest, (void *)(intptr_t)fd, &attributes);

		if (t == NULL)
			guest_leaves((void *)(intptr_t)fd);
		task_detach(t);
	}
	if ((failed = errno != ECANCELED))
		warn("accept");
	task_group_cancel(&group);
	task_group_leave(&group, NULL, 0);
	listen_close(listener, where);
	return failed;
}

/* ---- The command line ---------------------------------------------------- */

static void
read_seconds(const char *name, const char *text, int64_t *time)
{
	double number;
	char *end;

	if (text == NULL)
		return;
	number = strtod(text, &end);
	if (end == text || *end != '\0' || !(number > 0 && number <= 1e6))
		demo_usage("--%s=%s: not a number of seconds", name, text);
	*time = (int64_t)(number * (double)REACTOR_SECOND);
}

static const struct demo_option options[] = {
	{ .name = "listen",
	    .value = "ADDRESS",
	    .help = "[HOST:]PORT or a /path (any free port)",
	    .text = &where },
	{ .name = "target",
	    .value = "ADDRESS",
	    .help = "HOST:PORT, or a /path",
	    .text = &target },
	{ .name = "idle",
	    .value = "SECONDS",
	    .help = "of silence that end a connection (60)",
	    .text = &idle_text },
	{ .name = "connect",
	    .value = "SECONDS",
	    .help = "to get a connection to the target (5)",
	    .text = &connect_text },
	{ .name = "backend",
	    .value = "NAME",
	    .help = "of the loop: epoll, kqueue, poll, select",
	    .text = &backend },
	{ .name = "context",
	    .value = "NAME",
	    .help = "of the tasks: native, setjmp, ucontext",
	    .text = &context },
	{ .name = NULL },
};

int
main(int argc, char **argv)
{
	struct task_options run = { 0 };

	demo_options(argc, argv,
	    "Passes TCP connections on to a target, and back what it says.",
	    options);
	tasks_target(target);
	read_seconds("idle", idle_text, &idle_time);
	read_seconds("connect", connect_text, &connect_time);
	run.backend = backend;
	run.context = context;
	return tasks_run(serve, NULL, &run);
}
