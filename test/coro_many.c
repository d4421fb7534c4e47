/*
 * SPDX-License-Identifier: ISC
 *
 * coro_many.c: a hundred thousand generators, generators in every thread, and
 * threads that come and go: each gives back what it had.
 */
#include <pthread.h>
#include "test/generator.h"

static long
ma_mappings(void)
{
	FILE *file = fopen("/proc/self/maps", "r");
	long lines = 0;
	int c;

	if (file == NULL)
		SKIP("no /proc");
	while ((c = getc(file)) != EOF)
		lines += c == '\n';
	(void)fclose(file);
	return lines;
}

/* ---- A hundred thousand --------------------------------------------------- */

static intptr_t
ma_adds(void *start)
{
	intptr_t sum = (intptr_t)start;
	void *more;

	while (coro_yield((void *)sum, &more) == 0)
		sum += (intptr_t)more;
	return errno == ECANCELED ? 0 : -1;
}

static struct coro *ma_c[100000];

static void
a_hundred_thousand(void)
{
	int n = context_many(100000 / CORO__WIDER), i, turn;

	for (i = 0; i < n; i++) {
		ma_c[i] = gen_new(ma_adds, (void *)(intptr_t)i);
		CHECK_INT(gen_next_int(ma_c[i]), i);
	}
	for (turn = 1; turn < 4; turn++)
		for (i = n; i-- > 0;)
			CHECK_INT(
			    (intptr_t)gen_send(ma_c[i], (void *)(intptr_t)i),
			    i * (1 + turn));
	/* In some other order, and half of them again. */
	for (i = 0; i < n; i++)
		CHECK(coro_free(ma_c[i * 7919L % n]) == 0);
	for (i = 0; i < n / 2; i++) {
		ma_c[i] = gen_new(ma_adds, (void *)(intptr_t)-i);
		CHECK_INT(gen_next_int(ma_c[i]), -i);
	}
	for (i = 0; i < n / 2; i++)
		CHECK(coro_free(ma_c[i]) == 0);
}

/* One page for each, and what belongs to it; no mapping for each. */
static void
what_they_take(void)
{
	int n = context_many(20000), i;
	long before = gen_status("VmRSS:"), maps = ma_mappings();
	struct coro_stack_info info;

	if (CONTEXT_ASAN || CONTEXT_TSAN || test_slow() > 1)
		SKIP("what is measured is not only ours");
	if (before == -1)
		SKIP("unknown");
	for (i = 0; i < n; i++) {
		ma_c[i] = gen_new(ma_adds, NULL);
		CHECK_INT(coro_next(ma_c[i], NULL), 1);
	}
	CHECK(coro_stack(ma_c[n - 1], &info) == 0);
	if (info.guard == CORO_GUARD_PAGE)
		CHECK(ma_mappings() - maps < 100);
	if ((gen_status("VmRSS:") - before) / (n / 100) > 850)
		test_fail(
		    "%ld KiB for %d of them", gen_status("VmRSS:") - before, n);
	for (i = 0; i < n; i++)
		CHECK(coro_free(ma_c[i]) == 0);
}

/* ---- Threads -------------------------------------------------------------- */

static void *
ma_thread(void *number)
{
	intptr_t first = (intptr_t)number * 1000, turn;
	struct coro *c[20];
	int i;

	CHECK(coro_self() == NULL);
	for (i = 0; i < 20; i++)
		c[i] = gen_new(ma_adds, (void *)(first + i));
	for (i = 0; i < 20; i++)
		CHECK_INT(gen_next_int(c[i]), first + i);
	for (turn = 1; turn < 20; turn++)
		for (i = 0; i < 20; i++)
			CHECK_INT((intptr_t)gen_send(c[i], (void *)1),
			    first + i + turn);
	for (i = 0; i < 20; i++)
		CHECK(coro_free(c[i]) == 0);
	return NULL;
}

static void
threads(void)
{
	pthread_t thread[8];
	intptr_t i;

	for (i = 0; i < 8; i++)
		CHECK(pthread_create(&thread[i], NULL, ma_thread, (void *)i) ==
		    0);
	(void)ma_thread((void *)i);
	for (i = 0; i < 8; i++)
		CHECK(pthread_join(thread[i], NULL) == 0);
}

static long ma_live_before, ma_maps_before, ma_size_before;

