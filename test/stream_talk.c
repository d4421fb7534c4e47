/*
 * SPDX-License-Identifier: ISC
 *
 * stream_talk.c: long random conversations, over a socket or a transport that
 * is as awkward as TLS may be: not one byte is lost or doubled.
 */
#include "test/stream.h"

static uint64_t seed;

static unsigned
chance(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 11) % n;
}

static char
pattern(size_t i)
{
	return (char)((i * 2654435761u) >> 13 ^ i);
}

/* ---- An awkward transport: every byte is turned, and it has moods --------- */

struct toy {
	char held[3000]; /* was read from the descriptor, not yet asked for */
	size_t start, end;
	const void *repeat; /* a write that is to be repeated as it was */
	size_t repeat_size;
	int greeted, shut, closed;
};

static intptr_t
toy_wait(unsigned *wants, unsigned direction)
{
	*wants = direction;
	errno = EAGAIN;
	return -1;
}

static int
toy_can_write(int fd)
{
	struct pollfd p = { fd, POLLOUT, 0 };

	return poll(&p, 1, 0) == 1 && p.revents & POLLOUT;
}

static intptr_t
toy_read(void *state, int fd, void *bytes, size_t size, unsigned *wants)
{
	struct toy *t = state;
	size_t i;
	ssize_t n;

	t->greeted = 1;
	/* (Else the peer, who waits for us to read, would never let us write.) */
	if (chance(10) == 0 && toy_can_write(fd))
		return toy_wait(wants, REACTOR_WRITE);
	if (t->start == t->end) {
		n = recv(
		    fd, t->held, 1 + chance(sizeof(t->held)), MSG_DONTWAIT);
		if (n <= 0)
			return n == 0 ? 0 : toy_wait(wants, REACTOR_READ);
		t->start = 0;
		t->end = (size_t)n;
	}
	if (size > t->end - t->start)
		size = t->end - t->start;
	if (size > 1000)
		size = 1000;
	for (i = 0; i < size; i++)
		((char *)bytes)[i] = t->held[t->start++] ^ 0x55;
	return (intptr_t)size;
}

static intptr_t
toy_write(void *state, int fd, const void *bytes, size_t size, unsigned *wants)
{
	struct toy *t = state;
	char turned[2000];
	size_t i;
	ssize_t n;

	CHECK(size > 0);
	if (t->repeat != NULL) {
		CHECK(bytes == t->repeat && size >= t->repeat_size);
		t->repeat = NULL;
	}
	if (size > sizeof(turned))
		size = sizeof(turned);
	for (i = 0; i < size; i++)
		turned[i] = ((const char *)bytes)[i] ^ 0x55;
	n = chance(10) == 0 ? -1
			    : send(fd, turned, 1 + chance((unsigned)size),
				  MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n > 0)
		return n;
	if (errno == EPIPE || errno == ECONNRESET)
		return -1;
	t->repeat = bytes;
	t->repeat_size = size;
	return toy_wait(wants, REACTOR_WRITE);
}

static int
toy_shutdown(void *state, int fd, unsigned *wants)
{
	struct toy *t = state;

	if (chance(2))
		return (int)toy_wait(wants, REACTOR_WRITE);
	t->shut++;
	return shutdown(fd, SHUT_WR);
}

static int
toy_pending(void *state)
{
	const struct toy *t = state;

	return t->start < t->end;
}

static void
toy_close(void *state, int fd)
{
	((struct toy *)state)->closed++;
	CHECK(close(fd) == 0);
}

static const struct reactor_transport toy = { "toy", toy_read, toy_write,
	toy_shutdown, toy_pending, toy_close };

/* ---- The stream ---------------------------------------------------------- */

enum { TALK = 300000 };

struct talker {
	struct reactor_stream s;
	struct reactor_timer timer;
	size_t read, written;
	int room, ended, paused, files;
};

static int talk_file = -1;

static void
talker_writes(struct talker *t)
{
	char bytes[30000];
	struct iovec v[2];
	size_t size, i;
	int result, flags = chance(3) == 0 ? 20000 : 100;

	while (t->room && t->written < TALK && chance(4) != 0) {
		size = 1 + chance((unsigned)flags);
		if (size > TALK - t->written)
			size = TALK - t->written;
		for (i = 0; i < size; i++)
			bytes[i] = pattern(t->written + i);
		v[0].iov_base = bytes;
		v[0].iov_len = size / 3;
		v[1].iov_base = bytes + size / 3;
		v[1].iov_len = size - size / 3;
		if (chance(8) == 0)
			result = reactor_stream_write_file(&t->s,
			    dup(talk_file), (int64_t)t->written, (int64_t)size);
		else if (chance(2))
			result = reactor_stream_write(&t->s, bytes, size);
		else
			result = reactor_stream_writev(&t->s, v, 2);
		CHECK(result != -1);
		t->written += size;
		t->room = result == 0;
		if (chance(10) == 0)
			CHECK_INT(reactor_stream_flush(&t->s), 0);
		if (t->written == TALK)
			CHECK_INT(reactor_stream_shutdown(&t->s), 0);
	}
}

