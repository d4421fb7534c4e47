/*
 * SPDX-License-Identifier: ISC
 *
 * choice.h: the choice among implementations by a list of names: of a backend,
 * a context, an executor.
 */
#ifndef REACTOR_CHOICE_H
#define REACTOR_CHOICE_H

#include <stddef.h>

struct reactor__candidate {
	const char *name;
	int emulated; /* chosen only by name */
};

struct reactor__choice {
	const char *noun; /* "backend" */
	size_t count;     /* how many are known, best first */
	struct reactor__candidate (*candidate)(size_t i);
	const char *(*missing)(size_t i); /* why, in words; NULL: it is there */
	/* 0, or -1 with errno; ENOSYS and EPERM: not on this system. */
	int (*take)(size_t i, void *context);
	void *context;
	char *message; /* in words, if the choice fails */
	size_t size;
};

/*
 * Takes the first that can be had of "epoll, poll"; NULL, "" and "auto" stand
 * for all that are not emulated.  0; -1 with EINVAL (a name is unknown: nothing
 * was taken), or what the last take said, else ENOTSUP.
 */
int reactor__choose(const struct reactor__choice *, const char *names);

#endif
