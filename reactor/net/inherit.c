/*
 * SPDX-License-Identifier: ISC
 *
 * inherit.c: sockets that were opened by whoever started this program, such as
 * a service manager: LISTEN_FDS of them, from 3 on, if LISTEN_PID is ours.
 */
#include <sys/socket.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>
#include "reactor/net/listen.h"
#include "reactor/support.h"

#define LH_FIRST 3

/* A decimal number and nothing else. */
static int
lh_number(const char *text, long *number)
{
	char *end;

	errno = 0;
	*number = strtol(text, &end, 10);
	if (*text >= '0' && *text <= '9' && *end == '\0' && errno == 0)
		return 0;
	errno = EINVAL;
	return -1;
}

/* How many; 0 if they are another's. */
static int
lh_count(void)
{
	const char *pid = reactor__getenv("LISTEN_PID");
	const char *fds = reactor__getenv("LISTEN_FDS");
	long number;

	if (pid == NULL || fds == NULL)
		return 0;
	if (lh_number(pid, &number) == -1)
		return -1;
	if (number != (long)getpid())
		return 0;
	if (lh_number(fds, &number) == -1)
		return -1;
	if (number > INT_MAX - LH_FIRST) {
		errno = EINVAL;
		return -1;
	}
	return (int)number;
}

/* Pipes and files may be among them: their flags are not for us to choose. */
static int
lh_take(int fd)
{
	socklen_t size = sizeof(int);
	int type;

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
	    reactor__nonblock(fd) == -1)
		return -1;
	return fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static int
lh_take_all(int n, int *fds, size_t max)
{
	int i;

	if ((size_t)n > max) {
		errno = EMSGSIZE;
		return -1;
	}
	for (i = 0; i < n; i++)
		if (fcntl(LH_FIRST + i, F_GETFD) == -1)
			return -1;
	for (i = 0; i < n; i++) {
		if (lh_take(LH_FIRST + i) == -1)
			return -1;
		fds[i] = LH_FIRST + i;
	}
	return n;
}

int
reactor_listen_inherited(int *fds, size_t max)
{
	int n = lh_count();

	if (n > 0)
		n = lh_take_all(n, fds, max);
	if (n == -1)
		return -1;
	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDS");
	(void)unsetenv("LISTEN_FDNAMES");
	return n;
}
