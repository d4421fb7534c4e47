/*
 * SPDX-License-Identifier: ISC
 *
 * raw_wait.c: wait, look who is ready, call.  Nothing may change meanwhile,
 * no handler may go, nobody has a priority: a program's own loop.
 */
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include "test/bench/raw.h"

#define RW_EVENTS 1024

/* ---- epoll --------------------------------------------------------------- */

static int rw_epoll = -1;

static int
rw_epoll_open(void)
{
	rw_epoll = epoll_create1(EPOLL_CLOEXEC);
	return rw_epoll == -1 ? -1 : 0;
}

static int
rw_epoll_add(int fd, size_t i)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = i };

	return epoll_ctl(rw_epoll, EPOLL_CTL_ADD, fd, &event);
}

static int
rw_epoll_wait(int timeout, int (*work)(size_t))
{
	static struct epoll_event events[RW_EVENTS];
	int i, n = epoll_wait(rw_epoll, events, RW_EVENTS, timeout);

	for (i = 0; i < n; i++)
		if (work((size_t)events[i].data.u64))
			return 1;
	return 0;
}

const struct raw_wait raw_epoll = {
	.name = "epoll",
	.open = rw_epoll_open,
	.add = rw_epoll_add,
	.wait = rw_epoll_wait,
};

/* ---- poll ---------------------------------------------------------------- */

static struct pollfd *rw_set;
static size_t rw_used, rw_room;

static int
rw_poll_open(void)
{
	return 0;
}

static int
rw_poll_add(int fd, size_t i)
{
	if (i >= rw_room) {
		rw_room = i < 64 ? 64 : 2 * i;
		rw_set = realloc(rw_set, rw_room * sizeof(*rw_set));
		if (rw_set == NULL)
			return -1;
	}
	rw_set[i] = (struct pollfd){ .fd = fd, .events = POLLIN };
	rw_used = i + 1;
	return 0;
}

static int
rw_poll_wait(int timeout, int (*work)(size_t))
{
	int left = poll(rw_set, (nfds_t)rw_used, timeout);
	struct pollfd *p;

	for (p = rw_set; left > 0; left--, p++) {
		while (p->revents == 0)
			p++;
		if (work((size_t)(p - rw_set)))
			return 1;
	}
	return 0;
}

const struct raw_wait raw_poll = {
	.name = "poll",
	.open = rw_poll_open,
	.add = rw_poll_add,
	.wait = rw_poll_wait,
};

/* ---- select, with bit sets as long as they need to be -------------------- */

#define RW_BITS ((int)(8 * sizeof(unsigned long)))

static unsigned long *rw_wanted, *rw_came;
static size_t *rw_id; /* of a descriptor */
static int rw_max;    /* the highest descriptor */

static int
rw_select_open(void)
{
	rw_max = -1;
	return 0;
}

static int
rw_select_grow(int fd)
{
	size_t words = (size_t)(fd / RW_BITS + 1);
	size_t had = rw_max < 0 ? 0 : (size_t)(rw_max / RW_BITS + 1);

	rw_wanted = realloc(rw_wanted, words * sizeof(*rw_wanted));
	rw_came = realloc(rw_came, words * sizeof(*rw_came));
	rw_id = realloc(rw_id, words * (size_t)RW_BITS * sizeof(*rw_id));
	if (rw_wanted == NULL || rw_came == NULL || rw_id == NULL)
		return -1;
	for (; had < words; had++)
		rw_wanted[had] = 0;
	rw_max = fd;
	return 0;
}

static int
rw_select_add(int fd, size_t i)
{
	if (fd > rw_max && rw_select_grow(fd) == -1)
		return -1;
	rw_wanted[fd / RW_BITS] |= 1ul << fd % RW_BITS;
	rw_id[fd] = i;
	return 0;
}

static int
rw_select_wait(int timeout, int (*work)(size_t))
{
	struct timeval tv = { timeout / 1000, timeout % 1000 * 1000 };
	int word, words = rw_max / RW_BITS + 1, left;
	unsigned long bits;

	for (word = 0; word < words; word++)
		rw_came[word] = rw_wanted[word];
	left = select(rw_max + 1, (fd_set *)(void *)rw_came, NULL, NULL,
	    timeout < 0 ? NULL : &tv);
	for (word = 0; left > 0; word++)
		for (bits = rw_came[word]; bits != 0; bits &= bits - 1) {
			left--;
			if (work(rw_id[word * RW_BITS + __builtin_ctzl(bits)]))
				return 1;
		}
	return 0;
}

const struct raw_wait raw_select = {
	.name = "select",
	.open = rw_select_open,
	.add = rw_select_add,
	.wait = rw_select_wait,
};
