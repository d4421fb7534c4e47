/*
 * SPDX-License-Identifier: ISC
 *
 * loop_picture.h: what is in the picture of an event loop.
 */
#ifndef DEMOS_LOOP_PICTURE_H
#define DEMOS_LOOP_PICTURE_H

#include <stdint.h>
#include <stdio.h>

enum loop_box {
	LOOP_REGISTER,
	LOOP_WAIT,
	LOOP_QUEUE,
	LOOP_DISPATCH,
	LOOP_HANDLER,
	LOOP_BOXES
};

enum { LOOP_EVENTS = 5 };

/* The way of one event: when it was in each box, in ns; 0: never. */
struct loop_event {
	const char *name, *words;
	int64_t when[LOOP_BOXES];
};

struct loop_picture {
	struct loop_event event[LOOP_EVENTS];
	char backend[32];
	int starts, stops, waits, queued, longest, rounds, calls;
	int64_t begin, end, waited, handled; /* ns */
};

void loop_draw(const struct loop_picture *, FILE *);

#endif
