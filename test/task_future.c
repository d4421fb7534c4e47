/*
 * SPDX-License-Identifier: ISC
 *
 * task_future.c: tasks wait for jobs of executors, of both kinds: for their
 * end, and for a place in the queue.
 */
#include <pthread.h>
#include "test/tasks.h"
#include "test/strike.h"

/* ---- What tasks and jobs share, as jobs may run in other processes ------- */

enum { GATES = 4 };

static struct shared {
	atomic_int begun, ended, told; /* jobs: told that they should end */
	atomic_int gate[GATES];
	atomic_int used;
	char text[256]; /* a log of letters, by jobs */
} * shared;

static void
job_logs(int letter)
{
	shared->text[atomic_fetch_add(&shared->used, 1)] = (char)letter;
}

/* ---- Jobs ---------------------------------------------------------------- */

static int
number_of(const struct reactor_job *job)
{
	int n;

	memcpy(&n, job->argument, sizeof(n));
	return n;
}

static int
doubles(struct reactor_job *job)
{
	int n = 2 * number_of(job);

	atomic_fetch_add(&shared->begun, 1);
	return reactor_job_return(job, &n, sizeof(n));
}

/* Takes so long that there is always somebody who waits. */
static int
ponders(struct reactor_job *job)
{
	loop_sleep(LOOP_MS / 10);
	return doubles(job);
}

static int
fails(struct reactor_job *job)
{
	return reactor_job_fail(job, EDOM, "%d is no number", number_of(job));
}

static int
fails_plainly(struct reactor_job *job)
{
	(void)job;
	errno = ENOTDIR;
	return -1;
}

static int
logs(struct reactor_job *job)
{
	job_logs(number_of(job));
	return 0;
}

/* Until that gate is open; then it doubles the number. */
static int
waits_at_gate(struct reactor_job *job)
{
	int n = number_of(job), result = 2 * n;

	atomic_fetch_add(&shared->begun, 1);
	while (!atomic_load(&shared->gate[n]))
		loop_sleep(LOOP_MS / 5);
	atomic_fetch_add(&shared->ended, 1);
	return reactor_job_return(job, &result, sizeof(result));
}

/* Until it is asked to end, and still it has a result. */
static int
waits_to_be_asked(struct reactor_job *job)
{
	int result = 7;

	atomic_fetch_add(&shared->begun, 1);
	while (!reactor_job_cancelled(job))
		loop_sleep(LOOP_MS / 5);
	atomic_fetch_add(&shared->told, 1);
	while (!atomic_load(&shared->gate[0]))
		loop_sleep(LOOP_MS / 5);
	atomic_fetch_add(&shared->ended, 1);
	return reactor_job_return(job, &result, sizeof(result));
}

static int
sleeps(struct reactor_job *job)
{
	atomic_fetch_add(&shared->begun, 1);
	loop_sleep(number_of(job) * LOOP_MS);
	return 0;
}

/* ---- Executors ----------------------------------------------------------- */

static const char *kind;
static struct reactor_executor *pool;
static struct reactor_future *future_one;

static struct reactor_executor *
open_kind(const char *name, unsigned workers, size_t queue)
{
	const struct reactor_executor_options options = {
		.kind = name, .workers = workers, .queue = queue
	};
	struct reactor_executor *new;

	if (shared == NULL)
		shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
	new = reactor_executor_open(&options);
	if (new == NULL && errno == ENOTSUP)
		SKIP(reactor_executor_error());
	CHECK(new != NULL);
	return new;
}

static void
open_pool(unsigned workers, size_t queue)
{
	pool = open_kind(kind, workers, queue);
}

static void
close_pool(void)
{
	CHECK_INT(reactor_executor_close(pool, 20 * REACTOR_SECOND), 0);
}

struct case_of_kind {
	struct tasks_body body; /* first, for tasks_case */
	const char *kind;
};

static void
case_run(void)
{
	kind = ((const struct case_of_kind *)test_case->data)->kind;
	tasks_case();
}

/* clang-format off */
#define CASE(kind, name, function) \
	{ kind ": " name, case_run, 0, \
	    &(const struct case_of_kind){ { function }, kind } }
#define BOTH(name, function) \
	CASE("threads", name, function), CASE("processes", name, function)
/* clang-format on */

#define SUBMIT(function, n) \
	task_submit(pool, function, &(int){ n }, sizeof(int))

/* Lets jobs through; they may be in another process. */
static void
gate_open(int n)
{
	atomic_store(&shared->gate[n], 1);
}

/* The task waits until so many jobs have begun, or were asked... */
static void
until(atomic_int *counter, int n)
{
	while (atomic_load(counter) < n)
		CHECK_INT(task_sleep(LOOP_MS / 2), 0);
}

/* A job runs, and holds its worker until gate 0 is opened. */
static struct reactor_future *
hold(void)
{
	struct reactor_future *f = SUBMIT(waits_at_gate, 0);

	CHECK(f != NULL);
	until(&shared->begun, 1);
	return f;
}

static struct reactor_outcome
peek(struct reactor_future *f)
{
	struct reactor_outcome outcome;

	reactor_future_peek(f, &outcome);
	return outcome;
}

static int
number_in(const struct reactor_outcome *outcome)
{
	int n;

	CHECK_INT(outcome->state, REACTOR_FINISHED);
	CHECK_INT(outcome->error, 0);
	CHECK_INT(outcome->size, sizeof(n));
	memcpy(&n, outcome->bytes, sizeof(n));
	return n;
}

