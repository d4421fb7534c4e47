/*
 * SPDX-License-Identifier: ISC
 *
 * coros.c: the main of a contestant among coroutines, and all drivers.
 *
 *   resume KIND [SWITCHES]             one coroutine and its caller
 *   switch KIND [SWITCHES]             two that are always ready
 *   ready KIND [N [PATHS [SWITCHES]]]  N that are, each three calls deep
 *   spawn KIND [N [TASKS]]             N at once, which end
 *   memory KIND [N]                    N that wait: bytes of each
 *
 * A number of switches or tasks that is given is kept to: who counts
 * instructions runs a driver twice and divides the difference.
 */
#include <stdio.h>
#include <string.h>
#include "test/bench/coros.h"

#define CO_SWITCHES 4000000
#define CO_WARM     20

struct coros_job coros_job;
static size_t co_n, co_times;

/* How often, if nobody says. */
static size_t
co_usual(size_t times)
{
	size_t slower = coros_contestant.slower;

	return slower == 0 ? times : times / slower;
}

static void
co_open(const char *kind)
{
	bench_pin(0);
	if (coros_contestant.open(kind) == -1)
		bench_skip("there is no such context here");
}

/* ---- Switches ------------------------------------------------------------ */

static void
co_ready(void)
{
	uint64_t expected = 0;
	size_t i;

	coros_contestant.ready(co_n);
	for (i = 0; i < co_n; i++)
		expected += 273 * coros_path(i);
	if (coros_job.sum != expected * (coros_job.warm + coros_job.rounds))
		bench_skip("not every coroutine ran as often as it should");
	bench_print("switch-ns",
	    (double)(coros_job.ended - coros_job.began) /
		(double)(co_n * coros_job.rounds));
}

static int
co_among(const char *kind, size_t n, size_t paths, size_t switches)
{
	if (paths > COROS_PATHS)
		bench_skip("there are eight paths");
	co_open(kind);
	co_n = n;
	coros_job.paths = paths;
	coros_job.warm = CO_WARM;
	coros_job.rounds = switches / n + 1;
	coros_contestant.run(co_ready);
	return 0;
}

static int
co_drive_ready(int argc, char **argv)
{
	size_t n = bench_number(argc, argv, 3, 1000);
	size_t paths = bench_number(argc, argv, 4, 1);

	return co_among(argv[2], n, paths,
	    bench_number(argc, argv, 5, co_usual(CO_SWITCHES)));
}

static int
co_drive_switch(int argc, char **argv)
{
	return co_among(
	    argv[2], 2, 0, bench_number(argc, argv, 3, co_usual(CO_SWITCHES)));
}

static int
co_drive_resume(int argc, char **argv)
{
	size_t switches = bench_number(argc, argv, 3, co_usual(CO_SWITCHES));
	int64_t began;

	co_open(argv[2]);
	if (coros_contestant.resume == NULL)
		bench_skip("it has no generators");
	coros_contestant.resume(CO_WARM);
	began = bench_now();
	coros_contestant.resume(switches / 2);
	bench_print(
	    "switch-ns", (double)(bench_now() - began) / (double)switches);
	return 0;
}

/* ---- Lives --------------------------------------------------------------- */

static void
co_spawn(void)
{
	int64_t began;

	coros_contestant.spawn(co_n, CO_WARM);
	began = bench_now();
	coros_contestant.spawn(co_n, co_times);
	bench_print("spawn-ns",
	    (double)(bench_now() - began) / (double)(co_n * co_times));
}

static int
co_drive_spawn(int argc, char **argv)
{
	co_n = bench_number(argc, argv, 3, 100);
	co_times =
	    bench_number(argc, argv, 4, co_usual(CO_SWITCHES / 4)) / co_n + 1;
	co_open(argv[2]);
	coros_contestant.run(co_spawn);
	return 0;
}

/* ---- Memory -------------------------------------------------------------- */

/* The line of a file in /proc that begins so, in bytes. */
static double
co_proc(const char *path, const char *field)
{
	FILE *file = fopen(path, "r");
	double kilobytes = -1;
	char line[256];

	if (file == NULL)
		bench_skip("no /proc");
	while (fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, field, strlen(field)) == 0)
			(void)sscanf(line + strlen(field), "%lf", &kilobytes);
	(void)fclose(file);
	if (kilobytes < 0)
		bench_skip(field);
	return kilobytes * 1024;
}

static double
co_resident(void)
{
	return co_proc("/proc/self/smaps_rollup", "Rss:");
}

static double
co_tables(void)
{
	return co_proc("/proc/self/status", "VmPTE:");
}

static void
co_memory(void)
{
	double n = (double)co_n, resident, tables;

	(void)co_resident(); /* the first one costs memory itself */
	resident = co_resident();
	tables = co_tables();
	coros_contestant.park(co_n);
	resident = (co_resident() - resident) / n;
	tables = (co_tables() - tables) / n;
	bench_print("bytes", resident + tables);
	bench_print("of-page-tables", tables);
	/* Here they are left as they are. */
	(void)fflush(stdout);
	_exit(0);
}

static int
co_drive_memory(int argc, char **argv)
{
	co_n = bench_number(argc, argv, 3, 10000);
	co_open(argv[2]);
	coros_contestant.run(co_memory);
	return 0;
}

/* ---- Main ---------------------------------------------------------------- */

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} co_drivers[] = {
	{ "resume", co_drive_resume },
	{ "switch", co_drive_switch },
	{ "ready", co_drive_ready },
	{ "spawn", co_drive_spawn },
	{ "memory", co_drive_memory },
};

int
main(int argc, char **argv)
{
	size_t i;

	for (i = 0; i < sizeof(co_drivers) / sizeof(*co_drivers); i++)
		if (argc > 2 && strcmp(argv[1], co_drivers[i].name) == 0)
			return co_drivers[i].run(argc, argv);
	(void)fprintf(
	    stderr, "usage: %s DRIVER KIND [ARGUMENT...]\ndrivers:", *argv);
	for (i = 0; i < sizeof(co_drivers) / sizeof(*co_drivers); i++)
		(void)fprintf(stderr, " %s", co_drivers[i].name);
	(void)fprintf(stderr, "\n");
	return 2;
}
