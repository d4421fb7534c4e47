/*
 * SPDX-License-Identifier: ISC
 *
 * slab.c: memory for stacks, which are cut from it one by one.
 *
 *   | guard |  stack 0 | guard |  stack 1 | guard |  stack 2 | ... low --> high
 *
 * Memory is reserved, and touched only as a stack grows: an idle task has one
 * page, and shares the page of the page table with its neighbours, because
 * stacks lie close together.  The tops are shifted against each other by some
 * lines of the cache, lest all of them compete for the same few sets of it.
 */
#include <sys/mman.h>
#include <errno.h>
#include <string.h>
#include "coro/stack.h"
#include "reactor/support.h"

#define SB_FIRST   16   /* stacks of the first slab */
#define SB_MOST    1024 /* and of the greatest */
#define SB_COLOURS 16
#define SB_LINE    64

#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif
#ifndef MAP_STACK
#define MAP_STACK 0
#endif
#ifndef MADV_NOHUGEPAGE
#define MADV_NOHUGEPAGE MADV_NORMAL
#endif

struct coro__slab {
	struct coro__slab *next;
	char *memory;
	size_t count, used;
	struct coro__stack stacks[];
};

char *
coro__stack_bottom(const struct coro__stack *stack)
{
	return stack->low + stack->pool->guard;
}

size_t
coro__stack_usable(const struct coro__stack *stack)
{
	size_t colour = stack->number % SB_COLOURS * SB_LINE;

	return stack->pool->size - stack->pool->guard - colour;
}

static char *
sb_map(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	/* Touching one page must not cost two megabytes. */
	(void)madvise(memory, size, MADV_NOHUGEPAGE);
	return memory;
}

static struct coro__slab *
sb_slab(struct coro__pool *pool, size_t count)
{
	struct coro__slab *slab = reactor__allocate(
	    NULL, sizeof(*slab) + count * sizeof(slab->stacks[0]));

	if (slab == NULL)
		return NULL;
	memset(slab, 0, sizeof(*slab));
	slab->count = count;
	slab->memory = sb_map(count * pool->size);
	if (slab->memory != NULL)
		return slab;
	(void)reactor__allocate(slab, 0);
	return NULL;
}

/* Fewer stacks than we would like are better than none. */
static int
sb_grow(struct coro__pool *pool)
{
	size_t count = pool->made < SB_FIRST ? SB_FIRST : pool->made;
	struct coro__slab *slab = NULL;

	if (count > SB_MOST)
		count = SB_MOST;
	for (; slab == NULL && count > 0; count /= 4)
		slab = sb_slab(pool, count);
	if (slab == NULL) {
		errno = ENOMEM;
		return -1;
	}
	slab->next = pool->slabs;
	pool->slabs = slab;
	return 0;
}

/* A stack that nobody had before. */
struct coro__stack *
coro__slab_cut(struct coro__pool *pool)
{
	struct coro__slab *slab = pool->slabs;
	struct coro__stack *stack;

	if (slab == NULL || slab->used == slab->count) {
		if (sb_grow(pool) == -1)
			return NULL;
		slab = pool->slabs;
	}
	stack = &slab->stacks[slab->used];
	memset(stack, 0, sizeof(*stack));
	stack->pool = pool;
	stack->number = (unsigned)slab->used;
	stack->low = slab->memory + slab->used * pool->size;
	stack->guard = (unsigned)coro__guard(stack->low, pool->guard);
	stack->valgrind = coro__valgrind_stack(
	    coro__stack_bottom(stack), pool->size - pool->guard);
	if (stack->guard == CORO_GUARD_CANARY)
		coro__here.extras |= CORO__CANARY;
	slab->used++;
	pool->made++;
	return stack;
}

static void
sb_free_slab(struct coro__pool *pool, struct coro__slab *slab)
{
	size_t i;

	for (i = 0; i < slab->used; i++) {
		coro__unguard((int)slab->stacks[i].guard);
		coro__valgrind_stack_end(slab->stacks[i].valgrind);
		coro__fiber_end(slab->stacks[i].fiber);
		coro__stack_own(&slab->stacks[i], NULL);
		coro__annotate_fresh(coro__stack_bottom(&slab->stacks[i]),
		    coro__stack_usable(&slab->stacks[i]));
	}
	(void)munmap(slab->memory, slab->count * pool->size);
	(void)reactor__allocate(slab, 0);
}

const struct coro__stack *
coro__stack_guarded(const void *address)
{
	const struct coro__pool *pool;
	const struct coro__slab *slab;
	size_t offset;

	for (pool = coro__here.pools; pool != NULL; pool = pool->next)
		for (slab = pool->slabs; slab != NULL; slab = slab->next) {
			offset = (uintptr_t)address - (uintptr_t)slab->memory;
			if (offset >= slab->used * pool->size)
				continue;
			if (offset % pool->size >= pool->guard)
				return NULL;
			return &slab->stacks[offset / pool->size];
		}
	return NULL;
}

void
coro__slab_end(struct coro__pool *pool)
{
	struct coro__slab *slab;

	while ((slab = pool->slabs) != NULL) {
		pool->slabs = slab->next;
		sb_free_slab(pool, slab);
	}
}
