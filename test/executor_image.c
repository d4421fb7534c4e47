/*
 * SPDX-License-Identifier: ISC
 *
 * executor_image.c: which functions a process can run: those that were there
 * when its helper was forked.  Others are EFAULT when they are submitted.
 *
 * The functions of strange libraries must not be called.  So the only place of
 * the queue is taken: what could be run is EAGAIN.
 */
#include <dlfcn.h>
#include "test/crash.h"

/* Libraries that a program has seldom, and a function of each. */
static const struct ei_library {
	const char *file, *symbol;
} ei_libraries[] = {
	{ "libBrokenLocale.so.1", "__ctype_get_mb_cur_max" },
	{ "libthread_db.so.1", "td_init" },
	{ "libz.so.1", "zlibVersion" },
	{ "libresolv.so.2", "__res_hostalias" },
	{ "libcrypt.so.1", "crypt" },
	{ "libm.so.6", "cos" },
};

enum { EI_COUNT = sizeof(ei_libraries) / sizeof(ei_libraries[0]) };

static size_t ei_next;

/* Loads one that was not there; NULL: there are no more. */
static void *
ei_load(reactor_job_fn **function)
{
	const struct ei_library *l;
	void *library, *symbol;
	Dl_info info;

	while (ei_next < EI_COUNT) {
		l = &ei_libraries[ei_next++];
		if (dlopen(l->file, RTLD_LAZY | RTLD_NOLOAD) != NULL)
			continue;
		library = dlopen(l->file, RTLD_NOW | RTLD_LOCAL);
		if (library == NULL)
			continue;
		symbol = dlsym(library, l->symbol);
		memcpy(function, &symbol, sizeof(symbol));
		/* It may be that of a library on which this one depends. */
		if (symbol != NULL && dladdr(symbol, &info) != 0 &&
		    strstr(info.dli_fname, l->file) != NULL)
			return library;
		(void)dlclose(library);
	}
	return NULL;
}

static void *
ei_load_or_skip(reactor_job_fn **function)
{
	void *library = ei_load(function);

	if (library == NULL)
		SKIP("no library to load");
	return library;
}

/* One worker that works, and a job that waits. */
static struct reactor_executor *
ei_full(struct reactor_future *f[2])
{
	const struct reactor_executor_options options = { .workers = 1,
		.queue = 1 };
	struct reactor_executor *pool = crash_open_with(&options);

	crash->begun = crash->go = 0;
	f[0] = crash_submit(pool, crash_wait_job, 0);
	crash_begun(1);
	f[1] = crash_submit(pool, crash_pid, 0);
	return pool;
}

static void
ei_done(struct reactor_executor *pool, struct reactor_future *f[2])
{
	crash->go = 1;
	crash_good(f[0]);
	crash_good(f[1]);
	crash_end(pool);
}

/* What comes of it. */
static int
ei_try(struct reactor_executor *pool, reactor_job_fn *function)
{
	const struct reactor_job_attributes attributes = { .flags =
							       REACTOR_TRY };

	errno = 0;
	CHECK(
	    reactor_submit_with(pool, function, NULL, 0, &attributes) == NULL);
	return errno;
}

static reactor_job_fn *
ei_function(const void *address)
{
	reactor_job_fn *function;

	memcpy(&function, &address, sizeof(function));
	return function;
}

/* On threads whatever is loaded can be run. */
static int
ei_strange(void)
{
	return crash_threads() ? EAGAIN : EFAULT;
}

static void
ei_own(void)
{
	struct reactor_future *f[2];
	struct reactor_executor *pool = ei_full(f);

	CHECK_INT(ei_try(pool, crash_pid), EAGAIN);
	CHECK_INT(ei_try(pool, NULL), EINVAL);
	/* Of the C library, and of this one. */
	CHECK_INT(
	    ei_try(pool, ei_function(dlsym(RTLD_DEFAULT, "getpid"))), EAGAIN);
	ei_done(pool, f);
}

static void
ei_before(void)
{
	struct reactor_future *f[2];
	struct reactor_executor *pool;
	reactor_job_fn *function;
	void *library = ei_load_or_skip(&function);

	pool = ei_full(f);
	CHECK_INT(ei_try(pool, function), EAGAIN);
	ei_done(pool, f);
	CHECK(dlclose(library) == 0);
}

