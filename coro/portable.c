/*
 * SPDX-License-Identifier: ISC
 *
 * portable.c: what POSIX alone offers for system.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include "coro/system.h"

ssize_t
task__readv_now(int fd, const struct iovec *v, int n)
{
	(void)fd;
	(void)v;
	(void)n;
	errno = EOPNOTSUPP;
	return -1;
}

ssize_t
task__writev_now(int fd, const struct iovec *v, int n)
{
	return task__readv_now(fd, v, n);
}

int
task__accept_now(int fd, struct sockaddr *address, unsigned *length)
{
	int new = accept(fd, address, length);

	if (new != -1) {
		(void)fcntl(new, F_SETFD, FD_CLOEXEC);
		(void)fcntl(new, F_SETFL, O_NONBLOCK);
	}
	return new;
}
