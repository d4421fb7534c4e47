/*
 * SPDX-License-Identifier: ISC
 *
 * signal.c: signals, each told once, with who sent it.
 */
#include <pthread.h>
#include <sys/time.h>
#include "loop.h"

/*
 * ThreadSanitizer puts a signal off while its thread is busy, and keeps one of
 * each number: then not all reach the library.
 */
#if defined(__SANITIZE_THREAD__)
#define LOSSY 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define LOSSY 1
#endif
#endif
#ifndef LOSSY
#define LOSSY 0
#endif

enum { FLOOD = LOSSY ? 300 : 100000 };

struct probe {
	struct reactor_signal signal;
	struct reactor_signal_info info; /* of the last call */
	struct reactor_signal_info first;
	int calls;
	uint64_t count; /* sum */
	intptr_t last;  /* value */
	int disorder;
	int limit; /* stops the loop */
};

static void
noted(struct reactor *r, struct reactor_signal *signal,
    const struct reactor_signal_info *info)
{
	struct probe *p = REACTOR_OWNER(signal, struct probe, signal);

	if (p->calls++ == 0)
		p->first = *info;
	p->info = *info;
	p->count += info->count;
	if (info->code == SI_QUEUE) {
		p->disorder += info->value <= p->last;
		p->last = info->value;
	}
	if (p->limit > 0 && p->count >= (uint64_t)p->limit)
		reactor_stop(r);
}

static void
watch(struct reactor *r, struct probe *p, int number)
{
	memset(p, 0, sizeof(*p));
	p->signal.callback = noted;
	p->signal.number = number;
	CHECK_INT(reactor_signal_start(r, &p->signal), 0);
}

static int
caught(int number)
{
	struct sigaction action;

	CHECK_INT(sigaction(number, NULL, &action), 0);
	return (action.sa_flags & SA_SIGINFO) != 0;
}

/* The room for queued signals belongs to the user: others may have it. */
static void
queue(pid_t to, int number, int n)
{
	union sigval value;

	value.sival_ptr = (void *)(intptr_t)n;
	while (sigqueue(to, number, value) == -1) {
		if (errno != EAGAIN)
			test_fail("sigqueue: %s", strerror(errno));
		loop_sleep(LOOP_MS / 10);
	}
	if (LOSSY)
		loop_sleep(LOOP_MS);
}

static void
told(void)
{
	struct reactor *r = loop_open();
	struct probe p;

	watch(r, &p, SIGUSR1);
	CHECK_INT(kill(getpid(), SIGUSR1), 0);
	CHECK_INT(p.calls, 0);
	CHECK_INT(reactor_run_once(r, -1), 1);
	CHECK_INT(p.calls, 1);
	CHECK_INT(p.info.number, SIGUSR1);
	CHECK_INT(p.info.code, SI_USER);
	CHECK_INT(p.info.pid, getpid());
	CHECK_INT(p.info.uid, getuid());
	CHECK_INT(p.info.count, 1);
	CHECK_INT(reactor_run_once(r, 0), 0);
	CHECK_INT(caught(SIGUSR1), 1);
	reactor_signal_stop(r, &p.signal);
	CHECK_INT(caught(SIGUSR1), 0);
	reactor_signal_stop(r, &p.signal);
	CHECK_INT(reactor_close(r), 0);
}

static void
valued(void)
{
	struct reactor *r = loop_open();
	struct probe p;
	int i;

	watch(r, &p, SIGRTMIN + 3);
	for (i = 1; i <= 50; i++) {
		queue(getpid(), SIGRTMIN + 3, i);
	}
	/* Each has a turn of its own, and none waits for another knock. */
	for (i = 1; i <= 50; i++) {
		CHECK_INT(reactor_run_once(r, -1), 1);
		CHECK_INT(p.info.value, i);
		CHECK_INT(p.info.code, SI_QUEUE);
		CHECK_INT(p.info.count, 1);
	}
	CHECK_INT(reactor_run_once(r, 0), 0);
	CHECK_INT(reactor_close(r), 0);
}

