/*
 * SPDX-License-Identifier: ISC
 *
 * choose.c: which backend is taken, by option, by environment, by itself; and
 * what is said when it cannot be had.
 */
#include <sys/resource.h>
#include "test/loop.h"

enum { CH_MOST = 16 };

static struct reactor_backend_info ch_info[CH_MOST];
static size_t ch_count;

static void
ch_ask(void)
{
	ch_count = reactor_backends(ch_info, CH_MOST);
	CHECK(ch_count > 0 && ch_count <= CH_MOST);
}

/* The one that is taken when nothing is said. */
static const char *
ch_best(void)
{
	size_t i;

	for (i = 0; i < ch_count; i++)
		if (ch_info[i].available && !ch_info[i].emulated)
			return ch_info[i].name;
	SKIP("no backend of its own works here");
}

/* Two that work, different from each other. */
static void
ch_two(const char *two[2])
{
	size_t i, n = 0;

	for (i = ch_count; i-- > 0 && n < 2;)
		if (ch_info[i].available)
			two[n++] = ch_info[i].name;
	if (n < 2)
		SKIP("only one backend works here");
}

static void
ch_gives(const char *option, const char *environment, const char *name)
{
	struct reactor_options options = { .backend = option };
	struct reactor *r;

	if (environment != NULL)
		CHECK(setenv("REACTOR_BACKEND", environment, 1) == 0);
	else
		CHECK(unsetenv("REACTOR_BACKEND") == 0);
	r = reactor_open(&options);
	if (r == NULL)
		test_fail("\"%s\", \"%s\": %s", option ? option : "NULL",
		    environment ? environment : "NULL", reactor_error());
	CHECK_STR(r->backend->name, name);
	CHECK(strncmp(reactor_backend_name(r), name, strlen(name)) == 0);
	CHECK_STR(reactor_error(), "");
	CHECK_INT(reactor_run_once(r, 0), 0);
	CHECK(reactor_close(r) == 0);
}

static void
ch_fails(const char *names, int error, const char *word)
{
	struct reactor_options options = { .backend = names };
	const char *text;
	size_t i;

	errno = 0;
	CHECK(reactor_open(&options) == NULL);
	CHECK_INT(errno, error);
	text = reactor_error();
	if (strstr(text, word) == NULL)
		test_fail("\"%s\" is not named in \"%s\"", word, text);
	for (i = 0; i < ch_count; i++)
		if (strstr(text, ch_info[i].name) == NULL)
			test_fail(
			    "\"%s\" says nothing of %s", text, ch_info[i].name);
}

static void
the_list(void)
{
	struct reactor_backend_info one[2];
	size_t i, j;

	ch_ask();
	memset(one, 0x55, sizeof(one));
	CHECK_INT(reactor_backends(NULL, 0), ch_count);
	CHECK_INT(reactor_backends(one, 1), ch_count);
	CHECK_STR(one[0].name, ch_info[0].name);
	CHECK_INT(one[1].available, 0x55555555);
	for (i = 0; i < ch_count; i++) {
		for (j = 0; j < i; j++)
			CHECK(strcmp(ch_info[i].name, ch_info[j].name) != 0);
		if (ch_info[i].available) {
			CHECK_INT(ch_info[i].error, 0);
			CHECK(!ch_info[i].emulated == !ch_info[i].reason);
		} else {
			CHECK(ch_info[i].error != 0);
			CHECK(ch_info[i].reason != NULL);
		}
	}
}

/* What open says; "not on this system" has a name of its own. */
static int
ch_error(int error)
{
	return error == ENOSYS || error == EPERM ? ENOTSUP : error;
}

static void
each_by_name(void)
{
	size_t i;

	ch_ask();
	CHECK(unsetenv("REACTOR_BACKEND") == 0);
	for (i = 0; i < ch_count; i++)
		if (ch_info[i].available) {
			ch_gives(ch_info[i].name, NULL, ch_info[i].name);
			ch_gives(NULL, ch_info[i].name, ch_info[i].name);
		} else {
			ch_fails(ch_info[i].name, ch_error(ch_info[i].error),
			    ch_info[i].name);
		}
}

