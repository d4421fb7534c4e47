/*
 * SPDX-License-Identifier: ISC
 *
 * address.c: addresses and their text.
 */
#include <sys/socket.h>
#include <sys/un.h>
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "reactor/net/net.h"

#define AD_HOST (INET6_ADDRSTRLEN + 1 + IF_NAMESIZE) /* fe80::1%eth0 */
#define AD_PATH offsetof(struct sockaddr_un, sun_path)

#ifdef __linux__
enum { AD_ABSTRACT = 1 };
#else
enum { AD_ABSTRACT = 0 };
#endif

/* Any of them, where the compiler knows what it is. */
union ad_socket {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
	unsigned char bytes[sizeof(((struct reactor_address *)0)->u)];
};

static int
ad_fail(int error)
{
	errno = error;
	return -1;
}

/* What is behind its end is zero, so that equal ones have equal bytes. */
static void
ad_set(struct reactor_address *address, const union ad_socket *s, size_t length)
{
	memset(address, 0, sizeof(*address));
	memcpy(address->u.bytes, s->bytes, length);
	address->length = (unsigned)length;
}

/* ---- From text ----------------------------------------------------------- */

int
reactor__address_port(const char *text)
{
	long port = 0;
	const char *c;

	for (c = text; *c >= '0' && *c <= '9'; c++)
		if (port <= 65535)
			port = 10 * port + (*c - '0');
	if (*c != '\0' || c == text)
		return REACTOR__NAME;
	return port <= 65535 ? (int)port : REACTOR__RANGE;
}

/* The number of an interface, by its name or as it is.  0: there is none. */
static unsigned
ad_scope(const char *text)
{
	unsigned scope = if_nametoindex(text);
	unsigned long number;
	char *end;

	if (scope != 0 || *text < '0' || *text > '9')
		return scope;
	number = strtoul(text, &end, 10);
	return *end == '\0' && number <= UINT32_MAX ? (unsigned)number : 0;
}

static int
ad_inet6(struct reactor_address *address, char *host, unsigned port)
{
	union ad_socket s;
	char *scope = strchr(host, '%');

	memset(&s, 0, sizeof(s));
	if (scope != NULL)
		*scope++ = '\0';
	if (inet_pton(AF_INET6, host, &s.in6.sin6_addr) != 1)
		return ad_fail(EINVAL);
	if (scope != NULL && (s.in6.sin6_scope_id = ad_scope(scope)) == 0)
		return ad_fail(EINVAL);
	s.in6.sin6_family = AF_INET6;
	s.in6.sin6_port = htons((uint16_t)port);
	ad_set(address, &s, sizeof(s.in6));
	return 0;
}

int
reactor__address_numeric(
    struct reactor_address *address, const char *host, unsigned port)
{
	union ad_socket s;
	char copy[AD_HOST];

	memset(&s, 0, sizeof(s));
	if (inet_pton(AF_INET, host, &s.in.sin_addr) == 1) {
		s.in.sin_family = AF_INET;
		s.in.sin_port = htons((uint16_t)port);
		ad_set(address, &s, sizeof(s.in));
		return 0;
	}
	if (strlen(host) >= sizeof(copy))
		return ad_fail(EINVAL);
	strcpy(copy, host);
	return ad_inet6(address, copy, port);
}

int
reactor__address_unix(struct reactor_address *address, const char *text)
{
	union ad_socket s;
	size_t length = strlen(text);
	int abstract = *text == '@';

	if (abstract && !AD_ABSTRACT)
		return ad_fail(EAFNOSUPPORT);
	if (abstract && length == 1)
		return ad_fail(EINVAL); /* bind(2) would choose one */
	if (length + !abstract > sizeof(s.un.sun_path))
		return ad_fail(ENAMETOOLONG);
	memset(&s, 0, sizeof(s));
	s.un.sun_family = AF_UNIX;
	memcpy(s.un.sun_path, text, length);
	if (abstract)
		s.un.sun_path[0] = '\0';
	ad_set(address, &s, AD_PATH + length + !abstract);
	return 0;
}

/* With brackets there are colons in the host; without there are none. */
const char *
reactor__address_split(const char *text, char *host, size_t size)
{
	const char *colon = strrchr(text, ':');
	size_t brackets = *text == '[', length;

	errno = EINVAL;
	if (colon == NULL || colon < text + 1 + 2 * brackets ||
	    (brackets && colon[-1] != ']'))
		return NULL;
	length = (size_t)(colon - text) - 2 * brackets;
	if (length >= size)
		return NULL;
	memcpy(host, text + brackets, length);
	host[length] = '\0';
	return (strchr(host, ':') != NULL) == brackets ? colon + 1 : NULL;
}

