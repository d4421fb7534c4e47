/*
 * SPDX-License-Identifier: ISC
 *
 * http_date.c: dates, without the locale and the time zone of the machine.
 *
 *	Sun, 06 Nov 1994 08:49:37 GMT	the form of today
 *	Sunday, 06-Nov-94 08:49:37 GMT	RFC 850
 *	Sun Nov  6 08:49:37 1994	asctime
 */
#include "demos/http_head.h"

static const char hd_days[7][10] = { "Thursday", "Friday", "Saturday", "Sunday",
	"Monday", "Tuesday", "Wednesday" };
static const char hd_months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

enum { HD_DAY = 86400 };

struct hd_time {
	int year, month, day; /* from January, 0; from 1 */
	int hour, minute, second;
};

static int
hd_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int
hd_length(int year, int month)
{
	static const char lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31,
		30, 31 };

	return lengths[month] + (month == 1 && hd_leap(year));
}

/* Days from 1970 to the first of that year. */
static int64_t
hd_years(int year)
{
	int before = year - 1;

	return (int64_t)365 * (year - 1970) + (before / 4 - 1969 / 4) -
	    (before / 100 - 1969 / 100) + (before / 400 - 1969 / 400);
}

static int64_t
hd_seconds(const struct hd_time *t)
{
	int64_t days = hd_years(t->year) + t->day - 1;
	int month;

	for (month = 0; month < t->month; month++)
		days += hd_length(t->year, month);
	return days * HD_DAY + t->hour * 3600 + t->minute * 60 + t->second;
}

static int
hd_year(int64_t days)
{
	int year = 1970 + (int)(days / 366); /* not too late */

	while (hd_years(year + 1) <= days)
		year++;
	return year;
}

/* ---- Writing ------------------------------------------------------------- */

static char *
hd_put(char *p, int number, int digits)
{
	int i;

	for (i = digits; i-- > 0; number /= 10)
		p[i] = (char)('0' + number % 10);
	return p + digits;
}

static char *
hd_copy(char *p, const char *text, size_t length)
{
	memcpy(p, text, length);
	return p + length;
}

void
http_date(char date[HTTP_DATE], int64_t seconds)
{
	const int64_t last = hd_years(10000) * HD_DAY - 1;
	int64_t days;
	int year, month = 0, day, second;
	char *p = date;

	seconds = seconds < 0 ? 0 : seconds > last ? last : seconds;
	days = seconds / HD_DAY;
	second = (int)(seconds % HD_DAY);
	year = hd_year(days);
	day = (int)(days - hd_years(year));
	while (day >= hd_length(year, month))
		day -= hd_length(year, month++);
	p = hd_copy(p, hd_days[days % 7], 3);
	p = hd_put(hd_copy(p, ", ", 2), day + 1, 2);
	p = hd_copy(hd_copy(p, " ", 1), hd_months + (size_t)month * 3, 3);
	p = hd_put(hd_copy(p, " ", 1), year, 4);
	p = hd_put(hd_copy(p, " ", 1), second / 3600, 2);
	p = hd_put(hd_copy(p, ":", 1), second / 60 % 60, 2);
	p = hd_put(hd_copy(p, ":", 1), second % 60, 2);
	hd_copy(p, " GMT", 5);
}

/* ---- Reading: each takes something off the front, or sets bytes to NULL --- */

static void
hd_fail(struct http_text *text)
{
	text->bytes = NULL;
	text->length = 0;
}

static void
hd_skip(struct http_text *text, const char *word)
{
	size_t length = strlen(word);

	if (text->length < length || memcmp(text->bytes, word, length) != 0) {
		hd_fail(text);
		return;
	}
	text->bytes += length;
	text->length -= length;
}

static int
hd_digits(struct http_text *text, size_t digits)
{
	int number = 0;

	for (; digits > 0; digits--, text->bytes++, text->length--) {
		if (text->length == 0 || !http__of(*text->bytes, HTTP_DIGIT)) {
			hd_fail(text);
			return 0;
		}
		number = number * 10 + (*text->bytes - '0');
	}
	return number;
}

static int
hd_month(struct http_text *text)
{
	int month;

	for (month = 0; month < 12 && text->length >= 3; month++)
		if (memcmp(text->bytes, hd_months + (size_t)month * 3, 3) ==
		    0) {
			text->bytes += 3;
			text->length -= 3;
			return month;
		}
	hd_fail(text);
	return 0;
}

/* The name of a day, in full or its first three letters: is it in full? */
static int
hd_day(struct http_text *text)
{
	size_t day, length;

	for (day = 0; day < 7; day++) {
		length = strlen(hd_days[day]);
		if (text->length >= length &&
		    memcmp(text->bytes, hd_days[day], length) == 0) {
			hd_skip(text, hd_days[day]);
			return 1;
		}
		if (text->length >= 3 &&
		    memcmp(text->bytes, hd_days[day], 3) == 0) {
			text->bytes += 3;
			text->length -= 3;
			return 0;
		}
	}
	hd_fail(text);
	return 0;
}

static void
hd_clock(struct http_text *text, struct hd_time *t)
{
	hd_skip(text, " ");
	t->hour = hd_digits(text, 2);
	hd_skip(text, ":");
	t->minute = hd_digits(text, 2);
	hd_skip(text, ":");
	t->second = hd_digits(text, 2);
}

static void
hd_asctime(struct http_text *text, struct hd_time *t)
{
	hd_skip(text, " ");
	t->month = hd_month(text);
	hd_skip(text, " ");
	if (text->length > 0 && *text->bytes == ' ') {
		hd_skip(text, " ");
		t->day = hd_digits(text, 1);
	} else {
		t->day = hd_digits(text, 2);
	}
	hd_clock(text, t);
	hd_skip(text, " ");
	t->year = hd_digits(text, 4);
}

/* "06 Nov 1994", or with dashes "06-Nov-94", and the time of the day. */
static void
hd_common(struct http_text *text, struct hd_time *t, int old, int64_t now)
{
	const char *between = old ? "-" : " ";

	hd_skip(text, ", ");
	t->day = hd_digits(text, 2);
	hd_skip(text, between);
	t->month = hd_month(text);
	hd_skip(text, between);
	t->year = hd_digits(text, old ? 2 : 4);
	if (old) { /* more than 50 years ahead is the past */
		int this = hd_year(now < 0 ? 0 : now / HD_DAY);

		t->year += this - this % 100;
		t->year -= t->year > this + 50 ? 100 : 0;
	}
	hd_clock(text, t);
	hd_skip(text, " GMT");
}

int
http_date_parse(struct http_text text, int64_t now, int64_t *seconds)
{
	struct hd_time t = { 0 };
	int old = hd_day(&text);

	if (!old && text.length > 0 && *text.bytes == ' ')
		hd_asctime(&text, &t);
	else
		hd_common(&text, &t, old, now);
	if (text.bytes == NULL || text.length > 0 || t.year < 1970 ||
	    t.day < 1 || t.day > hd_length(t.year, t.month) || t.hour > 23 ||
	    t.minute > 59 || t.second > 60)
		return -1;
	*seconds = hd_seconds(&t);
	return 0;
}
