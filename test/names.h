/*
 * SPDX-License-Identifier: ISC
 *
 * names.h: a getaddrinfo(3) that says what a test wants, as slowly as it wants,
 * in the place of libc's; and ports of the loopback for what it says.
 */
#ifndef TEST_NAMES_H
#define TEST_NAMES_H

#include <sys/socket.h>
#include <sys/un.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <reactor/net.h>
#include "test/test.h"

enum { NAMES_MOST = 100 };

/* That sanitizer has no threads in the child of a program with threads. */
#ifdef __has_feature
#define NAMES_FEATURE(x) __has_feature(x)
#else
#define NAMES_FEATURE(x) 0
#endif
#if defined(__SANITIZE_THREAD__) || NAMES_FEATURE(thread_sanitizer)
enum { NAMES_IN_CHILD = 0 };
#else
enum { NAMES_IN_CHILD = 1 };
#endif

/* Set by the case; jobs on threads and in processes read it. */
static struct {
	atomic_int held;   /* look-ups wait as long as this is not 0 */
	atomic_int inside; /* that wait */
	atomic_int calls;
	int code, error; /* what they say: EAI_, and errno */
	int datagram;    /* there is no such service for streams */
	const char *address[NAMES_MOST]; /* in figures */
	int count;
	int family; /* what was asked for last */
	char host[1100], service[300];
} names;

__attribute__((unused)) static void
names_say(const char *const *address, int count)
{
	int i;

	names.code = 0;
	names.count = count;
	for (i = 0; i < count; i++)
		names.address[i] = address[i];
}

#define NAMES_SAY(...)                                           \
	names_say((const char *const[]){ __VA_ARGS__ },          \
	    (int)(sizeof((const char *const[]){ __VA_ARGS__ }) / \
		sizeof(const char *)))

static void
names_sleep(void)
{
	static const struct timespec span = { 0, 200000 };

	(void)nanosleep(&span, NULL);
}

/* Waits until it holds. */
#define NAMES_UNTIL(holds)                                                    \
	do {                                                                  \
		int64_t names_end =                                           \
		    test_clock() + (int64_t)(30e9 * test_slow());             \
                                                                              \
		while (!(holds)) {                                            \
			if (test_clock() > names_end)                         \
				test_fail("%s: never %s", TEST_HERE, #holds); \
			names_sleep();                                        \
		}                                                             \
	} while (0)

static struct addrinfo *
names_info(const char *host, const char *service)
{
	struct addrinfo *info = calloc(1, sizeof(*info));
	struct reactor_address *a = calloc(1, sizeof(*a));
	char text[REACTOR_ADDRESS_TEXT];

	snprintf(text, sizeof(text), strchr(host, ':') ? "[%s]:%s" : "%s:%s",
	    host, service != NULL ? service : "0");
	if (info == NULL || a == NULL || reactor_address_parse(a, text) == -1)
		abort();
	info->ai_addr = (struct sockaddr *)(void *)a->u.bytes;
	info->ai_addrlen = a->length;
	info->ai_family = info->ai_addr->sa_family;
	info->ai_canonname = (char *)a;
	return info;
}

void
freeaddrinfo(struct addrinfo *info)
{
	struct addrinfo *next;

	for (; info != NULL; info = next) {
		next = info->ai_next;
		free(info->ai_canonname);
		free(info);
	}
}

static void
names_note(const char *host, const char *service, const struct addrinfo *hints)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

	(void)pthread_mutex_lock(&lock);
	names.family = hints->ai_family;
	snprintf(names.host, sizeof(names.host), "%s", host);
	snprintf(names.service, sizeof(names.service), "%s",
	    service != NULL ? service : "none");
	(void)pthread_mutex_unlock(&lock);
}

static int
names_answer(
    const char *service, const struct addrinfo *hints, struct addrinfo **last)
{
	int i;

	if (service != NULL && strcmp(service, "echo") == 0)
		service = "7";
	if (names.datagram && hints->ai_socktype != SOCK_DGRAM)
		return EAI_SERVICE;
	for (i = 0; i < names.count && names.code == 0; i++) {
		*last = names_info(names.address[i], service);
		last = &(*last)->ai_next;
	}
	*last = NULL;
	errno = names.error;
	return names.code;
}

int
getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
    struct addrinfo **list)
{
	int code;

