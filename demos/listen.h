/*
 * SPDX-License-Identifier: ISC
 *
 * listen.h: how a server gets its connections.  A listener is a handler with
 * a timer: when descriptors run out it pauses, for the guest stays at the door
 * and would wake the loop for ever.
 */
#ifndef DEMOS_LISTEN_H
#define DEMOS_LISTEN_H

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <reactor/reactor.h>

#define LISTEN_TYPE  (SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK)
#define LISTEN_PAUSE (REACTOR_SECOND / 4)

struct listener {
	struct reactor_io io;
	struct reactor_timer pause;
	void (*accepted)(struct reactor *, int fd);
	const char *where;
};

/* ---- The handler --------------------------------------------------------- */

/* Why accept failed: there is no room, but the guest may come in later. */
static inline int
listen_is_full(void)
{
	return errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
	    errno == ENOMEM;
}

static inline void
listen_ready(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	struct listener *listener = REACTOR_OWNER(io, struct listener, io);
	int fd = accept4(io->fd, NULL, NULL, SOCK_CLOEXEC);

	(void)ready;
	if (fd != -1) {
		listener->accepted(r, fd);
	} else if (listen_is_full()) {
		warn("accept, trying again soon");
		if (reactor_timer_start(r, &listener->pause, LISTEN_PAUSE) == 0)
			reactor_io_stop(r, io);
	}
	/* With any other error the guest has gone again. */
}

static inline void
listen_again(struct reactor *r, struct reactor_timer *pause)
{
	struct listener *listener =
	    REACTOR_OWNER(pause, struct listener, pause);

	if (reactor_io_start(r, &listener->io) == -1)
		reactor_timer_start(r, pause, LISTEN_PAUSE);
}

/* ---- The socket ---------------------------------------------------------- */

static inline int
listen_bound(int fd, const struct sockaddr *address, socklen_t length)
{
	if (fd != -1 && bind(fd, address, length) == 0 &&
	    listen(fd, SOMAXCONN) == 0)
		return 0;
	return -1;
}

/* It is a socket, and nobody listens at it any more. */
static inline int
listen_stale(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, LISTEN_TYPE, 0), stale;
	struct stat status;

	stale = fd != -1 && lstat(address->sun_path, &status) == 0 &&
	    S_ISSOCK(status.st_mode) &&
	    connect(fd, (const struct sockaddr *)address, sizeof(*address)) ==
		-1 &&
	    errno == ECONNREFUSED;
	close(fd);
	return stale;
}

static inline int
listen_unix(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const struct sockaddr *any = (const struct sockaddr *)&address;
	int fd = socket(AF_UNIX, LISTEN_TYPE, 0);

	if (strlen(path) >= sizeof(address.sun_path))
		errx(1, "%s: the path is too long for a socket", path);
	strcpy(address.sun_path, path);
	if (listen_bound(fd, any, sizeof(address)) == 0)
		return fd;
	if (errno == EADDRINUSE && listen_stale(&address) &&
	    unlink(path) == 0 && listen_bound(fd, any, sizeof(address)) == 0)
		return fd;
	err(1, "%s", path);
}

static inline int
listen_inet(const char *where)
{
	const struct addrinfo hints = { .ai_flags = AI_PASSIVE,
		.ai_socktype = SOCK_STREAM };
	const char *colon = strrchr(where, ':');
	const char *port = colon != NULL ? colon + 1 : where;
	char host[256] = "127.0.0.1";
	struct addrinfo *list;
	int fd, error, one = 1;

	if (colon != NULL) /* [::1]:7 has brackets */
		snprintf(host, sizeof(host), "%.*s",
		    (int)(colon - where) - 2 * (*where == '['),
		    where + (*where == '['));
	error = getaddrinfo(*host != '\0' ? host : NULL, port, &hints, &list);
	if (error != 0)
		errx(1, "%s: %s", where, gai_strerror(error));
	fd = socket(list->ai_family, LISTEN_TYPE, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (listen_bound(fd, list->ai_addr, list->ai_addrlen) == -1)
		err(1, "%s", where);
	freeaddrinfo(list);
	return fd;
}

static inline void
listen_print(int fd)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);
	char host[256], port[32];

	if (getsockname(fd, (struct sockaddr *)&address, &length) == -1 ||
	    getnameinfo((struct sockaddr *)&address, length, host, sizeof(host),
		port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		errx(1, "cannot tell the address");
	printf(strchr(host, ':') ? "listening at [%s]:%s\n"
				 : "listening at %s:%s\n",
	    host, port);
}

/* ---- What a server calls ------------------------------------------------- */

/*
 * Listens at [HOST:]PORT (0: any free one), or at a PATH, which is a word with
 * a slash, and prints where.  What fails ends the program.
 */
static inline int
listen_open(const char *where)
{
	int local = strchr(where, '/') != NULL;
	int fd = local ? listen_unix(where) : listen_inet(where);

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (local)
		printf("listening at %s\n", where);
	else
		listen_print(fd);
	return fd;
}

/* Also removes the socket file. */
static inline void
listen_close(int fd, const char *where)
{
	close(fd);
	if (strchr(where, '/') != NULL)
		unlink(where);
}

/* The same with a handler, which passes on every connection. */
static inline void
listen_start(struct reactor *r, struct listener *listener, const char *where,
    void (*accepted)(struct reactor *, int fd))
{
	*listener = (struct listener){
		.io.event.name = "listener",
		.io.callback = listen_ready,
		.io.wanted = REACTOR_READ,
		.io.fd = listen_open(where),
		.pause.event.name = "pause",
		.pause.callback = listen_again,
		.accepted = accepted,
		.where = where,
	};
	if (reactor_io_start(r, &listener->io) == -1)
		err(1, "%s", where);
}

static inline void
listen_end(struct reactor *r, struct listener *listener)
{
	reactor_timer_stop(r, &listener->pause);
	reactor_io_stop(r, &listener->io);
	listen_close(listener->io.fd, listener->where);
}

#endif
