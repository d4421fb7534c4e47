/*
 * SPDX-License-Identifier: ISC
 *
 * backend_own.c: what a backend takes from the system, and fork.
 */
#include "test/backend.h"

/* ---- Kernel objects ------------------------------------------------------ */

static unsigned char before[1 << 16];

static void
note_open(int fd)
{
	before[fd] = 1;
}

static void
check_new(int fd)
{
	if (before[fd])
		return;
	CHECK(fd >= 3);
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static void
own_descriptors(void)
{
	pid_t child;
	int status;

	close(0);
	close(1);
	close(2);
	test_descriptors(note_open);
	begin();
	if (backend->descriptor != NULL)
		CHECK(backend->descriptor(state) >= 3);
	test_descriptors(check_new);
	child = fork();
	if (child == 0) {
		if (backend->reopen != NULL)
			CHECK_INT(backend->reopen(state), 0);
		if (backend->descriptor != NULL)
			CHECK(backend->descriptor(state) >= 3);
		test_descriptors(check_new);
		_exit(0);
	}
	CHECK(waitpid(child, &status, 0) == child);
	CHECK_INT(status, 0);
	end();
}

static void
in_the_child(const int p[2])
{
	int q[2];

	if (backend->reopen != NULL) {
		CHECK_INT(backend->reopen(state), 0);
		CHECK_INT(now(p[0]), 0); /* empty */
	} else
		CHECK_INT(update(p[0], READ, 0), 0);
	make_pipe(q);
	put(q[1]);
	CHECK_INT(update(q[0], 0, READ), 0);
	CHECK_INT(now(q[0]), READ);
	CHECK_INT(update(p[0], 0, READ), 0);
	CHECK_INT(now(p[0]), READ);
	CHECK_INT(update(p[0], READ, 0), 0);
	CHECK_INT(now(p[0]), 0);
	backend->close(state);
	CHECK_INT(blocks, 0);
	_exit(0);
}

static void
forked(void)
{
	int p[2], status;
	pid_t child;

	begin();
	make_pipe(p);
	put(p[1]);
	CHECK_INT(update(p[0], 0, READ), 0);
	if (backend->descriptor != NULL)
		CHECK(backend->descriptor(state) != -1);
	child = fork();
	if (child == 0)
		in_the_child(p);
	CHECK(waitpid(child, &status, 0) == child);
	CHECK_INT(status, 0);
	look(0);
	CHECK_INT(found, 1);
	CHECK_INT(told(p[0]), READ);
	take(p[0]);
	check_quiet();
	drop(p);
	end();
}

/* The descriptor is readable or not, says poll. */
static int
shows(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	CHECK(poll(&p, 1, 0) >= 0);
	return p.revents == POLLIN;
}

/* A rebuild happens while a child holds copies of all descriptors. */
static void
nests(void)
{
	int p[2], q[2], copy, fd, child_pipe[2];
	pid_t child;

	begin();
	if (backend->descriptor == NULL)
		SKIP("this backend has no descriptor");
	make_pipe(p);
	make_pipe(q);
	make_pipe(child_pipe);
	CHECK_INT(update(p[0], 0, READ), 0);
	CHECK_INT(update(q[0], 0, READ), 0);
	look(0);
	fd = backend->descriptor(state);
	CHECK(fd >= 3);
	CHECK_INT(shows(fd), 0);
	put(q[1]);
	CHECK_INT(shows(fd), 1);
	take(q[0]);
	CHECK_INT(shows(fd), 0);
	child = fork();
	if (child == 0) {
		close(child_pipe[1]);
		_exit(read(child_pipe[0], &copy, 1) != 0);
	}
	copy = dup(p[0]);
	close(p[0]);
	CHECK_INT(update(p[0], READ, 0), 0);
	put(p[1]);
	look(REACTOR_MILLISECOND);
	check_quiet();
	CHECK_INT(backend->descriptor(state), fd);
	CHECK_INT(shows(fd), 0);
	put(q[1]);
	CHECK_INT(shows(fd), 1);
	CHECK_INT(now(q[0]), READ);
	drop(child_pipe);
	CHECK(waitpid(child, NULL, 0) == child);
	close(copy);
	close(p[1]);
	drop(q);
	end();
}

/* ---- Memory that there is not -------------------------------------------- */

/* Retried until it works; what fails leaves no interest. */
static int
insist(int fd, unsigned was, unsigned mask)
{
	int failures = 0;

	while (update(fd, was, mask) == -1) {
		CHECK_INT(errno, ENOMEM);
		CHECK(++failures < 10);
		CHECK_INT(update(fd, 0, 0), 0);
		was = 0;
		if (stays)
			until = -1;
	}
	return failures;
}

/* A change that was put off may fail as late as in wait. */
static int
settle(const struct reactor_ready *r)
{
	if (r->mask == REACTOR_BAD) {
		CHECK_INT(r->error, ENOMEM);
		until = -1;
		CHECK_INT(update(r->fd, 0, READ), 0);
		return 0;
	}
	CHECK_INT(r->mask, READ);
	CHECK_INT(update(r->fd, READ, 0), 0);
	return 1;
}

static void
watch_without_memory(int p[][2])
{
	int i, n = 0, first = 1;

	while ((state = backend->open()) == NULL) {
		CHECK_INT(errno, ENOMEM);
		CHECK_INT(blocks, 0);
		until = -1;
	}
	for (i = 0; i < MANY; i++)
		insist(p[i][0], 0, READ);
	while (n < MANY) {
		found = backend->wait(state, ready, first ? 2 : 256, 0);
		if (found == -1) {
			CHECK_INT(errno, ENOMEM);
			CHECK(until != -1 || !stays);
			until = -1;
			found = 0;
		}
		for (i = 0; i < found; i++)
			n += settle(&ready[i]);
		first = 0;
	}
	CHECK_INT(update(1 << 20, READ, 0), 0); /* it was never there */
	backend->close(state);
	CHECK_INT(blocks, 0);
}

static void
no_memory(void)
{
	int p[MANY][2], i, at, fails;

	backend = test_case->data;
	reactor_set_allocator(resize);
	for (i = 0; i < MANY; i++) {
		make_pipe(p[i]);
		put(p[i][1]);
	}
	for (stays = 0; stays < 2; stays++)
		for (at = 0, fails = 1; fails; at++) {
			until = at;
			watch_without_memory(p);
			fails = until <= 0;
			CHECK(at < 100);
		}
	CHECK(at > 1);
	for (i = 0; i < MANY; i++)
		drop(p[i]);
}

static const struct test cases[] = {
	TEST("its own descriptors are high and close-on-exec", own_descriptors),
	TEST("a forked child does not disturb the parent", forked),
	TEST("its descriptor can be waited for, for ever", nests),
	TEST("no memory", no_memory),
};
TEST_BACKENDS(cases)
