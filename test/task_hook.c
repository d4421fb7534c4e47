/*
 * SPDX-License-Identifier: ISC
 *
 * task_hook.c: blocking calls in tasks that have asked for the hook.  While one
 * waits, a ticker has to tick; what it returns has to be what it would return
 * if it had blocked, and the flags of its descriptor stay as they were.
 */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <termios.h>
#include <coro/hook.h>
#include "test/tasks.h"

/* ---- While one waits, the others run ------------------------------------- */

static int ticks;

static intptr_t
tick(void *unused)
{
	(void)unused;
	while (task_sleep(LOOP_MS) == 0)
		ticks++;
	return -1;
}

/* To a task.  From here on many calls have their turn before another task has. */
static uint64_t
switches(void)
{
	struct task_statistics stats;

	CHECK(task_hook(task_hook(0)) >= 0);
	task_stats(&stats);
	return stats.switches;
}

/* Each case is a task that has asked, and beside it a clock ticks. */
static intptr_t
hooked_main(void *body)
{
	static const struct task_attributes background = {
		.flags = TASK_BACKGROUND
	};
	struct task *ticker = task_spawn_with(tick, NULL, &background);

	CHECK(ticker != NULL);
	CHECK_INT(task_hook(1), 0);
	((const struct tasks_body *)body)->run();
	CHECK_INT(task_cancel(ticker), 0);
	task_detach(ticker);
	return 42;
}

static void
hooked_case(void)
{
	void *body = (void *)(uintptr_t)test_case->data;
	intptr_t result = task_run(hooked_main, body, &tasks_options);

	if (result == -1)
		tasks_skip();
	CHECK_INT(result, 42);
	CHECK_STR(tasks_text, "");
}

/* clang-format off */
#define HOOKED(name, function) \
	{ name, hooked_case, 0, &(const struct tasks_body){ function } }
/* clang-format on */

/* It waits, and others run meanwhile. */
#define GIVES_WAY(call)                        \
	do {                                   \
		uint64_t before_ = switches(); \
		call;                          \
		CHECK(switches() != before_);  \
	} while (0)

/* It returns at once, and without a switch to others. */
#define AT_ONCE(call)                          \
	do {                                   \
		uint64_t before_ = switches(); \
		call;                          \
		CHECK(switches() == before_);  \
	} while (0)

/* Each fails with that error. */
#define FAILS(call, error)               \
	do {                             \
		errno = 0;               \
		CHECK_INT((call), -1);   \
		CHECK_INT(errno, error); \
	} while (0)

/* ---- Somebody who does something a little later -------------------------- */

struct later {
	int fd, ms, closes;
	const char *text;
	struct task *task;
};

static intptr_t
later_writes(void *argument)
{
	struct later *l = argument;
	int turns;
	size_t i;

	for (i = 0; l->text[i] != '\0'; i++) {
		CHECK_INT(task_sleep(l->ms * LOOP_MS), 0);
		CHECK_INT(task_write(l->fd, &l->text[i], 1), 1);
		for (turns = 0; turns < 3; turns++)
			CHECK_INT(task_sleep(0), 0);
	}
	return l->closes ? task_close(l->fd) : 0;
}

/* Byte by byte; who waits for one has it before the next comes. */
static void
later_start(struct later *l, int fd, const char *text)
{
	l->fd = fd;
	l->ms = 10;
	l->closes = 0;
	l->text = text;
	CHECK((l->task = task_spawn(later_writes, l)) != NULL);
}

static void
later_end(struct later *l)
{
	CHECK_INT(tasks_end(l->task).state, TASK_DONE);
}

static intptr_t
later_closes(void *fd)
{
	CHECK_INT(task_hook(1), 0);
	CHECK_INT(task_sleep(10 * LOOP_MS), 0);
	CHECK_INT(close((int)(intptr_t)fd), 0);
	return 0;
}

struct reader {
	int fd, ms;
	size_t want, got;
	char *bytes;
	struct task *task;
};

static intptr_t
reader_reads(void *argument)
{
	struct reader *r = argument;
	intptr_t n;

	CHECK_INT(task_sleep(r->ms * LOOP_MS), 0);
	for (; r->got < r->want; r->got += (size_t)n)
		CHECK((n = task_read(
			   r->fd, r->bytes + r->got, r->want - r->got)) > 0);
	return 0;
}

static void
reader_start(struct reader *r, int fd, size_t want)
{
	memset(r, 0, sizeof(*r));
	r->fd = fd;
	r->ms = 10;
	r->want = want;
	CHECK((r->bytes = malloc(want)) != NULL);
	CHECK((r->task = task_spawn(reader_reads, r)) != NULL);
}

static void
reader_end(struct reader *r, const char *bytes)
{
	CHECK_INT(tasks_end(r->task).state, TASK_DONE);
	CHECK(memcmp(r->bytes, bytes, r->want) == 0);
	free(r->bytes);
}

static void
pair_open(int fd[2], int type)
{
	CHECK(socketpair(AF_UNIX, type, 0, fd) == 0);
}

static void
pair_close(const int fd[2])
{
	CHECK_INT(close(fd[0]), 0);
	CHECK_INT(close(fd[1]), 0);
}

