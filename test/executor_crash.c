/*
 * SPDX-License-Identifier: ISC
 *
 * executor_crash.c: processes die, of a worker, of the helper, of the program:
 * what they did fails, with a reason, and nothing else does; nothing hangs, and
 * nothing is left behind.
 */
#include <sys/resource.h>
#include "reactor/executor/wire.h"
#include "test/crash.h"
#include "test/without.h"

static struct reactor_executor_statistics
cr_stats(struct reactor_executor *pool)
{
	struct reactor_executor_statistics stats;

	reactor_executor_stats(pool, &stats);
	return stats;
}

/* ---- Killed -------------------------------------------------------------- */

static void
cr_idle(void)
{
	struct reactor_executor *pool = crash_open(2);
	int i;

	for (i = 0; i < 5; i++) {
		crash_works(pool, 1);
		CHECK(kill(crash->pid, SIGKILL) == 0);
		if (i % 2 == 0)
			loop_sleep(5 * LOOP_MS);
		crash_works(pool, 10);
	}
	CHECK_INT(cr_stats(pool).failed, 0);
	CHECK(cr_stats(pool).died >= 1);
	CHECK(!cr_stats(pool).broken);
	crash_end(pool);
}

static void
cr_idle_closed(void)
{
	struct reactor_executor *pool = crash_open(2);

	crash_works(pool, 10);
	CHECK(kill(crash->pid, SIGKILL) == 0);
	crash_end(pool);
}

static void
cr_busy(void)
{
	struct reactor_executor *pool = crash_open(3);
	struct reactor_future *f[3], *next;
	struct reactor_outcome outcome;
	int victim;

	f[0] = crash_submit(pool, crash_wait_job, 0);
	crash_begun(1);
	victim = crash->pid;
	f[1] = crash_submit(pool, crash_wait_job, 0);
	f[2] = crash_submit(pool, crash_wait_job, 0);
	crash_begun(3);
	next = crash_submit(pool, crash_pid, 0);
	CHECK(kill(victim, SIGKILL) == 0);
	crash_outcome(f[0], &outcome);
	CHECK_INT(outcome.error, EOWNERDEAD);
	CHECK(WIFSIGNALED(outcome.status));
	CHECK_INT(WTERMSIG(outcome.status), SIGKILL);
	CHECK(outcome.bytes == NULL);
	crash_bad(f[0], EOWNERDEAD, "signal 9");
	crash_good(next); /* by the one that has taken its place */
	crash->go = 1;
	crash_good(f[1]);
	crash_good(f[2]);
	CHECK_INT(cr_stats(pool).failed, 1);
	CHECK_INT(cr_stats(pool).died, 1);
	CHECK_INT(cr_stats(pool).started, 4);
	CHECK_INT(cr_stats(pool).workers, 3);
	crash_end(pool);
}

/* One death after the other, each of a job; those between them are done. */
static void
cr_often(void)
{
	const struct reactor_executor_options options = { .workers = 1 };
	struct reactor_executor *pool = crash_open_with(&options);
	struct reactor_future *f, *next;
	int i;

	for (i = 0; i < 7; i++) {
		crash->begun = 0;
		f = crash_submit(pool, crash_wait_job, 0);
		next = i % 3 == 0 ? crash_submit(pool, crash_pid, 0) : NULL;
		crash_begun(1);
		CHECK(kill(crash->pid, SIGKILL) == 0);
		crash_bad(f, EOWNERDEAD, "signal 9");
		if (next != NULL)
			crash_good(next);
	}
	crash_works(pool, 3);
	crash_end(pool);
}

/* ---- Other ends ---------------------------------------------------------- */

static int
cr_end_job(struct reactor_job *job)
{
	int number = *(int *)job->argument;

	crash_note();
	switch (number) {
	case 0:
		exit(3);
	case -1:
		_exit(4);
	case -2:
		abort();
	case -3:
		_exit(0);
	case -4:
		pthread_exit(NULL);
	}
	raise(number);
	loop_sleep(crash_long());
	return 0;
}

