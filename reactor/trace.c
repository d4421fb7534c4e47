/*
 * SPDX-License-Identifier: ISC
 *
 * trace.c: tells what the loop does, one lane for each box of the diagram:
 * records of Chrome's trace format for Perfetto, or lines for people.
 *
 * A lane is a "thread" of the format.  The array of records is never closed,
 * which the format allows, as nobody knows which one is the last.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "reactor/internal.h"

enum { TR_WORDS = 200 }; /* the longest string in a record */
enum { TR_LANES = 16 };  /* numbers for each loop */

enum tr_box { TR_REGISTER, TR_WAIT, TR_QUEUE, TR_DISPATCH, TR_HANDLER };

static const char *const tr_name[] = { "register", "wait", "queue", "dispatch",
	"handler" };

struct reactor__trace {
	struct reactor__journal *journal;
	int lines; /* for people */
	int loop;  /* which one of this process */
	long pid;
	unsigned generation;
	int64_t opened;
	int64_t began; /* the present wait or handler */
	int64_t timeout;
	size_t queued;           /* as it was written last */
	char lane[TR_LANES][16]; /* of reactor_trace; from TR_HANDLER + 1 */
};

#define TR_PUT(t, ...) reactor__journal_put((t)->journal, __VA_ARGS__)

static void
tr_lane(struct reactor__trace *t, int box, const char *what, const char *name)
{
	TR_PUT(t, "{\"ph\":\"M\",\"pid\":%ld,\"tid\":%d,\"name\":\"%s\",",
	    t->pid, t->loop * TR_LANES + box, what);
	TR_PUT(t, "\"args\":{\"name\":\"%s\"}},\n", name);
}

static void
tr_begin(struct reactor__trace *t)
{
	int box;

	t->pid = (long)getpid();
	t->generation = reactor__fork_generation();
	if (t->lines)
		return;
	tr_lane(t, 0, "process_name", "reactor");
	for (box = TR_REGISTER; box <= TR_HANDLER; box++)
		tr_lane(t, box, "thread_name", tr_name[box]);
	memset(t->lane, 0, sizeof(t->lane));
}

/* Before each record; NULL: there is nothing to write to any more. */
static struct reactor__trace *
tr_enter(struct reactor *r)
{
	struct reactor__trace *t = r->trace;

	if (t->generation != reactor__fork_generation()) {
		reactor__journal_forget(t->journal); /* the parent writes it */
		tr_begin(t);
	}
	return reactor__journal_ready(t->journal) ? t : NULL;
}

int
reactor__trace_open(struct reactor *r, const char *file)
{
	static int loops;
	struct reactor__trace *t = reactor__allocate(NULL, sizeof(*t));
	int error;

	if (t == NULL)
		return -1;
	memset(t, 0, sizeof(*t));
	t->journal = reactor__journal_open(file, "[\n");
	if (t->journal == NULL) {
		error = errno;
		(void)reactor__allocate(t, 0);
		errno = error;
		return -1;
	}
	t->lines = strcmp(file, "-") == 0;
	t->opened = reactor__clock(REACTOR__MONOTONIC);
	t->loop = __atomic_fetch_add(&loops, 1, __ATOMIC_RELAXED);
	tr_begin(t);
	r->trace = t;
	return 0;
}

void
reactor__trace_close(struct reactor *r)
{
	(void)tr_enter(r);
	reactor__journal_close(r->trace->journal);
	(void)reactor__allocate(r->trace, 0);
	r->trace = NULL;
}

/* ---- Records ------------------------------------------------------------- */

/* Printed by integers: a locale may write the point as a comma. */
static void
tr_time(struct reactor__trace *t, const char *key, int64_t ns)
{
	TR_PUT(t, ",\"%s\":%" PRId64 ".%03d", key, ns / 1000, (int)(ns % 1000));
}

static void
tr_record(struct reactor__trace *t, int box, const char *phase, int64_t time)
{
	TR_PUT(t, "{\"ph\":\"%s\",\"pid\":%ld,\"tid\":%d", phase, t->pid,
	    t->loop * TR_LANES + box);
	tr_time(t, "ts", time);
	if (*phase == 'i')
		TR_PUT(t, ",\"s\":\"t\"");
}