/* ---- The end of a job ---------------------------------------------------- */

static void
await_simple(void)
{
	struct reactor_outcome outcome;
	struct reactor_future *f;
	int i;

	open_pool(2, 0);
	f = SUBMIT(doubles, 21);
	CHECK(f != NULL);
	CHECK_STR(reactor_future_name(f), "doubles");
	for (i = 0; i < 3; i++) {
		memset(&outcome, 0x55, sizeof(outcome));
		CHECK_INT(task_await_future(f, &outcome), 0);
		CHECK_INT(number_in(&outcome), 42);
		CHECK_STR(outcome.text, "");
		CHECK(outcome.submitted > 0);
		CHECK(outcome.started >= outcome.submitted);
		CHECK(outcome.finished >= outcome.started);
	}
	CHECK_INT(task_await_future(f, NULL), 0);
	close_pool();
	/* It outlives its executor. */
	CHECK_INT(task_await_future(f, &outcome), 0);
	CHECK_INT(number_in(&outcome), 42);
	reactor_future_detach(f);
}

static void
await_error(void)
{
	struct reactor_outcome outcome;
	struct reactor_future *f;

	open_pool(1, 0);
	f = SUBMIT(fails, 3);
	CHECK(f != NULL);
	CHECK_INT(task_await_future(f, &outcome), 0);
	CHECK_INT(outcome.state, REACTOR_FINISHED);
	CHECK_INT(outcome.error, EDOM);
	CHECK_STR(outcome.text, "3 is no number");
	CHECK_INT(outcome.size, 0);
	reactor_future_detach(f);
	f = SUBMIT(fails_plainly, 0);
	CHECK(f != NULL);
	CHECK_INT(task_await_future(f, &outcome), 0);
	CHECK_INT(outcome.error, ENOTDIR);
	CHECK(outcome.text[0] != '\0');
	reactor_future_detach(f);
	close_pool();
}

static void
call_simple(void)
{
	const struct reactor_job_attributes named = { .name = "a name" };
	struct reactor_outcome outcome;
	struct reactor_future *f;
	int n = 4;

	open_pool(1, 0);
	f = task_execute(pool, doubles, &n, sizeof(n), &outcome);
	CHECK(f != NULL);
	CHECK_INT(number_in(&outcome), 8);
	reactor_future_detach(f);
	f = task_execute(pool, fails, &n, sizeof(n), &outcome);
	CHECK(f != NULL);
	CHECK_INT(outcome.error, EDOM);
	reactor_future_detach(f);
	f = task_execute_with(pool, doubles, &n, sizeof(n), &named, NULL);
	CHECK(f != NULL);
	CHECK_STR(reactor_future_name(f), "a name");
	CHECK_INT(peek(f).state, REACTOR_FINISHED);
	reactor_future_detach(f);
	f = task_execute_with(pool, NULL, &n, sizeof(n), &named, &outcome);
	CHECK(f == NULL);
	CHECK_INT(errno, EINVAL);
	close_pool();
}

/* Whatever the job did, and nothing more: its time limit, for one. */
static void
call_limited(void)
{
	const struct reactor_job_attributes brief = { .limit = 5 * LOOP_MS };
	struct reactor_outcome outcome;
	struct reactor_future *f;
	int n = 200;

	open_pool(1, 0);
	f = task_execute_with(pool, sleeps, &n, sizeof(n), &brief, &outcome);
	CHECK(f != NULL);
	CHECK_INT(outcome.error, ETIMEDOUT);
	reactor_future_detach(f);
	close_pool();
}

static intptr_t
ticks(void *unused)
{
	intptr_t n = 0;

	(void)unused;
	while (task_sleep(LOOP_MS) == 0)
		n++;
	CHECK(n >= 3);
	return -1;
}

/* Only the task waits, not the loop. */
static void
await_others_run(void)
{
	struct task *t = tasks_spawn(ticks, 0);
	struct reactor_future *f;
	int n = 50;

	open_pool(1, 0);
	f = task_execute(pool, sleeps, &n, sizeof(n), NULL);
	CHECK(f != NULL);
	reactor_future_detach(f);
	tasks_stop(t);
	close_pool();
}

static intptr_t
awaits_one(void *unused)
{
	struct reactor_outcome outcome;

	(void)unused;
	if (task_await_future(future_one, &outcome) == -1)
		return -1;
	return outcome.error != 0 ? outcome.error : number_in(&outcome);
}

static intptr_t
logs_result(void *letter)
{
	intptr_t result = awaits_one(NULL);

	loop_log((int)(intptr_t)letter);
	return result;
}

static void
await_several(void)
{
	struct task *t[5];
	int i;

	open_pool(1, 0);
	future_one = SUBMIT(waits_at_gate, 3);
	for (i = 0; i < 5; i++)
		t[i] = tasks_spawn(logs_result, 'a' + i);
	tasks_turn();
	gate_open(3);
	for (i = 0; i < 5; i++)
		CHECK_INT(tasks_end(t[i]).result, 6);
	CHECK_STR(loop_said(), "abcde");
	reactor_future_detach(future_one);
	close_pool();
}

/* ---- Cancelled ----------------------------------------------------------- */

