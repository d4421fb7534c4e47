/*
 * SPDX-License-Identifier: ISC
 *
 * listen.h: what listen.c asks of bind.c, and what all who accept know.
 */
#ifndef REACTOR_NET_LISTEN_H
#define REACTOR_NET_LISTEN_H

#include <reactor/net.h>

/* ---- bind.c -------------------------------------------------------------- */

/* Which socket it is to be. */
struct reactor__listen {
	unsigned flags, mode; /* of the options */
	int backlog;
	int type; /* SOCK_STREAM, SOCK_DGRAM */
};

/* The descriptor; or -1 with errno and nothing left behind. */
int reactor__listen_at(
    const struct reactor_address *, const struct reactor__listen *);
int reactor__nonblock(int fd);

/* ---- listener.c ---------------------------------------------------------- */

/* Why accept(2) failed. */
enum {
	REACTOR__GUEST, /* something befell him before he came in */
	REACTOR__EMPTY, /* there is none */
	REACTOR__FULL,  /* there is no room: he may come in later */
	REACTOR__WRONG  /* it will never work */
};

#define REACTOR__ACCEPT_PAUSE (100 * REACTOR_MILLISECOND)

int reactor__accept_failed(int error);

#endif
