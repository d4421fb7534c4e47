/*
 * SPDX-License-Identifier: ISC
 *
 * compare_print.c: the figures as a table, CSV, JSON, and a chart.
 */
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "demos/chart.h"
#include "demos/compare.h"

/* The small costs: where they are in a backend, and what they are called. */
static const struct cp_cost {
	const char *name, *words;
	size_t place;
} cp_costs[] = {
	{ "start", "start a handler", offsetof(struct compare_backend, start) },
	{ "stop", "stop a handler", offsetof(struct compare_backend, stop) },
	{ "wake", "wake from a thread",
	    offsetof(struct compare_backend, wake) },
	{ "late", "timer late by", offsetof(struct compare_backend, late) },
};

#define CP_COSTS (sizeof(cp_costs) / sizeof(*cp_costs))

static const struct figure *
cp_cost(const struct compare_backend *b, size_t cost)
{
	return (const struct figure *)(const void *)((const char *)b +
	    cp_costs[cost].place);
}

/* ---- What one sees ------------------------------------------------------- */

/* The cheapest or the dearest in the last step; emulated ones do not count. */
static const struct compare_backend *
cp_extreme(const struct compare *c, int dearest)
{
	const struct compare_backend *b, *found = NULL;
	size_t last = c->nsteps - 1, k;

	for (k = 0; k < c->nbackends; k++) {
		b = &c->backend[k];
		if (b->is.emulated && c->nbackends > 1)
			continue;
		if (found == NULL ||
		    (b->event[last].median > found->event[last].median) ==
			dearest)
			found = b;
	}
	return found;
}

static double
cp_two_digits(double value)
{
	double unit = 1;

	while (value / unit >= 100)
		unit *= 10;
	return (double)(long)(value / unit + 0.5) * unit;
}

void
compare_sentence(const struct compare *c, char *text, size_t size)
{
	const struct compare_backend *best = cp_extreme(c, 0),
				     *worst = cp_extreme(c, 1);
	size_t last = c->nsteps - 1;
	char first[40], end[40], dear[40], from[40], to[40], often[40];
	double times;

	figure_time(best->event[0].median, first, sizeof(first));
	figure_time(best->event[last].median, end, sizeof(end));
	figure_time(worst->event[last].median, dear, sizeof(dear));
	figure_count((double)c->step[0], from, sizeof(from));
	figure_count((double)c->step[last], to, sizeof(to));
	times = worst->event[last].median / best->event[last].median;
	if (times < 10)
		(void)snprintf(often, sizeof(often), "%.1f", times);
	else
		figure_count(cp_two_digits(times), often, sizeof(often));
	(void)snprintf(text, size, "%s: %s among %s descriptors, %s among %s%s",
	    best->is.label, first, from, end, to, times < 1.2 ? "." : "; ");
	if (times >= 1.2)
		(void)snprintf(text + strlen(text), size - strlen(text),
		    "%s there: %s, %s times as much.", worst->is.label, dear,
		    often);
}

/* ---- The table ----------------------------------------------------------- */

static int
cp_width(const struct compare *c, size_t k)
{
	int length = (int)strlen(c->backend[k].is.label) + 2;

	return length < 11 ? 11 : length;
}

static void
cp_head(const struct compare *c, const char *left)
{
	size_t k;

	(void)printf("%19s", left);
	for (k = 0; k < c->nbackends; k++)
		(void)printf("%*s", cp_width(c, k), c->backend[k].is.label);
	(void)putchar('\n');
}

static void
cp_cell(const struct compare *c, size_t k, const struct figure *figure)
{
	char text[40] = "-";

	if (figure->rounds > 0)
		figure_time(figure->median, text, sizeof(text));
	(void)printf("%*s", cp_width(c, k), text);
}

static void
cp_system(const struct compare *c)
{
	char text[300];

	demo_system(text, sizeof(text));
	(void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
	    ", %ld descriptors", c->limit);
	demo_wrap(text);
	(void)putchar('\n');
}

void
compare_table(const struct compare *c)
{
	char text[400];
	size_t i, k;

	cp_system(c);
	(void)printf("One event, while so many descriptors are watched "
		     "(%ld active, the rest idle):\n\n",
	    c->active);
	cp_head(c, "watched");
	for (i = 0; i < c->nsteps; i++) {
		figure_count((double)c->step[i], text, sizeof(text));
		(void)printf("%19s", text);
		for (k = 0; k < c->nbackends; k++)
			cp_cell(c, k, &c->backend[k].event[i]);
		(void)putchar('\n');
	}
	(void)puts("\nWhat else it costs:\n");
	cp_head(c, "");
	for (i = 0; i < CP_COSTS; i++) {
		(void)printf("%19s", cp_costs[i].words);
		for (k = 0; k < c->nbackends; k++)
			cp_cell(c, k, cp_cost(&c->backend[k], i));
		(void)putchar('\n');
	}
	(void)printf("\nAll times are medians.  An event is: wait, call the "
		     "handler, which reads a byte\nand writes it to the next "
		     "socket.\n");
	compare_sentence(c, text, sizeof(text));
	(void)putchar('\n');
	demo_wrap(text);
}

