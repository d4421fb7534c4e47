/*
 * SPDX-License-Identifier: ISC
 *
 * busy: the same tasks in sequence, on threads and on processes, when they wait
 * and when they compute:
 *
 *	build/demos/busy --work=io
 *	build/demos/busy --work=cpu
 *	build/demos/busy --work=cpu --gil
 *	build/demos/busy --work=cpu --gil --executor=processes
 *
 * With --gil those that compute in a process take turns, as in Python.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "demos/busy.h"
#include "demos/demo.h"
#include "demos/figure.h"

enum { BZ_PRIMES = 4000000 };

static struct busy bz = { .work = "io", .workers = 3, .ntasks = 6 };
static const char *bz_executor, *bz_svg;
static long bz_size, bz_rate;

static const struct demo_option bz_options[] = {
	{ .name = "work",
	    .value = "KIND",
	    .help = "io: read files; cpu: count primes (io)",
	    .text = &bz.work },
	{ .name = "executor",
	    .value = "KIND",
	    .help = "threads or processes ($REACTOR_EXECUTOR)",
	    .text = &bz_executor },
	{ .name = "workers",
	    .value = "N",
	    .help = "at the same time (3); 0: one a processor",
	    .number = &bz.workers,
	    .least = 0,
	    .most = BUSY_TASKS },
	{ .name = "tasks",
	    .value = "N",
	    .help = "that are to be done (6)",
	    .number = &bz.ntasks,
	    .least = 1,
	    .most = BUSY_TASKS },
	{ .name = "gil",
	    .help = "one lock around all computing in a process",
	    .flag = &bz.lock },
	{ .name = "size",
	    .value = "N",
	    .help = "MB of a file; primes below N (4000000)",
	    .number = &bz_size,
	    .least = 1,
	    .most = 1000000000 },
	{ .name = "rate",
	    .value = "MB",
	    .help = "read from a peer that sends so many a second",
	    .number = &bz_rate,
	    .least = 1,
	    .most = 10000 },
	{ .name = "brief", .help = "print one line", .flag = &bz.brief },
	{ .name = "svg",
	    .value = "FILE",
	    .help = "draw what happened",
	    .text = &bz_svg },
	{ .name = NULL },
};

static void
bz_read_options(int argc, char **argv)
{
	demo_options(argc, argv,
	    "Does tasks in sequence, then on threads or processes, and "
	    "compares.",
	    bz_options);
	if (strcmp(bz.work, "io") != 0 && strcmp(bz.work, "cpu") != 0)
		demo_usage("--work=%s: not io or cpu", bz.work);
	if (strcmp(bz.work, "cpu") == 0 && bz_rate != 0)
		demo_usage("--rate is for --work=io");
	if (strcmp(bz.work, "io") == 0 && bz_size > 100000)
		demo_usage("--size=%ld: more than 100000 MB", bz_size);
	if (bz.workers == 0) {
		bz.workers = sysconf(_SC_NPROCESSORS_ONLN);
		bz.workers = bz.workers < bz.ntasks ? bz.workers : bz.ntasks;
		bz.workers = bz.workers > 0 ? bz.workers : 1;
	}
}

/* First of all: the processes are to be like this one as it is now. */
static struct reactor_executor *
bz_open(void)
{
	const struct reactor_executor_options options = { .kind = bz_executor,
		.name = "busy",
		.workers = (unsigned)bz.workers };
	struct reactor_executor *executor = reactor_executor_open(&options);

	if (executor == NULL && errno == EINVAL)
		demo_usage("%s", reactor_executor_error());
	if (executor == NULL)
		demo_fail("%s", reactor_executor_error());
	bz.kind = reactor_executor_kind(executor);
	return executor;
}

static void
bz_primes(void)
{
	char below[40];
	long i;

	bz_size = bz_size != 0 ? bz_size : BZ_PRIMES;
	figure_count((double)bz_size, below, sizeof(below));
	(void)snprintf(
	    bz.what, sizeof(bz.what), "counting primes below %s", below);
	for (i = 0; i < bz.ntasks; i++)
		bz.task[i].size = bz_size;
}

static void
bz_tasks(void)
{
	int i, io = strcmp(bz.work, "io") == 0, fine = busy_cpu_fine();

	bz.function = io ? busy_read : busy_count;
	bz.job = io ? busy_job_read : busy_job_count;
	for (i = 0; i < bz.ntasks; i++) {
		bz.task[i].number = i + 1;
		bz.task[i].lock = bz.lock;
		bz.task[i].processor = fine;
	}
	if (!fine)
		demo_warn("the clock for CPU time is too coarse here to tell "
			  "who waits for a processor");
	if (io)
		busy_source(&bz, bz_size, bz_rate);
	else
		bz_primes();
	demo_progress_end();
}

static void
bz_draw(FILE *picture)
{
	demo_write_begin(picture, bz_svg);
	busy_draw(&bz, picture);
	demo_write_end(picture, bz_svg);
	if (!bz.brief)
		(void)printf("The picture: %s\n", bz_svg);
}

int
main(int argc, char **argv)
{
	struct reactor_executor *executor;
	FILE *picture = NULL;

	bz_read_options(argc, argv);
	executor = bz_open();
	if (bz_svg != NULL)
		picture = demo_write(bz_svg);
	bz_tasks();
	busy_print_head(&bz);
	busy_run_sequence(&bz);
	busy_run_executor(&bz, executor);
	if (reactor_executor_close(executor, -1) == -1)
		demo_fail("reactor_executor_close: %s", strerror(errno));
	if (bz.brief)
		busy_print_brief(&bz, bz_svg);
	else
		busy_print_end(&bz);
	if (picture != NULL)
		bz_draw(picture);
	demo_write_end(stdout, "standard output");
	return 0;
}
