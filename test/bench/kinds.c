/*
 * SPDX-License-Identifier: ISC
 *
 * kinds.c: what a callback, a task, a thread and a process cost: the table of
 * reactor(7), "When to use what".  For each: the memory of one that waits, the
 * time to start it, and the time of an event, or of an empty job, from its
 * submission until the result is there.
 *
 * Memory is what the program's resident size grows by, of processes what they
 * do not share.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <coro/task.h>
#include <reactor/executor.h>
#include "test/bench/bench.h"

enum { KI_PAIRS = 400, KI_TASKS = 10000, KI_WORKERS = 64, KI_EVENTS = 20000 };

static int64_t ki_before;
static double ki_start, ki_memory; /* ns, bytes: of each */

/* ---- Memory -------------------------------------------------------------- */

/* The sum of what the lines of that file that begin so say, in bytes. */
static double
ki_kilobytes(const char *file, const char *key)
{
	FILE *f = fopen(file, "r");
	char line[200];
	double sum = 0;

	if (f == NULL)
		bench_skip("there is no /proc");
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, key, strlen(key)) == 0)
			sum += 1024 * atof(line + strlen(key));
	(void)fclose(f);
	return sum;
}

static void
ki_begin(void)
{
	ki_memory = ki_kilobytes("/proc/self/status", "VmRSS:");
	ki_before = bench_now();
}

static void
ki_end(int n)
{
	ki_start = (double)(bench_now() - ki_before) / n;
	ki_memory =
	    (ki_kilobytes("/proc/self/status", "VmRSS:") - ki_memory) / n;
}

static void
ki_row(const char *what, double memory, double start, double each)
{
	(void)printf("%-10s %9.0f bytes %10.2f us to start %8.2f us each\n",
	    what, memory, start / 1000, each / 1000);
}

/* ---- Callbacks ----------------------------------------------------------- */

static int ki_left;

/* A byte comes, and another goes. */
static void
ki_byte(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	char byte;

	(void)ready;
	if (read(io->fd, &byte, 1) != 1 || write(io->fd + 1, &byte, 1) != 1)
		bench_die("pipe");
	if (--ki_left == 0)
		reactor_stop(r);
}

static void
ki_callbacks(void)
{
	struct reactor_io *io = calloc(KI_PAIRS, sizeof(*io));
	struct reactor *r = reactor_open(NULL);
	int(*fd)[2] = calloc(KI_PAIRS, sizeof(*fd));
	int i;

	if (io == NULL || r == NULL || fd == NULL)
		bench_die("open");
	for (i = 0; i < KI_PAIRS; i++)
		if (pipe(fd[i]) == -1 || fd[i][1] != fd[i][0] + 1)
			bench_die("pipe");
	ki_begin();
	for (i = 0; i < KI_PAIRS; i++) {
		io[i].callback = ki_byte;
		io[i].fd = fd[i][0];
		io[i].wanted = REACTOR_READ;
		if (reactor_io_start(r, &io[i]) == -1)
			bench_die("start");
	}
	(void)reactor_run_once(r, 0);
	ki_end(KI_PAIRS);
	for (i = 0; i < 100; i++)
		if (write(fd[i][1], "", 1) != 1)
			bench_die("pipe");
	ki_left = KI_EVENTS;
	ki_before = bench_now();
	(void)reactor_run(r);
	ki_row("callback", ki_memory, ki_start,
	    (double)(bench_now() - ki_before) / KI_EVENTS);
	(void)reactor_close(r);
	for (i = 0; i < KI_PAIRS; i++)
		(void)(close(fd[i][0]), close(fd[i][1]));
	free(io);
	free(fd);
}

/* ---- Tasks --------------------------------------------------------------- */

static intptr_t
ki_sleeper(void *unused)
{
	(void)unused;
	return task_sleep(3600 * REACTOR_SECOND);
}

static intptr_t
ki_echo(void *pair)
{
	const int *fd = pair;
	char byte;

	while (--ki_left > 0)
		if (task_read(fd[0], &byte, 1) != 1 ||
		    task_write(fd[1], &byte, 1) != 1)
			return -1;
	return 0;
}

