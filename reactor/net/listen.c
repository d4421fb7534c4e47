/*
 * SPDX-License-Identifier: ISC
 *
 * listen.c: sockets that listen, from the text of an address.
 *
 *   :80  *:80      --> 0.0.0.0:80  and [::]:80    \  two sockets, of which one
 *   localhost:80   --> 127.0.0.1:80 and [::1]:80  /  may not be had
 *   others         --> as it is written
 */
#include <sys/socket.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "reactor/net/listen.h"

#define LT_FLAGS                                                  \
	(REACTOR_DATAGRAM | REACTOR_NODELAY | REACTOR_KEEPALIVE | \
	    REACTOR_REUSEPORT | REACTOR_V6ONLY)
#define LT_MODES 0777u
#define LT_TRIES 16 /* for a port that is free in both families */

/* ---- Two of them --------------------------------------------------------- */

/* This machine has no such family, or has it switched off. */
static int
lt_is_missing(void)
{
	return errno == EAFNOSUPPORT || errno == EPROTONOSUPPORT ||
	    errno == EADDRNOTAVAIL || errno == ESOCKTNOSUPPORT;
}

static int
lt_open_host(
    const char *host, const char *port, const struct reactor__listen *w)
{
	char text[REACTOR_ADDRESS_TEXT];
	struct reactor_address a;

	if (snprintf(text, sizeof(text), "%s:%s", host, port) >=
	    (int)sizeof(text)) {
		errno = EINVAL;
		return -1;
	}
	return reactor_address_parse(&a, text) == 0 ? reactor__listen_at(&a, w)
						    : -1;
}

/* "0", unless the first has a port that the second must have as well. */
static int
lt_port(int fd, const char *port, char *text, size_t size)
{
	struct reactor_address a;

	if (fd == -1 || strspn(port, "0") < strlen(port))
		return snprintf(text, size, "%s", port) < (int)size ? 0 : -1;
	if (reactor_address_local(&a, fd) == -1)
		return -1;
	(void)reactor_address_text(&a, text, size);
	memmove(text, strrchr(text, ':') + 1, strlen(strrchr(text, ':')));
	return 0;
}

/* What the second of them is to be, when the first is there or missing. */
static int
lt_second(const char *host, const char *port, int first,
    const struct reactor__listen *w)
{
	char text[REACTOR_ADDRESS_TEXT];
	struct reactor__listen second = *w;
	int fd;

	second.flags |= REACTOR_V6ONLY; /* the first has the rest */
	if (lt_port(first, port, text, sizeof(text)) == -1)
		return -1;
	fd = lt_open_host(host, text, &second);
	/* The system chose a port that is free in one family only. */
	if (fd == -1 && errno == EADDRINUSE && strcmp(text, port) != 0)
		errno = EAGAIN;
	return fd;
}

/* How many; -1 with EAGAIN: another port may do. */
static int
lt_try(const char *const hosts[2], const char *port,
    const struct reactor__listen *w, int *fds, size_t max)
{
	int first = lt_open_host(hosts[0], port, w), second, error;

	if (first == -1 && !lt_is_missing())
		return -1;
	fds[0] = first;
	if (first != -1 && max == 1)
		return 1;
	second = lt_second(hosts[1], port, first, w);
	if (second != -1) {
		fds[first != -1] = second;
		return first != -1 ? 2 : 1;
	}
	if (first != -1 && lt_is_missing())
		return 1;
	error = errno;
	if (first != -1)
		(void)close(first);
	errno = error;
	return -1;
}

static int
lt_pair(const char *const hosts[2], const char *port,
    const struct reactor__listen *w, int *fds, size_t max)
{
	int made, tries = 0;

	do {
		made = lt_try(hosts, port, w, fds, max);
	} while (made == -1 && errno == EAGAIN && ++tries < LT_TRIES);
	if (made == -1 && errno == EAGAIN)
		errno = EADDRINUSE;
	return made;
}

/* ---- What is there already ----------------------------------------------- */

static int
lt_get(int fd, int name, int *value)
{
	socklen_t size = sizeof(*value);

	*value = 0;
	return getsockopt(fd, SOL_SOCKET, name, value, &size);
}

static int
lt_check(int fd, const struct reactor__listen *w)
{
	int type, listens;

	if (lt_get(fd, SO_TYPE, &type) == -1)
		return -1;
	if (w->type == SOCK_DGRAM && type == SOCK_DGRAM)
		return 0;
	if (w->type == SOCK_STREAM && type == SOCK_STREAM &&
	    lt_get(fd, SO_ACCEPTCONN, &listens) == 0 && listens)
		return 0;
	errno = EINVAL;
	return -1;
}

/* The number stays, and with -1 the descriptor too. */
static int
lt_given(const char *number, const struct reactor__listen *w, int *fds)
{
	char *end;
	long fd;

	errno = 0;
	fd = strtol(number, &end, 10);
	if (*number < '0' || *number > '9' || *end != '\0' || errno != 0 ||
	    fd > INT_MAX) {
		errno = EINVAL;
		return -1;
	}
	if (lt_check((int)fd, w) == -1 || reactor__nonblock((int)fd) == -1 ||
	    fcntl((int)fd, F_SETFD, FD_CLOEXEC) == -1)
		return -1;
	fds[0] = (int)fd;
	return 1;
}

/* ---- The function -------------------------------------------------------- */

static int
lt_want(struct reactor__listen *w, const struct reactor_listen_options *options)
{
	memset(w, 0, sizeof(*w));
	if (options != NULL) {
		w->flags = options->flags;
		w->mode = options->mode;
		w->backlog = options->backlog;
	}
	if (w->flags & ~(unsigned)LT_FLAGS || w->mode & ~LT_MODES) {
		errno = EINVAL;
		return -1;
	}
	/* SOMAXCONN is what the headers were told; the system knows its own. */
	if (w->backlog <= 0)
		w->backlog = INT_MAX;
	w->type = w->flags & REACTOR_DATAGRAM ? SOCK_DGRAM : SOCK_STREAM;
	return 0;
}

/* What follows the word, or NULL. */
static const char *
lt_after(const char *text, const char *word)
{
	size_t n = strlen(word);

	return strncmp(text, word, n) == 0 ? text + n : NULL;
}

static int
lt_single(const char *text, const struct reactor__listen *w, int *fds)
{
	struct reactor_address a;

	if (reactor_address_parse(&a, text) == -1)
		return -1;
	fds[0] = reactor__listen_at(&a, w);
	return fds[0] != -1 ? 1 : -1;
}

int
reactor_listen(const char *address,
    const struct reactor_listen_options *options, int *fds, size_t max)
{
	static const char *const any[2] = { "0.0.0.0", "[::]" };
	static const char *const local[2] = { "127.0.0.1", "[::1]" };
	struct reactor__listen w;
	const char *rest;

	if (lt_want(&w, options) == -1)
		return -1;
	if (address == NULL || max == 0) {
		errno = EINVAL;
		return -1;
	}
	if ((rest = lt_after(address, "fd:")) != NULL)
		return lt_given(rest, &w, fds);
	if ((rest = lt_after(address, ":")) != NULL ||
	    (rest = lt_after(address, "*:")) != NULL)
		return lt_pair(any, rest, &w, fds, max);
	if ((rest = lt_after(address, "localhost:")) != NULL)
		return lt_pair(local, rest, &w, fds, max);
	return lt_single(address, &w, fds);
}
