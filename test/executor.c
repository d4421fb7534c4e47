/*
 * SPDX-License-Identifier: ISC
 *
 * executor.c: the life of an executor: it is opened, used, looked at, shut down
 * in every state, and closed.
 */
#include "test/executor.h"

static void
submit_fails(struct reactor_executor *x, int error)
{
	CHECK(reactor_submit(x, exe_count, NULL, 0) == NULL);
	CHECK_INT(errno, error);
}

/* ---- Opening ------------------------------------------------------------- */

static void
kind_is(const char *kind, const char *environment, const char *expected)
{
	struct reactor_executor_options options = { .kind = kind };
	struct reactor_executor *x;

	exe_begin();
	if (environment != NULL)
		CHECK_INT(setenv("REACTOR_EXECUTOR", environment, 1), 0);
	else
		CHECK_INT(unsetenv("REACTOR_EXECUTOR"), 0);
	x = reactor_executor_open(kind != NULL ? &options : NULL);
	CHECK(x != NULL);
	CHECK_STR(reactor_executor_error(), "");
	CHECK_STR(reactor_executor_kind(x), expected);
	exe_good(exe_submit(x, exe_count));
	exe_close(x);
}

static void
kinds(void)
{
	kind_is(NULL, NULL, "threads");
	kind_is(NULL, "", "threads");
	kind_is("", NULL, "threads");
	kind_is("processes", NULL, "processes");
	kind_is(NULL, "processes", "processes");
	kind_is("threads", "processes", "threads");
	kind_is("processes", "threads", "processes");
	kind_is("processes, threads", NULL, "processes");
	CHECK_INT(exe_world->ran, 8);
	exe_over();
}

static void
kind_unknown(const char *kind, const char *environment)
{
	struct reactor_executor_options options = { .kind = kind };

	if (environment != NULL)
		CHECK_INT(setenv("REACTOR_EXECUTOR", environment, 1), 0);
	CHECK(reactor_executor_open(&options) == NULL);
	CHECK_INT(errno, EINVAL);
	CHECK(strstr(reactor_executor_error(), "fibers") != NULL);
	CHECK(strstr(reactor_executor_error(), "threads") != NULL);
	CHECK(strstr(reactor_executor_error(), "processes") != NULL);
}

static void
unknown_kinds(void)
{
	kind_unknown("fibers", NULL);
	kind_unknown("fibers, threads", NULL);
	kind_unknown(NULL, "fibers");
	exe_over();
}

static void
list_of_kinds(void)
{
	struct reactor_executor_info list[4];

	CHECK_INT(reactor_executors(NULL, 0), 2);
	memset(list, 1, sizeof(list));
	CHECK_INT(reactor_executors(list, 1), 2);
	CHECK_STR(list[0].name, "threads");
	CHECK_INT(reactor_executors(list, 4), 2);
	CHECK_STR(list[1].name, "processes");
	CHECK_INT(list[0].available, 1);
	CHECK(list[0].reason == NULL);
	CHECK_INT(list[0].error, 0);
}

static void
bad(struct reactor_executor_options options)
{
	options.kind = test_case->data;
	CHECK(reactor_executor_open(&options) == NULL);
	CHECK_INT(errno, EINVAL);
	CHECK(strstr(reactor_executor_error(), options.kind) != NULL);
}

static void
bad_options(void)
{
	bad((struct reactor_executor_options){ .flags = 1u << 5 });
	bad((struct reactor_executor_options){ .limit = -1 });
	bad((struct reactor_executor_options){ .stack_size = 1 });
	exe_over();
}

static void
no_trace(void)
{
	struct reactor_executor_options options = { .kind = test_case->data,
		.trace = "/no/such/directory/file" };

	CHECK(reactor_executor_open(&options) == NULL);
	CHECK_INT(errno, ENOENT);
	CHECK(reactor_executor_error()[0] != '\0');
	exe_over();
}

/* ---- Jobs ---------------------------------------------------------------- */

