/*
 * SPDX-License-Identifier: ISC
 *
 * catch.c: the signal action of the process.  It runs in whatever thread, at
 * whatever moment, and writes a record into the ring of each loop that asked:
 *
 *   ct_first --> ring of loop A --> ring of loop B
 *                 |   head: written by any thread
 *                 |   tail: read by the loop
 *
 * Each cell of a ring has a turn: the position that it is free for, and one
 * more when it is written.  When the ring is full, and then until the loop has
 * read it empty, signals are only counted: none is lost, and none overtakes
 * another of its number.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include "reactor/internal.h"
#include "reactor/catch.h"

/* What a system lacks (OpenBSD) is as good as another that it has. */
#ifndef SI_ASYNCIO
#define SI_ASYNCIO SI_TIMER
#endif
#ifndef SI_MESGQ
#define SI_MESGQ SI_QUEUE
#endif

/* The registry: of the process, as signal actions are. */
static struct reactor__signals *ct_first; /* atomic */
static unsigned ct_inside;                /* atomic: threads in ct_caught */
static pthread_mutex_t ct_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t ct_once = PTHREAD_ONCE_INIT;
static int ct_error;
static unsigned ct_watchers[NSIG];
static struct sigaction ct_old[NSIG];

/* ---- In the signal action ------------------------------------------------ */

static void
ct_tell(struct reactor_signal_info *info, int number, const siginfo_t *si)
{
	memset(info, 0, sizeof(*info));
	info->number = number;
	info->code = si->si_code;
	info->count = 1;
	/* Which fields mean anything depends on who sent it. */
	if (si->si_code == SI_QUEUE || si->si_code == SI_TIMER ||
	    si->si_code == SI_MESGQ || si->si_code == SI_ASYNCIO)
		info->value = (intptr_t)si->si_value.sival_ptr;
	if (si->si_code == SI_TIMER || si->si_code == SI_ASYNCIO)
		return;
	if (si->si_code <= 0 || si->si_code == SI_USER || number == SIGCHLD) {
		info->pid = si->si_pid;
		info->uid = si->si_uid;
	}
	if (number == SIGCHLD && si->si_code > 0)
		info->status = si->si_status;
}

