/*
 * SPDX-License-Identifier: ISC
 *
 * executor_thread.c: executors on threads: jobs that end their thread, jobs
 * that never end, limits, and what a worker is to the program around it.
 */
#include <signal.h>
#include <sys/resource.h>
#include "test/executor.h"

static struct reactor_executor_statistics
stats_of(struct reactor_executor *x)
{
	struct reactor_executor_statistics stats;

	reactor_executor_stats(x, &stats);
	return stats;
}

/* ---- The end of a thread ------------------------------------------------- */

static int
exits(struct reactor_job *job)
{
	CHECK(reactor_job_return(job, "lost", 4) == 0);
	pthread_exit(NULL);
}

static int
cancels_itself(struct reactor_job *job)
{
	(void)job;
	pthread_cancel(pthread_self());
	pthread_testcancel();
	return 0;
}

/* Nothing in the job itself notices. */
static int
cancels_late(struct reactor_job *job)
{
	CHECK(reactor_job_return(job, "lost", 4) == 0);
	pthread_cancel(pthread_self());
	return 0;
}

static void
dies(struct reactor_executor *x, reactor_job_fn *function)
{
	struct reactor_future *f = exe_submit(x, function);

	exe_wait(f);
	CHECK(exe_wait(f).text[0] != '\0');
	exe_ends(f, REACTOR_FINISHED, EOWNERDEAD);
}

static void
thread_ends(reactor_job_fn *function)
{
	struct reactor_executor *x = exe_open(1);
	struct reactor_future *f[10];
	int i;

	dies(x, function);
	exe_good(exe_submit(x, exe_count));
	for (i = 0; i < 10; i++)
		f[i] = exe_submit(x, i % 2 ? exe_count : function);
	for (i = 0; i < 10; i++)
		exe_ends(f[i], REACTOR_FINISHED, i % 2 ? 0 : EOWNERDEAD);
	CHECK_INT(stats_of(x).died, 6);
	CHECK_INT(stats_of(x).started, 7);
	CHECK_INT(stats_of(x).workers, 1);
	CHECK_INT(stats_of(x).broken, 0);
	CHECK_INT(exe_world->ran, 6);
	exe_close_all(x);
}

static void
job_exits(void)
{
	thread_ends(exits);
}

static void
job_is_cancelled(void)
{
	if (EXE_ADDRESS)
		SKIP("AddressSanitizer does not know of cancelled threads");
	thread_ends(cancels_itself);
}

/* The request is for the job, or for none; the executor survives it. */
static void
job_is_cancelled_late(void)
{
	struct reactor_executor_options options = { .workers = 1,
		.trace = "/dev/null" };
	struct reactor_executor *x;
	int i;

	if (EXE_ADDRESS)
		SKIP("AddressSanitizer does not know of cancelled threads");
	x = exe_open_with(&options);

	for (i = 0; i < 5; i++) {
		struct reactor_future *f = exe_submit(x, cancels_late);

		CHECK_INT(exe_wait(f).state, REACTOR_FINISHED);
		reactor_future_detach(f);
		exe_good(exe_submit(x, exe_count));
	}
	CHECK_INT(stats_of(x).broken, 0);
	exe_close_all(x);
}

static void
initializer_exits(void)
{
	struct reactor_executor_options options = { .workers = 2,
		.initialize = exits };
	struct reactor_executor *x = exe_open_with(&options);
	struct reactor_future *f = reactor_submit(x, exe_count, NULL, 0);

	CHECK(f != NULL);
	exe_ends(f, REACTOR_FINISHED, ENOTRECOVERABLE);
	CHECK(reactor_submit(x, exe_count, NULL, 0) == NULL);
	CHECK_INT(errno, ENOTRECOVERABLE);
	exe_close_all(x);
}

/* ---- Limits -------------------------------------------------------------- */

#define with_limit(x, function, limit) limited(x, function, limit, #function)

static struct reactor_future *
limited(struct reactor_executor *x, reactor_job_fn *function, int64_t limit,
    const char *name)
{
	struct reactor_job_attributes attributes = { .limit = limit };

	return exe_submitted(
	    reactor_submit_as(x, function, NULL, 0, &attributes, name));
}

