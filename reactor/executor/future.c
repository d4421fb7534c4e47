/*
 * SPDX-License-Identifier: ISC
 *
 * future.c: a job, from its submission until nobody asks for its result.
 *
 *   PENDING --> RUNNING --> FINISHED
 *      '--> CANCELLED
 *
 * Python leaves a future that was cancelled unfinished for those who wait,
 * until a worker comes across it.  Here a cancelled one has ended, at once.
 */
#include <string.h>
#include "reactor/executor/pool.h"

/* ---- References ---------------------------------------------------------- */

struct reactor_future *
reactor_future_retain(struct reactor_future *f)
{
	(void)__atomic_add_fetch(&f->references, 1, __ATOMIC_RELAXED);
	return f;
}

void
reactor_future_detach(struct reactor_future *f)
{
	struct reactor_executor *pool;

	if (f == NULL ||
	    __atomic_sub_fetch(&f->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	pool = f->pool;
	reactor__result_free(&f->result);
	if (f->named)
		(void)reactor__allocate((void *)(uintptr_t)f->name, 0);
	(void)reactor__allocate(f, 0);
	reactor__executor_release(pool);
}

/* ---- States -------------------------------------------------------------- */

void
reactor__future_begin(struct reactor_future *f, struct reactor__worker *w)
{
	struct reactor_executor_statistics *stats = &f->pool->stats;
	int64_t waited;

	f->state = REACTOR_RUNNING;
	f->runner = w;
	f->worker = w->number;
	f->started = reactor__clock(REACTOR__MONOTONIC);
	waited = f->started - f->submitted;
	stats->running++;
	stats->queue_total += waited;
	if (waited > stats->queue_longest)
		stats->queue_longest = waited;
	if (f->pool->journal != NULL)
		reactor__job_trace_begin(f);
}

static void
xf_count(const struct reactor_future *f)
{
	struct reactor_executor_statistics *stats = &f->pool->stats;
	int64_t took = f->finished - f->started;

	if (f->started != 0) {
		stats->running--;
		stats->job_total += took;
		if (took > stats->job_longest)
			stats->job_longest = took;
	}
	if (f->state == REACTOR_CANCELLED)
		stats->cancelled++;
	else if (f->result.error != 0)
		stats->failed++;
	else
		stats->succeeded++;
}

int
reactor__future_end(
    struct reactor_future *f, int state, struct reactor__result *result)
{
	struct reactor_link *link;

	if (reactor__future_ended(f)) {
		reactor__result_free(result);
		return 0;
	}
	f->state = (unsigned char)state;
	f->finished = reactor__clock(REACTOR__MONOTONIC);
	f->result = *result;
	xf_count(f);
	if (f->pool->journal != NULL)
		reactor__job_trace_end(f);
	f->runner = NULL;
	while ((link = f->watches.next) != &f->watches)
		reactor__watch_told(
		    REACTOR_OWNER(link, struct reactor__future_watch, link));
	reactor__done_all(f);
	return 1;
}

static int
xf_cancel(struct reactor_future *f)
{
	const struct reactor__executor_kind *kind = f->pool->kind;
	struct reactor__result none;

	switch (f->state) {
	case REACTOR_PENDING:
		reactor__jobs_remove(f);
		memset(&none, 0, sizeof(none));
		none.error = ECANCELED;
		(void)reactor__future_end(f, REACTOR_CANCELLED, &none);
		return 0;
	case REACTOR_RUNNING:
		__atomic_store_n(&f->asked, 1, __ATOMIC_RELAXED);
		if (kind->ask != NULL)
			kind->ask(f->runner);
		return EBUSY;
	case REACTOR_CANCELLED:
		return 0;
	}
	return EALREADY;
}

int
reactor_future_cancel(struct reactor_future *f)
{
	struct reactor_executor *pool = f->pool;
	int error, queued;

	if (reactor__executor_ours(pool) == -1)
		return -1;
	(void)reactor_future_retain(f);
	reactor__executor_lock(pool);
	queued = f->state == REACTOR_PENDING;
	error = xf_cancel(f);
	reactor__executor_unlock(pool);
	if (queued)
		reactor_future_detach(f); /* for the queue */
	reactor_future_detach(f);
	if (error == 0)
		return 0;
	errno = error;
	return -1;
}

/* ---- Looking ------------------------------------------------------------- */

static void
xf_tell(const struct reactor_future *f, struct reactor_outcome *outcome)
{
	const struct reactor__result *result = &f->result;

	memset(outcome, 0, sizeof(*outcome));
	outcome->state = f->state;
	outcome->text = "";
	outcome->worker = f->worker;
	outcome->submitted = f->submitted;
	outcome->started = f->started;
	outcome->finished = f->finished;
	if (!reactor__future_ended(f))
		return;
	outcome->error = result->error;
	outcome->status = result->status;
	if (result->error == 0) {
		outcome->bytes = result->bytes;
		outcome->size = result->size;
	} else if (f->state == REACTOR_CANCELLED) {
		outcome->text = "it was cancelled";
	} else {
		outcome->text = reactor__result_words(result);
	}
}

void
reactor_future_peek(struct reactor_future *f, struct reactor_outcome *outcome)
{
	/* In a child it is as it was at the fork, as nobody writes any more. */
	int ours = reactor__executor_ours(f->pool) == 0;

	if (ours)
		reactor__executor_lock(f->pool);
	xf_tell(f, outcome);
	if (ours)
		reactor__executor_unlock(f->pool);
}

const char *
reactor_future_name(const struct reactor_future *f)
{
	return f->name;
}
