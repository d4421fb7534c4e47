/*
 * SPDX-License-Identifier: ISC
 *
 * signal.c: signals become events.  catch.c has put a record of each into the
 * ring of the loop; here the records are given to the handlers of that number.
 * A handler is called once for each record, and in one turn for one at most:
 * what cannot be delivered yet stays in the ring.
 */
#include <stdio.h>
#include <string.h>
#include "reactor/internal.h"
#include "reactor/catch.h"

/* ---- In the loop --------------------------------------------------------- */

static int
sg_queued(const struct reactor__signals *sg, int number)
{
	const struct reactor_signal *s;

	for (s = sg->first[number]; s != NULL; s = s->next)
		if (s->event.state & REACTOR__QUEUED)
			return 1;
	return 0;
}

/* `pending` is the position that the handler began at: not for older ones. */
static void
sg_deliver(struct reactor *r, const struct reactor_signal_info *info)
{
	unsigned at = r->signals->tail;
	struct reactor_signal *s;

	for (s = r->signals->first[info->number]; s != NULL; s = s->next) {
		if (s->pending - at - 1 < REACTOR__CELLS)
			continue;
		s->pending = at;
		s->info = *info;
		reactor__queue(r, &s->event);
	}
}

/* 0: a handler has not been called yet for what was counted before. */
static int
sg_collect_count(struct reactor *r, int number)
{
	struct reactor__signals *sg = r->signals;
	struct reactor_signal_info info;
	unsigned *count = &sg->count[number], *orphan = &sg->orphan[number];

	if (__atomic_load_n(count, __ATOMIC_SEQ_CST) == 0 &&
	    __atomic_load_n(orphan, __ATOMIC_SEQ_CST) == 0)
		return 1;
	if (sg_queued(sg, number))
		return 0;
	memset(&info, 0, sizeof(info));
	info.number = number;
	info.count = __atomic_exchange_n(count, 0, __ATOMIC_SEQ_CST) +
	    __atomic_exchange_n(orphan, 0, __ATOMIC_SEQ_CST);
	sg_deliver(r, &info);
	return 1;
}

static void
sg_collect_counts(struct reactor *r)
{
	int number, done = 1;

	for (number = 1; number < NSIG; number++)
		done &= sg_collect_count(r, number);
	if (done)
		return;
	__atomic_store_n(&r->signals->counting, 1, __ATOMIC_SEQ_CST);
	reactor__knock(r);
}

/* One record, one call: what cannot be delivered now waits for a turn. */
void
reactor__signal_collect(struct reactor *r)
{
	struct reactor__signals *sg = r->signals;
	const struct reactor_signal_info *info;

	if (sg == NULL)
		return;
	while ((info = reactor__catch_front(sg)) != NULL) {
		if (sg_queued(sg, info->number)) {
			/* Nobody else will, and the loop must not sleep. */
			reactor__knock(r);
			return;
		}
		sg_deliver(r, info);
		reactor__catch_pop(sg);
	}
	if (__atomic_exchange_n(&sg->counting, 0, __ATOMIC_SEQ_CST))
		sg_collect_counts(r);
}

/* What came before the fork is the parent's.  The actions stay. */
void
reactor__signal_forked(struct reactor *r)
{
	struct reactor__signals *sg = r->signals;
	unsigned end, generation = reactor__fork_generation();
	struct reactor_signal *s;
	int number;

	if (sg == NULL || sg->generation == generation)
		return;
	/* Nobody writes now: the generation is not right yet. */
	end = __atomic_load_n(&sg->head, __ATOMIC_SEQ_CST);
	while (sg->tail != end)
		reactor__catch_pop(sg);
	for (number = 1; number < NSIG; number++) {
		__atomic_store_n(&sg->count[number], 0, __ATOMIC_SEQ_CST);
		for (s = sg->first[number]; s != NULL; s = s->next)
			reactor__queue_drop(&s->event);
	}
	__atomic_store_n(&sg->generation, generation, __ATOMIC_SEQ_CST);
}

void
reactor__signal_close(struct reactor *r)
{
	reactor__catch_close(r);
}

/* ---- Start and stop ------------------------------------------------------ */

