/*
 * SPDX-License-Identifier: ISC
 *
 * task_scope.c: scopes and groups: who is cancelled when, and whose time-out it
 * was.
 */
#include <limits.h>
#include "coro/annotate.h"
#include "test/tasks.h"

#define NEVER (60000 * LOOP_MS)

/* Are there calls of a checker's everywhere? */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define CHECKED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define CHECKED 1
#endif
#endif
#ifndef CHECKED
#define CHECKED 0
#endif

#define CANCELED(call)                       \
	do {                                 \
		CHECK_INT(call, -1);         \
		CHECK_INT(errno, ECANCELED); \
	} while (0)
#define LEFT(scope, error)                              \
	do {                                            \
		CHECK_INT(task_scope_leave(scope), -1); \
		CHECK_INT(errno, error);                \
	} while (0)

/* ---- One scope ----------------------------------------------------------- */

static void
plain(void)
{
	struct task_scope s;
	int i;

	for (i = 0; i < 3; i++) {
		CHECK_INT(task_scope_enter(&s, i == 0 ? -1 : NEVER), 0);
		CHECK_INT(task_sleep(1), 0);
		CHECK_INT(task_scope_cancelled(&s), 0);
		errno = ERANGE;
		CHECK_INT(task_scope_leave(&s), 0);
		CHECK_INT(errno, ERANGE);
	}
}

/* Every call fails, again and again, until it is left. */
static void
level(void)
{
	int64_t began = test_clock();
	struct task_scope s;
	int i;

	CHECK_INT(task_scope_enter(&s, 3 * LOOP_MS), 0);
	CANCELED(task_sleep(NEVER));
	CHECK(test_clock() - began >= 3 * LOOP_MS);
	for (i = 0; i < 300; i++) {
		CHECK_INT(task_cancelled(), 1);
		CANCELED(task_sleep(0));
		CANCELED(task_yield());
		CANCELED(task_await(task_self(), NULL));
	}
	CHECK_INT(task_scope_cancelled(&s), 1);
	LEFT(&s, ETIMEDOUT);
	CHECK_INT(task_cancelled(), 0);
	CHECK_INT(task_sleep(0), 0);
}

static void
by_hand(void)
{
	struct task_scope s;

	CHECK_INT(task_scope_enter(&s, NEVER), 0);
	task_scope_cancel(&s);
	task_scope_cancel(&s);
	CANCELED(task_sleep(1));
	LEFT(&s, ECANCELED);
	/* It is over: nothing happens. */
	task_scope_cancel(&s);
	CHECK_INT(task_cancelled(), 0);
	CHECK_INT(task_yield(), 0);
}

/* Nobody was told: so nothing has failed because of it. */
static void
untold(void)
{
	struct task_scope s;

	CHECK_INT(task_scope_enter(&s, -1), 0);
	task_scope_cancel(&s);
	CHECK_INT(task_cancelled(), 1);
	CHECK_INT(task_scope_leave(&s), 0);
	CHECK_INT(task_scope_enter(&s, 1), 0);
	while (!task_scope_cancelled(&s)) {
		struct task_scope shield;

		CHECK_INT(task_scope_shield(&shield, -1), 0);
		CHECK_INT(task_sleep(LOOP_MS), 0);
		CHECK_INT(task_scope_leave(&shield), 0);
	}
	CHECK_INT(task_scope_leave(&s), 0);
}

static void
no_time(void)
{
	struct task_scope s;

	/* It is over at the next look at the loop, not before. */
	CHECK_INT(task_scope_enter(&s, 0), 0);
	CHECK_INT(task_cancelled(), 0);
	CANCELED(task_sleep(NEVER));
	LEFT(&s, ETIMEDOUT);
	CHECK_INT(task_scope_enter_at(&s, 1), 0);
	CANCELED(task_sleep(NEVER));
	LEFT(&s, ETIMEDOUT);
	CHECK_INT(task_scope_enter_at(&s, INT64_MIN), 0);
	CANCELED(task_sleep(NEVER));
	LEFT(&s, ETIMEDOUT);
}

/* By hand first, then the time is over as well: who was first? */
static void
both_ways(void)
{
	struct task_scope s;

	CHECK_INT(task_scope_enter(&s, LOOP_MS), 0);
	task_scope_cancel(&s);
	loop_sleep(2 * LOOP_MS);
	CANCELED(task_sleep(1));
	LEFT(&s, ECANCELED);
}

/* ---- Deadlines ----------------------------------------------------------- */

