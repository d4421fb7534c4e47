/*
 * SPDX-License-Identifier: ISC
 *
 * executor_race.c: many jobs, and everything at the same time: each future ends
 * exactly once, no wake-up is lost, and the numbers add up.
 */
#include <sched.h>
#include "test/executor.h"

enum { THREADS = 4 };

/* On a busy machine fewer rounds have to do. */
static int
in_time(int64_t began)
{
	return test_clock() - began < 3 * REACTOR_SECOND / 10;
}

/* So many on threads; on processes, which cost more, fewer. */
static int
rounds(int n)
{
	return (int)(n / test_slow() / (exe_on_threads() ? 1 : 20)) + 1;
}

static void
together(pthread_t *threads, int n, void *(*function)(void *), void *context)
{
	int i;

	for (i = 0; i < n; i++)
		CHECK_INT(
		    pthread_create(&threads[i], NULL, function, context), 0);
}

static void
join(const pthread_t *threads, int n)
{
	int i;

	for (i = 0; i < n; i++)
		CHECK_INT(pthread_join(threads[i], NULL), 0);
}

static unsigned
random_below(unsigned *seed, unsigned n)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % n;
}

static void
spin(unsigned n)
{
	volatile unsigned i = 0;

	while (i < n)
		i = i + 1;
}

/* Every job that was submitted has ended, in one way. */
static void
adds_up(struct reactor_executor *x, uint64_t submitted)
{
	struct reactor_executor_statistics s;

	reactor_executor_stats(x, &s);
	CHECK_INT(s.submitted, submitted);
	CHECK_INT(s.succeeded + s.failed + s.cancelled, submitted);
	CHECK_INT(s.queued, 0);
	CHECK_INT(s.running, 0);
	CHECK_INT(s.failed, 0);
	CHECK_INT(s.succeeded, exe_world->ran);
}

/* ---- Many ---------------------------------------------------------------- */

static void
many(void)
{
	struct reactor_executor *x = exe_open(THREADS);
	struct reactor_future *f[500];
	int64_t began = test_clock();
	int n = rounds(100000), i, k;
	uint64_t total = 0;

	for (k = 0; k < n && (k == 0 || in_time(began)); k += 500) {
		for (i = 0; i < 500; i++)
			f[i] = exe_submit(x, exe_count);
		CHECK_INT(reactor_futures_wait(f, 500, REACTOR_ALL, -1), 500);
		for (i = 0; i < 500; i++)
			exe_good(f[i]);
		total += 500;
	}
	adds_up(x, total);
	exe_close_all(x);
}

/* ---- A wake-up that is lost ---------------------------------------------- */

static void
idle_each_time(void)
{
	struct reactor_executor *x = exe_open(THREADS);
	int64_t began = test_clock();
	unsigned seed = 1;
	int n = rounds(20000), i;

	for (i = 0; i < n && in_time(began); i++) {
		exe_good(exe_submit(x, exe_count));
		spin(random_below(&seed, 3000));
	}
	adds_up(x, (uint64_t)i);
	exe_close_all(x);
}

static void
two_at_once(void)
{
	struct reactor_executor *x = exe_open(2);
	int64_t began = test_clock();
	struct reactor_future *a, *b;
	unsigned seed = 2;
	int n = rounds(20000), i;

	for (i = 0; i < n && in_time(began); i++) {
		a = exe_submit(x, exe_count);
		spin(random_below(&seed, 2000));
		b = exe_submit(x, exe_count);
		exe_good(b);
		exe_good(a);
	}
	adds_up(x, 2 * (uint64_t)i);
	exe_close_all(x);
}

/* ---- Cancelling ---------------------------------------------------------- */

enum { BATCH = 64 };

static struct batch {
	struct reactor_future *future[BATCH];
	struct reactor_done done[BATCH];
	atomic_int cancelled[BATCH], called[BATCH];
	atomic_int turn, arrived, over;
} batch;

static void
cancel_one(int i)
{
	if (reactor_future_cancel(batch.future[i]) == 0)
		batch.cancelled[i] = 1;
	else
		CHECK(errno == EBUSY || errno == EALREADY);
}

/* In each turn they cancel all, each in another order. */
static void *
cancels(void *unused)
{
	unsigned seed = (unsigned)(uintptr_t)&seed, first;
	int turn = 0, i;

	(void)unused;
	for (;;) {
		batch.arrived++;
		while (batch.turn == turn)
			if (batch.over)
				return NULL;
			else
				sched_yield();
		turn++;
		first = random_below(&seed, BATCH);
		for (i = 0; i < BATCH; i++)
			cancel_one((int)((first + (unsigned)i) % BATCH));
	}
}

