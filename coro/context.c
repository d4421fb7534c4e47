/*
 * SPDX-License-Identifier: ISC
 *
 * context.c: the list of contexts, and the choice among them.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <coro/coro.h>
#include "coro/context.h"
#include "reactor/choice.h"
#include "reactor/support.h"

static const struct coro__context *const cx_known[] = {
	&coro__native,
	&coro__setjmp,
	&coro__ucontext,
};

#define CX_KNOWN (sizeof(cx_known) / sizeof(cx_known[0]))

static _Thread_local char cx_message[256];

const char *
coro_error(void)
{
	return cx_message;
}

static const char *
cx_missing(size_t i)
{
	if (cx_known[i]->usable() == 0)
		return NULL;
	if (errno == ENOTSUP)
		return "shadow stacks are on";
	return i == 0 ? "no assembly for this processor"
		      : "libc does not have it";
}

size_t
coro_contexts(struct coro_context_info *list, size_t max)
{
	size_t i;

	for (i = 0; i < CX_KNOWN && i < max; i++) {
		memset(&list[i], 0, sizeof(list[i]));
		list[i].name = cx_known[i]->name;
		list[i].reason = cx_missing(i);
		list[i].available = list[i].reason == NULL;
		if (!list[i].available)
			list[i].error = errno;
	}
	return CX_KNOWN;
}

static struct reactor__candidate
cx_candidate(size_t i)
{
	struct reactor__candidate candidate = { cx_known[i]->name, 0 };

	return candidate;
}

static int
cx_take(size_t i, void *context)
{
	const struct coro__context **taken = context;

	*taken = cx_known[i];
	return cx_known[i]->usable();
}

const struct coro__context *
coro__context_choose(const char *names)
{
	const struct coro__context *taken;
	const struct reactor__choice choice = {
		.noun = "context",
		.count = CX_KNOWN,
		.candidate = cx_candidate,
		.missing = cx_missing,
		.take = cx_take,
		.context = &taken,
		.message = cx_message,
		.size = sizeof(cx_message),
	};

	if (names == NULL)
		names = reactor__getenv("REACTOR_CONTEXT");
	cx_message[0] = '\0';
	return reactor__choose(&choice, names) == 0 ? taken : NULL;
}
