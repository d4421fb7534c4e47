/*
 * SPDX-License-Identifier: ISC
 *
 * coro_overflow.c: a stack that is too small ends the process with a message
 * that says which one it was, whatever lies below it; other faults, and those
 * who see to them, are left alone; and signals run on these stacks as on any.
 */
#include <pthread.h>
#include <sys/resource.h>
#include <sys/time.h>
#include "test/generator.h"

#define NOINLINE __attribute__((noinline))

#if CONTEXT_ASAN || CONTEXT_TSAN
#define OV_CHECKED 1 /* the checker has an action and a message of its own */
#else
#define OV_CHECKED 0
#endif

static char ov_text[8192]; /* what the child said */

/* Runs it in a child; returns how that ended. */
static int
ov_run(void (*run)(void))
{
	const struct rlimit none = { 0, 0 };
	size_t used = 0;
	int fd[2], status;
	ssize_t n;
	pid_t pid;

	CHECK(pipe(fd) == 0);
	CHECK((pid = fork()) != -1);
	if (pid == 0) {
		(void)setrlimit(RLIMIT_CORE, &none);
		CHECK(dup2(fd[1], 2) == 2);
		(void)close(fd[0]);
		(void)close(fd[1]);
		run();
		_exit(99);
	}
	CHECK(close(fd[1]) == 0);
	while (
	    (n = read(fd[0], ov_text + used, sizeof(ov_text) - 1 - used)) > 0)
		used += (size_t)n;
	ov_text[used] = '\0';
	CHECK(close(fd[0]) == 0);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	return status;
}

static int
ov_said(const char *text)
{
	return strstr(ov_text, text) != NULL;
}

/* It died of it, and said so. */
static void
ov_died(int status, const char *message)
{
	if (OV_CHECKED) {
		CHECK(WIFSIGNALED(status) || WEXITSTATUS(status) != 99);
		return;
	}
	CHECK(WIFSIGNALED(status));
	CHECK(WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGBUS);
	if (message != NULL && !ov_said(message))
		test_fail("\"%s\" is not in \"%s\"", message, ov_text);
	if (message == NULL && ov_said("overflow"))
		test_fail("it said \"%s\"", ov_text);
}

/* ---- Too deep ------------------------------------------------------------- */

/* The middle of what lies below the stack: beyond it are others' stacks. */
static const char *
ov_end(const struct coro *c)
{
	return ((const struct coro__flow *)c)->stack->low + 8 * 1024;
}

static NOINLINE int
ov_dive(const char *end)
{
	volatile char frame[512];

	memset((void *)(uintptr_t)frame, 0x77, sizeof(frame));
	if ((const char *)__builtin_frame_address(0) > end)
		return ov_dive(end) + frame[17];
	return frame[18];
}

enum { OV_YIELDS = 1, OV_RETURNS };

static intptr_t
ov_too_deep(void *then)
{
	if (ov_dive(ov_end(coro_self())) == 0)
		return 5;
	if ((intptr_t)then == OV_YIELDS)
		(void)coro_yield(NULL, NULL);
	return 0;
}

static const struct coro_options ov_named = { .name = "too deep" };

static void
ov_yields(void)
{
	(void)coro_next(
	    coro_new(ov_too_deep, (void *)OV_YIELDS, &ov_named), NULL);
}

static void
ov_returns(void)
{
	(void)coro_next(
	    coro_new(ov_too_deep, (void *)OV_RETURNS, &ov_named), NULL);
}

/* The message has the name, and the size as coro_stack tells it. */
static void
ov_dies(void)
{
	static const char words[] = "has overflowed its stack of ";
	struct coro *c = coro_new(gen_counts, NULL, &ov_named);
	struct coro_stack_info info;
	size_t size = 0;
	char *text;

	ov_died(ov_run(ov_yields), "generator \"too deep\" has overflowed");
	if (!OV_CHECKED) {
		CHECK((text = strstr(ov_text, words)) != NULL);
		CHECK_INT(sscanf(text + sizeof(words) - 1, "%zu", &size), 1);
		CHECK_INT(gen_next_int(c), 1);
		CHECK(coro_stack(c, &info) == 0);
		CHECK_INT(size, info.size);
	}
	CHECK(coro_free(c) == 0);
	ov_died(ov_run(ov_returns), "generator \"too deep\" has overflowed");
}

