/*
 * SPDX-License-Identifier: ISC
 *
 * nomem.c: the n-th allocation fails, for every n, once or from then on: each
 * call says ENOMEM with nothing changed, what works goes on working, close
 * gives all of it back.
 */
#include <limits.h>
#include <sys/resource.h>
#include "test/loop.h"

enum { NM_TIMERS = 70, NM_IOS = 40 };

static long nm_made;   /* allocations asked for */
static long nm_fail;   /* the one that fails; 0: none */
static int nm_for_all; /* and those after it */
static long nm_live, nm_failed;

static void *
nm_resize(void *memory, size_t size)
{
	void *new;

	if (size == 0) {
		nm_live -= memory != NULL;
		free(memory);
		return NULL;
	}
	nm_made++;
	if (nm_fail > 0 &&
	    (nm_for_all ? nm_made >= nm_fail : nm_made == nm_fail)) {
		nm_failed++;
		return NULL;
	}
	new = realloc(memory, size);
	nm_live += memory == NULL && new != NULL;
	return new;
}

/* ---- One of every kind --------------------------------------------------- */

static struct nm_all {
	struct reactor_timer timer[NM_TIMERS], wall;
	struct loop_io io[NM_IOS], high;
	struct reactor_defer defer;
	struct reactor_idle idle;
	struct reactor_prepare prepare;
	struct reactor_check check;
	struct reactor_post post;
	struct reactor_signal signal;
	struct reactor_path path;
	struct reactor_child child;
	int timers_started, timers_called, defers_called, posts_called;
	int signals_called, children_called, hooks_called;
} nm;

static void
nm_timer(struct reactor *r, struct reactor_timer *timer)
{
	(void)r;
	(void)timer;
	nm.timers_called++;
}

static void
nm_defer(struct reactor *r, struct reactor_defer *defer)
{
	(void)r;
	(void)defer;
	nm.defers_called++;
}

static void
nm_idle(struct reactor *r, struct reactor_idle *idle)
{
	(void)r;
	(void)idle;
}

static void
nm_prepare(struct reactor *r, struct reactor_prepare *prepare)
{
	(void)r;
	(void)prepare;
	nm.hooks_called++;
}

static void
nm_check(struct reactor *r, struct reactor_check *check)
{
	(void)r;
	(void)check;
	nm.hooks_called++;
}

static void
nm_post(struct reactor *r, struct reactor_post *post)
{
	(void)r;
	(void)post;
	nm.posts_called++;
}

static void
nm_signal(struct reactor *r, struct reactor_signal *s,
    const struct reactor_signal_info *info)
{
	(void)r;
	(void)s;
	(void)info;
	nm.signals_called++;
}

static void
nm_path(struct reactor *r, struct reactor_path *path)
{
	(void)r;
	(void)path;
}

static void
nm_child(struct reactor *r, struct reactor_child *child)
{
	(void)r;
	CHECK_INT(child->error, 0);
	CHECK_INT(child->status, 0);
	nm.children_called++;
}

/* Started or out of memory; in that case not started at all. */
static int
nm_ok(int result, const struct reactor_event *event)
{
	if (result == 0) {
		CHECK(event->state != 0);
		return 1;
	}
	CHECK_INT(errno, ENOMEM);
	CHECK_INT(event->state, 0);
	CHECK(nm_failed > 0);
	return 0;
}

static void
nm_fill(void)
{
	int i;

	memset(&nm, 0, sizeof(nm));
	for (i = 0; i < NM_TIMERS; i++)
		nm.timer[i].callback = nm_timer;
	nm.wall.callback = nm_timer;
	nm.wall.event.flags = REACTOR_WALL;
	nm.defer.callback = nm_defer;
	nm.idle.callback = nm_idle;
	nm.prepare.callback = nm_prepare;
	nm.check.callback = nm_check;
	nm.post.callback = nm_post;
	nm.signal.callback = nm_signal;
	nm.signal.number = SIGUSR1;
	nm.path.callback = nm_path;
	nm.path.path = "/";
	nm.child.callback = nm_child;
}

static void
nm_start_ios(struct reactor *r, int fd, int high)
{
	int i;

	for (i = 0; i < NM_IOS; i++) {
		loop_io(&nm.io[i], fd, REACTOR_READ);
		(void)nm_ok(
		    reactor_io_start(r, &nm.io[i].io), &nm.io[i].io.event);
	}
	loop_io(&nm.high, high, REACTOR_READ);
	(void)nm_ok(reactor_io_start(r, &nm.high.io), &nm.high.io.event);
}

static void
nm_start_timers(struct reactor *r)
{
	int i;

	for (i = 0; i < NM_TIMERS; i++)
		nm.timers_started +=
		    nm_ok(reactor_timer_start(r, &nm.timer[i], i % 7),
			&nm.timer[i].event);
	nm.timers_started +=
	    nm_ok(reactor_timer_start(r, &nm.wall, 0), &nm.wall.event);
}

static pid_t
nm_fork(void)
{
	pid_t pid = fork();

	CHECK(pid != -1);
	if (pid == 0)
		_exit(0);
	return pid;
}

