/*
 * SPDX-License-Identifier: ISC
 *
 * transport.c: what a stream goes over: a socket, most often; a transport of
 * the program's; or a pipe, a terminal and the like, whose flags are not ours to
 * change: what does not block is found out by what the system can.
 */
#include <sys/socket.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include "reactor/net/stream.h"
#include "reactor/nowait.h"

int
reactor__transport_again(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

/* ---- What is not a socket ------------------------------------------------ */

static void
ts_sort(struct reactor_stream *s)
{
	int flags = fcntl(s->fd, F_GETFL);

	s->flags |= STREAM__OTHER;
	if (flags == -1)
		return;
	if (flags & O_NONBLOCK)
		s->flags |= STREAM__NONBLOCK;
	if ((flags & O_ACCMODE) == O_WRONLY)
		s->flags |= STREAM__ENDED;
}

static int
ts_is_ready(const struct reactor_stream *s, short events)
{
	struct pollfd p = { s->fd, events, 0 };

	if (poll(&p, 1, 0) == 1)
		return 1;
	errno = EAGAIN;
	return 0;
}

/* The system knows no way: from now on by poll(2). */
static int
ts_must_wait(struct reactor_stream *s, intptr_t n)
{
	if (n != -1 || errno != EOPNOTSUPP)
		return 0;
	s->flags |= STREAM__WAITED;
	return 1;
}

static intptr_t
ts_read(struct reactor_stream *s, void *bytes, size_t size)
{
	const struct iovec v = { bytes, size };
	intptr_t n;

	if (s->flags & STREAM__ENDED) { /* there is nothing to be read at all */
		errno = EAGAIN;
		return -1;
	}
	if (s->flags & STREAM__NONBLOCK)
		return read(s->fd, bytes, size);
	if ((s->flags & STREAM__WAITED) == 0) {
		n = reactor__readv_now(s->fd, &v, 1);
		if (!ts_must_wait(s, n))
			return n;
	}
	return ts_is_ready(s, POLLIN) ? read(s->fd, bytes, size) : -1;
}

static intptr_t
ts_write(struct reactor_stream *s, const void *bytes, size_t size)
{
	const struct iovec v = { (void *)(uintptr_t)bytes, size };
	intptr_t n;

	if (s->flags & STREAM__NONBLOCK)
		return write(s->fd, bytes, size);
	if ((s->flags & STREAM__WAITED) == 0) {
		n = reactor__writev_now(s->fd, &v, 1);
		if (!ts_must_wait(s, n))
			return n;
	}
	return ts_is_ready(s, POLLOUT)
	    ? write(s->fd, bytes, reactor__nowait_room(s->fd, bytes, size))
	    : -1;
}

/* ---- Reading and writing ------------------------------------------------- */

intptr_t
reactor__transport_read_other(
    struct reactor_stream *s, void *bytes, size_t size)
{
	intptr_t n;

	if (reactor__stream_is_socket(s))
		ts_sort(s);
	if (s->transport == NULL)
		return ts_read(s, bytes, size);
	s->reading = REACTOR_READ;
	n = s->transport->read(s->state, s->fd, bytes, size, &s->reading);
	if (n != -1)
		s->reading = REACTOR_READ;
	return n;
}

intptr_t
reactor__transport_write_other(
    struct reactor_stream *s, const void *bytes, size_t size)
{
	intptr_t n;

	if (reactor__stream_is_socket(s))
		ts_sort(s);
	if (s->transport == NULL)
		return ts_write(s, bytes, size);
	s->writing = REACTOR_WRITE;
	n = s->transport->write(s->state, s->fd, bytes, size, &s->writing);
	s->flags &= ~(unsigned)STREAM__DRAINED; /* it may have read, too */
	if (n != -1)
		s->writing = REACTOR_WRITE;
	return n;
}

intptr_t
reactor__transport_writev(
    struct reactor_stream *s, struct iovec *v, int n, int more)
{
	struct msghdr message;
	intptr_t sent;

	memset(&message, 0, sizeof(message));
	message.msg_iov = v;
	message.msg_iovlen = (unsigned)n;
	sent = sendmsg(s->fd, &message, STREAM__SEND | more);
	if (sent >= 0 || errno != ENOTSOCK)
		return sent;
	/* Not only the first: but then it would have to be told apart. */
	while (n > 1 && v->iov_len == 0)
		v++, n--;
	return reactor__transport_write_other(s, v->iov_base, v->iov_len);
}

/* What cannot be half closed has its end when it is closed. */
int
reactor__transport_shutdown(struct reactor_stream *s)
{
	int result;

	if (s->transport == NULL) {
		(void)shutdown(s->fd, SHUT_WR);
		return 0;
	}
	s->writing = REACTOR_WRITE;
	result = s->transport->shutdown(s->state, s->fd, &s->writing);
	if (result == 0)
		s->writing = REACTOR_WRITE;
	return result;
}

int
reactor__transport_error(const struct reactor_stream *s)
{
	int error = 0;
	socklen_t size = sizeof(error);

	if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0)
		return error;
	return errno == ENOTSOCK ? EPIPE : errno;
}
