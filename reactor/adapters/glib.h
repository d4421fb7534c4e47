/*
 * SPDX-License-Identifier: ISC
 *
 * glib.h: this loop and GLib's in one thread, either inside the other.  Where
 * GLib is in charge:
 *
 *	GSource *source = reactor_glib_source(r);
 *
 *	g_source_attach(source, NULL);
 *	g_main_loop_run(main_loop);
 *
 * and where this loop is, reactor_glib_start(r, &glib, NULL), then
 * reactor_run(r), which serves the sources of the default context, too.
 * reactor_glib(3) has the details.
 */
#ifndef REACTOR_ADAPTERS_GLIB_H
#define REACTOR_ADAPTERS_GLIB_H

#include <errno.h>
#include <string.h>
#include <glib.h>
#include <reactor/reactor.h>

/* ---- This loop inside GLib's --------------------------------------------- */

struct reactor__glib_source {
	GSource source;
	struct reactor *reactor;
	gpointer tag;
	int fd;
};

/* A loop that had to be repaired has another descriptor. */
static inline void
reactor__glib_follow(struct reactor__glib_source *s)
{
	int fd = reactor_descriptor(s->reactor);

	if (fd == s->fd)
		return;
	if (s->tag != NULL)
		g_source_remove_unix_fd(&s->source, s->tag);
	s->tag =
	    fd == -1 ? NULL : g_source_add_unix_fd(&s->source, fd, G_IO_IN);
	s->fd = fd;
}

/* An error is for the next run to tell. */
static inline gboolean
reactor__glib_source_prepare(GSource *source, gint *timeout)
{
	struct reactor__glib_source *s = (struct reactor__glib_source *)source;
	int64_t ns;

	if (reactor_next(s->reactor, &ns) == -1)
		return errno != EBUSY;
	reactor__glib_follow(s);
	if (ns > 0)
		ns = (ns - 1) / REACTOR_MILLISECOND + 1; /* never early */
	*timeout = ns > G_MAXINT ? G_MAXINT : (gint)ns;
	return ns == 0;
}

static inline gboolean
reactor__glib_source_check(GSource *source)
{
	struct reactor__glib_source *s = (struct reactor__glib_source *)source;
	gint timeout;

	return (s->tag != NULL &&
		   g_source_query_unix_fd(source, s->tag) != 0) ||
	    reactor__glib_source_prepare(source, &timeout);
}

static inline gboolean
reactor__glib_source_dispatch(
    GSource *source, GSourceFunc callback, gpointer data)
{
	struct reactor__glib_source *s = (struct reactor__glib_source *)source;

	(void)callback;
	(void)data;
	return reactor_run_once(s->reactor, 0) == -1 && errno != EBUSY
	    ? G_SOURCE_REMOVE
	    : G_SOURCE_CONTINUE;
}

/*
 * A source that turns the loop whenever there is something to do.  Destroy it
 * before you close the loop.  NULL: ENOTSUP, for the backend has no descriptor.
 */
static inline GSource *
reactor_glib_source(struct reactor *r)
{
	static GSourceFuncs functions = { reactor__glib_source_prepare,
		reactor__glib_source_check, reactor__glib_source_dispatch, NULL,
		NULL, NULL };
	struct reactor__glib_source *s;

	if (reactor_descriptor(r) == -1)
		return NULL;
	s = (struct reactor__glib_source *)(void *)g_source_new(
	    &functions, sizeof(*s));
	s->reactor = r;
	s->fd = -1;
	reactor__glib_follow(s);
	g_source_set_name(&s->source, "reactor");
	return &s->source;
}

/* ---- GLib's inside this loop --------------------------------------------- */

/* Zero it. */
struct reactor_glib {
	/* The library's: */
	GMainContext *context; /* NULL: not started */
	struct reactor_prepare prepare;
	struct reactor_check check;
	struct reactor_timer timer; /* also keeps the loop running */
	struct reactor_defer dispatch;
	struct reactor_io *ios; /* one for each of fds */
	GPollFD *fds;
	gint nfds, room, priority;
};

/* Only for the sake of the wait: what has come, GLib asks itself... */
static inline void
reactor__glib_ready(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	(void)r;
	(void)io;
	(void)ready;
}

/* ...and what is due. */
static inline void
reactor__glib_due(struct reactor *r, struct reactor_timer *timer)
{
	(void)reactor_timer_start(r, timer, INT64_MAX);
}

/*
 * Returns how long the wait may be for it, in ms: -1: as long as it takes; 0:
 * it cannot be watched, which GLib will see when it looks.  For a hang-up alone
 * one can wait with URGENT, but only poll(2) and epoll(7) see it there.
 */
