/*
 * SPDX-License-Identifier: ISC
 *
 * alarm.c: deadlines on clocks other than the one that waits go by.  A timerfd
 * wakes the loop by such a clock and, for the time of day, whenever somebody
 * sets it.  Where there is none, the clock is looked at every second.
 */
#include <errno.h>
#include <unistd.h>
#include "reactor/internal.h"

#define AL_LOOK REACTOR_SECOND

static void
al_rang(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	uint64_t count;

	(void)r;
	if (ready & REACTOR_BAD) { /* from now on the clock is looked at */
		if (io->error != EBADF)
			(void)close(io->fd);
		return;
	}
	/* ECANCELED tells of a step of the clock: the heap is looked at next.
	 */
	(void)!read(io->fd, &count, sizeof(count));
	REACTOR_OWNER(io, struct reactor__heap, alarm)->armed = -1;
}

void
reactor__alarm_stop(struct reactor *r, int clock)
{
	struct reactor__heap *heap = &r->heaps[clock];

	if ((heap->alarm.event.state & REACTOR__STARTED) == 0)
		return;
	reactor_io_stop(r, &heap->alarm);
	(void)close(heap->alarm.fd);
}

/* Failing is no harm: without an alarm the clock is looked at now and then. */
void
reactor__alarm_start(struct reactor *r, int clock)
{
	struct reactor__heap *heap = &r->heaps[clock];
	int fd;

	if (heap->alarm.event.state & REACTOR__STARTED)
		return;
	heap->armed = -1;
	fd = reactor__timerfd(clock);
	if (fd != -1 &&
	    reactor__producer_start(r, &heap->alarm, fd, al_rang, "clock") ==
		-1)
		(void)close(fd);
}

int64_t
reactor__alarm_wait(struct reactor__heap *heap, int clock)
{
	int64_t now = reactor__clock(clock), left;

	if (heap->due[0].deadline <= now)
		return 0;
	left = heap->due[0].deadline - now;
	if ((heap->alarm.event.state & REACTOR__STARTED) == 0)
		return left < AL_LOOK ? left : AL_LOOK;
	if (heap->armed != heap->due[0].deadline &&
	    reactor__timerfd_set(heap->alarm.fd, heap->due[0].deadline) == 0)
		heap->armed = heap->due[0].deadline;
	return heap->armed == heap->due[0].deadline ? -1 : AL_LOOK;
}

/* An alarm is shared with the parent. */
void
reactor__alarm_forked(struct reactor *r, int clock)
{
	reactor__alarm_stop(r, clock);
	if (r->heaps[clock].length > 0)
		reactor__alarm_start(r, clock);
}
