/*
 * SPDX-License-Identifier: ISC
 *
 * stream_write.c: streams that write: at once, held, with a peer that reads
 * slowly or not at all; files.
 */
#include <sys/stat.h>
#include "reactor/net/stream.h"
#include "test/stream.h"

/* The system calls that the stream makes to send. */
#ifdef __linux__
#include <sys/sendfile.h>
#include <sys/syscall.h>

static int sends, sendfile_fails;

ssize_t counted_send(int, const void *, size_t, int) __asm__("send");
ssize_t counted_sendmsg(int, const struct msghdr *, int) __asm__("sendmsg");
ssize_t counted_sendfile(int, int, off_t *, size_t) __asm__("sendfile");

ssize_t
counted_send(int fd, const void *bytes, size_t size, int flags)
{
	sends++;
	return syscall(SYS_sendto, fd, bytes, size, flags, NULL, 0);
}

ssize_t
counted_sendmsg(int fd, const struct msghdr *message, int flags)
{
	sends++;
	return syscall(SYS_sendmsg, fd, message, flags);
}

ssize_t
counted_sendfile(int out, int in, off_t *offset, size_t size)
{
	if (sendfile_fails) {
		errno = sendfile_fails;
		return -1;
	}
	return syscall(SYS_sendfile, out, in, offset, size);
}

#define SENDS(n) CHECK_INT(sends, n)
#else
static int sends, sendfile_fails;
#define SENDS(n) (void)(n)
#endif

/* A pattern that no shift of it is like. */
static char
pattern(size_t i)
{
	return (char)((i * 2654435761u) >> 13 ^ i);
}

static char *
bulk(size_t size)
{
	char *bytes = malloc(size);
	size_t i;

	CHECK(bytes != NULL);
	for (i = 0; i < size; i++)
		bytes[i] = pattern(i);
	return bytes;
}

/* Reads at most so much of it at the other side; returns what is read by now. */
static size_t
drain(int fd, size_t at, size_t most)
{
	char bytes[65536];
	ssize_t n, i;

	n = recv(fd, bytes, most < sizeof(bytes) ? most : sizeof(bytes),
	    MSG_DONTWAIT);
	for (i = 0; i < n; i++)
		if (bytes[i] != pattern(at + (size_t)i))
			test_fail("byte %zu is wrong", at + (size_t)i);
	return n > 0 ? at + (size_t)n : at;
}

static void
drain_all(struct reactor *r, int fd, size_t at, size_t size)
{
	int64_t began = test_clock();

	while (at < size) {
		CHECK(reactor_run_once(r, 0) >= 0);
		at = drain(fd, at, 65536);
		if (test_clock() - began > 30 * REACTOR_SECOND)
			test_fail("%zu of %zu bytes came", at, size);
	}
	CHECK_INT(at, size);
	stream_run(r);
	CHECK_INT(drain(fd, at, 1), at);
}

/* ---- At once, and held --------------------------------------------------- */

static void
at_once(void)
{
	struct noter n = { 0 };
	struct reactor *r = loop_open();
	struct iovec v[200];
	int fd[2], i;

	stream_pair(fd);
	noter_start(r, &n, fd[0]);
	CHECK_INT(reactor_stream_write(&n.s, "now", 3), 0);
	CHECK_STR(stream_recv(fd[1], 3), "now");
	CHECK_INT(reactor_stream_write(&n.s, "", 0), 0);
	CHECK_INT(reactor_stream_writev(&n.s, v, 0), 0);
	SENDS(1);
	for (i = 0; i < 200; i++) {
		v[i].iov_base = (char *)(uintptr_t) "abcdef" + i % 3;
		v[i].iov_len = (size_t)(i % 4);
	}
	CHECK_INT(reactor_stream_writev(&n.s, v, 200), 0);
	CHECK_INT(reactor_stream_pending(&n.s), 0);
	CHECK(memcmp(stream_recv(fd[1], 300), "bcdabcbcdcd", 6) == 0);
	v[0].iov_len = v[1].iov_len = SIZE_MAX;
	CHECK_INT(reactor_stream_writev(&n.s, v, 2), -1);
	CHECK_INT(errno, EINVAL);
	stream_run(r);
	CHECK_INT(n.calls, 0);
	noter_end(&n);
	CHECK(close(fd[1]) == 0);
	CHECK(reactor_close(r) == 0);
}

