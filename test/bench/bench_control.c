/*
 * SPDX-License-Identifier: ISC
 *
 * bench_control.c: the bare heap once more, but where a timer stands is kept
 * within an object of 56 bytes, as it is where the caller owns the timers.
 * What that costs in cache misses is not the library's to save.
 */
#define HEAP_STRIDE 56
#include "test/bench/raw_timers.h"

static int
co_open(const char *backend)
{
	(void)backend;
	return -1;
}

static void
co_sizes(void)
{
	bench_print("timer", HEAP_STRIDE);
	bench_print("per_timer", sizeof(struct heap_entry));
}

const struct bench_contestant bench_contestant = {
	.name = "control",
	.open = co_open,
	.timers_open = rt_open,
	.timers_insert = rt_insert,
	.timers_restart = rt_restart,
	.timers_cancel = rt_cancel,
	.timers_fire = rt_fire,
	.sizes = co_sizes,
};
