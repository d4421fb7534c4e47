/*
 * SPDX-License-Identifier: ISC
 *
 * post.c: waking a loop from another thread, on one processor or two.
 *
 *   post BACKEND [CPUS [POSTS [ROUNDS]]]
 *
 * `post`: one thread posts the same thing again and again while the loop works
 * it off; ns of the poster per post.  By hand that is a bare atomic exchange
 * and a branch.  `wake`: two loops post to each other, each asleep meanwhile; ns
 * for one way.
 */
#include <errno.h>
#include <pthread.h>
#include "test/bench/bench.h"

static int po_cpus;
static long po_rounds; /* of ping, one way */
static int po_end;     /* of the flood; atomic */

int (*bench_posted)(int k);

static int
po_flood(int k)
{
	(void)k;
	return __atomic_load_n(&po_end, __ATOMIC_ACQUIRE);
}

/* Only one of the two loops is awake, so that po_rounds has one owner. */
static int
po_ping(int k)
{
	long left = --po_rounds;

	if (left >= 0)
		bench_contestant.post_send(1 - k, 1);
	return left <= 0;
}

static void *
po_loop(void *argument)
{
	bench_pin(po_cpus - 1);
	bench_contestant.post_run(1);
	return argument;
}

static pthread_t
po_start(void)
{
	pthread_t thread;

	errno = pthread_create(&thread, NULL, po_loop, NULL);
	if (errno != 0)
		bench_die("pthread_create");
	return thread;
}

/* Processor time: on one processor the loop takes turns with the poster. */
static void
po_measure_post(long posts)
{
	pthread_t thread;
	int64_t began;

	bench_posted = po_flood;
	thread = po_start();
	bench_contestant.post_send(1, 1000);
	began = bench_cpu();
	bench_contestant.post_send(1, posts);
	bench_print("post-ns", (double)(bench_cpu() - began) / (double)posts);
	__atomic_store_n(&po_end, 1, __ATOMIC_RELEASE);
	bench_contestant.post_send(1, 1);
	(void)pthread_join(thread, NULL);
}

static void
po_measure_wake(long rounds)
{
	pthread_t thread;
	int64_t began;

	bench_posted = po_ping;
	po_rounds = rounds;
	thread = po_start();
	began = bench_now();
	bench_contestant.post_send(1, 1);
	bench_contestant.post_run(0);
	(void)pthread_join(thread, NULL);
	bench_print("wake-ns", (double)(bench_now() - began) / (double)rounds);
}

int
bench_post(int argc, char **argv)
{
	long posts, rounds;

	po_cpus = (int)bench_number(argc, argv, 3, 1);
	posts = (long)bench_number(argc, argv, 4, 2000000);
	rounds = (long)bench_number(argc, argv, 5, 20000);
	bench_pin(0);
	if (bench_contestant.post_open == NULL ||
	    bench_contestant.post_open(argv[2]) == -1)
		bench_skip("cannot post");
	po_measure_post(posts);
	po_measure_wake(rounds);
	return 0;
}
