/*
 * SPDX-License-Identifier: ISC
 *
 * bench_raw.c: the contestant that every ratio is to: a loop written by hand,
 * with no more in it than the benchmark needs.
 */
#include <stdlib.h>
#include <string.h>
#include "test/bench/raw.h"
#include "test/bench/raw_timers.h"

static const struct raw_wait *ra_wait;
static int64_t ra_now;

static int
ra_open(const char *backend)
{
	static const struct raw_wait *const waits[] = { &raw_epoll, &raw_poll,
		&raw_select };
	size_t i;

	for (i = 0; i < sizeof(waits) / sizeof(*waits); i++)
		if (strcmp(backend, waits[i]->name) == 0) {
			ra_wait = waits[i];
			return ra_wait->open();
		}
	return -1;
}

static int
ra_ring(size_t i)
{
	return bench_ring_pass(i);
}

static int
ra_ring_timer(size_t i)
{
	heap_move(&rt_heap, (uint32_t)i, ra_now + bench_ring_timeout());
	return bench_ring_pass(i);
}

static int
ra_echo(size_t i)
{
	return bench_echo_serve(i);
}

static int
ra_idle(size_t i)
{
	(void)i;
	return 1;
}

static int (*ra_work)(size_t i);

static void
ra_start_timers(size_t n)
{
	int64_t *after = bench_zeros(n, sizeof(*after));
	size_t i;

	rt_open(n);
	for (i = 0; i < n; i++)
		after[i] = bench_ring_timeout();
	rt_insert(after);
	free(after);
}

static int
ra_watch(const int *fds, size_t n, enum bench_work work)
{
	static int (*const works[])(size_t) = {
		[BENCH_RING] = ra_ring,
		[BENCH_RING_TIMER] = ra_ring_timer,
		[BENCH_ECHO] = ra_echo,
		[BENCH_IDLE] = ra_idle,
		[BENCH_IDLE_TIMER] = ra_idle,
	};
	size_t i;

	ra_work = works[work];
	for (i = 0; i < n; i++)
		if (ra_wait->add(fds[i], i) == -1)
			return -1;
	if (work == BENCH_RING_TIMER || work == BENCH_IDLE_TIMER)
		ra_start_timers(n);
	return 0;
}

/* No timer expires in a ring: a program would stop here if one did. */
static void
ra_run_timers(void)
{
	int64_t left;

	do {
		ra_now = bench_now();
		left = rt_heap.entries[0].deadline - ra_now;
		if (left <= 0)
			bench_skip("a timer of 10 s has expired");
	} while (!ra_wait->wait((int)((left + 999999) / 1000000), ra_work));
}

static void
ra_run(void)
{
	if (rt_heap.length > 0)
		ra_run_timers();
	else
		while (!ra_wait->wait(-1, ra_work))
			continue;
}

static void
ra_sizes(void)
{
	bench_print("handler", 0);
	bench_print("per_descriptor", 0);
	bench_print("timer", HEAP_STRIDE);
	bench_print("per_timer", sizeof(struct heap_entry));
}

const struct bench_contestant bench_contestant = {
	.name = "raw",
	.open = ra_open,
	.watch = ra_watch,
	.run = ra_run,
	.timers_open = rt_open,
	.timers_insert = rt_insert,
	.timers_restart = rt_restart,
	.timers_cancel = rt_cancel,
	.timers_fire = rt_fire,
	.post_open = raw_post_open,
	.post_send = raw_post_send,
	.post_run = raw_post_run,
	.post_poll = raw_post_poll,
	.sizes = ra_sizes,
};
