/*
 * SPDX-License-Identifier: ISC
 *
 * task_world.c: tasks wait for signals, processes and other threads.
 */
#include <pthread.h>
#include "test/tasks.h"
#include "test/without.h"

/* The task that is cancelled by a callback of the loop. */
static struct task *victim;

/* ---- Signals ------------------------------------------------------------- */

static struct task_signal signal_one;

/* The action that is there now. */
static void (*action(int number))(int)
{
	struct sigaction now;

	CHECK_INT(sigaction(number, NULL, &now), 0);
	return now.sa_handler;
}

static void
signal_simple(void)
{
	struct reactor_signal_info info;
	struct task_signal s;

	CHECK_INT(task_signal_open(&s, SIGUSR1), 0);
	CHECK(action(SIGUSR1) != SIG_DFL);
	CHECK_INT(kill(getpid(), SIGUSR1), 0);
	memset(&info, 0x55, sizeof(info));
	CHECK_INT(task_signal_wait(&s, &info), 1);
	CHECK_INT(info.number, SIGUSR1);
	CHECK_INT(info.code, SI_USER);
	CHECK_INT(info.pid, getpid());
	CHECK_INT(info.uid, getuid());
	CHECK_INT(kill(getpid(), SIGUSR1), 0);
	CHECK_INT(task_signal_wait(&s, NULL), 1);
	task_signal_close(&s);
	CHECK(action(SIGUSR1) == SIG_DFL);
	CHECK_INT(task_signal_wait(&s, NULL), -1);
	CHECK_INT(errno, EBADF);
	task_signal_close(&s);
}

/* What comes between waits is added up, and the last of them is told. */
static void
signal_between(void)
{
	struct reactor_signal_info info;
	struct task_signal s;
	union sigval value;
	int i;

	CHECK_INT(task_signal_open(&s, SIGUSR2), 0);
	for (i = 1; i <= 3; i++) {
		value.sival_ptr = TASKS_NUMBER(i);
		CHECK_INT(sigqueue(getpid(), SIGUSR2, value), 0);
		CHECK_INT(task_sleep(5 * LOOP_MS), 0);
	}
	CHECK_INT(task_signal_wait(&s, &info), 3);
	CHECK_INT(info.value, 3);
	task_signal_close(&s);
}

/* From elsewhere, while nothing else goes on. */
static void *
kills(void *unused)
{
	(void)unused;
	loop_sleep(30 * LOOP_MS);
	CHECK_INT(kill(getpid(), SIGUSR1), 0);
	return NULL;
}

static void
signal_later(void)
{
	struct task_signal s;
	pthread_t thread;

	CHECK_INT(task_signal_open(&s, SIGUSR1), 0);
	CHECK_INT(pthread_create(&thread, NULL, kills, NULL), 0);
	CHECK_INT(task_signal_wait(&s, NULL), 1);
	CHECK_INT(pthread_join(thread, NULL), 0);
	task_signal_close(&s);
}

static intptr_t
takes_signals(void *letter)
{
	int n;

	while ((n = task_signal_wait(&signal_one, NULL)) > 0)
		loop_log((int)(intptr_t)letter);
	CHECK_INT(n, -1);
	return -1;
}

/* One occurrence wakes one, the first. */
static void
signal_fifo(void)
{
	struct task *t[3];
	int i;

	CHECK_INT(task_signal_open(&signal_one, SIGUSR1), 0);
	for (i = 0; i < 3; i++)
		t[i] = tasks_spawn(takes_signals, 'a' + i);
	for (i = 0; i < 7; i++) {
		CHECK_INT(kill(getpid(), SIGUSR1), 0);
		CHECK_INT(task_sleep(5 * LOOP_MS), 0);
	}
	CHECK_STR(loop_said(), "abcabca");
	tasks_stop(t[1]);
	task_signal_close(&signal_one);
	CHECK_INT(tasks_end(t[0]).error, EBADF);
	CHECK_INT(tasks_end(t[2]).error, EBADF);
}

