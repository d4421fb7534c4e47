/*
 * SPDX-License-Identifier: ISC
 *
 * knote.c: tests that knotes of the emulated kqueue(2) come, stay, and vanish
 * with their descriptors as those of the BSDs do.
 */
#include <pthread.h>
#include <sys/eventfd.h>
#include "backends/backend.h"
#include "test/kevent.h"

static void
level(void)
{
	int fd[2];

	open_pipe(fd);
	CHECK_INT(change(fd[0], EVFILT_READ, EV_ADD), 0);
	expect_none();
	put(fd[1], 5);
	expect(fd[0], EVFILT_READ, 0);
	CHECK_INT(got[0].data, 5);
	CHECK_INT(got[0].fflags, 0);
	CHECK_INT(poll(&(struct pollfd){ kq, POLLIN, 0 }, 1, 0), 1);
	get(fd[0], 3);
	expect(fd[0], EVFILT_READ, 0);
	CHECK_INT(got[0].data, 2);
	get(fd[0], 2);
	expect_none();
	CHECK_INT(change(fd[0], EVFILT_READ, EV_DELETE), 0);
	put(fd[1], 1);
	expect_none();
	CHECK_INT(change(fd[0], EVFILT_READ, EV_DELETE), ENOENT);
	close_all(fd[0], fd[1]);
}

static void
pipe_end(void)
{
	int fd[2];

	open_pipe(fd);
	CHECK_INT(change(fd[0], EVFILT_READ, EV_ADD), 0);
	put(fd[1], 4);
	close(fd[1]);
	expect(fd[0], EVFILT_READ, EV_EOF);
	CHECK_INT(got[0].data, 4);
	get(fd[0], 4);
	expect(fd[0], EVFILT_READ, EV_EOF);
	CHECK_INT(got[0].data, 0);
	CHECK_INT(got[0].fflags, 0);
	close_all(fd[0], -1);
}

static void
clear(void)
{
	int fd[2];

	open_pipe(fd);
	put(fd[1], 1);
	CHECK_INT(change(fd[0], EVFILT_READ, EV_ADD | EV_CLEAR), 0);
	expect(fd[0], EVFILT_READ, EV_CLEAR);
	expect_none();
	put(fd[1], 1);
	expect(fd[0], EVFILT_READ, EV_CLEAR);
	CHECK_INT(got[0].data, 2);
	expect_none();
	CHECK_INT(change(fd[0], EVFILT_READ, EV_ADD), 0);
	expect(fd[0], EVFILT_READ, EV_CLEAR); /* looked at anew, still so */
	expect_none();
	CHECK_INT(change(fd[1], EVFILT_WRITE, EV_ADD), 0);
	expect(fd[1], EVFILT_WRITE, 0);
	CHECK(got[0].data > 0);
	expect(fd[1], EVFILT_WRITE, 0);
	close_all(fd[0], fd[1]);
}

static void
oneshot(void)
{
	int fd[2];

	open_pipe(fd);
	put(fd[1], 1);
	CHECK_INT(change(fd[0], EVFILT_READ, EV_ADD | EV_ONESHOT), 0);
	expect(fd[0], EVFILT_READ, EV_ONESHOT);
	expect_none();
	CHECK_INT(change(fd[0], EVFILT_READ, EV_ENABLE), ENOENT);
	close_all(fd[0], fd[1]);
}

static void
disable(void)
{
	int fd[2];

	open_pipe(fd);
	put(fd[1], 1);
	CHECK_INT(change(fd[0], EVFILT_READ, EV_ADD | EV_DISPATCH), 0);
	expect(fd[0], EVFILT_READ, EV_DISPATCH);
	expect_none();
	CHECK_INT(change(fd[0], EVFILT_READ, EV_ADD), 0);
	expect_none(); /* the manuals say that EV_ADD enables: it does not */
	CHECK_INT(change(fd[0], EVFILT_READ, EV_ADD | EV_ENABLE), 0);
	expect(fd[0], EVFILT_READ, EV_DISPATCH);
	expect_none();
	CHECK_INT(change(fd[0], EVFILT_READ, EV_DELETE), 0);
	CHECK_INT(change(fd[0], EVFILT_READ, EV_ADD), 0);
	expect(fd[0], EVFILT_READ, 0);
	CHECK_INT(change(fd[0], EVFILT_READ, EV_DISABLE), 0);
	expect_none();
	CHECK_INT(change(fd[0], EVFILT_READ, EV_ENABLE), 0);
	expect(fd[0], EVFILT_READ, 0);
	close_all(fd[0], fd[1]);
}

