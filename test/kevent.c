/*
 * SPDX-License-Identifier: ISC
 *
 * kevent.c: tests that the emulated kevent(2) reports as those of the BSDs do.
 */
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include "test/kevent.h"

static void
errors(void)
{
	struct kevent c[3];
	int fd[2];

	open_pipe(fd);
	put(fd[1], 1);
	CHECK_INT(change(fd[0], EVFILT_READ, EV_ADD), 0);
	EV_SET(&c[0], 1000, EVFILT_READ, EV_ADD, 0, 0, c);
	EV_SET(&c[1], fd[1], EVFILT_READ, EV_DELETE, 0, 0, c + 1);
	EV_SET(&c[2], fd[1], EVFILT_WRITE, EV_ADD, 0, 0, &kq);
	CHECK_INT(kevent(kq, c, 3, got, 8, NULL), 2); /* and no event */
	CHECK(got[0].flags & EV_ERROR && got[1].flags & EV_ERROR);
	CHECK(got[0].ident == 1000 && got[0].udata == c);
	CHECK_INT(got[0].data, EBADF);
	CHECK_INT(got[1].data, ENOENT);
	CHECK_INT(look(8), 2); /* yet the third change was made */
	c[2].flags = EV_DELETE;
	CHECK_INT(kevent(kq, c, 3, NULL, 0, NULL), -1);
	CHECK_INT(errno, EBADF);
	CHECK_INT(look(8), 2); /* and here it was not */
	CHECK_INT(kevent(kq, c, 3, got, 1, NULL), -1);
	CHECK_INT(errno, ENOENT);
	CHECK_INT(look(8), 2);
	CHECK_INT(change(fd[0], -99, EV_ADD), EINVAL);
	CHECK_INT(kevent(fd[0], NULL, 0, got, 1, &none), -1);
	CHECK_INT(errno, EBADF);
	close_all(fd[0], fd[1]);
}

static void
times(void)
{
	struct timespec limit = { -1, 0 };
	int fd[2];

	open_pipe(fd);
	CHECK_INT(kevent(kq, NULL, 0, got, 1, &limit), -1);
	CHECK_INT(errno, EINVAL);
	limit.tv_sec = 0;
	limit.tv_nsec = 1000000000;
	CHECK_INT(kevent(kq, NULL, 0, got, 1, &limit), -1);
	CHECK_INT(errno, EINVAL);
	CHECK_INT(kevent(kq, NULL, 0, NULL, 0, NULL), 0); /* at once */
	CHECK_INT(change(fd[0], EVFILT_READ, EV_ADD), 0);
	put(fd[1], 1);
	limit.tv_sec = (time_t)(INT64_MAX >> (sizeof(time_t) == 8 ? 22 : 32));
	limit.tv_nsec = 0;
	CHECK_INT(kevent(kq, NULL, 0, got, 1, &limit), 1);
	close_all(fd[0], fd[1]);
}

static int
tcp(struct sockaddr_in *name)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	CHECK(fd != -1);
	memset(name, 0, sizeof *name);
	name->sin_family = AF_INET;
	name->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return fd;
}

static int
tcp_listening(struct sockaddr_in *name)
{
	socklen_t size = sizeof *name;
	int fd = tcp(name);

	CHECK_INT(bind(fd, (struct sockaddr *)name, size), 0);
	CHECK_INT(listen(fd, 8), 0);
	CHECK_INT(getsockname(fd, (struct sockaddr *)name, &size), 0);
	return fd;
}

static void
wait_ready(int fd, short bits)
{
	struct pollfd p = { fd, bits, 0 };

	CHECK_INT(poll(&p, 1, 5000), 1);
}

static void
open_tcp(int fd[2])
{
	struct sockaddr_in name, mine;
	int listening = tcp_listening(&name);

	kq = kqueue();
	fd[0] = tcp(&mine);
	(void)connect(fd[0], (struct sockaddr *)&name, sizeof name);
	wait_ready(fd[0], POLLOUT);
	wait_ready(listening, POLLIN);
	fd[1] = accept(listening, NULL, NULL);
	CHECK(fd[1] != -1);
	close(listening);
}

static int
socket_error(int fd)
{
	int error = -1;
	socklen_t size = sizeof error;

	CHECK_INT(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size), 0);
	return error;
}

