/*
 * SPDX-License-Identifier: ISC
 *
 * reactor.h: an event loop.  It waits for descriptors, clocks, signals,
 * children and other threads, and calls the handlers that you registered.
 *
 *   register       wait            queue           dispatch      run
 *   handler ---> multiplexer ---> event queue ---> dispatcher -> handler
 *
 * Every kind K of handler is a struct reactor_K that you embed in your own
 * data: zero it or initialise it, set its fields, and start it.  Starting
 * allocates nothing but table growth; stopping cannot fail; the memory is
 * yours.  A callback may stop, restart or free any handler, its own included.
 * After stop returns, the handler is not called again.
 *
 * Functions return 0, or -1 with errno and nothing changed.  Times are int64_t
 * nanoseconds.  A reactor belongs to the thread that runs it; only
 * reactor_post_send, reactor_wake and reactor_stop may be called by others.
 * reactor(7) explains the whole; each function has a page in section 3.
 */
#ifndef REACTOR_REACTOR_H
#define REACTOR_REACTOR_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

#define REACTOR_VERSION        "0.1.0"
#define REACTOR_VERSION_NUMBER 0x000100 /* major, minor, patch: a byte each */

#define REACTOR_MICROSECOND    ((int64_t)1000)
#define REACTOR_MILLISECOND    ((int64_t)1000000)
#define REACTOR_SECOND         ((int64_t)1000000000)

