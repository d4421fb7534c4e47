/*
 * SPDX-License-Identifier: ISC
 *
 * bench.c: a contestant's main, and what the drivers share.
 */
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include "test/bench/bench.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} bn_drivers[] = {
	{ "pipes", bench_pipes },
	{ "timers", bench_timers },
	{ "post", bench_post },
	{ "litmus", bench_litmus },
	{ "echo", bench_echo },
	{ "echo-client", bench_echo_client },
	{ "idle", bench_idle },
	{ "sizes", bench_sizes },
};

void
bench_print(const char *metric, double value)
{
	(void)printf("%s %.6g\n", metric, value);
}

_Noreturn void
bench_die(const char *what)
{
	(void)fprintf(stderr, "%s: %s: %s\n", bench_contestant.name, what,
	    strerror(errno));
	exit(1);
}

_Noreturn void
bench_skip(const char *why)
{
	(void)fprintf(stderr, "%s: skipped: %s\n", bench_contestant.name, why);
	exit(BENCH_SKIP);
}

static int64_t
bn_clock(clockid_t clock)
{
	struct timespec ts;

	if (clock_gettime(clock, &ts) == -1)
		bench_die("clock_gettime");
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int64_t
bench_now(void)
{
	return bn_clock(CLOCK_MONOTONIC);
}

int64_t
bench_cpu(void)
{
	return bn_clock(CLOCK_THREAD_CPUTIME_ID);
}

/* Failing is no harm: the numbers are noisier. */
void
bench_pin(int cpu)
{
	static cpu_set_t allowed;
	static int known;
	cpu_set_t one;
	int i, count;

	if (!known && sched_getaffinity(0, sizeof(allowed), &allowed) == -1)
		return;
	known = 1;
	count = CPU_COUNT(&allowed);
	CPU_ZERO(&one);
	for (i = 0, cpu %= count; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &allowed) && cpu-- == 0)
			CPU_SET(i, &one);
	(void)sched_setaffinity(0, sizeof(one), &one);
}

void
bench_descriptors(size_t need)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		bench_die("getrlimit");
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur < need + 32)
		bench_skip("the limit of descriptors is too low");
}

size_t
bench_number(int argc, char **argv, int i, size_t otherwise)
{
	char *end;
	uintmax_t value;

	if (i >= argc)
		return otherwise;
	value = strtoumax(argv[i], &end, 10);
	if (*end == '\0' && value > 0 && value <= SIZE_MAX)
		return (size_t)value;
	errno = EINVAL;
	bench_die(argv[i]);
}

void *
bench_zeros(size_t n, size_t size)
{
	void *memory = calloc(n, size);

	if (memory == NULL)
		bench_die("calloc");
	return memory;
}

int
main(int argc, char **argv)
{
	size_t i;

	for (i = 0; i < sizeof(bn_drivers) / sizeof(*bn_drivers); i++)
		if (argc > 1 && strcmp(argv[1], bn_drivers[i].name) == 0)
			return bn_drivers[i].run(argc, argv);
	(void)fprintf(
	    stderr, "usage: %s DRIVER BACKEND [ARGUMENT...]\ndrivers:", *argv);
	for (i = 0; i < sizeof(bn_drivers) / sizeof(*bn_drivers); i++)
		(void)fprintf(stderr, " %s", bn_drivers[i].name);
	(void)fprintf(stderr, "\n");
	return 2;
}
