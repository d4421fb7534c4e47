/*
 * SPDX-License-Identifier: ISC
 *
 * select.c: waits for several channels at once.
 *
 * Of several choices that are ready the one is taken whose channel has waited
 * longest, in this direction, since a select took it: loop.turn counts selects,
 * and the channel remembers what it was.  So one that stays ready is taken, by
 * somebody, at the n-th select at the latest.  To begin each time one further
 * on would not do, for two tasks may be in step; it only decides among choices
 * of the same channel and direction.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include "coro/channel.h"
#include "coro/schedule.h"

#define SEL_FEW 8 /* that need no memory */

struct sel_wait {
	struct task__wait wait;
	struct reactor_timer timer;
	size_t n;
	struct task__offer *offers; /* few, or allocated */
	struct task__offer few[SEL_FEW];
};

/* ---- Whose turn is it? --------------------------------------------------- */

static unsigned *
sel_turn(const struct task_choice *choice)
{
	return &choice->channel->turn[choice->what];
}

/* NULL: none is ready. */
static struct task_choice *
sel_ready(struct task_choice *choices, size_t n, unsigned turn)
{
	struct task_choice *choice, *best = NULL;
	unsigned age, most = 0;
	size_t i, first = turn % n;

	for (i = 0; i < n; i++) {
		choice = &choices[i < n - first ? first + i : first + i - n];
		if (!task__choice_ready(choice))
			continue;
		age = turn - *sel_turn(choice);
		if (best == NULL || age > most) {
			best = choice;
			most = age;
		}
	}
	return best;
}

/* ---- Waiting ------------------------------------------------------------- */

static void
sel_withdraw(struct task__wait *wait)
{
	struct sel_wait *w = (struct sel_wait *)wait;
	size_t i;

	for (i = 0; i < w->n; i++)
		task__list_remove(&w->offers[i].link);
	reactor_timer_stop(task_reactor(), &w->timer);
}

static void
sel_late(struct reactor *r, struct reactor_timer *timer)
{
	struct sel_wait *w = REACTOR_OWNER(timer, struct sel_wait, timer);

	(void)r;
	sel_withdraw(&w->wait);
	task__wake(&w->wait, ETIMEDOUT);
}

/* "(send to 0x1, receive from 0x2, ...)" */
static void
sel_describe(const struct task__wait *wait, char *text, size_t size)
{
	const struct sel_wait *w = (const struct sel_wait *)wait;
	const struct task_choice *choice;
	size_t i, used = 0, each = 48;
	int n = 0;

	for (i = 0; i < w->n && used + each < size; i++) {
		choice = w->offers[i].choice;
		n = snprintf(text + used, size - used, "%s%s %p",
		    i == 0 ? "(" : ", ",
		    choice->what == TASK_SEND ? "send to" : "receive from",
		    (void *)choice->channel);
		used += n > 0 ? (size_t)n : 0;
	}
	(void)snprintf(text + used, size - used, "%s%s",
	    w->n == 0 ? "(none" : "", i < w->n ? ", ...)" : ")");
}

static const struct task__wait_kind sel_kind = {
	.what = "one of several channels",
	.withdraw = sel_withdraw,
	.describe = sel_describe,
};

static int
sel_reserve(struct sel_wait *w, size_t n)
{
	w->n = 0;
	w->offers = w->few;
	if (n <= SEL_FEW)
		return 0;
	w->offers = n <= SIZE_MAX / sizeof(*w->offers)
	    ? reactor__allocate(NULL, n * sizeof(*w->offers))
	    : NULL;
	if (w->offers != NULL)
		return 0;
	errno = ENOMEM;
	return -1;
}

static void
sel_release(struct sel_wait *w)
{
	int error = errno;

	if (w->offers != w->few)
		(void)reactor__allocate(w->offers, 0);
	errno = error;
}

static int
sel_start_timer(struct sel_wait *w, struct task *t, int64_t timeout)
{
	struct task__loop *loop = coro__here.tasks;

	memset(&w->timer, 0, sizeof(w->timer));
	if (timeout < 0)
		return 0;
	w->timer.event.name = t->name;
	w->timer.event.flags = task__background(t);
	w->timer.callback = sel_late;
	return reactor_timer_start_at(
	    loop->reactor, &w->timer, task__deadline(loop, timeout));
}

static int
sel_park(
    struct sel_wait *w, struct task *t, struct task_choice *choices, size_t n)
{
	size_t i;

	task__wait_init(&w->wait, t, &sel_kind, NULL);
	for (i = 0; i < n; i++)
		if (choices[i].channel != NULL)
			task__choice_offer(
			    &choices[i], &w->offers[w->n++], &w->wait);
	return task__park(t, &w->wait);
}

/* The one that was taken; NULL and errno. */
static struct task_choice *
sel_wait(struct task *t, struct task_choice *choices, size_t n, int64_t timeout)
{
	struct sel_wait w;
	int result;

	if (sel_reserve(&w, n) == -1)
		return NULL;
	result = sel_start_timer(&w, t, timeout);
	if (result == 0)
		result = sel_park(&w, t, choices, n);
	sel_release(&w);
	return result == 0 ? w.wait.object : NULL;
}

/* ---- All of it ----------------------------------------------------------- */

static int
sel_check(const struct task_choice *choices, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (choices[i].what != TASK_SEND &&
		    choices[i].what != TASK_RECEIVE)
			break;
	if (i == n && n > 0 && n <= INT_MAX)
		return 0;
	errno = EINVAL;
	return -1;
}

int
task_select(struct task_choice *choices, size_t n, int64_t timeout)
{
	struct task__loop *loop = coro__here.tasks;
	struct task *t = task__self();
	struct task_choice *choice;

	if (task__checkpoint(t) == -1 || sel_check(choices, n) == -1)
		return -1;
	choice = sel_ready(choices, n, loop->turn);
	if (choice != NULL) {
		task__choice_do(choice);
	} else if (timeout == 0) {
		errno = ETIMEDOUT;
		return -1;
	} else {
		choice = sel_wait(t, choices, n, timeout);
		if (choice == NULL)
			return -1;
	}
	*sel_turn(choice) = ++loop->turn;
	return (int)(choice - choices);
}