/* One that has not begun is cancelled with who waits for it. */
static void
cancel_pending(void)
{
	struct reactor_future *held;
	struct task *t[3];

	open_pool(1, 0);
	held = hold();
	future_one = SUBMIT(doubles, 1);
	t[0] = tasks_spawn(awaits_one, 0);
	t[1] = tasks_spawn(awaits_one, 0);
	t[2] = tasks_spawn(awaits_one, 0);
	tasks_turn();
	tasks_stop(t[1]);
	CHECK_INT(peek(future_one).state, REACTOR_CANCELLED);
	CHECK_INT(tasks_end(t[0]).result, ECANCELED);
	CHECK_INT(tasks_end(t[2]).result, ECANCELED);
	gate_open(0);
	CHECK_INT(task_await_future(held, NULL), 0);
	CHECK_INT(peek(held).error, 0);
	reactor_future_detach(held);
	reactor_future_detach(future_one);
	close_pool();
	CHECK_INT(shared->begun, 1);
}

/* One that runs goes on, and who holds the future gets its result. */
static void
cancel_running(void)
{
	struct reactor_outcome outcome;
	struct task *t[2];

	open_pool(1, 0);
	future_one = SUBMIT(waits_to_be_asked, 0);
	t[0] = tasks_spawn(awaits_one, 0);
	t[1] = tasks_spawn(awaits_one, 0);
	tasks_turn();
	until(&shared->begun, 1);
	tasks_stop(t[0]);
	until(&shared->told, 1);
	CHECK_INT(shared->ended, 0);
	CHECK_INT(peek(future_one).state, REACTOR_RUNNING);
	CHECK_INT(tasks_state(t[1]), TASK_PENDING);
	gate_open(0);
	CHECK_INT(tasks_end(t[1]).result, 7);
	CHECK_INT(task_await_future(future_one, &outcome), 0);
	CHECK_INT(number_in(&outcome), 7);
	reactor_future_detach(future_one);
	close_pool();
}

/* It has ended, and the task is cancelled before the loop has heard of it. */
static void
cancel_ended(void)
{
	struct task_outcome outcome;
	struct task *t;

	open_pool(1, 0);
	future_one = SUBMIT(waits_at_gate, 1);
	t = tasks_spawn(awaits_one, 0);
	tasks_turn();
	until(&shared->begun, 1);
	gate_open(1);
	CHECK_INT(reactor_future_wait(future_one, -1, NULL), 0);
	CHECK_INT(tasks_state(t), TASK_PENDING);
	CHECK_INT(task_cancel(t), 0);
	outcome = tasks_end(t);
	CHECK_INT(outcome.state, TASK_DONE);
	CHECK_INT(outcome.result, 2);
	reactor_future_detach(future_one);
	close_pool();
}

static struct task *victim;

static void
cancel_victim(struct reactor *r, struct reactor_done *done)
{
	(void)r;
	(void)done;
	CHECK_INT(tasks_state(victim), TASK_PENDING);
	CHECK_INT(task_cancel(victim), 0);
}

/* It was told, and is cancelled before its turn. */
static void
cancel_told(void)
{
	struct reactor_done after = { .callback = cancel_victim };
	struct task_outcome outcome;

	open_pool(1, 0);
	future_one = SUBMIT(waits_at_gate, 1);
	victim = tasks_spawn(awaits_one, 0);
	tasks_turn();
	until(&shared->begun, 1);
	after.future = future_one;
	CHECK_INT(reactor_done_start(task_reactor(), &after), 0);
	gate_open(1);
	/* Then both handlers are called in one turn. */
	CHECK_INT(reactor_future_wait(future_one, -1, NULL), 0);
	outcome = tasks_end(victim);
	CHECK_INT(outcome.state, TASK_DONE);
	CHECK_INT(outcome.result, 2);
	reactor_future_detach(future_one);
	close_pool();
}

static intptr_t
awaits_in_vain(void *when)
{
	struct task_scope scope;
	int n;

	CHECK_INT(task_scope_enter(&scope, -1), 0);
	task_scope_cancel(&scope);
	n = task_await_future(future_one, NULL);
	CHECK_INT(n, -1);
	CHECK_INT(errno, ECANCELED);
	CHECK(SUBMIT(doubles, 1) == NULL);
	CHECK_INT(errno, ECANCELED);
	CHECK(task_execute(pool, doubles, &n, sizeof(n), NULL) == NULL);
	CHECK_INT(errno, ECANCELED);
	CHECK_INT(task_scope_leave(&scope), -1);
	CHECK_INT(errno, ECANCELED);
	return (intptr_t)when;
}

/* Who is cancelled already does the same to the job as one who waits. */
static void
cancel_before(void)
{
	struct reactor_future *held;

	open_pool(1, 0);
	held = hold();
	future_one = SUBMIT(doubles, 1);
	CHECK_INT(tasks_end(tasks_spawn(awaits_in_vain, 1)).result, 1);
	CHECK_INT(peek(future_one).state, REACTOR_CANCELLED);
	reactor_future_detach(future_one);
	gate_open(0);
	CHECK_INT(task_await_future(held, NULL), 0);
	reactor_future_detach(held);
	/* What has ended has its result, for others. */
	future_one = SUBMIT(doubles, 5);
	CHECK_INT(task_await_future(future_one, NULL), 0);
	CHECK_INT(tasks_end(tasks_spawn(awaits_in_vain, 1)).result, 1);
	CHECK_INT(awaits_one(NULL), 10);
	reactor_future_detach(future_one);
	close_pool();
	CHECK_INT(shared->begun, 2);
}