static const struct cr_end {
	int number;
	const char *words;
} cr_ends[] = {
	{ -1, "status 4" },
	{ -2, "signal 6" },
	{ SIGSEGV, "signal 11" },
	{ SIGTERM, "signal 15" },
	{ SIGINT, "signal 2" },
	{ SIGPIPE, "signal 13" },
	{ SIGUSR1, "signal" },
	{ SIGALRM, "signal 14" },
	{ SIGFPE, "signal 8" },
	{ -3, "status 0" },
	/* The leak checker has something to say to these. */
	{ -4, "status 0" },
	{ 0, "status 3" },
};

static void
cr_ends_all(void)
{
	struct reactor_executor *pool = crash_open(2);
	struct rlimit none = { 0, 0 };
	struct reactor_future *f;
	size_t i, n = sizeof(cr_ends) / sizeof(cr_ends[0]);

	if (CRASH_ASAN || CRASH_TSAN)
		n -= 2;
	CHECK(setrlimit(RLIMIT_CORE, &none) == 0);
	for (i = 0; i < n; i++) {
		f = reactor_submit(
		    pool, cr_end_job, &cr_ends[i].number, sizeof(int));
		CHECK(f != NULL);
		crash_bad(f, EOWNERDEAD, cr_ends[i].words);
		crash_works(pool, 2);
	}
	CHECK_INT(cr_stats(pool).failed, n);
	CHECK_INT(cr_stats(pool).died, n);
	crash_end(pool);
}

/* ---- Time limits --------------------------------------------------------- */

static int
cr_loop(struct reactor_job *job)
{
	volatile unsigned turns = 0;

	(void)job;
	crash_note();
	for (;;)
		turns++;
	return 0;
}

static int
cr_deaf(struct reactor_job *job)
{
	(void)job;
	signal(SIGTERM, SIG_IGN);
	crash_note();
	for (;;)
		loop_sleep(LOOP_MS);
	return 0;
}

static int
cr_stopped(struct reactor_job *job)
{
	(void)job;
	crash_note();
	raise(SIGSTOP);
	return 0;
}

static void
cr_limits(void)
{
	static reactor_job_fn *const jobs[] = { cr_loop, cr_deaf, cr_stopped };
	struct reactor_executor *pool = crash_open(3);
	struct reactor_future *f[3], *other;
	size_t i;

	for (i = 0; i < 3; i++)
		f[i] = crash_submit(pool, jobs[i], 50 * LOOP_MS);
	for (i = 0; i < 3; i++)
		crash_bad(f[i], ETIMEDOUT, "than 50");
	other = crash_submit(pool, crash_pid, 100 * REACTOR_SECOND);
	crash_good(other);
	crash_works(pool, 5);
	CHECK_INT(cr_stats(pool).failed, 3);
	CHECK(!cr_stats(pool).broken);
	crash_end(pool);
}

/* Handles SIGTERM itself, and comes to an end: late is late. */
static int
cr_exits(struct reactor_job *job)
{
	(void)job;
	crash_note();
	signal(SIGTERM, _exit);
	for (;;)
		loop_sleep(LOOP_MS);
	return 0;
}

static void
cr_limit_handled(void)
{
	struct reactor_executor *pool = crash_open(1);

	crash_bad(crash_submit(pool, cr_exits, 50 * LOOP_MS), ETIMEDOUT, "");
	crash_works(pool, 2);
	crash_end(pool);
}

/* Ends beside its limit, before or after: the job and the next one. */
static int
cr_beside(struct reactor_job *job)
{
	(void)job;
	loop_sleep(20 * LOOP_MS);
	return 0;
}

static void
cr_limit_beside(void)
{
	struct reactor_executor *pool = crash_open(2);
	struct reactor_future *f[12];
	struct reactor_outcome outcome;
	int i;

	for (i = 0; i < 12; i++)
		f[i] =
		    crash_submit(pool, cr_beside, (19 * 1000 + 250 * i) * 1000);
	for (i = 0; i < 12; i++) {
		crash_outcome(f[i], &outcome);
		CHECK(outcome.error == 0 || outcome.error == ETIMEDOUT);
		reactor_future_detach(f[i]);
	}
	crash_works(pool, 3);
	crash_end(pool);
}

