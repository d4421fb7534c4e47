/*
 * SPDX-License-Identifier: ISC
 *
 * listen.h: how a server gets its connections.  A listener is a handler with
 * a timer: when descriptors run out it pauses, for the guest stays at the door
 * and would wake the loop for ever.
 */
#ifndef DEMOS_LISTEN_H
#define DEMOS_LISTEN_H

#include <sys/socket.h>
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <reactor/net.h>

#define LISTEN_PAUSE (REACTOR_SECOND / 4)

struct listener {
	struct reactor_io io;
	struct reactor_timer pause;
	void (*accepted)(struct reactor *, int fd);
	const char *where;
};

/* ---- The handler --------------------------------------------------------- */

/* Why accept failed: there is no room, but the guest may come in later. */
static inline int
listen_is_full(void)
{
	return errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
	    errno == ENOMEM;
}

static inline void
listen_ready(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	struct listener *listener = REACTOR_OWNER(io, struct listener, io);
	int fd = accept4(io->fd, NULL, NULL, SOCK_CLOEXEC);

	(void)ready;
	if (fd != -1) {
		listener->accepted(r, fd);
	} else if (listen_is_full()) {
		warn("accept, trying again soon");
		if (reactor_timer_start(r, &listener->pause, LISTEN_PAUSE) == 0)
			reactor_io_stop(r, io);
	}
	/* With any other error the guest has gone again. */
}

static inline void
listen_again(struct reactor *r, struct reactor_timer *pause)
{
	struct listener *listener =
	    REACTOR_OWNER(pause, struct listener, pause);

	if (reactor_io_start(r, &listener->io) == -1)
		reactor_timer_start(r, pause, LISTEN_PAUSE);
}

/* ---- The socket ---------------------------------------------------------- */

static inline void
listen_print(int fd)
{
	char text[REACTOR_ADDRESS_TEXT];
	struct reactor_address address;

	if (reactor_address_local(&address, fd) == -1)
		err(1, "cannot tell the address");
	printf("listening at %s\n",
	    reactor_address_text(&address, text, sizeof(text)));
}

/* ---- What a server calls ------------------------------------------------- */

/*
 * A socket that listens at [HOST:]PORT (0: any free one), or at a /PATH.  What
 * fails ends the program.
 */
static inline int
listen_quietly(const char *where)
{
	char text[256];
	int fd;

	snprintf(text, sizeof(text), "%s%s",
	    strpbrk(where, ":/") == NULL ? "127.0.0.1:" : "", where);
	if (reactor_listen(text, NULL, &fd, 1) == -1)
		err(1, "%s", where);
	return fd;
}

/* The same, and prints where that is. */
static inline int
listen_open(const char *where)
{
	int fd = listen_quietly(where);

	setvbuf(stdout, NULL, _IOLBF, 0);
	listen_print(fd);
	return fd;
}

/* Also removes the socket file. */
static inline void
listen_close(int fd, const char *where)
{
	close(fd);
	if (strchr(where, '/') != NULL)
		unlink(where);
}

/* The same with a handler, which passes on every connection. */
static inline void
listen_start(struct reactor *r, struct listener *listener, const char *where,
    void (*accepted)(struct reactor *, int fd))
{
	*listener = (struct listener){
		.io.event.name = "listener",
		.io.callback = listen_ready,
		.io.wanted = REACTOR_READ,
		.io.fd = listen_open(where),
		.pause.event.name = "pause",
		.pause.callback = listen_again,
		.accepted = accepted,
		.where = where,
	};
	if (reactor_io_start(r, &listener->io) == -1)
		err(1, "%s", where);
}

static inline void
listen_end(struct reactor *r, struct listener *listener)
{
	reactor_timer_stop(r, &listener->pause);
	reactor_io_stop(r, &listener->io);
	listen_close(listener->io.fd, listener->where);
}

#endif
