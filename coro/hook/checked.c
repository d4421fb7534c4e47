/*
 * SPDX-License-Identifier: ISC
 *
 * checked.c: what code calls that was compiled with _FORTIFY_SOURCE.  What
 * would not fit is left to libc, which has its own way to say so.
 */
#include "coro/hook/internal.h"

HOOK(ssize_t, __read_chk, (int fd, void *bytes, size_t size, size_t room))
{
	if (size > room)
		return hook__real()->__read_chk(fd, bytes, size, room);
	return hook__read(HOOK_TASK, fd, bytes, size);
}

HOOK(ssize_t, __recv_chk,
    (int fd, void *bytes, size_t size, size_t room, int flags))
{
	if (size > room)
		return hook__real()->__recvfrom_chk(
		    fd, bytes, size, room, flags, NULL, NULL);
	return hook__recvfrom(HOOK_TASK, fd, bytes, size, flags, NULL, NULL);
}

HOOK(ssize_t, __recvfrom_chk,
    (int fd, void *bytes, size_t size, size_t room, int flags,
	struct sockaddr *address, socklen_t *length))
{
	if (size > room)
		return hook__real()->__recvfrom_chk(
		    fd, bytes, size, room, flags, address, length);
	return hook__recvfrom(
	    HOOK_TASK, fd, bytes, size, flags, address, length);
}

HOOK(int, __poll_chk, (struct pollfd * fds, nfds_t n, int timeout, size_t room))
{
	struct hook__task *t = HOOK_TASK;

	if (t == NULL || room / sizeof(*fds) < n)
		return hook__real()->__poll_chk(fds, n, timeout, room);
	return hook__poll(t, fds, n, timeout * REACTOR_MILLISECOND);
}

HOOK(int, __ppoll_chk,
    (struct pollfd * fds, nfds_t n, const struct timespec *timeout,
	const sigset_t *mask, size_t room))
{
	if (room / sizeof(*fds) < n)
		return hook__real()->__poll_chk(fds, n, -1, room);
	return hook__ppoll(HOOK_TASK, fds, n, timeout, mask);
}
