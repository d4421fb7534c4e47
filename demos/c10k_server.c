/*
 * SPDX-License-Identifier: ISC
 *
 * c10k_server.c: one thread that sends back whatever comes, on as many
 * connections as there are.  When descriptors run out it stops accepting,
 * serves those it has, and tries again when one of them has gone.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include "demos/c10k.h"

enum {
	SV_BATCH = 64,  /* accepted at a time, so that others are served too */
	SV_GRACE = 3,   /* seconds that the client may be late */
	SV_RETRY = 100, /* milliseconds */
	SV_HEAD = 16    /* bytes in which a piece of memory knows its size */
};

struct sv_link {
	struct reactor_io io;
	struct sv_link *next, **place; /* in the list of all */
	unsigned char held;            /* bytes not sent back yet */
	char bytes[C10K_MESSAGE];
};

static struct sv_server {
	struct reactor *r;
	struct c10k_result *result;
	struct reactor_io listener, report;
	struct reactor_timer retry, end;
	struct sv_link *first;
	long links;
	uint64_t bytes;
	size_t reported;
	long accepted;
	int paused, over;
	int begun, ended; /* the talk that the processor's time is taken of */
	uint64_t before;  /* bytes sent until it began */
} sv;

static size_t sv_memory, sv_peak; /* what the library and the links take */

/* ---- Memory, counted ----------------------------------------------------- */

static void *
sv_allocate(void *memory, size_t size)
{
	char *whole = memory != NULL ? (char *)memory - SV_HEAD : NULL;
	size_t old = 0;

	if (whole != NULL)
		memcpy(&old, whole, sizeof(old));
	if (size == 0) {
		sv_memory -= old;
		free(whole);
		return NULL;
	}
	whole = realloc(whole, size + SV_HEAD);
	if (whole == NULL)
		return NULL;
	sv_memory += size - old;
	sv_peak = sv_memory > sv_peak ? sv_memory : sv_peak;
	memcpy(whole, &size, sizeof(size));
	return whole + SV_HEAD;
}

static int64_t
sv_processor(void)
{
	struct rusage used;

	(void)getrusage(RUSAGE_SELF, &used);
	return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * REACTOR_SECOND +
	    (used.ru_utime.tv_usec + used.ru_stime.tv_usec) *
	    REACTOR_MICROSECOND;
}

/* Each has said one thing in greeting: what comes now is the talk. */
static void
sv_begin(void)
{
	sv.begun = 1;
	sv.before = sv.bytes;
	sv.result->processor = -sv_processor();
}

static void
sv_stop_clock(void)
{
	sv.ended = 1;
	sv.result->processor += sv_processor();
	sv.result->echoed = (sv.bytes - sv.before) / C10K_MESSAGE;
}

void
c10k_count_memory(void)
{
	reactor_set_allocator(sv_allocate);
}

/* ---- Accepting ----------------------------------------------------------- */

static void sv_event(struct reactor *, struct reactor_io *, unsigned);

static void
sv_pause(void)
{
	reactor_io_stop(sv.r, &sv.listener);
	sv.paused = 1;
	sv.result->pauses++;
	/* Somebody else may have taken the descriptors: look now and then. */
	(void)reactor_timer_start(
	    sv.r, &sv.retry, SV_RETRY * REACTOR_MILLISECOND);
}

static void
sv_resume(void)
{
	sv.paused = 0;
	reactor_timer_stop(sv.r, &sv.retry);
	if (reactor_io_start(sv.r, &sv.listener) == -1)
		demo_fail("the listener: %s", strerror(errno));
}

static void
sv_retry(struct reactor *r, struct reactor_timer *timer)
{
	(void)r;
	(void)timer;
	sv_resume();
}

static int
sv_add(int fd)
{
	struct sv_link *link = sv_allocate(NULL, sizeof(*link));

	if (link == NULL)
		return -1;
	memset(link, 0, sizeof(*link));
	link->io.callback = sv_event;
	link->io.wanted = REACTOR_READ;
	link->io.fd = fd;
	if (demo_nonblocking(fd) == -1 ||
	    reactor_io_start(sv.r, &link->io) == -1) {
		(void)sv_allocate(link, 0);
		return -1;
	}
	link->next = sv.first;
	link->place = &sv.first;
	if (link->next != NULL)
		link->next->place = &link->next;
	sv.first = link;
	sv.accepted++;
	if (++sv.links > sv.result->most)
		sv.result->most = sv.links;
	return 0;
}

static void
sv_accept(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	int i, fd;

	(void)r;
	(void)ready;
	for (i = 0; i < SV_BATCH; i++) {
		fd = accept(io->fd, NULL, NULL);
		if (fd >= 0 && sv_add(fd) == 0)
			continue;
		if (fd >= 0)
			(void)close(fd);
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		    errno == ENOMEM)
			sv_pause();
		else if (errno == EINTR || errno == ECONNABORTED)
			continue;
		else if (errno != EAGAIN && errno != EWOULDBLOCK)
			demo_fail("accept: %s", strerror(errno));
		return;
	}
}