static void
page(void)
{
	ov_dies();
}

static void
map(void)
{
	coro__guard_best = CORO_GUARD_MAP;
	ov_dies();
}

static void
canary(void)
{
	coro__guard_best = CORO_GUARD_CANARY;
	if (OV_CHECKED)
		SKIP("the checker sees to it that nobody looks");
	ov_dies();
}

static void
ov_without_name(void)
{
	(void)coro_next(coro_new(ov_too_deep, (void *)OV_YIELDS, NULL), NULL);
}

static void
without_name(void)
{
	ov_died(ov_run(ov_without_name), "generator has overflowed");
}

static intptr_t
ov_innocent(void *unused)
{
	(void)unused;
	ov_yields();
	return 0;
}

static void
ov_within(void)
{
	const struct coro_options options = { .name = "innocent" };

	(void)coro_next(coro_new(ov_innocent, NULL, &options), NULL);
}

static void
one_in_the_other(void)
{
	ov_died(ov_run(ov_within), "generator \"too deep\" has overflowed");
	CHECK(!ov_said("innocent"));
}

static void *
ov_thread(void *unused)
{
	ov_yields();
	return unused;
}

static void
ov_in_a_thread(void)
{
	pthread_t thread;

	if (coro_new(gen_counts, NULL, NULL) != NULL &&
	    pthread_create(&thread, NULL, ov_thread, NULL) == 0)
		(void)pthread_join(thread, NULL);
}

static void
in_a_thread(void)
{
	ov_died(
	    ov_run(ov_in_a_thread), "generator \"too deep\" has overflowed");
}

static void
ov_silent(void)
{
	(void)close(2);
	ov_yields();
}

static void
nobody_to_tell(void)
{
	int status = ov_run(ov_silent);

	CHECK(OV_CHECKED || WIFSIGNALED(status));
	CHECK_STR(ov_text, "");
}

/* ---- Other faults ---------------------------------------------------------- */

static intptr_t
ov_null(void *unused)
{
	static int *volatile nowhere;

	(void)unused;
	return *nowhere;
}

static void
ov_null_within(void)
{
	(void)coro_next(gen_new(ov_null, NULL), NULL);
}

static intptr_t
ov_killed(void *unused)
{
	(void)unused;
	return kill(getpid(), SIGSEGV);
}

static void
ov_kill_within(void)
{
	(void)coro_next(gen_new(ov_killed, NULL), NULL);
}

/* They are no overflow, and end the process as ever. */
static void
others(void)
{
	if (context_valgrind())
		SKIP("Valgrind ends the process its own way");
	ov_died(ov_run(ov_null_within), NULL);
	ov_died(ov_run(ov_kill_within), NULL);
}

static void
ov_mine(int number)
{
	_exit(number == SIGSEGV ? 55 : 56);
}

static void
ov_my_own(void)
{
	static char room[64 * 1024];
	const stack_t stack = { .ss_sp = room, .ss_size = sizeof(room) };
	struct sigaction action, now;
	stack_t there;

	memset(&action, 0, sizeof(action));
	action.sa_handler = ov_mine;
	action.sa_flags = SA_ONSTACK;
	CHECK(sigaltstack(&stack, NULL) == 0);
	CHECK(sigaction(SIGSEGV, &action, NULL) == 0);
	(void)gen_new(gen_counts, NULL);
	CHECK(sigaltstack(NULL, &there) == 0);
	CHECK(there.ss_sp == room);
	CHECK(sigaction(SIGSEGV, NULL, &now) == 0);
	CHECK(now.sa_handler == ov_mine);
	ov_yields();
}

/* The program's own action stays, and is the one that is called. */
static void
an_action_of_its_own(void)
{
	int status;

	if (context_valgrind())
		SKIP("Valgrind ends the process its own way");
	coro__guard_best = CORO_GUARD_MAP;
	status = ov_run(ov_my_own);
	CHECK(WIFEXITED(status));
	CHECK_INT(WEXITSTATUS(status), 55);
	CHECK(!ov_said("overflow"));
}

