/*
 * SPDX-License-Identifier: ISC
 *
 * httpd_message.c: requests are read, one after the other, and each is answered
 * when its head is there.  Its body is dropped then; only what is sunk is
 * answered when the body is over.
 */
#include <stdlib.h>
#include "demos/httpd.h"

/* ---- Memory for what is being read --------------------------------------- */

static int
hsu_take(struct httpd_connection *c)
{
	struct httpd_loop *l = c->loop;

	if (c->message != NULL)
		return 0;
	c->message = l->messages;
	if (c->message != NULL)
		l->messages = c->message->next;
	else if ((c->message = malloc(sizeof(*c->message))) == NULL)
		return -1;
	http_request_begin(&c->message->request);
	return 0;
}

void
httpd_message_give(struct httpd_connection *c)
{
	if (c->message == NULL)
		return;
	c->message->next = c->loop->messages;
	c->loop->messages = c->message;
	c->message = NULL;
}

/* ---- Messages ----------------------------------------------------------- */

static void
hsu_next(struct httpd_connection *c)
{
	if (!c->keep) {
		httpd_connection_close(c);
		return;
	}
	c->state = HTTPD_HEAD;
	httpd_message_give(c);
}

/* -1: nothing can be done before more comes. */
static int
hsu_body(struct httpd_connection *c)
{
	struct http_body *body = &c->message->body;
	size_t used, size;
	char *bytes = reactor_stream_input(&c->stream, &used);
	int n = http_body(body, bytes, &used, &size);

	reactor_stream_consume(&c->stream, used);
	if (n == 0) {
		if (c->ended)
			c->over = 1;
		else if (!c->timed) {
			c->mark = body->total;
			httpd_connection_limit(c, c->loop->server->header);
		}
		return -1;
	}
	if (c->timed)
		httpd_connection_limit(c, -1);
	if (n == -1 && c->sinks) {
		httpd_connection_refuse(c, body->status, body->reason);
	} else if (n == -1) {
		httpd_connection_close(c);
	} else {
		if (c->loop->stopping)
			c->keep = 0;
		if (c->sinks)
			httpd_request_sunk(c);
		hsu_next(c);
	}
	return 0;
}

/* The head is there. */
static void
hsu_request(struct httpd_connection *c, size_t size)
{
	struct http_request *request = &c->message->request;
	const struct httpd *server = c->loop->server;

	c->served++;
	c->skips = 0;
	c->old = request->head.minor == 0;
	c->keep = request->head.keep_alive && !c->loop->stopping &&
	    !c->loop->full && c->served < server->requests;
	if (http_body_begin(&c->message->body, &request->head, server->body) ==
	    -1) {
		httpd_connection_refuse(
		    c, c->message->body.status, c->message->body.reason);
		return;
	}
	httpd_now(c->loop);
	httpd_request(c);
	reactor_stream_consume(&c->stream, size);
	if (c->skips)
		httpd_connection_close(c);
	else if (request->head.framing != HTTP_NONE || c->sinks)
		c->state = HTTPD_BODY;
	else
		hsu_next(c);
}

static int
hsu_head(struct httpd_connection *c)
{
	struct http_request *request;
	size_t size;
	const char *bytes = reactor_stream_input(&c->stream, &size);
	ssize_t n;

	if (size == 0) {
		if (c->ended && reactor_stream_pending(&c->stream) == 0)
			c->over = 1;
		else if (c->ended || c->loop->stopping)
			httpd_connection_close(c);
		return -1;
	}
	if (hsu_take(c) == -1) {
		c->over = 1;
		return -1;
	}
	request = &c->message->request;
	n = http_parse_request(request, bytes, size);
	if (n == 0) {
		c->over |= c->ended;
		if (!c->timed)
			httpd_connection_limit(c, c->loop->server->header);
		return -1;
	}
	if (c->timed)
		httpd_connection_limit(c, -1);
	if (n == -1)
		httpd_connection_refuse(
		    c, request->head.status, request->head.reason);
	else
		hsu_request(c, (size_t)n);
	return 0;
}

void
httpd_message(struct httpd_connection *c)
{
	int n = 0;

	while (n == 0 && !c->waits && !c->over && c->state != HTTPD_CLOSES)
		n = c->state == HTTPD_HEAD ? hsu_head(c) : hsu_body(c);
}
