/*
 * SPDX-License-Identifier: ISC
 *
 * serve_guest.c: the connections.  Each reads a request, gets an answer at once
 * or has a job make one, sends it, and reads the next:
 *
 *   reading ---> sending ---> reading
 *       \        ^     \
 *        waiting        leaving
 *
 * While one waits for its job, the loop serves the others.  If it hangs up
 * meanwhile, the job is told that nobody wants it any more.
 */
#include <sys/socket.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "demos/serve.h"

/* How long one may take to ask, and to listen; and after the last word. */
#define VG_PATIENCE (30 * REACTOR_SECOND)
#define VG_FAREWELL (2 * REACTOR_SECOND)

static struct serve_guest *vg_guests;

static void
vg_end(struct reactor *r, struct serve_guest *g)
{
	serve_answer_end(r, g);
	reactor_timer_stop(r, &g->late);
	reactor_io_stop(r, &g->io);
	close(g->io.fd);
	*g->place = g->next;
	if (g->next != NULL)
		g->next->place = g->place;
	free(g);
}

/* ---- From state to state ------------------------------------------------- */

/* Is there a whole request, or too much of one? */
static int
vg_take(struct serve_guest *g)
{
	size_t used = serve_request_read(&g->request, g->input, g->length);

	if (used == 0 && g->length < sizeof(g->input))
		return 0;
	if (used == 0) {
		g->request.status = 431;
		used = g->length;
	}
	g->length -= used;
	memmove(g->input, g->input + used, g->length);
	return 1;
}

static void
vg_sent(struct serve_guest *g, size_t sent)
{
	size_t part;
	int i;

	for (i = 0; i < 2; i++) {
		part = g->output[i].iov_len;
		part = sent < part ? sent : part;
		g->output[i].iov_base = (char *)g->output[i].iov_base + part;
		g->output[i].iov_len -= part;
		sent -= part;
	}
}

/*
 * 1: all is sent; 0: not yet; -1.  To close while something is unread would
 * take away what was sent; so we hang up, and hear the other out for a while.
 */
static int
vg_send(struct reactor *r, struct serve_guest *g)
{
	struct msghdr message = { .msg_iov = g->output, .msg_iovlen = 2 };
	ssize_t n = sendmsg(g->io.fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n == -1)
		return errno == EAGAIN ? 0 : -1;
	vg_sent(g, (size_t)n);
	if (g->output[0].iov_len + g->output[1].iov_len > 0)
		return 0;
	serve_answer_end(r, g);
	g->state = g->request.keep ? SERVE_READING : SERVE_LEAVING;
	if (g->state == SERVE_LEAVING && shutdown(g->io.fd, SHUT_WR) == -1)
		return -1;
	return 1;
}

/* 1: it got further; 0: it has to wait; -1: the connection is over. */
static int
vg_step(struct reactor *r, struct serve_guest *g)
{
	if (g->state == SERVE_SENDING)
		return vg_send(r, g);
	if (g->state != SERVE_READING || !vg_take(g))
		return 0;
	serve_answer(r, g);
	g->told = -1; /* the clock starts anew, even if it reads again */
	return 1;
}

/* The handlers for the state that it is in now: 0, or -1. */
static int
vg_tell(struct reactor *r, struct serve_guest *g)
{
	int64_t patience =
	    g->state == SERVE_LEAVING ? VG_FAREWELL : VG_PATIENCE;

	if (g->told == g->state)
		return 0;
	g->told = g->state;
	if (g->state == SERVE_WAITING)
		reactor_timer_stop(r, &g->late);
	else if (reactor_timer_start(r, &g->late, patience) == -1)
		return -1;
	g->io.wanted = g->state == SERVE_SENDING ? REACTOR_WRITE : REACTOR_READ;
	return reactor_io_start(r, &g->io);
}

void
serve_guest_go(struct reactor *r, struct serve_guest *g)
{
	int n;

	do {
		n = vg_step(r, g);
	} while (n == 1);
	if (n == -1 || vg_tell(r, g) == -1)
		vg_end(r, g);
}

/* ---- What happens -------------------------------------------------------- */

/*
 * -1: it has hung up.  While it waits for a job we listen for that alone, and
 * keep what else it says, as long as there is room.
 */
static int
vg_receive(struct reactor *r, struct serve_guest *g)
{
	ssize_t n;

	if (g->state == SERVE_LEAVING)
		g->length = 0;
	n = recv(g->io.fd, g->input + g->length, sizeof(g->input) - g->length,
	    MSG_DONTWAIT);
	if (n > 0)
		g->length += (size_t)n;
	if (n == 0 || (n == -1 && errno != EAGAIN))
		return -1;
	if (g->state == SERVE_WAITING && g->length == sizeof(g->input))
		reactor_io_stop(r, &g->io);
	return 0;
}

static void
vg_ready(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	struct serve_guest *g = REACTOR_OWNER(io, struct serve_guest, io);

	if (ready & REACTOR_BAD ||
	    (g->state != SERVE_SENDING && vg_receive(r, g) == -1))
		vg_end(r, g);
	else
		serve_guest_go(r, g);
}

static void
vg_late(struct reactor *r, struct reactor_timer *late)
{
	vg_end(r, REACTOR_OWNER(late, struct serve_guest, late));
}

/* ---- All of them --------------------------------------------------------- */

void
serve_guest_come(struct reactor *r, int fd)
{
	struct serve_guest *g = calloc(1, sizeof(*g));

	if (g == NULL) {
		close(fd);
		return;
	}
	g->io.event.name = "guest";
	g->io.callback = vg_ready;
	g->io.fd = fd;
	g->late.event.name = "late";
	g->late.callback = vg_late;
	g->told = -1;
	if ((g->next = vg_guests) != NULL)
		g->next->place = &g->next;
	g->place = &vg_guests;
	vg_guests = g;
	serve_guest_go(r, g);
}

void
serve_guests_leave(struct reactor *r)
{
	struct serve_guest *g, *next;

	for (g = vg_guests; g != NULL; g = next) {
		next = g->next;
		if (g->state == SERVE_READING)
			vg_end(r, g);
		else
			g->request.keep = 0;
	}
}

void
serve_guests_end(struct reactor *r)
{
	while (vg_guests != NULL)
		vg_end(r, vg_guests);
}
