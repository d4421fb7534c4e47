/*
 * SPDX-License-Identifier: ISC
 *
 * task_descriptor.c: task_poll, task_close, task_forget: who is woken by what.
 */
#include "test/ends.h"

#define R REACTOR_READ
#define W REACTOR_WRITE
#define U REACTOR_URGENT
#define H REACTOR_HANGUP
#define E REACTOR_ERROR

/* ---- Those who wait ------------------------------------------------------ */

struct waiter {
	int fd;
	unsigned wanted;
	int64_t timeout;
	int result, error;
	char letter; /* for the log */
	struct task *task;
};

static intptr_t
wait_for(void *argument)
{
	struct waiter *w = argument;

	w->result = task_poll(w->fd, w->wanted, w->timeout);
	w->error = errno;
	loop_log(w->letter);
	return 0;
}

static void
wait_start(struct waiter *w, int fd, unsigned wanted)
{
	w->fd = fd;
	w->wanted = wanted;
	w->timeout = -1;
	w->result = -2;
	w->letter = wanted == R ? 'r' : 'w';
	w->task = task_spawn(wait_for, w);
	CHECK(w->task != NULL);
	tasks_turn();
	CHECK_INT(w->result, -2);
}

/* It comes to its end, with that. */
static void
wait_end(struct waiter *w, int result, int error)
{
	CHECK_INT(tasks_end(w->task).state, TASK_DONE);
	if (result == -1)
		CHECK_INT(w->error, error);
	CHECK_INT(w->result, result);
}

/* At least that direction, with or without a hint of what happened. */
static void
wait_end_dead(struct waiter *w)
{
	CHECK_INT(tasks_end(w->task).state, TASK_DONE);
	CHECK((w->result & ~(int)(E | H)) == (int)w->wanted);
}

/* ---- task_poll ----------------------------------------------------------- */

static void
poll_directions(void)
{
	struct waiter w;
	int fd[2];

	loop_pair(fd);
	CHECK_INT(task_poll(fd[0], W, -1), W);
	CHECK_INT(task_poll(fd[0], R | W, -1), W);
	wait_start(&w, fd[0], R);
	loop_put(fd[1]);
	wait_end(&w, R, 0);
	CHECK_INT(task_poll(fd[0], R, 0), R); /* it is still there */
	CHECK_INT(task_poll(fd[0], R | W, 0), R | W);
	CHECK_INT(task_poll(fd[1], R | W, -1), W);
	ends_close(fd);
}

static void
poll_timeouts(void)
{
	int64_t began = test_clock();
	int fd[2];

	loop_pair(fd);
	CHECK_INT(task_poll(fd[0], R, 0), -1);
	CHECK_INT(errno, ETIMEDOUT);
	CHECK_INT(task_poll(fd[0], R, 10 * LOOP_MS), -1);
	CHECK_INT(errno, ETIMEDOUT);
	CHECK(test_clock() - began >= 10 * LOOP_MS);
	loop_put(fd[1]);
	CHECK_INT(task_poll(fd[0], R, 0), R);
	CHECK_INT(task_poll(fd[0], R, INT64_MAX), R);
	CHECK_INT(task_cancelled(), 0);
	ends_close(fd);
}

/* Whose time-out it was is told apart. */
static void
poll_scopes(void)
{
	int64_t some_time = (int64_t)(20 * test_slow()) * LOOP_MS;
	struct task_scope scope;
	int fd[2];

	loop_pair(fd);
	CHECK_INT(task_scope_enter(&scope, some_time), 0);
	CHECK_INT(task_poll(fd[0], R, LOOP_MS), -1);
	CHECK_INT(errno, ETIMEDOUT);
	CHECK_INT(task_poll(fd[0], R, 2 * some_time), -1);
	CHECK_INT(errno, ECANCELED);
	CHECK_INT(task_poll(fd[0], W, -1), -1); /* ready or not */
	CHECK_INT(errno, ECANCELED);
	CHECK_INT(task_scope_leave(&scope), -1);
	CHECK_INT(errno, ETIMEDOUT);
	CHECK_INT(task_poll(fd[0], W, -1), W);
	ends_close(fd);
}

