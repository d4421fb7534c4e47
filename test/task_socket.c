/*
 * SPDX-License-Identifier: ISC
 *
 * task_socket.c: connections that are accepted and made.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>
#include "test/tasks.h"

/* ---- accept4(2), which can be told to fail ------------------------------- */

#ifdef __linux__
#include <sys/syscall.h>

static int accept_errors[8], accept_fails, accept_calls;

int failing_accept(int fd, struct sockaddr *address, socklen_t *length,
    int flags) __asm__("accept4");

int
failing_accept(int fd, struct sockaddr *address, socklen_t *length, int flags)
{
	accept_calls++;
	if (accept_fails > 0) {
		errno = accept_errors[--accept_fails];
		return -1;
	}
	return (int)syscall(SYS_accept4, fd, address, length, flags);
}
#endif

/* ---- Addresses ----------------------------------------------------------- */

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in inet;
		struct sockaddr_un local;
	} u;
	unsigned length;
	int family;
};

static void
address_inet(struct address *a)
{
	memset(a, 0, sizeof(*a));
	a->family = a->u.inet.sin_family = AF_INET;
	a->u.inet.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a->length = sizeof(a->u.inet);
}

static void
address_local(struct address *a)
{
	static int number;

	memset(a, 0, sizeof(*a));
	a->family = a->u.local.sun_family = AF_UNIX;
	snprintf(a->u.local.sun_path, sizeof(a->u.local.sun_path),
	    "/tmp/reactor-test-%ld-%d", (long)getpid(), number++);
	a->length = sizeof(a->u.local);
}

/* One that nobody listens at. */
static void
address_unused(struct address *a)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address_inet(a);
	if (fd == -1 || bind(fd, &a->u.any, a->length) == -1)
		SKIP("no loopback");
	CHECK(getsockname(fd, &a->u.any, &a->length) == 0);
	CHECK(close(fd) == 0);
}

static int
new_socket(const struct address *a, int flags)
{
	int fd = socket(a->family, SOCK_STREAM, 0);

	CHECK(fd != -1);
	if (flags != 0)
		CHECK(fcntl(fd, F_SETFL, O_RDWR | flags) == 0);
	return fd;
}

static int
listener_open(struct address *a, int backlog, int flags)
{
	int fd = new_socket(a, flags);

	if (bind(fd, &a->u.any, a->length) == -1)
		SKIP("no loopback");
	CHECK(listen(fd, backlog) == 0);
	if (a->family == AF_INET)
		CHECK(getsockname(fd, &a->u.any, &a->length) == 0);
	return fd;
}

static void
listener_close(const struct address *a, int fd)
{
	CHECK_INT(task_close(fd), 0);
	if (a->family == AF_UNIX)
		CHECK(unlink(a->u.local.sun_path) == 0);
}

/* ---- Both ends ----------------------------------------------------------- */

struct guest {
	const struct address *to;
	int flags, fd, error;
};

static intptr_t
guest_comes(void *argument)
{
	struct guest *g = argument;
	int flags;

	g->fd = new_socket(g->to, g->flags);
	flags = fcntl(g->fd, F_GETFL);
	g->error = 0;
	if (task_connect(g->fd, &g->to->u.any, g->to->length) == -1)
		g->error = errno;
	CHECK_INT(fcntl(g->fd, F_GETFL), flags);
	return g->error == 0 ? 0 : -1;
}

static struct task *
guest_start(struct guest *g, const struct address *to, int flags)
{
	struct task *t;

	g->to = to;
	g->flags = flags;
	g->fd = -1;
	CHECK((t = task_spawn(guest_comes, g)) != NULL);
	return t;
}