static int
cr_parent(struct reactor_job *job)
{
	(void)job;
	if (fork() == 0) {
		loop_sleep(crash_long());
		_exit(0);
	}
	crash_note();
	return system("sleep 100");
}

static void
cr_children(void)
{
	struct reactor_executor *pool = crash_open(1);

	crash_bad(crash_submit(pool, cr_parent, 100 * LOOP_MS), ETIMEDOUT, "");
	crash_works(pool, 1);
	crash_close(pool);
	crash_adopt();
}

/* ---- While it writes its result ------------------------------------------ */

struct cr_order {
	unsigned seed;
	int by_stream;
	size_t size;
};

static int
cr_result(struct reactor_job *job)
{
	const struct cr_order *order = job->argument;
	struct rlimit none = { 0, 0 };
	unsigned char *bytes;

	crash_note();
	if (order->by_stream)
		(void)setrlimit(RLIMIT_NOFILE, &none);
	bytes = reactor_job_result(job, order->size);
	if (bytes == NULL)
		return -1;
	crash_fill(bytes, order->size, order->seed);
	crash->returned = 1;
	return 0;
}

/* Returns 1: it was done. */
static int
cr_judge(struct reactor_future *f, const struct cr_order *order)
{
	unsigned char *right = malloc(order->size + 1);
	struct reactor_outcome outcome;

	crash_outcome(f, &outcome);
	if (outcome.error == 0) {
		CHECK_INT(outcome.size, order->size);
		crash_fill(right, order->size, order->seed);
		CHECK(memcmp(outcome.bytes, right, order->size) == 0);
	} else {
		CHECK_INT(outcome.error, EOWNERDEAD);
		CHECK_INT(outcome.status & 0x7f, SIGKILL);
	}
	free(right);
	reactor_future_detach(f);
	return outcome.error == 0;
}

/* Kills it so many microseconds after its function has returned. */
static int
cr_strike(struct reactor_executor *pool, struct cr_order *order, unsigned us)
{
	struct reactor_future *f;
	int64_t until;

	crash->returned = 0;
	order->seed = crash_draw(1000);
	f = reactor_submit(pool, cr_result, order, sizeof(*order));
	CHECK(f != NULL);
	until = test_clock() + crash_long();
	while (!crash->returned)
		if (test_clock() > until)
			test_fail("it never returned");
	until = test_clock() + (int64_t)us * 1000;
	while (test_clock() < until)
		continue;
	CHECK(kill(crash->pid, SIGKILL) == 0);
	return cr_judge(f, order);
}

static void
cr_strikes(int by_stream)
{
	static const size_t sizes[] = { 0, 100, 5000, 65535, 65536, 300000,
		4 << 20 };
	static const int usual[] = { 12, 12, 12, 12, 12, 12, 8 };
	struct reactor_executor *pool = crash_open(2);
	struct cr_order order = { .by_stream = by_stream };
	int n, done = 0, all = 0;
	size_t i;

	crash_sow();
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		order.size = sizes[i];
		for (n = 0; n < usual[i]; n++, all++)
			done += cr_strike(pool, &order,
			    crash_draw(20 + (unsigned)(sizes[i] >> 9)));
	}
	order.size = crash_large();
	for (n = 0; n < 2; n++, all++)
		done += cr_strike(pool, &order, crash_draw(60000));
	printf("# %d of %d were done\n", done, all);
	CHECK_INT(cr_stats(pool).succeeded, done);
	CHECK_INT(cr_stats(pool).failed, all - done);
	crash_works(pool, 5);
	crash_end(pool);
}

static void
cr_writing(void)
{
	cr_strikes(0);
}

static void
cr_writing_stream(void)
{
	cr_strikes(1);
}

static void
cr_writing_file(void)
{
	if (without("memfd_create") == -1)
		SKIP("no seccomp");
	cr_strikes(0);
}

