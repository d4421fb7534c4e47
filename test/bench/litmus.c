/*
 * SPDX-License-Identifier: ISC
 *
 * litmus.c: is a post ever lost?  Each round the poster stores a number and
 * posts, and after a while of random length stores the next and posts again,
 * without looking whether the first was taken.  Then the loop must come to
 * see the second number.  The post that is lost is one that falls between the
 * loop's "it is taken" and its look at the data, so the lengths are such as to
 * hit that often.
 *
 *   litmus BACKEND [ROUNDS [SLEEPS]]
 *
 * ROUNDS with a loop that never sleeps, then SLEEPS with one that always does.
 * The numbers are plain (relaxed) stores: only the post orders them.
 */
#include <errno.h>
#include <pthread.h>
#include "test/bench/bench.h"

/*
 * When nothing will come any more.  Awake: the loop has turned so often, which
 * holds on a busy machine too.  Asleep: ns.
 */
#define LI_TURNS 100
#define LI_LOST  INT64_C(3000000000)

static uint64_t li_data, li_seen, li_turns; /* atomic */
static int li_end, li_awake;
static uint64_t li_random = 2463534242u;

static int
li_posted(int k)
{
	uint64_t data = __atomic_load_n(&li_data, __ATOMIC_RELAXED);

	(void)k;
	__atomic_store_n(&li_seen, data, __ATOMIC_RELEASE);
	return __atomic_load_n(&li_end, __ATOMIC_ACQUIRE);
}

static void *
li_loop(void *argument)
{
	bench_pin(1);
	while (li_awake && !__atomic_load_n(&li_end, __ATOMIC_ACQUIRE)) {
		bench_contestant.post_poll(1);
		__atomic_add_fetch(&li_turns, 1, __ATOMIC_SEQ_CST);
	}
	if (!li_awake)
		bench_contestant.post_run(1);
	return argument;
}

static void
li_pause(unsigned most)
{
	unsigned spins;

	li_random = li_random * 6364136223846793005u + 1442695040888963407u;
	for (spins = (unsigned)(li_random >> 40) % most; spins > 0; spins--)
		__asm__ volatile("" ::: "memory");
}

static void
li_send(uint64_t data)
{
	__atomic_store_n(&li_data, data, __ATOMIC_RELAXED);
	bench_contestant.post_send(1, 1);
}

static int
li_saw(uint64_t data)
{
	return __atomic_load_n(&li_seen, __ATOMIC_ACQUIRE) == data;
}

/* 1: the loop did not come to see it. */
static int
li_lost_awake(uint64_t data)
{
	uint64_t began = __atomic_load_n(&li_turns, __ATOMIC_SEQ_CST), turns;

	do {
		turns = __atomic_load_n(&li_turns, __ATOMIC_SEQ_CST);
		if (li_saw(data))
			return 0;
	} while (turns - began < LI_TURNS);
	return 1;
}

static int
li_lost_asleep(uint64_t data)
{
	int64_t began = bench_now(), now;

	do {
		now = bench_now();
		if (li_saw(data))
			return 0;
	} while (now - began < LI_LOST);
	return 1;
}

static void
li_run(const char *metric, int awake, size_t rounds, unsigned pause)
{
	pthread_t thread;
	size_t i, lost = 0;

	li_awake = awake;
	li_end = 0;
	errno = pthread_create(&thread, NULL, li_loop, NULL);
	if (errno != 0)
		bench_die("pthread_create");
	for (i = 0; i < rounds; i++) {
		li_send(li_data + 1);
		li_pause(pause);
		li_send(li_data + 1);
		lost += (size_t)(awake ? li_lost_awake(li_data)
				       : li_lost_asleep(li_data));
	}
	__atomic_store_n(&li_end, 1, __ATOMIC_RELEASE);
	bench_contestant.post_send(1, 1);
	(void)pthread_join(thread, NULL);
	bench_print(metric, (double)lost);
}

int
bench_litmus(int argc, char **argv)
{
	size_t rounds = bench_number(argc, argv, 3, 3000000);
	size_t sleeps = bench_number(argc, argv, 4, 30000);

	bench_pin(0);
	if (bench_contestant.post_open == NULL ||
	    bench_contestant.post_poll == NULL ||
	    bench_contestant.post_open(argv[2]) == -1)
		bench_skip("cannot post");
	bench_posted = li_posted;
	bench_print("rounds", (double)rounds);
	li_run("lost", 1, rounds, 2000);
	bench_print("sleeps", (double)sleeps);
	li_run("lost_asleep", 0, sleeps, 60000);
	return 0;
}
