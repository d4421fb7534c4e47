/*
 * SPDX-License-Identifier: ISC
 *
 * executor_map.c: maps and series, on threads and on processes: what comes of
 * each argument, in order; as far ahead as the window, and no further; errors,
 * time-outs and full queues lose nothing; closing leaves nothing behind.
 */
#include <pthread.h>
#include "reactor/executor/chunk.h"
#include "reactor/executor/pool.h"
#include "test/loop.h"

enum { EM_MAX = 256, EM_PAYLOAD = 3000 };

/* What jobs and the case share, also if those run in other processes. */
struct em_shared {
	atomic_int began[EM_MAX]; /* the job of that number */
	atomic_int open[EM_MAX];  /* it may end */
	atomic_int runs;          /* jobs that have begun */
	atomic_int asked;         /* jobs that were asked to end */
};

static struct em_shared *em_shared;

/* ---- Executors ----------------------------------------------------------- */

static int
em_processes(void)
{
	return strcmp(test_case->data, "processes") == 0;
}

static struct reactor_executor *
em_open(unsigned workers, size_t queue)
{
	struct reactor_executor_options options;
	struct reactor_executor *pool;

	em_shared = mmap(NULL, sizeof(*em_shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(em_shared != MAP_FAILED);
	memset(&options, 0, sizeof(options));
	options.kind = test_case->data;
	options.workers = workers;
	options.queue = queue;
	pool = reactor_executor_open(&options);
	if (pool == NULL)
		test_fail("%s", reactor_executor_error());
	return pool;
}

static void
em_close(struct reactor_executor *pool)
{
	CHECK_INT(reactor_executor_close(pool, 30 * REACTOR_SECOND), 0);
	CHECK(munmap(em_shared, sizeof(*em_shared)) == 0);
}

static void
em_until(atomic_int *flag)
{
	int64_t began = test_clock();

	while (!*flag) {
		if (test_clock() - began > 30 * REACTOR_SECOND)
			test_fail("waited in vain");
		loop_sleep(LOOP_MS / 5);
	}
}

/* Until all that was submitted has ended. */
static void
em_quiet(struct reactor_executor *pool)
{
	struct reactor_executor_statistics stats;
	int64_t began = test_clock();

	do {
		if (test_clock() - began > 30 * REACTOR_SECOND)
			test_fail("waited in vain");
		loop_sleep(LOOP_MS / 5);
		reactor_executor_stats(pool, &stats);
	} while (stats.queued + stats.running > 0);
}

/* ---- Jobs ---------------------------------------------------------------- */

/* Returns its number; a gate waits until it may end. */
struct em_argument {
	unsigned number;
	int gate;
};

static void
em_began(unsigned number)
{
	em_shared->runs++;
	if (number < EM_MAX)
		em_shared->began[number] = 1;
}

static int
em_number(struct reactor_job *job)
{
	const struct em_argument *a = job->argument;

	em_began(a->number);
	while (a->gate && !em_shared->open[a->number])
		loop_sleep(LOOP_MS / 5);
	return reactor_job_return(job, &a->number, sizeof(a->number));
}

/* Ends when it is asked to. */
static int
em_endless(struct reactor_job *job)
{
	const struct em_argument *a = job->argument;

	em_began(a->number);
	while (a->gate && !reactor_job_cancelled(job))
		loop_sleep(LOOP_MS / 5);
	em_shared->asked += reactor_job_cancelled(job);
	return 0;
}

/* ---- Sources ------------------------------------------------------------- */

struct em_source {
	size_t count;    /* of arguments */
	size_t gate;     /* the first that is one */
	size_t gates;    /* how many are */
	size_t bad;      /* where it fails; SIZE_MAX: nowhere */
	size_t taken;    /* so far */
	size_t told;     /* results, as the case knows */
	size_t furthest; /* the most that were taken ahead */
	struct em_argument argument;
};

static void
em_source(struct em_source *s, size_t count)
{
	memset(s, 0, sizeof(*s));
	s->count = count;
	s->bad = SIZE_MAX;
}

static int
em_take(void *context, size_t i, struct reactor_bytes *bytes)
{
	struct em_source *s = context;

	if (i != s->taken)
		test_fail("asked for %zu, not for %zu", i, s->taken);
	if (i == s->bad) {
		errno = EILSEQ;
		return -1;
	}
	if (i == s->count)
		return 0;
	s->taken++;
	if (s->taken - s->told > s->furthest)
		s->furthest = s->taken - s->told;
	s->argument.number = (unsigned)i;
	s->argument.gate = i >= s->gate && i < s->gate + s->gates;
	bytes->bytes = &s->argument;
	bytes->size = sizeof(s->argument);
	return 1;
}

static struct reactor_map *
em_map(struct reactor_executor *pool, struct em_source *s, size_t window,
    size_t chunk, int64_t timeout)
{
	struct reactor_map_options options;
	struct reactor_map *map;

	memset(&options, 0, sizeof(options));
	options.window = window;
	options.chunk = chunk;
	options.timeout = timeout;
	map = reactor_map_open(pool, em_number, em_take, s, &options);
	CHECK(map != NULL);
	return map;
}

/* The next result is that number. */
static void
em_next(struct reactor_map *map, struct em_source *s)
{
	struct reactor_outcome outcome;
	unsigned number;

	CHECK_INT(reactor_map_next(map, &outcome), 1);
	CHECK_INT(outcome.state, REACTOR_FINISHED);
	CHECK_INT(outcome.error, 0);
	CHECK_INT(outcome.size, sizeof(number));
	memcpy(&number, outcome.bytes, sizeof(number));
	CHECK_INT(number, s->told);
	s->told++;
}

static void
em_fails(struct reactor_map *map, int error)
{
	struct reactor_outcome outcome;

	errno = 0;
	CHECK_INT(reactor_map_next(map, &outcome), -1);
	CHECK_INT(errno, error);
}

static void
em_no_more(struct reactor_map *map)
{
	struct reactor_outcome outcome;

	CHECK_INT(reactor_map_next(map, &outcome), 0);
	CHECK_INT(reactor_map_next(map, &outcome), 0);
}

/* ---- A model: any sizes and errors, any window and chunk ----------------- */

struct em_random {
	uint64_t state;
};

static unsigned
em_below(struct em_random *random, unsigned limit)
{
	random->state =
	    random->state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(random->state >> 33) % limit;
}

/* What is asked of a job, and the bytes that go with it. */
struct em_request {
	uint64_t seed;
	size_t size;
	unsigned char payload[EM_PAYLOAD];
};

#define EM_FIXED offsetof(struct em_request, payload)

struct em_expected {
	int error;
	char text[64]; /* "": the job says nothing */
	size_t size;
	unsigned char bytes[EM_PAYLOAD];
};

static void
em_request(struct em_request *request, uint64_t seed, size_t i)
{
	struct em_random random = { seed + i * 7919 };
	size_t j;

	request->seed = seed + i;
	request->size = em_below(&random, 8) == 0
	    ? em_below(&random, EM_PAYLOAD)
	    : em_below(&random, 40);
	for (j = 0; j < request->size; j++)
		request->payload[j] = (unsigned char)em_below(&random, 256);
}

/* The answer, as it is computed anywhere. */
static void
em_answer(const struct em_request *request, struct em_expected *expected)
{
	struct em_random random = { request->seed * 31 + request->size };
	size_t j;

	memset(expected, 0, EM_FIXED);
	expected->error = 0;
	expected->text[0] = '\0';
	expected->size = 0;
	switch (em_below(&random, 8)) {
	case 0:
		expected->error = EDOM;
		(void)snprintf(expected->text, sizeof(expected->text),
		    "number %llu of %zu", (unsigned long long)request->seed,
		    request->size);
		return;
	case 1:
		expected->error = ERANGE;
		return;
	}
	expected->size = em_below(&random, (unsigned)request->size + 1);
	for (j = 0; j < expected->size; j++)
		expected->bytes[j] = request->payload[j] ^ (unsigned char)j;
}

static int
em_respond(struct reactor_job *job)
{
	struct em_request request;
	struct em_expected answer;

	if ((uintptr_t)job->argument % _Alignof(max_align_t) != 0)
		return reactor_job_fail(job, EFAULT, "not aligned");
	if (job->size < EM_FIXED || job->size > sizeof(request))
		return reactor_job_fail(job, EBADMSG, "%zu bytes", job->size);
	memcpy(&request, job->argument, job->size);
	/* It is the job's own. */
	memset(job->argument, 0xff, job->size);
	if (job->size != EM_FIXED + request.size)
		return reactor_job_fail(job, EBADMSG, "%zu bytes", job->size);
	if (request.seed % 16 == 0)
		loop_sleep(LOOP_MS / 2);
	em_answer(&request, &answer);
	if (answer.text[0] != '\0')
		return reactor_job_fail(job, answer.error, "%s", answer.text);
	if (answer.error != 0) {
		errno = answer.error;
		return -1;
	}
	return reactor_job_return(job, answer.bytes, answer.size);
}

struct em_model {
	uint64_t seed;
	size_t count, taken;
	struct em_request request;
};

static int
em_model_take(void *context, size_t i, struct reactor_bytes *bytes)
{
	struct em_model *m = context;

	if (i == m->count)
		return 0;
	m->taken++;
	em_request(&m->request, m->seed, i);
	bytes->bytes = &m->request;
	bytes->size = EM_FIXED + m->request.size;
	return 1;
}

static void
em_compare(const struct reactor_outcome *outcome, struct em_model *m, size_t i)
{
	static struct em_request request;
	static struct em_expected expected;

	em_request(&request, m->seed, i);
	em_answer(&request, &expected);
	CHECK_INT(outcome->state, REACTOR_FINISHED);
	if (outcome->error != expected.error)
		test_fail("%zu: error %d (%s), not %d", i, outcome->error,
		    outcome->text, expected.error);
	if (expected.text[0] != '\0')
		CHECK_STR(outcome->text, expected.text);
	else if (expected.error != 0)
		CHECK(outcome->text[0] != '\0');
	else
		CHECK_STR(outcome->text, "");
	CHECK_INT(outcome->size, expected.size);
	CHECK(expected.size == 0 ||
	    memcmp(outcome->bytes, expected.bytes, expected.size) == 0);
	CHECK(outcome->submitted != 0 &&
	    outcome->submitted <= outcome->started &&
	    outcome->started <= outcome->finished);
}

static void
em_model_run(struct reactor_executor *pool, struct em_random *random)
{
	struct reactor_map_options options;
	struct em_model m;
	struct reactor_outcome outcome;
	struct reactor_map *map;
	size_t i;

	memset(&m, 0, sizeof(m));
	memset(&options, 0, sizeof(options));
	m.seed = em_below(random, 1 << 30);
	m.count = em_below(random, 150);
	options.window = em_below(random, 3) == 0 ? 0 : em_below(random, 20);
	options.chunk = em_below(random, 3) == 0 ? 0 : em_below(random, 12);
	options.timeout = em_below(random, 2) == 0 ? 0 : 300 * REACTOR_SECOND;
	options.name = em_below(random, 2) == 0 ? NULL : "model";
	map = reactor_map_open(pool, em_respond, em_model_take, &m, &options);
	CHECK(map != NULL);
	for (i = 0; i < m.count; i++) {
		CHECK_INT(reactor_map_next(map, &outcome), 1);
		em_compare(&outcome, &m, i);
	}
	em_no_more(map);
	CHECK_INT(m.taken, m.count);
	reactor_map_close(map);
}

static void
em_model(unsigned workers, size_t queue, uint64_t seed)
{
	struct reactor_executor *pool = em_open(workers, queue);
	struct em_random random = { seed };
	int64_t began = test_clock();
	int rounds;

	for (rounds = 0; rounds < 40; rounds++)
		if (rounds == 0 || test_clock() - began < REACTOR_SECOND)
			em_model_run(pool, &random);
	em_close(pool);
}

static void
as_a_loop(void)
{
	em_model(3, 0, 1);
}

static void
as_a_loop_queue_of_one(void)
{
	em_model(2, 1, 2);
}

static void
as_a_loop_short_queue(void)
{
	em_model(4, 3, 3);
}

static void
as_a_loop_one_worker(void)
{
	em_model(1, 2, 4);
}

/* ---- The window ---------------------------------------------------------- */

/* With room for chunks only: never one more argument than the window. */
static void
window_bounds(void)
{
	static const size_t windows[] = { 1, 2, 3, 8, 10, 100 };
	static const size_t chunks[] = { 0, 1, 2, 3, 7, 1000 };
	struct reactor_executor *pool = em_open(2, 0);
	struct reactor_map *map;
	struct em_source s;
	size_t i, window, chunk;

	for (i = 0; i < 36; i++) {
		window = windows[i / 6];
		chunk = chunks[i % 6];
		em_source(&s, 50);
		map = em_map(pool, &s, window, chunk, 0);
		CHECK(s.taken > 0 && s.taken <= window);
		while (s.told < s.count) {
			em_next(map, &s);
			CHECK(s.taken <= s.told + window);
		}
		em_no_more(map);
		/* Within a call the result that it tells counts as told. */
		CHECK(s.furthest <= window + 1);
		reactor_map_close(map);
	}
	em_close(pool);
}

static void
no_window_takes_all(void)
{
	struct reactor_executor *pool = em_open(2, 1);
	struct reactor_map *map;
	struct em_source s;

	em_source(&s, 100);
	map = em_map(pool, &s, 0, 3, 0);
	CHECK_INT(s.taken, 100);
	while (s.told < s.count)
		em_next(map, &s);
	em_no_more(map);
	reactor_map_close(map);
	em_close(pool);
}

static void
no_arguments(void)
{
	struct reactor_executor *pool = em_open(2, 0);
	struct reactor_map *map;
	struct em_source s;

	em_source(&s, 0);
	map = em_map(pool, &s, 0, 0, 0);
	em_no_more(map);
	reactor_map_close(map);
	map = em_map(pool, &s, 3, 2, REACTOR_SECOND);
	em_no_more(map);
	reactor_map_close(map);
	reactor_map_close(NULL);
	em_close(pool);
}

static int
em_empty_take(void *context, size_t i, struct reactor_bytes *bytes)
{
	(void)context;
	(void)bytes;
	return i < 7;
}

static int
em_empty(struct reactor_job *job)
{
	return job->size == 0 ? 0 : reactor_job_fail(job, EINVAL, "not empty");
}

static void
nothing_is_an_argument(void)
{
	struct reactor_executor *pool = em_open(2, 0);
	struct reactor_map_options options = { 0 };
	struct reactor_outcome outcome;
	struct reactor_map *map;
	int i;

	for (options.chunk = 1; options.chunk < 5; options.chunk++) {
		map = reactor_map_open(
		    pool, em_empty, em_empty_take, NULL, &options);
		CHECK(map != NULL);
		for (i = 0; i < 7; i++) {
			CHECK_INT(reactor_map_next(map, &outcome), 1);
			CHECK_INT(outcome.error, 0);
			CHECK_INT(outcome.size, 0);
		}
		em_no_more(map);
		reactor_map_close(map);
	}
	em_close(pool);
}

enum { EM_LARGE = 300000 };

static unsigned char em_large[EM_LARGE];

static int
em_large_take(void *context, size_t i, struct reactor_bytes *bytes)
{
	(void)context;
	memset(em_large, (int)i + 1, sizeof(em_large));
	bytes->bytes = em_large;
	bytes->size = EM_LARGE - i;
	return i < 10;
}

static int
em_echo(struct reactor_job *job)
{
	if ((uintptr_t)job->argument % _Alignof(max_align_t) != 0)
		return reactor_job_fail(job, EFAULT, "not aligned");
	return reactor_job_return(job, job->argument, job->size);
}

/* However the bytes travel. */
static void
large(void)
{
	struct reactor_executor *pool = em_open(2, 0);
	struct reactor_map_options options = { 0 };
	struct reactor_outcome outcome;
	struct reactor_map *map;
	const unsigned char *bytes;
	size_t i;

	for (options.chunk = 1; options.chunk < 6; options.chunk++) {
		map = reactor_map_open(
		    pool, em_echo, em_large_take, NULL, &options);
		CHECK(map != NULL);
		for (i = 0; i < 10; i++) {
			CHECK_INT(reactor_map_next(map, &outcome), 1);
			CHECK_INT(outcome.error, 0);
			CHECK_INT(outcome.size, EM_LARGE - i);
			bytes = outcome.bytes;
			CHECK_INT(bytes[0], i + 1);
			/* All are alike. */
			CHECK(memcmp(bytes, bytes + 1, outcome.size - 1) == 0);
			CHECK((uintptr_t)bytes % _Alignof(max_align_t) == 0);
		}
		em_no_more(map);
		reactor_map_close(map);
	}
	em_close(pool);
}

/* ---- Errors -------------------------------------------------------------- */

static void
source_fails(void)
{
	static const size_t windows[] = { 0, 1, 4 }, chunks[] = { 1, 3, 8 };
	struct reactor_executor *pool = em_open(2, 0);
	struct reactor_map *map;
	struct em_source s;
	size_t i, bad;

	for (i = 0; i < 9; i++)
		for (bad = 0; bad < 9; bad++) {
			em_source(&s, 20);
			s.bad = bad;
			map =
			    em_map(pool, &s, windows[i / 3], chunks[i % 3], 0);
			while (s.told < bad)
				em_next(map, &s);
			em_fails(map, EILSEQ);
			em_fails(map, EILSEQ);
			CHECK_INT(s.taken, bad);
			reactor_map_close(map);
		}
	em_close(pool);
}

/* What was submitted before is told. */
static void
shut_down_meanwhile(void)
{
	struct reactor_executor *pool = em_open(2, 0);
	struct reactor_map *map, *other;
	struct em_source s, t;

	em_source(&s, 20);
	em_source(&t, 20);
	map = em_map(pool, &s, 6, 2, 0);
	em_next(map, &s);
	CHECK_INT(reactor_executor_shutdown(pool, 0), 0);
	while (s.told < 6)
		em_next(map, &s);
	em_fails(map, ESHUTDOWN);
	em_fails(map, ESHUTDOWN);
	other = reactor_map_open(pool, em_number, em_take, &t, NULL);
	CHECK(other == NULL);
	CHECK_INT(errno, ESHUTDOWN);
	/* A map is valid without its executor. */
	em_close(pool);
	em_fails(map, ESHUTDOWN);
	reactor_map_close(map);
}

static void
misuse(void)
{
	struct reactor_executor *pool = em_open(1, 0);
	struct em_source s;

	em_source(&s, 1);
	CHECK(reactor_map_open(pool, NULL, em_take, &s, NULL) == NULL);
	CHECK_INT(errno, EINVAL);
	CHECK(reactor_map_open(pool, em_number, NULL, &s, NULL) == NULL);
	CHECK_INT(errno, EINVAL);
	CHECK_INT(s.taken, 0);
	em_close(pool);
}

static int
em_unknown(struct reactor_executor *pool, reactor_job_fn *function)
{
	(void)pool;
	if (function != em_number)
		return 0;
	errno = EFAULT;
	return -1;
}

/* In a chunk, the function is an argument; it is checked all the same. */
static void
unknown_function(void)
{
	struct reactor_executor *pool = em_open(1, 0);
	const struct reactor__executor_kind *kind = pool->kind;
	struct reactor__executor_kind strict = *kind;
	struct reactor_map_options options = { 0 };
	struct em_source s;

	em_source(&s, 10);
	strict.check = em_unknown;
	pool->kind = &strict;
	for (options.chunk = 1; options.chunk < 4; options.chunk++) {
		CHECK(reactor_map_open(
			  pool, em_number, em_take, &s, &options) == NULL);
		CHECK_INT(errno, EFAULT);
	}
	CHECK_INT(s.taken, 0);
	pool->kind = kind;
	em_close(pool);
}

static int
em_die(struct reactor_job *job)
{
	const struct em_argument *a = job->argument;

	if (a->gate && em_processes())
		(void)raise(SIGKILL);
	if (a->gate) { /* with what it has so far, which must not leak */
		(void)reactor_job_result(job, 100);
		pthread_exit(NULL);
	}
	return em_number(job);
}

/* The rest of the chunk goes with it, and nobody else. */
static void
process_dies(void)
{
	struct reactor_executor *pool;
	struct reactor_map_options options = { .chunk = 3 };
	struct reactor_outcome outcome;
	struct reactor_map *map;
	struct em_source s;
	size_t i;

	pool = em_open(2, 0);
	em_source(&s, 12);
	s.gate = 4;
	s.gates = 1;
	map = reactor_map_open(pool, em_die, em_take, &s, &options);
	CHECK(map != NULL);
	for (i = 0; i < s.count; i++) {
		CHECK_INT(reactor_map_next(map, &outcome), 1);
		CHECK_INT(outcome.error, i / 3 == 1 ? EOWNERDEAD : 0);
		if (outcome.error != 0 && em_processes()) {
			CHECK(WIFSIGNALED(outcome.status));
			CHECK_INT(WTERMSIG(outcome.status), SIGKILL);
		}
	}
	em_no_more(map);
	reactor_map_close(map);
	em_close(pool);
}

/* An error whose words do not end. */
static void
em_endless_words(unsigned char *bytes, size_t size)
{
	size_t length = (size - 16) & ~(size_t)15;
	int words[] = { REACTOR_FINISHED, EDOM };

	memset(bytes, 'x', size);
	memcpy(bytes, &length, sizeof(length));
	memcpy(bytes + sizeof(length), words, sizeof(words));
}

/* Whatever a process made of the results, they are read within their bounds. */
static void
damaged_results(void)
{
	static const size_t sizes[] = { 0, 1, 17, SIZE_MAX, SIZE_MAX - 15 };
	_Alignas(max_align_t) unsigned char bytes[256];
	struct em_random random = { 5 };
	struct reactor_outcome outcome;
	unsigned char *copy;
	size_t offset, size;
	int round, i;

	for (round = 0; round < 20000; round++) {
		size = em_below(&random, sizeof(bytes) + 1);
		for (i = 0; i < (int)size; i++)
			bytes[i] = em_below(&random, 3) != 0
			    ? 0
			    : (unsigned char)em_below(&random, 40);
		if (size >= sizeof(size_t) && em_below(&random, 2) == 0)
			memcpy(bytes, &sizes[em_below(&random, 5)],
			    sizeof(size_t));
		if (size >= 16 && em_below(&random, 2) == 0)
			em_endless_words(bytes, size);
		copy = malloc(size > 0 ? size : 1);
		CHECK(copy != NULL);
		memcpy(copy, bytes, size);
		for (offset = 0, i = 0; i < 5; i++) {
			memset(&outcome, 0, sizeof(outcome));
			outcome.state = REACTOR_FINISHED;
			outcome.text = "";
			outcome.bytes = copy;
			outcome.size = size;
			reactor__chunk_outcome(&outcome, &offset);
			CHECK(offset <= size);
			CHECK(outcome.size == 0 ||
			    (const unsigned char *)outcome.bytes +
				    outcome.size <=
				copy + size);
			CHECK(strlen(outcome.text) <= size + 40);
		}
		free(copy);
	}
}

/* ---- Time ---------------------------------------------------------------- */

static void
em_timed_out(size_t window, size_t chunk)
{
	struct reactor_executor *pool = em_open(2, 0);
	int64_t began = test_clock();
	struct reactor_map *map;
	struct em_source s;

	em_source(&s, 20);
	s.gate = 4;
	s.gates = 1;
	map = em_map(pool, &s, window, chunk, 100 * LOOP_MS);
	while (s.told < 4)
		em_next(map, &s);
	em_fails(map, ETIMEDOUT);
	CHECK(test_clock() - began >= 100 * LOOP_MS);
	em_shared->open[4] = 1;
	em_quiet(pool);
	em_fails(map, ETIMEDOUT);
	reactor_map_close(map);
	em_close(pool);
}

static void
time_out(void)
{
	em_timed_out(0, 1);
	em_timed_out(6, 1);
	em_timed_out(0, 2);
	em_timed_out(6, 2);
}

/* What there is, is told; nothing more is begun. */
static void
late_consumer(void)
{
	struct reactor_executor *pool = em_open(2, 0);
	struct reactor_map *map;
	struct em_source s;

	em_source(&s, 20);
	map = em_map(pool, &s, 4, 2, 200 * LOOP_MS);
	em_until(&em_shared->began[3]);
	loop_sleep(300 * LOOP_MS);
	while (s.told < 4)
		em_next(map, &s);
	CHECK_INT(s.taken, 4);
	em_fails(map, ETIMEDOUT);
	em_fails(map, ETIMEDOUT);
	reactor_map_close(map);
	em_close(pool);
}

/* ---- A full queue -------------------------------------------------------- */

static struct reactor_future *
em_submit(struct reactor_executor *pool, unsigned number, int gate)
{
	struct em_argument a = { number, gate };
	struct reactor_future *f =
	    reactor_submit(pool, em_number, &a, sizeof(a));

	CHECK(f != NULL);
	return f;
}

/* The worker is busy and the queue full, of jobs 200 and 201. */
static void
em_fill(struct reactor_executor *pool, struct reactor_future *futures[2])
{
	futures[0] = em_submit(pool, 200, 1);
	em_until(&em_shared->began[200]);
	futures[1] = em_submit(pool, 201, 0);
}

static void
em_detach(struct reactor_future *futures[2])
{
	reactor_future_detach(futures[0]);
	reactor_future_detach(futures[1]);
}

static void
full_queue_times_out(void)
{
	struct reactor_executor *pool = em_open(1, 1);
	struct reactor_future *futures[2];
	int64_t began = test_clock();
	struct reactor_map *map;
	struct em_source s;

	em_fill(pool, futures);
	em_source(&s, 20);
	map = em_map(pool, &s, 0, 2, 50 * LOOP_MS);
	CHECK_INT(s.taken, 20);
	em_fails(map, ETIMEDOUT);
	CHECK(test_clock() - began >= 50 * LOOP_MS);
	reactor_map_close(map);
	em_source(&s, 20);
	map = em_map(pool, &s, 3, 1, 0);
	em_shared->open[200] = 1;
	while (s.told < s.count)
		em_next(map, &s);
	em_no_more(map);
	reactor_map_close(map);
	em_detach(futures);
	em_close(pool);
}

static void *
em_open_later(void *number)
{
	loop_sleep(100 * LOOP_MS);
	em_shared->open[*(int *)number] = 1;
	return NULL;
}

static void *
em_submit_later(void *pool)
{
	return em_submit(pool, 202, 1);
}

/* Gates 210... until both workers are busy and the queue is full. */
static int
em_stuff(struct reactor_executor *pool, struct reactor_future *futures[8])
{
	struct reactor_job_attributes attributes = { .flags = REACTOR_TRY };
	struct reactor_executor_statistics stats;
	struct em_argument a = { 210, 1 };
	int n = 0;

	do {
		CHECK(n < 8);
		futures[n] = reactor_submit_with(
		    pool, em_number, &a, sizeof(a), &attributes);
		n += futures[n] != NULL;
		loop_sleep(LOOP_MS / 5);
		reactor_executor_stats(pool, &stats);
	} while (stats.running < 2 || stats.queued < 1);
	return n;
}

/*
 * The first job ends, its worker takes a job that waits for us, and another
 * thread has the room: the map is not to wait for that.
 */
static void
result_beats_full_queue(void)
{
	struct reactor_executor *pool = em_open(2, 1);
	struct reactor_future *futures[8];
	struct reactor_map *map;
	struct em_source s;
	pthread_t threads[2];
	int number = 1, n;
	void *other;

	em_source(&s, 6);
	s.gate = 1;
	s.gates = 1;
	map = em_map(pool, &s, 0, 0, 0);
	em_next(map, &s);
	em_until(&em_shared->began[1]);
	n = em_stuff(pool, futures);
	CHECK(pthread_create(&threads[0], NULL, em_submit_later, pool) == 0);
	loop_sleep(20 * LOOP_MS);
	CHECK(pthread_create(&threads[1], NULL, em_open_later, &number) == 0);
	em_next(map, &s);
	em_shared->open[202] = em_shared->open[210] = 1;
	CHECK(pthread_join(threads[0], &other) == 0);
	CHECK(pthread_join(threads[1], NULL) == 0);
	while (s.told < s.count)
		em_next(map, &s);
	em_no_more(map);
	reactor_map_close(map);
	reactor_future_detach(other);
	while (n-- > 0)
		reactor_future_detach(futures[n]);
	em_close(pool);
}

static void *
em_shut_later(void *pool)
{
	loop_sleep(50 * LOOP_MS);
	CHECK_INT(reactor_executor_shutdown(pool, 0), 0);
	return NULL;
}

/* Nothing more goes in: who waits for room is told, whatever comes later. */
static void
em_full_queue_shut_down(size_t bad)
{
	struct reactor_executor *pool = em_open(1, 1);
	struct reactor_future *futures[2];
	struct reactor_map *map;
	struct em_source s;
	pthread_t thread;

	em_fill(pool, futures);
	em_source(&s, 20);
	s.bad = bad;
	map = em_map(pool, &s, 5, 1, 0);
	CHECK(pthread_create(&thread, NULL, em_shut_later, pool) == 0);
	em_fails(map, ESHUTDOWN);
	CHECK(pthread_join(thread, NULL) == 0);
	em_fails(map, ESHUTDOWN);
	reactor_map_close(map);
	em_shared->open[200] = 1;
	em_detach(futures);
	em_close(pool);
}

static void
full_queue_shut_down(void)
{
	em_full_queue_shut_down(SIZE_MAX);
	em_full_queue_shut_down(3);
}

struct em_rival {
	struct reactor_executor *pool;
	atomic_int stop;
	size_t jobs;
};

static void *
em_rival(void *argument)
{
	struct em_rival *rival = argument;

	while (!rival->stop) {
		reactor_future_detach(em_submit(rival->pool, EM_MAX, 0));
		rival->jobs++;
	}
	return NULL;
}

/* Two others fill the queue all the time. */
static void
rivals(void)
{
	struct em_rival rival[2];
	struct reactor_executor *pool = em_open(2, 2);
	struct reactor_map *map;
	struct em_source s;
	pthread_t threads[2];
	int i;

	memset(rival, 0, sizeof(rival));
	for (i = 0; i < 2; i++) {
		rival[i].pool = pool;
		CHECK(pthread_create(&threads[i], NULL, em_rival, &rival[i]) ==
		    0);
	}
	for (i = 0; i < 12; i++) {
		em_source(&s, 60);
		map = em_map(pool, &s, i % 3 == 0 ? 0 : 4, (size_t)i % 4, 0);
		while (s.told < s.count)
			em_next(map, &s);
		em_no_more(map);
		reactor_map_close(map);
	}
	rival[0].stop = rival[1].stop = 1;
	for (i = 0; i < 2; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
	em_close(pool);
}

/* ---- From a job ---------------------------------------------------------- */

static struct reactor_executor *em_pool;
static int em_error; /* of map_next in a job */

static int
em_nested(struct reactor_job *job)
{
	struct reactor_outcome outcome;
	struct reactor_map *map;
	struct em_source s;
	int status;

	(void)job;
	em_source(&s, 20);
	em_until(&em_shared->open[0]);
	map = reactor_map_open(em_pool, em_number, em_take, &s, NULL);
	if (map == NULL)
		return -1;
	while ((status = reactor_map_next(map, &outcome)) == 1)
		s.told++;
	em_error = status == 0 ? 0 : errno;
	reactor_map_close(map);
	return reactor_job_return(job, &s.told, sizeof(s.told));
}

static size_t
em_nested_told(struct reactor_executor *pool, int fill)
{
	struct reactor_future *f, *filler = NULL;
	struct reactor_outcome outcome;
	size_t told;

	em_pool = pool;
	f = reactor_submit(pool, em_nested, NULL, 0);
	CHECK(f != NULL);
	if (fill)
		filler = em_submit(pool, 201, 0);
	em_shared->open[0] = 1;
	CHECK_INT(reactor_future_wait(f, 30 * REACTOR_SECOND, &outcome), 0);
	CHECK_INT(outcome.error, 0);
	memcpy(&told, outcome.bytes, sizeof(told));
	reactor_future_detach(f);
	reactor_future_detach(filler);
	return told;
}

static void
in_a_job(void)
{
	struct reactor_executor *pool;

	if (em_processes())
		SKIP("the executor is of another process");
	pool = em_open(2, 1);
	CHECK_INT(em_nested_told(pool, 0), 20);
	CHECK_INT(em_error, 0);
	em_close(pool);
	pool = em_open(1, 1);
	/* Nobody but the job itself could make room. */
	CHECK_INT(em_nested_told(pool, 1), 0);
	CHECK_INT(em_error, EAGAIN);
	em_close(pool);
}

/* ---- Closing ------------------------------------------------------------- */

/* What has not begun never does; what runs goes on. */
static void
close_in_the_middle(void)
{
	struct reactor_executor_statistics stats;
	struct reactor_executor *pool = em_open(1, 0);
	struct reactor_map *map;
	struct em_source s;

	em_source(&s, 20);
	s.gate = 2;
	s.gates = 1;
	map = em_map(pool, &s, 10, 0, 0);
	em_next(map, &s);
	em_next(map, &s);
	em_until(&em_shared->began[2]);
	CHECK_INT(s.taken, 12);
	reactor_map_close(map);
	CHECK_INT(s.taken, 12);
	em_shared->open[2] = 1;
	reactor_executor_stats(pool, &stats);
	CHECK_INT(stats.cancelled, 9);
	em_close(pool);
}

/* An item is asked to end, those after it in the chunk do not begin. */
static void
close_asks_chunks(void)
{
	struct reactor_executor *pool = em_open(2, 0);
	struct reactor_map_options options = { .chunk = 4 };
	struct reactor_map *map;
	struct em_source s;

	em_source(&s, 4);
	s.gate = 1;
	s.gates = 3;
	map = reactor_map_open(pool, em_endless, em_take, &s, &options);
	CHECK(map != NULL);
	em_until(&em_shared->began[1]);
	reactor_map_close(map);
	CHECK_INT(reactor_executor_close(pool, 30 * REACTOR_SECOND), 0);
	CHECK_INT(em_shared->runs, 2);
	CHECK_INT(em_shared->asked, 1);
	CHECK(munmap(em_shared, sizeof(*em_shared)) == 0);
}

/* Their outcomes say so. */
static void
asked_chunk_tells(void)
{
	struct reactor_executor *pool;
	struct reactor_map_options options = { .chunk = 3 };
	struct reactor_outcome outcome;
	struct reactor_map *map;
	struct em_source s;
	int i;

	if (em_processes())
		SKIP("they are killed");
	pool = em_open(1, 0);
	em_source(&s, 6);
	s.gate = 1;
	s.gates = 1;
	map = reactor_map_open(pool, em_endless, em_take, &s, &options);
	CHECK(map != NULL);
	em_until(&em_shared->began[1]);
	CHECK_INT(reactor_executor_shutdown(pool, REACTOR_KILL), 0);
	for (i = 0; i < 6; i++) {
		CHECK_INT(reactor_map_next(map, &outcome), 1);
		CHECK_INT(outcome.state,
		    i < 2 ? REACTOR_FINISHED : REACTOR_CANCELLED);
		CHECK_INT(outcome.error, i < 2 ? 0 : ECANCELED);
		CHECK((outcome.text[0] != '\0') == (i >= 2));
	}
	em_no_more(map);
	reactor_map_close(map);
	em_close(pool);
}

/* ---- Other processes and no memory --------------------------------------- */

static void
in_a_child(void)
{
	struct reactor_executor *pool = em_open(2, 0);
	struct reactor_series *series;
	struct reactor_future *f = em_submit(pool, 200, 1), *ended;
	struct reactor_map *map;
	struct em_source s;
	int status;
	pid_t pid;

	em_source(&s, 20);
	map = em_map(pool, &s, 8, 2, 0);
	em_next(map, &s);
	series = reactor_series_open(&f, 1, -1);
	CHECK(series != NULL);
	pid = fork();
	CHECK(pid != -1);
	if (pid == 0) {
		em_fails(map, ECHILD);
		CHECK(reactor_map_open(pool, em_number, em_take, &s, NULL) ==
		    NULL);
		CHECK_INT(errno, ECHILD);
		reactor_map_close(map);
		CHECK_INT(reactor_series_next(series, &ended), -1);
		CHECK_INT(errno, ECHILD);
		CHECK_INT(reactor_series_left(series), 1);
		CHECK(reactor_series_open(&f, 1, -1) == NULL);
		CHECK_INT(errno, ECHILD);
		reactor_series_close(series);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK_INT(status, 0);
	em_shared->open[200] = 1;
	while (s.told < s.count)
		em_next(map, &s);
	CHECK_INT(reactor_series_next(series, &ended), 1);
	reactor_series_close(series);
	reactor_map_close(map);
	reactor_future_detach(f);
	em_close(pool);
}

static _Thread_local int em_allowed; /* allocations, plus one; 0: all */

static void *
em_stingy(void *memory, size_t size)
{
	if (size == 0) {
		free(memory);
		return NULL;
	}
	if (em_allowed == 1)
		return NULL;
	em_allowed -= em_allowed > 1;
	return realloc(memory, size);
}

/* 0, or the errno of the step that failed. */
static int
em_sparing(struct reactor_executor *pool, size_t chunk)
{
	struct reactor_map_options options = { 5, chunk, 0, "sparing" };
	struct reactor_outcome outcome;
	struct reactor_map *map;
	struct em_source s;
	int status, error;

	em_source(&s, 12);
	map = reactor_map_open(pool, em_number, em_take, &s, &options);
	if (map == NULL)
		return errno;
	while ((status = reactor_map_next(map, &outcome)) == 1) {
		CHECK_INT(outcome.error, 0);
		CHECK_INT(*(const unsigned *)outcome.bytes, s.told);
		s.told++;
	}
	error = status == 0 ? 0 : errno;
	CHECK(error != 0 || s.told == s.count);
	reactor_map_close(map);
	return error;
}

static void
series_no_memory(void)
{
	struct reactor_series *series = NULL;
	struct reactor_executor *pool;
	struct reactor_future *f;
	int n;

	reactor_set_allocator(em_stingy);
	pool = em_open(1, 0);
	f = em_submit(pool, 0, 0);
	for (n = 1; series == NULL; n++) {
		CHECK(n < 10);
		em_allowed = n;
		series = reactor_series_open(&f, 1, -1);
		em_allowed = 0;
		CHECK(series != NULL || errno == ENOMEM);
	}
	CHECK(n > 2);
	reactor_series_close(series);
	reactor_future_detach(f);
	em_close(pool);
}

static void
no_memory(void)
{
	struct reactor_executor *pool;
	size_t chunk;
	int n, error;

	reactor_set_allocator(em_stingy);
	pool = em_open(1, 0);
	for (chunk = 1; chunk < 4; chunk++)
		for (n = 1, error = ENOMEM; error != 0; n++) {
			em_allowed = n;
			error = em_sparing(pool, chunk);
			em_allowed = 0;
			CHECK(error == 0 || error == ENOMEM);
			CHECK(n < 1000);
		}
	em_close(pool);
}

/* ---- Series -------------------------------------------------------------- */

static void
em_told(struct reactor_series *series, struct reactor_future *f)
{
	struct reactor_future *ended;

	CHECK_INT(reactor_series_next(series, &ended), 1);
	CHECK(ended == f);
}

static void
em_told_all(struct reactor_series *series)
{
	struct reactor_future *ended;

	CHECK_INT(reactor_series_left(series), 0);
	CHECK_INT(reactor_series_next(series, &ended), 0);
	CHECK_INT(reactor_series_next(series, &ended), 0);
}

static void
em_let(struct reactor_future *f, int number)
{
	em_shared->open[number] = 1;
	CHECK_INT(reactor_future_wait(f, 30 * REACTOR_SECOND, NULL), 0);
}

/* Those that had ended, as they stand; the others as they end; each once. */
static void
series_in_order(void)
{
	struct reactor_executor *pool = em_open(6, 0);
	struct reactor_future *f[6], *list[12];
	struct reactor_series *series;
	int i;

	for (i = 0; i < 6; i++)
		f[i] = em_submit(pool, (unsigned)i, 1);
	for (i = 0; i < 12; i++)
		list[i] = f[i % 6];
	em_let(f[4], 4);
	em_let(f[1], 1);
	series = reactor_series_open(list, 12, -1);
	CHECK(series != NULL);
	CHECK_INT(reactor_series_left(series), 6);
	em_let(f[5], 5);
	em_told(series, f[1]);
	em_told(series, f[4]);
	CHECK_INT(reactor_series_left(series), 4);
	em_let(f[0], 0);
	em_let(f[3], 3);
	em_told(series, f[5]);
	em_told(series, f[0]);
	em_told(series, f[3]);
	em_shared->open[2] = 1;
	em_told(series, f[2]);
	em_told_all(series);
	reactor_series_close(series);
	for (i = 0; i < 6; i++)
		reactor_future_detach(f[i]);
	em_close(pool);
}

static void
series_of_none(void)
{
	struct reactor_series *series = reactor_series_open(NULL, 0, 0);

	CHECK(series != NULL);
	em_told_all(series);
	reactor_series_close(series);
	reactor_series_close(NULL);
}

/* It holds the futures, and takes nothing from them. */
static void
series_holds(void)
{
	struct reactor_executor *pool = em_open(1, 0);
	struct reactor_future *f[2], *ended;
	struct reactor_series *series, *other;
	int i;

	f[0] = em_submit(pool, 0, 1);
	f[1] = em_submit(pool, 1, 0);
	series = reactor_series_open(f, 2, -1);
	other = reactor_series_open(f, 2, -1);
	CHECK(series != NULL && other != NULL);
	reactor_series_close(other);
	for (i = 0; i < 2; i++)
		reactor_future_detach(f[i]);
	em_until(&em_shared->began[0]);
	CHECK_INT(reactor_future_cancel(f[1]), 0);
	em_told(series, f[1]);
	em_shared->open[0] = 1;
	em_told(series, f[0]);
	em_told_all(series);
	CHECK_INT(em_shared->began[1], 0);
	em_close(pool);
	CHECK_INT(reactor_series_next(series, &ended), 0);
	CHECK_STR(reactor_future_name(f[0]), "em_number");
	reactor_series_close(series);
}

/* The time is that of all together; what has ended is told late as well. */
static void
series_times_out(void)
{
	struct reactor_executor *pool = em_open(2, 0);
	struct reactor_future *f[2], *ended;
	struct reactor_series *series;
	struct reactor_outcome outcome;
	int64_t began = test_clock();

	f[0] = em_submit(pool, 0, 1);
	f[1] = em_submit(pool, 1, 1);
	series = reactor_series_open(f, 2, 50 * LOOP_MS);
	CHECK(series != NULL);
	CHECK_INT(reactor_series_next(series, &ended), -1);
	CHECK_INT(errno, ETIMEDOUT);
	CHECK(test_clock() - began >= 50 * LOOP_MS);
	CHECK(ended == NULL);
	CHECK_INT(reactor_series_left(series), 2);
	em_let(f[1], 1);
	em_told(series, f[1]);
	CHECK_INT(reactor_series_next(series, &ended), -1);
	CHECK_INT(errno, ETIMEDOUT);
	reactor_series_close(series);
	reactor_future_peek(f[0], &outcome); /* nothing was cancelled */
	CHECK(outcome.state < REACTOR_FINISHED);
	series = reactor_series_open(f, 2, 0);
	CHECK(series != NULL);
	em_told(series, f[1]);
	CHECK_INT(reactor_series_next(series, &ended), -1);
	CHECK_INT(errno, ETIMEDOUT);
	reactor_series_close(series);
	em_shared->open[0] = 1;
	reactor_future_detach(f[0]);
	reactor_future_detach(f[1]);
	em_close(pool);
}

enum { EM_MANY = 400, EM_TAKERS = 4 };

static atomic_int em_taken;

static void *
em_taker(void *series)
{
	struct reactor_future *f;
	int status;

	while ((status = reactor_series_next(series, &f)) == 1)
		em_taken++;
	return status == 0 ? NULL : series;
}

/* Several take from one; of two executors; while the jobs end. */
static void
series_of_many(void)
{
	static struct reactor_future *f[EM_MANY];
	struct reactor_executor *pool[2] = { em_open(3, 0), NULL };
	struct reactor_series *series;
	pthread_t threads[EM_TAKERS];
	void *failed;
	int i;

	pool[1] = reactor_executor_open(NULL);
	CHECK(pool[1] != NULL);
	for (i = 0; i < EM_MANY; i++)
		f[i] = em_submit(pool[i % 2], i > 0 ? EM_MAX : 0, i == 0);
	series = reactor_series_open(f, EM_MANY, -1);
	CHECK(series != NULL);
	for (i = 0; i < EM_TAKERS; i++)
		CHECK(pthread_create(&threads[i], NULL, em_taker, series) == 0);
	/* All of them wait for the last. */
	while (reactor_series_left(series) > 1)
		loop_sleep(LOOP_MS);
	loop_sleep(20 * LOOP_MS);
	em_shared->open[0] = 1;
	for (i = 0; i < EM_TAKERS; i++) {
		CHECK(pthread_join(threads[i], &failed) == 0);
		CHECK(failed == NULL);
	}
	CHECK_INT(em_taken, EM_MANY);
	em_told_all(series);
	reactor_series_close(series);
	for (i = 0; i < EM_MANY; i++)
		reactor_future_detach(f[i]);
	CHECK_INT(reactor_executor_close(pool[1], -1), 0);
	em_close(pool[0]);
}

/* Each future is told once, whatever ends while it is opened and closed. */
static void
series_open_and_close(void)
{
	struct reactor_executor *pool = em_open(3, 0);
	struct reactor_future *f[20], *ended;
	struct reactor_series *series;
	int round, i, told;

	for (round = 0; round < 60; round++) {
		for (i = 0; i < 20; i++)
			f[i] = em_submit(pool, EM_MAX, 0);
		series = reactor_series_open(f, 20, -1);
		CHECK(series != NULL);
		told = round % 21;
		for (i = 0; i < told; i++)
			CHECK_INT(reactor_series_next(series, &ended), 1);
		CHECK_INT(reactor_series_left(series), 20 - told);
		reactor_series_close(series);
		for (i = 0; i < 20; i++)
			reactor_future_detach(f[i]);
	}
	em_close(pool);
}

/* ---- All of them, on both ------------------------------------------------ */

/* clang-format off */
#define EM_BOTH(name, run)                               \
	{ name ", on threads", run, 0, "threads" },      \
	{ name ", on processes", run, 0, "processes" }
/* clang-format on */

static const struct test tests[] = {
	EM_BOTH("a map has what a loop would have", as_a_loop),
	EM_BOTH("a map with a queue of one", as_a_loop_queue_of_one),
	EM_BOTH("a map with a short queue", as_a_loop_short_queue),
	EM_BOTH("a map with one worker", as_a_loop_one_worker),
	EM_BOTH("no more is taken ahead than the window", window_bounds),
	EM_BOTH("without a window all is taken at once", no_window_takes_all),
	EM_BOTH("a map of no arguments", no_arguments),
	EM_BOTH("arguments and results of no bytes", nothing_is_an_argument),
	EM_BOTH("large arguments and results", large),
	EM_BOTH("the source fails after the results before", source_fails),
	EM_BOTH("an executor that is shut down meanwhile", shut_down_meanwhile),
	EM_BOTH("a map of nothing is refused", misuse),
	EM_BOTH("a function that the executor refuses", unknown_function),
	EM_BOTH("who dies takes the chunk along", process_dies),
	EM_BOTH("damaged results stay within bounds", damaged_results),
	EM_BOTH("a map times out, and does so again", time_out),
	EM_BOTH("results are told late, nothing is begun late", late_consumer),
	EM_BOTH("a map times out at a full queue", full_queue_times_out),
	EM_BOTH("a result is told while the queue is full",
	    result_beats_full_queue),
	EM_BOTH("a shutdown ends the wait for room", full_queue_shut_down),
	EM_BOTH("maps beside others at a full queue", rivals),
	EM_BOTH("a map in a job", in_a_job),
	EM_BOTH("closing a map cancels what is left", close_in_the_middle),
	EM_BOTH("closing a map asks the items of a chunk", close_asks_chunks),
	EM_BOTH("a chunk that was asked to end tells", asked_chunk_tells),
	EM_BOTH("maps and series are the parent's", in_a_child),
	EM_BOTH("a map without memory", no_memory),
	EM_BOTH("a series without memory", series_no_memory),
	EM_BOTH("a series is in the order of ending", series_in_order),
	EM_BOTH("a series of none", series_of_none),
	EM_BOTH("a series holds its futures", series_holds),
	EM_BOTH("a series times out and goes on", series_times_out),
	EM_BOTH("a series is shared", series_of_many),
	EM_BOTH("series open and close as jobs end", series_open_and_close),
};

TEST_MAIN(tests)
