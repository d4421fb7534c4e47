/*
 * SPDX-License-Identifier: ISC
 *
 * task_semantics.c: what tasks promise, row by row: cancellation, lifetime,
 * errors of groups, order, fairness, and the end of all waiting.
 */
#include <pthread.h>
#include "test/tasks.h"

#define NEVER (60000 * LOOP_MS)

#define CANCELED(call)                       \
	do {                                 \
		CHECK_INT(call, -1);         \
		CHECK_INT(errno, ECANCELED); \
	} while (0)

/* ---- Cancellation -------------------------------------------------------- */

/* A loop's callback, another thread by way of a post, and once more. */
static struct task_scope scope;

static void
cancel_scope(struct reactor *r, struct reactor_post *post)
{
	(void)r;
	(void)post;
	task_scope_cancel(&scope);
	task_scope_cancel(&scope);
}

static struct reactor_post canceller = { .callback = cancel_scope };

static void
of_a_scope(void)
{
	CHECK_INT(task_scope_enter(&scope, -1), 0);
	reactor_post_send(task_reactor(), &canceller);
	CANCELED(task_sleep(NEVER));
	task_scope_cancel(&scope);
	CHECK_INT(task_scope_leave(&scope), -1);
	CHECK_INT(errno, ECANCELED);
	/* What is outside of it was not cancelled. */
	CHECK_INT(task_sleep(1), 0);
}

/*
 * Every function that waits fails, also if it need not wait, and again: so
 * nothing hangs in a clean-up.
 */
static void
all_refuse(struct task *ended, struct task *waits)
{
	struct task_call call = { .function = tasks_returns };
	static struct task_semaphore semaphore = { .value = 1 };
	static struct task_mutex mutex;
	static struct task_event event;
	struct task_outcome outcome;
	struct task_signal signal;
	struct task_post post;
	struct task *both[2];
	int fd[2];
	char byte;

	both[0] = ended;
	both[1] = waits;
	task_event_set(&event);
	loop_pipe(fd);
	loop_put(fd[1]);
	CHECK_INT(task_signal_open(&signal, SIGUSR1), 0);
	CHECK_INT(task_post_open(&post), 0);
	CANCELED(task_yield());
	CANCELED(task_sleep(0));
	CANCELED(task_sleep_until(0));
	CANCELED(task_await(ended, &outcome));
	CANCELED(task_wait(both, 2, TASK_FIRST, NEVER));
	CANCELED(task_gather(&call, 1, TASK_FAIL_FAST));
	CANCELED(task_signal_wait(&signal, NULL));
	CANCELED(task_post_wait(&post));
	CANCELED(task_child(1, NULL));
	CANCELED(task_mutex_lock(&mutex));
	CANCELED(task_semaphore_wait(&semaphore));
	CANCELED(task_event_wait(&event));
	CANCELED(task_poll(fd[0], REACTOR_READ, NEVER));
	CANCELED(task_read(fd[0], &byte, 1));
	CHECK_INT(semaphore.value, 1);
	CHECK(mutex.owner == NULL);
	CHECK_INT(read(fd[0], &byte, 1), 1);
	/* Those that do not wait do not fail. */
	CHECK_INT(task_semaphore_try_wait(&semaphore), 0);
	CHECK_INT(task_semaphore_post(&semaphore), 0);
	CHECK_INT(tasks_state(waits), TASK_PENDING);
	task_signal_close(&signal);
	task_post_close(&post);
	CHECK_INT(task_close(fd[0]), 0);
	CHECK_INT(task_close(fd[1]), 0);
}

static void
of_every_call(void)
{
	struct task *ended = tasks_spawn(tasks_returns, 1);
	struct task *waits = tasks_spawn(tasks_waits, 0);
	int i;

	tasks_turn();
	CHECK_INT(task_scope_enter(&scope, -1), 0);
	task_scope_cancel(&scope);
	for (i = 0; i < 3; i++)
		all_refuse(ended, waits);
	CHECK_INT(task_scope_leave(&scope), -1);
	task_detach(ended);
	tasks_stop(waits);
}

/* The clean-up of one that is cancelled fails, unless it has a shield. */
static intptr_t
cleans_up(void *shielded)
{
	struct task_scope shield;
	int result;

	CANCELED(task_sleep(NEVER));
	if (shielded != NULL)
		CHECK_INT(task_scope_shield(&shield, NEVER), 0);
	result = task_sleep(LOOP_MS);
	CHECK_INT(result, shielded != NULL ? 0 : -1);
	if (shielded != NULL)
		CHECK_INT(task_scope_leave(&shield), 0);
	errno = ECANCELED;
	return -1;
}

static void
of_clean_ups(void)
{
	struct task *a = tasks_spawn(cleans_up, 0);
	struct task *b = tasks_spawn(cleans_up, 1);

	tasks_turn();
	tasks_stop(a);
	tasks_stop(b);
}

