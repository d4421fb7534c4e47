/*
 * SPDX-License-Identifier: ISC
 *
 * httpd_connection.c: the life of a connection.
 *
 *	        +-------------------------------+
 *	        v                               |
 *	start  HEAD --head--> answer --> BODY --+--> CLOSES --> end
 *	        |  refused, or the last: ------------^
 *
 * While more than enough waits to go out, nothing is read.
 *
 * At the end the connection is half closed and what still comes is dropped for
 * a while: a close with input unread is a reset, which could take the answer
 * from under the nose of the guest.
 */
#include <sys/socket.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "demos/httpd.h"

void
httpd_connection_limit(struct httpd_connection *c, int64_t after)
{
	c->timed = after >= 0;
	if (reactor_stream_limit(&c->stream, after) == -1)
		c->over = 1;
}

static void
hsc_unlimit(struct httpd_connection *c)
{
	if (c->timed)
		httpd_connection_limit(c, -1);
}

/* ---- The end ------------------------------------------------------------- */

void
httpd_connection_end(struct httpd_connection *c)
{
	struct httpd_loop *l = c->loop;

	httpd_message_give(c);
	reactor_stream_close(&c->stream);
	httpd_peer_leave(l->server, c->peer);
	*c->place = c->next;
	if (c->next != NULL)
		c->next->place = c->place;
	free(c);
	httpd_loop_left(l);
}

void
httpd_connection_close(struct httpd_connection *c)
{
	c->state = HTTPD_CLOSES;
	c->waits = 0;
	httpd_message_give(c);
	hsc_unlimit(c);
	reactor_stream_resume(&c->stream);
	if (reactor_stream_shutdown(&c->stream) == -1 ||
	    reactor_stream_flush(&c->stream) == -1)
		c->over = 1;
}

void
httpd_connection_refuse(
    struct httpd_connection *c, int status, const char *reason)
{
	c->keep = c->bare = c->sinks = 0;
	httpd_now(c->loop);
	httpd_error(c, status, reason);
	httpd_connection_close(c);
}

static void
hsc_drop(struct httpd_connection *c)
{
	size_t size;

	(void)reactor_stream_input(&c->stream, &size);
	reactor_stream_consume(&c->stream, size);
	c->dropped += size;
	if (reactor_stream_pending(&c->stream) > 0) {
		if (c->dropped > HTTPD_LINGER)
			reactor_stream_pause(&c->stream);
	} else if (c->ended || c->dropped > HTTPD_LINGER) {
		c->over = 1;
	} else if (!c->lingers) {
		c->lingers = 1;
		httpd_connection_limit(c, c->loop->server->linger);
	}
}

/* ---- Events -------------------------------------------------------------- */

static int
hsc_is_sending(const struct httpd_connection *c)
{
	return (c->waits || (c->state == HTTPD_CLOSES && !c->lingers)) &&
	    reactor_stream_pending(&c->stream) > 0;
}

static void
hsc_run(struct httpd_connection *c)
{
	httpd_message(c);
	if (c->over)
		return;
	if (c->state == HTTPD_CLOSES)
		hsc_drop(c);
	else if (c->waits)
		reactor_stream_pause(&c->stream);
	if (!c->timed && hsc_is_sending(c)) {
		c->mark = -(int64_t)reactor_stream_pending(&c->stream);
		httpd_connection_limit(c, c->loop->server->stall);
	}
}

static void
hsc_room(struct httpd_connection *c)
{
	if (!c->waits)
		return;
	c->waits = 0;
	hsc_unlimit(c);
	reactor_stream_resume(&c->stream);
}

/* Have enough bytes moved, in that time, since the last look? */
static int
hsc_is_moving(struct httpd_connection *c, int64_t now, int64_t time)
{
	int64_t moved = now - c->mark;
	int64_t least =
	    c->loop->server->rate * (time / REACTOR_MILLISECOND) / 1000;

	c->mark = now;
	if (moved < least || moved == 0)
		return 0;
	httpd_connection_limit(c, time);
	return 1;
}

