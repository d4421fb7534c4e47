/*
 * SPDX-License-Identifier: ISC
 *
 * http_path.c: the target of a request, taken apart, and its path made the name
 * of a file.
 */
#include "demos/http_head.h"

/* ---- Hosts --------------------------------------------------------------- */

enum { HQ_NAME = 255, HQ_ADDRESS = 45 }; /* the longest of DNS, and of IPv6 */

/* The end of an address in brackets; NULL if it is none. */
static const char *
hq_address(const char *p)
{
	const char *start = ++p;

	while (http__of(*p, HTTP_HEX) || *p == ':' || *p == '.')
		p++;
	if (*p != ']' || p - start < 2 || p - start > HQ_ADDRESS)
		return NULL;
	return p + 1;
}

/* Behind it in its line is a byte that ends every loop here. */
int
http__host(struct http_text host)
{
	const char *p = host.bytes, *end = p + host.length, *port;

	if (*p == '[') {
		if ((p = hq_address(p)) == NULL)
			return -1;
	} else {
		while (http__of(*p, HTTP_REGNAME))
			p++;
		if (p - host.bytes > HQ_NAME || (p == host.bytes && p < end))
			return -1;
	}
	if (p == end)
		return 0;
	if (*p != ':')
		return -1;
	for (port = ++p; http__of(*p, HTTP_DIGIT);)
		p++;
	return p == end && p - port <= 5 ? 0 : -1;
}

/* ---- Targets ------------------------------------------------------------- */

/* The origin form, or what follows the authority in the absolute form. */
static void
hq_split(struct http_request *request, const char *p, const char *end)
{
	const char *mark = p < end ? memchr(p, '?', (size_t)(end - p)) : NULL;

	request->path.bytes = p;
	request->path.length = (size_t)((mark != NULL ? mark : end) - p);
	if (mark != NULL) {
		request->query.bytes = mark + 1;
		request->query.length = (size_t)(end - mark - 1);
	}
	if (request->path.length == 0) {
		request->path.bytes = "/";
		request->path.length = 1;
	}
}

static int
hq_refuse(struct http_request *request)
{
	return http__refuse(&request->head, 400, "a malformed target");
}

/* The server must ignore Host then, so the authority is kept. */
static int
hq_absolute(struct http_request *request)
{
	const char *p = request->target.bytes, *start;
	const char *end = p + request->target.length;
	struct http_text scheme = { p, 0 };

	while (p < end && *p != ':')
		p++;
	scheme.length = (size_t)(p - scheme.bytes);
	if ((!http_same(scheme, "http") && !http_same(scheme, "https")) ||
	    end - p < 4 || memcmp(p, "://", 3) != 0)
		return hq_refuse(request);
	for (start = p += 3; p < end && *p != '/' && *p != '?';)
		p++;
	request->form = HTTP_ABSOLUTE;
	request->authority.bytes = start;
	request->authority.length = (size_t)(p - start);
	if (p == start || http__host(request->authority) == -1)
		return hq_refuse(request);
	hq_split(request, p, end);
	return 0;
}

/* A port is required here. */
static int
hq_authority(struct http_request *request)
{
	struct http_text target = request->target;

	if (http__host(target) == -1 || target.bytes[0] == ':' ||
	    !http__of(target.bytes[target.length - 1], HTTP_DIGIT) ||
	    memchr(target.bytes, ':', target.length) == NULL)
		return hq_refuse(request);
	request->form = HTTP_AUTHORITY;
	request->authority = target;
	return 0;
}

int
http__target(struct http_request *request)
{
	const char *p = request->target.bytes;

	if (http_is(request->method, "CONNECT"))
		return hq_authority(request);
	if (*p == '/') {
		hq_split(request, p, p + request->target.length);
		return 0;
	}
	if (!http_is(request->target, "*"))
		return hq_absolute(request);
	request->form = HTTP_ASTERISK;
	if (!http_is(request->method, "OPTIONS"))
		return hq_refuse(request);
	return 0;
}

/* ---- Paths --------------------------------------------------------------- */

/*
 * The next byte, decoded; -1 for what has no place in a name: control bytes,
 * a slash that was encoded to be hidden, a backslash however it came.
 */
static int
hq_byte(const char **p, const char *end)
{
	unsigned char byte = (unsigned char)*(*p)++;
	int encoded = byte == '%';

	if (encoded) {
		if (end - *p < 2 || !http__of((*p)[0], HTTP_HEX) ||
		    !http__of((*p)[1], HTTP_HEX))
			return -1;
		byte = (unsigned char)(http__hex((*p)[0]) << 4 |
		    http__hex((*p)[1]));
		*p += 2;
	}
	if (byte < ' ' || byte == 0x7f || byte == '\\' ||
	    (encoded && byte == '/'))
		return -1;
	return byte;
}

static int
hq_dots(const char *segment, size_t length)
{
	return (length == 1 && segment[0] == '.') ||
	    (length == 2 && segment[0] == '.' && segment[1] == '.');
}

/* One segment and the slash behind it, if any: 0, or a status. */
static int
hq_segment(const char **p, const char *end, char **name, const char *last)
{
	const char *start = *name;
	int byte;

	while (*p < end && **p != '/') {
		if ((byte = hq_byte(p, end)) == -1)
			return 400;
		if (*name == last)
			return 414;
		*(*name)++ = (char)byte;
	}
	if (hq_dots(start, (size_t)(*name - start)))
		return 400;
	if (*p == end)
		return 0;
	if (*name == last)
		return 414;
	*(*name)++ = '/';
	return 0;
}

int
http_decode(struct http_text path, char *name, size_t size)
{
	const char *p = path.bytes, *end;
	char *last = name + size - 1;
	int status;

	if (path.length == 0 || *p != '/')
		return 400;
	end = p + path.length;
	for (;;) {
		while (p < end && *p == '/')
			p++;
		if (p == end)
			break;
		if ((status = hq_segment(&p, end, &name, last)) != 0)
			return status;
	}
	*name = '\0';
	return 0;
}
