/*
 * SPDX-License-Identifier: ISC
 *
 * kit.c: what all benchmarks share: messages, clocks, processors, arguments.
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

void
bench_print(const char *metric, double value)
{
	(void)printf("%s %.6g\n", metric, value);
}

_Noreturn void
bench_die(const char *what)
{
	(void)fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name,
	    what, strerror(errno));
	exit(1);
}

_Noreturn void
bench_skip(const char *why)
{
	(void)fprintf(
	    stderr, "%s: skipped: %s\n", program_invocation_short_name, why);
	exit(BENCH_SKIP);
}

static int64_t
kt_clock(clockid_t clock)
{
	struct timespec ts;

	if (clock_gettime(clock, &ts) == -1)
		bench_die("clock_gettime");
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int64_t
bench_now(void)
{
	return kt_clock(CLOCK_MONOTONIC);
}

int64_t
bench_cpu(void)
{
	return kt_clock(CLOCK_THREAD_CPUTIME_ID);
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
