/*
 * SPDX-License-Identifier: ISC
 *
 * stream_fault.c: peers that vanish, memory that is not there, callbacks that
 * pull the stream from under itself.
 */
#include "test/stream.h"

/* ---- Peers that vanish --------------------------------------------------- */

/* What came before is told first, the error once and last. */
static void
reset_while_reading(void)
{
	struct noter n = { 0 };
	struct reactor *r = loop_open();
	int fd[2];

	stream_tcp_pair(fd);
	noter_start(r, &n, fd[0]);
	stream_send(fd[1], "before");
	stream_reset(fd[1]);
	noter_until(r, &n, REACTOR_STREAM_ERROR);
	CHECK_STR(loop_said(), "IX");
	CHECK_STR(n.got, "before");
	CHECK_INT(n.s.error, ECONNRESET);
	CHECK_INT(reactor_stream_write(&n.s, "x", 1), -1);
	CHECK_INT(errno, EBADF);
	CHECK_INT(reactor_run(r), 0);
	CHECK_STR(loop_said(), "");
	noter_end(&n);
	CHECK(reactor_close(r) == 0);
}

/* Even if more was wanted. */
static void
reset_while_wanting(void)
{
	struct noter n = { 0 };
	struct reactor *r = loop_open();
	int fd[2];

	stream_tcp_pair(fd);
	noter_start(r, &n, fd[0]);
	CHECK_INT(reactor_stream_want(&n.s, 100), 0);
	stream_send(fd[1], "before");
	stream_run(r);
	CHECK_INT(n.calls, 0);
	stream_reset(fd[1]);
	noter_until(r, &n, REACTOR_STREAM_ERROR);
	CHECK_STR(loop_said(), "IX");
	CHECK_STR(n.got, "before");
	noter_end(&n);
	CHECK(reactor_close(r) == 0);
}

/* A peer that has gone, of which nothing is known yet. */
static void
write_fails_outside(void)
{
	struct noter n = { 0 };
	struct reactor *r = loop_open();
	int fd[2];

	stream_pair(fd);
	noter_start(r, &n, fd[0]);
	stream_send(fd[1], "last");
	if (test_case->data == &stream_tcp)
		stream_reset(fd[1]);
	else
		CHECK(close(fd[1]) == 0);
	CHECK_INT(reactor_stream_write(&n.s, "x", 1), 0);
	CHECK_INT(n.calls, 0);
	CHECK_INT(reactor_stream_write(&n.s, "x", 1), -1);
	CHECK(errno == EPIPE || errno == ECONNRESET);
	CHECK_INT(reactor_stream_flush(&n.s), -1);
	CHECK_INT(reactor_stream_shutdown(&n.s), -1);
	CHECK(reactor_run_once(r, 0) >= 0);
	CHECK_STR(loop_said(), "IX");
	CHECK_STR(n.got, "last");
	CHECK(n.s.error == EPIPE || n.s.error == ECONNRESET);
	stream_run(r);
	CHECK_STR(loop_said(), "");
	noter_end(&n);
	CHECK(reactor_close(r) == 0);
}

static void
peer_dies(struct noter *n, unsigned what)
{
	if (what != REACTOR_STREAM_INPUT || n->s.data == NULL)
		return;
	if (test_case->data == &stream_tcp)
		stream_reset(*(int *)n->s.data);
	else
		CHECK(close(*(int *)n->s.data) == 0);
	n->s.data = NULL;
	CHECK_INT(reactor_stream_write(&n->s, "x", 1), 0);
}

/* While held bytes are on their way. */
static void
write_fails_inside(void)
{
	struct noter n = { 0 };
	struct reactor *r = loop_open();
	int fd[2];

	stream_pair(fd);
	n.then = peer_dies;
	n.s.data = &fd[1];
	noter_start(r, &n, fd[0]);
	stream_send(fd[1], "last");
	noter_until(r, &n, REACTOR_STREAM_ERROR);
	CHECK_STR(loop_said(), "IX");
	CHECK(n.s.error == EPIPE || n.s.error == ECONNRESET);
	noter_end(&n);
	CHECK(reactor_close(r) == 0);
}

/* How the answer goes out that fails. */
enum { SMALL, LARGE, FLUSHED, WAYS };

static int way;