/* A function that goes its way to the end was not cancelled: that counts. */
static void
of_no_consequence(void)
{
	struct task *t = tasks_spawn(tasks_lingers, 9);
	struct task_outcome outcome;

	tasks_turn();
	CHECK_INT(task_cancel(t), 0);
	outcome = tasks_end(t);
	CHECK_INT(outcome.state, TASK_DONE);
	CHECK_INT(outcome.result, 9);
}

/* ---- Rows about await and cancel ----------------------------------------- */

static void
await_cancelled(void)
{
	struct task *t = tasks_spawn(tasks_waits, 0);
	struct task_outcome outcome;

	tasks_turn();
	CHECK_INT(task_cancel(t), 0);
	/* Its outcome, not our error. */
	CHECK_INT(task_await(t, &outcome), 0);
	CHECK_INT(outcome.state, TASK_CANCELLED);
	CHECK_INT(task_cancelled(), 0);
	task_detach(t);
}

static void
cancelled_await(void)
{
	struct task *t = tasks_spawn(tasks_waits, 0);
	struct task_outcome outcome = { 77, 77, 77 };

	CHECK_INT(task_scope_enter(&scope, LOOP_MS), 0);
	CANCELED(task_await(t, &outcome));
	CHECK_INT(outcome.state, 77);
	CHECK_INT(task_scope_leave(&scope), -1);
	/* The other goes on. */
	CHECK_INT(tasks_state(t), TASK_PENDING);
	tasks_stop(t);
}

static void
await_self(void)
{
	CHECK_INT(task_await(task_self(), NULL), -1);
	CHECK_INT(errno, EDEADLK);
}

static intptr_t
awaits(void *t)
{
	struct task_outcome outcome;

	if (task_await(t, &outcome) == -1)
		return -1;
	loop_log('0' + (int)outcome.result);
	return outcome.result;
}

static void
await_several(void)
{
	struct task *t = tasks_spawn(tasks_sleeps, 1), *others[5];
	struct task_outcome outcome;
	int i;

	for (i = 0; i < 5; i++)
		others[i] = task_spawn(awaits, t);
	for (i = 0; i < 5; i++)
		CHECK_INT(tasks_end(others[i]).result, 1);
	CHECK_STR(loop_said(), "11111");
	/* And again, as long as there is a reference. */
	for (i = 0; i < 3; i++) {
		CHECK_INT(task_await(t, &outcome), 0);
		CHECK_INT(outcome.result, 1);
	}
	CHECK_INT(tasks_end(t).state, TASK_DONE);
}

static void
cancel_ended(void)
{
	struct task *t = tasks_spawn(tasks_returns, 3);

	tasks_turn();
	CHECK_INT(task_cancel(t), -1);
	CHECK_INT(errno, EALREADY);
	CHECK_INT(tasks_end(t).result, 3);
}

static void
cancel_early(void)
{
	struct task *t = tasks_spawn(tasks_logs, 'x');

	CHECK_INT(task_cancel(t), 0);
	CHECK_INT(tasks_end(t).state, TASK_CANCELLED);
	CHECK_STR(loop_said(), "");
}

static void
cancel_twice(void)
{
	struct task *t = tasks_spawn(tasks_lingers, -1);
	int i;

	tasks_turn();
	for (i = 0; i < 4; i++) {
		CHECK_INT(task_cancel(t), 0);
		CHECK_INT(task_yield(), 0);
	}
	CHECK_INT(tasks_end(t).state, TASK_CANCELLED);
}

static intptr_t
cancels_itself(void *unused)
{
	(void)unused;
	CHECK_INT(task_cancel(task_self()), 0);
	CHECK_INT(task_cancelled(), 1);
	return task_sleep(NEVER);
}

static void
cancel_self(void)
{
	CHECK_INT(
	    tasks_end(tasks_spawn(cancels_itself, 0)).state, TASK_CANCELLED);
}

/*
 * The result wins: the first to hear of the end cancels the second, who has
 * been woken, but has not run.
 */
static struct task *victim;

static intptr_t
hears_first(void *t)
{
	CHECK_INT(task_await(t, NULL), 0);
	CHECK_INT(task_cancel(victim), 0);
	return 0;
}

static void
result_wins(void)
{
	struct task *t = tasks_spawn(tasks_sleeps, 4);
	struct task *first = task_spawn(hears_first, t);

	victim = task_spawn(awaits, t);
	CHECK_INT(tasks_end(victim).result, 4);
	CHECK_INT(tasks_end(first).state, TASK_DONE);
	task_detach(t);
}

/* What was handed to one who is cancelled before its turn is not lost. */
static struct task_semaphore tokens;

static intptr_t
takes_token(void *unused)
{
	(void)unused;
	if (task_semaphore_wait(&tokens) == -1)
		return -1;
	loop_log('t');
	return 0;
}

static void
hand_over(void)
{
	struct task *a = tasks_spawn(takes_token, 0);
	struct task *b = tasks_spawn(takes_token, 0);

	tasks_turn();
	CHECK_INT(task_semaphore_post(&tokens), 0);
	CHECK_INT(task_cancel(a), 0);
	CHECK_INT(tasks_end(a).state, TASK_DONE);
	/* Cancelled first, and then one comes: it goes to the next. */
	a = tasks_spawn(takes_token, 0);
	tasks_turn();
	CHECK_INT(task_cancel(b), 0);
	CHECK_INT(task_semaphore_post(&tokens), 0);
	CHECK_INT(tasks_end(b).state, TASK_CANCELLED);
	CHECK_INT(tasks_end(a).state, TASK_DONE);
	CHECK_STR(loop_said(), "tt");
	CHECK_INT(tokens.value, 0);
}

