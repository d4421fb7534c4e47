/*
 * SPDX-License-Identifier: ISC
 *
 * reap.h: between child.c, which knows who waits for which process, and
 * reap.c, which knows how one waits for a process.
 */
#ifndef REACTOR_REAP_H
#define REACTOR_REAP_H

#include <reactor/reactor.h>

struct reactor__children {
	struct reactor_child **table; /* owners */
	size_t size, count;
	unsigned generation; /* the process whose children they are */
	/* reap.c's: */
	size_t blind;     /* owners without a pidfd */
	size_t strangers; /* of these, not our children */
	struct reactor_signal signal;
	struct reactor_timer timer;
};

/* 0: it is waited for; 1: it has ended already, c->error; -1: failed. */
int reactor__reap_begin(struct reactor *, struct reactor_child *);
/* Nobody waits for that pid any more. */
void reactor__reap_end(struct reactor *, struct reactor_child *owner);
/* Another handler takes over what the owner waits by. */
void reactor__reap_pass(
    struct reactor *, struct reactor_child *owner, struct reactor_child *heir);
/* Looks again: 0 and the fields filled; EAGAIN: it lives; ECHILD. */
int reactor__reap_ask(struct reactor_child *);
/* child.c: tells all that wait for the same; looks at all without a pidfd. */
void reactor__child_end(struct reactor *, struct reactor_child *, int error);
void reactor__child_scan(struct reactor *);

#endif
