/*
 * SPDX-License-Identifier: ISC
 *
 * child.c: processes that end, each told once; by pidfds and without.
 */
#include <sys/resource.h>
#include "loop.h"
#include "without.h"

enum { MANY = 500 };

struct probe {
	struct reactor_child child;
	int calls;
};

static int ended;

static void
noted(struct reactor *r, struct reactor_child *child)
{
	(void)r;
	((struct probe *)child)->calls++;
	ended++;
}

/* How the case is to find out: the data of the case. */
static void
begin(void)
{
	if (test_case->data == NULL)
		return;
	if (without(test_case->data) == -1)
		SKIP("no seccomp");
}

static int
blind(void)
{
	int fd = reactor__pidfd_open((int)getpid());

	if (fd != -1)
		close(fd);
	return fd == -1;
}

static pid_t
child(int status)
{
	pid_t pid = fork();

	CHECK(pid != -1);
	if (pid == 0)
		_exit(status);
	return pid;
}

static pid_t
sleeper(void)
{
	pid_t pid = fork();

	CHECK(pid != -1);
	if (pid == 0) {
		pause();
		_exit(0);
	}
	return pid;
}

static void
watch(struct reactor *r, struct probe *p, pid_t pid)
{
	memset(p, 0, sizeof(*p));
	p->child.callback = noted;
	p->child.pid = (int)pid;
	CHECK_INT(reactor_child_start(r, &p->child), 0);
}

