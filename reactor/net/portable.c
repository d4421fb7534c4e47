/*
 * SPDX-License-Identifier: ISC
 *
 * portable.c: a system that can neither send a file nor read without waiting,
 * as far as POSIX knows.
 */
#include "reactor/net/stream.h"

intptr_t
reactor__send_file(int fd, int file, int64_t *offset, size_t size)
{
	(void)fd;
	(void)file;
	(void)offset;
	(void)size;
	errno = EOPNOTSUPP;
	return -1;
}

intptr_t
reactor__read_now(int fd, void *bytes, size_t size)
{
	(void)fd;
	(void)bytes;
	(void)size;
	errno = EOPNOTSUPP;
	return -1;
}

intptr_t
reactor__write_now(int fd, const void *bytes, size_t size)
{
	(void)fd;
	(void)bytes;
	(void)size;
	errno = EOPNOTSUPP;
	return -1;
}
