/*
 * SPDX-License-Identifier: ISC
 *
 * kqueue.c: the backend on kqueue(2).  A kqueue holds a knote for each pair of
 * descriptor and filter.  Update only writes down what is wanted; wait hands
 * in the list of changes with the very call that waits.
 *
 * What is odd about kqueue, on one system or another, and what we do:
 * a. A change that fails comes back as an event with EV_ERROR, and then no
 *    other is looked at: we call again.  Without room for it, the changes that
 *    follow are lost: the event list is as long as the change list.
 * b. Closing a descriptor drops its knotes, though a dup lives.  Deletions
 *    that come too late fail, which we ignore.  The number may have a new
 *    owner, so each change adds all that is wanted; adding twice is harmless.
 *    EV_ADD enables only with EV_ENABLE.
 * c. Files and directories are accepted, and silent at their end; we ask
 *    fstat.  What else is refused, with one errno or another, gets EPERM; if
 *    only EVFILT_WRITE is refused, that direction is always ready.
 * d. A pipe without a reader: FreeBSD reports EVFILT_WRITE once and takes the
 *    knote (EV_ONESHOT); to add it then gives EPIPE, on NetBSD EBADF.  Each
 *    wait tries it again: that is level-triggered, and sees a new reader.
 * e. EV_EOF comes for each filter: the peer's end of file on READ, our own
 *    shutdown on WRITE.  Both together are HANGUP; of one alone, nothing can
 *    be said.  With an errno in fflags (sockets only) it is ERROR.
 * f. fork takes a kqueue from the child, where its number may be another
 *    file's: the child does not close it.
 * g. NetBSD's filters are unsigned, its udata was an integer: int64_t, and 0.
 * h. Event lists rotate, so a short one is fair, but (a) and (d) could fill it
 *    for ever: after a full one, we look for events before we change anything.
 */
#include <sys/types.h>
#include <sys/event.h>
#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "backends/backend.h"

/* What a system lacks. */
#ifndef KQUEUE_EMULATED
#define KQUEUE_EMULATED  0
#define kqueue_close(kq) close(kq)
#endif
#if defined(EVFILT_EXCEPT) && defined(NOTE_OOB)
#define KQ_URGENT REACTOR_URGENT
#define KQ_EXCEPT EVFILT_EXCEPT
#define KQ_OOB    NOTE_OOB
#else
#define KQ_URGENT 0
#define KQ_EXCEPT EVFILT_READ
#define KQ_OOB    0
#endif
#define KQ_BOTH (REACTOR_READ | REACTOR_WRITE)

enum { KQ_FILTERS = 3, KQ_LENGTH = 256, KQ_DAY = 24 * 60 * 60 };

static const struct {
	unsigned bit, fflags;
	int64_t filter;
} kq_filters[KQ_FILTERS] = {
	{ REACTOR_READ, 0, EVFILT_READ },
	{ REACTOR_WRITE, 0, EVFILT_WRITE },
	{ KQ_URGENT, KQ_OOB, KQ_EXCEPT },
};

static const struct timespec kq_at_once;

struct kq_interest {
	int next;             /* in the list of changes, if listed */
	unsigned char wanted; /* what update said */
	unsigned char held;   /* what the kernel may have a knote for */
	unsigned char ended;  /* whose latest event had EV_EOF */
	unsigned char listed;
};

struct kq_state {
	int kq, exposed, full;
	pid_t owner;
	int first, last, listed;   /* the list of changes, and its length */
	struct kq_interest *table; /* by descriptor */
	size_t length;
	struct kevent k[KQ_LENGTH]; /* changes, then events */
};

static void
kq_list(struct kq_state *s, int fd)
{
	if (s->table[fd].listed)
		return;
	s->table[fd].listed = 1;
	if (s->listed++ == 0)
		s->first = fd;
	else
		s->table[s->last].next = fd;
	s->last = fd;
}

