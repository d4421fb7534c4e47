/*
 * SPDX-License-Identifier: ISC
 *
 * io.c: the handler of a descriptor: started, stopped, fired, timed out.
 */
#include <errno.h>
#include <stdio.h>
#include "reactor/internal.h"

#define IO_WANTED (REACTOR_READ | REACTOR_WRITE | REACTOR_URGENT)

static void io_fire_special(struct reactor *, struct reactor_event *);

/* Nothing came in time: the timer of an io. */
static void
io_late(struct reactor *r, struct reactor_timer *timer)
{
	struct reactor_io *io = r->slots[timer->event.mark].first;

	while (io != NULL && io->timeout != timer)
		io = io->next;
	if (io == NULL) { /* it was given another meanwhile */
		reactor_timer_stop(r, timer);
		return;
	}
	if (io->event.state & REACTOR__QUEUED)
		return;
	io->event.mark |= REACTOR_TIMEOUT;
	io_fire_special(r, &io->event);
}

static int
io_start_timeout(struct reactor *r, struct reactor_io *io)
{
	struct reactor_timer *timer = io->timeout;

	if (timer == NULL)
		return 0;
	if (timer->every <= 0) {
		errno = EINVAL;
		return -1;
	}
	timer->event.flags |= REACTOR_BACKGROUND;
	timer->callback = io_late;
	if (reactor_timer_start(r, timer, timer->every) == -1)
		return -1;
	timer->event.mark = (unsigned)io->fd;
	return 0;
}

static int
io_check(const struct reactor *r, const struct reactor_io *io, unsigned kind)
{
	unsigned known =
	    kind == REACTOR__PRODUCER ? IO_WANTED | REACTOR__EDGE : IO_WANTED;

	if (io->fd < 0)
		errno = EBADF;
	else if (io->wanted == 0 || (io->wanted & ~known) != 0)
		errno = EINVAL;
	else if ((io->wanted & ~r->backend->interests) != 0)
		errno = ENOTSUP;
	else
		return reactor__startable(&io->event);
	return -1;
}

static int
io_start(struct reactor *r, struct reactor_io *io, unsigned kind)
{
	if (io_check(r, io, kind) == -1 ||
	    reactor__handler_reserve(r, io) == -1 ||
	    io_start_timeout(r, io) == -1)
		return -1;
	reactor__handler_link(r, io);
	io->event.mark = 0;
	io->error = 0;
	reactor__started(r, &io->event, kind);
	return 0;
}

int
reactor_io_start(struct reactor *r, struct reactor_io *io)
{
	int special = io->timeout != NULL || io->event.flags & REACTOR_ONESHOT;

	return io_start(r, io, special ? REACTOR__IO_SPECIAL : REACTOR__IO);
}

static void
io_stop_timeout(struct reactor *r, struct reactor_io *io)
{
	if (io->timeout != NULL)
		reactor_timer_stop(r, io->timeout);
}

void
reactor_io_stop(struct reactor *r, struct reactor_io *io)
{
	if (io->event.state & REACTOR__STARTED) {
		reactor__handler_unlink(r, io);
		io_stop_timeout(r, io);
	}
	reactor__stopped(r, &io->event);
	reactor__handler_release(r, io->fd);
}

/* It is not watched any more, and in no list but, soon, the queue's. */
void
reactor__io_bad(struct reactor *r, struct reactor_io *io, int error)
{
	io_stop_timeout(r, io);
	io->error = (unsigned short)error;
	io->event.state &= (unsigned char)~REACTOR__STARTED;
	if (io->event.kind == REACTOR__PRODUCER) {
		reactor__stopped(r, &io->event);
		io->callback(r, io, REACTOR_BAD);
		return;
	}
	io->event.kind = REACTOR__IO_SPECIAL;
	io->event.state |= REACTOR__LAST;
	io->event.mark = REACTOR_BAD;
	reactor__queue(r, &io->event);
}

int
reactor__producer_start(struct reactor *r, struct reactor_io *io, int fd,
    reactor_io_fn *callback, const char *name)
{
	io->event.name = name;
	io->event.flags = REACTOR_BACKGROUND;
	io->callback = callback;
	io->fd = fd;
	io->wanted &= REACTOR__EDGE & r->backend->interests;
	io->wanted |= REACTOR_READ;
	if (io_start(r, io, REACTOR__PRODUCER) == -1)
		return -1;
	io->event.state |= REACTOR__DIRECT;
	return 0;
}

static void
io_fire(struct reactor *r, struct reactor_event *event)
{
	struct reactor_io *io = (struct reactor_io *)event;
	unsigned ready = event->mark;

	event->mark = 0;
	io->callback(r, io, ready);
}

static void
io_fire_special(struct reactor *r, struct reactor_event *event)
{
	struct reactor_io *io = (struct reactor_io *)event;
	unsigned ready = event->mark;

	event->mark = 0;
	if (event->state & REACTOR__LAST) {
		reactor__stopped(r, event);
	} else if (event->flags & REACTOR_ONESHOT) {
		/* The callback may start it again: the backend hears later. */
		reactor__handler_unlink(r, io);
		io_stop_timeout(r, io);
		reactor__stopped(r, event);
	} else if (io->timeout != NULL && (ready & REACTOR_TIMEOUT) == 0) {
		(void)reactor_timer_start(r, io->timeout, io->timeout->every);
	}
	io->callback(r, io, ready);
}

static void
io_stop(struct reactor *r, struct reactor_event *event)
{
	reactor_io_stop(r, (struct reactor_io *)event);
}

static int
io_feed(struct reactor *r, struct reactor_event *event, unsigned ready)
{
	ready &= ((struct reactor_io *)event)->interest;
	if (ready == 0) {
		errno = EINVAL;
		return -1;
	}
	event->mark |= ready;
	reactor__queue(r, event);
	return 0;
}

static void
io_each(struct reactor *r, reactor__visit_fn *visit, void *context)
{
	struct reactor_io *io, *next;
	size_t fd;

	for (fd = 0; fd < r->nslots; fd++)
		for (io = r->slots[fd].first; io != NULL; io = next) {
			next = io->next;
			if (io->event.kind != REACTOR__PRODUCER)
				visit(r, &io->event, context);
		}
}

static void
io_describe(const struct reactor_event *event, char *text, size_t size)
{
	const struct reactor_io *io = (const struct reactor_io *)event;

	(void)snprintf(text, size, "fd %d%s%s%s", io->fd,
	    io->interest & REACTOR_READ ? " read" : "",
	    io->interest & REACTOR_WRITE ? " write" : "",
	    io->interest & REACTOR_URGENT ? " urgent" : "");
}

const struct reactor__kind reactor__kind_io = {
	.name = "io",
	.fire = io_fire,
	.stop = io_stop,
	.each = io_each,
	.feed = io_feed,
	.describe = io_describe,
};

const struct reactor__kind reactor__kind_io_special = {
	.name = "io",
	.fire = io_fire_special,
	.stop = io_stop,
	.feed = io_feed,
	.describe = io_describe,
};

const struct reactor__kind reactor__kind_producer = {
	.name = "producer",
	.stop = io_stop,
	.describe = io_describe,
};
