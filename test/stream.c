/*
 * SPDX-License-Identifier: ISC
 *
 * stream.c: streams that start, stop, and read: input, want, until, pause, the
 * limits of size and of time.
 */
#include "test/stream.h"

/* ---- Start and stop ------------------------------------------------------ */

static void
starts_and_stops(void)
{
	struct noter n = { 0 };
	struct reactor *r = loop_open();
	int fd[2], i;
	size_t size;

	stream_pair(fd);
	for (i = 0; i < 3; i++) {
		noter_start(r, &n, fd[0]);
		stream_send(fd[1], "hello");
		noter_wait(r, &n, i + 1);
		reactor_stream_stop(&n.s);
		reactor_stream_stop(&n.s);
		CHECK(reactor_stream_input(&n.s, &size) != NULL);
		CHECK_INT(size, 0);
		CHECK_INT(reactor_stream_write(&n.s, "x", 1), -1);
		CHECK_INT(errno, EBADF);
	}
	CHECK_STR(n.got, "hellohellohello");
	stream_send(fd[1], "not read");
	CHECK_INT(reactor_run_once(r, 0), 0);
	CHECK(reactor_close(r) == 0);
	free(n.got);
	loop_close(fd);
}

static void
bad_descriptor(void)
{
	struct noter n = { 0 };
	struct reactor *r = loop_open();

	n.s.callback = noter_called;
	n.s.fd = -1;
	CHECK_INT(reactor_stream_start(r, &n.s), -1);
	CHECK_INT(errno, EBADF);
	CHECK_INT(reactor_stream_limit(&n.s, 1), -1);
	CHECK_INT(errno, EBADF);
	reactor_stream_stop(&n.s);
	CHECK_INT(reactor_run(r), 0);
	CHECK(reactor_close(r) == 0);
}

/* The loop stops what it has, and frees what that was made of. */
static void
loop_closes(void)
{
	struct noter n[3];
	struct reactor *r = loop_open();
	int fd[3][2], i;

	memset(n, 0, sizeof(n));
	for (i = 0; i < 3; i++) {
		stream_pair(fd[i]);
		n[i].keep = 1;
		noter_start(r, &n[i], fd[i][0]);
		stream_send(fd[i][1], "kept");
		stream_small(fd[i][0], 4096);
		noter_wait(r, &n[i], 1);
		while (reactor_stream_write(&n[i].s, "0123456789", 10) == 0)
			continue;
		CHECK(reactor_stream_pending(&n[i].s) > 65536);
	}
	CHECK(reactor_close(r) == 0);
	for (i = 0; i < 3; i++) {
		CHECK_INT(reactor_stream_pending(&n[i].s), 0);
		reactor_stream_stop(&n[i].s);
		loop_close(fd[i]);
	}
}

/* ---- Input --------------------------------------------------------------- */

static void
pieces(void)
{
	struct noter n = { 0 };
	struct reactor *r = loop_open();
	char byte[2] = "a";
	int fd[2], i;

	stream_pair(fd);
	n.keep = 1;
	noter_start(r, &n, fd[0]);
	for (i = 0; i < 2000; i++) {
		byte[0] = (char)('a' + i % 26);
		stream_send(fd[1], byte);
		noter_wait(r, &n, i + 1);
		CHECK_INT(n.what, REACTOR_STREAM_INPUT);
	}
	noter_take(&n);
	CHECK_INT(n.used, 2000);
	for (i = 0; i < 2000; i++)
		CHECK_INT(n.got[i], 'a' + i % 26);
	CHECK(close(fd[1]) == 0);
	noter_until(r, &n, REACTOR_STREAM_END);
	noter_end(&n);
	CHECK(reactor_close(r) == 0);
}

