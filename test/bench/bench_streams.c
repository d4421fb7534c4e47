/*
 * SPDX-License-Identifier: ISC
 *
 * bench_streams.c: this library's streams as a contestant: an echo server.
 */
#include <reactor/net.h>
#include "test/bench/bench.h"

static struct reactor *bs_loop;

static int
bs_open(const char *backend)
{
	struct reactor_options options = { .backend = backend };

	bs_loop = reactor_open(&options);
	return bs_loop == NULL ? -1 : 0;
}

static void
bs_echo(struct reactor *r, struct reactor_stream *s, unsigned what)
{
	size_t size;
	const char *bytes = reactor_stream_input(s, &size);

	if (what != REACTOR_STREAM_INPUT ||
	    reactor_stream_write(s, bytes, size) != 0)
		bench_die("stream");
	reactor_stream_consume(s, size);
	if (bench_echo_served())
		reactor_stop(r);
}

static int
bs_watch(const int *fds, size_t n, enum bench_work work)
{
	struct reactor_stream *s = bench_zeros(n, sizeof(*s));
	size_t i;

	for (i = 0; work == BENCH_ECHO && i < n; i++) {
		s[i].callback = bs_echo;
		s[i].fd = fds[i];
		if (reactor_stream_start(bs_loop, &s[i]) == -1)
			return -1;
	}
	return work == BENCH_ECHO ? 0 : -1;
}

static void
bs_run(void)
{
	if (reactor_run(bs_loop) == -1)
		bench_die("reactor_run");
}

const struct bench_contestant bench_contestant = {
	.name = "streams",
	.open = bs_open,
	.watch = bs_watch,
	.run = bs_run,
};
