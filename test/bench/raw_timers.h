/*
 * SPDX-License-Identifier: ISC
 *
 * raw_timers.h: the bare heap, driven.  Included by two contestants that
 * differ in HEAP_STRIDE.
 */
#ifndef BENCH_RAW_TIMERS_H
#define BENCH_RAW_TIMERS_H

#include <stdlib.h>
#include "test/bench/bench.h"
#include "test/bench/heap.h"

static struct heap rt_heap;
static uint32_t rt_count;
static size_t rt_room; /* for entries */

/*
 * Objects are touched, as they are by whoever has them; the heap itself grows
 * as it does in any loop.
 */
static int
rt_open(size_t n)
{
	rt_count = (uint32_t)n;
	rt_heap.index = bench_zeros(n, HEAP_STRIDE);
	memset(rt_heap.index, 1, n * HEAP_STRIDE);
	return 0;
}

static void
rt_grow(void)
{
	rt_room = rt_room > 0 ? 2 * rt_room : 64;
	rt_heap.entries =
	    realloc(rt_heap.entries, rt_room * sizeof(*rt_heap.entries));
	if (rt_heap.entries == NULL)
		bench_die("realloc");
}

static void
rt_insert(const int64_t *after)
{
	int64_t now = bench_now();
	uint32_t i;

	for (i = 0; i < rt_count; i++) {
		if (rt_heap.length == rt_room)
			rt_grow();
		heap_insert(&rt_heap, i, now + after[i]);
	}
}

static void
rt_restart(const int64_t *after, const uint32_t *order)
{
	int64_t now = bench_now();
	uint32_t i;

	for (i = 0; i < rt_count; i++)
		heap_move(&rt_heap, order[i], now + after[i]);
}

static void
rt_cancel(const uint32_t *order)
{
	uint32_t i;

	for (i = 0; i < rt_count; i++)
		heap_remove(&rt_heap, order[i]);
}

static void
rt_fire(void)
{
	int64_t now;

	do {
		now = bench_now();
		while (
		    rt_heap.length > 0 && rt_heap.entries[0].deadline <= now) {
			heap_remove(&rt_heap, rt_heap.entries[0].id);
			if (bench_timer_fired())
				return;
		}
	} while (1);
}

#endif
