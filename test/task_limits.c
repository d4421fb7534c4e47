/*
 * SPDX-License-Identifier: ISC
 *
 * task_limits.c: tasks that wait for descriptors, where things get tight: memory
 * that runs out, tasks that do not end in time, a fork, signals on a small
 * stack, a stack that is too small, and very many tasks.
 */
#include <pthread.h>
#include <sys/resource.h>
#include "coro/annotate.h"
#include "test/ends.h"

#ifdef CORO__TSAN
#define THREADS_CHECKED 1
#else
#define THREADS_CHECKED 0
#endif

#if defined(CORO__ASAN) || defined(CORO__TSAN)
#define CHECKED 1 /* memory and signals are the checker's */
#else
#define CHECKED 0
#endif

/* ---- Memory -------------------------------------------------------------- */

static long made, fail, live, failed;
static int for_all;

static void *
resize(void *memory, size_t size)
{
	void *new;

	if (size == 0) {
		live -= memory != NULL;
		free(memory);
		return NULL;
	}
	made++;
	if (fail > 0 && (for_all ? made >= fail : made == fail)) {
		failed++;
		return NULL;
	}
	new = realloc(memory, size);
	live += memory == NULL && new != NULL;
	return new;
}

/* It works, or there was no memory. */
static int
lacks(int fails)
{
	if (!fails)
		return 0;
	CHECK_INT(errno, ENOMEM);
	CHECK(failed > 0);
	return 1;
}

/* What is there before it begins: a pair, a listener, and a guest of it. */
static int ends[2], high, listener, guest;
static struct sockaddr_in address;

static intptr_t
reads_twice(void *fd)
{
	char bytes[8];
	int i;

	for (i = 0; i < 2; i++)
		if (task_read(*(int *)fd, bytes, sizeof(bytes)) == -1) {
			if (errno != ECANCELED) /* main has ended */
				(void)lacks(1);
			return 0;
		}
	return 0;
}

static void
tries_socket(void)
{
	struct sockaddr *any = (struct sockaddr *)&address;
	int fd;

	if (!lacks(task_connect(guest, any, sizeof(address)) == -1))
		(void)lacks(task_write(guest, "x", 1) == -1);
	fd = task_accept(listener, NULL, NULL);
	(void)lacks(fd == -1);
	if (fd != -1)
		CHECK_INT(task_close(fd), 0);
}

static intptr_t
tries_all(void *unused)
{
	struct task *reader;
	int result;

	(void)unused;
	reader = task_spawn(reads_twice, &ends[0]);
	(void)lacks(reader == NULL);
	result = task_poll(ends[0], REACTOR_READ, LOOP_MS);
	CHECK_INT(result, -1);
	(void)lacks(errno != ETIMEDOUT);
	(void)lacks(task_write(ends[1], "x", 1) == -1);
	(void)lacks(task_poll(high, REACTOR_WRITE, -1) == -1);
	(void)lacks(task_write_all(ends[1], "x", 1) == -1);
	(void)lacks(task_poll(high, REACTOR_WRITE, -1) == -1);
	task_detach(reader);
	tries_socket();
	return 11;
}

/* In a thread of its own, as stacks are kept as long as that. */
static void *
scenario(void *unused)
{
	intptr_t result;

	(void)unused;
	made = failed = 0;
	errno = 0;
	result = task_run(tries_all, NULL, &tasks_options);
	if (result == -1) {
		tasks_skip();
		CHECK_INT(errno, ENOMEM);
		CHECK(failed > 0);
	} else {
		CHECK_INT(result, 11);
	}
	return NULL;
}

static void
scenario_begin(void)
{
	struct sockaddr *any = (struct sockaddr *)&address;
	socklen_t length = sizeof(address);

	loop_pair(ends);
	CHECK((high = fcntl(ends[1], F_DUPFD, 200)) != -1);
	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.sin_port = 0;
	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (listener == -1 || bind(listener, any, length) == -1)
		SKIP("no loopback");
	CHECK(listen(listener, 5) == 0);
	CHECK(getsockname(listener, any, &length) == 0);
	CHECK((guest = socket(AF_INET, SOCK_STREAM, 0)) != -1);
	/* Somebody who can be accepted in any case. */
	CHECK(connect(guest, any, length) == 0);
	CHECK(close(guest) == 0);
	CHECK((guest = socket(AF_INET, SOCK_STREAM, 0)) != -1);
}

static void
scenario_end(void)
{
	loop_close(ends);
	CHECK(close(high) == 0);
	CHECK(close(guest) == 0);
	CHECK(close(listener) == 0);
}

static void
memory(int all)
{
	pthread_t thread;

	reactor_set_allocator(resize);
	tasks_options.grace = -1; /* a limit would need memory */
	for_all = all;
	for (fail = 1;; fail++) {
		scenario_begin();
		CHECK_INT(pthread_create(&thread, NULL, scenario, NULL), 0);
		CHECK_INT(pthread_join(thread, NULL), 0);
		scenario_end();
		CHECK_INT(live, 0);
		if (failed == 0)
			break;
	}
	CHECK(fail > 10);
	CHECK_STR(tasks_text, "");
}