/* ---- Serving ------------------------------------------------------------- */

static void
sv_close(struct sv_link *link)
{
	if (sv.begun && !sv.ended)
		sv_stop_clock();
	reactor_io_stop(sv.r, &link->io);
	(void)close(link->io.fd);
	*link->place = link->next;
	if (link->next != NULL)
		link->next->place = link->place;
	(void)sv_allocate(link, 0);
	sv.links--;
	if (sv.paused)
		sv_resume();
}

/* Reads on when all is sent; else waits until there is room. */
static void
sv_want(struct sv_link *link, unsigned wanted)
{
	if (link->io.wanted == wanted)
		return;
	link->io.wanted = (unsigned char)wanted;
	if (reactor_io_start(sv.r, &link->io) == -1)
		sv_close(link);
}

static void
sv_send(struct sv_link *link)
{
	ssize_t n = send(link->io.fd, link->bytes, link->held, 0);

	if (n == -1 && errno != EAGAIN && errno != EINTR) {
		sv_close(link);
		return;
	}
	if (n > 0) {
		sv.bytes += (uint64_t)n;
		if (!sv.begun &&
		    sv.bytes > (uint64_t)sv.accepted * C10K_MESSAGE)
			sv_begin();
		link->held = (unsigned char)(link->held - n);
		memmove(link->bytes, link->bytes + n, link->held);
	}
	sv_want(link, link->held > 0 ? REACTOR_WRITE : REACTOR_READ);
}

static void
sv_event(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	struct sv_link *link = REACTOR_OWNER(io, struct sv_link, io);
	ssize_t n;

	(void)r;
	(void)ready;
	if (link->held == 0) {
		n = recv(io->fd, link->bytes, sizeof(link->bytes), 0);
		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			sv_close(link);
			return;
		}
		link->held = (unsigned char)n;
	}
	sv_send(link);
}

/* ---- The end ------------------------------------------------------------- */

/* The client has told what it saw, or died: no more will come. */
static void
sv_report(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	char *seen = (char *)&sv.result->seen;
	ssize_t n = read(
	    io->fd, seen + sv.reported, sizeof(sv.result->seen) - sv.reported);

	(void)ready;
	if (n > 0)
		sv.reported += (size_t)n;
	if (n > 0 && sv.reported < sizeof(sv.result->seen))
		return;
	reactor_io_stop(r, io);
	reactor_io_stop(r, &sv.listener);
	reactor_timer_stop(r, &sv.retry);
	sv.paused = 0;
	sv.over = 1;
}

static void
sv_end(struct reactor *r, struct reactor_timer *timer)
{
	(void)timer;
	reactor_stop(r);
}

static void
sv_start(const struct c10k_plan *plan, int listener, int report)
{
	sv.listener.callback = sv_accept;
	sv.listener.wanted = REACTOR_READ;
	sv.listener.fd = listener;
	sv.report.callback = sv_report;
	sv.report.wanted = REACTOR_READ;
	sv.report.fd = report;
	sv.retry.callback = sv_retry;
	sv.end.callback = sv_end;
	sv.end.event.flags = REACTOR_BACKGROUND;
	if (reactor_io_start(sv.r, &sv.listener) == -1 ||
	    reactor_io_start(sv.r, &sv.report) == -1 ||
	    reactor_timer_start(sv.r, &sv.end,
		(C10K_CONNECTING + C10K_CLOSING + SV_GRACE + plan->seconds) *
		    REACTOR_SECOND) == -1)
		demo_fail("start: %s", strerror(errno));
}

void
c10k_serve(const struct demo_backend *backend, const struct c10k_plan *plan,
    int listener, int report, struct c10k_result *result)
{
	struct reactor_options options = { .backend = backend->name };
	size_t before = sv_memory;

	memset(&sv, 0, sizeof(sv));
	memset(result, 0, sizeof(*result));
	sv.result = result;
	sv_peak = sv_memory;
	sv.r = reactor_open(&options);
	if (sv.r == NULL)
		demo_fail("%s: %s", backend->label, reactor_error());
	sv_start(plan, listener, report);
	if (reactor_run(sv.r) == -1)
		demo_fail("%s: run: %s", backend->label, strerror(errno));
	if (!sv.over)
		demo_fail("%s: the client did not end in time", backend->label);
	if (sv.reported < sizeof(result->seen))
		demo_fail("%s: the client died", backend->label);
	while (sv.first != NULL)
		sv_close(sv.first);
	(void)reactor_close(sv.r);
	if (result->most > 0)
		result->memory =
		    (double)(sv_peak - before) / (double)result->most;
}
