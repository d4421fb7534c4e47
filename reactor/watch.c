/*
 * SPDX-License-Identifier: ISC
 *
 * watch.c: hints of changes to files, from inotify where there is such a
 * thing.  The kernel gives one watch for each file, however many ask:
 *
 *   table[watch] --> files: handlers of that very file
 *                    directories: handlers of a name in that directory
 *
 * The file tells when it is written; the directory, when the name is given to
 * another file or to none.  All changes of one read are looked at once.
 */
#include <sys/types.h>
#include <sys/stat.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "reactor/internal.h"
#include "reactor/watch.h"

#define WT_FIRST 16   /* entries of the table */
#define WT_PATH  4096 /* the longest name of a directory */

struct reactor__watch {
	struct reactor__watch *next; /* in its row of the table */
	int number;
	struct reactor_link files, directories;
};

static struct reactor__watch **
wt_place(struct reactor__paths *paths, int number)
{
	struct reactor__watch **place;

	place = &paths->table[(size_t)number & (paths->size - 1)];
	while (*place != NULL && (*place)->number != number)
		place = &(*place)->next;
	return place;
}

/* Room for one watch more. */
static int
wt_reserve(struct reactor__paths *paths)
{
	struct reactor__watch **old = paths->table, **place, *w, *next;
	size_t i, size = paths->size;

	if (paths->count < size)
		return 0;
	paths->size = size > 0 ? 2 * size : WT_FIRST;
	paths->table = reactor__allocate(NULL, paths->size * sizeof(*old));
	if (paths->table == NULL) {
		paths->table = old;
		paths->size = size;
		return -1;
	}
	memset(paths->table, 0, paths->size * sizeof(*old));
	for (i = 0; i < size; i++)
		for (w = old[i]; w != NULL; w = next) {
			next = w->next;
			place = wt_place(paths, w->number);
			w->next = NULL;
			*place = w;
		}
	(void)reactor__allocate(old, 0);
	return 0;
}

/* ---- What the kernel tells ----------------------------------------------- */

static void
wt_hint(struct reactor__paths *paths, struct reactor_path *path, unsigned what)
{
	reactor__list_remove(&path->link);
	reactor__list_append(&paths->hint, &path->link);
	path->event.mark |= what;
}

static const char *
wt_base(const char *path, size_t *length)
{
	size_t end = strlen(path), from;

	while (end > 1 && path[end - 1] == '/')
		end--;
	for (from = end; from > 0 && path[from - 1] != '/'; from--)
		continue;
	*length = end - from;
	return path + from;
}

static int
wt_named(const struct reactor_path *path, const char *name)
{
	size_t length;
	const char *base = wt_base(path->path, &length);

	return strncmp(base, name, length) == 0 && name[length] == '\0';
}

/* Some were lost: it may have been of any. */
static void
wt_overflow(struct reactor__paths *paths)
{
	struct reactor_link *link, *next;

	/* Those that are hinted at already come before the others. */
	for (link = paths->hint.next; link != &paths->hint; link = link->next)
		REACTOR_OWNER(link, struct reactor_path, link)->event.mark |=
		    REACTOR__MODIFIED | REACTOR__GONE;
	for (link = paths->all.next; link != &paths->all; link = next) {
		next = link->next;
		wt_hint(paths, REACTOR_OWNER(link, struct reactor_path, link),
		    REACTOR__MODIFIED | REACTOR__GONE);
	}
}

static void
wt_changed(void *context, int number, unsigned what, const char *name)
{
	struct reactor__paths *paths = context;
	struct reactor__watch *w;
	struct reactor_link *link;
	struct reactor_path *path;

	if (number == -1) {
		wt_overflow(paths);
		return;
	}
	w = *wt_place(paths, number);
	if (w == NULL)
		return;
	for (link = w->files.next; link != &w->files; link = link->next)
		/* An entry that comes or goes leaves the directory itself. */
		wt_hint(paths, REACTOR_OWNER(link, struct reactor_path, file),
		    *name != '\0' ? what & REACTOR__MODIFIED : what);
	for (link = w->directories.next; link != &w->directories;
	     link = link->next) {
		path = REACTOR_OWNER(link, struct reactor_path, directory);
		/* What is written to the file, the file itself tells. */
		if (*name == '\0' || wt_named(path, name))
			wt_hint(paths, path, what & REACTOR__GONE);
	}
}

static void
wt_ready(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	if (ready & REACTOR_BAD) {
		/* Not watched any more, perhaps as somebody closed it. */
		if (io->error != EBADF)
			(void)close(io->fd);
		reactor__path_renew(r);
		return;
	}
	reactor__inotify_read(io->fd, wt_changed, r->paths);
	reactor__path_hinted(r);
}

/* ---- Watching ------------------------------------------------------------ */

