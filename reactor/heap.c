/*
 * SPDX-License-Identifier: ISC
 *
 * heap.c: deadlines, the earliest first.  A heap in which every entry has four
 * children; the deadline stands beside the pointer, so that finding a way
 * through the heap touches no timer but those that change places:
 *
 *                       [0]
 *       [1]         [2]         [3]         [4]
 *   [5][6][7][8] [9]...
 *
 * Equal deadlines are in the order of starting.
 */
#include "reactor/internal.h"
static int
hp_before(const struct reactor__due *a, const struct reactor__due *b)
{
	if (a->deadline != b->deadline)
		return a->deadline < b->deadline;
	return a->timer->event.place.heap.order <
	    b->timer->event.place.heap.order;
}

static inline void
hp_put(struct reactor__heap *heap, size_t i, struct reactor__due due)
{
	heap->due[i] = due;
	due.timer->event.place.heap.index = i;
}

static void
hp_up(struct reactor__heap *heap, size_t i, struct reactor__due due)
{
	size_t parent;

	for (; i > 0; i = parent) {
		parent = (i - 1) / 4;
		if (!hp_before(&due, &heap->due[parent]))
			break;
		hp_put(heap, i, heap->due[parent]);
	}
	hp_put(heap, i, due);
}

static void
hp_down(struct reactor__heap *heap, size_t i, struct reactor__due due)
{
	size_t child, end, least;

	while ((child = 4 * i + 1) < heap->length) {
		end = child + 4 < heap->length ? child + 4 : heap->length;
		for (least = child++; child < end; child++)
			if (hp_before(&heap->due[child], &heap->due[least]))
				least = child;
		if (!hp_before(&heap->due[least], &due))
			break;
		hp_put(heap, i, heap->due[least]);
		i = least;
	}
	hp_put(heap, i, due);
}

static void
hp_place(struct reactor__heap *heap, size_t i, struct reactor__due due)
{
	if (i > 0 && hp_before(&due, &heap->due[(i - 1) / 4]))
		hp_up(heap, i, due);
	else
		hp_down(heap, i, due);
}

void
reactor__heap_move(struct reactor__heap *heap, struct reactor_timer *timer)
{
	struct reactor__due due = { timer->deadline, timer };

	timer->event.place.heap.order = heap->order++;
	hp_place(heap, timer->event.place.heap.index, due);
}

void
reactor__heap_insert(struct reactor__heap *heap, struct reactor_timer *timer)
{
	timer->event.state |= REACTOR__HEAPED;
	timer->event.place.heap.index = heap->length++;
	reactor__heap_move(heap, timer);
}

void
reactor__heap_remove(struct reactor__heap *heap, struct reactor_timer *timer)
{
	size_t i = timer->event.place.heap.index;

	timer->event.state &= (unsigned char)~REACTOR__HEAPED;
	if (i != --heap->length)
		hp_place(heap, i, heap->due[heap->length]);
}

int
reactor__heap_reserve(struct reactor__heap *heap)
{
	size_t need = heap->length + heap->reserved + 1;
	struct reactor__due *due;

	if (need <= heap->capacity)
		return 0;
	due = reactor__grown(heap->due, &heap->capacity, need, sizeof(*due));
	if (due == NULL)
		return -1;
	heap->due = due;
	return 0;
}
