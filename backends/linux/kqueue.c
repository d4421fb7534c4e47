/*
 * SPDX-License-Identifier: ISC
 *
 * linux/kqueue.c: kqueue(2), made of epoll sets: descriptors that are kqueues.
 *
 * a. Filters of one descriptor are independent, and one may be EV_CLEAR and
 *    another not.  Hence one epoll set for each filter, and one around them.
 * b. After fork, the child would share the parent's sets.  It closes them.
 * c. Nobody tells of close(2).  A kqueue is known by the eventfd in it, and
 *    what it leaves behind is freed by the next kqueue().
 */
#include <sys/types.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>
#include <sys/event.h>
#include "backends/backend.h"
#include "backends/linux/emulation.h"

static const short kqe_filters[REACTOR__KNOTES] = { EVFILT_READ, EVFILT_WRITE,
	EVFILT_EXCEPT };

static pthread_mutex_t kqe_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t kqe_once = PTHREAD_ONCE_INIT;
static struct reactor__kq *kqe_queues;
static int kqe_unready;

static int
kqe_add(struct reactor__kq *q, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	return epoll_ctl(q->descriptor, EPOLL_CTL_ADD, fd, &event);
}

/* Whether the number is still ours: see (c). */
static int
kqe_alive(struct reactor__kq *q)
{
	struct epoll_event none = { 0 };

	if (kqe_add(q, q->wake) == -1)
		return errno == EEXIST;
	/* Another epoll set has the number now: it shall stay as it is. */
	(void)epoll_ctl(q->descriptor, EPOLL_CTL_DEL, q->wake, &none);
	return 0;
}

static struct reactor__kq **
kqe_find(int kq)
{
	struct reactor__kq **q = &kqe_queues;

	while (*q != NULL && ((*q)->descriptor != kq || !kqe_alive(*q)))
		q = &(*q)->next;
	return q;
}

static void
kqe_destroy(struct reactor__kq *q)
{
	int i;

	if (q->descriptor != -1 && (q->wake == -1 || kqe_alive(q)))
		(void)close(q->descriptor);
	if (q->wake != -1)
		(void)close(q->wake);
	for (i = 0; i < REACTOR__KNOTES; i++) {
		if (q->knotes[i].epoll != -1)
			(void)close(q->knotes[i].epoll);
		(void)reactor__allocate(q->knotes[i].table, 0);
	}
	(void)reactor__allocate(q->users, 0);
	(void)reactor__allocate(q, 0);
}

static void
kqe_unlink(struct reactor__kq **at)
{
	struct reactor__kq *q = *at;

	*at = q->next;
	kqe_destroy(q);
}

static void
kqe_before_fork(void)
{
	(void)pthread_mutex_lock(&kqe_lock);
}

static void
kqe_in_child(void)
{
	while (kqe_queues != NULL)
		kqe_unlink(&kqe_queues);
	(void)pthread_mutex_unlock(&kqe_lock);
}

static void
kqe_ready(void)
{
	kqe_unready = pthread_atfork(
	    kqe_before_fork, reactor__kqueue_unlock, kqe_in_child);
}

/* A new descriptor of our own, watched by the queue; or -1. */
static int
kqe_inner(struct reactor__kq *q, int fd)
{
	int error;

	fd = reactor__descriptor_high(fd);
	if (fd == -1 || kqe_add(q, fd) == 0)
		return fd;
	error = errno;
	(void)close(fd);
	errno = error;
	return -1;
}

static int
kqe_open(struct reactor__kq *q)
{
	int i, *epoll;

	q->descriptor = reactor__descriptor_high(epoll_create1(EPOLL_CLOEXEC));
	if (q->descriptor == -1)
		return -1;
	q->wake = kqe_inner(q, eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
	if (q->wake == -1)
		return -1;
	for (i = 0; i < REACTOR__KNOTES; i++) {
		epoll = &q->knotes[i].epoll;
		*epoll = kqe_inner(q, epoll_create1(EPOLL_CLOEXEC));
		if (*epoll == -1)
			return -1;
	}
	return q->descriptor;
}

static struct reactor__kq *
kqe_new(void)
{
	struct reactor__kq *q = reactor__allocate(NULL, sizeof(*q));
	int i;

	if (q == NULL)
		return NULL;
	memset(q, 0, sizeof(*q));
	q->descriptor = q->wake = -1;
	for (i = 0; i < REACTOR__KNOTES; i++) {
		q->knotes[i].epoll = -1;
		q->knotes[i].filter = kqe_filters[i];
	}
	return q;
}

static void
kqe_sweep(void)
{
	struct reactor__kq **q = &kqe_queues;

	while (*q != NULL) {
		if (kqe_alive(*q))
			q = &(*q)->next;
		else
			kqe_unlink(q);
	}
}

int
reactor__kqueue_open(void)
{
	struct reactor__kq *q = NULL;
	int kq = -1, error;

	error = pthread_once(&kqe_once, kqe_ready);
	if (error == 0)
		error = kqe_unready;
	(void)pthread_mutex_lock(&kqe_lock);
	kqe_sweep();
	if (error == 0 && ((q = kqe_new()) == NULL || (kq = kqe_open(q)) == -1))
		error = errno;
	if (error == 0) {
		q->next = kqe_queues;
		kqe_queues = q;
	} else if (q != NULL) {
		kqe_destroy(q);
	}
	(void)pthread_mutex_unlock(&kqe_lock);
	errno = error != 0 ? error : errno;
	return error != 0 ? -1 : kq;
}

struct reactor__kq *
reactor__kqueue_lock(int kq)
{
	struct reactor__kq *q;

	(void)pthread_mutex_lock(&kqe_lock);
	q = *kqe_find(kq);
	if (q == NULL) {
		(void)pthread_mutex_unlock(&kqe_lock);
		errno = EBADF;
	}
	return q;
}

void
reactor__kqueue_unlock(void)
{
	(void)pthread_mutex_unlock(&kqe_lock);
}

int
reactor__kqueue_close(int kq)
{
	if (reactor__kqueue_lock(kq) == NULL)
		return -1;
	kqe_unlink(kqe_find(kq));
	reactor__kqueue_unlock();
	return 0;
}
