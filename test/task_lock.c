/*
 * SPDX-License-Identifier: ISC
 *
 * task_lock.c: mutexes, conditions, semaphores, events, barriers.
 *
 * TEST_SEED sets the random numbers of the last case, TEST_STEPS its length.
 */
#include "test/sync.h"

static struct task_mutex tl_mutex;
static struct task_condition tl_condition;
static struct task_semaphore tl_semaphore;
static struct task_event tl_event;
static struct task_barrier tl_barrier;

/* ---- What holds for all of them ------------------------------------------ */

static void
tl_unlock(void)
{
	CHECK(task_mutex_unlock(&tl_mutex) == 0);
}

static void
tl_mutex_shut(void)
{
	CHECK(task_mutex_try_lock(&tl_mutex) == 0);
}

static int
tl_mutex_wait(void)
{
	return task_mutex_lock(&tl_mutex);
}

static void
tl_mutex_give(int n)
{
	(void)n;
	tl_unlock();
}

static void
tl_mutex_open(void)
{
	if (tl_mutex.owner != NULL)
		tl_unlock();
}

static void
tl_mutex_nobody(void)
{
	CHECK(sy_empty(&tl_mutex.waiting));
}

static const struct sy_thing tl_mutex_thing = {
	.words = "waits for the mutex 0x",
	.shut = tl_mutex_shut,
	.wait = tl_mutex_wait,
	.after = tl_unlock,
	.give = tl_mutex_give,
	.chained = 1,
	.tasks_only = 1,
	.open = tl_mutex_open,
	.nobody = tl_mutex_nobody,
};

static void
tl_nothing(void)
{
}

/* Whatever it returns, the mutex is ours. */
static int
tl_condition_wait(void)
{
	int result, error;

	if (task_self() != NULL)
		CHECK(task_mutex_try_lock(&tl_mutex) == 0);
	result = task_condition_wait(&tl_condition, &tl_mutex);
	error = errno;
	if (task_self() != NULL) {
		CHECK(tl_mutex.owner == task_self());
		CHECK(task_mutex_unlock(&tl_mutex) == 0);
	}
	errno = error;
	return result;
}

static void
tl_condition_give(int n)
{
	while (n-- > 0)
		task_condition_signal(&tl_condition);
}

static void
tl_condition_nobody(void)
{
	CHECK(sy_empty(&tl_condition.waiting));
	CHECK(sy_empty(&tl_mutex.waiting));
	CHECK(tl_mutex.owner == NULL);
}

static const struct sy_thing tl_condition_thing = {
	.words = "waits for the condition 0x",
	.shut = tl_nothing,
	.wait = tl_condition_wait,
	.give = tl_condition_give,
	.nobody = tl_condition_nobody,
};

static void
tl_broadcast(int n)
{
	(void)n;
	task_condition_broadcast(&tl_condition);
}

static const struct sy_thing tl_broadcast_thing = {
	.words = "outside of the mutex 0x",
	.shut = tl_nothing,
	.wait = tl_condition_wait,
	.give = tl_broadcast,
	.nobody = tl_condition_nobody,
};

static int
tl_semaphore_wait(void)
{
	return task_semaphore_wait(&tl_semaphore);
}

static void
tl_semaphore_give(int n)
{
	while (n-- > 0)
		CHECK(task_semaphore_post(&tl_semaphore) == 0);
}

static void
tl_semaphore_open(void)
{
	CHECK(task_semaphore_post(&tl_semaphore) == 0);
}

static void
tl_semaphore_nobody(void)
{
	CHECK(sy_empty(&tl_semaphore.waiting));
}

static const struct sy_thing tl_semaphore_thing = {
	.words = "waits for the semaphore 0x",
	.shut = tl_nothing,
	.wait = tl_semaphore_wait,
	.give = tl_semaphore_give,
	.open = tl_semaphore_open,
	.nobody = tl_semaphore_nobody,
};

static void
tl_event_shut(void)
{
	task_event_clear(&tl_event);
}

