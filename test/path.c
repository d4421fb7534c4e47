/*
 * SPDX-License-Identifier: ISC
 *
 * path.c: changes of files and directories, by hints and by polling.
 */
#include <sys/resource.h>
#include <sys/stat.h>
#include "loop.h"
#include "without.h"

struct probe {
	struct reactor_path path;
	int calls;
};

/* The program's own stat takes the place of libc's, in the library too. */
static int coarse; /* a file system that knows no time */

int
stat(const char *path, struct stat *status)
{
	if (fstatat(AT_FDCWD, path, status, 0) == -1)
		return -1;
	if (coarse) {
		memset(&status->st_mtim, 0, sizeof(status->st_mtim));
		memset(&status->st_ctim, 0, sizeof(status->st_ctim));
	}
	return 0;
}

static char top[] = "/tmp/reactor-path.XXXXXX";

static void
noted(struct reactor *r, struct reactor_path *path)
{
	(void)r;
	((struct probe *)path)->calls++;
}

/* By the data of the case, or because the whole test has to. */
static int
polling(void)
{
	int fd = reactor__inotify_open(), watch = -1;

	if (fd != -1) {
		watch = reactor__inotify_add(fd, "/");
		close(fd);
	}
	return watch == -1 || test_case->data != NULL;
}

static struct reactor *
begin(void)
{
	if (test_case->data != NULL && without(test_case->data) == -1)
		SKIP("no seccomp");
	CHECK(mkdtemp(top) != NULL);
	CHECK_INT(chdir(top), 0);
	return loop_open();
}

static void
end(struct reactor *r)
{
	CHECK_INT(reactor_close(r), 0);
	CHECK_INT(chdir("/"), 0);
	CHECK_INT(rmdir(top), 0);
}

static void
watch(struct reactor *r, struct probe *p, const char *name)
{
	memset(p, 0, sizeof(*p));
	p->path.callback = noted;
	p->path.path = name;
	p->path.interval = 5 * LOOP_MS;
	CHECK_INT(reactor_path_start(r, &p->path), 0);
}

static void
put(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_APPEND, 0600);

	CHECK(fd != -1);
	CHECK_INT(write(fd, text, strlen(text)), strlen(text));
	CHECK_INT(close(fd), 0);
}

/* Turns until it was called, for ten seconds at most; then until silence. */
static int
called(struct reactor *r, struct probe *p)
{
	int64_t until = test_clock() + 10 * REACTOR_SECOND;
	int calls;

	while (p->calls == 0 && test_clock() < until)
		reactor_run_once(r, 10 * LOOP_MS);
	until = test_clock() + 20 * LOOP_MS;
	while (test_clock() < until)
		reactor_run_once(r, 5 * LOOP_MS);
	calls = p->calls;
	p->calls = 0;
	return calls;
}

static int
silent(struct reactor *r, struct probe *p)
{
	int64_t until = test_clock() + 50 * LOOP_MS;

	while (test_clock() < until)
		reactor_run_once(r, 5 * LOOP_MS);
	return p->calls == 0;
}

static void
life(void)
{
	struct reactor *r = begin();
	struct probe p;

	watch(r, &p, "file");
	CHECK_INT(p.path.now.mode, 0);
	CHECK(silent(r, &p));
	put("file", "abc");
	CHECK(called(r, &p) >= 1);
	CHECK_INT(p.path.now.size, 3);
	CHECK(S_ISREG(p.path.now.mode));
	CHECK_INT(p.path.now.links, 1);
	CHECK(p.path.now.inode != 0 && p.path.now.modified > 0);
	CHECK(silent(r, &p));
	put("file", "def");
	CHECK(called(r, &p) >= 1);
	CHECK_INT(p.path.now.size, 6);
	CHECK_INT(chmod("file", 0644), 0);
	CHECK(called(r, &p) >= 1);
	CHECK_INT(p.path.now.mode & 0777, 0644);
	CHECK_INT(p.path.was.mode & 0777, 0600);
	CHECK_INT(unlink("file"), 0);
	CHECK(called(r, &p) >= 1);
	CHECK_INT(p.path.now.mode, 0);
	CHECK(silent(r, &p));
	/* And again. */
	put("file", "x");
	CHECK(called(r, &p) >= 1);
	put("file", "x");
	CHECK(called(r, &p) >= 1);
	CHECK_INT(p.path.now.size, 2);
	reactor_path_stop(r, &p.path);
	reactor_path_stop(r, &p.path);
	put("file", "x");
	CHECK(silent(r, &p));
	CHECK_INT(unlink("file"), 0);
	end(r);
}

