/*
 * SPDX-License-Identifier: ISC
 *
 * poll.c: waits with ppoll(2): one array that says what is wanted and gets the
 * answer beside it.
 *
 * What is odd about poll, and what is done here:
 *  a. It takes an array, not a set: place[] tells where in it a descriptor is.
 *     A removed one is replaced by the last, so the array has no holes.
 *  b. The answer comes in the order of the array: the scan starts where the
 *     last one stopped, and stops when it has seen as many as poll counted.
 *  c. A closed descriptor answers POLLNVAL, for ever: it leaves as BAD.  So
 *     additions are not checked, but for those that would make place[] grow:
 *     else any number could ask for any amount of memory.
 *  d. POLLHUP and POLLERR need not be asked for and cannot be refused; they
 *     wake every direction.  POLLRDHUP is not asked for: half-closed peers
 *     still listen.
 *  e. poll counts milliseconds, ppoll nanoseconds; macOS and older NetBSD have only the first.
 *  f. Regular files are always ready, so EPERM is never the answer.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include "backends/backend.h"

#if defined(__APPLE__) || defined(__NetBSD__) || defined(WITHOUT_PPOLL)
static int
pl_poll(struct pollfd *set, nfds_t used, int64_t timeout)
{
	int64_t ms =
	    timeout / REACTOR_MILLISECOND + (timeout % REACTOR_MILLISECOND > 0);

	return poll(set, used,
	    timeout < 0        ? -1
		: ms < INT_MAX ? (int)ms
			       : INT_MAX);
}
#else
static int
pl_poll(struct pollfd *set, nfds_t used, int64_t timeout)
{
	struct timespec span;

	if (timeout < 0)
		return ppoll(set, used, NULL, NULL);
	if (timeout / REACTOR_SECOND > INT_MAX) /* time_t may have 32 bits */
		timeout = INT_MAX * REACTOR_SECOND;
	span.tv_sec = (time_t)(timeout / REACTOR_SECOND);
	span.tv_nsec = (long)(timeout % REACTOR_SECOND);
	return ppoll(set, used, &span, NULL);
}
#endif

/* The numbers are chosen so; then nothing has to be translated. */
_Static_assert(POLLIN == REACTOR_READ && POLLPRI == REACTOR_URGENT &&
	POLLOUT == REACTOR_WRITE && POLLERR == REACTOR_ERROR &&
	POLLHUP == REACTOR_HANGUP && POLLNVAL == REACTOR_BAD,
    "the bits of poll are not those of reactor.h");

/* Entries that a step of the scan looks at. */
#define PL_STRIDE 4

struct pl_state {
	struct pollfd *set;
	size_t used, room;
	size_t next; /* where the scan goes on */
	int *place;  /* of a descriptor in set, + 1; 0: not there */
	size_t places;
};

static void *
pl_open(void)
{
	struct pl_state *state = reactor__allocate(NULL, sizeof *state);

	if (state != NULL)
		memset(state, 0, sizeof *state);
	return state;
}

static void
pl_close(void *opaque)
{
	struct pl_state *state = opaque;

	reactor__allocate(state->set, 0);
	reactor__allocate(state->place, 0);
	reactor__allocate(state, 0);
}

static void
pl_remove(struct pl_state *state, int fd)
{
	struct pollfd *hole = &state->set[state->place[fd] - 1];
	struct pollfd *last = &state->set[--state->used];

	*hole = *last;
	state->place[last->fd] = state->place[fd];
	state->place[fd] = 0;
}

static int
pl_add(struct pl_state *state, int fd, unsigned mask)
{
	struct pollfd *set;
	int *place;

	if ((size_t)fd >= state->places && fcntl(fd, F_GETFD) == -1)
		return -1;
	place = reactor__grown(
	    state->place, &state->places, (size_t)fd + 1, sizeof *place);
	if (place == NULL)
		return -1;
	state->place = place;
	set = reactor__grown(
	    state->set, &state->room, state->used + 1 + PL_STRIDE, sizeof *set);
	if (set == NULL)
		return -1;
	state->set = set;
	set[state->used] = (struct pollfd){ fd, (short)mask, 0 };
	place[fd] = (int)++state->used;
	return 0;
}

static int
pl_update(void *opaque, int fd, unsigned was, unsigned now)
{
	struct pl_state *state = opaque;
	int known = (size_t)fd < state->places && state->place[fd] != 0;

	(void)was; /* place[] knows, and what a number means is asked anew */
	if (known && now == 0)
		pl_remove(state, fd);
	else if (known)
		state->set[state->place[fd] - 1].events = (short)now;
	else if (now != 0)
		return pl_add(state, fd, now);
	return 0;
}

/*
 * An entry behind the last one looks like an answer, so that the scan need not
 * look where the end is; PL_STRIDE are looked at together.
 */
static struct pollfd *
pl_mark_end(struct pl_state *state)
{
	state->set[state->used].revents = POLLIN;
	return &state->set[state->used];
}

static inline struct pollfd *
pl_next(struct pollfd *at)
{
	while ((at[0].revents | at[1].revents | at[2].revents |
		   at[3].revents) == 0)
		at += PL_STRIDE;
	while (at->revents == 0)
		at++;
	return at;
}

static inline void
pl_record(struct pollfd *answer, struct reactor_ready *ready)
{
	unsigned mask = (unsigned short)answer->revents;

	if (__builtin_expect(mask & (POLLERR | POLLHUP), 0))
		mask |= REACTOR_READ | REACTOR_WRITE;
	ready->fd = answer->fd;
	ready->mask = (unsigned short)mask;
	answer->revents = 0; /* it may be moved: answered once */
}

static int
pl_scan(struct pl_state *state, struct reactor_ready *ready, int most)
{
	struct pollfd *end = pl_mark_end(state), *at;
	struct reactor_ready *next = ready, *full = ready + most;
	int turns = 0;

	at = &state->set[state->next < state->used ? state->next : 0];
	while (next < full && turns < 2) {
		at = pl_next(at);
		if (__builtin_expect(at == end, 0)) {
			at = state->set;
			turns++;
			continue;
		}
		pl_record(at, next);
		if (__builtin_expect(next->mask & POLLNVAL, 0)) {
			next->mask = REACTOR_BAD;
			next->error = EBADF;
			pl_remove(state, next->fd); /* another is here now */
			end = pl_mark_end(state);
		} else {
			at++;
		}
		next++;
	}
	state->next = (size_t)(at - state->set);
	return (int)(next - ready);
}

static int
pl_wait(void *opaque, struct reactor_ready *ready, int max, int64_t timeout)
{
	struct pl_state *state = opaque;
	int n = pl_poll(state->set, (nfds_t)state->used, timeout);

	if (n > 0)
		return pl_scan(state, ready, n < max ? n : max);
	/* EAGAIN: some kernels, when they lack memory for the moment. */
	return n == 0 || errno == EINTR || errno == EAGAIN ? 0 : -1;
}

const struct reactor_backend reactor__poll = {
	.name = "poll",
	.interests = REACTOR_READ | REACTOR_WRITE | REACTOR_URGENT,
	.open = pl_open,
	.close = pl_close,
	.update = pl_update,
	.wait = pl_wait,
};
