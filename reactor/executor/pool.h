/*
 * SPDX-License-Identifier: ISC
 *
 * pool.h: struct reactor_executor, struct reactor_future, and what the files of
 * executors know of each other.
 *
 *   submit --> queue --> future --> future        jobs that have not begun
 *                          |
 *              take        v
 *   worker.c: a thread for each worker --> kind->run --> finish
 *
 * A worker of processes is a thread as well: it hands its job to a process of
 * its own, and waits for it.  So the two kinds differ in a few functions, and
 * nothing but these knows which it is.
 *
 * One lock guards an executor and all its futures.  Whoever waits has a lock of
 * its own (struct reactor__waiter), which is taken second.
 */
#ifndef REACTOR_EXECUTOR_POOL_H
#define REACTOR_EXECUTOR_POOL_H

#include <errno.h>
#include <pthread.h>
#include <reactor/executor.h>
#include "reactor/support.h"

struct reactor__helper;
struct reactor__journal;
struct reactor__process;
struct reactor__sentry;
struct reactor__worker;

/* ---- The two kinds: kinds.c ---------------------------------------------- */

/* What has come of a job. */
struct reactor__result {
	int error;   /* then the bytes are words, ending in a 0 */
	int status;  /* EOWNERDEAD: of its process */
	int mapped;  /* the bytes: by mmap(2), not by reactor__allocate */
	void *bytes; /* or NULL */
	size_t size;
};

/* Called by the thread of the worker, without the lock, but for those marked. */
struct reactor__executor_kind {
	const char *name;
	int threads; /* run its jobs: their limits are for limit.c */
	/* How many workers there are, if nobody says. */
	unsigned (*workers)(void);
	/* What it needs: 0, or -1 and errno.  By who opens; may be NULL. */
	int (*open)(struct reactor_executor *);
	/* By who closes, when no thread is left; may be NULL. */
	void (*close)(struct reactor_executor *);
	/* Could it run that function?  0, or -1 and errno.  By who submits. */
	int (*check)(struct reactor_executor *, reactor_job_fn *);
	/*
	 * Makes the worker ready for a job, before it looks for one, as long as
	 * that takes: 0; or -1, the executor is broken or is shut down.
	 */
	int (*ready)(struct reactor__worker *);
	/* Runs worker->future, which the worker holds. */
	void (*run)(struct reactor__worker *, struct reactor__result *);
	/* The worker looks for no more jobs. */
	void (*end)(struct reactor__worker *);
	/* Has what it runs end, if that can be.  With the lock. */
	void (*kill)(struct reactor__worker *);
	/* Lets what it runs know that it should end; may be NULL.  The same. */
	void (*ask)(struct reactor__worker *);
};

extern const struct reactor__executor_kind reactor__threads, reactor__processes;

const struct reactor__executor_kind *reactor__executor_choose(
    const char *names);
/* What reactor_executor_error tells; for who opens. */
char *reactor__executor_message(size_t *size);

/* ---- Futures: future.c --------------------------------------------------- */

struct reactor_future {
	struct reactor_link link; /* in the queue */
	struct reactor_executor *pool;
	struct reactor_link watches; /* who waits */
	struct reactor_link dones;
	unsigned
	    references; /* atomic; the queue and the worker hold one each */
	unsigned char state;
	unsigned char named;            /* the name is a copy */
	struct reactor__worker *runner; /* while it runs */
	unsigned worker;                /* the number of that */
	int asked;                      /* atomic: it should end */
	reactor_job_fn *function;
	const char *name;
	int64_t limit; /* ns; 0: none */
	int64_t submitted, started, finished;
	struct reactor__result result;
	size_t size;
	_Alignas(max_align_t) unsigned char argument[];
};

static inline int
reactor__future_ended(const struct reactor_future *f)
{
	return f->state == REACTOR_FINISHED || f->state == REACTOR_CANCELLED;
}

/* From now on it runs; with the lock. */
void reactor__future_begin(struct reactor_future *, struct reactor__worker *);
/*
 * It is over, in that state, with that result, which it takes.  With the lock,
 * which is given up for done handlers without a loop.  0: it had ended before,
 * and the result was freed.
 */
int reactor__future_end(
    struct reactor_future *, int state, struct reactor__result *);
