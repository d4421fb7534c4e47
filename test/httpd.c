/*
 * SPDX-License-Identifier: ISC
 *
 * Test of demos/httpd: what each request gets.
 */
#include "test/httpd.h"

#define HOST "Host: a\r\n"

static void
dt_begin(void)
{
	site_open();
	site_file("a.txt", "0123456789", 10);
	site_file("empty", "", 0);
}

/* ---- Statuses ------------------------------------------------------------ */

static const struct {
	const char *request;
	int status;
	const char *says; /* in the head */
} dt_rows[] = {
	{ "GET /a.txt HTTP/1.1\r\n" HOST, 200, "Content-Length: 10\r\n" },
	{ "GET /a.txt HTTP/1.1\r\n" HOST, 200,
	    "Content-Type: text/plain; charset=utf-8\r\n" },
	{ "GET /a.txt HTTP/1.1\r\n" HOST, 200, "\r\nDate: " },
	{ "GET /a.txt HTTP/1.1\r\n" HOST, 200,
	    "X-Content-Type-Options: nosniff\r\n" },
	{ "GET /%61.txt?query HTTP/1.1\r\n" HOST, 200, "" },
	{ "GET /empty HTTP/1.1\r\n" HOST, 200, "Content-Length: 0\r\n" },
	{ "GET http://example.org/a.txt HTTP/1.1\r\n" HOST, 200, "" },
	{ "GET //a.txt HTTP/1.1\r\n" HOST, 200, "" },
	{ "GET /plaintext HTTP/1.1\r\n" HOST, 200, "Content-Length: 13\r\n" },
	{ "OPTIONS /a.txt HTTP/1.1\r\n" HOST, 204,
	    "Allow: GET, HEAD, OPTIONS\r\n" },
	{ "OPTIONS * HTTP/1.1\r\n" HOST, 204, "Allow: " },
	{ "GET /d HTTP/1.1\r\n" HOST, 301, "Location: /d/\r\n" },
	{ "GET //d?q HTTP/1.1\r\n" HOST, 301, "Location: /d/?q\r\n" },
	{ "GET /%64 HTTP/1.1\r\n" HOST, 301, "Location: /d/\r\n" },
	{ "GET /d/ HTTP/1.1\r\n" HOST, 200, "Content-Type: text/html" },
	{ "GET / HTTP/1.1\r\n" HOST, 404, "Content-Security-Policy: " },
	{ "GET * HTTP/1.1\r\n" HOST, 400, "" },
	{ "GET /a.txt HTTP/1.1\r\n", 400, "Connection: close\r\n" },
	{ "GET /a.txt\r\n", 400, "" },
	{ "GET /%00 HTTP/1.1\r\n" HOST, 400, "" },
	{ "GET /nothing HTTP/1.1\r\n" HOST, 404, "" },
	{ "GET /a.txt/ HTTP/1.1\r\n" HOST, 404, "" },
	{ "GET /a.txt/b HTTP/1.1\r\n" HOST, 404, "" },
	{ "GET /.hidden HTTP/1.1\r\n" HOST, 404, "" },
	{ "GET /d/.hidden HTTP/1.1\r\n" HOST, 404, "" },
	{ "DELETE /a.txt HTTP/1.1\r\n" HOST, 405,
	    "Allow: GET, HEAD, OPTIONS\r\n" },
	{ "POST /a.txt HTTP/1.1\r\n" HOST, 405, "" },
	{ "CONNECT a:80 HTTP/1.1\r\n" HOST, 405, "" },
	{ "BREW / HTTP/1.1\r\n" HOST, 405, "" },
	{ "GET /a.txt HTTP/1.1\r\n" HOST "Expect: miracles\r\n", 417, "" },
	{ "GET /a.txt HTTP/2.0\r\n" HOST, 505, "" },
	{ "GET /a.txt HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip\r\n", 501,
	    "" },
	{ "GET /a.txt HTTP/1.1\r\n" HOST
	  "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
	    400, "Connection: close\r\n" },
	{ "GET /a.txt HTTP/1.1\r\n" HOST "Content-Length: 99999999\r\n", 413,
	    "Connection: close\r\n" },
};

static void
dt_statuses(void)
{
	struct guest *g;
	size_t i;
	int status;

	dt_begin();
	CHECK_INT(mkdir(site_path("d"), 0755), 0);
	site_file("d/index.html", "<p>hi", 5);
	site_file("d/.hidden", "secret", 6);
	site_file(".hidden", "secret", 6);
	site_start("--hello", NULL);
	for (i = 0; i < sizeof(dt_rows) / sizeof(*dt_rows); i++) {
		g = guest_new();
		guest_say(g, "%s\r\n", dt_rows[i].request);
		status = guest_answer(g);
		if (status != dt_rows[i].status)
			test_fail("%s: %d, not %d", dt_rows[i].request, status,
			    dt_rows[i].status);
		if (strstr(g->head, dt_rows[i].says) == NULL)
			test_fail("%s: %s", dt_rows[i].request, g->head);
		guest_end(g);
	}
	site_close();
}

