/*
 * SPDX-License-Identifier: ISC
 *
 * process.c: the life of a worker's process: it is started, and started again
 * when it failed; it is stopped or killed, and buried.
 */
#include <sys/socket.h>
#include <sys/wait.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include "reactor/executor/process.h"
#include "reactor/executor/system.h"

#define XX_PAUSE   (10 * REACTOR_MILLISECOND) /* then twice that... */
#define XX_LONGEST REACTOR_SECOND
#define XX_LEAVE   REACTOR_SECOND /* a process that is to end has that long */

enum { XX_STARTS = 5 }; /* that fail in a row are enough */

/* ---- Its end ------------------------------------------------------------- */

void
reactor__process_kill(struct reactor__worker *w, int64_t grace)
{
	struct reactor__process *p = w->process;
	struct reactor__helper *helper = w->pool->helper;

	if (!p->dead && grace > 0) {
		reactor__helper_kill(helper, p->contact.serial, SIGTERM);
		(void)reactor__process_wait(p, grace);
	}
	if (!p->dead)
		reactor__helper_kill(helper, p->contact.serial, SIGKILL);
	(void)reactor__process_wait(p, INT64_MAX);
}

/* Without the helper nobody has killed it, unless the kernel did. */
static void
xx_orphan(const struct reactor__worker *w)
{
	char byte;

	if (recv(w->process->contact.socket, &byte, 1,
		MSG_PEEK | MSG_DONTWAIT) == -1 &&
	    (errno == EAGAIN || errno == EWOULDBLOCK) && w->pid > 1)
		(void)kill(-w->pid, SIGKILL);
}

static void
xx_bury(struct reactor__worker *w, int expected)
{
	struct reactor__process *p = w->process;
	struct reactor_executor *pool = w->pool;

	if (p->lost) {
		reactor__helper_lost(pool->helper);
		xx_orphan(w);
	}
	reactor__executor_lock(pool);
	if (p->live)
		pool->live--;
	if (!expected && p->doomed == 0)
		pool->stats.died++;
	p->running = p->live = 0;
	p->killed = p->doomed;
	w->pid = 0;
	reactor__contact_close(&p->contact);
	reactor__executor_unlock(pool);
	w->prepared = 0;
}

void
reactor__process_bury(struct reactor__worker *w)
{
	xx_bury(w, 0);
}

void
reactor__process_died(struct reactor__worker *w)
{
	struct reactor__process *p = w->process;
	struct reactor_executor *pool = w->pool;
	char text[100];

	p->deaths++;
	reactor__process_bury(w);
	if (p->lost) {
		reactor__executor_break(
		    pool, ENOTRECOVERABLE, "the helper process died");
	} else if (!p->killed && (pool->options.flags & REACTOR_BREAK) != 0) {
		reactor__executor_break(pool, ENOTRECOVERABLE, "a process %s",
		    reactor__process_how(p->status, text, sizeof(text)));
		reactor__processes_doom(pool, w);
	}
}

void
reactor__process_stop(struct reactor__worker *w)
{
	struct reactor__process *p = w->process;

	/* Not close(2): a child of the program may have a copy. */
	(void)shutdown(p->contact.socket, SHUT_WR);
	if (reactor__process_wait(p, XX_LEAVE) == 0)
		reactor__process_kill(w, 0);
	xx_bury(w, !p->lost && WIFEXITED(p->status));
}

/* ---- Its beginning ------------------------------------------------------- */

struct xx_why {
	int broken; /* it is of no use to try again */
	char words[160];
};

static int
xx_failed(struct xx_why *why, const char *what, int error)
{
	char text[100];

	(void)snprintf(why->words, sizeof(why->words), "%s: %s", what,
	    reactor__error_text(error, text, sizeof(text)));
	return -1;
}

static int
xx_lost(struct xx_why *why)
{
	why->broken = 1;
	(void)snprintf(
	    why->words, sizeof(why->words), "the helper process died");
	return -1;
}

