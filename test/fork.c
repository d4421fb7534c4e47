/*
 * SPDX-License-Identifier: ISC
 *
 * fork.c: after fork(2) parent and child both go on with what was started,
 * and neither notices what the other does.
 */
#include <pthread.h>
#include "test/loop.h"

static int fo_called;

static void
fo_timer_called(struct reactor *r, struct reactor_timer *timer)
{
	(void)r;
	(void)timer;
	fo_called++;
}

static void
fo_post_called(struct reactor *r, struct reactor_post *post)
{
	(void)r;
	(void)post;
	fo_called++;
}

/* What failed in the child is in the report; it ends the case here. */
static void
fo_join(pid_t pid)
{
	int status = 0;

	CHECK(waitpid(pid, &status, 0) == pid);
	if (status != 0 && WIFEXITED(status))
		_exit(WEXITSTATUS(status));
	CHECK_INT(status, 0);
}

static pid_t
fo_fork(void)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	CHECK(pid != -1);
	return pid;
}

static int fo_open;

static void
fo_count(int fd)
{
	(void)fd;
	fo_open++;
}

static int
fo_descriptors(void)
{
	fo_open = 0;
	test_descriptors(fo_count);
	return fo_open;
}

/* ---- Descriptors --------------------------------------------------------- */

/* One pipe for each process; both were watched before the fork. */
static void
fo_go_on(struct reactor *r, struct loop_io io[2], int fd[2][2], int me)
{
	char byte;
	int i;

	reactor_io_stop(r, &io[!me].io);
	for (i = 1; i <= 10; i++) {
		loop_put(fd[me][1]);
		CHECK_INT(reactor_run_once(r, -1), 1);
		CHECK_INT(io[me].calls, i);
		CHECK_INT(read(fd[me][0], &byte, 1), 1);
		CHECK_INT(reactor_run_once(r, 0), 0);
	}
	CHECK_INT(io[!me].calls, 0);
	CHECK(reactor_close(r) == 0);
}

static void
both_go_on(void)
{
	struct reactor *r = loop_open();
	struct loop_io io[2];
	int fd[2][2], i;
	pid_t pid;

	for (i = 0; i < 2; i++) {
		loop_pipe(fd[i]);
		loop_watch(r, &io[i], fd[i][0], REACTOR_READ);
	}
	CHECK_INT(reactor_run_once(r, 0), 0);
	pid = fo_fork();
	fo_go_on(r, io, fd, pid == 0);
	if (pid == 0)
		_exit(0);
	fo_join(pid);
	loop_close(fd[0]);
	loop_close(fd[1]);
}

enum { FO_STOPS, FO_CLOSES, FO_STOPS_AND_CLOSES, FO_TURNS, FO_STARTS, FO_WAYS };

static void
fo_disturb(struct reactor *r, struct loop_io io[2], int way, const int fd[2])
{
	if (way == FO_TURNS || way == FO_STARTS)
		CHECK(reactor_run_once(r, 0) == 0);
	if (way == FO_STOPS || way == FO_STOPS_AND_CLOSES || way == FO_TURNS) {
		reactor_io_stop(r, &io[0].io);
		reactor_io_stop(r, &io[1].io);
		(void)close(fd[0]);
	}
	if (way == FO_STARTS) {
		io[0].io.wanted = REACTOR_WRITE;
		CHECK(reactor_io_start(r, &io[0].io) == 0);
		CHECK(reactor_run_once(r, 0) == 1);
	}
	if (way == FO_STOPS) /* not even closed */
		_exit(0);
	CHECK(reactor_close(r) == 0);
	_exit(0);
}

