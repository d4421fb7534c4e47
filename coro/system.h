/*
 * SPDX-License-Identifier: ISC
 *
 * system.h: system calls that one system has and another lacks: linux.c or
 * portable.c.
 */
#ifndef CORO_SYSTEM_H
#define CORO_SYSTEM_H

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

/* Without blocking; -1 with EOPNOTSUPP where that cannot be had. */
ssize_t task__readv_now(int fd, const struct iovec *, int n);
ssize_t task__writev_now(int fd, const struct iovec *, int n);
/* Non-blocking and close-on-exec. */
int task__accept_now(int fd, struct sockaddr *, unsigned *length);

#endif
