/*
 * SPDX-License-Identifier: ISC
 *
 * bench_libuv.c: libuv as a contestant, by its poll handles.  Its timers have
 * milliseconds, so there are fewer different deadlines to sort.
 */
#include <string.h>
#include <uv.h>
#include "test/bench/bench.h"

#define LU_MS(ns) ((uint64_t)((ns) + 999999) / 1000000)

static uv_loop_t lu_loop[2];

static int
lu_open(const char *backend)
{
	if (strcmp(backend, "epoll") != 0)
		return -1;
	return uv_loop_init(&lu_loop[0]) == 0 ? 0 : -1;
}

/* ---- Descriptors --------------------------------------------------------- */

static uv_poll_t *lu_ios;
static uv_timer_t *lu_timeouts;

static void
lu_idle_timer(uv_timer_t *timer)
{
	uv_stop(timer->loop);
}

static void
lu_ring(uv_poll_t *io, int status, int ready)
{
	(void)status;
	(void)ready;
	if (bench_ring_pass((size_t)(io - lu_ios)))
		uv_stop(io->loop);
}

static void
lu_ring_timer(uv_poll_t *io, int status, int ready)
{
	size_t i = (size_t)(io - lu_ios);

	(void)status;
	(void)ready;
	(void)uv_timer_start(
	    &lu_timeouts[i], lu_idle_timer, LU_MS(bench_ring_timeout()), 0);
	if (bench_ring_pass(i))
		uv_stop(io->loop);
}

static void
lu_echo(uv_poll_t *io, int status, int ready)
{
	(void)status;
	(void)ready;
	if (bench_echo_serve((size_t)(io - lu_ios)))
		uv_stop(io->loop);
}

static void
lu_idle(uv_poll_t *io, int status, int ready)
{
	(void)status;
	(void)ready;
	uv_stop(io->loop);
}

static int
lu_start_timers(size_t n)
{
	size_t i;

	lu_timeouts = bench_zeros(n, sizeof(*lu_timeouts));
	for (i = 0; i < n; i++)
		if (uv_timer_init(&lu_loop[0], &lu_timeouts[i]) != 0 ||
		    uv_timer_start(&lu_timeouts[i], lu_idle_timer,
			LU_MS(bench_ring_timeout()), 0) != 0)
			return -1;
	return 0;
}

static int
lu_watch(const int *fds, size_t n, enum bench_work work)
{
	static const uv_poll_cb works[] = {
		[BENCH_RING] = lu_ring,
		[BENCH_RING_TIMER] = lu_ring_timer,
		[BENCH_ECHO] = lu_echo,
		[BENCH_IDLE] = lu_idle,
		[BENCH_IDLE_TIMER] = lu_idle,
	};
	size_t i;

	lu_ios = bench_zeros(n, sizeof(*lu_ios));
	for (i = 0; i < n; i++)
		if (uv_poll_init(&lu_loop[0], &lu_ios[i], fds[i]) != 0 ||
		    uv_poll_start(&lu_ios[i], UV_READABLE, works[work]) != 0)
			return -1;
	if (work == BENCH_RING_TIMER || work == BENCH_IDLE_TIMER)
		return lu_start_timers(n);
	return 0;
}

static void
lu_run(void)
{
	(void)uv_run(&lu_loop[0], UV_RUN_DEFAULT);
}

/* ---- Timers -------------------------------------------------------------- */

static uv_timer_t *lu_timers;
static size_t lu_count;

static void
lu_fired(uv_timer_t *timer)
{
	if (bench_timer_fired())
		uv_stop(timer->loop);
}

static int
lu_timers_open(size_t n)
{
	size_t i;

	lu_count = n;
	if (lu_open("epoll") == -1)
		return -1;
	lu_timers = bench_zeros(n, sizeof(*lu_timers));
	for (i = 0; i < n; i++)
		if (uv_timer_init(&lu_loop[0], &lu_timers[i]) != 0)
			return -1;
	return 0;
}

static void
lu_timers_insert(const int64_t *after)
{
	size_t i;

	uv_update_time(&lu_loop[0]);
	for (i = 0; i < lu_count; i++)
		if (uv_timer_start(
			&lu_timers[i], lu_fired, LU_MS(after[i]), 0) != 0)
			bench_die("uv_timer_start");
}

static void
lu_timers_restart(const int64_t *after, const uint32_t *order)
{
	size_t i;

	uv_update_time(&lu_loop[0]);
	for (i = 0; i < lu_count; i++)
		if (uv_timer_start(&lu_timers[order[i]], lu_fired,
			LU_MS(after[i]), 0) != 0)
			bench_die("uv_timer_start");
}

static void
lu_timers_cancel(const uint32_t *order)
{
	size_t i;

	for (i = 0; i < lu_count; i++)
		(void)uv_timer_stop(&lu_timers[order[i]]);
}

/* ---- Posts --------------------------------------------------------------- */

static uv_async_t lu_posts[2];

static void
lu_posted(uv_async_t *post)
{
	if (bench_posted((int)(post - lu_posts)))
		uv_stop(post->loop);
}

static int
lu_post_open(const char *backend)
{
	int k;

	if (strcmp(backend, "epoll") != 0)
		return -1;
	for (k = 0; k < 2; k++)
		if (uv_loop_init(&lu_loop[k]) != 0 ||
		    uv_async_init(&lu_loop[k], &lu_posts[k], lu_posted) != 0)
			return -1;
	return 0;
}

static void
lu_post_send(int k, long count)
{
	for (; count > 0; count--)
		(void)uv_async_send(&lu_posts[k]);
}

static void
lu_post_run(int k)
{
	(void)uv_run(&lu_loop[k], UV_RUN_DEFAULT);
}

static void
lu_post_poll(int k)
{
	(void)uv_run(&lu_loop[k], UV_RUN_NOWAIT);
}

static void
lu_sizes(void)
{
	bench_print("handler", sizeof(uv_poll_t));
	bench_print("timer", sizeof(uv_timer_t));
}

const struct bench_contestant bench_contestant = {
	.name = "libuv",
	.open = lu_open,
	.watch = lu_watch,
	.run = lu_run,
	.timers_open = lu_timers_open,
	.timers_insert = lu_timers_insert,
	.timers_restart = lu_timers_restart,
	.timers_cancel = lu_timers_cancel,
	.timers_fire = lu_run,
	.post_open = lu_post_open,
	.post_send = lu_post_send,
	.post_run = lu_post_run,
	.post_poll = lu_post_poll,
	.sizes = lu_sizes,
};