static void
overruns(void)
{
	struct reactor_executor *x = exe_open(1);
	struct reactor_future *f = with_limit(x, exe_hold, 5 * EXE_MS);
	struct reactor_worker_info list[3];
	struct reactor_outcome o = exe_wait(f);

	CHECK_INT(o.error, ETIMEDOUT);
	CHECK(strstr(o.text, "ms") != NULL);
	CHECK(o.finished - o.started >= 5 * EXE_MS);
	CHECK_INT(stats_of(x).overrun, 1);
	CHECK_INT(stats_of(x).running, 0);
	exe_good(exe_submit(x, exe_count)); /* by another thread */
	CHECK_INT(stats_of(x).workers, 2);
	CHECK_INT(reactor_executor_workers(x, list, 3), 2);
	CHECK_INT(list[0].state, REACTOR_OVERRUN);
	CHECK_STR(list[0].job, "exe_hold");
	CHECK(list[1].number != list[0].number);
	CHECK_INT(reactor_executor_close(x, EXE_MS), -1);
	CHECK_INT(errno, ETIMEDOUT);
	exe_open_gate();
	exe_ends(f, REACTOR_FINISHED, ETIMEDOUT);
	exe_close_all(x);
	CHECK_INT(exe_world->ran, 2);
}

/* What was given up ends later; there are enough workers without it. */
static void
overrun_ends(void)
{
	struct reactor_executor_options options = { .workers = 2,
		.limit = 5 * EXE_MS };
	struct reactor_executor *x = exe_open_with(&options);
	struct reactor_future *f[2];
	int i;

	for (i = 0; i < 2; i++)
		f[i] = exe_submit(x, exe_hold);
	for (i = 0; i < 2; i++)
		exe_ends(f[i], REACTOR_FINISHED, ETIMEDOUT);
	CHECK_INT(stats_of(x).overrun, 2);
	for (i = 0; i < 2; i++)
		f[i] = with_limit(x, exe_polite, -1);
	EXE_UNTIL(exe_world->running == 4);
	CHECK_INT(stats_of(x).workers, 4);
	exe_open_gate();
	EXE_UNTIL(stats_of(x).workers == 2);
	CHECK_INT(stats_of(x).overrun, 0);
	for (i = 0; i < 2; i++) {
		CHECK_INT(reactor_future_cancel(f[i]), -1);
		CHECK_INT(errno, EBUSY);
		exe_ends(f[i], REACTOR_FINISHED, EINTR);
	}
	CHECK_INT(stats_of(x).failed, 4);
	CHECK_INT(stats_of(x).submitted, 4);
	exe_close_all(x);
}

/* As many as there may be are stuck: jobs wait for one of them. */
static void
all_overrun(void)
{
	struct reactor_executor *x = exe_open(1);
	struct reactor_future *f[2], *last;
	int i;

	for (i = 0; i < 2; i++)
		f[i] = with_limit(x, exe_hold, 3 * EXE_MS);
	exe_ends(f[0], REACTOR_FINISHED, ETIMEDOUT);
	last = exe_submit(x, exe_count);
	exe_sleep(20 * EXE_MS);
	CHECK(stats_of(x).workers <= 2);
	exe_open_gate();
	CHECK(exe_wait(f[1]).state == REACTOR_FINISHED);
	reactor_future_detach(f[1]);
	exe_good(last);
	exe_close_all(x);
	CHECK_INT(exe_world->ran, 3);
}

static void
asked_at_the_limit(void)
{
	struct reactor_executor *x = exe_open(1);
	struct reactor_future *f = with_limit(x, exe_polite, 3 * EXE_MS);

	exe_ends(f, REACTOR_FINISHED, ETIMEDOUT);
	EXE_UNTIL(exe_world->asked == 1);
	EXE_UNTIL(stats_of(x).overrun == 0);
	exe_good(exe_submit(x, exe_count));
	exe_close_all(x);
}

static void
limits(void)
{
	struct reactor_executor_options options = { .workers = 2,
		.limit = 2 * EXE_MS };
	struct reactor_executor *x = exe_open_with(&options);
	struct reactor_future *none = with_limit(x, exe_hold, -1);
	struct reactor_future *longer = with_limit(x, exe_hold, EXE_LONG);

	exe_good(with_limit(x, exe_count, EXE_LONG));
	exe_good(none);
	exe_good(longer);
	exe_close_all(x);
}

static void *
opens_gate(void *unused)
{
	(void)unused;
	EXE_UNTIL(exe_world->running == 2);
	exe_sleep(10 * EXE_MS);
	exe_open_gate();
	return NULL;
}

/* The time in the queue does not count; -1 and a longer one take precedence. */
static void
limits_of_jobs(void)
{
	pthread_t thread;

	exe_begin();
	CHECK_INT(pthread_create(&thread, NULL, opens_gate, NULL), 0);
	limits();
	CHECK_INT(pthread_join(thread, NULL), 0);
}

