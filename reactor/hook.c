/*
 * SPDX-License-Identifier: ISC
 *
 * hook.c: handlers that wait for nothing but the loop itself.
 *
 *   prepare   called before the wait      \  directly, in the order of
 *   check     called after the wait       /  starting
 *   defer     queued at once: the next turn
 *   idle      queued when nothing else is
 */
#include <stdio.h>
#include "reactor/internal.h"

void
reactor__hook_open(struct reactor *r)
{
	reactor__list_init(&r->prepares);
	reactor__list_init(&r->checks);
	reactor__list_init(&r->idles);
	reactor__list_init(&r->hooks);
}

/* Those that are there now, once each, whoever stops and starts meanwhile. */
static void
hk_call(struct reactor *r, struct reactor_link *list)
{
	struct reactor_link *link;

	reactor__list_move(&r->hooks, list);
	while (!reactor__list_empty(&r->hooks)) {
		link = r->hooks.next;
		reactor__list_remove(link);
		reactor__list_append(list, link);
		reactor__fire(r, (struct reactor_event *)link);
	}
}

void
reactor__hook_prepare(struct reactor *r)
{
	if (!reactor__list_empty(&r->prepares))
		hk_call(r, &r->prepares);
}

void
reactor__hook_check(struct reactor *r)
{
	hk_call(r, &r->checks);
}

void
reactor__hook_idle(struct reactor *r)
{
	struct reactor_link *link;

	for (link = r->idles.next; link != &r->idles; link = link->next)
		reactor__queue(
		    r, &REACTOR_OWNER(link, struct reactor_idle, link)->event);
}

/* Prepare and check handlers are never queued: their place is their list. */
static int
hk_start(struct reactor *r, struct reactor_event *event, unsigned kind,
    struct reactor_link *list)
{
	if (reactor__startable(event) == -1)
		return -1;
	if (event->state & REACTOR__STARTED)
		reactor__list_remove(&event->place.link);
	event->flags |= REACTOR_BACKGROUND;
	reactor__started(r, event, kind);
	reactor__list_append(list, &event->place.link);
	return 0;
}

static void
hk_stop(struct reactor *r, struct reactor_event *event)
{
	if (event->state & REACTOR__STARTED)
		reactor__list_remove(&event->place.link);
	reactor__stopped(r, event);
}

int
reactor_prepare_start(struct reactor *r, struct reactor_prepare *prepare)
{
	return hk_start(r, &prepare->event, REACTOR__PREPARE, &r->prepares);
}

void
reactor_prepare_stop(struct reactor *r, struct reactor_prepare *prepare)
{
	hk_stop(r, &prepare->event);
}

int
reactor_check_start(struct reactor *r, struct reactor_check *check)
{
	return hk_start(r, &check->event, REACTOR__CHECK, &r->checks);
}

void
reactor_check_stop(struct reactor *r, struct reactor_check *check)
{
	hk_stop(r, &check->event);
}

int
reactor_defer_start(struct reactor *r, struct reactor_defer *defer)
{
	if (reactor__startable(&defer->event) == -1)
		return -1;
	reactor__started(r, &defer->event, REACTOR__DEFER);
	reactor__queue(r, &defer->event);
	return 0;
}

void
reactor_defer_stop(struct reactor *r, struct reactor_defer *defer)
{
	reactor__stopped(r, &defer->event);
}

int
reactor_idle_start(struct reactor *r, struct reactor_idle *idle)
{
	if (reactor__startable(&idle->event) == -1)
		return -1;
	if (idle->event.state & REACTOR__STARTED)
		reactor__list_remove(&idle->link);
	reactor__started(r, &idle->event, REACTOR__IDLE);
	reactor__list_append(&r->idles, &idle->link);
	return 0;
}

void
reactor_idle_stop(struct reactor *r, struct reactor_idle *idle)
{
	if (idle->event.state & REACTOR__STARTED)
		reactor__list_remove(&idle->link);
	reactor__stopped(r, &idle->event);
}

/* ---- The kinds ----------------------------------------------------------- */

static void
hk_fire_prepare(struct reactor *r, struct reactor_event *event)
{
	((struct reactor_prepare *)event)
	    ->callback(r, (struct reactor_prepare *)event);
}

static void
hk_fire_check(struct reactor *r, struct reactor_event *event)
{
	((struct reactor_check *)event)
	    ->callback(r, (struct reactor_check *)event);
}

static void
hk_fire_defer(struct reactor *r, struct reactor_event *event)
{
	reactor__stopped(r, event);
	((struct reactor_defer *)event)
	    ->callback(r, (struct reactor_defer *)event);
}

static void
hk_fire_idle(struct reactor *r, struct reactor_event *event)
{
	((struct reactor_idle *)event)
	    ->callback(r, (struct reactor_idle *)event);
}

static void
hk_stop_idle(struct reactor *r, struct reactor_event *event)
{
	reactor_idle_stop(r, (struct reactor_idle *)event);
}

static void
hk_visit(struct reactor *r, struct reactor_link *list, unsigned kind,
    reactor__visit_fn *visit, void *context)
{
	struct reactor_link *link, *next;

	for (link = list->next; link != list; link = next) {
		next = link->next;
		if (((struct reactor_event *)link)->kind == kind)
			visit(r, (struct reactor_event *)link, context);
	}
}

static void
hk_each_prepare(struct reactor *r, reactor__visit_fn *visit, void *context)
{
	hk_visit(r, &r->prepares, REACTOR__PREPARE, visit, context);
	hk_visit(r, &r->hooks, REACTOR__PREPARE, visit, context);
}

static void
hk_each_check(struct reactor *r, reactor__visit_fn *visit, void *context)
{
	hk_visit(r, &r->checks, REACTOR__CHECK, visit, context);
	hk_visit(r, &r->hooks, REACTOR__CHECK, visit, context);
}

/* Deferred handlers are in the queue, which is visited on its own. */
static void
hk_each_defer(struct reactor *r, reactor__visit_fn *visit, void *context)
{
	(void)r;
	(void)visit;
	(void)context;
}

static void
hk_each_idle(struct reactor *r, reactor__visit_fn *visit, void *context)
{
	struct reactor_link *link, *next;

	for (link = r->idles.next; link != &r->idles; link = next) {
		next = link->next;
		visit(r, &REACTOR_OWNER(link, struct reactor_idle, link)->event,
		    context);
	}
}

static void
hk_describe(const struct reactor_event *event, char *text, size_t size)
{
	(void)event;
	(void)snprintf(text, size, "each turn");
}

static void
hk_describe_defer(const struct reactor_event *event, char *text, size_t size)
{
	(void)event;
	(void)snprintf(text, size, "the next turn");
}

const struct reactor__kind reactor__kind_prepare = {
	.name = "prepare",
	.fire = hk_fire_prepare,
	.stop = hk_stop,
	.each = hk_each_prepare,
	.describe = hk_describe,
};

const struct reactor__kind reactor__kind_check = {
	.name = "check",
	.fire = hk_fire_check,
	.stop = hk_stop,
	.each = hk_each_check,
	.describe = hk_describe,
};

const struct reactor__kind reactor__kind_defer = {
	.name = "defer",
	.fire = hk_fire_defer,
	.stop = reactor__stopped,
	.each = hk_each_defer,
	.feed = reactor__feed_plain,
	.describe = hk_describe_defer,
};

const struct reactor__kind reactor__kind_idle = {
	.name = "idle",
	.fire = hk_fire_idle,
	.stop = hk_stop_idle,
	.each = hk_each_idle,
	.feed = reactor__feed_plain,
	.describe = hk_describe,
};
