/*
 * SPDX-License-Identifier: ISC
 *
 * task_admit.c: accepting in tasks, for servers: what befalls a guest is passed
 * over, and when there is no room it waits.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include "test/tasks.h"

/* ---- accept4(2), which can be told to fail ------------------------------- */

#ifdef __linux__
#include <sys/syscall.h>

static int accept_error, accept_fails, accept_calls;

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

static int
door(const char *address)
{
	int fd;

	CHECK_INT(reactor_listen(address, NULL, &fd, 1), 1);
	return fd;
}

static int
guest(int listener)
{
	struct reactor_address a;
	int fd;

	CHECK_INT(reactor_address_local(&a, listener), 0);
	fd = socket(reactor_address_socket(&a)->sa_family, SOCK_STREAM, 0);
	CHECK(fd != -1);
	CHECK_INT(connect(fd, reactor_address_socket(&a), a.length), 0);
	return fd;
}

static intptr_t
admits(void *fd)
{
	return task_admit(*(int *)fd, 0, NULL);
}

static int
option(int fd, int level, int name)
{
	socklen_t size = sizeof(int);
	int value = 0;

	CHECK_INT(getsockopt(fd, level, name, &value, &size), 0);
	return value != 0;
}

/* ---- Cases --------------------------------------------------------------- */

static void
comes_in(void)
{
	struct reactor_address me, peer;
	char text[2][REACTOR_ADDRESS_TEXT];
	int fd = door("127.0.0.1:0"), g, new;
	struct task *t;

	t = task_spawn(admits, &fd);
	tasks_turn();
	CHECK_INT(tasks_state(t), TASK_PENDING);
	g = guest(fd);
	new = (int)tasks_end(t).result;
	CHECK(new >= 3 && (fcntl(new, F_GETFL) & O_NONBLOCK) != 0);
	CHECK((fcntl(new, F_GETFD) & FD_CLOEXEC) != 0);
	CHECK(!option(new, IPPROTO_TCP, TCP_NODELAY));
	CHECK_INT(close(g), 0);
	CHECK_INT(task_close(new), 0);
	g = guest(fd);
	new = task_admit(fd, REACTOR_NODELAY | REACTOR_KEEPALIVE, &peer);
	CHECK(option(new, IPPROTO_TCP, TCP_NODELAY));
	CHECK(option(new, SOL_SOCKET, SO_KEEPALIVE));
	CHECK_INT(reactor_address_local(&me, g), 0);
	CHECK_STR(reactor_address_text(&peer, text[0], sizeof(text[0])),
	    reactor_address_text(&me, text[1], sizeof(text[1])));
	CHECK_INT(close(g), 0);
	CHECK_INT(task_close(new), 0);
	CHECK_INT(task_close(fd), 0);
}

static void
local(void)
{
	char path[64];
	struct reactor_address peer;
	int fd, g, new;

	snprintf(path, sizeof(path), "/tmp/reactor-admit-%ld", (long)getpid());
	fd = door(path);
	g = guest(fd);
	new = task_admit(fd, REACTOR_NODELAY, &peer);
	CHECK(new >= 3);
	CHECK(peer.length >= sizeof(sa_family_t));
	CHECK_INT(close(g), 0);
	CHECK_INT(task_close(new), 0);
	CHECK_INT(task_close(fd), 0);
	CHECK_INT(unlink(path), 0);
}

static void
passed_over(void)
{
	static const int errors[] = { EINTR, ECONNABORTED, EPROTO, ENETDOWN,
		ENETUNREACH, EHOSTUNREACH, EHOSTDOWN, EPERM, ENOPROTOOPT,
		ETIMEDOUT };
	int fd = door("127.0.0.1:0"), g, new;
	size_t i;

	CAN_FAIL();
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		accept_error = errors[i];
		accept_fails = 5;
		g = guest(fd);
		new = task_admit(fd, 0, NULL);
		CHECK(new >= 3);
		CHECK_INT(accept_fails, 0);
		CHECK_INT(close(g), 0);
		CHECK_INT(task_close(new), 0);
	}
	CHECK_INT(task_close(fd), 0);
}

