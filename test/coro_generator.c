/*
 * SPDX-License-Identifier: ISC
 *
 * coro_generator.c: one generator and the one who runs it: values both ways,
 * results, errors, and what belongs to each.
 */
#include "test/generator.h"

/* ---- Values --------------------------------------------------------------- */

static intptr_t
ge_talk(void *greeting)
{
	void *world = NULL;

	CHECK(coro_yield(greeting, &world) == 0);
	CHECK_STR(world, "World");
	return 42;
}

static void
hello_world(void)
{
	struct coro *c = gen_new(ge_talk, (void *)(uintptr_t) "Hello");
	intptr_t result;

	CHECK_STR(gen_next(c), "Hello");
	CHECK_INT(coro_send(c, (void *)(uintptr_t) "World", NULL), 0);
	CHECK_INT(coro_finished(c, &result), 1);
	CHECK_INT(result, 42);
	CHECK(coro_free(c) == 0);
}

static intptr_t
ge_echo(void *calls)
{
	void *sent = NULL;

	++*(int *)calls;
	for (;;) {
		if (coro_yield(sent, &sent) == -1)
			return -1;
		CHECK(coro_yield(sent, NULL) == 0);
		sent = calls; /* must be replaced, by NULL if by nothing */
	}
}

static void
both_ways(void)
{
	int calls = 0, i;
	struct coro *c = gen_new(ge_echo, &calls);

	CHECK_INT(calls, 0); /* it has not begun */
	CHECK(gen_send(c, NULL) == NULL);
	CHECK_INT(calls, 1);
	for (i = 0; i < 1000; i++) {
		CHECK(gen_send(c, &i) == &i);
		CHECK_INT(coro_send(c, &c, NULL), 1); /* not asked for */
		CHECK(gen_next(c) == NULL);
		CHECK_INT(coro_next(c, NULL), 1);
	}
	CHECK_INT(coro_finished(c, NULL), 0);
	CHECK_INT(calls, 1);
	CHECK(coro_free(c) == 0);
}

/* ---- The end -------------------------------------------------------------- */

static intptr_t
ge_returns(void *result)
{
	return *(intptr_t *)result;
}

/* Ends, stays so, and says so as often as it is asked. */
static void
results(void)
{
	static const intptr_t all[] = { 0, 1, -2, INTPTR_MAX, INTPTR_MIN };
	intptr_t result, want;
	struct coro *c;
	size_t i;
	int n;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		want = all[i];
		c = gen_new(ge_returns, &want);
		result = 99;
		CHECK_INT(coro_finished(c, &result), 0);
		CHECK_INT(result, 99);
		for (n = 0; n < 3; n++) {
			CHECK_INT(coro_next(c, NULL), 0);
			CHECK_INT(coro_send(c, &c, NULL), 0);
			CHECK_INT(coro_finished(c, NULL), 1);
			CHECK_INT(coro_finished(c, &result), 1);
			CHECK(result == want);
			CHECK_INT(coro_close(c), 0);
		}
		CHECK(coro_free(c) == 0);
	}
}

static intptr_t
ge_fails(void *unused)
{
	(void)unused;
	if (coro_yield(NULL, NULL) == -1)
		return -1;
	errno = EIO;
	return -1;
}

/* Told once; afterwards it has just ended. */
static void
errors(void)
{
	struct coro *c = gen_new(ge_fails, NULL);

	CHECK(gen_next(c) == NULL);
	errno = 0;
	CHECK_INT(coro_next(c, NULL), -1);
	CHECK_INT(errno, EIO);
	CHECK_INT(coro_finished(c, NULL), 1);
	CHECK_INT(coro_next(c, NULL), 0);
	CHECK_INT(coro_close(c), 0);
	CHECK(coro_free(c) == 0);
}

/* ---- Throwing ------------------------------------------------------------- */

static intptr_t
ge_catches(void *unused)
{
	intptr_t caught = 0;
	void *sent;

	(void)unused;
	for (;;) {
		sent = &sent;
		if (coro_yield((void *)caught, &sent) == 0) {
			caught = 0;
			continue;
		}
		CHECK(sent == &sent); /* nothing was sent */
		if (errno == EDOM)
			return -1;
		caught = errno;
	}
}

