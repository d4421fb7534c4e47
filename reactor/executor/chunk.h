/*
 * SPDX-License-Identifier: ISC
 *
 * chunk.h: several arguments in one job, and their outcomes in its result.
 */
#ifndef REACTOR_EXECUTOR_CHUNK_H
#define REACTOR_EXECUTOR_CHUNK_H

#include <reactor/executor.h>

struct reactor__chunk {
	unsigned char *bytes; /* by reactor__allocate, or NULL */
	size_t size;
	size_t capacity;
};

/* Appends as they are.  0; -1: ENOMEM, and the chunk is as it was. */
int reactor__chunk_bytes(
    struct reactor__chunk *, const void *bytes, size_t size);
/* Begins a chunk of arguments of that function. */
int reactor__chunk_begin(struct reactor__chunk *, reactor_job_fn *);
/* Appends an argument. */
int reactor__chunk_argument(
    struct reactor__chunk *, const struct reactor_bytes *);

/* The job: its argument is such a chunk. */
int reactor__chunk_run(struct reactor_job *);

/*
 * Makes the outcome of the whole that of the item at *offset of the result, and
 * sets *offset to the next.  If the whole failed, so has each.
 */
void reactor__chunk_outcome(struct reactor_outcome *, size_t *offset);

#endif
