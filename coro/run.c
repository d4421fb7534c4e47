/*
 * SPDX-License-Identifier: ISC
 *
 * run.c: tasks come to a loop, and leave it: task_begin, task_end, and task_run,
 * which is both with a main task between them.
 */
#include <pthread.h>
#include <string.h>
#include "coro/schedule.h"
#include "coro/stack.h"

#define RU_GRACE (10 * REACTOR_SECOND)
#define RU_LONG  (3600 * REACTOR_SECOND)

/* All loops of the process that have tasks: for debuggers. */
struct reactor_link task__loops;
static pthread_mutex_t ru_lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- Beginning ----------------------------------------------------------- */

static int
ru_open(struct task__loop *loop, struct reactor *r)
{
	const struct task_options *options = &loop->options;

	loop->reactor = r;
	if (coro__flow_check(options->flags) == -1)
		return -1;
	loop->stack_size = coro__stack_size(options->stack_size);
	if (loop->stack_size == 0)
		return -1;
	loop->context = coro__context_choose(options->context);
	if (loop->context == NULL)
		return -1;
	if (coro__flow_prepare(options->flags) == -1)
		return -1;
	loop->looked = reactor__clock(REACTOR__COARSE);
	loop->traced = reactor_traced(r) != 0;
	loop->all.next = loop->all.prev = &loop->all;
	return task__schedule_start(loop);
}

int
task_begin(struct reactor *r, const struct task_options *options)
{
	static const struct task_options none;
	struct task__loop *loop;

	if (options == NULL)
		options = &none;
	if (coro__here.tasks != NULL) {
		errno = EBUSY;
		return -1;
	}
	loop = reactor__allocate(NULL, sizeof(*loop));
	if (loop == NULL)
		return -1;
	memset(loop, 0, sizeof(*loop));
	loop->options = *options;
	if (ru_open(loop, r) == -1) {
		(void)reactor__allocate(loop, 0);
		return -1;
	}
	(void)pthread_mutex_lock(&ru_lock);
	task__list_append(&task__loops, &loop->loops);
	(void)pthread_mutex_unlock(&ru_lock);
	coro__here.tasks = loop;
	return 0;
}

/* ---- Ending -------------------------------------------------------------- */

static void
ru_cancel_all(struct task__loop *loop)
{
	struct reactor_link *link, *next;

	for (link = loop->all.next; link != &loop->all; link = next) {
		next = link->next;
		(void)task_cancel(REACTOR_OWNER(link, struct task, all));
	}
}

static void
ru_time_is_up(struct reactor *r, struct reactor_timer *timer)
{
	(void)timer;
	coro__here.tasks->ending = 2;
	reactor_stop(r);
}

/* Runs the loop until all tasks have ended, or their time is up. */
static void
ru_wait_for_all(struct task__loop *loop)
{
	int64_t grace =
	    loop->options.grace != 0 ? loop->options.grace : RU_GRACE;
	struct reactor_timer timer = {
		.event = { .name = "grace", .flags = REACTOR_BACKGROUND },
		.callback = ru_time_is_up,
	};

	if (grace > 0 &&
	    reactor_timer_start(loop->reactor, &timer, grace) == -1)
		grace = 0; /* no memory: those who are ready run, and no wait */
	while (loop->tasks > 0 && loop->ending == 1 && loop->stuck != 2 &&
	    (grace != 0 || loop->ready != NULL))
		/* Background tasks are waited for as well: hence a time. */
		if (reactor_run_once(loop->reactor, grace != 0 ? RU_LONG : 0) ==
		    -1)
			break;
	reactor_timer_stop(loop->reactor, &timer);
}

static void
ru_abandon_all(struct task__loop *loop)
{
	struct reactor_link *link;

	if (loop->tasks > 0)
		task__report_all(
		    loop, "tasks that were cancelled have not ended in time");
	while ((link = task__list_first(&loop->all)) != NULL)
		task__abandon(loop, REACTOR_OWNER(link, struct task, all));
}

static void
ru_close(struct task__loop *loop)
{
	(void)pthread_mutex_lock(&ru_lock);
	task__list_remove(&loop->loops);
	(void)pthread_mutex_unlock(&ru_lock);
	task__schedule_stop(loop);
	task__descriptors_end(loop);
	task__chunks_free(loop);
	(void)reactor__allocate(loop, 0);
	coro__here.tasks = NULL;
}

/* 0; EDEADLK: tasks were stuck; ETIMEDOUT: some had to be abandoned. */
static int
ru_end(struct task__loop *loop)
{
	int stuck = loop->stuck == 2, result = 0;

	loop->stuck = 0;
	loop->ending = 1;
	ru_cancel_all(loop);
	ru_wait_for_all(loop);
	if (loop->tasks > 0)
		result = ETIMEDOUT;
	ru_abandon_all(loop);
	ru_close(loop);
	return stuck ? EDEADLK : result;
}

int
task_end(struct reactor *r)
{
	struct task__loop *loop = coro__here.tasks;
	int64_t unused;
	int error;

	if (loop == NULL || loop->reactor != r) {
		errno = EINVAL;
		return -1;
	}
	/* In a callback the tasks could not be waited for. */
	if (reactor_next(r, &unused) == -1 && errno == EBUSY)
		return -1;
	error = ru_end(loop);
	if (error == 0)
		return 0;
	errno = error;
	return -1;
}

struct reactor *
task_reactor(void)
{
	return coro__here.tasks != NULL ? coro__here.tasks->reactor : NULL;
}

/* ---- Both, with main between them ---------------------------------------- */

/* reactor_stop by anybody but us means: main, come to an end. */
static int
ru_drive(struct task__loop *loop, struct task *main)
{
	int result = 0;

	while (result == 0 && main->state == TASK_PENDING && loop->stuck != 2) {
		result = reactor_run(loop->reactor);
		if (main->state == TASK_PENDING)
			(void)task_cancel(main);
	}
	return result;
}

static intptr_t
ru_main(struct task__loop *loop, task_fn *function, void *argument)
{
	struct task *main =
	    task_spawn_at(NULL, function, argument, NULL, "main", "task_run");
	struct task_outcome outcome = { TASK_PENDING, 0, 0 };
	int failed, error;

	if (main == NULL) {
		error = errno;
		(void)ru_end(loop);
		errno = error;
		return -1;
	}
	loop->main = main;
	failed = ru_drive(loop, main) == -1 ? errno : 0;
	loop->main = NULL;
	/* Before its end it may still come to a result. */
	task_peek(main, &outcome);
	task_detach(main);
	error = ru_end(loop);
	if (failed == 0 && error == EDEADLK)
		failed = error;
	if (failed == 0 && outcome.state != TASK_DONE)
		failed =
		    outcome.state == TASK_FAILED ? outcome.error : ECANCELED;
	errno = failed;
	return failed != 0 ? -1 : outcome.result;
}

intptr_t
task_run(task_fn *main, void *argument, const struct task_options *options)
{
	struct reactor_options open = {
		.backend = options != NULL ? options->backend : NULL,
		.trace = options != NULL ? options->trace : NULL,
	};
	int error = errno, failed;
	struct reactor *r;
	intptr_t result;

	if (coro__here.tasks != NULL) {
		errno = EBUSY;
		return -1;
	}
	r = reactor_open(&open);
	if (r == NULL)
		return -1;
	if (task_begin(r, options) == -1) {
		failed = errno;
		(void)reactor_close(r);
		errno = failed;
		return -1;
	}
	result = ru_main(coro__here.tasks, main, argument);
	failed = errno;
	(void)reactor_close(r);
	errno = result == -1 && failed != 0 ? failed : error;
	return result;
}
