/*
 * SPDX-License-Identifier: ISC
 *
 * flow.h: flows of control, one of which runs in each thread while the others
 * are suspended, and the switch from one to another.
 *
 *   thread's own stack      a stack from the pool     another
 *   flow (has no stack) --> flow of a task ---------> flow of a generator
 *
 * What belongs to a flow beside its registers is kept here: errno; the state of
 * C++ exceptions, and floating-point control words, where they are used.
 */
#ifndef CORO_FLOW_H
#define CORO_FLOW_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <coro/coro.h>
#include "coro/annotate.h"
#include "coro/context.h"

struct coro__flow;
struct coro__pool;
struct coro__stack;
struct task__loop;

/* What runs on a stack: a generator or a task. */
struct coro__kind {
	const char *noun;
	/*
	 * Runs all of it, and ends with coro__flow_end, after which it returns
	 * when the stack has been given to another flow.
	 */
	void (*body)(struct coro__flow *);
	const char *(*name)(const struct coro__flow *);  /* or NULL */
	const char *(*place)(const struct coro__flow *); /* or NULL */
};

/* flow.flags */
enum { CORO__SAVED = 0x01 }; /* control has been set */

struct coro__flow {
	void *place; /* of its context, while suspended */
	int error;   /* its errno, while suspended */
	unsigned flags;
	struct coro__stack *stack;     /* NULL: the thread's own, or ended */
	const struct coro__kind *kind; /* NULL: the thread's own */
	uint32_t control[2];           /* floating-point control words */
	void *exceptions[2];           /* __cxa_eh_globals of the C++ ABI */
#ifdef CORO__ASAN
	void *fake;
	const void *low;
	size_t size;
#endif
#ifdef CORO__TSAN
	void *fiber;
#endif
};

/* thread.extras: what else is exchanged in each switch. */
enum { CORO__FLOAT = 0x01, CORO__EXCEPTIONS = 0x02, CORO__CANARY = 0x04 };

struct coro__thread {
	struct coro *coro;           /* the innermost generator that runs */
	struct task__loop *tasks;    /* see schedule.h */
	struct coro__flow *arriving; /* the one that is switched to */
	struct coro__flow *left;     /* the one that was switched from */
	struct coro__pool *pools;    /* see stack.c */
	void **exceptions;           /* this thread's __cxa_eh_globals */
	void *signal_stack;          /* see overflow.c */
	unsigned extras;
	int known; /* the end of the thread is noticed */
};

#if defined(__GLIBC__) && defined(__GNUC__)
/* At a fixed distance from the thread's pointer: no call to find it. */
#define CORO__TLS __attribute__((tls_model("initial-exec")))
#else
#define CORO__TLS
#endif
extern _Thread_local struct coro__thread coro__here CORO__TLS;

/* flow.c */
/* The flags of options: 0; or -1 with EINVAL, ENOTSUP. */
int coro__flow_check(unsigned flags);
/* With these, before a stack is taken: 0, or -1 with errno. */
int coro__flow_prepare(unsigned flags);
/* What a new context begins with. */
void coro__flow_begin(void);
void coro__flow_leave(struct coro__flow *);
void coro__flow_arrive(struct coro__flow *);
/*
 * The flow that runs has ended, and its stack, which is in the pool already,
 * can be taken: goes on with another.  Returns when it has been, to coro__here
 * .arriving.
 */
void coro__flow_end(
    struct coro__stack *, struct coro__flow *from, struct coro__flow *to);

/* overflow.c */
void coro__overflow_watch(void); /* from now on, if nobody else does */
void coro__overflow_end(void);   /* of the thread */
/* It was found too late: says so, and dies by SIGSEGV. */
void coro__overflow_found(const struct coro__stack *);

/* ---- The switch ---------------------------------------------------------- */

/* A flow that is to begin on that stack. */
static inline void
coro__annotate_new(
    struct coro__flow *flow, const void *low, size_t size, void *fiber)
{
	(void)flow;
	(void)low;
	(void)size;
	(void)fiber;
#ifdef CORO__ASAN
	flow->fake = NULL;
	flow->low = low;
	flow->size = size;
#endif
#ifdef CORO__TSAN
	flow->fiber = fiber;
#endif
}

static inline void
coro__annotate_leave(struct coro__flow *from, struct coro__flow *to, int ends)
{
	(void)from;
	(void)to;
	(void)ends;
#ifdef CORO__ASAN
	coro__here.left = from;
	__sanitizer_start_switch_fiber(
	    ends ? NULL : &from->fake, to->low, to->size);
#endif
#ifdef CORO__TSAN
	from->fiber = __tsan_get_current_fiber();
	__tsan_switch_to_fiber(to->fiber, 0);
#endif
}

static inline void
coro__annotate_arrive(struct coro__flow *to)
{
	(void)to;
#ifdef CORO__ASAN
	__sanitizer_finish_switch_fiber(
	    to->fake, &coro__here.left->low, &coro__here.left->size);
	to->fake = NULL;
#endif
}

/* Suspends `from`, which runs, until somebody switches to it. */
static inline void
coro__switch(struct coro__flow *from, struct coro__flow *to,
    const struct coro__context *c)
{
	from->error = errno;
	if (__builtin_expect(coro__here.extras != 0, 0))
		coro__flow_leave(from);
	coro__here.arriving = to;
	coro__annotate_leave(from, to, 0);
	c->swap(&from->place, to->place);
	coro__annotate_arrive(from);
	if (__builtin_expect(coro__here.extras != 0, 0))
		coro__flow_arrive(from);
	errno = from->error;
}

#endif
