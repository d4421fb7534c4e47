/*
 * SPDX-License-Identifier: ISC
 *
 * generator.c: functions that stop in the middle, hand out a value, and go on
 * from there when they are asked for the next one.  No loop is needed.
 *
 *	build/demos/generator [--context=setjmp]
 */
#include <coro/coro.h>
#include "demos/option.h"

static const char usage[] =
    "usage: generator [--context=NAME]\n"
    "Says hello, finds some primes, and breaks off in time.\n";

static struct coro_options options;

static struct coro *
make(coro_fn *function, void *argument)
{
	struct coro *c = coro_new(function, argument, &options);

	if (c == NULL)
		err(1, "coro_new: %s", coro_error());
	return c;
}

/* Runs it until it yields. */
static void *
next(struct coro *c)
{
	void *value;

	if (coro_next(c, &value) != 1)
		err(1, "coro_next");
	return value;
}

/* In Python: world = yield "Hello" */
static intptr_t
greeter(void *unused)
{
	void *world;

	(void)unused;
	if (coro_yield("Hello", &world) == 0)
		printf("and hears %s.\n", (char *)world);
	return 0;
}

static intptr_t
numbers(void *first)
{
	intptr_t n = (intptr_t)first;

	while (coro_yield((void *)n, NULL) == 0)
		n++;
	return 0;
}

/* Runs another one: yields its first number, and those it does not divide. */
static intptr_t
sieve(void *source)
{
	intptr_t prime = (intptr_t)next(source), n;

	if (coro_yield((void *)prime, NULL) == 0)
		do
			n = (intptr_t)next(source);
		while (n % prime == 0 || coro_yield((void *)n, NULL) == 0);
	return coro_free(source);
}

/* If nobody wants more words, the yield fails; and nothing is left behind. */
static intptr_t
words(void *text)
{
	char *copy = strdup(text), *rest = copy, *word;

	if (copy == NULL)
		return -1;
	while ((word = strtok_r(rest, " ", &rest)) != NULL)
		if (coro_yield(word, NULL) == -1)
			break;
	free(copy);
	puts("... and the copy is freed.");
	return 0;
}

int
main(int argc, char **argv)
{
	struct coro *c;
	void *value;

	options.context = option_context(&argc, &argv, usage);
	if (argc > 0)
		option_wrong(usage);

	c = make(greeter, NULL);
	printf("It says %s ", (char *)next(c));
	coro_send(c, "World", NULL); /* goes on, to its end */
	coro_free(c);

	c = make(numbers, (void *)2);
	do {
		c = make(sieve, c);
		value = next(c);
		printf("%d ", (int)(intptr_t)value);
	} while ((intptr_t)value < 40);
	puts("are prime.");
	coro_free(c); /* and so its source, and so on: all of them end */

	c = make(words, "Enough is as good as a feast");
	while (coro_next(c, &value) == 1 && strcmp(value, "as") != 0)
		printf("%s ", (char *)value);
	coro_free(c);
	return fflush(stdout) == EOF;
}
