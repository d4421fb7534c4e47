/*
 * SPDX-License-Identifier: ISC
 *
 * executor.h: jobs for other threads or processes, and futures that stand for
 * what will come of them.
 *
 *   submit --> queue --> worker --> future --> wait, done handler, task
 *                        worker
 *                        worker
 *
 * A job is a function that takes bytes and returns bytes, or an error in
 * words.  So the same program runs on threads and on processes: the kind of an
 * executor is one word.
 *
 * Functions return 0, or -1 with errno and nothing changed.  Times are int64_t
 * nanoseconds; a negative time-out is none.  Executors and futures may be used
 * by any thread; what takes a struct reactor is for the thread of that loop.
 * After fork(2) they are the parent's: in the child each function fails with
 * ECHILD.  executor(7) explains the whole; each function has a page in section
 * 3.
 */
#ifndef REACTOR_EXECUTOR_H
#define REACTOR_EXECUTOR_H

#include <reactor/reactor.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

struct reactor_executor;
struct reactor_future;
struct reactor_job;
struct reactor_done;
struct reactor_room;
struct reactor_series;
struct reactor_map;

struct reactor_bytes {
	const void *bytes;
	size_t size;
};

/* ---- Jobs: reactor_job_return(3) ----------------------------------------- */

/* Returns 0, or -1: the errno is the error, unless reactor_job_fail told it. */
typedef int reactor_job_fn(struct reactor_job *);

/* What a job gets.  On processes it runs in another one than who submits it. */
struct reactor_job {
	void *argument; /* a copy of its own, aligned for anything */
	size_t size;
	const char *name;
	unsigned worker; /* the number of the one that runs it, from 0 */
	/* The library's: */
	unsigned error;
	void *result;
	size_t result_size;
	const int *asked;
};

/*
 * Makes the result that long, like realloc(3), and returns it, to be filled in;
 * it may still change its size.  NULL: ENOMEM.
 */
void *reactor_job_result(struct reactor_job *, size_t size);
/* The result is a copy of these bytes.  ENOMEM. */
int reactor_job_return(struct reactor_job *, const void *bytes, size_t size);
/* Returns -1, for the job to return: its error, and that in words. */
#ifdef __GNUC__
__attribute__((format(printf, 3, 4)))
#endif
int
reactor_job_fail(struct reactor_job *, int error, const char *format, ...);
/* 1: somebody no longer wants it, and long work should end. */
int reactor_job_cancelled(const struct reactor_job *);
/*
 * Gives a function a name, by which it is found, in dumps too.  The name is not
 * copied.  EEXIST: it is another's.  ENOMEM.
 */
int reactor_job_register(const char *name, reactor_job_fn *);
/* NULL: ENOENT. */
reactor_job_fn *reactor_job_find(const char *name);

/* ---- Executors: reactor_executor_open(3) --------------------------------- */

/* reactor_executor_options.flags */
enum {
	REACTOR_BREAK = 0x01 /* a process that dies takes the executor along */
};

struct reactor_executor_options {
	const char *kind;  /* "threads", "processes"; NULL: $REACTOR_EXECUTOR,
	                        else threads */
	const char *name;  /* of its workers, for ps(1) and traces; copied */
	unsigned workers;  /* 0: processes as cores, threads cores + 4 */
	unsigned flags;    /* REACTOR_BREAK */
	size_t queue;      /* jobs that may wait; 0: no limit */
	size_t stack_size; /* of a thread; 0: as usual */
	unsigned max_jobs; /* after which a process is replaced; 0: never */
	int64_t limit;     /* ns for each job; 0: none */
	const char *trace; /* file, or "-"; NULL: $REACTOR_TRACE */
	/* Runs first in each worker; if it fails the executor is broken. */
	reactor_job_fn *initialize;
	const void *argument; /* of initialize; copied */
	size_t size;
};

/*
 * Opens an executor; options may be NULL.  Workers start as jobs come.  NULL:
 * see reactor_executor_error; EINVAL, ENOTSUP, ENOMEM, or what fork(2) says.
 */
struct reactor_executor *reactor_executor_open(
    const struct reactor_executor_options *);
/* Why this thread's last reactor_executor_open failed, in words. */
const char *reactor_executor_error(void);

/* Flags of reactor_executor_shutdown. */
enum {
	REACTOR_CANCEL = 0x01, /* jobs that have not begun are cancelled */
	REACTOR_KILL = 0x02    /* those that run as well: processes are killed,
	                          threads are asked to end */
};

