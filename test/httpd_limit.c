/*
 * SPDX-License-Identifier: ISC
 *
 * Test of demos/httpd: limits of time and of number.
 */
#include "test/httpd.h"

#define HOST "Host: a\r\n"

/* ---- Time ---------------------------------------------------------------- */

/* A byte now and then does not help: the time is of the whole head. */
static void
di_slow_head(void)
{
	static const char head[] = "GET /a.txt HTTP/1.1\r\n" HOST "A: ";
	struct guest *g;
	int i;

	site_open();
	site_start("--header-time=300", NULL);
	g = guest_new();
	guest_send(g, head, sizeof(head) - 1);
	for (i = 0; i < 2000 && !guest_hears(g, 20); i++)
		guest_say(g, "x");
	CHECK(i < 2000);
	CHECK_INT(guest_answer(g), 408);
	CHECK_STR(guest_field(g, "Connection"), "close");
	CHECK(guest_answer(g) < 1);
	guest_end(g);
	site_close();
}

/* But each head has its own time, and bodies are not part of it. */
static void
di_many_heads(void)
{
	struct guest *g;
	int i;

	site_open();
	site_file("a.txt", "0123456789", 10);
	site_start("--header-time=400", NULL);
	g = guest_new();
	for (i = 0; i < 8; i++) {
		guest_say(g, "GET /a.t");
		usleep(100000);
		guest_say(g, "xt HTTP/1.1\r\n" HOST "\r\n");
		CHECK_INT(guest_answer(g), 200);
	}
	guest_end(g);
	site_close();
}

static void
di_idle(void)
{
	struct guest *g, *fresh;

	site_open();
	site_file("a.txt", "0123456789", 10);
	site_start("--idle-time=200", NULL);
	g = guest_new();
	fresh = guest_new();
	CHECK_INT(guest_get(g, "/a.txt", ""), 200);
	CHECK_INT(guest_answer(g), 0);
	CHECK_INT(guest_answer(fresh), 0);
	guest_end(g);
	guest_end(fresh);
	site_close();
}

static void
di_slow_body(void)
{
	static const char post[] =
	    "POST / HTTP/1.1\r\n" HOST "Content-Length: 100000\r\n\r\n";
	struct guest *g;
	int i;

	site_open();
	site_start("--sink", "--header-time=300", "--rate=1000", NULL);
	g = guest_new();
	guest_send(g, post, sizeof(post) - 1);
	for (i = 0; i < 2000 && !guest_hears(g, 20); i++)
		guest_say(g, "x");
	CHECK_INT(guest_answer(g), 408);
	CHECK(guest_answer(g) < 1);
	guest_end(g);
	g = guest_new(); /* fast enough, for longer than that time */
	guest_say(
	    g, "POST / HTTP/1.1\r\n" HOST "Content-Length: 40000\r\n\r\n");
	for (i = 0; i < 40; i++) {
		CHECK(!guest_hears(g, 20));
		guest_say(g, "%01000d", i);
	}
	CHECK_INT(guest_answer(g), 200);
	CHECK_STR(g->body, "40000 bytes\n");
	guest_end(g);
	site_close();
}

/* One who takes nothing is let go of, and his file closed. */
static void
di_stall(void)
{
	unsigned char *bytes;
	struct guest *g;
	int before;

	site_open();
	bytes = site_bytes("big", 16 << 20);
	site_start("--stall-time=300", NULL);
	before = site_descriptors();
	g = guest_new();
	guest_say(g, "GET /big HTTP/1.1\r\n" HOST "\r\n");
	CHECK(guest_hears(g, SITE_PATIENCE));
	if (before != -1)
		site_settles(before);
	guest_end(g);
	free(bytes);
	site_close();
}

/* The guest does not close: he is waited for, but not for long. */
static void
di_linger(void)
{
	struct guest *g;
	int before;

	site_open();
	site_file("a.txt", "0123456789", 10);
	site_start("--linger-time=200", NULL);
	before = site_descriptors();
	g = guest_new();
	CHECK_INT(guest_get(g, "/a.txt", "Connection: close\r\n"), 200);
	CHECK_INT(guest_answer(g), 0);
	if (before != -1)
		site_settles(before);
	guest_end(g);
	site_close();
}

/* Who goes on sending is not listened to for ever either. */
static void
di_flood(void)
{
	static char much[65536];
	struct guest *g;
	int i;

	site_open();
	site_start("--linger-time=60000", NULL);
	g = guest_new();
	guest_say(g, "x\r\n\r\n");
	for (i = 0; i < 1000; i++)
		if (send(g->fd, much, sizeof(much), MSG_NOSIGNAL) == -1)
			break;
	CHECK(i < 1000);
	CHECK(errno == EPIPE || errno == ECONNRESET);
	guest_end(g);
	site_close();
}

/* ---- Number -------------------------------------------------------------- */

/* The third waits at the door; keeping alive ends when all places are taken. */
static void
di_full(void)
{
	struct guest *a, *b, *c;

	site_open();
	site_file("a.txt", "0123456789", 10);
	site_start("--connections=2", NULL);
	a = guest_new();
	CHECK_INT(guest_get(a, "/a.txt", ""), 200);
	CHECK(guest_field(a, "Connection") == NULL);
	b = guest_new();
	CHECK_INT(guest_get(b, "/a.txt", ""), 200);
	c = guest_new();
	guest_say(c, "GET /a.txt HTTP/1.1\r\n" HOST "\r\n");
	CHECK(!guest_hears(c, 100));
	CHECK_INT(guest_get(a, "/a.txt", ""), 200);
	CHECK_STR(guest_field(a, "Connection"), "close");
	guest_end(a);
	CHECK_INT(guest_answer(c), 200);
	guest_end(b);
	guest_end(c);
	site_close();
}

static void
di_per_address(void)
{
	struct guest *a, *b, *c;
	int status, tries = 0;

	site_open();
	site_file("a.txt", "0123456789", 10);
	site_start("--per-address=2", NULL);
	a = guest_new();
	b = guest_new();
	CHECK_INT(guest_get(a, "/a.txt", ""), 200);
	CHECK_INT(guest_get(b, "/a.txt", ""), 200);
	c = guest_new();
	CHECK_INT(guest_answer(c), 503);
	CHECK_INT(guest_answer(c), 0);
	guest_end(c);
	guest_end(a);
	do { /* until it has noticed that one has gone */
		CHECK(tries++ < 1000);
		c = guest_new();
		guest_say(c, "GET /a.txt HTTP/1.1\r\n" HOST "\r\n");
		status = guest_answer(c);
		guest_end(c);
	} while (status != 200);
	guest_end(b);
	site_close();
}

static const struct test tests[] = {
	TEST("a slow head", di_slow_head),
	TEST("many heads", di_many_heads),
	TEST("idle", di_idle),
	TEST("a slow body", di_slow_body),
	TEST("nothing is taken", di_stall),
	TEST("a guest who stays", di_linger),
	TEST("a guest who goes on", di_flood),
	TEST("too many connections", di_full),
	TEST("too many of one address", di_per_address),
};

TEST_MAIN(tests)
