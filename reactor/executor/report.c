/*
 * SPDX-License-Identifier: ISC
 *
 * report.c: what the helper reports about a worker's process.
 */
#include <sys/wait.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "reactor/executor/process.h"

static void
xrp_ended(struct reactor__process *p, int lost, int status)
{
	p->dead = 1;
	p->lost = lost;
	p->status = status;
}

int
reactor__process_milliseconds(int64_t ns)
{
	int64_t ms = ns <= 0 ? 0 : (ns - 1) / REACTOR_MILLISECOND + 1;

	if (ns == INT64_MAX)
		return -1;
	return ms < 1000000 ? (int)ms : 1000000;
}

int
reactor__process_report(
    struct reactor__process *p, int64_t ns, struct reactor__report *report)
{
	struct pollfd fd = { p->contact.reports, POLLIN, 0 };
	int64_t until =
	    reactor__clock_add(reactor__clock(REACTOR__MONOTONIC), ns);
	int64_t left = ns;
	ssize_t n;

	while (poll(&fd, 1, reactor__process_milliseconds(left)) <= 0) {
		if (ns == INT64_MAX)
			continue;
		left = until - reactor__clock(REACTOR__MONOTONIC);
		if (left <= 0)
			return 0;
	}
	do
		n = read(p->contact.reports, report, sizeof(*report));
	while (n == -1 && errno == EINTR);
	if (n != (ssize_t)sizeof(*report))
		xrp_ended(p, 1, 0);
	else if (report->what == REACTOR__WORKER_ENDED)
		xrp_ended(p, 0, report->value);
	return 1;
}

int
reactor__process_wait(struct reactor__process *p, int64_t ns)
{
	struct reactor__report report;

	while (!p->dead)
		if (reactor__process_report(p, ns, &report) == 0)
			return 0;
	return 1;
}

/* strsignal(3) may have one buffer for all threads. */
static void
xrp_signal(int number, char *text, size_t size)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	const char *words;

	(void)pthread_mutex_lock(&lock);
	words = strsignal(number);
	(void)snprintf(text, size, "%s", words != NULL ? words : "?");
	(void)pthread_mutex_unlock(&lock);
}

const char *
reactor__process_how(int status, char *text, size_t size)
{
	char words[64];

	if (!WIFSIGNALED(status)) {
		(void)snprintf(
		    text, size, "exited with status %d", WEXITSTATUS(status));
		return text;
	}
	xrp_signal(WTERMSIG(status), words, sizeof(words));
	(void)snprintf(text, size, "was killed by signal %d (%s)%s",
	    WTERMSIG(status), words, WCOREDUMP(status) ? ", core dumped" : "");
	return text;
}
