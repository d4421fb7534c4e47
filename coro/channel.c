/*
 * SPDX-License-Identifier: ISC
 *
 * channel.c: channels, through which items of one size are passed.
 *
 * Items are copied once or twice: from the sender's memory to that of a receiver
 * who waits; else into the ring and out of it.  Somebody waits to receive only
 * while the ring is empty, and to send only while it is full.
 */
#include <stdio.h>
#include <string.h>
#include "coro/channel.h"
#include "coro/schedule.h"

/* ---- Opening and closing ------------------------------------------------- */

struct task_channel *
task_channel_open(size_t item_size, size_t capacity)
{
	struct task_channel *channel;

	if (item_size != 0 &&
	    capacity > (SIZE_MAX - sizeof(*channel)) / item_size) {
		errno = ENOMEM;
		return NULL;
	}
	channel =
	    reactor__allocate(NULL, sizeof(*channel) + item_size * capacity);
	if (channel == NULL)
		return NULL;
	memset(channel, 0, sizeof(*channel));
	channel->item_size = item_size;
	channel->capacity = capacity;
	return channel;
}

int
task_channel_free(struct task_channel *channel)
{
	if (channel == NULL)
		return 0;
	if (task__list_first(&channel->waiting[TASK_SEND]) != NULL ||
	    task__list_first(&channel->waiting[TASK_RECEIVE]) != NULL) {
		errno = EBUSY;
		return -1;
	}
	(void)reactor__allocate(channel, 0);
	return 0;
}

size_t
task_channel_length(const struct task_channel *channel)
{
	return channel->length;
}

/* ---- Those who wait ------------------------------------------------------ */

static struct task__offer *
chn_first(const struct task_channel *channel, int what)
{
	return (struct task__offer *)(void *)task__list_first(
	    &channel->waiting[what]);
}

/* The offer is taken, and what else its task offered is void. */
static void
chn_over(struct task__offer *offer, int result, int error)
{
	struct task__wait *wait = offer->wait;

	offer->choice->result = result;
	offer->choice->error = error;
	wait->object = offer->choice;
	wait->kind->withdraw(wait);
	task__wake(wait, 0);
}

void
task_channel_close(struct task_channel *channel)
{
	struct task__offer *offer;

	channel->closed = 1;
	while ((offer = chn_first(channel, TASK_RECEIVE)) != NULL)
		chn_over(offer, 0, 0);
	while ((offer = chn_first(channel, TASK_SEND)) != NULL)
		chn_over(offer, -1, EPIPE);
}

/* ---- Items --------------------------------------------------------------- */

static void
chn_copy(const struct task_channel *channel, void *to, const void *from)
{
	if (channel->item_size > 0)
		memcpy(to, from, channel->item_size);
}

static void
chn_put(struct task_channel *channel, const void *item)
{
	size_t at = channel->first + channel->length++;

	if (at >= channel->capacity)
		at -= channel->capacity;
	chn_copy(channel, channel->items + at * channel->item_size, item);
}

static void
chn_get(struct task_channel *channel, void *item)
{
	chn_copy(channel, item,
	    channel->items + channel->first * channel->item_size);
	if (++channel->first == channel->capacity)
		channel->first = 0;
	channel->length--;
}

static void
chn_send(struct task_channel *channel, const void *item)
{
	struct task__offer *receiver = chn_first(channel, TASK_RECEIVE);

	if (receiver == NULL) {
		chn_put(channel, item);
		return;
	}
	chn_copy(channel, receiver->choice->item, item);
	chn_over(receiver, 1, 0);
}

/* The first who waits takes the place in the ring that has become free. */
static void
chn_receive(struct task_channel *channel, void *item)
{
	struct task__offer *sender = chn_first(channel, TASK_SEND);

	if (channel->length > 0) {
		chn_get(channel, item);
		if (sender != NULL)
			chn_put(channel, sender->choice->item);
	} else {
		chn_copy(channel, item, sender->choice->item);
	}
	if (sender != NULL)
		chn_over(sender, 0, 0);
}