static void
absolute(void)
{
	int64_t deadline = task_now() + 3 * LOOP_MS;
	struct task_scope s;

	CHECK_INT(task_scope_enter_at(&s, deadline), 0);
	CHECK_INT(task_deadline(), deadline);
	CANCELED(task_sleep(NEVER));
	CHECK(task_now() >= deadline);
	LEFT(&s, ETIMEDOUT);
	CHECK_INT(task_deadline(), INT64_MAX);
	CHECK_INT(task_scope_enter_at(&s, INT64_MAX), 0);
	CHECK_INT(task_deadline(), INT64_MAX);
	CHECK_INT(task_sleep(1), 0);
	CHECK_INT(task_scope_leave(&s), 0);
}

static void
moved(void)
{
	struct task_scope s;
	int64_t deadline;

	CHECK_INT(task_scope_enter(&s, -1), 0);
	deadline = task_now() + 2 * LOOP_MS;
	CHECK_INT(task_scope_move(&s, deadline), 0);
	CHECK_INT(task_deadline(), deadline);
	CANCELED(task_sleep(NEVER));
	CHECK(task_now() >= deadline);
	/* Too late. */
	CHECK_INT(task_scope_move(&s, INT64_MAX), 0);
	CANCELED(task_sleep(1));
	LEFT(&s, ETIMEDOUT);
	CHECK_INT(task_scope_move(&s, INT64_MAX), -1);
	CHECK_INT(errno, EINVAL);
	/* Away, and back again. */
	CHECK_INT(task_scope_enter(&s, 10 * LOOP_MS), 0);
	CHECK_INT(task_scope_move(&s, INT64_MAX), 0);
	CHECK_INT(task_deadline(), INT64_MAX);
	CHECK_INT(task_sleep(20 * LOOP_MS), 0);
	CHECK_INT(task_scope_move(&s, task_now() + NEVER), 0);
	CHECK_INT(task_sleep(LOOP_MS), 0);
	CHECK_INT(task_scope_move(&s, 0), 0);
	CANCELED(task_sleep(NEVER));
	LEFT(&s, ETIMEDOUT);
}

/* Somebody else moves it, while we wait. */
static struct task_scope shared;

static void
moves(struct reactor *r, struct reactor_timer *timer)
{
	(void)r;
	(void)timer;
	CHECK_INT(task_scope_move(&shared, reactor_now(r) + LOOP_MS), 0);
}

static void
moved_by_others(void)
{
	struct reactor_timer timer = { .callback = moves };

	CHECK_INT(task_scope_enter(&shared, NEVER), 0);
	CHECK_INT(reactor_timer_start(task_reactor(), &timer, LOOP_MS), 0);
	CANCELED(task_sleep(NEVER));
	LEFT(&shared, ETIMEDOUT);
}

/* The earliest counts, as far as no shield is between. */
static void
deadlines(void)
{
	struct task_scope a, b, c, d;
	int64_t now = task_now();

	CHECK_INT(task_deadline(), INT64_MAX);
	CHECK_INT(task_scope_enter_at(&a, now + NEVER), 0);
	CHECK_INT(task_scope_enter_at(&b, now + 2 * NEVER), 0);
	CHECK_INT(task_deadline(), now + NEVER);
	CHECK_INT(task_scope_shield(&c, -1), 0);
	CHECK_INT(task_deadline(), INT64_MAX);
	CHECK_INT(task_scope_enter_at(&d, now + 3 * NEVER), 0);
	CHECK_INT(task_deadline(), now + 3 * NEVER);
	CHECK_INT(task_scope_leave(&d), 0);
	CHECK_INT(task_scope_leave(&c), 0);
	CHECK_INT(task_scope_leave(&b), 0);
	CHECK_INT(task_deadline(), now + NEVER);
	CHECK_INT(task_scope_leave(&a), 0);
}

static intptr_t
asks_deadline(void *deadline)
{
	CHECK_INT(task_deadline(), *(int64_t *)deadline);
	return 0;
}

/* Also that of a scope around the group in which a task lives. */
static void
deadline_of_group(void)
{
	int64_t deadline = task_now() + NEVER, none = INT64_MAX;
	struct task_group group;
	struct task_scope s;

	CHECK_INT(task_scope_enter_at(&s, deadline), 0);
	CHECK_INT(task_group_enter(&group, TASK_FAIL_FAST), 0);
	CHECK_INT(task_deadline(), deadline);
	task_detach(task_group_spawn(&group, asks_deadline, &deadline));
	CHECK_INT(tasks_end(task_spawn(asks_deadline, &none)).state, TASK_DONE);
	CHECK_INT(task_group_leave(&group, NULL, 0), 0);
	CHECK_INT(task_scope_leave(&s), 0);
}

