/*
 * SPDX-License-Identifier: ISC
 *
 * httpd_error.c: answers that are no file: what a status is called, and pages
 * that tell it.
 */
#include <stdio.h>
#include <string.h>
#include "demos/httpd.h"

const char *
httpd_words(int status)
{
	switch (status) {
	case 100:
		return "100 Continue";
	case 200:
		return "200 OK";
	case 204:
		return "204 No Content";
	case 206:
		return "206 Partial Content";
	case 301:
		return "301 Moved Permanently";
	case 304:
		return "304 Not Modified";
	case 400:
		return "400 Bad Request";
	case 403:
		return "403 Forbidden";
	case 404:
		return "404 Not Found";
	case 405:
		return "405 Method Not Allowed";
	case 408:
		return "408 Request Timeout";
	case 412:
		return "412 Precondition Failed";
	case 413:
		return "413 Content Too Large";
	case 414:
		return "414 URI Too Long";
	case 416:
		return "416 Range Not Satisfiable";
	case 417:
		return "417 Expectation Failed";
	case 431:
		return "431 Request Header Fields Too Large";
	case 501:
		return "501 Not Implemented";
	case 503:
		return "503 Service Unavailable";
	case 505:
		return "505 HTTP Version Not Supported";
	default:
		return "500 Internal Server Error";
	}
}

void
httpd_error_with(struct httpd_connection *c, int status, const char *reason,
    const char *name, const char *value)
{
	const char *words = httpd_words(status);
	char page[512];
	int size = snprintf(page, sizeof(page),
	    "<!DOCTYPE html>\n<html lang=\"en\">\n<title>%s</title>\n"
	    "<h1>%s</h1>\n<p>%s%s</p>\n</html>\n",
	    words, words, reason, *reason != '\0' ? "." : "");

	httpd_head(c, status);
	if (name != NULL)
		httpd_field(c, name, value);
	httpd_field(c, "Content-Security-Policy", "default-src 'none'");
	httpd_content(c, "text/html; charset=utf-8", size);
	httpd_send(c, status, page, (size_t)size);
}

void
httpd_error(struct httpd_connection *c, int status, const char *reason)
{
	httpd_error_with(c, status, reason, NULL, NULL);
}

/* To the directory of that name, which has no slash behind it. */
void
httpd_redirect(struct httpd_connection *c, const char *name)
{
	const struct http_text *query = &c->message->request.query;
	const struct http_text text = { name, strlen(name) };
	char place[3 * HTTPD_NAME + 3];
	size_t used;

	place[0] = '/';
	used = 1 + http_escape_uri(place + 1, sizeof(place) - 3, text);
	place[used++] = '/';
	place[used] = '\0';
	httpd_head(c, 301);
	httpd_put(c->loop, "Location: ", 10);
	httpd_put(c->loop, place, used);
	if (query->bytes != NULL && query->length < HTTPD_NAME / 2) {
		httpd_put(c->loop, "?", 1);
		httpd_put(c->loop, query->bytes, query->length);
	}
	httpd_put(c->loop, "\r\n", 2);
	httpd_content(c, "text/plain", 0);
	httpd_send(c, 301, "", 0);
}
