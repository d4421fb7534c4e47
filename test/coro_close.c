/*
 * SPDX-License-Identifier: ISC
 *
 * coro_close.c: generators that end early, and the clean-ups that are run
 * whatever ends them.
 */
#include "test/generator.h"

/* ---- Closing -------------------------------------------------------------- */

static intptr_t
cl_stubborn(void *result)
{
	void *sent = &sent;
	int i;

	while (coro_yield("again", &sent) == 0)
		continue;
	for (i = 0; i < 10; i++) {
		CHECK_INT(errno, ECANCELED);
		errno = 0;
		sent = &sent;
		CHECK_INT(coro_yield("never", &sent), -1);
		CHECK(sent == &sent);
	}
	gen_log('s');
	CHECK_INT(errno, ECANCELED);
	if ((intptr_t)result == -1)
		errno = EIO;
	return (intptr_t)result;
}

/* Runs to its end within the call; what it would yield goes nowhere. */
static void
closing(void)
{
	struct coro *c = gen_new(cl_stubborn, (void *)5);
	intptr_t result;
	int i;

	CHECK_STR(gen_next(c), "again");
	CHECK_STR(gen_next(c), "again");
	for (i = 0; i < 3; i++) {
		errno = EDOM;
		CHECK_INT(coro_close(c), 0);
		CHECK_INT(coro_finished(c, &result), 1);
		CHECK_INT(result, 5);
		CHECK_INT(coro_next(c, NULL), 0);
	}
	CHECK_STR(gen_said(), "s");
	CHECK(coro_free(c) == 0);
	CHECK_STR(gen_said(), "");
}

/* To have been cancelled is no failure; anything else is. */
static void
fails_while_closing(void)
{
	struct coro *c = gen_new(gen_counts, NULL);

	CHECK_INT(gen_next_int(c), 1);
	CHECK_INT(coro_close(c), 0);
	CHECK(coro_free(c) == 0);
	c = gen_new(cl_stubborn, (void *)-1);
	CHECK_STR(gen_next(c), "again");
	CHECK_INT(coro_close(c), -1);
	CHECK_INT(errno, EIO);
	CHECK_INT(coro_close(c), 0);
	CHECK(coro_free(c) == 0);
}

/* It says why, and nothing is left of it. */
static void
fails_while_freed(void)
{
	struct coro *c;

	reactor_set_allocator(gen_resize);
	c = gen_new(gen_counts, NULL);
	CHECK_INT(coro_next(c, NULL), 1); /* its stack is the next one's too */
	CHECK(coro_free(c) == 0);
	gen_made = gen_live = 0;
	c = gen_new(cl_stubborn, (void *)-1);
	CHECK_INT(gen_live, 1);
	CHECK_STR(gen_next(c), "again");
	CHECK_INT(coro_free(c), -1);
	CHECK_INT(errno, EIO);
	CHECK_INT(gen_live, 0);
}

static intptr_t
cl_never(void *unused)
{
	(void)unused;
	test_fail("it runs");
}

static void
never_begun(void)
{
	struct coro *c = gen_new(cl_never, NULL);

	CHECK_INT(coro_close(c), 0);
	CHECK_INT(coro_finished(c, NULL), 1);
	CHECK_INT(coro_next(c, NULL), 0);
	CHECK(coro_free(c) == 0);
	errno = EDOM;
	CHECK(coro_free(gen_new(cl_never, NULL)) == 0);
	CHECK_INT(errno, EDOM);
}

static intptr_t
cl_deaf(void *unused)
{
	(void)unused;
	if (coro_yield(NULL, NULL) == -1 && errno == EDOM)
		(void)coro_yield(NULL, NULL);
	return coro_yield(NULL, NULL) == -1 ? errno : 0;
}

/* Nothing that was thrown before counts any more, and nothing after. */
static void
closed_after_a_throw(void)
{
	struct coro *c = gen_new(cl_deaf, NULL);
	intptr_t result;

	CHECK(gen_next(c) == NULL);
	CHECK_INT(coro_throw(c, EDOM, NULL), 1);
	CHECK_INT(coro_close(c), 0);
	CHECK_INT(coro_finished(c, &result), 1);
	CHECK_INT(result, ECANCELED);
	CHECK_INT(coro_throw(c, EDOM, NULL), -1);
	CHECK(coro_free(c) == 0);
}

/* ---- Clean-ups ------------------------------------------------------------ */

enum { CL_RETURNS = 1, CL_FAILS, CL_YIELDS };

static void
cl_spoil(void *unused)
{
	(void)unused;
	errno = ENOTTY;
	gen_log('e');
}

