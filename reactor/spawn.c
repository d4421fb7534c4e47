/*
 * SPDX-License-Identifier: ISC
 *
 * spawn.c: starts a command.
 *
 *   loop                                child
 *    |   socket, close-on-exec            |
 *    |----- "go": it is watched now ----->|  directory, pipes, exec
 *    |<---- errno, or the end of file ----|
 *
 * The child execs only after its handler has been started, so when anything
 * fails, nothing has run.
 */
#include <sys/types.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include "reactor/internal.h"
#include "reactor/exec.h"

#define SP_FAILED 127

/* Elsewhere pair.c has seen to it. */
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

enum { SP_LOOP, SP_CHILD }; /* which end */

struct sp_plan {
	struct reactor__exec exec;
	int stream[3][2]; /* pipes */
	int status[2];
};

/* ---- In the child -------------------------------------------------------- */

__attribute__((noreturn)) static void
sp_child(const struct sp_plan *plan)
{
	int fd = plan->status[SP_CHILD], error;
	char go;

	(void)close(plan->status[SP_LOOP]);
	if (read(fd, &go, 1) == 1) {
		error = reactor__exec(&plan->exec);
		(void)send(fd, &error, sizeof(error), MSG_NOSIGNAL);
	}
	_exit(SP_FAILED);
}

/* ---- Preparing ----------------------------------------------------------- */

static int
sp_pipe(int fd[2], int i)
{
	int end[2];

	if (reactor__pipe(end) == -1)
		return -1;
	fd[SP_LOOP] = end[i == 0];
	fd[SP_CHILD] = end[i != 0];
	return fcntl(fd[SP_LOOP], F_SETFL, O_NONBLOCK);
}

static int
sp_prepare(struct sp_plan *plan)
{
	int i;

	if (reactor__exec_prepare(&plan->exec) == -1)
		return -1;
	for (i = 0; i < 3; i++) {
		if ((plan->exec.command->pipes & 1u << i) != 0 &&
		    sp_pipe(plan->stream[i], i) == -1)
			return -1;
		plan->exec.stream[i] = plan->stream[i][SP_CHILD];
	}
	return reactor__pair(plan->status);
}

static void
sp_close(int *fd)
{
	if (*fd != -1)
		(void)close(*fd);
	*fd = -1;
}

static void
sp_close_end(struct sp_plan *plan, int end)
{
	int i;

	for (i = 0; i < 3; i++)
		sp_close(&plan->stream[i][end]);
	sp_close(&plan->status[end]);
}

/* ---- In the loop --------------------------------------------------------- */

static pid_t
sp_fork(struct sp_plan *plan)
{
	sigset_t all;
	pid_t pid;

	/* No handler of ours may run in the child. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &plan->exec.mask);
	pid = fork();
	if (pid == 0)
		sp_child(plan);
	(void)pthread_sigmask(SIG_SETMASK, &plan->exec.mask, NULL);
	sp_close_end(plan, SP_CHILD);
	return pid;
}

/* Lets it run: 0, or the errno of what failed over there. */
static int
sp_go(const struct sp_plan *plan)
{
	int fd = plan->status[SP_LOOP], error = 0;
	ssize_t n;

	do
		n = send(fd, "", 1, MSG_NOSIGNAL);
	while (n == -1 && errno == EINTR);
	do
		n = read(fd, &error, sizeof(error));
	while (n == -1 && errno == EINTR);
	/* If something killed it first, its handler will tell. */
	return n == (ssize_t)sizeof(error) ? error : 0;
}

static int
sp_failed(pid_t pid, int error)
{
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
		continue;
	errno = error;
	return -1;
}

static int
sp_start(struct reactor *r, struct reactor_child *child, struct sp_plan *plan)
{
	pid_t pid = sp_fork(plan);
	int was = child->pid, error;

	if (pid == -1)
		return -1;
	child->pid = (int)pid;
	if (reactor_child_start(r, child) == 0) {
		error = sp_go(plan);
		if (error == 0)
			return 0;
		reactor_child_stop(r, child);
	} else {
		error = errno;
	}
	child->pid = was;
	return sp_failed(pid, error);
}

static int
sp_check(
    const struct reactor_child *child, const struct reactor_command *command)
{
	if (command->arguments != NULL && command->arguments[0] != NULL &&
	    (command->pipes & ~7u) == 0 &&
	    (child->event.state & REACTOR__STARTED) == 0)
		return 0;
	errno = EINVAL;
	return -1;
}

int
reactor_spawn(struct reactor *r, struct reactor_child *child,
    struct reactor_command *command)
{
	struct sp_plan plan;
	int result, error, i;

	memset(&plan, 0, sizeof(plan));
	memset(plan.stream, -1, sizeof(plan.stream));
	plan.status[SP_LOOP] = plan.status[SP_CHILD] = -1;
	plan.exec.command = command;
	for (i = 0; i < 3; i++)
		command->streams[i] = -1;
	result = sp_check(child, command);
	if (result == 0)
		result = sp_prepare(&plan);
	if (result == 0)
		result = sp_start(r, child, &plan);
	error = errno;
	for (i = 0; i < 3 && result == 0; i++) {
		command->streams[i] = plan.stream[i][SP_LOOP];
		plan.stream[i][SP_LOOP] = -1;
	}
	sp_close_end(&plan, SP_CHILD);
	sp_close_end(&plan, SP_LOOP);
	reactor__exec_free(&plan.exec);
	errno = error;
	return result;
}
