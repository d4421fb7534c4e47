/*
 * SPDX-License-Identifier: ISC
 *
 * reap.c: how one waits for a process: by a pidfd.  Where there is none,
 * SIGCHLD has us ask for that very pid, never for "any", which would take away
 * the children of other code; for a process that is not our child no signal
 * comes, and a timer asks whether it still exists (and so notices only when
 * its parent has reaped it).
 */
#include <sys/types.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include "reactor/internal.h"
#include "reactor/reap.h"

/* What ru_maxrss counts. */
#ifdef __APPLE__
#define RP_UNIT 1
#else
#define RP_UNIT 1024
#endif

#define RP_SOON  (100 * REACTOR_MILLISECOND) /* the first look at a stranger */
#define RP_LATER REACTOR_SECOND              /* and the longest pause */

/* ---- How it ended -------------------------------------------------------- */

static int64_t
rp_nanoseconds(const struct timeval *tv)
{
	return (int64_t)tv->tv_sec * REACTOR_SECOND +
	    (int64_t)tv->tv_usec * REACTOR_MICROSECOND;
}

/* 0 and the fields filled; EAGAIN: not yet; ECHILD: not to be known. */
static int
rp_reap(struct reactor_child *c)
{
	struct rusage usage;
	int status;
	pid_t pid;

	memset(&usage, 0, sizeof(usage));
	do
		pid = wait4(c->watched, &status, WNOHANG, &usage);
	while (pid == -1 && errno == EINTR);
	if (pid <= 0)
		return pid == 0 ? EAGAIN : ECHILD;
	c->status = status;
	c->user = rp_nanoseconds(&usage.ru_utime);
	c->system = rp_nanoseconds(&usage.ru_stime);
	c->resident = (int64_t)usage.ru_maxrss * RP_UNIT;
	return 0;
}

static int
rp_exists(int pid)
{
	return kill(pid, 0) == 0 || errno != ESRCH;
}

int
reactor__reap_ask(struct reactor_child *c)
{
	int error;

	if ((c->io.event.state & REACTOR__STARTED) != 0) {
		if (reactor__pidfd_wait(c->io.fd, c) == 0)
			return 0;
		if (errno == EAGAIN || errno == ECHILD)
			return errno;
		/* Linux 5.3 has pidfds, but cannot wait by them. */
		return rp_reap(c);
	}
	error = rp_reap(c);
	if (error == ECHILD && !c->ours && rp_exists(c->watched))
		error = EAGAIN;
	return error;
}

/* ---- Waiting ------------------------------------------------------------- */

static void
rp_signal(struct reactor *r, struct reactor_signal *signal,
    const struct reactor_signal_info *info)
{
	(void)signal;
	(void)info;
	reactor__child_scan(r);
}

static void
rp_timer(struct reactor *r, struct reactor_timer *timer)
{
	if (timer->every < RP_LATER / 2)
		timer->every *= 2;
	else
		timer->every = RP_LATER;
	/* It repeats, so it has its place: moving cannot fail. */
	(void)reactor_timer_start(r, timer, timer->every);
	reactor__child_scan(r);
}

static int
rp_start_signal(struct reactor *r)
{
	struct reactor_signal *signal = &r->children->signal;

	if (signal->event.state & REACTOR__STARTED)
		return 0;
	signal->event.name = "children";
	signal->event.priority = 2;
	signal->event.flags = REACTOR_BACKGROUND;
	signal->callback = rp_signal;
	signal->number = SIGCHLD;
	return reactor_signal_start(r, signal);
}

static int
rp_start_timer(struct reactor *r)
{
	struct reactor_timer *timer = &r->children->timer;

	timer->event.name = "children";
	timer->event.flags = REACTOR_BACKGROUND;
	timer->callback = rp_timer;
	timer->every = RP_SOON;
	return reactor_timer_start(r, timer, timer->every);
}

/* The signal comes first, so that whatever ends later is not missed. */
static int
rp_begin_blind(struct reactor *r, struct reactor_child *c)
{
	struct reactor__children *ch = r->children;
	int result = rp_start_signal(r);

	if (result == -1)
		return -1;
	c->error = rp_reap(c);
	c->ours = c->error != ECHILD;
	if (!c->ours && rp_exists(c->watched)) {
		result = rp_start_timer(r);
		ch->strangers += result == 0;
	} else if (c->error != EAGAIN) {
		result = 1;
	}
	if (result == 0)
		ch->blind++;
	else if (ch->blind == 0)
		reactor_signal_stop(r, &ch->signal);
	return result;
}

/* Not watched any more, perhaps because somebody closed it. */
static int
rp_lost(struct reactor *r, struct reactor_child *c)
{
	if (c->io.error != EBADF)
		(void)close(c->io.fd);
	c->error = ECHILD; /* unless more can be found out */
	if (rp_begin_blind(r, c) == 0)
		return EAGAIN;
	/* As reactor__reap_end will count it. */
	r->children->blind++;
	c->ours = 1;
	return c->error == EAGAIN ? ECHILD : c->error;
}

static void
rp_ready(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	struct reactor_child *c = REACTOR_OWNER(io, struct reactor_child, io);
	int error = ready & REACTOR_BAD ? rp_lost(r, c) : reactor__reap_ask(c);

	if (error != EAGAIN)
		reactor__child_end(r, c, error);
}

static int
rp_start_pidfd(struct reactor *r, struct reactor_child *c, int fd)
{
	c->io.timeout = NULL;
	c->io.event.priority = 0;
	return reactor__producer_start(r, &c->io, fd, rp_ready, "child");
}

int
reactor__reap_begin(struct reactor *r, struct reactor_child *c)
{
	int fd = reactor__pidfd_open(c->watched), error = errno;

	if (fd != -1) {
		if (rp_start_pidfd(r, c, fd) == 0)
			return 0;
		error = errno;
		(void)close(fd);
		errno = error;
		return -1;
	}
	switch (error) {
	case EINVAL: /* a thread, not a process */
	case EMFILE:
	case ENFILE:
	case ENOMEM:
		return -1;
	case ENOENT:
	case ESRCH:
		c->error = ECHILD;
		return 1;
	}
	return rp_begin_blind(r, c);
}

void
reactor__reap_end(struct reactor *r, struct reactor_child *owner)
{
	struct reactor__children *ch = r->children;

	if ((owner->io.event.state & REACTOR__STARTED) != 0) {
		reactor_io_stop(r, &owner->io);
		(void)close(owner->io.fd);
		return;
	}
	if (!owner->ours && --ch->strangers == 0)
		reactor_timer_stop(r, &ch->timer);
	if (--ch->blind == 0)
		reactor_signal_stop(r, &ch->signal);
}

void
reactor__reap_pass(
    struct reactor *r, struct reactor_child *owner, struct reactor_child *heir)
{
	heir->ours = owner->ours;
	if ((owner->io.event.state & REACTOR__STARTED) == 0)
		return;
	/* Cannot fail: the table has that descriptor already. */
	(void)rp_start_pidfd(r, heir, owner->io.fd);
	reactor_io_stop(r, &owner->io);
}