static void
cancel_running_before(void)
{
	open_pool(1, 0);
	future_one = SUBMIT(waits_to_be_asked, 0);
	until(&shared->begun, 1);
	gate_open(0);
	CHECK_INT(tasks_end(tasks_spawn(awaits_in_vain, 1)).result, 1);
	CHECK_INT(awaits_one(NULL), 7); /* as it was asked */
	reactor_future_detach(future_one);
	close_pool();
}

static intptr_t
calls_in_vain(void *unused)
{
	int n = 1;

	(void)unused;
	CHECK(task_execute(pool, doubles, &n, sizeof(n), NULL) == NULL);
	return -1;
}

/* Nobody would ever know of the job: it does not run. */
static void
cancel_call(void)
{
	struct reactor_executor_statistics stats;
	struct reactor_future *held;
	struct task *t;

	open_pool(1, 0);
	held = hold();
	t = tasks_spawn(calls_in_vain, 0);
	tasks_turn();
	reactor_executor_stats(pool, &stats);
	CHECK_INT(stats.queued, 1);
	CHECK_INT(task_cancel(t), 0);
	reactor_executor_stats(pool, &stats);
	CHECK_INT(stats.queued, 0);
	CHECK_INT(tasks_end(t).state, TASK_CANCELLED);
	gate_open(0);
	reactor_future_detach(held);
	close_pool();
	CHECK_INT(shared->begun, 1);
}

/* ---- Time-outs ----------------------------------------------------------- */

static void
await_late(struct reactor_future *f)
{
	struct task_scope scope;

	CHECK_INT(task_scope_enter(&scope, 3 * LOOP_MS), 0);
	CHECK_INT(task_await_future(f, NULL), -1);
	CHECK_INT(errno, ECANCELED);
	CHECK_INT(task_await_future(f, NULL), -1);
	CHECK_INT(errno, ECANCELED);
	CHECK_INT(task_scope_leave(&scope), -1);
	CHECK_INT(errno, ETIMEDOUT);
}

static void
late(void)
{
	struct reactor_future *held, *f;
	struct task_scope scope;

	open_pool(1, 0);
	held = hold();
	f = SUBMIT(doubles, 1);
	await_late(f);
	CHECK_INT(peek(f).state, REACTOR_CANCELLED);
	reactor_future_detach(f);
	await_late(held);
	CHECK_INT(peek(held).state, REACTOR_RUNNING);
	gate_open(0);
	/* In time. */
	CHECK_INT(task_scope_enter(&scope, 20 * REACTOR_SECOND), 0);
	CHECK_INT(task_await_future(held, NULL), 0);
	CHECK_INT(task_scope_leave(&scope), 0);
	CHECK_INT(peek(held).error, 0);
	reactor_future_detach(held);
	close_pool();
}

/* A shield keeps the job, too. */
static intptr_t
awaits_shielded(void *unused)
{
	struct task_scope shield;

	(void)unused;
	CHECK_INT(task_scope_shield(&shield, -1), 0);
	CHECK_INT(awaits_one(NULL), 2);
	CHECK_INT(task_scope_leave(&shield), 0);
	return task_yield();
}

static void
shielded(void)
{
	struct reactor_future *held;
	struct task *t;

	open_pool(1, 0);
	held = hold();
	future_one = SUBMIT(doubles, 1);
	t = tasks_spawn(awaits_shielded, 0);
	tasks_turn();
	CHECK_INT(task_cancel(t), 0);
	tasks_turn();
	CHECK_INT(peek(future_one).state, REACTOR_PENDING);
	gate_open(0);
	CHECK_INT(tasks_end(t).state, TASK_CANCELLED);
	reactor_future_detach(future_one);
	reactor_future_detach(held);
	close_pool();
}

/* ---- A full queue -------------------------------------------------------- */

/* Submits a job that logs the letter, as the task does when it could. */
static intptr_t
submits(void *letter)
{
	int n = (int)(intptr_t)letter;
	struct reactor_future *f = task_submit(pool, logs, &n, sizeof(n));
	int error = errno;

	if (f == NULL)
		loop_log(n - 'a' + 'A');
	else
		loop_log(n);
	reactor_future_detach(f);
	errno = error;
	return f == NULL ? -1 : 0;
}

/* The worker is held, the queue is full, and n tasks wait for room. */
static struct reactor_future *
crowd(struct task **t, int n)
{
	struct reactor_future *held, *f;
	int i;

	open_pool(1, 1);
	held = hold();
	f = SUBMIT(logs, '-');
	CHECK(f != NULL);
	reactor_future_detach(f);
	for (i = 0; i < n; i++)
		t[i] = tasks_spawn(submits, 'a' + i);
	tasks_turn();
	CHECK_STR(loop_said(), "");
	return held;
}

static void
uncrowd(struct reactor_future *held)
{
	gate_open(0);
	CHECK_INT(task_await_future(held, NULL), 0);
	reactor_future_detach(held);
}

static void
full_waits(void)
{
	struct reactor_future *held;
	struct task *t[5];
	int i;

	held = crowd(t, 5);
	CHECK_INT(task_sleep(5 * LOOP_MS), 0);
	CHECK_STR(loop_said(), "");
	uncrowd(held);
	for (i = 0; i < 5; i++)
		CHECK_INT(tasks_end(t[i]).state, TASK_DONE);
	close_pool();
	CHECK_STR(loop_said(), "abcde");
	CHECK_STR(shared->text, "-abcde");
}

