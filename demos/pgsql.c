/*
 * SPDX-License-Identifier: ISC
 *
 * pgsql.c: asks a PostgreSQL server several things at once, over several
 * connections, each of which is served by a task.  After LISTEN, it prints what
 * is notified until ^C.
 *
 *	build/demos/pgsql 'select pg_sleep(1)' 'select 2' 'select 3'
 *	build/demos/pgsql --at-once=1 'listen news' "notify news, 'hello'"
 */
#include <strings.h>
#include <coro/adapters/libpq.h>
#include "demos/sql.h"

static const char *conninfo = "";
static struct sql_crew crew = { .at_once = 4 };
static long seconds = 60;

/* The text, without the end of its line, is the error. */
static void
db_error(char *error, size_t size, const char *text)
{
	(void)snprintf(error, size, "%s", text);
	error[strcspn(error, "\n")] = '\0';
}

static void *
db_open(char *error, size_t size)
{
	PGconn *c = task_pq_connect(conninfo, seconds * REACTOR_SECOND);

	if (c == NULL)
		db_error(error, size, strerror(errno));
	else if (PQstatus(c) != CONNECTION_OK)
		db_error(error, size, PQerrorMessage(c));
	else
		return c;
	PQfinish(c);
	return NULL;
}

static int
db_ask(void *connection, struct sql_query *q)
{
	PGresult *result =
	    task_pq_exec(connection, q->text, seconds * REACTOR_SECOND);
	int good = PQresultStatus(result) == PGRES_COMMAND_OK ||
	    PQresultStatus(result) == PGRES_TUPLES_OK ||
	    PQresultStatus(result) == PGRES_EMPTY_QUERY;

	q->result = result;
	if (good)
		return 0;
	if (result == NULL)
		db_error(q->error, sizeof(q->error), strerror(errno));
	else if (PQresultStatus(result) != PGRES_FATAL_ERROR)
		db_error(q->error, sizeof(q->error), "that is not for here");
	else
		db_error(
		    q->error, sizeof(q->error), PQresultErrorMessage(result));
	q->result = NULL;
	PQclear(result);
	/* An answer that is still to come is not worth waiting for. */
	return PQtransactionStatus(connection) == PQTRANS_ACTIVE ||
		PQstatus(connection) == CONNECTION_BAD
	    ? -1
	    : 0;
}

static void
db_print(void *result)
{
	int i, j, n = PQnfields(result);

	if (PQresultStatus(result) == PGRES_COMMAND_OK)
		(void)puts(PQcmdStatus(result));
	for (i = 0; i < PQntuples(result); i++)
		for (j = 0; j < n; j++)
			sql_field(PQgetisnull(result, i, j)
				? NULL
				: PQgetvalue(result, i, j),
			    (size_t)PQgetlength(result, i, j),
			    j + 1 < n ? '\t' : '\n');
	PQclear(result);
}

/* Has any of the queries been a LISTEN?  Then all connections wait for news. */
static void
db_idle(void *connection)
{
	PGnotify *notify;
	int listening = 0;
	size_t i;

	for (i = 0; i < crew.n; i++)
		listening |=
		    strncasecmp(crew.queries[i].text, "listen ", 7) == 0;
	while (listening && (notify = task_pq_notify(connection, -1)) != NULL) {
		sql_field(notify->relname, strlen(notify->relname), '\t');
		sql_field(notify->extra, strlen(notify->extra), '\n');
		PQfreemem(notify);
	}
	if (listening && !task_cancelled()) {
		demo_warn("%s", strerror(errno));
		crew.failed = 1;
	}
}

static void
db_close(void *connection)
{
	PQfinish(connection);
}

static const struct sql_client client = {
	.open = db_open,
	.ask = db_ask,
	.print = db_print,
	.idle = db_idle,
	.close = db_close,
};

static const struct demo_option options[] = {
	{ .name = "connect",
	    .value = "CONNINFO",
	    .help = "such as 'host=/tmp dbname=test'",
	    .text = &conninfo },
	{ .name = "at-once",
	    .value = "N",
	    .help = "connections (4)",
	    .number = &crew.at_once,
	    .least = 1,
	    .most = 1000 },
	{ .name = "timeout",
	    .value = "SECONDS",
	    .help = "for each query (60)",
	    .number = &seconds,
	    .least = 1,
	    .most = 86400 },
	{ .name = "backend",
	    .value = "NAME",
	    .help = "epoll, kqueue, poll, select",
	    .text = &crew.backend },
	{ .name = NULL },
};

int
main(int argc, char **argv)
{
	int n = sql_options(argc, argv,
	    "Asks the QUERYs after the options, several at once, and prints "
	    "their rows;\nafter a LISTEN, also what is notified, until ^C.",
	    options);

	crew.client = &client;
	return sql_run(&crew, argv + n, argc - n);
}