static void
memory_once(void)
{
	memory(0);
}

static void
memory_from_then_on(void)
{
	memory(1);
}

/* ---- Tasks that do not end ----------------------------------------------- */

static intptr_t
shields(void *fd)
{
	struct task_scope shield;
	char byte;

	CHECK_INT(task_scope_shield(&shield, -1), 0);
	return task_read(*(int *)fd, &byte, 1);
}

static intptr_t
leaves_some(void *fd)
{
	int i;

	for (i = 0; i < 3; i++)
		task_detach(task_spawn(shields, fd));
	tasks_turn();
	return 0;
}

/* They are given up, and what they waited by is freed. */
static void *
gives_up(void *fd)
{
	struct reactor *r = loop_open();
	struct task_options options = { .report = tasks_report,
		.grace = LOOP_MS };
	struct task *t;

	if (task_begin(r, &options) == -1)
		tasks_skip();
	CHECK((t = task_spawn(leaves_some, fd)) != NULL);
	while (tasks_state(t) == TASK_PENDING)
		CHECK(reactor_run_once(r, 0) != -1);
	task_detach(t);
	CHECK_INT(task_end(r), -1);
	CHECK_INT(errno, ETIMEDOUT);
	CHECK(tasks_said("to be read"));
	CHECK_INT(reactor_close(r), 0);
	return NULL;
}

static void
given_up(void)
{
	pthread_t thread;
	int fd[2];

	reactor_set_allocator(resize);
	loop_pair(fd);
	CHECK_INT(pthread_create(&thread, NULL, gives_up, &fd[0]), 0);
	CHECK_INT(pthread_join(thread, NULL), 0);
	CHECK_INT(live, 0);
	loop_close(fd);
}

/* ---- Fork ---------------------------------------------------------------- */

static intptr_t
adds_up(void *fd)
{
	volatile int sum = 0;
	char byte;

	while (task_read(*(int *)fd, &byte, 1) == 1)
		sum += byte;
	return sum;
}

/* The child has tasks and a loop like the parent, and they are its own. */
static void
fork_child(const int fd[2], struct task *t, volatile int *local)
{
	*local = 7;
	CHECK_INT(task_write(fd[1], "\003", 1), 1);
	CHECK_INT(task_sleep(LOOP_MS), 0);
	CHECK_INT(tasks_end(tasks_spawn(tasks_sleeps, 1)).result, 1);
	CHECK_INT(task_cancel(t), 0);
	CHECK_INT(tasks_end(t).result, 1 + 3);
	CHECK_INT(*local, 7);
	_exit(0);
}

static void
forks(void)
{
	volatile int local = 5;
	int fd[2], status;
	struct task *t;
	pid_t pid;

	if (THREADS_CHECKED)
		SKIP("TSan loses sight of it");
	loop_pair(fd);
	CHECK((t = task_spawn(adds_up, &fd[0])) != NULL);
	CHECK_INT(task_write(fd[1], "\001", 1), 1);
	CHECK_INT(task_sleep(LOOP_MS), 0);
	CHECK((pid = fork()) != -1);
	if (pid == 0)
		fork_child(fd, t, &local);
	/* Its descriptors are the same files, so it goes first. */
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK_INT(status, 0);
	CHECK_INT(local, 5);
	CHECK_INT(task_write(fd[1], "\002", 1), 1);
	CHECK_INT(task_close(fd[1]), 0);
	CHECK_INT(tasks_end(t).result, 1 + 2);
	CHECK_INT(task_close(fd[0]), 0);
}

/* ---- Signals ------------------------------------------------------------- */

static volatile sig_atomic_t signals;
static char *volatile signal_stack;

static void
signalled(int number)
{
	char here;

	(void)number;
	signal_stack = &here;
	signals++;
}

static intptr_t
is_signalled(void *unused)
{
	struct coro_stack_info info;
	char here, *volatile mine = &here;
	intptr_t here_times = 0;
	int i;

	(void)unused;
	CHECK_INT(task_stack(task_self(), &info), 0);
	for (i = 0; i < 100; i++) {
		errno = ERANGE;
		CHECK_INT(raise(SIGUSR1), 0);
		CHECK_INT(errno, ERANGE);
		here_times +=
		    signal_stack < mine && signal_stack > mine - info.size;
		CHECK_INT(task_yield(), 0);
	}
	return here_times;
}

/* A handler runs on the stack of the task that is interrupted. */
static void
signal_on_stack(void)
{
	struct task_attributes small = { .stack_size = 65536 };
	struct task *t[2];
	int i;

	signal(SIGUSR1, signalled);
	for (i = 0; i < 2; i++)
		CHECK((t[i] = task_spawn_with(is_signalled, NULL, &small)) !=
		    NULL);
	for (i = 0; i < 2; i++)
		CHECK_INT(tasks_end(t[i]).result, 100);
	CHECK_INT(signals, 200);
}

/* ---- Too deep ------------------------------------------------------------ */

