/*
 * SPDX-License-Identifier: ISC
 *
 * dispatch.c: who is called when: priorities, turns, hooks, stop and wake.
 */
#include <pthread.h>
#include "test/loop.h"

/* A deferred handler that logs its letter. */
struct di_defer {
	struct reactor_defer defer;
	char letter;
	struct di_defer *other;
	int left;
};

static void
di_called(struct reactor *r, struct reactor_defer *defer)
{
	(void)r;
	loop_log(((struct di_defer *)defer)->letter);
}

static void
di_init(struct di_defer *d, int letter, int priority)
{
	memset(d, 0, sizeof(*d));
	d->defer.callback = di_called;
	d->defer.event.priority = (signed char)priority;
	d->letter = (char)letter;
}

static void
di_start(struct reactor *r, struct di_defer *d, int letter, int priority)
{
	di_init(d, letter, priority);
	CHECK(reactor_defer_start(r, &d->defer) == 0);
}

static void
di_start_other(struct reactor *r, struct reactor_defer *defer)
{
	struct di_defer *d = (struct di_defer *)defer;

	loop_log(d->letter);
	CHECK(reactor_defer_start(r, &d->other->defer) == 0);
}

static void
di_stop_other(struct reactor *r, struct reactor_defer *defer)
{
	struct di_defer *d = (struct di_defer *)defer;

	loop_log(d->letter);
	reactor_defer_stop(r, &d->other->defer);
}

static void
di_stop_run(struct reactor *r, struct reactor_defer *defer)
{
	loop_log(((struct di_defer *)defer)->letter);
	reactor_stop(r);
}

static void
priorities(void)
{
	struct reactor *r = loop_open();
	struct di_defer d[10];
	int i;

	for (i = 0; i < 10; i++)
		di_start(r, &d[i], 'a' + i, i % 5 - 2);
	CHECK_INT(reactor_run(r), 0);
	CHECK_STR(loop_said(), "ejdichbgaf");
	di_init(&d[0], 'x', 3);
	CHECK_INT(reactor_defer_start(r, &d[0].defer), -1);
	CHECK_INT(errno, EINVAL);
	di_init(&d[0], 'x', -3);
	CHECK_INT(reactor_defer_start(r, &d[0].defer), -1);
	CHECK_INT(errno, EINVAL);
	CHECK_INT(reactor_run_once(r, 0), 0);
	CHECK(reactor_close(r) == 0);
}

/* What is queued meanwhile waits, even if it is more important. */
static void
snapshot(void)
{
	struct reactor *r = loop_open();
	struct di_defer a, b, high;

	di_start(r, &a, 'a', 0);
	di_start(r, &b, 'b', 0);
	di_init(&high, 'h', 2);
	a.other = &high;
	a.defer.callback = di_start_other;
	CHECK_INT(reactor_run_once(r, 0), 2);
	CHECK_STR(loop_said(), "ab");
	CHECK_INT(reactor_run_once(r, 0), 1);
	CHECK_STR(loop_said(), "h");
	CHECK_INT(reactor_run_once(r, 0), 0);
	CHECK(reactor_close(r) == 0);
}

static void
stopped_while_queued(void)
{
	struct reactor *r = loop_open();
	struct di_defer a, b, c;

	di_start(r, &a, 'a', 0);
	di_start(r, &b, 'b', -1);
	di_start(r, &c, 'c', -1);
	a.other = &b;
	a.defer.callback = di_stop_other;
	CHECK_INT(reactor_run(r), 0);
	CHECK_STR(loop_said(), "ac");
	/* Stopped and started again in the same turn: the next turn. */
	di_start(r, &a, 'a', 0);
	di_start(r, &b, 'b', 0);
	a.other = &b;
	a.defer.callback = di_start_other;
	CHECK_INT(reactor_run_once(r, 0), 1);
	CHECK_STR(loop_said(), "a");
	CHECK_INT(reactor_run_once(r, 0), 1);
	CHECK_STR(loop_said(), "b");
	CHECK(reactor_close(r) == 0);
}

