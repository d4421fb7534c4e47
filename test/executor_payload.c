/*
 * SPDX-License-Identifier: ISC
 *
 * executor_payload.c: arguments and results of every size come over as they
 * were sent, by whatever way they take.
 */
#include <stdalign.h>
#include <stddef.h>
#include <sys/resource.h>
#include "test/crash.h"
#include "test/without.h"

/* ---- There and back ------------------------------------------------------ */

/* Its argument; the argument is its own, and it may write to it. */
static int
ep_echo(struct reactor_job *job)
{
	CHECK((uintptr_t)job->argument % alignof(max_align_t) == 0);
	if (reactor_job_return(job, job->argument, job->size) == -1)
		return -1;
	memset(job->argument, 0xee, job->size);
	return 0;
}

static int
ep_sum(struct reactor_job *job)
{
	uint64_t sum = crash_sum(job->argument, job->size);

	return reactor_job_return(job, &sum, sizeof(sum));
}

static void
ep_there(struct reactor_executor *pool, const unsigned char *bytes, size_t size)
{
	struct reactor_future *f = reactor_submit(pool, ep_sum, bytes, size);
	struct reactor_outcome outcome;
	uint64_t sum;

	CHECK(f != NULL);
	crash_outcome(f, &outcome);
	CHECK_STR(outcome.text, "");
	CHECK_INT(outcome.size, sizeof(sum));
	memcpy(&sum, outcome.bytes, sizeof(sum));
	CHECK(sum == crash_sum(bytes, size));
	reactor_future_detach(f);
}

static void
ep_back(struct reactor_executor *pool, const unsigned char *bytes, size_t size)
{
	struct reactor_future *f = reactor_submit(pool, ep_echo, bytes, size);
	struct reactor_outcome outcome;

	CHECK(f != NULL);
	crash_outcome(f, &outcome);
	CHECK_STR(outcome.text, "");
	CHECK_INT(outcome.error, 0);
	CHECK_INT(outcome.size, size);
	CHECK(outcome.bytes != NULL);
	CHECK((uintptr_t)outcome.bytes % alignof(max_align_t) == 0);
	CHECK(memcmp(outcome.bytes, bytes, size) == 0);
	reactor_future_detach(f);
}

static void
ep_sizes(void)
{
	static const size_t sizes[] = { 0, 1, 2, 7, 8, 9, 4095, 4096, 4097,
		65535, 65536, 65537, 131072, 250001, 1 << 20, (4 << 20) + 1 };
	struct reactor_executor *pool = crash_open(2);
	unsigned char *bytes = malloc((4 << 20) + 1);
	size_t i, n;

	crash_fill(bytes, (4 << 20) + 1, 7);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		ep_there(pool, bytes, sizes[i]);
		ep_back(pool, bytes, sizes[i]);
	}
	for (n = 65536 - 300; n < 65536 + 10; n += 7)
		ep_back(pool, bytes, n);
	free(bytes);
	crash_end(pool);
}

static void
ep_large(void)
{
	struct reactor_executor *pool = crash_open(1);
	size_t size = crash_large();
	unsigned char *bytes = malloc(size);

	crash_fill(bytes, size, 3);
	ep_back(pool, bytes, size);
	free(bytes);
	crash_end(pool);
}

/* Large and small ones cross each other. */
static void
ep_many(void)
{
	struct reactor_executor *pool = crash_open(3);
	struct reactor_future *f[60];
	struct reactor_outcome outcome;
	unsigned char *bytes = malloc(700000);
	size_t sizes[60];
	int i;

	crash_sow();
	crash_fill(bytes, 700000, 5);
	for (i = 0; i < 60; i++) {
		sizes[i] = crash_draw(i % 3 == 0 ? 700000 : 70000);
		f[i] = reactor_submit(pool, ep_echo, bytes, sizes[i]);
		CHECK(f[i] != NULL);
	}
	for (i = 59; i >= 0; i--) {
		crash_outcome(f[i], &outcome);
		CHECK_INT(outcome.error, 0);
		CHECK_INT(outcome.size, sizes[i]);
		CHECK(memcmp(outcome.bytes, bytes, sizes[i]) == 0);
		reactor_future_detach(f[i]);
	}
	free(bytes);
	crash_end(pool);
}

