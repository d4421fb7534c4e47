/*
 * SPDX-License-Identifier: ISC
 *
 * processes.c: the kind of executor whose workers hand their jobs to processes.
 *
 * A process that dies takes its job along and nothing else; the worker gets
 * another.  A job whose function had not been called by then is given to that
 * one, and nobody notices.
 */
#include <errno.h>
#include <string.h>
#include <signal.h>
#include "reactor/executor/process.h"
#include "reactor/executor/system.h"

#define XR_GRACE (200 * REACTOR_MILLISECOND) /* from SIGTERM to SIGKILL */
#define XR_LEAVE REACTOR_SECOND /* from the end of the socket to the report */

enum { XR_TRIES = 5 }; /* to get a job to a process at all */

/* ---- The executor -------------------------------------------------------- */

static int
xr_check(struct reactor_executor *pool, reactor_job_fn *function)
{
	return reactor__helper_check(pool->helper, function);
}

static void
xr_close(struct reactor_executor *pool)
{
	reactor__helper_close(pool->helper);
	pool->helper = NULL;
}

static int
xr_open(struct reactor_executor *pool)
{
	reactor_job_fn *initialize = pool->options.initialize;

	pool->helper = reactor__helper_open();
	if (pool->helper == NULL)
		return -1;
	if (initialize == NULL || xr_check(pool, initialize) == 0)
		return 0;
	xr_close(pool);
	errno = EFAULT;
	return -1;
}

/* With the lock. */
static void
xr_doom(struct reactor__worker *w, int why)
{
	struct reactor__process *p = w->process;

	if (p == NULL)
		return;
	if (p->doomed == 0)
		p->doomed = why;
	if (p->running)
		reactor__helper_kill(
		    w->pool->helper, p->contact.serial, SIGKILL);
}

/* The executor is broken: nobody's process is needed any more. */
static void
xr_doom_all(struct reactor_executor *pool, const struct reactor__worker *but)
{
	struct reactor__worker *w;
	struct reactor_link *link;

	reactor__executor_lock(pool);
	for (link = pool->workers.next; link != &pool->workers;
	     link = link->next) {
		w = REACTOR_OWNER(link, struct reactor__worker, link);
		if (w != but)
			xr_doom(w, REACTOR__BROKE);
	}
	reactor__executor_unlock(pool);
}

/* ---- A worker ------------------------------------------------------------ */

static int
xr_create(struct reactor__worker *w)
{
	struct reactor__process *p = reactor__allocate(NULL, sizeof(*p));

	if (p == NULL) {
		reactor__executor_break(
		    w->pool, ENOTRECOVERABLE, "no memory for a worker");
		return -1;
	}
	memset(p, 0, sizeof(*p));
	p->contact.socket = p->contact.reports = -1;
	reactor__executor_lock(w->pool);
	w->process = p;
	reactor__executor_unlock(w->pool);
	return 0;
}

static int
xr_worn(const struct reactor__worker *w)
{
	unsigned most = w->pool->options.max_jobs;

	return most > 0 && w->process->jobs >= most;
}

static int
xr_ready(struct reactor__worker *w)
{
	if (w->process == NULL && xr_create(w) == -1)
		return -1;
	if (w->process->running && xr_worn(w))
		reactor__process_stop(w);
	if (!w->process->running && reactor__process_prepare(w) == -1)
		return -1;
	w->prepared = 1;
	return 0;
}

static void
xr_end(struct reactor__worker *w)
{
	struct reactor__process *p = w->process;

	if (p == NULL)
		return;
	if (p->running)
		reactor__process_stop(w);
	reactor__executor_lock(w->pool);
	w->process = NULL;
	reactor__executor_unlock(w->pool);
	(void)reactor__allocate(p, 0);
}

static void
xr_kill(struct reactor__worker *w)
{
	xr_doom(w, REACTOR__SHUT);
}

static void
xr_ask(struct reactor__worker *w)
{
	const struct reactor__process *p = w->process;

	if (p != NULL && p->running)
		__atomic_store_n(
		    &p->contact.shared->asked, 1, __ATOMIC_RELAXED);
}

