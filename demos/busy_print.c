/*
 * SPDX-License-Identifier: ISC
 *
 * busy_print.c: what each task did, and what has come of all of them.
 */
#include <string.h>
#include <unistd.h>
#include "demos/busy.h"
#include "demos/demo.h"
#include "demos/figure.h"

static const char *const by_columns[TIMELINE_STATES] = { "running", "I/O",
	"lock", "processor" };

/* One worker of that kind. */
static const char *
by_one(const struct busy *b)
{
	return strcmp(b->kind, "processes") == 0 ? "process" : "thread";
}

static const char *
by_workers(const struct busy *b)
{
	return b->workers == 1 ? by_one(b) : b->kind;
}

void
busy_title(const struct busy *b, char *text, size_t size)
{
	(void)snprintf(text, size, "%ld task%s on %ld %s: %s%s", b->ntasks,
	    b->ntasks == 1 ? "" : "s", b->workers, by_workers(b), b->what,
	    !b->lock                              ? ""
		: strcmp(b->kind, "threads") == 0 ? ", under one lock"
						  : ", each under its lock");
}

/* ---- The table ----------------------------------------------------------- */

/* What cannot be is left out. */
static int
by_column(const struct busy *b, int state)
{
	return state == TIMELINE_RUNNING ||
	    (state == TIMELINE_IO && strcmp(b->work, "io") == 0) ||
	    (state == TIMELINE_LOCK && b->lock) ||
	    (state == TIMELINE_PROCESSOR && strcmp(b->work, "cpu") == 0 &&
		b->task[0].processor);
}

void
busy_print_head(const struct busy *b)
{
	char text[400];
	int state;

	if (b->brief)
		return;
	busy_title(b, text, sizeof(text));
	(void)puts(text);
	demo_system(text, sizeof(text));
	(void)puts(text);
	if (b->where[0] != '\0') {
		(void)snprintf(text, sizeof(text), "%s", b->where);
		demo_wrap(text);
	}
	(void)printf("\ntask  %-7s  %14s", by_one(b),
	    strcmp(b->work, "io") == 0 ? "checksum" : "primes");
	for (state = 0; state < TIMELINE_STATES; state++)
		if (by_column(b, state))
			(void)printf("  %9s", by_columns[state]);
	(void)putchar('\n');
	(void)fflush(stdout);
}

void
busy_print_task(const struct busy *b, const struct busy_run *run, long task)
{
	const struct busy_done *done = &run->log[task].done;
	char text[40];
	int state;

	if (b->brief)
		return;
	if (strcmp(b->work, "io") == 0)
		(void)snprintf(text, sizeof(text), "%08llx",
		    (unsigned long long)done->value);
	else
		figure_count((double)done->value, text, sizeof(text));
	(void)printf("%4ld  %7u  %14s", task + 1, run->worker[task] + 1, text);
	for (state = 0; state < TIMELINE_STATES; state++) {
		if (!by_column(b, state))
			continue;
		figure_time((double)done->total[state], text, sizeof(text));
		(void)printf("  %9s", done->total[state] == 0 ? "-" : text);
	}
	(void)putchar('\n');
	(void)fflush(stdout);
}

/* ---- The end ------------------------------------------------------------- */

static double
by_wall(const struct busy_run *run)
{
	return (double)(run->end - run->begin);
}

static void
by_compare(const char *name, double sequence, double pool)
{
	char one[40], other[40];

	figure_time(sequence, one, sizeof(one));
	figure_time(pool, other, sizeof(other));
	(void)printf("%-10s  %11s  %12s\n", name, one, other);
}

void
busy_sentence(const struct busy *b, char *text, size_t size)
{
	double times = by_wall(&b->sequence) / by_wall(&b->pool);
	char here[40], there[40], often[40];

	figure_time(by_wall(&b->sequence), there, sizeof(there));
	figure_time(by_wall(&b->pool), here, sizeof(here));
	(void)snprintf(often, sizeof(often), "%.1f times as fast as", times);
	(void)snprintf(text, size, "%s in sequence: %s instead of %s.",
	    times > 1.1       ? often
		: times > 0.9 ? "No faster than"
			      : "Slower than",
	    here, there);
}

void
busy_reason(const struct busy *b, char *text, size_t size)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	int threads = strcmp(b->kind, "threads") == 0;

	*text = '\0';
	if (b->workers == 1)
		return;
	if (strcmp(b->work, "io") == 0)
		(void)snprintf(text, size, "While one waits, others read.");
	else if (b->lock && threads)
		(void)snprintf(text, size,
		    "Only one thread at a time has the lock and computes.");
	else if (b->lock)
		(void)snprintf(text, size,
		    "Each process has a lock of its own, so none waits for "
		    "it.");
	if (strcmp(b->work, "cpu") == 0 && (!b->lock || !threads) &&
	    b->workers > processors)
		(void)snprintf(text + strlen(text), size - strlen(text),
		    "%sThere are %ld processors for %ld %s.",
		    *text != '\0' ? "  " : "", processors, b->workers, b->kind);
}

void
busy_print_end(const struct busy *b)
{
	const struct reactor_executor_statistics *s = &b->statistics;
	char text[200], workers[40], mean[40], longest[40];

	(void)snprintf(
	    workers, sizeof(workers), "%ld %s", b->workers, by_workers(b));
	(void)printf("\n%-10s  %11s  %12s\n", "", "in sequence", workers);
	by_compare("wall time", by_wall(&b->sequence), by_wall(&b->pool));
	by_compare("CPU time", (double)b->sequence.cpu, (double)b->pool.cpu);
	(void)printf("%-10s  %11s  %12.2f\n\n", "speed-up", "",
	    by_wall(&b->sequence) / by_wall(&b->pool));
	busy_sentence(b, text, sizeof(text));
	(void)puts(text);
	busy_reason(b, text, sizeof(text));
	if (*text != '\0')
		demo_wrap(text);
	figure_time(
	    (double)s->queue_total / (double)b->ntasks, mean, sizeof(mean));
	figure_time((double)s->queue_longest, longest, sizeof(longest));
	(void)printf(
	    "In the queue: %s on average, %s at most.\n", mean, longest);
}

void
busy_print_brief(const struct busy *b, const char *picture)
{
	char title[200], text[200];

	busy_title(b, title, sizeof(title));
	busy_sentence(b, text, sizeof(text));
	(void)printf("%s: %s\n", picture != NULL ? picture : title, text);
}
