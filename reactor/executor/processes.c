/*
 * SPDX-License-Identifier: ISC
 *
 * processes.c: the kind of executor whose workers hand their jobs to processes.
 */
#include <errno.h>
#include <string.h>
#include <signal.h>
#include "reactor/executor/process.h"
#include "reactor/executor/system.h"

/* ---- The executor -------------------------------------------------------- */

static int
xr_check(struct reactor_executor *pool, reactor_job_fn *function)
{
	return reactor__helper_check(pool->helper, function);
}

static void
xr_close(struct reactor_executor *pool)
{
	reactor__sentry_stop(pool);
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

void
reactor__processes_doom(
    struct reactor_executor *pool, const struct reactor__worker *but)
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
	reactor__sentry_start(w->pool);
	reactor__executor_unlock(w->pool);
	return 0;
}

static int
xr_ready(struct reactor__worker *w)
{
	if (w->process == NULL && xr_create(w) == -1)
		return -1;
	if (w->process->running && reactor__process_wait(w->process, 0))
		reactor__process_died(w);
	if (w->process->running && reactor__process_worn(w))
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

const struct reactor__executor_kind reactor__processes = {
	.name = "processes",
	.workers = reactor__processors,
	.open = xr_open,
	.close = xr_close,
	.check = xr_check,
	.ready = xr_ready,
	.run = reactor__process_run,
	.end = xr_end,
	.kill = xr_kill,
	.ask = xr_ask,
};
