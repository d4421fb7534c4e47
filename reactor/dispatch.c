/*
 * SPDX-License-Identifier: ISC
 *
 * dispatch.c: takes what is queued now and fires each entry once, the highest
 * priority first.  What handlers queue meanwhile waits for the next turn, so
 * nobody starves and a handler may queue itself again.
 *
 * Everything is kept in the loop, nothing on the stack: a callback may free
 * any handler, and what a stop leaves over is the beginning of the next batch.
 */
#include <errno.h>
#include "reactor/internal.h"

const struct reactor__kind *const reactor__kinds[REACTOR__KINDS] = {
	[REACTOR__IO] = &reactor__kind_io,
	[REACTOR__IO_SPECIAL] = &reactor__kind_io_special,
	[REACTOR__PRODUCER] = &reactor__kind_producer,
	[REACTOR__TIMER] = &reactor__kind_timer,
	[REACTOR__TIMER_WALL] = &reactor__kind_timer_wall,
	[REACTOR__TIMER_BOOT] = &reactor__kind_timer_boot,
	[REACTOR__SIGNAL] = &reactor__kind_signal,
	[REACTOR__CHILD] = &reactor__kind_child,
	[REACTOR__POST] = &reactor__kind_post,
	[REACTOR__DEFER] = &reactor__kind_defer,
	[REACTOR__IDLE] = &reactor__kind_idle,
	[REACTOR__PREPARE] = &reactor__kind_prepare,
	[REACTOR__CHECK] = &reactor__kind_check,
	[REACTOR__PATH] = &reactor__kind_path,
};

/* With trace or measure: the same as a bare fire, seen from outside. */
static void
dp_observe(struct reactor *r, struct reactor_event *event)
{
	int64_t began = reactor__clock(REACTOR__MONOTONIC), took;

	if (r->trace != NULL)
		reactor__trace_begin(r, event);
	reactor__kinds[event->kind]->fire(r, event);
	if (r->trace != NULL)
		reactor__trace_end(r);
	took = reactor__clock(REACTOR__MONOTONIC) - began;
	if (took > r->longest)
		r->longest = took;
}

static __attribute__((always_inline)) inline void
dp_fire(struct reactor *r, struct reactor_event *event, unsigned observed)
{
	r->handlers++;
	if (observed)
		dp_observe(r, event);
	else
		reactor__kinds[event->kind]->fire(r, event);
}

void
reactor__fire(struct reactor *r, struct reactor_event *event)
{
	dp_fire(r, event, r->observed);
}

/* The highest level first; ends early when reactor_stop was called. */
static __attribute__((always_inline)) inline void
dp_drain(struct reactor *r, unsigned observed)
{
	struct reactor_link *list = &r->batch.list[REACTOR__LEVELS];

	while (list-- > r->batch.list)
		while (!reactor__list_empty(list)) {
			if (__atomic_load_n(&r->stop, __ATOMIC_RELAXED))
				return;
			dp_fire(r, reactor__queue_take(list), observed);
		}
}

void
reactor__dispatch(struct reactor *r)
{
	int level;

	if (r->trace != NULL)
		reactor__trace_dispatch(r);
	r->taken = r->events;
	for (level = 0; level < REACTOR__LEVELS; level++)
		reactor__list_move(
		    &r->batch.list[level], &r->queue.list[level]);
	if (r->observed)
		dp_drain(r, 1);
	else
		dp_drain(r, 0);
	if (__atomic_load_n(&r->stop, __ATOMIC_RELAXED))
		r->taken--; /* some may be left over */
}

/* Mostly nothing came since the last dispatch, and a number tells so. */
int
reactor__queue_empty(const struct reactor *r)
{
	return r->events == r->taken ||
	    (reactor__queue_is_empty(&r->queue) &&
		reactor__queue_is_empty(&r->batch));
}

int
reactor_feed(struct reactor *r, struct reactor_event *event, unsigned ready)
{
	if ((event->state & REACTOR__STARTED) == 0 ||
	    reactor__kinds[event->kind]->feed == NULL) {
		errno = EINVAL;
		return -1;
	}
	return reactor__kinds[event->kind]->feed(r, event, ready);
}

int
reactor__feed_plain(
    struct reactor *r, struct reactor_event *event, unsigned ready)
{
	(void)ready;
	reactor__queue(r, event);
	return 0;
}
