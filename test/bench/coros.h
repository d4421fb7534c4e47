/*
 * SPDX-License-Identifier: ISC
 *
 * coros.h: THE interface between a benchmark of coroutines and a contestant.
 *
 * As in bench.h, a contestant is one const struct over one library, and with
 * the drivers in coros.c a program of its own:
 *
 *   CONTESTANT DRIVER KIND [ARGUMENT...]        build/bench/coro_boost switch -
 *
 * It prints lines "METRIC VALUE" for compare.c.  Whatever runs once per switch
 * is the contestant's own code, and what paths.h makes of it.
 */
#ifndef BENCH_COROS_H
#define BENCH_COROS_H

#include "test/bench/bench.h"

struct coros_contestant {
	size_t slower; /* does its work that many times less often; 0: 1 */

	/* Of that kind of context from now on; -1: there is none here. */
	int (*open)(const char *kind);
	/* Calls work() where the functions below can be called. */
	void (*run)(void (*work)(void));
	/*
	 * Runs n coroutines until all have ended, all of them always ready,
	 * first come, first served: number i does paths_run(i).
	 */
	void (*ready)(size_t n);
	/*
	 * Starts n coroutines, which do nothing but end, and waits for that;
	 * this many times.
	 */
	void (*spawn)(size_t n, size_t times);
	/* Starts n coroutines, and returns when all are suspended. */
	void (*park)(size_t n);
	/*
	 * Resumes one that stops at once, this many times; the same one in
	 * each call.  Not in run.  NULL: it cannot.
	 */
	void (*resume)(size_t times);
};

extern const struct coros_contestant coros_contestant;

/* ---- What each coroutine of `ready` does: paths.h ------------------------ */

#define COROS_PATHS 8

struct coros_job {
	size_t paths;        /* how many different ones; 0: the short one */
	size_t warm, rounds; /* yields of each, before and while measuring */
	int64_t began, ended;
	uint64_t sum; /* of what the paths return, to see that all ran */
};

#pragma GCC visibility push(hidden)
extern struct coros_job coros_job;
#pragma GCC visibility pop

/* Which path number i takes. */
static inline size_t
coros_path(size_t i)
{
	return coros_job.paths == 0 ? 0 : 1 + i % coros_job.paths;
}

/* Number 0 begins and ends a round: between the two are whole ones. */
static inline void
coros_began(size_t i)
{
	if (i == 0)
		coros_job.began = bench_now();
}

static inline void
coros_ended(size_t i, uint64_t sum)
{
	if (i == 0)
		coros_job.ended = bench_now();
	coros_job.sum += sum;
}

#endif
