/*
 * SPDX-License-Identifier: ISC
 *
 * echo.c: a server that sends back what it gets.  Each connection is one
 * struct that embeds its handler and is freed in its own callback; whoever
 * does not read what comes back is not read from either.
 *
 *	build/demos/echo 7777		nc localhost 7777
 *	build/demos/echo /tmp/echo	nc -U /tmp/echo
 */
#include <signal.h>
#include <reactor/reactor.h>
#include "demos/listen.h"
#include "demos/option.h"

static const char usage[] =
    "usage: echo [--backend=NAME] [[HOST:]PORT | PATH]\n"
    "Echoes what comes over TCP, or over a UNIX socket if there is a slash in\n"
    "the PATH.  Without PORT, or with 0, any free one on this machine.\n";

struct connection {
	struct reactor_io io;
	struct connection *next, **place; /* in the list of all */
	size_t length, sent;
	char buffer[16384];
};

static struct connection *connections;

static void
connection_end(struct reactor *r, struct connection *c)
{
	reactor_io_stop(r, &c->io); /* first stop, */
	close(c->io.fd);            /* then close, */
	*c->place = c->next;
	if (c->next != NULL)
		c->next->place = c->place;
	free(c); /* and then free: in any callback */
}

/* Starting a started handler takes over what changed. */
static void
connection_want(struct reactor *r, struct connection *c, unsigned char wanted)
{
	if (c->io.wanted == wanted)
		return;
	c->io.wanted = wanted;
	if (reactor_io_start(r, &c->io) == -1)
		connection_end(r, c);
}

/* -1 when the connection is over. */
static int
connection_receive(struct connection *c)
{
	ssize_t n = recv(c->io.fd, c->buffer, sizeof(c->buffer), MSG_DONTWAIT);

	if (n > 0)
		c->length = (size_t)n;
	return n > 0 || (n == -1 && errno == EAGAIN) ? 0 : -1;
}

static int
connection_send(struct connection *c)
{
	ssize_t n = send(c->io.fd, c->buffer + c->sent, c->length - c->sent,
	    MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n > 0)
		c->sent += (size_t)n;
	if (c->sent == c->length)
		c->sent = c->length = 0;
	return n >= 0 || errno == EAGAIN ? 0 : -1;
}

/* Back-pressure: nothing more is read before all of the buffer is sent. */
static void
connection_ready(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	struct connection *c = REACTOR_OWNER(io, struct connection, io);

	if (ready & REACTOR_BAD ||
	    (c->length == 0 && connection_receive(c) == -1) ||
	    (c->length > 0 && connection_send(c) == -1))
		connection_end(r, c);
	else
		connection_want(
		    r, c, c->length == 0 ? REACTOR_READ : REACTOR_WRITE);
}

/* A guest has come: see listen.h. */
static void
connection_start(struct reactor *r, int fd)
{
	struct connection *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		close(fd);
		return;
	}
	c->io.event.name = "connection";
	c->io.callback = connection_ready;
	c->io.fd = fd;
	if ((c->next = connections) != NULL)
		c->next->place = &c->next;
	c->place = &connections;
	connections = c;
	connection_want(r, c, REACTOR_READ);
}

/* ---- The program --------------------------------------------------------- */

static void
quit(struct reactor *r, struct reactor_signal *signal,
    const struct reactor_signal_info *info)
{
	(void)signal;
	(void)info;
	reactor_stop(r);
}

static struct reactor_signal signals[] = {
	{ .event.name = "SIGINT", .callback = quit, .number = SIGINT },
	{ .event.name = "SIGTERM", .callback = quit, .number = SIGTERM },
};

int
main(int argc, char **argv)
{
	struct reactor_options options = { 0 };
	struct listener listener;
	struct reactor *r;
	int status;

	options.backend = option_backend(&argc, &argv, usage);
	if (argc > 1)
		option_wrong(usage);
	if ((r = reactor_open(&options)) == NULL)
		errx(1, "%s", reactor_error());
	if (reactor_signal_start(r, &signals[0]) == -1 ||
	    reactor_signal_start(r, &signals[1]) == -1)
		err(1, "reactor_signal_start");
	listen_start(r, &listener, argc > 0 ? argv[0] : "0", connection_start);
	if ((status = reactor_run(r)) == -1)
		warn("reactor_run");
	listen_end(r, &listener);
	while (connections != NULL)
		connection_end(r, connections);
	reactor_close(r);
	return status == -1;
}
