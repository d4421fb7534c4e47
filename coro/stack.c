/*
 * SPDX-License-Identifier: ISC
 *
 * stack.c: stacks, cut from slabs and kept in a pool for each thread and size.
 *
 *   slab:  | guard |  stack 0 | guard |  stack 1 | ...      low --> high
 *
 * Memory is reserved, and touched only as a stack grows: an idle task has one
 * page, and shares the page of the page table with its neighbours, because
 * stacks lie close together.  The tops are shifted against each other by some
 * cache lines, lest all of them compete for the same few sets of the cache.
 *
 * A stack that is given back keeps its context, which is ready to begin again;
 * beyond ST_HOT of them the pages are given back to the system.
 */
#include <sys/mman.h>
#include <errno.h>
#include <string.h>
#include "coro/stack.h"
#include "reactor/support.h"

#define ST_DEFAULT ((size_t)256 * 1024)
#define ST_LEAST   ((size_t)64 * 1024)
#define ST_MOST    ((size_t)1 << 40)
#define ST_HOT     1024 /* stacks in a pool that keep their pages */
#define ST_FIRST   16   /* stacks of the first slab */
#define ST_SLAB    1024 /* and of the greatest */
#define ST_COLOURS 16
#define ST_CANARY  16 /* words */

#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif
#ifndef MAP_STACK
#define MAP_STACK 0
#endif

struct st_slab {
	struct st_slab *next;
	char *memory;
	size_t count, used;
	struct coro__stack stacks[];
};

struct coro__pool {
	struct coro__pool *next;
	size_t size, guard; /* of each stack, the guard included */
	struct coro__stack *hot, *cold;
	size_t nhot, ncold, made;
	struct st_slab *slabs; /* stacks are cut from the first */
};

/* ---- Geometry ------------------------------------------------------------ */

static size_t
st_round(size_t size, size_t unit)
{
	return (size + unit - 1) / unit * unit;
}

size_t
coro__stack_size(size_t wish)
{
	if (wish == 0)
		wish = ST_DEFAULT;
	if (wish < ST_LEAST || wish > ST_MOST) {
		errno = EINVAL;
		return 0;
	}
	return st_round(wish * CORO__WIDER, coro__page());
}

/* More than a page, as a frame may be larger than that and skip it. */
static size_t
st_guard(size_t size)
{
	return st_round(size / 16, coro__page());
}

static char *
st_bottom(const struct coro__stack *stack)
{
	return stack->low + stack->pool->guard;
}

static size_t
st_usable(const struct coro__stack *stack)
{
	size_t colour = stack->number % ST_COLOURS * 64;

	return stack->pool->size - stack->pool->guard - colour;
}

/* ---- Slabs --------------------------------------------------------------- */

static char *
st_map(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
#ifdef MADV_NOHUGEPAGE
	/* Touching one page must not cost two megabytes. */
	(void)madvise(memory, size, MADV_NOHUGEPAGE);
#endif
	return memory;
}

static struct st_slab *
st_slab(struct coro__pool *pool, size_t count)
{
	struct st_slab *slab = reactor__allocate(
	    NULL, sizeof(*slab) + count * sizeof(slab->stacks[0]));

	if (slab == NULL)
		return NULL;
	memset(slab, 0, sizeof(*slab));
	slab->count = count;
	slab->memory = st_map(count * pool->size);
	if (slab->memory != NULL)
		return slab;
	(void)reactor__allocate(slab, 0);
	return NULL;
}

/* Fewer stacks than we would like are better than none. */
static int
st_grow(struct coro__pool *pool)
{
	size_t count = pool->made < ST_FIRST ? ST_FIRST : pool->made;
	struct st_slab *slab = NULL;

	if (count > ST_SLAB)
		count = ST_SLAB;
	for (; slab == NULL && count > 0; count /= 4)
		slab = st_slab(pool, count);
	if (slab == NULL) {
		errno = ENOMEM;
		return -1;
	}
	slab->next = pool->slabs;
	pool->slabs = slab;
	return 0;
}

/* A stack that nobody had before. */
static struct coro__stack *
st_cut(struct coro__pool *pool)
{
	struct st_slab *slab = pool->slabs;
	struct coro__stack *stack;

	if (slab == NULL || slab->used == slab->count) {
		if (st_grow(pool) == -1)
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
	    st_bottom(stack), pool->size - pool->guard);
	if (stack->guard == CORO_GUARD_CANARY)
		coro__here.extras |= CORO__CANARY;
	slab->used++;
	pool->made++;
	return stack;
}

/* ---- Pools --------------------------------------------------------------- */

static struct coro__pool *
st_pool(size_t size)
{
	struct coro__pool *pool = coro__here.pools;

	while (pool != NULL && pool->size != size)
		pool = pool->next;
	if (pool != NULL)
		return pool;
	pool = reactor__allocate(NULL, sizeof(*pool));
	if (pool == NULL)
		return NULL;
	memset(pool, 0, sizeof(*pool));
	pool->size = size;
	pool->guard = st_guard(size);
	pool->next = coro__here.pools;
	coro__here.pools = pool;
	return pool;
}