/* The rest stays queued and comes first in the next run. */
static void
stop_in_the_middle(void)
{
	struct reactor *r = loop_open();
	struct di_defer d[4], late;
	int i;

	for (i = 0; i < 4; i++)
		di_start(r, &d[i], 'a' + i, 0);
	d[1].defer.callback = di_stop_run;
	CHECK_INT(reactor_run(r), 0);
	CHECK_STR(loop_said(), "ab");
	di_start(r, &late, 'z', 0);
	CHECK_INT(reactor_run_once(r, 0), 3);
	CHECK_STR(loop_said(), "cdz");
	CHECK_INT(reactor_run(r), 0);
	CHECK_STR(loop_said(), "");
	CHECK(reactor_close(r) == 0);
}

static void
stop_before_run(void)
{
	struct reactor *r = loop_open();
	struct di_defer d;

	di_start(r, &d, 'a', 0);
	reactor_stop(r);
	CHECK_INT(reactor_run(r), 0);
	CHECK_STR(loop_said(), "");
	CHECK_INT(reactor_run(r), 0);
	CHECK_STR(loop_said(), "a");
	CHECK_INT(reactor_defer_start(r, &d.defer), 0);
	reactor_stop(r);
	CHECK_INT(reactor_run_once(r, -1), 0);
	CHECK_INT(reactor_run_once(r, -1), 1);
	CHECK(reactor_close(r) == 0);
}

static void
feed(void)
{
	struct reactor *r = loop_open();
	struct di_defer d;
	struct reactor_prepare prepare;
	struct loop_io io;
	int fd[2];

	loop_pipe(fd);
	memset(&prepare, 0, sizeof(prepare));
	di_init(&d, 'a', 0);
	CHECK_INT(reactor_feed(r, &d.defer.event, 0), -1);
	CHECK_INT(errno, EINVAL);
	CHECK_INT(reactor_feed(r, &prepare.event, 0), -1);
	CHECK_INT(errno, EINVAL);
	loop_watch(r, &io, fd[0], REACTOR_READ);
	CHECK_INT(reactor_feed(r, &io.io.event, REACTOR_WRITE), -1);
	CHECK_INT(errno, EINVAL);
	CHECK_INT(reactor_run_once(r, 0), 0);
	CHECK_INT(reactor_feed(r, &io.io.event, REACTOR_READ), 0);
	CHECK_INT(reactor_feed(r, &io.io.event, REACTOR_HANGUP), 0);
	CHECK_INT(reactor_run_once(r, -1), 1);
	CHECK_INT(io.ready, REACTOR_READ | REACTOR_HANGUP);
	CHECK_INT(reactor_run_once(r, 0), 0);
	CHECK_INT(reactor_feed(r, &io.io.event, REACTOR_READ), 0);
	reactor_io_stop(r, &io.io);
	CHECK_INT(reactor_run_once(r, 0), 0);
	CHECK(reactor_close(r) == 0);
	loop_close(fd);
}

/* ---- Turns --------------------------------------------------------------- */

static struct reactor_timer di_timer;

static void
di_timer_called(struct reactor *r, struct reactor_timer *timer)
{
	(void)timer;
	loop_log('t');
	reactor_stop(r);
}

static void
di_again(struct reactor *r, struct reactor_defer *defer)
{
	struct di_defer *d = (struct di_defer *)defer;

	d->left++;
	CHECK(reactor_defer_start(r, defer) == 0);
}

static void
defer_starves_nobody(void)
{
	struct reactor *r = loop_open();
	struct loop_io io;
	struct di_defer d;
	int fd[2];

	loop_pipe(fd);
	di_start(r, &d, 'd', 2);
	d.defer.callback = di_again;
	loop_watch(r, &io, fd[0], REACTOR_READ);
	memset(&di_timer, 0, sizeof(di_timer));
	di_timer.callback = di_timer_called;
	CHECK(reactor_run_once(r, -1) == 1);
	CHECK_INT(d.left, 1); /* once a turn */
	loop_put(fd[1]);
	CHECK(reactor_run_once(r, -1) == 2);
	CHECK_INT(io.calls, 1);
	CHECK(reactor_timer_start(r, &di_timer, 2 * LOOP_MS) == 0);
	CHECK(reactor_run(r) == 0);
	CHECK_STR(loop_said(), "t");
	CHECK(reactor_close(r) == 0);
	loop_close(fd);
}

