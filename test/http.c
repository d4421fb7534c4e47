/*
 * SPDX-License-Identifier: ISC
 *
 * http.c: what the parser of HTTP accepts and refuses, whole and at every cut.
 */
#include "test/http.h"

struct row {
	int status; /* 0: complete; 1: more must come */
	const char *text;
	size_t length;
};

#define ROW(status, text)                      \
	{                                      \
		status, text, sizeof(text) - 1 \
	}
#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define H            "Host: a\r\n"
#define GET          "GET / HTTP/1.1\r\n"
#define POST         "POST / HTTP/1.1\r\n" H
#define E            "\r\n"

static struct message shared;

static struct http_text
text(const char *string)
{
	struct http_text t = { string, strlen(string) };

	return t;
}

static int
is(struct http_text value, const char *string)
{
	return value.bytes != NULL && http_is(value, string);
}

/* As the table wants it; what is complete must not depend on what follows. */
static void
feed_row(const struct row *row, int responds)
{
	char *more = malloc(row->length + 8);
	ssize_t n;

	shared.responds = responds;
	n = message_feed(&shared, row->text, row->length, 1);
	if (n == -1 ? row->status !=
		    (responds ? shared.response.head : shared.request.head)
			.status
		    : row->status != (n == 0))
		test_fail("%.*s: %zd, %d", (int)row->length, row->text, n,
		    shared.request.head.status);
	if (n > 0)
		CHECK_INT(n, row->length);
	CHECK(more != NULL);
	memcpy(more, row->text, row->length);
	memcpy(more + row->length, "\0\r\n\nG /", 8);
	if (n != 0)
		CHECK_INT(message_feed(&shared, more, row->length + 8, 1), n);
	free(more);
}

static void
feed_rows(void)
{
	const struct row *row = test_case->data;

	for (; row->text != NULL; row++)
		feed_row(row, row->status == 502 || row->text[0] == 'H');
}

