/*
 * SPDX-License-Identifier: ISC
 *
 * map.h: struct reactor_map: what feed.c, which makes jobs of arguments, and
 * map.c, which has their outcomes, know of each other.
 */
#ifndef REACTOR_EXECUTOR_MAP_H
#define REACTOR_EXECUTOR_MAP_H

#include "reactor/executor/chunk.h"
#include "reactor/executor/pool.h"

struct reactor__map_job {
	struct reactor__map_job *next;
	struct reactor_future *future; /* NULL: not submitted yet */
	size_t count;                  /* of arguments */
	struct reactor__chunk chunk;   /* until it is submitted */
};

struct reactor_map {
	struct reactor_executor *pool;
	reactor_job_fn *function;
	reactor_map_fn *arguments;
	void *context;
	size_t window, chunk;
	int64_t deadline;
	struct reactor_job_attributes attributes;
	struct reactor__map_job *first; /* in the order of the arguments */
	struct reactor__map_job **last;
	struct reactor__map_job *waiting; /* the first that is not submitted */
	struct reactor__chunk spare;      /* memory for the next */
	size_t taken, told;               /* arguments, outcomes */
	int over;                         /* no more arguments are taken */
	int error;                        /* because of that; told at the end */
	int late;                         /* the time is over: it was told */
	struct reactor_outcome outcome;   /* of the first job */
	size_t item, offset;              /* in that */
};

/* Takes arguments, as far as the window goes, and submits jobs of them. */
void reactor__map_feed(struct reactor_map *);
/* It is in the list no more. */
void reactor__map_free(struct reactor_map *, struct reactor__map_job *);
/* ns until the time is over, or -1: never. */
int64_t reactor__map_left(const struct reactor_map *);
/* With the lock. */
int reactor__map_full(const struct reactor_executor *);

#endif
