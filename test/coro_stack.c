/*
 * SPDX-License-Identifier: ISC
 *
 * coro_stack.c: stacks: their sizes, what is told of them, what lies below
 * them, how they are used again and given back, and what fork makes of them.
 */
#include <sys/utsname.h>
#include "test/generator.h"
#include "test/without.h"

#define ST_KIB   ((size_t)1024)

#define NOINLINE __attribute__((noinline))

/* Touches so much of the stack. */
static NOINLINE size_t
st_dive(size_t bytes)
{
	volatile char frame[1024];
	size_t i, sum = 0;

	for (i = 0; i < sizeof(frame); i++)
		frame[i] = (char)bytes;
	if (bytes > sizeof(frame))
		sum = st_dive(bytes - sizeof(frame));
	for (i = 0; i < sizeof(frame); i++)
		sum += (size_t)(frame[i] - (char)bytes);
	return sum;
}

/* As deep as it is told to: *argument bytes. */
static intptr_t
st_dives(void *argument)
{
	size_t *bytes = argument;

	while (coro_yield(NULL, NULL) == 0)
		CHECK_INT(st_dive(*bytes), 0);
	return -1;
}

static struct coro *
st_new(size_t size, size_t *bytes)
{
	const struct coro_options options = { .stack_size = size };
	struct coro *c = coro_new(st_dives, bytes, &options);

	CHECK(c != NULL);
	CHECK(gen_next(c) == NULL);
	return c;
}

static struct coro_stack_info
st_info(struct coro *c)
{
	struct coro_stack_info info;

	memset(&info, 0x55, sizeof(info));
	errno = EDOM;
	CHECK(coro_stack(c, &info) == 0);
	CHECK_INT(errno, EDOM);
	CHECK(info.deepest <= info.size + 4 * ST_KIB);
	CHECK(info.resident <= info.deepest);
	return info;
}

/* ---- Sizes ---------------------------------------------------------------- */

static void
sizes(void)
{
	static const size_t all[] = { 64, 65, 100, 256, 1024, 8192 };
	struct coro *c;
	size_t bytes, i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		bytes = all[i] * ST_KIB / 4;
		c = st_new(all[i] * ST_KIB, &bytes);
		/* Some of it goes to what lies below. */
		CHECK(st_info(c).size >= all[i] * ST_KIB * 7 / 8);
		CHECK(gen_next(c) == NULL);
		CHECK(st_info(c).deepest >= bytes);
		CHECK(coro_free(c) == 0);
	}
	c = st_new(0, &bytes);
	CHECK(st_info(c).size >= 224 * ST_KIB);
	CHECK(st_info(c).size <= 256 * ST_KIB * CORO__WIDER);
	CHECK(coro_free(c) == 0);
}

static NOINLINE int
st_down_to(const char *end)
{
	volatile char frame[512];

	memset((void *)(uintptr_t)frame, 0x77, sizeof(frame));
	if ((const char *)__builtin_frame_address(0) > end)
		return st_down_to(end) + frame[17];
	return frame[18];
}

static intptr_t
st_fills(void *unused)
{
	const struct coro__flow *flow = (struct coro__flow *)coro_self();

	(void)unused;
	(void)st_down_to(
	    coro__stack_bottom(flow->stack) + 8 * ST_KIB * CORO__WIDER);
	return coro_yield(NULL, NULL);
}

/* What can be used can be used. */
static void
all_of_it(void)
{
	struct coro *c = gen_new(st_fills, NULL);

	CHECK(gen_next(c) == NULL);
	CHECK(st_info(c).deepest + 8 * ST_KIB * CORO__WIDER >= st_info(c).size);
	CHECK(coro_free(c) == 0);
}

static void
none(void)
{
	struct coro *c = gen_new(st_dives, NULL);
	struct coro_stack_info info;

	errno = 0;
	CHECK_INT(coro_stack(c, &info), -1); /* not begun */
	CHECK_INT(errno, ESRCH);
	CHECK(gen_next(c) == NULL);
	CHECK(coro_stack(c, &info) == 0);
	CHECK(coro_close(c) == 0);
	errno = 0;
	CHECK_INT(coro_stack(c, &info), -1); /* ended */
	CHECK_INT(errno, ESRCH);
	CHECK(coro_free(c) == 0);
}

