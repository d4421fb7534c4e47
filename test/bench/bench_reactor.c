/*
 * SPDX-License-Identifier: ISC
 *
 * bench_reactor.c: this library as a contestant.
 */
#include <reactor/reactor.h>
#include "reactor/internal.h" /* for the sizes of what it keeps, only */
#include "test/bench/bench.h"

static struct reactor *re_loop[2];

static struct reactor *
re_new(const char *backend)
{
	struct reactor_options options = { .backend = backend };

	return reactor_open(&options);
}

static int
re_open(const char *backend)
{
	re_loop[0] = re_new(backend);
	return re_loop[0] == NULL ? -1 : 0;
}

/* ---- Descriptors --------------------------------------------------------- */

static struct reactor_io *re_ios;
static struct reactor_timer *re_timeouts;

static void
re_ring(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	(void)ready;
	if (bench_ring_pass((size_t)(io - re_ios)))
		reactor_stop(r);
}

static void
re_ring_timer(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	size_t i = (size_t)(io - re_ios);

	(void)ready;
	(void)reactor_timer_start(r, &re_timeouts[i], bench_ring_timeout());
	if (bench_ring_pass(i))
		reactor_stop(r);
}

static void
re_echo(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	(void)ready;
	if (bench_echo_serve((size_t)(io - re_ios)))
		reactor_stop(r);
}

static void
re_idle(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	(void)io;
	(void)ready;
	reactor_stop(r);
}

static void
re_timeout(struct reactor *r, struct reactor_timer *timer)
{
	(void)timer;
	reactor_stop(r);
}

static int
re_start_timers(size_t n)
{
	size_t i;

	re_timeouts = bench_zeros(n, sizeof(*re_timeouts));
	for (i = 0; i < n; i++) {
		re_timeouts[i].callback = re_timeout;
		if (reactor_timer_start(re_loop[0], &re_timeouts[i],
			bench_ring_timeout()) == -1)
			return -1;
	}
	return 0;
}

static int
re_watch(const int *fds, size_t n, enum bench_work work)
{
	static reactor_io_fn *const works[] = {
		[BENCH_RING] = re_ring,
		[BENCH_RING_TIMER] = re_ring_timer,
		[BENCH_ECHO] = re_echo,
		[BENCH_IDLE] = re_idle,
		[BENCH_IDLE_TIMER] = re_idle,
	};
	size_t i;

	re_ios = bench_zeros(n, sizeof(*re_ios));
	for (i = 0; i < n; i++) {
		re_ios[i].callback = works[work];
		re_ios[i].fd = fds[i];
		re_ios[i].wanted = REACTOR_READ;
		if (reactor_io_start(re_loop[0], &re_ios[i]) == -1)
			return -1;
	}
	if (work == BENCH_RING_TIMER || work == BENCH_IDLE_TIMER)
		return re_start_timers(n);
	return 0;
}

static void
re_run(void)
{
	if (reactor_run(re_loop[0]) == -1)
		bench_die("reactor_run");
}

/* ---- Timers -------------------------------------------------------------- */

static struct reactor_timer *re_timers;
static size_t re_count;

static void
re_fired(struct reactor *r, struct reactor_timer *timer)
{
	(void)timer;
	if (bench_timer_fired())
		reactor_stop(r);
}

static int
re_timers_open(size_t n)
{
	size_t i;

	re_count = n;
	re_timers = bench_zeros(n, sizeof(*re_timers));
	for (i = 0; i < n; i++)
		re_timers[i].callback = re_fired;
	return re_open(NULL);
}

/*
 * Timers are started from handlers, as programs do: there the clock is read
 * once, elsewhere at each start.
 */
static struct {
	void (*run)(struct reactor *);
	const int64_t *after;
	const uint32_t *order;
} re_job;

static void
re_deferred(struct reactor *r, struct reactor_defer *defer)
{
	(void)defer;
	re_job.run(r);
	reactor_stop(r);
}

static void
re_do(
    void (*run)(struct reactor *), const int64_t *after, const uint32_t *order)
{
	struct reactor_defer defer = { .callback = re_deferred };

	re_job.run = run;
	re_job.after = after;
	re_job.order = order;
	if (reactor_defer_start(re_loop[0], &defer) == -1)
		bench_die("reactor_defer_start");
	re_run();
}

static void
re_insert(struct reactor *r)
{
	size_t i;

	for (i = 0; i < re_count; i++)
		if (reactor_timer_start(r, &re_timers[i], re_job.after[i]) ==
		    -1)
			bench_die("reactor_timer_start");
}

static void
re_restart(struct reactor *r)
{
	size_t i;

	for (i = 0; i < re_count; i++)
		if (reactor_timer_start(
			r, &re_timers[re_job.order[i]], re_job.after[i]) == -1)
			bench_die("reactor_timer_start");
}

static void
re_timers_insert(const int64_t *after)
{
	re_do(re_insert, after, NULL);
}

static void
re_timers_restart(const int64_t *after, const uint32_t *order)
{
	re_do(re_restart, after, order);
}

static void
re_timers_cancel(const uint32_t *order)
{
	size_t i;

	for (i = 0; i < re_count; i++)
		reactor_timer_stop(re_loop[0], &re_timers[order[i]]);
}

/* ---- Posts --------------------------------------------------------------- */

static struct reactor_post re_posts[2];

static void
re_posted(struct reactor *r, struct reactor_post *post)
{
	if (bench_posted((int)(post - re_posts)))
		reactor_stop(r);
}

static int
re_post_open(const char *backend)
{
	int k;

	for (k = 0; k < 2; k++) {
		re_loop[k] = re_new(backend);
		if (re_loop[k] == NULL)
			return -1;
		re_posts[k].callback = re_posted;
		if (reactor_post_start(re_loop[k], &re_posts[k]) == -1)
			return -1;
	}
	return 0;
}

static void
re_post_send(int k, long count)
{
	for (; count > 0; count--)
		reactor_post_send(re_loop[k], &re_posts[k]);
}

static void
re_post_run(int k)
{
	if (reactor_run(re_loop[k]) == -1)
		bench_die("reactor_run");
}

static void
re_post_poll(int k)
{
	if (reactor_run_once(re_loop[k], 0) == -1)
		bench_die("reactor_run_once");
}

static void
re_sizes(void)
{
	bench_print("handler", sizeof(struct reactor_io));
	bench_print("per_descriptor", sizeof(struct reactor__slot));
	bench_print("timer", sizeof(struct reactor_timer));
	bench_print("per_timer", sizeof(struct reactor__due));
}

const struct bench_contestant bench_contestant = {
	.name = "reactor",
	.open = re_open,
	.watch = re_watch,
	.run = re_run,
	.timers_open = re_timers_open,
	.timers_insert = re_timers_insert,
	.timers_restart = re_timers_restart,
	.timers_cancel = re_timers_cancel,
	.timers_fire = re_run,
	.post_open = re_post_open,
	.post_send = re_post_send,
	.post_run = re_post_run,
	.post_poll = re_post_poll,
	.sizes = re_sizes,
};