static void
poll_wrong(void)
{
	int fd[2];

	loop_pair(fd);
	CHECK_INT(task_poll(fd[0], 0, 0), -1);
	CHECK_INT(errno, EINVAL);
	CHECK_INT(task_poll(fd[0], R | E, 0), -1);
	CHECK_INT(errno, EINVAL);
	CHECK_INT(task_poll(fd[0], 0x100 | R, 0), -1);
	CHECK_INT(errno, EINVAL);
	ends_close(fd);
	CHECK_INT(task_poll(fd[0], R, 0), -1);
	CHECK_INT(errno, EBADF);
	CHECK_INT(task_poll(-1, R, 0), -1);
	CHECK_INT(errno, EBADF);
	CHECK_INT(task_poll(INT32_MAX, R, 0), -1);
	CHECK_INT(errno, EBADF);
	CHECK_INT(task_close(fd[0]), -1);
	CHECK_INT(errno, EBADF);
	task_forget(fd[0]);
	task_forget(-1);
	task_forget(INT32_MAX);
}

static void
poll_nowhere(void)
{
	int fd[2];

	loop_pair(fd);
	CHECK_INT(task_poll(fd[0], W, 0), -1);
	CHECK_INT(errno, EPERM);
	task_forget(fd[0]);
	ends_close(fd); /* that can be done anywhere */
}

/* Regular files and their like are always ready. */
static void
poll_always(void)
{
	int fd = open("/dev/null", O_RDWR);

	CHECK(fd != -1);
	CHECK_INT(task_poll(fd, R, -1), R);
	CHECK_INT(task_poll(fd, W, 0), W);
	CHECK_INT(task_poll(fd, R | W, -1), R | W);
	CHECK_INT(task_close(fd), 0);
	CHECK((fd = open("/", O_RDONLY)) != -1);
	CHECK_INT(task_poll(fd, R, 0), R);
	CHECK_INT(task_close(fd), 0);
}

static void
poll_urgent(void)
{
	struct waiter w, reader;
	int fd[2];

	ends_tcp(fd);
	if ((task_reactor()->backend->interests & U) == 0) {
		CHECK_INT(task_poll(fd[0], U, 0), -1);
		CHECK_INT(errno, ENOTSUP);
		CHECK_INT(task_poll(fd[1], R | U, 0), -1);
		CHECK_INT(errno, ENOTSUP);
		ends_close(fd);
		return;
	}
	CHECK_INT(task_poll(fd[0], U, LOOP_MS), -1);
	CHECK_INT(errno, ETIMEDOUT);
	wait_start(&reader, fd[0], R);
	wait_start(&w, fd[0], U);
	CHECK_INT(task_send(fd[1], "!", 1, MSG_OOB), 1);
	wait_end(&w, U, 0);
	CHECK_INT(reader.result, -2);
	loop_put(fd[1]);
	wait_end(&reader, R, 0);
	ends_close(fd);
}

/* ---- What wakes whom ----------------------------------------------------- */

/* The other end is gone: both directions are dead. */
static void
hangup_wakes_both(void)
{
	struct waiter r, w;
	int fd[2];

	loop_pair(fd);
	ends_fill(fd[0]);
	wait_start(&r, fd[0], R);
	wait_start(&w, fd[0], W);
	CHECK_INT(task_close(fd[1]), 0);
	wait_end_dead(&r);
	wait_end_dead(&w);
	CHECK_INT(task_close(fd[0]), 0);
}

static void
reset_wakes_both(void)
{
	struct waiter r, w;
	int fd[2], error;
	socklen_t size = sizeof(error);

	ends_tcp(fd);
	ends_fill(fd[0]);
	wait_start(&r, fd[0], R);
	wait_start(&w, fd[0], W);
	ends_reset(fd[1]);
	wait_end_dead(&r);
	wait_end_dead(&w);
	CHECK(getsockopt(fd[0], SOL_SOCKET, SO_ERROR, &error, &size) == 0);
	CHECK_INT(error, ECONNRESET);
	CHECK_INT(task_close(fd[0]), 0);
}

static void
broken_pipe_wakes(void)
{
	struct waiter w;
	char bytes[4096] = { 0 };
	int fd[2];

	loop_pipe(fd);
	while (write(fd[1], bytes, sizeof(bytes)) > 0)
		continue;
	wait_start(&w, fd[1], W);
	CHECK_INT(task_close(fd[0]), 0);
	wait_end_dead(&w);
	CHECK_INT(task_close(fd[1]), 0);
}