/* More than the ring holds: what has no place is counted, none is lost. */
static void
overflows(void)
{
	struct reactor *r = loop_open();
	struct probe p, other;
	int i;

	watch(r, &p, SIGRTMIN);
	watch(r, &other, SIGUSR2);
	for (i = 1; i <= 1000; i++) {
		queue(getpid(), SIGRTMIN, i);
	}
	CHECK_INT(raise(SIGUSR2), 0);
	while (reactor_run_once(r, 0) > 0)
		continue;
	CHECK_INT(p.count, 1000);
	CHECK_INT(p.calls, 65);
	CHECK_INT(p.info.count, 1000 - 64);
	CHECK_INT(p.info.code, 0);
	CHECK_INT(p.info.pid, 0);
	CHECK_INT(p.last, 64);
	CHECK_INT(p.disorder, 0);
	CHECK_INT(other.count, 1);
	/* And then with records again. */
	queue(getpid(), SIGRTMIN, 2000);
	CHECK_INT(reactor_run_once(r, 0), 1);
	CHECK_INT(p.info.value, 2000);
	CHECK_INT(reactor_close(r), 0);
}

/* Where some are lost, it sends until it is reaped. */
static pid_t
flood(int number, int count)
{
	pid_t parent = getpid(), child = fork();
	int i;

	CHECK(child != -1);
	if (child != 0)
		return child;
	for (i = 1; i <= count || LOSSY; i++) {
		queue(parent, number, i);
	}
	_exit(0);
}

static void
reap(pid_t child)
{
	int status;

	if (LOSSY)
		CHECK_INT(kill(child, SIGKILL), 0);
	CHECK_INT(waitpid(child, &status, 0), child);
	CHECK(LOSSY || status == 0);
}

/* All have arrived, unless they are more by now, or lost on the way. */
static void
check_count(const struct probe *p, int count)
{
	if (LOSSY)
		CHECK(p->count >= (uint64_t)count);
	else
		CHECK_INT(p->count, count);
}

/* Standard signals coalesce in the kernel; queued ones must all arrive. */
static void
flooded(void)
{
	struct reactor *r = loop_open();
	struct probe p;
	pid_t child;

	watch(r, &p, SIGRTMIN + 1);
	p.limit = FLOOD;
	child = flood(SIGRTMIN + 1, FLOOD);
	CHECK_INT(reactor_run(r), 0);
	reap(child);
	while (reactor_run_once(r, 0) > 0)
		continue;
	check_count(&p, FLOOD);
	CHECK_INT(p.disorder, 0);
	CHECK_INT(p.first.value, 1);
	CHECK_INT(p.first.pid, child);
	CHECK_INT(reactor_close(r), 0);
}

static void
coalesced(void)
{
	struct reactor *r = loop_open();
	pid_t parent = getpid(), child;
	struct probe p, end;
	int i;

	watch(r, &p, SIGUSR1);
	watch(r, &end, SIGUSR2);
	end.limit = 1;
	child = fork();
	if (child == 0) {
		for (i = 0; i < FLOOD; i++)
			if (kill(parent, SIGUSR1) == -1)
				_exit(1);
		_exit(kill(parent, SIGUSR2) == -1);
	}
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(waitpid(child, NULL, 0), child);
	while (reactor_run_once(r, 0) > 0)
		continue;
	CHECK(p.count >= 1 && p.count <= FLOOD);
	CHECK_INT(p.first.pid, child);
	CHECK_INT(reactor_close(r), 0);
}

/* Several handlers of one number, each told, in the order of starting. */
static void
shared(void)
{
	struct reactor *r = loop_open();
	struct probe p[3];
	int i;

	for (i = 0; i < 3; i++)
		watch(r, &p[i], SIGHUP);
	CHECK_INT(raise(SIGHUP), 0);
	CHECK_INT(reactor_run_once(r, -1), 3);
	reactor_signal_stop(r, &p[1].signal);
	CHECK_INT(raise(SIGHUP), 0);
	CHECK_INT(reactor_run_once(r, -1), 2);
	CHECK_INT(p[0].calls, 2);
	CHECK_INT(p[1].calls, 1);
	CHECK_INT(p[2].calls, 2);
	CHECK_INT(reactor_close(r), 0);
	CHECK_INT(caught(SIGHUP), 0);
}

