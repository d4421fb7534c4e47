/*
 * SPDX-License-Identifier: ISC
 *
 * loop_picture: draws an event loop, box by box, with what really went through
 * it: a timer, a signal, a pipe, a socket and the end of a process.
 *
 *	build/demos/loop_picture --svg=event-loop.svg
 *
 * The numbers are read from the trace of the run.
 */
#include <sys/socket.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <reactor/reactor.h>
#include "demos/demo.h"
#include "demos/loop_picture.h"
#include "demos/sequence.h"

static struct loop_picture lp = { .event = {
				      { .name = "timer", .words = "a timer" },
				      { .name = "pipe", .words = "a pipe" },
				      { .name = "signal", .words = "a signal" },
				      { .name = "socket", .words = "a socket" },
				      { .name = "child", .words = "a process" },
				  } };

/* ---- The world outside --------------------------------------------------- */

static int lp_pipe[2], lp_sockets[2];

static void
lp_pass(long ms)
{
	struct timespec span = { ms / 1000, ms % 1000 * 1000000L };

	while (nanosleep(&span, &span) == -1 && errno == EINTR)
		continue;
}

/* Another process, which makes things happen, one after the other. */
static pid_t
lp_outside(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid != 0)
		return pid;
	lp_pass(20);
	(void)!write(lp_pipe[1], "hello", 5);
	lp_pass(10);
	(void)kill(parent, SIGUSR1);
	lp_pass(10);
	(void)!send(lp_sockets[1], "hello", 5, 0);
	lp_pass(10);
	_exit(0);
}

/* ---- The handlers -------------------------------------------------------- */

static void
lp_on_timer(struct reactor *r, struct reactor_timer *timer)
{
	(void)r;
	(void)timer;
}

static void
lp_on_io(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	char text[16];

	(void)ready;
	if (read(io->fd, text, sizeof(text)) != 0)
		reactor_io_stop(r, io);
}

static void
lp_on_signal(struct reactor *r, struct reactor_signal *usr1,
    const struct reactor_signal_info *info)
{
	(void)info;
	reactor_signal_stop(r, usr1);
}

static void
lp_on_child(struct reactor *r, struct reactor_child *child)
{
	(void)r;
	(void)child;
}

static struct reactor_timer lp_timer = { .event = { .name = "timer" },
	.callback = lp_on_timer };
static struct reactor_io lp_io[2] = {
	{ .event = { .name = "pipe" },
	    .callback = lp_on_io,
	    .wanted = REACTOR_READ },
	{ .event = { .name = "socket" },
	    .callback = lp_on_io,
	    .wanted = REACTOR_READ },
};
static struct reactor_signal lp_usr1 = { .event = { .name = "signal" },
	.callback = lp_on_signal,
	.number = SIGUSR1 };
static struct reactor_child lp_child = { .event = { .name = "child" },
	.callback = lp_on_child };

/* The other process begins when there are handlers for what it does. */
static void
lp_run(struct reactor *r)
{
	if (pipe(lp_pipe) == -1 ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, lp_sockets) == -1)
		demo_fail("cannot begin: %s", strerror(errno));
	lp_io[0].fd = lp_pipe[0];
	lp_io[1].fd = lp_sockets[0];
	if (reactor_timer_start(r, &lp_timer, 10 * REACTOR_MILLISECOND) == -1 ||
	    reactor_io_start(r, &lp_io[0]) == -1 ||
	    reactor_signal_start(r, &lp_usr1) == -1 ||
	    reactor_io_start(r, &lp_io[1]) == -1 ||
	    (lp_child.pid = lp_outside()) == -1 ||
	    reactor_child_start(r, &lp_child) == -1 || reactor_run(r) == -1)
		demo_fail("cannot run: %s", strerror(errno));
	(void)reactor_close(r);
}

/* ---- The trace ----------------------------------------------------------- */

static void
lp_mark(const char *name, enum loop_box box, int64_t time)
{
	struct loop_event *event = lp.event;

	for (; event < lp.event + LOOP_EVENTS; event++)
		if (strcmp(event->name, name) == 0 && event->when[box] == 0)
			event->when[box] = time - lp.begin;
}

