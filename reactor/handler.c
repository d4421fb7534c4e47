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

void
reactor__handler_change(struct reactor *r, int fd)
{
	struct reactor__slot *slot = &r->slots[fd];

	if (slot->state & REACTOR__CHANGED)
		return;
	slot->state |= REACTOR__CHANGED;
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
		slot->state |= REACTOR__FRESH;
	if (*place == NULL) {
		io->next = NULL;
		*place = io;
	}
	io->interest = io->wanted | REACTOR__EXTRA;
	reactor__handler_change(r, io->fd);
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
	reactor__handler_change(r, (int)fd);
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
	slot->state &= (unsigned char)~REACTOR__ALWAYS;
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
void
reactor__handler_bad(struct reactor *r, int fd, int error)
{
	struct reactor__slot *slot = &r->slots[fd];
	struct reactor_io *io = slot->first, *next;

	slot->first = NULL;
	slot->registered = 0;
	slot->state &= (unsigned char)~REACTOR__ALWAYS;
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
	return (slot->state & REACTOR__ALWAYS) != 0 &&
	    (interest & (REACTOR_READ | REACTOR_WRITE)) != 0;
}

/* Returns whether the slot is to stay on the list. */
static int
hd_apply(struct reactor *r, int fd)
{
	struct reactor__slot *slot = &r->slots[fd];
	unsigned was = slot->registered, now = hd_interest(slot);
	unsigned started = slot->state & REACTOR__FRESH;

	slot->state &= (unsigned char)~REACTOR__FRESH;
	if (now == 0)
		slot->state &= (unsigned char)~REACTOR__ALWAYS;
	if (!started && (was == now || slot->state & REACTOR__ALWAYS))
		return hd_stays(slot, now);
	if (was == 0 && now == 0)
		return 0;
	slot->state &= (unsigned char)~REACTOR__ALWAYS;
	slot->registered = 0;
	if (r->backend->update(r->state, fd, was, now) == 0) {
		slot->registered = (unsigned char)now;
		return 0;
	}
	if (errno == EPERM) {
		slot->state |= REACTOR__ALWAYS;
		return hd_stays(slot, now);
	}
	/* After this the table may have moved. */
	reactor__handler_bad(r, fd, errno);
	return 0;
}

int
reactor__handler_apply(struct reactor *r)
{
	int fd = r->changes, next;

	r->changes = -1;
	for (; fd != -1; fd = next) {
		next = r->slots[fd].next;
		r->slots[fd].state &= (unsigned char)~REACTOR__CHANGED;
		if (hd_apply(r, fd))
			reactor__handler_change(r, fd);
	}
	/* Or a producer was lost just now, and its successor is to be added. */
	return r->changes != -1;
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
		r->slots[fd].state |= REACTOR__FRESH;
		reactor__handler_change(r, (int)fd);
	}
}
