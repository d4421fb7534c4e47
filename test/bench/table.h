/*
 * SPDX-License-Identifier: ISC
 *
 * table.h: what was measured, by contestant, metric and round.
 */
#ifndef BENCH_TABLE_H
#define BENCH_TABLE_H

#include <stddef.h>

#define TABLE_METRICS 8

struct table_row {
	const char *name, *program, *backend;
	const char *failed;            /* how, if it did: not run any more */
	size_t rounds;                 /* that it takes part in */
	double *values[TABLE_METRICS]; /* by round */
};

struct table {
	const char *title;
	struct table_row *rows;
	size_t count, rounds;
	char *metric[TABLE_METRICS];
	/* What ours aims at: ratios, and values; 0: none. */
	double aim[TABLE_METRICS], most[TABLE_METRICS];
	size_t metrics;
	const char *ours, *ours_backend; /* backend NULL: all of them */
};

int table_ours(const struct table *, const struct table_row *);
void table_print(const struct table *);

#endif
