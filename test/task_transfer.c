/*
 * SPDX-License-Identifier: ISC
 *
 * task_transfer.c: task_read, task_write and their relatives: what they return,
 * that no byte is lost or doubled, and that nobody is starved.  For descriptors
 * that block see task_blocking.c.
 *
 * TEST_SEED sets the random numbers, TEST_STEPS how many KiB are transferred.
 */
#include <limits.h>
#include <sys/time.h>
#include <sys/uio.h>
#include "test/ends.h"

/* ---- A little ------------------------------------------------------------ */

static void
pairs_and_pipes(void)
{
	char bytes[16];
	int fd[2], i;

	for (i = 0; i < 2; i++) {
		if (i == 0)
			loop_pair(fd);
		else
			loop_pipe(fd);
		errno = ERANGE;
		CHECK_INT(task_write(fd[1], "hello", 5), 5);
		CHECK_INT(task_read(fd[0], bytes, 2), 2);
		CHECK_INT(task_read(fd[0], bytes + 2, 14), 3);
		CHECK(memcmp(bytes, "hello", 5) == 0);
		CHECK_INT(task_write(fd[1], "", 0), 0);
		CHECK_INT(task_close(fd[1]), 0);
		CHECK_INT(task_read(fd[0], bytes, 16), 0);
		CHECK_INT(task_read(fd[0], bytes, 16), 0);
		CHECK_INT(task_close(fd[0]), 0);
	}
}

static void
pieces(void)
{
	char a[3], b[4], c[16];
	struct iovec out[] = { { "", 0 }, { "one", 3 }, { "two!", 4 } };
	struct iovec in[] = { { a, 3 }, { b, 4 }, { c, 16 } };
	int fd[2], i;

	for (i = 0; i < 2; i++) {
		if (i == 0)
			loop_pair(fd);
		else
			loop_pipe(fd);
		CHECK_INT(task_writev(fd[1], out, 3), 7);
		CHECK_INT(task_readv(fd[0], in, 3), 7);
		CHECK(memcmp(a, "one", 3) == 0 && memcmp(b, "two!", 4) == 0);
		CHECK_INT(task_writev(fd[1], out, 0), -1);
		CHECK_INT(errno, EINVAL);
		CHECK_INT(task_readv(fd[0], in, -1), -1);
		CHECK_INT(errno, EINVAL);
		CHECK_INT(task_readv(fd[0], in, IOV_MAX + 1), -1);
		CHECK_INT(errno, EINVAL);
		ends_close(fd);
	}
}

static void
wrong(void)
{
	char byte = 0;
	int fd[2], directory = open("/", O_RDONLY);

	loop_pipe(fd);
	CHECK_INT(task_write(fd[0], "x", 1), -1);
	CHECK_INT(errno, EBADF);
	CHECK_INT(task_read(fd[1], &byte, 1), -1);
	CHECK_INT(errno, EBADF);
	CHECK_INT(task_recv(fd[0], &byte, 1, 0), -1);
	CHECK_INT(errno, ENOTSOCK);
	CHECK_INT(task_send(fd[1], &byte, 1, 0), -1);
	CHECK_INT(errno, ENOTSOCK);
	CHECK_INT(task_read(directory, &byte, 1), -1);
	CHECK_INT(errno, EISDIR);
	CHECK_INT(task_close(directory), 0);
	ends_close(fd);
	CHECK_INT(task_read(fd[0], &byte, 1), -1);
	CHECK_INT(errno, EBADF);
	CHECK_INT(task_write_all(-1, &byte, 1), -1);
	CHECK_INT(errno, EBADF);
	CHECK_INT(task_read_all(INT_MAX, &byte, 1), -1);
	CHECK_INT(errno, EBADF);
}

static void
nowhere(void)
{
	char byte;
	int fd[2];

	loop_pair(fd);
	loop_put(fd[1]);
	CHECK_INT(task_read(fd[0], &byte, 1), -1);
	CHECK_INT(errno, EPERM);
	CHECK_INT(task_write_all(fd[0], "x", 1), -1);
	CHECK_INT(errno, EPERM);
	loop_close(fd);
}

/* Nothing is done in a scope that is cancelled. */
static void
cancelled(void)
{
	struct task_scope scope;
	char byte;
	int fd[2];

	loop_pair(fd);
	loop_put(fd[1]);
	CHECK_INT(task_scope_enter(&scope, -1), 0);
	task_scope_cancel(&scope);
	CHECK_INT(task_read(fd[0], &byte, 1), -1);
	CHECK_INT(errno, ECANCELED);
	CHECK_INT(task_write_all(fd[0], "x", 1), -1);
	CHECK_INT(errno, ECANCELED);
	CHECK_INT(task_scope_leave(&scope), -1);
	CHECK_INT(task_read(fd[0], &byte, 1), 1);
	CHECK_INT(recv(fd[1], &byte, 1, MSG_DONTWAIT), -1);
	ends_close(fd);
}