static int
tl_event_wait(void)
{
	return task_event_wait(&tl_event);
}

/* Who waited has seen it. */
static void
tl_event_give(int n)
{
	(void)n;
	task_event_set(&tl_event);
	task_event_clear(&tl_event);
}

static void
tl_event_open(void)
{
	task_event_set(&tl_event);
}

static void
tl_event_nobody(void)
{
	CHECK(sy_empty(&tl_event.waiting));
}

static const struct sy_thing tl_event_thing = {
	.words = "waits for the event 0x",
	.shut = tl_event_shut,
	.wait = tl_event_wait,
	.give = tl_event_give,
	.open = tl_event_open,
	.nobody = tl_event_nobody,
};

static void
tl_barrier_shut(void)
{
	tl_barrier.parties = 100;
}

static int
tl_barrier_wait(void)
{
	return task_barrier_wait(&tl_barrier);
}

/* The last comes: to be done as others do it, it would take 100 tasks. */
static void
tl_barrier_give(int n)
{
	CHECK_INT(tl_barrier.arrived, n);
	tl_barrier.parties = (unsigned)n + 1;
	CHECK_INT(task_barrier_wait(&tl_barrier), 1);
}

static void
tl_barrier_open(void)
{
	tl_barrier.parties = 1;
}

static void
tl_barrier_nobody(void)
{
	CHECK(sy_empty(&tl_barrier.waiting));
	CHECK_INT(tl_barrier.arrived, 0);
}

static const struct sy_thing tl_barrier_thing = {
	.words = "of 100 are",
	.shut = tl_barrier_shut,
	.wait = tl_barrier_wait,
	.give = tl_barrier_give,
	.tasks_only = 1,
	.open = tl_barrier_open,
	.nobody = tl_barrier_nobody,
};

/* ---- Mutexes ------------------------------------------------------------- */

static void
tl_fails(int result, int error)
{
	CHECK_INT(result, -1);
	CHECK_INT(errno, error);
}

static intptr_t
tl_errors_of_another(void *argument)
{
	(void)argument;
	tl_fails(task_mutex_try_lock(&tl_mutex), EBUSY);
	tl_fails(task_mutex_unlock(&tl_mutex), EPERM);
	tl_fails(task_condition_wait(&tl_condition, &tl_mutex), EPERM);
	return 0;
}

static intptr_t
tl_errors(void *argument)
{
	struct task *t;

	(void)argument;
	tl_fails(task_mutex_unlock(&tl_mutex), EPERM);
	tl_fails(task_condition_wait(&tl_condition, &tl_mutex), EPERM);
	CHECK(task_mutex_lock(&tl_mutex) == 0);
	CHECK(tl_mutex.owner == task_self());
	tl_fails(task_mutex_lock(&tl_mutex), EDEADLK);
	tl_fails(task_mutex_try_lock(&tl_mutex), EBUSY);
	t = task_spawn(tl_errors_of_another, NULL);
	CHECK(task_await(t, NULL) == 0);
	task_detach(t);
	CHECK(task_mutex_unlock(&tl_mutex) == 0);
	CHECK(tl_mutex.owner == NULL);
	tl_fails(task_mutex_unlock(&tl_mutex), EPERM);
	return 0;
}

static void
errors(void)
{
	tl_fails(task_mutex_lock(&tl_mutex), EPERM);
	tl_fails(task_mutex_try_lock(&tl_mutex), EPERM);
	tl_fails(task_mutex_unlock(&tl_mutex), EPERM);
	tl_fails(task_condition_wait(&tl_condition, &tl_mutex), EPERM);
	task_condition_signal(&tl_condition);
	task_condition_broadcast(&tl_condition);
	sy_run(tl_errors);
}

static intptr_t
tl_locks(void *argument)
{
	CHECK(task_mutex_lock(&tl_mutex) == 0);
	loop_log(*(const char *)argument);
	CHECK(task_yield() == 0);
	loop_log(*(const char *)argument);
	CHECK(task_mutex_unlock(&tl_mutex) == 0);
	return 0;
}

