/*
 * SPDX-License-Identifier: ISC
 *
 * task_blocking.c: descriptors that block, and are to go on doing so: O_NONBLOCK
 * belongs to the file, which others may have as well.  While one task waits for
 * such a descriptor, the others go on.
 */
#include <sys/stat.h>
#include <sys/uio.h>
#include <termios.h>
#include "test/tasks.h"
#include "test/without.h"

#ifdef __linux__
#include <sys/eventfd.h>
#endif

/* ---- Others go on -------------------------------------------------------- */

static int ticks;

static intptr_t
ticks_on(void *unused)
{
	(void)unused;
	for (;; ticks++)
		if (task_sleep(LOOP_MS) == -1)
			return -1;
}

/* Who waits has started; others go on, and it has not come to its end. */
static void
others_go_on(const struct task *waiting)
{
	struct task *other = tasks_spawn(ticks_on, 0);
	int before = ticks;

	while (ticks < before + 5)
		CHECK_INT(task_sleep(LOOP_MS), 0);
	CHECK_INT(tasks_state(waiting), TASK_PENDING);
	tasks_stop(other);
}

struct both {
	int fd[2]; /* from which is read, and to which is written */
	int flags[2];
};

static struct both *
both_check(struct both *b)
{
	int i;

	for (i = 0; i < 2; i++) {
		CHECK_INT(fcntl(b->fd[i], F_GETFL), b->flags[i]);
		CHECK((b->flags[i] & O_NONBLOCK) == 0);
	}
	return b;
}

static void
both_open(struct both *b)
{
	int i;

	for (i = 0; i < 2; i++) {
		CHECK(b->fd[i] != -1);
		b->flags[i] = fcntl(b->fd[i], F_GETFL);
	}
	(void)both_check(b);
}

static void
both_close(struct both *b)
{
	(void)both_check(b);
	CHECK_INT(task_close(b->fd[0]), 0);
	CHECK_INT(task_close(b->fd[1]), 0);
}

/* ---- From one end to the other ------------------------------------------- */

enum { AMOUNT = 300000 }; /* more than there is room for anywhere */

/* Printable, and now and then a line feed. */
static char
byte_at(size_t place)
{
	size_t mixed = place * 2654435761u >> 9;

	return mixed % 61 == 0 ? '\n' : (char)(' ' + mixed % 94);
}

static intptr_t
writes_all(void *argument)
{
	struct both *b = both_check(argument);
	static char bytes[AMOUNT];
	size_t i;

	for (i = 0; i < AMOUNT; i++)
		bytes[i] = byte_at(i);
	CHECK_INT(task_write_all(b->fd[1], bytes, AMOUNT / 2), AMOUNT / 2);
	CHECK_INT(task_write_all(b->fd[1], bytes + AMOUNT / 2, AMOUNT / 2),
	    AMOUNT / 2);
	(void)both_check(b);
	return AMOUNT;
}

/* A terminal makes two bytes of a line feed; the other one is left out. */
static intptr_t
reads_all(void *argument)
{
	struct both *b = both_check(argument);
	static char bytes[AMOUNT];
	size_t done = 0;
	intptr_t n, i;

	while (done < AMOUNT) {
		n = task_read(b->fd[0], bytes, AMOUNT - done);
		CHECK(n > 0);
		for (i = 0; i < n; i++) {
			if (bytes[i] == '\r')
				continue;
			if (bytes[i] != byte_at(done))
				test_fail("byte %zu: %d", done, bytes[i]);
			done++;
		}
	}
	return (intptr_t)done;
}

/* The reader waits; the writer waits; then all goes through. */
static void
transfer(struct both *b)
{
	struct task *reader, *writer;

	both_open(b);
	reader = task_spawn(reads_all, b);
	others_go_on(reader);
	writer = task_spawn(writes_all, b);
	CHECK(tasks_end(writer).result > 0);
	CHECK(tasks_end(reader).result > 0);
	writer = task_spawn(writes_all, b);
	others_go_on(writer);
	reader = task_spawn(reads_all, b);
	CHECK(tasks_end(reader).result > 0);
	CHECK(tasks_end(writer).result > 0);
	(void)both_check(b);
}

static intptr_t
reads_one(void *argument)
{
	char byte;

	return task_read(((struct both *)argument)->fd[0], &byte, 1);
}

/* And what else can befall one who waits. */
static void
ends(struct both *b)
{
	struct task *reader = task_spawn(reads_one, b);
	struct task_outcome outcome;

	others_go_on(reader);
	tasks_stop(reader);
	reader = task_spawn(reads_one, b);
	others_go_on(reader);
	(void)both_check(b);
	CHECK_INT(task_close(b->fd[0]), 0);
	outcome = tasks_end(reader);
	CHECK_INT(outcome.error, EBADF);
	CHECK_INT(task_close(b->fd[1]), 0);
}

