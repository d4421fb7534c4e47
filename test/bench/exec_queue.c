/*
 * SPDX-License-Identifier: ISC
 *
 * exec_queue.c: threads by hand: a list of jobs, a mutex, and a condition for
 * each side.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "test/bench/executors.h"

struct eq_job {
	struct eq_job *next;
	uint64_t (*function)(uint64_t);
	uint64_t number; /* then the result */
	int done;
};

static pthread_mutex_t eq_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t eq_some = PTHREAD_COND_INITIALIZER;
static pthread_cond_t eq_done = PTHREAD_COND_INITIALIZER;
static struct eq_job *eq_first, **eq_last = &eq_first;
static pthread_t *eq_threads;
static unsigned eq_count;
static int eq_over;

/* With the lock. */
static void
eq_run_first(void)
{
	struct eq_job *job = eq_first;

	eq_first = job->next;
	if (eq_first == NULL)
		eq_last = &eq_first;
	(void)pthread_mutex_unlock(&eq_lock);
	job->number = job->function(job->number);
	(void)pthread_mutex_lock(&eq_lock);
	job->done = 1;
	(void)pthread_cond_signal(&eq_done);
}

static void *
eq_worker(void *unused)
{
	(void)unused;
	(void)pthread_mutex_lock(&eq_lock);
	while (!eq_over)
		if (eq_first != NULL)
			eq_run_first();
		else
			(void)pthread_cond_wait(&eq_some, &eq_lock);
	(void)pthread_mutex_unlock(&eq_lock);
	return NULL;
}

static int
eq_open(const char *kind, unsigned workers)
{
	if (strcmp(kind, "threads") != 0)
		return -1;
	eq_threads = bench_zeros(workers, sizeof(*eq_threads));
	for (; eq_count < workers; eq_count++)
		if (pthread_create(
			&eq_threads[eq_count], NULL, eq_worker, NULL) != 0)
			bench_die("pthread_create");
	return 0;
}

static void
eq_close(void)
{
	(void)pthread_mutex_lock(&eq_lock);
	eq_over = 1;
	(void)pthread_cond_broadcast(&eq_some);
	(void)pthread_mutex_unlock(&eq_lock);
	while (eq_count > 0)
		(void)pthread_join(eq_threads[--eq_count], NULL);
	free(eq_threads);
}

static struct eq_job *
eq_submit(uint64_t (*function)(uint64_t), uint64_t number)
{
	struct eq_job *job = bench_zeros(1, sizeof(*job));

	job->function = function;
	job->number = number;
	(void)pthread_mutex_lock(&eq_lock);
	*eq_last = job;
	eq_last = &job->next;
	(void)pthread_cond_signal(&eq_some);
	(void)pthread_mutex_unlock(&eq_lock);
	return job;
}

static uint64_t
eq_await(struct eq_job *job)
{
	uint64_t result;

	(void)pthread_mutex_lock(&eq_lock);
	while (!job->done)
		(void)pthread_cond_wait(&eq_done, &eq_lock);
	(void)pthread_mutex_unlock(&eq_lock);
	result = job->number;
	free(job);
	return result;
}

static uint64_t
eq_nothing(uint64_t number)
{
	return number;
}

static void
eq_wait(size_t n, size_t ahead)
{
	struct eq_job **ring = bench_zeros(ahead, sizeof(*ring));
	size_t i;

	for (i = 0; i < n; i++) {
		if (i >= ahead)
			(void)eq_await(ring[i % ahead]);
		ring[i % ahead] = eq_submit(eq_nothing, 0);
	}
	for (i = n; i < n + ahead; i++)
		(void)eq_await(ring[i % ahead]);
	free(ring);
}

static uint64_t
eq_crunch(size_t n)
{
	struct eq_job **all = bench_zeros(n, sizeof(*all));
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < n; i++)
		all[i] = eq_submit(executors_crunch, i);
	for (i = 0; i < n; i++)
		sum += eq_await(all[i]);
	free(all);
	return sum;
}

const struct executors_contestant executors_contestant = {
	.open = eq_open,
	.wait = eq_wait,
	.crunch = eq_crunch,
	.close = eq_close,
};