static void
wait_for_too_long(void)
{
	struct task *t = tasks_spawn(tasks_lingers, -1);
	struct task *result = tasks_spawn(tasks_lingers, 6);
	struct task_outcome outcome;

	CHECK_INT(task_wait_for(t, LOOP_MS, NULL), -1);
	CHECK_INT(errno, ETIMEDOUT);
	CHECK_INT(tasks_state(t), TASK_CANCELLED);
	CHECK_INT(task_wait_for(result, LOOP_MS, &outcome), 0);
	CHECK_INT(outcome.result, 6);
	task_detach(t);
	task_detach(result);
}

/* No orphans. */
static void
gather_error(void)
{
	struct task_call calls[] = {
		{ .function = tasks_lingers, .argument = TASKS_NUMBER(-1) },
		{ .function = tasks_waits },
		{ .function = tasks_fails, .argument = TASKS_NUMBER(EIO) },
	};
	struct task_statistics stats;

	CHECK_INT(task_gather(calls, 3, TASK_FAIL_FAST), -1);
	CHECK_INT(errno, EIO);
	task_stats(&stats);
	CHECK_INT(stats.tasks, 1);
}

static void
wait_cancels_none(void)
{
	struct task *t = tasks_spawn(tasks_waits, 0), *got;
	struct task_series *series = task_series_open(&t, 1);

	CHECK_INT(task_wait(&t, 1, TASK_ALL, LOOP_MS), 0);
	CHECK_INT(task_series_next(series, &got, LOOP_MS), -1);
	CHECK_INT(errno, ETIMEDOUT);
	task_series_close(series);
	CHECK_INT(tasks_state(t), TASK_PENDING);
	tasks_stop(t);
}

/* The one who waited is cancelled; what fails later is told to somebody. */
static int told;

static void
tell(void *data, struct task *t, const struct task_outcome *outcome)
{
	(void)data;
	(void)t;
	CHECK_INT(outcome->error, EXDEV);
	told++;
}

static intptr_t
fails_later(void *unused)
{
	(void)unused;
	CHECK_INT(task_sleep(5 * LOOP_MS), 0);
	errno = EXDEV;
	return -1;
}

static void
error_is_told(void)
{
	struct task *t = tasks_spawn(fails_later, 0);
	struct task *waits = task_spawn(awaits, t);

	tasks_turn();
	tasks_stop(waits);
	task_detach(t);
	CHECK_INT(task_sleep(20 * LOOP_MS), 0);
}

static const struct tasks_body error_body = { error_is_told };

static void
shielded_error(void)
{
	tasks_options.unobserved = tell;
	tasks_case();
	CHECK_INT(told, 1);
}

/* ---- Lifetime ------------------------------------------------------------ */

/* Nobody holds a reference: it goes on all the same. */
static void
forgotten(void)
{
	task_detach(tasks_spawn(tasks_sleeps, 2));
	task_detach(tasks_spawn(tasks_logs, 'x'));
	CHECK_INT(task_sleep(5 * LOOP_MS), 0);
	CHECK_STR(loop_said(), "x");
}

/* With one, what is known lasts longer than the task. */
static void
kept(void)
{
	struct task *t = tasks_spawn(tasks_returns, 3), *same;
	struct task_statistics stats;

	same = task_retain(t);
	CHECK(same == t);
	task_detach(t);
	tasks_turn();
	task_stats(&stats);
	CHECK_INT(stats.tasks, 1);
	CHECK_STR(task_name(same), "function");
	CHECK_INT(tasks_end(same).result, 3);
}

/* The end of main is the end of all. */
static intptr_t
logs_end(void *letter)
{
	struct task_scope shield;

	CANCELED(task_sleep(NEVER));
	CHECK_INT(task_scope_shield(&shield, NEVER), 0);
	CHECK_INT(task_sleep(LOOP_MS), 0);
	CHECK_INT(task_scope_leave(&shield), 0);
	loop_log((int)(intptr_t)letter);
	return 0;
}

static intptr_t
ends_early(void *unused)
{
	(void)unused;
	task_detach(tasks_spawn(logs_end, 'a'));
	task_detach(tasks_spawn(logs_end, 'b'));
	tasks_turn();
	return 12;
}

static void
main_ends(void)
{
	intptr_t result = task_run(ends_early, NULL, &tasks_options);

	if (result == -1)
		tasks_skip();
	CHECK_INT(result, 12);
	CHECK_STR(loop_said(), "ab");
}

/* ---- Errors of groups ---------------------------------------------------- */

static intptr_t
fails_after(void *ms)
{
	(void)task_sleep((intptr_t)ms * LOOP_MS);
	errno = (int)(intptr_t)ms;
	return -1;
}

