/*
 * SPDX-License-Identifier: ISC
 *
 * executor_limits.c: the system has no more descriptors, processes, threads or
 * memory for us: what cannot be had is told, what is there goes on, and it is
 * better again when the system is.
 */
#include <grp.h>
#include <sys/resource.h>
#include "test/crash.h"

#ifdef __linux__
#define el_helper_limit(pid, what, limit) prlimit(pid, what, limit, NULL)
#else
#define el_helper_limit(pid, what, limit) (errno = ENOSYS, -1)
#endif

static void
el_limit(int what, rlim_t value)
{
	struct rlimit limit;

	CHECK(getrlimit(what, &limit) == 0);
	limit.rlim_cur = value < limit.rlim_max ? value : limit.rlim_max;
	CHECK(setrlimit(what, &limit) == 0);
}

static rlim_t
el_now(int what)
{
	struct rlimit limit;

	CHECK(getrlimit(what, &limit) == 0);
	return limit.rlim_cur;
}

/* The job is done, or the executor has broken, with that among the words. */
static int
el_done(struct reactor_future *f, const char *words)
{
	struct reactor_outcome outcome;
	int error;

	crash_outcome(f, &outcome);
	error = outcome.error;
	if (error != 0 &&
	    (error != ENOTRECOVERABLE || strstr(outcome.text, words) == NULL))
		test_fail("error %d, \"%s\"", error, outcome.text);
	reactor_future_detach(f);
	return error == 0;
}

/* ---- Descriptors --------------------------------------------------------- */

/* All below are open. */
static int
el_lowest(void)
{
	int fd = dup(0);

	CHECK(fd != -1);
	CHECK(close(fd) == 0);
	return fd;
}

static void
el_descriptors(void)
{
	const struct reactor_executor_options options = { .workers = 1,
		.kind = test_case->data };
	rlim_t usual = el_now(RLIMIT_NOFILE);
	int base = el_lowest(), n, done = 0;
	struct reactor_executor *pool;

	crash_begin();
	for (n = 0; n < 20 && !done; n++) {
		el_limit(RLIMIT_NOFILE, (rlim_t)(base + n));
		pool = reactor_executor_open(&options);
		if (pool == NULL) {
			CHECK_INT(errno, EMFILE);
			CHECK(strlen(reactor_executor_error()) > 10);
		} else {
			done = el_done(
			    crash_submit(pool, crash_pid, 0), strerror(EMFILE));
			crash_close(pool);
		}
		el_limit(RLIMIT_NOFILE, usual);
		crash_alone();
		CHECK_INT(el_lowest(), base);
	}
	CHECK(done);
	CHECK(crash_threads() == (n == 1));
}

static int
el_echo(struct reactor_job *job)
{
	return reactor_job_return(job, job->argument, job->size);
}

/* The one that there is does all; then there are two. */
static void
el_fewer(void)
{
	struct reactor_executor *pool = crash_open(2);
	rlim_t usual = el_now(RLIMIT_NOFILE);
	struct reactor_future *f[5];
	int i;

	crash_works(pool, 1);
	el_limit(RLIMIT_NOFILE, (rlim_t)el_lowest());
	f[0] = crash_submit(pool, crash_wait_job, 0);
	crash_begun(2);
	for (i = 1; i < 5; i++)
		f[i] = crash_submit(pool, crash_pid, 0);
	loop_sleep(20 * LOOP_MS);
	crash->go = 1;
	for (i = 0; i < 5; i++)
		crash_good(f[i]);
	el_limit(RLIMIT_NOFILE, usual);
	crash->go = 0;
	f[0] = crash_submit(pool, crash_wait_job, 0);
	f[1] = crash_submit(pool, crash_wait_job, 0);
	crash_begun(8);
	crash->go = 1;
	crash_good(f[0]);
	crash_good(f[1]);
	crash_end(pool);
}