/* ---- One in another ------------------------------------------------------ */

static void
inner_first(void)
{
	struct task_scope outer, inner;

	CHECK_INT(task_scope_enter(&outer, NEVER), 0);
	CHECK_INT(task_scope_enter(&inner, LOOP_MS), 0);
	CANCELED(task_sleep(NEVER));
	LEFT(&inner, ETIMEDOUT);
	CHECK_INT(task_sleep(1), 0);
	CHECK_INT(task_scope_leave(&outer), 0);
}

static void
outer_first(void)
{
	struct task_scope outer, inner;

	CHECK_INT(task_scope_enter(&outer, LOOP_MS), 0);
	CHECK_INT(task_scope_enter(&inner, NEVER), 0);
	CANCELED(task_sleep(NEVER));
	CHECK_INT(task_scope_cancelled(&inner), 0);
	CHECK_INT(task_cancelled(), 1);
	/* Not this one: and errno is kept, to be passed on. */
	CHECK_INT(task_scope_leave(&inner), 0);
	CHECK_INT(errno, ECANCELED);
	CANCELED(task_sleep(1));
	LEFT(&outer, ETIMEDOUT);
}

/* Both are over: it is the outer one that counts. */
static void
both(void)
{
	struct task_scope outer, inner;
	int first;

	for (first = 0; first < 2; first++) {
		CHECK_INT(task_scope_enter(&outer, NEVER), 0);
		CHECK_INT(task_scope_enter(&inner, NEVER), 0);
		task_scope_cancel(first == 0 ? &outer : &inner);
		task_scope_cancel(first == 0 ? &inner : &outer);
		CANCELED(task_sleep(NEVER));
		CHECK_INT(task_scope_leave(&inner), 0);
		LEFT(&outer, ECANCELED);
	}
	CHECK_INT(task_scope_enter(&outer, LOOP_MS), 0);
	CHECK_INT(task_scope_enter(&inner, LOOP_MS), 0);
	loop_sleep(3 * LOOP_MS);
	CANCELED(task_sleep(NEVER));
	if (!task_scope_cancelled(&inner) || !task_scope_cancelled(&outer))
		CANCELED(task_sleep(NEVER));
	CHECK_INT(task_scope_leave(&inner), 0);
	LEFT(&outer, ETIMEDOUT);
}

/*
 * A call failed because of the inner one; then, before that is left, the outer
 * one is cancelled.  Somebody has to answer for the failure.
 */
static void
handed_outward(void)
{
	struct task_scope outer, inner;

	CHECK_INT(task_scope_enter(&outer, NEVER), 0);
	CHECK_INT(task_scope_enter(&inner, LOOP_MS), 0);
	CANCELED(task_sleep(NEVER));
	task_scope_cancel(&outer);
	CHECK_INT(task_scope_leave(&inner), 0);
	LEFT(&outer, ECANCELED);
}

/* Only the outer scope is left by a call that fails in between. */
static void
between(void)
{
	struct task_scope outer, inner;

	CHECK_INT(task_scope_enter(&outer, LOOP_MS), 0);
	CANCELED(task_sleep(NEVER));
	CHECK_INT(task_scope_enter(&inner, 0), 0);
	CHECK_INT(task_cancelled(), 1);
	CANCELED(task_sleep(NEVER));
	CHECK_INT(task_scope_leave(&inner), 0);
	LEFT(&outer, ETIMEDOUT);
}

static void
wrong_order(void)
{
	struct task_scope outer, inner;

	CHECK_INT(task_scope_enter(&outer, NEVER), 0);
	CHECK_INT(task_scope_enter(&inner, NEVER), 0);
	LEFT(&outer, EINVAL);
	CHECK_INT(task_scope_leave(&inner), 0);
	LEFT(&inner, EINVAL);
	CHECK_INT(task_scope_leave(&outer), 0);
	LEFT(&outer, EINVAL);
}

static intptr_t
leaves_shared(void *unused)
{
	(void)unused;
	LEFT(&shared, EINVAL);
	return 0;
}

static void
wrong_task(void)
{
	CHECK_INT(task_scope_enter(&shared, NEVER), 0);
	CHECK_INT(tasks_end(tasks_spawn(leaves_shared, 0)).state, TASK_DONE);
	CHECK_INT(task_scope_leave(&shared), 0);
}

enum { DEEP = 1000 };