/* It gets its argument, and does not want it. */
static void
cr_reading(void)
{
	struct reactor_executor *pool = crash_open(1);
	size_t size = crash_large() / 10;
	unsigned char *bytes = calloc(1, size);
	struct reactor_future *f;
	struct reactor_outcome outcome;
	int i;

	crash_sow();
	crash_works(pool, 1);
	for (i = 0; i < 10; i++) {
		f = reactor_submit(
		    pool, crash_pid, bytes, i % 2 ? size : 60000);
		CHECK(f != NULL);
		loop_sleep(crash_draw(3000) * 1000);
		kill(crash->pid, SIGKILL);
		crash_outcome(f, &outcome);
		CHECK(outcome.error == 0 || outcome.error == EOWNERDEAD);
		reactor_future_detach(f);
		crash_works(pool, 1);
	}
	free(bytes);
	crash_end(pool);
}

/* ---- What a process must not say ----------------------------------------- */

enum {
	CR_CLOSES,
	CR_SHUTS,
	CR_GARBAGE,
	CR_HALF,
	CR_STALE,
	CR_HUGE,
	CR_NEGATIVE,
	CR_NO_FILE,
	CR_SHORT_FILE,
	CR_TWO_FILES,
	CR_NO_END,
	CR_LIES
};

/* Answers in the place of the library, which will answer as well. */
static void
cr_say(const struct reactor__answer *answer, const int *files, int n)
{
	struct reactor__message message;

	memset(&message, 0, sizeof(message));
	reactor__message_put(&message, answer, sizeof(*answer));
	if (n > 0)
		memcpy(message.passed, files, (size_t)n * sizeof(int));
	message.descriptors = n;
	(void)reactor__send_all(3, &message);
}

static int
cr_say_file(struct reactor__answer *answer, size_t size, int n)
{
	int file[2];

	answer->flags = REACTOR__FILE;
	file[0] = file[1] = reactor__wire_file("abc", 3);
	answer->size = size;
	cr_say(answer, file, n);
	return 0;
}

static int
cr_say_bytes(const void *bytes, size_t size)
{
	return write(3, bytes, size) == (ssize_t)size ? 0 : -1;
}

static int
cr_say_words(struct reactor__answer *answer)
{
	answer->error = EDOM;
	answer->size = 5;
	cr_say(answer, NULL, 0);
	return cr_say_bytes("words", 5);
}

static int
cr_lie(struct reactor_job *job)
{
	static const char garbage[5000] = "garbage";
	struct reactor__answer answer;
	int how = *(int *)job->argument;

	crash_note();
	memset(&answer, 0, sizeof(answer));
	answer.sequence = (uint64_t)crash->other;
	switch (how) {
	case CR_CLOSES:
		return close(3);
	case CR_SHUTS:
		return shutdown(3, SHUT_RDWR);
	case CR_GARBAGE:
		return cr_say_bytes(garbage, sizeof(garbage));
	case CR_HALF:
		_exit(cr_say_bytes(&answer, 7));
	case CR_STALE:
		answer.sequence = 12345;
		break;
	case CR_HUGE:
		answer.size = UINT64_MAX / 3;
		break;
	case CR_NEGATIVE:
		answer.error = -5;
		break;
	case CR_NO_FILE:
		answer.flags = REACTOR__FILE;
		answer.size = 1 << 20;
		break;
	case CR_SHORT_FILE:
		return cr_say_file(&answer, 1 << 20, 1);
	case CR_TWO_FILES:
		return cr_say_file(&answer, 3, 2);
	case CR_NO_END:
		return cr_say_words(&answer);
	}
	cr_say(&answer, NULL, 0);
	return 0;
}

/* It fails; the next may fall with it, but not those after that. */
static void
cr_nonsense(void)
{
	struct reactor_executor *pool;
	struct reactor_future *f;
	struct reactor_outcome outcome;
	int how;

	for (how = 0; how < CR_LIES; how++) {
		if (how == CR_HUGE && (CRASH_ASAN || CRASH_TSAN))
			continue; /* their realloc does not fail, but ends */
		pool = crash_open(1);
		crash_works(pool, 1);
		crash->other = 3; /* hello was the first call */
		f = reactor_submit(pool, cr_lie, &how, sizeof(how));
		CHECK(f != NULL);
		crash_outcome(f, &outcome);
		if (outcome.error == 0 && how != CR_TWO_FILES)
			test_fail("%d was believed", how);
		reactor_future_detach(f);
		f = crash_submit(pool, crash_pid, 0);
		crash_outcome(f, NULL);
		reactor_future_detach(f);
		crash_works(pool, 3);
		crash_end(pool);
	}
}

