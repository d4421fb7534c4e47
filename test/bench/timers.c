/*
 * SPDX-License-Identifier: ISC
 *
 * timers.c: N timers, each operation on all of them: insert, restart, cancel,
 * and take out what is due.
 *
 *   timers BACKEND [N]
 *
 * Deadlines are random, and so is the order of restart and cancel: neither the
 * processor's caches nor a heap know what comes next.
 */
#include "test/bench/bench.h"

#define TI_MINUTE INT64_C(60000000000)
#define TI_SOON   INT64_C(50000000)
#define TI_GRAIN  INT64_C(5000000) /* some count in milliseconds */

size_t bench_timers_left;

static size_t ti_count;
static int64_t *ti_after;
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
	size_t i;

	for (i = 0; i < ti_count; i++) {
		ti_after[i] = least + (int64_t)(ti_next() % (uint64_t)spread);
	}
	return ti_after;
}

static void
ti_print(const char *metric, int64_t began)
{
	bench_print(
	    metric, (double)(bench_now() - began) / (double)ti_count);
}

/* All are due before the loop looks: measured is the taking out alone. */
static void
ti_fire(void)
{
	const int64_t *after = ti_deadlines(0, TI_SOON);
	int64_t began;

	bench_timers_left = ti_count;
	bench_contestant.timers_insert(after);
	for (began = bench_now(); bench_now() - began < TI_SOON + TI_GRAIN;)
		continue;
	began = bench_now();
	bench_contestant.timers_fire();
	ti_print("fire", began);
}

/* A permutation: as connections come and go, not as they lie in memory. */
static const uint32_t *
ti_shuffled(void)
{
	uint32_t *order = bench_zeros(ti_count, sizeof(*order)), other;
	size_t i, j;

	for (i = 0; i < ti_count; i++) {
		j = (size_t)(ti_next() % (i + 1));
		other = order[j];
		order[j] = (uint32_t)i;
		if (j != i)
			order[i] = other;
	}
	return order;
}

int
bench_timers(int argc, char **argv)
{
	const uint32_t *order;
	const int64_t *after;
	int64_t began;

	ti_count = bench_number(argc, argv, 3, 1000000);
	ti_after = bench_zeros(ti_count, sizeof(*ti_after));
	order = ti_shuffled();
	if (bench_contestant.timers_open == NULL ||
	    bench_contestant.timers_open(ti_count) == -1)
		bench_skip("no timers");

	after = ti_deadlines(TI_MINUTE, TI_MINUTE);
	began = bench_now();
	bench_contestant.timers_insert(after);
	ti_print("insert", began);

	after = ti_deadlines(TI_MINUTE, TI_MINUTE);
	began = bench_now();
	bench_contestant.timers_restart(after, order);
	ti_print("restart", began);

	began = bench_now();
	bench_contestant.timers_cancel(order);
	ti_print("cancel", began);

	ti_fire();
	return 0;
}