/* Neither after stop, nor of what came before start. */
static void
not_late(void)
{
	struct reactor *r = loop_open();
	struct probe p, q;

	watch(r, &p, SIGUSR1);
	watch(r, &q, SIGUSR2);
	CHECK_INT(raise(SIGUSR1), 0);
	CHECK_INT(raise(SIGUSR2), 0);
	reactor_signal_stop(r, &p.signal);
	CHECK_INT(reactor_signal_start(r, &p.signal), 0);
	CHECK_INT(reactor_run_once(r, 0), 1);
	CHECK_INT(p.calls, 0);
	CHECK_INT(q.calls, 1);
	CHECK_INT(raise(SIGUSR1), 0);
	CHECK_INT(reactor_run_once(r, 0), 1);
	CHECK_INT(p.calls, 1);
	CHECK_INT(raise(SIGUSR1), 0);
	CHECK_INT(reactor_signal_start(r, &p.signal), 0);
	CHECK_INT(reactor_run_once(r, 0), 0);
	/* To another number, without a stop. */
	p.signal.number = SIGUSR2;
	CHECK_INT(reactor_signal_start(r, &p.signal), 0);
	CHECK_INT(caught(SIGUSR1), 0);
	CHECK_INT(raise(SIGUSR2), 0);
	CHECK_INT(reactor_run_once(r, 0), 2);
	CHECK_INT(p.info.number, SIGUSR2);
	CHECK_INT(reactor_close(r), 0);
}

static void
stop_both(struct reactor *r, struct reactor_signal *signal,
    const struct reactor_signal_info *info)
{
	struct probe *p = reactor_data(r);

	(void)info;
	(void)signal;
	p[0].calls++;
	reactor_signal_stop(r, &p[0].signal);
	reactor_signal_stop(r, &p[1].signal);
	memset(p, 0xa5, 2 * sizeof(*p)); /* as free would */
}

static void
stops_others(void)
{
	struct probe *p = calloc(2, sizeof(*p));
	struct reactor_options options;
	struct reactor *r;

	memset(&options, 0, sizeof(options));
	options.data = p;
	r = reactor_open(&options);
	CHECK(r != NULL);
	watch(r, &p[0], SIGUSR1);
	watch(r, &p[1], SIGUSR1);
	p[0].signal.callback = p[1].signal.callback = stop_both;
	CHECK_INT(raise(SIGUSR1), 0);
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(caught(SIGUSR1), 0);
	CHECK_INT(reactor_close(r), 0);
	free(p);
}

static void
refuses(void)
{
	static const int bad[] = { -1, 0, NSIG, NSIG + 1, 1 << 20, SIGKILL,
		SIGSTOP };
	struct reactor *r = loop_open();
	struct reactor_statistics stats;
	struct probe p;
	size_t i;

	memset(&p, 0, sizeof(p));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		p.signal.number = bad[i];
		errno = 0;
		CHECK_INT(reactor_signal_start(r, &p.signal), -1);
		CHECK_INT(errno, EINVAL);
	}
	watch(r, &p, SIGUSR1);
	p.signal.number = SIGKILL;
	CHECK_INT(reactor_signal_start(r, &p.signal), -1);
	p.signal.number = SIGUSR1;
	p.signal.event.priority = 3;
	CHECK_INT(reactor_signal_start(r, &p.signal), -1);
	CHECK_INT(errno, EINVAL);
	/* It is what it was. */
	CHECK_INT(raise(SIGUSR1), 0);
	CHECK_INT(reactor_run_once(r, -1), 1);
	reactor_stats(r, &stats);
	CHECK_INT(stats.active, 1);
	CHECK_INT(reactor_close(r), 0);
}

static void
theirs(int number)
{
	(void)number;
}

static void
restores(void)
{
	struct reactor *r = loop_open();
	struct sigaction action, now;
	struct probe p;

	memset(&action, 0, sizeof(action));
	action.sa_handler = theirs;
	action.sa_flags = SA_NODEFER;
	CHECK_INT(sigaction(SIGUSR1, &action, NULL), 0);
	CHECK(signal(SIGUSR2, SIG_IGN) != SIG_ERR);
	watch(r, &p, SIGUSR1);
	CHECK_INT(caught(SIGUSR1), 1);
	reactor_signal_stop(r, &p.signal);
	CHECK_INT(sigaction(SIGUSR1, NULL, &now), 0);
	CHECK(now.sa_handler == theirs);
	CHECK(now.sa_flags & SA_NODEFER);
	watch(r, &p, SIGUSR2);
	/* By close as well. */
	CHECK_INT(reactor_close(r), 0);
	CHECK(signal(SIGUSR2, SIG_DFL) == SIG_IGN);
}

