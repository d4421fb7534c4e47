/*
 * SPDX-License-Identifier: ISC
 *
 * coro.c: generators.  Each switch is between the one who runs a generator and
 * the generator itself; who that is may change from one time to the next.
 *
 *   caller.flow <--- place, errno ---> own flow      `outer`: what the caller
 *                                                     itself is, if a generator
 *
 * What passes is put in the struct: a value or an error, one way or the other.
 */
#include <string.h>
#include "coro/cleanup.h"
#include "coro/coro.h"
#include "coro/float.h"
#include "coro/flow.h"
#include "coro/stack.h"
#include "reactor/support.h"

enum co_state { CO_NEW, CO_RUNNING, CO_YIELDED, CO_OVER };

struct coro {
	struct coro__flow flow;   /* must be first */
	struct coro__flow caller; /* while it runs */
	struct coro *outer;       /* what ran before, while it runs */
	const struct coro__context *context;
	struct coro_cleanup *cleanups;
	enum co_state state;
	int closing;
	int thrown;  /* to it, by the one who runs it */
	int failed;  /* its error, at the end */
	void *value; /* what passes */
	intptr_t result;
	coro_fn *function;
	void *argument;
	const char *name;
	size_t stack_size;
};

/* ---- What runs on the stack ---------------------------------------------- */

static void
co_body(struct coro__flow *flow)
{
	struct coro *c = (struct coro *)flow;
	struct coro__stack *stack = flow->stack;

	c->result = c->function(c->argument);
	c->failed = c->result == -1 ? errno : 0;
	coro__cleanup_run(&c->cleanups);
	c->state = CO_OVER;
	coro__here.coro = c->outer;
	flow->stack = NULL;
	coro__stack_give(stack);
	coro__flow_end(stack, flow, &c->caller);
}

static const char *
co_name(const struct coro__flow *flow)
{
	return ((const struct coro *)flow)->name;
}

static const char *
co_place(const struct coro__flow *flow)
{
	(void)flow;
	return NULL;
}

static const struct coro__kind co_kind = {
	.noun = "generator",
	.body = co_body,
	.name = co_name,
	.place = co_place,
};

/* ---- Coming and going ---------------------------------------------------- */

/* The stack comes at the first run: one that never runs needs none. */
static int
co_begin(struct coro *c)
{
	if (coro__stack_take(&c->flow, c->stack_size, c->context) == -1)
		return -1;
	if (coro__here.extras & CORO__FLOAT) {
		coro__float_save(c->flow.control);
		c->flow.flags |= CORO__SAVED;
	}
	return 0;
}

static int
co_check(const struct coro_options *options)
{
	if ((options->flags & ~(unsigned)CORO_FLOAT) != 0) {
		errno = EINVAL;
		return -1;
	}
	if ((options->flags & CORO_FLOAT) != 0 && !CORO__HAS_FLOAT) {
		errno = ENOTSUP;
		return -1;
	}
	return 0;
}

struct coro *
coro_new(coro_fn *function, void *argument, const struct coro_options *options)
{
	static const struct coro_options none;
	const struct coro__context *context;
	struct coro *c;
	size_t size;

	if (options == NULL)
		options = &none;
	if (co_check(options) == -1 ||
	    (size = coro__stack_size(options->stack_size)) == 0 ||
	    (context = coro__context_choose(options->context)) == NULL ||
	    coro__flow_prepare(options->flags) == -1)
		return NULL;
	coro__overflow_watch();
	c = reactor__allocate(NULL, sizeof(*c));
	if (c == NULL)
		return NULL;
	memset(c, 0, sizeof(*c));
	c->flow.kind = &co_kind;
	c->function = function;
	c->argument = argument;
	c->name = options->name;
	c->context = context;
	c->stack_size = size;
	return c;
}

static __attribute__((noinline)) int
co_ended(struct coro *c)
{
	if (c->failed == 0)
		return 0;
	errno = c->failed;
	c->failed = 0; /* told once */
	return -1;
}

/* Runs it until it yields or ends. */
static inline int
co_run(struct coro *c, void *sent, int thrown, void **value)
{
	c->value = sent;
	c->thrown = thrown;
	c->outer = coro__here.coro;
	coro__here.coro = c;
	c->state = CO_RUNNING;
	coro__switch(&c->caller, &c->flow, c->context);
	if (c->state != CO_YIELDED)
		return co_ended(c);
	if (value != NULL)
		*value = c->value;
	return 1;
}

