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

/* ---- Running ------------------------------------------------------------- */

static void
xt_drop(void *result)
{
	reactor__result_free(result);
}

/*
 * While the function runs its thread can be cancelled, as any other; whoever
 * wants that at its end shall have it here, and not in the next job.
 */
static void
xt_function(struct reactor__worker *w, reactor_job_fn *function,
    struct reactor__result *result)
{
	int was;

	(void)pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &was);
	reactor__job_run(&w->job, function, result);
	pthread_cleanup_push(xt_drop, result);
	pthread_testcancel();
	pthread_cleanup_pop(0);
	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &was);
}

static void
xt_failed(struct reactor__worker *w, const struct reactor__result *result)
{
	reactor__executor_break(w->pool, ENOTRECOVERABLE,
	    "the initializer failed: %s", reactor__result_words(result));
}

static void
xt_initialize(struct reactor__worker *w, struct reactor__result *result)
{
	const struct reactor_executor_options *options = &w->pool->options;
	struct reactor_job *job = &w->job;

	memset(job, 0, sizeof(*job));
	job->argument = w->argument;
	if (options->size > 0)
		memcpy(w->argument, options->argument, options->size);
	job->size = options->size;
	job->name = "initialize";
	job->worker = w->number;
	job->asked = &w->pool->killed;
	xt_function(w, options->initialize, result);
}

static int
xt_ready(struct reactor__worker *w)
{
	const struct reactor_executor_options *options = &w->pool->options;
	struct reactor__result result;
	int error;

	if (options->initialize == NULL) {
		w->prepared = 1;
		return 0;
	}
	/* It may keep that, as long as the thread lives. */
	w->argument = reactor__allocate(NULL, options->size + 1);
	if (w->argument != NULL)
		xt_initialize(w, &result);
	else
		reactor__result_fail(&result, ENOMEM, NULL);
	w->prepared = 1;
	error = result.error;
	if (error != 0)
		xt_failed(w, &result);
	reactor__result_free(&result);
	return error != 0 ? -1 : 0;
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
	xt_function(w, f->function, result);
}

static void
xt_end(struct reactor__worker *w)
{
	(void)w;
}

const struct reactor__executor_kind reactor__threads = {
	.name = "threads",
	.threads = 1,
	.workers = xt_workers,
	.check = xt_check,
	.ready = xt_ready,
	.run = xt_run,
	.end = xt_end,
};
