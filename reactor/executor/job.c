/*
 * SPDX-License-Identifier: ISC
 *
 * job.c: what a job can do, wherever it runs, and how it is run.
 */
#include <sys/mman.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "reactor/executor/pool.h"
#include "reactor/executor/system.h"

enum { XJ_WORDS = 1024 }; /* the longest error, in bytes */

/* ---- The result ---------------------------------------------------------- */

void *
reactor_job_result(struct reactor_job *job, size_t size)
{
	/* Also a result of no bytes has an address. */
	void *new = reactor__allocate(job->result, size > 0 ? size : 1);

	if (new == NULL)
		return NULL;
	job->result = new;
	job->result_size = size;
	job->error = 0; /* these are not the words of a failure */
	return new;
}

int
reactor_job_return(struct reactor_job *job, const void *bytes, size_t size)
{
	void *result = reactor_job_result(job, size);

	if (result == NULL)
		return -1;
	if (size > 0)
		memcpy(result, bytes, size);
	return 0;
}

int
reactor_job_fail(struct reactor_job *job, int error, const char *format, ...)
{
	char text[XJ_WORDS];
	va_list list;

	va_start(list, format);
	if (vsnprintf(text, sizeof(text), format, list) < 0)
		text[0] = '\0';
	va_end(list);
	/* Without memory for the words there is still the number. */
	if (reactor_job_return(job, text, strlen(text) + 1) == -1) {
		(void)reactor__allocate(job->result, 0);
		job->result = NULL;
		job->result_size = 0;
	}
	job->error = error > 0 ? (unsigned)error : EINVAL;
	errno = (int)job->error;
	return -1;
}

int
reactor_job_cancelled(const struct reactor_job *job)
{
	return __atomic_load_n(job->asked, __ATOMIC_RELAXED);
}

/* ---- Running ------------------------------------------------------------- */

void
reactor__job_run(struct reactor_job *job, reactor_job_fn *function,
    struct reactor__result *result)
{
	int status, error;

	memset(result, 0, sizeof(*result));
	job->error = 0;
	job->result = NULL;
	job->result_size = 0;
	errno = 0;
	status = function(job);
	error = errno;
	if (status == 0 || job->error != 0) {
		result->error = (int)job->error; /* what it told counts */
		result->bytes = job->result;
		result->size = job->result_size;
	} else {
		(void)reactor__allocate(job->result, 0);
		/* The thread may be cancelled in strerror(3). */
		job->result = NULL;
		reactor__result_fail(result, error > 0 ? error : EINVAL, NULL);
	}
	job->result = NULL;
}

void
reactor__result_free(struct reactor__result *result)
{
	if (result->mapped)
		(void)munmap(result->bytes, result->size);
	else if (result->bytes != NULL)
		(void)reactor__allocate(result->bytes, 0);
	result->bytes = NULL;
	result->size = 0;
	result->mapped = 0;
}

const char *
reactor__result_words(const struct reactor__result *result)
{
	return result->size > 0 ? result->bytes : "no memory for the words";
}

void
reactor__result_fail(
    struct reactor__result *result, int error, const char *format, ...)
{
	char text[XJ_WORDS];
	const char *words = text;
	va_list list;

	if (format != NULL) {
		va_start(list, format);
		if (vsnprintf(text, sizeof(text), format, list) < 0)
			text[0] = '\0';
		va_end(list);
	} else {
		words = reactor__error_text(error, text, sizeof(text));
	}
	result->error = error;
	result->mapped = 0;
	result->size = strlen(words) + 1;
	result->bytes = reactor__allocate(NULL, result->size);
	if (result->bytes != NULL)
		memcpy(result->bytes, words, result->size);
	else
		result->size = 0;
}

/* ---- Names --------------------------------------------------------------- */

struct xj_entry {
	const char *name;
	reactor_job_fn *function;
};

static pthread_mutex_t xj_lock = PTHREAD_MUTEX_INITIALIZER;
static struct xj_entry *xj_entries;
static size_t xj_length, xj_capacity;

/* A worker process must not find it locked by a thread that it has not. */
static pthread_once_t xj_once = PTHREAD_ONCE_INIT;

static void
xj_before(void)
{
	(void)pthread_mutex_lock(&xj_lock);
}

static void
xj_after(void)
{
	(void)pthread_mutex_unlock(&xj_lock);
}

static void
xj_init(void)
{
	(void)pthread_atfork(xj_before, xj_after, xj_after);
}

static struct xj_entry *
xj_find(const char *name)
{
	size_t i;

	for (i = 0; i < xj_length; i++)
		if (strcmp(xj_entries[i].name, name) == 0)
			return &xj_entries[i];
	return NULL;
}

static int
xj_register(const char *name, reactor_job_fn *function)
{
	const struct xj_entry *old = xj_find(name);
	struct xj_entry *grown;

	if (old != NULL && old->function == function)
		return 0;
	if (old != NULL) {
		errno = EEXIST;
		return -1;
	}
	grown = reactor__grown(
	    xj_entries, &xj_capacity, xj_length + 1, sizeof(*grown));
	if (grown == NULL)
		return -1;
	xj_entries = grown;
	xj_entries[xj_length].name = name;
	xj_entries[xj_length++].function = function;
	return 0;
}

int
reactor_job_register(const char *name, reactor_job_fn *function)
{
	int result;

	(void)pthread_once(&xj_once, xj_init);
	(void)pthread_mutex_lock(&xj_lock);
	result = xj_register(name, function);
	(void)pthread_mutex_unlock(&xj_lock);
	return result;
}

reactor_job_fn *
reactor_job_find(const char *name)
{
	const struct xj_entry *entry;
	reactor_job_fn *function;

	(void)pthread_once(&xj_once, xj_init);
	(void)pthread_mutex_lock(&xj_lock);
	entry = xj_find(name);
	function = entry != NULL ? entry->function : NULL;
	(void)pthread_mutex_unlock(&xj_lock);
	if (function == NULL)
		errno = ENOENT;
	return function;
}
