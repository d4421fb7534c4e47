/*
 * SPDX-License-Identifier: ISC
 *
 * resolve.c: addresses of names.
 *
 *   host, service --+-- a name --> job: lookup.c --> done ------+--> callback
 *                   '-- figures, a path --> memory --> defer ---'
 *
 * The timer ends either.  What was found lies in the future, or in `memory`:
 * while the callback runs it is held by who calls it, because the callback may
 * start the handler again, or free it.
 */
#include <sys/socket.h>
#include <errno.h>
#include <string.h>
#include "reactor/net/net.h"

/* ---- The end ------------------------------------------------------------- */

static void
rv_forget(struct reactor *r, struct reactor_resolve *v)
{
	reactor__net_ended(&v->link);
	reactor_timer_stop(r, &v->timer);
	reactor_defer_stop(r, &v->defer);
	if (v->future != NULL)
		reactor_done_stop(r, &v->done);
	v->future = NULL;
	v->memory = NULL;
}

static void
rv_end(struct reactor *r, struct reactor_resolve *v, int error,
    const void *addresses, size_t count)
{
	struct reactor_future *future = v->future;
	void *memory = v->memory;

	rv_forget(r, v);
	v->error = error;
	v->addresses = count > 0 ? addresses : NULL;
	v->count = count;
	v->callback(r, v);
	reactor_future_detach(future);
	(void)reactor__allocate(memory, 0);
}

static void
rv_done(struct reactor *r, struct reactor_done *done)
{
	struct reactor_resolve *v =
	    REACTOR_OWNER(done, struct reactor_resolve, done);
	struct reactor_outcome outcome;
	size_t count;

	reactor_future_peek(v->future, &outcome);
	count = outcome.size / sizeof(struct reactor_address);
	if (outcome.error != 0)
		rv_end(r, v, outcome.error, NULL, 0);
	else
		rv_end(r, v, count > 0 ? 0 : ENOENT, outcome.bytes, count);
}

/* What was known without a look-up. */
struct rv_answer {
	struct reactor_address address;
	int error;
};

static void
rv_deferred(struct reactor *r, struct reactor_defer *defer)
{
	struct reactor_resolve *v =
	    REACTOR_OWNER(defer, struct reactor_resolve, defer);
	const struct rv_answer *answer = v->memory;

	rv_end(r, v, answer->error, &answer->address, answer->error == 0);
}

static void
rv_late(struct reactor *r, struct reactor_timer *timer)
{
	struct reactor_resolve *v =
	    REACTOR_OWNER(timer, struct reactor_resolve, timer);

	if (v->future != NULL)
		(void)reactor_future_cancel(v->future);
	rv_end(r, v, ETIMEDOUT, NULL, 0);
}

/* ---- Start and stop ------------------------------------------------------ */

static const int rv_families[] = { AF_UNSPEC, AF_INET, AF_INET6 };

static int
rv_is_unix(const char *host)
{
	return *host == '/' || *host == '@';
}

/* Of a service getaddrinfo(3) would take " 80", "-1" and "65616" as well. */
static int
rv_check_service(const char *service)
{
	if (strlen(service) >= REACTOR__SERVICE) {
		errno = ENAMETOOLONG;
		return -1;
	}
	errno = EINVAL;
	if (reactor__address_port(service) == REACTOR__RANGE)
		return -1;
	return (*service >= '0' && *service <= '9') ||
		(*service >= 'a' && *service <= 'z') ||
		(*service >= 'A' && *service <= 'Z')
	    ? 0
	    : -1;
}

static int
rv_check(const struct reactor_resolve *v)
{
	errno = EINVAL;
	if (v->callback == NULL || v->host == NULL || *v->host == '\0' ||
	    v->family < REACTOR_ANY || v->family > REACTOR_IPV6)
		return -1;
	if (rv_is_unix(v->host) || v->service == NULL)
		return 0;
	return rv_check_service(v->service);
}

/* 1: there is an answer; 0: it has to be looked up; -1. */
static int
rv_know(const struct reactor_resolve *v, struct rv_answer *answer)
{
	int port = v->service != NULL ? reactor__address_port(v->service) : 0;

	if (rv_is_unix(v->host)) {
		if (reactor__address_unix(&answer->address, v->host) == -1)
			return -1;
	} else if (port < 0 ||
	    reactor__address_numeric(
		&answer->address, v->host, (unsigned)port) == -1) {
		return 0;
	}
	answer->error = v->family == REACTOR_ANY ||
		reactor__address_family(&answer->address) ==
		    rv_families[v->family]
	    ? 0
	    : EAFNOSUPPORT;
	return 1;
}

static int
rv_answer(struct reactor *r, struct reactor_resolve *v,
    const struct rv_answer *answer)
{
	v->memory = reactor__allocate(NULL, sizeof(*answer));
	if (v->memory == NULL)
		return -1;
	memcpy(v->memory, answer, sizeof(*answer));
	v->defer.event.name = "resolve";
	v->defer.callback = rv_deferred;
	return reactor_defer_start(r, &v->defer);
}

static int
rv_submit(struct reactor *r, struct reactor_resolve *v)
{
	const struct reactor_job_attributes attributes = { .name = v->host,
		.flags = REACTOR_TRY };
	struct reactor_executor *executor =
	    v->executor != NULL ? v->executor : reactor__names();
	size_t length = strlen(v->host);
	struct reactor__question q;

	if (executor == NULL)
		return -1;
	if (length >= sizeof(q.host)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memset(&q, 0, offsetof(struct reactor__question, host));
	q.family = rv_families[v->family];
	if (v->service != NULL)
		strcpy(q.service, v->service);
	memcpy(q.host, v->host, length + 1);
	v->future = reactor_submit_with(executor, reactor__lookup, &q,
	    offsetof(struct reactor__question, host) + length + 1, &attributes);
	if (v->future == NULL)
		return -1;
	v->done.post.event.name = "resolve";
	v->done.callback = rv_done;
	v->done.future = v->future;
	return reactor_done_start(r, &v->done);
}

static int
rv_begin(struct reactor *r, struct reactor_resolve *v)
{
	struct rv_answer answer;
	int known = rv_know(v, &answer);

	if (known == -1)
		return -1;
	if ((known ? rv_answer(r, v, &answer) : rv_submit(r, v)) == -1)
		return -1;
	if (v->timeout <= 0)
		return 0;
	v->timer.event.name = "resolve";
	v->timer.callback = rv_late;
	return reactor_timer_start(r, &v->timer, v->timeout);
}

int
reactor_resolve_start(struct reactor *r, struct reactor_resolve *v)
{
	int error;

	if (rv_check(v) == -1)
		return -1;
	reactor_resolve_stop(r, v);
	v->error = 0;
	v->addresses = NULL;
	v->count = 0;
	reactor__net_begun(&r->resolves, &v->link);
	if (rv_begin(r, v) == 0)
		return 0;
	error = errno;
	reactor_resolve_stop(r, v);
	errno = error;
	return -1;
}

void
reactor_resolve_stop(struct reactor *r, struct reactor_resolve *v)
{
	struct reactor_future *future = v->future;
	void *memory = v->memory;

	rv_forget(r, v);
	if (future != NULL)
		(void)reactor_future_cancel(future);
	reactor_future_detach(future);
	(void)reactor__allocate(memory, 0);
}

void
reactor__resolve_close(struct reactor *r)
{
	while (!reactor__list_empty(&r->resolves))
		reactor_resolve_stop(r,
		    REACTOR_OWNER(
			r->resolves.next, struct reactor_resolve, link));
}