static int
whole(struct reactor_job *job)
{
	CHECK_INT((uintptr_t)job->argument % _Alignof(max_align_t), 0);
	CHECK_INT(job->size, 5);
	CHECK(memcmp(job->argument, "hello", 5) == 0);
	memcpy(job->argument, "xxxxx", 5); /* it is the job's */
	CHECK(reactor_job_result(job, 2) != NULL);
	memcpy(reactor_job_result(job, 1000), "ab", 2);
	CHECK_INT(memcmp(reactor_job_result(job, 2), "ab", 2), 0);
	return 0;
}

static void
bytes(void)
{
	struct reactor_executor *x = exe_open(1);
	char text[] = "hello";
	struct reactor_future *f = reactor_submit(x, whole, text, 5);
	struct reactor_outcome o;

	CHECK(f != NULL);
	memset(text, 'y', sizeof(text));
	o = exe_wait(f);
	CHECK_STR(o.text, "");
	CHECK_INT(o.error, 0);
	CHECK_INT(o.size, 2);
	CHECK(memcmp(o.bytes, "ab", 2) == 0);
	CHECK(o.submitted > 0 && o.started >= o.submitted);
	CHECK(o.finished >= o.started && o.finished <= test_clock());
	reactor_future_detach(f);
	f = exe_submit(x, exe_echo);
	o = exe_wait(f);
	CHECK_INT(o.error, 0);
	CHECK_INT(o.size, 0);
	reactor_future_detach(f);
	exe_close_all(x);
}

static int
by_errno(struct reactor_job *job)
{
	CHECK(reactor_job_return(job, "half", 4) == 0);
	errno = EDOM;
	return -1;
}

static int
by_nothing(struct reactor_job *job)
{
	(void)job;
	errno = 0;
	return -1;
}

/* What is returned after a failure is not its words. */
static int
by_both(struct reactor_job *job)
{
	int result = reactor_job_fail(job, ERANGE, "words");

	return reactor_job_return(job, "abc", 3) == 0 ? result : 0;
}