static void
by_itself(void)
{
	ch_ask();
	ch_gives(NULL, NULL, ch_best());
	ch_gives(NULL, "", ch_best());
	ch_gives(NULL, "auto", ch_best());
	ch_gives(NULL, "AUTO", ch_best());
	ch_gives(NULL, " ", ch_best());
	ch_gives(NULL, ",,", ch_best());
	ch_gives("", NULL, ch_best());
	ch_gives("auto", NULL, ch_best());
}

static void
lists(void)
{
	const char *two[2];
	char text[200];
	size_t i;

	ch_ask();
	ch_two(two);
	snprintf(text, sizeof(text), "%s,%s", two[0], two[1]);
	ch_gives(text, NULL, two[0]);
	snprintf(text, sizeof(text), " %s , %s ", two[1], two[0]);
	ch_gives(text, NULL, two[1]);
	ch_gives(NULL, text, two[1]);
	snprintf(text, sizeof(text), ",\t%s,,auto", two[0]);
	ch_gives(text, NULL, two[0]);
	for (i = 0; text[i] != '\0'; i++)
		if (text[i] >= 'a' && text[i] <= 'z')
			text[i] = (char)(text[i] - 'a' + 'A');
	ch_gives(text, NULL, two[0]);
	snprintf(text, sizeof(text), "auto,%s", two[0]);
	ch_gives(text, NULL, ch_best());
}

static void
option_wins(void)
{
	const char *two[2];

	ch_ask();
	ch_two(two);
	ch_gives(two[0], two[1], two[0]);
	ch_gives(two[1], two[0], two[1]);
	ch_gives(two[0], "nonsense", two[0]);
}

static void
unknown(void)
{
	const char *two[2];
	char text[200];

	ch_ask();
	ch_two(two);
	CHECK(unsetenv("REACTOR_BACKEND") == 0);
	ch_fails("nonsense", EINVAL, "nonsense");
	snprintf(text, sizeof(text), "%s,nonsense", two[0]);
	ch_fails(text, EINVAL, "nonsense"); /* wrong is wrong */
	snprintf(text, sizeof(text), "%sx", two[0]);
	ch_fails(text, EINVAL, text);
	snprintf(text, sizeof(text), "%.*s", (int)strlen(two[0]) - 1, two[0]);
	ch_fails(text, EINVAL, text);
	memset(text, 'y', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ch_fails(text, EINVAL, "yyyyyyyyyy");
	CHECK(setenv("REACTOR_BACKEND", "epol", 1) == 0);
	ch_fails(NULL, EINVAL, "epol");
	/* A name whose beginning, cut off, would be another. */
	memset(text, ' ', 100);
	snprintf(text + 100, 100, "%s", two[0]);
	ch_gives(text, NULL, two[0]);
}

/* There is no descriptor left: those that need one are passed over. */
static void
no_descriptors(void)
{
	const struct reactor_backend *const *b, *chosen;
	struct rlimit limit, low;
	char text[512] = "";
	void *state = NULL;
	int need = 0;

	CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	low = limit;
	low.rlim_cur = 3;
	CHECK(setrlimit(RLIMIT_NOFILE, &low) == 0);
	ch_ask();
	for (b = reactor__backends; *b != NULL; b++) {
		errno = 0;
		state = (*b)->open();
		if (state != NULL) {
			(*b)->close(state);
			continue;
		}
		need = 1;
		CHECK_INT(errno, EMFILE);
		chosen = reactor__backend_choose(
		    (*b)->name, &state, text, sizeof(text));
		CHECK(chosen == NULL);
		CHECK_INT(errno, EMFILE);
		CHECK(strstr(text, "descriptors") != NULL);
	}
	chosen = reactor__backend_choose(NULL, &state, text, sizeof(text));
	CHECK(chosen == NULL || state != NULL);
	if (chosen != NULL)
		chosen->close(state);
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	if (!need)
		SKIP("no backend needs a descriptor");
}

static const struct test tests[] = {
	TEST("the list", the_list),
	TEST("each by its name", each_by_name),
	TEST("by itself", by_itself),
	TEST("lists, spaces, upper case", lists),
	TEST("the option wins", option_wins),
	TEST("unknown names", unknown),
	TEST("no descriptors", no_descriptors),
};

TEST_MAIN(tests)