static void
deep(void)
{
	static struct task_scope scopes[DEEP];
	int i, round;

	for (round = 0; round < 3; round++) {
		for (i = 0; i < DEEP; i++)
			CHECK_INT(task_scope_enter(&scopes[i], NEVER + i), 0);
		task_scope_cancel(&scopes[DEEP / 2 * (round % 2)]);
		if (round == 2)
			CHECK_INT(task_scope_move(&scopes[DEEP / 2], 0), 0);
		CANCELED(task_sleep(NEVER));
		for (i = DEEP; i-- > DEEP / 2 * (round % 2) + 1;)
			CHECK_INT(task_scope_leave(&scopes[i]), 0);
		LEFT(&scopes[i], ECANCELED);
		while (i-- > 0)
			CHECK_INT(task_scope_leave(&scopes[i]), 0);
	}
	CHECK_INT(task_sleep(1), 0);
}

/* ---- Shields ------------------------------------------------------------- */

static void
shield(void)
{
	struct task_scope s, cleanup, inside;

	CHECK_INT(task_scope_enter(&s, LOOP_MS), 0);
	CANCELED(task_sleep(NEVER));
	/* Without a shield the clean-up cannot wait. */
	CANCELED(task_sleep(1));
	CHECK_INT(task_scope_shield(&cleanup, NEVER), 0);
	CHECK_INT(task_cancelled(), 0);
	CHECK_INT(task_sleep(LOOP_MS), 0);
	CHECK_INT(task_scope_enter(&inside, NEVER), 0);
	CHECK_INT(task_sleep(LOOP_MS), 0);
	CHECK_INT(task_scope_leave(&inside), 0);
	CHECK_INT(task_scope_leave(&cleanup), 0);
	CHECK_INT(task_cancelled(), 1);
	CANCELED(task_sleep(1));
	LEFT(&s, ETIMEDOUT);
}

/* Its own time-out counts. */
static void
shield_grace(void)
{
	struct task_scope s, cleanup;

	CHECK_INT(task_scope_enter(&s, -1), 0);
	task_scope_cancel(&s);
	CHECK_INT(task_scope_shield(&cleanup, LOOP_MS), 0);
	CANCELED(task_sleep(NEVER));
	CANCELED(task_yield());
	LEFT(&cleanup, ETIMEDOUT);
	/* What is outside was not told, in there. */
	CHECK_INT(task_scope_leave(&s), 0);
	CHECK_INT(task_scope_shield(&cleanup, -1), 0);
	task_scope_cancel(&cleanup);
	CANCELED(task_sleep(NEVER));
	LEFT(&cleanup, ECANCELED);
}

/* Cancelled from outside while it is shielded: it goes on, and hears later. */
static intptr_t
is_shielded(void *unused)
{
	struct task_scope s;

	(void)unused;
	CHECK_INT(task_scope_shield(&s, NEVER), 0);
	CHECK_INT(task_sleep(10 * LOOP_MS), 0);
	CHECK_INT(task_cancelled(), 0);
	CHECK_INT(task_scope_leave(&s), 0);
	CHECK_INT(task_cancelled(), 1);
	CANCELED(task_yield());
	return -1;
}

static void
shield_holds(void)
{
	struct task *t = tasks_spawn(is_shielded, 0);

	tasks_turn();
	CHECK_INT(task_cancel(t), 0);
	CHECK_INT(tasks_end(t).state, TASK_CANCELLED);
}

/* A shield in a shield, and a group in it. */
static void
shield_group(void)
{
	struct task_scope s, cleanup;
	struct task_group group;

	CHECK_INT(task_scope_enter(&s, -1), 0);
	task_scope_cancel(&s);
	CHECK_INT(task_group_enter(&group, TASK_FAIL_FAST), 0);
	CHECK(task_group_spawn(&group, tasks_returns, NULL) == NULL);
	CHECK_INT(errno, ESHUTDOWN);
	CHECK_INT(task_group_leave(&group, NULL, 0), 0);
	CHECK_INT(task_scope_shield(&cleanup, NEVER), 0);
	CHECK_INT(task_group_enter(&group, TASK_FAIL_FAST), 0);
	task_detach(task_group_spawn(&group, tasks_sleeps, TASKS_NUMBER(2)));
	CHECK_INT(task_group_leave(&group, NULL, 0), 0);
	CHECK_INT(group.succeeded, 1);
	CHECK_INT(task_scope_leave(&cleanup), 0);
	CANCELED(task_sleep(1));
	LEFT(&s, ECANCELED);
}

/* ---- Who cancels --------------------------------------------------------- */