/* Whatever the child does, before its first turn or later. */
static void
parent_undisturbed(void)
{
	struct reactor *r = loop_open();
	struct loop_io io[2];
	int fd[2], way;
	char byte;
	pid_t pid;

	loop_pair(fd);
	loop_watch(r, &io[0], fd[0], REACTOR_READ);
	loop_watch(r, &io[1], fd[0], REACTOR_READ);
	CHECK_INT(reactor_run_once(r, 0), 0);
	for (way = 0; way < FO_WAYS; way++) {
		pid = fo_fork();
		if (pid == 0)
			fo_disturb(r, io, way, fd);
		fo_join(pid);
		CHECK_INT(reactor_run_once(r, 0), 0);
		loop_put(fd[1]);
		CHECK_INT(reactor_run_once(r, 0), 2);
		CHECK_INT(io[0].ready, REACTOR_READ);
		CHECK_INT(read(fd[0], &byte, 1), 1);
	}
	CHECK(reactor_close(r) == 0);
	loop_close(fd);
}

/* Stopped in the child before its first turn: really stopped. */
static void
stopped_first(void)
{
	struct reactor *r = loop_open();
	struct reactor_timer timer = { .callback = fo_timer_called };
	struct loop_io io;
	int fd[2];
	pid_t pid;

	loop_pipe(fd);
	loop_put(fd[1]);
	loop_watch(r, &io, fd[0], REACTOR_READ);
	CHECK_INT(reactor_run_once(r, 0), 1);
	pid = fo_fork();
	if (pid == 0) {
		reactor_io_stop(r, &io.io);
		loop_count(r);
		CHECK(reactor_timer_start(r, &timer, 20 * LOOP_MS) == 0);
		CHECK_INT(reactor_run(r), 0);
		CHECK_INT(io.calls, 1);
		CHECK(loop_waits < 20);
		CHECK(reactor_close(r) == 0);
		_exit(0);
	}
	fo_join(pid);
	CHECK_INT(reactor_run_once(r, 0), 1);
	CHECK(reactor_close(r) == 0);
	loop_close(fd);
}

/* What the parent had changed and not applied yet, and what is always ready. */
static void
pending_changes(void)
{
	struct reactor *r = loop_open();
	struct loop_io io, file, gone;
	int fd[2], null = open("/dev/null", O_RDONLY);
	pid_t pid;

	CHECK(null != -1);
	loop_pair(fd);
	loop_watch(r, &file, null, REACTOR_READ);
	loop_watch(r, &gone, fd[1], REACTOR_WRITE);
	CHECK(reactor_run_once(r, 0) >= 1); /* some find out in the wait */
	CHECK_INT(reactor_run_once(r, 0), 2);
	file.calls = gone.calls = 0;
	reactor_io_stop(r, &gone.io);
	loop_watch(r, &io, fd[0], REACTOR_WRITE);
	pid = fo_fork();
	CHECK(reactor_run_once(r, 0) >= 1);
	io.calls = file.calls = 0;
	CHECK_INT(reactor_run_once(r, -1), 2);
	CHECK_INT(reactor_run_once(r, -1), 2);
	CHECK_INT(io.calls, 2);
	CHECK_INT(file.calls, 2);
	CHECK_INT(gone.calls, 0);
	CHECK(reactor_close(r) == 0);
	if (pid == 0)
		_exit(0);
	fo_join(pid);
	CHECK(close(null) == 0);
	loop_close(fd);
}

/* Long enough that nothing is due before the fork. */
static int64_t
fo_soon(void)
{
	return (int64_t)(200 * test_slow()) * LOOP_MS;
}

/* ---- Timers and posts ---------------------------------------------------- */

static void
timers(void)
{
	static const unsigned char flags[3] = { 0, REACTOR_WALL, REACTOR_BOOT };
	struct reactor *r = loop_open();
	struct reactor_timer timer[3];
	pid_t pid;
	int i;

	memset(timer, 0, sizeof(timer));
	for (i = 0; i < 3; i++) {
		timer[i].callback = fo_timer_called;
		timer[i].event.flags = flags[i];
		CHECK(reactor_timer_start(r, &timer[i], fo_soon()) == 0);
	}
	CHECK(reactor_run_once(r, 0) == 0);
	pid = fo_fork();
	if (pid == 0) {
		CHECK_INT(reactor_run(r), 0);
		CHECK_INT(fo_called, 3);
		CHECK(reactor_close(r) == 0);
		_exit(0);
	}
	fo_join(pid);
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(fo_called, 3);
	CHECK(reactor_close(r) == 0);
}

