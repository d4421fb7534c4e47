/*
 * SPDX-License-Identifier: ISC
 *
 * adapter_glib.c: this loop inside GLib's, GLib's inside this one, and one
 * inside the other inside a third.
 */
#include <glib-unix.h>
#include <pthread.h>
#include "coro/task.h"
#include "reactor/adapters/glib.h"
#include "test/loop.h"

static GMainContext *context;
static GMainLoop *mainloop;
static struct reactor *loop;
static struct reactor_glib joined;

static void
begin(void)
{
	loop = loop_open();
	context = g_main_context_new();
	mainloop = g_main_loop_new(context, FALSE);
}

static void
end(void)
{
	reactor_glib_stop(loop, &joined);
	CHECK_INT(reactor_close(loop), 0);
	g_main_loop_unref(mainloop);
	g_main_context_unref(context);
}

static uint64_t
turns(void)
{
	struct reactor_statistics statistics;

	reactor_stats(loop, &statistics);
	return statistics.turns;
}

/* ---- Handlers and sources that note -------------------------------------- */

static int letters_left; /* before both loops are stopped */

static void
note(int letter)
{
	loop_log(letter);
	if (--letters_left == 0) {
		g_main_loop_quit(mainloop);
		reactor_stop(loop);
	}
}

struct ticker {
	struct reactor_timer timer;
	char letter;
};

static void
tick(struct reactor *r, struct reactor_timer *timer)
{
	(void)r;
	note(((struct ticker *)timer)->letter);
}

static void
ticker_start(struct ticker *t, char letter, int64_t after, int64_t every)
{
	memset(t, 0, sizeof(*t));
	t->timer.callback = tick;
	t->timer.every = every * LOOP_MS;
	t->letter = letter;
	CHECK_INT(reactor_timer_start(loop, &t->timer, after * LOOP_MS), 0);
}

static gboolean
source_called(gpointer letter)
{
	note(GPOINTER_TO_INT(letter));
	return g_ascii_isupper(GPOINTER_TO_INT(letter)) ? G_SOURCE_CONTINUE
							: G_SOURCE_REMOVE;
}

/* A capital letter for one that stays. */
static GSource *
source_add(GSource *source, GSourceFunc callback, int letter)
{
	g_source_set_callback(source, callback, GINT_TO_POINTER(letter), NULL);
	g_source_attach(source, context);
	g_source_unref(source);
	return source;
}

static GSource *
fd_source(
    int fd, GIOCondition condition, GUnixFDSourceFunc callback, void *data)
{
	GSource *source = g_unix_fd_source_new(fd, condition);

	g_source_set_callback(
	    source, (GSourceFunc)(void (*)(void))callback, data, NULL);
	g_source_attach(source, context);
	g_source_unref(source);
	return source;
}

/* ---- This loop inside GLib's --------------------------------------------- */

static GSource *inner;

static void
begin_inner(void)
{
	begin();
	inner = reactor_glib_source(loop);
	if (inner == NULL) {
		CHECK_INT(errno, ENOTSUP);
		CHECK(loop_is(loop, "poll") || loop_is(loop, "select"));
		end();
		SKIP("this backend has no descriptor");
	}
	g_source_attach(inner, context);
}

static void
end_inner(void)
{
	g_source_destroy(inner);
	g_source_unref(inner);
	end();
}

static void
run_inner(int letters)
{
	letters_left = letters;
	g_main_loop_run(mainloop);
}

static void
inner_timers(void)
{
	struct ticker a, b;

	begin_inner();
	ticker_start(&a, 'a', 20, 0);
	ticker_start(&b, 'b', 60, 0);
	source_add(g_timeout_source_new(40), source_called, 'x');
	source_add(g_timeout_source_new(80), source_called, 'y');
	run_inner(4);
	CHECK_STR(loop_said(), "axby");
	/* One that is due at once, and one that is moved. */
	ticker_start(&a, 'a', 0, 0);
	run_inner(1);
	ticker_start(&a, 'a', 1000000, 0);
	source_add(g_timeout_source_new(20), source_called, 'x');
	run_inner(1);
	CHECK_INT(reactor_timer_start(loop, &a.timer, 20 * LOOP_MS), 0);
	run_inner(1);
	CHECK_STR(loop_said(), "axa");
	end_inner();
}

