/*
 * SPDX-License-Identifier: ISC
 *
 * executor_future.c: what Python's futures promise, a case for each promise,
 * and where these are better: to be cancelled is to have ended, at once.
 */
#include "test/executor.h"

/* ---- States -------------------------------------------------------------- */

static void
states(void)
{
	struct reactor_executor *x = exe_open(1);
	struct reactor_future *a = exe_submit(x, exe_hold);
	struct reactor_future *b = exe_submit(x, exe_count);
	struct reactor_future *c = exe_submit(x, exe_count);
	struct reactor_outcome o;

	EXE_UNTIL(exe_world->running);
	CHECK_INT(exe_state(a), REACTOR_RUNNING);
	CHECK_INT(exe_state(b), REACTOR_PENDING);
	reactor_future_peek(b, &o);
	CHECK(o.submitted > 0 && o.started == 0 && o.finished == 0);
	CHECK_STR(o.text, "");
	CHECK_INT(reactor_future_cancel(c), 0);
	reactor_future_peek(c, &o);
	CHECK_INT(o.state, REACTOR_CANCELLED);
	CHECK(o.started == 0 && o.finished >= o.submitted);
	CHECK(o.text[0] != '\0');
	exe_open_gate();
	exe_good(a);
	exe_good(b);
	exe_ends(c, REACTOR_CANCELLED, ECANCELED);
	exe_close_all(x);
	CHECK_INT(exe_world->ran, 2);
}

static void
cancel_says(struct reactor_future *f, int error)
{
	errno = 0;
	CHECK_INT(reactor_future_cancel(f), error == 0 ? 0 : -1);
	CHECK_INT(errno, error);
}

static void
cancel(void)
{
	struct reactor_executor *x = exe_open(1);
	struct reactor_future *a = exe_submit(x, exe_polite);
	struct reactor_future *b = exe_submit(x, exe_count);

	EXE_UNTIL(exe_world->running);
	cancel_says(b, 0);
	cancel_says(b, 0);
	cancel_says(a, EBUSY);
	exe_ends(a, REACTOR_FINISHED, EINTR);
	cancel_says(b, 0);
	a = exe_submit(x, exe_count);
	exe_wait(a);
	cancel_says(a, EALREADY);
	exe_good(a);
	exe_ends(b, REACTOR_CANCELLED, ECANCELED);
	exe_close_all(x);
	CHECK_INT(exe_world->ran, 1);
}

static void *
waits(void *future)
{
	struct reactor_outcome outcome = exe_wait(future);

	CHECK_INT(outcome.state, REACTOR_CANCELLED);
	exe_world->n[0]++;
	return NULL;
}

static pthread_t canceller;

static void
done_here(struct reactor *r, struct reactor_done *done)
{
	CHECK(r == NULL);
	CHECK_INT(exe_state(done->future), REACTOR_CANCELLED);
	CHECK(pthread_equal(pthread_self(), canceller));
	exe_world->n[1]++;
}

static void
cancel_wakes(void)
{
	struct reactor_executor *x = exe_open(1);
	struct reactor_future *a = exe_plug(x), *b = exe_submit(x, exe_count);
	struct reactor_done done = { .callback = done_here, .future = b };
	pthread_t thread[2];
	int i;

	canceller = pthread_self();
	for (i = 0; i < 2; i++)
		CHECK_INT(pthread_create(&thread[i], NULL, waits, b), 0);
	CHECK_INT(reactor_done_start(NULL, &done), 0);
	exe_sleep(5 * EXE_MS);
	cancel_says(b, 0);
	CHECK_INT(exe_world->n[1], 1);
	for (i = 0; i < 2; i++)
		CHECK_INT(pthread_join(thread[i], NULL), 0);
	CHECK_INT(exe_world->n[0], 2);
	exe_open_gate();
	exe_good(a);
	exe_ends(b, REACTOR_CANCELLED, ECANCELED);
	exe_close_all(x);
}

/* ---- Results ------------------------------------------------------------- */

