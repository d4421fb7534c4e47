/*
 * SPDX-License-Identifier: ISC
 *
 * executors.c: the main of a contestant among executors, and all drivers.
 *
 *   wait KIND [AHEAD [CPUS [JOBS]]]    empty jobs: a thread waits for them
 *   loop KIND [AHEAD [CPUS [JOBS]]]    the same: a loop calls back
 *   crunch KIND [JOBS]                 work for each processor
 *
 * With one job at a time the workers sleep when it comes: that is latency.  On
 * one processor it is a matter of work; on two, of how long one takes to wake
 * the other.  As many workers as there are processors, in any case.
 */
#include <sys/resource.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include "test/bench/executors.h"

#define EX_JOBS   20000
#define EX_WARM   200
#define EX_PIECES 24 /* for each worker */
#define EX_STEPS  3000000

uint64_t
executors_crunch(uint64_t number)
{
	uint64_t x = number * 2 + 1;
	int i;

	for (i = 0; i < EX_STEPS; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
	}
	return x;
}

static unsigned
ex_processors(void)
{
	cpu_set_t allowed;

	if (sched_getaffinity(0, sizeof(allowed), &allowed) == -1)
		return 1;
	return (unsigned)CPU_COUNT(&allowed);
}

static unsigned
ex_open(const char *kind, size_t cpus)
{
	unsigned n = ex_processors();

	if (cpus == 1)
		bench_pin(0); /* and all that will be started */
	if (executors_contestant.open(kind, n) == -1)
		bench_skip("there are no such workers here");
	return n;
}

/* ---- Empty jobs ---------------------------------------------------------- */

static double
ex_seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

/* Of all threads, and of the processes that have ended. */
static double
ex_processor_time(void)
{
	struct rusage self, children;

	if (getrusage(RUSAGE_SELF, &self) == -1 ||
	    getrusage(RUSAGE_CHILDREN, &children) == -1)
		bench_die("getrusage");
	return ex_seconds(self.ru_utime) + ex_seconds(self.ru_stime) +
	    ex_seconds(children.ru_utime) + ex_seconds(children.ru_stime);
}

static int
ex_empty(int argc, char **argv, void (*run)(size_t n, size_t ahead))
{
	size_t ahead = bench_number(argc, argv, 3, 1);
	size_t cpus = bench_number(argc, argv, 4, 2);
	size_t jobs = bench_number(argc, argv, 5, EX_JOBS);
	double cpu;
	int64_t began, ended;

	if (run == NULL)
		bench_skip("it cannot wait like that");
	(void)ex_open(argv[2], cpus);
	run(EX_WARM, ahead < EX_WARM ? ahead : EX_WARM);
	cpu = ex_processor_time();
	began = bench_now();
	run(jobs, ahead < jobs ? ahead : jobs);
	ended = bench_now();
	executors_contestant.close();
	cpu = ex_processor_time() - cpu;
	bench_print("job-ns", (double)(ended - began) / (double)jobs);
	bench_print("cpu-ns", cpu * 1e9 / (double)jobs);
	return 0;
}

static int
ex_drive_wait(int argc, char **argv)
{
	return ex_empty(argc, argv, executors_contestant.wait);
}

static int
ex_drive_loop(int argc, char **argv)
{
	return ex_empty(argc, argv, executors_contestant.loop);
}

/* ---- Work ---------------------------------------------------------------- */

static int
ex_drive_crunch(int argc, char **argv)
{
	unsigned workers = ex_open(argv[2], 2);
	size_t n = bench_number(argc, argv, 3, workers * EX_PIECES);
	uint64_t sum;
	int64_t began;

	if (executors_contestant.wait != NULL)
		executors_contestant.wait(EX_WARM, EX_WARM);
	began = bench_now();
	sum = executors_contestant.crunch(n);
	bench_print("ms", (double)(bench_now() - began) / 1e6);
	executors_contestant.close();
	while (n-- > 0)
		sum -= executors_crunch(n);
	if (sum != 0)
		bench_skip("it has computed something else");
	return 0;
}

/* ---- Main ---------------------------------------------------------------- */

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} ex_drivers[] = {
	{ "wait", ex_drive_wait },
	{ "loop", ex_drive_loop },
	{ "crunch", ex_drive_crunch },
};

int
main(int argc, char **argv)
{
	size_t i;

	for (i = 0; i < sizeof(ex_drivers) / sizeof(*ex_drivers); i++)
		if (argc > 2 && strcmp(argv[1], ex_drivers[i].name) == 0)
			return ex_drivers[i].run(argc, argv);
	(void)fprintf(
	    stderr, "usage: %s DRIVER KIND [ARGUMENT...]\ndrivers:", *argv);
	for (i = 0; i < sizeof(ex_drivers) / sizeof(*ex_drivers); i++)
		(void)fprintf(stderr, " %s", ex_drivers[i].name);
	(void)fprintf(stderr, "\n");
	return 2;
}
