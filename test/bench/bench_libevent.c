/*
 * SPDX-License-Identifier: ISC
 *
 * bench_libevent.c: libevent as a contestant.
 */
#include <event2/event.h>
#include <event2/event_struct.h>
#include <event2/thread.h>
#include <string.h>
#include "test/bench/bench.h"

static struct event_base *lt_base[2];

static struct event_base *
lt_new(const char *backend)
{
	struct event_config *config = event_config_new();
	const char **name = event_get_supported_methods();
	struct event_base *base = NULL;

	for (; *name != NULL; name++)
		if (strcmp(*name, backend) != 0)
			(void)event_config_avoid_method(config, *name);
	base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

static int
lt_open(const char *backend)
{
	lt_base[0] = lt_new(backend);
	return lt_base[0] == NULL ? -1 : 0;
}

static struct timeval
lt_timeval(int64_t ns)
{
	struct timeval tv = { ns / 1000000000, ns % 1000000000 / 1000 };

	return tv;
}

static void
lt_break(int k)
{
	(void)event_base_loopbreak(lt_base[k]);
}

/* ---- Descriptors --------------------------------------------------------- */

static struct event *lt_ios, *lt_timeouts;

static void
lt_ring(evutil_socket_t fd, short ready, void *argument)
{
	(void)fd;
	(void)ready;
	if (bench_ring_pass((size_t)((struct event *)argument - lt_ios)))
		lt_break(0);
}

static void
lt_ring_timer(evutil_socket_t fd, short ready, void *argument)
{
	size_t i = (size_t)((struct event *)argument - lt_ios);
	struct timeval tv = lt_timeval(bench_ring_timeout());

	(void)fd;
	(void)ready;
	(void)event_add(&lt_timeouts[i], &tv);
	if (bench_ring_pass(i))
		lt_break(0);
}

static void
lt_echo(evutil_socket_t fd, short ready, void *argument)
{
	(void)fd;
	(void)ready;
	if (bench_echo_serve((size_t)((struct event *)argument - lt_ios)))
		lt_break(0);
}

static void
lt_idle(evutil_socket_t fd, short ready, void *argument)
{
	(void)fd;
	(void)ready;
	(void)argument;
	lt_break(0);
}

static int
lt_start_timers(size_t n)
{
	struct timeval tv;
	size_t i;

	lt_timeouts = bench_zeros(n, sizeof(*lt_timeouts));
	for (i = 0; i < n; i++) {
		tv = lt_timeval(bench_ring_timeout());
		if (evtimer_assign(
			&lt_timeouts[i], lt_base[0], lt_idle, NULL) == -1 ||
		    event_add(&lt_timeouts[i], &tv) == -1)
			return -1;
	}
	return 0;
}

static int
lt_watch(const int *fds, size_t n, enum bench_work work)
{
	static const event_callback_fn works[] = {
		[BENCH_RING] = lt_ring,
		[BENCH_RING_TIMER] = lt_ring_timer,
		[BENCH_ECHO] = lt_echo,
		[BENCH_IDLE] = lt_idle,
		[BENCH_IDLE_TIMER] = lt_idle,
	};
	size_t i;

	lt_ios = bench_zeros(n, sizeof(*lt_ios));
	for (i = 0; i < n; i++)
		if (event_assign(&lt_ios[i], lt_base[0], fds[i],
			EV_READ | EV_PERSIST, works[work], &lt_ios[i]) == -1 ||
		    event_add(&lt_ios[i], NULL) == -1)
			return -1;
	if (work == BENCH_RING_TIMER || work == BENCH_IDLE_TIMER)
		return lt_start_timers(n);
	return 0;
}

static void
lt_run(void)
{
	(void)event_base_loop(lt_base[0], 0);
}

/* ---- Timers -------------------------------------------------------------- */

static struct event *lt_timers;
static size_t lt_count;

static void
lt_fired(evutil_socket_t fd, short ready, void *argument)
{
	(void)fd;
	(void)ready;
	(void)argument;
	if (bench_timer_fired())
		lt_break(0);
}

static int
lt_timers_open(size_t n)
{
	size_t i;

	lt_count = n;
	if (lt_open("epoll") == -1)
		return -1;
	lt_timers = bench_zeros(n, sizeof(*lt_timers));
	for (i = 0; i < n; i++)
		if (evtimer_assign(&lt_timers[i], lt_base[0], lt_fired, NULL) ==
		    -1)
			return -1;
	return 0;
}

static void
lt_timers_insert(const int64_t *after)
{
	struct timeval tv;
	size_t i;

	for (i = 0; i < lt_count; i++) {
		tv = lt_timeval(after[i]);
		if (event_add(&lt_timers[i], &tv) == -1)
			bench_die("event_add");
	}
}

static void
lt_timers_restart(const int64_t *after, const uint32_t *order)
{
	struct timeval tv;
	size_t i;

	for (i = 0; i < lt_count; i++) {
		tv = lt_timeval(after[i]);
		if (event_add(&lt_timers[order[i]], &tv) == -1)
			bench_die("event_add");
	}
}

static void
lt_timers_cancel(const uint32_t *order)
{
	size_t i;

	for (i = 0; i < lt_count; i++)
		(void)event_del(&lt_timers[order[i]]);
}

/* ---- Posts --------------------------------------------------------------- */

static struct event lt_posts[2];

static void
lt_posted(evutil_socket_t fd, short ready, void *argument)
{
	int k = (int)((struct event *)argument - lt_posts);

	(void)fd;
	(void)ready;
	if (bench_posted(k))
		lt_break(k);
}

static int
lt_post_open(const char *backend)
{
	int k;

	if (evthread_use_pthreads() == -1)
		return -1;
	for (k = 0; k < 2; k++) {
		lt_base[k] = lt_new(backend);
		if (lt_base[k] == NULL ||
		    event_assign(&lt_posts[k], lt_base[k], -1, EV_PERSIST,
			lt_posted, &lt_posts[k]) == -1)
			return -1;
	}
	return 0;
}

static void
lt_post_send(int k, long count)
{
	for (; count > 0; count--)
		event_active(&lt_posts[k], EV_READ, 0);
}

static void
lt_post_run(int k)
{
	(void)event_base_loop(lt_base[k], EVLOOP_NO_EXIT_ON_EMPTY);
}

static void
lt_post_poll(int k)
{
	(void)event_base_loop(lt_base[k], EVLOOP_NONBLOCK);
}

static void
lt_sizes(void)
{
	bench_print("handler", sizeof(struct event));
	bench_print("timer", sizeof(struct event));
}

const struct bench_contestant bench_contestant = {
	.name = "libevent",
	.open = lt_open,
	.watch = lt_watch,
	.run = lt_run,
	.timers_open = lt_timers_open,
	.timers_insert = lt_timers_insert,
	.timers_restart = lt_timers_restart,
	.timers_cancel = lt_timers_cancel,
	.timers_fire = lt_run,
	.post_open = lt_post_open,
	.post_send = lt_post_send,
	.post_run = lt_post_run,
	.post_poll = lt_post_poll,
	.sizes = lt_sizes,
};
