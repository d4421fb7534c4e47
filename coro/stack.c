/*
 * SPDX-License-Identifier: ISC
 *
 * stack.c: a pool of stacks for each thread and size.
 *
 *   hot --> stack --> stack     given back last, and taken first
 *   cold --> stack --> stack    their pages went back to the system
 *
 * A stack that is given back keeps its context, which is ready to begin again.
 */
#include <sys/mman.h>
#include <errno.h>
#include <string.h>
#include "coro/stack.h"
#include "reactor/support.h"

#define ST_DEFAULT ((size_t)256 * 1024)
#define ST_LEAST   ((size_t)64 * 1024)
#define ST_MOST    (SIZE_MAX / 8192) /* a slab of them can be counted */
#define ST_HOT     1024              /* in a pool */
#define ST_CANARY  16                /* words */

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
		stack = coro__slab_cut(pool);
	}
	return stack;
}

void
coro__stack_own(struct coro__stack *stack, const struct coro__flow *owner)
{
	char *low = coro__stack_bottom(stack);
	size_t size = stack->pool->size - stack->pool->guard;

	if (stack->owner == NULL && owner != NULL)
		coro__annotate_taken(low, size);
	else if (stack->owner != NULL && owner == NULL)
		coro__annotate_given(low, size);
	stack->owner = owner;
}

/* The most recent one is not running any more: its pages go. */
static void
st_cool(struct coro__pool *pool)
{
	struct coro__stack *stack = pool->hot;

	pool->hot = stack->next;
	pool->nhot--;
	if (madvise(coro__stack_bottom(stack), pool->size - pool->guard,
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

	if (stack->guard == CORO_GUARD_CANARY &&
	    coro__stack_spoiled(stack, __builtin_frame_address(0)))
		coro__overflow_found(stack);
	if (pool->nhot >= ST_HOT)
		st_cool(pool);
	coro__stack_own(stack, NULL);
	stack->next = pool->hot;
	pool->hot = stack;
	pool->nhot++;
}

/* A context that has not begun yet. */
static int
st_make(struct coro__stack *stack, const struct coro__context *context)
{
	if (stack->context != NULL) /* not the first */
		coro__annotate_fresh(
		    coro__stack_bottom(stack), coro__stack_usable(stack));
	stack->context = context;
	stack->place = context->make(coro__stack_bottom(stack),
	    coro__stack_usable(stack), coro__flow_begin);
	if (stack->fiber == NULL)
		stack->fiber = coro__fiber();
	return stack->place != NULL ? 0 : -1;
}

int
coro__stack_take(
    struct coro__flow *flow, size_t size, const struct coro__context *context)
{
	int error = errno; /* stays as it is if all goes well */
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
	coro__stack_own(stack, flow);
	flow->stack = stack;
	flow->place = stack->place;
	coro__annotate_new(flow, coro__stack_bottom(stack),
	    pool->size - pool->guard, stack->fiber);
	errno = error;
	return 0;
}

void
coro__stack_end(void)
{
	struct coro__pool *pool;

	while ((pool = coro__here.pools) != NULL) {
		coro__here.pools = pool->next;
		coro__slab_end(pool);
		(void)reactor__allocate(pool, 0);
	}
}

/* ---- What can be asked --------------------------------------------------- */

/* Just below the stack.  Fresh memory is zero, and reading it takes none. */
int
coro__stack_spoiled(const struct coro__stack *stack, const void *place)
{
	const volatile uintptr_t *end =
	    (uintptr_t *)(void *)coro__stack_bottom(stack);
	uintptr_t spoiled = 0;
	int i;

	for (i = 1; i <= ST_CANARY; i++)
		spoiled |= end[-i];
	return spoiled != 0 ||
	    ((const char *)place < coro__stack_bottom(stack) &&
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
	info->size = coro__stack_usable(stack);
	info->guard = (int)stack->guard;
	while (at > stack->pool->guard) {
		pages = (at - stack->pool->guard) / page;
		if (pages > sizeof(present))
			pages = sizeof(present);
		at -= pages * page;
		if (mincore(stack->low + at, pages * page, (void *)present) ==
		    -1)
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
