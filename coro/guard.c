/*
 * SPDX-License-Identifier: ISC
 *
 * guard.c: what is put below a stack, so that one that is too deep faults.
 *
 *  a. MADV_GUARD_INSTALL (Linux 6.13) makes pages fault without a mapping of
 *     their own.  An emulator may say yes and do nothing, so it is tried once,
 *     with a system call that has to write there.
 *  b. Pages without rights split the mapping: two more for each guard, of which
 *     vm.max_map_count allows 65,530 by default.  Some are left to the program;
 *     malloc(3) fails when there are none.
 *  c. After that there is nothing but to look, in each switch.
 */
#include <sys/mman.h>
#include <sys/utsname.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>
#include "coro/stack.h"

#define GU_INSTALL 102 /* MADV_GUARD_INSTALL, which older headers lack */
#define GU_LEFT    128 /* mappings that are left to the program */

static pthread_once_t gu_once = PTHREAD_ONCE_INIT;
static size_t gu_page;
static int gu_advice; /* a. works */
static long gu_used;  /* atomic: mappings made by b. */

int coro__guard_best = CORO_GUARD_PAGE;
long coro__guard_maps;

static int
gu_probe(void)
{
	void *page = mmap(NULL, gu_page, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int works;

	if (page == MAP_FAILED)
		return 0;
	works = madvise(page, gu_page, GU_INSTALL) == 0 && uname(page) == -1 &&
	    errno == EFAULT;
	(void)munmap(page, gu_page);
	return works;
}

static long
gu_limit(void)
{
	char text[32];
	int fd = open("/proc/sys/vm/max_map_count", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd != -1 ? read(fd, text, sizeof(text) - 1) : -1;

	if (fd != -1)
		(void)close(fd);
	if (n <= 0)
		return 65530;
	text[n] = '\0';
	return atol(text);
}

static void
gu_init(void)
{
	int error = errno;

	gu_page = (size_t)sysconf(_SC_PAGESIZE);
	gu_advice = gu_probe();
	if (coro__guard_maps == 0)
		coro__guard_maps = gu_limit() - GU_LEFT;
	errno = error;
}

size_t
coro__page(void)
{
	(void)pthread_once(&gu_once, gu_init);
	return gu_page;
}

void
coro__unguard(int kind)
{
	if (kind == CORO_GUARD_MAP)
		(void)__atomic_sub_fetch(&gu_used, 2, __ATOMIC_RELAXED);
}

int
coro__guard(void *memory, size_t size)
{
	int error = errno;

	(void)coro__page();
	if (coro__guard_best <= CORO_GUARD_PAGE && gu_advice &&
	    madvise(memory, size, GU_INSTALL) == 0)
		return CORO_GUARD_PAGE;
	if (coro__guard_best <= CORO_GUARD_MAP &&
	    __atomic_add_fetch(&gu_used, 2, __ATOMIC_RELAXED) <=
		coro__guard_maps &&
	    mprotect(memory, size, PROT_NONE) == 0)
		return CORO_GUARD_MAP;
	if (coro__guard_best <= CORO_GUARD_MAP)
		coro__unguard(CORO_GUARD_MAP); /* it came to nothing */
	errno = error;
	return CORO_GUARD_CANARY;
}
