/*
 * SPDX-License-Identifier: ISC
 *
 * output.c: what the program writes.  It is held in the callback of the stream,
 * so that all of it goes out in one; waits when the descriptor takes no more; and
 * goes out at once otherwise, from where it is: only the rest is copied.
 */
#include <string.h>
#include "reactor/net/stream.h"

/* ---- Writing ------------------------------------------------------------- */

int
reactor__output_check(struct reactor_stream *s)
{
	if ((s->flags & (STREAM__STARTED | STREAM__SHUT | STREAM__FAILED)) ==
	    STREAM__STARTED)
		return 0;
	if ((s->flags & STREAM__STARTED) == 0)
		errno = EBADF;
	else
		errno = s->flags & STREAM__FAILED ? s->error : EPIPE;
	return -1;
}

void
reactor__output_append(struct reactor_stream *s, struct reactor__buffer *b)
{
	if (s->out == NULL)
		s->out = b;
	else
		s->last->next = b;
	s->last = b;
}

/* Do so many more bytes wait, for others or for the descriptor? */
static inline int
ot_waits(const struct reactor_stream *s, size_t more)
{
	if (s->stopped != NULL || s->flags & STREAM__HELD)
		return s->flags & STREAM__BLOCKED ||
		    s->pending + more <= BUFFER__ROOM;
	return s->flags & STREAM__BLOCKED;
}

int
reactor__output_written(struct reactor_stream *s)
{
	if (s->out != NULL && !ot_waits(s, 0))
		reactor__output_send(s);
	if (s->stopped == NULL)
		reactor__stream_changed(s);
	if (s->pending <= s->high)
		return 0;
	s->flags |= STREAM__CROWDED;
	return 1;
}

static size_t
ot_room(const struct reactor_stream *s)
{
	return s->last != NULL && s->last->file == -1
	    ? s->last->size - s->last->end
	    : 0;
}

/* Pieces for that many bytes: first, so that nothing is sent without them. */
static int
ot_reserve(struct reactor_stream *s, size_t size, struct reactor__buffer **list)
{
	struct reactor__buffer *b;

	for (*list = NULL; size > 0; *list = b) {
		b = reactor__buffer_get(s->reactor, 0);
		if (b == NULL)
			break;
		b->next = *list;
		size -= size < b->size ? size : b->size;
	}
	if (size == 0)
		return 0;
	while ((b = *list) != NULL) {
		*list = b->next;
		reactor__buffer_put(s->reactor, b);
	}
	errno = ENOMEM;
	return -1;
}

static void
ot_copy(struct reactor_stream *s, const char *bytes, size_t size,
    struct reactor__buffer **list)
{
	struct reactor__buffer *b;
	size_t n;

	s->pending += size;
	while (size > 0) {
		if (ot_room(s) == 0) {
			b = *list;
			*list = b->next;
			b->next = NULL;
			reactor__output_append(s, b);
		}
		n = ot_room(s) < size ? ot_room(s) : size;
		memcpy(s->last->bytes + s->last->end, bytes, n);
		s->last->end += n;
		bytes += n;
		size -= n;
	}
}

/* From what is left of these, beginning with byte `from`. */
static void
ot_copy_all(struct reactor_stream *s, const struct iovec *v, int n, size_t from,
    struct reactor__buffer **list)
{
	for (; n > 0; v++, n--) {
		if (from < v->iov_len)
			ot_copy(s, (const char *)v->iov_base + from,
			    v->iov_len - from, list);
		from -= from < v->iov_len ? from : v->iov_len;
	}
}

/* What was held and then these, uncopied; returns how much of these went out. */
static size_t
ot_send(struct reactor_stream *s, const struct iovec *v, int n)
{
	struct iovec all[STREAM__VECTOR];
	size_t held, asked, sent, done = 0;
	int more, k;

	do {
		k = reactor__send_gather(s, all, &held, &more);
		for (asked = held; n > 0 && k < STREAM__VECTOR; v++, n--) {
			asked += v->iov_len;
			all[k++] = *v;
		}
		sent = reactor__send_took(
		    s, reactor__transport_writev(s, all, k, 0), asked);
		if (s->flags & STREAM__FAILED)
			break;
		reactor__output_sent(s, sent < held ? sent : held);
		done += sent < held ? 0 : sent - held;
	} while (n > 0 && sent == asked);
	return done;
}

