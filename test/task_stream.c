/*
 * SPDX-License-Identifier: ISC
 *
 * task_stream.c: streams of tasks: what is written is read, whatever is in
 * between; who waits is told, whatever happens.
 */
#include <netinet/in.h>
#include <sys/uio.h>
#include "test/tasks.h"

static struct reactor_statistics
stats(void)
{
	struct reactor_statistics s;

	reactor_stats(task_reactor(), &s);
	return s;
}

/* ---- Streams ------------------------------------------------------------- */

/* Another end, and the stream over this one. */
struct line {
	struct task_stream s;
	int peer;
};

static void
line_sockets(int fd[2])
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t length = sizeof(a);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(listener, (struct sockaddr *)&a, length) == -1)
		SKIP("no loopback");
	CHECK(listen(listener, 1) == 0);
	CHECK(getsockname(listener, (struct sockaddr *)&a, &length) == 0);
	fd[0] = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(connect(fd[0], (struct sockaddr *)&a, length) == 0);
	fd[1] = accept(listener, NULL, NULL);
	CHECK(fd[1] != -1);
	CHECK(close(listener) == 0);
}

static void
line_init(struct line *l)
{
	memset(l, 0, sizeof(*l));
}

static void
line_begin(struct line *l, int tcp)
{
	int fd[2];

	if (tcp)
		line_sockets(fd);
	else
		CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0);
	l->peer = fd[1];
	CHECK_INT(task_stream_open(&l->s, fd[0]), 0);
}

static void
line_open(struct line *l)
{
	line_init(l);
	line_begin(l, 0);
}

static void
line_close(struct line *l)
{
	CHECK_INT(task_stream_close(&l->s), 0);
	CHECK_INT(close(l->peer), 0);
}

static void
say(struct line *l, const char *text)
{
	CHECK_INT(write(l->peer, text, strlen(text)), (intmax_t)strlen(text));
}

/* What the other end got; it does not wait. */
static const char *
heard(struct line *l)
{
	static char text[256];
	ssize_t n = recv(l->peer, text, sizeof(text) - 1, MSG_DONTWAIT);

	if (n == -1 && errno == EAGAIN)
		return "nothing";
	CHECK(n >= 0);
	text[n] = '\0';
	return text;
}

/* By TCP: the other end is gone, and what was on its way as well. */
static void
reset(struct line *l)
{
	struct linger linger = { 1, 0 };

	CHECK_INT(
	    setsockopt(l->peer, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)),
	    0);
	CHECK_INT(close(l->peer), 0);
}

/* ---- Reading ------------------------------------------------------------- */

static void
read_some(void)
{
	char bytes[8];
	struct line l;

	line_open(&l);
	say(&l, "hello");
	CHECK_INT(task_stream_read(&l.s, bytes, 3), 3);
	CHECK(memcmp(bytes, "hel", 3) == 0);
	CHECK_INT(task_stream_read(&l.s, bytes, 0), 0);
	CHECK_INT(task_stream_read(&l.s, bytes, 8), 2);
	CHECK(memcmp(bytes, "lo", 2) == 0);
	say(&l, "there");
	CHECK_INT(shutdown(l.peer, SHUT_WR), 0);
	CHECK_INT(task_stream_read(&l.s, bytes, 8), 5);
	CHECK_INT(task_stream_read(&l.s, bytes, 8), 0);
	CHECK_INT(task_stream_read(&l.s, bytes, 8), 0);
	/* The other direction goes on. */
	CHECK_INT(task_stream_write(&l.s, "bye", 3), 3);
	CHECK_INT(task_stream_flush(&l.s), 0);
	CHECK_STR(heard(&l), "bye");
	line_close(&l);
}

struct telling {
	int fd, each; /* bytes at a time */
	const char *text;
	size_t size;
};

static intptr_t
tells(void *argument)
{
	struct telling *t = argument;
	size_t n;

	while (t->size > 0) {
		n = t->size < (size_t)t->each ? t->size : (size_t)t->each;
		CHECK_INT(write(t->fd, t->text, n), (intmax_t)n);
		t->text += n;
		t->size -= n;
		CHECK_INT(task_sleep(1000), 0);
	}
	CHECK_INT(shutdown(t->fd, SHUT_WR), 0);
	return 0;
}

static struct task *
tell(struct telling *t, struct line *l, const char *text, int each)
{
	struct task *new;

	t->fd = l->peer;
	t->each = each;
	t->text = text;
	t->size = strlen(text);
	new = task_spawn(tells, t);
	CHECK(new != NULL);
	return new;
}

static void
lines(void)
{
	static const char text[] = "one\r\ntwo\n\n\r\nfour\rfive\r\nlast\r";
	static const char *const expected[] = { "one", "two", "", "",
		"four\rfive", "last\r" };
	struct telling telling;
	struct line l;
	struct task *t;
	size_t length;
	char *line;
	int each, i;

	for (each = 1; each <= (int)sizeof(text); each++) {
		line_open(&l);
		t = tell(&telling, &l, text, each);
		for (i = 0; i < 6; i++) {
			CHECK_INT(
			    task_stream_read_line(&l.s, &line, &length), 1);
			CHECK_STR(line, expected[i]);
			CHECK_INT(length, strlen(line));
		}
		CHECK_INT(task_stream_read_line(&l.s, &line, NULL), 0);
		CHECK_INT(task_stream_read_line(&l.s, &line, NULL), 0);
		tasks_end(t);
		line_close(&l);
	}
}

/* What a task looks at stays, though more is coming. */
static void
line_stays(void)
{
	static char big[60000];
	struct line l;
	size_t length;
	char *line, bytes[8];

	line_open(&l);
	memset(big, 'x', sizeof(big));
	say(&l, "precious\nrest");
	CHECK_INT(task_stream_read_line(&l.s, &line, &length), 1);
	CHECK_INT(length, 8);
	CHECK_INT(write(l.peer, big, sizeof(big)), sizeof(big));
	CHECK_INT(task_sleep(5 * LOOP_MS), 0);
	CHECK_STR(line, "precious");
	CHECK_INT(task_stream_read_all(&l.s, bytes, 5), 5);
	CHECK(memcmp(bytes, "restx", 5) == 0);
	line_close(&l);
}

