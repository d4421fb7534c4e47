/*
 * SPDX-License-Identifier: ISC
 *
 * reuse.c: descriptors that are closed too early, copied, and numbers that
 * are used again: no stale event reaches a new handler, nothing spins.
 */
#include "test/loop.h"

/* ---- Closed behind the back ---------------------------------------------- */

/* Each is told once, and the others go on. */
static void
told_bad(struct reactor *r, struct loop_io *io, int n, struct loop_io *good)
{
	int i, turns = good->calls;

	for (i = 0; i < 3; i++)
		CHECK(reactor_run_once(r, 0) >= 1);
	for (i = 0; i < n; i++) {
		CHECK_INT(io[i].calls, 1);
		CHECK_INT(io[i].ready, REACTOR_BAD);
		CHECK_INT(io[i].io.error, EBADF);
		CHECK_INT(io[i].io.event.state, 0);
	}
	CHECK(good->calls >= turns + 2);
}

static void
closed(void)
{
	struct reactor *r = loop_open();
	struct loop_io io[3], good;
	int fd[2], p[2], i;

	loop_pipe(fd);
	loop_pipe(p);
	for (i = 0; i < 2; i++)
		loop_watch(r, &io[i], fd[0], REACTOR_READ);
	loop_watch(r, &good, p[1], REACTOR_WRITE);
	CHECK_INT(reactor_run_once(r, 0), 1);
	CHECK(close(fd[0]) == 0);
	if (loop_is(r, "poll") || loop_is(r, "select")) {
		told_bad(r, io, 2, &good);
	} else {
		/* The kernel has forgotten it; a start makes it look. */
		CHECK_INT(reactor_run_once(r, 0), 1);
		loop_watch(r, &io[2], fd[0], REACTOR_READ);
		told_bad(r, io, 3, &good);
	}
	reactor_io_stop(r, &io[0].io);
	CHECK_INT(r->active, 1);
	CHECK(close(fd[1]) == 0);
	/* And the number can be used again. */
	loop_pipe(fd);
	loop_watch(r, &io[0], fd[0], REACTOR_READ);
	loop_put(fd[1]);
	CHECK_INT(reactor_run_once(r, 0), 2);
	CHECK_INT(io[0].ready, REACTOR_READ);
	CHECK(reactor_close(r) == 0);
	loop_close(fd);
	loop_close(p);
}

static void
re_start_again(struct reactor *r, struct loop_io *l)
{
	int other[2];

	if (l->ready != REACTOR_BAD)
		return;
	loop_pipe(other);
	CHECK(close(other[1]) == 0);
	l->io.fd = other[0];
	CHECK(reactor_io_start(r, &l->io) == 0);
}

/* A handler that hears BAD may start anew, on another descriptor. */
static void
bad_then_anew(void)
{
	struct reactor *r = loop_open();
	struct loop_io io;
	int fd[2];

	loop_pipe(fd);
	loop_watch(r, &io, fd[0], REACTOR_READ);
	io.then = re_start_again;
	CHECK(close(fd[0]) == 0);
	CHECK(reactor_run_once(r, 0) <= 1);
	CHECK_INT(io.calls, 1);
	CHECK_INT(io.ready, REACTOR_BAD);
	CHECK_INT(reactor_run_once(r, 0), 1);
	CHECK(io.ready & REACTOR_READ); /* the end */
	CHECK(reactor_close(r) == 0);
	CHECK(close(io.io.fd) == 0);
	CHECK(close(fd[1]) == 0);
}

static void
re_posted(struct reactor *r, struct reactor_post *post)
{
	(void)r;
	(void)post;
	loop_log('p');
}

static void
re_close(int fd)
{
	if (fd >= 3)
		(void)close(fd);
}

static void
re_due(struct reactor *r, struct reactor_timer *timer)
{
	(void)r;
	(void)timer;
	loop_log('t');
}

