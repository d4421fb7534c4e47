/*
 * SPDX-License-Identifier: ISC
 *
 * c10k_client.c: ten thousand connections that talk in turn.
 *
 *   connecting --> greeting --> queue of the ready --> busy
 *                                     ^                  |
 *                                     +---- answered ----+
 *
 * Each sends a message when it is connected, and is ready when the answer is
 * there.  Then `active` messages are kept under way; whoever got an answer
 * goes to the end of the queue, so all get their turn.  While others wait to
 * be accepted, a connection that had its turns is closed to make room.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "demos/c10k.h"

enum { CL_CONNECTING, CL_GREETING, CL_READY, CL_BUSY };

struct cl_link {
	struct reactor_io io;
	struct cl_link *next; /* in the queue */
	int64_t sent;
	uint32_t messages;
	unsigned char state, got;
};

static struct cl_client {
	struct reactor *r;
	const struct c10k_plan *plan;
	struct c10k_seen seen;
	struct cl_link *link;
	struct cl_link *first, **last; /* the queue */
	long opened, opening, ready, busy;
	long progress; /* served, when the timer last looked */
	int begun, stalled, ending;
	int64_t start, begin;
	struct reactor_timer look, end;
} cl;

static void cl_open(void);

/* ---- Closing ------------------------------------------------------------- */

static void
cl_close(struct cl_link *link)
{
	if (link->io.fd == -1)
		return;
	reactor_io_stop(cl.r, &link->io);
	(void)close(link->io.fd);
	link->io.fd = -1;
	if (link->state == CL_CONNECTING || link->state == CL_GREETING)
		cl.opening--;
	else
		cl.ready--;
	if (link->state == CL_BUSY)
		cl.busy--;
}

static void
cl_failed(struct cl_link *link, int error)
{
	cl.seen.failed++;
	cl.seen.error = error;
	cl_close(link);
}

static void
cl_close_all(void)
{
	long i;

	reactor_timer_stop(cl.r, &cl.look);
	reactor_timer_stop(cl.r, &cl.end);
	for (i = 0; i < cl.opened; i++)
		cl_close(&cl.link[i]);
}

/* ---- Messages ------------------------------------------------------------ */

static int
cl_send(struct cl_link *link)
{
	static const char message[C10K_MESSAGE];

	if (send(link->io.fd, message, sizeof(message), 0) ==
	    (ssize_t)sizeof(message))
		return 0;
	cl_failed(link, errno);
	return -1;
}

static void
cl_enqueue(struct cl_link *link)
{
	link->state = CL_READY;
	link->next = NULL;
	*cl.last = link;
	cl.last = &link->next;
}

static struct cl_link *
cl_dequeue(void)
{
	struct cl_link *link = cl.first;

	if (link != NULL && (cl.first = link->next) == NULL)
		cl.last = &cl.first;
	return link;
}

/* Keeps as many under way as there should be. */
static void
cl_talk(void)
{
	struct cl_link *link;

	while (cl.begun && !cl.ending && cl.busy < cl.plan->active &&
	    (link = cl_dequeue()) != NULL) {
		if (link->io.fd == -1) /* closed meanwhile */
			continue;
		link->state = CL_BUSY;
		cl.busy++;
		link->sent = demo_now();
		(void)cl_send(link);
	}
}

static void
cl_answered(struct cl_link *link)
{
	int64_t now = demo_now();

	link->got = 0;
	link->messages++;
	if (link->state == CL_GREETING) {
		cl.opening--;
		cl.ready++;
		cl.seen.served++;
		if (cl.ready > cl.seen.together)
			cl.seen.together = cl.ready;
	} else {
		cl.busy--;
		cl.seen.messages++;
		cl.seen.lasted = now - cl.begin;
		figure_add(&cl.seen.latency, now - link->sent);
	}
	cl_enqueue(link);
	cl_open();
}

/* ---- The course of things ------------------------------------------------ */

static void
cl_begin(void)
{
	cl.begun = 1;
	cl.begin = demo_now();
	cl.seen.connected = cl.begin - cl.start;
	(void)reactor_timer_start(
	    cl.r, &cl.end, cl.plan->seconds * REACTOR_SECOND);
	cl_talk();
}

/* All are there, or no more come: it can begin. */
static void
cl_look(struct reactor *r, struct reactor_timer *timer)
{
	long progress = cl.seen.served + cl.seen.failed;

	(void)r;
	if (cl.begun) {
		reactor_timer_stop(cl.r, timer);
		return;
	}
	cl.stalled = progress > 0 && progress == cl.progress;
	if (cl.stalled ||
	    demo_now() - cl.start > C10K_CONNECTING * REACTOR_SECOND)
		cl_begin();
	cl.progress = progress;
}

