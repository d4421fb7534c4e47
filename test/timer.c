/*
 * SPDX-License-Identifier: ISC
 *
 * timer.c: deadlines: order, restart, repetition, extremes, other clocks.
 */
#include <limits.h>
#include <sys/resource.h>
#include "test/clock.h"

#define TI_MANY 100000

struct ti_timer {
	struct reactor_timer timer;
	struct ti_timer *other;
	int64_t now; /* of the last call */
	int calls;
	char letter;
};

static void
ti_called(struct reactor *r, struct reactor_timer *timer)
{
	struct ti_timer *t = (struct ti_timer *)timer;

	t->calls++;
	t->now = reactor_now(r);
	if (t->letter != 0)
		loop_log(t->letter);
}

static void
ti_init(struct ti_timer *t, int letter)
{
	memset(t, 0, sizeof(*t));
	t->timer.callback = ti_called;
	t->letter = (char)letter;
}

static void
ti_start(struct reactor *r, struct ti_timer *t, int letter, int64_t after)
{
	ti_init(t, letter);
	CHECK(reactor_timer_start(r, &t->timer, after) == 0);
}

/* A turn, `ns` later. */
static const char *
ti_later(struct reactor *r, int64_t ns)
{
	clock_at += ns;
	CHECK(reactor_run_once(r, 0) >= 0);
	return loop_said();
}

/* ---- By the real clock --------------------------------------------------- */

static int64_t ti_deadline[100];
static int ti_fired;

static void
ti_not_early(struct reactor *r, struct reactor_timer *timer)
{
	struct ti_timer *t = (struct ti_timer *)timer;

	t->calls++;
	ti_fired++;
	CHECK(reactor_now(r) >= timer->deadline);
	CHECK(clock_real(CLOCK_MONOTONIC) >= ti_deadline[(int)t->letter]);
}

static void
never_early(void)
{
	struct reactor *r = loop_open();
	struct ti_timer t[100];
	int64_t after;
	int i;

	for (i = 0; i < 100; i++) {
		ti_init(&t[i], i);
		t[i].timer.callback = ti_not_early;
		after = i * 7919 % 100 * 123457;
		ti_deadline[i] = clock_real(CLOCK_MONOTONIC) + after;
		CHECK(reactor_timer_start(r, &t[i].timer, after) == 0);
	}
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(ti_fired, 100);
	for (i = 0; i < 100; i++)
		CHECK_INT(t[i].calls, 1);
	CHECK(reactor_close(r) == 0);
}

/* Time that passes between runs is not forgotten. */
static void
started_outside(void)
{
	struct reactor *r = loop_open();
	struct ti_timer a, b;

	ti_start(r, &a, 'a', 0);
	loop_sleep(10 * LOOP_MS);
	ti_init(&b, 1);
	b.timer.callback = ti_not_early;
	ti_deadline[1] = clock_real(CLOCK_MONOTONIC) + 5 * LOOP_MS;
	CHECK(reactor_timer_start(r, &b.timer, 5 * LOOP_MS) == 0);
	CHECK_INT(reactor_run(r), 0);
	loop_sleep(10 * LOOP_MS);
	ti_deadline[1] = clock_real(CLOCK_MONOTONIC) + 5 * LOOP_MS;
	CHECK(reactor_timer_start(r, &b.timer, 5 * LOOP_MS) == 0);
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(ti_fired, 2);
	CHECK(reactor_close(r) == 0);
}

