/*
 * SPDX-License-Identifier: ISC
 *
 * echo.c: a server that answers requests of 64 bytes on N connections; its
 * client, a program of its own on another processor, has one request under way
 * on each.
 *
 *   echo BACKEND [N [REQUESTS [PAUSE]]]
 *
 * The server's processor time per request is the number to compare, as the
 * client is the slower of the two.  It is not beside a server that is traced:
 * then the client can make a pause, in us, before it goes on.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include "test/bench/bench.h"

static int *ec_fds;
size_t bench_requests_left;

int
bench_echo_serve(size_t i)
{
	char request[BENCH_REQUEST];
	ssize_t n = recv(ec_fds[i], request, sizeof(request), 0);

	if (n <= 0)
		return 0;
	if (send(ec_fds[i], request, (size_t)n, 0) != n)
		return 1;
	return bench_echo_served();
}

static struct sockaddr_in
ec_address(in_port_t port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = port,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	return address;
}

static int
ec_listen(in_port_t *port)
{
	struct sockaddr_in address = ec_address(0);
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd == -1 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) == -1 ||
	    listen(fd, 1024) == -1 ||
	    getsockname(fd, (struct sockaddr *)&address, &size) == -1)
		bench_die("listen");
	*port = address.sin_port;
	return fd;
}

/* A program anew: what traces or counts the server stays with the server. */
static pid_t
ec_client(const char *program, in_port_t port, size_t n, const char *pause)
{
	char ports[16], count[16];
	pid_t pid;

	(void)snprintf(ports, sizeof(ports), "%u", ntohs(port));
	(void)snprintf(count, sizeof(count), "%zu", n);
	pid = fork();
	if (pid == -1)
		bench_die("fork");
	if (pid != 0)
		return pid;
	(void)execl(program, program, "echo-client", "-", ports, count, pause,
	    (char *)NULL);
	_exit(1);
}

static void
ec_accept(int listener, size_t n)
{
	int one = 1;
	size_t i;

	ec_fds = bench_zeros(n, sizeof(*ec_fds));
	for (i = 0; i < n; i++) {
		ec_fds[i] =
		    accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (ec_fds[i] == -1)
			bench_die("accept");
		(void)setsockopt(
		    ec_fds[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	}
}

static void
ec_measure(size_t requests)
{
	int64_t cpu, began;
	double made;

	bench_requests_left = requests / 10 + 1; /* to warm up */
	bench_contestant.run();
	bench_requests_left = requests;
	began = bench_now();
	cpu = bench_cpu();
	bench_contestant.run();
	/* Some stop at once, some finish their turn: then it is below 0. */
	made = (double)(requests - bench_requests_left);
	bench_print("cpu-ns", (double)(bench_cpu() - cpu) / made);
	bench_print("requests/s", made * 1e9 / (double)(bench_now() - began));
}

int
bench_echo(int argc, char **argv)
{
	size_t n = bench_number(argc, argv, 3, 50);
	size_t requests = bench_number(argc, argv, 4, 100000);
	in_port_t port;
	pid_t client;
	int listener;

	bench_pin(0);
	bench_descriptors(n);
	if (bench_contestant.open(argv[2]) == -1)
		bench_skip("no such backend");
	(void)signal(SIGPIPE, SIG_IGN);
	listener = ec_listen(&port);
	client = ec_client(argv[0], port, n, argc > 5 ? argv[5] : NULL);
	ec_accept(listener, n);
	if (bench_contestant.watch(ec_fds, n, BENCH_ECHO) == -1)
		bench_skip("cannot watch that many descriptors");
	ec_measure(requests);
	(void)kill(client, SIGTERM);
	(void)waitpid(client, NULL, 0);
	return 0;
}

/* ---- The client: the same for all ---------------------------------------- */

static void
ec_connect(struct pollfd *set, size_t n, in_port_t port)
{
	struct sockaddr_in address = ec_address(htons(port));
	int one = 1;
	size_t i;

	for (i = 0; i < n; i++) {
		set[i].fd = socket(AF_INET, SOCK_STREAM, 0);
		set[i].events = POLLIN;
		if (set[i].fd == -1 ||
		    connect(set[i].fd, (struct sockaddr *)&address,
			sizeof(address)) == -1)
			bench_die("connect");
		(void)setsockopt(
		    set[i].fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	}
}

/* 0: the server has gone. */
static int
ec_again(struct pollfd *p)
{
	char reply[BENCH_REQUEST] = { 0 };

	if (recv(p->fd, reply, sizeof(reply), MSG_WAITALL) !=
	    (ssize_t)sizeof(reply))
		return 0;
	return send(p->fd, reply, sizeof(reply), MSG_NOSIGNAL) ==
	    (ssize_t)sizeof(reply);
}

int
bench_echo_client(int argc, char **argv)
{
	char request[BENCH_REQUEST] = { 0 };
	size_t i, n = bench_number(argc, argv, 4, 1);
	in_port_t port = (in_port_t)bench_number(argc, argv, 3, 7);
	useconds_t pause = argc > 5 ? (useconds_t)atoi(argv[5]) : 0;
	struct pollfd *set = bench_zeros(n, sizeof(*set));

	bench_pin(1);
	bench_descriptors(n);
	ec_connect(set, n, port);
	for (i = 0; i < n; i++)
		if (send(set[i].fd, request, sizeof(request), 0) == -1)
			bench_die("send");
	for (;;) {
		if (poll(set, (nfds_t)n, -1) == -1)
			bench_die("poll");
		if (pause > 0)
			(void)usleep(pause);
		for (i = 0; i < n; i++)
			if (set[i].revents != 0 && !ec_again(&set[i]))
				return 0;
	}
}