static void
talker_reads(struct talker *t)
{
	size_t size, i;
	const char *bytes = reactor_stream_input(&t->s, &size);

	if (chance(5) == 0)
		size = chance((unsigned)size + 1);
	for (i = 0; i < size; i++)
		if (bytes[i] != pattern(t->read + i))
			test_fail("byte %zu is wrong", t->read + i);
	t->read += size;
	reactor_stream_consume(&t->s, size);
	if (chance(5) == 0)
		CHECK_INT(reactor_stream_want(&t->s, chance(3000)), 0);
	if (chance(20) == 0) {
		reactor_stream_pause(&t->s);
		t->paused = 1;
	}
}

static void
talker_called(struct reactor *r, struct reactor_stream *s, unsigned what)
{
	struct talker *t = REACTOR_OWNER(s, struct talker, s);

	(void)r;
	CHECK_INT(what & REACTOR_STREAM_ERROR, 0);
	if (what & REACTOR_STREAM_ROOM)
		t->room = 1;
	if (what & REACTOR_STREAM_END)
		t->ended = 1;
	talker_reads(t);
	talker_writes(t);
}

/* From outside of the callback. */
static void
talker_ticks(struct reactor *r, struct reactor_timer *timer)
{
	struct talker *t = REACTOR_OWNER(timer, struct talker, timer);

	(void)r;
	talker_reads(t);
	talker_writes(t);
	if (t->paused && chance(2)) {
		reactor_stream_resume(&t->s);
		t->paused = 0;
	}
}

/* ---- The peer ------------------------------------------------------------ */

struct peer {
	int fd, turn, ended;
	size_t read, written;
};

