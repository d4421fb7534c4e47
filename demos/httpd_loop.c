/*
 * SPDX-License-Identifier: ISC
 *
 * httpd_loop.c: one loop of the server: its listeners, its guests, its stop.
 *
 * When there are as many connections as may be, nobody else is let in: guests
 * wait at the door, and the answers that go out are the last of their
 * connections, so that there is room soon.
 */
#include <sys/socket.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "demos/demo.h"
#include "demos/httpd.h"

#define HSO_COMPLAIN (10 * REACTOR_SECOND)

/* ---- Guests -------------------------------------------------------------- */

static void
hso_lock(struct httpd_loop *l)
{
	size_t i;

	l->full = 1;
	for (i = 0; i < l->sockets; i++)
		reactor_listener_stop(l->reactor, &l->listeners[i]);
}

/* A listener that cannot be started is tried again when the next one leaves. */
static void
hso_unlock(struct httpd_loop *l)
{
	size_t i;

	l->full = 0;
	for (i = 0; i < l->sockets; i++)
		if (reactor_listener_start(l->reactor, &l->listeners[i]) == -1)
			l->full = 1;
}

static void
hso_guest(struct reactor *r, struct reactor_listener *listener, int fd,
    const struct reactor_address *peer)
{
	struct httpd_loop *l = listener->data;

	(void)r;
	httpd_connection_start(l, fd, peer);
	if (!l->full && l->count >= (size_t)l->server->connections)
		hso_lock(l);
}

static void
hso_failed(struct reactor *r, struct reactor_listener *listener, int error)
{
	struct httpd_loop *l = listener->data;
	int64_t now = reactor_now(r);

	if (l->warned != 0 && now - l->warned < HSO_COMPLAIN)
		return;
	l->warned = now;
	demo_warn("no more guests for now: %s", strerror(error));
}

void
httpd_loop_left(struct httpd_loop *l)
{
	l->count--;
	if (l->stopping && l->count == 0)
		reactor_stop(l->reactor);
	else if (l->full && !l->stopping)
		hso_unlock(l);
}

/* ---- The stop ------------------------------------------------------------ */

static void
hso_grace(struct reactor *r, struct reactor_timer *timer)
{
	(void)timer;
	reactor_stop(r);
}

/* Those who are at the door already would be reset by the close. */
static void
hso_admit(struct httpd_loop *l, int listener)
{
	struct reactor_address peer;
	int fd;

	while (l->count < (size_t)l->server->connections) {
		fd =
		    accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd == -1)
			return;
		if (reactor_address_peer(&peer, fd) == 0)
			httpd_connection_start(l, fd, &peer);
		else
			(void)close(fd);
	}
}

static void
hso_stop(struct reactor *r, struct reactor_post *post)
{
	struct httpd_loop *l = REACTOR_OWNER(post, struct httpd_loop, stop);
	struct httpd_connection *c, *next;
	size_t i;

	if (l->stopping)
		return;
	l->stopping = 1;
	for (i = 0; i < l->sockets; i++) {
		reactor_listener_stop(r, &l->listeners[i]);
		hso_admit(l, l->listeners[i].fd);
		(void)close(l->listeners[i].fd);
	}
	l->sockets = 0;
	for (c = l->connections; c != NULL; c = next) {
		next = c->next;
		httpd_connection_dismiss(c);
	}
	if (l->count == 0 ||
	    reactor_timer_start(r, &l->grace, l->server->grace) == -1)
		reactor_stop(r);
}

void
httpd_loop_stop(struct httpd_loop *l)
{
	reactor_post_send(l->reactor, &l->stop);
}

/* ---- The loop ------------------------------------------------------------ */

static void
hso_prepare(struct reactor *r, struct reactor_prepare *prepare)
{
	(void)r;
	httpd_log_flush(REACTOR_OWNER(prepare, struct httpd_loop, prepare));
}

static int
hso_listen(struct httpd_loop *l, int fd)
{
	struct reactor_listener *listener = &l->listeners[l->sockets++];

	listener->callback = hso_guest;
	listener->failed = hso_failed;
	listener->data = l;
	listener->fd = fd;
	listener->flags = REACTOR_NODELAY;
	return reactor_listener_start(l->reactor, listener);
}

int
httpd_loop_open(struct httpd_loop *l, struct httpd *server, const char *backend,
    const int *fds, size_t count)
{
	const struct reactor_options options = { .backend = backend };

	l->server = server;
	l->stop.event.name = "stop";
	l->stop.callback = hso_stop;
	l->grace.event.name = "grace";
	l->grace.callback = hso_grace;
	l->prepare.event.name = "log";
	l->prepare.callback = hso_prepare;
	l->prepare.event.flags = REACTOR_BACKGROUND;
	l->reactor = reactor_open(&options);
	if (l->reactor == NULL)
		return -1;
	if (server->log && reactor_prepare_start(l->reactor, &l->prepare) == -1)
		return -1;
	while (l->sockets < count)
		if (hso_listen(l, fds[l->sockets]) == -1)
			return -1;
	return 0;
}

void *
httpd_loop_run(void *loop)
{
	struct httpd_loop *l = loop;

	if (reactor_run(l->reactor) == -1)
		demo_warn("reactor_run: %s", strerror(errno));
	return NULL;
}

void
httpd_loop_close(struct httpd_loop *l)
{
	struct httpd_message *message;
	size_t i;

	l->stopping = 1;
	while (l->connections != NULL)
		httpd_connection_end(l->connections);
	for (i = 0; i < l->sockets; i++) {
		reactor_listener_stop(l->reactor, &l->listeners[i]);
		(void)close(l->listeners[i].fd);
	}
	httpd_log_flush(l);
	reactor_close(l->reactor);
	while ((message = l->messages) != NULL) {
		l->messages = message->next;
		free(message);
	}
}
