/*
 * SPDX-License-Identifier: ISC
 *
 * Test of demos/httpd: large files, many guests, guests who break off, threads.
 */
#include <sys/resource.h>
#include "test/httpd.h"

#define HOST "Host: a\r\n"

enum { DL_BIG = SITE_BIG, DL_CROWD = 1000 };

/* ---- Large files --------------------------------------------------------- */

static void
dl_slow_reader(void)
{
	unsigned char *bytes;
	struct guest *g;

	site_open();
	bytes = site_bytes("big", DL_BIG);
	site_start(NULL);
	g = guest_new();
	guest_say(g, "%s%s", SITE_BIG_REQUEST, SITE_BIG_REQUEST);
	guest_take(g, bytes, 2000);
	guest_take(g, bytes, 0);
	guest_end(g);
	free(bytes);
	site_close();
}

/* Who asks for much and takes nothing has one file open, not hundreds. */
static void
dl_greedy(void)
{
	unsigned char *bytes;
	struct guest *g;
	int i, before;

	site_open();
	bytes = site_bytes("big", DL_BIG);
	site_start(NULL);
	before = site_descriptors();
	if (before == -1)
		SKIP("no /proc");
	g = guest_new();
	for (i = 0; i < 300; i++)
		guest_say(g,
		    "GET /big HTTP/1.1\r\n" HOST "Range: bytes=%d-%d\r\n\r\n",
		    i, i + 20000);
	CHECK(guest_hears(g, SITE_PATIENCE));
	usleep(100000);
	CHECK(site_descriptors() <= before + 4);
	for (i = 0; i < 300; i++) {
		CHECK_INT(guest_answer(g), 206);
		CHECK_INT(g->size, 20001);
		CHECK_INT(memcmp(g->body, bytes + i, g->size), 0);
	}
	guest_end(g);
	site_settles(before);
	free(bytes);
	site_close();
}

/* ---- Many ---------------------------------------------------------------- */

static void
dl_crowd(void)
{
	static const char ask[] = "GET /a.txt HTTP/1.1\r\n" HOST "\r\n";
	struct rlimit limit;
	char answer[1024];
	int fd[DL_CROWD], before, i;

	CHECK_INT(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_cur < 2 * DL_CROWD)
		SKIP("too few descriptors");
	site_open();
	site_file("a.txt", "0123456789", 10);
	site_start(NULL);
	before = site_descriptors();
	for (i = 0; i < DL_CROWD; i++)
		fd[i] = guest_socket();
	for (i = 0; i < DL_CROWD; i++)
		CHECK_INT(send(fd[i], ask, sizeof(ask) - 1, MSG_NOSIGNAL),
		    sizeof(ask) - 1);
	for (i = 0; i < DL_CROWD; i++) {
		CHECK(recv(fd[i], answer, sizeof(answer), 0) > 0);
		CHECK_INT(strncmp(answer, "HTTP/1.1 200 ", 13), 0);
		CHECK_INT(close(fd[i]), 0);
	}
	if (before != -1)
		site_settles(before);
	site_close();
}

static void
dl_reset(int fd)
{
	const struct linger now = { .l_onoff = 1, .l_linger = 0 };

	CHECK_INT(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
}

static const char *const dl_halves[] = {
	"",
	"G",
	"GET /a.txt HTTP/1.1\r\nHost",
	"GET /a.txt HTTP/1.1\r\n" HOST "\r\n",
	"GET /a.txt HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n",
	"GET /big HTTP/1.1\r\n" HOST "\r\n",
	"GET /big HTTP/1.1\r\n" HOST "\r\nGET /big HTTP/1.1\r\n",
	"GET /big HTTP/1.0\r\n\r\n",
	/* The first fills a piece, so that the second begins with a write. */
	"GET /small HTTP/1.1\r\n" HOST "\r\nGET /big HTTP/1.1\r\n" HOST "\r\n",
	"POST / HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\nx",
	"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n5\r\nx",
	"nonsense\r\n\r\n",
	"GET / HTTP/1.1\r\n\r\n",
};

/* Guests break off in every state, with a reset or without. */
static void
dl_breaks_off(void)
{
	unsigned char *bytes;
	struct guest *g;
	size_t i;
	int how, before;

	site_open();
	free(site_bytes("small", 15900));
	bytes = site_bytes("big", DL_BIG);
	site_file("a.txt", "0123456789", 10);
	site_start("--sink", NULL);
	before = site_descriptors();
	for (i = 0; i < sizeof(dl_halves) / sizeof(*dl_halves); i++)
		for (how = 0; how < 4; how++) {
			g = guest_new();
			guest_say(g, "%s", dl_halves[i]);
			if (how & 1)
				(void)guest_hears(g, 20);
			if (how & 2)
				dl_reset(g->fd);
			guest_end(g);
		}
	CHECK_INT(site_get("/a.txt"), 200);
	if (before != -1)
		site_settles(before);
	free(bytes);
	site_close();
}

/* A file that is cut while it is sent: the guest must notice. */
static void
dl_shrinks(void)
{
	unsigned char *bytes;
	struct guest *g;
	int n;

	site_open();
	bytes = site_bytes("big", DL_BIG);
	site_start(NULL);
	g = guest_new();
	guest_say(g, "%s", SITE_BIG_REQUEST);
	CHECK_INT(guest_read(g), 1);
	CHECK_INT(truncate(site_path("big"), 9 << 20), 0);
	do {
		g->length = 0;
		n = guest_read(g);
	} while (n == 1);
	guest_end(g);
	site_file("a.txt", "0123456789", 10);
	CHECK_INT(site_get("/a.txt"), 200);
	free(bytes);
	site_close();
}

/* ---- Threads ------------------------------------------------------------- */

static void
dl_threads(void)
{
	struct guest *g[32];
	size_t i, round;

	site_open();
	site_file("a.txt", "0123456789", 10);
	site_start("--loops=3", "--log", NULL);
	for (round = 0; round < 5; round++) {
		for (i = 0; i < 32; i++) {
			g[i] = guest_new();
			guest_say(g[i], "GET /a.txt HTTP/1.1\r\n" HOST "\r\n");
		}
		for (i = 0; i < 32; i++) {
			CHECK_INT(guest_answer(g[i]), 200);
			if (round < 4 || i % 2 == 0)
				guest_end(g[i]);
		}
	}
	CHECK_INT(kill(site.pid, SIGTERM), 0);
	for (i = 1; i < 32; i += 2) {
		CHECK_INT(guest_answer(g[i]), 0);
		guest_end(g[i]);
	}
	site_wait(0);
	site_close();
}

static const struct test tests[] = {
	TEST("a slow reader", dl_slow_reader),
	TEST("a greedy guest", dl_greedy),
	TEST("a crowd", dl_crowd),
	TEST("guests break off", dl_breaks_off),
	TEST("a file is cut", dl_shrinks),
	TEST("several threads", dl_threads),
};

TEST_MAIN(tests)