static void
tr_record_event(struct reactor__trace *t, int box, const char *phase,
    const char *verb, const struct reactor_event *event)
{
	char words[TR_WORDS], name[TR_WORDS];
	const char *kind = reactor__kinds[event->kind]->name;

	(void)reactor__describe(event, words, sizeof(words));
	(void)reactor__quote(
	    name, sizeof(name), event->name != NULL ? event->name : words);
	tr_record(t, box, phase, reactor__clock(REACTOR__MONOTONIC));
	/* The quote that opens the name comes before the verb. */
	TR_PUT(t, ",\"name\":\"%s%s%s%s", verb, event->name ? "" : kind,
	    event->name ? "" : " ", name + 1);
	(void)reactor__quote(name, sizeof(name), words);
	TR_PUT(t, ",\"args\":{\"kind\":\"%s\",\"what\":%s}},\n", kind, name);
}

/* What happens to a handler, in one word of a line or in a record. */
static void
tr_event(struct reactor *r, int box, const char *phase, const char *verb,
    const char *word, const struct reactor_event *event)
{
	struct reactor__trace *t = tr_enter(r);

	if (t != NULL && t->lines)
		reactor__line_event(t->journal, t->opened, word, event);
	else if (t != NULL)
		tr_record_event(t, box, phase, verb, event);
}

static size_t
tr_length(const struct reactor__queue *queue)
{
	const struct reactor_link *link;
	size_t n = 0;
	int i;

	for (i = 0; i < REACTOR__LEVELS; i++)
		for (link = queue->list[i].next; link != &queue->list[i];
		     link = link->next)
			n++;
	return n;
}

/* Counted only here, as handlers leave the queue in many ways. */
static void
tr_queued(struct reactor *r, struct reactor__trace *t)
{
	size_t queued = tr_length(&r->queue) + tr_length(&r->batch);

	if (queued != t->queued && !t->lines) {
		tr_record(t, TR_QUEUE, "C", reactor__clock(REACTOR__MONOTONIC));
		TR_PUT(t, ",\"name\":\"queued\",\"args\":{\"loop %d\":%zu}},\n",
		    t->loop, queued);
	}
	t->queued = queued;
}

/* ---- What the loop calls ------------------------------------------------- */

void
reactor__trace_register(
    struct reactor *r, const struct reactor_event *event, int started)
{
	tr_event(r, TR_REGISTER, "i", started ? "start " : "stop ",
	    started ? "register" : "stop", event);
}

void
reactor__trace_wait(struct reactor *r, int64_t timeout)
{
	struct reactor__trace *t = tr_enter(r);
	char span[24] = "";

	if (t == NULL)
		return;
	if (t->lines)
		reactor__line(t->journal, t->opened, "wait", "%-10s  %s%s",
		    reactor_backend_name(r),
		    timeout < 0        ? "for ever"
			: timeout == 0 ? "not at all: only looks"
				       : "at most ",
		    timeout > 0 ? reactor__span(span, sizeof(span), timeout)
				: "");
	else if (timeout != 0) /* who is killed in the wait has told all */
		reactor__journal_flush(t->journal);
	t->timeout = timeout;
	t->began = reactor__clock(REACTOR__MONOTONIC);
}

void
reactor__trace_woken(struct reactor *r, int n)
{
	struct reactor__trace *t = tr_enter(r);

	if (t != NULL && t->lines) {
		reactor__line(t->journal, t->opened, "woken",
		    n < 0 ? "the wait failed" : "%d ready", n);
	} else if (t != NULL) {
		tr_record(t, TR_WAIT, "X", t->began);
		tr_time(
		    t, "dur", reactor__clock(REACTOR__MONOTONIC) - t->began);
		TR_PUT(t, ",\"name\":\"%s\",", reactor_backend_name(r));
		TR_PUT(t,
		    "\"args\":{\"limit_ns\":%" PRId64 ",\"ready\":%d}},\n",
		    t->timeout, n);
	}
}

void
reactor__trace_queue(struct reactor *r, const struct reactor_event *event)
{
	tr_event(r, TR_QUEUE, "i", "", "queue", event);
}