int
reactor_address_parse(struct reactor_address *address, const char *text)
{
	char host[AD_HOST];
	const char *service;
	int port;

	if (text == NULL)
		return ad_fail(EINVAL);
	if (*text == '/' || *text == '@')
		return reactor__address_unix(address, text);
	service = reactor__address_split(text, host, sizeof(host));
	if (service == NULL)
		return -1;
	port = reactor__address_port(service);
	if (port < 0)
		return ad_fail(EINVAL);
	return reactor__address_numeric(address, host, (unsigned)port);
}

/* ---- To text ------------------------------------------------------------- */

static void
ad_text_in6(const struct sockaddr_in6 *in6, char *text, size_t size)
{
	char host[INET6_ADDRSTRLEN], scope[IF_NAMESIZE + 1] = "%";

	(void)inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
	if (in6->sin6_scope_id == 0)
		*scope = '\0';
	else if (if_indextoname(in6->sin6_scope_id, scope + 1) == NULL)
		(void)snprintf(
		    scope, sizeof(scope), "%%%u", (unsigned)in6->sin6_scope_id);
	(void)snprintf(text, size, "[%s%s]:%u", host, scope,
	    (unsigned)ntohs(in6->sin6_port));
}

static void
ad_text_in(const struct sockaddr_in *in, char *text, size_t size)
{
	char host[INET_ADDRSTRLEN];

	(void)inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
	(void)snprintf(
	    text, size, "%s:%u", host, (unsigned)ntohs(in->sin_port));
}

/* A guest names himself: what would disturb a terminal is not passed on. */
static void
ad_text_unix(const union ad_socket *s, size_t length, char *text, size_t size)
{
	const char *path = s->un.sun_path;
	size_t n = length > AD_PATH ? length - AD_PATH : 0, i;

	if (n > 0 && path[0] != '\0')
		n = strnlen(path, n);
	if (n == 0 || (n == 1 && path[0] == '\0')) {
		(void)snprintf(text, size, "unnamed");
		return;
	}
	for (i = 0; i < n && i + 1 < size; i++)
		text[i] = (unsigned char)path[i] < ' ' || path[i] == 0x7f
		    ? '?'
		    : path[i];
	text[i] = '\0';
	if (path[0] == '\0' && i > 0)
		text[0] = '@';
}

const char *
reactor_address_text(
    const struct reactor_address *address, char *text, size_t size)
{
	union ad_socket s;

	if (size == 0)
		return text;
	memcpy(s.bytes, address->u.bytes, sizeof(s.bytes));
	switch (reactor__address_family(address)) {
	case AF_INET:
		ad_text_in(&s.in, text, size);
		break;
	case AF_INET6:
		ad_text_in6(&s.in6, text, size);
		break;
	case AF_UNIX:
		ad_text_unix(&s, address->length, text, size);
		break;
	default:
		(void)snprintf(text, size, "unknown");
	}
	return text;
}

/* ---- Sockets ------------------------------------------------------------- */

int
reactor__address_family(const struct reactor_address *address)
{
	union ad_socket s;

	memcpy(s.bytes, address->u.bytes, sizeof(s.bytes));
	if (address->length < offsetof(struct sockaddr, sa_data))
		return AF_UNSPEC;
	return s.any.sa_family;
}

const struct sockaddr *
reactor_address_socket(const struct reactor_address *address)
{
	return (const struct sockaddr *)(const void *)address->u.bytes;
}

static int
ad_ask(struct reactor_address *address, int fd,
    int (*ask)(int, struct sockaddr *, socklen_t *))
{
	union ad_socket s;
	socklen_t length = sizeof(s);

	memset(&s, 0, sizeof(s));
	if (ask(fd, &s.any, &length) == -1)
		return -1;
	ad_set(address, &s, length < sizeof(s) ? length : sizeof(s));
	return 0;
}

int
reactor_address_local(struct reactor_address *address, int fd)
{
	return ad_ask(address, fd, getsockname);
}

int
reactor_address_peer(struct reactor_address *address, int fd)
{
	return ad_ask(address, fd, getpeername);
}
