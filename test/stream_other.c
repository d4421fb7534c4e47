/*
 * SPDX-License-Identifier: ISC
 *
 * stream_other.c: streams over what is not a socket: pipes, terminals, files;
 * their flags stay as they were.
 */
#include "test/stream.h"

static int flags_before;

static void
blocking_pipe(int fd[2])
{
	CHECK(pipe(fd) == 0);
	flags_before = fcntl(fd[0], F_GETFL);
}

/* ---- Pipes --------------------------------------------------------------- */

static void
pipe_read(void)
{
	struct noter n = { 0 };
	struct reactor *r = loop_open();
	int fd[2];

	blocking_pipe(fd);
	noter_start(r, &n, fd[0]);
	CHECK_INT(write(fd[1], "through", 7), 7);
	noter_wait(r, &n, 1);
	stream_run(r);
	CHECK_INT(write(fd[1], " a pipe", 7), 7);
	noter_wait(r, &n, 2);
	CHECK_STR(n.got, "through a pipe");
	CHECK_INT(fcntl(fd[0], F_GETFL), flags_before);
	CHECK(close(fd[1]) == 0);
	noter_until(r, &n, REACTOR_STREAM_END);
	noter_end(&n);
	CHECK(reactor_close(r) == 0);
}

/* More than it holds: the writer is not blocked. */
static void
pipe_write_to(const int fd[2])
{
	struct noter n = { 0 };
	struct reactor *r = loop_open();
	static char bytes[300000], got[300000];
	size_t used = 0, i;
	ssize_t k;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 7 + i / 256);
	noter_start(r, &n, fd[1]);
	CHECK_INT(reactor_stream_write(&n.s, bytes, sizeof(bytes)), 1);
	CHECK(reactor_stream_pending(&n.s) > 0);
	CHECK_INT(reactor_stream_flush(&n.s), 0);
	stream_run(r);
	CHECK_INT(n.calls, 0);
	while (used < sizeof(bytes)) {
		CHECK(reactor_run_once(r, 0) >= 0);
		k = read(fd[0], got + used, 5000);
		used += k > 0 ? (size_t)k : 0;
	}
	CHECK(memcmp(bytes, got, sizeof(bytes)) == 0);
	stream_run(r);
	CHECK_STR(loop_said(), "RF");
	/* Its reader goes. */
	CHECK(close(fd[0]) == 0);
	CHECK(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	CHECK(reactor_stream_write(&n.s, "x", 1) >= 0);
	noter_until(r, &n, REACTOR_STREAM_ERROR);
	CHECK_INT(n.s.error, EPIPE);
	noter_end(&n);
	CHECK(reactor_close(r) == 0);
}

static void
pipe_write(void)
{
	int fd[2];

	blocking_pipe(fd);
	pipe_write_to(fd);
}

static void
pipe_write_nonblock(void)
{
	int fd[2];

	loop_pipe(fd);
	pipe_write_to(fd);
}

/* Nothing is ever to be read there, and that is not its end. */
static void
pipe_write_only(void)
{
	struct noter n = { 0 };
	struct reactor *r = loop_open();
	int fd[2];
	char byte;

	blocking_pipe(fd);
	noter_start(r, &n, fd[1]);
	CHECK_INT(reactor_stream_write(&n.s, "x", 1), 0);
	CHECK_INT(read(fd[0], &byte, 1), 1);
	stream_run(r);
	CHECK_INT(n.calls, 0);
	noter_end(&n);
	CHECK(close(fd[0]) == 0);
	CHECK(reactor_close(r) == 0);
}

