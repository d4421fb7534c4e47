/*
 * SPDX-License-Identifier: ISC
 *
 * diagram.c: the picture of an event loop, moved by a real one.  A timer, a
 * signal, a pipe and a socket pass through it, box by box.
 *
 * Nothing is made up: a prepare handler draws what comes before the wait, a
 * check handler what comes after, and a handler that is dispatched before the
 * others asks reactor_dump what is in the queue.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <reactor/reactor.h>
#include "diagram.h"

enum { TIMER, SIGNAL, PIPE, SOCKET, SOURCES };

static const struct source {
	const char *name, *start, *event;
} source[SOURCES] = {
	{ "timer", "reactor_timer_start(r, &timer, after)", "time passes" },
	{ "signal", "reactor_signal_start(r, &usr1)", "raise(SIGUSR1)" },
	{ "pipe", "reactor_io_start(r, &pipe), for READ",
	    "write(pipe, \"hello\", 5)" },
	{ "socket", "reactor_io_start(r, &socket), for READ",
	    "send(socket, \"hello\", 5, 0)" },
};

static int pipes[2], sockets[2];
static int turn, happened; /* whose turn it is; the thing is done */

/* The kernel gets something for us; the time passes by itself. */
static void
make_happen(void)
{
	happened = 1;
	if ((turn == SIGNAL && raise(SIGUSR1) != 0) ||
	    (turn == PIPE && write(pipes[1], "hello", 5) != 5) ||
	    (turn == SOCKET && send(sockets[1], "hello", 5, 0) != 5))
		die(source[turn].event);
	if (turn == TIMER)
		return;
	cell[WAIT][2] = source[turn].name;
	step(WAIT, cell[WAIT][2], "Meanwhile, outside.", source[turn].event);
}

static void
before_wait(struct reactor *r, struct reactor_prepare *prepare)
{
	(void)r;
	(void)prepare;
	cell[HANDLER][0] = NULL;
	cell[WAIT][1] = "waits";
	step(WAIT, cell[WAIT][1], "Nothing is queued, so the loop waits.",
	    "backend->wait(state, ready, max, timeout)");
	if (!happened)
		make_happen();
}

static reactor_post_fn observe;
static struct reactor_post observer = { .callback = observe,
	.event = { .priority = 2, .flags = REACTOR_BACKGROUND } };

static void
after_wait(struct reactor *r, struct reactor_check *check)
{
	(void)check;
	cell[WAIT][1] = "returns";
	step(WAIT, cell[WAIT][1], "The wait is over.",
	    turn == TIMER ? "by the deadline of the timer"
			  : "with a record of what is ready");
	reactor_feed(r, &observer.event, 0);
}

/* A line of reactor_dump: is this handler in the queue? */
static void
find_queued(void *context, const char *line)
{
	char name[16];
	int i;

	for (i = 0; i < SOURCES; i++) {
		snprintf(name, sizeof(name), "\"%s\"", source[i].name);
		if (strstr(line, name) == NULL ||
		    (!strstr(line, "queued") && !strstr(line, "last call")))
			continue;
		cell[QUEUE][0] = source[i].name;
		snprintf(context, 80, "%s", line);
	}
}

static void
observe(struct reactor *r, struct reactor_post *post)
{
	char line[80];

	(void)post;
	cell[WAIT][1] = cell[WAIT][2] = NULL;
	reactor_dump(r, find_queued, line);
	if (cell[QUEUE][0] == NULL)
		return; /* woken too early: another turn */
	step(
	    QUEUE, cell[QUEUE][0], "Its handler enters the event queue.", line);
	cell[DISPATCH][0] = cell[QUEUE][0];
	cell[QUEUE][0] = NULL;
	step(DISPATCH, cell[DISPATCH][0], "The dispatcher takes it out again.",
	    "reactor__kinds[event->kind]->fire(r, event)");
}

/* What all four handlers do. */
static void
handled(int which, const char *how)
{
	cell[DISPATCH][0] = NULL;
	cell[HANDLER][0] = source[which].name;
	cell[REGISTER][which] = NULL;
	happened = 0;
	turn++;
	step(HANDLER, cell[HANDLER][0],
	    "It is called, does its work and stops.", how);
}

