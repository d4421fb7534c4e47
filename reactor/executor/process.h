/*
 * SPDX-License-Identifier: ISC
 *
 * process.h: the process of one worker, as its executor has it.
 */
#ifndef REACTOR_EXECUTOR_PROCESS_H
#define REACTOR_EXECUTOR_PROCESS_H

#include "reactor/executor/helper.h"
#include "reactor/executor/pool.h"

struct reactor__call;
struct reactor__report;

/* Why a process is being killed, if not by its job's limit. */
enum { REACTOR__SHUT = 1, REACTOR__BROKE };

/* Of the worker's thread; what is marked is written with the lock. */
struct reactor__process {
	struct reactor__contact contact;
	int running;       /* marked: the contact is open */
	int ended;         /* marked: the sentry has seen its report */
	int live;          /* marked: it has said hello */
	int doomed;        /* marked: REACTOR__SHUT... or 0 */
	int killed;        /* doomed, as it was when it was buried */
	int dead;          /* the helper has reported it, or is gone */
	int lost;          /* the helper is gone */
	int status;        /* dead: how it ended, as by waitpid(2) */
	uint64_t sequence; /* of the last call */
	unsigned jobs;     /* that this process has run */
	unsigned failures; /* starts, in a row */
	unsigned deaths;   /* after hello, in a row */
};

/* ---- exchange.c ---------------------------------------------------------- */

enum reactor__exchange {
	REACTOR__ANSWERED, /* there is a result */
	REACTOR__DEAD,     /* it ended first, or its socket did */
	REACTOR__LATE,     /* the deadline has passed */
	REACTOR__NONSENSE, /* it says what it must not */
	REACTOR__NO_MEMORY /* for the result */
};

/*
 * Sends the call, and waits for its answer.  After anything but an answer there
 * is nothing more to say to that process.
 */
int reactor__process_call(struct reactor__process *, struct reactor__call *,
    const void *bytes, const char *name, int64_t deadline,
    struct reactor__result *);

/* ---- process.c ----------------------------------------------------------- */

/* Starts it, with the initializer; 0, or -1: broken, shut down or doomed. */
int reactor__process_prepare(struct reactor__worker *);
/* It shall have no more jobs: lets it end, and buries it. */
void reactor__process_stop(struct reactor__worker *);
/* Kills it: SIGTERM first, if there is a grace (ns).  Waits for its end. */
void reactor__process_kill(struct reactor__worker *, int64_t grace);
/* It has died, with no job: tells who has to know, and buries it. */
void reactor__process_died(struct reactor__worker *);
/* It is dead: tidies up. */
void reactor__process_bury(struct reactor__worker *);

/* ---- report.c ------------------------------------------------------------ */

/* Waits that long for a report; 0: none came. */
int reactor__process_report(
    struct reactor__process *, int64_t ns, struct reactor__report *);
/* Waits that long for its end; 0: it goes on. */
int reactor__process_wait(struct reactor__process *, int64_t ns);
/* For poll(2): rounds up, so that it is not early. */
int reactor__process_milliseconds(int64_t ns);
/* "was killed by signal 9 (Killed)" */
const char *reactor__process_how(int status, char *text, size_t size);

/* ---- remote.c ------------------------------------------------------------ */

void reactor__process_run(struct reactor__worker *, struct reactor__result *);
/* 1: it has run as many jobs as it may. */
int reactor__process_worn(const struct reactor__worker *);

/* ---- sentry.c: with the lock, but for stop ------------------------------- */

void reactor__sentry_start(struct reactor_executor *);
/* There is another process. */
void reactor__sentry_ring(struct reactor_executor *);
void reactor__sentry_stop(struct reactor_executor *);

/* ---- processes.c --------------------------------------------------------- */

/* The executor is broken: kills all processes but that worker's. */
void reactor__processes_doom(
    struct reactor_executor *, const struct reactor__worker *but);

#endif
