/*
 * SPDX-License-Identifier: ISC
 *
 * queue.c: the event queue alone.
 */
#include "reactor/queue.h"
#include "test.h"

#define QU_EVENTS 40

static struct reactor__queue qu;
static struct reactor_event qu_event[QU_EVENTS];

static void
qu_reset(void)
{
	int i;

	reactor__queue_init(&qu);
	memset(qu_event, 0, sizeof(qu_event));
	for (i = 0; i < QU_EVENTS; i++)
		qu_event[i].state =
		    (unsigned char)(i % REACTOR__LEVELS << REACTOR__LEVEL);
}

static int
qu_first(int level)
{
	struct reactor_link *link = qu.list[level].next;

	return link == &qu.list[level]
	    ? -1
	    : (int)((struct reactor_event *)link - qu_event);
}

static void
empty(void)
{
	int level;

	qu_reset();
	CHECK(reactor__queue_is_empty(&qu));
	for (level = 0; level < REACTOR__LEVELS; level++)
		CHECK(reactor__list_empty(&qu.list[level]));
}

static void
order(void)
{
	int level, i;

	qu_reset();
	for (i = 0; i < QU_EVENTS; i++)
		reactor__queue_put(&qu, &qu_event[i]);
	CHECK(!reactor__queue_is_empty(&qu));
	for (level = 0; level < REACTOR__LEVELS; level++)
		for (i = level; i < QU_EVENTS; i += REACTOR__LEVELS) {
			CHECK_INT(qu_first(level), i);
			CHECK(qu_event[i].state & REACTOR__QUEUED);
			reactor__queue_drop(&qu_event[i]);
			CHECK_INT(qu_event[i].state & REACTOR__QUEUED, 0);
		}
	CHECK(reactor__queue_is_empty(&qu));
}

static void
dropped(void)
{
	qu_reset();
	reactor__queue_drop(&qu_event[0]); /* is in no queue */
	reactor__queue_put(&qu, &qu_event[0]);
	reactor__queue_put(&qu, &qu_event[5]);
	reactor__queue_put(&qu, &qu_event[10]);
	reactor__queue_drop(&qu_event[5]);
	reactor__queue_drop(&qu_event[5]);
	CHECK_INT(qu_first(0), 0);
	CHECK(qu_event[0].place.link.next == &qu_event[10].place.link);
	CHECK(qu_event[10].place.link.prev == &qu_event[0].place.link);
	reactor__queue_drop(&qu_event[0]);
	CHECK_INT(qu_first(0), 10);
	CHECK(!reactor__queue_is_empty(&qu));
	reactor__queue_drop(&qu_event[10]);
	CHECK(reactor__queue_is_empty(&qu));
}

static void
moved(void)
{
	struct reactor_link to;

	qu_reset();
	reactor__list_init(&to);
	reactor__list_move(&to, &qu.list[0]);
	CHECK(reactor__list_empty(&to));
	reactor__queue_put(&qu, &qu_event[0]);
	reactor__queue_put(&qu, &qu_event[5]);
	reactor__list_move(&to, &qu.list[0]);
	CHECK(reactor__list_empty(&qu.list[0]));
	reactor__queue_put(&qu, &qu_event[10]);
	reactor__list_move(&to, &qu.list[0]);
	CHECK(to.next == &qu_event[0].place.link);
	CHECK(to.next->next == &qu_event[5].place.link);
	CHECK(to.next->next->next == &qu_event[10].place.link);
	CHECK(to.prev == &qu_event[10].place.link);
	CHECK(to.prev->next == &to);
	reactor__queue_drop(&qu_event[5]); /* knows not in which list it is */
	CHECK(to.next->next == &qu_event[10].place.link);
}

/* ---- Against an array ---------------------------------------------------- */

static int qu_model[REACTOR__LEVELS][QU_EVENTS], qu_length[REACTOR__LEVELS];

static void
qu_model_drop(int i)
{
	int level = i % REACTOR__LEVELS, *list = qu_model[level], at;

	for (at = 0; at < qu_length[level] && list[at] != i; at++)
		;
	if (at == qu_length[level])
		return;
	memmove(list + at, list + at + 1,
	    (size_t)(qu_length[level] - at - 1) * sizeof(*list));
	qu_length[level]--;
}

static void
qu_compare(void)
{
	struct reactor_link *link;
	unsigned used = 0;
	int level, at;

	for (level = 0; level < REACTOR__LEVELS; level++) {
		link = &qu.list[level];
		for (at = 0; at < qu_length[level]; at++) {
			CHECK(link->next->prev == link);
			link = link->next;
			CHECK((struct reactor_event *)link ==
			    &qu_event[qu_model[level][at]]);
		}
		CHECK(link->next == &qu.list[level]);
		CHECK(qu.list[level].prev == link);
		used |= qu_length[level] > 0 ? 1u << level : 0;
	}
	CHECK_INT(reactor__queue_is_empty(&qu), used == 0);
}

static void
random_calls(void)
{
	unsigned seed = 1;
	int step, i;

	qu_reset();
	for (step = 0; step < 100000; step++) {
		seed = seed * 1103515245 + 12345;
		i = (int)(seed >> 16) % QU_EVENTS;
		if (qu_event[i].state & REACTOR__QUEUED) {
			reactor__queue_drop(&qu_event[i]);
			qu_model_drop(i);
		} else {
			reactor__queue_put(&qu, &qu_event[i]);
			qu_model[i % 5][qu_length[i % 5]++] = i;
		}
		qu_compare();
	}
}

static const struct test tests[] = {
	TEST("empty", empty),
	TEST("first in first out, one list for each priority", order),
	TEST("entries leave from the middle, twice if need be", dropped),
	TEST("one list moves to the end of another", moved),
	TEST("random calls, beside arrays", random_calls),
};

TEST_MAIN(tests)