static void
di_idle_called(struct reactor *r, struct reactor_idle *idle)
{
	(void)r;
	(void)idle;
	loop_log('i');
}

static void
idle(void)
{
	struct reactor *r = loop_open();
	struct reactor_idle i = { .callback = di_idle_called };
	struct di_defer d;
	struct loop_io io;
	int fd[2];

	loop_pipe(fd);
	loop_watch(r, &io, fd[0], REACTOR_READ);
	io.letter = 'r';
	CHECK(reactor_idle_start(r, &i) == 0);
	CHECK(reactor_idle_start(r, &i) == 0);
	CHECK_INT(reactor_run_once(r, -1), 1); /* never waits */
	CHECK_INT(reactor_run_once(r, -1), 1);
	CHECK_STR(loop_said(), "ii");
	di_start(r, &d, 'd', -2);
	CHECK_INT(reactor_run_once(r, -1), 1);
	CHECK_STR(loop_said(), "d");
	loop_put(fd[1]);
	CHECK_INT(reactor_run_once(r, -1), 1);
	CHECK_STR(loop_said(), "r");
	reactor_io_stop(r, &io.io);
	CHECK_INT(reactor_run_once(r, -1), 1);
	CHECK_STR(loop_said(), "i");
	reactor_idle_stop(r, &i);
	reactor_idle_stop(r, &i);
	CHECK_INT(reactor_run(r), 0);
	CHECK_STR(loop_said(), "");
	CHECK(reactor_close(r) == 0);
	loop_close(fd);
}

/* ---- Hooks --------------------------------------------------------------- */

/* A prepare handler that does something to another. */
struct di_hook {
	struct reactor_prepare prepare;
	struct di_hook *stops, *starts;
	char letter;
};

static void
di_hook_called(struct reactor *r, struct reactor_prepare *prepare)
{
	struct di_hook *h = (struct di_hook *)prepare;

	loop_log(h->letter);
	if (h->stops != NULL)
		reactor_prepare_stop(r, &h->stops->prepare);
	if (h->starts != NULL)
		CHECK(reactor_prepare_start(r, &h->starts->prepare) == 0);
}

static void
di_hooks(struct reactor *r, struct di_hook *h, int n)
{
	int i;

	for (i = 0; i < n; i++) {
		memset(&h[i], 0, sizeof(h[i]));
		h[i].prepare.callback = di_hook_called;
		h[i].letter = (char)('a' + i);
		CHECK(reactor_prepare_start(r, &h[i].prepare) == 0);
	}
}

static const char *
di_turn(struct reactor *r)
{
	CHECK(reactor_run_once(r, 0) >= 0);
	return loop_said();
}

static void
hooks_in_order(void)
{
	struct reactor *r = loop_open();
	struct di_hook h[3];

	di_hooks(r, h, 3);
	CHECK_STR(di_turn(r), "abc");
	h[0].stops = &h[1];
	CHECK_STR(di_turn(r), "ac");
	h[0].stops = &h[0];
	CHECK_STR(di_turn(r), "ac");
	CHECK_STR(di_turn(r), "c");
	h[2].stops = &h[2];
	CHECK_STR(di_turn(r), "c");
	CHECK_STR(di_turn(r), "");
	CHECK_INT(reactor_run(r), 0); /* they keep nothing running */
	CHECK(reactor_close(r) == 0);
}

/* Each is called at most once in a turn, whatever they start. */
static void
hooks_restarted(void)
{
	struct reactor *r = loop_open();
	struct di_hook h[2];

	di_hooks(r, h, 2);
	h[0].starts = &h[0];
	CHECK_INT(strlen(di_turn(r)), 2);
	h[1].starts = &h[1];
	CHECK_INT(strlen(di_turn(r)), 2);
	h[0].starts = h[0].stops = &h[0];
	h[1].starts = h[1].stops = &h[1];
	CHECK_INT(strlen(di_turn(r)), 2);
	CHECK_INT(strlen(di_turn(r)), 2);
	h[0].starts = h[0].stops = &h[1];
	h[1].starts = h[1].stops = &h[0];
	CHECK(strlen(di_turn(r)) <= 4);
	CHECK(reactor_close(r) == 0);
}