/* From the unlock on the first who waited is the owner. */
static intptr_t
tl_hands_over(void *argument)
{
	struct task *t;

	(void)argument;
	CHECK(task_mutex_lock(&tl_mutex) == 0);
	t = task_spawn(tl_locks, "a");
	task_detach(task_spawn(tl_locks, "b"));
	sy_rest();
	CHECK(task_mutex_unlock(&tl_mutex) == 0);
	CHECK(tl_mutex.owner == t);
	tl_fails(task_mutex_try_lock(&tl_mutex), EBUSY);
	CHECK(task_mutex_lock(&tl_mutex) == 0);
	CHECK_STR(loop_said(), "aabb");
	CHECK(task_mutex_unlock(&tl_mutex) == 0);
	task_detach(t);
	return 0;
}

static void
hands_over(void)
{
	sy_run(tl_hands_over);
}

static void
tl_clean_up(void *argument)
{
	CHECK(task_mutex_unlock(argument) == 0);
}

static intptr_t
tl_is_cancelled(void *argument)
{
	(void)argument;
	CHECK(task_mutex_lock(&tl_mutex) == 0);
	CHECK(coro_cleanup_push(tl_clean_up, &tl_mutex) == 0);
	return task_sleep(1000 * REACTOR_SECOND);
}

static intptr_t
tl_cleans_up(void *argument)
{
	struct task *t = task_spawn(tl_is_cancelled, NULL);

	(void)argument;
	sy_rest();
	CHECK(tl_mutex.owner == t);
	CHECK(task_cancel(t) == 0);
	CHECK(task_mutex_lock(&tl_mutex) == 0);
	CHECK(task_mutex_unlock(&tl_mutex) == 0);
	task_detach(t);
	return 0;
}

static void
cleans_up(void)
{
	sy_run(tl_cleans_up);
}

/* ---- Owners -------------------------------------------------------------- */

static struct task_mutex tl_two[2];

static intptr_t
tl_crosses(int first)
{
	CHECK(task_mutex_lock(&tl_two[first]) == 0);
	CHECK(task_yield() == 0);
	return task_mutex_lock(&tl_two[1 - first]);
}

static intptr_t
tl_ada(void *argument)
{
	(void)argument;
	return tl_crosses(0);
}

static intptr_t
tl_bob(void *argument)
{
	(void)argument;
	return tl_crosses(1);
}

static intptr_t
tl_circle(void *argument)
{
	(void)argument;
	task_detach(task_spawn(tl_ada, NULL));
	task_detach(task_spawn(tl_bob, NULL));
	return task_event_wait(&tl_event);
}

static void
circle(void)
{
	sy_run_stuck(tl_circle);
	sy_said(", held by #3 \"tl_bob\", ");
	sy_said(", held by #2 \"tl_ada\", ");
	sy_said("a circle: #2 \"tl_ada\" -> #3 \"tl_bob\" -> #2 \"tl_ada\"");
}

static intptr_t
tl_forgets(void *argument)
{
	(void)argument;
	return task_mutex_lock(&tl_mutex);
}

/* Nobody takes its place, though its struct would be next. */
static intptr_t
tl_is_left_locked(void *argument)
{
	struct task *t = task_spawn(tl_forgets, NULL), *other;

	(void)argument;
	CHECK(task_await(t, NULL) == 0);
	task_detach(t);
	other = task_spawn(tl_errors_of_another, NULL);
	CHECK(other != t);
	CHECK(task_await(other, NULL) == 0);
	task_detach(other);
	tl_fails(task_mutex_try_lock(&tl_mutex), EBUSY);
	(void)task_mutex_lock(&tl_mutex);
	return 0;
}

static void
left_locked(void)
{
	sy_run_stuck(tl_is_left_locked);
	sy_said("left locked by #2 \"tl_forgets\", which has ended, ");
}

/* ---- Conditions ---------------------------------------------------------- */

static int tl_flag;