static void
is_blocking(int fd)
{
	CHECK_INT(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
}

static const char *
pattern(size_t size)
{
	static char bytes[4 << 20];
	size_t i;

	CHECK(size <= sizeof(bytes));
	for (i = 0; i < size; i++)
		bytes[i] = (char)(i * 7 + (i >> 10));
	return bytes;
}

/* ---- Asking -------------------------------------------------------------- */

static void
asking_outside(void)
{
	FAILS(task_hook(1), EPERM);
	FAILS(task_hook(0), EPERM);
}

static intptr_t
asks_nothing(void *unused)
{
	(void)unused;
	CHECK_INT(task_hook(0), 0);
	CHECK_INT(task_hook(0), 0);
	AT_ONCE(CHECK_INT(usleep(2000), 0));
	return 0;
}

static intptr_t
generator_asks(void *unused)
{
	(void)unused;
	FAILS(task_hook(1), EPERM);
	return 0;
}

static intptr_t
generator_reads(void *fd)
{
	char byte;

	CHECK_INT(task_hook(1), 1);
	GIVES_WAY(CHECK_INT(read((int)(intptr_t)fd, &byte, 1), 1));
	return coro_yield(&byte, NULL);
}

static void
asking(void)
{
	CHECK_INT(task_hook(1), 1);
	CHECK_INT(task_hook(0), 1);
	CHECK_INT(task_hook(0), 0);
	AT_ONCE(CHECK_INT(usleep(2000), 0));
	CHECK_INT(task_hook(2), 0);
	GIVES_WAY(CHECK_INT(usleep(10000), 0));
	CHECK_INT(tasks_end(tasks_spawn(asks_nothing, 0)).state, TASK_DONE);
	CHECK_INT(task_hook(1), 1);
}

static intptr_t
asks(void *unused)
{
	(void)unused;
	CHECK_INT(task_hook(1), 0);
	return usleep(1000);
}

/* Many come and go; and the struct of one is another's later. */
static void
asking_many(void)
{
	struct task *tasks[200];
	int i, round;

	for (round = 0; round < 3; round++) {
		for (i = 0; i < 200; i++)
			tasks[i] = tasks_spawn(
			    i % 2 == round % 2 ? asks : asks_nothing, 0);
		for (i = 0; i < 200; i++)
			CHECK_INT(tasks_end(tasks[i]).state, TASK_DONE);
	}
}

static intptr_t
starts_generator(void *unused)
{
	struct coro *c = coro_new(generator_asks, NULL, NULL);

	(void)unused;
	CHECK(c != NULL);
	CHECK_INT(coro_next(c, NULL), 0);
	CHECK_INT(coro_free(c), 0);
	return 0;
}

static void
asking_in_generators(void)
{
	struct later l;
	struct coro *c;
	void *byte;
	int fd[2];

	CHECK_INT(tasks_end(tasks_spawn(starts_generator, 0)).state, TASK_DONE);
	pair_open(fd, SOCK_STREAM);
	later_start(&l, fd[1], "g");
	CHECK(
	    (c = coro_new(generator_reads, TASKS_NUMBER(fd[0]), NULL)) != NULL);
	CHECK_INT(coro_next(c, &byte), 1);
	CHECK_INT(*(char *)byte, 'g');
	CHECK_INT(coro_free(c), 0);
	later_end(&l);
	pair_close(fd);
}

/* ---- Reading, by every name ---------------------------------------------- */

/* By other names, as headers may declare them in their own way. */
ssize_t read_chk(int, void *, size_t, size_t) __asm__("__read_chk");
ssize_t recv_chk(int, void *, size_t, size_t, int) __asm__("__recv_chk");
ssize_t recvfrom_chk(int, void *, size_t, size_t, int, struct sockaddr *,
    socklen_t *) __asm__("__recvfrom_chk");

typedef ssize_t read_fn(int fd, char *bytes, size_t size);

static ssize_t
by_read(int fd, char *bytes, size_t size)
{
	return read(fd, bytes, size);
}

static ssize_t
by_read_chk(int fd, char *bytes, size_t size)
{
	return read_chk(fd, bytes, size, size);
}

static ssize_t
by_readv(int fd, char *bytes, size_t size)
{
	struct iovec v[2] = { { bytes, 1 }, { bytes + 1, size - 1 } };

	return readv(fd, v, 2);
}

static ssize_t
by_recv(int fd, char *bytes, size_t size)
{
	return recv(fd, bytes, size, 0);
}

static ssize_t
by_recv_chk(int fd, char *bytes, size_t size)
{
	return recv_chk(fd, bytes, size, size, 0);
}

static ssize_t
by_recvfrom(int fd, char *bytes, size_t size)
{
	struct sockaddr_un address;
	socklen_t length = sizeof(address);

	return recvfrom(
	    fd, bytes, size, 0, (struct sockaddr *)&address, &length);
}

static ssize_t
by_recvfrom_chk(int fd, char *bytes, size_t size)
{
	return recvfrom_chk(fd, bytes, size, size, 0, NULL, NULL);
}

static ssize_t
by_recvmsg(int fd, char *bytes, size_t size)
{
	struct iovec v = { bytes, size };
	struct msghdr message = { .msg_iov = &v, .msg_iovlen = 1 };

	return recvmsg(fd, &message, 0);
}

static ssize_t
by_recvmmsg(int fd, char *bytes, size_t size)
{
	struct iovec v = { bytes, size };
	struct mmsghdr m = { .msg_hdr = { .msg_iov = &v, .msg_iovlen = 1 } };

	if (recvmmsg(fd, &m, 1, 0, NULL) == -1)
		return -1;
	return m.msg_len;
}

static ssize_t
by_splice(int fd, char *bytes, size_t size)
{
	ssize_t n;
	int p[2];

	CHECK_INT(pipe2(p, O_CLOEXEC), 0);
	n = splice(fd, NULL, p[1], NULL, size, 0);
	if (n > 0)
		CHECK_INT(read(p[0], bytes, (size_t)n), n);
	pair_close(p);
	return n;
}

static read_fn *const readers[] = { by_read, by_read_chk, by_readv, by_recv,
	by_recv_chk, by_recvfrom, by_recvfrom_chk, by_recvmsg, by_recvmmsg,
	by_splice };

enum { READERS = sizeof(readers) / sizeof(readers[0]) };

static int
is_for_pipes(int i)
{
	return readers[i] == by_read || readers[i] == by_read_chk ||
	    readers[i] == by_readv || readers[i] == by_splice;
}

/* One by one.  What a terminal was given comes out of it some time. */
static void
reads(read_fn *f, const int fd[2])
{
	char bytes[16];
	struct later l;

	later_start(&l, fd[1], "ab");
	GIVES_WAY(CHECK_INT(f(fd[0], bytes, 1), 1));
	CHECK_INT(bytes[0], 'a');
	later_end(&l);
	if (isatty(fd[0]))
		CHECK_INT(f(fd[0], bytes, 1), 1);
	else
		AT_ONCE(CHECK_INT(f(fd[0], bytes, sizeof(bytes)), 1));
	CHECK_INT(bytes[0], 'b');
	is_blocking(fd[0]);
	is_blocking(fd[1]);
}

static void
reading(void)
{
	char bytes[16];
	int fd[2], i;

	for (i = 0; i < READERS; i++) {
		pair_open(fd, SOCK_STREAM);
		reads(readers[i], fd);
		CHECK_INT(close(fd[1]), 0);
		CHECK_INT(readers[i](fd[0], bytes, sizeof(bytes)), 0);
		CHECK_INT(close(fd[0]), 0);
		if (!is_for_pipes(i))
			continue;
		CHECK(pipe(fd) == 0);
		reads(readers[i], fd);
		CHECK_INT(close(fd[1]), 0);
		CHECK_INT(readers[i](fd[0], bytes, sizeof(bytes)), 0);
		CHECK_INT(close(fd[0]), 0);
		if (readers[i] != by_splice)
			FAILS(readers[i](fd[0], bytes, sizeof(bytes)), EBADF);
	}
}

static void
reading_messages(void)
{
	char bytes[16];
	int fd[2], i;

	for (i = 0; i < READERS; i++) {
		if (readers[i] == by_splice)
			continue;
		pair_open(fd, SOCK_DGRAM);
		reads(readers[i], fd);
		pair_close(fd);
		pair_open(fd, SOCK_SEQPACKET);
		reads(readers[i], fd);
		CHECK_INT(send(fd[1], "", 0, 0), 0);
		CHECK_INT(readers[i](fd[0], bytes, sizeof(bytes)), 0);
		pair_close(fd);
	}
}

/* What knows neither MSG_DONTWAIT nor RWF_NOWAIT. */
static void
reading_odd_things(void)
{
	struct termios raw;
	int fd[2], event;
	uint64_t count = 0;
	struct later l;
	char byte;

	if ((fd[1] = posix_openpt(O_RDWR | O_NOCTTY)) == -1)
		SKIP("no terminals");
	CHECK(grantpt(fd[1]) == 0 && unlockpt(fd[1]) == 0);
	CHECK((fd[0] = open(ptsname(fd[1]), O_RDWR | O_NOCTTY)) != -1);
	CHECK(tcgetattr(fd[0], &raw) == 0);
	cfmakeraw(&raw);
	CHECK(tcsetattr(fd[0], TCSANOW, &raw) == 0);
	reads(by_read, fd);
	reads(by_readv, fd);
	CHECK_INT(write(fd[0], pattern(1000), 1000), 1000);
	pair_close(fd);
	event = eventfd(0, EFD_CLOEXEC);
	if (event == -1 && errno == ENOSYS)
		SKIP("no eventfd");
	CHECK(event != -1);
	CHECK(pipe(fd) == 0);
	later_start(&l, fd[1], "e");
	GIVES_WAY(CHECK_INT(read(fd[0], &byte, 1), 1));
	later_end(&l);
	count = 3;
	CHECK_INT(write(event, &count, sizeof(count)), 8);
	count = 0;
	CHECK_INT(read(event, &count, sizeof(count)), 8);
	CHECK_INT(count, 3);
	CHECK_INT(close(event), 0);
	pair_close(fd);
}

static void
reading_files(void)
{
	char name[] = "/tmp/reactor-test-XXXXXX", bytes[64];
	int fd = mkstemp(name), p[2];
	struct iovec v = { bytes, 3 };
	off_t place = 1;

	CHECK(fd != -1);
	CHECK(unlink(name) == 0);
	AT_ONCE(CHECK_INT(write(fd, "0123456789", 10), 10));
	AT_ONCE(CHECK_INT(pread(fd, bytes, 64, 4), 6));
	AT_ONCE(CHECK_INT(pread64(fd, bytes, 64, 5), 5));
	CHECK_INT(lseek(fd, 2, SEEK_SET), 2);
	AT_ONCE(CHECK_INT(read(fd, bytes, 64), 8));
	AT_ONCE(CHECK_INT(read(fd, bytes, 64), 0));
	CHECK_INT(lseek(fd, 0, SEEK_SET), 0);
	AT_ONCE(CHECK_INT(readv(fd, &v, 1), 3));
	CHECK_INT(pipe(p), 0);
	FAILS(pread(p[0], bytes, 1, 0), ESPIPE);
	CHECK_INT(sendfile(p[1], fd, &place, 100), 9);
	CHECK_INT(place, 10);
	CHECK_INT(lseek(fd, 0, SEEK_CUR), 3);
	CHECK_INT(sendfile64(p[1], fd, NULL, 5), 5);
	CHECK_INT(lseek(fd, 0, SEEK_CUR), 8);
	CHECK_INT(read(p[0], bytes, 64), 14);
	CHECK(memcmp(bytes, "12345678934567", 14) == 0);
	pair_close(p);
	CHECK_INT(close(fd), 0);
}

static void
reading_nothing(void)
{
	struct iovec none = { NULL, 0 };
	volatile int negative = -1;
	char byte = 0;
	int fd[2];

	pair_open(fd, SOCK_STREAM);
	AT_ONCE(CHECK_INT(read(fd[0], &byte, 0), 0));
	AT_ONCE(CHECK_INT(readv(fd[0], &none, 1), 0));
	AT_ONCE(CHECK_INT(readv(fd[0], &none, 0), 0));
	FAILS(readv(fd[0], &none, negative), EINVAL);
	AT_ONCE(CHECK_INT(write(fd[0], &byte, 0), 0));
	AT_ONCE(CHECK_INT(writev(fd[0], &none, 1), 0));
	FAILS(read(-1, &byte, 1), EBADF);
	FAILS(recv(-1, &byte, 1, 0), EBADF);
	FAILS(write(-1, &byte, 1), EBADF);
	pair_close(fd);
	CHECK(pipe(fd) == 0);
	FAILS(recv(fd[0], &byte, 1, 0), ENOTSOCK);
	FAILS(send(fd[1], &byte, 1, 0), ENOTSOCK);
	FAILS(write(fd[0], &byte, 1), EBADF);
	FAILS(read(fd[1], &byte, 1), EBADF);
	pair_close(fd);
}

/* What is too large for the buffer is libc's to complain of. */
static void
reading_too_much(void)
{
	int fd[2], status = 0;
	char bytes[4];
	pid_t pid;

	pair_open(fd, SOCK_STREAM);
	if ((pid = fork()) == 0) {
		(void)dup2(open("/dev/null", O_WRONLY), 2);
		(void)task_hook(1);
		_exit((int)read_chk(fd[0], bytes, 8, sizeof(bytes)));
	}
	CHECK(pid != -1);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status));
	/* abort(3), or how musl ends a program. */
	CHECK(WTERMSIG(status) == SIGABRT || WTERMSIG(status) == SIGSEGV);
	pair_close(fd);
}

/* ---- Flags of a call ----------------------------------------------------- */

