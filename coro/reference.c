/*
 * SPDX-License-Identifier: ISC
 *
 * reference.c: the structs of tasks, and who still holds them.
 *
 * They lie apart from the stacks, close together: the scheduler touches only
 * these.  One lasts as long as somebody holds a reference; a failure that nobody
 * has asked about by then is reported.
 */
#include <string.h>
#include "coro/schedule.h"

#define RF_CHUNK 64
#define RF_LINE  64 /* of the cache */
#define RF_SIZE  ((sizeof(struct task) + RF_LINE - 1) / RF_LINE * RF_LINE)

struct task__chunk {
	struct task__chunk *next;
	char memory[RF_CHUNK * RF_SIZE + RF_LINE];
};

static int
rf_grow(struct task__loop *loop)
{
	struct task__chunk *chunk = reactor__allocate(NULL, sizeof(*chunk));
	struct task *t;
	uintptr_t first;
	size_t i;

	if (chunk == NULL)
		return -1;
	chunk->next = loop->chunks;
	loop->chunks = chunk;
	first = ((uintptr_t)chunk->memory + RF_LINE - 1) / RF_LINE * RF_LINE;
	for (i = RF_CHUNK; i-- > 0;) {
		t = (struct task *)(first + i * RF_SIZE);
		t->references = 0;
		t->next = loop->free;
		loop->free = t;
	}
	return 0;
}

struct task *
task__struct(struct task__loop *loop)
{
	struct task *t = loop->free;

	if (t == NULL) {
		if (rf_grow(loop) == -1)
			return NULL;
		t = loop->free;
	}
	loop->free = t->next;
	memset(t, 0, sizeof(*t));
	return t;
}

void
task__struct_back(struct task__loop *loop, struct task *t)
{
	t->next = loop->free;
	loop->free = t;
}

void
task__unname(struct task *t)
{
	if (t->bits & TASK__NAMED)
		(void)reactor__allocate((void *)(uintptr_t)t->name, 0);
	t->bits &= (unsigned char)~TASK__NAMED;
}

static void
rf_unobserved(struct task__loop *loop, struct task *t)
{
	struct task_outcome outcome;

	task_peek(t, &outcome);
	if (loop->options.unobserved != NULL) {
		loop->options.unobserved(loop->options.data, t, &outcome);
		return;
	}
	task__report(loop,
	    "reactor: task \"%s\", spawned at %s, failed, and nobody asked: %s",
	    t->name, t->place, strerror(t->error));
}

static __attribute__((noinline)) void
rf_free(struct task__loop *loop, struct task *t)
{
	if (t->state == TASK_FAILED && (t->bits & TASK__OBSERVED) == 0)
		rf_unobserved(loop, t);
	if (t->bits & TASK__NAMED)
		task__unname(t);
	task__struct_back(loop, t);
}

/* The loop ends, and somebody still holds it: it was never asked about. */
static void
rf_forgotten(struct task__loop *loop, struct task__chunk *chunk)
{
	uintptr_t first =
	    ((uintptr_t)chunk->memory + RF_LINE - 1) / RF_LINE * RF_LINE;
	struct task *t;
	size_t i;

	for (i = 0; i < RF_CHUNK; i++) {
		t = (struct task *)(first + i * RF_SIZE);
		if (t->references > 0)
			rf_free(loop, t);
	}
}

void
task__chunks_free(struct task__loop *loop)
{
	struct task__chunk *chunk;

	while ((chunk = loop->chunks) != NULL) {
		loop->chunks = chunk->next;
		rf_forgotten(loop, chunk);
		(void)reactor__allocate(chunk, 0);
	}
}

void
task_detach(struct task *t)
{
	if (t != NULL && --t->references == 0)
		rf_free(coro__here.tasks, t);
}

struct task *
task_retain(struct task *t)
{
	t->references++;
	return t;
}