static void
writes_pieces(struct noter *n, unsigned what)
{
	static const struct iovec v[2] = { { (void *)(uintptr_t) "6", 1 },
		{ (void *)(uintptr_t) "7", 1 } };
	char byte;

	if ((what & REACTOR_STREAM_INPUT) == 0)
		return;
	sends = 0;
	for (byte = '0'; byte < '6'; byte++)
		CHECK_INT(reactor_stream_write(&n->s, &byte, 1), 0);
	CHECK_INT(reactor_stream_writev(&n->s, v, 2), 0);
	CHECK_INT(reactor_stream_pending(&n->s), 8);
	SENDS(0);
}

static void
held(void)
{
	struct noter n = { 0 };
	struct reactor *r = loop_open();
	int fd[2];

	stream_pair(fd);
	n.then = writes_pieces;
	noter_start(r, &n, fd[0]);
	stream_send(fd[1], "x");
	noter_wait(r, &n, 1);
	SENDS(1);
	CHECK_STR(stream_recv(fd[1], 8), "01234567");
	noter_end(&n);
	CHECK(close(fd[1]) == 0);
	CHECK(reactor_close(r) == 0);
}

/* More than a piece goes with what was held, at once and without a copy. */
static void
writes_much(struct noter *n, unsigned what)
{
	char *bytes;

	if ((what & REACTOR_STREAM_INPUT) == 0)
		return;
	bytes = bulk(40000);
	sends = 0;
	CHECK_INT(reactor_stream_write(&n->s, bytes, 10), 0);
	CHECK_INT(reactor_stream_write(&n->s, bytes + 10, 39990), 0);
	SENDS(1);
	CHECK_INT(reactor_stream_pending(&n->s), 0);
	free(bytes);
}

static void
held_much(void)
{
	struct noter n = { 0 };
	struct reactor *r = loop_open();
	int fd[2];

	loop_pair(fd);
	n.then = writes_much;
	noter_start(r, &n, fd[0]);
	stream_send(fd[1], "x");
	noter_wait(r, &n, 1);
	SENDS(1);
	drain_all(r, fd[1], 0, 40000);
	noter_end(&n);
	CHECK(close(fd[1]) == 0);
	CHECK(reactor_close(r) == 0);
}

/* What tasks write is held as long as they say. */
static void
held_long(void)
{
	struct noter n = { 0 };
	struct reactor *r = loop_open();
	char *bytes = bulk(40000);
	int fd[2];

	stream_pair(fd);
	noter_start(r, &n, fd[0]);
	reactor__stream_hold(&n.s, 1);
	stream_send(fd[1], "x");
	sends = 0;
	CHECK_INT(reactor_stream_write(&n.s, bytes, 10), 0);
	CHECK_INT(reactor_stream_write(&n.s, bytes + 10, 90), 0);
	noter_wait(r, &n, 1);
	SENDS(0);
	CHECK_INT(reactor_stream_pending(&n.s), 100);
	reactor__stream_hold(&n.s, 0);
	SENDS(1);
	reactor__stream_hold(&n.s, 0);
	SENDS(1);
	reactor__stream_hold(&n.s, 1);
	CHECK_INT(reactor_stream_write(&n.s, bytes + 100, 39900), 0);
	SENDS(2);
	drain_all(r, fd[1], 0, 40000);
	CHECK_INT(reactor_stream_write(&n.s, bytes, 5), 0);
	noter_end(&n);
	SENDS(3);
	CHECK_INT(drain(fd[1], 0, 10), 5);
	free(bytes);
	CHECK(close(fd[1]) == 0);
	CHECK(reactor_close(r) == 0);
}

static void
writes_and_closes(struct noter *n, unsigned what)
{
	(void)what;
	CHECK_INT(reactor_stream_write(&n->s, "bye", 3), 0);
	reactor_stream_close(&n->s);
	reactor_stream_close(&n->s);
}

