/*
 * SPDX-License-Identifier: ISC
 *
 * timers.c: N timers, each operation on all of them: insert, restart, cancel,
 * and take out what is due.
 *
 *   timers BACKEND [N [STEPS]]
 *
 * Deadlines are random, and so is the order of restart and cancel: neither the
 * processor's caches nor a heap know what comes next.  Fewer STEPS
 * than 5 (open, insert, restart, cancel, fire) are for counting instructions.
 */
#include <time.h>
#include "test/bench/bench.h"

#define TI_MINUTE INT64_C(60000000000)
#define TI_SOON   INT64_C(50000000)
#define TI_GRAIN  INT64_C(5000000) /* some count in milliseconds */

size_t bench_timers_left;

static size_t ti_count;
static uint64_t ti_random = 88172645463325252u;

static uint64_t
ti_next(void)
{
	ti_random ^= ti_random << 13;
	ti_random ^= ti_random >> 7;
	ti_random ^= ti_random << 17;
	return ti_random;
}

/* From `least` to less than least + spread ns. */
static const int64_t *
ti_deadlines(int64_t least, int64_t spread)
{
	int64_t *after = bench_zeros(ti_count, sizeof(*after));
	size_t i;

	for (i = 0; i < ti_count; i++)
		after[i] = least + (int64_t)(ti_next() % (uint64_t)spread);
	return after;
}

/* A permutation: as connections come and go, not as they lie in memory. */
static const uint32_t *
ti_shuffled(void)
{
	uint32_t *order = bench_zeros(ti_count, sizeof(*order));
	size_t i, j;

	for (i = 0; i < ti_count; i++) {
		j = (size_t)(ti_next() % (i + 1));
		order[i] = order[j];
		order[j] = (uint32_t)i;
	}
	return order;
}

static void
ti_print(const char *metric, int64_t began)
{
	int64_t ns = bench_now() - began;

	bench_print(metric, (double)ns / (double)ti_count);
}

static void
ti_insert(const int64_t *after)
{
	int64_t began = bench_now();

	bench_contestant.timers_insert(after);
	ti_print("insert-ns", began);
}

static void
ti_restart(const int64_t *after, const uint32_t *order)
{
	int64_t began = bench_now();

	bench_contestant.timers_restart(after, order);
	ti_print("restart-ns", began);
}

static void
ti_cancel(const uint32_t *order)
{
	int64_t began = bench_now();

	bench_contestant.timers_cancel(order);
	ti_print("cancel-ns", began);
}

/* All are due before the loop looks: measured is the taking out alone. */
static void
ti_fire(const int64_t *soon)
{
	struct timespec span = { 0, TI_SOON + TI_GRAIN };
	int64_t began;

	bench_timers_left = ti_count;
	bench_contestant.timers_insert(soon);
	(void)nanosleep(&span, NULL);
	began = bench_now();
	bench_contestant.timers_fire();
	ti_print("fire-ns", began);
}

int
bench_timers(int argc, char **argv)
{
	const int64_t *first, *then, *soon;
	const uint32_t *order;
	size_t steps = bench_number(argc, argv, 4, 5);

	ti_count = bench_number(argc, argv, 3, 1000000);
	first = ti_deadlines(TI_MINUTE, TI_MINUTE);
	then = ti_deadlines(TI_MINUTE, TI_MINUTE);
	soon = ti_deadlines(0, TI_SOON);
	order = ti_shuffled();
	if (bench_contestant.timers_open == NULL ||
	    bench_contestant.timers_open(ti_count) == -1)
		bench_skip("no timers");
	if (steps > 1)
		ti_insert(first);
	if (steps > 2)
		ti_restart(then, order);
	if (steps > 3)
		ti_cancel(order);
	if (steps > 4)
		ti_fire(soon);
	return 0;
}