/* A job leaves a process behind that has its socket, in a session of its own. */
static int
cr_daemon(struct reactor_job *job)
{
	pid_t pid = fork();

	if (pid == 0) {
		setsid();
		crash->other = getpid();
		loop_sleep(crash_long());
		_exit(0);
	}
	while (crash->other == 0)
		loop_sleep(LOOP_MS);
	return crash_pid(job);
}

static void
cr_leaves_daemon(void)
{
	struct reactor_executor *pool = crash_open(1);
	struct reactor_future *f;

	crash_good(crash_submit(pool, cr_daemon, 0));
	crash_works(pool, 2);
	f = crash_submit(pool, crash_wait_job, 0);
	crash_begun(4);
	CHECK(kill(crash->pid, SIGKILL) == 0);
	crash_bad(f, EOWNERDEAD, "signal 9");
	crash_works(pool, 2);
	crash_close(pool);
	CHECK(kill(crash->other, SIGKILL) == 0);
	crash_adopt();
}

/* ---- Python's rule ------------------------------------------------------- */

static void
cr_break(void)
{
	const struct reactor_executor_options options = { .workers = 2,
		.flags = REACTOR_BREAK };
	struct reactor_executor *pool = crash_open_with(&options);
	struct reactor_future *f[6];
	struct reactor_outcome outcome;
	int i;

	crash_works(pool, 4);
	crash->begun = 0;
	for (i = 0; i < 6; i++)
		f[i] = crash_submit(pool, crash_wait_job, 0);
	crash_begun(2);
	CHECK(kill(crash->pid, SIGKILL) == 0);
	for (i = 0; i < 6; i++) {
		crash_outcome(f[i], &outcome);
		CHECK(outcome.error == ENOTRECOVERABLE ||
		    (outcome.error == EOWNERDEAD && i < 2));
		CHECK(strlen(outcome.text) > 5);
		reactor_future_detach(f[i]);
	}
	CHECK_INT(crash->begun, 2);
	crash_is_broken(pool);
	crash_end(pool);
}

/* Nothing but a death counts: neither errors nor limits. */
static void
cr_break_not(void)
{
	const struct reactor_executor_options options = { .workers = 2,
		.flags = REACTOR_BREAK };
	struct reactor_executor *pool = crash_open_with(&options);

	crash_bad(crash_submit(pool, cr_loop, 20 * LOOP_MS), ETIMEDOUT, "");
	crash_works(pool, 4);
	crash_end(pool);
}

/* ---- So many jobs for each process --------------------------------------- */

static void
cr_max_jobs(void)
{
	const struct reactor_executor_options options = { .workers = 1,
		.max_jobs = 3 };
	struct reactor_executor *pool = crash_open_with(&options);
	int i;

	crash_works(pool, 10);
	for (i = 1; i < 10; i++)
		CHECK_INT(crash->pids[i] == crash->pids[i - 1], i % 3 != 0);
	CHECK_INT(cr_stats(pool).died, 0);
	CHECK_INT(cr_stats(pool).failed, 0);
	CHECK(cr_stats(pool).started >= 4);
	CHECK(cr_stats(pool).started <= 5);
	crash_end(pool);
}

static void
cr_max_jobs_many(void)
{
	const struct reactor_executor_options options = { .workers = 4,
		.max_jobs = 1 };
	struct reactor_executor *pool = crash_open_with(&options);
	int i;

	for (i = 0; i < 3; i++)
		crash_works(pool, 20);
	CHECK_INT(cr_stats(pool).succeeded, 60);
	CHECK_INT(cr_stats(pool).died, 0);
	crash_end(pool);
}

/* ---- Initializers -------------------------------------------------------- */

static int
cr_init_fails(struct reactor_job *job)
{
	return reactor_job_fail(job, EPERM, "there is no table");
}

static int
cr_init_exits(struct reactor_job *job)
{
	(void)job;
	if (crash_threads())
		pthread_exit(NULL);
	_exit(9);
}

