/*
 * SPDX-License-Identifier: ISC
 *
 * turn.c: something has happened: what of it is told, and what follows.
 *
 *   descriptor ready --> send what waits --> turn: read --> callback --+
 *   timer, defer ------------------------------^     ^                 |
 *                                                    +-- send what <---+
 *                                                        it wrote
 *
 * The callback may do anything to its stream, so after it nothing of the stream
 * is looked at before a flag on the stack, which stop sets, has been.
 */
#include "reactor/net/stream.h"

#define TU_BUDGET 4   /* reads in one turn: others wait too */
#define TU_LAST   256 /* the same, when there will be no other turn */

unsigned
reactor__stream_due(const struct reactor_stream *s)
{
	unsigned what = s->due;
	size_t size;

	if (what == 0)
		return 0;
	size = reactor__input_size(s);
	if (s->flags & STREAM__PAUSED)
		return what &
		    ~(unsigned)(REACTOR_STREAM_INPUT | REACTOR_STREAM_END);
	if (s->flags & STREAM__FAILED)
		what &= ~(unsigned)REACTOR_STREAM_END;
	if (size == 0 ||
	    (size < s->want &&
		(s->flags & (STREAM__ENDED | STREAM__FAILED)) == 0))
		what &= ~(unsigned)REACTOR_STREAM_INPUT;
	return what;
}

/* 0: it has been stopped, and perhaps there is none any more. */
static int
tu_tell(struct reactor_stream *s)
{
	unsigned what = reactor__stream_due(s);
	unsigned char stopped = 0;

	if (what == 0)
		return 1;
	s->due &= ~what;
	s->stopped = &stopped;
	s->callback(s->reactor, s, what);
	if (stopped)
		return 0;
	s->stopped = NULL;
	return 1;
}

/* Nothing more happens to it, but its input can be read until it is closed. */
static void
tu_rest(struct reactor_stream *s)
{
	reactor_io_stop(s->reactor, &s->io);
	reactor_timer_stop(s->reactor, &s->timer);
	reactor_defer_stop(s->reactor, &s->defer);
	s->flags |= STREAM__ENDED;
	s->due = 0;
}

/* The last call. */
static void
tu_give_up(struct reactor_stream *s)
{
	if (s->keeps)
		tu_rest(s);
	else
		reactor_stream_stop(s);
	s->callback(s->reactor, s, REACTOR_STREAM_ERROR);
}

/* Sends what the callback wrote. */
static void
tu_settle(struct reactor_stream *s)
{
	if ((s->flags & (STREAM__BLOCKED | STREAM__HELD | STREAM__FAILED)) ==
		0 &&
	    (s->out != NULL || s->flags & STREAM__SHUT))
		reactor__output_send(s);
	if (s->in != NULL && s->in->start == s->in->end)
		reactor__input_drop(s);
}

/*
 * Tells and sends, after one attempt to read.  When output has failed, what has
 * come is told first, if it can be had.
 */
static __attribute__((noinline)) void
tu_go_on(struct reactor_stream *s, int more)
{
	unsigned failed = s->flags & STREAM__FAILED;
	int budget = failed ? TU_LAST : TU_BUDGET;

	for (;; budget--) {
		if (!tu_tell(s))
			return;
		tu_settle(s);
		/* In the callback, or just now. */
		if ((s->flags & STREAM__FAILED) != failed) {
			failed = STREAM__FAILED;
			budget = TU_LAST;
			more = 1;
		}
		if (!more || budget <= 1 || !reactor__input_open(s))
			break;
		more = reactor__input_fill(s);
	}
	if (s->flags & STREAM__FAILED)
		tu_give_up(s);
	else
		reactor__stream_changed(s);
}

void
reactor__stream_turn(struct reactor_stream *s, int readable)
{
	int more = (readable || s->flags & STREAM__FAILED) &&
	    reactor__input_open(s) && reactor__input_fill(s);

	tu_go_on(s, more);
}

/* Nothing is to be done there: shall it be watched at all? */
static void
tu_unused(struct reactor_stream *s, unsigned ready)
{
	int error;

	if (ready & REACTOR_READ)
		s->flags |= STREAM__UNUSED;
	if (ready & REACTOR_ERROR) {
		error = reactor__transport_error(s);
		if (error != 0)
			reactor__stream_fail(s, error);
	}
	if (ready & (REACTOR_HANGUP | REACTOR_ERROR | REACTOR_URGENT))
		s->flags |= STREAM__DEAF;
}

static __attribute__((noinline)) void
tu_ready(struct reactor_stream *s, unsigned ready)
{
	int readable =
	    ready & (s->reading | REACTOR__EXTRA) && reactor__input_open(s);
	int writable =
	    ready & (s->writing | REACTOR__EXTRA) && s->flags & STREAM__BLOCKED;

	if (ready & REACTOR_BAD) {
		s->flags |= STREAM__ENDED; /* the number may be another's */
		reactor__stream_fail(s, s->io.error);
	}
	if (writable) {
		s->flags &= ~(unsigned)STREAM__BLOCKED;
		reactor__output_send(s);
	}
	if (!readable && !(writable && (ready & REACTOR_READ) == 0))
		tu_unused(s, ready);
	reactor__stream_turn(s, readable);
}

/* The callback took it, and wrote: sends that if it is one piece. */
static inline void
tu_usual_end(struct reactor_stream *s)
{
	struct reactor__buffer *b = s->out;

	if (b != NULL && b->next == NULL && b->file == -1 &&
	    s->flags == STREAM__STARTED)
		(void)reactor__send_piece(s, b);
	b = s->in;
	if (b != NULL && b->start == b->end && b->next == NULL) {
		s->in = NULL;
		reactor__buffer_put(s->reactor, b);
	}
	if (s->out != NULL || !reactor__stream_is_plain(s))
		reactor__stream_turn(s, 0); /* reads if it has failed */
}

/*
 * The usual, on a short way: little comes, all of it is consumed, and the answer
 * goes out in one.
 */
static inline void
tu_usual(struct reactor_stream *s, struct reactor__buffer *b)
{
	unsigned char stopped = 0;
	size_t room = s->limit < b->size ? s->limit : b->size;
	intptr_t n = reactor__transport_read(s, b->bytes, room);

	s->in = b;
	if (n <= 0 || (size_t)n == room || s->want > 1) {
		tu_go_on(s, reactor__input_got(s, n, room));
		return;
	}
	b->end = (size_t)n;
	reactor__stream_moved(s);
	s->stopped = &stopped;
	s->callback(s->reactor, s, REACTOR_STREAM_INPUT);
	if (stopped)
		return;
	s->stopped = NULL;
	tu_usual_end(s);
}

void
reactor__stream_ready(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	struct reactor_stream *s = REACTOR_OWNER(io, struct reactor_stream, io);

	struct reactor__buffer *b;

	if (ready == REACTOR_READ && reactor__stream_is_plain(s) &&
	    (b = reactor__buffer_get(r, 0)) != NULL)
		tu_usual(s, b);
	else
		tu_ready(s, ready);
}

void
reactor__stream_deferred(struct reactor *r, struct reactor_defer *defer)
{
	struct reactor_stream *s =
	    REACTOR_OWNER(defer, struct reactor_stream, defer);

	(void)r;
	reactor__stream_turn(
	    s, s->transport != NULL || s->flags & STREAM__FAILED);
}
