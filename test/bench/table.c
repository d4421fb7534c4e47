/*
 * SPDX-License-Identifier: ISC
 *
 * table.c: medians, and the ratios to the first row in the same round.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "test/bench/table.h"

static int
tb_order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Sorts. */
static double
tb_median(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), tb_order);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

/* The values of a contestant, and its ratios to the first. */
static size_t
tb_pairs(const struct table *t, size_t i, size_t metric, double *values,
    double *ratios)
{
	const double *own = t->rows[i].values[metric];
	const double *first = t->rows[0].values[metric];
	size_t round, n = 0;

	for (round = 0; own != NULL && round < t->rows[i].rounds; round++) {
		values[n] = own[round];
		ratios[n] = first != NULL && first[round] > 0
		    ? own[round] / first[round]
		    : 0;
		n++;
	}
	return n;
}

int
table_ours(const struct table *t, const struct table_row *row)
{
	return strcmp(row->name, t->ours) == 0 &&
	    (t->ours_backend == NULL ||
		strcmp(row->backend, t->ours_backend) == 0);
}

static void
tb_verdict(double value, double aim)
{
	if (aim > 0)
		(void)printf(
		    "  aim %.5g%s", aim, value <= aim ? "" : " MISSED");
}

static void
tb_row(const struct table *t, size_t i, size_t metric, double *values,
    double *ratios)
{
	const struct table_row *row = &t->rows[i];
	size_t n = tb_pairs(t, i, metric, values, ratios);
	double value, ratio;

	(void)printf("  %-10s %-8s", row->name, row->backend);
	if (row->failed != NULL || n == 0) {
		(void)printf(
		    "%10s\n", row->failed != NULL ? row->failed : "none");
		return;
	}
	value = tb_median(values, n);
	ratio = tb_median(ratios, n);
	(void)printf("%10.1f", value);
	if (ratio > 0)
		(void)printf(
		    "  %6.2f  (%.2f-%.2f)", ratio, ratios[0], ratios[n - 1]);
	(void)printf("  %.1f-%.1f", values[0], values[n - 1]);
	(void)printf("  %zu%s", n, n == 1 ? " run" : " runs");
	if (table_ours(t, row)) {
		tb_verdict(ratio, t->aim[metric]);
		tb_verdict(value, t->most[metric]);
	}
	(void)printf("\n");
}

void
table_print(const struct table *t)
{
	double *values = calloc(2 * t->rounds, sizeof(*values));
	size_t i, metric;

	if (values == NULL) {
		perror("table");
		exit(1);
	}
	for (metric = 0; metric < t->metrics; metric++) {
		(void)printf("\n%s: %s\n", t->title, t->metric[metric]);
		for (i = 0; i < t->count; i++)
			tb_row(t, i, metric, values, values + t->rounds);
	}
	if (t->metrics == 0)
		(void)printf("\n%s: nobody could\n", t->title);
	free(values);
}
