/*
 * SPDX-License-Identifier: ISC
 *
 * handler.c: registration: many handlers on one descriptor, restart, one-shot,
 * errors, time-outs, and what the backend is told of it.  What happens when
 * descriptors are closed and reused is in reuse.c.
 */
#include <pthread.h>
#include <limits.h>
#include <sys/resource.h>
#include "test/loop.h"

#define HA_MANY 50

static void
many(void)
{
	static const unsigned mix[3] = { REACTOR_READ, REACTOR_WRITE,
		REACTOR_READ | REACTOR_WRITE };
	struct reactor *r = loop_open();
	struct loop_io io[HA_MANY];
	int fd[2], i;
	char byte;

	loop_pair(fd);
	for (i = 0; i < HA_MANY; i++)
		loop_watch(r, &io[i], fd[0], mix[i % 3]);
	CHECK_INT(reactor_run_once(r, 0), HA_MANY - (HA_MANY + 2) / 3);
	for (i = 0; i < HA_MANY; i++)
		CHECK_INT(io[i].ever, mix[i % 3] & REACTOR_WRITE);
	loop_put(fd[1]);
	CHECK_INT(reactor_run_once(r, 0), HA_MANY);
	for (i = 0; i < HA_MANY; i++)
		CHECK_INT(io[i].ready, mix[i % 3]);
	CHECK_INT(read(fd[0], &byte, 1), 1);
	/* The writers leave, one by one. */
	for (i = 0; i < HA_MANY; i++)
		if (mix[i % 3] & REACTOR_WRITE)
			reactor_io_stop(r, &io[i].io);
	CHECK_INT(reactor_run_once(r, 0), 0);
	loop_put(fd[1]);
	CHECK_INT(reactor_run_once(r, 0), (HA_MANY + 2) / 3);
	CHECK(reactor_close(r) == 0);
	loop_close(fd);
}

static struct loop_io *ha_other;

static void
ha_stop_other(struct reactor *r, struct loop_io *l)
{
	(void)l;
	reactor_io_stop(r, &ha_other->io);
}

static void
stopped_by_another(void)
{
	struct reactor *r = loop_open();
	struct loop_io a, b, c;
	int fd[2];

	loop_pipe(fd);
	loop_put(fd[1]);
	loop_watch(r, &a, fd[0], REACTOR_READ);
	loop_watch(r, &b, fd[0], REACTOR_READ);
	loop_watch(r, &c, fd[0], REACTOR_READ);
	a.then = ha_stop_other;
	ha_other = &b;
	CHECK_INT(reactor_run_once(r, 0), 2);
	CHECK_INT(a.calls, 1);
	CHECK_INT(b.calls, 0);
	CHECK_INT(c.calls, 1);
	ha_other = &a; /* itself */
	CHECK_INT(reactor_run_once(r, 0), 2);
	CHECK_INT(reactor_run_once(r, 0), 1);
	CHECK_INT(c.calls, 3);
	CHECK(reactor_close(r) == 0);
	loop_close(fd);
}

static void
restart(void)
{
	struct reactor *r = loop_open();
	struct loop_io io;
	int fd[2];

	loop_pair(fd);
	loop_put(fd[1]);
	loop_watch(r, &io, fd[0], REACTOR_READ);
	CHECK(reactor_io_start(r, &io.io) == 0);
	CHECK_INT(r->active, 1);
	CHECK_INT(reactor_run_once(r, 0), 1);
	CHECK_INT(io.ready, REACTOR_READ);
	io.io.wanted = REACTOR_WRITE;
	CHECK(reactor_io_start(r, &io.io) == 0);
	CHECK_INT(reactor_run_once(r, 0), 1);
	CHECK_INT(io.ready, REACTOR_WRITE);
	/* A new field counts from the next start on. */
	io.io.wanted = REACTOR_READ | REACTOR_WRITE;
	CHECK_INT(reactor_run_once(r, 0), 1);
	CHECK_INT(io.ready, REACTOR_WRITE);
	CHECK(reactor_io_start(r, &io.io) == 0);
	CHECK_INT(reactor_run_once(r, 0), 1);
	CHECK_INT(io.ready, REACTOR_READ | REACTOR_WRITE);
	/* What was queued is dropped. */
	CHECK(reactor_feed(r, &io.io.event, REACTOR_HANGUP) == 0);
	io.io.wanted = REACTOR_READ;
	CHECK(reactor_io_start(r, &io.io) == 0);
	CHECK_INT(reactor_run_once(r, 0), 1);
	CHECK_INT(io.ready, REACTOR_READ);
	reactor_io_stop(r, &io.io);
	reactor_io_stop(r, &io.io);
	CHECK_INT(reactor_run_once(r, 0), 0);
	CHECK(reactor_io_start(r, &io.io) == 0);
	CHECK_INT(reactor_run_once(r, 0), 1);
	CHECK(reactor_close(r) == 0);
	loop_close(fd);
}

