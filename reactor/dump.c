/*
 * SPDX-License-Identifier: ISC
 *
 * dump.c: says in words what is in a loop, and counts it.  Nothing here
 * allocates or changes anything, so it works in callbacks, and when memory
 * has run out.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "reactor/internal.h"

#define DU_LINE  512
#define DU_WORDS 200 /* of a line: a name, or what a kind says */

/* ---- Text that is safe to show ------------------------------------------- */

/* The length of the UTF-8 character of several bytes at p; 0: it is none. */
static int
du_utf8(const unsigned char *p)
{
	int n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2, i;

	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	for (i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	/* Longer than needed, surrogates, and beyond the last one. */
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] >= 0xa0) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] >= 0x90))
		return 0;
	return n;
}

/* One character of the source, as it is shown; returns how many bytes it has.
 */
static int
du_piece(char *piece, size_t size, const unsigned char *p, int quoted)
{
	int n = du_utf8(p);

	if (quoted && (*p == '"' || *p == '\\')) {
		(void)snprintf(piece, size, "\\%c", *p);
	} else if (*p == '\n') {
		(void)snprintf(piece, size, "\\n");
	} else if (n == 2 && p[0] == 0xc2 && p[1] < 0xa0) {
		/* Terminals obey these as they obey ESC. */
		(void)snprintf(piece, size, "\\u%04x", p[1]);
	} else if (n > 0) {
		(void)snprintf(piece, size, "%.*s", n, (const char *)p);
		return n;
	} else if (*p < 0x20 || *p >= 0x7f) {
		(void)snprintf(piece, size, "\\u%04x", *p);
	} else {
		(void)snprintf(piece, size, "%c", *p);
	}
	return n > 0 ? n : 1;
}

/* Cut between two characters, and then it ends in dots. */
static size_t
du_escape(char *text, size_t size, const char *source, int quoted)
{
	const unsigned char *p = (const unsigned char *)source;
	size_t n = 0, length;
	char piece[8];
	int step;

	for (; *p != '\0'; p += step) {
		step = du_piece(piece, sizeof(piece), p, quoted);
		length = strlen(piece);
		if (n + length + sizeof("...") > size) {
			memcpy(text + n, "...", 3);
			n += 3;
			break;
		}
		memcpy(text + n, piece, length);
		n += length;
	}
	text[n] = '\0';
	return n;
}

size_t
reactor__quote(char *text, size_t size, const char *name)
{
	size_t n = 1 + du_escape(text + 1, size - 2, name, 1);

	text[0] = text[n] = '"';
	text[n + 1] = '\0';
	return n + 1;
}

size_t
reactor__describe(const struct reactor_event *event, char *text, size_t size)
{
	const struct reactor__kind *kind = reactor__kinds[event->kind];
	char words[DU_WORDS] = "";

	if (kind->describe != NULL)
		kind->describe(event, words, sizeof(words));
	return du_escape(text, size, words, 0);
}

/* ---- The lines ----------------------------------------------------------- */

struct du_dump {
	void (*line)(void *, const char *);
	void *context;
	size_t alive[REACTOR__KINDS]; /* because of so many of a kind */
	size_t length;
	char text[DU_LINE];
};

__attribute__((format(printf, 2, 3))) static void
du_add(struct du_dump *d, const char *format, ...)
{
	size_t left = sizeof(d->text) - d->length;
	va_list list;
	int n;

	va_start(list, format);
	n = vsnprintf(d->text + d->length, left, format, list);
	va_end(list);
	if (n > 0)
		d->length += (size_t)n < left ? (size_t)n : left - 1;
}

static void
du_end(struct du_dump *d)
{
	while (d->length > 0 && d->text[d->length - 1] == ' ')
		d->text[--d->length] = '\0';
	d->line(d->context, d->text);
	d->length = 0;
}

static void
du_loop(const struct reactor *r, struct du_dump *d)
{
	du_add(d, "%s: %llu turns, %llu events queued, %llu handlers called",
	    reactor_backend_name(r), (unsigned long long)r->turns,
	    (unsigned long long)r->events, (unsigned long long)r->handlers);
	if (r->measure)
		du_add(d, ", the longest %lld us",
		    (long long)(r->longest / REACTOR_MICROSECOND));
	du_end(d);
}

static void
du_count(struct reactor *r, struct reactor_event *event, void *context)
{
	struct du_dump *d = context;

	(void)r;
	if (event->state & REACTOR__COUNTED)
		d->alive[event->kind]++;
}

/* What others have sent keeps the loop running even if it is not started. */
static size_t
du_sent(const struct reactor *r)
{
	const struct reactor_post *post;
	size_t n = 0;

	for (post = __atomic_load_n(&r->inbox, __ATOMIC_ACQUIRE); post != NULL;
	     post = post->next)
		n += (post->event.state & REACTOR__COUNTED) == 0;
	return n;
}

static void
du_alive(const struct reactor *r, struct du_dump *d)
{
	const char *before = "alive because of ";
	size_t sent = du_sent(r);
	int kind;

	for (kind = 0; kind < REACTOR__KINDS; kind++) {
		if (d->alive[kind] == 0)
			continue;
		du_add(d, "%s%zu %s", before, d->alive[kind],
		    reactor__kinds[kind]->name);
		before = ", ";
	}
	if (sent > 0)
		du_add(d, "%s%zu sent", before, sent);
	if (d->length == 0)
		du_add(d, "nothing keeps it running");
	du_end(d);
}

static const char *
du_state(const struct reactor_event *event)
{
	if ((event->state & REACTOR__QUEUED) == 0)
		return "waiting";
	return event->state & REACTOR__LAST ? "last call" : "queued";
}

static void
du_handler(struct reactor *r, struct reactor_event *event, void *context)
{
	struct du_dump *d = context;
	char words[DU_WORDS];

	(void)r;
	(void)reactor__describe(event, words, sizeof(words));
	du_add(d, "%-10s  %-9s  %-20s", reactor__kinds[event->kind]->name,
	    du_state(event), words);
	if (event->name != NULL) {
		(void)reactor__quote(words, sizeof(words), event->name);
		du_add(d, "  %s", words);
	}
	if (event->priority != 0)
		du_add(d, "  priority %d", event->priority);
	if ((event->state & REACTOR__COUNTED) == 0)
		du_add(d, "  background");
	du_end(d);
}

/* First what is queued, in the order of the calls; then what waits. */
void
reactor_dump(
    struct reactor *r, void (*line)(void *context, const char *), void *context)
{
	struct du_dump d = { .line = line, .context = context };

	reactor__each(r, du_count, &d);
	du_loop(r, &d);
	du_alive(r, &d);
	reactor__each(r, du_handler, &d);
}

void
reactor_stats(const struct reactor *r, struct reactor_statistics *stats)
{
	stats->turns = r->turns;
	stats->events = r->events;
	stats->handlers = r->handlers;
	stats->longest = r->measure ? r->longest : 0;
	stats->active = r->active;
}
