/*
 * SPDX-License-Identifier: ISC
 *
 * coro_nomem.c: the n-th allocation fails, for every n, once or from then on,
 * or there is no memory for stacks: ENOMEM with nothing changed, what runs goes
 * on, and all of it is given back in the end.
 */
#include <pthread.h>
#include <sys/resource.h>
#include "test/generator.h"
#include "test/without.h"

/* ---- Allocations ---------------------------------------------------------- */

static intptr_t
no_inner(void *argument)
{
	if (coro_cleanup_push(gen_clean, gen_letter('i')) == -1) {
		CHECK_INT(errno, ENOMEM);
		return coro_yield((void *)4, NULL);
	}
	return coro_yield(argument, NULL);
}

/* Finds that there is no memory, or not, and lives on. */
static intptr_t
no_outer(void *unused)
{
	const struct coro_options other = { .stack_size = 128 * 1024 };
	struct coro *inner = coro_new(no_inner, (void *)1, &other);
	int result;

	(void)unused;
	if (inner == NULL) {
		CHECK_INT(errno, ENOMEM);
		return coro_yield((void *)2, NULL);
	}
	result = coro_delegate(inner, NULL);
	if (result == -1 && errno != ECANCELED) {
		CHECK_INT(errno, ENOMEM);
		CHECK_INT(coro_finished(inner, NULL), 0);
		(void)coro_yield((void *)3, NULL);
	}
	CHECK(coro_free(inner) == 0);
	return 0;
}

/* It did not begin for want of memory, and could later. */
static int
no_begins(struct coro *c)
{
	void *value = &value;
	int more = coro_next(c, &value);

	if (more == 1) {
		CHECK((intptr_t)value >= 1 && (intptr_t)value <= 4);
		return 1;
	}
	CHECK_INT(more, -1);
	CHECK_INT(errno, ENOMEM);
	CHECK(value == &value);
	CHECK(gen_failed > 0);
	CHECK_INT(coro_finished(c, NULL), 0);
	errno = 0;
	CHECK_INT(coro_send(c, &c, NULL), -1);
	CHECK_INT(errno, EINVAL); /* so it has not begun */
	if (gen_for_all)
		return 0;
	CHECK_INT(coro_next(c, &value), 1);
	return 1;
}

static void *
no_scenario(void *unused)
{
	const struct coro_options sizes[] = { { 0 }, { .stack_size = 1 << 20 },
		{ .stack_size = 64 * 1024 } };
	struct coro *c[3];
	int i, begun;

	for (i = 0; i < 3; i++) {
		errno = 0;
		c[i] = coro_new(no_outer, NULL, &sizes[i]);
		if (c[i] == NULL) {
			CHECK_INT(errno, ENOMEM);
			CHECK(gen_failed > 0);
		}
	}
	for (i = 0; i < 3; i++) {
		begun = c[i] != NULL && no_begins(c[i]);
		if (begun && i < 2)
			CHECK_INT(coro_next(c[i], NULL), 0);
		CHECK(coro_free(c[i]) == 0);
	}
	return unused;
}

/* In a thread, at whose end everything is given back. */
static void
no_run(void)
{
	pthread_t thread;

	gen_made = gen_failed = 0;
	CHECK(pthread_create(&thread, NULL, no_scenario, NULL) == 0);
	CHECK(pthread_join(thread, NULL) == 0);
	CHECK_INT(gen_live, 0);
}

static void
no_every(int for_all)
{
	reactor_set_allocator(gen_resize);
	gen_for_all = for_all;
	gen_fail = 0;
	no_run();
	CHECK(gen_made >= 12);
	for (gen_fail = 1;; gen_fail++) {
		no_run();
		if (gen_failed == 0)
			break;
	}
	CHECK(gen_fail > 12);
}

static void
once(void)
{
	no_every(0);
}

static void
from_then_on(void)
{
	no_every(1);
}

/* ---- Memory for stacks ---------------------------------------------------- */

enum { NO_SIZE = 1 << 20, NO_MANY = 40 };

static const struct coro_options no_options = { .stack_size = NO_SIZE };

/* As many as begin, at most NO_MANY; the others say ENOMEM. */
static int
no_begin_all(struct coro *c[NO_MANY])
{
	int i, begun = 0;
	void *value;
	long live;

	for (i = 0; i < NO_MANY; i++) {
		live = gen_live;
		errno = 0;
		if (coro_finished(c[i], NULL) || coro_next(c[i], &value) == 1) {
			begun++;
			continue;
		}
		CHECK_INT(errno, ENOMEM);
		CHECK_INT(coro_finished(c[i], NULL), 0);
		CHECK_INT(gen_live, live);
	}
	return begun;
}

static void
no_new_all(struct coro *c[NO_MANY])
{
	int i;

	reactor_set_allocator(gen_resize);
	for (i = 0; i < NO_MANY; i++) {
		c[i] = coro_new(gen_counts, NULL, &no_options);
		CHECK(c[i] != NULL);
	}
}

static void
no_free_all(struct coro *c[NO_MANY])
{
	int i;

	for (i = 0; i < NO_MANY; i++)
		CHECK(coro_free(c[i]) == 0);
}

static void
no_address_space(void)
{
	struct coro *c[NO_MANY];
	struct rlimit limit, low;
	int begun;

	if (CONTEXT_ASAN || CONTEXT_TSAN || context_valgrind())
		SKIP("the checker needs it itself");
	no_new_all(c);
	CHECK_INT(gen_next_int(c[0]), 1); /* a slab of 16 */
	CHECK(getrlimit(RLIMIT_AS, &limit) == 0);
	low = limit;
	low.rlim_cur = 4 << 20;
	CHECK(setrlimit(RLIMIT_AS, &low) == 0);
	begun = no_begin_all(c);
	CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
	if (begun == NO_MANY) {
		no_free_all(c);
		SKIP("the limit is not observed here");
	}
	CHECK(begun >= 16);
	/* With room again, all of them. */
	CHECK_INT(no_begin_all(c), NO_MANY);
	no_free_all(c);
}

static void
no_mappings(void)
{
	struct coro *c[NO_MANY], *more;
	int begun, i;

	if (CONTEXT_ASAN || CONTEXT_TSAN || context_valgrind())
		SKIP("the checker needs them itself");
	no_new_all(c);
	more = gen_new(gen_counts, NULL); /* of another size */
	CHECK_INT(gen_next_int(c[0]), 1);
	if (without("mmap=ENOMEM") == -1)
		SKIP("no such filter here");
	begun = no_begin_all(c);
	CHECK_INT(begun, 16);
	errno = 0;
	CHECK_INT(coro_next(more, NULL), -1);
	CHECK_INT(errno, ENOMEM);
	/* Stacks that are given back do for those that had none. */
	for (i = 0; i < 16; i++)
		CHECK(coro_close(c[i]) == 0);
	CHECK_INT(no_begin_all(c), 32);
	no_free_all(c);
	CHECK(coro_free(more) == 0);
}

static const struct test tests[] = {
	TEST("once", once),
	TEST("from then on", from_then_on),
	TEST("no address space for stacks, for a while", no_address_space),
	TEST("no mappings for stacks", no_mappings),
};

CONTEXT_MAIN(tests)
