/*
 * SPDX-License-Identifier: ISC
 *
 * helper.c: the program's side of the helper: forks it, counts who holds it.
 *
 * The program may fork meanwhile, in any thread, without exec.  Copies of a
 * worker's ends in such a child would hide that the worker is gone.  So orders
 * are made under a lock that is also taken around each fork.  The fork of the
 * helper itself is not made under that lock: libc has a lock of its own around
 * forks, which whoever waits for ours holds.
 */
#include <sys/socket.h>
#include <sys/wait.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include "reactor/executor/helper.h"
#include "reactor/executor/image.h"
#include "reactor/executor/pool.h"
#include "reactor/executor/system.h"

enum { XH_OURS, XH_THEIRS }; /* the ends of a pair */

/* The stack that jobs have: of a new thread, or enough of one. */
#define XH_STACK ((size_t)8 * 1024 * 1024)
#define XH_ROOM  (XH_STACK / 2)

static pthread_mutex_t xh_lock = PTHREAD_MUTEX_INITIALIZER;
static struct reactor__helper *xh_current; /* that opens take, or NULL */
static struct reactor__helper *xh_held;    /* by reactor_helper_start */
static int xh_control[2] = { -1, -1 };     /* of one that is being forked */

/* Whoever opens; taken before xh_lock. */
static pthread_mutex_t xh_opening = PTHREAD_MUTEX_INITIALIZER;

void
reactor__orders_lock(void)
{
	(void)pthread_mutex_lock(&xh_lock);
}

void
reactor__orders_unlock(void)
{
	(void)pthread_mutex_unlock(&xh_lock);
}

/* ---- Forks --------------------------------------------------------------- */

static pthread_once_t xh_once = PTHREAD_ONCE_INIT;
static int xh_error;
static _Thread_local int xh_forking; /* the helper */

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
	reactor__orders_unlock();
}

static void
xh_register(void)
{
	xh_error = pthread_atfork(
	    reactor__orders_lock, reactor__orders_unlock, xh_child);
}

/* ---- Forking the helper -------------------------------------------------- */

struct xh_fork {
	pid_t parent, pid;
	int error;
};

static void *
xh_fork(void *context)
{
	struct xh_fork *f = context;
	int control = xh_control[XH_THEIRS];

	xh_forking = 1;
	f->pid = fork();
	f->error = errno;
	xh_forking = 0;
	if (f->pid == 0) {
		/* Its forks are no business of these. */
		xh_control[XH_OURS] = xh_control[XH_THEIRS] = -1;
		reactor__zygote(control, f->parent);
	}
	return NULL;
}

/* No handler of the program may run in the helper. */
static void
xh_fork_here(struct xh_fork *f)
{
	sigset_t all, was;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &was);
	(void)xh_fork(f);
	(void)pthread_sigmask(SIG_SETMASK, &was, NULL);
}

/*
 * What is left of the stack is what the jobs will have.  So a small one, or a
 * coroutine's, will not do.
 */
static pid_t
xh_fork_somewhere(void)
{
	struct xh_fork f = { getpid(), -1, 0 };
	pthread_t thread;
	int error;

	if (reactor__stack_room() >= XH_ROOM) {
		xh_fork_here(&f);
	} else {
		error = reactor__thread_create(&thread, XH_STACK, xh_fork, &f);
		if (error == 0)
			(void)pthread_join(thread, NULL);
		else
			f.error = error;
	}
	errno = f.error;
	return f.pid;
}

/* A fork of others sees either both ends or none. */
static int
xh_pair(void)
{
	int result;

	reactor__orders_lock();
	result = reactor__pair(xh_control);
	reactor__orders_unlock();
	return result;
}

/* With xh_opening.  0, or -1. */
static int
xh_start(struct reactor__helper *helper)
{
	int error;

	helper->image = reactor__image_take();
	if (helper->image == NULL || xh_pair() == -1)
		return -1;
	helper->pid = xh_fork_somewhere();
	error = errno;
	reactor__orders_lock();
	helper->control = xh_control[XH_OURS];
	xh_control[XH_OURS] = -1;
	reactor__wire_close(&xh_control[XH_THEIRS]);
	if (helper->pid == -1)
		reactor__wire_close(&helper->control);
	else
		xh_current = helper;
	reactor__orders_unlock();
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

static struct reactor__helper *
xh_take(void)
{
	struct reactor__helper *helper;

	reactor__orders_lock();
	helper = xh_current;
	if (helper != NULL && !reactor__order_possible(helper))
		helper = xh_current = NULL;
	if (helper != NULL)
		helper->references++;
	reactor__orders_unlock();
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

	reactor__orders_lock();
	left = --helper->references;
	if (left == 0) {
		if (xh_current == helper)
			xh_current = NULL;
		/* Also if a child of the program has a copy. */
		(void)shutdown(helper->control, SHUT_RDWR);
		reactor__wire_close(&helper->control);
	}
	reactor__orders_unlock();
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

	reactor__orders_lock();
	was = xh_held;
	xh_held = helper;
	reactor__orders_unlock();
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
