/*
 * SPDX-License-Identifier: ISC
 *
 * exec_uv.c: libuv as a contestant: uv_queue_work, which has only its loop to
 * wait in.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>
#include "test/bench/executors.h"

struct eu_work {
	uv_work_t work; /* must be first */
	uint64_t number;
};

static uv_loop_t eu_loop;
static size_t eu_left;
static uint64_t eu_sum;

static int
eu_open(const char *kind, unsigned workers)
{
	char text[16];

	if (strcmp(kind, "threads") != 0)
		return -1;
	(void)snprintf(text, sizeof(text), "%u", workers);
	(void)setenv("UV_THREADPOOL_SIZE", text, 1);
	return uv_loop_init(&eu_loop) == 0 ? 0 : -1;
}

static void
eu_close(void)
{
	(void)uv_loop_close(&eu_loop);
}

static void
eu_nothing(uv_work_t *work)
{
	(void)work;
}

static void eu_done(uv_work_t *, int status);

/* As the others, which have to allocate what stands for a job. */
static void
eu_next(void)
{
	struct eu_work *w = bench_zeros(1, sizeof(*w));

	eu_left--;
	if (uv_queue_work(&eu_loop, &w->work, eu_nothing, eu_done) != 0)
		bench_die("uv_queue_work");
}

static void
eu_done(uv_work_t *work, int status)
{
	(void)status;
	free(work);
	if (eu_left > 0)
		eu_next();
}

static void
eu_run(size_t n, size_t ahead)
{
	eu_left = n;
	while (ahead-- > 0)
		eu_next();
	(void)uv_run(&eu_loop, UV_RUN_DEFAULT);
}

static void
eu_work(uv_work_t *work)
{
	struct eu_work *w = (struct eu_work *)work;

	w->number = executors_crunch(w->number);
}

static void
eu_worked(uv_work_t *work, int status)
{
	(void)status;
	eu_sum += ((struct eu_work *)work)->number;
	free(work);
}

static uint64_t
eu_crunch(size_t n)
{
	struct eu_work *w;
	size_t i;

	for (i = 0; i < n; i++) {
		w = bench_zeros(1, sizeof(*w));
		w->number = i;
		if (uv_queue_work(&eu_loop, &w->work, eu_work, eu_worked) != 0)
			bench_die("uv_queue_work");
	}
	(void)uv_run(&eu_loop, UV_RUN_DEFAULT);
	return eu_sum;
}

const struct executors_contestant executors_contestant = {
	.open = eu_open,
	.loop = eu_run,
	.crunch = eu_crunch,
	.close = eu_close,
};