static void
deeper_and_deeper(void)
{
	size_t bytes = 0, before;
	struct coro *c = st_new(1024 * ST_KIB, &bytes);

	before = st_info(c).deepest;
	CHECK(before > 0 && before <= 16 * ST_KIB * CORO__WIDER);
	CHECK_INT(st_info(c).resident, before);
	for (bytes = 32 * ST_KIB; bytes < 512 * ST_KIB; bytes *= 2) {
		CHECK(gen_next(c) == NULL);
		CHECK(st_info(c).deepest >= bytes);
		CHECK(st_info(c).deepest <=
		    (bytes * 2 + 16 * ST_KIB) * CORO__WIDER);
	}
	before = st_info(c).deepest;
	bytes = 0;
	CHECK(gen_next(c) == NULL);
	CHECK_INT(st_info(c).deepest, before);
	CHECK(coro_free(c) == 0);
	/* Whoever has it next is told of it too. */
	c = st_new(1024 * ST_KIB, &bytes);
	CHECK_INT(st_info(c).deepest, before);
	CHECK(coro_free(c) == 0);
}

/* ---- What lies below ------------------------------------------------------ */

/* Does the kernel have guards that cost no mapping?  As guard.c finds out. */
static int
st_has_advice(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *memory = mmap(NULL, page, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int has;

	CHECK(memory != MAP_FAILED);
	has = madvise(memory, page, 102) == 0 && uname(memory) == -1;
	CHECK(munmap(memory, page) == 0);
	return has;
}

/* Runs some; all of them have that. */
static void
st_all_have(int guard)
{
	size_t bytes = 30 * ST_KIB;
	struct coro *c[40];
	int i;

	for (i = 0; i < 40; i++) {
		c[i] = st_new(0, &bytes);
		CHECK_INT(st_info(c[i]).guard, guard);
		CHECK(gen_next(c[i]) == NULL);
		CHECK(st_info(c[i]).deepest >= bytes);
		CHECK(st_info(c[i]).deepest <= 128 * ST_KIB * CORO__WIDER);
	}
	for (i = 0; i < 40; i++) {
		CHECK(gen_next(c[i]) == NULL);
		CHECK(coro_free(c[i]) == 0);
	}
}

static void
guard_page(void)
{
	if (!st_has_advice())
		SKIP("the kernel has no such advice");
	st_all_have(CORO_GUARD_PAGE);
}

static void
guard_map(void)
{
	coro__guard_best = CORO_GUARD_MAP;
	st_all_have(CORO_GUARD_MAP);
}

static void
guard_canary(void)
{
	coro__guard_best = CORO_GUARD_CANARY;
	st_all_have(CORO_GUARD_CANARY);
}

/* So many mappings, and then no more; one in two is for a guard. */
static void
guards_run_out(void)
{
	size_t bytes = 30 * ST_KIB;
	struct coro *c[20];
	int i;

	coro__guard_best = CORO_GUARD_MAP;
	coro__guard_maps = 20;
	for (i = 0; i < 20; i++) {
		c[i] = st_new(0, &bytes);
		CHECK_INT(st_info(c[i]).guard,
		    i < 10 ? CORO_GUARD_MAP : CORO_GUARD_CANARY);
	}
	for (i = 0; i < 20; i++) {
		CHECK(gen_next(c[i]) == NULL);
		CHECK(coro_free(c[i]) == 0);
	}
}

static void
st_without(const char *calls, int guard)
{
	if (context_valgrind() || CONTEXT_ASAN || CONTEXT_TSAN)
		SKIP("the checker needs them itself");
	if (without(calls) == -1)
		SKIP("no such filter here");
	st_all_have(guard);
}

static void
old_kernel(void)
{
	st_without("madvise:2=102=EINVAL", CORO_GUARD_MAP);
}

static void
no_advice(void)
{
	st_without("madvise=EINVAL", CORO_GUARD_MAP);
}

static void
no_rights(void)
{
	st_without("madvise:2=102=EINVAL,mprotect=ENOMEM", CORO_GUARD_CANARY);
}

/* ---- Use after use -------------------------------------------------------- */

static struct coro *st_many[3000];

/* Kilobytes of this process that are in memory. */
static size_t
st_resident(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	size_t size = 0, pages = 0;

	if (file == NULL)
		SKIP("no /proc");
	CHECK_INT(fscanf(file, "%zu %zu", &size, &pages), 2);
	(void)fclose(file);
	return pages * ((size_t)sysconf(_SC_PAGESIZE) / ST_KIB);
}

static void
st_run_many(size_t bytes)
{
	int i;

	for (i = 0; i < 3000; i++) {
		st_many[i] = st_new(64 * ST_KIB, &bytes);
		CHECK(gen_next(st_many[i]) == NULL);
	}
}

/* Beyond a thousand, idle stacks take no memory; nor do they lose anything. */
static void
given_back(void)
{
	size_t before, full, idle, all, pooled;
	int i;

	if (CONTEXT_ASAN || CONTEXT_TSAN || context_valgrind())
		SKIP("the checker has memory of its own");
	if (madvise(st_many, 0, MADV_DONTNEED) == -1 && errno == ENOSYS)
		SKIP("no madvise");
	before = st_resident();
	st_run_many(32 * ST_KIB);
	full = st_resident();
	CHECK(full - before > 3000 * 32);
	for (i = 0; i < 3000; i++)
		CHECK(coro_free(st_many[i]) == 0);
	idle = st_resident();
	CHECK(idle - before < 1024 * 48 + 10000);
	coro__stack_count(&all, &pooled);
	CHECK_INT(all, 3000);
	CHECK_INT(pooled, 3000);
	st_run_many(32 * ST_KIB);
	coro__stack_count(&all, &pooled);
	CHECK_INT(all, 3000);
	CHECK_INT(pooled, 0);
	CHECK(st_resident() < full + 10000);
	for (i = 3000; i-- > 0;)
		CHECK(coro_free(st_many[i]) == 0);
}

static intptr_t
st_where(void *unused)
{
	volatile char here = 0;

	(void)unused;
	while (coro_yield((void *)(uintptr_t)&here, NULL) == 0)
		continue;
	return -1;
}

/* The one that was used last is warm. */
static void
used_again(void)
{
	struct coro *a = gen_new(st_where, NULL), *b = gen_new(st_where, NULL);
	size_t all, pooled;
	char *was, *is;
	int i;

	was = gen_next(a);
	is = gen_next(b);
	CHECK(labs((long)(is - was)) > 64 * 1024);
	for (i = 0; i < 1000; i++) {
		CHECK(coro_free(a) == 0);
		a = gen_new(st_where, NULL);
		is = gen_next(a);
		CHECK(CONTEXT_ASAN || is == was);
	}
	coro__stack_count(&all, &pooled);
	CHECK_INT(all, 2);
	CHECK_INT(pooled, 0);
	CHECK(coro_free(a) == 0);
	CHECK(coro_free(b) == 0);
}

/* Another size, another pool. */
static void
pools(void)
{
	size_t all, pooled, bytes = 0;
	struct coro *c[3];
	int i;

	for (i = 0; i < 3; i++)
		c[i] = st_new((size_t)(i + 1) * 64 * ST_KIB, &bytes);
	for (i = 0; i < 3; i++)
		CHECK(coro_free(c[i]) == 0);
	coro__stack_count(&all, &pooled);
	CHECK_INT(all, 3);
	CHECK_INT(pooled, 3);
}

/* ---- fork ----------------------------------------------------------------- */

static intptr_t
st_forks(void *status)
{
	volatile int local[1000];
	struct coro *other = gen_new(gen_counts, NULL);
	int i, mine;
	pid_t pid;

	for (i = 0; i < 1000; i++)
		local[i] = i;
	CHECK_INT(gen_next_int(other), 1);
	pid = fork();
	CHECK(pid != -1);
	mine = pid == 0 ? 7 : 0;
	for (i = 0; i < 1000; i++)
		local[i] += mine;
	if (pid != 0)
		CHECK_INT(waitpid(pid, status, 0), pid);
	CHECK(coro_yield("forked", NULL) == 0);
	for (i = 0; i < 1000; i++)
		CHECK_INT(local[i], i + mine);
	CHECK_INT(gen_next_int(other), 2);
	CHECK(coro_free(other) == 0);
	return mine;
}

/* Both go on, in all that there is, and neither sees the other's stack. */
static void
forking(void)
{
	int status = -1;
	pid_t me = getpid();
	struct coro *c = gen_new(st_forks, &status);
	struct coro *waiting = gen_new(gen_counts, NULL);

	if (CONTEXT_TSAN)
		SKIP("the checker takes all but one stack for threads that "
		     "died");
	CHECK_INT(gen_next_int(waiting), 1);
	CHECK_STR(gen_next(c), "forked");
	CHECK_INT(gen_next_int(waiting), 2);
	CHECK_INT(coro_free(waiting), 0);
	CHECK_INT(gen_end(c), getpid() == me ? 0 : 7);
	CHECK_INT(gen_next_int(waiting = gen_new(gen_counts, NULL)), 1);
	CHECK_INT(coro_free(waiting), 0);
	if (getpid() != me)
		_exit(0);
	CHECK_INT(status, 0);
}

static const struct test tests[] = {
	TEST("sizes", sizes),
	TEST("all of it can be used", all_of_it),
	TEST("none before it begins, none after it ended", none),
	TEST("deeper and deeper", deeper_and_deeper),
	TEST("guards of pages without memory", guard_page),
	TEST("guards of pages without rights", guard_map),
	TEST("guards of words", guard_canary),
	TEST("guards run out", guards_run_out),
	TEST("a kernel without that advice", old_kernel),
	TEST("a kernel without any advice", no_advice),
	TEST("a kernel that grants no more guards", no_rights),
	TEST("given back to the system", given_back),
	TEST("used again", used_again),
	TEST("a pool for each size", pools),
	TEST("fork in a generator", forking),
};

CONTEXT_MAIN(tests)
