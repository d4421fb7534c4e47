/*
 * SPDX-License-Identifier: ISC
 *
 * ready.c: what the backend found ready enters the event queue.
 */
#include <errno.h>
#include "reactor/internal.h"

/*
 * Nothing that a handler wants.  If that is because the backend found out in
 * its wait that it cannot watch the descriptor, all handlers hear of it.
 */
static __attribute__((noinline)) int
rd_lost(struct reactor *r, const struct reactor_ready *ready)
{
	struct reactor__slot *slot = &r->slots[ready->fd];

	if ((ready->mask & REACTOR_BAD) == 0)
		return 0;
	if (ready->error != EPERM) {
		reactor__handler_bad(r, ready->fd, ready->error);
		return 1;
	}
	slot->registered = 0;
	slot->state |= REACTOR__ALWAYS;
	reactor__handler_change(r, ready->fd);
	return 1;
}

/* A producer is called at once; a handler that is queued learns more. */
static __attribute__((noinline)) void
rd_deliver_slowly(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	if (io->event.state & REACTOR__DIRECT)
		io->callback(r, io, ready);
	else
		io->event.mark |= ready;
}

static __attribute__((always_inline)) inline void
rd_deliver(struct reactor *r, struct reactor_io *io, unsigned ready, int traced)
{
	if (io->event.state & (REACTOR__QUEUED | REACTOR__DIRECT)) {
		rd_deliver_slowly(r, io, ready);
		return;
	}
	io->event.mark |= ready;
	reactor__queue_put(&r->queue, &io->event);
	if (traced)
		reactor__trace_queue(r, &io->event);
}

/* The hot path: what is rare is found out by what is wanted being nothing. */
static __attribute__((always_inline)) inline void
rd_ready(
    struct reactor *r, const struct reactor_ready *ready, int n, int traced)
{
	const struct reactor_ready *end = ready + n;
	struct reactor_io *io, *next;
	unsigned mask;

	for (; ready < end; ready++) {
		mask = ready->mask;
		for (io = r->slots[ready->fd].first; io != NULL; io = next) {
			next = io->next;
			if (mask & io->interest)
				rd_deliver(r, io, mask & io->interest, traced);
			else if (rd_lost(r, ready))
				break;
		}
	}
}

void
reactor__ready(struct reactor *r, const struct reactor_ready *ready, int n)
{
	r->events += (unsigned)n;
	if (r->trace != NULL)
		rd_ready(r, ready, n, 1);
	else
		rd_ready(r, ready, n, 0);
}

/*
 * Check handlers ran after these records were made: a number with a handler
 * started since then may be another file.  What is forgotten here is reported
 * again by the next wait.
 */
int
reactor__ready_recheck(struct reactor *r, struct reactor_ready *ready, int n)
{
	int i, kept = 0;

	for (i = 0; i < n; i++)
		if ((r->slots[ready[i].fd].state & REACTOR__FRESH) == 0)
			ready[kept++] = ready[i];
	return kept;
}

void
reactor__ready_always(struct reactor *r)
{
	struct reactor_ready ready = { 0, REACTOR_READ | REACTOR_WRITE, 0 };

	for (ready.fd = r->changes; ready.fd != -1;
	     ready.fd = r->slots[ready.fd].next)
		if ((r->slots[ready.fd].state &
			(REACTOR__ALWAYS | REACTOR__FRESH)) == REACTOR__ALWAYS)
			reactor__ready(r, &ready, 1);
}
