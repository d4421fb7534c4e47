/*
 * SPDX-License-Identifier: ISC
 *
 * generator.h: what the tests of generators have in common.
 */
#ifndef TEST_GENERATOR_H
#define TEST_GENERATOR_H

#include "test/context.h"

CONTEXT_UNUSED static struct coro *
gen_new(coro_fn *function, void *argument)
{
	struct coro *c = coro_new(function, argument, NULL);

	if (c == NULL)
		test_fail("coro_new: %s, %s", strerror(errno), coro_error());
	return c;
}

/* What it yields next. */
CONTEXT_UNUSED static void *
gen_next(struct coro *c)
{
	void *value = &value;

	CHECK_INT(coro_next(c, &value), 1);
	CHECK(value != &value);
	return value;
}

CONTEXT_UNUSED static intptr_t
gen_next_int(struct coro *c)
{
	return (intptr_t)gen_next(c);
}

/* What it answers to that. */
CONTEXT_UNUSED static void *
gen_send(struct coro *c, void *sent)
{
	void *value = &value;

	CHECK_INT(coro_send(c, sent, &value), 1);
	CHECK(value != &value);
	return value;
}

/* Runs it to its end, which is good. */
CONTEXT_UNUSED static intptr_t
gen_end(struct coro *c)
{
	intptr_t result = -77;
	int more;

	while ((more = coro_next(c, NULL)) == 1)
		continue;
	CHECK_INT(more, 0);
	CHECK_INT(coro_finished(c, &result), 1);
	CHECK(coro_free(c) == 0);
	return result;
}

/* Yields 1, 2, ... without end. */
CONTEXT_UNUSED static intptr_t
gen_counts(void *unused)
{
	intptr_t i;

	(void)unused;
	for (i = 1;; i++)
		if (coro_yield((void *)i, NULL) == -1)
			return -1;
}

/* ---- A log of letters ---------------------------------------------------- */

static char gen_text[256];
static size_t gen_used;

CONTEXT_UNUSED static void
gen_log(int letter)
{
	if (gen_used < sizeof(gen_text) - 1)
		gen_text[gen_used++] = (char)letter;
	gen_text[gen_used] = '\0';
}

/* What was logged since the last time. */
CONTEXT_UNUSED static const char *
gen_said(void)
{
	static char said[sizeof(gen_text)];

	memcpy(said, gen_text, gen_used + 1);
	gen_used = 0;
	gen_text[0] = '\0';
	return said;
}

static const char gen_letters[] = "abcdefghijklmnopqrstuvwxyz";

/* A clean-up. */
CONTEXT_UNUSED static void
gen_clean(void *letter)
{
	gen_log(*(const char *)letter);
}

CONTEXT_UNUSED static void *
gen_letter(int letter)
{
	return (void *)(uintptr_t)&gen_letters[letter - 'a'];
}

CONTEXT_UNUSED static void
gen_push(int letter)
{
	CHECK(coro_cleanup_push(gen_clean, gen_letter(letter)) == 0);
}

CONTEXT_UNUSED static void
gen_pop(int letter, int run)
{
	coro_cleanup_pop(gen_clean, gen_letter(letter), run);
}

/* A line of /proc/self/status, in KiB; -1: unknown. */
CONTEXT_UNUSED static long
gen_status(const char *name)
{
	FILE *file = fopen("/proc/self/status", "r");
	char line[256];
	long value = -1;

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, name, strlen(name)) == 0)
			value = atol(line + strlen(name));
	if (file != NULL)
		(void)fclose(file);
	return value;
}

/* ---- An allocator that counts and fails ---------------------------------- */

static long gen_made;   /* allocations asked for */
static long gen_fail;   /* the one that fails; 0: none */
static int gen_for_all; /* and those after it */
static long gen_live, gen_failed;

CONTEXT_UNUSED static void *
gen_resize(void *memory, size_t size)
{
	void *new;

	if (size == 0) {
		gen_live -= memory != NULL;
		free(memory);
		return NULL;
	}
	gen_made++;
	if (gen_fail > 0 &&
	    (gen_for_all ? gen_made >= gen_fail : gen_made == gen_fail)) {
		gen_failed++;
		return NULL;
	}
	new = realloc(memory, size);
	gen_live += memory == NULL && new != NULL;
	return new;
}

#endif