static void
ei_after(void)
{
	struct reactor_future *f[2];
	struct reactor_executor *pool = ei_full(f);
	reactor_job_fn *function;
	void *library = ei_load_or_skip(&function);

	CHECK_INT(ei_try(pool, function), ei_strange());
	CHECK_INT(ei_try(pool, function), ei_strange());
	CHECK_INT(ei_try(pool, crash_pid), EAGAIN);
	/* Another executor has the same helper. */
	{
		const struct reactor_executor_options one = { .workers = 1,
			.queue = 1 };
		struct reactor_executor *second = crash_open_with(&one);
		struct reactor_future *g[2];

		g[0] = crash_submit(second, crash_wait_job, 0);
		crash_begun(2);
		g[1] = crash_submit(second, crash_pid, 0);
		CHECK_INT(ei_try(second, function), ei_strange());
		crash->go = 1;
		crash_good(g[0]);
		crash_good(g[1]);
		crash_close(second);
	}
	ei_done(pool, f);
	/* The next helper knows it. */
	pool = ei_full(f);
	CHECK_INT(ei_try(pool, function), EAGAIN);
	ei_done(pool, f);
	CHECK(dlclose(library) == 0);
}

/* One library takes the place of another, perhaps at the same address. */
static void
ei_instead(void)
{
	struct reactor_future *f[2];
	struct reactor_executor *pool;
	reactor_job_fn *function, *other;
	void *library = ei_load_or_skip(&function);

	pool = ei_full(f);
	CHECK_INT(ei_try(pool, function), EAGAIN);
	CHECK(dlclose(library) == 0);
	while ((library = ei_load(&other)) != NULL) {
		CHECK_INT(ei_try(pool, other), ei_strange());
		CHECK(dlclose(library) == 0);
	}
	ei_done(pool, f);
}

/* It goes, and comes again. */
static void
ei_again(void)
{
	struct reactor_future *f[2];
	struct reactor_executor *pool;
	reactor_job_fn *function;
	void *library = ei_load_or_skip(&function), *symbol;
	const struct ei_library *l = &ei_libraries[ei_next - 1];
	int error;

	pool = ei_full(f);
	CHECK(dlclose(library) == 0);
	library = dlopen(l->file, RTLD_NOW | RTLD_LOCAL);
	CHECK(library != NULL);
	symbol = dlsym(library, l->symbol);
	error = ei_try(pool, ei_function(symbol));
	if (ei_function(symbol) == function)
		CHECK_INT(error, EAGAIN);
	else
		CHECK_INT(error, ei_strange());
	ei_done(pool, f);
	CHECK(dlclose(library) == 0);
}

static const int ei_constant = 1;
static int ei_data = 1;

static void
ei_data_pointers(void)
{
	struct reactor_future *f[2];
	struct reactor_executor *pool = ei_full(f);
	void *heap = malloc(100);
	int here = 0;

	CHECK_INT(ei_try(pool, ei_function(&ei_data)), EFAULT);
	CHECK_INT(ei_try(pool, ei_function(&ei_constant)), EFAULT);
	CHECK_INT(ei_try(pool, ei_function(heap)), EFAULT);
	CHECK_INT(ei_try(pool, ei_function(&here)), EFAULT);
	CHECK_INT(ei_try(pool, ei_function((void *)8)), EFAULT);
	CHECK_INT(ei_try(pool, ei_function((void *)UINTPTR_MAX)), EFAULT);
	free(heap);
	ei_done(pool, f);
}

