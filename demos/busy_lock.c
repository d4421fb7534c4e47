/*
 * SPDX-License-Identifier: ISC
 *
 * busy_lock.c: one lock for all that compute in a process, like the one of
 * Python's interpreter.  Who has it gives it up when another has waited for
 * some milliseconds.  All get it in turn, by number:
 *
 *   next: the number that who comes gets
 *   turn: the number that has the lock
 */
#include <pthread.h>
#include "demos/busy.h"
#include "demos/demo.h"

/* As sys.getswitchinterval() of Python. */
#define BK_INTERVAL (5 * REACTOR_MILLISECOND)

static struct {
	pthread_mutex_t mutex;
	pthread_cond_t turned;
	uint64_t next, turn;
	int64_t since; /* the holder has it, and another waits */
} bk = { .mutex = PTHREAD_MUTEX_INITIALIZER,
	.turned = PTHREAD_COND_INITIALIZER };

/* The mutex is held.  0: there is nothing to wait for. */
static int
bk_wait(void)
{
	uint64_t mine = bk.next++;
	int waits = mine != bk.turn;

	if (mine == bk.turn + 1)
		bk.since = demo_now();
	while (bk.turn != mine)
		(void)pthread_cond_wait(&bk.turned, &bk.mutex);
	bk.since = demo_now();
	return waits;
}

static void
bk_pass(void)
{
	bk.turn++;
	(void)pthread_cond_broadcast(&bk.turned);
}

void
busy_lock(struct busy_log *log)
{
	int waited;

	busy_log_add(log, TIMELINE_RUNNING, demo_now());
	(void)pthread_mutex_lock(&bk.mutex);
	waited = bk_wait();
	(void)pthread_mutex_unlock(&bk.mutex);
	if (waited)
		busy_log_add(log, TIMELINE_LOCK, demo_now());
}

void
busy_unlock(void)
{
	(void)pthread_mutex_lock(&bk.mutex);
	bk_pass();
	(void)pthread_mutex_unlock(&bk.mutex);
}

int
busy_lock_check(struct busy_log *log, int64_t now)
{
	int wanted;

	(void)pthread_mutex_lock(&bk.mutex);
	wanted = bk.next > bk.turn + 1 && now - bk.since >= BK_INTERVAL;
	if (wanted) {
		busy_log_add(log, TIMELINE_RUNNING, now);
		bk_pass();
		(void)bk_wait();
		busy_log_add(log, TIMELINE_LOCK, demo_now());
	}
	(void)pthread_mutex_unlock(&bk.mutex);
	return wanted;
}
