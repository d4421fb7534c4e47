/*
 * SPDX-License-Identifier: ISC
 *
 * truth.c: what handlers are told of descriptors in every state that they can
 * be in, with interest in READ, in WRITE, and in both.
 *
 * The states and the answers are those of Linux.  poll and epoll agree in all
 * of them.  The other two see less:
 *
 *   select  knows no hang-up and no error.  A direction is ready if a call
 *           would not block, so a reader is told of the end of its pipe, and
 *           nobody can write to a reading end.
 *   kqueue  (here: the emulation) asks for each direction on its own.  The BSDs
 *           refuse to watch the reading end of a broken pipe for writing, which
 *           shows as an error in it; a socket never connected is ready for
 *           nothing.
 */
#ifdef __linux__
#include <arpa/inet.h>
#include <limits.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include "test/loop.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

#define R REACTOR_READ
#define W REACTOR_WRITE
#define E REACTOR_ERROR
#define H REACTOR_HANGUP

static int tr_more[8], tr_mores; /* what a row also opened */

static int
tr_keep(int fd)
{
	CHECK(fd != -1);
	CHECK(tr_mores < 8);
	tr_more[tr_mores++] = fd;
	return fd;
}

static void
tr_fill(int fd)
{
	static const char bytes[4096];

	while (write(fd, bytes, sizeof(bytes)) > 0)
		continue;
	while (write(fd, bytes, 1) > 0)
		continue;
	CHECK_INT(errno, EAGAIN);
}

/* ---- Pipes --------------------------------------------------------------- */

static int
pipe_end_data(void)
{
	int fd[2];

	loop_pipe(fd);
	loop_put(fd[1]);
	CHECK(close(fd[1]) == 0);
	return fd[0];
}

static int
pipe_end(void)
{
	int fd[2];

	loop_pipe(fd);
	CHECK(close(fd[1]) == 0);
	return fd[0];
}

static int
pipe_broken(void)
{
	int fd[2];

	loop_pipe(fd);
	CHECK(close(fd[0]) == 0);
	return fd[1];
}

static int
pipe_broken_full(void)
{
	int fd[2];

	loop_pipe(fd);
	tr_fill(fd[1]);
	CHECK(close(fd[0]) == 0);
	return fd[1];
}

static int
pipe_full(void)
{
	int fd[2];

	loop_pipe(fd);
	tr_keep(fd[0]);
	tr_fill(fd[1]);
	return fd[1];
}

static int
tr_fifo(int visited)
{
	char directory[] = "/tmp/reactor-test-XXXXXX", name[64];
	int fd;

	CHECK(mkdtemp(directory) != NULL);
	snprintf(name, sizeof(name), "%s/fifo", directory);
	CHECK(mkfifo(name, 0600) == 0);
	CHECK((fd = open(name, O_RDONLY | O_NONBLOCK)) != -1);
	if (visited)
		CHECK(close(open(name, O_WRONLY | O_NONBLOCK)) == 0);
	CHECK(unlink(name) == 0);
	CHECK(rmdir(directory) == 0);
	return fd;
}

static int
fifo_new(void)
{
	return tr_fifo(0);
}

static int
fifo_left(void)
{
	return tr_fifo(1);
}

/* ---- TCP ----------------------------------------------------------------- */

static int
tr_socket(int type)
{
	int fd = socket(AF_INET, type, 0);

	if (fd == -1)
		SKIP("no sockets");
	loop_nonblock(fd);
	return fd;
}

static struct sockaddr_in
tr_bind(int fd)
{
	struct sockaddr_in address;
	socklen_t length = sizeof(address);

	memset(&address, 0, sizeof(address));
	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)&address, length) == -1)
		SKIP("no loopback");
	CHECK(getsockname(fd, (struct sockaddr *)&address, &length) == 0);
	return address;
}

static int
tr_connect(int fd, const struct sockaddr_in *to)
{
	return connect(fd, (const struct sockaddr *)to, sizeof(*to));
}

