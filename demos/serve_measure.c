/*
 * SPDX-License-Identifier: ISC
 *
 * serve_measure.c: how long /small takes while somebody else asks for /big, one
 * way after the other.  The two clients are threads that block, each with one
 * connection, so that nothing but the server can keep them waiting.
 */
#include <sys/ioctl.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include "demos/demo.h"
#include "demos/listen.h"
#include "demos/serve.h"

#define VM_PAUSE REACTOR_MILLISECOND /* between two questions for /small */

enum {
	VM_WAYS = 4,
	VM_TABLE = 62, /* columns, and then the bars */
	VM_BAR = 30
};

/* Who computes /big. */
static const struct vm_way {
	const char *label, *kind;
	int big; /* it is asked for */
} vm_ways[VM_WAYS] = {
	{ "nobody", NULL, 0 },
	{ "the loop", NULL, 1 },
	{ "a thread", "threads", 1 },
	{ "a process", "processes", 1 },
};

struct vm_result {
	struct serve_client small, big;
	char why[256]; /* it could not be had; or "" */
};

static struct vm_result vm_results[VM_WAYS];
static struct reactor *vm_reactor;
static int vm_clients; /* that are at work */

/* The last to end stops the loop. */
static void *
vm_client(void *client)
{
	serve_client_talk(client);
	if (__atomic_sub_fetch(&vm_clients, 1, __ATOMIC_ACQ_REL) == 0)
		reactor_stop(vm_reactor);
	return NULL;
}

/* ---- One way ------------------------------------------------------------- */

static void
vm_listen(struct listener *listener, struct reactor *r)
{
	memset(listener, 0, sizeof(*listener));
	listener->where = "0";
	listener->accepted = serve_guest_come;
	listener->pause.callback = listen_again;
	listener->io.callback = listen_ready;
	listener->io.wanted = REACTOR_READ;
	listener->io.fd = listen_quietly(listener->where);
	if (reactor_io_start(r, &listener->io) == -1)
		demo_fail("cannot listen: %s", strerror(errno));
}

/* Signals are for the thread of the loop. */
static void
vm_start(struct serve_client *client, int listener)
{
	sigset_t all, old;
	int error;

	client->length = sizeof(client->address);
	getsockname(
	    listener, (struct sockaddr *)&client->address, &client->length);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	error = pthread_create(&client->thread, NULL, vm_client, client);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (error != 0)
		demo_fail("pthread_create: %s", strerror(error));
}

static void
vm_serve(const struct vm_way *way, struct vm_result *result)
{
	struct listener listener;

	vm_listen(&listener, vm_reactor);
	vm_clients = 1 + way->big;
	vm_start(&result->small, listener.io.fd);
	if (way->big)
		vm_start(&result->big, listener.io.fd);
	if (reactor_run(vm_reactor) == -1)
		demo_fail("reactor_run: %s", strerror(errno));
	(void)pthread_join(result->small.thread, NULL);
	if (way->big)
		(void)pthread_join(result->big.thread, NULL);
	serve_guests_end(vm_reactor);
	listen_end(vm_reactor, &listener);
}

static void
vm_measure(const struct serve_plan *plan, const struct vm_way *way,
    struct vm_result *result)
{
	struct reactor_executor_options options = { .kind = way->kind,
		.name = "serve",
		.workers = (unsigned)plan->workers };
	struct reactor_executor *executor = NULL;

	if (way->kind != NULL &&
	    (executor = reactor_executor_open(&options)) == NULL) {
		snprintf(result->why, sizeof(result->why), "%s",
		    reactor_executor_error());
		return;
	}
	result->small = (struct serve_client){
		.path = "/small", .time = plan->time, .pause = VM_PAUSE
	};
	result->big =
	    (struct serve_client){ .path = "/big", .time = plan->time };
	serve_answers_open(executor);
	vm_serve(way, result);
	if (executor != NULL)
		(void)reactor_executor_close(executor, -1);
}

/* ---- The table ----------------------------------------------------------- */

