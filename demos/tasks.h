/*
 * SPDX-License-Identifier: ISC
 *
 * tasks.h: what servers made of tasks have in common: how they begin, how they
 * get their guests, and how they end.
 */
#ifndef DEMOS_TASKS_H
#define DEMOS_TASKS_H

#include <signal.h>
#include <coro/task.h>
#include "demos/demo.h"
#include "demos/listen.h"

/* ---- The beginning ------------------------------------------------------- */

/* Runs main as the first task; what cannot be had here ends the program. */
static inline int
tasks_run(task_fn *main, void *argument, const struct task_options *options)
{
	intptr_t status = task_run(main, argument, options);

	if (status != -1)
		return (int)status;
	if (reactor_error()[0] != '\0')
		errx(1, "%s", reactor_error());
	if (coro_error()[0] != '\0')
		errx(1, "%s", coro_error());
	err(1, "task_run");
}

/* ---- Guests -------------------------------------------------------------- */

/* The next guest of a listener: a connection, or -1 when that is over. */
static inline int
tasks_accept(int listener)
{
	int fd;

	while ((fd = task_accept(listener, NULL, NULL)) == -1 &&
	    listen_is_full()) {
		warn("accept, trying again soon");
		if (task_sleep(LISTEN_PAUSE) == -1)
			break;
	}
	return fd;
}

/* Ends the program for what task_dial could never understand. */
static inline void
tasks_target(const char *target)
{
	const char *colon = target != NULL ? strrchr(target, ':') : NULL;

	if (target == NULL)
		demo_usage("--target=ADDRESS is missing");
	if (*target != '/' && *target != '@' &&
	    (colon == NULL || colon == target || colon[1] == '\0'))
		demo_usage("--target=%s: HOST:PORT?", target);
}

/* ---- The end ------------------------------------------------------------- */

struct tasks_quit {
	struct task_signal signal;
	struct task_group *group;
};

static inline intptr_t
tasks_quit_wait(void *quit)
{
	struct tasks_quit *q = quit;

	if (task_signal_wait(&q->signal, NULL) > 0)
		task_group_cancel(q->group);
	return 0;
}

static inline void
tasks_quit_end(void *quit)
{
	task_signal_close(&((struct tasks_quit *)quit)->signal);
}

/* From now on, until the group ends, that signal cancels it. */
static inline void
tasks_quit(struct tasks_quit *quit, struct task_group *group, int number)
{
	const struct task_attributes attributes = { .name = "quit",
		.dispose = tasks_quit_end };
	struct task *t;

	quit->group = group;
	if (task_signal_open(&quit->signal, number) == -1 ||
	    (t = task_group_spawn_with(
		 group, tasks_quit_wait, quit, &attributes)) == NULL)
		err(1, "signal %d", number);
	task_detach(t);
}

#endif