static struct coro__stack *
st_take(struct coro__pool *pool)
{
	struct coro__stack *stack = pool->hot;

	if (stack != NULL) {
		pool->hot = stack->next;
		pool->nhot--;
	} else if ((stack = pool->cold) != NULL) {
		pool->cold = stack->next;
		pool->ncold--;
	} else {
		stack = st_cut(pool);
	}
	return stack;
}

/* The most recent one is not running any more: its pages go. */
static void
st_cool(struct coro__pool *pool)
{
	struct coro__stack *stack = pool->hot;

	pool->hot = stack->next;
	pool->nhot--;
	if (madvise(st_bottom(stack), pool->size - pool->guard,
		MADV_DONTNEED) == 0)
		stack->place = NULL;
	stack->next = pool->cold;
	pool->cold = stack;
	pool->ncold++;
}

void
coro__stack_give(struct coro__stack *stack)
{
	struct coro__pool *pool = stack->pool;

	if (pool->nhot >= ST_HOT)
		st_cool(pool);
	stack->owner = NULL;
	stack->next = pool->hot;
	pool->hot = stack;
	pool->nhot++;
}

/* A context that has not begun yet. */
static int
st_make(struct coro__stack *stack, const struct coro__context *context)
{
	stack->context = context;
	stack->place = context->make(
	    st_bottom(stack), st_usable(stack), coro__flow_begin);
#ifdef CORO__TSAN
	if (stack->fiber == NULL)
		stack->fiber = __tsan_create_fiber(0);
#endif
	return stack->place != NULL ? 0 : -1;
}

int
coro__stack_take(struct coro__flow *flow, size_t size,
    const struct coro__context *context)
{
	struct coro__pool *pool = st_pool(size);
	struct coro__stack *stack = pool != NULL ? st_take(pool) : NULL;

	if (stack == NULL)
		return -1;
	if ((stack->place == NULL || stack->context != context) &&
	    st_make(stack, context) == -1) {
		coro__stack_give(stack);
		errno = ENOMEM;
		return -1;
	}
	stack->owner = flow;
	flow->stack = stack;
	flow->place = stack->place;
#ifdef CORO__ASAN
	flow->fake = NULL;
	flow->low = st_bottom(stack);
	flow->size = pool->size - pool->guard;
#endif
#ifdef CORO__TSAN
	flow->fiber = stack->fiber;
#endif
	return 0;
}

static void
st_free_slab(struct coro__pool *pool, struct st_slab *slab)
{
	size_t i;

	for (i = 0; i < slab->used; i++) {
		coro__valgrind_stack_end(slab->stacks[i].valgrind);
#ifdef CORO__TSAN
		if (slab->stacks[i].fiber != NULL)
			__tsan_destroy_fiber(slab->stacks[i].fiber);
#endif
	}
	(void)munmap(slab->memory, slab->count * pool->size);
	(void)reactor__allocate(slab, 0);
}

void
coro__stack_end(void)
{
	struct coro__pool *pool;
	struct st_slab *slab;

	while ((pool = coro__here.pools) != NULL) {
		coro__here.pools = pool->next;
		while ((slab = pool->slabs) != NULL) {
			pool->slabs = slab->next;
			st_free_slab(pool, slab);
		}
		(void)reactor__allocate(pool, 0);
	}
}

/* ---- What can be asked --------------------------------------------------- */

const struct coro__stack *
coro__stack_guarded(const void *address)
{
	const struct coro__pool *pool;
	const struct st_slab *slab;
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

/* Fresh memory is zero, and reading it takes none. */
int
coro__stack_spoiled(const struct coro__stack *stack, const void *place)
{
	const volatile uintptr_t *word = (uintptr_t *)(void *)st_bottom(stack);
	uintptr_t spoiled = 0;
	int i;

	for (i = 0; i < ST_CANARY; i++)
		spoiled |= word[i];
	return spoiled != 0 ||
	    ((const char *)place < st_bottom(stack) &&
		(const char *)place >= stack->low);
}

/* The pages in memory; the lowest of them tells how deep it has been. */
void
coro__stack_info(const struct coro__stack *stack, struct coro_stack_info *info)
{
	size_t page = coro__page(), size = stack->pool->size, at = size;
	unsigned char present[64];
	size_t i, pages;
	int error = errno;

	memset(info, 0, sizeof(*info));
	info->size = st_usable(stack);
	info->guard = (int)stack->guard;
	while (at > stack->pool->guard) {
		pages = (at - stack->pool->guard) / page;
		if (pages > sizeof(present))
			pages = sizeof(present);
		at -= pages * page;
		if (mincore(stack->low + at, pages * page,
			(void *)present) == -1)
			break;
		for (i = pages; i-- > 0;)
			if (present[i] & 1) {
				info->resident += page;
				info->deepest = size - at - i * page;
			}
	}
	errno = error;
}

void
coro__stack_count(size_t *all, size_t *pooled)
{
	const struct coro__pool *pool;

	*all = *pooled = 0;
	for (pool = coro__here.pools; pool != NULL; pool = pool->next) {
		*all += pool->made;
		*pooled += pool->nhot + pool->ncold;
	}
}
