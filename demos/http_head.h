/*
 * SPDX-License-Identifier: ISC
 *
 * http_head.h: what the files of the parser share among themselves.
 */
#ifndef DEMOS_HTTP_HEAD_H
#define DEMOS_HTTP_HEAD_H

#include <string.h>
#include "demos/http.h"

/* What a byte may be part of. */
enum {
	HTTP_TOKEN = 1,   /* methods, names of fields */
	HTTP_VALUE = 2,   /* values of fields */
	HTTP_TARGET = 4,  /* targets */
	HTTP_REGNAME = 8, /* names of hosts */
	HTTP_DIGIT = 16,
	HTTP_HEX = 32,
	HTTP_PLAIN = 64, /* unreserved in a URI */
	HTTP_LETTER = 128
};

extern const unsigned char http__class[256];

static inline int
http__of(char byte, int classes)
{
	return http__class[(unsigned char)byte] & classes;
}

/* The value of a HTTP_HEX. */
static inline int
http__hex(char byte)
{
	return byte <= '9' ? byte - '0' : (byte | 0x20) - 'a' + 10;
}

static inline int
http__refuse(struct http_head *head, int status, const char *reason)
{
	head->status = status;
	head->reason = reason;
	return -1;
}

/* The next line, without its end: 1; 0: none within the limit; -1: refused. */
static inline int
http__line(
    struct http_head *head, size_t length, size_t limit, struct http_text *line)
{
	size_t end = length < limit ? length : limit;
	const char *feed = NULL;

	if (head->look < end)
		feed =
		    memchr(head->buffer + head->look, '\n', end - head->look);
	if (feed == NULL) {
		head->look = end;
		return 0;
	}
	line->bytes = head->buffer + head->line;
	line->length = (size_t)(feed - line->bytes);
	head->line = head->look = (size_t)(feed - head->buffer) + 1;
	if (line->length == 0 || feed[-1] != '\r')
		return http__refuse(
		    head, 400, "a line feed without a carriage return");
	line->length--;
	return 1;
}

enum { HTTP_STARTING, HTTP_READING, HTTP_COMPLETE };

/* The next line, without its end: 1; 0: none within the limit; -1: refused. */
int http__line(
    struct http_head *, size_t length, size_t limit, struct http_text *line);
/* All fields and the empty line behind: 1; 0: more must come; -1: refused. */
int http__fields(struct http_head *, size_t length);
/* Decides on framing, without HTTP_CLOSE, and on keep_alive: 0, or -1. */
int http__framing(struct http_head *);

/* "HTTP/1.0" or "HTTP/1.1": its last digit; -1: malformed; -2: another. */
int http__version(const char *bytes, size_t length);
/* A host with an optional port, or an empty one: 0, or -1. */
int http__host(struct http_text);
/* Takes the target apart: 0, or -1. */
int http__target(struct http_request *);

#endif
