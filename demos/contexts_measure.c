/*
 * SPDX-License-Identifier: ISC
 *
 * contexts_measure.c: runs generators and tasks on each context.  The contexts
 * take turns, round by round, so that a busy machine hurts all alike.
 */
#include <errno.h>
#include <string.h>
#include "demos/contexts.h"

enum {
	CE_GENERATOR = 20000, /* times in and out */
	CE_SWITCHES = 20000,  /* at least */
	CE_SPAWNS = 2000
};

#define CE_STEP  REACTOR_SECOND /* how long the rounds of one may take */
#define CE_LEAST 3              /* rounds, however long */

static double ce_value[CONTEXTS_MOST][CONTEXTS_ROUNDS];

void
contexts_run(
    const struct contexts *c, size_t k, task_fn *function, void *argument)
{
	const struct task_options options = {
		.backend = c->backend, .context = c->one[k].is.name, .trace = ""
	};

	if (task_run(function, argument, &options) == -1)
		demo_fail("%s: %s", c->one[k].is.name, strerror(errno));
}

/* ---- Generators ---------------------------------------------------------- */

static intptr_t
ce_yields(void *argument)
{
	(void)argument;
	while (coro_yield(NULL, NULL) == 0)
		continue;
	return 0;
}

static double
ce_generator(const struct contexts *c, size_t k)
{
	const struct coro_options options = { .context = c->one[k].is.name };
	struct coro *generator = coro_new(ce_yields, NULL, &options);
	int64_t begin = 0;
	int i;

	if (generator == NULL)
		demo_fail("%s: %s", c->one[k].is.name, strerror(errno));
	for (i = -100; i < CE_GENERATOR; i++) {
		if (i == 0)
			begin = demo_now();
		(void)coro_next(generator, NULL);
	}
	begin = demo_now() - begin;
	(void)coro_free(generator);
	return (double)begin / CE_GENERATOR;
}

/* ---- Tasks that take turns ----------------------------------------------- */

struct ce_ring {
	long tasks;
	int over;
	double each; /* ns for a switch */
};

static intptr_t
ce_member(void *argument)
{
	const struct ce_ring *ring = argument;

	while (!ring->over)
		if (task_yield() == -1)
			return -1;
	return 0;
}

/* Round and round: of some laps only the others are counted. */
static double
ce_laps(long laps)
{
	struct task_statistics before, after;
	int64_t begin;
	int i;

	for (i = 0; i < 2; i++)
		(void)task_yield();
	task_stats(&before);
	begin = demo_now();
	while (laps-- > 0)
		(void)task_yield();
	begin = demo_now() - begin;
	task_stats(&after);
	return (double)begin / (double)(after.switches - before.switches);
}

static intptr_t
ce_ring(void *argument)
{
	struct ce_ring *ring = argument;
	struct task_group group;
	struct task *t;
	long i;

	if (task_group_enter(&group, TASK_FAIL_FAST) == -1)
		return -1;
	for (i = 1; i < ring->tasks; i++) { /* we are one of them */
		t = task_group_spawn(&group, ce_member, ring);
		if (t == NULL)
			demo_fail(
			    "%ld tasks: %s", ring->tasks, strerror(errno));
		task_detach(t);
	}
	ring->each = ce_laps(CE_SWITCHES / ring->tasks + 1);
	ring->over = 1;
	return task_group_leave(&group, NULL, 0);
}

static double
ce_task(const struct contexts *c, size_t k, long tasks)
{
	struct ce_ring ring = { .tasks = tasks };

	contexts_run(c, k, ce_ring, &ring);
	return ring.each;
}

/* ---- Tasks that come and go ---------------------------------------------- */

static intptr_t
ce_nothing(void *argument)
{
	(void)argument;
	return 0;
}

static intptr_t
ce_spawns(void *argument)
{
	double *each = argument;
	int64_t begin = 0;
	struct task *t;
	int i;

	for (i = -100; i < CE_SPAWNS; i++) {
		if (i == 0)
			begin = demo_now();
		t = task_spawn(ce_nothing, NULL);
		if (t == NULL || task_await(t, NULL) == -1)
			return -1;
		task_detach(t);
	}
	*each = (double)(demo_now() - begin) / CE_SPAWNS;
	return 0;
}

static double
ce_spawn(const struct contexts *c, size_t k)
{
	double each = 0;

	contexts_run(c, k, ce_spawns, &each);
	return each;
}

/* ---- All of it, in turns ------------------------------------------------- */

enum ce_what { CE_OF_GENERATOR, CE_OF_SPAWN, CE_OF_TASK };

static double
ce_one(const struct contexts *c, size_t k, enum ce_what what, long tasks)
{
	return what == CE_OF_GENERATOR ? ce_generator(c, k)
	    : what == CE_OF_SPAWN      ? ce_spawn(c, k)
				       : ce_task(c, k, tasks);
}

/* Returns how many rounds there were. */
static size_t
ce_rounds(const struct contexts *c, enum ce_what what, long tasks)
{
	int64_t begin = demo_now();
	size_t i, k, which;

	for (i = 0; i < (size_t)c->rounds; i++) {
		if (i >= CE_LEAST && demo_now() - begin > CE_STEP)
			break;
		for (k = 0; k < c->n; k++) {
			which = (i + k) % c->n;
			ce_value[which][i] = ce_one(c, which, what, tasks);
		}
	}
	return i;
}

static void
ce_steps(struct contexts *c)
{
	long n;

	c->step[c->nsteps++] = 2;
	for (n = 10; n < c->most; n = n % 9 == 1 ? 3 * n : n / 3 * 10)
		c->step[c->nsteps++] = n;
	if (c->most > 2)
		c->step[c->nsteps++] = c->most;
}

void
contexts_measure(struct contexts *c)
{
	size_t step, k, n;

	ce_steps(c);
	demo_progress("memory and system calls...");
	for (k = 0; k < c->n; k++) {
		c->one[k].calls = contexts_calls(c->one[k].is.name);
		contexts_memory(c, k);
	}
	demo_progress("generators...");
	n = ce_rounds(c, CE_OF_GENERATOR, 0);
	for (k = 0; k < c->n; k++)
		figure_make(&c->one[k].generator, ce_value[k], n);
	demo_progress("tasks that come and go...");
	n = ce_rounds(c, CE_OF_SPAWN, 0);
	for (k = 0; k < c->n; k++)
		figure_make(&c->one[k].spawn, ce_value[k], n);
	for (step = 0; step < c->nsteps; step++) {
		demo_progress("%zu of %zu: %ld tasks take turns...", step + 1,
		    c->nsteps, c->step[step]);
		n = ce_rounds(c, CE_OF_TASK, c->step[step]);
		for (k = 0; k < c->n; k++)
			figure_make(&c->one[k].task[step], ce_value[k], n);
	}
}
