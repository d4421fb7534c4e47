/*
 * SPDX-License-Identifier: ISC
 *
 * fork.c: notices fork(2) without a system call per turn.  A page that the
 * kernel wipes in the child (Linux: MADV_WIPEONFORK, which also sees a bare
 * clone), else a handler of pthread_atfork.  Each fork begins a new generation.
 */
#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>
#include "reactor/internal.h"

static pthread_once_t fk_once = PTHREAD_ONCE_INIT;
static unsigned fk_own = 1;         /* where nothing is wiped, fk_child does */
static unsigned *fk_page = &fk_own; /* atomic: the generation; 0: not known */
static unsigned fk_number = 1;      /* atomic: no generation is above it */
static int fk_error;

static void
fk_child(void)
{
	fk_own = 0;
}

static void
fk_init(void)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	void *page = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page != MAP_FAILED && reactor__wipe_on_fork(page, size) == 0) {
		fk_page = page;
		*fk_page = 1;
		return;
	}
	if (page != MAP_FAILED)
		(void)munmap(page, size);
	fk_error = pthread_atfork(NULL, NULL, fk_child);
}

int
reactor__fork_open(void)
{
	(void)pthread_once(&fk_once, fk_init);
	if (fk_error == 0)
		return 0;
	errno = fk_error;
	return -1;
}

unsigned
reactor__fork_generation(void)
{
	unsigned generation = __atomic_load_n(fk_page, __ATOMIC_RELAXED);
	unsigned none = 0, new;

	if (generation != 0)
		return generation;
	/* Several threads, and signal actions, may come here at a time: each
	 * has a number of its own, and what is written first is true. */
	new = __atomic_add_fetch(&fk_number, 1, __ATOMIC_RELAXED);
	return __atomic_compare_exchange_n(
		   fk_page, &none, new, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED)
	    ? new
	    : none;
}
