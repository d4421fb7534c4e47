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
	uintptr_t valgrind;                  /* see annotate.h */
	void *fiber;
};

struct coro__pool {
	struct coro__pool *next;
	size_t size, guard; /* of each stack, the guard included */
	struct coro__stack *hot, *cold;
	size_t nhot, ncold, made;
	struct coro__slab *slabs; /* stacks are cut from the first */
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
/* Whose it is; NULL: nobody's. */
void coro__stack_own(struct coro__stack *, const struct coro__flow *);
void coro__stack_info(const struct coro__stack *, struct coro_stack_info *);
/* The stack of this thread whose guard that is, or NULL. */
const struct coro__stack *coro__stack_guarded(const void *address);
/* Has something been written over the canary? */
int coro__stack_spoiled(const struct coro__stack *, const void *place);
void coro__stack_count(size_t *all, size_t *pooled);
/* Unmaps all of this thread's stacks; nobody uses any. */
void coro__stack_end(void);

/* slab.c */
/* A stack that nobody had before; NULL: no memory. */
struct coro__stack *coro__slab_cut(struct coro__pool *);
void coro__slab_end(struct coro__pool *);
/* The lowest byte above the guard, and how many there are from there. */
char *coro__stack_bottom(const struct coro__stack *);
size_t coro__stack_usable(const struct coro__stack *);

/* guard.c */
/* Makes it a guard, as well as that goes: CORO_GUARD_... */
int coro__guard(void *memory, size_t size);
void coro__unguard(int kind); /* it is unmapped */
extern int coro__guard_best;  /* for tests: the kind to begin with */
extern long coro__guard_maps; /* for tests: how many mappings may be made */
size_t coro__page(void);

#endif
