/*
 * SPDX-License-Identifier: ISC
 *
 * map.c: a function for each of many arguments, the results in their order.
 */
#include <string.h>
#include "reactor/executor/map.h"
#include "reactor/executor/system.h"

/* ---- Waiting ------------------------------------------------------------- */

static void
xm_ended(struct reactor *r, struct reactor_done *done)
{
	struct reactor_executor *pool = done->future->pool;

	(void)r;
	reactor__executor_lock(pool);
	*(int *)done->data = 1;
	(void)pthread_cond_broadcast(&pool->room);
	reactor__executor_unlock(pool);
}

/* Until the queue has room, or the first job has ended, or it is too late. */
static void
xm_wait_room(struct reactor_map *map)
{
	struct reactor_executor *pool = map->pool;
	struct reactor_done done;
	int ended = 0;

	memset(&done, 0, sizeof(done));
	done.callback = xm_ended;
	done.future = map->first->future;
	done.data = &ended;
	if (done.future != NULL && reactor_done_start(NULL, &done) == -1)
		return;
	reactor__executor_lock(pool);
	pool->waiting++;
	while (!ended && reactor__map_full(pool) &&
	    reactor__condition_wait(&pool->room, &pool->lock, map->deadline) !=
		ETIMEDOUT)
		continue;
	pool->waiting--;
	reactor__jobs_room(pool); /* for others, as we may not use it */
	reactor__executor_unlock(pool);
	reactor_done_stop(NULL, &done);
}

static int
xm_late(struct reactor_map *map)
{
	map->late = 1;
	errno = ETIMEDOUT;
	return -1;
}

/* 1: the first job has ended; 0: look again; -1. */
static int
xm_wait(struct reactor_map *map)
{
	struct reactor_future *first = map->first->future;
	int64_t left = reactor__map_left(map);

	if (first != NULL) {
		reactor_future_peek(first, &map->outcome);
		if (map->outcome.state >= REACTOR_FINISHED)
			return 1;
	}
	if (left == 0)
		return xm_late(map);
	if (map->waiting != NULL) {
		if (first == NULL && reactor__executor_inside(map->pool)) {
			errno = EAGAIN;
			return -1;
		}
		xm_wait_room(map);
		return 0;
	}
	if (reactor_future_wait(first, left, &map->outcome) == 0)
		return 1;
	return errno == ETIMEDOUT ? xm_late(map) : -1;
}

/* 1: there is an outcome to be told; 0: there are no more; -1. */
static int
xm_ready(struct reactor_map *map)
{
	int result = 0;

	while (result == 0) {
		if (map->late)
			return xm_late(map);
		reactor__map_feed(map);
		if (map->first == NULL && !map->over)
			return xm_late(map);
		if (map->first == NULL)
			break;
		result = xm_wait(map);
	}
	if (result == 0 && map->error != 0) {
		errno = map->error;
		return -1;
	}
	return result;
}

/* ---- Use ----------------------------------------------------------------- */

/* The first, if all that came of it was told. */
static void
xm_drop(struct reactor_map *map)
{
	struct reactor__map_job *job = map->first;

	if (job == NULL || map->item < job->count)
		return;
	map->first = job->next;
	if (map->first == NULL)
		map->last = &map->first;
	map->item = map->offset = 0;
	reactor__map_free(map, job);
}

int
reactor_map_next(struct reactor_map *map, struct reactor_outcome *outcome)
{
	int result;

	if (reactor__executor_ours(map->pool) == -1)
		return -1;
	xm_drop(map);
	if (map->item == 0) {
		result = xm_ready(map);
		if (result != 1)
			return result;
	}
	*outcome = map->outcome;
	if (map->chunk > 1)
		reactor__chunk_outcome(outcome, &map->offset);
	map->item++;
	map->told++;
	reactor__map_feed(map);
	return 1;
}

void
reactor_map_close(struct reactor_map *map)
{
	struct reactor__map_job *job;

	if (map == NULL)
		return;
	for (job = map->first; job != map->waiting; job = job->next)
		(void)reactor_future_cancel(job->future);
	while ((job = map->first) != NULL) {
		map->first = job->next;
		reactor__map_free(map, job);
	}
	(void)reactor__allocate(map->spare.bytes, 0);
	(void)reactor__allocate((void *)(uintptr_t)map->attributes.name, 0);
	reactor__executor_release(map->pool);
	(void)reactor__allocate(map, 0);
}

/* ---- Opening ------------------------------------------------------------- */

static int
xm_check(struct reactor_executor *pool, reactor_job_fn *function,
    reactor_map_fn *arguments)
{
	if (reactor__executor_ours(pool) == -1)
		return -1;
	if (function == NULL || arguments == NULL) {
		errno = EINVAL;
		return -1;
	}
	/* In a chunk nobody else looks at it. */
	return pool->kind->check(pool, function);
}

/* Jobs copy the name: they may outlive the map. */
static int
xm_name(struct reactor_map *map, const char *given)
{
	size_t size;
	char *copy;

	if (given == NULL)
		return 0;
	size = strlen(given) + 1;
	copy = reactor__allocate(NULL, size);
	if (copy == NULL)
		return -1;
	memcpy(copy, given, size);
	map->attributes.name = copy;
	return 0;
}

static struct reactor_map *
xm_create(const struct reactor_map_options *options)
{
	struct reactor_map *map = reactor__allocate(NULL, sizeof(*map));

	if (map == NULL)
		return NULL;
	memset(map, 0, sizeof(*map));
	if (xm_name(map, options->name) == 0)
		return map;
	(void)reactor__allocate(map, 0);
	errno = ENOMEM;
	return NULL;
}

static void
xm_options(struct reactor_map *map, const struct reactor_map_options *options)
{
	map->window = options->window > 0 ? options->window : SIZE_MAX;
	map->chunk = options->chunk > 0 ? options->chunk : 1;
	/* One of more than the window would never be full. */
	if (map->chunk > map->window)
		map->chunk = map->window;
	map->deadline = options->timeout <= 0
	    ? INT64_MAX
	    : reactor__clock_add(
		  reactor__clock(REACTOR__MONOTONIC), options->timeout);
}

struct reactor_map *
reactor_map_open(struct reactor_executor *pool, reactor_job_fn *function,
    reactor_map_fn *arguments, void *context,
    const struct reactor_map_options *given)
{
	static const struct reactor_map_options none;
	const struct reactor_map_options *options =
	    given != NULL ? given : &none;
	struct reactor_map *map;
	int error;

	if (xm_check(pool, function, arguments) == -1)
		return NULL;
	map = xm_create(options);
	if (map == NULL)
		return NULL;
	xm_options(map, options);
	map->pool = pool;
	map->function = function;
	map->arguments = arguments;
	map->context = context;
	map->attributes.flags = REACTOR_TRY;
	map->last = &map->first;
	reactor__executor_retain(pool);
	reactor__map_feed(map);
	error = map->error;
	if (error == 0 || map->first != NULL || map->taken == 0)
		return map;
	/* There were arguments, and it takes no job. */
	reactor_map_close(map);
	errno = error;
	return NULL;
}
