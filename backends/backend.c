/*
 * SPDX-License-Identifier: ISC
 *
 * backend.c: the list of backends, and the choice among them.
 */
#include <errno.h>
#include <string.h>
#include "backends/backend.h"
#include "reactor/choice.h"

extern const struct reactor_backend reactor__epoll, reactor__kqueue,
    reactor__poll, reactor__select;

const struct reactor_backend *const reactor__backends[] = {
#ifdef WITH_EPOLL
	&reactor__epoll,
#endif
#ifdef WITH_KQUEUE
	&reactor__kqueue,
#endif
#ifdef WITH_POLL
	&reactor__poll,
#endif
#ifdef WITH_SELECT
	&reactor__select,
#endif
	NULL,
};

/* All that there are, best first, with what to say if one is not built in. */
static const struct {
	const char *name, *missing;
} be_known[] = {
	{ "epoll", "needs Linux" },
	{ "kqueue", "needs a BSD or macOS" },
	{ "poll", "was left out of this build" },
	{ "select", "was left out of this build" },
};

#define BE_KNOWN (sizeof(be_known) / sizeof(be_known[0]))

static const struct reactor_backend *
be_find(const char *name)
{
	const struct reactor_backend *const *b;

	for (b = reactor__backends; *b != NULL; b++)
		if (strcmp((*b)->name, name) == 0)
			return *b;
	return NULL;
}

const char *
reactor__reason(int error)
{
	switch (error) {
	case ENOSYS:
		return "the kernel does not have it";
	case EPERM:
	case EACCES:
		return "the system forbids it";
	case EMFILE:
		return "the process has too many descriptors";
	case ENFILE:
		return "the system has too many descriptors";
	case ENOMEM:
		return "no memory";
	case ENOENT:
	case ENOTDIR:
		return "there is no such directory";
	case EISDIR:
		return "it is a directory";
	case EROFS:
		return "the file system is read-only";
	}
	return "it could not be opened";
}

const char *
reactor__backend_label(const struct reactor_backend *backend)
{
	if (backend->emulated)
		return "kqueue (emulated)";
	return backend->name;
}

static void
be_info(struct reactor_backend_info *info, size_t i)
{
	const struct reactor_backend *backend = be_find(be_known[i].name);
	void *state;

	memset(info, 0, sizeof(*info));
	info->name = be_known[i].name;
	if (backend == NULL) {
		info->error = ENOTSUP;
		info->reason = be_known[i].missing;
		return;
	}
	info->emulated = backend->emulated;
	state = backend->open();
	if (state == NULL) {
		info->error = errno;
		info->reason = reactor__reason(errno);
		return;
	}
	backend->close(state);
	info->available = 1;
	if (backend->emulated)
		info->reason = "emulated: its speed says nothing about kqueue";
}

size_t
reactor_backends(struct reactor_backend_info *list, size_t max)
{
	size_t i;

	for (i = 0; i < BE_KNOWN && i < max; i++)
		be_info(&list[i], i);
	return BE_KNOWN;
}

/* ---- The choice ---------------------------------------------------------- */

static struct reactor__candidate
be_candidate(size_t i)
{
	const struct reactor_backend *backend = be_find(be_known[i].name);
	struct reactor__candidate candidate = { be_known[i].name,
		backend != NULL && backend->emulated };

	return candidate;
}

static const char *
be_missing(size_t i)
{
	struct reactor_backend_info info;

	be_info(&info, i);
	return info.available ? NULL : info.reason;
}

struct be_taken {
	const struct reactor_backend *backend;
	void *state;
};

static int
be_take(size_t i, void *context)
{
	struct be_taken *taken = context;

	taken->backend = be_find(be_known[i].name);
	if (taken->backend == NULL) {
		errno = ENOSYS;
		return -1;
	}
	taken->state = taken->backend->open();
	return taken->state != NULL ? 0 : -1;
}

const struct reactor_backend *
reactor__backend_choose(
    const char *names, void **state, char *message, size_t size)
{
	struct be_taken taken = { NULL, NULL };
	const struct reactor__choice choice = {
		.noun = "backend",
		.count = BE_KNOWN,
		.candidate = be_candidate,
		.missing = be_missing,
		.take = be_take,
		.context = &taken,
		.message = message,
		.size = size,
	};

	if (reactor__choose(&choice, names) == -1)
		return NULL;
	*state = taken.state;
	return taken.backend;
}
