/*
 * SPDX-License-Identifier: ISC
 *
 * watch.c: runs a command whenever one of some files changes.  It runs once at
 * a time; what changes meanwhile makes it run once more.
 *
 *	build/demos/watch *.c *.h -- make
 *	build/demos/watch notes -- wc notes
 */
#include <signal.h>
#include <sys/wait.h>
#include <reactor/reactor.h>
#include "demos/option.h"

static const char usage[] =
    "usage: watch [--backend=NAME] FILE... -- COMMAND [ARGUMENT...]\n"
    "Runs the command when a file (or what is in a directory) has changed, "
    "one\n"
    "run at a time, until ^C.\n";

static reactor_timer_fn run;
static reactor_child_fn ended;

/* An editor changes a file in several steps: wait for the last. */
static struct reactor_timer settle = {
	.event.name = "settle",
	.callback = run,
};

static struct reactor_child child = {
	.event.name = "command",
	.callback = ended,
};

static struct reactor_command command;
static struct reactor_path *paths;
static int npaths, running, pending, quitting;

static void
changed(struct reactor *r, struct reactor_path *path)
{
	warnx("%s %s", path->path,
	    path->now.inode == 0 ? "is gone" : "has changed");
	if (!pending)
		reactor_timer_start(r, &settle, 50 * REACTOR_MILLISECOND);
	pending = 1;
}

static void
run(struct reactor *r, struct reactor_timer *timer)
{
	(void)timer;
	if (running || !pending)
		return;
	pending = 0;
	running = reactor_spawn(r, &child, &command) == 0;
	if (!running)
		warn("%s", command.arguments[0]);
}

static void
ended(struct reactor *r, struct reactor_child *c)
{
	running = 0;
	if (c->error != 0)
		warnx("%s: nobody knows how it ended", command.arguments[0]);
	else if (WIFSIGNALED(c->status))
		warnx(
		    "%s: signal %d", command.arguments[0], WTERMSIG(c->status));
	else
		warnx("%s: exit status %d", command.arguments[0],
		    WEXITSTATUS(c->status));
	run(r, &settle);
}

/* Nothing is watched any more: the loop ends with the command. */
static void
quit(struct reactor *r, struct reactor_signal *signal,
    const struct reactor_signal_info *info)
{
	int i;

	(void)signal;
	(void)info;
	for (i = 0; i < npaths; i++)
		reactor_path_stop(r, &paths[i]);
	reactor_timer_stop(r, &settle);
	pending = 0;
	if (running)
		kill(child.pid, quitting ? SIGKILL : SIGTERM);
	quitting = 1;
}

static struct reactor_signal signals[] = {
	{ .event.name = "SIGINT",
	    .event.flags = REACTOR_BACKGROUND,
	    .callback = quit,
	    .number = SIGINT },
	{ .event.name = "SIGTERM",
	    .event.flags = REACTOR_BACKGROUND,
	    .callback = quit,
	    .number = SIGTERM },
};

/* FILE... -- COMMAND... */
static void
read_arguments(int argc, char **argv)
{
	while (npaths < argc && strcmp(argv[npaths], "--") != 0)
		npaths++;
	if (npaths == 0 || npaths + 1 >= argc)
		option_wrong(usage);
	command.arguments = (const char *const *)&argv[npaths + 1];
	paths = calloc((size_t)npaths, sizeof(*paths));
	if (paths == NULL)
		err(1, "calloc");
}

int
main(int argc, char **argv)
{
	struct reactor_options options = { 0 };
	struct reactor *r;
	int i;

	options.backend = option_backend(&argc, &argv, usage);
	read_arguments(argc, argv);
	if ((r = reactor_open(&options)) == NULL)
		errx(1, "%s", reactor_error());
	for (i = 0; i < npaths; i++) {
		paths[i].event.name = paths[i].path = argv[i];
		paths[i].callback = changed;
		if (reactor_path_start(r, &paths[i]) == -1)
			err(1, "%s", argv[i]);
	}
	if (reactor_signal_start(r, &signals[0]) == -1 ||
	    reactor_signal_start(r, &signals[1]) == -1)
		err(1, "reactor_signal_start");
	warnx("waiting for a change");
	if (reactor_run(r) == -1)
		err(1, "reactor_run");
	reactor_close(r);
	free(paths);
	return 0;
}
