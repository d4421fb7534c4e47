/*
 * SPDX-License-Identifier: ISC
 *
 * schedule.h: struct task, struct task__loop, and what the files of tasks know
 * of each other.
 *
 *   ready --> task --> task --> task      all that wait only for their turn
 *   running                               the one that runs, or NULL
 *
 * A task that waits is parked: it is in no queue of the scheduler's, but what
 * it waits for has a list of waits, each on the stack of its task:
 *
 *   mutex.waiting --> wait --> wait      wait.task: who is to be woken
 */
#ifndef CORO_SCHEDULE_H
#define CORO_SCHEDULE_H

#include <errno.h>
#include <coro/task.h>
#include "coro/flow.h"
#include "reactor/support.h"

struct coro__cleanup;
struct task__descriptor;
struct task__wait;

/* A sort of thing to wait for. */
struct task__wait_kind {
	const char *what; /* "the mutex" */
	/*
	 * The task is cancelled: leave the list.  NULL: it must not be.  What is
	 * known already is not taken back: it wakes the task, as if before.
	 */
	void (*withdraw)(struct task__wait *);
	/* More words about it; or NULL. */
	void (*describe)(const struct task__wait *, char *, size_t);
	/* The task that could end the wait, if it is just one; or NULL. */
	struct task *(*owner)(const struct task__wait *);
	/* Of those that wait for the end of a task: not to be woken, but told. */
	void (*tell)(struct task__wait *, struct task *ended);
};

struct task__wait {
	struct reactor_link link; /* in the list of what is waited for */
	struct task *task;
	const struct task__wait_kind *kind;
	void *object; /* what is waited for */
	int error;    /* at the end: 0, or the errno */
};

/* task.bits */
enum {
	TASK__BEGUN = 0x01,
	TASK__NAMED = 0x02,   /* the name is a copy of ours */
	TASK__OBSERVED = 0x04 /* somebody knows how it ended */
};

/* What a switch touches is in the first 64 bytes, a line of the cache. */
struct task {
	struct task *next; /* in the ready queue, or of the free */
	struct task__wait *wait;
	struct coro *coro; /* the generator that it is in, while suspended */
	struct task_scope *scope;
	int64_t since;         /* it waits, by the coarse clock */
	unsigned short budget; /* operations before it has to yield */
	unsigned char cancelled;
	unsigned char state; /* TASK_PENDING... */
	unsigned char bits, flags;
	struct coro__flow flow;
	unsigned references;
	struct task_scope root;
	struct reactor_link all;     /* of the loop */
	struct reactor_link sibling; /* in root.outer->members */
	struct reactor_link waiting; /* for its end */
	struct task_group *group;
	struct coro__cleanup *cleanups;
	task_fn *function;
	void *argument;
	void (*dispose)(void *argument);
	const char *name, *place;
	intptr_t result;
	int error;
	unsigned number; /* in the order of spawning */
	unsigned mark;   /* of whoever goes through tasks, and forgotten */
};

struct task__loop {
	struct coro__flow flow; /* of the thread itself, while tasks run */
	struct task *running;
	struct task *ready, **last;
	const struct coro__context *context;
	struct reactor *reactor;
	unsigned left;   /* switches until the clock is looked at */
	unsigned stride; /* how many these are */
	unsigned passed; /* since the loop was looked at */
	unsigned char rounding, ending, rousing, traced;
	int64_t looked; /* when that was, by the coarse clock */
	unsigned turn;  /* selects that took something: see select.c */

	struct reactor_link all;
	size_t tasks;      /* that have not ended */
	size_t foreground; /* those that are no background tasks */
	size_t outside;    /* of these: what they wait for is not us */
	int stuck;         /* 1: it seems that they are; 2: it was said */
	struct task *free;
	struct task__chunk *chunks;
	struct task__descriptor **descriptors;
	size_t ndescriptors;

	struct reactor_prepare prepare;
	struct reactor_idle idle;
	struct reactor_post keep;
	struct task_options options;
	size_t stack_size;
	struct task *main;
	struct reactor_link loops; /* of the process, for debuggers */
	struct task_statistics stats;
};

#define TASK__BUDGET      128

/* The task of that flow. */
#define TASK__OF(pointer) REACTOR_OWNER(pointer, struct task, flow)

/* The task that runs here, outside of any generator or inside; or NULL. */
static inline struct task *
task__self(void)
{
	struct task__loop *loop = coro__here.tasks;

	return loop != NULL ? loop->running : NULL;
}

/* ---- Lists: heads of zeros are empty ------------------------------------- */

static inline void
task__list_append(struct reactor_link *list, struct reactor_link *link)
{
	if (list->next == NULL)
		list->next = list->prev = list;
	link->next = list;
	link->prev = list->prev;
	list->prev->next = link;
	list->prev = link;
}

static inline void
task__list_remove(struct reactor_link *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
}

/* NULL: it is empty. */
static inline struct reactor_link *
task__list_first(const struct reactor_link *list)
{
	return list->next == list ? NULL : list->next;
}

static inline struct task__wait *
task__first_wait(const struct reactor_link *list)
{
	return (struct task__wait *)(void *)task__list_first(list);
}

/* ---- schedule.c ---------------------------------------------------------- */

/* Queues a task that is in no queue and does not run. */
void task__ready(struct task__loop *, struct task *);
/* The running task is parked or queued: goes on with whoever is next. */
void task__next(struct task__loop *, struct task *);
/* The running task has ended, and its stack is in the pool. */
void task__leave(struct task__loop *, struct task *, struct coro__stack *);
int task__forced(struct task *);
int task__schedule_start(struct task__loop *);
void task__schedule_stop(struct task__loop *);

