/*
 * SPDX-License-Identifier: ISC
 *
 * wire.c: sends and receives bytes and descriptors over sockets.
 */
#include <sys/mman.h>
#include <sys/socket.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "reactor/executor/system.h"
#include "reactor/executor/wire.h"
#include "reactor/support.h"

/* Elsewhere pair.c has seen to it. */
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif
#ifndef MSG_CMSG_CLOEXEC
#define MSG_CMSG_CLOEXEC 0 /* reactor__descriptor_high sets it */
#endif

/* Room for descriptors that come, aligned as it must be. */
union xy_control {
	struct cmsghdr head;
	char bytes[CMSG_SPACE(REACTOR__PASSED * sizeof(int))];
};

/* ---- Descriptors --------------------------------------------------------- */

void
reactor__wire_close(int *fd)
{
	int error = errno;

	if (*fd != -1)
		(void)close(*fd);
	*fd = -1;
	errno = error;
}

/* ---- Messages ------------------------------------------------------------ */

void
reactor__message_put(
    struct reactor__message *message, const void *bytes, size_t size)
{
	struct iovec *part = &message->part[message->parts++];

	part->iov_base = (void *)(uintptr_t)bytes;
	part->iov_len = size;
}

size_t
reactor__message_left(const struct reactor__message *message)
{
	size_t left = 0;
	int i;

	for (i = 0; i < message->parts; i++)
		left += message->part[i].iov_len;
	return left;
}

static void
xy_passed(struct reactor__message *message, size_t n)
{
	struct iovec *part = message->part;
	int i;

	for (i = 0; i < message->parts && n > 0; i++) {
		size_t some = n < part[i].iov_len ? n : part[i].iov_len;

		part[i].iov_base = (char *)part[i].iov_base + some;
		part[i].iov_len -= some;
		n -= some;
	}
}

static void
xy_attach(struct msghdr *head, union xy_control *control,
    const struct reactor__message *message)
{
	size_t size = (size_t)message->descriptors * sizeof(int);
	struct cmsghdr *first;

	memset(control, 0, sizeof(*control));
	head->msg_control = control;
	head->msg_controllen = CMSG_SPACE(size);
	first = CMSG_FIRSTHDR(head);
	first->cmsg_level = SOL_SOCKET;
	first->cmsg_type = SCM_RIGHTS;
	first->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(first), message->passed, size);
}

static void
xy_head(struct msghdr *head, struct reactor__message *message)
{
	memset(head, 0, sizeof(*head));
	head->msg_iov = message->part;
	/* int with musl and the BSDs, size_t with glibc. */
	head->msg_iovlen = (__typeof__(head->msg_iovlen))message->parts;
}

int
reactor__message_send(int socket, struct reactor__message *message, int waits)
{
	union xy_control control;
	struct msghdr head;
	ssize_t n;

	xy_head(&head, message);
	if (message->descriptors > 0)
		xy_attach(&head, &control, message);
	do
		n = sendmsg(
		    socket, &head, MSG_NOSIGNAL | (waits ? 0 : MSG_DONTWAIT));
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return -1;
	message->descriptors = 0;
	xy_passed(message, (size_t)n);
	return 0;
}

int
reactor__send_all(int socket, struct reactor__message *message)
{
	do
		if (reactor__message_send(socket, message, 1) == -1)
			return -1;
	while (reactor__message_left(message) > 0);
	return 0;
}

/* Those that are not welcome are closed. */
static void
xy_detach(struct msghdr *head, struct reactor__message *message, int welcome)
{
	struct cmsghdr *c;
	size_t i, n;
	int fd;

	message->cut = (head->msg_flags & MSG_CTRUNC) != 0;
	for (c = CMSG_FIRSTHDR(head); c != NULL; c = CMSG_NXTHDR(head, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (message->descriptors >= welcome)
				(void)close(fd);
			else if ((fd = reactor__descriptor_high(fd)) != -1)
				message->passed[message->descriptors++] = fd;
			else
				message->cut = 1;
		}
	}
}

ssize_t
reactor__message_receive(
    int socket, struct reactor__message *message, int waits)
{
	int welcome = message->descriptors;
	union xy_control control;
	struct msghdr head;
	ssize_t n;

	message->descriptors = message->cut = 0;
	xy_head(&head, message);
	head.msg_control = &control;
	head.msg_controllen = sizeof(control);
	do
		n = recvmsg(socket, &head,
		    MSG_CMSG_CLOEXEC | (waits ? 0 : MSG_DONTWAIT));
	while (n == -1 && errno == EINTR);
	if (n != -1)
		xy_detach(&head, message, welcome);
	return n;
}

/* ---- Large bytes --------------------------------------------------------- */

int
reactor__wire_file(const void *bytes, size_t size)
{
	int fd = reactor__memory_open(size);
	size_t done = 0;
	ssize_t n;

	if (fd == -1)
		return -1;
	if (reactor__memory_seal(fd) == -1) {
		reactor__wire_close(&fd);
		return -1;
	}
	while (done < size) {
		n = pwrite(
		    fd, (const char *)bytes + done, size - done, (off_t)done);
		if (n > 0)
			done += (size_t)n;
		else if (n == 0 || errno != EINTR)
			break;
	}
	if (done == size)
		return fd;
	reactor__wire_close(&fd);
	return -1;
}

void *
reactor__wire_map(int fd, size_t size, int writable)
{
	void *bytes = MAP_FAILED;

	if (size > 0 && reactor__memory_check(fd, size) == 0)
		bytes =
		    mmap(NULL, size, PROT_READ | (writable ? PROT_WRITE : 0),
			MAP_PRIVATE, fd, 0);
	reactor__wire_close(&fd);
	return bytes != MAP_FAILED ? bytes : NULL;
}
