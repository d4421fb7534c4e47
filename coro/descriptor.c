/*
 * SPDX-License-Identifier: ISC
 *
 * descriptor.c: what is kept of descriptors, from the first use to the end.
 *
 *   descriptors[fd] --> io (what the loop is told)
 *                       waiting --> wait --> wait, in the order of their coming
 */
#include <sys/stat.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "coro/descriptor.h"

static int
de_sort(int fd, unsigned char *sort, unsigned char *blocking)
{
	struct stat status;
	int flags;

	if (fstat(fd, &status) == -1)
		return -1;
	flags = fcntl(fd, F_GETFL);
	if (flags == -1)
		return -1;
	*blocking = (flags & O_NONBLOCK) == 0;
	if (S_ISSOCK(status.st_mode))
		*sort = TASK__SOCKET;
	else if (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode) ||
	    S_ISBLK(status.st_mode))
		*sort = TASK__FILE;
	else
		*sort = *blocking ? TASK__STREAM : TASK__NONBLOCK;
	return 0;
}

static struct task__descriptor *
de_new(struct task__loop *loop, int fd)
{
	struct task__descriptor *d, **table;
	unsigned char sort, blocking;

	if (de_sort(fd, &sort, &blocking) == -1)
		return NULL;
	table = reactor__grown(loop->descriptors, &loop->ndescriptors,
	    (size_t)fd + 1, sizeof(struct task__descriptor *));
	if (table == NULL)
		return NULL;
	loop->descriptors = table;
	d = reactor__allocate(NULL, sizeof(*d));
	if (d == NULL)
		return NULL;
	memset(d, 0, sizeof(*d));
	d->io.event.name = "tasks";
	d->io.event.flags = REACTOR_BACKGROUND;
	d->io.callback = task__descriptor_ready;
	d->io.fd = fd;
	d->sort = sort;
	d->blocking = blocking;
	d->waiting.next = d->waiting.prev = &d->waiting;
	table[fd] = d;
	return d;
}

static struct task__descriptor *
de_known(const struct task__loop *loop, int fd)
{
	return fd >= 0 && (size_t)fd < loop->ndescriptors
	    ? loop->descriptors[fd]
	    : NULL;
}

struct task__descriptor *
task__descriptor(int fd)
{
	struct task__loop *loop = coro__here.tasks;
	struct task__descriptor *d = de_known(loop, fd);

	if (d != NULL &&
	    (d->sort != TASK__UNKNOWN ||
		de_sort(fd, &d->sort, &d->blocking) == 0))
		return d;
	return d == NULL ? de_new(loop, fd) : NULL;
}

/* Tasks that were woken, but have not run, are still to learn of it. */
static void
de_free(struct task__loop *loop, struct task__descriptor *d)
{
	reactor_io_stop(loop->reactor, &d->io);
	loop->descriptors[d->io.fd] = NULL;
	d->gone = 1;
	if (d->users == 0)
		(void)reactor__allocate(d, 0);
}

void
task__descriptors_end(struct task__loop *loop)
{
	size_t fd;

	for (fd = 0; fd < loop->ndescriptors; fd++) {
		if (loop->descriptors[fd] == NULL)
			continue;
		loop->descriptors[fd]->users = 0; /* none will run again */
		de_free(loop, loop->descriptors[fd]);
	}
	(void)reactor__allocate(loop->descriptors, 0);
	loop->descriptors = NULL;
	loop->ndescriptors = 0;
}

void
task_forget(int fd)
{
	struct task__loop *loop = coro__here.tasks;
	struct task__descriptor *d = loop != NULL ? de_known(loop, fd) : NULL;

	if (d == NULL)
		return;
	task__descriptor_lost(d, EBADF);
	de_free(loop, d);
}

int
task_close(int fd)
{
	task_forget(fd);
	return close(fd);
}