static void
di_check_called(struct reactor *r, struct reactor_check *check)
{
	(void)check;
	(void)r;
	loop_log('c');
}

static void
di_check_stops(struct reactor *r, struct reactor_check *check)
{
	(void)check;
	loop_log('c');
	reactor_stop(r);
}

static void
di_prepare_defers(struct reactor *r, struct reactor_prepare *prepare)
{
	static struct di_defer d;

	(void)prepare;
	loop_log('p');
	di_start(r, &d, 'd', 0);
}

/* prepare, wait, check, dispatch; what prepare queues is not waited for. */
static void
the_turn(void)
{
	struct reactor *r = loop_open();
	struct reactor_prepare p = { .callback = di_prepare_defers };
	struct reactor_check c = { .callback = di_check_called };

	CHECK(reactor_check_start(r, &c) == 0);
	CHECK(reactor_prepare_start(r, &p) == 0);
	CHECK_INT(reactor_run_once(r, 60 * REACTOR_SECOND), 3);
	CHECK_STR(loop_said(), "pcd");
	reactor_prepare_stop(r, &p);
	CHECK_INT(reactor_run_once(r, 0), 1);
	CHECK_STR(loop_said(), "c");
	reactor_check_stop(r, &c);
	CHECK_INT(reactor_run_once(r, 0), 0);
	CHECK(reactor_close(r) == 0);
}

/* After a stop nothing more is called, not even one. */
static void
stop_in_check(void)
{
	struct reactor *r = loop_open();
	struct reactor_check c = { .callback = di_check_stops };
	struct di_defer d;

	CHECK(reactor_check_start(r, &c) == 0);
	di_start(r, &d, 'd', 0);
	CHECK_INT(reactor_run(r), 0);
	CHECK_STR(loop_said(), "c");
	reactor_check_stop(r, &c);
	CHECK_INT(reactor_run(r), 0);
	CHECK_STR(loop_said(), "d");
	CHECK(reactor_close(r) == 0);
}

/* ---- Run ----------------------------------------------------------------- */

static void
di_nested(struct reactor *r, struct reactor_defer *defer)
{
	int64_t timeout;

	(void)defer;
	errno = 0;
	CHECK_INT(reactor_run(r), -1);
	CHECK_INT(errno, EBUSY);
	errno = 0;
	CHECK_INT(reactor_run_once(r, 0), -1);
	CHECK_INT(errno, EBUSY);
	errno = 0;
	CHECK_INT(reactor_next(r, &timeout), -1);
	CHECK_INT(errno, EBUSY);
	errno = 0;
	CHECK_INT(reactor_close(r), -1);
	CHECK_INT(errno, EBUSY);
	loop_log('n');
}

static void
busy(void)
{
	struct reactor *r = loop_open();
	struct di_defer d, after;

	di_start(r, &d, 'd', 0);
	d.defer.callback = di_nested;
	di_start(r, &after, 'a', 0);
	CHECK_INT(reactor_run(r), 0);
	CHECK_STR(loop_said(), "na");
	CHECK(reactor_close(r) == 0);
	CHECK(reactor_close(NULL) == 0);
}

