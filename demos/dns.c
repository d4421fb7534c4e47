/*
 * SPDX-License-Identifier: ISC
 *
 * dns.c: looks up many names at once with c-ares, which needs no threads.
 *
 *	build/demos/dns localhost example.org example.com
 *	build/demos/dns --server=127.0.0.1:5353 example.org
 */
#include <sys/socket.h>
#include <netdb.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <reactor/adapters/cares.h>
#include <reactor/reactor.h>
#include "demos/demo.h"

struct name {
	const char *text;
	int64_t began;
};

static const char *backend, *servers;
static long seconds = 10;

static struct name *names;
static size_t count, found, failed;

/* ---- One ----------------------------------------------------------------- */

static void
print(const struct ares_addrinfo *list)
{
	const struct ares_addrinfo_node *node;
	char text[128];

	for (node = list->nodes; node != NULL; node = node->ai_next)
		if (getnameinfo(node->ai_addr, node->ai_addrlen, text,
			sizeof(text), NULL, 0, NI_NUMERICHOST) == 0)
			printf(" %s", text);
}

/* For a name that is in the file of hosts, this is called at once. */
static void
answered(void *data, int status, int timeouts, struct ares_addrinfo *list)
{
	const struct name *name = data;

	(void)timeouts;
	*(status == ARES_SUCCESS ? &found : &failed) += 1;
	if (status == ARES_EDESTRUCTION)
		printf("%11s  %-20s timed out\n", "---", name->text);
	else
		printf("%8.1f ms  %-20s",
		    (double)(demo_now() - name->began) / 1e6, name->text);
	if (status == ARES_SUCCESS) {
		print(list);
		putchar('\n');
		ares_freeaddrinfo(list);
	} else if (status != ARES_EDESTRUCTION) {
		printf(" %s\n", ares_strerror(status));
	}
}

/* ---- All of them --------------------------------------------------------- */

/* Those that have not been answered hear so, from c-ares. */
static void
too_late(struct reactor *r, struct reactor_timer *timer)
{
	(void)timer;
	reactor_stop(r);
}

static void
look_up_all(struct reactor *r)
{
	struct ares_addrinfo_hints hints = { .ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM };
	struct reactor_timer limit = { .callback = too_late,
		.event.flags = REACTOR_BACKGROUND };
	struct reactor_cares cares;
	size_t i;

	if (reactor_cares_start(r, &cares, NULL, 0) == -1 ||
	    reactor_timer_start(r, &limit, seconds * REACTOR_SECOND) == -1)
		demo_fail("%s", strerror(errno));
	if (servers != NULL &&
	    ares_set_servers_ports_csv(cares.channel, servers) != ARES_SUCCESS)
		demo_usage("--server=%s: no list of addresses", servers);
	for (i = 0; i < count; i++) {
		names[i].began = demo_now();
		ares_getaddrinfo(cares.channel, names[i].text, NULL, &hints,
		    answered, &names[i]);
	}
	if (reactor_run(r) == -1)
		demo_fail("%s", strerror(errno));
	reactor_cares_stop(r, &cares);
	reactor_timer_stop(r, &limit);
}

static const struct demo_option options[] = {
	{ .name = "server",
	    .value = "LIST",
	    .help = "addresses[:port] to ask (those of the system)",
	    .text = &servers },
	{ .name = "timeout",
	    .value = "SECONDS",
	    .help = "for all of them together (10)",
	    .number = &seconds,
	    .least = 1,
	    .most = 3600 },
	{ .name = "backend",
	    .value = "NAME",
	    .help = "of the loop: epoll, kqueue, poll, select",
	    .text = &backend },
	{ .name = NULL },
};

int
main(int argc, char **argv)
{
	struct reactor_options with = { 0 };
	int64_t began = demo_now();
	struct reactor *r;
	int n = 1;

	while (n < argc && argv[n][0] == '-')
		n++;
	demo_options(n, argv, "Looks up the NAMEs after the options.", options);
	if (n == argc)
		demo_usage("no NAME");
	if (argv[argc - 1][0] == '-')
		demo_usage("%s: options come before names", argv[argc - 1]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	with.backend = backend;
	if ((r = reactor_open(&with)) == NULL)
		demo_fail("%s", reactor_error());
	if ((names = calloc((size_t)(argc - n), sizeof(*names))) == NULL)
		demo_fail("no memory");
	for (; n < argc; n++)
		names[count++].text = argv[n];
	look_up_all(r);
	printf("\n%zu found, %zu failed, in %.1f ms\n", found, failed,
	    (double)(demo_now() - began) / 1e6);
	demo_write_end(stdout, "standard output");
	reactor_close(r);
	free(names);
	return failed > 0;
}
