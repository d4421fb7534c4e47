/*
 * SPDX-License-Identifier: ISC
 *
 * exec_reactor.c: this library as a contestant: executors of both kinds.
 */
#include <stdlib.h>
#include <string.h>
#include <reactor/executor.h>
#include "test/bench/executors.h"

static struct reactor_executor *er_pool;

static int
er_open(const char *kind, unsigned workers)
{
	const struct reactor_executor_options options = { .kind = kind,
		.workers = workers };

	er_pool = reactor_executor_open(&options);
	return er_pool != NULL ? 0 : -1;
}

static void
er_close(void)
{
	if (reactor_executor_close(er_pool, -1) == -1)
		bench_die("reactor_executor_close");
}

static struct reactor_future *
er_submit(reactor_job_fn *function, const void *bytes, size_t size)
{
	struct reactor_future *f =
	    reactor_submit(er_pool, function, bytes, size);

	if (f == NULL)
		bench_die("reactor_submit");
	return f;
}

static int
er_nothing(struct reactor_job *job)
{
	(void)job;
	return 0;
}

/* ---- A thread waits ------------------------------------------------------ */

static void
er_await(struct reactor_future *f)
{
	if (reactor_future_wait(f, -1, NULL) == -1)
		bench_die("reactor_future_wait");
	reactor_future_detach(f);
}

static void
er_wait(size_t n, size_t ahead)
{
	struct reactor_future **ring = bench_zeros(ahead, sizeof(*ring));
	size_t i;

	for (i = 0; i < n; i++) {
		if (i >= ahead)
			er_await(ring[i % ahead]);
		ring[i % ahead] = er_submit(er_nothing, NULL, 0);
	}
	for (i = n; i < n + ahead; i++)
		er_await(ring[i % ahead]);
	free(ring);
}

/* ---- A loop calls back --------------------------------------------------- */

static size_t er_left;

static void er_done(struct reactor *, struct reactor_done *);

static void
er_next(struct reactor *r, struct reactor_done *done)
{
	done->callback = er_done;
	done->future = er_submit(er_nothing, NULL, 0);
	if (reactor_done_start(r, done) == -1)
		bench_die("reactor_done_start");
	er_left--;
}

static void
er_done(struct reactor *r, struct reactor_done *done)
{
	reactor_future_detach(done->future);
	if (er_left > 0)
		er_next(r, done);
}

/* Ends with the last handler. */
static void
er_loop(size_t n, size_t ahead)
{
	struct reactor_done *done = bench_zeros(ahead, sizeof(*done));
	struct reactor *r = reactor_open(NULL);
	size_t i;

	if (r == NULL)
		bench_die("reactor_open");
	er_left = n;
	for (i = 0; i < ahead; i++)
		er_next(r, &done[i]);
	if (reactor_run(r) == -1)
		bench_die("reactor_run");
	(void)reactor_close(r);
}

/* ---- Work ---------------------------------------------------------------- */

static int
er_work(struct reactor_job *job)
{
	uint64_t number;

	memcpy(&number, job->argument, sizeof(number));
	number = executors_crunch(number);
	return reactor_job_return(job, &number, sizeof(number));
}

static uint64_t
er_crunch(size_t n)
{
	struct reactor_future **all = bench_zeros(n, sizeof(*all));
	struct reactor_outcome outcome;
	uint64_t number, sum = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		number = i;
		all[i] = er_submit(er_work, &number, sizeof(number));
	}
	for (i = 0; i < n; i++) {
		if (reactor_future_wait(all[i], -1, &outcome) == -1 ||
		    outcome.size != sizeof(number))
			bench_die("reactor_future_wait");
		memcpy(&number, outcome.bytes, sizeof(number));
		sum += number;
		reactor_future_detach(all[i]);
	}
	return sum;
}

const struct executors_contestant executors_contestant = {
	.open = er_open,
	.wait = er_wait,
	.loop = er_loop,
	.crunch = er_crunch,
	.close = er_close,
};
