/*
 * SPDX-License-Identifier: ISC
 *
 * backend_wait.c: how a backend waits, and that it is fair.
 */
#include <limits.h>
#include <sys/time.h>
#include "test/backend.h"

/* ---- wait ---------------------------------------------------------------- */

/* Nobody is left out for longer than it takes to serve everybody once. */
static void
check_fair(int max, int p[][2])
{
	int last[MANY] = { 0 }, call, i, k;

	for (call = 1; call <= 10 * MANY; call++) {
		found = backend->wait(state, ready, max, 0);
		CHECK_INT(found, max);
		for (i = 0; i < found; i++)
			for (k = 0; k < MANY; k++)
				if (ready[i].fd == p[k][0]) {
					CHECK_INT(ready[i].mask, READ);
					last[k] = call;
				}
		for (k = 0; k < MANY; k++)
			CHECK(call - last[k] <= MANY / max + 1);
	}
}

static void
fair(void)
{
	int p[MANY][2], i;

	begin();
	for (i = 0; i < MANY; i++) {
		make_pipe(p[i]);
		put(p[i][1]);
		CHECK_INT(update(p[i][0], 0, READ), 0);
	}
	look(0); /* changes that were put off are made */
	check_fair(1, p);
	check_fair(7, p);
	check_fair(MANY - 1, p);
	for (i = 0; i < MANY; i++)
		drop(p[i]);
	end();
}

/* Those that are served leave and come back, which must not push others out. */
static void
fair_under_changes(void)
{
	int p[MANY][2], seen[MANY] = { 0 }, call, i;

	begin();
	for (i = 0; i < MANY; i++) {
		make_pipe(p[i]);
		put(p[i][1]);
		CHECK_INT(update(p[i][0], 0, READ), 0);
	}
	for (call = 0; call < 10 * MANY; call++) {
		CHECK_INT(backend->wait(state, ready, 1, 0), 1);
		for (i = 0; p[i][0] != ready[0].fd; i++)
			;
		seen[i]++;
		CHECK_INT(update(p[i][0], READ, 0), 0);
		CHECK_INT(update(p[i][0], 0, READ), 0);
	}
	for (i = 0; i < MANY; i++)
		CHECK(seen[i] > 0);
	for (i = 0; i < MANY; i++)
		drop(p[i]);
	end();
}

static void
more_than_fits(void)
{
	int p[MANY][2], i, seen = 0;

	begin();
	for (i = 0; i < MANY; i++) {
		make_pipe(p[i]);
		CHECK_INT(update(p[i][1], 0, WRITE), 0);
	}
	look(0);
	for (i = 0; i < MANY; i++)
		seen += told(p[i][1]) == WRITE;
	CHECK_INT(seen, MANY);
	for (i = 0; i < MANY; i++)
		drop(p[i]);
	end();
}

static void
never_early(void)
{
	static const int64_t spans[] = { 1, 999, 1000, 1001, 300000, 999999,
		1000000, 1000001, 1500000, 12345678 };
	int64_t start;
	size_t i, k;

	begin();
	for (k = 0; k < 5; k++)
		for (i = 0; i < sizeof spans / sizeof spans[0]; i++) {
			start = test_clock();
			look(spans[i]);
			CHECK_INT(found, 0);
			CHECK(test_clock() - start >= spans[i]);
		}
	start = test_clock();
	for (i = 0; i < 100; i++)
		look(0);
	CHECK(test_clock() - start < (int64_t)(REACTOR_SECOND * test_slow()));
	end();
}

static void
long_waits(void)
{
	static const int64_t spans[] = { -1, INT64_MIN, INT64_MAX,
		INT64_MAX - 1, INT_MAX * REACTOR_MILLISECOND,
		(INT_MAX + INT64_C(1)) * REACTOR_MILLISECOND };
	int p[2], q[2];
	size_t i;
	pid_t child;

	begin();
	make_pipe(p);
	make_pipe(q);
	CHECK_INT(update(p[0], 0, READ), 0);
	for (i = 0; i < sizeof spans / sizeof spans[0]; i++) {
		child = fork();
		if (child == 0) {
			(void)poll(NULL, 0, 10);
			_exit(write(p[1], "x", 1) != 1);
		}
		look(spans[i]);
		CHECK_INT(found, 1);
		CHECK_INT(told(p[0]), READ);
		look(spans[i]); /* what is there needs no waiting */
		CHECK_INT(told(p[0]), READ);
		take(p[0]);
		CHECK(waitpid(child, NULL, 0) == child);
	}
	drop(p);
	drop(q);
	end();
}

static volatile sig_atomic_t alarms;

static void
count_alarm(int number)
{
	(void)number;
	alarms++;
}

static void
interrupted(void)
{
	const struct itimerval often = { { 0, 20000 }, { 0, 20000 } };
	struct sigaction action;
	int p[2];

	begin();
	make_pipe(p);
	memset(&action, 0, sizeof action);
	action.sa_handler = count_alarm;
	CHECK(sigaction(SIGALRM, &action, NULL) == 0);
	CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
	CHECK_INT(update(p[0], 0, READ), 0);
	look(-1);
	CHECK_INT(found, 0);
	CHECK(alarms > 0);
	look(3600 * REACTOR_SECOND);
	CHECK_INT(found, 0);
	put(p[1]);
	look(-1);
	CHECK_INT(told(p[0]), READ);
	drop(p);
	end();
}

/* ---- All together -------------------------------------------------------- */

static uint32_t
chance(uint32_t sides)
{
	static uint32_t seed = 1;

	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % sides;
}

/* Ten thousand random changes, and poll(2) to say what is right. */
static void
agrees_with_poll(void)
{
	static const unsigned masks[] = { 0, READ, WRITE, READ | WRITE };
	unsigned wanted[MANY] = { 0 }, mask;
	int s[MANY][2], step, i, n;
	struct pollfd p;

	begin();
	for (i = 0; i < MANY; i++)
		make_pair(s[i]);
	for (step = 0; step < 10000; step++) {
		i = (int)chance(MANY);
		mask = masks[chance(4)];
		if (chance(8) == 0) { /* another file by the same number */
			drop(s[i]);
			make_pair(s[i]);
			mask = mask ? mask : READ;
		}
		if (chance(2) == 0 && recv(s[i][0], &p, 1, MSG_DONTWAIT) != 1)
			put(s[i][1]);
		CHECK_INT(update(s[i][0], wanted[i], mask), 0);
		wanted[i] = mask;
		look(0);
		for (i = 0, n = 0; i < MANY; i++) {
			p = (struct pollfd){ s[i][0], 0, 0 };
			p.events |= wanted[i] & READ ? POLLIN : 0;
			p.events |= wanted[i] & WRITE ? POLLOUT : 0;
			CHECK(poll(&p, 1, 0) >= 0);
			mask = p.revents & POLLIN ? READ : 0;
			mask |= p.revents & POLLOUT ? WRITE : 0;
			CHECK_INT(told(s[i][0]), mask);
			n += mask != 0;
		}
		CHECK(found >= n);
	}
	for (i = 0; i < MANY; i++)
		drop(s[i]);
	end();
}

static const struct test cases[] = {
	TEST("one at a time, nobody starves", fair),
	TEST("nobody starves while others come and go", fair_under_changes),
	TEST("all at once", more_than_fits),
	TEST("never early", never_early),
	TEST("long waits, and endless ones", long_waits),
	TEST("a signal ends the wait", interrupted),
	TEST("agrees with poll after ten thousand changes", agrees_with_poll),
};
TEST_BACKENDS(cases)
