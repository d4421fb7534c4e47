/*
 * SPDX-License-Identifier: ISC
 *
 * worker.c: the threads of an executor: each takes a job, has it run, tells
 * what came of it, and looks for the next, until there will be none.
 *
 * They sleep on one condition.  Who submits wakes one of them, unless as many
 * as sleep were woken already; who wakes looks at the queue before it sleeps
 * again.  So no job is left behind, and nobody looks in vain for long.
 */
#include <stdio.h>
#include <string.h>
#include "reactor/executor/pool.h"
#include "reactor/executor/system.h"

void
reactor__worker_state(struct reactor__worker *w, int state)
{
	w->state = state;
	w->since = reactor__clock(REACTOR__MONOTONIC);
}

/* ---- The end of a thread ------------------------------------------------- */

static void
xw_free(struct reactor__worker *w)
{
	if (w->argument != NULL)
		(void)reactor__allocate(w->argument, 0);
	(void)reactor__allocate(w, 0);
}

void
reactor__worker_join(struct reactor_executor *pool)
{
	struct reactor__worker *w;

	reactor__executor_lock(pool);
	while (!reactor__chain_empty(&pool->gone)) {
		w = REACTOR_OWNER(
		    pool->gone.next, struct reactor__worker, link);
		reactor__chain_remove(&w->link);
		reactor__executor_unlock(pool);
		(void)pthread_join(w->thread, NULL);
		xw_free(w);
		reactor__executor_lock(pool);
	}
	reactor__executor_unlock(pool);
}

/* With the lock. */
static void
xw_remove(struct reactor__worker *w)
{
	struct reactor_executor *pool = w->pool;

	reactor__chain_remove(&w->link);
	if (w->state == REACTOR_OVERRUN)
		pool->overrun--;
	else
		pool->nworkers--;
	(void)pthread_cond_broadcast(&pool->ended);
}

/* ---- A job --------------------------------------------------------------- */

/*
 * With the lock, which it gives up while it sleeps.  NULL: no more, or it was
 * roused and has something else to do first.
 */
static struct reactor_future *
xw_next(struct reactor__worker *w)
{
	struct reactor_executor *pool = w->pool;
	struct reactor_future *f;

	while ((f = reactor__jobs_take(w)) == NULL) {
		if (w->roused || pool->shut || pool->broken != 0)
			return NULL;
		if (w->state != REACTOR_IDLE)
			reactor__worker_state(w, REACTOR_IDLE);
		pool->idle++;
		(void)pthread_cond_wait(&pool->job, &pool->lock);
		pool->idle--;
		if (pool->signalled > 0)
			pool->signalled--;
	}
	return f;
}

/* With the lock. */
static void
xw_begin(struct reactor__worker *w, struct reactor_future *f)
{
	w->future = f;
	w->state = REACTOR_WORKING;
	w->since = f->started;
	if (f->limit > 0 && w->pool->kind->threads) {
		w->deadline = reactor__clock_add(f->started, f->limit);
		reactor__limit_changed(w->pool, w->deadline);
	}
}

/* With the lock.  0: there are enough without this one. */
static int
xw_end(struct reactor__worker *w, struct reactor__result *result)
{
	struct reactor_executor *pool = w->pool;
	struct reactor_future *f = w->future;

	w->future = NULL;
	w->deadline = INT64_MAX;
	w->jobs++;
	(void)reactor__future_end(f, REACTOR_FINISHED, result);
	reactor_future_detach(f);
	if (w->state != REACTOR_OVERRUN)
		return 1;
	if (pool->nworkers >= pool->options.workers)
		return 0;
	pool->overrun--;
	pool->nworkers++;
	reactor__worker_state(w, REACTOR_STARTING);
	return 1;
}

/* With the lock. */
static int
xw_turn(struct reactor__worker *w)
{
	struct reactor_executor *pool = w->pool;
	struct reactor__result result;
	struct reactor_future *f;
	int ready;

	if (!w->prepared || w->roused) {
		w->roused = 0;
		if (w->state != REACTOR_STARTING)
			reactor__worker_state(w, REACTOR_STARTING);
		reactor__executor_unlock(pool);
		ready = pool->kind->ready(w);
		reactor__executor_lock(pool);
		if (ready == -1)
			return 0;
	}
	f = xw_next(w);
	if (f == NULL)
		return w->roused;
	xw_begin(w, f);
	reactor__executor_unlock(pool);
	memset(&result, 0, sizeof(result));
	pool->kind->run(w, &result);
	reactor__executor_lock(pool);
	return xw_end(w, &result);
}

