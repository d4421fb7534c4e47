/*
 * SPDX-License-Identifier: ISC
 *
 * raw_post.c: posting by hand.  A flag that says it is posted, exchanged, and
 * an eventfd that whoever sets it writes; edge-triggered, so that nobody needs
 * to read it.
 */
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include "test/bench/raw.h"

static struct {
	int epoll, wake;
	unsigned posted;
	char apart[128]; /* the other's is on another cache line */
} rp_loop[2];

int
raw_post_open(const char *backend)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int k;

	if (strcmp(backend, raw_epoll.name) != 0)
		return -1;
	for (k = 0; k < 2; k++) {
		rp_loop[k].epoll = epoll_create1(EPOLL_CLOEXEC);
		rp_loop[k].wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (epoll_ctl(rp_loop[k].epoll, EPOLL_CTL_ADD, rp_loop[k].wake,
			&event) == -1)
			return -1;
	}
	return 0;
}

void
raw_post_send(int k, long count)
{
	const uint64_t one = 1;

	for (; count > 0; count--)
		if (__atomic_exchange_n(
			&rp_loop[k].posted, 1, __ATOMIC_SEQ_CST) == 0 &&
		    write(rp_loop[k].wake, &one, sizeof(one)) == -1)
			bench_die("eventfd");
}

static int
rp_turn(int k, int timeout)
{
	struct epoll_event event;

	if (epoll_wait(rp_loop[k].epoll, &event, 1, timeout) < 1)
		return 0;
	(void)__atomic_exchange_n(&rp_loop[k].posted, 0, __ATOMIC_SEQ_CST);
	return bench_posted(k);
}

void
raw_post_run(int k)
{
	while (!rp_turn(k, -1))
		continue;
}

void
raw_post_poll(int k)
{
	(void)rp_turn(k, 0);
}
