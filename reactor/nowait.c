/*
 * SPDX-License-Identifier: ISC
 *
 * nowait.c: what can be written to what is ready, and would block on more.
 */
#include <limits.h>
#include <string.h>
#include <unistd.h>
#include "reactor/nowait.h"

#ifndef PIPE_BUF
#define PIPE_BUF 512
#endif

#define NW_TERMINAL 256

/*
 * A terminal has room for that many plain bytes; and for one that it may turn
 * into several, if it comes alone.
 */
size_t
reactor__nowait_room(int fd, const char *bytes, size_t size)
{
	size_t n;

	if (!isatty(fd))
		return size < PIPE_BUF ? size : PIPE_BUF;
	for (n = 0; n < size && n < NW_TERMINAL; n++)
		if (memchr("\n\r\t\b", bytes[n], 4) != NULL)
			break;
	return n > 0 || size == 0 ? n : 1;
}
