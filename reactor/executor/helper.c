/*
 * SPDX-License-Identifier: ISC
 *
 * helper.c: the program's side of the helper: forks it, counts who holds it,
 * and sends it orders.
 *
 * The program may fork meanwhile, in any thread, without exec.  Copies of a
 * worker's ends in such a child would hide that the worker is gone.  So orders
 * are made under a lock that is also taken around each fork.  The fork of the
 * helper itself is not made under that lock: libc has a lock of its own around
 * forks, which whoever waits for ours holds.
 */
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "reactor/executor/helper.h"
#include "reactor/executor/image.h"
#include "reactor/executor/pool.h"
#include "reactor/executor/system.h"

struct reactor__helper {
	unsigned references;
	pid_t pid;
	int control;
	uint64_t serial; /* of the last process */
	struct reactor__image *image;
};

enum { XH_OURS, XH_THEIRS }; /* the ends of a pair */

#define XH_STACK ((size_t)8 * 1024 * 1024) /* jobs will run on it */

static pthread_mutex_t xh_lock = PTHREAD_MUTEX_INITIALIZER;
static struct reactor__helper *xh_current; /* that opens take, or NULL */
static struct reactor__helper *xh_held;    /* by reactor_helper_start */
static int xh_control[2] = { -1, -1 };     /* of one that is being forked */

/* Whoever opens; taken before xh_lock. */
static pthread_mutex_t xh_opening = PTHREAD_MUTEX_INITIALIZER;

/* ---- Forks --------------------------------------------------------------- */

static pthread_once_t xh_once = PTHREAD_ONCE_INIT;
static int xh_error;
static _Thread_local int xh_forking; /* the helper */

static void
xh_before(void)
{
	(void)pthread_mutex_lock(&xh_lock);
}

static void
xh_after(void)
{
	(void)pthread_mutex_unlock(&xh_lock);
}

/* The helper is the parent's; an own one may be had. */
static void
xh_child(void)
{
	if (!xh_forking) {
		if (xh_current != NULL)
			reactor__wire_close(&xh_current->control);
		reactor__wire_close(&xh_control[XH_OURS]);
		reactor__wire_close(&xh_control[XH_THEIRS]);
	}
	xh_current = xh_held = NULL;
	(void)pthread_mutex_init(&xh_opening, NULL);
	(void)pthread_mutex_unlock(&xh_lock);
}

static void
xh_register(void)
{
	xh_error = pthread_atfork(xh_before, xh_after, xh_child);
}

/* ---- Forking the helper -------------------------------------------------- */

struct xh_fork {
	pid_t parent, pid;
	int error;
};

/*
 * In a thread of its own: the stack of who opens may be a coroutine's, and what
 * is left of it is what the jobs have.
 */
static void *
xh_thread(void *context)
{
	struct xh_fork *f = context;

	xh_forking = 1;
	f->pid = fork();
	if (f->pid == 0) {
		xh_forking = 0;
		reactor__zygote(xh_control[XH_THEIRS], f->parent);
	}
	f->error = errno;
	return NULL;
}

static pid_t
xh_fork(void)
{
	struct xh_fork f = { getpid(), -1, 0 };
	pthread_t thread;
	int error = reactor__thread_create(&thread, XH_STACK, xh_thread, &f);

	if (error == 0) {
		(void)pthread_join(thread, NULL);
		error = f.error;
	}
	if (f.pid == -1)
		errno = error;
	return f.pid;
}

/* A fork of others sees either both ends or none. */
static int
xh_pair(void)
{
	int result;

	(void)pthread_mutex_lock(&xh_lock);
	result = reactor__wire_pair(xh_control);
	(void)pthread_mutex_unlock(&xh_lock);
	return result;
}

/* With xh_opening.  0, or -1. */
static int
xh_start(struct reactor__helper *helper)
{
	int error;

	helper->image = reactor__image_take();
	if (helper->image == NULL)
		return -1;
	if (xh_pair() == -1)
		return -1;
	helper->pid = xh_fork();
	error = errno;
	(void)pthread_mutex_lock(&xh_lock);
	helper->control = xh_control[XH_OURS];
	xh_control[XH_OURS] = -1;
	reactor__wire_close(&xh_control[XH_THEIRS]);
	if (helper->pid == -1)
		reactor__wire_close(&helper->control);
	else
		xh_current = helper;
	(void)pthread_mutex_unlock(&xh_lock);
	errno = error;
	return helper->pid == -1 ? -1 : 0;
}

static void
xh_free(struct reactor__helper *helper)
{
	int error = errno;

	if (helper->image != NULL)
		reactor__image_free(helper->image);
	(void)reactor__allocate(helper, 0);
	errno = error;
}

static struct reactor__helper *
xh_new(void)
{
	struct reactor__helper *helper =
	    reactor__allocate(NULL, sizeof(*helper));

	if (helper == NULL)
		return NULL;
	memset(helper, 0, sizeof(*helper));
	helper->references = 1;
	helper->control = -1;
	if (xh_start(helper) == 0)
		return helper;
	xh_free(helper);
	return NULL;
}

/* ---- Who holds it -------------------------------------------------------- */

