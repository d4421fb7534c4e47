/*
 * SPDX-License-Identifier: ISC
 *
 * socket.c: a socket is connected without waiting.
 *
 * What may come in between, and what is done about it:
 *   a. connect(2) is interrupted, or was under way: it goes on, as if it had
 *      said EINPROGRESS.
 *   b. The queue of a UNIX listener is full: EAGAIN, and nothing will tell when
 *      it is not.  It is tried again, later and later.
 *   c. SO_ERROR says why an attempt failed, but only once: it is asked once.  0
 *      is no proof of success, hence getpeername(2).
 *   d. On the loopback a port that nobody listens at may be chosen for our own
 *      end, and TCP connects the socket to itself: that is refused.
 */
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include "reactor/net/net.h"

/* Where these are missing, fcntl(2) does it a moment later. */
#ifndef SOCK_CLOEXEC
#define SOCK_CLOEXEC 0
#endif
#ifndef SOCK_NONBLOCK
#define SOCK_NONBLOCK 0
#endif

static int
es_socket(int family, int type)
{
	int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), error;

	if (fd <= 2 || SOCK_CLOEXEC == 0)
		fd = reactor__descriptor_high(fd);
	if (fd == -1 || SOCK_NONBLOCK != 0 ||
	    fcntl(fd, F_SETFL, O_NONBLOCK) == 0)
		return fd;
	error = errno;
	(void)close(fd);
	errno = error;
	return -1;
}

static int
es_is_inet(const struct reactor_address *address)
{
	return reactor__address_family(address) != AF_UNIX;
}

static int
es_error(int fd)
{
	int error = 0;
	socklen_t size = sizeof(error);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == -1)
		return errno;
	return error;
}

/* It is not connected: was the loop mistaken, or has it been and gone? */
static int
es_gone(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	return poll(&p, 1, 0) == 1 ? ECONNRESET : EINPROGRESS;
}

/* 0, or an error; EINPROGRESS: not yet. */
static int
es_connected(int fd, const struct reactor_address *address)
{
	struct reactor_address peer, local;

	if (reactor_address_peer(&peer, fd) == -1)
		return errno == ENOTCONN ? es_gone(fd) : errno;
	if (!es_is_inet(address) || reactor_address_local(&local, fd) == -1)
		return 0;
	return memcmp(&local, &peer, sizeof(peer)) == 0 ? ECONNREFUSED : 0;
}

static int
es_connect(int fd, const struct reactor_address *to)
{
	int error;

	if (connect(fd, reactor_address_socket(to), to->length) == 0)
		return es_connected(fd, to);
	error = errno;
	switch (error) {
	case EINTR:
	case EALREADY:
		return EINPROGRESS;
	case EISCONN:
		return es_connected(fd, to);
	case EAGAIN:
		return es_is_inet(to) ? EADDRNOTAVAIL : EAGAIN;
	default:
		return error;
	}
}

int
reactor__socket_connect(
    int *fd, const struct reactor_address *to, unsigned flags)
{
	int type = flags & REACTOR_DATAGRAM ? SOCK_DGRAM : SOCK_STREAM, error;

	*fd = es_socket(reactor__address_family(to), type);
	if (*fd == -1)
		return errno;
	error = es_connect(*fd, to);
	if (error != 0 && error != EINPROGRESS)
		(void)close(*fd);
	return error;
}

int
reactor__socket_result(int fd, const struct reactor_address *to)
{
	int error = es_error(fd);

	return error != 0 ? error : es_connected(fd, to);
}

/* What is asked for where it does not apply does no harm. */
void
reactor__socket_options(int fd, unsigned flags)
{
	const int on = 1;

	if ((flags & (REACTOR_NODELAY | REACTOR_DATAGRAM)) == REACTOR_NODELAY)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (flags & REACTOR_KEEPALIVE)
		(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
}