/* SIGPIPE is at its default, which kills. */
static void
nobody_reads(void)
{
	int fd[2];

	loop_pair(fd);
	CHECK_INT(task_close(fd[1]), 0);
	CHECK_INT(task_write(fd[0], "x", 1), -1);
	CHECK_INT(errno, EPIPE);
	CHECK_INT(task_write_all(fd[0], "x", 1), -1);
	CHECK_INT(errno, EPIPE);
	CHECK_INT(task_writev(fd[0], &(struct iovec){ "x", 1 }, 1), -1);
	CHECK_INT(errno, EPIPE);
	CHECK_INT(task_send(fd[0], "x", 1, MSG_NOSIGNAL), -1);
	CHECK_INT(errno, EPIPE);
	CHECK_INT(task_close(fd[0]), 0);
	/* A pipe can only be written to with a signal. */
	loop_pipe(fd);
	signal(SIGPIPE, SIG_IGN);
	CHECK_INT(task_close(fd[0]), 0);
	CHECK_INT(task_write(fd[1], "x", 1), -1);
	CHECK_INT(errno, EPIPE);
	CHECK_INT(task_close(fd[1]), 0);
}

/* ---- Flags of recv and send ---------------------------------------------- */

static void
flags(void)
{
	static char bytes[65536];
	int fd[2];

	loop_pair(fd);
	CHECK_INT(task_send(fd[0], "hello", 5, 0), 5);
	CHECK_INT(task_recv(fd[1], bytes, 9, MSG_PEEK), 5);
	CHECK_INT(task_recv(fd[1], bytes, 9, MSG_PEEK), 5);
	CHECK_INT(task_recv(fd[1], bytes, 9, 0), 5);
	/* Who says so does not wait. */
	CHECK_INT(task_recv(fd[1], bytes, 9, MSG_DONTWAIT), -1);
	CHECK_INT(errno, EAGAIN);
	loop_put(fd[0]);
	CHECK_INT(task_recv(fd[1], bytes, 9, MSG_DONTWAIT), 1);
	while (task_send(fd[0], bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		continue;
	CHECK_INT(errno, EAGAIN);
	ends_close(fd);
}

static void
datagrams(void)
{
	char bytes[16];
	int fd[2], i;

	CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, fd) == 0);
	CHECK_INT(task_write(fd[0], "one", 3), 3);
	CHECK_INT(task_write(fd[0], "three", 5), 5);
	CHECK_INT(task_write(fd[0], "", 0), 0);
	CHECK_INT(task_send(fd[0], "last", 4, 0), 4);
	CHECK_INT(task_read(fd[1], bytes, 16), 3);
	CHECK_INT(task_recv(fd[1], bytes, 2, MSG_TRUNC), 5);
	CHECK_INT(task_read(fd[1], bytes, 16), 0);
	CHECK_INT(task_recv(fd[1], bytes, 16, 0), 4);
	for (i = 0; i < 20; i++) {
		CHECK_INT(task_write(fd[1], "x", 1), 1);
		CHECK_INT(task_read(fd[0], bytes, 16), 1);
	}
	ends_close(fd);
}

/*
 * An error that lies in a descriptor wakes who waits, and goes on doing so: it is
 * told, and not waited on again.
 */
static void
told(void)
{
#ifdef IP_RECVERR
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t length = sizeof(address);
	struct sockaddr *any = (struct sockaddr *)&address;
	int fd = socket(AF_INET, SOCK_DGRAM, 0), one = 1;
	int closed = socket(AF_INET, SOCK_DGRAM, 0);
	struct task_scope scope;
	char bytes[16];

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd == -1 || closed == -1 || bind(closed, any, length) == -1)
		SKIP("no loopback");
	CHECK(getsockname(closed, any, &length) == 0);
	CHECK(close(closed) == 0);
	CHECK(setsockopt(fd, IPPROTO_IP, IP_RECVERR, &one, sizeof(one)) == 0);
	CHECK(connect(fd, any, length) == 0);
	CHECK_INT(task_write(fd, "x", 1), 1);
	CHECK_INT(task_scope_enter(&scope, 10 * REACTOR_SECOND), 0);
	CHECK_INT(task_read(fd, bytes, sizeof(bytes)), -1);
	CHECK_INT(errno, ECONNREFUSED);
	CHECK_INT(task_read(fd, bytes, sizeof(bytes)), -1);
	CHECK_INT(errno, EAGAIN);
	CHECK_INT(task_read(fd, bytes, sizeof(bytes)), -1);
	CHECK_INT(errno, EAGAIN);
	CHECK_INT(task_recv(fd, bytes, sizeof(bytes), MSG_ERRQUEUE), 1);
	CHECK_INT(task_scope_leave(&scope), 0);
	CHECK_INT(task_scope_enter(&scope, 2 * LOOP_MS), 0);
	CHECK_INT(task_read(fd, bytes, sizeof(bytes)), -1);
	CHECK_INT(errno, ECANCELED);
	CHECK_INT(task_scope_leave(&scope), -1);
	CHECK_INT(task_close(fd), 0);
