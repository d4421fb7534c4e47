/*
 * SPDX-License-Identifier: ISC
 *
 * path.c: changes of what a name stands for.  Hints (watch.c) only say where
 * to look; whether something changed is told by stat(2), and its result goes
 * to the handler.  Where no hints come, a timer has us look.
 *
 * Two changes within the granularity of the file's times may leave the same
 * stat behind, so a hint that the file itself was written counts as a change.
 * The entries of a directory count only where there are hints.
 *
 * Not noticed by hints: what becomes of directories further up than the one
 * that the name is in, and what other machines do to a shared file system.
 */
#include <sys/types.h>
#include <sys/stat.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "reactor/internal.h"
#include "reactor/watch.h"

#ifdef __APPLE__
#define PA_MODIFIED st_mtimespec
#define PA_CHANGED  st_ctimespec
#else
#define PA_MODIFIED st_mtim
#define PA_CHANGED  st_ctim
#endif

static int64_t
pa_nanoseconds(struct timespec ts)
{
	return (int64_t)ts.tv_sec * REACTOR_SECOND + ts.tv_nsec;
}

static void
pa_stat(const char *path, struct reactor_path_status *to)
{
	struct stat status;

	memset(to, 0, sizeof(*to));
	if (stat(path, &status) == -1)
		return;
	to->device = (uint64_t)status.st_dev;
	to->inode = (uint64_t)status.st_ino;
	to->size = (int64_t)status.st_size;
	to->modified = pa_nanoseconds(status.PA_MODIFIED);
	to->changed = pa_nanoseconds(status.PA_CHANGED);
	to->mode = (unsigned)status.st_mode;
	to->links = (unsigned)status.st_nlink;
}

/* Another file, or none: what was watched is not what to watch. */
static int
pa_other(
    const struct reactor_path_status *a, const struct reactor_path_status *b)
{
	return a->device != b->device || a->inode != b->inode;
}

static int
pa_differs(
    const struct reactor_path_status *a, const struct reactor_path_status *b)
{
	return pa_other(a, b) || a->size != b->size ||
	    a->modified != b->modified || a->changed != b->changed ||
	    a->mode != b->mode || a->links != b->links;
}

/* ---- Looking ------------------------------------------------------------- */

static void pa_tick(struct reactor *, struct reactor_timer *);

static int
pa_poll(struct reactor *r, struct reactor_path *path)
{
	struct reactor_timer *timer = &path->timer;

	timer->event.name = path->event.name;
	timer->event.flags = REACTOR_BACKGROUND;
	timer->event.priority = path->event.priority;
	timer->callback = pa_tick;
	timer->every = path->interval > 0 ? path->interval : REACTOR_SECOND;
	return reactor_timer_start(r, timer, timer->every);
}

static void
pa_watch(struct reactor *r, struct reactor_path *path)
{
	if (reactor__watch(r, path))
		reactor_timer_stop(r, &path->timer);
	else if ((path->timer.event.state & REACTOR__STARTED) == 0 &&
	    pa_poll(r, path) == -1) {
		/* No memory, and nobody to tell: try until there is some. */
		path->event.mark |= REACTOR__AGAIN;
		reactor__queue(r, &path->event);
	}
}

static void
pa_call(struct reactor *r, struct reactor_path *path,
    const struct reactor_path_status *now)
{
	/* Several changes before one call are one. */
	if ((path->event.mark & REACTOR__CALL) == 0)
		path->was = path->now;
	path->now = *now;
	path->event.mark |= REACTOR__CALL;
	reactor__queue(r, &path->event);
}

static void
pa_look(struct reactor *r, struct reactor_path *path)
{
	unsigned what = path->event.mark;
	struct reactor_path_status now;

	path->event.mark &= ~(unsigned)(REACTOR__MODIFIED | REACTOR__GONE);
	pa_stat(path->path, &now);
	if (what & REACTOR__GONE || pa_other(&now, &path->now)) {
		pa_watch(r, path);
		/* What happened before it was watched is not told of. */
		pa_stat(path->path, &now);
	}
	if (pa_differs(&now, &path->now) ||
	    (what & REACTOR__MODIFIED && now.mode != 0))
		pa_call(r, path, &now);
}

static void
pa_tick(struct reactor *r, struct reactor_timer *timer)
{
	struct reactor_path *path =
	    REACTOR_OWNER(timer, struct reactor_path, timer);

	path->event.mark |= REACTOR__GONE;
	pa_look(r, path);
}

