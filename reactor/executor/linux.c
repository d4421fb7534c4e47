/*
 * SPDX-License-Identifier: ISC
 *
 * linux.c: what executors take from Linux.  portable.c stands in for it
 * elsewhere; the kernel may also say ENOSYS to what is newer.
 */
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <reactor/reactor.h>
#include "reactor/executor/system.h"
#include "reactor/support.h"

/* With old headers: ENOSYS. */
#ifndef SYS_memfd_create
#define SYS_memfd_create (-1)
#endif
#ifndef SYS_close_range
#define SYS_close_range (-1)
#endif
#ifndef MFD_CLOEXEC
#define MFD_CLOEXEC       0x01u
#define MFD_ALLOW_SEALING 0x02u
#endif
#define XL_SEALS     (F_SEAL_SHRINK | F_SEAL_GROW)
#define XL_NAME      16   /* of a thread, with the 0 */
#define XL_CPUS_STEP 1024 /* more processors than that are asked for anew */

/* ---- Threads ------------------------------------------------------------- */

int
reactor__condition_open(pthread_cond_t *condition)
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
xl_wait(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t deadline)
{
	struct timespec when = { 0, 0 };

	/* With a time_t of 32 bits there is no such time. */
	if (deadline == INT64_MAX ||
	    (sizeof(time_t) < sizeof(deadline) &&
		deadline / REACTOR_SECOND > INT32_MAX))
		return pthread_cond_wait(condition, lock);
	if (deadline > 0) {
		when.tv_sec = (time_t)(deadline / REACTOR_SECOND);
		when.tv_nsec = (long)(deadline % REACTOR_SECOND);
	}
	return pthread_cond_timedwait(condition, lock, &when);
}

int
reactor__condition_wait(
    pthread_cond_t *condition, pthread_mutex_t *lock, int64_t deadline)
{
	int result, was;

	/* Who is cancelled here would leave with the lock. */
	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &was);
	result = xl_wait(condition, lock, deadline);
	(void)pthread_setcancelstate(was, &was);
	return result;
}

static void
xl_cut(char cut[XL_NAME], const char *name)
{
	size_t length = strnlen(name, XL_NAME - 1);

	memcpy(cut, name, length);
	cut[length] = '\0';
}

void
reactor__thread_name(const char *name)
{
	char cut[XL_NAME];

	xl_cut(cut, name);
	(void)pthread_setname_np(pthread_self(), cut);
}

size_t
reactor__stack_room(void)
{
	pthread_attr_t attributes;
	char here, *low;
	void *stack;
	size_t size;
	int error;

	if (pthread_getattr_np(pthread_self(), &attributes) != 0)
		return 0;
	error = pthread_attr_getstack(&attributes, &stack, &size);
	(void)pthread_attr_destroy(&attributes);
	low = stack;
	if (error != 0 || &here <= low || (size_t)(&here - low) >= size)
		return 0;
	return (size_t)(&here - low);
}

/* strerror_r(3) as POSIX has it, and as GNU has it. */
__attribute__((unused)) static const char *
xl_text_posix(int result, const char *text)
{
	return result == 0 ? text : NULL;
}

__attribute__((unused)) static const char *
xl_text_gnu(const char *result, const char *text)
{
	(void)text;
	return result;
}

#define XL_TEXT(result, text) \
	_Generic((result), int: xl_text_posix, char *: xl_text_gnu)(result, text)

const char *
reactor__error_text(int error, char *text, size_t size)
{
	const char *words = XL_TEXT(strerror_r(error, text, size), text);

	if (words != NULL)
		return words;
	(void)snprintf(text, size, "error %d", error);
	return text;
}

/* -1: the set is too small for this machine. */
static int
xl_count(int cpus)
{
	cpu_set_t *set = CPU_ALLOC((size_t)cpus);
	size_t size = CPU_ALLOC_SIZE((size_t)cpus);
	int n = -1;

	if (set == NULL)
		return 1;
	if (sched_getaffinity(0, size, set) == 0)
		n = CPU_COUNT_S(size, set);
	CPU_FREE(set);
	return n;
}

unsigned
reactor__processors(void)
{
	int n = -1, i;

	for (i = 1; n == -1 && i <= 64; i *= 4)
		n = xl_count(i * XL_CPUS_STEP);
	return n > 0 ? (unsigned)n : 1;
}

/* ---- Memory -------------------------------------------------------------- */

static int
xl_memory(void)
{
	static const char *const places[] = { "/dev/shm", "/tmp" };
	int fd = (int)syscall(
	    SYS_memfd_create, "reactor", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	size_t i;

	for (i = 0; fd == -1 && errno != EMFILE && errno != ENFILE &&
	     i < sizeof(places) / sizeof(*places);
	     i++)
		fd = open(
		    places[i], O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
	return reactor__descriptor_high(fd);
}

/* Past that limit the kernel sends SIGXFSZ, which ends the program. */
static int
xl_allowed(size_t size)
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
	int fd = xl_allowed(size) ? xl_memory() : -1, error;

	if (fd == -1)
		return -1;
	/* A page that was written is there: on a full disk others are not. */
	if (size <= INT64_MAX && ftruncate(fd, (off_t)size) == 0 &&
	    pwrite(fd, "", 1, 0) == 1)
		return fd;
	error = errno;
	(void)close(fd);
	errno = error;
	return -1;
}

/* A file of a directory cannot be sealed: EINVAL or EPERM. */
int
reactor__memory_seal(int fd)
{
	return fcntl(fd, F_ADD_SEALS, XL_SEALS);
}

int
reactor__memory_check(int fd, size_t size)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;

	if (fstat(fd, &st) == -1)
		return -1;
	if (seals != -1 && (seals & XL_SEALS) == XL_SEALS && st.st_size >= 0 &&
	    (uint64_t)st.st_size >= size)
		return 0;
	errno = EPROTO;
	return -1;
}

/* ---- Processes ----------------------------------------------------------- */

static int
xl_close_listed(int first)
{
	DIR *directory = opendir("/proc/self/fd");
	const struct dirent *entry;
	int fd;

	if (directory == NULL)
		return -1;
	while ((entry = readdir(directory)) != NULL) {
		fd = atoi(entry->d_name);
		if (fd >= first && fd != dirfd(directory))
			(void)close(fd);
	}
	(void)closedir(directory);
	return 0;
}

void
reactor__close_from(int first)
{
	long last;
	int fd;

	if (syscall(SYS_close_range, (unsigned)first, ~0u, 0) == 0 ||
	    xl_close_listed(first) == 0)
		return;
	last = sysconf(_SC_OPEN_MAX);
	for (fd = first; fd < (last > 0 ? last : 1024); fd++)
		(void)close(fd);
}

void
reactor__forget_output(void)
{
	__fpurge(stdout);
}

void
reactor__die_with_parent(void)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
}

void
reactor__process_name(const char *name)
{
	char cut[XL_NAME];

	xl_cut(cut, name);
	(void)prctl(PR_SET_NAME, cut);
}
