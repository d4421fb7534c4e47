/*
 * SPDX-License-Identifier: ISC
 *
 * coro_st.c: State Threads as a contestant.  It has no yield that leaves the
 * clock and the heap of timers alone, so each thread wakes the one that waits
 * and waits itself: always one waits, and the others are in its ready queue.
 * Each wait is at another condition of a ring, as who was woken is in the list
 * of a condition, and looked at, until it runs.
 */
#include <st.h>
#include <stdint.h>
#include "test/bench/coros.h"

#define PATHS_YIELD() sc_yield()

static st_cond_t *sc_ring, sc_done;
static size_t sc_size, sc_turn, sc_left;

static inline void
sc_yield(void)
{
	(void)st_cond_signal(sc_ring[sc_turn]);
	sc_turn = sc_turn + 1 < sc_size ? sc_turn + 1 : 0;
	(void)st_cond_wait(sc_ring[sc_turn]);
}

#include "test/bench/paths.h"

static int
sc_open(const char *kind)
{
	(void)kind;
	if (st_init() == -1)
		bench_die("st_init");
	sc_done = st_cond_new();
	return 0;
}

static void
sc_run(void (*work)(void))
{
	work();
}

/* Starts n, and waits until that many have called sc_count. */
static void
sc_many(size_t n, void *(*body)(void *))
{
	size_t i;

	sc_left = n;
	for (i = 0; i < n; i++)
		if (st_thread_create(body, (void *)(uintptr_t)i, 0, 0) == NULL)
			bench_die("st_thread_create");
	(void)st_cond_wait(sc_done);
}

static void
sc_count(void)
{
	if (--sc_left == 0)
		(void)st_cond_signal(sc_done);
}

static void *
sc_path(void *argument)
{
	paths_run((size_t)(uintptr_t)argument);
	(void)st_cond_signal(sc_ring[sc_turn]);
	sc_count();
	return NULL;
}

static void *
sc_nothing(void *argument)
{
	sc_count();
	return argument;
}

static void *
sc_suspended(void *argument)
{
	sc_count();
	(void)st_cond_wait(sc_ring[0]);
	return argument;
}

static void
sc_conditions(size_t n)
{
	sc_ring = bench_zeros(n, sizeof(*sc_ring));
	for (sc_size = 0; sc_size < n; sc_size++)
		sc_ring[sc_size] = st_cond_new();
}

static void
sc_ready(size_t n)
{
	sc_conditions(n + 1);
	sc_many(n, sc_path);
}

static void
sc_spawn(size_t n, size_t times)
{
	for (; times > 0; times--)
		sc_many(n, sc_nothing);
}

static void
sc_park(size_t n)
{
	sc_conditions(1);
	sc_many(n, sc_suspended);
}

const struct coros_contestant coros_contestant = {
	.open = sc_open,
	.run = sc_run,
	.ready = sc_ready,
	.spawn = sc_spawn,
	.park = sc_park,
};