void reactor__result_free(struct reactor__result *);
/* Those of an error. */
const char *reactor__result_words(const struct reactor__result *);
/* Words for the error, unless there are some. */
__attribute__((format(printf, 3, 4))) void reactor__result_fail(
    struct reactor__result *, int error, const char *format, ...);

/* Everybody who waits for some future has one. */
struct reactor__waiter {
	pthread_mutex_t lock;
	pthread_cond_t told;
	struct reactor_link ended; /* watches, in the order of ending */
	size_t left;               /* that have not ended */
	int failed;                /* one of them has, with an error */
};

struct reactor__future_watch {
	struct reactor_link link; /* of the future, or waiter->ended */
	struct reactor__waiter *waiter;
	struct reactor_future *future;
	int ended;
};

/* wait.c */
int reactor__waiter_open(struct reactor__waiter *);
void reactor__waiter_close(struct reactor__waiter *);
/* Watches the future: it may have ended. */
void reactor__watch_start(struct reactor__waiter *,
    struct reactor__future_watch *, struct reactor_future *);
void reactor__watch_stop(struct reactor__future_watch *);
/* It has ended; with the lock of its executor. */
void reactor__watch_told(struct reactor__future_watch *);

/* done.c: calls all of them; with the lock, which may be given up meanwhile. */
void reactor__done_all(struct reactor_future *);

/* ---- Workers: worker.c --------------------------------------------------- */

struct reactor__worker {
	struct reactor_link link; /* in pool->workers */
	struct reactor_executor *pool;
	pthread_t thread;
	unsigned number;
	int state; /* REACTOR_STARTING... */
	int64_t since;
	uint64_t jobs;
	struct reactor_future *future; /* that it runs, or NULL */
	int64_t deadline;              /* of that; INT64_MAX: none */
	int prepared;                  /* kind->ready need not be called */
	int roused;                    /* but now it has to be; with the lock */
	/* threads.c */
	struct reactor_job job; /* that it runs */
	void *argument;         /* of the initializer, or NULL */
	/* processes.c */
	struct reactor__process *process;
	int pid; /* with the lock: what reactor_executor_workers tells */
};

/*
 * One more, if there may be one and it would have something to do.  0, or the
 * errno of pthread_create(3) if there is none at all.  With the lock.
 */
int reactor__worker_more(struct reactor_executor *);
/* Notes how it stands; with the lock. */
void reactor__worker_state(struct reactor__worker *, int state);
/*
 * Waits that long, for something that may be better then: 0; or -1, the
 * executor is broken, or is shut down and has nothing left to do.
 */
int reactor__worker_pause(struct reactor__worker *, int64_t ns);
/* Joins the threads that have left; without the lock. */
void reactor__worker_join(struct reactor_executor *);

/* ---- thread.c ------------------------------------------------------------ */

/* With all signals blocked but those of faults.  0, or the errno. */
int reactor__thread_create(
    pthread_t *, size_t stack_size, void *(*function)(void *), void *argument);
/* The thread that calls is one of that executor's own, called "NAME-end". */
void reactor__executor_enter(const struct reactor_executor *, const char *end);
int reactor__executor_inside(const struct reactor_executor *);

/*
 * limit.c: time limits of jobs on threads; with the lock.  0, or the errno of
 * pthread_create(3).
 */
int reactor__limit_start(struct reactor_executor *);
/* There is one more, until then. */
void reactor__limit_changed(struct reactor_executor *, int64_t deadline);
void reactor__limit_stop(struct reactor_executor *); /* without the lock */

/* job.c: runs the function here, and has what comes of it. */
void reactor__job_run(
    struct reactor_job *, reactor_job_fn *, struct reactor__result *);

/* ---- The executor: pool.c ------------------------------------------------ */

struct reactor_executor {
	pthread_mutex_t lock;
	const struct reactor__executor_kind *kind;
	unsigned references; /* atomic: who opened, and each future */
	unsigned generation; /* of the process that opened it */
	char name[32];
	struct reactor_executor_options options; /* kind is NULL */

	/* queue.c */
	struct reactor_link queue;
	size_t queued;
	struct reactor_link rooms;
	size_t kept;         /* places, for rooms that were told */
	pthread_cond_t room; /* the queue is not full */
	size_t waiting;      /* for room: threads */

