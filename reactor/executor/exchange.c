/*
 * SPDX-License-Identifier: ISC
 *
 * exchange.c: the executor's side of the talk with a worker process: a call,
 * then its answer, in which nothing is believed before it was checked.
 *
 * Each wait looks at the helper's reports as well.  What was answered before
 * the end counts.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include "reactor/executor/process.h"

struct xb_talk {
	struct reactor__process *process;
	struct reactor__message call; /* what is left of it */
	uint64_t sequence;
	struct reactor__result *result;
	struct reactor__answer answer;
	size_t got;       /* of the answer and its bytes */
	int file;         /* that came with it, or -1 */
	int cut;          /* there was no room for it */
	char first[4096]; /* of the bytes */
};

enum { XB_MORE = -1 }; /* besides enum reactor__exchange */

/* ---- The answer ---------------------------------------------------------- */

/* Its bytes are in a file. */
static int
xb_map(struct xb_talk *t)
{
	struct reactor__result *result = t->result;
	int fd = t->file;

	t->file = -1;
	if (t->got != sizeof(t->answer) || t->answer.size > SIZE_MAX / 2)
		return REACTOR__NONSENSE;
	result->bytes = reactor__wire_map(fd, (size_t)t->answer.size, 0);
	if (result->bytes == NULL)
		return errno == ENOMEM ? REACTOR__NO_MEMORY : REACTOR__NONSENSE;
	result->mapped = 1;
	result->size = (size_t)t->answer.size;
	return REACTOR__ANSWERED;
}

/* The head is there, with the first bytes perhaps. */
static int
xb_begin(struct xb_talk *t)
{
	const struct reactor__answer *answer = &t->answer;
	struct reactor__result *result = t->result;
	size_t more = t->got - sizeof(*answer);

	if (answer->sequence != t->sequence || answer->error < 0 ||
	    ((answer->flags & REACTOR__FILE) != 0) != (t->file != -1 || t->cut))
		return REACTOR__NONSENSE;
	if (t->file == -1 && t->cut) {
		reactor__result_fail(result, EMFILE, NULL);
		return REACTOR__ANSWERED;
	}
	result->error = answer->error;
	if (t->file != -1)
		return xb_map(t);
	if (answer->size > SIZE_MAX / 2 || more > answer->size)
		return REACTOR__NONSENSE;
	result->size = (size_t)answer->size;
	result->bytes =
	    reactor__allocate(NULL, result->size > 0 ? result->size : 1);
	if (result->bytes == NULL)
		return REACTOR__NO_MEMORY;
	memcpy(result->bytes, t->first, more);
	return more == result->size ? REACTOR__ANSWERED : XB_MORE;
}

/* Where what comes next goes to. */
static void
xb_room(struct xb_talk *t, struct reactor__message *message)
{
	size_t got = t->got, head = sizeof(t->answer);

	memset(message, 0, sizeof(*message));
	if (got < head) {
		reactor__message_put(
		    message, (char *)&t->answer + got, head - got);
		reactor__message_put(message, t->first, sizeof(t->first));
		message->descriptors = t->file == -1;
	} else {
		reactor__message_put(message,
		    (char *)t->result->bytes + (got - head),
		    t->result->size - (got - head));
	}
}

/* All that can be had without waiting. */
static int
xb_receive(struct xb_talk *t)
{
	struct reactor__message message;
	int state = XB_MORE;
	size_t was;
	ssize_t n;

	while (state == XB_MORE) {
		xb_room(t, &message);
		n = reactor__message_receive(
		    t->process->contact.socket, &message, 0);
		if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return XB_MORE;
		if (n <= 0)
			return REACTOR__DEAD;
		t->cut |= message.cut;
		if (message.descriptors > 0)
			t->file = message.passed[0];
		was = t->got;
		t->got += (size_t)n;
		if (t->got < sizeof(t->answer))
			continue;
		if (was < sizeof(t->answer))
			state = xb_begin(t);
		else if (t->got - sizeof(t->answer) == t->result->size)
			state = REACTOR__ANSWERED;
	}
	return state;
}

