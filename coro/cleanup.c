/*
 * SPDX-License-Identifier: ISC
 *
 * cleanup.c: clean-ups are pushed and popped by what runs, and run at its end.
 */
#include <errno.h>
#include "coro/cleanup.h"
#include "coro/flow.h"

static struct coro_cleanup **
cl_list(void)
{
	return coro__here.coro != NULL ? coro__cleanups(coro__here.coro)
				       : task__cleanups();
}

int
coro_cleanup_push(
    struct coro_cleanup *cleanup, void (*function)(void *), void *argument)
{
	struct coro_cleanup **list = cl_list();

	if (list == NULL) {
		errno = EPERM;
		return -1;
	}
	cleanup->function = function;
	cleanup->argument = argument;
	cleanup->next = *list;
	*list = cleanup;
	return 0;
}

void
coro_cleanup_pop(struct coro_cleanup *cleanup, int run)
{
	struct coro_cleanup **p = cl_list();

	while (p != NULL && *p != NULL && *p != cleanup)
		p = &(*p)->next;
	if (p == NULL || *p == NULL)
		return; /* it was run or popped before */
	*p = cleanup->next;
	if (run)
		cleanup->function(cleanup->argument);
}

void
coro__cleanup_run(struct coro_cleanup **list)
{
	struct coro_cleanup *cleanup;

	while ((cleanup = *list) != NULL) {
		*list = cleanup->next;
		cleanup->function(cleanup->argument);
	}
}
