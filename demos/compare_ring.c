/*
 * SPDX-License-Identifier: ISC
 *
 * compare_ring.c: what one event costs among more and more descriptors.
 *
 * Each backend has a ring of socket pairs of its own; a byte travels round it:
 *
 *   handler reads it --> writes it into the next pair --> next handler ...
 *
 * so at any time `active` descriptors are ready, and the idle ones, which all
 * backends watch, only stand by.  The backends take turns, round by round, so
 * that a busy machine hurts all alike.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "demos/compare.h"

#define CR_ROUND  (4 * REACTOR_MILLISECOND) /* how long one should last */
#define CR_STEP   (2 * REACTOR_SECOND)      /* how long rounds may take */
#define CR_LEAST  5                         /* rounds, however long */
#define CR_RING   5                         /* pairs, at least */
#define CR_SPARE  32                        /* descriptors for all else */
#define CR_ROUNDS 101

struct cr_station {
	struct reactor_io io; /* reads here... */
	int next;             /* ...and writes there */
	struct compare_ring *ring;
};

struct compare_ring {
	struct cr_station *station;
	long stations;
	long left;   /* events until this round ends */
	long events; /* of one round */
};

/* ---- Idle descriptors ---------------------------------------------------- */

static int *cr_idle;
static long cr_idles;

static void
cr_note(struct compare *c, const char *what)
{
	(void)snprintf(c->note, sizeof(c->note),
	    "No more than %ld idle descriptors: %s.", cr_idles, what);
}

long
compare_idle(struct compare *c, long wanted, const int **fds)
{
	int *more;

	if (wanted > cr_idles) {
		more = realloc(cr_idle, ((size_t)wanted + 1) * sizeof(*more));
		if (more == NULL)
			demo_fail("no memory");
		cr_idle = more;
	}
	for (; cr_idles < wanted; cr_idles += 2)
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, cr_idle + cr_idles) ==
		    -1) {
			cr_note(c, strerror(errno));
			break;
		}
	*fds = cr_idle;
	return cr_idles < wanted ? cr_idles : wanted;
}

/* ---- Rings --------------------------------------------------------------- */

struct reactor *
compare_open(const struct compare_backend *b)
{
	struct reactor_options options = { .backend = b->is.name, .trace = "" };
	struct reactor *r = reactor_open(&options);

	if (r == NULL)
		demo_fail("%s: %s", b->is.label, reactor_error());
	return r;
}

static void
cr_pass(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	struct cr_station *s = REACTOR_OWNER(io, struct cr_station, io);
	char byte;

	(void)ready;
	if (read(io->fd, &byte, 1) != 1 || write(s->next, &byte, 1) != 1)
		demo_fail("the ring is broken: %s", strerror(errno));
	if (--s->ring->left == 0)
		reactor_stop(r);
}

static long
cr_ring_size(const struct compare *c)
{
	return c->active > CR_RING ? c->active : CR_RING;
}

static void
cr_stations(struct compare_backend *b)
{
	struct compare_ring *ring = b->ring;
	struct cr_station *s = ring->station;
	int pair[2], first = -1;
	long i;

	for (i = 0; i < ring->stations; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == -1)
			demo_fail("socketpair: %s", strerror(errno));
		s[i].ring = ring;
		s[i].io.callback = cr_pass;
		s[i].io.wanted = REACTOR_READ;
		s[i].io.fd = pair[0];
		if (i == 0)
			first = pair[1];
		else
			s[i - 1].next = pair[1];
		if (reactor_io_start(b->reactor, &s[i].io) == -1)
			demo_fail(
			    "%s: start: %s", b->is.label, strerror(errno));
	}
	s[i - 1].next = first;
}

static void
cr_open(struct compare *c, struct compare_backend *b)
{
	long i;

	b->reactor = compare_open(b);
	b->ring = calloc(1, sizeof(*b->ring));
	b->idle = calloc((size_t)c->step[c->nsteps - 1], sizeof(*b->idle));
	if (b->ring == NULL || b->idle == NULL)
		demo_fail("no memory");
	b->ring->stations = cr_ring_size(c);
	b->ring->station =
	    calloc((size_t)b->ring->stations, sizeof(*b->ring->station));
	if (b->ring->station == NULL)
		demo_fail("no memory");
	cr_stations(b);
	for (i = 0; i < c->active; i++)
		if (write(b->ring->station[i].next, "*", 1) != 1)
			demo_fail("write: %s", strerror(errno));
}

static void
cr_close(struct compare_backend *b)
{
	long i;

	(void)reactor_close(b->reactor);
	for (i = 0; i < b->ring->stations; i++) {
		(void)close(b->ring->station[i].io.fd);
		(void)close(b->ring->station[i].next);
	}
	free(b->ring->station);
	free(b->ring);
	free(b->idle);
}

/* ---- Rounds -------------------------------------------------------------- */

