/*
 * SPDX-License-Identifier: ISC
 *
 * stream.c: a stream starts, fails, and stops.
 */
#include <unistd.h>
#include "reactor/net/stream.h"

#define STM_DEFAULT 65536 /* of limit and high */

void
reactor__stream_later(struct reactor_stream *s)
{
	if ((s->defer.event.state & REACTOR__STARTED) == 0)
		(void)reactor_defer_start(s->reactor, &s->defer);
}

void
reactor__stream_fail(struct reactor_stream *s, int error)
{
	if (s->flags & STREAM__FAILED)
		return;
	s->flags |= STREAM__FAILED;
	s->error = error;
	reactor__output_drop(s);
	reactor__stream_later(s);
}

static void
stm_fill_in(struct reactor *r, struct reactor_stream *s)
{
	s->reactor = r;
	s->error = 0;
	s->limit = s->limit > 0 ? s->limit : STM_DEFAULT;
	s->high = s->high > 0 ? s->high : STM_DEFAULT;
	s->low = s->low > 0 ? s->low : s->high / 4;
	s->little = s->high < BUFFER__ROOM ? s->high : BUFFER__ROOM;
	s->in = s->out = s->last = NULL;
	s->pending = s->want = s->scanned = 0;
	s->stopped = NULL;
	s->due = 0;
	s->flags = STREAM__STARTED | (s->transport != NULL ? STREAM__OTHER : 0);
	s->reading = REACTOR_READ;
	s->writing = REACTOR_WRITE;
	s->io.event.name = s->defer.event.name = s->timer.event.name = "stream";
	s->io.event.flags = 0;
	s->io.callback = reactor__stream_ready;
	s->io.fd = s->fd;
	s->io.wanted = REACTOR_READ;
	s->defer.callback = reactor__stream_deferred;
}

int
reactor_stream_start(struct reactor *r, struct reactor_stream *s)
{
	if (s->flags & STREAM__STARTED)
		reactor_stream_stop(s);
	if (reactor__buffers_open(r) == -1)
		return -1;
	stm_fill_in(r, s);
	if (reactor_io_start(r, &s->io) == -1) {
		s->flags = 0;
		return -1;
	}
	if (reactor__patience_start(s) == -1) {
		reactor_io_stop(r, &s->io);
		s->flags = 0;
		return -1;
	}
	reactor__list_append(&r->buffers->streams, &s->link);
	if (s->transport != NULL)
		reactor__stream_later(s); /* it may have to begin */
	return 0;
}

/* What only waited for the callback to return is sent, as far as it can be. */
static void
stm_send_held(struct reactor_stream *s)
{
	if ((s->stopped != NULL || s->flags & STREAM__HELD) &&
	    (s->flags & (STREAM__BLOCKED | STREAM__FAILED)) == 0)
		reactor__output_send(s);
}

void
reactor_stream_stop(struct reactor_stream *s)
{
	if ((s->flags & STREAM__STARTED) == 0)
		return;
	stm_send_held(s);
	if (s->stopped != NULL)
		*s->stopped = 1;
	s->stopped = NULL;
	reactor_io_stop(s->reactor, &s->io);
	reactor_timer_stop(s->reactor, &s->timer);
	reactor_defer_stop(s->reactor, &s->defer);
	reactor__input_drop(s);
	reactor__output_drop(s);
	reactor__list_remove(&s->link);
	s->flags = s->due = 0;
}

void
reactor_stream_close(struct reactor_stream *s)
{
	int fd = s->fd;

	reactor_stream_stop(s);
	s->fd = -1;
	if (s->transport != NULL && fd != -1)
		s->transport->close(s->state, fd);
	else if (fd != -1)
		(void)close(fd);
}

void
reactor__stream_close_all(struct reactor *r)
{
	struct reactor_link *list;

	if (r->buffers == NULL)
		return;
	list = &r->buffers->streams;
	while (!reactor__list_empty(list))
		reactor_stream_stop(
		    REACTOR_OWNER(list->next, struct reactor_stream, link));
	reactor__buffers_close(r);
}

void
reactor__stream_hold(struct reactor_stream *s, int hold)
{
	if (hold) {
		s->flags |= STREAM__HELD;
		return;
	}
	s->flags &= ~(unsigned)STREAM__HELD;
	if (s->out != NULL && s->stopped == NULL &&
	    (s->flags & (STREAM__BLOCKED | STREAM__FAILED)) == 0)
		reactor__output_send(s);
	reactor__stream_changed(s);
}
