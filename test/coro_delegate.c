/*
 * SPDX-License-Identifier: ISC
 *
 * coro_delegate.c: generators that run generators, one step at a time or by
 * coro_delegate, in rows, trees and turns.
 */
#include "test/generator.h"

/* ---- Delegation: everything passes ---------------------------------------- */

/* Yields what it is sent; what is thrown too, as a number below zero. */
static intptr_t
de_echo(void *unused)
{
	void *sent = NULL;

	(void)unused;
	gen_push('i');
	while (sent != coro_self())
		if (coro_yield(sent, &sent) == -1) {
			if (errno == EDOM || errno == ECANCELED)
				return -1;
			sent = (void *)(intptr_t)-errno;
		}
	return 33;
}

static struct coro *de_inner; /* of the last de_outer */

static intptr_t
de_outer(void *function)
{
	struct coro *inner = gen_new(*(coro_fn **)function, NULL);
	intptr_t result = 0;
	int error;

	de_inner = inner;
	gen_push('o');
	if (coro_delegate(inner, &result) == 0) {
		CHECK(coro_free(inner) == 0);
		return result;
	}
	error = errno;
	CHECK_INT(coro_finished(inner, NULL), 1);
	CHECK(coro_free(inner) == 0);
	errno = error;
	return -1;
}

static struct coro *
de_new(coro_fn *function)
{
	static coro_fn *inner;

	inner = function;
	return gen_new(de_outer, &inner);
}

static void
values(void)
{
	struct coro *c = de_new(de_echo);
	intptr_t result;
	int i;

	CHECK(gen_next(c) == NULL);
	for (i = 0; i < 100; i++) {
		CHECK(gen_send(c, &i) == &i);
		CHECK(gen_next(c) == NULL);
	}
	CHECK_INT(coro_send(c, de_inner, NULL), 0);
	CHECK_INT(coro_finished(c, &result), 1);
	CHECK_INT(result, 33);
	CHECK_STR(gen_said(), "io");
	CHECK(coro_free(c) == 0);
}

/* Also those that the delegation might take for its own. */
static void
throws(void)
{
	static const int all[] = { ERANGE, EPERM, EBUSY, EINVAL, ENOMEM };
	struct coro *c = de_new(de_echo);
	void *value;
	size_t i;

	CHECK(gen_next(c) == NULL);
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		CHECK_INT(coro_throw(c, all[i], &value), 1);
		CHECK_INT((intptr_t)value, -all[i]);
		CHECK(gen_next(c) == NULL);
	}
	CHECK_STR(gen_said(), "");
	CHECK_INT(coro_throw(c, EDOM, &value), -1);
	CHECK_INT(errno, EDOM);
	CHECK_STR(gen_said(), "io");
	CHECK(coro_free(c) == 0);
}

static void
closes(void)
{
	struct coro *c = de_new(de_echo);

	CHECK(gen_next(c) == NULL);
	CHECK_INT(coro_close(c), 0);
	CHECK_STR(gen_said(), "io");
	CHECK(coro_free(c) == 0);
}

static intptr_t
de_fails(void *unused)
{
	(void)unused;
	(void)coro_yield(NULL, NULL);
	errno = EIO;
	return -1;
}

static intptr_t
de_at_once(void *unused)
{
	(void)unused;
	return 44;
}

static void
ends(void)
{
	struct coro *c = de_new(de_fails);

	CHECK(gen_next(c) == NULL);
	CHECK_INT(coro_next(c, NULL), -1);
	CHECK_INT(errno, EIO);
	CHECK(coro_free(c) == 0);
	c = de_new(de_fails);
	CHECK(gen_next(c) == NULL);
	CHECK_INT(coro_close(c), -1);
	CHECK_INT(errno, EIO);
	CHECK(coro_free(c) == 0);
	CHECK_INT(gen_end(de_new(de_at_once)), 44);
}

/* It goes on where it is, and the result of one that has ended is there. */
static intptr_t
de_half(void *unused)
{
	struct coro *inner = gen_new(de_echo, NULL);
	intptr_t result = 0;

	(void)unused;
	CHECK(gen_next(inner) == NULL);
	CHECK(gen_next(inner) == NULL);
	CHECK_INT(coro_send(inner, inner, NULL), 0);
	CHECK_INT(coro_delegate(inner, NULL), 0);
	CHECK_INT(coro_delegate(inner, &result), 0);
	CHECK_INT(result, 33);
	CHECK(coro_free(inner) == 0);
	inner = gen_new(gen_counts, NULL);
	CHECK_INT(gen_next_int(inner), 1);
	(void)coro_delegate(inner, NULL);
	return coro_free(inner);
}

static void
begun_before(void)
{
	struct coro *c = gen_new(de_half, NULL);

	CHECK_INT(gen_next_int(c), 2);
	CHECK_INT(gen_next_int(c), 3);
	CHECK(coro_free(c) == 0);
}

