/*
 * SPDX-License-Identifier: ISC
 *
 * host.c: gethostbyname and its relatives, which are old and still in use.
 *
 * The answer is a struct with pointers into one block of memory.  The thread has
 * a block of its own; for the caller it is copied, and its pointers are moved.
 */
#include <stdlib.h>
#include <string.h>
#include "coro/hook/internal.h"

#define HKX_ALIGN    16
#define HKX_BLOCK    1024 /* of those that bring no memory, at first */
#define HKX_MOST     65536
#define HKX_INTERNAL (-1) /* NETDB_INTERNAL: errno says why */

/* What is asked for. */
struct hkx_question {
	const void *name; /* or an address */
	size_t size;
	int family;
	int reverse;
};

struct hkx_host {
	struct hook__query query; /* must be first */
	struct hkx_question question;
	void *name;
	char *memory, *block;
	size_t size;
	struct hostent host, *found;
	int result;
};

/* ---- The thread ---------------------------------------------------------- */

static int
hkx_call(const struct hkx_question *q, struct hostent *host, char *block,
    size_t size, struct hostent **found, int *herror)
{
	if (q->reverse)
		return hook__real()->gethostbyaddr_r(q->name,
		    (socklen_t)q->size, q->family, host, block, size, found,
		    herror);
	if (q->family == AF_UNSPEC)
		return hook__real()->gethostbyname_r(
		    q->name, host, block, size, found, herror);
	return hook__real()->gethostbyname2_r(
	    q->name, q->family, host, block, size, found, herror);
}

static void
hkx_run(struct hook__query *query)
{
	struct hkx_host *h = (struct hkx_host *)query;

	h->result = hkx_call(&h->question, &h->host, h->block, h->size,
	    &h->found, &query->herror);
}

static void
hkx_free(struct hook__query *query)
{
	struct hkx_host *h = (struct hkx_host *)query;

	free(h->name);
	free(h->memory);
	free(h);
}

/* ---- The caller ---------------------------------------------------------- */

/* Aligned like the caller's, so that all pointers still are when moved. */
static struct hkx_host *
hkx_new(const struct hkx_question *question, const char *like, size_t size)
{
	struct hkx_host *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return NULL;
	h->query.run = hkx_run;
	h->query.free = hkx_free;
	h->query.users = 1;
	h->question = *question;
	h->name = malloc(question->size);
	h->memory = calloc(1, size + 2 * HKX_ALIGN);
	if (h->name == NULL || h->memory == NULL) {
		hook__query_release(&h->query);
		return NULL;
	}
	memcpy(h->name, question->name, question->size);
	h->question.name = h->name;
	h->block = h->memory + HKX_ALIGN - (uintptr_t)h->memory % HKX_ALIGN +
	    (uintptr_t)like % HKX_ALIGN;
	h->size = size;
	return h;
}

static char *
hkx_moved(const struct hkx_host *h, char *p, char *block)
{
	uintptr_t offset = (uintptr_t)p - (uintptr_t)h->block;

	return p != NULL && offset < h->size ? block + offset : p;
}

static char **
hkx_moved_list(const struct hkx_host *h, char **list, char *block)
{
	char **p;

	list = (char **)(void *)hkx_moved(h, (char *)list, block);
	for (p = list; p != NULL && *p != NULL; p++)
		*p = hkx_moved(h, *p, block);
	return list;
}

static void
hkx_move(const struct hkx_host *h, struct hostent *host, char *block)
{
	memcpy(block, h->block, h->size);
	host->h_name = hkx_moved(h, h->host.h_name, block);
	host->h_aliases = hkx_moved_list(h, h->host.h_aliases, block);
	host->h_addrtype = h->host.h_addrtype;
	host->h_length = h->host.h_length;
	host->h_addr_list = hkx_moved_list(h, h->host.h_addr_list, block);
}

/* Returns an error, as the functions of _r do. */
static int
hkx_ask(const struct hkx_question *question, struct hostent *host, char *block,
    size_t size, struct hostent **found, int *herror)
{
	struct hkx_host *h = hkx_new(question, block, size);
	int result;

	*found = NULL;
	*herror = HKX_INTERNAL;
	if (h == NULL)
		return ENOMEM;
	if (hook__query(&h->query) == -1) {
		result = errno;
		hook__query_release(&h->query);
		return result;
	}
	result = h->result;
	*herror = h->query.herror;
	if (result == 0 && h->found != NULL) {
		hkx_move(h, host, block);
		*found = host;
	}
	errno = h->query.error;
	hook__query_release(&h->query);
	return result;
}

/* ---- Those that bring memory --------------------------------------------- */

HOOK(int, gethostbyname_r,
    (const char *name, struct hostent *host, char *block, size_t size,
	struct hostent **found, int *herror))
{
	const struct hkx_question q = { name, strlen(name) + 1, AF_UNSPEC, 0 };

	return (HOOK_TASK != NULL ? hkx_ask : hkx_call)(
	    &q, host, block, size, found, herror);
}

HOOK(int, gethostbyname2_r,
    (const char *name, int family, struct hostent *host, char *block,
	size_t size, struct hostent **found, int *herror))
{
	const struct hkx_question q = { name, strlen(name) + 1, family, 0 };

	return (HOOK_TASK != NULL ? hkx_ask : hkx_call)(
	    &q, host, block, size, found, herror);
}

HOOK(int, gethostbyaddr_r,
    (const void *address, socklen_t length, int family, struct hostent *host,
	char *block, size_t size, struct hostent **found, int *herror))
{
	const struct hkx_question q = { address, length, family, 1 };

	return (HOOK_TASK != NULL ? hkx_ask : hkx_call)(
	    &q, host, block, size, found, herror);
}

/* ---- Those that do not --------------------------------------------------- */

/* The answer is the task's: that of another does not overwrite it. */
static struct hostent *
hkx_answer(struct hook__task *t, const struct hkx_question *q)
{
	struct hostent *host = NULL, *found = NULL;
	size_t size;
	int error = ERANGE;

	for (size = HKX_BLOCK; error == ERANGE && size <= HKX_MOST; size *= 4) {
		free(host);
		host = malloc(sizeof(*host) + size);
		if (host == NULL) {
			h_errno = HKX_INTERNAL;
			return NULL;
		}
		error = hkx_ask(
		    q, host, (char *)(host + 1), size, &found, &h_errno);
	}
	free(t->host);
	t->host = host;
	if (error != 0)
		errno = error;
	return found;
}

HOOK(struct hostent *, gethostbyname, (const char *name))
{
	struct hook__task *t = HOOK_TASK;
	const struct hkx_question q = { name, strlen(name) + 1, AF_UNSPEC, 0 };

	return t != NULL ? hkx_answer(t, &q)
			 : hook__real()->gethostbyname(name);
}

HOOK(struct hostent *, gethostbyname2, (const char *name, int family))
{
	struct hook__task *t = HOOK_TASK;
	const struct hkx_question q = { name, strlen(name) + 1, family, 0 };

	return t != NULL ? hkx_answer(t, &q)
			 : hook__real()->gethostbyname2(name, family);
}

HOOK(struct hostent *, gethostbyaddr,
    (const void *address, socklen_t length, int family))
{
	struct hook__task *t = HOOK_TASK;
	const struct hkx_question q = { address, length, family, 1 };

	return t != NULL ? hkx_answer(t, &q)
			 : hook__real()->gethostbyaddr(address, length, family);
}
