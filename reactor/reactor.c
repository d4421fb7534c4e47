/*
 * SPDX-License-Identifier: ISC
 *
 * reactor.c: turns the crank.  rc_turn is the whole event loop: one call for
 * each box of the diagram, in its order.
 */
#include <errno.h>
#include "reactor/internal.h"

#define RC_DEAF (100 * REACTOR_MILLISECOND)

/* ---- A new backend: after fork, or when the old one is broken ------------ */

static int
rc_renew(struct reactor *r)
{
	if (r->state != NULL &&
	    (r->backend->reopen == NULL ||
		r->backend->reopen(r->state) == -1)) {
		r->backend->close(r->state);
		r->state = NULL;
	}
	if (r->state == NULL)
		r->state = r->backend->open();
	reactor__handler_forget(r);
	return r->state == NULL ? -1 : 0;
}

/* This is the child: nothing may be shared with the parent's loop. */
static int
rc_forked(struct reactor *r)
{
	if (r->backend->reopen != NULL && rc_renew(r) == -1)
		return -1;
	if (reactor__wake_forked(r) == -1)
		return -1;
	reactor__post_forked(r);
	reactor__timer_forked(r);
	reactor__signal_forked(r);
	reactor__child_forked(r);
	reactor__path_forked(r);
	r->generation = reactor__fork_generation();
	return 0;
}

static int
rc_usable(struct reactor *r)
{
	if (r->generation != reactor__fork_generation() && rc_forked(r) == -1)
		return -1;
	return r->state == NULL ? rc_renew(r) : 0;
}

/* The wait failed, as when somebody closed our descriptor: try once anew. */
static int
rc_repair(struct reactor *r)
{
	int error = errno;

	if (reactor__awake(r))
		reactor__knock(r); /* what it was about is still to be done */
	if (!r->failed) {
		/* First, because the new one may be given the same number. */
		r->backend->close(r->state);
		r->state = NULL;
		r->failed = 1;
		if (rc_renew(r) == 0)
			return 0;
	}
	errno = error;
	return -1;
}

/* ---- The crank ----------------------------------------------------------- */

/* How long the wait may be at most, so that nothing is kept waiting. */
static int64_t
rc_timeout(struct reactor *r, int always, int64_t limit)
{
	int64_t timeout;

	if (always || !reactor__queue_empty(r) ||
	    !reactor__list_empty(&r->idles))
		return 0;
	timeout = reactor__timers(r) ? reactor__timer_wait(r) : -1;
	if (limit >= 0 && (timeout < 0 || limit < timeout))
		timeout = limit;
	return timeout;
}

static int
rc_wait(struct reactor *r, int64_t timeout)
{
	int n;

	/* Whoever knocks from here on must write the wake descriptor. */
	if (timeout != 0 && !reactor__doze(r))
		timeout = 0;
	if (r->trace != NULL)
		reactor__trace_wait(r, timeout);
	n = r->backend->wait(r->state, r->ready, (int)r->nready, timeout);
	reactor__time_passes(r);
	if (r->trace != NULL)
		reactor__trace_woken(r, n);
	return n;
}

/* More were ready than fit: be prepared for as many the next time. */
static void
rc_grow(struct reactor *r)
{
	struct reactor_ready *ready =
	    reactor__grown(r->ready, &r->nready, r->nready + 1, sizeof(*ready));

	if (ready != NULL)
		r->ready = ready;
}

static void
rc_collect(struct reactor *r, int n, int always)
{
	reactor__ready(r, r->ready, n);
	if (always)
		reactor__ready_always(r);
	if (reactor__awake(r)) {
		reactor__signal_collect(r);
		reactor__post_collect(r);
	}
	if (reactor__timers(r))
		reactor__timer_expire(r);
	if (!reactor__list_empty(&r->idles) && reactor__queue_empty(r))
		reactor__hook_idle(r);
	if ((size_t)n == r->nready)
		rc_grow(r);
}

static int
rc_turn(struct reactor *r, int64_t limit)
{
	int always, n;

	if (rc_usable(r) == -1)
		return -1;
	r->turns++;
	/* Deaf, for lack of a descriptor: try again, and soon. */
	if (r->wake_write == -1 && reactor__wake_again(r) == -1)
		limit = limit < 0 || limit > RC_DEAF ? RC_DEAF : limit;
	reactor__hook_prepare(r);
	always = r->changes != -1 && reactor__handler_apply(r);
	n = rc_wait(r, rc_timeout(r, always, limit));
	if (n == -1)
		return rc_repair(r);
	r->failed = 0;
	if (!reactor__list_empty(&r->checks)) {
		reactor__hook_check(r);
		n = reactor__ready_recheck(r, r->ready, n);
	}
	rc_collect(r, n, always);
	reactor__dispatch(r);
	reactor__time_passes(r);
	if (r->trace != NULL)
		reactor__trace_flush(r);
	return 0;
}

/* ---- Driving it ---------------------------------------------------------- */

static int
rc_enter(struct reactor *r)
{
	if (r->running) {
		errno = EBUSY;
		return -1;
	}
	r->running = 1;
	reactor__time_passes(r);
	reactor__enter(r);
	return 0;
}

/* Also when it failed: no change may wait for a run that may never come. */
static void
rc_leave(struct reactor *r, int stopped)
{
	int error = errno;

	if (r->state != NULL && r->generation == reactor__fork_generation())
		(void)reactor__handler_apply(r);
	/* A stop that came too late for this run is one for the next. */
	if (stopped)
		__atomic_store_n(&r->stop, 0, __ATOMIC_RELAXED);
	reactor__leave(r);
	r->running = 0;
	errno = error;
}

static int
rc_stopped(const struct reactor *r)
{
	/* Not relaxed: after `doze` was changed, or the loop may sleep on it. */
	return __atomic_load_n(&r->stop, __ATOMIC_SEQ_CST);
}

static int
rc_alive(const struct reactor *r)
{
	return r->active > 0 ||
	    __atomic_load_n(&r->inbox, __ATOMIC_RELAXED) != NULL;
}

int
reactor_run(struct reactor *r)
{
	int result = 0, stopped;

	if (rc_enter(r) == -1)
		return -1;
	while (!(stopped = rc_stopped(r)) && result == 0 && rc_alive(r))
		result = rc_turn(r, -1);
	rc_leave(r, stopped);
	return result;
}

int
reactor_run_once(struct reactor *r, int64_t timeout)
{
	uint64_t handlers = r->handlers;
	int result = 0;

	if (rc_enter(r) == -1)
		return -1;
	if (timeout < 0 && !rc_alive(r))
		timeout = 0;
	if (!rc_stopped(r))
		result = rc_turn(r, timeout);
	rc_leave(r, rc_stopped(r));
	return result == -1 ? -1 : (int)(r->handlers - handlers);
}

int
reactor_next(struct reactor *r, int64_t *timeout)
{
	int always;

	if (r->running) {
		errno = EBUSY;
		return -1;
	}
	if (rc_usable(r) == -1)
		return -1;
	always = reactor__handler_apply(r);
	*timeout = reactor__knocked(r) ? 0 : rc_timeout(r, always, -1);
	return 0;
}

int
reactor_descriptor(struct reactor *r)
{
	if (r->backend->descriptor == NULL) {
		errno = ENOTSUP;
		return -1;
	}
	if (rc_usable(r) == -1)
		return -1;
	return r->backend->descriptor(r->state);
}