#else
	SKIP("sockets have no queue of errors");
#endif
}

/* ---- Who was woken in vain ----------------------------------------------- */

struct thief {
	struct reactor_io io;
	struct task *victim;
	int cancels;
};

static void
steal(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	struct thief *thief = REACTOR_OWNER(io, struct thief, io);
	char bytes[16];

	(void)ready;
	CHECK_INT(recv(io->fd, bytes, sizeof(bytes), MSG_DONTWAIT), 1);
	reactor_io_stop(r, io);
	if (thief->cancels)
		CHECK_INT(task_cancel(thief->victim), 0);
}

static intptr_t
reads_one(void *fd)
{
	char byte;

	return task_read(*(int *)fd, &byte, 1);
}

/* It waits again; but not if it was cancelled meanwhile. */
static void
woken_in_vain(void)
{
	struct thief thief;
	int fd[2], i;

	loop_pair(fd);
	for (i = 0; i < 2; i++) {
		memset(&thief, 0, sizeof(thief));
		thief.io.event.priority = -1;
		thief.io.callback = steal;
		thief.io.fd = fd[0];
		thief.io.wanted = REACTOR_READ;
		thief.cancels = i;
		thief.victim = task_spawn(reads_one, &fd[0]);
		CHECK(thief.victim != NULL);
		tasks_turn();
		CHECK_INT(reactor_io_start(task_reactor(), &thief.io), 0);
		loop_put(fd[1]);
		CHECK_INT(task_sleep(2 * LOOP_MS), 0);
		if (i == 0) {
			CHECK_INT(tasks_state(thief.victim), TASK_PENDING);
			loop_put(fd[1]);
			CHECK_INT(tasks_end(thief.victim).result, 1);
		} else {
			CHECK_INT(
			    tasks_end(thief.victim).state, TASK_CANCELLED);
		}
	}
	ends_close(fd);
}

/* ---- A lot --------------------------------------------------------------- */

static uint32_t random_state;

static unsigned
draw(unsigned limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state % limit;
}

static void
sow(void)
{
	const char *text = getenv("TEST_SEED");

	random_state = text != NULL ? (uint32_t)strtoul(text, NULL, 0)
				    : (uint32_t)test_clock();
	random_state |= 1;
	printf("# TEST_SEED=%u\n", random_state);
}

static size_t
amount(void)
{
	const char *text = getenv("TEST_STEPS");

	return (text != NULL ? strtoul(text, NULL, 0) / 100 : 2048) * 1024;
}

/* The byte at that place of the stream that goes to fd. */
static unsigned char
byte_at(size_t place)
{
	return (unsigned char)(place * 2654435761u >> 13);
}

struct stream {
	int fd;
	size_t total, largest;
	size_t done;
};

/* Somehow: all the functions do the same. */
static intptr_t
put_some(int fd, unsigned char *bytes, size_t size)
{
	struct iovec v[2] = { { bytes, size / 3 },
		{ bytes + size / 3, size - size / 3 } };

	switch (draw(4)) {
	case 0:
		return task_write(fd, bytes, size);
	case 1:
		return task_writev(fd, v, 2);
	case 2:
		return task_write_all(fd, bytes, size);
	default:
		return task_send(fd, bytes, size, 0);
	}
}

static intptr_t
get_some(int fd, unsigned char *bytes, size_t size)
{
	struct iovec v[2] = { { bytes, size / 3 },
		{ bytes + size / 3, size - size / 3 } };

	switch (draw(4)) {
	case 0:
		return task_read(fd, bytes, size);
	case 1:
		return task_readv(fd, v, 2);
	case 2:
		return task_recv(fd, bytes, size, 0);
	default:
		return task_read_all(fd, bytes, size);
	}
}

static intptr_t
puts_all(void *argument)
{
	struct stream *s = argument;
	unsigned char bytes[8192];
	size_t size, i;
	intptr_t n;

	while (s->done < s->total) {
		size = 1 + draw((unsigned)s->largest);
		if (size > s->total - s->done)
			size = s->total - s->done;
		for (i = 0; i < size; i++)
			bytes[i] = byte_at(s->done + i);
		n = put_some(s->fd, bytes, size);
		CHECK(n > 0 && (size_t)n <= size);
		s->done += (size_t)n;
	}
	return shutdown(s->fd, SHUT_WR);
}