static void
flags_of_calls(void)
{
	char bytes[8] = "";
	struct later l;
	int fd[2];

	pair_open(fd, SOCK_STREAM);
	AT_ONCE(FAILS(recv(fd[0], bytes, 1, MSG_DONTWAIT), EAGAIN));
	AT_ONCE(FAILS(recv_chk(fd[0], bytes, 1, 8, MSG_DONTWAIT), EAGAIN));
	AT_ONCE(FAILS(recv(fd[0], bytes, 1, MSG_DONTWAIT | MSG_PEEK), EAGAIN));
	later_start(&l, fd[1], "abcd");
	GIVES_WAY(CHECK_INT(recv(fd[0], bytes, 4, MSG_PEEK), 1));
	GIVES_WAY(CHECK_INT(recv(fd[0], bytes, 3, MSG_PEEK | MSG_WAITALL), 3));
	CHECK_INT(recv(fd[0], bytes, 4, MSG_WAITALL), 4);
	CHECK(memcmp(bytes, "abcd", 4) == 0);
	later_end(&l);
	later_start(&l, fd[1], "abcd");
	GIVES_WAY(CHECK_INT(recv(fd[0], bytes, 4, MSG_WAITALL), 4));
	CHECK(memcmp(bytes, "abcd", 4) == 0);
	later_end(&l);
	later_start(&l, fd[1], "ef");
	l.closes = 1;
	CHECK_INT(recv(fd[0], bytes, 8, MSG_WAITALL), 2);
	later_end(&l);
	CHECK_INT(recv(fd[0], bytes, 8, MSG_WAITALL), 0);
	CHECK_INT(close(fd[0]), 0);
}

/* Those in several vectors, and messages, which come one by one. */
static void
flags_of_messages(void)
{
	char bytes[8] = "";
	struct iovec v[3] = { { bytes, 1 }, { bytes + 1, 2 },
		{ bytes + 3, 1 } };
	struct msghdr message = { .msg_iov = v, .msg_iovlen = 3 };
	struct mmsghdr m[2] = {
		{ .msg_hdr = { .msg_iov = v, .msg_iovlen = 1 } },
		{ .msg_hdr = { .msg_iov = v + 1, .msg_iovlen = 1 } }
	};
	struct timespec limit = { 0, 30 * LOOP_MS };
	struct later l;
	int fd[2];

	pair_open(fd, SOCK_STREAM);
	later_start(&l, fd[1], "abcd");
	GIVES_WAY(CHECK_INT(recvmsg(fd[0], &message, MSG_WAITALL), 4));
	CHECK(memcmp(bytes, "abcd", 4) == 0);
	later_end(&l);
	pair_close(fd);
	pair_open(fd, SOCK_DGRAM);
	AT_ONCE(FAILS(recv(fd[0], bytes, 1, MSG_DONTWAIT), EAGAIN));
	later_start(&l, fd[1], "xyz");
	GIVES_WAY(CHECK_INT(recvmmsg(fd[0], m, 2, MSG_WAITFORONE, NULL), 1));
	GIVES_WAY(CHECK_INT(recvmmsg(fd[0], m, 2, 0, NULL), 2));
	CHECK_INT(bytes[1], 'z');
	later_end(&l);
	GIVES_WAY(FAILS(recvmmsg(fd[0], m, 2, 0, &limit), EAGAIN));
	CHECK_INT(sendmmsg(fd[1], m, 2, 0), 2);
	CHECK_INT(recv(fd[0], bytes, 8, MSG_TRUNC), 1);
	CHECK_INT(recv(fd[0], bytes, 1, MSG_TRUNC), 2);
	pair_close(fd);
}

static void
nonblocking(void)
{
	int fd[2], i, other, on = 1;
	struct pollfd p;
	char bytes[16];

	for (i = 0; i < READERS; i++) {
		pair_open(fd, SOCK_STREAM);
		CHECK((other = dup(fd[0])) != -1);
		if (i % 2)
			CHECK_INT(ioctl(fd[0], FIONBIO, &on), 0);
		else
			CHECK_INT(fcntl(fd[0], F_SETFL, O_NONBLOCK), 0);
		AT_ONCE(FAILS(readers[i](fd[0], bytes, 16), EAGAIN));
		AT_ONCE(FAILS(readers[i](other, bytes, 16), EAGAIN));
		CHECK_INT(fcntl(other, F_GETFL), O_RDWR | O_NONBLOCK);
		/* Still it can be waited for. */
		p.fd = other;
		p.events = POLLIN;
		GIVES_WAY(CHECK_INT(poll(&p, 1, 20), 0));
		CHECK_INT(close(other), 0);
		pair_close(fd);
	}
	CHECK_INT(pipe2(fd, O_NONBLOCK), 0);
	AT_ONCE(FAILS(read(fd[0], bytes, 16), EAGAIN));
	CHECK_INT(fcntl(fd[0], F_SETFL, 0), 0);
	on = ticks;
	task_detach(tasks_spawn(later_closes, fd[1]));
	CHECK_INT(read(fd[0], bytes, 16), 0);
	CHECK(ticks > on);
	CHECK_INT(close(fd[0]), 0);
}

/* Set before, or after another call has waited; and taken away again. */
static void
time_limits(void)
{
	struct timeval limit = { 0, 20000 }, none = { 0, 0 };
	char bytes[16];
	struct later l;
	int fd[2], i;

	pair_open(fd, SOCK_STREAM);
	reads(by_read, fd);
	for (i = 0; i < READERS; i++) {
		CHECK(setsockopt(fd[0], SOL_SOCKET, SO_RCVTIMEO, &limit,
			  sizeof(limit)) == 0);
		GIVES_WAY(FAILS(readers[i](fd[0], bytes, 16), EAGAIN));
		CHECK(setsockopt(fd[0], SOL_SOCKET, SO_RCVTIMEO, &none,
			  sizeof(none)) == 0);
		reads(readers[i], fd);
	}
	CHECK(setsockopt(
		  fd[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0);
	later_start(&l, fd[1], "a");
	CHECK_INT(recv(fd[0], bytes, 16, MSG_WAITALL), 1);
	later_end(&l);
	CHECK(setsockopt(
		  fd[0], SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0);
	/* A part of it; then nothing. */
	GIVES_WAY(CHECK(write(fd[0], pattern(4 << 20), 4 << 20) > 0));
	GIVES_WAY(FAILS(send(fd[0], bytes, 1, 0), EAGAIN));
	pair_close(fd);
}

/* ---- Writing, by every name ---------------------------------------------- */

enum { MUCH = 1 << 20 };

typedef ssize_t write_fn(int fd, const char *bytes, size_t size);

static ssize_t
by_write(int fd, const char *bytes, size_t size)
{
	return write(fd, bytes, size);
}

static size_t
cut(struct iovec *v, size_t n, const char *bytes, size_t size)
{
	size_t i;

	for (i = 0; i < n; i++) {
		v[i].iov_base = (void *)(uintptr_t)(bytes + size * i / n);
		v[i].iov_len = size * (i + 1) / n - size * i / n;
	}
	return n;
}

static ssize_t
by_writev(int fd, const char *bytes, size_t size)
{
	struct iovec v[40];

	return writev(fd, v, (int)cut(v, 40, bytes, size));
}

static ssize_t
by_send(int fd, const char *bytes, size_t size)
{
	return send(fd, bytes, size, MSG_NOSIGNAL);
}

static ssize_t
by_sendto(int fd, const char *bytes, size_t size)
{
	return sendto(fd, bytes, size, MSG_NOSIGNAL, NULL, 0);
}

static ssize_t
by_sendmsg(int fd, const char *bytes, size_t size)
{
	struct iovec v[33];
	struct msghdr message = { .msg_iov = v };

	message.msg_iovlen = cut(v, 33, bytes, size);
	return sendmsg(fd, &message, 0);
}

static ssize_t
by_sendmmsg(int fd, const char *bytes, size_t size)
{
	struct iovec v[2];
	struct mmsghdr m[2];

	memset(m, 0, sizeof(m));
	cut(v, 2, bytes, size);
	m[0].msg_hdr.msg_iov = &v[0];
	m[1].msg_hdr.msg_iov = &v[1];
	m[0].msg_hdr.msg_iovlen = m[1].msg_hdr.msg_iovlen = 1;
	CHECK_INT(sendmmsg(fd, m, 2, 0), 2);
	return (ssize_t)m[0].msg_len + m[1].msg_len;
}

static ssize_t
by_sendfile(int fd, const char *bytes, size_t size)
{
	char name[] = "/tmp/reactor-test-XXXXXX";
	int file = mkstemp(name);
	ssize_t n;

	CHECK(file != -1 && unlink(name) == 0);
	CHECK_INT(write(file, bytes, size), size);
	CHECK_INT(lseek(file, 0, SEEK_SET), 0);
	n = sendfile(fd, file, NULL, size + 1);
	CHECK_INT(lseek(file, 0, SEEK_CUR), n);
	CHECK_INT(close(file), 0);
	return n;
}

/* Out of another pipe, piece by piece. */
static ssize_t
by_splice_out(int fd, const char *bytes, size_t size)
{
	size_t done = 0, full = 0;
	ssize_t n;
	int p[2];

	CHECK_INT(pipe(p), 0);
	while (done < size) {
		if (full == done) {
			n = size - full < 4096 ? (ssize_t)(size - full) : 4096;
			CHECK_INT(write(p[1], bytes + full, (size_t)n), n);
			full += (size_t)n;
		}
		n = splice(p[0], NULL, fd, NULL, full - done, 0);
		CHECK(n > 0);
		done += (size_t)n;
	}
	pair_close(p);
	return (ssize_t)done;
}

static write_fn *const writers[] = { by_write, by_writev, by_send, by_sendto,
	by_sendmsg, by_sendmmsg, by_sendfile, by_splice_out };

enum { WRITERS = sizeof(writers) / sizeof(writers[0]) };

/* All of it, although there is room for a part only. */
static void
writing(void)
{
	const char *bytes = pattern(MUCH);
	struct reader r;
	int fd[2], i;

	for (i = 0; i < WRITERS; i++) {
		pair_open(fd, SOCK_STREAM);
		reader_start(&r, fd[0], MUCH);
		GIVES_WAY(CHECK_INT(writers[i](fd[1], bytes, MUCH), MUCH));
		reader_end(&r, bytes);
		is_blocking(fd[0]);
		is_blocking(fd[1]);
		pair_close(fd);
		if (writers[i] != by_write && writers[i] != by_writev &&
		    writers[i] != by_sendfile && writers[i] != by_splice_out)
			continue;
		CHECK_INT(pipe(fd), 0);
		reader_start(&r, fd[0], MUCH);
		GIVES_WAY(CHECK_INT(writers[i](fd[1], bytes, MUCH), MUCH));
		reader_end(&r, bytes);
		is_blocking(fd[1]);
		pair_close(fd);
	}
}

static void
writing_part(void)
{
	const char *bytes = pattern(MUCH);
	struct task_scope scope;
	int fd[2];
	ssize_t n;

	pair_open(fd, SOCK_STREAM);
	AT_ONCE(n = send(fd[0], bytes, MUCH, MSG_DONTWAIT));
	CHECK(n > 0 && n < MUCH);
	AT_ONCE(FAILS(send(fd[0], bytes, 1, MSG_DONTWAIT), EAGAIN));
	pair_close(fd);
	pair_open(fd, SOCK_STREAM);
	CHECK_INT(fcntl(fd[0], F_SETFL, O_NONBLOCK), 0);
	AT_ONCE(n = write(fd[0], bytes, MUCH));
	CHECK(n > 0 && n < MUCH);
	AT_ONCE(FAILS(write(fd[0], bytes, 1), EAGAIN));
	pair_close(fd);
	/* Cancelled when a part is out: that is told first. */
	pair_open(fd, SOCK_STREAM);
	CHECK_INT(task_scope_enter(&scope, 20 * LOOP_MS), 0);
	n = write(fd[0], bytes, MUCH);
	CHECK(n > 0 && n < MUCH);
	FAILS(write(fd[0], bytes, 1), ECANCELED);
	CHECK_INT(task_scope_leave(&scope), -1);
	CHECK_INT(errno, ETIMEDOUT);
	pair_close(fd);
}

static volatile sig_atomic_t caught;
static int caught_pipe = -1;

static void catch (int number)
{
	int error = errno;

	(void)number;
	caught++;
	if (caught_pipe != -1 && write(caught_pipe, "!", 1) != 1)
		abort();
	errno = error;
}

static void
catch_signal(int number)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = catch;
	CHECK(sigaction(number, &action, NULL) == 0);
}

static void
broken_pipes(void)
{
	int fd[2], i;

	catch_signal(SIGPIPE);
	for (i = 0; i < 2; i++) {
		CHECK_INT(
		    i == 0 ? pipe(fd) : socketpair(AF_UNIX, SOCK_STREAM, 0, fd),
		    0);
		CHECK_INT(close(fd[0]), 0);
		FAILS(write(fd[1], "x", 1), EPIPE);
		CHECK_INT(caught, 2 * i + 1);
		if (i == 1) {
			FAILS(send(fd[1], "x", 1, 0), EPIPE);
			CHECK_INT(caught, 4);
			FAILS(send(fd[1], "x", 1, MSG_NOSIGNAL), EPIPE);
		} else {
			caught++;
		}
		CHECK_INT(close(fd[1]), 0);
	}
	CHECK_INT(caught, 4);
}

/* ---- Connections --------------------------------------------------------- */

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in inet;
		struct sockaddr_un local;
	} u;
	socklen_t length;
	int family;
};

