/*
 * SPDX-License-Identifier: ISC
 *
 * listen.c: sockets that listen: at every form of address, or not at all; and
 * those that are there when the program begins.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <reactor/net.h>
#include "test/loop.h"

/* ---- What listens, and who comes ----------------------------------------- */

enum { MOST = 4 };

static int
listen_at(const char *address, unsigned flags, int *fds)
{
	struct reactor_listen_options options = { flags, 0, 0 };

	return reactor_listen(address, &options, fds, MOST);
}

static int
listen_one(const char *address)
{
	int fds[MOST];

	CHECK_INT(listen_at(address, 0, fds), 1);
	return fds[0];
}

static void
refuse(const char *address, unsigned flags, int error)
{
	int fds[MOST];

	CHECK_INT(listen_at(address, flags, fds), -1);
	CHECK_INT(errno, error);
}

static const char *
name_of(int fd)
{
	static char text[REACTOR_ADDRESS_TEXT];
	struct reactor_address a;

	CHECK_INT(reactor_address_local(&a, fd), 0);
	return reactor_address_text(&a, text, sizeof(text));
}

static const char *
port_of(int fd)
{
	return strrchr(name_of(fd), ':') + 1;
}

static int
get(int fd, int level, int name)
{
	socklen_t size = sizeof(int);
	int value = -1;

	CHECK_INT(getsockopt(fd, level, name, &value, &size), 0);
	return value;
}

static void
right_flags(int fd)
{
	CHECK(fd >= 3);
	CHECK((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
	CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
}

/* Blocking: it is there, or refused. */
static int
visit(const char *address)
{
	struct reactor_address a;
	int fd, error;

	CHECK_INT(reactor_address_parse(&a, address), 0);
	fd = socket(reactor_address_socket(&a)->sa_family, SOCK_STREAM, 0);
	CHECK(fd != -1);
	if (connect(fd, reactor_address_socket(&a), a.length) == 0)
		return fd;
	error = errno;
	CHECK_INT(close(fd), 0);
	errno = error;
	return -1;
}

static int
let_in(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };

	CHECK_INT(poll(&p, 1, 5000), 1);
	return accept(fd, NULL, NULL);
}

static void
meet(int fd, const char *address)
{
	int guest = visit(address), host;

	CHECK(guest != -1);
	host = let_in(fd);
	CHECK(host != -1);
	CHECK_INT(write(guest, "hello", 5), 5);
	CHECK_INT(close(guest), 0);
	CHECK_INT(close(host), 0);
}

static int
has_ipv6(void)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(AF_INET6, SOCK_STREAM, 0), has;

	has = fd != -1 && bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0;
	if (fd != -1)
		CHECK_INT(close(fd), 0);
	return has;
}

/* ---- IPv4 and IPv6 ------------------------------------------------------- */

static void
one_address(void)
{
	int fd = listen_one("127.0.0.1:0");
	char address[REACTOR_ADDRESS_TEXT];

	right_flags(fd);
	CHECK_INT(get(fd, SOL_SOCKET, SO_ACCEPTCONN), 1);
	CHECK_INT(get(fd, SOL_SOCKET, SO_REUSEADDR), 1);
	CHECK_INT(get(fd, SOL_SOCKET, SO_REUSEPORT), 0);
	strcpy(address, name_of(fd));
	CHECK(strncmp(address, "127.0.0.1:", 10) == 0);
	meet(fd, address);
	CHECK_INT(close(fd), 0);
	CHECK_INT(visit(address), -1);
	CHECK_INT(errno, ECONNREFUSED);
}

/* The port of a connection that waits for its end can be had again. */
static void
again_at_once(void)
{
	char address[REACTOR_ADDRESS_TEXT];
	int fd = listen_one("127.0.0.1:0"), guest, host;

	strcpy(address, name_of(fd));
	guest = visit(address);
	host = let_in(fd);
	CHECK_INT(close(host), 0); /* first: the wait is on our side */
	CHECK_INT(close(guest), 0);
	CHECK_INT(close(fd), 0);
	fd = listen_one(address);
	meet(fd, address);
	CHECK_INT(close(fd), 0);
}