/* Words end in a 0. */
static int
xb_check(const struct xb_talk *t)
{
	const struct reactor__result *result = t->result;

	if (result->error != 0 && result->size > 0 &&
	    ((const char *)result->bytes)[result->size - 1] != '\0')
		return REACTOR__NONSENSE;
	return REACTOR__ANSWERED;
}

/* ---- The talk ------------------------------------------------------------ */

/* It is the system that is short of something; 0: the socket is dead. */
static int
xb_short(int error)
{
	return error == ENOBUFS || error == ENOMEM || error == ETOOMANYREFS;
}

static int
xb_send(struct xb_talk *t)
{
	while (reactor__message_left(&t->call) > 0)
		if (reactor__message_send(
			t->process->contact.socket, &t->call, 0) == -1)
			return errno == EAGAIN || errno == EWOULDBLOCK ? XB_MORE
			    : xb_short(errno) ? REACTOR__NO_MEMORY
					      : REACTOR__DEAD;
	return XB_MORE;
}

/* Something is there to be had, or the time is over. */
static int
xb_poll(const struct xb_talk *t, int64_t deadline, struct pollfd fd[2])
{
	int64_t left = INT64_MAX;

	fd[0].fd = t->process->contact.socket;
	fd[0].events = POLLIN;
	if (reactor__message_left(&t->call) > 0)
		fd[0].events = POLLIN | POLLOUT;
	fd[1].fd = t->process->contact.reports;
	fd[1].events = POLLIN;
	fd[0].revents = fd[1].revents = 0;
	if (deadline != INT64_MAX)
		left = deadline - reactor__clock(REACTOR__MONOTONIC);
	if (poll(fd, 2, reactor__process_milliseconds(left)) == 0 && left <= 0)
		return REACTOR__LATE;
	return XB_MORE;
}

static int
xb_turn(struct xb_talk *t, int64_t deadline)
{
	struct pollfd fd[2];
	int state = xb_poll(t, deadline, fd);

	if (state == XB_MORE && fd[0].revents & (POLLIN | POLLHUP | POLLERR))
		state = xb_receive(t);
	if (state == XB_MORE && fd[0].revents & POLLOUT)
		state = xb_send(t);
	if (state != XB_MORE || fd[1].revents == 0)
		return state;
	(void)reactor__process_wait(t->process, 0);
	if (!t->process->dead)
		return XB_MORE;
	/* It may have answered just before. */
	state = xb_receive(t);
	return state == XB_MORE ? REACTOR__DEAD : state;
}

/* Large bytes go as a file if that can be had; the descriptor or -1. */
static int
xb_begin_call(struct xb_talk *t, struct reactor__call *call, const void *bytes,
    const char *name)
{
	int file = -1;

	call->sequence = t->sequence = ++t->process->sequence;
	call->name = strlen(name) + 1;
	if (call->size >= REACTOR__LARGE)
		file = reactor__wire_file(bytes, (size_t)call->size);
	reactor__message_put(&t->call, call, sizeof(*call));
	if (file != -1) {
		call->flags |= REACTOR__FILE;
		t->call.passed[0] = file;
		t->call.descriptors = 1;
	} else {
		reactor__message_put(&t->call, bytes, (size_t)call->size);
	}
	reactor__message_put(&t->call, name, (size_t)call->name);
	return file;
}

int
reactor__process_call(struct reactor__process *p, struct reactor__call *call,
    const void *bytes, const char *name, int64_t deadline,
    struct reactor__result *result)
{
	struct xb_talk t;
	int file, state;

	memset(result, 0, sizeof(*result));
	t.process = p;
	t.result = result;
	t.got = 0;
	t.file = -1;
	t.cut = 0;
	memset(&t.call, 0, sizeof(t.call));
	file = xb_begin_call(&t, call, bytes, name);
	state = xb_send(&t);
	while (state == XB_MORE)
		state = xb_turn(&t, deadline);
	if (state == REACTOR__ANSWERED)
		state = xb_check(&t);
	reactor__wire_close(&file);
	reactor__wire_close(&t.file);
	if (state != REACTOR__ANSWERED)
		reactor__result_free(result);
	return state;
}
