/*
 * SPDX-License-Identifier: ISC
 *
 * connect.c: connections: one after the other address, refused, late, stopped
 * in every state; nothing is left open.
 */
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <netinet/tcp.h>
#include "test/loop.h"
#include "test/names.h"

/* ---- System calls that do what the case wants ---------------------------- */

static struct {
	const char *address; /* without its port */
	int error;
	int really; /* does it, and says that all the same */
} faults[4];

static char tried[2048]; /* addresses, in order */
static int sockets;      /* made */
static int from_port;    /* of our own end */

int
socket(int family, int type, int protocol)
{
	int fd = (int)syscall(SYS_socket, family, type, protocol);
	struct reactor_address a;

	sockets++;
	if (from_port == 0 || fd == -1)
		return fd;
	names_address(&a, "127.0.0.1", from_port);
	CHECK_INT(bind(fd, reactor_address_socket(&a), a.length), 0);
	return fd;
}

static void
text_of(const struct sockaddr *address, unsigned length, char *text)
{
	struct reactor_address a;

	memset(&a, 0, sizeof(a));
	a.length = length;
	memcpy(a.u.bytes, address, length);
	(void)reactor_address_text(&a, text, REACTOR_ADDRESS_TEXT);
	if (*text != '/' && *text != '@' && strrchr(text, ':') != NULL)
		*strrchr(text, ':') = '\0';
}

/* By another name, because that of libc takes what only gcc knows. */
int connect_here(int, const struct sockaddr *, socklen_t) __asm__("connect");

int
connect_here(int fd, const struct sockaddr *address, socklen_t length)
{
	char text[REACTOR_ADDRESS_TEXT];
	size_t i, n = strlen(tried);

	text_of(address, length, text);
	snprintf(tried + n, sizeof(tried) - n, "%s%s", n > 0 ? " " : "", text);
	for (i = 0; i < 4 && faults[i].address != NULL; i++) {
		if (strcmp(faults[i].address, text) != 0)
			continue;
		if (faults[i].really)
			(void)syscall(SYS_connect, fd, address, length);
		errno = faults[i].error;
		return -1;
	}
	return (int)syscall(SYS_connect, fd, address, length);
}

static void
fault(int i, const char *address, int error)
{
	faults[i].address = address;
	faults[i].error = error;
}

/* ---- Connections that note what they were told --------------------------- */

struct guest {
	struct reactor_connect connect;
	int calls;
	void (*then)(struct reactor *, struct guest *);
};

static void
called(struct reactor *r, struct reactor_connect *connect)
{
	struct guest *g = REACTOR_OWNER(connect, struct guest, connect);

	g->calls++;
	CHECK((connect->fd == -1) == (connect->error != 0));
	if (g->then != NULL)
		g->then(r, g);
}

static void
prepare(struct guest *g, const char *host, const char *service)
{
	memset(g, 0, sizeof(*g));
	g->connect.callback = called;
	g->connect.host = host;
	g->connect.service = service;
	g->connect.stagger = 20 * LOOP_MS;
	tried[0] = '\0';
}

static const char *
port_text(int port)
{
	static char text[16];

	snprintf(text, sizeof(text), "%d", port);
	return text;
}

static void
start(struct reactor *r, struct guest *g)
{
	CHECK_INT(reactor_connect_start(r, &g->connect), 0);
	CHECK_INT(g->calls, 0);
	CHECK_INT(g->connect.fd, -1);
}

static size_t
active(const struct reactor *r)
{
	struct reactor_statistics stats;

	reactor_stats(r, &stats);
	return stats.active;
}

/* Until its end. */
static void
run(struct reactor *r, struct guest *g)
{
	start(r, g);
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(g->calls, 1);
	CHECK_INT(active(r), 0);
}

static void
fails(struct reactor *r, struct guest *g, int error)
{
	run(r, g);
	CHECK_INT(g->connect.error, error);
}

static const char *
where(const struct guest *g)
{
	static char text[REACTOR_ADDRESS_TEXT];

	return reactor_address_text(&g->connect.address, text, sizeof(text));
}

static int opened;

static void
count(int fd)
{
	(void)fd;
	opened++;
}

static int
descriptors(void)
{
	opened = 0;
	test_descriptors(count);
	return opened;
}