/* From now on it must not grow. */
static void
ma_measure(void)
{
	ma_live_before = gen_live;
	ma_maps_before = ma_mappings();
	ma_size_before = gen_status("VmSize:");
}

/* Less than what one of the threads had. */
static void
ma_grown(void)
{
	CHECK_INT(gen_live, ma_live_before);
	if (CONTEXT_ASAN || CONTEXT_TSAN || test_slow() > 1)
		return; /* what is measured is not only ours */
	CHECK(ma_mappings() - ma_maps_before < 10);
	CHECK(gen_status("VmSize:") - ma_size_before < 4096);
}

static void
ma_run_thread(void *(*run)(void *))
{
	pthread_t thread;

	CHECK(pthread_create(&thread, NULL, run, (void *)3) == 0);
	CHECK(pthread_join(thread, NULL) == 0);
}

static void
threads_that_end(void)
{
	int n = context_many(200), i;

	reactor_set_allocator(gen_resize);
	ma_run_thread(ma_thread);
	ma_run_thread(ma_thread);
	ma_measure();
	for (i = 0; i < n; i++)
		ma_run_thread(ma_thread);
	ma_grown();
}

/* With mappings for guards, of which there are not that many. */
static void
and_their_guards(void)
{
	struct coro_stack_info info;
	struct coro *c;
	int i;

	coro__guard_best = CORO_GUARD_MAP;
	coro__guard_maps = 100;
	for (i = 0; i < 20; i++)
		ma_run_thread(ma_thread);
	c = gen_new(ma_adds, NULL);
	CHECK(gen_next(c) == NULL);
	CHECK(coro_stack(c, &info) == 0);
	CHECK_INT(info.guard, CORO_GUARD_MAP);
	CHECK(coro_free(c) == 0);
}

/* ---- At the very end of a thread ------------------------------------------ */

static pthread_key_t ma_key;

static void
ma_last(void *unused)
{
	(void)unused;
	(void)ma_thread((void *)5);
}

static void *
ma_ends_late(void *unused)
{
	(void)unused;
	(void)ma_thread((void *)4);
	CHECK(pthread_setspecific(ma_key, &ma_key) == 0);
	return NULL;
}

/* Generators in the destructor of something that belongs to the thread. */
static void
in_a_destructor(void)
{
	int n = context_many(200), i;

	(void)ma_thread(NULL); /* so that the library's key is the first */
	CHECK(pthread_key_create(&ma_key, ma_last) == 0);
	reactor_set_allocator(gen_resize);
	ma_run_thread(ma_ends_late);
	ma_run_thread(ma_ends_late);
	ma_measure();
	for (i = 0; i < n; i++)
		ma_run_thread(ma_ends_late);
	ma_grown();
}

static intptr_t
ma_exits(void *unused)
{
	struct coro *c = gen_new(gen_counts, NULL);

	(void)unused;
	CHECK_INT(gen_next_int(c), 1);
	CHECK(coro_free(c) == 0);
	pthread_exit(NULL);
}

static void *
ma_exits_within(void *number)
{
	struct coro *c = gen_new(ma_exits, number);

	(void)coro_next(c, NULL);
	test_fail("it goes on");
}

#ifdef __GLIBC__
enum { MA_UNWINDS = 1 };
#else
enum { MA_UNWINDS = 0 }; /* it ends on the stack where it was called */
#endif

/* pthread_exit(3) within one: nothing but the struct is lost. */
static void
exit_within(void)
{
	int n = context_many(200), i;

	if (!MA_UNWINDS)
		SKIP("pthread_exit(3) does not leave the stack");
	if (CONTEXT_ASAN || CONTEXT_TSAN || context_valgrind())
		SKIP("the checker minds what is lost");
	ma_run_thread(ma_exits_within);
	ma_run_thread(ma_exits_within);
	ma_measure();
	for (i = 0; i < n; i++)
		ma_run_thread(ma_exits_within);
	ma_grown();
}

static const struct test tests[] = {
	TEST("a hundred thousand", a_hundred_thousand),
	TEST("what they take", what_they_take),
	TEST("in nine threads at once", threads),
	TEST("threads that end", threads_that_end),
	TEST("threads that end, and their guards", and_their_guards),
	TEST("in the destructor of a thread", in_a_destructor),
	TEST("a thread that exits within one", exit_within),
};

CONTEXT_MAIN(tests)
