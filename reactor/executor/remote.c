/*
 * SPDX-License-Identifier: ISC
 *
 * remote.c: has a worker's job run by its process, and tells what came of it.
 *
 * A process that dies takes its job along and nothing else; the worker gets
 * another.  A job whose function had not been called by then is given to that
 * one, and nobody notices.
 */
#include <errno.h>
#include <string.h>
#include "reactor/executor/process.h"

#define XRM_GRACE (200 * REACTOR_MILLISECOND) /* from SIGTERM to SIGKILL */
#define XRM_LEAVE REACTOR_SECOND /* from the end of the socket to the report */

enum { XRM_TRIES = 5 }; /* to get a job to a process at all */

int
reactor__process_worn(const struct reactor__worker *w)
{
	unsigned most = w->pool->options.max_jobs;

	return most > 0 && w->process->jobs >= most;
}

static int
xrm_call(struct reactor__worker *w, struct reactor__result *result)
{
	struct reactor__process *p = w->process;
	struct reactor_future *f = w->future;
	int64_t deadline = INT64_MAX;
	struct reactor__call call;

	reactor__executor_lock(w->pool);
	__atomic_store_n(&p->contact.shared->asked,
	    __atomic_load_n(&f->asked, __ATOMIC_RELAXED), __ATOMIC_RELAXED);
	reactor__executor_unlock(w->pool);
	memset(&call, 0, sizeof(call));
	call.function = f->function;
	call.size = f->size;
	call.worker = w->number;
	if (f->limit > 0)
		deadline = reactor__clock_add(
		    reactor__clock(REACTOR__MONOTONIC), f->limit);
	return reactor__process_call(
	    p, &call, f->argument, f->name, deadline, result);
}

static void
xrm_answered(struct reactor__worker *w)
{
	w->process->deaths = 0;
	w->process->jobs++;
	if (reactor__process_worn(w))
		w->prepared = 0;
}

/* The executor is of no use any more. */
static void
xrm_broken(struct reactor__worker *w, struct reactor__result *result)
{
	char why[sizeof(w->pool->why)];
	int error;

	reactor__executor_lock(w->pool);
	error = w->pool->broken;
	memcpy(why, w->pool->why, sizeof(why));
	reactor__executor_unlock(w->pool);
	if (error == 0) /* doomed before there was a process */
		reactor__result_fail(
		    result, EOWNERDEAD, "killed by reactor_executor_shutdown");
	else
		reactor__result_fail(result, error, "%s", why);
}

static void
xrm_late(struct reactor__worker *w, struct reactor__result *result)
{
	char span[32];

	(void)reactor__span(span, sizeof(span), w->future->limit);
	reactor__process_kill(w, XRM_GRACE);
	reactor__process_bury(w);
	reactor__result_fail(result, ETIMEDOUT,
	    "took longer than %s (its process was killed)", span);
}

/* Somebody wanted it dead, or everything is. */
static void
xrm_killed(struct reactor__worker *w, struct reactor__result *result)
{
	const struct reactor__process *p = w->process;

	if (p->lost)
		reactor__executor_break(
		    w->pool, ENOTRECOVERABLE, "the helper process died");
	if (p->lost || p->killed == REACTOR__BROKE) {
		xrm_broken(w, result);
		return;
	}
	reactor__result_fail(
	    result, EOWNERDEAD, "killed by reactor_executor_shutdown");
	result->status = p->status;
}

static void
xrm_died(
    struct reactor__worker *w, const char *how, struct reactor__result *result)
{
	reactor__result_fail(result, EOWNERDEAD, "its process %s", how);
	result->status = w->process->status;
	if ((w->pool->options.flags & REACTOR_BREAK) == 0)
		return;
	reactor__executor_break(w->pool, ENOTRECOVERABLE, "a process %s", how);
	reactor__processes_doom(w->pool, w);
}

/* How it came about, when the process is dead. */
static const char *
xrm_death(struct reactor__worker *w, int state, char *text, size_t size)
{
	struct reactor__process *p = w->process;
	const char *how = NULL;

	if (state == REACTOR__NONSENSE)
		how = "did not answer as it should, and was killed";
	else if (!reactor__process_wait(p, XRM_LEAVE))
		how = "closed its socket, and was killed";
	if (how != NULL)
		reactor__process_kill(w, 0);
	return how != NULL ? how : reactor__process_how(p->status, text, size);
}

/* 1: once more. */
static int
xrm_failed(struct reactor__worker *w, int state, int last,
    struct reactor__result *result)
{
	struct reactor__process *p = w->process;
	char text[100];
	const char *how = xrm_death(w, state, text, sizeof(text));
	int began = __atomic_load_n(&p->contact.shared->began,
			__ATOMIC_ACQUIRE) == p->sequence;

	p->deaths++;
	reactor__process_bury(w);
	if (p->lost || p->killed)
		xrm_killed(w, result);
	else if (began || last || state == REACTOR__NONSENSE ||
	    (w->pool->options.flags & REACTOR_BREAK) != 0)
		xrm_died(w, how, result);
	else
		return 1;
	return 0;
}

static int
xrm_try(struct reactor__worker *w, int last, struct reactor__result *result)
{
	int state;

	if (!w->process->running && reactor__process_prepare(w) == -1) {
		xrm_broken(w, result);
		return 0;
	}
	state = xrm_call(w, result);
	switch (state) {
	case REACTOR__ANSWERED:
		xrm_answered(w);
		return 0;
	case REACTOR__LATE:
		xrm_late(w, result);
		return 0;
	case REACTOR__NO_MEMORY:
		reactor__process_kill(w, 0);
		reactor__process_bury(w);
		reactor__result_fail(result, ENOMEM, NULL);
		return 0;
	}
	return xrm_failed(w, state, last, result);
}

void
reactor__process_run(struct reactor__worker *w, struct reactor__result *result)
{
	int tries = 1;

	while (xrm_try(w, tries == XRM_TRIES, result))
		tries++;
}
