/*
 * SPDX-License-Identifier: ISC
 *
 * kqueue.c: tests of the kqueue backend alone, beyond what every backend must
 * do: changes that wait, errors that come late, and the oddities of kqueue.
 */
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include "backends/backend.h"
#include "test/test.h"

#define BOTH (REACTOR_READ | REACTOR_WRITE)

extern const struct reactor_backend reactor__kqueue;

static const struct reactor_backend *const b = &reactor__kqueue;
static void *state;
static struct reactor_ready ready[4096];
static int nready;

static void
start(int fd[2])
{
	state = b->open();
	CHECK(state != NULL);
	if (fd != NULL)
		CHECK_INT(pipe(fd), 0);
}

static void
finish(int one, int other)
{
	b->close(state);
	if (one != -1)
		CHECK_INT(close(one), 0);
	if (other != -1)
		CHECK_INT(close(other), 0);
}

static void
update(int fd, unsigned was, unsigned now)
{
	CHECK_INT(b->update(state, fd, was, now), 0);
}

static int
look(int max)
{
	memset(ready, 0x5a, sizeof ready);
	nready = b->wait(state, ready, max, 0);
	CHECK(nready >= 0 && nready <= max);
	return nready;
}

/* All that was said of fd in the last wait. */
static unsigned
mask(int fd)
{
	unsigned bits = 0;
	int i;

	for (i = 0; i < nready; i++)
		if (ready[i].fd == fd)
			bits |= ready[i].mask;
	return bits;
}

static int
error(int fd)
{
	int i;

	for (i = 0; i < nready; i++)
		if (ready[i].fd == fd && ready[i].mask & REACTOR_BAD)
			return ready[i].error;
	return 0;
}

static void
expect(int fd, unsigned bits)
{
	look(64);
	CHECK_INT(mask(fd), bits);
	CHECK_INT(nready > 0, bits != 0);
}

/* Nothing, and waiting for it takes its time. */
static void
expect_none(void)
{
	int64_t begin = test_clock();

	nready = b->wait(state, ready, 64, 20 * REACTOR_MILLISECOND);
	CHECK_INT(nready, 0);
	CHECK(test_clock() - begin >= 20 * REACTOR_MILLISECOND);
}

static void
put(int fd)
{
	CHECK_INT(write(fd, "x", 1), 1);
}

static void
get(int fd)
{
	char c;

	CHECK_INT(read(fd, &c, 1), 1);
}

static void
end_with_data(void)
{
	int fd[2];

	start(fd);
	update(fd[0], 0, REACTOR_READ);
	put(fd[1]);
	close(fd[1]);
	expect(fd[0], REACTOR_READ);
	get(fd[0]);
	expect(fd[0], REACTOR_READ);
	expect(fd[0], REACTOR_READ);
	finish(fd[0], -1);
}

static void
back_and_forth(void)
{
	int fd[2], i;

	start(NULL);
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	update(fd[0], 0, REACTOR_READ);
	expect_none();
	for (i = 0; i < 1000; i++) {
		update(fd[0], REACTOR_READ, BOTH);
		update(fd[0], BOTH, REACTOR_READ);
	}
	expect_none();
	put(fd[1]);
	expect(fd[0], REACTOR_READ);
	update(fd[0], REACTOR_READ, REACTOR_WRITE);
	expect(fd[0], REACTOR_WRITE);
	update(fd[0], REACTOR_WRITE, 0);
	update(fd[0], 0, REACTOR_READ);
	update(fd[0], REACTOR_READ, 0);
	expect_none();
	update(fd[0], 0, BOTH);
	expect(fd[0], BOTH);
	finish(fd[0], fd[1]);
}

/* The kernel takes the knote after one report; we say it on and on. */
static void
no_reader(void)
{
	const unsigned broken = BOTH | REACTOR_ERROR;
	int fd[2], i;

	start(fd);
	update(fd[1], 0, REACTOR_WRITE);
	expect(fd[1], REACTOR_WRITE);
	close(fd[0]);
	for (i = 0; i < 5; i++)
		expect(fd[1], broken);
	update(fd[1], REACTOR_WRITE, 0);
	expect_none();
	update(fd[1], 0, REACTOR_WRITE); /* this time it is so from the start */
	for (i = 0; i < 5; i++)
		expect(fd[1], broken);
	CHECK_INT(b->wait(state, ready, 8, -1), 1);
	update(fd[1], REACTOR_WRITE, 0);
	expect_none();
	finish(fd[1], -1);
}

