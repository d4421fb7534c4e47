/*
 * SPDX-License-Identifier: ISC
 *
 * task_cancel.c: small programs of tasks that are cancelled wherever that can be:
 * nothing is left open or allocated, no byte that a call has reported is lost,
 * and every task comes to an end.
 */
#include <sys/un.h>
#include "test/ends.h"
#include "test/strike.h"

/* ---- Two that send each other bytes -------------------------------------- */

static int fd[2];
static size_t put[2], got[2]; /* by each */

static unsigned char
byte_at(size_t place)
{
	return (unsigned char)(place * 2654435761u >> 13);
}

static void
pair_begin(void)
{
	loop_pair(fd);
	ends_narrow(fd);
	memset(put, 0, sizeof(put));
	memset(got, 0, sizeof(got));
}

/* What was written is what was read and what is still there. */
static void
pair_end(void)
{
	unsigned char bytes[1024];
	ssize_t n, i;
	int me;

	for (me = 0; me < 2; me++) {
		while ((n = recv(fd[me], bytes, sizeof(bytes), 0)) > 0) {
			for (i = 0; i < n; i++)
				CHECK(bytes[i] == byte_at(got[me] + (size_t)i));
			got[me] += (size_t)n;
		}
		CHECK_INT(got[me], put[1 - me]);
	}
	loop_close(fd);
}

static int
pair_put(int me, size_t size)
{
	unsigned char bytes[5000];
	intptr_t n = 0;
	size_t i;

	for (; size > 0; size -= (size_t)n) {
		for (i = 0; i < size; i++)
			bytes[i] = byte_at(put[me] + i);
		n = task_write(fd[me], bytes, size);
		if (n == -1)
			return -1;
		put[me] += (size_t)n;
	}
	return 0;
}

/* At most that much: how much it was. */
static intptr_t
pair_get(int me, size_t size)
{
	unsigned char bytes[5000];
	intptr_t n = task_read(fd[me], bytes, size), i;

	for (i = 0; i < n; i++)
		CHECK(bytes[i] == byte_at(got[me] + (size_t)i));
	if (n > 0)
		got[me] += (size_t)n;
	return n;
}

/* The other one is not to wait for us any more. */
static intptr_t
pair_leave(int me, intptr_t result)
{
	int error = errno;

	CHECK(shutdown(fd[me], SHUT_RDWR) == 0);
	errno = error;
	return result == -1 && (error == EPIPE || error == ECONNRESET) ? 0
								       : result;
}

static intptr_t
pair_asks(void *unused)
{
	static const size_t sizes[] = { 1, 5000, 3, 700 };
	size_t i;

	(void)unused;
	for (i = 0; i < 4; i++) {
		if (pair_put(0, sizes[i]) == -1)
			return pair_leave(0, -1);
		if (task_yield() == -1)
			return pair_leave(0, -1);
	}
	return shutdown(fd[0], SHUT_WR);
}

static intptr_t
pair_hears(void *unused)
{
	intptr_t n;

	(void)unused;
	while ((n = pair_get(0, 2000)) > 0)
		continue;
	return pair_leave(0, n);
}

static intptr_t
pair_answers(void *unused)
{
	intptr_t n;

	(void)unused;
	while ((n = pair_get(1, 800)) > 0)
		if (pair_put(1, (size_t)n) == -1)
			return pair_leave(1, -1);
	return pair_leave(1, n);
}

static intptr_t
pair_main(void *unused)
{
	struct task_group group;

	(void)unused;
	plan_begin();
	CHECK_INT(task_group_enter(&group, TASK_COLLECT), 0);
	(void)plan_spawn(&group, pair_asks, NULL);
	(void)plan_spawn(&group, pair_hears, NULL);
	(void)plan_spawn(&group, pair_answers, NULL);
	plan_watch(&group, 3);
	return plan_leave(&group);
}

static const struct program pair = { pair_begin, pair_main, pair_end, 4 };

/* ---- Records through a pipe, with deadlines ------------------------------ */

enum { RECORDS = 12, RECORD = 2048 };

static int pipes[2], produced, consumed;

static void
pipe_begin(void)
{
	CHECK(pipe(pipes) == 0); /* these block */
#ifdef F_SETPIPE_SZ
	CHECK(fcntl(pipes[1], F_SETPIPE_SZ, 4096) > 0);
#endif
	produced = consumed = 0;
}

/* In a pipe, up to PIPE_BUF bytes are written at once or not at all. */
static void
pipe_end(void)
{
	int record[RECORD / sizeof(int)];

	CHECK(close(pipes[1]) == 0);
	while (read(pipes[0], record, RECORD) == RECORD)
		CHECK_INT(record[0], consumed++);
	CHECK_INT(consumed, produced);
	CHECK(close(pipes[0]) == 0);
}

