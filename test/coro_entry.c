/*
 * SPDX-License-Identifier: ISC
 *
 * coro_entry.c: setjmp contexts entered by a signal, as where libc has no
 * makecontext(3): what the program has to do with SIGUSR2, with its alternate
 * stack and its signal mask is as it was afterwards, also with other threads
 * and signals on the way.
 */
#include <pthread.h>
#include "test/context.h"

static atomic_int en_signals, en_infos, en_stop;

static void
en_signal(int number)
{
	CHECK_INT(number, SIGUSR2);
	atomic_fetch_add(&en_signals, 1);
}

static void
en_info(int number, siginfo_t *info, void *unused)
{
	(void)unused;
	CHECK_INT(number, SIGUSR2);
	CHECK_INT(info->si_signo, SIGUSR2);
	CHECK_INT(info->si_pid, getpid());
	atomic_fetch_add(&en_infos, 1);
}

static void
en_yields(void)
{
	for (;;)
		context_swap(&context_home);
}

/* Makes one by a signal, and enters it. */
static void
en_make_one(void)
{
	struct context c;

	context_make(&c, en_yields);
	context_swap(&c);
	context_swap(&c);
	context_free(&c);
}

static void
en_begin(void)
{
	context_way = &context_ways[2];
	if (!context_wanted(context_way))
		SKIP("setjmp entered by a signal is not asked for, or works");
	coro__setjmp_by_signal = 1;
}

/* ---- What the program has to do with the signal --------------------------- */

static void
action(void)
{
	struct sigaction mine, now;

	en_begin();
	memset(&mine, 0, sizeof(mine));
	mine.sa_handler = en_signal;
	mine.sa_flags = SA_RESTART;
	sigaddset(&mine.sa_mask, SIGUSR1);
	CHECK(sigaction(SIGUSR2, &mine, NULL) == 0);
	en_make_one();
	CHECK(sigaction(SIGUSR2, NULL, &now) == 0);
	CHECK(now.sa_handler == en_signal);
	CHECK((now.sa_flags & (SA_RESTART | SA_ONSTACK | SA_SIGINFO)) ==
	    SA_RESTART);
	CHECK_INT(sigismember(&now.sa_mask, SIGUSR1), 1);
	CHECK_INT(sigismember(&now.sa_mask, SIGTERM), 0);
	CHECK_INT(en_signals, 0);
	CHECK(raise(SIGUSR2) == 0);
	CHECK_INT(en_signals, 1);
	en_make_one();
	CHECK(raise(SIGUSR2) == 0);
	CHECK_INT(en_signals, 2);
}

static void
ignored(void)
{
	struct sigaction now;

	en_begin();
	CHECK(signal(SIGUSR2, SIG_IGN) != SIG_ERR);
	en_make_one();
	CHECK(sigaction(SIGUSR2, NULL, &now) == 0);
	CHECK(now.sa_handler == SIG_IGN);
	CHECK(raise(SIGUSR2) == 0);
}

/* Is it blocked? */
static int
en_blocked(int number)
{
	sigset_t set;

	CHECK(pthread_sigmask(SIG_SETMASK, NULL, &set) == 0);
	return sigismember(&set, number);
}

/* The mask stays; a signal of the program's own that waits goes on waiting. */
static void
blocked(void)
{
	sigset_t set;

	en_begin();
	CHECK(signal(SIGUSR2, en_signal) != SIG_ERR);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGHUP);
	CHECK(pthread_sigmask(SIG_BLOCK, &set, NULL) == 0);
	CHECK(kill(getpid(), SIGUSR2) == 0);
	en_make_one();
	CHECK_INT(en_blocked(SIGUSR2), 1);
	CHECK_INT(en_blocked(SIGHUP), 1);
	CHECK_INT(en_blocked(SIGUSR1), 0);
	CHECK_INT(en_signals, 0);
	CHECK(pthread_sigmask(SIG_UNBLOCK, &set, NULL) == 0);
	CHECK_INT(en_signals, 1);
	en_make_one();
	CHECK_INT(en_blocked(SIGUSR2), 0);
	CHECK_INT(en_signals, 1);
}

