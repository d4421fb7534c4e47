/*
 * SPDX-License-Identifier: ISC
 *
 * patience.c: the limits of time of a stream, which share a timer.  Bytes that
 * move only say when: a timer that fires too early is started for the rest.
 */
#include "reactor/net/stream.h"

/* When there is something to tell; INT64_MAX: never. */
static int64_t
pe_due(const struct reactor_stream *s)
{
	int64_t idle =
	    s->idle > 0 ? reactor__clock_add(s->moved, s->idle) : INT64_MAX;

	return idle < s->deadline ? idle : s->deadline;
}

/* A timer that is to fire before that time may stay as it is. */
static int
pe_arm(struct reactor_stream *s)
{
	int64_t due = pe_due(s);
	int started = (s->timer.event.state & REACTOR__STARTED) != 0;

	if (due == INT64_MAX) {
		reactor_timer_stop(s->reactor, &s->timer);
		return 0;
	}
	if (started && s->timer.deadline <= due)
		return 0;
	return reactor_timer_start_at(s->reactor, &s->timer, due);
}

static void
pe_fire(struct reactor *r, struct reactor_timer *timer)
{
	struct reactor_stream *s =
	    REACTOR_OWNER(timer, struct reactor_stream, timer);
	int64_t now = reactor__now(r);

	if (s->deadline <= now) {
		s->deadline = INT64_MAX;
		s->due |= REACTOR_STREAM_LIMIT;
	}
	if (s->idle > 0 && reactor__clock_add(s->moved, s->idle) <= now) {
		s->moved = now;
		s->due |= REACTOR_STREAM_IDLE;
	}
	if (pe_arm(s) == -1)
		reactor__stream_fail(s, errno);
	reactor__stream_turn(s, 0);
}

int
reactor__patience_start(struct reactor_stream *s)
{
	if (s->timer.event.name == NULL)
		s->timer.event.name = "stream";
	s->timer.callback = pe_fire;
	s->timer.every = 0;
	s->moved = s->idle > 0 ? reactor__now(s->reactor) : 0;
	s->deadline = INT64_MAX;
	return pe_arm(s);
}

int
reactor_stream_limit(struct reactor_stream *s, int64_t after)
{
	int64_t was = s->deadline;

	if ((s->flags & STREAM__STARTED) == 0) {
		errno = EBADF;
		return -1;
	}
	s->due &= ~(unsigned)REACTOR_STREAM_LIMIT;
	s->deadline = after < 0
	    ? INT64_MAX
	    : reactor__clock_add(reactor__now(s->reactor), after);
	if (pe_arm(s) == 0)
		return 0;
	s->deadline = was;
	return -1;
}
