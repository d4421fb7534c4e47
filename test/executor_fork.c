/*
 * SPDX-License-Identifier: ISC
 *
 * executor_fork.c: the program forks while jobs run.  The executor goes on in
 * the parent; in the child nothing can be done with it, and nothing hangs; what
 * is opened there anew works.
 */
#include "test/crash.h"

/* ---- What a child can do: nothing ---------------------------------------- */

static void
ef_called(struct reactor *r, struct reactor_done *done)
{
	(void)r;
	(void)done;
	test_fail("called in the child");
}

static void
ef_room(struct reactor *r, struct reactor_room *room)
{
	(void)r;
	(void)room;
	test_fail("called in the child");
}

static int
ef_argument(void *context, size_t i, struct reactor_bytes *bytes)
{
	(void)context;
	(void)bytes;
	return i < 3;
}

static void
ef_line(void *context, const char *line)
{
	(void)context;
	(void)line;
}

#define EF_CHILD(call)                    \
	do {                              \
		errno = 0;                \
		CHECK(call);              \
		CHECK_INT(errno, ECHILD); \
	} while (0)

static void
ef_refuses_futures(struct reactor_future *f)
{
	struct reactor_done done = { .callback = ef_called, .future = f };
	struct reactor_future *next;
	struct reactor_series *series;

	EF_CHILD(reactor_future_wait(f, -1, NULL) == -1);
	EF_CHILD(reactor_future_wait(f, 0, NULL) == -1);
	EF_CHILD(reactor_future_cancel(f) == -1);
	EF_CHILD(reactor_futures_wait(&f, 1, REACTOR_ALL, -1) == -1);
	EF_CHILD(reactor_done_start(NULL, &done) == -1);
	series = reactor_series_open(&f, 1, -1);
	if (series == NULL) {
		CHECK_INT(errno, ECHILD);
	} else {
		EF_CHILD(reactor_series_next(series, &next) == -1);
		reactor_series_close(series);
	}
}

static void
ef_refuses(struct reactor_executor *pool, struct reactor_future *f)
{
	struct reactor_room room = { .callback = ef_room, .executor = pool };
	struct reactor_done done = { .callback = ef_called, .future = f };
	struct reactor_worker_info workers[4];
	struct reactor_executor_statistics stats;
	struct reactor_outcome outcome;
	struct reactor *r = loop_open();

	EF_CHILD(reactor_submit(pool, crash_pid, NULL, 0) == NULL);
	EF_CHILD(reactor_executor_shutdown(pool, 0) == -1);
	EF_CHILD(reactor_executor_shutdown(pool, REACTOR_KILL) == -1);
	EF_CHILD(reactor_executor_close(pool, -1) == -1);
	EF_CHILD(reactor_room_start(r, &room) == -1);
	EF_CHILD(reactor_done_start(r, &done) == -1);
	EF_CHILD(
	    reactor_map_open(pool, crash_pid, ef_argument, NULL, NULL) == NULL);
	ef_refuses_futures(f);
	/* These cannot fail; they must come back. */
	reactor_executor_stats(pool, &stats);
	(void)reactor_executor_workers(pool, workers, 4);
	reactor_executor_dump(pool, ef_line, NULL);
	(void)reactor_executor_kind(pool);
	(void)reactor_future_name(f);
	reactor_future_peek(f, &outcome);
	reactor_future_detach(reactor_future_retain(f));
	reactor_future_detach(f);
	CHECK_INT(reactor_close(r), 0);
}

/* Of what was started before: a handler, a map, a series. */
static void
ef_stops(struct reactor *r, struct reactor_done *done, struct reactor_map *map,
    struct reactor_series *series)
{
	struct reactor_outcome outcome;
	struct reactor_future *next;

	EF_CHILD(reactor_map_next(map, &outcome) == -1);
	EF_CHILD(reactor_series_next(series, &next) == -1);
	reactor_map_close(map);
	reactor_series_close(series);
	reactor_done_stop(r, done);
	CHECK_INT(reactor_close(r), 0);
}

static pid_t
ef_fork(void)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	CHECK(pid != -1);
	if (pid == 0)
		alarm((unsigned)(crash_long() / REACTOR_SECOND));
	return pid;
}

