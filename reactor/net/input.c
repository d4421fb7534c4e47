/*
 * SPDX-License-Identifier: ISC
 *
 * input.c: what has come and is not consumed: in one piece, moved only to a new
 * one, so that what the program has a pointer to stays where it is.
 */
#include <string.h>
#include "reactor/net/stream.h"

#define IP_LITTLE 4096 /* room that is not worth a read, if more is allowed */

static size_t
ip_least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* ---- Reading ------------------------------------------------------------- */

/* Moves it to a piece with more room; the old one stays until it is consumed. */
static struct reactor__buffer *
ip_renew(struct reactor_stream *s, size_t held)
{
	struct reactor__buffer *old = s->in, *new;

	new = reactor__buffer_get(
	    s->reactor, held > old->size / 2 ? old->size + 1 : old->size);
	if (new == NULL)
		return NULL;
	memcpy(new->bytes, old->bytes + old->start, held);
	new->end = held;
	new->next = old;
	s->in = new;
	return new;
}

/* Where the next bytes go, and how many; input is open. */
static struct reactor__buffer *
ip_place(struct reactor_stream *s, size_t *room)
{
	struct reactor__buffer *b = s->in;
	size_t held, allowed;

	if (b == NULL) {
		b = s->in = reactor__buffer_get(s->reactor, 0);
		*room = b == NULL ? 0 : ip_least(b->size, s->limit);
		return b;
	}
	held = b->end - b->start;
	allowed = s->limit - held;
	if (b->size - b->end < ip_least(allowed, IP_LITTLE))
		b = ip_renew(s, held);
	*room = b == NULL ? 0 : ip_least(b->size - b->end, allowed);
	return b;
}

static void
ip_end(struct reactor_stream *s, intptr_t n)
{
	if (n == -1 && reactor__transport_again()) {
		if (s->transport != NULL)
			s->flags |= STREAM__DRAINED;
		return;
	}
	s->flags |= STREAM__ENDED;
	if (n == 0)
		s->due |= REACTOR_STREAM_END;
	else
		reactor__stream_fail(s, errno);
}

int
reactor__input_got(struct reactor_stream *s, intptr_t n, size_t room)
{
	if (n <= 0) {
		ip_end(s, n);
		return 0;
	}
	s->in->end += (size_t)n;
	s->flags &= ~(unsigned)STREAM__DRAINED;
	s->due |= REACTOR_STREAM_INPUT;
	reactor__stream_moved(s);
	return (size_t)n == room || (s->flags & STREAM__FAILED) != 0 ||
	    reactor__transport_pending(s);
}

int
reactor__input_fill(struct reactor_stream *s)
{
	struct reactor__buffer *b;
	intptr_t n = -1;
	size_t room;

	b = ip_place(s, &room);
	if (b != NULL)
		n = reactor__transport_read(s, b->bytes + b->end, room);
	return reactor__input_got(s, n, room);
}

void
reactor__input_drop(struct reactor_stream *s)
{
	struct reactor__buffer *b;

	while ((b = s->in) != NULL) {
		s->in = b->next;
		reactor__buffer_put(s->reactor, b);
	}
	s->scanned = 0;
}

/* ---- For the program ----------------------------------------------------- */

char *
reactor_stream_input(const struct reactor_stream *s, size_t *size)
{
	*size = reactor__input_size(s);
	if (s->in == NULL)
		return (char *)(uintptr_t)&s->nothing;
	return s->in->bytes + s->in->start;
}

/* What it was before it grew. */
static void
ip_forget(struct reactor_stream *s)
{
	struct reactor__buffer *old;

	while ((old = s->in->next) != NULL) {
		s->in->next = old->next;
		reactor__buffer_put(s->reactor, old);
	}
}

static __attribute__((noinline)) void
ip_consume(struct reactor_stream *s, size_t size)
{
	struct reactor__buffer *b = s->in;

	if (b == NULL || size == 0)
		return;
	if (b->next != NULL)
		ip_forget(s);
	if (size < b->end - b->start) {
		b->start += size;
		s->scanned -= ip_least(s->scanned, size);
	} else {
		b->start = b->end = s->scanned = 0;
	}
	if (s->stopped == NULL)
		reactor__stream_change(s);
}

void
reactor_stream_consume(struct reactor_stream *s, size_t size)
{
	struct reactor__buffer *b = s->in;

	if (s->stopped == NULL || b == NULL || b->next != NULL ||
	    size != b->end - b->start)
		ip_consume(s, size);
	else
		b->start = b->end = s->scanned = 0;
}

int
reactor_stream_want(struct reactor_stream *s, size_t size)
{
	if (size > s->limit) {
		errno = EMSGSIZE;
		return -1;
	}
	s->want = size;
	/* Else who finds that he wants less would wait for ever. */
	if (size > 1 && reactor__input_size(s) >= size) {
		s->due |= REACTOR_STREAM_INPUT;
		reactor__stream_later(s);
	}
	return 0;
}

/* The delimiter as a number: itself up to seven bytes, then a hash. */
static uint64_t
ip_key(const char *delimiter, size_t size)
{
	uint64_t key = size < 8 ? 0 : 0xcbf29ce484222325;
	size_t i;

	for (i = 0; i < size; i++)
		key = size < 8
		    ? key << 8 | (unsigned char)delimiter[i]
		    : (key ^ (unsigned char)delimiter[i]) * 0x100000001b3;
	return key << 8 | (size & 0xff);
}

/* Searches what was not searched; where it is, or NULL. */
static const char *
ip_search(struct reactor_stream *s, const char *delimiter, size_t size,
    const char *bytes, size_t length)
{
	uint64_t key = ip_key(delimiter, size);
	const char *found = NULL;

	if (s->sought != key) {
		s->sought = key;
		s->scanned = 0;
	}
	if (s->scanned >= length)
		return NULL;
	found = size == 1
	    ? memchr(bytes + s->scanned, *delimiter, length - s->scanned)
	    : memmem(bytes + s->scanned, length - s->scanned, delimiter, size);
	if (found != NULL)
		s->scanned = (size_t)(found - bytes);
	else if (length - s->scanned >= size)
		s->scanned = length - size + 1;
	return found;
}

intptr_t
reactor_stream_until(
    struct reactor_stream *s, const char *delimiter, size_t size, size_t limit)
{
	size_t held, most = limit == 0 ? s->limit : ip_least(limit, s->limit);
	const char *bytes = reactor_stream_input(s, &held), *found;

	if (size == 0) {
		errno = EINVAL;
		return -1;
	}
	found = ip_search(s, delimiter, size, bytes, ip_least(held, most));
	if (found != NULL)
		return found - bytes + (intptr_t)size;
	if (held < most)
		return 0;
	errno = EMSGSIZE;
	return -1;
}

void
reactor_stream_pause(struct reactor_stream *s)
{
	/* The descriptor is watched until it is readable: most pauses are short. */
	s->flags |= STREAM__PAUSED;
}

void
reactor_stream_resume(struct reactor_stream *s)
{
	if ((s->flags & STREAM__PAUSED) == 0)
		return;
	s->flags &= ~(unsigned)STREAM__PAUSED;
	if (reactor__input_size(s) > 0)
		s->due |= REACTOR_STREAM_INPUT;
	reactor__stream_changed(s);
}
