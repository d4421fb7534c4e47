/*
 * SPDX-License-Identifier: ISC
 *
 * kinds.c: the list of kinds of executors, and the choice among them.
 */
#include <string.h>
#include "reactor/choice.h"
#include "reactor/executor/pool.h"

static const struct reactor__executor_kind *const xc_known[] = {
	&reactor__threads,
	&reactor__processes,
};

#define XC_KNOWN (sizeof(xc_known) / sizeof(xc_known[0]))

static _Thread_local char xc_message[256];

const char *
reactor_executor_error(void)
{
	return xc_message;
}

char *
reactor__executor_message(size_t *size)
{
	*size = sizeof(xc_message);
	return xc_message;
}

/* Whatever POSIX has is enough for both. */
static const char *
xc_missing(size_t i)
{
	(void)i;
	return NULL;
}

size_t
reactor_executors(struct reactor_executor_info *list, size_t max)
{
	size_t i;

	for (i = 0; i < XC_KNOWN && i < max; i++) {
		memset(&list[i], 0, sizeof(list[i]));
		list[i].name = xc_known[i]->name;
		list[i].reason = xc_missing(i);
		list[i].available = list[i].reason == NULL;
	}
	return XC_KNOWN;
}

static struct reactor__candidate
xc_candidate(size_t i)
{
	struct reactor__candidate candidate = { xc_known[i]->name, 0 };

	return candidate;
}

static int
xc_take(size_t i, void *context)
{
	const struct reactor__executor_kind **taken = context;

	*taken = xc_known[i];
	return 0;
}

const struct reactor__executor_kind *
reactor__executor_choose(const char *names)
{
	const struct reactor__executor_kind *taken;
	const struct reactor__choice choice = {
		.noun = "executor",
		.count = XC_KNOWN,
		.candidate = xc_candidate,
		.missing = xc_missing,
		.take = xc_take,
		.context = &taken,
		.message = xc_message,
		.size = sizeof(xc_message),
	};

	if (names == NULL)
		names = reactor__getenv("REACTOR_EXECUTOR");
	xc_message[0] = '\0';
	return reactor__choose(&choice, names) == 0 ? taken : NULL;
}

const char *
reactor_executor_kind(const struct reactor_executor *pool)
{
	return pool->kind->name;
}