static void
pipes(void)
{
	struct both b;

	CHECK(pipe(b.fd) == 0);
	transfer(&b);
	ends(&b);
	CHECK(pipe(b.fd) == 0);
	both_open(&b);
	CHECK_INT(task_close(b.fd[1]), 0);
	CHECK_INT(reads_one(&b), 0);
	CHECK_INT(task_close(b.fd[0]), 0);
}

/* As with a kernel that knows no RWF_NOWAIT. */
static void
pipes_without(void)
{
	if (without("preadv2,pwritev2") == -1)
		SKIP("no filter for system calls");
	pipes();
}

static void
sockets(void)
{
	struct both b;

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, b.fd) == 0);
	transfer(&b);
	ends(&b);
}

/* One that has a name is not known to be able to refuse. */
static void
fifo_open(struct both *b)
{
	char directory[] = "/tmp/reactor-test-XXXXXX", name[64];

	CHECK(mkdtemp(directory) != NULL);
	snprintf(name, sizeof(name), "%s/fifo", directory);
	CHECK(mkfifo(name, 0600) == 0);
	b->fd[0] = open(name, O_RDONLY | O_NONBLOCK);
	b->fd[1] = open(name, O_WRONLY);
	CHECK(fcntl(b->fd[0], F_SETFL, 0) == 0);
	CHECK(unlink(name) == 0);
	CHECK(rmdir(directory) == 0);
}

static void
fifos(void)
{
	struct iovec v[] = { { "", 0 }, { "", 0 }, { "x", 1 }, { "y", 1 } };
	struct both b;

	fifo_open(&b);
	transfer(&b);
	CHECK(task_writev(b.fd[1], v, 4) > 0);
	CHECK_INT(reads_one(&b), 1);
	CHECK_INT(task_write(b.fd[1], "", 0), 0);
	both_close(&b);
	fifo_open(&b);
	both_open(&b);
	ends(&b);
}

/* ---- Terminals ----------------------------------------------------------- */

static void
terminal_open(struct both *b, int raw)
{
	struct termios termios;
	int master = posix_openpt(O_RDWR | O_NOCTTY), terminal;

	if (master == -1 || grantpt(master) == -1 || unlockpt(master) == -1 ||
	    (terminal = open(ptsname(master), O_RDWR | O_NOCTTY)) == -1)
		SKIP("no terminals here");
	CHECK(tcgetattr(terminal, &termios) == 0);
	termios.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
	if (raw) {
		termios.c_lflag &= ~(tcflag_t)(ICANON | ISIG | IEXTEN);
		termios.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IXON | ISTRIP);
		termios.c_oflag &= ~(tcflag_t)OPOST;
	}
	CHECK(tcsetattr(terminal, TCSANOW, &termios) == 0);
	b->fd[0] = master;
	b->fd[1] = terminal;
}

static void
terminal_swap(struct both *b)
{
	int fd = b->fd[0];

	b->fd[0] = b->fd[1];
	b->fd[1] = fd;
	both_open(b);
}

/* What is shown, by a program that reads it, and the loop is the same. */
static void
terminals(void)
{
	struct both b;
	int raw;

	for (raw = 0; raw < 2; raw++) {
		terminal_open(&b, raw);
		transfer(&b);
		both_close(&b);
	}
}

/* What is typed. */
static void
typing(void)
{
	struct both b;
	struct task *t;
	char line[16];

	terminal_open(&b, 0);
	terminal_swap(&b);
	t = task_spawn(reads_one, &b);
	CHECK_INT(task_write(b.fd[1], "he", 2), 2);
	others_go_on(t); /* there is no line yet */
	CHECK_INT(task_write_all(b.fd[1], "llo\n", 4), 4);
	CHECK_INT(tasks_end(t).result, 1);
	CHECK_INT(task_read(b.fd[0], line, sizeof(line)), 5);
	CHECK(memcmp(line, "ello\n", 5) == 0);
	CHECK_INT(task_write_all(b.fd[1], "\004", 1), 1);
	CHECK_INT(task_read(b.fd[0], line, sizeof(line)), 0);
	both_close(&b);
	terminal_open(&b, 1);
	terminal_swap(&b);
	transfer(&b);
	ends(&b);
}

/* ---- Other things -------------------------------------------------------- */

#ifdef __linux__
static intptr_t
counts(void *argument)
{
	struct both *b = argument;
	uint64_t number;

	if (task_read(b->fd[0], &number, sizeof(number)) == -1)
		return -1;
	return (intptr_t)number;
}

static intptr_t
adds(void *argument)
{
	struct both *b = argument;
	uint64_t number = UINT64_MAX - 1;

	return task_write(b->fd[1], &number, sizeof(number));
}
#endif

