/*
 * SPDX-License-Identifier: ISC
 *
 * room.c: loops and threads wait until a full queue has room.  Who has a
 * handler is served in the order of coming: a place that becomes free is kept
 * for the first, until its callback has returned; if that left it free, it is
 * the next one's.  Threads wait for what these leave.
 */
#include "reactor/executor/pool.h"

/* room.state; it becomes idle only in the thread of its loop. */
enum { XK_IDLE, XK_LISTED, XK_SENT };

static void
xk_set(struct reactor_room *room, unsigned state)
{
	__atomic_store_n(&room->state, state, __ATOMIC_RELAXED);
}

static unsigned
xk_get(const struct reactor_room *room)
{
	return __atomic_load_n(&room->state, __ATOMIC_RELAXED);
}

static int
xk_closed(const struct reactor_executor *pool)
{
	return pool->broken != 0 || pool->shut;
}

/* The executor that keeps a place for the callback that runs, or NULL. */
static _Thread_local struct reactor_executor *xk_kept;

static size_t
xk_taken(const struct reactor_executor *pool)
{
	return pool->queued + pool->kept;
}

static int
xk_place(const struct reactor_executor *pool)
{
	return pool->options.queue == 0 || xk_taken(pool) < pool->options.queue;
}

int
reactor__jobs_full(const struct reactor_executor *pool)
{
	return pool->options.queue > 0 &&
	    xk_taken(pool) - (xk_kept == pool) >= pool->options.queue;
}

void
reactor__jobs_put(struct reactor_executor *pool, struct reactor_future *f)
{
	reactor__chain_append(&pool->queue, &f->link);
	pool->queued++;
	if (xk_kept != pool)
		return;
	xk_kept = NULL;
	pool->kept--;
}

static void
xk_send_first(struct reactor_executor *pool)
{
	struct reactor_room *room =
	    REACTOR_OWNER(pool->rooms.next, struct reactor_room, link);

	reactor__chain_remove(&room->link);
	pool->kept++;
	xk_set(room, XK_SENT);
	reactor__executor_post(room->post.data, &room->post);
}

void
reactor__jobs_room(struct reactor_executor *pool)
{
	int closed = xk_closed(pool);

	while (
	    !reactor__chain_empty(&pool->rooms) && (closed || xk_place(pool)))
		xk_send_first(pool);
	if (closed)
		(void)pthread_cond_broadcast(&pool->room);
	else if (pool->waiting > 0 && xk_place(pool))
		(void)pthread_cond_signal(&pool->room);
}

static void
xk_posted(struct reactor *r, struct reactor_post *post)
{
	struct reactor_room *room =
	    REACTOR_OWNER(post, struct reactor_room, post);
	struct reactor_executor *pool = room->executor;

	/* Who sent it may still be waking the loop, which may end after this. */
	reactor__executor_lock(pool);
	xk_set(room, XK_IDLE);
	reactor__executor_unlock(pool);
	reactor_post_stop(r, post);
	xk_kept = pool;
	room->callback(r, room);
	reactor__executor_lock(pool);
	if (xk_kept == pool)
		pool->kept--;
	xk_kept = NULL;
	reactor__jobs_room(pool);
	reactor__executor_unlock(pool);
	reactor__executor_release(pool);
}

/* With the lock. */
static int
xk_start(struct reactor *r, struct reactor_room *room)
{
	if (xk_get(room) != XK_IDLE) {
		errno = EBUSY;
		return -1;
	}
	room->post.data = r;
	room->post.callback = xk_posted;
	if (reactor_post_start(r, &room->post) == -1)
		return -1;
	reactor__executor_retain(room->executor);
	xk_set(room, XK_LISTED);
	reactor__chain_append(&room->executor->rooms, &room->link);
	reactor__jobs_room(room->executor);
	return 0;
}

int
reactor_room_start(struct reactor *r, struct reactor_room *room)
{
	struct reactor_executor *pool = room->executor;
	int result;

	if (reactor__executor_ours(pool) == -1)
		return -1;
	reactor__executor_lock(pool);
	result = xk_start(r, room);
	reactor__executor_unlock(pool);
	return result;
}

void
reactor_room_stop(struct reactor *r, struct reactor_room *room)
{
	struct reactor_executor *pool = room->executor;
	int ours;

	/* One that is idle may have outlived its executor. */
	if (xk_get(room) == XK_IDLE)
		return;
	ours = reactor__executor_ours(pool) == 0;
	if (ours) {
		reactor__executor_lock(pool);
		if (xk_get(room) == XK_LISTED) {
			reactor__chain_remove(&room->link);
		} else {
			pool->kept--;
			reactor__jobs_room(pool); /* the next, instead */
		}
		reactor__executor_unlock(pool);
	}
	xk_set(room, XK_IDLE);
	reactor_post_stop(r, &room->post);
	if (ours)
		reactor__executor_release(pool);
}