/* Any number of them for a number: each is told. */
static void
signal_both(void)
{
	struct task_signal a, b;

	CHECK_INT(task_signal_open(&a, SIGUSR1), 0);
	CHECK_INT(task_signal_open(&b, SIGUSR1), 0);
	CHECK_INT(kill(getpid(), SIGUSR1), 0);
	CHECK_INT(task_signal_wait(&a, NULL), 1);
	CHECK_INT(task_signal_wait(&b, NULL), 1);
	task_signal_close(&a);
	CHECK_INT(kill(getpid(), SIGUSR1), 0);
	CHECK_INT(task_signal_wait(&b, NULL), 1);
	task_signal_close(&b);
}

static void
signal_cancelled(void)
{
	struct task_scope scope;
	struct task_signal s;

	CHECK_INT(task_signal_open(&s, SIGUSR1), 0);
	CHECK_INT(task_scope_enter(&scope, LOOP_MS), 0);
	CHECK_INT(task_signal_wait(&s, NULL), -1);
	CHECK_INT(errno, ECANCELED);
	CHECK_INT(kill(getpid(), SIGUSR1), 0);
	CHECK_INT(task_signal_wait(&s, NULL), -1);
	CHECK_INT(errno, ECANCELED);
	CHECK_INT(task_scope_leave(&scope), -1);
	CHECK_INT(task_sleep(5 * LOOP_MS), 0);
	/* It was kept: even for one who would be cancelled now. */
	CHECK_INT(task_scope_enter(&scope, -1), 0);
	task_scope_cancel(&scope);
	CHECK_INT(task_signal_wait(&s, NULL), -1);
	CHECK_INT(task_scope_leave(&scope), -1);
	CHECK_INT(errno, ECANCELED);
	CHECK_INT(task_signal_wait(&s, NULL), 1);
	task_signal_close(&s);
}

/* It was handed over, and the task is cancelled before its turn. */
static void
cancel_by_signal(struct reactor *r, struct reactor_signal *signal,
    const struct reactor_signal_info *info)
{
	(void)r;
	(void)signal;
	(void)info;
	CHECK_INT(tasks_state(victim), TASK_PENDING);
	CHECK_INT(task_cancel(victim), 0);
}

static intptr_t
takes_signal(void *unused)
{
	(void)unused;
	CHECK_INT(task_signal_wait(&signal_one, NULL), 1);
	CHECK_INT(task_yield(), -1);
	CHECK_INT(errno, ECANCELED);
	return 5;
}

static void
signal_race(void)
{
	struct reactor_signal after = { .callback = cancel_by_signal,
		.number = SIGUSR1 };

	CHECK_INT(task_signal_open(&signal_one, SIGUSR1), 0);
	CHECK_INT(reactor_signal_start(task_reactor(), &after), 0);
	victim = tasks_spawn(takes_signal, 0);
	tasks_turn();
	CHECK_INT(kill(getpid(), SIGUSR1), 0);
	CHECK_INT(tasks_end(victim).result, 5);
	reactor_signal_stop(task_reactor(), &after);
	task_signal_close(&signal_one);
}

static void
signal_bad(void)
{
	struct task_signal s;

	CHECK_INT(task_signal_open(&s, SIGKILL), -1);
	CHECK_INT(errno, EINVAL);
	CHECK_INT(task_signal_wait(&s, NULL), -1);
	CHECK_INT(errno, EBADF);
	task_signal_close(&s);
	CHECK_INT(task_signal_open(&s, 0), -1);
	CHECK_INT(errno, EINVAL);
}

/* ---- Processes ----------------------------------------------------------- */

static int
child(int status)
{
	pid_t pid = fork();

	CHECK(pid != -1);
	if (pid == 0)
		_exit(status);
	return (int)pid;
}

static int
sleeper(void)
{
	pid_t pid = fork();

	CHECK(pid != -1);
	if (pid == 0) {
		pause();
		_exit(0);
	}
	return (int)pid;
}

