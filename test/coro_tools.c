/*
 * SPDX-License-Identifier: ISC
 *
 * coro_tools.c: what the checkers make of generators: nothing that is right is
 * reported, and what is wrong still is.
 *
 * Each annotation was taken away once, to see that it is missed:
 *
 *	the two of ASan for a switch	"jumps", "frames that stay"
 *	NULL for a flow that ends	"one after the other"
 *	stacks wiped, ASan, Memcheck	"other contexts", "memory that was"
 *	stacks as roots, for leaks	"memory that only a stack knows of"
 *	the switch of TSan		"frames that stay": it runs out of stack
 *	and that it synchronizes	all of them
 *	the end of TSan's fibers	"six hundred threads": it runs out
 *	the stacks of Valgrind		"frames that stay", and more
 */
#include <pthread.h>
#include <setjmp.h>
#include "test/generator.h"

#define NOINLINE __attribute__((noinline))

/* ASan asks for them. */
const char *__asan_default_options(void);
__attribute__((used, visibility("default"))) const char *
__asan_default_options(void)
{
	return "detect_stack_use_after_return=1";
}

#ifdef CORO__ASAN

int __lsan_do_recoverable_leak_check(void);

static int
to_leaks(void)
{
	return __lsan_do_recoverable_leak_check();
}

#else

static int
to_leaks(void)
{
	return 0;
}

#endif

/* Memory that no optimizer knows anything of. */
static NOINLINE void
to_use(volatile void *memory, size_t size, int byte)
{
	__asm__ volatile("" : "+r"(memory));
	memset((void *)(uintptr_t)memory, byte, size);
}

static NOINLINE int
to_sum(const volatile void *memory, size_t size)
{
	const volatile unsigned char *byte = memory;
	int sum = 0;

	while (size-- > 0)
		sum += *byte++;
	return sum;
}

/* ---- Leaving many frames at once ------------------------------------------ */

/* Frames too large for the heap of frames that ASan has. */
enum { TO_FRAME = 70000, TO_DEPTH = 3, TO_STACK = 2 << 20 };

static jmp_buf to_start;
static volatile int to_jumping = 1;

static NOINLINE int
to_down(int depth)
{
	volatile char frame[TO_FRAME];

	to_use(frame, sizeof(frame), depth);
	if (depth == 0 && to_jumping)
		longjmp(to_start, 1);
	if (depth == 0)
		return 0;
	return to_down(depth - 1) + to_sum(frame, sizeof(frame));
}

static NOINLINE void
to_jump(void)
{
	if (setjmp(to_start) == 0)
		(void)to_down(TO_DEPTH);
}

/* Where those frames were, another one. */
static NOINLINE int
to_flat(void)
{
	volatile char frame[TO_FRAME * TO_DEPTH];

	to_use(frame, sizeof(frame), 1);
	return to_sum(frame, sizeof(frame));
}

static intptr_t
to_jumps(void *unused)
{
	volatile int local[50];
	int i;

	(void)unused;
	for (i = 0; i < 50; i++)
		local[i] = i;
	do {
		to_jump();
		CHECK_INT(to_flat(), TO_FRAME * TO_DEPTH);
		for (i = 0; i < 50; i++)
			CHECK_INT(local[i], i);
	} while (coro_yield(NULL, NULL) == 0);
	return -1;
}

static void
jumping(void)
{
	const struct coro_options large = { .stack_size = TO_STACK };
	struct coro *a = coro_new(to_jumps, NULL, &large);
	struct coro *b = coro_new(to_jumps, NULL, &large);
	int i;

	for (i = 0; i < 10; i++) {
		CHECK(gen_next(a) == NULL);
		CHECK_INT(to_flat(), TO_FRAME * TO_DEPTH);
		CHECK(gen_next(b) == NULL);
		to_jump();
		CHECK_INT(to_flat(), TO_FRAME * TO_DEPTH);
	}
	CHECK(coro_free(a) == 0);
	CHECK(coro_free(b) == 0);
}

/* ---- Frames that stay while others come and go ---------------------------- */

static NOINLINE intptr_t
to_deep(int depth)
{
	volatile char frame[200];
	intptr_t sum;

	to_use(frame, sizeof(frame), depth);
	sum = depth > 0 ? to_deep(depth - 1) : coro_yield(NULL, NULL);
	CHECK_INT(to_sum(frame, sizeof(frame)), 200 * depth);
	return sum;
}

static intptr_t
to_stays(void *depth)
{
	while (to_deep((int)(intptr_t)depth) == 0)
		continue;
	return -1;
}