/* Large bytes find another way, or say why not; the process stays. */
static void
el_large(void)
{
	const struct reactor_executor_options options = { .workers = 1,
		.flags = REACTOR_BREAK };
	struct reactor_executor *pool = crash_open_with(&options);
	rlim_t usual = el_now(RLIMIT_NOFILE);
	char *bytes = calloc(1, 1 << 20);
	struct reactor_future *f[2];
	struct reactor_outcome outcome;

	crash_works(pool, 1);
	el_limit(RLIMIT_NOFILE, (rlim_t)el_lowest());
	f[0] = reactor_submit(pool, crash_pid, bytes, 1 << 20);
	CHECK(f[0] != NULL);
	crash_good(f[0]);
	f[1] = reactor_submit(pool, el_echo, bytes, 1 << 20);
	CHECK(f[1] != NULL);
	crash_outcome(f[1], &outcome);
	if (outcome.error != 0 && outcome.error != EMFILE)
		test_fail("error %d, %s", outcome.error, outcome.text);
	reactor_future_detach(f[1]);
	el_limit(RLIMIT_NOFILE, usual);
	crash_works(pool, 2);
	free(bytes);
	crash_end(pool);
}

/* ---- Processes and threads ----------------------------------------------- */

/* The limit is not for root. */
static void
el_ordinary(void)
{
	if (CRASH_ASAN || CRASH_TSAN)
		SKIP("the checker needs processes and files of its own");
	crash_begin();
	if (getuid() == 0 &&
	    (setgroups(0, NULL) == -1 || setgid(65534) == -1 ||
		setuid(65534) == -1))
		SKIP("cannot become another user");
	(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); /* for /proc/self */
}

static void
el_threads(void)
{
	struct reactor_executor *pool;
	struct reactor_future *f = NULL, *g[3];
	rlim_t usual, n;
	int i;

	el_ordinary();
	pool = crash_open(4);
	usual = el_now(RLIMIT_NPROC);
	for (n = 1; f == NULL; n++) {
		CHECK(n < 1000);
		el_limit(RLIMIT_NPROC, n);
		errno = 0;
		f = reactor_submit(pool, crash_wait_job, NULL, 0);
		if (f == NULL)
			CHECK_INT(errno, ENOMEM);
	}
	if (n == 2)
		SKIP("the limit is not observed here");
	/* One thread there is; it does all. */
	for (i = 0; i < 3; i++)
		g[i] = crash_submit(pool, crash_pid, 0);
	errno = 0;
	CHECK(reactor_submit_with(pool, crash_pid, NULL, 0,
		  &(const struct reactor_job_attributes){
		      .limit = REACTOR_SECOND }) == NULL);
	CHECK_INT(errno, ENOMEM); /* who looks at the clock is a thread too */
	crash->go = 1;
	crash_good(f);
	for (i = 0; i < 3; i++)
		crash_good(g[i]);
	el_limit(RLIMIT_NPROC, usual);
	crash_works(pool, 10);
	crash_end(pool);
}

static void
el_processes(void)
{
	const struct reactor_executor_options options = { .workers = 2,
		.kind = test_case->data };
	struct reactor_executor *pool;
	struct reactor_future *f;
	rlim_t n;
	int done = 0;

	el_ordinary();
	for (n = 1; !done; n++) {
		CHECK(n < 1000);
		el_limit(RLIMIT_NPROC, n);
		pool = reactor_executor_open(&options);
		if (pool == NULL) {
			CHECK_INT(errno, EAGAIN);
			crash_alone();
			continue;
		}
		f = reactor_submit(pool, crash_pid, NULL, 0);
		if (f == NULL)
			CHECK_INT(errno, ENOMEM);
		else
			done = el_done(f, strerror(EAGAIN));
		if (f != NULL && !done)
			crash_is_broken(pool);
		crash_end(pool);
	}
	if (n == 2)
		SKIP("the limit is not observed here");
}

/* One process is there; no other can be had, for a while. */
static struct reactor_executor *
el_with_one(struct rlimit *usual)
{
	struct reactor_executor *pool;
	struct rlimit none;

	el_ordinary();
	CHECK(getrlimit(RLIMIT_NPROC, usual) == 0);
	none = *usual;
	none.rlim_cur = 1;
	pool = crash_open(2);
	crash_works(pool, 1);
	if (el_helper_limit(crash->helper, RLIMIT_NPROC, &none) == -1)
		SKIP("no limits for others");
	return pool;
}

static void
el_fork_later(void)
{
	struct rlimit usual;
	struct reactor_executor *pool = el_with_one(&usual);
	struct reactor_executor_statistics stats;
	struct reactor_future *f[2];

	f[0] = crash_submit(pool, crash_wait_job, 0);
	crash_begun(2);
	f[1] = crash_submit(pool, crash_wait_job, 0);
	loop_sleep(200 * LOOP_MS); /* it fails so often */
	reactor_executor_stats(pool, &stats);
	CHECK(!stats.broken);
	CHECK_INT(stats.started, 1);
	CHECK(el_helper_limit(crash->helper, RLIMIT_NPROC, &usual) == 0);
	crash_begun(3);
	crash->go = 1;
	crash_good(f[0]);
	crash_good(f[1]);
	crash_end(pool);
}

