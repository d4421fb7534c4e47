/*
 * SPDX-License-Identifier: ISC
 *
 * flow.c: what a thread has of flows, how one begins and ends, and what is
 * exchanged in a switch beside registers and errno, if it is used at all.
 */
#include <pthread.h>
#include <string.h>
#include "coro/float.h"
#include "coro/flow.h"
#include "coro/stack.h"

_Thread_local struct coro__thread coro__here CORO__TLS;

/* There in programs that have C++ in them. */
extern void *__cxa_get_globals(void) __attribute__((weak));

/* ---- The thread ---------------------------------------------------------- */

static pthread_once_t fl_once = PTHREAD_ONCE_INIT;
static pthread_key_t fl_key;
static int fl_error;

static void
fl_thread_ends(void *unused)
{
	(void)unused;
	coro__here.known = 0; /* other destructors may begin anew */
	coro__stack_end();
	coro__overflow_end();
}

static void
fl_init(void)
{
	fl_error = pthread_key_create(&fl_key, fl_thread_ends);
}

int
coro__flow_check(unsigned flags)
{
	if ((flags & ~(unsigned)(CORO_FLOAT | CORO_NO_OVERFLOW)) != 0)
		errno = EINVAL;
	else if ((flags & CORO_FLOAT) != 0 && !CORO__HAS_FLOAT)
		errno = ENOTSUP;
	else
		return 0;
	return -1;
}

static int
fl_know_thread(void)
{
	int error;

	(void)pthread_once(&fl_once, fl_init);
	error =
	    fl_error != 0 ? fl_error : pthread_setspecific(fl_key, &coro__here);
	if (error != 0) {
		errno = error;
		return -1;
	}
	if (__cxa_get_globals != NULL) {
		coro__here.exceptions = __cxa_get_globals();
		coro__here.extras |= CORO__EXCEPTIONS;
	}
	coro__here.known = 1;
	return 0;
}

int
coro__flow_prepare(unsigned flags)
{
	if (!coro__here.known && fl_know_thread() == -1)
		return -1;
	if ((flags & CORO_FLOAT) != 0)
		coro__here.extras |= CORO__FLOAT;
	if ((flags & CORO_NO_OVERFLOW) == 0)
		coro__overflow_watch();
	return 0;
}

/* ---- A flow -------------------------------------------------------------- */

void
coro__flow_leave(struct coro__flow *flow)
{
	unsigned extras = coro__here.extras;

	if (extras & CORO__FLOAT) {
		coro__float_save(flow->control);
		flow->flags |= CORO__SAVED;
	}
	if (extras & CORO__EXCEPTIONS)
		memcpy(flow->exceptions, coro__here.exceptions,
		    sizeof(flow->exceptions));
	if (extras & CORO__CANARY && flow->stack != NULL &&
	    flow->stack->guard == CORO_GUARD_CANARY &&
	    coro__stack_spoiled(flow->stack, __builtin_frame_address(0)))
		coro__overflow_found(flow->stack);
}

void
coro__flow_arrive(struct coro__flow *flow)
{
	unsigned extras = coro__here.extras;

	if (extras & CORO__FLOAT && flow->flags & CORO__SAVED)
		coro__float_load(flow->control);
	if (extras & CORO__EXCEPTIONS)
		memcpy(coro__here.exceptions, flow->exceptions,
		    sizeof(flow->exceptions));
}

void
coro__flow_begin(void)
{
	struct coro__flow *flow;

	for (;;) {
		flow = coro__here.arriving;
		coro__annotate_arrive(flow);
		if (coro__here.extras != 0)
			coro__flow_arrive(flow);
		errno = flow->error;
		flow->kind->body(flow);
	}
}

void
coro__flow_end(
    struct coro__stack *stack, struct coro__flow *from, struct coro__flow *to)
{
	if (coro__here.extras != 0)
		coro__flow_leave(from);
	coro__here.arriving = to;
	coro__annotate_leave(from, to, 1);
	stack->context->swap(&stack->place, to->place);
}
