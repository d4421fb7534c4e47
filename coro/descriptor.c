/*
 * SPDX-License-Identifier: ISC
 *
 * descriptor.c: waiting for descriptors.
 *
 *   descriptors[fd] --> io (what the loop is told)
 *                       waiting --> wait --> wait, in the order of their coming
 *
 * What is wanted of the loop stays so when a wait is over, as the same task
 * will soon wait again: a server changes no interest while it talks.  An event
 * that finds nobody waiting is remembered, as not drained, and then its interest
 * is dropped, so nothing spins.  The io is a background handler: the tasks that
 * wait are what keeps the loop running.
 */
#include <sys/stat.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "coro/descriptor.h"

#define DE_DIRECTIONS (REACTOR_READ | REACTOR_WRITE | REACTOR_URGENT)
#define DE_DEAD       (REACTOR_ERROR | REACTOR_HANGUP)

struct de_wait {
	struct task__wait wait; /* must be first */
	unsigned wanted, ready;
	int woken; /* by what it waited for */
	struct reactor_timer timer;
};

/* ---- The wait ------------------------------------------------------------ */

/* One that keeps the loop running. */
static void
de_count(const struct task__wait *wait, int more)
{
	struct task__loop *loop = coro__here.tasks;

	if (wait->task->flags & TASK_BACKGROUND)
		return;
	if (more)
		loop->outside++;
	else
		loop->outside--;
}

static void
de_leave(struct de_wait *w)
{
	task__list_remove(&w->wait.link);
	de_count(&w->wait, 0);
	if (w->timer.callback != NULL)
		reactor_timer_stop(task_reactor(), &w->timer);
}

static void
de_withdraw(struct task__wait *wait)
{
	de_leave((struct de_wait *)wait);
}

static void
de_describe(const struct task__wait *wait, char *text, size_t size)
{
	const struct task__descriptor *d = wait->object;
	unsigned wanted = ((const struct de_wait *)wait)->wanted;

	(void)snprintf(text, size, "%d%s%s%s", d->io.fd,
	    wanted & REACTOR_READ ? " to be read" : "",
	    wanted & REACTOR_WRITE ? " to be written" : "",
	    wanted & REACTOR_URGENT ? " to be urgent" : "");
}

static const struct task__wait_kind de_kind = {
	.what = "descriptor",
	.withdraw = de_withdraw,
	.describe = de_describe,
};

static void
de_wake(struct de_wait *w, unsigned ready, int error)
{
	struct task__descriptor *d = w->wait.object;

	de_leave(w);
	w->ready = ready;
	w->woken = 1;
	d->woken++;
	task__wake(&w->wait, error);
}

/* ---- What the loop says -------------------------------------------------- */

/*
 * Each direction wakes the first who wants it: the next one hears of what is
 * left over from the next look.  What kills both directions wakes all.
 */
static unsigned
de_deliver(struct task__descriptor *d, unsigned ready)
{
	unsigned open = ready & DE_DIRECTIONS, dead = ready & DE_DEAD, mine;
	struct reactor_link *link, *next;
	struct de_wait *w;

	for (link = d->waiting.next;
	     link != &d->waiting && (open != 0 || dead != 0); link = next) {
		next = link->next;
		w = (struct de_wait *)(void *)link;
		mine = w->wanted & open;
		if (mine == 0 && dead == 0)
			continue;
		if (dead == 0)
			open &= ~mine;
		de_wake(w, mine | dead, 0);
	}
	return open;
}

/* Nobody wants that of it at the moment. */
static void
de_drop(struct reactor *r, struct task__descriptor *d, unsigned unwanted)
{
	unsigned wanted = d->io.wanted & ~unwanted;

	if (wanted == 0) {
		reactor_io_stop(r, &d->io);
		d->io.wanted = 0;
		return;
	}
	d->io.wanted = (unsigned char)wanted;
	(void)reactor_io_start(r, &d->io); /* started: it cannot fail */
}

/* The kernel does not know it: so it is as if it were closed. */
static void
de_bad(struct task__descriptor *d, int error)
{
	struct task__wait *wait;

	d->io.wanted = 0;
	d->drained = 0;
	d->sort = TASK__UNKNOWN;
	while ((wait = task__first_wait(&d->waiting)) != NULL)
		de_wake((struct de_wait *)wait, 0, error);
}

