/*
 * SPDX-License-Identifier: ISC
 *
 * busy_draw.c: the same as a picture: what each worker did, and when.
 */
#include <string.h>
#include "demos/busy.h"
#include "demos/demo.h"
#include "demos/figure.h"

static void
bd_tasks(const struct busy *b, const struct busy_run *run,
    struct timeline_task *tasks)
{
	const struct busy_log *log;
	long i;

	for (i = 0; i < b->ntasks; i++) {
		log = &run->log[i];
		tasks[i].number = (int)i + 1;
		tasks[i].lane = run->worker[i];
		tasks[i].begin = log->done.begin;
		tasks[i].end = log->done.end;
		tasks[i].segments = log->segments;
		tasks[i].nsegments = log->done.nsegments;
	}
}

/* Workers that were replaced have numbers above those of the others. */
static unsigned
bd_lanes(const struct busy *b)
{
	unsigned n = (unsigned)b->workers;
	long i;

	for (i = 0; i < b->ntasks; i++)
		if (b->pool.worker[i] >= n)
			n = b->pool.worker[i] + 1;
	return n;
}

static void
bd_words(const struct busy *b, char *text, size_t size)
{
	char cpu[40];
	size_t used;

	busy_sentence(b, text, size);
	used = strlen(text) - 1; /* the full stop */
	figure_time((double)b->pool.cpu, cpu, sizeof(cpu));
	(void)snprintf(text + used, size - used,
	    "; CPU time %s.  Speed-up %.2f.", cpu,
	    (double)(b->sequence.end - b->sequence.begin) /
		(double)(b->pool.end - b->pool.begin));
}

void
busy_draw(const struct busy *b, FILE *f)
{
	static struct timeline_task sequence[BUSY_TASKS], pool[BUSY_TASKS];
	struct timeline_group groups[2] = {
		{ "in sequence", NULL, 1, b->sequence.begin, b->sequence.end,
		    sequence, (size_t)b->ntasks },
		{ b->kind,
		    strcmp(b->kind, "processes") == 0 ? "process" : "thread",
		    bd_lanes(b), b->pool.begin, b->pool.end, pool,
		    (size_t)b->ntasks },
	};
	char title[200], subtitle[300], words[200], note[200];
	const struct timeline timeline = { title, subtitle, words, note, groups,
		2 };

	bd_tasks(b, &b->sequence, sequence);
	bd_tasks(b, &b->pool, pool);
	busy_title(b, title, sizeof(title));
	busy_reason(b, subtitle, sizeof(subtitle));
	if (b->where[0] != '\0')
		(void)snprintf(subtitle, sizeof(subtitle), "%s", b->where);
	bd_words(b, words, sizeof(words));
	demo_system(note, sizeof(note));
	timeline_draw(&timeline, f);
}
