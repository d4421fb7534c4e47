/*
 * SPDX-License-Identifier: ISC
 *
 * dial.c: names and connections for tasks: each waits for an event that the
 * callback sets.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <coro/task.h>

/* Nothing is begun for one who cannot wait, or no longer wants to. */
static int
tdi_check(void)
{
	if (task_self() == NULL) {
		errno = EPERM;
		return -1;
	}
	/* Then it fails at once, and the scope knows that it was the cause. */
	return task_cancelled() ? task_yield() : 0;
}

/* What has happened meanwhile counts for more than a cancel. */
static int
tdi_wait(struct task_event *event)
{
	return event->set || task_event_wait(event) == 0 || event->set ? 0 : -1;
}

/* ---- Names --------------------------------------------------------------- */

struct tdi_names {
	struct reactor_resolve resolve;
	struct task_event event;
	struct reactor_address *addresses; /* the caller's */
	size_t max;
};

static void
tdi_resolved(struct reactor *r, struct reactor_resolve *resolve)
{
	struct tdi_names *names =
	    REACTOR_OWNER(resolve, struct tdi_names, resolve);
	size_t n = resolve->count < names->max ? resolve->count : names->max;

	(void)r;
	if (n > 0)
		memcpy(names->addresses, resolve->addresses,
		    n * sizeof(*names->addresses));
	task_event_set(&names->event);
}

intptr_t
task_resolve(const char *host, const char *service,
    struct reactor_address *addresses, size_t max, int64_t timeout)
{
	struct tdi_names names;
	struct reactor *r = task_reactor();
	int error;

	if (tdi_check() == -1)
		return -1;
	memset(&names, 0, sizeof(names));
	names.resolve.callback = tdi_resolved;
	names.resolve.host = host;
	names.resolve.service = service;
	names.resolve.timeout = timeout;
	names.addresses = addresses;
	names.max = max;
	if (reactor_resolve_start(r, &names.resolve) == -1)
		return -1;
	if (tdi_wait(&names.event) == -1) {
		error = errno;
		reactor_resolve_stop(r, &names.resolve);
		errno = error;
		return -1;
	}
	if (names.resolve.error == 0)
		return (intptr_t)names.resolve.count;
	errno = names.resolve.error;
	return -1;
}

/* ---- Connections --------------------------------------------------------- */

struct tdi_dial {
	struct reactor_connect connect;
	struct task_event event;
};

static void
tdi_connected(struct reactor *r, struct reactor_connect *connect)
{
	(void)r;
	task_event_set(
	    &REACTOR_OWNER(connect, struct tdi_dial, connect)->event);
}

int
task_dial(
    const char *host, const char *service, unsigned flags, int64_t timeout)
{
	struct tdi_dial dial;
	struct reactor *r = task_reactor();
	int error;

	if (tdi_check() == -1)
		return -1;
	memset(&dial, 0, sizeof(dial));
	dial.connect.callback = tdi_connected;
	dial.connect.host = host;
	dial.connect.service = service;
	dial.connect.flags = flags;
	dial.connect.timeout = timeout;
	if (reactor_connect_start(r, &dial.connect) == -1)
		return -1;
	if (tdi_wait(&dial.event) == -1) {
		error = errno;
		reactor_connect_stop(r, &dial.connect);
		errno = error;
		return -1;
	}
	if (dial.connect.fd == -1) {
		errno = dial.connect.error;
		return -1;
	}
	task_forget(dial.connect.fd);
	return dial.connect.fd;
}