static void
child_simple(void)
{
	struct reactor_child c;
	int pid = child(3);

	memset(&c, 0x55, sizeof(c));
	CHECK_INT(task_child(pid, &c), 0);
	CHECK_INT(c.pid, pid);
	CHECK_INT(c.error, 0);
	CHECK(WIFEXITED(c.status) && WEXITSTATUS(c.status) == 3);
	CHECK(c.resident > 0);
	CHECK_INT(waitpid(pid, NULL, WNOHANG), -1);
	CHECK_INT(task_child(child(0), NULL), 0);
}

static void
child_dead(void)
{
	struct reactor_child c;
	siginfo_t info;
	int pid = child(4);

	CHECK_INT(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	CHECK_INT(task_child(pid, &c), 0);
	CHECK_INT(c.error, 0);
	CHECK_INT(WEXITSTATUS(c.status), 4);
	/* Now it is unknown. */
	CHECK_INT(task_child(pid, &c), 0);
	CHECK_INT(c.error, ECHILD);
	CHECK_INT(task_child(0, &c), -1);
	CHECK_INT(errno, EINVAL);
	CHECK_INT(task_child(-1, &c), -1);
	CHECK_INT(errno, EINVAL);
}

/* Not ours: that it has ended is all that can be said. */
static void
child_stranger(void)
{
	struct reactor_child c;
	int fd[2], pid, unused;

	CHECK_INT(pipe(fd), 0);
	unused = (int)fork();
	CHECK(unused != -1);
	if (unused == 0) {
		pid = sleeper();
		CHECK_INT(write(fd[1], &pid, sizeof(pid)), sizeof(pid));
		loop_sleep(20 * LOOP_MS);
		CHECK_INT(kill(pid, SIGKILL), 0);
		_exit(waitpid(pid, NULL, 0) != pid);
	}
	CHECK_INT(read(fd[0], &pid, sizeof(pid)), sizeof(pid));
	CHECK_INT(task_child(pid, &c), 0);
	CHECK_INT(c.error, ECHILD);
	CHECK_INT(task_child(unused, &c), 0);
	loop_close(fd);
}

/* The child goes on, and can still be waited for by anybody. */
static void
child_cancelled(void)
{
	struct task_scope scope;
	struct reactor_child c;
	int pid = sleeper(), status;

	CHECK_INT(task_scope_enter(&scope, 2 * LOOP_MS), 0);
	CHECK_INT(task_child(pid, &c), -1);
	CHECK_INT(errno, ECANCELED);
	CHECK_INT(task_child(pid, &c), -1);
	CHECK_INT(task_scope_leave(&scope), -1);
	CHECK_INT(errno, ETIMEDOUT);
	CHECK_INT(kill(pid, 0), 0);
	CHECK_INT(kill(pid, SIGTERM), 0);
	CHECK_INT(task_sleep(10 * LOOP_MS), 0);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(WTERMSIG(status), SIGTERM);
}

static intptr_t
waits_for_child(void *pid)
{
	struct reactor_child c;

	if (task_child((int)(intptr_t)pid, &c) == -1)
		return -1;
	CHECK_INT(c.error, 0);
	return WTERMSIG(c.status);
}

static void
child_several(void)
{
	int pid = sleeper();
	struct task *t[3];

	t[0] = tasks_spawn(waits_for_child, pid);
	t[1] = tasks_spawn(waits_for_child, pid);
	t[2] = tasks_spawn(waits_for_child, pid);
	tasks_turn();
	tasks_stop(t[0]);
	CHECK_INT(kill(pid, SIGTERM), 0);
	CHECK_INT(tasks_end(t[1]).result, SIGTERM);
	CHECK_INT(tasks_end(t[2]).result, SIGTERM);
}

/* It was reaped, and the task is cancelled before it is told. */
static void
cancel_by_child(struct reactor *r, struct reactor_child *c)
{
	(void)r;
	CHECK_INT(WTERMSIG(c->status), SIGTERM);
	CHECK_INT(tasks_state(victim), TASK_PENDING);
	CHECK_INT(task_cancel(victim), 0);
}

static void
child_race(void)
{
	struct reactor_child before = { .callback = cancel_by_child };

	before.pid = sleeper();
	CHECK_INT(reactor_child_start(task_reactor(), &before), 0);
	victim = tasks_spawn(waits_for_child, before.pid);
	tasks_turn();
	CHECK_INT(kill(before.pid, SIGTERM), 0);
	CHECK_INT(tasks_end(victim).result, SIGTERM);
	CHECK_INT(waitpid(before.pid, NULL, WNOHANG), -1);
}

/* Reaped at the very beginning, and cancelled before the loop says so. */
static void
cancel_at_once(struct reactor *r, struct reactor_defer *defer)
{
	(void)r;
	(void)defer;
	CHECK_INT(task_cancel(victim), 0);
}

static void
child_at_once(void)
{
	struct reactor_defer defer = { .callback = cancel_at_once };
	struct task_outcome outcome;
	int pid = sleeper(), status;
	siginfo_t info;

	CHECK_INT(kill(pid, SIGTERM), 0);
	CHECK_INT(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	victim = tasks_spawn(waits_for_child, pid);
	CHECK_INT(reactor_defer_start(task_reactor(), &defer), 0);
	outcome = tasks_end(victim);
	/* Either it was reaped, and told; or not, and it is there. */
	if (waitpid(pid, &status, WNOHANG) == -1)
		CHECK_INT(outcome.result, SIGTERM);
	else
		CHECK_INT(outcome.state, TASK_CANCELLED);
}

/* Without pidfds. */
static const char *const filters[] = { "pidfd_open", "waitid:0=3=EINVAL" };

static void
child_without(void)
{
	static void (*const all[])(void) = { child_simple, child_dead,
		child_stranger, child_cancelled, child_several, child_race,
		child_at_once };
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		all[i]();
}

static void
child_blind(void)
{
	if (without(filters[0]) == -1)
		SKIP("no seccomp");
	child_without();
}

static void
child_half_blind(void)
{
	if (without(filters[1]) == -1)
		SKIP("no seccomp");
	child_without();
}

static void
child_many(void)
{
	struct task_call calls[50];
	int i;

	memset(calls, 0, sizeof(calls));
	for (i = 0; i < 50; i++) {
		calls[i].function = waits_for_child;
		calls[i].argument = TASKS_NUMBER(child(0));
	}
	CHECK_INT(task_gather(calls, 50, TASK_FAIL_FAST), 0);
	for (i = 0; i < 50; i++)
		CHECK_INT(calls[i].outcome.state, TASK_DONE);
	CHECK_INT(wait(NULL), -1);
}

/* ---- Other threads, and signal handlers ---------------------------------- */

enum { THREADS = 4, SENDS = 5000 };

static struct task_post post_one;
static atomic_int sent;

static void *
sends(void *unused)
{
	int i;

	(void)unused;
	for (i = 0; i < SENDS; i++) {
		atomic_fetch_add_explicit(&sent, 1, memory_order_relaxed);
		errno = ERANGE;
		task_post_send(&post_one);
		CHECK_INT(errno, ERANGE);
	}
	return NULL;
}

static void
post_threads(void)
{
	pthread_t threads[THREADS];
	int i, waits = 0;

	CHECK_INT(task_post_open(&post_one), 0);
	for (i = 0; i < THREADS; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, sends, NULL), 0);
	while (atomic_load_explicit(&sent, memory_order_relaxed) <
	    THREADS * SENDS) {
		CHECK_INT(task_post_wait(&post_one), 0);
		waits++;
	}
	CHECK(waits <= THREADS * SENDS);
	for (i = 0; i < THREADS; i++)
		CHECK_INT(pthread_join(threads[i], NULL), 0);
	task_post_close(&post_one);
}

/* To and fro: a wake-up that is lost would end it. */
static void *
answers(void *fd)
{
	char byte;

	while (read(*(int *)fd, &byte, 1) == 1)
		task_post_send(&post_one);
	return NULL;
}

static void
post_to_and_fro(void)
{
	pthread_t thread;
	int fd[2], i;

	CHECK_INT(pipe(fd), 0);
	CHECK_INT(task_post_open(&post_one), 0);
	CHECK_INT(pthread_create(&thread, NULL, answers, &fd[0]), 0);
	for (i = 0; i < 2000; i++) {
		loop_put(fd[1]);
		CHECK_INT(task_post_wait(&post_one), 0);
	}
	CHECK_INT(close(fd[1]), 0);
	CHECK_INT(pthread_join(thread, NULL), 0);
	CHECK_INT(close(fd[0]), 0);
	task_post_close(&post_one);
}

static void *
sends_late(void *unused)
{
	(void)unused;
	loop_sleep(30 * LOOP_MS);
	task_post_send(&post_one);
	return NULL;
}

/* Nothing else goes on meanwhile. */
static void
post_later(void)
{
	pthread_t thread;

	CHECK_INT(task_post_open(&post_one), 0);
	CHECK_INT(pthread_create(&thread, NULL, sends_late, NULL), 0);
	CHECK_INT(task_post_wait(&post_one), 0);
	CHECK_INT(pthread_join(thread, NULL), 0);
	task_post_close(&post_one);
	CHECK_INT(task_post_wait(&post_one), -1);
	CHECK_INT(errno, EBADF);
	task_post_close(&post_one);
}

/* Several sends may count as one; what was sent between waits is kept. */
static void
post_between(void)
{
	struct task_scope scope;

	CHECK_INT(task_post_open(&post_one), 0);
	task_post_send(&post_one);
	task_post_send(&post_one);
	CHECK_INT(task_sleep(2 * LOOP_MS), 0);
	task_post_send(&post_one);
	CHECK_INT(task_sleep(2 * LOOP_MS), 0);
	CHECK_INT(task_scope_enter(&scope, -1), 0);
	task_scope_cancel(&scope);
	CHECK_INT(task_post_wait(&post_one), -1);
	CHECK_INT(errno, ECANCELED);
	CHECK_INT(task_scope_leave(&scope), -1);
	CHECK_INT(task_post_wait(&post_one), 0);
	CHECK_INT(task_scope_enter(&scope, 2 * LOOP_MS), 0);
	CHECK_INT(task_post_wait(&post_one), -1);
	CHECK_INT(errno, ECANCELED);
	CHECK_INT(task_scope_leave(&scope), -1);
	CHECK_INT(errno, ETIMEDOUT);
	task_post_close(&post_one);
}

static intptr_t
takes_posts(void *letter)
{
	while (task_post_wait(&post_one) == 0)
		loop_log((int)(intptr_t)letter);
	return -1;
}

static void
post_fifo(void)
{
	struct task *t[3];
	int i;

	CHECK_INT(task_post_open(&post_one), 0);
	for (i = 0; i < 3; i++)
		t[i] = tasks_spawn(takes_posts, 'a' + i);
	for (i = 0; i < 7; i++) {
		task_post_send(&post_one);
		CHECK_INT(task_sleep(2 * LOOP_MS), 0);
	}
	CHECK_STR(loop_said(), "abcabca");
	tasks_stop(t[1]);
	task_post_close(&post_one);
	CHECK_INT(tasks_end(t[0]).error, EBADF);
	CHECK_INT(tasks_end(t[2]).error, EBADF);
}

static void
send_by_signal(int number)
{
	(void)number;
	task_post_send(&post_one);
}

static void *
kills_often(void *thread)
{
	int i;

	for (i = 0; i < 100; i++) {
		CHECK_INT(pthread_kill(*(pthread_t *)thread, SIGUSR1), 0);
		loop_sleep(LOOP_MS / 5);
	}
	atomic_store(&sent, 1);
	CHECK_INT(pthread_kill(*(pthread_t *)thread, SIGUSR1), 0);
	return NULL;
}

static void
post_handler(void)
{
	pthread_t self = pthread_self(), thread;
	struct sigaction new;

	memset(&new, 0, sizeof(new));
	new.sa_handler = send_by_signal;
	CHECK_INT(task_post_open(&post_one), 0);
	CHECK_INT(sigaction(SIGUSR1, &new, NULL), 0);
	CHECK_INT(pthread_create(&thread, NULL, kills_often, &self), 0);
	while (atomic_load(&sent) == 0)
		CHECK_INT(task_post_wait(&post_one), 0);
	CHECK_INT(pthread_join(thread, NULL), 0);
	task_post_close(&post_one);
}

/* It was handed over, and the task is cancelled before its turn. */
static void
cancel_by_post(struct reactor *r, struct reactor_post *post)
{
	(void)r;
	(void)post;
	CHECK_INT(tasks_state(victim), TASK_PENDING);
	CHECK_INT(task_cancel(victim), 0);
}

static intptr_t
takes_post(void *unused)
{
	(void)unused;
	CHECK_INT(task_post_wait(&post_one), 0);
	CHECK_INT(task_yield(), -1);
	CHECK_INT(errno, ECANCELED);
	return 5;
}

static void
post_race(void)
{
	struct reactor_post after = { .callback = cancel_by_post };

	CHECK_INT(task_post_open(&post_one), 0);
	victim = tasks_spawn(takes_post, 0);
	tasks_turn();
	task_post_send(&post_one);
	reactor_post_send(task_reactor(), &after);
	CHECK_INT(tasks_end(victim).result, 5);
	task_post_close(&post_one);
}

/* ---- In general ---------------------------------------------------------- */

static void
not_for_others(void)
{
	struct task_signal s;
	struct task_post p;

	memset(&s, 0, sizeof(s));
	memset(&p, 0, sizeof(p));
	CHECK_INT(task_signal_open(&s, SIGUSR1), -1);
	CHECK_INT(errno, EPERM);
	CHECK_INT(task_signal_wait(&s, NULL), -1);
	CHECK_INT(errno, EPERM);
	task_signal_close(&s);
	CHECK_INT(task_child(1, NULL), -1);
	CHECK_INT(errno, EPERM);
	CHECK_INT(task_post_open(&p), -1);
	CHECK_INT(errno, EPERM);
	CHECK_INT(task_post_wait(&p), -1);
	CHECK_INT(errno, EPERM);
	task_post_close(&p);
}

/* A descriptor that is ready, a signal and a child, each in its own time. */
static intptr_t
waits_for_signal(void *unused)
{
	(void)unused;
	return task_signal_wait(&signal_one, NULL);
}

static intptr_t
waits_for_post(void *unused)
{
	(void)unused;
	return task_post_wait(&post_one);
}

static void
all_at_once(void)
{
	int pid = sleeper();
	struct task_call calls[] = {
		{ .function = waits_for_signal },
		{ .function = waits_for_post },
		{ .function = waits_for_child, .argument = TASKS_NUMBER(pid) },
		{ .function = tasks_sleeps, .argument = TASKS_NUMBER(2) },
	};

	CHECK_INT(task_signal_open(&signal_one, SIGUSR1), 0);
	CHECK_INT(task_post_open(&post_one), 0);
	task_post_send(&post_one);
	CHECK_INT(kill(pid, SIGKILL), 0);
	CHECK_INT(kill(getpid(), SIGUSR1), 0);
	CHECK_INT(task_gather(calls, 4, TASK_FAIL_FAST), 0);
	CHECK_INT(calls[0].outcome.result, 1);
	CHECK_INT(calls[2].outcome.result, SIGKILL);
	task_signal_close(&signal_one);
	task_post_close(&post_one);
}

static intptr_t
awaits(void *t)
{
	return task_await(*(struct task **)t, NULL);
}

/* What background tasks wait for will not help the others. */
static intptr_t
is_stuck(void *unused)
{
	static const struct task_attributes attributes = {
		.flags = TASK_BACKGROUND
	};
	void *pid = TASKS_NUMBER(sleeper());
	struct task *self = task_self();

	(void)unused;
	CHECK_INT(task_signal_open(&signal_one, SIGUSR1), 0);
	CHECK_INT(task_post_open(&post_one), 0);
	task_detach(task_spawn_with(waits_for_signal, NULL, &attributes));
	task_detach(task_spawn_with(waits_for_post, NULL, &attributes));
	task_detach(task_spawn_with(waits_for_child, pid, &attributes));
	CHECK_INT(task_await(task_spawn(awaits, &self), NULL), -1);
	CHECK_INT(errno, ECANCELED);
	task_signal_close(&signal_one);
	task_post_close(&post_one);
	return 0;
}

static void
background(void)
{
	intptr_t result = task_run(is_stuck, NULL, &tasks_options);

	CHECK_INT(result, -1);
	tasks_skip();
	CHECK_INT(errno, EDEADLK);
	CHECK(tasks_said("no task can ever run again"));
	CHECK(tasks_said("waits for signal 10") || SIGUSR1 != 10);
	CHECK(tasks_said("waits for a post"));
	CHECK(tasks_said("waits for process "));
}

/* ---- No memory ----------------------------------------------------------- */

static void
lean(void)
{
	struct task_signal s;
	struct task_post p;
	int pid = child(0), i;

	loop_left = 0;
	CHECK_INT(task_post_open(&p), 0);
	task_post_close(&p);
	for (i = 0; task_signal_open(&s, SIGUSR1) == -1; i++) {
		CHECK_INT(errno, ENOMEM);
		CHECK(action(SIGUSR1) == SIG_DFL);
		loop_left = i;
	}
	CHECK(i > 0);
	task_signal_close(&s);
	loop_left = 0;
	for (i = 0; task_child(pid, NULL) == -1; i++) {
		CHECK_INT(errno, ENOMEM);
		loop_left = i;
	}
	CHECK(i > 0);
	loop_left = 1000;
}

static void
no_memory(void)
{
	loop_left = 1000;
	reactor_set_allocator(loop_stingy);
	tasks_case();
}

static const struct tasks_body lean_body = { lean };

static const struct test tests[] = {
	TASKS("signal: one", signal_simple),
	TASKS("signal: several between waits", signal_between),
	TASKS("signal: while nothing else goes on", signal_later),
	TASKS("signal: wakes the first", signal_fifo),
	TASKS("signal: for two", signal_both),
	TASKS("signal: cancelled, and not lost", signal_cancelled),
	TASKS("signal: handed over, then cancelled", signal_race),
	TASKS("signal: which does not exist", signal_bad),
	TASKS("child: one", child_simple),
	TASKS("child: that is dead already", child_dead),
	TASKS("child: of somebody else", child_stranger),
	TASKS("child: the wait is cancelled", child_cancelled),
	TASKS("child: several wait for it", child_several),
	TASKS("child: reaped, then cancelled", child_race),
	TASKS("child: reaped at once, then cancelled", child_at_once),
	TASKS("child: many", child_many),
	TASKS("child: all of that without pidfds", child_blind),
	TASKS("child: all of that with old pidfds", child_half_blind),
	TASKS("post: from threads", post_threads),
	TASKS("post: to and fro", post_to_and_fro),
	TASKS("post: while nothing else goes on", post_later),
	TASKS("post: between waits", post_between),
	TASKS("post: wakes the first", post_fifo),
	TASKS("post: from a signal handler", post_handler),
	TASKS("post: handed over, then cancelled", post_race),
	TASKS("all at once", all_at_once),
	TEST("only for tasks", not_for_others),
	TEST("background tasks that wait are no reason to wait", background),
	{ "without memory", no_memory, 0, &lean_body },
};

TEST_MAIN(tests)
