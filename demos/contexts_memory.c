/*
 * SPDX-License-Identifier: ISC
 *
 * contexts_memory.c: what many tasks need that wait, and what a stack is like.
 */
#include <pthread.h>
#include <string.h>
#include <unistd.h>
#include "demos/contexts.h"

struct cf_memory {
	const struct contexts *c;
	size_t k;
	struct coro_stack_info stack;
	double each; /* bytes */
};

/* Of the process, in bytes, if the system tells. */
static double
cf_resident(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long all, resident = 0;

	if (f == NULL)
		return 0;
	if (fscanf(f, "%ld %ld", &all, &resident) != 2)
		resident = 0;
	(void)fclose(f);
	return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

static intptr_t
cf_waits(void *argument)
{
	return task_event_wait(argument);
}

static intptr_t
cf_crowd(void *argument)
{
	struct cf_memory *m = argument;
	struct task_event event = { .set = 0 };
	long tasks = m->c->most, i;
	double before = cf_resident();
	struct task *t;

	for (i = 0; i < tasks; i++) {
		t = task_spawn(cf_waits, &event);
		if (t == NULL)
			return -1;
		task_detach(t);
	}
	(void)task_yield(); /* now all of them wait */
	m->each = (cf_resident() - before) / (double)tasks;
	(void)task_stack(task_self(), &m->stack);
	task_event_set(&event);
	return 0;
}

static void *
cf_thread(void *argument)
{
	struct cf_memory *m = argument;

	contexts_run(m->c, m->k, cf_crowd, m);
	return NULL;
}

/* In a thread of its own, which begins without stacks. */
void
contexts_memory(struct contexts *c, size_t k)
{
	struct cf_memory m = { .c = c, .k = k };
	struct contexts_one *one = &c->one[k];
	pthread_t thread;
	int error = pthread_create(&thread, NULL, cf_thread, &m);

	if (error != 0)
		demo_fail("pthread_create: %s", strerror(error));
	(void)pthread_join(thread, NULL);
	one->stack = m.stack;
	if (m.each > 0)
		figure_make(&one->memory, &m.each, 1);
}