static void
el_fork_never(void)
{
	struct rlimit usual;
	struct reactor_executor *pool = el_with_one(&usual);
	struct reactor_future *f;

	CHECK(kill(crash->pid, SIGKILL) == 0);
	f = crash_submit(pool, crash_pid, 0);
	crash_bad(f, ENOTRECOVERABLE, strerror(EAGAIN));
	crash_is_broken(pool);
	crash_end(pool);
}

/* ---- Memory -------------------------------------------------------------- */

enum { EL_LARGE = 64 << 20 };

static rlim_t
el_address_space(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	unsigned long pages = 0;

	if (CRASH_ASAN || CRASH_TSAN)
		SKIP("the checker needs it itself");
	if (file == NULL || fscanf(file, "%lu", &pages) != 1)
		SKIP("no /proc/self/statm");
	(void)fclose(file);
	return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

static int
el_greedy(struct reactor_job *job)
{
	return reactor_job_result(job, EL_LARGE) != NULL ? 0 : -1;
}

static void
el_memory(void)
{
	struct reactor_executor *pool = crash_open(1);
	char *bytes = calloc(1, EL_LARGE);
	rlim_t usual = el_now(RLIMIT_AS);
	int i;

	crash_works(pool, 2);
	el_limit(RLIMIT_AS, el_address_space() + EL_LARGE / 2);
	for (i = 0; i < 2; i++) {
		errno = 0;
		CHECK(reactor_submit(pool, el_echo, bytes, EL_LARGE) == NULL);
		CHECK_INT(errno, ENOMEM);
		crash_bad(
		    crash_submit(pool, el_greedy, 0), ENOMEM, strerror(ENOMEM));
		crash_works(pool, 2);
	}
	el_limit(RLIMIT_AS, usual);
	crash_good(crash_submit(pool, el_greedy, 0));
	free(bytes);
	crash_end(pool);
}

/* No stack for a thread, perhaps. */
static void
el_stack(void)
{
	const struct reactor_executor_options options = {
		.workers = 2, .stack_size = EL_LARGE, .kind = test_case->data
	};
	rlim_t usual = el_now(RLIMIT_AS);
	struct reactor_executor *pool;

	crash_begin();
	el_limit(RLIMIT_AS, el_address_space() + EL_LARGE / 2);
	pool = reactor_executor_open(&options);
	if (pool == NULL) {
		CHECK(errno == ENOMEM || errno == EAGAIN);
	} else {
		errno = 0;
		CHECK(reactor_submit(pool, crash_pid, NULL, 0) == NULL);
		CHECK_INT(errno, ENOMEM);
	}
	el_limit(RLIMIT_AS, usual);
	if (pool == NULL)
		pool = crash_open(2);
	crash_works(pool, 2);
	crash_end(pool);
}

/* Files may not be large; what is passed on is in none that anybody sees. */
static void
el_file_size(void)
{
	struct reactor_executor *pool;
	char *bytes = calloc(1, 1 << 20);
	struct reactor_future *f;

	signal(SIGXFSZ, SIG_DFL); /* it may be ignored here */
	el_limit(RLIMIT_FSIZE, 5000);
	pool = crash_open(1);
	f = reactor_submit(pool, el_echo, bytes, 1 << 20);
	CHECK(f != NULL);
	crash_good(f);
	free(bytes);
	crash_end(pool);
}

static const struct test tests[] = {
	CRASH_BOTH("descriptors, at each step", el_descriptors),
	CRASH_PROCESSES("descriptors: fewer processes", el_fewer),
	CRASH_PROCESSES("descriptors: large bytes", el_large),
	CRASH_THREADS("no thread, then one, then more", el_threads),
	CRASH_PROCESSES("no process, then one", el_processes),
	CRASH_PROCESSES("fork fails for a while", el_fork_later),
	CRASH_PROCESSES("fork fails for ever", el_fork_never),
	CRASH_BOTH("address space: large bytes", el_memory),
	CRASH_BOTH("address space: stacks", el_stack),
	CRASH_BOTH("the size of files", el_file_size),
};

TEST_MAIN(tests)
