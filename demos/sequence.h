/*
 * SPDX-License-Identifier: ISC
 *
 * sequence.h: draws who called whom, and when: the caller, the event loop, its
 * tasks and their coroutines.  All of it is read from a trace ($REACTOR_TRACE),
 * in which the library tells of loop and tasks.  The program itself adds, in a
 * lane called "coroutines", whom it calls, what that returns, what it prints:
 *
 *	reactor_trace(r, REACTOR_INSTANT, "coroutines", "call", "f(1)", NULL);
 *	reactor_trace(r, REACTOR_INSTANT, "coroutines", "return", "f(1)", "2");
 *	reactor_trace(r, REACTOR_INSTANT, "coroutines", "print", "hello", NULL);
 */
#ifndef DEMOS_SEQUENCE_H
#define DEMOS_SEQUENCE_H

#include <stdint.h>
#include <stdio.h>

enum { SEQUENCE_LINES = 64, SEQUENCE_STEPS = 1024, SEQUENCE_TEXT = 80 };
enum { SEQUENCE_CALLER, SEQUENCE_LOOP }; /* the first two lines */

enum sequence_kind {
	SEQUENCE_SPAWN, /* a task is made */
	SEQUENCE_CALL,
	SEQUENCE_RETURN,
	SEQUENCE_PRINT,
	SEQUENCE_TIMER,   /* the running task starts one */
	SEQUENCE_SUSPEND, /* all that the task is in */
	SEQUENCE_WAIT,    /* of the loop, for `span` */
	SEQUENCE_DUE,     /* the task's timer is */
	SEQUENCE_RESUME,
	SEQUENCE_END
};

/* The life of one of them. */
struct sequence_line {
	const char *what; /* "task", "coroutine"... */
	char name[SEQUENCE_TEXT];
	int task; /* whose it is; -1: nobody's */
	int column;
};

struct sequence_step {
	enum sequence_kind kind;
	int from, to;       /* lines */
	int64_t time, span; /* ns; time since the first step */
	char text[SEQUENCE_TEXT];
};

struct sequence {
	struct sequence_line line[SEQUENCE_LINES];
	struct sequence_step step[SEQUENCE_STEPS];
	int nlines, nsteps, ntasks;
};

struct sequence_record {
	char phase[4], lane[16], kind[16];
	char name[SEQUENCE_TEXT], what[SEQUENCE_TEXT];
	int64_t time, span, limit; /* ns */
};

/* Reads a line of a trace.  0: there is nothing in it for us. */
int sequence_record(const char *line, struct sequence_record *);
/* Reads a trace.  -1: it is too long to be drawn. */
int sequence_read(struct sequence *, FILE *);
void sequence_draw(const struct sequence *, FILE *, const char *title);

/* ---- The drawing: sequence_life.c ---------------------------------------- */

enum {
	SEQUENCE_LEFT = 164, /* the first line */
	SEQUENCE_APART = 138,
	SEQUENCE_HEAD = 84,
	SEQUENCE_TOP = 138, /* of the first step */
	SEQUENCE_BAR = 6    /* half of its width */
};

double sequence_x(const struct sequence *, int line);
/* Of the step, or of the end. */
double sequence_y(const struct sequence *, int step);
int sequence_colour(const struct sequence *, int line);
/* All but the steps. */
void sequence_lives(const struct sequence *, FILE *);
/* 0: runs, 1: waits for what it called, 2: is suspended. */
void sequence_bar(
    FILE *, int state, int colour, double x, double from, double to);

#endif
