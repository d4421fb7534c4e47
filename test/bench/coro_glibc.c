/*
 * SPDX-License-Identifier: ISC
 *
 * coro_glibc.c: swapcontext(3) as a contestant, with the queue and the stacks
 * of hand.h.
 */
#include <ucontext.h>
#include "test/bench/coros.h"

#define PATHS_YIELD() gl_yield()

struct hand_context {
	ucontext_t context;
};

#include "test/bench/hand.h"

static inline void
hand_switch(struct hand *from, struct hand *to)
{
	if (swapcontext(&from->context.context, &to->context.context) == -1)
		bench_die("swapcontext");
}

static void
hand_start(struct hand *h, size_t size)
{
	ucontext_t *context = &h->context.context;

	if (getcontext(context) == -1)
		bench_die("getcontext");
	context->uc_stack.ss_sp = h->stack;
	context->uc_stack.ss_size = size;
	makecontext(context, hand_begin, 0);
}

static inline void
gl_yield(void)
{
	hand_yield();
}

#include "test/bench/paths.h"

static void
gl_ready(size_t n)
{
	hand_many(n, paths_run);
}

static struct hand *gl_generator;

static void
gl_generate(size_t i)
{
	(void)i;
	for (;;)
		hand_switch(gl_generator, &hand_main);
}

static void
gl_resume(size_t times)
{
	if (gl_generator == NULL) {
		hand_spawn(gl_generate, 0);
		gl_generator = hand_pop();
		hand_running = gl_generator;
	}
	for (; times > 0; times--)
		hand_switch(&hand_main, gl_generator);
}

const struct coros_contestant coros_contestant = {
	.slower = 10,
	.open = hand_open,
	.run = hand_run,
	.ready = gl_ready,
	.spawn = hand_spawns,
	.park = hand_park,
	.resume = gl_resume,
};
