/*
 * SPDX-License-Identifier: ISC
 *
 * backend.c: the list of backends, and the choice among them.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "backends/backend.h"

extern const struct reactor_backend reactor__epoll, reactor__kqueue,
    reactor__poll, reactor__select;

const struct reactor_backend *const reactor__backends[] = {
#ifdef WITH_EPOLL
	&reactor__epoll,
#endif
#ifdef WITH_KQUEUE
	&reactor__kqueue,
#endif
#ifdef WITH_POLL
	&reactor__poll,
#endif
#ifdef WITH_SELECT
	&reactor__select,
#endif
	NULL,
};

/* All that there are, best first, with what to say if one is not built in. */
static const struct {
	const char *name, *missing;
} be_known[] = {
	{ "epoll", "needs Linux" },
	{ "kqueue", "needs a BSD or macOS" },
	{ "poll", "was left out of this build" },
	{ "select", "was left out of this build" },
};

#define BE_KNOWN (sizeof(be_known) / sizeof(be_known[0]))

static const struct reactor_backend *
be_find(const char *name)
{
	const struct reactor_backend *const *b;

	for (b = reactor__backends; *b != NULL; b++)
		if (strcmp((*b)->name, name) == 0)
			return *b;
	return NULL;
}

const char *
reactor__reason(int error)
{
	switch (error) {
	case ENOSYS:
		return "the kernel does not have it";
	case EPERM:
	case EACCES:
		return "the system forbids it";
	case EMFILE:
		return "the process has too many descriptors";
	case ENFILE:
		return "the system has too many descriptors";
	case ENOMEM:
		return "no memory";
	case ENOENT:
	case ENOTDIR:
		return "there is no such directory";
	case EISDIR:
		return "it is a directory";
	case EROFS:
		return "the file system is read-only";
	}
	return "it could not be opened";
}

const char *
reactor__backend_label(const struct reactor_backend *backend)
{
	if (backend->emulated)
		return "kqueue (emulated)";
	return backend->name;
}

static void
be_info(struct reactor_backend_info *info, size_t i)
{
	const struct reactor_backend *backend = be_find(be_known[i].name);
	void *state;

	memset(info, 0, sizeof(*info));
	info->name = be_known[i].name;
	if (backend == NULL) {
		info->error = ENOTSUP;
		info->reason = be_known[i].missing;
		return;
	}
	info->emulated = backend->emulated;
	state = backend->open();
	if (state == NULL) {
		info->error = errno;
		info->reason = reactor__reason(errno);
		return;
	}
	backend->close(state);
	info->available = 1;
	if (backend->emulated)
		info->reason = "emulated: its speed says nothing about kqueue";
}

size_t
reactor_backends(struct reactor_backend_info *list, size_t max)
{
	size_t i;

	for (i = 0; i < BE_KNOWN && i < max; i++)
		be_info(&list[i], i);
	return BE_KNOWN;
}

/* ---- The message --------------------------------------------------------- */

struct be_message {
	char *text;
	size_t size, length;
};

__attribute__((format(printf, 2, 3))) static void
be_say(struct be_message *m, const char *format, ...)
{
	va_list list;
	int n;

	va_start(list, format);
	n = vsnprintf(m->text + m->length, m->size - m->length, format, list);
	va_end(list);
	if (n > 0)
		m->length += (size_t)n < m->size - m->length
		    ? (size_t)n
		    : m->size - m->length - 1;
}

/* "epoll, poll work here; kqueue: needs a BSD or macOS" */
static void
be_say_what_works(struct be_message *m)
{
	struct reactor_backend_info info[BE_KNOWN];
	const char *separator = "";
	size_t i;

	(void)reactor_backends(info, BE_KNOWN);
	for (i = 0; i < BE_KNOWN; i++)
		if (info[i].available) {
			be_say(m, "%s%s%s", separator, info[i].name,
			    info[i].emulated ? " (emulated)" : "");
			separator = ", ";
		}
	be_say(m, "%s", *separator != '\0' ? " work here" : "none works here");
	for (i = 0; i < BE_KNOWN; i++)
		if (!info[i].available)
			be_say(m, "; %s: %s", info[i].name, info[i].reason);
}

/* ---- The choice ---------------------------------------------------------- */

static int
be_is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Names are ASCII, whatever the locale says of letters. */
static char
be_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* The next name of the list, in lower case, without spaces; 0: no more. */
static int
be_next(const char **list, char *name, size_t size)
{
	const char *p = *list;
	size_t n;

	do {
		while (*p == ',' || be_is_space(*p))
			p++;
		for (n = 0; *p != '\0' && *p != ','; p++)
			if (n < size - 1)
				name[n++] = be_lower(*p);
		while (n > 0 && be_is_space(name[n - 1]))
			n--;
		name[n] = '\0';
	} while (n == 0 && *p != '\0');
	*list = p;
	return n > 0;
}

static int
be_is_known(const char *name)
{
	size_t i;

	for (i = 0; i < BE_KNOWN; i++)
		if (strcmp(be_known[i].name, name) == 0)
			return 1;
	return strcmp(name, "auto") == 0;
}

static int
be_check(const char *names, struct be_message *m)
{
	char name[32];

	while (be_next(&names, name, sizeof(name))) {
		if (be_is_known(name))
			continue;
		be_say(m, "unknown backend \"%s\": ", name);
		be_say_what_works(m);
		errno = EINVAL;
		return -1;
	}
	return 0;
}

/* Keeps the error that says most: anything but "not on this system". */
static const struct reactor_backend *
be_open(const struct reactor_backend *backend, void **state, int *error)
{
	*state = backend != NULL ? backend->open() : NULL;
	if (*state != NULL)
		return backend;
	if (backend != NULL && errno != ENOSYS && errno != EPERM)
		*error = errno;
	return NULL;
}

static const struct reactor_backend *
be_open_best(void **state, int *error)
{
	const struct reactor_backend *const *b, *chosen;

	for (b = reactor__backends; *b != NULL; b++) {
		chosen = (*b)->emulated ? NULL : be_open(*b, state, error);
		if (chosen != NULL)
			return chosen;
	}
	return NULL;
}

const struct reactor_backend *
reactor__backend_choose(
    const char *names, void **state, char *message, size_t size)
{
	struct be_message m = { message, size, 0 };
	const struct reactor_backend *chosen = NULL;
	const char *rest = names != NULL ? names : "";
	int error = ENOTSUP, any = 0;
	char name[32];

	if (be_check(rest, &m) == -1)
		return NULL;
	while (chosen == NULL && be_next(&rest, name, sizeof(name))) {
		any = 1;
		chosen = strcmp(name, "auto") == 0
		    ? be_open_best(state, &error)
		    : be_open(be_find(name), state, &error);
	}
	if (!any)
		chosen = be_open_best(state, &error);
	if (chosen != NULL)
		return chosen;
	be_say(&m, "cannot have \"%s\": ", any ? names : "auto");
	be_say_what_works(&m);
	errno = error;
	return NULL;
}
