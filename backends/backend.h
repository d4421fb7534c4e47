/*
 * SPDX-License-Identifier: ISC
 *
 * backend.h: THE interface between the loop and the system calls that wait.
 *
 * A backend is one const struct, the only symbol that its file exports.  It
 * knows descriptors, masks and one family of system calls; of handlers, timers
 * and the loop it knows nothing.  A mask is made of REACTOR_READ, WRITE and
 * URGENT.  To add one: write the file, name it in backend.c and GNUmakefile.
 */
#ifndef REACTOR_BACKEND_H
#define REACTOR_BACKEND_H

#include <stdint.h>
#include <reactor/reactor.h>
#include "reactor/support.h"

/*
 * Beside REACTOR_READ, where `interests` has it: tell of each change only once
 * (edge-triggered).  For the library's wake descriptor, which then need not be
 * read.
 */
#define REACTOR__EDGE 0x80

struct reactor_ready {
	int fd;
	unsigned short mask;
	unsigned short error; /* only with REACTOR_BAD: why */
};

struct reactor_backend {
	const char *name;
	int emulated;       /* chosen only by name */
	unsigned interests; /* what update accepts: also URGENT, EDGE? */

	/*
	 * Creates the private state and any kernel object (close-on-exec,
	 * number >= 3).  On failure NULL and errno, with nothing left behind;
	 * the chooser then tries the next backend.
	 */
	void *(*open)(void);

	/* Releases everything.  Never closes a watched descriptor. */
	void (*close)(void *state);

	/*
	 * The interest in fd >= 0 goes from mask `was`, which is what the last
	 * successful call set, to `now`.
	 *   was == 0    adds it.
	 *   now == 0    removes it, whatever the kernel says; cannot fail.
	 *               (Hang-ups and errors ignore masks, so mask 0 must be
	 *               removed.)
	 *   was == now  makes sure of it: the number may have been closed and
	 *               opened since.  So may it in any other change.
	 * 0, or -1 with errno; after -1 the backend holds no interest in fd.
	 * EPERM says: always ready, not to be waited for (regular files,
	 * directories, /dev/null and the like).  EBADF: not open.  A backend
	 * may put a change off until wait; what fails then comes back as a BAD
	 * record.
	 */
	int (*update)(void *state, int fd, unsigned was, unsigned now);

	/*
	 * Waits at most `timeout` ns (negative: for ever; 0: only looks) and
	 * fills up to max (>= 1) records; returns how many.
	 *  - Level-triggered: what is not consumed is reported again.
	 *  - A hang-up or an error wakes every direction: the mask has READ,
	 *    WRITE and HANGUP or ERROR, wanted or not.  End of file alone sets
	 *    READ only.  HANGUP and ERROR are hints; a backend that cannot see
	 *    them leaves them out.  Of READ, WRITE and URGENT, otherwise only
	 *    wanted bits are set.
	 *  - REACTOR_BAD, alone: fd is not watched any more, `error` says why.
	 *    With EPERM: it turned out to be always ready.
	 *  - One fd may come twice; the caller ORs.  What does not fit comes in
	 *    the next call; scans go on where they stopped, so nobody starves.
	 *  - Time-outs are rounded up, never down; a long one may end early.
	 * 0 for time-out or EINTR.  -1 with errno only for what no retry cures.
	 */
	int (*wait)(
	    void *state, struct reactor_ready *, int max, int64_t timeout);

	/*
	 * Optional.  In the child after fork(2): drops the inherited kernel
	 * object without disturbing the parent's and makes an empty one.  The
	 * caller then adds its interest again.  NULL: nothing of it is in the
	 * kernel.  -1 leaves a state that only close may be called with.
	 */
	int (*reopen)(void *state);

	/*
	 * Optional.  A descriptor that is readable when wait would find
	 * something, the same as long as the state lives (but not across
	 * reopen); -1 and errno on failure.
	 */
	int (*descriptor)(void *state);
};

/* The backends of this system, best first, NULL at the end. */
extern const struct reactor_backend *const reactor__backends[];

/*
 * Opens the best usable backend out of a list of names ("epoll,poll"; NULL,
 * "" and "auto" stand for all that are not emulated).  On failure NULL, errno
 * (EINVAL: unknown name, ENOTSUP: none usable here, or what open said) and
 * a message for people.
 */
const struct reactor_backend *reactor__backend_choose(
    const char *names, void **state, char *message, size_t size);

/* "epoll", "kqueue (emulated)". */
const char *reactor__backend_label(const struct reactor_backend *);

#endif