/* Its own thread ends after it was given up. */
static int
exits_late(struct reactor_job *job)
{
	exe_hold(job);
	pthread_exit(NULL);
}

static void
overrun_exits(void)
{
	struct reactor_executor *x = exe_open(1);

	exe_ends(
	    with_limit(x, exits_late, 3 * EXE_MS), REACTOR_FINISHED, ETIMEDOUT);
	exe_good(exe_submit(x, exe_count));
	exe_open_gate();
	EXE_UNTIL(stats_of(x).workers == 1);
	CHECK_INT(stats_of(x).overrun, 0);
	CHECK_INT(stats_of(x).died, 1);
	exe_good(exe_submit(x, exe_count));
	exe_close_all(x);
}

static struct reactor_executor *own;

static void
closes(struct reactor *r, struct reactor_done *done)
{
	(void)r;
	(void)done;
	exe_open_gate();
	CHECK_INT(reactor_executor_close(own, -1), -1);
	CHECK_INT(errno, EDEADLK);
	exe_world->n[0]++;
}

/* It is called by the thread that sees to the limits. */
static void
close_at_the_limit(void)
{
	struct reactor_done done = { .callback = closes };
	struct reactor_future *f;

	own = exe_open(1);
	done.future = f = with_limit(own, exe_hold, 5 * EXE_MS);
	CHECK_INT(reactor_done_start(NULL, &done), 0);
	EXE_UNTIL(exe_world->n[0]);
	exe_ends(f, REACTOR_FINISHED, ETIMEDOUT);
	exe_close_all(own);
}

static void
submits(struct reactor *r, struct reactor_done *done)
{
	struct reactor_future *f;

	(void)r;
	(void)done;
	f = reactor_submit(own, exe_count, NULL, 0);
	if (f == NULL)
		CHECK_INT(errno, EAGAIN);
	reactor_future_detach(f);
	exe_world->n[0]++;
}

/* Whoever sees to the limits must not wait for what they will make room. */
static void
submit_at_the_limit(void)
{
	struct reactor_executor_options options = { .workers = 1, .queue = 1 };
	struct reactor_done done = { .callback = submits };
	struct reactor_future *f[3];

	own = exe_open_with(&options);
	done.future = f[0] = with_limit(own, exe_hold, 50 * EXE_MS);
	CHECK_INT(reactor_done_start(NULL, &done), 0);
	EXE_UNTIL(exe_world->running == 1);
	f[1] = with_limit(own, exe_hold, 5 * EXE_MS);
	f[2] = exe_submit(own, exe_count);
	EXE_UNTIL(exe_world->n[0]);
	exe_ends(f[0], REACTOR_FINISHED, ETIMEDOUT);
	exe_ends(f[1], REACTOR_FINISHED, ETIMEDOUT);
	exe_open_gate();
	exe_good(f[2]);
	exe_close_all(own);
}

/* ---- What a worker is to the program ------------------------------------- */

static int64_t
processor_time(void)
{
	struct timespec time;

	CHECK_INT(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time), 0);
	return (int64_t)time.tv_sec * REACTOR_SECOND + time.tv_nsec;
}

static void
idle(void)
{
	struct reactor_executor_options options = { .workers = 4,
		.limit = EXE_LONG };
	struct reactor_executor *x = exe_open_with(&options);
	struct reactor_future *f[4];
	int64_t before;
	int i;

	for (i = 0; i < 4; i++)
		f[i] = exe_submit(x, exe_hold);
	EXE_UNTIL(exe_world->running == 4);
	exe_open_gate();
	for (i = 0; i < 4; i++)
		exe_good(f[i]);
	exe_sleep(5 * EXE_MS);
	before = processor_time();
	exe_sleep(300 * EXE_MS);
	CHECK(processor_time() - before < 100 * EXE_MS);
	exe_close_all(x);
}

static int
looks_at_mask(struct reactor_job *job)
{
	static const int blocked[] = { SIGINT, SIGTERM, SIGCHLD, SIGUSR1,
		SIGALRM, SIGPIPE, SIGHUP };
	sigset_t set;
	size_t i;

	(void)job;
	CHECK_INT(pthread_sigmask(SIG_SETMASK, NULL, &set), 0);
	for (i = 0; i < sizeof(blocked) / sizeof(*blocked); i++)
		CHECK_INT(sigismember(&set, blocked[i]), 1);
	CHECK_INT(sigismember(&set, SIGSEGV), 0);
	CHECK_INT(sigismember(&set, SIGBUS), 0);
	CHECK_INT(sigismember(&set, SIGABRT), 0);
	return 0;
}

static pthread_t in_thread;
static volatile sig_atomic_t signals;

