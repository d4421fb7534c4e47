/*
 * SPDX-License-Identifier: ISC
 *
 * bench.h: THE interface between a benchmark and a contestant.
 *
 * A contestant is one const struct, made by one file, over one library (or
 * none: raw).  Linked with the drivers it is a program of its own, so that no
 * library meets another's symbols or memory:
 *
 *   CONTESTANT DRIVER BACKEND [ARGUMENT...]      build/bench/raw pipes epoll
 *
 * It prints lines "METRIC VALUE".  compare.c starts several in turn and makes
 * a table.  Exit status 77: the contestant cannot do that.
 *
 * Whatever runs once per event or operation is called by the contestant's own
 * code directly, as its user would: no pointer of this interface is between.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#define BENCH_SKIP 77

/* What is done when a watched descriptor is readable. */
enum bench_work {
	BENCH_RING,       /* bench_ring_pass */
	BENCH_RING_TIMER, /* the same, and re-arm this one's timer */
	BENCH_ECHO,       /* bench_echo_serve */
	BENCH_IDLE,       /* nothing: they never are */
	BENCH_IDLE_TIMER  /* nothing, but each has a timer, started once */
};

struct bench_contestant {
	const char *name;

	/* A loop on that backend; -1: there is none here. */
	int (*open)(const char *backend);
	/*
	 * Watches fds[i] for reading, each with its own handler and, if the
	 * work says so, timer.  The work gets i; what it returns, other than
	 * 0, ends run.
	 */
	int (*watch)(const int *fds, size_t n, enum bench_work);
	void (*run)(void);

	/* Timers; NULL if it has none of its own. */
	int (*timers_open)(size_t n);
	/* Timer i, of all from 0, is due after[i] ns from now. */
	void (*timers_insert)(const int64_t *after);
	/* The same for timers that are active, in another order. */
	void (*timers_restart)(const int64_t *after, const uint32_t *order);
	void (*timers_cancel)(const uint32_t *order);
	/* Waits until all have been called, which is bench_timer_fired(). */
	void (*timers_fire)(void);

	/* Two loops, 0 and 1, each with one thing to post; NULL: cannot. */
	int (*post_open)(const char *backend);
	/* Posts loop k's, `count` times, from any thread. */
	void (*post_send)(int k, long count);
	/* Until bench_posted(k), its callback, returns other than 0. */
	void (*post_run)(int k);
	/* Looks once without waiting; NULL: cannot. */
	void (*post_poll)(int k);

	/* Bytes of one handler, and of what the library has for it besides. */
	void (*sizes)(void);
};

extern const struct bench_contestant bench_contestant;

/* ---- The work: what is the same for all ---------------------------------- */

struct bench_ring {
	int (*pair)[2]; /* read from [0], write to [1] */
	size_t n;
	size_t writes; /* still to be made */
	size_t reads;  /* still to come */
	uint64_t random;
};

/* Hidden: with -fPIC they would else be reached by way of a table. */
#pragma GCC visibility push(hidden)
extern struct bench_ring bench_ring;
extern size_t bench_timers_left;
extern size_t bench_requests_left;
extern int (*bench_posted)(int k); /* what loop k calls for a post */
#pragma GCC visibility pop

/* A token has come to i: on to the next.  Returns 1 after the last. */
static inline int
bench_ring_pass(size_t i)
{
	char byte = 'r';
	size_t next = i + 1 < bench_ring.n ? i + 1 : 0;

	if (read(bench_ring.pair[i][0], &byte, 1) != 1)
		return 0;
	if (bench_ring.writes > 0) {
		bench_ring.writes--;
		if (write(bench_ring.pair[next][1], &byte, 1) != 1)
			return 1;
	}
	return --bench_ring.reads == 0;
}

/* 10 to 11 s: never fires here, but moves about among the others. */
static inline int64_t
bench_ring_timeout(void)
{
	bench_ring.random = bench_ring.random * 6364136223846793005u + 1;
	return INT64_C(10000000000) + (int64_t)(bench_ring.random >> 34);
}

#define BENCH_REQUEST 64 /* bytes */

/* Counts; returns 1 at the last. */
static inline int
bench_echo_served(void)
{
	return --bench_requests_left == 0;
}

/* Answers one request on connection i.  Returns 1 at the last. */
int bench_echo_serve(size_t i);

/* Counts; returns 1 at the last. */
static inline int
bench_timer_fired(void)
{
	return --bench_timers_left == 0;
}

/* ---- The drivers --------------------------------------------------------- */

int bench_pipes(int argc, char **argv);
int bench_timers(int argc, char **argv);
int bench_post(int argc, char **argv);
int bench_litmus(int argc, char **argv);
int bench_echo(int argc, char **argv);
int bench_echo_client(int argc, char **argv);
int bench_idle(int argc, char **argv);
int bench_sizes(int argc, char **argv);

/* ---- What they use, and the benchmarks of coroutines: kit.c -------------- */

void bench_print(const char *metric, double value);
/* The whole process ends: with a message, or quietly as not possible. */
_Noreturn void bench_die(const char *what);
_Noreturn void bench_skip(const char *why);
int64_t bench_now(void);
/* Processor time of the calling thread, ns. */
int64_t bench_cpu(void);
/* The calling thread stays on that processor, modulo what there is. */
void bench_pin(int cpu);
/* Raises the limit of descriptors to the hard one. */
void bench_descriptors(size_t need);
/* argv[i] as a positive number, or a default. */
size_t bench_number(int argc, char **argv, int i, size_t otherwise);
/* calloc(3) that does not fail. */
void *bench_zeros(size_t n, size_t size);

#endif
