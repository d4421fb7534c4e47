/*
 * SPDX-License-Identifier: ISC
 *
 * chaos.c: a proxy that is as bad as a network can be.  It holds bytes back,
 * passes them on in pieces of any size, stops in the middle, and hangs up on
 * both sides, politely or by a reset.  What it passes on is right, and in
 * order: a client and a server that survive it have been tested.
 *
 *   client --> read some --> wait a while --> write a piece, a piece... --> target
 *          <-- the same, with dice of its own <--
 *
 *	build/demos/echo-tasks 7777
 *	build/demos/chaos --target=localhost:7777 --listen=localhost:8888 --reset=5
 */
#include <stdlib.h>
#include "demos/demo.h"
#include "demos/tasks.h"

static const char *backend, *context, *target, *where = "127.0.0.1:0";
static long seed = 1, delay_ms = 5, split = 1000, cut, reset;

static struct {
	unsigned long connections, cuts, resets, refused;
	unsigned long long pieces, bytes;
} sums;

/* ---- Dice ---------------------------------------------------------------- */

/* Each connection, and each direction of it, has dice of its own. */
struct dice {
	uint64_t state;
};

static uint64_t throw(struct dice * d)
{
	uint64_t x = d->state += 0x9e3779b97f4a7c15u;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

/* From 0 to most. */
static long
up_to(struct dice *d, long most)
{
	return (long)(throw(d) % ((uint64_t)most + 1));
}

/* As often as that, of 1000 times. */
static int
happens(struct dice *d, long often)
{
	return up_to(d, 999) < often;
}

/* ---- A connection -------------------------------------------------------- */

struct connection {
	int fd[2]; /* the client's, the target's */
};

struct direction {
	struct connection *connection;
	int from;
	struct dice dice;
};

/* Mostly not at all, else a while. */
static int
dawdle(struct dice *d)
{
	if (delay_ms == 0 || up_to(d, 3) > 0)
		return task_yield();
	return task_sleep(
	    up_to(d, (long)(delay_ms * 1000)) * REACTOR_MICROSECOND);
}

/* Closing is a reset then, and what is on its way is lost. */
static void
set_reset(const struct connection *c)
{
	const struct linger now = { .l_onoff = 1 };
	int i;

	for (i = 0; i < 2; i++)
		setsockopt(c->fd[i], SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

/* The end, if the dice say so: -1. */
static int
disaster(struct direction *d)
{
	if (happens(&d->dice, reset)) {
		set_reset(d->connection);
		sums.resets++;
	} else if (happens(&d->dice, cut)) {
		sums.cuts++;
	} else {
		return 0;
	}
	errno = ECONNABORTED;
	return -1;
}

static int
pass_pieces(struct direction *d, const char *bytes, size_t size)
{
	int to = d->connection->fd[!d->from];
	size_t piece;

	while (size > 0) {
		piece = (size_t)up_to(&d->dice, split - 1) + 1;
		if (piece > size)
			piece = size;
		if (dawdle(&d->dice) == -1 ||
		    task_write_all(to, bytes, piece) == -1)
			return -1;
		sums.pieces++;
		sums.bytes += piece;
		bytes += piece;
		size -= piece;
		if (disaster(d) == -1)
			return -1;
	}
	return 0;
}

/* A task: until the end of what this side says. */
static intptr_t
direction(void *argument)
{
	struct direction *d = argument;
	int from = d->connection->fd[d->from];
	char bytes[16384];
	intptr_t n;

	for (;;) {
		n = task_read(from, bytes,
		    (size_t)up_to(&d->dice, (long)sizeof(bytes) - 1) + 1);
		if (n <= 0)
			break;
		if (pass_pieces(d, bytes, (size_t)n) == -1)
			return -1;
	}
	if (n == 0)
		shutdown(d->connection->fd[!d->from], SHUT_WR);
	return n;
}

/* Both directions: the first that fails ends the other. */
static void
talk(struct connection *c, uint64_t number)
{
	struct direction directions[] = {
		{ c, 0, { (uint64_t)seed + number * 2 } },
		{ c, 1, { (uint64_t)seed + number * 2 + 1 } },
	};
	struct task_group group;
	struct task *t;
	int i;

	if (task_group_enter(&group, TASK_FAIL_FAST) == -1)
		return;
	for (i = 0; i < 2; i++) {
		/* Dice that begin alike are shaken apart. */
		directions[i].dice.state *= 0x2545f4914f6cdd1du;
		t = task_group_spawn(&group, direction, &directions[i]);
		if (t == NULL)
			task_group_cancel(&group);
		task_detach(t);
	}
	(void)task_group_leave(&group, NULL, 0);
}

static intptr_t
guest(void *argument)
{
	struct connection c = { .fd = { (int)(intptr_t)argument, -1 } };
	uint64_t number = sums.connections++;

	c.fd[1] = task_dial(target, NULL, 0, 5 * REACTOR_SECOND);
	if (c.fd[1] == -1) {
		sums.refused++;
		return 0;
	}
	talk(&c, number);
	task_close(c.fd[1]);
	return 0;
}

static void
guest_leaves(void *argument)
{
	task_close((int)(intptr_t)argument);
}

/* ---- The door ------------------------------------------------------------ */

struct door {
	struct task_group *group;
	int fd;
};

static intptr_t
admit(void *argument)
{
	const struct task_attributes attributes = { .name = "guest",
		.dispose = guest_leaves };
	const struct door *door = argument;
	struct task *t;
	int fd;

	while ((fd = task_admit(door->fd, REACTOR_NODELAY, NULL)) != -1) {
		t = task_group_spawn_with(
		    door->group, guest, (void *)(intptr_t)fd, &attributes);
		if (t == NULL)
			guest_leaves((void *)(intptr_t)fd);
		task_detach(t);
	}
	return -1;
}

static void
open_doors(struct door *doors, int *n)
{
	char text[REACTOR_ADDRESS_TEXT];
	struct reactor_address address;
	int i, fds[2];

	*n = reactor_listen(where, NULL, fds, 2);
	if (*n == -1)
		demo_fail("%s: %s", where, strerror(errno));
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 0; i < *n; i++) {
		doors[i].fd = fds[i];
		reactor_address_local(&address, fds[i]);
		printf("listening at %s\n",
		    reactor_address_text(&address, text, sizeof(text)));
	}
}

static void
tell(void)
{
	printf("%lu connections, %llu bytes in %llu pieces; %lu cut, %lu "
	       "reset, %lu not connected\n",
	    sums.connections, sums.bytes, sums.pieces, sums.cuts, sums.resets,
	    sums.refused);
}

static intptr_t
serve(void *unused)
{
	struct tasks_quit quits[2];
	struct task_group group;
	struct door doors[2];
	struct task *t;
	int i, n;

	(void)unused;
	task_group_enter(&group, TASK_COLLECT);
	tasks_quit(&quits[0], &group, SIGINT);
	tasks_quit(&quits[1], &group, SIGTERM);
	open_doors(doors, &n);
	for (i = 0; i < n; i++) {
		doors[i].group = &group;
		if ((t = task_group_spawn(&group, admit, &doors[i])) == NULL)
			demo_fail("spawn: %s", strerror(errno));
		task_detach(t);
	}
	task_group_leave(&group, NULL, 0);
	for (i = 0; i < n; i++)
		task_close(doors[i].fd);
	tell();
	return 0;
}

/* ---- The command line ---------------------------------------------------- */

static const struct demo_option options[] = {
	{ .name = "target",
	    .value = "ADDRESS",
	    .help = "HOST:PORT, a /path or an @name",
	    .text = &target },
	{ .name = "listen",
	    .value = "ADDRESS",
	    .help = "the same, to listen at (any port of this machine)",
	    .text = &where },
	{ .name = "delay",
	    .value = "MS",
	    .help = "that a piece waits, at most (5)",
	    .number = &delay_ms,
	    .least = 0,
	    .most = 60000 },
	{ .name = "split",
	    .value = "BYTES",
	    .help = "of a piece, at most (1000)",
	    .number = &split,
	    .least = 1,
	    .most = 16384 },
	{ .name = "cut",
	    .value = "N",
	    .help = "of 1000 pieces end the connection (0)",
	    .number = &cut,
	    .least = 0,
	    .most = 1000 },
	{ .name = "reset",
	    .value = "N",
	    .help = "of 1000 pieces end it by a reset (0)",
	    .number = &reset,
	    .least = 0,
	    .most = 1000 },
	{ .name = "seed",
	    .value = "N",
	    .help = "of the dice (1)",
	    .number = &seed,
	    .least = 0,
	    .most = 2000000000 },
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
	    "Passes connections on to a target, as badly as a network can.",
	    options);
	tasks_target(target);
	run.backend = backend;
	run.context = context;
	return tasks_run(serve, NULL, &run);
}