/* By rename, as editors do it: the name then means another file. */
static void
replaced(void)
{
	struct reactor *r = begin();
	struct probe p;
	int i;

	put("file", "a");
	watch(r, &p, "file");
	for (i = 0; i < 5; i++) {
		put("new", "bb");
		CHECK(silent(r, &p));
		CHECK_INT(rename("new", "file"), 0);
		CHECK(called(r, &p) >= 1);
		CHECK(p.path.was.inode != p.path.now.inode);
		CHECK_INT(p.path.now.size, 2);
		put("file", "c");
		CHECK(called(r, &p) >= 1);
		CHECK_INT(p.path.now.size, 3);
	}
	/* Away, and back. */
	CHECK_INT(rename("file", "other"), 0);
	CHECK(called(r, &p) >= 1);
	CHECK_INT(p.path.now.mode, 0);
	put("other", "d");
	CHECK(silent(r, &p));
	CHECK_INT(rename("other", "file"), 0);
	CHECK(called(r, &p) >= 1);
	CHECK_INT(p.path.now.size, 4);
	CHECK_INT(unlink("file"), 0);
	end(r);
}

static void
entries(void)
{
	struct reactor *r = begin();
	struct probe p;

	CHECK_INT(mkdir("d", 0700), 0);
	watch(r, &p, "d/");
	CHECK(silent(r, &p));
	put("d/a", "1");
	CHECK(called(r, &p) >= 1);
	if (!polling()) {
		put("d/a", "2");
		CHECK(called(r, &p) >= 1);
	}
	CHECK_INT(rename("d/a", "d/b"), 0);
	CHECK(called(r, &p) >= 1);
	CHECK_INT(unlink("d/b"), 0);
	CHECK(called(r, &p) >= 1);
	CHECK_INT(rmdir("d"), 0);
	CHECK(called(r, &p) >= 1);
	CHECK_INT(p.path.now.mode, 0);
	CHECK_INT(mkdir("d", 0700), 0);
	CHECK(called(r, &p) >= 1);
	put("d/a", "1");
	CHECK(called(r, &p) >= 1);
	CHECK_INT(unlink("d/a"), 0);
	CHECK_INT(rmdir("d"), 0);
	end(r);
}

/* Neither the file nor its directory, nor that one's. */
static void
no_parent(void)
{
	struct reactor *r = begin();
	struct probe p;

	watch(r, &p, "x/y/file");
	CHECK(silent(r, &p));
	CHECK_INT(mkdir("x", 0700), 0);
	CHECK(silent(r, &p));
	CHECK_INT(mkdir("x/y", 0700), 0);
	CHECK(silent(r, &p));
	put("x/y/file", "1");
	CHECK(called(r, &p) >= 1);
	if (!polling())
		CHECK_INT(p.path.timer.event.state & REACTOR__STARTED, 0);
	put("x/y/file", "2");
	CHECK(called(r, &p) >= 1);
	/* The directory goes to another name, another one comes. */
	CHECK_INT(rename("x/y", "x/z"), 0);
	CHECK(called(r, &p) >= 1);
	CHECK_INT(p.path.now.mode, 0);
	CHECK_INT(mkdir("x/y", 0700), 0);
	put("x/y/file", "three");
	CHECK(called(r, &p) >= 1);
	CHECK_INT(p.path.now.size, 5);
	CHECK_INT(unlink("x/y/file"), 0);
	CHECK_INT(rmdir("x/y"), 0);
	CHECK(called(r, &p) >= 1);
	CHECK_INT(unlink("x/z/file"), 0);
	CHECK_INT(rmdir("x/z"), 0);
	CHECK_INT(rmdir("x"), 0);
	end(r);
}

