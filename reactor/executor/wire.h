/*
 * SPDX-License-Identifier: ISC
 *
 * wire.h: what an executor and its processes say to each other.
 *
 *   executor                      helper                         worker
 *      |-- order: spawn, 3 descr. -->|------------ fork ------------>|
 *      |<-- report: started ---------|                               |
 *      |-- call: hello ------------------------------------------->  |
 *      |<-- answer ------------------------------------------------  |
 *      |-- call: a job ------------------------------------------->  |
 *      |<-- answer ------------------------------------------------  |
 *      |<-- report: ended -----------|<------ waitpid ---------------'
 *
 * All three have the same program in memory, so numbers and pointers go as they
 * are.  But a worker runs what may go wrong in any way: what it says is checked.
 */
#ifndef REACTOR_EXECUTOR_WIRE_H
#define REACTOR_EXECUTOR_WIRE_H

#include <sys/types.h>
#include <sys/uio.h>
#include <stddef.h>
#include <stdint.h>
#include <reactor/executor.h>

/* ---- To and from the helper: order.c, zygote.c -------------------------- */

enum { REACTOR__SPAWN, REACTOR__KILL };

/* With SPAWN go: the pipe for reports, the worker's socket, the shared page. */
struct reactor__order {
	uint64_t serial; /* of the process: pids come again */
	int what;
	int signal;
};

enum { REACTOR__WORKER_STARTED, REACTOR__WORKER_FAILED, REACTOR__WORKER_ENDED };

struct reactor__report {
	int what;
	int value; /* the pid, errno, status */
};

/* ---- To and from a worker: exchange.c, serve.c --------------------------- */

/* Bytes from that size on go in a file without a name. */
#define REACTOR__LARGE ((size_t)1024 * 1024)

enum {
	REACTOR__HELLO = 0x01, /* the first: the name is the worker's */
	REACTOR__FILE = 0x02   /* the bytes come as a descriptor */
};

/* Followed by the bytes, and the name with its 0. */
struct reactor__call {
	_Alignas(max_align_t) uint64_t sequence;
	reactor_job_fn *function;
	uint64_t size;
	uint64_t name; /* how long, with the 0 */
	unsigned worker;
	unsigned flags;
};

/* Followed by the bytes. */
struct reactor__answer {
	uint64_t sequence;
	uint64_t size;
	int error; /* then the bytes are words, with the 0 */
	unsigned flags;
};

/* A page that both sides have. */
struct reactor__shared {
	uint64_t began; /* atomic: the last job whose function was called */
	int asked;      /* atomic: it should end */
};

/* serve.c: what the worker does, as a child of the helper. */
void reactor__serve(int socket, int memory, pid_t helper)
    __attribute__((noreturn));

/* ---- The ways: wire.c ---------------------------------------------------- */

enum { REACTOR__PARTS = 3, REACTOR__PASSED = 3 };

struct reactor__message {
	struct iovec part[REACTOR__PARTS];
	int parts;
	int passed[REACTOR__PASSED]; /* descriptors: with the first byte */
	int descriptors;
	int cut; /* received: there was no room for some */
};

void reactor__message_put(struct reactor__message *, const void *, size_t);
/* How much is left to send. */
size_t reactor__message_left(const struct reactor__message *);
/* Sends some of it; 0, or -1 and errno (EAGAIN: only if not `waits`). */
int reactor__message_send(int socket, struct reactor__message *, int waits);
/*
 * Receives some; `descriptors` says how many are welcome at most, and becomes
 * how many came.  How much, 0: the end; -1.
 */
ssize_t reactor__message_receive(
    int socket, struct reactor__message *, int waits);
/* All of it, waiting.  0, or -1: an error, or the end. */
int reactor__send_all(int socket, struct reactor__message *);

void reactor__wire_close(int *fd); /* which becomes -1 */
/* A sealed file with these bytes; -1. */
int reactor__wire_file(const void *, size_t);
/* The bytes of such a file, to be unmapped; closes it.  NULL. */
void *reactor__wire_map(int fd, size_t, int writable);

#endif