/* Of TCP; or a UNIX socket without a file. */
static int
listener_open(struct address *a, int family, int backlog)
{
	int fd = socket(family, SOCK_STREAM, 0);

	memset(a, 0, sizeof(*a));
	a->family = a->u.any.sa_family = (sa_family_t)family;
	a->length = sizeof(sa_family_t);
	if (family == AF_INET) {
		a->u.inet.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		a->length = sizeof(a->u.inet);
	}
	if (fd == -1 || bind(fd, &a->u.any, a->length) == -1)
		SKIP("no loopback");
	CHECK(listen(fd, backlog) == 0);
	a->length = sizeof(a->u);
	CHECK(getsockname(fd, &a->u.any, &a->length) == 0);
	return fd;
}

static intptr_t
guest(void *argument)
{
	const struct address *a = argument;
	int fd = socket(a->family, SOCK_STREAM, 0);
	char byte;

	CHECK_INT(task_hook(1), 0);
	CHECK_INT(usleep(10000), 0);
	CHECK_INT(connect(fd, &a->u.any, a->length), 0);
	is_blocking(fd);
	CHECK_INT(read(fd, &byte, 1), 1);
	CHECK_INT(close(fd), 0);
	return byte;
}

static int
accepts(int listener, int flags, struct sockaddr *from, socklen_t *length)
{
	return flags == -1 ? accept(listener, from, length)
			   : accept4(listener, from, length, flags);
}

static void
meeting(int family, int flags)
{
	struct address a, from;
	int listener = listener_open(&a, family, 5), new = -1;
	struct task *t = task_spawn(guest, &a);

	CHECK(t != NULL);
	from.length = sizeof(from.u);
	GIVES_WAY(new = accepts(listener, flags, &from.u.any, &from.length));
	CHECK(new != -1);
	CHECK_INT(from.u.any.sa_family, family);
	CHECK_INT((fcntl(new, F_GETFL) & O_NONBLOCK) != 0,
	    flags != -1 && (flags & SOCK_NONBLOCK) != 0);
	CHECK_INT((fcntl(new, F_GETFD) & FD_CLOEXEC) != 0,
	    flags != -1 && (flags & SOCK_CLOEXEC) != 0);
	is_blocking(listener);
	CHECK_INT(usleep(5000), 0);
	CHECK_INT(write(new, "m", 1), 1);
	CHECK_INT(tasks_end(t).result, 'm');
	CHECK_INT(close(new), 0);
	CHECK_INT(close(listener), 0);
}

static void
meetings(void)
{
	static const int flags[] = { -1, 0, SOCK_CLOEXEC,
		SOCK_CLOEXEC | SOCK_NONBLOCK };
	size_t i;

	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		meeting(AF_INET, flags[i]);
		meeting(AF_UNIX, flags[i]);
	}
}

static void
accepting_nobody(void)
{
	struct timeval limit = { 0, 20000 };
	struct address a;
	int listener = listener_open(&a, AF_INET, 5), fd[2];

	CHECK(setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &limit,
		  sizeof(limit)) == 0);
	GIVES_WAY(FAILS(accept(listener, NULL, NULL), EAGAIN));
	CHECK_INT(fcntl(listener, F_SETFL, O_NONBLOCK), 0);
	AT_ONCE(FAILS(accept(listener, NULL, NULL), EAGAIN));
	CHECK_INT(close(listener), 0);
	FAILS(accept(listener, NULL, NULL), EBADF);
	pair_open(fd, SOCK_STREAM);
	FAILS(accept(fd[0], NULL, NULL), EINVAL);
	pair_close(fd);
	CHECK_INT(pipe(fd), 0);
	FAILS(accept4(fd[0], NULL, NULL, 0), ENOTSOCK);
	pair_close(fd);
}

static void
connecting_in_vain(void)
{
	struct address a;
	int fd = listener_open(&a, AF_INET, 5);

	CHECK_INT(close(fd), 0);
	CHECK((fd = socket(AF_INET, SOCK_STREAM, 0)) != -1);
	FAILS(connect(fd, &a.u.any, a.length), ECONNREFUSED);
	is_blocking(fd);
	CHECK_INT(close(fd), 0);
	FAILS(connect(fd, &a.u.any, a.length), EBADF);
	CHECK((fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) != -1);
	if (connect(fd, &a.u.any, a.length) == -1)
		CHECK(errno == EINPROGRESS || errno == ECONNREFUSED);
	CHECK_INT(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	CHECK_INT(close(fd), 0);
	CHECK((fd = socket(AF_INET, SOCK_DGRAM, 0)) != -1);
	AT_ONCE(CHECK_INT(connect(fd, &a.u.any, a.length), 0));
	CHECK_INT(close(fd), 0);
}

/* A listener that does not accept, and has no room. */
static void
connecting_slowly(void)
{
	struct timeval limit = { 0, 30000 };
	struct pollfd p = { -1, POLLOUT, 0 };
	int guests[16], n, listener, fd;
	struct address a;

	listener = listener_open(&a, AF_INET, 0);
	for (n = 0; n < 16; n++) {
		guests[n] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)connect(guests[n], &a.u.any, a.length);
		p.fd = guests[n];
		if (poll(&p, 1, 100) == 0)
			break;
	}
	if (n == 16)
		SKIP("a listener that is never full");
	CHECK((fd = socket(AF_INET, SOCK_STREAM, 0)) != -1);
	CHECK(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) ==
	    0);
	GIVES_WAY(FAILS(connect(fd, &a.u.any, a.length), EINPROGRESS));
	is_blocking(fd);
	CHECK_INT(close(fd), 0);
	for (; n >= 0; n--)
		CHECK_INT(close(guests[n]), 0);
	CHECK_INT(close(listener), 0);
}

static intptr_t
later_accepts(void *listener)
{
	int i, fd[4];

	CHECK_INT(task_sleep(20 * LOOP_MS), 0);
	for (i = 0; i < 4; i++)
		CHECK((fd[i] = task_accept(
			   (int)(intptr_t)listener, NULL, NULL)) != -1);
	for (i = 0; i < 4; i++)
		CHECK_INT(task_close(fd[i]), 0);
	return 0;
}

