/*
 * SPDX-License-Identifier: ISC
 *
 * paths.h: the ways by which a coroutine comes to its yield, for a contestant
 * that has defined PATHS_YIELD().  Path 0 yields from its own loop; each of the
 * others makes three calls to get there, and returns from all three before the
 * next: none of them shares its code with another.
 */
#ifndef BENCH_PATHS_H
#define BENCH_PATHS_H

#include "test/bench/coros.h"

/* What they return differs, so that no compiler makes one of two. */
#define PATHS_MAKE(k)                                                          \
	__attribute__((noinline)) static uint64_t paths_inner_##k(uint64_t x)  \
	{                                                                      \
		PATHS_YIELD();                                                 \
		return x + (k);                                                \
	}                                                                      \
	__attribute__((noinline)) static uint64_t paths_middle_##k(uint64_t x) \
	{                                                                      \
		return paths_inner_##k(x) + 16 * (k);                          \
	}                                                                      \
	__attribute__((noinline)) static uint64_t paths_outer_##k(uint64_t x)  \
	{                                                                      \
		return paths_middle_##k(x) + 256 * (k);                        \
	}                                                                      \
	static void paths_##k(size_t i)                                        \
	{                                                                      \
		uint64_t sum = 0;                                              \
		size_t n;                                                      \
                                                                               \
		for (n = coros_job.warm; n > 0; n--)                           \
			sum = paths_outer_##k(sum);                            \
		coros_began(i);                                                \
		for (n = coros_job.rounds; n > 0; n--)                         \
			sum = paths_outer_##k(sum);                            \
		coros_ended(i, sum);                                           \
	}

PATHS_MAKE(1)
PATHS_MAKE(2)
PATHS_MAKE(3)
PATHS_MAKE(4)
PATHS_MAKE(5)
PATHS_MAKE(6)
PATHS_MAKE(7)
PATHS_MAKE(8)

static void
paths_0(size_t i)
{
	size_t n;

	for (n = coros_job.warm; n > 0; n--)
		PATHS_YIELD();
	coros_began(i);
	for (n = coros_job.rounds; n > 0; n--)
		PATHS_YIELD();
	coros_ended(i, 0);
}

static inline void
paths_run(size_t i)
{
	static void (*const all[])(size_t) = { paths_0, paths_1, paths_2,
		paths_3, paths_4, paths_5, paths_6, paths_7, paths_8 };

	all[coros_path(i)](i);
}

#endif
