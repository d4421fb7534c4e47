/*
 * SPDX-License-Identifier: ISC
 *
 * idle.c: what it takes to watch N descriptors that never become ready, with
 * and without a timer each: bytes of resident memory, the handler included.
 *
 *   idle BACKEND [N [timers]]
 *   sizes -
 */
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include "test/bench/bench.h"

/* Resident bytes that are this process's own. */
static double
id_resident(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	long total, resident, shared;

	if (file == NULL)
		bench_skip("no /proc");
	if (fscanf(file, "%ld %ld %ld", &total, &resident, &shared) != 3)
		bench_die("/proc/self/statm");
	(void)fclose(file);
	return (double)(resident - shared) * (double)sysconf(_SC_PAGESIZE);
}

int
bench_idle(int argc, char **argv)
{
	size_t i, n = bench_number(argc, argv, 3, 10000);
	enum bench_work work = argc > 4 && strcmp(argv[4], "timers") == 0
	    ? BENCH_IDLE_TIMER
	    : BENCH_IDLE;
	int *fds = bench_zeros(n, sizeof(*fds));
	double before;

	bench_descriptors(n);
	if (bench_contestant.open(argv[2]) == -1)
		bench_skip("no such backend");
	for (i = 0; i < n; i++) {
		fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (fds[i] == -1)
			bench_die("eventfd");
	}
	before = id_resident();
	before = id_resident(); /* the first one costs memory itself */
	if (bench_contestant.watch(fds, n, work) == -1)
		bench_skip("cannot watch that many descriptors");
	if (eventfd_write(fds[n - 1], 1) == -1)
		bench_die("eventfd_write");
	/* One turn, so that what was put off is done. */
	bench_contestant.run();
	bench_print("bytes", (id_resident() - before) / (double)n);
	return 0;
}

int
bench_sizes(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	bench_contestant.sizes();
	return 0;
}
