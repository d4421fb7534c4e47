/*
 * SPDX-License-Identifier: ISC
 *
 * buffer.h: the pieces that the input and the output of streams are made of.
 */
#ifndef REACTOR_NET_BUFFER_H
#define REACTOR_NET_BUFFER_H

#include "reactor/internal.h"

#define BUFFER__PIECE 16384 /* bytes of the smallest, with its head */
#define BUFFER__SIZES 7     /* each twice as large; larger ones are not kept */
#define BUFFER__KEPT  (2 << 20)

struct reactor__buffer {
	struct reactor__buffer *next;
	size_t start, end; /* what is in use of the bytes */
	size_t size;       /* of them; there is one more behind */
	/* Output that is a file; its bytes are a piece of it: */
	int64_t offset, left;
	int file; /* or -1 */
	unsigned sort;
	char bytes[];
};

#define BUFFER__HEAD (sizeof(struct reactor__buffer) + 1)
#define BUFFER__ROOM (BUFFER__PIECE - BUFFER__HEAD)

struct reactor__buffers {
	struct reactor__buffer *free[BUFFER__SIZES];
	size_t kept; /* bytes of these */
	struct reactor_link streams;
};

/* Once for each loop: 0, or -1 and ENOMEM. */
int reactor__buffers_open(struct reactor *);
void reactor__buffers_close(struct reactor *);
struct reactor__buffer *reactor__buffer_new(struct reactor *, size_t size);

/* An empty one with room for that many bytes; NULL and ENOMEM. */
static inline struct reactor__buffer *
reactor__buffer_get(struct reactor *r, size_t size)
{
	struct reactor__buffer *b = r->buffers->free[0];

	if (size > BUFFER__ROOM || b == NULL)
		return reactor__buffer_new(r, size);
	r->buffers->free[0] = b->next;
	r->buffers->kept -= BUFFER__ROOM;
	b->next = NULL;
	b->start = b->end = 0;
	return b;
}

/* Its file is the caller's to close, and forgotten. */
static inline void
reactor__buffer_put(struct reactor *r, struct reactor__buffer *b)
{
	struct reactor__buffers *all = r->buffers;

	if (b->sort >= BUFFER__SIZES || all->kept > BUFFER__KEPT) {
		(void)reactor__allocate(b, 0);
		return;
	}
	b->next = all->free[b->sort];
	all->free[b->sort] = b;
	all->kept += b->size;
}

#endif
