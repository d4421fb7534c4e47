/*
 * SPDX-License-Identifier: ISC
 *
 * task_message.c: task_sendmsg and task_recvmsg, also with descriptors.
 */
#include "test/ends.h"

struct parcel {
	struct msghdr message;
	struct iovec bytes;
	char text[16];
	union {
		size_t align;
		char space[CMSG_SPACE(3 * sizeof(int))];
	} u;
};

static struct msghdr *
parcel_empty(struct parcel *p)
{
	memset(p, 0, sizeof(*p));
	p->bytes.iov_base = p->text;
	p->bytes.iov_len = sizeof(p->text);
	p->message.msg_iov = &p->bytes;
	p->message.msg_iovlen = 1;
	p->message.msg_control = p->u.space;
	p->message.msg_controllen = sizeof(p->u.space);
	return &p->message;
}

static struct msghdr *
parcel_with(struct parcel *p, const int *fd, size_t n)
{
	struct msghdr *message = parcel_empty(p);
	struct cmsghdr *c;

	p->bytes.iov_len = 1;
	message->msg_controllen = CMSG_SPACE(n * sizeof(*fd));
	c = CMSG_FIRSTHDR(message);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(n * sizeof(*fd));
	memcpy(CMSG_DATA(c), fd, n * sizeof(*fd));
	return message;
}

static void
parcel_open(struct parcel *p, int *fd, size_t n)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(&p->message);

	CHECK(c != NULL && c->cmsg_type == SCM_RIGHTS);
	CHECK_INT(c->cmsg_len, CMSG_LEN(n * sizeof(*fd)));
	memcpy(fd, CMSG_DATA(c), n * sizeof(*fd));
}

static intptr_t
sends_pipe(void *fd)
{
	struct parcel parcel;
	int pipe[2];

	loop_pipe(pipe);
	CHECK_INT(
	    task_sendmsg(*(int *)fd, parcel_with(&parcel, pipe, 2), 0), 1);
	loop_close(pipe);
	return 0;
}

/* They come at numbers of which something else was known. */
static void
descriptors_sent(void)
{
	int fd[2], pipe[2], got[2], i;
	struct parcel parcel;
	struct task *t;
	char byte;

	loop_pair(fd);
	for (i = 0; i < 3; i++) {
		loop_pipe(pipe);
		CHECK_INT(task_poll(pipe[0], REACTOR_READ, 0), -1);
		CHECK_INT(task_poll(pipe[1], REACTOR_WRITE, 0), REACTOR_WRITE);
		loop_close(pipe);
		CHECK((t = task_spawn(sends_pipe, &fd[0])) != NULL);
		CHECK_INT(task_recvmsg(fd[1], parcel_empty(&parcel), 0), 1);
		CHECK_INT(tasks_end(t).state, TASK_DONE);
		parcel_open(&parcel, got, 2);
		CHECK_INT(task_poll(got[0], REACTOR_READ, LOOP_MS), -1);
		CHECK_INT(errno, ETIMEDOUT);
		CHECK_INT(task_write(got[1], "x", 1), 1);
		CHECK_INT(task_read(got[0], &byte, 1), 1);
		ends_close(got);
	}
	CHECK_INT(task_recvmsg(fd[1], parcel_empty(&parcel), MSG_DONTWAIT), -1);
	CHECK_INT(errno, EAGAIN);
	CHECK_INT(task_close(fd[0]), 0);
	CHECK_INT(task_recvmsg(fd[1], parcel_empty(&parcel), 0), 0);
	CHECK_INT(task_close(fd[1]), 0);
}

static intptr_t
sends_many(void *fd)
{
	struct parcel parcel;
	int i;

	for (i = 0; i < 500; i++) {
		parcel_empty(&parcel);
		parcel.message.msg_control = NULL;
		parcel.message.msg_controllen = 0;
		memcpy(parcel.text, &i, sizeof(i));
		CHECK_INT(task_sendmsg(*(int *)fd, &parcel.message, 0), 16);
	}
	return 0;
}

/* Each as it was sent, whoever has to wait. */
static void
messages_in_order(void)
{
	struct parcel parcel;
	struct task *t;
	int fd[2], i, number;

	CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, fd) == 0);
	CHECK((t = task_spawn(sends_many, &fd[0])) != NULL);
	CHECK_INT(task_sleep(LOOP_MS), 0);
	for (i = 0; i < 500; i++) {
		CHECK_INT(task_recvmsg(fd[1], parcel_empty(&parcel), 0), 16);
		memcpy(&number, parcel.text, sizeof(number));
		CHECK_INT(number, i);
	}
	CHECK_INT(tasks_end(t).state, TASK_DONE);
	ends_close(fd);
}

/* ---- All of it ----------------------------------------------------------- */

static const struct test tests[] = {
	TASKS("with descriptors", descriptors_sent),
	TASKS("in order", messages_in_order),
};

TEST_MAIN(tests)