static void
group_list(void)
{
	struct task_failure failures[4];
	struct task_group group;

	memset(failures, 0, sizeof(failures));
	CHECK_INT(task_group_enter(&group, TASK_COLLECT), 0);
	task_detach(task_group_spawn(&group, fails_after, TASKS_NUMBER(9)));
	task_detach(task_group_spawn(&group, tasks_returns, NULL));
	task_detach(task_group_spawn(&group, fails_after, TASKS_NUMBER(1)));
	task_detach(task_group_spawn(&group, fails_after, TASKS_NUMBER(5)));
	CHECK_INT(task_group_leave(&group, failures, 2), -1);
	/* In the order in which they happened. */
	CHECK_INT(errno, 1);
	CHECK_INT(group.failed, 3);
	CHECK_INT(group.succeeded, 1);
	CHECK_INT(failures[0].error, 1);
	CHECK_INT(failures[1].error, 5);
	CHECK_INT(failures[2].error, 0);
	CHECK_STR(failures[0].name, "fails_after");
	CHECK(strstr(failures[0].place, "task_semantics.c:") != NULL);
}

/* Those that we cancelled are no errors; those that fail by it are. */
static void
group_fails_fast(void)
{
	struct task_failure failures[4];
	struct task_group group;

	CHECK_INT(task_group_enter(&group, TASK_FAIL_FAST), 0);
	task_detach(task_group_spawn(&group, tasks_waits, NULL));
	task_detach(task_group_spawn(&group, fails_after, TASKS_NUMBER(90)));
	task_detach(task_group_spawn(&group, tasks_lingers, NULL));
	task_detach(task_group_spawn(&group, tasks_fails, TASKS_NUMBER(EIO)));
	CHECK_INT(task_group_leave(&group, failures, 4), -1);
	CHECK_INT(errno, EIO);
	CHECK_INT(group.failed, 2);
	CHECK_INT(group.cancelled, 1);
	CHECK_INT(group.succeeded, 1);
	CHECK_INT(failures[0].error, EIO);
	CHECK_INT(failures[1].error, 90);
}

static void
group_race(void)
{
	struct task_group group;

	CHECK_INT(task_group_enter(&group, TASK_FIRST_SUCCESS), 0);
	task_detach(task_group_spawn(&group, tasks_fails, TASKS_NUMBER(EIO)));
	task_detach(task_group_spawn(&group, tasks_waits, NULL));
	task_detach(task_group_spawn(&group, tasks_sleeps, TASKS_NUMBER(3)));
	CHECK_INT(task_group_leave(&group, NULL, 0), 0);
	CHECK_INT(group.result, 3);
	CHECK_INT(group.cancelled, 1);
	/* None succeeds. */
	CHECK_INT(task_group_enter(&group, TASK_FIRST_SUCCESS), 0);
	task_detach(task_group_spawn(&group, tasks_fails, TASKS_NUMBER(EIO)));
	task_detach(task_group_spawn(&group, tasks_fails, TASKS_NUMBER(EDOM)));
	CHECK_INT(task_group_leave(&group, NULL, 0), -1);
	CHECK_INT(errno, EIO);
}

/* New ones may come as long as it is open, and not any more. */
static struct task_group open_group;

static intptr_t
spawns(void *unused)
{
	(void)unused;
	task_detach(
	    task_group_spawn(&open_group, tasks_logs, TASKS_NUMBER('n')));
	return 0;
}

static void
group_new(void)
{
	CHECK_INT(task_group_enter(&open_group, TASK_FAIL_FAST), 0);
	task_detach(task_group_spawn(&open_group, spawns, NULL));
	CHECK_INT(task_group_leave(&open_group, NULL, 0), 0);
	CHECK_STR(loop_said(), "n");
	CHECK_INT(open_group.succeeded, 2);
	CHECK(task_group_spawn(&open_group, spawns, NULL) == NULL);
	CHECK_INT(errno, ESHUTDOWN);
	CHECK_INT(task_group_enter(&open_group, TASK_FAIL_FAST), 0);
	task_group_cancel(&open_group);
	CHECK(task_group_spawn(&open_group, spawns, NULL) == NULL);
	CHECK_INT(errno, ESHUTDOWN);
	CHECK_INT(task_group_leave(&open_group, NULL, 0), 0);
}

/* ---- Order --------------------------------------------------------------- */

static void
spawn_queues(void)
{
	struct task *t[5];
	int i;

	for (i = 0; i < 5; i++)
		t[i] = tasks_spawn(tasks_logs, 'a' + i);
	CHECK_STR(loop_said(), "");
	CHECK_INT(task_yield(), 0);
	CHECK_STR(loop_said(), "abcde");
	for (i = 0; i < 5; i++)
		CHECK_INT(tasks_end(t[i]).state, TASK_DONE);
}

/* Who is ready now runs before who becomes ready meanwhile. */
static intptr_t
logs_and_yields(void *letter)
{
	int i;

	for (i = 0; i < 3; i++) {
		loop_log((int)(intptr_t)letter);
		if (i == 0 && (intptr_t)letter == 'a')
			task_detach(tasks_spawn(logs_and_yields, 'x'));
		CHECK_INT(task_yield(), 0);
	}
	return 0;
}