static void
cr_init(reactor_job_fn *initialize, const char *words)
{
	const struct reactor_executor_options options = { .workers = 2,
		.initialize = initialize };
	struct reactor_executor *pool = crash_open_with(&options);
	struct reactor_future *f[4];
	int i;

	for (i = 0; i < 4; i++) {
		f[i] = reactor_submit(pool, crash_pid, NULL, 0);
		if (f[i] == NULL)
			CHECK_INT(errno, ENOTRECOVERABLE);
	}
	CHECK(f[0] != NULL);
	for (i = 0; i < 4; i++)
		if (f[i] != NULL)
			crash_bad(f[i], ENOTRECOVERABLE, words);
	crash_is_broken(pool);
	crash_end(pool);
	CHECK_INT(crash->begun, 0);
}

static void
cr_init_failing(void)
{
	cr_init(cr_init_fails, "there is no table");
}

static void
cr_init_dying(void)
{
	cr_init(cr_init_exits, crash_threads() ? "initializer" : "status 9");
}

/* It dies the first two times. */
static int
cr_init_late(struct reactor_job *job)
{
	(void)job;
	if (atomic_fetch_add(&crash->other, 1) < 2)
		raise(SIGKILL);
	return 0;
}

static void
cr_init_recovers(void)
{
	const struct reactor_executor_options options = { .workers = 1,
		.initialize = cr_init_late };
	struct reactor_executor *pool = crash_open_with(&options);

	crash_works(pool, 3);
	CHECK_INT(crash->other, 3);
	crash_end(pool);
}

static int
cr_init_hangs(struct reactor_job *job)
{
	(void)job;
	atomic_fetch_add(&crash->other, 1);
	for (;;)
		loop_sleep(LOOP_MS);
	return 0;
}

static void
cr_init_hanging(void)
{
	const struct reactor_executor_options options = { .workers = 1,
		.initialize = cr_init_hangs };
	struct reactor_executor *pool = crash_open_with(&options);
	struct reactor_future *f = crash_submit(pool, crash_pid, 0);

	while (crash->other == 0)
		loop_sleep(LOOP_MS);
	CHECK_INT(reactor_executor_shutdown(pool, REACTOR_KILL), 0);
	crash_outcome(f, NULL);
	reactor_future_detach(f);
	crash_end(pool);
}

/* ---- Shut down with force ------------------------------------------------ */

static void
cr_shutdown(void)
{
	struct reactor_executor *pool = crash_open(2);
	struct reactor_future *f[4];
	struct reactor_outcome outcome;
	int i;

	for (i = 0; i < 2; i++)
		f[i] = crash_submit(pool, cr_deaf, 0);
	crash_begun(2);
	for (; i < 4; i++)
		f[i] = crash_submit(pool, crash_pid, 0);
	CHECK_INT(reactor_executor_shutdown(pool, REACTOR_KILL), 0);
	for (i = 0; i < 2; i++)
		crash_bad(f[i], EOWNERDEAD, "reactor_executor_shutdown");
	for (; i < 4; i++) {
		crash_outcome(f[i], &outcome);
		CHECK_INT(outcome.state, REACTOR_CANCELLED);
		reactor_future_detach(f[i]);
	}
	crash_end(pool);
	CHECK_INT(crash->begun, 2);
}

/* ---- The helper ---------------------------------------------------------- */

/* Another executor does what it is for. */
static void
cr_anew(void)
{
	struct reactor_executor *pool = crash_open(2);

	crash_works(pool, 5);
	crash_close(pool);
	crash_adopt(); /* orphans of the helper that is gone */
	crash_alone();
}

static void
cr_helper_idle(void)
{
	struct reactor_executor *pool = crash_open(2);
	struct reactor_executor_statistics stats;
	int64_t until = test_clock() + crash_long();

	crash_works(pool, 8);
	CHECK(kill(crash->helper, SIGKILL) == 0);
	do {
		CHECK(test_clock() < until);
		loop_sleep(LOOP_MS);
		reactor_executor_stats(pool, &stats);
	} while (!stats.broken);
	crash_is_broken(pool);
	crash_close(pool);
	cr_anew();
}