static void
delimiters(void)
{
	static const char *const marks[] = { ";", "\r\n\r\n", "aab" };
	struct telling telling;
	char text[64], *bytes;
	struct line l;
	struct task *t;
	intptr_t n;
	int each, i;

	for (i = 0; i < 3; i++)
		for (each = 1; each < 12; each++) {
			line_open(&l);
			snprintf(text, sizeof(text), "aa\r.%s%saaa\r", marks[i],
			    marks[i]);
			t = tell(&telling, &l, text, each);
			n = task_stream_read_until(
			    &l.s, marks[i], strlen(marks[i]), 0, &bytes);
			CHECK_INT(n, 4 + (intptr_t)strlen(marks[i]));
			CHECK(memcmp(bytes, text, (size_t)n) == 0);
			n = task_stream_read_until(
			    &l.s, marks[i], strlen(marks[i]), 0, &bytes);
			CHECK_INT(n, (intptr_t)strlen(marks[i]));
			n = task_stream_read_until(
			    &l.s, marks[i], strlen(marks[i]), 0, &bytes);
			CHECK_INT(n, 4);
			CHECK(memcmp(bytes, "aaa\r", 4) == 0);
			CHECK_INT(
			    task_stream_read_until(&l.s, ";", 1, 0, &bytes), 0);
			tasks_end(t);
			line_close(&l);
		}
}

static void
too_long(void)
{
	char bytes[16], *line;
	struct line l;

	line_init(&l);
	l.s.stream.limit = 100;
	line_begin(&l, 0);
	say(&l, "0123456789\n");
	CHECK_INT(task_stream_read_until(&l.s, "\n", 1, 5, &line), -1);
	CHECK_INT(errno, EMSGSIZE);
	/* Nothing of it is lost. */
	CHECK_INT(task_stream_read_until(&l.s, "\n", 1, 11, &line), 11);
	CHECK(memcmp(line, "0123456789\n", 11) == 0);
	CHECK_INT(task_stream_read_until(&l.s, "\n", 0, 11, &line), -1);
	CHECK_INT(errno, EINVAL);
	memset(bytes, 'y', sizeof(bytes));
	for (int i = 0; i < 10; i++)
		CHECK_INT(write(l.peer, bytes, sizeof(bytes)), 16);
	CHECK_INT(task_stream_read_line(&l.s, &line, NULL), -1);
	CHECK_INT(errno, EMSGSIZE);
	CHECK_INT(task_stream_read_line(&l.s, &line, NULL), -1);
	CHECK_INT(errno, EMSGSIZE);
	for (int i = 0; i < 10; i++)
		CHECK_INT(task_stream_read_all(&l.s, bytes, 16), 16);
	say(&l, "z\n");
	CHECK_INT(task_stream_read_line(&l.s, &line, NULL), 1);
	CHECK_STR(line, "z");
	line_close(&l);
}

static void
exactly(void)
{
	static char bytes[300];
	struct telling telling;
	struct line l;
	struct task *t;
	char text[301];
	int each;

	memset(text, 'q', 300);
	text[300] = '\0';
	for (each = 7; each < 300; each += 60) {
		line_init(&l);
		l.s.stream.limit = 64; /* less than is asked for */
		line_begin(&l, 0);
		t = tell(&telling, &l, text, each);
		CHECK_INT(task_stream_read_all(&l.s, bytes, 0), 0);
		CHECK_INT(task_stream_read_all(&l.s, bytes, 10), 10);
		CHECK_INT(task_stream_read_all(&l.s, bytes, 64), 64);
		CHECK_INT(task_stream_read_all(&l.s, bytes, 200), 200);
		CHECK_INT(task_stream_read_all(&l.s, bytes, 30), 26);
		CHECK_INT(task_stream_read_all(&l.s, bytes, 30), 0);
		tasks_end(t);
		line_close(&l);
	}
}

/* ---- Writing ------------------------------------------------------------- */

/* In one, when the task waits: for the stream, or for anything. */
static void
pieces(void)
{
	struct iovec v[2] = { { (void *)(uintptr_t) "de", 2 },
		{ (void *)(uintptr_t) "f", 1 } };
	char byte;
	struct line l;

	line_open(&l);
	CHECK_INT(task_stream_write(&l.s, "ab", 2), 2);
	CHECK_INT(task_stream_write(&l.s, "c", 1), 1);
	CHECK_INT(task_stream_write(&l.s, "", 0), 0);
	CHECK_INT(task_stream_writev(&l.s, v, 2), 3);
	CHECK_STR(heard(&l), "nothing");
	CHECK_INT(task_stream_flush(&l.s), 0);
	CHECK_STR(heard(&l), "abcdef");
	CHECK_INT(task_stream_write(&l.s, "1", 1), 1);
	CHECK_INT(task_stream_write(&l.s, "2", 1), 1);
	CHECK_STR(heard(&l), "nothing");
	CHECK_INT(task_sleep(2 * LOOP_MS), 0);
	CHECK_STR(heard(&l), "12");
	CHECK_INT(task_stream_write(&l.s, "3", 1), 1);
	say(&l, "x");
	CHECK_INT(task_sleep(LOOP_MS), 0);
	CHECK_INT(task_stream_write(&l.s, "4", 1), 1);
	CHECK_INT(task_stream_read(&l.s, &byte, 1), 1); /* does not wait */
	CHECK_STR(heard(&l), "3");
	CHECK_INT(task_stream_close(&l.s), 0);
	CHECK_STR(heard(&l), "4");
	CHECK_STR(heard(&l), "");
	CHECK_INT(close(l.peer), 0);
}

static intptr_t
waits_for_byte(void *s)
{
	char byte;

	return task_stream_read(s, &byte, 1);
}

