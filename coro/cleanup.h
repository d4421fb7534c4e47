/*
 * SPDX-License-Identifier: ISC
 *
 * cleanup.h: what is to be done at the end of a generator or a task.
 */
#ifndef CORO_CLEANUP_H
#define CORO_CLEANUP_H

#include <coro/coro.h>

/* Those of a generator; those of the running task, or NULL. */
struct coro_cleanup **coro__cleanups(struct coro *);
struct coro_cleanup **task__cleanups(void);
/* The last one first, also those that are pushed meanwhile. */
void coro__cleanup_run(struct coro_cleanup **);

#endif
