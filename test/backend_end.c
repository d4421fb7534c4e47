/*
 * SPDX-License-Identifier: ISC
 *
 * backend_end.c: what a backend makes of ends, errors, urgent data
 * and files that are always ready.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include "test/backend.h"

static const unsigned ends = REACTOR_HANGUP | REACTOR_ERROR;

/* Every wanted direction wakes; a hint of a hang-up brings all of them. */
static void
check_end(int fd, unsigned wanted)
{
	unsigned mask;

	CHECK_INT(update(fd, 0, wanted), 0);
	mask = now(fd);
	CHECK_INT(mask & wanted, wanted);
	CHECK_INT(mask & ~(READ | WRITE | ends), 0);
	if (mask & ends)
		CHECK_INT(mask & (READ | WRITE), READ | WRITE);
	else
		CHECK_INT(mask, wanted);
	/* It cannot be masked, so 0 must remove. */
	CHECK_INT(update(fd, wanted, 0), 0);
	check_quiet();
}

static void
hang_up(void)
{
	int s[2];

	begin();
	make_pair(s);
	close(s[1]);
	check_end(s[0], READ);
	check_end(s[0], WRITE);
	check_end(s[0], READ | WRITE);
	close(s[0]);
	end();
}

static void
pipe_end(void)
{
	int p[2];

	begin();
	make_pipe(p);
	close(p[1]);
	check_end(p[0], READ); /* POLLHUP without POLLIN */
	close(p[0]);
	make_pipe(p);
	fill(p[1]);
	close(p[0]);
	check_end(p[1], WRITE); /* POLLERR without POLLOUT */
	close(p[1]);
	end();
}

/* A hint is given by those that have eyes for it. */
static void
hints(void)
{
	int s[2], p[2];

	begin();
	if (strcmp(backend->name, "poll") != 0 &&
	    strcmp(backend->name, "epoll") != 0)
		SKIP("this backend cannot always tell");
	make_pair(s);
	make_pipe(p);
	close(s[1]);
	close(p[0]);
	CHECK_INT(update(s[0], 0, READ), 0);
	CHECK_INT(now(s[0]), READ | WRITE | REACTOR_HANGUP);
	CHECK_INT(update(p[1], 0, WRITE), 0);
	CHECK_INT(now(p[1]), READ | WRITE | REACTOR_ERROR);
	CHECK_INT(update(s[0], READ, REACTOR_URGENT), 0);
	CHECK_INT(now(s[0]), READ | WRITE | REACTOR_HANGUP);
	close(s[0]);
	close(p[1]);
	end();
}

/* The peer will say no more, but listens: a full buffer must not spin. */
static void
end_of_file_only(void)
{
	int s[2];

	begin();
	make_pair(s);
	fill(s[0]);
	CHECK(shutdown(s[1], SHUT_WR) == 0);
	CHECK_INT(update(s[0], 0, WRITE), 0);
	check_quiet();
	CHECK_INT(update(s[0], WRITE, READ | WRITE), 0);
	CHECK_INT(now(s[0]), READ);
	drop(s);
	end();
}

static int
make_socket(int type, struct sockaddr_in *address)
{
	socklen_t size = sizeof *address;
	int fd = socket(AF_INET, type, 0);

	memset(address, 0, sizeof *address);
	address->sin_family = AF_INET;
	address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK(fd != -1);
	CHECK(bind(fd, (struct sockaddr *)address, size) == 0);
	CHECK(getsockname(fd, (struct sockaddr *)address, &size) == 0);
	return fd;
}

