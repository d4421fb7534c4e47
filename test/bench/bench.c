/*
 * SPDX-License-Identifier: ISC
 *
 * bench.c: the main of a contestant among loops.
 */
#include <stdio.h>
#include <string.h>
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
