/*
 * SPDX-License-Identifier: ISC
 *
 * Test of demos/httpd: the bodies of requests, and the ends of connections.
 */
#include "test/httpd.h"

#define HOST "Host: a\r\n"

static struct guest *
db_begin(void)
{
	site_open();
	site_file("a.txt", "0123456789", 10);
	site_start("--sink", "--body=1000", "--linger-time=5000", NULL);
	return guest_new();
}

static void
db_end(struct guest *g)
{
	guest_end(g);
	site_close();
}

static void
db_counted(void)
{
	struct guest *g = db_begin();
	int i;

	for (i = 0; i < 3; i++) {
		guest_say(g,
		    "POST / HTTP/1.1\r\n" HOST
		    "Content-Length: 5\r\n\r\nhelloGET /a.txt "
		    "HTTP/1.1\r\n" HOST "\r\n");
		CHECK_INT(guest_answer(g), 200);
		CHECK_STR(g->body, "5 bytes\n");
		CHECK_INT(guest_answer(g), 200);
	}
	guest_say(g, "PUT / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n");
	CHECK_INT(guest_answer(g), 200);
	CHECK_STR(g->body, "0 bytes\n");
	guest_say(g, "PUT / HTTP/1.1\r\n" HOST "\r\n");
	CHECK_INT(guest_answer(g), 200);
	CHECK_STR(g->body, "0 bytes\n");
	db_end(g);
}

static void
db_chunked(void)
{
	struct guest *g = db_begin();

	guest_say(g,
	    "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
	    "5\r\nhello\r\n");
	CHECK(!guest_hears(g, 50));
	guest_say(g, "00f\r\n, how are you?.\r\n0\r\nTrailer: x\r\n\r\n");
	CHECK_INT(guest_answer(g), 200);
	CHECK_STR(g->body, "20 bytes\n");
	CHECK_INT(guest_get(g, "/a.txt", ""), 200);
	db_end(g);
}

/* It is read and dropped, and the next request is not part of it. */
static void
db_unwanted(void)
{
	struct guest *g = db_begin();
	static const char *const ways[] = { "GET /a.txt", "POST /a.txt",
		"DELETE /", "HEAD /a.txt" };
	size_t i;

	for (i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		g->bare = i == 3;
		guest_say(g,
		    "%s HTTP/1.1\r\n" HOST "Content-Length: 21\r\n\r\n"
		    "GET /none HTTP/1.1\r\n\r",
		    ways[i]);
		CHECK_INT(guest_answer(g), i == 0 || i == 3 ? 200 : 405);
		guest_say(g,
		    "%s HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
		    "3\r\nabc\r\n0\r\n\r\n",
		    ways[i]);
		CHECK_INT(guest_answer(g), i == 0 || i == 3 ? 200 : 405);
		g->bare = 0;
		CHECK_INT(guest_get(g, "/a.txt", ""), 200);
	}
	db_end(g);
}

static void
db_too_long(void)
{
	struct guest *g = db_begin();
	char body[1200];

	memset(body, 'x', sizeof(body));
	guest_say(g, "POST / HTTP/1.1\r\n" HOST "Content-Length: 1000\r\n\r\n");
	guest_send(g, body, 1000);
	CHECK_INT(guest_answer(g), 200);
	CHECK_STR(g->body, "1000 bytes\n");
	guest_say(g, "POST / HTTP/1.1\r\n" HOST "Content-Length: 1001\r\n\r\n");
	guest_send(g, body, 1001); /* the answer is not lost by a reset */
	CHECK_INT(guest_answer(g), 413);
	CHECK_INT(guest_answer(g), 0);
	guest_end(g);
	g = guest_new();
	guest_say(g,
	    "POST / HTTP/1.1\r\n" HOST
	    "Transfer-Encoding: chunked\r\n\r\n3e8\r\n");
	guest_send(g, body, 1000);
	guest_say(g, "\r\n1\r\nx\r\n0\r\n\r\n");
	CHECK_INT(guest_answer(g), 413);
	CHECK_INT(guest_answer(g), 0);
	guest_end(g);
	g = guest_new();
	guest_say(g,
	    "POST / HTTP/1.1\r\n" HOST
	    "Transfer-Encoding: chunked\r\n\r\nzz\r\n");
	CHECK_INT(guest_answer(g), 400);
	CHECK_INT(guest_answer(g), 0);
	db_end(g);
}

static void
db_expects(void)
{
	static const char asks[] = "Expect: 100-continue\r\n";
	struct guest *g = db_begin();

	guest_say(
	    g, "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n%s\r\n", asks);
	CHECK_INT(guest_answer(g), 100);
	guest_say(g, "hello");
	CHECK_INT(guest_answer(g), 200);
	CHECK_STR(g->body, "5 bytes\n");
	guest_say(g,
	    "POST / HTTP/1.1\r\n" HOST "Content-Length: 5000\r\n%s\r\n", asks);
	CHECK_INT(guest_answer(g), 413);
	CHECK_INT(guest_answer(g), 0);
	guest_end(g);
	g = guest_new();
	guest_say(g,
	    "POST /a.txt HTTP/1.1\r\n" HOST "Content-Length: 5\r\n%s\r\n",
	    asks);
	CHECK_INT(guest_answer(g), 405);
	CHECK_STR(guest_field(g, "Connection"), "close");
	CHECK_INT(guest_answer(g), 0);
	guest_end(g);
	g = guest_new();
	CHECK_INT(guest_get(g, "/a.txt", asks), 200);
	CHECK_INT(guest_get(g, "/a.txt", ""), 200);
	db_end(g);
}

/* The guest says no more in the middle: there is nobody to answer. */
static void
db_cut(void)
{
	static const char *const parts[] = { "", "GET /a.txt HT",
		"POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhell",
		"POST / HTTP/1.1\r\n" HOST
		"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n" };
	struct guest *g = db_begin();
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		guest_say(g, "%s", parts[i]);
		CHECK_INT(shutdown(g->fd, SHUT_WR), 0);
		CHECK_INT(guest_answer(g), 0);
		guest_end(g);
		g = guest_new();
	}
	guest_say(g, "GET /a.txt HTTP/1.1\r\n" HOST "\r\n");
	CHECK_INT(shutdown(g->fd, SHUT_WR), 0);
	CHECK_INT(guest_answer(g), 200);
	CHECK_INT(guest_answer(g), 0);
	db_end(g);
}

static const struct test tests[] = {
	TEST("counted", db_counted),
	TEST("chunked", db_chunked),
	TEST("unwanted", db_unwanted),
	TEST("too long", db_too_long),
	TEST("expected", db_expects),
	TEST("cut off", db_cut),
};

TEST_MAIN(tests)