static void
timer_cancels(struct reactor *r, struct reactor_timer *timer)
{
	(void)r;
	(void)timer;
	task_scope_cancel(&shared);
	task_scope_cancel(&shared);
}

static void
from_callback(void)
{
	struct reactor_timer timer = { .callback = timer_cancels };

	CHECK_INT(task_scope_enter(&shared, -1), 0);
	CHECK_INT(reactor_timer_start(task_reactor(), &timer, LOOP_MS), 0);
	CANCELED(task_sleep(NEVER));
	LEFT(&shared, ECANCELED);
}

static intptr_t
cancels_shared(void *unused)
{
	(void)unused;
	task_scope_cancel(&shared);
	return 0;
}

static void
from_task(void)
{
	CHECK_INT(task_scope_enter(&shared, -1), 0);
	task_detach(tasks_spawn(cancels_shared, 0));
	CANCELED(task_sleep(NEVER));
	LEFT(&shared, ECANCELED);
}

/* The wait was over before: it counts. */
static intptr_t
ends_and_cancels(void *unused)
{
	(void)unused;
	task_scope_cancel(&shared);
	return 7;
}

static intptr_t
awaits_first(void *t)
{
	CHECK_INT(task_await(t, NULL), 0);
	task_scope_cancel(&shared);
	return 0;
}

static void
result_wins(void)
{
	struct task *t = tasks_spawn(tasks_sleeps, 5);
	struct task_outcome outcome;
	struct task *first = task_spawn(awaits_first, t);

	tasks_turn();
	/* It is woken, then the scope is cancelled, then it runs. */
	CHECK_INT(task_scope_enter(&shared, -1), 0);
	CHECK_INT(task_await(t, &outcome), 0);
	CHECK_INT(outcome.result, 5);
	CHECK_INT(task_cancelled(), 1);
	CHECK_INT(task_scope_leave(&shared), 0);
	task_detach(t);
	CHECK_INT(tasks_end(first).state, TASK_DONE);
	/* And now the other way round. */
	t = tasks_spawn(ends_and_cancels, 0);
	CHECK_INT(task_scope_enter(&shared, -1), 0);
	CANCELED(task_await(t, &outcome));
	LEFT(&shared, ECANCELED);
	CHECK_INT(tasks_end(t).result, 7);
}

/* ---- Groups -------------------------------------------------------------- */

static void
group_cancel(void)
{
	struct task_failure failure;
	struct task_group group;
	int i;

	CHECK_INT(task_group_enter(&group, TASK_FAIL_FAST), 0);
	for (i = 0; i < 10; i++)
		task_detach(task_group_spawn(&group,
		    i % 2 ? tasks_waits : tasks_lingers, TASKS_NUMBER(-1)));
	tasks_turn();
	CHECK_INT(group.running, 10);
	task_group_cancel(&group);
	task_group_cancel(&group);
	CHECK_INT(task_cancelled(), 1);
	CHECK(task_group_spawn(&group, tasks_waits, NULL) == NULL);
	CHECK_INT(errno, ESHUTDOWN);
	CHECK_INT(task_group_leave(&group, &failure, 1), -1);
	CHECK_INT(errno, ECANCELED);
	CHECK_INT(group.cancelled, 10);
	CHECK_INT(group.running, 0);
	CHECK_INT(group.failed, 0);
	CHECK_INT(task_cancelled(), 0);
	CHECK(task_group_spawn(&group, tasks_waits, NULL) == NULL);
	CHECK_INT(errno, ESHUTDOWN);
}

/* Only what is in the group is cancelled: also what its tasks wait for. */
static intptr_t
group_in_group(void *depth)
{
	intptr_t left = (intptr_t)depth;
	struct task_group group;
	struct task_scope s;

	if (left == 0)
		return task_sleep(NEVER);
	CHECK_INT(task_scope_enter(&s, NEVER), 0);
	CHECK_INT(task_group_enter(&group, TASK_COLLECT), 0);
	task_detach(
	    task_group_spawn(&group, group_in_group, TASKS_NUMBER(left - 1)));
	task_detach(
	    task_group_spawn(&group, group_in_group, TASKS_NUMBER(left - 1)));
	CANCELED(task_group_leave(&group, NULL, 0));
	CHECK_INT(group.cancelled, 2);
	CHECK_INT(task_scope_leave(&s), 0);
	return -1;
}