static void
pipe_file(void)
{
	struct noter n = { 0 };
	struct reactor *r = loop_open();
	char name[] = "/tmp/reactor-test-XXXXXX", got[8];
	int fd[2], file = mkstemp(name);

	CHECK(file != -1 && unlink(name) == 0);
	CHECK_INT(write(file, "0123456789", 10), 10);
	blocking_pipe(fd);
	noter_start(r, &n, fd[1]);
	CHECK_INT(reactor_stream_write_file(&n.s, file, 2, 6), 0);
	CHECK_INT(read(fd[0], got, sizeof(got)), 6);
	CHECK(memcmp(got, "234567", 6) == 0);
	noter_end(&n);
	CHECK(close(fd[0]) == 0);
	CHECK(reactor_close(r) == 0);
}

/* ---- Terminals ----------------------------------------------------------- */

static void
terminal(void)
{
	struct noter n = { 0 };
	struct reactor *r = loop_open();
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave, i;
	static char got[200000];
	size_t used = 0, lines = 0, k;
	ssize_t size;

	if (master == -1 || grantpt(master) == -1 || unlockpt(master) == -1)
		SKIP("no pseudo-terminals");
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	CHECK(slave != -1);
	loop_nonblock(master);
	flags_before = fcntl(slave, F_GETFL);
	noter_start(r, &n, slave);
	CHECK_INT(write(master, "a line\n", 7), 7);
	noter_wait(r, &n, 1);
	CHECK_STR(n.got, "a line\n");
	/* More than it takes; each end of a line becomes two bytes. */
	for (i = 0; i < 10000; i++)
		CHECK(reactor_stream_write(&n.s, "eleven ch\n\n", 11) >= 0);
	CHECK(reactor_stream_pending(&n.s) > 0);
	while (lines < 20001) {
		CHECK(reactor_run_once(r, 0) >= 0);
		size = read(master, got + used, sizeof(got) - used);
		for (k = 0; size > 0 && k < (size_t)size; k++)
			lines += got[used + k] == '\n';
		used += size > 0 ? (size_t)size : 0;
	}
	CHECK_INT(reactor_stream_pending(&n.s), 0);
	CHECK_INT(fcntl(slave, F_GETFL), flags_before);
	noter_end(&n);
	CHECK(close(master) == 0);
	CHECK(reactor_close(r) == 0);
}

/* ---- Files --------------------------------------------------------------- */

static void
file(void)
{
	struct noter n = { 0 };
	struct reactor *r = loop_open();
	char name[] = "/tmp/reactor-test-XXXXXX";
	int fd = mkstemp(name), i;

	CHECK(fd != -1 && unlink(name) == 0);
	for (i = 0; i < 5000; i++)
		CHECK_INT(write(fd, "0123456789", 10), 10);
	CHECK_INT(lseek(fd, 0, SEEK_SET), 0);
	noter_start(r, &n, fd);
	noter_until(r, &n, REACTOR_STREAM_END);
	CHECK_INT(n.used, 50000);
	CHECK(reactor_stream_write(&n.s, "more", 4) >= 0);
	stream_run(r);
	CHECK_INT(lseek(fd, 0, SEEK_END), 50004);
	noter_end(&n);
	CHECK(reactor_close(r) == 0);
}

static void
devices(void)
{
	struct noter n = { 0 }, d = { 0 };
	struct reactor *r = loop_open();

	noter_start(r, &n, open("/dev/null", O_RDWR));
	noter_until(r, &n, REACTOR_STREAM_END);
	CHECK(reactor_stream_write(&n.s, "x", 1) >= 0);
	noter_start(r, &d, open("/", O_RDONLY));
	noter_until(r, &d, REACTOR_STREAM_ERROR);
	CHECK_INT(d.s.error, EISDIR);
	noter_end(&d);
	noter_end(&n);
	CHECK(reactor_close(r) == 0);
}

static const struct test tests[] = {
	TEST("a pipe is read", pipe_read),
	TEST("a pipe is written", pipe_write),
	TEST("a non-blocking pipe is written", pipe_write_nonblock),
	TEST("a pipe that is only written", pipe_write_only),
	TEST("a file into a pipe", pipe_file),
	TEST("a terminal", terminal),
	TEST("a file", file),
	TEST("devices and directories", devices),
};

TEST_MAIN(tests)
