/*
 * SPDX-License-Identifier: ISC
 *
 * linux.c: system calls of Linux for streams.  portable.c stands in for it
 * elsewhere; the kernel itself may also say that it cannot.
 */
#include <sys/sendfile.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>
#include "reactor/net/stream.h"

static intptr_t
nx_result(intptr_t n)
{
	if (n == -1 && (errno == ENOSYS || errno == EINVAL || errno == EPERM))
		errno = EOPNOTSUPP;
	return n;
}

static intptr_t
nx_send_file(int fd, int file, int64_t *offset, size_t size)
{
	off_t at = (off_t)*offset;
	intptr_t n = sendfile(fd, file, &at, size);

	if (n > 0)
		*offset = at;
	return nx_result(n);
}

/* The SIGPIPE of this thread that just came, and not one that was there. */
static void
nx_take(const sigset_t *pipe, const sigset_t *before)
{
	static const struct timespec none;
	int error = errno;

	if (sigismember(before, SIGPIPE) != 1)
		while (sigtimedwait(pipe, NULL, &none) == -1 && errno == EINTR)
			continue;
	errno = error;
}

/* sendfile(2) cannot be told to raise no SIGPIPE: it is kept from this thread. */
intptr_t
reactor__send_file(int fd, int file, int64_t *offset, size_t size)
{
	sigset_t pipe, mask, before;
	intptr_t n;
	int error;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	sigemptyset(&before);
	if (pthread_sigmask(SIG_BLOCK, &pipe, &mask) != 0) {
		errno = EOPNOTSUPP;
		return -1;
	}
	/* Only one who blocks it himself can have one waiting. */
	if (sigismember(&mask, SIGPIPE) == 1)
		(void)sigpending(&before);
	n = nx_send_file(fd, file, offset, size);
	error = errno;
	if (n == -1 && error == EPIPE)
		nx_take(&pipe, &before);
	(void)pthread_sigmask(SIG_SETMASK, &mask, NULL);
	errno = error;
	return n;
}