static void
write_and_close(void)
{
	struct noter n = { 0 };
	struct reactor *r = loop_open();
	char byte;
	int fd[2];

	stream_pair(fd);
	n.then = writes_and_closes;
	noter_start(r, &n, fd[0]);
	stream_send(fd[1], "x");
	CHECK_INT(reactor_run(r), 0);
	CHECK_STR(stream_recv(fd[1], 3), "bye");
	CHECK_INT(recv(fd[1], &byte, 1, 0), 0);
	CHECK_INT(n.s.fd, -1);
	free(n.got);
	CHECK(close(fd[1]) == 0);
	CHECK(reactor_close(r) == 0);
}

/* ---- A peer that does not read ------------------------------------------- */

static void
marks(void)
{
	struct noter n = { 0 };
	struct reactor *r = loop_open();
	size_t written = 0, at = 0;
	char *bytes = bulk(4 << 20);
	int fd[2];

	stream_pair(fd);
	stream_small(fd[0], 8192);
	stream_small(fd[1], 8192);
	n.s.high = 100000;
	n.s.low = 30000;
	noter_start(r, &n, fd[0]);
	while (reactor_stream_write(&n.s, bytes + written, 1000) == 0)
		written += 1000;
	written += 1000;
	CHECK(reactor_stream_pending(&n.s) > 100000);
	CHECK(reactor_stream_pending(&n.s) <= 101000);
	stream_run(r);
	CHECK_STR(loop_said(), "");
	while (reactor_stream_pending(&n.s) > 30000) {
		CHECK_INT(n.calls, 0);
		at = drain(fd[1], at, 100);
		CHECK(reactor_run_once(r, 0) >= 0);
	}
	stream_run(r);
	CHECK_STR(loop_said(), "R");
	/* Written in the meantime, it stands behind. */
	CHECK_INT(reactor_stream_write(&n.s, bytes + written, 5000), 0);
	CHECK_INT(reactor_stream_pending(&n.s) > 5000, 1);
	CHECK_INT(reactor_stream_flush(&n.s), 0);
	drain_all(r, fd[1], at, written + 5000);
	CHECK_STR(loop_said(), "F");
	CHECK_INT(reactor_stream_pending(&n.s), 0);
	noter_end(&n);
	free(bytes);
	CHECK(close(fd[1]) == 0);
	CHECK(reactor_close(r) == 0);
}

/* A writer that obeys needs no more memory than it was given. */
static void
obeys(struct noter *n, unsigned what)
{
	static char bytes[3000];

	if (what & (REACTOR_STREAM_INPUT | REACTOR_STREAM_ROOM))
		while (reactor_stream_write(&n->s, bytes, sizeof(bytes)) == 0)
			if ((n->used += sizeof(bytes)) > 3000000)
				break;
	CHECK(reactor_stream_pending(&n->s) <= 65536 + sizeof(bytes));
}

static void
bounded(void)
{
	struct noter n = { 0 };
	struct reactor *r = loop_open();
	static char bytes[30000];
	int64_t began = test_clock();
	int fd[2];

	stream_pair(fd);
	n.then = obeys;
	n.keep = 1;
	noter_start(r, &n, fd[0]);
	stream_send(fd[1], "x");
	while (n.used <= 3000000 || reactor_stream_pending(&n.s) > 0) {
		CHECK(reactor_run_once(r, REACTOR_MILLISECOND) >= 0);
		(void)recv(fd[1], bytes, sizeof(bytes), MSG_DONTWAIT);
		if (test_clock() - began > 40 * REACTOR_SECOND)
			test_fail("%zu written", n.used);
	}
	noter_end(&n);
	CHECK(close(fd[1]) == 0);
	CHECK(reactor_close(r) == 0);
}

/* While it waits, nothing turns in vain. */
static void
blocked(void)
{
	struct noter n = { 0 };
	struct reactor *r = loop_open();
	struct reactor_statistics before, after;
	char *bytes = bulk(8 << 20);
	int fd[2], i;

	stream_pair(fd);
	noter_start(r, &n, fd[0]);
	CHECK_INT(reactor_stream_write(&n.s, bytes, 8 << 20), 1);
	stream_run(r);
	reactor_stats(r, &before);
	for (i = 0; i < 5; i++)
		CHECK(reactor_run_once(r, 10 * LOOP_MS) >= 0);
	reactor_stats(r, &after);
	CHECK_INT(after.handlers, before.handlers);
	drain_all(r, fd[1], 0, 8 << 20);
	noter_end(&n);
	free(bytes);
	CHECK(close(fd[1]) == 0);
	CHECK(reactor_close(r) == 0);
}