static void
nm_use(struct reactor *r, int fd[2], int high)
{
	int signals, posts, children, i;

	nm_fill();
	nm_start_ios(r, fd[0], high);
	nm_start_timers(r);
	CHECK(reactor_defer_start(r, &nm.defer) == 0);
	CHECK(reactor_idle_start(r, &nm.idle) == 0);
	CHECK(reactor_prepare_start(r, &nm.prepare) == 0);
	CHECK(reactor_check_start(r, &nm.check) == 0);
	posts = nm_ok(reactor_post_start(r, &nm.post), &nm.post.event);
	signals = nm_ok(reactor_signal_start(r, &nm.signal), &nm.signal.event);
	(void)nm_ok(reactor_path_start(r, &nm.path), &nm.path.event);
	nm.child.pid = nm_fork();
	children = nm_ok(reactor_child_start(r, &nm.child), &nm.child.event);
	reactor_post_send(r, &nm.post);
	if (signals)
		raise(SIGUSR1);
	for (i = 0; i < 1000 && (i < 5 || nm.children_called < children); i++) {
		CHECK(reactor_run_once(r, 0) >= 0);
		if (i > 5)
			loop_sleep(LOOP_MS);
	}
	CHECK_INT(nm.timers_called, nm.timers_started);
	CHECK_INT(nm.defers_called, 1);
	CHECK_INT(nm.posts_called, posts);
	CHECK_INT(nm.signals_called, signals);
	CHECK_INT(nm.children_called, children);
	CHECK(nm.hooks_called >= 10);
	if (!children)
		CHECK(waitpid(nm.child.pid, NULL, 0) == nm.child.pid);
}

/* Each io either works, or was told of it when the backend had no memory. */
static void
nm_look(struct reactor *r, int fd[2])
{
	struct loop_io *io;
	char byte;
	int i;

	loop_put(fd[1]);
	CHECK(reactor_run_once(r, 0) >= 0);
	CHECK(reactor_run_once(r, 0) >= 0);
	for (i = 0; i <= NM_IOS; i++) {
		io = i < NM_IOS ? &nm.io[i] : &nm.high;
		if (io->ever & REACTOR_BAD) {
			CHECK_INT(io->io.error, ENOMEM);
			CHECK_INT(io->calls, 1);
			CHECK_INT(io->io.event.state, 0);
		} else if (io->io.event.state != 0) {
			CHECK_INT(io->ready, REACTOR_READ);
			CHECK(io->calls >= 1);
		} else {
			CHECK_INT(io->calls, 0);
		}
	}
	CHECK_INT(read(fd[0], &byte, 1), 1);
}

static void
nm_scenario(int fd[2], int high)
{
	struct reactor *r;

	nm_made = nm_failed = 0;
	errno = 0;
	r = reactor_open(NULL);
	if (r == NULL) {
		CHECK_INT(errno, ENOMEM);
		CHECK(nm_failed > 0);
		CHECK(reactor_error()[0] != '\0');
	} else {
		nm_use(r, fd, high);
		nm_look(r, fd);
		CHECK(reactor_close(r) == 0);
	}
	CHECK_INT(nm_live, 0);
}

static int nm_open;

static void
nm_count_one(int fd)
{
	(void)fd;
	nm_open++;
}

static int
nm_descriptors(void)
{
	nm_open = 0;
	test_descriptors(nm_count_one);
	return nm_open;
}

static void
nm_every(int for_all)
{
	int fd[2], high, before;

	loop_pipe(fd);
	CHECK((high = fcntl(fd[0], F_DUPFD, 200)) != -1);
	reactor_set_allocator(nm_resize);
	nm_for_all = for_all;
	nm_fail = 0;
	nm_scenario(fd, high);
	CHECK(nm_made > 10);
	before = nm_descriptors();
	for (nm_fail = 1;; nm_fail++) {
		nm_scenario(fd, high);
		CHECK_INT(nm_descriptors(), before);
		if (nm_failed == 0)
			break;
	}
	CHECK(nm_fail > 10);
	CHECK(close(high) == 0);
	loop_close(fd);
}

static void
once(void)
{
	nm_every(0);
}

static void
from_then_on(void)
{
	nm_every(1);
}

/* The default is back after NULL. */
static void
allocator(void)
{
	struct reactor *r;

	nm_made = 0;
	reactor_set_allocator(nm_resize);
	r = loop_open();
	CHECK(nm_made > 0);
	CHECK(nm_live > 0);
	CHECK(reactor_close(r) == 0);
	CHECK_INT(nm_live, 0);
	nm_made = 0;
	reactor_set_allocator(NULL);
	r = loop_open();
	CHECK_INT(nm_made, 0);
	CHECK(reactor_close(r) == 0);
}