/* ---- For programs -------------------------------------------------------- */

static void
cp_csv(const struct compare_backend *b, const char *what, long watched,
    const struct figure *f)
{
	(void)printf("%s,%d,%s,%ld,%.1f,%.1f,%.1f,%zu\n", b->is.name,
	    b->is.emulated, what, watched, f->median, f->low, f->high,
	    f->rounds);
}

void
compare_csv(const struct compare *c)
{
	const struct compare_backend *b;
	size_t i;

	(void)puts("backend,emulated,measure,watched,median_ns,low_ns,high_ns,"
		   "rounds");
	for (b = c->backend; b < c->backend + c->nbackends; b++) {
		for (i = 0; i < c->nsteps; i++)
			cp_csv(b, "event", c->step[i], &b->event[i]);
		for (i = 0; i < CP_COSTS; i++)
			cp_csv(b, cp_costs[i].name, 0, cp_cost(b, i));
	}
}

static void
cp_string(const char *text)
{
	(void)putchar('"');
	for (; *text != '\0'; text++)
		if (*text == '"' || *text == '\\')
			(void)printf("\\%c", *text);
		else if ((unsigned char)*text < ' ')
			(void)printf("\\u%04x", *text);
		else
			(void)putchar(*text);
	(void)putchar('"');
}

static void
cp_figure(const struct figure *f)
{
	(void)printf(
	    "\"median_ns\": %.1f, \"low_ns\": %.1f, \"high_ns\": %.1f, "
	    "\"rounds\": %zu}",
	    f->median, f->low, f->high, f->rounds);
}

static void
cp_json(const struct compare *c, const struct compare_backend *b)
{
	size_t i;

	(void)printf("    {\"name\": \"%s\", \"label\": ", b->is.name);
	cp_string(b->is.label);
	(void)printf(", \"emulated\": %s,\n     \"check\": {\"events\": %zu, "
		     "\"digest\": \"%016llx\"},\n     \"event\": [",
	    b->is.emulated ? "true" : "false", b->nscript,
	    (unsigned long long)b->digest);
	for (i = 0; i < c->nsteps; i++) {
		(void)printf("%s\n       {\"watched\": %ld, ", i > 0 ? "," : "",
		    c->step[i]);
		cp_figure(&b->event[i]);
	}
	(void)printf("]");
	for (i = 0; i < CP_COSTS; i++) {
		(void)printf(",\n     \"%s\": {", cp_costs[i].name);
		cp_figure(cp_cost(b, i));
	}
	(void)printf("}%s\n", b + 1 < c->backend + c->nbackends ? "," : "");
}

void
compare_json(const struct compare *c)
{
	struct utsname system;
	size_t k;

	if (uname(&system) == -1)
		memset(&system, 0, sizeof(system));
	(void)printf(
	    "{\n  \"schema\": \"reactor-compare-1\",\n  \"version\": ");
	cp_string(reactor_version());
	(void)printf(",\n  \"system\": ");
	cp_string(system.sysname);
	(void)printf(",\n  \"release\": ");
	cp_string(system.release);
	(void)printf(",\n  \"machine\": ");
	cp_string(system.machine);
	(void)printf(",\n  \"processors\": %ld,\n  \"descriptors\": %ld,\n"
		     "  \"active\": %ld,\n  \"note\": ",
	    sysconf(_SC_NPROCESSORS_ONLN), c->limit, c->active);
	cp_string(c->note);
	(void)printf(",\n  \"same_events\": %s,\n  \"backends\": [\n",
	    compare_difference(c) == NULL ? "true" : "false");
	for (k = 0; k < c->nbackends; k++)
		cp_json(c, &c->backend[k]);
	(void)puts("  ]\n}");
}

/* ---- The chart ----------------------------------------------------------- */

void
compare_chart(const struct compare *c, FILE *f)
{
	double x[COMPARE_STEPS], y[COMPARE_BACKENDS][COMPARE_STEPS];
	struct chart_line line[COMPARE_BACKENDS];
	struct chart chart = { .x = x, .lines = line };
	char sentence[300];
	size_t i, k;

	for (k = 0; k < c->nbackends; k++) {
		line[k].name = c->backend[k].is.label;
		line[k].dashed = c->backend[k].is.emulated;
		line[k].y = y[k];
		for (i = 0; i < c->nsteps; i++)
			y[k][i] = c->backend[k].event[i].median;
	}
	for (i = 0; i < c->nsteps; i++)
		x[i] = (double)c->step[i];
	compare_sentence(c, sentence, sizeof(sentence));
	chart.title = "What one event costs, by the number of descriptors "
		      "watched";
	chart.subtitle = sentence;
	chart.x_label = "descriptors watched, nearly all of them idle";
	chart.y_label = "time per event";
	chart.x_text = figure_count;
	chart.y_text = figure_time;
	chart.points = c->nsteps;
	chart.nlines = c->nbackends;
	chart_write(f, &chart);
}
