/*
 * SPDX-License-Identifier: ISC
 *
 * context.h: THE interface between coroutines and the ways to switch stacks.
 *
 * A context that is suspended is one pointer, its place: to whatever the
 * implementation left on that context's own stack.  An implementation is one
 * const struct, the only symbol that its file exports.  It knows stacks and
 * registers; of tasks and generators it knows nothing.  To add one: write the
 * file, and name it in context.c.
 */
#ifndef CORO_CONTEXT_H
#define CORO_CONTEXT_H

#include <stddef.h>

struct coro__context {
	const char *name;

	/* 0, or -1 with errno: cannot be had here, now. */
	int (*usable)(void);

	/*
	 * Prepares a context on the stack [low, low + size) that will begin
	 * with begin(), which never returns.  Its place; NULL with errno.
	 */
	void *(*make)(void *low, size_t size, void (*begin)(void));

	/*
	 * Suspends the running context, with its place in *from, and goes on
	 * with that at `to`.  Returns when somebody goes on with *from.  The
	 * signal mask and floating-point control words are not the context's.
	 */
	void (*swap)(void **from, void *to);
};

extern const struct coro__context coro__native, coro__setjmp, coro__ucontext;

/*
 * The best usable context out of a list of names ("native,setjmp"; NULL:
 * $REACTOR_CONTEXT; "" and "auto" stand for all).  NULL: EINVAL (unknown name)
 * or ENOTSUP (none usable here), and coro_error() says why.
 */
const struct coro__context *coro__context_choose(const char *names);

/* native.c: are shadow stacks on, which only libc's swapcontext follows? */
int coro__shadow_stacks(void);

#endif
