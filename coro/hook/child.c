/*
 * SPDX-License-Identifier: ISC
 *
 * child.c: waitpid and its relatives.  A process that ends makes its pidfd
 * ready; what else there is to wait for is asked for from time to time.
 */
#include <string.h>
#include <unistd.h>
#include "coro/hook/internal.h"

#define HKH_PIDFD_OPEN 434 /* on all processors; older headers lack it */

/* Waits until it is worth asking again; 0, or -1 with errno. */
static int
hkh_wait(int pidfd, int64_t *pause)
{
	return pidfd != -1 ? task_poll(pidfd, REACTOR_READ, -1)
			   : hook__pause(pause, INT64_MAX);
}

/* -1: there is none, or its readiness does not tell all that is wanted. */
static int
hkh_open(pid_t pid, int only_the_end)
{
	long fd = -1;

	if (pid > 0 && only_the_end)
		fd = syscall(HKH_PIDFD_OPEN, pid, 0u);
	if (fd != -1)
		task_forget((int)fd);
	return (int)fd;
}

static void
hkh_close(int pidfd)
{
	int error = errno;

	if (pidfd != -1) {
		task_forget(pidfd);
		(void)hook__real()->close(pidfd);
	}
	errno = error;
}

static pid_t
hkh_wait4(struct hook__task *t, pid_t pid, int *status, int options,
    struct rusage *usage)
{
	int64_t pause = 0;
	int pidfd = -1;
	pid_t ended;

	if (t == NULL || (options & WNOHANG) != 0)
		return hook__real()->wait4(pid, status, options, usage);
	if (hook__begin(t, -1) == -1)
		return -1;
	for (;;) {
		ended =
		    hook__real()->wait4(pid, status, options | WNOHANG, usage);
		if (ended != 0)
			break;
		if (pidfd == -1)
			pidfd = hkh_open(pid, options == 0);
		if (hkh_wait(pidfd, &pause) == -1) {
			ended = -1;
			break;
		}
	}
	hkh_close(pidfd);
	return ended;
}

HOOK(pid_t, wait4, (pid_t pid, int *status, int options, struct rusage *usage))
{
	return hkh_wait4(HOOK_TASK, pid, status, options, usage);
}

HOOK(pid_t, wait3, (int *status, int options, struct rusage *usage))
{
	return hkh_wait4(HOOK_TASK, -1, status, options, usage);
}

HOOK(pid_t, waitpid, (pid_t pid, int *status, int options))
{
	return hkh_wait4(HOOK_TASK, pid, status, options, NULL);
}

HOOK(pid_t, wait, (int *status))
{
	return hkh_wait4(HOOK_TASK, -1, status, 0, NULL);
}

/* si_pid says whether there was one. */
static int
hkh_ask(idtype_t type, id_t id, siginfo_t *info, int options)
{
	info->si_pid = 0;
	if (hook__real()->waitid(type, id, info, options | WNOHANG) == -1)
		return -1;
	return info->si_pid != 0;
}

static int
hkh_waitid(
    struct hook__task *t, idtype_t type, id_t id, siginfo_t *info, int options)
{
	int only = (options & (WSTOPPED | WCONTINUED)) == 0;
	int64_t pause = 0;
	int pidfd = -1, result;

	if (hook__begin(t, -1) == -1)
		return -1;
	for (;;) {
		result = hkh_ask(type, id, info, options);
		if (result != 0)
			break;
		if (pidfd == -1 && type == P_PID)
			pidfd = hkh_open((pid_t)id, only);
		if (hkh_wait(pidfd, &pause) == -1) {
			result = -1;
			break;
		}
	}
	hkh_close(pidfd);
	return result == -1 ? -1 : 0;
}

HOOK(int, waitid, (idtype_t type, id_t id, siginfo_t *info, int options))
{
	struct hook__task *t = HOOK_TASK;
	siginfo_t mine;

	if (t == NULL || (options & WNOHANG) != 0)
		return hook__real()->waitid(type, id, info, options);
	memset(&mine, 0, sizeof(mine));
	return hkh_waitid(t, type, id, info != NULL ? info : &mine, options);
}
