/*
 * SPDX-License-Identifier: ISC
 *
 * serve.c: a worker process: takes a call, runs the function, answers, until
 * its socket ends.  The calls come one by one, so whatever is in the socket
 * belongs to one of them.
 */
#include <sys/mman.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "reactor/executor/pool.h"
#include "reactor/executor/system.h"
#include "reactor/executor/wire.h"

/* Usual calls are taken in one piece. */
#define XV_ROOM ((size_t)64 * 1024)

enum { XV_SOCKET = 3 }; /* the number of that descriptor */

struct xv_worker {
	int socket;
	struct reactor__shared *shared;
	char *room; /* a call, with its bytes and its name */
	size_t size;
};

struct xv_job {
	struct reactor__call call;
	void *argument;
	void *mapped; /* the same, or NULL */
	const char *name;
};

/* ---- Calls --------------------------------------------------------------- */

/* The executor is gone, or says so. */
__attribute__((noreturn)) static void
xv_leave(void)
{
	_exit(0);
}

/* Receives until there are `need` bytes; the end is the end of the worker. */
static size_t
xv_receive(const struct xv_worker *w, size_t got, size_t need, int *fd)
{
	struct reactor__message message;
	ssize_t n;

	while (got < need) {
		memset(&message, 0, sizeof(message));
		message.descriptors = 1;
		reactor__message_put(&message, w->room + got, w->size - got);
		n = reactor__message_receive(w->socket, &message, 1);
		if (n <= 0)
			xv_leave();
		if (message.descriptors == 1) {
			reactor__wire_close(fd);
			*fd = message.passed[0];
		}
		got += (size_t)n;
	}
	return got;
}

static int
xv_grow(struct xv_worker *w, size_t size)
{
	char *grown;

	if (size <= w->size)
		return 0;
	grown = reactor__allocate(w->room, size);
	if (grown == NULL)
		return -1;
	w->room = grown;
	w->size = size;
	return 0;
}

/* Takes what there is no memory for out of the socket. */
static void
xv_skip(const struct xv_worker *w, size_t got, size_t need, int *fd)
{
	while (need > got) {
		need -= got;
		got = xv_receive(w, 0, 1, fd);
	}
}

/* 0, or -1: there is no memory, or no descriptor, for it. */
static int
xv_take(struct xv_worker *w, struct xv_job *job)
{
	struct reactor__call *call = &job->call;
	size_t got, need = sizeof(*call), inside;
	int fd = -1;

	memset(job, 0, sizeof(*job));
	got = xv_receive(w, 0, need, &fd);
	memcpy(call, w->room, sizeof(*call));
	inside = call->flags & REACTOR__FILE ? 0 : (size_t)call->size;
	need += inside + (size_t)call->name;
	if (xv_grow(w, need) == -1) {
		xv_skip(w, got, need, &fd);
		reactor__wire_close(&fd);
		errno = ENOMEM;
		return -1;
	}
	(void)xv_receive(w, got, need, &fd);
	job->argument = w->room + sizeof(*call);
	job->name = w->room + sizeof(*call) + inside;
	if (call->flags & REACTOR__FILE) {
		errno = EMFILE; /* it is why none came */
		job->argument = job->mapped = fd == -1
		    ? NULL
		    : reactor__wire_map(fd, (size_t)call->size, 1);
	}
	return job->argument != NULL ? 0 : -1;
}

static void
xv_release(struct xv_worker *w, struct xv_job *job)
{
	char *small;

	if (job->mapped != NULL)
		(void)munmap(job->mapped, (size_t)job->call.size);
	if (w->size <= XV_ROOM)
		return;
	small = reactor__allocate(w->room, XV_ROOM);
	if (small == NULL)
		return;
	w->room = small;
	w->size = XV_ROOM;
}

/* ---- Answers ------------------------------------------------------------- */

