/*
 * SPDX-License-Identifier: ISC
 *
 * watch.h: between path.c, which knows what is looked at for whom, and
 * watch.c, which knows by what hints.
 */
#ifndef REACTOR_WATCH_H
#define REACTOR_WATCH_H

#include <reactor/reactor.h>

struct reactor__watch;

struct reactor__paths {
	struct reactor_link all;  /* handlers */
	struct reactor_link hint; /* these are to be looked at */
	unsigned generation;      /* the process whose descriptor it is */
	/* watch.c's: */
	struct reactor_io io;
	struct reactor__watch **table;
	size_t size, count;
};

/* path.c, event.mark: why a handler is looked at, or called. */
enum {
	REACTOR__CALL = 0x100,  /* call it */
	REACTOR__AGAIN = 0x200, /* look at it in the next turn */
};

/*
 * Watches the file and the directory that its name is in, in place of what
 * was watched for it before.  0: no hint will come of some changes, so it must
 * be polled.
 */
int reactor__watch(struct reactor *, struct reactor_path *);
void reactor__unwatch(struct reactor *, struct reactor_path *);
/* Forgets all watches and the descriptor. */
void reactor__watch_close(struct reactor *);
/* path.c: look at all that stand in the list of hints. */
void reactor__path_hinted(struct reactor *);
/* path.c: the descriptor was lost, so all must be watched anew. */
void reactor__path_renew(struct reactor *);

#endif