static void
rounds(void)
{
	struct task *t[3];
	int i;

	for (i = 0; i < 3; i++)
		t[i] = tasks_spawn(logs_and_yields, 'a' + i);
	for (i = 0; i < 3; i++)
		CHECK_INT(tasks_end(t[i]).state, TASK_DONE);
	CHECK_INT(task_yield(), 0);
	CHECK_STR(loop_said(), "abcxabcxabcx");
}

/* Those who wait for one thing are woken in the order of their coming. */
static struct task_event gate;

static intptr_t
passes_gate(void *letter)
{
	CHECK_INT(task_event_wait(&gate), 0);
	loop_log((int)(intptr_t)letter);
	return 0;
}

static void
first_come(void)
{
	struct task *t[4];
	int i;

	for (i = 0; i < 4; i++) {
		t[i] = tasks_spawn(passes_gate, 'a' + i);
		tasks_turn();
	}
	task_event_set(&gate);
	CHECK_STR(loop_said(), "");
	for (i = 0; i < 4; i++)
		CHECK_INT(tasks_end(t[i]).state, TASK_DONE);
	CHECK_STR(loop_said(), "abcd");
}

/* Handed over: one who comes later does not overtake. */
static struct task_mutex turn;

static intptr_t
takes_turns(void *letter)
{
	int i;

	for (i = 0; i < 3; i++) {
		CHECK_INT(task_mutex_lock(&turn), 0);
		loop_log((int)(intptr_t)letter);
		CHECK_INT(task_yield(), 0);
		CHECK_INT(task_mutex_unlock(&turn), 0);
	}
	return 0;
}

static void
handed_over(void)
{
	struct task *t[3];
	int i;

	for (i = 0; i < 3; i++)
		t[i] = tasks_spawn(takes_turns, 'a' + i);
	for (i = 0; i < 3; i++)
		CHECK_INT(tasks_end(t[i]).state, TASK_DONE);
	CHECK_STR(loop_said(), "abcabcabc");
}

/* ---- Fairness ------------------------------------------------------------ */

static int operations;

/* Its operations always succeed at once. */
static intptr_t
never_waits(void *how)
{
	static struct task_semaphore always;
	static struct task_mutex mine;
	struct task *ended = tasks_spawn(tasks_returns, 1);
	int fd[2];
	char byte = 'x';

	CHECK_INT(task_await(ended, NULL), 0);
	CHECK_INT(pipe(fd), 0);
	while (!gate.set) {
		operations++;
		switch ((intptr_t)how) {
		case 0:
			CHECK_INT(task_await(ended, NULL), 0);
			break;
		case 1:
			CHECK_INT(task_semaphore_post(&always), 0);
			CHECK_INT(task_semaphore_wait(&always), 0);
			break;
		case 2:
			CHECK_INT(task_mutex_lock(&mine), 0);
			CHECK_INT(task_mutex_unlock(&mine), 0);
			break;
		case 3:
			CHECK_INT(task_wait(&ended, 1, TASK_ALL, 0), 1);
			break;
		default:
			CHECK_INT(task_write(fd[1], &byte, 1), 1);
			CHECK_INT(task_read(fd[0], &byte, 1), 1);
			break;
		}
	}
	task_detach(ended);
	CHECK_INT(task_close(fd[0]), 0);
	CHECK_INT(task_close(fd[1]), 0);
	return 0;
}

static intptr_t
opens_gate(void *unused)
{
	(void)unused;
	task_event_set(&gate);
	return 0;
}

static void
budget(void)
{
	struct task_statistics before, now;
	struct task *busy, *other;
	int how;

	for (how = 0; how < 5; how++) {
		task_event_clear(&gate);
		operations = 0;
		task_stats(&before);
		busy = tasks_spawn(never_waits, how);
		tasks_turn();
		other = tasks_spawn(opens_gate, 0);
		CHECK_INT(tasks_end(other).state, TASK_DONE);
		CHECK_INT(tasks_end(busy).state, TASK_DONE);
		task_stats(&now);
		CHECK(now.forced > before.forced);
		CHECK(operations < 128 * 16);
	}
}

/* One that does not heed its cancellation lets others run as well. */
static intptr_t
does_not_heed(void *unused)
{
	(void)unused;
	while (!gate.set)
		(void)task_sleep(LOOP_MS);
	return 5;
}

static void
budget_cancelled(void)
{
	struct task *t = tasks_spawn(does_not_heed, 0);

	task_event_clear(&gate);
	CHECK_INT(task_cancel(t), 0);
	CHECK_INT(tasks_end(t).state, TASK_CANCELLED);
	t = tasks_spawn(does_not_heed, 0);
	tasks_turn();
	CHECK_INT(task_cancel(t), 0);
	CHECK_INT(task_sleep(2 * LOOP_MS), 0);
	task_event_set(&gate);
	CHECK_INT(tasks_end(t).result, 5);
}

