/*
 * SPDX-License-Identifier: ISC
 *
 * stream_write.c: writing to a task's stream.
 */
#include <sys/uio.h>
#include <fcntl.h>
#include <unistd.h>
#include "coro/stream.h"

/* So much at a time, so that no more than twice `high` is ever copied. */
static int
tsw_write(struct task_stream *s, struct task__use *use, const char *bytes,
    size_t size)
{
	size_t n;

	do {
		n = size < s->stream.high ? size : s->stream.high;
		if (task__stream_drain(s, use, s->stream.high) == -1)
			return -1;
		task__stream_hold(s);
		if (reactor_stream_write(&s->stream, bytes, n) == -1)
			return -1;
		bytes += n;
		size -= n;
		if (size > 0 &&
		    (task__checkpoint(task__self()) == -1 || use->gone)) {
			errno = use->gone ? EBADF : ECANCELED;
			return -1;
		}
	} while (size > 0);
	return 0;
}

intptr_t
task_stream_write(struct task_stream *s, const void *bytes, size_t size)
{
	struct task__use use;
	int result;

	if (task__stream_enter(s, &s->writer, &use) == -1)
		return -1;
	result = tsw_write(s, &use, bytes, size);
	task__stream_leave(&s->writer, &use);
	return result == 0 ? (intptr_t)size : -1;
}

/* -1 and EINVAL: it is too much. */
static intptr_t
tsw_size(const struct iovec *v, int n)
{
	intptr_t size = 0;

	for (; n > 0; v++, n--)
		if (v->iov_len > INTPTR_MAX ||
		    __builtin_add_overflow(size, (intptr_t)v->iov_len, &size)) {
			errno = EINVAL;
			return -1;
		}
	return size;
}

static int
tsw_writev(struct task_stream *s, struct task__use *use, const struct iovec *v,
    int n, size_t size)
{
	if (size <= s->stream.high) {
		if (task__stream_drain(s, use, s->stream.high) == -1)
			return -1;
		task__stream_hold(s);
		return reactor_stream_writev(&s->stream, v, n) == -1 ? -1 : 0;
	}
	for (; n > 0; v++, n--)
		if (tsw_write(s, use, v->iov_base, v->iov_len) == -1)
			return -1;
	return 0;
}

intptr_t
task_stream_writev(struct task_stream *s, const struct iovec *v, int n)
{
	intptr_t size = tsw_size(v, n);
	struct task__use use;
	int result;

	if (size == -1 || task__stream_enter(s, &s->writer, &use) == -1)
		return -1;
	result = tsw_writev(s, &use, v, n, (size_t)size);
	task__stream_leave(&s->writer, &use);
	return result == 0 ? size : -1;
}

/* The stream closes its own number of the file. */
static int
tsw_write_file(struct task_stream *s, struct task__use *use, int fd,
    int64_t offset, int64_t size)
{
	int own, error;

	if (task__stream_drain(s, use, s->stream.high) == -1)
		return -1;
	own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (own == -1)
		return -1;
	task__stream_hold(s);
	if (reactor_stream_write_file(&s->stream, own, offset, size) == -1) {
		error = errno;
		(void)close(own);
		errno = error;
		return -1;
	}
	return task__stream_drain(s, use, 0);
}

int
task_stream_write_file(
    struct task_stream *s, int fd, int64_t offset, int64_t size)
{
	struct task__use use;
	int result;

	if (task__stream_enter(s, &s->writer, &use) == -1)
		return -1;
	result = tsw_write_file(s, &use, fd, offset, size);
	task__stream_leave(&s->writer, &use);
	return result;
}

int
task_stream_flush(struct task_stream *s)
{
	struct task__use use;
	int result;

	if (task__stream_enter(s, &s->writer, &use) == -1)
		return -1;
	result = task__stream_drain(s, &use, 0);
	task__stream_leave(&s->writer, &use);
	return result;
}

int
task_stream_shutdown(struct task_stream *s)
{
	struct task__use use;
	int result;

	if (task__stream_enter(s, &s->writer, &use) == -1)
		return -1;
	result = task__stream_drain(s, &use, 0);
	if (result == 0)
		result = reactor_stream_shutdown(&s->stream);
	task__stream_leave(&s->writer, &use);
	return result;
}