static int
wt_open(struct reactor *r)
{
	struct reactor__paths *paths = r->paths;
	int fd;

	if (paths->io.event.state & REACTOR__STARTED)
		return 0;
	fd = reactor__inotify_open();
	if (fd == -1)
		return -1;
	if (reactor__producer_start(r, &paths->io, fd, wt_ready, "paths") == 0)
		return 0;
	(void)close(fd);
	return -1;
}

void
reactor__watch_close(struct reactor *r)
{
	struct reactor__paths *paths = r->paths;
	struct reactor_link *link;
	struct reactor_path *path;
	struct reactor__watch *w;
	size_t i;

	for (link = paths->all.next; link != &paths->all; link = link->next) {
		path = REACTOR_OWNER(link, struct reactor_path, link);
		path->file.next = path->directory.next = NULL;
	}
	for (i = 0; i < paths->size; i++)
		while ((w = paths->table[i]) != NULL) {
			paths->table[i] = w->next;
			(void)reactor__allocate(w, 0);
		}
	(void)reactor__allocate(paths->table, 0);
	paths->table = NULL;
	paths->size = paths->count = 0;
	if ((paths->io.event.state & REACTOR__STARTED) == 0)
		return;
	reactor_io_stop(r, &paths->io);
	(void)close(paths->io.fd);
}

/* Nobody is interested in what it tells. */
static void
wt_drop(struct reactor__paths *paths, struct reactor__watch *w)
{
	struct reactor__watch **place = wt_place(paths, w->number);

	*place = w->next;
	paths->count--;
	/* After a fork it is still the parent's. */
	if (paths->generation == reactor__fork_generation())
		reactor__inotify_remove(paths->io.fd, w->number);
	(void)reactor__allocate(w, 0);
}

/* The watch of that name; NULL: none, for errno. */
static struct reactor__watch *
wt_add(struct reactor *r, const char *name)
{
	struct reactor__paths *paths = r->paths;
	struct reactor__watch *w, **place;
	int number;

	if (wt_open(r) == -1 || wt_reserve(paths) == -1)
		return NULL;
	number = reactor__inotify_add(paths->io.fd, name);
	if (number == -1)
		return NULL;
	place = wt_place(paths, number);
	if (*place != NULL)
		return *place;
	w = reactor__allocate(NULL, sizeof(*w));
	if (w == NULL) {
		reactor__inotify_remove(paths->io.fd, number);
		return NULL;
	}
	w->next = NULL;
	w->number = number;
	reactor__list_init(&w->files);
	reactor__list_init(&w->directories);
	*place = w;
	paths->count++;
	return w;
}

static int
wt_parent(const char *path, char *parent)
{
	size_t length, n;

	n = (size_t)(wt_base(path, &length) - path);
	if (n >= WT_PATH)
		return -1;
	memcpy(parent, n > 0 ? path : ".", n > 0 ? n : 1);
	parent[n > 0 ? n : 1] = '\0';
	return 0;
}

static void
wt_leave(struct reactor__paths *paths, struct reactor_link *link, int directory,
    const struct reactor__watch *keep)
{
	struct reactor_link *next = link->next;
	struct reactor__watch *w;

	if (next == NULL)
		return;
	reactor__list_remove(link);
	link->next = NULL;
	if (!reactor__list_empty(next))
		return;
	/* What stands alone now is the head of one of the two lists. */
	w = directory ? REACTOR_OWNER(next, struct reactor__watch, directories)
		      : REACTOR_OWNER(next, struct reactor__watch, files);
	if (w != keep && reactor__list_empty(&w->files) &&
	    reactor__list_empty(&w->directories))
		wt_drop(paths, w);
}

void
reactor__unwatch(struct reactor *r, struct reactor_path *path)
{
	wt_leave(r->paths, &path->file, 0, NULL);
	wt_leave(r->paths, &path->directory, 1, NULL);
}

/* It may be the watch that it has. */
static int
wt_join(struct reactor *r, const char *name, struct reactor_link *link,
    int directory)
{
	struct reactor__watch *w = wt_add(r, name);
	int error = errno;

	wt_leave(r->paths, link, directory, w);
	errno = error;
	if (w == NULL)
		return -1;
	reactor__list_append(directory ? &w->directories : &w->files, link);
	return 0;
}

/*
 * The directory first: what becomes of the name from then on, it tells.  A
 * symbolic link is polled as well, since nothing tells what becomes of the
 * name that it points to.
 */
int
reactor__watch(struct reactor *r, struct reactor_path *path)
{
	char parent[WT_PATH + 1];
	struct stat status;
	int named, missing;

	named = wt_parent(path->path, parent) == 0 &&
	    wt_join(r, parent, &path->directory, 1) == 0;
	if (!named)
		wt_leave(r->paths, &path->directory, 1, NULL);
	if (wt_join(r, path->path, &path->file, 0) == 0)
		return named && lstat(path->path, &status) == 0 &&
		    !S_ISLNK(status.st_mode);
	missing = errno == ENOENT;
	return named && missing && lstat(path->path, &status) == -1 &&
	    errno == ENOENT;
}