static void
alternate_stack(void)
{
	static char room[64 * 1024];
	stack_t mine, now;

	en_begin();
	memset(&mine, 0, sizeof(mine));
	mine.ss_sp = room;
	mine.ss_size = sizeof(room);
	CHECK(sigaltstack(&mine, NULL) == 0);
	en_make_one();
	CHECK(sigaltstack(NULL, &now) == 0);
	CHECK(now.ss_sp == room);
	CHECK_INT(now.ss_size, sizeof(room));
	CHECK_INT(now.ss_flags, 0);
	mine.ss_flags = SS_DISABLE;
	CHECK(sigaltstack(&mine, NULL) == 0);
	en_make_one();
	CHECK(sigaltstack(NULL, &now) == 0);
	CHECK((now.ss_flags & SS_DISABLE) != 0);
}

/* ---- Threads -------------------------------------------------------------- */

static void *
en_makes_many(void *count)
{
	int i;

	for (i = 0; i < *(int *)count; i++)
		en_make_one();
	atomic_fetch_add(&en_stop, 1);
	return NULL;
}

static void
threads(void)
{
	int i, count = context_many(2000);
	pthread_t thread[4];
	struct sigaction now;

	en_begin();
	CHECK(signal(SIGUSR2, en_signal) != SIG_ERR);
	for (i = 0; i < 4; i++)
		CHECK(pthread_create(&thread[i], NULL, en_makes_many, &count) ==
		    0);
	for (i = 0; i < 4; i++)
		CHECK(pthread_join(thread[i], NULL) == 0);
	CHECK(sigaction(SIGUSR2, NULL, &now) == 0);
	CHECK(now.sa_handler == en_signal);
	CHECK_INT(en_signals, 0);
}

/* Signals of the program's own come to this thread all the while. */
static void
en_bombard(atomic_int *come)
{
	int sent = 0, count = context_many(3000);
	pthread_t thread;

	CHECK(pthread_create(&thread, NULL, en_makes_many, &count) == 0);
	do {
		CHECK(raise(SIGUSR2) == 0);
		sent++;
		CHECK_INT(*come, sent);
	} while (en_stop == 0);
	CHECK(pthread_join(thread, NULL) == 0);
}

static void
meanwhile(void)
{
	en_begin();
	CHECK(signal(SIGUSR2, en_signal) != SIG_ERR);
	en_bombard(&en_signals);
}

/* The action wants to know who sent it. */
static void
meanwhile_info(void)
{
	struct sigaction mine;

	en_begin();
	memset(&mine, 0, sizeof(mine));
	mine.sa_sigaction = en_info;
	mine.sa_flags = SA_SIGINFO;
	CHECK(sigaction(SIGUSR2, &mine, NULL) == 0);
	en_bombard(&en_infos);
}

/* ---- Generators ----------------------------------------------------------- */

static intptr_t
en_counts(void *unused)
{
	intptr_t i;

	(void)unused;
	for (i = 1; i <= 3; i++)
		CHECK(coro_yield((void *)i, NULL) == 0);
	return i;
}

/* The signal is there for the first only of those that use the same stack. */
static void
generators(void)
{
	struct coro_options options = { .context = "setjmp" };
	struct coro *c;
	void *value;
	intptr_t i;
	int turn;

	en_begin();
	for (turn = 0; turn < 3; turn++) {
		c = coro_new(en_counts, NULL, &options);
		CHECK(c != NULL);
		for (i = 1; i <= 3; i++) {
			CHECK_INT(coro_next(c, &value), 1);
			CHECK(value == (void *)i);
			CHECK(signal(SIGUSR2, en_signal) != SIG_ERR);
		}
		CHECK_INT(coro_next(c, &value), 0);
		CHECK(coro_free(c) == 0);
	}
	CHECK_INT(en_signals, 0);
}

/* ---- Without -------------------------------------------------------------- */

/* It can be had where there is room for no signal: an error, no more. */
static void
no_room(void)
{
	static char room[256];

	en_begin();
	errno = 0;
	CHECK(coro__setjmp.make(room, sizeof(room), en_yields) == NULL);
	CHECK(errno != 0);
	CHECK_INT(en_blocked(SIGUSR1), 0);
	en_make_one();
}

static const struct test tests[] = {
	TEST("the program's own action", action),
	TEST("the signal is ignored", ignored),
	TEST("the signal is blocked", blocked),
	TEST("the alternate stack", alternate_stack),
	TEST("four threads at once", threads),
	TEST("signals come meanwhile", meanwhile),
	TEST("signals with information come meanwhile", meanwhile_info),
	TEST("generators", generators),
	TEST("a stack that is too small for a signal", no_room),
};

CONTEXT_MAIN(tests)
