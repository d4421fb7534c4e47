/*
 * SPDX-License-Identifier: ISC
 *
 * http.c: the head of a request, judged as a server must that trusts nobody:
 * whatever two programs might understand differently is refused.
 */
#include "demos/http_head.h"

void
http_request_begin(struct http_request *request)
{
	memset(request, 0, offsetof(struct http_request, head.fields));
	request->head.length = -1;
}

/* Not even the target would be known if the method alone fills the line. */
static int
ht_long(struct http_request *request)
{
	struct http_head *head = &request->head;
	size_t i = head->line;

	while (i < head->look && http__of(head->buffer[i], HTTP_TOKEN))
		i++;
	if (i == head->look)
		return http__refuse(head, 501, "the method is too long");
	if (i == head->line || head->buffer[i] != ' ')
		return http__refuse(head, 400, "a malformed method");
	return http__refuse(head, 414, "the target is too long");
}

/* Behind the line is its carriage return, which ends every loop here. */
static int
ht_line(struct http_request *request, struct http_text line)
{
	struct http_head *head = &request->head;
	const char *p = line.bytes, *end = p + line.length;

	while (http__of(*p, HTTP_TOKEN))
		p++;
	request->method.bytes = line.bytes;
	request->method.length = (size_t)(p - line.bytes);
	if (p == line.bytes || *p++ != ' ')
		return http__refuse(head, 400, "a malformed method");
	request->target.bytes = p;
	while (http__of(*p, HTTP_TARGET))
		p++;
	request->target.length = (size_t)(p - request->target.bytes);
	if (p == request->target.bytes || *p++ != ' ')
		return http__refuse(head, 400, "a malformed request line");
	head->minor = http__version(p, (size_t)(end - p));
	if (head->minor == -1)
		return http__refuse(head, 400, "a malformed version");
	if (head->minor == -2)
		return http__refuse(head, 505, "neither HTTP/1.0 nor HTTP/1.1");
	return http__target(request);
}

/* One empty line is skipped: some clients end their bodies with one. */
static int
ht_start(struct http_request *request, size_t length)
{
	struct http_head *head = &request->head;
	struct http_text line;
	int n;

	if (length > head->line &&
	    !http__of(head->buffer[head->line], HTTP_TOKEN) &&
	    (head->line > 0 || head->buffer[0] != '\r'))
		return http__refuse(head, 400, "a malformed method");
	n = http__line(head, length, head->line + HTTP_LINE + 2, &line);
	if (n == 0 && head->look >= head->line + HTTP_LINE + 2)
		return ht_long(request);
	if (n != 1)
		return n;
	if (line.length == 0)
		return ht_start(request, length);
	if (ht_line(request, line) == -1)
		return -1;
	head->stage = HTTP_READING;
	return 1;
}

static int
ht_host(struct http_request *request)
{
	struct http_head *head = &request->head;
	const struct http_text *host =
	    &head->fields[head->where[HTTP_HOST]].value;

	if (head->seen[HTTP_HOST] > 1)
		return http__refuse(head, 400, "several Host");
	if (head->seen[HTTP_HOST] == 0 && head->minor == 0)
		return 0;
	if (head->seen[HTTP_HOST] == 0)
		return http__refuse(head, 400, "no Host");
	if (http__host(*host) == -1)
		return http__refuse(head, 400, "a malformed Host");
	if (request->authority.bytes == NULL)
		request->authority = *host;
	return 0;
}

/* HTTP/1.0 does not know 100-continue: there it is ignored. */
static int
ht_expect(struct http_request *request)
{
	struct http_head *head = &request->head;
	size_t place = head->where[HTTP_EXPECT];
	int left;

	for (left = head->seen[HTTP_EXPECT]; left > 0; left--) {
		if (!http_same(
			*http_next(head, "expect", &place), "100-continue"))
			return http__refuse(
			    head, 417, "an unknown expectation");
		request->expects = head->minor > 0;
	}
	return 0;
}

ssize_t
http_parse_request(
    struct http_request *request, const char *buffer, size_t length)
{
	struct http_head *head = &request->head;
	int n;

	if (head->status != 0)
		return -1;
	if (head->buffer != NULL && head->buffer != buffer)
		http_request_begin(request);
	head->buffer = buffer;
	if (head->stage == HTTP_STARTING && (n = ht_start(request, length)) < 1)
		return n;
	if (head->stage == HTTP_READING) {
		if ((n = http__fields(head, length)) < 1)
			return n;
		if (ht_host(request) == -1 || http__framing(head) == -1 ||
		    ht_expect(request) == -1)
			return -1;
		head->stage = HTTP_COMPLETE;
	}
	return (ssize_t)head->line;
}
