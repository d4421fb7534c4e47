/*
 * SPDX-License-Identifier: ISC
 *
 * listener.c: accepting connections: how many at once, what is done when it
 * fails, and callbacks that do what they like.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/resource.h>
#include <reactor/net.h>
#include "test/loop.h"

/* ---- accept4(2), which can be told to fail ------------------------------- */

#ifdef __linux__
#include <sys/syscall.h>

static int accept_error, accept_fails;
static _Atomic int accept_calls;

int failing_accept(int fd, struct sockaddr *address, socklen_t *length,
    int flags) __asm__("accept4");

int
failing_accept(int fd, struct sockaddr *address, socklen_t *length, int flags)
{
	accept_calls++;
	if (accept_fails > 0) {
		accept_fails--;
		errno = accept_error;
		return -1;
	}
	return (int)syscall(SYS_accept4, fd, address, length, flags);
}
#define CAN_FAIL()
#else
static int accept_error, accept_fails, accept_calls;
#define CAN_FAIL() SKIP("accept4 cannot be replaced here")
#endif

/* ---- A listener that notes ----------------------------------------------- */

enum { MOST = 400 };

struct door {
	struct reactor_listener listener;
	int fds[MOST];
	int came, failures, error;
	void (*then)(struct reactor *, struct door *);
};

