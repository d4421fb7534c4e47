/*
 * SPDX-License-Identifier: ISC
 *
 * epoll.c: waits with epoll(7), where the kernel keeps the set and answers
 * with those that are ready.
 *
 * What is odd about epoll, and what is done here:
 *  a. It watches what a number stood for when it was added, and forgets that
 *     only when its last copy is closed.  A copy (dup, fork) makes it report
 *     under a number that is closed, or somebody else's by now, and nothing
 *     can remove it any more: a ghost.  So each addition gets a generation
 *     that comes back with the event; one that is not current is dropped, and
 *     the set is made anew without the ghost.
 *  b. A number that was closed and opened is not in the set: MOD says ENOENT
 *     and becomes ADD.  A ghost that has its number back makes ADD say EEXIST,
 *     and it becomes MOD.
 *  c. DEL fails when the descriptor was closed; that is no news.
 *  d. EPOLLHUP and EPOLLERR need not be asked for and cannot be refused; they
 *     wake every direction.  EPOLLRDHUP is not asked for: half-closed peers
 *     still listen.
 *  e. Regular files and their like are refused with EPERM.
 *  f. epoll_wait counts milliseconds.  epoll_pwait2 counts nanoseconds, but
 *     not every kernel, sandbox or C library has it: it is called by number,
 *     and given up for good when it is missing.
 *  g. A forked child shares the set: it makes its own and leaves ours alone.
 *  h. A set is a descriptor, but the inner one changes when it is made anew:
 *     to others a second set is shown, in which the first is.
 * The order of the answers turns by itself, so that nobody starves.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "backends/backend.h"

/* With headers that are too old it is "missing" too. */
#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 (-1)
#endif

/* The numbers are chosen so; then nothing has to be translated. */
_Static_assert((int)EPOLLIN == REACTOR_READ &&
	(int)EPOLLPRI == REACTOR_URGENT && (int)EPOLLOUT == REACTOR_WRITE &&
	(int)EPOLLERR == REACTOR_ERROR && (int)EPOLLHUP == REACTOR_HANGUP,
    "the bits of epoll are not those of reactor.h");

struct ep_member {
	uint32_t generation;  /* of its addition; 0: not in the set */
	unsigned short mask;  /* 0: not in the set */
	unsigned short error; /* why it is not, to be told by the next wait */
};

struct ep_state {
	int set;                   /* -1: could not be made anew */
	int outer;                 /* -1 until asked for */
	int coarse;                /* without epoll_pwait2 */
	int lost;                  /* members with an error */
	uint32_t generation;       /* the last one given */
	struct ep_member *members; /* by descriptor */
	size_t length;
	struct epoll_event *events;
	size_t room;
};

static int
ep_create(void)
{
	return reactor__descriptor_high(epoll_create1(EPOLL_CLOEXEC));
}

static void
ep_close(void *opaque)
{
	struct ep_state *state = opaque;

	if (state->outer != -1)
		(void)close(state->outer);
	if (state->set != -1)
		(void)close(state->set);
	(void)reactor__allocate(state->members, 0);
	(void)reactor__allocate(state->events, 0);
	(void)reactor__allocate(state, 0);
}

/* So that a wait can always be had, whatever memory there is then. */
static int
ep_make_room(struct ep_state *state, int max)
{
	struct epoll_event *events;

	if ((size_t)max <= state->room)
		return max;
	events = reactor__grown(
	    state->events, &state->room, (size_t)max, sizeof(*events));
	if (events != NULL)
		state->events = events;
	return events != NULL ? max : (int)state->room;
}

static void *
ep_open(void)
{
	struct ep_state *state = reactor__allocate(NULL, sizeof(*state));
	int error;

	if (state == NULL)
		return NULL;
	memset(state, 0, sizeof(*state));
	state->outer = state->set = -1;
	if (ep_make_room(state, 64) > 0 && (state->set = ep_create()) != -1)
		return state;
	error = errno;
	ep_close(state);
	errno = error;
	return NULL;
}

/* ---- The set ------------------------------------------------------------- */