/* Where a UNIX socket that does not block would say EAGAIN. */
static void
connecting_to_the_busy(void)
{
	struct timeval limit = { 0, 20000 }, none = { 0, 0 };
	struct address a;
	int fd[4], i, listener = listener_open(&a, AF_UNIX, 0), before;
	struct task *t;

	for (i = 0; i < 4; i++)
		CHECK((fd[i] = socket(AF_UNIX, SOCK_STREAM, 0)) != -1);
	CHECK_INT(connect(fd[0], &a.u.any, a.length), 0);
	CHECK(setsockopt(
		  fd[1], SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0);
	GIVES_WAY(FAILS(connect(fd[1], &a.u.any, a.length), EAGAIN));
	CHECK(setsockopt(fd[1], SOL_SOCKET, SO_SNDTIMEO, &none, sizeof(none)) ==
	    0);
	before = ticks;
	t = tasks_spawn(later_accepts, listener);
	for (i = 1; i < 4; i++)
		CHECK_INT(connect(fd[i], &a.u.any, a.length), 0);
	CHECK(ticks > before);
	CHECK_INT(tasks_end(t).state, TASK_DONE);
	for (i = 0; i < 4; i++)
		CHECK_INT(close(fd[i]), 0);
	CHECK_INT(close(listener), 0);
}

/* ---- poll, select, epoll ------------------------------------------------- */

int poll_chk(struct pollfd *, nfds_t, int, size_t) __asm__("__poll_chk");
int ppoll_chk(struct pollfd *, nfds_t, const struct timespec *,
    const sigset_t *, size_t) __asm__("__ppoll_chk");

typedef int poll_fn(struct pollfd *, nfds_t, int ms);

static int
by_poll(struct pollfd *fds, nfds_t n, int ms)
{
	return poll(fds, n, ms);
}

static int
by_poll_chk(struct pollfd *fds, nfds_t n, int ms)
{
	return poll_chk(fds, n, ms, n * sizeof(*fds));
}

static int
by_ppoll(struct pollfd *fds, nfds_t n, int ms)
{
	struct timespec span = { ms / 1000, ms % 1000 * LOOP_MS };

	return ppoll(fds, n, ms < 0 ? NULL : &span, NULL);
}

static int
by_ppoll_chk(struct pollfd *fds, nfds_t n, int ms)
{
	struct timespec span = { ms / 1000, ms % 1000 * LOOP_MS };
	sigset_t now;

	CHECK(sigprocmask(SIG_BLOCK, NULL, &now) == 0);
	return ppoll_chk(fds, n, ms < 0 ? NULL : &span, &now, n * sizeof(*fds));
}

static poll_fn *const polls[] = { by_poll, by_poll_chk, by_ppoll,
	by_ppoll_chk };

enum { POLLS = sizeof(polls) / sizeof(polls[0]) };

static void
polls_one(poll_fn *f, const int fd[2])
{
	struct pollfd p = { fd[0], POLLIN, -1 };
	struct later l;
	char byte;

	AT_ONCE(CHECK_INT(f(&p, 1, 0), 0));
	CHECK_INT(p.revents, 0);
	GIVES_WAY(CHECK_INT(f(&p, 1, 20), 0));
	later_start(&l, fd[1], "p");
	GIVES_WAY(CHECK_INT(f(&p, 1, -1), 1));
	CHECK_INT(p.revents, POLLIN);
	AT_ONCE(CHECK_INT(f(&p, 1, 1000), 1));
	later_end(&l);
	CHECK_INT(read(fd[0], &byte, 1), 1);
	p.events = POLLOUT | POLLIN;
	AT_ONCE(CHECK_INT(f(&p, 1, -1), 1));
	CHECK_INT(p.revents, POLLOUT);
}

/* Two of them twice, and some that are none. */
static void
polls_several(poll_fn *f, const int fd[2], const int other[2])
{
	struct pollfd p[6] = { { fd[0], POLLIN, -1 }, { -1, POLLIN, -1 },
		{ other[0], POLLIN, -1 }, { fd[0], POLLIN | POLLRDHUP, -1 },
		{ -7, 0, -1 }, { other[0], 0, -1 } };
	struct later l;
	char byte;
	int i;

	AT_ONCE(CHECK_INT(f(p, 6, 0), 0));
	GIVES_WAY(CHECK_INT(f(p, 6, 20), 0));
	for (i = 0; i < 6; i++)
		CHECK_INT(p[i].revents, 0);
	later_start(&l, fd[1], "s");
	GIVES_WAY(CHECK_INT(f(p, 6, -1), 2));
	CHECK_INT(p[0].revents, POLLIN);
	CHECK_INT(p[3].revents, POLLIN);
	CHECK_INT(p[2].revents, 0);
	later_end(&l);
	CHECK_INT(read(fd[0], &byte, 1), 1);
	GIVES_WAY(CHECK_INT(f(p, 0, 20), 0));
	GIVES_WAY(CHECK_INT(f(p + 1, 1, 20), 0));
	GIVES_WAY(CHECK_INT(f(NULL, 0, 20), 0));
}

static void
polling(void)
{
	int fd[2], other[2], i;

	pair_open(fd, SOCK_STREAM);
	pair_open(other, SOCK_STREAM);
	for (i = 0; i < POLLS; i++) {
		polls_one(polls[i], fd);
		polls_several(polls[i], fd, other);
	}
	is_blocking(fd[0]);
	pair_close(fd);
	pair_close(other);
}

/* Events that task_poll does not know. */
static void
polling_ends(void)
{
	struct pollfd p = { -1, 0, 0 };
	struct timespec wrong = { -1, 0 };
	int fd[2], i, before;

	for (i = 0; i < 3; i++) {
		pair_open(fd, SOCK_STREAM);
		p.fd = fd[0];
		p.events = i == 0 ? 0 : i == 1 ? POLLRDHUP : POLLRDNORM;
		GIVES_WAY(CHECK_INT(poll(&p, 1, 20), 0));
		before = ticks;
		task_detach(tasks_spawn(later_closes, fd[1]));
		CHECK_INT(poll(&p, 1, -1), 1);
		CHECK(ticks > before);
		CHECK_INT(p.revents, POLLHUP | p.events);
		CHECK_INT(close(fd[0]), 0);
	}
	AT_ONCE(CHECK_INT(poll(&p, 1, -1), 1));
	CHECK_INT(p.revents, POLLNVAL);
	FAILS(ppoll(&p, 1, &wrong, NULL), EINVAL);
}

/* With another mask it is no longer ours alone; so it blocks, as it says. */
static void
polling_with_masks(void)
{
	struct timespec span = { 0, 5 * LOOP_MS };
	struct pollfd p;
	sigset_t mask;
	int fd[2];

	pair_open(fd, SOCK_STREAM);
	p.fd = fd[0];
	p.events = POLLIN;
	CHECK(sigprocmask(SIG_BLOCK, NULL, &mask) == 0);
	GIVES_WAY(CHECK_INT(ppoll(&p, 1, &span, &mask), 0));
	catch_signal(SIGUSR1);
	CHECK(sigaddset(&mask, SIGUSR1) == 0);
	CHECK(sigprocmask(SIG_SETMASK, &mask, NULL) == 0);
	CHECK(raise(SIGUSR1) == 0);
	CHECK_INT(caught, 0);
	CHECK(sigdelset(&mask, SIGUSR1) == 0);
	AT_ONCE(FAILS(ppoll(&p, 1, &span, &mask), EINTR));
	CHECK_INT(caught, 1);
	pair_close(fd);
}

static void
selecting(void)
{
	struct timeval limit, left;
	struct timespec span = { 0, 20 * LOOP_MS };
	fd_set in, out, except;
	int fd[2];
	struct later l;

	pair_open(fd, SOCK_STREAM);
	FD_ZERO(&in);
	FD_ZERO(&except);
	FD_SET(fd[0], &in);
	FD_SET(fd[0], &except);
	limit.tv_sec = 0;
	limit.tv_usec = 0;
	AT_ONCE(CHECK_INT(select(fd[0] + 1, &in, NULL, NULL, &limit), 0));
	CHECK(!FD_ISSET(fd[0], &in));
	FD_SET(fd[0], &in);
	limit.tv_usec = 20000;
	GIVES_WAY(CHECK_INT(select(fd[0] + 1, &in, NULL, &except, &limit), 0));
	CHECK(!FD_ISSET(fd[0], &in) && !FD_ISSET(fd[0], &except));
	CHECK(limit.tv_sec == 0 && limit.tv_usec == 0);
	later_start(&l, fd[1], "s");
	FD_SET(fd[0], &in);
	left.tv_sec = 10;
	left.tv_usec = 0;
	GIVES_WAY(CHECK_INT(select(fd[0] + 1, &in, NULL, NULL, &left), 1));
	CHECK(FD_ISSET(fd[0], &in));
	CHECK(left.tv_sec < 10 && left.tv_sec >= 5);
	later_end(&l);
	FD_ZERO(&out);
	FD_SET(fd[0], &out);
	AT_ONCE(CHECK_INT(select(fd[0] + 1, &in, &out, NULL, NULL), 2));
	GIVES_WAY(CHECK_INT(pselect(0, NULL, NULL, NULL, &span, NULL), 0));
	limit.tv_usec = 20000;
	GIVES_WAY(CHECK_INT(select(0, NULL, NULL, NULL, &limit), 0));
	FD_ZERO(&out);
	AT_ONCE(CHECK_INT(pselect(fd[0] + 1, &in, &out, NULL, NULL, NULL), 1));
	pair_close(fd);
	FD_SET(fd[0], &in);
	FAILS(select(fd[0] + 1, &in, NULL, NULL, NULL), EBADF);
	FAILS(select(-1, &in, NULL, NULL, NULL), EINVAL);
	limit.tv_sec = -1;
	FAILS(select(1, NULL, NULL, NULL, &limit), EINVAL);
}

static void
epolling(void)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = 5 };
	int fd[2], e = epoll_create1(EPOLL_CLOEXEC), i;
	struct later l;
	char byte;

	CHECK(e != -1);
	pair_open(fd, SOCK_STREAM);
	CHECK(epoll_ctl(e, EPOLL_CTL_ADD, fd[0], &event) == 0);
	for (i = 0; i < 2; i++) {
		AT_ONCE(CHECK_INT(epoll_wait(e, &event, 1, 0), 0));
		GIVES_WAY(CHECK_INT(epoll_wait(e, &event, 1, 20), 0));
		later_start(&l, fd[1], "e");
		event.data.u32 = 0;
		GIVES_WAY(
		    CHECK_INT(i == 0 ? epoll_wait(e, &event, 1, -1)
				     : epoll_pwait(e, &event, 1, -1, NULL),
			1));
		CHECK_INT(event.data.u32, 5);
		later_end(&l);
		CHECK_INT(read(fd[0], &byte, 1), 1);
	}
	FAILS(epoll_wait(e, &event, 0, -1), EINVAL);
	FAILS(epoll_wait(fd[0], &event, 1, -1), EINVAL);
	pair_close(fd);
	CHECK_INT(close(e), 0);
	FAILS(epoll_wait(e, &event, 1, -1), EBADF);
}

