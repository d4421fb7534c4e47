/*
 * SPDX-License-Identifier: ISC
 *
 * stats.c: how an executor stands, for programs and for people.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "reactor/executor/pool.h"

void
reactor_executor_stats(
    struct reactor_executor *pool, struct reactor_executor_statistics *stats)
{
	memset(stats, 0, sizeof(*stats));
	if (reactor__executor_ours(pool) == -1)
		return;
	reactor__executor_lock(pool);
	*stats = pool->stats;
	stats->workers = pool->nworkers + pool->overrun;
	stats->queued = pool->queued;
	stats->overrun = pool->overrun;
	stats->broken = pool->broken != 0;
	reactor__executor_unlock(pool);
}

static void
xn_tell(const struct reactor__worker *w, struct reactor_worker_info *info)
{
	memset(info, 0, sizeof(*info));
	info->number = w->number;
	info->state = w->state;
	info->pid = w->pid;
	info->jobs = w->jobs;
	info->since = w->since;
	if (w->future != NULL)
		(void)snprintf(
		    info->job, sizeof(info->job), "%s", w->future->name);
}

size_t
reactor_executor_workers(
    struct reactor_executor *pool, struct reactor_worker_info *list, size_t max)
{
	const struct reactor_link *link;
	size_t n = 0;

	if (reactor__executor_ours(pool) == -1)
		return 0;
	reactor__executor_lock(pool);
	for (link = pool->workers.next; link != &pool->workers;
	     link = link->next, n++)
		if (n < max)
			xn_tell(
			    (const struct reactor__worker *)(const void *)link,
			    &list[n]);
	reactor__executor_unlock(pool);
	return n;
}

/* ---- In words ------------------------------------------------------------ */

typedef void xn_line_fn(void *context, const char *line);

static void
xn_dump_executor(struct reactor_executor *pool,
    const struct reactor_executor_statistics *s, xn_line_fn *line,
    void *context)
{
	char text[400], name[80], queue[24], job[24];
	uint64_t begun = s->succeeded + s->failed + s->running;
	uint64_t ended = s->succeeded + s->failed;

	(void)reactor__quote(name, sizeof(name), pool->name);
	(void)snprintf(text, sizeof(text),
	    "executor %s of %s: %zu of at most %u workers%s%s", name,
	    pool->kind->name, s->workers, pool->options.workers,
	    s->broken ? ", broken: " : "", s->broken ? pool->why : "");
	line(context, text);
	(void)snprintf(text, sizeof(text),
	    "  jobs: %zu queued, %zu running, %" PRIu64 " succeeded, %" PRIu64
	    " failed, %" PRIu64 " cancelled",
	    s->queued, s->running, s->succeeded, s->failed, s->cancelled);
	line(context, text);
	(void)snprintf(text, sizeof(text),
	    "  on average %s in the queue, %s at work",
	    reactor__span(queue, sizeof(queue),
		begun > 0 ? s->queue_total / (int64_t)begun : 0),
	    reactor__span(job, sizeof(job),
		ended > 0 ? s->job_total / (int64_t)ended : 0));
	line(context, text);
}

static void
xn_dump_worker(
    const struct reactor_worker_info *info, xn_line_fn *line, void *context)
{
	static const char *const state[] = { "starting", "idle", "working",
		"overrun" };
	char text[200], span[24], name[80], process[40] = "";

	if (info->pid != 0)
		(void)snprintf(
		    process, sizeof(process), ", process %d", info->pid);
	(void)reactor__quote(name, sizeof(name), info->job);
	(void)snprintf(text, sizeof(text),
	    "  worker %u%s: %s for %s%s%s, %" PRIu64 " jobs before",
	    info->number, process, state[info->state],
	    reactor__span(span, sizeof(span),
		reactor__clock(REACTOR__MONOTONIC) - info->since),
	    info->job[0] != '\0' ? " at " : "",
	    info->job[0] != '\0' ? name : "", info->jobs);
	line(context, text);
}

void
reactor_executor_dump(
    struct reactor_executor *pool, xn_line_fn *line, void *context)
{
	struct reactor_executor_statistics stats;
	struct reactor_worker_info info[64];
	size_t i, n;

	reactor_executor_stats(pool, &stats);
	xn_dump_executor(pool, &stats, line, context);
	n = reactor_executor_workers(pool, info, 64);
	for (i = 0; i < n && i < 64; i++)
		xn_dump_worker(&info[i], line, context);
}
