/*
 * SPDX-License-Identifier: ISC
 *
 * sequence.c: draws the steps of a sequence between its lines of life: arrows
 * from one to the other, what is printed, and the times when nothing happens.
 */
#include <string.h>
#include "demos/figure.h"
#include "demos/sequence.h"
#include "demos/svg.h"

enum { SQ_TIMES = 84, SQ_BAND = 44, SQ_RIGHT = 196, SQ_BELOW = 46 };

static const char sq_style[] =
    ".halo{stroke-width:4;stroke-linejoin:round;paint-order:stroke}\n"
    ".life{stroke-width:1.2;stroke-dasharray:3 4}\n"
    ".arrow{stroke-width:1.6;fill:none}.back{stroke-dasharray:5 4}\n"
    ".calls{fill-opacity:.35}.box{stroke-width:1.2}\n"
    ".sleeps{stroke-width:1.4;stroke-dasharray:2 3}\n"
    ".field{fill-opacity:.07}\n"
    ".mono{font-family:ui-monospace,'DejaVu Sans Mono',monospace}\n";

/* ---- Steps --------------------------------------------------------------- */

/* Back to where it came from. */
static int
sq_back(const struct sequence_step *step)
{
	return step->kind == SEQUENCE_RETURN ||
	    step->kind == SEQUENCE_SUSPEND || step->kind == SEQUENCE_END;
}

/* The words stand between neighbours, else beside the one that they are about.
 */
static void
sq_arrow(FILE *f, const struct sequence *s, const struct sequence_step *step,
    double y)
{
	double from = sequence_x(s, step->from), to = sequence_x(s, step->to);
	double right = from > to ? from : to, sign = from < to ? 1 : -1;
	int colour = sequence_colour(s, from > to ? step->from : step->to);
	int near = (to - from) * sign <= SEQUENCE_APART;

	from += sign * SEQUENCE_BAR;
	to -= sign * SEQUENCE_BAR;
	(void)fprintf(f,
	    "<path class=\"arrow s%d%s\" d=\"M%.0f %.0fH%.0f\"/>\n"
	    "<path class=\"f%d\" d=\"M%.0f %.0fl%.0f -4.5v9z\"/>\n",
	    colour, sq_back(step) ? " back" : "", from, y, to - sign * 5,
	    colour, to, y, sign * -9);
	svg_text(f, near ? (from + to) / 2 : right - SEQUENCE_BAR - 12, y - 5,
	    near ? "small middle edge halo" : "small end edge halo",
	    step->text);
}

/* As it looks in a terminal. */
static void
sq_print(FILE *f, const struct sequence *s, const struct sequence_step *step,
    double y)
{
	double x = sequence_x(s, step->from) + SEQUENCE_BAR + 7;

	(void)fprintf(f,
	    "<rect class=\"paper box s%d\" x=\"%.0f\" y=\"%.0f\" "
	    "width=\"%.0f\" height=\"22\" rx=\"3\"/>\n",
	    sequence_colour(s, step->from), x, y - 11,
	    16 + 7.3 * (double)strlen(step->text));
	svg_text(f, x + 8, y + 4, "small mono", step->text);
}

static void
sq_wait(FILE *f, const struct sequence *s, const struct sequence_step *step,
    double y)
{
	double right = SEQUENCE_LEFT + SEQUENCE_APART * (s->nlines - 0.5);

	(void)fprintf(f,
	    "<rect class=\"field f4\" x=\"24\" y=\"%.0f\" width=\"%.0f\" "
	    "height=\"%d\"/>\n",
	    y - 8, right - 24, SQ_BAND);
	svg_text(f, sequence_x(s, step->from) + SEQUENCE_BAR + 8, y + 18,
	    "small strong edge halo", step->text);
}

/* What it says to a mouse, and to a test. */
static void
sq_title(FILE *f, const struct sequence *s, const struct sequence_step *step)
{
	(void)fprintf(f, "<title>%.3f ms, ", (double)step->time / 1e6);
	svg_string(f, s->line[step->from].name);
	if (step->from != step->to) {
		(void)fputs(" to ", f);
		svg_string(f, s->line[step->to].name);
	}
	(void)fputs(": ", f);
	svg_string(f, step->text);
	(void)fputs("</title>\n", f);
}

static void
sq_step(FILE *f, const struct sequence *s, const struct sequence_step *step,
    double y)
{
	int wait = step->kind == SEQUENCE_WAIT;
	char time[40];

	(void)fputs("<g>", f);
	sq_title(f, s, step);
	if (wait)
		sq_wait(f, s, step, y);
	else if (step->kind == SEQUENCE_PRINT)
		sq_print(f, s, step, y);
	else
		sq_arrow(f, s, step, y);
	(void)snprintf(time, sizeof(time), "%.3f", (double)step->time / 1e6);
	svg_text(f, SQ_TIMES, y + (wait ? 18 : 4), "small end", time);
	(void)fputs("</g>\n", f);
}

/* ---- The whole ----------------------------------------------------------- */

static void
sq_legend(FILE *f, double y)
{
	static const char *const words[] = { "runs", "waits for what it called",
		"suspended" };
	double x = SEQUENCE_LEFT;
	int i;

	for (i = 0; i < 3; i++) {
		sequence_bar(f, i, 0, x, y - 14, y + 4);
		svg_text(f, x + 14, y, "small", words[i]);
		x += 60 + 6.2 * (double)strlen(words[i]);
	}
}

static void
sq_subtitle(const struct sequence *s, char *text, size_t size)
{
	int64_t last = s->nsteps > 0 ? s->step[s->nsteps - 1].time : 0,
		span = 0;
	char all[40], busy[40];
	int i;

	for (i = 0; i < s->nsteps; i++)
		span += s->step[i].span;
	figure_time((double)last, all, sizeof(all));
	figure_time((double)(last - span), busy, sizeof(busy));
	(void)snprintf(text, size, "%d task%s, %s in all%s%s%s", s->ntasks,
	    s->ntasks == 1 ? "" : "s", all, span > 0 ? "; all but " : ".",
	    span > 0 ? busy : "", span > 0 ? " of it the loop slept." : "");
}

void
sequence_draw(const struct sequence *s, FILE *f, const char *title)
{
	char subtitle[160];
	struct svg svg = {
		.title = title, .subtitle = subtitle, .style = sq_style
	};
	double bottom = sequence_y(s, s->nsteps);
	int i;

	sq_subtitle(s, subtitle, sizeof(subtitle));
	svg.width = SEQUENCE_LEFT + SEQUENCE_APART * (s->nlines - 1) + SQ_RIGHT;
	svg.height = (int)bottom + SQ_BELOW;
	svg_begin(f, &svg);
	sequence_lives(s, f);
	svg_text(f, SQ_TIMES, SEQUENCE_HEAD + 32, "small end", "ms");
	for (i = 0; i < s->nsteps; i++)
		sq_step(f, s, &s->step[i], sequence_y(s, i));
	sq_legend(f, bottom + 26);
	svg_end(f);
}
