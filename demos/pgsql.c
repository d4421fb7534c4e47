/*
 * SPDX-License-Identifier: ISC
 *
 * pgsql.c: runs queries on a PostgreSQL server, several at once: a task for each
 * connection takes the next query.  With --listen it then prints what is sent
 * by NOTIFY, until ^C.
 *
 *   queries --> task, connection --> rows, as text between tabs
 *               task, connection
 *
 *	build/demos/pgsql --connect='host=/run/postgresql dbname=postgres' \
 *	    'select version()'
 *	build/demos/pgsql --listen=news
 */
#include <stdlib.h>
#include <coro/adapters/libpq.h>
#include "demos/demo.h"
#include "demos/tasks.h"

static const char *backend, *context, *conninfo = "", *channel;
static long at_once = 4, timeout_s = 30;
static char **queries; /* those that nobody has taken yet */
static int failed;

/* ---- Connections and queries --------------------------------------------- */

/* The first line of what libpq says, or of errno. */
static void
complain(const char *what, const char *why)
{
	if (why == NULL || *why == '\0')
		why = errno == ETIMEDOUT ? "timed out" : strerror(errno);
	demo_warn("%s: %.*s", what, (int)strcspn(why, "\n"), why);
	failed = 1;
}

static PGconn *
connect_to(void)
{
	PGconn *c = task_pq_connect(conninfo, timeout_s * REACTOR_SECOND);

	if (c != NULL && PQstatus(c) == CONNECTION_OK)
		return c;
	complain("connecting", c != NULL ? PQerrorMessage(c) : NULL);
	PQfinish(c);
	return NULL;
}

static void
print_rows(const PGresult *result)
{
	int row, column, columns = PQnfields(result);

	for (row = 0; row < PQntuples(result); row++)
		for (column = 0; column < columns; column++)
			printf("%s%s",
			    PQgetisnull(result, row, column)
				? "NULL"
				: PQgetvalue(result, row, column),
			    column + 1 < columns ? "\t" : "\n");
}

/* 0, or -1: the connection is not to be used again. */
static int
run_query(PGconn *c, const char *query)
{
	PGresult *result = task_pq_exec(c, query, timeout_s * REACTOR_SECOND);
	ExecStatusType status = PQresultStatus(result);

	if (status == PGRES_TUPLES_OK)
		print_rows(result);
	else if (status != PGRES_COMMAND_OK)
		complain(
		    query, result != NULL ? PQresultErrorMessage(result) : "");
	PQclear(result);
	return result != NULL && PQstatus(c) == CONNECTION_OK ? 0 : -1;
}

static intptr_t
worker(void *unused)
{
	PGconn *c;

	(void)unused;
	while (*queries != NULL && !task_cancelled()) {
		c = connect_to();
		if (c == NULL)
			break;
		while (*queries != NULL && !task_cancelled())
			if (run_query(c, *queries++) == -1)
				break;
		PQfinish(c);
	}
	return 0;
}

/* ---- Notifications ------------------------------------------------------- */

static void
listen_for_ever(PGconn *c)
{
	char query[256],
	    *name = PQescapeIdentifier(c, channel, strlen(channel));
	PGnotify *notify;

	snprintf(query, sizeof(query), "LISTEN %s", name != NULL ? name : "");
	PQfreemem(name);
	if (run_query(c, query) == -1 || failed)
		return;
	while ((notify = task_pq_notify(c, -1)) != NULL) {
		printf("%s\t%d\t%s\n", notify->relname, notify->be_pid,
		    notify->extra);
		PQfreemem(notify);
	}
	if (errno != ECANCELED)
		complain(channel, PQerrorMessage(c));
}

/* ---- Tasks --------------------------------------------------------------- */

static void
work(void)
{
	struct task_group workers;
	PGconn *c;
	long i;

	task_group_enter(&workers, TASK_COLLECT);
	for (i = 0; i < at_once && queries[i] != NULL; i++)
		task_detach(task_group_spawn(&workers, worker, NULL));
	if (task_group_leave(&workers, NULL, 0) == -1)
		failed = 1;
	if (channel == NULL || failed || (c = connect_to()) == NULL)
		return;
	listen_for_ever(c);
	PQfinish(c);
}

static intptr_t
run_all(void *unused)
{
	struct tasks_quit quits[2];
	struct task_group group;

	(void)unused;
	task_group_enter(&group, TASK_COLLECT);
	tasks_quit(&quits[0], &group, SIGINT);
	tasks_quit(&quits[1], &group, SIGTERM);
	work();
	task_group_cancel(&group);
	(void)task_group_leave(&group, NULL, 0);
	return failed || *queries != NULL;
}

/* ---- The command line ---------------------------------------------------- */

static const struct demo_option options[] = {
	{ .name = "connect",
	    .value = "CONNINFO",
	    .help = "as psql takes it (the environment's)",
	    .text = &conninfo },
	{ .name = "listen",
	    .value = "CHANNEL",
	    .help = "prints what is sent there by NOTIFY",
	    .text = &channel },
	{ .name = "at-once",
	    .value = "N",
	    .help = "connections (4)",
	    .number = &at_once,
	    .least = 1,
	    .most = 1000 },
	{ .name = "timeout",
	    .value = "SECONDS",
	    .help = "for a connection, and for a query (30)",
	    .number = &timeout_s,
	    .least = 1,
	    .most = 86400 },
	{ .name = "backend",
	    .value = "NAME",
	    .help = "of the loop: epoll, kqueue, poll, select",
	    .text = &backend },
	{ .name = "context",
	    .value = "NAME",
	    .help = "of the tasks: native, setjmp, ucontext",
	    .text = &context },
	{ .name = NULL, .value = "QUERY..." },
};

int
main(int argc, char **argv)
{
	struct task_options run = { .stack_size = 256 << 10 };
	int status,
	    n = demo_options(argc, argv,
		"Runs queries on a PostgreSQL server, several at once.",
		options);

	if (n == 0 && channel == NULL)
		demo_usage("which queries?");
	queries = argv + 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	run.backend = backend;
	run.context = context;
	status = tasks_run(run_all, NULL, &run);
	demo_write_end(stdout, "standard output");
	return status;
}
