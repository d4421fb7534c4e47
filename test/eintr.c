/*
 * SPDX-License-Identifier: ISC
 *
 * eintr.c: ten thousand signals a second, none of which restarts system calls:
 * nothing is lost, no timer is early, nothing fails.
 */
#include <sys/time.h>
#include "test/loop.h"

enum { EI_TIMERS = 40, EI_BYTES = 2000 };

static volatile sig_atomic_t ei_signals;
static struct reactor_post ei_post;
static struct reactor *ei_reactor;
static int ei_posts, ei_sent, ei_echoed, ei_fired;
static int ei_fd[2];

static void
ei_signal(int number)
{
	int error = errno;

	(void)number;
	ei_signals++;
	if (ei_signals % 16 == 0)
		reactor_post_send(ei_reactor, &ei_post);
	errno = error;
}

static void
ei_storm(int on)
{
	struct itimerval often = { { 0, 100 }, { 0, 100 } }, never;
	struct sigaction action = { .sa_handler = on ? ei_signal : SIG_IGN };

	memset(&never, 0, sizeof(never));
	CHECK(sigaction(SIGALRM, &action, NULL) == 0); /* then none is late */
	CHECK(setitimer(ITIMER_REAL, on ? &often : &never, NULL) == 0);
}

struct ei_timer {
	struct reactor_timer timer;
	int64_t deadline;
	int left;
};

static void
ei_timer_start(struct reactor *r, struct ei_timer *t, int64_t after)
{
	t->deadline = test_clock() + after;
	CHECK(reactor_timer_start(r, &t->timer, after) == 0);
}

static void
ei_timer_called(struct reactor *r, struct reactor_timer *timer)
{
	struct ei_timer *t = (struct ei_timer *)timer;

	CHECK(test_clock() >= t->timer.deadline);
	ei_fired++;
	if (t->left-- > 0)
		ei_timer_start(r, t, (t->left * 37 % 50) * 100000);
}

/* One end sends a byte for each that comes back. */
static void
ei_echo(struct reactor *r, struct loop_io *l)
{
	char byte;
	int me = l->io.fd == ei_fd[1];

	if (read(l->io.fd, &byte, 1) != 1)
		return;
	if (me) {
		CHECK_INT(write(l->io.fd, &byte, 1), 1);
	} else if (++ei_echoed < EI_BYTES) {
		CHECK_INT(byte, (char)ei_sent);
		byte = (char)++ei_sent;
		CHECK_INT(write(l->io.fd, &byte, 1), 1);
	} else {
		reactor_io_stop(r, &l->io);
	}
}

static void
ei_post_called(struct reactor *r, struct reactor_post *post)
{
	(void)r;
	(void)post;
	ei_posts++;
}

static void
storm(void)
{
	struct reactor *r = ei_reactor = loop_open();
	struct ei_timer t[EI_TIMERS];
	struct loop_io io[2];
	int i;

	memset(t, 0, sizeof(t));
	loop_pair(ei_fd);
	for (i = 0; i < 2; i++) {
		loop_io(&io[i], ei_fd[i], REACTOR_READ);
		io[i].then = ei_echo;
		io[i].io.event.flags = i == 1 ? REACTOR_BACKGROUND : 0;
		CHECK(reactor_io_start(r, &io[i].io) == 0);
	}
	ei_post.callback = ei_post_called;
	ei_post.event.flags = REACTOR_BACKGROUND;
	CHECK(reactor_post_start(r, &ei_post) == 0);
	ei_storm(1);
	for (i = 0; i < EI_TIMERS; i++) {
		t[i].timer.callback = ei_timer_called;
		t[i].left = 20;
		ei_timer_start(r, &t[i], i * 100000);
	}
	CHECK_INT(write(ei_fd[0], "\0", 1), 1);
	CHECK_INT(reactor_run(r), 0);
	ei_storm(0);
	CHECK_INT(ei_echoed, EI_BYTES);
	CHECK_INT(ei_fired, EI_TIMERS * 21);
	CHECK(ei_signals >= 16);
	CHECK(reactor_run_once(r, 0) >= 0);
	CHECK(ei_posts >= 1 && ei_posts <= ei_signals / 16);
	CHECK(reactor_close(r) == 0);
	loop_close(ei_fd);
}

/* Waits that are cut short end in time, and waits for one thing find it. */
static void
waits(void)
{
	struct reactor *r = ei_reactor = loop_open();
	struct ei_timer t;
	int64_t began = test_clock();

	memset(&t, 0, sizeof(t));
	ei_post.callback = ei_post_called;
	t.timer.callback = ei_timer_called;
	ei_storm(1);
	ei_timer_start(r, &t, 50 * LOOP_MS);
	CHECK_INT(reactor_run(r), 0);
	ei_storm(0);
	CHECK_INT(ei_fired, 1);
	CHECK(test_clock() - began >= 50 * LOOP_MS);
	CHECK(reactor_close(r) == 0);
}

static const struct test tests[] = {
	TEST("a storm of signals", storm),
	TEST("a wait in the storm", waits),
};

TEST_MAIN(tests)