static void
counters(void)
{
#ifdef __linux__
	uint64_t number = 7;
	struct task *t;
	struct both b;
	intptr_t got;

	b.fd[0] = eventfd(0, EFD_CLOEXEC);
	if (b.fd[0] == -1)
		SKIP("no eventfd");
	b.fd[1] = dup(b.fd[0]);
	both_open(&b);
	t = task_spawn(counts, &b);
	others_go_on(t);
	CHECK_INT(task_write(b.fd[1], &number, sizeof(number)), 8);
	got = tasks_end(t).result;
	/* qemu turns the bytes for read and write, but not for preadv2. */
	if (got == (intptr_t)__builtin_bswap64(7))
		SKIP("the emulator confuses the order of bytes");
	CHECK_INT(got, 7);
	t = task_spawn(counts, &b);
	others_go_on(t);
	tasks_stop(t);
	CHECK_INT(adds(&b), 8);
	t = task_spawn(adds, &b); /* it is full */
	others_go_on(t);
	CHECK(counts(&b) == (intptr_t)(UINT64_MAX - 1));
	CHECK_INT(tasks_end(t).result, 8);
	both_close(&b);
#else
	SKIP("no eventfd");
#endif
}

/* They do not wait, but the disk may be waited for. */
static void
files(void)
{
	char name[] = "/tmp/reactor-test-XXXXXX", bytes[200];
	int fd = mkstemp(name), flags, again;

	CHECK(fd != -1);
	flags = fcntl(fd, F_GETFL);
	CHECK_INT(task_write(fd, "hello", 5), 5);
	CHECK_INT(task_write_all(fd, " there", 6), 6);
	CHECK_INT(lseek(fd, 0, SEEK_SET), 0);
	loop_count(task_reactor());
	CHECK_INT(task_read(fd, bytes, 4), 4);
	CHECK_INT(task_read(fd, bytes, sizeof(bytes)), 7);
	CHECK(memcmp(bytes, "o there", 7) == 0);
	CHECK_INT(task_read(fd, bytes, sizeof(bytes)), 0);
	CHECK_INT(task_read(fd, bytes, sizeof(bytes)), 0);
	CHECK_INT(loop_waits, 0);
	CHECK_INT(fcntl(fd, F_GETFL), flags);
	CHECK_INT(task_close(fd), 0);
	CHECK((again = open(name, O_WRONLY | O_APPEND)) != -1);
	CHECK_INT(task_write(again, "!", 1), 1);
	CHECK_INT(task_read(again, bytes, 1), -1);
	CHECK_INT(errno, EBADF);
	CHECK_INT(task_close(again), 0);
	CHECK(unlink(name) == 0);
}

static void
devices(void)
{
	char bytes[100] = { 0 };
	int fd = open("/dev/null", O_RDWR), i;

	CHECK(fd != -1);
	for (i = 0; i < 3; i++) {
		CHECK_INT(task_read(fd, bytes, sizeof(bytes)), 0);
		CHECK_INT(task_write(fd, bytes, sizeof(bytes)), 100);
	}
	CHECK_INT(task_close(fd), 0);
	CHECK((fd = open("/dev/zero", O_RDWR)) != -1);
	CHECK_INT(task_read_all(fd, bytes, sizeof(bytes)), 100);
	CHECK_INT(bytes[99], 0);
	CHECK_INT(task_close(fd), 0);
	if ((fd = open("/dev/full", O_RDWR)) == -1)
		return;
	CHECK_INT(task_write_all(fd, bytes, sizeof(bytes)), -1);
	CHECK_INT(errno, ENOSPC);
	CHECK_INT(task_close(fd), 0);
}

/* ---- Two who wait for the same ------------------------------------------- */

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

/*
 * When there are so many others that the loop looks again before the first one
 * has run, one byte wakes both: and the second must not block the thread.
 */
static void
two_for_one_byte(void)
{
	enum { OTHERS = 3000 };
	static struct task *others[OTHERS];
	struct task *first, *second;
	struct both b;
	int i;

	fifo_open(&b);
	both_open(&b);
	first = task_spawn(reads_one, &b);
	second = task_spawn(reads_one, &b);
	tasks_turn();
	for (i = 0; i < OTHERS; i++)
		CHECK((others[i] = task_spawn(yields_on, NULL)) != NULL);
	loop_put(b.fd[1]);
	CHECK_INT(tasks_end(first).result, 1);
	for (i = 0; i < 5; i++)
		CHECK_INT(task_sleep(LOOP_MS), 0);
	CHECK_INT(tasks_state(second), TASK_PENDING);
	loop_put(b.fd[1]);
	CHECK_INT(tasks_end(second).result, 1);
	yields_end = 1;
	for (i = 0; i < OTHERS; i++)
		CHECK_INT(tasks_end(others[i]).state, TASK_DONE);
	both_close(&b);
}

/* ---- All of it ----------------------------------------------------------- */

static const struct test tests[] = {
	TASKS("pipes", pipes),
	TASKS("pipes, on an older kernel", pipes_without),
	TASKS("sockets", sockets),
	TASKS("pipes that have a name", fifos),
	TASKS("terminals: what is shown", terminals),
	TASKS("terminals: what is typed", typing),
	TASKS("eventfd", counters),
	TASKS("regular files", files),
	TASKS("devices", devices),
	TASKS("two tasks for one byte", two_for_one_byte),
};

TEST_MAIN(tests)
