/*
 * SPDX-License-Identifier: ISC
 *
 * demo.h: what the larger demos share: their options, how they speak to
 * people, and which backends they are to try.
 */
#ifndef DEMOS_DEMO_H
#define DEMOS_DEMO_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* --name, or --name=VALUE; one of the three pointers says where it goes. */
struct demo_option {
	const char *name;
	const char *value; /* what stands for the value in --help, or NULL */
	const char *help;
	int *flag; /* becomes 1 */
	const char **text;
	long *number; /* from least to most */
	long least, most;
};

struct demo_backend {
	char name[32];  /* for reactor_options.backend */
	char label[48]; /* for people: "kqueue (emulated)" */
	int emulated;
};

/*
 * Reads the command line.  Ends the program for --help (0) and for what it
 * does not understand (2).  The options end with a NULL name; if that
 * has a value, such as "FILE...", there may be operands: how many is returned,
 * and they are moved to argv[1] and on, before a NULL.
 */
int demo_options(int argc, char **argv, const char *about,
    const struct demo_option *options);

/* One line on standard error; then exit 1, or 2 with a hint at --help. */
_Noreturn void demo_fail(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
_Noreturn void demo_usage(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
/* The same, and nothing else. */
void demo_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * A line of standard error, if that is a terminal, which the next call
 * replaces and demo_progress_end takes away; so do ^C and its like.
 */
void demo_progress(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
void demo_progress_end(void);

/* Prints it in lines of less than 80 columns, which end after a clause. */
void demo_wrap(char *text);

/* Opens a file to be written, but keeps what is in it... */
FILE *demo_write(const char *file);
/* ...until now, when there is something better. */
void demo_write_begin(FILE *, const char *file);
/* Ends the program if any of it, or of standard output, was not written. */
void demo_write_end(FILE *, const char *file);

/*
 * The named backends ("epoll,poll"; NULL: all that work here) as far as there
 * is room; returns how many.  Ends the program for a name that cannot be used.
 */
size_t demo_backends(const char *names, struct demo_backend *, size_t max);
/* Every backend, whether it can be had here, and why not. */
void demo_backends_list(void);

/* "reactor 0.1.0 on Linux 6.18, 2 processors" */
void demo_system(char *, size_t);
/* Raises the limit of descriptors as far as allowed; returns the limit. */
long demo_descriptors(void);
int demo_nonblocking(int fd); /* 0, or -1 and errno */
int64_t demo_now(void);       /* ns, monotonic */

#endif
