/*
 * SPDX-License-Identifier: ISC
 *
 * executors.h: THE interface between a benchmark of executors and a contestant.
 *
 * As in bench.h, a contestant is one const struct over one library, and with
 * the drivers in executors.c a program of its own:
 *
 *   CONTESTANT DRIVER KIND [ARGUMENT...]     build/bench/exec_uv loop threads
 *
 * It prints lines "METRIC VALUE" for compare.c.
 */
#ifndef BENCH_EXECUTORS_H
#define BENCH_EXECUTORS_H

#include "test/bench/bench.h"

struct executors_contestant {
	/* That many workers, threads or processes; -1: there are none here. */
	int (*open)(const char *kind, unsigned workers);
	/*
	 * Runs n empty jobs, at most `ahead` of them at a time: a thread waits
	 * for the oldest, then submits the next.  NULL: it cannot.
	 */
	void (*wait)(size_t n, size_t ahead);
	/* The same in a loop, whose callback at the end of a job submits one. */
	void (*loop)(size_t n, size_t ahead);
	/* Number 0 to n - 1 each to executors_crunch: the sum of the results. */
	uint64_t (*crunch)(size_t n);
	void (*close)(void);
};

extern const struct executors_contestant executors_contestant;

/* Some milliseconds of work for a processor, and none for the memory. */
uint64_t executors_crunch(uint64_t number);

#endif
