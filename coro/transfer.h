/*
 * SPDX-License-Identifier: ISC
 *
 * transfer.h: bytes in or out, by which system call, and of which buffers.
 */
#ifndef CORO_TRANSFER_H
#define CORO_TRANSFER_H

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

struct task__transfer;

/* Once, and without blocking: -1 with EAGAIN. */
typedef ssize_t task__attempt_fn(const struct task__transfer *, unsigned sort);

struct task__transfer {
	int fd;
	unsigned direction;
	int stream; /* fewer bytes than asked for: there are no more */
	size_t size;
	int flags; /* of the socket calls */
	union {
		struct iovec bytes; /* when n is 0 */
		const struct iovec *vector;
		struct msghdr *message;
	} u;
	int n;
	task__attempt_fn *attempt;
};

/* attempt.c */
task__attempt_fn task__attempt_read, task__attempt_write, task__attempt_recv,
    task__attempt_send, task__attempt_recvmsg, task__attempt_sendmsg;

#endif