static int inner_pipe[2];

static gboolean
puts_byte(gpointer unused)
{
	(void)unused;
	loop_put(inner_pipe[1]);
	return G_SOURCE_REMOVE;
}

static void
reads_byte(struct reactor *r, struct loop_io *l)
{
	char byte;

	(void)r;
	CHECK_INT(read(l->io.fd, &byte, 1), 1);
	note('r');
}

static void
inner_io(void)
{
	struct loop_io reader;
	int i;

	begin_inner();
	loop_pipe(inner_pipe);
	loop_watch(loop, &reader, inner_pipe[0], REACTOR_READ);
	reader.then = reads_byte;
	for (i = 0; i < 3; i++) {
		source_add(g_timeout_source_new(10), puts_byte, 0);
		run_inner(1);
	}
	CHECK_STR(loop_said(), "rrr");
	reactor_io_stop(loop, &reader.io);
	loop_close(inner_pipe);
	end_inner();
}

static void
posted(struct reactor *r, struct reactor_post *post)
{
	(void)r;
	(void)post;
	note('p');
}

static void *
posts(void *post)
{
	loop_sleep(30 * LOOP_MS);
	reactor_post_send(loop, post);
	return NULL;
}

static void
inner_thread(void)
{
	struct reactor_post post = { .callback = posted };
	pthread_t thread;
	int i;

	begin_inner();
	for (i = 0; i < 3; i++) {
		CHECK_INT(pthread_create(&thread, NULL, posts, &post), 0);
		run_inner(1);
		CHECK_INT(pthread_join(thread, NULL), 0);
	}
	CHECK_STR(loop_said(), "ppp");
	end_inner();
}

/* Neither loop works when there is nothing to do. */
static void
inner_rests(void)
{
	struct ticker far;
	uint64_t before;

	begin_inner();
	ticker_start(&far, 'f', 1000000, 0);
	source_add(g_timeout_source_new(300), source_called, 'x');
	before = turns();
	run_inner(1);
	CHECK(turns() - before < 5);
	CHECK_STR(loop_said(), "x");
	end_inner();
}

static void
idles(struct reactor *r, struct reactor_idle *idle)
{
	(void)r;
	(void)idle;
	note('i');
}

/* Each gets its turn, also when both are always busy. */
static void
inner_fair(void)
{
	struct reactor_idle idle = { .callback = idles };
	const char *said;

	begin_inner();
	CHECK_INT(reactor_idle_start(loop, &idle), 0);
	source_add(g_timeout_source_new(0), source_called, 'X');
	run_inner(100);
	said = loop_said();
	CHECK(strchr(said, 'X') != NULL);
	CHECK(strchr(said, 'i') != NULL);
	end_inner();
}

static struct ticker late;

static void
destroys(struct reactor *r, struct reactor_defer *defer)
{
	(void)r;
	(void)defer;
	g_source_destroy(inner);
	ticker_start(&late, 'l', 1, 0);
	note('d');
}

static void
inner_destroyed(void)
{
	struct reactor_defer defer = { .callback = destroys };

	begin_inner();
	CHECK_INT(reactor_defer_start(loop, &defer), 0);
	source_add(g_timeout_source_new(50), source_called, 'x');
	run_inner(2);
	CHECK_STR(loop_said(), "dx");
	end_inner();
}

static intptr_t
sleeps(void *unused)
{
	int i;

	(void)unused;
	for (i = 0; i < 3; i++) {
		if (task_sleep(5 * LOOP_MS) == -1 || task_yield() == -1)
			return -1;
		note('t');
	}
	return 7;
}

static void
inner_tasks(void)
{
	struct task_outcome outcome;
	struct task *t;

	begin_inner();
	CHECK_INT(task_begin(loop, NULL), 0);
	t = task_spawn(sleeps, NULL);
	CHECK(t != NULL);
	run_inner(3);
	CHECK_STR(loop_said(), "ttt");
	while (task_peek(t, &outcome), outcome.state == TASK_PENDING)
		CHECK(g_main_context_iteration(context, TRUE));
	CHECK_INT(outcome.result, 7);
	task_detach(t);
	CHECK_INT(task_end(loop), 0);
	end_inner();
}

