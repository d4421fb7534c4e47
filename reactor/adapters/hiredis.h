/*
 * SPDX-License-Identifier: ISC
 *
 * hiredis.h: has a loop serve an asynchronous context of hiredis, which may be
 * freed in any callback.  reactor_hiredis(3) has the details.
 *
 *	static void
 *	got(redisAsyncContext *ac, void *reply, void *unused)
 *	{
 *		puts(reply != NULL ? ((redisReply *)reply)->str : ac->errstr);
 *		redisAsyncFree(ac);
 *	}
 *
 *	ac = redisAsyncConnect("127.0.0.1", 6379);
 *	if (ac != NULL && ac->err == 0 && reactor_hiredis_attach(r, ac) == 0)
 *		redisAsyncCommand(ac, got, NULL, "GET %s", key);
 */
#ifndef REACTOR_ADAPTERS_HIREDIS_H
#define REACTOR_ADAPTERS_HIREDIS_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <reactor/reactor.h>

struct reactor__hiredis {
	struct reactor *reactor;
	redisAsyncContext *context;
	struct reactor_io io; /* wanted: 0 when it is stopped */
	struct reactor_timer timer;
	int64_t limit; /* of reactor_hiredis_timeout, or 0 */
	void (*expire)(redisAsyncContext *); /* else the time-outs of hiredis */
	int *gone; /* becomes 1 when this is freed while in use */
};

/* ---- The hooks ----------------------------------------------------------- */

/* Starting cannot fail after attach: the descriptor has its place. */
static inline void
reactor__hiredis_want(void *data, unsigned add, unsigned drop)
{
	struct reactor__hiredis *a = (struct reactor__hiredis *)data;
	unsigned wanted = (a->io.wanted | add) & ~drop;

	if (add != 0 && a->limit > 0)
		(void)reactor_timer_start(a->reactor, &a->timer, a->limit);
	if (wanted == a->io.wanted)
		return;
	a->io.wanted = (unsigned char)wanted;
	if (wanted == 0)
		reactor_io_stop(a->reactor, &a->io);
	else
		(void)reactor_io_start(a->reactor, &a->io);
}

#define REACTOR__HIREDIS_HOOK(name, add, drop)                 \
	static inline void reactor__hiredis_##name(void *data) \
	{                                                      \
		reactor__hiredis_want(data, add, drop);        \
	}
REACTOR__HIREDIS_HOOK(add_read, REACTOR_READ, 0)
REACTOR__HIREDIS_HOOK(del_read, 0, REACTOR_READ)
REACTOR__HIREDIS_HOOK(add_write, REACTOR_WRITE, 0)
REACTOR__HIREDIS_HOOK(del_write, 0, REACTOR_WRITE)

/* What is stopped already may be of a loop that is closed. */
static inline void
reactor__hiredis_cleanup(void *data)
{
	struct reactor__hiredis *a = (struct reactor__hiredis *)data;

	if (a->io.event.state != 0)
		reactor_io_stop(a->reactor, &a->io);
	if (a->timer.event.state != 0)
		reactor_timer_stop(a->reactor, &a->timer);
	if (a->gone != NULL)
		*a->gone = 1;
	/* Next comes onDisconnect, in which a free would be one too many. */
	a->context->c.flags |= REDIS_IN_CALLBACK;
	free(a);
}

/* ---- Events -------------------------------------------------------------- */

/* Ends the connection with an error, as hiredis 1 does for its time-outs. */
static inline void
reactor__hiredis_fail(redisAsyncContext *ac, int error, const char *why)
{
	redisContext *c = &ac->c;

	ac->err = c->err = error;
	snprintf(c->errstr, sizeof(c->errstr), "%s", why);
	ac->errstr = c->errstr;
	if ((c->flags & REDIS_CONNECTED) != 0) {
		redisAsyncHandleRead(ac); /* looks at the error first */
		return;
	}
	c->flags |= REDIS_IN_CALLBACK; /* where it may be freed */
	if (ac->onConnect != NULL)
		ac->onConnect(ac, REDIS_ERR);
	c->flags &= ~REDIS_IN_CALLBACK;
	redisAsyncFree(ac);
}

