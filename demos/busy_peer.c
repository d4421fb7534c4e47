/*
 * SPDX-License-Identifier: ISC
 *
 * busy_peer.c: a process that sends files over sockets, no faster than it
 * should.  Each connection has a timer, and sends every millisecond what is due.
 */
#include <arpa/inet.h>
#include <sys/socket.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "demos/busy.h"
#include "demos/demo.h"

enum { BP_PIECE = 65536 };

struct bp_connection {
	struct reactor_io io;       /* is told which file */
	struct reactor_timer timer; /* sends it */
	int file;
	int64_t begin;
	off_t sent;
	size_t told;
	char name[sizeof(((struct busy_task *)0)->file)];
};

static double bp_rate;

/* ---- A connection -------------------------------------------------------- */

static void
bp_close(struct reactor *r, struct bp_connection *c)
{
	reactor_io_stop(r, &c->io);
	reactor_timer_stop(r, &c->timer);
	(void)close(c->io.fd);
	if (c->file != -1)
		(void)close(c->file);
	free(c);
}

/* 1: go on; 0: later; -1: it is over. */
static int
bp_send(struct bp_connection *c, off_t due)
{
	static char piece[BP_PIECE];
	off_t left = due - c->sent;
	ssize_t n;

	if (left <= 0)
		return 0;
	n = pread(
	    c->file, piece, left < BP_PIECE ? (size_t)left : BP_PIECE, c->sent);
	if (n > 0)
		n = send(c->io.fd, piece, (size_t)n, MSG_DONTWAIT);
	if (n == -1 && errno == EAGAIN)
		return 0;
	if (n <= 0)
		return -1;
	c->sent += n;
	return 1;
}

static void
bp_tick(struct reactor *r, struct reactor_timer *timer)
{
	struct bp_connection *c =
	    REACTOR_OWNER(timer, struct bp_connection, timer);
	off_t due =
	    (off_t)((double)(reactor_now(r) - c->begin) / 1e9 * bp_rate);
	int result;

	while ((result = bp_send(c, due)) == 1)
		continue;
	if (result == -1)
		bp_close(r, c);
}

static void
bp_told(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	struct bp_connection *c = REACTOR_OWNER(io, struct bp_connection, io);
	ssize_t n = read(io->fd, c->name + c->told, sizeof(c->name) - c->told);

	(void)ready;
	if (n > 0 && (c->told += (size_t)n) < sizeof(c->name))
		return;
	if (n > 0) {
		c->name[sizeof(c->name) - 1] = '\0';
		c->file = open(c->name, O_RDONLY | O_CLOEXEC);
	}
	c->begin = reactor_now(r);
	reactor_io_stop(r, io);
	if (c->file == -1 ||
	    reactor_timer_start(r, &c->timer, REACTOR_MILLISECOND) == -1)
		bp_close(r, c);
}

static void
bp_accept(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	struct bp_connection *c;
	int fd = accept(io->fd, NULL, NULL);

	(void)ready;
	if (fd == -1)
		return;
	c = calloc(1, sizeof(*c));
	if (c == NULL) {
		(void)close(fd);
		return;
	}
	c->file = -1;
	c->io.fd = fd;
	c->io.wanted = REACTOR_READ;
	c->io.callback = bp_told;
	c->timer.callback = bp_tick;
	c->timer.every = REACTOR_MILLISECOND;
	if (reactor_io_start(r, &c->io) == -1)
		bp_close(r, c);
}

/* ---- The process --------------------------------------------------------- */

/* Nobody has the other end of the pipe any more. */
static void
bp_alone(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	(void)io;
	(void)ready;
	reactor_stop(r);
}

static void
bp_serve(int listener, int parent)
{
	struct reactor_io door = {
		.callback = bp_accept, .fd = listener, .wanted = REACTOR_READ
	};
	struct reactor_io end = {
		.callback = bp_alone, .fd = parent, .wanted = REACTOR_READ
	};
	struct reactor *r;

	(void)unsetenv("REACTOR_TRACE"); /* it is the parent's */
	r = reactor_open(NULL);
	if (r == NULL)
		demo_warn("the peer: %s", reactor_error());
	else if (reactor_io_start(r, &door) == -1 ||
	    reactor_io_start(r, &end) == -1 || reactor_run(r) == -1)
		demo_warn("the peer: %s", strerror(errno));
	_exit(0);
}

static int
bp_listen(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd == -1 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) == -1 ||
	    listen(fd, BUSY_TASKS) == -1 || demo_nonblocking(fd) == -1)
		demo_fail("cannot listen: %s", strerror(errno));
	return fd;
}

static int
bp_port(int fd)
{
	struct sockaddr_in address;
	socklen_t length = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &length) == -1)
		demo_fail("getsockname: %s", strerror(errno));
	return ntohs(address.sin_port);
}

int
busy_peer(double rate)
{
	int listener = bp_listen(), port = bp_port(listener), alive[2];
	pid_t pid;

	bp_rate = rate;
	if (pipe2(alive, O_CLOEXEC) == -1 || (pid = fork()) == -1)
		demo_fail("cannot start the peer: %s", strerror(errno));
	if (pid == 0) {
		(void)close(alive[1]);
		bp_serve(listener, alive[0]);
	}
	(void)close(alive[0]); /* the other end is closed when we end */
	(void)close(listener);
	return port;
}
