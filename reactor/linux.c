/*
 * SPDX-License-Identifier: ISC
 *
 * linux.c: what Linux has and other systems do not.  portable.c stands in
 * for it elsewhere; the kernel itself may also say ENOSYS to any of these.
 */
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "reactor/internal.h"
#include "reactor/nowait.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open (-1) /* with old headers: ENOSYS */
#endif
#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif
#ifndef TFD_TIMER_CANCEL_ON_SET
#define TFD_TIMER_CANCEL_ON_SET 2
#endif
#define LX_NO_ADVICE 12345
#define LX_NOWAIT    0x08 /* RWF_NOWAIT, which older headers lack */
/* The last second that there is; a later one would be an early one. */
#define LX_LAST      (sizeof(time_t) > 4 ? INT64_MAX : INT32_MAX)
#define LX_P_PIDFD   ((idtype_t)3) /* P_PIDFD, which older headers lack */

const char *
reactor__getenv(const char *name)
{
	return secure_getenv(name);
}

int
reactor__eventfd(void)
{
	return reactor__descriptor_high(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

int
reactor__timerfd(int clock)
{
	static const clockid_t id[REACTOR__CLOCKS] = {
		[REACTOR__MONOTONIC] = CLOCK_MONOTONIC,
		[REACTOR__WALL] = CLOCK_REALTIME,
		[REACTOR__BOOT] = CLOCK_BOOTTIME,
	};

	return reactor__descriptor_high(
	    timerfd_create(id[clock], TFD_CLOEXEC | TFD_NONBLOCK));
}

int
reactor__timerfd_set(int fd, int64_t deadline)
{
	struct itimerspec when = { { 0, 0 }, { 0, 1 } };
	int64_t seconds = deadline / REACTOR_SECOND;

	/* Zero would disarm it. */
	if (deadline > 0) {
		when.it_value.tv_sec =
		    (time_t)(seconds < LX_LAST ? seconds : LX_LAST);
		when.it_value.tv_nsec = (long)(deadline % REACTOR_SECOND);
	}
	if (timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET,
		&when, NULL) == 0)
		return 0;
	/* The clock stepped just now, and it is armed all the same. */
	return errno == ECANCELED ? 0 : -1;
}

/* Who says yes to any advice, as an emulator may, follows none. */
int
reactor__wipe_on_fork(void *page, size_t size)
{
	if (madvise(page, size, LX_NO_ADVICE) == 0) {
		errno = ENOSYS;
		return -1;
	}
	return madvise(page, size, MADV_WIPEONFORK);
}

int
reactor__pidfd_open(int pid)
{
	return reactor__descriptor_high((int)syscall(SYS_pidfd_open, pid, 0));
}

static int64_t
lx_nanoseconds(const struct timeval *tv)
{
	return (int64_t)tv->tv_sec * REACTOR_SECOND +
	    (int64_t)tv->tv_usec * REACTOR_MICROSECOND;
}

int
reactor__pidfd_wait(int pidfd, struct reactor_child *child)
{
	struct rusage usage;
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	/* The system call tells the usage, which waitid(3) leaves out. */
	if (syscall(SYS_waitid, LX_P_PIDFD, pidfd, &info, WEXITED | WNOHANG,
		&usage) == -1)
		return -1;
	if (info.si_pid == 0) {
		errno = EAGAIN;
		return -1;
	}
	child->status =
	    info.si_code == CLD_EXITED ? info.si_status << 8 : info.si_status;
	if (info.si_code == CLD_DUMPED)
		child->status |= 0x80; /* as waitpid would have it */
	child->user = lx_nanoseconds(&usage.ru_utime);
	child->system = lx_nanoseconds(&usage.ru_stime);
	child->resident = (int64_t)usage.ru_maxrss * 1024;
	return 0;
}

int
reactor__inotify_open(void)
{
	return reactor__descriptor_high(
	    inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
}

int
reactor__inotify_add(int fd, const char *path)
{
	return inotify_add_watch(fd, path,
	    IN_ATTRIB | IN_MODIFY | IN_CLOSE_WRITE | IN_CREATE | IN_DELETE |
		IN_DELETE_SELF | IN_MOVE | IN_MOVE_SELF);
}

void
reactor__inotify_remove(int fd, int watch)
{
	(void)inotify_rm_watch(fd, watch);
}

static unsigned
lx_what(const struct inotify_event *event)
{
	unsigned what = 0;

	if (event->mask &
	    (IN_MODIFY | IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVE))
		what |= REACTOR__MODIFIED;
	if (event->mask &
	    (IN_CREATE | IN_DELETE | IN_MOVE | IN_DELETE_SELF | IN_MOVE_SELF |
		IN_IGNORED | IN_UNMOUNT))
		what |= REACTOR__GONE;
	return what;
}

void
reactor__inotify_read(int fd, reactor__inotify_fn *changed, void *context)
{
	_Alignas(struct inotify_event) char bytes[4096];
	const struct inotify_event *event;
	const char *p;
	ssize_t n;
	int turns;

	/* Bounded: what others do to files must not hold the loop up. */
	for (turns = 0; turns < 16; turns++) {
		n = read(fd, bytes, sizeof(bytes));
		if (n <= 0)
			return;
		for (p = bytes; p < bytes + n;
		     p += sizeof(*event) + event->len) {
			event = (const struct inotify_event *)(const void *)p;
			changed(context,
			    event->mask & IN_Q_OVERFLOW ? -1 : event->wd,
			    lx_what(event), event->len > 0 ? event->name : "");
		}
	}
}

/* ---- Without waiting ----------------------------------------------------- */

static ssize_t
lx_nowait(ssize_t n)
{
	if (n == -1 && (errno == ENOSYS || errno == EINVAL || errno == EPERM))
		errno = EOPNOTSUPP;
	return n;
}

/*
 * By number, as musl has no function for it.  Offset -1, in two halves: where it
 * is, as for what has no place.
 */
ssize_t
reactor__readv_now(int fd, const struct iovec *v, int n)
{
	return lx_nowait(
	    syscall(SYS_preadv2, fd, v, (long)n, -1L, -1L, LX_NOWAIT));
}

ssize_t
reactor__writev_now(int fd, const struct iovec *v, int n)
{
	return lx_nowait(
	    syscall(SYS_pwritev2, fd, v, (long)n, -1L, -1L, LX_NOWAIT));
}

int
reactor__accept_now(int fd, struct sockaddr *address, unsigned *length)
{
	return accept4(fd, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}
