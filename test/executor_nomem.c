/*
 * SPDX-License-Identifier: ISC
 *
 * executor_nomem.c: the n-th allocation fails, for every n, once or from then
 * on, in the program or in one of its processes: what fails says ENOMEM or why
 * the executor is broken, nothing hangs, and all is given back in the end.
 */
#include "test/crash.h"

/* ---- The allocator ------------------------------------------------------- */

/* For all processes of the case; `live` is of the program alone. */
struct en_memory {
	_Atomic long made, failed;
	long fail; /* which; 0: none */
	int for_all;
	pid_t program;
	_Atomic long live;
};

static struct en_memory *en;

static int
en_fails(void)
{
	long n = atomic_fetch_add(&en->made, 1) + 1;

	if (en->fail == 0 || (en->for_all ? n < en->fail : n != en->fail))
		return 0;
	atomic_fetch_add(&en->failed, 1);
	return 1;
}

static void *
en_resize(void *memory, size_t size)
{
	int ours = getpid() == en->program, fresh = memory == NULL;
	void *new;

	if (size == 0) {
		if (ours && memory != NULL)
			atomic_fetch_sub(&en->live, 1);
		free(memory);
		return NULL;
	}
	new = en_fails() ? NULL : realloc(memory, size);
	if (ours && fresh && new != NULL)
		atomic_fetch_add(&en->live, 1);
	return new;
}

/* ---- What is done -------------------------------------------------------- */

static int
en_echo(struct reactor_job *job)
{
	return reactor_job_return(job, job->argument, job->size);
}

static int
en_fail(struct reactor_job *job)
{
	return reactor_job_fail(job, EDOM, "as it should");
}

static int
en_initialize(struct reactor_job *job)
{
	return reactor_job_return(job, "ready", 5);
}

/* Only a failed allocation is a reason. */
static void
en_because(int error)
{
	if (en->failed == 0 || (error != ENOMEM && error != ENOTRECOVERABLE))
		test_fail("allocation %ld%s: error %d, %s", en->fail,
		    en->for_all ? " and all after it" : "", error,
		    strerror(error));
}

static char en_bytes[100000];

static struct reactor_future *
en_submit(struct reactor_executor *pool, reactor_job_fn *function, size_t size)
{
	const struct reactor_job_attributes attributes = { .name = "named" };
	struct reactor_future *f;

	errno = 0;
	f = reactor_submit_with(pool, function, en_bytes, size, &attributes);
	if (f == NULL)
		en_because(errno);
	return f;
}

static void
en_outcome(const struct reactor_outcome *outcome, size_t size)
{
	CHECK_INT(outcome->state, REACTOR_FINISHED);
	if (outcome->error == 0) {
		CHECK_INT(outcome->size, size);
		CHECK(memcmp(outcome->bytes, en_bytes, size) == 0);
	} else if (outcome->error != EDOM) {
		CHECK(strlen(outcome->text) > 3);
		en_because(outcome->error);
	}
}

static void
en_futures(struct reactor_executor *pool)
{
	static const size_t sizes[] = { 10, 100000, 0, 3000 };
	struct reactor_future *f[4];
	struct reactor_outcome outcome;
	size_t i, n = 0;

	for (i = 0; i < 4; i++) {
		f[n] = en_submit(pool, i == 3 ? en_fail : en_echo, sizes[i]);
		n += f[n] != NULL && i == n; /* in a row */
		if (n <= i)
			break;
	}
	if (n < 4 && f[n] != NULL)
		reactor_future_detach(f[n]);
	if (reactor_futures_wait(f, n, REACTOR_ALL, crash_long()) == -1)
		en_because(errno);
	for (i = 0; i < n; i++) {
		crash_outcome(f[i], &outcome);
		en_outcome(&outcome, sizes[i]);
		reactor_future_detach(f[i]);
	}
}

static void
en_series(struct reactor_executor *pool)
{
	struct reactor_future *f[2], *next;
	struct reactor_series *series;
	int i, seen = 0;

	f[0] = en_submit(pool, en_echo, 5);
	if (f[0] == NULL)
		return;
	f[1] = f[0];
	series = reactor_series_open(f, 2, crash_long());
	if (series == NULL)
		en_because(errno);
	while (
	    series != NULL && (i = reactor_series_next(series, &next)) != 0) {
		CHECK_INT(i, 1);
		seen++;
	}
	CHECK(series == NULL || seen == 1);
	if (series != NULL)
		reactor_series_close(series);
	reactor_future_detach(f[0]);
}

static int
en_argument(void *context, size_t i, struct reactor_bytes *bytes)
{
	(void)context;
	bytes->bytes = en_bytes;
	bytes->size = i;
	return i < 5;
}

static void
en_map(struct reactor_executor *pool)
{
	static const struct reactor_map_options options[] = { { .window = 2 },
		{ .chunk = 2 } };
	struct reactor_map *map;
	struct reactor_outcome outcome;
	size_t i, n;
	int more;

	for (i = 0; i < 2; i++) {
		map = reactor_map_open(
		    pool, en_echo, en_argument, NULL, &options[i]);
		if (map == NULL) {
			en_because(errno);
			continue;
		}
		for (n = 0; (more = reactor_map_next(map, &outcome)) == 1; n++)
			en_outcome(&outcome, n);
		if (more == -1)
			en_because(errno);
		else
			CHECK_INT(n, 5);
		reactor_map_close(map);
	}
}

static void
en_done_called(struct reactor *r, struct reactor_done *done)
{
	(void)r;
	(*(int *)done->data)++;
}

static void
en_done(struct reactor_executor *pool)
{
	struct reactor_future *f = en_submit(pool, en_echo, 1);
	int calls = 0;
	struct reactor_done done = {
		.callback = en_done_called, .future = f, .data = &calls
	};

	if (f == NULL)
		return;
	CHECK_INT(reactor_done_start(NULL, &done), 0);
	crash_outcome(f, NULL);
	reactor_done_stop(NULL, &done);
	reactor_future_detach(f);
}

static void
en_scenario(void)
{
	const struct reactor_executor_options options = { .workers = 1,
		.kind = test_case->data,
		.name = "memory",
		.initialize = en_initialize,
		.argument = en_bytes,
		.size = 1000 };
	struct reactor_executor *pool = reactor_executor_open(&options);

	if (pool == NULL) {
		en_because(errno);
		CHECK(strlen(reactor_executor_error()) > 10);
		return;
	}
	en_futures(pool);
	en_series(pool);
	en_map(pool);
	en_done(pool);
	crash_close(pool);
}

static void
en_run(void)
{
	en->made = en->failed = 0;
	en_scenario();
	CHECK_INT(en->live, 0);
	crash_alone();
}

static void
en_every(int for_all)
{
	crash_begin();
	en = mmap(NULL, sizeof(*en), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(en != MAP_FAILED);
	en->program = getpid();
	en->for_all = for_all;
	crash_fill((unsigned char *)en_bytes, sizeof(en_bytes), 1);
	reactor_set_allocator(en_resize);
	en_run();
	CHECK(en->made > 20);
	printf("# %ld allocations\n", en->made);
	for (en->fail = 1;; en->fail++) {
		en_run();
		if (en->failed == 0)
			break;
	}
	CHECK(en->fail > 20);
}

static void
en_once(void)
{
	en_every(0);
}

static void
en_from_then_on(void)
{
	en_every(1);
}

static const struct test tests[] = {
	CRASH_BOTH("once", en_once),
	CRASH_BOTH("from then on", en_from_then_on),
};

TEST_MAIN(tests)
