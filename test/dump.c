/*
 * SPDX-License-Identifier: ISC
 *
 * Tests reactor/dump.c: the numbers are exact, and every handler is told of
 * with its state and the reason why the loop is alive.
 */
#include <reactor/reactor.h>
#include "test/test.h"

enum { LINES = 64, WIDTH = 512 };

static char dump[LINES][WIDTH];
static int ndump, calls;

static void
keep(void *context, const char *line)
{
	CHECK_INT(*(int *)context, 42);
	CHECK(ndump < LINES);
	CHECK(strlen(line) < WIDTH);
	CHECK(strchr(line, '\n') == NULL);
	strcpy(dump[ndump++], line);
}

static void
take(struct reactor *r)
{
	int context = 42;

	ndump = 0;
	reactor_dump(r, keep, &context);
	CHECK(ndump >= 2);
}

/* The line of a handler whose text has all of these. */
static const char *
line_with(const char *a, const char *b)
{
	int i;

	for (i = 2; i < ndump; i++)
		if (strstr(dump[i], a) != NULL && strstr(dump[i], b) != NULL)
			return dump[i];
	test_fail("no line with %s and %s, only: %s, %s, %s, ...", a, b,
	    dump[0], dump[1], dump[2]);
}

static struct reactor *
opened(int measure)
{
	struct reactor_options options = { .measure = measure };
	struct reactor *r = reactor_open(&options);

	CHECK(r != NULL);
	return r;
}

/* ---- One of every kind --------------------------------------------------- */

static void
in_io(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	(void)ready;
	calls++;
	take(r);
	line_with("io ", "waiting");
	reactor_io_stop(r, io);
}

static void
in_timer(struct reactor *r, struct reactor_timer *timer)
{
	(void)timer;
	calls++;
	take(r);
}

static void
in_signal(struct reactor *r, struct reactor_signal *signal,
    const struct reactor_signal_info *info)
{
	(void)info;
	calls++;
	take(r);
	reactor_signal_stop(r, signal);
}

static void
in_post(struct reactor *r, struct reactor_post *post)
{
	calls++;
	take(r);
	line_with("post ", "waiting");
	reactor_post_stop(r, post);
}

static void
in_defer(struct reactor *r, struct reactor_defer *defer)
{
	(void)defer;
	calls++;
	take(r);
}

static void
in_idle(struct reactor *r, struct reactor_idle *idle)
{
	calls++;
	take(r);
	line_with("idle ", "waiting");
	reactor_idle_stop(r, idle);
}

static void
in_prepare(struct reactor *r, struct reactor_prepare *prepare)
{
	(void)prepare;
	calls++;
	take(r);
	line_with("prepare ", "background");
}

static void
in_check(struct reactor *r, struct reactor_check *check)
{
	(void)check;
	calls++;
	take(r);
	line_with("check ", "background");
}

static void
in_path(struct reactor *r, struct reactor_path *path)
{
	(void)r;
	(void)path;
}

static void
in_child(struct reactor *r, struct reactor_child *child)
{
	(void)r;
	(void)child;
}

struct zoo {
	struct reactor_io io;
	struct reactor_timer timer, wall, boot;
	struct reactor_post post;
	struct reactor_defer defer;
	struct reactor_idle idle;
	struct reactor_prepare prepare;
	struct reactor_check check;
	struct reactor_signal signal;
	struct reactor_path path;
	struct reactor_child child;
	int fd[2];
};

static void
zoo_start(struct reactor *r, struct zoo *z)
{
	const int64_t hour = 3600 * REACTOR_SECOND;

	memset(z, 0, sizeof(*z));
	CHECK_INT(pipe(z->fd), 0);
	z->io = (struct reactor_io){ .event = { .name = "client" },
		.callback = in_io,
		.fd = z->fd[0],
		.wanted = REACTOR_READ };
	z->timer.callback = z->wall.callback = z->boot.callback = in_timer;
	z->wall.event.flags = REACTOR_WALL;
	z->boot.event.flags = REACTOR_BOOT;
	z->post.callback = in_post;
	z->defer.callback = in_defer;
	z->idle.callback = in_idle;
	z->prepare.callback = in_prepare;
	z->check.callback = in_check;
	CHECK_INT(reactor_io_start(r, &z->io), 0);
	CHECK_INT(reactor_timer_start(r, &z->timer, hour), 0);
	CHECK_INT(reactor_timer_start(r, &z->wall, hour), 0);
	CHECK_INT(reactor_timer_start(r, &z->boot, hour), 0);
	CHECK_INT(reactor_post_start(r, &z->post), 0);
	CHECK_INT(reactor_defer_start(r, &z->defer), 0);
	CHECK_INT(reactor_idle_start(r, &z->idle), 0);
	CHECK_INT(reactor_prepare_start(r, &z->prepare), 0);
	CHECK_INT(reactor_check_start(r, &z->check), 0);
}