/* Neither filter fires for a socket that was never connected. */
static void
unconnected(void)
{
	struct sockaddr_in name;
	int listening = tcp_listening(&name), fd = tcp(&name), other;
	socklen_t size = sizeof name;

	kq = kqueue();
	CHECK_INT(change(fd, EVFILT_READ, EV_ADD), 0);
	CHECK_INT(change(fd, EVFILT_WRITE, EV_ADD), 0);
	CHECK_INT(look(8), 0);
	expect_none();
	CHECK_INT(change(listening, EVFILT_READ, EV_ADD), 0);
	expect_none();
	CHECK_INT(getsockname(listening, (struct sockaddr *)&name, &size), 0);
	(void)connect(fd, (struct sockaddr *)&name, sizeof name);
	wait_ready(listening, POLLIN);
	wait_ready(fd, POLLOUT);
	CHECK_INT(look(8), 2);
	CHECK_INT(change(listening, EVFILT_READ, EV_DELETE), 0);
	expect(fd, EVFILT_WRITE, 0);
	expect(fd, EVFILT_WRITE, 0);
	CHECK_INT(change(fd, EVFILT_WRITE, EV_DELETE), 0);
	other = accept(listening, NULL, NULL);
	put(other, 3);
	expect(fd, EVFILT_READ, 0);
	CHECK_INT(got[0].data, 3);
	expect(fd, EVFILT_READ, 0);
	close(listening);
	close(other);
	close_all(fd, -1);
}

static void
half_closed(void)
{
	int fd[2];

	open_tcp(fd);
	CHECK_INT(change(fd[0], EVFILT_WRITE, EV_ADD), 0);
	CHECK_INT(shutdown(fd[1], SHUT_WR), 0);
	wait_ready(fd[0], POLLIN);
	expect(fd[0], EVFILT_WRITE, 0);
	CHECK(got[0].data > 0);
	CHECK_INT(change(fd[0], EVFILT_WRITE, EV_DELETE), 0);
	CHECK_INT(change(fd[0], EVFILT_READ, EV_ADD), 0);
	expect(fd[0], EVFILT_READ, EV_EOF);
	CHECK_INT(got[0].data, 0);
	CHECK_INT(got[0].fflags, 0);
	close(fd[1]);
	close_all(fd[0], -1);
}

/* The errno is there for the program: the kqueue does not take it. */
static void
reset(void)
{
	struct linger hard = { 1, 0 };
	int fd[2], i;

	open_tcp(fd);
	CHECK_INT(change(fd[0], EVFILT_READ, EV_ADD), 0);
	CHECK_INT(change(fd[0], EVFILT_WRITE, EV_ADD), 0);
	CHECK_INT(
	    setsockopt(fd[1], SOL_SOCKET, SO_LINGER, &hard, sizeof hard), 0);
	close(fd[1]);
	wait_ready(fd[0], POLLHUP);
	for (i = 0; i < 3; i++) {
		CHECK_INT(look(8), 2);
		CHECK(got[0].flags == EV_EOF && got[0].fflags != 0);
		CHECK(got[1].flags == EV_EOF && got[1].fflags != 0);
	}
	CHECK_INT(socket_error(fd[0]), ECONNRESET);
	CHECK_INT(look(8), 2);
	CHECK(got[0].flags == EV_EOF && got[0].fflags == 0);
	CHECK(got[1].flags == EV_EOF && got[1].fflags == 0);
	close_all(fd[0], -1);
}

static void
unix_closed(void)
{
	int fd[2];

	kq = kqueue();
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	CHECK_INT(change(fd[0], EVFILT_READ, EV_ADD), 0);
	expect_none();
	CHECK_INT(change(fd[0], EVFILT_WRITE, EV_ADD), 0);
	expect(fd[0], EVFILT_WRITE, 0);
	close(fd[1]);
	CHECK_INT(look(8), 2);
	CHECK(got[0].flags == EV_EOF && got[1].flags == EV_EOF);
	close_all(fd[0], -1);
}

/* The harshest of the systems is the model: FreeBSD. */
static void
no_reader(void)
{
	int fd[2];

	open_pipe(fd);
	CHECK_INT(change(fd[1], EVFILT_WRITE, EV_ADD), 0);
	expect(fd[1], EVFILT_WRITE, 0);
	close(fd[0]);
	expect(fd[1], EVFILT_WRITE, EV_EOF | EV_ONESHOT);
	CHECK_INT(got[0].fflags, 0);
	expect_none();
	CHECK_INT(change(fd[1], EVFILT_WRITE, EV_ADD), EPIPE);
	close_all(fd[1], -1);
}