/* The number is closed, the file lives on in a dup and is ready. */
static void
dup_lives(int flags)
{
	int fd[2], copy;

	open_pipe(fd);
	CHECK_INT(change(fd[0], EVFILT_READ, EV_ADD | flags), 0);
	copy = dup(fd[0]);
	close(fd[0]);
	put(fd[1], 1);
	CHECK_INT(look(8), 0);
	expect_none();
	put(fd[1], 1);
	CHECK_INT(look(8), 0);
	CHECK_INT(change(fd[0], EVFILT_READ, EV_DELETE), EBADF);
	CHECK_INT(dup2(copy, fd[0]), fd[0]);
	expect_none();
	CHECK_INT(change(fd[0], EVFILT_READ, EV_DELETE), ENOENT);
	CHECK_INT(change(fd[0], EVFILT_READ, EV_ADD), 0);
	expect(fd[0], EVFILT_READ, 0);
	close(copy);
	close_all(fd[0], fd[1]);
}

static void
closed(void)
{
	dup_lives(0);
	dup_lives(EV_CLEAR);
	dup_lives(EV_ONESHOT);
}

/* The number gets another owner of the same kind: a file without an inode. */
static void
reused(void)
{
	int a = eventfd(0, 0), b = eventfd(0, 0), copy = dup(a);

	kq = kqueue();
	CHECK_INT(change(a, EVFILT_READ, EV_ADD), 0);
	CHECK_INT(dup2(b, a), a);
	put(copy, 8);
	CHECK_INT(look(8), 0);
	expect_none();
	CHECK_INT(change(a, EVFILT_READ, EV_DELETE), ENOENT);
	CHECK_INT(change(a, EVFILT_READ, EV_ADD), 0);
	expect_none();
	put(b, 8);
	expect(a, EVFILT_READ, 0);
	CHECK_INT(dup2(copy, a), a);
	CHECK_INT(change(a, EVFILT_READ, EV_ADD), 0);
	get(b, 8);
	expect(a, EVFILT_READ, 0);
	get(copy, 8);
	expect_none();
	close(a);
	close(b);
	close_all(copy, -1);
}

/* The former owner has something to say when the new one is there already. */
static void
succeeded(void)
{
	int a = eventfd(0, 0), b = eventfd(0, 0), copy = dup(a);

	kq = kqueue();
	CHECK_INT(change(a, EVFILT_READ, EV_ADD), 0);
	CHECK_INT(dup2(b, a), a);
	CHECK_INT(change(a, EVFILT_READ, EV_ADD), 0);
	put(copy, 8);
	CHECK_INT(look(8), 0);
	expect_none();
	close(a);
	close(b);
	close_all(copy, -1);
}

/* fork takes the kqueue from the child and leaves the parent's alone. */
static void
forked(void)
{
	int fd[2], status, was;
	pid_t child;

	open_pipe(fd);
	CHECK_INT(change(fd[0], EVFILT_READ, EV_ADD), 0);
	was = kq;
	child = fork();
	if (child == 0) {
		CHECK_INT(fcntl(kq, F_GETFD), -1);
		CHECK_INT(look(1), -1);
		CHECK_INT(errno, EBADF);
		CHECK_INT(dup(fd[0]), kq);
		CHECK_INT(look(1), -1);
		CHECK_INT(errno, EBADF);
		CHECK_INT(kqueue_close(was), -1);
		kq = kqueue();
		CHECK(kq != -1 && kq != was);
		expect_none();
		put(fd[1], 1);
		CHECK_INT(change(fd[0], EVFILT_READ, EV_ADD), 0);
		expect(fd[0], EVFILT_READ, 0);
		_exit(0);
	}
	CHECK_INT(waitpid(child, &status, 0), child);
	CHECK_INT(status, 0);
	expect(fd[0], EVFILT_READ, 0);
	CHECK_INT(change(fd[0], EVFILT_READ, EV_DELETE), 0);
	expect_none();
	close_all(fd[0], fd[1]);
}

