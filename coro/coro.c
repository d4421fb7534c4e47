/*
 * SPDX-License-Identifier: ISC
 *
 * coro.c: generators.  Each switch is between the one who runs a generator and
 * the generator itself; who that is may change from one time to the next.
 *
 *   caller.flow <--- place, errno ---> own flow      `outer`: what the caller
 *                                                     itself is, if a generator
 *
 * Whatever the other is to find, a value, an answer, an errno, is put in place
 * before the switch.  So both sides end in the same call, co_hand, which is the
 * same place in the code for both: the processor predicts its return.
 */
#include <string.h>
#include "coro/cleanup.h"
#include "coro/coro.h"
#include "coro/flow.h"
#include "coro/stack.h"
#include "reactor/support.h"

enum co_state { CO_NEW, CO_RUNNING, CO_YIELDED, CO_OVER };

struct coro {
	struct coro__flow flow;   /* must be first */
	struct coro__flow caller; /* while it runs */
	struct coro *outer;       /* what ran before, while it runs */
	const struct coro__context *context;
	struct coro__cleanup *cleanups;
	enum co_state state;
	int closing;
	int answer;  /* what coro_next returns */
	int told;    /* what coro_yield returns */
	void **out;  /* where coro_next wants the value */
	void **sent; /* where coro_yield wants it; or NULL */
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
	int error;

	errno = 0;
	c->result = c->function(c->argument);
	error = c->result == -1 ? errno : 0;
	coro__cleanup_run(&c->cleanups);
	c->state = CO_OVER;
	c->answer = error != 0 ? -1 : 0;
	if (error != 0)
		c->caller.error = error;
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

struct coro *
coro_new(coro_fn *function, void *argument, const struct coro_options *options)
{
	static const struct coro_options none;
	const struct coro__context *context;
	struct coro *c;
	size_t size;

	if (options == NULL)
		options = &none;
	if (coro__flow_check(options->flags) == -1 ||
	    (size = coro__stack_size(options->stack_size)) == 0 ||
	    (context = coro__context_choose(options->context)) == NULL ||
	    coro__flow_prepare(options->flags) == -1)
		return NULL;
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
co_hand(struct coro__flow *from, struct coro__flow *to,
    const struct coro__context *context, const int *answer)
{
	coro__switch(from, to, context);
	return *answer;
}

/* Runs it until it yields or ends; `error` is what its yield fails with. */
static inline int
co_run(struct coro *c, void *sent, int error, void **value)
{
	c->out = value;
	c->told = error != 0 ? -1 : 0;
	if (error != 0)
		c->flow.error = error;
	else if (c->sent != NULL)
		*c->sent = sent;
	c->outer = coro__here.coro;
	coro__here.coro = c;
	c->state = CO_RUNNING;
	return co_hand(&c->caller, &c->flow, c->context, &c->answer);
}

static __attribute__((noinline)) int
co_resume(struct coro *c, void *sent, int error, void **value)
{
	if (c->state == CO_RUNNING) {
		errno = EBUSY;
		return -1;
	}
	if (c->state == CO_OVER)
		return 0;
	/* The stack comes now: one that never runs needs none. */
	if (c->state == CO_NEW &&
	    coro__stack_take(&c->flow, c->stack_size, c->context) == -1)
		return -1;
	return co_run(c, sent, error, value);
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

/* What has not begun ends at once, and has nothing to say to that. */
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
	if (co_resume(c, NULL, ECANCELED, NULL) == 0 || errno == ECANCELED)
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
	c->sent = sent;
	if (c->out != NULL)
		*c->out = value;
	c->answer = 1;
	c->state = CO_YIELDED;
	coro__here.coro = c->outer;
	return co_hand(&c->flow, &c->caller, c->context, &c->told);
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
struct coro__cleanup **
coro__cleanups(struct coro *c)
{
	return &c->cleanups;
}
