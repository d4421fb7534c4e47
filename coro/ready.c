/*
 * SPDX-License-Identifier: ISC
 *
 * ready.c: waiting for descriptors until they are ready.
 *
 * What is wanted of the loop stays so when a wait is over, as the same task
 * will soon wait again: a server changes no interest while it talks.  An event
 * that finds nobody waiting is remembered, as not drained, and then its interest
 * is dropped, so nothing spins.  The io is a background handler: the tasks that
 * wait are what keeps the loop running.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include "coro/descriptor.h"

#define RDY_DIRECTIONS (REACTOR_READ | REACTOR_WRITE | REACTOR_URGENT)
#define RDY_DEAD       (REACTOR_ERROR | REACTOR_HANGUP)

struct rdy_wait {
	struct task__wait wait; /* must be first */
	unsigned wanted, ready;
	int woken; /* by what it waited for */
	struct reactor_timer timer;
};

/* ---- The wait ------------------------------------------------------------ */

static void
rdy_leave(struct rdy_wait *w)
{
	task__list_remove(&w->wait.link);
	if (w->timer.callback != NULL)
		reactor_timer_stop(task_reactor(), &w->timer);
}

static void
rdy_withdraw(struct task__wait *wait)
{
	rdy_leave((struct rdy_wait *)wait);
}

static void
rdy_describe(const struct task__wait *wait, char *text, size_t size)
{
	const struct task__descriptor *d = wait->object;
	unsigned wanted = ((const struct rdy_wait *)wait)->wanted;

	(void)snprintf(text, size, "%d%s%s%s", d->io.fd,
	    wanted & REACTOR_READ ? " to be read" : "",
	    wanted & REACTOR_WRITE ? " to be written" : "",
	    wanted & REACTOR_URGENT ? " to be urgent" : "");
}

static const struct task__wait_kind rdy_kind = {
	.what = "descriptor",
	.withdraw = rdy_withdraw,
	.describe = rdy_describe,
};

static void
rdy_wake(struct rdy_wait *w, unsigned ready, int error)
{
	struct task__descriptor *d = w->wait.object;

	rdy_leave(w);
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
rdy_deliver(struct task__descriptor *d, unsigned ready)
{
	unsigned open = ready & RDY_DIRECTIONS, dead = ready & RDY_DEAD, mine;
	struct reactor_link *link, *next;
	struct rdy_wait *w;

	for (link = d->waiting.next;
	     link != &d->waiting && (open != 0 || dead != 0); link = next) {
		next = link->next;
		w = (struct rdy_wait *)(void *)link;
		mine = w->wanted & open;
		if (mine == 0 && dead == 0)
			continue;
		if (dead == 0)
			open &= ~mine;
		rdy_wake(w, mine | dead, 0);
	}
	return open;
}

/* Nobody wants that of it at the moment. */
static void
rdy_drop(struct reactor *r, struct task__descriptor *d, unsigned unwanted)
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
void
task__descriptor_lost(struct task__descriptor *d, int error)
{
	struct task__wait *wait;

	d->io.wanted = 0;
	d->drained = 0;
	d->sort = TASK__UNKNOWN;
	while ((wait = task__first_wait(&d->waiting)) != NULL)
		rdy_wake((struct rdy_wait *)wait, 0, error);
}

void
task__descriptor_ready(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	struct task__descriptor *d =
	    REACTOR_OWNER(io, struct task__descriptor, io);
	unsigned unwanted;

	if (ready & REACTOR_BAD) {
		task__descriptor_lost(d, io->error);
		return;
	}
	d->drained &= (unsigned char)~ready;
	unwanted = rdy_deliver(d, ready);
	if (ready & RDY_DEAD) /* all were woken, and any interest brings it */
		unwanted = RDY_DIRECTIONS;
	/* Who was woken and has not run will soon want it again. */
	if (unwanted != 0 && d->woken == 0)
		rdy_drop(r, d, unwanted);
}

/* ---- Waiting ------------------------------------------------------------- */

/* What is the case now, said by poll(2). */
static int
rdy_look(int fd, int events)
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
	if (rdy_look(fd, wanted & REACTOR_WRITE ? POLLOUT : POLLIN) != 0)
		return 1;
	errno = EAGAIN;
	return 0;
}

int
task__descriptor_has_error(int fd)
{
	return (rdy_look(fd, 0) & POLLERR) != 0;
}

static int
rdy_want(struct task__descriptor *d, unsigned wanted)
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
rdy_park(struct task__descriptor *d, struct rdy_wait *w, unsigned wanted)
{
	struct task *t = task__self();

	if (t->cancelled)
		return task__refuse(t);
	if (rdy_want(d, wanted) == -1)
		return -1;
	w->wanted = wanted;
	w->ready = 0;
	w->woken = 0;
	task__wait_init(&w->wait, t, &rdy_kind, d);
	task__list_append(&d->waiting, &w->wait.link);
	d->users++;
	return 0;
}

/* It may have been closed after what we waited for had come. */
static int
rdy_parked(struct task__descriptor *d, struct rdy_wait *w)
{
	int result = task__park_outside(w->wait.task, &w->wait);

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
	struct rdy_wait w;

	w.timer.callback = NULL;
	return rdy_park(d, &w, wanted) == 0 ? rdy_parked(d, &w) : -1;
}

static void
rdy_late(struct reactor *r, struct reactor_timer *timer)
{
	(void)r;
	rdy_wake(REACTOR_OWNER(timer, struct rdy_wait, timer), 0, ETIMEDOUT);
}

static int
rdy_wait_until(struct task__descriptor *d, unsigned wanted, int64_t timeout)
{
	struct reactor *r = task_reactor();
	struct task *t = task__self();
	struct rdy_wait w;

	memset(&w.timer, 0, sizeof(w.timer));
	if (timeout >= 0) {
		w.timer.event.flags = task__background(t);
		w.timer.callback = rdy_late;
		if (reactor_timer_start_at(r, &w.timer,
			task__deadline(coro__here.tasks, timeout)) == -1)
			return -1;
	}
	if (rdy_park(d, &w, wanted) == -1) {
		reactor_timer_stop(r, &w.timer);
		return -1;
	}
	return rdy_parked(d, &w) == -1 ? -1 : (int)w.ready;
}

/* What was left from the last wait is not what is the case now. */
int
task_poll(int fd, unsigned wanted, int64_t timeout)
{
	struct task__descriptor *d;

	if (task__checkpoint(task__self()) == -1)
		return -1;
	if (wanted == 0 || (wanted & ~(unsigned)RDY_DIRECTIONS) != 0) {
		errno = EINVAL;
		return -1;
	}
	d = task__descriptor(fd);
	return d != NULL ? rdy_wait_until(d, wanted, timeout) : -1;
}
