/*
 * SPDX-License-Identifier: ISC
 *
 * done.c: handlers for the end of a job.  With a loop, the end posts them to
 * it, and that is all; without, they are called by the thread that ends the job,
 * or by the one that starts them too late.
 *
 * After the callback nothing of the handler is touched, as it may be gone.  So
 * that stop can wait for a call in another thread, such a call is noted on the
 * stack of that thread, not in the handler.
 */
#include <string.h>
#include "reactor/executor/pool.h"
#include "reactor/executor/system.h"

/* done.state; one of a loop becomes idle only in the thread of that. */
enum {
	XD_IDLE,
	XD_LISTED, /* in future->dones */
	XD_SENT    /* posted to its loop */
};

static void
xd_set(struct reactor_done *done, unsigned state)
{
	__atomic_store_n(&done->state, state, __ATOMIC_RELAXED);
}

static unsigned
xd_get(const struct reactor_done *done)
{
	return __atomic_load_n(&done->state, __ATOMIC_RELAXED);
}

struct xd_call {
	struct reactor_link link; /* in pool->calls */
	const struct reactor_done *done;
	pthread_t thread;
};

/* ---- The end ------------------------------------------------------------- */

/* Without a loop.  With the lock, but not during the call. */
static void
xd_call(struct reactor_executor *pool, struct reactor_done *done)
{
	struct reactor_future *f = done->future;
	struct xd_call call;

	call.done = done;
	call.thread = pthread_self();
	reactor__chain_append(&pool->calls, &call.link);
	xd_set(done, XD_IDLE);
	reactor__executor_unlock(pool);
	done->callback(NULL, done);
	reactor__executor_lock(pool);
	reactor__chain_remove(&call.link);
	(void)pthread_cond_broadcast(&pool->called);
	/* Not the last reference: who calls us holds one. */
	reactor_future_detach(f);
}

/* It is in no list. */
static void
xd_tell(struct reactor_executor *pool, struct reactor_done *done)
{
	if (done->post.data == NULL) {
		xd_call(pool, done);
		return;
	}
	xd_set(done, XD_SENT);
	reactor__executor_post(done->post.data, &done->post);
}

void
reactor__done_all(struct reactor_future *f)
{
	struct reactor_done *done;

	while (!reactor__chain_empty(&f->dones)) {
		done = REACTOR_OWNER(f->dones.next, struct reactor_done, link);
		reactor__chain_remove(&done->link);
		xd_tell(f->pool, done);
	}
}

/* ---- In the loop --------------------------------------------------------- */

static void
xd_posted(struct reactor *r, struct reactor_post *post)
{
	struct reactor_done *done =
	    REACTOR_OWNER(post, struct reactor_done, post);
	struct reactor_future *f = done->future;

	reactor_post_stop(r, post);
	/* Who sent it may still be waking the loop, which may end after this. */
	reactor__executor_lock(f->pool);
	xd_set(done, XD_IDLE);
	reactor__executor_unlock(f->pool);
	done->callback(r, done);
	reactor_future_detach(f);
}

/* ---- Start and stop ------------------------------------------------------ */

static int
xd_prepare(struct reactor *r, struct reactor_done *done)
{
	done->post.data = r;
	done->post.callback = xd_posted;
	return r != NULL ? reactor_post_start(r, &done->post) : 0;
}

/* With the lock. */
static int
xd_start(struct reactor *r, struct reactor_done *done)
{
	struct reactor_future *f = done->future;

	if (xd_get(done) != XD_IDLE) {
		errno = EBUSY;
		return -1;
	}
	if (xd_prepare(r, done) == -1)
		return -1;
	(void)reactor_future_retain(f);
	if (reactor__future_ended(f)) {
		xd_tell(f->pool, done);
		return 0;
	}
	xd_set(done, XD_LISTED);
	reactor__chain_append(&f->dones, &done->link);
	return 0;
}

int
reactor_done_start(struct reactor *r, struct reactor_done *done)
{
	struct reactor_future *f = done->future;
	int result;

	if (reactor__executor_ours(f->pool) == -1)
		return -1;
	(void)reactor_future_retain(f);
	reactor__executor_lock(f->pool);
	result = xd_start(r, done);
	reactor__executor_unlock(f->pool);
	reactor_future_detach(f);
	return result;
}

/* Is it being called by another thread? */
static int
xd_elsewhere(
    const struct reactor_executor *pool, const struct reactor_done *done)
{
	const struct reactor_link *link;
	const struct xd_call *call;

	for (link = pool->calls.next; link != &pool->calls; link = link->next) {
		call = (const struct xd_call *)(const void *)link;
		if (call->done == done &&
		    !pthread_equal(call->thread, pthread_self()))
			return 1;
	}
	return 0;
}

/* Takes it from the others; returns the state that it was in. */
static unsigned
xd_withdraw(struct reactor_executor *pool, struct reactor_done *done)
{
	unsigned state;

	reactor__executor_lock(pool);
	state = xd_get(done);
	if (state == XD_LISTED)
		reactor__chain_remove(&done->link);
	xd_set(done, XD_IDLE);
	while (xd_elsewhere(pool, done))
		(void)reactor__condition_wait(
		    &pool->called, &pool->lock, INT64_MAX);
	reactor__executor_unlock(pool);
	return state;
}

void
reactor_done_stop(struct reactor *r, struct reactor_done *done)
{
	struct reactor_future *f = done->future;

	/* One of a loop that is idle may have outlived its future. */
	if (f == NULL || (r != NULL && xd_get(done) == XD_IDLE))
		return;
	if (reactor__executor_ours(f->pool) == -1)
		xd_set(done, XD_IDLE); /* what it holds is the parent's */
	else if (xd_withdraw(f->pool, done) == XD_IDLE)
		return;
	else if (r == NULL)
		reactor_future_detach(f);
	if (r == NULL)
		return;
	reactor_post_stop(r, &done->post);
	reactor_future_detach(f);
}
