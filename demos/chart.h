/*
 * SPDX-License-Identifier: ISC
 *
 * chart.h: draws lines on logarithmic axes, as SVG.
 */
#ifndef DEMOS_CHART_H
#define DEMOS_CHART_H

#include <stddef.h>
#include <stdio.h>

typedef void chart_text_fn(double value, char *, size_t);

struct chart_line {
	const char *name;
	const double *y; /* one for each x; 0 or less: no such point */
	int dashed;
};

struct chart {
	const char *title, *subtitle;
	const char *x_label, *y_label;
	chart_text_fn *x_text, *y_text; /* figure_count, figure_time */
	const double *x;                /* greater than 0, ascending */
	size_t points;
	const struct chart_line *lines; /* the first 8 have their own look */
	size_t nlines;
};

/* Errors are left in the stream: see ferror(3). */
void chart_write(FILE *, const struct chart *);

#endif