static void
zoo_close(struct reactor *r, struct zoo *z)
{
	CHECK_INT(reactor_close(r), 0);
	close(z->fd[0]);
	close(z->fd[1]);
}

/* ---- The cases ----------------------------------------------------------- */

static void
empty(void)
{
	struct reactor *r = opened(0);
	char first[WIDTH];

	take(r);
	CHECK_INT(ndump, 2);
	snprintf(first, sizeof(first),
	    "%s: 0 turns, 0 events queued, 0 handlers called",
	    reactor_backend_name(r));
	CHECK_STR(dump[0], first);
	CHECK_STR(dump[1], "nothing keeps it running");
	CHECK_INT(reactor_close(r), 0);
}

static void
kinds(void)
{
	struct reactor *r = opened(0);
	struct zoo z;
	char fd[40];

	zoo_start(r, &z);
	take(r);
	CHECK_INT(ndump, 2 + 9);
	CHECK_STR(dump[1],
	    "alive because of 1 io, 1 timer, 1 wall timer, 1 boot timer, "
	    "1 post, 1 defer, 1 idle");
	snprintf(fd, sizeof(fd), "fd %d read", z.fd[0]);
	CHECK_STR(strstr(line_with("io ", fd), "\"client\""), "\"client\"");
	/* What is queued comes first. */
	CHECK(line_with("defer ", "queued") == dump[2]);
	line_with("timer ", "waiting");
	line_with("wall timer ", "waiting");
	line_with("boot timer ", "waiting");
	line_with("post ", "waiting");
	line_with("idle ", "waiting");
	line_with("prepare ", "background");
	line_with("check ", "background");
	zoo_close(r, &z);
}

static void
signals(void)
{
	struct reactor *r = opened(0);
	struct reactor_signal signal = { .callback = in_signal,
		.number = SIGUSR1 };

	CHECK_INT(reactor_signal_start(r, &signal), 0);
	take(r);
	CHECK_STR(dump[1], "alive because of 1 signal");
	line_with("signal ", "waiting");
	CHECK_INT(raise(SIGUSR1), 0);
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(calls, 1);
	take(r);
	CHECK_INT(ndump, 2);
	CHECK_INT(reactor_close(r), 0);
}

static void
children(void)
{
	struct reactor *r = opened(0);
	struct reactor_child child = { .callback = in_child };
	int status;

	child.pid = fork();
	CHECK(child.pid != -1);
	if (child.pid == 0) {
		pause();
		_exit(0);
	}
	CHECK_INT(reactor_child_start(r, &child), 0);
	take(r);
	CHECK_STR(dump[1], "alive because of 1 child");
	line_with("child ", "waiting");
	CHECK_INT(reactor_close(r), 0);
	CHECK_INT(kill(child.pid, SIGKILL), 0);
	CHECK_INT(waitpid(child.pid, &status, 0), child.pid);
}

static void
paths(void)
{
	struct reactor *r = opened(0);
	struct reactor_path path = { .callback = in_path, .path = "/" };

	CHECK_INT(reactor_path_start(r, &path), 0);
	take(r);
	CHECK_STR(dump[1], "alive because of 1 path");
	line_with("path ", "waiting");
	CHECK_INT(reactor_close(r), 0);
}