static void
group_tree(void)
{
	struct task *a = tasks_spawn(group_in_group, 6);
	struct task *b = tasks_spawn(group_in_group, 6);
	struct task_statistics stats;

	do {
		CHECK_INT(task_sleep(LOOP_MS), 0);
		task_stats(&stats);
	} while (stats.tasks < 1 + 2 * 127);
	tasks_stop(a);
	task_stats(&stats);
	CHECK_INT(stats.tasks, 1 + 127);
	tasks_stop(b);
	task_stats(&stats);
	CHECK_INT(stats.tasks, 1);
}

/* Tasks of the group, and others, and callbacks, spawn into it. */
static struct task_group group_shared;

static intptr_t
spawns_more(void *left)
{
	struct task *t;

	if ((intptr_t)left == 0)
		return 0;
	t = task_group_spawn(
	    &group_shared, spawns_more, TASKS_NUMBER((intptr_t)left - 1));
	if (t == NULL) {
		CHECK_INT(errno, ESHUTDOWN);
		return -1;
	}
	task_detach(t);
	return task_sleep(1);
}

static void
defer_spawns(struct reactor *r, struct reactor_defer *defer)
{
	(void)r;
	(void)defer;
	CHECK(task_yield() == -1 && errno == EPERM);
	task_detach(
	    task_group_spawn(&group_shared, spawns_more, TASKS_NUMBER(10)));
}

static void
group_spawns(void)
{
	struct reactor_defer defer = { .callback = defer_spawns };
	struct task *other;

	CHECK_INT(task_group_enter(&group_shared, TASK_FAIL_FAST), 0);
	CHECK_INT(reactor_defer_start(task_reactor(), &defer), 0);
	other = task_spawn(spawns_more, TASKS_NUMBER(10));
	task_detach(
	    task_group_spawn(&group_shared, spawns_more, TASKS_NUMBER(10)));
	CHECK_INT(tasks_end(other).state, TASK_DONE);
	CHECK_INT(task_group_leave(&group_shared, NULL, 0), 0);
	CHECK_INT(group_shared.succeeded, 10 + 11 + 11);
}

/* Cancelled by one of its own tasks, by a callback, by a scope around it. */
static intptr_t
cancels_group(void *unused)
{
	(void)unused;
	task_group_cancel(&group_shared);
	return 0;
}

static void
defer_cancels(struct reactor *r, struct reactor_defer *defer)
{
	(void)r;
	(void)defer;
	task_group_cancel(&group_shared);
}

static void
group_who(void)
{
	struct reactor_defer defer = { .callback = defer_cancels };
	struct task_scope s;
	int i;

	for (i = 0; i < 3; i++) {
		CHECK_INT(task_scope_enter(&s, i == 2 ? LOOP_MS : NEVER), 0);
		CHECK_INT(task_group_enter(&group_shared, TASK_FAIL_FAST), 0);
		task_detach(task_group_spawn(&group_shared, tasks_waits, NULL));
		if (i == 0)
			task_detach(task_group_spawn(
			    &group_shared, cancels_group, NULL));
		if (i == 1)
			CHECK_INT(
			    reactor_defer_start(task_reactor(), &defer), 0);
		CANCELED(task_group_leave(&group_shared, NULL, 0));
		CHECK_INT(group_shared.cancelled, 1);
		if (i == 2)
			LEFT(&s, ETIMEDOUT);
		else
			CHECK_INT(task_scope_leave(&s), 0);
	}
}

/* What the body of the group waits for is cancelled as well. */
static void
group_body(void)
{
	struct task_group group;

	CHECK_INT(task_group_enter(&group, TASK_FAIL_FAST), 0);
	task_detach(task_group_spawn(&group, tasks_fails, TASKS_NUMBER(EIO)));
	CANCELED(task_sleep(NEVER));
	CHECK_INT(task_group_leave(&group, NULL, 0), -1);
	CHECK_INT(errno, EIO);
	/* The deadline of a group is that of its scope. */
	CHECK_INT(task_group_enter(&group, TASK_FAIL_FAST), 0);
	CHECK_INT(task_scope_move(&group.scope, task_now() + LOOP_MS), 0);
	task_detach(task_group_spawn(&group, tasks_waits, NULL));
	CHECK_INT(task_group_leave(&group, NULL, 0), -1);
	CHECK_INT(errno, ETIMEDOUT);
	CHECK_INT(task_group_enter(&group, TASK_FAIL_FAST), 0);
	LEFT(&group.scope, EINVAL);
	CHECK_INT(task_group_leave(&group, NULL, 0), 0);
	CHECK_INT(task_group_leave(&group, NULL, 0), -1);
	CHECK_INT(errno, EINVAL);
}

/* One lives in the group of the other, and so on. */
enum { CHAIN = CHECKED ? 1000 : 10000 };