static void
cr_helper_busy(void)
{
	struct reactor_executor *pool = crash_open(2), *second = crash_open(1);
	struct reactor_future *f[6], *g;
	int i;

	for (i = 0; i < 6; i++)
		f[i] = crash_submit(pool, crash_wait_job, 0);
	crash_begun(2);
	g = crash_submit(second, crash_wait_job, 0);
	crash_begun(3);
	CHECK(kill(crash->helper, SIGKILL) == 0);
	for (i = 0; i < 6; i++)
		crash_bad(f[i], ENOTRECOVERABLE, "helper");
	crash_bad(g, ENOTRECOVERABLE, "helper");
	crash_is_broken(pool);
	crash_is_broken(second);
	crash_close(pool);
	crash->begun = 0;
	cr_anew(); /* beside one that is not closed */
	crash_end(second);
}

/* No job has ever been there. */
static void
cr_helper_first(void)
{
	struct reactor_executor *pool;

	crash_begin();
	CHECK_INT(reactor_helper_start(), 0);
	pool = crash_open(1);
	crash_works(pool, 1);
	crash_close(pool);
	CHECK(kill(crash->helper, SIGKILL) == 0);
	pool = crash_open(1);
	loop_sleep(5 * LOOP_MS);
	crash_close(pool);
	reactor_helper_stop();
	crash_adopt();
}

/* ...is stopped, and goes on: time passes, that is all. */
static void
cr_helper_stopped(void)
{
	struct reactor_executor *pool = crash_open(2);
	struct reactor_future *f[2];

	crash_works(pool, 1);
	CHECK(kill(crash->helper, SIGSTOP) == 0);
	f[0] = crash_submit(pool, crash_pid, 0);
	f[1] = crash_submit(pool, crash_pid, 0);
	loop_sleep(20 * LOOP_MS);
	CHECK(kill(crash->helper, SIGCONT) == 0);
	crash_good(f[0]);
	crash_good(f[1]);
	crash_end(pool);
}

/* ---- The program --------------------------------------------------------- */

enum { CR_KILLED, CR_EXITS, CR_LINGERS, CR_SEGV };

static void
cr_linger(void)
{
	pid_t pid = fork();

	CHECK(pid != -1);
	if (pid == 0) {
		alarm((unsigned)(crash_long() / REACTOR_SECOND) * 2);
		pause();
		_exit(0);
	}
	crash->other = pid;
}

static void
cr_program(int how)
{
	struct reactor_executor *pool = crash_open(3);
	int i;

	for (i = 0; i < 2; i++)
		crash_submit(pool, crash_wait_job, 0);
	crash_submit(pool, cr_deaf, 0);
	crash_begun(3);
	if (how == CR_LINGERS)
		cr_linger();
	crash->returned = 1;
	if (how == CR_EXITS)
		_exit(0);
	signal(SIGSEGV, SIG_DFL);
	pause();
}

static void
cr_program_ends(int how)
{
	pid_t pid;
	int i;

	crash_begin();
	pid = fork();
	CHECK(pid != -1);
	if (pid == 0)
		cr_program(how);
	crash_begun(3);
	while (!crash->returned)
		loop_sleep(LOOP_MS);
	CHECK(kill(pid, how == CR_SEGV ? SIGSEGV : SIGKILL) == 0);
	CHECK_INT(waitpid(pid, NULL, 0), pid);
	for (i = 0; i < 3; i++)
		crash_gone(crash->pids[i]);
	crash_gone(crash->helper);
	if (how == CR_LINGERS) {
		CHECK_INT(kill(crash->other, SIGKILL), 0);
		CHECK_INT(waitpid(crash->other, NULL, 0), crash->other);
	}
	crash_alone();
}

static void
cr_program_killed(void)
{
	cr_program_ends(CR_KILLED);
}

static void
cr_program_exits(void)
{
	cr_program_ends(CR_EXITS);
}

static void
cr_program_lingers(void)
{
	cr_program_ends(CR_LINGERS);
}

static void
cr_program_crashes(void)
{
	cr_program_ends(CR_SEGV);
}

/* The thread that opened the executor ends; the program does not. */
static void *
cr_open_elsewhere(void *pool)
{
	*(struct reactor_executor **)pool = crash_open(2);
	crash_works(*(struct reactor_executor **)pool, 2);
	return NULL;
}

