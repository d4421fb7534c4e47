/*
 * SPDX-License-Identifier: ISC
 *
 * coro_boost.c: Boost.Context as a contestant: its three functions in assembly,
 * which its C++ classes call, with the queue and the stacks of hand.h.
 */
#include "test/bench/coros.h"

#define PATHS_YIELD() bo_yield()

typedef void *fcontext_t;

struct transfer {
	fcontext_t from;
	void *data;
};

/* As boost/context/detail/fcontext.hpp declares them for C++. */
struct transfer jump_fcontext(fcontext_t to, void *data);
fcontext_t make_fcontext(void *top, size_t size, void (*)(struct transfer));

struct hand_context {
	fcontext_t context;
};

#include "test/bench/hand.h"

static inline void
bo_save(struct transfer from)
{
	((struct hand *)from.data)->context.context = from.from;
}

static inline void
hand_switch(struct hand *from, struct hand *to)
{
	bo_save(jump_fcontext(to->context.context, from));
}

static void
bo_begin(struct transfer from)
{
	bo_save(from);
	hand_begin();
}

static void
hand_start(struct hand *h, size_t size)
{
	h->context.context = make_fcontext(h, size, bo_begin);
}

static inline void
bo_yield(void)
{
	hand_yield();
}

#include "test/bench/paths.h"

static void
bo_ready(size_t n)
{
	hand_many(n, paths_run);
}

/* ---- A generator: two that jump to each other ---------------------------- */

static fcontext_t bo_generator;

static void
bo_generate(struct transfer from)
{
	for (;;)
		from = jump_fcontext(from.from, from.data);
}

static void
bo_resume(size_t times)
{
	if (bo_generator == NULL) {
		hand_slab();
		bo_generator = make_fcontext(hand_free,
		    HAND_STACK - 2 * sizeof(struct hand), bo_generate);
	}
	for (; times > 0; times--)
		bo_generator = jump_fcontext(bo_generator, NULL).from;
}

const struct coros_contestant coros_contestant = {
	.open = hand_open,
	.run = hand_run,
	.ready = bo_ready,
	.spawn = hand_spawns,
	.park = hand_park,
	.resume = bo_resume,
};
