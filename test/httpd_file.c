/*
 * SPDX-License-Identifier: ISC
 *
 * Test of demos/httpd: files, parts of them, conditions, lists, the log.
 */
#include "test/httpd.h"

/* ---- Parts --------------------------------------------------------------- */

static const struct {
	const char *range;
	int status;
	const char *body, *content;
} df_ranges[] = {
	{ "bytes=0-0", 206, "0", "bytes 0-0/10" },
	{ "bytes=2-4", 206, "234", "bytes 2-4/10" },
	{ "bytes=9-9", 206, "9", "bytes 9-9/10" },
	{ "bytes=9-", 206, "9", "bytes 9-9/10" },
	{ "bytes=8-99", 206, "89", "bytes 8-9/10" },
	{ "bytes=-1", 206, "9", "bytes 9-9/10" },
	{ "bytes=-99", 206, "0123456789", "bytes 0-9/10" },
	{ "bytes=10-", 416, NULL, "bytes */10" },
	{ "bytes=-0", 416, NULL, "bytes */10" },
	{ "bytes=99999999999999999999-", 416, NULL, "bytes */10" },
	{ "bytes=0-1,4-5", 200, "0123456789", NULL },
	{ "bytes=4-2", 200, "0123456789", NULL },
	{ "lines=1-2", 200, "0123456789", NULL },
	{ "bytes=", 200, "0123456789", NULL },
};

static void
df_parts(void)
{
	struct guest *g;
	char field[64];
	size_t i;
	int status;

	site_open();
	site_file("a.txt", "0123456789", 10);
	site_start(NULL);
	g = guest_new();
	for (i = 0; i < sizeof(df_ranges) / sizeof(*df_ranges); i++) {
		snprintf(
		    field, sizeof(field), "Range: %s\r\n", df_ranges[i].range);
		status = guest_get(g, "/a.txt", field);
		if (status != df_ranges[i].status)
			test_fail("%s: %d", field, status);
		CHECK_STR(
		    guest_field(g, "Content-Range"), df_ranges[i].content);
		if (df_ranges[i].body != NULL)
			CHECK_STR(g->body, df_ranges[i].body);
	}
	guest_end(g);
	site_close();
}

static void
df_parts_of_large(void)
{
	struct guest *g;
	unsigned char *bytes;
	char field[64];
	size_t first, last, i;

	site_open();
	bytes = site_bytes("big", 300000);
	site_start(NULL);
	g = guest_new();
	for (i = 0; i < 40; i++) {
		first = i * 7001;
		last = first + i * 3001 % 100000;
		last = last < 300000 ? last : 299999;
		snprintf(field, sizeof(field), "Range: bytes=%zu-%zu\r\n",
		    first, last);
		CHECK_INT(guest_get(g, "/big", field), 206);
		CHECK_INT(g->size, last - first + 1);
		CHECK_INT(memcmp(g->body, bytes + first, g->size), 0);
	}
	guest_end(g);
	free(bytes);
	site_close();
}

/* ---- Conditions ---------------------------------------------------------- */

static int
df_ask(struct guest *g, const char *name, const char *value, const char *more)
{
	char fields[512];

	snprintf(fields, sizeof(fields), "%s: %s\r\n%s", name, value, more);
	return guest_get(g, "/a.txt", fields);
}