/* Who comes later does not take the place of who waits. */
static void
full_queue_jumper(void)
{
	struct reactor_future *held;
	struct task *t[4];
	int i;

	held = crowd(t, 3);
	gate_open(0);
	CHECK_INT(reactor_future_wait(held, -1, NULL), 0);
	while (atomic_load(&shared->used) == 0) /* there is room */
		loop_sleep(LOOP_MS / 5);
	t[3] = tasks_spawn(submits, 'z');
	for (i = 0; i < 4; i++)
		CHECK_INT(tasks_end(t[i]).state, TASK_DONE);
	reactor_future_detach(held);
	close_pool();
	CHECK_STR(shared->text, "-abcz");
}

static void
full_try(void)
{
	const struct reactor_job_attributes try = { .flags = REACTOR_TRY };
	struct reactor_outcome outcome;
	struct reactor_future *held;
	int n = 1;

	held = crowd(NULL, 0);
	CHECK(task_submit_with(pool, doubles, &n, sizeof(n), &try) == NULL);
	CHECK_INT(errno, EAGAIN);
	CHECK(task_execute_with(pool, doubles, &n, sizeof(n), &try, &outcome) ==
	    NULL);
	CHECK_INT(errno, EAGAIN);
	uncrowd(held);
	close_pool();
}

static void
full_cancelled(void)
{
	struct reactor_future *held;
	struct task *t[4];
	int i;

	held = crowd(t, 4);
	tasks_stop(t[0]);
	tasks_stop(t[2]);
	uncrowd(held);
	for (i = 1; i < 4; i += 2)
		CHECK_INT(tasks_end(t[i]).state, TASK_DONE);
	close_pool();
	CHECK_STR(loop_said(), "ACbd");
	CHECK_STR(shared->text, "-bd");
}

/* The first is let in, and cancelled before it has heard of that. */
static void
full_cancelled_late(void)
{
	struct reactor_future *held;
	struct task *t[2];

	held = crowd(t, 2);
	gate_open(0);
	while (atomic_load(&shared->used) == 0)
		loop_sleep(LOOP_MS / 5);
	CHECK_INT(task_cancel(t[0]), 0);
	CHECK_INT(tasks_end(t[0]).state, TASK_CANCELLED);
	CHECK_INT(tasks_end(t[1]).state, TASK_DONE);
	reactor_future_detach(held);
	close_pool();
	CHECK_STR(loop_said(), "Ab");
	CHECK_STR(shared->text, "-b");
}

/* The whole scope: nobody is left in line. */
static void
full_late(void)
{
	struct reactor_future *held;
	struct task_scope scope;

	held = crowd(NULL, 0);
	CHECK_INT(task_scope_enter(&scope, 3 * LOOP_MS), 0);
	CHECK(SUBMIT(doubles, 1) == NULL);
	CHECK_INT(errno, ECANCELED);
	CHECK_INT(task_scope_leave(&scope), -1);
	CHECK_INT(errno, ETIMEDOUT);
	uncrowd(held);
	close_pool();
	CHECK_INT(shared->begun, 1);
}

/* A place that a cancelled job leaves is one, too. */
static void
full_job_cancelled(void)
{
	struct reactor_future *held, *f;
	struct task *t;

	open_pool(1, 1);
	held = hold();
	f = SUBMIT(logs, 'x');
	t = tasks_spawn(submits, 'a');
	tasks_turn();
	CHECK_STR(loop_said(), "");
	CHECK_INT(reactor_future_cancel(f), 0);
	CHECK_INT(tasks_end(t).state, TASK_DONE);
	reactor_future_detach(f);
	uncrowd(held);
	close_pool();
	CHECK_STR(shared->text, "a");
}

/* ---- The executor is shut down ------------------------------------------- */

static void
shut_while_full(void)
{
	struct reactor_future *held;
	struct task *t[3];
	int i;

	held = crowd(t, 3);
	CHECK_INT(reactor_executor_shutdown(pool, 0), 0);
	for (i = 0; i < 3; i++)
		CHECK_INT(tasks_end(t[i]).error, ESHUTDOWN);
	CHECK_STR(loop_said(), "ABC");
	CHECK(SUBMIT(logs, 'x') == NULL);
	CHECK_INT(errno, ESHUTDOWN);
	uncrowd(held);
	close_pool();
	CHECK_STR(shared->text, "-"); /* those that were there run */
}

static void
shut_while_pending(void)
{
	struct reactor_future *held;
	struct task *t;

	open_pool(1, 0);
	held = hold();
	future_one = SUBMIT(doubles, 1);
	t = tasks_spawn(awaits_one, 0);
	tasks_turn();
	CHECK_INT(reactor_executor_shutdown(pool, REACTOR_CANCEL), 0);
	CHECK_INT(tasks_end(t).result, ECANCELED);
	CHECK_INT(peek(future_one).state, REACTOR_CANCELLED);
	CHECK_INT(peek(held).state, REACTOR_RUNNING);
	uncrowd(held);
	reactor_future_detach(future_one);
	close_pool();
	CHECK_INT(shared->begun, 1);
}

