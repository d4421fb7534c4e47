/*
 * SPDX-License-Identifier: ISC
 *
 * ends.h: what the tests of descriptors in tasks have in common: two ends that
 * are connected.  See also loop_pipe and loop_pair.
 */
#ifndef TEST_ENDS_H
#define TEST_ENDS_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include "test/tasks.h"

/* Over TCP, and blocking. */
__attribute__((unused)) static void
ends_tcp(int fd[2])
{
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t length = sizeof(address);
	struct sockaddr *any = (struct sockaddr *)&address;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (listener == -1 || bind(listener, any, length) == -1)
		SKIP("no loopback");
	CHECK(getsockname(listener, any, &length) == 0);
	CHECK(listen(listener, 1) == 0);
	CHECK((fd[0] = socket(AF_INET, SOCK_STREAM, 0)) != -1);
	CHECK(connect(fd[0], any, length) == 0);
	CHECK((fd[1] = accept(listener, NULL, NULL)) != -1);
	CHECK(close(listener) == 0);
}

/* Not much is under way. */
__attribute__((unused)) static void
ends_narrow(const int fd[2])
{
	int size = 2048, i;

	for (i = 0; i < 2; i++) {
		CHECK(setsockopt(fd[i], SOL_SOCKET, SO_SNDBUF, &size,
			  sizeof(size)) == 0);
		CHECK(setsockopt(fd[i], SOL_SOCKET, SO_RCVBUF, &size,
			  sizeof(size)) == 0);
	}
}

/* Nothing more can be sent. */
__attribute__((unused)) static void
ends_fill(int fd)
{
	static const char bytes[4096];

	while (send(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		continue;
	while (send(fd, bytes, 1, MSG_DONTWAIT) > 0)
		continue;
	CHECK_INT(errno, EAGAIN);
}

/* The other end of it gets ECONNRESET. */
__attribute__((unused)) static void
ends_reset(int fd)
{
	struct linger none = { .l_onoff = 1, .l_linger = 0 };

	CHECK(setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none)) == 0);
	CHECK_INT(task_close(fd), 0);
}

__attribute__((unused)) static void
ends_close(const int fd[2])
{
	CHECK_INT(task_close(fd[0]), 0);
	CHECK_INT(task_close(fd[1]), 0);
}

/* A server for one guest: sends back what it gets. */
__attribute__((unused)) static intptr_t
ends_echo(void *fd)
{
	char bytes[64];
	intptr_t n;

	while ((n = task_read(*(int *)fd, bytes, sizeof(bytes))) > 0)
		CHECK_INT(task_write(*(int *)fd, bytes, (size_t)n), n);
	return n;
}

#endif
