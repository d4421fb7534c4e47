/*
 * SPDX-License-Identifier: ISC
 *
 * busy_cpu.c: a task that computes: how many primes there are below a number,
 * by trial division.
 */
#include "demos/busy.h"
#include "demos/demo.h"

/*
 * So many numbers are a slice of some 40 us.  What a slice takes longer than
 * the processor's time for it, somebody else had the processor; less than that
 * is the clocks' own noise.
 */
enum { BC_SLICE = 512, BC_NOISE = 100000 };

struct bc {
	const struct busy_task *task;
	struct busy_log *log;
	int64_t now, cpu; /* at the end of the last slice */
};

static int
bc_prime(uint32_t n)
{
	uint32_t divisor;

	if (n < 2 || n % 2 == 0)
		return n == 2;
	for (divisor = 3; divisor <= n / divisor; divisor += 2)
		if (n % divisor == 0)
			return 0;
	return 1;
}

/* The clock of the wall last: while it is asked for, there may be a wait. */
static void
bc_look(int64_t *now, int64_t *cpu)
{
	*cpu = busy_cpu();
	*now = demo_now();
}

/* Computing never blocks: who does not run could, but has no processor. */
static void
bc_slice(struct bc *bc)
{
	int64_t now, cpu, missing;

	bc_look(&now, &cpu);
	missing = now - bc->now - (cpu - bc->cpu);
	if (bc->task->processor && missing > BC_NOISE) {
		busy_log_add(bc->log, TIMELINE_RUNNING, bc->now);
		busy_log_add(bc->log, TIMELINE_PROCESSOR, bc->now + missing);
	}
	if (bc->task->lock && busy_lock_check(bc->log, now))
		bc_look(&now, &cpu);
	bc->now = now;
	bc->cpu = cpu;
}

int
busy_count(const struct busy_task *task, struct busy_log *log)
{
	struct bc bc = { .task = task, .log = log };
	uint32_t n, size = (uint32_t)task->size;
	uint64_t primes = 0;

	busy_log_begin(log);
	if (task->lock)
		busy_lock(log);
	bc_look(&bc.now, &bc.cpu);
	for (n = 0; n < size; n++) {
		primes += (uint64_t)bc_prime(n);
		if (n % BC_SLICE == 0)
			bc_slice(&bc);
	}
	if (task->lock)
		busy_unlock();
	log->done.value = primes;
	busy_log_end(log);
	return 0;
}
