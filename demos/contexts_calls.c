/*
 * SPDX-License-Identifier: ISC
 *
 * contexts_calls.c: how many system calls a switch takes.  A child does some
 * and is stopped at every call; so that nothing else is counted, another one
 * that does none is subtracted.  Only Linux is asked in this way.
 */
#include "demos/contexts.h"

#ifdef __linux__

#include <sys/ptrace.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

enum { CY_ROUNDS = 200 };

static intptr_t
cy_generator(void *argument)
{
	(void)argument;
	while (coro_yield(NULL, NULL) == 0)
		continue;
	return 0;
}

static _Noreturn void
cy_child(const char *context, int rounds)
{
	const struct coro_options options = { .context = context };
	struct coro *c = coro_new(cy_generator, NULL, &options);

	if (c == NULL || coro_next(c, NULL) != 1 ||
	    ptrace(PTRACE_TRACEME, 0, NULL, NULL) == -1)
		_exit(1);
	(void)raise(SIGSTOP);
	while (rounds-- > 0)
		(void)coro_next(c, NULL);
	_exit(0);
}

/* Stops at the beginning and at the end of each call; -1: it did not work. */
static long
cy_stops(const char *context, int rounds)
{
	pid_t pid = fork();
	long stops = -1; /* the signal that it sent itself */
	int status;

	if (pid == 0)
		cy_child(context, rounds);
	if (pid == -1)
		return -1;
	for (;;) {
		if (waitpid(pid, &status, 0) != pid)
			return -1;
		if (!WIFSTOPPED(status))
			break;
		stops++;
		if (ptrace(PTRACE_SYSCALL, pid, NULL, NULL) == -1)
			(void)kill(pid, SIGKILL);
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? stops : -1;
}

double
contexts_calls(const char *context)
{
	long none = cy_stops(context, 0), some = cy_stops(context, CY_ROUNDS);

	return none == -1 || some == -1
	    ? -1
	    : (double)(some - none) / 2 / (2 * CY_ROUNDS);
}

#else

double
contexts_calls(const char *context)
{
	(void)context;
	return -1;
}

#endif