static void
result(void)
{
	struct reactor_executor *x = exe_open(1);
	struct reactor_future *f = exe_plug(x);
	struct reactor_outcome o;

	CHECK_INT(reactor_future_wait(f, 0, &o), -1);
	CHECK_INT(errno, ETIMEDOUT);
	CHECK_INT(o.state, REACTOR_RUNNING);
	CHECK_INT(reactor_future_wait(f, 2 * EXE_MS, NULL), -1);
	CHECK_INT(errno, ETIMEDOUT);
	CHECK_INT(exe_state(f), REACTOR_RUNNING);
	exe_open_gate();
	CHECK_INT(reactor_future_wait(f, -1, NULL), 0);
	CHECK_INT(reactor_future_wait(f, 0, &o), 0);
	CHECK_INT(o.error, 0);
	exe_good(f);
	f = reactor_submit(x, exe_echo, "abc", 4);
	CHECK_STR(exe_wait(f).bytes, "abc");
	CHECK_INT(reactor_future_wait(f, INT64_MAX, &o), 0);
	CHECK_STR(o.bytes, "abc");
	reactor_future_detach(f);
	f = exe_submit(x, exe_fails);
	CHECK_STR(exe_wait(f).text, "it is too much");
	exe_ends(f, REACTOR_FINISHED, ERANGE);
	exe_close_all(x);
}

/* ---- Handlers ------------------------------------------------------------ */

static char noted[64];

static void
note(struct reactor *r, struct reactor_done *done)
{
	size_t n = strlen(noted);

	CHECK(done->data != NULL || r == NULL);
	CHECK(exe_state(done->future) >= REACTOR_FINISHED);
	noted[n] = done->post.event.name[0];
	exe_world->n[0]++;
}

static void
handler(struct reactor_done *done, struct reactor_future *f, const char *name)
{
	memset(done, 0, sizeof(*done));
	done->callback = note;
	done->future = f;
	done->post.event.name = name;
}

static void
handlers_without_loop(void)
{
	struct reactor_executor *x = exe_open(1);
	struct reactor_future *f = exe_plug(x);
	struct reactor_done a, b, c, d;

	handler(&a, f, "a");
	handler(&b, f, "b");
	handler(&c, f, "c");
	handler(&d, f, "d");
	CHECK_INT(reactor_done_start(NULL, &a), 0);
	CHECK_INT(reactor_done_start(NULL, &a), -1);
	CHECK_INT(errno, EBUSY);
	CHECK_INT(reactor_done_start(NULL, &b), 0);
	CHECK_INT(reactor_done_start(NULL, &c), 0);
	CHECK_INT(reactor_done_start(NULL, &d), 0);
	reactor_done_stop(NULL, &b);
	reactor_done_stop(NULL, &b);
	exe_open_gate();
	EXE_UNTIL(exe_world->n[0] == 3);
	exe_good(f);
	exe_close_all(x);
	CHECK_STR(noted, "acd");
}

static void
handlers_on_a_loop(void)
{
	struct reactor *r = reactor_open(NULL);
	struct reactor_executor *x = exe_open(1);
	struct reactor_future *f = exe_plug(x);
	struct reactor_done a, b, c;

	handler(&a, f, "a");
	handler(&b, f, "b");
	handler(&c, f, "c");
	a.data = b.data = c.data = r;
	CHECK_INT(reactor_done_start(r, &a), 0);
	CHECK_INT(reactor_done_start(r, &a), -1);
	CHECK_INT(errno, EBUSY);
	CHECK_INT(reactor_done_start(r, &b), 0);
	CHECK_INT(reactor_done_start(r, &c), 0);
	reactor_done_stop(r, &b);
	reactor_done_stop(r, &b);
	CHECK_INT(reactor_run_once(r, 0), 0);
	exe_open_gate();
	CHECK_INT(reactor_run(r), 0); /* they keep it running */
	CHECK_STR(noted, "ac");
	exe_good(f);
	exe_close(x);
	CHECK_INT(reactor_close(r), 0);
	exe_over();
}

