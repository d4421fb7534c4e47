/*
 * SPDX-License-Identifier: ISC
 *
 * httpd.c: a server of static files, made of listeners and streams.  Small, and
 * yet it may face strangers: everything has a limit of size or time, and
 * nothing outside of its root can be had.
 *
 *	build/demos/httpd --root=/usr/share/doc --list
 *
 * SIGTERM and SIGINT let it finish what it is at; a second one does not.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "demos/demo.h"
#include "demos/httpd.h"

/* Descriptors that are no connections: sockets, the loop's, open files. */
enum { HSM_OTHERS = 64 };

static const char hsm_about[] =
    "Serves the files below a directory over HTTP/1.1, until SIGTERM or ^C,\n"
    "and prints where.  Addresses are host:port, :port (all of this machine),\n"
    "[host]:port or /path; port 0 is any free one.  Sockets that are handed\n"
    "over by LISTEN_FDS are taken instead.  Times are in milliseconds.";

static const char *hsm_address; /* the last; see httpd_listen_gather */
static const char *hsm_root = ".";
static const char *hsm_backend;
static long hsm_loops = 1;
static long hsm_header = 10000, hsm_idle = 15000, hsm_stall = 30000;
static long hsm_linger = 2000, hsm_grace = 10000;

static struct httpd hsm_server = {
	.connections = 10000,
	.requests = 10000,
	.body = 1 << 20,
	.rate = 200,
};
static struct httpd_loop *hsm_all[HTTPD_LOOPS];
static int hsm_signals;

#define HSM_DAY 86400000
static const struct demo_option hsm_options[] = {
	{ "address", "LIST",
	    "where to listen; may be repeated (127.0.0.1:8080)",
	    .text = &hsm_address },
	{ "root", "DIR", "what to serve (.)", .text = &hsm_root },
	{ "list", NULL, "show directories that have no index.html",
	    .flag = &hsm_server.list },
	{ "log", NULL, "print a line for each answer",
	    .flag = &hsm_server.log },
	{ "hello", NULL, "answer /plaintext from memory",
	    .flag = &hsm_server.hello },
	{ "sink", NULL, "take what is posted to /, and tell its size",
	    .flag = &hsm_server.sink },
	{ "loops", "N", "loops, each in a thread (1)", .number = &hsm_loops,
	    .least = 1, .most = HTTPD_LOOPS },
	{ "backend", "NAME", "epoll, kqueue, poll or select (the best)",
	    .text = &hsm_backend },
	{ "connections", "N", "in all (10000)",
	    .number = &hsm_server.connections, .least = 1, .most = 1000000 },
	{ "per-address", "N", "of one address (strangers 100, 127.0.0.1 any)",
	    .number = &hsm_server.per_address, .least = 1, .most = 1000000 },
	{ "requests", "N", "of one connection (10000)",
	    .number = &hsm_server.requests, .least = 1, .most = 1000000000 },
	{ "body", "BYTES", "the longest body of a request (1048576)",
	    .number = &hsm_server.body, .least = 0, .most = INT32_MAX },
	{ "rate", "BYTES", "least per second, of bodies and answers (200)",
	    .number = &hsm_server.rate, .least = 0, .most = 1000000 },
	{ "header-time", "MS", "for the head of a request (10000)",
	    .number = &hsm_header, .least = 1, .most = HSM_DAY },
	{ "idle-time", "MS", "without a request (15000)", .number = &hsm_idle,
	    .least = 1, .most = HSM_DAY },
	{ "stall-time", "MS", "without an answer being taken (30000)",
	    .number = &hsm_stall, .least = 1, .most = HSM_DAY },
	{ "linger-time", "MS", "for the guest to close after us (2000)",
	    .number = &hsm_linger, .least = 1, .most = HSM_DAY },
	{ "grace-time", "MS", "for what goes on at SIGTERM (10000)",
	    .number = &hsm_grace, .least = 1, .most = HSM_DAY },
	{ .name = NULL },
};

/* ---- Signals ------------------------------------------------------------- */

