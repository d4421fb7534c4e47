/*
 * SPDX-License-Identifier: ISC
 *
 * loop_draw.c: draws the five boxes of an event loop, and below them, column by
 * column, when each event was there.
 */
#include "demos/figure.h"
#include "demos/loop_picture.h"
#include "demos/svg.h"

enum {
	LD_WIDTH = 960,
	LD_LEFT = 104, /* the first box */
	LD_BOX = 126,
	LD_GAP = 50,
	LD_TOP = 92,
	LD_HEIGHT = 118,
	LD_UNDER = 306, /* the table */
	LD_ROW = 30
};

static const char ld_style[] =
    ".box{stroke-width:1.8}.tint{fill-opacity:.10}\n"
    ".arrow{stroke-width:2;fill:none}.turn{stroke-dasharray:6 4}\n"
    ".mono{font-family:ui-monospace,'DejaVu Sans Mono',monospace;"
    "font-size:11px}\n"
    ".way{stroke-width:1.6;fill:none}\n";

static const struct {
	const char *name, *file, *arrow; /* to the next */
	int colour;
} ld_boxes[LOOP_BOXES] = {
	{ "register", "reactor/handler.c", "interest", 0 },
	{ "wait", NULL, "ready", 1 },
	{ "event queue", "reactor/queue.h", "first", 3 },
	{ "dispatch", "reactor/dispatch.c", "calls", 2 },
	{ "handlers", "yours", NULL, 5 },
};

static double
ld_middle(int box)
{
	return LD_LEFT + box * (LD_BOX + LD_GAP) + LD_BOX / 2.0;
}

/* ---- The boxes ----------------------------------------------------------- */

/* What happened in each of them, in two lines. */
static void
ld_counts(const struct loop_picture *p, int box, char text[2][48])
{
	char span[40];

	figure_time((double)(box == LOOP_WAIT ? p->waited : p->handled), span,
	    sizeof(span));
	switch (box) {
	case LOOP_REGISTER:
		(void)snprintf(text[0], 48, "%d started", p->starts);
		(void)snprintf(text[1], 48, "%d stopped", p->stops);
		break;
	case LOOP_WAIT:
		(void)snprintf(text[0], 48, "%d waits", p->waits);
		(void)snprintf(text[1], 48, "%s in all", span);
		break;
	case LOOP_QUEUE:
		(void)snprintf(text[0], 48, "%d events", p->queued);
		(void)snprintf(text[1], 48, "at most %d at once", p->longest);
		break;
	case LOOP_DISPATCH:
		(void)snprintf(text[0], 48, "%d rounds", p->rounds);
		(void)snprintf(text[1], 48, "in order of priority");
		break;
	default:
		(void)snprintf(text[0], 48, "%d calls", p->calls);
		(void)snprintf(text[1], 48, "%s in all", span);
		break;
	}
}

static void
ld_box(FILE *f, const struct loop_picture *p, int box)
{
	double x = ld_middle(box);
	int colour = ld_boxes[box].colour;
	const char *file = ld_boxes[box].file;
	char text[2][48], name[64];

	(void)snprintf(name, sizeof(name), "backends/%.*s.c",
	    (int)(sizeof("kqueue") - 1), p->backend);
	ld_counts(p, box, text);
	(void)fprintf(f,
	    "<rect class=\"tint f%d\" x=\"%.0f\" y=\"%d\" width=\"%d\" "
	    "height=\"%d\" rx=\"8\"/>\n"
	    "<rect class=\"box s%d\" fill=\"none\" x=\"%.0f\" y=\"%d\" "
	    "width=\"%d\" height=\"%d\" rx=\"8\"/>\n",
	    colour, x - LD_BOX / 2.0, LD_TOP, LD_BOX, LD_HEIGHT, colour,
	    x - LD_BOX / 2.0, LD_TOP, LD_BOX, LD_HEIGHT);
	svg_text(f, x, LD_TOP + 28, "strong middle", ld_boxes[box].name);
	svg_text(f, x, LD_TOP + 48, "mono middle", file != NULL ? file : name);
	svg_text(f, x, LD_TOP + 78, "small middle", text[0]);
	svg_text(f, x, LD_TOP + 96, "small middle", text[1]);
}

