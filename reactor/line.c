/*
 * SPDX-License-Identifier: ISC
 *
 * line.c: the trace as lines for people.  Each is shown at once, so that it
 * stands before what a callback prints.
 *
 *   0.013901  woken     1 ready
 *   0.013905  queue     io          fd 4 read             "client"
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include "reactor/internal.h"

#define LN_WORDS 200 /* the longest string in a line */

void
reactor__line(struct reactor__journal *j, int64_t since, const char *word,
    const char *format, ...)
{
	int64_t us =
	    (reactor__clock(REACTOR__MONOTONIC) - since) / REACTOR_MICROSECOND;
	char text[3 * LN_WORDS];
	va_list list;

	if (!reactor__journal_ready(j))
		return;
	va_start(list, format);
	(void)vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	reactor__journal_put(j, "%3" PRId64 ".%06d  %-8s  %s\n", us / 1000000,
	    (int)(us % 1000000), word, text);
	reactor__journal_flush(j);
}

void
reactor__line_event(struct reactor__journal *j, int64_t since, const char *word,
    const struct reactor_event *event)
{
	const char *kind = reactor__kinds[event->kind]->name;
	char words[LN_WORDS], name[LN_WORDS];

	(void)reactor__describe(event, words, sizeof(words));
	if (event->name == NULL) {
		reactor__line(j, since, word, "%-10s  %s", kind, words);
		return;
	}
	(void)reactor__quote(name, sizeof(name), event->name);
	reactor__line(j, since, word, "%-10s  %-20s  %s", kind, words, name);
}

const char *
reactor__span(char *text, size_t size, int64_t ns)
{
	static const char *const unit[] = { "ns", "us", "ms", "s" };
	uint64_t tenths = (uint64_t)(ns < INT64_MAX / 10 ? ns * 10 : INT64_MAX);
	uint64_t whole = 1;
	int i;

	/* Rounded before the unit is chosen: never "1000.0 ms". */
	for (i = 0; i < 3 && (tenths + whole / 2) / whole >= 10000; i++)
		whole *= 1000;
	tenths = (tenths + whole / 2) / whole;
	(void)snprintf(text, size, "%" PRIu64 ".%d %s", tenths / 10,
	    (int)(tenths % 10), unit[i]);
	return text;
}