/* What is got a pointer to stays there until it is consumed. */
static void
stays(void)
{
	struct noter n = { 0 };
	struct reactor *r = loop_open();
	static char bulk[30000];
	const char *first;
	int fd[2];
	size_t size = 0;

	loop_pair(fd);
	memset(bulk, 'b', sizeof(bulk));
	n.keep = 1;
	noter_start(r, &n, fd[0]);
	stream_send(fd[1], "first");
	noter_wait(r, &n, 1);
	first = reactor_stream_input(&n.s, &size);
	CHECK_INT(send(fd[1], bulk, sizeof(bulk), 0), sizeof(bulk));
	while (size < 5 + sizeof(bulk)) {
		CHECK(reactor_run_once(r, REACTOR_SECOND) >= 0);
		(void)reactor_stream_input(&n.s, &size);
	}
	CHECK(memcmp(first, "first", 5) == 0);
	CHECK(memcmp(reactor_stream_input(&n.s, &size), "firstbbb", 8) == 0);
	n.s.data = reactor_stream_input(&n.s, &size);
	((char *)n.s.data)[size] = '\0'; /* there is room */
	reactor_stream_consume(&n.s, 5);
	first = reactor_stream_input(&n.s, &size);
	CHECK_INT(size, sizeof(bulk));
	CHECK(memcmp(first, bulk, size) == 0);
	reactor_stream_consume(&n.s, size + 100);
	CHECK(reactor_stream_input(&n.s, &size) != NULL);
	CHECK_INT(size, 0);
	noter_end(&n);
	CHECK(close(fd[1]) == 0);
	CHECK(reactor_close(r) == 0);
}

static void
half_close(void)
{
	struct noter n = { 0 };
	struct reactor *r = loop_open();
	int fd[2];

	stream_pair(fd);
	noter_start(r, &n, fd[0]);
	stream_send(fd[1], "last words");
	CHECK(shutdown(fd[1], SHUT_WR) == 0);
	noter_until(r, &n, REACTOR_STREAM_END);
	CHECK_STR(n.got, "last words");
	loop_said();
	CHECK_INT(reactor_stream_write(&n.s, "answer", 6), 0);
	CHECK_STR(stream_recv(fd[1], 6), "answer");
	stream_run(r);
	CHECK_STR(loop_said(), "");
	noter_end(&n);
	CHECK(close(fd[1]) == 0);
	CHECK(reactor_close(r) == 0);
}

/* ---- want ---------------------------------------------------------------- */

static void
wants(void)
{
	struct noter n = { 0 };
	struct reactor *r = loop_open();
	int fd[2];

	loop_pair(fd);
	n.s.limit = 1000;
	noter_start(r, &n, fd[0]);
	CHECK_INT(reactor_stream_want(&n.s, 1001), -1);
	CHECK_INT(errno, EMSGSIZE);
	CHECK_INT(reactor_stream_want(&n.s, 10), 0);
	stream_send(fd[1], "123456789");
	stream_run(r);
	CHECK_INT(n.calls, 0);
	stream_send(fd[1], "0");
	stream_run(r);
	CHECK_INT(n.calls, 1);
	CHECK_STR(n.got, "1234567890");
	stream_send(fd[1], "less");
	stream_run(r);
	CHECK_INT(n.calls, 1);
	/* Wanting less, it hears of it; of one or none, with the next byte. */
	CHECK_INT(reactor_stream_want(&n.s, 4), 0);
	CHECK_INT(n.calls, 1);
	stream_run(r);
	CHECK_INT(n.calls, 2);
	CHECK_INT(reactor_stream_want(&n.s, 5), 0);
	stream_send(fd[1], "end");
	stream_run(r);
	CHECK_INT(n.calls, 2);
	CHECK(shutdown(fd[1], SHUT_WR) == 0);
	stream_run(r);
	CHECK_INT(n.calls, 3);
	CHECK_INT(n.what, REACTOR_STREAM_INPUT | REACTOR_STREAM_END);
	CHECK_STR(n.got, "1234567890lessend");
	noter_end(&n);
	CHECK(close(fd[1]) == 0);
	CHECK(reactor_close(r) == 0);
}

