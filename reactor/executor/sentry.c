/*
 * SPDX-License-Identifier: ISC
 *
 * sentry.c: notices at once that the process of an idle worker has ended: one
 * more thread looks at the reports about all processes of an executor.  It reads
 * none of them, but rouses the worker.
 *
 * A worker that has a job looks itself, as it waits for its process anyway.
 * Where there is no sentry, for want of a thread, an end is noticed when the
 * next job comes.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include "reactor/executor/process.h"
#include "reactor/executor/system.h"

struct reactor__sentry {
	struct reactor_executor *pool;
	pthread_t thread;
	int bell[2]; /* rung when there is another process, or the end */
	int over;    /* with the lock of the executor */
	struct pollfd *fds;
	uint64_t *serials; /* of the processes */
	size_t nfds, nserials;
};

/* ---- The thread ---------------------------------------------------------- */

static int
xsn_room(struct reactor__sentry *s, size_t n)
{
	struct pollfd *fds =
	    reactor__grown(s->fds, &s->nfds, n, sizeof(*s->fds));
	uint64_t *serials;

	if (fds == NULL)
		return 0;
	s->fds = fds;
	serials =
	    reactor__grown(s->serials, &s->nserials, n, sizeof(*s->serials));
	if (serials == NULL)
		return 0;
	s->serials = serials;
	return 1;
}

static struct reactor__worker *
xsn_worker(struct reactor_link *link)
{
	return REACTOR_OWNER(link, struct reactor__worker, link);
}

/* With the lock.  Returns how many there are, with the bell. */
static size_t
xsn_collect(struct reactor__sentry *s)
{
	struct reactor_link *list = &s->pool->workers, *link;
	const struct reactor__process *p;
	size_t n = 1;

	for (link = list->next; link != list; link = link->next) {
		p = xsn_worker(link)->process;
		if (p == NULL || !p->running || p->ended || !xsn_room(s, n + 1))
			continue;
		s->fds[n].fd = p->contact.reports;
		s->fds[n].events = POLLIN;
		s->serials[n++] = p->contact.serial;
	}
	return n;
}

/* With the lock.  By now there may be none of that number. */
static void
xsn_rouse(struct reactor_executor *pool, uint64_t serial)
{
	struct reactor_link *link;
	struct reactor__process *p;

	for (link = pool->workers.next; link != &pool->workers;
	     link = link->next) {
		p = xsn_worker(link)->process;
		if (p == NULL || !p->running || p->contact.serial != serial)
			continue;
		p->ended = 1;
		xsn_worker(link)->roused = 1;
		(void)pthread_cond_broadcast(&pool->job);
	}
}

static void
xsn_look(struct reactor__sentry *s, size_t n)
{
	char bytes[64];
	size_t i;

	if (poll(s->fds, (nfds_t)n, -1) <= 0)
		return;
	if (s->fds[0].revents != 0)
		(void)!read(s->bell[0], bytes, sizeof(bytes));
	reactor__executor_lock(s->pool);
	for (i = 1; i < n; i++)
		if (s->fds[i].revents != 0)
			xsn_rouse(s->pool, s->serials[i]);
	reactor__executor_unlock(s->pool);
}

static void *
xsn_main(void *sentry)
{
	struct reactor__sentry *s = sentry;
	size_t n = 0;
	int over;

	reactor__executor_enter(s->pool, "sentry");
	do {
		reactor__executor_lock(s->pool);
		over = s->over;
		if (!over)
			n = xsn_collect(s);
		reactor__executor_unlock(s->pool);
		if (!over)
			xsn_look(s, n);
	} while (!over);
	return NULL;
}

/* ---- Its life ------------------------------------------------------------ */

static void
xsn_free(struct reactor__sentry *s)
{
	reactor__wire_close(&s->bell[0]);
	reactor__wire_close(&s->bell[1]);
	(void)reactor__allocate(s->fds, 0);
	(void)reactor__allocate(s->serials, 0);
	(void)reactor__allocate(s, 0);
}

void
reactor__sentry_start(struct reactor_executor *pool)
{
	struct reactor__sentry *s;

	if (pool->sentry != NULL)
		return;
	s = reactor__allocate(NULL, sizeof(*s));
	if (s == NULL)
		return;
	memset(s, 0, sizeof(*s));
	s->pool = pool;
	if (!xsn_room(s, 1) || reactor__pipe(s->bell) == -1) {
		s->bell[0] = s->bell[1] = -1;
		xsn_free(s);
		return;
	}
	s->fds[0].fd = s->bell[0];
	s->fds[0].events = POLLIN;
	if (reactor__thread_create(&s->thread, 0, xsn_main, s) == 0)
		pool->sentry = s;
	else
		xsn_free(s);
}

/* It always reads, so the pipe is never full for long. */
void
reactor__sentry_ring(struct reactor_executor *pool)
{
	if (pool->sentry != NULL)
		while (
		    write(pool->sentry->bell[1], "", 1) == -1 && errno == EINTR)
			continue;
}

void
reactor__sentry_stop(struct reactor_executor *pool)
{
	struct reactor__sentry *s = pool->sentry;

	if (s == NULL)
		return;
	reactor__executor_lock(pool);
	s->over = 1;
	reactor__executor_unlock(pool);
	reactor__sentry_ring(pool);
	(void)pthread_join(s->thread, NULL);
	pool->sentry = NULL;
	xsn_free(s);
}
