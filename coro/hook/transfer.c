/*
 * SPDX-License-Identifier: ISC
 *
 * transfer.c: read, write, recv, send, and their relatives.
 */
#include <limits.h>
#include <string.h>
#include "coro/hook/internal.h"

/* ---- Both ways ----------------------------------------------------------- */

static size_t
hkb_size(const struct msghdr *message)
{
	size_t i, size = 0;

	for (i = 0; i < (size_t)message->msg_iovlen; i++)
		size += message->msg_iov[i].iov_len;
	return size;
}

static void
hkb_init(struct hook__move *m, int fd, const struct msghdr *message, int flags)
{
	memset(m, 0, sizeof(*m));
	m->wait.fd = fd;
	m->message = (struct msghdr *)(uintptr_t)message;
	m->size = hkb_size(message);
	m->flags = flags;
}

static int
hkb_is_stream(int fd)
{
	socklen_t size = sizeof(int);
	int type = 0;

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
	    type == SOCK_STREAM;
}

static ssize_t
hkb_in(struct hook__task *t, int fd, struct msghdr *message, int flags,
    hook__attempt_fn *attempt)
{
	struct hook__move m;

	hkb_init(&m, fd, message, flags);
	m.wait.wanted = flags & MSG_OOB ? REACTOR_URGENT : REACTOR_READ;
	m.wait.option = SO_RCVTIMEO;
	m.peek = (flags & MSG_PEEK) != 0;
	/* What comes beside the bytes comes with a part of them. */
	m.all = (flags & MSG_WAITALL) != 0 && message->msg_control == NULL &&
	    hkb_is_stream(fd);
	return hook__move(t, &m, attempt);
}

static ssize_t
hkb_out(struct hook__task *t, int fd, const struct msghdr *message, int flags,
    hook__attempt_fn *attempt)
{
	struct hook__move m;

	hkb_init(&m, fd, message, flags);
	m.wait.wanted = REACTOR_WRITE;
	m.wait.option = SO_SNDTIMEO;
	m.all = 1;
	return hook__move(t, &m, attempt);
}

static void
hkb_message(
    struct msghdr *message, struct iovec *v, const void *bytes, size_t size)
{
	v->iov_base = (void *)(uintptr_t)bytes;
	v->iov_len = size;
	memset(message, 0, sizeof(*message));
	message->msg_iov = v;
	message->msg_iovlen = 1;
}

/* 0: the plain call has something to say, or nothing to do. */
static int
hkb_vectors(struct msghdr *message, const struct iovec *v, int n)
{
	if (n <= 0 || n > IOV_MAX)
		return 0;
	memset(message, 0, sizeof(*message));
	message->msg_iov = (struct iovec *)(uintptr_t)v;
	message->msg_iovlen = (unsigned)n;
	return hkb_size(message) > 0;
}

/* ---- In ------------------------------------------------------------------ */

ssize_t
hook__read(struct hook__task *t, int fd, void *bytes, size_t size)
{
	struct msghdr message;
	struct iovec v;

	if (t == NULL || size == 0)
		return hook__real()->read(fd, bytes, size);
	hkb_message(&message, &v, bytes, size);
	return hkb_in(t, fd, &message, 0, hook__attempt_read);
}

HOOK(ssize_t, read, (int fd, void *bytes, size_t size))
{
	return hook__read(HOOK_TASK, fd, bytes, size);
}

HOOK(ssize_t, readv, (int fd, const struct iovec *v, int n))
{
	struct hook__task *t = HOOK_TASK;
	struct msghdr message;

	if (t == NULL || !hkb_vectors(&message, v, n))
		return hook__real()->readv(fd, v, n);
	return hkb_in(t, fd, &message, 0, hook__attempt_read);
}

