/*
 * SPDX-License-Identifier: ISC
 *
 * figure.h: numbers for people: medians, percentiles, and how they are
 * written.
 */
#ifndef DEMOS_FIGURE_H
#define DEMOS_FIGURE_H

#include <stddef.h>
#include <stdint.h>

/* What many measurements of one thing come to; rounds 0: not measured. */
struct figure {
	double median, low, high;
	size_t rounds;
};

/* Sorts the values. */
void figure_make(struct figure *, double *values, size_t n);

/* "1.31 us", "19 800", "4.2 KB": three digits count. */
void figure_time(double ns, char *, size_t);
void figure_count(double, char *, size_t);
void figure_bytes(double, char *, size_t);

/* How often each duration came, to 3 %: exact enough, and of fixed size. */
#define FIGURE_BUCKETS (60 * 32)

struct figure_histogram {
	uint64_t total;
	int64_t longest;
	uint32_t count[FIGURE_BUCKETS];
};

void figure_add(struct figure_histogram *, int64_t ns);
/* The duration that a part (0.99) of them did not exceed; 0 without any. */
double figure_part(const struct figure_histogram *, double part);

#endif
