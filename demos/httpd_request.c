/*
 * SPDX-License-Identifier: ISC
 *
 * httpd_request.c: what a request gets.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "demos/httpd.h"

static const char hsq_index[] = "index.html";

static int
hsq_is_sink(const struct httpd_connection *c)
{
	return c->loop->server->sink && http_is(c->message->request.path, "/");
}

static const char *
hsq_allowed(const struct httpd_connection *c)
{
	return hsq_is_sink(c) ? "GET, HEAD, OPTIONS, POST, PUT"
			      : "GET, HEAD, OPTIONS";
}

static void
hsq_options(struct httpd_connection *c)
{
	httpd_head(c, 204);
	httpd_field(c, "Allow", hsq_allowed(c));
	httpd_send(c, 204, "", 0);
}

/* ---- Files --------------------------------------------------------------- */

static int
hsq_hidden(const char *name)
{
	return *name == '.' || strstr(name, "/.") != NULL;
}

static void
hsq_refuse(struct httpd_connection *c, int status)
{
	httpd_error(c, status,
	    status == 404       ? "There is nothing by that name"
		: status == 403 ? "That may not be read"
		: status == 414 ? "The name is too long"
		: status == 400 ? "The path is malformed"
		: status == 503 ? "Too much is going on"
				: "Something is wrong here");
}

/* "" or "a/b/": its index, or else what is in it. */
static void
hsq_directory(struct httpd_connection *c, char *name)
{
	const struct httpd *server = c->loop->server;
	char *end = name + strlen(name);
	struct httpd_file file;
	int status;

	memcpy(end, hsq_index, sizeof(hsq_index));
	status = httpd_file_open(server, name, &file);
	if (status == 0 && !file.directory) {
		httpd_page_file(c, &file);
		return;
	}
	if (status == 0)
		(void)close(file.fd);
	*end = '\0';
	if ((status == 404 || status == 0) && server->list) {
		status = httpd_file_open(server, name, &file);
		if (status == 0 && file.directory) {
			httpd_page_list(c, &file, name);
			return;
		}
		if (status == 0)
			(void)close(file.fd);
	}
	hsq_refuse(c, status != 0 ? status : 404);
}

static void
hsq_file(struct httpd_connection *c)
{
	char name[HTTPD_NAME + sizeof(hsq_index)];
	struct httpd_file file;
	int status;

	status = http_decode(c->message->request.path, name, HTTPD_NAME);
	if (status == 0 && hsq_hidden(name))
		status = 404;
	if (status == 0 && (*name == '\0' || name[strlen(name) - 1] == '/')) {
		hsq_directory(c, name);
		return;
	}
	if (status == 0)
		status = httpd_file_open(c->loop->server, name, &file);
	if (status != 0) {
		hsq_refuse(c, status);
	} else if (file.directory) {
		(void)close(file.fd);
		httpd_redirect(c, name);
	} else {
		httpd_page_file(c, &file);
	}
}

/* ---- Bodies -------------------------------------------------------------- */

/* The head's memory will be gone, but for what the log is to say. */
static void
hsq_sink(struct httpd_connection *c)
{
	static const char wait[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct http_request *request = &c->message->request;

	c->sinks = 1;
	request->method.bytes =
	    http_is(request->method, "POST") ? "POST" : "PUT";
	request->target.bytes = "/";
	request->target.length = 1;
	if (request->expects && request->head.framing != HTTP_NONE &&
	    reactor_stream_write(&c->stream, wait, sizeof(wait) - 1) == -1)
		c->over = 1;
}

void
httpd_request_sunk(struct httpd_connection *c)
{
	char text[64];
	int size = snprintf(text, sizeof(text), "%lld bytes\n",
	    (long long)c->message->body.total);

	c->sinks = 0;
	httpd_head(c, 200);
	httpd_content(c, "text/plain; charset=utf-8", size);
	httpd_send(c, 200, text, (size_t)size);
}

/* ---- Requests ------------------------------------------------------------ */

/*
 * A body that nobody wants is dropped as it comes.  One that waits for a word
 * before it comes is not waited for: then the connection ends, as the guest may
 * send it or not.
 */
static void
hsq_body(struct httpd_connection *c)
{
	if (c->message->request.expects &&
	    c->message->request.head.framing != HTTP_NONE) {
		c->keep = 0;
		c->skips = 1;
	}
}

void
httpd_request(struct httpd_connection *c)
{
	const struct http_request *request = &c->message->request;
	struct http_text method = request->method;

	c->bare = http_is(method, "HEAD");
	if ((http_is(method, "POST") || http_is(method, "PUT")) &&
	    hsq_is_sink(c)) {
		hsq_sink(c);
		return;
	}
	hsq_body(c);
	if (http_is(method, "GET") || c->bare) {
		if (c->loop->server->hello &&
		    http_is(request->path, "/plaintext"))
			httpd_send_hello(c);
		else
			hsq_file(c);
	} else if (http_is(method, "OPTIONS")) {
		hsq_options(c);
	} else {
		httpd_error_with(
		    c, 405, "This is not done here", "Allow", hsq_allowed(c));
	}
}
