/*
 * SPDX-License-Identifier: ISC
 *
 * buffer.c: pieces of memory for streams, from a pool of the loop.
 *
 *   input      in --> [....bytes here......-----room-----|1]
 *                          ^start          ^end          ^size
 *                 taken when there is something to read, given back when all
 *                 is consumed.  What it was before it grew stays behind it (next)
 *                 until then, as somebody may still look at it.
 *
 *   output    out --> [bytes] --> [file: a part of it] --> [bytes--room--] <-- last
 *                 sent from the left, written at the right.
 *
 *   pool     free --> 16 KB --> 16 KB
 *                     32 KB
 *                     ...     kept up to some bytes, beyond that freed
 *
 * A stream at rest has none.  A byte more than `size` is there, for a NUL.
 */
#include <string.h>
#include "reactor/net/buffer.h"

int
reactor__buffers_open(struct reactor *r)
{
	if (r->buffers != NULL)
		return 0;
	r->buffers = reactor__allocate(NULL, sizeof(*r->buffers));
	if (r->buffers == NULL)
		return -1;
	memset(r->buffers, 0, sizeof(*r->buffers));
	reactor__list_init(&r->buffers->streams);
	return 0;
}

void
reactor__buffers_close(struct reactor *r)
{
	struct reactor__buffer *b;
	int sort;

	for (sort = 0; sort < BUFFER__SIZES; sort++)
		while ((b = r->buffers->free[sort]) != NULL) {
			r->buffers->free[sort] = b->next;
			(void)reactor__allocate(b, 0);
		}
	(void)reactor__allocate(r->buffers, 0);
	r->buffers = NULL;
}

static struct reactor__buffer *
bu_allocate(unsigned sort)
{
	struct reactor__buffer *b =
	    reactor__allocate(NULL, (size_t)BUFFER__PIECE << sort);

	if (b == NULL)
		return NULL;
	b->sort = sort;
	b->size = ((size_t)BUFFER__PIECE << sort) - BUFFER__HEAD;
	b->file = -1;
	b->left = 0;
	return b;
}

struct reactor__buffer *
reactor__buffer_new(struct reactor *r, size_t size)
{
	struct reactor__buffer *b;
	unsigned sort = 0;

	if (size > SIZE_MAX / 4) {
		errno = ENOMEM;
		return NULL;
	}
	while (size > ((size_t)BUFFER__PIECE << sort) - BUFFER__HEAD)
		sort++;
	b = sort < BUFFER__SIZES ? r->buffers->free[sort] : NULL;
	if (b != NULL) {
		r->buffers->free[sort] = b->next;
		r->buffers->kept -= b->size;
	} else {
		b = bu_allocate(sort);
		if (b == NULL)
			return NULL;
	}
	b->next = NULL;
	b->start = b->end = 0;
	return b;
}
