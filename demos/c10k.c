/*
 * SPDX-License-Identifier: ISC
 *
 * c10k: one thread serves ten thousand connections, on every backend in turn.
 * The client is a process of its own; it uses the best backend throughout, so
 * that only the server differs.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "demos/c10k.h"

enum { CT_BACKENDS = 8 };

static struct c10k_plan ct_plan = {
	.connections = 10000, .active = 100, .seconds = 2
};
static struct demo_backend ct_backend[CT_BACKENDS];
static struct c10k_result ct_result[CT_BACKENDS];
static size_t ct_backends;
static const char *ct_names;
static int ct_list;
static long ct_limit; /* of the server's descriptors; 0: as many as allowed */

static const struct demo_option ct_options[] = {
	{ .name = "backends",
	    .value = "NAMES",
	    .help = "only these, as in epoll,poll",
	    .text = &ct_names },
	{ .name = "list",
	    .help = "which backends are here, and why not",
	    .flag = &ct_list },
	{ .name = "connections",
	    .value = "N",
	    .help = "so many (10000)",
	    .number = &ct_plan.connections,
	    .least = 1,
	    .most = 1000000 },
	{ .name = "active",
	    .value = "N",
	    .help = "messages under way at any time (100)",
	    .number = &ct_plan.active,
	    .least = 1,
	    .most = 1000000 },
	{ .name = "seconds",
	    .value = "N",
	    .help = "to talk, for each backend (2)",
	    .number = &ct_plan.seconds,
	    .least = 1,
	    .most = 3600 },
	{ .name = "limit",
	    .value = "N",
	    .help = "descriptors of the server, so that they run out",
	    .number = &ct_limit,
	    .least = C10K_SPARE,
	    .most = 1000000 },
	{ .name = NULL },
};

/* ---- One backend --------------------------------------------------------- */

static int
ct_bind(int fd, uint32_t address)
{
	socklen_t size = sizeof(ct_plan.address);
	struct sockaddr *to = (struct sockaddr *)(void *)&ct_plan.address;

	memset(&ct_plan.address, 0, sizeof(ct_plan.address));
	ct_plan.address.sin_family = AF_INET;
	ct_plan.address.sin_addr.s_addr = htonl(address);
	if (bind(fd, to, size) == -1)
		return -1;
	return getsockname(fd, to, &size);
}

/*
 * Each has an address of its own, 127.0.0.2 and on: the ports from which one
 * address can be reached do not suffice for all the runs.  Not every system
 * has more than 127.0.0.1.
 */
static int
ct_listen(size_t which)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd == -1 || demo_nonblocking(fd) == -1 ||
	    (ct_bind(fd, INADDR_LOOPBACK + 1 + (uint32_t)which) == -1 &&
		ct_bind(fd, INADDR_LOOPBACK) == -1) ||
	    listen(fd, C10K_BACKLOG) == -1)
		demo_fail("cannot listen on loopback: %s", strerror(errno));
	return fd;
}

static long
ct_set_limit(long limit)
{
	struct rlimit now;
	long old;

	(void)getrlimit(RLIMIT_NOFILE, &now);
	old = (long)now.rlim_cur;
	now.rlim_cur = (rlim_t)limit;
	if (setrlimit(RLIMIT_NOFILE, &now) == -1)
		demo_fail("cannot set the limit of descriptors to %ld: %s",
		    limit, strerror(errno));
	return old;
}

static void
ct_run(size_t which)
{
	int listener = ct_listen(which), report[2], status;
	long old = 0;
	pid_t client;

	if (pipe(report) == -1 || fflush(stdout) == EOF ||
	    (client = fork()) == -1)
		demo_fail("cannot start the client: %s", strerror(errno));
	if (client == 0) {
		(void)close(listener);
		(void)close(report[0]);
		c10k_client(&ct_plan, report[1]);
	}
	(void)close(report[1]);
	if (ct_limit != 0)
		old = ct_set_limit(ct_limit);
	c10k_serve(&ct_backend[which], &ct_plan, listener, report[0],
	    &ct_result[which]);
	if (ct_limit != 0)
		(void)ct_set_limit(old);
	(void)close(listener);
	(void)close(report[0]);
	(void)waitpid(client, &status, 0);
}

/* ---- What is printed ----------------------------------------------------- */

static int
ct_width(size_t which)
{
	int length = (int)strlen(ct_backend[which].label) + 2;

	return length < 12 ? 12 : length;
}

enum ct_row {
	CT_TOGETHER,
	CT_SERVED,
	CT_CONNECTING,
	CT_RATE,
	CT_FEWEST,
	CT_P50,
	CT_P99,
	CT_P999,
	CT_LONGEST,
	CT_PROCESSOR,
	CT_MEMORY,
	CT_PAUSES,
	CT_ROWS
};