/* ---- until --------------------------------------------------------------- */

/* Of a text that is fed with a cut after `cut` bytes, or byte by byte. */
static void
cut_at(struct reactor *r, int fd[2], const char *text, const char *delimiter,
    size_t cut)
{
	struct noter n = { 0 };
	size_t length = strlen(text), size = strlen(delimiter), fed = 0, step;
	const char *found = strstr(text, delimiter);
	intptr_t expected = found - text + (intptr_t)size, got;

	n.keep = 1;
	noter_start(r, &n, fd[0]);
	while (fed < length) {
		step = cut > 0 && fed == 0 ? cut : cut > 0 ? length - fed : 1;
		CHECK_INT(send(fd[1], text + fed, step, 0), (intmax_t)step);
		fed += step;
		stream_run(r);
		got = reactor_stream_until(&n.s, delimiter, size, 0);
		CHECK_INT(got, (intptr_t)fed < expected ? 0 : expected);
	}
	reactor_stream_stop(&n.s);
}

static void
until_cut(void)
{
	static const char *const delimiters[] = { "\n", "\r\n", "\r\n\r\n",
		"aab", "--boundary--" };
	struct reactor *r = loop_open();
	char text[128];
	int fd[2];
	size_t i, cut;

	loop_pair(fd);
	for (i = 0; i < sizeof(delimiters) / sizeof(delimiters[0]); i++) {
		snprintf(text, sizeof(text), "xaa\rya\r\raa--bound\r%srest%s",
		    delimiters[i], delimiters[i]);
		for (cut = 0; cut < strlen(text); cut++)
			cut_at(r, fd, text, delimiters[i], cut);
	}
	loop_close(fd);
	CHECK(reactor_close(r) == 0);
}

static void
until_limits(void)
{
	struct noter n = { 0 };
	struct reactor *r = loop_open();
	int fd[2], i;

	loop_pair(fd);
	n.keep = 1;
	n.s.limit = 100;
	noter_start(r, &n, fd[0]);
	CHECK_INT(reactor_stream_until(&n.s, "", 0, 0), -1);
	CHECK_INT(errno, EINVAL);
	CHECK_INT(reactor_stream_until(&n.s, "\n", 1, 0), 0);
	stream_send(fd[1], "0123456789");
	stream_run(r);
	CHECK_INT(reactor_stream_until(&n.s, "\n", 1, 11), 0);
	CHECK_INT(reactor_stream_until(&n.s, "\n", 1, 10), -1);
	CHECK_INT(errno, EMSGSIZE);
	stream_send(fd[1], "\n");
	stream_run(r);
	CHECK_INT(reactor_stream_until(&n.s, "\n", 1, 10), -1);
	CHECK_INT(reactor_stream_until(&n.s, "\n", 1, 11), 11);
	/* Another delimiter is searched for from the beginning. */
	CHECK_INT(reactor_stream_until(&n.s, "3", 1, 0), 4);
	CHECK_INT(reactor_stream_until(&n.s, "456", 3, 0), 7);
	reactor_stream_consume(&n.s, 4);
	CHECK_INT(reactor_stream_until(&n.s, "456", 3, 0), 3);
	reactor_stream_consume(&n.s, 7);
	for (i = 0; i < 20; i++)
		stream_send(fd[1], "0123456789");
	stream_run(r);
	CHECK_INT(reactor_stream_until(&n.s, "\n", 1, 0), -1);
	CHECK_INT(errno, EMSGSIZE);
	CHECK_INT(reactor_stream_until(&n.s, "\n", 1, 1000), -1);
	noter_end(&n);
	CHECK(close(fd[1]) == 0);
	CHECK(reactor_close(r) == 0);
}

/* ---- pause, and the limit of size ---------------------------------------- */