/* Neither such a pipe nor the others are left out, even one at a time. */
static void
no_reader_fair(void)
{
	int fd[2], other[2], i, seen[2] = { 0, 0 };

	start(fd);
	CHECK_INT(pipe(other), 0);
	close(fd[0]);
	update(fd[1], 0, REACTOR_WRITE);
	update(other[1], 0, REACTOR_WRITE);
	for (i = 0; i < 40; i++) {
		if (i >= 20) /* with changes to make, and without */
			update(other[1], REACTOR_WRITE, REACTOR_WRITE);
		CHECK_INT(look(1), 1);
		seen[ready[0].fd == other[1]]++;
	}
	CHECK(seen[0] >= 15 && seen[1] >= 15);
	look(2);
	look(2);
	CHECK(mask(fd[1]) != 0 && mask(other[1]) != 0);
	close(other[0]);
	close(other[1]);
	finish(fd[1], -1);
}

/* A FIFO may get a reader again. */
static void
reader_returns(void)
{
	char name[] = "/tmp/reactor-XXXXXX", path[64];
	int in, out;

	CHECK(mkdtemp(name) != NULL);
	snprintf(path, sizeof path, "%s/fifo", name);
	CHECK_INT(mkfifo(path, 0600), 0);
	in = open(path, O_RDONLY | O_NONBLOCK);
	out = open(path, O_WRONLY | O_NONBLOCK);
	start(NULL);
	update(out, 0, REACTOR_WRITE);
	expect(out, REACTOR_WRITE);
	close(in);
	expect(out, BOTH | REACTOR_ERROR);
	expect(out, BOTH | REACTOR_ERROR);
	in = open(path, O_RDONLY | O_NONBLOCK);
	expect(out, REACTOR_WRITE);
	while (write(out, name, sizeof name) > 0)
		;
	expect_none();
	unlink(path);
	rmdir(name);
	finish(in, out);
}

static void
dup_lives(void)
{
	int fd[2], copy;

	start(fd);
	update(fd[0], 0, REACTOR_READ);
	expect_none();
	copy = dup(fd[0]);
	close(fd[0]);
	put(fd[1]);
	expect_none();
	update(fd[0], REACTOR_READ, 0);
	expect_none();
	close(copy);
	finish(fd[1], -1);
}

/* The number means another file when the change is made. */
static void
reused(void)
{
	int a[2], c[2], copy;

	start(a);
	CHECK_INT(pipe(c), 0);
	copy = dup(a[0]);
	update(a[0], 0, REACTOR_READ);
	CHECK_INT(dup2(c[0], a[0]), a[0]);
	put(a[1]);
	expect_none();
	put(c[1]);
	expect(a[0], REACTOR_READ);
	CHECK_INT(dup2(copy, a[0]), a[0]);
	update(a[0], REACTOR_READ, REACTOR_READ);
	expect(a[0], REACTOR_READ);
	update(a[0], REACTOR_READ, 0); /* put off, and then too late */
	CHECK_INT(dup2(c[0], a[0]), a[0]);
	update(a[0], 0, REACTOR_READ);
	expect(a[0], REACTOR_READ);
	update(a[0], REACTOR_READ, 0);
	CHECK_INT(dup2(copy, a[0]), a[0]);
	expect_none();
	close(copy);
	close(c[0]);
	close(c[1]);
	finish(a[0], a[1]);
}

static void
unwatchable(void)
{
	int null = open("/dev/null", O_RDWR), root = open("/", O_RDONLY), fd[2];

	start(fd);
	CHECK_INT(b->update(state, root, 0, REACTOR_READ), -1);
	CHECK_INT(errno, EPERM);
	CHECK_INT(b->update(state, 1000, 0, REACTOR_READ), -1);
	CHECK_INT(errno, EBADF);
	expect_none();
	put(fd[1]);
	update(fd[0], 0, REACTOR_READ);
	update(null, 0, BOTH);
	look(8);
	CHECK_INT(mask(null), REACTOR_BAD);
	CHECK_INT(error(null), EPERM);
	CHECK_INT(mask(fd[0]), REACTOR_READ);
	expect(fd[0], REACTOR_READ);
	CHECK_INT(mask(null), 0);
	update(fd[0], REACTOR_READ, REACTOR_READ);
	CHECK_INT(dup2(root, fd[0]), fd[0]);
	CHECK_INT(b->update(state, fd[0], REACTOR_READ, REACTOR_READ), -1);
	CHECK_INT(errno, EPERM);
	expect_none();
	close(null);
	close(root);
	finish(fd[0], fd[1]);
}