static intptr_t
tl_waits_locked(void *argument)
{
	int result;

	CHECK(task_mutex_lock(&tl_mutex) == 0);
	result = task_condition_wait(&tl_condition, &tl_mutex);
	CHECK(tl_mutex.owner == task_self());
	loop_log(result == 0 ? *(const char *)argument : '!');
	CHECK(task_mutex_unlock(&tl_mutex) == 0);
	return result;
}

/* Who is signalled is behind those who wait for the mutex, before all others. */
static intptr_t
tl_signals(void *argument)
{
	(void)argument;
	task_detach(task_spawn(tl_waits_locked, "a"));
	task_detach(task_spawn(tl_waits_locked, "b"));
	sy_rest();
	CHECK(task_mutex_lock(&tl_mutex) == 0);
	task_detach(task_spawn(tl_locks, "1"));
	sy_rest();
	task_condition_signal(&tl_condition);
	task_detach(task_spawn(tl_locks, "2"));
	sy_rest();
	task_condition_broadcast(&tl_condition);
	CHECK(task_mutex_unlock(&tl_mutex) == 0);
	sy_rest();
	CHECK_STR(loop_said(), "11a22b");
	return 0;
}

static void
signals(void)
{
	sy_run(tl_signals);
}

/* Signalled while the mutex is locked, then cancelled: it still counts. */
static intptr_t
tl_signalled_then_cancelled(void *argument)
{
	struct task *t = task_spawn(tl_waits_locked, "a");
	struct task_outcome outcome;

	(void)argument;
	task_detach(task_spawn(tl_waits_locked, "b"));
	sy_rest();
	CHECK(task_mutex_lock(&tl_mutex) == 0);
	task_condition_signal(&tl_condition);
	CHECK(task_cancel(t) == 0);
	sy_rest();
	task_peek(t, &outcome);
	CHECK_INT(outcome.state, TASK_PENDING);
	CHECK(task_mutex_unlock(&tl_mutex) == 0);
	CHECK(task_await(t, &outcome) == 0);
	CHECK_INT(outcome.state, TASK_DONE);
	task_detach(t);
	CHECK_STR(loop_said(), "a");
	task_condition_signal(&tl_condition);
	sy_rest();
	CHECK_STR(loop_said(), "b");
	return 0;
}

static void
signalled_then_cancelled(void)
{
	sy_run(tl_signalled_then_cancelled);
}

/* Cancelled while the mutex is locked: it waits for that all the same. */
static intptr_t
tl_cancelled_then_signalled(void *argument)
{
	struct task *t = task_spawn(tl_waits_locked, "a");
	struct task_outcome outcome;

	(void)argument;
	task_detach(task_spawn(tl_waits_locked, "b"));
	sy_rest();
	CHECK(task_mutex_lock(&tl_mutex) == 0);
	CHECK(task_cancel(t) == 0);
	task_condition_signal(&tl_condition); /* for b */
	sy_rest();
	task_peek(t, &outcome);
	CHECK_INT(outcome.state, TASK_PENDING);
	CHECK(task_mutex_unlock(&tl_mutex) == 0);
	CHECK(task_await(t, &outcome) == 0);
	CHECK_INT(outcome.state, TASK_CANCELLED);
	task_detach(t);
	sy_rest();
	CHECK_STR(loop_said(), "b!");
	return 0;
}

static void
cancelled_then_signalled(void)
{
	sy_run(tl_cancelled_then_signalled);
}

/* It is cancelled before: nobody gets the mutex. */
static intptr_t
tl_never_unlocks(void *argument)
{
	struct task_scope scope;

	(void)argument;
	CHECK(task_mutex_lock(&tl_mutex) == 0);
	task_detach(task_spawn(tl_locks, "x"));
	sy_rest();
	CHECK(task_scope_enter(&scope, 0) == 0);
	task_scope_cancel(&scope);
	tl_fails(task_condition_wait(&tl_condition, &tl_mutex), ECANCELED);
	CHECK(tl_mutex.owner == task_self());
	tl_fails(task_scope_leave(&scope), ECANCELED);
	CHECK_STR(loop_said(), "");
	CHECK(task_mutex_unlock(&tl_mutex) == 0);
	sy_rest();
	CHECK_STR(loop_said(), "xx");
	return 0;
}