static void
ha_start_again(struct reactor *r, struct loop_io *l)
{
	CHECK_INT(l->io.event.state, 0);
	CHECK(reactor_io_start(r, &l->io) == 0);
}

static void
one_shot(void)
{
	struct reactor *r = loop_open();
	struct loop_io io;
	int fd[2];

	loop_pipe(fd);
	loop_put(fd[1]);
	loop_io(&io, fd[0], REACTOR_READ);
	io.io.event.flags = REACTOR_ONESHOT;
	CHECK(reactor_io_start(r, &io.io) == 0);
	CHECK_INT(reactor_run(r), 0); /* nothing is left */
	CHECK_INT(io.calls, 1);
	CHECK_INT(reactor_run_once(r, 0), 0);
	io.then = ha_start_again;
	CHECK(reactor_io_start(r, &io.io) == 0);
	CHECK_INT(reactor_run_once(r, 0), 1);
	CHECK_INT(reactor_run_once(r, 0), 1);
	CHECK_INT(io.calls, 3);
	CHECK(reactor_close(r) == 0);
	loop_close(fd);
}

static void
ha_refused(struct reactor *r, struct loop_io *l, int error)
{
	errno = 0;
	CHECK_INT(reactor_io_start(r, &l->io), -1);
	CHECK_INT(errno, error);
}

static void
refused(void)
{
	struct reactor *r = loop_open();
	struct loop_io io, urgent;
	int fd[2];

	loop_pipe(fd);
	loop_io(&io, -1, REACTOR_READ);
	ha_refused(r, &io, EBADF);
	io.io.fd = INT_MIN;
	ha_refused(r, &io, EBADF);
	io.io.fd = INT_MAX;
	ha_refused(r, &io, EBADF);
	io.io.fd = 1 << 24; /* costs no table */
	ha_refused(r, &io, EBADF);
	CHECK(r->nslots < 1 << 20);
	io.io.fd = fd[0];
	io.io.wanted = 0;
	ha_refused(r, &io, EINVAL);
	io.io.wanted = REACTOR_HANGUP;
	ha_refused(r, &io, EINVAL);
	io.io.wanted = REACTOR_READ | 0x80;
	ha_refused(r, &io, EINVAL);
	io.io.wanted = REACTOR_READ;
	io.io.event.priority = 3;
	ha_refused(r, &io, EINVAL);
	io.io.event.priority = -128;
	ha_refused(r, &io, EINVAL);
	io.io.event.priority = -2;
	CHECK_INT(io.io.event.state, 0);
	CHECK_INT(r->active, 0);
	/* A refused restart changes nothing. */
	CHECK(reactor_io_start(r, &io.io) == 0);
	io.io.fd = fd[1];
	ha_refused(r, &io, EINVAL);
	io.io.fd = fd[0];
	io.io.wanted = 0;
	ha_refused(r, &io, EINVAL);
	loop_put(fd[1]);
	CHECK_INT(reactor_run_once(r, 0), 1);
	CHECK_INT(io.ready, REACTOR_READ);
	loop_io(&urgent, fd[0], REACTOR_URGENT);
	if ((r->backend->interests & REACTOR_URGENT) == 0)
		ha_refused(r, &urgent, ENOTSUP);
	else
		CHECK(reactor_io_start(r, &urgent.io) == 0);
	CHECK(reactor_close(r) == 0);
	loop_close(fd);
}

