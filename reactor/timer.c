/*
 * SPDX-License-Identifier: ISC
 *
 * timer.c: what is due leaves the heap of its clock for the event queue.  A
 * repeating timer keeps its seat in the heap reserved meanwhile, so that
 * coming back cannot fail.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "reactor/internal.h"

#define TM_BATCH 256 /* so that a million at once starve nobody */

static struct reactor__heap *
tm_heap(struct reactor *r, const struct reactor_timer *timer)
{
	return &r->heaps[timer->event.kind - REACTOR__TIMER];
}

/* ---- What the crank asks for --------------------------------------------- */

int64_t
reactor__timer_wait(struct reactor *r)
{
	struct reactor__heap *heap = &r->heaps[REACTOR__MONOTONIC];
	int64_t wait = -1, other;
	int clock;

	if (heap->length > 0) {
		/* Due by an old reading is due: no need for a new one. */
		if (heap->due[0].deadline <= r->now ||
		    heap->due[0].deadline <= reactor__now(r))
			return 0;
		wait = heap->due[0].deadline - r->now;
	}
	for (clock = REACTOR__WALL; clock < REACTOR__CLOCKS; clock++) {
		if (r->heaps[clock].length == 0)
			continue;
		other = reactor__alarm_wait(&r->heaps[clock], clock);
		if (other != -1 && (wait == -1 || other < wait))
			wait = other;
	}
	return wait;
}

static void
tm_due(struct reactor *r, struct reactor_timer *timer)
{
	struct reactor__heap *heap = tm_heap(r, timer);

	reactor__heap_remove(heap, timer);
	if (timer->every > 0)
		heap->reserved++;
	else
		timer->event.state |= REACTOR__LAST;
	reactor__queue(r, &timer->event);
}

void
reactor__timer_expire(struct reactor *r)
{
	struct reactor__heap *heap;
	int clock, left;
	int64_t now;

	for (clock = 0; clock < REACTOR__CLOCKS; clock++) {
		heap = &r->heaps[clock];
		if (heap->length == 0)
			continue;
		now = clock == REACTOR__MONOTONIC ? reactor__now(r)
						  : reactor__clock(clock);
		for (left = TM_BATCH; left > 0 && heap->length > 0; left--) {
			if (heap->due[0].deadline > now)
				break;
			tm_due(r, heap->due[0].timer);
		}
	}
}

void
reactor__timer_forked(struct reactor *r)
{
	int clock;

	for (clock = REACTOR__WALL; clock < REACTOR__CLOCKS; clock++)
		reactor__alarm_forked(r, clock);
}

void
reactor__timer_close(struct reactor *r)
{
	int clock;

	for (clock = 0; clock < REACTOR__CLOCKS; clock++) {
		reactor__alarm_stop(r, clock);
		(void)reactor__allocate(r->heaps[clock].due, 0);
	}
}

/* ---- Start and stop ------------------------------------------------------ */

static void
tm_leave(struct reactor *r, struct reactor_timer *timer)
{
	struct reactor__heap *heap = tm_heap(r, timer);

	if (timer->event.state & REACTOR__HEAPED)
		reactor__heap_remove(heap, timer);
	else if ((timer->event.state & REACTOR__LAST) == 0)
		heap->reserved--;
}

/* -1: both others are asked for. */
static inline int
tm_clock(const struct reactor_timer *timer)
{
	unsigned flags = timer->event.flags & (REACTOR_WALL | REACTOR_BOOT);

	if (flags == 0)
		return REACTOR__MONOTONIC;
	if (flags == REACTOR_WALL)
		return REACTOR__WALL;
	return flags == REACTOR_BOOT ? REACTOR__BOOT : -1;
}

/* In the right heap, or queued and coming back to it: it has its seat. */
static int
tm_seated(const struct reactor_event *event, unsigned kind)
{
	return event->kind == kind &&
	    (event->state & (REACTOR__STARTED | REACTOR__LAST)) ==
	    REACTOR__STARTED;
}

static __attribute__((always_inline)) inline int
tm_start(
    struct reactor *r, struct reactor_timer *timer, int clock, int64_t deadline)
{
	unsigned kind = REACTOR__TIMER + (unsigned)clock;
	struct reactor__heap *heap = &r->heaps[clock];

	if (timer->every < 0) {
		errno = EINVAL;
		return -1;
	}
	if (reactor__startable(&timer->event) == -1 ||
	    (!tm_seated(&timer->event, kind) &&
		reactor__heap_reserve(heap) == -1))
		return -1;
	if (timer->event.state & REACTOR__STARTED)
		tm_leave(r, timer);
	if (clock != REACTOR__MONOTONIC)
		reactor__alarm_start(r, clock);
	timer->deadline = deadline;
	reactor__started(r, &timer->event, kind);
	reactor__heap_insert(heap, timer);
	return 0;
}

static __attribute__((noinline)) int
tm_start_on(
    struct reactor *r, struct reactor_timer *timer, int clock, int64_t deadline)
{
	if (clock != -1)
		return tm_start(r, timer, clock, deadline);
	errno = EINVAL;
	return -1;
}

static __attribute__((noinline)) int
tm_start_after(struct reactor *r, struct reactor_timer *timer, int64_t after)
{
	int clock = tm_clock(timer);

	if (clock == REACTOR__MONOTONIC)
		return tm_start(r, timer, REACTOR__MONOTONIC,
		    reactor__clock_add(reactor__now(r), after));
	if (clock == -1)
		return tm_start_on(r, timer, clock, 0);
	return tm_start_on(
	    r, timer, clock, reactor__clock_add(reactor__clock(clock), after));
}