/* The child's alarm does not take the parent's away. */
static void
alarms(void)
{
	struct reactor *r = loop_open();
	struct reactor_timer timer = { .callback = fo_timer_called };
	pid_t pid;

	timer.event.flags = REACTOR_WALL;
	CHECK(reactor_timer_start(r, &timer, fo_soon()) == 0);
	CHECK(reactor_run_once(r, 0) == 0);
	pid = fo_fork();
	if (pid == 0) {
		CHECK(reactor_timer_start(r, &timer, 100 * fo_soon()) == 0);
		CHECK(reactor_run_once(r, 0) == 0);
		CHECK(reactor_close(r) == 0);
		_exit(0);
	}
	fo_join(pid);
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(fo_called, 1);
	CHECK(reactor_close(r) == 0);
}

static int
fo_readable(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };

	return poll(&p, 1, 0);
}

static void
posts(void)
{
	struct reactor *r = loop_open();
	struct reactor_post post = { .callback = fo_post_called };
	uint64_t count;
	pid_t pid;

	CHECK(reactor_post_start(r, &post) == 0);
	CHECK(reactor_run_once(r, 0) == 0);
	reactor_post_send(r, &post);
	pid = fo_fork();
	if (pid == 0) {
		CHECK_INT(reactor_run_once(r, 0), 0); /* the parent's */
		reactor_post_send(r, &post);
		CHECK_INT(reactor_run_once(r, -1), 1);
		reactor_wake(r);
		reactor_post_send(r, &post);
		CHECK_INT(reactor_run_once(r, -1), 1);
		CHECK_INT(fo_called, 2);
		reactor_post_send(r, &post);
		CHECK(reactor_close(r) == 0);
		_exit(0);
	}
	fo_join(pid);
	CHECK_INT(reactor_run_once(r, -1), 1);
	CHECK_INT(fo_called, 1);
	CHECK_INT(reactor_run_once(r, 0), 0);
	(void)!read(
	    r->wake.fd, &count, sizeof(count)); /* where it need not be */
	pid = fo_fork();
	if (pid == 0) {
		CHECK(reactor_run_once(r, 0) == 0);
		reactor_wake(r);
		CHECK(reactor_close(r) == 0);
		_exit(0);
	}
	fo_join(pid);
	CHECK_INT(fo_readable(r->wake.fd), 0); /* it was not for us */
	CHECK(reactor_close(r) == 0);
}

/* A knock before the fork must not make the child deaf to later ones. */
static void
inside_another_loop(void)
{
	struct reactor *r = loop_open();
	struct reactor_post post = { .callback = fo_post_called };
	int64_t timeout;
	pid_t pid;
	int fd;

	if (r->backend->descriptor == NULL) {
		CHECK(reactor_close(r) == 0);
		SKIP("cannot be inside another loop");
	}
	CHECK(reactor_post_start(r, &post) == 0);
	CHECK(reactor_run_once(r, 0) == 0);
	fd = reactor_descriptor(r);
	reactor_post_send(r, &post);
	pid = fo_fork();
	if (pid == 0) {
		CHECK_INT(reactor_next(r, &timeout), 0);
		fd = reactor_descriptor(r);
		CHECK(fd >= 3);
		reactor_post_send(r, &post);
		CHECK_INT(fo_readable(fd), 1);
		CHECK_INT(reactor_run_once(r, 0), 1);
		CHECK_INT(fo_readable(fd), 0);
		CHECK(reactor_close(r) == 0);
		_exit(0);
	}
	fo_join(pid);
	CHECK_INT(fo_readable(fd), 1);
	CHECK_INT(reactor_run_once(r, 0), 1);
	CHECK_INT(fo_readable(fd), 0);
	CHECK(reactor_close(r) == 0);
}

