/*
 * SPDX-License-Identifier: ISC
 *
 * web_streams.c: the server with a listener and streams of this library.
 */
#include <reactor/net.h>
#include "test/bench/web.h"

static void
ws_event(struct reactor *r, struct reactor_stream *s, unsigned what)
{
	size_t length, size;
	char *bytes;

	(void)r;
	while ((bytes = reactor_stream_input(s, &size)),
	    (length = web_request(bytes, size)) > 0) {
		reactor_stream_consume(s, length);
		if (reactor_stream_write(s, WEB_ANSWER, WEB_SIZE) == -1)
			what |= REACTOR_STREAM_END;
	}
	if (what & (REACTOR_STREAM_END | REACTOR_STREAM_ERROR)) {
		reactor_stream_close(s);
		free(s);
	}
}

static void
ws_guest(struct reactor *r, struct reactor_listener *l, int fd,
    const struct reactor_address *peer)
{
	struct reactor_stream *s = calloc(1, sizeof(*s));

	(void)l;
	(void)peer;
	if (s == NULL)
		web_die("calloc");
	s->callback = ws_event;
	s->fd = fd;
	if (reactor_stream_start(r, s) == -1)
		web_die("reactor_stream_start");
}

int
main(void)
{
	struct reactor_listener listener = { .callback = ws_guest,
		.flags = REACTOR_NODELAY };
	struct reactor *r = reactor_open(NULL);

	listener.fd = web_listen(SOCK_NONBLOCK);
	return r == NULL || reactor_listener_start(r, &listener) == -1 ||
	    reactor_run(r) == -1;
}