static int
sinks(volatile char *outer)
{
	volatile char inner[512];

	inner[0] = outer[0];
	return inner[0] == 'x' ? 0 : sinks(inner) + inner[0];
}

static intptr_t
sinks_deep(void *unused)
{
	volatile char none[1] = { 0 };

	(void)unused;
	return task_sleep(1) + sinks(none);
}

static void
too_deep_child(struct task *t, const int fd[2])
{
	struct rlimit none = { 0, 0 };

	(void)setrlimit(RLIMIT_CORE, &none);
	CHECK(dup2(fd[1], 2) == 2);
	(void)task_await(t, NULL);
	_exit(1);
}

/* The process dies, and says why. */
static void
too_deep(void)
{
	struct task_attributes attributes = { .name = "diver",
		.stack_size = 65536 };
	static char said[4096], words[256];
	struct coro_stack_info info;
	struct task *t;
	int fd[2], status;
	size_t used = 0;
	ssize_t n;
	pid_t pid;

	if (CHECKED || test_slow() > 1)
		SKIP("not under a checker");
	CHECK(pipe(fd) == 0);
	t = task_spawn_with(sinks_deep, NULL, &attributes);
	CHECK_INT(task_stack(t, &info), 0);
	CHECK((pid = fork()) != -1);
	if (pid == 0)
		too_deep_child(t, fd);
	CHECK(close(fd[1]) == 0);
	while ((n = read(fd[0], said + used, sizeof(said) - 1 - used)) > 0)
		used += (size_t)n;
	CHECK(close(fd[0]) == 0);
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFSIGNALED(status));
	CHECK_INT(WTERMSIG(status), SIGSEGV);
	snprintf(words, sizeof(words),
	    "reactor: task \"diver\", spawned at %s, has overflowed its stack "
	    "of %zu bytes\n",
	    task_place(t), info.size);
	CHECK_STR(said, words);
	tasks_stop(t);
}

/* ---- Very many ----------------------------------------------------------- */

enum { PIPES = 100 };

static int pipes[PIPES][2];

static intptr_t
waits_for_end(void *fd)
{
	char byte;

	return task_read(*(int *)fd, &byte, 1);
}

static long
resident(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	long pages = -1;

	if (file == NULL)
		return -1;
	if (fscanf(file, "%*d %ld", &pages) != 1)
		pages = -1;
	(void)fclose(file);
	return pages * sysconf(_SC_PAGESIZE);
}

/* Where libc has no makecontext. */
static int
by_signal(void)
{
	struct coro_context_info info[3];
	const char *context = getenv("REACTOR_CONTEXT");

	return context != NULL && strcmp(context, "setjmp") == 0 &&
	    coro_contexts(info, 3) == 3 && !info[2].available;
}

static void
very_many(void)
{
	int n = CHECKED || test_slow() > 1 ? 2000 : 100000, i;
	struct task **t = calloc((size_t)n, sizeof(*t));
	long before, after;

	CHECK(t != NULL);
	for (i = 0; i < PIPES; i++)
		loop_pipe(pipes[i]);
	before = resident();
	for (i = 0; i < n; i++) {
		t[i] = task_spawn(waits_for_end, &pipes[i % PIPES][0]);
		CHECK(t[i] != NULL);
	}
	CHECK_INT(task_sleep(10 * LOOP_MS), 0);
	for (i = 0; i < n; i++)
		CHECK_INT(tasks_state(t[i]), TASK_PENDING);
	after = resident();
	printf("# %d tasks, %ld bytes each\n", n, (after - before) / n);
	/* The frame of a signal that entered the stack takes pages, too. */
	if (before != -1 && n > 2000)
		CHECK((after - before) / n < 8192 + (by_signal() ? 16384 : 0));
	/* Half of them hear of the end, the others are cancelled. */
	for (i = 0; i < PIPES / 2; i++)
		CHECK_INT(task_close(pipes[i][1]), 0);
	for (i = 0; i < n; i++)
		if (i % PIPES < PIPES / 2)
			CHECK_INT(tasks_end(t[i]).result, 0);
		else
			CHECK_INT(task_cancel(t[i]), 0);
	for (i = 0; i < n; i++)
		if (i % PIPES >= PIPES / 2)
			CHECK_INT(tasks_end(t[i]).state, TASK_CANCELLED);
	for (i = 0; i < PIPES; i++) {
		CHECK_INT(task_close(pipes[i][0]), 0);
		if (i >= PIPES / 2)
			CHECK_INT(task_close(pipes[i][1]), 0);
	}
	free(t);
}

/* ---- All of it ----------------------------------------------------------- */

static const struct test tests[] = {
	TEST("each allocation fails once", memory_once),
	TEST("each allocation and all after it fail", memory_from_then_on),
	TEST("tasks that do not end in time", given_up),
	TASKS("a fork in a task", forks),
	TASKS("signals on the stack of a task", signal_on_stack),
	TASKS("a stack that is too small", too_deep),
	TASKS("very many tasks", very_many),
};

TEST_MAIN(tests)