static void
attributes(void)
{
	struct reactor *r = opened(0);
	struct reactor_defer low = { .event = { .name = "low", .priority = -2 },
		.callback = in_defer };
	struct reactor_defer high = {
		.event = { .name = "high", .priority = 2 }, .callback = in_defer
	};
	struct reactor_timer timer = { .event = { .name = "quiet",
					   .flags = REACTOR_BACKGROUND },
		.callback = in_timer };

	CHECK_INT(reactor_defer_start(r, &low), 0);
	CHECK_INT(reactor_timer_start(r, &timer, REACTOR_SECOND), 0);
	CHECK_INT(reactor_defer_start(r, &high), 0);
	take(r);
	CHECK_INT(ndump, 5);
	CHECK_STR(dump[1], "alive because of 2 defer");
	CHECK(line_with("\"high\"", "  priority 2") == dump[2]);
	CHECK(line_with("\"low\"", "  priority -2") == dump[3]);
	CHECK(line_with("\"quiet\"", "  background") == dump[4]);
	CHECK(strstr(dump[2], "background") == NULL);
	CHECK(strstr(dump[4], "priority") == NULL);
	CHECK_INT(reactor_close(r), 0);
}

static void
see_last(struct reactor *r, struct reactor_defer *defer)
{
	(void)defer;
	take(r);
	line_with("\"due\"", "last call");
	calls++;
}

/* A timer that was due has left its heap, but not the loop. */
static void
last_call(void)
{
	struct reactor *r = opened(0);
	struct reactor_timer timer = { .event = { .name = "due" },
		.callback = in_timer };
	struct reactor_defer defer = { .event = { .priority = 2 },
		.callback = see_last };

	CHECK_INT(reactor_timer_start(r, &timer, 0), 0);
	CHECK_INT(reactor_defer_start(r, &defer), 0);
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(calls, 2);
	CHECK_INT(reactor_close(r), 0);
}

static void
callbacks(void)
{
	struct reactor *r = opened(0);
	struct zoo z;

	zoo_start(r, &z);
	CHECK_INT(reactor_timer_start(r, &z.timer, 0), 0);
	CHECK_INT(reactor_timer_start(r, &z.wall, 0), 0);
	CHECK_INT(reactor_timer_start(r, &z.boot, 0), 0);
	CHECK_INT(write(z.fd[1], "x", 1), 1);
	reactor_post_send(r, &z.post);
	CHECK_INT(reactor_run(r), 0);
	CHECK(calls >= 7 + 2); /* prepare and check in each turn */
	take(r);
	CHECK_STR(dump[1], "nothing keeps it running");
	CHECK_INT(ndump, 4);
	zoo_close(r, &z);
}

static void
unstarted_post(void)
{
	struct reactor *r = opened(0);
	struct reactor_post post = { .callback = in_post };

	reactor_post_send(r, &post);
	take(r);
	CHECK_STR(dump[1], "alive because of 1 sent");
	reactor_post_stop(r, &post);
	take(r);
	CHECK_STR(dump[1], "nothing keeps it running");
	CHECK_INT(reactor_close(r), 0);
}

/* Names may be anything, and lines stay lines. */
static void
names(void)
{
	static char name[3000];
	struct reactor *r = opened(0);
	struct reactor_defer odd = { .event = { .name = "a\n\"b\"\x1b\xff\t" },
		.callback = in_defer };
	struct reactor_defer big = { .event = { .name = name,
					 .priority = 1,
					 .flags = REACTOR_BACKGROUND },
		.callback = in_defer };

	memset(name, 'x', sizeof(name) - 1);
	CHECK_INT(reactor_defer_start(r, &odd), 0);
	CHECK_INT(reactor_defer_start(r, &big), 0);
	take(r);
	line_with("\"a\\n\\\"b\\\"\\u001b\\u00ff\\u0009\"", "defer");
	line_with("xxxxx...\"  priority 1  background", "defer");
	CHECK_INT(reactor_close(r), 0);
}

static int refuse;

static void *
refusing(void *memory, size_t size)
{
	CHECK(!refuse || size == 0);
	if (size > 0)
		return realloc(memory, size);
	free(memory);
	return NULL;
}

static void
no_memory(void)
{
	struct reactor *r;
	struct zoo z;

	reactor_set_allocator(refusing);
	r = opened(0);
	zoo_start(r, &z);
	refuse = 1;
	take(r);
	CHECK_INT(ndump, 11);
	zoo_close(r, &z);
}

