/*
 * SPDX-License-Identifier: ISC
 *
 * series.c: futures in the order in which they end.
 *
 *   futures ended before --> waiter.ended --> reactor_series_next
 *   futures that end     -->
 *
 * A watch for each; those that have ended line up in the list of the waiter.
 */
#include <stdlib.h>
#include <string.h>
#include "reactor/executor/pool.h"
#include "reactor/executor/system.h"

struct reactor_series {
	struct reactor__waiter waiter;
	unsigned generation; /* see fork.c */
	int64_t deadline;
	size_t n;
	size_t told; /* of these */
	struct reactor__future_watch watches[];
};

/* ---- Each once ----------------------------------------------------------- */

/* The list is of places in the array of who opens, so that its order is kept. */
struct xs_list {
	size_t n;
	struct reactor_future *const *places[];
};

static int
xs_before(uintptr_t x, uintptr_t y)
{
	return (x > y) - (x < y);
}

static int
xs_by_future(const void *a, const void *b)
{
	struct reactor_future *const *x =
	    *(struct reactor_future *const *const *)a;
	struct reactor_future *const *y =
	    *(struct reactor_future *const *const *)b;

	return *x != *y ? xs_before((uintptr_t)*x, (uintptr_t)*y)
			: xs_before((uintptr_t)x, (uintptr_t)y);
}

static int
xs_by_place(const void *a, const void *b)
{
	return xs_before((uintptr_t) * (struct reactor_future *const *const *)a,
	    (uintptr_t) * (struct reactor_future *const *const *)b);
}

/* The first place of each future, in order. */
static struct xs_list *
xs_unique(struct reactor_future *const *futures, size_t n)
{
	struct xs_list *list;
	size_t i;

	if (n > (SIZE_MAX - sizeof(*list)) / sizeof(list->places[0])) {
		errno = ENOMEM;
		return NULL;
	}
	list = reactor__allocate(
	    NULL, sizeof(*list) + n * sizeof(list->places[0]));
	if (list == NULL)
		return NULL;
	list->n = 0;
	for (i = 0; i < n; i++)
		list->places[i] = &futures[i];
	qsort(list->places, n, sizeof(list->places[0]), xs_by_future);
	for (i = 0; i < n; i++)
		if (list->n == 0 ||
		    *list->places[list->n - 1] != *list->places[i])
			list->places[list->n++] = list->places[i];
	qsort(list->places, list->n, sizeof(list->places[0]), xs_by_place);
	return list;
}

/* ---- Opening ------------------------------------------------------------- */

static int
xs_ended(struct reactor_future *f)
{
	struct reactor_outcome outcome;

	reactor_future_peek(f, &outcome);
	return outcome.state >= REACTOR_FINISHED;
}

static void
xs_watch(struct reactor_series *s, struct reactor_future *f)
{
	reactor__watch_start(
	    &s->waiter, &s->watches[s->n++], reactor_future_retain(f));
}

/* Those that have ended, then the others, some of which may have by now. */
static void
xs_watch_all(struct reactor_series *s, struct xs_list *list)
{
	size_t i, others = 0;

	for (i = 0; i < list->n; i++)
		if (xs_ended(*list->places[i]))
			xs_watch(s, *list->places[i]);
		else
			list->places[others++] = list->places[i];
	for (i = 0; i < others; i++)
		xs_watch(s, *list->places[i]);
}

static struct reactor_series *
xs_create(size_t n, int64_t timeout)
{
	struct reactor_series *s = NULL;

	if (n > (SIZE_MAX - sizeof(*s)) / sizeof(s->watches[0])) {
		errno = ENOMEM;
		return NULL;
	}
	s = reactor__allocate(NULL, sizeof(*s) + n * sizeof(s->watches[0]));
	if (s == NULL)
		return NULL;
	memset(s, 0, sizeof(*s));
	s->generation = reactor__fork_generation();
	s->deadline = reactor__deadline(timeout);
	if (reactor__waiter_open(&s->waiter) == 0)
		return s;
	(void)reactor__allocate(s, 0);
	return NULL;
}

struct reactor_series *
reactor_series_open(
    struct reactor_future *const *futures, size_t n, int64_t timeout)
{
	struct reactor_series *s;
	struct xs_list *list;
	size_t i;

	for (i = 0; i < n; i++)
		if (reactor__executor_ours(futures[i]->pool) == -1)
			return NULL;
	list = xs_unique(futures, n);
	if (list == NULL)
		return NULL;
	s = xs_create(list->n, timeout);
	if (s != NULL)
		xs_watch_all(s, list);
	(void)reactor__allocate(list, 0);
	return s;
}

/* ---- Use ----------------------------------------------------------------- */

/* With the lock of the waiter. */
static struct reactor_future *
xs_take(struct reactor_series *s)
{
	struct reactor_link *link = s->waiter.ended.next;

	if (link == &s->waiter.ended)
		return NULL;
	reactor__chain_remove(link);
	/* Others may wait for it who get nothing now. */
	if (++s->told == s->n)
		(void)pthread_cond_broadcast(&s->waiter.told);
	return REACTOR_OWNER(link, struct reactor__future_watch, link)->future;
}

/* What has ended is told even if the time is over. */
static int
xs_next(struct reactor_series *s, struct reactor_future **future)
{
	int late = 0;

	for (;;) {
		*future = xs_take(s);
		if (*future != NULL)
			return 1;
		if (s->told == s->n)
			return 0;
		if (late) {
			errno = ETIMEDOUT;
			return -1;
		}
		late = reactor__condition_wait(&s->waiter.told, &s->waiter.lock,
			   s->deadline) == ETIMEDOUT;
	}
}

static int
xs_ours(const struct reactor_series *s)
{
	return s->generation == reactor__fork_generation();
}

int
reactor_series_next(struct reactor_series *s, struct reactor_future **future)
{
	int result;

	*future = NULL;
	if (!xs_ours(s)) {
		errno = ECHILD;
		return -1;
	}
	(void)pthread_mutex_lock(&s->waiter.lock);
	result = xs_next(s, future);
	(void)pthread_mutex_unlock(&s->waiter.lock);
	return result;
}

size_t
reactor_series_left(struct reactor_series *s)
{
	size_t left;

	if (!xs_ours(s))
		return s->n - s->told;
	(void)pthread_mutex_lock(&s->waiter.lock);
	left = s->n - s->told;
	(void)pthread_mutex_unlock(&s->waiter.lock);
	return left;
}

void
reactor_series_close(struct reactor_series *s)
{
	/* In a child the locks are as other threads held them at the fork. */
	int ours = s != NULL && xs_ours(s);
	size_t i;

	if (s == NULL)
		return;
	for (i = 0; i < s->n; i++) {
		if (ours)
			reactor__watch_stop(&s->watches[i]);
		reactor_future_detach(s->watches[i].future);
	}
	if (ours)
		reactor__waiter_close(&s->waiter);
	(void)reactor__allocate(s, 0);
}
