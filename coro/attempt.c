/*
 * SPDX-License-Identifier: ISC
 *
 * attempt.c: one system call that moves bytes and does not block, whatever the
 * flags of the descriptor, by what its sort allows.
 */
#include <sys/socket.h>
#include <sys/uio.h>
#include <string.h>
#include <unistd.h>
#include "coro/descriptor.h"
#include "coro/transfer.h"
#include "reactor/nowait.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

#define AT_SEND (MSG_DONTWAIT | MSG_NOSIGNAL)

static const struct iovec *
at_vector(const struct task__transfer *x, int *n)
{
	*n = x->n > 0 ? x->n : 1;
	return x->n > 0 ? x->u.vector : &x->u.bytes;
}

ssize_t
task__attempt_read(const struct task__transfer *x, unsigned sort)
{
	struct msghdr message;
	const struct iovec *v;
	int n;

	v = at_vector(x, &n);
	if (sort == TASK__SOCKET && x->n == 0)
		return recv(x->fd, v->iov_base, v->iov_len, MSG_DONTWAIT);
	if (sort == TASK__SOCKET) {
		memset(&message, 0, sizeof(message));
		message.msg_iov = (struct iovec *)(uintptr_t)v;
		message.msg_iovlen = (size_t)n;
		return recvmsg(x->fd, &message, MSG_DONTWAIT);
	}
	if (sort == TASK__STREAM)
		return reactor__readv_now(x->fd, v, n);
	if (sort == TASK__WAITED &&
	    !task__descriptor_is_ready(x->fd, REACTOR_READ))
		return -1;
	return readv(x->fd, v, n);
}

static ssize_t
at_write_waited(const struct task__transfer *x, const struct iovec *v, int n)
{
	if (!task__descriptor_is_ready(x->fd, REACTOR_WRITE))
		return -1;
	while (n > 1 && v->iov_len == 0)
		v++, n--;
	return write(x->fd, v->iov_base,
	    reactor__nowait_room(x->fd, v->iov_base, v->iov_len));
}

static ssize_t
at_write(const struct task__transfer *x, unsigned sort)
{
	const struct iovec *v;
	int n;

	v = at_vector(x, &n);
	if (sort == TASK__STREAM)
		return reactor__writev_now(x->fd, v, n);
	if (sort == TASK__WAITED)
		return at_write_waited(x, v, n);
	return writev(x->fd, v, n);
}

/* send(2) can be told neither to block nor to kill. */
ssize_t
task__attempt_write(const struct task__transfer *x, unsigned sort)
{
	struct msghdr message;
	const struct iovec *v;
	int n;

	if (sort != TASK__SOCKET)
		return at_write(x, sort);
	v = at_vector(x, &n);
	if (x->n == 0)
		return send(x->fd, v->iov_base, v->iov_len, AT_SEND);
	memset(&message, 0, sizeof(message));
	message.msg_iov = (struct iovec *)(uintptr_t)v;
	message.msg_iovlen = (size_t)n;
	return sendmsg(x->fd, &message, AT_SEND);
}

ssize_t
task__attempt_recv(const struct task__transfer *x, unsigned sort)
{
	(void)sort;
	return recv(x->fd, x->u.bytes.iov_base, x->u.bytes.iov_len,
	    x->flags | MSG_DONTWAIT);
}

ssize_t
task__attempt_send(const struct task__transfer *x, unsigned sort)
{
	(void)sort;
	return send(x->fd, x->u.bytes.iov_base, x->u.bytes.iov_len,
	    x->flags | MSG_DONTWAIT);
}

ssize_t
task__attempt_recvmsg(const struct task__transfer *x, unsigned sort)
{
	(void)sort;
	return recvmsg(x->fd, x->u.message, x->flags | MSG_DONTWAIT);
}

ssize_t
task__attempt_sendmsg(const struct task__transfer *x, unsigned sort)
{
	(void)sort;
	return sendmsg(x->fd, x->u.message, x->flags | MSG_DONTWAIT);
}
