/*
 * SPDX-License-Identifier: ISC
 *
 * executor_idle.c: processes of workers that have nothing to do, or are out of
 * reach: their end is noticed at once, and they can be killed.
 */
#include "test/crash.h"

static struct reactor_executor_statistics
il_stats(struct reactor_executor *pool)
{
	struct reactor_executor_statistics stats;

	reactor_executor_stats(pool, &stats);
	return stats;
}

static struct reactor_worker_info
il_worker(struct reactor_executor *pool)
{
	struct reactor_worker_info info;

	memset(&info, 0, sizeof(info));
	CHECK(reactor_executor_workers(pool, &info, 1) >= 1); /* the first */
	return info;
}

/* How many of three are ready, and have a process. */
static size_t
il_idle(struct reactor_executor *pool)
{
	struct reactor_worker_info info[3];
	size_t i, idle = 0, n = reactor_executor_workers(pool, info, 3);

	for (i = 0; i < n && i < 3; i++)
		idle += info[i].state == REACTOR_IDLE;
	return idle;
}

/* Nobody submits anything meanwhile. */
#define IL_UNTIL(holds)                                                       \
	do {                                                                  \
		int64_t until = test_clock() + crash_long();                  \
                                                                              \
		while (!(holds)) {                                            \
			if (test_clock() > until)                             \
				test_fail("%s: never %s", TEST_HERE, #holds); \
			loop_sleep(LOOP_MS);                                  \
		}                                                             \
	} while (0)

/* ---- The end of one that is idle ----------------------------------------- */

static void
il_killed(void)
{
	struct reactor_executor *pool = crash_open(1);
	int pid, i;

	crash_works(pool, 1);
	for (i = 1; i <= 3; i++) {
		IL_UNTIL(il_worker(pool).state == REACTOR_IDLE);
		pid = il_worker(pool).pid;
		CHECK(kill(pid, SIGKILL) == 0);
		IL_UNTIL(il_stats(pool).died == (uint64_t)i);
		IL_UNTIL(il_worker(pool).state == REACTOR_IDLE);
		CHECK(il_worker(pool).pid != pid);
		CHECK(il_worker(pool).pid != 0);
	}
	crash_works(pool, 4);
	CHECK_INT(il_stats(pool).failed, 0);
	CHECK_INT(il_stats(pool).started, 4);
	crash_end(pool);
}

static void
il_all_killed(void)
{
	struct reactor_executor *pool = crash_open(3);
	struct reactor_worker_info info[3];
	size_t i, n;

	crash_works(pool, 16);
	IL_UNTIL(il_idle(pool) == il_stats(pool).workers);
	n = reactor_executor_workers(pool, info, 3);
	for (i = 0; i < n; i++)
		CHECK(kill(info[i].pid, SIGKILL) == 0);
	IL_UNTIL(il_stats(pool).died == n);
	crash_works(pool, 16);
	CHECK_INT(il_stats(pool).failed, 0);
	crash_end(pool);
}

static void
il_breaks(void)
{
	const struct reactor_executor_options options = { .workers = 2,
		.flags = REACTOR_BREAK };
	struct reactor_executor *pool = crash_open_with(&options);

	crash_works(pool, 2);
	IL_UNTIL(il_worker(pool).state == REACTOR_IDLE);
	CHECK(kill(il_worker(pool).pid, SIGKILL) == 0);
	IL_UNTIL(il_stats(pool).broken);
	crash_is_broken(pool);
	crash_end(pool);
}

static void
il_helper(void)
{
	struct reactor_executor *pool = crash_open(2);

	crash_works(pool, 8);
	IL_UNTIL(il_stats(pool).running == 0);
	CHECK(kill(crash->helper, SIGKILL) == 0);
	IL_UNTIL(il_stats(pool).broken);
	IL_UNTIL(il_stats(pool).workers == 0);
	crash_is_broken(pool);
	crash_close(pool);
}

/* ---- While it is started again ------------------------------------------- */

static int
il_dies(struct reactor_job *job)
{
	(void)job;
	raise(SIGKILL);
	return 0;
}

static void
il_starting(void)
{
	struct reactor_executor *pool = crash_open(1);
	struct reactor_worker_info info;
	int i;

	/* Each of these makes the pause before the next longer. */
	for (i = 0; i < 6; i++)
		crash_bad(crash_submit(pool, il_dies, 0), EOWNERDEAD, "killed");
	info = il_worker(pool);
	if (info.state == REACTOR_WORKING) /* not quite */
		IL_UNTIL((info = il_worker(pool)).state != REACTOR_WORKING);
	CHECK_INT(info.state, REACTOR_STARTING);
	CHECK_INT(info.pid, 0);
	CHECK_STR(info.job, "");
	crash_works(pool, 1);
	crash_end(pool);
}

/* ---- Out of its group ---------------------------------------------------- */

/* Into that of the helper, where no signal for its own comes. */
static int
il_escapes(struct reactor_job *job)
{
	if (setpgid(0, getpgid(getppid())) == -1)
		return reactor_job_fail(job, errno, "setpgid");
	crash_note();
	for (;;)
		loop_sleep(LOOP_MS);
	return 0;
}

static void
il_escape_limit(void)
{
	struct reactor_executor *pool = crash_open(1);

	crash_bad(crash_submit(pool, il_escapes, 50 * LOOP_MS), ETIMEDOUT,
	    "took longer");
	crash_works(pool, 1);
	crash_end(pool);
}

static void
il_escape_kill(void)
{
	struct reactor_executor *pool = crash_open(1);
	struct reactor_future *f = crash_submit(pool, il_escapes, 0);

	crash_begun(1);
	CHECK_INT(reactor_executor_shutdown(pool, REACTOR_KILL), 0);
	crash_bad(f, EOWNERDEAD, "shutdown");
	crash_end(pool);
}

/* The program is killed: the helper ends all of them, and itself. */
static void
il_escape_orphan(void)
{
	pid_t pid;

	crash_begin();
	pid = fork();
	CHECK(pid != -1);
	if (pid == 0) {
		(void)crash_submit(crash_open(1), il_escapes, 0);
		for (;;)
			pause();
	}
	crash_begun(1);
	CHECK(kill(pid, SIGKILL) == 0);
	CHECK(waitpid(pid, NULL, 0) == pid);
	crash_adopt();
}

static const struct test tests[] = {
	CRASH_PROCESSES("one is killed", il_killed),
	CRASH_PROCESSES("all are killed", il_all_killed),
	CRASH_PROCESSES("one is killed, and all breaks", il_breaks),
	CRASH_PROCESSES("the helper is killed", il_helper),
	CRASH_PROCESSES("starting again", il_starting),
	CRASH_PROCESSES("out of its group: a limit", il_escape_limit),
	CRASH_PROCESSES("out of its group: shut down", il_escape_kill),
	CRASH_PROCESSES("out of its group: the program dies", il_escape_orphan),
};

TEST_MAIN(tests)