/* The struct that a handler is embedded in, from a pointer to the handler. */
#define REACTOR_OWNER(pointer, type, member) \
	((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* What an io handler waits for... */
enum {
	REACTOR_READ = 0x01,
	REACTOR_URGENT = 0x02, /* out-of-band data; not on every backend */
	REACTOR_WRITE = 0x04,
	/* ...and what else it may be told. */
	REACTOR_ERROR = 0x08,  /* an error waits in the descriptor (SO_ERROR) */
	REACTOR_HANGUP = 0x10, /* both directions are dead */
	REACTOR_BAD = 0x20,    /* no longer watched: see reactor_io.error */
	REACTOR_TIMEOUT = 0x40 /* nothing else came in time */
};

/* Options of a handler: event.flags. */
enum {
	REACTOR_ONESHOT = 0x01,    /* io: stopped when it is called */
	REACTOR_BACKGROUND = 0x02, /* does not keep reactor_run running */
	REACTOR_WALL = 0x04, /* timer: by the time of day, steps noticed */
	REACTOR_BOOT = 0x08  /* timer: counts while the machine sleeps */
};

struct reactor;
struct reactor_event;
struct reactor_io;
struct reactor_timer;
struct reactor_signal;
struct reactor_child;
struct reactor_post;
struct reactor_defer;
struct reactor_idle;
struct reactor_prepare;
struct reactor_check;
struct reactor_path;

/* A place in a circular list; NULL pointers when in none. */
struct reactor_link {
	struct reactor_link *next, *prev;
};

/*
 * An entry of the event queue, and so the beginning of every handler.  Yours
 * are name, priority and flags, read by start; the rest is the library's.
 */
struct reactor_event {
	union {
		struct reactor_link link; /* its place in the event queue */
		struct {
			uint64_t order; /* or in the heap of timers */
			size_t index;
		} heap;
	} place;
	const char *name;     /* for dump and trace, or NULL; not copied */
	signed char priority; /* -2 (last) to 2 (first) */
	unsigned char flags;
	unsigned char state;
	unsigned char kind;
	unsigned mark;
};

/* ---- The loop: reactor_open(3), reactor_run(3) --------------------------- */

struct reactor_options {
	const char *backend; /* names, best first; NULL: $REACTOR_BACKEND */
	const char *trace;   /* file, or "-"; NULL: $REACTOR_TRACE */
	void *data;          /* yours: reactor_data() */
	int measure; /* time every handler: costs two clock reads each */
};

/* Opens a loop; options may be NULL.  NULL on failure: see reactor_error. */
struct reactor *reactor_open(const struct reactor_options *);
/* Stops every handler, calls none, frees the loop.  EBUSY inside a run. */
int reactor_close(struct reactor *);
/* Why this thread's last reactor_open failed, in words; never NULL. */
const char *reactor_error(void);
/* The data of the options. */
void *reactor_data(const struct reactor *);
/* The library's version, as REACTOR_VERSION was when it was built. */
const char *reactor_version(void);
/*
 * Replaces realloc(3) and free(3) (size 0 frees) for all that the library
 * allocates.  Call it before anything else; NULL restores the default.
 */
void reactor_set_allocator(void *(*resize)(void *memory, size_t size));

/* Turns until nothing is left to wait for (0), or reactor_stop (0). */
int reactor_run(struct reactor *);
/*
 * One turn that waits at most `timeout` ns (0: not at all, negative: as long
 * as it takes).  Returns the number of handlers called.
 */
int reactor_run_once(struct reactor *, int64_t timeout);
/*
 * Ends the run after the present callback; what is queued stays queued.  A
 * stop before a run ends that run at once.  Any thread, and signal handlers.
 */
void reactor_stop(struct reactor *);
/* Makes the present or the next wait return.  Any thread, signal handlers. */
void reactor_wake(struct reactor *);
/*
 * The monotonic clock: read at most once per callback, so equal within one.
 * No timer fires before its deadline by this clock.
 */
int64_t reactor_now(struct reactor *);
/* Has it read anew: after long work in a callback. */
void reactor_now_update(struct reactor *);

/* ---- The backend: reactor_backends(3), reactor_backend(7) ---------------- */

struct reactor_backend_info {
	const char *name;   /* "epoll", "kqueue", "poll", "select" */
	int available;      /* can be had here, now */
	int emulated;       /* works, but its speed says nothing about it */
	int error;          /* if not: why, as errno */
	const char *reason; /* if not, or emulated: why, in words; else NULL */
};

/* Writes up to max entries, best first; returns how many there are. */
size_t reactor_backends(struct reactor_backend_info *, size_t max);
/* The name of this loop's backend, such as "epoll" or "kqueue (emulated)". */
const char *reactor_backend_name(const struct reactor *);
/*
 * A descriptor that is readable when the loop has something to do, for use in
 * another loop; ENOTSUP where the backend has none.  It stays the library's.
 */
int reactor_descriptor(struct reactor *);
/*
 * What that other loop calls before it sleeps: applies pending changes and
 * stores how long it may sleep at most (ns; 0: not at all; -1: for ever).
 */
int reactor_next(struct reactor *, int64_t *timeout);

/* ---- Descriptors: reactor_io_start(3) ------------------------------------ */

/* `ready`: the wanted bits that came, with ERROR, HANGUP, BAD, TIMEOUT. */
typedef void reactor_io_fn(
    struct reactor *, struct reactor_io *, unsigned ready);

struct reactor_io {
	struct reactor_event event;
	reactor_io_fn *callback;
	struct reactor_io *next;       /* the library's */
	struct reactor_timer *timeout; /* yours, with `every` set; or NULL */
	int fd;
	unsigned char wanted;   /* READ, WRITE, URGENT: read by start */
	unsigned char interest; /* the library's */
	unsigned short error;   /* with BAD: the errno */
};

/*
 * Calls back as long as the descriptor is ready (level-triggered).  Any number
 * of handlers may watch one descriptor.  Starting a started handler takes over
 * new fields (but stop it before you change fd or timeout).  Stop it before you
 * close the descriptor.  With a timeout, it is also called when nothing came
 * for timeout->every ns; the library starts and stops that timer. EBADF: fd <
 * 0.  EINVAL: nothing wanted, or unknown bits.  ENOTSUP: URGENT.
 */
int reactor_io_start(struct reactor *, struct reactor_io *);
void reactor_io_stop(struct reactor *, struct reactor_io *);

/* ---- Time: reactor_timer_start(3) ---------------------------------------- */

typedef void reactor_timer_fn(struct reactor *, struct reactor_timer *);

struct reactor_timer {
	struct reactor_event event;
	reactor_timer_fn *callback;
	int64_t every;    /* ns between repetitions; 0: once */
	int64_t deadline; /* set by start: when it is due, on its clock */
};

/*
 * Due `after` ns from now (at once if that is past), or at a point of its
 * clock: reactor_now's, or ns since the epoch with REACTOR_WALL.  Starting a
 * started timer moves it.  Never early; what is due together comes by
 * deadline, then in the order of starting.  A repeating timer does not drift,
 * and skips what it missed.  EINVAL: `every` < 0, or WALL with BOOT.
 */
int reactor_timer_start(
    struct reactor *, struct reactor_timer *, int64_t after);
int reactor_timer_start_at(
    struct reactor *, struct reactor_timer *, int64_t deadline);
void reactor_timer_stop(struct reactor *, struct reactor_timer *);

/* ---- Signals: reactor_signal_start(3) ------------------------------------ */

struct reactor_signal_info {
	int number;
	int code;       /* si_code, such as SI_USER */
	int pid;        /* of the sender, or of the child */
	unsigned uid;   /* of the sender */
	int status;     /* SIGCHLD: exit status or signal */
	intptr_t value; /* of sigqueue(3) */
	unsigned count; /* how many this call stands for: more in a flood */
};

typedef void reactor_signal_fn(struct reactor *, struct reactor_signal *,
    const struct reactor_signal_info *);

struct reactor_signal {
	struct reactor_event event;
	reactor_signal_fn *callback;
	struct reactor_signal *next; /* the library's */
	int number;
	unsigned pending;                /* the library's */
	struct reactor_signal_info info; /* the library's */
};

/*
 * Any number of handlers, in any number of loops and threads, may watch one
 * signal.  The first installs a signal action, the last restores what was
 * there, if ours is still in place.
 */
int reactor_signal_start(struct reactor *, struct reactor_signal *);
void reactor_signal_stop(struct reactor *, struct reactor_signal *);

/* ---- Processes: reactor_child_start(3), reactor_spawn(3) ----------------- */

typedef void reactor_child_fn(struct reactor *, struct reactor_child *);

struct reactor_child {
	struct reactor_event event;
	reactor_child_fn *callback;
	int pid;
	/* Set before the call: */
	int status;       /* as waitpid(2) gives it, if error is 0 */
	int error;        /* ECHILD: it ended, but how is not ours to know */
	int64_t user;     /* processor time, ns */
	int64_t system;   /* the same, in the kernel */
	int64_t resident; /* greatest resident size, bytes */
	/* The library's: */
	struct reactor_child *next, *peers;
	struct reactor_io io;
	int watched, ours;
};

/* Called once, when process `pid` ends.  Our child is reaped by the loop. */
int reactor_child_start(struct reactor *, struct reactor_child *);
void reactor_child_stop(struct reactor *, struct reactor_child *);

/* Which of the command's streams are pipes to us. */
enum { REACTOR_STDIN = 0x01, REACTOR_STDOUT = 0x02, REACTOR_STDERR = 0x04 };

struct reactor_command {
	const char *const *arguments;   /* arguments[0] is looked up in PATH */
	const char *const *environment; /* NULL: ours */
	const char *directory;          /* NULL: ours */
	unsigned pipes;                 /* REACTOR_STDIN and so on */
	int streams[3]; /* out: our ends of the pipes, non-blocking; else -1 */
};

/*
 * Starts the command and then `child` for it.  Fails with the errno of the
 * step that failed, exec included; then nothing is left behind.  The pipe
 * ends are the caller's to close.
 */
int reactor_spawn(
    struct reactor *, struct reactor_child *, struct reactor_command *);

/* ---- Other threads: reactor_post_send(3) --------------------------------- */

typedef void reactor_post_fn(struct reactor *, struct reactor_post *);

struct reactor_post {
	struct reactor_event event;
	reactor_post_fn *callback;
	void *data;                /* yours */
	struct reactor_post *next; /* the library's */
	struct reactor_link link;  /* the library's */
	unsigned posted;           /* the library's */
};

/*
 * Has the loop call the callback, from any thread or signal handler; errno is
 * kept.  Sending what is still waiting is one call of it.  The memory must
 * stay until the call.  It need not be started.
 */
void reactor_post_send(struct reactor *, struct reactor_post *);
/* Announces sends to come: keeps the loop running until stopped. */
int reactor_post_start(struct reactor *, struct reactor_post *);
/*
 * Forgets a send that has not been called yet.  The caller sees to it that no
 * other thread sends meanwhile or afterwards.
 */
void reactor_post_stop(struct reactor *, struct reactor_post *);

/* ---- The loop itself: reactor_defer_start(3) ----------------------------- */

typedef void reactor_defer_fn(struct reactor *, struct reactor_defer *);
typedef void reactor_idle_fn(struct reactor *, struct reactor_idle *);
typedef void reactor_prepare_fn(struct reactor *, struct reactor_prepare *);
typedef void reactor_check_fn(struct reactor *, struct reactor_check *);

struct reactor_defer {
	struct reactor_event event;
	reactor_defer_fn *callback;
};

struct reactor_idle {
	struct reactor_event event;
	reactor_idle_fn *callback;
	struct reactor_link link; /* the library's */
};

struct reactor_prepare {
	struct reactor_event event;
	reactor_prepare_fn *callback;
};

struct reactor_check {
	struct reactor_event event;
	reactor_check_fn *callback;
};

/* Called once, in the next turn. */
int reactor_defer_start(struct reactor *, struct reactor_defer *);
void reactor_defer_stop(struct reactor *, struct reactor_defer *);
/* Called in each turn in which nothing else is queued; the loop never waits. */
int reactor_idle_start(struct reactor *, struct reactor_idle *);
void reactor_idle_stop(struct reactor *, struct reactor_idle *);
/* Called at the beginning of each turn, before the wait; not queued. */
int reactor_prepare_start(struct reactor *, struct reactor_prepare *);
void reactor_prepare_stop(struct reactor *, struct reactor_prepare *);
/* Called right after each wait, before what it found is queued. */
int reactor_check_start(struct reactor *, struct reactor_check *);
void reactor_check_stop(struct reactor *, struct reactor_check *);
/*
 * Puts a started handler in the queue by hand, as if what it waits for had
 * happened; `ready` counts for io only.  EINVAL if it is not started, or is
 * a prepare, check or child handler.
 */
int reactor_feed(struct reactor *, struct reactor_event *, unsigned ready);

/* ---- Files: reactor_path_start(3) ---------------------------------------- */

typedef void reactor_path_fn(struct reactor *, struct reactor_path *);

/* What stat(2) said, reduced; all zero if there is nothing by that name. */
struct reactor_path_status {
	uint64_t device, inode;
	int64_t size, modified, changed; /* bytes; ns since the epoch */
	unsigned mode, links;
};

struct reactor_path {
	struct reactor_event event;
	reactor_path_fn *callback;
	const char *path; /* not copied */
	int64_t interval; /* ns between looks where polling; 0: a second */
	struct reactor_path_status was, now; /* set before the call */
	/* The library's: */
	struct reactor_link link, file, directory;
	struct reactor_timer timer;
};

/*
 * Called when what the name stands for has changed, appeared or vanished: a
 * file, or a directory and its entries.  The name need not exist.
 */
int reactor_path_start(struct reactor *, struct reactor_path *);
void reactor_path_stop(struct reactor *, struct reactor_path *);

/* ---- Seeing: reactor_dump(3) --------------------------------------------- */

struct reactor_statistics {
	uint64_t turns;
	uint64_t events;   /* entered into the queue */
	uint64_t handlers; /* called */
	int64_t longest;   /* ns, of one call; 0 unless options.measure */
	size_t active;     /* started handlers that keep the loop running */
};

void reactor_stats(const struct reactor *, struct reactor_statistics *);
/* Describes the loop and every handler, one call of `line` for each line. */
void reactor_dump(
    struct reactor *, void (*line)(void *context, const char *), void *context);
/* Is there a trace to be written?  Ask before you prepare words for it. */
int reactor_traced(const struct reactor *);
/* A record begins something, ends what began last in its lane, or stands. */
enum { REACTOR_BEGIN, REACTOR_END, REACTOR_INSTANT };
/*
 * Adds a record of the program's own to the trace, if there is one, in a lane
 * ("tasks") of its own: at most 11 of them; others are left out.  In a file, a
 * beginning has the name, others the verb and the name, and `what` (or NULL)
 * stands beside it; in lines, all four words are printed.
 */
void reactor_trace(struct reactor *, int record, const char *lane,
    const char *verb, const char *name, const char *what);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
