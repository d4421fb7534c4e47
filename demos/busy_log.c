/*
 * SPDX-License-Identifier: ISC
 *
 * busy_log.c: what a task tells of itself: in which state it was, and when.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "demos/busy.h"
#include "demos/demo.h"

/* A clock that goes in greater steps than that shows nothing. */
#define BW_FINE 200000

int64_t
busy_cpu(void)
{
	struct timespec used;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	return used.tv_sec * REACTOR_SECOND + used.tv_nsec;
}

/* What clock_getres(2) says is not always so. */
int
busy_cpu_fine(void)
{
	int64_t first = busy_cpu(), last = first, now;
	int steps = 0;

	while (last - first < 5 * REACTOR_MILLISECOND && steps < 1000) {
		now = busy_cpu();
		steps += now != last;
		last = now;
	}
	return (last - first) / (steps > 0 ? steps : 1) < BW_FINE;
}

/* ---- The log ------------------------------------------------------------- */

void
busy_log_begin(struct busy_log *log)
{
	memset(log, 0, sizeof(*log));
	log->cpu = busy_cpu();
	log->done.begin = log->done.end = demo_now();
}

/* Without memory there are only the totals. */
static void
bw_append(struct busy_log *log, enum timeline_state state, int64_t until)
{
	size_t room = log->room > 0 ? 2 * log->room : 64;
	struct timeline_segment *segments = log->segments;

	if (log->done.nsegments == log->room) {
		segments = realloc(segments, room * sizeof(*segments));
		if (segments == NULL)
			return;
		log->segments = segments;
		log->room = room;
	}
	segments += log->done.nsegments++;
	segments->begin = log->done.end;
	segments->end = until;
	segments->state = state;
}

void
busy_log_add(struct busy_log *log, enum timeline_state state, int64_t until)
{
	size_t n = log->done.nsegments;

	if (until <= log->done.end)
		return;
	log->done.total[state] += until - log->done.end;
	if (n > 0 && log->segments[n - 1].state == (int64_t)state &&
	    log->segments[n - 1].end == log->done.end)
		log->segments[n - 1].end = until;
	else
		bw_append(log, state, until);
	log->done.end = until;
}

void
busy_log_end(struct busy_log *log)
{
	busy_log_add(log, TIMELINE_RUNNING, demo_now());
	log->done.cpu = busy_cpu() - log->cpu;
}

/* ---- Jobs ---------------------------------------------------------------- */

static int
bw_return(struct reactor_job *job, const struct busy_log *log)
{
	size_t size = log->done.nsegments * sizeof(*log->segments);
	char *result = reactor_job_result(job, sizeof(log->done) + size);

	if (result == NULL)
		return -1;
	memcpy(result, &log->done, sizeof(log->done));
	if (size > 0)
		memcpy(result + sizeof(log->done), log->segments, size);
	return 0;
}

static int
bw_job(struct reactor_job *job, busy_work *work)
{
	const struct busy_task *task = job->argument;
	struct busy_log log;
	int error, result;

	result = work(task, &log);
	if (result == -1 && task->file[0] != '\0') {
		error = errno;
		free(log.segments);
		return reactor_job_fail(
		    job, error, "%s: %s", task->file, strerror(error));
	}
	if (result == 0)
		result = bw_return(job, &log);
	free(log.segments);
	return result;
}

int
busy_job_count(struct reactor_job *job)
{
	return bw_job(job, busy_count);
}

int
busy_job_read(struct reactor_job *job)
{
	return bw_job(job, busy_read);
}