/* ---- Nobody starves ------------------------------------------------------ */

static volatile int over;

/* Yields, with so many microseconds of work in each round. */
static intptr_t
spins(void *us)
{
	int64_t until;

	while (!over) {
		until = test_clock() + (intptr_t)us * REACTOR_MICROSECOND;
		while (us != NULL && test_clock() < until)
			continue;
		CHECK_INT(task_yield(), 0);
	}
	return 0;
}

enum { BEATS = 10 };

/* How late a timer of 10 ms is at the worst. */
static intptr_t
measures_timer(void *worst)
{
	int64_t due, late;
	int i;

	for (i = 0; i < BEATS; i++) {
		due = task_now() + 10 * LOOP_MS;
		CHECK_INT(task_sleep_until(due), 0);
		late = test_clock() - due;
		CHECK(late >= 0);
		if (late > *(int64_t *)worst)
			*(int64_t *)worst = late;
	}
	return 0;
}

static void
judge(const char *what, int64_t worst)
{
	printf("# %s: at most %.3f ms late\n", what,
	    (double)worst / (double)LOOP_MS);
	CHECK(worst < (int64_t)(200 * test_slow()) * LOOP_MS);
}

static void
beside_spinners(const char *what, int n, int us)
{
	struct task *spinners[4], *t;
	int64_t worst = 0;
	int i;

	over = 0;
	for (i = 0; i < n; i++)
		spinners[i] = tasks_spawn(spins, us);
	t = task_spawn(measures_timer, &worst);
	CHECK_INT(tasks_end(t).state, TASK_DONE);
	over = 1;
	for (i = 0; i < n; i++)
		CHECK_INT(tasks_end(spinners[i]).state, TASK_DONE);
	judge(what, worst);
}

static void
timers(void)
{
	beside_spinners("a timer beside a task that yields", 1, 0);
	beside_spinners("beside four of them", 4, 0);
	beside_spinners("beside one with 1 ms of work in each", 1, 1000);
	beside_spinners("beside four of those", 4, 1000);
}

/* A thread writes the time into a pipe. */
static void *
writes_time(void *fd)
{
	int64_t now;
	int i;

	for (i = 0; i < BEATS; i++) {
		loop_sleep(10 * LOOP_MS);
		now = test_clock();
		CHECK_INT(write(*(int *)fd, &now, sizeof(now)), sizeof(now));
	}
	return NULL;
}

static intptr_t
measures_pipe(void *fd)
{
	int64_t then, late, worst = 0;
	int i;

	for (i = 0; i < BEATS; i++) {
		CHECK_INT(
		    task_read(*(int *)fd, &then, sizeof(then)), sizeof(then));
		late = test_clock() - then;
		if (late > worst)
			worst = late;
	}
	return (intptr_t)worst;
}

static void
descriptors(void)
{
	static const int work[] = { 0, 1000 };
	struct task *t, *spinner;
	pthread_t thread;
	size_t i;
	int fd[2];

	CHECK_INT(pipe(fd), 0);
	for (i = 0; i < sizeof(work) / sizeof(work[0]); i++) {
		over = 0;
		spinner = tasks_spawn(spins, work[i]);
		t = task_spawn(measures_pipe, &fd[0]);
		CHECK_INT(
		    pthread_create(&thread, NULL, writes_time, &fd[1]), 0);
		judge(work[i] ? "a pipe beside one with 1 ms of work"
			      : "a pipe beside one that yields",
		    tasks_end(t).result);
		over = 1;
		CHECK_INT(tasks_end(spinner).state, TASK_DONE);
		CHECK_INT(pthread_join(thread, NULL), 0);
	}
	CHECK_INT(task_close(fd[0]), 0);
	CHECK_INT(task_close(fd[1]), 0);
}

/* Handlers of the loop as well. */
static int beaten;

static void
beats(struct reactor *r, struct reactor_timer *timer)
{
	(void)r;
	(void)timer;
	if (++beaten == BEATS)
		over = 1;
}

static void
handlers(void)
{
	struct reactor_timer timer = { .callback = beats, .every = LOOP_MS };
	struct task *t;

	over = 0;
	CHECK_INT(reactor_timer_start(task_reactor(), &timer, 0), 0);
	t = tasks_spawn(spins, 100);
	CHECK_INT(tasks_end(t).state, TASK_DONE);
	CHECK(beaten >= BEATS);
	reactor_timer_stop(task_reactor(), &timer);
}

/* And what only waits for its turn is not kept from it by what is ready. */
static void
ready_ones(void)
{
	struct task_statistics before, now;
	struct task *t[100];
	int i;

	over = 0;
	task_stats(&before);
	for (i = 0; i < 100; i++)
		t[i] = tasks_spawn(spins, 0);
	CHECK_INT(task_sleep(20 * LOOP_MS), 0);
	over = 1;
	for (i = 0; i < 100; i++)
		CHECK_INT(tasks_end(t[i]).state, TASK_DONE);
	task_stats(&now);
	CHECK(now.looks > before.looks);
}

/* ---- When no task can ever run again ------------------------------------- */