static int descriptors;

static void
count_one(int fd)
{
	(void)fd;
	descriptors++;
}

static int
count(void)
{
	descriptors = 0;
	test_descriptors(count_one);
	return descriptors;
}

/* After plain close(2) the next kqueue() frees what is left of it. */
static void
swept(void)
{
	int before = count(), i, with, other;

	kq = kqueue();
	with = count();
	for (i = 0; i < 20; i++) {
		close(kq);
		other = dup(1); /* takes the number */
		CHECK_INT(look(1), -1);
		CHECK_INT(errno, EBADF);
		kq = kqueue();
		CHECK(kq > 2 && kq != other);
		close(other);
	}
	CHECK_INT(count(), with);
	close_all(-1, -1);
	CHECK_INT(count(), before);
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
	struct kevent c;
	int fd[2];

	CHECK(pipe(fd) == 0);
	reactor_set_allocator(scarce);
	allowed = 0;
	CHECK_INT(kqueue(), -1);
	CHECK_INT(errno, ENOMEM);
	allowed = 1;
	kq = kqueue();
	CHECK(kq > 2);
	CHECK_INT(change(fd[1], EVFILT_WRITE, EV_ADD), ENOMEM);
	EV_SET(&c, 1, EVFILT_USER, EV_ADD, 0, 0, NULL);
	CHECK_INT(kevent(kq, &c, 1, NULL, 0, NULL), -1);
	CHECK_INT(errno, ENOMEM);
	CHECK_INT(look(8), 0);
	allowed = 1;
	CHECK_INT(change(fd[1], EVFILT_WRITE, EV_ADD), 0);
	expect(fd[1], EVFILT_WRITE, 0);
	close_all(fd[0], fd[1]);
	CHECK_INT(held, 0);
}

static void *
loops(void *result)
{
	struct kevent c, e;
	int queue, fd[2], i;

	for (i = 0; i < 200; i++) {
		queue = kqueue();
		if (queue == -1 || pipe(fd) == -1)
			return NULL;
		EV_SET(&c, fd[1], EVFILT_WRITE, EV_ADD, 0, 0, NULL);
		if (kevent(queue, &c, 1, &e, 1, NULL) != 1 ||
		    e.ident != (uintptr_t)fd[1])
			return NULL;
		close(fd[0]);
		close(fd[1]);
		if (kqueue_close(queue) == -1)
			return NULL;
	}
	return result;
}

static void
threads(void)
{
	pthread_t thread[4];
	void *result;
	int i;

	for (i = 0; i < 4; i++)
		CHECK_INT(pthread_create(&thread[i], NULL, loops, &kq), 0);
	for (i = 0; i < 4; i++) {
		CHECK_INT(pthread_join(thread[i], &result), 0);
		CHECK(result == &kq);
	}
}

static const struct test tests[] = {
	TEST("level-triggered by default", level),
	TEST("end of file with data pending, then without", pipe_end),
	TEST("EV_CLEAR is per knote, and fixed when it is made", clear),
	TEST("EV_ONESHOT", oneshot),
	TEST("EV_DISPATCH, EV_DISABLE, EV_ENABLE", disable),
	TEST("a knote dies with its number, though a dup lives", closed),
	TEST("a number that has another owner", reused),
	TEST("the former owner is silent", succeeded),
	TEST("fork", forked),
	TEST("plain close", swept),
	TEST("out of memory", memory),
	TEST("a kqueue in each thread", threads),
};

TEST_MAIN(tests)