/* As daemons do that close all they have not opened. */
static void
everything_closed(void)
{
	struct reactor *r = loop_open();
	struct reactor_timer timer = { .callback = re_due };
	struct reactor_timer wall = { .callback = re_due };
	struct reactor_post post = { .callback = re_posted };
	struct loop_io io;
	int fd[2], i;

	loop_pipe(fd);
	loop_watch(r, &io, fd[0], REACTOR_READ);
	wall.event.flags = REACTOR_WALL;
	CHECK(reactor_timer_start(r, &wall, REACTOR_SECOND) == 0);
	CHECK_INT(reactor_run_once(r, 0), 0);
	test_descriptors(re_close);
	CHECK(reactor_timer_start(r, &timer, LOOP_MS) == 0);
	CHECK(reactor_timer_start(r, &wall, LOOP_MS) == 0);
	for (i = 0; i < 20; i++) {
		(void)reactor_run_once(r, 2 * LOOP_MS);
		loop_sleep(LOOP_MS);
	}
	CHECK_STR(loop_said(), "tt");
	reactor_post_send(r, &post);
	for (i = 0; i < 5; i++)
		(void)reactor_run_once(r, 0);
	CHECK_STR(loop_said(), "p");
	(void)reactor_close(r);
}

/* ---- Numbers used again -------------------------------------------------- */

/* A pipe that is read from by this number. */
static void
re_pipe_at(int fd[2], int number)
{
	int end;

	loop_pipe(fd);
	if (fd[0] == number)
		return;
	if (fd[1] == number) {
		CHECK((end = dup(fd[1])) != -1);
		fd[1] = end;
	}
	CHECK(dup2(fd[0], number) == number);
	CHECK(close(fd[0]) == 0);
	fd[0] = number;
}

static struct loop_io re_io[2], re_new;
static int re_pipe[2][2], re_fresh[2];
static int re_forgets;

/* Closes the descriptor of the other, and has its number for another pipe. */
static void
re_replace(struct reactor *r, struct loop_io *l)
{
	int other = l == &re_io[0];

	if (re_new.io.callback != NULL)
		return;
	if (!re_forgets)
		reactor_io_stop(r, &re_io[other].io);
	CHECK(close(re_pipe[other][0]) == 0);
	re_pipe_at(re_fresh, re_pipe[other][0]);
	loop_watch(r, &re_new, re_fresh[0], REACTOR_READ);
}

static void
re_batch(int forgets)
{
	struct reactor *r = loop_open();
	int i, n;

	re_forgets = forgets;
	for (i = 0; i < 2; i++) {
		loop_pipe(re_pipe[i]);
		loop_put(re_pipe[i][1]);
		loop_watch(r, &re_io[i], re_pipe[i][0], REACTOR_READ);
		re_io[i].then = re_replace;
	}
	n = reactor_run_once(r, 0);
	CHECK_INT(n, forgets ? 2 : 1);
	CHECK_INT(re_new.calls, 0);
	CHECK_INT(reactor_run_once(r, 0), 1);
	CHECK_INT(re_new.calls, 0);
	loop_put(re_fresh[1]);
	n = reactor_run_once(r, -1);
	CHECK_INT(re_new.calls, 1);
	CHECK_INT(re_new.ready, REACTOR_READ);
	CHECK_INT(n, forgets ? 3 : 2);
	CHECK(reactor_close(r) == 0);
	for (i = 0; i < 2; i++) {
		CHECK(close(re_pipe[i][0]) == 0);
		CHECK(close(re_pipe[i][1]) == 0);
	}
	CHECK(close(re_fresh[1]) == 0);
}

static void
within_a_batch(void)
{
	re_batch(0);
}

static void
forgotten_within_a_batch(void)
{
	re_batch(1);
}