static void
de_ready(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	struct task__descriptor *d =
	    REACTOR_OWNER(io, struct task__descriptor, io);
	unsigned unwanted;

	if (ready & REACTOR_BAD) {
		de_bad(d, io->error);
		return;
	}
	d->drained &= (unsigned char)~ready;
	unwanted = de_deliver(d, ready);
	if (ready & DE_DEAD) /* all were woken, and any interest brings it */
		unwanted = DE_DIRECTIONS;
	/* Who was woken and has not run will soon want it again. */
	if (unwanted != 0 && d->woken == 0)
		de_drop(r, d, unwanted);
}

/* ---- The table ----------------------------------------------------------- */

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
	d->io.callback = de_ready;
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

/* ---- Waiting ------------------------------------------------------------- */

/* What is the case now, said by poll(2). */
static int
de_look(int fd, int events)
{
	struct pollfd p;
	int error = errno;

	p.fd = fd;
	p.events = (short)events;
	p.revents = 0;
	(void)poll(&p, 1, 0);
	errno = error;
	return p.revents;
}

int
task__descriptor_is_ready(int fd, unsigned wanted)
{
	if (de_look(fd, wanted & REACTOR_WRITE ? POLLOUT : POLLIN) != 0)
		return 1;
	errno = EAGAIN;
	return 0;
}

int
task__descriptor_has_error(int fd)
{
	return (de_look(fd, 0) & POLLERR) != 0;
}

static int
de_want(struct task__descriptor *d, unsigned wanted)
{
	unsigned char before = d->io.wanted;

	if ((before & wanted) == wanted)
		return 0;
	d->io.wanted = (unsigned char)(before | wanted);
	if (reactor_io_start(task_reactor(), &d->io) == 0)
		return 0;
	d->io.wanted = before;
	return -1;
}

/* Who was woken in vain may have been cancelled before it ran. */
static int
de_park(struct task__descriptor *d, struct de_wait *w, unsigned wanted)
{
	struct task *t = task__self();

	if (t->cancelled)
		return task__refuse(t);
	if (de_want(d, wanted) == -1)
		return -1;
	w->wanted = wanted;
	w->ready = 0;
	w->woken = 0;
	task__wait_init(&w->wait, t, &de_kind, d);
	task__list_append(&d->waiting, &w->wait.link);
	de_count(&w->wait, 1);
	d->users++;
	return 0;
}

/* It may have been closed after what we waited for had come. */
static int
de_parked(struct task__descriptor *d, struct de_wait *w)
{
	int result = task__park(w->wait.task, &w->wait);

	d->users--;
	d->woken -= w->woken != 0;
	if (!d->gone)
		return result;
	if (d->users == 0)
		(void)reactor__allocate(d, 0);
	errno = EBADF;
	return -1;
}

int
task__descriptor_wait(struct task__descriptor *d, unsigned wanted)
{
	struct de_wait w;

	w.timer.callback = NULL;
	return de_park(d, &w, wanted) == 0 ? de_parked(d, &w) : -1;
}

static void
de_late(struct reactor *r, struct reactor_timer *timer)
{
	(void)r;
	de_wake(REACTOR_OWNER(timer, struct de_wait, timer), 0, ETIMEDOUT);
}

static int
de_wait_until(struct task__descriptor *d, unsigned wanted, int64_t timeout)
{
	struct reactor *r = task_reactor();
	struct task *t = task__self();
	struct de_wait w;

	memset(&w.timer, 0, sizeof(w.timer));
	if (timeout >= 0) {
		w.timer.event.flags = task__background(t);
		w.timer.callback = de_late;
		if (reactor_timer_start_at(r, &w.timer,
			task__deadline(coro__here.tasks, timeout)) == -1)
			return -1;
	}
	if (de_park(d, &w, wanted) == -1) {
		reactor_timer_stop(r, &w.timer);
		return -1;
	}
	return de_parked(d, &w) == -1 ? -1 : (int)w.ready;
}

/* What was left from the last wait is not what is the case now. */
int
task_poll(int fd, unsigned wanted, int64_t timeout)
{
	struct task__descriptor *d;

	if (task__checkpoint(task__self()) == -1)
		return -1;
	if (wanted == 0 || (wanted & ~(unsigned)DE_DIRECTIONS) != 0) {
		errno = EINVAL;
		return -1;
	}
	d = task__descriptor(fd);
	return d != NULL ? de_wait_until(d, wanted, timeout) : -1;
}

/* ---- The end of a descriptor --------------------------------------------- */

void
task_forget(int fd)
{
	struct task__loop *loop = coro__here.tasks;
	struct task__descriptor *d = loop != NULL ? de_known(loop, fd) : NULL;

	if (d == NULL)
		return;
	de_bad(d, EBADF);
	de_free(loop, d);
}

int
task_close(int fd)
{
	task_forget(fd);
	return close(fd);
}