	/* worker.c */
	struct reactor_link workers;
	struct reactor_link gone; /* have ended, and are to be joined */
	size_t nworkers;          /* that look for jobs, or will */
	size_t idle;              /* of these, wait for a job */
	size_t signalled;         /* of these, are about to wake */
	size_t overrun;           /* others, at a job that was given up */
	unsigned numbers;         /* that were given out */
	pthread_cond_t job;       /* there is one, or there will be none */
	pthread_cond_t ended;     /* a worker has, or a job */

	/* processes.c */
	struct reactor__helper *helper;
	struct reactor__sentry *sentry; /* or NULL */
	size_t live;                    /* processes that can take a job */

	/* limit.c */
	pthread_t watchdog;
	pthread_cond_t limit;
	int watched;
	int64_t due; /* the deadline that it sleeps for */

	/* done.c: calls that are being made, each on the stack of its thread */
	struct reactor_link calls;
	pthread_cond_t called;

	int shut;
	int killed;                       /* atomic: by REACTOR_KILL */
	int broken;                       /* the errno why, or 0 */
	char why[200];                    /* in words */
	struct reactor__journal *journal; /* or NULL */
	int lines;                        /* the journal is for people */
	int64_t opened;
	int traced; /* the number of this executor in the trace */
	struct reactor_executor_statistics stats;
};

/* Is it ours, or of the process that forked us?  -1: ECHILD. */
static inline int
reactor__executor_ours(const struct reactor_executor *pool)
{
	if (pool->generation == reactor__fork_generation())
		return 0;
	errno = ECHILD;
	return -1;
}

void reactor__executor_lock(struct reactor_executor *);
void reactor__executor_unlock(struct reactor_executor *);
/*
 * It takes no more jobs, and those that wait fail.  The first call counts.
 * Without the lock.
 */
__attribute__((format(printf, 3, 4))) void reactor__executor_break(
    struct reactor_executor *, int error, const char *format, ...);
/* The same, with the lock. */
void reactor__executor_broken(
    struct reactor_executor *, int error, const char *why);
void reactor__executor_retain(struct reactor_executor *);
void reactor__executor_release(struct reactor_executor *);

/* ---- queue.c ------------------------------------------------------------- */

/* The first, which has begun; NULL: none is there.  With the lock. */
struct reactor_future *reactor__jobs_take(struct reactor__worker *);
/* It leaves the queue without having begun; with the lock. */
void reactor__jobs_remove(struct reactor_future *);
/* Ends all that wait, in that state; with the lock. */
void reactor__jobs_end(
    struct reactor_executor *, int state, int error, const char *text);
/* Is there no place for who calls?  With the lock; room.c. */
int reactor__jobs_full(const struct reactor_executor *);
/* The same: takes the place. */
void reactor__jobs_put(struct reactor_executor *, struct reactor_future *);
/* The queue takes something, or nothing any more; with the lock. */
void reactor__jobs_room(struct reactor_executor *);

/* ---- trace.c: called only if pool->journal is not NULL; with the lock ----- */

int reactor__job_trace_open(struct reactor_executor *, const char *file);
void reactor__job_trace_close(struct reactor_executor *);
void reactor__job_trace_begin(const struct reactor_future *);
void reactor__job_trace_end(const struct reactor_future *);

/* Who is cancelled in write(2) would leave the lock locked. */
static inline void
reactor__executor_post(struct reactor *r, struct reactor_post *post)
{
	int was;

	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &was);
	reactor_post_send(r, post);
	(void)pthread_setcancelstate(was, &was);
}

/* ---- Lists: heads are initialised ---------------------------------------- */

static inline void
reactor__chain_init(struct reactor_link *list)
{
	list->next = list->prev = list;
}

static inline int
reactor__chain_empty(const struct reactor_link *list)
{
	return list->next == list;
}

static inline void
reactor__chain_append(struct reactor_link *list, struct reactor_link *link)
{
	link->next = list;
	link->prev = list->prev;
	list->prev->next = link;
	list->prev = link;
}

static inline void
reactor__chain_remove(struct reactor_link *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
	link->next = link->prev = NULL;
}

#endif