static void
other_clocks(void)
{
	static const unsigned char flags[2] = { REACTOR_WALL, REACTOR_BOOT };
	static const clockid_t id[2] = { CLOCK_REALTIME, CLOCK_BOOTTIME };
	struct reactor *r = loop_open();
	struct ti_timer t[2], past[2];
	int64_t began[2];
	int i;

	for (i = 0; i < 2; i++) {
		ti_init(&t[i], 0);
		t[i].timer.event.flags = flags[i];
		began[i] = clock_real(id[i]);
		CHECK(reactor_timer_start(r, &t[i].timer, 4 * LOOP_MS) == 0);
		CHECK(t[i].timer.deadline >= began[i] + 4 * LOOP_MS);
		ti_init(&past[i], 0);
		past[i].timer.event.flags = flags[i];
		CHECK(reactor_timer_start_at(r, &past[i].timer, 1) == 0);
	}
	CHECK_INT(reactor_run(r), 0);
	for (i = 0; i < 2; i++) {
		CHECK_INT(t[i].calls, 1);
		CHECK_INT(past[i].calls, 1);
		CHECK(clock_real(id[i]) >= began[i] + 4 * LOOP_MS);
	}
	/* From one clock to another. */
	t[0].timer.event.flags = 0;
	CHECK(reactor_timer_start(r, &t[0].timer, 3600 * REACTOR_SECOND) == 0);
	t[0].timer.event.flags = REACTOR_WALL;
	CHECK(reactor_timer_start(r, &t[0].timer, LOOP_MS) == 0);
	CHECK_INT(r->heaps[REACTOR__MONOTONIC].length, 0);
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(t[0].calls, 2);
	/* Repeating. */
	t[1].timer.every = LOOP_MS;
	CHECK(reactor_timer_start(r, &t[1].timer, 0) == 0);
	while (t[1].calls < 4)
		CHECK(reactor_run_once(r, -1) >= 0);
	CHECK(reactor_close(r) == 0);
}

/* No descriptor for an alarm: the clock is looked at now and then. */
static void
no_alarm(void)
{
	struct reactor *r = loop_open();
	struct rlimit limit, low;
	struct ti_timer t;

	CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	low = limit;
	low.rlim_cur = 3;
	CHECK(setrlimit(RLIMIT_NOFILE, &low) == 0);
	ti_init(&t, 0);
	t.timer.event.flags = REACTOR_WALL;
	CHECK(reactor_timer_start(r, &t.timer, 5 * LOOP_MS) == 0);
	CHECK_INT(r->heaps[REACTOR__WALL].alarm.event.state, 0);
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(t.calls, 1);
	CHECK(reactor_close(r) == 0);
}

static void
wall_steps(void)
{
	struct reactor *r = loop_open();
	struct ti_timer t;

	ti_init(&t, 't');
	t.timer.event.flags = REACTOR_WALL;
	CHECK(reactor_timer_start(r, &t.timer, 3600 * REACTOR_SECOND) == 0);
	CHECK_INT(reactor_run_once(r, 0), 0);
	clock_step = 3599 * REACTOR_SECOND;
	CHECK_INT(reactor_run_once(r, 0), 0);
	clock_step = 3601 * REACTOR_SECOND;
	CHECK_INT(reactor_run_once(r, 0), 1);
	CHECK(reactor_close(r) == 0);
}

/* ---- Reading the clock --------------------------------------------------- */

static void
no_clock_without_timers(void)
{
	struct reactor *r = loop_open();
	struct loop_io io;
	struct ti_timer t;
	int fd[2], i;

	loop_pipe(fd);
	loop_put(fd[1]);
	loop_watch(r, &io, fd[0], REACTOR_READ);
	ti_start(r, &t, 't', 0);
	CHECK_INT(reactor_run_once(r, -1), 2);
	clock_reads = 0;
	for (i = 0; i < 10; i++)
		CHECK_INT(reactor_run_once(r, -1), 1);
	CHECK_INT(clock_reads, 0);
	CHECK(reactor_timer_start(r, &t.timer, 3600 * REACTOR_SECOND) == 0);
	clock_reads = 0;
	for (i = 0; i < 10; i++)
		CHECK_INT(reactor_run_once(r, -1), 1);
	/* Before the wait and after it; the emulation has clocks of its own. */
	CHECK(clock_reads <= 20 || r->backend->emulated);
	CHECK(reactor_close(r) == 0);
	loop_close(fd);
}