static void
ef_child(void)
{
	struct reactor_executor *pool = crash_open(2);
	struct reactor_future *f[4];
	pid_t pid[2];
	int i;

	f[0] = crash_submit(pool, crash_pid, 0);
	crash_outcome(f[0], NULL);
	crash->begun = 0;
	for (i = 1; i < 4; i++)
		f[i] = crash_submit(pool, crash_wait_job, 0);
	crash_begun(2);
	for (i = 0; i < 2; i++) {
		pid[i] = ef_fork();
		if (pid[i] == 0) {
			ef_refuses(pool, f[i * 3]);
			_exit(0);
		}
	}
	for (i = 0; i < 2; i++)
		crash_join(pid[i]);
	crash->go = 1;
	for (i = 0; i < 4; i++)
		crash_good(f[i]);
	crash_works(pool, 10);
	crash_end(pool);
}

static int ef_done_calls;

static void
ef_done(struct reactor *r, struct reactor_done *done)
{
	(void)r;
	(void)done;
	ef_done_calls++;
}

static void
ef_started(void)
{
	struct reactor_executor *pool = crash_open(2);
	struct reactor *r = loop_open();
	struct reactor_done done = { .callback = ef_done };
	struct reactor_future *f = crash_submit(pool, crash_wait_job, 0), *next;
	struct reactor_map *map;
	struct reactor_series *series;
	struct reactor_outcome outcome;
	pid_t pid;
	int i;

	done.future = f;
	CHECK_INT(reactor_done_start(r, &done), 0);
	map = reactor_map_open(pool, crash_wait_job, ef_argument, NULL, NULL);
	CHECK(map != NULL);
	series = reactor_series_open(&f, 1, -1);
	CHECK(series != NULL);
	crash_begun(2);
	pid = ef_fork();
	if (pid == 0) {
		ef_stops(r, &done, map, series);
		_exit(0);
	}
	crash_join(pid);
	crash->go = 1;
	for (i = 0; i < 3; i++) {
		CHECK_INT(reactor_map_next(map, &outcome), 1);
		CHECK_INT(outcome.error, 0);
	}
	CHECK_INT(reactor_map_next(map, &outcome), 0);
	CHECK_INT(reactor_series_next(series, &next), 1);
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(ef_done_calls, 1);
	reactor_map_close(map);
	reactor_series_close(series);
	reactor_future_detach(f);
	CHECK_INT(reactor_close(r), 0);
	crash_end(pool);
}

/* ---- A child that lives on ----------------------------------------------- */

static pid_t
ef_linger(void)
{
	pid_t pid = ef_fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	return pid;
}

static void
ef_end(pid_t pid)
{
	CHECK(kill(pid, SIGKILL) == 0);
	CHECK_INT(waitpid(pid, NULL, 0), pid);
}

/* It holds copies of what was open, and hides no end. */
static void
ef_lives_on(void)
{
	struct reactor_executor *pool = crash_open(2);
	struct reactor_future *f[2];
	pid_t pid, later;
	int i;

	for (i = 0; i < 2; i++)
		f[i] = crash_submit(pool, crash_wait_job, 0);
	crash_begun(2);
	pid = ef_linger();
	CHECK(kill(crash->pids[0], SIGKILL) == 0);
	crash->go = 1;
	for (i = 0; i < 2; i++) {
		crash_outcome(f[i], NULL);
		reactor_future_detach(f[i]);
	}
	crash_works(pool, 10); /* on a worker that is started now */
	later = ef_linger();
	CHECK(kill(crash->pid, SIGKILL) == 0);
	crash_works(pool, 10);
	crash_close(pool); /* does not wait for them */
	ef_end(pid);
	ef_end(later);
	crash_alone();
}

static void
ef_helper_dies(void)
{
	struct reactor_executor *pool = crash_open(2);
	struct reactor_future *f = crash_submit(pool, crash_wait_job, 0);
	pid_t pid;

	crash_begun(1);
	pid = ef_linger();
	CHECK(kill(crash->helper, SIGKILL) == 0);
	crash_bad(f, ENOTRECOVERABLE, "helper");
	crash_is_broken(pool);
	crash_close(pool);
	ef_end(pid);
	crash_adopt();
}

/* ---- Anew ---------------------------------------------------------------- */

static void
ef_use(const char *kind)
{
	const struct reactor_executor_options options = { .kind = kind,
		.workers = 2 };
	struct reactor_executor *pool = reactor_executor_open(&options);

	CHECK(pool != NULL);
	crash_works(pool, 10);
	CHECK_INT(reactor_executor_close(pool, crash_long()), 0);
}