static void
keeps_theirs(void)
{
	struct reactor *r = loop_open();
	struct sigaction now;
	struct probe p;

	watch(r, &p, SIGUSR1);
	CHECK(signal(SIGUSR1, theirs) != SIG_ERR);
	reactor_signal_stop(r, &p.signal);
	CHECK_INT(sigaction(SIGUSR1, NULL, &now), 0);
	CHECK(now.sa_handler == theirs);
	/* From there on theirs is the old one. */
	watch(r, &p, SIGUSR1);
	CHECK_INT(raise(SIGUSR1), 0);
	CHECK_INT(reactor_run_once(r, 0), 1);
	CHECK_INT(reactor_close(r), 0);
	CHECK_INT(sigaction(SIGUSR1, NULL, &now), 0);
	CHECK(now.sa_handler == theirs);
}

static void
flags(void)
{
	struct reactor *r = loop_open();
	struct sigaction action;
	struct probe p, child;
	int error;

	watch(r, &p, SIGUSR1);
	CHECK(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
	watch(r, &child, SIGCHLD);
	CHECK_INT(sigaction(SIGUSR1, NULL, &action), 0);
	CHECK(action.sa_flags & SA_RESTART);
	CHECK(action.sa_flags & SA_ONSTACK);
	/* Whoever ignores SIGCHLD wants no zombies: that stays so. */
	CHECK_INT(sigaction(SIGCHLD, NULL, &action), 0);
	CHECK(action.sa_flags & SA_NOCLDWAIT);
	for (error = 0; error < 100; error++) {
		errno = error;
		CHECK_INT(pthread_kill(pthread_self(), SIGUSR1), 0);
		if (errno != error)
			test_fail("errno %d became %d", error, errno);
	}
	CHECK_INT(reactor_close(r), 0);
}

static void
fed(void)
{
	struct reactor *r = loop_open();
	struct probe p;

	watch(r, &p, SIGTERM);
	CHECK_INT(reactor_feed(r, &p.signal.event, 0), 0);
	CHECK_INT(reactor_feed(r, &p.signal.event, 0), 0);
	/* A real one waits for its own call. */
	CHECK_INT(raise(SIGTERM), 0);
	CHECK_INT(reactor_run_once(r, 0), 1);
	CHECK_INT(p.info.number, SIGTERM);
	CHECK_INT(p.info.count, 1);
	CHECK_INT(p.info.pid, 0);
	CHECK_INT(reactor_run_once(r, -1), 1);
	CHECK_INT(p.info.pid, getpid());
	CHECK_INT(p.calls, 2);
	CHECK_INT(reactor_close(r), 0);
}

static void
child_info(void)
{
	struct reactor *r = loop_open();
	struct probe p;
	pid_t child;

	watch(r, &p, SIGCHLD);
	child = fork();
	if (child == 0)
		_exit(42);
	CHECK_INT(reactor_run_once(r, -1), 1);
	CHECK_INT(p.info.code, CLD_EXITED);
	CHECK_INT(p.info.pid, child);
	CHECK_INT(p.info.status, 42);
	CHECK_INT(waitpid(child, NULL, 0), child);
	CHECK_INT(reactor_close(r), 0);
}

/* A timer's signal has no sender. */
static void
timer_info(void)
{
	struct reactor *r = loop_open();
	struct itimerval soon = { { 0, 0 }, { 0, 1000 } };
	struct probe p;

	watch(r, &p, SIGALRM);
	CHECK_INT(setitimer(ITIMER_REAL, &soon, NULL), 0);
	CHECK_INT(reactor_run_once(r, -1), 1);
	CHECK_INT(p.info.pid, 0);
	CHECK_INT(p.info.count, 1);
	CHECK_INT(reactor_close(r), 0);
}

/* ---- Threads ------------------------------------------------------------- */

struct runner {
	pthread_t thread;
	struct probe probe;
	int ready; /* atomic */
	int limit;
};

/* From now on other threads take it. */
static void
block(int number)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, number);
	CHECK_INT(pthread_sigmask(SIG_BLOCK, &set, NULL), 0);
}