	names_note(host, service, hints);
	names.calls++;
	names.inside++;
	while (names.held)
		names_sleep();
	code = names_answer(service, hints, list);
	names.inside--;
	return code;
}

static void
names_found(struct reactor *r, struct reactor_resolve *resolve)
{
	(void)r;
	(void)resolve;
}

/* From now on there are all eight threads. */
__attribute__((unused)) static void
names_all_threads(void)
{
	struct reactor *r = reactor_open(NULL);
	struct reactor_resolve resolve[8];
	int i;

	CHECK(r != NULL);
	memset(resolve, 0, sizeof(resolve));
	names.held = 1;
	for (i = 0; i < 8; i++) {
		resolve[i].callback = names_found;
		resolve[i].host = "name";
		CHECK_INT(reactor_resolve_start(r, &resolve[i]), 0);
	}
	NAMES_UNTIL(names.inside == 8);
	names.held = 0;
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(reactor_close(r), 0);
}

/* ---- Ports --------------------------------------------------------------- */

static void
names_address(struct reactor_address *a, const char *host, int port)
{
	char text[REACTOR_ADDRESS_TEXT];

	snprintf(text, sizeof(text), strchr(host, ':') ? "[%s]:%d" : "%s:%d",
	    host, port);
	CHECK_INT(reactor_address_parse(a, text), 0);
}

static int
names_port(int fd)
{
	struct reactor_address a;
	struct sockaddr_in in;

	CHECK_INT(reactor_address_local(&a, fd), 0);
	memcpy(&in, a.u.bytes, sizeof(in));
	return ntohs(in.sin_port); /* IPv6 has it in the same place */
}

/* Listens there, at any port if it is 0; -1: the port is taken. */
__attribute__((unused)) static int
names_listen(const char *host, int port, int backlog)
{
	struct reactor_address a;
	int family = strchr(host, ':') != NULL ? AF_INET6 : AF_INET, fd, on = 1;

	names_address(&a, host, port);
	fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	CHECK(fd != -1);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, reactor_address_socket(&a), a.length) == 0 &&
	    listen(fd, backlog) == 0)
		return fd;
	CHECK(errno == EADDRINUSE || errno == EADDRNOTAVAIL);
	close(fd);
	return -1;
}

/* The same port at two addresses. */
__attribute__((unused)) static int
names_listen_both(const char *const host[2], const int backlog[2], int fd[2])
{
	int i;

	for (i = 0; i < 100; i++) {
		fd[0] = names_listen(host[0], 0, backlog[0]);
		CHECK(fd[0] != -1);
		fd[1] = names_listen(host[1], names_port(fd[0]), backlog[1]);
		if (fd[1] != -1)
			return names_port(fd[0]);
		close(fd[0]);
	}
	test_fail("no port is free at %s and %s", host[0], host[1]);
}

/* One at which nobody listens, as far as one can know. */
__attribute__((unused)) static int
names_closed_port(void)
{
	int fd = names_listen("127.0.0.1", 0, 1), port = names_port(fd);

	close(fd);
	return port;
}

__attribute__((unused)) static int
names_have_ipv6(void)
{
	int fd = socket(AF_INET6, SOCK_STREAM, 0), have;
	struct reactor_address a;

	names_address(&a, "::1", 0);
	have = fd != -1 && bind(fd, reactor_address_socket(&a), a.length) == 0;
	if (fd != -1)
		close(fd);
	return have;
}

/*
 * Fills the queue of a listener whose backlog is 0: who connects now waits.
 * Returns how many were needed.
 */
__attribute__((unused)) static int
names_fill(const char *host, int port, int *fd, int max)
{
	struct reactor_address a;
	struct pollfd p = { .events = POLLOUT };
	int i;

	names_address(&a, host, port);
	for (i = 0; i < max; i++) {
		fd[i] = socket(strchr(host, ':') != NULL ? AF_INET6 : AF_INET,
		    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		CHECK(fd[i] != -1);
		if (connect(fd[i], reactor_address_socket(&a), a.length) == -1)
			CHECK_INT(errno, EINPROGRESS);
		p.fd = fd[i];
		if (poll(&p, 1, 50) == 0)
			return i + 1;
	}
	test_fail("%s:%d takes them all", host, port);
}

#endif