static void
ef_use_both(void)
{
	ef_use("threads");
	ef_use("processes");
	crash_alone();
	_exit(0);
}

static void
ef_anew(void)
{
	struct reactor_executor *pool;
	struct reactor_future *f;
	pid_t pid;
	int i;

	if (CRASH_TSAN)
		SKIP("no threads after a fork under TSan");
	pool = crash_open(2);
	f = crash_submit(pool, crash_wait_job, 0);
	crash_begun(1);
	for (i = 0; i < 2; i++) {
		pid = ef_fork();
		if (pid == 0)
			ef_use_both();
		crash_join(pid);
	}
	crash->go = 1;
	crash_good(f);
	crash_works(pool, 10);
	crash_end(pool);
}

/* The grandchild of a child that has an executor, too. */
static void
ef_generations(void)
{
	struct reactor_executor *pool, *own;
	pid_t pid, inner;

	if (CRASH_TSAN)
		SKIP("no threads after a fork under TSan");
	pool = crash_open(1);
	crash_works(pool, 1);
	pid = ef_fork();
	if (pid == 0) {
		own = crash_open(1);
		crash_works(own, 2);
		inner = ef_fork();
		if (inner == 0)
			ef_use_both();
		crash_join(inner);
		crash_works(own, 2);
		EF_CHILD(reactor_submit(pool, crash_pid, NULL, 0) == NULL);
		CHECK_INT(reactor_executor_close(own, crash_long()), 0);
		crash_alone();
		_exit(0);
	}
	crash_join(pid);
	crash_works(pool, 2);
	crash_end(pool);
}

/* reactor_helper_start is the parent's as well. */
static void
ef_helper_started(void)
{
	pid_t pid;

	if (CRASH_TSAN)
		SKIP("no threads after a fork under TSan");
	crash_begin();
	CHECK_INT(reactor_helper_start(), 0);
	ef_use("processes");
	pid = ef_fork();
	if (pid == 0) {
		ef_use("processes");
		CHECK_INT(reactor_helper_start(), 0);
		ef_use("processes");
		reactor_helper_stop();
		ef_use_both();
	}
	crash_join(pid);
	ef_use("processes");
	reactor_helper_stop();
	crash_alone();
}

/* ---- A job forks --------------------------------------------------------- */

static struct reactor_executor *ef_pool; /* the helper has a copy */

static struct reactor_executor *
ef_open_threads(void)
{
	const struct reactor_executor_options options = { .kind = "threads",
		.workers = 1 };
	struct reactor_executor *pool = reactor_executor_open(&options);

	CHECK(pool != NULL);
	crash_begin();
	crash_works(pool, 1);
	return pool;
}

static int
ef_forking(struct reactor_job *job)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		if (reactor_submit(ef_pool, crash_pid, NULL, 0) != NULL ||
		    errno != ECHILD)
			_exit(1);
		_exit(0);
	}
	if (pid == -1 || waitpid(pid, &status, 0) != pid || status != 0)
		return reactor_job_fail(job, EPROTO, "status %#x", status);
	return 0;
}

static void
ef_job_forks(void)
{
	struct reactor_executor *pool;
	struct reactor_future *f[30];
	int i;

	ef_pool = ef_open_threads();
	pool = crash_open(3);
	for (i = 0; i < 30; i++)
		f[i] = crash_submit(pool, ef_forking, 0);
	for (i = 0; i < 30; i++)
		crash_good(f[i]);
	crash_close(pool);
	crash_end(ef_pool);
}

/* A process of an executor is a program of its own. */
static int
ef_nested(struct reactor_job *job)
{
	const struct reactor_executor_options options = { .workers = 2,
		.kind = job->argument };
	struct reactor_executor *pool = reactor_executor_open(&options);

	if (pool == NULL)
		return reactor_job_fail(
		    job, errno, "%s", reactor_executor_error());
	crash_works(pool, 4);
	return reactor_executor_close(pool, crash_long());
}