static void
no_room(void)
{
	static const int errors[] = { EMFILE, ENFILE, ENOBUFS, ENOMEM, EPERM };
	int fd = door("127.0.0.1:0"), g, new, i;
	struct task *t;
	int64_t since;

	CAN_FAIL();
	for (i = 0; i < 5; i++) {
		accept_error = errors[i];
		accept_fails = errors[i] == EPERM ? 128 : 2;
		g = guest(fd);
		since = task_now();
		t = task_spawn(admits, &fd);
		new = (int)tasks_end(t).result;
		CHECK(task_now() - since >= 2 * 90 * LOOP_MS);
		CHECK_INT(accept_fails, 0);
		CHECK_INT(close(g), 0);
		CHECK_INT(task_close(new), 0);
	}
	CHECK_INT(task_close(fd), 0);
}

/* Really: the guest waits outside until one has left. */
static void
out_of_descriptors(void)
{
	int fd = door("127.0.0.1:0"), g = guest(fd), new, spare;
	struct rlimit limit, less;
	struct task *t;

	spare = dup(fd);
	CHECK(spare != -1);
	CHECK_INT(getrlimit(RLIMIT_NOFILE, &limit), 0);
	less = limit;
	less.rlim_cur = (rlim_t)spare + 1;
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &less), 0);
	while ((new = dup(fd)) != -1) /* numbers that are free below */
		CHECK_INT(fcntl(new, F_SETFD, FD_CLOEXEC), 0);
	accept_calls = 0;
	t = task_spawn(admits, &fd);
	CHECK_INT(task_sleep(300 * LOOP_MS), 0);
	CHECK_INT(tasks_state(t), TASK_PENDING);
	CHECK(accept_calls < 10);
	CHECK_INT(close(spare), 0);
	new = (int)tasks_end(t).result;
	CHECK(new >= 3);
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
	CHECK_INT(close(g), 0);
}

static void
cancelled(void)
{
	int fd = door("127.0.0.1:0"), g;
	struct task *t;

	t = task_spawn(admits, &fd);
	tasks_turn();
	tasks_stop(t);
	t = task_spawn(admits, &fd);
	tasks_turn();
#ifdef __linux__
	accept_error = EMFILE; /* while it rests */
	accept_fails = 1000;
	g = guest(fd);
	CHECK_INT(task_sleep(LOOP_MS), 0);
	CHECK_INT(tasks_state(t), TASK_PENDING);
	tasks_stop(t);
	CHECK_INT(close(g), 0);
	accept_fails = 0;
	t = task_spawn(admits, &fd);
	CHECK_INT(task_close((int)tasks_end(t).result), 0);
	t = task_spawn(admits, &fd);
	tasks_turn();
#else
	(void)g;
#endif
	CHECK_INT(task_close(fd), 0);
	CHECK_INT(tasks_end(t).error, EBADF);
}

static void
wrong(void)
{
	int fd[2], lonely = socket(AF_INET, SOCK_STREAM, 0);

	loop_pipe(fd);
	CHECK_INT(task_admit(fd[0], 0, NULL), -1);
	CHECK_INT(errno, ENOTSOCK);
	loop_close(fd);
	CHECK_INT(task_admit(lonely, 0, NULL), -1);
	CHECK_INT(errno, EINVAL);
	CHECK_INT(task_admit(lonely, 0x1000, NULL), -1);
	CHECK_INT(errno, EINVAL);
	CHECK_INT(task_close(lonely), 0);
	CHECK_INT(task_admit(-1, 0, NULL), -1);
	CHECK_INT(errno, EBADF);
}

static void
outside(void)
{
	CHECK_INT(task_admit(0, 0, NULL), -1);
	CHECK_INT(errno, EPERM);
}

static const struct test tests[] = {
	TASKS("who comes is let in", comes_in),
	TASKS("by a UNIX socket", local),
	TASKS("errors of guests are passed over", passed_over),
	TASKS("no room: it waits and goes on", no_room),
	{ "out of descriptors", tasks_case, TEST_LEAKY,
	    &(const struct tasks_body){ out_of_descriptors } },
	TASKS("cancelled, closed", cancelled),
	TASKS("what does not listen", wrong),
	TEST("outside of tasks", outside),
};
TEST_MAIN(tests)