static void
alive(void)
{
	struct reactor *r = loop_open();
	struct reactor_idle idle = { .callback = di_idle_called };
	struct reactor_timer timer = { .callback = di_timer_called };
	struct loop_io io;
	int fd[2];

	loop_pipe(fd);
	CHECK_INT(reactor_run(r), 0); /* nothing at all */
	CHECK_INT(reactor_run_once(r, -1), 0);
	loop_io(&io, fd[0], REACTOR_READ);
	io.io.event.flags = REACTOR_BACKGROUND;
	timer.event.flags = REACTOR_BACKGROUND;
	idle.event.flags = REACTOR_BACKGROUND;
	CHECK(reactor_io_start(r, &io.io) == 0);
	CHECK(reactor_timer_start(r, &timer, 3600 * REACTOR_SECOND) == 0);
	CHECK(reactor_idle_start(r, &idle) == 0);
	CHECK_INT(r->active, 0);
	CHECK_INT(reactor_run(r), 0);
	reactor_idle_stop(r, &idle);
	/* The flag is read by start: restart changes it. */
	timer.event.flags = 0;
	CHECK(reactor_timer_start(r, &timer, LOOP_MS) == 0);
	CHECK_INT(r->active, 1);
	CHECK(reactor_timer_start(r, &timer, LOOP_MS) == 0);
	CHECK_INT(r->active, 1);
	CHECK_INT(reactor_run(r), 0);
	CHECK_STR(loop_said(), "t");
	CHECK_INT(r->active, 0);
	io.io.event.flags = 0;
	CHECK(reactor_io_start(r, &io.io) == 0);
	CHECK_INT(r->active, 1);
	io.io.event.flags = REACTOR_BACKGROUND;
	CHECK(reactor_io_start(r, &io.io) == 0);
	CHECK_INT(r->active, 0);
	CHECK(reactor_io_start(r, &io.io) == 0);
	CHECK_INT(r->active, 0);
	io.io.event.flags = 0;
	CHECK(reactor_io_start(r, &io.io) == 0);
	CHECK_INT(r->active, 1);
	reactor_io_stop(r, &io.io);
	reactor_io_stop(r, &io.io);
	CHECK_INT(r->active, 0);
	CHECK_INT(reactor_run(r), 0);
	CHECK(reactor_close(r) == 0);
	loop_close(fd);
}

/* Started handlers need not be stopped before close. */
static void
close_stops(void)
{
	struct reactor *r = loop_open();
	struct reactor_idle i = { .callback = di_idle_called };
	struct reactor_check c = { .callback = di_check_called };
	struct reactor_timer timer = { .callback = di_timer_called };
	struct di_hook h[2];
	struct di_defer d[2];
	struct loop_io io[2];
	int fd[2];

	loop_pipe(fd);
	loop_put(fd[1]);
	di_hooks(r, h, 2);
	CHECK(reactor_check_start(r, &c) == 0);
	CHECK(reactor_idle_start(r, &i) == 0);
	CHECK(reactor_timer_start(r, &timer, 0) == 0);
	loop_watch(r, &io[0], fd[0], REACTOR_READ);
	loop_watch(r, &io[1], fd[1], REACTOR_WRITE);
	di_start(r, &d[0], 'a', 2);
	d[0].defer.callback = di_stop_run;
	di_start(r, &d[1], 'b', 0);
	CHECK(reactor_run(r) == 0);
	CHECK_STR(loop_said(), "abca"); /* hooks, then the first only */
	CHECK(reactor_close(r) == 0);
	CHECK_STR(loop_said(), "");
	CHECK_INT(io[0].io.event.state, 0);
	CHECK_INT(io[1].io.event.state, 0);
	CHECK_INT(timer.event.state, 0);
	CHECK_INT(d[1].defer.event.state, 0);
	CHECK_INT(h[0].prepare.event.state, 0);
	CHECK_INT(c.event.state, 0);
	CHECK_INT(i.event.state, 0);
	loop_close(fd);
}

/* ---- Stop and wake from elsewhere ---------------------------------------- */

static void *
di_thread_stop(void *r)
{
	loop_sleep(20 * LOOP_MS);
	reactor_stop(r);
	return NULL;
}

static void *
di_thread_wake(void *r)
{
	loop_sleep(20 * LOOP_MS);
	reactor_wake(r);
	return NULL;
}

static void
from_a_thread(void)
{
	struct reactor *r = loop_open();
	struct loop_io io;
	pthread_t thread;
	int fd[2];

	loop_pipe(fd);
	loop_watch(r, &io, fd[0], REACTOR_READ);
	CHECK(pthread_create(&thread, NULL, di_thread_stop, r) == 0);
	CHECK_INT(reactor_run(r), 0);
	CHECK(pthread_join(thread, NULL) == 0);
	CHECK(pthread_create(&thread, NULL, di_thread_wake, r) == 0);
	CHECK_INT(reactor_run_once(r, -1), 0);
	CHECK(pthread_join(thread, NULL) == 0);
	CHECK(reactor_close(r) == 0);
	loop_close(fd);
}

