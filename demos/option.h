/*
 * SPDX-License-Identifier: ISC
 *
 * option.h: what the small demos do with their command lines.
 */
#ifndef DEMOS_OPTION_H
#define DEMOS_OPTION_H

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ends the program with the first line of the usage text. */
static inline void
option_wrong(const char *usage)
{
	fprintf(stderr, "%.*s\n", (int)strcspn(usage, "\n"), usage);
	exit(2);
}

/*
 * Takes the program's name and its options off the front of argv.  Returns the
 * NAME of --backend=NAME, or NULL: then $REACTOR_BACKEND counts, or the best.
 */
static inline const char *
option_backend(int *argc, char ***argv, const char *usage)
{
	const char *backend = NULL, *word;

	for (++*argv, --*argc; *argc > 0; ++*argv, --*argc) {
		word = **argv;
		if (strncmp(word, "--backend=", 10) == 0) {
			backend = word + 10;
		} else if (strcmp(word, "--help") == 0) {
			fputs(usage, stdout);
			exit(fflush(stdout) == EOF);
		} else if (word[0] == '-' && word[1] != '\0') {
			warnx("unknown option %s", word);
			option_wrong(usage);
		} else {
			break;
		}
	}
	return backend;
}

#endif
