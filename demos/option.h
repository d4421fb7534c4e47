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
 * Takes the program's name and its options off the front of argv: --backend=NAME
 * and --context=NAME, each unless its place is NULL.  What is not there stays as
 * it is: then $REACTOR_BACKEND and $REACTOR_CONTEXT count, or the best.
 */
static inline void
option_read(int *argc, char ***argv, const char *usage, const char **backend,
    const char **context)
{
	const char *word;

	for (++*argv, --*argc; *argc > 0; ++*argv, --*argc) {
		word = **argv;
		if (backend != NULL && strncmp(word, "--backend=", 10) == 0) {
			*backend = word + 10;
		} else if (context != NULL &&
		    strncmp(word, "--context=", 10) == 0) {
			*context = word + 10;
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
}

/* The same, for a demo without tasks: the NAME of --backend=NAME, or NULL. */
static inline const char *
option_backend(int *argc, char ***argv, const char *usage)
{
	const char *backend = NULL;

	option_read(argc, argv, usage, &backend, NULL);
	return backend;
}

/* The same, for a demo without a loop: the NAME of --context=NAME, or NULL. */
static inline const char *
option_context(int *argc, char ***argv, const char *usage)
{
	const char *context = NULL;

	option_read(argc, argv, usage, NULL, &context);
	return context;
}

#endif