static void
link_followed(void)
{
	struct reactor *r = begin();
	struct probe p;

	CHECK_INT(mkdir("v1", 0700), 0);
	CHECK_INT(symlink("v1/file", "name"), 0);
	watch(r, &p, "name");
	CHECK_INT(p.path.now.mode, 0);
	put("v1/file", "1");
	CHECK(called(r, &p) >= 1);
	CHECK_INT(p.path.now.size, 1);
	put("v1/file", "2");
	CHECK(called(r, &p) >= 1);
	/* Replaced where nobody looks. */
	put("v1/new", "three");
	CHECK_INT(rename("v1/new", "v1/file"), 0);
	CHECK(called(r, &p) >= 1);
	CHECK_INT(p.path.now.size, 5);
	put("other", "fourth");
	CHECK_INT(symlink("other", "swap"), 0);
	CHECK_INT(rename("swap", "name"), 0);
	CHECK(called(r, &p) >= 1);
	CHECK_INT(p.path.now.size, 6);
	/* A link to a link, which is changed where nobody looks either. */
	CHECK_INT(symlink("file", "v1/link"), 0);
	CHECK_INT(symlink("v1/link", "swap"), 0);
	CHECK_INT(rename("swap", "name"), 0);
	CHECK(called(r, &p) >= 1);
	CHECK_INT(p.path.now.size, 5);
	CHECK_INT(symlink("../other", "v1/swap"), 0);
	CHECK_INT(rename("v1/swap", "v1/link"), 0);
	CHECK(called(r, &p) >= 1);
	CHECK_INT(p.path.now.size, 6);
	CHECK_INT(unlink("v1/link"), 0);
	CHECK_INT(unlink("name"), 0);
	CHECK_INT(unlink("other"), 0);
	CHECK_INT(unlink("v1/file"), 0);
	CHECK_INT(rmdir("v1"), 0);
	end(r);
}

/* Many changes in one turn are one call, from the first state to the last. */
static void
coalesced(void)
{
	struct reactor *r = begin();
	struct probe p;
	int i;

	watch(r, &p, "file");
	for (i = 0; i < 1000; i++)
		put("file", "x");
	loop_sleep(20 * LOOP_MS);
	CHECK_INT(reactor_run_once(r, 1000 * LOOP_MS) >= 1, 1);
	CHECK_INT(p.calls <= 1, 1);
	CHECK_INT(called(r, &p), 1);
	CHECK_INT(p.path.was.size, 0);
	CHECK_INT(p.path.now.size, 1000);
	CHECK_INT(unlink("file"), 0);
	end(r);
}

/* Written to, and yet stat says the same. */
static void
same_stat(void)
{
	struct reactor *r = begin();
	struct probe p;
	int fd;

	if (polling()) {
		end(r);
		SKIP("a look tells nothing");
	}
	coarse = 1;
	put("file", "a");
	watch(r, &p, "file");
	fd = open("file", O_WRONLY);
	CHECK(fd != -1);
	CHECK_INT(pwrite(fd, "b", 1, 0), 1);
	CHECK(called(r, &p) >= 1);
	CHECK_INT(p.path.now.size, 1);
	CHECK_INT(p.path.now.modified, 0);
	CHECK_INT(pwrite(fd, "c", 1, 0), 1);
	CHECK(called(r, &p) >= 1);
	/* Opened for writing, but not written: nothing to tell. */
	CHECK_INT(close(fd), 0);
	CHECK(silent(r, &p));
	CHECK_INT(unlink("file"), 0);
	end(r);
}

/* Several handlers with one watch of the kernel between them. */
static void
shared(void)
{
	struct reactor *r = begin();
	struct probe p[4], d;
	int i;

	put("file", "a");
	CHECK_INT(link("file", "hard"), 0);
	for (i = 0; i < 3; i++)
		watch(r, &p[i], i == 2 ? "hard" : "file");
	watch(r, &p[3], "missing");
	watch(r, &d, ".");
	reactor_path_stop(r, &p[0].path);
	put("file", "b");
	CHECK(called(r, &p[1]) >= 1);
	CHECK(called(r, &p[2]) >= 1);
	CHECK_INT(p[0].calls, 0);
	CHECK_INT(p[3].calls, 0);
	reactor_path_stop(r, &p[1].path);
	put("file", "c");
	CHECK(called(r, &p[2]) >= 1);
	reactor_path_stop(r, &d.path);
	put("missing", "d");
	CHECK(called(r, &p[3]) >= 1);
	CHECK_INT(reactor_path_start(r, &p[0].path), 0);
	put("hard", "e");
	CHECK(called(r, &p[0]) >= 1);
	CHECK(called(r, &p[2]) >= 1);
	CHECK_INT(p[1].calls, 0);
	CHECK_INT(unlink("file"), 0);
	CHECK_INT(unlink("hard"), 0);
	CHECK_INT(unlink("missing"), 0);
	end(r);
}