static void
handlers_too_late(void)
{
	struct reactor *r = reactor_open(NULL);
	struct reactor_executor *x = exe_open(1);
	struct reactor_future *f = exe_submit(x, exe_count);
	struct reactor_done a, b, c;

	exe_wait(f);
	handler(&a, f, "a");
	handler(&b, f, "b");
	handler(&c, f, "c");
	b.data = c.data = r;
	CHECK_INT(reactor_done_start(NULL, &a), 0);
	CHECK_STR(noted, "a"); /* at once */
	CHECK_INT(reactor_done_start(r, &b), 0);
	CHECK_STR(noted, "a");
	CHECK_INT(reactor_done_start(r, &c), 0);
	reactor_done_stop(r, &c); /* it is sent, and stopped all the same */
	CHECK_INT(reactor_run(r), 0);
	CHECK_STR(noted, "ab");
	CHECK_INT(reactor_done_start(NULL, &a), 0); /* anew */
	CHECK_STR(noted, "aba");
	exe_good(f);
	exe_close(x);
	CHECK_INT(reactor_close(r), 0);
	exe_over();
}

/* A handler may free itself and the last reference of others. */
static void
frees(struct reactor *r, struct reactor_done *done)
{
	(void)r;
	reactor_future_detach(done->future);
	exe_world->n[0]++;
	free(done);
}

static void
handlers_free(void)
{
	struct reactor *r = reactor_open(NULL);
	struct reactor_executor *x = exe_open(1);
	struct reactor_done *done;
	int i;

	for (i = 0; i < 20; i++) {
		CHECK((done = calloc(1, sizeof(*done))) != NULL);
		done->callback = frees;
		done->future = exe_submit(x, exe_count);
		CHECK_INT(reactor_done_start(i % 2 ? r : NULL, done), 0);
	}
	CHECK_INT(reactor_run(r), 0);
	EXE_UNTIL(exe_world->n[0] == 20);
	exe_close(x);
	CHECK_INT(reactor_close(r), 0);
	exe_over();
}

/* ---- A handler that is stopped while it is called ------------------------ */

static void
slow(struct reactor *r, struct reactor_done *done)
{
	(void)r;
	(void)done;
	exe_world->n[0] = 1;
	exe_sleep(30 * EXE_MS);
	exe_world->n[1] = 1;
}

static void
stop_elsewhere(void)
{
	struct reactor_executor *x = exe_open(1);
	struct reactor_future *f = exe_plug(x);
	struct reactor_done done = { .callback = slow, .future = f };

	CHECK_INT(reactor_done_start(NULL, &done), 0);
	exe_open_gate();
	EXE_UNTIL(exe_world->n[0]);
	reactor_done_stop(NULL, &done);
	CHECK_INT(exe_world->n[1], 1);
	exe_good(f);
	exe_close_all(x);
}

static void
stops_itself(struct reactor *r, struct reactor_done *done)
{
	reactor_done_stop(r, done);
	exe_world->n[0]++;
}

static void
stop_inside(void)
{
	struct reactor *r = reactor_open(NULL);
	struct reactor_executor *x = exe_open(1);
	struct reactor_future *f = exe_plug(x);
	struct reactor_done a = { .callback = stops_itself, .future = f };
	struct reactor_done b = { .callback = stops_itself, .future = f };

	CHECK_INT(reactor_done_start(NULL, &a), 0);
	CHECK_INT(reactor_done_start(r, &b), 0);
	exe_open_gate();
	CHECK_INT(reactor_run(r), 0);
	EXE_UNTIL(exe_world->n[0] == 2);
	exe_good(f);
	exe_close(x);
	CHECK_INT(reactor_close(r), 0);
	exe_over();
}

static pthread_t starter;

static void
who(struct reactor *r, struct reactor_done *done)
{
	(void)r;
	if (done->post.event.name[0] == 'a') {
		exe_world->n[0] = 1;
		EXE_UNTIL(exe_world->n[1]);
	} else if (pthread_equal(pthread_self(), starter)) {
		exe_world->n[2]++; /* of whom another thread should take care */
	}
	exe_world->n[3]++;
}

/* One started before the end is not for who starts another after it. */
static void
late_handler_alone(void)
{
	struct reactor_executor *x = exe_open(1);
	struct reactor_future *f = exe_plug(x);
	struct reactor_done a, b, c;

	handler(&a, f, "a");
	handler(&b, f, "b");
	handler(&c, f, "c");
	a.callback = b.callback = who;
	starter = pthread_self();
	CHECK_INT(reactor_done_start(NULL, &a), 0);
	CHECK_INT(reactor_done_start(NULL, &b), 0);
	exe_open_gate();
	EXE_UNTIL(exe_world->n[0] == 1);
	CHECK_INT(reactor_done_start(NULL, &c), 0);
	CHECK_INT(exe_world->n[2], 0);
	exe_world->n[1] = 1;
	EXE_UNTIL(exe_world->n[3] == 2);
	EXE_UNTIL(noted[0] == 'c');
	exe_good(f);
	exe_close_all(x);
}