static void
ef_job_opens(void)
{
	static const char *const kinds[] = { "threads", "processes" };
	struct reactor_executor *pool;
	struct reactor_future *f[4];
	int i;

	if (CRASH_TSAN && !crash_threads())
		SKIP("no threads after a fork under TSan");
	pool = crash_open(2);
	for (i = 0; i < 4; i++) {
		f[i] = reactor_submit(
		    pool, ef_nested, kinds[i % 2], strlen(kinds[i % 2]) + 1);
		CHECK(f[i] != NULL);
	}
	for (i = 0; i < 4; i++)
		crash_good(f[i]);
	crash_end(pool);
}

/* A job's process that uses what it has a copy of. */
static int
ef_uses_copy(struct reactor_job *job)
{
	if (reactor_submit(ef_pool, crash_pid, NULL, 0) != NULL)
		return reactor_job_fail(job, EPROTO, "it was taken");
	if (errno != ECHILD)
		return reactor_job_fail(job, EPROTO, "not ECHILD: %d", errno);
	return 0;
}

static void
ef_job_copy(void)
{
	struct reactor_executor *pool;

	ef_pool = ef_open_threads();
	pool = crash_open(1);
	crash_good(crash_submit(pool, ef_uses_copy, 0));
	crash_close(pool);
	crash_end(ef_pool);
}

/* ---- Fork, fork, fork ---------------------------------------------------- */

static _Atomic int ef_over;

/* With exec or without, as fast as it can. */
static void *
ef_forks(void *pool)
{
	char *const arguments[] = { (char[]){ "true" }, NULL };
	int i, status;
	pid_t pid;

	for (i = 0; !ef_over && i < 1000; i++) {
		pid = fork();
		if (pid == 0) {
			if (i % 2 == 0) {
				execvp("true", arguments);
				_exit(0);
			}
			if (reactor_submit(pool, crash_pid, NULL, 0) != NULL ||
			    errno != ECHILD)
				_exit(1);
			_exit(0);
		}
		if (pid == -1)
			continue;
		while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
			continue;
		CHECK_INT(status, 0);
	}
	return NULL;
}

static int
ef_small(struct reactor_job *job)
{
	return reactor_job_return(job, job->argument, job->size);
}

/* As long as it takes, but not longer than that. */
static void
ef_rounds(struct reactor_executor *pool)
{
	int64_t until = test_clock() + 600 * LOOP_MS;
	struct reactor_future *f[20];
	char large[70000] = "large";
	int i, round;

	for (round = 0; round < 50 && test_clock() < until; round++) {
		for (i = 0; i < 20; i++) {
			f[i] = reactor_submit(pool, ef_small, large,
			    i % 5 == 0 ? sizeof(large) : 100);
			CHECK(f[i] != NULL);
		}
		if (!crash_threads() && round % 8 == 7)
			crash_works(pool, 1);
		for (i = 0; i < 20; i++)
			crash_good(f[i]);
	}
}

static void
ef_storm(void)
{
	struct reactor_executor *pool, *other;
	pthread_t threads[3];
	int i;

	if (CRASH_TSAN)
		SKIP("forks of many threads are more than TSan bears");
	pool = crash_open_with(&(const struct reactor_executor_options){
	    .workers = 3, .max_jobs = 10 });
	for (i = 0; i < 3; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, ef_forks, pool), 0);
	ef_rounds(pool);
	for (i = 0; i < 5; i++) {
		other = crash_open(2);
		crash_works(other, 4);
		crash_close(other);
	}
	ef_over = 1;
	for (i = 0; i < 3; i++)
		CHECK_INT(pthread_join(threads[i], NULL), 0);
	crash_works(pool, 5);
	crash_end(pool);
}

static const struct test tests[] = {
	CRASH_BOTH("in the child: ECHILD", ef_child),
	CRASH_BOTH("in the child: what was started", ef_started),
	CRASH_PROCESSES("a child that lives on hides no end", ef_lives_on),
	CRASH_PROCESSES(
	    "a child that lives on, and the helper dies", ef_helper_dies),
	CRASH_BOTH("anew in the child", ef_anew),
	CRASH_BOTH("anew in the child of a child", ef_generations),
	CRASH_PROCESSES("reactor_helper_start, then fork", ef_helper_started),
	CRASH_BOTH("a job forks", ef_job_forks),
	CRASH_BOTH("a job opens an executor", ef_job_opens),
	CRASH_PROCESSES("a job uses its copy of an executor", ef_job_copy),
	CRASH_BOTH("threads that fork and fork", ef_storm),
};

TEST_MAIN(tests)
