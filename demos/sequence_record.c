/*
 * SPDX-License-Identifier: ISC
 *
 * sequence_record.c: takes apart the records of a trace, which are JSON, but of
 * one sort only: one record in each line, without blanks.
 */
#include <stdlib.h>
#include <string.h>
#include "demos/sequence.h"

enum { SE_LANES = 16 };

static char se_lane[SE_LANES][16];

/* The text behind "key":, or "" */
static const char *
se_find(const char *line, const char *key)
{
	char pattern[24];
	const char *found;

	(void)snprintf(pattern, sizeof(pattern), "\"%s\":", key);
	found = strstr(line, pattern);
	return found != NULL ? found + strlen(pattern) : "";
}

static void
se_text(const char *line, const char *key, char *to, size_t size)
{
	const char *from = se_find(line, key);

	if (*from == '"')
		from++;
	for (; size > 1 && *from != '"' && *from != '\0'; size--) {
		if (*from == '\\' && from[1] != '\0')
			from++;
		*to++ = *from++;
	}
	*to = '\0';
}

/* Microseconds, and three digits after the point. */
static int64_t
se_time(const char *line, const char *key)
{
	char *end;
	int64_t ns = strtoll(se_find(line, key), &end, 10) * 1000;

	return *end == '.' ? ns + strtol(end + 1, NULL, 10) : ns;
}

int
sequence_record(const char *line, struct sequence_record *record)
{
	long lane = strtol(se_find(line, "tid"), NULL, 10) % SE_LANES;

	if (lane < 0)
		return 0;
	se_text(line, "ph", record->phase, sizeof(record->phase));
	se_text(line, "name", record->name, sizeof(record->name));
	if (strcmp(record->name, "thread_name") == 0)
		se_text(se_find(line, "args"), "name", se_lane[lane],
		    sizeof(se_lane[lane]));
	se_text(line, "kind", record->kind, sizeof(record->kind));
	se_text(line, "what", record->what, sizeof(record->what));
	memcpy(record->lane, se_lane[lane], sizeof(record->lane));
	record->time = se_time(line, "ts");
	record->span = se_time(line, "dur");
	record->limit = strtoll(se_find(line, "limit_ns"), NULL, 10);
	return record->phase[0] != 'M' && record->phase[0] != '\0';
}