/* The time is over that was set for what is going on. */
static void
hsc_late(struct httpd_connection *c)
{
	const struct httpd *server = c->loop->server;

	c->timed = 0;
	if (hsc_is_sending(c)) {
		c->over |= !hsc_is_moving(c,
		    -(int64_t)reactor_stream_pending(&c->stream),
		    server->stall);
	} else if (c->state == HTTPD_CLOSES) {
		c->over = 1;
	} else if (c->state == HTTPD_HEAD) {
		if (c->message != NULL)
			http_request_begin(&c->message->request);
		httpd_connection_refuse(c, 408, "The request took too long");
	} else if (!hsc_is_moving(c, c->message->body.total, server->header)) {
		if (c->sinks)
			httpd_connection_refuse(
			    c, 408, "The body comes too slowly");
		else
			httpd_connection_close(c);
	}
}

/* Nothing has moved for a while: what is going on has limits of its own. */
static int
hsc_is_idle(const struct httpd_connection *c)
{
	return c->state == HTTPD_HEAD && !c->timed && !c->waits;
}

static void
hsc_event(struct reactor *r, struct reactor_stream *s, unsigned what)
{
	struct httpd_connection *c =
	    REACTOR_OWNER(s, struct httpd_connection, stream);

	(void)r;
	if (what & REACTOR_STREAM_END)
		c->ended = 1;
	if (what & REACTOR_STREAM_ERROR ||
	    (what & REACTOR_STREAM_IDLE && hsc_is_idle(c)))
		c->over = 1;
	if (!c->over && what & (REACTOR_STREAM_ROOM | REACTOR_STREAM_FLUSHED))
		hsc_room(c);
	if (!c->over && what & REACTOR_STREAM_LIMIT && c->timed)
		hsc_late(c);
	if (!c->over)
		hsc_run(c);
	if (c->over)
		httpd_connection_end(c);
}

/* A request may have come that the loop has not told of yet. */
static int
hsc_is_silent(const struct httpd_connection *c)
{
	size_t size;
	char byte;

	(void)reactor_stream_input(&c->stream, &size);
	return size == 0 && reactor_stream_pending(&c->stream) == 0 &&
	    recv(c->stream.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0;
}

void
httpd_connection_dismiss(struct httpd_connection *c)
{
	if (hsc_is_idle(c) && hsc_is_silent(c))
		httpd_connection_end(c);
}

/* ---- The beginning ------------------------------------------------------- */

/* One who has enough already is not worth more than this. */
static void
hsc_turn_away(int fd)
{
	static const char answer[] = "HTTP/1.1 503 Service Unavailable\r\n"
				     "Content-Length: 0\r\n"
				     "Retry-After: 10\r\n"
				     "Connection: close\r\n\r\n";

	(void)send(fd, answer, sizeof(answer) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	(void)shutdown(fd, SHUT_WR);
	(void)close(fd);
}

static void
hsc_join(struct httpd_connection *c)
{
	struct httpd_loop *l = c->loop;

	c->next = l->connections;
	c->place = &l->connections;
	if (c->next != NULL)
		c->next->place = &c->next;
	l->connections = c;
	l->count++;
}

void
httpd_connection_start(
    struct httpd_loop *l, int fd, const struct reactor_address *peer)
{
	struct httpd_connection *c = calloc(1, sizeof(*c));

	if (c != NULL) {
		httpd_address(&c->address, peer);
		c->peer = httpd_peer_enter(l->server, &c->address);
	}
	if (c == NULL || c->peer == NULL) {
		free(c);
		hsc_turn_away(fd);
		return;
	}
	c->loop = l;
	c->stream.callback = hsc_event;
	c->stream.fd = fd;
	c->stream.limit = HTTP_HEAD;
	c->stream.high = HTTPD_SMALL;
	c->stream.idle = l->server->idle;
	if (reactor_stream_start(l->reactor, &c->stream) == -1) {
		httpd_peer_leave(l->server, c->peer);
		free(c);
		(void)close(fd);
		return;
	}
	hsc_join(c);
}