static void
never_unlocks(void)
{
	sy_run(tl_never_unlocks);
}

static intptr_t
tl_sets_flag(void *argument)
{
	(void)argument;
	tl_flag = 1;
	task_condition_signal(&tl_condition);
	return 0;
}

/* Nobody comes between the look at the flag and the wait, not even after k. */
static intptr_t
tl_no_gap(void *argument)
{
	struct task_event set = { .set = 1 };
	int k, i;

	(void)argument;
	for (k = 0; k < 300; k++) {
		CHECK(task_mutex_lock(&tl_mutex) == 0);
		tl_flag = 0;
		for (i = 0; i < k; i++)
			CHECK(task_event_wait(&set) == 0);
		task_detach(task_spawn(tl_sets_flag, NULL));
		while (!tl_flag)
			CHECK(
			    task_condition_wait(&tl_condition, &tl_mutex) == 0);
		CHECK(task_mutex_unlock(&tl_mutex) == 0);
	}
	return 0;
}

static void
no_gap(void)
{
	sy_run(tl_no_gap);
}

/* ---- Semaphores, events -------------------------------------------------- */

static intptr_t
tl_posts(void *argument)
{
	struct sy_worker w[2];

	(void)argument;
	tl_semaphore.value = 0;
	sy_start(w, "ab", -1);
	CHECK(task_semaphore_post(&tl_semaphore) == 0);
	CHECK_INT(tl_semaphore.value, 0); /* it is a's */
	tl_fails(task_semaphore_try_wait(&tl_semaphore), EAGAIN);
	CHECK(task_semaphore_post(&tl_semaphore) == 0);
	CHECK(task_semaphore_post(&tl_semaphore) == 0);
	CHECK_INT(tl_semaphore.value, 1);
	CHECK(task_semaphore_wait(&tl_semaphore) == 0); /* without a wait */
	CHECK_STR(loop_said(), "");
	sy_end(w, 2);
	CHECK_STR(loop_said(), "ab");
	return 0;
}

static void
posts(void)
{
	struct task_semaphore s = { .value = 2 };

	CHECK(task_semaphore_try_wait(&s) == 0);
	CHECK(task_semaphore_try_wait(&s) == 0);
	tl_fails(task_semaphore_try_wait(&s), EAGAIN);
	CHECK(task_semaphore_post(&s) == 0);
	CHECK_INT(s.value, 1);
	s.value = SIZE_MAX;
	tl_fails(task_semaphore_post(&s), EOVERFLOW);
	CHECK(s.value == SIZE_MAX);
	sy_run(tl_posts);
}

static intptr_t
tl_happens(void *argument)
{
	struct sy_worker w[3];

	(void)argument;
	task_event_clear(&tl_event);
	sy_start(w, "ab", -1);
	task_event_set(&tl_event);
	task_event_clear(&tl_event);
	w[2] = w[0];
	w[2].letter = 'c';
	w[2].task = task_spawn(sy_work, &w[2]);
	sy_rest();
	CHECK_STR(loop_said(), "ab"); /* c came too late */
	task_event_set(&tl_event);
	sy_rest();
	CHECK_STR(loop_said(), "c");
	CHECK(task_event_wait(&tl_event) == 0);
	sy_end(w, 3);
	return 0;
}

static void
happens(void)
{
	task_event_set(&tl_event);
	CHECK(tl_event.set);
	task_event_clear(&tl_event);
	CHECK(!tl_event.set);
	sy_run(tl_happens);
}

/* ---- Barriers ------------------------------------------------------------ */

enum { TL_PARTIES = 5, TL_GENERATIONS = 20 };

static int tl_came[TL_GENERATIONS], tl_last[TL_GENERATIONS];