/* Threads are asked, processes are killed: who waits is told. */
static void
shut_while_running(void)
{
	struct task_outcome outcome;
	struct task *t;

	open_pool(1, 0);
	future_one = SUBMIT(waits_to_be_asked, 0);
	t = tasks_spawn(awaits_one, 0);
	tasks_turn();
	until(&shared->begun, 1);
	gate_open(0);
	CHECK_INT(reactor_executor_shutdown(pool, REACTOR_KILL), 0);
	outcome = tasks_end(t);
	if (strcmp(kind, "threads") == 0)
		CHECK_INT(outcome.result, 7);
	else
		CHECK(outcome.result == EOWNERDEAD || outcome.result == 7);
	reactor_future_detach(future_one);
	close_pool();
}

/* ---- What it looks like -------------------------------------------------- */

static void
dumped(void)
{
	const struct reactor_job_attributes named = { .name = "tea \"for\" 2" };
	struct reactor_future *held;
	struct task *t[2];
	int n = 1;

	open_pool(1, 1);
	held = hold();
	future_one = task_submit_with(pool, doubles, &n, sizeof(n), &named);
	CHECK(future_one != NULL);
	t[0] = tasks_spawn(awaits_one, 0);
	t[1] = tasks_spawn(submits, 'a');
	tasks_turn();
	task_dump(tasks_report, NULL);
	CHECK(tasks_said("waits for the job \"tea \\\"for\\\" 2\""));
	CHECK(tasks_said("waits for room in an executor's queue"));
	tasks_text[tasks_used = 0] = '\0';
	uncrowd(held);
	CHECK_INT(tasks_end(t[0]).result, 2);
	CHECK_INT(tasks_end(t[1]).result, 0);
	reactor_future_detach(future_one);
	close_pool();
}

/* ---- Groups -------------------------------------------------------------- */

static intptr_t
calls(void *number)
{
	int n = (int)(intptr_t)number;
	struct reactor_outcome outcome;
	struct reactor_future *f;

	f = n < 0 ? task_execute(pool, fails, &n, sizeof(n), &outcome)
		  : task_execute(pool, doubles, &n, sizeof(n), &outcome);
	if (f == NULL)
		return -1;
	if (outcome.error == 0)
		n = number_in(&outcome);
	reactor_future_detach(f);
	errno = outcome.error;
	return outcome.error == 0 ? n : -1;
}

static void
gathered(void)
{
	enum { N = 100 };
	struct task_call all[N];
	int i;

	open_pool(3, 5);
	memset(all, 0, sizeof(all));
	for (i = 0; i < N; i++) {
		all[i].function = calls;
		all[i].argument = TASKS_NUMBER(i == 77 ? -1 : i);
	}
	CHECK_INT(task_gather(all, N, TASK_COLLECT), -1);
	for (i = 0; i < N; i++)
		if (i == 77)
			CHECK_INT(all[i].outcome.error, EDOM);
		else
			CHECK_INT(all[i].outcome.result, 2 * i);
	close_pool();
}

/* One fails: what the others asked for is not begun any more. */
static void
group_fails(void)
{
	struct task_failure failure;
	struct reactor_future *held;
	struct task_group group;
	int i;

	open_pool(1, 0);
	held = hold();
	CHECK_INT(task_group_enter(&group, TASK_FAIL_FAST), 0);
	task_detach(task_group_spawn(&group, calls, TASKS_NUMBER(-1)));
	tasks_turn();
	future_one = SUBMIT(waits_at_gate, 1);
	CHECK(future_one != NULL);
	for (i = 0; i < 5; i++) {
		task_detach(task_group_spawn(&group, calls, TASKS_NUMBER(i)));
		task_detach(task_group_spawn(&group, awaits_one, NULL));
	}
	tasks_turn();
	gate_open(0);
	CHECK_INT(task_group_leave(&group, &failure, 1), -1);
	CHECK_INT(failure.error, EDOM);
	gate_open(1); /* it may run by then */
	CHECK_INT(group.failed, 1);
	CHECK_INT(group.cancelled, 10);
	reactor_future_detach(future_one);
	reactor_future_detach(held);
	close_pool();
	CHECK(shared->begun <= 2);
}

/* ---- Several loops, several executors ------------------------------------ */

enum { LOOPS = 3, EACH = 60 };

static intptr_t
loop_main(void *first)
{
	struct task_call all[EACH];
	int i, n = (int)(intptr_t)first;

	memset(all, 0, sizeof(all));
	for (i = 0; i < EACH; i++) {
		all[i].function = calls;
		all[i].argument = TASKS_NUMBER(n + i);
	}
	CHECK_INT(task_gather(all, EACH, TASK_FAIL_FAST), 0);
	for (i = 0; i < EACH; i++)
		CHECK_INT(all[i].outcome.result, 2 * (n + i));
	return 1;
}

static void *
loop_thread(void *first)
{
	CHECK_INT(task_run(loop_main, first, &tasks_options), 1);
	return NULL;
}

static void
shared_by_loops(void)
{
	pthread_t threads[LOOPS];
	int i;

	open_pool(2, 2);
	for (i = 0; i < LOOPS; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, loop_thread,
			      TASKS_NUMBER(1000 * i)),
		    0);
	CHECK_INT(loop_main(TASKS_NUMBER(10000)), 1);
	for (i = 0; i < LOOPS; i++)
		CHECK_INT(pthread_join(threads[i], NULL), 0);
	close_pool();
}

/* A future of this loop's task is awaited in another one. */
static void *
other_awaits(void *unused)
{
	(void)unused;
	CHECK_INT(task_run(awaits_one, NULL, &tasks_options), 2);
	return NULL;
}

