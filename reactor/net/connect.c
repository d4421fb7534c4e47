/*
 * SPDX-License-Identifier: ISC
 *
 * connect.c: from a name to a connection.
 *
 *   start --> resolve --> attempts --> end: stops what is left, calls back
 *     |                                 ^
 *     '--> timer: the deadline ---------'
 */
#include <errno.h>
#include <string.h>
#include "reactor/net/net.h"

#define EY_TIMEOUT (30 * REACTOR_SECOND)
#define EY_FLAGS   (REACTOR_DATAGRAM | REACTOR_NODELAY | REACTOR_KEEPALIVE)

void
reactor__connect_end(
    struct reactor *r, struct reactor_connect *c, int fd, int error)
{
	reactor_connect_stop(r, c);
	c->fd = fd;
	c->error = error;
	c->callback(r, c);
}

static void
ey_late(struct reactor *r, struct reactor_timer *timer)
{
	struct reactor_connect *c =
	    REACTOR_OWNER(timer, struct reactor_connect, timer);

	reactor__attempts_last(c, &c->address);
	reactor__connect_end(r, c, -1, ETIMEDOUT);
}

static void
ey_resolved(struct reactor *r, struct reactor_resolve *v)
{
	struct reactor_connect *c =
	    REACTOR_OWNER(v, struct reactor_connect, resolve);

	if (v->error != 0)
		reactor__connect_end(r, c, -1, v->error);
	else if (reactor__attempts_start(r, c, v->addresses, v->count) == -1)
		reactor__connect_end(r, c, -1, errno);
}

/* A host without a service is the text of an address, with a name in it. */
static int
ey_resolve(struct reactor *r, struct reactor_connect *c)
{
	struct reactor_resolve *v = &c->resolve;
	char host[REACTOR__HOST];
	int result;

	v->callback = ey_resolved;
	v->host = c->host;
	v->service = c->service;
	v->family = c->family;
	v->timeout = 0;
	v->executor = c->executor;
	if (c->service == NULL && *c->host != '/' && *c->host != '@') {
		v->service =
		    reactor__address_split(c->host, host, sizeof(host));
		if (v->service == NULL)
			return -1;
		v->host = host;
	}
	result = reactor_resolve_start(r, v);
	v->host = v->service = NULL; /* they need not last */
	return result;
}

static int
ey_limit(struct reactor *r, struct reactor_connect *c)
{
	if (c->timeout < 0)
		return 0;
	c->timer.event.name = "connect";
	c->timer.callback = ey_late;
	return reactor_timer_start(
	    r, &c->timer, c->timeout > 0 ? c->timeout : EY_TIMEOUT);
}

int
reactor_connect_start(struct reactor *r, struct reactor_connect *c)
{
	int error;

	if (c->callback == NULL || c->host == NULL || c->flags & ~EY_FLAGS) {
		errno = EINVAL;
		return -1;
	}
	reactor_connect_stop(r, c);
	c->fd = -1;
	c->error = 0;
	memset(&c->address, 0, sizeof(c->address));
	reactor__net_begun(&r->connects, &c->link);
	if (ey_resolve(r, c) == 0 && ey_limit(r, c) == 0)
		return 0;
	error = errno;
	reactor_connect_stop(r, c);
	errno = error;
	return -1;
}

void
reactor_connect_stop(struct reactor *r, struct reactor_connect *c)
{
	reactor__net_ended(&c->link);
	reactor_timer_stop(r, &c->timer);
	reactor_resolve_stop(r, &c->resolve);
	reactor__attempts_stop(r, c);
}

void
reactor__connect_close(struct reactor *r)
{
	while (!reactor__list_empty(&r->connects))
		reactor_connect_stop(r,
		    REACTOR_OWNER(
			r->connects.next, struct reactor_connect, link));
}