static size_t chain_ended;

static intptr_t
chain(void *left)
{
	struct task_group group;

	if (left == NULL) {
		CANCELED(task_sleep(NEVER));
	} else {
		CHECK_INT(task_group_enter(&group, TASK_COLLECT), 0);
		task_detach(task_group_spawn(
		    &group, chain, TASKS_NUMBER((intptr_t)left - 1)));
		CANCELED(task_group_leave(&group, NULL, 0));
	}
	chain_ended++;
	errno = ECANCELED;
	return -1;
}

static void
group_chain(void)
{
	struct task *t = tasks_spawn(chain, CHAIN - 1);
	struct task_statistics stats;

	do {
		CHECK_INT(task_sleep(LOOP_MS), 0);
		task_stats(&stats);
	} while (stats.tasks < CHAIN + 1);
	CHECK_INT(task_sleep(LOOP_MS), 0);
	CHECK_INT(chain_ended, 0);
	tasks_stop(t);
	CHECK_INT(chain_ended, CHAIN);
}

/* ---- What the function forgets ------------------------------------------- */

static struct task_scope forgotten;

static intptr_t
forgets(void *unused)
{
	(void)unused;
	CHECK_INT(task_scope_enter(&forgotten, 5 * LOOP_MS), 0);
	return 3;
}

static intptr_t
forgets_group(void *unused)
{
	(void)unused;
	CHECK_INT(task_group_enter(&group_shared, TASK_COLLECT), 0);
	task_detach(
	    task_group_spawn(&group_shared, tasks_lingers, TASKS_NUMBER(-1)));
	CHECK_INT(task_scope_enter(&forgotten, 5 * LOOP_MS), 0);
	return task_yield() == 0 ? 4 : -1;
}

/* The same, of things that lie on its own stack, as they mostly do. */
static void
logs(void *letter)
{
	CHECK_INT(task_yield(), 0);
	loop_log(*(char *)letter);
}

static intptr_t
forgets_stack(void *unused)
{
	struct task_scope outer, inner;
	struct task_group group;
	static char letters[] = "ab";

	(void)unused;
	CHECK_INT(coro_cleanup_push(logs, &letters[0]), 0);
	CHECK_INT(task_scope_enter(&outer, 5 * LOOP_MS), 0);
	CHECK_INT(task_group_enter(&group, TASK_COLLECT), 0);
	CHECK_INT(task_scope_enter(&inner, 5 * LOOP_MS), 0);
	CHECK_INT(coro_cleanup_push(logs, &letters[1]), 0);
	task_detach(task_group_spawn(&group, tasks_lingers, TASKS_NUMBER(-1)));
	CHECK_INT(task_yield(), 0);
	errno = EDOM;
	return -1;
}

static void
forgot_stack(void)
{
	struct task_statistics stats;

	if (CHECKED || coro__valgrind(0, 0x1001, 0, 0) != 0)
		SKIP("a checker writes there, or objects");
	CHECK_INT(tasks_end(tasks_spawn(forgets_stack, 0)).error, EDOM);
	CHECK_STR(loop_said(), "ba");
	CHECK_INT(task_sleep(10 * LOOP_MS), 0);
	task_stats(&stats);
	CHECK_INT(stats.tasks, 1);
}

static void
forgot(void)
{
	struct task_statistics stats;

	CHECK_INT(tasks_end(tasks_spawn(forgets, 0)).result, 3);
	CHECK_INT(task_sleep(10 * LOOP_MS), 0);
	CHECK_INT(task_scope_cancelled(&forgotten), 0);
	/* Nobody outlives a group, not even one that was forgotten. */
	CHECK_INT(tasks_end(tasks_spawn(forgets_group, 0)).result, 4);
	task_stats(&stats);
	CHECK_INT(stats.tasks, 1);
	CHECK_INT(group_shared.running, 0);
}

/* ---- In general ---------------------------------------------------------- */

