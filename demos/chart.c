/*
 * SPDX-License-Identifier: ISC
 *
 * chart.c: draws lines on logarithmic axes, as SVG, which can be read without
 * colours: each line has a mark of its own, and its name at its end.
 */
#include <float.h>
#include <string.h>
#include "demos/chart.h"
#include "demos/svg.h"

enum {
	CH_WIDTH = 880,
	CH_HEIGHT = 520,
	CH_LEFT = 84,
	CH_RIGHT = 628,
	CH_TOP = 104,
	CH_BOTTOM = 452,
	CH_NAME = 648, /* where the names of the lines begin */
	CH_APART = 20, /* between two names */
	CH_LINES = SVG_COLOURS
};

static const char ch_style[] =
    ".value{font-weight:400}\n"
    ".line{fill:none;stroke-width:2.5;stroke-linejoin:round}\n"
    ".mark{stroke-width:1.5}.dashed{stroke-dasharray:7 5}\n";

struct ch_axis {
	double least, most; /* values */
	double from, to;    /* places */
};

struct ch_end {
	size_t line;
	double value, y; /* where the line ends */
	double name;     /* where its name is */
};

/* ---- Axes ---------------------------------------------------------------- */

/* The natural logarithm: libm would be one more library to link. */
static double
ch_log(double value)
{
	double part, power, sum = 0;
	int halves = 0, i;

	for (; value >= 2; value /= 2)
		halves++;
	for (; value < 1; value *= 2)
		halves--;
	part = (value - 1) / (value + 1);
	power = part;
	for (i = 1; i < 30; i += 2, power *= part * part)
		sum += power / i;
	return 2 * sum + halves * 0.69314718055994531;
}

static double
ch_place(const struct ch_axis *axis, double value)
{
	return axis->from +
	    (axis->to - axis->from) * ch_log(value / axis->least) /
	    ch_log(axis->most / axis->least);
}

/* The power of ten at or below the value. */
static double
ch_ten(double value)
{
	double ten = 1;

	while (ten * 10 <= value * (1 + 1e-9))
		ten *= 10;
	while (ten > value * (1 + 1e-9))
		ten /= 10;
	return ten;
}

/* 1, 2 or 5 times a power of ten, not above the value. */
static double
ch_round(double value)
{
	double ten = ch_ten(value);

	return value >= 5 * ten ? 5 * ten : value >= 2 * ten ? 2 * ten : ten;
}

static void
ch_axes(const struct chart *chart, struct ch_axis *x, struct ch_axis *y)
{
	size_t line, i;
	double value, least = DBL_MAX, most = 0;

	for (line = 0; line < chart->nlines; line++)
		for (i = 0; i < chart->points; i++) {
			value = chart->lines[line].y[i];
			if (value <= 0)
				continue;
			least = value < least ? value : least;
			most = value > most ? value : most;
		}
	if (most == 0)
		least = most = 1;
	*y = (struct ch_axis){ ch_round(least * 0.8), ch_round(2.5 * most),
		CH_BOTTOM, CH_TOP };
	*x = (struct ch_axis){ chart->x[0], chart->x[chart->points - 1],
		CH_LEFT, CH_RIGHT };
	if (x->most <= x->least)
		x->most = 10 * x->least;
}

/* What is written at a tick has no zeros after the point. */
static void
ch_round_text(char *words)
{
	char *point = strchr(words, '.'), *end;

	if (point == NULL)
		return;
	end = point + 1 + strspn(point + 1, "0");
	if (*end < '1' || *end > '9')
		memmove(point, end, strlen(end) + 1);
}

static void
ch_tick(FILE *f, const struct ch_axis *axis, double value, int vertical,
    chart_text_fn *text)
{
	double place = ch_place(axis, value);
	const char *class = text != NULL ? "grid" : "fine";
	char words[40];

	if (vertical)
		(void)fprintf(f, "<path class=\"%s\" d=\"M%d %.1fH%d\"/>\n",
		    class, CH_LEFT, place, CH_RIGHT);
	else
		(void)fprintf(f, "<path class=\"%s\" d=\"M%.1f %dV%d\"/>\n",
		    class, place, CH_TOP, CH_BOTTOM);
	if (text == NULL)
		return;
	text(value, words, sizeof(words));
	ch_round_text(words);
	if (vertical)
		svg_text(f, CH_LEFT - 10, place + 5, "end", words);
	else
		svg_text(f, place, CH_BOTTOM + 22, "middle", words);
}

/* Words at each power of ten; where there are few, also at 2 and 5. */
static void
ch_ticks(FILE *f, const struct ch_axis *axis, int vertical, chart_text_fn *text)
{
	double ten = ch_ten(axis->least), value;
	int few = axis->most / axis->least < 100, i;

	for (; ten <= axis->most * 1.001; ten *= 10)
		for (i = 1; i < 10; i++) {
			value = i * ten;
			if (value < axis->least * 0.999 ||
			    value > axis->most * 1.001)
				continue;
			ch_tick(f, axis, value, vertical,
			    i == 1 || (few && (i == 2 || i == 5)) ? text
								  : NULL);
		}
}