/* Of an error queue nothing is waited for. */
ssize_t
hook__recvfrom(struct hook__task *t, int fd, void *bytes, size_t size,
    int flags, struct sockaddr *address, socklen_t *length)
{
	struct msghdr message;
	struct iovec v;
	ssize_t n;

	if (t == NULL || (flags & (MSG_DONTWAIT | MSG_ERRQUEUE)) != 0)
		return hook__real()->recvfrom(
		    fd, bytes, size, flags, address, length);
	hkb_message(&message, &v, bytes, size);
	if (address != NULL && length != NULL) {
		message.msg_name = address;
		message.msg_namelen = *length;
	}
	n = hkb_in(t, fd, &message, flags, hook__attempt_recv);
	if (n >= 0 && address != NULL && length != NULL)
		*length = message.msg_namelen;
	return n;
}

HOOK(ssize_t, recv, (int fd, void *bytes, size_t size, int flags))
{
	return hook__recvfrom(HOOK_TASK, fd, bytes, size, flags, NULL, NULL);
}

HOOK(ssize_t, recvfrom,
    (int fd, void *bytes, size_t size, int flags, struct sockaddr *address,
	socklen_t *length))
{
	return hook__recvfrom(
	    HOOK_TASK, fd, bytes, size, flags, address, length);
}

/* Whoever had the numbers of these descriptors before has closed them. */
static void
hkb_forget_received(struct msghdr *message)
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
			hook__forget(fd);
		}
	}
}

ssize_t
hook__recvmsg(struct hook__task *t, int fd, struct msghdr *message, int flags)
{
	if (t == NULL || (flags & (MSG_DONTWAIT | MSG_ERRQUEUE)) != 0)
		return hook__real()->recvmsg(fd, message, flags);
	return hkb_in(t, fd, message, flags, hook__attempt_recv);
}

HOOK(ssize_t, recvmsg, (int fd, struct msghdr *message, int flags))
{
	ssize_t n = hook__recvmsg(HOOK_TASK, fd, message, flags);

	if (n >= 0 && message->msg_controllen > 0 && HOOK_KNOWS)
		hkb_forget_received(message);
	return n;
}

/* ---- Out ----------------------------------------------------------------- */

ssize_t
hook__write(struct hook__task *t, int fd, const void *bytes, size_t size)
{
	struct msghdr message;
	struct iovec v;

	if (t == NULL || size == 0)
		return hook__real()->write(fd, bytes, size);
	hkb_message(&message, &v, bytes, size);
	return hkb_out(t, fd, &message, 0, hook__attempt_write);
}

HOOK(ssize_t, write, (int fd, const void *bytes, size_t size))
{
	return hook__write(HOOK_TASK, fd, bytes, size);
}

HOOK(ssize_t, writev, (int fd, const struct iovec *v, int n))
{
	struct hook__task *t = HOOK_TASK;
	struct msghdr message;

	if (t == NULL || !hkb_vectors(&message, v, n))
		return hook__real()->writev(fd, v, n);
	return hkb_out(t, fd, &message, 0, hook__attempt_write);
}

static ssize_t
hkb_sendto(struct hook__task *t, int fd, const void *bytes, size_t size,
    int flags, const struct sockaddr *address, socklen_t length)
{
	struct msghdr message;
	struct iovec v;

	if (t == NULL || (flags & MSG_DONTWAIT) != 0)
		return hook__real()->sendto(
		    fd, bytes, size, flags, address, length);
	hkb_message(&message, &v, bytes, size);
	message.msg_name = (void *)(uintptr_t)address;
	message.msg_namelen = length;
	return hkb_out(t, fd, &message, flags, hook__attempt_send);
}

HOOK(ssize_t, send, (int fd, const void *bytes, size_t size, int flags))
{
	return hkb_sendto(HOOK_TASK, fd, bytes, size, flags, NULL, 0);
}

HOOK(ssize_t, sendto,
    (int fd, const void *bytes, size_t size, int flags,
	const struct sockaddr *address, socklen_t length))
{
	return hkb_sendto(HOOK_TASK, fd, bytes, size, flags, address, length);
}

ssize_t
hook__sendmsg(
    struct hook__task *t, int fd, const struct msghdr *message, int flags)
{
	if (t == NULL || (flags & MSG_DONTWAIT) != 0)
		return hook__real()->sendmsg(fd, message, flags);
	return hkb_out(t, fd, message, flags, hook__attempt_send);
}

HOOK(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags))
{
	return hook__sendmsg(HOOK_TASK, fd, message, flags);
}
