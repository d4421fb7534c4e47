/*
 * SPDX-License-Identifier: ISC
 *
 * wait.c: when a hooked call has to wait, how long it may, and what ends it.
 */
#include <sys/time.h>
#include <fcntl.h>
#include <unistd.h>
#include "coro/hook/internal.h"

#define HKW_BUDGET   64 /* calls without a wait, before others have their turn */
#define HKW_SHORTEST REACTOR_MILLISECOND
#define HKW_LONGEST  (16 * REACTOR_MILLISECOND)

/* ---- Time ---------------------------------------------------------------- */

int64_t
hook__deadline(int64_t timeout)
{
	int64_t now = task_now();

	return timeout < 0 || timeout > INT64_MAX - now ? INT64_MAX
							: now + timeout;
}

int64_t
hook__left(int64_t deadline)
{
	int64_t left;

	if (deadline == INT64_MAX)
		return -1;
	left = deadline - task_now();
	return left > 0 ? left : 0;
}

/* As long as can be said, which is 292 years. */
int64_t
hook__span(const struct timespec *span)
{
	if ((int64_t)span->tv_sec > INT64_MAX / REACTOR_SECOND - 1)
		return INT64_MAX;
	return (int64_t)span->tv_sec * REACTOR_SECOND + span->tv_nsec;
}

int64_t
hook__timeout(int fd, int option)
{
	struct timeval limit = { 0, 0 };
	socklen_t size = sizeof(limit);
	struct timespec span;

	if (getsockopt(fd, SOL_SOCKET, option, &limit, &size) == -1 ||
	    (limit.tv_sec == 0 && limit.tv_usec == 0))
		return -1;
	span.tv_sec = limit.tv_sec;
	span.tv_nsec = limit.tv_usec * 1000;
	return hook__span(&span);
}

int
hook__pause(int64_t *pause, int64_t deadline)
{
	int64_t left = hook__left(deadline);

	if (*pause < HKW_SHORTEST)
		*pause = HKW_SHORTEST;
	if (task_sleep(left >= 0 && left < *pause ? left : *pause) == -1)
		return -1;
	if (*pause < HKW_LONGEST)
		*pause *= 2;
	return 0;
}

/* ---- Descriptors --------------------------------------------------------- */

int
hook__blocks(int fd)
{
	int flags = hook__real()->fcntl(fd, F_GETFL);

	return flags != -1 && (flags & O_NONBLOCK) == 0;
}

int
hook__ready(int fd, short events)
{
	struct pollfd p;

	p.fd = fd;
	p.events = events;
	p.revents = 0;
	(void)hook__real()->poll(&p, 1, 0);
	return p.revents != 0;
}

/* What the child of a fork or vfork closes, the parent still has. */
void
hook__forget(int fd)
{
	if (hook__here.owner != getpid())
		return;
	task_forget(fd);
	hook__several_closed(fd);
}

int
hook__new(int fd)
{
	if (fd != -1)
		hook__forget(fd);
	return fd;
}

int
hook__is_mask(const sigset_t *mask)
{
	sigset_t now;
	int i;

	if (mask == NULL)
		return 1;
	if (pthread_sigmask(SIG_BLOCK, NULL, &now) != 0)
		return 0;
	for (i = 1; i <= SIGRTMAX; i++)
		if (sigismember(&now, i) != sigismember(mask, i))
			return 0;
	return 1;
}

/* ---- The wait ------------------------------------------------------------ */

/* task_yield tells the scope that is to blame. */
int
hook__begin(struct hook__task *t, int fd)
{
	if (++t->calls < HKW_BUDGET && !task_cancelled())
		return 0;
	if (fd != -1 && !hook__blocks(fd))
		return 0;
	t->calls = 0;
	return task_yield();
}

static int
hkw_again(void)
{
	errno = EAGAIN;
	return -1;
}

/*
 * An error that nobody fetches would wake us again and again.  When the time is
 * over, one more look: it may have come while we were not running.
 */
static int
hkw_poll(struct hook__wait *w, int64_t left)
{
	int ready = w->dead ? hook__pause(&w->pause, w->deadline)
			    : task_poll(w->fd, w->wanted, left);

	if (ready == -1)
		return errno == ETIMEDOUT ? 0 : -1;
	w->dead = w->dead || (ready & (REACTOR_ERROR | REACTOR_HANGUP)) != 0;
	return 0;
}

int
hook__wait(struct hook__wait *w)
{
	int64_t left;

	if (!hook__blocks(w->fd))
		return hkw_again();
	if (!w->asked) {
		w->deadline = hook__deadline(hook__timeout(w->fd, w->option));
		w->asked = 1;
	}
	left = hook__left(w->deadline);
	return left != 0 ? hkw_poll(w, left) : hkw_again();
}