static void
called(struct reactor *r, struct reactor_done *done)
{
	(void)r;
	CHECK(exe_state(done->future) >= REACTOR_FINISHED);
	batch.called[done - batch.done]++;
}

static void
batch_submit(struct reactor_executor *x)
{
	int i;

	for (i = 0; i < BATCH; i++) {
		batch.cancelled[i] = batch.called[i] = 0;
		memset(&batch.done[i], 0, sizeof(batch.done[i]));
		batch.future[i] = exe_submit(x, exe_count);
		batch.done[i].callback = called;
		batch.done[i].future = batch.future[i];
		CHECK_INT(reactor_done_start(NULL, &batch.done[i]), 0);
	}
}

static void
batch_check(void)
{
	struct reactor_outcome o;
	int i;

	for (i = 0; i < BATCH; i++) {
		o = exe_wait(batch.future[i]);
		EXE_UNTIL(batch.called[i] == 1);
		CHECK_INT(o.state == REACTOR_CANCELLED, batch.cancelled[i]);
		CHECK_INT(o.error, batch.cancelled[i] ? ECANCELED : 0);
		CHECK_INT(o.started == 0, batch.cancelled[i]);
		reactor_done_stop(NULL, &batch.done[i]);
		CHECK_INT(batch.called[i], 1);
		reactor_future_detach(batch.future[i]);
	}
}

static void
cancel_races(void)
{
	struct reactor_executor *x = exe_open(2);
	int64_t began = test_clock();
	pthread_t threads[2];
	int n = rounds(2000), i;

	together(threads, 2, cancels, NULL);
	for (i = 0; i < n && (i == 0 || in_time(began)); i++) {
		EXE_UNTIL(batch.arrived == 2);
		batch.arrived = 0;
		batch_submit(x);
		batch.turn++;
		EXE_UNTIL(batch.arrived == 2); /* they are through */
		batch_check();
	}
	batch.over = 1;
	join(threads, 2);
	adds_up(x, (uint64_t)i * BATCH);
	exe_close_all(x);
}

/* ---- Closing while others cancel ----------------------------------------- */

static void
close_races(void)
{
	int64_t began = test_clock();
	struct reactor_executor *x;
	pthread_t threads[2];
	int n = rounds(200), i;

	exe_begin();
	for (i = 0; i < n && (i == 0 || in_time(began)); i++) {
		batch.turn = batch.arrived = batch.over = 0;
		together(threads, 2, cancels, NULL);
		x = exe_open(2);
		EXE_UNTIL(batch.arrived == 2);
		batch_submit(x);
		batch.turn++;
		if (i % 2)
			CHECK_INT(
			    reactor_executor_shutdown(x, REACTOR_CANCEL), 0);
		exe_close(x);
		EXE_UNTIL(batch.arrived == 4);
		batch.over = 1;
		join(threads, 2);
		for (int k = 0; k < BATCH; k++) {
			CHECK_INT(batch.called[k], 1);
			CHECK(exe_state(batch.future[k]) >= REACTOR_FINISHED);
			reactor_future_detach(batch.future[k]);
		}
	}
	exe_over();
}

/* ---- Handlers that are stopped as the job ends --------------------------- */

static atomic_int calls;

static void
counted(struct reactor *r, struct reactor_done *done)
{
	CHECK(done->data == r);
	calls++;
}

static void
stop_races(void)
{
	struct reactor_executor *x = exe_open(2);
	struct reactor *r = reactor_open(NULL);
	int64_t began = test_clock();
	struct reactor_done done;
	unsigned seed = 3;
	int n = rounds(20000), i, before;

	for (i = 0; i < n && in_time(began); i++) {
		memset(&done, 0, sizeof(done));
		done.future = exe_submit(x, exe_count);
		done.callback = counted;
		done.data = i % 2 ? r : NULL;
		calls = 0;
		spin(random_below(&seed, 3000));
		CHECK_INT(reactor_done_start(done.data, &done), 0);
		spin(random_below(&seed, 3000));
		if (i % 2 && random_below(&seed, 2))
			CHECK(reactor_run_once(r, 0) >= 0);
		reactor_done_stop(done.data, &done);
		before = calls;
		CHECK(before <= 1);
		reactor_future_detach(done.future);
		memset(&done, 0xff, sizeof(done)); /* it is ours again */
		if (i % 64 == 0)
			exe_good(exe_submit(x, exe_count));
		CHECK_INT(calls, before);
	}
	CHECK_INT(reactor_run(r), 0); /* nothing keeps it */
	CHECK_INT(reactor_close(r), 0);
	exe_close_all(x);
}