static int
by_long_words(struct reactor_job *job)
{
	char text[5000];

	memset(text, 'w', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	return reactor_job_fail(job, -1, "%s", text);
}

static void
fails(struct reactor_executor *x, reactor_job_fn *function, int error,
    const char *text)
{
	struct reactor_future *f = exe_submit(x, function);
	struct reactor_outcome o = exe_wait(f);

	CHECK_INT(o.state, REACTOR_FINISHED);
	CHECK_INT(o.error, error);
	if (text != NULL)
		CHECK_STR(o.text, text);
	else
		CHECK(o.text[0] != '\0');
	CHECK_INT(o.size, 0);
	CHECK(o.bytes == NULL);
	reactor_future_detach(f);
}

static void
errors(void)
{
	struct reactor_executor *x = exe_open(1);

	fails(x, exe_fails, ERANGE, "it is too much");
	fails(x, by_errno, EDOM, strerror(EDOM));
	fails(x, by_nothing, EINVAL, NULL);
	fails(x, by_long_words, EINVAL, NULL);
	exe_close_all(x);
}

static void
words_and_result(void)
{
	struct reactor_executor *x = exe_open(1);
	struct reactor_future *f = exe_submit(x, by_both);
	struct reactor_outcome o = exe_wait(f);

	CHECK_INT(o.state, REACTOR_FINISHED);
	CHECK(o.error != 0);
	CHECK(memchr(o.text, '\0', 4) != NULL || strlen(o.text) > 4);
	reactor_future_detach(f);
	exe_close_all(x);
}

static int
tells_name(struct reactor_job *job)
{
	return reactor_job_return(job, job->name, strlen(job->name) + 1);
}

static void
job_names(void)
{
	struct reactor_executor *x = exe_open(1);
	char name[] = "a name";
	struct reactor_job_attributes attributes = { .name = name };
	struct reactor_future *f;

	f = reactor_submit(x, tells_name, NULL, 0);
	CHECK_STR(exe_wait(f).bytes, "tells_name");
	CHECK_STR(reactor_future_name(f), "tells_name");
	reactor_future_detach(f);
	f = reactor_submit_with(x, tells_name, NULL, 0, &attributes);
	CHECK(f != NULL);
	memset(name, 'y', sizeof(name) - 1);
	CHECK_STR(exe_wait(f).bytes, "a name");
	CHECK_STR(reactor_future_name(f), "a name");
	reactor_future_detach(f);
	exe_close_all(x);
}

static void
registered(void)
{
	CHECK(reactor_job_find("echo") == NULL);
	CHECK_INT(errno, ENOENT);
	CHECK_INT(reactor_job_register("echo", exe_echo), 0);
	CHECK_INT(reactor_job_register("echo", exe_echo), 0);
	CHECK_INT(reactor_job_register("echo", exe_fails), -1);
	CHECK_INT(errno, EEXIST);
	CHECK(reactor_job_find("echo") == exe_echo);
	CHECK_INT(reactor_job_register("fails", exe_fails), 0);
	CHECK(reactor_job_find("fails") == exe_fails);
	CHECK(reactor_job_find("echo") == exe_echo);
}

static void
bad_submissions(void)
{
	struct reactor_job_attributes attributes = { .flags = 1u << 4 };
	struct reactor_executor *x = exe_open(1);

	CHECK(reactor_submit_as(x, NULL, NULL, 0, NULL, "x") == NULL);
	CHECK_INT(errno, EINVAL);
	CHECK(reactor_submit_with(x, exe_count, NULL, 0, &attributes) == NULL);
	CHECK_INT(errno, EINVAL);
	CHECK(reactor_submit(x, exe_count, "", SIZE_MAX) == NULL);
	CHECK_INT(errno, ENOMEM);
	exe_close_all(x);
	CHECK_INT(exe_world->ran, 0);
}

/* ---- The initializer ----------------------------------------------------- */

static int
prepares(struct reactor_job *job)
{
	CHECK_INT(job->size, 4);
	CHECK(memcmp(job->argument, "seed", 4) == 0);
	exe_world->n[job->worker & 1]++;
	return 0;
}

static int
needs_it(struct reactor_job *job)
{
	CHECK_INT(exe_world->n[job->worker & 1], 1);
	return exe_hold(job);
}

static void
initializer(void)
{
	char seed[] = "seed";
	struct reactor_executor_options options = { .workers = 2,
		.initialize = prepares,
		.argument = seed,
		.size = 4 };
	struct reactor_executor *x = exe_open_with(&options);
	struct reactor_future *f[2];
	int i;

	memset(seed, 'y', 4);
	for (i = 0; i < 2; i++)
		f[i] = exe_submit(x, needs_it);
	EXE_UNTIL(exe_world->running == 2);
	exe_open_gate();
	for (i = 0; i < 2; i++)
		exe_good(f[i]);
	CHECK_INT(exe_world->n[0], 1);
	CHECK_INT(exe_world->n[1], 1);
	exe_close_all(x);
}

static int
refuses(struct reactor_job *job)
{
	EXE_UNTIL(exe_world->gate);
	return reactor_job_fail(job, ENOENT, "no licence");
}

static void
bad_initializer(void)
{
	struct reactor_executor_options options = { .workers = 2,
		.initialize = refuses };
	struct reactor_executor *x = exe_open_with(&options);
	struct reactor_executor_statistics stats;
	struct reactor_future *f[5];
	struct reactor_outcome o;
	int i;

	for (i = 0; i < 5; i++)
		f[i] = exe_submit(x, exe_count);
	exe_open_gate();
	for (i = 0; i < 5; i++) {
		o = exe_wait(f[i]);
		CHECK_INT(o.error, ENOTRECOVERABLE);
		CHECK(strstr(o.text, "no licence") != NULL);
		CHECK_INT(o.started, 0);
		reactor_future_detach(f[i]);
	}
	submit_fails(x, ENOTRECOVERABLE);
	reactor_executor_stats(x, &stats);
	CHECK_INT(stats.broken, 1);
	CHECK_INT(stats.failed, 5);
	exe_close_all(x);
	CHECK_INT(exe_world->ran, 0);
}

/* ---- Shutting down ------------------------------------------------------- */

static void
shut_idle(void)
{
	static const unsigned flags[] = { 0, REACTOR_CANCEL, REACTOR_KILL,
		REACTOR_CANCEL | REACTOR_KILL };
	struct reactor_executor *x;
	size_t i;

	for (i = 0; i < 8; i++) {
		x = exe_open(2);
		if (i >= 4) /* with a worker */
			exe_good(exe_submit(x, exe_count));
		CHECK_INT(reactor_executor_shutdown(x, flags[i % 4]), 0);
		submit_fails(x, ESHUTDOWN);
		CHECK_INT(reactor_executor_shutdown(x, flags[i % 4]), 0);
		exe_close(x);
	}
	exe_over();
}

/* One that runs, two that wait. */
static struct reactor_executor *
busy(struct reactor_future *f[3], reactor_job_fn *first)
{
	struct reactor_executor *x = exe_open(1);

	f[0] = exe_submit(x, first);
	f[1] = exe_submit(x, exe_count);
	f[2] = exe_submit(x, exe_count);
	EXE_UNTIL(exe_world->running == 1);
	return x;
}

static void
shut_busy(void)
{
	struct reactor_future *f[3];
	struct reactor_executor *x = busy(f, exe_hold);

	CHECK_INT(reactor_executor_shutdown(x, 1u << 7), -1);
	CHECK_INT(errno, EINVAL);
	CHECK_INT(reactor_executor_shutdown(x, 0), 0);
	submit_fails(x, ESHUTDOWN);
	CHECK_INT(exe_state(f[1]), REACTOR_PENDING);
	exe_open_gate();
	exe_good(f[0]);
	exe_good(f[1]);
	exe_good(f[2]);
	exe_close_all(x);
	CHECK_INT(exe_world->ran, 3);
}

static void
shut_cancelling(void)
{
	struct reactor_future *f[3];
	struct reactor_executor *x = busy(f, exe_hold);

	CHECK_INT(reactor_executor_shutdown(x, 0), 0);
	CHECK_INT(reactor_executor_shutdown(x, REACTOR_CANCEL), 0);
	CHECK_INT(exe_state(f[0]), REACTOR_RUNNING);
	CHECK_INT(exe_state(f[1]), REACTOR_CANCELLED);
	CHECK_INT(exe_state(f[2]), REACTOR_CANCELLED);
	exe_open_gate();
	exe_good(f[0]);
	exe_ends(f[1], REACTOR_CANCELLED, ECANCELED);
	exe_ends(f[2], REACTOR_CANCELLED, ECANCELED);
	exe_close_all(x);
	CHECK_INT(exe_world->ran, 1);
}

static void
shut_killing(void)
{
	struct reactor_future *f[3];
	struct reactor_executor *x = busy(f, exe_polite);

	CHECK_INT(reactor_executor_shutdown(x, REACTOR_KILL), 0);
	/* A process is killed, a thread is asked. */
	exe_ends(f[0], REACTOR_FINISHED, exe_on_threads() ? EINTR : EOWNERDEAD);
	exe_ends(f[1], REACTOR_CANCELLED, ECANCELED);
	exe_ends(f[2], REACTOR_CANCELLED, ECANCELED);
	exe_close_all(x);
	CHECK_INT(exe_world->ran, 0);
	CHECK_INT(exe_world->asked, exe_on_threads());
}

/* ---- Closing ------------------------------------------------------------- */

static void
close_busy(void)
{
	struct reactor_future *f[3];
	struct reactor_executor *x = busy(f, exe_hold);

	CHECK_INT(reactor_executor_close(x, 0), -1);
	CHECK_INT(errno, ETIMEDOUT);
	CHECK_INT(reactor_executor_close(x, 2 * EXE_MS), -1);
	CHECK_INT(errno, ETIMEDOUT);
	submit_fails(x, ESHUTDOWN);
	exe_open_gate();
	CHECK_INT(reactor_executor_close(x, -1), 0);
	exe_good(f[0]);
	exe_good(f[1]);
	exe_good(f[2]);
	CHECK_INT(exe_world->ran, 3);
	exe_over();
}

static void
futures_stay(void)
{
	struct reactor_executor *x = exe_open(1);
	struct reactor_future *f = reactor_submit(x, exe_echo, "abc", 4);
	struct reactor_outcome o;

	exe_close_all(x);
	CHECK_STR(reactor_future_name(f), "exe_echo");
	o = exe_wait(f);
	CHECK_STR(o.bytes, "abc");
	CHECK_INT(reactor_future_cancel(f), -1);
	CHECK_INT(errno, EALREADY);
	CHECK(reactor_future_retain(f) == f);
	reactor_future_detach(f);
	CHECK_STR(o.bytes, "abc");
	reactor_future_detach(f);
	reactor_future_detach(NULL);
}

static void
detached(void)
{
	struct reactor_executor *x = exe_open(2);
	int i;

	for (i = 0; i < 50; i++)
		reactor_future_detach(exe_submit(x, exe_count));
	exe_close_all(x);
	CHECK_INT(exe_world->ran, 50);
}

static struct reactor_executor *own;

static int
closes_own(struct reactor_job *job)
{
	(void)job;
	CHECK_INT(reactor_executor_close(own, -1), -1);
	CHECK_INT(errno, EDEADLK);
	return 0;
}

static void
close_in_job(void)
{
	own = exe_open(1);
	exe_good(exe_submit(own, closes_own));
	/* And nothing changed. */
	exe_good(exe_submit(own, exe_count));
	exe_close_all(own);
}

static void
done_closes(struct reactor *r, struct reactor_done *done)
{
	CHECK(r == NULL && done->data == own);
	CHECK_INT(reactor_executor_close(own, -1), -1);
	CHECK_INT(errno, EDEADLK);
	exe_world->n[0]++;
}

/* A worker cannot wait for itself. */
static void
close_in_handler(void)
{
	struct reactor_done done = { .callback = done_closes };
	struct reactor_future *f;

	own = exe_open(1);
	done.data = own;
	done.future = f = exe_plug(own);
	CHECK_INT(reactor_done_start(NULL, &done), 0);
	exe_open_gate();
	exe_good(f);
	EXE_UNTIL(exe_world->n[0] == 1);
	exe_close_all(own);
}

static void
done_ends(struct reactor *r, struct reactor_done *done)
{
	CHECK(r == NULL && done->data == own);
	exe_close(own);
	exe_world->n[0]++;
}

/* It is called in a thread that is not a worker's. */
static void
close_in_late_handler(void)
{
	struct reactor_done done = { .callback = done_ends };
	struct reactor_future *f;

	own = exe_open(1);
	f = exe_submit(own, exe_count);
	exe_wait(f);
	done.data = own;
	done.future = f;
	CHECK_INT(reactor_done_start(NULL, &done), 0);
	CHECK_INT(exe_world->n[0], 1);
	reactor_future_detach(f);
	exe_over();
}

static void
done_slow(struct reactor *r, struct reactor_done *done)
{
	(void)r;
	(void)done;
	exe_world->n[0] = 1;
	EXE_UNTIL(exe_world->n[1]);
}

static void *
starts_late(void *future)
{
	struct reactor_done done = { .callback = done_slow, .future = future };

	CHECK_INT(reactor_done_start(NULL, &done), 0);
	reactor_future_detach(future);
	return NULL;
}

/* What is called in somebody else's thread is no business of close. */
static void
close_during_handler(void)
{
	struct reactor_executor *x = exe_open(1);
	struct reactor_future *f = exe_submit(x, exe_count);
	pthread_t thread;

	exe_wait(f);
	CHECK_INT(pthread_create(&thread, NULL, starts_late, f), 0);
	EXE_UNTIL(exe_world->n[0]);
	exe_close(x);
	exe_world->n[1] = 1;
	CHECK_INT(pthread_join(thread, NULL), 0);
	exe_over();
}

/* ---- Seeing -------------------------------------------------------------- */

static void
statistics(void)
{
	struct reactor_executor *x = exe_open(2);
	struct reactor_executor_statistics s;
	struct reactor_future *held = exe_plug(x), *f[3];

	reactor_executor_stats(x, &s);
	CHECK_INT(s.running, 1);
	CHECK_INT(s.workers, 1);
	CHECK_INT(s.submitted, 1);
	exe_good(exe_submit(x, exe_count));
	exe_ends(exe_submit(x, exe_fails), REACTOR_FINISHED, ERANGE);
	f[0] = exe_plug(x);
	f[1] = exe_submit(x, exe_count);
	f[2] = exe_submit(x, exe_count);
	CHECK_INT(reactor_future_cancel(f[2]), 0);
	reactor_executor_stats(x, &s);
	CHECK_INT(s.workers, 2);
	CHECK_INT(s.queued, 1);
	CHECK_INT(s.running, 2);
	CHECK_INT(s.overrun, 0);
	CHECK_INT(s.submitted, 6);
	CHECK_INT(s.succeeded, 1);
	CHECK_INT(s.failed, 1);
	CHECK_INT(s.cancelled, 1);
	CHECK_INT(s.started, 2);
	CHECK_INT(s.died, 0);
	CHECK_INT(s.broken, 0);
	CHECK(s.queue_longest > 0 && s.queue_total >= s.queue_longest);
	CHECK(s.job_longest > 0 && s.job_total >= s.job_longest);
	exe_open_gate();
	exe_good(held);
	exe_good(f[0]);
	exe_good(f[1]);
	exe_ends(f[2], REACTOR_CANCELLED, ECANCELED);
	reactor_executor_stats(x, &s);
	CHECK_INT(s.succeeded + s.failed + s.cancelled, s.submitted);
	CHECK_INT(s.queued + s.running, 0);
	exe_close_all(x);
}

static void
workers(void)
{
	struct reactor_executor *x = exe_open(3);
	struct reactor_worker_info list[4];
	struct reactor_future *f;
	int64_t now;

	CHECK_INT(reactor_executor_workers(x, list, 4), 0);
	exe_good(exe_submit(x, exe_count));
	EXE_UNTIL(reactor_executor_workers(x, list, 4) == 1 &&
	    list[0].state == REACTOR_IDLE);
	CHECK_STR(list[0].job, "");
	CHECK_INT(list[0].number, 0);
	CHECK_INT(list[0].jobs, 1);
	f = exe_plug(x);
	now = test_clock();
	CHECK_INT(reactor_executor_workers(x, NULL, 0), 1);
	CHECK_INT(reactor_executor_workers(x, list, 4), 1);
	CHECK_INT(list[0].state, REACTOR_WORKING);
	CHECK_STR(list[0].job, "exe_hold");
	CHECK_INT(list[0].jobs, 1);
	CHECK(list[0].since > 0 && list[0].since <= now);
	CHECK(exe_on_threads() ? list[0].pid == 0 : list[0].pid > 1);
	CHECK(list[0].pid != getpid());
	exe_open_gate();
	CHECK_INT(exe_wait(f).worker, 0);
	reactor_future_detach(f);
	exe_close_all(x);
}

static char dumped[20000];

static void
line(void *context, const char *text)
{
	CHECK(context == dumped);
	CHECK(strchr(text, '\n') == NULL);
	CHECK(strlen(dumped) + strlen(text) + 2 < sizeof(dumped));
	strcat(strcat(dumped, text), "\n");
}

static void
said(const char *what)
{
	if (strstr(dumped, what) == NULL)
		test_fail("no \"%s\" in: %s", what, dumped);
}

static void
dump(void)
{
	char name[] = "resizer";
	struct reactor_executor_options options = { .workers = 3,
		.name = name };
	struct reactor_executor *x = exe_open_with(&options);
	struct reactor_future *f = exe_plug(x);

	memset(name, 'y', sizeof(name) - 1);
	reactor_executor_dump(x, line, dumped);
	said("\"resizer\" of ");
	said(test_case->data);
	said("1 of at most 3 workers");
	said("0 queued, 1 running, 0 succeeded");
	said("worker 0");
	said(": working for ");
	said("\"exe_hold\"");
	exe_open_gate();
	exe_good(f);
	exe_close_all(x);
}

static void
dump_odd_name(void)
{
	struct reactor_executor_options options = { .name = "a\n\x1b[2J\"b" };
	struct reactor_executor *x = exe_open_with(&options);

	reactor_executor_dump(x, line, dumped);
	CHECK(strchr(dumped, '\x1b') == NULL);
	exe_close_all(x);
}

/* ---- The initializer's argument ------------------------------------------ */

static const char *lasting;

static int
keeps_argument(struct reactor_job *job)
{
	lasting = job->argument;
	return 0;
}

static int
tells_argument(struct reactor_job *job)
{
	return reactor_job_return(job, lasting, strlen(lasting) + 1);
}

static void
argument_lasts(void)
{
	static char large[2 << 20]; /* it would come in a file */
	struct reactor_executor_options options = { .workers = 1,
		.initialize = keeps_argument,
		.argument = large,
		.size = sizeof(large) };
	struct reactor_executor *x;
	struct reactor_future *f;
	int i;

	memset(large, 'x', 100);
	x = exe_open_with(&options);
	for (i = 0; i < 3; i++) {
		exe_good(exe_submitted(
		    reactor_submit(x, exe_echo, large + 1, 200000)));
		f = exe_submit(x, tells_argument);
		CHECK_STR(exe_wait(f).bytes, large);
		reactor_future_detach(f);
	}
	exe_close_all(x);
}

static void
no_name(void)
{
	struct reactor_job_attributes attributes = { .name = "given" };
	struct reactor_executor *x = exe_open(1);
	struct reactor_future *f;

	CHECK(reactor_submit_as(x, exe_count, NULL, 0, NULL, NULL) == NULL);
	CHECK_INT(errno, EINVAL);
	f = reactor_submit_as(x, exe_count, NULL, 0, &attributes, NULL);
	CHECK(f != NULL);
	CHECK_STR(reactor_future_name(f), "given");
	exe_good(f);
	exe_close_all(x);
}

static const struct test tests[] = {
	TEST("the kind is the argument's, else $REACTOR_EXECUTOR's", kinds),
	TEST("an unknown kind is an error in words", unknown_kinds),
	TEST("the kinds there are", list_of_kinds),
	TESTS_BOTH("bad options are EINVAL", bad_options),
	TESTS_BOTH("the initializer may keep its argument", argument_lasts),
	TESTS_BOTH("a job without a name is EINVAL", no_name),
	TESTS_BOTH("a trace that cannot be written is an error", no_trace),
	TESTS_BOTH("bytes go there and come back", bytes),
	TESTS_BOTH("errors, in words", errors),
	TESTS_BOTH("a result after a failure", words_and_result),
	TESTS_BOTH("names of jobs", job_names),
	TEST("functions have names", registered),
	TESTS_BOTH("bad submissions", bad_submissions),
	TESTS_BOTH("the initializer runs first in each worker", initializer),
	TESTS_BOTH(
	    "a failing initializer breaks the executor", bad_initializer),
	TESTS_BOTH("shutdown while idle", shut_idle),
	TESTS_BOTH("shutdown while busy: all run to their end", shut_busy),
	TESTS_BOTH("shutdown cancels what waits", shut_cancelling),
	TESTS_BOTH("shutdown kills what runs", shut_killing),
	TESTS_BOTH("close while busy: ETIMEDOUT", close_busy),
	TESTS_BOTH("futures outlive their executor", futures_stay),
	TESTS_BOTH("detached jobs run", detached),
	TEST_THREADS("close in a job of its own: EDEADLK", close_in_job),
	TESTS_BOTH("close in a done handler: EDEADLK", close_in_handler),
	TESTS_BOTH("close in a handler that came late", close_in_late_handler),
	TESTS_BOTH("close while a handler is called", close_during_handler),
	TESTS_BOTH("statistics", statistics),
	TESTS_BOTH("workers", workers),
	TESTS_BOTH("the dump", dump),
	TESTS_BOTH("the dump is text whatever the name", dump_odd_name),
};
TEST_MAIN(tests)