static void
tr_wait(int fd, int events)
{
	struct pollfd p = { fd, (short)events, 0 };

	CHECK_INT(poll(&p, 1, 5000), 1);
}

/* Two connected ends. */
static void
tr_tcp(int fd[2])
{
	int listener = tr_socket(SOCK_STREAM);
	struct sockaddr_in address = tr_bind(listener);

	CHECK(listen(listener, 1) == 0);
	fd[0] = tr_socket(SOCK_STREAM);
	if (tr_connect(fd[0], &address) == -1)
		CHECK_INT(errno, EINPROGRESS);
	tr_wait(listener, POLLIN);
	CHECK((fd[1] = accept(listener, NULL, NULL)) != -1);
	loop_nonblock(fd[1]);
	CHECK(close(listener) == 0);
	tr_wait(fd[0], POLLOUT);
}

static int
tcp_new(void)
{
	return tr_socket(SOCK_STREAM);
}

static int
tcp_bound(void)
{
	int fd = tr_socket(SOCK_STREAM);

	(void)tr_bind(fd);
	return fd;
}

static int
tcp_listening(void)
{
	int fd = tcp_bound();

	CHECK(listen(fd, 1) == 0);
	return fd;
}

static int
tcp_pending(void)
{
	int fd = tr_socket(SOCK_STREAM);
	struct sockaddr_in address = tr_bind(fd);

	CHECK(listen(fd, 1) == 0);
	(void)tr_connect(tr_keep(tr_socket(SOCK_STREAM)), &address);
	tr_wait(fd, POLLIN);
	return fd;
}

/* The queue of the listener is full: nobody answers the last. */
static int
tcp_connecting(void)
{
	int listener = tr_keep(tr_socket(SOCK_STREAM)), fd = -1, i;
	struct sockaddr_in address = tr_bind(listener);
	struct pollfd p = { 0, POLLOUT, 0 };

	CHECK(listen(listener, 0) == 0);
	for (i = 0; i < 6; i++) {
		fd = tr_socket(SOCK_STREAM);
		if (tr_connect(fd, &address) == -1)
			CHECK_INT(errno, EINPROGRESS);
		p.fd = fd;
		if (poll(&p, 1, 20) == 0)
			return fd;
		tr_keep(fd);
	}
	SKIP("every connection is accepted");
}

static int
tcp_refused(void)
{
	int fd = tr_socket(SOCK_STREAM), other = tr_keep(tcp_new());
	struct sockaddr_in address = tr_bind(other);

	CHECK_INT(tr_connect(fd, &address), -1);
	if (errno != EINPROGRESS)
		CHECK_INT(errno, ECONNREFUSED);
	tr_wait(fd, POLLOUT);
	return fd;
}

static int
tcp_half_closed(void)
{
	int fd[2];

	tr_tcp(fd);
	CHECK(shutdown(tr_keep(fd[1]), SHUT_WR) == 0);
	tr_wait(fd[0], POLLIN);
	return fd[0];
}

static int
tcp_half_closed_full(void)
{
	int fd[2];

	tr_tcp(fd);
	tr_fill(fd[0]);
	CHECK(shutdown(tr_keep(fd[1]), SHUT_WR) == 0);
	tr_wait(fd[0], POLLIN);
	return fd[0];
}

static int
tcp_both_shut(void)
{
	int fd[2];

	tr_tcp(fd);
	CHECK(shutdown(tr_keep(fd[1]), SHUT_WR) == 0);
	CHECK(shutdown(fd[0], SHUT_WR) == 0);
	tr_wait(fd[0], POLLHUP);
	return fd[0];
}

static int
tcp_shut_write(void)
{
	int fd[2];

	tr_tcp(fd);
	tr_keep(fd[1]);
	CHECK(shutdown(fd[0], SHUT_WR) == 0);
	return fd[0];
}

static int
tcp_shut_read(void)
{
	int fd[2];

	tr_tcp(fd);
	tr_keep(fd[1]);
	CHECK(shutdown(fd[0], SHUT_RD) == 0);
	return fd[0];
}

