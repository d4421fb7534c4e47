/*
 * SPDX-License-Identifier: ISC
 *
 * executor.h: what the tests of executors have in common: jobs that can be held
 * up from outside, on threads and on processes; and a look at what is left.
 *
 * A case of TESTS_BOTH runs once for each kind, whose name is in
 * test_case->data.  Jobs and the case share exe_world, which is there before
 * the helper that forks the processes.
 */
#ifndef TEST_EXECUTOR_H
#define TEST_EXECUTOR_H

#include <pthread.h>
#include <reactor/executor.h>
#include "test/test.h"

/* clang-format off */
#define TEST_THREADS(name, run) { name " (threads)", run, 0, "threads" }
#define TEST_PROCESSES(name, run) { name " (processes)", run, 0, "processes" }
#define TESTS_BOTH(name, run) TEST_THREADS(name, run), TEST_PROCESSES(name, run)
/* clang-format on */

#define EXE_MS   REACTOR_MILLISECOND
/* Of a wait that is not to end by it. */
#define EXE_LONG ((int64_t)(30 * test_slow()) * REACTOR_SECOND)

#ifdef __has_feature
#define EXE_FEATURE(x) __has_feature(x)
#else
#define EXE_FEATURE(x) 0
#endif
/* That sanitizer has threads of its own, in a child one more. */
#if defined(__SANITIZE_THREAD__) || EXE_FEATURE(thread_sanitizer)
enum { EXE_THREADS = 3 };
#else
enum { EXE_THREADS = 1 };
#endif

/* That one does not know that a cancelled thread has left its frames. */
#if defined(__SANITIZE_ADDRESS__) || EXE_FEATURE(address_sanitizer)
enum { EXE_ADDRESS = 1 };
#else
enum { EXE_ADDRESS = 0 };
#endif
/* ---- What all see -------------------------------------------------------- */

struct exe_world {
	atomic_int gate; /* the jobs that wait for it may go on */
	atomic_int running, ran, asked;
	atomic_int n[8]; /* for one case */
	char text[64];
};

static struct exe_world *exe_world;