static void
two_of(const char *text, const char *first, const char *second)
{
	char address[REACTOR_ADDRESS_TEXT];
	int fds[MOST], n = listen_at(text, 0, fds), i;
	const char *port = strdup(port_of(fds[0]));

	CHECK_INT(n, has_ipv6() ? 2 : 1);
	for (i = 0; i < n; i++) {
		right_flags(fds[i]);
		snprintf(address, sizeof(address), "%s:%s",
		    i == 0 ? first : second, port);
		CHECK_STR(name_of(fds[i]), address);
		snprintf(address, sizeof(address), "%s:%s",
		    i == 0 ? "127.0.0.1" : "[::1]", port);
		meet(fds[i], address);
		if (i == 1)
			CHECK_INT(get(fds[i], IPPROTO_IPV6, IPV6_V6ONLY), 1);
	}
	for (i = 0; i < n; i++)
		CHECK_INT(close(fds[i]), 0);
	free((void *)(uintptr_t)port);
}

static void
both_families(void)
{
	two_of("localhost:0", "127.0.0.1", "[::1]");
	two_of("*:0", "0.0.0.0", "[::]");
	two_of(":0", "0.0.0.0", "[::]");
}

/* One of the two is in use: then there is neither. */
static void
all_or_nothing(void)
{
	char address[REACTOR_ADDRESS_TEXT], v4[REACTOR_ADDRESS_TEXT];
	int fd;

	if (!has_ipv6())
		SKIP("no IPv6 here");
	fd = listen_one("[::1]:0");
	snprintf(address, sizeof(address), "localhost:%s", port_of(fd));
	snprintf(v4, sizeof(v4), "127.0.0.1:%s", port_of(fd));
	refuse(address, 0, EADDRINUSE);
	CHECK_INT(visit(v4), -1);
	CHECK_INT(close(fd), 0);
}

static void
only_one_wanted(void)
{
	int fds[MOST] = { -1, -1, -1, -1 };

	CHECK_INT(reactor_listen("*:0", NULL, fds, 1), 1);
	CHECK_INT(fds[1], -1);
	CHECK(strncmp(name_of(fds[0]), "0.0.0.0:", 8) == 0);
	CHECK_INT(close(fds[0]), 0);
	CHECK_INT(reactor_listen("*:0", NULL, fds, 0), -1);
	CHECK_INT(errno, EINVAL);
}

static void
ipv6_alone(void)
{
	char address[REACTOR_ADDRESS_TEXT];
	int fds[MOST];

	if (!has_ipv6())
		SKIP("no IPv6 here");
	CHECK_INT(listen_at("[::]:0", 0, fds), 1);
	snprintf(address, sizeof(address), "127.0.0.1:%s", port_of(fds[0]));
	if (get(fds[0], IPPROTO_IPV6, IPV6_V6ONLY) == 0)
		meet(fds[0], address);
	CHECK_INT(close(fds[0]), 0);
	CHECK_INT(listen_at("[::]:0", REACTOR_V6ONLY, fds), 1);
	snprintf(address, sizeof(address), "127.0.0.1:%s", port_of(fds[0]));
	CHECK_INT(visit(address), -1);
	CHECK_INT(errno, ECONNREFUSED);
	CHECK_INT(close(fds[0]), 0);
}

