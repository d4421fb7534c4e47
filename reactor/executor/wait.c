/*
 * SPDX-License-Identifier: ISC
 *
 * wait.c: threads wait for futures.
 *
 *   future.watches --> watch --.
 *   future.watches --> watch --+--> waiter: counts, and is woken
 *   future.watches --> watch --'
 *
 * A watch of a future that has ended goes over to the list of the waiter, so
 * that the order in which they end is known.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "reactor/executor/pool.h"
#include "reactor/executor/system.h"

/* ---- Waiters and watches ------------------------------------------------- */

int
reactor__waiter_open(struct reactor__waiter *w)
{
	int error;

	memset(w, 0, sizeof(*w));
	reactor__chain_init(&w->ended);
	error = reactor__condition_open(&w->told);
	if (error == 0) {
		error = pthread_mutex_init(&w->lock, NULL);
		if (error == 0)
			return 0;
		(void)pthread_cond_destroy(&w->told);
	}
	errno = error;
	return -1;
}

void
reactor__waiter_close(struct reactor__waiter *w)
{
	(void)pthread_cond_destroy(&w->told);
	(void)pthread_mutex_destroy(&w->lock);
}

static void
xa_note(struct reactor__future_watch *watch)
{
	struct reactor__waiter *w = watch->waiter;
	const struct reactor_future *f = watch->future;

	(void)pthread_mutex_lock(&w->lock);
	watch->ended = 1;
	reactor__chain_append(&w->ended, &watch->link);
	w->left--;
	if (f->state == REACTOR_FINISHED && f->result.error != 0)
		w->failed = 1;
	(void)pthread_cond_signal(&w->told);
	(void)pthread_mutex_unlock(&w->lock);
}

void
reactor__watch_told(struct reactor__future_watch *watch)
{
	reactor__chain_remove(&watch->link);
	xa_note(watch);
}

void
reactor__watch_start(struct reactor__waiter *w,
    struct reactor__future_watch *watch, struct reactor_future *f)
{
	watch->waiter = w;
	watch->future = f;
	watch->ended = 0;
	reactor__executor_lock(f->pool);
	(void)pthread_mutex_lock(&w->lock);
	w->left++;
	(void)pthread_mutex_unlock(&w->lock);
	if (reactor__future_ended(f))
		xa_note(watch);
	else
		reactor__chain_append(&f->watches, &watch->link);
	reactor__executor_unlock(f->pool);
}

void
reactor__watch_stop(struct reactor__future_watch *watch)
{
	reactor__executor_lock(watch->future->pool);
	if (!watch->ended)
		reactor__chain_remove(&watch->link);
	reactor__executor_unlock(watch->future->pool);
}

/* ---- One ----------------------------------------------------------------- */

/* Until that is so; with the lock of the waiter. */
static void
xa_wait(struct reactor__waiter *w, int until, size_t all, int64_t deadline)
{
	while (w->left > 0 && !(until == REACTOR_FIRST && w->left < all) &&
	    !(until == REACTOR_FIRST_ERROR && w->failed))
		if (reactor__condition_wait(&w->told, &w->lock, deadline) ==
		    ETIMEDOUT)
			return;
}

/* Until it has ended; 0, or -1. */
static int
xa_wait_for(struct reactor_future *f, int64_t timeout)
{
	struct reactor__waiter w;
	struct reactor__future_watch watch;
	size_t left;

	if (reactor__waiter_open(&w) == -1)
		return -1;
	reactor__watch_start(&w, &watch, f);
	(void)pthread_mutex_lock(&w.lock);
	if (timeout != 0)
		xa_wait(&w, REACTOR_ALL, 1, reactor__deadline(timeout));
	(void)pthread_mutex_unlock(&w.lock);
	reactor__watch_stop(&watch);
	left = w.left;
	reactor__waiter_close(&w);
	if (left == 0)
		return 0;
	errno = ETIMEDOUT;
	return -1;
}

int
reactor_future_wait(
    struct reactor_future *f, int64_t timeout, struct reactor_outcome *outcome)
{
	struct reactor_outcome now;
	int result;

	if (reactor__executor_ours(f->pool) == -1)
		return -1;
	if (outcome == NULL)
		outcome = &now;
	reactor_future_peek(f, outcome);
	if (outcome->finished != 0)
		return 0;
	result = xa_wait_for(f, timeout);
	reactor_future_peek(f, outcome);
	return result;
}

/* ---- Several ------------------------------------------------------------- */

static int
xa_later(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t) * (struct reactor_future *const *)a;
	uintptr_t y = (uintptr_t) * (struct reactor_future *const *)b;

	return (x > y) - (x < y);
}

/* In order of address, so that a double lies beside its like. */
static size_t
xa_unique(struct reactor_future **list, struct reactor_future *const *futures,
    size_t n)
{
	size_t i, unique = 0;

	memcpy(list, futures, n * sizeof(*list));
	qsort(list, n, sizeof(*list), xa_later);
	for (i = 0; i < n; i++)
		if (unique == 0 || list[unique - 1] != list[i])
			list[unique++] = list[i];
	return unique;
}

static int
xa_wait_all(struct reactor__future_watch *watches, struct reactor_future **list,
    size_t n, int until, int64_t timeout)
{
	struct reactor__waiter w;
	size_t i;

	if (reactor__waiter_open(&w) == -1)
		return -1;
	for (i = 0; i < n; i++)
		reactor__watch_start(&w, &watches[i], list[i]);
	(void)pthread_mutex_lock(&w.lock);
	if (timeout != 0)
		xa_wait(&w, until, n, reactor__deadline(timeout));
	n -= w.left;
	(void)pthread_mutex_unlock(&w.lock);
	while (i-- > 0)
		reactor__watch_stop(&watches[i]);
	reactor__waiter_close(&w);
	return (int)n;
}

static int
xa_check(struct reactor_future *const *futures, size_t n, int until)
{
	size_t i;

	if (until < REACTOR_FIRST || until > REACTOR_ALL || n > INT_MAX) {
		errno = EINVAL;
		return -1;
	}
	for (i = 0; i < n; i++)
		if (reactor__executor_ours(futures[i]->pool) == -1)
			return -1;
	return 0;
}

int
reactor_futures_wait(
    struct reactor_future *const *futures, size_t n, int until, int64_t timeout)
{
	struct reactor__future_watch *watches;
	struct reactor_future **list;
	int result;

	if (xa_check(futures, n, until) == -1)
		return -1;
	if (n == 0)
		return 0;
	if (n > SIZE_MAX / (sizeof(*watches) + sizeof(*list))) {
		errno = ENOMEM;
		return -1;
	}
	watches =
	    reactor__allocate(NULL, n * (sizeof(*watches) + sizeof(*list)));
	if (watches == NULL)
		return -1;
	list = (struct reactor_future **)(void *)(watches + n);
	n = xa_unique(list, futures, n);
	result = xa_wait_all(watches, list, n, until, timeout);
	(void)reactor__allocate(watches, 0);
	return result;
}