static void
cl_end(struct reactor *r, struct reactor_timer *timer)
{
	if (cl.ending || cl.busy == 0) {
		cl_close_all();
		return;
	}
	cl.ending = 1; /* what is under way may still arrive */
	(void)reactor_timer_start(r, timer, C10K_CLOSING * REACTOR_SECOND / 2);
}

static void
cl_next(void)
{
	long waiting = cl.plan->connections - cl.seen.served - cl.seen.failed;
	struct cl_link *link;

	/* The talk is over; or the server has gone, and all with it. */
	if ((cl.ending && cl.busy == 0) || cl.ready + cl.opening == 0) {
		cl_close_all();
		return;
	}
	if (!cl.begun && waiting <= 0)
		cl_begin();
	while (cl.stalled && waiting > 0 && (link = cl.first) != NULL &&
	    link->messages > C10K_TURNS)
		cl_close(cl_dequeue());
	cl_talk();
}

static void
cl_read(struct cl_link *link)
{
	char bytes[C10K_MESSAGE];
	ssize_t n =
	    recv(link->io.fd, bytes, sizeof(bytes) - (size_t)link->got, 0);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		cl_failed(link, n == 0 ? ECONNRESET : errno);
		return;
	}
	link->got = (unsigned char)(link->got + n);
	if (link->got == C10K_MESSAGE)
		cl_answered(link);
}

static void
cl_connected(struct cl_link *link)
{
	int error = 0;
	socklen_t size = sizeof(error);

	if (getsockopt(link->io.fd, SOL_SOCKET, SO_ERROR, &error, &size) == -1)
		error = errno;
	if (error != 0) {
		cl_failed(link, error);
		return;
	}
	link->state = CL_GREETING;
	if (cl_send(link) == -1)
		return;
	link->io.wanted = REACTOR_READ;
	if (reactor_io_start(cl.r, &link->io) == -1)
		cl_failed(link, errno);
}

static void
cl_event(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	struct cl_link *link = REACTOR_OWNER(io, struct cl_link, io);

	(void)r;
	(void)ready;
	if (link->state == CL_CONNECTING)
		cl_connected(link);
	else
		cl_read(link);
	cl_next();
}

/* ---- Connecting ---------------------------------------------------------- */

static int
cl_connect(struct cl_link *link)
{
	const struct sockaddr *to =
	    (const struct sockaddr *)(const void *)&cl.plan->address;

	link->state = CL_CONNECTING;
	link->io.callback = cl_event;
	link->io.wanted = REACTOR_WRITE;
	link->io.fd = socket(AF_INET, SOCK_STREAM, 0);
	cl.opening++;
	if (link->io.fd == -1 || demo_nonblocking(link->io.fd) == -1)
		return -1;
	if (connect(link->io.fd, to, sizeof(cl.plan->address)) == -1 &&
	    errno != EINPROGRESS)
		return -1;
	return reactor_io_start(cl.r, &link->io);
}

static void
cl_open(void)
{
	struct cl_link *link;

	while (cl.opening < C10K_OPENING && !cl.ending &&
	    cl.opened < cl.plan->connections) {
		link = &cl.link[cl.opened++];
		if (cl_connect(link) == 0)
			continue;
		if (link->io.fd == -1)
			cl.opening--;
		cl_failed(link, errno);
	}
}

static void
cl_run(void)
{
	struct reactor_options options = { .backend = "auto", .trace = "" };
	long i;

	cl.r = reactor_open(&options);
	cl.link = calloc((size_t)cl.plan->connections, sizeof(*cl.link));
	if (cl.r == NULL || cl.link == NULL)
		demo_fail("the client cannot start: %s", reactor_error());
	cl.last = &cl.first;
	cl.look.callback = cl_look;
	cl.look.every = 500 * REACTOR_MILLISECOND;
	cl.end.callback = cl_end;
	cl.start = demo_now();
	if (reactor_timer_start(cl.r, &cl.look, cl.look.every) == -1)
		demo_fail("the client cannot start: %s", strerror(errno));
	cl_open();
	if (reactor_run(cl.r) == -1)
		demo_fail("the client: %s", strerror(errno));
	cl.seen.fewest = UINT32_MAX;
	for (i = 0; i < cl.opened; i++)
		if (cl.link[i].messages > 0 &&
		    cl.link[i].messages < cl.seen.fewest)
			cl.seen.fewest = cl.link[i].messages;
}

_Noreturn void
c10k_client(const struct c10k_plan *plan, int report)
{
	const char *bytes = (const char *)&cl.seen;
	size_t left = sizeof(cl.seen);
	ssize_t n;

	cl.plan = plan;
	cl_run();
	while (left > 0 && (n = write(report, bytes, left)) > 0) {
		bytes += n;
		left -= (size_t)n;
	}
	_exit(left > 0);
}
