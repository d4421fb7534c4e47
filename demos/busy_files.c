/*
 * SPDX-License-Identifier: ISC
 *
 * busy_files.c: files to be read, in a directory that is removed at the end.
 */
#include <sys/mman.h>
#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "demos/busy.h"
#include "demos/demo.h"

enum { BF_CHUNK = 1 << 20 };

static char bf_directory[128], bf_names[BUSY_TASKS][200];
static volatile sig_atomic_t bf_nnames;
static pid_t bf_owner;

/* ---- The directory ------------------------------------------------------- */

/* In signal handlers as well. */
static void
bf_remove(void)
{
	int i;

	if (getpid() != bf_owner)
		return;
	for (i = 0; i < bf_nnames; i++)
		(void)unlink(bf_names[i]);
	(void)rmdir(bf_directory);
}

static struct sigaction bf_before[3];
static const int bf_ends[3] = { SIGINT, SIGTERM, SIGHUP };

static void
bf_ended(int number)
{
	int i;

	bf_remove();
	for (i = 0; i < 3; i++)
		if (bf_ends[i] == number)
			bf_before[i].sa_handler(number); /* of demo.c */
}

static void
bf_watch(void)
{
	struct sigaction action;
	int i;

	memset(&action, 0, sizeof(action));
	action.sa_handler = bf_ended;
	(void)sigfillset(&action.sa_mask);
	for (i = 0; i < 3; i++)
		if (sigaction(bf_ends[i], NULL, &bf_before[i]) == 0 &&
		    bf_before[i].sa_handler != SIG_IGN &&
		    bf_before[i].sa_handler != SIG_DFL)
			(void)sigaction(bf_ends[i], &action, NULL);
	if (atexit(bf_remove) != 0)
		demo_fail("atexit: no memory");
}

/* Not in /tmp by itself: that is often no disk. */
void
busy_directory(void)
{
	const char *parent = getenv("TMPDIR");

	if (parent == NULL || *parent == '\0')
		parent = "/var/tmp";
	if ((size_t)snprintf(bf_directory, sizeof(bf_directory),
		"%s/busy.XXXXXX", parent) >= sizeof(bf_directory))
		demo_fail("%s: %s", parent, strerror(ENAMETOOLONG));
	if (mkdtemp(bf_directory) == NULL)
		demo_fail("%s: %s", bf_directory, strerror(errno));
	bf_owner = getpid();
	bf_watch();
}

/* ---- Files --------------------------------------------------------------- */

/* Random, but the same each time (xorshift). */
static void
bf_fill(uint64_t *state, uint64_t *words, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		*state ^= *state << 13;
		*state ^= *state >> 7;
		*state ^= *state << 17;
		words[i] = *state;
	}
}

static int
bf_write(int fd, int number, int64_t size)
{
	static uint64_t chunk[BF_CHUNK / sizeof(uint64_t)];
	uint64_t state = 0x9e3779b97f4a7c15 * ((uint64_t)number + 1);
	ssize_t n;

	for (; size > 0; size -= n) {
		bf_fill(&state, chunk, BF_CHUNK / sizeof(*chunk));
		n = write(fd, chunk, size < BF_CHUNK ? (size_t)size : BF_CHUNK);
		if (n == -1)
			return -1;
	}
	return fsync(fd);
}

void
busy_file(struct busy_task *task)
{
	char *name = bf_names[task->number - 1];
	int fd;

	(void)snprintf(
	    name, sizeof(bf_names[0]), "%s/%d", bf_directory, task->number);
	if (bf_nnames < task->number)
		bf_nnames = task->number;
	fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd == -1 || bf_write(fd, task->number, task->size) == -1 ||
	    close(fd) == -1)
		demo_fail("%s: %s", name, strerror(errno));
	(void)snprintf(task->file, sizeof(task->file), "%s", name);
}

/* ---- The cache ----------------------------------------------------------- */

#if defined(__linux__) || defined(__FreeBSD__)

static size_t
bf_resident(const void *map, size_t size, unsigned char *pages)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), i, n = 0;

	if (mincore((void *)(uintptr_t)map, size, (void *)pages) == -1)
		return SIZE_MAX;
	for (i = 0; i < (size + page - 1) / page; i++)
		n += pages[i] & 1;
	return n;
}

static double
bf_cached(int fd, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t n = (size + page - 1) / page, resident = SIZE_MAX;
	unsigned char *pages = malloc(n);
	void *map = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);

	if (pages != NULL && map != MAP_FAILED)
		resident = bf_resident(map, size, pages);
	if (map != MAP_FAILED)
		(void)munmap(map, size);
	free(pages);
	return resident == SIZE_MAX ? 1 : (double)resident / (double)n;
}

static double
bf_forget(int fd, size_t size)
{
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	return bf_cached(fd, size);
}

#else

/* Nothing can be said of the cache, so nothing is. */
static double
bf_forget(int fd, size_t size)
{
	(void)fd;
	(void)size;
	return 1;
}

#endif

double
busy_forget(const struct busy_task *task)
{
	int fd = open(task->file, O_RDONLY | O_CLOEXEC);
	double cached;

	if (fd == -1)
		demo_fail("%s: %s", task->file, strerror(errno));
	cached = bf_forget(fd, (size_t)task->size);
	(void)close(fd);
	return cached;
}
