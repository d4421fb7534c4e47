/*
 * SPDX-License-Identifier: ISC
 *
 * timeline.c: draws lanes side by side, over one axis.
 */
#include "demos/figure.h"
#include "demos/svg.h"
#include "demos/timeline.h"

enum {
	TL_WIDTH = 960,
	TL_LEFT = 124, /* where the time begins */
	TL_RIGHT = 92, /* room for the time that it took */
	TL_LEGEND = 92,
	TL_TOP = 118,
	TL_HEIGHT = 38, /* of a lane */
	TL_LOW = 22,    /* of one that is there to compare */
	TL_APART = 8,
	TL_BETWEEN = 18, /* groups */
	TL_BELOW = 94
};

/* Waiting is lower than running, so that it looks different without colours. */
static const struct {
	const char *words, *look;
	double height;
} tl_states[TIMELINE_STATES] = {
	{ "running", "f2", 1 },
	{ "waiting for I/O", "f0 io", 0.5 },
	{ "waiting for the lock", "f1 lock", 0.5 },
	{ "waiting for a processor", "f4 processor", 0.5 },
};

static const char tl_style[] =
    ".io{fill-opacity:.45}.lock{fill-opacity:.75}.processor{fill-opacity:.5}\n"
    ".lane{fill-opacity:.10}.line{stroke-width:1}\n"
    ".last{stroke-width:1.5;stroke-dasharray:3 3}\n"
    ".number{stroke-width:1.2}\n"
    ".small{stroke-linejoin:round}\n";

struct tl {
	FILE *f;
	const struct timeline *timeline;
	double scale; /* pixels for a ns */
	int64_t longest;
	double bottom;
	double seen[TIMELINE_STATES]; /* pixels, of all lanes */
};

/* ---- Places -------------------------------------------------------------- */

static double
tl_x(const struct tl *tl, int64_t time)
{
	return TL_LEFT + (double)time * tl->scale;
}

static int
tl_height(const struct timeline_group *g)
{
	return g->lane == NULL ? TL_LOW : TL_HEIGHT;
}

static double
tl_group_height(const struct timeline_group *g)
{
	return (double)g->nlanes * (tl_height(g) + TL_APART) - TL_APART;
}

static void
tl_measure(struct tl *tl)
{
	const struct timeline *t = tl->timeline;
	size_t i;

	tl->bottom = TL_TOP;
	tl->longest = 1;
	for (i = 0; i < t->ngroups; i++) {
		if (t->groups[i].end - t->groups[i].begin > tl->longest)
			tl->longest = t->groups[i].end - t->groups[i].begin;
		tl->bottom += tl_group_height(&t->groups[i]) + TL_BETWEEN;
	}
	tl->bottom += TL_APART - TL_BETWEEN;
	tl->scale = (TL_WIDTH - TL_LEFT - TL_RIGHT) / (double)tl->longest;
}

/* ---- Tasks --------------------------------------------------------------- */

/* What it was at, as one path for each state: there may be many segments. */
static void
tl_segments(struct tl *tl, const struct timeline_group *g,
    const struct timeline_task *task, double y, int state)
{
	double height = tl_height(g) * tl_states[state].height, x, width;
	const struct timeline_segment *s = task->segments;
	int any = 0;

	y += (tl_height(g) - height) / 2;
	for (; s < task->segments + task->nsegments; s++) {
		if (s->state != state)
			continue;
		x = tl_x(tl, s->begin - g->begin);
		width = (double)(s->end - s->begin) * tl->scale;
		tl->seen[state] += width;
		(void)fprintf(tl->f, "%sM%.2f %.1fh%.2fv%.1fH%.2fz",
		    any++ ? "\n" : "<path d=\"", x, y, width, height, x);
	}
	if (any)
		(void)fprintf(
		    tl->f, "\" class=\"%s\"/>\n", tl_states[state].look);
}

/* What it says to a mouse, and to a test. */
static void
tl_title(const struct tl *tl, const struct timeline_group *g,
    const struct timeline_task *task)
{
	int64_t total[TIMELINE_STATES] = { 0 };
	char from[40], span[40];
	size_t i;

	for (i = 0; i < task->nsegments; i++)
		total[task->segments[i].state] +=
		    task->segments[i].end - task->segments[i].begin;
	figure_time((double)(task->begin - g->begin), from, sizeof(from));
	(void)fprintf(tl->f, "<title>task %d, from %s:", task->number, from);
	for (i = 0; i < TIMELINE_STATES; i++) {
		if (total[i] == 0)
			continue;
		figure_time((double)total[i], span, sizeof(span));
		(void)fprintf(tl->f, " %s %s;", tl_states[i].words, span);
	}
	(void)fputs("</title>\n", tl->f);
}

static void
tl_task(struct tl *tl, const struct timeline_group *g,
    const struct timeline_task *task, double y)
{
	double x = tl_x(tl, task->begin - g->begin), middle;
	int state, height = tl_height(g);
	char number[16];

	middle = y + height / 2.0;
	(void)fputs("<g>", tl->f);
	tl_title(tl, g, task);
	for (state = 0; state < TIMELINE_STATES; state++)
		tl_segments(tl, g, task, y, state);
	(void)snprintf(number, sizeof(number), "%d", task->number);
	(void)fprintf(tl->f,
	    "<path class=\"edge\" stroke-width=\"2\" d=\"M%.1f %.1fv%d\"/>\n"
	    "<rect class=\"paper number s2\" x=\"%.1f\" y=\"%.1f\" "
	    "width=\"20\" height=\"16\" rx=\"8\"/>\n",
	    x, y - 1, height + 2, x + 5, middle - 8);
	svg_text(tl->f, x + 15, middle + 4.3, "small strong middle", number);
	(void)fputs("</g>\n", tl->f);
}

