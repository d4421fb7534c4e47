/*
 * SPDX-License-Identifier: ISC
 *
 * coro_misuse.c: what may not be done with a generator is refused, and changes
 * nothing.
 */
#include "test/generator.h"

static intptr_t
mi_never(void *unused)
{
	(void)unused;
	test_fail("it runs");
}

static void
outside(void)
{
	struct coro *c = gen_new(gen_counts, NULL);

	CHECK(coro_self() == NULL);
	errno = 0;
	CHECK_INT(coro_yield(NULL, NULL), -1);
	CHECK_INT(errno, EPERM);
	errno = 0;
	CHECK_INT(coro_cleanup_push(gen_clean, NULL), -1);
	CHECK_INT(errno, EPERM);
	coro_cleanup_pop(gen_clean, NULL, 1); /* nothing */
	errno = 0;
	CHECK_INT(coro_delegate(c, NULL), -1);
	CHECK_INT(errno, EPERM);
	CHECK_INT(gen_next_int(c), 1); /* so it was left as it was */
	CHECK(coro_self() == NULL);
	CHECK(coro_free(c) == 0);
}

static struct coro *mi_me;

/* No way to run it, or to be rid of it, while it runs. */
static void
mi_busy(struct coro *c)
{
	int (*const ways[])(struct coro *) = { coro_close, coro_free };
	size_t i;

	errno = 0;
	CHECK_INT(coro_next(c, NULL), -1);
	CHECK_INT(errno, EBUSY);
	errno = 0;
	CHECK_INT(coro_send(c, &c, NULL), -1);
	CHECK_INT(errno, EBUSY);
	errno = 0;
	CHECK_INT(coro_throw(c, EDOM, NULL), -1);
	CHECK_INT(errno, EBUSY);
	errno = 0;
	CHECK_INT(coro_delegate(c, NULL), -1);
	CHECK_INT(errno, EBUSY);
	for (i = 0; i < 2; i++) {
		errno = 0;
		CHECK_INT(ways[i](c), -1);
		CHECK_INT(errno, EBUSY);
	}
	CHECK_INT(coro_finished(c, NULL), 0);
}

static intptr_t
mi_inner(void *outer)
{
	CHECK(coro_self() != outer);
	mi_busy(coro_self());
	mi_busy(outer);
	CHECK(coro_yield(NULL, NULL) == 0); /* and none of it came true */
	mi_busy(outer);
	return 5;
}

static intptr_t
mi_outer(void *unused)
{
	struct coro *inner = gen_new(mi_inner, mi_me);

	(void)unused;
	CHECK(coro_self() == mi_me);
	mi_busy(mi_me);
	CHECK(gen_next(inner) == NULL);
	CHECK(coro_self() == mi_me);
	CHECK(coro_yield(NULL, NULL) == 0);
	return gen_end(inner);
}

static void
busy(void)
{
	mi_me = gen_new(mi_outer, NULL);
	CHECK(gen_next(mi_me) == NULL);
	CHECK_INT(gen_end(mi_me), 5);
}

static void
mi_refused(const struct coro_options *options)
{
	errno = 0;
	CHECK(coro_new(mi_never, NULL, options) == NULL);
	CHECK_INT(errno, EINVAL);
}

static void
invalid(void)
{
	const struct coro_options flags = { .flags = 0x80 };
	const struct coro_options all_flags = { .flags = ~0u };
	const struct coro_options context = { .context = "nonesuch" };
	const struct coro_options small = { .stack_size = 64 * 1024 - 1 };
	const struct coro_options one = { .stack_size = 1 };
	const struct coro_options huge = { .stack_size = SIZE_MAX };
	struct coro *c = gen_new(gen_counts, NULL);

	mi_refused(&flags);
	mi_refused(&all_flags);
	mi_refused(&context);
	mi_refused(&small);
	mi_refused(&one);
	mi_refused(&huge);
	/* It has not begun: nobody is there to be sent anything. */
	errno = 0;
	CHECK_INT(coro_send(c, &c, NULL), -1);
	CHECK_INT(errno, EINVAL);
	errno = 0;
	CHECK_INT(coro_throw(c, 0, NULL), -1);
	CHECK_INT(errno, EINVAL);
	CHECK_INT(coro_throw(c, -1, NULL), -1);
	CHECK_INT(gen_next_int(c), 1);
	CHECK_INT(coro_throw(c, 0, NULL), -1);
	CHECK_INT(gen_next_int(c), 2);
	CHECK(coro_free(c) == 0);
	CHECK(coro_free(NULL) == 0);
}

static const struct test tests[] = {
	TEST("outside of any generator", outside),
	TEST("one that runs", busy),
	TEST("what is not valid", invalid),
};

CONTEXT_MAIN(tests)