static void
cr_run(struct compare_backend *b, long events)
{
	b->ring->left = events;
	if (events > 0 && reactor_run(b->reactor) == -1)
		demo_fail("%s: run: %s", b->is.label, strerror(errno));
}

/* Returns ns per event.  The first few are not counted: the caches are cold. */
static double
cr_round(struct compare_backend *b, long events)
{
	int64_t begin;

	cr_run(b, events / 8);
	begin = demo_now();
	cr_run(b, events);
	return (double)(demo_now() - begin) / (double)events;
}

/*
 * How many events make a round that is long enough to be measured.  The best
 * of some tries says so: one alone may have been interrupted.
 */
static void
cr_calibrate(struct compare_backend *b, long least)
{
	double each, again;
	long events;
	int i;

	cr_run(b, least);
	for (events = least;; events *= 4) {
		each = cr_round(b, events);
		for (i = 0; i < 2; i++) {
			again = cr_round(b, events);
			each = again < each ? again : each;
		}
		if (each * (double)events * 8 > (double)CR_ROUND)
			break;
	}
	events = (long)((double)CR_ROUND / each);
	b->ring->events = events < least ? least : events;
}

static void
cr_nobody(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	(void)r;
	(void)ready;
	demo_fail("the idle descriptor %d was reported ready", io->fd);
}

/* Watches idle descriptors up to so many. */
static void
cr_watch(struct compare_backend *b, const int *fds, long from, long to)
{
	struct reactor_io *io;

	for (; from < to; from++) {
		io = &b->idle[from];
		io->fd = fds[from];
		io->wanted = REACTOR_READ;
		io->callback = cr_nobody;
		if (reactor_io_start(b->reactor, io) == -1)
			demo_fail(
			    "%s: start: %s", b->is.label, strerror(errno));
	}
}

static void
cr_rounds(struct compare *c, size_t step)
{
	static double value[COMPARE_BACKENDS][CR_ROUNDS];
	size_t rounds = (size_t)c->rounds, i, k, which;
	int64_t begin;

	for (k = 0; k < c->nbackends; k++)
		cr_calibrate(&c->backend[k], c->active);
	begin = demo_now();
	for (i = 0; i < rounds; i++) {
		if (i >= CR_LEAST && demo_now() - begin > CR_STEP)
			break;
		for (k = 0; k < c->nbackends; k++) {
			which = (i + k) % c->nbackends;
			value[which][i] = cr_round(
			    &c->backend[which], c->backend[which].ring->events);
		}
	}
	for (k = 0; k < c->nbackends; k++)
		figure_make(&c->backend[k].event[step], value[k], i);
}

/* 10, 30, 100, 300... and the greatest number that the limit allows. */
static void
cr_steps(struct compare *c)
{
	long stations = cr_ring_size(c);
	long room =
		 c->limit - CR_SPARE - (long)c->nbackends * (2 * stations + 8),
	     most, n;

	most = (room & ~1L) + stations;
	if (most > c->at_most) {
		most = c->at_most;
		(void)snprintf(c->note, sizeof(c->note),
		    "Watched at most %ld; the limit allows %ld: see "
		    "--descriptors.",
		    most, (room & ~1L) + stations);
	}
	if (room < 10)
		demo_fail("the limit of %ld descriptors is too low for this; "
			  "see ulimit -n",
		    c->limit);
	for (n = 10; n < most; n = n % 9 == 1 ? 3 * n : n / 3 * 10)
		if (n > stations)
			c->step[c->nsteps++] = n;
	/* The last round number gives way to the limit when near it. */
	if (c->nsteps > 0 && c->step[c->nsteps - 1] * 4 > most * 3)
		c->nsteps--;
	if (most > stations)
		c->step[c->nsteps++] = most;
	if (c->nsteps == 0)
		demo_fail("--active=%ld leaves no room for idle descriptors",
		    c->active);
}

void
compare_rings(struct compare *c)
{
	const int *fds = NULL;
	long watched = 0, idle, wanted, stations;
	size_t step, k;

	cr_steps(c);
	stations = cr_ring_size(c);
	for (k = 0; k < c->nbackends; k++)
		cr_open(c, &c->backend[k]);
	for (step = 0; step < c->nsteps; step++) {
		demo_progress("%zu of %zu: one event among %ld descriptors...",
		    step + 1, c->nsteps, c->step[step]);
		wanted = c->step[step] - stations;
		idle = compare_idle(c, wanted, &fds);
		if (idle < wanted) /* there are no more: this is the end */
			c->nsteps = idle > watched ? step + 1 : step;
		if (step == c->nsteps)
			break;
		c->step[step] = idle + stations;
		for (k = 0; k < c->nbackends; k++)
			cr_watch(&c->backend[k], fds, watched, idle);
		watched = idle;
		cr_rounds(c, step);
	}
	for (k = 0; k < c->nbackends; k++)
		cr_close(&c->backend[k]);
}
