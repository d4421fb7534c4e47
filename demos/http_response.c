/*
 * SPDX-License-Identifier: ISC
 *
 * http_response.c: the head of a response, for clients.
 */
#include "demos/http_head.h"

void
http_response_begin(struct http_response *response, int answers_head)
{
	memset(response, 0, offsetof(struct http_response, head.fields));
	response->bodiless = answers_head;
	response->head.length = -1;
}

/* "HTTP/1.1 200 OK"; the last space may be missing with the words. */
static int
hs_line(struct http_response *response, struct http_text line)
{
	struct http_head *head = &response->head;
	const char *p = line.bytes, *end = p + line.length;

	if (line.length < 12 || p[8] != ' ')
		return http__refuse(head, 502, "a malformed status line");
	if ((head->minor = http__version(p, 8)) < 0)
		return http__refuse(head, 502, "neither HTTP/1.0 nor HTTP/1.1");
	p += 9;
	if (p[0] < '1' || p[0] > '5' || !http__of(p[1], HTTP_DIGIT) ||
	    !http__of(p[2], HTTP_DIGIT) || (p + 3 < end && p[3] != ' '))
		return http__refuse(head, 502, "a malformed status");
	response->code = (p[0] - '0') * 100 + (p[1] - '0') * 10 + (p[2] - '0');
	p += p + 3 < end ? 4 : 3;
	response->words.bytes = p;
	response->words.length = (size_t)(end - p);
	for (; p < end; p++)
		if (!http__of(*p, HTTP_VALUE))
			return http__refuse(
			    head, 502, "a control byte in the status line");
	return 0;
}

static int
hs_start(struct http_response *response, size_t length)
{
	struct http_head *head = &response->head;
	struct http_text line;
	int n;

	if (length > 0 && head->buffer[0] != 'H')
		return http__refuse(head, 502, "not HTTP");
	n = http__line(head, length, HTTP_LINE + 2, &line);
	if (n == 0 && head->look >= HTTP_LINE + 2)
		return http__refuse(head, 502, "the status line is too long");
	if (n != 1)
		return n;
	if (hs_line(response, line) == -1)
		return -1;
	head->stage = HTTP_READING;
	return 1;
}

/* In the order of RFC 9112, 6.3; 101 goes on in another protocol. */
static int
hs_framing(struct http_response *response)
{
	struct http_head *head = &response->head;

	if (http__framing(head) == -1)
		return -1;
	if (response->bodiless || response->code < 200 ||
	    response->code == 204 || response->code == 304) {
		head->framing = HTTP_NONE;
	} else if (head->framing == HTTP_NONE) {
		head->framing = HTTP_CLOSE;
		head->keep_alive = 0;
	}
	return 0;
}

static int
hs_parse(struct http_response *response, size_t length)
{
	struct http_head *head = &response->head;
	int n;

	if (head->stage == HTTP_STARTING &&
	    (n = hs_start(response, length)) < 1)
		return n;
	if (head->stage == HTTP_READING) {
		if ((n = http__fields(head, length)) < 1)
			return n;
		if (hs_framing(response) == -1)
			return -1;
		head->stage = HTTP_COMPLETE;
	}
	return 1;
}

ssize_t
http_parse_response(
    struct http_response *response, const char *buffer, size_t length)
{
	struct http_head *head = &response->head;
	int n;

	if (head->status != 0)
		return -1;
	if (head->buffer != NULL && head->buffer != buffer)
		http_response_begin(response, response->bodiless);
	head->buffer = buffer;
	n = hs_parse(response, length);
	if (n == -1)
		head->status = 502;
	return n < 1 ? n : (ssize_t)head->line;
}