static void
dt_long(void)
{
	struct guest *g;
	char *text = malloc(40000);

	CHECK(text != NULL);
	memset(text, 'x', 40000);
	dt_begin();
	site_start(NULL);
	g = guest_new();
	guest_say(g, "GET /%.9000s HTTP/1.1\r\n" HOST "\r\n", text);
	CHECK_INT(guest_answer(g), 414);
	CHECK_INT(guest_answer(g), 0);
	guest_end(g);
	g = guest_new();
	guest_say(g, "GET /%.3000s HTTP/1.1\r\n" HOST "\r\n", text);
	CHECK_INT(guest_answer(g), 414);
	guest_end(g);
	g = guest_new();
	guest_say(g, "GET / HTTP/1.1\r\n" HOST "A: ");
	guest_send(g, text, 40000); /* the answer is not lost by a reset */
	CHECK_INT(guest_answer(g), 431);
	CHECK_INT(guest_answer(g), 0);
	guest_end(g);
	free(text);
	site_close();
}

/* ---- Several requests ---------------------------------------------------- */

static void
dt_pipelined(void)
{
	static const char all[] = "GET /a.txt HTTP/1.1\r\n" HOST "\r\n"
				  "HEAD /a.txt HTTP/1.1\r\n" HOST "\r\n"
				  "GET /none HTTP/1.1\r\n" HOST "\r\n"
				  "GET /plaintext HTTP/1.1\r\n" HOST "\r\n";
	struct guest *g;
	size_t cut;
	int i;

	dt_begin();
	site_start("--hello", NULL);
	g = guest_new();
	for (i = 0; i < 25; i++)
		guest_send(g, all, sizeof(all) - 1);
	for (cut = 1; cut < sizeof(all) - 1; cut += 7)
		guest_send(g, all, sizeof(all) - 1);
	for (i = 0; i < 25 + (int)(sizeof(all) + 4) / 7; i++) {
		CHECK_INT(guest_answer(g), 200);
		CHECK_STR(g->body, "0123456789");
		g->bare = 1;
		CHECK_INT(guest_answer(g), 200);
		CHECK_STR(guest_field(g, "Content-Length"), "10");
		g->bare = 0;
		CHECK_INT(guest_answer(g), 404);
		CHECK_INT(guest_answer(g), 200);
		CHECK_STR(g->body, "Hello, World!");
	}
	CHECK_INT(g->length, 0);
	guest_end(g);
	site_close();
}

/* A hundred in one segment, and the end behind them. */
static void
dt_hundred(void)
{
	static const char one[] = "GET /a.txt HTTP/1.1\r\n" HOST "\r\n";
	char all[100 * sizeof(one)] = "";
	struct guest *g;
	int i;

	dt_begin();
	site_start(NULL);
	for (i = 0; i < 100; i++)
		strcat(all, one);
	g = guest_new();
	guest_send(g, all, strlen(all));
	CHECK_INT(shutdown(g->fd, SHUT_WR), 0);
	for (i = 0; i < 100; i++)
		CHECK_INT(guest_answer(g), 200);
	CHECK_INT(guest_answer(g), 0);
	guest_end(g);
	site_close();
}

static void
dt_bytes(void)
{
	static const char all[] =
	    "GET /a.txt HTTP/1.1\r\n" HOST "\r\n"
	    "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
	    "5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nA: b\r\n\r\n"
	    "HEAD /a.txt HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n";
	struct guest *g;
	size_t i;

	dt_begin();
	site_start("--sink", NULL);
	g = guest_new();
	for (i = 0; i < sizeof(all) - 1; i++) {
		guest_send(g, all + i, 1);
		usleep(100);
	}
	CHECK_INT(guest_answer(g), 200);
	CHECK_STR(g->body, "0123456789");
	CHECK_INT(guest_answer(g), 200);
	CHECK_STR(g->body, "6 bytes\n");
	g->bare = 1;
	CHECK_INT(guest_answer(g), 200);
	CHECK_INT(guest_answer(g), 0);
	guest_end(g);
	site_close();
}

static void
dt_keep(void)
{
	struct guest *g;
	int i;

	dt_begin();
	site_start("--requests=3", NULL);
	g = guest_new();
	for (i = 0; i < 2; i++) {
		CHECK_INT(guest_get(g, "/a.txt", ""), 200);
		CHECK(guest_field(g, "Connection") == NULL);
	}
	CHECK_INT(guest_get(g, "/a.txt", ""), 200);
	CHECK_STR(guest_field(g, "Connection"), "close");
	CHECK_INT(guest_answer(g), 0);
	guest_end(g);
	g = guest_new();
	CHECK_INT(guest_get(g, "/a.txt", "Connection: x, close\r\n"), 200);
	CHECK_STR(guest_field(g, "Connection"), "close");
	CHECK_INT(guest_answer(g), 0);
	guest_end(g);
	g = guest_new();
	guest_say(g, "GET /a.txt HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	CHECK_INT(guest_answer(g), 200);
	CHECK_STR(guest_field(g, "Connection"), "keep-alive");
	guest_say(g, "GET /a.txt HTTP/1.0\r\n\r\n");
	CHECK_INT(guest_answer(g), 200);
	CHECK_STR(guest_field(g, "Connection"), "close");
	CHECK_INT(guest_answer(g), 0);
	guest_end(g);
	site_close();
}

static const struct test tests[] = {
	TEST("statuses", dt_statuses),
	TEST("too long", dt_long),
	TEST("pipelined requests", dt_pipelined),
	TEST("a hundred requests in one segment", dt_hundred),
	TEST("one byte at a time", dt_bytes),
	TEST("kept alive, or not", dt_keep),
};

TEST_MAIN(tests)
