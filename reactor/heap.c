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

static inline int
hp_before(const struct reactor__due *a, const struct reactor__due *b)
{
	if (__builtin_expect(a->deadline == b->deadline, 0))
		return a->timer->event.place.heap.order <
		    b->timer->event.place.heap.order;
	return a->deadline < b->deadline;
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

/* Of the children that begin at `child`.  All four are a tournament. */
static inline size_t
hp_least(const struct reactor__heap *heap, size_t child)
{
	const struct reactor__due *due = &heap->due[child];
	size_t a, b, i, n = heap->length - child;

	if (__builtin_expect(n >= 4, 1)) {
		a = (size_t)hp_before(&due[1], &due[0]);
		b = 2 + (size_t)hp_before(&due[3], &due[2]);
		return child + (hp_before(&due[b], &due[a]) ? b : a);
	}
	for (a = 0, i = 1; i < n; i++)
		if (hp_before(&due[i], &due[a]))
			a = i;
	return child + a;
}

static void
hp_down(struct reactor__heap *heap, size_t i, struct reactor__due due)
{
	size_t child, least;

	while ((child = 4 * i + 1) < heap->length) {
		least = hp_least(heap, child);
		if (!hp_before(&heap->due[least], &due))
			break;
		hp_put(heap, i, heap->due[least]);
		i = least;
	}
	hp_put(heap, i, due);
}

/* Takes the seat of what stands there, which was in the right place. */
static inline void
hp_replace(struct reactor__heap *heap, size_t i, struct reactor__due due)
{
	if (hp_before(&due, &heap->due[i]))
		hp_up(heap, i, due);
	else
		hp_down(heap, i, due);
}

void
reactor__heap_insert(struct reactor__heap *heap, struct reactor_timer *timer)
{
	struct reactor__due due = { timer->deadline, timer };

	timer->event.state |= REACTOR__HEAPED;
	timer->event.place.heap.order = heap->order++;
	hp_up(heap, heap->length++, due);
}

/* Its deadline was changed; it is as if it were started only now. */
void
reactor__heap_move(struct reactor__heap *heap, struct reactor_timer *timer)
{
	struct reactor__due due = { timer->deadline, timer };

	timer->event.place.heap.order = heap->order++;
	hp_replace(heap, timer->event.place.heap.index, due);
}

void
reactor__heap_remove(struct reactor__heap *heap, struct reactor_timer *timer)
{
	size_t i = timer->event.place.heap.index;

	timer->event.state &= (unsigned char)~REACTOR__HEAPED;
	if (i != --heap->length)
		hp_replace(heap, i, heap->due[heap->length]);
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