/* Closed between update and wait; more of them than there is room for. */
static void
late_errors(void)
{
	static int fd[300], seen[1024];
	int i, good[2], told = 0, turns;

	start(good);
	put(good[1]);
	for (i = 0; i < 300; i++) {
		fd[i] = dup(good[0]);
		update(fd[i], 0, BOTH);
	}
	update(good[0], 0, REACTOR_READ);
	for (i = 0; i < 300; i++)
		close(fd[i]);
	for (turns = 0; turns < 300; turns++) {
		look(3);
		for (i = 0; i < nready; i++) {
			if (ready[i].fd == good[0])
				continue;
			CHECK_INT(ready[i].mask, REACTOR_BAD);
			CHECK_INT(ready[i].error, EBADF);
			CHECK_INT(seen[ready[i].fd]++, 0);
			told++;
		}
	}
	CHECK_INT(told, 300);
	expect(good[0], REACTOR_READ);
	CHECK_INT(nready, 1);
	update(good[0], REACTOR_READ, 0);
	expect_none();
	update(good[1], 0, BOTH); /* two errors and room for one event */
	close(good[1]);
	CHECK_INT(look(1), 1);
	CHECK_INT(error(good[1]), EBADF);
	finish(good[0], -1);
}

/* More changes, and more events, than one call takes. */
static void
many(void)
{
	static int fd[1500][2], seen[4096]; /* one may come twice in a wait */
	struct rlimit limit = { 4096, 4096 };
	int i, turns, found = 0;

	if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
		SKIP("too few descriptors");
	start(NULL);
	for (i = 0; i < 1500; i++) {
		CHECK_INT(pipe(fd[i]), 0);
		update(fd[i][1], 0, REACTOR_WRITE);
	}
	for (turns = 0; turns < 100 && found < 1500; turns++) {
		look(4096);
		for (i = 0; i < nready; i++) {
			CHECK_INT(ready[i].error, 0);
			CHECK_INT(ready[i].mask, REACTOR_WRITE);
			found += seen[ready[i].fd]++ == 0;
			update(ready[i].fd, REACTOR_WRITE, 0);
		}
	}
	CHECK_INT(found, 1500);
	expect_none();
	for (i = 0; i < 1500; i++)
		update(fd[i][0], 0, REACTOR_READ);
	for (i = 0; i < 1500; i++) {
		update(fd[i][0], REACTOR_READ, 0);
		close(fd[i][0]);
		close(fd[i][1]);
	}
	expect_none();
	finish(-1, -1);
}

static void
hung_up(void)
{
	int fd[2];

	start(NULL);
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	update(fd[0], 0, BOTH);
	expect(fd[0], REACTOR_WRITE);
	CHECK_INT(shutdown(fd[1], SHUT_WR), 0);
	expect(fd[0], BOTH);
	close(fd[1]);
	expect(fd[0], BOTH | REACTOR_HANGUP);
	update(fd[0], BOTH, REACTOR_WRITE);
	expect(fd[0], REACTOR_WRITE);
	update(fd[0], REACTOR_WRITE, REACTOR_READ);
	expect(fd[0], REACTOR_READ);
	finish(fd[0], -1);
}

static void
refused(void)
{
	struct sockaddr_in name;
	socklen_t size = sizeof name;
	int fd[2];

	start(NULL);
	fd[0] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	fd[1] = socket(AF_INET, SOCK_STREAM, 0);
	memset(&name, 0, sizeof name);
	name.sin_family = AF_INET;
	name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK_INT(bind(fd[1], (struct sockaddr *)&name, size), 0);
	CHECK_INT(getsockname(fd[1], (struct sockaddr *)&name, &size), 0);
	CHECK_INT(connect(fd[0], (struct sockaddr *)&name, size), -1);
	update(fd[0], 0, REACTOR_WRITE); /* bound, but nobody listens */
	nready = b->wait(state, ready, 8, 5 * REACTOR_SECOND);
	CHECK_INT(mask(fd[0]), BOTH | REACTOR_ERROR);
	finish(fd[0], fd[1]);
}