/* As often as it takes: 0; or -1, for another reason than that it is late. */
static int
pipe_patiently(int64_t timeout, intptr_t (*call)(void *), void *record)
{
	struct task_scope scope;
	intptr_t n;
	int late = 0;

	do {
		CHECK_INT(task_scope_enter(&scope, timeout), 0);
		n = call(record);
		if (n != -1)
			CHECK_INT(n, RECORD);
		late = task_scope_leave(&scope) == -1;
		if (late)
			CHECK(errno == ETIMEDOUT && n == -1);
	} while (late);
	return n == -1 ? -1 : 0;
}

static intptr_t
pipe_write(void *record)
{
	return task_write(pipes[1], record, RECORD);
}

static intptr_t
pipe_read(void *record)
{
	return task_read(pipes[0], record, RECORD);
}

static intptr_t
produces(void *unused)
{
	int record[RECORD / sizeof(int)] = { 0 };

	(void)unused;
	while (produced < RECORDS) {
		record[0] = produced;
		if (produced % 5 == 4 && task_sleep(LOOP_MS / 2) == -1)
			return -1;
		if (pipe_patiently(LOOP_MS / 10, pipe_write, record) == -1)
			return -1;
		produced++;
	}
	return 0;
}

static intptr_t
consumes(void *unused)
{
	int record[RECORD / sizeof(int)];

	(void)unused;
	while (consumed < RECORDS) {
		if (pipe_patiently(LOOP_MS / 10, pipe_read, record) == -1)
			return -1;
		CHECK_INT(record[0], consumed);
		consumed++;
		if (consumed % 7 == 3 && task_sleep(LOOP_MS / 2) == -1)
			return -1;
	}
	return 0;
}

static intptr_t
pipe_main(void *unused)
{
	struct task_group group;

	(void)unused;
	plan_begin();
	CHECK_INT(task_group_enter(&group, TASK_COLLECT), 0);
	(void)plan_spawn(&group, produces, NULL);
	(void)plan_spawn(&group, consumes, NULL);
	plan_watch(&group, 2);
	return plan_leave(&group);
}

static const struct program through_pipe = { pipe_begin, pipe_main, pipe_end,
	3 };

/* ---- A server and its guests --------------------------------------------- */

enum { GUESTS = 3 };

static struct sockaddr_un server_address;
static int listener, served, thanked;

static void
server_begin(void)
{
	server_address.sun_family = AF_UNIX;
	snprintf(server_address.sun_path, sizeof(server_address.sun_path),
	    "/tmp/reactor-test-%ld", (long)getpid());
	CHECK((listener = socket(AF_UNIX, SOCK_STREAM, 0)) != -1);
	CHECK(bind(listener, (struct sockaddr *)&server_address,
		  sizeof(server_address)) == 0);
	CHECK(listen(listener, GUESTS) == 0);
	served = thanked = 0;
}

static void
server_end(void)
{
	CHECK(close(listener) == 0);
	CHECK(unlink(server_address.sun_path) == 0);
	if (!plan.struck)
		CHECK(served == GUESTS && thanked == GUESTS);
}

static void
connection_close(void *argument)
{
	CHECK_INT(task_close((int)(intptr_t)argument), 0);
}

/* One word, and thanks, for which there is always time. */
static intptr_t
serves(void *argument)
{
	int connection = (int)(intptr_t)argument;
	struct task_scope shield;
	char word[5];
	intptr_t n;

	n = task_read_all(connection, word, 5);
	if (n == -1) {
		CHECK_INT(errno, ECANCELED);
		CHECK_INT(task_scope_shield(&shield, REACTOR_SECOND), 0);
		CHECK(
		    task_write(connection, "sorry", 5) == 5 || errno == EPIPE);
		CHECK_INT(task_scope_leave(&shield), 0);
		errno = ECANCELED;
		return -1;
	}
	served += n == 5;
	n = task_write_all(connection, "thank", 5);
	return n == -1 && errno == ECANCELED ? -1 : 0;
}

/* Whatever becomes of the task, its descriptor is closed. */
static intptr_t
server_accepts(void *argument)
{
	struct task_attributes attributes = { .dispose = connection_close };
	struct task_group *group = argument;
	struct task *t;
	int new, i;

	for (i = 0; i < GUESTS; i++) {
		new = task_accept(listener, NULL, NULL);
		if (new == -1)
			return -1;
		t = task_group_spawn_with(
		    group, serves, TASKS_NUMBER(new), &attributes);
		if (t == NULL) {
			CHECK_INT(errno, ESHUTDOWN);
			CHECK_INT(task_close(new), 0);
		}
		task_detach(t);
	}
	return 0;
}

