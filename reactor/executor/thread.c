/*
 * SPDX-License-Identifier: ISC
 *
 * thread.c: the threads of an executor: how they begin, and who they are.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include "reactor/executor/pool.h"
#include "reactor/executor/system.h"

enum { XTH_NAME = 15 }; /* as long may the name of a thread be */

/* Whose thread this is. */
static _Thread_local const struct reactor_executor *xth_inside;

/* The end is what tells them apart. */
static void
xth_name(const struct reactor_executor *pool, const char *end)
{
	char name[64];

	(void)snprintf(name, sizeof(name), "%.*s-%s",
	    XTH_NAME - 1 - (int)strlen(end), pool->name, end);
	reactor__thread_name(name);
}

void
reactor__executor_enter(const struct reactor_executor *pool, const char *end)
{
	int was;

	xth_inside = pool;
	xth_name(pool, end);
	/* Who waits or holds a lock must not be cancelled. */
	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &was);
}

int
reactor__executor_inside(const struct reactor_executor *pool)
{
	return xth_inside == pool;
}

/* Signals are for the program's own threads, but for those of a fault. */
static void
xth_block(sigset_t *was)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP,
		SIGABRT, SIGSYS };
	sigset_t all;
	size_t i;

	(void)sigfillset(&all);
	for (i = 0; i < sizeof(faults) / sizeof(*faults); i++)
		(void)sigdelset(&all, faults[i]);
	(void)pthread_sigmask(SIG_BLOCK, &all, was);
}

int
reactor__thread_create(pthread_t *thread, size_t stack_size,
    void *(*function)(void *), void *argument)
{
	pthread_attr_t attributes;
	sigset_t was;
	int error = pthread_attr_init(&attributes);

	if (error != 0)
		return error;
	if (stack_size > 0)
		error = pthread_attr_setstacksize(&attributes, stack_size);
	if (error == 0) {
		xth_block(&was);
		error = pthread_create(thread, &attributes, function, argument);
		(void)pthread_sigmask(SIG_SETMASK, &was, NULL);
	}
	(void)pthread_attr_destroy(&attributes);
	return error;
}
