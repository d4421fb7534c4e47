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

struct ch_message {
	char *text;
	size_t size, length;
};

__attribute__((format(printf, 2, 3))) static void
ch_say(struct ch_message *m, const char *format, ...)
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
ch_say_what_works(const struct reactor__choice *c, struct ch_message *m)
{
	const char *separator = "";
	size_t i;

	for (i = 0; i < c->count; i++) {
		if (c->missing(i) != NULL)
			continue;
		ch_say(m, "%s%s%s", separator, c->candidate(i).name,
		    c->candidate(i).emulated ? " (emulated)" : "");
		separator = ", ";
	}
	ch_say(m, "%s", *separator != '\0' ? " work here" : "none works here");
	for (i = 0; i < c->count; i++)
		if (c->missing(i) != NULL)
			ch_say(m, "; %s: %s", c->candidate(i).name,
			    c->missing(i));
}

/* ---- The list ------------------------------------------------------------ */

static int
ch_is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Names are ASCII, whatever the locale says of letters. */
static char
ch_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* The next name of the list, in lower case, without spaces; 0: no more. */
static int
ch_next(const char **list, char *name, size_t size)
{
	const char *p = *list;
	size_t n;

	do {
		while (*p == ',' || ch_is_space(*p))
			p++;
		for (n = 0; *p != '\0' && *p != ','; p++)
			if (n < size - 1)
				name[n++] = ch_lower(*p);
		while (n > 0 && ch_is_space(name[n - 1]))
			n--;
		name[n] = '\0';
	} while (n == 0 && *p != '\0');
	*list = p;
	return n > 0;
}

/* count: it is not known. */
static size_t
ch_find(const struct reactor__choice *c, const char *name)
{
	size_t i = 0;

	while (i < c->count && strcmp(c->candidate(i).name, name) != 0)
		i++;
	return i;
}

/* ---- The choice ---------------------------------------------------------- */

static int
ch_check(const struct reactor__choice *c, const char *names,
    struct ch_message *m)
{
	char name[32];

	while (ch_next(&names, name, sizeof(name))) {
		if (strcmp(name, "auto") == 0 || ch_find(c, name) < c->count)
			continue;
		ch_say(m, "unknown %s \"%s\": ", c->noun, name);
		ch_say_what_works(c, m);
		errno = EINVAL;
		return -1;
	}
	return 0;
}

/* Keeps the error that says most: anything but "not on this system". */
static int
ch_take(const struct reactor__choice *c, size_t i, int *error)
{
	if (c->take(i, c->context) == 0)
		return 0;
	if (errno != ENOSYS && errno != EPERM)
		*error = errno;
	return -1;
}

static int
ch_take_best(const struct reactor__choice *c, int *error)
{
	size_t i;

	for (i = 0; i < c->count; i++)
		if (!c->candidate(i).emulated && ch_take(c, i, error) == 0)
			return 0;
	return -1;
}

int
reactor__choose(const struct reactor__choice *c, const char *names)
{
	struct ch_message m = { c->message, c->size, 0 };
	const char *rest = names != NULL ? names : "";
	int error = ENOTSUP, any = 0, result = -1;
	char name[32];

	if (ch_check(c, rest, &m) == -1)
		return -1;
	while (result == -1 && ch_next(&rest, name, sizeof(name))) {
		any = 1;
		result = strcmp(name, "auto") == 0
		    ? ch_take_best(c, &error)
		    : ch_take(c, ch_find(c, name), &error);
	}
	if (!any)
		result = ch_take_best(c, &error);
	if (result == 0)
		return 0;
	ch_say(&m, "cannot have \"%s\": ", any ? names : "auto");
	ch_say_what_works(c, &m);
	errno = error;
	return -1;
}
