/*
 * SPDX-License-Identifier: ISC
 *
 * Test of demos/httpd: how it ends.
 */
#include "test/httpd.h"

#define HOST "Host: a\r\n"

/* ---- The stop ------------------------------------------------------------ */

static void
dz_stop_idle(void)
{
	struct guest *g, *fresh;

	site_open();
	site_file("a.txt", "0123456789", 10);
	site_start("--grace-time=86400000", NULL);
	g = guest_new();
	fresh = guest_new();
	CHECK_INT(guest_get(g, "/a.txt", ""), 200);
	CHECK_INT(kill(site.pid, SIGTERM), 0);
	CHECK_INT(guest_answer(g), 0);
	CHECK_INT(guest_answer(fresh), 0);
	site_wait(0);
	guest_end(g);
	guest_end(fresh);
	site_close();
}

/* Requests that came before the signal are answered, read or not. */
static void
dz_stop_arrived(void)
{
	struct guest *known, *fresh;

	site_open();
	site_file("a.txt", "0123456789", 10);
	site_start("--grace-time=86400000", NULL);
	known = guest_new();
	CHECK_INT(guest_get(known, "/a.txt", ""), 200);
	CHECK_INT(kill(site.pid, SIGSTOP), 0);
	fresh = guest_new();
	guest_say(known, "GET /a.txt HTTP/1.1\r\n" HOST "\r\n");
	guest_say(fresh, "GET /a.txt HTTP/1.1\r\n" HOST "\r\n");
	usleep(10000);
	CHECK_INT(kill(site.pid, SIGTERM), 0);
	CHECK_INT(kill(site.pid, SIGCONT), 0);
	CHECK_INT(guest_answer(known), 200);
	CHECK_INT(guest_answer(known), 0);
	CHECK_INT(guest_answer(fresh), 200);
	CHECK_INT(guest_answer(fresh), 0);
	guest_end(known);
	guest_end(fresh);
	site_wait(0);
	site_close();
}

/* Until nobody listens there any more. */
static void
dz_wait_closed(void)
{
	int tries;

	for (tries = 0; server_listens(site_port); tries++) {
		CHECK(tries < 4000);
		usleep(5000);
	}
}

/* What goes on at the stop is finished: an answer, a head that is coming. */
static void
dz_stop_busy(void)
{
	unsigned char *bytes;
	struct guest *g, *half;

	site_open();
	bytes = site_bytes("big", SITE_BIG);
	site_file("a.txt", "0123456789", 10);
	site_start("--grace-time=86400000", NULL);
	half = guest_new();
	guest_say(half, "GET /a.t");
	g = guest_new();
	guest_say(g, "%s", SITE_BIG_REQUEST);
	CHECK_INT(guest_read(g), 1);
	usleep(20000);
	CHECK_INT(kill(site.pid, SIGINT), 0);
	dz_wait_closed();
	guest_say(half, "xt HTTP/1.1\r\n" HOST "\r\n");
	CHECK_INT(guest_answer(half), 200);
	CHECK_STR(guest_field(half, "Connection"), "close");
	CHECK_INT(guest_answer(half), 0);
	guest_end(half);
	guest_take(g, bytes, 100);
	CHECK_INT(guest_answer(g), 0);
	guest_end(g);
	site_wait(0);
	free(bytes);
	site_close();
}

static void
dz_stop_grace(void)
{
	unsigned char *bytes;
	struct guest *g;

	site_open();
	bytes = site_bytes("big", SITE_BIG);
	site_start("--grace-time=100", NULL);
	g = guest_new();
	guest_say(g, "%s", SITE_BIG_REQUEST);
	CHECK_INT(guest_read(g), 1);
	CHECK_INT(kill(site.pid, SIGTERM), 0);
	site_wait(0);
	guest_end(g);
	free(bytes);
	site_close();
}

static void
dz_stop_twice(void)
{
	unsigned char *bytes;
	struct guest *g;

	site_open();
	bytes = site_bytes("big", SITE_BIG);
	site_start("--grace-time=86400000", NULL);
	g = guest_new();
	guest_say(g, "%s", SITE_BIG_REQUEST);
	CHECK_INT(guest_read(g), 1);
	CHECK_INT(kill(site.pid, SIGTERM), 0);
	dz_wait_closed();
	CHECK_INT(kill(site.pid, SIGTERM), 0);
	site_wait(0);
	guest_end(g);
	free(bytes);
	site_close();
}

/*
 * With one loop done and another still at work: which of them has the last guest
 * is left to chance, several times.
 */
static void
dz_stop_twice_threads(void)
{
	struct guest *g[8];
	int status, again, i;

	for (again = 0; again < 8; again++) {
		site_open();
		free(site_bytes("big", SITE_BIG));
		site_start("--grace-time=86400000", "--loops=2", NULL);
		for (i = 0; i < 8; i++) {
			g[i] = guest_new();
			guest_say(g[i], "%s", SITE_BIG_REQUEST);
			CHECK_INT(guest_read(g[i]), 1);
		}
		CHECK_INT(kill(site.pid, SIGTERM), 0);
		dz_wait_closed();
		for (i = 1; i < 8; i++)
			guest_end(g[i]);
		usleep(50000);
		CHECK_INT(kill(site.pid, SIGTERM), 0);
		CHECK_INT(waitpid(site.pid, &status, 0), site.pid);
		server_tell(&site, 0);
		guest_end(g[0]);
		site_close();
	}
}

static const struct test tests[] = {
	TEST("stopped with idle guests", dz_stop_idle),
	TEST("stopped when a request is there", dz_stop_arrived),
	TEST("stopped with busy guests", dz_stop_busy),
	TEST("stopped when the time of grace is over", dz_stop_grace),
	TEST("stopped at once", dz_stop_twice),
	TEST(
	    "stopped at once, one loop after the other", dz_stop_twice_threads),
};

TEST_MAIN(tests)