/* Another name without a stop. */
static void
renamed(void)
{
	struct reactor *r = begin();
	struct probe p;

	watch(r, &p, "a");
	p.path.path = "b";
	CHECK_INT(reactor_path_start(r, &p.path), 0);
	put("a", "1");
	CHECK(silent(r, &p));
	put("b", "1");
	CHECK(called(r, &p) >= 1);
	CHECK_INT(unlink("a"), 0);
	CHECK_INT(unlink("b"), 0);
	CHECK(called(r, &p) >= 1);
	end(r);
}

static void
stop_all(struct reactor *r, struct reactor_path *path)
{
	struct probe *p = (struct probe *)path;

	p->calls++;
	reactor_path_stop(r, path);
	memset(path, 0xa5, sizeof(*path)); /* as free would */
}

static void
stops_itself(void)
{
	struct reactor *r = begin();
	struct probe p;

	watch(r, &p, "file");
	p.path.callback = stop_all;
	put("file", "1");
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(p.calls, 1);
	CHECK_INT(unlink("file"), 0);
	end(r);
}

static void
fed(void)
{
	struct reactor *r = begin();
	struct probe p;

	watch(r, &p, "file");
	CHECK_INT(reactor_feed(r, &p.path.event, 0), 0);
	CHECK_INT(reactor_feed(r, &p.path.event, 0), 0);
	CHECK(reactor_run_once(r, 0) >= 1);
	CHECK_INT(p.calls, 1);
	CHECK(silent(r, &p) == 0);
	CHECK_INT(p.calls, 1);
	end(r);
}

static void
refuses(void)
{
	struct reactor *r = begin();
	struct probe p;

	memset(&p, 0, sizeof(p));
	CHECK_INT(reactor_path_start(r, &p.path), -1);
	CHECK_INT(errno, EINVAL);
	p.path.path = "";
	CHECK_INT(reactor_path_start(r, &p.path), -1);
	CHECK_INT(errno, EINVAL);
	p.path.path = "x";
	p.path.interval = -1;
	CHECK_INT(reactor_path_start(r, &p.path), -1);
	CHECK_INT(errno, EINVAL);
	CHECK_INT(reactor_run(r), 0);
	end(r);
}

static void
forked(void)
{
	struct reactor *r = begin();
	struct probe p, own;
	int status, go[2];
	pid_t child;
	char c;

	CHECK_INT(pipe(go), 0);
	put("file", "a");
	watch(r, &p, "file");
	child = fork();
	if (child == 0) {
		close(go[1]);
		watch(r, &own, "child");
		put("file", "b");
		CHECK(called(r, &p) >= 1);
		CHECK_INT(p.path.now.size, 2);
		put("child", "1");
		CHECK(called(r, &own) >= 1);
		CHECK_INT(reactor_close(r), 0);
		CHECK_INT(unlink("child"), 0);
		(void)!read(go[0], &c, 1);
		_exit(0);
	}
	close(go[0]);
	/* The parent's watches are its own. */
	CHECK(called(r, &p) >= 1);
	loop_sleep(100 * LOOP_MS);
	p.calls = 0;
	put("file", "c");
	CHECK(called(r, &p) >= 1);
	CHECK_INT(p.path.now.size, 3);
	CHECK_INT(unlink("file"), 0);
	CHECK(called(r, &p) >= 1);
	close(go[1]);
	CHECK_INT(waitpid(child, &status, 0), child);
	if (status != 0)
		test_fail("child: %s", test_report->text);
	end(r);
}

