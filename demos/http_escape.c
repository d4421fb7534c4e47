/*
 * SPDX-License-Identifier: ISC
 *
 * http_escape.c: bytes from strangers, made harmless for a log, for HTML and
 * for a link.
 */
#include "demos/http_head.h"

static const char he_digits[] = "0123456789abcdef";

/* Writes what stands for the byte into at most 6; returns how many. */
typedef size_t he_escape(char *, unsigned char);

static size_t
he_all(char *out, size_t size, struct http_text text, he_escape *escape)
{
	char piece[8];
	size_t i, n, used = 0;

	for (i = 0; i < text.length; i++) {
		n = escape(piece, (unsigned char)text.bytes[i]);
		if (n >= size - used)
			break;
		memcpy(out + used, piece, n);
		used += n;
	}
	out[used] = '\0';
	return used;
}

static size_t
he_log(char *piece, unsigned char byte)
{
	if (byte >= ' ' && byte < 0x7f && byte != '"' && byte != '\\') {
		piece[0] = (char)byte;
		return 1;
	}
	piece[0] = '\\';
	piece[1] = 'x';
	piece[2] = he_digits[byte >> 4];
	piece[3] = he_digits[byte & 15];
	return 4;
}

/* Control bytes are not allowed in HTML, not even as references. */
static size_t
he_html(char *piece, unsigned char byte)
{
	static const char *const names[] = { "&amp;", "&lt;", "&gt;", "&#34;",
		"&#39;" };
	static const char bytes[] = "&<>\"'";
	const char *found = byte != '\0' ? strchr(bytes, byte) : NULL;
	size_t length;

	if (found == NULL) {
		piece[0] =
		    (byte < ' ' && byte != '\t' && byte != '\n') || byte == 0x7f
		    ? '?'
		    : (char)byte;
		return 1;
	}
	length = strlen(names[found - bytes]);
	memcpy(piece, names[found - bytes], length);
	return length;
}

static size_t
he_uri(char *piece, unsigned char byte)
{
	if (byte == '/' || http__of((char)byte, HTTP_PLAIN)) {
		piece[0] = (char)byte;
		return 1;
	}
	piece[0] = '%';
	piece[1] = he_digits[byte >> 4];
	piece[2] = he_digits[byte & 15];
	return 3;
}

size_t
http_escape_log(char *out, size_t size, struct http_text text)
{
	return he_all(out, size, text, he_log);
}

size_t
http_escape_html(char *out, size_t size, struct http_text text)
{
	return he_all(out, size, text, he_html);
}

size_t
http_escape_uri(char *out, size_t size, struct http_text text)
{
	return he_all(out, size, text, he_uri);
}