/* No more jobs are taken; those that are there run to their end. */
int reactor_executor_shutdown(struct reactor_executor *, unsigned flags);
/*
 * Shuts it down, waits for the end of all jobs and workers, and frees it;
 * futures stay.  ETIMEDOUT: some still run; nothing was freed.  EDEADLK: called
 * by a job of its own.
 */
int reactor_executor_close(struct reactor_executor *, int64_t timeout);

/*
 * The processes of all executors are forked by a helper, which is itself forked
 * when the first is opened, or here: at the beginning of main, before there are
 * threads.  Jobs see the globals as they were then.
 */
int reactor_helper_start(void);
void reactor_helper_stop(void); /* it ends with the last executor */

struct reactor_executor_info {
	const char *name;   /* "threads", "processes" */
	int available;      /* can be had here, now */
	int error;          /* if not: why, as errno */
	const char *reason; /* if not: why, in words; else NULL */
};

/* Writes up to max entries; returns how many there are. */
size_t reactor_executors(struct reactor_executor_info *, size_t max);
const char *reactor_executor_kind(const struct reactor_executor *);

/* ---- Submitting: reactor_submit(3) --------------------------------------- */

/* reactor_job_attributes.flags */
enum {
	REACTOR_TRY = 0x01 /* EAGAIN if the queue is full: do not wait */
};

struct reactor_job_attributes {
	const char *name; /* copied; NULL: the function's */
	int64_t limit;    /* ns; 0: the executor's; < 0: none */
	unsigned flags;
};

/*
 * Queues a job: reactor_submit(executor, f, bytes, size).  The bytes are
 * copied.  If the queue is full, waits until it is not.  The reference to the
 * future is the caller's, to be given up by reactor_future_detach.  NULL:
 * EAGAIN (the queue is full, and the caller does not wait or is a job of that
 * executor), EFAULT (the function is not known to the helper: it was loaded
 * later), EINVAL, ENOMEM (or there is no thread, and none can be had),
 * ENOTRECOVERABLE (it is broken), ESHUTDOWN.
 */