/* Takes one off the list and appends what the kernel must be told: see (b). */
static int
kq_change(struct kq_state *s, int count)
{
	int fd = s->first, i;
	struct kq_interest *in = &s->table[fd];
	unsigned bit;

	s->first = in->next;
	s->listed--;
	in->listed = 0;
	for (i = 0; i < KQ_FILTERS; i++) {
		bit = kq_filters[i].bit;
		if (((in->wanted | in->held) & bit) == 0)
			continue;
		EV_SET(&s->k[count], fd, kq_filters[i].filter,
		    in->wanted & bit ? EV_ADD | EV_ENABLE : EV_DELETE,
		    kq_filters[i].fflags, 0, 0);
		count++;
	}
	in->held = in->wanted;
	return count;
}

/*
 * Hands in changes of `todo` descriptors, but of `most` at most, and waits for
 * that many events; at once if changes are left.
 */
static int
kq_kevent(struct kq_state *s, int *todo, int most, const struct timespec *limit)
{
	int count = 0, taken = 0;

	for (; *todo > 0 && taken < most && count <= KQ_LENGTH - KQ_FILTERS;
	     taken++, --*todo)
		count = kq_change(s, count);
	most = most < KQ_LENGTH ? most : KQ_LENGTH;
	if (*todo > 0 || count > most)
		most = count;
	return kevent(
	    s->kq, s->k, count, s->k, most, *todo > 0 ? &kq_at_once : limit);
}

/* An addition failed: see (c) and (d). */
static void
kq_refused(struct kq_state *s, struct reactor_ready *r, unsigned bit, int error)
{
	struct kq_interest *in = &s->table[r->fd];
	int unwatchable = error == ENODEV || error == EINVAL ||
	    error == EPERM || error == EOPNOTSUPP || error == ENOTSUP;

	if (bit == REACTOR_WRITE && (error == EPIPE || error == EBADF) &&
	    fcntl(r->fd, F_GETFD) != -1) {
		r->mask = KQ_BOTH | REACTOR_ERROR;
	} else if (unwatchable && bit != REACTOR_READ && in->wanted != bit) {
		r->mask = bit & REACTOR_WRITE; /* URGENT just never comes */
	} else {
		r->mask = REACTOR_BAD;
		r->error = unwatchable ? EPERM : (unsigned short)error;
		in->wanted = 0;
	}
	if (r->mask != 0)
		kq_list(s, r->fd);
}

static void
kq_record(struct kq_state *s, struct reactor_ready *r, const struct kevent *k)
{
	struct kq_interest *in = &s->table[k->ident];
	unsigned i = 0, bit;

	while (i < KQ_FILTERS - 1 && k->filter != kq_filters[i].filter)
		i++;
	bit = kq_filters[i].bit;
	r->fd = (int)k->ident;
	r->mask = r->error = 0;
	if ((in->wanted & bit) == 0)
		return; /* a deletion, or what has just been found bad */
	if (k->flags & EV_ERROR) {
		if (k->data != 0)
			kq_refused(s, r, bit, (int)k->data);
		return;
	}
	r->mask = (unsigned short)bit;
	in->ended &= (unsigned char)~bit;
	if (k->flags & EV_EOF && bit & KQ_BOTH) {
		in->ended |= (unsigned char)bit;
		if (k->fflags != 0 || k->flags & EV_ONESHOT)
			r->mask |= KQ_BOTH | REACTOR_ERROR;
	}
	if (in->ended == KQ_BOTH)
		r->mask |= KQ_BOTH | REACTOR_HANGUP;
	if (k->flags & EV_ONESHOT)
		kq_list(s, r->fd);
}

/*
 * Events that do not fit are no loss, the kernel repeats them.  Errors fit:
 * there is one record of them at most for each descriptor.
 */
static int
kq_records(struct kq_state *s, int count, struct reactor_ready *ready, int max)
{
	struct reactor_ready r;
	int i, n = 0;

	for (i = 0; i < count; i++) {
		kq_record(s, &r, &s->k[i]);
		if (r.mask != 0 && n < max)
			ready[n++] = r;
	}
	return n;
}

