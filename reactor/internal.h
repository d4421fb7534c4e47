/*
 * SPDX-License-Identifier: ISC
 *
 * internal.h: struct reactor, and what its files know of each other.  Each
 * section belongs to one file; only that file touches its members.
 */
#ifndef REACTOR_INTERNAL_H
#define REACTOR_INTERNAL_H

#include <errno.h>
#include <reactor/reactor.h>
#include "backends/backend.h"
#include "reactor/queue.h"
#include "reactor/support.h"

/* The kinds of handler: event.kind. */
enum reactor__kind_number {
	REACTOR__NONE,
	REACTOR__IO,
	REACTOR__IO_SPECIAL, /* one-shot, with a time-out, or its last call */
	REACTOR__PRODUCER, /* an io of the library's own: called, not queued */
	REACTOR__TIMER,    /* one kind for each clock */
	REACTOR__TIMER_WALL,
	REACTOR__TIMER_BOOT,
	REACTOR__SIGNAL,
	REACTOR__CHILD,
	REACTOR__POST,
	REACTOR__DEFER,
	REACTOR__IDLE,
	REACTOR__PREPARE,
	REACTOR__CHECK,
	REACTOR__PATH,
	REACTOR__KINDS
};

#define REACTOR__EXTRA  (REACTOR_ERROR | REACTOR_HANGUP)
#define REACTOR__CLOCKS 3 /* monotonic, wall, boot: kind - REACTOR__TIMER */

typedef void reactor__visit_fn(
    struct reactor *, struct reactor_event *, void *context);

/* What dispatcher, feed, dump and close know of a kind. */
struct reactor__kind {
	const char *name;
	/* The entry has left the queue: do the bookkeeping, call the callback.
	 */
	void (*fire)(struct reactor *, struct reactor_event *);
	void (*stop)(struct reactor *, struct reactor_event *);
	/* Visits each started handler; the visitor may stop it. */
	void (*each)(struct reactor *, reactor__visit_fn *, void *context);
	/* reactor_feed; NULL: cannot be. */
	int (*feed)(struct reactor *, struct reactor_event *, unsigned ready);
	/* "fd 4 read", into a buffer. */
	void (*describe)(const struct reactor_event *, char *, size_t);
};

extern const struct reactor__kind *const reactor__kinds[REACTOR__KINDS];
extern const struct reactor__kind reactor__kind_io, reactor__kind_io_special,
    reactor__kind_producer, reactor__kind_timer, reactor__kind_timer_wall,
    reactor__kind_timer_boot, reactor__kind_signal, reactor__kind_child,
    reactor__kind_post, reactor__kind_defer, reactor__kind_idle,
    reactor__kind_prepare, reactor__kind_check, reactor__kind_path;

/*
 * slot.state.  A slot that is always ready stays on the list of changes: what
 * is left there after the backend was told is what keeps the loop from
 * sleeping, and is delivered by hand after the wait.
 */
enum {
	REACTOR__CHANGED = 0x01, /* on the list of changes */
	REACTOR__FRESH = 0x02,   /* a handler came: it may be a new file */
	REACTOR__ALWAYS = 0x04   /* says the backend: not to be waited for */
};

/* A descriptor, in the table indexed by it. */
struct reactor__slot {
	struct reactor_io *first; /* its handlers */
	int next;                 /* in the list of changes; -1: end */
	unsigned char registered; /* what the backend knows */
	unsigned char state;
};

struct reactor__due {
	int64_t deadline;
	struct reactor_timer *timer;
};

struct reactor__heap {
	struct reactor__due *due; /* a 4-ary heap, the earliest first */
	size_t length, capacity;
	size_t reserved; /* queued repeating timers that will come back */
	/* The clock is not the one that waits go by: */
	struct reactor_io alarm; /* wakes by that clock, where there is one */
	int64_t armed;
	uint64_t order; /* number of starts */
};

struct reactor {
	/* dispatch.c */
	struct reactor__queue queue; /* what came */
	struct reactor__queue batch; /* what is being dispatched */
	unsigned observed;           /* trace or measure */
	int stop;                    /* atomic: reactor_stop */
	uint64_t handlers;
	uint64_t taken; /* the value of `events` at the last dispatch */

	/* handler.c */
	struct reactor__slot *slots;
	size_t nslots;
	int changes; /* descriptors to be looked at before the next wait: first */
	int changes_last; /* and last of their list; -1: empty */
	uint64_t events;

	/* clock.c */
	int64_t now;
	uint64_t fresh; /* the value of `handlers` when it was read */

	/* timer.c */
	struct reactor__heap heaps[REACTOR__CLOCKS];

	/* reactor.c */
	const struct reactor_backend *backend;
	void *state;
	struct reactor_ready *ready;
	size_t nready;
	size_t active; /* handlers that keep the loop running */
	uint64_t turns;
	int running;
	int failed; /* the last wait did */
	void *data;