static struct reactor_signal **
sg_place(
    struct reactor__signals *sg, int number, const struct reactor_signal *s)
{
	struct reactor_signal **place = &sg->first[number];

	while (*place != NULL && *place != s)
		place = &(*place)->next;
	return place;
}

/* By info.number: the caller may have changed the other. */
static void
sg_remove(struct reactor__signals *sg, struct reactor_signal *s)
{
	*sg_place(sg, s->info.number, s) = s->next;
	reactor__catch_leave(sg, s->info.number);
}

int
reactor_signal_start(struct reactor *r, struct reactor_signal *s)
{
	unsigned began;

	if (reactor__startable(&s->event) == -1 || reactor__catch_open(r) == -1)
		return -1;
	reactor__signal_forked(r);
	began = __atomic_load_n(&r->signals->head, __ATOMIC_SEQ_CST);
	if (reactor__catch_join(r->signals, s->number) == -1)
		return -1;
	if (s->event.state & REACTOR__STARTED)
		sg_remove(r->signals, s);
	s->pending = began;
	memset(&s->info, 0, sizeof(s->info));
	s->info.number = s->number;
	s->next = NULL;
	reactor__started(r, &s->event, REACTOR__SIGNAL);
	*sg_place(r->signals, s->number, NULL) = s;
	return 0;
}

void
reactor_signal_stop(struct reactor *r, struct reactor_signal *s)
{
	if (s->event.state & REACTOR__STARTED)
		sg_remove(r->signals, s);
	reactor__stopped(r, &s->event);
}

/* ---- The kind ------------------------------------------------------------ */

static void
sg_fire(struct reactor *r, struct reactor_event *event)
{
	struct reactor_signal *s = (struct reactor_signal *)event;
	struct reactor_signal_info info = s->info;

	s->callback(r, s, &info);
}

static void
sg_stop(struct reactor *r, struct reactor_event *event)
{
	reactor_signal_stop(r, (struct reactor_signal *)event);
}

static void
sg_each(struct reactor *r, reactor__visit_fn *visit, void *context)
{
	struct reactor_signal *s, *next;
	int number;

	for (number = 1; r->signals != NULL && number < NSIG; number++)
		for (s = r->signals->first[number]; s != NULL; s = next) {
			next = s->next;
			visit(r, &s->event, context);
		}
}

static int
sg_feed(struct reactor *r, struct reactor_event *event, unsigned ready)
{
	struct reactor_signal *s = (struct reactor_signal *)event;
	int number = s->info.number;

	(void)ready;
	if (event->state & REACTOR__QUEUED)
		return 0;
	memset(&s->info, 0, sizeof(s->info));
	s->info.number = number;
	s->info.count = 1;
	reactor__queue(r, event);
	return 0;
}

static const char *const sg_names[NSIG] = {
	[SIGHUP] = " SIGHUP",
	[SIGINT] = " SIGINT",
	[SIGQUIT] = " SIGQUIT",
	[SIGABRT] = " SIGABRT",
	[SIGUSR1] = " SIGUSR1",
	[SIGUSR2] = " SIGUSR2",
	[SIGPIPE] = " SIGPIPE",
	[SIGALRM] = " SIGALRM",
	[SIGTERM] = " SIGTERM",
	[SIGCHLD] = " SIGCHLD",
	[SIGCONT] = " SIGCONT",
	[SIGTSTP] = " SIGTSTP",
	[SIGTTIN] = " SIGTTIN",
	[SIGTTOU] = " SIGTTOU",
	[SIGURG] = " SIGURG",
	[SIGWINCH] = " SIGWINCH",
	[SIGIO] = " SIGIO",
};

static void
sg_describe(const struct reactor_event *event, char *text, size_t size)
{
	int number = ((const struct reactor_signal *)event)->info.number;
	const char *name = sg_names[number];

	(void)snprintf(
	    text, size, "signal %d%s", number, name != NULL ? name : "");
}

const struct reactor__kind reactor__kind_signal = {
	.name = "signal",
	.fire = sg_fire,
	.stop = sg_stop,
	.each = sg_each,
	.feed = sg_feed,
	.describe = sg_describe,
};