/* Closed, opened, and the old handler still there. */
static void
forgotten(void)
{
	struct reactor *r = loop_open();
	struct loop_io old, new;
	int a[2], b[2], mask;

	for (mask = 0; mask < 3; mask++) {
		loop_pair(a);
		loop_watch(r, &old, a[0], REACTOR_READ);
		CHECK_INT(reactor_run_once(r, 0), 0);
		CHECK(close(a[0]) == 0);
		loop_pair(b);
		CHECK_INT(b[0], a[0]);
		loop_watch(r, &new, b[0],
		    mask == 0       ? REACTOR_READ
			: mask == 1 ? REACTOR_READ | REACTOR_WRITE
				    : REACTOR_WRITE);
		CHECK_INT(reactor_run_once(r, 0), mask > 0);
		loop_put(b[1]);
		CHECK_INT(reactor_run_once(r, 0), 2);
		CHECK_INT(old.ready, REACTOR_READ);
		CHECK_INT(new.ready, new.io.wanted);
		reactor_io_stop(r, &old.io);
		CHECK_INT(reactor_run_once(r, 0), 1);
		reactor_io_stop(r, &new.io);
		CHECK_INT(reactor_run_once(r, 0), 0);
		loop_close(b);
		CHECK(close(a[1]) == 0);
	}
	CHECK(reactor_close(r) == 0);
}

/* Stopped too late; the number is another file by then. */
static void
stopped_late(void)
{
	struct reactor *r = loop_open();
	struct loop_io old, new;
	int a[2], b[2];

	loop_pipe(a);
	loop_watch(r, &old, a[0], REACTOR_READ);
	CHECK_INT(reactor_run_once(r, 0), 0);
	CHECK(close(a[0]) == 0);
	re_pipe_at(b, a[0]);
	reactor_io_stop(r, &old.io);
	loop_watch(r, &new, b[0], REACTOR_READ);
	CHECK_INT(reactor_run_once(r, 0), 0);
	loop_put(b[1]);
	CHECK_INT(reactor_run_once(r, -1), 1);
	CHECK_INT(new.ready, REACTOR_READ);
	CHECK(reactor_close(r) == 0);
	CHECK(close(a[1]) == 0);
	loop_close(b);
}

/* ---- Copies -------------------------------------------------------------- */

static void
re_stop_run(struct reactor *r, struct reactor_timer *timer)
{
	(void)timer;
	reactor_stop(r);
}

/* Runs for a while in which nothing is to happen: few waits are enough. */
static void
does_not_spin(struct reactor *r)
{
	struct reactor_timer timer = { .callback = re_stop_run };

	loop_count(r);
	CHECK(reactor_timer_start(r, &timer, 20 * LOOP_MS) == 0);
	CHECK_INT(reactor_run(r), 0);
	CHECK(loop_waits < 20);
	r->backend = loop_real;
}

/* A copy keeps the old description alive, and it has something to read. */
static void
ghost(void)
{
	struct reactor *r = loop_open();
	struct loop_io old, new;
	int a[2], b[2], copy;

	loop_pipe(a);
	loop_watch(r, &old, a[0], REACTOR_READ);
	CHECK_INT(reactor_run_once(r, 0), 0);
	CHECK((copy = dup(a[0])) != -1);
	CHECK(close(a[0]) == 0); /* too early */
	reactor_io_stop(r, &old.io);
	loop_put(a[1]);
	does_not_spin(r);
	re_pipe_at(b, a[0]);
	loop_watch(r, &new, b[0], REACTOR_READ);
	does_not_spin(r);
	CHECK_INT(new.calls, 0);
	CHECK_INT(old.calls, 0);
	loop_put(b[1]);
	CHECK_INT(reactor_run_once(r, -1), 1);
	CHECK_INT(new.ready, REACTOR_READ);
	CHECK(reactor_close(r) == 0);
	CHECK(close(copy) == 0);
	CHECK(close(a[1]) == 0);
	loop_close(b);
}