static intptr_t
tl_meets(void *argument)
{
	int g, i, result;

	(void)argument;
	for (g = 0; g < TL_GENERATIONS; g++) {
		for (i = (int)sy_draw(4); i > 0; i--)
			CHECK(task_yield() == 0);
		tl_came[g]++;
		result = task_barrier_wait(&tl_barrier);
		CHECK_INT(tl_came[g], TL_PARTIES);
		CHECK(result == 0 || result == 1);
		tl_last[g] += result;
	}
	return 0;
}

static intptr_t
tl_generations(void *argument)
{
	struct task_group group;
	int i;

	(void)argument;
	tl_fails(task_barrier_wait(&tl_barrier), EINVAL);
	tl_barrier.parties = 1;
	CHECK_INT(task_barrier_wait(&tl_barrier), 1);
	CHECK_INT(task_barrier_wait(&tl_barrier), 1);
	tl_barrier.parties = TL_PARTIES;
	CHECK(task_group_enter(&group, TASK_FAIL_FAST) == 0);
	for (i = 0; i < TL_PARTIES; i++)
		task_detach(task_group_spawn(&group, tl_meets, NULL));
	CHECK(task_group_leave(&group, NULL, 0) == 0);
	for (i = 0; i < TL_GENERATIONS; i++)
		CHECK_INT(tl_last[i], 1);
	tl_barrier_nobody();
	return 0;
}

static void
generations(void)
{
	sy_sow();
	sy_run(tl_generations);
}

/* ---- At random ----------------------------------------------------------- */

enum { TL_TASKS = 12, TL_PLACES = 2 };

static struct tl_model {
	struct task_scope scope[TL_TASKS];
	struct task_mutex mutex, store;
	struct task_condition condition;
	struct task_semaphore semaphore;
	struct task_event event;
	struct task_barrier barrier;
	int inside, placed, goods, made, taken;
	int steps, running, met, last;
	int count[6][2]; /* of each operation, failed and done */
} tl;

static void
tl_wander(void)
{
	struct task_scope shield;
	unsigned i;

	SY(task_scope_shield(&shield, -1) == 0);
	for (i = sy_draw(3); i > 0; i--)
		SY(task_yield() == 0);
	SY(task_scope_leave(&shield) == 0);
}

static int
tl_random_mutex(void)
{
	if (task_mutex_lock(&tl.mutex) == -1)
		return -1;
	SY(tl.inside++ == 0);
	tl_wander();
	SY(--tl.inside == 0);
	SY(task_mutex_unlock(&tl.mutex) == 0);
	return 0;
}

static int
tl_random_semaphore(void)
{
	if (task_semaphore_wait(&tl.semaphore) == -1)
		return -1;
	SY(tl.placed++ < TL_PLACES);
	tl_wander();
	tl.placed--;
	SY(task_semaphore_post(&tl.semaphore) == 0);
	return 0;
}

static int
tl_random_make(void)
{
	if (task_mutex_lock(&tl.store) == -1)
		return -1;
	tl.goods++;
	tl.made++;
	if (sy_draw(2))
		tl_wander();
	if (sy_draw(8))
		task_condition_signal(&tl.condition);
	else
		task_condition_broadcast(&tl.condition);
	SY(task_mutex_unlock(&tl.store) == 0);
	return 0;
}

static int
tl_random_take(void)
{
	int result = 0;

	if (task_mutex_lock(&tl.store) == -1)
		return -1;
	while (tl.goods == 0 && result == 0) {
		result = task_condition_wait(&tl.condition, &tl.store);
		SY(tl.store.owner == task_self());
	}
	if (result == 0) {
		tl.goods--;
		tl.taken++;
	}
	SY(task_mutex_unlock(&tl.store) == 0);
	return result;
}

static int
tl_random_event(void)
{
	if (sy_draw(3) == 0) {
		task_event_set(&tl.event);
		task_event_clear(&tl.event);
		return 0;
	}
	return task_event_wait(&tl.event);
}

