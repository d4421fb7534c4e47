/*
 * SPDX-License-Identifier: ISC
 *
 * coro_context.c: the interface of context.h, bare, in every way there is to
 * switch: what must survive a switch does, and what belongs to the thread goes
 * on with the thread.
 */
#include "test/context.h"

#ifdef __GLIBC__
#include <unwind.h>
#endif

#define NOINLINE __attribute__((noinline))

static struct context cx[1000];

/* ---- To and fro ---------------------------------------------------------- */

static int cx_count;

static void
cx_counts(void)
{
	for (;;) {
		cx_count++;
		context_swap(&context_home);
	}
}

static void
cx_to_and_fro(void)
{
	int i;

	context_make(&cx[0], cx_counts);
	for (cx_count = i = 0; i < 1000; i++) {
		CHECK_INT(cx_count, i);
		context_swap(&cx[0]);
	}
	CHECK_INT(cx_count, 1000);
	context_free(&cx[0]);
}

static void
to_and_fro(void)
{
	context_each(cx_to_and_fro);
}

/* One that never runs leaves nothing. */
static void
cx_never(void)
{
	cx_count = 0;
	context_make(&cx[0], cx_counts);
	CHECK_INT(cx_count, 0);
	context_free(&cx[0]);
}

static void
never_entered(void)
{
	context_each(cx_never);
}

/* ---- Many, in a ring ----------------------------------------------------- */

static int cx_ring_size, cx_rounds;

/* Each goes on with the next, without coming home. */
static void
cx_in_a_ring(void)
{
	struct context *me = context_now;
	int mine = (int)(me - cx), round;

	for (round = 0;; round++) {
		CHECK(context_now == me);
		CHECK_INT(cx_count, round * cx_ring_size + mine);
		cx_count++;
		context_swap(mine + 1 < cx_ring_size ? me + 1
			: round + 1 < cx_rounds      ? &cx[0]
						     : &context_home);
	}
}

static void
cx_ring(void)
{
	int i;

	for (i = 0; i < cx_ring_size; i++)
		context_make(&cx[i], cx_in_a_ring);
	cx_count = 0;
	context_swap(&cx[0]);
	CHECK_INT(cx_count, cx_ring_size * cx_rounds);
	for (i = 0; i < cx_ring_size; i++)
		context_free(&cx[i]);
}

static void
many(void)
{
	cx_ring_size = context_many(1000);
	cx_rounds = 10;
	context_each(cx_ring);
}

/* ---- Registers ----------------------------------------------------------- */

/* More values live across the switch than there are registers to be kept. */
static NOINLINE void
cx_hold(struct context *to, long seed)
{
	volatile long s = seed;
	volatile double f = (double)seed;
	long a = s + 1, b = s * 3, c = s ^ 5, d = s - 7, e = s + 11, g = s * 13;
	long h = s - 17, i = s ^ 19, j = s + 23, k = s * 29, l = s - 31;
	double p = f + 1, q = f * 3, r = f - 5, t = f + 7, u = f * 11;
	double v = f - 13, w = f + 17, x = f * 19, y = f - 23, z = f + 29;

	context_swap(to);
	CHECK(a == s + 1 && b == s * 3 && c == (s ^ 5) && d == s - 7);
	CHECK(e == s + 11 && g == s * 13 && h == s - 17 && i == (s ^ 19));
	CHECK(j == s + 23 && k == s * 29 && l == s - 31);
	CHECK(p == f + 1 && q == f * 3 && r == f - 5 && t == f + 7);
	CHECK(u == f * 11 && v == f - 13 && w == f + 17 && x == f * 19);
	CHECK(y == f - 23 && z == f + 29);
}

static void
cx_holds(void)
{
	long seed;

	for (seed = -1;; seed -= 3)
		cx_hold(&context_home, seed);
}

static void
cx_registers(void)
{
	long seed;

	context_make(&cx[0], cx_holds);
	for (seed = 1; seed < 100; seed++)
		cx_hold(&cx[0], seed * 1000003);
	context_free(&cx[0]);
}

static void
registers(void)
{
	context_each(cx_registers);
}

/* ---- The stack ----------------------------------------------------------- */

/* Where it is, without what the compiler believes of it. */
static NOINLINE uintptr_t
cx_address(const volatile void *object)
{
	uintptr_t address = (uintptr_t)object;

	__asm__ volatile("" : "+r"(address));
	return address;
}

static void
cx_prints(void)
{
	volatile double x = 0.5;
	volatile long double y = 1.25L;
	char text[100];

	for (;;) {
		_Alignas(16) volatile char aligned[16] = { 0 };

		CHECK_INT(cx_address(aligned) % 16, 0);
		snprintf(
		    text, sizeof(text), "%.2f %.3Lf %d %.1f", x, y, 42, x + 2);
		CHECK_STR(text, "0.50 1.250 42 2.5");
		context_swap(&context_home);
	}
}

/* Vector instructions fault on a stack that is not aligned. */
static void
cx_alignment(void)
{
	context_make(&cx[0], cx_prints);
	context_swap(&cx[0]);
	context_swap(&cx[0]);
	context_free(&cx[0]);
}

