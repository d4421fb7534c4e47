/*
 * SPDX-License-Identifier: ISC
 *
 * portable.c: stands in for linux.c on systems that have none of it.  The
 * callers then take the ways that work everywhere.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include "reactor/internal.h"
#include "reactor/nowait.h"

static int
po_missing(void)
{
	errno = ENOSYS;
	return -1;
}

const char *
reactor__getenv(const char *name)
{
	if (getuid() != geteuid() || getgid() != getegid())
		return NULL;
	return getenv(name);
}

int
reactor__eventfd(void)
{
	return po_missing();
}

int
reactor__timerfd(int clock)
{
	(void)clock;
	return po_missing();
}

int
reactor__timerfd_set(int fd, int64_t deadline)
{
	(void)fd;
	(void)deadline;
	return po_missing();
}

int
reactor__wipe_on_fork(void *page, size_t size)
{
	(void)page;
	(void)size;
	return po_missing();
}

int
reactor__pidfd_open(int pid)
{
	(void)pid;
	return po_missing();
}

int
reactor__pidfd_wait(int pidfd, struct reactor_child *child)
{
	(void)pidfd;
	(void)child;
	return po_missing();
}

int
reactor__inotify_open(void)
{
	return po_missing();
}

int
reactor__inotify_add(int fd, const char *path)
{
	(void)fd;
	(void)path;
	return po_missing();
}

void
reactor__inotify_remove(int fd, int watch)
{
	(void)fd;
	(void)watch;
}

void
reactor__inotify_read(int fd, reactor__inotify_fn *changed, void *context)
{
	(void)fd;
	(void)changed;
	(void)context;
}

ssize_t
reactor__readv_now(int fd, const struct iovec *v, int n)
{
	(void)fd;
	(void)v;
	(void)n;
	errno = EOPNOTSUPP;
	return -1;
}

ssize_t
reactor__writev_now(int fd, const struct iovec *v, int n)
{
	return reactor__readv_now(fd, v, n);
}

int
reactor__accept_now(int fd, struct sockaddr *address, unsigned *length)
{
	int new = accept(fd, address, length);

	if (new != -1) {
		(void)fcntl(new, F_SETFD, FD_CLOEXEC);
		(void)fcntl(new, F_SETFL, O_NONBLOCK);
	}
	return new;
}
