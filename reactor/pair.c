/*
 * SPDX-License-Identifier: ISC
 *
 * pair.c: two ends for two processes: pipes and sockets.
 */
#include <sys/types.h>
#include <sys/socket.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include "reactor/support.h"

/* macOS lacks pipe2, SOCK_CLOEXEC and, once, MSG_NOSIGNAL. */
#ifdef __APPLE__
static int
pr_make_pipe(int fd[2])
{
	return pipe(fd);
}

static int
pr_make_pair(int fd[2])
{
	const int on = 1;
	int i;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == -1)
		return -1;
	for (i = 0; i < 2; i++)
		(void)setsockopt(
		    fd[i], SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof(on));
	return 0;
}
#else
static int
pr_make_pipe(int fd[2])
{
	return pipe2(fd, O_CLOEXEC);
}

static int
pr_make_pair(int fd[2])
{
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd);
}
#endif

/* Both, or none. */
static int
pr_high(int fd[2])
{
	int error, i;

	for (i = 0; i < 2; i++)
		if ((fd[i] = reactor__descriptor_high(fd[i])) == -1) {
			error = errno;
			(void)close(fd[1 - i]);
			fd[0] = fd[1] = -1;
			errno = error;
			return -1;
		}
	return 0;
}

int
reactor__pipe(int fd[2])
{
	if (pr_make_pipe(fd) == 0)
		return pr_high(fd);
	fd[0] = fd[1] = -1;
	return -1;
}

int
reactor__pair(int fd[2])
{
	if (pr_make_pair(fd) == 0)
		return pr_high(fd);
	fd[0] = fd[1] = -1;
	return -1;
}