/* A number in the table that is not open: start may not know, the turn does. */
static void
not_open(void)
{
	struct reactor *r = loop_open();
	struct loop_io io, good;
	int fd[2], i;

	loop_pipe(fd);
	CHECK(close(fd[0]) == 0);
	loop_watch(r, &good, fd[1], REACTOR_WRITE);
	loop_io(&io, fd[0], REACTOR_READ);
	if (reactor_io_start(r, &io.io) == -1) {
		CHECK_INT(errno, EBADF);
	} else {
		for (i = 0; i < 3; i++)
			CHECK(reactor_run_once(r, 0) >= 1);
		CHECK_INT(io.calls, 1);
		CHECK_INT(io.ready, REACTOR_BAD);
		CHECK_INT(io.io.error, EBADF);
		CHECK_INT(io.io.event.state, 0);
	}
	i = good.calls;
	CHECK_INT(reactor_run_once(r, 0), 1);
	CHECK_INT(good.calls, i + 1);
	CHECK(reactor_close(r) == 0);
	CHECK(close(fd[1]) == 0);
}

/* ---- What cannot be waited for ------------------------------------------- */

static int
ha_file(void)
{
	char name[] = "/tmp/reactor-test-XXXXXX";
	int fd = mkstemp(name);

	CHECK(fd != -1);
	CHECK(unlink(name) == 0);
	return fd;
}

static void
ha_stop_run(struct reactor *r, struct reactor_timer *timer)
{
	(void)timer;
	reactor_stop(r);
}

static void
always_ready(void)
{
	struct reactor *r = loop_open();
	struct reactor_timer timer = { .callback = ha_stop_run };
	struct loop_io io[5];
	int fd[4], p[2], i;

	loop_pipe(p);
	CHECK((fd[0] = ha_file()) != -1);
	CHECK((fd[1] = open("/", O_RDONLY)) != -1);
	CHECK((fd[2] = open("/dev/null", O_RDWR)) != -1);
	CHECK((fd[3] = open("/dev/zero", O_RDWR)) != -1);
	for (i = 0; i < 4; i++)
		loop_watch(r, &io[i], fd[i],
		    i == 1 ? REACTOR_READ : REACTOR_READ | REACTOR_WRITE);
	loop_watch(r, &io[4], p[0], REACTOR_READ);
	CHECK(reactor_run_once(r, -1) >= 2); /* some find out in the wait */
	CHECK_INT(reactor_run_once(r, -1), 4);
	CHECK_INT(reactor_run_once(r, -1), 4);
	for (i = 0; i < 4; i++) {
		CHECK(io[i].calls >= 2);
		CHECK_INT(io[i].ready, io[i].io.wanted);
	}
	loop_put(p[1]);
	CHECK_INT(reactor_run_once(r, -1), 5);
	CHECK_INT(io[4].calls, 1);
	CHECK(reactor_timer_start(r, &timer, 2 * LOOP_MS) == 0);
	i = io[0].calls - io[3].calls;
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(io[0].calls, io[3].calls + i);
	/* Other interest, and none, and again. */
	io[0].io.wanted = REACTOR_WRITE;
	CHECK(reactor_io_start(r, &io[0].io) == 0);
	CHECK_INT(reactor_run_once(r, 0), 5);
	CHECK_INT(io[0].ready, REACTOR_WRITE);
	for (i = 0; i < 4; i++)
		reactor_io_stop(r, &io[i].io);
	CHECK_INT(reactor_run_once(r, 0), 1);
	CHECK(reactor_io_start(r, &io[0].io) == 0);
	CHECK_INT(reactor_run_once(r, 0), 2);
	CHECK(reactor_close(r) == 0);
	for (i = 0; i < 4; i++)
		CHECK(close(fd[i]) == 0);
	loop_close(p);
}

/* The number of a file becomes a pipe. */
static void
file_then_pipe(void)
{
	struct reactor *r = loop_open();
	struct loop_io file, io;
	int fd = ha_file(), p[2];

	loop_pipe(p);
	loop_watch(r, &file, fd, REACTOR_READ);
	CHECK_INT(reactor_run_once(r, -1), 1);
	reactor_io_stop(r, &file.io);
	CHECK(dup2(p[0], fd) == fd);
	loop_watch(r, &io, fd, REACTOR_READ);
	CHECK_INT(reactor_run_once(r, 0), 0);
	loop_put(p[1]);
	CHECK_INT(reactor_run_once(r, -1), 1);
	CHECK_INT(io.ready, REACTOR_READ);
	CHECK(reactor_close(r) == 0);
	CHECK(close(fd) == 0);
	loop_close(p);
}

/* ---- Numbers ------------------------------------------------------------- */