/* ---- flush and shutdown -------------------------------------------------- */

static void
flushes(struct noter *n, unsigned what)
{
	if ((what & REACTOR_STREAM_INPUT) == 0)
		return;
	CHECK_INT(reactor_stream_write(&n->s, "a", 1), 0);
	sends = 0;
	CHECK_INT(reactor_stream_flush(&n->s), 0);
	SENDS(1);
	CHECK_INT(reactor_stream_pending(&n->s), 0);
}

static void
flush(void)
{
	struct noter n = { 0 };
	struct reactor *r = loop_open();
	int fd[2];

	stream_pair(fd);
	n.then = flushes;
	noter_start(r, &n, fd[0]);
	CHECK_INT(reactor_stream_flush(&n.s), 0);
	CHECK_INT(n.calls, 0);
	noter_wait(r, &n, 1);
	stream_run(r);
	CHECK_STR(loop_said(), "F");
	stream_send(fd[1], "x");
	noter_wait(r, &n, 3);
	stream_run(r);
	CHECK_STR(loop_said(), "IF");
	noter_end(&n);
	CHECK(close(fd[1]) == 0);
	CHECK(reactor_close(r) == 0);
}

static void
shuts(void)
{
	struct noter n = { 0 };
	struct reactor *r = loop_open();
	char *bytes = bulk(4 << 20), byte;
	int fd[2];

	stream_pair(fd);
	noter_start(r, &n, fd[0]);
	CHECK_INT(reactor_stream_write(&n.s, bytes, 4 << 20), 1);
	CHECK_INT(reactor_stream_shutdown(&n.s), 0);
	CHECK_INT(reactor_stream_shutdown(&n.s), 0);
	CHECK_INT(reactor_stream_write(&n.s, "x", 1), -1);
	CHECK_INT(errno, EPIPE);
	CHECK_INT(reactor_stream_flush(&n.s), 0);
	drain_all(r, fd[1], 0, 4 << 20);
	CHECK_INT(recv(fd[1], &byte, 1, 0), 0);
	CHECK_STR(loop_said(), "RF");
	/* Input goes on. */
	stream_send(fd[1], "still here");
	noter_until(r, &n, REACTOR_STREAM_INPUT);
	CHECK_STR(n.got, "still here");
	CHECK(close(fd[1]) == 0);
	noter_until(r, &n, REACTOR_STREAM_END);
	noter_end(&n);
	free(bytes);
	CHECK_INT(reactor_run(r), 0);
	CHECK(reactor_close(r) == 0);
}

static void
writes_and_shuts(struct noter *n, unsigned what)
{
	if ((what & REACTOR_STREAM_INPUT) == 0)
		return;
	CHECK_INT(reactor_stream_write(&n->s, "bye", 3), 0);
	CHECK_INT(reactor_stream_shutdown(&n->s), 0);
}

static void
shuts_held(void)
{
	struct noter n = { 0 };
	struct reactor *r = loop_open();
	char byte;
	int fd[2];

	stream_pair(fd);
	n.then = writes_and_shuts;
	noter_start(r, &n, fd[0]);
	stream_send(fd[1], "x");
	noter_wait(r, &n, 1);
	CHECK_STR(stream_recv(fd[1], 3), "bye");
	CHECK_INT(recv(fd[1], &byte, 1, 0), 0);
	noter_end(&n);
	CHECK(close(fd[1]) == 0);
	CHECK(reactor_close(r) == 0);
}

/* ---- Files --------------------------------------------------------------- */

static int
file_of(size_t size)
{
	char name[] = "/tmp/reactor-test-XXXXXX", *bytes = bulk(size + 1);
	int fd = mkstemp(name);

	CHECK(fd != -1);
	CHECK(unlink(name) == 0);
	CHECK_INT(write(fd, bytes, size), (intmax_t)size);
	free(bytes);
	return fd;
}

static int
is_open(int fd)
{
	return fcntl(fd, F_GETFD) != -1;
}

