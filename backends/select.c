/*
 * SPDX-License-Identifier: ISC
 *
 * select.c: waits with pselect(2), the oldest call and the simplest to see
 * through: three sets of bits go in, three come out.
 *
 * What is odd about select, and what is done here:
 *  a. FD_SET writes beyond an fd_set, or aborts, from descriptor 1024 on; the
 *     kernel has no such limit.  So the sets are arrays of words that grow.
 *     Words are unsigned long, as in Linux and FreeBSD; where the system says
 *     32 bits, both lie the same in the memory of a little-endian machine.
 *  b. The sets are overwritten by the answer: each wait works on a copy.
 *  c. The kernel looks at every number below the first argument, so that one
 *     shrinks again; sets in which nobody is are not passed.
 *  d. One closed descriptor fails the whole call, and EBADF does not say which:
 *     each is asked, and those that are closed leave as BAD.  Linux ignores
 *     numbers beyond its table instead; therefore additions are checked.
 *  e. What is ready comes in order of number: the scan starts where the last
 *     one stopped, else high numbers would starve.
 *  f. There is no word for hang-up and error; they show as readable and
 *     writable.  The third set means urgent data, not errors.
 *  g. Some systems cut nanoseconds to microseconds, and none need wait longer
 *     than 31 days: the time-out is rounded up, and limited.
 *  h. Regular files are always ready, so EPERM is never the answer.
 */
#define _DARWIN_UNLIMITED_SELECT 1 /* macOS: numbers above 1024 */
#include <sys/types.h>
#include <sys/select.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include "backends/backend.h"

#define SL_BITS    (CHAR_BIT * sizeof(unsigned long))
#define SL_LONGEST (31 * 86400 * REACTOR_SECOND)

enum { SL_SETS = 3 };

/* The interest that each set stands for, in select's order. */
static const unsigned sl_interest[SL_SETS] = { REACTOR_READ, REACTOR_WRITE,
	REACTOR_URGENT };

struct sl_state {
	unsigned long *wanted[SL_SETS], *found[SL_SETS];
	size_t words; /* that each of the six has */
	int members[SL_SETS];
	size_t top; /* words up to the last that is not empty */
	int next;   /* where the scan goes on */
};

static void *
sl_open(void)
{
	struct sl_state *state = reactor__allocate(NULL, sizeof *state);

	if (state != NULL)
		memset(state, 0, sizeof *state);
	return state;
}

static void
sl_close(void *opaque)
{
	struct sl_state *state = opaque;
	int i;

	for (i = 0; i < SL_SETS; i++) {
		reactor__allocate(state->wanted[i], 0);
		reactor__allocate(state->found[i], 0);
	}
	reactor__allocate(state, 0);
}

/* When one array cannot grow, those that did are merely too long. */
static int
sl_reserve(struct sl_state *state, size_t words)
{
	unsigned long **array, *grown;
	size_t length = state->words;
	int i;

	for (i = 0; i < 2 * SL_SETS; i++) {
		array = i < SL_SETS ? &state->wanted[i]
				    : &state->found[i - SL_SETS];
		length = state->words;
		grown = reactor__grown(*array, &length, words, sizeof *grown);
		if (grown == NULL)
			return -1;
		*array = grown;
	}
	state->words = length;
	return 0;
}

static int
sl_numbers(const struct sl_state *state)
{
	return (int)(state->top * SL_BITS);
}

static unsigned
sl_mask(unsigned long *const sets[], size_t word, unsigned long bit)
{
	unsigned mask = 0;
	int i;

	for (i = 0; i < SL_SETS; i++)
		if (sets[i][word] & bit)
			mask |= sl_interest[i];
	return mask;
}

static void
sl_put(struct sl_state *state, int fd, unsigned mask)
{
	size_t word = (size_t)fd / SL_BITS;
	unsigned long bit = 1UL << (size_t)fd % SL_BITS;
	unsigned flips = sl_mask(state->wanted, word, bit) ^ mask;
	int i;

	for (i = 0; i < SL_SETS; i++)
		if (flips & sl_interest[i]) {
			state->wanted[i][word] ^= bit;
			state->members[i] += mask & sl_interest[i] ? 1 : -1;
		}
	if (word >= state->top)
		state->top = word + 1;
	while (state->top > 0 && !sl_mask(state->wanted, state->top - 1, ~0UL))
		state->top--;
}

