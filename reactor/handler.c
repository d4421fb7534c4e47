/*
 * SPDX-License-Identifier: ISC
 *
 * handler.c: registration.  The table from descriptor to handlers, and what
 * the backend is told of it.
 *
 *   slots[fd] --> io --> io          changes --> slot --> slot
 *     registered: what the backend knows
 *
 * Starting and stopping only edit the list and put the slot on `changes`; the
 * backend hears the sum of it once, before the next wait.  But when the last
 * interest goes it is told at once: the caller may close the descriptor next,
 * and while a copy of it lives in another process, epoll would go on reporting
 * it under a number that is no longer ours to take back.
 */
#include <errno.h>
#include <fcntl.h>
#include "reactor/internal.h"

/*
 * slot.state.  A slot that is always ready stays on the list of changes: what
 * is left there after the backend was told is what keeps the loop from
 * sleeping, and is delivered by hand after the wait.
 */
enum {
	HD_CHANGED = 0x01, /* on the list of changes */
	HD_STARTED = 0x02, /* a handler came: the number may be a new file */
	HD_ALWAYS = 0x04   /* the backend said so: it cannot be waited for */
};

static void
hd_change(struct reactor *r, int fd)
{
	struct reactor__slot *slot = &r->slots[fd];

	if (slot->state & HD_CHANGED)
		return;
	slot->state |= HD_CHANGED;
	slot->next = -1;
	if (r->changes == -1)
		r->changes = fd;
	else
		r->slots[r->changes_last].next = fd;
	r->changes_last = fd;
}

/* ---- What io.c asks for -------------------------------------------------- */

static int
hd_grow(struct reactor *r, int fd)
{
	struct reactor__slot *slots;

	/* A wild number must not cost a table of gigabytes. */
	if (fcntl(fd, F_GETFD) == -1)
		return -1;
	slots = reactor__grown(
	    r->slots, &r->nslots, (size_t)fd + 1, sizeof(*slots));
	if (slots == NULL)
		return -1;
	r->slots = slots;
	return 0;
}

/* Where the list of fd points to io, or to its end. */
static struct reactor_io **
hd_place(struct reactor *r, size_t fd, const struct reactor_io *io)
{
	struct reactor_io **p = &r->slots[fd].first;

	while (*p != NULL && *p != io)
		p = &(*p)->next;
	return p;
}

int
reactor__handler_reserve(struct reactor *r, const struct reactor_io *io)
{
	if ((size_t)io->fd >= r->nslots && hd_grow(r, io->fd) == -1)
		return -1;
	if ((io->event.state & REACTOR__STARTED) == 0 ||
	    *hd_place(r, (size_t)io->fd, io) == io)
		return 0;
	errno = EINVAL; /* fd was changed without a stop */
	return -1;
}

void
reactor__handler_link(struct reactor *r, struct reactor_io *io)
{
	struct reactor__slot *slot = &r->slots[io->fd];
	struct reactor_io **place = hd_place(r, (size_t)io->fd, io);

	/* Another direction is a change; anything else may be a new file. */
	if (*place == NULL || io->interest == (io->wanted | REACTOR__EXTRA))
		slot->state |= HD_STARTED;
	if (*place == NULL) {
		io->next = NULL;
		*place = io;
	}
	io->interest = io->wanted | REACTOR__EXTRA;
	hd_change(r, io->fd);
}

/* Not where it says: its fd was changed, as to -1 after a close. */
static __attribute__((noinline)) struct reactor_io **
hd_search(struct reactor *r, const struct reactor_io *io, size_t *fd)
{
	struct reactor_io **place;

	for (*fd = 0; *fd < r->nslots; ++*fd) {
		place = hd_place(r, *fd, io);
		if (*place != NULL)
			return place;
	}
	return NULL;
}

void
reactor__handler_unlink(struct reactor *r, struct reactor_io *io)
{
	size_t fd = (size_t)io->fd;
	struct reactor_io **place = fd < r->nslots ? hd_place(r, fd, io) : NULL;

	if (place == NULL || *place == NULL)
		place = hd_search(r, io, &fd);
	if (place == NULL)
		return;
	*place = io->next;
	hd_change(r, (int)fd);
}

/* If nobody is interested any more, the backend hears it at once. */
void
reactor__handler_release(struct reactor *r, int fd)
{
	struct reactor__slot *slot;

	if (fd < 0 || (size_t)fd >= r->nslots)
		return;
	slot = &r->slots[fd];
	if (slot->first != NULL)
		return;
	slot->state &= (unsigned char)~HD_ALWAYS;
	if (slot->registered == 0)
		return;
	/* After a fork the kernel's part is still the parent's. */
	if (r->backend->reopen == NULL ||
	    r->generation == reactor__fork_generation())
		(void)r->backend->update(r->state, fd, slot->registered, 0);
	slot->registered = 0;
}

/* ---- What the crank asks for --------------------------------------------- */

/* The kernel does not know the descriptor: each handler hears it, once. */
static void
hd_bad(struct reactor *r, int fd, int error)
{
	struct reactor__slot *slot = &r->slots[fd];
	struct reactor_io *io = slot->first, *next;

	slot->first = NULL;
	slot->registered = 0;
	slot->state &= (unsigned char)~HD_ALWAYS;
	for (; io != NULL; io = next) {
		next = io->next;
		reactor__io_bad(r, io, error);
	}
}