static void
ti_starts_many(struct reactor *r, struct reactor_timer *timer)
{
	struct ti_timer *t = ((struct ti_timer *)timer)->other;
	int64_t now;
	int i, reads = clock_reads;

	for (i = 0; i < 10; i++)
		ti_start(r, &t[i], 0, 0);
	now = reactor_now(r);
	loop_sleep(LOOP_MS);
	CHECK(reactor_now(r) == now);
	CHECK(clock_reads <= reads + 1);
	reactor_now_update(r);
	CHECK(reactor_now(r) >= now + LOOP_MS);
	CHECK(clock_reads <= reads + 2);
}

static void
once_per_callback(void)
{
	struct reactor *r = loop_open();
	struct ti_timer a, t[10];

	ti_start(r, &a, 0, 0);
	a.timer.callback = ti_starts_many;
	a.other = t;
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(t[9].calls, 1);
	CHECK(reactor_close(r) == 0);
}

/* ---- Order --------------------------------------------------------------- */

static void
order(void)
{
	struct reactor *r = loop_open();
	struct ti_timer t[6];

	clock_frozen = 1;
	ti_start(r, &t[0], 'a', 20);
	ti_start(r, &t[1], 'b', 10);
	ti_start(r, &t[2], 'c', 10);
	ti_start(r, &t[3], 'd', 20);
	ti_start(r, &t[4], 'e', 0);
	ti_start(r, &t[5], 'f', 30);
	CHECK_STR(ti_later(r, 0), "e");
	CHECK_STR(ti_later(r, 9), "");
	CHECK_STR(ti_later(r, 11), "bcad");
	CHECK_STR(ti_later(r, 9), "");
	CHECK_STR(ti_later(r, 1), "f");
	/* Moved: last among equals. */
	ti_start(r, &t[0], 'a', 10);
	ti_start(r, &t[1], 'b', 10);
	ti_start(r, &t[2], 'c', 10);
	CHECK(reactor_timer_start(r, &t[0].timer, 10) == 0);
	CHECK(reactor_timer_start(r, &t[2].timer, 11) == 0);
	CHECK(reactor_timer_start(r, &t[2].timer, 9) == 0);
	CHECK_INT(r->active, 3);
	CHECK_STR(ti_later(r, 10), "cba");
	/* Priority goes before deadline. */
	ti_start(r, &t[0], 'a', 1);
	ti_start(r, &t[1], 'b', 2);
	t[1].timer.event.priority = 1;
	CHECK(reactor_timer_start(r, &t[1].timer, 2) == 0);
	CHECK_STR(ti_later(r, 2), "ba");
	CHECK(reactor_close(r) == 0);
}

static void
ti_again(struct reactor *r, struct reactor_timer *timer)
{
	ti_called(r, timer);
	CHECK(reactor_timer_start(r, timer, 0) == 0);
}

static void
ti_stops(struct reactor *r, struct reactor_timer *timer)
{
	ti_called(r, timer);
	reactor_timer_stop(r, &((struct ti_timer *)timer)->other->timer);
}

static void
ti_restarts(struct reactor *r, struct reactor_timer *timer)
{
	struct ti_timer *other = ((struct ti_timer *)timer)->other;

	ti_called(r, timer);
	CHECK(reactor_timer_start(r, &other->timer, 10) == 0);
}

static void
in_callbacks(void)
{
	struct reactor *r = loop_open();
	struct ti_timer a, b, c;

	clock_frozen = 1;
	ti_start(r, &a, 'a', 0);
	a.timer.callback = ti_again;
	CHECK_STR(ti_later(r, 0), "a");
	CHECK_STR(ti_later(r, 0), "a");
	reactor_timer_stop(r, &a.timer);
	reactor_timer_stop(r, &a.timer);
	CHECK_STR(ti_later(r, 0), "");
	/* Already queued, and yet not called. */
	ti_start(r, &a, 'a', 0);
	ti_start(r, &b, 'b', 0);
	ti_start(r, &c, 'c', 0);
	b.timer.every = 5;
	CHECK(reactor_timer_start(r, &b.timer, 0) == 0);
	a.timer.callback = ti_stops;
	a.other = &b;
	CHECK_STR(ti_later(r, 0), "ac");
	CHECK_INT(r->active, 0);
	CHECK_INT(r->heaps[0].reserved, 0);
	/* Or moved. */
	b.timer.every = 0;
	CHECK(reactor_timer_start(r, &a.timer, 0) == 0);
	CHECK(reactor_timer_start(r, &b.timer, 0) == 0);
	a.timer.callback = ti_restarts;
	CHECK_STR(ti_later(r, 0), "a");
	CHECK_STR(ti_later(r, 10), "b");
	CHECK(reactor_close(r) == 0);
}

