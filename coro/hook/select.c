/*
 * SPDX-License-Identifier: ISC
 *
 * select.c: select and pselect, by way of poll.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "coro/hook/internal.h"

#define HKS_BITS   (CHAR_BIT * (int)sizeof(long))

/* What select(2) of Linux takes for what. */
#define HKS_READ   (POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR)
#define HKS_WRITE  (POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR)
#define HKS_EXCEPT POLLPRI

struct hks_sets {
	int n;
	fd_set *set[3];
};

static const short hks_asks[3] = { POLLIN, POLLOUT, POLLPRI };
static const short hks_says[3] = { HKS_READ, HKS_WRITE, HKS_EXCEPT };

/* Sets may be longer than an fd_set, if there is memory for them. */
static unsigned long *
hks_word(fd_set *set, int fd)
{
	return (unsigned long *)(void *)set + fd / HKS_BITS;
}

static unsigned long
hks_bit(int fd)
{
	return 1ul << (fd % HKS_BITS);
}

static short
hks_wanted(const struct hks_sets *sets, int fd)
{
	short events = 0;
	int i;

	for (i = 0; i < 3; i++)
		if (sets->set[i] != NULL &&
		    (*hks_word(sets->set[i], fd) & hks_bit(fd)) != 0)
			events = (short)(events | hks_asks[i]);
	return events;
}

/* Returns how many there are. */
static nfds_t
hks_collect(const struct hks_sets *sets, struct pollfd *fds)
{
	nfds_t used = 0;
	short events;
	int fd;

	for (fd = 0; fd < sets->n; fd++) {
		events = hks_wanted(sets, fd);
		if (events == 0)
			continue;
		fds[used].fd = fd;
		fds[used].events = events;
		fds[used++].revents = 0;
	}
	return used;
}

/* How many bits there are to be set; -1: one of them is not open. */
static int
hks_count(const struct pollfd *fds, nfds_t used)
{
	int i, count = 0;
	nfds_t k;

	for (k = 0; k < used; k++) {
		if (fds[k].revents & POLLNVAL) {
			errno = EBADF;
			return -1;
		}
		for (i = 0; i < 3; i++)
			count += (fds[k].events & hks_asks[i]) != 0 &&
			    (fds[k].revents & hks_says[i]) != 0;
	}
	return count;
}

static void
hks_tell(const struct hks_sets *sets, const struct pollfd *fds, nfds_t used)
{
	size_t words = (size_t)((sets->n + HKS_BITS - 1) / HKS_BITS);
	nfds_t k;
	int i;

	for (i = 0; i < 3; i++) {
		if (sets->set[i] == NULL)
			continue;
		memset(sets->set[i], 0, words * sizeof(long));
		for (k = 0; k < used; k++)
			if ((fds[k].events & hks_asks[i]) != 0 &&
			    (fds[k].revents & hks_says[i]) != 0)
				*hks_word(sets->set[i], fds[k].fd) |=
				    hks_bit(fds[k].fd);
	}
}

/* What poll(2) cannot keep to itself may be nothing for select(2). */
static int
hks_poll(
    struct hook__task *t, struct pollfd *fds, nfds_t used, int64_t deadline)
{
	int64_t pause = 0, left;
	int count;

	for (;;) {
		left = hook__left(deadline);
		if (hook__poll(t, fds, used, left) == -1)
			return -1;
		count = hks_count(fds, used);
		if (count != 0 || left == 0 || hook__left(deadline) == 0)
			return count;
		if (hook__pause(&pause, deadline) == -1)
			return -1;
	}
}

static int
hks_select(struct hook__task *t, const struct hks_sets *sets, int64_t deadline)
{
	struct pollfd *fds;
	nfds_t used;
	int count, error;

	fds = malloc(((size_t)sets->n + 1) * sizeof(*fds));
	if (fds == NULL)
		return -1;
	used = hks_collect(sets, fds);
	count = hks_poll(t, fds, used, deadline);
	error = errno;
	if (count != -1)
		hks_tell(sets, fds, used);
	free(fds);
	errno = error;
	return count;
}

/* Linux leaves in it what is left. */
HOOK(int, select,
    (int n, fd_set *in, fd_set *out, fd_set *except, struct timeval *timeout))
{
	const struct hks_sets sets = { n, { in, out, except } };
	struct hook__task *t = HOOK_TASK;
	struct timespec span;
	int64_t deadline, left;
	int count;

	if (t == NULL || n < 0 ||
	    (timeout != NULL &&
		(timeout->tv_sec < 0 || timeout->tv_usec < 0 ||
		    (timeout->tv_sec == 0 && timeout->tv_usec == 0))))
		return hook__real()->select(n, in, out, except, timeout);
	if (timeout == NULL)
		return hks_select(t, &sets, INT64_MAX);
	span.tv_sec = timeout->tv_sec + timeout->tv_usec / 1000000;
	span.tv_nsec = timeout->tv_usec % 1000000 * 1000;
	deadline = hook__deadline(hook__span(&span));
	count = hks_select(t, &sets, deadline);
	left = hook__left(deadline);
	if (left >= 0) {
		timeout->tv_sec = (time_t)(left / REACTOR_SECOND);
		timeout->tv_usec = left % REACTOR_SECOND / 1000;
	}
	return count;
}

HOOK(int, pselect,
    (int n, fd_set *in, fd_set *out, fd_set *except,
	const struct timespec *timeout, const sigset_t *mask))
{
	const struct hks_sets sets = { n, { in, out, except } };
	struct hook__task *t = HOOK_TASK;

	if (t == NULL || n < 0 || !hook__is_mask(mask) ||
	    (timeout != NULL &&
		(timeout->tv_sec < 0 || timeout->tv_nsec < 0 ||
		    timeout->tv_nsec >= REACTOR_SECOND ||
		    (timeout->tv_sec == 0 && timeout->tv_nsec == 0))))
		return hook__real()->pselect(n, in, out, except, timeout, mask);
	return hks_select(t, &sets,
	    hook__deadline(timeout != NULL ? hook__span(timeout) : -1));
}