/* In the callback the peer says one thing more, and dies. */
static void
peer_says_and_dies(struct noter *n, unsigned what)
{
	static const char answer[40000];
	int fd;

	if (what != REACTOR_STREAM_INPUT || n->s.data == NULL)
		return;
	fd = *(int *)n->s.data;
	n->s.data = NULL;
	stream_send(fd, "more");
	CHECK(close(fd) == 0);
	CHECK(reactor_stream_write(
		  &n->s, answer, way == LARGE ? sizeof(answer) : 1) != -1);
	if (way == FLUSHED)
		CHECK_INT(reactor_stream_flush(&n->s), 0);
}

/* It is told first, in every way, and nothing is told as sent. */
static void
last_words(void)
{
	struct reactor *r = loop_open();
	int fd[2], idle;

	for (way = SMALL; way < WAYS; way++)
		for (idle = 0; idle < 2; idle++) {
			struct noter n = { 0 };

			loop_pair(fd);
			n.then = peer_says_and_dies;
			n.s.data = &fd[1];
			n.s.idle = idle * REACTOR_SECOND;
			noter_start(r, &n, fd[0]);
			stream_send(fd[1], "last");
			noter_until(r, &n, REACTOR_STREAM_ERROR);
			CHECK_STR(n.got, "lastmore");
			CHECK_STR(loop_said(), "IIX");
			noter_end(&n);
		}
	CHECK(reactor_close(r) == 0);
}

/* While output waits, and nobody reads. */
static void
blocked_peer_dies(void)
{
	struct noter n = { 0 };
	struct reactor *r = loop_open();
	static char bytes[8 << 20];
	int fd[2];

	stream_pair(fd);
	noter_start(r, &n, fd[0]);
	CHECK_INT(reactor_stream_write(&n.s, bytes, sizeof(bytes)), 1);
	stream_run(r);
	CHECK_INT(n.calls, 0);
	reactor_stream_pause(&n.s);
	if (test_case->data == &stream_tcp)
		stream_reset(fd[1]);
	else
		CHECK(close(fd[1]) == 0);
	noter_until(r, &n, REACTOR_STREAM_ERROR);
	CHECK_STR(loop_said(), "X");
	CHECK(n.s.error == EPIPE || n.s.error == ECONNRESET);
	noter_end(&n);
	CHECK_INT(reactor_run(r), 0);
	CHECK(reactor_close(r) == 0);
}

static void
few_turns(struct reactor *r)
{
	struct reactor_statistics before, after;
	int64_t end = test_clock() + 50 * LOOP_MS, left;

	reactor_stats(r, &before);
	while ((left = end - test_clock()) > 0)
		CHECK(reactor_run_once(r, left) >= 0);
	reactor_stats(r, &after);
	CHECK(after.turns - before.turns < 10);
}

/* The peer closes while input is paused: the rest comes later, nothing spins. */
static void
paused_peer_closes(void)
{
	struct noter n = { 0 };
	struct reactor *r = loop_open();
	int fd[2];

	stream_pair(fd);
	noter_start(r, &n, fd[0]);
	reactor_stream_pause(&n.s);
	stream_send(fd[1], "rest");
	few_turns(r);
	CHECK(close(fd[1]) == 0);
	few_turns(r);
	CHECK_INT(n.calls, 0);
	reactor_stream_resume(&n.s);
	noter_until(r, &n, REACTOR_STREAM_END);
	CHECK_STR(n.got, "rest");
	few_turns(r);
	noter_end(&n);
	CHECK(reactor_close(r) == 0);
}

/* Where the system tells of a reset without being asked to read. */
static void
paused_peer_resets(void)
{
	struct noter n = { 0 };
	struct reactor *r = loop_open();
	int fd[2], i;

	stream_tcp_pair(fd);
	noter_start(r, &n, fd[0]);
	reactor_stream_pause(&n.s);
	stream_send(fd[1], "rest");
	few_turns(r);
	stream_reset(fd[1]);
	few_turns(r);
	if (loop_is(r, "epoll") || loop_is(r, "poll")) {
		CHECK_INT(n.calls, 1);
		CHECK_INT(n.s.error, ECONNRESET);
	}
	reactor_stream_resume(&n.s);
	for (i = 0; i < 10 && (n.what & REACTOR_STREAM_ERROR) == 0; i++)
		CHECK(reactor_run_once(r, 0) >= 0);
	CHECK_INT(n.s.error, ECONNRESET);
	noter_end(&n);
	CHECK(reactor_close(r) == 0);
}