/* He who writes can still do so, when there is room. */
static void
end_of_file_wakes_readers(void)
{
	struct waiter r, w;
	char bytes[4096];
	int fd[2];

	loop_pair(fd);
	ends_fill(fd[0]);
	wait_start(&r, fd[0], R);
	wait_start(&w, fd[0], W);
	CHECK(shutdown(fd[1], SHUT_WR) == 0);
	wait_end(&r, R, 0);
	CHECK_INT(task_sleep(5 * LOOP_MS), 0);
	CHECK_INT(w.result, -2);
	while (recv(fd[1], bytes, sizeof(bytes), 0) > 0)
		continue;
	wait_end(&w, W, 0);
	ends_close(fd);
}

static void
closed_pipe_ends_reading(void)
{
	struct waiter w;
	char byte;
	int fd[2];

	loop_pipe(fd);
	wait_start(&w, fd[0], R);
	CHECK_INT(task_close(fd[1]), 0);
	CHECK_INT(tasks_end(w.task).state, TASK_DONE);
	CHECK((w.result & (int)R) != 0);
	CHECK_INT(task_read(fd[0], &byte, 1), 0);
	CHECK_INT(task_close(fd[0]), 0);
}

/* One byte is for the first; the second hears of what he leaves. */
static void
first_come_first_served(void)
{
	struct waiter w[3];
	char byte;
	int fd[2], i;

	loop_pair(fd);
	for (i = 0; i < 3; i++) {
		wait_start(&w[i], fd[0], R);
		w[i].letter = (char)('a' + i);
	}
	CHECK_INT(task_poll(fd[0], R | W, -1), W);
	CHECK_STR(loop_said(), "");
	loop_put(fd[1]);
	CHECK_INT(tasks_end(w[0].task).state, TASK_DONE);
	CHECK_STR(loop_said(), "a");
	CHECK_INT(recv(fd[0], &byte, 1, MSG_DONTWAIT), 1);
	loop_put(fd[1]);
	CHECK_INT(tasks_end(w[1].task).state, TASK_DONE);
	CHECK_INT(tasks_end(w[2].task).state, TASK_DONE);
	CHECK_STR(loop_said(), "bc");
	ends_close(fd);
}

/* ---- Closing ------------------------------------------------------------- */

static void
close_wakes_all(void)
{
	struct waiter w[4];
	int fd[2], i;

	loop_pair(fd);
	ends_fill(fd[0]);
	for (i = 0; i < 4; i++)
		wait_start(&w[i], fd[0], i % 2 == 0 ? R : W);
	CHECK_INT(task_close(fd[0]), 0);
	for (i = 0; i < 4; i++)
		wait_end(&w[i], -1, EBADF);
	CHECK_STR(loop_said(), "rwrw");
	CHECK_INT(task_close(fd[1]), 0);
}

/* Called after the tasks were woken, before they run. */
struct between {
	struct reactor_io io;
	void (*then)(struct between *);
	struct waiter *waiter;
};

static void
between_called(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	struct between *b = REACTOR_OWNER(io, struct between, io);

	(void)ready;
	reactor_io_stop(r, io);
	CHECK_INT(b->waiter->result, -2);
	b->then(b);
}

static void
between_start(
    struct between *b, struct waiter *w, int fd, void (*then)(struct between *))
{
	memset(b, 0, sizeof(*b));
	b->io.event.priority = -1;
	b->io.callback = between_called;
	b->io.fd = fd;
	b->io.wanted = R;
	b->then = then;
	b->waiter = w;
	wait_start(w, fd, R);
	CHECK_INT(reactor_io_start(task_reactor(), &b->io), 0);
}

static void
between_close(struct between *b)
{
	CHECK_INT(task_close(b->io.fd), 0);
}

static void
close_after_waking(void)
{
	struct between b;
	struct waiter w;
	int fd[2];

	loop_pair(fd);
	between_start(&b, &w, fd[0], between_close);
	loop_put(fd[1]);
	wait_end(&w, -1, EBADF);
	CHECK_INT(task_close(fd[1]), 0);
}

static int between_other;

static void
between_reuse(struct between *b)
{
	task_forget(b->io.fd);
	CHECK(dup2(between_other, b->io.fd) == b->io.fd);
}