/* ---- Lines --------------------------------------------------------------- */

static void
ch_mark(FILE *f, size_t line, double x, double y)
{
	static const char *const shape[] = {
		"m-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z",
		"m-4 -4h8v8h-8z",
		"m0 -5.5l5.5 9.5h-11z",
		"m0 -5.5l5.5 5.5l-5.5 5.5l-5.5 -5.5z",
	};

	(void)fprintf(f,
	    "<path class=\"edge mark f%zu\" d=\"M%.1f %.1f%s\"/>\n",
	    line % CH_LINES, x, y, shape[line % 4]);
}

static void
ch_line(FILE *f, const struct chart *chart, size_t line,
    const struct ch_axis *x, const struct ch_axis *y)
{
	const double *value = chart->lines[line].y;
	const char *step = "M";
	size_t i;

	(void)fprintf(f, "<path class=\"line s%zu%s\" d=\"", line % CH_LINES,
	    chart->lines[line].dashed ? " dashed" : "");
	for (i = 0; i < chart->points; i++)
		if (value[i] > 0) {
			(void)fprintf(f, "%s%.1f %.1f", step,
			    ch_place(x, chart->x[i]), ch_place(y, value[i]));
			step = "L";
		}
	(void)fputs("\"/>\n", f);
	for (i = 0; i < chart->points; i++)
		if (value[i] > 0)
			ch_mark(f, line, ch_place(x, chart->x[i]),
			    ch_place(y, value[i]));
}

/* The names are moved apart, downwards, then up again from the bottom. */
static void
ch_spread(struct ch_end *end, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		end[i].name = end[i].y;
		if (i > 0 && end[i].name < end[i - 1].name + CH_APART)
			end[i].name = end[i - 1].name + CH_APART;
	}
	for (i = n; i-- > 0;) {
		if (i == n - 1 && end[i].name > CH_BOTTOM)
			end[i].name = CH_BOTTOM;
		if (i < n - 1 && end[i].name > end[i + 1].name - CH_APART)
			end[i].name = end[i + 1].name - CH_APART;
	}
}

/* The ends of the lines, the topmost first. */
static size_t
ch_ends(const struct chart *chart, const struct ch_axis *y, struct ch_end *end)
{
	struct ch_end one;
	size_t line, i, n = 0;

	for (line = 0; line < chart->nlines && n < CH_LINES; line++) {
		for (i = chart->points;
		     i > 0 && chart->lines[line].y[i - 1] <= 0; i--)
			;
		if (i == 0)
			continue;
		one.line = line;
		one.value = chart->lines[line].y[i - 1];
		one.y = ch_place(y, one.value);
		for (i = n++; i > 0 && end[i - 1].y > one.y; i--)
			end[i] = end[i - 1];
		end[i] = one;
	}
	return n;
}

static void
ch_names(FILE *f, const struct chart *chart, const struct ch_axis *y)
{
	struct ch_end end[CH_LINES];
	size_t n = ch_ends(chart, y, end), i;
	char words[40];

	ch_spread(end, n);
	for (i = 0; i < n; i++) {
		(void)fprintf(f,
		    "<path class=\"grid\" d=\"M%d %.1fL%d %.1f\"/>\n",
		    CH_RIGHT + 7, end[i].y, CH_NAME - 4, end[i].name);
		(void)fprintf(f,
		    "<text x=\"%d\" y=\"%.1f\" class=\"strong f%zu\">", CH_NAME,
		    end[i].name + 4.5, end[i].line % CH_LINES);
		svg_string(f, chart->lines[end[i].line].name);
		chart->y_text(end[i].value, words, sizeof(words));
		(void)fputs("<tspan class=\"value\" dx=\"8\">", f);
		svg_string(f, words);
		(void)fputs("</tspan></text>\n", f);
	}
}

/* ---- The whole ----------------------------------------------------------- */

void
chart_write(FILE *f, const struct chart *chart)
{
	const struct svg svg = { CH_WIDTH, CH_HEIGHT, chart->title,
		chart->subtitle, ch_style };
	struct ch_axis x, y;
	size_t line;

	ch_axes(chart, &x, &y);
	svg_begin(f, &svg);
	svg_text(f, 24, CH_TOP - 14, "", chart->y_label);
	svg_text(f, (CH_LEFT + CH_RIGHT) / 2.0, CH_BOTTOM + 48, "middle",
	    chart->x_label);
	ch_ticks(f, &x, 0, chart->x_text);
	ch_ticks(f, &y, 1, chart->y_text);
	for (line = chart->nlines; line-- > 0;)
		ch_line(f, chart, line, &x, &y);
	ch_names(f, chart, &y);
	svg_end(f);
}