static void
high_numbers(void)
{
	struct reactor *r = loop_open();
	struct rlimit limit;
	struct loop_io io[3];
	int fd[2], high, i;

	CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	if (limit.rlim_cur < 6000) {
		limit.rlim_cur = limit.rlim_max < 6000 ? limit.rlim_max : 6000;
		CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	}
	high = limit.rlim_cur < 6000 ? (int)limit.rlim_cur - 1 : 5000;
	if (high < 1024)
		SKIP("no descriptor above 1023 can be had");
	loop_pipe(fd);
	CHECK(dup2(fd[0], high) == high);
	CHECK(dup2(fd[0], 1023) == 1023);
	CHECK(dup2(fd[0], 1024) == 1024);
	loop_watch(r, &io[0], 1023, REACTOR_READ);
	loop_watch(r, &io[1], 1024, REACTOR_READ);
	loop_watch(r, &io[2], high, REACTOR_READ);
	CHECK_INT(reactor_run_once(r, 0), 0);
	loop_put(fd[1]);
	CHECK_INT(reactor_run_once(r, -1), 3);
	for (i = 0; i < 3; i++)
		CHECK_INT(io[i].ready, REACTOR_READ);
	reactor_io_stop(r, &io[2].io);
	CHECK_INT(reactor_run_once(r, -1), 2);
	CHECK(reactor_close(r) == 0);
	CHECK(close(high) == 0);
	CHECK(close(1023) == 0);
	CHECK(high == 1024 || close(1024) == 0);
	loop_close(fd);
}

static void
low_numbers(void)
{
	struct reactor *r;
	struct reactor_timer timer = { .callback = ha_stop_run };
	struct loop_io io;
	int fd[2], i;

	for (i = 0; i < 3; i++)
		(void)close(i);
	r = loop_open();
	timer.event.flags = REACTOR_WALL;
	CHECK(reactor_timer_start(r, &timer, REACTOR_SECOND) == 0);
	(void)reactor_descriptor(r);
	CHECK(reactor_run_once(r, 0) == 0);
	for (i = 0; i < 3; i++)
		CHECK_INT(fcntl(i, F_GETFD), -1); /* the library keeps off */
	loop_pipe(fd);
	CHECK_INT(fd[0], 0);
	loop_watch(r, &io, 0, REACTOR_READ);
	loop_put(fd[1]);
	CHECK_INT(reactor_run_once(r, -1), 1);
	CHECK_INT(io.ready, REACTOR_READ);
	CHECK(reactor_close(r) == 0);
	loop_close(fd);
}

