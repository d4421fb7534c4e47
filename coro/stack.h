/*
 * SPDX-License-Identifier: ISC
 *
 * stack.h: stacks, made once and used by one flow after the other.
 */
#ifndef CORO_STACK_H
#define CORO_STACK_H

#include <stddef.h>
#include <stdint.h>
#include <coro/coro.h>
#include "coro/flow.h"

struct coro__stack {
	struct coro__stack *next; /* in the pool */
	struct coro__pool *pool;
	void *place; /* of a context on it that is ready to begin; or NULL */
	const struct coro__context *context; /* whose it is */
	const struct coro__flow *owner;      /* NULL: in the pool */
	char *low;                           /* the guard; the stack is above */
	unsigned guard;                      /* CORO_GUARD_... */
	unsigned number;                     /* in its slab */
	uintptr_t valgrind;
#ifdef CORO__TSAN
	void *fiber;
#endif
};

/* The size that is reserved for that wish; 0 and EINVAL: it is too small. */
size_t coro__stack_size(size_t wish);
/*
 * A stack of that size for the flow, with a context on it that is ready to
 * begin: flow->place and flow->stack are set.  0, or -1 with ENOMEM.
 */
int coro__stack_take(
    struct coro__flow *, size_t size, const struct coro__context *);
/* Back to the pool; its flow may still run on it, if it does no more than end.
 */
void coro__stack_give(struct coro__stack *);
void coro__stack_info(const struct coro__stack *, struct coro_stack_info *);
/* The stack of this thread whose guard that is, or NULL. */
const struct coro__stack *coro__stack_guarded(const void *address);
/* Has something been written over the canary? */
int coro__stack_spoiled(const struct coro__stack *, const void *place);
void coro__stack_count(size_t *all, size_t *pooled);
/* Unmaps all of this thread's stacks; nobody uses any. */
void coro__stack_end(void);

/* guard.c */
/* Makes it a guard, as well as that goes: CORO_GUARD_... */
int coro__guard(void *memory, size_t size);
extern int coro__guard_best; /* for tests: the kind to begin with */
extern long coro__guard_maps; /* for tests: how many mappings may be made */
size_t coro__page(void);

#endif