static void
file_whole(size_t size)
{
	struct noter n = { 0 };
	struct reactor *r = loop_open();
	int fd[2], file = file_of(size);
	char *bytes = bulk(size + 10);

	stream_pair(fd);
	noter_start(r, &n, fd[0]);
	CHECK(reactor_stream_write_file(&n.s, file, 0, (int64_t)size) >= 0);
	CHECK(reactor_stream_write(&n.s, bytes + size, 10) >= 0);
	CHECK_INT(reactor_stream_flush(&n.s), 0);
	drain_all(r, fd[1], 0, size + 10);
	CHECK(!is_open(file));
	CHECK_INT(n.what & REACTOR_STREAM_FLUSHED, REACTOR_STREAM_FLUSHED);
	noter_end(&n);
	free(bytes);
	CHECK(close(fd[1]) == 0);
	CHECK(reactor_close(r) == 0);
}

static void
files(void)
{
	file_whole(0);
	file_whole(1);
	file_whole(100000);
	file_whole(5 << 20);
}

static void
files_copied(void)
{
	static const int errors[] = { EINVAL, ENOSYS, EOPNOTSUPP };
	size_t i;

	for (i = 0; i < 3; i++) {
		sendfile_fails = errors[i];
		files();
	}
}

/* A socket that its owner left blocking is not waited for. */
static void
files_blocking(void)
{
	struct noter n = { 0 };
	struct reactor *r = loop_open();
	int fd[2], file = file_of(5 << 20);

	stream_pair(fd);
	CHECK(fcntl(fd[0], F_SETFL, 0) == 0);
	noter_start(r, &n, fd[0]);
	CHECK_INT(reactor_stream_write_file(&n.s, file, 0, 5 << 20), 1);
	drain_all(r, fd[1], 0, 5 << 20);
	CHECK_INT(fcntl(fd[0], F_GETFL) & O_NONBLOCK, 0);
	noter_end(&n);
	CHECK(close(fd[1]) == 0);
	CHECK(reactor_close(r) == 0);
}

static void
writes_parts(struct noter *n, unsigned what)
{
	char *bytes;
	int file;

	if ((what & REACTOR_STREAM_INPUT) == 0)
		return;
	file = file_of(9000);
	bytes = bulk(9000);
	CHECK_INT(reactor_stream_write(&n->s, bytes, 1000), 0);
	CHECK_INT(reactor_stream_write_file(&n->s, dup(file), 1000, 500), 0);
	CHECK_INT(reactor_stream_write(&n->s, bytes + 1500, 500), 0);
	CHECK_INT(reactor_stream_write_file(&n->s, dup(file), 2000, 0), 0);
	CHECK_INT(reactor_stream_write_file(&n->s, dup(file), 2000, 3000), 0);
	CHECK_INT(reactor_stream_write_file(&n->s, file, 5000, 3500), 0);
	CHECK_INT(reactor_stream_write(&n->s, bytes + 8500, 500), 0);
	free(bytes);
}

static void
file_parts(void)
{
	struct noter n = { 0 };
	struct reactor *r = loop_open();
	int fd[2];

	stream_pair(fd);
	n.then = writes_parts;
	noter_start(r, &n, fd[0]);
	stream_send(fd[1], "x");
	noter_wait(r, &n, 1);
	drain_all(r, fd[1], 0, 9000);
	noter_end(&n);
	CHECK(close(fd[1]) == 0);
	CHECK(reactor_close(r) == 0);
}

static void
file_refused(void)
{
	struct noter n = { 0 };
	struct reactor *r = loop_open();
	int fd[2], file = file_of(10);

	stream_pair(fd);
	CHECK_INT(reactor_stream_write_file(&n.s, file, 0, 10), -1);
	CHECK_INT(errno, EBADF);
	noter_start(r, &n, fd[0]);
	CHECK_INT(reactor_stream_write_file(&n.s, -1, 0, 10), -1);
	CHECK_INT(errno, EBADF);
	CHECK_INT(reactor_stream_write_file(&n.s, fd[1], 0, 10), -1);
	CHECK_INT(errno, EINVAL);
	CHECK_INT(reactor_stream_write_file(&n.s, file, -1, 10), -1);
	CHECK_INT(reactor_stream_write_file(&n.s, file, 0, -1), -1);
	CHECK_INT(reactor_stream_write_file(&n.s, file, INT64_MAX, 1), -1);
	CHECK_INT(errno, EINVAL);
	CHECK(is_open(file));
	CHECK(close(file) == 0);
	noter_end(&n);
	CHECK(close(fd[1]) == 0);
	CHECK(reactor_close(r) == 0);
}