static void
not_for_others(void)
{
	struct task_group group;
	struct task_scope s;

	memset(&s, 0, sizeof(s));
	memset(&group, 0, sizeof(group));
	CHECK_INT(task_scope_enter(&s, -1), -1);
	CHECK_INT(errno, EPERM);
	CHECK_INT(task_scope_enter_at(&s, 1), -1);
	CHECK_INT(errno, EPERM);
	CHECK_INT(task_scope_shield(&s, 1), -1);
	CHECK_INT(errno, EPERM);
	CHECK_INT(task_scope_leave(&s), -1);
	CHECK_INT(errno, EPERM);
	task_scope_cancel(&s);
	CHECK_INT(task_scope_cancelled(&s), 0);
	CHECK_INT(task_cancelled(), 0);
	CHECK_INT(task_deadline(), INT64_MAX);
	CHECK_INT(task_group_enter(&group, TASK_COLLECT), -1);
	CHECK_INT(errno, EPERM);
	CHECK_INT(task_group_enter(&group, 3), -1);
	CHECK_INT(errno, EINVAL);
	CHECK_INT(task_group_leave(&group, NULL, 0), -1);
	CHECK_INT(errno, EPERM);
	CHECK_INT(task_yield(), -1);
	CHECK_INT(errno, EPERM);
	CHECK_INT(task_sleep(1), -1);
	CHECK_INT(errno, EPERM);
	CHECK_INT(task_sleep_until(1), -1);
	CHECK_INT(errno, EPERM);
	CHECK_INT(task_await(NULL, NULL), -1);
	CHECK_INT(errno, EPERM);
	CHECK(task_spawn(tasks_waits, NULL) == NULL);
	CHECK_INT(errno, EPERM);
	CHECK(task_self() == NULL);
	CHECK(task_reactor() == NULL);
	CHECK(task_now() > 0);
}

/* The heap of timers is full: nothing is entered. */
static void
lean(void)
{
	static struct task_scope scopes[2000];
	int i, n = 0;

	CHECK_INT(task_sleep(1), 0);
	loop_left = 0;
	while (n < 2000 && task_scope_enter(&scopes[n], NEVER) == 0)
		n++;
	CHECK(n > 0 && n < 2000);
	CHECK_INT(errno, ENOMEM);
	CHECK_INT(task_scope_shield(&scopes[n], NEVER), -1);
	CHECK_INT(errno, ENOMEM);
	CHECK_INT(task_sleep(1), -1);
	CHECK_INT(errno, ENOMEM);
	/* Without a deadline there is no need of it. */
	CHECK_INT(task_scope_enter(&scopes[n], -1), 0);
	CHECK_INT(task_scope_move(&scopes[n], NEVER), -1);
	CHECK_INT(errno, ENOMEM);
	CHECK(task_deadline() != NEVER);
	task_scope_cancel(&scopes[n]);
	CANCELED(task_yield());
	LEFT(&scopes[n], ECANCELED);
	for (i = n; i-- > 0;)
		CHECK_INT(task_scope_leave(&scopes[i]), 0);
	CHECK_INT(task_sleep(1), 0);
	loop_left = 1000;
}

static void
no_memory(void)
{
	loop_left = 1000;
	reactor_set_allocator(loop_stingy);
	tasks_case();
}

static const struct tasks_body lean_body = { lean };

static const struct test tests[] = {
	TASKS("entered and left", plain),
	TASKS("every call fails", level),
	TASKS("cancelled by hand", by_hand),
	TASKS("cancelled, and nobody was told", untold),
	TASKS("no time at all", no_time),
	TASKS("by hand, and then late", both_ways),
	TASKS("absolute deadlines", absolute),
	TASKS("deadlines moved", moved),
	TASKS("deadlines moved by others", moved_by_others),
	TASKS("the earliest deadline", deadlines),
	TASKS("the deadline around a group", deadline_of_group),
	TASKS("the inner one is late", inner_first),
	TASKS("the outer one is late", outer_first),
	TASKS("both are late", both),
	TASKS("the inner one, then the outer one as well", handed_outward),
	TASKS("one in another that is cancelled", between),
	TASKS("left in the wrong order", wrong_order),
	TASKS("left by another task", wrong_task),
	TASKS("a thousand", deep),
	TASKS("a shield", shield),
	TASKS("a shield, and grace", shield_grace),
	TASKS("a shield while it is cancelled", shield_holds),
	TASKS("a shield, and a group in it", shield_group),
	TASKS("cancelled by a callback", from_callback),
	TASKS("cancelled by another task", from_task),
	TASKS("a result wins", result_wins),
	TASKS("group: cancelled", group_cancel),
	TASKS("group: groups in groups", group_tree),
	TASKS("group: anybody spawns into it", group_spawns),
	TASKS("group: anybody cancels it", group_who),
	TASKS("group: its body", group_body),
	TASKS("group: ten thousand, one in the other", group_chain),
	TASKS("scopes that are forgotten", forgot),
	TASKS("on the stack", forgot_stack),
	TEST("only for tasks", not_for_others),
	{ "without memory", no_memory, 0, &lean_body },
};

TEST_MAIN(tests)