static void
in_use(void)
{
	int fd = listen_one("127.0.0.1:0"), fds[MOST], more[MOST];
	char address[REACTOR_ADDRESS_TEXT];

	strcpy(address, name_of(fd));
	refuse(address, 0, EADDRINUSE);
	refuse(address, REACTOR_REUSEPORT, EADDRINUSE); /* the first is not */
	CHECK_INT(close(fd), 0);
	CHECK_INT(listen_at(address, REACTOR_REUSEPORT, fds), 1);
	CHECK_INT(listen_at(address, REACTOR_REUSEPORT, more), 1);
	CHECK_STR(name_of(more[0]), address);
	CHECK_INT(get(fds[0], SOL_SOCKET, SO_REUSEPORT), 1);
	CHECK_INT(close(fds[0]), 0);
	meet(more[0], address);
	CHECK_INT(close(more[0]), 0);
}

static void
inherited_options(void)
{
	int fds[MOST], guest, host;

	CHECK_INT(
	    listen_at("127.0.0.1:0", REACTOR_NODELAY | REACTOR_KEEPALIVE, fds),
	    1);
	guest = visit(name_of(fds[0]));
	host = let_in(fds[0]);
	CHECK(get(fds[0], IPPROTO_TCP, TCP_NODELAY) != 0);
#ifdef __linux__
	CHECK(get(host, IPPROTO_TCP, TCP_NODELAY) != 0);
	CHECK(get(host, SOL_SOCKET, SO_KEEPALIVE) != 0);
#endif
	CHECK_INT(close(guest), 0);
	CHECK_INT(close(host), 0);
	CHECK_INT(close(fds[0]), 0);
}

/* Room for so many, whatever the headers think of SOMAXCONN. */
static void
backlog(void)
{
	struct reactor_listen_options options = { 0, 1, 0 };
	char address[REACTOR_ADDRESS_TEXT];
	int fds[MOST], guests[200], i;

	CHECK_INT(listen_at("127.0.0.1:0", 0, fds), 1);
	for (i = 0; i < 200; i++)
		CHECK((guests[i] = visit(name_of(fds[0]))) != -1);
	for (i = 0; i < 200; i++)
		CHECK_INT(close(guests[i]), 0);
	CHECK_INT(close(fds[0]), 0);
	CHECK_INT(reactor_listen("127.0.0.1:0", &options, fds, 1), 1);
	snprintf(address, sizeof(address), "%s", name_of(fds[0]));
	meet(fds[0], address);
	CHECK_INT(close(fds[0]), 0);
}

static void
datagrams(void)
{
	int fds[MOST], from, n, i;
	struct reactor_address a;
	char bytes[8];

	CHECK_INT(listen_at("127.0.0.1:0", REACTOR_DATAGRAM, fds), 1);
	right_flags(fds[0]);
	CHECK_INT(get(fds[0], SOL_SOCKET, SO_TYPE), SOCK_DGRAM);
	CHECK_INT(get(fds[0], SOL_SOCKET, SO_REUSEADDR), 0);
	refuse(name_of(fds[0]), REACTOR_DATAGRAM, EADDRINUSE);
	CHECK_INT(reactor_address_local(&a, fds[0]), 0);
	from = socket(AF_INET, SOCK_DGRAM, 0);
	CHECK_INT(
	    sendto(from, "hello", 5, 0, reactor_address_socket(&a), a.length),
	    5);
	CHECK_INT(recv(fds[0], bytes, 8, 0), 5);
	CHECK_INT(recv(fds[0], bytes, 8, 0), -1);
	CHECK_INT(errno, EAGAIN);
	CHECK_INT(close(from), 0);
	CHECK_INT(close(fds[0]), 0);
	n = listen_at("localhost:0", REACTOR_DATAGRAM, fds);
	CHECK_INT(n, has_ipv6() ? 2 : 1);
	for (i = 0; i < n; i++)
		CHECK_INT(close(fds[i]), 0);
}

