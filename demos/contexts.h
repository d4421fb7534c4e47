/*
 * SPDX-License-Identifier: ISC
 *
 * contexts.h: what the files of the demo `contexts` know of each other.
 */
#ifndef DEMOS_CONTEXTS_H
#define DEMOS_CONTEXTS_H

#include <stddef.h>
#include <stdio.h>
#include <coro/task.h>
#include "demos/demo.h"
#include "demos/figure.h"

enum { CONTEXTS_MOST = 8, CONTEXTS_STEPS = 16, CONTEXTS_ROUNDS = 101 };

struct contexts_one {
	struct coro_context_info is;
	struct figure generator;            /* in and out */
	struct figure task[CONTEXTS_STEPS]; /* a switch from one to the next */
	struct figure spawn;                /* and await */
	struct figure memory;               /* bytes for each waiting task */
	struct coro_stack_info stack;
	double calls; /* of the system, in each switch; less than 0: unknown */
};

struct contexts {
	struct contexts_one one[CONTEXTS_MOST];
	size_t n;
	const char *backend;
	long most, rounds;
	long step[CONTEXTS_STEPS]; /* so many tasks take turns */
	size_t nsteps;
};

/* contexts_measure.c */
/* Runs a main task on that context. */
void contexts_run(
    const struct contexts *, size_t k, task_fn *main, void *argument);
void contexts_measure(struct contexts *);

/* contexts_memory.c */
void contexts_memory(struct contexts *, size_t k);

/* contexts_calls.c: system calls that a switch takes; -1: unknown. */
double contexts_calls(const char *context);

/* contexts_print.c */
void contexts_table(const struct contexts *);
void contexts_csv(const struct contexts *, FILE *);
void contexts_chart(const struct contexts *, FILE *);

#endif
