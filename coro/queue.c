/*
 * SPDX-License-Identifier: ISC
 *
 * queue.c: queues of pointers, in a ring that grows.
 *
 *   putting --> wait, wait      items: [ c d . . a b ]      getting (empty)
 *                                            first^
 *
 * Somebody puts only while it is full, and somebody gets only while it is
 * empty, so there is never a choice whose item is next.
 */
#include <stdio.h>
#include <string.h>
#include "coro/schedule.h"

struct qu_wait {
	struct task__wait wait;
	void *item; /* to be put, or that was got */
};

/* ---- Words --------------------------------------------------------------- */

static void
qu_describe(const struct task__wait *wait, char *text, size_t size)
{
	const struct task_queue *queue = wait->object;

	(void)snprintf(
	    text, size, "%p, which holds %zu", wait->object, queue->length);
}

static void
qu_describe_join(const struct task__wait *wait, char *text, size_t size)
{
	const struct task_queue *queue = wait->object;

	(void)snprintf(text, size, "%p, of which %zu are not done",
	    wait->object, queue->unfinished);
}

static const struct task__wait_kind qu_getting = {
	.what = "an item of the queue",
	.withdraw = task__withdraw,
	.describe = qu_describe,
};

static const struct task__wait_kind qu_putting = {
	.what = "room in the queue",
	.withdraw = task__withdraw,
	.describe = qu_describe,
};

static const struct task__wait_kind qu_joining = {
	.what = "the items of the queue",
	.withdraw = task__withdraw,
	.describe = qu_describe_join,
};

/* ---- The ring ------------------------------------------------------------ */

/* The piece at the end of the memory stays at its end. */
static int
qu_grow(struct task_queue *queue)
{
	size_t old = queue->capacity, tail = old - queue->first;
	void **items = reactor__grown(
	    queue->items, &queue->capacity, old + 1, sizeof(*items));

	if (items == NULL)
		return -1;
	queue->items = items;
	if (queue->first == 0)
		return 0;
	memmove(items + queue->capacity - tail, items + queue->first,
	    tail * sizeof(*items));
	queue->first = queue->capacity - tail;
	return 0;
}

static void
qu_append(struct task_queue *queue, void *item)
{
	size_t at = queue->first + queue->length++;

	queue->items[at < queue->capacity ? at : at - queue->capacity] = item;
	queue->unfinished++;
}

/* Somebody who waits has room now. */
static void
qu_refill(struct task_queue *queue)
{
	struct task__wait *wait = task__first_wait(&queue->putting);

	if (wait == NULL)
		return;
	qu_append(queue, ((struct qu_wait *)wait)->item);
	(void)task__wake_first(&queue->putting, 0);
}

static void *
qu_take(struct task_queue *queue)
{
	void *item = queue->items[queue->first];

	if (++queue->first == queue->capacity)
		queue->first = 0;
	queue->length--;
	qu_refill(queue);
	return item;
}

/* ---- Putting ------------------------------------------------------------- */

static int
qu_is_full(const struct task_queue *queue)
{
	return queue->limit != 0 && queue->length >= queue->limit;
}

/* There is room; or there is not even a need for it. */
static int
qu_put(struct task_queue *queue, void *item)
{
	struct task__wait *wait = task__first_wait(&queue->getting);

	if (wait != NULL) {
		((struct qu_wait *)wait)->item = item;
		queue->unfinished++;
		(void)task__wake_first(&queue->getting, 0);
		return 0;
	}
	if (queue->length == queue->capacity && qu_grow(queue) == -1)
		return -1;
	qu_append(queue, item);
	return 0;
}

int
task_queue_put(struct task_queue *queue, void *item)
{
	struct task *t = task__self();
	struct qu_wait w;

	if (task__checkpoint(t) == -1)
		return -1;
	if (!qu_is_full(queue))
		return qu_put(queue, item);
	w.item = item;
	task__wait_init(&w.wait, t, &qu_putting, queue);
	task__list_append(&queue->putting, &w.wait.link);
	return task__park(t, &w.wait);
}

int
task_queue_try_put(struct task_queue *queue, void *item)
{
	if (!qu_is_full(queue))
		return qu_put(queue, item);
	errno = EAGAIN;
	return -1;
}

/* ---- Getting ------------------------------------------------------------- */

int
task_queue_get(struct task_queue *queue, void **item)
{
	struct task *t = task__self();
	struct qu_wait w;

	if (task__checkpoint(t) == -1)
		return -1;
	if (queue->length > 0) {
		*item = qu_take(queue);
		return 0;
	}
	task__wait_init(&w.wait, t, &qu_getting, queue);
	task__list_append(&queue->getting, &w.wait.link);
	if (task__park(t, &w.wait) == -1)
		return -1;
	*item = w.item;
	return 0;
}

int
task_queue_try_get(struct task_queue *queue, void **item)
{
	if (queue->length == 0) {
		errno = EAGAIN;
		return -1;
	}
	*item = qu_take(queue);
	return 0;
}

/* ---- Done ---------------------------------------------------------------- */

int
task_queue_done(struct task_queue *queue)
{
	if (queue->unfinished == queue->length) {
		errno = EINVAL; /* all the others have not been got */
		return -1;
	}
	if (--queue->unfinished == 0)
		task__wake_all(&queue->joining, 0);
	return 0;
}

int
task_queue_join(struct task_queue *queue)
{
	struct task *t = task__self();

	if (task__checkpoint(t) == -1)
		return -1;
	if (queue->unfinished == 0)
		return 0;
	return task__wait_in(&queue->joining, t, &qu_joining, queue);
}

int
task_queue_clear(struct task_queue *queue)
{
	if (task__list_first(&queue->getting) != NULL ||
	    task__list_first(&queue->putting) != NULL ||
	    task__list_first(&queue->joining) != NULL) {
		errno = EBUSY;
		return -1;
	}
	(void)reactor__allocate(queue->items, 0);
	queue->items = NULL;
	queue->first = queue->length = queue->capacity = 0;
	queue->unfinished = 0;
	return 0;
}
