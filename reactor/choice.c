/*
 * SPDX-License-Identifier: ISC
 *
 * choice.c: the choice among implementations by a list of names.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "reactor/choice.h"

/* ---- The message --------------------------------------------------------- */

struct cho_message {
	char *text;
	size_t size, length;
};

__attribute__((format(printf, 2, 3))) static void
cho_say(struct cho_message *m, const char *format, ...)
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
cho_say_what_works(const struct reactor__choice *c, struct cho_message *m)
{
	const char *separator = "";
	size_t i;

	for (i = 0; i < c->count; i++) {
		if (c->missing(i) != NULL)
			continue;
		cho_say(m, "%s%s%s", separator, c->candidate(i).name,
		    c->candidate(i).emulated ? " (emulated)" : "");
		separator = ", ";
	}
	cho_say(m, "%s", *separator != '\0' ? " work here" : "none works here");
	for (i = 0; i < c->count; i++)
		if (c->missing(i) != NULL)
			cho_say(
			    m, "; %s: %s", c->candidate(i).name, c->missing(i));
}

/* ---- The list ------------------------------------------------------------ */

static int
cho_is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Names are ASCII, whatever the locale says of letters. */
static char
cho_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* The next name of the list, in lower case, without spaces; 0: no more. */
static int
cho_next(const char **list, char *name, size_t size)
{
	const char *p = *list;
	size_t n;

	do {
		while (*p == ',' || cho_is_space(*p))
			p++;
		for (n = 0; *p != '\0' && *p != ','; p++)
			if (n < size - 1)
				name[n++] = cho_lower(*p);
		while (n > 0 && cho_is_space(name[n - 1]))
			n--;
		name[n] = '\0';
	} while (n == 0 && *p != '\0');
	*list = p;
	return n > 0;
}

/* count: it is not known. */
static size_t
cho_find(const struct reactor__choice *c, const char *name)
{
	size_t i = 0;

	while (i < c->count && strcmp(c->candidate(i).name, name) != 0)
		i++;
	return i;
}

/* ---- The choice ---------------------------------------------------------- */

static int
cho_check(
    const struct reactor__choice *c, const char *names, struct cho_message *m)
{
	char name[32];

	while (cho_next(&names, name, sizeof(name))) {
		if (strcmp(name, "auto") == 0 || cho_find(c, name) < c->count)
			continue;
		cho_say(m, "unknown %s \"%s\": ", c->noun, name);
		cho_say_what_works(c, m);
		errno = EINVAL;
		return -1;
	}
	return 0;
}

/* Keeps the error that says most: anything but "not on this system". */
static int
cho_take(const struct reactor__choice *c, size_t i, int *error)
{
	if (c->take(i, c->context) == 0)
		return 0;
	if (errno != ENOSYS && errno != EPERM)
		*error = errno;
	return -1;
}

static int
cho_take_best(const struct reactor__choice *c, int *error)
{
	size_t i;

	for (i = 0; i < c->count; i++)
		if (!c->candidate(i).emulated && cho_take(c, i, error) == 0)
			return 0;
	return -1;
}

int
reactor__choose(const struct reactor__choice *c, const char *names)
{
	struct cho_message m = { c->message, c->size, 0 };
	const char *rest = names != NULL ? names : "";
	int error = ENOTSUP, any = 0, result = -1;
	char name[32];

	if (cho_check(c, rest, &m) == -1)
		return -1;
	while (result == -1 && cho_next(&rest, name, sizeof(name))) {
		any = 1;
		result = strcmp(name, "auto") == 0
		    ? cho_take_best(c, &error)
		    : cho_take(c, cho_find(c, name), &error);
	}
	if (!any)
		result = cho_take_best(c, &error);
	if (result == 0)
		return 0;
	cho_say(&m, "cannot have \"%s\": ", any ? names : "auto");
	cho_say_what_works(c, &m);
	errno = error;
	return -1;
}