static int
tcp_reset(void)
{
	struct linger at_once = { 1, 0 };
	int fd[2];

	tr_tcp(fd);
	loop_put(fd[1]);
	tr_wait(fd[0], POLLIN);
	CHECK(setsockopt(fd[1], SOL_SOCKET, SO_LINGER, &at_once,
		  sizeof(at_once)) == 0);
	CHECK(close(fd[1]) == 0);
	tr_wait(fd[0], POLLHUP);
	return fd[0];
}

static int
tcp_urgent(void)
{
	int fd[2];

	tr_tcp(fd);
	CHECK_INT(send(tr_keep(fd[1]), "!", 1, MSG_OOB), 1);
	tr_wait(fd[0], POLLPRI);
	return fd[0];
}

/* ---- UNIX and UDP -------------------------------------------------------- */

static int
unix_idle(void)
{
	int fd[2];

	loop_pair(fd);
	tr_keep(fd[1]);
	return fd[0];
}

static int
unix_closed(void)
{
	int fd[2];

	loop_pair(fd);
	CHECK(close(fd[1]) == 0);
	return fd[0];
}

static int
unix_closed_data(void)
{
	int fd[2];

	loop_pair(fd);
	loop_put(fd[1]);
	CHECK(close(fd[1]) == 0);
	return fd[0];
}

static int
unix_closed_unread(void)
{
	int fd[2];

	loop_pair(fd);
	loop_put(fd[0]);
	CHECK(close(fd[1]) == 0);
	return fd[0];
}

static int
unix_half_closed(void)
{
	int fd[2];

	loop_pair(fd);
	CHECK(shutdown(tr_keep(fd[1]), SHUT_WR) == 0);
	return fd[0];
}

static int
unix_datagram_closed(void)
{
	int fd[2];

	CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, fd) == 0);
	CHECK(close(fd[1]) == 0);
	return fd[0];
}

static int
udp_refused(void)
{
	int fd = tr_socket(SOCK_DGRAM), other = tr_socket(SOCK_DGRAM);
	struct sockaddr_in address = tr_bind(other);

	CHECK(close(other) == 0);
	CHECK(tr_connect(fd, &address) == 0);
	CHECK_INT(send(fd, "x", 1, 0), 1);
	tr_wait(fd, POLLERR);
	return fd;
}

/* ---- Others -------------------------------------------------------------- */

static int
regular_file(void)
{
	char name[] = "/tmp/reactor-test-XXXXXX";
	int fd = mkstemp(name);

	CHECK(fd != -1);
	CHECK(unlink(name) == 0);
	return fd;
}

static int
directory(void)
{
	return open("/", O_RDONLY);
}

static int
dev_null(void)
{
	return open("/dev/null", O_RDWR);
}

static int
dev_zero(void)
{
	return open("/dev/zero", O_RDWR);
}

static void
tr_pty(int fd[2])
{
	if ((fd[0] = posix_openpt(O_RDWR | O_NOCTTY)) == -1)
		SKIP("no pseudo terminals");
	CHECK(grantpt(fd[0]) == 0);
	CHECK(unlockpt(fd[0]) == 0);
	CHECK((fd[1] = open(ptsname(fd[0]), O_RDWR | O_NOCTTY)) != -1);
	loop_nonblock(fd[0]);
	loop_nonblock(fd[1]);
}

static int
pty_slave_left(void)
{
	int fd[2];

	tr_pty(fd);
	CHECK(close(fd[0]) == 0);
	return fd[1];
}

static int
pty_master_left(void)
{
	int fd[2];

	tr_pty(fd);
	CHECK(close(fd[1]) == 0);
	return fd[0];
}

static int
event_full(void)
{
	uint64_t most = UINT64_MAX - 1;
	int fd = eventfd(0, EFD_NONBLOCK);

	if (fd == -1)
		SKIP("no eventfd");
	CHECK_INT(write(fd, &most, sizeof(most)), sizeof(most));
	return fd;
}

