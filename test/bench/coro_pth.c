/*
 * SPDX-License-Identifier: ISC
 *
 * coro_pth.c: GNU Pth as a contestant.  What waits for an event is looked at
 * in every step of its scheduler, so those that are to be suspended are so by
 * pth_suspend: else 100,000 would take hours.
 */
#include <pth.h>
#include <stdint.h>
#include "test/bench/coros.h"

#define PATHS_YIELD() ((void)pth_yield(NULL))

#include "test/bench/paths.h"

static pth_attr_t pt_detached;
static size_t pt_left;

static int
pt_open(const char *kind)
{
	(void)kind;
	if (!pth_init())
		bench_die("pth_init");
	pt_detached = pth_attr_new();
	(void)pth_attr_set(pt_detached, PTH_ATTR_JOINABLE, 0);
	return 0;
}

static void
pt_run(void (*work)(void))
{
	work();
}

static pth_t
pt_start(pth_attr_t attributes, void *(*body)(void *), size_t i)
{
	pth_t thread = pth_spawn(attributes, body, (void *)(uintptr_t)i);

	if (thread == NULL)
		bench_die("pth_spawn");
	return thread;
}

static void *
pt_path(void *argument)
{
	paths_run((size_t)(uintptr_t)argument);
	return NULL;
}

static void
pt_ready(size_t n)
{
	pth_t *threads = bench_zeros(n, sizeof(*threads));
	size_t i;

	for (i = 0; i < n; i++)
		threads[i] = pt_start(PTH_ATTR_DEFAULT, pt_path, i);
	for (i = 0; i < n; i++)
		(void)pth_join(threads[i], NULL);
}

static void *
pt_nothing(void *argument)
{
	pt_left--;
	return argument;
}

static void
pt_spawn(size_t n, size_t times)
{
	size_t i;

	for (; times > 0; times--) {
		pt_left = n;
		for (i = 0; i < n; i++)
			(void)pt_start(pt_detached, pt_nothing, i);
		while (pt_left > 0)
			(void)pth_yield(NULL);
	}
}

static void *
pt_suspended(void *argument)
{
	pt_left--;
	(void)pth_yield(NULL);
	return argument;
}

static void
pt_park(size_t n)
{
	pth_t thread;

	for (pt_left = n; n > 0; n--) {
		thread = pt_start(pt_detached, pt_suspended, n);
		while (pt_left == n)
			(void)pth_yield(thread);
		if (!pth_suspend(thread))
			bench_die("pth_suspend");
	}
}

const struct coros_contestant coros_contestant = {
	.slower = 200,
	.open = pt_open,
	.run = pt_run,
	.ready = pt_ready,
	.spawn = pt_spawn,
	.park = pt_park,
};