/* ---- GLib's inside this loop --------------------------------------------- */

static void
begin_outer(void)
{
	begin();
	CHECK_INT(reactor_glib_start(loop, &joined, context), 0);
}

static void
run_outer(int letters)
{
	letters_left = letters;
	CHECK_INT(reactor_run(loop), 0);
}

static void
outer_timers(void)
{
	struct ticker a, b;

	begin_outer();
	CHECK_INT(reactor_glib_start(loop, &joined, context), -1);
	CHECK_INT(errno, EBUSY);
	ticker_start(&a, 'a', 20, 0);
	ticker_start(&b, 'b', 60, 0);
	source_add(g_timeout_source_new(40), source_called, 'x');
	source_add(g_timeout_source_new(80), source_called, 'y');
	run_outer(4);
	CHECK_STR(loop_said(), "axby");
	source_add(g_idle_source_new(), source_called, 'x');
	source_add(g_idle_source_new(), source_called, 'y');
	run_outer(2);
	CHECK_STR(loop_said(), "xy");
	end();
}

static gboolean
fd_called(gint fd, GIOCondition condition, gpointer letter)
{
	char byte;

	if (condition & G_IO_IN)
		CHECK_INT(read(fd, &byte, 1), condition & G_IO_HUP ? 0 : 1);
	if (condition & G_IO_HUP)
		loop_log('-');
	if (condition & G_IO_NVAL)
		loop_log('!');
	note(GPOINTER_TO_INT(letter));
	return (condition & (G_IO_HUP | G_IO_NVAL)) == 0;
}

static void
outer_io(void)
{
	int fd[2], i;

	begin_outer();
	loop_pipe(fd);
	fd_source(fd[0], G_IO_IN, fd_called, GINT_TO_POINTER('r'));
	for (i = 0; i < 3; i++) {
		loop_put(fd[1]);
		run_outer(1);
	}
	CHECK_STR(loop_said(), "rrr");
	fd_source(fd[1], G_IO_OUT, fd_called, GINT_TO_POINTER('w'));
	run_outer(2);
	CHECK_STR(loop_said(), "ww");
	end();
	loop_close(fd);
}

/* A hang-up alone; and one that was closed. */
static void
outer_ends(void)
{
	int fd[2], closed;

	begin_outer();
	loop_pair(fd);
	fd_source(fd[0], G_IO_HUP, fd_called, GINT_TO_POINTER('h'));
	CHECK(reactor_run_once(loop, 0) >= 0);
	CHECK_INT(close(fd[1]), 0);
	run_outer(1);
	CHECK_STR(loop_said(), "-h");
	closed = dup(fd[0]);
	CHECK(closed != -1);
	fd_source(closed, G_IO_IN, fd_called, GINT_TO_POINTER('c'));
	CHECK_INT(close(closed), 0);
	run_outer(1);
	CHECK_STR(loop_said(), "!c");
	end();
	CHECK_INT(close(fd[0]), 0);
}

/* One source's descriptor is closed, and the next has its number. */
static gboolean
replaced(gint fd, GIOCondition condition, gpointer other)
{
	static int count;
	int *next = other;

	(void)condition;
	if (++count < 20) {
		CHECK_INT(close(fd), 0);
		CHECK_INT(close(next[1]), 0);
		loop_pipe(next);
		CHECK_INT(next[0], fd);
		fd_source(fd, G_IO_IN, replaced, next);
		loop_put(next[1]);
	}
	note('n');
	return G_SOURCE_REMOVE;
}

/* The same, but in a handler of this loop. */
static GSource *renewed;

static void
renews(struct reactor *r, struct reactor_timer *timer)
{
	static int fd[2], last = -1;

	(void)r;
	(void)timer;
	if (renewed != NULL) {
		g_source_destroy(renewed);
		loop_close(fd);
	}
	loop_pipe(fd);
	if (last != -1)
		CHECK_INT(fd[0], last);
	last = fd[0];
	renewed = fd_source(fd[0], G_IO_IN, fd_called, GINT_TO_POINTER('r'));
	if (letters_left > 1)
		loop_put(fd[1]);
	else
		loop_close(fd);
}

