/*
 * SPDX-License-Identifier: ISC
 *
 * trace.c: tells what the workers do: a lane for each, in the same file as the
 * traces of loops (reactor/trace.c), or lines for people.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "reactor/executor/pool.h"
#include "reactor/internal.h"

/* Numbers of lanes: those of loops are below. */
enum { XE_FIRST = 1000000, XE_LANES = 1000, XE_WORDS = 200 };

#define XE_PUT(pool, ...) reactor__journal_put((pool)->journal, __VA_ARGS__)

int
reactor__job_trace_open(struct reactor_executor *pool, const char *file)
{
	static int executors;

	pool->journal = reactor__journal_open(file, "[\n");
	if (pool->journal == NULL)
		return -1;
	pool->lines = strcmp(file, "-") == 0;
	pool->traced =
	    __atomic_fetch_add(&executors, 1, __ATOMIC_RELAXED) % XE_LANES;
	return 0;
}

void
reactor__job_trace_close(struct reactor_executor *pool)
{
	reactor__journal_close(pool->journal);
	pool->journal = NULL;
}

static unsigned
xe_lane(const struct reactor_executor *pool, unsigned worker)
{
	return XE_FIRST + (unsigned)pool->traced * XE_LANES + 1 +
	    worker % (XE_LANES - 1);
}

/* ---- Lines --------------------------------------------------------------- */

static void
xe_line(const struct reactor_future *f, const char *word, const char *span,
    const char *what)
{
	struct reactor_executor *pool = f->pool;
	char lane[48], name[XE_WORDS];

	(void)reactor__quote(name, sizeof(name), f->name);
	(void)snprintf(lane, sizeof(lane), "%s %u", pool->name, f->worker);
	reactor__line(pool->journal, pool->opened, word, "%-12s  %s  %s%s%s",
	    lane, name, span, *what != '\0' ? ": " : "", what);
}

/* ---- Records ------------------------------------------------------------- */

static void
xe_announce(struct reactor_executor *pool, unsigned worker)
{
	char name[XE_WORDS], quoted[XE_WORDS];

	(void)snprintf(name, sizeof(name), "%s, worker %u", pool->name, worker);
	(void)reactor__quote(quoted, sizeof(quoted), name);
	XE_PUT(pool,
	    "{\"ph\":\"M\",\"pid\":%ld,\"tid\":%u,\"name\":\"thread_name\","
	    "\"args\":{\"name\":%s}},\n",
	    (long)getpid(), xe_lane(pool, worker), quoted);
}

/* How many wait and how many run, as a curve. */
static void
xe_count(struct reactor_executor *pool, int64_t now)
{
	char quoted[XE_WORDS];

	(void)reactor__quote(quoted, sizeof(quoted), pool->name);
	XE_PUT(pool,
	    "{\"ph\":\"C\",\"pid\":%ld,\"tid\":%u,\"ts\":%" PRId64
	    ".%03d,\"name\":%s,\"args\":{\"queued\":%zu,\"running\":%zu}},\n",
	    (long)getpid(), xe_lane(pool, 0) - 1, now / 1000, (int)(now % 1000),
	    quoted, pool->queued, pool->stats.running);
}

static void
xe_record(const struct reactor_future *f, const char *error)
{
	struct reactor_executor *pool = f->pool;
	int64_t span = f->finished - f->started;
	int64_t queued = f->started - f->submitted;
	char name[XE_WORDS], quoted[XE_WORDS];

	(void)reactor__quote(name, sizeof(name), f->name);
	(void)reactor__quote(quoted, sizeof(quoted), error);
	XE_PUT(pool,
	    "{\"ph\":\"X\",\"pid\":%ld,\"tid\":%u,\"ts\":%" PRId64
	    ".%03d,\"dur\":%" PRId64 ".%03d,\"name\":%s,",
	    (long)getpid(), xe_lane(pool, f->worker), f->started / 1000,
	    (int)(f->started % 1000), span / 1000, (int)(span % 1000), name);
	XE_PUT(pool,
	    "\"args\":{\"queued_ns\":%" PRId64 ",\"bytes\":%zu,"
	    "\"result\":%zu,\"error\":%s}},\n",
	    queued, f->size, f->result.error == 0 ? f->result.size : 0, quoted);
}

/* ---- What happens -------------------------------------------------------- */

void
reactor__job_trace_begin(const struct reactor_future *f)
{
	struct reactor_executor *pool = f->pool;
	char span[24], words[64];

	if (!reactor__journal_ready(pool->journal))
		return;
	if (pool->lines) {
		(void)snprintf(words, sizeof(words), "after %s in the queue",
		    reactor__span(
			span, sizeof(span), f->started - f->submitted));
		xe_line(f, "job", words, "");
		reactor__journal_flush(pool->journal);
	} else {
		if (f->runner->jobs == 0)
			xe_announce(pool, f->worker);
		xe_count(pool, f->started);
	}
}

void
reactor__job_trace_end(const struct reactor_future *f)
{
	struct reactor_executor *pool = f->pool;
	const char *error = "";
	char span[24], words[64];

	if (f->started == 0 || !reactor__journal_ready(pool->journal))
		return;
	if (f->result.error != 0)
		error = f->result.size > 0 ? f->result.bytes : "failed";
	if (pool->lines) {
		(void)snprintf(words, sizeof(words), "took %s",
		    reactor__span(
			span, sizeof(span), f->finished - f->started));
		xe_line(f, "job done", words, error);
	} else {
		xe_record(f, error);
		(void)reactor__journal_ready(pool->journal);
		xe_count(pool, f->finished);
	}
	reactor__journal_flush(pool->journal);
}
