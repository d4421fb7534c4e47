/*
 * SPDX-License-Identifier: ISC
 *
 * post.c: tasks wait for other threads and for signal handlers.  A send wakes
 * the first who waits; if nobody does, the next need not wait.
 *
 * The handler is a background one: tasks that wait are what keeps the loop
 * running.
 */
#include <string.h>
#include "coro/schedule.h"

static const struct task__wait_kind tpo_kind = {
	.what = "a post",
	.withdraw = task__withdraw,
};

static void
tpo_called(struct reactor *r, struct reactor_post *handler)
{
	struct task_post *post =
	    REACTOR_OWNER(handler, struct task_post, handler);

	(void)r;
	if (!task__wake_first(&post->waiting, 0))
		post->count = 1;
}

int
task_post_open(struct task_post *post)
{
	if (task__self() == NULL) {
		errno = EPERM;
		return -1;
	}
	memset(post, 0, sizeof(*post));
	post->handler.event.name = "tasks";
	post->handler.event.flags = REACTOR_BACKGROUND;
	post->handler.callback = tpo_called;
	post->handler.data = task_reactor();
	if (reactor_post_start(task_reactor(), &post->handler) == 0)
		return 0;
	post->handler.callback = NULL;
	return -1;
}

void
task_post_send(struct task_post *post)
{
	reactor_post_send(post->handler.data, &post->handler);
}

int
task_post_wait(struct task_post *post)
{
	struct task *self = task__self();
	struct task__wait wait;

	if (task__checkpoint(self) == -1)
		return -1;
	if (post->handler.callback == NULL) {
		errno = EBADF;
		return -1;
	}
	if (post->count > 0) {
		post->count = 0;
		return 0;
	}
	task__wait_init(&wait, self, &tpo_kind, post);
	task__list_append(&post->waiting, &wait.link);
	return task__park_outside(self, &wait);
}

void
task_post_close(struct task_post *post)
{
	if (post->handler.callback == NULL)
		return;
	post->handler.callback = NULL;
	post->count = 0;
	reactor_post_stop(task_reactor(), &post->handler);
	task__wake_all(&post->waiting, EBADF);
}