static void *
run(void *context)
{
	struct runner *runner = context;
	struct reactor *r = loop_open();

	watch(r, &runner->probe, SIGRTMIN + 2);
	runner->probe.limit = runner->limit;
	__atomic_store_n(&runner->ready, 1, __ATOMIC_SEQ_CST);
	CHECK_INT(reactor_run(r), 0);
	while (!LOSSY && reactor_run_once(r, 0) > 0)
		continue;
	CHECK_INT(reactor_close(r), 0);
	return NULL;
}

static void
two_loops(void)
{
	int i, count = LOSSY ? 300 : 5000;
	struct runner runner[2];
	pid_t child;

	memset(runner, 0, sizeof(runner));
	for (i = 0; i < 2; i++) {
		runner[i].limit = count;
		CHECK_INT(
		    pthread_create(&runner[i].thread, NULL, run, &runner[i]),
		    0);
		while (!__atomic_load_n(&runner[i].ready, __ATOMIC_SEQ_CST))
			loop_sleep(LOOP_MS);
	}
	block(SIGRTMIN + 2);
	child = flood(SIGRTMIN + 2, count);
	for (i = 0; i < 2; i++)
		CHECK_INT(pthread_join(runner[i].thread, NULL), 0);
	reap(child);
	for (i = 0; i < 2; i++)
		check_count(&runner[i].probe, count);
	CHECK_INT(caught(SIGRTMIN + 2), 0);
}

static int churn_over; /* atomic */

static void *
churn(void *context)
{
	struct reactor *r;
	struct probe p;

	(void)context;
	block(SIGRTMIN + 2);
	while (!__atomic_load_n(&churn_over, __ATOMIC_SEQ_CST)) {
		r = loop_open();
		watch(r, &p, SIGRTMIN + 2);
		reactor_run_once(r, 0);
		CHECK_INT(reactor_close(r), 0);
	}
	return NULL;
}

/* Loops come and go while signals rain; the one that stays counts them all. */
static void
churned(void)
{
	struct reactor *r = loop_open();
	pthread_t thread[2];
	struct probe p;
	pid_t child;
	int i, count = LOSSY ? 300 : 3000;

	watch(r, &p, SIGRTMIN + 2);
	p.limit = count;
	for (i = 0; i < 2; i++)
		CHECK_INT(pthread_create(&thread[i], NULL, churn, NULL), 0);
	child = flood(SIGRTMIN + 2, count);
	CHECK_INT(reactor_run(r), 0);
	__atomic_store_n(&churn_over, 1, __ATOMIC_SEQ_CST);
	for (i = 0; i < 2; i++)
		CHECK_INT(pthread_join(thread[i], NULL), 0);
	reap(child);
	while (reactor_run_once(r, 0) > 0)
		continue;
	check_count(&p, count);
	CHECK_INT(reactor_close(r), 0);
}

/* ---- Fork ---------------------------------------------------------------- */

static void
in_child(struct reactor *r, struct probe *p)
{
	CHECK_INT(caught(SIGUSR1), 1);
	/* What was pending is the parent's. */
	CHECK_INT(reactor_run_once(r, 0), 0);
	CHECK_INT(kill(getpid(), SIGUSR1), 0);
	CHECK_INT(reactor_run_once(r, 1000 * LOOP_MS), 1);
	CHECK_INT(p->calls, 1);
	CHECK_INT(p->info.pid, getpid());
	CHECK_INT(reactor_close(r), 0);
	CHECK_INT(caught(SIGUSR1), 0);
	_exit(0);
}

static void
await_ok(pid_t child)
{
	int status;

	CHECK(child != -1);
	CHECK_INT(waitpid(child, &status, 0), child);
	if (status != 0)
		test_fail("child: %s", test_report->text);
}

static void
forked(void)
{
	struct reactor *r = loop_open();
	struct probe p;
	pid_t child;

	watch(r, &p, SIGUSR1);
	CHECK_INT(raise(SIGUSR1), 0);
	child = fork();
	if (child == 0)
		in_child(r, &p);
	await_ok(child);
	CHECK_INT(reactor_run_once(r, -1), 1);
	CHECK_INT(reactor_run_once(r, 0), 0);
	CHECK_INT(p.calls, 1);
	CHECK_INT(p.info.pid, getpid());
	CHECK_INT(reactor_close(r), 0);
}

