/*
 * SPDX-License-Identifier: ISC
 *
 * resolve.c: what libc looks up inside itself, where no hook sees it, threads
 * look up: those of an executor that all hooked tasks of the process share.  It
 * is opened when it is first needed, and stays.
 *
 * A cancelled task does not wait for its thread; so what the thread works with
 * belongs to both.
 */
#include <pthread.h>
#include <string.h>
#include <unistd.h>
#include "coro/hook/internal.h"

#define HKI_THREADS 16

static pthread_mutex_t hki_lock = PTHREAD_MUTEX_INITIALIZER;
static struct reactor_executor *hki_executor;
static pid_t hki_owner; /* after a fork it is the parent's */

static struct reactor_executor *
hki_get(void)
{
	struct reactor_executor_options options;
	struct reactor_executor *executor;

	(void)pthread_mutex_lock(&hki_lock);
	if (hki_executor == NULL || hki_owner != getpid()) {
		memset(&options, 0, sizeof(options));
		options.kind = "threads";
		options.name = "names";
		options.workers = HKI_THREADS;
		hki_executor = reactor_executor_open(&options);
		hki_owner = getpid();
	}
	executor = hki_executor;
	(void)pthread_mutex_unlock(&hki_lock);
	return executor;
}

void
hook__query_release(struct hook__query *q)
{
	if (__atomic_sub_fetch(&q->users, 1, __ATOMIC_ACQ_REL) == 0)
		q->free(q);
}

static int
hki_job(struct reactor_job *job)
{
	struct hook__query *q;

	memcpy(&q, job->argument, sizeof(q));
	errno = 0;
	q->run(q);
	q->error = errno;
	hook__query_release(q);
	return 0;
}

/* The job will not run, and so gives nothing up. */
static void
hki_release_job(struct reactor_future *future, struct hook__query *q)
{
	struct reactor_outcome outcome;

	reactor_future_peek(future, &outcome);
	if (outcome.state == REACTOR_CANCELLED)
		hook__query_release(q);
}

int
hook__query(struct hook__query *q)
{
	struct reactor_executor *executor = hki_get();
	struct reactor_future *future;
	int result, error;

	if (executor == NULL)
		return -1;
	q->users = 2;
	future = task_submit_as(executor, hki_job, &q, sizeof(q), NULL, "name");
	if (future == NULL) {
		q->users = 1;
		return -1;
	}
	result = task_await_future(future, NULL);
	error = errno;
	if (result == -1)
		hki_release_job(future, q);
	reactor_future_detach(future);
	errno = error;
	return result;
}
