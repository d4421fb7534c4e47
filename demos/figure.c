/*
 * SPDX-License-Identifier: ISC
 *
 * figure.c: numbers for people.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "demos/figure.h"

static int
fg_order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void
figure_make(struct figure *figure, double *values, size_t n)
{
	memset(figure, 0, sizeof(*figure));
	if (n == 0)
		return;
	qsort(values, n, sizeof(*values), fg_order);
	figure->median = (values[(n - 1) / 2] + values[n / 2]) / 2;
	figure->low = values[0];
	figure->high = values[n - 1];
	figure->rounds = n;
}

/* Three digits that count, in the unit that keeps them short. */
static void
fg_unit(double value, const char *const *units, char *text, size_t size)
{
	while (value >= 999.5 && units[1] != NULL) {
		value /= 1000;
		units++;
	}
	(void)snprintf(text, size, "%.*f %s",
	    value < 9.995       ? 2
		: value < 99.95 ? 1
				: 0,
	    value, *units);
}

void
figure_time(double ns, char *text, size_t size)
{
	static const char *const units[] = { "ns", "us", "ms", "s", NULL };

	if (ns < 999.5)
		(void)snprintf(text, size, "%.0f ns", ns);
	else
		fg_unit(ns, units, text, size);
}

void
figure_bytes(double bytes, char *text, size_t size)
{
	static const char *const units[] = { "B", "KB", "MB", "GB", NULL };

	if (bytes < 999.5)
		(void)snprintf(text, size, "%.0f B", bytes);
	else
		fg_unit(bytes, units, text, size);
}

void
figure_count(double value, char *text, size_t size)
{
	char digits[40];
	size_t i, length, used = 0;

	(void)snprintf(digits, sizeof(digits), "%.0f", value);
	length = strlen(digits);
	for (i = 0; i < length && used + 2 < size; i++) {
		if (i > 0 && length > 4 && (length - i) % 3 == 0)
			text[used++] = ' ';
		text[used++] = digits[i];
	}
	text[used] = '\0';
}

/*
 * 32 buckets for each power of two: below 64 each number has its own, above
 * that the five bits below the highest choose among 32.
 */
static size_t
fg_bucket(uint64_t ns)
{
	unsigned shift = 0;

	while (ns >> shift >= 64)
		shift++;
	return shift * 32 + (size_t)(ns >> shift);
}

static double
fg_middle(size_t bucket)
{
	size_t shift = bucket < 64 ? 0 : bucket / 32 - 1;
	double from = (double)(bucket - shift * 32);

	return (from + 0.5) * (double)((uint64_t)1 << shift);
}

void
figure_add(struct figure_histogram *histogram, int64_t ns)
{
	ns = ns < 0 ? 0 : ns;
	histogram->total++;
	histogram->count[fg_bucket((uint64_t)ns)]++;
	if (ns > histogram->longest)
		histogram->longest = ns;
}

double
figure_part(const struct figure_histogram *histogram, double part)
{
	double wanted = part * (double)histogram->total, seen = 0, middle;
	size_t i;

	for (i = 0; i < FIGURE_BUCKETS; i++) {
		seen += histogram->count[i];
		if (seen < wanted || seen == 0)
			continue;
		middle = fg_middle(i);
		return middle < (double)histogram->longest
		    ? middle
		    : (double)histogram->longest;
	}
	return (double)histogram->longest;
}