/* What a terminal has beside the table; elsewhere lines are 79 wide. */
static int
vm_width(void)
{
	struct winsize window;
	int width = 79;

	if (ioctl(1, TIOCGWINSZ, &window) == 0 && window.ws_col > 0)
		width = window.ws_col - 1;
	width -= VM_TABLE;
	return width < 4 ? 0 : width < VM_BAR ? width : VM_BAR;
}

/* The part of the longest is drawn. */
static void
vm_bar(double time)
{
	static const char bar[] = "##############################";
	double longest = time, other;
	size_t i;
	int width;

	for (i = 0; i < VM_WAYS; i++) {
		other = figure_part(&vm_results[i].small.seen, 0.99);
		longest = other > longest ? other : longest;
	}
	width = (int)(vm_width() * time / (longest > 0 ? longest : 1) + 0.5);
	if (width > 0)
		(void)printf("  %.*s", width, bar);
}

static void
vm_row(const struct vm_way *way, const struct vm_result *result)
{
	static const double part[] = { 0.5, 0.99, 1 };
	const struct figure_histogram *seen = &result->small.seen;
	char text[40];
	size_t i;

	(void)printf("%-10s", way->label);
	figure_count((double)seen->total, text, sizeof(text));
	(void)printf("%10s", text);
	for (i = 0; i < 3; i++) {
		figure_time(figure_part(seen, part[i]), text, sizeof(text));
		(void)printf("%10s", text);
	}
	figure_count((double)result->big.seen.total, text, sizeof(text));
	(void)printf("%10s", way->big ? text : "-");
	if (vm_width() > 0)
		vm_bar(figure_part(seen, 0.99));
	(void)putchar('\n');
}

/* Returns the exit status. */
static int
vm_table(void)
{
	int failed = 0;
	size_t i;

	(void)printf("/big is    |-------------- /small -------------|\n"
		     "drawn by     answers    median      99 %%     worst"
		     "      /big%s\n",
	    vm_width() > 0 ? "  99 % of /small" : "");
	for (i = 0; i < VM_WAYS; i++) {
		if (vm_results[i].small.seen.total > 0)
			vm_row(&vm_ways[i], &vm_results[i]);
		if (vm_results[i].why[0] != '\0')
			demo_warn(
			    "%s: %s", vm_ways[i].label, vm_results[i].why);
		else if (vm_results[i].small.failed || vm_results[i].big.failed)
			demo_warn("%s: an answer is missing", vm_ways[i].label);
		else
			continue;
		failed = 1;
	}
	return failed;
}

static int
vm_known(const char *executor)
{
	size_t i;

	for (i = 0; i < VM_WAYS; i++)
		if (vm_ways[i].kind != NULL &&
		    strcmp(executor, vm_ways[i].kind) == 0)
			return 1;
	return strcmp(executor, "none") == 0;
}

/* The loop itself is always worth a look. */
static int
vm_wanted(const struct serve_plan *plan, const struct vm_way *way)
{
	return plan->executor == NULL || way->kind == NULL ||
	    strcmp(plan->executor, way->kind) == 0;
}

int
serve_measure(const struct serve_plan *plan)
{
	const struct reactor_options options = { .backend = plan->backend };
	int status;
	size_t i;

	if (plan->executor != NULL && !vm_known(plan->executor))
		demo_fail("unknown executor: %s; threads, processes and none "
			  "work here",
		    plan->executor);
	/* Before there are threads. */
	if (vm_wanted(plan, &vm_ways[VM_WAYS - 1]))
		(void)reactor_helper_start();
	if ((vm_reactor = reactor_open(&options)) == NULL)
		demo_fail("%s", reactor_error());
	for (i = 0; i < VM_WAYS; i++) {
		if (!vm_wanted(plan, &vm_ways[i]))
			continue;
		demo_progress("%zu of %d: /big is drawn by %s...", i + 1,
		    VM_WAYS, vm_ways[i].label);
		vm_measure(plan, &vm_ways[i], &vm_results[i]);
	}
	demo_progress_end();
	reactor_close(vm_reactor);
	reactor_helper_stop();
	status = vm_table();
	demo_write_end(stdout, "standard output");
	return status;
}