/* ---- Repetition ---------------------------------------------------------- */

static void
repetition(void)
{
	struct reactor *r = loop_open();
	struct ti_timer t;
	int64_t began = clock_at;

	clock_frozen = 1;
	ti_init(&t, 't');
	t.timer.every = 10;
	CHECK(reactor_timer_start(r, &t.timer, 4) == 0);
	CHECK_STR(ti_later(r, 3), "");
	CHECK_STR(ti_later(r, 3), "t"); /* late by 2: no drift */
	CHECK_INT(t.timer.deadline, began + 14);
	CHECK_STR(ti_later(r, 7), "");
	CHECK_STR(ti_later(r, 1), "t");
	CHECK_STR(ti_later(r, 0), "");
	CHECK_STR(ti_later(r, 47), "t"); /* 61: four were missed */
	CHECK_INT(t.timer.deadline, began + 64);
	CHECK_STR(ti_later(r, 2), "");
	CHECK_STR(ti_later(r, 1), "t");
	CHECK_STR(ti_later(r, 20), "t"); /* exactly on a beat */
	CHECK_INT(t.timer.deadline, began + 94);
	t.timer.every = 0; /* the last time */
	CHECK_STR(ti_later(r, 10), "t");
	CHECK_INT(t.timer.event.state, 0);
	CHECK_INT(reactor_run(r), 0);
	/* From long ago, and the last possible beat. */
	t.timer.every = 7;
	CHECK(reactor_timer_start_at(r, &t.timer, INT64_MIN) == 0);
	CHECK_STR(ti_later(r, 0), "t");
	CHECK(t.timer.deadline > clock_at && t.timer.deadline <= clock_at + 7);
	t.timer.every = INT64_MAX;
	CHECK(reactor_timer_start(r, &t.timer, 0) == 0);
	CHECK_STR(ti_later(r, 0), "t");
	CHECK_INT(t.timer.deadline, INT64_MAX);
	CHECK(reactor_close(r) == 0);
}

static void
ti_ends(struct reactor *r, struct reactor_timer *timer)
{
	ti_called(r, timer);
	if (((struct ti_timer *)timer)->calls == 3)
		reactor_timer_stop(r, timer);
}

static void
repetition_ends(void)
{
	struct reactor *r = loop_open();
	struct ti_timer a, b;

	ti_init(&a, 0);
	a.timer.callback = ti_ends;
	a.timer.every = LOOP_MS;
	CHECK(reactor_timer_start(r, &a.timer, 0) == 0);
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(a.calls, 3);
	/* Made single while it is queued. */
	clock_frozen = 1;
	ti_start(r, &a, 'a', 0);
	ti_init(&b, 'b');
	b.timer.every = 5;
	CHECK(reactor_timer_start(r, &b.timer, 0) == 0);
	reactor_stop(r);
	CHECK_STR(ti_later(r, 0), "");
	CHECK(reactor_feed(r, &b.timer.event, 0) == 0);
	b.timer.every = 0;
	CHECK_STR(ti_later(r, 0), "ba");
	CHECK_INT(r->heaps[0].reserved, 0);
	CHECK_INT(r->active, 0);
	CHECK(reactor_close(r) == 0);
}

