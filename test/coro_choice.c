/*
 * SPDX-License-Identifier: ISC
 *
 * coro_choice.c: which context is taken, by option, by environment, by itself;
 * and what is said when it cannot be had.
 */
#include <pthread.h>
#include "test/context.h"

enum { CI_MOST = 8 };

static struct coro_context_info ci_info[CI_MOST];
static size_t ci_count;

static void
ci_ask(void)
{
	ci_count = coro_contexts(ci_info, CI_MOST);
	CHECK(ci_count > 0 && ci_count <= CI_MOST);
	CHECK(unsetenv("REACTOR_CONTEXT") == 0);
}

/* The n-th that works, or that does not; NULL: there are not so many. */
static const char *
ci_nth(size_t n, int available)
{
	size_t i;

	for (i = 0; i < ci_count; i++)
		if (!ci_info[i].available == !available && n-- == 0)
			return ci_info[i].name;
	return NULL;
}

static intptr_t
ci_body(void *argument)
{
	return (intptr_t)argument;
}

/* Taken, said to be taken, and it works. */
static void
ci_gives(const char *names, const char *name)
{
	struct coro_options options = { .context = names };
	struct coro *c = coro_new(ci_body, (void *)7, &options);
	intptr_t result;

	if (c == NULL)
		test_fail("\"%s\": %s", names ? names : "NULL", coro_error());
	CHECK_STR(coro_context(c), name);
	CHECK_STR(coro_error(), "");
	CHECK_INT(coro_next(c, NULL), 0);
	CHECK_INT(coro_finished(c, &result), 1);
	CHECK_INT(result, 7);
	CHECK(coro_free(c) == 0);
}

static void
ci_fails(const char *names, int error, const char *word)
{
	struct coro_options options = { .context = names };
	size_t i;

	errno = 0;
	CHECK(coro_new(ci_body, NULL, &options) == NULL);
	CHECK_INT(errno, error);
	if (strstr(coro_error(), word) == NULL)
		test_fail("nothing of \"%s\" in \"%s\"", word, coro_error());
	for (i = 0; i < ci_count; i++)
		if (strstr(coro_error(), ci_info[i].name) == NULL)
			test_fail("nothing of \"%s\" in \"%s\"",
			    ci_info[i].name, coro_error());
}

static void
the_list(void)
{
	struct coro_context_info one[2];
	size_t i, j;

	ci_ask();
	memset(one, 0x55, sizeof(one));
	CHECK_INT(coro_contexts(NULL, 0), ci_count);
	CHECK_INT(coro_contexts(one, 1), ci_count);
	CHECK_STR(one[0].name, ci_info[0].name);
	CHECK_INT(one[1].available, 0x55555555);
	for (i = 0; i < ci_count; i++) {
		for (j = 0; j < i; j++)
			CHECK(strcmp(ci_info[i].name, ci_info[j].name) != 0);
		CHECK(!ci_info[i].available == (ci_info[i].error != 0));
		CHECK(!ci_info[i].available == (ci_info[i].reason != NULL));
	}
}

static void
by_name(void)
{
	char list[200];
	size_t i;

	ci_ask();
	for (i = 0; i < ci_count; i++)
		if (ci_info[i].available)
			ci_gives(ci_info[i].name, ci_info[i].name);
		else
			ci_fails(ci_info[i].name, ENOTSUP, ci_info[i].reason);
	snprintf(list, sizeof(list), " ,\t%s , nativ", ci_nth(0, 1));
	ci_fails(list, EINVAL, "unknown context \"nativ\"");
}

static void
by_itself(void)
{
	ci_ask();
	ci_gives(NULL, ci_nth(0, 1));
	ci_gives("", ci_nth(0, 1));
	ci_gives("auto", ci_nth(0, 1));
	ci_gives(" ,, \n", ci_nth(0, 1));
}