/* The loop goes away as soon as the handler was called. */
static void
loop_races(void)
{
	struct reactor_executor *x = exe_open(2);
	int64_t began = test_clock();
	int n = rounds(5000), i;

	for (i = 0; i < n && in_time(began); i++) {
		struct reactor *r = reactor_open(NULL);
		struct reactor_done done = { .callback = counted };

		CHECK(r != NULL);
		done.data = r;
		done.future = exe_submit(x, exe_count);
		calls = 0;
		CHECK_INT(reactor_done_start(r, &done), 0);
		while (calls == 0)
			CHECK(reactor_run_once(r, 0) >= 0);
		CHECK_INT(reactor_close(r), 0);
		reactor_future_detach(done.future);
	}
	exe_close_all(x);
}

/* ---- Many at a queue that is full ---------------------------------------- */

static struct reactor_executor *shared;
static int each;

static void *
submits(void *unused)
{
	int64_t began = test_clock();
	int i;

	(void)unused;
	for (i = 0; i < each && (i == 0 || in_time(began)); i++) {
		reactor_future_detach(exe_submit(shared, exe_count));
		exe_world->n[0]++;
	}
	return NULL;
}

static void
room_for(struct reactor *r, struct reactor_room *room)
{
	struct reactor_job_attributes try = { .flags = REACTOR_TRY };
	struct reactor_future *f;

	while (exe_world->n[1] < each / 2) {
		f = reactor_submit_with(shared, exe_count, NULL, 0, &try);
		if (f == NULL) {
			CHECK_INT(errno, EAGAIN);
			CHECK_INT(reactor_room_start(r, room), 0);
			return;
		}
		reactor_future_detach(f);
		exe_world->n[1]++;
	}
	CHECK_INT(reactor_room_start(r, room + 1), 0);
	reactor_room_stop(r, room + 1);
}

static void *
runs_loop(void *unused)
{
	struct reactor *r = reactor_open(NULL);
	struct reactor_room room[2];

	(void)unused;
	memset(room, 0, sizeof(room));
	room[0].callback = room[1].callback = room_for;
	room[0].executor = room[1].executor = shared;
	CHECK_INT(reactor_room_start(r, room), 0);
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(reactor_close(r), 0);
	return NULL;
}

static void
full_queue(void)
{
	struct reactor_executor_options options = { .workers = 2, .queue = 3 };
	pthread_t threads[THREADS], loops[2];

	shared = exe_open_with(&options);
	each = rounds(5000);
	together(threads, THREADS, submits, NULL);
	together(loops, 2, runs_loop, NULL);
	join(threads, THREADS);
	join(loops, 2);
	EXE_UNTIL(exe_world->ran == exe_world->n[0] + exe_world->n[1]);
	exe_close_all(shared);
	CHECK(exe_world->n[0] >= THREADS);
	CHECK(exe_world->n[1] >= each / 2);
}

/* ---- Several executors, several loops ------------------------------------ */

static struct reactor_executor *pools[2];

struct client {
	struct reactor_done done;
	unsigned seed;
	int left;
};

static void
client_next(struct reactor *r, struct client *c)
{
	c->done.future =
	    exe_submit(pools[random_below(&c->seed, 2)], exe_count);
	if (random_below(&c->seed, 4) == 0)
		(void)reactor_future_cancel(c->done.future);
	CHECK_INT(reactor_done_start(r, &c->done), 0);
}

static void
client_called(struct reactor *r, struct reactor_done *done)
{
	struct client *c = (struct client *)done;

	reactor_future_detach(done->future);
	exe_world->n[0]++;
	if (--c->left > 0)
		client_next(r, c);
}

static void *
serves(void *unused)
{
	struct reactor *r = reactor_open(NULL);
	struct client clients[5];
	int i;

	(void)unused;
	memset(clients, 0, sizeof(clients));
	for (i = 0; i < 5; i++) {
		clients[i].done.callback = client_called;
		clients[i].seed = (unsigned)i;
		clients[i].left = each;
		client_next(r, &clients[i]);
	}
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(reactor_close(r), 0);
	return NULL;
}

static void
several_loops(void)
{
	struct reactor_executor_options other = { .kind = "threads",
		.workers = 2 };
	struct reactor_executor_statistics a, b;
	pthread_t threads[3];

	pools[0] = exe_open(2);
	pools[1] = exe_open_with(&other);
	each = rounds(1000);
	together(threads, 3, serves, NULL);
	join(threads, 3);
	CHECK_INT(exe_world->n[0], 3 * 5 * each);
	reactor_executor_stats(pools[0], &a);
	reactor_executor_stats(pools[1], &b);
	CHECK_INT(a.submitted + b.submitted, 3 * 5 * each);
	CHECK_INT(a.succeeded + b.succeeded, exe_world->ran);
	CHECK_INT(a.succeeded + b.succeeded + a.cancelled + b.cancelled,
	    3 * 5 * each);
	exe_close(pools[0]);
	exe_close_all(pools[1]);
}