/* 0: the ring is full. */
static int
ct_write(struct reactor__signals *sg, const struct reactor_signal_info *info)
{
	unsigned at = __atomic_load_n(&sg->head, __ATOMIC_RELAXED), turn;
	struct reactor__cell *cell;

	for (;;) {
		cell = &sg->ring[at % REACTOR__CELLS];
		turn = __atomic_load_n(&cell->turn, __ATOMIC_ACQUIRE);
		if (turn == at) {
			if (__atomic_compare_exchange_n(&sg->head, &at, at + 1,
				0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
				break;
		} else if ((int)(turn - at) < 0) {
			return 0;
		} else {
			at = __atomic_load_n(&sg->head, __ATOMIC_RELAXED);
		}
	}
	cell->info = *info;
	/* Before the knock looks at what the loop does: see wake.c. */
	__atomic_store_n(&cell->turn, at + 1, __ATOMIC_SEQ_CST);
	return 1;
}

static void
ct_count(struct reactor__signals *sg, unsigned *count)
{
	(void)__atomic_add_fetch(count, 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&sg->counting, 1, __ATOMIC_SEQ_CST);
}

static void
ct_put(struct reactor__signals *sg, const struct reactor_signal_info *info)
{
	unsigned *count = &sg->count[info->number];

	if (__atomic_load_n(&sg->generation, __ATOMIC_SEQ_CST) !=
	    reactor__fork_generation())
		ct_count(sg, &sg->orphan[info->number]);
	else if (__atomic_load_n(count, __ATOMIC_SEQ_CST) > 0 ||
	    !ct_write(sg, info))
		ct_count(sg, count);
}

static void
ct_caught(int number, siginfo_t *si, void *context)
{
	struct reactor_signal_info info;
	struct reactor__signals *sg;
	int error = errno;

	(void)context;
	ct_tell(&info, number, si);
	(void)__atomic_add_fetch(&ct_inside, 1, __ATOMIC_SEQ_CST);
	sg = __atomic_load_n(&ct_first, __ATOMIC_SEQ_CST);
	for (; sg != NULL; sg = __atomic_load_n(&sg->next, __ATOMIC_SEQ_CST))
		if (__atomic_load_n(&sg->uses[number], __ATOMIC_SEQ_CST) > 0) {
			ct_put(sg, &info);
			reactor__knock(sg->reactor);
		}
	(void)__atomic_sub_fetch(&ct_inside, 1, __ATOMIC_SEQ_CST);
	errno = error;
}

/* ---- In the loop's own thread -------------------------------------------- */

const struct reactor_signal_info *
reactor__catch_front(const struct reactor__signals *sg)
{
	const struct reactor__cell *cell = &sg->ring[sg->tail % REACTOR__CELLS];

	if (__atomic_load_n(&cell->turn, __ATOMIC_SEQ_CST) != sg->tail + 1)
		return NULL;
	return &cell->info;
}

void
reactor__catch_pop(struct reactor__signals *sg)
{
	__atomic_store_n(&sg->ring[sg->tail % REACTOR__CELLS].turn,
	    sg->tail + REACTOR__CELLS, __ATOMIC_RELEASE);
	sg->tail++;
}

/* ---- The registry -------------------------------------------------------- */

static void
ct_lock(void)
{
	(void)pthread_mutex_lock(&ct_mutex);
}

static void
ct_unlock(void)
{
	(void)pthread_mutex_unlock(&ct_mutex);
}

/* Threads that were in the action are not in this process. */
static void
ct_child(void)
{
	__atomic_store_n(&ct_inside, 0, __ATOMIC_SEQ_CST);
	ct_unlock();
}

static void
ct_init(void)
{
	ct_error = pthread_atfork(ct_lock, ct_unlock, ct_child);
}

static int
ct_ours(const struct sigaction *action)
{
	return (action->sa_flags & SA_SIGINFO) != 0 &&
	    action->sa_sigaction == ct_caught;
}

/* Where children are reaped unseen, as SIG_IGN asks for, that stays so. */
static int
ct_flags(int number, const struct sigaction *old)
{
	int flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;

	if (number == SIGCHLD &&
	    ((old->sa_flags & SA_NOCLDWAIT) != 0 ||
		((old->sa_flags & SA_SIGINFO) == 0 &&
		    old->sa_handler == SIG_IGN)))
		flags |= SA_NOCLDWAIT;
	return flags;
}

static int
ct_install(int number)
{
	struct sigaction action, old;

	memset(&action, 0, sizeof(action));
	if (sigaction(number, NULL, &old) == -1)
		return -1;
	action.sa_sigaction = ct_caught;
	action.sa_flags = ct_flags(number, &old);
	(void)sigfillset(&action.sa_mask);
	if (sigaction(number, &action, &old) == -1)
		return -1;
	ct_old[number] = old;
	return 0;
}

/* Somebody else may have put theirs in its place: that stays. */
static void
ct_restore(int number)
{
	struct sigaction action;

	if (sigaction(number, NULL, &action) == 0 && ct_ours(&action))
		(void)sigaction(number, &ct_old[number], NULL);
}

/* One handler more; from here on nothing of that number is missed. */
int
reactor__catch_join(struct reactor__signals *sg, int number)
{
	int result = 0;

	if (number < 1 || number >= NSIG || number == SIGKILL ||
	    number == SIGSTOP) {
		errno = EINVAL;
		return -1;
	}
	ct_lock();
	if (__atomic_load_n(&sg->uses[number], __ATOMIC_RELAXED) == 0) {
		__atomic_store_n(&sg->count[number], 0, __ATOMIC_SEQ_CST);
		__atomic_store_n(&sg->orphan[number], 0, __ATOMIC_SEQ_CST);
	}
	(void)__atomic_add_fetch(&sg->uses[number], 1, __ATOMIC_SEQ_CST);
	if (ct_watchers[number]++ == 0)
		result = ct_install(number);
	if (result == -1) {
		ct_watchers[number]--;
		(void)__atomic_sub_fetch(
		    &sg->uses[number], 1, __ATOMIC_SEQ_CST);
	}
	ct_unlock();
	return result;
}

void
reactor__catch_leave(struct reactor__signals *sg, int number)
{
	ct_lock();
	(void)__atomic_sub_fetch(&sg->uses[number], 1, __ATOMIC_SEQ_CST);
	if (--ct_watchers[number] == 0)
		ct_restore(number);
	ct_unlock();
}

int
reactor__catch_open(struct reactor *r)
{
	struct reactor__signals *sg = r->signals;
	unsigned i;

	if (sg != NULL)
		return 0;
	(void)pthread_once(&ct_once, ct_init);
	if (ct_error != 0) {
		errno = ct_error;
		return -1;
	}
	sg = reactor__allocate(NULL, sizeof(*sg));
	if (sg == NULL)
		return -1;
	memset(sg, 0, sizeof(*sg));
	sg->reactor = r;
	sg->generation = reactor__fork_generation();
	for (i = 0; i < REACTOR__CELLS; i++)
		sg->ring[i].turn = i;
	ct_lock();
	sg->next = ct_first;
	__atomic_store_n(&ct_first, sg, __ATOMIC_SEQ_CST);
	ct_unlock();
	r->signals = sg;
	return 0;
}

void
reactor__catch_close(struct reactor *r)
{
	struct reactor__signals *sg = r->signals, **place = &ct_first;

	if (sg == NULL)
		return;
	ct_lock();
	while (*place != sg)
		place = &(*place)->next;
	__atomic_store_n(place, sg->next, __ATOMIC_SEQ_CST);
	ct_unlock();
	/* Another thread may be in the action, with our ring in hand. */
	while (__atomic_load_n(&ct_inside, __ATOMIC_SEQ_CST) > 0)
		(void)sched_yield();
	r->signals = NULL;
	(void)reactor__allocate(sg, 0);
}