/* Without a descriptor for it, starting is no error: it is polled. */
static void
no_descriptors(void)
{
	struct reactor *r = begin();
	struct rlimit was, limit;
	struct probe p;

	CHECK_INT(reactor_run_once(r, 0), 0);
	CHECK_INT(getrlimit(RLIMIT_NOFILE, &was), 0);
	limit = was;
	limit.rlim_cur = 3;
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
	watch(r, &p, "file");
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &was), 0);
	CHECK(p.path.timer.event.state & REACTOR__STARTED);
	put("file", "1");
	CHECK(called(r, &p) >= 1);
	/* And no longer than needed. */
	CHECK(polling() || (p.path.timer.event.state & REACTOR__STARTED) == 0);
	CHECK_INT(unlink("file"), 0);
	end(r);
}

/* More events than the kernel keeps. */
static void
overflow(void)
{
	struct reactor *r = begin();
	struct probe p, d;
	int i;

	put("file", "1");
	watch(r, &d, ".");
	watch(r, &p, "file");
	for (i = 0; i < 20000; i++) {
		CHECK_INT(mkdir(i % 2 ? "b" : "a", 0700), 0);
		CHECK_INT(rmdir(i % 2 ? "b" : "a"), 0);
	}
	put("file", "2"); /* what is lost */
	CHECK(called(r, &p) >= 1);
	CHECK_INT(p.path.now.size, 2);
	CHECK(called(r, &d) >= 1);
	d.calls = p.calls = 0;
	put("file", "3");
	CHECK(called(r, &p) >= 1);
	CHECK_INT(unlink("file"), 0);
	end(r);
}

static void
no_memory(void)
{
	struct reactor_statistics stats;
	struct reactor *r = begin();
	struct probe p;
	int i, failed, failures = 0;

	put("file", "1");
	reactor_set_allocator(loop_stingy);
	for (i = 0; i < 12; i++) {
		loop_left = 1000;
		CHECK_INT(reactor_close(r), 0);
		r = loop_open();
		memset(&p, 0, sizeof(p));
		p.path.callback = noted;
		p.path.path = "file";
		p.path.interval = 5 * LOOP_MS;
		loop_left = i;
		failed = reactor_path_start(r, &p.path);
		loop_left = 1000;
		if (failed) {
			failures++;
			CHECK_INT(errno, ENOMEM);
			reactor_stats(r, &stats);
			CHECK_INT(stats.active, 0);
			CHECK_INT(reactor_path_start(r, &p.path), 0);
		}
		put("file", "2");
		CHECK(called(r, &p) >= 1);
		reactor_path_stop(r, &p.path);
	}
	CHECK(failures >= 2);
	CHECK_INT(unlink("file"), 0);
	CHECK_INT(reactor_close(r), 0);
	reactor_set_allocator(NULL);
	end(NULL);
}

static char line_text[512];

static void
line(void *context, const char *text)
{
	(void)context;
	if (strstr(text, "some-name") != NULL)
		snprintf(line_text, sizeof(line_text), "%s", text);
}

static void
described(void)
{
	struct reactor *r = begin();
	struct probe p;

	watch(r, &p, "some-name");
	reactor_dump(r, line, NULL);
	CHECK(line_text[0] != '\0');
	end(r);
}

/* clang-format off */
#define BOTH(name, run)                                                     \
	{ name, run, 0, NULL },                                             \
	{ name " (no inotify)", run, 0, "inotify_init1" },                  \
	{ name " (no watches left)", run, 0, "inotify_add_watch=ENOSPC" }
/* clang-format on */

static const struct test tests[] = {
	BOTH("a file comes, changes and goes", life),
	BOTH("replaced by rename", replaced),
	BOTH("entries of a directory", entries),
	BOTH("a directory that is missing", no_parent),
	BOTH("a symbolic link", link_followed),
	BOTH("many changes, one call", coalesced),
	TEST("written, with the same stat", same_stat),
	BOTH("several handlers", shared),
	BOTH("another name", renamed),
	BOTH("a handler stops itself", stops_itself),
	BOTH("feed", fed),
	BOTH("bad arguments", refuses),
	BOTH("fork", forked),
	BOTH("no descriptors left", no_descriptors),
	BOTH("no memory", no_memory),
	TEST("more events than the kernel keeps", overflow),
	TEST("describe", described),
};

TEST_MAIN(tests)
