/*
 * SPDX-License-Identifier: ISC
 *
 * glib.c: two loops in one thread: this one inside GLib's, then GLib's inside
 * this one.  Each has a timer and one end of a pipe, and writes what the other
 * reads: a word comes from whichever loop it was said in.
 *
 *	build/demos/glib
 *	build/demos/glib --backend=poll		the second half only
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <glib-unix.h>
#include <reactor/adapters/glib.h>
#include "demos/demo.h"

#define STEPS 4
#define EVERY 50 /* ms */

static const char *backend;
static struct reactor *loop;
static GMainLoop *mainloop;
static int to_glib[2], to_reactor[2], steps;

/* Both are told, as only one of them is in charge. */
static void
step(void)
{
	if (++steps < 2 * STEPS)
		return;
	g_main_loop_quit(mainloop);
	reactor_stop(loop);
}

static void
say(int fd, const char *who)
{
	char word[32];
	int n = snprintf(word, sizeof(word), "%s at step %d", who, steps);

	if (write(fd, word, (size_t)n) == -1)
		demo_warn("write: %s", strerror(errno));
}

static void
hear(int fd, const char *who)
{
	char word[64];
	ssize_t n = read(fd, word, sizeof(word) - 1);

	word[n > 0 ? n : 0] = '\0';
	printf("  %-8s hears from %s\n", who, word);
}

/* ---- What each loop does ------------------------------------------------- */

static void
reactor_ticks(struct reactor *r, struct reactor_timer *timer)
{
	(void)r;
	(void)timer;
	puts("reactor: tick");
	say(to_glib[1], "reactor");
	step();
}

static void
reactor_hears(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	(void)r;
	(void)ready;
	hear(io->fd, "reactor");
}

static gboolean
glib_ticks(gpointer unused)
{
	(void)unused;
	puts("GLib:    tick");
	say(to_reactor[1], "GLib");
	step();
	return G_SOURCE_CONTINUE;
}

static gboolean
glib_hears(gint fd, GIOCondition condition, gpointer unused)
{
	(void)condition;
	(void)unused;
	hear(fd, "GLib");
	return G_SOURCE_CONTINUE;
}

/* ---- Who is in charge ---------------------------------------------------- */

static void
run_glib(void)
{
	GSource *source = reactor_glib_source(loop);

	if (source == NULL) {
		printf("GLib in charge: not with %s: %s\n",
		    reactor_backend_name(loop), strerror(errno));
		return;
	}
	printf("GLib in charge, with %s in it:\n", reactor_backend_name(loop));
	g_source_attach(source, NULL);
	g_main_loop_run(mainloop);
	g_source_destroy(source);
	g_source_unref(source);
}

static void
run_reactor(void)
{
	struct reactor_glib glib = { 0 };

	printf("reactor in charge, by %s, with GLib in it:\n",
	    reactor_backend_name(loop));
	if (reactor_glib_start(loop, &glib, NULL) == -1 ||
	    reactor_run(loop) == -1)
		demo_fail("%s", strerror(errno));
	reactor_glib_stop(loop, &glib);
}

static void
both(void (*run)(void))
{
	struct reactor_options options = { .backend = backend };
	struct reactor_timer timer = { .callback = reactor_ticks,
		.every = EVERY * REACTOR_MILLISECOND };
	struct reactor_io io = { .callback = reactor_hears };
	guint tick, word;
	int i;

	loop = reactor_open(&options);
	if (loop == NULL)
		demo_fail("%s", reactor_error());
	steps = 0;
	if (pipe(to_glib) == -1 || pipe(to_reactor) == -1)
		demo_fail("pipe: %s", strerror(errno));
	io.fd = to_reactor[0];
	io.wanted = REACTOR_READ;
	if (reactor_io_start(loop, &io) == -1 ||
	    reactor_timer_start(loop, &timer, timer.every / 2) == -1)
		demo_fail("%s", strerror(errno));
	tick = g_timeout_add(EVERY, glib_ticks, NULL);
	word = g_unix_fd_add(to_glib[0], G_IO_IN, glib_hears, NULL);
	run();
	g_source_remove(tick);
	g_source_remove(word);
	reactor_close(loop);
	for (i = 0; i < 2; i++) {
		close(to_glib[i]);
		close(to_reactor[i]);
	}
}

static const struct demo_option options[] = {
	{ .name = "backend",
	    .value = "NAME",
	    .help = "epoll, kqueue, poll, select",
	    .text = &backend },
	{ .name = NULL },
};

int
main(int argc, char **argv)
{
	demo_options(argc, argv,
	    "Runs this loop inside GLib's, then GLib's inside this one.",
	    options);
	setvbuf(stdout, NULL, _IOLBF, 0);
	mainloop = g_main_loop_new(NULL, FALSE);
	both(run_glib);
	both(run_reactor);
	g_main_loop_unref(mainloop);
	demo_write_end(stdout, "standard output");
	return 0;
}