/* Once the descriptor is out, changes are made at once. */
static void
nested(void)
{
	struct pollfd p = { .events = POLLIN };
	int fd[2], more[2];

	start(fd);
	CHECK_INT(pipe(more), 0);
	update(fd[0], 0, REACTOR_READ);
	p.fd = b->descriptor(state);
	CHECK(p.fd > 2);
	CHECK_INT(poll(&p, 1, 0), 0);
	put(fd[1]);
	CHECK_INT(poll(&p, 1, 0), 1);
	get(fd[0]);
	CHECK_INT(poll(&p, 1, 0), 0);
	put(more[1]);
	update(more[0], 0, REACTOR_READ);
	CHECK_INT(poll(&p, 1, 0), 1);
	expect(more[0], REACTOR_READ);
	update(more[0], REACTOR_READ, 0);
	CHECK_INT(poll(&p, 1, 0), 0);
	CHECK_INT(b->descriptor(state), p.fd);
	close(fd[0]); /* an error is not lost: wait tells of it */
	update(fd[1], 0, REACTOR_WRITE);
	expect(fd[1], BOTH | REACTOR_ERROR);
	close(more[0]);
	close(more[1]);
	finish(fd[1], -1);
}

/* The kqueue's number means another file in the child: it stays open. */
static void
forked(int renew)
{
	int fd[2], status, number;
	pid_t child;

	start(fd);
	update(fd[0], 0, REACTOR_READ);
	number = b->descriptor(state);
	child = fork();
	if (child == 0) {
		CHECK_INT(dup2(fd[1], number), number);
		if (renew) {
			CHECK_INT(b->reopen(state), 0);
			expect_none();
			update(fd[0], 0, REACTOR_READ);
			put(fd[1]);
			expect(fd[0], REACTOR_READ);
			get(fd[0]);
		}
		b->close(state);
		CHECK(fcntl(number, F_GETFD) != -1);
		_exit(0);
	}
	CHECK_INT(waitpid(child, &status, 0), child);
	CHECK_INT(status, 0);
	expect_none();
	put(fd[1]);
	expect(fd[0], REACTOR_READ);
	finish(fd[0], fd[1]);
}

static void
fork_reopen(void)
{
	forked(1);
}

static void
fork_close(void)
{
	forked(0);
}

static int allowed, held;

static void *
scarce(void *memory, size_t size)
{
	held -= memory != NULL && size == 0;
	held += memory == NULL && size > 0;
	if (size == 0) {
		free(memory);
		return NULL;
	}
	if (allowed-- > 0)
		return realloc(memory, size);
	held -= memory == NULL;
	return NULL;
}

static void
memory(void)
{
	int fd[2], i;

	CHECK_INT(pipe(fd), 0);
	reactor_set_allocator(scarce);
	for (i = 0; allowed = i, (state = b->open()) == NULL; i++)
		CHECK_INT(errno, ENOMEM);
	CHECK(i > 0);
	allowed = 0;
	CHECK_INT(b->update(state, fd[1], 0, REACTOR_WRITE), -1);
	CHECK_INT(errno, ENOMEM);
	expect_none();
	allowed = 100;
	update(fd[1], 0, REACTOR_WRITE);
	expect(fd[1], REACTOR_WRITE);
	finish(fd[0], fd[1]);
	CHECK_INT(held, 0);
}

static const struct test tests[] = {
	TEST("end of file with data pending, then without", end_with_data),
	TEST("interest that changes back and forth", back_and_forth),
	TEST("a pipe without a reader", no_reader),
	TEST("a pipe without a reader starves nobody", no_reader_fair),
	TEST("a FIFO gets a reader again", reader_returns),
	TEST("closed, though a dup lives", dup_lives),
	TEST("a number that has another owner", reused),
	TEST("what cannot be watched", unwatchable),
	TEST("closed between update and wait", late_errors),
	TEST("more than one call takes", many),
	TEST("HANGUP", hung_up),
	TEST("ERROR", refused),
	TEST("the kqueue in another loop", nested),
	TEST("fork, then reopen", fork_reopen),
	TEST("fork, then close", fork_close),
	TEST("out of memory", memory),
};

TEST_MAIN(tests)
