/*
 * SPDX-License-Identifier: ISC
 *
 * pipes.c: a ring of N socket pairs.  A of them hold a token, a byte; whoever
 * reads one writes it to the next pair, until W writes were made.
 *
 *   pipes BACKEND [N [A [W [timers]]]]
 *
 * Per event: time by the clock, and of the processor, which says more where the
 * machine has other work.  A read, a write and a share of one wait are
 * everybody's; what is more is the loop's.  With `timers` each event also
 * re-arms a timer of its own.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include "test/bench/bench.h"

struct bench_ring bench_ring;

static void
pp_open(size_t n)
{
	size_t i;

	bench_descriptors(2 * n);
	bench_ring.n = n;
	bench_ring.random = 1;
	bench_ring.pair = bench_zeros(n, sizeof(*bench_ring.pair));
	for (i = 0; i < n; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, bench_ring.pair[i]) ==
		    -1)
			bench_die("socketpair");
		(void)fcntl(bench_ring.pair[i][0], F_SETFL, O_NONBLOCK);
		(void)fcntl(bench_ring.pair[i][1], F_SETFL, O_NONBLOCK);
	}
}

static void
pp_watch(int timers)
{
	int *fds = bench_zeros(bench_ring.n, sizeof(*fds));
	size_t i;

	for (i = 0; i < bench_ring.n; i++)
		fds[i] = bench_ring.pair[i][0];
	if (bench_contestant.watch(fds, bench_ring.n,
		timers ? BENCH_RING_TIMER : BENCH_RING) == -1)
		bench_skip("cannot watch that many descriptors");
}

/* Tokens evenly spread. */
static void
pp_run(size_t active, size_t writes)
{
	size_t i, at;

	bench_ring.writes = writes;
	bench_ring.reads = writes + active;
	for (i = 0; i < active; i++) {
		at = i * (bench_ring.n / active);
		if (write(bench_ring.pair[at][1], "r", 1) != 1)
			bench_die("write");
	}
	bench_contestant.run();
	if (bench_ring.reads != 0)
		bench_skip("a token was lost");
}

int
bench_pipes(int argc, char **argv)
{
	size_t n = bench_number(argc, argv, 3, 1000);
	size_t active = bench_number(argc, argv, 4, 100);
	size_t writes = bench_number(argc, argv, 5, 100000);
	int64_t began, cpu;

	if (active > n)
		active = n;
	pp_open(n);
	if (bench_contestant.open(argv[2]) == -1)
		bench_skip("no such backend");
	pp_watch(argc > 6 && strcmp(argv[6], "timers") == 0);
	pp_run(active, 2 * n); /* to warm up */
	began = bench_now();
	cpu = bench_cpu();
	pp_run(active, writes);
	cpu = bench_cpu() - cpu;
	began = bench_now() - began;
	bench_print("wall-ns", (double)began / (double)(writes + active));
	bench_print("cpu-ns", (double)cpu / (double)(writes + active));
	return 0;
}
