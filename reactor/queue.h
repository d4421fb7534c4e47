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
 * is in: that is why stopping a handler always works.  `used` has a bit for
 * each list that may not be empty.
 */
#ifndef REACTOR_QUEUE_H
#define REACTOR_QUEUE_H

#include <reactor/reactor.h>

#define REACTOR__LEVELS 5

struct reactor__queue {
	struct reactor_link list[REACTOR__LEVELS];
	unsigned used;
};

/* event.state: flags below, and the level (priority + 2) in the upper bits. */
enum {
	REACTOR__STARTED = 0x01,
	REACTOR__COUNTED = 0x02, /* keeps the loop running */
	REACTOR__QUEUED = 0x04,  /* place is a link */
	REACTOR__HEAPED = 0x08,  /* place is in a heap of timers */
	REACTOR__LAST = 0x10,    /* stopped, but queued for a last call */
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
	link->prev = last;
	last->next = link;
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
	q->used = 0;
}

static inline void
reactor__queue_put(struct reactor__queue *q, struct reactor_event *event)
{
	unsigned level = event->state >> REACTOR__LEVEL;

	event->state |= REACTOR__QUEUED;
	q->used |= 1u << level;
	reactor__list_append(&q->list[level], &event->place.link);
}

static inline void
reactor__queue_drop(struct reactor_event *event)
{
	if ((event->state & REACTOR__QUEUED) == 0)
		return;
	event->state &= (unsigned char)~REACTOR__QUEUED;
	reactor__list_remove(&event->place.link);
}

/* The level of the highest bit; used is not 0. */
static inline unsigned
reactor__queue_highest(unsigned used)
{
	return 31 - (unsigned)__builtin_clz(used);
}

/* Clears bits of lists that have become empty by drops; 0: nothing queued. */
static inline unsigned
reactor__queue_used(struct reactor__queue *q)
{
	unsigned level;

	while (q->used != 0) {
		level = reactor__queue_highest(q->used);
		if (!reactor__list_empty(&q->list[level]))
			break;
		q->used &= ~(1u << level);
	}
	return q->used;
}

#endif
