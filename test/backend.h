/*
 * SPDX-License-Identifier: ISC
 *
 * backend.h: what the tests of the backends share.  They test every backend
 * bare, with no loop around it, clause by clause of backends/backend.h;
 * $REACTOR_BACKEND restricts them to one.
 */
#ifndef TEST_BACKEND_H
#define TEST_BACKEND_H

#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include "backends/backend.h"
#include "test/test.h"

enum { READ = REACTOR_READ, WRITE = REACTOR_WRITE, MANY = 50 };

static const struct reactor_backend *backend;
static void *state;
static struct reactor_ready ready[256];
static int found;

/* ---- Memory -------------------------------------------------------------- */

static long blocks;     /* that are allocated */
static long until = -1; /* allocations that succeed before one fails */
static int stays;       /* and then all of them do */
static size_t largest;  /* that was asked for */

static inline void *
resize(void *memory, size_t size)
{
	void *new;

	if (size == 0) {
		blocks -= memory != NULL;
		free(memory);
		return NULL;
	}
	largest = size > largest ? size : largest;
	if (until == 0) {
		until = stays ? 0 : -1;
		return NULL;
	}
	until -= until > 0;
	new = size < (size_t)64 << 20 ? realloc(memory, size) : NULL;
	blocks += memory == NULL && new != NULL;
	return new;
}

/* ---- A state, and what it says ------------------------------------------- */

static inline void
begin(void)
{
	backend = test_case->data;
	reactor_set_allocator(resize);
	state = backend->open();
	CHECK(state != NULL);
}

static inline void
end(void)
{
	backend->close(state);
	CHECK_INT(blocks, 0);
}

static inline int
update(int fd, unsigned was, unsigned now)
{
	return backend->update(state, fd, was, now);
}

static inline void
look(int64_t timeout)
{
	found = backend->wait(state, ready, 256, timeout);
	CHECK(found >= 0);
	CHECK(found <= 256);
}

/* What was found for fd, if anything. */
static inline unsigned
told(int fd)
{
	unsigned mask = 0;
	int i;

	for (i = 0; i < found; i++)
		if (ready[i].fd == fd)
			mask |= ready[i].mask;
	return mask;
}

static inline unsigned
now(int fd)
{
	look(0);
	return told(fd);
}

/* Why fd is refused, now or by the next wait; 0: it is not. */
static inline int
refusal(int fd, unsigned was, unsigned mask)
{
	int i;

	if (update(fd, was, mask) == -1)
		return errno;
	look(0);
	for (i = 0; i < found; i++)
		if (ready[i].fd == fd && ready[i].mask & REACTOR_BAD)
			return ready[i].error;
	return 0;
}

/* Nothing is ready, and the wait takes its time: it does not spin. */
static inline void
check_quiet(void)
{
	int64_t start = test_clock();

	look(30 * REACTOR_MILLISECOND);
	CHECK_INT(found, 0);
	CHECK(test_clock() - start >= 30 * REACTOR_MILLISECOND);
}

static inline void
make_pipe(int fd[2])
{
	CHECK(pipe(fd) == 0);
}

static inline void
make_pair(int fd[2])
{
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0);
}

static inline void
put(int fd)
{
	CHECK(write(fd, "x", 1) == 1);
}

static inline void
take(int fd)
{
	char c;

	CHECK(read(fd, &c, 1) == 1);
}

static inline void
drop(const int fd[2])
{
	close(fd[0]);
	close(fd[1]);
}

/* Until nothing fits any more. */
static inline void
fill(int fd)
{
	static const char bytes[4096];

	CHECK(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
	while (write(fd, bytes, sizeof bytes) > 0)
		;
	while (write(fd, bytes, 1) > 0)
		;
	CHECK_INT(errno, EAGAIN);
}

/* ---- The cases, once for each backend ------------------------------------ */

static inline int
is_wanted(const struct reactor_backend *candidate)
{
	const char *name = getenv("REACTOR_BACKEND");

	return name == NULL || *name == '\0' || strcasecmp(name, "auto") == 0 ||
	    strcasecmp(name, candidate->name) == 0;
}

static inline int
test_backends(int argc, char **argv, const struct test *cases, size_t length)
{
	static struct test tests[256];
	static char names[256][80];
	const struct reactor_backend *const *b;
	size_t count = 0, i;

	for (b = reactor__backends; *b != NULL; b++)
		for (i = 0; i < length && count < 256 && is_wanted(*b); i++) {
			snprintf(names[count], sizeof(names[0]), "%s: %s",
			    (*b)->name, cases[i].name);
			tests[count] = cases[i];
			tests[count].name = names[count];
			tests[count++].data = *b;
		}
	return test_main(argc, argv, tests, count);
}

#define TEST_BACKENDS(cases)                                              \
	int main(int argc, char **argv)                                   \
	{                                                                 \
		return test_backends(                                     \
		    argc, argv, cases, sizeof(cases) / sizeof(cases)[0]); \
	}

#endif