static void
door_came(struct reactor *r, struct reactor_listener *l, int fd,
    const struct reactor_address *peer)
{
	struct door *d = (struct door *)l;

	CHECK(fd >= 3 && (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
	CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	CHECK(peer->length > 0 && peer->length <= sizeof(peer->u));
	CHECK(d->came < MOST);
	d->fds[d->came++] = fd;
	if (d->then != NULL)
		d->then(r, d);
}

static void
door_failed(struct reactor *r, struct reactor_listener *l, int error)
{
	struct door *d = (struct door *)l;

	(void)r;
	d->failures++;
	d->error = error;
}

static void
door_init(struct door *d, const char *address)
{
	memset(d, 0, sizeof(*d));
	CHECK_INT(reactor_listen(address, NULL, &d->listener.fd, 1), 1);
	d->listener.callback = door_came;
	d->listener.failed = door_failed;
	d->listener.pause = 10 * LOOP_MS;
	accept_calls = 0;
}

static void
door_open(struct reactor *r, struct door *d)
{
	door_init(d, "127.0.0.1:0");
	CHECK_INT(reactor_listener_start(r, &d->listener), 0);
}

static void
door_leave(struct door *d)
{
	while (d->came > 0)
		CHECK_INT(close(d->fds[--d->came]), 0);
}

static void
door_close(struct reactor *r, struct door *d)
{
	reactor_listener_stop(r, &d->listener);
	CHECK_INT(close(d->listener.fd), 0);
	door_leave(d);
}

/* ---- Guests -------------------------------------------------------------- */

static int
guest(const struct door *d)
{
	struct reactor_address a;
	int fd;

	CHECK_INT(reactor_address_local(&a, d->listener.fd), 0);
	fd = socket(reactor_address_socket(&a)->sa_family, SOCK_STREAM, 0);
	CHECK(fd != -1);
	CHECK_INT(connect(fd, reactor_address_socket(&a), a.length), 0);
	return fd;
}

static void
guests(const struct door *d, int *fds, int n)
{
	while (n-- > 0)
		fds[n] = guest(d);
}

static void
guests_leave(const int *fds, int n)
{
	while (n-- > 0)
		CHECK_INT(close(fds[n]), 0);
}

static void
turns(struct reactor *r, int n)
{
	while (n-- > 0)
		CHECK(reactor_run_once(r, 0) >= 0);
}

static void
turns_until(struct reactor *r, const int *counter, int value)
{
	int64_t end = test_clock() + 20 * REACTOR_SECOND;

	while (*counter < value && test_clock() < end)
		CHECK(reactor_run_once(r, 100 * LOOP_MS) >= 0);
	CHECK_INT(*counter, value);
}

/* ---- Who comes is let in ------------------------------------------------- */

static void
comes_in(void)
{
	struct reactor *r = loop_open();
	struct reactor_address me, peer;
	struct door d;
	char text[2][REACTOR_ADDRESS_TEXT];
	int fd;

	door_open(r, &d);
	turns(r, 3);
	CHECK_INT(accept_calls, 0);
	fd = guest(&d);
	turns_until(r, &d.came, 1);
	CHECK_INT(reactor_address_local(&me, fd), 0);
	CHECK_INT(reactor_address_peer(&peer, d.fds[0]), 0);
	CHECK_STR(reactor_address_text(&me, text[0], sizeof(text[0])),
	    reactor_address_text(&peer, text[1], sizeof(text[1])));
	CHECK_INT(close(fd), 0);
	door_close(r, &d);
	CHECK_INT(reactor_run(r), 0); /* nothing is left to wait for */
	CHECK_INT(reactor_close(r), 0);
}

static struct reactor_address came_from;

static void
note_peer(struct reactor *r, struct reactor_listener *l, int fd,
    const struct reactor_address *peer)
{
	came_from = *peer;
	door_came(r, l, fd, peer);
}

static void
tells_peer(void)
{
	char path[64];
	const char *const address[] = { "127.0.0.1:0", "[::1]:0", path };
	struct reactor *r = loop_open();
	char text[2][REACTOR_ADDRESS_TEXT];
	struct reactor_address me;
	struct door d;
	int fd, i;

	snprintf(
	    path, sizeof(path), "/tmp/reactor-listener-%ld", (long)getpid());
	for (i = 0; i < 3; i++) {
		memset(&d, 0, sizeof(d));
		if (reactor_listen(address[i], NULL, &d.listener.fd, 1) != 1)
			continue;
		d.listener.callback = note_peer;
		CHECK_INT(reactor_listener_start(r, &d.listener), 0);
		fd = guest(&d);
		turns_until(r, &d.came, 1);
		CHECK_INT(reactor_address_local(&me, fd), 0);
		CHECK_INT(came_from.length, me.length);
		if (i < 2)
			CHECK_STR(reactor_address_text(
				      &came_from, text[0], sizeof(text[0])),
			    reactor_address_text(
				&me, text[1], sizeof(text[1])));
		CHECK_INT(close(fd), 0);
		door_close(r, &d);
	}
	CHECK_INT(unlink(address[2]), 0);
	CHECK_INT(reactor_close(r), 0);
}

/* One call for each, and one more to learn that there are no more. */
static void
budgets(void)
{
	struct reactor *r = loop_open();
	int fds[20], first;
	struct door d;

	door_open(r, &d);
	guests(&d, fds, 20);
	CHECK(reactor_run_once(r, -1) == 1);
	CHECK_INT(d.came, 16);
	turns_until(r, &d.came, 20);
	turns(r, 3);
#ifdef __linux__
	CHECK_INT(accept_calls, 21);
#endif
	guests_leave(fds, 20);
	door_leave(&d);
	d.listener.budget = 1;
	accept_calls = 0;
	guests(&d, fds, 5);
	CHECK(reactor_run_once(r, -1) == 1);
	first = d.came;
	CHECK_INT(first, 1);
	turns_until(r, &d.came, 5);
	turns(r, 3);
#ifdef __linux__
	CHECK_INT(accept_calls, 5);
#endif
	guests_leave(fds, 5);
	door_close(r, &d);
	CHECK_INT(reactor_close(r), 0);
}

static int
option(int fd, int level, int name)
{
	socklen_t size = sizeof(int);
	int value = 0;

	CHECK_INT(getsockopt(fd, level, name, &value, &size), 0);
	return value != 0;
}

static void
options(void)
{
	struct reactor *r = loop_open();
	struct door d;
	int fds[2];

	door_open(r, &d);
	guests(&d, fds, 1);
	turns_until(r, &d.came, 1);
	d.listener.flags = REACTOR_NODELAY | REACTOR_KEEPALIVE;
	guests(&d, fds + 1, 1);
	turns_until(r, &d.came, 2);
	CHECK(!option(d.fds[0], IPPROTO_TCP, TCP_NODELAY));
	CHECK(!option(d.fds[0], SOL_SOCKET, SO_KEEPALIVE));
	CHECK(option(d.fds[1], IPPROTO_TCP, TCP_NODELAY));
	CHECK(option(d.fds[1], SOL_SOCKET, SO_KEEPALIVE));
	guests_leave(fds, 2);
	door_close(r, &d);
	CHECK_INT(reactor_close(r), 0);
}

static void
wrong(void)
{
	struct reactor *r = loop_open();
	struct reactor_listener l;
	int fd[2];

	memset(&l, 0, sizeof(l));
	l.callback = door_came;
	l.fd = -1;
	CHECK_INT(reactor_listener_start(r, &l), -1);
	CHECK_INT(errno, EBADF);
	loop_pair(fd);
	l.fd = fd[0];
	l.flags = REACTOR_DATAGRAM;
	CHECK_INT(reactor_listener_start(r, &l), -1);
	CHECK_INT(errno, EINVAL);
	l.flags = 0;
	l.callback = NULL;
	CHECK_INT(reactor_listener_start(r, &l), -1);
	CHECK_INT(errno, EINVAL);
	l.callback = door_came;
	CHECK_INT(fcntl(fd[0], F_SETFL, O_RDWR), 0);
	CHECK_INT(reactor_listener_start(r, &l), -1); /* it would block */
	CHECK_INT(errno, EINVAL);
	reactor_listener_stop(r, &l);
	loop_close(fd);
	CHECK_INT(reactor_close(r), 0);
}

/* ---- Errors -------------------------------------------------------------- */

static void
passed_over(void)
{
	static const int errors[] = { EINTR, ECONNABORTED, EPROTO, ENETDOWN,
		ENETUNREACH, EHOSTUNREACH, EHOSTDOWN, EPERM, ENOPROTOOPT,
		ETIMEDOUT, ECONNRESET };
	struct reactor *r = loop_open();
	struct door d;
	size_t i;
	int fd;

	CAN_FAIL();
	door_open(r, &d);
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		accept_error = errors[i];
		accept_fails = 5;
		fd = guest(&d);
		turns_until(r, &d.came, (int)i + 1);
		CHECK_INT(accept_fails, 0);
		CHECK_INT(d.failures, 0);
		CHECK_INT(close(fd), 0);
	}
	door_close(r, &d);
	CHECK_INT(reactor_close(r), 0);
}

/* Every one of them for ever: a firewall, say. */
static void
in_vain(void)
{
	struct reactor *r = loop_open();
	struct door d;
	int fd;

	CAN_FAIL();
	door_open(r, &d);
	accept_error = EPERM;
	accept_fails = 500;
	fd = guest(&d);
	turns_until(r, &d.came, 1);
	CHECK(d.failures >= 5 && d.failures <= 8);
	CHECK_INT(d.error, EPERM);
	CHECK_INT(close(fd), 0);
	door_close(r, &d);
	CHECK_INT(reactor_close(r), 0);
}

static void
full(void)
{
	static const int errors[] = { EMFILE, ENFILE, ENOBUFS, ENOMEM };
	struct reactor *r = loop_open();
	struct door d;
	int fd, i;

	CAN_FAIL();
	door_open(r, &d);
	for (i = 0; i < 4; i++) {
		accept_error = errors[i];
		accept_fails = 3;
		fd = guest(&d);
		turns_until(r, &d.came, i + 1);
		CHECK_INT(d.failures, 3 * (i + 1));
		CHECK_INT(d.error, errors[i]);
		CHECK_INT(close(fd), 0);
	}
	door_close(r, &d);
	CHECK_INT(reactor_close(r), 0);
}

static void
fatal(void)
{
	static const int errors[] = { EINVAL, ENOTSOCK, EBADF, EOPNOTSUPP,
		EFAULT };
	struct reactor *r = loop_open();
	struct door d;
	int fd, i;

	CAN_FAIL();
	for (i = 0; i < 5; i++) {
		door_open(r, &d);
		accept_error = errors[i];
		accept_fails = 1;
		fd = guest(&d);
		CHECK_INT(reactor_run(r), 0);
		CHECK_INT(d.failures, 1);
		CHECK_INT(d.error, errors[i]);
		/* Once the reason is gone it can begin again. */
		CHECK_INT(reactor_listener_start(r, &d.listener), 0);
		turns_until(r, &d.came, 1);
		CHECK_INT(close(fd), 0);
		door_close(r, &d);
	}
	CHECK_INT(reactor_close(r), 0);
}

/* The socket does not listen, or is no socket at all. */
static void
no_listener(void)
{
	struct reactor *r = loop_open();
	struct door d;
	int fd[2], i;

	for (i = 0; i < 2; i++) {
		memset(&d, 0, sizeof(d));
		if (i == 0)
			loop_pair(fd);
		else
			loop_pipe(fd);
		loop_put(fd[1]);
		d.listener.callback = door_came;
		d.listener.failed = door_failed;
		d.listener.fd = fd[0];
		CHECK_INT(reactor_listener_start(r, &d.listener), 0);
		CHECK_INT(reactor_run(r), 0);
		CHECK_INT(d.failures, 1);
		CHECK_INT(d.error, i == 0 ? EINVAL : ENOTSOCK);
		loop_close(fd);
	}
	CHECK_INT(reactor_close(r), 0);
}

/* ---- Out of descriptors -------------------------------------------------- */

static void
limit_descriptors(rlim_t n)
{
	struct rlimit limit;

	CHECK_INT(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = n;
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* They stay until they are told to go by the end of the pipe. */
static pid_t
crowd(const struct door *d, int n, int end[2])
{
	int fds[MOST];
	pid_t child;
	char byte;

	CHECK_INT(pipe(end), 0);
	child = fork();
	CHECK(child != -1);
	if (child == 0) {
		CHECK_INT(close(end[1]), 0);
		guests(d, fds, n);
		(void)!read(end[0], &byte, 1);
		_exit(0);
	}
	CHECK_INT(close(end[0]), 0);
	return child;
}

static void
run_for(struct reactor *r, int64_t ns)
{
	int64_t end = test_clock() + ns, left;

	while ((left = end - test_clock()) > 0)
		CHECK(reactor_run_once(r, left) >= 0);
}

static void
crowded(void)
{
	struct reactor_statistics before, after;
	struct reactor *r = loop_open();
	struct door d;
	int end[2], in;
	pid_t child;

	door_init(&d, "127.0.0.1:0");
	d.listener.pause = 0;
	CHECK_INT(reactor_listener_start(r, &d.listener), 0);
	child = crowd(&d, 200, end);
	limit_descriptors(64);
	turns_until(r, &d.failures, 1);
	CHECK_INT(d.error, EMFILE);
	in = d.came;
	CHECK(in > 0 && in < 64);
	accept_calls = 0;
	reactor_stats(r, &before);
	run_for(r, REACTOR_SECOND);
	reactor_stats(r, &after);
	/* Some 10 pauses, of a few calls each. */
	CHECK(after.turns - before.turns < 40);
	CHECK(accept_calls < 20);
	CHECK(d.failures > 1 && d.failures < 20);
	CHECK_INT(d.came, in);
	/* Each that leaves makes room for another. */
	door_leave(&d);
	limit_descriptors(512);
	turns_until(r, &d.came, 200 - in);
	CHECK_INT(close(end[1]), 0);
	CHECK_INT(waitpid(child, NULL, 0), child);
	door_close(r, &d);
	CHECK_INT(reactor_close(r), 0);
}

/* In a pause it can be stopped, and started: then it looks at once. */
static void
paused(void)
{
	struct reactor *r = loop_open();
	struct door d;
	int fd;

	CAN_FAIL();
	door_open(r, &d);
	d.listener.pause = INT64_MAX;
	accept_error = EMFILE;
	accept_fails = 1;
	fd = guest(&d);
	turns_until(r, &d.failures, 1);
	turns(r, 3);
	CHECK_INT(d.came, 0);
	reactor_listener_stop(r, &d.listener);
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(reactor_listener_start(r, &d.listener), 0);
	turns_until(r, &d.came, 1);
	accept_fails = 1;
	CHECK_INT(close(fd), 0);
	fd = guest(&d);
	turns_until(r, &d.failures, 2);
	CHECK_INT(reactor_listener_start(r, &d.listener), 0);
	turns_until(r, &d.came, 2);
	CHECK_INT(close(fd), 0);
	door_close(r, &d);
	CHECK_INT(reactor_close(r), 0);
}

/* Not even for the timer: it goes on looking. */
static void
no_memory(void)
{
	struct reactor *r;
	struct door d;
	int fd;

	CAN_FAIL();
	reactor_set_allocator(loop_stingy);
	loop_left = 1000;
	r = loop_open();
	door_open(r, &d);
	turns(r, 1); /* the backend has what it needs */
	accept_error = ENOMEM;
	accept_fails = 20;
	loop_left = 0;
	fd = guest(&d);
	turns_until(r, &d.came, 1);
	CHECK_INT(d.failures, 20);
	CHECK_INT(close(fd), 0);
	door_close(r, &d);
	CHECK_INT(reactor_close(r), 0);
}

/* ---- Callbacks that do what they like ------------------------------------ */

static void
then_stop(struct reactor *r, struct door *d)
{
	if (d->came == 2)
		reactor_listener_stop(r, &d->listener);
}

static void
then_restart(struct reactor *r, struct door *d)
{
	reactor_listener_stop(r, &d->listener);
	CHECK_INT(reactor_listener_start(r, &d->listener), 0);
}

static void
then_start(struct reactor *r, struct door *d)
{
	CHECK_INT(reactor_listener_start(r, &d->listener), 0);
}

static void
stops_itself(void)
{
	struct reactor *r = loop_open();
	int fds[5];
	struct door d;

	door_open(r, &d);
	guests(&d, fds, 5);
	d.then = then_stop;
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(d.came, 2);
	d.then = then_restart;
	CHECK_INT(reactor_listener_start(r, &d.listener), 0);
	turns_until(r, &d.came, 5);
	guests_leave(fds, 5);
	guests(&d, fds, 5);
	d.then = then_start;
	turns_until(r, &d.came, 10);
	guests_leave(fds, 5);
	door_close(r, &d);
	CHECK_INT(reactor_close(r), 0);
}

static void
then_free(struct reactor *r, struct door *d)
{
	reactor_listener_stop(r, &d->listener);
	CHECK_INT(close(d->listener.fd), 0);
	door_leave(d);
	memset(d, 0x55, sizeof(*d));
	free(d);
}

static void
free_failed(struct reactor *r, struct reactor_listener *l, int error)
{
	(void)error;
	then_free(r, (struct door *)l);
}

static void
frees_itself(void)
{
	static const int errors[] = { 0, EMFILE, EINVAL };
	struct reactor *r = loop_open();
	struct door *d;
	int fds[5], i;

	for (i = 0; i < 3; i++) {
		d = malloc(sizeof(*d));
		door_open(r, d);
		guests(d, fds, 5);
		accept_error = errors[i];
		accept_fails = errors[i] != 0;
		d->then = then_free;
		d->listener.failed = free_failed;
		CHECK_INT(reactor_run(r), 0);
		guests_leave(fds, 5);
#ifndef __linux__
		break;
#endif
	}
	CHECK_INT(reactor_close(r), 0);
}

/* The number is another socket's now. */
static void
then_exchange(struct reactor *r, struct door *d)
{
	int fd, number = d->listener.fd;

	d->then = NULL;
	reactor_listener_stop(r, &d->listener);
	CHECK_INT(reactor_listen("127.0.0.1:0", NULL, &fd, 1), 1);
	CHECK_INT(dup2(fd, number), number);
	CHECK_INT(fcntl(number, F_SETFD, FD_CLOEXEC), 0);
	CHECK_INT(close(fd), 0);
	CHECK_INT(reactor_listener_start(r, &d->listener), 0);
}

static void
exchanges_socket(void)
{
	struct reactor *r = loop_open();
	int fds[5], other;
	struct door d;

	door_open(r, &d);
	guests(&d, fds, 5);
	d.then = then_exchange;
	turns_until(r, &d.came, 1);
	turns(r, 3);
	CHECK_INT(d.came, 1); /* the others' socket is closed */
	other = guest(&d);
	turns_until(r, &d.came, 2);
	CHECK_INT(close(other), 0);
	guests_leave(fds, 5);
	door_close(r, &d);
	CHECK_INT(reactor_close(r), 0);
}

static void
loop_closes(void)
{
	struct reactor *r;
	struct door d;
	int fd, i;

	for (i = 0; i < 2; i++) {
		r = loop_open();
		door_open(r, &d);
		fd = guest(&d);
		if (i == 1) {
			accept_error = EMFILE;
			accept_fails = 1;
			CHECK(reactor_run_once(r, -1) >= 0);
		}
		CHECK_INT(reactor_close(r), 0);
		CHECK_INT(close(fd), 0);
		CHECK_INT(close(d.listener.fd), 0);
		door_leave(&d);
	}
}

/* ---- Several at one socket, or at one port ------------------------------- */

/* All are woken, and one is first: the others are told EAGAIN. */
static void
many_processes(void)
{
	enum { HOSTS = 4, GUESTS = 100 };
	struct reactor *r;
	struct door d;
	pid_t hosts[HOSTS];
	int i, fd, status;
	char byte;

	door_init(&d, "127.0.0.1:0");
	for (i = 0; i < HOSTS; i++) {
		hosts[i] = fork();
		CHECK(hosts[i] != -1);
		if (hosts[i] != 0)
			continue;
		r = loop_open();
		CHECK_INT(reactor_listener_start(r, &d.listener), 0);
		while (d.failures == 0) {
			CHECK(reactor_run_once(r, -1) >= 0);
			while (d.came > 0) {
				fd = d.fds[--d.came];
				CHECK_INT(write(fd, "x", 1), 1);
				CHECK_INT(close(fd), 0);
			}
		}
		_exit(1);
	}
	for (i = 0; i < GUESTS; i++) {
		fd = guest(&d);
		CHECK_INT(read(fd, &byte, 1), 1);
		CHECK_INT(close(fd), 0);
	}
	for (i = 0; i < HOSTS; i++) {
		CHECK_INT(kill(hosts[i], SIGTERM), 0);
		CHECK_INT(waitpid(hosts[i], &status, 0), hosts[i]);
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	}
	CHECK_INT(close(d.listener.fd), 0);
}

struct host {
	pthread_t thread;
	struct reactor *r;
	struct door d;
	int served;
};

static void
then_serve(struct reactor *r, struct door *d)
{
	struct host *h = REACTOR_OWNER(d, struct host, d);
	int fd = d->fds[--d->came];

	(void)r;
	CHECK_INT(write(fd, "x", 1), 1);
	CHECK_INT(close(fd), 0);
	h->served++;
}

static void *
host_run(void *argument)
{
	struct host *h = argument;

	CHECK_INT(reactor_run(h->r), 0);
	return NULL;
}

static void
host_open(struct host *h, const char *address)
{
	struct reactor_listen_options reuse = { REACTOR_REUSEPORT, 0, 0 };

	memset(h, 0, sizeof(*h));
	h->r = loop_open();
	h->d.listener.callback = door_came;
	h->d.then = then_serve;
	CHECK_INT(reactor_listen(address, &reuse, &h->d.listener.fd, 1), 1);
	CHECK_INT(reactor_listener_start(h->r, &h->d.listener), 0);
}

static void
host_close(struct host *h)
{
	reactor_stop(h->r);
	CHECK_INT(pthread_join(h->thread, NULL), 0);
	reactor_listener_stop(h->r, &h->d.listener);
	CHECK_INT(close(h->d.listener.fd), 0);
	CHECK_INT(reactor_close(h->r), 0);
}

/* The kernel deals them out by a hash: with so many both get some. */
static void
two_loops(void)
{
	static struct host hosts[2];
	char text[REACTOR_ADDRESS_TEXT], byte;
	struct reactor_address a;
	int fd, i;

	host_open(&hosts[0], "127.0.0.1:0");
	CHECK_INT(reactor_address_local(&a, hosts[0].d.listener.fd), 0);
	host_open(&hosts[1], reactor_address_text(&a, text, sizeof(text)));
	for (i = 0; i < 2; i++)
		CHECK_INT(
		    pthread_create(&hosts[i].thread, NULL, host_run, &hosts[i]),
		    0);
	for (i = 0; i < 100; i++) {
		fd = guest(&hosts[0].d);
		CHECK_INT(read(fd, &byte, 1), 1);
		CHECK_INT(close(fd), 0);
	}
	for (i = 0; i < 2; i++)
		host_close(&hosts[i]);
	CHECK_INT(hosts[0].served + hosts[1].served, 100);
#ifdef __linux__
	CHECK(hosts[0].served > 0 && hosts[1].served > 0);
#endif
}

static const struct test tests[] = {
	TEST("who comes is let in", comes_in),
	TEST("the peer is told", tells_peer),
	TEST("a budget, and no system call too many", budgets),
	TEST("NODELAY and KEEPALIVE", options),
	TEST("what cannot be started", wrong),
	TEST("errors of guests are passed over", passed_over),
	TEST("but not for ever without a pause", in_vain),
	TEST("no room: it waits and goes on", full),
	TEST("errors that will not go away stop it", fatal),
	TEST("what does not listen", no_listener),
	TEST("200 guests and few descriptors: no spin", crowded),
	TEST("stopped and started in a pause", paused),
	TEST("no memory for the pause", no_memory),
	TEST("a callback that stops or restarts it", stops_itself),
	TEST("a callback that frees it", frees_itself),
	TEST("a callback that exchanges its socket", exchanges_socket),
	TEST("the loop is closed meanwhile", loop_closes),
	TEST("processes that share a socket", many_processes),
	TEST("two loops, one port", two_loops),
};
TEST_MAIN(tests)