__attribute__((unused)) static void
exe_begin(void)
{
	if (exe_world != NULL)
		return;
	exe_world = mmap(NULL, sizeof(*exe_world), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(exe_world != MAP_FAILED);
}

__attribute__((unused)) static void
exe_sleep(int64_t ns)
{
	struct timespec span = { (time_t)(ns / REACTOR_SECOND),
		(long)(ns % REACTOR_SECOND) };

	while (nanosleep(&span, &span) == -1)
		continue;
}

/* Waits until it holds. */
#define EXE_UNTIL(holds)                                                      \
	do {                                                                  \
		int64_t exe_end = test_clock() + EXE_LONG;                    \
                                                                              \
		while (!(holds)) {                                            \
			if (test_clock() > exe_end)                           \
				test_fail("%s: never %s", TEST_HERE, #holds); \
			exe_sleep(EXE_MS / 5);                                \
		}                                                             \
	} while (0)

/* ---- Executors ----------------------------------------------------------- */

__attribute__((unused)) static int
exe_on_threads(void)
{
	return strcmp(test_case->data, "threads") == 0;
}

/* Of the kind of the case, unless another is asked for. */
__attribute__((unused)) static struct reactor_executor *
exe_open_with(const struct reactor_executor_options *given)
{
	struct reactor_executor_options options = *given;
	struct reactor_executor *x;

	exe_begin();
	if (options.kind == NULL)
		options.kind = test_case->data;
	x = reactor_executor_open(&options);
	if (x == NULL)
		test_fail(
		    "reactor_executor_open: %s", reactor_executor_error());
	return x;
}

__attribute__((unused)) static struct reactor_executor *
exe_open(unsigned workers)
{
	struct reactor_executor_options options = { .workers = workers };

	return exe_open_with(&options);
}

__attribute__((unused)) static void
exe_close(struct reactor_executor *x)
{
	CHECK_INT(reactor_executor_close(x, EXE_LONG), 0);
}

/* ---- What is left -------------------------------------------------------- */

static int
exe_tasks(void)
{
	DIR *directory = opendir("/proc/self/task");
	struct dirent *entry;
	int n = 0;

	if (directory == NULL)
		return 0;
	while ((entry = readdir(directory)) != NULL)
		n += entry->d_name[0] != '.';
	closedir(directory);
	return n;
}

/* At the end of each case: neither a thread nor a process. */
__attribute__((unused)) static void
exe_over(void)
{
	int status;

	CHECK_INT(waitpid(-1, &status, WNOHANG), -1);
	CHECK_INT(errno, ECHILD);
	/* A thread that was joined is listed for a moment yet. */
	EXE_UNTIL(exe_tasks() <= EXE_THREADS);
}

__attribute__((unused)) static void
exe_close_all(struct reactor_executor *x)
{
	exe_close(x);
	exe_over();
}

/* ---- Jobs ---------------------------------------------------------------- */

/* Runs until the gate is open. */
__attribute__((unused)) static int
exe_hold(struct reactor_job *job)
{
	(void)job;
	exe_world->running++;
	EXE_UNTIL(exe_world->gate);
	exe_world->running--;
	exe_world->ran++;
	return 0;
}

/* Runs until it is asked to end. */
__attribute__((unused)) static int
exe_polite(struct reactor_job *job)
{
	exe_world->running++;
	EXE_UNTIL(reactor_job_cancelled(job));
	exe_world->running--;
	exe_world->asked++;
	return reactor_job_fail(job, EINTR, "it was asked to end");
}

__attribute__((unused)) static int
exe_count(struct reactor_job *job)
{
	(void)job;
	exe_world->ran++;
	return 0;
}

__attribute__((unused)) static int
exe_echo(struct reactor_job *job)
{
	return reactor_job_return(job, job->argument, job->size);
}

__attribute__((unused)) static int
exe_fails(struct reactor_job *job)
{
	return reactor_job_fail(job, ERANGE, "%s is too much", "it");
}

/* ---- Submitting and waiting ---------------------------------------------- */

#define exe_submit(x, function) \
	exe_submitted(reactor_submit(x, function, NULL, 0))

__attribute__((unused)) static struct reactor_future *
exe_submitted(struct reactor_future *f)
{
	CHECK(f != NULL);
	return f;
}

/* A job that holds up a worker until the gate is open. */
__attribute__((unused)) static struct reactor_future *
exe_plug(struct reactor_executor *x)
{
	int before = exe_world->running;
	struct reactor_future *f = exe_submit(x, exe_hold);

	EXE_UNTIL(exe_world->running > before);
	return f;
}

__attribute__((unused)) static void
exe_open_gate(void)
{
	exe_world->gate = 1;
}

/* How it ended; the future is still there. */
__attribute__((unused)) static struct reactor_outcome
exe_wait(struct reactor_future *f)
{
	struct reactor_outcome outcome;

	CHECK_INT(reactor_future_wait(f, EXE_LONG, &outcome), 0);
	return outcome;
}

/* It ended like that, and is given up. */
__attribute__((unused)) static void
exe_ends(struct reactor_future *f, int state, int error)
{
	struct reactor_outcome outcome = exe_wait(f);

	if (outcome.state != state || outcome.error != error)
		test_fail("the job ended in state %d, with %d: %s",
		    outcome.state, outcome.error, outcome.text);
	reactor_future_detach(f);
}

__attribute__((unused)) static void
exe_good(struct reactor_future *f)
{
	exe_ends(f, REACTOR_FINISHED, 0);
}

__attribute__((unused)) static int
exe_state(struct reactor_future *f)
{
	struct reactor_outcome outcome;

	reactor_future_peek(f, &outcome);
	return outcome.state;
}

#endif
