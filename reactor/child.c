/*
 * SPDX-License-Identifier: ISC
 *
 * child.c: processes that end.  A table from pid to handlers: the first of a
 * pid owns what is waited by (reap.c), the others stand behind it.
 *
 *   table[pid] --> owner --> owner of another pid    (next)
 *                    |
 *                   peer --> peer                    (peers)
 *
 * When it ends, each is told the same, once.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "reactor/internal.h"
#include "reactor/reap.h"

#define CH_FIRST 16 /* entries of the table */

static struct reactor_child **
ch_place(struct reactor__children *ch, int pid)
{
	struct reactor_child **place;

	place = &ch->table[(size_t)pid & (ch->size - 1)];
	while (*place != NULL && (*place)->watched != pid)
		place = &(*place)->next;
	return place;
}

static void
ch_insert(struct reactor__children *ch, struct reactor_child *c)
{
	struct reactor_child **place = ch_place(ch, c->watched);

	c->next = *place;
	*place = c;
}

/* Room for one owner more. */
static int
ch_reserve(struct reactor__children *ch)
{
	struct reactor_child **old = ch->table, *c, *next;
	size_t i, size = ch->size;

	if (ch->count < size)
		return 0;
	ch->size = size > 0 ? 2 * size : CH_FIRST;
	ch->table = reactor__allocate(NULL, ch->size * sizeof(*ch->table));
	if (ch->table == NULL) {
		ch->table = old;
		ch->size = size;
		return -1;
	}
	memset(ch->table, 0, ch->size * sizeof(*ch->table));
	for (i = 0; i < size; i++)
		for (c = old[i]; c != NULL; c = next) {
			next = c->next;
			ch_insert(ch, c);
		}
	(void)reactor__allocate(old, 0);
	return 0;
}

static int
ch_open(struct reactor *r)
{
	struct reactor__children *ch = r->children;

	if (ch == NULL) {
		ch = reactor__allocate(NULL, sizeof(*ch));
		if (ch == NULL)
			return -1;
		memset(ch, 0, sizeof(*ch));
		ch->generation = reactor__fork_generation();
		r->children = ch;
	}
	return ch_reserve(ch);
}

/* ---- When it ends -------------------------------------------------------- */

/* Its handlers are stopped, and called once more. */
static void
ch_tell(struct reactor *r, struct reactor_child *owner, int error)
{
	struct reactor_child *c, *next;

	for (c = owner; c != NULL; c = next) {
		next = c->peers;
		c->status = owner->status;
		c->error = error;
		c->user = owner->user;
		c->system = owner->system;
		c->resident = owner->resident;
		c->event.state &= (unsigned char)~REACTOR__STARTED;
		c->event.state |= REACTOR__LAST;
		reactor__queue(r, &c->event);
	}
}

static void
ch_end(struct reactor *r, struct reactor_child **place, int error)
{
	struct reactor_child *owner = *place;

	*place = owner->next;
	r->children->count--;
	reactor__reap_end(r, owner);
	ch_tell(r, owner, error);
}

void
reactor__child_end(struct reactor *r, struct reactor_child *owner, int error)
{
	ch_end(r, ch_place(r->children, owner->watched), error);
}

void
reactor__child_scan(struct reactor *r)
{
	struct reactor__children *ch = r->children;
	struct reactor_child **place;
	size_t i;
	int error;

	for (i = 0; i < ch->size && ch->blind > 0; i++)
		for (place = &ch->table[i]; *place != NULL;) {
			error = EAGAIN;
			if (((*place)->io.event.state & REACTOR__STARTED) == 0)
				error = reactor__reap_ask(*place);
			if (error == EAGAIN)
				place = &(*place)->next;
			else
				ch_end(r, place, error);
		}
}

/* They are the parent's children; those started since the fork are ours. */
void
reactor__child_forked(struct reactor *r)
{
	struct reactor__children *ch = r->children;
	size_t i;

	if (ch == NULL || ch->generation == reactor__fork_generation())
		return;
	ch->generation = reactor__fork_generation();
	for (i = 0; i < ch->size; i++)
		while (ch->table[i] != NULL)
			ch_end(r, &ch->table[i], ECHILD);
}

/* ---- Start and stop ------------------------------------------------------ */

