/*
 * SPDX-License-Identifier: ISC
 *
 * setjmp.c: contexts entered once by whatever libc has for that, and then
 * switched by _setjmp(3) and _longjmp(3), which cost no system call.
 *
 *  a. setjmp(3) of the BSDs saves the signal mask; _setjmp never does.
 *  b. _FORTIFY_SOURCE replaces longjmp by a check that allows jumps only to
 *     callers.  The declaration below has another name for the compiler, and
 *     the same for the linker.
 *  c. libc may scramble the registers in a jmp_buf, so none is ever edited.
 *  d. Where libc has no makecontext(3), the kernel is made to enter the stack:
 *     as the alternate stack of a signal (R. S. Engelschall, "Portable
 *     Multithreading", USENIX 2000).  Its action belongs to the process, so
 *     that is done under a lock, with the signal blocked elsewhere; and only
 *     once for each stack, since coroutines give stacks back ready to go on.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include "coro/context.h"
#include "coro/float.h"
#include "coro/setjmp.h"
#include "coro/ucontext.h"

#define SJ_TEXT_(x) #x
#define SJ_TEXT(x)  SJ_TEXT_(x)

_Noreturn void coro__jump(jmp_buf, int) __asm__(
    SJ_TEXT(__USER_LABEL_PREFIX__) "_longjmp");

struct sj_place {
	jmp_buf registers;
	void *first; /* not entered yet: a ucontext_t, */
	void (*begin)(void);
	uint32_t control[2]; /* and what the thread rounds by */
};

int coro__setjmp_by_signal; /* for tests: as if there were no makecontext */

/* ---- Entered by makecontext ---------------------------------------------- */

#if CORO__UCONTEXT

static int
sj_has_makecontext(void)
{
	return CORO__HAS_MAKECONTEXT() && !coro__setjmp_by_signal;
}

static _Thread_local struct sj_place *sj_entered;

static void
sj_first(void)
{
	coro__float_load(sj_entered->control);
	sj_entered->begin();
}

/* Signal mask and control words are the thread's, as they are now. */
static _Noreturn void
sj_enter(struct sj_place *to)
{
	ucontext_t *context = to->first;

	sj_entered = to;
	(void)pthread_sigmask(SIG_SETMASK, NULL, &context->uc_sigmask);
	(void)setcontext(context);
	coro__jump(to->registers, 1); /* never comes here */
}

#else

static int
sj_has_makecontext(void)
{
	return 0;
}

static void
sj_first(void)
{
}

static _Noreturn void
sj_enter(struct sj_place *to)
{
	coro__jump(to->registers, 1);
}

#endif

/* ---- Entered by a signal ------------------------------------------------- */

static pthread_mutex_t sj_lock = PTHREAD_MUTEX_INITIALIZER;
static struct sigaction sj_old; /* what the action of the signal was */
static _Thread_local struct sj_new {
	void (*begin)(void);
	volatile sig_atomic_t done;
	struct sj_place *place;
} * sj_new;

/* The program's own signal, for another thread. */
static void
sj_pass_on(int number, siginfo_t *info, void *context)
{
	if ((sj_old.sa_flags & SA_SIGINFO) != 0)
		sj_old.sa_sigaction(number, info, context);
	else if (sj_old.sa_handler != SIG_DFL && sj_old.sa_handler != SIG_IGN)
		sj_old.sa_handler(number);
}

/*
 * Runs on the new stack, and returns at once; but its frame stays there as it
 * is, and the first swap jumps back into it, now outside of any signal.
 */
static void
sj_trampoline(int number, siginfo_t *info, void *context)
{
	struct sj_new *new = sj_new;
	void (*volatile begin)(void);
	struct sj_place here;

	if (new == NULL || new->done) {
		sj_pass_on(number, info, context);
		return;
	}
	begin = new->begin;
	here.first = NULL;
	new->place = &here;
	if (_setjmp(here.registers) == 0) {
		new->done = 1;
		return;
	}
	begin();
}

static int
sj_raise(struct sj_new *new, sigset_t *except)
{
	sj_new = new;
	if (pthread_kill(pthread_self(), SIGUSR2) == 0)
		while (!new->done)
			(void)sigsuspend(except);
	sj_new = NULL;
	return new->done ? 0 : -1;
}

static int
sj_on_stack(struct sj_new *new, void *low, size_t size, sigset_t *except)
{
	struct sigaction action;
	stack_t stack, old;
	int result = -1;

	memset(&action, 0, sizeof(action));
	action.sa_sigaction = sj_trampoline;
	action.sa_flags = SA_ONSTACK | SA_SIGINFO;
	(void)sigfillset(&action.sa_mask);
	memset(&stack, 0, sizeof(stack));
	stack.ss_sp = low;
	stack.ss_size = size;
	if (sigaltstack(&stack, &old) == -1)
		return -1;
	if (sigaction(SIGUSR2, &action, &sj_old) == 0) {
		result = sj_raise(new, except);
		(void)sigaction(SIGUSR2, &sj_old, NULL);
	}
	(void)sigaltstack(&old, NULL);
	return result;
}

static void *
sj_make_by_signal(void *low, size_t size, void (*begin)(void))
{
	struct sj_new new = { begin, 0, NULL };
	sigset_t all, except, mask;
	int result;

	(void)sigfillset(&all);
	except = all;
	(void)sigdelset(&except, SIGUSR2);
	(void)pthread_sigmask(SIG_SETMASK, &all, &mask);
	(void)pthread_mutex_lock(&sj_lock);
	result = sj_on_stack(&new, low, size, &except);
	(void)pthread_mutex_unlock(&sj_lock);
	(void)pthread_sigmask(SIG_SETMASK, &mask, NULL);
	return result == 0 ? new.place : NULL;
}

/* ---- The interface ------------------------------------------------------- */

static int
sj_usable(void)
{
	if (!coro__shadow_stacks())
		return 0;
	errno = ENOTSUP;
	return -1;
}

/* The other implementation's first context, and a place of ours above it. */
static void *
sj_make_by_context(void *low, size_t size, void (*begin)(void))
{
	uintptr_t top = (uintptr_t)low + size - sizeof(struct sj_place);
	struct sj_place *place = (struct sj_place *)(top & ~(uintptr_t)63);

	place->begin = begin;
	place->first = coro__ucontext.make(
	    low, (size_t)((char *)place - (char *)low), sj_first);
	return place->first != NULL ? place : NULL;
}

static void *
sj_make(void *low, size_t size, void (*begin)(void))
{
	return sj_has_makecontext() ? sj_make_by_context(low, size, begin)
				    : sj_make_by_signal(low, size, begin);
}

static void
sj_swap(void **from, void *to)
{
	struct sj_place here, *place = to;

	here.first = NULL;
	*from = &here;
	if (_setjmp(here.registers) != 0)
		return;
	if (place->first != NULL) {
		coro__float_save(place->control);
		sj_enter(place);
	}
	coro__jump(place->registers, 1);
}

const struct coro__context coro__setjmp = {
	.name = "setjmp",
	.usable = sj_usable,
	.make = sj_make,
	.swap = sj_swap,
};
