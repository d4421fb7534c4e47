/*
 * SPDX-License-Identifier: ISC
 *
 * web.h: what the servers of web.c have in common: each listens on a free port
 * of this machine, prints its number, and answers every request with the same
 * few bytes, until it is killed.
 */
#ifndef WEB_H
#define WEB_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define WEB_ANSWER                     \
	"HTTP/1.1 200 OK\r\n"          \
	"Content-Type: text/plain\r\n" \
	"Content-Length: 13\r\n"       \
	"\r\n"                         \
	"Hello, World!"
#define WEB_SIZE   (sizeof(WEB_ANSWER) - 1)
#define WEB_BUFFER 2048 /* of a connection, where the library has none */

_Noreturn static inline void
web_die(const char *what)
{
	perror(what);
	exit(1);
}

/* The socket; non-blocking if told so. */
static inline int
web_listen(int flags)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

	if (fd == -1 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) == -1 ||
	    listen(fd, 4096) == -1 ||
	    getsockname(fd, (struct sockaddr *)&address, &size) == -1)
		web_die("listen");
	(void)printf("%u\n", ntohs(address.sin_port));
	(void)fflush(stdout);
	return fd;
}

static inline int
web_accept(int listener)
{
	int one = 1;
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd != -1)
		(void)setsockopt(
		    fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

/* The length of the first request, or 0 if it is not all there. */
static inline size_t
web_request(const char *bytes, size_t size)
{
	const char *end = memmem(bytes, size, "\r\n\r\n", 4);

	return end == NULL ? 0 : (size_t)(end - bytes) + 4;
}

/* What a server by hand keeps of a connection. */
struct web_guest {
	size_t size;
	char bytes[WEB_BUFFER];
};

/* Reads once and answers what is there: 0, or -1: the guest has gone. */
static inline int
web_serve(int fd, struct web_guest *guest)
{
	char answers[16 * WEB_SIZE];
	size_t length, used = 0, n = 0;
	ssize_t got =
	    recv(fd, guest->bytes + guest->size, WEB_BUFFER - guest->size, 0);

	if (got <= 0)
		return -1;
	guest->size += (size_t)got;
	while (n + WEB_SIZE <= sizeof(answers) &&
	    (length = web_request(guest->bytes + used, guest->size - used)) >
		0) {
		used += length;
		memcpy(answers + n, WEB_ANSWER, WEB_SIZE);
		n += WEB_SIZE;
	}
	guest->size -= used;
	memmove(guest->bytes, guest->bytes + used, guest->size);
	return n > 0 && send(fd, answers, n, MSG_NOSIGNAL) != (ssize_t)n ? -1
									 : 0;
}

static inline struct web_guest *
web_guest(void)
{
	struct web_guest *guest = malloc(sizeof(*guest));

	if (guest == NULL)
		web_die("malloc");
	guest->size = 0;
	return guest;
}

#endif
