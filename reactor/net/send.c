/*
 * SPDX-License-Identifier: ISC
 *
 * send.c: what was written goes out, from the first piece on, until the
 * descriptor takes no more (BLOCKED) or others have waited long enough.
 */
#include <string.h>
#include <unistd.h>
#include "reactor/net/stream.h"

#define SD_TURN (1 << 20) /* bytes in one turn: others wait too */

/* ---- What has gone out --------------------------------------------------- */

static void
sd_remove(struct reactor_stream *s)
{
	struct reactor__buffer *b = s->out;

	s->out = b->next;
	if (b->next == NULL)
		s->last = NULL;
	if (b->file != -1)
		(void)close(b->file);
	b->file = -1;
	b->left = 0;
	reactor__buffer_put(s->reactor, b);
}

void
reactor__output_drop(struct reactor_stream *s)
{
	while (s->out != NULL)
		sd_remove(s);
	s->pending = 0;
	s->flags &= ~(unsigned)STREAM__BLOCKED;
}

/* Has the program waited for this little to wait? */
void
reactor__output_fell(struct reactor_stream *s)
{
	if ((s->flags & STREAM__CROWDED) != 0 && s->pending <= s->low) {
		s->flags &= ~(unsigned)STREAM__CROWDED;
		s->due |= REACTOR_STREAM_ROOM;
	}
	if ((s->flags & STREAM__FLUSHING) != 0 && s->pending == 0) {
		s->flags &= ~(unsigned)STREAM__FLUSHING;
		s->due |= REACTOR_STREAM_FLUSHED;
	}
}

void
reactor__output_sent(struct reactor_stream *s, size_t size)
{
	struct reactor__buffer *b;
	size_t n;

	s->pending -= size;
	reactor__stream_moved(s);
	while ((b = s->out) != NULL) {
		n = b->end - b->start < size ? b->end - b->start : size;
		b->start += n;
		size -= n;
		if (b->start < b->end || b->left > 0)
			break;
		sd_remove(s);
	}
	if (s->flags & (STREAM__CROWDED | STREAM__FLUSHING))
		reactor__output_fell(s);
}

size_t
reactor__send_took(struct reactor_stream *s, intptr_t n, size_t size)
{
	if (n == (intptr_t)size)
		return size;
	if (n == -1 && !reactor__transport_again()) {
		reactor__stream_fail(s, errno);
		return 0;
	}
	/* A socket that takes a part is full; others are to say so. */
	if (n == -1 || reactor__stream_is_socket(s))
		s->flags |= STREAM__BLOCKED;
	return n == -1 ? 0 : (size_t)n;
}

size_t
reactor__send_result(struct reactor_stream *s, intptr_t n, size_t size)
{
	size = reactor__send_took(s, n, size);
	if (size > 0)
		reactor__output_sent(s, size);
	return size;
}

/* ---- Sending ------------------------------------------------------------- */

int
reactor__send_gather(
    const struct reactor_stream *s, struct iovec *v, size_t *size, int *more)
{
	struct reactor__buffer *b;
	int n = 0;

	*size = 0;
	for (b = s->out; b != NULL && b->file == -1 && n < STREAM__VECTOR;
	     b = b->next) {
		v[n].iov_base = b->bytes + b->start;
		v[n++].iov_len = b->end - b->start;
		*size += b->end - b->start;
	}
	*more = b != NULL ? MSG_MORE : 0;
	return n;
}

static intptr_t
sd_many(struct reactor_stream *s, size_t *size)
{
	struct iovec v[STREAM__VECTOR];
	int more, n = reactor__send_gather(s, v, size, &more);

	return reactor__transport_writev(s, v, n, more);
}

static size_t
sd_bytes(struct reactor_stream *s)
{
	struct reactor__buffer *b = s->out;
	size_t size = b->end - b->start;
	intptr_t n;

	if (b->next == NULL)
		return reactor__send_piece(s, b);
	if (b->next->file == -1 && reactor__stream_is_socket(s))
		n = sd_many(s, &size);
	else
		n = reactor__transport_write(
		    s, b->bytes + b->start, size, MSG_MORE);
	return reactor__send_result(s, n, size);
}

static void
sd_shut(struct reactor_stream *s)
{
	if (reactor__transport_shutdown(s) == 0)
		s->flags |= STREAM__SHUT_OUT;
	else if (reactor__transport_again())
		s->flags |= STREAM__BLOCKED;
	else
		reactor__stream_fail(s, errno);
}

void
reactor__output_send(struct reactor_stream *s)
{
	size_t left = SD_TURN, n;

	while (s->out != NULL) {
		n = s->out->file == -1 ? sd_bytes(s)
				       : reactor__file_send(s, s->out, left);
		left -= n < left ? n : left;
		if (left == 0 && s->out != NULL)
			s->flags |= STREAM__BLOCKED;
		if (s->flags & (STREAM__BLOCKED | STREAM__FAILED))
			return;
	}
	if ((s->flags & (STREAM__SHUT | STREAM__SHUT_OUT)) == STREAM__SHUT)
		sd_shut(s);
}
