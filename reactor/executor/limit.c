/*
 * SPDX-License-Identifier: ISC
 *
 * limit.c: time limits of jobs on threads.  A thread cannot be killed.  So a job
 * that overruns is given up: its future fails, another thread takes the place
 * of its own, and what it returns one day is thrown away.
 *
 * One more thread sees to that, from the first job with a limit on.
 */
#include <stdio.h>
#include <string.h>
#include "reactor/executor/pool.h"
#include "reactor/executor/system.h"

static struct reactor__worker *
xg_worker(struct reactor_link *link)
{
	return REACTOR_OWNER(link, struct reactor__worker, link);
}

/* The worker whose job is to end first; NULL: none has a limit. */
static struct reactor__worker *
xg_first(struct reactor_executor *pool)
{
	struct reactor__worker *first = NULL, *w;
	struct reactor_link *link;

	for (link = pool->workers.next; link != &pool->workers;
	     link = link->next) {
		w = xg_worker(link);
		if (w->deadline != INT64_MAX &&
		    (first == NULL || w->deadline < first->deadline))
			first = w;
	}
	return first;
}

static void
xg_give_up(struct reactor__worker *w)
{
	struct reactor_executor *pool = w->pool;
	struct reactor_future *f = reactor_future_retain(w->future);
	struct reactor__result result;
	char span[24];

	w->deadline = INT64_MAX;
	reactor__worker_state(w, REACTOR_OVERRUN);
	pool->nworkers--;
	pool->overrun++;
	__atomic_store_n(&f->asked, 1, __ATOMIC_RELAXED);
	memset(&result, 0, sizeof(result));
	reactor__result_fail(&result, ETIMEDOUT,
	    "took longer than %s (its thread was given up)",
	    reactor__span(span, sizeof(span), f->limit));
	(void)reactor__worker_more(pool);
	(void)reactor__future_end(f, REACTOR_FINISHED, &result);
	reactor_future_detach(f);
}

static void *
xg_main(void *executor)
{
	struct reactor_executor *pool = executor;
	struct reactor__worker *w;

	reactor__executor_enter(pool, "limits");
	reactor__executor_lock(pool);
	while (pool->watched == 1) {
		w = xg_first(pool);
		pool->due = w != NULL ? w->deadline : INT64_MAX;
		if (pool->due <= reactor__clock(REACTOR__MONOTONIC))
			xg_give_up(w);
		else
			(void)reactor__condition_wait(
			    &pool->limit, &pool->lock, pool->due);
	}
	reactor__executor_unlock(pool);
	return NULL;
}

int
reactor__limit_start(struct reactor_executor *pool)
{
	int error;

	if (pool->watched || !pool->kind->threads)
		return 0;
	error = reactor__thread_create(&pool->watchdog, 0, xg_main, pool);
	pool->watched = error == 0;
	return error;
}

void
reactor__limit_changed(struct reactor_executor *pool, int64_t deadline)
{
	if (deadline < pool->due)
		(void)pthread_cond_signal(&pool->limit);
}

void
reactor__limit_stop(struct reactor_executor *pool)
{
	int watched;

	reactor__executor_lock(pool);
	watched = pool->watched;
	pool->watched = 0;
	(void)pthread_cond_signal(&pool->limit);
	reactor__executor_unlock(pool);
	if (watched)
		(void)pthread_join(pool->watchdog, NULL);
}