static int
process_ended(void)
{
	pid_t pid = fork();
	siginfo_t info;
	int fd;

	if (pid == 0)
		_exit(0);
	if ((fd = (int)syscall(SYS_pidfd_open, pid, 0)) == -1)
		SKIP("no pidfd");
	while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == -1)
		continue;
	return fd;
}

static int
epoll_ready(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	int fd = epoll_create1(0), p[2];

	CHECK(fd != -1);
	loop_pipe(p);
	loop_put(tr_keep(p[1]));
	CHECK(epoll_ctl(fd, EPOLL_CTL_ADD, tr_keep(p[0]), &event) == 0);
	return fd;
}

/* ---- The table ----------------------------------------------------------- */

/*
 * What poll and epoll say of it, what select says, and what kqueue says to a
 * handler of each direction; hints of kqueue's are not compared.
 */
struct truth {
	unsigned full, select, kqueue;
	int (*make)(void);
};

static const struct truth *
tr_row(void)
{
	return test_case->data;
}

/* What a handler with this interest is told. */
static unsigned
tr_expected(struct reactor *r, unsigned wanted)
{
	if (loop_is(r, "select"))
		return tr_row()->select & wanted;
	if (loop_is(r, "kqueue"))
		return tr_row()->kqueue & wanted;
	return tr_row()->full & (wanted | E | H);
}

static void
tr_look(struct reactor *r, int fd, unsigned wanted)
{
	unsigned expected = tr_expected(r, wanted), told;
	struct loop_io io;
	int turn;

	loop_watch(r, &io, fd, wanted);
	/* A change may be told late, and must be told again. */
	for (turn = 0; turn < 3; turn++) {
		io.ready = 0;
		CHECK(reactor_run_once(r,
			  turn == 0      ? 0
			      : expected ? LOOP_MS
					 : 0) >= 0);
	}
	told = loop_is(r, "kqueue") ? io.ready & ~(E | H) : io.ready;
	if (told != expected)
		test_fail("interest %#x: told %#x, not %#x", wanted, io.ready,
		    expected);
	reactor_io_stop(r, &io.io);
	/* Nothing is heard of it any more, not even a hang-up. */
	CHECK_INT(reactor_run_once(r, 0), 0);
}

static void
truth(void)
{
	struct reactor *r = loop_open();
	int fd = tr_row()->make();

	CHECK(fd != -1);
	tr_look(r, fd, R);
	tr_look(r, fd, W);
	tr_look(r, fd, R | W);
	CHECK(reactor_close(r) == 0);
	CHECK(close(fd) == 0);
	while (tr_mores > 0)
		CHECK(close(tr_more[--tr_mores]) == 0);
}

/* A reader and a writer side by side are told their own. */
static void
both_handlers(void)
{
	struct reactor *r = loop_open();
	struct loop_io reader, writer;
	int fd = tr_row()->make(), turn;

	loop_watch(r, &reader, fd, R);
	loop_watch(r, &writer, fd, W);
	for (turn = 0; turn < 3; turn++)
		CHECK(reactor_run_once(r, 0) >= 0);
	CHECK_INT(reader.ready & (R | W), tr_expected(r, R) & (R | W));
	CHECK_INT(writer.ready & (R | W), tr_expected(r, W) & (R | W));
	CHECK(reactor_close(r) == 0);
	CHECK(close(fd) == 0);
}

static void
urgent(void)
{
	struct reactor *r = loop_open();
	struct loop_io io;
	int fd;

	if ((r->backend->interests & REACTOR_URGENT) == 0) {
		CHECK(reactor_close(r) == 0);
		SKIP("not on this backend");
	}
	fd = tcp_urgent();
	loop_watch(r, &io, fd, REACTOR_URGENT);
	CHECK(reactor_run_once(r, 0) >= 0);
	CHECK(reactor_run_once(r, 0) >= 0);
	CHECK_INT(io.ready, REACTOR_URGENT);
	CHECK(reactor_close(r) == 0);
	CHECK(close(fd) == 0);
	CHECK(close(tr_more[0]) == 0);
}

