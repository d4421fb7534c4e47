/*
 * SPDX-License-Identifier: ISC
 *
 * strike.h: runs a small program of tasks in which one is cancelled at the first
 * switch from one to another; then, from the beginning, at the second; and so on
 * to the end; and the same for each of its tasks.
 */
#ifndef TEST_STRIKE_H
#define TEST_STRIKE_H

#include <pthread.h>
#include "coro/schedule.h"
#include "test/tasks.h"

/* ---- Striking ------------------------------------------------------------ */

enum { VICTIMS = 8 };

static struct {
	long at, switches; /* when; how many there were until now */
	int who;           /* in tasks */
	struct task *tasks[VICTIMS];
	int struck;
} plan;

static const struct coro__context *real;
static struct coro__context counting;

#ifdef CORO__TSAN
__attribute__((no_sanitize("thread")))
#endif
static void
counted_swap(void **from, void *to)
{
	struct task *t = plan.tasks[plan.who];

	if (++plan.switches == plan.at) {
		plan.struck = 1;
		if (t != NULL)
			(void)task_cancel(t);
	}
	real->swap(from, to);
}

/* From here on switches are counted. */
static void
plan_begin(void)
{
	struct task__loop *loop = coro__here.tasks;

	real = loop->context;
	counting = *real;
	counting.swap = counted_swap;
	loop->context = &counting;
	plan.tasks[0] = task_self();
}

/* A task of the group; one that can be struck, if there is room. */
static struct task *
plan_spawn(struct task_group *group, task_fn *function, void *argument)
{
	struct task *t = task_group_spawn(group, function, argument);
	int i;

	if (t == NULL)
		CHECK(errno == ESHUTDOWN);
	for (i = 1; i < VICTIMS && plan.tasks[i] != NULL; i++)
		continue;
	if (i < VICTIMS)
		plan.tasks[i] = t;
	return t;
}

/* All of them come to an end; what main returns then. */
static int
plan_leave(struct task_group *group)
{
	int result = task_group_leave(group, NULL, 0), i;

	if (result == -1)
		CHECK(errno == ECANCELED && plan.struck);
	for (i = 1; i < VICTIMS; i++) {
		if (plan.tasks[i] == NULL)
			continue;
		CHECK(tasks_state(plan.tasks[i]) != TASK_PENDING);
		task_detach(plan.tasks[i]);
	}
	memset(plan.tasks, 0, sizeof(plan.tasks));
	return plan.who == 0 ? result : 0;
}

/* When one of them was struck, the others may have nothing to wait for. */
static void
plan_watch(struct task_group *group, size_t n)
{
	struct task_series *series = NULL;
	struct task *t;
	size_t i;

	for (i = 1; i <= n && plan.tasks[i] != NULL; i++)
		continue;
	if (i > n)
		series = task_series_open(plan.tasks + 1, n);
	while (series != NULL && task_series_next(series, &t, -1) == 1)
		if (tasks_state(t) == TASK_CANCELLED)
			task_group_cancel(group);
	if (series == NULL)
		task_group_cancel(group);
	task_series_close(series);
}

/* ---- All of it again and again ------------------------------------------- */

struct program {
	void (*begin)(void); /* outside of tasks, as is end */
	task_fn *main;
	void (*end)(void);
	int victims;
};

static atomic_long live; /* jobs of threads allocate as well */

static void *
resize(void *memory, size_t size)
{
	void *new;

	if (size == 0) {
		live -= memory != NULL;
		free(memory);
		return NULL;
	}
	new = realloc(memory, size);
	live += memory == NULL && new != NULL;
	return new;
}

static int open_now;

static void
count_one(int fd)
{
	(void)fd;
	open_now++;
}

/* In a thread of its own, as stacks are kept as long as that. */
static void *
run(void *argument)
{
	const struct program *program = argument;
	intptr_t result;

	result = task_run(program->main, NULL, &tasks_options);
	if (result == -1) {
		tasks_skip();
		CHECK_INT(errno, ECANCELED);
		CHECK(plan.who == 0 && plan.struck);
	}
	return NULL;
}

static void
run_alone(const struct program *program, long at, int who)
{
	pthread_t thread;
	int before;

	open_now = 0;
	test_descriptors(count_one);
	before = open_now;
	memset(&plan, 0, sizeof(plan));
	plan.at = at;
	plan.who = who;
	program->begin();
	CHECK_INT(
	    pthread_create(&thread, NULL, run, (void *)(uintptr_t)program), 0);
	CHECK_INT(pthread_join(thread, NULL), 0);
	program->end();
	CHECK_STR(tasks_text, "");
	CHECK_INT(live, 0);
	open_now = 0;
	test_descriptors(count_one);
	CHECK_INT(open_now, before);
}

static void
strike(void)
{
	const struct program *program = test_case->data;
	long at;
	int who;

	reactor_set_allocator(resize);
	signal(SIGPIPE, SIG_IGN);
	run_alone(program, 0, 0);
	printf("# %ld switches\n", plan.switches);
	CHECK(plan.switches > 10);
	for (who = 0; who < program->victims; who++)
		for (at = 1;; at++) {
			run_alone(program, at, who);
			if (!plan.struck)
				break;
		}
}

#endif
