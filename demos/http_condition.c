/*
 * SPDX-License-Identifier: ISC
 *
 * http_condition.c: conditions on what the client has already (RFC 9110, 13):
 * tags before dates, and a date that is none, or comes twice, does not count.
 */
#include <time.h>
#include "demos/http_head.h"

enum { HC_STRONG, HC_WEAK };

/* Takes an entity tag, with the commas before it, off the list: 1, or 0. */
static int
hc_tag(struct http_text *list, struct http_text *tag)
{
	const char *p = list->bytes, *end = p + list->length;

	while (p < end && (*p == ' ' || *p == '\t' || *p == ','))
		p++;
	tag->bytes = p;
	if (end - p >= 2 && p[0] == 'W' && p[1] == '/')
		p += 2;
	if (p == end || *p++ != '"')
		return 0;
	while (p < end && *p != '"')
		p++;
	if (p++ == end)
		return 0;
	tag->length = (size_t)(p - tag->bytes);
	list->length = (size_t)(end - p);
	list->bytes = p;
	return 1;
}

static int
hc_weak(const struct http_text *tag)
{
	return tag->length > 2 && tag->bytes[0] == 'W';
}

static int
hc_equal(struct http_text a, struct http_text b, int how)
{
	size_t skip_a = hc_weak(&a) ? 2 : 0, skip_b = hc_weak(&b) ? 2 : 0;

	if (a.length == 0 || b.length == 0)
		return 0;
	if (how == HC_STRONG && skip_a + skip_b > 0)
		return 0;
	return a.length - skip_a == b.length - skip_b &&
	    memcmp(a.bytes + skip_a, b.bytes + skip_b, a.length - skip_a) == 0;
}

/* Is the tag in the lists of that name?  The star stands for any. */
static int
hc_listed(const struct http_head *head, const char *name, struct http_text tag,
    int how)
{
	const struct http_text *value;
	struct http_text list, other;
	size_t place = 0;

	while ((value = http_next(head, name, &place)) != NULL) {
		if (http_is(*value, "*"))
			return 1;
		for (list = *value; hc_tag(&list, &other);)
			if (hc_equal(tag, other, how))
				return 1;
	}
	return 0;
}

/* The date of the only field of that name: 0, or -1. */
static int
hc_date(const struct http_head *head, const char *name, int64_t *date)
{
	const struct http_text *value = http_single(head, name);

	return value == NULL ? -1 : http_date_parse(*value, time(NULL), date);
}

int
http_condition(
    const struct http_request *request, struct http_text tag, int64_t modified)
{
	const struct http_head *head = &request->head;
	int reads =
	    http_is(request->method, "GET") || http_is(request->method, "HEAD");
	int64_t date;

	if (http_field(head, "if-match") != NULL) {
		if (!hc_listed(head, "if-match", tag, HC_STRONG))
			return 412;
	} else if (hc_date(head, "if-unmodified-since", &date) == 0 &&
	    modified > date) {
		return 412;
	}
	if (http_field(head, "if-none-match") != NULL) {
		if (hc_listed(head, "if-none-match", tag, HC_WEAK))
			return reads ? 304 : 412;
	} else if (reads && hc_date(head, "if-modified-since", &date) == 0 &&
	    modified <= date) {
		return 304;
	}
	return 0;
}

/* A tag that is not the file's, or a date that is not exactly its own. */
static int
hc_other(const struct http_head *head, struct http_text tag, int64_t modified)
{
	const struct http_text *value = http_single(head, "if-range");
	struct http_text list, other;
	int64_t date;

	if (value == NULL)
		return http_field(head, "if-range") != NULL;
	list = *value;
	if (hc_tag(&list, &other))
		return list.length > 0 || !hc_equal(tag, other, HC_STRONG);
	return hc_date(head, "if-range", &date) == -1 || date != modified;
}

const struct http_text *
http_range_asked(
    const struct http_request *request, struct http_text tag, int64_t modified)
{
	const struct http_text *range;

	if (!http_is(request->method, "GET"))
		return NULL;
	range = http_single(&request->head, "range");
	if (range == NULL || hc_other(&request->head, tag, modified))
		return NULL;
	return range;
}