/* ---- Recursion ------------------------------------------------------------ */

struct de_node {
	struct de_node *left, *right;
	int key;
};

static struct de_node *
de_plant(struct de_node *nodes, int low, int high)
{
	int middle = low + (high - low) / 2;

	if (low >= high)
		return NULL;
	nodes[middle].key = middle;
	nodes[middle].left = de_plant(nodes, low, middle);
	nodes[middle].right = de_plant(nodes, middle + 1, high);
	return &nodes[middle];
}

static intptr_t
de_walk(void *tree)
{
	struct de_node *node = tree;
	struct coro *below;
	intptr_t left = 0, right = 0;

	if (node == NULL)
		return 0;
	below = gen_new(de_walk, node->left);
	if (coro_delegate(below, &left) == 0 && coro_free(below) == 0 &&
	    coro_yield(node, NULL) == 0) {
		below = gen_new(de_walk, node->right);
		if (coro_delegate(below, &right) == 0 && coro_free(below) == 0)
			return left + 1 + right;
	}
	return -1;
}

static void
tree(void)
{
	static struct de_node nodes[1000];
	struct coro *c = gen_new(de_walk, de_plant(nodes, 0, 1000));
	struct de_node *node;
	int i;

	for (i = 0; i < 1000; i++) {
		node = gen_next(c);
		CHECK_INT(node->key, i);
	}
	CHECK_INT(gen_end(c), 1000);
}

static intptr_t
de_nested(void *depth)
{
	struct coro *below;
	intptr_t d = (intptr_t)depth, result;

	if (d == 0)
		return coro_yield("deep", NULL) == 0 ? 0 : -1;
	below = gen_new(de_nested, (void *)(d - 1));
	if (coro_delegate(below, &result) == -1) {
		CHECK_INT(errno, ECANCELED);
		CHECK(coro_free(below) == 0);
		errno = ECANCELED;
		return -1;
	}
	CHECK(coro_free(below) == 0);
	return result + 1;
}

static void
a_thousand_deep(void)
{
	intptr_t depth = context_many(1000);
	struct coro *c = gen_new(de_nested, (void *)depth);

	CHECK_STR(gen_next(c), "deep");
	CHECK_INT(gen_end(c), depth);
	c = gen_new(de_nested, (void *)depth);
	CHECK_STR(gen_next(c), "deep");
	CHECK(coro_free(c) == 0); /* from the innermost to the outermost */
}

/* ---- In rows and in turns ------------------------------------------------- */

struct de_sieve {
	struct coro *source;
	intptr_t prime;
};

static intptr_t
de_filter(void *argument)
{
	struct de_sieve *s = argument;
	intptr_t n;

	while ((n = gen_next_int(s->source)) > 0)
		if (n % s->prime != 0 && coro_yield((void *)n, NULL) == -1)
			return -1;
	return 0;
}

/* Eratosthenes: each prime is a generator that filters the one before. */
static void
sieve(void)
{
	static struct de_sieve s[170];
	struct coro *c = gen_new(gen_counts, NULL);
	int i;

	CHECK_INT(gen_next_int(c), 1);
	for (i = 0; i < 169; i++) {
		s[i].source = c;
		s[i].prime = gen_next_int(c);
		c = gen_new(de_filter, &s[i]);
	}
	CHECK_INT(s[168].prime, 1009);
	CHECK(coro_free(c) == 0);
	while (i-- > 0)
		CHECK(coro_free(s[i].source) == 0);
}

static intptr_t
de_runs_another(void *other)
{
	intptr_t n;

	do {
		n = gen_next_int(other);
		errno = EDOM;
	} while (coro_yield((void *)(n * 100), NULL) == 0);
	return -1;
}

/* Who runs it may change each time, and gets the value. */
static void
by_turns(void)
{
	struct coro *c = gen_new(gen_counts, NULL);
	struct coro *a = gen_new(de_runs_another, c);
	struct coro *b = gen_new(de_runs_another, c);
	int i;

	for (i = 0; i < 300; i += 3) {
		errno = 0;
		CHECK_INT(gen_next_int(c), i + 1);
		CHECK_INT(gen_next_int(a), (i + 2) * 100);
		CHECK_INT(gen_next_int(b), (i + 3) * 100);
		CHECK_INT(errno, 0);
		CHECK(coro_self() == NULL);
	}
	CHECK(coro_free(c) == 0);
	CHECK(coro_free(a) == 0);
	CHECK(coro_free(b) == 0);
}

static const struct test tests[] = {
	TEST("values and results pass", values),
	TEST("throws pass", throws),
	TEST("closing passes", closes),
	TEST("how it ends passes", ends),
	TEST("begun before", begun_before),
	TEST("a walk through a tree", tree),
	TEST("a thousand deep", a_thousand_deep),
	TEST("a sieve", sieve),
	TEST("run by one and by another", by_turns),
};

CONTEXT_MAIN(tests)