/* With xh_lock.  It says nothing, so there is nothing to read but its end. */
static int
xh_alive(const struct reactor__helper *helper)
{
	char byte;

	return recv(helper->control, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == -1 &&
	    (errno == EAGAIN || errno == EINTR);
}

int
reactor__helper_alive(struct reactor__helper *helper)
{
	int alive;

	(void)pthread_mutex_lock(&xh_lock);
	alive = xh_alive(helper);
	(void)pthread_mutex_unlock(&xh_lock);
	return alive;
}

static struct reactor__helper *
xh_take(void)
{
	struct reactor__helper *helper;

	(void)pthread_mutex_lock(&xh_lock);
	helper = xh_current;
	if (helper != NULL && !xh_alive(helper))
		helper = xh_current = NULL;
	if (helper != NULL)
		helper->references++;
	(void)pthread_mutex_unlock(&xh_lock);
	return helper;
}

struct reactor__helper *
reactor__helper_open(void)
{
	struct reactor__helper *helper;

	(void)pthread_once(&xh_once, xh_register);
	if (xh_error != 0) {
		errno = xh_error;
		return NULL;
	}
	(void)pthread_mutex_lock(&xh_opening);
	helper = xh_take();
	if (helper == NULL)
		helper = xh_new();
	(void)pthread_mutex_unlock(&xh_opening);
	return helper;
}

void
reactor__helper_close(struct reactor__helper *helper)
{
	unsigned left;

	(void)pthread_mutex_lock(&xh_lock);
	left = --helper->references;
	if (left == 0) {
		if (xh_current == helper)
			xh_current = NULL;
		/* Also if a child of the program has a copy. */
		(void)shutdown(helper->control, SHUT_RDWR);
		reactor__wire_close(&helper->control);
	}
	(void)pthread_mutex_unlock(&xh_lock);
	if (left > 0)
		return;
	/* ECHILD: the program reaps whatever there is. */
	while (waitpid(helper->pid, NULL, 0) == -1 && errno == EINTR)
		continue;
	xh_free(helper);
}

/* Two threads may come at once: one reference is enough. */
static struct reactor__helper *
xh_hold(struct reactor__helper *helper)
{
	struct reactor__helper *was;

	(void)pthread_mutex_lock(&xh_lock);
	was = xh_held;
	xh_held = helper;
	(void)pthread_mutex_unlock(&xh_lock);
	return was;
}

int
reactor_helper_start(void)
{
	struct reactor__helper *helper = reactor__helper_open();

	if (helper == NULL)
		return -1;
	helper = xh_hold(helper);
	if (helper != NULL)
		reactor__helper_close(helper);
	return 0;
}

void
reactor_helper_stop(void)
{
	struct reactor__helper *helper = xh_hold(NULL);

	if (helper != NULL)
		reactor__helper_close(helper);
}

int
reactor__helper_check(struct reactor__helper *helper, reactor_job_fn *function)
{
	return reactor__image_check(helper->image, function);
}

/* ---- Orders -------------------------------------------------------------- */

static int
xh_order(struct reactor__helper *helper, const struct reactor__order *order,
    const int *passed, int n)
{
	struct reactor__message message;

	memset(&message, 0, sizeof(message));
	reactor__message_put(&message, order, sizeof(*order));
	message.descriptors = n;
	if (n > 0)
		memcpy(message.passed, passed, (size_t)n * sizeof(*passed));
	return reactor__send_all(helper->control, &message);
}

static int
xh_share(struct reactor__contact *contact)
{
	int fd = reactor__memory_open(sizeof(*contact->shared));
	void *page;

	if (fd == -1)
		return -1;
	page = mmap(NULL, sizeof(*contact->shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);
	if (page != MAP_FAILED) {
		contact->shared = page;
		if (reactor__memory_seal(fd) == 0)
			return fd;
	}
	reactor__wire_close(&fd);
	return -1;
}

/* With the lock. */
static int
xh_spawn(struct reactor__helper *helper, struct reactor__contact *contact)
{
	struct reactor__order order;
	int pair[2] = { -1, -1 }, reports[2] = { -1, -1 }, passed[3] = { -1 };
	int result = -1;

	memset(&order, 0, sizeof(order));
	order.what = REACTOR__SPAWN;
	order.serial = contact->serial = ++helper->serial;
	passed[2] = xh_share(contact);
	if (passed[2] != -1 && reactor__wire_pipe(reports) == 0 &&
	    reactor__wire_pair(pair) == 0) {
		passed[0] = reports[1];
		passed[1] = pair[XH_THEIRS];
		result = xh_order(helper, &order, passed, 3);
	}
	contact->socket = pair[XH_OURS];
	contact->reports = reports[0];
	reactor__wire_close(&pair[XH_THEIRS]);
	reactor__wire_close(&reports[1]);
	reactor__wire_close(&passed[2]);
	return result;
}

int
reactor__helper_spawn(
    struct reactor__helper *helper, struct reactor__contact *contact)
{
	int result;

	contact->socket = contact->reports = -1;
	contact->shared = NULL;
	(void)pthread_mutex_lock(&xh_lock);
	result = xh_spawn(helper, contact);
	(void)pthread_mutex_unlock(&xh_lock);
	if (result == -1)
		reactor__contact_close(contact);
	return result;
}

void
reactor__contact_close(struct reactor__contact *contact)
{
	int error = errno;

	reactor__wire_close(&contact->socket);
	reactor__wire_close(&contact->reports);
	if (contact->shared != NULL)
		(void)munmap(contact->shared, sizeof(*contact->shared));
	contact->shared = NULL;
	errno = error;
}

void
reactor__helper_kill(
    struct reactor__helper *helper, uint64_t serial, int signal)
{
	struct reactor__order order;

	memset(&order, 0, sizeof(order));
	order.what = REACTOR__KILL;
	order.serial = serial;
	order.signal = signal;
	(void)pthread_mutex_lock(&xh_lock);
	(void)xh_order(helper, &order, NULL, 0);
	(void)pthread_mutex_unlock(&xh_lock);
}