static inline gint
reactor__glib_watch(struct reactor *r, struct reactor_io *io, unsigned events)
{
	unsigned wanted = (events & G_IO_IN ? (unsigned)REACTOR_READ : 0) |
	    (events & G_IO_OUT ? (unsigned)REACTOR_WRITE : 0);
	int started = 0;

	if (events & G_IO_PRI || wanted == 0) {
		io->wanted = (unsigned char)(wanted | REACTOR_URGENT);
		started = reactor_io_start(r, io) == 0;
	}
	if (wanted == 0)
		return started &&
			strstr(reactor_backend_name(r), "poll") != NULL
		    ? -1
		    : 100;
	if (started)
		return -1;
	io->wanted = (unsigned char)wanted;
	return reactor_io_start(r, io) == -1 ? 0 : -1;
}

/* Each anew, for it may be another file by now.  Returns as that does. */
static inline gint
reactor__glib_follow_set(struct reactor *r, struct reactor_glib *g, gint nfds)
{
	gint i, wait, limit = -1;

	for (i = 0; i < nfds || i < g->nfds; i++) {
		struct reactor_io *io = &g->ios[i];

		if (i >= nfds || io->fd != g->fds[i].fd)
			reactor_io_stop(r, io);
		if (i >= nfds)
			continue;
		io->callback = reactor__glib_ready;
		io->event.flags = REACTOR_BACKGROUND;
		io->fd = g->fds[i].fd;
		wait = reactor__glib_watch(r, io, g->fds[i].events);
		if (wait != -1 && (limit == -1 || wait < limit))
			limit = wait;
	}
	g->nfds = nfds;
	return limit;
}

/* Handlers must not move while they are started. */
static inline void
reactor__glib_room(struct reactor *r, struct reactor_glib *g, gint room)
{
	(void)reactor__glib_follow_set(r, g, 0);
	g_free(g->ios);
	g_free(g->fds);
	g->ios = g_new0(struct reactor_io, room);
	g->fds = g_new0(GPollFD, room);
	g->room = room;
}

static inline void
reactor__glib_prepare(struct reactor *r, struct reactor_prepare *prepare)
{
	struct reactor_glib *g =
	    REACTOR_OWNER(prepare, struct reactor_glib, prepare);
	gint timeout, limit, nfds;

	(void)g_main_context_prepare(g->context, &g->priority);
	while ((nfds = g_main_context_query(g->context, g->priority, &timeout,
		    g->fds, g->room)) > g->room)
		reactor__glib_room(r, g, 2 * nfds);
	limit = reactor__glib_follow_set(r, g, nfds);
	if (limit != -1 && (timeout < 0 || limit < timeout))
		timeout = limit;
	(void)reactor_timer_start(r, &g->timer,
	    timeout < 0 ? INT64_MAX : timeout * REACTOR_MILLISECOND);
}

static inline void
reactor__glib_check(struct reactor *r, struct reactor_check *check)
{
	struct reactor_glib *g =
	    REACTOR_OWNER(check, struct reactor_glib, check);

	(void)g_main_context_get_poll_func(g->context)(
	    g->fds, (guint)g->nfds, 0);
	if (g_main_context_check(g->context, g->priority, g->fds, g->nfds))
		(void)reactor_defer_start(r, &g->dispatch);
}

/* A callback may stop and free g. */
static inline void
reactor__glib_dispatch(struct reactor *r, struct reactor_defer *dispatch)
{
	struct reactor_glib *g =
	    REACTOR_OWNER(dispatch, struct reactor_glib, dispatch);
	GMainContext *context = g_main_context_ref(g->context);

	(void)r;
	(void)g_main_context_acquire(context);
	g_main_context_dispatch(context);
	g_main_context_release(context);
	g_main_context_unref(context);
}

/* In any callback, GLib's as well; once or often. */
static inline void
reactor_glib_stop(struct reactor *r, struct reactor_glib *g)
{
	if (g->context == NULL)
		return;
	reactor__glib_room(r, g, 0);
	reactor_prepare_stop(r, &g->prepare);
	reactor_check_stop(r, &g->check);
	reactor_timer_stop(r, &g->timer);
	reactor_defer_stop(r, &g->dispatch);
	g_main_context_release(g->context);
	g_main_context_unref(g->context);
	g->context = NULL;
}

/*
 * From now on the loop serves the sources of a context (NULL: the default), and
 * runs until that is stopped.  EBUSY: another thread, or this, does that.
 */
static inline int
reactor_glib_start(
    struct reactor *r, struct reactor_glib *g, GMainContext *context)
{
	if (context == NULL)
		context = g_main_context_default();
	if (g->context != NULL || !g_main_context_acquire(context)) {
		errno = EBUSY;
		return -1;
	}
	g->prepare.callback = reactor__glib_prepare;
	g->check.callback = reactor__glib_check;
	g->timer.callback = reactor__glib_due;
	g->dispatch.callback = reactor__glib_dispatch;
	g->context = g_main_context_ref(context);
	if (reactor_timer_start(r, &g->timer, INT64_MAX) == 0 &&
	    reactor_prepare_start(r, &g->prepare) == 0 &&
	    reactor_check_start(r, &g->check) == 0)
		return 0;
	reactor_glib_stop(r, g);
	return -1;
}

#endif