/* ---- Time ---------------------------------------------------------------- */

static void
sleeping(void)
{
	struct timespec span = { 0, 10 * LOOP_MS }, then, wrong = { 0, -1 };
	static const clockid_t clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC,
		CLOCK_BOOTTIME };
	int64_t begun = test_clock();
	size_t i;

	GIVES_WAY(CHECK_INT(usleep(10000), 0));
	GIVES_WAY(CHECK_INT(nanosleep(&span, NULL), 0));
	GIVES_WAY(CHECK_INT(sleep(1), 0));
	CHECK_INT(sleep(0), 0);
	FAILS(nanosleep(&wrong, NULL), EINVAL);
	CHECK(test_clock() - begun >= 1020 * LOOP_MS);
	for (i = 0; i < 3; i++) {
		GIVES_WAY(
		    CHECK_INT(clock_nanosleep(clocks[i], 0, &span, NULL), 0));
		CHECK(clock_gettime(clocks[i], &then) == 0);
		then.tv_nsec += 10 * LOOP_MS;
		then.tv_sec += then.tv_nsec / REACTOR_SECOND;
		then.tv_nsec %= REACTOR_SECOND;
		GIVES_WAY(CHECK_INT(
		    clock_nanosleep(clocks[i], TIMER_ABSTIME, &then, NULL), 0));
		CHECK_INT(
		    clock_nanosleep(clocks[i], TIMER_ABSTIME, &then, NULL), 0);
	}
	CHECK_INT(clock_nanosleep(CLOCK_MONOTONIC, 0, &wrong, NULL), EINVAL);
	CHECK_INT(
	    clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &span, NULL), EINVAL);
}

/* ---- Names --------------------------------------------------------------- */

static void
names(void)
{
	struct addrinfo hints = { .ai_family = AF_INET,
		.ai_socktype = SOCK_STREAM },
			*list = NULL;
	const struct sockaddr_in *a;
	char host[256], service[32];

	CHECK_INT(getaddrinfo("127.0.0.1", "80", &hints, &list), 0);
	a = (const struct sockaddr_in *)(const void *)list->ai_addr;
	CHECK_INT(a->sin_addr.s_addr, htonl(INADDR_LOOPBACK));
	CHECK_INT(
	    getnameinfo(list->ai_addr, list->ai_addrlen, host, sizeof(host),
		service, sizeof(service), NI_NUMERICHOST | NI_NUMERICSERV),
	    0);
	CHECK_STR(host, "127.0.0.1");
	CHECK_INT(getnameinfo(list->ai_addr, list->ai_addrlen, host,
		      sizeof(host), service, sizeof(service), NI_NUMERICSERV),
	    0);
	CHECK_STR(service, "80");
	CHECK_INT(
	    getnameinfo(list->ai_addr, list->ai_addrlen, host, 1, NULL, 0, 0),
	    EAI_OVERFLOW);
	freeaddrinfo(list);
	CHECK_INT(getaddrinfo(NULL, "80", &hints, &list), 0);
	freeaddrinfo(list);
	CHECK_INT(
	    getaddrinfo("127.0.0.1", "no service", &hints, &list), EAI_SERVICE);
	if (getaddrinfo("localhost", "80", &hints, &list) != 0)
		SKIP("no localhost");
	a = (const struct sockaddr_in *)(const void *)list->ai_addr;
	CHECK_INT(a->sin_addr.s_addr, htonl(INADDR_LOOPBACK));
	CHECK_INT(ntohs(a->sin_port), 80);
	freeaddrinfo(list);
	CHECK_INT(getaddrinfo(NULL, NULL, NULL, &list), EAI_NONAME);
}

static void
is_localhost(const struct hostent *host)
{
	CHECK(host != NULL);
	CHECK_INT(host->h_addrtype, AF_INET);
	CHECK_INT(host->h_length, 4);
	CHECK(host->h_addr_list[0] != NULL);
	CHECK(memcmp(host->h_addr_list[0], "\x7f\0\0\1", 4) == 0);
	CHECK_STR(host->h_name, "localhost");
}

static void
names_by_number(void)
{
	char block[1024 + 3], small[4];
	struct in_addr address = { htonl(INADDR_LOOPBACK) };
	struct hostent host, *found;
	int error, i;

	if (gethostbyname("localhost") == NULL)
		SKIP("no localhost");
	for (i = 0; i < 4; i++) {
		CHECK_INT(gethostbyname_r("localhost", &host, block + i, 1024,
			      &found, &error),
		    0);
		CHECK(found == &host);
		CHECK(host.h_name >= block && host.h_name < block + 1027);
		is_localhost(found);
	}
	is_localhost(gethostbyname("localhost"));
	is_localhost(gethostbyname2("localhost", AF_INET));
	CHECK_INT(gethostbyname2_r(
		      "localhost", AF_INET, &host, block, 1024, &found, &error),
	    0);
	is_localhost(found);
	CHECK_INT(gethostbyname_r(
		      "localhost", &host, small, sizeof(small), &found, &error),
	    ERANGE);
	CHECK(found == NULL);
	found = gethostbyaddr(&address, sizeof(address), AF_INET);
	CHECK(found != NULL && found->h_name != NULL);
	CHECK_INT(gethostbyaddr_r(&address, sizeof(address), AF_INET, &host,
		      block, 1024, &found, &error),
	    0);
	h_errno = 0;
	CHECK(gethostbyname("") == NULL);
	CHECK(h_errno != 0);
}

static intptr_t
looks_up(void *how)
{
	struct addrinfo *list;
	char host[64];
	struct sockaddr_in a = { .sin_family = AF_INET };
	int n = (int)(intptr_t)how;

	CHECK_INT(task_hook(1), 0);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (n == 0) {
		n = getaddrinfo("localhost", NULL, NULL, &list);
		if (n == 0)
			freeaddrinfo(list);
		CHECK(n == 0 || (n == EAI_SYSTEM && errno == ECANCELED));
	} else if (n == 1) {
		n = getnameinfo((const struct sockaddr *)&a, sizeof(a), host,
		    sizeof(host), NULL, 0, 0);
		CHECK(n == 0 || (n == EAI_SYSTEM && errno == ECANCELED));
	} else {
		n = gethostbyname("localhost") == NULL;
		CHECK(n == 0 || errno == ECANCELED);
	}
	errno = ECANCELED;
	return n == 0 ? 0 : -1;
}

/* In every state: not begun, in the queue, while it runs. */
static void
names_cancelled(void)
{
	struct task *tasks[60];
	struct task_scope scope;
	struct addrinfo *list;
	int i;

	for (i = 0; i < 60; i++)
		tasks[i] = tasks_spawn(looks_up, i % 3);
	CHECK_INT(task_yield(), 0);
	for (i = 0; i < 60; i++)
		(void)task_cancel(tasks[i]);
	for (i = 0; i < 60; i++)
		CHECK(tasks_end(tasks[i]).state != TASK_FAILED);
	CHECK_INT(task_scope_enter(&scope, -1), 0);
	task_scope_cancel(&scope);
	CHECK_INT(getaddrinfo("localhost", NULL, NULL, &list), EAI_SYSTEM);
	CHECK_INT(errno, ECANCELED);
	CHECK(gethostbyname("localhost") == NULL);
	CHECK_INT(errno, ECANCELED);
	CHECK_INT(task_scope_leave(&scope), -1);
	CHECK_INT(task_sleep(20 * LOOP_MS), 0); /* threads go on alone */
}

/* ---- Processes ----------------------------------------------------------- */

static pid_t
child(int ms, int status)
{
	pid_t pid = fork();

	CHECK(pid != -1);
	if (pid != 0)
		return pid;
	loop_sleep(ms * LOOP_MS);
	_exit(status);
}

static void
children(void)
{
	struct rusage usage;
	siginfo_t info;
	int status = 0;
	pid_t pid = child(20, 3);

	AT_ONCE(CHECK_INT(waitpid(pid, &status, WNOHANG), 0));
	GIVES_WAY(CHECK_INT(waitpid(pid, &status, 0), pid));
	CHECK_INT(WEXITSTATUS(status), 3);
	FAILS(waitpid(pid, &status, 0), ECHILD);
	memset(&usage, 0, sizeof(usage));
	pid = child(20, 4);
	GIVES_WAY(CHECK_INT(wait4(pid, &status, 0, &usage), pid));
	CHECK_INT(WEXITSTATUS(status), 4);
	CHECK(usage.ru_maxrss > 0);
	pid = child(20, 5);
	GIVES_WAY(
	    CHECK_INT(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0));
	CHECK_INT(info.si_status, 5);
	AT_ONCE(CHECK_INT(waitid(P_PID, (id_t)pid, &info, WEXITED), 0));
	CHECK_INT(info.si_pid, pid);
	FAILS(waitid(P_PID, (id_t)pid, NULL, WEXITED), ECHILD);
	pid = child(20, 6);
	GIVES_WAY(CHECK_INT(wait(&status), pid));
	CHECK_INT(WEXITSTATUS(status), 6);
	pid = child(20, 7);
	GIVES_WAY(CHECK_INT(wait3(&status, 0, NULL), pid));
	CHECK_INT(WEXITSTATUS(status), 7);
	FAILS(wait(&status), ECHILD);
}