static intptr_t
cl_pushes(void *end)
{

	gen_push('a');
	gen_push('b');
	CHECK(coro_cleanup_push(cl_spoil, NULL) == 0);
	CHECK_STR(gen_said(), "");
	if ((intptr_t)end == CL_YIELDS && coro_yield(NULL, NULL) == -1)
		return -1;
	errno = EIO;
	return (intptr_t)end == CL_FAILS ? -1 : 3;
}

/* The last one is the first, however it ends; and it ends as it would. */
static void
in_turn(void)
{
	struct coro *c = gen_new(cl_pushes, (void *)CL_RETURNS);

	CHECK_INT(gen_end(c), 3);
	CHECK_STR(gen_said(), "eba");
	c = gen_new(cl_pushes, (void *)CL_FAILS);
	CHECK_INT(coro_next(c, NULL), -1);
	CHECK_INT(errno, EIO);
	CHECK_STR(gen_said(), "eba");
	CHECK(coro_free(c) == 0);
	c = gen_new(cl_pushes, (void *)CL_YIELDS);
	CHECK(gen_next(c) == NULL);
	CHECK_INT(coro_throw(c, EDOM, NULL), -1);
	CHECK_INT(errno, EDOM);
	CHECK_STR(gen_said(), "eba");
	CHECK(coro_free(c) == 0);
	c = gen_new(cl_pushes, (void *)CL_YIELDS);
	CHECK(gen_next(c) == NULL);
	errno = EILSEQ;
	CHECK(coro_free(c) == 0);
	CHECK_INT(errno, EILSEQ);
	CHECK_STR(gen_said(), "eba");
}

static intptr_t
cl_pops(void *unused)
{
	(void)unused;
	gen_push('a');
	gen_push('b');
	gen_push('c');
	gen_push('d');
	gen_pop('b', 1); /* out of the middle */
	CHECK_STR(gen_said(), "b");
	gen_pop('b', 1); /* once is enough */
	gen_pop('d', 0);
	gen_pop('x', 1); /* never pushed */
	coro_cleanup_pop(cl_spoil, gen_letter('a'), 1);
	CHECK_STR(gen_said(), "");
	gen_push('b');
	/* The last of those that are alike. */
	gen_push('a');
	gen_pop('a', 0);
	return 0;
}

static void
popping(void)
{
	CHECK_INT(gen_end(gen_new(cl_pops, NULL)), 0);
	CHECK_STR(gen_said(), "bca");
}

/* From a clean-up: another one, and a yield that fails. */
static void
cl_more(void *unused)
{
	(void)unused;
	gen_log('m');
	coro_cleanup_pop(cl_more, NULL, 1); /* it runs already */
	gen_push('n');
	errno = 0;
	CHECK_INT(coro_yield(NULL, NULL), -1);
	CHECK_INT(errno, ECANCELED);
	CHECK_INT(coro_close(coro_self()), -1);
	CHECK_INT(errno, EBUSY);
}

static intptr_t
cl_pushes_more(void *unused)
{
	(void)unused;
	gen_push('a');
	CHECK(coro_cleanup_push(cl_more, NULL) == 0);
	return coro_yield(NULL, NULL);
}

static void
more_of_them(void)
{
	struct coro *c = gen_new(cl_pushes_more, NULL);

	CHECK(gen_next(c) == NULL);
	CHECK_INT(coro_close(c), 0);
	CHECK_STR(gen_said(), "mna");
	CHECK(coro_free(c) == 0);
}

static intptr_t
cl_inner(void *unused)
{

	(void)unused;
	gen_push('i');
	return coro_yield(NULL, NULL);
}

static intptr_t
cl_outer(void *unused)
{
	struct coro *inner = gen_new(cl_inner, NULL);

	(void)unused;
	gen_push('o');
	CHECK(gen_next(inner) == NULL);
	gen_push('p');
	CHECK_INT(gen_end(inner), 0);
	CHECK_STR(gen_said(), "i");
	return 0;
}

/* Each has its own. */
static void
one_in_the_other(void)
{
	CHECK_INT(gen_end(gen_new(cl_outer, NULL)), 0);
	CHECK_STR(gen_said(), "po");
}

static const struct test tests[] = {
	TEST("closing", closing),
	TEST("one that fails while it is closed", fails_while_closing),
	TEST("one that fails while it is freed", fails_while_freed),
	TEST("one that never began", never_begun),
	TEST("closed after a throw", closed_after_a_throw),
	TEST("the last clean-up is the first", in_turn),
	TEST("taken back", popping),
	TEST("clean-ups that push more", more_of_them),
	TEST("clean-ups of one in the other", one_in_the_other),
};

CONTEXT_MAIN(tests)