static void
ignoring(void)
{
	struct sigaction now;

	CHECK(signal(SIGBUS, SIG_IGN) != SIG_ERR);
	CHECK(coro_free(gen_new(gen_counts, NULL)) == 0);
	CHECK(sigaction(SIGBUS, NULL, &now) == 0);
	CHECK(now.sa_handler == SIG_IGN);
}

/* Installed where there is none, and only if it may be. */
static void
an_action(void)
{
	const struct coro_options none = { .flags = CORO_NO_OVERFLOW };
	struct sigaction now;
	struct coro *c;

	if (OV_CHECKED)
		SKIP("the checker has one already");
	CHECK((c = coro_new(gen_counts, NULL, &none)) != NULL);
	CHECK_INT(gen_next_int(c), 1);
	CHECK(coro_free(c) == 0);
	CHECK(sigaction(SIGSEGV, NULL, &now) == 0);
	CHECK(now.sa_handler == SIG_DFL);
	CHECK(coro_free(gen_new(gen_counts, NULL)) == 0);
	CHECK(sigaction(SIGSEGV, NULL, &now) == 0);
	CHECK((now.sa_flags & (SA_SIGINFO | SA_ONSTACK)) ==
	    (SA_SIGINFO | SA_ONSTACK));
}

/* ---- Signals that run on these stacks -------------------------------------- */

static volatile uintptr_t ov_where;
static volatile sig_atomic_t ov_ticks;

static void
ov_signal(int number)
{
	volatile char room[2048];

	memset((void *)(uintptr_t)room, number, sizeof(room));
	ov_where = (uintptr_t)__builtin_frame_address(0);
	ov_ticks = ov_ticks + 1;
}

static intptr_t
ov_raises(void *unused)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);

	(void)unused;
	for (;;) {
		ov_where = 0;
		CHECK(raise(SIGUSR1) == 0);
		CHECK(OV_CHECKED ||
		    (ov_where < here && ov_where > here - 64 * 1024));
		if (coro_yield(NULL, NULL) == -1)
			return -1;
	}
}

static void
a_signal(void)
{
	struct coro *c = gen_new(ov_raises, NULL);
	int i;

	CHECK(signal(SIGUSR1, ov_signal) != SIG_ERR);
	for (i = 0; i < 100; i++)
		CHECK(gen_next(c) == NULL);
	CHECK_INT(ov_ticks, 100);
	CHECK(coro_free(c) == 0);
}

/* Wherever the switch is when they come. */
static void
many_signals(void)
{
	const struct itimerval often = { { 0, 500 }, { 0, 500 } };
	const struct itimerval never = { { 0, 0 }, { 0, 0 } };
	struct coro *c[3];
	struct sigaction action;
	int i, turn;

	memset(&action, 0, sizeof(action));
	action.sa_handler = ov_signal;
	action.sa_flags = SA_RESTART;
	CHECK(sigaction(SIGPROF, &action, NULL) == 0);
	CHECK(setitimer(ITIMER_PROF, &often, NULL) == 0);
	for (turn = 1; ov_ticks < 50; turn++) {
		for (i = 0; i < 3; i++)
			c[i] = gen_new(gen_counts, NULL);
		for (i = 0; i < 3000; i++)
			CHECK_INT(gen_next_int(c[i % 3]), i / 3 + 1);
		for (i = 0; i < 3; i++)
			CHECK(coro_free(c[i]) == 0);
	}
	CHECK(setitimer(ITIMER_PROF, &never, NULL) == 0);
}

static const struct test tests[] = {
	TEST("with the best guard there is", page),
	TEST("with pages without rights", map),
	TEST("with words", canary),
	TEST("one without a name", without_name),
	TEST("one in the other", one_in_the_other),
	TEST("in a thread", in_a_thread),
	TEST("nobody to tell", nobody_to_tell),
	TEST("faults that are no overflow", others),
	TEST("the program has an action of its own", an_action_of_its_own),
	TEST("the program ignores a signal", ignoring),
	TEST("the action is installed, if it may be", an_action),
	TEST("a signal in a generator", a_signal),
	TEST("signals in the middle of switches", many_signals),
};

CONTEXT_MAIN(tests)