static void
children_that_stop(void)
{
	int status = 0;
	pid_t pid = child(100000, 0);

	CHECK(kill(pid, SIGSTOP) == 0);
	CHECK_INT(waitpid(pid, &status, WUNTRACED), pid);
	CHECK(WIFSTOPPED(status));
	CHECK(kill(pid, SIGKILL) == 0);
	CHECK_INT(waitpid(pid, NULL, 0), pid);
}

static intptr_t
later_forks(void *fd)
{
	pid_t pid;
	char byte;

	CHECK_INT(task_hook(1), 0);
	CHECK_INT(task_sleep(5 * LOOP_MS), 0);
	pid = fork();
	if (pid == 0) {
		close((int)(intptr_t)fd);
		_exit(read((int)(intptr_t)fd, &byte, 1) == -1 &&
			    errno == EBADF && task_hook(0) == 0
			? 0
			: 1);
	}
	CHECK(pid != -1);
	CHECK_INT(task_child(pid, NULL), 0);
	pid = vfork();
	if (pid == 0) {
		close((int)(intptr_t)fd);
		_exit(0);
	}
	return waitpid(pid, NULL, 0);
}

/* What a child closes the parent still has, and waits for. */
static void
children_that_close(void)
{
	struct later l;
	struct task *t;
	char byte;
	int fd[2];

	pair_open(fd, SOCK_STREAM);
	t = tasks_spawn(later_forks, fd[0]);
	later_start(&l, fd[1], "c");
	l.ms = 50;
	GIVES_WAY(CHECK_INT(read(fd[0], &byte, 1), 1));
	later_end(&l);
	CHECK_INT(tasks_end(t).state, TASK_DONE);
	pair_close(fd);
}

/* ---- Closing ------------------------------------------------------------- */

static void
closing(void)
{
	struct pollfd p[2];
	int fd[2], other[2], i;
	char byte;

	for (i = 0; i < READERS; i++) {
		pair_open(fd, SOCK_STREAM);
		task_detach(tasks_spawn(later_closes, fd[0]));
		GIVES_WAY(FAILS(readers[i](fd[0], &byte, 1), EBADF));
		CHECK_INT(close(fd[1]), 0);
		FAILS(close(fd[1]), EBADF);
	}
	for (i = 1; i <= 2; i++) {
		pair_open(fd, SOCK_STREAM);
		pair_open(other, SOCK_STREAM);
		p[0].fd = fd[0];
		p[1].fd = other[0];
		p[0].events = p[1].events = POLLIN;
		task_detach(tasks_spawn(later_closes, fd[0]));
		GIVES_WAY(CHECK_INT(poll(p, (nfds_t)i, -1), 1));
		CHECK_INT(p[0].revents, POLLNVAL);
		CHECK_INT(close(fd[1]), 0);
		pair_close(other);
	}
}

static intptr_t
later_duplicates(void *fd)
{
	const int *f = fd;

	CHECK_INT(task_hook(1), 0);
	CHECK_INT(task_sleep(10 * LOOP_MS), 0);
	CHECK_INT(
	    f[2] == 2 ? dup2(f[0], f[1]) : dup3(f[0], f[1], O_CLOEXEC), f[1]);
	return 0;
}

/* The number is another file's, which others have waited for as well. */
static void
numbers_again(void)
{
	int fd[2], other[2], three[3], i;
	struct task *t;
	char byte;

	for (i = 2; i <= 3; i++) {
		pair_open(fd, SOCK_STREAM);
		pair_open(other, SOCK_STREAM);
		reads(by_read, fd);
		three[0] = other[0];
		three[1] = fd[0];
		three[2] = i;
		CHECK((t = task_spawn(later_duplicates, three)) != NULL);
		GIVES_WAY(FAILS(read(fd[0], &byte, 1), EBADF));
		CHECK_INT(tasks_end(t).state, TASK_DONE);
		three[0] = fd[0];
		three[1] = other[1];
		reads(by_read, three);
		pair_close(fd);
		pair_close(other);
	}
	/* Closed where nobody sees it. */
	for (i = 0; i < 8; i++) {
		pair_open(fd, SOCK_STREAM);
		reads(by_read, fd);
		CHECK_INT(syscall(SYS_close, fd[0]), 0);
		CHECK_INT(syscall(SYS_close, fd[1]), 0);
	}
	CHECK_INT(pipe(fd), 0);
	reads(by_read, fd);
	CHECK_INT(fcntl(fd[0], F_DUPFD_CLOEXEC, 40), 40);
	CHECK_INT(syscall(SYS_close, 40), 0);
	CHECK_INT(fcntl(fd[0], F_DUPFD, 40), 40);
	CHECK_INT(close(40), 0);
	FAILS(fcntl(fd[0], F_DUPFD, -1), EINVAL);
	pair_close(fd);
}

/* ---- Cancellation -------------------------------------------------------- */

static int cancel_fd[2];

static intptr_t
cancelled_main(void *how)
{
	struct timespec span = { 100, 0 }, rest = { 0, 0 };
	struct pollfd p[2] = { { cancel_fd[0], POLLIN, 0 },
		{ cancel_fd[1], POLLIN, 0 } };
	struct epoll_event event;
	int n = (int)(intptr_t)how, e;
	char byte;

	CHECK_INT(task_hook(1), 0);
	if (n < READERS)
		return readers[n](cancel_fd[0], &byte, 1);
	switch (n - READERS) {
	case 0:
		return poll(p, 1, -1);
	case 1:
		return poll(p, 2, 100000);
	case 2:
		return select(0, NULL, NULL, NULL, NULL);
	case 3:
		CHECK((e = epoll_create1(EPOLL_CLOEXEC)) != -1);
		n = epoll_wait(e, &event, 1, -1);
		CHECK_INT(close(e), 0);
		errno = ECANCELED;
		return n;
	case 4:
		CHECK_INT(nanosleep(&span, &rest), -1);
		CHECK(rest.tv_sec >= 90 && rest.tv_sec < 100);
		return -1;
	case 5:
		return usleep(100000000) == 0 ? 0 : -1;
	case 6:
		CHECK(sleep(100) > 90);
		return -1;
	case 7:
		CHECK_INT(clock_nanosleep(CLOCK_REALTIME, 0, &span, &rest),
		    ECANCELED);
		CHECK(rest.tv_sec >= 90);
		errno = ECANCELED;
		return -1;
	case 8:
		return poll(NULL, 0, -1);
	}
	return 0;
}

enum { CANCELLED = READERS + 9 };

static void
cancelling(void)
{
	struct task *t;
	int i;

	pair_open(cancel_fd, SOCK_STREAM);
	for (i = 0; i < CANCELLED; i++) {
		t = tasks_spawn(cancelled_main, i);
		CHECK_INT(task_sleep(3 * LOOP_MS), 0);
		CHECK_INT(tasks_state(t), TASK_PENDING);
		tasks_stop(t);
	}
	pair_close(cancel_fd);
}

/* It fails again and again, but what does not wait does not fail. */
static void
cancelled_again(void)
{
	struct task_scope scope;
	struct address a;
	int fd[2], pid, listener = listener_open(&a, AF_UNIX, 1);
	char byte;

	pair_open(fd, SOCK_STREAM);
	CHECK_INT(write(fd[1], "abc", 3), 3);
	CHECK_INT(task_scope_enter(&scope, 10 * LOOP_MS), 0);
	FAILS(poll(NULL, 0, -1), ECANCELED);
	FAILS(read(fd[0], &byte, 1), ECANCELED);
	FAILS(write(fd[0], &byte, 1), ECANCELED);
	FAILS(usleep(1), ECANCELED);
	FAILS(accept(listener, NULL, NULL), ECANCELED);
	CHECK_INT(recv(fd[0], &byte, 1, MSG_DONTWAIT), 1);
	CHECK_INT(poll(NULL, 0, 0), 0);
	CHECK_INT(fcntl(fd[0], F_SETFL, O_NONBLOCK), 0);
	CHECK_INT(read(fd[0], &byte, 1), 1);
	pid = child(0, 0);
	FAILS(waitpid(pid, NULL, 0), ECANCELED);
	CHECK_INT(task_hook(0), 1);
	CHECK_INT(waitpid(pid, NULL, 0), pid);
	CHECK_INT(task_hook(1), 0);
	pair_close(fd);
	CHECK_INT(close(listener), 0);
	CHECK_INT(task_scope_leave(&scope), -1);
	CHECK_INT(errno, ETIMEDOUT);
}

/* ---- Who else calls ------------------------------------------------------ */

static void
signals(void)
{
	struct later l;
	int fd[2], p[2];
	char bytes[8];

	pair_open(fd, SOCK_STREAM);
	CHECK_INT(pipe(p), 0);
	caught_pipe = p[1];
	catch_signal(SIGALRM);
	ualarm(5000, 0);
	later_start(&l, fd[1], "i");
	l.ms = 20;
	GIVES_WAY(CHECK_INT(read(fd[0], bytes, 1), 1));
	later_end(&l);
	CHECK_INT(caught, 1);
	CHECK_INT(raise(SIGALRM), 0);
	CHECK_INT(read(p[0], bytes, 8), 2);
	caught_pipe = -1;
	pair_close(fd);
	pair_close(p);
}