static intptr_t
guest_comes(void *unused)
{
	struct sockaddr *any = (struct sockaddr *)&server_address;
	int connection = socket(AF_UNIX, SOCK_STREAM, 0), i;
	intptr_t n;
	char word[5];

	(void)unused;
	CHECK(connection != -1);
	n = task_connect(connection, any, sizeof(server_address));
	for (i = 0; i < 5 && n != -1; i++)
		n = task_write(connection, &"hello"[i], 1);
	if (n != -1)
		n = task_read_all(connection, word, 5);
	if (n == 5) {
		CHECK(memcmp(word, "thank", 5) == 0 ||
		    memcmp(word, "sorry", 5) == 0);
		thanked += word[0] == 't';
	}
	i = errno;
	CHECK_INT(task_close(connection), 0);
	errno = i;
	return n == -1 && errno == ECANCELED ? -1 : 0;
}

static intptr_t
server_main(void *unused)
{
	struct task_group group;
	int i;

	(void)unused;
	plan_begin();
	CHECK_INT(task_group_enter(&group, TASK_COLLECT), 0);
	(void)plan_spawn(&group, server_accepts, &group);
	for (i = 0; i < GUESTS; i++)
		(void)plan_spawn(&group, guest_comes, NULL);
	plan_watch(&group, 1 + GUESTS);
	return plan_leave(&group);
}

static const struct program server = { server_begin, server_main, server_end,
	2 + GUESTS };

/* ---- Descriptors that are sent ------------------------------------------- */

enum { PARCELS = 4 };

static void
parcels_begin(void)
{
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0);
}

static void
parcels_end(void)
{
	loop_close(fd); /* and what was sent, and not received */
}

union parcel {
	size_t align;
	char space[CMSG_SPACE(sizeof(int))];
};

static void
parcel_message(struct msghdr *message, struct iovec *bytes, union parcel *p)
{
	static char byte;

	memset(message, 0, sizeof(*message));
	memset(p, 0, sizeof(*p));
	bytes->iov_base = &byte;
	bytes->iov_len = 1;
	message->msg_iov = bytes;
	message->msg_iovlen = 1;
	message->msg_control = p->space;
	message->msg_controllen = sizeof(p->space);
}

static intptr_t
parcel_send(int what)
{
	struct msghdr message;
	struct iovec bytes;
	struct cmsghdr *c;
	union parcel p;

	parcel_message(&message, &bytes, &p);
	c = CMSG_FIRSTHDR(&message);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(what));
	memcpy(CMSG_DATA(c), &what, sizeof(what));
	return task_sendmsg(fd[0], &message, MSG_NOSIGNAL);
}

/* Sends one end of a pipe, and waits for a byte from there. */
static intptr_t
parcels_go(void *unused)
{
	intptr_t n = 0;
	int i, new[2], error;
	char byte;

	(void)unused;
	for (i = 0; i < PARCELS && n != -1; i++) {
		CHECK(pipe(new) == 0);
		n = parcel_send(new[1]);
		CHECK(close(new[1]) == 0);
		if (n != -1)
			n = task_read(new[0], &byte, 1);
		error = errno;
		CHECK_INT(task_close(new[0]), 0);
		errno = error;
	}
	CHECK(shutdown(fd[0], SHUT_WR) == 0);
	return n == -1 ? -1 : 0;
}

static intptr_t
parcels_come(void *unused)
{
	struct msghdr message;
	struct iovec bytes;
	union parcel p;
	intptr_t n;
	int new, error;

	(void)unused;
	for (;;) {
		parcel_message(&message, &bytes, &p);
		n = task_recvmsg(fd[1], &message, 0);
		if (n <= 0)
			return n;
		CHECK(CMSG_FIRSTHDR(&message) != NULL);
		memcpy(&new, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(new));
		n = task_write(new, "x", 1);
		error = errno;
		CHECK_INT(task_close(new), 0);
		errno = error;
		if (n == -1 && errno == ECANCELED)
			return -1;
	}
}

static intptr_t
parcels_main(void *unused)
{
	struct task_group group;

	(void)unused;
	plan_begin();
	CHECK_INT(task_group_enter(&group, TASK_COLLECT), 0);
	(void)plan_spawn(&group, parcels_come, NULL);
	(void)plan_spawn(&group, parcels_go, NULL);
	plan_watch(&group, 2);
	return plan_leave(&group);
}

static const struct program parcels = { parcels_begin, parcels_main,
	parcels_end, 3 };

/* ---- All of it ----------------------------------------------------------- */

static const struct test tests[] = {
	{ "two that send each other bytes", strike, 0, &pair },
	{ "records through a pipe, with deadlines", strike, 0, &through_pipe },
	{ "a server and its guests", strike, 0, &server },
	{ "descriptors that are sent", strike, 0, &parcels },
};

TEST_MAIN(tests)
