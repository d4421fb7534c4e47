/*
 * SPDX-License-Identifier: ISC
 *
 * demo_pick.c: what the larger demos have to work with: which backends, how
 * many descriptors, and a clock.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include <reactor/reactor.h>
#include "demos/demo.h"

/* ---- Backends ------------------------------------------------------------ */

#define DP_BACKENDS 16

static int
dp_backend(
    struct demo_backend *backend, const struct reactor_backend_info *info)
{
	struct reactor_options options = { .backend = info->name, .trace = "" };
	struct reactor *r = reactor_open(&options);

	if (r == NULL)
		return -1;
	(void)snprintf(backend->name, sizeof(backend->name), "%s", info->name);
	(void)snprintf(backend->label, sizeof(backend->label), "%s",
	    reactor_backend_name(r));
	backend->emulated = info->emulated;
	return reactor_close(r);
}

static const struct reactor_backend_info *
dp_find(const struct reactor_backend_info *info, size_t n, const char *name,
    size_t length)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strlen(info[i].name) == length &&
		    memcmp(info[i].name, name, length) == 0)
			return &info[i];
	demo_usage("--backends: no backend is called '%.*s'; see --list",
	    (int)length, name);
}

static size_t
dp_named(const struct reactor_backend_info *info, size_t n, const char *names,
    struct demo_backend *to, size_t max)
{
	const struct reactor_backend_info *one;
	size_t length, used = 0, i;

	for (; used < max; names += length + 1) {
		length = strcspn(names, ",");
		one = dp_find(info, n, names, length);
		for (i = 0; i < used && strcmp(to[i].name, one->name) != 0; i++)
			;
		if (i == used && dp_backend(&to[used++], one) == -1)
			demo_fail("%s", reactor_error());
		if (names[length] == '\0')
			break;
	}
	return used;
}

size_t
demo_backends(const char *names, struct demo_backend *to, size_t max)
{
	struct reactor_backend_info info[DP_BACKENDS];
	size_t i, n = reactor_backends(info, DP_BACKENDS), used = 0;

	n = n < DP_BACKENDS ? n : DP_BACKENDS;
	if (names != NULL)
		return dp_named(info, n, names, to, max);
	for (i = 0; i < n && used < max; i++)
		if (info[i].available && dp_backend(&to[used], &info[i]) == 0)
			used++;
	if (used == 0)
		demo_fail("no backend works here; see --list");
	return used;
}

void
demo_backends_list(void)
{
	struct reactor_backend_info info[DP_BACKENDS];
	size_t i, n = reactor_backends(info, DP_BACKENDS);
	char label[48];

	n = n < DP_BACKENDS ? n : DP_BACKENDS;
	for (i = 0; i < n; i++) {
		(void)snprintf(label, sizeof(label), "%s%s", info[i].name,
		    info[i].emulated ? " (emulated)" : "");
		(void)printf("%-18s  %-3s%s%s\n", label,
		    info[i].available ? "yes" : "no",
		    info[i].reason != NULL ? "  " : "",
		    info[i].reason != NULL ? info[i].reason : "");
	}
	demo_write_end(stdout, "standard output");
}

/* ---- The system ---------------------------------------------------------- */

void
demo_system(char *text, size_t size)
{
	struct utsname system;

	if (uname(&system) == -1)
		memset(&system, 0, sizeof(system));
	(void)snprintf(text, size, "reactor %s on %.80s %.80s, %ld processors",
	    reactor_version(), system.sysname, system.release,
	    sysconf(_SC_NPROCESSORS_ONLN));
}

long
demo_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		demo_fail("getrlimit: %s", strerror(errno));
	if (limit.rlim_cur != limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
			(void)getrlimit(RLIMIT_NOFILE, &limit);
	}
	return limit.rlim_cur > 1 << 30 ? 1 << 30 : (long)limit.rlim_cur;
}

int
demo_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags == -1 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

int64_t
demo_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * REACTOR_SECOND + now.tv_nsec;
}
