/*
 * SPDX-License-Identifier: ISC
 *
 * timeline.h: draws who did what, and when: a lane for each worker, in it the
 * tasks that it ran, in each of these the time that it ran, and what it waited
 * for.
 */
#ifndef DEMOS_TIMELINE_H
#define DEMOS_TIMELINE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum timeline_state {
	TIMELINE_RUNNING,
	TIMELINE_IO,
	TIMELINE_LOCK,
	TIMELINE_PROCESSOR,
	TIMELINE_STATES
};

/* From begin to end, in ns of one clock for the whole picture. */
struct timeline_segment {
	int64_t begin, end;
	int64_t state;
};

struct timeline_task {
	int number;
	unsigned lane;
	int64_t begin, end;
	const struct timeline_segment *segments; /* in the order of time */
	size_t nsegments;
};

/* One way to do the tasks; each has its own time, from 0. */
struct timeline_group {
	const char *title;
	const char *lane; /* "thread": what a lane is; NULL: it is the only */
	unsigned nlanes;
	int64_t begin, end;
	const struct timeline_task *tasks;
	size_t ntasks;
};

struct timeline {
	const char *title, *subtitle;
	const char *words, *note; /* below it */
	const struct timeline_group *groups;
	size_t ngroups;
};

void timeline_draw(const struct timeline *, FILE *);

#endif