static void
ha_is_private(int fd)
{
	if (!test_was_open[fd])
		CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static void
close_on_exec(void)
{
	struct reactor *r = loop_open();
	struct reactor_timer timer = { .callback = ha_stop_run };

	timer.event.flags = REACTOR_WALL;
	CHECK(reactor_timer_start(r, &timer, REACTOR_SECOND) == 0);
	(void)reactor_descriptor(r);
	CHECK(reactor_run_once(r, 0) == 0);
	test_descriptors(ha_is_private);
	CHECK(reactor_close(r) == 0);
}

/* ---- What the backend is told -------------------------------------------- */

static void
few_updates(void)
{
	struct reactor *r = loop_open();
	struct loop_io a, b;
	int fd[2], i;

	loop_pair(fd);
	CHECK_INT(reactor_run_once(r, 0), 0);
	loop_count(r);
	loop_watch(r, &a, fd[0], REACTOR_READ);
	CHECK_INT(reactor_run_once(r, 0), 0);
	CHECK_INT(loop_updated(), 1);
	/* There and back within a turn. */
	a.io.wanted = REACTOR_READ | REACTOR_WRITE;
	CHECK(reactor_io_start(r, &a.io) == 0);
	a.io.wanted = REACTOR_READ;
	CHECK(reactor_io_start(r, &a.io) == 0);
	CHECK_INT(reactor_run_once(r, 0), 0);
	CHECK_INT(loop_updated(), 0);
	/* There only. */
	a.io.wanted = REACTOR_READ | REACTOR_WRITE;
	CHECK(reactor_io_start(r, &a.io) == 0);
	CHECK_INT(reactor_run_once(r, 0), 1);
	CHECK_INT(loop_updated(), 1);
	/* Turns cost nothing. */
	for (i = 0; i < 10; i++)
		CHECK_INT(reactor_run_once(r, 0), 1);
	CHECK_INT(loop_updated(), 0);
	/* A second handler whose mask is known: makes sure of it, once. */
	loop_watch(r, &b, fd[0], REACTOR_READ);
	CHECK_INT(reactor_run_once(r, 0), 1);
	CHECK_INT(loop_updated(), 1);
	/* It goes, and nothing changes. */
	reactor_io_stop(r, &b.io);
	CHECK_INT(reactor_run_once(r, 0), 1);
	CHECK_INT(loop_updated(), 0);
	/* The last goes at once. */
	reactor_io_stop(r, &a.io);
	CHECK_INT(loop_updated(), 1);
	CHECK_INT(reactor_run_once(r, 0), 0);
	CHECK_INT(loop_updated(), 0);
	/* Came and gone before the backend heard of it. */
	CHECK(reactor_io_start(r, &a.io) == 0);
	reactor_io_stop(r, &a.io);
	CHECK_INT(reactor_run_once(r, 0), 0);
	CHECK_INT(loop_updated(), 0);
	CHECK(reactor_close(r) == 0);
	loop_close(fd);
}

/* ---- Time-outs ----------------------------------------------------------- */

static void
ha_stop_after(struct reactor *r, struct loop_io *l)
{
	if (l->calls == 2)
		reactor_io_stop(r, &l->io);
}

static void
time_out(void)
{
	struct reactor *r = loop_open();
	struct reactor_timer timer = { .every = 3 * LOOP_MS };
	struct loop_io io;
	int64_t began;
	int fd[2];

	loop_pipe(fd);
	loop_io(&io, fd[0], REACTOR_READ);
	io.io.timeout = &timer;
	io.then = ha_stop_after;
	began = test_clock();
	CHECK(reactor_io_start(r, &io.io) == 0);
	CHECK_INT(r->active, 1);
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(io.calls, 2);
	CHECK_INT(io.ever, REACTOR_TIMEOUT);
	CHECK(test_clock() - began >= 6 * LOOP_MS);
	CHECK_INT(timer.event.state, 0);
	/* One-shot: the time-out is the one call. */
	io.io.event.flags = REACTOR_ONESHOT;
	io.calls = 0;
	CHECK(reactor_io_start(r, &io.io) == 0);
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(io.calls, 1);
	CHECK_INT(timer.event.state, 0);
	timer.every = 0;
	ha_refused(r, &io, EINVAL);
	CHECK(reactor_close(r) == 0);
	loop_close(fd);
}

/* What comes puts the time-out off, whichever of the two is called first. */
static void
time_out_put_off(void)
{
	struct reactor *r = loop_open();
	struct reactor_timer timer = { .every = 2 * LOOP_MS };
	struct loop_io io;
	int fd[2], priority;

	loop_pipe(fd);
	loop_put(fd[1]);
	loop_io(&io, fd[0], REACTOR_READ);
	io.io.timeout = &timer;
	for (priority = -1; priority <= 1; priority++) {
		timer.event.priority = (signed char)priority;
		CHECK(reactor_io_start(r, &io.io) == 0);
		loop_sleep(5 * LOOP_MS);
		io.calls = 0;
		CHECK(reactor_run_once(r, 0) >= 1);
		CHECK_INT(io.calls, 1);
		CHECK_INT(io.ready, REACTOR_READ);
	}
	CHECK(reactor_close(r) == 0);
	loop_close(fd);
}

static void
time_out_taken_away(void)
{
	struct reactor *r = loop_open();
	struct reactor_timer timer = { .every = LOOP_MS };
	struct loop_io io;
	int fd[2], i;

	loop_pipe(fd);
	loop_io(&io, fd[0], REACTOR_READ);
	io.io.timeout = &timer;
	CHECK(reactor_io_start(r, &io.io) == 0);
	io.io.timeout = NULL;
	CHECK(reactor_io_start(r, &io.io) == 0);
	for (i = 0; i < 3; i++) {
		loop_sleep(2 * LOOP_MS);
		CHECK(reactor_run_once(r, 0) >= 0);
	}
	CHECK_INT(io.calls, 0);
	CHECK_INT(timer.event.state, 0);
	CHECK(reactor_close(r) == 0);
	loop_close(fd);
}

/* ---- Memory -------------------------------------------------------------- */

static struct loop_io *ha_heap[8];

/* The first that is called frees every second one, itself too if it is one. */
static void
ha_free_half(struct reactor *r, struct loop_io *l)
{
	int i;

	(void)l;
	for (i = 0; i < 8; i += 2) {
		if (ha_heap[i] == NULL)
			continue;
		reactor_io_stop(r, &ha_heap[i]->io);
		free(ha_heap[i]);
		ha_heap[i] = NULL;
	}
}

static void
ha_free_own(struct reactor *r, struct loop_io *l)
{
	int i;

	for (i = 0; i < 8; i++)
		if (ha_heap[i] == l)
			ha_heap[i] = NULL;
	reactor_io_stop(r, &l->io);
	free(l);
}

static void
ha_fill(struct reactor *r, int fd[8][2],
    void (*then)(struct reactor *, struct loop_io *))
{
	int i;

	for (i = 0; i < 8; i++) {
		ha_heap[i] = malloc(sizeof(*ha_heap[i]));
		CHECK(ha_heap[i] != NULL);
		loop_watch(r, ha_heap[i], fd[i / 2][0], REACTOR_READ);
		ha_heap[i]->then = then;
	}
}

static void
freed_in_callbacks(void)
{
	struct reactor *r = loop_open();
	int fd[8][2], i;

	for (i = 0; i < 8; i++) {
		loop_pipe(fd[i]);
		loop_put(fd[i][1]);
	}
	ha_fill(r, fd, ha_free_half);
	i = reactor_run_once(r, 0);
	CHECK(i == 4 || i == 5);
	CHECK_INT(reactor_run_once(r, 0), 4);
	for (i = 1; i < 8; i += 2)
		ha_heap[i]->then = ha_free_own;
	CHECK_INT(reactor_run(r), 0);
	for (i = 0; i < 8; i++)
		CHECK(ha_heap[i] == NULL);
	ha_fill(r, fd, ha_free_own);
	for (i = 0; i < 8; i++)
		ha_heap[i]->io.event.flags = REACTOR_ONESHOT;
	CHECK_INT(reactor_run(r), 0);
	CHECK(reactor_close(r) == 0);
	for (i = 0; i < 8; i++)
		loop_close(fd[i]);
}

/* ---- Mistakes of the program --------------------------------------------- */

/* Closed, marked as closed, and only then stopped. */
static void
stopped_as_none(void)
{
	struct reactor *r = loop_open();
	struct reactor_timer limit = { .every = 20 * LOOP_MS };
	struct loop_io io, other;
	int fd[2], copy;

	loop_pipe(fd);
	loop_io(&io, fd[0], REACTOR_READ);
	io.io.timeout = &limit;
	CHECK(reactor_io_start(r, &io.io) == 0);
	CHECK_INT(reactor_run_once(r, 0), 0);
	copy = dup(fd[0]);
	CHECK(copy != -1 && close(fd[0]) == 0);
	io.io.fd = -1;
	reactor_io_stop(r, &io.io);
	loop_put(fd[1]);
	/* Nothing is left of it, neither a call nor a reason to spin. */
	loop_count(r);
	CHECK_INT(reactor_run_once(r, 50 * LOOP_MS), 0);
	CHECK_INT(reactor_run_once(r, 50 * LOOP_MS), 0);
	CHECK_INT(io.calls, 0);
	CHECK(loop_waits < 10);
	CHECK_INT(dup2(copy, fd[0]), fd[0]);
	loop_watch(r, &other, fd[0], REACTOR_READ);
	CHECK_INT(reactor_run_once(r, -1), 1);
	CHECK_INT(other.calls, 1);
	CHECK(reactor_close(r) == 0);
	CHECK(close(copy) == 0);
	loop_close(fd);
}

/* The same, but never stopped: it is called once more, and told in time. */
static struct loop_io *ha_none;

static void
ha_make_none(struct reactor *r, struct reactor_defer *defer)
{
	(void)r;
	(void)defer;
	ha_none->io.fd = -1;
}

static void
timed_as_none(void)
{
	struct reactor *r = loop_open();
	struct reactor_defer defer = { .callback = ha_make_none };
	struct reactor_timer limit = { .every = 200 * LOOP_MS };
	struct loop_io io;
	int fd[2], i;

	loop_pipe(fd);
	loop_put(fd[1]);
	loop_io(&io, fd[0], REACTOR_READ);
	io.io.timeout = &limit;
	io.io.event.priority = -1;
	ha_none = &io;
	CHECK(reactor_io_start(r, &io.io) == 0);
	CHECK(reactor_defer_start(r, &defer) == 0);
	CHECK_INT(reactor_run_once(r, 0), 2);
	CHECK_INT(io.ready, REACTOR_READ);
	CHECK_INT(read(fd[0], &i, 1), 1);
	for (i = 0; i < 1000 && io.ready != REACTOR_TIMEOUT; i++)
		CHECK(reactor_run_once(r, 10 * LOOP_MS) >= 0);
	CHECK_INT(io.ready, REACTOR_TIMEOUT);
	reactor_io_stop(r, &io.io);
	CHECK(reactor_close(r) == 0);
	loop_close(fd);
}

/* What is always ready is never urgent, and no reason to spin. */
static void
never_urgent(void)
{
	struct reactor *r = loop_open();
	struct loop_io urgent, readable;
	int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

	CHECK(fd != -1);
	loop_io(&urgent, fd, REACTOR_URGENT);
	if (reactor_io_start(r, &urgent.io) == -1)
		SKIP("no URGENT here");
	CHECK_INT(reactor_run_once(r, 0), 0);
	CHECK_INT(reactor_run_once(r, 0), 0);
	loop_count(r);
	CHECK_INT(reactor_run_once(r, 10 * LOOP_MS), 0);
	CHECK(loop_timeout != 0);
	/* It can be read all the same, by whoever asks for that. */
	loop_watch(r, &readable, fd, REACTOR_READ);
	CHECK(reactor_run_once(r, 0) >= 0);
	CHECK(reactor_run_once(r, 0) >= 0);
	CHECK(readable.calls > 0);
	CHECK_INT(urgent.calls, 0);
	reactor_io_stop(r, &readable.io);
	CHECK_INT(reactor_run_once(r, 0), 0);
	CHECK_INT(reactor_run_once(r, 10 * LOOP_MS), 0);
	CHECK(loop_timeout != 0);
	CHECK(reactor_close(r) == 0);
	CHECK(close(fd) == 0);
}

static void
ha_close_all(struct reactor *r, struct reactor_defer *defer)
{
	int fd;

	(void)r;
	(void)defer;
	for (fd = 3; fd < 256; fd++)
		(void)close(fd);
}

static void *
ha_stop_later(void *r)
{
	loop_sleep(100 * LOOP_MS);
	reactor_stop(r);
	return NULL;
}

static void
ha_too_late(struct reactor *r, struct reactor_timer *timer)
{
	(void)timer;
	reactor_stop(r);
}

/* Also those that the loop waits by; then it can still be woken. */
static void
all_closed(void)
{
	struct reactor *r = loop_open();
	struct reactor_defer defer = { .callback = ha_close_all };
	struct reactor_timer timer = { .callback = ha_too_late };
	int64_t began = test_clock();
	pthread_t thread;

	CHECK(reactor_timer_start(r, &timer, 20 * REACTOR_SECOND) == 0);
	CHECK_INT(reactor_run_once(r, 0), 0);
	CHECK(reactor_defer_start(r, &defer) == 0);
	CHECK(pthread_create(&thread, NULL, ha_stop_later, r) == 0);
	CHECK(reactor_run(r) == 0);
	CHECK(test_clock() - began < 15 * REACTOR_SECOND);
	CHECK(pthread_join(thread, NULL) == 0);
	CHECK(reactor_close(r) == 0);
}

static const struct test tests[] = {
	TEST("any number of handlers on one descriptor", many),
	TEST("stopped by another in the same batch", stopped_by_another),
	TEST("start of a started handler", restart),
	TEST("one-shot", one_shot),
	TEST("what start refuses", refused),
	TEST("a descriptor that is not open", not_open),
	TEST("files, directories and devices are always ready", always_ready),
	TEST("the number of a file becomes a pipe", file_then_pipe),
	TEST("descriptors above 1023", high_numbers),
	TEST("descriptors 0 to 2 are closed", low_numbers),
	TEST("the library's descriptors are close-on-exec", close_on_exec),
	TEST("few updates reach the backend", few_updates),
	TEST("time-out", time_out),
	TEST("a time-out is put off", time_out_put_off),
	TEST("a time-out is taken away", time_out_taken_away),
	TEST("freed in callbacks", freed_in_callbacks),
	TEST("closed, set to -1, then stopped", stopped_as_none),
	TEST("set to -1 with a time-out", timed_as_none),
	TEST("a file is never urgent", never_urgent),
	TEST("all descriptors closed within a run", all_closed),
};

TEST_MAIN(tests)