/* Each runs the next, from its stack to the one beside it. */
static intptr_t
to_row(void *length)
{
	volatile char frame[300];
	intptr_t n = (intptr_t)length;
	struct coro *next =
	    gen_new(n > 0 ? to_row : to_stays, (void *)(n > 0 ? n - 1 : 40));

	to_use(frame, sizeof(frame), 3);
	while (coro_next(next, NULL) == 1 && coro_yield(NULL, NULL) == 0)
		CHECK_INT(to_sum(frame, sizeof(frame)), 900);
	CHECK(coro_free(next) == 0);
	CHECK_INT(to_sum(frame, sizeof(frame)), 900);
	return -1;
}

static void
staying(void)
{
	static struct coro *c[1000];
	struct coro *row = gen_new(to_row, (void *)20);
	int n = context_valgrind() ? 300 : 1000, i, turn;

	for (i = 0; i < n; i++)
		c[i] = gen_new(to_stays, (void *)100);
	for (turn = 0; turn < 5; turn++) {
		for (i = 0; i < n; i++)
			CHECK(gen_next(c[i]) == NULL);
		CHECK(gen_next(row) == NULL);
		to_jump();
		CHECK_INT(to_flat(), TO_FRAME * TO_DEPTH);
	}
	for (i = 0; i < n; i++)
		CHECK(coro_free(c[i]) == 0);
	CHECK(coro_free(row) == 0);
}

/* ---- Stacks that are used again ------------------------------------------- */

static intptr_t
to_ends(void *unused)
{
	(void)unused;
	(void)to_deep(10);
	return 0;
}

static struct coro *
to_new(const char *context)
{
	const struct coro_options options = { .context = context };
	struct coro *c = coro_new(to_ends, NULL, &options);

	CHECK(c != NULL);
	return c;
}

/* By one way to switch after the other, with what the last one left there. */
static void
other_contexts(void)
{
	struct coro_context_info info[4];
	size_t n = coro_contexts(info, 4), i, turn;
	struct coro *c;

	for (turn = 0; turn < 3; turn++)
		for (i = 0; i < n; i++) {
			if (!info[i].available)
				continue;
			c = to_new(info[i].name);
			CHECK(gen_next(c) == NULL);
			CHECK_INT(gen_end(c), 0);
		}
}

/* So many that the pages of some are given back. */
static void
many(void)
{
	static struct coro *c[1500];
	int n = context_valgrind() ? 100 : 1500, i, turn;

	for (turn = 0; turn < 2; turn++) {
		for (i = 0; i < n; i++) {
			c[i] = to_new(NULL);
			CHECK(gen_next(c[i]) == NULL);
		}
		for (i = 0; i < n; i++)
			CHECK_INT(gen_end(c[i]), 0);
	}
}

/* What the checker keeps of each goes with it. */
static void
one_by_one(void)
{
	long before = 0;
	int i;

	if (test_slow() > 1)
		SKIP("what is measured is not only ours");
	for (i = 0; i < 1100; i++) {
		if (i == 100)
			before = gen_status("VmSize:");
		CHECK_INT(gen_end(to_new(NULL)), 0);
	}
	CHECK(gen_status("VmSize:") - before < 1000000);
}

static void *
to_thread(void *unused)
{
	struct coro *c[16];
	int i;

	for (i = 0; i < 16; i++) {
		c[i] = to_new(NULL);
		CHECK(gen_next(c[i]) == NULL);
	}
	for (i = 0; i < 16; i++)
		CHECK_INT(gen_end(c[i]), 0);
	return unused;
}

/* More than the checker can tell from each other at one time. */
static void
many_threads(void)
{
	int n = context_valgrind() ? 10 : 600, i;
	pthread_t thread;

	for (i = 0; i < n; i++) {
		CHECK(pthread_create(&thread, NULL, to_thread, NULL) == 0);
		CHECK(pthread_join(thread, NULL) == 0);
	}
}

static char *to_low; /* the lowest stack, and how many bytes follow */
static size_t to_size;

static void *
to_leaves(void *unused)
{
	const struct coro__stack *stack;
	struct coro *c = to_new(NULL);

	CHECK(gen_next(c) == NULL);
	stack = ((const struct coro__flow *)c)->stack;
	to_low = stack->low;
	to_size = coro__stack_size(0);
	CHECK_INT(gen_end(c), 0);
	return unused;
}