/* ---- Other ways ---------------------------------------------------------- */

/* In a process of its own no memory can be had that is passed on. */
static int
ep_by_stream(struct reactor_job *job)
{
	struct rlimit none = { 0, 0 };

	CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
	return ep_echo(job);
}

static void
ep_stream_back(void)
{
	struct reactor_executor *pool = crash_open(1);
	size_t size = 9 << 20;
	unsigned char *bytes = malloc(size);
	struct reactor_outcome outcome;
	struct reactor_future *f;
	int i;

	crash_fill(bytes, size, 9);
	for (i = 0; i < 3; i++) {
		f = reactor_submit(pool, ep_by_stream, bytes, size - (size_t)i);
		CHECK(f != NULL);
		crash_outcome(f, &outcome);
		if (outcome.error != 0 && i > 0) {
			/* The descriptor of its argument could not come. */
			CHECK(
			    outcome.error == ENOMEM || outcome.error == EMFILE);
			reactor_future_detach(f);
			break;
		}
		CHECK_STR(outcome.text, "");
		CHECK_INT(outcome.size, size - (size_t)i);
		CHECK(memcmp(outcome.bytes, bytes, outcome.size) == 0);
		reactor_future_detach(f);
	}
	free(bytes);
	crash_works(pool, 2);
	crash_end(pool);
}

static void
ep_without(const char *calls)
{
	if (without(calls) == -1)
		SKIP("no seccomp");
	ep_sizes();
}

static void
ep_no_memfd(void)
{
	ep_without("memfd_create");
}

static void
ep_no_memfd_allowed(void)
{
	ep_without("memfd_create=EPERM");
}

static void
ep_no_close_range(void)
{
	ep_without("close_range");
}

static void
ep_no_pidfd(void)
{
	ep_without("pidfd_open,memfd_create=EACCES");
}

/* ---- Results ------------------------------------------------------------- */

enum { EP_NONE, EP_EMPTY, EP_GROWN, EP_SHRUNK, EP_TWICE };

static int
ep_result(struct reactor_job *job)
{
	char *p;

	switch (*(int *)job->argument) {
	case EP_EMPTY:
		return reactor_job_result(job, 0) != NULL ? 0 : -1;
	case EP_GROWN:
		CHECK(reactor_job_return(job, "ab", 2) == 0);
		p = reactor_job_result(job, 200000);
		CHECK(p != NULL);
		memset(p + 2, 'c', 199998);
		return 0;
	case EP_SHRUNK:
		p = reactor_job_result(job, 200000);
		CHECK(p != NULL);
		memcpy(p, "abc", 3);
		return reactor_job_result(job, 3) != NULL ? 0 : -1;
	case EP_TWICE:
		CHECK(reactor_job_return(job, "first", 5) == 0);
		return reactor_job_return(job, "second", 6);
	}
	return 0;
}

static void
ep_results(void)
{
	static const struct {
		int how;
		size_t size;
		const char *begins;
	} cases[] = {
		{ EP_NONE, 0, "" },
		{ EP_EMPTY, 0, "" },
		{ EP_GROWN, 200000, "abcc" },
		{ EP_SHRUNK, 3, "abc" },
		{ EP_TWICE, 6, "second" },
	};
	struct reactor_executor *pool = crash_open(1);
	struct reactor_outcome outcome;
	struct reactor_future *f;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		f = reactor_submit(
		    pool, ep_result, &cases[i].how, sizeof(cases[i].how));
		CHECK(f != NULL);
		crash_outcome(f, &outcome);
		CHECK_STR(outcome.text, "");
		CHECK_INT(outcome.size, cases[i].size);
		CHECK(outcome.size == 0 ||
		    memcmp(outcome.bytes, cases[i].begins,
			strlen(cases[i].begins)) == 0);
		reactor_future_detach(f);
	}
	crash_end(pool);
}

/* ---- Errors -------------------------------------------------------------- */

static int
ep_errno(struct reactor_job *job)
{
	CHECK(reactor_job_return(job, "half a result", 13) == 0);
	errno = EBADMSG;
	return -1;
}