static void
refused(void)
{
	int null = open("/dev/null", O_RDWR), root = open("/", O_RDONLY);

	kq = kqueue();
	CHECK_INT(change(null, EVFILT_READ, EV_ADD), ENODEV);
	CHECK_INT(change(root, EVFILT_READ, EV_ADD), EOPNOTSUPP);
	CHECK_INT(change(root, EVFILT_READ, EV_DELETE), ENOENT);
	close_all(null, root);
}

static void
terminal(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;

	kq = kqueue();
	CHECK(master != -1 && grantpt(master) == 0 && unlockpt(master) == 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	CHECK(slave != -1);
	CHECK_INT(change(master, EVFILT_READ, EV_ADD), 0);
	put(slave, 2);
	wait_ready(master, POLLIN);
	expect(master, EVFILT_READ, 0);
	CHECK_INT(got[0].data, 2);
	get(master, 2);
	expect_none();
	close(slave);
	expect(master, EVFILT_READ, EV_EOF);
	close_all(master, -1);
}

static void
urgent(void)
{
	int fd[2];

	open_tcp(fd);
	CHECK_INT(change(fd[0], EVFILT_EXCEPT, EV_ADD), 0);
	expect_none();
	CHECK_INT(send(fd[1], "x", 1, MSG_OOB), 1);
	wait_ready(fd[0], POLLPRI);
	expect(fd[0], EVFILT_EXCEPT, 0);
	CHECK_INT(got[0].fflags, NOTE_OOB);
	expect(fd[0], EVFILT_EXCEPT, 0);
	close(fd[1]);
	close_all(fd[0], -1);
}

/* A kqueue in a kqueue. */
static void
nested(void)
{
	int fd[2], inner;

	open_pipe(fd);
	CHECK_INT(change(fd[0], EVFILT_READ, EV_ADD), 0);
	inner = kq;
	kq = kqueue();
	CHECK_INT(change(inner, EVFILT_READ, EV_ADD), 0);
	expect_none();
	put(fd[1], 1);
	expect(inner, EVFILT_READ, 0);
	CHECK(got[0].data > 0);
	CHECK_INT(kqueue_close(inner), 0);
	expect_none();
	close_all(fd[0], fd[1]);
}

/* One event at a time, yet each gets its turn. */
static void
rotation(void)
{
	static int seen[2][1024];
	int fd[6], i;

	kq = kqueue();
	for (i = 0; i < 6; i += 2) {
		CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, fd + i), 0);
		put(fd[i + 1], 1);
		CHECK_INT(change(fd[i], EVFILT_READ, EV_ADD), 0);
		CHECK_INT(change(fd[i], EVFILT_WRITE, EV_ADD), 0);
	}
	for (i = 0; i < 40; i++) {
		CHECK_INT(look(1), 1);
		seen[got[0].filter == EVFILT_READ][got[0].ident]++;
	}
	for (i = 0; i < 6; i += 2)
		CHECK(seen[0][fd[i]] >= 3 && seen[1][fd[i]] >= 3);
	for (i = 0; i < 6; i++)
		close(fd[i]);
	close_all(-1, -1);
}

/* One call can return any number, each once. */
static void
many(void)
{
	static int fd[300][2], seen[1024];
	int i;

	kq = kqueue();
	for (i = 0; i < 300; i++) {
		CHECK_INT(pipe(fd[i]), 0);
		CHECK_INT(change(fd[i][1], EVFILT_WRITE, EV_ADD), 0);
	}
	CHECK_INT(look(512), 300);
	for (i = 0; i < 300; i++)
		CHECK_INT(seen[got[i].ident]++, 0);
	CHECK_INT(look(512), 300);
	for (i = 0; i < 300; i++) {
		close(fd[i][0]);
		close(fd[i][1]);
	}
	close_all(-1, -1);
}

static void *
trigger(void *ident)
{
	struct timespec pause = { 0, 20000000 };
	struct kevent c;

	nanosleep(&pause, NULL);
	EV_SET(&c, (uintptr_t)ident, EVFILT_USER, 0, NOTE_TRIGGER, 0, ident);
	return kevent(kq, &c, 1, NULL, 0, NULL) == 0 ? ident : NULL;
}