static uint64_t
turns(struct reactor *r, int64_t ns)
{
	struct reactor_statistics before, after;
	int64_t end = test_clock() + ns, left;

	reactor_stats(r, &before);
	while ((left = end - test_clock()) > 0)
		CHECK(reactor_run_once(r, left) >= 0);
	reactor_stats(r, &after);
	return after.turns - before.turns;
}

static void
pauses(void)
{
	struct noter n = { 0 };
	struct reactor *r = loop_open();
	int fd[2];

	stream_pair(fd);
	noter_start(r, &n, fd[0]);
	reactor_stream_pause(&n.s);
	stream_send(fd[1], "one");
	CHECK(turns(r, 50 * LOOP_MS) < 10);
	CHECK_INT(n.calls, 0);
	reactor_stream_resume(&n.s);
	reactor_stream_resume(&n.s);
	CHECK_INT(n.calls, 0);
	noter_wait(r, &n, 1);
	CHECK_STR(n.got, "one");
	/* What is there is told of again. */
	n.keep = 1;
	stream_send(fd[1], "two");
	noter_wait(r, &n, 2);
	reactor_stream_pause(&n.s);
	reactor_stream_resume(&n.s);
	n.keep = 0;
	noter_wait(r, &n, 3);
	CHECK_STR(n.got, "onetwo");
	/* The end too waits. */
	reactor_stream_pause(&n.s);
	CHECK(shutdown(fd[1], SHUT_WR) == 0);
	CHECK(turns(r, 50 * LOOP_MS) < 10);
	CHECK_INT(n.calls, 3);
	reactor_stream_resume(&n.s);
	noter_wait(r, &n, 4);
	CHECK_INT(n.what, REACTOR_STREAM_END);
	CHECK(turns(r, 50 * LOOP_MS) < 10);
	CHECK_INT(n.calls, 4);
	noter_end(&n);
	CHECK(close(fd[1]) == 0);
	CHECK(reactor_close(r) == 0);
}

/* Nothing moves while nothing is consumed; then all of it comes. */
static void
full(void)
{
	struct noter n = { 0 };
	struct reactor *r = loop_open();
	static char bulk[100000];
	size_t size, sent = 0, i;
	ssize_t k;
	int fd[2];

	stream_pair(fd);
	for (i = 0; i < sizeof(bulk); i++)
		bulk[i] = (char)(i * 7 + i / 256);
	n.keep = 1;
	n.s.limit = 20000;
	noter_start(r, &n, fd[0]);
	for (i = 0; i < 100; i++) {
		k = send(fd[1], bulk + sent, sizeof(bulk) - sent, 0);
		sent += k > 0 ? (size_t)k : 0;
		CHECK(reactor_run_once(r, 0) >= 0);
	}
	CHECK(turns(r, 50 * LOOP_MS) < 10);
	(void)reactor_stream_input(&n.s, &size);
	CHECK_INT(size, 20000);
	n.keep = 0;
	noter_take(&n);
	while (n.used < sizeof(bulk)) {
		k = send(fd[1], bulk + sent, sizeof(bulk) - sent, 0);
		sent += k > 0 ? (size_t)k : 0;
		CHECK(reactor_run_once(r, REACTOR_MILLISECOND) >= 0);
	}
	CHECK(memcmp(n.got, bulk, sizeof(bulk)) == 0);
	noter_end(&n);
	CHECK(close(fd[1]) == 0);
	CHECK(reactor_close(r) == 0);
}

/* Much at once takes several turns, so that others have theirs. */
static void
fair(void)
{
	struct noter n = { 0 };
	struct reactor *r = loop_open();
	static char bulk[150000];
	int fd[2];

	loop_pair(fd);
	stream_small(fd[1], 1 << 20);
	noter_start(r, &n, fd[0]);
	if (send(fd[1], bulk, sizeof(bulk), 0) != sizeof(bulk))
		SKIP("the buffer of the socket is too small");
	CHECK(reactor_run_once(r, 0) >= 0);
	CHECK(n.used > 0 && n.used <= sizeof(bulk) / 2);
	stream_run(r);
	CHECK_INT(n.used, sizeof(bulk));
	noter_end(&n);
	CHECK(close(fd[1]) == 0);
	CHECK(reactor_close(r) == 0);
}