/* Code that somebody has written to memory is nobody's library. */
static void
ei_trampoline(void)
{
	struct reactor_future *f[2];
	struct reactor_executor *pool = ei_full(f);
	void *page = mmap(NULL, 4096, PROT_READ | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(page != MAP_FAILED);
	CHECK_INT(ei_try(pool, ei_function(page)), EFAULT);
	CHECK(munmap(page, 4096) == 0);
	ei_done(pool, f);
}

static void
ei_initializer(void)
{
	struct reactor_executor_options options = { .workers = 1 };
	struct reactor_executor *pool = crash_open(1), *second;
	reactor_job_fn *function;
	void *library = ei_load_or_skip(&function);

	options.kind = test_case->data;
	options.initialize = function;
	errno = 0;
	second = reactor_executor_open(&options);
	if (second == NULL)
		CHECK_INT(errno, EFAULT);
	else
		crash_close(second);
	crash_end(pool);
	CHECK(dlclose(library) == 0);
}

/* ---- Names --------------------------------------------------------------- */

static int
ei_by_name(struct reactor_job *job)
{
	reactor_job_fn *function = reactor_job_find(job->argument);

	if (function == NULL)
		return -1;
	return function(job);
}

static struct reactor_future *
ei_call(struct reactor_executor *pool, const char *name)
{
	struct reactor_future *f =
	    reactor_submit(pool, ei_by_name, name, strlen(name) + 1);

	CHECK(f != NULL);
	return f;
}

static void
ei_names(void)
{
	struct reactor_executor *pool;
	char name[24];
	int i;

	CHECK(reactor_job_find("pid") == NULL);
	CHECK_INT(errno, ENOENT);
	CHECK_INT(reactor_job_register("pid", crash_pid), 0);
	CHECK_INT(reactor_job_register("pid", crash_pid), 0);
	CHECK_INT(reactor_job_register("pid", ei_by_name), -1);
	CHECK_INT(errno, EEXIST);
	CHECK(reactor_job_find("pid") == crash_pid);
	pool = crash_open(1);
	crash_good(ei_call(pool, "pid"));
	crash_bad(ei_call(pool, "pi"), ENOENT, "");
	for (i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "no%d", i);
		CHECK(reactor_job_find(name) == NULL);
	}
	crash_end(pool);
}

/* Who comes later is found here, not in the processes. */
static void
ei_late_name(void)
{
	struct reactor_executor *pool = crash_open(1);

	crash_works(pool, 1);
	CHECK_INT(reactor_job_register("late", crash_pid), 0);
	CHECK(reactor_job_find("late") == crash_pid);
	if (crash_threads())
		crash_good(ei_call(pool, "late"));
	else
		crash_bad(ei_call(pool, "late"), ENOENT, "");
	crash_end(pool);
}

static _Atomic int ei_over;

static void *
ei_registers(void *unused)
{
	while (!ei_over)
		CHECK_INT(reactor_job_register("pid", crash_pid), 0);
	return unused;
}

static int
ei_finds(struct reactor_job *job)
{
	(void)job;
	return reactor_job_find("pid") != NULL ? 0 : -1;
}

/* Another thread may be just there when the helper is forked. */
static void
ei_names_meanwhile(void)
{
	struct reactor_executor *pool;
	pthread_t thread;
	int i;

	if (CRASH_TSAN)
		SKIP("a fork of several threads is more than TSan bears");
	CHECK_INT(reactor_job_register("pid", crash_pid), 0);
	CHECK_INT(pthread_create(&thread, NULL, ei_registers, NULL), 0);
	for (i = 0; i < 30; i++) {
		pool = crash_open(1);
		crash_good(crash_submit(pool, ei_finds, 3 * REACTOR_SECOND));
		crash_end(pool);
	}
	ei_over = 1;
	CHECK_INT(pthread_join(thread, NULL), 0);
}

static const struct test tests[] = {
	CRASH_BOTH("functions of the program", ei_own),
	CRASH_BOTH("a library that was loaded before", ei_before),
	CRASH_BOTH("a library that is loaded later", ei_after),
	CRASH_BOTH("one library instead of another", ei_instead),
	CRASH_BOTH("a library goes and comes again", ei_again),
	CRASH_PROCESSES("pointers to data", ei_data_pointers),
	CRASH_PROCESSES("code in memory", ei_trampoline),
	CRASH_PROCESSES("an initializer that is loaded later", ei_initializer),
	CRASH_BOTH("names", ei_names),
	CRASH_BOTH("a name that comes later", ei_late_name),
	CRASH_BOTH("names, while the helper is forked", ei_names_meanwhile),
};

TEST_MAIN(tests)