/* The number is another's now, and its events are not the old one's. */
static void
reuse_after_waking(void)
{
	struct waiter w, next;
	struct between b;
	int fd[2], other[2];

	loop_pair(fd);
	loop_pair(other);
	between_other = other[0];
	between_start(&b, &w, fd[0], between_reuse);
	loop_put(fd[1]);
	wait_end(&w, -1, EBADF);
	wait_start(&next, fd[0], R);
	CHECK_INT(task_sleep(2 * LOOP_MS), 0);
	CHECK_INT(next.result, -2);
	loop_put(other[1]);
	wait_end(&next, R, 0);
	ends_close(other);
	ends_close(fd);
}

static void
between_cancel(struct between *b)
{
	CHECK_INT(task_cancel(b->waiter->task), 0);
}

/* It has its result. */
static void
cancel_after_waking(void)
{
	struct between b;
	struct waiter w;
	int fd[2];

	loop_pair(fd);
	between_start(&b, &w, fd[0], between_cancel);
	loop_put(fd[1]);
	wait_end(&w, R, 0);
	ends_close(fd);
}

/* Waits, closes the descriptor, and opens another by that number, and waits. */
static void
forget_and_reuse(void)
{
	struct waiter w;
	int fd[2], pipe[2], i;

	for (i = 0; i < 10; i++) {
		loop_pair(fd);
		wait_start(&w, fd[0], R);
		loop_put(fd[1]);
		wait_end(&w, R, 0);
		ends_close(fd);
		loop_pipe(pipe);
		CHECK_INT(pipe[0], fd[0]);
		wait_start(&w, pipe[0], R);
		CHECK_INT(task_sleep(LOOP_MS), 0);
		CHECK_INT(w.result, -2);
		CHECK_INT(task_close(pipe[0]), 0);
		wait_end(&w, -1, EBADF);
		CHECK_INT(task_close(pipe[1]), 0);
	}
	/* A copy lives on and has data: nobody who has the number hears it. */
	loop_pair(fd);
	wait_start(&w, fd[0], R);
	CHECK((pipe[0] = dup(fd[0])) != -1);
	CHECK_INT(task_close(fd[0]), 0);
	wait_end(&w, -1, EBADF);
	CHECK(dup2(fd[1], fd[0]) == fd[0]);
	wait_start(&w, fd[0], R);
	loop_put(fd[1]);
	CHECK_INT(task_sleep(LOOP_MS), 0);
	CHECK_INT(w.result, -2);
	CHECK_INT(send(pipe[0], "x", 1, 0), 1);
	wait_end(&w, R, 0);
	CHECK_INT(task_close(pipe[0]), 0);
	ends_close(fd);
}

/* ---- In words ------------------------------------------------------------ */

static void
described(void)
{
	struct waiter w;
	char words[64];
	int fd[2];

	loop_pair(fd);
	ends_fill(fd[0]);
	wait_start(&w, fd[0], R | W);
	task_dump(tasks_report, NULL);
	snprintf(words, sizeof(words),
	    "waits for descriptor %d to be read to be written", fd[0]);
	CHECK(tasks_said(words));
	tasks_used = 0;
	tasks_text[0] = '\0';
	CHECK_INT(task_cancel(w.task), 0);
	wait_end(&w, -1, ECANCELED);
	ends_close(fd);
}

/* ---- All of it ----------------------------------------------------------- */

static const struct test tests[] = {
	TASKS("poll: the directions", poll_directions),
	TASKS("poll: time-outs", poll_timeouts),
	TASKS("poll: in a scope", poll_scopes),
	TASKS("poll: wrong arguments", poll_wrong),
	TEST("poll: outside of tasks", poll_nowhere),
	TASKS("poll: what is always ready", poll_always),
	TASKS("poll: urgent data", poll_urgent),
	TASKS("a hang-up wakes both directions", hangup_wakes_both),
	TASKS("an error wakes both directions", reset_wakes_both),
	TASKS("a broken pipe wakes who writes", broken_pipe_wakes),
	TASKS("end of file wakes only readers", end_of_file_wakes_readers),
	TASKS("a pipe is closed by who writes", closed_pipe_ends_reading),
	TASKS("several in order", first_come_first_served),
	TASKS("close: all who wait", close_wakes_all),
	TASKS("close: one who was woken already", close_after_waking),
	TASKS("forget: one who was woken already", reuse_after_waking),
	TASKS("cancelled: one who was woken already", cancel_after_waking),
	TASKS("forget: the next owner of a number", forget_and_reuse),
	TASKS("what a task waits for, in words", described),
};

TEST_MAIN(tests)