/* Out-of-band bytes are nobody's, and nothing spins on them. */
static void
urgent(void)
{
	struct noter n = { 0 };
	struct reactor *r = loop_open();
	int fd[2];

	stream_tcp_pair(fd);
	noter_start(r, &n, fd[0]);
	reactor_stream_pause(&n.s);
	stream_send(fd[1], "a");
	few_turns(r);
	CHECK_INT(send(fd[1], "!", 1, MSG_OOB), 1);
	few_turns(r);
	stream_send(fd[1], "b");
	few_turns(r);
	reactor_stream_resume(&n.s);
	while (n.used < 2)
		CHECK(reactor_run_once(r, REACTOR_SECOND) >= 0);
	CHECK_STR(n.got, "ab");
	noter_end(&n);
	CHECK(close(fd[1]) == 0);
	CHECK(reactor_close(r) == 0);
}

/* ---- Callbacks that pull the stream from under itself -------------------- */

enum { STOPS, CLOSES, FREES, RESTARTS, DEEDS };

struct victim {
	struct reactor_stream s;
	unsigned at; /* what to act on */
	int deed, calls;
	struct reactor *r;
};

static int victims_done;

static void
victim_called(struct reactor *r, struct reactor_stream *s, unsigned what)
{
	struct victim *v = REACTOR_OWNER(s, struct victim, s);
	size_t size;

	v->calls++;
	(void)reactor_stream_input(s, &size);
	if ((what & v->at) == 0 || victims_done)
		return;
	victims_done = 1;
	switch (v->deed) {
	case STOPS:
		reactor_stream_stop(s);
		break;
	case CLOSES:
		reactor_stream_close(s);
		break;
	case FREES:
		reactor_stream_close(s);
		memset(v, 0xa5, sizeof(*v));
		free(v);
		break;
	default:
		reactor_stream_stop(s);
		CHECK(reactor_stream_start(r, s) == 0);
	}
}

static void
provoke(struct victim *v, int peer)
{
	static char bytes[1 << 20];

	switch (v->at) {
	case REACTOR_STREAM_INPUT:
		CHECK_INT(send(peer, bytes, 40000, 0), 40000);
		break;
	case REACTOR_STREAM_END:
		CHECK(shutdown(peer, SHUT_WR) == 0);
		break;
	case REACTOR_STREAM_ROOM:
		CHECK_INT(reactor_stream_write(&v->s, bytes, 1 << 20), 1);
		break;
	case REACTOR_STREAM_FLUSHED:
		CHECK_INT(reactor_stream_flush(&v->s), 0);
		break;
	case REACTOR_STREAM_LIMIT:
		CHECK_INT(reactor_stream_limit(&v->s, 0), 0);
		break;
	case REACTOR_STREAM_ERROR:
		CHECK(shutdown(peer, SHUT_RD) == 0);
		CHECK_INT(reactor_stream_write(&v->s, "x", 1), 0);
		break;
	}
}

static void
pull(unsigned at, int deed)
{
	struct victim *v = calloc(1, sizeof(*v));
	struct reactor *r = loop_open();
	static char bytes[1 << 20];
	int fd[2], closed, i;

	loop_pair(fd);
	CHECK(v != NULL);
	victims_done = 0;
	v->s.callback = victim_called;
	v->s.fd = fd[0];
	v->s.idle = at == REACTOR_STREAM_IDLE ? LOOP_MS : 0;
	v->at = at;
	v->deed = deed;
	v->r = r;
	CHECK(reactor_stream_start(r, &v->s) == 0);
	provoke(v, fd[1]);
	for (i = 0; i < 10000 && !victims_done; i++) {
		CHECK(reactor_run_once(r, LOOP_MS) >= 0);
		(void)recv(fd[1], bytes, sizeof(bytes), MSG_DONTWAIT);
	}
	CHECK_INT(victims_done, 1);
	for (i = 0; i < 3; i++)
		CHECK(reactor_run_once(r, 0) >= 0);
	closed = deed == CLOSES || deed == FREES;
	if (!closed) {
		reactor_stream_stop(&v->s);
		CHECK(close(fd[0]) == 0);
	}
	if (deed != FREES)
		free(v);
	CHECK_INT(fcntl(fd[0], F_GETFD), -1);
	CHECK(close(fd[1]) == 0);
	CHECK(reactor_close(r) == 0);
}