/* dup2 over a watched number: the old description lives on in a copy. */
static void
replaced(void)
{
	struct reactor *r = loop_open();
	struct loop_io old, new;
	int a[2], b[2], copy;

	loop_pipe(a);
	loop_pipe(b);
	loop_watch(r, &old, a[0], REACTOR_READ);
	CHECK_INT(reactor_run_once(r, 0), 0);
	CHECK((copy = dup(a[0])) != -1);
	CHECK(dup2(b[0], a[0]) == a[0]);
	loop_put(a[1]);
	loop_watch(r, &new, a[0], REACTOR_READ);
	reactor_io_stop(r, &old.io);
	does_not_spin(r);
	CHECK_INT(new.calls, 0);
	loop_put(b[1]);
	CHECK_INT(reactor_run_once(r, -1), 1);
	CHECK_INT(new.calls, 1);
	reactor_io_stop(r, &new.io);
	does_not_spin(r);
	CHECK_INT(new.calls, 1);
	CHECK(reactor_close(r) == 0);
	CHECK(close(copy) == 0);
	loop_close(a);
	loop_close(b);
}

static void
re_close_own(struct reactor *r, struct loop_io *l)
{
	if ((l->io.event.flags & REACTOR_ONESHOT) == 0)
		reactor_io_stop(r, &l->io);
	CHECK(close(l->io.fd) == 0);
}

/* The copy is in another process, where nobody can close it for us. */
static void
copy_elsewhere(void)
{
	struct reactor *r;
	struct loop_io io;
	int fd[2], flags;
	pid_t pid;

	for (flags = 0; flags <= REACTOR_ONESHOT; flags += REACTOR_ONESHOT) {
		loop_pipe(fd);
		pid = fork();
		CHECK(pid != -1);
		while (pid == 0)
			pause();
		r = loop_open();
		loop_io(&io, fd[0], REACTOR_READ);
		io.io.event.flags = (unsigned char)flags;
		io.then = re_close_own;
		CHECK(reactor_io_start(r, &io.io) == 0);
		CHECK_INT(reactor_run_once(r, 0), 0);
		loop_put(fd[1]);
		CHECK_INT(reactor_run_once(r, -1), 1);
		does_not_spin(r);
		CHECK_INT(io.calls, 1);
		CHECK(close(fd[1]) == 0);
		does_not_spin(r);
		CHECK(kill(pid, SIGKILL) == 0);
		CHECK(waitpid(pid, NULL, 0) == pid);
		CHECK(reactor_close(r) == 0);
	}
}

/* Many times over, so that a generation that wraps early is seen. */
static void
many_times(void)
{
	struct reactor *r = loop_open();
	struct loop_io io;
	int fd[2], i;

	for (i = 0; i < 70000; i++) {
		CHECK(pipe(fd) == 0);
		loop_io(&io, fd[0], REACTOR_READ);
		CHECK(reactor_io_start(r, &io.io) == 0);
		if (i % 3 == 0)
			loop_put(fd[1]);
		CHECK_INT(reactor_run_once(r, 0), i % 3 == 0);
		if (i % 5 == 0) {
			(void)close(fd[0]);
			reactor_io_stop(r, &io.io);
		} else {
			reactor_io_stop(r, &io.io);
			(void)close(fd[0]);
		}
		(void)close(fd[1]);
	}
	CHECK(reactor_close(r) == 0);
}

static const struct test tests[] = {
	TEST("closed behind the back", closed),
	TEST("BAD, then started anew", bad_then_anew),
	TEST_FLAGS("everything closed", everything_closed, TEST_LEAKY),
	TEST("a number used again within a batch", within_a_batch),
	TEST("the same without stop", forgotten_within_a_batch),
	TEST("a forgotten stop", forgotten),
	TEST("stopped too late", stopped_late),
	TEST("a copy of a closed descriptor", ghost),
	TEST("dup2 over a watched descriptor", replaced),
	TEST("a copy in another process", copy_elsewhere),
	TEST("numbers used again many times", many_times),
};

TEST_MAIN(tests)