static struct task *a, *b;

static intptr_t
awaits_a(void *unused)
{
	(void)unused;
	return task_await(a, NULL);
}

static intptr_t
awaits_b(void *unused)
{
	(void)unused;
	return task_await(b, NULL);
}

static intptr_t
in_circles(void *unused)
{
	static struct task_event never;

	(void)unused;
	a = task_spawn(awaits_b, NULL);
	b = task_spawn(awaits_a, NULL);
	CANCELED(task_event_wait(&never));
	return 3;
}

static void
expect_stuck(task_fn *function)
{
	int64_t began = test_clock();

	tasks_used = 0;
	tasks_text[0] = '\0';
	if (task_run(function, NULL, &tasks_options) != -1)
		test_fail("it was not stuck");
	tasks_skip();
	CHECK_INT(errno, EDEADLK);
	CHECK(test_clock() - began < (int64_t)(5e9 * test_slow()));
	CHECK(tasks_said("no task can ever run again"));
	CHECK(tasks_said("\"main\""));
}

/* The list has names, places, what they wait for, and the circle. */
static void
deadlock(void)
{
	expect_stuck(in_circles);
	CHECK(tasks_said("\"awaits_a\""));
	CHECK(tasks_said("\"awaits_b\""));
	CHECK(tasks_said("test/task_semantics.c:"));
	CHECK(tasks_said("waits for the end of #2 \"awaits_b\""));
	CHECK(tasks_said("a circle: "));
}

/* Each of the ways to wait for others is told as what it is. */
static intptr_t
waits_for_all(void *unused)
{
	struct task *t[2];

	(void)unused;
	t[0] = a;
	t[1] = b;
	return task_wait(t, 2, TASK_ALL, -1) >= 0 ? 0 : -1;
}

static intptr_t
waits_for_next(void *unused)
{
	struct task_series *series = task_series_open(&a, 1);
	struct task *t;
	int result = task_series_next(series, &t, -1);

	(void)unused;
	task_series_close(series);
	return result;
}

static intptr_t
waits_in_all_ways(void *unused)
{
	struct task_group group;

	(void)unused;
	a = task_spawn(awaits_b, NULL);
	b = task_spawn(awaits_a, NULL);
	CHECK_INT(task_group_enter(&group, TASK_FAIL_FAST), 0);
	task_detach(task_group_spawn(&group, waits_for_all, NULL));
	task_detach(task_group_spawn(&group, waits_for_next, NULL));
	return task_group_leave(&group, NULL, 0);
}

static void
deadlock_words(void)
{
	expect_stuck(waits_in_all_ways);
	CHECK(tasks_said("the end of all of 2 tasks (2 left)"));
	CHECK(tasks_said("the next of 1 tasks (1 left)"));
	CHECK(tasks_said("the tasks of its group (2 left)"));
}

/* Those that wait for the world may go on. */
static struct task_signal signal_one;
static struct task_post post_one;
static int pipe_one[2];

static intptr_t
waits_for_signal(void *unused)
{
	(void)unused;
	return task_signal_wait(&signal_one, NULL);
}

static intptr_t
waits_for_post(void *unused)
{
	(void)unused;
	return task_post_wait(&post_one);
}

static intptr_t
waits_for_pipe(void *unused)
{
	char byte;

	(void)unused;
	return task_read(pipe_one[0], &byte, 1);
}

static void *
wakes(void *way)
{
	loop_sleep(30 * LOOP_MS);
	if (*(int *)way == 0)
		CHECK_INT(kill(getpid(), SIGUSR1), 0);
	else if (*(int *)way == 1)
		task_post_send(&post_one);
	else
		loop_put(pipe_one[1]);
	return NULL;
}

static void
world(void)
{
	static task_fn *const ways[] = { waits_for_signal, waits_for_post,
		waits_for_pipe };
	pthread_t thread;
	struct task *t;
	int i;

	CHECK_INT(task_signal_open(&signal_one, SIGUSR1), 0);
	CHECK_INT(task_post_open(&post_one), 0);
	CHECK_INT(pipe(pipe_one), 0);
	for (i = 0; i < 3; i++) {
		t = task_spawn(ways[i], NULL);
		CHECK_INT(pthread_create(&thread, NULL, wakes, &i), 0);
		CHECK_INT(tasks_end(t).state, TASK_DONE);
		CHECK_INT(pthread_join(thread, NULL), 0);
	}
	/* A time is nothing else: not even one in a task nobody waits for. */
	CHECK_INT(task_sleep(30 * LOOP_MS), 0);
	t = tasks_spawn(tasks_sleeps, 30);
	CHECK_INT(task_await(t, NULL), 0);
	task_detach(t);
	task_signal_close(&signal_one);
	task_post_close(&post_one);
	CHECK_INT(task_close(pipe_one[0]), 0);
	CHECK_INT(task_close(pipe_one[1]), 0);
}

/* A handler of the program's may do anything. */
static void
handler_helps(struct reactor *r, struct reactor_timer *timer)
{
	(void)r;
	(void)timer;
	task_event_set(&gate);
}

