/*
 * SPDX-License-Identifier: ISC
 *
 * admit.c: accepting for servers: nothing but a socket that is wrong ends it.
 */
#include <string.h>
#include <coro/task.h>
#include "coro/schedule.h"
#include "reactor/net/listen.h"
#include "reactor/net/net.h"

#define TAD_VAIN 64 /* guests that are gone, in a row */

/* Takes a rest before it is tried again: 0; or -1. */
static int
tad_failed(int error, int *vain)
{
	int why = reactor__accept_failed(error);

	if (why == REACTOR__GUEST && ++*vain < TAD_VAIN)
		return 0;
	*vain = 0;
	if (why == REACTOR__GUEST || why == REACTOR__FULL)
		return task_sleep(REACTOR__ACCEPT_PAUSE);
	errno = error;
	return -1;
}

int
task_admit(int fd, unsigned flags, struct reactor_address *peer)
{
	struct sockaddr *address =
	    peer != NULL ? (struct sockaddr *)(void *)peer->u.bytes : NULL;
	int new, vain = 0;
	unsigned length;

	if (task__self() == NULL) {
		errno = EPERM;
		return -1;
	}
	if (flags & ~(unsigned)(REACTOR_NODELAY | REACTOR_KEEPALIVE)) {
		errno = EINVAL;
		return -1;
	}
	if (peer != NULL)
		memset(peer, 0, sizeof(*peer));
	for (;;) {
		length = sizeof(peer->u.bytes);
		new =
		    task_accept(fd, address, address != NULL ? &length : NULL);
		if (new != -1)
			break;
		if (errno == ECANCELED || tad_failed(errno, &vain) == -1)
			return -1;
	}
	if (peer != NULL)
		peer->length = length;
	reactor__socket_options(new, flags);
	return new;
}