static void
feed(void)
{
	struct reactor *r = loop_open();
	struct ti_timer a, b;

	clock_frozen = 1;
	ti_start(r, &a, 'a', 100);
	ti_init(&b, 'b');
	b.timer.every = 10;
	CHECK(reactor_timer_start(r, &b.timer, 100) == 0);
	CHECK(reactor_feed(r, &b.timer.event, 0) == 0);
	CHECK(reactor_feed(r, &a.timer.event, 0) == 0);
	CHECK(reactor_feed(r, &a.timer.event, 0) == 0);
	CHECK_STR(ti_later(r, 3), "ba");
	CHECK_INT(reactor_feed(r, &a.timer.event, 0), -1);
	CHECK_INT(errno, EINVAL);
	CHECK_STR(ti_later(r, 6), "");
	CHECK_STR(ti_later(r, 1), "b"); /* a new beat */
	CHECK(reactor_close(r) == 0);
}

/* ---- Extremes ------------------------------------------------------------ */

static void
extremes(void)
{
	struct reactor *r = loop_open();
	struct ti_timer t[6];
	int i;

	clock_frozen = 1;
	ti_start(r, &t[0], 'a', 0);
	ti_start(r, &t[1], 'b', -1);
	ti_start(r, &t[2], 'c', INT64_MIN);
	ti_start(r, &t[3], 'd', INT64_MAX);
	ti_start(r, &t[4], 'e', INT64_MAX - 1);
	ti_init(&t[5], 'f');
	CHECK(reactor_timer_start_at(r, &t[5].timer, INT64_MIN) == 0);
	CHECK_STR(ti_later(r, 0), "fcba");
	loop_count(r);
	CHECK_STR(ti_later(r, 1000000 * REACTOR_SECOND), "");
	CHECK_INT(reactor_run_once(r, LOOP_MS), 0);
	CHECK_INT(loop_timeout, LOOP_MS);
	CHECK_INT(r->active, 2);
	for (i = 3; i < 5; i++) {
		t[i].timer.event.flags = REACTOR_WALL;
		CHECK(reactor_timer_start(r, &t[i].timer, INT64_MAX) == 0);
	}
	CHECK_INT(reactor_run_once(r, LOOP_MS), 0);
	CHECK(reactor_timer_start_at(r, &t[3].timer, INT64_MIN) == 0);
	CHECK_INT(reactor_run_once(r, LOOP_MS), 1);
	CHECK_STR(loop_said(), "d");
	CHECK(reactor_close(r) == 0);
}

static void
ti_refused(struct reactor *r, struct ti_timer *t)
{
	errno = 0;
	CHECK_INT(reactor_timer_start(r, &t->timer, 0), -1);
	CHECK_INT(errno, EINVAL);
}

static void
refused(void)
{
	struct reactor *r = loop_open();
	struct ti_timer t;

	ti_init(&t, 't');
	t.timer.every = -1;
	ti_refused(r, &t);
	t.timer.every = INT64_MIN;
	ti_refused(r, &t);
	t.timer.every = 0;
	t.timer.event.flags = REACTOR_WALL | REACTOR_BOOT;
	ti_refused(r, &t);
	t.timer.event.flags = 0;
	t.timer.event.priority = 3;
	ti_refused(r, &t);
	t.timer.event.priority = 0;
	CHECK_INT(t.timer.event.state, 0);
	/* A refused restart changes nothing. */
	CHECK(reactor_timer_start(r, &t.timer, 0) == 0);
	t.timer.every = -1;
	ti_refused(r, &t);
	t.timer.every = 0;
	t.timer.event.priority = -3;
	ti_refused(r, &t);
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(t.calls, 1);
	CHECK(reactor_close(r) == 0);
}

