/*
 * SPDX-License-Identifier: ISC
 *
 * chain: the example of Python's manual for coroutines that call each other,
 * with the picture that goes with it.  print_sum, a task, calls compute, which
 * sleeps a second before it has its result:
 *
 *	build/demos/chain
 *	build/demos/chain --sums=2 --svg=chain.svg
 *
 * The picture is not made up: it is drawn from the trace of this very run, in
 * which the library tells what loop and tasks did, and when.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <coro/task.h>
#include "demos/demo.h"
#include "demos/sequence.h"

struct sum {
	int x, y;
};

static int64_t pause_time = REACTOR_SECOND;

/* ---- The example --------------------------------------------------------- */

__attribute__((format(printf, 1, 2))) static void say(const char *, ...);
static intptr_t call(coro_fn *, const char *name, struct sum *);

static intptr_t
compute(void *argument)
{
	struct sum *s = argument;

	say("Compute %d + %d ...", s->x, s->y);
	if (task_sleep(pause_time) == -1)
		return -1;
	return s->x + s->y;
}

static intptr_t
print_sum(void *argument)
{
	struct sum *s = argument;
	intptr_t result = call(compute, "compute", s);

	if (result == -1)
		return -1;
	say("%d + %d = %d", s->x, s->y, (int)result);
	return 0;
}

static intptr_t
task_main(void *argument)
{
	return call(print_sum, "print_sum", argument);
}

/* ---- What it tells the trace --------------------------------------------- */

static void
tell(const char *verb, const char *name, const char *what)
{
	reactor_trace(
	    task_reactor(), REACTOR_INSTANT, "coroutines", verb, name, what);
}

/* Prints a line. */
static void
say(const char *format, ...)
{
	char line[64];
	va_list list;

	va_start(list, format);
	(void)vsnprintf(line, sizeof(line), format, list);
	va_end(list);
	(void)puts(line);
	tell("print", line, NULL);
}

/* Calls a coroutine, as `function(s)` would. */
static intptr_t
call(coro_fn *function, const char *name, struct sum *s)
{
	char text[64], what[32];
	intptr_t result;

	(void)snprintf(text, sizeof(text), "%s(%d, %d)", name, s->x, s->y);
	tell("call", text, NULL);
	result = function(s);
	(void)snprintf(what, sizeof(what), "%d", (int)result);
	tell("return", text, what);
	return result;
}

/* ---- The program --------------------------------------------------------- */

static const char *backend, *context, *seconds, *svg;
static long sums = 1;

static const struct demo_option options[] = {
	{ .name = "sums",
	    .value = "N",
	    .help = "so many at the same time (1)",
	    .number = &sums,
	    .least = 1,
	    .most = 8 },
	{ .name = "seconds",
	    .value = "S",
	    .help = "how long to compute, as in 0.2 (1)",
	    .text = &seconds },
	{ .name = "svg",
	    .value = "FILE",
	    .help = "draw what happened",
	    .text = &svg },
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

static void
read_options(int argc, char **argv)
{
	double number;
	char *end;

	demo_options(argc, argv,
	    "Computes a sum, slowly, in a coroutine that another one awaits.",
	    options);
	if (seconds == NULL)
		return;
	number = strtod(seconds, &end);
	if (end == seconds || *end != '\0' || !(number >= 0 && number <= 60))
		demo_usage("--seconds=%s: not a number from 0 to 60", seconds);
	pause_time = (int64_t)(number * (double)REACTOR_SECOND);
}

static struct reactor *
open_loop(const char *trace)
{
	const struct reactor_options loop = { .backend = backend,
		.trace = trace };
	const struct task_options tasks = { .context = context };
	struct reactor *r = reactor_open(&loop);

	/* The file of the trace has no name any more: it cannot be left. */
	if (trace != NULL)
		(void)unlink(trace);
	if (r == NULL)
		demo_fail("%s", reactor_error());
	if (task_begin(r, &tasks) == -1)
		demo_fail("%s",
		    coro_error()[0] != '\0' ? coro_error() : strerror(errno));
	return r;
}

/* As asyncio's run_until_complete, for all of them. */
static void
run(struct reactor *r)
{
	static struct sum sum[8];
	char name[32];
	const struct task_attributes attributes = { .name = name };
	struct task *t;
	int i;

	for (i = 0; i < sums; i++) {
		sum[i].x = 2 * i + 1;
		sum[i].y = 2 * i + 2;
		(void)snprintf(name, sizeof(name), "print_sum(%d, %d)",
		    sum[i].x, sum[i].y);
		t = task_spawn_with(task_main, &sum[i], &attributes);
		if (t == NULL)
			demo_fail("task_spawn: %s", strerror(errno));
		task_detach(t);
	}
	tell("call", "reactor_run(r)", NULL);
	if (reactor_run(r) == -1)
		demo_fail("reactor_run: %s", strerror(errno));
	tell("return", "reactor_run(r)", "0");
	if (task_end(r) == -1)
		demo_fail("task_end: %s", strerror(errno));
	(void)reactor_close(r);
}

static void
draw(FILE *trace, FILE *to)
{
	static struct sequence sequence;

	if (sequence_read(&sequence, trace) == -1)
		demo_fail("too much happened: it cannot be drawn");
	demo_write_begin(to, svg);
	sequence_draw(&sequence, to,
	    sums == 1 ? "What happened: a task and its coroutines"
		      : "What happened: tasks and their coroutines");
	demo_write_end(to, svg);
}

/* In place of any other trace: a run has only one. */
static void
run_and_draw(void)
{
	const char *directory = getenv("TMPDIR");
	FILE *to = demo_write(svg), *trace;
	char name[256];
	int fd;

	if (getenv("REACTOR_TRACE") != NULL)
		demo_warn("--svg takes the trace; $REACTOR_TRACE gets none");
	(void)snprintf(name, sizeof(name), "%s/chain.XXXXXX",
	    directory != NULL ? directory : "/tmp");
	if ((fd = mkstemp(name)) == -1 || (trace = fdopen(fd, "r")) == NULL)
		demo_fail("cannot write %s: %s", name, strerror(errno));
	run(open_loop(name));
	draw(trace, to);
	(void)fclose(trace);
}

int
main(int argc, char **argv)
{
	read_options(argc, argv);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (svg != NULL)
		run_and_draw();
	else
		run(open_loop(NULL));
	demo_write_end(stdout, "standard output");
	return 0;
}