static void
on_timer(struct reactor *r, struct reactor_timer *timer)
{
	char how[80];

	snprintf(how, sizeof(how), "on_timer(r, timer): %.1f ms late",
	    (double)(reactor_now(r) - timer->deadline) / 1e6);
	handled(TIMER, how);
}

static void
on_signal(struct reactor *r, struct reactor_signal *usr1,
    const struct reactor_signal_info *info)
{
	char how[80];

	snprintf(how, sizeof(how),
	    "on_signal(r, usr1, info): number %d from process %d", info->number,
	    info->pid);
	reactor_signal_stop(r, usr1);
	handled(SIGNAL, how);
}

static void
on_io(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	char text[16] = "", how[80];
	ssize_t n = read(io->fd, text, sizeof(text) - 1);

	snprintf(how, sizeof(how),
	    "on_io(r, io, ready): ready is %u, read \"%s\", %zd bytes", ready,
	    text, n);
	reactor_io_stop(r, io);
	handled(io->fd == pipes[0] ? PIPE : SOCKET, how);
}

/* ---- The program --------------------------------------------------------- */

static void
registered(int which, int result)
{
	if (result == -1)
		die(source[which].start);
	cell[REGISTER][which] = source[which].name;
	step(REGISTER, cell[REGISTER][which], "A handler is registered.",
	    source[which].start);
}

static void
start(struct reactor *r)
{
	static struct reactor_prepare prepare = { .callback = before_wait };
	static struct reactor_check check = { .callback = after_wait };
	static struct reactor_timer timer = { .event = { .name = "timer" },
		.callback = on_timer };
	static struct reactor_signal usr1 = { .event = { .name = "signal" },
		.callback = on_signal,
		.number = SIGUSR1 };
	static struct reactor_io io[2] = {
		{ .event = { .name = "pipe" }, .callback = on_io },
		{ .event = { .name = "socket" }, .callback = on_io },
	};

	if (pipe(pipes) == -1 || socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) ||
	    reactor_post_start(r, &observer) == -1 ||
	    reactor_prepare_start(r, &prepare) == -1 ||
	    reactor_check_start(r, &check) == -1)
		die("cannot start");
	io[0].fd = pipes[0];
	io[1].fd = sockets[0];
	io[0].wanted = io[1].wanted = REACTOR_READ;
	/* It is due a little after the five pictures that come before. */
	registered(TIMER,
	    reactor_timer_start(
		r, &timer, (5 * delay + 50) * REACTOR_MILLISECOND));
	registered(SIGNAL, reactor_signal_start(r, &usr1));
	registered(PIPE, reactor_io_start(r, &io[0]));
	registered(SOCKET, reactor_io_start(r, &io[1]));
}

static void
parse(int argc, char **argv, struct reactor_options *options)
{
	const char *line = "usage: diagram [--backend=NAME] [--delay=MS]\n";
	const char *help =
	    "Moves a timer, a signal, a pipe and a socket through "
	    "the boxes of an event loop,\n"
	    "step by step: MS milliseconds each.\n";
	int i, used;

	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0)
			exit(printf("%s%s", line, help) < 0);
		used = 0;
		if (strncmp(argv[i], "--backend=", 10) == 0)
			options->backend = argv[i] + 10;
		else if (sscanf(argv[i], "--delay=%5d%n", &delay, &used) != 1 ||
		    argv[i][used] != '\0' || delay < 0) {
			fprintf(
			    stderr, "diagram: what is %s?\n%s", argv[i], line);
			exit(2);
		}
	}
}

int
main(int argc, char **argv)
{
	struct reactor_options options = { 0 };
	struct reactor *r;
	char backend[32], *emulated;

	parse(argc, argv, &options);
	r = reactor_open(&options);
	if (r == NULL) {
		fprintf(stderr, "diagram: %s\n", reactor_error());
		return 1;
	}
	snprintf(backend, sizeof(backend), "%s", reactor_backend_name(r));
	cell[WAIT][0] = backend;
	if ((emulated = strchr(backend, ' ')) != NULL) {
		*emulated = '\0';
		cell[WAIT][3] = emulated + 1;
	}
	prepare_terminal();
	start(r);
	if (reactor_run(r) == -1)
		die("reactor_run");
	cell[HANDLER][0] = NULL;
	step(-1, NULL, "Nothing is left that keeps the loop alive.",
	    "reactor_run(r) returns 0");
	show_cursor();
	return reactor_close(r) == -1 || ferror(stdout);
}