static struct reactor *di_reactor;

static void
di_signal(int number)
{
	int error = errno;

	(void)number;
	errno = ENOTTY;
	reactor_wake(di_reactor);
	if (errno != ENOTTY)
		_exit(1);
	errno = error;
}

static void
from_a_signal(void)
{
	struct reactor *r = di_reactor = loop_open();
	struct sigaction action = { .sa_handler = di_signal };
	struct loop_io io;
	int fd[2], i;

	loop_pipe(fd);
	loop_watch(r, &io, fd[0], REACTOR_READ);
	CHECK(sigaction(SIGALRM, &action, NULL) == 0);
	raise(SIGALRM);
	CHECK_INT(reactor_run_once(r, -1), 0);
	ualarm(20000, 0);
	CHECK_INT(reactor_run_once(r, -1), 0);
	for (i = 0; i < 100000; i++) /* the descriptor never fills up */
		reactor_wake(r);
	CHECK_INT(reactor_run_once(r, -1), 0);
	/* All of them were for one turn. */
	loop_count(r);
	CHECK_INT(reactor_run_once(r, 0), 0);
	loop_timeout = -2;
	CHECK_INT(reactor_run_once(r, LOOP_MS), 0);
	CHECK_INT(loop_timeout, LOOP_MS);
	CHECK(reactor_close(r) == 0);
	loop_close(fd);
}

/* ---- Inside another loop ------------------------------------------------- */

static int
di_readable(int fd, int ms)
{
	struct pollfd p = { fd, POLLIN, 0 };

	return poll(&p, 1, ms);
}

static void
nested(void)
{
	struct reactor *r = loop_open();
	struct di_defer d;
	struct loop_io io;
	int64_t timeout;
	int fd[2], inner;

	loop_pipe(fd);
	loop_watch(r, &io, fd[0], REACTOR_READ);
	CHECK_INT(reactor_next(r, &timeout), 0);
	CHECK_INT(timeout, -1);
	di_start(r, &d, 'd', 0);
	CHECK_INT(reactor_next(r, &timeout), 0);
	CHECK_INT(timeout, 0);
	CHECK_INT(reactor_run_once(r, 0), 1);
	CHECK_STR(loop_said(), "d");
	memset(&di_timer, 0, sizeof(di_timer));
	di_timer.callback = di_timer_called;
	CHECK(reactor_timer_start(r, &di_timer, 3600 * REACTOR_SECOND) == 0);
	CHECK_INT(reactor_next(r, &timeout), 0);
	CHECK(timeout > 3000 * REACTOR_SECOND);
	CHECK(timeout <= 3600 * REACTOR_SECOND);
	inner = reactor_descriptor(r);
	if (r->backend->descriptor == NULL) {
		CHECK_INT(inner, -1);
		CHECK_INT(errno, ENOTSUP);
	} else {
		CHECK(inner >= 3);
		CHECK_INT(reactor_descriptor(r), inner);
		CHECK_INT(di_readable(inner, 0), 0);
		loop_put(fd[1]);
		CHECK_INT(di_readable(inner, 1000), 1);
		CHECK_INT(reactor_run_once(r, 0), 1);
		CHECK_INT(io.calls, 1);
		CHECK_INT(read(fd[0], &timeout, 8), 1);
		CHECK_INT(reactor_run_once(r, 0), 0);
		CHECK_INT(di_readable(inner, 0), 0);
		reactor_wake(r);
		CHECK_INT(di_readable(inner, 1000), 1);
		CHECK_INT(reactor_run_once(r, 0), 0);
		CHECK_INT(di_readable(inner, 0), 0);
		/* A change is seen after reactor_next. */
		loop_put(fd[1]);
		reactor_io_stop(r, &io.io);
		CHECK_INT(di_readable(inner, 0), 0);
		CHECK(reactor_io_start(r, &io.io) == 0);
		CHECK_INT(reactor_next(r, &timeout), 0);
		CHECK_INT(di_readable(inner, 1000), 1);
	}
	CHECK(reactor_close(r) == 0);
	loop_close(fd);
}