static void
user(void)
{
	struct kevent c;
	pthread_t thread;
	void *result;
	int i;

	kq = kqueue();
	EV_SET(&c, &kq, EVFILT_USER, 0, NOTE_TRIGGER, 0, NULL);
	CHECK_INT(kevent(kq, &c, 1, got, 1, NULL), 1);
	CHECK_INT(got[0].data, ENOENT);
	EV_SET(&c, &kq, EVFILT_USER, EV_ADD | EV_CLEAR, 0, 0, &c);
	CHECK_INT(kevent(kq, &c, 1, NULL, 0, NULL), 0);
	expect_none();
	for (i = 0; i < 2; i++) {
		CHECK_INT(pthread_create(&thread, NULL, trigger, &kq), 0);
		CHECK_INT(kevent(kq, NULL, 0, got, 8, NULL), 1);
		CHECK(got[0].ident == (uintptr_t)&kq && got[0].udata == &c);
		CHECK_INT(got[0].filter, EVFILT_USER);
		CHECK_INT(pthread_join(thread, &result), 0);
		CHECK(result == &kq);
		expect_none();
	}
	c.flags = EV_DISABLE;
	c.fflags = NOTE_TRIGGER;
	CHECK_INT(kevent(kq, &c, 1, NULL, 0, NULL), 0);
	expect_none();
	c.flags = EV_ENABLE;
	c.fflags = 0;
	CHECK_INT(kevent(kq, &c, 1, got, 8, NULL), 1);
	c.flags = EV_DELETE;
	c.fflags = NOTE_TRIGGER;
	CHECK_INT(kevent(kq, &c, 1, NULL, 0, NULL), 0);
	expect_none();
	close_all(-1, -1);
}

static void
on_alarm(int number)
{
	(void)number;
}

/* The changes of an interrupted call have been made. */
static void
interrupted(void)
{
	struct sigaction action;
	struct timespec limit = { 10, 0 };
	struct kevent c;
	int fd[2];

	open_pipe(fd);
	memset(&action, 0, sizeof action);
	action.sa_handler = on_alarm;
	CHECK_INT(sigaction(SIGALRM, &action, NULL), 0);
	EV_SET(&c, fd[0], EVFILT_READ, EV_ADD, 0, 0, &kq);
	alarm(1);
	CHECK_INT(kevent(kq, &c, 1, got, 1, &limit), -1);
	CHECK_INT(errno, EINTR);
	put(fd[1], 1);
	expect(fd[0], EVFILT_READ, 0);
	close_all(fd[0], fd[1]);
}

/* A kqueue was closed, and its number is an epoll set of the program's. */
static void
not_ours(void)
{
	struct epoll_event event;
	struct kevent c;
	int set, i;

	kq = kqueue();
	EV_SET(&c, &kq, EVFILT_USER, EV_ADD, NOTE_TRIGGER, 0, NULL);
	CHECK_INT(kevent(kq, &c, 1, NULL, 0, NULL), 0);
	CHECK_INT(close(kq), 0);
	set = epoll_create1(EPOLL_CLOEXEC);
	CHECK_INT(set, kq);
	for (i = 0; i < 2; i++) {
		CHECK_INT(look(8), -1);
		CHECK_INT(errno, EBADF);
		CHECK_INT(kqueue_close(kq), -1);
		CHECK_INT(errno, EBADF);
		CHECK_INT(epoll_wait(set, &event, 1, 0), 0);
	}
	/* This frees what was behind the first. */
	kq = kqueue();
	CHECK_INT(kqueue_close(kq), 0);
	CHECK_INT(epoll_wait(set, &event, 1, 0), 0);
	CHECK_INT(close(set), 0);
}

static const struct test tests[] = {
	TEST("errors of changes", errors),
	TEST("time-outs", times),
	TEST("a socket that was never connected", unconnected),
	TEST("the peer has shut down its writing", half_closed),
	TEST("a connection that was reset", reset),
	TEST("a unix socket whose peer closed", unix_closed),
	TEST("a pipe without a reader", no_reader),
	TEST("devices and files", refused),
	TEST("a terminal", terminal),
	TEST("urgent data", urgent),
	TEST("a kqueue in a kqueue", nested),
	TEST("short event lists are fair", rotation),
	TEST("long event lists", many),
	TEST("EVFILT_USER", user),
	TEST("EINTR", interrupted),
	TEST("its number is another epoll set", not_ours),
};

TEST_MAIN(tests)