static const char *const ct_words[CT_ROWS] = { "connections at once",
	"connections served", "connecting took", "messages/s",
	"messages each, at least", "latency, median", "99 %", "99.9 %",
	"longest", "processor/message", "memory/connection",
	"accepting paused" };

static void
ct_cell(
    enum ct_row row, const struct c10k_result *result, char *text, size_t size)
{
	static const double part[] = { 0.5, 0.99, 0.999, 1 };
	const struct c10k_seen *seen = &result->seen;

	(void)snprintf(text, size, "-");
	if (row == CT_TOGETHER)
		figure_count((double)seen->together, text, size);
	else if (row == CT_SERVED)
		figure_count((double)seen->served, text, size);
	else if (row == CT_CONNECTING)
		figure_time((double)seen->connected, text, size);
	else if (row == CT_RATE && seen->lasted > 0)
		figure_count(
		    (double)seen->messages * 1e9 / (double)seen->lasted, text,
		    size);
	else if (row == CT_FEWEST && seen->served > 0)
		figure_count(seen->fewest, text, size);
	else if (row >= CT_P50 && row <= CT_LONGEST)
		figure_time(figure_part(&seen->latency, part[row - CT_P50]),
		    text, size);
	else if (row == CT_PROCESSOR && result->echoed > 0)
		figure_time((double)result->processor / (double)result->echoed,
		    text, size);
	else if (row == CT_MEMORY)
		figure_bytes(result->memory, text, size);
	else if (row == CT_PAUSES)
		(void)snprintf(text, size, "%ld times", result->pauses);
}

static void
ct_table(void)
{
	char text[40];
	int row;
	size_t k;

	(void)printf("%24s", "");
	for (k = 0; k < ct_backends; k++)
		(void)printf("%*s", ct_width(k), ct_backend[k].label);
	(void)putchar('\n');
	for (row = 0; row < CT_ROWS; row++) {
		(void)printf("%24s", ct_words[row]);
		for (k = 0; k < ct_backends; k++) {
			ct_cell((enum ct_row)row, &ct_result[k], text,
			    sizeof(text));
			(void)printf("%*s", ct_width(k), text);
		}
		(void)putchar('\n');
	}
	(void)printf("\nA message is %d bytes there and back.  Memory is what "
		     "the server's process\nallocates; the kernel's share is "
		     "not in it.\n",
	    C10K_MESSAGE);
}

static int
ct_complain(void)
{
	const struct c10k_seen *seen;
	size_t k;
	int result = 0;

	for (k = 0; k < ct_backends; k++) {
		seen = &ct_result[k].seen;
		if (seen->failed > 0)
			demo_warn("%s: %ld connections failed: %s",
			    ct_backend[k].label, seen->failed,
			    strerror(seen->error));
		else if (seen->served < ct_plan.connections)
			demo_warn("%s: %ld connections were not served in time",
			    ct_backend[k].label,
			    ct_plan.connections - seen->served);
		else
			continue;
		result = 1;
	}
	return result;
}

static void
ct_fit(void)
{
	long limit = demo_descriptors(), wanted = ct_plan.connections;
	char most[40], count[40];

	if (limit <= C10K_SPARE + 10)
		demo_fail("the limit of %ld descriptors is too low for this; "
			  "see ulimit -n",
		    limit);
	if (ct_limit > limit)
		demo_usage("--limit=%ld: the limit is %ld", ct_limit, limit);
	if (wanted > limit - C10K_SPARE)
		ct_plan.connections = limit - C10K_SPARE;
	figure_count((double)ct_plan.connections, count, sizeof(count));
	if (wanted > ct_plan.connections) {
		figure_count((double)wanted, most, sizeof(most));
		(void)printf("The limit is %ld descriptors: %s connections "
			     "instead of %s.\n",
		    limit, count, most);
	}
	if (ct_plan.active > ct_plan.connections)
		ct_plan.active = ct_plan.connections;
	(void)printf("One thread, %s TCP connections, %ld messages under way, "
		     "%ld s each.\n\n",
	    count, ct_plan.active, ct_plan.seconds);
}

int
main(int argc, char **argv)
{
	size_t k;

	c10k_count_memory();
	demo_options(argc, argv,
	    "One thread serves many TCP connections on loopback, every one of "
	    "which talks,\non each backend in turn.",
	    ct_options);
	if (ct_list) {
		demo_backends_list();
		return 0;
	}
	ct_backends = demo_backends(ct_names, ct_backend, CT_BACKENDS);
	ct_fit();
	for (k = 0; k < ct_backends; k++) {
		demo_progress("%zu of %zu: %s...", k + 1, ct_backends,
		    ct_backend[k].label);
		ct_run(k);
	}
	demo_progress_end();
	ct_table();
	demo_write_end(stdout, "standard output");
	return ct_complain();
}