static void
statistics(void)
{
	struct reactor *r = opened(0);
	struct reactor_statistics stats;
	struct reactor_defer defer[5];
	struct reactor_prepare prepare = { .callback = in_prepare };
	int i, turn;

	memset(&stats, 0xff, sizeof(stats));
	reactor_stats(r, &stats);
	CHECK_INT(stats.turns, 0);
	CHECK_INT(stats.events, 0);
	CHECK_INT(stats.handlers, 0);
	CHECK_INT(stats.longest, 0);
	CHECK_INT(stats.active, 0);
	memset(defer, 0, sizeof(defer));
	CHECK_INT(reactor_prepare_start(r, &prepare), 0);
	for (turn = 0; turn < 3; turn++) {
		for (i = 0; i < 5; i++) {
			defer[i].callback = in_defer;
			CHECK_INT(reactor_defer_start(r, &defer[i]), 0);
		}
		/* Dropped: an event, but not a call. */
		reactor_defer_stop(r, &defer[turn]);
		reactor_stats(r, &stats);
		CHECK_INT(stats.active, 4);
		CHECK_INT(reactor_run_once(r, 0), 5);
	}
	reactor_stats(r, &stats);
	CHECK_INT(stats.turns, 3);
	CHECK_INT(stats.events, 15);
	CHECK_INT(stats.handlers, 15);
	CHECK_INT(stats.longest, 0);
	CHECK_INT(stats.active, 0);
	CHECK_INT(calls, 15);
	CHECK_INT(reactor_close(r), 0);
}

static void
busy(struct reactor *r, struct reactor_defer *defer)
{
	int64_t end = test_clock() + 2 * REACTOR_MILLISECOND;

	(void)r;
	(void)defer;
	while (test_clock() < end)
		continue;
}

static void
longest(void)
{
	struct reactor *r = opened(1);
	struct reactor_defer hog = { .callback = busy };
	struct reactor_statistics stats;
	int64_t before;

	CHECK_INT(reactor_defer_start(r, &hog), 0);
	before = test_clock();
	CHECK_INT(reactor_run(r), 0);
	reactor_stats(r, &stats);
	CHECK(stats.longest >= 2 * REACTOR_MILLISECOND);
	CHECK(stats.longest <= test_clock() - before);
	take(r);
	CHECK(strstr(dump[0], ", the longest ") != NULL);
	CHECK_INT(reactor_close(r), 0);
}

/* ---- While prepare and check handlers are called -------------------------- */

static void
each_prepare(struct reactor *r, struct reactor_prepare *prepare)
{
	(void)prepare;
	calls++;
	take(r);
	line_with("prepare ", "\"first\"");
	line_with("prepare ", "\"second\"");
	line_with("check ", "\"third\"");
}

static void
each_check(struct reactor *r, struct reactor_check *check)
{
	(void)check;
	calls++;
	take(r);
	line_with("prepare ", "\"first\"");
	line_with("prepare ", "\"second\"");
	line_with("check ", "\"third\"");
	line_with("check ", "\"fourth\"");
}

static void
hooks(void)
{
	struct reactor_prepare prepare[2] = { { .event.name = "first",
						  .callback = each_prepare },
		{ .event.name = "second", .callback = each_prepare } };
	struct reactor_check check[2] = { { .event.name = "third",
					      .callback = each_check },
		{ .event.name = "fourth", .callback = each_check } };
	struct reactor *r = opened(0);
	int i;

	for (i = 0; i < 2; i++) {
		CHECK_INT(reactor_prepare_start(r, &prepare[i]), 0);
		CHECK_INT(reactor_check_start(r, &check[i]), 0);
	}
	CHECK_INT(reactor_run_once(r, 0), 4);
	CHECK_INT(calls, 4);
	CHECK_INT(reactor_close(r), 0);
}

static const struct test tests[] = {
	TEST("an empty loop", empty),
	TEST("a handler of every kind", kinds),
	TEST("signals", signals),
	TEST("children", children),
	TEST("paths", paths),
	TEST("name, priority and background", attributes),
	TEST("a one-shot timer that is queued", last_call),
	TEST("works inside callbacks", callbacks),
	TEST("works inside prepare and check", hooks),
	TEST("a post that was only sent keeps the loop alive", unstarted_post),
	TEST("any byte may be in a name, and any number", names),
	TEST("needs no memory", no_memory),
	TEST("statistics count exactly", statistics),
	TEST("the longest call is measured", longest),
};
TEST_MAIN(tests)