static void
outer_reused(void)
{
	struct reactor_timer timer = { .callback = renews,
		.every = 5 * LOOP_MS };
	int fd[2];

	begin_outer();
	loop_pipe(fd);
	fd_source(fd[0], G_IO_IN, replaced, fd);
	loop_put(fd[1]);
	run_outer(20);
	loop_close(fd);
	CHECK_INT(strlen(loop_said()), 20);
	CHECK_INT(reactor_timer_start(loop, &timer, 0), 0);
	letters_left = 20;
	while (letters_left > 1)
		CHECK(reactor_run_once(loop, -1) >= 0);
	renews(loop, &timer);
	g_source_destroy(renewed);
	CHECK_INT(strlen(loop_said()), 19);
	end();
}

static void *
invokes(void *unused)
{
	(void)unused;
	loop_sleep(30 * LOOP_MS);
	source_add(g_idle_source_new(), source_called, 'v');
	return NULL;
}

static void
outer_thread(void)
{
	pthread_t thread;
	int i;

	begin_outer();
	for (i = 0; i < 3; i++) {
		CHECK_INT(pthread_create(&thread, NULL, invokes, NULL), 0);
		run_outer(1);
		CHECK_INT(pthread_join(thread, NULL), 0);
	}
	CHECK_STR(loop_said(), "vvv");
	end();
}

static void *
starts(void *unused)
{
	struct reactor_glib other = { 0 };

	(void)unused;
	CHECK_INT(reactor_glib_start(loop, &other, context), -1);
	CHECK_INT(errno, EBUSY);
	return NULL;
}

static void
outer_owned(void)
{
	pthread_t thread;

	begin_outer();
	CHECK_INT(pthread_create(&thread, NULL, starts, NULL), 0);
	CHECK_INT(pthread_join(thread, NULL), 0);
	end();
}

static void
outer_rests(void)
{
	struct ticker far;
	uint64_t before;

	begin_outer();
	ticker_start(&far, 'f', 1000000, 0);
	source_add(g_timeout_source_new(300), source_called, 'x');
	before = turns();
	run_outer(1);
	CHECK(turns() - before < 5);
	CHECK_STR(loop_said(), "x");
	end();
}

static void
outer_fair(void)
{
	struct reactor_idle idle = { .callback = idles };
	struct ticker ticker;
	const char *said;

	begin_outer();
	CHECK_INT(reactor_idle_start(loop, &idle), 0);
	source_add(g_timeout_source_new(1), source_called, 'X');
	ticker_start(&ticker, 't', 1, 1);
	run_outer(2000);
	said = loop_said();
	CHECK(strchr(said, 'X') != NULL);
	CHECK(strchr(said, 'i') != NULL);
	CHECK(strchr(said, 't') != NULL);
	end();
}

/* More descriptors than there was room for; every third goes, and so on. */
static void
outer_many(void)
{
	GSource *sources[100];
	int fd[100][2], i, round, left = 100;

	begin_outer();
	for (i = 0; i < 100; i++) {
		loop_pair(fd[i]);
		sources[i] = fd_source(
		    fd[i][0], G_IO_IN, fd_called, GINT_TO_POINTER('m'));
		if (i % 10 == 0)
			CHECK(reactor_run_once(loop, 0) >= 0);
	}
	for (round = 0; left > 0; round++) {
		for (i = 0; i < 100; i++)
			if (sources[i] != NULL)
				loop_put(fd[i][1]);
		run_outer(left);
		CHECK_INT(strlen(loop_said()), left);
		for (i = round % 3; i < 100; i += 3) {
			if (sources[i] == NULL)
				continue;
			g_source_destroy(sources[i]);
			sources[i] = NULL;
			left--;
		}
	}
	for (i = 0; i < 100; i++)
		loop_close(fd[i]);
	end();
}

