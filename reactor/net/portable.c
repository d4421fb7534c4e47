/*
 * SPDX-License-Identifier: ISC
 *
 * portable.c: a system that cannot send a file, as far as POSIX knows.
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