static void
peer_acts(struct peer *p)
{
	char bytes[40000];
	size_t size = 1 + chance(chance(3) == 0 ? sizeof(bytes) : 200), i;
	ssize_t n;

	if (chance(2)) {
		n = recv(p->fd, bytes, size, MSG_DONTWAIT);
		p->ended |= n == 0;
		for (i = 0; n > 0 && i < (size_t)n; i++)
			if ((bytes[i] ^ p->turn) != pattern(p->read + i))
				test_fail(
				    "peer: byte %zu is wrong", p->read + i);
		p->read += n > 0 ? (size_t)n : 0;
	} else if (p->written < TALK) {
		if (size > TALK - p->written)
			size = TALK - p->written;
		for (i = 0; i < size; i++)
			bytes[i] = (char)(pattern(p->written + i) ^ p->turn);
		n = send(p->fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
		p->written += n > 0 ? (size_t)n : 0;
		if (p->written == TALK)
			CHECK(shutdown(p->fd, SHUT_WR) == 0);
	}
}

static void
fill_file(void)
{
	char name[] = "/tmp/reactor-test-XXXXXX", *bytes = malloc(TALK);
	size_t i;

	talk_file = mkstemp(name);
	CHECK(talk_file != -1 && unlink(name) == 0 && bytes != NULL);
	for (i = 0; i < TALK; i++)
		bytes[i] = pattern(i);
	CHECK_INT(write(talk_file, bytes, TALK), TALK);
	free(bytes);
}

static void
talk(uint64_t number, const struct reactor_transport *transport)
{
	struct reactor *r = loop_open();
	struct talker t = { 0 };
	struct toy state = { 0 };
	struct peer p = { 0 };
	int64_t began = test_clock();
	int fd[2], least = test_case->data == &stream_tcp ? 32768 : 4096;

	seed = number;
	stream_pair(fd);
	/* TCP drops many small segments that have no room, and waits long. */
	stream_small(fd[0], least << chance(4));
	stream_small(fd[1], least << chance(4));
	t.s.callback = talker_called;
	t.s.fd = fd[0];
	t.s.transport = transport;
	t.s.state = &state;
	t.s.limit = 3000 + chance(50000);
	t.s.high = 1 + chance(100000);
	t.s.idle = REACTOR_SECOND * 60;
	t.room = 1;
	t.timer.callback = talker_ticks;
	t.timer.every = LOOP_MS;
	t.timer.event.flags = REACTOR_BACKGROUND;
	p.fd = fd[1];
	p.turn = transport == NULL ? 0 : 0x55;
	CHECK(reactor_stream_start(r, &t.s) == 0);
	CHECK(reactor_timer_start(r, &t.timer, 0) == 0);
	while (t.read < TALK || p.read < TALK || !t.ended || !p.ended) {
		peer_acts(&p);
		if (chance(3) == 0)
			CHECK(reactor_run_once(r, 0) >= 0);
		if (test_clock() - began >
		    (int64_t)(40 * test_slow()) * REACTOR_SECOND)
			test_fail("seed %ju: read %zu, peer read %zu, pending "
				  "%zu, ends %d %d",
			    (uintmax_t)number, t.read, p.read,
			    reactor_stream_pending(&t.s), t.ended, p.ended);
	}
	CHECK_INT(reactor_stream_pending(&t.s), 0);
	reactor_stream_close(&t.s);
	if (transport != NULL)
		CHECK(state.closed == 1 && state.shut == 1);
	CHECK(close(fd[1]) == 0);
	CHECK(reactor_close(r) == 0);
}

static void
plain(void)
{
	uint64_t i;

	fill_file();
	for (i = 1; i <= 8; i++)
		talk(i * 7919, NULL);
	CHECK(close(talk_file) == 0);
}

static void
turned(void)
{
	uint64_t i;

	fill_file();
	for (i = 1; i <= 5; i++)
		talk(i * 104729, &toy);
	CHECK(close(talk_file) == 0);
}

/* A transport is called once by itself, as one side may have to begin. */
static void
begins(void)
{
	struct reactor *r = loop_open();
	struct noter n = { 0 };
	struct toy state = { 0 };
	int fd[2];

	seed = 1;
	loop_pair(fd);
	n.s.transport = &toy;
	n.s.state = &state;
	noter_start(r, &n, fd[0]);
	CHECK_INT(state.greeted, 0);
	CHECK(reactor_run_once(r, 0) >= 0);
	CHECK_INT(state.greeted, 1);
	CHECK_INT(n.calls, 0);
	reactor_stream_stop(&n.s);
	CHECK_INT(state.closed, 0);
	noter_end(&n);
	CHECK_INT(state.closed, 1);
	CHECK(close(fd[1]) == 0);
	CHECK(reactor_close(r) == 0);
}

/* One that has the half of something, and says so. */
static int
always_pending(void *state)
{
	(void)state;
	return 1;
}

static void
half(void)
{
	static struct reactor_transport eager;
	struct reactor *r = loop_open();
	struct noter n = { 0 };
	struct toy state = { 0 };
	int fd[2], i;

	seed = 1;
	eager = toy;
	eager.pending = always_pending;
	loop_pair(fd);
	n.s.transport = &eager;
	n.s.state = &state;
	noter_start(r, &n, fd[0]);
	stream_send(fd[1], "sixofx");
	while (n.used < 6)
		CHECK(reactor_run_once(r, LOOP_MS) >= 0);
	for (i = 0; i < 100 && reactor_run_once(r, 0) > 0; i++)
		continue;
	CHECK(i < 100);
	noter_end(&n);
	CHECK(close(fd[1]) == 0);
	CHECK(reactor_close(r) == 0);
}

/* One that fails. */
static intptr_t
bad_read(void *state, int fd, void *bytes, size_t size, unsigned *wants)
{
	(void)state;
	(void)fd;
	(void)bytes;
	(void)size;
	(void)wants;
	errno = EPROTO;
	return -1;
}

static void
fails(void)
{
	static struct reactor_transport bad;
	struct reactor *r = loop_open();
	struct noter n = { 0 };
	struct toy state = { 0 };
	int fd[2];

	bad = toy;
	bad.read = bad_read;
	loop_pair(fd);
	n.s.transport = &bad;
	n.s.state = &state;
	noter_start(r, &n, fd[0]);
	stream_run(r);
	CHECK_STR(loop_said(), "X");
	CHECK_INT(n.s.error, EPROTO);
	noter_end(&n);
	CHECK_INT(state.closed, 1);
	CHECK(close(fd[1]) == 0);
	CHECK(reactor_close(r) == 0);
}

static const struct test tests[] = {
	STREAM_BOTH("a long conversation", plain),
	STREAM_BOTH("the same over a transport", turned),
	TEST("a transport begins", begins),
	TEST("a transport with the half of something", half),
	TEST("a transport fails", fails),
};

TEST_MAIN(tests)
