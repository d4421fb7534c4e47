/*
 * SPDX-License-Identifier: ISC
 *
 * signals.c: how a program ends well.  ^C lets it finish the step that it is
 * at, a second ^C ends it at once; SIGUSR1 shows who sent it.
 *
 *	build/demos/signals		and then ^C, or ^C ^C
 *	kill -USR1 PID		from another terminal
 */
#include <signal.h>
#include <unistd.h>
#include <reactor/reactor.h>
#include "demos/option.h"

static const char usage[] =
    "usage: signals [--backend=NAME]\n"
    "Works in steps of a second until ^C or SIGTERM, and shows each SIGUSR1.\n";

static int ending;

/* The work: the only handler that keeps the loop running. */
static void
step_done(struct reactor *r, struct reactor_timer *step)
{
	static int number;

	printf("step %d done\n", ++number);
	if (ending)
		reactor_timer_stop(r, step);
}

static struct reactor_timer step = {
	.event.name = "step",
	.callback = step_done,
	.every = REACTOR_SECOND,
};

static void
show(const char *name, const struct reactor_signal_info *info)
{
	printf("%s", name);
	if (info->pid != 0)
		printf(" from process %d of user %u", info->pid, info->uid);
	else
		printf(" from the terminal");
	if (info->count > 1)
		printf(", %u times", info->count);
	putchar('\n');
}

static void
end(struct reactor *r, struct reactor_signal *signal,
    const struct reactor_signal_info *info)
{
	show(signal->event.name, info);
	if (++ending > 1 || info->count > 1)
		reactor_stop(r);
	else
		puts("ends after this step; at once if told so again");
}

static void
count(struct reactor *r, struct reactor_signal *signal,
    const struct reactor_signal_info *info)
{
	static unsigned total;

	(void)r;
	show(signal->event.name, info);
	total += info->count;
	printf("%u so far\n", total);
}

static struct reactor_signal signals[] = {
	{ .event.name = "SIGINT",
	    .event.flags = REACTOR_BACKGROUND,
	    .callback = end,
	    .number = SIGINT },
	{ .event.name = "SIGTERM",
	    .event.flags = REACTOR_BACKGROUND,
	    .callback = end,
	    .number = SIGTERM },
	{ .event.name = "SIGUSR1",
	    .event.flags = REACTOR_BACKGROUND,
	    .callback = count,
	    .number = SIGUSR1 },
};

int
main(int argc, char **argv)
{
	struct reactor_options options = { 0 };
	struct reactor *r;
	size_t i;

	options.backend = option_backend(&argc, &argv, usage);
	if (argc > 0)
		option_wrong(usage);
	if ((r = reactor_open(&options)) == NULL)
		errx(1, "%s", reactor_error());
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (reactor_signal_start(r, &signals[i]) == -1)
			err(1, "%s", signals[i].event.name);
	if (reactor_timer_start(r, &step, step.every) == -1)
		err(1, "reactor_timer_start");
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("process %d: press ^C, or: kill -USR1 %d\n", (int)getpid(),
	    (int)getpid());
	if (reactor_run(r) == -1)
		err(1, "reactor_run");
	reactor_close(r);
	puts(ending > 1 ? "ended at once" : "ended well");
	return ending > 1;
}
