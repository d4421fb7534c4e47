/*
 * SPDX-License-Identifier: ISC
 *
 * http_range.c: which parts of a file a Range asks for (RFC 9110, 14).
 */
#include "demos/http_head.h"

/* Digits, saturated, for a range may reach far behind the end; -1 for none. */
static int64_t
hr_number(const char **p, const char *end)
{
	const char *start = *p;
	int64_t n = 0;

	for (; *p < end && http__of(**p, HTTP_DIGIT); ++*p) {
		int digit = **p - '0';

		n = n > (INT64_MAX - digit) / 10 ? INT64_MAX : n * 10 + digit;
	}
	return *p > start ? n : -1;
}

/* "first-", "first-last" or "-length": 1; 0: not satisfiable; -1: malformed. */
static int
hr_range(struct http_text text, int64_t size, struct http_range *range)
{
	const char *p = text.bytes, *end = p + text.length;
	int64_t first = hr_number(&p, end), last;

	if (p == end || *p++ != '-')
		return -1;
	last = hr_number(&p, end);
	if (p < end || (first == -1 && last == -1))
		return -1;
	if (first != -1 && last != -1 && last < first)
		return -1;
	range->first = first;
	range->last = last == -1 || last >= size ? size - 1 : last;
	if (first == -1) {
		range->first = last < size ? size - last : 0;
		range->last = size - 1;
	}
	return range->first < size;
}

static int
hr_overlap(const struct http_range *ranges, int count)
{
	const struct http_range *last = &ranges[count];
	int i;

	for (i = 0; i < count; i++)
		if (ranges[i].first <= last->last &&
		    last->first <= ranges[i].last)
			return 1;
	return 0;
}

/* Overlaps are asked for by attackers only: many parts, each the whole file. */
int
http_ranges(
    struct http_text value, int64_t size, struct http_range *ranges, size_t max)
{
	const struct http_text unit = { value.bytes, 6 };
	struct http_range range;
	struct http_text element;
	int count = 0, good, any = 0;

	if (size == 0 || value.length < 6 || !http_same(unit, "bytes="))
		return 0;
	value.bytes += 6;
	value.length -= 6;
	for (; http_element(&value, &element); any = 1) {
		if ((good = hr_range(element, size, &range)) == -1)
			return 0;
		if (!good)
			continue;
		if ((size_t)count == max)
			return 0;
		ranges[count] = range;
		if (hr_overlap(ranges, count))
			return 0;
		count++;
	}
	return count > 0 ? count : any ? -1 : 0;
}
