/*
 * SPDX-License-Identifier: ISC
 *
 * ucontext.c: contexts switched by swapcontext(3), as POSIX once had it.
 *
 *  a. Each switch is a system call, for the signal mask, which therefore
 *     belongs to each context here.
 *  b. It is the only one here that follows shadow stacks, where libc does.
 *  c. makecontext(3) passes int arguments only, so none are passed.
 */
#include <errno.h>
#include <stdint.h>
#include "coro/context.h"
#include "coro/ucontext.h"

#if CORO__UCONTEXT

static int
uc_usable(void)
{
	if (CORO__HAS_MAKECONTEXT())
		return 0;
	errno = ENOSYS;
	return -1;
}

/* Apart, because it returns twice as far as compilers know. */
static __attribute__((noinline)) int
uc_get(ucontext_t *context)
{
	return getcontext(context);
}

/* It lies at the top of its own stack. */
static void *
uc_make(void *low, size_t size, void (*begin)(void))
{
	uintptr_t top = (uintptr_t)low + size - sizeof(ucontext_t);
	ucontext_t *first = (ucontext_t *)(top & ~(uintptr_t)63);

	if (uc_get(first) == -1)
		return NULL;
	first->uc_stack.ss_sp = low;
	first->uc_stack.ss_size = (size_t)((char *)first - (char *)low);
	first->uc_link = NULL;
	makecontext(first, begin, 0);
	return first;
}

static void
uc_swap(void **from, void *to)
{
	ucontext_t here;

	here.uc_stack.ss_size = 0; /* ASan looks at it */
	*from = &here;
	(void)swapcontext(&here, to);
}

#else

static int
uc_usable(void)
{
	errno = ENOSYS;
	return -1;
}

static void *
uc_make(void *low, size_t size, void (*begin)(void))
{
	(void)low;
	(void)size;
	(void)begin;
	return NULL;
}

static void
uc_swap(void **from, void *to)
{
	(void)from;
	(void)to;
}

#endif

const struct coro__context coro__ucontext = {
	.name = "ucontext",
	.usable = uc_usable,
	.make = uc_make,
	.swap = uc_swap,
};
