/*
 * SPDX-License-Identifier: ISC
 *
 * heap.h: the bare 4-ary heap that timers are measured against.  An entry is
 * a deadline and a number; where number i stands is kept at stride * i, in an
 * array of its own (4 bytes) or, as a control, within an object as big as a
 * timer.  Nobody is told of ties.
 */
#ifndef BENCH_HEAP_H
#define BENCH_HEAP_H

#include <stdint.h>
#include <string.h>

#ifndef HEAP_STRIDE
#define HEAP_STRIDE 4
#endif

struct heap_entry {
	int64_t deadline;
	uint32_t id;
};

struct heap {
	struct heap_entry *entries;
	char *index; /* of every id, HEAP_STRIDE apart */
	uint32_t length;
};

static inline uint32_t *
heap_index(const struct heap *h, uint32_t id)
{
	return (uint32_t *)(void *)(h->index + (size_t)id * HEAP_STRIDE);
}

static inline void
heap_put(struct heap *h, uint32_t i, struct heap_entry entry)
{
	h->entries[i] = entry;
	*heap_index(h, entry.id) = i;
}

static inline void
heap_up(struct heap *h, uint32_t i, struct heap_entry entry)
{
	uint32_t parent;

	for (; i > 0; i = parent) {
		parent = (i - 1) / 4;
		if (h->entries[parent].deadline <= entry.deadline)
			break;
		heap_put(h, i, h->entries[parent]);
	}
	heap_put(h, i, entry);
}

static inline void
heap_down(struct heap *h, uint32_t i, struct heap_entry entry)
{
	uint32_t child, end, least;

	while ((child = 4 * i + 1) < h->length) {
		end = child + 4 < h->length ? child + 4 : h->length;
		for (least = child++; child < end; child++)
			if (h->entries[child].deadline <
			    h->entries[least].deadline)
				least = child;
		if (h->entries[least].deadline >= entry.deadline)
			break;
		heap_put(h, i, h->entries[least]);
		i = least;
	}
	heap_put(h, i, entry);
}

static inline void
heap_place(struct heap *h, uint32_t i, struct heap_entry entry)
{
	if (i > 0 && entry.deadline < h->entries[(i - 1) / 4].deadline)
		heap_up(h, i, entry);
	else
		heap_down(h, i, entry);
}

static inline void
heap_insert(struct heap *h, uint32_t id, int64_t deadline)
{
	heap_up(h, h->length++, (struct heap_entry){ deadline, id });
}

static inline void
heap_move(struct heap *h, uint32_t id, int64_t deadline)
{
	heap_place(h, *heap_index(h, id), (struct heap_entry){ deadline, id });
}

static inline void
heap_remove(struct heap *h, uint32_t id)
{
	uint32_t i = *heap_index(h, id);

	if (i != --h->length)
		heap_place(h, i, h->entries[h->length]);
}

#endif
