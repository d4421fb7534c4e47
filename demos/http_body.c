/*
 * SPDX-License-Identifier: ISC
 *
 * http_body.c: where a body ends, and what is in it.
 *
 *	1a;extension \r\n data \r\n ... 0 \r\n trailer: value \r\n \r\n
 *
 * Extensions and trailers are checked and thrown away.  They are limited, all
 * of the extensions by how much data came with them: else one byte of body
 * could cost any number of bytes of input.
 */
#include "demos/http_head.h"

enum { HB_DIGITS = 16, HB_EXTENSION = 1024, HB_EXTRA = 16384 };
enum { HB_TRAILER = 8192, HB_TRAILERS = HTTP_FIELDS };

enum {
	HB_SIZE,
	HB_SIZE_EXTENSION,
	HB_SIZE_FEED,
	HB_DATA,
	HB_DATA_RETURN,
	HB_DATA_FEED,
	HB_FIELD,
	HB_FIELD_NAME,
	HB_FIELD_VALUE,
	HB_FIELD_FEED,
	HB_LAST_FEED,
	HB_OVER
};

static const char hb_too_long[] = "the body is too long";

static int
hb_refuse(struct http_body *body, int status, const char *reason)
{
	body->status = status;
	body->reason = reason;
	return -1;
}

int
http_body_begin(
    struct http_body *body, const struct http_head *head, int64_t most)
{
	memset(body, 0, sizeof(*body));
	body->framing = head->framing;
	body->most = most;
	if (body->framing == HTTP_LENGTH && head->length > most)
		return hb_refuse(body, 413, hb_too_long);
	if (body->framing == HTTP_LENGTH)
		body->left = head->length;
	if (body->framing == HTTP_CLOSE)
		body->left = most;
	return 0;
}

/* ---- Chunks: each function takes one byte, or refuses it: -1 ------------- */

static int
hb_size(struct http_body *body, char byte)
{
	if (http__of(byte, HTTP_HEX)) {
		if (body->left > INT64_MAX >> 4 || body->digits++ == HB_DIGITS)
			return hb_refuse(body, 400, "a chunk is too long");
		body->left = body->left << 4 | http__hex(byte);
		return 0;
	}
	if (body->digits == 0 || (byte != ';' && byte != '\r'))
		return hb_refuse(body, 400, "a malformed size of a chunk");
	body->extension = 0;
	body->state = byte == ';' ? HB_SIZE_EXTENSION : HB_SIZE_FEED;
	return 0;
}

static int
hb_extension(struct http_body *body, char byte)
{
	if (byte == '\r') {
		body->state = HB_SIZE_FEED;
		return 0;
	}
	if (!http__of(byte, HTTP_VALUE))
		return hb_refuse(body, 400, "a control byte in an extension");
	if (body->extension++ == HB_EXTENSION ||
	    body->extra++ - body->total >= HB_EXTRA)
		return hb_refuse(body, 400, "too long extensions of chunks");
	return 0;
}

static int
hb_data(struct http_body *body)
{
	if (body->left > body->most - body->total)
		return hb_refuse(body, 413, hb_too_long);
	body->digits = 0;
	body->state = body->left > 0 ? HB_DATA : HB_FIELD;
	return 0;
}

static int
hb_trailer(struct http_body *body, char byte)
{
	int name = http__of(byte, HTTP_TOKEN);

	if (body->trailer++ == HB_TRAILER)
		return hb_refuse(body, 431, "too long trailers");
	if (body->state == HB_FIELD_VALUE) {
		if (byte == '\r')
			body->state = HB_FIELD_FEED;
		else if (!http__of(byte, HTTP_VALUE))
			return hb_refuse(
			    body, 400, "a control byte in a trailer");
	} else if (body->state == HB_FIELD_NAME && byte == ':') {
		body->state = HB_FIELD_VALUE;
	} else if (body->state == HB_FIELD && byte == '\r') {
		body->state = HB_LAST_FEED;
	} else if (!name) {
		return hb_refuse(body, 400, "a malformed trailer");
	} else if (body->state == HB_FIELD) {
		if (body->trailers++ == HB_TRAILERS)
			return hb_refuse(body, 431, "too many trailers");
		body->state = HB_FIELD_NAME;
	}
	return 0;
}

/* The end of a line or of data: there is one byte that it may be. */
static int
hb_end(struct http_body *body, char byte)
{
	if (byte != (body->state == HB_DATA_RETURN ? '\r' : '\n'))
		return hb_refuse(body, 400, "a malformed end of a line");
	switch (body->state) {
	case HB_SIZE_FEED:
		return hb_data(body);
	case HB_DATA_RETURN:
		body->state = HB_DATA_FEED;
		return 0;
	case HB_DATA_FEED:
		body->state = HB_SIZE;
		return 0;
	case HB_FIELD_FEED:
		body->state = HB_FIELD;
		return 0;
	default:
		body->state = HB_OVER;
		return 0;
	}
}

static int
hb_byte(struct http_body *body, char byte)
{
	switch (body->state) {
	case HB_SIZE:
		return hb_size(body, byte);
	case HB_SIZE_EXTENSION:
		return hb_extension(body, byte);
	case HB_FIELD:
	case HB_FIELD_NAME:
	case HB_FIELD_VALUE:
		return hb_trailer(body, byte);
	default:
		return hb_end(body, byte);
	}
}

/* ---- Any body ------------------------------------------------------------ */

static size_t
hb_take(struct http_body *body, size_t length)
{
	if ((uint64_t)body->left < length)
		length = (size_t)body->left;
	body->left -= (int64_t)length;
	body->total += (int64_t)length;
	return length;
}

static int
hb_chunks(struct http_body *body, char *bytes, size_t *length, size_t *size)
{
	size_t i = 0, n;

	while (i < *length && body->state != HB_OVER && body->status == 0) {
		if (body->state != HB_DATA) {
			hb_byte(body, bytes[i++]);
			continue;
		}
		n = hb_take(body, *length - i);
		memmove(bytes + *size, bytes + i, n);
		*size += n;
		i += n;
		if (body->left == 0)
			body->state = HB_DATA_RETURN;
	}
	*length = i;
	return body->status != 0 ? -1 : body->state == HB_OVER;
}

int
http_body(struct http_body *body, char *bytes, size_t *length, size_t *size)
{
	size_t given = *length;

	*size = 0;
	if (body->status != 0 || body->framing == HTTP_NONE) {
		*length = 0;
		return body->status != 0 ? -1 : 1;
	}
	if (body->framing == HTTP_CHUNKED)
		return hb_chunks(body, bytes, length, size);
	*size = *length = hb_take(body, given);
	if (body->framing == HTTP_LENGTH)
		return body->left == 0;
	return *size == given ? 0 : hb_refuse(body, 413, hb_too_long);
}

int
http_body_end(const struct http_body *body)
{
	int over = body->framing == HTTP_CHUNKED ? body->state == HB_OVER
	    : body->framing == HTTP_LENGTH       ? body->left == 0
						 : 1;

	return over && body->status == 0 ? 0 : -1;
}
