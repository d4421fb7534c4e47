/*
 * SPDX-License-Identifier: ISC
 *
 * without.h: takes system calls away from this process and its children, as
 * an old kernel or a sandbox would, by a seccomp filter.
 *
 *	without("pidfd_open,eventfd2=EPERM,waitid:0=3=EINVAL")
 *
 * A call answers ENOSYS or the error named.  With `:argument=value` only calls
 * with that value in that argument (from 0) do.  0, or -1 and errno: ENOSYS
 * where there is no such filter, EINVAL for what is not understood.
 */
#ifndef TEST_WITHOUT_H
#define TEST_WITHOUT_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))

#include <sys/prctl.h>
#include <sys/syscall.h>

#ifdef __x86_64__
#define WITHOUT_ARCH 0xc000003e
#else
#define WITHOUT_ARCH 0xc00000b7
#endif

/* The kernel's own, for not every C library comes with its headers. */
enum {
	WITHOUT_LOAD = 0x20, /* a word of what the filter sees */
	WITHOUT_EQUAL = 0x15,
	WITHOUT_RETURN = 0x06,
	WITHOUT_NUMBER = 0, /* where in it: the call, ... */
	WITHOUT_MACHINE = 4,
	WITHOUT_ARGUMENTS = 16,
	WITHOUT_ALLOW = 0x7fff0000,
	WITHOUT_ERRNO = 0x00050000,
	WITHOUT_FILTER = 2 /* mode */
};

struct without_line {
	unsigned short code;
	unsigned char yes, no; /* lines to skip */
	unsigned k;
};

struct without_program {
	unsigned short length;
	struct without_line *lines;
};

#define WITHOUT_MAX 32

struct without_name {
	const char *name;
	int number;
};

static const struct without_name without_calls[] = {
#ifdef __x86_64__
	{ "epoll_wait", SYS_epoll_wait },
	{ "poll", SYS_poll },
	{ "select", SYS_select },
#endif
	{ "close_range", 436 },
	{ "dup3", SYS_dup3 },
	{ "epoll_create1", SYS_epoll_create1 },
	{ "epoll_ctl", SYS_epoll_ctl },
	{ "epoll_pwait", SYS_epoll_pwait },
	{ "epoll_pwait2", 441 },
	{ "eventfd2", SYS_eventfd2 },
	{ "inotify_add_watch", SYS_inotify_add_watch },
	{ "inotify_init1", SYS_inotify_init1 },
	{ "madvise", SYS_madvise },
	{ "memfd_create", SYS_memfd_create },
	{ "mmap", SYS_mmap },
	{ "mprotect", SYS_mprotect },
	{ "openat2", 437 },
	{ "pidfd_open", 434 },
	{ "pidfd_send_signal", 424 },
	{ "ppoll", SYS_ppoll },
	{ "preadv2", SYS_preadv2 },
	{ "pselect6", SYS_pselect6 },
	{ "pwritev2", SYS_pwritev2 },
	{ "signalfd4", SYS_signalfd4 },
	{ "socketpair", SYS_socketpair },
	{ "timerfd_create", SYS_timerfd_create },
	{ "timerfd_settime", SYS_timerfd_settime },
	{ "waitid", SYS_waitid },
};

static const struct without_name without_errors[] = {
	{ "EACCES", EACCES },
	{ "EAGAIN", EAGAIN },
	{ "EINVAL", EINVAL },
	{ "EMFILE", EMFILE },
	{ "ENFILE", ENFILE },
	{ "ENOMEM", ENOMEM },
	{ "ENOSPC", ENOSPC },
	{ "ENOSYS", ENOSYS },
	{ "EPERM", EPERM },
};

/* -1: no such name. */
static inline int
without_find(const struct without_name *table, size_t count, const char *name)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strcmp(table[i].name, name) == 0)
			return table[i].number;
	return -1;
}

struct without_rule {
	int call, error, argument; /* argument -1: any call */
	unsigned value;
};

/* "name", "name=ERROR", "name:argument=value", "name:argument=value=ERROR" */
static inline int
without_parse(char *text, struct without_rule *rule)
{
	char *colon = strchr(text, ':'), *error = strchr(text, '=');

	rule->argument = -1;
	rule->value = 0;
	if (colon != NULL && error != NULL) {
		*colon = '\0';
		rule->argument = atoi(colon + 1);
		rule->value = (unsigned)strtoul(error + 1, NULL, 0);
		error = strchr(error + 1, '=');
	}
	if (error != NULL)
		*error++ = '\0';
	rule->call = without_find(without_calls,
	    sizeof without_calls / sizeof without_calls[0], text);
	rule->error = without_find(without_errors,
	    sizeof without_errors / sizeof without_errors[0],
	    error != NULL ? error : "ENOSYS");
	return rule->call == -1 || rule->error == -1 || rule->argument > 5 ? -1
									   : 0;
}

static inline struct without_line
without_line(unsigned code, unsigned k, unsigned char yes, unsigned char no)
{
	struct without_line line = { (unsigned short)code, yes, no, k };

	return line;
}

/* Loads the number of the call; jumps over what is not meant. */
static inline size_t
without_write(struct without_line *to, const struct without_rule *rule)
{
	struct without_line *p = to;
	unsigned argument = WITHOUT_ARGUMENTS;

	*p++ = without_line(WITHOUT_LOAD, WITHOUT_NUMBER, 0, 0);
	if (rule->argument == -1) {
		*p++ = without_line(WITHOUT_EQUAL, (unsigned)rule->call, 0, 1);
	} else {
		*p++ = without_line(WITHOUT_EQUAL, (unsigned)rule->call, 0, 3);
		argument += 8 * (unsigned)rule->argument; /* the low half */
		*p++ = without_line(WITHOUT_LOAD, argument, 0, 0);
		*p++ = without_line(WITHOUT_EQUAL, rule->value, 0, 1);
	}
	*p++ = without_line(
	    WITHOUT_RETURN, WITHOUT_ERRNO | (unsigned)rule->error, 0, 0);
	return (size_t)(p - to);
}

static inline int
without(const char *names)
{
	struct without_line lines[5 * WITHOUT_MAX + 4];
	struct without_program program;
	struct without_rule rule;
	char text[1024], *name, *rest = text;
	size_t n = 0, rules = 0;

	errno = EINVAL;
	if (strlen(names) >= sizeof text)
		return -1;
	strcpy(text, names);
	/* System calls of another architecture go through. */
	lines[n++] = without_line(WITHOUT_LOAD, WITHOUT_MACHINE, 0, 0);
	lines[n++] = without_line(WITHOUT_EQUAL, WITHOUT_ARCH, 1, 0);
	lines[n++] = without_line(WITHOUT_RETURN, WITHOUT_ALLOW, 0, 0);
	while ((name = strtok_r(rest, ",", &rest)) != NULL) {
		if (rules++ == WITHOUT_MAX || without_parse(name, &rule) == -1)
			return -1;
		n += without_write(lines + n, &rule);
	}
	lines[n++] = without_line(WITHOUT_RETURN, WITHOUT_ALLOW, 0, 0);
	program.length = (unsigned short)n;
	program.lines = lines;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return -1;
	return prctl(PR_SET_SECCOMP, WITHOUT_FILTER, &program);
}

#else

static inline int
without(const char *names)
{
	(void)names;
	errno = ENOSYS;
	return -1;
}

#endif

#endif
