/*
 * SPDX-License-Identifier: ISC
 *
 * clock.h: a clock that the test sets.  The program's own clock_gettime takes
 * the place of libc's, for the library that is linked into it too.
 */
#ifndef TEST_CLOCK_H
#define TEST_CLOCK_H

#include <sys/syscall.h>
#include "test/loop.h"

static int clock_frozen; /* monotonic and boot time stand at clock_at */
static int64_t clock_at = 1000 * REACTOR_SECOND;
static int64_t clock_step; /* of the wall clock */
static int clock_reads;

/* The kernel's struct, which is libc's on machines of 64 bits. */
static int64_t
clock_real(clockid_t id)
{
	struct timespec now = { 0, 0 };

	(void)syscall(SYS_clock_gettime, id, &now);
	return (int64_t)now.tv_sec * REACTOR_SECOND + now.tv_nsec;
}

int
clock_gettime(clockid_t id, struct timespec *now)
{
	int64_t ns = clock_real(id);

	clock_reads++;
	if (clock_frozen && id != CLOCK_REALTIME)
		ns = clock_at;
	else if (id == CLOCK_REALTIME)
		ns += clock_step;
	now->tv_sec = (time_t)(ns / REACTOR_SECOND);
	now->tv_nsec = (long)(ns % REACTOR_SECOND);
	return 0;
}

#endif
