/*
 * SPDX-License-Identifier: ISC
 *
 * web_raw.c: the server by hand: epoll, and what a connection needs.
 */
#include <sys/epoll.h>
#include "test/bench/web.h"

struct wr_guest {
	int fd;
	struct web_guest guest;
};

static void
wr_watch(int set, int fd, void *pointer)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = pointer };

	if (epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) == -1)
		web_die("epoll_ctl");
}

static void
wr_accept(int set, int listener)
{
	struct wr_guest *g;
	int fd;

	while ((fd = web_accept(listener)) != -1) {
		g = malloc(sizeof(*g));
		if (g == NULL)
			web_die("malloc");
		g->fd = fd;
		g->guest.size = 0;
		wr_watch(set, fd, g);
	}
}

int
main(void)
{
	struct epoll_event events[256];
	struct wr_guest *g;
	int listener = web_listen(SOCK_NONBLOCK);
	int i, n, set = epoll_create1(EPOLL_CLOEXEC);

	wr_watch(set, listener, NULL);
	for (;;) {
		n = epoll_wait(set, events, 256, -1);
		for (i = 0; i < n; i++) {
			g = events[i].data.ptr;
			if (g == NULL) {
				wr_accept(set, listener);
			} else if (web_serve(g->fd, &g->guest) == -1) {
				(void)close(g->fd);
				free(g);
			}
		}
	}
}
