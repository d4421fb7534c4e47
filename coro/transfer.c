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
#include "coro/system.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

#define TF_SEND     (MSG_DONTWAIT | MSG_NOSIGNAL)
#define TF_TERMINAL 256

struct tf_transfer {
	int fd;
	unsigned direction;
	int stream; /* fewer bytes than asked for: there are no more */
	size_t size;
	int flags; /* of the socket calls */
	union {
		struct iovec bytes; /* when n is 0 */
		const struct iovec *vector;
		struct msghdr *message;
	} u;
	int n;
	/* Once, without blocking if the sort of descriptor allows it. */
	ssize_t (*attempt)(const struct tf_transfer *, unsigned sort);
};

/* ---- Attempts ------------------------------------------------------------ */

static const struct iovec *
tf_vector(const struct tf_transfer *x, int *n)
{
	*n = x->n > 0 ? x->n : 1;
	return x->n > 0 ? x->u.vector : &x->u.bytes;
}

static ssize_t
tf_read(const struct tf_transfer *x, unsigned sort)
{
	struct msghdr message;
	const struct iovec *v;
	int n;

	v = tf_vector(x, &n);
	if (sort == TASK__SOCKET && x->n == 0)
		return recv(x->fd, v->iov_base, v->iov_len, MSG_DONTWAIT);
	if (sort == TASK__SOCKET) {
		memset(&message, 0, sizeof(message));
		message.msg_iov = (struct iovec *)(uintptr_t)v;
		message.msg_iovlen = (size_t)n;
		return recvmsg(x->fd, &message, MSG_DONTWAIT);
	}
	if (sort == TASK__STREAM)
		return task__readv_now(x->fd, v, n);
	if (sort == TASK__WAITED &&
	    !task__descriptor_is_ready(x->fd, REACTOR_READ))
		return -1;
	return readv(x->fd, v, n);
}

/*
 * So much has room in what is ready.  A terminal that is ready has room for that
 * many plain bytes; and for one that it may turn into several, if it comes alone.
 */
static size_t
tf_room(int fd, const char *bytes, size_t size)
{
	size_t n;

	if (!isatty(fd))
		return size < PIPE_BUF ? size : PIPE_BUF;
	for (n = 0; n < size && n < TF_TERMINAL; n++)
		if (bytes[n] == '\n' || bytes[n] == '\r' || bytes[n] == '\t' ||
		    bytes[n] == '\b')
			break;
	return n > 0 || size == 0 ? n : 1;
}

static ssize_t
tf_write_waited(const struct tf_transfer *x, const struct iovec *v, int n)
{
	if (!task__descriptor_is_ready(x->fd, REACTOR_WRITE))
		return -1;
	while (n > 1 && v->iov_len == 0)
		v++, n--;
	return write(
	    x->fd, v->iov_base, tf_room(x->fd, v->iov_base, v->iov_len));
}

static ssize_t
tf_write(const struct tf_transfer *x, unsigned sort)
{
	const struct iovec *v;
	int n;

	v = tf_vector(x, &n);
	if (sort == TASK__STREAM)
		return task__writev_now(x->fd, v, n);
	if (sort == TASK__WAITED)
		return tf_write_waited(x, v, n);
	return writev(x->fd, v, n);
}

/* send(2) can be told neither to block nor to kill. */
static ssize_t
tf_write_socket(const struct tf_transfer *x, unsigned sort)
{
	struct msghdr message;
	const struct iovec *v;
	int n;

	if (sort != TASK__SOCKET)
		return tf_write(x, sort);
	v = tf_vector(x, &n);
	if (x->n == 0)
		return send(x->fd, v->iov_base, v->iov_len, TF_SEND);
	memset(&message, 0, sizeof(message));
	message.msg_iov = (struct iovec *)(uintptr_t)v;
	message.msg_iovlen = (size_t)n;
	return sendmsg(x->fd, &message, TF_SEND);
}

static ssize_t
tf_recv(const struct tf_transfer *x, unsigned sort)
{
	(void)sort;
	return recv(x->fd, x->u.bytes.iov_base, x->u.bytes.iov_len,
	    x->flags | MSG_DONTWAIT);
}

static ssize_t
tf_send(const struct tf_transfer *x, unsigned sort)
{
	(void)sort;
	return send(x->fd, x->u.bytes.iov_base, x->u.bytes.iov_len,
	    x->flags | MSG_DONTWAIT);
}

static ssize_t
tf_recvmsg(const struct tf_transfer *x, unsigned sort)
{
	(void)sort;
	return recvmsg(x->fd, x->u.message, x->flags | MSG_DONTWAIT);
}

static ssize_t
tf_sendmsg(const struct tf_transfer *x, unsigned sort)
{
	(void)sort;
	return sendmsg(x->fd, x->u.message, x->flags | MSG_DONTWAIT);
}

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
    const struct tf_transfer *x, const struct task__descriptor *d, ssize_t n)
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
tf_transfer(const struct tf_transfer *x)
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
    ssize_t (*attempt)(const struct tf_transfer *, unsigned))
{
	struct tf_transfer x;

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
    ssize_t (*attempt)(const struct tf_transfer *, unsigned))
{
	struct tf_transfer x;

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
	return tf_bytes(fd, REACTOR_READ, bytes, size, 0, tf_read);
}

intptr_t
task_write(int fd, const void *bytes, size_t size)
{
	return tf_bytes(fd, REACTOR_WRITE, (void *)(uintptr_t)bytes, size, 0,
	    tf_write_socket);
}

intptr_t
task_readv(int fd, const struct iovec *v, int n)
{
	return tf_vectors(fd, REACTOR_READ, v, n, tf_read);
}

intptr_t
task_writev(int fd, const struct iovec *v, int n)
{
	return tf_vectors(fd, REACTOR_WRITE, v, n, tf_write_socket);
}

intptr_t
task_recv(int fd, void *bytes, size_t size, int flags)
{
	return tf_bytes(fd, REACTOR_READ, bytes, size, flags, tf_recv);
}

intptr_t
task_send(int fd, const void *bytes, size_t size, int flags)
{
	return tf_bytes(
	    fd, REACTOR_WRITE, (void *)(uintptr_t)bytes, size, flags, tf_send);
}

static intptr_t
tf_message(int fd, unsigned direction, struct msghdr *message, int flags,
    ssize_t (*attempt)(const struct tf_transfer *, unsigned))
{
	struct tf_transfer x;

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
	intptr_t n = tf_message(fd, REACTOR_READ, message, flags, tf_recvmsg);

	if (n >= 0)
		tf_forget_received(message);
	return n;
}

intptr_t
task_sendmsg(int fd, const struct msghdr *message, int flags)
{
	return tf_message(fd, REACTOR_WRITE,
	    (struct msghdr *)(uintptr_t)message, flags, tf_sendmsg);
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