static void
new_descriptor(int fd)
{
	CHECK(fd != -1);
	CHECK((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
	CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
}

static void
both_talk(int a, int b)
{
	char bytes[8];

	CHECK_INT(task_write(a, "hello", 5), 5);
	CHECK_INT(task_read(b, bytes, 8), 5);
	CHECK_INT(task_write(b, "there!", 6), 6);
	CHECK_INT(task_read(a, bytes, 8), 6);
	CHECK_INT(task_close(a), 0);
	CHECK_INT(task_read(b, bytes, 8), 0);
	CHECK_INT(task_close(b), 0);
}

static void
meet(struct address *a, int listener_flags, int guest_flags)
{
	int listener = listener_open(a, 5, listener_flags), new, i;
	struct address from;
	struct guest guest;
	struct task *t;

	for (i = 0; i < 3; i++) {
		t = guest_start(&guest, a, guest_flags);
		memset(&from, 0, sizeof(from));
		from.length = sizeof(from.u);
		new = i == 1 ? task_accept(listener, NULL, NULL)
			     : task_accept(listener, &from.u.any, &from.length);
		new_descriptor(new);
		if (i != 1)
			CHECK_INT(from.u.any.sa_family, a->family);
		CHECK_INT(tasks_end(t).state, TASK_DONE);
		both_talk(guest.fd, new);
	}
	CHECK_INT(fcntl(listener, F_GETFL), O_RDWR | listener_flags);
	listener_close(a, listener);
}

static void
meetings(void)
{
	static const int flags[] = { 0, O_NONBLOCK };
	struct address a;
	int i;

	for (i = 0; i < 4; i++) {
		address_inet(&a);
		meet(&a, flags[i / 2], flags[i % 2]);
		address_local(&a);
		meet(&a, flags[i / 2], flags[i % 2]);
	}
}

/* ---- Accepting ----------------------------------------------------------- */

static intptr_t
accepts(void *fd)
{
	int new = task_accept(*(int *)fd, NULL, NULL);

	if (new == -1)
		return -1;
	loop_log('a');
	return new;
}

static void
accept_in_order(void)
{
	struct guest guests[3];
	struct task *t[3], *g[3];
	struct address a;
	int listener, i;

	address_inet(&a);
	listener = listener_open(&a, 5, 0);
	for (i = 0; i < 3; i++)
		CHECK((t[i] = task_spawn(accepts, &listener)) != NULL);
	tasks_turn();
	for (i = 0; i < 3; i++) {
		g[i] = guest_start(&guests[i], &a, 0);
		CHECK_INT(tasks_end(g[i]).state, TASK_DONE);
		both_talk(guests[i].fd, (int)tasks_end(t[i]).result);
		if (i < 2)
			CHECK_INT(tasks_state(t[i + 1]), TASK_PENDING);
	}
	CHECK_STR(loop_said(), "aaa");
	listener_close(&a, listener);
}

static void
accept_ends(void)
{
	struct address a;
	struct task *t;
	int listener, i;

	for (i = 0; i < 2; i++) {
		address_local(&a);
		listener = listener_open(&a, 5, i == 0 ? 0 : O_NONBLOCK);
		CHECK((t = task_spawn(accepts, &listener)) != NULL);
		tasks_turn();
		tasks_stop(t);
		CHECK((t = task_spawn(accepts, &listener)) != NULL);
		tasks_turn();
		listener_close(&a, listener);
		CHECK_INT(tasks_end(t).error, EBADF);
	}
}

static void
accept_wrong(void)
{
	struct address a;
	int fd[2], lonely;

	CHECK(pipe(fd) == 0);
	CHECK_INT(task_accept(fd[0], NULL, NULL), -1);
	CHECK_INT(errno, ENOTSOCK);
	loop_close(fd);
	address_inet(&a);
	lonely = new_socket(&a, 0);
	CHECK_INT(task_accept(lonely, NULL, NULL), -1);
	CHECK_INT(errno, EINVAL);
	CHECK_INT(task_close(lonely), 0);
	CHECK_INT(task_accept(lonely, NULL, NULL), -1);
	CHECK_INT(errno, EBADF);
	CHECK_INT(task_accept(-1, NULL, NULL), -1);
	CHECK_INT(errno, EBADF);
}

/* What befell a guest is no reason to stop, and none to block either. */
static void
accept_goes_on(void)
{
#ifdef __linux__
	static const int errors[] = { ECONNABORTED, EPROTO, ENETDOWN, EINTR };
	struct guest guest;
	struct address a;
	struct task *t, *g;
	int listener, i;

	address_inet(&a);
	for (i = 0; i < 2; i++) {
		listener = listener_open(&a, 5, i == 0 ? 0 : O_NONBLOCK);
		memcpy(accept_errors, errors, sizeof(errors));
		accept_fails = 4;
		CHECK((t = task_spawn(accepts, &listener)) != NULL);
		tasks_turn();
		g = guest_start(&guest, &a, 0);
		CHECK_INT(tasks_end(g).state, TASK_DONE);
		both_talk(guest.fd, (int)tasks_end(t).result);
		CHECK_INT(accept_fails, 0);
		/* There is none: the thread must not wait for one. */
		accept_fails = i;
		CHECK((t = task_spawn(accepts, &listener)) != NULL);
		CHECK_INT(task_sleep(2 * LOOP_MS), 0);
		tasks_stop(t);
		accept_errors[0] = EMFILE;
		accept_fails = 1;
		g = guest_start(&guest, &a, 0);
		CHECK_INT(tasks_end(g).state, TASK_DONE);
		CHECK_INT(task_accept(listener, NULL, NULL), -1);
		CHECK_INT(errno, EMFILE);
		both_talk(guest.fd, task_accept(listener, NULL, NULL));
		listener_close(&a, listener);
		address_inet(&a);
	}
#else
	SKIP("accept4 cannot be replaced here");
#endif
}

static int yields_end;

static intptr_t
yields_on(void *unused)
{
	(void)unused;
	while (!yields_end)
		if (task_yield() == -1)
			return -1;
	return 0;
}

/* Both are woken, since the loop looks twice before one of them has run. */
static void
accept_two_for_one(void)
{
	enum { OTHERS = 3000 };
	static struct task *others[OTHERS];
	struct task *first, *second;
	struct address a;
	int listener, fd, i;

	address_inet(&a);
	listener = listener_open(&a, 5, 0);
	first = task_spawn(accepts, &listener);
	second = task_spawn(accepts, &listener);
	tasks_turn();
	for (i = 0; i < OTHERS; i++)
		CHECK((others[i] = task_spawn(yields_on, NULL)) != NULL);
	fd = new_socket(&a, 0);
	CHECK(connect(fd, &a.u.any, a.length) == 0);
	both_talk(fd, (int)tasks_end(first).result);
	for (i = 0; i < 5; i++)
		CHECK_INT(task_sleep(LOOP_MS), 0);
	CHECK_INT(tasks_state(second), TASK_PENDING);
	tasks_stop(second);
	yields_end = 1;
	for (i = 0; i < OTHERS; i++)
		CHECK_INT(tasks_end(others[i]).state, TASK_DONE);
	listener_close(&a, listener);
}

/* What was kept of a number is not true of who has it next. */
static void
numbers_again(void)
{
	int fd[2], listener, new;
	struct guest guest;
	struct address a;
	char byte;

	address_inet(&a);
	listener = listener_open(&a, 5, O_NONBLOCK);
	guest.fd = new_socket(&a, 0);
	CHECK(connect(guest.fd, &a.u.any, a.length) == 0);
	loop_pipe(fd);
	CHECK_INT(task_poll(fd[0], REACTOR_READ, 0), -1);
	CHECK_INT(task_poll(fd[1], REACTOR_WRITE, 0), REACTOR_WRITE);
	loop_close(fd); /* and not task_close */
	new = task_accept(listener, NULL, NULL);
	CHECK(new == fd[0] || new == fd[1]);
	CHECK_INT(task_write(guest.fd, "x", 1), 1);
	CHECK_INT(task_poll(new, REACTOR_READ, REACTOR_SECOND), REACTOR_READ);
	CHECK_INT(task_read(new, &byte, 1), 1);
	both_talk(guest.fd, new);
	listener_close(&a, listener);
}

/* ---- Connecting ---------------------------------------------------------- */

static void
connect_refused(void)
{
	static const int flags[] = { 0, O_NONBLOCK };
	struct guest guest;
	struct address a;
	int i;

	for (i = 0; i < 2; i++) {
		address_unused(&a);
		CHECK_INT(tasks_end(guest_start(&guest, &a, flags[i])).error,
		    ECONNREFUSED);
		CHECK_INT(task_close(guest.fd), 0);
		address_local(&a);
		CHECK_INT(
		    tasks_end(guest_start(&guest, &a, flags[i])).error, ENOENT);
		CHECK_INT(task_close(guest.fd), 0);
	}
}

static void
connect_wrong(void)
{
	struct guest guest;
	struct address a;
	int listener, fd[2];

	address_inet(&a);
	listener = listener_open(&a, 5, 0);
	CHECK_INT(tasks_end(guest_start(&guest, &a, 0)).state, TASK_DONE);
	/* Linux says once more that it has succeeded. */
	CHECK(task_connect(guest.fd, &a.u.any, a.length) == 0 ||
	    errno == EISCONN);
	CHECK_INT(task_connect(guest.fd, &a.u.any, a.length), -1);
	CHECK_INT(errno, EISCONN);
	CHECK_INT(task_close(guest.fd), 0);
	CHECK_INT(task_connect(guest.fd, &a.u.any, a.length), -1);
	CHECK_INT(errno, EBADF);
	CHECK(pipe(fd) == 0);
	CHECK_INT(task_connect(fd[0], &a.u.any, a.length), -1);
	CHECK_INT(errno, ENOTSOCK);
	CHECK_INT(fcntl(fd[0], F_GETFL), O_RDONLY);
	loop_close(fd);
	listener_close(&a, listener);
}

static void
connect_datagram(void)
{
	struct address a;
	int fd, other;
	char byte;

	address_inet(&a);
	CHECK((fd = socket(AF_INET, SOCK_DGRAM, 0)) != -1);
	CHECK((other = socket(AF_INET, SOCK_DGRAM, 0)) != -1);
	if (bind(other, &a.u.any, a.length) == -1)
		SKIP("no loopback");
	CHECK(getsockname(other, &a.u.any, &a.length) == 0);
	CHECK_INT(task_connect(fd, &a.u.any, a.length), 0);
	CHECK_INT(task_write(fd, "x", 1), 1);
	CHECK_INT(task_read(other, &byte, 1), 1);
	CHECK_INT(task_close(fd), 0);
	CHECK_INT(task_close(other), 0);
}

/* Fills what a listener that does not accept has room for. */
static int
listener_full(struct address *a, int guests[16], int *n)
{
	struct pollfd p = { -1, POLLOUT, 0 };
	int listener;

	address_inet(a);
	listener = listener_open(a, 0, 0);
	for (*n = 0; *n < 16; ++*n) {
		p.fd = guests[*n] = new_socket(a, O_NONBLOCK);
		if (connect(p.fd, &a->u.any, a->length) == -1)
			CHECK_INT(errno, EINPROGRESS);
		if (poll(&p, 1, 100) == 0) {
			++*n;
			return listener;
		}
	}
	SKIP("a listener that is never full");
}

static void
connect_takes_too_long(void)
{
	struct task_scope scope;
	struct address a;
	int guests[16], n, fd, listener = listener_full(&a, guests, &n);
	struct guest guest;
	struct task *t;

	fd = new_socket(&a, 0);
	CHECK_INT(task_scope_enter(&scope, 20 * LOOP_MS), 0);
	CHECK_INT(task_connect(fd, &a.u.any, a.length), -1);
	CHECK_INT(errno, ECANCELED);
	CHECK_INT(task_scope_leave(&scope), -1);
	CHECK_INT(errno, ETIMEDOUT);
	CHECK_INT(fcntl(fd, F_GETFL), O_RDWR);
	CHECK_INT(task_close(fd), 0);
	/* Closed by somebody else. */
	t = guest_start(&guest, &a, 0);
	CHECK_INT(task_sleep(2 * LOOP_MS), 0);
	CHECK((fd = dup(guest.fd)) != -1);
	task_forget(guest.fd);
	CHECK_INT(tasks_end(t).error, EBADF);
	CHECK_INT(task_close(guest.fd), 0);
	CHECK_INT(task_close(fd), 0);
	while (n-- > 0)
		CHECK_INT(task_close(guests[n]), 0);
	listener_close(&a, listener);
}

/* A UNIX socket does not wait for room: it says so. */
static void
connect_no_room(void)
{
	int guests[16], n, listener, error = 0;
	struct address a;

	address_local(&a);
	listener = listener_open(&a, 0, 0);
	for (n = 0; n < 16 && error == 0; n++) {
		guests[n] = new_socket(&a, 0);
		if (task_connect(guests[n], &a.u.any, a.length) == -1)
			error = errno;
	}
	CHECK(error == EAGAIN || error == ECONNREFUSED);
	while (n-- > 0)
		CHECK_INT(task_close(guests[n]), 0);
	listener_close(&a, listener);
}

/* ---- All of it ----------------------------------------------------------- */

static const struct test tests[] = {
	TASKS("connect and accept, blocking or not", meetings),
	TASKS("accept: several in order", accept_in_order),
	TASKS("accept: cancelled, closed", accept_ends),
	TASKS("accept: wrong descriptors", accept_wrong),
	TASKS("accept: what befalls a guest", accept_goes_on),
	TASKS("accept: two tasks for one guest", accept_two_for_one),
	TASKS("accept: a number that was another's", numbers_again),
	TASKS("connect: refused", connect_refused),
	TASKS("connect: wrong descriptors", connect_wrong),
	TASKS("connect: datagrams", connect_datagram),
	TASKS("connect: too slow, closed", connect_takes_too_long),
	TASKS("connect: no room at a UNIX socket", connect_no_room),
};

TEST_MAIN(tests)
