/*
 * SPDX-License-Identifier: ISC
 *
 * serve_request.c: as much of HTTP/1.1 (RFC 9112) as a server without uploads
 * needs.  What is doubtful is refused, and then the connection ends, as nobody
 * can tell where the next request would begin.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "demos/serve.h"

/* ---- The end of the head ------------------------------------------------- */

/* The length of the head with its empty line; 0: that has not come yet. */
static size_t
sh_length(const char *bytes, size_t size)
{
	size_t i;

	for (i = 1; i < size; i++) {
		if (bytes[i] != '\n')
			continue;
		if (bytes[i - 1] == '\n' ||
		    (i >= 2 && bytes[i - 1] == '\r' && bytes[i - 2] == '\n'))
			return i + 1;
	}
	return 0;
}

/* ---- The first line ------------------------------------------------------ */

/* A status: 200, or what is wrong. */
static int
sh_page(struct serve_request *request, const char *path)
{
	static const char *const paths[] = { [SERVE_ROOT] = "/",
		[SERVE_SMALL] = "/small",
		[SERVE_BIG] = "/big",
		[SERVE_GREY] = "/big.pgm",
		[SERVE_WORKERS] = "/workers",
		[SERVE_CRASH] = "/crash" };
	size_t i, length = strcspn(path, "?");

	for (i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		if (strlen(paths[i]) == length &&
		    memcmp(paths[i], path, length) == 0) {
			request->page = (int)i;
			return 200;
		}
	return 404;
}

/* The path of http://host/path; NULL: it has none. */
static const char *
sh_path(const char *target)
{
	if (strncasecmp(target, "http://", 7) == 0) {
		target += 7;
		target += strcspn(target, "/?");
		return *target != '/' ? "/" : target;
	}
	return *target == '/' ? target : NULL;
}

/* GET /small HTTP/1.1 */
static int
sh_first(struct serve_request *request, char *line)
{
	const char *method = strsep(&line, " ");
	const char *target = strsep(&line, " ");
	const char *version = line, *path;

	if (version == NULL || *method == '\0' ||
	    strncmp(version, "HTTP/", 5) != 0 || version[5] < '0' ||
	    version[5] > '9' || version[6] != '.' || version[7] < '0' ||
	    version[7] > '9' || version[8] != '\0')
		return 400;
	if (version[5] != '1')
		return 505;
	request->keep = version[7] != '0';
	request->bare = strcmp(method, "HEAD") == 0;
	if (!request->bare && strcmp(method, "GET") != 0)
		return 405;
	path = sh_path(target);
	return path != NULL ? sh_page(request, path) : 400;
}

/* ---- The other lines ----------------------------------------------------- */

struct sh_fields {
	int hosts, body, wrong;
	int close, keep;
};

static void
sh_field(struct sh_fields *fields, char *line)
{
	size_t length = strcspn(line, ": \t");
	char *value = line + length + 1;

	if (length == 0 || line[length] != ':') {
		fields->wrong = 1;
		return;
	}
	line[length] = '\0';
	value += strspn(value, " \t");
	if (strcasecmp(line, "host") == 0)
		fields->hosts++;
	else if (strcasecmp(line, "transfer-encoding") == 0)
		fields->body = 1;
	else if (strcasecmp(line, "content-length") == 0)
		fields->body |= strcmp(value, "0") != 0;
	else if (strcasecmp(line, "connection") == 0) {
		fields->close |= strcasestr(value, "close") != NULL;
		fields->keep |= strcasestr(value, "keep-alive") != NULL;
	}
}

/* The next line of the head, without its end; NULL: that was all. */
static char *
sh_line(char **rest)
{
	char *line = strsep(rest, "\n");
	size_t length = line != NULL ? strlen(line) : 0;

	if (length > 0 && line[length - 1] == '\r')
		line[--length] = '\0';
	return length > 0 ? line : NULL;
}

static void
sh_head(struct serve_request *request, char *head)
{
	struct sh_fields fields = { 0 };
	char *line = sh_line(&head);
	int new;

	request->status = line != NULL ? sh_first(request, line) : 400;
	new = request->keep;
	while ((line = sh_line(&head)) != NULL)
		sh_field(&fields, line);
	if (fields.wrong || fields.hosts > 1 || (new &&fields.hosts == 0))
		request->status = request->status == 505 ? 505 : 400;
	else if (fields.body && request->status != 400)
		request->status = 413;
	request->keep = (new || fields.keep) && !fields.close &&
	    (request->status == 200 || request->status == 404);
}

size_t
serve_request_read(struct serve_request *request, char *bytes, size_t size)
{
	size_t skipped = 0, length;

	memset(request, 0, sizeof(*request));
	/* Some clients send an empty line behind what they sent before. */
	while (skipped < size && strchr("\r\n", bytes[skipped]) != NULL &&
	    bytes[skipped] != '\0')
		skipped++;
	bytes += skipped;
	length = sh_length(bytes, size - skipped);
	if (length == 0)
		return 0;
	if (memchr(bytes, '\0', length) != NULL) {
		request->status = 400;
	} else {
		bytes[length - 1] = '\0';
		sh_head(request, bytes);
	}
	return skipped + length;
}

/* ---- Answers ------------------------------------------------------------- */

const char *
serve_status_words(int status)
{
	return status == 200 ? "OK"
	    : status == 400  ? "Bad Request"
	    : status == 404  ? "Not Found"
	    : status == 405  ? "Method Not Allowed"
	    : status == 413  ? "Content Too Large"
	    : status == 431  ? "Request Header Fields Too Large"
	    : status == 503  ? "Service Unavailable"
	    : status == 505  ? "HTTP Version Not Supported"
			     : "Internal Server Error";
}

size_t
serve_answer_head(const struct serve_request *request, const char *type,
    size_t length, char *text, size_t size)
{
	int n = snprintf(text, size,
	    "HTTP/1.1 %d %s\r\n"
	    "Content-Type: %s\r\n"
	    "Content-Length: %zu\r\n"
	    "%s%s%s\r\n",
	    request->status, serve_status_words(request->status), type, length,
	    request->status == 405 ? "Allow: GET, HEAD\r\n" : "",
	    request->status == 503 ? "Retry-After: 1\r\n" : "",
	    request->keep ? "Connection: keep-alive\r\n"
			  : "Connection: close\r\n");

	return n > 0 ? (size_t)n : 0;
}
