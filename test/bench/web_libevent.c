/*
 * SPDX-License-Identifier: ISC
 *
 * web_libevent.c: the server with libevent's bufferevents.
 */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include "test/bench/web.h"

static void
wl_read(struct bufferevent *b, void *data)
{
	struct evbuffer *in = bufferevent_get_input(b);
	struct evbuffer_ptr end;

	(void)data;
	for (;;) {
		end = evbuffer_search(in, "\r\n\r\n", 4, NULL);
		if (end.pos == -1)
			return;
		(void)evbuffer_drain(in, (size_t)end.pos + 4);
		(void)bufferevent_write(b, WEB_ANSWER, WEB_SIZE);
	}
}

static void
wl_event(struct bufferevent *b, short what, void *data)
{
	(void)what;
	(void)data;
	bufferevent_free(b);
}

static void
wl_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *peer,
    int length, void *data)
{
	struct bufferevent *b = bufferevent_socket_new(
	    evconnlistener_get_base(l), fd, BEV_OPT_CLOSE_ON_FREE);
	int one = 1;

	(void)peer;
	(void)length;
	(void)data;
	if (b == NULL)
		web_die("bufferevent_socket_new");
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	bufferevent_setcb(b, wl_read, NULL, wl_event, NULL);
	(void)bufferevent_enable(b, EV_READ);
}

int
main(void)
{
	struct event_base *base = event_base_new();

	if (base == NULL ||
	    evconnlistener_new(base, wl_accept, NULL, LEV_OPT_CLOSE_ON_FREE, 0,
		web_listen(SOCK_NONBLOCK)) == NULL)
		web_die("evconnlistener_new");
	return event_base_dispatch(base);
}
