/*
 * SPDX-License-Identifier: ISC
 *
 * portable.c: stands in for linux.c on the BSDs and macOS, with what POSIX and
 * they have.
 */
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <reactor/reactor.h>
#include "reactor/executor/system.h"
#include "reactor/support.h"

#define XO_NAME  16 /* of a thread, with the 0: as short as anywhere */
#define XO_TRIES 100

/* ---- How they differ ----------------------------------------------------- */

/* macOS has neither the clock of conditions nor names for other threads. */
#ifdef __APPLE__
#define xo_condition_init(condition) pthread_cond_init(condition, NULL)
#define xo_name(name)                (void)pthread_setname_np(name)

static int
xo_wait(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t deadline)
{
	int64_t ns = deadline - reactor__clock(REACTOR__MONOTONIC);
	struct timespec left = { 0, 0 };

	if (ns > 0) {
		left.tv_sec = (time_t)(ns / REACTOR_SECOND);
		left.tv_nsec = (long)(ns % REACTOR_SECOND);
	}
	return pthread_cond_timedwait_relative_np(condition, lock, &left);
}
#else
static int
xo_condition_init(pthread_cond_t *condition)
{
	pthread_condattr_t attributes;
	int error = pthread_condattr_init(&attributes);

	if (error != 0)
		return error;
	error = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	if (error == 0)
		error = pthread_cond_init(condition, &attributes);
	(void)pthread_condattr_destroy(&attributes);
	return error;
}

static int
xo_wait(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t deadline)
{
	struct timespec when = { 0, 0 };

	if (deadline > 0) {
		when.tv_sec = (time_t)(deadline / REACTOR_SECOND);
		when.tv_nsec = (long)(deadline % REACTOR_SECOND);
	}
	return pthread_cond_timedwait(condition, lock, &when);
}
#endif

#if defined(__FreeBSD__) || defined(__OpenBSD__) || defined(__DragonFly__)
#include <pthread_np.h>
#define xo_name(name) pthread_set_name_np(pthread_self(), name)
#elif defined(__NetBSD__)
#define xo_name(name) \
	(void)pthread_setname_np(pthread_self(), "%s", (void *)(name))
#elif !defined(__APPLE__)
#define xo_name(name) (void)(name)
#endif

#if defined(__OpenBSD__) || defined(__sun)
#include <stdio_ext.h>
#define xo_purge(file) __fpurge(file)
#elif defined(__linux__)
#include <stdio_ext.h>
#define xo_purge(file) __fpurge(file)
#else
#define xo_purge(file) (void)fpurge(file)
#endif

#if defined(__FreeBSD__)
#include <sys/procctl.h>
#define xo_die_with_parent() \
	(void)procctl(P_PID, 0, PROC_PDEATHSIG_CTL, &(int){ SIGKILL })
#else
/* The end of its socket tells a worker, and getppid(2) the helper. */
#define xo_die_with_parent() (void)0
#endif

#if defined(__FreeBSD__) || defined(__OpenBSD__) || defined(__NetBSD__) || \
    defined(__DragonFly__)
#define xo_close_from(first) (void)closefrom(first)
#else
/* The limit may be none, or lower than what was opened before it was set. */
static void
xo_close_from(int first)
{
	long last = sysconf(_SC_OPEN_MAX);
	int fd;

	if (last < 1024 || last > 65536)
		last = 65536;
	for (fd = first; fd < last; fd++)
		(void)close(fd);
}
#endif

/* ---- Threads ------------------------------------------------------------- */

int
reactor__condition_open(pthread_cond_t *condition)
{
	return xo_condition_init(condition);
}

int
reactor__condition_wait(
    pthread_cond_t *condition, pthread_mutex_t *lock, int64_t deadline)
{
	int result, was;

	/* Who is cancelled here would leave with the lock. */
	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &was);
	result = deadline == INT64_MAX ? pthread_cond_wait(condition, lock)
				       : xo_wait(condition, lock, deadline);
	(void)pthread_setcancelstate(was, &was);
	return result;
}

void
reactor__thread_name(const char *name)
{
	char cut[XO_NAME];

	(void)snprintf(cut, sizeof(cut), "%s", name);
	xo_name(cut);
}

size_t
reactor__stack_room(void)
{
	return 0;
}

/* POSIX's strerror_r(3); GNU's returns a pointer, which is not asked for. */
const char *
reactor__error_text(int error, char *text, size_t size)
{
	text[0] = '\0';
	if (strerror_r(error, text, size) != 0 || text[0] == '\0')
		(void)snprintf(text, size, "error %d", error);
	return text;
}

unsigned
reactor__processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n > 0 ? (unsigned)n : 1;
}

/* ---- Memory -------------------------------------------------------------- */

/* A name that nobody else has, for as long as it takes to remove it. */
static int
xo_memory(void)
{
	static unsigned serial;
	char name[32]; /* macOS takes 31 characters */
	int fd = -1, i;

	for (i = 0; fd == -1 && i < XO_TRIES; i++) {
		(void)snprintf(name, sizeof(name), "/reactor.%ld.%x",
		    (long)getpid(),
		    __atomic_add_fetch(&serial, 1, __ATOMIC_RELAXED));
		fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
		if (fd != -1)
			(void)shm_unlink(name);
		else if (errno != EEXIST)
			return -1;
	}
	return reactor__descriptor_high(fd);
}

/* Past that limit the kernel may send SIGXFSZ, which ends the program. */
static int
xo_allowed(size_t size)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_FSIZE, &limit) == -1 ||
	    limit.rlim_cur == RLIM_INFINITY || size <= limit.rlim_cur)
		return 1;
	errno = EFBIG;
	return 0;
}

int
reactor__memory_open(size_t size)
{
	int fd = xo_allowed(size) ? xo_memory() : -1, error;

	if (fd == -1)
		return -1;
	if (size <= INT64_MAX && ftruncate(fd, (off_t)size) == 0)
		return fd;
	error = errno;
	(void)close(fd);
	errno = error;
	return -1;
}

/*
 * There are no seals.  What others can make shorter is not safe to look at, so
 * large bytes go through the sockets.
 */
int
reactor__memory_seal(int fd)
{
	(void)fd;
	errno = ENOTSUP;
	return -1;
}

int
reactor__memory_check(int fd, size_t size)
{
	(void)fd;
	(void)size;
	errno = ENOTSUP;
	return -1;
}

/* ---- Processes ----------------------------------------------------------- */

void
reactor__close_from(int first)
{
	xo_close_from(first);
}

void
reactor__forget_output(void)
{
	xo_purge(stdout);
}

void
reactor__die_with_parent(void)
{
	xo_die_with_parent();
}

/* What setproctitle(3) does elsewhere is not what ps -o comm shows. */
void
reactor__process_name(const char *name)
{
	reactor__thread_name(name);
}
