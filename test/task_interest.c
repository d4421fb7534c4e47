/*
 * SPDX-License-Identifier: ISC
 *
 * task_interest.c: what the loop and the kernel are asked while tasks wait for
 * descriptors: no more than is needed, and nothing that spins.
 */
#include "test/ends.h"

#define R REACTOR_READ
#define W REACTOR_WRITE
#define U REACTOR_URGENT

/* ---- The calls are counted ----------------------------------------------- */

ssize_t counted_recv(int fd, void *bytes, size_t size, int flags) __asm__(
    "recv");
ssize_t counted_send(int fd, const void *bytes, size_t size, int flags) __asm__(
    "send");

static int received, sent, refused;

ssize_t
counted_recv(int fd, void *bytes, size_t size, int flags)
{
	ssize_t n = recvfrom(fd, bytes, size, flags, NULL, NULL);

	received++;
	refused += n == -1 && errno == EAGAIN;
	return n;
}

ssize_t
counted_send(int fd, const void *bytes, size_t size, int flags)
{
	ssize_t n = sendto(fd, bytes, size, flags, NULL, 0);

	sent++;
	refused += n == -1 && errno == EAGAIN;
	return n;
}

/* ---- What the loop is told ----------------------------------------------- */

static uint64_t
turns(void)
{
	struct reactor_statistics stats;

	reactor_stats(task_reactor(), &stats);
	return stats.turns;
}

/* While nobody waits for what there is, the loop sleeps. */
static void
quiet(void)
{
	uint64_t before = turns();

	CHECK_INT(task_sleep(20 * LOOP_MS), 0);
	CHECK(turns() - before < 8);
}

static void
nothing_spins(void)
{
	char byte;
	int fd[2];

	loop_pair(fd);
	CHECK_INT(task_poll(fd[0], R, LOOP_MS), -1);
	CHECK_INT(task_poll(fd[1], R | W, LOOP_MS), W);
	loop_put(fd[1]);
	quiet();
	/* It was remembered: no wait is needed. */
	loop_count(task_reactor());
	CHECK_INT(task_read(fd[0], &byte, 1), 1);
	CHECK_INT(loop_waits, 0);
	CHECK_INT(task_poll(fd[0], R, LOOP_MS), -1);
	CHECK_INT(task_close(fd[1]), 0);
	quiet();
	CHECK_INT(task_read(fd[0], &byte, 1), 0);
	quiet();
	CHECK_INT(task_close(fd[0]), 0);
}

/* A hang-up comes with any interest, and urgent is one as well. */
static void
nothing_urgent_spins(void)
{
	int fd[2], i;

	if ((task_reactor()->backend->interests & U) == 0)
		SKIP("nothing is urgent here");
	for (i = 0; i < 2; i++) {
		ends_tcp(fd);
		CHECK_INT(task_poll(fd[0], i == 0 ? U : R | U, LOOP_MS), -1);
		CHECK_INT(errno, ETIMEDOUT);
		ends_reset(fd[1]);
		quiet();
		CHECK_INT(task_close(fd[0]), 0);
	}
}

static void
nothing_broken_spins(void)
{
	int fd[2], i;

	for (i = 0; i < 2; i++) {
		loop_pipe(fd);
		CHECK_INT(task_poll(fd[0], R, LOOP_MS), -1);
		CHECK_INT(task_poll(fd[1], W, -1), W);
		CHECK_INT(task_close(fd[i]), 0);
		quiet();
		CHECK_INT(task_close(fd[1 - i]), 0);
	}
}

/* No interest changes in a thousand rounds. */
static void
steady(void)
{
	struct task *t;
	char bytes[64];
	int fd[2], i;

	loop_pair(fd);
	CHECK((t = task_spawn(ends_echo, &fd[1])) != NULL);
	for (i = 0; i < 1010; i++) {
		if (i == 10)
			loop_count(task_reactor());
		CHECK_INT(task_write(fd[0], "hello", 5), 5);
		CHECK_INT(task_read(fd[0], bytes, sizeof(bytes)), 5);
	}
	CHECK_INT(loop_updated(), 0);
	CHECK(loop_waits >= 1000);
	CHECK_INT(task_close(fd[0]), 0);
	CHECK_INT(tasks_end(t).state, TASK_DONE);
	CHECK_INT(task_close(fd[1]), 0);
}

/* ---- How often it asks --------------------------------------------------- */

/* Each read is one call, for it waits when the last one got all there was. */
static void
one_call_each(void)
{
	struct task *t;
	char bytes[64];
	int fd[2], i;

	loop_pair(fd);
	CHECK((t = task_spawn(ends_echo, &fd[1])) != NULL);
	CHECK_INT(task_write(fd[0], "x", 1), 1);
	CHECK_INT(task_read(fd[0], bytes, sizeof(bytes)), 1);
	received = sent = refused = 0;
	for (i = 0; i < 1000; i++) {
		CHECK_INT(task_write(fd[0], "hello", 5), 5);
		CHECK_INT(task_read(fd[0], bytes, sizeof(bytes)), 5);
	}
	CHECK_INT(refused, 0);
	CHECK_INT(received, 2000);
	CHECK_INT(sent, 2000);
	CHECK_INT(task_close(fd[0]), 0);
	CHECK_INT(tasks_end(t).state, TASK_DONE);
	CHECK_INT(task_close(fd[1]), 0);
}

/* ---- All of it ----------------------------------------------------------- */

static const struct test tests[] = {
	TASKS("events that nobody waits for", nothing_spins),
	TASKS("the same, urgent", nothing_urgent_spins),
	TASKS("the same with broken pipes", nothing_broken_spins),
	TASKS("a thousand echoes change no interest", steady),
	TASKS("one system call for each read", one_call_each),
};

TEST_MAIN(tests)
