/*
 * SPDX-License-Identifier: ISC
 *
 * post.c: calls sent by other threads and by signal handlers.  The inbox is a
 * stack that anybody pushes to and the loop takes whole:
 *
 *   inbox --> newest --> ... --> oldest            `posted`: it is in there
 *
 * The flag is always exchanged, never tested first: a sender that finds it set
 * must have its data seen by the call to come, and a plain test would leave
 * the data in the store buffer, even on x86.
 *
 * Atomics are compiler builtins because the structs are also C99 and C++.
 */
#include <stdio.h>
#include "reactor/internal.h"

void
reactor_stop(struct reactor *r)
{
	__atomic_store_n(&r->stop, 1, __ATOMIC_SEQ_CST);
	reactor__knock(r);
}

void
reactor_wake(struct reactor *r)
{
	reactor__knock(r);
}

void
reactor_post_send(struct reactor *r, struct reactor_post *post)
{
	struct reactor_post *newest;

	if (__atomic_exchange_n(&post->posted, 1, __ATOMIC_SEQ_CST))
		return;
	newest = __atomic_load_n(&r->inbox, __ATOMIC_RELAXED);
	do
		post->next = newest;
	while (!__atomic_compare_exchange_n(
	    &r->inbox, &newest, post, 1, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
	reactor__knock(r);
}

/* The inbox, oldest first, enters the queue. */
void
reactor__post_collect(struct reactor *r)
{
	struct reactor_post *post, *next, *oldest = NULL;

	post = __atomic_exchange_n(&r->inbox, NULL, __ATOMIC_SEQ_CST);
	for (; post != NULL; post = next) {
		next = post->next;
		post->next = oldest;
		oldest = post;
	}
	for (post = oldest; post != NULL; post = next) {
		next = post->next;
		if ((post->event.state & REACTOR__STARTED) == 0) {
			/* Sent without start: counts until its call. */
			if (reactor__startable(&post->event) == -1)
				post->event.priority = 0;
			reactor__started(r, &post->event, REACTOR__POST);
			post->event.state |= REACTOR__LAST;
		}
		reactor__queue(r, &post->event);
	}
}

/* Out of the inbox, and off the list of those that were started. */
static void
pt_unlink(struct reactor *r, struct reactor_post *post)
{
	if (__atomic_load_n(&post->posted, __ATOMIC_SEQ_CST) &&
	    (post->event.state & REACTOR__QUEUED) == 0)
		reactor__post_collect(r);
	if ((post->event.state & (REACTOR__STARTED | REACTOR__LAST)) ==
	    REACTOR__STARTED)
		reactor__list_remove(&post->link);
}

int
reactor_post_start(struct reactor *r, struct reactor_post *post)
{
	unsigned queued;

	if (reactor__startable(&post->event) == -1)
		return -1;
	pt_unlink(r, post);
	queued = post->event.state & REACTOR__QUEUED;
	reactor__started(r, &post->event, REACTOR__POST);
	reactor__list_append(&r->posts, &post->link);
	if (queued) /* nobody will send it again */
		reactor__queue(r, &post->event);
	return 0;
}

void
reactor_post_stop(struct reactor *r, struct reactor_post *post)
{
	pt_unlink(r, post);
	reactor__stopped(r, &post->event);
	__atomic_store_n(&post->posted, 0, __ATOMIC_SEQ_CST);
}

static void
pt_fire(struct reactor *r, struct reactor_event *event)
{
	struct reactor_post *post = (struct reactor_post *)event;

	if (event->state & REACTOR__LAST)
		reactor__stopped(r, event);
	/* An exchange, so that what an ignored second sender wrote is seen. */
	(void)__atomic_exchange_n(&post->posted, 0, __ATOMIC_SEQ_CST);
	post->callback(r, post);
}

/* `posted` says neither more nor less than: in the inbox, or queued. */
static int
pt_feed(struct reactor *r, struct reactor_event *event, unsigned ready)
{
	struct reactor_post *post = (struct reactor_post *)event;

	(void)ready;
	if (!__atomic_exchange_n(&post->posted, 1, __ATOMIC_SEQ_CST))
		reactor__queue(r, event);
	return 0;
}

static void
pt_stop(struct reactor *r, struct reactor_event *event)
{
	reactor_post_stop(r, (struct reactor_post *)event);
}

static void
pt_each(struct reactor *r, reactor__visit_fn *visit, void *context)
{
	struct reactor_link *link, *next;

	for (link = r->posts.next; link != &r->posts; link = next) {
		next = link->next;
		visit(r, &REACTOR_OWNER(link, struct reactor_post, link)->event,
		    context);
	}
}

static void
pt_describe(const struct reactor_event *event, char *text, size_t size)
{
	const struct reactor_post *post = (const struct reactor_post *)event;

	(void)snprintf(text, size, "%s",
	    __atomic_load_n(&post->posted, __ATOMIC_RELAXED) ? "sent"
							     : "not sent");
}

const struct reactor__kind reactor__kind_post = {
	.name = "post",
	.fire = pt_fire,
	.stop = pt_stop,
	.each = pt_each,
	.feed = pt_feed,
	.describe = pt_describe,
};

static void
pt_forget(struct reactor *r, struct reactor_event *event, void *context)
{
	struct reactor_post *post = (struct reactor_post *)event;

	(void)context;
	if (event->kind != REACTOR__POST)
		return;
	post->posted = 0;
	if (event->state & REACTOR__LAST)
		reactor__stopped(r, event);
	else
		reactor__queue_drop(event);
}

/* What was sent to the parent is the parent's. */
void
reactor__post_forked(struct reactor *r)
{
	reactor__post_collect(r);
	reactor__each(r, pt_forget, NULL);
}