static void
nonsense(void)
{
	struct reactor_listen_options options = { 0, 0, 010000 };
	int fd;

	refuse("", 0, EINVAL);
	refuse(":", 0, EINVAL);
	refuse("*:", 0, EINVAL);
	refuse("127.0.0.1:65536", 0, EINVAL);
	refuse("127.0.0.1:x", 0, EINVAL);
	refuse(":99999999999999999999", 0, EINVAL);
	refuse("localhost:", 0, EINVAL);
	refuse("localhost.example:80", 0, EINVAL);
	refuse("127.0.0.1:0", 0x8000, EINVAL);
	refuse("203.0.113.7:0", 0, EADDRNOTAVAIL);
	CHECK_INT(reactor_listen(NULL, NULL, &fd, 1), -1);
	CHECK_INT(errno, EINVAL);
	CHECK_INT(reactor_listen("127.0.0.1:0", &options, &fd, 1), -1);
	CHECK_INT(errno, EINVAL);
}

/* ---- UNIX sockets -------------------------------------------------------- */

static const char *
new_path(void)
{
	static char path[64];
	static int number;

	snprintf(path, sizeof(path), "/tmp/reactor-listen-%ld-%d",
	    (long)getpid(), number++);
	return path;
}

static void
a_path(void)
{
	const char *path = new_path();
	int fd = listen_one(path), i;

	right_flags(fd);
	for (i = 0; i < 2; i++) {
		meet(fd, path);
		refuse(path, 0, EADDRINUSE);
		/* That it was asked was a visit. */
		CHECK_INT(close(let_in(fd)), 0);
		CHECK_INT(close(fd), 0);
		fd = listen_one(path); /* its file was left behind */
	}
	CHECK_INT(close(fd), 0);
	refuse(path, REACTOR_REUSEPORT, EINVAL);
	CHECK_INT(unlink(path), 0);
	refuse("/nonexistent/socket", 0, ENOENT);
}

static void
not_stale(void)
{
	const char *path = new_path();
	struct stat status;
	int fd = open(path, O_CREAT | O_WRONLY, 0600);

	CHECK(fd != -1);
	CHECK_INT(close(fd), 0);
	refuse(path, 0, EADDRINUSE);
	CHECK_INT(stat(path, &status), 0);
	CHECK_INT(unlink(path), 0);
	CHECK_INT(mkdir(path, 0700), 0);
	refuse(path, 0, EADDRINUSE);
	CHECK_INT(rmdir(path), 0);
	CHECK_INT(symlink("/nonexistent", path), 0);
	refuse(path, 0, EADDRINUSE);
	CHECK_INT(unlink(path), 0);
}

/* The other kind of socket is somebody's as well. */
static void
other_sort(void)
{
	const char *path = new_path();
	int fds[MOST], more[MOST];

	CHECK_INT(listen_at(path, REACTOR_DATAGRAM, fds), 1);
	refuse(path, 0, EADDRINUSE);
	refuse(path, REACTOR_DATAGRAM, EADDRINUSE);
	CHECK_INT(close(fds[0]), 0);
	CHECK_INT(listen_at(path, REACTOR_DATAGRAM, more), 1);
	CHECK_INT(close(more[0]), 0);
	CHECK_INT(unlink(path), 0);
}

static void
modes(void)
{
	static const unsigned wanted[] = { 0600, 0660, 0666, 0777, 0 };
	struct reactor_listen_options options = { 0, 0, 0 };
	const char *path = new_path();
	struct stat status;
	int fd, i;

	(void)umask(027);
	for (i = 0; i < 10; i++) {
		options.mode = wanted[i / 2];
		options.flags = i % 2 ? REACTOR_DATAGRAM : 0;
		CHECK_INT(reactor_listen(path, &options, &fd, 1), 1);
		CHECK_INT(stat(path, &status), 0);
		CHECK_INT(status.st_mode & 0777,
		    options.mode != 0 ? options.mode : 0750);
		CHECK_INT(close(fd), 0);
		CHECK_INT(unlink(path), 0);
	}
}

