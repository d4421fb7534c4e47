/*
 * SPDX-License-Identifier: ISC
 *
 * connection.c: connections that are accepted and made, and numbers of
 * descriptors that come and go: what the library knows of the file that had the
 * number before is not true of the next.
 *
 * F_SETFL, FIONBIO, SO_RCVTIMEO and SO_SNDTIMEO need no hook: they are asked for
 * whenever a call has to wait.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <unistd.h>
#include "coro/hook/internal.h"

/* ---- Accepting ----------------------------------------------------------- */

static int
hkd_listens(int fd)
{
	socklen_t size = sizeof(int);
	int listens = 0;

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) ==
	    0 &&
	    listens;
}

/* accept4 has no MSG_DONTWAIT: it is called when somebody is there. */
static int
hkd_accept(struct hook__task *t, int fd, struct sockaddr *address,
    socklen_t *length, int flags)
{
	struct hook__wait w = {
		.fd = fd, .wanted = REACTOR_READ, .option = SO_RCVTIMEO
	};

	if (t == NULL || !hkd_listens(fd))
		return hook__real()->accept4(fd, address, length, flags);
	if (hook__begin(t, fd) == -1)
		return -1;
	while (!hook__ready(fd, POLLIN))
		if (hook__wait(&w) == -1)
			return -1;
	return hook__real()->accept4(fd, address, length, flags);
}

HOOK(int, accept4,
    (int fd, struct sockaddr *address, socklen_t *length, int flags))
{
	int new = hkd_accept(HOOK_TASK, fd, address, length, flags);

	return HOOK_KNOWS ? hook__new(new) : new;
}

HOOK(int, accept, (int fd, struct sockaddr *address, socklen_t *length))
{
	int new = hkd_accept(HOOK_TASK, fd, address, length, 0);

	return HOOK_KNOWS ? hook__new(new) : new;
}

/* ---- Connecting ---------------------------------------------------------- */

static int
hkd_waits(int fd)
{
	socklen_t size = sizeof(int);
	int type = 0;

	return hook__blocks(fd) &&
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
	    (type == SOCK_STREAM || type == SOCK_SEQPACKET);
}

/* A UNIX socket that does not block says EAGAIN when the listener has no room
 * for it; one that does waits for that. */
static int
hkd_connect(int fd, const struct sockaddr *address, socklen_t length)
{
	int64_t pause = 0;
	int result;

	do
		result = task_connect(fd, address, length);
	while (result == -1 && errno == EAGAIN &&
	    address->sa_family == AF_UNIX &&
	    hook__pause(&pause, INT64_MAX) == 0);
	return result;
}

HOOK(int, connect, (int fd, const struct sockaddr *address, socklen_t length))
{
	struct task_scope scope;
	int result;

	if (HOOK_TASK == NULL || !hkd_waits(fd))
		return hook__real()->connect(fd, address, length);
	if (task_scope_enter(&scope, hook__timeout(fd, SO_SNDTIMEO)) == -1)
		return -1;
	result = hkd_connect(fd, address, length);
	if (task_scope_leave(&scope) == -1 && errno == ETIMEDOUT)
		errno = address->sa_family == AF_UNIX ? EAGAIN : EINPROGRESS;
	return result;
}

/* ---- Numbers that go ----------------------------------------------------- */

HOOK(int, close, (int fd))
{
	if (HOOK_KNOWS)
		hook__forget(fd);
	return hook__real()->close(fd);
}

HOOK(int, dup2, (int fd, int new))
{
	if (HOOK_KNOWS && fd != new &&hook__real()->fcntl(fd, F_GETFD) != -1)
		hook__forget(new);
	return hook__real()->dup2(fd, new);
}

HOOK(int, dup3, (int fd, int new, int flags))
{
	if (HOOK_KNOWS && fd != new &&hook__real()->fcntl(fd, F_GETFD) != -1)
		hook__forget(new);
	return hook__real()->dup3(fd, new, flags);
}

/* ---- Numbers that come --------------------------------------------------- */

HOOK(int, socket, (int domain, int type, int protocol))
{
	int fd = hook__real()->socket(domain, type, protocol);

	return HOOK_KNOWS ? hook__new(fd) : fd;
}

static int
hkd_pair(int knows, int result, const int fd[2])
{
	if (knows && result == 0) {
		hook__forget(fd[0]);
		hook__forget(fd[1]);
	}
	return result;
}

HOOK(int, socketpair, (int domain, int type, int protocol, int fd[2]))
{
	return hkd_pair(HOOK_KNOWS,
	    hook__real()->socketpair(domain, type, protocol, fd), fd);
}

HOOK(int, pipe, (int fd[2]))
{
	return hkd_pair(HOOK_KNOWS, hook__real()->pipe(fd), fd);
}

HOOK(int, pipe2, (int fd[2], int flags))
{
	return hkd_pair(HOOK_KNOWS, hook__real()->pipe2(fd, flags), fd);
}

HOOK(int, dup, (int fd))
{
	int new = hook__real()->dup(fd);

	return HOOK_KNOWS ? hook__new(new) : new;
}

static int
hkd_is_new(int command)
{
	return command == F_DUPFD || command == F_DUPFD_CLOEXEC;
}

/* Whether there is a third argument, and what it is, only the kernel knows. */
HOOK(int, fcntl, (int fd, int command, ...))
{
	void *argument;
	va_list list;
	int result;

	va_start(list, command);
	argument = va_arg(list, void *);
	va_end(list);
	result = hook__real()->fcntl(fd, command, argument);
	return hkd_is_new(command) && HOOK_KNOWS ? hook__new(result) : result;
}

HOOK(int, fcntl64, (int fd, int command, ...))
{
	void *argument;
	va_list list;
	int result;

	va_start(list, command);
	argument = va_arg(list, void *);
	va_end(list);
	result = hook__real()->fcntl64(fd, command, argument);
	return hkd_is_new(command) && HOOK_KNOWS ? hook__new(result) : result;
}