static const struct row start_lines[] = {
	ROW(0, GET H E),
	ROW(0, "\r\n" GET H E),
	ROW(0, "GET / HTTP/1.0\r\n" E),
	ROW(0, "brew+~!#$%&'*-.^_`| / HTTP/1.1\r\n" H E),
	ROW(0, "GET /a?b=|{}^`[]?/ HTTP/1.1\r\n" H E),
	ROW(0, "OPTIONS * HTTP/1.1\r\n" H E),
	ROW(0, "GET http://a HTTP/1.1\r\n" H E),
	ROW(0, "GET HTTPS://[::1]:80/?a HTTP/1.1\r\n" H E),
	ROW(0, "CONNECT a:80 HTTP/1.1\r\n" H E),
	ROW(0, "CONNECT [::1]:80 HTTP/1.1\r\n" H E),
	ROW(1, ""),
	ROW(1, "\r"),
	ROW(1, "\r\n"),
	ROW(1, "GET /  HTT"),
	ROW(1, GET H),
	ROW(400, "\n"),
	ROW(400, " "),
	ROW(400, "\0"),
	ROW(400, "\x16\x03\x01"),
	ROW(400, "\r\n\r\n" GET H E),
	ROW(400, "\r\r\n"),
	ROW(400, " " GET H E),
	ROW(400, "GET\r\n"),
	ROW(400, "GET \r\n"),
	ROW(400, "GET /\r\n"),
	ROW(400, "GET / \r\n"),
	ROW(400, "GET  / HTTP/1.1\r\n"),
	ROW(400, "GET /  HTTP/1.1\r\n"),
	ROW(400, "GET\t/ HTTP/1.1\r\n"),
	ROW(400, "GET /\tHTTP/1.1\r\n"),
	ROW(400, "GET / HTTP/1.1 \r\n"),
	ROW(400, "GET / x HTTP/1.1\r\n"),
	ROW(400, "GET / HTTP/1.1\n"),
	ROW(400, "GET / HTTP/1.1\r\r\n"),
	ROW(400, "GET /\r HTTP/1.1\r\n"),
	ROW(400, "GET /a\0b HTTP/1.1\r\n"),
	ROW(400, "GET /a\x7f HTTP/1.1\r\n"),
	ROW(400, "GET /\xc3\xa4 HTTP/1.1\r\n"),
	ROW(400, "GET /a#b HTTP/1.1\r\n"),
	ROW(400, "GET /a\\b HTTP/1.1\r\n"),
	ROW(400, "GET /<\"> HTTP/1.1\r\n"),
	ROW(400, "G(T / HTTP/1.1\r\n"),
	ROW(400, "G\xe4T / HTTP/1.1\r\n"),
	ROW(400, "GET / http/1.1\r\n"),
	ROW(400, "GET / HTTP/1.1x\r\n"),
	ROW(400, "GET / HTTP/1.\r\n"),
	ROW(400, "GET / HTTP/11\r\n"),
	ROW(400, "GET / HTTP/1.10\r\n"),
	ROW(400, "GET / HTTP/+1.1\r\n"),
	ROW(400, "GET / HTTPS/1.1\r\n"),
	ROW(505, "GET / HTTP/1.2\r\n"),
	ROW(505, "GET / HTTP/0.9\r\n"),
	ROW(505, "GET / HTTP/2.0\r\n"),
	ROW(505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
	ROW(400, "GET * HTTP/1.1\r\n"),
	ROW(400, "OPTIONS ** HTTP/1.1\r\n"),
	ROW(400, "GET a HTTP/1.1\r\n"),
	ROW(400, "GET a:80 HTTP/1.1\r\n"),
	ROW(400, "GET http:/a HTTP/1.1\r\n"),
	ROW(400, "GET http:abcd/ HTTP/1.1\r\n"),
	ROW(400, "GET http:// HTTP/1.1\r\n"),
	ROW(400, "GET http:///a HTTP/1.1\r\n"),
	ROW(400, "GET http://:80/ HTTP/1.1\r\n"),
	ROW(400, "GET http://b@a/ HTTP/1.1\r\n"),
	ROW(400, "GET http://[::1/ HTTP/1.1\r\n"),
	ROW(400, "GET file://a/ HTTP/1.1\r\n"),
	ROW(400, "CONNECT / HTTP/1.1\r\n"),
	ROW(400, "CONNECT a HTTP/1.1\r\n"),
	ROW(400, "CONNECT a: HTTP/1.1\r\n"),
	ROW(400, "CONNECT a@b:80 HTTP/1.1\r\n"),
	ROW(400, "CONNECT :80 HTTP/1.1\r\n"),
	ROW(400, "CONNECT [::1] HTTP/1.1\r\n"),
	ROW(400, "CONNECT 1.2.3.4 HTTP/1.1\r\n"),
	{ 0, NULL, 0 },
};

static const struct row field_lines[] = {
	ROW(0, GET H "a:\r\nb: \t \r\nc:d\r\ne:\t f g \t\r\n" E),
	ROW(0, GET H "a: \x80\xff\t\"\\:\r\n!#$%&'*+-.^_`|~0aZ: b\r\n" E),
	ROW(0, GET H "Connection: a, close ,, b\r\n" E),
	ROW(400, GET H "a b: c\r\n"),
	ROW(400, GET H "a : c\r\n"),
	ROW(400, GET H "a\t: c\r\n"),
	ROW(400, GET H "a\r\n"),
	ROW(400, GET H "a\0: b\r\n"),
	ROW(400, GET H "a\x80: b\r\n"),
	ROW(400, GET H "(a): b\r\n"),
	ROW(400, GET H ": b\r\n"),
	ROW(400, GET H " a: b\r\n"),
	ROW(400, GET " a: b\r\n" H E),
	ROW(400, GET H "a: b\r\n c\r\n"),
	ROW(400, GET H "a: b\r\n\tc\r\n"),
	ROW(400, GET H "a: b\r\n \r\n"),
	ROW(400, GET H "a: b\n"),
	ROW(400, GET H "a: b\r\n\n"),
	ROW(400, GET H "a: b\rc\r\n"),
	ROW(400, GET H "a: b\r\r\n"),
	ROW(400, GET H "\r\r\n"),
	ROW(400, GET H "a: b\0\r\n"),
	ROW(400, GET H "a: 12345678\0\r\n"),
	ROW(400,
	    GET H "a: 123\0"
		  "5678\r\n"),
	ROW(400,
	    GET H "a: 123\x1f"
		  "5678\r\n"),
	ROW(400,
	    GET H "a: 123\x7f"
		  "5678\r\n"),
	ROW(400,
	    GET H "a: 1234567\r"
		  "12345678\r\n"),
	ROW(400, GET H "a: 1\t34567\v12345678\r\n"),
	ROW(400, GET E),
	ROW(400, GET H H E),
	ROW(400, GET H "host: b\r\n" E),
	ROW(400, "GET / HTTP/1.0\r\n" H H E),
	ROW(0, "GET / HTTP/1.0\r\n" H E),
	ROW(0, GET "hOST:\r\n" E),
	ROW(0, GET "Host: a.b-c_d~!$&'()*+,;=:8080\r\n" E),
	ROW(0, GET "Host: [fe80::1.2.3.4]\r\n" E),
	ROW(0, GET "Host: a:\r\n" E),
	ROW(400, GET "Host: a b\r\n" E),
	ROW(400, GET "Host: a/b\r\n" E),
	ROW(400, GET "Host: a@b\r\n" E),
	ROW(400, GET "Host: a%00\r\n" E),
	ROW(400, GET "Host: \xc3\xa4\r\n" E),
	ROW(400, GET "Host: a:b\r\n" E),
	ROW(0, GET "Host: a:65535\r\n" E),
	ROW(400, GET "Host: a:123456\r\n" E),
	ROW(400, GET "Host: :80\r\n" E),
	ROW(400, GET "Host: ::1\r\n" E),
	ROW(400, GET "Host: [::1\r\n" E),
	ROW(400, GET "Host: []\r\n" E),
	ROW(400, GET "Host: [::1]a\r\n" E),
	ROW(400, GET "Host: [::g]\r\n" E),
	ROW(400, GET "Host: [\r\n" E),
	ROW(417, GET H "Expect: the worst\r\n" E),
	ROW(417, GET H "Expect:\r\n" E),
	ROW(417, GET H "Expect: 100-continue\r\nExpect: more\r\n" E),
	ROW(0, GET H "Expect: 100-Continue\r\n" E),
	{ 0, NULL, 0 },
};

static const struct row framings[] = {
	ROW(0, POST "Content-Length: 0\r\n" E),
	ROW(0, POST "content-lengtH:007 \r\n" E),
	ROW(0, POST "Content-Length: 9223372036854775807\r\n" E),
	ROW(400, POST "Content-Length: 9223372036854775808\r\n" E),
	ROW(400, POST "Content-Length: 18446744073709551621\r\n" E),
	ROW(400, POST "Content-Length: 99999999999999999999999999\r\n" E),
	ROW(400, POST "Content-Length:\r\n" E),
	ROW(400, POST "Content-Length: +5\r\n" E),
	ROW(400, POST "Content-Length: -5\r\n" E),
	ROW(400, POST "Content-Length: -0\r\n" E),
	ROW(400, POST "Content-Length: 0x5\r\n" E),
	ROW(400, POST "Content-Length: 5 5\r\n" E),
	ROW(400, POST "Content-Length: 5, 5\r\n" E),
	ROW(400, POST "Content-Length: 5,\r\n" E),
	ROW(400, POST "Content-Length: 5.0\r\n" E),
	ROW(400, POST "Content-Length: \"5\"\r\n" E),
	ROW(400, POST "Content-Length: \xd9\xa5\r\n" E),
	ROW(400, POST "Content-Length: 5\r\nContent-Length: 5\r\n" E),
	ROW(400, POST "Content-Length: 5\r\nContent-Length: 6\r\n" E),
	ROW(400, POST "Content-Length : 5\r\n" E),
	ROW(0, POST "Content_Length: 5, 5\r\n" E),
	ROW(0, POST "Transfer-Encoding: chunked\r\n" E),
	ROW(0, POST "Transfer-encoding:\tChUnKeD \r\n" E),
	ROW(400, POST "Transfer-Encoding:\r\n" E),
	ROW(400, POST "Transfer-Encoding: chunked, chunked\r\n" E),
	ROW(400, POST "Transfer-Encoding: chunked,gzip,CHUNKED\r\n" E),
	ROW(501, POST "Transfer-Encoding: gzip, chunked\r\n" E),
	ROW(501, POST "Transfer-Encoding: chunked, gzip\r\n" E),
	ROW(501, POST "Transfer-Encoding: identity\r\n" E),
	ROW(501, POST "Transfer-Encoding: xchunked\r\n" E),
	ROW(501, POST "Transfer-Encoding: chunked;a=b\r\n" E),
	ROW(501, POST "Transfer-Encoding: \"chunked\"\r\n" E),
	ROW(501, POST "Transfer-Encoding: ,chunked\r\n" E),
	ROW(501, POST "Transfer-Encoding: chunked\xa0\r\n" E),
	ROW(400, POST "Transfer-Encoding: \vchunked\r\n" E),
	ROW(400, POST "Transfer-Encoding : chunked\r\n" E),
	ROW(400, POST "Transfer-Encoding:\r\n chunked\r\n" E),
	ROW(400,
	    POST "Transfer-Encoding: chunked\r\n"
		 "Transfer-Encoding: chunked\r\n" E),
	ROW(400,
	    POST "Transfer-Encoding: gzip\r\n"
		 "Transfer-Encoding: chunked\r\n" E),
	ROW(400, POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n" E),
	ROW(400, POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n" E),
	ROW(400, POST "Transfer-Encoding: x\r\nContent-Length: x\r\n" E),
	ROW(400, "POST / HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n" E),
	{ 0, NULL, 0 },
};

#define OK "HTTP/1.1 200 OK\r\n"

static const struct row responses[] = {
	ROW(0, OK E),
	ROW(0, "HTTP/1.0 404 Not  \xc3\xa4\t\r\n" E),
	ROW(0, "HTTP/1.1 200 \r\n" E),
	ROW(0, "HTTP/1.1 200\r\n" E),
	ROW(0, "HTTP/1.1 599 \r\n" E),
	ROW(0, OK "Content-Length: 5\r\n" E),
	ROW(1, "HTTP/1.1 2"),
	ROW(502, "X"),
	ROW(502, "\r\n" OK E),
	ROW(502, "HTTP/1.1\r\n"),
	ROW(502, "HTTP/1.1 \r\n"),
	ROW(502, "HTTP/1.1 20\r\n"),
	ROW(502, "HTTP/1.1 2000\r\n"),
	ROW(502, "HTTP/1.1 200OK\r\n"),
	ROW(502, "HTTP/1.1  200 OK\r\n"),
	ROW(502, "HTTP/1.1\t200 OK\r\n"),
	ROW(502, "HTTP/1.1 099 OK\r\n"),
	ROW(502, "HTTP/1.1 600 OK\r\n"),
	ROW(502, "HTTP/1.1 2x0 OK\r\n"),
	ROW(502, "HTTP/1.1 200 O\0K\r\n"),
	ROW(502, "HTTP/1.1 200 OK\r\r\n"),
	ROW(502, "HTTP/1.1 200 OK\n"),
	ROW(502, "HTTP/2.0 200 OK\r\n"),
	ROW(502, "http/1.1 200 OK\r\n"),
	ROW(502, "HTTP/1.x 200 OK\r\n"),
	ROW(502, OK "a : b\r\n"),
	ROW(502, OK " a: b\r\n"),
	ROW(502, OK "a: b\r\n c\r\n"),
	ROW(502, OK "Content-Length: 5, 5\r\n" E),
	ROW(502, OK "Content-Length: 5\r\nContent-Length: 5\r\n" E),
	ROW(502, OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n" E),
	ROW(502, OK "Transfer-Encoding: gzip\r\n" E),
	ROW(502, "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n" E),
	{ 0, NULL, 0 },
};

/* ---- Limits -------------------------------------------------------------- */

static char big[3 * HTTP_HEAD];

static size_t
put(size_t at, const char *string, size_t fill)
{
	size_t length = strlen(string);

	CHECK(at + length + fill < sizeof(big));
	memcpy(big + at, string, length);
	memset(big + at + length, 'a', fill);
	return at + length + fill;
}

static void
expect(size_t length, int status)
{
	ssize_t n = message_feed(&shared, big, length, 97);

	CHECK_INT(shared.request.head.status, status);
	CHECK_INT(n, status != 0 ? -1 : (ssize_t)length);
}

static void
limit_line(void)
{
	size_t fixed = strlen("GET / HTTP/1.1"), n;

	n = put(0, "GET /", HTTP_LINE - fixed);
	expect(put(n, " HTTP/1.1\r\n" H E, 0), 0);
	n = put(0, "\r\nGET /", HTTP_LINE - fixed);
	expect(put(n, " HTTP/1.1\r\n" H E, 0), 0);
	n = put(0, "GET /", HTTP_LINE - fixed + 1);
	expect(put(n, " HTTP/1.1\r\n" H E, 0), 414);
	expect(put(0, "GET /", HTTP_LINE - 3), 414);
	expect(put(0, "GET", HTTP_LINE), 501);
	expect(put(0, "GET/", HTTP_LINE), 400);
	n = put(0, "GET / HTTP/1.1\r\n", HTTP_LINE); /* a field may be long */
	expect(put(n, ": b\r\n" H E, 0), 0);
}

static void
limit_head(void)
{
	size_t fixed = strlen(GET H "a: \r\n" E), n;

	n = put(0, GET H "a: ", HTTP_HEAD - fixed);
	expect(put(n, "\r\n" E, 0), 0);
	n = put(0, GET H "a: ", HTTP_HEAD - fixed + 1);
	expect(put(n, "\r\n" E, 0), 431);
	expect(put(0, GET H "a: ", 2 * HTTP_HEAD), 431);
	expect(put(0, GET H, 2 * HTTP_HEAD), 431);
}

static void
limit_fields(void)
{
	size_t i, n;

	for (n = put(0, GET H, 0), i = 1; i < HTTP_FIELDS; i++)
		n = put(n, "a:b\r\n", 0);
	expect(put(n, E, 0), 0);
	CHECK_INT(shared.request.head.count, HTTP_FIELDS);
	expect(put(n, "c:d\r\n" E, 0), 431);
}

static void
limit_host(void)
{
	size_t n;

	n = put(0, GET "Host: ", 255);
	expect(put(n, ":80\r\n" E, 0), 0);
	n = put(0, GET "Host: ", 256);
	expect(put(n, ":80\r\n" E, 0), 400);
	n = put(0, GET "Host: [", 45);
	expect(put(n, "]\r\n" E, 0), 0);
	n = put(0, GET "Host: [", 46);
	expect(put(n, "]\r\n" E, 0), 400);
}

/* The time for a head that comes bytewise must not grow with its square. */
static void
linear(void)
{
	struct http_request request;
	size_t i, n, fixed = strlen(GET H "a: \r\n" E);
	long round;
	int64_t begin = test_clock();

	n = put(0, GET H "a: ", HTTP_HEAD - fixed);
	n = put(n, "\r\n" E, 0);
	for (round = 0; round < 50; round++) {
		http_request_begin(&request);
		for (i = 0; i < n; i++)
			CHECK_INT(http_parse_request(&request, big, i), 0);
		CHECK_INT(http_parse_request(&request, big, n), (ssize_t)n);
	}
	CHECK(test_clock() - begin < 20e9 * test_slow());
}

/* ---- What is told of a request ------------------------------------------- */

static struct http_request *
request(const char *string)
{
	shared.responds = 0;
	CHECK_INT(message_feed(&shared, string, strlen(string), 1),
	    (ssize_t)strlen(string));
	return &shared.request;
}

static void
told(void)
{
	struct http_request *r = request("\r\nPUT /a/b?c?d HTTP/1.0\r\nx: "
					 "1\r\nHost: \th:1\t\r\nX:  2 3\r\n" E);
	size_t place = 0;

	CHECK(is(r->method, "PUT") && is(r->target, "/a/b?c?d"));
	CHECK(is(r->path, "/a/b") && is(r->query, "c?d"));
	CHECK(is(r->authority, "h:1") && r->form == HTTP_ORIGIN);
	CHECK_INT(r->head.minor, 0);
	CHECK_INT(r->head.count, 3);
	CHECK(is(*http_field(&r->head, "hOST"), "h:1"));
	CHECK(is(*http_next(&r->head, "x", &place), "1"));
	CHECK(is(*http_next(&r->head, "x", &place), "2 3"));
	CHECK(http_next(&r->head, "x", &place) == NULL);
	CHECK(http_single(&r->head, "x") == NULL);
	CHECK(http_single(&r->head, "y") == NULL);
	CHECK(http_single(&r->head, "host") != NULL);
	CHECK(http_field(&r->head, "hos") == NULL);
	CHECK(http_field(&r->head, "hosts") == NULL);
}

static void
forms(void)
{
	struct http_request *r = request("GET / HTTP/1.1\r\n" H E);

	CHECK(r->query.bytes == NULL && r->form == HTTP_ORIGIN);
	r = request("GET /? HTTP/1.1\r\n" H E);
	CHECK(is(r->query, ""));
	r = request("GET HTTP://b:1 HTTP/1.1\r\n" H E);
	CHECK(r->form == HTTP_ABSOLUTE && is(r->authority, "b:1"));
	CHECK(is(r->path, "/") && r->query.bytes == NULL);
	r = request("GET http://b?c/d HTTP/1.1\r\n" H E);
	CHECK(is(r->authority, "b") && is(r->path, "/") && is(r->query, "c/d"));
	r = request("GET https://b/c?d HTTP/1.1\r\n" H E);
	CHECK(is(r->path, "/c") && is(r->query, "d"));
	r = request("OPTIONS * HTTP/1.1\r\n" H E);
	CHECK(r->form == HTTP_ASTERISK && r->path.length == 0);
	r = request("CONNECT b:1 HTTP/1.1\r\n" H E);
	CHECK(r->form == HTTP_AUTHORITY && is(r->authority, "b:1"));
}

static int
keeps(const char *version, const char *fields)
{
	char string[256];

	snprintf(string, sizeof(string), "GET / HTTP/%s\r\n" H "%s" E, version,
	    fields);
	return request(string)->head.keep_alive;
}

static void
keep_alive(void)
{
	CHECK_INT(keeps("1.1", ""), 1);
	CHECK_INT(keeps("1.0", ""), 0);
	CHECK_INT(keeps("1.1", "Connection: close\r\n"), 0);
	CHECK_INT(keeps("1.1", "CONNECTION: a,\tCLOSE , b\r\n"), 0);
	CHECK_INT(keeps("1.1", "Connection: closed\r\n"), 1);
	CHECK_INT(keeps("1.1", "Connection: clos\r\n"), 1);
	CHECK_INT(keeps("1.1", "Connection: x\r\nConnection: close\r\n"), 0);
	CHECK_INT(keeps("1.1", "Connection: close\r\nConnection: x\r\n"), 0);
	CHECK_INT(keeps("1.0", "Connection: Keep-Alive\r\n"), 1);
	CHECK_INT(keeps("1.0", "Connection: keep-alive, close\r\n"), 0);
	CHECK_INT(keeps("1.0", "Proxy-Connection: keep-alive\r\n"), 0);
	CHECK_INT(request(GET H "Expect: 100-continue\r\n" E)->expects, 1);
	CHECK_INT(
	    request("GET / HTTP/1.0\r\nExpect: 100-continue\r\n" E)->expects,
	    0);
}

/* What was there of the message before is forgotten. */
static void
reuse(void)
{
	static const char both[] = POST "Content-Length: 3\r\nConnection: "
					"close\r\n" E "abc" GET H E;
	struct http_request r;
	ssize_t n;

	http_request_begin(&r);
	n = http_parse_request(&r, both, sizeof(both) - 1);
	CHECK(n > 0 && r.head.length == 3 && !r.head.keep_alive);
	http_request_begin(&r);
	n += 3;
	n = http_parse_request(&r, both + n, sizeof(both) - 1 - (size_t)n);
	CHECK_INT(n, sizeof(GET H E) - 1);
	CHECK(r.head.length == -1 && r.head.keep_alive);
	CHECK(is(r.method, "GET") && r.head.framing == HTTP_NONE);
}

static enum http_framing
framing(const char *start, const char *fields, int answers_head)
{
	char string[256];
	int n = snprintf(string, sizeof(string), "%s\r\n%s" E, start, fields);

	shared.responds = 1;
	shared.answers_head = answers_head;
	CHECK_INT(message_feed(&shared, string, (size_t)n, 1), n);
	return shared.response.head.framing;
}

static void
response_framing(void)
{
	const char *ok = "HTTP/1.1 200 OK", *five = "Content-Length: 5\r\n";
	const char *chunked = "Transfer-Encoding: chunked\r\n";

	CHECK_INT(framing(ok, "", 0), HTTP_CLOSE);
	CHECK_INT(shared.response.head.keep_alive, 0);
	CHECK_INT(shared.response.code, 200);
	CHECK_INT(framing(ok, five, 0), HTTP_LENGTH);
	CHECK_INT(shared.response.head.length, 5);
	CHECK_INT(shared.response.head.keep_alive, 1);
	CHECK_INT(framing(ok, chunked, 0), HTTP_CHUNKED);
	CHECK_INT(framing(ok, "", 1), HTTP_NONE);
	CHECK_INT(shared.response.head.keep_alive, 1);
	CHECK_INT(framing(ok, five, 1), HTTP_NONE);
	CHECK_INT(shared.response.head.length, 5);
	CHECK_INT(framing(ok, chunked, 1), HTTP_NONE);
	CHECK_INT(framing("HTTP/1.1 100 Continue", "", 0), HTTP_NONE);
	CHECK_INT(framing("HTTP/1.1 204 None", five, 0), HTTP_NONE);
	CHECK_INT(framing("HTTP/1.1 304 Not", chunked, 0), HTTP_NONE);
	CHECK_INT(framing("HTTP/1.0 404", "", 0), HTTP_CLOSE);
	CHECK_INT(shared.response.words.length, 0);
}

/* ---- Bodies -------------------------------------------------------------- */

struct coded {
	int answer, status;
	const char *raw;
	size_t used;
	const char *plain;
};

static const struct coded chunks[] = {
	{ 1, 0, "0\r\n\r\nrest", 5, "" },
	{ 1, 0, "00\r\n\r\n", 6, "" },
	{ 1, 0, "3\r\nabc\r\n0\r\n\r\n", 13, "abc" },
	{ 1, 0, "3\r\nabc\r\n0000a\r\n0123456789\r\n0\r\n\r\nGET", 32,
	    "abc0123456789" },
	{ 1, 0, "A\r\n\r\n0\r\n\r\nxyz\r\n0\r\n\r\n", 20, "\r\n0\r\n\r\nxyz" },
	{ 1, 0, "1;a=b;c=\"d\"\r\nx\r\n0;e\r\n\r\n", 23, "x" },
	{ 1, 0, "0\r\na: b\r\nc:\r\n\r\n", 15, "" },
	{ 0, 0, "", 0, "" },
	{ 0, 0, "5\r\nab", 5, "ab" },
	{ 0, 0, "1\r\na\r", 5, "a" },
	{ 0, 0, "0\r\n", 3, "" },
	{ 0, 0, "0\r\na: b\r\n", 9, "" },
	{ -1, 400, "\r\n", 1, "" },
	{ -1, 400, "g\r\n", 1, "" },
	{ -1, 400, " 1\r\n", 1, "" },
	{ -1, 400, "1 \r\n", 2, "" },
	{ -1, 400, "+1\r\n", 1, "" },
	{ -1, 400, "-1\r\n", 1, "" },
	{ -1, 400, "0x1\r\n", 2, "" },
	{ -1, 400, "1\n", 2, "" },
	{ -1, 400, "1\rx", 3, "" },
	{ -1, 400, "1\t;a\r\n", 2, "" },
	{ -1, 400, ";a\r\n", 1, "" },
	{ -1, 400, "1;a\n", 4, "" },
	{ -1, 400, "1;\x01\r\n", 3, "" },
	{ -1, 400, "1\r\nab\r\n", 5, "a" },
	{ -1, 400, "1\r\na\n", 5, "a" },
	{ -1, 400, "1\r\na\r\r\n", 6, "a" },
	{ -1, 400, "2\r\nab0\r\n", 6, "ab" },
	{ -1, 413, "fffffffffffffff\r\n", 17, "" },
	{ -1, 413, "7fffffffffffffff\r\n", 18, "" },
	{ -1, 413, "0000000000000040\r\n", 18, "" },
	{ -1, 400, "00000000000000001\r\n", 17, "" },
	{ -1, 400, "8000000000000000\r\n", 16, "" },
	{ -1, 400, "ffffffffffffffff\r\n", 16, "" },
	{ -1, 400, "10000000000000001\r\n", 17, "" },
	{ -1, 413, "1f\r\n0123456789012345678901234567890\r\n2\r\n", 40,
	    "0123456789012345678901234567890" },
	{ -1, 400, "0\r\n \r\n", 4, "" },
	{ -1, 400, "0\r\na b: c\r\n", 5, "" },
	{ -1, 400, "0\r\na : c\r\n", 5, "" },
	{ -1, 400, "0\r\na\r\n", 5, "" },
	{ -1, 400, "0\r\n:\r\n", 4, "" },
	{ -1, 400, "0\r\na: b\n", 8, "" },
	{ -1, 400, "0\r\na: b\r\n c\r\n", 10, "" },
	{ -1, 400, "0\r\na: \x7f\r\n", 7, "" },
	{ -1, 400, "0\r\n\n", 4, "" },
	{ -1, 400, "0\r\n\rx", 5, "" },
};

static const struct http_head chunked = { .framing = HTTP_CHUNKED };

static void
chunked_rows(void)
{
	const struct coded *row;
	struct decoded d;

	for (row = chunks; row < chunks + COUNT(chunks); row++) {
		decoded_feed(&d, &chunked, 32, row->raw, strlen(row->raw), 1);
		if (d.answer != row->answer || d.body.status != row->status ||
		    d.used != row->used)
			test_fail("%s: %d, %d, used %zu", row->raw, d.answer,
			    d.body.status, d.used);
		d.bytes[d.size] = '\0';
		CHECK_STR(d.bytes, row->plain);
		CHECK_INT(http_body_end(&d.body), d.answer == 1 ? 0 : -1);
		free(d.bytes);
	}
}

static void
chunked_limits(void)
{
	struct decoded d;
	size_t i, n = put(0, "1;", 1024);

	put(n, "\r\na\r\n0\r\n\r\n", 0);
	decoded_feed(&d, &chunked, 9, big, n + 10, 7);
	CHECK_INT(d.answer, 1);
	free(d.bytes);
	decoded_feed(&d, &chunked, 9, big, put(0, "1;", 1025), 7);
	CHECK_INT(d.body.status, 400);
	free(d.bytes);
	for (i = n = 0; i < 20; i++) /* each is short, but all are not */
		n = put(put(n, "1;", 1000), "\r\na\r\n", 0);
	decoded_feed(&d, &chunked, 99, big, n, 97);
	CHECK_INT(d.body.status, 400);
	CHECK_INT(d.size, 16);
	free(d.bytes);
	decoded_feed(&d, &chunked, 9, big, put(0, "0\r\na:", 8192), 97);
	CHECK_INT(d.body.status, 431);
	free(d.bytes);
	for (n = put(0, "0\r\n", 0), i = 0; i < 101; i++)
		n = put(n, "a:\r\n", 0);
	decoded_feed(&d, &chunked, 9, big, n, 7);
	CHECK_INT(d.body.status, 431);
	CHECK_INT(d.used, 3 + 100 * 4 + 1);
	free(d.bytes);
}

static void
plain(enum http_framing how, int64_t length, int64_t most, int answer,
    size_t used)
{
	struct http_head head = { .framing = how, .length = length };
	struct decoded d;

	decoded_feed(&d, &head, most, "0123456789", 10, 1);
	CHECK_INT(d.answer, answer);
	CHECK_INT(d.used, used);
	CHECK_INT(d.size, used);
	CHECK(memcmp(d.bytes, "0123456789", used) == 0);
	CHECK_INT(http_body_end(&d.body),
	    answer == 1 || (how == HTTP_CLOSE && answer == 0) ? 0 : -1);
	CHECK_INT(d.body.status, answer == -1 ? 413 : 0);
	free(d.bytes);
}

static void
plain_bodies(void)
{
	plain(HTTP_NONE, -1, 0, 1, 0);
	plain(HTTP_NONE, 7, 0, 1, 0);
	plain(HTTP_LENGTH, 0, 0, 1, 0);
	plain(HTTP_LENGTH, 7, 7, 1, 7);
	plain(HTTP_LENGTH, 10, INT64_MAX, 1, 10);
	plain(HTTP_LENGTH, 11, 11, 0, 10);
	plain(HTTP_LENGTH, INT64_MAX, INT64_MAX, 0, 10);
	plain(HTTP_LENGTH, 8, 7, -1, 0);
	plain(HTTP_CLOSE, -1, 10, 0, 10);
	plain(HTTP_CLOSE, -1, 9, -1, 9);
	plain(HTTP_CLOSE, -1, INT64_MAX, 0, 10);
}

/* ---- Paths --------------------------------------------------------------- */

static void
paths(void)
{
	static const struct {
		int status;
		const char *path, *name;
	} rows[] = {
		{ 0, "/", "" },
		{ 0, "//", "" },
		{ 0, "/a", "a" },
		{ 0, "/a/", "a/" },
		{ 0, "/a//b///", "a/b/" },
		{ 0, "//etc/passwd", "etc/passwd" },
		{ 0, "/a%20b%2b+%C3%a4", "a b++\xc3\xa4" },
		{ 0, "/%2541", "%41" },
		{ 0, "/%252e%252e/", "%2e%2e/" },
		{ 0, "/.../..a/a../.a", ".../..a/a../.a" },
		{ 0, "/123456789012345", "123456789012345" },
		{ 414, "/1234567890123456", NULL },
		{ 414, "/123456789012345/", NULL },
		{ 400, "", NULL },
		{ 400, "a", NULL },
		{ 400, "*", NULL },
		{ 400, "%2f", NULL },
		{ 400, "/.", NULL },
		{ 400, "/..", NULL },
		{ 400, "/./a", NULL },
		{ 400, "/../a", NULL },
		{ 400, "/a/../b", NULL },
		{ 400, "/a/..", NULL },
		{ 400, "/a//../../b", NULL },
		{ 400, "/%2e", NULL },
		{ 400, "/.%2E/a", NULL },
		{ 400, "/%2e%2e/a", NULL },
		{ 400, "/a%2fb", NULL },
		{ 400, "/%2F", NULL },
		{ 400, "/..%2fa", NULL },
		{ 400, "/a%5cb", NULL },
		{ 400, "/..\\a", NULL },
		{ 400, "/a%00", NULL },
		{ 400, "/%0a", NULL },
		{ 400, "/%7f", NULL },
		{ 400, "/%", NULL },
		{ 400, "/%2", NULL },
		{ 400, "/%g0", NULL },
		{ 400, "/%0x41", NULL },
		{ 400, "/%-1", NULL },
		{ 400, "/%u0041", NULL },
	};
	char *name = malloc(16);
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		size_t length = strlen(rows[i].path);
		char *path = exact(rows[i].path, length);
		struct http_text value = { path, length };

		if (http_decode(value, name, 16) != rows[i].status)
			test_fail("%s", rows[i].path);
		if (rows[i].name != NULL)
			CHECK_STR(name, rows[i].name);
		free(path);
	}
	CHECK_INT(http_decode(text("/"), name, 1), 0);
	CHECK_INT(http_decode(text("/a"), name, 1), 414);
	free(name);
}

/* ---- Ranges, conditions -------------------------------------------------- */

static void
ranges(void)
{
	static const struct {
		const char *value;
		int64_t size;
		int count;
		struct http_range range; /* the first */
	} rows[] = {
		{ "bytes=0-", 10, 1, { 0, 9 } },
		{ "BYTES=0-0", 10, 1, { 0, 0 } },
		{ "bytes=9-", 10, 1, { 9, 9 } },
		{ "bytes=3-10", 10, 1, { 3, 9 } },
		{ "bytes=3-99", 10, 1, { 3, 9 } },
		{ "bytes=3-99999999999999999999", 10, 1, { 3, 9 } },
		{ "bytes=-3", 10, 1, { 7, 9 } },
		{ "bytes=-10", 10, 1, { 0, 9 } },
		{ "bytes=-99999999999999999999", 10, 1, { 0, 9 } },
		{ "bytes= 0-1 , 3-4,,-1 ", 10, 3, { 0, 1 } },
		{ "bytes=99-,4-5", 10, 1, { 4, 5 } },
		{ "bytes=4-5,-0", 10, 1, { 4, 5 } },
		{ "bytes=9223372036854775806-", INT64_MAX, 1,
		    { INT64_MAX - 1, INT64_MAX - 1 } },
		{ "bytes=-1", INT64_MAX, 1, { INT64_MAX - 1, INT64_MAX - 1 } },
		{ "bytes=10-", 10, -1, { 0, 0 } },
		{ "bytes=10-20, 99-", 10, -1, { 0, 0 } },
		{ "bytes=99999999999999999999-", INT64_MAX, -1, { 0, 0 } },
		{ "bytes=-0", 10, -1, { 0, 0 } },
		{ "bytes=0-", 0, 0, { 0, 0 } },
		{ "bytes=", 10, 0, { 0, 0 } },
		{ "bytes=,", 10, 0, { 0, 0 } },
		{ "bytes", 10, 0, { 0, 0 } },
		{ "", 10, 0, { 0, 0 } },
		{ "lines=0-1", 10, 0, { 0, 0 } },
		{ "bytes =0-1", 10, 0, { 0, 0 } },
		{ "bytes=-", 10, 0, { 0, 0 } },
		{ "bytes=1", 10, 0, { 0, 0 } },
		{ "bytes=5-4", 10, 0, { 0, 0 } },
		{ "bytes=0 -1", 10, 0, { 0, 0 } },
		{ "bytes=0- 1", 10, 0, { 0, 0 } },
		{ "bytes=0-1x", 10, 0, { 0, 0 } },
		{ "bytes=--1", 10, 0, { 0, 0 } },
		{ "bytes=+0-1", 10, 0, { 0, 0 } },
		{ "bytes=0-1-2", 10, 0, { 0, 0 } },
		{ "bytes=99-,x", 10, 0, { 0, 0 } },
		{ "bytes=0-,0-", 10, 0, { 0, 0 } },
		{ "bytes=4-6,0-4", 10, 0, { 0, 0 } },
		{ "bytes=0-4,4-6", 10, 0, { 0, 0 } },
		{ "bytes=4-6,0-3", 10, 2, { 4, 6 } },
		{ "bytes=0-0,2-2,4-4,6-6,8-8", 10, 0, { 0, 0 } },
	};
	struct http_range got[4];
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		int n = http_ranges(
		    text(rows[i].value), rows[i].size, got, COUNT(got));

		if (n != rows[i].count ||
		    (n > 0 && memcmp(got, &rows[i].range, sizeof(*got)) != 0))
			test_fail("%s: %d", rows[i].value, n);
	}
}

enum { MODIFIED = 784111777 };
#define DATE   "Sun, 06 Nov 1994 08:49:37 GMT"
#define BEFORE "Sun, 06 Nov 1994 08:49:36 GMT"
#define AFTER  "Sun, 06 Nov 1994 08:49:38 GMT"

static void
conditions(void)
{
	static const struct {
		int status;
		const char *fields;
	} rows[] = {
		{ 0, "" },
		{ 304, "If-None-Match: \"a\"\r\n" },
		{ 304, "If-None-Match: W/\"a\"\r\n" },
		{ 304, "If-None-Match: \"x,\", \"a\"\r\n" },
		{ 304, "If-None-Match: \"b\"\r\nIf-None-Match: \"a\"\r\n" },
		{ 304, "If-None-Match: *\r\n" },
		{ 0, "If-None-Match: a\r\n" },
		{ 0, "If-None-Match: \"\"\r\n" },
		{ 0, "If-None-Match: W/\r\n" },
		{ 0, "If-None-Match: x/\"a\"\r\n" },
		{ 0, "If-None-Match: \"A\"\r\n" },
		{ 0, "If-None-Match: w/\"a\"\r\n" },
		{ 0, "If-None-Match: \"a\r\n" },
		{ 0, "If-None-Match: \"b\"\r\nIf-Modified-Since: " DATE E },
		{ 304, "If-Modified-Since: " DATE E },
		{ 304, "If-Modified-Since: " AFTER E },
		{ 304, "If-Modified-Since: Sun Nov  6 08:49:37 1994\r\n" },
		{ 0, "If-Modified-Since: " BEFORE E },
		{ 0, "If-Modified-Since: yesterday\r\n" },
		{ 0,
		    "If-Modified-Since: " DATE E "If-Modified-Since: " DATE E },
		{ 0, "If-Match: \"a\"\r\n" },
		{ 0, "If-Match: \"b\", \"a\"\r\n" },
		{ 0, "If-Match: *\r\n" },
		{ 412, "If-Match: W/\"a\"\r\n" },
		{ 412, "If-Match: \"b\"\r\n" },
		{ 412, "If-Match: \"b\"\r\nIf-None-Match: \"a\"\r\n" },
		{ 0, "If-Match: \"a\"\r\nIf-Unmodified-Since: " BEFORE E },
		{ 304, "If-Match: \"a\"\r\nIf-None-Match: \"a\"\r\n" },
		{ 0, "If-Unmodified-Since: " DATE E },
		{ 412, "If-Unmodified-Since: " BEFORE E },
	};
	char string[512];
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		snprintf(string, sizeof(string), GET H "%s" E, rows[i].fields);
		if (http_condition(request(string), text("\"a\""), MODIFIED) !=
		    rows[i].status)
			test_fail("%s", rows[i].fields);
	}
	CHECK_INT(http_condition(request("POST / HTTP/1.1\r\n" H
					 "If-None-Match: \"a\"\r\n" E),
		      text("\"a\""), MODIFIED),
	    412);
	CHECK_INT(http_condition(request("POST / HTTP/1.1\r\n" H
					 "If-Modified-Since: " DATE E E),
		      text("\"a\""), MODIFIED),
	    0);
	CHECK_INT(http_condition(request(GET H "If-None-Match: \"a\"\r\n" E),
		      text(""), MODIFIED),
	    0);
}

static int
asked(const char *method, const char *fields, const char *tag)
{
	char string[512];

	snprintf(string, sizeof(string), "%s / HTTP/1.1\r\n" H "%s" E, method,
	    fields);
	return http_range_asked(request(string), text(tag), MODIFIED) != NULL;
}

static void
if_range(void)
{
	const char *tag = "\"a\"";

	CHECK(asked("GET", "Range: bytes=0-\r\n", tag));
	CHECK(!asked("HEAD", "Range: bytes=0-\r\n", tag));
	CHECK(!asked("GET", "", tag));
	CHECK(!asked("GET", "Range: bytes=0-\r\nRange: bytes=0-\r\n", tag));
#define RANGE "Range: bytes=0-\r\nIf-Range: "
	CHECK(asked("GET", RANGE "\"a\"\r\n", tag));
	CHECK(!asked("GET", RANGE "\"b\"\r\n", tag));
	CHECK(!asked("GET", RANGE "W/\"a\"\r\n", tag));
	CHECK(!asked("GET", RANGE "W/\"a\"\r\n", "W/\"a\""));
	CHECK(!asked("GET", RANGE "\"a\", \"b\"\r\n", tag));
	CHECK(!asked("GET", RANGE "*\r\n", tag));
	CHECK(asked("GET", RANGE DATE E, tag));
	CHECK(!asked("GET", RANGE BEFORE E, tag));
	CHECK(!asked("GET", RANGE AFTER E, tag));
	CHECK(!asked("GET", RANGE "\"a\"\r\nIf-Range: \"a\"\r\n", tag));
}

/* ---- Dates --------------------------------------------------------------- */

static void
dates(void)
{
	static const struct {
		const char *date;
		int64_t seconds; /* -1: none */
	} rows[] = {
		{ DATE, MODIFIED },
		{ "Sunday, 06-Nov-94 08:49:37 GMT", MODIFIED },
		{ "Sun Nov  6 08:49:37 1994", MODIFIED },
		{ "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
		{ "Tue, 29 Feb 2000 00:00:00 GMT", 951782400 },
		{ "Sun Nov 16 08:49:37 1994", MODIFIED + 864000 },
		{ "Saturday, 01-Jan-00 00:00:00 GMT", 946684800 },
		{ "Thursday, 01-Jan-76 00:00:00 GMT", 3345062400 },
		{ "Saturday, 01-Jan-77 00:00:00 GMT", 220924800 },
		{ "Sat, 31 Dec 2016 23:59:60 GMT", 1483228800 },
		{ "Fri, 31 Dec 9999 23:59:59 GMT", 253402300799 },
		{ "Thu, 29 Feb 2001 00:00:00 GMT", -1 },
		{ "Thu, 29 Feb 2100 00:00:00 GMT", -1 },
		{ "Sun, 31 Nov 1994 08:49:37 GMT", -1 },
		{ "Sun, 00 Nov 1994 08:49:37 GMT", -1 },
		{ "Sun, 06 Nov 1994 24:49:37 GMT", -1 },
		{ "Sun, 06 Nov 1994 08:60:37 GMT", -1 },
		{ "Sun, 06 Nov 1994 08:49:61 GMT", -1 },
		{ "Sun, 06 Nov 1969 08:49:37 GMT", -1 },
		{ "Sun, 6 Nov 1994 08:49:37 GMT", -1 },
		{ "sun, 06 Nov 1994 08:49:37 GMT", -1 },
		{ "Sun, 06 nov 1994 08:49:37 GMT", -1 },
		{ "Sun, 06 Nov 1994 08:49:37 UTC", -1 },
		{ "Sun, 06 Nov 1994 08:49:37 GMT ", -1 },
		{ "Sun, 06 Nov 1994 08:49:37", -1 },
		{ "Sun,06 Nov 1994 08:49:37 GMT", -1 },
		{ "Sun, 06-Nov-94 08:49:37 GMT", -1 },
		{ "Sunday, 06 Nov 1994 08:49:37 GMT", -1 },
		{ "Sun, +6 Nov 1994 08:49:37 GMT", -1 },
		{ "Sun Nov 6 08:49:37 1994", -1 },
		{ "Sun Nov  6 08:49:37 1994 GMT", -1 },
		{ "Sun", -1 },
		{ "", -1 },
		{ "0", -1 },
	};
	int64_t now = 1780000000, seconds, back; /* in 2026 */
	size_t i, cut;

	for (i = 0; i < COUNT(rows); i++) {
		struct http_text date = text(rows[i].date);

		if (http_date_parse(date, now, &seconds) == -1)
			seconds = -1;
		if (seconds != rows[i].seconds)
			test_fail("%s: %jd", rows[i].date, (intmax_t)seconds);
		for (cut = 0; cut < date.length && seconds != -1; cut++) {
			char *part = exact(date.bytes, cut);
			struct http_text less = { part, cut };

			CHECK_INT(http_date_parse(less, now, &back), -1);
			free(part);
		}
	}
}

/* Beside libc; and every date that is written can be read. */
static void
dates_all(void)
{
	char ours[HTTP_DATE], theirs[64];
	int64_t seconds, back;
	struct tm tm;
	time_t at;

	for (seconds = 0; seconds < 253402300800; seconds += 86399 * 7) {
		at = (time_t)seconds;
		CHECK(gmtime_r(&at, &tm) != NULL);
		strftime(theirs, sizeof(theirs), "%a, %d %b %Y %T GMT", &tm);
		http_date(ours, seconds);
		CHECK_STR(ours, theirs);
		CHECK_INT(http_date_parse(text(ours), 0, &back), 0);
		CHECK_INT(back, seconds);
	}
	http_date(ours, INT64_MIN);
	CHECK_STR(ours, "Thu, 01 Jan 1970 00:00:00 GMT");
	http_date(ours, INT64_MAX);
	CHECK_STR(ours, "Fri, 31 Dec 9999 23:59:59 GMT");
}

/* ---- Escapes ------------------------------------------------------------- */

static void
escapes(void)
{
	const struct http_text all = { "a\"\\\n\0\x7f\xe4<&>'/ ~%", 15 };
	char out[128];
	size_t size;

	size = http_escape_log(out, sizeof(out), all);
	CHECK_INT(size, strlen(out));
	CHECK_STR(out, "a\\x22\\x5c\\x0a\\x00\\x7f\\xe4<&>'/ ~%");
	size = http_escape_html(out, sizeof(out), all);
	CHECK_INT(size, strlen(out));
	CHECK_STR(out, "a&#34;\\\n??\xe4&lt;&amp;&gt;&#39;/ ~%");
	size = http_escape_uri(out, sizeof(out), all);
	CHECK_INT(size, strlen(out));
	CHECK_STR(out, "a%22%5c%0a%00%7f%e4%3c%26%3e%27/%20~%25");
	for (size = 1; size < 40; size++) {
		char *less = malloc(size);

		CHECK(http_escape_uri(less, size, all) < size);
		CHECK_INT(strncmp(out, less, strlen(less)), 0);
		CHECK(less[strlen(less)] == '\0' &&
		    strlen(less) + 3 >= (size < 40 ? size : 40));
		free(less);
	}
}

/* clang-format off */
static const struct test tests[] = {
	{ "request lines", feed_rows, 0, start_lines },
	{ "fields", feed_rows, 0, field_lines },
	{ "lengths and codings", feed_rows, 0, framings },
	{ "responses", feed_rows, 0, responses },
	TEST("a long request line", limit_line),
	TEST("a long head", limit_head),
	TEST("many fields", limit_fields),
	TEST("a long host", limit_host),
	TEST("bytewise is not quadratic", linear),
	TEST("what is told of a request", told),
	TEST("the forms of a target", forms),
	TEST("keep-alive, 100-continue", keep_alive),
	TEST("one request after another", reuse),
	TEST("framing of responses", response_framing),
	TEST("chunked bodies", chunked_rows),
	TEST("limits of chunked bodies", chunked_limits),
	TEST("plain bodies", plain_bodies),
	TEST("paths", paths),
	TEST("ranges", ranges),
	TEST("conditions", conditions),
	TEST("If-Range", if_range),
	TEST("dates", dates),
	TEST("all dates", dates_all),
	TEST("escapes", escapes),
};
/* clang-format on */
TEST_MAIN(tests)