static int
ep_nothing(struct reactor_job *job)
{
	(void)job;
	errno = 0;
	return -1;
}

static int
ep_greedy(struct reactor_job *job)
{
	CHECK(reactor_job_return(job, "something", 9) == 0);
	CHECK(reactor_job_result(job, SIZE_MAX / 2) == NULL);
	CHECK(job->result_size == 9);
	return -1; /* errno is ENOMEM */
}

static int
ep_wordy(struct reactor_job *job)
{
	char text[100000];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	return reactor_job_fail(job, EDOM, "much: %s", text);
}

static int
ep_wordless(struct reactor_job *job)
{
	return reactor_job_fail(job, EDOM, "%s", "");
}

static void
ep_errors(void)
{
	struct reactor_executor *pool = crash_open(2);

	crash_bad(crash_submit(pool, ep_errno, 0), EBADMSG, strerror(EBADMSG));
	crash_bad(crash_submit(pool, ep_nothing, 0), EINVAL, "nvalid");
	if (!CRASH_ASAN && !CRASH_TSAN)
		crash_bad(
		    crash_submit(pool, ep_greedy, 0), ENOMEM, strerror(ENOMEM));
	crash_bad(crash_submit(pool, ep_wordy, 0), EDOM, "much: xxxxxxxxxxx");
	crash_bad(crash_submit(pool, ep_wordless, 0), EDOM, "");
	crash_works(pool, 4);
	crash_end(pool);
}

/* ---- What a job is told -------------------------------------------------- */

static int
ep_name(struct reactor_job *job)
{
	return reactor_job_return(job, job->name, strlen(job->name) + 1);
}

static void
ep_named(struct reactor_executor *pool, const char *name, const char *told)
{
	const struct reactor_job_attributes attributes = { .name = name };
	struct reactor_future *f =
	    reactor_submit_with(pool, ep_name, NULL, 0, &attributes);
	struct reactor_outcome outcome;

	CHECK(f != NULL);
	CHECK_STR(reactor_future_name(f), told);
	crash_outcome(f, &outcome);
	CHECK_STR(outcome.text, "");
	CHECK_STR(outcome.bytes, told);
	reactor_future_detach(f);
}

static void
ep_names(void)
{
	struct reactor_executor *pool = crash_open(1);
	char *name = malloc(200001);

	memset(name, 'n', 200000);
	name[200000] = '\0';
	ep_named(pool, NULL, "ep_name");
	ep_named(pool, "", "");
	ep_named(pool, "a \"b\" \xff\n", "a \"b\" \xff\n");
	name[3000] = '\0';
	ep_named(pool, name, name);
	name[3000] = 'n';
	ep_named(pool, name, name);
	free(name);
	crash_end(pool);
}

/* Jobs see descriptors 0 to 2 alone, and what they write there comes out. */
static int
ep_open(struct reactor_job *job)
{
	int given = *(int *)job->argument;

	return fcntl(given, F_GETFD) == -1 && errno == EBADF
	    ? 0
	    : reactor_job_fail(job, EMFILE, "it has descriptor %d", given);
}

static void
ep_descriptors(void)
{
	int fd[2], high;
	struct reactor_executor *pool;
	struct reactor_future *f;

	CHECK(pipe(fd) == 0);
	high = fcntl(fd[1], F_DUPFD, 200);
	CHECK(high >= 200);
	pool = crash_open(1);
	f = reactor_submit(pool, ep_open, &high, sizeof(high));
	CHECK(f != NULL);
	crash_good(f);
	CHECK(close(high) == 0);
	CHECK(close(fd[1]) == 0);
	/* Neither the helper nor its worker keeps it open. */
	CHECK_INT(read(fd[0], &high, 1), 0);
	CHECK(close(fd[0]) == 0);
	crash_end(pool);
}

static int
ep_prints(struct reactor_job *job)
{
	printf("%d\n", *(int *)job->argument);
	return 0;
}

