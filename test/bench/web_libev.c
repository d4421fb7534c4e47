/*
 * SPDX-License-Identifier: ISC
 *
 * web_libev.c: the server with libev, which has no streams: as web_raw.c.
 */
#include <ev.h>
#include "test/bench/web.h"

struct we_guest {
	ev_io io;
	struct web_guest guest;
};

static void
we_ready(struct ev_loop *loop, ev_io *io, int events)
{
	struct we_guest *g = io->data;

	(void)events;
	if (web_serve(io->fd, &g->guest) == 0)
		return;
	ev_io_stop(loop, io);
	(void)close(io->fd);
	free(g);
}

static void
we_accept(struct ev_loop *loop, ev_io *io, int events)
{
	struct we_guest *g;
	int fd;

	(void)events;
	while ((fd = web_accept(io->fd)) != -1) {
		g = calloc(1, sizeof(*g));
		if (g == NULL)
			web_die("calloc");
		g->io.data = g;
		ev_io_init(&g->io, we_ready, fd, EV_READ);
		ev_io_start(loop, &g->io);
	}
}

int
main(void)
{
	struct ev_loop *loop = ev_default_loop(EVBACKEND_EPOLL);
	ev_io listener;

	ev_io_init(&listener, we_accept, web_listen(SOCK_NONBLOCK), EV_READ);
	ev_io_start(loop, &listener);
	return ev_run(loop, 0);
}
