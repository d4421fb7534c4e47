/*
 * SPDX-License-Identifier: ISC
 *
 * memory.c: what the library takes from the system and must give back.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "backends/backend.h"

static void *
mem_resize(void *memory, size_t size)
{
	if (size > 0)
		return realloc(memory, size);
	free(memory);
	return NULL;
}

static void *(*mem_allocator)(void *, size_t) = mem_resize;

void
reactor_set_allocator(void *(*resize)(void *memory, size_t size))
{
	mem_allocator = resize != NULL ? resize : mem_resize;
}

void *
reactor__allocate(void *memory, size_t size)
{
	void *new = mem_allocator(memory, size);

	if (new == NULL && size > 0)
		errno = ENOMEM;
	return new;
}

void *
reactor__grown(void *array, size_t *length, size_t need, size_t size)
{
	size_t n = *length > 16 ? *length : 16;
	void *new;

	if (need <= *length)
		return array;
	while (n < need && n <= SIZE_MAX / 2)
		n *= 2;
	if (n < need || n > SIZE_MAX / size) {
		errno = ENOMEM;
		return NULL;
	}
	new = reactor__allocate(array, n * size);
	if (new == NULL)
		return NULL;
	memset((char *)new + *length *size, 0, (n - *length) * size);
	*length = n;
	return new;
}

/* 0 to 2 may be closed now and meant for others later. */
int
reactor__descriptor_high(int fd)
{
	int high = fd, error;

	if (fd >= 0 && fd <= 2) {
		high = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		error = errno;
		(void)close(fd);
		errno = error;
	} else if (fd >= 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == -1) {
		error = errno;
		(void)close(fd);
		errno = error;
		return -1;
	}
	return high;
}
