/*
 * SPDX-License-Identifier: ISC
 *
 * file.c: output that is a part of a file: sent by the system where it can, or
 * read into the bytes of its own piece.
 */
#include <sys/types.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <unistd.h>
#include "reactor/net/stream.h"

/* By the system: it does not wait only if the descriptor says so itself. */
static int
fi_can_send(struct reactor_stream *s)
{
	int flags;

	if (s->flags & STREAM__COPIES)
		return 0;
	if (s->flags & STREAM__SENDS)
		return 1;
	flags = s->transport == NULL ? fcntl(s->fd, F_GETFL) : -1;
	s->flags |=
	    flags != -1 && flags & O_NONBLOCK ? STREAM__SENDS : STREAM__COPIES;
	return (s->flags & STREAM__SENDS) != 0;
}

/* It is shorter than was promised: the peer would wait for ever. */
static size_t
fi_short(struct reactor_stream *s)
{
	reactor__stream_fail(s, EIO);
	return 0;
}

static size_t
fi_copy(struct reactor_stream *s, struct reactor__buffer *b)
{
	size_t size = b->size;
	ssize_t n;

	if (b->start == b->end) {
		if (b->left < (int64_t)size)
			size = (size_t)b->left;
		n = pread(b->file, b->bytes, size, (off_t)b->offset);
		if (n == 0)
			return fi_short(s);
		if (n == -1) {
			if (errno != EINTR)
				reactor__stream_fail(s, errno);
			return 0;
		}
		b->start = 0;
		b->end = (size_t)n;
		b->offset += n;
		b->left -= n;
	}
	size = b->end - b->start;
	n = reactor__transport_write(s, b->bytes + b->start, size,
	    b->left > 0 || b->next != NULL ? MSG_MORE : 0);
	size = reactor__send_took(s, n, size);
	if ((s->flags & STREAM__FAILED) == 0)
		reactor__output_sent(s, size);
	return size;
}

static size_t
fi_send(struct reactor_stream *s, struct reactor__buffer *b, size_t limit)
{
	intptr_t n;

	if (b->left < (int64_t)limit)
		limit = (size_t)b->left;
	n = reactor__send_file(s->fd, b->file, &b->offset, limit);
	if (n == 0)
		return fi_short(s);
	if (n == -1 && errno == EOPNOTSUPP)
		s->flags |= STREAM__COPIES;
	else if (n == -1)
		(void)reactor__send_took(s, n, limit);
	if (n == -1)
		return 0;
	b->left -= n;
	s->pending -= (size_t)n;
	reactor__output_sent(s, 0);
	return (size_t)n;
}

size_t
reactor__file_send(
    struct reactor_stream *s, struct reactor__buffer *b, size_t limit)
{
	return b->start == b->end && fi_can_send(s) ? fi_send(s, b, limit)
						    : fi_copy(s, b);
}

/* ---- For the program ----------------------------------------------------- */

static int
fi_check(const struct reactor_stream *s, int fd, int64_t offset, int64_t size)
{
	struct stat status;

	if (fstat(fd, &status) == -1)
		return -1;
	if (S_ISREG(status.st_mode) && offset >= 0 && size >= 0 &&
	    offset <= INT64_MAX - size &&
	    (uint64_t)size <= SIZE_MAX - s->pending)
		return 0;
	errno = EINVAL;
	return -1;
}

int
reactor_stream_write_file(
    struct reactor_stream *s, int fd, int64_t offset, int64_t size)
{
	struct reactor__buffer *b;

	if (reactor__output_check(s) == -1 ||
	    fi_check(s, fd, offset, size) == -1)
		return -1;
	if (size == 0) {
		(void)close(fd);
		return reactor__output_written(s);
	}
	b = reactor__buffer_get(s->reactor, 0);
	if (b == NULL)
		return -1;
	b->file = fd;
	b->offset = offset;
	b->left = size;
	s->pending += (size_t)size;
	reactor__output_append(s, b);
	return reactor__output_written(s);
}