/* ---- Limits of time ------------------------------------------------------ */

static void
idle(void)
{
	struct noter n = { 0 };
	struct reactor *r = loop_open();
	int64_t began;
	int fd[2], i;

	loop_pair(fd);
	n.s.idle = 60 * LOOP_MS;
	began = test_clock();
	noter_start(r, &n, fd[0]);
	for (i = 0; i < 5; i++) { /* bytes push it on, in either direction */
		CHECK(turns(r, 20 * LOOP_MS) > 0);
		if (i % 2)
			stream_send(fd[1], "x");
		else
			CHECK_INT(reactor_stream_write(&n.s, "y", 1), 0);
		stream_run(r);
		began = test_clock();
	}
	loop_said();
	n.what = 0;
	noter_until(r, &n, REACTOR_STREAM_IDLE);
	CHECK(test_clock() - began >= 50 * LOOP_MS);
	CHECK_STR(loop_said(), "T");
	n.what = 0;
	began = test_clock();
	noter_until(r, &n, REACTOR_STREAM_IDLE);
	CHECK(test_clock() - began >= 50 * LOOP_MS);
	noter_end(&n);
	CHECK(close(fd[1]) == 0);
	CHECK_INT(reactor_run(r), 0);
	CHECK(reactor_close(r) == 0);
}

static void
limit(void)
{
	struct noter n = { 0 };
	struct reactor *r = loop_open();
	int64_t began = test_clock();
	int fd[2];

	loop_pair(fd);
	noter_start(r, &n, fd[0]);
	CHECK_INT(reactor_stream_limit(&n.s, 60 * LOOP_MS), 0);
	while ((n.what & REACTOR_STREAM_LIMIT) == 0) { /* bytes do not */
		stream_send(fd[1], "x");
		CHECK(reactor_run_once(r, 10 * LOOP_MS) >= 0);
		if (test_clock() - began > 20 * REACTOR_SECOND)
			test_fail("no limit");
	}
	CHECK(test_clock() - began >= 60 * LOOP_MS);
	/* Once; later; sooner; never. */
	loop_said();
	(void)turns(r, 100 * LOOP_MS);
	CHECK(strchr(loop_said(), 'L') == NULL);
	CHECK_INT(reactor_stream_limit(&n.s, 10 * REACTOR_SECOND), 0);
	CHECK_INT(reactor_stream_limit(&n.s, 0), 0);
	n.what = 0;
	noter_until(r, &n, REACTOR_STREAM_LIMIT);
	CHECK_INT(reactor_stream_limit(&n.s, 10 * LOOP_MS), 0);
	CHECK_INT(reactor_stream_limit(&n.s, -1), 0);
	loop_said();
	(void)turns(r, 50 * LOOP_MS);
	CHECK_STR(loop_said(), "");
	noter_end(&n);
	CHECK(close(fd[1]) == 0);
	CHECK(reactor_close(r) == 0);
}

static const struct test tests[] = {
	STREAM_BOTH("start and stop", starts_and_stops),
	TEST("not a descriptor", bad_descriptor),
	STREAM_BOTH("the loop is closed", loop_closes),
	STREAM_BOTH("byte by byte", pieces),
	TEST("input stays where it is", stays),
	STREAM_BOTH("half-closed by the peer", half_close),
	TEST("want", wants),
	TEST("until: cut everywhere", until_cut),
	TEST("until: limits", until_limits),
	STREAM_BOTH("pause and resume", pauses),
	STREAM_BOTH("the limit of input", full),
	TEST("much takes turns", fair),
	TEST("idle", idle),
	TEST("limit", limit),
};

TEST_MAIN(tests)
