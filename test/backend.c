/*
 * SPDX-License-Identifier: ISC
 *
 * backend.c: what a backend makes of changes.
 */
#include <limits.h>
#include <sys/resource.h>
#include "test/backend.h"

static void
adds_and_removes(void)
{
	int p[2];

	begin();
	make_pipe(p);
	CHECK_INT(update(p[0], 0, READ), 0);
	CHECK_INT(now(p[0]), 0);
	put(p[1]);
	CHECK_INT(now(p[0]), READ);
	CHECK_INT(now(p[0]), READ); /* level-triggered */
	take(p[0]);
	CHECK_INT(now(p[0]), 0);
	put(p[1]);
	CHECK_INT(now(p[0]), READ);
	CHECK_INT(update(p[0], READ, 0), 0);
	check_quiet();
	CHECK_INT(update(p[0], 0, READ), 0);
	CHECK_INT(now(p[0]), READ); /* ready before it was added */
	CHECK_INT(update(p[0], READ, 0), 0);
	drop(p);
	end();
}

static void
changes(void)
{
	static const unsigned masks[] = { READ, WRITE, READ | WRITE, WRITE,
		READ, READ | WRITE, READ, 0, READ | WRITE, READ | WRITE, 0 };
	unsigned was = 0;
	size_t i;
	int s[2];

	begin();
	make_pair(s);
	put(s[1]);
	for (i = 0; i < sizeof masks / sizeof masks[0]; i++) {
		CHECK_INT(update(s[0], was, masks[i]), 0);
		was = masks[i];
		CHECK_INT(now(s[0]), was);
	}
	drop(s);
	end();
}

static void
closes_nothing(void)
{
	int p[2];

	begin();
	make_pipe(p);
	CHECK_INT(update(p[0], 0, READ), 0);
	end();
	CHECK(fcntl(p[0], F_GETFD) != -1);
	drop(p);
}

/* The number is another file by now, as `over` says, and is told so. */
static void
replaced(int over, unsigned mask)
{
	int old[2], new[2], n;

	begin();
	make_pair(old);
	make_pair(new);
	n = old[0];
	CHECK_INT(update(n, 0, READ), 0);
	CHECK_INT(now(n), 0);
	if (!over)
		close(n);
	CHECK_INT(dup2(new[0], n), n);
	CHECK_INT(update(n, READ, mask), 0);
	CHECK_INT(now(n) & READ, 0);
	put(new[1]);
	CHECK_INT(now(n), mask);
	take(n);
	CHECK_INT(now(n), mask & WRITE);
	CHECK_INT(update(n, mask, 0), 0);
	check_quiet();
	drop(old);
	drop(new);
	end();
}

static void
reopened(void)
{
	replaced(0, READ);
}

static void
reopened_and_changed(void)
{
	replaced(0, READ | WRITE);
}

static void
replaced_at_once(void)
{
	replaced(1, READ);
}

static void
closed_already(void)
{
	int p[2], q[2];

	begin();
	make_pipe(p);
	make_pipe(q);
	put(q[1]);
	drop(p);
	CHECK_INT(update(q[0], 0, READ), 0);
	CHECK_INT(refusal(p[0], 0, READ), EBADF);
	CHECK_INT(now(p[0]), 0); /* once is enough */
	CHECK_INT(now(q[0]), READ);
	CHECK_INT(refusal(60000, 0, READ), EBADF);
	CHECK_INT(now(q[0]), READ);
	drop(q);
	end();
}

/* A number from a confused caller must not cost gigabytes. */
static void
absurd_number(void)
{
	begin();
	CHECK_INT(refusal(INT_MAX, 0, READ), EBADF);
	CHECK_INT(update(INT_MAX, READ, 0), 0);
	CHECK(largest < 1 << 20);
	end();
}