static void
pulled(void)
{
	unsigned at;
	int deed;

	for (at = REACTOR_STREAM_INPUT; at <= REACTOR_STREAM_ERROR; at <<= 1)
		for (deed = 0; deed < DEEDS; deed++)
			pull(at, deed);
}

/* One stream's callback ends another that has something to tell in this turn. */
static struct noter ends[2];

static void
ends_other(struct noter *n, unsigned what)
{
	(void)what;
	noter_end(&ends[n == &ends[0]]);
}

static void
others(void)
{
	struct reactor *r = loop_open();
	int fd[2][2], i;

	for (i = 0; i < 2; i++) {
		loop_pair(fd[i]);
		ends[i].then = ends_other;
		noter_start(r, &ends[i], fd[i][0]);
	}
	for (i = 0; i < 2; i++)
		stream_send(fd[i][1], "x");
	stream_run(r);
	CHECK_INT(ends[0].calls + ends[1].calls, 1);
	for (i = 0; i < 2; i++) {
		noter_end(&ends[i]);
		CHECK(close(fd[i][1]) == 0);
	}
	CHECK(reactor_close(r) == 0);
}

/* ---- Memory -------------------------------------------------------------- */

static long made, fails, live;
static int fails_once;

static void *
resize(void *memory, size_t size)
{
	void *new;

	if (size == 0) {
		live -= memory != NULL;
		free(memory);
		return NULL;
	}
	made++;
	if (fails > 0 && (fails_once ? made == fails : made >= fails))
		return NULL;
	new = realloc(memory, size);
	live += memory == NULL && new != NULL;
	return new;
}

/* Reads and writes much; 0: it could not, for lack of memory. */
static int
converse(struct reactor *r)
{
	struct noter n = { 0 };
	static char bytes[60000];
	size_t got = 0;
	ssize_t k;
	int fd[2], result, good = 1, i;

	loop_pair(fd);
	stream_small(fd[0], 4096);
	n.s.callback = noter_called;
	n.s.fd = fd[0];
	n.s.idle = REACTOR_SECOND;
	n.keep = 1;
	if (reactor_stream_start(r, &n.s) == -1) {
		CHECK_INT(errno, ENOMEM);
		loop_close(fd);
		return 0;
	}
	result = reactor_stream_write(&n.s, bytes, sizeof(bytes));
	if (result == -1) { /* nothing was sent, and the stream lives */
		CHECK_INT(errno, ENOMEM);
		CHECK_INT(reactor_stream_pending(&n.s), 0);
		CHECK_INT(recv(fd[1], bytes, 1, MSG_DONTWAIT), -1);
		good = 0;
	}
	for (i = 0; i < 1000 && (n.what & REACTOR_STREAM_ERROR) == 0; i++) {
		CHECK(reactor_run_once(r, 0) >= 0);
		k = recv(fd[1], bytes, sizeof(bytes), MSG_DONTWAIT);
		got += k > 0 ? (size_t)k : 0;
		if (got == (good ? sizeof(bytes) : 0) && i % 100 == 0)
			(void)send(fd[1], bytes, 20000, MSG_DONTWAIT);
	}
	if (n.what & REACTOR_STREAM_ERROR) {
		CHECK_INT(n.s.error, ENOMEM);
		good = 0;
	} else if (good) {
		CHECK_INT(got, sizeof(bytes));
	}
	noter_end(&n);
	CHECK(close(fd[1]) == 0);
	return good;
}

static void
no_memory_from(int once)
{
	struct reactor *r;
	long k = 0;
	int good;

	fails_once = once;
	do {
		made = fails = 0;
		r = loop_open();
		made = 0;
		fails = ++k;
		good = converse(r);
		fails = 0;
		CHECK(reactor_close(r) == 0);
		CHECK_INT(live, 0);
	} while (!good);
	CHECK(k > 4);
}

