/*
 * SPDX-License-Identifier: ISC
 *
 * name.c: getaddrinfo and getnameinfo.
 */
#include <stdlib.h>
#include <string.h>
#include "coro/hook/internal.h"

/* Without an answer of the thread's: why, in errno. */
static int
hkg_failed(void)
{
	return errno == ENOMEM ? EAI_MEMORY : EAI_SYSTEM;
}

static void *
hkg_copy(const void *bytes, size_t size)
{
	void *copy = malloc(size > 0 ? size : 1);

	if (copy != NULL && size > 0)
		memcpy(copy, bytes, size);
	return copy;
}

/* ---- getaddrinfo --------------------------------------------------------- */

struct hkg_addresses {
	struct hook__query query; /* must be first */
	char *node, *service;
	int hinted;
	struct addrinfo hints, *list;
	int result;
};

static void
hkg_addresses_run(struct hook__query *query)
{
	struct hkg_addresses *q = (struct hkg_addresses *)query;

	q->result = hook__real()->getaddrinfo(
	    q->node, q->service, q->hinted ? &q->hints : NULL, &q->list);
}

static void
hkg_addresses_free(struct hook__query *query)
{
	struct hkg_addresses *q = (struct hkg_addresses *)query;

	if (q->list != NULL)
		freeaddrinfo(q->list);
	free(q->node);
	free(q->service);
	free(q);
}

static struct hkg_addresses *
hkg_addresses_new(
    const char *node, const char *service, const struct addrinfo *hints)
{
	struct hkg_addresses *q = calloc(1, sizeof(*q));

	if (q == NULL)
		return NULL;
	q->query.run = hkg_addresses_run;
	q->query.free = hkg_addresses_free;
	q->query.users = 1;
	q->node = hkg_copy(node, strlen(node) + 1);
	if (service != NULL)
		q->service = hkg_copy(service, strlen(service) + 1);
	if (hints != NULL) {
		q->hinted = 1;
		q->hints = *hints;
	}
	if (q->node != NULL && (service == NULL || q->service != NULL))
		return q;
	hook__query_release(&q->query);
	return NULL;
}

/* The list goes to the caller. */
static int
hkg_look_up(const char *node, const char *service, const struct addrinfo *hints,
    struct addrinfo **list)
{
	struct hkg_addresses *q = hkg_addresses_new(node, service, hints);
	int result, error;

	if (q == NULL)
		return EAI_MEMORY;
	if (hook__query(&q->query) == 0) {
		result = q->result;
		errno = q->query.error;
		if (result == 0)
			*list = q->list;
		q->list = NULL;
	} else {
		result = hkg_failed();
	}
	error = errno;
	hook__query_release(&q->query);
	errno = error;
	return result;
}

/* What is a number needs nobody to ask. */
static int
hkg_number(const char *node, const char *service, const struct addrinfo *given,
    struct addrinfo **list)
{
	struct addrinfo hints;

	memset(&hints, 0, sizeof(hints));
	if (given != NULL)
		hints = *given;
	else
		hints.ai_flags = AI_V4MAPPED | AI_ADDRCONFIG;
	hints.ai_flags |= AI_NUMERICHOST;
	return hook__real()->getaddrinfo(node, service, &hints, list);
}

HOOK(int, getaddrinfo,
    (const char *node, const char *service, const struct addrinfo *hints,
	struct addrinfo **list))
{
	struct hook__task *t = HOOK_TASK;
	int result;

	if (t == NULL || node == NULL ||
	    (hints != NULL && (hints->ai_flags & AI_NUMERICHOST) != 0))
		return hook__real()->getaddrinfo(node, service, hints, list);
	if (hook__begin(t, -1) == -1)
		return EAI_SYSTEM;
	result = hkg_number(node, service, hints, list);
	return result == EAI_NONAME ? hkg_look_up(node, service, hints, list)
				    : result;
}

/* ---- getnameinfo --------------------------------------------------------- */

struct hkg_name {
	struct hook__query query; /* must be first */
	struct sockaddr *address;
	socklen_t length, host_size, service_size;
	char *host, *service;
	int flags, result;
};

static void
hkg_name_run(struct hook__query *query)
{
	struct hkg_name *q = (struct hkg_name *)query;

	q->result = hook__real()->getnameinfo(q->address, q->length, q->host,
	    q->host_size, q->service, q->service_size, q->flags);
}

static void
hkg_name_free(struct hook__query *query)
{
	struct hkg_name *q = (struct hkg_name *)query;

	free(q->address);
	free(q->host);
	free(q->service);
	free(q);
}

static struct hkg_name *
hkg_name_new(const struct sockaddr *address, socklen_t length,
    socklen_t host_size, socklen_t service_size, int flags)
{
	struct hkg_name *q = calloc(1, sizeof(*q));

	if (q == NULL)
		return NULL;
	q->query.run = hkg_name_run;
	q->query.free = hkg_name_free;
	q->query.users = 1;
	q->length = length;
	q->host_size = host_size;
	q->service_size = service_size;
	q->flags = flags;
	q->address = hkg_copy(address, length);
	q->host = calloc(1, (size_t)host_size + 1);
	q->service = calloc(1, (size_t)service_size + 1);
	if (q->address != NULL && q->host != NULL && q->service != NULL)
		return q;
	hook__query_release(&q->query);
	return NULL;
}

static void
hkg_name_tell(const struct hkg_name *q, char *host, char *service)
{
	if (q->result != 0)
		return;
	if (host != NULL && q->host_size > 0)
		memcpy(host, q->host, strlen(q->host) + 1);
	if (service != NULL && q->service_size > 0)
		memcpy(service, q->service, strlen(q->service) + 1);
}

/* Only for the name of a host somebody else is asked. */
HOOK(int, getnameinfo,
    (const struct sockaddr *address, socklen_t length, char *host,
	socklen_t host_size, char *service, socklen_t service_size, int flags))
{
	struct hook__task *t = HOOK_TASK;
	struct hkg_name *q;
	int result, error;

	if (t == NULL || host == NULL || host_size == 0 ||
	    (flags & NI_NUMERICHOST) != 0)
		return hook__real()->getnameinfo(address, length, host,
		    host_size, service, service_size, flags);
	if (hook__begin(t, -1) == -1)
		return EAI_SYSTEM;
	q = hkg_name_new(address, length, host_size,
	    service != NULL ? service_size : 0, flags);
	if (q == NULL)
		return EAI_MEMORY;
	if (hook__query(&q->query) == 0) {
		hkg_name_tell(q, host, service);
		result = q->result;
		errno = q->query.error;
	} else {
		result = hkg_failed();
	}
	error = errno;
	hook__query_release(&q->query);
	errno = error;
	return result;
}