static void
lp_register(const struct sequence_record *record)
{
	if (strcmp(record->kind, "producer") == 0)
		return; /* of the library itself */
	if (strncmp(record->name, "start ", 6) == 0) {
		lp.starts++;
		if (lp.begin == 0)
			lp.begin = record->time - 1;
		lp_mark(record->name + 6, LOOP_REGISTER, record->time);
	} else if (strncmp(record->name, "stop ", 5) == 0) {
		lp.stops++;
	}
}

/* When the last wait has returned, and since when nothing was dispatched. */
static int64_t lp_woken;
static int lp_length;

static void
lp_wait(const struct sequence_record *record)
{
	lp.waits++;
	lp.waited += record->span;
	lp_woken = record->time + record->span;
	(void)snprintf(lp.backend, sizeof(lp.backend), "%.31s", record->name);
}

static void
lp_queue(const struct sequence_record *record)
{
	lp.queued++;
	if (++lp_length > lp.longest)
		lp.longest = lp_length;
	lp_mark(record->name, LOOP_WAIT, lp_woken);
	lp_mark(record->name, LOOP_QUEUE, record->time);
}

static void
lp_dispatch(const struct sequence_record *record)
{
	struct loop_event *event = lp.event;

	lp.rounds++;
	lp_length = 0;
	for (; event < lp.event + LOOP_EVENTS; event++)
		if (event->when[LOOP_QUEUE] != 0)
			lp_mark(event->name, LOOP_DISPATCH, record->time);
}

static void
lp_handler(const struct sequence_record *record)
{
	static int64_t since;

	if (record->phase[0] == 'E') {
		lp.handled += record->time - since;
		lp.end = record->time - lp.begin;
		return;
	}
	since = record->time;
	lp.calls++;
	lp_mark(record->name, LOOP_HANDLER, record->time);
}

static void
lp_read(FILE *trace)
{
	static const char *const lanes[LOOP_BOXES] = { "register", "wait",
		"queue", "dispatch", "handler" };
	static void (*const read_record[LOOP_BOXES])(
	    const struct sequence_record *) = { lp_register, lp_wait, lp_queue,
		lp_dispatch, lp_handler };
	struct sequence_record record;
	char line[1024];
	int i;

	while (fgets(line, sizeof(line), trace) != NULL) {
		/* 'C' is for counters. */
		if (!sequence_record(line, &record) || record.phase[0] == 'C')
			continue;
		for (i = 0; i < LOOP_BOXES; i++)
			if (strcmp(record.lane, lanes[i]) == 0)
				read_record[i](&record);
	}
}

/* ---- The program --------------------------------------------------------- */

static const char *lp_backend, *lp_svg;

static const struct demo_option lp_options[] = {
	{ .name = "svg",
	    .value = "FILE",
	    .help = "the picture",
	    .text = &lp_svg },
	{ .name = "backend",
	    .value = "NAME",
	    .help = "of the loop: epoll, kqueue, poll, select",
	    .text = &lp_backend },
	{ .name = NULL },
};

/* The file of the trace has no name after that: it cannot be left. */
static FILE *
lp_trace(struct reactor **r)
{
	const char *directory = getenv("TMPDIR");
	struct reactor_options options = { .backend = lp_backend };
	char name[256];
	FILE *trace;
	int fd;

	(void)snprintf(name, sizeof(name), "%s/loop.XXXXXX",
	    directory != NULL ? directory : "/tmp");
	if ((fd = mkstemp(name)) == -1 || (trace = fdopen(fd, "r")) == NULL)
		demo_fail("cannot write %s: %s", name, strerror(errno));
	options.trace = name;
	*r = reactor_open(&options);
	(void)unlink(name);
	if (*r == NULL)
		demo_fail("%s", reactor_error());
	return trace;
}

int
main(int argc, char **argv)
{
	struct reactor *r;
	FILE *to, *trace;

	demo_options(argc, argv,
	    "Draws an event loop and what went through it in a small run.",
	    lp_options);
	if (lp_svg == NULL)
		demo_usage("where to?  --svg=FILE");
	to = demo_write(lp_svg);
	trace = lp_trace(&r);
	lp_run(r);
	lp_read(trace);
	(void)fclose(trace);
	demo_write_begin(to, lp_svg);
	loop_draw(&lp, to);
	demo_write_end(to, lp_svg);
	(void)printf("%s: %d events in %d turns, with %s\n", lp_svg, lp.calls,
	    lp.waits, lp.backend);
	demo_write_end(stdout, "standard output");
	return 0;
}
