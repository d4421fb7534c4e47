/*
 * SPDX-License-Identifier: ISC
 *
 * serve.c: an HTTP server with a page that takes long to compute.  A job does
 * that, on a thread or in a process, while the loop goes on serving others;
 * without a PORT the program shows what difference that makes.
 *
 *	build/demos/serve
 *	build/demos/serve 8080			curl localhost:8080/big
 *	build/demos/serve --executor=none 8080
 */
#include <signal.h>
#include <stdlib.h>
#include "demos/demo.h"
#include "demos/listen.h"
#include "demos/serve.h"

static const char *where, *executor_kind, *backend;
static long workers, queue = 100, milliseconds = 1500;

static struct listener listener;
static int leaving;

/* ---- The server ---------------------------------------------------------- */

/* The first time nobody is cut short. */
static void
quit(struct reactor *r, struct reactor_signal *signal,
    const struct reactor_signal_info *info)
{
	(void)signal;
	(void)info;
	if (leaving++) {
		reactor_stop(r);
		return;
	}
	listen_end(r, &listener);
	serve_guests_leave(r);
}

/* In the background: when the last guest has left, that is all. */
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

/* NULL: there is to be none. */
static struct reactor_executor *
open_executor(void)
{
	struct reactor_executor_options options = { 0 };
	struct reactor_executor *executor;

	if (executor_kind != NULL && strcmp(executor_kind, "none") == 0)
		return NULL;
	options.kind = executor_kind;
	options.name = "serve";
	options.workers = (unsigned)workers;
	options.queue = (size_t)queue;
	if ((executor = reactor_executor_open(&options)) == NULL)
		demo_fail("%s", reactor_executor_error());
	return executor;
}

static void
close_executor(struct reactor_executor *executor)
{
	if (executor == NULL)
		return;
	reactor_executor_shutdown(executor, REACTOR_CANCEL | REACTOR_KILL);
	reactor_executor_close(executor, -1);
}

static int
serve(void)
{
	const struct reactor_options options = { .backend = backend };
	struct reactor_executor *executor = open_executor();
	struct reactor *r = reactor_open(&options);
	int status;

	if (r == NULL)
		demo_fail("%s", reactor_error());
	if (reactor_signal_start(r, &signals[0]) == -1 ||
	    reactor_signal_start(r, &signals[1]) == -1)
		err(1, "reactor_signal_start");
	serve_answers_open(executor);
	listen_start(r, &listener, where, serve_guest_come);
	if ((status = reactor_run(r)) == -1)
		warn("reactor_run");
	serve_guests_end(r);
	if (!leaving)
		listen_end(r, &listener);
	close_executor(executor);
	reactor_close(r);
	return status == -1;
}

/* ---- The command line ---------------------------------------------------- */

static const struct demo_option options[] = {
	{ .name = "listen",
	    .value = "ADDRESS",
	    .help = "the same as PORT; 0: any free one",
	    .text = &where },
	{ .name = "executor",
	    .value = "NAME",
	    .help = "threads, processes, or none: in the loop",
	    .text = &executor_kind },
	{ .name = "workers",
	    .value = "N",
	    .help = "so many jobs at once (as is usual)",
	    .number = &workers,
	    .least = 1,
	    .most = 1000 },
	{ .name = "queue",
	    .value = "N",
	    .help = "so many may wait (100)",
	    .number = &queue,
	    .least = 1,
	    .most = 100000 },
	{ .name = "time",
	    .value = "MS",
	    .help = "of each way that is compared (1500)",
	    .number = &milliseconds,
	    .least = 1,
	    .most = 60000 },
	{ .name = "backend",
	    .value = "NAME",
	    .help = "of the loop: epoll, kqueue, poll, select",
	    .text = &backend },
	{ .name = NULL },
};

int
main(int argc, char **argv)
{
	struct serve_plan plan;

	if (argc > 1 && argv[argc - 1][0] != '-')
		where = argv[--argc];
	demo_options(argc, argv,
	    "Serves HTTP at [[HOST:]PORT | PATH], the last argument: /small at "
	    "once, /big as\nsoon as a job has computed it.  Without, compares "
	    "how long /small takes meanwhile.",
	    options);
	if (where != NULL)
		return serve();
	plan.backend = backend;
	plan.executor = executor_kind;
	plan.workers = workers;
	plan.time = milliseconds * REACTOR_MILLISECOND;
	return serve_measure(&plan);
}
