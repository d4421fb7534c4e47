/*
 * SPDX-License-Identifier: ISC
 *
 * compare_cost.c: what starting and stopping a handler costs, how long it
 * takes another thread to wake a sleeping loop, and how late timers are.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include "demos/compare.h"

enum { CC_HANDLERS = 1000, CC_WAKES = 20, CC_ROUNDS = 15, CC_TIMERS = 4 };

static double cc_value[4][COMPARE_BACKENDS][CC_ROUNDS * CC_WAKES];

/* ---- Starting and stopping ----------------------------------------------- */

static struct reactor_io cc_io[CC_HANDLERS];

static void
cc_nothing(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	(void)r;
	(void)io;
	(void)ready;
}

/* One turn that finds nothing; changes reach the kernel in it. */
static int64_t
cc_turn(struct reactor *r)
{
	int64_t begin = demo_now();

	if (reactor_run_once(r, 0) == -1)
		demo_fail("run: %s", strerror(errno));
	return demo_now() - begin;
}

/* The turn has a wait in it as well, which is taken off again. */
static double
cc_start(struct reactor *r, const int *fds, long n)
{
	int64_t begin = demo_now(), spent;
	long i;

	for (i = 0; i < n; i++) {
		cc_io[i].fd = fds[i];
		cc_io[i].wanted = REACTOR_READ;
		cc_io[i].callback = cc_nothing;
		if (reactor_io_start(r, &cc_io[i]) == -1)
			demo_fail("start: %s", strerror(errno));
	}
	spent = demo_now() - begin + cc_turn(r) - cc_turn(r);
	return spent < 0 ? 0 : (double)spent / (double)n;
}

static double
cc_stop(struct reactor *r, long n)
{
	int64_t begin = demo_now();
	long i;

	for (i = 0; i < n; i++)
		reactor_io_stop(r, &cc_io[i]);
	(void)cc_turn(r);
	return (double)(demo_now() - begin) / (double)n;
}

/* ---- Waking -------------------------------------------------------------- */

struct cc_waker {
	struct reactor *reactor;
	struct reactor_post post;
	int64_t sent;
	double *value;
	atomic_int heard; /* so many posts arrived */
};

static void
cc_pause(void)
{
	struct timespec pause = { 0, 100 * 1000 };

	(void)nanosleep(&pause, NULL);
}

/* The other thread: each time it waits until the loop is surely asleep. */
static void *
cc_wake(void *context)
{
	struct cc_waker *w = context;
	int i;

	for (i = 0; i < CC_WAKES; i++) {
		do
			cc_pause();
		while (atomic_load(&w->heard) < i);
		w->sent = demo_now();
		reactor_post_send(w->reactor, &w->post);
	}
	return NULL;
}

static void
cc_woken(struct reactor *r, struct reactor_post *post)
{
	struct cc_waker *w = post->data;
	int heard = atomic_load(&w->heard);

	w->value[heard] = (double)(demo_now() - w->sent);
	atomic_store(&w->heard, heard + 1);
	if (heard + 1 == CC_WAKES)
		reactor_stop(r);
}

static void
cc_wakes(struct reactor *r, double *value)
{
	struct cc_waker w = { .reactor = r, .value = value };
	pthread_t thread;
	int error;

	w.post.callback = cc_woken;
	w.post.data = &w;
	if (reactor_post_start(r, &w.post) == -1)
		demo_fail("start: %s", strerror(errno));
	error = pthread_create(&thread, NULL, cc_wake, &w);
	if (error != 0)
		demo_fail("pthread_create: %s", strerror(error));
	if (reactor_run(r) == -1)
		demo_fail("run: %s", strerror(errno));
	(void)pthread_join(thread, NULL);
	reactor_post_stop(r, &w.post);
}

/* ---- Timers -------------------------------------------------------------- */

struct cc_alarm {
	struct reactor_timer timer;
	int64_t due;
	double late;
};

static void
cc_rang(struct reactor *r, struct reactor_timer *timer)
{
	struct cc_alarm *a = REACTOR_OWNER(timer, struct cc_alarm, timer);

	(void)r;
	a->late = (double)(demo_now() - a->due);
}

static double
cc_late(struct reactor *r)
{
	struct cc_alarm alarm = { .timer.callback = cc_rang };

	alarm.due = demo_now() + REACTOR_MILLISECOND;
	if (reactor_timer_start(r, &alarm.timer, REACTOR_MILLISECOND) == -1 ||
	    reactor_run(r) == -1)
		demo_fail("timer: %s", strerror(errno));
	return alarm.late;
}

/* ---- All of it, in turns ------------------------------------------------- */

static void
cc_round(struct reactor *r, size_t k, size_t round, const int *fds, long n)
{
	size_t i;

	cc_value[0][k][round] = cc_start(r, fds, n);
	cc_value[1][k][round] = cc_stop(r, n);
	cc_wakes(r, &cc_value[2][k][round * CC_WAKES]);
	for (i = 0; i < CC_TIMERS; i++)
		cc_value[3][k][round * CC_TIMERS + i] = cc_late(r);
}

void
compare_costs(struct compare *c)
{
	struct reactor *r[COMPARE_BACKENDS];
	struct compare_backend *b = c->backend;
	long n = c->limit / 2 < CC_HANDLERS ? c->limit / 2 : CC_HANDLERS;
	const int *fds;
	size_t i, k;

	n = compare_idle(c, n, &fds);
	for (k = 0; k < c->nbackends; k++)
		r[k] = compare_open(&b[k]);
	for (i = 0; i < CC_ROUNDS; i++) {
		demo_progress("costs: round %zu of %d...", i + 1, CC_ROUNDS);
		for (k = 0; k < c->nbackends; k++)
			cc_round(r[k], k, i, fds, n);
	}
	for (k = 0; k < c->nbackends; k++) {
		(void)reactor_close(r[k]);
		figure_make(&b[k].start, cc_value[0][k], CC_ROUNDS);
		figure_make(&b[k].stop, cc_value[1][k], CC_ROUNDS);
		figure_make(&b[k].wake, cc_value[2][k], CC_ROUNDS * CC_WAKES);
		figure_make(&b[k].late, cc_value[3][k], CC_ROUNDS * CC_TIMERS);
	}
}
