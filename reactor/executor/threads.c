/*
 * SPDX-License-Identifier: ISC
 *
 * threads.c: the kind of executor whose workers run the jobs themselves.
 */
#include <stddef.h>
#include <string.h>
#include "reactor/executor/pool.h"
#include "reactor/executor/system.h"

/* As in Python: more than processors, since many jobs wait, but not too many. */
static unsigned
xt_workers(void)
{
	unsigned n = reactor__processors() + 4;

	return n < 32 ? n : 32;
}

static int
xt_check(struct reactor_executor *pool, reactor_job_fn *function)
{
	(void)pool;
	(void)function;
	return 0; /* it is where we are */
}

/* Runs the initializer. */
static int
xt_ready(struct reactor__worker *w)
{
	const struct reactor_executor_options *options = &w->pool->options;
	static const int nobody_asks;
	struct reactor__result result;
	struct reactor_job *job = &w->job;

	w->prepared = 1;
	if (options->initialize == NULL)
		return 0;
	memset(job, 0, sizeof(*job));
	job->argument = (void *)(uintptr_t)options->argument;
	job->size = options->size;
	job->name = "initialize";
	job->worker = w->number;
	job->asked = &nobody_asks;
	reactor__job_run(job, options->initialize, &result);
	if (result.error != 0)
		reactor__executor_break(w->pool, ENOTRECOVERABLE,
		    "the initializer failed: %s",
		    result.size > 0 ? (const char *)result.bytes
				    : "no memory for the words");
	reactor__result_free(&result);
	return result.error != 0 ? -1 : 0;
}

static void
xt_run(struct reactor__worker *w, struct reactor__result *result)
{
	struct reactor_future *f = w->future;
	struct reactor_job *job = &w->job;

	memset(job, 0, sizeof(*job));
	job->argument = f->argument;
	job->size = f->size;
	job->name = f->name;
	job->worker = w->number;
	job->asked = &f->asked;
	reactor__job_run(job, f->function, result);
}

static void
xt_end(struct reactor__worker *w)
{
	(void)w;
}

const struct reactor__executor_kind reactor__threads = {
	.name = "threads",
	.watched = 1,
	.workers = xt_workers,
	.check = xt_check,
	.ready = xt_ready,
	.run = xt_run,
	.end = xt_end,
};