static void
throwing(void)
{
	struct coro *c = gen_new(ge_catches, NULL);
	void *value;

	CHECK(gen_next(c) == NULL);
	CHECK_INT(coro_throw(c, ERANGE, &value), 1);
	CHECK_INT((intptr_t)value, ERANGE);
	CHECK_INT(coro_throw(c, EPIPE, NULL), 1);
	CHECK_INT(coro_throw(c, EPERM, &value), 1);
	CHECK_INT((intptr_t)value, EPERM);
	/* That was then. */
	CHECK(gen_next(c) == NULL);
	CHECK_INT(coro_throw(c, EDOM, &value), -1);
	CHECK_INT(errno, EDOM);
	CHECK_INT(coro_next(c, &value), 0);
	/* There is nobody left to catch it. */
	errno = 0;
	CHECK_INT(coro_throw(c, EPIPE, &value), -1);
	CHECK_INT(errno, EPIPE);
	CHECK(coro_free(c) == 0);
}

static intptr_t
ge_never(void *unused)
{
	(void)unused;
	test_fail("it runs");
}

static void
thrown_before_it_begins(void)
{
	struct coro *c = gen_new(ge_never, NULL);

	CHECK_INT(coro_throw(c, EDOM, NULL), -1);
	CHECK_INT(errno, EDOM);
	CHECK_INT(coro_finished(c, NULL), 1);
	CHECK_INT(coro_next(c, NULL), 0);
	CHECK(coro_free(c) == 0);
}

/* ---- What belongs to each ------------------------------------------------- */

static intptr_t
ge_errno(void *first)
{
	int mine = (int)(intptr_t)first;

	CHECK_INT(errno, 0);
	for (;; mine++) {
		errno = mine;
		CHECK(coro_yield(NULL, NULL) == 0);
		CHECK_INT(errno, mine);
	}
}

static void
error_numbers(void)
{
	struct coro *a = gen_new(ge_errno, (void *)1000);
	struct coro *b = gen_new(ge_errno, (void *)2000);
	int i;

	for (i = 1; i < 100; i++) {
		errno = i;
		CHECK_INT(coro_next(a, NULL), 1);
		CHECK_INT(errno, i);
		CHECK_INT(coro_next(b, NULL), 1);
		CHECK_INT(errno, i);
	}
	CHECK_INT(coro_finished(a, NULL), 0);
	CHECK(coro_context(a) != NULL);
	CHECK_INT(errno, i - 1);
}

static intptr_t
ge_rounds(void *upward)
{
	int mine = upward != NULL;

	CHECK_INT(context_rounds_upward(), 0); /* as it was outside */
	context_round(mine);
	for (;;) {
		CHECK(coro_yield(NULL, NULL) == 0);
		CHECK_INT(context_rounds_upward(), mine);
	}
}

static void
rounding(void)
{
	struct coro_options options = { .flags = CORO_FLOAT };
	struct coro *early = gen_new(gen_counts, NULL), *c[2];
	int i;

	if (!CORO__HAS_FLOAT) {
		CHECK(coro_new(ge_rounds, NULL, &options) == NULL);
		CHECK_INT(errno, ENOTSUP);
		SKIP("cannot be had for this processor");
	}
	if (context_valgrind())
		SKIP("Valgrind rounds to the nearest");
	CHECK_INT(gen_next_int(early), 1);
	for (i = 0; i < 2; i++) {
		c[i] = coro_new(ge_rounds, i ? &options : NULL, &options);
		CHECK(c[i] != NULL);
		CHECK(gen_next(c[i]) == NULL);
	}
	for (i = 0; i < 10; i++) {
		CHECK_INT(context_rounds_upward(), 0);
		CHECK_INT(coro_next(c[i % 2], NULL), 1);
		CHECK_INT(context_rounds_upward(), 0);
		context_round(1);
		CHECK_INT(coro_next(c[i % 2], NULL), 1);
		CHECK_INT(context_rounds_upward(), 1);
		CHECK_INT(gen_next_int(early), i + 2);
		CHECK_INT(context_rounds_upward(), 1);
		context_round(0);
	}
}

static const struct test tests[] = {
	TEST("hello, world", hello_world),
	TEST("values both ways", both_ways),
	TEST("results", results),
	TEST("errors", errors),
	TEST("throwing", throwing),
	TEST("thrown before it begins", thrown_before_it_begins),
	TEST("errno belongs to each", error_numbers),
	TEST("and the rounding mode, if asked for", rounding),
};

CONTEXT_MAIN(tests)