static unsigned
hd_interest(const struct reactor__slot *slot)
{
	const struct reactor_io *io;
	unsigned interest = 0;

	for (io = slot->first; io != NULL; io = io->next)
		interest |= io->interest;
	return interest & (unsigned)~REACTOR__EXTRA;
}

/* What is always ready is so for these; what is urgent just never comes. */
static int
hd_stays(const struct reactor__slot *slot, unsigned interest)
{
	return (slot->state & HD_ALWAYS) != 0 &&
	    (interest & (REACTOR_READ | REACTOR_WRITE)) != 0;
}

/* Returns whether the slot is to stay on the list. */
static int
hd_apply(struct reactor *r, int fd)
{
	struct reactor__slot *slot = &r->slots[fd];
	unsigned was = slot->registered, now = hd_interest(slot);
	unsigned started = slot->state & HD_STARTED;

	slot->state &= (unsigned char)~HD_STARTED;
	if (now == 0)
		slot->state &= (unsigned char)~HD_ALWAYS;
	if (!started && (was == now || slot->state & HD_ALWAYS))
		return hd_stays(slot, now);
	if (was == 0 && now == 0)
		return 0;
	slot->state &= (unsigned char)~HD_ALWAYS;
	slot->registered = 0;
	if (r->backend->update(r->state, fd, was, now) == 0) {
		slot->registered = (unsigned char)now;
		return 0;
	}
	if (errno == EPERM) {
		slot->state |= HD_ALWAYS;
		return hd_stays(slot, now);
	}
	hd_bad(r, fd, errno); /* the table may have moved by now */
	return 0;
}

int
reactor__handler_apply(struct reactor *r)
{
	int fd = r->changes, next;

	r->changes = -1;
	for (; fd != -1; fd = next) {
		next = r->slots[fd].next;
		r->slots[fd].state &= (unsigned char)~HD_CHANGED;
		if (hd_apply(r, fd))
			hd_change(r, fd);
	}
	/* Or a producer was lost just now, and its successor is to be added. */
	return r->changes != -1;
}

/*
 * Nothing that a handler wants.  If that is because the backend found out in
 * its wait that it cannot watch the descriptor, all handlers hear of it.
 */
static __attribute__((noinline)) int
hd_lost(struct reactor *r, const struct reactor_ready *ready)
{
	struct reactor__slot *slot = &r->slots[ready->fd];

	if ((ready->mask & REACTOR_BAD) == 0)
		return 0;
	if (ready->error != EPERM) {
		hd_bad(r, ready->fd, ready->error);
		return 1;
	}
	slot->registered = 0;
	slot->state |= HD_ALWAYS;
	hd_change(r, ready->fd);
	return 1;
}

/* A producer is called at once; a handler that is queued learns more. */
static __attribute__((noinline)) void
hd_deliver_slowly(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	if (io->event.state & REACTOR__DIRECT)
		io->callback(r, io, ready);
	else
		io->event.mark |= ready;
}

static __attribute__((always_inline)) inline void
hd_deliver(struct reactor *r, struct reactor_io *io, unsigned ready, int traced)
{
	if (io->event.state & (REACTOR__QUEUED | REACTOR__DIRECT)) {
		hd_deliver_slowly(r, io, ready);
		return;
	}
	io->event.mark |= ready;
	reactor__queue_put(&r->queue, &io->event);
	if (traced)
		reactor__trace_queue(r, &io->event);
}

/* The hot path: what is rare is found out by what is wanted being nothing. */
static __attribute__((always_inline)) inline void
hd_ready(
    struct reactor *r, const struct reactor_ready *ready, int n, int traced)
{
	const struct reactor_ready *end = ready + n;
	struct reactor_io *io, *next;
	unsigned mask;

	for (; ready < end; ready++) {
		mask = ready->mask;
		for (io = r->slots[ready->fd].first; io != NULL; io = next) {
			next = io->next;
			if (mask & io->interest)
				hd_deliver(r, io, mask & io->interest, traced);
			else if (hd_lost(r, ready))
				break;
		}
	}
}

void
reactor__handler_ready(
    struct reactor *r, const struct reactor_ready *ready, int n)
{
	r->events += (unsigned)n;
	if (r->trace != NULL)
		hd_ready(r, ready, n, 1);
	else
		hd_ready(r, ready, n, 0);
}

/*
 * Check handlers ran after these records were made: a number with a handler
 * started since then may be another file.  What is forgotten here is reported
 * again by the next wait.
 */
int
reactor__handler_recheck(struct reactor *r, struct reactor_ready *ready, int n)
{
	int i, kept = 0;

	for (i = 0; i < n; i++)
		if ((r->slots[ready[i].fd].state & HD_STARTED) == 0)
			ready[kept++] = ready[i];
	return kept;
}

void
reactor__handler_always(struct reactor *r)
{
	struct reactor_ready ready = { 0, REACTOR_READ | REACTOR_WRITE, 0 };

	for (ready.fd = r->changes; ready.fd != -1;
	     ready.fd = r->slots[ready.fd].next)
		if ((r->slots[ready.fd].state & (HD_ALWAYS | HD_STARTED)) ==
		    HD_ALWAYS)
			reactor__handler_ready(r, &ready, 1);
}

/* The backend is new and knows nothing. */
void
reactor__handler_forget(struct reactor *r)
{
	size_t fd;

	for (fd = 0; fd < r->nslots; fd++) {
		r->slots[fd].registered = 0;
		if (r->slots[fd].first == NULL)
			continue;
		r->slots[fd].state |= HD_STARTED;
		hd_change(r, (int)fd);
	}
}
