/*
 * SPDX-License-Identifier: ISC
 *
 * context.h: what the tests of coroutines have in common: which ways to switch
 * are tried, and bare contexts, of which the checkers are told.
 *
 * $REACTOR_CONTEXT picks one; where that cannot be had all is skipped.
 */
#ifndef TEST_CONTEXT_H
#define TEST_CONTEXT_H

#include <coro/coro.h>
#include <reactor/reactor.h>
#include "coro/context.h"
#include "coro/float.h"
#include "coro/flow.h"
#include "coro/setjmp.h"
#include "coro/stack.h"
#include "test.h"

#ifdef CORO__ASAN
#define CONTEXT_ASAN 1
#else
#define CONTEXT_ASAN 0
#endif
#ifdef CORO__TSAN
#define CONTEXT_TSAN 1
#else
#define CONTEXT_TSAN 0
#endif

#define CONTEXT_UNUSED __attribute__((unused))

#define CONTEXT_MAIN(tests)                                                  \
	int main(int argc, char **argv)                                      \
	{                                                                    \
		if (coro__context_choose(NULL) == NULL && errno == ENOTSUP)  \
			return printf("1..0 # SKIP %s\n", coro_error()) < 0; \
		return test_main(                                            \
		    argc, argv, tests, sizeof(tests) / sizeof(tests)[0]);    \
	}

/* RUNNING_ON_VALGRIND */
CONTEXT_UNUSED static int
context_valgrind(void)
{
	return coro__valgrind(0, 0x1001, 0, 0) != 0;
}

/* So many, or fewer where each takes a hundred times as long. */
CONTEXT_UNUSED static int
context_many(int n)
{
	return context_valgrind() || CONTEXT_TSAN || test_slow() > 1 ? n / 100
								     : n;
}

/* ---- Rounding ------------------------------------------------------------- */

#if defined(__aarch64__)
enum { CONTEXT_ROUND = 3 << 22, CONTEXT_UPWARD = 1 << 22 };
#elif defined(__s390x__)
enum { CONTEXT_ROUND = 7, CONTEXT_UPWARD = 2 };
#else
enum { CONTEXT_ROUND = 0x6000, CONTEXT_UPWARD = 0x4000 };
#endif

/* Upward, or to the nearest. */
CONTEXT_UNUSED static void
context_round(int upward)
{
	uint32_t control[2];

	coro__float_save(control);
	control[0] &= ~(uint32_t)CONTEXT_ROUND;
	control[0] |= upward ? CONTEXT_UPWARD : 0;
	coro__float_load(control);
}

CONTEXT_UNUSED static int
context_rounds_upward(void)
{
	volatile double one = 1, three = 3;

	return one / three > 1.0 / 3.0;
}

/* ---- The ways to switch -------------------------------------------------- */

static const struct context_way {
	const char *name;
	const struct coro__context *context;
	int by_signal;
} context_ways[] = {
	{ "native", &coro__native, 0 },
	{ "setjmp", &coro__setjmp, 0 },
	{ "setjmp, entered by a signal", &coro__setjmp, 1 },
	{ "ucontext", &coro__ucontext, 0 },
};

#define CONTEXT_WAYS (sizeof(context_ways) / sizeof(context_ways[0]))

static const struct context_way *context_way; /* the one that is tried */

/* Is it to be tried, and can it be?  Two checkers have their own signals. */
CONTEXT_UNUSED static int
context_wanted(const struct context_way *way)
{
	const char *name = getenv("REACTOR_CONTEXT");

	return way->context->usable() == 0 &&
	    (name == NULL || strcmp(name, way->context->name) == 0) &&
	    !(way->by_signal && (CONTEXT_TSAN || context_valgrind()));
}

/* Runs it by every way. */
CONTEXT_UNUSED static void
context_each(void (*run)(void))
{
	size_t i, n = 0;

	for (i = 0; i < CONTEXT_WAYS; i++) {
		context_way = &context_ways[i];
		if (!context_wanted(context_way))
			continue;
		coro__setjmp_by_signal = context_way->by_signal;
		run();
		n++;
	}
	CHECK(n > 0);
}

/* ---- Bare contexts ------------------------------------------------------- */

enum { CONTEXT_ROOM = 64 * 1024 * CORO__WIDER, CONTEXT_EDGE = 256 };

struct context {
	struct coro__flow flow; /* of which the place is used */
	unsigned char *memory;  /* the stack, with an edge on either side */
	uintptr_t valgrind;
	void (*begin)(void);
	const struct coro__context *kind;
};

static _Thread_local struct context context_home; /* the thread's own */
static _Thread_local struct context *context_now; /* the one that runs */

static void
context_begin(void)
{
	coro__annotate_arrive(&context_now->flow);
	context_now->begin();
}

CONTEXT_UNUSED static void
context_make(struct context *c, void (*begin)(void))
{
	memset(c, 0, sizeof(*c));
	c->begin = begin;
	c->kind = context_way->context;
	c->memory = mmap(NULL, CONTEXT_ROOM + 2 * CONTEXT_EDGE,
	    PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(c->memory != MAP_FAILED);
	memset(c->memory, 0xa5, CONTEXT_EDGE);
	memset(c->memory + CONTEXT_EDGE + CONTEXT_ROOM, 0x5a, CONTEXT_EDGE);
	c->valgrind =
	    coro__valgrind_stack(c->memory + CONTEXT_EDGE, CONTEXT_ROOM);
#ifdef CORO__ASAN
	c->flow.low = c->memory + CONTEXT_EDGE;
	c->flow.size = CONTEXT_ROOM;
#endif
#ifdef CORO__TSAN
	c->flow.fiber = __tsan_create_fiber(0);
#endif
	c->flow.place = c->kind->make(
	    c->memory + CONTEXT_EDGE, CONTEXT_ROOM, context_begin);
	CHECK(c->flow.place != NULL);
}

/* From the one that runs. */
CONTEXT_UNUSED static void
context_swap(struct context *to)
{
	struct context *from =
	    context_now != NULL ? context_now : &context_home;

	context_now = to;
	coro__annotate_leave(&from->flow, &to->flow, 0);
	context_way->context->swap(&from->flow.place, to->flow.place);
	coro__annotate_arrive(&from->flow);
}

/* It does not run any more; nothing was written beside its stack. */
CONTEXT_UNUSED static void
context_free(struct context *c)
{
	int i;

	for (i = 0; i < CONTEXT_EDGE; i++) {
		CHECK_INT(c->memory[i], 0xa5);
		CHECK_INT(c->memory[CONTEXT_EDGE + CONTEXT_ROOM + i], 0x5a);
	}
#ifdef CORO__TSAN
	__tsan_destroy_fiber(c->flow.fiber);
#endif
	coro__valgrind_stack_end(c->valgrind);
	CHECK(munmap(c->memory, CONTEXT_ROOM + 2 * CONTEXT_EDGE) == 0);
}

#endif