static void
closed_behind_its_back(void)
{
	int p[2], q[2], records = 0, i, turn;

	begin();
	make_pipe(p);
	make_pipe(q);
	put(q[1]);
	CHECK_INT(update(p[0], 0, READ), 0);
	CHECK_INT(update(q[0], 0, READ), 0);
	CHECK_INT(now(q[0]), READ);
	drop(p);
	for (turn = 0; turn < 10; turn++) {
		look(0);
		for (i = 0; i < found; i++)
			if (ready[i].fd == p[0]) {
				CHECK_INT(ready[i].mask, REACTOR_BAD);
				CHECK_INT(ready[i].error, EBADF);
				records++;
			}
	}
	if (strcmp(backend->name, "poll") == 0 ||
	    strcmp(backend->name, "select") == 0)
		CHECK_INT(records, 1);
	CHECK_INT(told(q[0]), READ);
	CHECK_INT(update(p[0], records ? 0 : READ, 0), 0);
	take(q[0]);
	check_quiet();
	drop(q);
	end();
}

/* More of them than there is room for: each comes once. */
static void
closed_all(void)
{
	int p[MANY][2], seen[MANY] = { 0 }, i, turn;

	begin();
	for (i = 0; i < MANY; i++) {
		make_pipe(p[i]);
		CHECK_INT(update(p[i][0], 0, READ), 0);
	}
	look(0);
	for (i = 0; i < MANY; i++)
		drop(p[i]);
	for (turn = 0; turn < 2 * MANY; turn++) {
		found = backend->wait(state, ready, 3, 0);
		CHECK(found >= 0 && found <= 3);
		for (i = 0; i < MANY * found; i++)
			seen[i % MANY] += ready[i / MANY].fd == p[i % MANY][0];
	}
	for (i = 0; i < MANY; i++)
		CHECK_INT(seen[i], seen[0]);
	CHECK(seen[0] <= 1);
	check_quiet();
	end();
}

static void
number_zero(void)
{
	int p[2];

	begin();
	make_pipe(p);
	CHECK_INT(dup2(p[0], 0), 0);
	CHECK_INT(update(0, 0, READ), 0);
	CHECK_INT(now(0), 0);
	put(p[1]);
	CHECK_INT(now(0), READ);
	CHECK_INT(update(0, READ, 0), 0);
	check_quiet();
	drop(p);
	end();
}

static void
high_number(void)
{
	struct rlimit limit;
	int p[2], q[2];

	begin();
	CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	if (limit.rlim_max < 6000)
		SKIP("few descriptors are allowed here");
	limit.rlim_cur = 6000;
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	make_pipe(p);
	make_pipe(q);
	CHECK_INT(dup2(p[0], 5000), 5000);
	CHECK_INT(update(5000, 0, READ), 0);
	CHECK_INT(update(q[0], 0, READ), 0);
	CHECK_INT(now(5000), 0);
	put(p[1]);
	put(q[1]);
	CHECK_INT(now(5000), READ);
	CHECK_INT(told(q[0]), READ);
	CHECK_INT(update(5000, READ, 0), 0);
	CHECK_INT(now(q[0]), READ);
	CHECK_INT(found, 1);
	close(5000);
	drop(p);
	drop(q);
	end();
}

static const struct test cases[] = {
	TEST("adds and removes", adds_and_removes),
	TEST("changes from every mask to every other", changes),
	TEST("close closes nothing that is watched", closes_nothing),
	TEST("a number closed and opened again", reopened),
	TEST("a number opened again, with another mask", reopened_and_changed),
	TEST("a number replaced by dup2", replaced_at_once),
	TEST("a descriptor that is closed already", closed_already),
	TEST("an absurd number costs nothing", absurd_number),
	TEST("removal of a closed descriptor", closed_behind_its_back),
	TEST("all descriptors closed, in small portions", closed_all),
	TEST("descriptor 0", number_zero),
	TEST("descriptor 5000", high_number),
};
TEST_BACKENDS(cases)
