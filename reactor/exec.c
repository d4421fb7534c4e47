/*
 * SPDX-License-Identifier: ISC
 *
 * exec.c: becomes another command, found as execvp(3) finds it, by our PATH.
 * Only async-signal-safe functions may be called between fork and exec, so
 * whatever needs memory is prepared before.
 */
#include <sys/types.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "reactor/internal.h"
#include "reactor/exec.h"

#define EX_PATH  "/bin:/usr/bin" /* where there is no PATH */
#define EX_SHELL "/bin/sh"

#ifdef __APPLE__
#include <crt_externs.h>
#define EX_ENVIRON (*_NSGetEnviron())
#else
extern char **environ;
#define EX_ENVIRON environ
#endif

int
reactor__exec_prepare(struct reactor__exec *exec)
{
	const char *const *arguments = exec->command->arguments;
	size_t n = 0;

	exec->search = getenv("PATH");
	if (exec->search == NULL)
		exec->search = EX_PATH;
	exec->file = reactor__allocate(
	    NULL, strlen(exec->search) + strlen(arguments[0]) + 2);
	if (exec->file == NULL)
		return -1;
	while (arguments[n] != NULL)
		n++;
	exec->script = reactor__allocate(NULL, (n + 2) * sizeof(*exec->script));
	if (exec->script == NULL)
		return -1;
	exec->script[0] = EX_SHELL;
	memcpy(exec->script + 2, arguments + 1, n * sizeof(*arguments));
	return 0;
}

void
reactor__exec_free(struct reactor__exec *exec)
{
	(void)reactor__allocate(exec->file, 0);
	(void)reactor__allocate(exec->script, 0);
}

/* ---- In the child -------------------------------------------------------- */

static void
ex_try(const struct reactor__exec *exec, const char *file)
{
	const char *const *environment = exec->command->environment;

	if (environment == NULL)
		environment = (const char *const *)EX_ENVIRON;
	(void)execve(file, (char *const *)exec->command->arguments,
	    (char *const *)environment);
	if (errno != ENOEXEC)
		return;
	exec->script[1] = file;
	(void)execve(
	    EX_SHELL, (char *const *)exec->script, (char *const *)environment);
}

/* Whether the search goes on after this error. */
static int
ex_elsewhere(int error)
{
	return error == ENOENT || error == ENOTDIR || error == EACCES ||
	    error == ENODEV || error == ESTALE || error == ETIMEDOUT;
}

/* Returns only with an error. */
static int
ex_search(const struct reactor__exec *exec)
{
	const char *name = exec->command->arguments[0], *from = exec->search;
	size_t length, room;
	int denied = 0;

	if (*name == '\0' || strchr(name, '/') != NULL) {
		ex_try(exec, name);
		return errno;
	}
	for (;; from += length + 1) {
		length = room = strcspn(from, ":");
		memcpy(exec->file, from, length);
		if (length > 0)
			exec->file[room++] = '/';
		memcpy(exec->file + room, name, strlen(name) + 1);
		ex_try(exec, exec->file);
		if (!ex_elsewhere(errno))
			return errno;
		denied |= errno == EACCES;
		if (from[length] == '\0')
			return denied ? EACCES : ENOENT;
	}
}

/* What is caught here must not be caught there; what is ignored stays so. */
void
reactor__signals_default(void)
{
	struct sigaction action;
	int number;

	for (number = 1; number < NSIG; number++) {
		if (sigaction(number, NULL, &action) == -1 ||
		    ((action.sa_flags & SA_SIGINFO) == 0 &&
			(action.sa_handler == SIG_DFL ||
			    action.sa_handler == SIG_IGN)))
			continue;
		memset(&action, 0, sizeof(action));
		action.sa_handler = SIG_DFL;
		(void)sigaction(number, &action, NULL);
	}
}

int
reactor__exec(const struct reactor__exec *exec)
{
	const char *directory = exec->command->directory;
	int i;

	reactor__signals_default();
	for (i = 0; i < 3; i++)
		if (exec->stream[i] != -1 && dup2(exec->stream[i], i) == -1)
			return errno;
	if (directory != NULL && chdir(directory) == -1)
		return errno;
	(void)pthread_sigmask(SIG_SETMASK, &exec->mask, NULL);
	return ex_search(exec);
}
