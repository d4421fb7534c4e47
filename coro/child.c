/*
 * SPDX-License-Identifier: ISC
 *
 * child.c: a task waits for the end of a process.
 */
#include <stdio.h>
#include <string.h>
#include "coro/schedule.h"

/* child.error, as long as it is not known that the process has ended. */
#define TCH_RUNNING (-1)

struct tch_wait {
	struct task__wait wait; /* must be first */
	struct reactor_child child;
	int first; /* child.error, at the beginning */
};

/* It was reaped, and so it is told, although the loop was yet to call. */
static void
tch_withdraw(struct task__wait *wait)
{
	struct tch_wait *w = (struct tch_wait *)wait;

	reactor_child_stop(task_reactor(), &w->child);
	if (w->child.error != TCH_RUNNING)
		task__wake(wait, 0);
}

static void
tch_describe(const struct task__wait *wait, char *text, size_t size)
{
	(void)snprintf(
	    text, size, "%d", ((const struct tch_wait *)wait)->child.pid);
}

static const struct task__wait_kind tch_kind = {
	.what = "process",
	.withdraw = tch_withdraw,
	.describe = tch_describe,
};

static void
tch_called(struct reactor *r, struct reactor_child *child)
{
	struct tch_wait *w = REACTOR_OWNER(child, struct tch_wait, child);

	(void)r;
	if (child->error == TCH_RUNNING)
		child->error = w->first;
	task__wake(&w->wait, 0);
}

static int
tch_start(struct tch_wait *w, struct task *t, int pid)
{
	struct reactor_child *child = &w->child;

	memset(child, 0, sizeof(*child));
	child->event.name = "tasks";
	child->event.flags = task__background(t);
	child->callback = tch_called;
	child->pid = pid;
	if (reactor_child_start(task_reactor(), child) == -1)
		return -1;
	task__wait_init(&w->wait, t, &tch_kind, NULL);
	w->first = child->error;
	/* Perhaps it was reaped at once; then its size is known. */
	if (child->resident == 0 && child->status == 0)
		child->error = TCH_RUNNING;
	return 0;
}

int
task_child(int pid, struct reactor_child *child)
{
	struct task *self = task__self();
	struct tch_wait w;

	if (task__checkpoint(self) == -1 || tch_start(&w, self, pid) == -1 ||
	    task__park(self, &w.wait) == -1)
		return -1;
	if (child != NULL) {
		child->pid = pid;
		child->status = w.child.status;
		child->error = w.child.error;
		child->user = w.child.user;
		child->system = w.child.system;
		child->resident = w.child.resident;
	}
	return 0;
}
