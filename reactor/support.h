/*
 * SPDX-License-Identifier: ISC
 *
 * support.h: what every part of the library takes from the system: memory,
 * descriptors, the clock, words.  It knows nothing of loops or coroutines.
 */
#ifndef REACTOR_SUPPORT_H
#define REACTOR_SUPPORT_H

#include <stddef.h>
#include <stdint.h>

/* memory.c */
void *reactor__allocate(void *memory, size_t size); /* realloc; 0 frees */
/*
 * The array of *length elements, grown (with zeros) to at least `need` and
 * *length set; NULL and ENOMEM with nothing changed.
 */
void *reactor__grown(void *array, size_t *length, size_t need, size_t size);
/* fd, moved to a number >= 3 and close-on-exec; -1 with fd closed. */
int reactor__descriptor_high(int fd);

/* clock.c: the only place where time is read. */
enum { REACTOR__MONOTONIC, REACTOR__WALL, REACTOR__BOOT, REACTOR__COARSE };
/* COARSE: MONOTONIC as it was at the last tick of the system; cheap. */
int64_t reactor__clock(int clock);

static inline int64_t
reactor__clock_add(int64_t a, int64_t b)
{
	int64_t sum;

	if (!__builtin_add_overflow(a, b, &sum))
		return sum;
	return b > 0 ? INT64_MAX : INT64_MIN;
}

/* The end of a time-out by the monotonic clock; negative: never. */
static inline int64_t
reactor__deadline(int64_t timeout)
{
	return timeout < 0
	    ? INT64_MAX
	    : reactor__clock_add(reactor__clock(REACTOR__MONOTONIC), timeout);
}

/* pair.c: both ends close-on-exec and >= 3. */
int reactor__pair(int fd[2]); /* with MSG_NOSIGNAL, where there is that */
int reactor__pipe(int fd[2]);

/* linux.c, portable.c: NULL in set-user-ID programs. */
const char *reactor__getenv(const char *);

/* backend.c: why something could not be had; strerror(3) is not for threads. */
const char *reactor__reason(int error);

/* line.c: "12.5 ms" */
const char *reactor__span(char *text, size_t size, int64_t ns);
/*
 * dump.c: a name in quotes, escaped as in JSON: any bytes become valid UTF-8.
 * Cuts safely; returns the length.
 */
size_t reactor__quote(char *text, size_t size, const char *name);

/* fork.c: another number in each child. */
int reactor__fork_open(void);
unsigned reactor__fork_generation(void);

#endif
