/*
 * SPDX-License-Identifier: ISC
 *
 * crash.h: what the tests of faults of executors have in common: each case runs
 * on one kind or on both, and none leaves a process behind.
 *
 * The case is who adopts the processes whose parents have died (Linux), so that
 * "no child" means that nothing of what it started is there, not even a zombie.
 */
#ifndef TEST_CRASH_H
#define TEST_CRASH_H

#include <pthread.h>
#include <reactor/executor.h>
#include "coro/annotate.h"
#include "test/loop.h"

#ifdef __linux__
#include <sys/prctl.h>
#else
#define PR_SET_CHILD_SUBREAPER 0
#define prctl(...)             (-1)
#endif

#ifdef CORO__ASAN
enum { CRASH_ASAN = 1 };
#else
enum { CRASH_ASAN = 0 };
#endif
#ifdef CORO__TSAN
enum { CRASH_TSAN = 1 };
#else
enum { CRASH_TSAN = 0 };
#endif

#define CRASH_UNUSED __attribute__((unused))

/* clang-format off */
#define CRASH_THREADS(name, run)   { name ", threads", run, 0, "threads" }
#define CRASH_PROCESSES(name, run) { name, run, 0, "processes" }
#define CRASH_BOTH(name, run) \
	{ name ", threads", run, 0, "threads" }, \
	{ name ", processes", run, 0, "processes" }
/* clang-format on */

/* What all processes of a case see. */
struct crash_shared {
	_Atomic int begun;    /* jobs */
	_Atomic int returned; /* jobs, nearly */
	_Atomic int go;       /* jobs that wait may end */
	_Atomic int pid;      /* of the last that has begun */
	_Atomic int helper;   /* its parent */
	_Atomic int pids[64];
	_Atomic int other;
};

CRASH_UNUSED static struct crash_shared *crash;

CRASH_UNUSED static int
crash_threads(void)
{
	return strcmp(test_case->data, "threads") == 0;
}

/* Everything ends long before that, or hangs. */
CRASH_UNUSED static int64_t
crash_long(void)
{
	return (int64_t)(20 * test_slow()) * REACTOR_SECOND;
}

/* Where each byte takes so much longer, fewer. */
CRASH_UNUSED static size_t
crash_large(void)
{
	return CRASH_ASAN || CRASH_TSAN || test_slow() > 1
	    ? (size_t)8 << 20
	    : (size_t)100 * 1000 * 1000;
}

/* ---- Executors ----------------------------------------------------------- */

CRASH_UNUSED static void
crash_begin(void)
{
	if (crash != NULL)
		return;
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	crash = mmap(NULL, sizeof(*crash), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(crash != MAP_FAILED);
}

/* Of the kind that the case is for. */
CRASH_UNUSED static struct reactor_executor *
crash_open_with(const struct reactor_executor_options *like)
{
	struct reactor_executor_options options = *like;
	struct reactor_executor *pool;

	crash_begin();
	options.kind = test_case->data;
	pool = reactor_executor_open(&options);
	if (pool == NULL)
		test_fail("reactor_executor_open: %s (errno %d)",
		    reactor_executor_error(), errno);
	return pool;
}

CRASH_UNUSED static struct reactor_executor *
crash_open(unsigned workers)
{
	const struct reactor_executor_options options = { .workers = workers };

	return crash_open_with(&options);
}

/* Nothing of what the case has started is left. */
CRASH_UNUSED static void
crash_alone(void)
{
	int status = 0;
	pid_t pid = waitpid(-1, &status, WNOHANG);

	if (pid != -1)
		test_fail("process %d was left behind (status %#x)", (int)pid,
		    (unsigned)status);
	CHECK_INT(errno, ECHILD);
}

CRASH_UNUSED static void
crash_close(struct reactor_executor *pool)
{
	CHECK_INT(reactor_executor_close(pool, crash_long()), 0);
}

CRASH_UNUSED static void
crash_end(struct reactor_executor *pool)
{
	crash_close(pool);
	crash_alone();
}

/* All that the case has adopted ends soon. */
CRASH_UNUSED static void
crash_adopt(void)
{
	int64_t until = test_clock() + crash_long() / 2;
	siginfo_t info;

	for (;;) {
		memset(&info, 0, sizeof(info));
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG) == -1)
			break;
		if (info.si_pid != 0)
			continue;
		if (test_clock() > until)
			test_fail("a process lives on");
		loop_sleep(5 * LOOP_MS);
	}
	CHECK_INT(errno, ECHILD);
}

/* A process that is not ours has ended, or does so soon, and we have it. */
CRASH_UNUSED static void
crash_gone(pid_t pid)
{
	int64_t until = test_clock() + crash_long() / 2;
	pid_t got;

	while ((got = waitpid(pid, NULL, WNOHANG)) != pid) {
		if (got == -1 && kill(pid, 0) == -1 && errno == ESRCH)
			return;
		if (test_clock() > until)
			test_fail("process %d lives on", (int)pid);
		loop_sleep(5 * LOOP_MS);
	}
}

/* What failed in a child is in the report; it ends the case here. */
CRASH_UNUSED static void
crash_join(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		continue;
	if (status != 0 && WIFEXITED(status))
		_exit(WEXITSTATUS(status));
	CHECK_INT(status, 0);
}

