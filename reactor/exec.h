/*
 * SPDX-License-Identifier: ISC
 *
 * exec.h: how a process becomes another command; used by spawn.c.
 */
#ifndef REACTOR_EXEC_H
#define REACTOR_EXEC_H

#include <signal.h>
#include <reactor/reactor.h>

struct reactor__exec {
	const struct reactor_command *command;
	int stream[3];       /* what 0 to 2 shall be, each >= 3; -1: as it is */
	sigset_t mask;       /* of signals, for the command */
	const char *search;  /* PATH */
	char *file;          /* room for a name below one of its entries */
	const char **script; /* room for a shell's arguments */
};

int reactor__exec_prepare(struct reactor__exec *);
void reactor__exec_free(struct reactor__exec *);
/* In a new process: what is caught gets its default, what is ignored stays. */
void reactor__signals_default(void);
/* Between fork and exec, all signals blocked.  Returns only with an errno. */
int reactor__exec(const struct reactor__exec *);

#endif
