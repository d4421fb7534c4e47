/*
 * SPDX-License-Identifier: ISC
 *
 * compare.h: what the files of the demo `compare` know of each other.
 */
#ifndef DEMOS_COMPARE_H
#define DEMOS_COMPARE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <reactor/reactor.h>
#include "demos/demo.h"
#include "demos/figure.h"

enum {
	COMPARE_BACKENDS = 8,
	COMPARE_STEPS = 16 /* 10, 30, 100... up to 2^30 */
};

/* A handler was called: in which turn, which, and what it was told. */
struct compare_event {
	int turn;
	short handler;
	short ready;
	int bytes; /* what its read returned; 0 if it did not read */
};

struct compare_backend {
	struct demo_backend is;
	struct compare_event *script; /* what was delivered */
	size_t nscript;
	uint64_t digest; /* of the script */
	struct figure event[COMPARE_STEPS];
	struct figure start, stop, wake, late;
	/* compare_ring.c */
	struct reactor *reactor;
	struct compare_ring *ring;
	struct reactor_io *idle;
};

struct compare {
	struct compare_backend backend[COMPARE_BACKENDS];
	size_t nbackends;
	long limit;   /* of descriptors */
	long at_most; /* of watched ones, by --descriptors */
	long active;  /* events under way at a time */
	long rounds;
	long step[COMPARE_STEPS]; /* so many descriptors are watched */
	size_t nsteps;
	char note[160]; /* why there are not more; else empty */
};

/* compare_check.c: plays the script to one backend. */
void compare_check(struct compare_backend *);
/* compare_differ.c: in words; NULL: all delivered the same. */
const char *compare_difference(const struct compare *);

/* compare_cost.c: starting, stopping, waking, and timers. */
void compare_costs(struct compare *);

/* compare_ring.c: an event among more and more descriptors. */
void compare_rings(struct compare *);
/* Idle descriptors, made when first asked for: returns how many there are. */
long compare_idle(struct compare *, long wanted, const int **fds);
struct reactor *compare_open(const struct compare_backend *);

/* compare_print.c */
void compare_table(const struct compare *);
void compare_csv(const struct compare *);
void compare_json(const struct compare *);
void compare_chart(const struct compare *, FILE *);
/* One sentence: what one sees. */
void compare_sentence(const struct compare *, char *, size_t);

#endif