/* ---- Jobs ---------------------------------------------------------------- */

CRASH_UNUSED static void
crash_note(void)
{
	int n = atomic_fetch_add(&crash->begun, 1);

	crash->helper = getppid();
	crash->pid = getpid();
	crash->pids[n % 64] = getpid();
}

/* Until that many jobs have begun. */
CRASH_UNUSED static void
crash_begun(int n)
{
	int64_t until = test_clock() + crash_long();

	while (crash->begun < n) {
		if (test_clock() > until)
			test_fail(
			    "only %d of %d jobs have begun", crash->begun, n);
		loop_sleep(LOOP_MS);
	}
}

/* Its process. */
CRASH_UNUSED static int
crash_pid(struct reactor_job *job)
{
	int pid = getpid();

	crash_note();
	return reactor_job_return(job, &pid, sizeof(pid));
}

/* Waits to be killed, or to be let go. */
CRASH_UNUSED static int
crash_wait_job(struct reactor_job *job)
{
	(void)job;
	crash_note();
	while (!crash->go)
		loop_sleep(LOOP_MS);
	return 0;
}

CRASH_UNUSED static struct reactor_future *
crash_submit(
    struct reactor_executor *pool, reactor_job_fn *function, int64_t limit)
{
	struct reactor_job_attributes attributes = { .limit = limit };
	struct reactor_future *f =
	    reactor_submit_with(pool, function, NULL, 0, &attributes);

	CHECK(f != NULL);
	return f;
}

CRASH_UNUSED static void
crash_outcome(struct reactor_future *f, struct reactor_outcome *outcome)
{
	CHECK_INT(reactor_future_wait(f, crash_long(), outcome), 0);
}

/* It was done. */
CRASH_UNUSED static void
crash_good(struct reactor_future *f)
{
	struct reactor_outcome outcome;

	crash_outcome(f, &outcome);
	if (outcome.error != 0)
		test_fail("a job failed: %s", outcome.text);
	CHECK_INT(outcome.state, REACTOR_FINISHED);
	reactor_future_detach(f);
}

/* It was not, and why is told; `words` are among the words. */
CRASH_UNUSED static void
crash_bad(struct reactor_future *f, int error, const char *words)
{
	struct reactor_outcome outcome;

	crash_outcome(f, &outcome);
	if (outcome.error != error || strstr(outcome.text, words) == NULL)
		test_fail("error %d \"%s\", not %d \"%s\"", outcome.error,
		    outcome.text, error, words);
	CHECK(outcome.bytes == NULL);
	CHECK_INT(outcome.state, REACTOR_FINISHED);
	reactor_future_detach(f);
}

/* The executor does what it is for. */
CRASH_UNUSED static void
crash_works(struct reactor_executor *pool, int jobs)
{
	struct reactor_future *f[64];
	int i;

	CHECK(jobs <= 64);
	for (i = 0; i < jobs; i++)
		f[i] = crash_submit(pool, crash_pid, 0);
	for (i = 0; i < jobs; i++)
		crash_good(f[i]);
}

/* It does nothing any more. */
CRASH_UNUSED static void
crash_is_broken(struct reactor_executor *pool)
{
	struct reactor_executor_statistics stats;

	errno = 0;
	CHECK(reactor_submit(pool, crash_pid, NULL, 0) == NULL);
	CHECK_INT(errno, ENOTRECOVERABLE);
	reactor_executor_stats(pool, &stats);
	CHECK(stats.broken != 0);
	CHECK_INT(stats.queued, 0);
}

/* ---- Random numbers ------------------------------------------------------ */

static uint64_t crash_random;

CRASH_UNUSED static unsigned
crash_draw(unsigned limit)
{
	crash_random ^= crash_random << 13;
	crash_random ^= crash_random >> 7;
	crash_random ^= crash_random << 17;
	return (unsigned)(crash_random >> 33) % limit;
}

/* $TEST_SEED does it again. */
CRASH_UNUSED static void
crash_sow(void)
{
	const char *text = getenv("TEST_SEED");
	uint64_t seed = text != NULL ? strtoull(text, NULL, 0)
				     : (uint64_t)test_clock() >> 4;

	crash_random = seed | 1;
	printf("# TEST_SEED=%llu\n", (unsigned long long)seed);
}

/* ---- Bytes --------------------------------------------------------------- */

/* Words that depend on their place and on the seed. */
CRASH_UNUSED static void
crash_fill(unsigned char *bytes, size_t size, unsigned seed)
{
	size_t i;
	uint64_t word = seed * 0x9e3779b97f4a7c15u + 1;

	for (i = 0; i < size; i++) {
		if (i % 8 == 0)
			word =
			    word * 6364136223846793005u + 1442695040888963407u;
		bytes[i] = (unsigned char)(word >> (8 * (i % 8)));
	}
}

CRASH_UNUSED static uint64_t
crash_sum(const void *bytes, size_t size)
{
	const unsigned char *p = bytes;
	uint64_t sum = 14695981039346656037u;
	size_t i;

	for (i = 0; i < size; i++)
		sum = (sum ^ p[i]) * 1099511628211u;
	return sum;
}

#endif