#define reactor_submit(executor, function, bytes, size) \
	reactor_submit_as(executor, function, bytes, size, NULL, #function)
#define reactor_submit_with(executor, function, bytes, size, attributes) \
	reactor_submit_as(                                               \
	    executor, function, bytes, size, attributes, #function)
struct reactor_future *reactor_submit_as(struct reactor_executor *,
    reactor_job_fn *, const void *bytes, size_t size,
    const struct reactor_job_attributes *, const char *name);

typedef void reactor_room_fn(struct reactor *, struct reactor_room *);

struct reactor_room {
	struct reactor_post post; /* its name and priority are yours */
	reactor_room_fn *callback;
	struct reactor_executor *executor;
	struct reactor_link link; /* the library's */
	unsigned state;           /* the library's */
};

/* Called once, as soon as the queue is not full, or takes no more jobs. */
int reactor_room_start(struct reactor *, struct reactor_room *);
void reactor_room_stop(struct reactor *, struct reactor_room *);

/* ---- Futures: reactor_future_wait(3) ------------------------------------- */

/* How a job stands. */
enum {
	REACTOR_PENDING,
	REACTOR_RUNNING,
	REACTOR_FINISHED, /* with a result or with an error */
	REACTOR_CANCELLED /* before it began */
};

struct reactor_outcome {
	int state;
	int error;         /* 0, or why it failed; ECANCELED */
	const char *text;  /* the error in words, or "" */
	const void *bytes; /* the result, as long as the future is there */
	size_t size;
	int status;      /* EOWNERDEAD: of its process, as by waitpid(2) */
	unsigned worker; /* who ran it */
	/* When, by the monotonic clock; 0: not yet. */
	int64_t submitted, started, finished;
};

/*
 * Waits for the end of the job and tells how it ended (outcome may be NULL): 0,
 * whatever came of it.  -1 is about the wait: ETIMEDOUT.
 *
 * What else than the job's own error may be told: EOWNERDEAD (its process died,
 * or it ended its thread), ETIMEDOUT (it overran its limit), ENOTRECOVERABLE
 * (the executor broke), ENOMEM.
 */
int reactor_future_wait(
    struct reactor_future *, int64_t timeout, struct reactor_outcome *);
/* Tells how it stands, without waiting. */
void reactor_future_peek(struct reactor_future *, struct reactor_outcome *);
/*
 * A job that has not begun never does: 0, also the next time.  EBUSY: it runs,
 * and is asked to end, which reactor_job_cancelled tells it.  EALREADY: it has
 * ended.
 */
int reactor_future_cancel(struct reactor_future *);
const char *reactor_future_name(const struct reactor_future *);
/* Gives up a reference; the job goes on.  NULL is nothing. */
void reactor_future_detach(struct reactor_future *);
/* One more reference; returns the future. */
struct reactor_future *reactor_future_retain(struct reactor_future *);

typedef void reactor_done_fn(struct reactor *, struct reactor_done *);

/* A handler for the end of a job. */
struct reactor_done {
	struct reactor_post post; /* its name and priority are yours */
	reactor_done_fn *callback;
	struct reactor_future *future;
	void *data; /* yours */
	/* The library's: */
	struct reactor_link link;
	unsigned state;
};

/*
 * Calls back once, in the loop's thread, when the job has ended; keeps the loop
 * running until then.  Without a loop (NULL): in the thread that ends the job,
 * or at once if it has ended.  In the order of starting.  EBUSY: it is started.
 */
int reactor_done_start(struct reactor *, struct reactor_done *);
/* It is not called after that; if it is being called elsewhere, waits. */
void reactor_done_stop(struct reactor *, struct reactor_done *);

/* ---- Several: reactor_futures_wait(3), reactor_map_open(3) --------------- */

/* Until when reactor_futures_wait waits.  Being cancelled is no error. */
enum { REACTOR_FIRST, REACTOR_FIRST_ERROR, REACTOR_ALL };

/*
 * Returns how many of them have ended, each counted once; after a time-out that
 * may be 0.  EINVAL, ENOMEM.
 */
int reactor_futures_wait(
    struct reactor_future *const *, size_t n, int until, int64_t timeout);

/*
 * Futures as they end, each once, those that have ended first.  The time-out is
 * for all of them together.  NULL: ENOMEM.
 */
struct reactor_series *reactor_series_open(
    struct reactor_future *const *, size_t n, int64_t timeout);
/* 1: *future has ended; 0: there are no more; -1: ETIMEDOUT. */
int reactor_series_next(struct reactor_series *, struct reactor_future **);
/* How many are left. */
size_t reactor_series_left(struct reactor_series *);
void reactor_series_close(struct reactor_series *); /* cancels nothing */

/* The argument number i: 1; 0: there is none; -1: an error. */
typedef int reactor_map_fn(void *context, size_t i, struct reactor_bytes *);

struct reactor_map_options {
	size_t window;   /* arguments that are taken ahead; 0: all */
	size_t chunk;    /* arguments for a job; 0: one */
	int64_t timeout; /* ns for the whole; 0: none */
	const char *name;
};

/*
 * Runs the function for each argument, and has the results in their order.
 * options may be NULL.  NULL: what reactor_submit says.
 */
struct reactor_map *reactor_map_open(struct reactor_executor *,
    reactor_job_fn *, reactor_map_fn *arguments, void *context,
    const struct reactor_map_options *);
/*
 * 1: *outcome is the next, valid until the call after; 0: there are no more;
 * -1: ETIMEDOUT, what `arguments` or reactor_submit said.
 */
int reactor_map_next(struct reactor_map *, struct reactor_outcome *);
void reactor_map_close(struct reactor_map *); /* cancels what is left */

/* ---- Seeing: reactor_executor_stats(3) ----------------------------------- */

struct reactor_executor_statistics {
	size_t workers; /* that there are */
	size_t queued;  /* jobs that have not begun */
	size_t running; /* jobs */
	size_t overrun; /* threads that still run what was given up */
	uint64_t submitted, succeeded, failed, cancelled; /* jobs ever */
	uint64_t started;                                 /* workers ever */
	uint64_t died;                      /* of these: before they should */
	int64_t queue_total, queue_longest; /* ns: from submit to begin */
	int64_t job_total, job_longest;     /* ns: from begin to end */
	int broken;
};

void reactor_executor_stats(
    struct reactor_executor *, struct reactor_executor_statistics *);

/* How a worker stands. */
enum {
	REACTOR_STARTING, /* or waiting to be started again */
	REACTOR_IDLE,
	REACTOR_WORKING,
	REACTOR_OVERRUN /* a thread, at a job that was given up */
};

struct reactor_worker_info {
	unsigned number;
	int state;
	int pid;       /* of its process; else 0 */
	uint64_t jobs; /* that it has run */
	int64_t since; /* when it got into that state, by the monotonic clock */
	char job[32];  /* the name of what it runs, or "" */
};

/* Writes up to max entries; returns how many workers there are. */
size_t reactor_executor_workers(
    struct reactor_executor *, struct reactor_worker_info *, size_t max);
/* Describes the executor and each worker, one call of `line` for each line. */
void reactor_executor_dump(struct reactor_executor *,
    void (*line)(void *context, const char *), void *context);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