static int
kq_wait(void *state, struct reactor_ready *ready, int max, int64_t timeout)
{
	struct kq_state *s = state;
	struct timespec until = { KQ_DAY, 0 };
	const struct timespec *limit = timeout < 0 ? NULL : &until;
	int todo = s->listed, look = s->full && todo > 0, n = 0, k = 0, no = 0;

	if (timeout < KQ_DAY * REACTOR_SECOND) {
		until.tv_sec = (time_t)(timeout / REACTOR_SECOND);
		until.tv_nsec = (long)(timeout % REACTOR_SECOND);
	}
	if (look) {
		k = kq_kevent(s, &no, max, &kq_at_once);
		n = kq_records(s, k, ready, max);
	}
	while (k >= 0 && n < max) {
		limit = n > 0 ? &kq_at_once : limit;
		k = kq_kevent(s, &todo, max - n, limit);
		n += kq_records(s, k, ready + n, max - n);
		if (todo == 0 && (k <= 0 || (s->k[0].flags & EV_ERROR) == 0))
			break;
	}
	s->full = n == max && !look;
	return k == -1 && n == 0 && errno != EINTR ? -1 : n;
}

/*
 * When another loop waits for our kqueue, changes must not wait for ours.  What
 * only wait can tell of is tried again there.
 */
static void
kq_flush(struct kq_state *s)
{
	int todo = s->listed, k;

	while (todo > 0)
		for (k = kq_kevent(s, &todo, KQ_LENGTH, &kq_at_once); k > 0;)
			if (s->k[--k].flags & (EV_ERROR | EV_ONESHOT))
				kq_list(s, (int)s->k[k].ident);
}

/* Whether fd can be watched, with room made for it; else errno. */
static int
kq_check(struct kq_state *s, int fd)
{
	struct kq_interest *table;
	struct stat st;

	if (fstat(fd, &st) == -1)
		return errno;
	if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
		return EPERM;
	table = reactor__grown(
	    s->table, &s->length, (size_t)fd + 1, sizeof(*table));
	if (table == NULL)
		return ENOMEM;
	s->table = table;
	return 0;
}

/* `was` is no help: the number may mean another file by now. */
static int
kq_update(void *state, int fd, unsigned was, unsigned now)
{
	struct kq_state *s = state;
	int error = now != 0 ? kq_check(s, fd) : 0;

	(void)was;
	if ((size_t)fd < s->length) {
		s->table[fd].wanted = error == 0 ? (unsigned char)now : 0;
		s->table[fd].ended = 0;
		kq_list(s, fd);
	}
	if (s->exposed)
		kq_flush(s);
	if (error == 0)
		return 0;
	errno = error;
	return -1;
}

static int
kq_reopen(void *state)
{
	struct kq_state *s = state;

	if (s->length > 0)
		memset(s->table, 0, s->length * sizeof(*s->table));
	s->listed = s->exposed = s->full = 0;
	s->owner = getpid();
	s->kq = reactor__descriptor_high(kqueue());
	return s->kq == -1 ? -1 : 0;
}

static void *
kq_open(void)
{
	struct kq_state *s = reactor__allocate(NULL, sizeof(*s));
	int error;

	if (s == NULL)
		return NULL;
	memset(s, 0, sizeof(*s));
	if (kq_reopen(s) == 0)
		return s;
	error = errno;
	(void)reactor__allocate(s, 0);
	errno = error;
	return NULL;
}

static void
kq_close(void *state)
{
	struct kq_state *s = state;

	if (s->kq != -1 && s->owner == getpid()) /* (f) */
		(void)kqueue_close(s->kq);
	(void)reactor__allocate(s->table, 0);
	(void)reactor__allocate(s, 0);
}

static int
kq_descriptor(void *state)
{
	struct kq_state *s = state;

	s->exposed = 1;
	kq_flush(s);
	return s->kq;
}

const struct reactor_backend reactor__kqueue = {
	.name = "kqueue",
	.emulated = KQUEUE_EMULATED,
	.interests = REACTOR_READ | REACTOR_WRITE | KQ_URGENT,
	.open = kq_open,
	.close = kq_close,
	.update = kq_update,
	.wait = kq_wait,
	.reopen = kq_reopen,
	.descriptor = kq_descriptor,
};
