/*
 * SPDX-License-Identifier: ISC
 *
 * hand.h: what a library that only switches lacks: a pool of stacks and a queue
 * of coroutines that are ready, as simple as can be.  The contestant defines
 * struct hand_context before it includes this, and hand_switch, hand_start.
 *
 * A coroutine's struct is at the top of its stack; the tops have sixteen
 * different places in their pages, so that they do not all want the same few
 * lines of the cache.
 */
#ifndef BENCH_HAND_H
#define BENCH_HAND_H

#include <sys/mman.h>
#include "test/bench/coros.h"

#define HAND_STACK  ((size_t)256 * 1024)
#define HAND_SLAB   64
#define HAND_COLOUR ((size_t)64)

struct hand {
	struct hand *next;
	void (*body)(size_t);
	size_t index;
	char *stack;
	struct hand_context context;
};

static struct hand *hand_free, *hand_first, **hand_last = &hand_first;
static struct hand hand_main, *hand_running = &hand_main;

/* From one to the other, which is the one that runs. */
static inline void hand_switch(struct hand *from, struct hand *to);
/* Its context is to call hand_begin on its stack of that many bytes. */
static void hand_start(struct hand *, size_t size);

static inline void
hand_push(struct hand *h)
{
	h->next = NULL;
	*hand_last = h;
	hand_last = &h->next;
}

/* The next one that is ready; if there is none, main. */
static inline struct hand *
hand_pop(void)
{
	struct hand *h = hand_first;

	if (h == NULL)
		return &hand_main;
	hand_first = h->next;
	if (hand_first == NULL)
		hand_last = &hand_first;
	return h;
}

/* Runs the next one, and forgets about this one. */
static inline void
hand_wait(void)
{
	struct hand *self = hand_running;

	hand_running = hand_pop();
	if (hand_running != self)
		hand_switch(self, hand_running);
}

static inline void
hand_yield(void)
{
	hand_push(hand_running);
	hand_wait();
}

static void
hand_slab(void)
{
	static size_t made;
	size_t i, size = HAND_SLAB * HAND_STACK;
	struct hand *h;
	char *slab = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);

	if (slab == MAP_FAILED)
		bench_die("mmap");
	(void)madvise(slab, size, MADV_NOHUGEPAGE);
	for (i = 0; i < HAND_SLAB; i++) {
		h = (struct hand *)(void *)(slab + (i + 1) * HAND_STACK -
		    (made++ % 16) * HAND_COLOUR - sizeof(*h) / 64 * 64 - 64);
		h->stack = slab + i * HAND_STACK;
		h->next = hand_free;
		hand_free = h;
	}
}

static inline void
hand_spawn(void (*body)(size_t), size_t index)
{
	struct hand *h;

	if (hand_free == NULL)
		hand_slab();
	h = hand_free;
	hand_free = h->next;
	h->body = body;
	h->index = index;
	hand_start(h, (size_t)((char *)h - h->stack));
	hand_push(h);
}

_Noreturn static void
hand_begin(void)
{
	struct hand *self = hand_running;

	self->body(self->index);
	self->next = hand_free;
	hand_free = self;
	hand_wait();
	__builtin_unreachable();
}

/* ---- A contestant's functions -------------------------------------------- */

static int
hand_open(const char *kind)
{
	(void)kind;
	return 0;
}

static void
hand_run(void (*work)(void))
{
	work();
}

static void
hand_many(size_t n, void (*body)(size_t))
{
	size_t i;

	for (i = 0; i < n; i++)
		hand_spawn(body, i);
	hand_wait();
}

static void
hand_nothing(size_t i)
{
	(void)i;
}

static void
hand_spawns(size_t n, size_t times)
{
	for (; times > 0; times--)
		hand_many(n, hand_nothing);
}

static void
hand_suspended(size_t i)
{
	(void)i;
	hand_wait();
}

static void
hand_park(size_t n)
{
	hand_many(n, hand_suspended);
}

#endif
