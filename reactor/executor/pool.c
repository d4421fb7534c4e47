/*
 * SPDX-License-Identifier: ISC
 *
 * pool.c: the life of an executor: it is opened, perhaps broken, shut down, and
 * closed when its last worker has ended.
 */
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "reactor/executor/pool.h"
#include "reactor/executor/system.h"

void
reactor__executor_lock(struct reactor_executor *pool)
{
	(void)pthread_mutex_lock(&pool->lock);
}

void
reactor__executor_unlock(struct reactor_executor *pool)
{
	(void)pthread_mutex_unlock(&pool->lock);
}

/* ---- Memory -------------------------------------------------------------- */

void
reactor__executor_retain(struct reactor_executor *pool)
{
	(void)__atomic_add_fetch(&pool->references, 1, __ATOMIC_RELAXED);
}

void
reactor__executor_release(struct reactor_executor *pool)
{
	if (__atomic_sub_fetch(&pool->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	(void)pthread_cond_destroy(&pool->room);
	(void)pthread_cond_destroy(&pool->job);
	(void)pthread_cond_destroy(&pool->ended);
	(void)pthread_cond_destroy(&pool->limit);
	(void)pthread_cond_destroy(&pool->called);
	(void)pthread_mutex_destroy(&pool->lock);
	(void)reactor__allocate((void *)(uintptr_t)pool->options.argument, 0);
	(void)reactor__allocate(pool, 0);
}

static int
xp_init(struct reactor_executor *pool)
{
	pthread_cond_t *const conditions[] = { &pool->room, &pool->job,
		&pool->ended, &pool->limit, &pool->called };
	int error = pthread_mutex_init(&pool->lock, NULL);
	size_t i = 0;

	if (error == 0)
		while (i < sizeof(conditions) / sizeof(*conditions) &&
		    (error = reactor__condition_open(conditions[i])) == 0)
			i++;
	if (error == 0) {
		reactor__chain_init(&pool->queue);
		reactor__chain_init(&pool->rooms);
		reactor__chain_init(&pool->workers);
		reactor__chain_init(&pool->gone);
		reactor__chain_init(&pool->calls);
		pool->references = 1;
		return 0;
	}
	while (i-- > 0)
		(void)pthread_cond_destroy(conditions[i]);
	errno = error;
	return -1;
}

/* ---- Opening ------------------------------------------------------------- */

static int
xp_argument(struct reactor_executor *pool)
{
	const void *given = pool->options.argument;
	void *copy = reactor__allocate(NULL, pool->options.size + 1);

	if (copy == NULL)
		return -1;
	if (pool->options.size > 0)
		memcpy(copy, given, pool->options.size);
	pool->options.argument = copy;
	return 0;
}

static int
xp_trace(struct reactor_executor *pool)
{
	const char *file = pool->options.trace;

	if (file == NULL)
		file = reactor__getenv("REACTOR_TRACE");
	if (file == NULL || *file == '\0')
		return 0;
	return reactor__job_trace_open(pool, file);
}

static int
xp_check(const struct reactor_executor_options *options)
{
	pthread_attr_t attributes;
	int bad = (options->flags & ~(unsigned)REACTOR_BREAK) != 0 ||
	    options->limit < 0 || options->workers > INT_MAX;

	if (!bad && options->stack_size > 0 &&
	    pthread_attr_init(&attributes) == 0) {
		bad = pthread_attr_setstacksize(
			  &attributes, options->stack_size) != 0;
		(void)pthread_attr_destroy(&attributes);
	}
	if (!bad)
		return 0;
	errno = EINVAL;
	return -1;
}

static struct reactor_executor *
xp_create(const struct reactor_executor_options *options,
    const struct reactor__executor_kind *kind)
{
	struct reactor_executor *pool = reactor__allocate(NULL, sizeof(*pool));

	if (pool == NULL)
		return NULL;
	memset(pool, 0, sizeof(*pool));
	pool->kind = kind;
	pool->options = *options;
	pool->opened = reactor__clock(REACTOR__MONOTONIC);
	pool->generation = reactor__fork_generation();
	(void)snprintf(pool->name, sizeof(pool->name), "%s",
	    options->name != NULL ? options->name : kind->name);
	if (pool->options.workers == 0)
		pool->options.workers = kind->workers();
	if (xp_init(pool) == -1) {
		(void)reactor__allocate(pool, 0);
		return NULL;
	}
	if (xp_argument(pool) == -1) {
		pool->options.argument = NULL;
		reactor__executor_release(pool);
		return NULL;
	}
	return pool;
}

static struct reactor_executor *
xp_open(const struct reactor_executor_options *options,
    const struct reactor__executor_kind *kind)
{
	struct reactor_executor *pool;
	int error;

	if (xp_check(options) == -1 || reactor__fork_open() == -1)
		return NULL;
	pool = xp_create(options, kind);
	if (pool == NULL)
		return NULL;
	if (kind->open == NULL || kind->open(pool) == 0) {
		if (xp_trace(pool) == 0)
			return pool;
		error = errno;
		if (kind->close != NULL)
			kind->close(pool);
		errno = error;
	}
	error = errno;
	reactor__executor_release(pool);
	errno = error;
	return NULL;
}

struct reactor_executor *
reactor_executor_open(const struct reactor_executor_options *given)
{
	static const struct reactor_executor_options none;
	const struct reactor_executor_options *options =
	    given != NULL ? given : &none;
	const struct reactor__executor_kind *kind =
	    reactor__executor_choose(options->kind);
	struct reactor_executor *pool;
	char *message, text[128];
	size_t size;
	int error;

	if (kind == NULL)
		return NULL;
	pool = xp_open(options, kind);
	if (pool != NULL)
		return pool;
	error = errno;
	message = reactor__executor_message(&size);
	(void)snprintf(message, size, "cannot open an executor of %s: %s",
	    kind->name, reactor__error_text(error, text, sizeof(text)));
	errno = error;
	return NULL;
}

/* ---- Breaking ------------------------------------------------------------ */

static void
xp_wake_all(struct reactor_executor *pool)
{
	(void)pthread_cond_broadcast(&pool->job);
	(void)pthread_cond_broadcast(&pool->ended);
	reactor__jobs_room(pool);
}

void
reactor__executor_broken(
    struct reactor_executor *pool, int error, const char *why)
{
	if (pool->broken != 0)
		return;
	pool->broken = error;
	(void)snprintf(pool->why, sizeof(pool->why), "%s", why);
	xp_wake_all(pool);
	reactor__jobs_end(pool, REACTOR_FINISHED, error, pool->why);
}

void
reactor__executor_break(
    struct reactor_executor *pool, int error, const char *format, ...)
{
	char why[sizeof(pool->why)];
	va_list list;

	va_start(list, format);
	if (vsnprintf(why, sizeof(why), format, list) < 0)
		why[0] = '\0';
	va_end(list);
	reactor__executor_lock(pool);
	reactor__executor_broken(pool, error, why);
	reactor__executor_unlock(pool);
}

/* ---- Closing ------------------------------------------------------------- */

static void
xp_kill_all(struct reactor_executor *pool)
{
	struct reactor__worker *w;
	struct reactor_link *link;

	__atomic_store_n(&pool->killed, 1, __ATOMIC_RELAXED);
	for (link = pool->workers.next; link != &pool->workers;
	     link = link->next) {
		w = REACTOR_OWNER(link, struct reactor__worker, link);
		if (w->future != NULL)
			__atomic_store_n(
			    &w->future->asked, 1, __ATOMIC_RELAXED);
		if (pool->kind->kill != NULL)
			pool->kind->kill(w);
	}
}

int
reactor_executor_shutdown(struct reactor_executor *pool, unsigned flags)
{
	if (reactor__executor_ours(pool) == -1)
		return -1;
	if ((flags & ~(unsigned)(REACTOR_CANCEL | REACTOR_KILL)) != 0) {
		errno = EINVAL;
		return -1;
	}
	reactor__executor_lock(pool);
	pool->shut = 1;
	if (flags != 0)
		reactor__jobs_end(pool, REACTOR_CANCELLED, ECANCELED, NULL);
	if (flags & REACTOR_KILL)
		xp_kill_all(pool);
	xp_wake_all(pool);
	reactor__executor_unlock(pool);
	return 0;
}

/* Waits until nobody works for it any more. */
static int
xp_drain(struct reactor_executor *pool, int64_t deadline)
{
	int late = 0, left;

	reactor__executor_lock(pool);
	while ((left = pool->nworkers + pool->overrun > 0) && !late)
		late = reactor__condition_wait(
			   &pool->ended, &pool->lock, deadline) == ETIMEDOUT;
	reactor__executor_unlock(pool);
	if (!left)
		return 0;
	errno = ETIMEDOUT;
	return -1;
}

int
reactor_executor_close(struct reactor_executor *pool, int64_t timeout)
{
	int64_t deadline = reactor__deadline(timeout);

	if (reactor__executor_inside(pool)) {
		errno = EDEADLK;
		return -1;
	}
	if (reactor_executor_shutdown(pool, 0) == -1)
		return -1;
	if (xp_drain(pool, deadline) == -1)
		return -1;
	reactor__worker_join(pool);
	reactor__limit_stop(pool);
	if (pool->kind->close != NULL)
		pool->kind->close(pool);
	if (pool->journal != NULL)
		reactor__job_trace_close(pool);
	reactor__executor_release(pool);
	return 0;
}