void
reactor__path_hinted(struct reactor *r)
{
	struct reactor__paths *paths = r->paths;
	struct reactor_link *link;

	while (!reactor__list_empty(&paths->hint)) {
		link = paths->hint.next;
		reactor__list_remove(link);
		reactor__list_append(&paths->all, link);
		pa_look(r, REACTOR_OWNER(link, struct reactor_path, link));
	}
}

void
reactor__path_renew(struct reactor *r)
{
	struct reactor__paths *paths = r->paths;
	struct reactor_link *link;

	reactor__watch_close(r);
	paths->generation = reactor__fork_generation();
	for (link = paths->all.next; link != &paths->all; link = link->next)
		REACTOR_OWNER(link, struct reactor_path, link)->event.mark |=
		    REACTOR__GONE;
	reactor__list_move(&paths->hint, &paths->all);
	reactor__path_hinted(r);
}

/* The inotify descriptor is shared with the parent. */
void
reactor__path_forked(struct reactor *r)
{
	if (r->paths != NULL &&
	    r->paths->generation != reactor__fork_generation())
		reactor__path_renew(r);
}

/* ---- Start and stop ------------------------------------------------------ */

static int
pa_open(struct reactor *r)
{
	struct reactor__paths *paths;

	if (r->paths != NULL)
		return 0;
	paths = reactor__allocate(NULL, sizeof(*paths));
	if (paths == NULL)
		return -1;
	memset(paths, 0, sizeof(*paths));
	reactor__list_init(&paths->all);
	reactor__list_init(&paths->hint);
	paths->generation = reactor__fork_generation();
	r->paths = paths;
	return 0;
}

void
reactor__path_close(struct reactor *r)
{
	if (r->paths == NULL)
		return;
	reactor__watch_close(r);
	(void)reactor__allocate(r->paths, 0);
	r->paths = NULL;
}

static int
pa_check(const struct reactor_path *path)
{
	if (path->path != NULL && *path->path != '\0' && path->interval >= 0)
		return reactor__startable(&path->event);
	errno = EINVAL;
	return -1;
}

/* The timer first: it is all that can fail, and stops if it is not needed. */
int
reactor_path_start(struct reactor *r, struct reactor_path *path)
{
	unsigned started = path->event.state & REACTOR__STARTED;

	if (pa_check(path) == -1 || pa_open(r) == -1)
		return -1;
	reactor__path_forked(r);
	if (pa_poll(r, path) == -1)
		return -1;
	if (!started) {
		path->file.next = path->directory.next = NULL;
		reactor__list_append(&r->paths->all, &path->link);
	}
	reactor__started(r, &path->event, REACTOR__PATH);
	path->event.mark = 0;
	pa_watch(r, path);
	pa_stat(path->path, &path->now);
	path->was = path->now;
	return 0;
}

void
reactor_path_stop(struct reactor *r, struct reactor_path *path)
{
	if (path->event.state & REACTOR__STARTED) {
		reactor__unwatch(r, path);
		reactor__list_remove(&path->link);
		reactor_timer_stop(r, &path->timer);
	}
	reactor__stopped(r, &path->event);
}

/* ---- The kind ------------------------------------------------------------ */

static void
pa_fire(struct reactor *r, struct reactor_event *event)
{
	struct reactor_path *path = (struct reactor_path *)event;
	unsigned mark = event->mark;

	event->mark = 0;
	if (mark & REACTOR__AGAIN) {
		event->mark = REACTOR__GONE;
		pa_look(r, path);
	}
	if (mark & REACTOR__CALL)
		path->callback(r, path);
}

static void
pa_stop(struct reactor *r, struct reactor_event *event)
{
	reactor_path_stop(r, (struct reactor_path *)event);
}

static int
pa_feed(struct reactor *r, struct reactor_event *event, unsigned ready)
{
	struct reactor_path *path = (struct reactor_path *)event;

	(void)ready;
	pa_call(r, path, &path->now);
	return 0;
}

static void
pa_each(struct reactor *r, reactor__visit_fn *visit, void *context)
{
	struct reactor_link *link, *next;

	if (r->paths == NULL)
		return;
	for (link = r->paths->all.next; link != &r->paths->all; link = next) {
		next = link->next;
		visit(r, &REACTOR_OWNER(link, struct reactor_path, link)->event,
		    context);
	}
}

static void
pa_describe(const struct reactor_event *event, char *text, size_t size)
{
	(void)snprintf(
	    text, size, "path %s", ((const struct reactor_path *)event)->path);
}

const struct reactor__kind reactor__kind_path = {
	.name = "path",
	.fire = pa_fire,
	.stop = pa_stop,
	.each = pa_each,
	.feed = pa_feed,
	.describe = pa_describe,
};
