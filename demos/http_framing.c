/*
 * SPDX-License-Identifier: ISC
 *
 * http_framing.c: what a head says of the end of its body, and of the end of
 * the connection.  A mistake here lets one message pass for two (request
 * smuggling), so nothing is repaired, not even what the RFC lets one repair.
 */
#include "demos/http_head.h"

int
http_number(struct http_text text, int64_t *number)
{
	int64_t n = 0;
	size_t i;
	int digit;

	for (i = 0; i < text.length; i++) {
		if (!http__of(text.bytes[i], HTTP_DIGIT))
			return -1;
		digit = text.bytes[i] - '0';
		if (n > (INT64_MAX - digit) / 10)
			return -1;
		n = n * 10 + digit;
	}
	*number = n;
	return text.length > 0 ? 0 : -1;
}

static int
hf_coding(struct http_head *head)
{
	struct http_text value, coding;
	int chunked = 0;

	if (head->seen[HTTP_CONTENT_LENGTH] > 0)
		return http__refuse(
		    head, 400, "both Content-Length and Transfer-Encoding");
	if (head->seen[HTTP_TRANSFER_ENCODING] > 1)
		return http__refuse(head, 400, "several Transfer-Encoding");
	if (head->minor == 0)
		return http__refuse(head, 400, "Transfer-Encoding in HTTP/1.0");
	value = head->fields[head->where[HTTP_TRANSFER_ENCODING]].value;
	head->framing = HTTP_CHUNKED;
	if (http_same(value, "chunked"))
		return 0;
	if (value.length == 0)
		return http__refuse(head, 400, "an empty Transfer-Encoding");
	while (http_element(&value, &coding))
		chunked += http_same(coding, "chunked");
	if (chunked > 1)
		return http__refuse(head, 400, "chunked twice");
	return http__refuse(head, 501, "an unknown Transfer-Encoding");
}

/* Browsers send the one option; it need not be looked for in a list. */
static void
hf_options(struct http_text list, int *closes, int *keeps)
{
	struct http_text option;

	if (http_same(list, "keep-alive")) {
		*keeps = 1;
		return;
	}
	while (http_element(&list, &option)) {
		*closes |= http_same(option, "close");
		*keeps |= http_same(option, "keep-alive");
	}
}

static void
hf_keep(struct http_head *head)
{
	const struct http_text *list;
	size_t place = head->where[HTTP_CONNECTION];
	int closes = 0, keeps = head->minor > 0;

	if (head->seen[HTTP_CONNECTION] > 0)
		hf_options(head->fields[place++].value, &closes, &keeps);
	if (head->seen[HTTP_CONNECTION] > 1)
		while ((list = http_next(head, "Connection", &place)) != NULL)
			hf_options(*list, &closes, &keeps);
	head->keep_alive = keeps && !closes;
}

int
http__framing(struct http_head *head)
{
	struct http_text value;

	hf_keep(head);
	if (head->seen[HTTP_TRANSFER_ENCODING] > 0)
		return hf_coding(head);
	if (head->seen[HTTP_CONTENT_LENGTH] == 0)
		return 0;
	if (head->seen[HTTP_CONTENT_LENGTH] > 1)
		return http__refuse(head, 400, "several Content-Length");
	value = head->fields[head->where[HTTP_CONTENT_LENGTH]].value;
	if (http_number(value, &head->length) == -1)
		return http__refuse(head, 400, "a malformed Content-Length");
	head->framing = HTTP_LENGTH;
	return 0;
}