/* ---- A job --------------------------------------------------------------- */

static int
xr_call(struct reactor__worker *w, struct reactor__result *result)
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
xr_answered(struct reactor__worker *w)
{
	w->process->deaths = 0;
	w->process->jobs++;
	if (xr_worn(w))
		w->prepared = 0;
}

/* The executor is of no use any more. */
static void
xr_broken(struct reactor__worker *w, struct reactor__result *result)
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
xr_late(struct reactor__worker *w, struct reactor__result *result)
{
	char span[32];

	(void)reactor__span(span, sizeof(span), w->future->limit);
	reactor__process_kill(w, XR_GRACE);
	reactor__process_bury(w);
	reactor__result_fail(result, ETIMEDOUT,
	    "took longer than %s (its process was killed)", span);
}

/* Somebody wanted it dead, or everything is. */
static void
xr_killed(struct reactor__worker *w, struct reactor__result *result)
{
	const struct reactor__process *p = w->process;

	if (p->lost)
		reactor__executor_break(
		    w->pool, ENOTRECOVERABLE, "the helper process died");
	if (p->lost || p->doomed == REACTOR__BROKE) {
		xr_broken(w, result);
		return;
	}
	reactor__result_fail(
	    result, EOWNERDEAD, "killed by reactor_executor_shutdown");
	result->status = p->status;
}

static void
xr_died(
    struct reactor__worker *w, const char *how, struct reactor__result *result)
{
	reactor__result_fail(result, EOWNERDEAD, "its process %s", how);
	result->status = w->process->status;
	if ((w->pool->options.flags & REACTOR_BREAK) == 0)
		return;
	reactor__executor_break(w->pool, ENOTRECOVERABLE, "a process %s", how);
	xr_doom_all(w->pool, w);
}

/* How it came about, when the process is dead. */
static const char *
xr_death(struct reactor__worker *w, int state, char *text, size_t size)
{
	struct reactor__process *p = w->process;
	const char *how = NULL;

	if (state == REACTOR__NONSENSE)
		how = "did not answer as it should, and was killed";
	else if (!reactor__process_wait(p, XR_LEAVE))
		how = "closed its socket, and was killed";
	if (how != NULL)
		reactor__process_kill(w, 0);
	return how != NULL ? how : reactor__process_how(p->status, text, size);
}

/* 1: once more. */
static int
xr_failed(struct reactor__worker *w, int state, int last,
    struct reactor__result *result)
{
	struct reactor__process *p = w->process;
	char text[100];
	const char *how = xr_death(w, state, text, sizeof(text));
	int began = __atomic_load_n(&p->contact.shared->began,
			__ATOMIC_ACQUIRE) == p->sequence;

	p->deaths++;
	reactor__process_bury(w);
	if (p->lost || p->doomed)
		xr_killed(w, result);
	else if (began || last || state == REACTOR__NONSENSE)
		xr_died(w, how, result);
	else
		return 1;
	return 0;
}

static int
xr_try(struct reactor__worker *w, int last, struct reactor__result *result)
{
	int state;

	if (!w->process->running && reactor__process_prepare(w) == -1) {
		xr_broken(w, result);
		return 0;
	}
	state = xr_call(w, result);
	switch (state) {
	case REACTOR__ANSWERED:
		xr_answered(w);
		return 0;
	case REACTOR__LATE:
		xr_late(w, result);
		return 0;
	case REACTOR__NO_MEMORY:
		reactor__process_kill(w, 0);
		reactor__process_bury(w);
		reactor__result_fail(result, ENOMEM, NULL);
		return 0;
	}
	return xr_failed(w, state, last, result);
}

static void
xr_run(struct reactor__worker *w, struct reactor__result *result)
{
	int tries = 1;

	while (xr_try(w, tries == XR_TRIES, result))
		tries++;
}

const struct reactor__executor_kind reactor__processes = {
	.name = "processes",
	.workers = reactor__processors,
	.open = xr_open,
	.close = xr_close,
	.check = xr_check,
	.ready = xr_ready,
	.run = xr_run,
	.end = xr_end,
	.kill = xr_kill,
	.ask = xr_ask,
};