static void
on_signal(int number)
{
	(void)number;
	in_thread = pthread_self();
	signals++;
}

static void
masks(void)
{
	struct reactor_executor *x = exe_open(1);
	sigset_t before, after;
	int i;

	CHECK_INT(pthread_sigmask(SIG_SETMASK, NULL, &before), 0);
	exe_good(exe_submit(x, looks_at_mask));
	CHECK_INT(pthread_sigmask(SIG_SETMASK, NULL, &after), 0);
	for (i = 1; i < 32; i++)
		CHECK_INT(sigismember(&before, i), sigismember(&after, i));
	CHECK(signal(SIGUSR1, on_signal) != SIG_ERR);
	CHECK_INT(kill(getpid(), SIGUSR1), 0);
	EXE_UNTIL(signals == 1);
	CHECK(pthread_equal(in_thread, pthread_self()));
	exe_close_all(x);
}

static int
tells_thread_name(struct reactor_job *job)
{
	char name[16];

	CHECK_INT(pthread_getname_np(pthread_self(), name, sizeof(name)), 0);
	return reactor_job_return(job, name, strlen(name) + 1);
}

static void
thread_name(const char *given, const char *expected)
{
	struct reactor_executor_options options = { .workers = 1,
		.name = given };
	struct reactor_executor *x = exe_open_with(&options);
	struct reactor_future *f = exe_submit(x, tells_thread_name);

	CHECK_STR(exe_wait(f).bytes, expected);
	reactor_future_detach(f);
	exe_close(x);
}

static void
thread_names(void)
{
	thread_name(NULL, "threads-0");
	thread_name("resize", "resize-0");
	/* A long name leaves room for the number. */
	thread_name("a-very-long-name-of-a-pool", "a-very-long-n-0");
	exe_over();
}

static int
tells_stack(struct reactor_job *job)
{
	pthread_attr_t attributes;
	size_t size = 0;

	CHECK_INT(pthread_getattr_np(pthread_self(), &attributes), 0);
	CHECK_INT(pthread_attr_getstacksize(&attributes, &size), 0);
	CHECK_INT(pthread_attr_destroy(&attributes), 0);
	return reactor_job_return(job, &size, sizeof(size));
}

static void
stack_size(void)
{
	struct reactor_executor_options options = { .stack_size = 3 << 20 };
	struct reactor_executor *x = exe_open_with(&options);
	struct reactor_future *f = exe_submit(x, tells_stack);
	size_t size;

	memcpy(&size, exe_wait(f).bytes, sizeof(size));
	CHECK(size >= (2u << 20) && size <= (4u << 20));
	reactor_future_detach(f);
	exe_close_all(x);
}

static int
spoils(struct reactor_job *job)
{
	CHECK_STR(job->argument, "seed");
	memset(job->argument, 'y', 4);
	return 0;
}

/* Each initializer has a copy of its own, as each job has. */
static void
initializers(void)
{
	struct reactor_executor_options options = { .workers = 2,
		.initialize = spoils,
		.argument = "seed",
		.size = 5 };
	struct reactor_executor *x = exe_open_with(&options);
	struct reactor_future *f = exe_plug(x);

	exe_good(exe_submit(x, exe_count));
	exe_open_gate();
	exe_good(f);
	exe_close_all(x);
}

/* ---- Ends that take their time ------------------------------------------- */

static pthread_key_t slow_key;

static void
slowly(void *unused)
{
	(void)unused;
	EXE_UNTIL(exe_world->gate);
}

static int
exits_slowly(struct reactor_job *job)
{
	pthread_setspecific(slow_key, job);
	pthread_exit(NULL);
}

/* Nobody waits for the destructors of a thread that a job has ended. */
static void
destructor_blocks(void)
{
	struct reactor_executor *x = exe_open(1);

	CHECK_INT(pthread_key_create(&slow_key, slowly), 0);
	exe_ends(exe_submit(x, exits_slowly), REACTOR_FINISHED, EOWNERDEAD);
	exe_good(exe_submit(x, exe_count));
	exe_close(x);
	exe_open_gate();
	exe_over();
}

/* An initializer that does not end can be asked to. */
static void
initializer_is_asked(void)
{
	struct reactor_executor_options options = { .workers = 1,
		.initialize = exe_polite };
	struct reactor_executor *x = exe_open_with(&options);
	struct reactor_future *f = exe_submit(x, exe_count);

	EXE_UNTIL(exe_world->running == 1);
	CHECK_INT(reactor_executor_shutdown(x, REACTOR_KILL), 0);
	exe_ends(f, REACTOR_CANCELLED, ECANCELED);
	exe_close_all(x);
	CHECK_INT(exe_world->asked, 1);
}

