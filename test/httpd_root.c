/*
 * SPDX-License-Identifier: ISC
 *
 * Test of demos/httpd: what must not be had.
 */
#include "test/httpd.h"

static void
dr_make_links(void)
{
	site_file("a.txt", "0123456789", 10);
	CHECK_INT(mkdir(site_path("d"), 0755), 0);
	site_file("d/b", "b", 1);
	CHECK_INT(symlink("/etc/passwd", site_path("absolute")), 0);
	CHECK_INT(symlink("../log", site_path("above")), 0);
	CHECK_INT(symlink("..", site_path("up")), 0);
	CHECK_INT(symlink("up", site_path("twice")), 0);
	CHECK_INT(symlink("/proc/self/root", site_path("magic")), 0);
	CHECK_INT(symlink("self", site_path("self")), 0);
	CHECK_INT(symlink("a.txt", site_path("inside")), 0);
	CHECK_INT(symlink("d", site_path("within")), 0);
	CHECK_INT(mkfifo(site_path("fifo"), 0644), 0);
}

static const char *const dr_refused[] = {
	"/../log",
	"/d/../../log",
	"/%2e%2e/log",
	"/%2e./log",
	"/d/%2e%2e/%2e%2e/log",
	"/..%2flog",
	"/%2fetc/passwd",
	"/%2e%2e%2flog",
	"/..%5clog",
	"/..\\log",
	"/.%00./log",
	"/%252e%252e/log",
	"http://a/../log",
	"http://a/%2e%2e/log",
	"/absolute",
	"/above",
	"/up/log",
	"/up/root/a.txt",
	"/twice/log",
	"/magic/etc/passwd",
	"/self",
	"/fifo",
	"/fifo/",
	"/etc/passwd",
	"//etc/passwd",
	"/./a.txt",
};

static void
dr_outside(void)
{
	struct guest *g;
	size_t i;
	int status;

	for (i = 0; i < sizeof(dr_refused) / sizeof(*dr_refused); i++) {
		g = guest_new();
		status = guest_get(g, dr_refused[i], "");
		if (status != 400 && status != 404)
			test_fail("%s: %d", dr_refused[i], status);
		guest_end(g);
	}
	CHECK_INT(site_get("/a.txt"), 200);
	CHECK_INT(site_get("/d/b"), 200);
}

static void
dr_traversal(void)
{
	site_open();
	dr_make_links();
	site_start("--list", NULL);
	dr_outside();
	site_close();
}

/* Where the kernel does not watch over the path: no link is followed then. */
static void
dr_walked(void)
{
	const char *build = getenv("BUILD");
	char without[4096], name[512];
	int i;

	site_open();
	snprintf(
	    name, sizeof(name), "%s/test/without", build ? build : "build");
	if (realpath(name, without) == NULL)
		SKIP("test/without is not built");
	site_arguments[0] = without;
	site_arguments[1] = "openat2";
	site_arguments[2] = "--";
	site_arguments[3] = site_program;
	dr_make_links();
	for (i = 4; i < SITE_OPTIONS; i++)
		site_arguments[i] = NULL;
	if (server_run(&site,
		(const char *const[]){
		    without, "openat2", "--", "true", NULL }) != 0) {
		server_close(&site);
		SKIP("openat2 cannot be taken away here");
	}
	site_start("--list", NULL);
	dr_outside();
	CHECK_INT(site_get("/inside"), 404);
	CHECK_INT(site_get("/within/b"), 404);
	CHECK_INT(site_get("/d"), 301);
	CHECK_INT(site_get("/d/"), 200);
	CHECK_INT(site_get("/"), 200);
	site_close();
}

/* Root may read all, so another does. */
static void
dr_unreadable(void)
{
	static const char *const nobody[] = { "setpriv", "--reuid=65534",
		"--regid=65534", "--clear-groups" };
	int i;

	site_open();
	if (geteuid() == 0) {
		if (server_find("setpriv") == NULL)
			SKIP("no setpriv here");
		for (i = 0; i < 4; i++)
			site_arguments[i] = nobody[i];
		site_arguments[4] = site_program;
	}
	site_file("a.txt", "0123456789", 10);
	site_file("secret", "secret", 6);
	CHECK_INT(chmod(site_path("secret"), 0), 0);
	CHECK_INT(mkdir(site_path("d"), 0), 0);
	site_start("--list", NULL);
	CHECK_INT(site_get("/a.txt"), 200);
	CHECK_INT(site_get("/secret"), 403);
	CHECK_INT(site_get("/d/x"), 403);
	CHECK_INT(site_get("/d/"), 403);
	CHECK_INT(chmod(site_path("d"), 0755), 0);
	site_close();
}

static const struct test tests[] = {
	TEST("no way out of the root", dr_traversal),
	TEST("no way out of the root, without openat2", dr_walked),
	TEST("what may not be read", dr_unreadable),
};

TEST_MAIN(tests)
