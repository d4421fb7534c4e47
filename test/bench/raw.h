/*
 * SPDX-License-Identifier: ISC
 *
 * raw.h: the hand-written loop.  raw_wait.c has it three times, for epoll,
 * poll and select; bench_raw.c makes a contestant of it; raw_timers.h and
 * raw_post.c are what a program would do by hand about time and threads.
 */
#ifndef BENCH_RAW_H
#define BENCH_RAW_H

#include "test/bench/bench.h"

struct raw_wait {
	const char *name;
	int (*open)(void);
	/* The i-th descriptor. */
	int (*add)(int fd, size_t i);
	/* Waits, ms; calls work(i) for what is ready; 1: it said stop. */
	int (*wait)(int timeout, int (*work)(size_t));
};

extern const struct raw_wait raw_epoll, raw_poll, raw_select;

int raw_post_open(const char *backend);
void raw_post_send(int k, long count);
void raw_post_run(int k);
void raw_post_poll(int k);

#endif
