/*
 * SPDX-License-Identifier: ISC
 *
 * cares.h: has a loop drive the look-ups of a channel of c-ares.
 *
 *	static void
 *	found(void *data, int status, int timeouts, struct ares_addrinfo *list)
 *	{
 *		puts(ares_strerror(status));
 *		ares_freeaddrinfo(list);
 *	}
 *
 *	struct reactor_cares c;
 *
 *	if (reactor_cares_start(r, &c, NULL, 0) == 0)
 *		ares_getaddrinfo(c.channel, name, NULL, &hints, found, data);
 *
 * reactor_cares(3) has the details.
 */
#ifndef REACTOR_ADAPTERS_CARES_H
#define REACTOR_ADAPTERS_CARES_H

#include <sys/time.h>
#include <ares.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <reactor/reactor.h>

struct reactor__cares;

struct reactor_cares {
	ares_channel channel;         /* for the functions of c-ares */
	struct reactor__cares *state; /* the library's */
};

struct reactor__cares_socket {
	struct reactor_io io;
	struct reactor__cares *cares;
	struct reactor__cares_socket *next;
};

/* Apart, since c-ares goes on after the callback in which it is stopped. */
struct reactor__cares {
	struct reactor *reactor;
	ares_channel channel;
	struct reactor_prepare prepare;
	struct reactor_timer timer;
	struct reactor__cares_socket *sockets;
	int busy, stopped;
};

/* ---- To c-ares ----------------------------------------------------------- */

/* Whoever still waits is called with ARES_EDESTRUCTION. */
static inline void
reactor__cares_destroy(struct reactor__cares *s)
{
	ares_destroy(s->channel);
	free(s);
}

static inline void
reactor__cares_act(
    struct reactor__cares *s, ares_socket_t readable, ares_socket_t writable)
{
	s->busy = 1;
	ares_process_fd(s->channel, readable, writable);
	s->busy = 0;
	if (s->stopped)
		reactor__cares_destroy(s);
}

static inline void
reactor__cares_ready(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	int readable = (ready & (REACTOR_READ | REACTOR_BAD)) != 0;
	int writable = (ready & (REACTOR_WRITE | REACTOR_BAD)) != 0;

	(void)r;
	reactor__cares_act(
	    REACTOR_OWNER(io, struct reactor__cares_socket, io)->cares,
	    readable ? io->fd : ARES_SOCKET_BAD,
	    writable ? io->fd : ARES_SOCKET_BAD);
}

static inline void
reactor__cares_late(struct reactor *r, struct reactor_timer *timer)
{
	(void)r;
	reactor__cares_act(REACTOR_OWNER(timer, struct reactor__cares, timer),
	    ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

/*
 * Every look-up, answer and time-out may change when the next time-out is due,
 * and c-ares does not tell: so it is asked before each wait.  What it says is
 * cut to milliseconds.
 */
static inline void
reactor__cares_prepare(struct reactor *r, struct reactor_prepare *prepare)
{
	struct reactor__cares *s =
	    REACTOR_OWNER(prepare, struct reactor__cares, prepare);
	struct timeval memory, *left = ares_timeout(s->channel, NULL, &memory);
	int64_t due;

	if (left == NULL) {
		reactor_timer_stop(r, &s->timer);
		return;
	}
	due = reactor_now(r) + left->tv_sec * REACTOR_SECOND +
	    left->tv_usec * REACTOR_MICROSECOND + REACTOR_MILLISECOND;
	if (s->timer.event.state == 0 ||
	    due < s->timer.deadline - REACTOR_MILLISECOND ||
	    due > s->timer.deadline + REACTOR_MILLISECOND)
		(void)reactor_timer_start_at(r, &s->timer, due);
}

/* ---- From c-ares --------------------------------------------------------- */

/* What is stopped already may be of a loop that is closed. */
static inline void
reactor__cares_drop(struct reactor__cares_socket **place)
{
	struct reactor__cares_socket *socket = *place;

	if (socket->io.event.state != 0)
		reactor_io_stop(socket->cares->reactor, &socket->io);
	*place = socket->next;
	free(socket);
}

/* The place in the list, which is short, of the socket, or of a new one. */
static inline struct reactor__cares_socket **
reactor__cares_place(struct reactor__cares *s, ares_socket_t fd)
{
	struct reactor__cares_socket **place = &s->sockets;

	while (*place != NULL && (*place)->io.fd != fd)
		place = &(*place)->next;
	if (*place != NULL)
		return place;
	*place = (struct reactor__cares_socket *)calloc(1, sizeof(**place));
	if (*place == NULL)
		return NULL;
	(*place)->cares = s;
	(*place)->io.event.name = "c-ares";
	(*place)->io.callback = reactor__cares_ready;
	(*place)->io.fd = fd;
	return place;
}

/* Without memory for a handler, the look-up runs into its time-out. */
static inline void
reactor__cares_watch(void *data, ares_socket_t fd, int readable, int writable)
{
	struct reactor__cares *s = (struct reactor__cares *)data;
	struct reactor__cares_socket **place = reactor__cares_place(s, fd);

	if (place == NULL)
		return;
	(*place)->io.wanted = (unsigned char)((readable ? REACTOR_READ : 0) |
	    (writable ? REACTOR_WRITE : 0));
	if ((*place)->io.wanted == 0 || s->stopped ||
	    reactor_io_start(s->reactor, &(*place)->io) == -1)
		reactor__cares_drop(place);
}

/* ---- What a program calls ------------------------------------------------ */

/* Options and mask as for ares_init_options.  EINVAL: c-ares refuses them. */
static inline int
reactor_cares_start(struct reactor *r, struct reactor_cares *c,
    const struct ares_options *options, int mask)
{
	struct reactor__cares *s =
	    (struct reactor__cares *)calloc(1, sizeof(*s));
	struct ares_options mine;
	int status = ARES_ENOMEM;

	memset(&mine, 0, sizeof(mine));
	if (options != NULL)
		mine = *options;
	mine.sock_state_cb = reactor__cares_watch;
	mine.sock_state_cb_data = s;
	if (s != NULL)
		status = ares_init_options(
		    &s->channel, &mine, mask | ARES_OPT_SOCK_STATE_CB);
	if (status != ARES_SUCCESS) {
		free(s);
		errno = status == ARES_ENOMEM ? ENOMEM : EINVAL;
		return -1;
	}
	s->reactor = r;
	s->timer.event.name = s->prepare.event.name = "c-ares";
	s->timer.event.flags = REACTOR_BACKGROUND; /* not without a socket */
	s->timer.callback = reactor__cares_late;
	s->prepare.callback = reactor__cares_prepare;
	(void)reactor_prepare_start(r, &s->prepare); /* needs no memory */
	c->state = s;
	c->channel = s->channel;
	return 0;
}

/*
 * Destroys the channel: whoever still waits is called with ARES_EDESTRUCTION,
 * by the time this returns, or, in a callback of a look-up, soon after.
 */
static inline void
reactor_cares_stop(struct reactor *r, struct reactor_cares *c)
{
	struct reactor__cares *s = c->state;

	if (s == NULL)
		return;
	c->state = NULL;
	c->channel = NULL;
	s->stopped = 1;
	if (s->prepare.event.state != 0)
		reactor_prepare_stop(r, &s->prepare);
	if (s->timer.event.state != 0)
		reactor_timer_stop(r, &s->timer);
	while (s->sockets != NULL)
		reactor__cares_drop(&s->sockets);
	if (!s->busy)
		reactor__cares_destroy(s);
}

#endif
