/*
 * SPDX-License-Identifier: ISC
 *
 * sequence_life.c: draws a line of life for each, with bars on it that say what
 * it is at.
 */
#include <string.h>
#include "demos/sequence.h"
#include "demos/svg.h"

enum { SF_STEP = 32, SF_WAIT = 60, SF_BAND = 8 }; /* see sequence_y */

enum sf_state { SF_RUNS, SF_CALLS, SF_SLEEPS, SF_NONE };

struct sf {
	FILE *f;
	const struct sequence *s;
	struct {
		enum sf_state state;
		double since;
	} bar[SEQUENCE_LINES];
};

/* ---- Places -------------------------------------------------------------- */

double
sequence_x(const struct sequence *s, int line)
{
	return SEQUENCE_LEFT + SEQUENCE_APART * s->line[line].column;
}

double
sequence_y(const struct sequence *s, int step)
{
	int i, y = SEQUENCE_TOP + SF_STEP / 2;

	for (i = 0; i < step; i++)
		y += s->step[i].kind == SEQUENCE_WAIT ? SF_WAIT : SF_STEP;
	return y;
}

/* Grey is for those that are nobody's. */
int
sequence_colour(const struct sequence *s, int line)
{
	static const int colour[] = { 0, 1, 2, 3, 5, 6, 7 };
	int task = s->line[line].task;

	return task < 0 ? 4 : colour[task % 7];
}

/* ---- Lines --------------------------------------------------------------- */

/* A task and its coroutines stand on a field of their colour. */
static void
sf_group(const struct sf *sf, int task)
{
	const struct sequence *s = sf->s;
	int i, first = -1, n = 0;

	for (i = 0; i < s->nlines; i++)
		if (s->line[i].task == task && n++ == 0)
			first = i;
	(void)fprintf(sf->f,
	    "<rect class=\"field f%d\" x=\"%.0f\" y=\"%d\" width=\"%d\" "
	    "height=\"%.0f\" rx=\"8\"/>\n",
	    sequence_colour(s, first),
	    sequence_x(s, first) - SEQUENCE_APART / 2.0 + 3, SEQUENCE_HEAD - 6,
	    n * SEQUENCE_APART - 6,
	    sequence_y(s, s->nsteps) - SEQUENCE_HEAD + 6);
}

static void
sf_line(const struct sf *sf, int line)
{
	const struct sequence_line *l = &sf->s->line[line];
	int length = (int)sizeof(l->name),
	    colour = sequence_colour(sf->s, line);
	double x = sequence_x(sf->s, line);
	char name[sizeof(l->name)];

	/* What it was called with stands at the arrow. */
	if (strcmp(l->what, "coroutine") == 0)
		length = (int)strcspn(l->name, "(");
	(void)snprintf(name, sizeof(name), "%.*s", length, l->name);
	(void)fprintf(sf->f,
	    "<path class=\"life s%d\" d=\"M%.0f %dV%.0f\"/>\n"
	    "<rect class=\"paper box s%d\" x=\"%.0f\" y=\"%d\" width=\"122\" "
	    "height=\"40\" rx=\"6\"/>\n",
	    colour, x, SEQUENCE_HEAD + 40, sequence_y(sf->s, sf->s->nsteps),
	    colour, x - 61, SEQUENCE_HEAD);
	svg_text(sf->f, x, SEQUENCE_HEAD + 16, "small middle", l->what);
	svg_text(sf->f, x, SEQUENCE_HEAD + 32, "small strong middle", name);
}

/* ---- Bars ---------------------------------------------------------------- */

static void
sf_rect(FILE *f, const char *class, double x, double from, double to)
{
	(void)fprintf(f,
	    "<rect class=\"%s\" x=\"%.0f\" y=\"%.0f\" width=\"%d\" "
	    "height=\"%.0f\"/>\n",
	    class, x - SEQUENCE_BAR, from, 2 * SEQUENCE_BAR, to - from);
}

void
sequence_bar(FILE *f, int state, int colour, double x, double from, double to)
{
	static const char *const look[] = { "f", "calls f", "paper sleeps s" };
	char class[24];

	(void)snprintf(class, sizeof(class), "%s%d", look[state], colour);
	/* It shows through: the line of life must not. */
	if (state == SF_CALLS)
		sf_rect(f, "paper", x, from, to);
	sf_rect(f, class, x, from, to);
}

/* From here on it is at something else. */
static void
sf_turn(struct sf *sf, int line, enum sf_state state, double y)
{
	enum sf_state was = sf->bar[line].state;

	if (was == state)
		return;
	if (was != SF_NONE)
		sequence_bar(sf->f, (int)was, sequence_colour(sf->s, line),
		    sequence_x(sf->s, line), sf->bar[line].since, y);
	sf->bar[line].state = state;
	sf->bar[line].since = y;
}

/* All that the task is in. */
static void
sf_turn_task(struct sf *sf, int line, enum sf_state state, double y)
{
	int i;

	for (i = 0; i < sf->s->nlines; i++)
		if (sf->s->line[i].task == sf->s->line[line].task &&
		    sf->bar[i].state != SF_NONE)
			sf_turn(sf, i, state, y);
}

static void
sf_step(struct sf *sf, const struct sequence_step *step, double y)
{
	switch (step->kind) {
	case SEQUENCE_SPAWN:
		sf_turn(sf, step->to, SF_SLEEPS, y);
		break;
	case SEQUENCE_RESUME:
		sf_turn_task(sf, step->to, SF_CALLS, y);
		/* FALLTHROUGH */
	case SEQUENCE_CALL:
		sf_turn(sf, step->from, SF_CALLS, y);
		sf_turn(sf, step->to, SF_RUNS, y);
		break;
	case SEQUENCE_SUSPEND:
		sf_turn_task(sf, step->from, SF_SLEEPS, y);
		sf_turn(sf, step->to, SF_RUNS, y);
		break;
	case SEQUENCE_RETURN:
	case SEQUENCE_END:
		sf_turn(sf, step->from, SF_NONE, y);
		sf_turn(sf, step->to, SF_RUNS, y);
		break;
	case SEQUENCE_WAIT:
		sf_turn(sf, step->from, SF_SLEEPS, y - SF_BAND);
		sf_turn(
		    sf, step->from, SF_RUNS, y + SF_WAIT - SF_STEP + SF_BAND);
		break;
	default:
		break;
	}
}

void
sequence_lives(const struct sequence *s, FILE *f)
{
	struct sf sf = { .f = f, .s = s };
	int i;

	for (i = 0; i < s->ntasks; i++)
		sf_group(&sf, i);
	for (i = 0; i < s->nlines; i++) {
		sf_line(&sf, i);
		sf.bar[i].state = SF_NONE;
	}
	sf_turn(&sf, SEQUENCE_CALLER, SF_RUNS, SEQUENCE_TOP - 10);
	for (i = 0; i < s->nsteps; i++)
		sf_step(&sf, &s->step[i], sequence_y(s, i));
	for (i = 0; i < s->nlines; i++)
		sf_turn(&sf, i, SF_NONE, sequence_y(s, s->nsteps));
}
