/*
 * SPDX-License-Identifier: ISC
 *
 * queue.c: the jobs that have not begun, first come, first served.  A job stays
 * here until a worker is idle: so all that do not run can be cancelled.
 */
#include <string.h>
#include "reactor/executor/pool.h"
#include "reactor/executor/system.h"

/* ---- Out ----------------------------------------------------------------- */

static struct reactor_future *
xq_first(const struct reactor_executor *pool)
{
	return REACTOR_OWNER(pool->queue.next, struct reactor_future, link);
}

void
reactor__jobs_remove(struct reactor_future *f)
{
	reactor__chain_remove(&f->link);
	f->pool->queued--;
	reactor__jobs_room(f->pool);
}

struct reactor_future *
reactor__jobs_take(struct reactor__worker *w)
{
	struct reactor_executor *pool = w->pool;
	struct reactor_future *f;

	if (reactor__chain_empty(&pool->queue))
		return NULL;
	f = xq_first(pool);
	reactor__jobs_remove(f);
	reactor__future_begin(f, w);
	return f;
}

void
reactor__jobs_end(
    struct reactor_executor *pool, int state, int error, const char *text)
{
	struct reactor__result result;
	struct reactor_future *f;

	while (!reactor__chain_empty(&pool->queue)) {
		f = xq_first(pool);
		reactor__jobs_remove(f);
		memset(&result, 0, sizeof(result));
		if (text != NULL)
			reactor__result_fail(&result, error, "%s", text);
		else
			result.error = error;
		(void)reactor__future_end(f, state, &result);
		/* Frees it perhaps, but not us: who calls holds a reference. */
		reactor_future_detach(f);
	}
}

/* ---- In ------------------------------------------------------------------ */

/* 0, or the errno why it takes no more jobs. */
static int
xq_closed(const struct reactor_executor *pool)
{
	return pool->broken != 0 ? ENOTRECOVERABLE : pool->shut ? ESHUTDOWN : 0;
}

/* With the lock: 0, or the errno. */
static int
xq_wait(struct reactor_executor *pool, int try)
{
	int error;

	while ((error = xq_closed(pool)) == 0 && reactor__jobs_full(pool)) {
		if (try || reactor__executor_inside(pool))
			return EAGAIN;
		pool->waiting++;
		(void)reactor__condition_wait(
		    &pool->room, &pool->lock, INT64_MAX);
		pool->waiting--;
	}
	return error;
}

/* With the lock: 0, or the errno; EAGAIN is for a full queue alone. */
static int
xq_thread(struct reactor_executor *pool, const struct reactor_future *f)
{
	int error = f->limit > 0 ? reactor__limit_start(pool) : 0;

	if (error == 0)
		error = reactor__worker_more(pool);
	return error == EAGAIN ? ENOMEM : error;
}

static int
xq_put(struct reactor_executor *pool, struct reactor_future *f, int try)
{
	int error;

	reactor__executor_lock(pool);
	error = xq_wait(pool, try);
	if (error == 0) {
		f->submitted = reactor__clock(REACTOR__MONOTONIC);
		reactor__jobs_put(pool, f);
		error = xq_thread(pool, f);
		if (error != 0)
			reactor__jobs_remove(f);
		else
			pool->stats.submitted++;
	}
	if (error != 0)
		reactor__jobs_room(pool); /* for somebody else */
	reactor__executor_unlock(pool);
	return error;
}

static struct reactor_future *
xq_future(struct reactor_executor *pool, size_t size)
{
	struct reactor_future *f;

	if (size > SIZE_MAX - sizeof(*f)) {
		errno = ENOMEM;
		return NULL;
	}
	f = reactor__allocate(NULL, sizeof(*f) + size);
	if (f == NULL)
		return NULL;
	memset(f, 0, sizeof(*f));
	reactor__chain_init(&f->watches);
	reactor__chain_init(&f->dones);
	f->pool = pool;
	f->size = size;
	f->references = 2; /* the caller's and the queue's */
	reactor__executor_retain(pool);
	return f;
}

/* A name that was given is copied; that of a function stays. */
static int
xq_name(struct reactor_future *f, const char *given, const char *name)
{
	size_t size;
	char *copy;

	f->name = name;
	if (given == NULL)
		return 0;
	size = strlen(given) + 1;
	copy = reactor__allocate(NULL, size);
	if (copy == NULL)
		return -1;
	memcpy(copy, given, size);
	f->name = copy;
	f->named = 1;
	return 0;
}

static struct reactor_future *
xq_failed(struct reactor_future *f, int error)
{
	f->references = 1;
	reactor_future_detach(f);
	errno = error;
	return NULL;
}

struct reactor_future *
reactor_submit_as(struct reactor_executor *pool, reactor_job_fn *function,
    const void *bytes, size_t size, const struct reactor_job_attributes *given,
    const char *name)
{
	static const struct reactor_job_attributes none;
	const struct reactor_job_attributes *a = given != NULL ? given : &none;
	struct reactor_future *f;
	int error;

	if (reactor__executor_ours(pool) == -1)
		return NULL;
	if (function == NULL || (name == NULL && a->name == NULL) ||
	    (a->flags & ~(unsigned)REACTOR_TRY) != 0) {
		errno = EINVAL;
		return NULL;
	}
	if (pool->kind->check(pool, function) == -1)
		return NULL;
	f = xq_future(pool, size);
	if (f == NULL)
		return NULL;
	if (xq_name(f, a->name, name) == -1)
		return xq_failed(f, ENOMEM);
	f->function = function;
	f->limit = a->limit != 0 ? a->limit : pool->options.limit;
	if (size > 0)
		memcpy(f->argument, bytes, size);
	error = xq_put(pool, f, (a->flags & REACTOR_TRY) != 0);
	return error == 0 ? f : xq_failed(f, error);
}