/* Nobody listens: POLLERR without POLLIN. */
static void
refused_datagram(void)
{
	struct sockaddr_in there, here;
	int gone, fd, n;
	char c;

	begin();
	gone = make_socket(SOCK_DGRAM, &there);
	fd = make_socket(SOCK_DGRAM, &here);
	close(gone);
	CHECK(connect(fd, (struct sockaddr *)&there, sizeof there) == 0);
	CHECK_INT(update(fd, 0, READ), 0);
	put(fd);
	look(REACTOR_SECOND);
	CHECK(told(fd) & READ);
	n = (int)recv(fd, &c, 1, MSG_DONTWAIT);
	CHECK(n == -1 && errno == ECONNREFUSED);
	check_quiet();
	close(fd);
	end();
}

static void
urgent(void)
{
	struct sockaddr_in address;
	int listener, from, to;

	begin();
	if (!(backend->interests & REACTOR_URGENT))
		SKIP("this backend has no word for it");
	listener = make_socket(SOCK_STREAM, &address);
	CHECK(listen(listener, 1) == 0);
	from = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(connect(from, (void *)&address, sizeof address) == 0);
	to = accept(listener, NULL, NULL);
	CHECK_INT(update(to, 0, REACTOR_URGENT), 0);
	CHECK_INT(now(to), 0);
	put(from);
	CHECK_INT(now(to), 0);
	CHECK(send(from, "!", 1, MSG_OOB) == 1);
	look(REACTOR_SECOND);
	CHECK_INT(told(to), REACTOR_URGENT);
	CHECK_INT(update(to, REACTOR_URGENT, READ), 0);
	CHECK_INT(now(to), READ);
	CHECK_INT(update(to, READ, READ | REACTOR_URGENT), 0);
	CHECK_INT(now(to), READ | REACTOR_URGENT);
	close(from);
	close(to);
	close(listener);
	end();
}

static void
always_ready(void)
{
	static const char *const names[] = { "/dev/null", "/", "/etc/passwd" };
	int fd, p[2], error;
	size_t i;

	begin();
	make_pipe(p);
	CHECK_INT(update(p[1], 0, WRITE), 0);
	for (i = 0; i < sizeof names / sizeof names[0]; i++) {
		fd = open(names[i], O_RDONLY | O_CLOEXEC);
		CHECK(fd != -1);
		error = refusal(fd, 0, READ);
		CHECK(error == 0 || error == EPERM);
		CHECK_INT(now(fd), error == 0 ? READ : 0);
		CHECK_INT(now(fd), error == 0 ? READ : 0);
		CHECK_INT(told(p[1]), WRITE);
		CHECK_INT(update(fd, error == 0 ? READ : 0, 0), 0);
		close(fd);
	}
	drop(p);
	end();
}

/* After a change that fails nothing is left, and the number can be used. */
static void
becomes_a_file(void)
{
	int p[2], q[2], fd, n, error;

	begin();
	make_pipe(p);
	make_pipe(q);
	n = p[0];
	CHECK_INT(update(n, 0, READ), 0);
	put(p[1]);
	fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	CHECK_INT(dup2(fd, n), n);
	error = refusal(n, READ, READ | WRITE);
	CHECK(error == 0 || error == EPERM);
	CHECK_INT(now(n), error == 0 ? READ | WRITE : 0);
	CHECK_INT(update(n, error == 0 ? READ | WRITE : 0, 0), 0);
	CHECK_INT(dup2(q[0], n), n);
	CHECK_INT(update(n, 0, READ), 0);
	CHECK_INT(now(n), 0);
	put(q[1]);
	CHECK_INT(now(n), READ);
	close(fd);
	drop(p);
	drop(q);
	end();
}

static const struct test cases[] = {
	TEST("a hang-up wakes every direction, and can be removed", hang_up),
	TEST("the ends of a pipe", pipe_end),
	TEST("hang-up and error are told apart from ready", hints),
	TEST("end of file wakes the reader only", end_of_file_only),
	TEST("a refused datagram wakes the reader", refused_datagram),
	TEST("urgent data", urgent),
	TEST("regular files and the like", always_ready),
	TEST("a watched number becomes a regular file", becomes_a_file),
};
TEST_BACKENDS(cases)
