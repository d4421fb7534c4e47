/*
 * SPDX-License-Identifier: ISC
 *
 * bench_st.c: State Threads as a contestant: an echo server with a thread of
 * its own for each connection.
 */
#include <st.h>
#include <stdint.h>
#include <string.h>
#include "test/bench/bench.h"

static st_cond_t se_last, se_again;
static int se_over;

/* ALT is epoll, but Debian's has none, and takes select. */
static int
se_open(const char *backend)
{
	int system =
	    strcmp(backend, "poll") == 0 ? ST_EVENTSYS_POLL : ST_EVENTSYS_ALT;

	if (st_set_eventsys(system) == -1 || st_init() == -1 ||
	    strcmp(st_get_eventsys_name(), backend) != 0)
		return -1;
	se_last = st_cond_new();
	se_again = st_cond_new();
	return 0;
}

static void *
se_serve(void *argument)
{
	st_netfd_t fd = argument;
	char request[BENCH_REQUEST];
	ssize_t n;

	for (;;) {
		n = st_read(fd, request, sizeof(request), ST_UTIME_NO_TIMEOUT);
		if (n <= 0 ||
		    st_write(fd, request, (size_t)n, ST_UTIME_NO_TIMEOUT) != n)
			return NULL;
		if (bench_echo_served()) {
			se_over = 1;
			(void)st_cond_signal(se_last);
		}
		/* A thread goes on as long as there are requests for it. */
		if (se_over)
			(void)st_cond_wait(se_again);
	}
}

static int
se_watch(const int *fds, size_t n, enum bench_work work)
{
	st_netfd_t fd;
	size_t i;

	for (i = 0; work == BENCH_ECHO && i < n; i++) {
		fd = st_netfd_open_socket(fds[i]);
		if (fd == NULL || st_thread_create(se_serve, fd, 0, 0) == NULL)
			return -1;
	}
	return work == BENCH_ECHO ? 0 : -1;
}

static void
se_run(void)
{
	se_over = 0;
	(void)st_cond_broadcast(se_again);
	(void)st_cond_wait(se_last);
}

const struct bench_contestant bench_contestant = {
	.name = "st",
	.open = se_open,
	.watch = se_watch,
	.run = se_run,
};
