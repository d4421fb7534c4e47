/*
 * SPDX-License-Identifier: ISC
 *
 * words.h: cuts a line into words, which may be "quoted, with \n" or 'quoted'.
 */
#ifndef DEMOS_WORDS_H
#define DEMOS_WORDS_H

#include <ctype.h>
#include <string.h>

/* The letter after a backslash. */
static inline char
words_escape(char c)
{
	static const char from[] = "nrtab", to[] = "\n\r\t\a\b";
	const char *at = strchr(from, c);

	return at != NULL && c != '\0' ? to[at - from] : c;
}

/* Leaves the word in its place; returns what follows, NULL if a quote is open. */
static inline char *
words_take(char *from)
{
	char *to = from, quote = '\0', c;

	while ((c = *from) != '\0' &&
	    (quote != '\0' || !isspace((unsigned char)c))) {
		from++;
		if (c == '\\' && quote == '"' && *from != '\0')
			*to++ = words_escape(*from++);
		else if (c == quote)
			quote = '\0';
		else if (quote == '\0' && (c == '"' || c == '\''))
			quote = c;
		else
			*to++ = c;
	}
	from += c != '\0';
	*to = '\0';
	return quote == '\0' ? from : NULL;
}

/* How many words there are; -1: a quote is open, or there are more than max. */
static inline int
words_split(char *line, char **word, int max)
{
	int count = 0;

	for (;;) {
		while (isspace((unsigned char)*line))
			line++;
		if (*line == '\0')
			return count;
		if (count == max)
			return -1;
		word[count++] = line;
		if ((line = words_take(line)) == NULL)
			return -1;
	}
}

#endif
