/*
 * SPDX-License-Identifier: ISC
 *
 * glib.c: this loop and GLib's in one thread.  Both have a timer, and GLib a
 * thread that sends; first one loop is in charge, then the other:
 *
 *   g_main_loop_run --> source --> reactor: its timers
 *   reactor_run --> prepare, check --> GMainContext: its sources
 *
 *	build/demos/glib
 */
#include <reactor/adapters/glib.h>
#include "demos/demo.h"

enum { BEATS = 3, EVERY_MS = 40, OTHER_MS = 60 };

static const char *backend;

static struct {
	int ours, theirs, sent; /* what has come */
	int64_t began;
	void (*over)(void); /* when all have */
} beats;

static struct reactor *loop;
static GMainLoop *main_loop;

static void
tell(const char *who, int number)
{
	printf("  %4d ms  %s %d\n",
	    (int)((demo_now() - beats.began) / REACTOR_MILLISECOND), who,
	    number);
	if (beats.ours == BEATS && beats.theirs == BEATS && beats.sent > 0)
		beats.over();
}

/* ---- What each loop does ------------------------------------------------- */

static void
our_timer(struct reactor *r, struct reactor_timer *timer)
{
	if (++beats.ours == BEATS)
		reactor_timer_stop(r, timer);
	tell("reactor: timer", beats.ours);
}

static gboolean
their_timer(gpointer unused)
{
	gboolean again = ++beats.theirs < BEATS;

	(void)unused;
	tell("GLib: timeout", beats.theirs);
	return again;
}

static gboolean
their_message(gpointer unused)
{
	(void)unused;
	beats.sent++;
	tell("GLib: sent by a thread", beats.sent);
	return G_SOURCE_REMOVE;
}

static gpointer
their_thread(gpointer context)
{
	g_usleep(100000);
	g_main_context_invoke(context, their_message, NULL);
	return NULL;
}

/* Both timers and the thread, then `run` until all of it has come. */
static void
beat(void (*run)(void), void (*over)(void))
{
	struct reactor_timer timer = { .callback = our_timer,
		.every = EVERY_MS * REACTOR_MILLISECOND };
	GThread *thread;

	beats.ours = beats.theirs = beats.sent = 0;
	beats.began = demo_now();
	beats.over = over;
	if (reactor_timer_start(loop, &timer, timer.every) == -1)
		demo_fail("timer: %s", strerror(errno));
	(void)g_timeout_add(OTHER_MS, their_timer, NULL);
	thread = g_thread_new("sender", their_thread, g_main_context_default());
	run();
	(void)g_thread_join(thread);
	reactor_timer_stop(loop, &timer);
}

/* ---- Who is in charge ---------------------------------------------------- */

static void
run_glib(void)
{
	g_main_loop_run(main_loop);
}

static void
stop_glib(void)
{
	g_main_loop_quit(main_loop);
}

static void
glib_in_charge(void)
{
	GSource *source = reactor_glib_source(loop);

	puts("GLib in charge, this loop a source of it:");
	if (source == NULL) {
		printf("  not with %s: %s\n", reactor_backend_name(loop),
		    errno == ENOTSUP ? "it has no descriptor to wait for"
				     : strerror(errno));
		return;
	}
	(void)g_source_attach(source, NULL);
	beat(run_glib, stop_glib);
	g_source_destroy(source);
	g_source_unref(source);
}

static void
run_reactor(void)
{
	if (reactor_run(loop) == -1)
		demo_fail("reactor_run: %s", strerror(errno));
}

static void
stop_reactor(void)
{
	reactor_stop(loop);
}

static void
reactor_in_charge(void)
{
	struct reactor_glib glib;

	memset(&glib, 0, sizeof(glib));
	puts("This loop in charge, GLib's sources among its handlers:");
	if (reactor_glib_start(loop, &glib, NULL) == -1)
		demo_fail("glib: %s", strerror(errno));
	beat(run_reactor, stop_reactor);
	reactor_glib_stop(loop, &glib);
}

/* ---- The command line ---------------------------------------------------- */

static const struct demo_option options[] = {
	{ .name = "backend",
	    .value = "NAME",
	    .help = "of the loop: epoll, kqueue, poll, select",
	    .text = &backend },
	{ .name = NULL },
};

int
main(int argc, char **argv)
{
	struct reactor_options open = { .backend = NULL };

	(void)demo_options(argc, argv,
	    "GLib's loop and this one in one thread, either inside the other.",
	    options);
	setvbuf(stdout, NULL, _IOLBF, 0);
	open.backend = backend;
	loop = reactor_open(&open);
	if (loop == NULL)
		demo_fail("%s", reactor_error());
	main_loop = g_main_loop_new(NULL, FALSE);
	glib_in_charge();
	reactor_in_charge();
	g_main_loop_unref(main_loop);
	return reactor_close(loop) == -1;
}