/* ---- The thread ---------------------------------------------------------- */

/*
 * A job has called pthread_exit(3), or was cancelled as a thread.  Destructors
 * of its thread-specific data run after this, for as long as they like: so
 * nobody waits for that thread.
 */
static void
xw_exited(void *worker)
{
	struct reactor__worker *w = worker;
	struct reactor_executor *pool = w->pool;
	struct reactor__result result;

	memset(&result, 0, sizeof(result));
	if (w->job.result != NULL)
		(void)reactor__allocate(w->job.result, 0);
	reactor__executor_lock(pool);
	pool->stats.died++;
	if (w->future != NULL) {
		reactor__result_fail(
		    &result, EOWNERDEAD, "the job ended its thread");
		(void)xw_end(w, &result);
	} else if (!w->prepared) {
		reactor__executor_broken(
		    pool, ENOTRECOVERABLE, "the initializer ended its thread");
	}
	xw_remove(w);
	if (reactor__worker_more(pool) != 0)
		reactor__executor_broken(
		    pool, ENOTRECOVERABLE, "no thread could be started");
	reactor__executor_retain(pool); /* until it is unlocked */
	reactor__executor_unlock(pool);
	(void)pthread_detach(pthread_self());
	xw_free(w);
	reactor__executor_release(pool);
}

static void *
xw_main(void *worker)
{
	struct reactor__worker *w = worker;
	struct reactor_executor *pool = w->pool;
	char number[16];

	(void)snprintf(number, sizeof(number), "%u", w->number);
	reactor__executor_enter(pool, number);
	reactor__worker_join(pool);
	pthread_cleanup_push(xw_exited, w);
	reactor__executor_lock(pool);
	while (xw_turn(w))
		continue;
	reactor__executor_unlock(pool);
	pthread_cleanup_pop(0);
	pool->kind->end(w);
	reactor__executor_lock(pool);
	xw_remove(w);
	reactor__chain_append(&pool->gone, &w->link);
	(void)reactor__worker_more(pool); /* what it left undone */
	reactor__executor_unlock(pool);
	return NULL;
}

/* ---- Starting one -------------------------------------------------------- */

/* The smallest number that no worker has. */
static unsigned
xw_number(const struct reactor_executor *pool)
{
	const struct reactor_link *link = pool->workers.next;
	unsigned number = 0;

	while (link != &pool->workers)
		if (((const struct reactor__worker *)(const void *)link)
			->number == number) {
			number++;
			link = pool->workers.next;
		} else {
			link = link->next;
		}
	return number;
}

static int
xw_start(struct reactor_executor *pool)
{
	struct reactor__worker *w = reactor__allocate(NULL, sizeof(*w));
	int error;

	if (w == NULL)
		return ENOMEM;
	memset(w, 0, sizeof(*w));
	w->pool = pool;
	w->number = xw_number(pool);
	w->deadline = INT64_MAX;
	reactor__worker_state(w, REACTOR_STARTING);
	error = reactor__thread_create(
	    &w->thread, pool->options.stack_size, xw_main, w);
	if (error != 0) {
		(void)reactor__allocate(w, 0);
		return error;
	}
	reactor__chain_append(&pool->workers, &w->link);
	pool->nworkers++;
	if (pool->kind->threads)
		pool->stats.started++;
	return 0;
}

int
reactor__worker_more(struct reactor_executor *pool)
{
	int error;

	if (reactor__chain_empty(&pool->queue))
		return 0;
	if (pool->idle > pool->signalled) {
		pool->signalled++;
		(void)pthread_cond_signal(&pool->job);
		return 0;
	}
	/* As many may be stuck; after that, jobs wait for these. */
	if (pool->nworkers >= pool->options.workers ||
	    pool->nworkers + pool->overrun >= 2 * (size_t)pool->options.workers)
		return 0;
	error = xw_start(pool);
	return pool->nworkers + pool->overrun > 0 ? 0 : error;
}

int
reactor__worker_pause(struct reactor__worker *w, int64_t ns)
{
	struct reactor_executor *pool = w->pool;
	int64_t until =
	    reactor__clock_add(reactor__clock(REACTOR__MONOTONIC), ns);
	int over = 0, end;

	reactor__executor_lock(pool);
	for (;;) {
		end = pool->broken != 0 ||
		    (pool->shut && w->future == NULL &&
			reactor__chain_empty(&pool->queue));
		if (end || over)
			break;
		over = reactor__condition_wait(
			   &pool->ended, &pool->lock, until) == ETIMEDOUT;
	}
	reactor__executor_unlock(pool);
	return end ? -1 : 0;
}