void
reactor__trace_dispatch(struct reactor *r)
{
	struct reactor__trace *t = tr_enter(r);

	if (t == NULL)
		return;
	tr_queued(r, t);
	if (t->lines) {
		reactor__line(
		    t->journal, t->opened, "dispatch", "%zu queued", t->queued);
	} else {
		tr_record(
		    t, TR_DISPATCH, "i", reactor__clock(REACTOR__MONOTONIC));
		TR_PUT(t,
		    ",\"name\":\"dispatch\",\"args\":{\"queued\":%zu}},\n",
		    t->queued);
	}
}

/* Beginning and end are told apart: the callback may free the handler. */
void
reactor__trace_begin(struct reactor *r, const struct reactor_event *event)
{
	tr_event(r, TR_HANDLER, "B", "", "handler", event);
	r->trace->began = reactor__clock(REACTOR__MONOTONIC);
}

void
reactor__trace_end(struct reactor *r)
{
	struct reactor__trace *t = tr_enter(r);
	int64_t now = reactor__clock(REACTOR__MONOTONIC);
	char span[24];

	if (t != NULL && t->lines) {
		reactor__line(t->journal, t->opened, "done", "took %s",
		    reactor__span(span, sizeof(span), now - t->began));
	} else if (t != NULL) {
		tr_record(t, TR_HANDLER, "E", now);
		TR_PUT(t, "},\n");
	}
}

/* The turn is complete: from here on it can be read, whatever happens. */
void
reactor__trace_flush(struct reactor *r)
{
	struct reactor__trace *t = tr_enter(r);

	if (t == NULL)
		return;
	tr_queued(r, t);
	reactor__journal_flush(t->journal);
}

/* ---- What others tell ---------------------------------------------------- */

int
reactor_traced(const struct reactor *r)
{
	return r->trace != NULL;
}

/* The number of the lane, which is announced when it comes first; -1: full. */
static int
tr_find(struct reactor__trace *t, const char *lane)
{
	char name[sizeof(t->lane[0])], quoted[TR_WORDS];
	int i = TR_HANDLER + 1;

	(void)snprintf(name, sizeof(name), "%s", lane);
	while (i < TR_LANES && t->lane[i][0] != '\0' &&
	    strcmp(t->lane[i], name) != 0)
		i++;
	if (i == TR_LANES)
		return -1;
	if (t->lane[i][0] != '\0')
		return i;
	memcpy(t->lane[i], name, sizeof(name));
	/* The name without its quotes: tr_lane has some. */
	quoted[reactor__quote(quoted, sizeof(quoted), name) - 1] = '\0';
	tr_lane(t, i, "thread_name", quoted + 1);
	return i;
}

static void
tr_record_own(struct reactor__trace *t, int record, int lane, const char *verb,
    const char *name, const char *what)
{
	static const char *const phase[] = { "B", "E", "i" };
	char words[TR_WORDS], quoted[TR_WORDS];

	tr_record(t, lane, phase[record], reactor__clock(REACTOR__MONOTONIC));
	/* What goes on for a while is named after what it is. */
	(void)snprintf(words, sizeof(words), "%s%s%s",
	    record == REACTOR_BEGIN ? "" : verb,
	    record == REACTOR_BEGIN ? "" : " ", name);
	(void)reactor__quote(quoted, sizeof(quoted), words);
	TR_PUT(t, ",\"name\":%s", quoted);
	if (what != NULL) {
		(void)reactor__quote(quoted, sizeof(quoted), what);
		TR_PUT(t, ",\"args\":{\"what\":%s}", quoted);
	}
	TR_PUT(t, "},\n");
}

void
reactor_trace(struct reactor *r, int record, const char *lane, const char *verb,
    const char *name, const char *what)
{
	struct reactor__trace *t = r->trace != NULL ? tr_enter(r) : NULL;
	char quoted[TR_WORDS];
	int number;

	if (t == NULL || record < REACTOR_BEGIN || record > REACTOR_INSTANT)
		return;
	if (t->lines) {
		(void)reactor__quote(quoted, sizeof(quoted), name);
		reactor__line(t->journal, t->opened, verb, "%-10s  %-20s  %s",
		    lane, what != NULL ? what : "", quoted);
		return;
	}
	number = tr_find(t, lane);
	if (number != -1)
		tr_record_own(t, record, number, verb, name, what);
}