static void
cr_thread_ends(void)
{
	struct reactor_executor *pool = NULL;
	pthread_t thread;

	CHECK_INT(pthread_create(&thread, NULL, cr_open_elsewhere, &pool), 0);
	CHECK_INT(pthread_join(thread, NULL), 0);
	loop_sleep(20 * LOOP_MS);
	crash_works(pool, 4);
	CHECK_INT(cr_stats(pool).died, 0);
	crash_end(pool);
}

/* Who reaps all children, or ignores SIGCHLD, takes the helper from us. */
static void
cr_ignored(void)
{
	struct reactor_executor *pool;

	signal(SIGCHLD, SIG_IGN);
	pool = crash_open(2);
	crash_works(pool, 4);
	CHECK(kill(crash->pid, SIGKILL) == 0);
	crash_works(pool, 4);
	crash_bad(crash_submit(pool, cr_loop, 20 * LOOP_MS), ETIMEDOUT, "");
	crash_end(pool);
}

static void
cr_many_executors(void)
{
	struct reactor_executor *pool[3];
	int i, n;

	for (n = 0; n < 5; n++) {
		for (i = 0; i < 3; i++)
			pool[i] = crash_open(2);
		for (i = 0; i < 3; i++)
			crash_works(pool[i], i);
		for (i = 0; i < 3; i++)
			crash_close(pool[(i + n) % 3]);
		crash_alone();
	}
}

static const struct test tests[] = {
	CRASH_PROCESSES("killed while idle", cr_idle),
	CRASH_PROCESSES("killed while idle, then closed", cr_idle_closed),
	CRASH_PROCESSES("killed in a job", cr_busy),
	CRASH_PROCESSES("killed in one job after the other", cr_often),
	CRASH_PROCESSES("exits, aborts, signals", cr_ends_all),
	CRASH_PROCESSES("limits: loops, deaf, stopped", cr_limits),
	CRASH_PROCESSES("limits: SIGTERM is handled", cr_limit_handled),
	CRASH_PROCESSES("limits: just in time, or not", cr_limit_beside),
	CRASH_PROCESSES("limits: a job's own children", cr_children),
	CRASH_PROCESSES("killed while it writes", cr_writing),
	CRASH_PROCESSES(
	    "killed while it writes to the stream", cr_writing_stream),
	CRASH_PROCESSES(
	    "killed while it writes, without memfd_create", cr_writing_file),
	CRASH_PROCESSES("killed while it reads", cr_reading),
	CRASH_PROCESSES("answers that are none", cr_nonsense),
	CRASH_PROCESSES("a job leaves a process behind", cr_leaves_daemon),
	CRASH_PROCESSES("a death breaks the executor", cr_break),
	CRASH_PROCESSES("a limit does not break it", cr_break_not),
	CRASH_PROCESSES("so many jobs for each process", cr_max_jobs),
	CRASH_PROCESSES("one job for each process", cr_max_jobs_many),
	CRASH_BOTH("the initializer fails", cr_init_failing),
	CRASH_BOTH("the initializer dies", cr_init_dying),
	CRASH_PROCESSES("the initializer dies twice", cr_init_recovers),
	CRASH_PROCESSES("the initializer hangs", cr_init_hanging),
	CRASH_PROCESSES("shut down with force", cr_shutdown),
	CRASH_PROCESSES("the helper is killed while idle", cr_helper_idle),
	CRASH_PROCESSES("the helper is killed while busy", cr_helper_busy),
	CRASH_PROCESSES(
	    "the helper is killed before the first job", cr_helper_first),
	CRASH_PROCESSES("the helper is stopped for a while", cr_helper_stopped),
	CRASH_PROCESSES("the program is killed", cr_program_killed),
	CRASH_PROCESSES("the program exits", cr_program_exits),
	CRASH_PROCESSES("the program crashes", cr_program_crashes),
	CRASH_PROCESSES("the program is killed, a child of it lives on",
	    cr_program_lingers),
	CRASH_PROCESSES("the thread that opened it ends", cr_thread_ends),
	CRASH_PROCESSES("SIGCHLD is ignored", cr_ignored),
	CRASH_PROCESSES("one executor after the other", cr_many_executors),
};

TEST_MAIN(tests)