static void
ld_arrow(FILE *f, int box)
{
	double from = ld_middle(box) + LD_BOX / 2.0 + 4, y = LD_TOP + 66;

	(void)fprintf(f,
	    "<path class=\"arrow s4\" d=\"M%.0f %.0fh%d\"/>\n"
	    "<path class=\"f4\" d=\"M%.0f %.0fl-10 -5v10z\"/>\n",
	    from, y, LD_GAP - 14, from + LD_GAP - 8, y);
	svg_text(f, from + LD_GAP / 2.0 - 4, y - 10, "small middle",
	    ld_boxes[box].arrow);
}

/* Back to the beginning: a handler starts and stops others. */
static void
ld_turn(FILE *f, const struct loop_picture *p)
{
	double from = ld_middle(LOOP_HANDLER), to = ld_middle(LOOP_REGISTER);
	double y = LD_TOP + LD_HEIGHT;
	char text[80];

	(void)fprintf(f,
	    "<path class=\"arrow turn s4\" d=\"M%.0f %.0fv28q0 10 -10 10H%.0f"
	    "q-10 0 -10 -10v-16\"/>\n"
	    "<path class=\"f4\" d=\"M%.0f %.0fl-5 10h10z\"/>\n",
	    from, y + 4, to + 10, to, y + 3);
	(void)snprintf(text, sizeof(text),
	    "reactor/reactor.c turns the crank: %d turns", p->waits);
	(void)fprintf(f,
	    "<rect class=\"paper\" x=\"%.0f\" y=\"%.0f\" width=\"320\" "
	    "height=\"16\"/>\n",
	    (from + to) / 2 - 160, y + 34);
	svg_text(f, (from + to) / 2, y + 47, "middle", text);
}

/* ---- The way of each event ----------------------------------------------- */

static void
ld_event(FILE *f, const struct loop_event *event, double y)
{
	char text[40];
	int box;

	svg_text(f, LD_LEFT - 12, y + 4.5, "end", event->words);
	(void)fprintf(f, "<path class=\"way grid\" d=\"M%.0f %.1fH%.0f\"/>\n",
	    ld_middle(0), y, ld_middle(LOOP_HANDLER));
	for (box = 0; box < LOOP_BOXES; box++) {
		if (event->when[box] == 0)
			continue;
		(void)snprintf(
		    text, sizeof(text), "%.3f", (double)event->when[box] / 1e6);
		(void)fprintf(f,
		    "<rect class=\"paper box s%d\" x=\"%.0f\" y=\"%.1f\" "
		    "width=\"72\" height=\"22\" rx=\"11\"/>\n",
		    ld_boxes[box].colour, ld_middle(box) - 36, y - 11);
		svg_text(f, ld_middle(box), y + 4.3, "small middle", text);
	}
}

static void
ld_events(FILE *f, const struct loop_picture *p)
{
	static const char *const head[LOOP_BOXES] = { "registered at",
		"wait ended at", "queued at", "taken at", "called at" };
	int i;

	for (i = 0; i < LOOP_BOXES; i++)
		svg_text(
		    f, ld_middle(i), LD_UNDER - 12, "small middle", head[i]);
	svg_text(f, LD_LEFT - 12, LD_UNDER - 12, "small end", "ms");
	for (i = 0; i < LOOP_EVENTS; i++)
		ld_event(f, &p->event[i], LD_UNDER + 14 + LD_ROW * i);
}

void
loop_draw(const struct loop_picture *p, FILE *f)
{
	char subtitle[200], all[40], waited[40];
	const struct svg svg = { .width = LD_WIDTH,
		.height = LD_UNDER + LD_ROW * LOOP_EVENTS + 24,
		.title = "An event loop, and what went through it",
		.subtitle = subtitle,
		.style = ld_style };
	int i;

	figure_time((double)p->end, all, sizeof(all));
	figure_time((double)p->waited, waited, sizeof(waited));
	(void)snprintf(subtitle, sizeof(subtitle),
	    "A run of %s; for %s of it the loop waited in %s.", all, waited,
	    p->backend);
	svg_begin(f, &svg);
	for (i = 0; i < LOOP_BOXES; i++)
		ld_box(f, p, i);
	for (i = 0; i < LOOP_HANDLER; i++)
		ld_arrow(f, i);
	ld_turn(f, p);
	ld_events(f, p);
	svg_end(f);
}