static intptr_t
ki_task_main(void *unused)
{
	struct task_group group;
	int fd[100][2], i;

	(void)unused;
	if (task_group_enter(&group, TASK_COLLECT) == -1)
		return -1;
	ki_begin();
	for (i = 0; i < KI_TASKS; i++)
		task_detach(task_group_spawn(&group, ki_sleeper, NULL));
	(void)task_yield();
	ki_end(KI_TASKS);
	task_group_cancel(&group);
	(void)task_group_leave(&group, NULL, 0);
	if (task_group_enter(&group, TASK_FIRST_SUCCESS) == -1)
		return -1;
	ki_left = KI_EVENTS;
	for (i = 0; i < 100; i++) {
		if (pipe2(fd[i], O_NONBLOCK) == -1 ||
		    write(fd[i][1], "", 1) != 1)
			bench_die("pipe");
		task_detach(task_group_spawn(&group, ki_echo, fd[i]));
	}
	ki_before = bench_now();
	(void)task_group_leave(&group, NULL, 0);
	ki_row("task", ki_memory, ki_start,
	    (double)(bench_now() - ki_before) / KI_EVENTS);
	for (i = 0; i < 100; i++)
		(void)(task_close(fd[i][0]), task_close(fd[i][1]));
	return 0;
}

/* ---- Threads and processes ----------------------------------------------- */

static int
ki_hold(struct reactor_job *job)
{
	while (!reactor_job_cancelled(job))
		(void)usleep(1000);
	return 0;
}

static int
ki_empty(struct reactor_job *job)
{
	(void)job;
	return 0;
}

static double
ki_private(struct reactor_executor *executor)
{
	struct reactor_worker_info info[KI_WORKERS];
	size_t i, n = reactor_executor_workers(executor, info, KI_WORKERS);
	char file[64];
	double sum = 0;

	for (i = 0; i < n; i++) {
		(void)snprintf(
		    file, sizeof(file), "/proc/%d/smaps_rollup", info[i].pid);
		sum += ki_kilobytes(file, "Private_Dirty:");
	}
	return n > 0 ? sum / (double)n : 0;
}

/* All of them run at once, so there is one for each. */
static void
ki_many(const char *kind)
{
	struct reactor_executor_options options = { .kind = kind,
		.workers = KI_WORKERS };
	struct reactor_executor *executor = reactor_executor_open(&options);
	struct reactor_future *f[KI_WORKERS];
	struct reactor_outcome outcome;
	int i;

	if (executor == NULL)
		bench_die("open");
	ki_begin();
	for (i = 0; i < KI_WORKERS; i++)
		f[i] = reactor_submit(executor, ki_hold, NULL, 0);
	for (i = 0; i < KI_WORKERS; i++)
		do
			reactor_future_peek(f[i], &outcome);
		while (outcome.state == REACTOR_PENDING && usleep(100) == 0);
	ki_end(KI_WORKERS);
	if (strcmp(kind, "processes") == 0)
		ki_memory += ki_private(executor);
	for (i = 0; i < KI_WORKERS; i++) {
		(void)reactor_future_cancel(f[i]);
		reactor_future_detach(f[i]);
	}
	(void)reactor_executor_close(executor, -1);
}

static void
ki_jobs(const char *kind, const char *what)
{
	struct reactor_executor_options options = { .kind = kind,
		.workers = 1 };
	struct reactor_executor *executor;
	struct reactor_future *f;
	int i;

	ki_many(kind);
	executor = reactor_executor_open(&options);
	if (executor == NULL)
		bench_die("open");
	for (i = 0; i < 2 * KI_EVENTS; i++) {
		if (i == KI_EVENTS)
			ki_before = bench_now();
		f = reactor_submit(executor, ki_empty, NULL, 0);
		(void)reactor_future_wait(f, -1, NULL);
		reactor_future_detach(f);
	}
	ki_row(what, ki_memory, ki_start,
	    (double)(bench_now() - ki_before) / KI_EVENTS);
	(void)reactor_executor_close(executor, -1);
}

int
main(void)
{
	bench_pin(0); /* what it takes to wake another varies a lot */
	(void)reactor_helper_start(); /* before there is anything */
	ki_callbacks();
	if (task_run(ki_task_main, NULL, NULL) == -1)
		bench_die("task_run");
	ki_jobs("threads", "thread");
	ki_jobs("processes", "process");
	reactor_helper_stop();
	return fflush(stdout) == EOF;
}