static void
hsm_signal(struct reactor *r, struct reactor_signal *signal,
    const struct reactor_signal_info *info)
{
	int again = hsm_signals++ > 0 || info->count > 1;
	long i;

	(void)r;
	(void)signal;
	for (i = 0; i < hsm_loops; i++)
		if (again)
			reactor_stop(hsm_all[i]->reactor);
		else
			httpd_loop_stop(hsm_all[i]);
}

static struct reactor_signal hsm_ends[] = {
	{ .event.name = "SIGINT", .callback = hsm_signal, .number = SIGINT },
	{ .event.name = "SIGTERM", .callback = hsm_signal, .number = SIGTERM },
};

/* ---- The program --------------------------------------------------------- */

static void
hsm_settle(void)
{
	long most = demo_descriptors();

	most -= most / 5 + HSM_OTHERS;
	if (hsm_server.connections > most)
		hsm_server.connections = most;
	hsm_server.connections =
	    (hsm_server.connections + hsm_loops - 1) / hsm_loops;
	if (hsm_server.connections < 1)
		hsm_server.connections = 1;
	hsm_server.header = hsm_header * REACTOR_MILLISECOND;
	hsm_server.idle = hsm_idle * REACTOR_MILLISECOND;
	hsm_server.stall = hsm_stall * REACTOR_MILLISECOND;
	hsm_server.linger = hsm_linger * REACTOR_MILLISECOND;
	hsm_server.grace = hsm_grace * REACTOR_MILLISECOND;
	hsm_server.root = httpd_file_root(hsm_root);
	if (hsm_server.root == -1)
		demo_fail("%s: %s", hsm_root, strerror(errno));
	if (httpd_peers_open(&hsm_server.peers) == -1)
		demo_fail("cannot start: %s", strerror(errno));
}

static void
hsm_open(void)
{
	struct httpd_loop *l;
	const int *fds;
	size_t i, count;

	for (i = 0; i < (size_t)hsm_loops; i++) {
		l = hsm_all[i] = calloc(1, sizeof(*l));
		if (l == NULL)
			demo_fail("cannot start: %s", strerror(errno));
		fds = httpd_listen_sockets(i, &count);
		if (httpd_loop_open(l, &hsm_server, hsm_backend, fds, count) ==
		    0)
			continue;
		if (l->reactor == NULL)
			demo_fail("%s", reactor_error());
		demo_fail("cannot start a loop: %s", strerror(errno));
	}
	for (i = 0; i < sizeof(hsm_ends) / sizeof(*hsm_ends); i++)
		if (reactor_signal_start(hsm_all[0]->reactor, &hsm_ends[i]) ==
		    -1)
			demo_fail("reactor_signal_start: %s", strerror(errno));
}

/* While others still run, a signal ends the program at once. */
static void
hsm_run(void)
{
	size_t k;
	long i;

	for (i = 1; i < hsm_loops; i++) {
		errno = pthread_create(
		    &hsm_all[i]->thread, NULL, httpd_loop_run, hsm_all[i]);
		if (errno != 0)
			demo_fail("cannot start a thread: %s", strerror(errno));
	}
	(void)httpd_loop_run(hsm_all[0]);
	for (k = 0; k < sizeof(hsm_ends) / sizeof(*hsm_ends); k++)
		reactor_signal_stop(hsm_all[0]->reactor, &hsm_ends[k]);
	for (i = 1; i < hsm_loops; i++)
		(void)pthread_join(hsm_all[i]->thread, NULL);
}

int
main(int argc, char **argv)
{
	long i;

	httpd_listen_gather(argc, argv);
	(void)demo_options(argc, argv, hsm_about, hsm_options);
	hsm_settle();
	httpd_listen_open((size_t)hsm_loops);
	hsm_open();
	httpd_listen_tell();
	hsm_run();
	for (i = 0; i < hsm_loops; i++) {
		httpd_loop_close(hsm_all[i]);
		free(hsm_all[i]);
	}
	httpd_peers_close(&hsm_server.peers);
	return close(hsm_server.root) == -1;
}
