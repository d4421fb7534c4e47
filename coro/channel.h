/*
 * SPDX-License-Identifier: ISC
 *
 * channel.h: what select.c knows of channels.
 *
 * Who waits at channels has an offer in the list of each: one for who sends or
 * receives, several for who selects.  Whoever takes one of them does all of it:
 * moves the item, withdraws the other offers, wakes the task.
 *
 *   channel.waiting[TASK_SEND] --> offer --> offer --> offer
 *                                    |          \     /
 *                                  wait          wait       each of a task
 */
#ifndef CORO_CHANNEL_H
#define CORO_CHANNEL_H

#include <coro/task.h>

struct task__wait;

struct task_channel {
	size_t item_size, capacity;
	size_t first, length; /* items in the ring */
	int closed;
	unsigned turn[2];               /* see select.c */
	struct reactor_link waiting[2]; /* TASK_SEND, TASK_RECEIVE */
	unsigned char items[];
};

struct task__offer {
	struct reactor_link link;
	struct task_choice *choice;
	struct task__wait *wait; /* its object: the choice that was taken */
};

/* Can it go on now? */
int task__choice_ready(const struct task_choice *);
/* One that is ready: does it, and sets result and error. */
void task__choice_do(struct task_choice *);
/* One that is not: it goes to the end of the list. */
void task__choice_offer(
    struct task_choice *, struct task__offer *, struct task__wait *);

#endif