static void
helped(void)
{
	struct reactor_timer timer = { .callback = handler_helps };

	task_event_clear(&gate);
	CHECK_INT(reactor_timer_start(task_reactor(), &timer, 30 * LOOP_MS), 0);
	CHECK_INT(task_event_wait(&gate), 0);
}

static void
defer_helps(struct reactor *r, struct reactor_post *post)
{
	(void)r;
	(void)post;
	task_event_set(&gate);
}

static void
helped_soon(void)
{
	static struct reactor_post post = { .callback = defer_helps };

	task_event_clear(&gate);
	reactor_post_send(task_reactor(), &post);
	CHECK_INT(task_event_wait(&gate), 0);
}

/* An open signal or post that nobody waits for is no help... */
static intptr_t
has_them_open(void *unused)
{
	static struct task_event never;
	int result;

	(void)unused;
	CHECK_INT(task_signal_open(&signal_one, SIGUSR1), 0);
	CHECK_INT(task_post_open(&post_one), 0);
	result = task_event_wait(&never);
	task_signal_close(&signal_one);
	task_post_close(&post_one);
	return result;
}

/* ...and so are background tasks, whatever they wait for. */
static intptr_t
ticks(void *unused)
{
	(void)unused;
	while (task_sleep(LOOP_MS) == 0)
		continue;
	return -1;
}

static intptr_t
has_background(void *unused)
{
	static const struct task_attributes attributes = {
		.flags = TASK_BACKGROUND
	};
	static struct task_event never;
	int result;

	(void)unused;
	CHECK_INT(pipe(pipe_one), 0);
	CHECK_INT(task_signal_open(&signal_one, SIGUSR1), 0);
	CHECK_INT(task_post_open(&post_one), 0);
	task_detach(task_spawn_with(ticks, NULL, &attributes));
	task_detach(task_spawn_with(waits_for_signal, NULL, &attributes));
	task_detach(task_spawn_with(waits_for_post, NULL, &attributes));
	task_detach(task_spawn_with(waits_for_pipe, NULL, &attributes));
	CHECK_INT(task_sleep(5 * LOOP_MS), 0);
	result = task_event_wait(&never);
	CHECK_INT(errno, ECANCELED);
	task_signal_close(&signal_one);
	task_post_close(&post_one);
	CHECK_INT(task_close(pipe_one[0]), 0);
	CHECK_INT(task_close(pipe_one[1]), 0);
	return result;
}

static void
no_help(void)
{
	expect_stuck(has_them_open);
	expect_stuck(has_background);
	CHECK(tasks_said(", background"));
}

static const struct test tests[] = {
	TASKS("3.1 a scope is cancelled by anybody", of_a_scope),
	TASKS("3.1 every function that waits fails", of_every_call),
	TASKS("3.1 clean-ups and shields", of_clean_ups),
	TASKS("3.1 a result of one that was cancelled", of_no_consequence),
	TASKS("3.1 await one that somebody cancelled", await_cancelled),
	TASKS("3.1 cancelled while awaiting", cancelled_await),
	TASKS("3.1 await itself", await_self),
	TASKS("3.1 several await one, and again", await_several),
	TASKS("3.1 cancel one that has ended", cancel_ended),
	TASKS("3.1 cancel before it begins", cancel_early),
	TASKS("3.1 cancel twice", cancel_twice),
	TASKS("3.1 cancel itself", cancel_self),
	TASKS("3.1 a result wins", result_wins),
	TASKS("3.1 what was handed over is not lost", hand_over),
	TASKS("3.1 wait_for: too long", wait_for_too_long),
	TASKS("3.1 gather: the first error", gather_error),
	TASKS("3.1 wait: cancels nobody", wait_cancels_none),
	{ "3.1 a later error is told", shielded_error, 0, &error_body },
	TASKS("3.2 nobody holds a reference", forgotten),
	TASKS("3.2 somebody does", kept),
	TEST("3.2 the end of main", main_ends),
	TASKS("3.3 all errors, in their order", group_list),
	TASKS("3.3 the first error cancels", group_fails_fast),
	TASKS("3.3 the first success", group_race),
	TASKS("3.3 new ones while it is open", group_new),
	TASKS("3.4 spawn queues", spawn_queues),
	TASKS("3.4 who is ready runs before who comes", rounds),
	TASKS("3.4 first come, first served", first_come),
	TASKS("3.4 handed over", handed_over),
	TASKS("3.5 a budget", budget),
	TASKS("3.5 also for one that is cancelled", budget_cancelled),
	TASKS("3.6 timers beside tasks that yield", timers),
	TASKS("3.6 descriptors beside tasks that yield", descriptors),
	TASKS("3.6 handlers beside tasks that yield", handlers),
	TASKS("3.6 many that are ready", ready_ones),
	TEST("3.7 a deadlock", deadlock),
	TEST("3.7 in words", deadlock_words),
	TASKS("3.7 the world may help", world),
	TASKS("3.7 a handler may help", helped),
	TASKS("3.7 and one that is under way", helped_soon),
	TEST("3.7 no help", no_help),
};

TEST_MAIN(tests)
