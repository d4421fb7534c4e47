/*
 * SPDX-License-Identifier: ISC
 *
 * open.c: a loop comes and goes.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "reactor/internal.h"

#define OP_READY 256 /* records of one wait, at first */

static _Thread_local char op_message[512];

const char *
reactor_error(void)
{
	return op_message;
}

static void
op_free(struct reactor *r)
{
	int error = errno;

	if (r->trace != NULL)
		reactor__trace_close(r);
	if (r->state != NULL)
		r->backend->close(r->state);
	(void)reactor__allocate(r->slots, 0);
	(void)reactor__allocate(r->ready, 0);
	(void)reactor__allocate(r, 0);
	errno = error;
}

static int
op_open(struct reactor *r, const struct reactor_options *options)
{
	const char *backend = options->backend, *trace = options->trace;
	int error;

	if (backend == NULL)
		backend = reactor__getenv("REACTOR_BACKEND");
	if (trace == NULL)
		trace = reactor__getenv("REACTOR_TRACE");
	r->backend = reactor__backend_choose(
	    backend, &r->state, op_message, sizeof(op_message));
	if (r->backend == NULL)
		return -1;
	(void)snprintf(op_message, sizeof(op_message),
	    "no memory, or no descriptor to wake the loop with");
	r->ready =
	    reactor__grown(NULL, &r->nready, OP_READY, sizeof(*r->ready));
	if (r->ready == NULL || reactor__fork_open() == -1 ||
	    reactor__wake_open(r) == -1)
		return -1;
	r->generation = reactor__fork_generation();
	if (trace == NULL || *trace == '\0')
		return 0;
	if (reactor__trace_open(r, trace) == 0)
		return 0;
	error = errno;
	(void)snprintf(op_message, sizeof(op_message),
	    "cannot write a trace to %.200s: %s", trace,
	    reactor__reason(error));
	reactor__wake_close(r);
	errno = error;
	return -1;
}

struct reactor *
reactor_open(const struct reactor_options *options)
{
	static const struct reactor_options none;
	struct reactor *r = reactor__allocate(NULL, sizeof(*r));

	if (options == NULL)
		options = &none;
	(void)snprintf(op_message, sizeof(op_message), "no memory");
	if (r == NULL)
		return NULL;
	memset(r, 0, sizeof(*r));
	r->changes = -1;
	r->data = options->data;
	r->measure = options->measure;
	reactor__queue_init(&r->queue);
	reactor__queue_init(&r->batch);
	reactor__hook_open(r);
	reactor__list_init(&r->posts);
	reactor__list_init(&r->resolves);
	reactor__list_init(&r->connects);
	if (op_open(r, options) == -1) {
		op_free(r);
		return NULL;
	}
	r->observed = r->measure || r->trace != NULL;
	op_message[0] = '\0';
	return r;
}

static void
op_stop(struct reactor *r, struct reactor_event *event, void *context)
{
	(void)context;
	reactor__kinds[event->kind]->stop(r, event);
}

int
reactor_close(struct reactor *r)
{
	if (r == NULL)
		return 0;
	if (r->running) {
		errno = EBUSY;
		return -1;
	}
	reactor__connect_close(r);
	reactor__resolve_close(r);
	reactor__stream_close_all(r);
	reactor__post_collect(r);
	reactor__each(r, op_stop, NULL);
	reactor__path_close(r);
	reactor__child_close(r);
	reactor__signal_close(r);
	reactor__timer_close(r);
	reactor__wake_close(r);
	op_free(r);
	return 0;
}

void *
reactor_data(const struct reactor *r)
{
	return r->data;
}

const char *
reactor_version(void)
{
	return REACTOR_VERSION;
}

const char *
reactor_backend_name(const struct reactor *r)
{
	return reactor__backend_label(r->backend);
}
