/*
 * SPDX-License-Identifier: ISC
 *
 * chunk.c: several arguments in one job, and their outcomes in its result.
 *
 *   argument: head, then for each   item, bytes, padding
 *   result:         for each        item, bytes or words, padding
 *
 * All parts are as long as the strictest alignment asks, so the bytes are
 * aligned for anything.
 */
#include <string.h>
#include "reactor/executor/chunk.h"
#include "reactor/executor/pool.h"

struct xu_head {
	_Alignas(max_align_t) reactor_job_fn *function;
};

struct xu_item {
	_Alignas(max_align_t) size_t size; /* of the bytes, without padding */
	int state;                         /* in results, as the error */
	int error;
};

/* ---- Writing ------------------------------------------------------------- */

static size_t
xu_padding(size_t size)
{
	return -size % _Alignof(max_align_t);
}

/* Makes room for so many more bytes. */
static int
xu_reserve(struct reactor__chunk *chunk, size_t more)
{
	size_t need, capacity = chunk->capacity;
	void *new;

	if (__builtin_add_overflow(chunk->size, more, &need)) {
		errno = ENOMEM;
		return -1;
	}
	if (need <= capacity)
		return 0;
	capacity = capacity < SIZE_MAX / 2 ? capacity * 2 : SIZE_MAX;
	if (capacity < need)
		capacity = need;
	new = reactor__allocate(chunk->bytes, capacity);
	if (new == NULL)
		return -1;
	chunk->bytes = new;
	chunk->capacity = capacity;
	return 0;
}

/* There is room. */
static void
xu_put(struct reactor__chunk *chunk, const void *bytes, size_t size)
{
	if (size > 0)
		memcpy(chunk->bytes + chunk->size, bytes, size);
	chunk->size += size;
}

int
reactor__chunk_bytes(
    struct reactor__chunk *chunk, const void *bytes, size_t size)
{
	if (xu_reserve(chunk, size) == -1)
		return -1;
	xu_put(chunk, bytes, size);
	return 0;
}

int
reactor__chunk_begin(struct reactor__chunk *chunk, reactor_job_fn *function)
{
	struct xu_head head;

	memset(&head, 0, sizeof(head));
	head.function = function;
	return reactor__chunk_bytes(chunk, &head, sizeof(head));
}

static int
xu_item(
    struct reactor__chunk *chunk, const struct xu_item *item, const void *bytes)
{
	static const unsigned char zeros[_Alignof(max_align_t)];
	size_t padding = xu_padding(item->size), size;

	if (__builtin_add_overflow(
		item->size, sizeof(*item) + padding, &size)) {
		errno = ENOMEM;
		return -1;
	}
	if (xu_reserve(chunk, size) == -1)
		return -1;
	xu_put(chunk, item, sizeof(*item));
	xu_put(chunk, bytes, item->size);
	xu_put(chunk, zeros, padding);
	return 0;
}

int
reactor__chunk_argument(
    struct reactor__chunk *chunk, const struct reactor_bytes *argument)
{
	struct xu_item item;

	memset(&item, 0, sizeof(item));
	item.size = argument->size;
	return xu_item(chunk, &item, argument->bytes);
}

/* ---- Reading ------------------------------------------------------------- */

/* The item at *offset, which becomes that of the next; NULL: none is whole. */
static const struct xu_item *
xu_next(const void *bytes, size_t size, size_t *offset)
{
	const struct xu_item *item;
	size_t left = size - *offset;

	if (left < sizeof(*item))
		return NULL;
	item = (const void *)((const unsigned char *)bytes + *offset);
	left -= sizeof(*item);
	if (item->size > left || xu_padding(item->size) > left - item->size)
		return NULL;
	*offset += sizeof(*item) + item->size + xu_padding(item->size);
	return item;
}

/* ---- In the worker ------------------------------------------------------- */

/* The job ends its thread. */
static void
xu_drop(void *job)
{
	(void)reactor__allocate(((struct reactor_job *)job)->result, 0);
}

/* One that nobody wants any more does not begin. */
static void
xu_run(const struct reactor_job *whole, reactor_job_fn *function,
    const struct xu_item *argument, struct xu_item *item,
    struct reactor__result *result)
{
	struct reactor_job job = *whole;

	memset(item, 0, sizeof(*item));
	memset(result, 0, sizeof(*result));
	item->state = REACTOR_CANCELLED;
	item->error = ECANCELED;
	if (reactor_job_cancelled(whole))
		return;
	job.argument = (void *)(uintptr_t)(argument + 1);
	job.size = argument->size;
	pthread_cleanup_push(xu_drop, &job);
	reactor__job_run(&job, function, result);
	pthread_cleanup_pop(0);
	item->state = REACTOR_FINISHED;
	item->error = result->error;
	item->size = result->size;
}

int
reactor__chunk_run(struct reactor_job *whole)
{
	const struct xu_head *head = whole->argument;
	struct reactor__chunk chunk = { NULL, 0, 0 };
	struct reactor__result result;
	const struct xu_item *argument;
	struct xu_item item;
	size_t offset = sizeof(*head);
	int status = 0;

	while (status == 0 &&
	    (argument = xu_next(whole->argument, whole->size, &offset)) !=
		NULL) {
		xu_run(whole, head->function, argument, &item, &result);
		status = xu_item(&chunk, &item, result.bytes);
		reactor__result_free(&result);
		/* It is freed if one of the jobs ends the thread. */
		whole->result = chunk.bytes;
	}
	whole->result_size = chunk.size;
	if (status == -1)
		errno = ENOMEM;
	return status;
}

/* ---- Where the results are wanted ---------------------------------------- */

/* A process may have written anything. */
static void
xu_damaged(struct reactor_outcome *outcome)
{
	outcome->error = EBADMSG;
	outcome->text = "its job damaged the results";
	outcome->bytes = NULL;
	outcome->size = 0;
}

static void
xu_words(struct reactor_outcome *outcome, const struct xu_item *item)
{
	const char *words = (const char *)(item + 1);

	outcome->bytes = NULL;
	outcome->size = 0;
	if (item->state == REACTOR_CANCELLED)
		outcome->text = "it was cancelled";
	else if (item->size > 0 && words[item->size - 1] == '\0')
		outcome->text = words;
	else
		outcome->text = "no memory for the words";
}

void
reactor__chunk_outcome(struct reactor_outcome *outcome, size_t *offset)
{
	const struct xu_item *item;

	if (outcome->error != 0)
		return;
	item = xu_next(outcome->bytes, outcome->size, offset);
	if (item == NULL ||
	    (item->state != REACTOR_FINISHED &&
		item->state != REACTOR_CANCELLED)) {
		xu_damaged(outcome);
		return;
	}
	outcome->state = item->state;
	outcome->error = item->error;
	if (item->error != 0) {
		xu_words(outcome, item);
		return;
	}
	outcome->bytes = item + 1;
	outcome->size = item->size;
}
