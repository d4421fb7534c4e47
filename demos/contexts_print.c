/*
 * SPDX-License-Identifier: ISC
 *
 * contexts_print.c: the figures as a table, CSV, and a chart.
 */
#include <string.h>
#include "demos/chart.h"
#include "demos/contexts.h"

enum { CQ_WIDTH = 12 };

/* A switch takes nanoseconds: tenths of them count. */
static void
cq_time(double ns, char *text, size_t size)
{
	if (ns < 99.95)
		(void)snprintf(text, size, "%.1f ns", ns);
	else
		figure_time(ns, text, size);
}

/* ---- What one sees ------------------------------------------------------- */

/* The cheapest or the dearest in the last step. */
static const struct contexts_one *
cq_extreme(const struct contexts *c, int dearest)
{
	const struct contexts_one *one, *found = &c->one[0];
	size_t last = c->nsteps - 1;

	for (one = found; one < c->one + c->n; one++)
		if ((one->task[last].median > found->task[last].median) ==
		    dearest)
			found = one;
	return found;
}

static void
cq_sentence(const struct contexts *c, char *text, size_t size)
{
	const struct contexts_one *best = cq_extreme(c, 0),
				  *worst = cq_extreme(c, 1);
	char first[40], end[40], dear[40], to[40];
	size_t last = c->nsteps - 1;
	double times = worst->task[last].median / best->task[last].median;

	cq_time(best->task[0].median, first, sizeof(first));
	cq_time(best->task[last].median, end, sizeof(end));
	cq_time(worst->task[last].median, dear, sizeof(dear));
	figure_count((double)c->step[last], to, sizeof(to));
	(void)snprintf(text, size,
	    "%s: %s for a switch between 2 tasks%s%s%s%s%s", best->is.name,
	    first, last > 0 ? ", " : "", last > 0 ? end : "",
	    last > 0 ? " among " : "", last > 0 ? to : "",
	    times < 1.2 ? "." : "; ");
	if (times >= 1.2)
		(void)snprintf(text + strlen(text), size - strlen(text),
		    "%s there: %s, %.*f times as much.", worst->is.name, dear,
		    times < 10, times);
}

/* ---- The table ----------------------------------------------------------- */

static void
cq_figure(const struct figure *figure, char *text, size_t size)
{
	if (figure->rounds > 0)
		cq_time(figure->median, text, size);
	else
		(void)snprintf(text, size, "-");
}

static void
cq_kib(double bytes, char *text, size_t size)
{
	if (bytes > 0)
		(void)snprintf(
		    text, size, "%.*f KiB", bytes < 99.95 * 1024, bytes / 1024);
	else
		(void)snprintf(text, size, "-");
}

static void
cq_generator(const struct contexts_one *one, char *text, size_t size)
{
	cq_figure(&one->generator, text, size);
}

static void
cq_spawn(const struct contexts_one *one, char *text, size_t size)
{
	cq_figure(&one->spawn, text, size);
}

static void
cq_calls(const struct contexts_one *one, char *text, size_t size)
{
	if (one->calls < 0)
		(void)snprintf(text, size, "-");
	else if (one->calls < 0.005)
		(void)snprintf(text, size, "none");
	else if (one->calls > 0.995 && one->calls < 1.005)
		(void)snprintf(text, size, "one");
	else
		(void)snprintf(text, size, "%.2f", one->calls);
}

static void
cq_memory(const struct contexts_one *one, char *text, size_t size)
{
	cq_kib(one->memory.median, text, size);
}

static void
cq_stack(const struct contexts_one *one, char *text, size_t size)
{
	cq_kib((double)one->stack.size, text, size);
}

static void
cq_guard(const struct contexts_one *one, char *text, size_t size)
{
	static const char *const words[] = { "-", "guard page", "mapping",
		"canary", "nothing" };

	(void)snprintf(text, size, "%s",
	    words[one->stack.guard <= CORO_GUARD_NONE ? one->stack.guard : 0]);
}

static const struct cq_row {
	const char *words;
	void (*cell)(const struct contexts_one *, char *, size_t);
} cq_rows[] = {
	{ "generator, in and out", cq_generator },
	{ "spawn and await a task", cq_spawn },
	{ "system calls per switch", cq_calls },
	{ "memory, a waiting task", cq_memory },
	{ "its stack may grow to", cq_stack },
	{ "guarded by", cq_guard },
};

