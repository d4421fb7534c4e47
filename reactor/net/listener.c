/*
 * SPDX-License-Identifier: ISC
 *
 * listener.c: accepting connections.
 *
 * When descriptors run out, the guest stays at the door and the socket stays
 * readable: so the listener does not look for a while.  There is a trick, to
 * keep a descriptor in reserve and to give it up so as to let the guest in and
 * turn him away; but who waits in the backlog is served later, and that is
 * better than to be turned away.
 */
#include <sys/socket.h>
#include <errno.h>
#include <string.h>
#include <fcntl.h>
#include <unistd.h>
#include "reactor/net/listen.h"
#include "reactor/net/net.h"
#include "reactor/nowait.h"
#include "reactor/support.h"

#define LR_FLAGS  (REACTOR_NODELAY | REACTOR_KEEPALIVE)
#define LR_BUDGET 16
#define LR_VAIN   64

#ifndef ENONET
#define ENONET EHOSTDOWN
#endif

/* ---- The system call ----------------------------------------------------- */

static int
lr_accept(int fd, struct reactor_address *peer)
{
	socklen_t length = sizeof(peer->u.bytes);
	int new;

	memset(peer, 0, sizeof(*peer)); /* so that equal ones compare so */
	new = reactor__accept_now(
	    fd, (struct sockaddr *)(void *)peer->u.bytes, &length);
	peer->length = length;
	return new >= 0 && new <= 2 ? reactor__descriptor_high(new) : new;
}

/* Linux passes on errors of the network and of a firewall. */
static int
lr_befell_guest(int error)
{
	return error == EINTR || error == ECONNABORTED || error == EPROTO ||
	    error == ENETDOWN || error == ENETUNREACH || error == EHOSTDOWN ||
	    error == EHOSTUNREACH || error == ENOPROTOOPT || error == ENONET ||
	    error == EPERM || error == ETIMEDOUT || error == ECONNRESET;
}

int
reactor__accept_failed(int error)
{
	if (error == EAGAIN || error == EWOULDBLOCK)
		return REACTOR__EMPTY;
	if (lr_befell_guest(error))
		return REACTOR__GUEST;
	if (error == EMFILE || error == ENFILE || error == ENOBUFS ||
	    error == ENOMEM)
		return REACTOR__FULL;
	return REACTOR__WRONG;
}

/* ---- Pauses -------------------------------------------------------------- */

static void
lr_tell(struct reactor *r, struct reactor_listener *l, int error)
{
	if (l->failed != NULL)
		l->failed(r, l, error);
}

/* Without memory even for the timer it goes on: busy, but not deaf. */
static void
lr_pause(struct reactor *r, struct reactor_listener *l, int error)
{
	int64_t pause = l->pause > 0 ? l->pause : REACTOR__ACCEPT_PAUSE;

	if (reactor_timer_start(r, &l->timer, pause) == 0)
		reactor_io_stop(r, &l->io);
	lr_tell(r, l, error);
}

static void
lr_again(struct reactor *r, struct reactor_timer *timer)
{
	struct reactor_listener *l =
	    REACTOR_OWNER(timer, struct reactor_listener, timer);

	if (reactor_io_start(r, &l->io) == -1)
		lr_pause(r, l, errno);
}

/* ---- Accepting ----------------------------------------------------------- */

/*
 * 1: there may be more.  Where none ever comes in, whatever the reason, it would
 * be tried for ever.
 */
static int
lr_failed(struct reactor *r, struct reactor_listener *l, int error)
{
	int why = reactor__accept_failed(error);

	if (why == REACTOR__GUEST && ++l->vain < LR_VAIN)
		return 1;
	l->vain = 0;
	if (why == REACTOR__WRONG) {
		reactor_listener_stop(r, l);
		lr_tell(r, l, error);
	} else if (why != REACTOR__EMPTY) {
		lr_pause(r, l, error);
	}
	return 0;
}

/* Once the callback has stopped or freed the listener it is not looked at. */
static void
lr_ready(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	struct reactor_listener *l =
	    REACTOR_OWNER(io, struct reactor_listener, io);
	unsigned n = l->budget > 0 ? l->budget : LR_BUDGET;
	struct reactor_address peer;
	unsigned char stopped = 0;
	int fd;

	if (ready & REACTOR_BAD) {
		(void)lr_failed(r, l, io->error);
		return;
	}
	l->stopped = &stopped;
	while (n-- > 0 && !stopped) {
		fd = lr_accept(io->fd, &peer);
		if (fd != -1) {
			l->vain = 0;
			reactor__socket_options(fd, l->flags);
			l->callback(r, l, fd, &peer);
		} else if (!lr_failed(r, l, errno)) {
			break;
		}
	}
	if (!stopped)
		l->stopped = NULL;
}

/* ---- The functions ------------------------------------------------------- */

static int
lr_check(const struct reactor_listener *l)
{
	int flags;

	if (l->callback == NULL || (l->flags & ~(unsigned)LR_FLAGS) != 0) {
		errno = EINVAL;
		return -1;
	}
	flags = fcntl(l->fd, F_GETFL);
	if (flags == -1)
		return -1;
	if (flags & O_NONBLOCK)
		return 0;
	errno = EINVAL; /* one guest less than we thought would be a hang */
	return -1;
}

int
reactor_listener_start(struct reactor *r, struct reactor_listener *l)
{
	if (lr_check(l) == -1)
		return -1;
	if (l->io.event.state != 0 && l->io.fd != l->fd)
		reactor_io_stop(r, &l->io);
	reactor_timer_stop(r, &l->timer);
	l->io.event.name = l->timer.event.name = "listener";
	l->io.callback = lr_ready;
	l->io.wanted = REACTOR_READ;
	l->io.fd = l->fd;
	l->timer.callback = lr_again;
	return reactor_io_start(r, &l->io);
}

void
reactor_listener_stop(struct reactor *r, struct reactor_listener *l)
{
	reactor_io_stop(r, &l->io);
	reactor_timer_stop(r, &l->timer);
	if (l->stopped != NULL)
		*l->stopped = 1;
	l->stopped = NULL;
}