	/* post.c */
	int doze;                   /* atomic */
	struct reactor_post *inbox; /* atomic: newest first */
	struct reactor_link posts;  /* started */
	struct reactor_io wake;
	int wake_write;

	/* hook.c */
	struct reactor_link prepares, checks, idles;
	struct reactor_link hooks; /* still to be called */

	/* signal.c, child.c, path.c */
	struct reactor__signals *signals;
	struct reactor__children *children;
	struct reactor__paths *paths;

	/* net/: what has begun, to be stopped at the end */
	struct reactor_link resolves, connects;
	/* net/buffer.c: NULL until there is a stream */
	struct reactor__buffers *buffers;

	/* fork.c */
	unsigned generation;

	/* trace.c, dump.c */
	struct reactor__trace *trace;
	int measure;
	int64_t longest;
};

/* trace.c: called only when r->trace is not NULL. */
int reactor__trace_open(struct reactor *, const char *file);
void reactor__trace_close(struct reactor *);
void reactor__trace_register(
    struct reactor *, const struct reactor_event *, int started);
void reactor__trace_wait(struct reactor *, int64_t timeout);
void reactor__trace_woken(struct reactor *, int n);
void reactor__trace_queue(struct reactor *, const struct reactor_event *);
void reactor__trace_dispatch(struct reactor *);
void reactor__trace_begin(struct reactor *, const struct reactor_event *);
void reactor__trace_end(struct reactor *);
void reactor__trace_flush(struct reactor *); /* the end of a turn */

/* event.c: what handlers of every kind have in common. */
void reactor__stopped(struct reactor *, struct reactor_event *);
/* Visits every handler, queued or waiting; the visitor may stop it. */
void reactor__each(struct reactor *, reactor__visit_fn *, void *context);

/* 0, or -1 and EINVAL. */
static inline int
reactor__startable(const struct reactor_event *event)
{
	if (event->priority >= -2 && event->priority <= 2)
		return 0;
	errno = EINVAL;
	return -1;
}

static inline void
reactor__started(struct reactor *r, struct reactor_event *event, unsigned kind)
{
	unsigned counted =
	    event->flags & REACTOR_BACKGROUND ? 0 : REACTOR__COUNTED;

	reactor__queue_drop(event);
	if (event->state & REACTOR__COUNTED)
		r->active--;
	if (counted)
		r->active++;
	event->kind = (unsigned char)kind;
	event->state = (unsigned char)(counted | REACTOR__STARTED |
	    (unsigned)(event->priority + 2) << REACTOR__LEVEL);
	if (r->trace != NULL)
		reactor__trace_register(r, event, 1);
}

/* Enters the queue, unless it is in it. */
static inline void
reactor__queue(struct reactor *r, struct reactor_event *event)
{
	if (event->state & REACTOR__QUEUED)
		return;
	r->events++;
	reactor__queue_put(&r->queue, event);
	if (r->trace != NULL)
		reactor__trace_queue(r, event);
}

/* dispatch.c */
void reactor__dispatch(struct reactor *);
void reactor__fire(struct reactor *, struct reactor_event *);
int reactor__queue_empty(const struct reactor *);
int reactor__feed_plain(struct reactor *, struct reactor_event *, unsigned);

/* handler.c: for io.c, */
int reactor__handler_reserve(struct reactor *, const struct reactor_io *);
void reactor__handler_link(struct reactor *, struct reactor_io *);
void reactor__handler_unlink(struct reactor *, struct reactor_io *);
void reactor__handler_release(struct reactor *, int fd);
/* and for the crank. */
/* 1: do not sleep, something is always ready. */
int reactor__handler_apply(struct reactor *);
void reactor__handler_forget(struct reactor *);
/* For ready.c as well. */
void reactor__handler_change(struct reactor *, int fd);
void reactor__handler_bad(struct reactor *, int fd, int error);

/* ready.c */
void reactor__ready(struct reactor *, const struct reactor_ready *, int n);
void reactor__ready_always(struct reactor *);
/* Drops records of what may be another file by now; returns how many stay. */
int reactor__ready_recheck(struct reactor *, struct reactor_ready *, int n);

/* io.c */
void reactor__io_bad(struct reactor *, struct reactor_io *, int error);
/*
 * An io of the library's own: in the background, called and not queued.  READ,
 * with EDGE if io->wanted has it and the backend too.
 */
int reactor__producer_start(struct reactor *, struct reactor_io *, int fd,
    reactor_io_fn *, const char *name);

/* clock.c */
int64_t reactor__read_clock(struct reactor *);

/*
 * Every callback is another moment; so is what comes after them, and what is
 * outside of a run.
 */
static inline int64_t
reactor__now(struct reactor *r)
{
	if (r->fresh == r->handlers && r->running)
		return r->now;
	return reactor__read_clock(r);
}

static inline void
reactor__time_passes(struct reactor *r)
{
	r->fresh = UINT64_MAX;
}