static void
df_conditions(void)
{
	static const char old[] = "Sun, 06 Nov 1994 08:49:37 GMT";
	static const char part[] = "Range: bytes=1-2\r\n";
	char tag[64], date[64];
	struct guest *g;

	site_open();
	site_file("a.txt", "0123456789", 10);
	site_start(NULL);
	g = guest_new();
	CHECK_INT(guest_get(g, "/a.txt", ""), 200);
	snprintf(tag, sizeof(tag), "%s", guest_field(g, "ETag"));
	snprintf(date, sizeof(date), "%s", guest_field(g, "Last-Modified"));
	CHECK_INT(df_ask(g, "If-None-Match", tag, ""), 304);
	CHECK_STR(guest_field(g, "ETag"), tag);
	CHECK_INT(df_ask(g, "If-None-Match", "\"x\"", ""), 200);
	CHECK_INT(df_ask(g, "If-Modified-Since", date, ""), 304);
	CHECK_INT(df_ask(g, "If-Modified-Since", old, ""), 200);
	CHECK_INT(df_ask(g, "If-Match", tag, ""), 200);
	CHECK_INT(df_ask(g, "If-Match", "\"x\"", ""), 412);
	CHECK_INT(df_ask(g, "If-Unmodified-Since", date, ""), 200);
	CHECK_INT(df_ask(g, "If-Unmodified-Since", old, ""), 412);
	CHECK_INT(df_ask(g, "If-Range", tag, part), 206);
	CHECK_INT(df_ask(g, "If-Range", "\"x\"", part), 200);
	CHECK_INT(df_ask(g, "If-Range", old, part), 200);
	site_file("a.txt", "012345678", 9); /* another file by now */
	CHECK_INT(df_ask(g, "If-None-Match", tag, ""), 200);
	CHECK_INT(df_ask(g, "If-Match", tag, ""), 412);
	guest_end(g);
	site_close();
}

/* ---- For people ---------------------------------------------------------- */

static void
df_list(void)
{
	struct guest *g;

	site_open();
	CHECK_INT(mkdir(site_path("d"), 0755), 0);
	site_file("d/<b> & \"c\" %.txt", "", 0);
	site_file("d/.hidden", "", 0);
	CHECK_INT(mkdir(site_path("d/javascript:1"), 0755), 0);
	CHECK_INT(symlink("/etc/passwd", site_path("d/leaves")), 0);
	site_start("--list", NULL);
	g = guest_new();
	CHECK_INT(guest_get(g, "/d/", ""), 200);
	CHECK(strstr(g->body,
		  "href=\"./%3cb%3e%20%26%20%22c%22%20%25.txt\">"
		  "&lt;b&gt; &amp; &#34;c&#34; %.txt</a>") != NULL);
	CHECK(strstr(g->body, "href=\"./javascript%3a1/\"") != NULL);
	CHECK(strstr(g->body, "href=\"../\"") != NULL);
	CHECK(strstr(g->body, "hidden") == NULL);
	CHECK(strstr(g->body, "leaves") == NULL);
	CHECK(guest_field(g, "Content-Security-Policy") != NULL);
	CHECK_INT(
	    guest_get(g, "/d/%3cb%3e%20%26%20%22c%22%20%25.txt", ""), 200);
	CHECK_INT(guest_get(g, "/", ""), 200);
	CHECK(strstr(g->body, "\"../\"") == NULL);
	CHECK(strstr(g->body, "\"./d/\"") != NULL);
	guest_end(g);
	site_close();
}

static void
df_log(void)
{
	struct guest *g;
	int tries = 0;

	site_open();
	site_file("a.txt", "0123456789", 10);
	site_start("--log", NULL);
	CHECK_INT(site_get("/a.txt"), 200);
	CHECK_INT(site_get("/\"x%0a"), 400);
	g = guest_new();
	guest_say(g, "GET /\x1b[31m\xc3\xa9 HTTP/1.1\r\n\r\n");
	CHECK_INT(guest_answer(g), 400);
	guest_end(g);
	while (strstr(site_log(), "\" 400 ") == NULL && ++tries < 1000)
		usleep(5000);
	CHECK(strstr(site_log(), "\"GET /a.txt HTTP/1.1\" 200 10\n") != NULL);
	CHECK(strchr(site_log(), '\x1b') == NULL);
	CHECK(strstr(site_log(), "/\"x") == NULL);
	site_close();
}

static const struct test tests[] = {
	TEST("parts of a file", df_parts),
	TEST("parts of a large file", df_parts_of_large),
	TEST("conditions", df_conditions),
	TEST("a list of a directory", df_list),
	TEST("a log", df_log),
};

TEST_MAIN(tests)
