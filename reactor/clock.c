/*
 * SPDX-License-Identifier: ISC
 *
 * clock.c: the only place where time is read.
 */
#include <time.h>
#include "reactor/internal.h"

#ifndef CLOCK_BOOTTIME
#define CLOCK_BOOTTIME CLOCK_MONOTONIC
#endif
#ifndef CLOCK_MONOTONIC_COARSE
#define CLOCK_MONOTONIC_COARSE CLOCK_MONOTONIC
#endif

static const clockid_t ck_id[] = {
	[REACTOR__MONOTONIC] = CLOCK_MONOTONIC,
	[REACTOR__WALL] = CLOCK_REALTIME,
	[REACTOR__BOOT] = CLOCK_BOOTTIME,
	[REACTOR__COARSE] = CLOCK_MONOTONIC_COARSE,
};

int64_t
reactor__clock(int clock)
{
	struct timespec ts = { 0, 0 };

	(void)clock_gettime(ck_id[clock], &ts);
	return (int64_t)ts.tv_sec * REACTOR_SECOND + ts.tv_nsec;
}

int64_t
reactor__read_clock(struct reactor *r)
{
	r->fresh = r->handlers;
	r->now = reactor__clock(REACTOR__MONOTONIC);
	return r->now;
}

void
reactor_now_update(struct reactor *r)
{
	reactor__time_passes(r);
}

int64_t
reactor_now(struct reactor *r)
{
	return reactor__now(r);
}