static void *
thread_blocks(void *fd)
{
	char byte = 0;

	if (read((int)(intptr_t)fd, &byte, 1) != 1 || usleep(1000) != 0)
		return NULL;
	return TASKS_NUMBER(byte);
}

static intptr_t
job(struct reactor_job *j)
{
	int fd;

	memcpy(&fd, j->argument, sizeof(fd));
	return thread_blocks(TASKS_NUMBER(fd)) != NULL ? 0 : -1;
}

static int
job_blocks(struct reactor_job *j)
{
	return (int)job(j);
}

/* They block, and only they. */
static void
threads(void)
{
	static const struct reactor_executor_options options = {
		.kind = "threads"
	};
	struct reactor_executor *e = reactor_executor_open(&options);
	struct reactor_outcome outcome;
	struct reactor_future *f;
	pthread_t thread;
	struct later l;
	void *result;
	int fd[2];

	pair_open(fd, SOCK_STREAM);
	CHECK(pthread_create(
		  &thread, NULL, thread_blocks, TASKS_NUMBER(fd[0])) == 0);
	CHECK_INT(usleep(5000), 0);
	CHECK_INT(write(fd[1], "t", 1), 1);
	CHECK(pthread_join(thread, &result) == 0);
	CHECK((intptr_t)result == 't');
	CHECK(e != NULL);
	later_start(&l, fd[1], "j");
	GIVES_WAY(
	    f = task_execute(e, job_blocks, &fd[0], sizeof(fd[0]), &outcome));
	CHECK(f != NULL);
	CHECK_INT(outcome.error, 0);
	reactor_future_detach(f);
	later_end(&l);
	CHECK_INT(reactor_executor_close(e, -1), 0);
	pair_close(fd);
}

/* The library's own functions are not hooked once more. */
static void
functions_of_tasks(void)
{
	struct reactor_child ended;
	struct task_scope scope;
	struct later l;
	char byte;
	int fd[2], i;

	for (i = 0; i < 2; i++) {
		if (i == 0)
			pair_open(fd, SOCK_STREAM);
		else
			CHECK_INT(pipe(fd), 0);
		later_start(&l, fd[1], "a");
		GIVES_WAY(CHECK_INT(task_read(fd[0], &byte, 1), 1));
		later_end(&l);
		later_start(&l, fd[1], "b");
		GIVES_WAY(CHECK_INT(read(fd[0], &byte, 1), 1));
		later_end(&l);
		CHECK_INT(task_scope_enter(&scope, 10 * LOOP_MS), 0);
		FAILS(task_read(fd[0], &byte, 1), ECANCELED);
		CHECK_INT(task_scope_leave(&scope), -1);
		later_start(&l, fd[1], "c");
		CHECK_INT(task_poll(fd[0], REACTOR_READ, -1), REACTOR_READ);
		AT_ONCE(CHECK_INT(read(fd[0], &byte, 1), 1));
		later_end(&l);
		CHECK_INT(task_write(fd[1], "d", 1), 1);
		CHECK_INT(task_close(fd[1]), 0);
		CHECK_INT(read(fd[0], &byte, 1), 1);
		CHECK_INT(task_read(fd[0], &byte, 1), 0);
		CHECK_INT(task_close(fd[0]), 0);
	}
	GIVES_WAY(CHECK_INT(task_child(child(10, 1), &ended), 0));
	CHECK_INT(WEXITSTATUS(ended.status), 1);
}

/* One that never has to wait keeps nobody from running. */
static void
fairness(void)
{
	int fd = open("/dev/zero", O_RDONLY), before = ticks;
	struct pollfd p = { fd, POLLIN, 0 };
	int64_t end = test_clock() + 10 * REACTOR_SECOND;
	char byte;

	CHECK(fd != -1);
	while (ticks < before + 3 && test_clock() < end)
		CHECK_INT(read(fd, &byte, 1), 1);
	CHECK(ticks >= before + 3);
	before = ticks;
	while (ticks < before + 3 && test_clock() < end)
		CHECK_INT(poll(&p, 1, -1), 1);
	CHECK(ticks >= before + 3);
	CHECK_INT(close(fd), 0);
}

/* Outside of tasks that have asked, nothing is hooked. */
static void
outside(void)
{
	struct pollfd p;
	int fd[2];
	char byte;

	pair_open(fd, SOCK_STREAM);
	CHECK_INT(write(fd[1], "x", 1), 1);
	CHECK_INT(read(fd[0], &byte, 1), 1);
	p.fd = fd[0];
	p.events = POLLIN;
	CHECK_INT(poll(&p, 1, 2), 0);
	CHECK_INT(usleep(1000), 0);
	FAILS(recv(fd[0], &byte, 1, MSG_DONTWAIT), EAGAIN);
	CHECK_INT(fcntl(fd[0], F_GETFL), O_RDWR);
	pair_close(fd);
	FAILS(waitpid(-1, NULL, 0), ECHILD);
}

/* ---- All at once --------------------------------------------------------- */

enum { TALKS = 100, ANSWERS = 3, SLOW_MS = 50 };

/* Takes its time for each answer. */
static intptr_t
slow_server(void *fd)
{
	char byte;

	while (task_read((int)(intptr_t)fd, &byte, 1) == 1) {
		CHECK_INT(task_sleep(SLOW_MS * LOOP_MS), 0);
		CHECK_INT(task_write((int)(intptr_t)fd, &byte, 1), 1);
	}
	return task_close((int)(intptr_t)fd);
}

/* Code as it is written for threads. */
static void
plain_client(int fd, int number)
{
	struct pollfd p = { fd, POLLIN, 0 };
	char byte;
	int i;

	for (i = 0; i < ANSWERS; i++) {
		byte = (char)(number + i);
		CHECK_INT(write(fd, &byte, 1), 1);
		if (number % 2)
			CHECK_INT(poll(&p, 1, 30000), 1);
		CHECK_INT(recv(fd, &byte, 1, 0), 1);
		CHECK_INT(byte, (char)(number + i));
	}
	CHECK_INT(close(fd), 0);
}

static intptr_t
talk(void *number)
{
	int fd[2];

	CHECK_INT(task_hook(1), 0);
	pair_open(fd, SOCK_STREAM);
	task_detach(tasks_spawn(slow_server, fd[1]));
	plain_client(fd[0], (int)(intptr_t)number);
	return 0;
}

static void
talks(void)
{
	int64_t begun = test_clock(), took;
	struct task *tasks[TALKS];
	int i;

	for (i = 0; i < TALKS; i++)
		tasks[i] = tasks_spawn(talk, i);
	for (i = 0; i < TALKS; i++)
		CHECK_INT(tasks_end(tasks[i]).state, TASK_DONE);
	took = test_clock() - begun;
	CHECK(took >= ANSWERS * SLOW_MS * LOOP_MS);
	CHECK((double)took <
	    10.0 * ANSWERS * SLOW_MS * (double)LOOP_MS * test_slow());
}

/* ---- All of it ----------------------------------------------------------- */

static const struct test tests[] = {
	TEST("outside of tasks", outside),
	TEST("task_hook: not in a task", asking_outside),
	HOOKED("task_hook: on, off, not inherited", asking),
	HOOKED("task_hook: many tasks, one after another", asking_many),
	HOOKED("task_hook: generators", asking_in_generators),
	HOOKED("read: every name, sockets and pipes", reading),
	HOOKED("read: every name, messages", reading_messages),
	HOOKED("read: terminals, event descriptors", reading_odd_things),
	HOOKED("read: files", reading_files),
	HOOKED("read: nothing, wrong descriptors", reading_nothing),
	HOOKED("read: more than there is room for", reading_too_much),
	HOOKED("flags: MSG_DONTWAIT, PEEK, WAITALL", flags_of_calls),
	HOOKED("flags: of messages", flags_of_messages),
	HOOKED("flags: O_NONBLOCK as the owner set it", nonblocking),
	HOOKED("time limits of a socket", time_limits),
	HOOKED("write: every name, all of it", writing),
	HOOKED("write: a part of it", writing_part),
	HOOKED("write: SIGPIPE", broken_pipes),
	HOOKED("accept, connect", meetings),
	HOOKED("accept: nobody, wrong descriptors", accepting_nobody),
	HOOKED("connect: refused, wrong descriptors", connecting_in_vain),
	HOOKED("connect: too slow", connecting_slowly),
	HOOKED("connect: a UNIX socket that is busy", connecting_to_the_busy),
	HOOKED("poll: every name; one, several, none", polling),
	HOOKED("poll: ends, unusual events", polling_ends),
	HOOKED("poll: signal masks", polling_with_masks),
	HOOKED("select, pselect", selecting),
	HOOKED("epoll_wait, epoll_pwait", epolling),
	HOOKED("sleep: every name", sleeping),
	HOOKED("names", names),
	HOOKED("names: gethostbyname and its like", names_by_number),
	HOOKED("names: cancelled", names_cancelled),
	HOOKED("children", children),
	HOOKED("children that stop", children_that_stop),
	HOOKED("children that close what we wait for", children_that_close),
	HOOKED("close wakes who waits", closing),
	HOOKED("numbers that are used again", numbers_again),
	HOOKED("cancelled while it waits", cancelling),
	HOOKED("cancelled again and again", cancelled_again),
	HOOKED("signals", signals),
	HOOKED("threads, jobs of an executor", threads),
	HOOKED("functions of tasks beside plain calls", functions_of_tasks),
	HOOKED("one that never waits", fairness),
	HOOKED("a hundred conversations with a slow server", talks),
};

TEST_MAIN(tests)