/* The two ends belong together; both are closed. */
static void
meets(int listener, int fd)
{
	int guest = accept(listener, NULL, NULL);
	char byte;

	CHECK(guest != -1);
	CHECK((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
	CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	CHECK(fd >= 3);
	CHECK_INT(write(guest, "x", 1), 1);
	CHECK_INT(read(fd, &byte, 1), 1);
	CHECK_INT(close(guest), 0);
	CHECK_INT(close(fd), 0);
}

static void
works(struct reactor *r, struct guest *g, int listener)
{
	run(r, g);
	if (g->connect.error != 0)
		test_fail("%s: %s", where(g), strerror(g->connect.error));
	meets(listener, g->connect.fd);
}

/* ---- All kinds ----------------------------------------------------------- */

static int
option(int fd, int level, int name)
{
	int value = 0;
	socklen_t size = sizeof(value);

	CHECK_INT(getsockopt(fd, level, name, &value, &size), 0);
	return value != 0;
}

static void
tcp(struct reactor *r, const char *host, const char *name)
{
	int listener = names_listen(host, 0, 5), port = names_port(listener);
	char text[64];
	struct guest g;
	int flags;

	for (flags = 0; flags < 4; flags++) {
		prepare(&g, flags % 2 ? host : name, port_text(port));
		NAMES_SAY(host);
		g.connect.flags = (flags & 1 ? REACTOR_NODELAY : 0u) |
		    (flags & 2 ? REACTOR_KEEPALIVE : 0u);
		run(r, &g);
		CHECK_INT(g.connect.error, 0);
		CHECK_INT(
		    option(g.connect.fd, IPPROTO_TCP, TCP_NODELAY), flags & 1);
		CHECK_INT(
		    option(g.connect.fd, SOL_SOCKET, SO_KEEPALIVE), flags >> 1);
		snprintf(text, sizeof(text),
		    strchr(host, ':') ? "[%s]:%d" : "%s:%d", host, port);
		CHECK_STR(where(&g), text);
		meets(listener, g.connect.fd);
	}
	CHECK_INT(close(listener), 0);
}

static void
inet(void)
{
	struct reactor *r = loop_open();

	tcp(r, "127.0.0.1", "name");
	CHECK_INT(reactor_close(r), 0);
}

static void
inet6(void)
{
	struct reactor *r;

	if (!names_have_ipv6())
		SKIP("no IPv6");
	r = loop_open();
	tcp(r, "::1", "name");
	CHECK_INT(reactor_close(r), 0);
}

static int
unix_listen(const char *text, int type, int backlog)
{
	struct reactor_address a;
	int fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	CHECK_INT(reactor_address_parse(&a, text), 0);
	CHECK_INT(bind(fd, reactor_address_socket(&a), a.length), 0);
	CHECK(type == SOCK_DGRAM || listen(fd, backlog) == 0);
	return fd;
}

static const char *
unix_name(int first)
{
	static char text[64];

	snprintf(text, sizeof(text), "%c%sreactor-connect.%d", first,
	    first == '/' ? "tmp/" : "", (int)getpid());
	return text;
}

static void
local(void)
{
	static const char first[] = { '/', '@' };
	struct reactor *r = loop_open();
	struct guest g;
	int listener, i;

	for (i = 0; i < 2; i++) {
		listener = unix_listen(unix_name(first[i]), SOCK_STREAM, 5);
		prepare(&g, unix_name(first[i]), i == 0 ? NULL : "ignored");
		g.connect.flags = REACTOR_NODELAY | REACTOR_KEEPALIVE;
		works(r, &g, listener);
		CHECK_STR(where(&g), unix_name(first[i]));
		CHECK_INT(close(listener), 0);
		prepare(&g, unix_name(first[i]), NULL);
		fails(r, &g, ECONNREFUSED);
		CHECK_STR(where(&g), unix_name(first[i]));
	}
	CHECK_INT(unlink(unix_name('/')), 0);
	fails(r, (prepare(&g, unix_name('/'), NULL), &g), ENOENT);
	CHECK_INT(names.calls, 0);
	CHECK_INT(reactor_close(r), 0);
}

static void
datagrams(void)
{
	struct reactor *r = loop_open();
	struct reactor_address a;
	struct guest g;
	char bytes[8];
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), i;

	names_address(&a, "127.0.0.1", 0);
	CHECK_INT(bind(fd, reactor_address_socket(&a), a.length), 0);
	prepare(&g, "name", port_text(names_port(fd)));
	NAMES_SAY("127.0.0.1");
	for (i = 0; i < 2; i++) {
		g.calls = 0;
		g.connect.flags = REACTOR_DATAGRAM | REACTOR_NODELAY;
		run(r, &g);
		CHECK_INT(g.connect.error, 0);
		CHECK_INT(send(g.connect.fd, "hello", 5, 0), 5);
		CHECK_INT(recv(fd, bytes, 8, 0), 5);
		CHECK_INT(close(g.connect.fd), 0);
		CHECK_INT(close(fd), 0);
		if (i == 0) {
			fd = unix_listen(unix_name('@'), SOCK_DGRAM, 0);
			prepare(&g, unix_name('@'), NULL);
		}
	}
	CHECK_INT(reactor_close(r), 0);
}

/* 0 to 2 may be meant for others. */
static void
low_descriptors(void)
{
	struct reactor *r = loop_open();
	int listener = names_listen("127.0.0.1", 0, 5), fd;
	struct guest g;

	for (fd = 0; fd < 3; fd++)
		close(fd);
	prepare(&g, "127.0.0.1", port_text(names_port(listener)));
	works(r, &g, listener);
	for (fd = 0; fd < 3; fd++)
		CHECK_INT(fcntl(fd, F_GETFD), -1);
	CHECK_INT(close(listener), 0);
	CHECK_INT(reactor_close(r), 0);
}

/* A host and a port in one, as everywhere else. */
static void
in_one(void)
{
	struct reactor *r = loop_open();
	int listener = names_listen("127.0.0.1", 0, 5);
	char text[64];
	struct guest g;

	snprintf(text, sizeof(text), "127.0.0.1:%d", names_port(listener));
	prepare(&g, text, NULL);
	works(r, &g, listener);
	snprintf(text, sizeof(text), "localhost:%d", names_port(listener));
	NAMES_SAY("127.0.0.1");
	prepare(&g, text, NULL);
	start(r, &g);
	memset(text, 'x', sizeof(text)); /* it was copied */
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(g.connect.error, 0);
	meets(listener, g.connect.fd);
	CHECK_STR(names.host, "localhost");
	CHECK_INT(close(listener), 0);
	CHECK_INT(reactor_close(r), 0);
}

static void
refused(struct reactor *r, struct guest *g, int error)
{
	errno = 0;
	CHECK_INT(reactor_connect_start(r, &g->connect), -1);
	CHECK_INT(errno, error);
	CHECK_INT(active(r), 0);
}

static void
arguments(void)
{
	static const char *const hosts[] = { NULL, "", "name", "::1", "[::1]",
		"name:", ":80", "name:65536", "name:-1", "::1:80", "@" };
	struct reactor *r = loop_open();
	struct guest g;
	static char host[2000];
	size_t i;

	for (i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		prepare(&g, hosts[i], NULL);
		refused(r, &g, EINVAL);
	}
	prepare(&g, "name", "65536");
	refused(r, &g, EINVAL);
	prepare(&g, "name", "");
	refused(r, &g, EINVAL);
	prepare(&g, "", "80");
	refused(r, &g, EINVAL);
	prepare(&g, "name", "80");
	g.connect.family = 7;
	refused(r, &g, EINVAL);
	g.connect.family = 0;
	g.connect.flags = REACTOR_REUSEPORT;
	refused(r, &g, EINVAL);
	g.connect.flags = 0x1000;
	refused(r, &g, EINVAL);
	g.connect.flags = 0;
	g.connect.callback = NULL;
	refused(r, &g, EINVAL);
	memset(host, 'x', sizeof(host) - 1);
	prepare(&g, host, "80");
	refused(r, &g, ENAMETOOLONG);
	CHECK_INT(names.calls, 0);
	host[1000] = '\0';
	names.code = EAI_NONAME;
	prepare(&g, host, "80");
	fails(r, &g, ENOENT);
	CHECK_STR(names.host, host);
	CHECK_INT(g.connect.address.length, 0);
	CHECK_INT(reactor_close(r), 0);
}

/* ---- What fails ---------------------------------------------------------- */

static void
one_fails(void)
{
	struct reactor *r = loop_open();
	struct guest g;
	int port = names_closed_port();

	prepare(&g, "127.0.0.1", port_text(port));
	fails(r, &g, ECONNREFUSED);
	prepare(&g, "127.0.0.1", port_text(port));
	fault(0, "127.0.0.1", ENETUNREACH);
	fails(r, &g, ENETUNREACH);
	/* To wait would be of no use: there is no port for our end. */
	fault(0, "127.0.0.1", EAGAIN);
	prepare(&g, "127.0.0.1", port_text(port));
	fails(r, &g, EADDRNOTAVAIL);
	prepare(&g, "name", port_text(port));
	names.code = EAI_AGAIN;
	fails(r, &g, EAGAIN);
	prepare(&g, "127.0.0.1", "1");
	g.connect.family = REACTOR_IPV6;
	fails(r, &g, EAFNOSUPPORT);
	CHECK_INT(reactor_close(r), 0);
}

/* All at once: none waits for the time of the others. */
static void
all_fail(void)
{
	struct reactor *r = loop_open();
	struct guest g;
	char text[64];
	int port = names_closed_port();
	int64_t before = test_clock();

	NAMES_SAY(
	    "127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5");
	prepare(&g, "name", port_text(port));
	g.connect.stagger = 60 * REACTOR_SECOND;
	g.connect.timeout = -1;
	fault(0, "127.0.0.2", EHOSTUNREACH);
	fault(1, "127.0.0.5", ENETUNREACH);
	fails(r, &g, ENETUNREACH); /* the last */
	CHECK_STR(tried, "127.0.0.1 127.0.0.2 127.0.0.3 127.0.0.4 127.0.0.5");
	snprintf(text, sizeof(text), "127.0.0.5:%d", port);
	CHECK_STR(where(&g), text);
	CHECK(test_clock() - before < 60 * REACTOR_SECOND);
	CHECK_INT(reactor_close(r), 0);
}

/* A listener that no longer takes anybody, at that address. */
static struct {
	int listener, port, n, fd[20];
} hole;

static void
dig(const char *host, int port)
{
	hole.listener = names_listen(host, port, 0);
	CHECK(hole.listener != -1);
	hole.port = names_port(hole.listener);
	hole.n = names_fill(host, hole.port, hole.fd, 20);
	tried[0] = '\0';
}

static void
fill_up(void)
{
	while (hole.n > 0)
		CHECK_INT(close(hole.fd[--hole.n]), 0);
	CHECK_INT(close(hole.listener), 0);
}

static void
late(void)
{
	struct reactor *r = loop_open();
	struct guest g;
	char text[64];
	int64_t before = test_clock();

	dig("127.0.0.1", 0);
	prepare(&g, "127.0.0.1", port_text(hole.port));
	g.connect.timeout = 40 * LOOP_MS;
	fails(r, &g, ETIMEDOUT);
	CHECK(test_clock() - before >= 40 * LOOP_MS);
	snprintf(text, sizeof(text), "127.0.0.1:%d", hole.port);
	CHECK_STR(where(&g), text);
	CHECK_STR(tried, "127.0.0.1");
	fill_up();
	names.held = 1;
	prepare(&g, "name", "1");
	g.connect.timeout = 20 * LOOP_MS;
	fails(r, &g, ETIMEDOUT);
	CHECK_STR(where(&g), "unknown");
	CHECK_STR(tried, "");
	names.held = 0;
	NAMES_UNTIL(names.inside == 0);
	CHECK_INT(reactor_close(r), 0);
}

/* ---- Several addresses --------------------------------------------------- */

/* The families take turns, beginning with that of the first. */
static void
order(void)
{
	struct reactor *r = loop_open();
	struct guest g;

	prepare(&g, "name", port_text(names_closed_port()));
	fault(0, "[::1]", ENETUNREACH);
	fault(1, "[::2]", ENETUNREACH);
	fault(2, "[::3]", ENETUNREACH);
	NAMES_SAY("::1", "::2", "::3", "127.0.0.1", "127.0.0.2");
	run(r, &g);
	CHECK_STR(tried, "[::1] 127.0.0.1 [::2] 127.0.0.2 [::3]");
	prepare(&g, "name", port_text(names_closed_port()));
	NAMES_SAY("127.0.0.1", "127.0.0.2", "127.0.0.3", "::3", "127.0.0.4");
	run(r, &g);
	CHECK_STR(tried, "127.0.0.1 [::3] 127.0.0.2 127.0.0.3 127.0.0.4");
	CHECK_INT(reactor_close(r), 0);
}

static void
black_hole(void)
{
	struct reactor *r = loop_open();
	struct guest g;
	int good, before_fds;
	int64_t before;

	do {
		dig("127.0.0.1", 0);
		good = names_listen("127.0.0.2", hole.port, 5);
		if (good == -1)
			fill_up();
	} while (good == -1);
	before_fds = descriptors();
	NAMES_SAY("127.0.0.1", "127.0.0.2");
	prepare(&g, "name", port_text(hole.port));
	g.connect.stagger = 30 * LOOP_MS;
	before = test_clock();
	run(r, &g);
	CHECK(test_clock() - before >= 30 * LOOP_MS);
	CHECK(test_clock() - before < 25 * REACTOR_SECOND);
	CHECK_INT(g.connect.error, 0);
	CHECK_STR(tried, "127.0.0.1 127.0.0.2");
	CHECK_INT(descriptors(), before_fds + 1);
	meets(good, g.connect.fd);
	/* Without a stagger the first is waited for. */
	prepare(&g, "name", port_text(hole.port));
	g.connect.stagger = -1;
	g.connect.timeout = 50 * LOOP_MS;
	fails(r, &g, ETIMEDOUT);
	CHECK_STR(tried, "127.0.0.1");
	CHECK_INT(descriptors(), before_fds);
	CHECK_INT(close(good), 0);
	fill_up();
	CHECK_INT(reactor_close(r), 0);
}

/* The first answers after all, while the second is still being tried. */
static void
first_wins(void)
{
	static const char *const hosts[] = { "127.0.0.1", "127.0.0.2" };
	static const int backlogs[] = { 0, 0 };
	struct reactor *r = loop_open();
	struct guest g;
	int fd[2], port = names_listen_both(hosts, backlogs, fd), full[2][20];
	int n[2], i, guest;
	char text[64];

	for (i = 0; i < 2; i++)
		n[i] = names_fill(hosts[i], port, full[i], 20);
	NAMES_SAY("127.0.0.1", "127.0.0.2");
	prepare(&g, "name", port_text(port));
	g.connect.stagger = LOOP_MS;
	start(r, &g);
	while (strcmp(tried, "127.0.0.1 127.0.0.2") != 0)
		CHECK(reactor_run_once(r, -1) >= 0);
	while (g.calls == 0) {
		while ((guest = accept(fd[0], NULL, NULL)) != -1)
			close(guest);
		CHECK(reactor_run_once(r, 50 * LOOP_MS) >= 0);
	}
	CHECK_INT(g.connect.error, 0);
	snprintf(text, sizeof(text), "127.0.0.1:%d", port);
	CHECK_STR(where(&g), text);
	CHECK_INT(close(g.connect.fd), 0);
	for (i = 0; i < 2; i++) {
		while (n[i] > 0)
			CHECK_INT(close(full[i][--n[i]]), 0);
		CHECK_INT(close(fd[i]), 0);
	}
	CHECK_INT(active(r), 0);
	CHECK_INT(reactor_close(r), 0);
}

/* One family does not answer; whichever comes first. */
static void
other_family(void)
{
	struct reactor *r;
	struct guest g;
	int listener, i;

	if (!names_have_ipv6())
		SKIP("no IPv6");
	r = loop_open();
	for (i = 0; i < 4; i++) {
		listener = names_listen(i & 1 ? "::1" : "127.0.0.1", 0, 5);
		if (i & 2)
			NAMES_SAY("::1", "127.0.0.1");
		else
			NAMES_SAY("127.0.0.1", "::1");
		prepare(&g, "name", port_text(names_port(listener)));
		works(r, &g, listener);
		CHECK_INT(close(listener), 0);
	}
	CHECK_INT(reactor_close(r), 0);
}

/* ---- What connect(2) may say --------------------------------------------- */

static void
interrupted(void)
{
	static const int errors[] = { EINTR, EALREADY, EINPROGRESS, EISCONN };
	struct reactor *r = loop_open();
	int listener = names_listen("127.0.0.1", 0, 5), i;
	struct guest g;

	for (i = 0; i < 4; i++) {
		fault(0, "127.0.0.1", errors[i]);
		faults[0].really = 1;
		prepare(&g, "127.0.0.1", port_text(names_port(listener)));
		works(r, &g, listener);
		CHECK_STR(tried, "127.0.0.1");
	}
	CHECK_INT(close(listener), 0);
	CHECK_INT(reactor_close(r), 0);
}

/* It says that it goes on, but nothing is under way: the loop does not spin. */
static void
gone(void)
{
	struct reactor *r = loop_open();
	struct guest g;
	struct reactor_statistics stats;

	fault(0, "127.0.0.1", EINPROGRESS);
	prepare(&g, "127.0.0.1", "1");
	g.connect.timeout = 200 * LOOP_MS;
	run(r, &g);
	CHECK(g.connect.error == ECONNRESET || g.connect.error == ETIMEDOUT);
	reactor_stats(r, &stats);
	CHECK(stats.turns < 50);
	CHECK_INT(reactor_close(r), 0);
}

static void
to_itself(void)
{
	struct reactor *r = loop_open();
	struct guest g;

	prepare(&g, "name", port_text(names_closed_port()));
	from_port = atoi(g.connect.service);
	NAMES_SAY("127.0.0.1");
	fails(r, &g, ECONNREFUSED);
	CHECK_STR(tried, "127.0.0.1");
	from_port = 0;
	CHECK_INT(reactor_close(r), 0);
}

static void
take_one(struct reactor *r, struct reactor_timer *timer)
{
	int guest = accept(timer->event.flags ? -1 : hole.listener, NULL, NULL);

	(void)r;
	CHECK(guest != -1);
	close(guest);
}

/* The queue of a UNIX listener is full; then it is not. */
static void
busy(void)
{
	struct reactor *r = loop_open();
	struct reactor_address a;
	struct reactor_timer timer;
	struct guest g;
	int before;

	hole.listener = unix_listen(unix_name('@'), SOCK_STREAM, 0);
	CHECK_INT(reactor_address_parse(&a, unix_name('@')), 0);
	for (hole.n = 0; hole.n < 20; hole.n++) {
		hole.fd[hole.n] = socket(
		    AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (connect(hole.fd[hole.n], reactor_address_socket(&a),
			a.length) == -1)
			break;
	}
	CHECK(hole.n < 20);
	CHECK_INT(errno, EAGAIN);
	hole.n++;
	before = descriptors();
	prepare(&g, unix_name('@'), NULL);
	g.connect.timeout = 30 * LOOP_MS;
	sockets = 0;
	fails(r, &g, ETIMEDOUT);
	CHECK(sockets >= 2 && sockets <= 30);
	CHECK_INT(descriptors(), before);
	memset(&timer, 0, sizeof(timer));
	timer.callback = take_one;
	CHECK_INT(reactor_timer_start(r, &timer, 20 * LOOP_MS), 0);
	prepare(&g, unix_name('@'), NULL);
	run(r, &g);
	CHECK_INT(g.connect.error, 0);
	CHECK_INT(close(g.connect.fd), 0);
	fill_up();
	CHECK_INT(reactor_close(r), 0);
}

static void
no_descriptors(void)
{
	struct reactor *r = loop_open();
	int listener = names_listen("127.0.0.1", 0, 5), highest;
	struct rlimit limit;
	struct guest g;

	CHECK_INT(getrlimit(RLIMIT_NOFILE, &limit), 0);
	NAMES_SAY("127.0.0.1", "127.0.0.2");
	prepare(&g, "127.0.0.1", port_text(names_port(listener)));
	works(r, &g, listener); /* the loop has what it needs */
	highest = dup(0);
	limit.rlim_cur = (rlim_t)highest;
	CHECK_INT(close(highest), 0);
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
	prepare(&g, "name", port_text(names_port(listener)));
	fails(r, &g, EMFILE);
	CHECK_STR(tried, "");
	limit.rlim_cur = limit.rlim_max;
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
	prepare(&g, "name", port_text(names_port(listener)));
	works(r, &g, listener);
	CHECK_INT(close(listener), 0);
	CHECK_INT(reactor_close(r), 0);
}

/* ---- Stopped in every state ---------------------------------------------- */

enum { NEVER, NAMES, FOUND, FIRST, SECOND, WON, FAILED, STATES };

static int good_port;

/*
 * Brings it so far: its name is being looked up, is found but not told, the
 * first of two addresses is tried, the second too, it is connected, has failed.
 */
static void
bring(struct reactor *r, struct guest *g, int state)
{
	NAMES_SAY("127.0.0.1", "127.0.0.2", "127.0.0.1");
	prepare(g, state == FOUND ? "127.0.0.1" : "name",
	    port_text(state == WON ? good_port : hole.port));
	g->connect.stagger = state == SECOND ? LOOP_MS : 60 * REACTOR_SECOND;
	g->connect.timeout = state == FAILED ? LOOP_MS : 0;
	names.held = state == NAMES;
	if (state == NEVER)
		return;
	start(r, g);
	if (state == FIRST)
		while (strcmp(tried, "127.0.0.1") != 0)
			CHECK(reactor_run_once(r, -1) >= 0);
	if (state == SECOND)
		while (strcmp(tried, "127.0.0.1 127.0.0.2") != 0)
			CHECK(reactor_run_once(r, -1) >= 0);
	if (state == WON || state == FAILED)
		CHECK_INT(reactor_run(r), 0);
}

static int
was_called(int state)
{
	return state == WON || state == FAILED;
}

/* Two that take guests, at one port; and two that no longer do. */
static struct {
	int good[2], second, n, fd[20], before;
} world;

static void
world_begin(void)
{
	static const char *const hosts[] = { "127.0.0.1", "127.0.0.2" };
	static const int backlogs[] = { 50, 50 };

	good_port = names_listen_both(hosts, backlogs, world.good);
	do {
		dig("127.0.0.1", 0);
		world.second = names_listen("127.0.0.2", hole.port, 0);
		if (world.second == -1)
			fill_up();
	} while (world.second == -1);
	world.n = names_fill("127.0.0.2", hole.port, world.fd, 20);
	world.before = descriptors();
}

static void
world_end(void)
{
	while (world.n > 0)
		CHECK_INT(close(world.fd[--world.n]), 0);
	CHECK_INT(close(world.second), 0);
	CHECK_INT(close(world.good[0]), 0);
	CHECK_INT(close(world.good[1]), 0);
	fill_up();
}

static void
stopped(void)
{
	struct reactor *r;
	struct guest g;
	int state, fd;

	world_begin();
	for (state = NEVER; state < STATES; state++) {
		r = loop_open();
		bring(r, &g, state);
		fd = g.connect.fd;
		CHECK_INT(g.calls, was_called(state));
		reactor_connect_stop(r, &g.connect);
		reactor_connect_stop(r, &g.connect);
		CHECK_INT(g.connect.fd, fd); /* it is not ours to close */
		memset(&g.connect, 0x55, sizeof(g.connect));
		CHECK_INT(active(r), 0);
		names.held = 0;
		NAMES_UNTIL(names.inside == 0);
		CHECK_INT(reactor_run_once(r, LOOP_MS), 0);
		CHECK_INT(g.calls, was_called(state));
		CHECK_INT(reactor_close(r), 0);
		if (state == WON)
			CHECK_INT(close(fd), 0);
		CHECK_INT(descriptors(), world.before);
	}
	world_end();
}

/* The loop is closed, with the connection in whatever state. */
static void
loop_closes(void)
{
	struct reactor *r;
	struct guest g;
	int state;

	world_begin();
	for (state = NEVER; state < STATES; state++) {
		r = loop_open();
		bring(r, &g, state);
		CHECK_INT(reactor_close(r), 0);
		if (state == WON)
			CHECK_INT(close(g.connect.fd), 0);
		memset(&g.connect, 0x55, sizeof(g.connect));
		names.held = 0;
		NAMES_UNTIL(names.inside == 0);
		CHECK_INT(g.calls, was_called(state));
		CHECK_INT(descriptors(), world.before);
	}
	world_end();
}

static void
restarted(void)
{
	struct reactor *r;
	struct guest g;
	int state, calls;

	world_begin();
	for (state = NEVER; state < STATES; state++) {
		r = loop_open();
		bring(r, &g, state);
		if (state == WON)
			CHECK_INT(close(g.connect.fd), 0);
		calls = g.calls;
		g.connect.host = state % 2 ? "127.0.0.1" : "name";
		g.connect.service = port_text(good_port);
		g.connect.timeout = 0;
		CHECK_INT(reactor_connect_start(r, &g.connect), 0);
		names.held = 0;
		CHECK_INT(reactor_run(r), 0);
		CHECK_INT(g.calls, calls + 1);
		CHECK_INT(g.connect.error, 0);
		CHECK_INT(close(g.connect.fd), 0);
		NAMES_UNTIL(names.inside == 0);
		CHECK_INT(active(r), 0);
		CHECK_INT(reactor_close(r), 0);
		CHECK_INT(descriptors(), world.before);
	}
	world_end();
}

/* In its own callback: after a success, a refusal, a bad name. */
static void
start_again(struct reactor *r, struct guest *g)
{
	static const char *const hosts[] = { "127.0.0.1", "name", "127.0.0.3" };

	if (g->connect.fd != -1)
		CHECK_INT(close(g->connect.fd), 0);
	if (g->calls == 12)
		return;
	names.code = g->calls % 4 == 1 ? EAI_NONAME : 0;
	g->connect.host = hosts[g->calls % 3];
	g->connect.service = port_text(good_port);
	CHECK_INT(reactor_connect_start(r, &g->connect), 0);
	if (g->calls % 5 == 0) {
		reactor_connect_stop(r, &g->connect);
		CHECK_INT(reactor_connect_start(r, &g->connect), 0);
	}
}

static void
again_in_callback(void)
{
	struct reactor *r = loop_open();
	int listener = names_listen("127.0.0.1", 0, 20);
	struct guest g;

	good_port = names_port(listener);
	NAMES_SAY("127.0.0.1");
	prepare(&g, "name", port_text(good_port));
	g.then = start_again;
	start(r, &g);
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(g.calls, 12);
	CHECK_INT(close(listener), 0);
	CHECK_INT(reactor_close(r), 0);
}

static int freed;

static void
free_it(struct reactor *r, struct guest *g)
{
	int fd = g->connect.fd;

	if (freed % 2 == 0)
		reactor_connect_stop(r, &g->connect);
	memset(g, 0x55, sizeof(*g));
	free(g);
	freed++;
	if (fd != -1)
		CHECK_INT(close(fd), 0);
}

static void
freed_in_callback(void)
{
	struct reactor *r = loop_open();
	int listener = names_listen("127.0.0.1", 0, 20), i;
	int local_listener = unix_listen(unix_name('@'), SOCK_STREAM, 5);
	struct guest *g;

	dig("127.0.0.1", 0);
	NAMES_SAY("127.0.0.1");
	for (i = 0; i < 10; i++) {
		g = malloc(sizeof(*g));
		CHECK(g != NULL);
		prepare(g, i / 2 == 3 ? "name" : "127.0.0.1",
		    port_text(i / 2 == 1 ? hole.port : names_port(listener)));
		if (i / 2 == 4) {
			g->connect.host = unix_name('@');
		} else if (i / 2 == 2) {
			fault(0, "127.0.0.1", EHOSTUNREACH);
		} else {
			fault(0, NULL, 0);
		}
		g->connect.timeout = i / 2 == 1 ? LOOP_MS : 0;
		g->then = free_it;
		start(r, g);
		CHECK_INT(reactor_run(r), 0);
		CHECK_INT(freed, i + 1);
	}
	fill_up();
	CHECK_INT(close(listener), 0);
	CHECK_INT(close(local_listener), 0);
	CHECK_INT(reactor_close(r), 0);
}

/* ---- Many, children, memory ---------------------------------------------- */

static void
many(void)
{
	enum { N = 200 };
	static struct guest g[N];
	struct reactor *r = loop_open();
	int listener = names_listen("127.0.0.1", 0, N), i;

	NAMES_SAY("127.0.0.3", "127.0.0.1");
	fault(0, "127.0.0.3", ENETUNREACH);
	for (i = 0; i < N; i++) {
		prepare(&g[i], i % 2 ? "name" : "127.0.0.1",
		    port_text(names_port(listener)));
		start(r, &g[i]);
	}
	CHECK_INT(reactor_run(r), 0);
	for (i = 0; i < N; i++) {
		CHECK_INT(g[i].calls, 1);
		CHECK_INT(g[i].connect.error, 0);
		CHECK_INT(close(g[i].connect.fd), 0);
	}
	CHECK_INT(close(listener), 0);
	CHECK_INT(reactor_close(r), 0);
}

/* The attempts of the parent go on, whatever the child does. */
static void
forked(void)
{
	struct reactor *r = loop_open();
	int listener = names_listen("127.0.0.1", 0, 5), status;
	struct guest g, own;
	pid_t pid;

	NAMES_SAY("127.0.0.1");
	prepare(&own, "127.0.0.1", port_text(names_port(listener)));
	works(r, &own, listener);
	dig("127.0.0.1", 0);
	prepare(&g, "127.0.0.1", port_text(hole.port));
	g.connect.timeout = 100 * LOOP_MS;
	start(r, &g);
	while (strcmp(tried, "127.0.0.1") != 0)
		CHECK(reactor_run_once(r, -1) >= 0);
	fflush(stdout);
	pid = fork();
	CHECK(pid != -1);
	if (pid == 0) {
		reactor_connect_stop(r, &g.connect);
		prepare(&own, NAMES_IN_CHILD ? "name" : "127.0.0.1",
		    port_text(names_port(listener)));
		works(r, &own, listener);
		CHECK_INT(reactor_close(r), 0);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK_INT(status, 0);
	CHECK_INT(active(r), 2);
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(g.connect.error, ETIMEDOUT);
	CHECK_INT(close(listener), 0);
	fill_up();
	CHECK_INT(reactor_close(r), 0);
}

static atomic_long made, failing, live, failed;

static void *
resize(void *memory, size_t size)
{
	void *new;

	if (size == 0) {
		live -= memory != NULL;
		free(memory);
		return NULL;
	}
	if (++made == failing) {
		failed++;
		return NULL;
	}
	new = realloc(memory, size);
	live += memory == NULL && new != NULL;
	return new;
}

/* Returns whether an allocation has failed. */
static int
without_memory(struct reactor *r, const char *host, int port, long n)
{
	struct guest g;
	int status;

	prepare(&g, host, port_text(port));
	made = failed = 0;
	failing = n;
	errno = 0;
	status = reactor_connect_start(r, &g.connect);
	if (status == -1) {
		CHECK_INT(errno, ENOMEM);
		CHECK_INT(active(r), 0);
	}
	CHECK_INT(reactor_run(r), 0);
	failing = 0;
	CHECK_INT(g.calls, status == 0);
	if (g.connect.fd != -1)
		CHECK_INT(close(g.connect.fd), 0);
	if (g.connect.error != 0)
		CHECK_INT(g.connect.error, ENOMEM);
	CHECK(failed > 0 || (status == 0 && g.connect.error == 0));
	return failed > 0;
}

/* A new loop each time, so that it is asked for every table. */
static void
no_memory(void)
{
	static const char *const hosts[] = { "name", "127.0.0.1" };
	int listener = names_listen("127.0.0.1", 0, 500), some, i;
	int port = names_port(listener), before_fds;
	struct reactor *r;
	long n, before;

	NAMES_SAY("127.0.0.3", "127.0.0.1");
	fault(0, "127.0.0.3", ENETUNREACH);
	reactor_set_allocator(resize);
	names_all_threads();
	for (i = 0; i < 2; i++) {
		r = loop_open();
		(void)without_memory(r, hosts[i], port, 0);
		CHECK_INT(reactor_close(r), 0);
		before = live;
		before_fds = descriptors();
		for (n = 1, some = 1; some; n++) {
			r = loop_open();
			some = without_memory(r, hosts[i], port, n);
			CHECK_INT(reactor_close(r), 0);
			NAMES_UNTIL(live == before);
			CHECK_INT(descriptors(), before_fds);
		}
		CHECK(n > 4);
	}
	CHECK_INT(close(listener), 0);
}

static const struct test tests[] = {
	TEST("IPv4", inet),
	TEST("IPv6", inet6),
	TEST("UNIX sockets", local),
	TEST("datagrams", datagrams),
	TEST("0 to 2 are closed", low_descriptors),
	TEST("host and port in one", in_one),
	TEST("arguments", arguments),
	TEST("an address that fails", one_fails),
	TEST("all addresses fail", all_fail),
	TEST("late", late),
	TEST("the order of families", order),
	TEST("the first does not answer", black_hole),
	TEST("the first wins after all", first_wins),
	TEST("one family does not answer", other_family),
	TEST("connect(2) is interrupted", interrupted),
	TEST("neither connected nor under way", gone),
	TEST("TCP connects to itself", to_itself),
	TEST("a UNIX listener is busy", busy),
	TEST("no descriptors", no_descriptors),
	TEST("stopped in every state", stopped),
	TEST("the loop closes in every state", loop_closes),
	TEST("started in every state", restarted),
	TEST("started again in the callback", again_in_callback),
	TEST("freed in the callback", freed_in_callback),
	TEST("many", many),
	TEST("in a child", forked),
	TEST("no memory", no_memory),
};

TEST_MAIN(tests)
