/*
 * SPDX-License-Identifier: ISC
 *
 * bind.c: one socket that listens, or is bound, at one address.
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include "reactor/net/listen.h"
#include "reactor/support.h"

/* Where these are missing, fcntl(2) does it a moment later. */
#ifndef SOCK_CLOEXEC
#define SOCK_CLOEXEC 0
#endif
#ifndef SOCK_NONBLOCK
#define SOCK_NONBLOCK 0
#endif

static void
bi_close(int fd)
{
	int error = errno;

	if (fd != -1)
		(void)close(fd);
	errno = error;
}

/* ---- Options ------------------------------------------------------------- */

static int
bi_option(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value));
}

/*
 * SO_REUSEADDR would let two share a port of UDP.  A guest inherits what his
 * listener has of NODELAY and KEEPALIVE; a UNIX socket has neither.
 */
static int
bi_options(int fd, int family, const struct reactor__listen *w)
{
	int stream = w->type == SOCK_STREAM;

	if (family == AF_UNIX)
		return 0;
	if (stream && bi_option(fd, SOL_SOCKET, SO_REUSEADDR, 1) == -1)
		return -1;
	if (w->flags & REACTOR_REUSEPORT &&
	    bi_option(fd, SOL_SOCKET, SO_REUSEPORT, 1) == -1)
		return -1;
	if (stream && w->flags & REACTOR_NODELAY)
		(void)bi_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	if (stream && w->flags & REACTOR_KEEPALIVE)
		(void)bi_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	if (family != AF_INET6)
		return 0;
	/* Some systems have no other way than V6ONLY. */
	if (bi_option(fd, IPPROTO_IPV6, IPV6_V6ONLY,
		(w->flags & REACTOR_V6ONLY) != 0) == -1 &&
	    w->flags & REACTOR_V6ONLY)
		return -1;
	return 0;
}

int
reactor__nonblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags == -1)
		return -1;
	return flags & O_NONBLOCK ? 0 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

static int
bi_socket(int family, const struct reactor__listen *w)
{
	int fd = reactor__descriptor_high(
	    socket(family, w->type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));

	if (fd == -1)
		return -1;
	if (reactor__nonblock(fd) == 0 && bi_options(fd, family, w) == 0)
		return fd;
	bi_close(fd);
	return -1;
}

/* ---- The file of a UNIX socket ------------------------------------------- */

static const char *
bi_path(const struct reactor_address *a)
{
	const struct sockaddr_un *un =
	    (const struct sockaddr_un *)(const void *)reactor_address_socket(a);

	return un->sun_family == AF_UNIX && un->sun_path[0] == '/'
	    ? un->sun_path
	    : NULL;
}

/*
 * It is a socket, and nobody is behind it.  One that is about to listen looks
 * the same for a moment.
 */
static int
bi_is_stale(const struct reactor_address *a, const struct reactor__listen *w)
{
	struct stat status;
	int fd, stale;

	if (lstat(bi_path(a), &status) == -1 || !S_ISSOCK(status.st_mode))
		return 0;
	fd = bi_socket(AF_UNIX, w);
	stale = fd != -1 &&
	    connect(fd, reactor_address_socket(a), a->length) == -1 &&
	    errno == ECONNREFUSED;
	bi_close(fd);
	return stale;
}

/*
 * The file must not be open to more than it is to be, not even for a moment,
 * and umask(2) is of the whole process.  A stream cannot be reached before it
 * listens; for datagrams Linux takes the mode of the socket, and others ignore
 * that.
 */
static int
bi_bind_path(
    int fd, const struct reactor_address *a, const struct reactor__listen *w)
{
	const struct sockaddr *at = reactor_address_socket(a);

	if (w->mode != 0)
		(void)fchmod(fd, w->mode);
	if (bind(fd, at, a->length) == -1) {
		if (errno != EADDRINUSE)
			return -1;
		if (!bi_is_stale(a, w)) {
			errno = EADDRINUSE;
			return -1;
		}
		if (unlink(bi_path(a)) == -1 || bind(fd, at, a->length) == -1)
			return -1;
	}
	return w->mode != 0 ? chmod(bi_path(a), w->mode) : 0;
}

/* ---- One socket ---------------------------------------------------------- */

static int
bi_bind(
    int fd, const struct reactor_address *a, const struct reactor__listen *w)
{
	if (bi_path(a) != NULL)
		return bi_bind_path(fd, a, w);
	return bind(fd, reactor_address_socket(a), a->length);
}

/* Takes back what was made at that address. */
static void
bi_undo(int fd, const struct reactor_address *a)
{
	int error = errno;
	struct reactor_address bound;

	if (bi_path(a) != NULL && reactor_address_local(&bound, fd) == 0 &&
	    bi_path(&bound) != NULL)
		(void)unlink(bi_path(a));
	(void)close(fd);
	errno = error;
}

int
reactor__listen_at(
    const struct reactor_address *a, const struct reactor__listen *w)
{
	int family = reactor_address_socket(a)->sa_family, fd;

	if (family == AF_UNIX && w->flags & REACTOR_REUSEPORT) {
		errno = EINVAL;
		return -1;
	}
	fd = bi_socket(family, w);
	if (fd == -1)
		return -1;
	if (bi_bind(fd, a, w) == 0 &&
	    (w->type != SOCK_STREAM || listen(fd, w->backlog) == 0))
		return fd;
	bi_undo(fd, a);
	return -1;
}
