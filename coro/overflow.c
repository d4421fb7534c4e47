/*
 * SPDX-License-Identifier: ISC
 *
 * overflow.c: says which stack was too small before the process dies of it.
 *
 * The fault comes on a stack that has no room left, so each thread is given
 * an alternate one for signals, if it has none.  The action is installed only
 * where there is none, and after the message the signal takes its usual course.
 * Neither the signal's code nor the kind of guard matters: the address does.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "coro/stack.h"
#include "reactor/support.h"

#define OV_LEAST ((size_t)16 * 1024)

/* ---- The message --------------------------------------------------------- */

static size_t
ov_add(char *text, size_t size, size_t n, const char *more)
{
	while (*more != '\0' && n < size - 1)
		text[n++] = *more++;
	text[n] = '\0';
	return n;
}

static size_t
ov_add_number(char *text, size_t size, size_t n, size_t number)
{
	char digits[24];
	char *p = digits + sizeof(digits) - 1;

	*p = '\0';
	do
		*--p = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	return ov_add(text, size, n, p);
}

/* In a signal action: no printf. */
static void
ov_say(const struct coro__stack *stack)
{
	const struct coro__flow *flow = stack->owner;
	const char *name = flow != NULL ? flow->kind->name(flow) : NULL;
	const char *place = flow != NULL ? flow->kind->place(flow) : NULL;
	struct coro_stack_info info;
	char text[512];
	size_t n;

	coro__stack_info(stack, &info);
	n = ov_add(text, sizeof(text), 0, "reactor: ");
	n = ov_add(text, sizeof(text), n,
	    flow != NULL ? flow->kind->noun : "a coroutine");
	if (name != NULL) {
		n = ov_add(text, sizeof(text), n, " \"");
		n = ov_add(text, sizeof(text) - 128, n, name);
		n = ov_add(text, sizeof(text), n, "\"");
	}
	if (place != NULL) {
		n = ov_add(text, sizeof(text), n, ", spawned at ");
		n = ov_add(text, sizeof(text) - 64, n, place);
		n = ov_add(text, sizeof(text), n, ",");
	}
	n = ov_add(text, sizeof(text), n, " has overflowed its stack of ");
	n = ov_add_number(text, sizeof(text), n, info.size);
	n = ov_add(text, sizeof(text), n, " bytes\n");
	if (write(2, text, n) == -1)
		return; /* there is nobody to tell */
}

/* ---- The action ---------------------------------------------------------- */

static const int ov_signals[] = { SIGSEGV, SIGBUS };
static pthread_once_t ov_once = PTHREAD_ONCE_INIT;

/* The instruction is run again, or the signal sent again, and now it kills. */
static void
ov_default(int number, int again)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = SIG_DFL;
	(void)sigaction(number, &action, NULL);
	if (again)
		(void)raise(number);
}

static void
ov_fault(int number, siginfo_t *info, void *unused)
{
	const struct coro__stack *stack;

	(void)unused;
	stack = info->si_code > 0 ? coro__stack_guarded(info->si_addr) : NULL;
	if (stack != NULL)
		ov_say(stack);
	ov_default(number, info->si_code <= 0);
}

static void
ov_install(void)
{
	struct sigaction action, old;
	size_t i;

	memset(&action, 0, sizeof(action));
	action.sa_sigaction = ov_fault;
	action.sa_flags = SA_SIGINFO | SA_ONSTACK;
	(void)sigemptyset(&action.sa_mask);
	for (i = 0; i < sizeof(ov_signals) / sizeof(ov_signals[0]); i++)
		if (sigaction(ov_signals[i], NULL, &old) == 0 &&
		    (old.sa_flags & SA_SIGINFO) == 0 &&
		    old.sa_handler == SIG_DFL)
			(void)sigaction(ov_signals[i], &action, NULL);
}

static size_t
ov_size(void)
{
	long size = -1;

#ifdef _SC_SIGSTKSZ
	size = sysconf(_SC_SIGSTKSZ);
#endif
	return size > (long)OV_LEAST ? (size_t)size : OV_LEAST;
}

/* Without memory for it there is no message, but the end is the same. */
void
coro__overflow_watch(void)
{
	stack_t stack, old;
	int error = errno;

	(void)pthread_once(&ov_once, ov_install);
	if (coro__here.signal_stack == NULL && sigaltstack(NULL, &old) == 0 &&
	    (old.ss_flags & SS_DISABLE) != 0) {
		memset(&stack, 0, sizeof(stack));
		stack.ss_size = ov_size();
		stack.ss_sp = reactor__allocate(NULL, stack.ss_size);
		if (stack.ss_sp != NULL && sigaltstack(&stack, NULL) == 0)
			coro__here.signal_stack = stack.ss_sp;
		else
			(void)reactor__allocate(stack.ss_sp, 0);
	}
	errno = error;
}

void
coro__overflow_end(void)
{
	stack_t none, old;

	if (coro__here.signal_stack == NULL)
		return;
	memset(&none, 0, sizeof(none));
	none.ss_flags = SS_DISABLE;
	if (sigaltstack(NULL, &old) == 0 &&
	    old.ss_sp == coro__here.signal_stack)
		(void)sigaltstack(&none, NULL);
	(void)reactor__allocate(coro__here.signal_stack, 0);
	coro__here.signal_stack = NULL;
}

void
coro__overflow_found(const struct coro__stack *stack)
{
	sigset_t set;

	ov_say(stack);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGSEGV);
	(void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	ov_default(SIGSEGV, 1);
}