static void
ep_output(void)
{
	struct reactor_executor *pool;
	struct reactor_future *f;
	char text[64];
	int fd[2], saved = dup(1), number = 123, n;

	CHECK(pipe(fd) == 0);
	fflush(stdout);
	CHECK(dup2(fd[1], 1) == 1);
	CHECK(close(fd[1]) == 0);
	printf("before\n"); /* in the buffer; once is enough */
	pool = crash_open(1);
	f = reactor_submit(pool, ep_prints, &number, sizeof(number));
	CHECK(f != NULL);
	crash_good(f);
	n = (int)read(fd[0], text, sizeof(text) - 1);
	CHECK(n > 0);
	text[n] = '\0';
	CHECK_STR(text, "123\n");
	crash_end(pool);
	fflush(stdout);
	n = (int)read(fd[0], text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	CHECK(dup2(saved, 1) == 1);
	CHECK_STR(text, "before\n");
	CHECK(close(saved) == 0);
	CHECK_INT(read(fd[0], text, 1), 0);
	CHECK(close(fd[0]) == 0);
}

/* A program that has closed 0 to 2 does not lend them to the library. */
static void
ep_standard_closed(void)
{
	struct reactor_executor *pool;
	int saved[3], i;

	fflush(stdout);
	for (i = 0; i < 3; i++) {
		saved[i] = fcntl(i, F_DUPFD, 100);
		CHECK(close(i) == 0);
	}
	pool = crash_open(2);
	crash_works(pool, 4);
	for (i = 0; i < 3; i++)
		CHECK_INT(fcntl(i, F_GETFD), -1);
	ep_there(pool, (const unsigned char *)"abc", 3);
	crash_end(pool);
	for (i = 0; i < 3; i++) {
		CHECK(dup2(saved[i], i) == i);
		CHECK(close(saved[i]) == 0);
	}
}

/* ---- Initializers -------------------------------------------------------- */

static _Thread_local uint64_t ep_known; /* a process has one thread */

static int
ep_learn(struct reactor_job *job)
{
	ep_known = crash_sum(job->argument, job->size);
	return 0;
}

static int
ep_knows(struct reactor_job *job)
{
	return reactor_job_return(job, &ep_known, sizeof(ep_known));
}

static void
ep_initialize(void)
{
	static const size_t sizes[] = { 0, 1, 70000, 1 << 20 };
	unsigned char *bytes = malloc(1 << 20);
	struct reactor_executor *pool;
	struct reactor_future *f;
	struct reactor_outcome outcome;
	uint64_t sum;
	size_t i;

	crash_fill(bytes, 1 << 20, 4);
	for (i = 0; i < 4; i++) {
		const struct reactor_executor_options options = { .workers = 2,
			.initialize = ep_learn,
			.argument = bytes,
			.size = sizes[i] };

		pool = crash_open_with(&options);
		f = reactor_submit(pool, ep_knows, NULL, 0);
		CHECK(f != NULL);
		crash_outcome(f, &outcome);
		CHECK_STR(outcome.text, "");
		memcpy(&sum, outcome.bytes, sizeof(sum));
		CHECK(sum == crash_sum(bytes, sizes[i]));
		reactor_future_detach(f);
		crash_end(pool);
	}
	free(bytes);
}

static const struct test tests[] = {
	CRASH_BOTH("there and back, every size", ep_sizes),
	CRASH_BOTH("there and back, a large one", ep_large),
	CRASH_BOTH("many at once", ep_many),
	CRASH_PROCESSES("a large result by the stream", ep_stream_back),
	CRASH_PROCESSES("without memfd_create", ep_no_memfd),
	CRASH_PROCESSES("memfd_create is forbidden", ep_no_memfd_allowed),
	CRASH_PROCESSES("without close_range", ep_no_close_range),
	CRASH_PROCESSES("without pidfd_open and memfd_create", ep_no_pidfd),
	CRASH_BOTH("results: none, empty, grown, shrunk", ep_results),
	CRASH_BOTH("errors, in words", ep_errors),
	CRASH_BOTH("names", ep_names),
	CRASH_PROCESSES("no other descriptors", ep_descriptors),
	CRASH_PROCESSES("what a job prints comes out once", ep_output),
	CRASH_BOTH("descriptors 0 to 2 are closed", ep_standard_closed),
	CRASH_BOTH("the argument of the initializer", ep_initialize),
};

TEST_MAIN(tests)