/* The running task is cancelled: -1, and it was told. */
int task__refuse(struct task *);

/*
 * Begins every function that may wait: 0; or -1 with ECANCELED, or with EPERM
 * if there is no task.  Also a place to give way, after many of them.
 */
static inline int
task__checkpoint(struct task *t)
{
	if (t == NULL) {
		errno = EPERM;
		return -1;
	}
	if (t->cancelled)
		return task__refuse(t);
	return --t->budget > 0 ? 0 : task__forced(t);
}

/*
 * Parks the running task until the wait, which is in its list already, is over:
 * 0, or -1 and wait->error.
 */
int task__park(struct task *, struct task__wait *);

/* The same, for something from outside: that is no deadlock. */
int task__park_outside(struct task *, struct task__wait *);

/* In words: also for kinds that have nothing more to say. */
static inline void
task__wait_init(struct task__wait *wait, struct task *t,
    const struct task__wait_kind *kind, void *object)
{
	wait->task = t;
	wait->kind = kind;
	wait->object = object;
	wait->error = 0;
}

/* The wait is over, and has left its list. */
void task__wake(struct task__wait *, int error);
/* The first of the list is over; 0: there is none. */
int task__wake_first(struct reactor_link *list, int error);
void task__wake_all(struct reactor_link *list, int error);
/* withdraw, for waits that are in a list. */
void task__withdraw(struct task__wait *);

/* Waits in a list; the most that a simple function has to do. */
static inline int
task__wait_in(struct reactor_link *list, struct task *t,
    const struct task__wait_kind *kind, void *object)
{
	struct task__wait wait;

	task__wait_init(&wait, t, kind, object);
	task__list_append(list, &wait.link);
	return task__park(t, &wait);
}

/* ---- reference.c --------------------------------------------------------- */

/* All zeros, and nobody's yet; NULL: ENOMEM. */
struct task *task__struct(struct task__loop *);
void task__struct_back(struct task__loop *, struct task *);
/* Forgets a copied name. */
void task__unname(struct task *);
void task__chunks_free(struct task__loop *);

/* ---- task.c -------------------------------------------------------------- */

/* It will never run again; what it holds is not given back. */
void task__abandon(struct task__loop *, struct task *);

/* await.c */
extern const struct task__wait_kind task__wait_end; /* of a task */

/* ---- scope.c ------------------------------------------------------------- */

void task__scope_root(struct task *, struct task_scope *outer);
int task__scope_enter(struct task_scope *, int64_t deadline, unsigned state);
/* The scope is over; returns the errno that it is responsible for, or 0. */
int task__scope_end(struct task_scope *);
/* All of them, of one that is abandoned. */
void task__scope_unwind(struct task *);
/* The scopes that are cancelled are responsible for what happens. */
void task__scope_told(struct task *);
int task__scope_effective(const struct task_scope *);
/* Withdraws what the task waits for, if it is cancelled and may be. */
void task__interrupt(struct task *);

enum {
	TASK__SHIELD = 0x01,
	TASK__CALLED = 0x02,    /* cancelled, itself */
	TASK__LATE = 0x04,      /* by its timer */
	TASK__EFFECTIVE = 0x08, /* or by one that encloses it */
	TASK__TOLD = 0x10,      /* a call has failed for it */
	TASK__ENTERED = 0x20,
	TASK__GROUP = 0x40
};

/* ---- group.c ------------------------------------------------------------- */

int task__group_join(struct task_group *, struct task *);
void task__group_ended(struct task_group *, struct task *);

/* ---- Several: several.c, series.c ---------------------------------------- */

/* Of a task that is named twice the second is told from the first. */
static inline void
task__unmark(struct task *const *tasks, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		tasks[i]->mark = 0;
}

static inline int
task__is_new(struct task *t)
{
	return t->mark++ == 0;
}

/* 0; -1 and EDEADLK: it is one of them itself. */
static inline int
task__is_other(const struct task *t, struct task *const *tasks, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (tasks[i] == t) {
			errno = EDEADLK;
			return -1;
		}
	return 0;
}

/* ---- The clock ----------------------------------------------------------- */

/* A fresh reading: much may have happened since the callback began. */
static inline int64_t
task__now(const struct task__loop *loop)
{
	reactor_now_update(loop->reactor);
	return reactor_now(loop->reactor);
}

/* INT64_MAX: never. */
static inline int64_t
task__deadline(const struct task__loop *loop, int64_t timeout)
{
	return timeout < 0 ? INT64_MAX
			   : reactor__clock_add(task__now(loop), timeout);
}

/* A handler of the running task's own keeps the loop running as that does. */
static inline unsigned char
task__background(const struct task *t)
{
	return t->flags & TASK_BACKGROUND ? REACTOR_BACKGROUND : 0;
}

/* ---- descriptor.c, dump.c ------------------------------------------------ */

void task__descriptors_end(struct task__loop *);
/* A line for people, to options.report. */
__attribute__((format(printf, 2, 3))) void task__report(
    struct task__loop *, const char *format, ...);
void task__report_all(struct task__loop *, const char *why);
/* "#3 \"worker\"" */
void task__describe_task(const struct task *, char *, size_t);
enum { TASK__SPAWN, TASK__RUN, TASK__PAUSE, TASK__PARK, TASK__END };
void task__trace(struct task__loop *, struct task *, int what);

#endif