/* Can it be sent from where it is?  Not after a file, nor by a transport. */
static int
ot_direct(const struct reactor_stream *s, size_t size)
{
	const struct reactor__buffer *b;
	int n = 0;

	if (size == 0 || ot_waits(s, size) || !reactor__stream_is_socket(s))
		return 0;
	for (b = s->out; b != NULL; b = b->next)
		if (b->file != -1 || ++n > STREAM__VECTOR / 2)
			return 0;
	return 1;
}

static int
ot_write(struct reactor_stream *s, const struct iovec *v, int n, size_t size)
{
	struct reactor__buffer *list = NULL, *b;
	int direct;
	size_t room, sent = 0;

	if (reactor__output_check(s) == -1)
		return -1;
	direct = ot_direct(s, size);
	room = direct ? 0 : ot_room(s);
	if (size > room && ot_reserve(s, size - room, &list) == -1)
		return -1;
	if (direct)
		sent = ot_send(s, v, n);
	if ((s->flags & STREAM__FAILED) == 0)
		ot_copy_all(s, v, n, sent, &list);
	while ((b = list) != NULL) {
		list = b->next;
		reactor__buffer_put(s->reactor, b);
	}
	return reactor__output_written(s);
}

/* The piece for so few bytes, if they wait anyway; NULL: not so simple. */
static inline struct reactor__buffer *
ot_fits(struct reactor_stream *s, size_t size)
{
	struct reactor__buffer *b = s->last;

	if (s->stopped == NULL && (s->flags & STREAM__HELD) == 0)
		return NULL;
	if (s->flags & (STREAM__SHUT | STREAM__FAILED) || size > s->little ||
	    s->pending + size > s->little)
		return NULL;
	if (b == NULL) {
		b = reactor__buffer_get(s->reactor, 0);
		s->out = s->last = b;
		return b;
	}
	return b->file == -1 && size <= b->size - b->end ? b : NULL;
}

int
reactor_stream_write(struct reactor_stream *s, const void *bytes, size_t size)
{
	struct reactor__buffer *b = size > 0 ? ot_fits(s, size) : NULL;
	struct iovec v;

	if (b == NULL) {
		v.iov_base = (void *)(uintptr_t)bytes;
		v.iov_len = size;
		return ot_write(s, &v, 1, size);
	}
	memcpy(b->bytes + b->end, bytes, size);
	b->end += size;
	s->pending += size;
	return 0;
}

int
reactor_stream_writev(struct reactor_stream *s, const struct iovec *v, int n)
{
	size_t size = 0;
	int i;

	for (i = 0; i < n; i++)
		if (__builtin_add_overflow(size, v[i].iov_len, &size)) {
			errno = EINVAL;
			return -1;
		}
	return ot_write(s, v, n, size);
}

/* ---- The rest ------------------------------------------------------------ */

size_t
reactor_stream_pending(const struct reactor_stream *s)
{
	return s->pending;
}

int
reactor_stream_flush(struct reactor_stream *s)
{
	if (reactor__output_check(s) == -1 &&
	    (s->flags & (STREAM__SHUT | STREAM__FAILED)) != STREAM__SHUT)
		return -1;
	s->flags |= STREAM__FLUSHING;
	if ((s->flags & STREAM__BLOCKED) == 0)
		reactor__output_send(s);
	if ((s->flags & STREAM__FAILED) == 0) /* then nothing waits either */
		reactor__output_fell(s);
	reactor__stream_changed(s);
	return 0;
}

int
reactor_stream_shutdown(struct reactor_stream *s)
{
	if (s->flags & STREAM__SHUT)
		return 0;
	if (reactor__output_check(s) == -1)
		return -1;
	s->flags |= STREAM__SHUT;
	if (s->stopped == NULL && (s->flags & STREAM__BLOCKED) == 0)
		reactor__output_send(s);
	reactor__stream_changed(s);
	return 0;
}
