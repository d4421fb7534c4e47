/*
 * SPDX-License-Identifier: ISC
 *
 * compare_differ.c: the first event that one backend delivered and another
 * did not, or not so.
 */
#include <string.h>
#include "demos/compare.h"

static void
cd_describe(const struct compare_backend *b, const struct compare_event *e,
    char *text, size_t size)
{
	if (e == NULL)
		(void)snprintf(text, size, "%s calls nobody", b->is.label);
	else
		(void)snprintf(text, size,
		    "%s calls handler %d%s%s%s (read: %d)", b->is.label,
		    e->handler, e->ready & REACTOR_READ ? " READ" : "",
		    e->ready & REACTOR_WRITE ? " WRITE" : "",
		    e->ready & REACTOR_BAD ? " BAD" : "", e->bytes);
}

static int
cd_differ(const struct compare_backend *a, const struct compare_backend *b,
    char *text, size_t size)
{
	const struct compare_event *x, *y;
	size_t i, n = a->nscript > b->nscript ? a->nscript : b->nscript;
	char left[120], right[120];

	for (i = 0; i < n; i++) {
		x = i < a->nscript ? &a->script[i] : NULL;
		y = i < b->nscript ? &b->script[i] : NULL;
		if (x != NULL && y != NULL && memcmp(x, y, sizeof(*x)) == 0)
			continue;
		/* In the earlier of two turns the other one has nothing. */
		if (x != NULL && y != NULL && x->turn != y->turn) {
			x = x->turn < y->turn ? x : NULL;
			y = x == NULL ? y : NULL;
		}
		cd_describe(a, x, left, sizeof(left));
		cd_describe(b, y, right, sizeof(right));
		(void)snprintf(text, size, "turn %d: %s, %s",
		    x != NULL ? x->turn : y->turn, left, right);
		return 1;
	}
	return 0;
}

const char *
compare_difference(const struct compare *c)
{
	static char text[300];
	size_t k;

	for (k = 1; k < c->nbackends; k++)
		if (cd_differ(
			&c->backend[0], &c->backend[k], text, sizeof(text)))
			return text;
	return NULL;
}