static void
awaited_elsewhere(void)
{
	pthread_t thread;

	open_pool(1, 0);
	future_one = SUBMIT(waits_at_gate, 1);
	CHECK_INT(pthread_create(&thread, NULL, other_awaits, NULL), 0);
	until(&shared->begun, 1);
	CHECK_INT(task_sleep(3 * LOOP_MS), 0);
	gate_open(1);
	CHECK_INT(awaits_one(NULL), 2);
	CHECK_INT(pthread_join(thread, NULL), 0);
	reactor_future_detach(future_one);
	close_pool();
}

static void
both_kinds(void)
{
	struct reactor_executor *two[2];
	int i;

	two[0] = open_kind("threads", 1, 0);
	two[1] = open_kind("processes", 1, 0);
	for (i = 0; i < 40; i++) {
		pool = two[i % 2];
		CHECK_INT(calls(TASKS_NUMBER(i)), 2 * i);
	}
	for (i = 0; i < 2; i++) {
		pool = two[i];
		close_pool();
	}
}

/* ---- The end of the run -------------------------------------------------- */

/* What a background task waits for keeps nothing running. */
static intptr_t
leaves_background(void *unused)
{
	struct task_attributes attributes = { .flags = TASK_BACKGROUND };
	struct task *t;

	(void)unused;
	t = task_spawn_with(awaits_one, NULL, &attributes);
	CHECK(t != NULL);
	task_detach(t);
	tasks_turn();
	return 3;
}

static void *
run_background(void *unused)
{
	(void)unused;
	CHECK_INT(task_run(leaves_background, NULL, &tasks_options), 3);
	return NULL;
}

static void
background(void)
{
	pthread_t thread;

	open_pool(1, 0);
	future_one = SUBMIT(waits_to_be_asked, 0);
	until(&shared->begun, 1);
	CHECK_INT(pthread_create(&thread, NULL, run_background, NULL), 0);
	CHECK_INT(pthread_join(thread, NULL), 0);
	CHECK_INT(peek(future_one).state, REACTOR_RUNNING);
	gate_open(0);
	until(&shared->told, 1);
	CHECK_INT(awaits_one(NULL), 7);
	reactor_future_detach(future_one);
	close_pool();
}

/* A child that a task has forked is told that these are not its own. */
static void
forked(void)
{
	struct reactor_future *f;
	int status;
	pid_t pid;

	open_pool(1, 0);
	f = hold();
	pid = fork();
	CHECK(pid != -1);
	if (pid == 0) {
		CHECK_INT(task_await_future(f, NULL), -1);
		CHECK_INT(errno, ECHILD);
		CHECK(SUBMIT(doubles, 1) == NULL);
		CHECK_INT(errno, ECHILD);
		_exit(0);
	}
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
	uncrowd(f);
	close_pool();
}

static void
not_for_others(void)
{
	struct reactor_outcome outcome;
	struct reactor_future *f;
	int n = 2;

	open_pool(1, 0);
	f = reactor_submit(pool, doubles, &n, sizeof(n));
	CHECK(f != NULL);
	CHECK_INT(task_await_future(f, &outcome), -1);
	CHECK_INT(errno, EPERM);
	CHECK(SUBMIT(doubles, 2) == NULL);
	CHECK_INT(errno, EPERM);
	CHECK(task_execute(pool, doubles, &n, sizeof(n), &outcome) == NULL);
	CHECK_INT(errno, EPERM);
	CHECK_INT(reactor_future_wait(f, -1, &outcome), 0);
	CHECK_INT(number_in(&outcome), 4);
	reactor_future_detach(f);
	close_pool();
	CHECK_INT(shared->begun, 1);
}

/* ---- Without memory ------------------------------------------------------ */

/* Nothing is left behind, and to wait takes none. */
static void
lean(void)
{
	struct reactor_future *held, *f = NULL;
	struct reactor_outcome outcome;
	int left, n = 4;

	open_pool(1, 0);
	held = hold();
	CHECK_INT(task_sleep(LOOP_MS), 0); /* there is room for a timer */
	for (left = 0; f == NULL; left++) {
		loop_left = left;
		f = task_submit(pool, doubles, &n, sizeof(n));
		CHECK(f != NULL || errno == ENOMEM);
	}
	CHECK(left > 1);
	future_one = f;
	loop_left = 0;
	await_late(f);
	CHECK_INT(task_await_future(f, &outcome), 0);
	CHECK_INT(outcome.error, ECANCELED);
	loop_left = 1000000;
	reactor_future_detach(f);
	uncrowd(held);
	close_pool();
}

static void
lean_case(void)
{
	loop_left = 1000000;
	reactor_set_allocator(loop_stingy);
	case_run();
}

/* ---- Cancelled at every switch ------------------------------------------- */

enum { CLIENTS = 3, ORDERS = 4 };

static int submitted, got; /* jobs that a task has the future of, or had */

static void
trade_begin(void)
{
	submitted = got = 0;
	memset(shared, 0, sizeof(*shared));
	pool = open_kind("threads", 1, 1);
}

static void
trade_end(void)
{
	struct reactor_executor_statistics stats;

	CHECK_INT(reactor_executor_shutdown(pool, 0), 0);
	while (reactor_executor_stats(pool, &stats),
	    stats.workers > 0 || stats.queued > 0)
		loop_sleep(LOOP_MS / 20);
	CHECK_INT(
	    stats.submitted, stats.succeeded + stats.failed + stats.cancelled);
	CHECK_INT(stats.failed, 0);
	CHECK(got <= (int)stats.succeeded);
	CHECK_INT(shared->begun, stats.succeeded);
	if (!plan.struck)
		CHECK_INT(got, CLIENTS * ORDERS);
	close_pool();
}