static int
sl_update(void *opaque, int fd, unsigned was, unsigned now)
{
	struct sl_state *state = opaque;
	size_t words = (size_t)fd / SL_BITS + 1;

	if (words > state->words && now == 0)
		return 0;
	if (was == 0 && now != 0 && fcntl(fd, F_GETFD) == -1)
		return -1;
	if (words > state->words && sl_reserve(state, words) == -1)
		return -1;
	sl_put(state, fd, now);
	return 0;
}

/* Those that are closed leave. */
static int
sl_find_closed(struct sl_state *state, struct reactor_ready *ready, int max)
{
	int fd, n = 0;

	for (fd = 0; fd < sl_numbers(state) && n < max; fd++) {
		if (!sl_mask(state->wanted, (size_t)fd / SL_BITS,
			1UL << (size_t)fd % SL_BITS) ||
		    fcntl(fd, F_GETFD) != -1)
			continue;
		sl_put(state, fd, 0);
		ready[n++] = (struct reactor_ready){ fd, REACTOR_BAD, EBADF };
	}
	return n;
}

/* What was found for each of the `bits` of a word, which has some. */
static inline struct reactor_ready *
sl_records(struct sl_state *state, size_t word, unsigned long bits,
    struct reactor_ready *next, struct reactor_ready *end)
{
	int fd;

	do {
		fd = (int)(word * SL_BITS) + __builtin_ctzl(bits);
		next->fd = fd;
		next->mask =
		    (unsigned short)sl_mask(state->found, word, bits & -bits);
		next++;
		bits &= bits - 1;
	} while (bits != 0 && next < end);
	state->next = fd + 1;
	return next;
}

/* The same when all are readable, that is all, and there is room for all. */
static inline struct reactor_ready *
sl_readable(struct sl_state *state, size_t word, unsigned long bits,
    struct reactor_ready *next)
{
	int fd;

	do {
		fd = (int)(word * SL_BITS) + __builtin_ctzl(bits);
		next->fd = fd;
		next->mask = REACTOR_READ;
		next++;
		bits &= bits - 1;
	} while (bits != 0);
	state->next = fd + 1;
	return next;
}

static int
sl_scan(struct sl_state *state, struct reactor_ready *ready, int max)
{
	int start = state->next < sl_numbers(state) ? state->next : 0;
	struct reactor_ready *next = ready, *end = ready + max;
	unsigned long tail = ~0UL << (size_t)start % SL_BITS, bits, others;
	size_t words = state->top, i, word = (size_t)start / SL_BITS;

	/* The word that the scan starts in is also, with its rest, the last. */
	for (i = 0; i <= words && next < end; i++, word++) {
		word = word < words ? word : 0;
		others = state->found[1][word] | state->found[2][word];
		bits = state->found[0][word] | others;
		if (i == 0 || i == words)
			bits &= i == 0 ? tail : ~tail;
		if (bits == 0)
			continue;
		if (others == 0 && end - next >= (ptrdiff_t)SL_BITS)
			next = sl_readable(state, word, bits, next);
		else
			next = sl_records(state, word, bits, next, end);
	}
	return (int)(next - ready);
}

static int
sl_wait(void *opaque, struct reactor_ready *ready, int max, int64_t timeout)
{
	struct sl_state *state = opaque;
	size_t bytes = state->top * sizeof(unsigned long);
	struct timespec span;
	fd_set *sets[SL_SETS];
	int i, n;

	if (timeout > SL_LONGEST)
		timeout = SL_LONGEST;
	if (timeout > 0)
		timeout = (timeout + 999) / 1000 * 1000;
	span.tv_sec = (time_t)(timeout / REACTOR_SECOND);
	span.tv_nsec = (long)(timeout % REACTOR_SECOND);
	for (i = 0; i < SL_SETS; i++) {
		if (bytes > 0)
			memcpy(state->found[i], state->wanted[i], bytes);
		sets[i] =
		    state->members[i] > 0 ? (void *)state->found[i] : NULL;
	}
	n = pselect(sl_numbers(state), sets[0], sets[1], sets[2],
	    timeout < 0 ? NULL : &span, NULL);
	if (n > 0)
		return sl_scan(state, ready, max);
	if (n == 0 || errno == EINTR)
		return 0;
	return errno == EBADF ? sl_find_closed(state, ready, max) : -1;
}

const struct reactor_backend reactor__select = {
	.name = "select",
	.interests = REACTOR_READ | REACTOR_WRITE | REACTOR_URGENT,
	.open = sl_open,
	.close = sl_close,
	.update = sl_update,
	.wait = sl_wait,
};
