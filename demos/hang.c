/*
 * SPDX-License-Identifier: ISC
 *
 * hang: a deadlock, explained by the library.  Three philosophers dine at a
 * round table, with a fork between each two; each takes the left one, then the
 * right one.  When all have their left fork at the same time, none will ever
 * eat: and instead of hanging, the run ends with EDEADLK and a list.
 *
 *	build/demos/hang
 *	build/demos/hang --fixed
 */
#include <errno.h>
#include <string.h>
#include <coro/task.h>
#include "demos/demo.h"

enum { SEATS = 3 };

static const char *const names[SEATS] = { "Aristotle", "Buddha", "Confucius" };
static struct task_mutex forks[SEATS]; /* between a seat and the next */
static int fixed;

/* ---- The dinner ---------------------------------------------------------- */

/* The cure: everybody takes forks in the same order, the lowest number first.
 */
static void
choose(int seat, int *first, int *second)
{
	*first = seat;
	*second = (seat + 1) % SEATS;
	if (fixed && *first > *second) {
		*first = *second;
		*second = seat;
	}
}

static intptr_t
philosopher(void *argument)
{
	int seat = (int)(intptr_t)argument, first, second;

	choose(seat, &first, &second);
	if (task_mutex_lock(&forks[first]) == -1)
		return -1;
	printf("%s takes fork %d, and thinks\n", names[seat], first);
	if (task_sleep(100 * REACTOR_MILLISECOND) == -1 ||
	    task_mutex_lock(&forks[second]) == -1) {
		task_mutex_unlock(&forks[first]);
		return -1;
	}
	printf("%s takes fork %d, and eats\n", names[seat], second);
	task_mutex_unlock(&forks[second]);
	task_mutex_unlock(&forks[first]);
	return 0;
}

/* An innocent one, who has nothing that anybody else might want. */
static intptr_t
waiter(void *argument)
{
	(void)argument;
	if (task_mutex_lock(&forks[0]) == -1)
		return -1;
	puts("The waiter washes fork 0");
	return task_mutex_unlock(&forks[0]);
}

static intptr_t
dinner(void *argument)
{
	struct task_attributes attributes = { 0 };
	struct task_group table;
	int seat;

	(void)argument;
	if (task_group_enter(&table, TASK_FAIL_FAST) == -1)
		return -1;
	for (seat = 0; seat < SEATS; seat++) {
		attributes.name = names[seat];
		task_detach(task_group_spawn_with(
		    &table, philosopher, (void *)(intptr_t)seat, &attributes));
	}
	task_detach(task_group_spawn(&table, waiter, NULL));
	return task_group_leave(&table, NULL, 0);
}

/* ---- The program --------------------------------------------------------- */

static const char *backend, *context;

static const struct demo_option options[] = {
	{ .name = "fixed",
	    .help = "take forks in one order: nobody hangs",
	    .flag = &fixed },
	{ .name = "backend",
	    .value = "NAME",
	    .help = "of the loop: epoll, kqueue, poll, select",
	    .text = &backend },
	{ .name = "context",
	    .value = "NAME",
	    .help = "of the tasks: native, setjmp, ucontext",
	    .text = &context },
	{ .name = NULL },
};

static const char about[] =
    "Three philosophers, three forks: a deadlock, which the library explains.\n"
    "Exit status: 1 if they hung, as they do; 0 with --fixed.";

static void
explain(void)
{
	puts("\nNobody could go on, so task_run gave up with EDEADLK, and the "
	     "library told why:\nwho waits, where it was spawned, for what it "
	     "waits, and who holds that.  The\ncircle is the deadlock; waiter "
	     "and main only wait for somebody in it.  One order\nfor all forks "
	     "cures it: try --fixed.  The mutexes are");
	printf("%p, fork 0; %p, fork 1; %p, fork 2.\n", (void *)&forks[0],
	    (void *)&forks[1], (void *)&forks[2]);
}

int
main(int argc, char **argv)
{
	struct task_options run = { 0 };
	int hung = 0;

	demo_options(argc, argv, about, options);
	setvbuf(stdout, NULL, _IOLBF, 0);
	run.backend = backend;
	run.context = context;
	if (task_run(dinner, NULL, &run) == 0) {
		puts("\nAll have eaten.");
	} else if (errno == EDEADLK) {
		hung = 1;
		explain();
	} else {
		demo_fail("%s",
		    coro_error()[0] != '\0'          ? coro_error()
			: reactor_error()[0] != '\0' ? reactor_error()
						     : strerror(errno));
	}
	demo_write_end(stdout, "standard output");
	return hung;
}