/* There is a process, or none; what it is good for is another matter. */
static int
xx_spawn(struct reactor__worker *w, struct xx_why *why)
{
	static const char what[] = "no process could be started";
	struct reactor__process *p = w->process;
	struct reactor_executor *pool = w->pool;
	struct reactor__report report = { REACTOR__WORKER_FAILED, EMFILE };
	int error;

	p->dead = p->lost = p->status = 0;
	p->jobs = 0;
	if (reactor__helper_spawn(pool->helper, &p->contact) == -1) {
		error = errno;
		return reactor__helper_alive(pool->helper)
		    ? xx_failed(why, what, error)
		    : xx_lost(why);
	}
	(void)reactor__process_report(p, INT64_MAX, &report);
	if (report.what == REACTOR__WORKER_STARTED && !p->dead) {
		reactor__executor_lock(pool);
		w->pid = report.value;
		p->running = 1;
		p->ended = 0;
		reactor__sentry_ring(pool);
		pool->stats.started++;
		if (p->doomed) /* while it was being started */
			reactor__helper_kill(
			    pool->helper, p->contact.serial, SIGKILL);
		reactor__executor_unlock(pool);
		return 0;
	}
	/* Without a report, the helper is gone or had no descriptor for it. */
	reactor__contact_close(&p->contact);
	if (p->lost && !reactor__helper_alive(pool->helper))
		return xx_lost(why);
	return xx_failed(why, what, report.value);
}

/* It is there, but will not do. */
static int
xx_useless(struct reactor__worker *w, int state, struct xx_why *why)
{
	struct reactor__process *p = w->process;
	char text[100];

	if (state != REACTOR__DEAD || !reactor__process_wait(p, XX_LEAVE))
		reactor__process_kill(w, 0);
	reactor__process_bury(w);
	if (p->lost)
		return xx_lost(why);
	(void)snprintf(why->words, sizeof(why->words),
	    "a process %s before it was ready",
	    reactor__process_how(p->status, text, sizeof(text)));
	return -1;
}

static int
xx_hello(struct reactor__worker *w, struct xx_why *why)
{
	const struct reactor_executor_options *options = &w->pool->options;
	struct reactor__call call;
	struct reactor__result result;
	int state;

	memset(&call, 0, sizeof(call));
	call.flags = REACTOR__HELLO;
	call.function = options->initialize;
	call.size = options->size;
	call.worker = w->number;
	state = reactor__process_call(w->process, &call, options->argument,
	    w->pool->name, INT64_MAX, &result);
	if (state != REACTOR__ANSWERED)
		return xx_useless(w, state, why);
	if (result.error != 0) {
		why->broken = 1;
		(void)snprintf(why->words, sizeof(why->words),
		    "the initializer failed: %s",
		    reactor__result_words(&result));
		reactor__process_stop(w);
	}
	reactor__result_free(&result);
	return why->broken ? -1 : 0;
}

static int
xx_start(struct reactor__worker *w, struct xx_why *why)
{
	why->broken = 0;
	if (xx_spawn(w, why) == -1 || xx_hello(w, why) == -1)
		return -1;
	reactor__executor_lock(w->pool);
	w->process->live = 1;
	w->pool->live++;
	reactor__executor_unlock(w->pool);
	return 0;
}

static int64_t
xx_pause(const struct reactor__process *p)
{
	unsigned n = p->failures + (p->deaths > 0 ? p->deaths - 1 : 0);
	int64_t pause = XX_PAUSE;

	if (n == 0)
		return 0;
	while (--n > 0 && pause < XX_LONGEST)
		pause *= 2;
	return pause < XX_LONGEST ? pause : XX_LONGEST;
}

/* It was not the only one, or not often enough: 0. */
static int
xx_hopeless(const struct reactor__worker *w)
{
	size_t live;

	reactor__executor_lock(w->pool);
	live = w->pool->live;
	reactor__executor_unlock(w->pool);
	return live == 0 && w->process->failures >= XX_STARTS;
}

static int
xx_doomed(const struct reactor__worker *w)
{
	int doomed;

	reactor__executor_lock(w->pool);
	doomed = w->process->doomed;
	reactor__executor_unlock(w->pool);
	return doomed;
}

int
reactor__process_prepare(struct reactor__worker *w)
{
	struct reactor__process *p = w->process;
	struct xx_why why;

	while (reactor__worker_pause(w, xx_pause(p)) == 0 && !xx_doomed(w)) {
		if (xx_start(w, &why) == 0) {
			p->failures = 0;
			return 0;
		}
		p->failures++;
		if (!why.broken && !xx_hopeless(w))
			continue;
		reactor__executor_break(
		    w->pool, ENOTRECOVERABLE, "%s", why.words);
		return -1;
	}
	return -1;
}
