/*
 * SPDX-License-Identifier: ISC
 *
 * bench_libev.c: libev as a contestant.
 */
#include <ev.h>
#include <string.h>
#include "test/bench/bench.h"

#define LE_SECONDS(ns) ((ev_tstamp)(ns)*1e-9)

static struct ev_loop *le_loop[2];

static struct ev_loop *
le_new(const char *backend)
{
	static const struct {
		const char *name;
		unsigned flag;
	} backends[] = { { "epoll", EVBACKEND_EPOLL },
		{ "poll", EVBACKEND_POLL }, { "select", EVBACKEND_SELECT } };
	size_t i;

	for (i = 0; i < sizeof(backends) / sizeof(*backends); i++)
		if (strcmp(backend, backends[i].name) == 0)
			return ev_loop_new(backends[i].flag);
	return NULL;
}

static int
le_open(const char *backend)
{
	le_loop[0] = le_new(backend);
	return le_loop[0] == NULL ? -1 : 0;
}

/* ---- Descriptors --------------------------------------------------------- */

static ev_io *le_ios;
static ev_timer *le_timeouts;

static void
le_ring(struct ev_loop *loop, ev_io *io, int ready)
{
	(void)ready;
	if (bench_ring_pass((size_t)(io - le_ios)))
		ev_break(loop, EVBREAK_ONE);
}

static void
le_ring_timer(struct ev_loop *loop, ev_io *io, int ready)
{
	size_t i = (size_t)(io - le_ios);

	(void)ready;
	le_timeouts[i].repeat = LE_SECONDS(bench_ring_timeout());
	ev_timer_again(loop, &le_timeouts[i]);
	if (bench_ring_pass(i))
		ev_break(loop, EVBREAK_ONE);
}

static void
le_echo(struct ev_loop *loop, ev_io *io, int ready)
{
	(void)ready;
	if (bench_echo_serve((size_t)(io - le_ios)))
		ev_break(loop, EVBREAK_ONE);
}

static void
le_idle(struct ev_loop *loop, ev_io *io, int ready)
{
	(void)io;
	(void)ready;
	ev_break(loop, EVBREAK_ONE);
}

static void
le_timeout(struct ev_loop *loop, ev_timer *timer, int ready)
{
	(void)timer;
	(void)ready;
	ev_break(loop, EVBREAK_ONE);
}

static void
le_start_timers(size_t n)
{
	size_t i;

	le_timeouts = bench_zeros(n, sizeof(*le_timeouts));
	for (i = 0; i < n; i++) {
		ev_timer_init(&le_timeouts[i], le_timeout, 0.,
		    LE_SECONDS(bench_ring_timeout()));
		ev_timer_again(le_loop[0], &le_timeouts[i]);
	}
}

static int
le_watch(const int *fds, size_t n, enum bench_work work)
{
	static void (*const works[])(struct ev_loop *, ev_io *, int) = {
		[BENCH_RING] = le_ring,
		[BENCH_RING_TIMER] = le_ring_timer,
		[BENCH_ECHO] = le_echo,
		[BENCH_IDLE] = le_idle,
		[BENCH_IDLE_TIMER] = le_idle,
	};
	size_t i;

	le_ios = bench_zeros(n, sizeof(*le_ios));
	for (i = 0; i < n; i++) {
		ev_io_init(&le_ios[i], works[work], fds[i], EV_READ);
		ev_io_start(le_loop[0], &le_ios[i]);
	}
	if (work == BENCH_RING_TIMER || work == BENCH_IDLE_TIMER)
		le_start_timers(n);
	return 0;
}

static void
le_run(void)
{
	(void)ev_run(le_loop[0], 0);
}

/* ---- Timers -------------------------------------------------------------- */

static ev_timer *le_timers;
static size_t le_count;

static void
le_fired(struct ev_loop *loop, ev_timer *timer, int ready)
{
	(void)timer;
	(void)ready;
	if (bench_timer_fired())
		ev_break(loop, EVBREAK_ONE);
}

static int
le_timers_open(size_t n)
{
	size_t i;

	le_count = n;
	le_timers = bench_zeros(n, sizeof(*le_timers));
	for (i = 0; i < n; i++)
		ev_timer_init(&le_timers[i], le_fired, 0., 0.);
	return le_open("epoll");
}

static void
le_timers_insert(const int64_t *after)
{
	size_t i;

	ev_now_update(le_loop[0]);
	for (i = 0; i < le_count; i++) {
		ev_timer_set(&le_timers[i], LE_SECONDS(after[i]), 0.);
		ev_timer_start(le_loop[0], &le_timers[i]);
	}
}

static void
le_timers_restart(const int64_t *after, const uint32_t *order)
{
	ev_timer *timer;
	size_t i;

	ev_now_update(le_loop[0]);
	for (i = 0; i < le_count; i++) {
		timer = &le_timers[order[i]];
		timer->repeat = LE_SECONDS(after[i]);
		ev_timer_again(le_loop[0], timer);
	}
}

static void
le_timers_cancel(const uint32_t *order)
{
	size_t i;

	for (i = 0; i < le_count; i++)
		ev_timer_stop(le_loop[0], &le_timers[order[i]]);
}

/* ---- Posts --------------------------------------------------------------- */

static ev_async le_posts[2];

static void
le_posted(struct ev_loop *loop, ev_async *post, int ready)
{
	(void)ready;
	if (bench_posted((int)(post - le_posts)))
		ev_break(loop, EVBREAK_ONE);
}

static int
le_post_open(const char *backend)
{
	int k;

	for (k = 0; k < 2; k++) {
		le_loop[k] = le_new(backend);
		if (le_loop[k] == NULL)
			return -1;
		ev_async_init(&le_posts[k], le_posted);
		ev_async_start(le_loop[k], &le_posts[k]);
	}
	return 0;
}

static void
le_post_send(int k, long count)
{
	for (; count > 0; count--)
		ev_async_send(le_loop[k], &le_posts[k]);
}

static void
le_post_run(int k)
{
	(void)ev_run(le_loop[k], 0);
}

static void
le_post_poll(int k)
{
	(void)ev_run(le_loop[k], EVRUN_NOWAIT);
}

static void
le_sizes(void)
{
	bench_print("handler", sizeof(ev_io));
	bench_print("timer", sizeof(ev_timer));
}

const struct bench_contestant bench_contestant = {
	.name = "libev",
	.open = le_open,
	.watch = le_watch,
	.run = le_run,
	.timers_open = le_timers_open,
	.timers_insert = le_timers_insert,
	.timers_restart = le_timers_restart,
	.timers_cancel = le_timers_cancel,
	.timers_fire = le_run,
	.post_open = le_post_open,
	.post_send = le_post_send,
	.post_run = le_post_run,
	.post_poll = le_post_poll,
	.sizes = le_sizes,
};