static const struct test tests[] = {
#define ROW(name, full, select, kqueue, make)         \
	{                                             \
		name, truth, 0, &(const struct truth) \
		{                                     \
			full, select, kqueue, make    \
		}                                     \
	}
	/* clang-format off */
	ROW("pipe: data, writer gone",        R|W|H,   R,   R|W,  pipe_end_data),
	ROW("pipe: empty, writer gone",       R|W|H,   R,   R|W,  pipe_end),
	ROW("pipe: room, reader gone",        R|W|E,   R|W, R|W, pipe_broken),
	ROW("pipe: full, reader gone",        R|W|E,   R|W, R|W, pipe_broken_full),
	ROW("pipe: full",                     0,       0,   0,   pipe_full),
	ROW("fifo: no writer yet",            0,       0,   0,   fifo_new),
	ROW("fifo: writer gone",              R|W|H,   R,   R|W,  fifo_left),
	ROW("tcp: new",                       R|W|H,   R|W, 0,   tcp_new),
	ROW("tcp: bound",                     R|W|H,   R|W, 0,   tcp_bound),
	ROW("tcp: listening",                 0,       0,   0,   tcp_listening),
	ROW("tcp: a connection to accept",    R,       R,   R,   tcp_pending),
	ROW("tcp: connecting",                0,       0,   0,   tcp_connecting),
	ROW("tcp: refused",                   R|W|E|H, R|W, R|W, tcp_refused),
	ROW("tcp: peer shut writing",         R|W,     R|W, R|W, tcp_half_closed),
	ROW("tcp: the same, and full",        R,       R,   R,   tcp_half_closed_full),
	ROW("tcp: both shut writing",         R|W|H,   R|W, R|W, tcp_both_shut),
	ROW("tcp: we shut writing",           W,       W,   W,   tcp_shut_write),
	ROW("tcp: we shut reading",           R|W,     R|W, R|W, tcp_shut_read),
	ROW("tcp: data, then reset",          R|W|E|H, R|W, R|W, tcp_reset),
	ROW("tcp: urgent data",               W,       W,   W,   tcp_urgent),
	ROW("unix: idle",                     W,       W,   W,   unix_idle),
	ROW("unix: peer closed",              R|W|H,   R|W, R|W, unix_closed),
	ROW("unix: data, peer closed",        R|W|H,   R|W, R|W, unix_closed_data),
	ROW("unix: peer closed, not having read",
					      R|W|E|H, R|W, R|W, unix_closed_unread),
	ROW("unix: peer shut writing",        R|W,     R|W, R|W, unix_half_closed),
	ROW("unix datagram: peer closed",     W,       W,   W,   unix_datagram_closed),
	ROW("udp: refused",                   R|W|E,   R|W, R|W, udp_refused),
	ROW("regular file",                   R|W,     R|W, R|W, regular_file),
	ROW("directory",                      R|W,     R|W, R|W, directory),
	ROW("/dev/null",                      R|W,     R|W, R|W, dev_null),
	ROW("/dev/zero",                      R|W,     R|W, R|W, dev_zero),
	ROW("pty: master closed",             R|W|E|H, R|W, R|W, pty_slave_left),
	ROW("pty: slave closed",              R|W|H,   R|W, R|W, pty_master_left),
	ROW("eventfd: full",                  R,       R,   R,   event_full),
	ROW("pidfd: ended",                   R,       R,   R,   process_ended),
	ROW("epoll: something ready",         R,       R,   R,   epoll_ready),
	{ "two handlers: peer closed", both_handlers, 0,
	    &(const struct truth){ R|W|H, R|W, R|W, unix_closed } },
	{ "two handlers: pipe, reader gone", both_handlers, 0,
	    &(const struct truth){ R|W|E, R|W, R|W, pipe_broken } },
	TEST("interest in urgent data", urgent),
	/* clang-format on */
};

TEST_MAIN(tests)
#else
#include "test.h"

static void
elsewhere(void)
{
	SKIP("the table is that of Linux");
}

static const struct test tests[] = {
	TEST("truth", elsewhere),
};

TEST_MAIN(tests)
#endif