static int
tl_random_barrier(void)
{
	int result = task_barrier_wait(&tl.barrier);

	if (result != -1)
		tl.met++;
	if (result == 1)
		tl.last++;
	return result;
}

static int (*const tl_operations[])(void) = { tl_random_mutex,
	tl_random_semaphore, tl_random_make, tl_random_take, tl_random_event,
	tl_random_barrier };

/* What enters a scope may find it cancelled by the one who goes around. */
static intptr_t
tl_random_task(void *argument)
{
	struct task_scope *scope = argument;
	unsigned which;
	int result;

	while (tl.steps-- > 0) {
		which = sy_draw(6);
		SY(task_scope_enter(scope, -1) == 0);
		errno = 0;
		result = tl_operations[which]();
		SY(result != -1 || errno == ECANCELED);
		tl.count[which][result != -1]++;
		(void)task_scope_leave(scope);
	}
	tl.running--;
	return 0;
}

/* Some are stuck sooner or later, so somebody has to. */
static void
tl_random_cancel(void)
{
	while (tl.running > 0) {
		task_scope_cancel(&tl.scope[sy_draw(TL_TASKS)]);
		SY(task_yield() == 0);
	}
}

static intptr_t
tl_random(void *argument)
{
	struct task_group group;
	int i;

	(void)argument;
	tl.steps = sy_steps(100000);
	tl.running = TL_TASKS;
	tl.semaphore.value = TL_PLACES;
	tl.barrier.parties = 3;
	SY(task_group_enter(&group, TASK_FAIL_FAST) == 0);
	for (i = 0; i < TL_TASKS; i++)
		task_detach(
		    task_group_spawn(&group, tl_random_task, &tl.scope[i]));
	tl_random_cancel();
	SY(task_group_leave(&group, NULL, 0) == 0);
	SY(tl.mutex.owner == NULL && sy_empty(&tl.mutex.waiting));
	SY(tl.store.owner == NULL && sy_empty(&tl.store.waiting));
	SY(sy_empty(&tl.condition.waiting) && sy_empty(&tl.event.waiting));
	SY(sy_empty(&tl.semaphore.waiting) && sy_empty(&tl.barrier.waiting));
	SY(tl.semaphore.value == TL_PLACES);
	SY(tl.barrier.arrived == 0 && tl.met == 3 * tl.last);
	SY(tl.goods == tl.made - tl.taken);
	for (i = 0; i < 6 && sy_steps(100000) >= 100000; i++)
		SY(tl.count[i][0] > 20 && tl.count[i][1] > 20);
	return 0;
}

static void
at_random(void)
{
	sy_sow();
	sy_run(tl_random);
}

static const struct test tests[] = {
	SY_THING("mutex", &tl_mutex_thing),
	SY_THING("condition, signal", &tl_condition_thing),
	SY_THING("condition, broadcast", &tl_broadcast_thing),
	SY_THING("semaphore", &tl_semaphore_thing),
	SY_THING("event", &tl_event_thing),
	SY_THING("barrier", &tl_barrier_thing),
	TEST("mutex: errors", errors),
	TEST("mutex: handed over, not put down", hands_over),
	TEST("mutex: unlocked by a clean-up", cleans_up),
	TEST("mutex: a circle of two is found", circle),
	TEST("mutex: its owner ends, and it stays locked", left_locked),
	TEST("condition: the order of signals and locks", signals),
	TEST("condition: signalled, then cancelled", signalled_then_cancelled),
	TEST("condition: cancelled, then signalled", cancelled_then_signalled),
	TEST("condition: cancelled before, it never unlocks", never_unlocks),
	TEST("condition: a signal without the mutex is not lost", no_gap),
	{ "semaphore: values", posts, 0, &tl_semaphore_thing },
	{ "event: set and cleared", happens, 0, &tl_event_thing },
	TEST("barrier: generations", generations),
	TEST("random calls, cancelled at random", at_random),
};

TEST_MAIN(tests)