static void
xv_answer(const struct xv_worker *w, uint64_t sequence,
    const struct reactor__result *result)
{
	struct reactor__message message;
	struct reactor__answer answer;
	int fd = -1;

	memset(&message, 0, sizeof(message));
	memset(&answer, 0, sizeof(answer));
	answer.sequence = sequence;
	answer.error = result->error;
	answer.size = result->size;
	if (result->size >= REACTOR__LARGE)
		fd = reactor__wire_file(result->bytes, result->size);
	reactor__message_put(&message, &answer, sizeof(answer));
	if (fd != -1) {
		answer.flags = REACTOR__FILE;
		message.passed[0] = fd;
		message.descriptors = 1;
	} else if (result->size > 0) {
		reactor__message_put(&message, result->bytes, result->size);
	}
	if (reactor__send_all(w->socket, &message) == -1)
		xv_leave();
	reactor__wire_close(&fd);
}

/* ---- The loop ------------------------------------------------------------ */

static void
xv_hello(const struct xv_job *job)
{
	char name[64];

	(void)snprintf(
	    name, sizeof(name), "%.32s-%u", job->name, job->call.worker);
	reactor__process_name(name);
}

/* The initializer may keep its argument, as on a thread. */
static void *
xv_kept(const struct xv_job *job)
{
	size_t size = (size_t)job->call.size;
	void *copy = reactor__allocate(NULL, size + 1);

	if (copy != NULL && size > 0)
		memcpy(copy, job->argument, size);
	return copy;
}

static void
xv_run(const struct xv_worker *w, const struct xv_job *call,
    struct reactor__result *result)
{
	int hello = (call->call.flags & REACTOR__HELLO) != 0;
	struct reactor_job job;

	memset(result, 0, sizeof(*result));
	if (hello)
		xv_hello(call);
	if (call->call.function == NULL)
		return;
	memset(&job, 0, sizeof(job));
	job.argument = hello ? xv_kept(call) : call->argument;
	if (job.argument == NULL) {
		reactor__result_fail(result, ENOMEM, NULL);
		return;
	}
	job.size = (size_t)call->call.size;
	job.name = hello ? "initialize" : call->name;
	job.worker = call->call.worker;
	job.asked = &w->shared->asked;
	reactor__job_run(&job, call->call.function, result);
	/* It may never come to exit(3), which would do that. */
	(void)fflush(stdout);
}

static void
xv_turn(struct xv_worker *w)
{
	struct reactor__result result;
	struct xv_job job;

	if (xv_take(w, &job) == 0) {
		__atomic_store_n(
		    &w->shared->began, job.call.sequence, __ATOMIC_RELEASE);
		xv_run(w, &job, &result);
	} else {
		memset(&result, 0, sizeof(result));
		reactor__result_fail(&result, errno, NULL);
	}
	xv_answer(w, job.call.sequence, &result);
	reactor__result_free(&result);
	xv_release(w, &job);
}

/* ---- Being born ---------------------------------------------------------- */

static void
xv_signals(void)
{
	struct sigaction action;
	sigset_t none;

	memset(&action, 0, sizeof(action));
	action.sa_handler = SIG_DFL;
	(void)sigaction(SIGCHLD, &action, NULL);
	/* Not in the terminal's foreground, it would be stopped for ever. */
	action.sa_handler = SIG_IGN;
	(void)sigaction(SIGTTIN, &action, NULL);
	(void)sigaction(SIGTTOU, &action, NULL);
	(void)sigemptyset(&none);
	(void)pthread_sigmask(SIG_SETMASK, &none, NULL);
}

/* Nothing stays open but the socket, which commands of jobs do not get. */
static int
xv_prepare(struct xv_worker *w, int socket, int memory)
{
	w->shared = mmap(NULL, sizeof(*w->shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED, memory, 0);
	if (w->shared == MAP_FAILED)
		return -1;
	if (socket != XV_SOCKET && dup2(socket, XV_SOCKET) == -1)
		return -1;
	(void)fcntl(XV_SOCKET, F_SETFD, FD_CLOEXEC);
	reactor__close_from(XV_SOCKET + 1);
	w->socket = XV_SOCKET;
	return xv_grow(w, XV_ROOM);
}

void
reactor__serve(int socket, int memory, pid_t helper)
{
	struct xv_worker w;

	(void)setpgid(0, 0);
	reactor__die_with_parent();
	if (getppid() != helper)
		xv_leave();
	memset(&w, 0, sizeof(w));
	if (xv_prepare(&w, socket, memory) == -1)
		_exit(1);
	xv_signals();
	for (;;)
		xv_turn(&w);
}