static inline void
reactor__hiredis_late(struct reactor *r, struct reactor_timer *timer)
{
	struct reactor__hiredis *a =
	    REACTOR_OWNER(timer, struct reactor__hiredis, timer);
	redisAsyncContext *ac = a->context;

	(void)r;
	if (a->limit == 0)
		a->expire(ac);
	else if ((ac->c.flags & REDIS_CONNECTED) == 0 ||
	    ac->replies.head != NULL)
		reactor__hiredis_fail(ac, REDIS_ERR_OTHER, "Timeout");
}

/*
 * Up to 1.0, hiredis does not expect to lose the context in onConnect; with the
 * flag it waits for what is then done here.
 */
static inline void
reactor__hiredis_settle(redisAsyncContext *ac)
{
	ac->c.flags &= ~REDIS_IN_CALLBACK;
	if ((ac->c.flags & REDIS_FREEING) != 0)
		redisAsyncFree(ac);
	else if ((ac->c.flags & REDIS_DISCONNECTING) != 0)
		redisAsyncDisconnect(ac);
}

static inline void
reactor__hiredis_ready(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	struct reactor__hiredis *a =
	    REACTOR_OWNER(io, struct reactor__hiredis, io);
	redisAsyncContext *ac = a->context;
	int connected = ac->c.flags & REDIS_CONNECTED, gone = 0;

	(void)r;
	if ((ready & REACTOR_BAD) != 0) {
		reactor__hiredis_fail(ac, REDIS_ERR_IO, strerror(io->error));
		return;
	}
	a->gone = &gone;
	if (!connected)
		ac->c.flags |= REDIS_IN_CALLBACK;
	if ((ready & REACTOR_READ) != 0)
		redisAsyncHandleRead(ac);
	if (!gone && (ready & io->wanted & REACTOR_WRITE) != 0)
		redisAsyncHandleWrite(ac);
	if (gone)
		return;
	a->gone = NULL;
	if (!connected)
		reactor__hiredis_settle(ac);
}

/* ---- What a program calls ------------------------------------------------ */

#if HIREDIS_MAJOR >= 1
static inline void
reactor__hiredis_schedule(void *data, struct timeval after)
{
	struct reactor__hiredis *a = (struct reactor__hiredis *)data;

	if (a->limit == 0)
		(void)reactor_timer_start(a->reactor, &a->timer,
		    after.tv_sec * REACTOR_SECOND +
			after.tv_usec * REACTOR_MICROSECOND);
}

static inline void
reactor__hiredis_timers(struct reactor__hiredis *a)
{
	a->expire = redisAsyncHandleTimeout;
	a->context->ev.scheduleTimer = reactor__hiredis_schedule;
}
#else
#define reactor__hiredis_timers(a) ((void)(a))
#endif

/* EBUSY: it has a loop already.  It leaves the loop when it is freed. */
static inline int
reactor_hiredis_attach(struct reactor *r, redisAsyncContext *ac)
{
	struct reactor__hiredis *a;

	if (ac->ev.data != NULL) {
		errno = EBUSY;
		return -1;
	}
	a = (struct reactor__hiredis *)calloc(1, sizeof(*a));
	if (a == NULL)
		return -1;
	a->reactor = r;
	a->context = ac;
	a->timer.event.name = a->io.event.name = "hiredis";
	a->timer.event.flags = REACTOR_BACKGROUND;
	a->timer.callback = reactor__hiredis_late;
	a->io.callback = reactor__hiredis_ready;
	a->io.fd = ac->c.fd;
	a->io.wanted = REACTOR_WRITE; /* until it is connected */
	if (reactor_io_start(r, &a->io) == -1) {
		free(a);
		return -1;
	}
	ac->ev.data = a;
	ac->ev.addRead = reactor__hiredis_add_read;
	ac->ev.delRead = reactor__hiredis_del_read;
	ac->ev.addWrite = reactor__hiredis_add_write;
	ac->ev.delWrite = reactor__hiredis_del_write;
	ac->ev.cleanup = reactor__hiredis_cleanup;
	reactor__hiredis_timers(a);
	return 0;
}

/*
 * How long the server may be silent, in ns (0: for ever), while it is connected
 * to or owes a reply.  Then the context fails, with "Timeout".
 */
static inline int
reactor_hiredis_timeout(redisAsyncContext *ac, int64_t limit)
{
	struct reactor__hiredis *a = (struct reactor__hiredis *)ac->ev.data;

	a->limit = limit;
	if (limit > 0)
		return reactor_timer_start(a->reactor, &a->timer, limit);
	reactor_timer_stop(a->reactor, &a->timer);
	return 0;
}

#endif
