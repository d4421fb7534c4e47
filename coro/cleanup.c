/*
 * SPDX-License-Identifier: ISC
 *
 * cleanup.c: clean-ups are pushed and popped by what runs, and run at its end.
 */
#include <errno.h>
#include "coro/cleanup.h"
#include "coro/flow.h"
#include "reactor/support.h"

static struct coro__cleanup **
cl_list(void)
{
	return coro__here.coro != NULL ? coro__cleanups(coro__here.coro)
				       : task__cleanups();
}

int
coro_cleanup_push(void (*function)(void *argument), void *argument)
{
	struct coro__cleanup **list = cl_list(), *cleanup;

	if (list == NULL) {
		errno = EPERM;
		return -1;
	}
	cleanup = reactor__allocate(NULL, sizeof(*cleanup));
	if (cleanup == NULL)
		return -1;
	cleanup->function = function;
	cleanup->argument = argument;
	cleanup->next = *list;
	*list = cleanup;
	return 0;
}

/* It is off the list before it is called. */
static void
cl_take(struct coro__cleanup **place, int run)
{
	struct coro__cleanup cleanup = **place;

	(void)reactor__allocate(*place, 0);
	*place = cleanup.next;
	if (run)
		cleanup.function(cleanup.argument);
}

void
coro_cleanup_pop(void (*function)(void *argument), void *argument, int run)
{
	struct coro__cleanup **p = cl_list();

	while (p != NULL && *p != NULL &&
	    ((*p)->function != function || (*p)->argument != argument))
		p = &(*p)->next;
	if (p != NULL && *p != NULL)
		cl_take(p, run);
}

void
coro__cleanup_run(struct coro__cleanup **list)
{
	while (*list != NULL)
		cl_take(list, 1);
}

void
coro__cleanup_drop(struct coro__cleanup **list)
{
	while (*list != NULL)
		cl_take(list, 0);
}
