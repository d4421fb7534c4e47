/*
 * SPDX-License-Identifier: ISC
 *
 * nowait.h: calls that do not wait, whatever the flags of the descriptor, which
 * are not ours to change.
 */
#ifndef REACTOR_NOWAIT_H
#define REACTOR_NOWAIT_H

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <stddef.h>

/* linux.c, portable.c */
/* Of what is no socket; -1 with EOPNOTSUPP where that cannot be had. */
ssize_t reactor__readv_now(int fd, const struct iovec *, int n);
ssize_t reactor__writev_now(int fd, const struct iovec *, int n);
/* The new one is non-blocking and close-on-exec. */
int reactor__accept_now(int fd, struct sockaddr *, unsigned *length);

/* nowait.c: how much a pipe or terminal takes that poll(2) calls writable. */
size_t reactor__nowait_room(int fd, const char *bytes, size_t size);

#endif
