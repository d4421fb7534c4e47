/*
 * SPDX-License-Identifier: ISC
 *
 * http.h: a strict parser of HTTP/1.1 (RFC 9112, RFC 9110).  It does no I/O and
 * allocates nothing: it works on the caller's buffer, and its answer does not
 * depend on where the input was cut.
 *
 *	http_request_begin(&request);
 *	while ((size = http_parse_request(&request, buffer, length)) == 0)
 *		length += read(fd, buffer + length, sizeof(buffer) - length);
 *	if (size == -1)
 *		answer(request.head.status, request.head.reason);
 *	else if (http_body_begin(&body, &request.head, most) == 0)
 *		the body starts at buffer + size: http_body decodes it
 */
#ifndef DEMOS_HTTP_H
#define DEMOS_HTTP_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

/* Bytes of the start line without its end, bytes of a head in all, fields. */
enum { HTTP_LINE = 8192, HTTP_HEAD = 16384, HTTP_FIELDS = 100 };

/* A part of someone else's buffer; no '\0' follows. */
struct http_text {
	const char *bytes;
	size_t length;
};

struct http_field {
	struct http_text name, value; /* the value without white space around */
};

/* How the end of a body is known. */
enum http_framing {
	HTTP_NONE,    /* there is no body */
	HTTP_LENGTH,  /* Content-Length */
	HTTP_CHUNKED, /* Transfer-Encoding: chunked */
	HTTP_CLOSE    /* the connection ends (responses only) */
};

enum http_known {
	HTTP_HOST,
	HTTP_CONTENT_LENGTH,
	HTTP_TRANSFER_ENCODING,
	HTTP_CONNECTION,
	HTTP_EXPECT,
	HTTP_KNOWN
};

/* What requests and responses have in common. */
struct http_head {
	int status;         /* to answer with, when it is refused */
	const char *reason; /* why, in words */
	int minor;          /* HTTP/1.minor: 0 or 1 */
	int keep_alive;     /* the connection may serve on */
	enum http_framing framing;
	int64_t length; /* Content-Length, or -1 */
	size_t count;   /* of fields */
	/* Private: how far the scan is, and the fields that matter to it. */
	const char *buffer;
	size_t line, look;
	unsigned char stage, seen[HTTP_KNOWN], where[HTTP_KNOWN];
	struct http_field fields[HTTP_FIELDS]; /* the first count */
};

/* The four forms of a target (RFC 9112, 3.2). */
enum http_form {
	HTTP_ORIGIN,   /* /path?query */
	HTTP_ABSOLUTE, /* http://authority/path?query */
	HTTP_ASTERISK, /* *, for OPTIONS */
	HTTP_AUTHORITY /* host:port, for CONNECT */
};

struct http_request {
	struct http_text method, target;
	enum http_form form;
	struct http_text authority; /* of the target, else of Host */
	struct http_text path;      /* encoded, see http_decode; "/" without */
	struct http_text query;     /* after the '?'; bytes is NULL without */
	int expects;                /* Expect: 100-continue */
	struct http_head head;
};

struct http_response {
	int code;               /* 100 to 599 */
	struct http_text words; /* the reason phrase */
	int bodiless;           /* it answers HEAD */
	struct http_head head;
};

/* ---- Heads --------------------------------------------------------------- */

/* Before the first byte of each message. */
void http_request_begin(struct http_request *);
void http_response_begin(struct http_response *, int answers_head);

/*
 * Takes all that has come so far, from the first byte of the message on; what
 * was seen by an earlier call is not scanned again, unless the buffer has
 * moved.  Returns the size of the complete head; 0: more must come; -1: refused,
 * see head.status (400, 414, 417, 431, 501 or 505; always 502 for a response)
 * and head.reason.  The texts point into the buffer of the last call.
 *
 * A response 1xx is followed by another response: begin again behind it.
 */
ssize_t http_parse_request(
    struct http_request *, const char *buffer, size_t length);
ssize_t http_parse_response(
    struct http_response *, const char *buffer, size_t length);

/*
 * The value of the first field of that name; NULL without.  http_single: NULL
 * too if there are several, as befits Range, If-Range, the dates and others that
 * may be ignored.
 */
const struct http_text *http_field(const struct http_head *, const char *name);
const struct http_text *http_single(const struct http_head *, const char *name);

