/*
 * SPDX-License-Identifier: ISC
 *
 * linux.c: system calls of Linux.  portable.c stands in for it elsewhere; the
 * kernel itself may also say EOPNOTSUPP, ENOSYS or EINVAL to any of these.
 */
#include <sys/syscall.h>
#include <errno.h>
#include <unistd.h>
#include "coro/system.h"

#define LI_NOWAIT 0x08 /* RWF_NOWAIT, which older headers lack */

static ssize_t
li_result(ssize_t n)
{
	if (n == -1 && (errno == ENOSYS || errno == EINVAL || errno == EPERM))
		errno = EOPNOTSUPP;
	return n;
}

/*
 * By number, as musl has no function for it.  Offset -1, in two halves: where it
 * is, as for what has no place.
 */
ssize_t
task__readv_now(int fd, const struct iovec *v, int n)
{
	return li_result(
	    syscall(SYS_preadv2, fd, v, (long)n, -1L, -1L, LI_NOWAIT));
}

ssize_t
task__writev_now(int fd, const struct iovec *v, int n)
{
	return li_result(
	    syscall(SYS_pwritev2, fd, v, (long)n, -1L, -1L, LI_NOWAIT));
}

int
task__accept_now(int fd, struct sockaddr *address, unsigned *length)
{
	return accept4(fd, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}