static void
sent_by_read(void)
{
	struct line l;
	struct task *t;

	line_open(&l);
	CHECK_INT(task_stream_write(&l.s, "q", 1), 1);
	t = task_spawn(waits_for_byte, &l.s);
	tasks_turn();
	CHECK_STR(heard(&l), "q");
	say(&l, "a");
	CHECK_INT(tasks_end(t).result, 1);
	line_close(&l);
}

/* The turns, and so the system calls, of an exchange. */
static intptr_t
echoes(void *argument)
{
	struct task_stream *s = argument;
	char bytes[64];
	intptr_t n;

	while ((n = task_stream_read(s, bytes, sizeof(bytes))) > 0)
		if (task_stream_write(s, bytes, (size_t)n) == -1)
			return -1;
	return n;
}

static int allocations;

static void *
counting(void *memory, size_t size)
{
	allocations += size > 0;
	if (size > 0)
		return realloc(memory, size);
	free(memory);
	return NULL;
}

static void
costs_nothing(void)
{
	struct task_stream other;
	struct line l;
	struct task *t;
	char bytes[64];
	uint64_t turns = 0;
	int i;

	line_open(&l);
	memset(&other, 0, sizeof(other));
	CHECK_INT(task_stream_open(&other, l.peer), 0);
	t = task_spawn(echoes, &other);
	for (i = 0; i < 1100; i++) {
		if (i == 100) {
			allocations = 0;
			turns = stats().turns;
		}
		CHECK_INT(
		    task_stream_write(&l.s, "twenty bytes or fewer", 20), 20);
		CHECK_INT(task_stream_read_all(&l.s, bytes, 20), 20);
	}
	CHECK_INT(allocations, 0);
	CHECK(stats().turns - turns < 2500);
	CHECK_INT(task_stream_close(&l.s), 0);
	CHECK_INT(tasks_end(t).result, 0);
	CHECK_INT(task_stream_close(&other), 0);
}

static void
costs(void)
{
	reactor_set_allocator(counting);
	tasks_case();
}

/* ---- A slow reader ------------------------------------------------------- */

enum { MUCH = 1 << 20 };

static char much[MUCH];

static intptr_t
writes_much(void *s)
{
	return task_stream_write(s, much, MUCH);
}

