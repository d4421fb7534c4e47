/*
 * SPDX-License-Identifier: ISC
 *
 * zygote.c: the helper: forks the workers, reaps them and reports how they
 * ended, kills them on order, and all of them when its program is gone.
 *
 * It holds the control socket, a descriptor for its parent, and a pipe for the
 * reports about each worker; a worker holds its socket only.  Each worker leads
 * a process group, so that what its jobs have started ends with it.
 */
#include <sys/select.h>
#include <sys/wait.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include "reactor/exec.h"
#include "reactor/executor/helper.h"
#include "reactor/executor/system.h"
#include "reactor/internal.h"

enum { XZ_CONTROL = 3 }; /* the number of that descriptor */

struct xz_worker {
	uint64_t serial;
	pid_t pid;
	int reports;
};

/* In the helper only. */
static struct xz_worker *xz_workers;
static size_t xz_length, xz_capacity;
static pid_t xz_self, xz_parent;
static int xz_watch; /* a descriptor for the parent; or -1 */

/* ---- Orders -------------------------------------------------------------- */

static void
xz_report(int fd, int what, int value)
{
	struct reactor__report report;

	report.what = what;
	report.value = value;
	while (write(fd, &report, sizeof(report)) == -1 && errno == EINTR)
		continue;
}

/* The order of what is passed: reports, socket, memory.  0, or the errno. */
static int
xz_fork(uint64_t serial, const int *passed)
{
	struct xz_worker *grown = reactor__grown(
	    xz_workers, &xz_capacity, xz_length + 1, sizeof(*grown));
	pid_t pid;

	if (grown == NULL)
		return ENOMEM;
	xz_workers = grown;
	pid = fork();
	if (pid == 0) {
		/* A job may open an executor: its helper has no workers. */
		xz_length = 0;
		reactor__serve(passed[1], passed[2], xz_self);
	}
	if (pid == -1)
		return errno;
	(void)setpgid(pid, pid);
	xz_report(passed[0], REACTOR__WORKER_STARTED, (int)pid);
	grown[xz_length].serial = serial;
	grown[xz_length].pid = pid;
	grown[xz_length++].reports = passed[0];
	return 0;
}

static void
xz_spawn(uint64_t serial, int *passed, int n)
{
	int error = n == 3 ? xz_fork(serial, passed) : EMFILE;

	if (error != 0 && n > 0) {
		xz_report(passed[0], REACTOR__WORKER_FAILED, error);
		reactor__wire_close(&passed[0]);
	}
	while (--n > 0)
		reactor__wire_close(&passed[n]);
}

/* A job may have led the worker into another group, even into ours. */
static void
xz_signal(pid_t pid, int signal)
{
	(void)kill(-pid, signal);
	if (getpgid(pid) != pid)
		(void)kill(pid, signal);
}

static void
xz_kill(uint64_t serial, int signal)
{
	size_t i;

	for (i = 0; i < xz_length; i++)
		if (xz_workers[i].serial == serial)
			xz_signal(xz_workers[i].pid, signal);
}

/* 0: there will be no more orders. */
static int
xz_obey(void)
{
	struct reactor__message message;
	struct reactor__order order;
	int passed[REACTOR__PASSED], n;

	memset(&order, 0, sizeof(order));
	memset(&message, 0, sizeof(message));
	message.descriptors = REACTOR__PASSED;
	reactor__message_put(&message, &order, sizeof(order));
	/* The program writes an order in one piece, and so it comes. */
	if (reactor__message_receive(XZ_CONTROL, &message, 1) !=
	    (ssize_t)sizeof(order))
		return 0;
	n = message.descriptors;
	memcpy(passed, message.passed, sizeof(passed));
	if (order.what == REACTOR__SPAWN)
		xz_spawn(order.serial, passed, n);
	else
		xz_kill(order.serial, order.signal);
	return 1;
}

/* ---- Reaping ------------------------------------------------------------- */

static void
xz_ended(pid_t pid, int status)
{
	size_t i;

	for (i = 0; i < xz_length; i++) {
		if (xz_workers[i].pid != pid)
			continue;
		xz_report(xz_workers[i].reports, REACTOR__WORKER_ENDED, status);
		(void)close(xz_workers[i].reports);
		xz_workers[i] = xz_workers[--xz_length];
		return;
	}
}

/* As long as it is a zombie its number is that of its group. */
static void
xz_reap(int flags)
{
	siginfo_t info;
	int status;

	for (;;) {
		memset(&info, 0, sizeof(info));
		if (waitid(P_ALL, 0, &info, WEXITED | WNOWAIT | flags) == -1) {
			if (errno == EINTR)
				continue;
			return;
		}
		if (info.si_pid == 0)
			return;
		(void)kill(-info.si_pid, SIGKILL);
		if (waitpid(info.si_pid, &status, 0) == info.si_pid)
			xz_ended(info.si_pid, status);
	}
}

__attribute__((noreturn)) static void
xz_leave(void)
{
	size_t i;

	for (i = 0; i < xz_length; i++)
		xz_signal(xz_workers[i].pid, SIGKILL);
	xz_reap(0);
	_exit(0);
}

/* ---- The helper ---------------------------------------------------------- */

static void
xz_child(int number)
{
	(void)number; /* it wakes pselect */
}

/* A report that nobody reads is no reason to die. */
static void
xz_signals(sigset_t *waiting)
{
	struct sigaction action;
	sigset_t blocked;

	reactor__signals_default();
	(void)sigemptyset(&blocked);
	(void)sigaddset(&blocked, SIGPIPE);
	*waiting = blocked;
	(void)sigaddset(&blocked, SIGCHLD);
	(void)pthread_sigmask(SIG_SETMASK, &blocked, NULL);
	memset(&action, 0, sizeof(action));
	action.sa_handler = xz_child;
	(void)sigaction(SIGCHLD, &action, NULL);
}

static void
xz_prepare(int control, pid_t parent)
{
	xz_self = getpid();
	xz_parent = parent;
	(void)setpgid(0, 0);
	reactor__forget_output();
	reactor__process_name("reactor-helper");
	if (control != XZ_CONTROL && dup2(control, XZ_CONTROL) == -1)
		_exit(1);
	reactor__close_from(XZ_CONTROL + 1);
	(void)fcntl(XZ_CONTROL, F_SETFD, FD_CLOEXEC);
	xz_watch = reactor__pidfd_open((int)parent);
}

/* 0: the program is gone. */
static int
xz_turn(const sigset_t *waiting)
{
	struct timespec second = { 1, 0 };
	fd_set ready;
	int n;

	FD_ZERO(&ready);
	FD_SET(XZ_CONTROL, &ready);
	if (xz_watch != -1)
		FD_SET(xz_watch, &ready);
	n = pselect((xz_watch > XZ_CONTROL ? xz_watch : XZ_CONTROL) + 1, &ready,
	    NULL, NULL, xz_watch != -1 ? NULL : &second, waiting);
	xz_reap(WNOHANG);
	if (getppid() != xz_parent ||
	    (n > 0 && xz_watch != -1 && FD_ISSET(xz_watch, &ready)))
		return 0;
	return n <= 0 || !FD_ISSET(XZ_CONTROL, &ready) || xz_obey();
}

void
reactor__zygote(int control, pid_t parent)
{
	sigset_t waiting;

	xz_prepare(control, parent);
	xz_signals(&waiting);
	while (xz_turn(&waiting))
		continue;
	xz_leave();
}
