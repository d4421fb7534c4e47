/*
 * SPDX-License-Identifier: ISC
 *
 * attempt.c: one system call that moves bytes and does not block, whatever the
 * flags of the descriptor.
 *
 *   socket:  MSG_DONTWAIT
 *   stream:  RWF_NOWAIT, which pipes know
 *   waited:  poll(2), then the plain call: terminals and the like
 *   file:    the plain call, as there is nothing to wait for but the disk
 */
#include <sys/stat.h>
#include <sys/syscall.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>
#include "coro/hook/internal.h"

#define HKC_NOWAIT   0x08 /* RWF_NOWAIT, which older headers lack */
#define HKC_WINDOW   16
#define HKC_TERMINAL 128

/* ---- What is left -------------------------------------------------------- */

/* So many of the vectors as have room, without what was done before. */
static int
hkc_window(const struct hook__move *m, struct iovec *window)
{
	const struct iovec *v = m->message->msg_iov;
	size_t i, n = (size_t)m->message->msg_iovlen, skip = m->done;
	int used = 0;

	for (i = 0; i < n && used < HKC_WINDOW; i++) {
		if (skip >= v[i].iov_len) {
			skip -= v[i].iov_len;
			continue;
		}
		window[used].iov_base = (char *)v[i].iov_base + skip;
		window[used++].iov_len = v[i].iov_len - skip;
		skip = 0;
	}
	return used;
}

/* A message goes or comes in one piece; what is moved in several is no message,
 * and its extras were in the first of them. */
static struct msghdr *
hkc_rest(struct hook__move *m, struct msghdr *rest, struct iovec *window)
{
	if (m->done == 0 || m->peek)
		return m->message;
	memset(rest, 0, sizeof(*rest));
	rest->msg_iov = window;
	rest->msg_iovlen = (unsigned)hkc_window(m, window);
	return rest;
}

/* ---- Sockets ------------------------------------------------------------- */

ssize_t
hook__attempt_recv(struct hook__move *m)
{
	struct iovec window[HKC_WINDOW];
	struct msghdr rest;

	return hook__real()->recvmsg(
	    m->wait.fd, hkc_rest(m, &rest, window), m->flags | MSG_DONTWAIT);
}

ssize_t
hook__attempt_send(struct hook__move *m)
{
	struct iovec window[HKC_WINDOW];
	struct msghdr rest;

	return hook__real()->sendmsg(
	    m->wait.fd, hkc_rest(m, &rest, window), m->flags | MSG_DONTWAIT);
}

/* ---- What else there is -------------------------------------------------- */

static int
hkc_sort(int fd)
{
	struct stat status;

	if (fstat(fd, &status) == -1)
		return HOOK__STREAM; /* the call itself will say it */
	return S_ISREG(status.st_mode) || S_ISDIR(status.st_mode) ||
		S_ISBLK(status.st_mode)
	    ? HOOK__FILE
	    : HOOK__STREAM;
}

/* What it was taken for was wrong. */
static int
hkc_is_other(struct hook__move *m)
{
	if (m->sort == HOOK__SOCKET && errno == ENOTSOCK) {
		m->sort = hkc_sort(m->wait.fd);
		return 1;
	}
	if (m->sort == HOOK__STREAM &&
	    (errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL ||
		errno == EPERM)) {
		m->sort = HOOK__WAITED;
		return 1;
	}
	return 0;
}

/* What was not opened for that, the plain call refuses. */
static int
hkc_not_yet(int fd, short events, int refusing)
{
	if (hook__ready(fd, events) ||
	    (hook__real()->fcntl(fd, F_GETFL) & O_ACCMODE) == refusing)
		return 0;
	errno = EAGAIN;
	return 1;
}

/* At offset -1, in two halves: where it is, as for what has no place. */
static ssize_t
hkc_stream(const struct hook__move *m, long call)
{
	struct iovec window[HKC_WINDOW];

	return syscall(call, m->wait.fd, window, (long)hkc_window(m, window),
	    -1L, -1L, HKC_NOWAIT);
}

static ssize_t
hkc_read(struct hook__move *m)
{
	const struct msghdr *message = m->message;

	switch (m->sort) {
	case HOOK__SOCKET:
		return hook__attempt_recv(m);
	case HOOK__STREAM:
		return hkc_stream(m, SYS_preadv2);
	case HOOK__WAITED:
		if (hkc_not_yet(m->wait.fd, POLLIN, O_WRONLY))
			return -1;
		break;
	}
	return hook__real()->readv(
	    m->wait.fd, message->msg_iov, (int)message->msg_iovlen);
}

/* Ready means room for that much; a terminal makes several bytes of some. */
static ssize_t
hkc_write_some(const struct hook__move *m)
{
	struct iovec window[HKC_WINDOW];
	size_t size, room;

	if (hkc_not_yet(m->wait.fd, POLLOUT, O_RDONLY))
		return -1;
	(void)hkc_window(m, window);
	size = window[0].iov_len;
	room = isatty(m->wait.fd) ? HKC_TERMINAL : PIPE_BUF;
	return hook__real()->write(
	    m->wait.fd, window[0].iov_base, size < room ? size : room);
}

static ssize_t
hkc_write(struct hook__move *m)
{
	const struct msghdr *message = m->message;

	switch (m->sort) {
	case HOOK__SOCKET:
		return hook__attempt_send(m);
	case HOOK__STREAM:
		return hkc_stream(m, SYS_pwritev2);
	case HOOK__WAITED:
		return hkc_write_some(m);
	}
	return hook__real()->writev(
	    m->wait.fd, message->msg_iov, (int)message->msg_iovlen);
}

ssize_t
hook__attempt_read(struct hook__move *m)
{
	ssize_t n;

	do
		n = hkc_read(m);
	while (n == -1 && hkc_is_other(m));
	return n;
}

ssize_t
hook__attempt_write(struct hook__move *m)
{
	ssize_t n;

	do
		n = hkc_write(m);
	while (n == -1 && hkc_is_other(m));
	return n;
}
