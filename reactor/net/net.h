/*
 * SPDX-License-Identifier: ISC
 *
 * net.h: what the files of reactor/net/ know of each other.
 */
#ifndef REACTOR_NET_NET_H
#define REACTOR_NET_NET_H

#include <reactor/net.h>
#include "reactor/internal.h"

/* What has begun is in a list of its loop, for reactor_close. */
static inline void
reactor__net_begun(struct reactor_link *list, struct reactor_link *link)
{
	if (link->next == NULL)
		reactor__list_append(list, link);
}

static inline void
reactor__net_ended(struct reactor_link *link)
{
	if (link->next == NULL)
		return;
	reactor__list_remove(link);
	link->next = NULL;
}

/* address.c */
enum { REACTOR__NAME = -1, REACTOR__RANGE = -2 };
/* A port in figures; NAME: it is none; RANGE: figures, but too large. */
int reactor__address_port(const char *text);
/* IPv4 or IPv6 in figures, without brackets; -1 and EINVAL: it is a name. */
int reactor__address_numeric(
    struct reactor_address *, const char *host, unsigned port);
/* /path or @name: EINVAL, EAFNOSUPPORT, ENAMETOOLONG. */
int reactor__address_unix(struct reactor_address *, const char *text);
/* host:port, [host]:port: copies the host, returns the port.  NULL: EINVAL. */
const char *reactor__address_split(const char *text, char *host, size_t size);
int reactor__address_family(const struct reactor_address *);

/* names.c: threads for look-ups.  NULL: see reactor_executor_open. */
struct reactor_executor *reactor__names(void);

/* lookup.c */
enum { REACTOR__SERVICE = 256, REACTOR__HOST = 1025 }; /* with the NUL */

struct reactor__question {
	int family;                     /* AF_ */
	char service[REACTOR__SERVICE]; /* empty: none */
	char host[REACTOR__HOST];       /* only what is used of it is passed */
};

/* A job: from a question to an array of addresses, none of them twice. */
int reactor__lookup(struct reactor_job *);

/*
 * socket.c: 0, or an error; EINPROGRESS: not yet; EAGAIN: a UNIX listener is
 * busy.  Is there an error, *fd is closed.
 */
int reactor__socket_connect(
    int *fd, const struct reactor_address *, unsigned flags);
/* The same, when it has become writable; asked once: see there. */
int reactor__socket_result(int fd, const struct reactor_address *);
void reactor__socket_options(int fd, unsigned flags);

/* attempts.c: begins, and ends by reactor__connect_end.  ENOMEM. */
int reactor__attempts_start(struct reactor *, struct reactor_connect *,
    const struct reactor_address *, size_t count);
void reactor__attempts_stop(struct reactor *, struct reactor_connect *);
/* The address that was tried last, if any was. */
void reactor__attempts_last(
    const struct reactor_connect *, struct reactor_address *);

/* connect.c: stops what is left, then calls back. */
void reactor__connect_end(
    struct reactor *, struct reactor_connect *, int fd, int error);

#endif