/* ---- Lanes --------------------------------------------------------------- */

static void
tl_lane(struct tl *tl, const struct timeline_group *g, unsigned lane, double y)
{
	int height = tl_height(g);
	char name[40];
	size_t i;

	(void)snprintf(name, sizeof(name), "%s", g->title);
	if (g->lane != NULL)
		(void)snprintf(name, sizeof(name), "%s %u", g->lane, lane + 1);
	svg_text(tl->f, TL_LEFT - 12, y + height / 2.0 + 4.5, "end", name);
	(void)fprintf(tl->f,
	    "<rect class=\"lane f4\" x=\"%d\" y=\"%.1f\" width=\"%.1f\" "
	    "height=\"%d\" rx=\"3\"/>\n",
	    TL_LEFT, y, (double)(g->end - g->begin) * tl->scale, height);
	for (i = 0; i < g->ntasks; i++)
		if (g->tasks[i].lane == lane)
			tl_task(tl, g, &g->tasks[i], y);
}

/* When all of it is done. */
static void
tl_last(const struct tl *tl, const struct timeline_group *g, double y)
{
	double x = tl_x(tl, g->end - g->begin), height = tl_group_height(g);
	char text[40];

	figure_time((double)(g->end - g->begin), text, sizeof(text));
	(void)fprintf(tl->f,
	    "<path class=\"last s4\" d=\"M%.1f %.1fv%.1f\"/>\n", x + 1, y - 4,
	    height + 8);
	svg_text(tl->f, x + 9, y + height / 2 + 5, "strong", text);
}

static void
tl_groups(struct tl *tl)
{
	const struct timeline_group *g = tl->timeline->groups;
	double top, y = TL_TOP;
	unsigned lane;

	for (; g < tl->timeline->groups + tl->timeline->ngroups; g++) {
		top = y;
		for (lane = 0; lane < g->nlanes; lane++) {
			tl_lane(tl, g, lane, y);
			y += tl_height(g) + TL_APART;
		}
		tl_last(tl, g, top);
		y += TL_BETWEEN - TL_APART;
	}
}

/* ---- The axis and the words ---------------------------------------------- */

/* 1, 2 or 5, and zeros: at most ten of them. */
static int64_t
tl_step(int64_t longest)
{
	static const int factor[] = { 1, 2, 5 };
	int64_t step = 1000;
	int i = 0;

	for (; longest / (step * factor[i]) > 10; i = (i + 1) % 3)
		if (i == 2)
			step *= 10;
	return step * factor[i];
}

static void
tl_axis(const struct tl *tl)
{
	int64_t step = tl_step(tl->longest), time;
	int seconds = tl->longest >= 2000000000;
	char text[40];
	double x;

	for (time = 0; time <= tl->longest; time += step) {
		x = tl_x(tl, time);
		(void)fprintf(tl->f,
		    "<path class=\"grid line\" d=\"M%.1f %dV%.1f\"/>\n", x,
		    TL_TOP - 6, tl->bottom + 4);
		(void)snprintf(text, sizeof(text), "%.4g",
		    (double)time / (seconds ? 1e9 : 1e6));
		svg_text(tl->f, x, tl->bottom + 20, "small middle", text);
	}
	svg_text(tl->f, TL_LEFT - 12, tl->bottom + 20, "small end",
	    seconds ? "seconds" : "ms");
}

/* Only what can be seen. */
static void
tl_legend(const struct tl *tl)
{
	double x = TL_LEFT, height;
	int state;

	for (state = 0; state < TIMELINE_STATES; state++) {
		if (state != TIMELINE_RUNNING && tl->seen[state] < 3)
			continue;
		height = 16 * tl_states[state].height;
		(void)fprintf(tl->f,
		    "<rect class=\"%s\" x=\"%.0f\" y=\"%.1f\" width=\"26\" "
		    "height=\"%.0f\"/>\n",
		    tl_states[state].look, x, TL_LEGEND - 5 - height / 2,
		    height);
		svg_text(tl->f, x + 34, TL_LEGEND, "", tl_states[state].words);
		x += state == 0 ? 116 : 204;
	}
}

void
timeline_draw(const struct timeline *timeline, FILE *f)
{
	struct svg svg = { .width = TL_WIDTH,
		.title = timeline->title,
		.subtitle = timeline->subtitle,
		.style = tl_style };
	struct tl tl = { .f = f, .timeline = timeline };

	tl_measure(&tl);
	svg.height = (int)tl.bottom + TL_BELOW;
	svg_begin(f, &svg);
	tl_axis(&tl);
	tl_groups(&tl);
	tl_legend(&tl);
	svg_text(f, 24, tl.bottom + 54, "strong", timeline->words);
	svg_text(f, 24, tl.bottom + 76, "small", timeline->note);
	svg_end(f);
}