static void
abstract(void)
{
#ifdef __linux__
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "@reactor-listen-%ld", (long)getpid());
	fd = listen_one(name);
	right_flags(fd);
	meet(fd, name);
	CHECK_STR(name_of(fd), name);
	refuse(name, 0, EADDRINUSE);
	CHECK_INT(close(fd), 0);
	fd = listen_one(name);
	CHECK_INT(close(fd), 0);
#else
	SKIP("no abstract names here");
#endif
}

/* A socket that cannot listen must not leave its file. */
static void
takes_back(void)
{
	struct rlimit limit = { 3, 3 }, before;
	const char *path = new_path();
	int fds[MOST];

	CHECK_INT(getrlimit(RLIMIT_NOFILE, &before), 0);
	limit.rlim_max = before.rlim_max;
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
	refuse(path, 0, EMFILE);
	refuse("*:0", 0, EMFILE);
	limit.rlim_cur = 4; /* for the first of two */
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
	refuse("*:0", 0, EMFILE);
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &before), 0);
	CHECK_INT(access(path, F_OK), -1);
	CHECK(listen_at("*:0", 0, fds) >= 1);
}

/* ---- Descriptors that are there ------------------------------------------ */

static void
given(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0), fds[MOST], pair[2];
	char text[32];

	snprintf(text, sizeof(text), "fd:%d", fd);
	refuse(text, 0, EINVAL); /* it does not listen */
	CHECK_INT(bind(fd, (struct sockaddr *)&any, sizeof(any)), 0);
	CHECK_INT(listen(fd, 1), 0);
	refuse(text, REACTOR_DATAGRAM, EINVAL);
	CHECK_INT(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	CHECK_INT(listen_at(text, 0, fds), 1);
	CHECK_INT(fds[0], fd);
	right_flags(fd);
	CHECK_INT(close(fd), 0);
	refuse(text, 0, EBADF);
	loop_pair(pair);
	snprintf(text, sizeof(text), "fd:%d", pair[0]);
	refuse(text, 0, EINVAL);
	loop_close(pair);
	loop_pipe(pair);
	snprintf(text, sizeof(text), "fd:%d", pair[0]);
	refuse(text, 0, ENOTSOCK);
	loop_close(pair);
	refuse("fd:", 0, EINVAL);
	refuse("fd:-1", 0, EINVAL);
	refuse("fd: 3", 0, EINVAL);
	refuse("fd:3x", 0, EINVAL);
	refuse("fd:99999999999", 0, EINVAL);
	refuse("fd:99999999999999999999", 0, EINVAL);
}

static void
low_numbers(void)
{
	int fds[MOST], i, n;

	for (i = 0; i < 3; i++)
		CHECK_INT(close(i), 0);
	n = listen_at("*:0", 0, fds);
	CHECK(n >= 1);
	while (n-- > 0)
		right_flags(fds[n]);
	for (i = 0; i < 3; i++)
		CHECK_INT(fcntl(i, F_GETFD), -1);
	exit(0);
}

/* A child whose parent has set the variables and the descriptors 3 and 4. */
static int
inherit(const char *pid, const char *count, void (*look)(void))
{
	char self[32];
	int status;
	pid_t child;

	fflush(stdout);
	child = fork();
	CHECK(child != -1);
	if (child == 0) {
		snprintf(self, sizeof(self), "%ld", (long)getpid());
		if (pid == NULL)
			pid = self;
		setenv("LISTEN_PID", pid, 1);
		setenv("LISTEN_FDS", count, 1);
		setenv("LISTEN_FDNAMES", "a:b", 1);
		look();
		_exit(0);
	}
	CHECK_INT(waitpid(child, &status, 0), child);
	return status;
}

static void
open_two(void)
{
	int listener = listen_one("127.0.0.1:0"), fd[2];

	CHECK(pipe(fd) == 0);
	CHECK(dup2(listener, 20) == 20 && dup2(fd[0], 21) == 21);
	CHECK(dup2(20, 3) == 3 && dup2(21, 4) == 4);
	CHECK_INT(fcntl(3, F_SETFL, O_RDWR), 0);
}