static intptr_t
gets_all(void *argument)
{
	struct stream *s = argument;
	unsigned char bytes[8192];
	intptr_t n, i;

	while (
	    (n = get_some(s->fd, bytes, 1 + draw((unsigned)s->largest))) > 0) {
		for (i = 0; i < n; i++)
			CHECK(bytes[i] == byte_at(s->done + (size_t)i));
		s->done += (size_t)n;
	}
	CHECK_INT(n, 0);
	CHECK_INT(s->done, s->total);
	return 0;
}

/* Both ways at once, two tasks at each end. */
static void
transfer(const int fd[2], size_t total, size_t largest)
{
	struct task_group group;
	struct stream streams[4];
	int i;

	CHECK_INT(task_group_enter(&group, TASK_FAIL_FAST), 0);
	for (i = 0; i < 4; i++) {
		streams[i].fd = fd[i / 2];
		streams[i].total = total;
		streams[i].largest = largest;
		streams[i].done = 0;
		task_detach(task_group_spawn(
		    &group, i % 2 == 0 ? puts_all : gets_all, &streams[i]));
	}
	CHECK_INT(task_group_leave(&group, NULL, 0), 0);
	CHECK_INT(group.succeeded, 4);
	ends_close(fd);
}

static void
lots_local(void)
{
	int fd[2];

	sow();
	loop_pair(fd);
	ends_narrow(fd);
	transfer(fd, amount(), 8192);
}

static void
lots_tcp(void)
{
	int fd[2];

	sow();
	ends_tcp(fd);
	loop_nonblock(fd[0]);
	transfer(fd, amount(), 8192);
}

static void
byte_by_byte(void)
{
	int fd[2];

	sow();
	loop_pair(fd);
	ends_narrow(fd);
	transfer(fd, amount() / 64, 1);
}

/* ---- While others want to run -------------------------------------------- */

static int busy_ends;

static intptr_t
always_reads(void *unused)
{
	char bytes[4096];
	int fd = open("/dev/zero", O_RDONLY);
	intptr_t n = 0;

	(void)unused;
	CHECK(fd != -1);
	while (!busy_ends) {
		CHECK_INT(task_read(fd, bytes, sizeof(bytes)), sizeof(bytes));
		n++;
	}
	CHECK_INT(task_close(fd), 0);
	return n;
}

static void
not_starved(void)
{
	struct task *t = tasks_spawn(always_reads, 0);
	struct task_statistics stats;
	int64_t began, worst = 0, late;
	int i;

	for (i = 0; i < 10; i++) {
		began = test_clock();
		CHECK_INT(task_sleep(10 * LOOP_MS), 0);
		late = test_clock() - began - 10 * LOOP_MS;
		if (late > worst)
			worst = late;
	}
	busy_ends = 1;
	CHECK(tasks_end(t).result > 10);
	task_stats(&stats);
	CHECK(stats.forced > 0);
	printf("# at most %.1f ms late\n", (double)worst / LOOP_MS);
	CHECK(worst < (int64_t)(1000 * test_slow()) * LOOP_MS);
}

static volatile sig_atomic_t signals;

static void
signalled(int number)
{
	(void)number;
	signals++;
}

/* Ten thousand signals a second, none of which restarts calls. */
static void
storm(void)
{
	struct itimerval often = { { 0, 100 }, { 0, 100 } };
	struct sigaction action = { .sa_handler = signalled };
	int fd[2];

	sow();
	loop_pair(fd);
	ends_narrow(fd);
	CHECK(sigaction(SIGALRM, &action, NULL) == 0);
	CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
	transfer(fd, amount() / 8, 500);
	CHECK(signals > 0);
	signal(SIGALRM, SIG_IGN);
	memset(&often, 0, sizeof(often));
	CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
}

/* ---- All of it ----------------------------------------------------------- */

static const struct test tests[] = {
	TASKS("socket pairs and pipes", pairs_and_pipes),
	TASKS("in several pieces", pieces),
	TASKS("wrong descriptors", wrong),
	TEST("outside of tasks", nowhere),
	TASKS("in a cancelled scope", cancelled),
	TASKS("nobody reads it", nobody_reads),
	TASKS("flags of recv and send", flags),
	TASKS("datagrams", datagrams),
	TASKS("an error that stays", told),
	TASKS("one who was woken in vain", woken_in_vain),
	TASKS("a lot, both ways, through little room", lots_local),
	TASKS("a lot, both ways, over TCP", lots_tcp),
	TASKS("byte by byte", byte_by_byte),
	TASKS("one who never waits starves nobody", not_starved),
	TASKS("a storm of signals", storm),
};

TEST_MAIN(tests)
