/*
 * SPDX-License-Identifier: ISC
 *
 * cleanup.h: what is to be done at the end of a generator or a task.
 */
#ifndef CORO_CLEANUP_H
#define CORO_CLEANUP_H

#include <coro/coro.h>

/*
 * Of the library's own memory: a variable of the function that pushed it would
 * be gone when it is needed, after that has returned.
 */
struct coro__cleanup {
	struct coro__cleanup *next;
	void (*function)(void *argument);
	void *argument;
};

/* Those of a generator; those of the running task, or NULL. */
struct coro__cleanup **coro__cleanups(struct coro *);
struct coro__cleanup **task__cleanups(void);
/* The last one first, also those that are pushed meanwhile. */
void coro__cleanup_run(struct coro__cleanup **);
/* Forgets them, and calls none. */
void coro__cleanup_drop(struct coro__cleanup **);

#endif