/* ---- Waiting for several ------------------------------------------------- */

static void
wait_says(struct reactor_future **f, size_t n, int until, int64_t timeout,
    int result_expected)
{
	CHECK_INT(reactor_futures_wait(f, n, until, timeout), result_expected);
}

static void
wait_arguments(void)
{
	struct reactor_executor *x = exe_open(1);
	struct reactor_future *f[] = { exe_submit(x, exe_count) };

	wait_says(f, 0, REACTOR_FIRST, -1, 0);
	wait_says(f, 0, REACTOR_ALL, -1, 0);
	wait_says(f, 1, REACTOR_ALL + 1, -1, -1);
	CHECK_INT(errno, EINVAL);
	wait_says(f, 1, -1, -1, -1);
	CHECK_INT(errno, EINVAL);
	wait_says(f, (size_t)INT32_MAX + 1, REACTOR_ALL, -1, -1);
	CHECK_INT(errno, EINVAL);
	exe_good(f[0]);
	exe_close_all(x);
}

static void
wait_duplicates(void)
{
	struct reactor_executor *x = exe_open(2);
	struct reactor_future *a = exe_plug(x), *b = exe_submit(x, exe_count);
	struct reactor_future *f[] = { a, b, a, b, b, a };

	exe_wait(b);
	wait_says(f, 6, REACTOR_FIRST, -1, 1);
	wait_says(f, 6, REACTOR_ALL, 0, 1);
	wait_says(f, 6, REACTOR_ALL, 2 * EXE_MS, 1);
	exe_open_gate();
	wait_says(f, 6, REACTOR_ALL, -1, 2);
	exe_good(a);
	exe_good(b);
	exe_close_all(x);
}

static void
wait_first(void)
{
	struct reactor_executor *x = exe_open(2);
	struct reactor_future *f[] = { exe_plug(x), NULL, exe_plug(x) };

	f[1] = exe_submit(x, exe_count);
	wait_says(f, 3, REACTOR_FIRST, 0, 0);
	wait_says(f, 3, REACTOR_FIRST, EXE_MS, 0); /* is no error */
	cancel_says(f[1], 0);
	wait_says(f, 3, REACTOR_FIRST, -1, 1);
	exe_open_gate();
	exe_good(f[0]);
	exe_good(f[2]);
	wait_says(f + 1, 1, REACTOR_FIRST, -1, 1);
	exe_ends(f[1], REACTOR_CANCELLED, ECANCELED);
	exe_close_all(x);
}

static void
wait_first_error(void)
{
	struct reactor_executor *x = exe_open(2);
	struct reactor_future *f[4];

	f[0] = exe_plug(x);
	f[1] = exe_submit(x, exe_count);
	exe_wait(f[1]);
	f[2] = exe_submit(x, exe_fails);
	exe_wait(f[2]);
	wait_says(f, 2, REACTOR_FIRST_ERROR, EXE_MS, 1);
	wait_says(f, 3, REACTOR_FIRST_ERROR, -1, 2);
	/* To be cancelled is no error. */
	f[3] = exe_plug(x);
	reactor_future_detach(f[2]);
	f[2] = exe_submit(x, exe_count);
	cancel_says(f[2], 0);
	wait_says(f, 4, REACTOR_FIRST_ERROR, EXE_MS, 2);
	exe_open_gate();
	wait_says(f, 4, REACTOR_FIRST_ERROR, -1, 4);
	exe_good(f[0]);
	exe_good(f[1]);
	exe_ends(f[2], REACTOR_CANCELLED, ECANCELED);
	exe_good(f[3]);
	exe_close_all(x);
}