static void
file_short(void)
{
	struct noter n = { 0 };
	struct reactor *r = loop_open();
	int fd[2], file = file_of(100);

	stream_pair(fd);
	noter_start(r, &n, fd[0]);
	CHECK_INT(reactor_stream_write_file(&n.s, file, 0, 101), 0);
	noter_until(r, &n, REACTOR_STREAM_ERROR);
	CHECK_INT(n.s.error, EIO);
	CHECK(!is_open(file));
	CHECK_INT(drain(fd[1], 0, 1000), 100);
	noter_end(&n);
	CHECK(close(fd[1]) == 0);
	CHECK(reactor_close(r) == 0);
}

static void
file_short_copied(void)
{
	sendfile_fails = EINVAL;
	file_short();
}

static void
file_stopped(void)
{
	struct noter n = { 0 };
	struct reactor *r = loop_open();
	int fd[2], file = file_of(8 << 20), other = file_of(10);

	stream_pair(fd);
	noter_start(r, &n, fd[0]);
	CHECK_INT(reactor_stream_write_file(&n.s, file, 0, 8 << 20), 1);
	CHECK_INT(reactor_stream_write_file(&n.s, other, 0, 10), 1);
	stream_run(r);
	CHECK(drain(fd[1], 0, 100000) > 0);
	CHECK(is_open(file) && is_open(other));
	reactor_stream_stop(&n.s);
	CHECK(!is_open(file) && !is_open(other));
	noter_end(&n);
	CHECK(close(fd[1]) == 0);
	CHECK(reactor_close(r) == 0);
}

/* sendfile(2) raises SIGPIPE: nobody is to see that, nor lose one of his own. */
static void
file_peer_dies(int own)
{
	struct noter n = { 0 };
	struct reactor *r = loop_open();
	int fd[2], file = file_of(8 << 20);
	sigset_t mask, pending;

	stream_pair(fd);
	noter_start(r, &n, fd[0]);
	CHECK_INT(reactor_stream_write_file(&n.s, file, 0, 8 << 20), 1);
	stream_run(r);
	CHECK(drain(fd[1], 0, 1000) > 0);
	CHECK(close(fd[1]) == 0);
	noter_until(r, &n, REACTOR_STREAM_ERROR);
	CHECK(n.s.error == EPIPE || n.s.error == ECONNRESET);
	CHECK(!is_open(file));
	CHECK(sigprocmask(SIG_BLOCK, NULL, &mask) == 0);
	CHECK_INT(sigismember(&mask, SIGPIPE), own);
	CHECK(sigpending(&pending) == 0);
	CHECK_INT(sigismember(&pending, SIGPIPE), own);
	noter_end(&n);
	CHECK(reactor_close(r) == 0);
}

static void
file_pipe_signal(void)
{
	sigset_t pipe;

	file_peer_dies(0);
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	CHECK(sigprocmask(SIG_BLOCK, &pipe, NULL) == 0);
	CHECK(raise(SIGPIPE) == 0);
	file_peer_dies(1);
}

static const struct test tests[] = {
	STREAM_BOTH("at once", at_once),
	STREAM_BOTH("held in the callback", held),
	TEST("much in the callback", held_much),
	TEST("held for long", held_long),
	STREAM_BOTH("written, then closed", write_and_close),
	STREAM_BOTH("marks", marks),
	STREAM_BOTH("bounded", bounded),
	STREAM_BOTH("blocked", blocked),
	STREAM_BOTH("flush", flush),
	STREAM_BOTH("shutdown", shuts),
	STREAM_BOTH("shutdown in the callback", shuts_held),
	STREAM_BOTH("files", files),
	STREAM_BOTH("files, copied", files_copied),
	STREAM_BOTH("files, to a blocking socket", files_blocking),
	STREAM_BOTH("parts of files among bytes", file_parts),
	TEST("no file", file_refused),
	STREAM_BOTH("a file that is too short", file_short),
	TEST("the same, copied", file_short_copied),
	TEST("stopped in the middle of a file", file_stopped),
	STREAM_BOTH("the peer dies in the middle of a file", file_pipe_signal),
};

TEST_MAIN(tests)
