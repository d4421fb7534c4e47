/*
 * SPDX-License-Identifier: ISC
 *
 * catch.h: the ring of signals of one loop.  catch.c fills it, in the signal
 * action; signal.c empties it.
 */
#ifndef REACTOR_CATCH_H
#define REACTOR_CATCH_H

#include <signal.h>
#include <reactor/reactor.h>

#define REACTOR__CELLS 64 /* a power of two */

struct reactor__cell {
	unsigned turn; /* atomic */
	struct reactor_signal_info info;
};

struct reactor__signals {
	struct reactor__signals *next; /* atomic: in the registry */
	struct reactor *reactor;
	struct reactor__cell ring[REACTOR__CELLS];
	unsigned head;         /* atomic: the position to write next */
	unsigned tail;         /* the position to read next */
	unsigned counting;     /* atomic: look at the counts */
	unsigned count[NSIG];  /* atomic: had no place in the ring */
	unsigned orphan[NSIG]; /* atomic: came to a child before its loop ran */
	unsigned uses[NSIG];   /* atomic: handlers of this number */
	unsigned generation;   /* atomic: the process that the ring is of */
	struct reactor_signal *first[NSIG]; /* signal.c's */
};

int reactor__catch_open(struct reactor *);
void reactor__catch_close(struct reactor *);
/* One handler of that number more, or less; -1: EINVAL. */
int reactor__catch_join(struct reactor__signals *, int number);
void reactor__catch_leave(struct reactor__signals *, int number);
/* The record to be read next; NULL: none, or it is still being written. */
const struct reactor_signal_info *reactor__catch_front(
    const struct reactor__signals *);
void reactor__catch_pop(struct reactor__signals *);

#endif