static void
alignment(void)
{
	context_each(cx_alignment);
}

/* Each frame is seen as it was, however deep the others went meanwhile. */
static NOINLINE int
cx_dive(int depth)
{
	volatile int frame[16];
	int i, below;

	for (i = 0; i < 16; i++)
		frame[i] = depth * 100 + i;
	below = depth > 0 ? cx_dive(depth - 1) : 0;
	context_swap(&context_home);
	for (i = 0; i < 16; i++)
		CHECK_INT(frame[i], depth * 100 + i);
	return below + 1;
}

static void
cx_dives(void)
{
	for (;;) {
		cx_count += cx_dive(120);
		context_swap(&context_home);
	}
}

static void
cx_deep(void)
{
	int i;

	cx_count = 0;
	context_make(&cx[0], cx_dives);
	context_make(&cx[1], cx_dives);
	for (i = 0; i < 122 * 4; i++)
		context_swap(&cx[i % 2]);
	CHECK_INT(cx_count, 121 * 4);
	context_free(&cx[0]);
	context_free(&cx[1]);
}

static void
deep(void)
{
	context_each(cx_deep);
}

/* ---- Unwinding ----------------------------------------------------------- */

#ifdef __GLIBC__

static int cx_frames;
static _Unwind_Reason_Code cx_end;

static _Unwind_Reason_Code
cx_frame(struct _Unwind_Context *frame, void *unused)
{
	(void)frame;
	(void)unused;
	return ++cx_frames < 100 ? _URC_NO_REASON : _URC_NORMAL_STOP;
}

static void
cx_unwinds(void)
{
	for (;;) {
		cx_frames = 0;
		cx_end = _Unwind_Backtrace(cx_frame, NULL);
		context_swap(&context_home);
	}
}

/* A debugger finds its way to the first frame, and stops there. */
static void
unwinding(void)
{
	context_way = &context_ways[0];
	if (!context_wanted(context_way))
		SKIP("only the native one says how");
	context_make(&cx[0], cx_unwinds);
	context_swap(&cx[0]);
	CHECK(cx_frames >= 3 && cx_frames < 10);
	CHECK_INT(cx_end, _URC_END_OF_STACK);
	context_free(&cx[0]);
}

#else

static void
unwinding(void)
{
	SKIP("no unwinder that comes with libc");
}

#endif

/* ---- What is the thread's ------------------------------------------------ */

static int
cx_blocked(void)
{
	sigset_t set;

	CHECK(sigprocmask(SIG_SETMASK, NULL, &set) == 0);
	return sigismember(&set, SIGUSR1);
}

static void
cx_block(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	CHECK(sigprocmask(how, &set, NULL) == 0);
}

static int cx_own_mask; /* it belongs to each context */

static void
cx_masks(void)
{
	CHECK_INT(cx_blocked(), !cx_own_mask);
	cx_block(SIG_UNBLOCK);
	context_swap(&context_home);
	CHECK_INT(cx_blocked(), !cx_own_mask);
	cx_block(SIG_BLOCK);
	context_swap(&context_home);
}

/* It goes on as it is, but with swapcontext(3), which exchanges it. */
static void
cx_mask(void)
{
	cx_own_mask = context_way->context == &coro__ucontext;
	cx_block(SIG_UNBLOCK);
	context_make(&cx[0], cx_masks);
	cx_block(SIG_BLOCK);
	context_swap(&cx[0]);
	CHECK_INT(cx_blocked(), cx_own_mask);
	cx_block(SIG_BLOCK);
	context_swap(&cx[0]);
	CHECK_INT(cx_blocked(), 1);
	context_free(&cx[0]);
	cx_block(SIG_UNBLOCK);
}

static void
mask(void)
{
	context_each(cx_mask);
}

static void
cx_rounds_off(void)
{
	CHECK_INT(context_rounds_upward(), 1);
	context_swap(&context_home);
	CHECK_INT(context_rounds_upward(), 0);
	context_round(1);
	context_swap(&context_home);
}

/* So does the rounding mode. */
static void
cx_control(void)
{
	if (context_way->context == &coro__ucontext)
		return; /* some exchange it, some do not */
	context_make(&cx[0], cx_rounds_off);
	context_round(1);
	context_swap(&cx[0]);
	CHECK_INT(context_rounds_upward(), 1);
	context_round(0);
	context_swap(&cx[0]);
	CHECK_INT(context_rounds_upward(), 1);
	context_round(0);
	context_free(&cx[0]);
}

static void
control(void)
{
	if (!CORO__HAS_FLOAT)
		SKIP("how to set them is not known");
	if (context_valgrind())
		SKIP("Valgrind rounds to the nearest");
	context_each(cx_control);
}

static const struct test tests[] = {
	TEST("to and fro", to_and_fro),
	TEST("one that is never entered", never_entered),
	TEST("many, from one to the next", many),
	TEST("registers survive", registers),
	TEST("the stack is aligned", alignment),
	TEST("deep calls", deep),
	TEST("unwinding ends at the first frame", unwinding),
	TEST("the signal mask", mask),
	TEST("floating-point control words", control),
};

CONTEXT_MAIN(tests)
