/*
 * SPDX-License-Identifier: ISC
 *
 * busy_run.c: does the tasks, in sequence and on an executor, and takes the
 * time.
 */
#include <sys/resource.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "demos/busy.h"
#include "demos/demo.h"

/* ---- The clocks ---------------------------------------------------------- */

/* Of all the threads of this process. */
static int64_t
br_cpu(void)
{
	struct rusage usage;

	(void)getrusage(RUSAGE_SELF, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) *
	    REACTOR_SECOND +
	    (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
}

static void
br_begin(struct busy_run *run)
{
	run->cpu = br_cpu();
	run->begin = demo_now();
}

static void
br_end(struct busy_run *run)
{
	run->end = demo_now();
	run->cpu = br_cpu() - run->cpu;
}

static void
br_forget(const struct busy *b)
{
	double cached, most = 0;
	long i;

	if (!b->forget)
		return;
	for (i = 0; i < b->ntasks; i++) {
		cached = busy_forget(&b->task[i]);
		most = cached > most ? cached : most;
	}
	if (most > 0.1)
		demo_warn("the cache keeps %.0f %% of a file", 100 * most);
}

/* ---- In sequence --------------------------------------------------------- */

void
busy_run_sequence(struct busy *b)
{
	long i;

	br_forget(b);
	br_begin(&b->sequence);
	for (i = 0; i < b->ntasks; i++) {
		demo_progress("in sequence: task %ld of %ld", i + 1, b->ntasks);
		if (b->function(&b->task[i], &b->sequence.log[i]) == -1)
			demo_fail("task %ld: %s", i + 1, strerror(errno));
	}
	br_end(&b->sequence);
	demo_progress_end();
}

/* ---- On an executor ------------------------------------------------------ */

/* The bytes of a result, which may have come from another process. */
static void
br_take(struct busy *b, long i, struct reactor_future *future)
{
	struct busy_log *log = &b->pool.log[i];
	struct reactor_outcome outcome;
	size_t size;

	reactor_future_peek(future, &outcome);
	if (outcome.error != 0)
		demo_fail("task %ld: %s", i + 1, outcome.text);
	memcpy(&log->done, outcome.bytes, sizeof(log->done));
	size = log->done.nsegments * sizeof(*log->segments);
	log->segments = malloc(size + 1);
	if (log->segments == NULL)
		demo_fail("%s", strerror(ENOMEM));
	memcpy(log->segments, (const char *)outcome.bytes + sizeof(log->done),
	    size);
	b->pool.worker[i] = outcome.worker;
	if (log->done.value != b->sequence.log[i].done.value)
		demo_fail("task %ld: not the same result as before", i + 1);
}

static void
br_submit(struct busy *b, struct reactor_executor *executor,
    struct reactor_future **future)
{
	char name[32];
	const struct reactor_job_attributes attributes = { .name = name };
	long i;

	for (i = 0; i < b->ntasks; i++) {
		(void)snprintf(name, sizeof(name), "task %ld", i + 1);
		future[i] = reactor_submit_with(executor, b->job, &b->task[i],
		    sizeof(b->task[i]), &attributes);
		if (future[i] == NULL)
			demo_fail("task %ld: %s", i + 1, strerror(errno));
	}
}

/* Each as it is done. */
static void
br_results(struct busy *b, struct reactor_future **future)
{
	struct reactor_series *series =
	    reactor_series_open(future, (size_t)b->ntasks, -1);
	struct reactor_future *next;
	long i;

	if (series == NULL)
		demo_fail("reactor_series_open: %s", strerror(errno));
	while (reactor_series_next(series, &next) == 1)
		for (i = 0; i < b->ntasks; i++)
			if (future[i] == next) {
				br_take(b, i, next);
				busy_print_task(b, &b->pool, i);
			}
	reactor_series_close(series);
}

void
busy_run_executor(struct busy *b, struct reactor_executor *executor)
{
	struct reactor_future *future[BUSY_TASKS];
	long i;

	br_forget(b);
	br_begin(&b->pool);
	br_submit(b, executor, future);
	br_results(b, future);
	br_end(&b->pool);
	/* What others used, they told. */
	for (i = 0; strcmp(b->kind, "processes") == 0 && i < b->ntasks; i++)
		b->pool.cpu += b->pool.log[i].done.cpu;
	reactor_executor_stats(executor, &b->statistics);
	for (i = 0; i < b->ntasks; i++)
		reactor_future_detach(future[i]);
}