/* Waiting by the monotonic clock, with no option: four bytes to compare. */
static inline int
tm_is_plain(const struct reactor_event *event)
{
	static const unsigned char plain[] = { 0, 0,
		2 << REACTOR__LEVEL | REACTOR__STARTED | REACTOR__HEAPED |
		    REACTOR__COUNTED,
		REACTOR__TIMER };
	const char *options =
	    (const char *)event + offsetof(struct reactor_event, priority);

	return memcmp(options, plain, sizeof(plain)) == 0;
}

_Static_assert(offsetof(struct reactor_event, kind) ==
	offsetof(struct reactor_event, priority) + 3,
    "the four bytes of tm_is_plain do not stand together");

/* Done again and again: a time-out is pushed away, or not needed any more. */
int
reactor_timer_start(
    struct reactor *r, struct reactor_timer *timer, int64_t after)
{
	if (!tm_is_plain(&timer->event) || timer->every < 0 || r->trace != NULL)
		return tm_start_after(r, timer, after);
	timer->deadline = reactor__clock_add(reactor__now(r), after);
	reactor__heap_move(&r->heaps[REACTOR__MONOTONIC], timer);
	return 0;
}

int
reactor_timer_start_at(
    struct reactor *r, struct reactor_timer *timer, int64_t deadline)
{
	return tm_start_on(r, timer, tm_clock(timer), deadline);
}

void
reactor_timer_stop(struct reactor *r, struct reactor_timer *timer)
{
	if (tm_is_plain(&timer->event) && r->trace == NULL) {
		reactor__heap_remove(&r->heaps[REACTOR__MONOTONIC], timer);
		timer->event.state = 0;
		r->active--;
		return;
	}
	if (timer->event.state & REACTOR__STARTED)
		tm_leave(r, timer);
	reactor__stopped(r, &timer->event);
}

/* ---- The kind ------------------------------------------------------------ */

/* On the old beat, in the future. */
static int64_t
tm_next(struct reactor *r, const struct reactor_timer *timer)
{
	int clock = timer->event.kind - REACTOR__TIMER;
	int64_t now =
	    clock == REACTOR__MONOTONIC ? r->now : reactor__clock(clock);
	int64_t late;

	if (__builtin_sub_overflow(now, timer->deadline, &late))
		return reactor__clock_add(now, timer->every);
	late = late < timer->every ? 0 : late - late % timer->every;
	return reactor__clock_add(timer->deadline + late, timer->every);
}

static void
tm_fire(struct reactor *r, struct reactor_event *event)
{
	struct reactor_timer *timer = (struct reactor_timer *)event;

	if ((event->state & REACTOR__LAST) == 0)
		tm_heap(r, timer)->reserved--;
	if ((event->state & REACTOR__LAST) != 0 || timer->every <= 0) {
		reactor__stopped(r, event);
	} else {
		timer->deadline = tm_next(r, timer);
		reactor__heap_insert(tm_heap(r, timer), timer);
	}
	timer->callback(r, timer);
}

static void
tm_stop(struct reactor *r, struct reactor_event *event)
{
	reactor_timer_stop(r, (struct reactor_timer *)event);
}

/* It is due now: out of turn, and a repeating one begins a new beat. */
static int
tm_feed(struct reactor *r, struct reactor_event *event, unsigned ready)
{
	struct reactor_timer *timer = (struct reactor_timer *)event;

	(void)ready;
	if ((event->state & REACTOR__HEAPED) == 0)
		return 0;
	timer->deadline = event->kind == REACTOR__TIMER
	    ? reactor__now(r)
	    : reactor__clock(event->kind - REACTOR__TIMER);
	tm_due(r, timer);
	return 0;
}

/* From the end, where stopping moves no other. */
static void
tm_visit(struct reactor *r, int clock, reactor__visit_fn *visit, void *context)
{
	struct reactor__heap *heap = &r->heaps[clock];
	size_t i;

	for (i = heap->length; i-- > 0;)
		visit(r, &heap->due[i].timer->event, context);
}

static void
tm_each(struct reactor *r, reactor__visit_fn *visit, void *context)
{
	tm_visit(r, REACTOR__MONOTONIC, visit, context);
}

static void
tm_each_wall(struct reactor *r, reactor__visit_fn *visit, void *context)
{
	tm_visit(r, REACTOR__WALL, visit, context);
}

static void
tm_each_boot(struct reactor *r, reactor__visit_fn *visit, void *context)
{
	tm_visit(r, REACTOR__BOOT, visit, context);
}

static void
tm_describe(const struct reactor_event *event, char *text, size_t size)
{
	const struct reactor_timer *timer = (const struct reactor_timer *)event;
	int64_t now = reactor__clock(event->kind - REACTOR__TIMER);
	char span[32], every[32];

	(void)snprintf(span, sizeof(span), "due");
	if (timer->deadline > now) {
		memcpy(span, "in ", 3);
		(void)reactor__span(
		    span + 3, sizeof(span) - 3, timer->deadline - now);
	}
	every[0] = '\0';
	if (timer->every > 0)
		(void)reactor__span(every, sizeof(every), timer->every);
	(void)snprintf(text, size, "%s%s%s", span,
	    every[0] != '\0' ? ", every " : "", every);
}

#define TM_KIND(text, visitor)                                             \
	{                                                                  \
		.name = text, .fire = tm_fire, .stop = tm_stop,            \
		.each = visitor, .feed = tm_feed, .describe = tm_describe, \
	}

const struct reactor__kind reactor__kind_timer = TM_KIND("timer", tm_each);
const struct reactor__kind reactor__kind_timer_wall =
    TM_KIND("wall timer", tm_each_wall);
const struct reactor__kind reactor__kind_timer_boot =
    TM_KIND("boot timer", tm_each_boot);