/* ---- In a callback ------------------------------------------------------- */

static pid_t fo_pid;

static void
fo_forks(struct reactor *r, struct loop_io *l)
{
	char byte;

	(void)r;
	CHECK_INT(read(l->io.fd, &byte, 1), 1);
	if (l->calls == 1)
		fo_pid = fo_fork();
}

/* The rest of the batch is called in both. */
static void
in_a_callback(void)
{
	struct reactor *r = loop_open();
	struct loop_io a, b;
	int fd[2][2];
	char byte;

	loop_pipe(fd[0]);
	loop_pipe(fd[1]);
	loop_watch(r, &a, fd[0][0], REACTOR_READ);
	loop_io(&b, fd[1][0], REACTOR_READ);
	b.io.event.priority = -1;
	CHECK(reactor_io_start(r, &b.io) == 0);
	a.then = fo_forks;
	loop_put(fd[0][1]);
	loop_put(fd[1][1]);
	CHECK_INT(reactor_run_once(r, -1), 2);
	CHECK_INT(b.calls, 1);
	if (fo_pid == 0) {
		CHECK_INT(reactor_run_once(r, -1), 1);
		CHECK_INT(b.calls, 2);
		CHECK_INT(read(fd[1][0], &byte, 1), 1);
		CHECK_INT(reactor_run_once(r, 0), 0);
		CHECK(reactor_close(r) == 0);
		_exit(0);
	}
	fo_join(fo_pid);
	CHECK_INT(reactor_run_once(r, 0), 0);
	loop_put(fd[0][1]);
	CHECK_INT(reactor_run_once(r, -1), 1);
	CHECK_INT(a.calls, 2);
	CHECK(reactor_close(r) == 0);
	loop_close(fd[0]);
	loop_close(fd[1]);
}

static void
fo_forks_and_ends(struct reactor *r, struct loop_io *l)
{
	fo_pid = fo_fork();
	reactor_io_stop(r, &l->io);
	if (fo_pid == 0)
		(void)close(l->io.fd);
}

/* The child stops and closes in the very callback. */
static void
ends_in_a_callback(void)
{
	struct reactor *r = loop_open();
	struct loop_io a, b;
	int fd[2], n;

	loop_pair(fd);
	n = fo_descriptors();
	loop_put(fd[1]);
	loop_watch(r, &a, fd[0], REACTOR_READ);
	loop_watch(r, &b, fd[1], REACTOR_READ);
	a.then = fo_forks_and_ends;
	CHECK_INT(reactor_run_once(r, -1), 1);
	if (fo_pid == 0) {
		CHECK_INT(reactor_run_once(r, 0), 0);
		CHECK(reactor_close(r) == 0);
		CHECK(fo_descriptors() < n);
		_exit(0);
	}
	fo_join(fo_pid);
	a.then = NULL;
	CHECK(reactor_io_start(r, &a.io) == 0);
	CHECK_INT(reactor_run_once(r, 0), 1);
	loop_put(fd[0]);
	CHECK_INT(reactor_run_once(r, 0), 2);
	CHECK(reactor_close(r) == 0);
	loop_close(fd);
}

/* ---- Again and again ----------------------------------------------------- */

static void
fo_descend(struct reactor *r, struct loop_io *io, int fd[2], int depth)
{
	char byte;
	pid_t pid;

	pid = depth == 0 ? 1 : fo_fork();
	if (pid == 0) {
		fo_descend(r, io, fd, depth - 1);
		_exit(0);
	}
	if (depth > 0)
		fo_join(pid);
	io->calls = 0;
	CHECK_INT(reactor_run_once(r, 0), 0);
	loop_put(fd[1]);
	CHECK_INT(reactor_run_once(r, 0), 1);
	CHECK_INT(io->calls, 1);
	CHECK_INT(read(fd[0], &byte, 1), 1);
	CHECK(reactor_close(r) == 0);
}

