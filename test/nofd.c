/*
 * SPDX-License-Identifier: ISC
 *
 * nofd.c: hardly any descriptors, or none: clean errors, nothing left behind,
 * and what needs no descriptor goes on.
 */
#include <sys/resource.h>
#include "test/loop.h"

static int nf_open;
static struct rlimit nf_limit;

static void
nf_restrict(rlim_t n)
{
	struct rlimit low = nf_limit;

	low.rlim_cur = n;
	CHECK(setrlimit(RLIMIT_NOFILE, n > 0 ? &low : &nf_limit) == 0);
}

static void
nf_count_one(int fd)
{
	(void)fd;
	nf_open++;
}

static int
nf_count(void)
{
	nf_restrict(0);
	nf_open = 0;
	test_descriptors(nf_count_one);
	return nf_open;
}

static void
nf_timer_called(struct reactor *r, struct reactor_timer *timer)
{
	(void)r;
	(void)timer;
	loop_log('t');
}

static void
nf_post_called(struct reactor *r, struct reactor_post *post)
{
	(void)r;
	(void)post;
	loop_log('p');
}

static void
nf_signal_called(struct reactor *r, struct reactor_signal *s,
    const struct reactor_signal_info *info)
{
	(void)r;
	(void)s;
	(void)info;
	loop_log('s');
}

static void
nf_path_called(struct reactor *r, struct reactor_path *path)
{
	(void)r;
	(void)path;
}

/* Either it works, or it says why not. */
static int
nf_may_fail(int result)
{
	CHECK(result == 0 || errno == EMFILE);
	return result == 0;
}

static void
nf_use(struct reactor *r)
{
	struct reactor_timer wall = { .callback = nf_timer_called };
	struct reactor_timer plain = { .callback = nf_timer_called };
	struct reactor_post post = { .callback = nf_post_called };
	struct reactor_signal sig = { .callback = nf_signal_called,
		.number = SIGUSR1 };
	struct reactor_path path = { .callback = nf_path_called, .path = "/" };
	int signals, i;

	wall.event.flags = REACTOR_WALL;
	CHECK(reactor_timer_start(r, &wall, LOOP_MS) == 0);
	CHECK(reactor_timer_start(r, &plain, LOOP_MS) == 0);
	CHECK(reactor_post_start(r, &post) == 0);
	signals = nf_may_fail(reactor_signal_start(r, &sig));
	(void)nf_may_fail(reactor_path_start(r, &path));
	reactor_post_send(r, &post);
	if (signals)
		raise(SIGUSR1);
	for (i = 0; i < 10; i++) {
		CHECK(reactor_run_once(r, LOOP_MS) >= 0);
		loop_sleep(LOOP_MS);
	}
	CHECK_INT(strlen(loop_said()), 3 + signals);
	reactor_path_stop(r, &path);
	reactor_signal_stop(r, &sig);
	reactor_post_stop(r, &post);
}

/* RLIMIT_NOFILE counts from 0: three are open, the fourth is number 3. */
static void
nf_posted(struct reactor *r, struct reactor_post *post)
{
	(void)r;
	(void)post;
}

static void
few(void)
{
	int before, opened = 0, failed = 0, n;
	struct reactor *r;

	CHECK(getrlimit(RLIMIT_NOFILE, &nf_limit) == 0);
	before = nf_count();
	for (n = 3; n <= 20; n++) {
		nf_restrict((rlim_t)n);
		errno = 0;
		r = reactor_open(NULL);
		if (r == NULL) {
			CHECK_INT(errno, EMFILE);
			CHECK(reactor_error()[0] != '\0');
			CHECK_INT(opened, 0); /* more never is worse */
			failed++;
		} else {
			CHECK_STR(reactor_error(), "");
			opened++;
			nf_use(r);
			CHECK(reactor_close(r) == 0);
		}
		CHECK_INT(nf_count(), before);
	}
	CHECK(failed > 0);
	CHECK(opened > 0);
}

/* None is left after open: what was started goes on. */
static void
none_left(void)
{
	struct reactor *r = loop_open();
	struct loop_io io;
	int fd[2];

	CHECK(getrlimit(RLIMIT_NOFILE, &nf_limit) == 0);
	loop_pipe(fd);
	nf_restrict(3);
	loop_watch(r, &io, fd[0], REACTOR_READ);
	io.letter = 'r';
	CHECK_INT(reactor_run_once(r, 0), 0);
	loop_put(fd[1]);
	CHECK_INT(reactor_run_once(r, -1), 1);
	CHECK_STR(loop_said(), "r");
	io.letter = 0;
	nf_use(r);
	CHECK(reactor_close(r) == 0);
	nf_restrict(0);
	loop_close(fd);
}

/* The wake descriptor is closed, and there is no other to be had for a while. */
static void
deaf_for_a_while(void)
{
	struct reactor *r = loop_open();
	struct rlimit limit, none;
	struct reactor_post post = { .callback = nf_posted };

	if (!loop_is(r, "poll") && !loop_is(r, "select"))
		SKIP("only poll and select tell of a closed descriptor");
	CHECK(reactor_post_start(r, &post) == 0);
	CHECK_INT(reactor_run_once(r, 0), 0);
	CHECK(close(r->wake.fd) == 0);
	CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	none = limit;
	none.rlim_cur = 0;
	CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
	CHECK_INT(reactor_run_once(r, 0), 0);
	CHECK_INT(r->wake_write, -1);
	reactor_post_send(r, &post);
	CHECK_INT(reactor_run_once(r, -1), 1);
	CHECK_INT(reactor_run_once(r, 0), 0);
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	CHECK_INT(reactor_run_once(r, 0), 0);
	CHECK(r->wake_write != -1);
	reactor_post_send(r, &post);
	CHECK_INT(reactor_run_once(r, -1), 1);
	CHECK(reactor_close(r) == 0);
}

static const struct test tests[] = {
	TEST("opened with few descriptors", few),
	TEST("none is left", none_left),
	TEST("deaf for a while", deaf_for_a_while),
};

TEST_MAIN(tests)
