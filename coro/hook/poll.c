/*
 * SPDX-License-Identifier: ISC
 *
 * poll.c: poll and its relatives: look, wait until there may be something to be
 * seen, and look again.
 *
 * For one descriptor and plain events, the library waits.  Several descriptors,
 * or other events, go into an epoll descriptor, and that is waited for: epoll
 * knows every event of poll(2), and forgets what is closed.
 */
#include <string.h>
#include "coro/hook/internal.h"

#define HKE_PLAIN (POLLIN | POLLOUT | POLLPRI)

struct hook__several {
	struct hook__several *next, **place; /* in the list of the thread's */
	const struct pollfd *fds;
	nfds_t n;
	int epoll;
};

/* ---- Several ------------------------------------------------------------- */

void
hook__several_closed(int fd)
{
	struct hook__several *s;
	nfds_t i;

	for (s = hook__here.several; s != NULL; s = s->next)
		for (i = 0; i < s->n; i++)
			if (s->fds[i].fd == fd) {
				task_forget(s->epoll);
				break;
			}
}

/* The events of a descriptor that is there twice are wanted together. */
static uint32_t
hke_events(const struct hook__several *s, int fd)
{
	uint32_t events = 0;
	nfds_t i;

	for (i = 0; i < s->n; i++)
		if (s->fds[i].fd == fd)
			events |= (unsigned short)s->fds[i].events;
	return events;
}

static int
hke_add(const struct hook__several *s, int fd)
{
	struct epoll_event event;

	memset(&event, 0, sizeof(event));
	event.events = (unsigned short)hke_events(s, fd);
	if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &event) == 0 ||
	    errno == EEXIST)
		return 0;
	return -1;
}

static int
hke_add_all(const struct hook__several *s)
{
	nfds_t i;

	for (i = 0; i < s->n; i++)
		if (s->fds[i].fd >= 0 && hke_add(s, s->fds[i].fd) == -1)
			return -1;
	return 0;
}

static void
hke_enlist(struct hook__several *s)
{
	s->next = hook__here.several;
	s->place = &hook__here.several;
	if (s->next != NULL)
		s->next->place = &s->next;
	hook__here.several = s;
}

static int
hke_wait_listed(struct hook__several *s, int64_t left)
{
	int result;

	hke_enlist(s);
	result = task_poll(s->epoll, REACTOR_READ, left);
	*s->place = s->next;
	if (s->next != NULL)
		s->next->place = s->place;
	return result;
}

static int
hke_wait_several(const struct pollfd *fds, nfds_t n, int64_t left)
{
	struct hook__several s = { .fds = fds, .n = n };
	int result, error;

	s.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (s.epoll == -1)
		return -1;
	task_forget(s.epoll);
	result = hke_add_all(&s);
	if (result == 0)
		result = hke_wait_listed(&s, left);
	error = errno;
	task_forget(s.epoll);
	(void)hook__real()->close(s.epoll);
	errno = error;
	return result;
}

/* ---- One, or none -------------------------------------------------------- */

static int
hke_wait_one(const struct pollfd *p, int64_t left)
{
	unsigned wanted = (p->events & POLLIN ? REACTOR_READ : 0u) |
	    (p->events & POLLOUT ? REACTOR_WRITE : 0u) |
	    (p->events & POLLPRI ? REACTOR_URGENT : 0u);

	return task_poll(p->fd, wanted, left);
}

static int
hke_is_plain(const struct pollfd *p)
{
	return p->events != 0 && (p->events & ~HKE_PLAIN) == 0;
}

static int
hke_wait(const struct pollfd *fds, nfds_t n, int64_t left)
{
	const struct pollfd *one = NULL;
	nfds_t i, used = 0;

	for (i = 0; i < n; i++)
		if (fds[i].fd >= 0) {
			one = &fds[i];
			used++;
		}
	if (used == 0)
		return task_sleep(left >= 0 ? left : INT64_MAX);
	if (used == 1 && hke_is_plain(one))
		return hke_wait_one(one, left);
	return hke_wait_several(fds, n, left);
}

/* ---- poll(2) ------------------------------------------------------------- */

/* The time is over, or it was closed: what is to be said of that says poll(2). */
static int
hke_look_again(int result)
{
	return result != -1 || errno == ETIMEDOUT || errno == EBADF;
}

int
hook__poll(struct hook__task *t, struct pollfd *fds, nfds_t n, int64_t timeout)
{
	int64_t deadline, left;
	int result;

	if (timeout == 0)
		return hook__real()->poll(fds, n, 0);
	if (hook__begin(t, -1) == -1)
		return -1;
	deadline = hook__deadline(timeout);
	for (;;) {
		left = hook__left(deadline);
		result = hook__real()->poll(fds, n, 0);
		if (result != 0 || left == 0)
			return result;
		if (!hke_look_again(hke_wait(fds, n, left)))
			return -1;
	}
}

HOOK(int, poll, (struct pollfd * fds, nfds_t n, int timeout))
{
	struct hook__task *t = HOOK_TASK;

	if (t == NULL)
		return hook__real()->poll(fds, n, timeout);
	return hook__poll(t, fds, n, timeout * REACTOR_MILLISECOND);
}

/* Another mask would be that of all tasks: so all of them wait. */
int
hook__ppoll(struct hook__task *t, struct pollfd *fds, nfds_t n,
    const struct timespec *timeout, const sigset_t *mask)
{
	if (t == NULL || !hook__is_mask(mask) ||
	    (timeout != NULL && (timeout->tv_sec < 0 || timeout->tv_nsec < 0)))
		return hook__real()->ppoll(fds, n, timeout, mask);
	return hook__poll(
	    t, fds, n, timeout != NULL ? hook__span(timeout) : -1);
}

HOOK(int, ppoll,
    (struct pollfd * fds, nfds_t n, const struct timespec *timeout,
	const sigset_t *mask))
{
	return hook__ppoll(HOOK_TASK, fds, n, timeout, mask);
}

/* ---- epoll_wait(2): the descriptor itself can be waited for -------------- */

static int
hke_epoll(struct hook__task *t, int fd, struct epoll_event *events, int n,
    int timeout)
{
	int64_t deadline, left;
	int result;

	if (hook__begin(t, -1) == -1)
		return -1;
	deadline = hook__deadline(timeout * REACTOR_MILLISECOND);
	for (;;) {
		left = hook__left(deadline);
		result = hook__real()->epoll_wait(fd, events, n, 0);
		if (result != 0 || left == 0)
			return result;
		if (!hke_look_again(task_poll(fd, REACTOR_READ, left)))
			return -1;
	}
}

HOOK(int, epoll_wait, (int fd, struct epoll_event *events, int n, int timeout))
{
	struct hook__task *t = HOOK_TASK;

	if (t == NULL || timeout == 0)
		return hook__real()->epoll_wait(fd, events, n, timeout);
	return hke_epoll(t, fd, events, n, timeout);
}

HOOK(int, epoll_pwait,
    (int fd, struct epoll_event *events, int n, int timeout,
	const sigset_t *mask))
{
	struct hook__task *t = HOOK_TASK;

	if (t == NULL || timeout == 0 || !hook__is_mask(mask))
		return hook__real()->epoll_pwait(fd, events, n, timeout, mask);
	return hke_epoll(t, fd, events, n, timeout);
}