/* ---- Waiting with time-outs ---------------------------------------------- */

static void *
waits(void *unused)
{
	unsigned seed = (unsigned)(uintptr_t)&seed;
	int64_t began = test_clock();
	struct reactor_future *f[3];
	int i, k;

	(void)unused;
	for (i = 0; i < each && in_time(began); i++) {
		for (k = 0; k < 3; k++)
			f[k] = exe_submit(shared, exe_count);
		CHECK(reactor_futures_wait(f, 3, (int)random_below(&seed, 3),
			  random_below(&seed, 20000)) >= 0);
		if (reactor_future_wait(
			f[0], random_below(&seed, 20000), NULL) == -1)
			CHECK_INT(errno, ETIMEDOUT);
		for (k = 0; k < 3; k++)
			exe_good(f[k]);
	}
	return NULL;
}

static void
wait_races(void)
{
	pthread_t threads[THREADS];

	shared = exe_open(2);
	each = rounds(2000);
	together(threads, THREADS, waits, NULL);
	join(threads, THREADS);
	exe_close_all(shared);
}

/* ---- Workers that come and go -------------------------------------------- */

static int
exits(struct reactor_job *job)
{
	(void)job;
	exe_world->n[0]++;
	pthread_exit(NULL);
}

static void
exit_races(void)
{
	struct reactor_executor *x = exe_open(3);
	struct reactor_executor_statistics s;
	struct reactor_future *f[30];
	int64_t began = test_clock();
	int n = rounds(100), i, k;

	for (i = 0; i < n && in_time(began); i++) {
		for (k = 0; k < 30; k++)
			f[k] = exe_submit(x, k % 3 ? exe_count : exits);
		for (k = 0; k < 30; k++)
			exe_ends(
			    f[k], REACTOR_FINISHED, k % 3 ? 0 : EOWNERDEAD);
	}
	reactor_executor_stats(x, &s);
	CHECK_INT(s.failed, exe_world->n[0]);
	CHECK_INT(s.died, exe_world->n[0]);
	CHECK_INT(s.succeeded, exe_world->ran);
	exe_close_all(x);
}

static int
short_or_long(struct reactor_job *job)
{
	unsigned n;

	memcpy(&n, job->argument, sizeof(n));
	exe_sleep(n % 5 == 0 ? 2 * EXE_MS : 0);
	return 0;
}

static void
limit_races(void)
{
	struct reactor_executor_options options = { .workers = 3,
		.limit = 2 * EXE_MS };
	struct reactor_executor *x = exe_open_with(&options);
	struct reactor_executor_statistics s;
	struct reactor_future *f[30];
	int64_t began = test_clock();
	uint64_t total = 0;
	unsigned k;

	while (in_time(began)) {
		for (k = 0; k < 30; k++)
			f[k] = exe_submitted(
			    reactor_submit(x, short_or_long, &k, sizeof(k)));
		for (k = 0; k < 30; k++) {
			struct reactor_outcome o = exe_wait(f[k]);

			CHECK(o.error == 0 || o.error == ETIMEDOUT);
			reactor_future_detach(f[k]);
		}
		total += 30;
	}
	EXE_UNTIL((reactor_executor_stats(x, &s), s.overrun == 0));
	CHECK_INT(s.succeeded + s.failed, total);
	CHECK_INT(s.running, 0);
	CHECK(s.workers <= 3);
	exe_close_all(x);
}

static const struct test tests[] = {
	TESTS_BOTH("many jobs", many),
	TESTS_BOTH("a job for an idle pool, many times", idle_each_time),
	TESTS_BOTH("two jobs for a nearly idle pool", two_at_once),
	TESTS_BOTH("cancel against start and end", cancel_races),
	TESTS_BOTH("close against cancel", close_races),
	TESTS_BOTH("stop of a handler against the end", stop_races),
	TESTS_BOTH("the end of a loop against its handler", loop_races),
	TESTS_BOTH("many at a full queue", full_queue),
	TESTS_BOTH("several loops share several executors", several_loops),
	TESTS_BOTH("waits against the end", wait_races),
	TEST_THREADS("jobs that end their threads", exit_races),
	TEST_THREADS("limits against the end", limit_races),
};
TEST_MAIN(tests)
