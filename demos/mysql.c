/*
 * SPDX-License-Identifier: ISC
 *
 * mysql.c: runs queries on a MariaDB or MySQL server, several at once: a task
 * for each connection takes the next query, and waits by the connector's own
 * non-blocking calls.
 *
 *   queries --> task, connection --> rows, as text between tabs
 *               task, connection
 *
 *	build/demos/mysql --socket=/run/mysqld/mysqld.sock 'SELECT VERSION()'
 *	build/demos/mysql --at-once=4 'SELECT SLEEP(1)' 'SELECT SLEEP(1)'
 */
#include <stdlib.h>
#include <coro/adapters/mariadb.h>
#include "demos/demo.h"
#include "demos/tasks.h"

static const char *backend, *context, *host, *path, *user, *password, *base;
static long port = 3306, at_once = 4, timeout_s = 30;
static char **queries; /* those that nobody has taken yet */
static int failed;

/* ---- A connection -------------------------------------------------------- */

static int
complain(MYSQL *m, const char *what)
{
	demo_warn("%s: %s", what, mysql_error(m));
	failed = 1;
	return -1;
}

static int
connect_to(MYSQL *m)
{
	unsigned seconds = (unsigned)timeout_s;
	MYSQL *result;
	int s;

	mysql_options(m, MYSQL_OPT_NONBLOCK, 0);
	mysql_options(m, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
	mysql_options(m, MYSQL_OPT_READ_TIMEOUT, &seconds);
	mysql_options(m, MYSQL_OPT_WRITE_TIMEOUT, &seconds);
	s = mysql_real_connect_start(&result, m, host, user, password, base,
	    (unsigned)port, path, CLIENT_MULTI_STATEMENTS);
	while (s != 0)
		s = mysql_real_connect_cont(
		    &result, m, task_mariadb_wait(m, s));
	if (result != NULL)
		return 0;
	return complain(m,
	    path != NULL       ? path
		: host != NULL ? host
			       : "server");
}

static void
disconnect(MYSQL *m)
{
	int s = mysql_close_start(m);

	while (s != 0)
		s = mysql_close_cont(m, task_mariadb_wait(m, s));
}

/* ---- A query ------------------------------------------------------------- */

static void
print_row(MYSQL_RES *result, MYSQL_ROW row)
{
	unsigned long *lengths = mysql_fetch_lengths(result);
	unsigned i, n = mysql_num_fields(result);

	for (i = 0; i < n; i++) {
		if (i > 0)
			putchar('\t');
		if (row[i] == NULL)
			fputs("NULL", stdout);
		else
			fwrite(row[i], 1, lengths[i], stdout);
	}
	putchar('\n');
}

/* Rows of two queries would mix: a result is stored first, then printed. */
static int
print_result(MYSQL *m)
{
	MYSQL_RES *result;
	MYSQL_ROW row;
	int s = mysql_store_result_start(&result, m);

	while (s != 0)
		s = mysql_store_result_cont(
		    &result, m, task_mariadb_wait(m, s));
	if (result == NULL)
		return mysql_errno(m) != 0 ? complain(m, "result") : 0;
	while ((row = mysql_fetch_row(result)) != NULL)
		print_row(result, row);
	mysql_free_result(result);
	return 0;
}

/* 1: there is another result; 0; -1. */
static int
next_result(MYSQL *m)
{
	int error, s = mysql_next_result_start(&error, m);

	while (s != 0)
		s = mysql_next_result_cont(&error, m, task_mariadb_wait(m, s));
	return error > 0 ? complain(m, "result") : error == 0;
}

static int
run_query(MYSQL *m, const char *query)
{
	int error, more;
	int s = mysql_real_query_start(&error, m, query, strlen(query));

	while (s != 0)
		s = mysql_real_query_cont(&error, m, task_mariadb_wait(m, s));
	if (error != 0)
		return complain(m, query);
	do {
		if (print_result(m) == -1)
			return -1;
		more = next_result(m);
	} while (more == 1);
	return more;
}

/* ---- Tasks --------------------------------------------------------------- */

/* A failed query leaves the connection in doubt, and so a new one is made. */
static intptr_t
worker(void *unused)
{
	int fine = 1;
	MYSQL *m;

	(void)unused;
	while (*queries != NULL && fine && !task_cancelled()) {
		m = mysql_init(NULL);
		if (m == NULL)
			demo_fail("no memory");
		fine = connect_to(m) == 0;
		while (fine && *queries != NULL && !task_cancelled())
			if (run_query(m, *queries++) == -1)
				break;
		disconnect(m);
	}
	return 0;
}

static intptr_t
run_all(void *unused)
{
	struct tasks_quit quits[2];
	struct task_group group, workers;
	long i;

	(void)unused;
	task_group_enter(&group, TASK_COLLECT);
	tasks_quit(&quits[0], &group, SIGINT);
	tasks_quit(&quits[1], &group, SIGTERM);
	task_group_enter(&workers, TASK_COLLECT);
	for (i = 0; i < at_once && queries[i] != NULL; i++)
		task_detach(task_group_spawn(&workers, worker, NULL));
	if (task_group_leave(&workers, NULL, 0) == -1)
		failed = 1;
	task_group_cancel(&group);
	(void)task_group_leave(&group, NULL, 0);
	return failed || *queries != NULL;
}

/* ---- The command line ---------------------------------------------------- */

static const struct demo_option options[] = {
	{ .name = "socket",
	    .value = "PATH",
	    .help = "of the server",
	    .text = &path },
	{ .name = "host",
	    .value = "NAME",
	    .help = "or where it is (localhost)",
	    .text = &host },
	{ .name = "port",
	    .value = "N",
	    .help = "of that (3306)",
	    .number = &port,
	    .least = 1,
	    .most = 65535 },
	{ .name = "user",
	    .value = "NAME",
	    .help = "for the server (yours)",
	    .text = &user },
	{ .name = "password",
	    .value = "WORD",
	    .help = "of the user ($MYSQL_PWD)",
	    .text = &password },
	{ .name = "database",
	    .value = "NAME",
	    .help = "to begin with",
	    .text = &base },
	{ .name = "at-once",
	    .value = "N",
	    .help = "connections (4)",
	    .number = &at_once,
	    .least = 1,
	    .most = 1000 },
	{ .name = "timeout",
	    .value = "SECONDS",
	    .help = "to connect, and between answers (30)",
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
	int status;

	if (demo_options(argc, argv,
		"Runs queries on a MariaDB server, several at once, in tasks.",
		options) == 0)
		demo_usage("which queries?");
	if (password == NULL)
		password = getenv("MYSQL_PWD");
	queries = argv + 1;
	if (mysql_library_init(0, NULL, NULL) != 0)
		demo_fail("the connector cannot be used");
	run.backend = backend;
	run.context = context;
	status = tasks_run(run_all, NULL, &run);
	mysql_library_end();
	demo_write_end(stdout, "standard output");
	return status;
}