static gboolean
stops(gpointer glib)
{
	reactor_glib_stop(loop, glib);
	reactor_glib_stop(loop, glib);
	free(glib);
	loop_log('s');
	return G_SOURCE_REMOVE;
}

/* In a callback of GLib's, and before another that was due. */
static void
outer_stopped(void)
{
	struct reactor_glib *glib = calloc(1, sizeof(*glib));
	struct ticker after;
	GSource *source;

	begin();
	CHECK(glib != NULL);
	CHECK_INT(reactor_glib_start(loop, glib, context), 0);
	source = g_idle_source_new();
	g_source_set_callback(source, stops, glib, NULL);
	g_source_attach(source, context);
	g_source_unref(source);
	ticker_start(&after, 'a', 20, 0);
	letters_left = 100;
	CHECK_INT(reactor_run(loop), 0); /* it ends by itself */
	CHECK_STR(loop_said(), "sa");
	/* In a handler of this loop's, before the dispatch. */
	CHECK_INT(reactor_glib_start(loop, &joined, context), 0);
	reactor_glib_stop(loop, &joined);
	CHECK_INT(reactor_run(loop), 0);
	end();
}

static gboolean
quits(gpointer unused)
{
	(void)unused;
	g_main_loop_quit(mainloop);
	return G_SOURCE_REMOVE;
}

/* As a modal dialogue does. */
static gboolean
nests(gpointer letter)
{
	source_add(g_timeout_source_new(20), quits, 0);
	g_main_loop_run(mainloop);
	note(GPOINTER_TO_INT(letter));
	return G_SOURCE_REMOVE;
}

static void
outer_nested(void)
{
	begin_outer();
	source_add(g_idle_source_new(), nests, 'n');
	source_add(g_timeout_source_new(60), source_called, 'x');
	run_outer(2);
	CHECK_STR(loop_said(), "nx");
	end();
}

static void
outer_default(void)
{
	begin();
	CHECK_INT(reactor_glib_start(loop, &joined, NULL), 0);
	g_timeout_add(10, source_called, GINT_TO_POINTER('g'));
	run_outer(1);
	CHECK_STR(loop_said(), "g");
	end();
}

/* ---- A loop inside GLib's inside a loop ---------------------------------- */

static void
both(void)
{
	struct ticker a, b;
	struct reactor *third;

	begin_inner();
	third = loop_open();
	CHECK_INT(reactor_glib_start(third, &joined, context), 0);
	ticker_start(&a, 'a', 20, 0);
	ticker_start(&b, 'b', 60, 0);
	source_add(g_timeout_source_new(40), source_called, 'x');
	letters_left = 3;
	while (letters_left > 0)
		CHECK(reactor_run_once(third, -1) >= 0);
	CHECK_STR(loop_said(), "axb");
	reactor_glib_stop(third, &joined);
	CHECK_INT(reactor_close(third), 0);
	end_inner();
}

static const struct test tests[] = {
	TEST("inside GLib: timers", inner_timers),
	TEST("inside GLib: descriptors", inner_io),
	TEST("inside GLib: woken by a thread", inner_thread),
	TEST("inside GLib: nothing to do", inner_rests),
	TEST("inside GLib: both busy", inner_fair),
	TEST("inside GLib: destroyed in a callback", inner_destroyed),
	TEST("inside GLib: tasks", inner_tasks),
	TEST("GLib inside: timers and idle sources", outer_timers),
	TEST("GLib inside: descriptors", outer_io),
	TEST("GLib inside: hang-up, closed", outer_ends),
	TEST("GLib inside: the same descriptor again", outer_reused),
	TEST("GLib inside: woken by a thread", outer_thread),
	TEST("GLib inside: in one thread only", outer_owned),
	TEST("GLib inside: nothing to do", outer_rests),
	TEST("GLib inside: all busy", outer_fair),
	TEST("GLib inside: a hundred descriptors", outer_many),
	TEST("GLib inside: stopped and freed in a callback", outer_stopped),
	TEST("GLib inside: a loop in a callback", outer_nested),
	TEST_FLAGS(
	    "GLib inside: the default context", outer_default, TEST_LEAKY),
	TEST("one inside the other inside a third", both),
};
TEST_MAIN(tests)
