/*
 * SPDX-License-Identifier: ISC
 *
 * without.c: runs a command that lacks system calls: see without.h.
 *
 *	without pidfd_open,inotify_init1=EPERM -- command argument...
 *
 * Exits with 77 where there is no such filter.
 */
#include <stdio.h>
#include <unistd.h>
#include "without.h"

int
main(int argc, char **argv)
{
	int error;

	if (argc < 4 || strcmp(argv[2], "--") != 0) {
		fprintf(stderr, "usage: without call[=ERROR],... -- command\n");
		return 2;
	}
	if (without(argv[1]) == -1) {
		error = errno;
		perror(argv[1]);
		return error == EINVAL ? 2 : 77;
	}
	execvp(argv[3], argv + 3);
	perror(argv[3]);
	return 127;
}