/* Changes made by the last callback do not wait for the next run. */
static void
applied_at_the_end(void)
{
	struct reactor *r = loop_open();
	struct loop_io io;
	struct di_defer d;
	int fd[2];

	loop_pipe(fd);
	loop_count(r);
	di_start(r, &d, 'd', 0);
	loop_watch(r, &io, fd[0], REACTOR_READ);
	CHECK(reactor_run_once(r, 0) == 1);
	CHECK(loop_updated() > 0);
	io.io.wanted = REACTOR_READ | REACTOR_WRITE;
	CHECK(reactor_io_start(r, &io.io) == 0);
	reactor_stop(r);
	CHECK(reactor_run(r) == 0);
	CHECK_INT(loop_updated(), 1);
	CHECK(reactor_close(r) == 0);
	loop_close(fd);
}

/* ---- A wait that fails --------------------------------------------------- */

static struct reactor_post di_post;
static int di_failures;

static void
di_post_called(struct reactor *r, struct reactor_post *post)
{
	(void)r;
	(void)post;
	loop_log('p');
}

static int
di_failing_wait(
    void *state, struct reactor_ready *ready, int max, int64_t timeout)
{
	if (di_failures == 0)
		return loop_real->wait(state, ready, max, timeout);
	di_failures--;
	reactor_post_send(di_reactor, &di_post);
	errno = ENXIO;
	return -1;
}

static void
failing_wait(void)
{
	struct reactor *r = di_reactor = loop_open();
	struct loop_io io;
	int fd[2];

	loop_pipe(fd);
	loop_count(r);
	loop_counting.wait = di_failing_wait;
	loop_watch(r, &io, fd[0], REACTOR_READ);
	memset(&di_post, 0, sizeof(di_post));
	di_post.callback = di_post_called;
	/* Once is repaired, and nothing sent meanwhile is lost. */
	di_failures = 1;
	CHECK(reactor_run_once(r, -1) >= 0);
	CHECK(reactor_run_once(r, 0) >= 0);
	CHECK_STR(loop_said(), "p");
	loop_put(fd[1]);
	CHECK_INT(reactor_run_once(r, -1), 1);
	CHECK_INT(io.calls, 1);
	/* Twice in a row is for the caller. */
	di_failures = 2;
	CHECK_INT(reactor_run(r), -1);
	CHECK_INT(errno, ENXIO);
	CHECK(reactor_run_once(r, 0) >= 0);
	CHECK(reactor_run_once(r, 0) >= 0);
	CHECK_STR(loop_said(), "p");
	CHECK(reactor_close(r) == 0);
	loop_close(fd);
}

static const struct test tests[] = {
	TEST("higher priorities first, first in first out within", priorities),
	TEST("what is queued meanwhile waits for the next turn", snapshot),
	TEST("stopped while queued", stopped_while_queued),
	TEST("stop leaves the rest first in the next run", stop_in_the_middle),
	TEST("stop before a run is kept", stop_before_run),
	TEST("feed", feed),
	TEST("defer starves neither io nor timers", defer_starves_nobody),
	TEST("idle only when nothing else is queued", idle),
	TEST("hooks are called in order and may leave", hooks_in_order),
	TEST("hooks may be started again", hooks_restarted),
	TEST("a turn: prepare, wait, check, dispatch", the_turn),
	TEST("stop in a check handler", stop_in_check),
	TEST("no run within a run, no close", busy),
	TEST("what keeps the loop running", alive),
	TEST("close stops every handler", close_stops),
	TEST("stop and wake from a thread", from_a_thread),
	TEST("wake from a signal handler", from_a_signal),
	TEST("inside another loop", nested),
	TEST("changes are applied at the end", applied_at_the_end),
	TEST("a wait that fails", failing_wait),
};

TEST_MAIN(tests)