/* Dead, and not reaped yet. */
static void
await_end(pid_t pid)
{
	siginfo_t info;

	CHECK_INT(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
}

static void
tells(void)
{
	struct reactor *r;
	struct probe exits, killed;
	pid_t pid;

	begin();
	r = loop_open();
	pid = sleeper();
	watch(r, &exits, child(7));
	watch(r, &killed, pid);
	CHECK_INT(kill(pid, SIGTERM), 0);
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(exits.calls, 1);
	CHECK_INT(exits.child.error, 0);
	CHECK(WIFEXITED(exits.child.status));
	CHECK_INT(WEXITSTATUS(exits.child.status), 7);
	CHECK(exits.child.resident > 0);
	CHECK(exits.child.user >= 0 && exits.child.system >= 0);
	CHECK_INT(killed.calls, 1);
	CHECK(WIFSIGNALED(killed.child.status));
	CHECK_INT(WTERMSIG(killed.child.status), SIGTERM);
	/* Reaped. */
	CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
	CHECK_INT(errno, ECHILD);
	CHECK_INT(reactor_close(r), 0);
}

static void
already(void)
{
	struct reactor *r;
	struct probe p;
	pid_t pid;

	begin();
	r = loop_open();
	pid = child(3);
	await_end(pid);
	watch(r, &p, pid);
	CHECK_INT(p.calls, 0);
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(p.calls, 1);
	CHECK_INT(p.child.error, 0);
	CHECK_INT(WEXITSTATUS(p.child.status), 3);
	CHECK_INT(reactor_close(r), 0);
}

static void
works_time(void)
{
	struct reactor *r;
	struct probe p;
	int64_t until;
	pid_t pid;

	begin();
	r = loop_open();
	pid = fork();
	if (pid == 0) {
		until = test_clock() + 100 * LOOP_MS;
		while (test_clock() < until)
			continue;
		_exit(0);
	}
	watch(r, &p, pid);
	CHECK_INT(reactor_run(r), 0);
	CHECK(p.child.user + p.child.system > 0);
	CHECK(p.child.user + p.child.system < 60 * REACTOR_SECOND);
	CHECK_INT(reactor_close(r), 0);
}

static void
many(void)
{
	static struct probe p[MANY];
	struct reactor *r;
	int go[2], i;
	pid_t pid;
	char c;

	begin();
	r = loop_open();
	CHECK_INT(pipe(go), 0);
	for (i = 0; i < MANY; i++) {
		pid = fork();
		CHECK(pid != -1);
		if (pid == 0) {
			close(go[1]);
			(void)!read(go[0], &c, 1);
			_exit(i % 256);
		}
		watch(r, &p[i], pid);
	}
	loop_close(go); /* now */
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(ended, MANY);
	for (i = 0; i < MANY; i++) {
		CHECK_INT(p[i].calls, 1);
		CHECK_INT(p[i].child.error, 0);
		CHECK_INT(WEXITSTATUS(p[i].child.status), i % 256);
	}
	CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
	CHECK_INT(reactor_close(r), 0);
}

/* Several handlers of one pid; who waits for all of them stops first. */
static void
peers(void)
{
	struct reactor *r;
	struct probe p[4];
	pid_t pid;
	int i;

	begin();
	r = loop_open();
	pid = sleeper();
	for (i = 0; i < 4; i++)
		watch(r, &p[i], pid);
	reactor_child_stop(r, &p[0].child);
	reactor_child_stop(r, &p[2].child);
	reactor_child_stop(r, &p[2].child);
	CHECK_INT(reactor_run_once(r, 0), 0);
	CHECK_INT(kill(pid, SIGKILL), 0);
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(p[0].calls + p[2].calls, 0);
	CHECK_INT(p[1].calls, 1);
	CHECK_INT(p[3].calls, 1);
	for (i = 1; i < 4; i += 2) {
		CHECK_INT(p[i].child.error, 0);
		CHECK_INT(WTERMSIG(p[i].child.status), SIGKILL);
	}
	CHECK_INT(reactor_close(r), 0);
}

static void
stolen(void)
{
	struct reactor *r;
	struct probe p, late;
	pid_t pid;

	begin();
	r = loop_open();
	pid = child(1);
	watch(r, &p, pid);
	while (waitpid(-1, NULL, 0) == -1 && errno == EINTR)
		continue;
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(p.calls, 1);
	CHECK_INT(p.child.error == ECHILD || blind(), 1);
	/* Such a process there is not. */
	watch(r, &late, pid);
	CHECK_INT(late.calls, 0);
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(late.calls, 1);
	CHECK_INT(late.child.error, ECHILD);
	CHECK_INT(reactor_close(r), 0);
}

/* Reaped by the system: what the host asked for stays so. */
static void
ignored(void)
{
	struct reactor *r;
	struct probe p;
	pid_t pid;

	begin();
	r = loop_open();
	CHECK(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
	pid = sleeper();
	watch(r, &p, pid);
	CHECK_INT(kill(pid, SIGKILL), 0);
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(p.calls, 1);
	CHECK_INT(p.child.error, ECHILD);
	CHECK(signal(SIGCHLD, SIG_DFL) == SIG_IGN);
	CHECK_INT(reactor_close(r), 0);
}

/* A grandchild, which its own parent reaps; other children stay. */
static void
stranger(void)
{
	struct reactor *r;
	struct probe p;
	pid_t parent, pid, other;
	int64_t since;
	int fd[2], status;

	begin();
	r = loop_open();
	CHECK_INT(pipe(fd), 0);
	other = child(9);
	since = test_clock();
	parent = fork();
	if (parent == 0) {
		pid = fork();
		if (pid == 0) {
			loop_sleep(150 * LOOP_MS);
			_exit(1);
		}
		(void)!write(fd[1], &pid, sizeof(pid));
		_exit(waitpid(pid, NULL, 0) != pid);
	}
	CHECK_INT(read(fd[0], &pid, sizeof(pid)), sizeof(pid));
	watch(r, &p, pid);
	CHECK_INT(reactor_run(r), 0);
	CHECK(test_clock() - since >= 150 * LOOP_MS);
	CHECK_INT(p.calls, 1);
	CHECK_INT(p.child.error, ECHILD);
	CHECK_INT(p.child.status, 0);
	CHECK_INT(waitpid(parent, &status, 0), parent);
	CHECK_INT(status, 0);
	CHECK_INT(waitpid(other, &status, 0), other);
	loop_close(fd);
	CHECK_INT(reactor_close(r), 0);
}

static void
refuses(void)
{
	struct reactor *r;
	struct probe p;
	pid_t pid;

	begin();
	r = loop_open();
	memset(&p, 0, sizeof(p));
	for (p.child.pid = -2; p.child.pid <= 0; p.child.pid++) {
		CHECK_INT(reactor_child_start(r, &p.child), -1);
		CHECK_INT(errno, EINVAL);
	}
	pid = sleeper();
	watch(r, &p, pid);
	CHECK_INT(reactor_child_start(r, &p.child), 0);
	CHECK_INT(reactor_feed(r, &p.child.event, 0), -1);
	p.child.pid = 1;
	CHECK_INT(reactor_child_start(r, &p.child), -1);
	CHECK_INT(errno, EINVAL);
	CHECK_INT(kill(pid, SIGKILL), 0);
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(p.calls, 1);
	CHECK_INT(WTERMSIG(p.child.status), SIGKILL);
	CHECK_INT(reactor_close(r), 0);
}

static void
again(struct reactor *r, struct reactor_child *c)
{
	struct probe *p = (struct probe *)c;

	if (p->calls++ > 0)
		return;
	c->pid = (int)child(22);
	CHECK_INT(reactor_child_start(r, c), 0);
}

static void
restarts(void)
{
	struct reactor *r;
	struct probe p;

	begin();
	r = loop_open();
	watch(r, &p, child(21));
	p.child.callback = again;
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(p.calls, 2);
	CHECK_INT(WEXITSTATUS(p.child.status), 22);
	CHECK_INT(reactor_close(r), 0);
}

static void
forked(void)
{
	struct reactor *r;
	struct probe p[2], own;
	pid_t pid, copy;
	int status;

	begin();
	r = loop_open();
	pid = sleeper();
	watch(r, &p[0], pid);
	watch(r, &p[1], pid);
	copy = fork();
	if (copy == 0) {
		watch(r, &own, child(5));
		CHECK_INT(reactor_run(r), 0);
		CHECK_INT(p[0].calls, 1);
		CHECK_INT(p[1].calls, 1);
		CHECK_INT(p[0].child.error, ECHILD);
		CHECK_INT(own.calls, 1);
		CHECK_INT(own.child.error, 0);
		CHECK_INT(WEXITSTATUS(own.child.status), 5);
		CHECK_INT(reactor_close(r), 0);
		_exit(0);
	}
	CHECK_INT(waitpid(copy, &status, 0), copy);
	if (status != 0)
		test_fail("child: %s", test_report->text);
	CHECK(reactor_run_once(r, 0) >= 0);
	CHECK_INT(p[0].calls, 0);
	CHECK_INT(kill(pid, SIGKILL), 0);
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(p[0].calls, 1);
	CHECK_INT(p[1].child.error, 0);
	CHECK_INT(reactor_close(r), 0);
}

/* Somebody closes our pidfd. */
static void
closed(void)
{
	struct reactor *r;
	struct probe p;
	pid_t pid;

	begin();
	r = loop_open();
	pid = sleeper();
	watch(r, &p, pid);
	if ((p.child.io.event.state & REACTOR__STARTED) == 0) {
		reactor_child_stop(r, &p.child);
		SKIP("no pidfd");
	}
	CHECK_INT(close(p.child.io.fd), 0);
	CHECK_INT(reactor_child_start(r, &p.child), 0);
	reactor_run_once(r, 0);
	CHECK_INT(kill(pid, SIGKILL), 0);
	/* Only backends that look at the descriptor notice: stop is safe. */
	reactor_run_once(r, 100 * LOOP_MS);
	reactor_child_stop(r, &p.child);
	CHECK_INT(reactor_close(r), 0);
}

static void
no_memory(void)
{
	struct reactor_statistics stats;
	struct reactor *r;
	struct probe p;
	int i, failed = 1;

	begin();
	reactor_set_allocator(loop_stingy);
	for (i = 0; failed; i++) {
		loop_left = 1000;
		r = loop_open();
		memset(&p, 0, sizeof(p));
		p.child.callback = noted;
		p.child.pid = (int)child(i);
		loop_left = i;
		failed = reactor_child_start(r, &p.child);
		loop_left = 1000;
		if (failed) {
			CHECK_INT(errno, ENOMEM);
			reactor_stats(r, &stats);
			CHECK_INT(stats.active, 0);
			CHECK_INT(reactor_run_once(r, 0), 0);
			CHECK_INT(reactor_child_start(r, &p.child), 0);
		}
		CHECK_INT(reactor_run(r), 0);
		CHECK_INT(p.calls, 1);
		CHECK_INT(WEXITSTATUS(p.child.status), i);
		CHECK_INT(reactor_close(r), 0);
	}
	CHECK(i >= 3);
	reactor_set_allocator(NULL);
}

static char line_text[512];

static void
line(void *context, const char *text)
{
	char pid[32];

	snprintf(pid, sizeof(pid), "pid %d", *(int *)context);
	if (strstr(text, pid) != NULL)
		snprintf(line_text, sizeof(line_text), "%s", text);
}

static void
described(void)
{
	struct reactor *r;
	struct probe p, peer;
	pid_t pid;
	int number;

	begin();
	r = loop_open();
	pid = sleeper();
	number = (int)pid;
	watch(r, &p, pid);
	watch(r, &peer, pid);
	reactor_dump(r, line, &number);
	CHECK(line_text[0] != '\0');
	/* Close stops both, and leaves the child alone. */
	CHECK_INT(reactor_close(r), 0);
	CHECK_INT(p.calls + peer.calls, 0);
	CHECK_INT(kill(pid, SIGKILL), 0);
	CHECK_INT(waitpid(pid, NULL, 0), pid);
}

/* ---- What cannot be had -------------------------------------------------- */

static struct probe *probed;
static pid_t other;

static void
start_fails(struct reactor *r, struct reactor_defer *defer)
{
	struct rlimit was, none;
	int result;

	(void)defer;
	CHECK_INT(getrlimit(RLIMIT_NOFILE, &was), 0);
	none = was;
	none.rlim_cur = 0;
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &none), 0);
	probed->child.pid = (int)other;
	result = reactor_child_start(r, &probed->child);
	CHECK_INT(result, -1);
	CHECK_INT(errno, EMFILE);
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &was), 0);
}