static int
ep_control(struct ep_state *state, int operation, int fd, unsigned mask)
{
	struct ep_member *member = &state->members[fd];
	struct epoll_event event = { .events = mask };

	if (mask & REACTOR__EDGE)
		event.events = (mask & ~(unsigned)REACTOR__EDGE) | EPOLLET;
	if (operation == EPOLL_CTL_ADD) {
		if (++state->generation == 0)
			state->generation = 1;
		member->generation = state->generation;
	}
	event.data.u64 = (uint64_t)member->generation << 32 | (uint32_t)fd;
	if (state->set == -1)
		return 0; /* the next wait makes it, and adds them all */
	return epoll_ctl(state->set, operation, fd, &event);
}

static int
ep_put(struct ep_state *state, int fd, unsigned mask)
{
	if (state->members[fd].mask == 0) {
		if (ep_control(state, EPOLL_CTL_ADD, fd, mask) == 0)
			return 0;
		return errno == EEXIST
		    ? ep_control(state, EPOLL_CTL_MOD, fd, mask)
		    : -1;
	}
	if (ep_control(state, EPOLL_CTL_MOD, fd, mask) == 0)
		return 0;
	return errno == ENOENT ? ep_control(state, EPOLL_CTL_ADD, fd, mask)
			       : -1;
}

static void
ep_remove(struct ep_state *state, int fd)
{
	struct ep_member *member = &state->members[fd];

	if (member->mask != 0)
		(void)ep_control(state, EPOLL_CTL_DEL, fd, 0);
	state->lost -= member->error != 0;
	memset(member, 0, sizeof(*member));
}

/* The number is asked after: else any could ask for any amount of memory. */
static int
ep_reserve(struct ep_state *state, int fd)
{
	struct ep_member *members;

	if (fcntl(fd, F_GETFD) == -1)
		return -1;
	members = reactor__grown(
	    state->members, &state->length, (size_t)fd + 1, sizeof(*members));
	if (members == NULL)
		return -1;
	state->members = members;
	return 0;
}

/* `was` is no help: the number may be another file by now. */
static int
ep_update(void *opaque, int fd, unsigned was, unsigned now)
{
	struct ep_state *state = opaque;
	struct ep_member *member;
	int error;

	(void)was;
	if ((size_t)fd >= state->length) {
		if (now == 0)
			return 0;
		if (ep_reserve(state, fd) == -1)
			return -1;
	}
	member = &state->members[fd];
	if (now != 0 && ep_put(state, fd, now) == 0) {
		state->lost -= member->error != 0;
		member->error = 0;
		member->mask = (unsigned short)now;
		return 0;
	}
	error = errno;
	ep_remove(state, fd);
	errno = error;
	return now == 0 ? 0 : -1;
}

/* ---- The set, made anew -------------------------------------------------- */

static void
ep_fill(struct ep_state *state)
{
	struct ep_member *member;
	size_t fd;

	for (fd = 0; fd < state->length; fd++) {
		member = &state->members[fd];
		if (member->mask == 0 ||
		    ep_control(state, EPOLL_CTL_ADD, (int)fd, member->mask) ==
			0)
			continue;
		member->error = (unsigned short)errno;
		member->mask = 0;
		member->generation = 0;
		state->lost++;
	}
}

static int
ep_enclose(struct ep_state *state)
{
	struct epoll_event event = { .events = EPOLLIN };

	return epoll_ctl(state->outer, EPOLL_CTL_ADD, state->set, &event);
}

/*
 * The old set goes first: its number may be the only one to be had.  It leaves
 * the outer set by hand, since a forked child may have a copy of it.
 */
static int
ep_rebuild(struct ep_state *state)
{
	struct epoll_event none = { 0 };

	if (state->outer != -1)
		(void)epoll_ctl(state->outer, EPOLL_CTL_DEL, state->set, &none);
	if (state->set != -1)
		(void)close(state->set);
	state->set = ep_create();
	if (state->set == -1)
		return -1;
	if (state->outer != -1 && ep_enclose(state) == -1) {
		(void)close(state->set);
		state->set = -1;
		return -1;
	}
	ep_fill(state);
	return 0;
}

