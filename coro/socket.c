/*
 * SPDX-License-Identifier: ISC
 *
 * socket.c: connections: accepted and made.
 */
#include <sys/socket.h>
#include <fcntl.h>
#include <unistd.h>
#include "coro/descriptor.h"
#include "reactor/nowait.h"

/* ---- Accepting ----------------------------------------------------------- */

/* What befell a guest before he came in is not our error. */
static int
so_try_again(void)
{
	return errno == EINTR || errno == ECONNABORTED || errno == EPROTO ||
	    errno == ENETDOWN || errno == ENETUNREACH || errno == EHOSTDOWN ||
	    errno == EHOSTUNREACH;
}

/* One that blocks is asked first: its flags are as they are. */
static int
so_accept(const struct task__descriptor *d, struct sockaddr *address,
    unsigned *length)
{
	if (d->blocking && d->sort == TASK__SOCKET &&
	    !task__descriptor_is_ready(d->io.fd, REACTOR_READ))
		return -1;
	return reactor__accept_now(d->io.fd, address, length);
}

int
task_accept(int fd, struct sockaddr *address, unsigned *length)
{
	struct task__descriptor *d;
	int new;

	if (task__checkpoint(task__self()) == -1)
		return -1;
	for (;;) {
		d = task__descriptor(fd);
		if (d == NULL)
			return -1;
		if (d->drained & REACTOR_READ) {
			if (task__descriptor_wait(d, REACTOR_READ) == -1)
				return -1;
			continue;
		}
		new = so_accept(d, address, length);
		if (new != -1) {
			task_forget(new);
			return new;
		}
		if (so_try_again())
			continue;
		if (errno != EAGAIN && errno != EWOULDBLOCK)
			return -1;
		d->drained |= REACTOR_READ;
	}
}

/* ---- Connecting ---------------------------------------------------------- */

/* A new socket is nobody else's yet: its flag is changed for this one call. */
static int
so_begin(int fd, const struct sockaddr *address, unsigned length)
{
	int flags = fcntl(fd, F_GETFL), result, error;

	if (flags == -1)
		return -1;
	if ((flags & O_NONBLOCK) == 0 &&
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1)
		return -1;
	result = connect(fd, address, length);
	error = errno;
	if ((flags & O_NONBLOCK) == 0)
		(void)fcntl(fd, F_SETFL, flags);
	errno = error;
	return result;
}

static int
so_error(int fd)
{
	int error = 0;
	socklen_t size = sizeof(error);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == -1)
		return -1;
	if (error == 0)
		return 0;
	errno = error;
	return -1;
}

/* A UNIX socket whose listener is busy says EAGAIN: there is nothing to wait
 * for. */
int
task_connect(int fd, const struct sockaddr *address, unsigned length)
{
	struct task__descriptor *d;

	if (task__checkpoint(task__self()) == -1)
		return -1;
	task_forget(fd); /* the number may have been another's before */
	if (so_begin(fd, address, length) == 0)
		return 0;
	if (errno != EINPROGRESS && errno != EINTR)
		return -1;
	d = task__descriptor(fd);
	if (d == NULL || task__descriptor_wait(d, REACTOR_WRITE) == -1)
		return -1;
	return so_error(fd);
}