static void
no_memory(void)
{
	reactor_set_allocator(resize);
	no_memory_from(0);
	no_memory_from(1);
}

static void
echoes(struct reactor *r, struct reactor_stream *s, unsigned what)
{
	size_t size;
	const char *bytes = reactor_stream_input(s, &size);

	(void)r;
	if (what & REACTOR_STREAM_INPUT && size >= 10) {
		CHECK_INT(reactor_stream_write(s, bytes, size), 0);
		reactor_stream_consume(s, size);
	}
}

static void
steady(void)
{
	struct reactor_stream s = { 0 };
	static char message[30000];
	struct reactor *r;
	long warm = 0;
	int fd[2], i;

	reactor_set_allocator(resize);
	r = loop_open();
	stream_pair(fd);
	s.callback = echoes;
	s.fd = fd[0];
	s.idle = REACTOR_SECOND;
	CHECK(reactor_stream_start(r, &s) == 0);
	for (i = 0; i < 12000; i++) {
		if (i == 2000)
			warm = made;
		if (i % 100 == 0) { /* in two, and long */
			CHECK_INT(send(fd[1], "hello", 5, 0), 5);
			CHECK(reactor_run_once(r, -1) >= 0);
			CHECK_INT(send(fd[1], message, 19995, 0), 19995);
			while (recv(fd[1], message, 20000,
				   MSG_PEEK | MSG_DONTWAIT) < 20000)
				CHECK(reactor_run_once(r, LOOP_MS) >= 0);
			CHECK_INT(recv(fd[1], message, 20000, 0), 20000);
		}
		CHECK_INT(send(fd[1], message, 100, 0), 100);
		CHECK(reactor_run_once(r, -1) >= 0);
		CHECK_INT(recv(fd[1], message, sizeof(message), 0), 100);
	}
	CHECK_INT(made - warm, 0);
	reactor_stream_close(&s);
	CHECK(close(fd[1]) == 0);
	CHECK(reactor_close(r) == 0);
	CHECK_INT(live, 0);
}

static size_t taken;

static void *
weigh(void *memory, size_t size)
{
	taken += size;
	if (size > 0)
		return realloc(memory, size);
	free(memory);
	return NULL;
}

/* At rest a stream has no memory but what it is embedded in. */
static void
many_idle(void)
{
	enum { MANY = 400 };
	static struct reactor_stream s[MANY];
	struct reactor *r;
	char byte = 'x';
	int fd[MANY][2], i;
	size_t before;

	reactor_set_allocator(weigh);
	r = loop_open();
	for (i = 0; i < MANY; i++) {
		loop_pair(fd[i]);
		s[i].callback = echoes;
		s[i].fd = fd[i][0];
		CHECK(reactor_stream_start(r, &s[i]) == 0);
	}
	CHECK(reactor_run_once(r, 0) >= 0);
	before = taken;
	for (i = 0; i < MANY; i++) {
		CHECK_INT(send(fd[i][1], "0123456789", 10, 0), 10);
		CHECK(reactor_run_once(r, -1) >= 0);
		CHECK_INT(recv(fd[i][1], &byte, 1, 0), 1);
	}
	CHECK(taken - before <= 64 << 10); /* all from the same pieces */
	for (i = 0; i < MANY; i++) {
		reactor_stream_close(&s[i]);
		CHECK(close(fd[i][1]) == 0);
	}
	CHECK(reactor_close(r) == 0);
}

static const struct test tests[] = {
	TEST("reset while reading", reset_while_reading),
	TEST("reset while more was wanted", reset_while_wanting),
	STREAM_BOTH("a write outside fails", write_fails_outside),
	TEST("what came before a write failed inside", last_words),
	STREAM_BOTH("a write in the callback fails", write_fails_inside),
	STREAM_BOTH("the peer dies while output waits", blocked_peer_dies),
	STREAM_BOTH("the peer closes in a pause", paused_peer_closes),
	TEST("the peer resets in a pause", paused_peer_resets),
	TEST("out-of-band bytes in a pause", urgent),
	TEST("stopped, closed, freed, restarted in each callback", pulled),
	TEST("one ends the other", others),
	TEST("memory fails", no_memory),
	STREAM_BOTH("nothing is allocated in the long run", steady),
	TEST("many at rest", many_idle),
};

TEST_MAIN(tests)
