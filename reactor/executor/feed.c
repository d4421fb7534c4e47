/*
 * SPDX-License-Identifier: ISC
 *
 * feed.c: takes the arguments of a map from their source, and makes jobs of
 * them.
 *
 *   source --> spare --> job --> job --> job --> job
 *                        first           waiting     last
 *                        |   submitted   |
 *
 * Nothing here blocks in reactor_submit: what a full queue does not take waits
 * in the list, so that a time-out holds, and results that are there are told.
 */
#include <string.h>
#include "reactor/executor/map.h"

/* ---- From arguments to jobs ---------------------------------------------- */

static void
xi_stop(struct reactor_map *map, int error)
{
	map->over = 1;
	map->error = error;
}

/* 1, or 0: there is none. */
static int
xi_take(struct reactor_map *map)
{
	struct reactor_bytes bytes = { NULL, 0 };
	int status;

	errno = 0;
	status = map->arguments(map->context, map->taken, &bytes);
	if (status == -1)
		xi_stop(map, errno != 0 ? errno : EINVAL);
	else if (status == 0)
		xi_stop(map, 0);
	if (status != 1)
		return 0;
	status = map->chunk == 1
	    ? reactor__chunk_bytes(&map->spare, bytes.bytes, bytes.size)
	    : reactor__chunk_argument(&map->spare, &bytes);
	if (status == -1) {
		xi_stop(map, ENOMEM);
		return 0;
	}
	map->taken++;
	return 1;
}

static void
xi_append(struct reactor_map *map, struct reactor__map_job *job)
{
	*map->last = job;
	map->last = &job->next;
	if (map->waiting == NULL)
		map->waiting = job;
}

/* A job of the next arguments, if there are any. */
static void
xi_make(struct reactor_map *map)
{
	struct reactor__map_job *job = reactor__allocate(NULL, sizeof(*job));
	size_t n = 0;

	map->spare.size = 0;
	if (job == NULL ||
	    (map->chunk > 1 &&
		reactor__chunk_begin(&map->spare, map->function) == -1))
		xi_stop(map, ENOMEM);
	else
		while (n < map->chunk && xi_take(map))
			n++;
	if (n == 0) {
		if (job != NULL)
			(void)reactor__allocate(job, 0);
		return;
	}
	memset(job, 0, sizeof(*job));
	job->count = n;
	job->chunk = map->spare;
	memset(&map->spare, 0, sizeof(map->spare));
	xi_append(map, job);
}

/* Its memory is for the next, if that has none. */
static void
xi_recycle(struct reactor_map *map, struct reactor__map_job *job)
{
	if (map->spare.bytes == NULL)
		map->spare = job->chunk;
	else if (job->chunk.bytes != NULL)
		(void)reactor__allocate(job->chunk.bytes, 0);
	memset(&job->chunk, 0, sizeof(job->chunk));
}

void
reactor__map_free(struct reactor_map *map, struct reactor__map_job *job)
{
	xi_recycle(map, job);
	reactor_future_detach(job->future);
	(void)reactor__allocate(job, 0);
}

/* What was not submitted never will be. */
static void
xi_forget(struct reactor_map *map)
{
	struct reactor__map_job **link = &map->first, *job;

	while (*link != map->waiting)
		link = &(*link)->next;
	map->waiting = NULL;
	map->last = link;
	while ((job = *link) != NULL) {
		*link = job->next;
		reactor__map_free(map, job);
	}
}

/* ---- Submitting ---------------------------------------------------------- */

/* With the lock. */
int
reactor__map_full(const struct reactor_executor *pool)
{
	return reactor__jobs_full(pool) && !pool->shut && pool->broken == 0;
}

static int
xi_room(struct reactor_map *map)
{
	int full;

	reactor__executor_lock(map->pool);
	full = reactor__map_full(map->pool);
	reactor__executor_unlock(map->pool);
	return !full;
}

/* 0: not now, or never. */
static int
xi_submit(struct reactor_map *map)
{
	struct reactor__map_job *job = map->waiting;

	if (!xi_room(map))
		return 0;
	job->future = reactor_submit_as(map->pool,
	    map->chunk == 1 ? map->function : reactor__chunk_run,
	    job->chunk.bytes, job->chunk.size, &map->attributes, "map");
	if (job->future != NULL) {
		xi_recycle(map, job);
		map->waiting = job->next;
		return 1;
	}
	if (errno != EAGAIN) {
		xi_stop(map, errno);
		xi_forget(map);
	}
	return 0;
}

int64_t
reactor__map_left(const struct reactor_map *map)
{
	int64_t left;

	if (map->deadline == INT64_MAX)
		return -1;
	left = map->deadline - reactor__clock(REACTOR__MONOTONIC);
	return left > 0 ? left : 0;
}

/* A source may be slow: what was taken begins meanwhile. */
void
reactor__map_feed(struct reactor_map *map)
{
	int taken;

	do {
		taken = !map->over && reactor__map_left(map) != 0 &&
		    map->window - (map->taken - map->told) >= map->chunk;
		if (taken)
			xi_make(map);
		while (map->waiting != NULL && xi_submit(map))
			continue;
	} while (taken);
}