static void
cq_head(const struct contexts *c, const char *left)
{
	size_t k;

	(void)printf("%24s", left);
	for (k = 0; k < c->n; k++)
		(void)printf("%*s", CQ_WIDTH, c->one[k].is.name);
	(void)putchar('\n');
}

static void
cq_switches(const struct contexts *c)
{
	char text[40];
	size_t i, k;

	cq_head(c, "tasks");
	for (i = 0; i < c->nsteps; i++) {
		figure_count((double)c->step[i], text, sizeof(text));
		(void)printf("%24s", text);
		for (k = 0; k < c->n; k++) {
			cq_figure(&c->one[k].task[i], text, sizeof(text));
			(void)printf("%*s", CQ_WIDTH, text);
		}
		(void)putchar('\n');
	}
}

static void
cq_others(const struct contexts *c)
{
	size_t i, k;
	char text[40];

	cq_head(c, "");
	for (i = 0; i < sizeof(cq_rows) / sizeof(*cq_rows); i++) {
		(void)printf("%24s", cq_rows[i].words);
		for (k = 0; k < c->n; k++) {
			cq_rows[i].cell(&c->one[k], text, sizeof(text));
			(void)printf("%*s", CQ_WIDTH, text);
		}
		(void)putchar('\n');
	}
}

void
contexts_table(const struct contexts *c)
{
	char text[300];

	demo_system(text, sizeof(text));
	demo_wrap(text);
	(void)puts("\nA switch from one task to the next, when so many take "
		   "turns:\n");
	cq_switches(c);
	(void)puts("\nWhat else there is to know:\n");
	cq_others(c);
	(void)puts("\nAll times are medians.");
	cq_sentence(c, text, sizeof(text));
	demo_wrap(text);
}

/* ---- For programs -------------------------------------------------------- */

static void
cq_line(FILE *f, const struct contexts_one *one, const char *what, long tasks,
    const char *unit, const struct figure *figure)
{
	if (figure->rounds > 0)
		(void)fprintf(f, "%s,%s,%ld,%s,%.2f,%.2f,%.2f,%zu\n",
		    one->is.name, what, tasks, unit, figure->median,
		    figure->low, figure->high, figure->rounds);
}

void
contexts_csv(const struct contexts *c, FILE *f)
{
	const struct contexts_one *one;
	struct figure calls, stack;
	double value;
	size_t i;

	(void)fputs("context,measure,tasks,unit,median,low,high,rounds\n", f);
	for (one = c->one; one < c->one + c->n; one++) {
		cq_line(f, one, "generator", 0, "ns", &one->generator);
		cq_line(f, one, "spawn", 1, "ns", &one->spawn);
		for (i = 0; i < c->nsteps; i++)
			cq_line(
			    f, one, "switch", c->step[i], "ns", &one->task[i]);
		cq_line(f, one, "memory", c->most, "bytes", &one->memory);
		value = (double)one->stack.size;
		figure_make(&stack, &value, 1);
		cq_line(f, one, "stack", 1, "bytes", &stack);
		value = one->calls;
		figure_make(&calls, &value, value >= 0);
		cq_line(f, one, "calls", 0, "calls", &calls);
	}
}

/* ---- The chart ----------------------------------------------------------- */

void
contexts_chart(const struct contexts *c, FILE *f)
{
	double x[CONTEXTS_STEPS], y[CONTEXTS_MOST][CONTEXTS_STEPS];
	struct chart_line line[CONTEXTS_MOST];
	struct chart chart = { .x = x, .lines = line };
	char sentence[300];
	size_t i, k;

	for (k = 0; k < c->n; k++) {
		line[k].name = c->one[k].is.name;
		line[k].dashed = 0;
		line[k].y = y[k];
		for (i = 0; i < c->nsteps; i++)
			y[k][i] = c->one[k].task[i].median;
	}
	for (i = 0; i < c->nsteps; i++)
		x[i] = (double)c->step[i];
	cq_sentence(c, sentence, sizeof(sentence));
	chart.title = "What a switch costs, by the number of tasks that take "
		      "turns";
	chart.subtitle = sentence;
	chart.x_label = "tasks that take turns";
	chart.y_label = "time per switch";
	chart.x_text = figure_count;
	chart.y_text = cq_time;
	chart.points = c->nsteps;
	chart.nlines = c->n;
	chart_write(f, &chart);
}