/* What comes to lie where stacks were has nothing of them. */
static void
other_memory(void)
{
	pthread_t thread;
	void *memory;

	CHECK(pthread_create(&thread, NULL, to_leaves, NULL) == 0);
	CHECK(pthread_join(thread, NULL) == 0);
	memory = mmap(to_low, to_size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(memory != MAP_FAILED);
	to_use(memory, to_size, 1);
	CHECK(munmap(memory, to_size) == 0);
	if (memory != to_low)
		SKIP("other memory came to lie elsewhere");
}

/* ---- Data of several threads ---------------------------------------------- */

static pthread_mutex_t to_lock = PTHREAD_MUTEX_INITIALIZER;
static long to_shared;
static _Thread_local long to_own;

/* What is the thread's needs no lock; what is not is locked, also over it. */
static intptr_t
to_shares(void *unused)
{
	(void)unused;
	do {
		to_own++;
		CHECK(pthread_mutex_lock(&to_lock) == 0);
		to_shared++;
		CHECK(pthread_mutex_unlock(&to_lock) == 0);
	} while (coro_yield(&to_own, NULL) == 0);
	return -1;
}

static void *
to_sharing(void *unused)
{
	struct coro *c[5];
	int i;

	for (i = 0; i < 5; i++)
		c[i] = gen_new(to_shares, NULL);
	for (i = 0; i < 500; i++)
		CHECK_INT(*(long *)gen_next(c[i % 5]), i + 1);
	for (i = 0; i < 5; i++)
		CHECK(coro_free(c[i]) == 0);
	return unused;
}

static void
sharing(void)
{
	pthread_t thread[2];
	int i;

	for (i = 0; i < 2; i++)
		CHECK(pthread_create(&thread[i], NULL, to_sharing, NULL) == 0);
	for (i = 0; i < 2; i++)
		CHECK(pthread_join(thread[i], NULL) == 0);
	CHECK_INT(to_shared, 1000);
}

/* ---- Memory that only a stack knows of ------------------------------------ */

static intptr_t
to_keeps(void *unused)
{
	char *memory = malloc(100);

	(void)unused;
	CHECK(memory != NULL);
	to_use(memory, 100, 2);
	while (coro_yield(NULL, NULL) == 0)
		continue;
	CHECK_INT(to_sum(memory, 100), 200);
	free(memory);
	return -1;
}

static void
keeping(void)
{
	struct coro *c = gen_new(to_keeps, NULL);

	CHECK(gen_next(c) == NULL);
	(void)to_deep(0); /* outside: fails at once, and wipes registers */
	CHECK_INT(to_leaks(), 0);
	CHECK(coro_free(c) == 0);
	CHECK_INT(to_leaks(), 0);
}

/* ---- What is wrong -------------------------------------------------------- */

/* Runs it in a child, which is to die with that word on its standard error. */
static void
to_reported(coro_fn *function, const char *word)
{
	char text[4096];
	size_t used = 0;
	int fd[2], status;
	ssize_t n;
	pid_t pid;

	CHECK(pipe(fd) == 0);
	CHECK((pid = fork()) != -1);
	if (pid == 0) {
		(void)dup2(fd[1], 2);
		(void)coro_next(gen_new(function, NULL), NULL);
		exit(0);
	}
	CHECK(close(fd[1]) == 0);
	while ((n = read(fd[0], text + used, sizeof(text) - 1 - used)) > 0)
		used += (size_t)n;
	text[used] = '\0';
	CHECK(close(fd[0]) == 0);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK(status != 0);
	if (strstr(text, word) == NULL)
		test_fail("\"%s\" is not in \"%s\"", word, text);
}

static intptr_t
to_too_far(void *unused)
{
	volatile char array[40];

	(void)unused;
	to_use(array, sizeof(array) + 1, 0);
	return 0;
}

static NOINLINE volatile char *
to_gone(void)
{
	volatile char array[40];
	volatile char *volatile there = array;

	to_use(array, sizeof(array), 0);
	return there;
}

static intptr_t
to_too_late(void *unused)
{
	(void)unused;
	return *to_gone();
}

static void
wrong(void)
{
	if (!CONTEXT_ASAN)
		SKIP("not built for ASan");
	to_reported(to_too_far, "stack-buffer-overflow");
	to_reported(to_too_late, "stack-use-after-return");
}

static int to_contested;

static void *
to_races(void *unused)
{
	to_contested++;
	return unused;
}

static intptr_t
to_race(void *unused)
{
	pthread_t thread;

	(void)unused;
	CHECK(pthread_create(&thread, NULL, to_races, NULL) == 0);
	to_contested++;
	CHECK(pthread_join(thread, NULL) == 0);
	return 0;
}

static void
wrong_among_threads(void)
{
	if (!CONTEXT_TSAN)
		SKIP("not built for TSan");
	to_reported(to_race, "data race");
}

static const struct test tests[] = {
	TEST("jumps out of many frames", jumping),
	TEST("frames that stay", staying),
	TEST("other contexts on the same stack", other_contexts),
	TEST("more than are kept warm", many),
	TEST("one after the other", one_by_one),
	TEST("six hundred threads", many_threads),
	TEST("memory that was a stack", other_memory),
	TEST("data of two threads", sharing),
	TEST("memory that only a stack knows of", keeping),
	TEST("what is wrong is reported", wrong),
	TEST("what is wrong among threads is reported", wrong_among_threads),
};

CONTEXT_MAIN(tests)