/* The wait is told the exact rest. */
static void
rest_of_the_time(void)
{
	struct reactor *r = loop_open();
	struct ti_timer t;

	clock_frozen = 1;
	loop_count(r);
	ti_start(r, &t, 't', LOOP_MS / 3);
	clock_at += 7;
	CHECK(reactor_run_once(r, -1) == 0);
	CHECK_INT(loop_timeout, LOOP_MS / 3 - 7);
	CHECK(reactor_run_once(r, LOOP_MS) == 0);
	CHECK_INT(loop_timeout, LOOP_MS / 3 - 7);
	CHECK(reactor_run_once(r, 11) == 0);
	CHECK_INT(loop_timeout, 11);
	clock_at += LOOP_MS;
	CHECK(reactor_run_once(r, -1) == 1);
	CHECK_INT(loop_timeout, 0);
	CHECK(reactor_close(r) == 0);
}

/* ---- Many ---------------------------------------------------------------- */

static int ti_next;

static void
ti_in_turn(struct reactor *r, struct reactor_timer *timer)
{
	(void)r;
	CHECK_INT(((struct ti_timer *)timer)->calls, ti_next);
	ti_next++;
}

static void
at_the_same_instant(void)
{
	struct reactor *r = loop_open();
	struct ti_timer *t = calloc(TI_MANY, sizeof(*t));
	struct loop_io io;
	int fd[2], i, n;

	CHECK(t != NULL);
	clock_frozen = 1;
	loop_pipe(fd);
	loop_put(fd[1]);
	loop_watch(r, &io, fd[0], REACTOR_READ);
	for (i = 0; i < TI_MANY; i++) {
		t[i].timer.callback = ti_in_turn;
		t[i].calls = i;
		CHECK(reactor_timer_start(r, &t[i].timer, 1) == 0);
	}
	clock_at++;
	for (i = 1; ti_next < TI_MANY; i++) {
		n = reactor_run_once(r, -1);
		CHECK(n > 1 && n <= 257);
		CHECK_INT(io.calls, i);
	}
	CHECK_INT(reactor_run_once(r, 0), 1);
	CHECK(reactor_close(r) == 0);
	loop_close(fd);
	free(t);
}

/* Those of one clock that are always due do not starve those of another. */
static void
fair_clocks(void)
{
	struct reactor *r = loop_open();
	static struct ti_timer t[300];
	struct ti_timer wall, boot;
	int i;

	for (i = 0; i < 300; i++) {
		ti_start(r, &t[i], 0, 0);
		t[i].timer.callback = ti_again;
	}
	ti_init(&wall, 0);
	wall.timer.event.flags = REACTOR_WALL;
	CHECK(reactor_timer_start(r, &wall.timer, 0) == 0);
	ti_init(&boot, 0);
	boot.timer.event.flags = REACTOR_BOOT;
	CHECK(reactor_timer_start(r, &boot.timer, 0) == 0);
	for (i = 0; i < 10; i++)
		CHECK(reactor_run_once(r, -1) > 0);
	CHECK_INT(wall.calls, 1);
	CHECK_INT(boot.calls, 1);
	for (i = 0; i < 300; i++)
		CHECK(t[i].calls > 5);
	CHECK(reactor_close(r) == 0);
}

/* ---- Random calls, beside an array --------------------------------------- */

enum { TI_TIMERS = 120 };

static struct ti_model {
	int64_t deadline, every;
	uint64_t order;
	int active;
} ti_model[TI_TIMERS];
static struct ti_timer ti_random[TI_TIMERS];
static uint64_t ti_order;
static int ti_got[TI_TIMERS], ti_count;

static void
ti_note(struct reactor *r, struct reactor_timer *timer)
{
	(void)r;
	CHECK(ti_count < TI_TIMERS);
	ti_got[ti_count++] = (int)((struct ti_timer *)timer - ti_random);
}

static void
ti_heap_holds(struct reactor *r)
{
	struct reactor__heap *heap = &r->heaps[REACTOR__MONOTONIC];
	const struct reactor__due *a, *b;
	size_t i;

	CHECK(heap->length + heap->reserved <= heap->capacity);
	for (i = 0; i < heap->length; i++) {
		a = &heap->due[(i - (i > 0)) / 4];
		b = &heap->due[i];
		CHECK(a->deadline <= b->deadline);
		CHECK(a->deadline < b->deadline ||
		    a->timer->event.place.heap.order <=
			b->timer->event.place.heap.order);
		CHECK(b->timer->event.place.heap.index == i);
		CHECK(b->timer->deadline == b->deadline);
	}
}