static __attribute__((noinline)) int
co_resume(struct coro *c, void *sent, int thrown, void **value)
{
	if (c->state == CO_RUNNING) {
		errno = EBUSY;
		return -1;
	}
	if (c->state == CO_OVER)
		return 0;
	if (c->state == CO_NEW && co_begin(c) == -1)
		return -1;
	return co_run(c, sent, thrown, value);
}

int
coro_next(struct coro *c, void **value)
{
	if (c->state == CO_YIELDED) /* mostly, and in short */
		return co_run(c, NULL, 0, value);
	return co_resume(c, NULL, 0, value);
}

int
coro_send(struct coro *c, void *sent, void **value)
{
	if (c->state == CO_NEW && sent != NULL) {
		errno = EINVAL;
		return -1;
	}
	return co_resume(c, sent, 0, value);
}

/* What has not begun ends at once, with that error. */
static int
co_end_unborn(struct coro *c)
{
	c->state = CO_OVER;
	c->result = -1;
	return 0;
}

int
coro_throw(struct coro *c, int error, void **value)
{
	if (error <= 0) {
		errno = EINVAL;
		return -1;
	}
	if (c->state == CO_NEW)
		(void)co_end_unborn(c);
	if (c->state == CO_OVER) {
		errno = error; /* nobody there to catch it */
		return -1;
	}
	return co_resume(c, NULL, error, value);
}

int
coro_close(struct coro *c)
{
	if (c->state == CO_NEW)
		return co_end_unborn(c);
	if (c->state == CO_OVER)
		return 0;
	if (c->state == CO_RUNNING) {
		errno = EBUSY;
		return -1;
	}
	c->closing = 1;
	if (co_resume(c, NULL, 0, NULL) == 0 || errno == ECANCELED)
		return 0;
	return -1;
}

int
coro_free(struct coro *c)
{
	int result, error = errno;

	if (c == NULL)
		return 0;
	result = coro_close(c);
	if (c->state != CO_OVER)
		return -1;
	if (result == -1)
		error = errno;
	(void)reactor__allocate(c, 0);
	errno = error;
	return result;
}

int
coro_finished(const struct coro *c, intptr_t *result)
{
	if (c->state != CO_OVER)
		return 0;
	if (result != NULL)
		*result = c->result;
	return 1;
}

/* ---- In a generator ------------------------------------------------------ */

int
coro_yield(void *value, void **sent)
{
	struct coro *c = coro__here.coro;

	if (c == NULL) {
		errno = EPERM;
		return -1;
	}
	if (c->closing) {
		errno = ECANCELED;
		return -1;
	}
	c->value = value;
	c->state = CO_YIELDED;
	coro__here.coro = c->outer;
	coro__switch(&c->flow, &c->caller, c->context);
	if (c->closing || c->thrown != 0) {
		errno = c->closing ? ECANCELED : c->thrown;
		return -1;
	}
	if (sent != NULL)
		*sent = c->value;
	return 0;
}

/* What the inner one yielded goes out, and what comes in is passed on to it. */
static int
co_pass(const struct coro *outer, struct coro *inner, void **value)
{
	void *sent = NULL;

	if (coro_yield(*value, &sent) == 0)
		return coro_send(inner, sent, value);
	if (!outer->closing)
		return coro_throw(inner, errno, value);
	if (coro_close(inner) == 0)
		errno = ECANCELED;
	return -1;
}

int
coro_delegate(struct coro *inner, intptr_t *result)
{
	struct coro *outer = coro__here.coro;
	void *value;
	int more;

	if (outer == NULL) {
		errno = EPERM;
		return -1;
	}
	more = coro_next(inner, &value);
	while (more == 1)
		more = co_pass(outer, inner, &value);
	if (more == 0 && result != NULL)
		*result = inner->result;
	return more;
}

struct coro *
coro_self(void)
{
	return coro__here.coro;
}

const char *
coro_context(const struct coro *c)
{
	return c->context->name;
}

int
coro_stack(const struct coro *c, struct coro_stack_info *info)
{
	if (c->flow.stack == NULL) {
		errno = ESRCH;
		return -1;
	}
	coro__stack_info(c->flow.stack, info);
	return 0;
}

/* For cleanup.c, as the struct is ours alone. */
struct coro_cleanup **
coro__cleanups(struct coro *c)
{
	return &c->cleanups;
}