/* Python would wait here until the worker came across it. */
static void
cancelled_has_ended(void)
{
	struct reactor_executor *x = exe_open(1);
	struct reactor_future *a = exe_plug(x), *f[3];
	struct reactor_series *series;
	int i;

	for (i = 0; i < 3; i++) {
		f[i] = exe_submit(x, exe_count);
		cancel_says(f[i], 0);
	}
	CHECK_INT(reactor_future_wait(f[0], -1, NULL), 0);
	wait_says(f, 3, REACTOR_ALL, -1, 3);
	series = reactor_series_open(f, 3, -1);
	CHECK(series != NULL);
	reactor_series_close(series);
	for (i = 0; i < 3; i++)
		exe_ends(f[i], REACTOR_CANCELLED, ECANCELED);
	CHECK_INT(exe_state(a), REACTOR_RUNNING);
	exe_open_gate();
	exe_good(a);
	exe_close_all(x);
	CHECK_INT(exe_world->ran, 1);
}

static void
wait_across(void)
{
	struct reactor_executor_options other = { .kind = "threads" };
	struct reactor_executor *x = exe_open(1), *y = exe_open_with(&other);
	struct reactor_future *f[] = { exe_plug(x), exe_submit(y, exe_count) };

	wait_says(f, 2, REACTOR_FIRST, -1, 1);
	CHECK(exe_state(f[0]) == REACTOR_RUNNING);
	exe_open_gate();
	wait_says(f, 2, REACTOR_ALL, -1, 2);
	exe_good(f[0]);
	exe_good(f[1]);
	exe_close(x);
	exe_close_all(y);
}

/* ---- Workers ------------------------------------------------------------- */

static void
workers_as_needed(void)
{
	struct reactor_executor *x = exe_open(3);
	struct reactor_worker_info list[3];
	struct reactor_future *f[5];
	int i;

	CHECK_INT(reactor_executor_workers(x, list, 3), 0);
	for (i = 0; i < 5; i++) {
		exe_good(exe_submit(x, exe_count));
		EXE_UNTIL(reactor_executor_workers(x, list, 3) > 0 &&
		    list[0].state == REACTOR_IDLE);
	}
	CHECK_INT(reactor_executor_workers(x, list, 3), 1);
	CHECK_INT(list[0].jobs, 5);
	for (i = 0; i < 5; i++)
		f[i] = exe_submit(x, exe_hold);
	EXE_UNTIL(exe_world->running == 3);
	CHECK_INT(reactor_executor_workers(x, list, 3), 3);
	exe_open_gate();
	for (i = 0; i < 5; i++)
		exe_good(f[i]);
	exe_close_all(x);
}

static int
in_order(struct reactor_job *job)
{
	int i;

	memcpy(&i, job->argument, sizeof(i));
	CHECK_INT(exe_world->n[0]++, i);
	return 0;
}

static void
first_come(void)
{
	struct reactor_executor *x = exe_open(1);
	struct reactor_future *a = exe_plug(x), *f[20];
	int i;

	for (i = 0; i < 20; i++)
		f[i] =
		    exe_submitted(reactor_submit(x, in_order, &i, sizeof(i)));
	exe_open_gate();
	exe_good(a);
	for (i = 0; i < 20; i++)
		exe_good(f[i]);
	exe_close_all(x);
}

static const struct test tests[] = {
	TESTS_BOTH("states", states),
	TESTS_BOTH("cancel", cancel),
	TESTS_BOTH(
	    "cancel wakes, and calls in the canceller's thread", cancel_wakes),
	TESTS_BOTH("result and time-out", result),
	TESTS_BOTH("done: in order, without a loop", handlers_without_loop),
	TESTS_BOTH("done: in order, on a loop", handlers_on_a_loop),
	TESTS_BOTH("done: after the end", handlers_too_late),
	TESTS_BOTH("done: frees itself", handlers_free),
	TESTS_BOTH("done: stop waits for a call elsewhere", stop_elsewhere),
	TESTS_BOTH("done: stop in its own call", stop_inside),
	TESTS_BOTH("done: a late one calls no others", late_handler_alone),
	TESTS_BOTH("wait: arguments", wait_arguments),
	TESTS_BOTH("wait: each counts once", wait_duplicates),
	TESTS_BOTH("wait: the first", wait_first),
	TESTS_BOTH("wait: the first error", wait_first_error),
	TESTS_BOTH("wait: cancelled is ended, at once", cancelled_has_ended),
	TESTS_BOTH("wait: on several executors", wait_across),
	TESTS_BOTH("workers start as jobs come", workers_as_needed),
	TESTS_BOTH("first come, first served", first_come),
};
TEST_MAIN(tests)
