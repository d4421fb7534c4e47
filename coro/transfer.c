/*
 * SPDX-License-Identifier: ISC
 *
 * transfer.c: bytes in and out.  All of it goes through tf_transfer: try, and if
 * that would block, wait and try again.
 *
 * A read that got less than it asked for has emptied the descriptor, so the next
 * one waits first and need not be told EAGAIN: that saves a third of the system
 * calls of a server.  If more has come meanwhile, the wait is over at once.
 */
#include <sys/socket.h>
#include <sys/uio.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>
#include "coro/descriptor.h"
#include "coro/transfer.h"

/* ---- Try, wait, try again ------------------------------------------------ */

/* What we took it for was wrong, as when the number is another file's now. */
static int
tf_is_other(struct task__descriptor *d)
{
	if (errno == ENOTSOCK && d->sort == TASK__SOCKET) {
		d->sort = TASK__STREAM;
		return 1;
	}
	if (errno == EOPNOTSUPP && d->sort == TASK__STREAM) {
		d->sort = TASK__WAITED;
		return 1;
	}
	return 0;
}

/* There was less than was asked for, and it was not we who took less. */
static int
tf_has_drained(
    const struct task__transfer *x, const struct task__descriptor *d, ssize_t n)
{
	return x->stream && n > 0 && (size_t)n < x->size &&
	    d->sort != TASK__WAITED && d->sort != TASK__FILE;
}

static int
tf_would_block(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK;
}

static intptr_t
tf_transfer(const struct task__transfer *x)
{
	const int waits = (x->flags & MSG_DONTWAIT) == 0;
	struct task__descriptor *d;
	int woken = 0;
	ssize_t n;

	if (task__checkpoint(task__self()) == -1)
		return -1;
	for (;;) {
		/* Another task may have closed it meanwhile. */
		d = task__descriptor(x->fd);
		if (d == NULL)
			return -1;
		if (waits && (d->drained & x->direction) != 0) {
			if (task__descriptor_wait(d, x->direction) == -1)
				return -1;
			woken = 1;
			continue;
		}
		n = x->attempt(x, d->sort);
		if (n >= 0) {
			if (tf_has_drained(x, d, n))
				d->drained |= (unsigned char)x->direction;
			return n;
		}
		if (errno == EINTR || tf_is_other(d))
			continue;
		if (!tf_would_block())
			return -1;
		d->drained |= (unsigned char)x->direction;
		if (!waits || (woken && task__descriptor_has_error(x->fd)))
			return -1;
	}
}

/* ---- The functions ------------------------------------------------------- */

static size_t
tf_size(const struct iovec *v, int n)
{
	size_t size = 0;

	for (; n-- > 0; v++)
		size += v->iov_len;
	return size;
}

static intptr_t
tf_bytes(int fd, unsigned direction, void *bytes, size_t size, int flags,
    task__attempt_fn *attempt)
{
	struct task__transfer x;

	x.fd = fd;
	x.direction = direction;
	x.stream = (flags & (MSG_PEEK | MSG_OOB | MSG_WAITALL)) == 0;
	x.size = size;
	x.flags = flags;
	x.u.bytes.iov_base = bytes;
	x.u.bytes.iov_len = size;
	x.n = 0;
	x.attempt = attempt;
	return tf_transfer(&x);
}

static intptr_t
tf_vectors(int fd, unsigned direction, const struct iovec *v, int n,
    task__attempt_fn *attempt)
{
	struct task__transfer x;

	if (n <= 0 || n > IOV_MAX) {
		errno = EINVAL;
		return -1;
	}
	x.fd = fd;
	x.direction = direction;
	x.stream = 1;
	x.size = tf_size(v, n);
	x.flags = 0;
	x.u.vector = v;
	x.n = n;
	x.attempt = attempt;
	return tf_transfer(&x);
}

intptr_t
task_read(int fd, void *bytes, size_t size)
{
	return tf_bytes(fd, REACTOR_READ, bytes, size, 0, task__attempt_read);
}

intptr_t
task_write(int fd, const void *bytes, size_t size)
{
	return tf_bytes(fd, REACTOR_WRITE, (void *)(uintptr_t)bytes, size, 0,
	    task__attempt_write);
}

intptr_t
task_readv(int fd, const struct iovec *v, int n)
{
	return tf_vectors(fd, REACTOR_READ, v, n, task__attempt_read);
}

intptr_t
task_writev(int fd, const struct iovec *v, int n)
{
	return tf_vectors(fd, REACTOR_WRITE, v, n, task__attempt_write);
}

intptr_t
task_recv(int fd, void *bytes, size_t size, int flags)
{
	return tf_bytes(
	    fd, REACTOR_READ, bytes, size, flags, task__attempt_recv);
}

intptr_t
task_send(int fd, const void *bytes, size_t size, int flags)
{
	return tf_bytes(fd, REACTOR_WRITE, (void *)(uintptr_t)bytes, size,
	    flags, task__attempt_send);
}

static intptr_t
tf_message(int fd, unsigned direction, struct msghdr *message, int flags,
    task__attempt_fn *attempt)
{
	struct task__transfer x;

	x.fd = fd;
	x.direction = direction;
	x.stream = 0;
	x.size = 0;
	x.flags = flags;
	x.u.message = message;
	x.n = 0;
	x.attempt = attempt;
	return tf_transfer(&x);
}

/* Whoever had the numbers of these descriptors before has closed them. */
static void
tf_forget_received(struct msghdr *message)
{
	struct cmsghdr *c;
	size_t i, n;
	int fd;

	for (c = CMSG_FIRSTHDR(message); c != NULL;
	     c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(fd);
		for (i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			task_forget(fd);
		}
	}
}

intptr_t
task_recvmsg(int fd, struct msghdr *message, int flags)
{
	intptr_t n =
	    tf_message(fd, REACTOR_READ, message, flags, task__attempt_recvmsg);

	if (n >= 0)
		tf_forget_received(message);
	return n;
}

intptr_t
task_sendmsg(int fd, const struct msghdr *message, int flags)
{
	return tf_message(fd, REACTOR_WRITE,
	    (struct msghdr *)(uintptr_t)message, flags, task__attempt_sendmsg);
}

intptr_t
task_write_all(int fd, const void *bytes, size_t size)
{
	size_t done = 0;
	intptr_t n;

	do {
		n = task_write(fd, (const char *)bytes + done, size - done);
		if (n == -1)
			return -1;
		done += (size_t)n;
	} while (done < size);
	return (intptr_t)done;
}

intptr_t
task_read_all(int fd, void *bytes, size_t size)
{
	size_t done = 0;
	intptr_t n = 1;

	while (done < size && n > 0) {
		n = task_read(fd, (char *)bytes + done, size - done);
		if (n == -1)
			return -1;
		done += (size_t)n;
	}
	return (intptr_t)done;
}
