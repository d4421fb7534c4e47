/*
 * SPDX-License-Identifier: ISC
 *
 * interest.c: what a stream waits for: that it can read, that it can write what
 * waits, or else that its peer dies.
 *
 * Reading goes on being waited for, at no cost, until the descriptor is readable
 * and nobody wants it (paused, or the limit is reached): only then is the backend
 * told, and only then does it have to be told again.
 */
#include "reactor/net/stream.h"

static void
nt_watch_as(struct reactor_stream *s, unsigned wanted, unsigned flags)
{
	if (s->io.event.state & REACTOR__STARTED && s->io.wanted == wanted)
		return;
	s->io.wanted = (unsigned char)wanted;
	s->io.event.flags = (unsigned char)flags;
	if (reactor_io_start(s->reactor, &s->io) == -1)
		reactor__stream_fail(s, errno);
}

/* Nothing to wait for but the peer's death, if the system tells of that. */
static void
nt_watch_nothing(struct reactor_stream *s)
{
	if ((s->flags & (STREAM__DEAF | STREAM__FAILED)) == 0 &&
	    s->reactor->backend->interests & REACTOR_URGENT)
		nt_watch_as(s, REACTOR_URGENT, REACTOR_BACKGROUND);
	else if (s->io.event.state & REACTOR__STARTED)
		reactor_io_stop(s->reactor, &s->io);
}

static void
nt_watch(struct reactor_stream *s)
{
	unsigned wanted = 0;

	if (reactor__input_open(s))
		wanted |= s->reading;
	if (s->flags & STREAM__BLOCKED)
		wanted |= s->writing;
	/* Until that is readable it costs nothing. */
	if ((s->flags & (STREAM__ENDED | STREAM__UNUSED)) == 0 &&
	    s->io.event.state & REACTOR__STARTED)
		wanted |= s->io.wanted & REACTOR_READ;
	s->flags &= ~(unsigned)STREAM__UNUSED;
	if (wanted != 0) {
		s->flags &= ~(unsigned)STREAM__DEAF;
		nt_watch_as(s, wanted, 0);
	} else {
		nt_watch_nothing(s);
	}
}

void
reactor__stream_change(struct reactor_stream *s)
{
	if (s->stopped != NULL || (s->flags & STREAM__STARTED) == 0)
		return;
	if (s->in != NULL && s->in->start == s->in->end)
		reactor__input_drop(s);
	nt_watch(s);
	/* It may have the half of a record: then the descriptor tells. */
	if (reactor__stream_due(s) != 0 ||
	    (reactor__input_open(s) && (s->flags & STREAM__DRAINED) == 0 &&
		reactor__transport_pending(s)))
		reactor__stream_later(s);
}