static void
descendants(void)
{
	int before = fo_descriptors(), fd[2];
	struct reactor *r = loop_open();
	struct loop_io io;

	loop_pipe(fd);
	loop_watch(r, &io, fd[0], REACTOR_READ);
	CHECK_INT(reactor_run_once(r, 0), 0);
	fo_descend(r, &io, fd, 4);
	CHECK_INT(fo_descriptors(), before + 2);
	loop_close(fd);
}

/* The child's descriptors are made anew, not added. */
static void
no_descriptor_lost(void)
{
	int before = fo_descriptors();
	struct reactor *r = loop_open();
	struct reactor_timer timer = { .callback = fo_timer_called };
	pid_t pid;

	timer.event.flags = REACTOR_WALL;
	CHECK(reactor_timer_start(r, &timer, REACTOR_SECOND) == 0);
	CHECK_INT(reactor_run_once(r, 0), 0);
	pid = fo_fork();
	if (pid == 0) {
		CHECK_INT(reactor_run_once(r, 0), 0);
		CHECK(reactor_close(r) == 0);
		CHECK_INT(fo_descriptors(), before);
		_exit(0);
	}
	fo_join(pid);
	pid = fo_fork();
	if (pid == 0) { /* without a turn */
		CHECK(reactor_close(r) == 0);
		CHECK_INT(fo_descriptors(), before);
		_exit(0);
	}
	fo_join(pid);
	CHECK(reactor_close(r) == 0);
}

/* ---- Which threads of the child notice ------------------------------------ */

/* On the stack: what the child has not written yet is slow to write. */
struct fo_race {
	atomic_int ready;
	unsigned generation[2];
};

static unsigned
fo_generation(struct fo_race *race)
{
	/* Closer together than any barrier would let them go. */
	atomic_fetch_add(&race->ready, 1);
	while (atomic_load(&race->ready) < 2)
		continue;
	return reactor__fork_generation();
}

static void *
fo_thread(void *race)
{
	((struct fo_race *)race)->generation[1] = fo_generation(race);
	return NULL;
}

/* Both at once, and neither may take the parent's loop for its own. */
static void
fo_threads(unsigned was)
{
	struct fo_race race = { 0, { 0, 0 } };
	pthread_t thread;

	CHECK(pthread_create(&thread, NULL, fo_thread, &race) == 0);
	race.generation[0] = fo_generation(&race);
	CHECK(pthread_join(thread, NULL) == 0);
	CHECK(race.generation[0] != was);
	CHECK(race.generation[1] == race.generation[0]);
	CHECK(reactor__fork_generation() == race.generation[0]);
}

static void
threads(void)
{
	struct reactor *r = loop_open();
	pid_t pid;
	int i;

	for (i = 0; i < 300; i++) {
		pid = fo_fork();
		if (pid == 0) {
			fo_threads(r->generation);
			_exit(0);
		}
		fo_join(pid);
	}
	CHECK(reactor__fork_generation() == r->generation);
	CHECK(reactor_close(r) == 0);
}

static const struct test tests[] = {
	TEST("both go on", both_go_on),
	TEST("the parent is not disturbed", parent_undisturbed),
	TEST("stopped before the child's first turn", stopped_first),
	TEST("changes that were pending", pending_changes),
	TEST("timers survive", timers),
	TEST("each has an alarm of its own", alarms),
	TEST("posts are dropped, and work again", posts),
	TEST("inside another loop", inside_another_loop),
	TEST("fork in a callback", in_a_callback),
	TEST("fork in a callback that ends its handler", ends_in_a_callback),
	TEST("descendants", descendants),
	TEST("no descriptor is lost", no_descriptor_lost),
	TEST("threads of the child that notice at once", threads),
};

TEST_MAIN(tests)
