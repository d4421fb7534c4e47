/*
 * SPDX-License-Identifier: ISC
 *
 * exec_fork.c: plain processes: each is forked for its equal share of the work,
 * and waited for.
 */
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include "test/bench/executors.h"

static unsigned ef_workers;

static int
ef_open(const char *kind, unsigned workers)
{
	ef_workers = workers;
	return strcmp(kind, "processes") == 0 ? 0 : -1;
}

static void
ef_close(void)
{
	return;
}

static void
ef_share(unsigned worker, size_t n, uint64_t *result)
{
	uint64_t i, sum = 0;

	for (i = worker; i < n; i += ef_workers)
		sum += executors_crunch(i);
	*result = sum;
}

static uint64_t
ef_crunch(size_t n)
{
	uint64_t *results, sum = 0;
	unsigned i;
	pid_t pid;

	results = mmap(NULL, ef_workers * sizeof(*results),
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (results == MAP_FAILED)
		bench_die("mmap");
	for (i = 0; i < ef_workers; i++) {
		pid = fork();
		if (pid == -1)
			bench_die("fork");
		if (pid == 0) {
			ef_share(i, n, &results[i]);
			_exit(0);
		}
	}
	for (i = 0; i < ef_workers; i++)
		if (waitpid(-1, NULL, 0) == -1)
			bench_die("waitpid");
	for (i = 0; i < ef_workers; i++)
		sum += results[i];
	return sum;
}

const struct executors_contestant executors_contestant = {
	.open = ef_open,
	.crunch = ef_crunch,
	.close = ef_close,
};