/* The next value of that name from *place on, which starts as 0; else NULL. */
const struct http_text *http_next(
    const struct http_head *, const char *name, size_t *place);

/*
 * Takes the next element off a list, commas and white space removed: 1, or 0
 * at the end.  Not for elements that may hold quoted commas.
 */
int http_element(struct http_text *list, struct http_text *element);

/* Are they equal?  http_same: but for the case of ASCII letters. */
static inline int
http_is(struct http_text text, const char *word)
{
	size_t length = strlen(word);

	return length == text.length &&
	    (length == 0 || memcmp(text.bytes, word, length) == 0);
}

int http__same(const char *bytes, const char *word, size_t length);

static inline int
http_same(struct http_text text, const char *word)
{
	size_t length = strlen(word);

	return length == text.length && http__same(text.bytes, word, length);
}

/* Digits only, at most INT64_MAX: 0, or -1. */
int http_number(struct http_text, int64_t *number);

/* ---- Bodies -------------------------------------------------------------- */

struct http_body {
	enum http_framing framing;
	int status;         /* when it is refused: 400, 413 or 431 */
	const char *reason; /* why, in words */
	int64_t total;      /* decoded bytes so far */
	int64_t left;       /* of the body, or of the chunk */
	/* Private: the place in the chunked coding, and what surrounds data. */
	int64_t most, extra;
	unsigned state, digits, extension, trailer, trailers;
};

/* A body of at most that many bytes: 0, or -1 if the head announces more. */
int http_body_begin(struct http_body *, const struct http_head *, int64_t most);

/*
 * Decodes in place, at any cut: *length is how many bytes there are, and then
 * how many of them were used; *size is how many bytes of body are at the front
 * now.  Returns 1 when the body is over, 0 when more must come (then all were
 * used), -1 when it is refused.
 */
int http_body(struct http_body *, char *bytes, size_t *length, size_t *size);

/* The connection has ended: 0, or -1 if the body is not complete. */
int http_body_end(const struct http_body *);

/* ---- Targets ------------------------------------------------------------- */

/*
 * Decodes a path, once, into a name that is relative to a root: "" is the root
 * itself, "a/b" a file, and "a/" says that a directory is meant.  It never
 * starts with a slash, and has no empty, "." or ".." segments.  Returns 0, or
 * the status to refuse it with: 400, or 414 if there is no room.
 */
int http_decode(struct http_text path, char *name, size_t size);

/* ---- Parts of a file, and conditions ------------------------------------- */

struct http_range {
	int64_t first, last; /* both are included */
};

/*
 * What a Range asks of a file of that size.  Returns how many ranges there
 * are; 0: it is to be ignored, for it is malformed, not in bytes, overlaps or
 * has more than max; -1: it cannot be satisfied (416).
 */
int http_ranges(
    struct http_text value, int64_t size, struct http_range *, size_t max);

/*
 * The Range to be honoured: NULL if there is none, several, if the method is
 * not GET, or if If-Range is about another version of the file.  The tag is as
 * it is sent, with its quotes; without any, length is 0.
 */
const struct http_text *http_range_asked(
    const struct http_request *, struct http_text tag, int64_t modified);

/* The conditions of a request for what exists: 0, 304 or 412. */
int http_condition(
    const struct http_request *, struct http_text tag, int64_t modified);

/* ---- Dates --------------------------------------------------------------- */

enum { HTTP_DATE = 30 };

/* "Sun, 06 Nov 1994 08:49:37 GMT"; seconds since 1970, clamped to 0 to 9999. */
void http_date(char date[HTTP_DATE], int64_t seconds);

/*
 * That form and the two obsolete ones: 0, or -1.  Years of two digits are seen
 * from now; nothing before 1970 is a date.
 */
int http_date_parse(struct http_text, int64_t now, int64_t *seconds);

/* ---- Writing for others -------------------------------------------------- */

/*
 * Each writes a string of less than size bytes, cut between characters if
 * there is no room, and returns its length.  For a line of a log: \xHH for
 * what is not printable ASCII, a quote or a backslash.  For text and quoted
 * attributes of HTML.  For a path in a link: %HH, slashes stay.
 */
size_t http_escape_log(char *, size_t size, struct http_text);
size_t http_escape_html(char *, size_t size, struct http_text);
size_t http_escape_uri(char *, size_t size, struct http_text);

#endif