/* Two at once, one of which is called, and the results. */
static intptr_t
trades(void *number)
{
	int n = (int)(intptr_t)number, error, result = 0;
	struct reactor_outcome outcome;
	struct reactor_future *f, *g;
	int i;

	for (i = 0; i < ORDERS / 2; i++) {
		f = task_submit(pool, ponders, &n, sizeof(n));
		if (f == NULL)
			return -1;
		submitted++;
		g = task_execute(pool, ponders, &n, sizeof(n), &outcome);
		if (g != NULL) {
			CHECK_INT(number_in(&outcome), 2 * n);
			got++;
		}
		result = task_await_future(f, &outcome);
		error = errno;
		if (result == 0 && outcome.error == 0) {
			CHECK_INT(number_in(&outcome), 2 * n);
			got++;
		}
		CHECK(peek(f).state != REACTOR_PENDING);
		reactor_future_detach(f);
		reactor_future_detach(g);
		errno = error;
		if (g == NULL || result == -1)
			return -1;
	}
	return 0;
}

static intptr_t
trade_main(void *unused)
{
	struct task_group group;
	int i;

	(void)unused;
	plan_begin();
	CHECK_INT(task_group_enter(&group, TASK_COLLECT), 0);
	for (i = 0; i < CLIENTS; i++)
		(void)plan_spawn(&group, trades, TASKS_NUMBER(i + 1));
	plan_watch(&group, CLIENTS);
	return plan_leave(&group);
}

static const struct program trade = { trade_begin, trade_main, trade_end,
	1 + CLIENTS };

static void
struck(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	strike();
}

/* ---- Any which way ------------------------------------------------------- */

static intptr_t
gets_bored(void *number)
{
	int n = (int)(intptr_t)number, i;
	struct reactor_outcome outcome;
	struct reactor_future *f;
	struct task_scope scope;

	for (i = 0; i < 20; i++) {
		CHECK_INT(task_scope_enter(&scope, n * 7919 % 997 * 1000), 0);
		f = task_execute(pool, doubles, &n, sizeof(n), &outcome);
		if (f != NULL && outcome.state == REACTOR_FINISHED)
			CHECK_INT(number_in(&outcome), 2 * n);
		else if (f == NULL)
			CHECK_INT(errno, ECANCELED);
		reactor_future_detach(f);
		if (task_scope_leave(&scope) == -1)
			CHECK_INT(errno, ETIMEDOUT);
		n++;
	}
	return 0;
}

static void
bored(void)
{
	struct reactor_executor_statistics stats;
	struct task *t[50];
	int i;

	open_pool(2, 3);
	for (i = 0; i < 50; i++)
		t[i] = tasks_spawn(gets_bored, i * 20);
	for (i = 0; i < 50; i++)
		CHECK_INT(tasks_end(t[i]).state, TASK_DONE);
	CHECK_INT(calls(TASKS_NUMBER(4)), 8);
	reactor_executor_stats(pool, &stats);
	CHECK_INT(stats.queued, 0);
	CHECK_INT(
	    stats.submitted - stats.cancelled, stats.succeeded + stats.running);
	close_pool();
}

/* ---- All of it ----------------------------------------------------------- */

/* clang-format off */
static const struct test tests[] = {
	BOTH("the end of a job", await_simple),
	BOTH("errors", await_error),
	BOTH("called", call_simple),
	BOTH("called, with a limit", call_limited),
	BOTH("others run meanwhile", await_others_run),
	BOTH("several wait for one", await_several),
	BOTH("cancelled: it has not begun", cancel_pending),
	BOTH("cancelled: it runs", cancel_running),
	BOTH("cancelled: it has ended", cancel_ended),
	BOTH("cancelled: it has ended, and was told", cancel_told),
	BOTH("cancelled before the wait", cancel_before),
	BOTH("cancelled before the wait for one that runs",
	    cancel_running_before),
	BOTH("cancelled: a call", cancel_call),
	BOTH("too late", late),
	BOTH("behind a shield", shielded),
	BOTH("full: waits, in order", full_waits),
	BOTH("full: nobody goes before his turn", full_queue_jumper),
	BOTH("full: does not wait", full_try),
	BOTH("full: cancelled", full_cancelled),
	BOTH("full: let in, then cancelled", full_cancelled_late),
	BOTH("full: too late", full_late),
	BOTH("full: a job is cancelled", full_job_cancelled),
	BOTH("shut down: who waits for room", shut_while_full),
	BOTH("shut down: who waits for a job", shut_while_pending),
	BOTH("shut down: who waits for one that runs", shut_while_running),
	BOTH("in words", dumped),
	BOTH("gathered", gathered),
	BOTH("in a group that fails", group_fails),
	BOTH("shared by loops", shared_by_loops),
	BOTH("awaited in two loops", awaited_elsewhere),
	TASKS("both kinds of executor", both_kinds),
	BOTH("a background task", background),
	BOTH("in a child", forked),
	TEST("only for tasks", not_for_others),
	{ "without memory", lean_case, 0,
	    &(const struct case_of_kind){ { lean }, "threads" } },
	{ "cancelled at every switch", struck, 0, &trade },
	BOTH("bored", bored),
};
/* clang-format on */

TEST_MAIN(tests)