static size_t
drain(int fd)
{
	static char bytes[65536];
	size_t all = 0;
	ssize_t n;

	while ((n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		all += (size_t)n;
	return all;
}

static void
slow_reader(void)
{
	struct line l;
	struct task *t;
	size_t got = 0;

	line_init(&l);
	l.s.stream.high = 10000;
	line_begin(&l, 0);
	t = task_spawn(writes_much, &l.s);
	CHECK_INT(task_sleep(5 * LOOP_MS), 0);
	CHECK_INT(tasks_state(t), TASK_PENDING);
	CHECK(reactor_stream_pending(&l.s.stream) > 10000);
	CHECK(reactor_stream_pending(&l.s.stream) <= 20000);
	while (tasks_state(t) == TASK_PENDING) {
		got += drain(l.peer);
		CHECK_INT(task_sleep(LOOP_MS / 10), 0);
		CHECK(reactor_stream_pending(&l.s.stream) <= 20000);
	}
	CHECK_INT(tasks_end(t).result, MUCH);
	/* No more than `high` is left, so that the next need not wait. */
	CHECK_INT(task_stream_write(&l.s, "x", 1), 1);
	while (got < MUCH + 1) {
		got += drain(l.peer);
		CHECK_INT(task_sleep(LOOP_MS / 10), 0);
	}
	CHECK_INT(got, MUCH + 1);
	line_close(&l);
}

struct vectors {
	struct task_stream *s;
	struct iovec v[3];
};

static intptr_t
writes_vectors(void *argument)
{
	struct vectors *w = argument;

	return task_stream_writev(w->s, w->v, 3);
}

static void
writev_much(void)
{
	struct vectors w = { NULL,
		{ { much, 100 }, { much + 100, MUCH - 200 },
		    { much + MUCH - 100, 100 } } };
	struct iovec more[2] = { { much, SIZE_MAX / 2 },
		{ much, SIZE_MAX / 2 } };
	struct line l;
	struct task *t;
	struct task_stream other;
	static char got[MUCH];
	size_t i;

	for (i = 0; i < MUCH; i++)
		much[i] = (char)(i * 7 + i / 251);
	line_open(&l);
	memset(&other, 0, sizeof(other));
	CHECK_INT(task_stream_open(&other, l.peer), 0);
	w.s = &l.s;
	t = task_spawn(writes_vectors, &w);
	CHECK_INT(task_stream_read_all(&other, got, MUCH), MUCH);
	CHECK(memcmp(got, much, MUCH) == 0);
	CHECK_INT(tasks_end(t).result, MUCH);
	CHECK_INT(task_stream_writev(&l.s, more, 2), -1);
	CHECK_INT(errno, EINVAL);
	CHECK_INT(task_stream_close(&l.s), 0);
	task_stream_abort(&other);
}

/* ---- 64 MB, in random portions ------------------------------------------- */

enum { ALL = 64 << 20 };

struct random {
	uint64_t state;
};

static uint64_t
draw(struct random *r)
{
	r->state ^= r->state << 13;
	r->state ^= r->state >> 7;
	r->state ^= r->state << 17;
	return r->state;
}

static unsigned char
byte_at(size_t i)
{
	return (unsigned char)(i ^ i >> 8 ^ i >> 16);
}

static intptr_t
writes_all(void *s)
{
	static unsigned char bytes[200000];
	struct random random = { 88172645463325252u };
	size_t done, n, i;

	for (done = 0; done < ALL; done += n) {
		n = draw(&random) % (draw(&random) % 8 ? 5000 : sizeof(bytes));
		n = n < ALL - done ? n : ALL - done;
		for (i = 0; i < n; i++)
			bytes[i] = byte_at(done + i);
		CHECK_INT(task_stream_write(s, bytes, n), (intmax_t)n);
		if (draw(&random) % 100 == 0)
			CHECK_INT(task_stream_flush(s), 0);
	}
	return task_stream_close(s);
}

static void
sixty_four_megabytes(void)
{
	static unsigned char bytes[100000];
	struct random random = { 1234567 };
	struct task_stream other;
	size_t done = 0, i, n;
	struct line l;
	struct task *t;
	intptr_t got;

	line_open(&l);
	memset(&other, 0, sizeof(other));
	CHECK_INT(task_stream_open(&other, l.peer), 0);
	t = task_spawn(writes_all, &other);
	while (done < ALL) {
		n = 1 + draw(&random) % sizeof(bytes);
		got = draw(&random) % 2 ? task_stream_read(&l.s, bytes, n)
					: task_stream_read_all(&l.s, bytes, n);
		CHECK(got > 0);
		for (i = 0; i < (size_t)got; i++)
			if (bytes[i] != byte_at(done + i))
				test_fail("byte %zu is wrong", done + i);
		done += (size_t)got;
	}
	CHECK_INT(done, ALL);
	CHECK_INT(task_stream_read(&l.s, bytes, 1), 0);
	CHECK_INT(tasks_end(t).result, 0);
	CHECK_INT(task_stream_close(&l.s), 0);
}

/* One task reads while another writes, on both ends. */
static void
both_ways(void)
{
	static char got[MUCH];
	struct task_stream other;
	struct line l;
	struct task *a, *b;

	line_open(&l);
	memset(&other, 0, sizeof(other));
	CHECK_INT(task_stream_open(&other, l.peer), 0);
	a = task_spawn(writes_much, &l.s);
	b = task_spawn(writes_much, &other);
	CHECK_INT(task_stream_read_all(&l.s, got, MUCH), MUCH);
	CHECK_INT(task_stream_read_all(&other, got, MUCH), MUCH);
	CHECK_INT(tasks_end(a).result, MUCH);
	CHECK_INT(tasks_end(b).result, MUCH);
	CHECK_INT(task_stream_close(&l.s), 0);
	CHECK_INT(task_stream_close(&other), 0);
}

/* ---- Files --------------------------------------------------------------- */

static intptr_t
counts(void *s)
{
	static char bytes[10000];
	intptr_t n, all = 0;

	while ((n = task_stream_read(s, bytes, sizeof(bytes))) > 0)
		all += n;
	return n == 0 ? all : -1;
}

static void
files(void)
{
	char path[] = "/tmp/reactor-stream-XXXXXX";
	struct task_stream other;
	struct line l;
	struct task *t;
	int file = mkstemp(path), fd[2];

	CHECK(file != -1);
	CHECK_INT(unlink(path), 0);
	CHECK_INT(write(file, much, MUCH), MUCH);
	line_open(&l);
	memset(&other, 0, sizeof(other));
	CHECK_INT(task_stream_open(&other, l.peer), 0);
	t = task_spawn(counts, &other);
	CHECK_INT(task_stream_write(&l.s, "head", 4), 4);
	CHECK_INT(task_stream_write_file(&l.s, file, 0, MUCH), 0);
	CHECK_INT(reactor_stream_pending(&l.s.stream), 0);
	CHECK_INT(task_stream_write_file(&l.s, file, 1000, 24), 0);
	CHECK_INT(task_stream_write_file(&l.s, file, -1, 24), -1);
	CHECK_INT(errno, EINVAL);
	CHECK_INT(pipe(fd), 0);
	CHECK_INT(task_stream_write_file(&l.s, fd[0], 0, 24), -1);
	CHECK_INT(errno, EINVAL);
	loop_close(fd);
	CHECK_INT(task_stream_write_file(&l.s, -1, 0, 24), -1);
	CHECK_INT(errno, EBADF);
	CHECK_INT(task_stream_close(&l.s), 0);
	CHECK_INT(tasks_end(t).result, 4 + MUCH + 24);
	CHECK_INT(task_stream_close(&other), 0);
	CHECK_INT(fcntl(file, F_GETFD), 0); /* it is still ours */
	CHECK_INT(close(file), 0);
}

/* ---- The end ------------------------------------------------------------- */

static void
half_close(void)
{
	char bytes[8];
	struct line l;

	line_open(&l);
	CHECK_INT(task_stream_write(&l.s, "bye", 3), 3);
	CHECK_INT(task_stream_shutdown(&l.s), 0);
	CHECK_INT(task_sleep(LOOP_MS), 0);
	CHECK_STR(heard(&l), "bye");
	CHECK_STR(heard(&l), "");
	CHECK_INT(task_stream_shutdown(&l.s), 0);
	CHECK_INT(task_stream_write(&l.s, "x", 1), -1);
	CHECK_INT(errno, EPIPE);
	CHECK_INT(task_stream_flush(&l.s), 0);
	say(&l, "wait");
	CHECK_INT(task_stream_read(&l.s, bytes, 8), 4);
	line_close(&l);
}

static void
closed(void)
{
	char byte, *line;
	struct line l;
	int file = open("/dev/null", O_RDONLY);

	line_open(&l);
	line_close(&l);
	CHECK_INT(task_stream_read(&l.s, &byte, 1), -1);
	CHECK_INT(errno, EBADF);
	CHECK_INT(task_stream_read_all(&l.s, &byte, 1), -1);
	CHECK_INT(errno, EBADF);
	CHECK_INT(task_stream_read_line(&l.s, &line, NULL), -1);
	CHECK_INT(errno, EBADF);
	CHECK_INT(task_stream_write(&l.s, "x", 1), -1);
	CHECK_INT(errno, EBADF);
	CHECK_INT(task_stream_write_file(&l.s, file, 0, 1), -1);
	CHECK_INT(errno, EBADF);
	CHECK_INT(task_stream_flush(&l.s), -1);
	CHECK_INT(errno, EBADF);
	CHECK_INT(task_stream_shutdown(&l.s), -1);
	CHECK_INT(errno, EBADF);
	CHECK_INT(task_stream_close(&l.s), -1);
	CHECK_INT(errno, EBADF);
	task_stream_abort(&l.s);
	CHECK_INT(task_stream_open(&l.s, -1), -1);
	CHECK_INT(errno, EBADF);
	task_stream_abort(&l.s);
	CHECK_INT(close(file), 0);
}

/* Waits for all to be sent; closes even if that is not to be. */
static intptr_t
closes(void *s)
{
	return task_stream_close(s);
}

static void
close_waits(void)
{
	struct task_scope scope;
	struct line l;
	struct task *t;
	size_t got = 0;
	int i;

	for (i = 0; i < 3; i++) {
		line_init(&l);
		l.s.stream.high = MUCH;
		line_begin(&l, 0);
		CHECK_INT(task_stream_write(&l.s, much, MUCH), MUCH);
		if (i == 0) {
			t = task_spawn(closes, &l.s);
			while (tasks_state(t) == TASK_PENDING) {
				got += drain(l.peer);
				CHECK_INT(task_sleep(LOOP_MS / 10), 0);
			}
			CHECK_INT(tasks_end(t).result, 0);
			CHECK_INT(got + drain(l.peer), MUCH);
		} else if (i == 1) {
			CHECK_INT(task_scope_enter(&scope, LOOP_MS), 0);
			CHECK_INT(task_stream_close(&l.s), -1);
			CHECK_INT(errno, ECANCELED);
			CHECK_INT(task_scope_leave(&scope), -1);
		} else {
			task_stream_abort(&l.s);
		}
		CHECK(drain(l.peer) < MUCH);
		CHECK_STR(heard(&l), "");
		CHECK_INT(close(l.peer), 0);
	}
}

/* What can be sent is sent, also by who is cancelled. */
static void
close_cancelled(void)
{
	struct task_scope scope;
	struct line l;

	line_open(&l);
	CHECK_INT(task_stream_write(&l.s, "bye", 3), 3);
	CHECK_INT(task_scope_enter(&scope, -1), 0);
	task_scope_cancel(&scope);
	CHECK_INT(task_stream_close(&l.s), 0);
	CHECK_INT(task_scope_leave(&scope), 0);
	CHECK_STR(heard(&l), "bye");
	CHECK_INT(close(l.peer), 0);
}

/* ---- Errors -------------------------------------------------------------- */

static void
reset_while_reading(void)
{
	char bytes[8], *line;
	struct line l;
	struct task *t;
	int i;

	for (i = 0; i < 2; i++) {
		line_init(&l);
		line_begin(&l, 1);
		t = task_spawn(waits_for_byte, &l.s);
		tasks_turn();
		reset(&l);
		CHECK_INT(tasks_end(t).error, ECONNRESET);
		CHECK_INT(task_stream_read(&l.s, bytes, 8), -1);
		CHECK_INT(errno, ECONNRESET);
		CHECK_INT(task_stream_read_line(&l.s, &line, NULL), -1);
		CHECK_INT(errno, ECONNRESET);
		CHECK_INT(task_stream_write(&l.s, "x", 1), -1);
		CHECK(errno == ECONNRESET || errno == EPIPE);
		CHECK_INT(task_stream_flush(&l.s), -1);
		if (i == 0) {
			CHECK_INT(task_stream_close(&l.s), -1);
			CHECK_INT(errno, ECONNRESET);
		} else {
			task_stream_abort(&l.s);
		}
	}
}

/* What came before is read first, and then again and again that it ended so. */
static void
reset_with_input(void)
{
	char bytes[8], *line;
	struct line l;

	line_init(&l);
	line_begin(&l, 1);
	say(&l, "one\ntwo");
	CHECK_INT(task_sleep(5 * LOOP_MS), 0);
	reset(&l);
	CHECK_INT(task_sleep(5 * LOOP_MS), 0);
	CHECK_INT(task_stream_read_line(&l.s, &line, NULL), 1);
	CHECK_STR(line, "one");
	CHECK_INT(task_stream_read_line(&l.s, &line, NULL), -1);
	CHECK_INT(errno, ECONNRESET);
	CHECK_INT(task_stream_read_all(&l.s, bytes, 8), -1);
	CHECK_INT(errno, ECONNRESET);
	CHECK_INT(task_stream_read(&l.s, bytes, 8), 3);
	CHECK(memcmp(bytes, "two", 3) == 0);
	CHECK_INT(task_stream_read(&l.s, bytes, 8), -1);
	CHECK_INT(errno, ECONNRESET);
	CHECK_INT(task_stream_close(&l.s), -1);
}

static intptr_t
flushes(void *s)
{
	return task_stream_flush(s);
}

static intptr_t
shuts(void *s)
{
	return task_stream_shutdown(s);
}

static void
reset_while_writing(void)
{
	static task_fn *const calls[] = { writes_much, flushes, shuts, closes };
	struct line l;
	struct task *t;
	int i;

	for (i = 0; i < 4; i++) {
		line_init(&l);
		l.s.stream.high = i == 0 ? 0 : 4 * MUCH;
		line_begin(&l, 1);
		if (i > 0)
			while (reactor_stream_pending(&l.s.stream) < MUCH) {
				CHECK_INT(
				    task_stream_write(&l.s, much, MUCH), MUCH);
				CHECK_INT(task_yield(), 0);
			}
		t = task_spawn(calls[i], &l.s);
		CHECK_INT(task_sleep(2 * LOOP_MS), 0);
		if (i == 0 && tasks_state(t) != TASK_PENDING) {
			/* A large socket buffer took all of it. */
			tasks_end(t);
			task_stream_abort(&l.s);
			CHECK_INT(close(l.peer), 0);
			continue;
		}
		CHECK_INT(tasks_state(t), TASK_PENDING);
		reset(&l);
		CHECK_INT(task_await(t, NULL), 0);
		CHECK_INT(tasks_end(t).error, ECONNRESET);
		if (i < 3) {
			CHECK_INT(task_stream_write(&l.s, "x", 1), -1);
			CHECK_INT(errno, ECONNRESET);
			CHECK_INT(task_stream_close(&l.s), -1);
		}
	}
}

static void
broken(void)
{
	char bytes[8];
	struct line l;

	line_open(&l);
	say(&l, "left");
	CHECK_INT(close(l.peer), 0);
	CHECK_INT(task_stream_write(&l.s, "x", 1), 1);
	CHECK_INT(task_stream_flush(&l.s), -1);
	CHECK_INT(errno, EPIPE);
	CHECK_INT(task_stream_write(&l.s, "x", 1), -1);
	CHECK_INT(errno, EPIPE);
	CHECK_INT(task_sleep(LOOP_MS), 0);
	CHECK_INT(task_stream_flush(&l.s), -1);
	CHECK_INT(errno, EPIPE);
	CHECK_INT(task_stream_read(&l.s, bytes, 8), 4);
	CHECK(task_stream_read(&l.s, bytes, 8) <= 0);
	CHECK_INT(task_stream_close(&l.s), -1);
	CHECK_INT(errno, EPIPE);
}

/* The reader is first: what came is read before the error, not after. */
static void
broken_at_once(void)
{
	char bytes[8];
	struct line l;

	line_open(&l);
	say(&l, "left");
	CHECK_INT(close(l.peer), 0);
	CHECK_INT(task_stream_write(&l.s, "x", 1), 1);
	CHECK_INT(task_stream_flush(&l.s), -1);
	CHECK_INT(task_stream_read(&l.s, bytes, 8), 4);
	CHECK_INT(task_stream_read(&l.s, bytes, 8), -1);
	CHECK_INT(errno, EPIPE);
	CHECK_INT(task_stream_close(&l.s), -1);
}

/* ---- Two at once, and gone meanwhile ------------------------------------- */

static void
busy(void)
{
	struct line l;
	struct task *reader, *writer;
	char bytes[8], *line;

	line_open(&l);
	reader = task_spawn(waits_for_byte, &l.s);
	writer = task_spawn(writes_much, &l.s);
	tasks_turn();
	CHECK_INT(task_stream_read(&l.s, bytes, 8), -1);
	CHECK_INT(errno, EBUSY);
	CHECK_INT(task_stream_read_all(&l.s, bytes, 8), -1);
	CHECK_INT(errno, EBUSY);
	CHECK_INT(task_stream_read_line(&l.s, &line, NULL), -1);
	CHECK_INT(errno, EBUSY);
	CHECK_INT(task_stream_write(&l.s, "x", 1), -1);
	CHECK_INT(errno, EBUSY);
	CHECK_INT(task_stream_flush(&l.s), -1);
	CHECK_INT(errno, EBUSY);
	CHECK_INT(task_stream_shutdown(&l.s), -1);
	CHECK_INT(errno, EBUSY);
	CHECK_INT(task_stream_close(&l.s), -1);
	CHECK_INT(errno, EBUSY);
	CHECK_INT(tasks_end(reader).error, EBADF);
	CHECK_INT(tasks_end(writer).error, EBADF);
	CHECK_INT(close(l.peer), 0);
}

/* Woken, but before it runs the stream is closed, and its memory is gone. */
static void
gone(void)
{
	struct line *l;
	struct task *reader, *writer;
	int peer, i;

	for (i = 0; i < 2; i++) {
		l = malloc(sizeof(*l));
		line_open(l);
		peer = l->peer;
		reader = task_spawn(waits_for_byte, &l->s);
		writer = task_spawn(writes_much, &l->s);
		tasks_turn();
		CHECK_INT(tasks_state(writer), TASK_PENDING);
		if (i == 1) {
			say(l, "x");
			(void)drain(peer);
			CHECK_INT(task_sleep(0), 0);
		}
		task_stream_abort(&l->s);
		memset(l, 0x55, sizeof(*l));
		free(l);
		if (i == 0)
			CHECK_INT(tasks_end(reader).error, EBADF);
		else
			CHECK(tasks_end(reader).state != TASK_PENDING);
		CHECK_INT(tasks_end(writer).error, EBADF);
		CHECK_INT(close(peer), 0);
	}
}

struct timed {
	struct reactor_timer timer;
	struct task_stream *s;
};

static void
abort_it(struct reactor *r, struct reactor_timer *timer)
{
	(void)r;
	task_stream_abort(REACTOR_OWNER(timer, struct timed, timer)->s);
}

static void
aborted_by_callback(void)
{
	struct line l;
	struct timed timed = { .timer.callback = abort_it, .s = &l.s };
	char byte;

	line_open(&l);
	CHECK_INT(
	    reactor_timer_start(task_reactor(), &timed.timer, LOOP_MS), 0);
	CHECK_INT(task_stream_read(&l.s, &byte, 1), -1);
	CHECK_INT(errno, EBADF);
	CHECK_INT(close(l.peer), 0);
}

static void
outside(void)
{
	struct task_stream s;
	char byte;

	memset(&s, 0, sizeof(s));
	CHECK_INT(task_stream_open(&s, 0), -1);
	CHECK_INT(errno, EPERM);
	CHECK_INT(task_stream_read(&s, &byte, 1), -1);
	CHECK_INT(errno, EPERM);
	CHECK_INT(task_stream_write(&s, &byte, 1), -1);
	CHECK_INT(errno, EPERM);
	CHECK_INT(task_stream_close(&s), -1);
	CHECK_INT(errno, EPERM);
	task_stream_abort(&s);
}

/* ---- Cancelled ----------------------------------------------------------- */

static intptr_t
reads_ten(void *s)
{
	char bytes[10];

	return task_stream_read_all(s, bytes, 10);
}

static intptr_t
reads_a_line(void *s)
{
	char *line;

	return task_stream_read_line(s, &line, NULL);
}

static void
cancelled_reading(void)
{
	static task_fn *const calls[] = { waits_for_byte, reads_ten,
		reads_a_line };
	char bytes[16];
	struct line l;
	struct task *t;
	int i;

	line_open(&l);
	for (i = 0; i < 3; i++) {
		t = task_spawn(calls[i], &l.s);
		tasks_turn();
		if (i > 0)
			say(&l, i == 1 ? "five" : "5!");
		CHECK_INT(task_sleep(LOOP_MS), 0);
		tasks_stop(t);
	}
	/* Woken by its bytes, and then cancelled: they are there still. */
	CHECK_INT(task_stream_read(&l.s, bytes, 16), 6);
	CHECK(memcmp(bytes, "five5!", 6) == 0);
	t = task_spawn(reads_ten, &l.s);
	tasks_turn();
	say(&l, "1234567890");
	CHECK_INT(task_sleep(LOOP_MS), 0);
	CHECK_INT(task_cancel(t) == 0 || errno == EALREADY, 1);
	CHECK_INT(tasks_end(t).result, 10);
	line_close(&l);
}

static void
cancelled_writing(void)
{
	static task_fn *const calls[] = { writes_much, flushes, shuts };
	struct line l;
	struct task *t;
	size_t got = 0;
	int i;

	for (i = 0; i < 3; i++) {
		line_init(&l);
		l.s.stream.high = i == 0 ? 10000 : MUCH;
		line_begin(&l, 0);
		if (i > 0)
			CHECK_INT(task_stream_write(&l.s, much, MUCH), MUCH);
		t = task_spawn(calls[i], &l.s);
		CHECK_INT(task_sleep(LOOP_MS), 0);
		tasks_stop(t);
		/* What was taken is still sent. */
		t = task_spawn(flushes, &l.s);
		for (got = 0; tasks_state(t) == TASK_PENDING;) {
			got += drain(l.peer);
			CHECK_INT(task_sleep(LOOP_MS / 10), 0);
		}
		got += drain(l.peer);
		CHECK_INT(tasks_end(t).result, 0);
		if (i == 0)
			CHECK(got % 10000 == 0 && got > 0 && got < MUCH);
		else
			CHECK_INT(got, MUCH);
		CHECK_INT(task_stream_write(&l.s, "x", 1), 1);
		line_close(&l);
	}
}

static void
cancelled_before(void)
{
	struct task_scope scope;
	struct line l;
	char byte, *line;

	line_open(&l);
	say(&l, "x\n");
	CHECK_INT(task_sleep(LOOP_MS), 0);
	CHECK_INT(task_scope_enter(&scope, -1), 0);
	task_scope_cancel(&scope);
	CHECK_INT(task_stream_read(&l.s, &byte, 1), -1);
	CHECK_INT(errno, ECANCELED);
	CHECK_INT(task_stream_read_line(&l.s, &line, NULL), -1);
	CHECK_INT(errno, ECANCELED);
	CHECK_INT(task_stream_write(&l.s, "a", 1), -1);
	CHECK_INT(errno, ECANCELED);
	CHECK_INT(task_stream_flush(&l.s), -1);
	CHECK_INT(errno, ECANCELED);
	CHECK_INT(task_scope_leave(&scope), -1);
	CHECK_STR(heard(&l), "nothing");
	CHECK_INT(task_stream_read_line(&l.s, &line, NULL), 1);
	CHECK_STR(line, "x");
	line_close(&l);
}

/* ---- Time ---------------------------------------------------------------- */

static void
idle(void)
{
	struct line l;
	struct task *t;
	char byte;
	int i;

	line_init(&l);
	l.s.stream.idle = 20 * LOOP_MS;
	l.s.stream.high = MUCH;
	line_begin(&l, 0);
	for (i = 0; i < 2; i++) {
		CHECK_INT(task_stream_read(&l.s, &byte, 1), -1);
		CHECK_INT(errno, ETIMEDOUT);
	}
	say(&l, "x"); /* it goes on */
	CHECK_INT(task_stream_read(&l.s, &byte, 1), 1);
	/* When nobody waits, nobody is told. */
	CHECK_INT(task_sleep(50 * LOOP_MS), 0);
	say(&l, "x");
	CHECK_INT(task_stream_read(&l.s, &byte, 1), 1);
	CHECK_INT(task_stream_write(&l.s, much, MUCH), MUCH);
	t = task_spawn(waits_for_byte, &l.s);
	CHECK_INT(task_stream_flush(&l.s), -1);
	CHECK_INT(errno, ETIMEDOUT);
	CHECK_INT(tasks_end(t).error, ETIMEDOUT);
	CHECK_INT(task_stream_close(&l.s), -1);
	CHECK_INT(errno, ETIMEDOUT);
	CHECK_INT(close(l.peer), 0);
}

static void
limited(void)
{
	struct line l;
	char byte;

	line_open(&l);
	CHECK_INT(reactor_stream_limit(&l.s.stream, 10 * LOOP_MS), 0);
	CHECK_INT(task_stream_read(&l.s, &byte, 1), -1);
	CHECK_INT(errno, ETIMEDOUT);
	line_close(&l);
}

/* By a scope, as for everything else. */
static void
in_time(void)
{
	struct task_scope scope;
	struct line l;
	char *line;

	line_open(&l);
	say(&l, "half");
	CHECK_INT(task_scope_enter(&scope, 5 * LOOP_MS), 0);
	CHECK_INT(task_stream_read_line(&l.s, &line, NULL), -1);
	CHECK_INT(errno, ECANCELED);
	CHECK_INT(task_scope_leave(&scope), -1);
	CHECK_INT(errno, ETIMEDOUT);
	say(&l, " and half\n");
	CHECK_INT(task_stream_read_line(&l.s, &line, NULL), 1);
	CHECK_STR(line, "half and half");
	line_close(&l);
}

/* ---- The rest ------------------------------------------------------------ */

static char dumped[8192];

static void
dump_line(void *context, const char *line)
{
	(void)context;
	strncat(dumped, line, sizeof(dumped) - strlen(dumped) - 2);
}

static void
seen(void)
{
	struct line l;
	struct task *t;
	char words[64];

	line_open(&l);
	t = task_spawn(waits_for_byte, &l.s);
	tasks_turn();
	task_dump(dump_line, NULL);
	snprintf(words, sizeof(words), "input of stream %d", l.s.stream.fd);
	if (strstr(dumped, words) == NULL)
		test_fail("%s", dumped);
	tasks_stop(t);
	line_close(&l);
}

/* A stream that nobody closes does not keep the end of the run waiting. */
static struct line forgotten;

static void
left_open(void)
{
	line_init(&forgotten);
	line_begin(&forgotten, 0);
	say(&forgotten, "unread");
	CHECK_INT(task_stream_write(&forgotten.s, "unsent", 6), 6);
	CHECK_INT(task_sleep(LOOP_MS), 0);
	CHECK_INT(task_stream_write(&forgotten.s, "unsent", 6), 6);
}

/* A transport: the same bytes, but each with a bit turned. */
static intptr_t
turn_read(void *state, int fd, void *bytes, size_t size, unsigned *wants)
{
	ssize_t n = recv(fd, bytes, size < 3 ? size : 3, MSG_DONTWAIT), i;

	(void)state;
	*wants = REACTOR_READ;
	for (i = 0; i < n; i++)
		((char *)bytes)[i] ^= 1;
	return n;
}

static intptr_t
turn_write(void *state, int fd, const void *bytes, size_t size, unsigned *wants)
{
	char byte = (char)(*(const char *)bytes ^ 1);

	(void)state;
	(void)size;
	*wants = REACTOR_WRITE;
	return send(fd, &byte, 1, MSG_DONTWAIT);
}

static int
turn_shutdown(void *state, int fd, unsigned *wants)
{
	(void)state;
	(void)wants;
	return shutdown(fd, SHUT_WR);
}

static void
turn_close(void *state, int fd)
{
	*(int *)state = 1;
	CHECK_INT(close(fd), 0);
}

static void
transports(void)
{
	static const struct reactor_transport turn = { "turn", turn_read,
		turn_write, turn_shutdown, NULL, turn_close };
	int was_closed = 0;
	struct line l;
	char *line;

	line_init(&l);
	l.s.stream.transport = &turn;
	l.s.stream.state = &was_closed;
	line_begin(&l, 0);
	say(&l, "idmmn\x0b");
	CHECK_INT(task_stream_read_line(&l.s, &line, NULL), 1);
	CHECK_STR(line, "hello");
	CHECK_INT(task_stream_write(&l.s, line, 5), 5);
	CHECK_INT(task_stream_shutdown(&l.s), 0);
	CHECK_STR(heard(&l), "idmmn");
	line_close(&l);
	CHECK_INT(was_closed, 1);
}

/* ---- Memory -------------------------------------------------------------- */

static void
no_memory_body(void)
{
	struct line l;
	int fd[2], i;
	char bytes[8];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0);
	line_init(&l);
	l.peer = fd[1];
	for (i = 0;; i++) {
		loop_left = i;
		if (task_stream_open(&l.s, fd[0]) == 0)
			break;
		CHECK_INT(errno, ENOMEM);
		CHECK(fcntl(fd[0], F_GETFD) != -1);
	}
	loop_left = 0;
	CHECK_INT(task_stream_write(&l.s, "x", 1), -1);
	CHECK_INT(errno, ENOMEM);
	loop_left = 1;
	CHECK_INT(task_stream_write(&l.s, "x", 1), 1);
	CHECK_INT(task_stream_flush(&l.s), 0);
	CHECK_STR(heard(&l), "x");
	say(&l, "y");
	loop_left = 100;
	CHECK_INT(task_stream_read(&l.s, bytes, 8), 1);
	line_close(&l);
	loop_left = 1000;
}

static void
no_memory(void)
{
	reactor_set_allocator(loop_stingy);
	loop_left = 1000;
	tasks_case();
}

#define BODY(function)             \
	&(const struct tasks_body) \
	{                          \
		function           \
	}

static const struct test tests[] = {
	TASKS("some bytes, and the end", read_some),
	TASKS("lines, cut everywhere", lines),
	TASKS("a line stays until the next read", line_stays),
	TASKS("delimiters, cut everywhere", delimiters),
	TASKS("a line that is too long", too_long),
	TASKS("so many bytes exactly", exactly),
	TASKS("pieces go out in one", pieces),
	TASKS("a read that waits sends first", sent_by_read),
	{ "no allocation, no turn too many", costs, 0, BODY(costs_nothing) },
	TASKS("a slow reader", slow_reader),
	TASKS("vectors of any size", writev_much),
	TASKS("64 MB in random portions", sixty_four_megabytes),
	TASKS("both ways at once", both_ways),
	TASKS("files", files),
	TASKS("half-closed", half_close),
	TASKS("closed", closed),
	TASKS("close waits, and closes in any case", close_waits),
	TASKS("close sends even if it is cancelled", close_cancelled),
	TASKS("reset while reading", reset_while_reading),
	TASKS("reset, but something had come", reset_with_input),
	TASKS("reset while writing", reset_while_writing),
	TASKS("a broken pipe", broken),
	TASKS("a broken pipe, and a read at once", broken_at_once),
	TASKS("a second in the same direction", busy),
	TASKS("gone while tasks wait", gone),
	TASKS("aborted by a callback", aborted_by_callback),
	TEST("outside of tasks", outside),
	TASKS("cancelled while reading", cancelled_reading),
	TASKS("cancelled while writing", cancelled_writing),
	TASKS("cancelled before", cancelled_before),
	TASKS("idle", idle),
	TASKS("a limit", limited),
	TASKS("a scope with a time-out", in_time),
	TASKS("what is seen of a wait", seen),
	{ "left open", tasks_case, TEST_LEAKY, BODY(left_open) },
	TASKS("a transport", transports),
	{ "no memory", no_memory, 0, BODY(no_memory_body) },
};
TEST_MAIN(tests)