/* A heap that cannot grow: a timer that comes back still has its seat. */
static void
seats(void)
{
	static struct reactor_timer timer[200];
	struct reactor *r;
	int n, i, turns;

	reactor_set_allocator(nm_resize);
	r = loop_open();
	for (i = 0; i < 200; i++) {
		timer[i].callback = nm_timer;
		timer[i].every = 1;
		nm_made = 0;
		nm_fail = r->heaps[0].capacity == 0 ? 0 : 1;
		nm_for_all = 1;
		if (reactor_timer_start(r, &timer[i], 0) == -1)
			break;
	}
	CHECK_INT(errno, ENOMEM);
	n = i;
	CHECK(n >= 16);
	for (turns = 1; turns < 10; turns++) {
		CHECK_INT(reactor_run_once(r, -1), n);
		CHECK_INT(nm.timers_called, turns * n);
	}
	/* Moving one that is there needs no memory either. */
	for (i = 0; i < n; i++)
		CHECK(reactor_timer_start(r, &timer[i], 0) == 0);
	reactor_timer_stop(r, &timer[0]);
	CHECK(reactor_timer_start(r, &timer[199], 0) == 0);
	CHECK(reactor_timer_start(r, &timer[0], 0) == -1);
	CHECK(reactor_close(r) == 0);
	CHECK_INT(nm_live, 0);
}

/* ---- Nothing is allocated in the long run -------------------------------- */

struct nm_worker {
	struct reactor_io reader, writer;
	struct reactor_timer patience, beat, wall;
	struct reactor_defer defer;
	struct reactor_post post;
	struct reactor_signal signal;
	int pipe[2];
	long calls;
};

static void
nm_work(struct reactor *r, struct nm_worker *w)
{
	w->calls++;
	CHECK(reactor_timer_start(r, &w->wall, REACTOR_SECOND) == 0);
	CHECK(reactor_defer_start(r, &w->defer) == 0);
}

/* One-shot, so it is registered anew each time. */
static void
nm_reads(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	struct nm_worker *w = REACTOR_OWNER(io, struct nm_worker, reader);
	char c;

	(void)ready;
	CHECK_INT(read(io->fd, &c, 1), 1);
	CHECK(reactor_io_start(r, io) == 0);
	CHECK(reactor_io_start(r, &w->writer) == 0);
	reactor_post_send(r, &w->post);
	nm_work(r, w);
}

static void
nm_writes(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	struct nm_worker *w = REACTOR_OWNER(io, struct nm_worker, writer);

	(void)ready;
	CHECK_INT(write(io->fd, "x", 1), 1);
	reactor_io_stop(r, io);
	nm_work(r, w);
}

static void
nm_beats(struct reactor *r, struct reactor_timer *timer)
{
	CHECK_INT(raise(SIGUSR1), 0);
	nm_work(r, REACTOR_OWNER(timer, struct nm_worker, beat));
}

static void
nm_signalled(struct reactor *r, struct reactor_signal *signal,
    const struct reactor_signal_info *info)
{
	(void)info;
	nm_work(r, REACTOR_OWNER(signal, struct nm_worker, signal));
}

static void
nm_posted(struct reactor *r, struct reactor_post *post)
{
	nm_work(r, REACTOR_OWNER(post, struct nm_worker, post));
}

static void
steady(void)
{
	static struct nm_worker w;
	struct reactor *r;
	int i;

	reactor_set_allocator(nm_resize);
	r = loop_open();
	loop_pipe(w.pipe);
	w.reader.callback = nm_reads;
	w.reader.fd = w.pipe[0];
	w.reader.wanted = REACTOR_READ;
	w.reader.timeout = &w.patience;
	w.reader.event.flags = REACTOR_ONESHOT;
	w.patience.every = REACTOR_SECOND;
	w.writer.callback = nm_writes;
	w.writer.fd = w.pipe[1];
	w.writer.wanted = REACTOR_WRITE;
	w.beat.callback = nm_beats;
	w.beat.every = 1000;
	w.wall.callback = nm_timer;
	w.wall.event.flags = REACTOR_WALL;
	w.defer.callback = nm_defer;
	w.post.callback = nm_posted;
	w.signal.callback = nm_signalled;
	w.signal.number = SIGUSR1;
	CHECK(reactor_io_start(r, &w.reader) == 0);
	CHECK(reactor_io_start(r, &w.writer) == 0);
	CHECK(reactor_timer_start(r, &w.beat, 0) == 0);
	CHECK(reactor_signal_start(r, &w.signal) == 0);
	for (i = 0; i < 100; i++)
		CHECK(reactor_run_once(r, 0) >= 0);
	nm_made = w.calls = 0;
	for (i = 0; i < 3000; i++)
		CHECK(reactor_run_once(r, 0) >= 0);
	CHECK(w.calls > 3000);
	CHECK_INT(nm_made, 0);
	CHECK(reactor_close(r) == 0);
	CHECK_INT(nm_live, 0);
	loop_close(w.pipe);
}

static const struct test tests[] = {
	TEST("the allocator", allocator),
	TEST("each allocation fails once", once),
	TEST("each allocation and all after it fail", from_then_on),
	TEST("repeating timers have their seats", seats),
	TEST("nothing is allocated in the long run", steady),
};

TEST_MAIN(tests)