static void
ch_enter(struct reactor__children *ch, struct reactor_child *c)
{
	struct reactor_child **place = ch_place(ch, c->watched);

	if (*place == NULL)
		ch->count++;
	while (*place != NULL)
		place = &(*place)->peers;
	*place = c;
}

/* The start failed, but the last call of an earlier one may be queued. */
static void
ch_restore(struct reactor_child *c, const struct reactor_child *was)
{
	c->watched = was->watched;
	c->status = was->status;
	c->error = was->error;
	c->user = was->user;
	c->system = was->system;
	c->resident = was->resident;
}

static int
ch_start(struct reactor *r, struct reactor_child *c)
{
	const struct reactor_child was = *c;
	int over = 0, pid = c->pid;

	c->next = c->peers = NULL;
	c->watched = pid;
	c->status = c->error = 0;
	c->user = c->system = c->resident = 0;
	if (*ch_place(r->children, pid) == NULL)
		over = reactor__reap_begin(r, c);
	if (over == -1) {
		ch_restore(c, &was);
		return -1;
	}
	reactor__started(r, &c->event, REACTOR__CHILD);
	if (over)
		ch_tell(r, c, c->error);
	else
		ch_enter(r->children, c);
	return 0;
}

int
reactor_child_start(struct reactor *r, struct reactor_child *c)
{
	unsigned started = c->event.state & REACTOR__STARTED;

	if (c->pid <= 0 || (started && c->watched != c->pid)) {
		errno = EINVAL;
		return -1;
	}
	if (reactor__startable(&c->event) == -1 || ch_open(r) == -1)
		return -1;
	reactor__child_forked(r);
	if ((c->event.state & REACTOR__STARTED) == 0)
		return ch_start(r, c);
	reactor__started(r, &c->event, REACTOR__CHILD);
	return 0;
}

/* The first of its peers takes over. */
static void
ch_inherit(struct reactor *r, struct reactor_child **place)
{
	struct reactor_child *c = *place, *heir = c->peers;

	heir->next = c->next;
	*place = heir;
	reactor__reap_pass(r, c, heir);
}

static void
ch_leave(struct reactor *r, struct reactor_child *c)
{
	struct reactor_child **place = ch_place(r->children, c->watched);

	if (*place == c && c->peers != NULL) {
		ch_inherit(r, place);
	} else if (*place == c) {
		*place = c->next;
		r->children->count--;
		reactor__reap_end(r, c);
	} else {
		while (*place != c)
			place = &(*place)->peers;
		*place = c->peers;
	}
}

void
reactor_child_stop(struct reactor *r, struct reactor_child *c)
{
	if (c->event.state & REACTOR__STARTED)
		ch_leave(r, c);
	reactor__stopped(r, &c->event);
}

void
reactor__child_close(struct reactor *r)
{
	if (r->children == NULL)
		return;
	(void)reactor__allocate(r->children->table, 0);
	(void)reactor__allocate(r->children, 0);
	r->children = NULL;
}

/* ---- The kind ------------------------------------------------------------ */

static void
ch_fire(struct reactor *r, struct reactor_event *event)
{
	struct reactor_child *c = (struct reactor_child *)event;

	reactor__stopped(r, event);
	c->callback(r, c);
}

static void
ch_stop(struct reactor *r, struct reactor_event *event)
{
	reactor_child_stop(r, (struct reactor_child *)event);
}

/* Owners last: when one stops, its first peer would take its place. */
static void
ch_each(struct reactor *r, reactor__visit_fn *visit, void *context)
{
	struct reactor__children *ch = r->children;
	struct reactor_child *owner, *c, *next;
	size_t i;

	for (i = 0; ch != NULL && i < ch->size; i++)
		for (owner = ch->table[i]; owner != NULL; owner = next) {
			for (c = owner->peers; c != NULL; c = next) {
				next = c->peers;
				visit(r, &c->event, context);
			}
			next = owner->next;
			visit(r, &owner->event, context);
		}
}

static void
ch_describe(const struct reactor_event *event, char *text, size_t size)
{
	(void)snprintf(text, size, "pid %d",
	    ((const struct reactor_child *)event)->watched);
}

const struct reactor__kind reactor__kind_child = {
	.name = "child",
	.fire = ch_fire,
	.stop = ch_stop,
	.each = ch_each,
	.describe = ch_describe,
};
