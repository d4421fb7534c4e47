/*
 * SPDX-License-Identifier: ISC
 *
 * lookup.c: the job that looks a name up: on a thread, or in another process.
 */
#include <sys/socket.h>
#include <errno.h>
#include <netdb.h>
#include <string.h>
#include "reactor/net/net.h"

enum { LU_MOST = 64 }; /* addresses */

static const struct lu_error {
	int code, error;
} lu_errors[] = {
	{ EAI_NONAME, ENOENT },
#ifdef EAI_NODATA
	{ EAI_NODATA, ENOENT },
#endif
#ifdef EAI_ADDRFAMILY
	{ EAI_ADDRFAMILY, EAFNOSUPPORT },
#endif
	{ EAI_FAMILY, EAFNOSUPPORT },
	{ EAI_AGAIN, EAGAIN },
	{ EAI_MEMORY, ENOMEM },
	{ EAI_SERVICE, EINVAL },
	{ EAI_SOCKTYPE, EINVAL },
	{ EAI_BADFLAGS, EINVAL },
};

static int
lu_fail(struct reactor_job *job, int code, int error)
{
	size_t i;

	if (code != EAI_SYSTEM || error == 0)
		error = EIO;
	for (i = 0; i < sizeof(lu_errors) / sizeof(lu_errors[0]); i++)
		if (lu_errors[i].code == code)
			error = lu_errors[i].error;
	return reactor_job_fail(job, error, "%s", gai_strerror(code));
}

/* A service may be one of datagrams only. */
static int
lu_ask(const struct reactor__question *q, struct addrinfo **list)
{
	const char *service = *q->service != '\0' ? q->service : NULL;
	struct addrinfo hints;
	int code;

	memset(&hints, 0, sizeof(hints));
	hints.ai_family = q->family;
	hints.ai_socktype = SOCK_STREAM;
	code = getaddrinfo(q->host, service, &hints, list);
	if (code != EAI_SERVICE || service == NULL)
		return code;
	hints.ai_socktype = SOCK_DGRAM;
	return getaddrinfo(q->host, service, &hints, list);
}

/* Adds one that is not there yet; returns how many there are. */
static size_t
lu_add(struct reactor_address *found, size_t n, const struct addrinfo *info)
{
	struct reactor_address *new = &found[n];
	size_t i;

	if (info->ai_addrlen > sizeof(new->u))
		return n;
	memset(new, 0, sizeof(*new));
	new->length = (unsigned)info->ai_addrlen;
	memcpy(new->u.bytes, info->ai_addr, info->ai_addrlen);
	for (i = 0; i < n; i++)
		if (memcmp(&found[i], new, sizeof(*new)) == 0)
			return n;
	return n + 1;
}

static int
lu_return(struct reactor_job *job, const struct addrinfo *list)
{
	struct reactor_address found[LU_MOST];
	size_t n = 0;

	for (; list != NULL && n < LU_MOST; list = list->ai_next)
		n = lu_add(found, n, list);
	return reactor_job_return(job, found, n * sizeof(found[0]));
}

int
reactor__lookup(struct reactor_job *job)
{
	struct addrinfo *list = NULL;
	int code, result;

	errno = 0;
	code = lu_ask(job->argument, &list);
	if (code != 0)
		return lu_fail(job, code, errno);
	result = lu_return(job, list);
	freeaddrinfo(list);
	return result;
}
