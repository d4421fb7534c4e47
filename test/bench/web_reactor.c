/*
 * SPDX-License-Identifier: ISC
 *
 * web_reactor.c: the server with handlers of descriptors: what web_raw.c does,
 * with a loop of this library.
 */
#include <reactor/net.h>
#include "test/bench/web.h"

struct wc_guest {
	struct reactor_io io;
	struct web_guest guest;
};

static void
wc_ready(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	struct wc_guest *g = REACTOR_OWNER(io, struct wc_guest, io);

	(void)ready;
	if (web_serve(io->fd, &g->guest) == 0)
		return;
	reactor_io_stop(r, io);
	(void)close(io->fd);
	free(g);
}

static void
wc_accept(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	struct wc_guest *g;
	int fd;

	(void)ready;
	while ((fd = web_accept(io->fd)) != -1) {
		g = calloc(1, sizeof(*g));
		if (g == NULL)
			web_die("calloc");
		g->io.callback = wc_ready;
		g->io.fd = fd;
		g->io.wanted = REACTOR_READ;
		if (reactor_io_start(r, &g->io) == -1)
			web_die("reactor_io_start");
	}
}

int
main(void)
{
	struct reactor_io listener = { .callback = wc_accept,
		.wanted = REACTOR_READ };
	struct reactor *r = reactor_open(NULL);

	listener.fd = web_listen(SOCK_NONBLOCK);
	return r == NULL || reactor_io_start(r, &listener) == -1 ||
	    reactor_run(r) == -1;
}
