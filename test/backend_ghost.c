/*
 * SPDX-License-Identifier: ISC
 *
 * backend_ghost.c: copies of closed descriptors, which the kernel still watches.
 */
#include <sys/resource.h>
#include "test/backend.h"

/*
 * A copy of what the number stood for lives on, and is ready.  The wait may
 * come back for it, but not for ever, and must not speak of it.
 */
static void
check_no_ghost(int number)
{
	int turn;

	for (turn = 0; turn < 3; turn++) {
		look(REACTOR_MILLISECOND);
		CHECK_INT(told(number), 0);
	}
	check_quiet();
}

static void
ghost(void)
{
	int p[2], q[2], copy, n;

	begin();
	make_pipe(p);
	make_pipe(q);
	n = p[0];
	CHECK_INT(update(q[0], 0, READ), 0);
	CHECK_INT(update(n, 0, READ), 0);
	copy = dup(n);
	close(n);
	CHECK_INT(update(n, READ, 0), 0);
	put(p[1]);
	check_no_ghost(n);
	put(q[1]); /* the others are still there */
	CHECK_INT(now(q[0]), READ);
	close(copy);
	close(p[1]);
	drop(q);
	end();
}

/* The number has a new owner, who must not hear the voice of the old one. */
static void
haunted(int was)
{
	int p[2], q[2], copy, n;

	begin();
	make_pipe(p);
	make_pipe(q);
	n = p[0];
	CHECK_INT(update(n, 0, READ), 0);
	look(0);
	copy = dup(n);
	close(n);
	if (was == 0)
		CHECK_INT(update(n, READ, 0), 0);
	CHECK_INT(dup2(q[0], n), n);
	CHECK_INT(update(n, was ? READ : 0, READ), 0);
	put(p[1]);
	check_no_ghost(n);
	put(q[1]);
	CHECK_INT(now(n), READ);
	CHECK_INT(update(n, READ, 0), 0);
	check_quiet();
	close(n);
	close(copy);
	close(p[1]);
	drop(q);
	end();
}

static void
ghost_with_new_owner(void)
{
	haunted(0);
}

static void
ghost_and_forgotten_stop(void)
{
	haunted(1);
}

/* It gets its number back: one file, twice the same registration. */
static void
ghost_returns(void)
{
	int p[2], copy, n;

	begin();
	make_pipe(p);
	n = p[0];
	CHECK_INT(update(n, 0, READ), 0);
	copy = dup(n);
	close(n);
	CHECK_INT(update(n, READ, 0), 0);
	CHECK_INT(dup2(copy, n), n);
	CHECK_INT(update(n, 0, READ), 0);
	put(p[1]);
	look(0);
	look(0);
	CHECK_INT(now(n), READ);
	CHECK_INT(update(n, READ, 0), 0);
	check_quiet();
	close(copy);
	drop(p);
	end();
}

/* It leaves even though the process has no descriptor to spare. */
static void
ghost_at_the_limit(void)
{
	struct rlimit limit;
	int p[2], q[2], copy, n;

	begin();
	make_pipe(p);
	make_pipe(q);
	n = p[0];
	CHECK_INT(update(n, 0, READ), 0);
	CHECK_INT(update(q[0], 0, READ), 0);
	look(0);
	copy = dup(n);
	close(n);
	CHECK_INT(update(n, READ, 0), 0);
	CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = 0;
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = (rlim_t)copy + 1;
	CHECK_INT(dup2(q[0], n), -1);
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	CHECK_INT(dup2(q[0], n), n); /* now every number is taken */
	CHECK_INT(dup(n), -1);
	put(p[1]);
	check_no_ghost(n);
	put(q[1]);
	CHECK_INT(now(q[0]), READ);
	close(copy);
	close(n);
	close(p[1]);
	drop(q);
	end();
}

static const struct test cases[] = {
	TEST("a copy of a closed descriptor is not heard", ghost),
	TEST("nor by the new owner of its number", ghost_with_new_owner),
	TEST("nor where the stop was forgotten", ghost_and_forgotten_stop),
	TEST("a copy gets its number back", ghost_returns),
	TEST("a copy, with no descriptor to spare", ghost_at_the_limit),
};
TEST_BACKENDS(cases)
