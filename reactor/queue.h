/*
 * SPDX-License-Identifier: ISC
 *
 * queue.h: the event queue.  A circular list with a sentinel for each
 * priority, first in first out:
 *
 *   list[4] --> [event] <--> [event] <--> back to list[4]      priority  2
 *   list[3] --> back to list[3]                                priority  1
 *   ...
 *
 * Because the list is circular, an entry leaves without knowing which list it
 * is in: that is why stopping a handler always works.
 */
#ifndef REACTOR_QUEUE_H
#define REACTOR_QUEUE_H

#include <reactor/reactor.h>

#define REACTOR__LEVELS 5

struct reactor__queue {
	struct reactor_link list[REACTOR__LEVELS];
};

/*
 * event.state: flags below, and the level (priority + 2) in the upper bits.
 * A handler whose next call is its LAST is still STARTED if it is a one-shot
 * timer, and not any more if it is an io or a child.
 *
 * event.mark: what an io is to be told; the descriptor that the timer of an io
 * belongs to; why a path is looked at.
 */
enum {
	REACTOR__STARTED = 0x01,
	REACTOR__COUNTED = 0x02, /* keeps the loop running */
	REACTOR__QUEUED = 0x04,  /* place is a link */
	REACTOR__HEAPED = 0x08,  /* place is in a heap of timers */
	REACTOR__DIRECT = 0x08,  /* a producer: called, and never queued */
	REACTOR__LAST = 0x10,    /* queued for its last call */
	REACTOR__LEVEL = 5       /* shift */
};

static inline void
reactor__list_init(struct reactor_link *list)
{
	list->next = list->prev = list;
}

static inline int
reactor__list_empty(const struct reactor_link *list)
{
	return list->next == list;
}

static inline void
reactor__list_append(struct reactor_link *list, struct reactor_link *link)
{
	struct reactor_link *last = list->prev;

	link->next = list;
	last->next = link;
	link->prev = last;
	list->prev = link;
}

static inline void
reactor__list_remove(struct reactor_link *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
}

/* Moves all of `from` to the end of `to`. */
static inline void
reactor__list_move(struct reactor_link *to, struct reactor_link *from)
{
	if (reactor__list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	reactor__list_init(from);
}

static inline void
reactor__queue_init(struct reactor__queue *q)
{
	int i;

	for (i = 0; i < REACTOR__LEVELS; i++)
		reactor__list_init(&q->list[i]);
}

static inline void
reactor__queue_put(struct reactor__queue *q, struct reactor_event *event)
{
	unsigned level = event->state >> REACTOR__LEVEL;

	event->state |= REACTOR__QUEUED;
	reactor__list_append(&q->list[level], &event->place.link);
}

/* The first of a list that is not empty leaves. */
static inline struct reactor_event *
reactor__queue_take(struct reactor_link *list)
{
	struct reactor_event *event = (struct reactor_event *)list->next;

	list->next = event->place.link.next;
	list->next->prev = list;
	event->state &= (unsigned char)~REACTOR__QUEUED;
	return event;
}

static inline void
reactor__queue_drop(struct reactor_event *event)
{
	if ((event->state & REACTOR__QUEUED) == 0)
		return;
	event->state &= (unsigned char)~REACTOR__QUEUED;
	reactor__list_remove(&event->place.link);
}

static inline int
reactor__queue_is_empty(const struct reactor__queue *q)
{
	int i;

	for (i = 0; i < REACTOR__LEVELS; i++)
		if (!reactor__list_empty(&q->list[i]))
			return 0;
	return 1;
}

#endif