/* An end that is still to be told of outlives a start that fails. */
static void
fails_meanwhile(void)
{
	struct reactor_defer defer = { .callback = start_fails };
	struct reactor *r = loop_open();
	struct probe p;
	pid_t pid = child(7);

	if (blind())
		SKIP("no pidfd");
	other = sleeper();
	probed = &p;
	await_end(pid);
	memset(&p, 0, sizeof(p));
	p.child.callback = noted;
	p.child.event.priority = -1;
	p.child.pid = (int)pid;
	CHECK_INT(reactor_child_start(r, &p.child), 0);
	CHECK_INT(reactor_defer_start(r, &defer), 0);
	CHECK_INT(reactor_run_once(r, 0), 2);
	CHECK_INT(p.calls, 1);
	CHECK_INT(p.child.error, 0);
	CHECK_INT(p.child.status, 7 << 8);
	CHECK_INT(reactor_close(r), 0);
	CHECK_INT(kill(other, SIGKILL), 0);
	CHECK_INT(waitpid(other, NULL, 0), other);
}

static int
lose(void *state, int fd, unsigned was, unsigned now)
{
	if (fd != probed->child.io.fd)
		return loop_real->update(state, fd, was, now);
	errno = ENOSPC;
	return -1;
}

/* Neither by a pidfd nor by signals: then nothing is said of how it ended. */
static void
lost(void)
{
	struct reactor *r;
	struct probe p;
	pid_t pid = sleeper();

	if (blind())
		SKIP("no pidfd");
	reactor_set_allocator(loop_stingy);
	loop_left = 1000;
	r = loop_open();
	probed = &p;
	watch(r, &p, pid);
	loop_count(r);
	loop_counting.update = lose;
	loop_left = 0;
	CHECK(reactor_run_once(r, 0) >= 0);
	CHECK(reactor_run_once(r, 0) >= 0);
	CHECK_INT(p.calls, 1);
	CHECK_INT(p.child.error, ECHILD);
	CHECK_INT(reactor_close(r), 0);
	reactor_set_allocator(NULL);
	CHECK_INT(kill(pid, SIGKILL), 0);
	CHECK_INT(waitpid(pid, NULL, 0), pid);
}

/* clang-format off */
#define BOTH(name, run)                                                     \
	{ name, run, 0, NULL },                                             \
	{ name " (no pidfd)", run, 0, "pidfd_open" },                       \
	{ name " (pidfd forbidden)", run, 0, "pidfd_open=EPERM" },          \
	{ name " (no P_PIDFD)", run, 0, "waitid:0=3=EINVAL" }
/* clang-format on */

static const struct test tests[] = {
	BOTH("tells how it ended", tells),
	BOTH("ended before start", already),
	BOTH("tells the time it used", works_time),
	BOTH("500 at once", many),
	BOTH("several handlers of one process", peers),
	BOTH("reaped by somebody else", stolen),
	BOTH("SIGCHLD ignored", ignored),
	BOTH("not our child", stranger),
	BOTH("bad arguments", refuses),
	BOTH("started again in its callback", restarts),
	BOTH("fork", forked),
	TEST("a start that fails before the last call", fails_meanwhile),
	TEST("lost, and no memory", lost),
	BOTH("no memory", no_memory),
	BOTH("describe and close", described),
	TEST_FLAGS("our pidfd closed by somebody", closed, TEST_LEAKY),
};

TEST_MAIN(tests)