/* heap.c */
int reactor__heap_reserve(struct reactor__heap *); /* a seat for one more */
void reactor__heap_insert(struct reactor__heap *, struct reactor_timer *);
void reactor__heap_move(struct reactor__heap *, struct reactor_timer *);
void reactor__heap_remove(struct reactor__heap *, struct reactor_timer *);

/* timer.c: what the crank asks for, if there are timers. */
static inline int
reactor__timers(const struct reactor *r)
{
	return (r->heaps[REACTOR__MONOTONIC].length |
		   r->heaps[REACTOR__WALL].length |
		   r->heaps[REACTOR__BOOT].length) != 0;
}

int64_t reactor__timer_wait(struct reactor *); /* ns; -1: for ever */
void reactor__timer_expire(struct reactor *);
void reactor__timer_forked(struct reactor *);
void reactor__timer_close(struct reactor *);

/* alarm.c */
void reactor__alarm_start(struct reactor *, int clock);
void reactor__alarm_stop(struct reactor *, int clock);
int64_t reactor__alarm_wait(struct reactor__heap *, int clock);
void reactor__alarm_forked(struct reactor *, int clock);

/* wake.c */
int reactor__wake_open(struct reactor *);
void reactor__wake_close(struct reactor *);
int reactor__wake_forked(struct reactor *);
int reactor__wake_again(struct reactor *); /* it was lost */
void reactor__knock(struct reactor *);     /* any thread, signal handlers */
void reactor__enter(struct reactor *);
int reactor__doze(struct reactor *);          /* 0: do not sleep */
int reactor__awake(struct reactor *);         /* 1: somebody knocked */
int reactor__knocked(const struct reactor *); /* the same, only looked at */
void reactor__leave(struct reactor *);

/* post.c */
void reactor__post_collect(struct reactor *);
void reactor__post_forked(struct reactor *);

/* hook.c */
void reactor__hook_open(struct reactor *);
void reactor__hook_prepare(struct reactor *);
void reactor__hook_check(struct reactor *);
void reactor__hook_idle(struct reactor *);

/* signal.c, child.c, path.c: NULL pointers when never used. */
void reactor__signal_collect(struct reactor *);
void reactor__signal_forked(struct reactor *);
void reactor__signal_close(struct reactor *);
void reactor__child_forked(struct reactor *);
void reactor__child_close(struct reactor *);
void reactor__path_forked(struct reactor *);
void reactor__path_close(struct reactor *);

/* net/: stop all that there is of that, and free what it was made of. */
void reactor__resolve_close(struct reactor *);
void reactor__connect_close(struct reactor *);
void reactor__stream_close_all(struct reactor *);

/* journal.c: a text that is only appended to, and outlives its writer. */
struct reactor__journal;
/* "-" is standard error; `head` is what a file begins with. */
struct reactor__journal *reactor__journal_open(
    const char *file, const char *head);
void reactor__journal_close(struct reactor__journal *);
/* Makes room for a kilobyte; 0: it cannot be written any more. */
int reactor__journal_ready(struct reactor__journal *);
__attribute__((format(printf, 2, 3))) void reactor__journal_put(
    struct reactor__journal *, const char *format, ...);
void reactor__journal_flush(struct reactor__journal *);
void reactor__journal_forget(
    struct reactor__journal *); /* what is not flushed */

/* line.c: the trace as lines for people. */
__attribute__((format(printf, 4, 5))) void reactor__line(
    struct reactor__journal *, int64_t since, const char *word,
    const char *format, ...);
void reactor__line_event(struct reactor__journal *, int64_t since,
    const char *word, const struct reactor_event *);

/* dump.c: "fd 4 read": what its kind says of it; cuts, returns the length. */
size_t reactor__describe(const struct reactor_event *, char *text, size_t size);

/*
 * What one system has and another lacks: linux.c or portable.c.  All return
 * -1 and ENOSYS where the system has no such thing; descriptors that they
 * open are non-blocking, close-on-exec and >= 3.
 */
int reactor__eventfd(void);
int reactor__timerfd(int clock);
int reactor__timerfd_set(int fd, int64_t deadline); /* INT64_MAX: never */
int reactor__wipe_on_fork(void *page, size_t size);
int reactor__pidfd_open(int pid);
/* Reaps through the descriptor: 0, or -1 and errno (ECHILD, EAGAIN: alive). */
int reactor__pidfd_wait(int pidfd, struct reactor_child *);
int reactor__inotify_open(void);
int reactor__inotify_add(int fd, const char *path);
void reactor__inotify_remove(int fd, int watch);
/* What inotify tells of a watch; 0: look at it. */
enum {
	REACTOR__MODIFIED = 0x01, /* it changed, even if stat is the same */
	REACTOR__GONE = 0x02      /* the name may be another file by now */
};
/*
 * Calls changed for each event read; `name` is the entry of a watched
 * directory, or "".  watch -1: events were lost.
 */
typedef void reactor__inotify_fn(
    void *context, int watch, unsigned what, const char *name);
void reactor__inotify_read(int fd, reactor__inotify_fn *, void *context);

#endif