static void
took_two(void)
{
	int fds[MOST] = { 0 };

	open_two();
	CHECK_INT(reactor_listen_inherited(fds, 1), -1);
	CHECK_INT(errno, EMSGSIZE);
	CHECK_INT(reactor_listen_inherited(fds, MOST), 2);
	CHECK_INT(fds[0], 3);
	CHECK_INT(fds[1], 4);
	right_flags(3);
	CHECK((fcntl(4, F_GETFD) & FD_CLOEXEC) != 0);
	CHECK_INT(fcntl(4, F_GETFL) & O_NONBLOCK, 0);
	CHECK(getenv("LISTEN_FDS") == NULL && getenv("LISTEN_PID") == NULL);
	CHECK(getenv("LISTEN_FDNAMES") == NULL);
	CHECK_INT(reactor_listen_inherited(fds, MOST), 0);
}

static void
took_none(void)
{
	int fds[MOST];

	open_two();
	CHECK_INT(reactor_listen_inherited(fds, MOST), 0);
	CHECK_INT(fcntl(3, F_GETFD), 0);
	CHECK_INT(fcntl(3, F_GETFL) & O_NONBLOCK, 0);
}

static void
took_nonsense(void)
{
	int fds[MOST];

	CHECK_INT(reactor_listen_inherited(fds, MOST), -1);
	CHECK_INT(errno, EINVAL);
}

static void
took_closed(void)
{
	int fds[MOST];

	open_two();
	CHECK_INT(close(4), 0);
	CHECK_INT(reactor_listen_inherited(fds, MOST), -1);
	CHECK_INT(errno, EBADF);
}

static void
inherited(void)
{
	char parent[32];
	int fds[MOST];

	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	CHECK_INT(reactor_listen_inherited(fds, MOST), 0);
	snprintf(parent, sizeof(parent), "%ld", (long)getpid());
	CHECK_INT(inherit(NULL, "2", took_two), 0);
	CHECK_INT(inherit(NULL, "0", took_none), 0);
	CHECK_INT(inherit(parent, "2", took_none), 0);
	CHECK_INT(inherit("1", "2", took_none), 0);
	CHECK_INT(inherit("", "2", took_nonsense), 0);
	CHECK_INT(inherit("7x", "2", took_nonsense), 0);
	CHECK_INT(inherit(NULL, "two", took_nonsense), 0);
	CHECK_INT(inherit(NULL, "-1", took_nonsense), 0);
	CHECK_INT(inherit(NULL, "2147483647", took_nonsense), 0);
	CHECK_INT(inherit(NULL, "2", took_closed), 0);
}

static const struct test tests[] = {
	TEST("one address", one_address),
	TEST("the same port again at once", again_at_once),
	TEST("localhost and * are two sockets with one port", both_families),
	TEST("all or nothing", all_or_nothing),
	TEST("no more than there is room for", only_one_wanted),
	TEST("[::] with and without V6ONLY", ipv6_alone),
	TEST("in use, and REUSEPORT twice", in_use),
	TEST("options that guests inherit", inherited_options),
	TEST("a backlog", backlog),
	TEST("datagrams", datagrams),
	TEST("what is no address", nonsense),
	TEST("a path, also when its file was left behind", a_path),
	TEST("a file that is no stale socket stays", not_stale),
	TEST("a path of the other sort of socket", other_sort),
	TEST("the mode of the file", modes),
	TEST("an abstract name", abstract),
	TEST_FLAGS("out of descriptors", takes_back, TEST_LEAKY),
	TEST("a descriptor that listens already", given),
	TEST("numbers of 3 and more", low_numbers),
	TEST_FLAGS("sockets from whoever started us", inherited, TEST_LEAKY),
};
TEST_MAIN(tests)
