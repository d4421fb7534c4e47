/*
 * SPDX-License-Identifier: ISC
 *
 * dump.c: describes tasks for people: where each stands, what it waits for, who
 * could end that, and where these go round in a circle.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "coro/schedule.h"
#include "coro/stack.h"

#define TD_LINE 400

typedef void td_line_fn(void *context, const char *line);

struct td_dump {
	struct task__loop *loop;
	td_line_fn *line;
	void *context;
	char text[TD_LINE];
	size_t length;
};

__attribute__((format(printf, 2, 3))) static void
td_add(struct td_dump *d, const char *format, ...)
{
	size_t room = sizeof(d->text) - d->length;
	va_list list;
	int n;

	va_start(list, format);
	n = vsnprintf(d->text + d->length, room, format, list);
	va_end(list);
	if (n > 0)
		d->length += (size_t)n < room ? (size_t)n : room - 1;
}

static void
td_end(struct td_dump *d)
{
	d->line(d->context, d->text);
	d->length = 0;
}

void
task__describe_task(const struct task *t, char *text, size_t size)
{
	char name[64];

	(void)reactor__quote(name, sizeof(name), t->name);
	(void)snprintf(text, size, "#%u %s", t->number, name);
}

static void
td_add_task(struct td_dump *d, const struct task *t)
{
	char text[96];

	task__describe_task(t, text, sizeof(text));
	td_add(d, "%s", text);
}

/* ---- Each task ----------------------------------------------------------- */

/* "descriptor 4 to be read" */
static void
td_words(const struct task__wait *wait, char *text, size_t size)
{
	int n = snprintf(text, size, "%s", wait->kind->what);

	if (wait->kind->describe == NULL || n < 0 || (size_t)n + 1 >= size)
		return;
	text[n++] = ' ';
	text[n] = '\0';
	wait->kind->describe(wait, text + n, size - (size_t)n);
}

static void
td_wait(struct td_dump *d, const struct task *t)
{
	const struct task__wait *wait = t->wait;
	int64_t since = reactor__clock(REACTOR__COARSE) - t->since;
	char words[128], span[32];
	struct task *owner = NULL;

	td_words(wait, words, sizeof(words));
	if (wait->kind->owner != NULL)
		owner = wait->kind->owner(wait);
	td_add(d, "waits for %s", words);
	if (owner != NULL && owner != wait->object) {
		td_add(d, ", held by ");
		td_add_task(d, owner);
	}
	if (since > 0)
		td_add(d, ", for %s", reactor__span(span, sizeof(span), since));
	else
		td_add(d, ", just now");
}

static void
td_task(struct td_dump *d, const struct task *t)
{
	td_add_task(d, t);
	td_add(d, "  (%s)  ", t->place);
	if (t == d->loop->running)
		td_add(d, "runs");
	else if (t->wait != NULL)
		td_wait(d, t);
	else if ((t->bits & TASK__BEGUN) == 0)
		td_add(d, "is ready, and has not begun");
	else
		td_add(d, "is ready");
	if (t->coro != NULL && t != d->loop->running)
		td_add(d, ", in a generator");
	if (t->cancelled)
		td_add(d, ", is cancelled");
	if (t->flags & TASK_BACKGROUND)
		td_add(d, ", background");
	td_end(d);
}

/* ---- Circles ------------------------------------------------------------- */

static struct task *
td_owner(const struct task *t)
{
	return t->wait != NULL && t->wait->kind->owner != NULL
	    ? t->wait->kind->owner(t->wait)
	    : NULL;
}

static void
td_circle(struct td_dump *d, const struct task *first)
{
	const struct task *t = first;

	td_add(d, "a circle: ");
	do {
		td_add_task(d, t);
		td_add(d, " -> ");
		t = td_owner(t);
	} while (t != first);
	td_add_task(d, first);
	td_end(d);
}

/* Everybody waits for one at most: each walk ends where one has been before. */
static void
td_circles(struct td_dump *d)
{
	struct reactor_link *link, *all = &d->loop->all;
	unsigned walk = 0;
	struct task *t;

	for (link = all->next; link != all; link = link->next)
		REACTOR_OWNER(link, struct task, all)->mark = 0;
	for (link = all->next; link != all; link = link->next) {
		walk++;
		t = REACTOR_OWNER(link, struct task, all);
		for (; t != NULL && t->mark == 0; t = td_owner(t))
			t->mark = walk;
		if (t != NULL && t->mark == walk)
			td_circle(d, t);
	}
}

/* ---- All ----------------------------------------------------------------- */

static void
td_all(struct td_dump *d)
{
	struct reactor_link *link, *all = &d->loop->all;
	struct task_statistics stats;

	task_stats(&stats);
	td_add(d,
	    "tasks: %zu, %zu ready; context %s; stacks: %zu, %zu in the pool",
	    stats.tasks, stats.ready, d->loop->context->name, stats.stacks,
	    stats.pooled);
	td_end(d);
	for (link = all->next; link != all; link = link->next)
		td_task(d, REACTOR_OWNER(link, struct task, all));
	td_circles(d);
}

void
task_dump(void (*line)(void *context, const char *), void *context)
{
	struct td_dump d = { .line = line, .context = context };

	d.loop = coro__here.tasks;
	if (d.loop == NULL)
		line(context, "tasks: none in this thread");
	else
		td_all(&d);
}

void
task_stats(struct task_statistics *stats)
{
	struct task__loop *loop = coro__here.tasks;
	const struct task *t;

	memset(stats, 0, sizeof(*stats));
	if (loop == NULL)
		return;
	*stats = loop->stats;
	stats->tasks = loop->tasks;
	stats->ready = 0;
	for (t = loop->ready; t != NULL; t = t->next)
		stats->ready++;
	coro__stack_count(&stats->stacks, &stats->pooled);
}

/* ---- Reports ------------------------------------------------------------- */

static void
td_report_line(void *context, const char *line)
{
	struct task__loop *loop = context;

	if (loop->options.report != NULL)
		loop->options.report(loop->options.data, line);
	else
		(void)fprintf(stderr, "%s\n", line);
}

void
task__report(struct task__loop *loop, const char *format, ...)
{
	char text[TD_LINE];
	va_list list;

	va_start(list, format);
	(void)vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	td_report_line(loop, text);
}

void
task__report_all(struct task__loop *loop, const char *why)
{
	task__report(loop, "reactor: %s:", why);
	task_dump(td_report_line, loop);
}

/* ---- Trace --------------------------------------------------------------- */

void
task__trace(struct task__loop *loop, struct task *t, int what)
{
	struct reactor *r = loop->reactor;
	char waits[128];

	switch (what) {
	case TASK__SPAWN:
		reactor_trace(
		    r, REACTOR_INSTANT, "tasks", "spawn", t->name, t->place);
		break;
	case TASK__RUN:
		reactor_trace(r, REACTOR_BEGIN, "tasks", "run", t->name, NULL);
		break;
	case TASK__PAUSE:
		reactor_trace(r, REACTOR_END, "tasks", "yield", t->name, NULL);
		break;
	case TASK__PARK:
		td_words(t->wait, waits, sizeof(waits));
		reactor_trace(r, REACTOR_END, "tasks", "park", t->name, waits);
		break;
	case TASK__END:
		reactor_trace(r, REACTOR_INSTANT, "tasks", "end", t->name,
		    t->state == TASK_DONE         ? "done"
			: t->state == TASK_FAILED ? "failed"
						  : "cancelled");
		reactor_trace(r, REACTOR_END, "tasks", "end", t->name, NULL);
		break;
	}
}