static void
lists(void)
{
	const char *bad, *last = NULL;
	char list[200];
	size_t i;

	ci_ask();
	for (i = 0; i < ci_count; i++)
		if (ci_nth(i, 1) != NULL)
			last = ci_nth(i, 1);
	snprintf(list, sizeof(list), "%s,%s", last, ci_nth(0, 1));
	ci_gives(list, last);
	snprintf(list, sizeof(list), "%s,auto", last);
	ci_gives(list, last);
	for (i = 0; (bad = ci_nth(i, 0)) != NULL; i++) {
		snprintf(list, sizeof(list), "%s,%s", bad, last);
		ci_gives(list, last);
		snprintf(list, sizeof(list), "%s, auto", bad);
		ci_gives(list, ci_nth(0, 1));
	}
}

static void
spelling(void)
{
	char list[200];
	size_t i, n;

	ci_ask();
	n = (size_t)snprintf(list, sizeof(list), "  %s\t, ", ci_nth(0, 1));
	for (i = 0; i < n; i++)
		if (list[i] >= 'a' && list[i] <= 'z')
			list[i] = (char)(list[i] - 'a' + 'A');
	ci_gives(list, ci_nth(0, 1));
	ci_gives("AUTO", ci_nth(0, 1));
	ci_fails("na tive", EINVAL, "na tive");
	memset(list, 'n', sizeof(list));
	list[sizeof(list) - 1] = '\0';
	ci_fails(list, EINVAL, "\"nnnnnnnn");
}

static void
by_environment(void)
{
	size_t i;

	ci_ask();
	for (i = 0; ci_nth(i, 1) != NULL; i++) {
		CHECK(setenv("REACTOR_CONTEXT", ci_nth(i, 1), 1) == 0);
		ci_gives(NULL, ci_nth(i, 1));
		ci_gives("auto", ci_nth(0, 1));
		ci_gives(ci_nth(0, 1), ci_nth(0, 1));
	}
	CHECK(setenv("REACTOR_CONTEXT", "Nonesuch", 1) == 0);
	ci_fails(NULL, EINVAL, "\"nonesuch\"");
	ci_gives("auto", ci_nth(0, 1));
}

static void *
ci_thread(void *unused)
{
	(void)unused;
	CHECK_STR(coro_error(), "");
	ci_fails("nonesuch", EINVAL, "nonesuch");
	return NULL;
}

/* Each thread has a message of its own, and a success takes it away. */
static void
messages(void)
{
	pthread_t thread;

	ci_ask();
	ci_fails("something", EINVAL, "something");
	CHECK(pthread_create(&thread, NULL, ci_thread, NULL) == 0);
	CHECK(pthread_join(thread, NULL) == 0);
	CHECK(strstr(coro_error(), "something") != NULL);
	ci_gives(NULL, ci_nth(0, 1));
}

/* Each goes on in its own way, whoever runs it. */
static intptr_t
ci_yields(void *name)
{
	struct coro_options options = { .context = name };
	struct coro *inner;
	void *value;
	int i;

	CHECK_STR(coro_context(coro_self()), name);
	for (i = 0; i < 3; i++) {
		CHECK(coro_yield(name, NULL) == 0);
		inner = coro_new(ci_body, name, &options);
		CHECK(inner != NULL);
		CHECK_INT(coro_next(inner, &value), 0);
		CHECK(coro_free(inner) == 0);
	}
	return 0;
}

static void
side_by_side(void)
{
	struct coro_options options = { 0 };
	struct coro *c[CI_MOST];
	void *value;
	size_t i, n;
	int turn;

	ci_ask();
	for (n = 0; (options.context = ci_nth(n, 1)) != NULL; n++) {
		c[n] = coro_new(
		    ci_yields, (void *)(uintptr_t)options.context, &options);
		CHECK(c[n] != NULL);
	}
	for (turn = 0; turn < 3; turn++)
		for (i = 0; i < n; i++) {
			CHECK_INT(coro_next(c[i], &value), 1);
			CHECK_STR(value, ci_nth(i, 1));
		}
	for (i = 0; i < n; i++) {
		CHECK_INT(coro_next(c[i], NULL), 0);
		CHECK(coro_free(c[i]) == 0);
	}
}

static const struct test tests[] = {
	TEST("the list of contexts", the_list),
	TEST("each by its name", by_name),
	TEST("by itself", by_itself),
	TEST("lists of names", lists),
	TEST("case and spaces", spelling),
	TEST("by the environment", by_environment),
	TEST("messages are per thread", messages),
	TEST("all of them side by side", side_by_side),
};

TEST_MAIN(tests)