/* Between the fork and the child's first turn. */
static void
forked_early(void)
{
	struct reactor *r = loop_open();
	struct probe p, q;
	pid_t child;

	watch(r, &p, SIGUSR1);
	child = fork();
	if (child == 0) {
		CHECK_INT(raise(SIGUSR1), 0);
		CHECK_INT(raise(SIGUSR1), 0);
		watch(r, &q, SIGUSR2);
		CHECK_INT(raise(SIGUSR2), 0);
		CHECK_INT(reactor_run_once(r, 1000 * LOOP_MS), 2);
		CHECK_INT(p.count, 2);
		CHECK_INT(q.info.pid, getpid());
		CHECK_INT(reactor_close(r), 0);
		_exit(0);
	}
	await_ok(child);
	CHECK_INT(reactor_run_once(r, 0), 0);
	CHECK_INT(p.calls, 0);
	CHECK_INT(reactor_close(r), 0);
}

/* ---- The rest ------------------------------------------------------------ */

static int refuse;

static void *
stingy(void *memory, size_t size)
{
	if (size == 0) {
		free(memory);
		return NULL;
	}
	return refuse ? NULL : realloc(memory, size);
}

static void
no_memory(void)
{
	struct reactor *r;
	struct probe p;

	reactor_set_allocator(stingy);
	r = loop_open();
	memset(&p, 0, sizeof(p));
	p.signal.callback = noted;
	p.signal.number = SIGUSR1;
	refuse = 1;
	CHECK_INT(reactor_signal_start(r, &p.signal), -1);
	CHECK_INT(errno, ENOMEM);
	CHECK_INT(caught(SIGUSR1), 0);
	CHECK_INT(reactor_run(r), 0); /* nothing is started */
	refuse = 0;
	CHECK_INT(reactor_signal_start(r, &p.signal), 0);
	CHECK_INT(reactor_close(r), 0);
	reactor_set_allocator(NULL);
}

static char line_text[512];

static void
line(void *context, const char *text)
{
	(void)context;
	if (strstr(text, "signal") != NULL)
		snprintf(line_text, sizeof(line_text), "%s", text);
}

static void
described(void)
{
	struct reactor *r = loop_open();
	struct probe p;

	watch(r, &p, SIGTERM);
	reactor_dump(r, line, NULL);
	CHECK(strstr(line_text, "15 SIGTERM") != NULL);
	CHECK_INT(reactor_close(r), 0);
}

/* A background handler does not keep the loop running. */
static void
background(void)
{
	struct reactor *r = loop_open();
	struct probe p;

	memset(&p, 0, sizeof(p));
	p.signal.callback = noted;
	p.signal.number = SIGTERM;
	p.signal.event.flags = REACTOR_BACKGROUND;
	CHECK_INT(reactor_signal_start(r, &p.signal), 0);
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(reactor_close(r), 0);
}

static const struct test tests[] = {
	TEST("a signal is told with its sender", told),
	TEST("values come one by one, in order", valued),
	TEST("a full ring counts", overflows),
	TEST("a flood of queued signals adds up", flooded),
	TEST("a flood of standard signals coalesces", coalesced),
	TEST("several handlers of one signal", shared),
	TEST("nothing before start or after stop", not_late),
	TEST("a handler may stop all", stops_others),
	TEST("bad numbers change nothing", refuses),
	TEST("the old action comes back", restores),
	TEST("an action set meanwhile stays", keeps_theirs),
	TEST("flags of the action, and errno", flags),
	TEST("feed", fed),
	TEST("SIGCHLD tells of the child", child_info),
	TEST("a timer's signal has no sender", timer_info),
	TEST("two loops in two threads get all", two_loops),
	TEST("loops come and go under a flood", churned),
	TEST("the child of a fork starts anew", forked),
	TEST("signals before the child's first turn", forked_early),
	TEST("no memory", no_memory),
	TEST("describe", described),
	TEST("background", background),
};

TEST_MAIN(tests)