/* Which of them is due first; -1: none. */
static int
ti_earliest(const int *done)
{
	const struct ti_model *m, *best = NULL;

	for (m = ti_model; m < ti_model + TI_TIMERS; m++)
		if (m->active && m->deadline <= clock_at &&
		    !done[m - ti_model] &&
		    (best == NULL || m->deadline < best->deadline ||
			(m->deadline == best->deadline &&
			    m->order < best->order)))
			best = m;
	return best == NULL ? -1 : (int)(best - ti_model);
}

static void
ti_turn(struct reactor *r)
{
	int done[TI_TIMERS] = { 0 }, want[TI_TIMERS], n = 0, i;
	struct ti_model *m;

	while ((i = ti_earliest(done)) != -1)
		done[want[n++] = i] = 1;
	for (i = 0; i < n; i++) {
		m = &ti_model[want[i]];
		m->active = m->every > 0;
		if (m->active)
			m->order = ti_order++;
		while (m->active && m->deadline <= clock_at)
			m->deadline += m->every;
	}
	ti_count = 0;
	CHECK_INT(reactor_run_once(r, 0), n);
	CHECK_INT(ti_count, n);
	for (i = 0; i < n; i++)
		CHECK_INT(ti_got[i], want[i]);
}

static void
ti_random_start(struct reactor *r, int i, unsigned number)
{
	struct ti_model *m = &ti_model[i];
	int64_t after = number / 8 % 50;

	m->active = 1;
	m->every = number % 4 == 0 ? 1 + number / 8 % 17 : 0;
	m->deadline = clock_at + after;
	m->order = ti_order++;
	ti_random[i].timer.every = m->every;
	if (number & 4)
		CHECK(reactor_timer_start(r, &ti_random[i].timer, after) == 0);
	else
		CHECK(reactor_timer_start_at(
			  r, &ti_random[i].timer, m->deadline) == 0);
}

static void
random_calls(void)
{
	struct reactor *r = loop_open();
	uint64_t x = 88172645463325252u;
	int step, i;

	clock_frozen = 1;
	for (i = 0; i < TI_TIMERS; i++)
		ti_random[i].timer.callback = ti_note;
	for (step = 0; step < 60000; step++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		i = (int)(x % TI_TIMERS);
		switch (x >> 20 & 7) {
		case 0:
			clock_at += x >> 30 & 15;
			ti_turn(r);
			break;
		case 1:
		case 2:
			reactor_timer_stop(r, &ti_random[i].timer);
			ti_model[i].active = 0;
			break;
		default:
			ti_random_start(r, i, (unsigned)(x >> 32));
		}
		if (step % 16 == 0)
			ti_heap_holds(r);
	}
	CHECK(reactor_close(r) == 0);
}

static const struct test tests[] = {
	TEST("never early", never_early),
	TEST("started outside a run", started_outside),
	TEST("wall clock and boot time", other_clocks),
	TEST("no descriptor for the wall clock", no_alarm),
	TEST("the wall clock steps", wall_steps),
	TEST("no clock is read without timers", no_clock_without_timers),
	TEST("the clock is read once in a callback", once_per_callback),
	TEST("by deadline, then in the order of starting", order),
	TEST("restart and stop in callbacks", in_callbacks),
	TEST("repetition without drift", repetition),
	TEST("repetition ends", repetition_ends),
	TEST("feed", feed),
	TEST("extremes", extremes),
	TEST("what start refuses", refused),
	TEST("the wait ends in time", rest_of_the_time),
	TEST("100000 at the same instant", at_the_same_instant),
	TEST("one clock does not starve another", fair_clocks),
	TEST("random calls, beside an array", random_calls),
};

TEST_MAIN(tests)
