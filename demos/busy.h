/*
 * SPDX-License-Identifier: ISC
 *
 * busy.h: tasks that keep workers busy, and what is measured of them.
 *
 *   files, peer --> task --> log --> table, picture
 *                    |
 *        in sequence, then on an executor
 */
#ifndef DEMOS_BUSY_H
#define DEMOS_BUSY_H

#include <stddef.h>
#include <stdint.h>
#include <reactor/executor.h>
#include "demos/timeline.h"

enum { BUSY_TASKS = 64 };

/* What a task is to do: the argument of a job, so it holds no pointers. */
struct busy_task {
	int number;
	int lock;      /* compute under the lock */
	int processor; /* the clock can tell who waits for a processor */
	int port;      /* of the peer to read from; 0: from the file */
	int64_t size;  /* count below that, or read so many bytes */
	char file[200];
};

/* What a task did: the result of a job, followed by its segments. */
struct busy_done {
	uint64_t value;
	int64_t begin, end; /* by the monotonic clock */
	int64_t cpu;        /* ns, of its thread */
	int64_t total[TIMELINE_STATES];
	size_t nsegments;
};

/* ---- Measuring: busy_log.c ----------------------------------------------- */

struct busy_log {
	struct busy_done done;
	struct timeline_segment *segments;
	size_t room;
	int64_t cpu; /* at the beginning */
};

void busy_log_begin(struct busy_log *);
/* It has been in that state since the last one ended. */
void busy_log_add(struct busy_log *, enum timeline_state, int64_t until);
void busy_log_end(struct busy_log *);
int64_t busy_cpu(void); /* ns, of this thread */
/* Is that clock finer than what is to be seen by it? */
int busy_cpu_fine(void);

/* ---- Tasks --------------------------------------------------------------- */

/* Does the task here and now.  0, or -1 and errno. */
typedef int busy_work(const struct busy_task *, struct busy_log *);

busy_work busy_count; /* primes: busy_cpu.c */
busy_work busy_read;  /* a file: busy_io.c */
/* The same as jobs: busy_log.c. */
reactor_job_fn busy_job_count, busy_job_read;

/* ---- One lock for the process: busy_lock.c ------------------------------- */

void busy_lock(struct busy_log *);
/* Has another waited for long enough?  Then he gets it, and we come later: 1. */
int busy_lock_check(struct busy_log *, int64_t now);
void busy_unlock(void);

/* ---- What is read: busy_files.c, busy_peer.c ----------------------------- */

/* Makes a directory, which is gone when the program ends, however it ends. */
void busy_directory(void);
/* Writes the file of that task, and tells its name. */
void busy_file(struct busy_task *);
/* Has it forgotten by the cache of the system: the part that stays, 0 to 1. */
double busy_forget(const struct busy_task *);
/* Starts a process that sends files, so many bytes a second; returns a port. */
int busy_peer(double rate);

/* ---- The program --------------------------------------------------------- */

/* How all the tasks went, in one way of doing them. */
struct busy_run {
	struct busy_log log[BUSY_TASKS];
	unsigned worker[BUSY_TASKS];
	int64_t begin, end, cpu;
};

struct busy {
	const char *work; /* "io", "cpu" */
	const char *kind; /* "threads", "processes" */
	busy_work *function;
	reactor_job_fn *job;
	long workers, ntasks;
	int lock, brief;
	char what[80];   /* "counting primes below 4 000 000" */
	char where[200]; /* from where it is read, or "" */
	int forget;      /* before each run the cache has to */
	struct busy_task task[BUSY_TASKS];
	struct busy_run sequence, pool;
	struct reactor_executor_statistics statistics;
};

/* busy_source.c: makes the files, to be read from the disk or from a peer. */
void busy_source(struct busy *, long megabytes, long rate);

/* busy_run.c: one after the other, here; then by an executor. */
void busy_run_sequence(struct busy *);
void busy_run_executor(struct busy *, struct reactor_executor *);

/* busy_print.c */
void busy_print_head(const struct busy *);
void busy_print_task(const struct busy *, const struct busy_run *, long task);
void busy_print_end(const struct busy *);
/* All of it in one line, about that picture or NULL. */
void busy_print_brief(const struct busy *, const char *picture);
/* "6 tasks on 3 threads: counting primes" */
void busy_title(const struct busy *, char *, size_t);
/* What has come of it. */
void busy_sentence(const struct busy *, char *, size_t);
/* Why; or "". */
void busy_reason(const struct busy *, char *, size_t);

/* busy_draw.c */
void busy_draw(const struct busy *, FILE *);

#endif