/* ---- Choices ------------------------------------------------------------- */

int
task__choice_ready(const struct task_choice *choice)
{
	const struct task_channel *channel = choice->channel;

	if (channel == NULL)
		return 0;
	if (channel->closed)
		return 1;
	if (choice->what == TASK_SEND)
		return channel->length < channel->capacity ||
		    chn_first(channel, TASK_RECEIVE) != NULL;
	return channel->length > 0 || chn_first(channel, TASK_SEND) != NULL;
}

void
task__choice_do(struct task_choice *choice)
{
	struct task_channel *channel = choice->channel;

	choice->result = 0;
	choice->error = 0;
	if (choice->what == TASK_RECEIVE) {
		if (channel->closed && channel->length == 0)
			return;
		chn_receive(channel, choice->item);
		choice->result = 1;
	} else if (channel->closed) {
		choice->result = -1;
		choice->error = EPIPE;
	} else {
		chn_send(channel, choice->item);
	}
}

void
task__choice_offer(struct task_choice *choice, struct task__offer *offer,
    struct task__wait *wait)
{
	offer->choice = choice;
	offer->wait = wait;
	task__list_append(
	    &choice->channel->waiting[choice->what], &offer->link);
}

/* ---- Just one ------------------------------------------------------------ */

struct chn_wait {
	struct task__wait wait;
	struct task__offer offer;
};

static void
chn_withdraw(struct task__wait *wait)
{
	task__list_remove(&((struct chn_wait *)wait)->offer.link);
}

static void
chn_describe(const struct task__wait *wait, char *text, size_t size)
{
	const struct task_choice *choice = wait->object;
	struct task_channel *channel = choice->channel;

	(void)snprintf(text, size, "%p (%zu of %zu items), to %s",
	    (void *)channel, channel->length, channel->capacity,
	    choice->what == TASK_SEND ? "send" : "receive");
}

static const struct task__wait_kind chn_kind = {
	.what = "the channel",
	.withdraw = chn_withdraw,
	.describe = chn_describe,
};

static int
chn_result(const struct task_choice *choice)
{
	if (choice->result == -1)
		errno = choice->error;
	return choice->result;
}

static int
chn_wait(struct task_choice *choice)
{
	struct task *t = task__self();
	struct chn_wait w;

	if (task__checkpoint(t) == -1)
		return -1;
	if (task__choice_ready(choice)) {
		task__choice_do(choice);
		return chn_result(choice);
	}
	task__wait_init(&w.wait, t, &chn_kind, choice);
	task__choice_offer(choice, &w.offer, &w.wait);
	return task__park(t, &w.wait) == 0 ? chn_result(choice) : -1;
}

static int
chn_try(struct task_choice *choice)
{
	if (task__choice_ready(choice)) {
		task__choice_do(choice);
		return chn_result(choice);
	}
	errno = EAGAIN;
	return -1;
}

static struct task_choice
chn_choice(struct task_channel *channel, int what, const void *item)
{
	struct task_choice choice = {
		.channel = channel,
		.what = what,
		.item = (void *)(uintptr_t)item,
	};

	return choice;
}

int
task_channel_send(struct task_channel *channel, const void *item)
{
	struct task_choice choice = chn_choice(channel, TASK_SEND, item);

	return chn_wait(&choice);
}

int
task_channel_try_send(struct task_channel *channel, const void *item)
{
	struct task_choice choice = chn_choice(channel, TASK_SEND, item);

	return chn_try(&choice);
}

int
task_channel_receive(struct task_channel *channel, void *item)
{
	struct task_choice choice = chn_choice(channel, TASK_RECEIVE, item);

	return chn_wait(&choice);
}

int
task_channel_try_receive(struct task_channel *channel, void *item)
{
	struct task_choice choice = chn_choice(channel, TASK_RECEIVE, item);

	return chn_try(&choice);
}