/* A handler must not do that; it costs its thread, and nothing else. */
static void
exits_after(struct reactor *r, struct reactor_done *done)
{
	(void)r;
	(void)done;
	pthread_exit(NULL);
}

static void
handler_exits(void)
{
	struct reactor_executor *x = exe_open(1);
	static struct reactor_done done = { .callback = exits_after };

	if (EXE_ADDRESS)
		SKIP("it leaks a reference, as the page says");
	done.future = exe_plug(x);
	CHECK_INT(reactor_done_start(NULL, &done), 0);
	exe_open_gate();
	exe_good(done.future);
	exe_good(exe_submit(x, exe_count));
	exe_close_all(x);
}

static void *
waits_long(void *future)
{
	reactor_future_wait(future, -1, NULL);
	pthread_testcancel();
	return NULL;
}

/* A thread of the program that is cancelled while it waits. */
static void
waiter_is_cancelled(void)
{
	struct reactor_executor *x = exe_open(1);
	struct reactor_future *f = exe_plug(x);
	pthread_t thread;

	CHECK_INT(pthread_create(&thread, NULL, waits_long, f), 0);
	exe_sleep(10 * EXE_MS);
	CHECK_INT(pthread_cancel(thread), 0);
	exe_sleep(10 * EXE_MS);
	exe_open_gate();
	CHECK_INT(pthread_join(thread, NULL), 0);
	exe_good(f);
	exe_close_all(x);
}

static void
ignored(struct reactor *r, struct reactor_done *done)
{
	(void)r;
	(void)done;
	exe_world->n[0]++;
}

static void *
cancels_job(void *future)
{
	pthread_cancel(pthread_self());
	CHECK_INT(reactor_future_cancel(future), 0); /* wakes the loop */
	exe_world->n[1]++;
	pthread_testcancel();
	return NULL;
}

/* Whoever is asked to end does not take the lock along. */
static void
caller_is_cancelled(void)
{
	struct reactor *r = reactor_open(NULL);
	struct reactor_executor *x = exe_open(1);
	struct reactor_future *f = exe_plug(x), *g = exe_submit(x, exe_count);
	struct reactor_done done = { .callback = ignored, .future = g };
	pthread_t thread;

	if (EXE_ADDRESS)
		SKIP("AddressSanitizer does not know of cancelled threads");
	CHECK_INT(reactor_done_start(r, &done), 0);
	CHECK_INT(pthread_create(&thread, NULL, cancels_job, g), 0);
	CHECK_INT(pthread_join(thread, NULL), 0);
	CHECK_INT(exe_world->n[1], 1);
	exe_open_gate();
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(exe_world->n[0], 1);
	exe_good(f);
	exe_ends(g, REACTOR_CANCELLED, ECANCELED);
	exe_close(x);
	CHECK_INT(reactor_close(r), 0);
	exe_over();
}

static const struct test tests[] = {
	TEST_THREADS("a job calls pthread_exit", job_exits),
	TEST_THREADS("a job cancels its thread", job_is_cancelled),
	TEST_THREADS(
	    "a job cancels its thread, and returns", job_is_cancelled_late),
	TEST_THREADS("the initializer calls pthread_exit", initializer_exits),
	TEST_THREADS("a job that overruns is given up", overruns),
	TEST_THREADS("what was given up ends later", overrun_ends),
	TEST_THREADS("all threads overrun", all_overrun),
	TEST_THREADS("what overruns is asked to end", asked_at_the_limit),
	TEST_THREADS("limits of jobs", limits_of_jobs),
	TEST_THREADS("what was given up ends its thread", overrun_exits),
	TEST_THREADS("close by who sees to the limits", close_at_the_limit),
	TEST_THREADS("submit by who sees to the limits", submit_at_the_limit),
	TEST_THREADS("an idle pool takes no time", idle),
	TEST_THREADS("signals are blocked in workers", masks),
	TEST_THREADS("threads have names", thread_names),
	TEST_THREADS("the size of the stack", stack_size),
	TEST_THREADS("the initializer's argument is its own", initializers),
	TEST_THREADS("a destructor that blocks", destructor_blocks),
	TEST_THREADS("an initializer is asked to end", initializer_is_asked),
	TEST_THREADS("a handler ends its thread", handler_exits),
	TEST_THREADS("a waiting thread is cancelled", waiter_is_cancelled),
	TEST_THREADS(
	    "a thread that is cancelled cancels a job", caller_is_cancelled),
};
TEST_MAIN(tests)
