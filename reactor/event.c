/*
 * SPDX-License-Identifier: ISC
 *
 * event.c: what handlers of every kind have in common when they start and
 * stop, and how to visit them all.
 */
#include <errno.h>
#include "reactor/internal.h"

void
reactor__stopped(struct reactor *r, struct reactor_event *event)
{
	if (event->state == 0)
		return;
	reactor__queue_drop(event);
	if (event->state & REACTOR__COUNTED)
		r->active--;
	event->state = 0;
	if (r->trace != NULL)
		reactor__trace_register(r, event, 0);
}

static void
ev_each_queued(struct reactor *r, struct reactor__queue *queue,
    reactor__visit_fn *visit, void *context)
{
	struct reactor_link *link, *next;
	int i;

	for (i = REACTOR__LEVELS; i-- > 0;)
		for (link = queue->list[i].next; link != &queue->list[i];
		     link = next) {
			next = link->next;
			visit(r, (struct reactor_event *)link, context);
		}
}

struct ev_visit {
	reactor__visit_fn *visit;
	void *context;
};

static void
ev_visit_waiting(struct reactor *r, struct reactor_event *event, void *context)
{
	struct ev_visit *v = context;

	if ((event->state & REACTOR__QUEUED) == 0)
		v->visit(r, event, v->context);
}

void
reactor__each(struct reactor *r, reactor__visit_fn *visit, void *context)
{
	struct ev_visit waiting = { visit, context };
	int kind;

	ev_each_queued(r, &r->batch, visit, context);
	ev_each_queued(r, &r->queue, visit, context);
	for (kind = 0; kind < REACTOR__KINDS; kind++)
		if (reactor__kinds[kind] != NULL &&
		    reactor__kinds[kind]->each != NULL)
			reactor__kinds[kind]->each(
			    r, ev_visit_waiting, &waiting);
}