/* Those that could not enter it. */
static int
ep_tell(struct ep_state *state, struct reactor_ready *ready, int max)
{
	struct ep_member *member;
	size_t fd;
	int n = 0;

	for (fd = 0; state->lost > 0 && n < max; fd++) {
		member = &state->members[fd];
		if (member->error == 0)
			continue;
		ready[n++] = (struct reactor_ready){ (int)fd, REACTOR_BAD,
			member->error };
		member->error = 0;
		state->lost--;
	}
	return n;
}

/* ---- Waiting ------------------------------------------------------------- */

static int
ep_wait_coarse(struct ep_state *state, int max, int64_t timeout)
{
	int64_t ms =
	    timeout / REACTOR_MILLISECOND + (timeout % REACTOR_MILLISECOND > 0);

	if (timeout < 0)
		ms = -1;
	return epoll_wait(
	    state->set, state->events, max, ms < INT_MAX ? (int)ms : INT_MAX);
}

static int
ep_wait_fine(struct ep_state *state, int max, int64_t timeout)
{
	/* The kernel's own timespec, the same on every machine. */
	const int64_t span[2] = { timeout / REACTOR_SECOND,
		timeout % REACTOR_SECOND };
	int n = (int)syscall(SYS_epoll_pwait2, state->set, state->events, max,
	    span, NULL, (size_t)0);

	if (n != -1 || (errno != ENOSYS && errno != EPERM))
		return n;
	state->coarse = 1;
	return ep_wait_coarse(state, max, timeout);
}

static int
ep_records(struct ep_state *state, struct reactor_ready *ready, int n)
{
	const struct epoll_event *event = state->events, *end = event + n;
	struct reactor_ready *next = ready;
	unsigned mask, ghosts = 0;
	uint32_t fd;

	for (; event < end; event++) {
		fd = (uint32_t)event->data.u64;
		if (event->data.u64 >> 32 != state->members[fd].generation) {
			ghosts = 1;
			continue;
		}
		mask = event->events;
		if (mask & (EPOLLERR | EPOLLHUP))
			mask |= REACTOR_READ | REACTOR_WRITE;
		next->fd = (int)fd;
		next++->mask = (unsigned short)mask;
	}
	if (ghosts && ep_rebuild(state) == -1 && next == ready)
		return -1;
	return (int)(next - ready);
}

static int
ep_wait(void *opaque, struct reactor_ready *ready, int max, int64_t timeout)
{
	struct ep_state *state = opaque;
	int n;

	max = ep_make_room(state, max);
	if (state->set == -1 && ep_rebuild(state) == -1)
		return -1;
	if (state->lost > 0)
		return ep_tell(state, ready, max);
	if (timeout > 0 && !state->coarse)
		n = ep_wait_fine(state, max, timeout);
	else
		n = ep_wait_coarse(state, max, timeout);
	if (n == -1)
		return errno == EINTR ? 0 : -1;
	return ep_records(state, ready, n);
}

/* ---- For others ---------------------------------------------------------- */

static int
ep_reopen(void *opaque)
{
	struct ep_state *state = opaque;

	if (state->outer != -1)
		(void)close(state->outer);
	if (state->set != -1)
		(void)close(state->set);
	if (state->length > 0)
		memset(
		    state->members, 0, state->length * sizeof(*state->members));
	state->outer = -1;
	state->lost = 0;
	state->set = ep_create();
	return state->set == -1 ? -1 : 0;
}

static int
ep_descriptor(void *opaque)
{
	struct ep_state *state = opaque;
	int error;

	if (state->outer != -1)
		return state->outer;
	state->outer = ep_create();
	if (state->outer == -1 || ep_enclose(state) == 0)
		return state->outer;
	error = errno;
	(void)close(state->outer);
	state->outer = -1;
	errno = error;
	return -1;
}

const struct reactor_backend reactor__epoll = {
	.name = "epoll",
	.interests =
	    REACTOR_READ | REACTOR_WRITE | REACTOR_URGENT | REACTOR__EDGE,
	.open = ep_open,
	.close = ep_close,
	.update = ep_update,
	.wait = ep_wait,
	.reopen = ep_reopen,
	.descriptor = ep_descriptor,
};
