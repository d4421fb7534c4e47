/*
 * SPDX-License-Identifier: ISC
 *
 * mysql.c: asks a MariaDB or MySQL server several things at once, over several
 * connections, each of which is served by a task.
 *
 *	build/demos/mysql --at-once=3 'select sleep(1)' 'select 2' 'select 3'
 */
#include <coro/adapters/mariadb.h>
#include "demos/sql.h"

static const char *host, *path, *user, *password, *database;
static struct sql_crew crew = { .at_once = 4 };

/* HOST:PORT is taken apart. */
static unsigned
port_of(char *name)
{
	char *colon = strrchr(name, ':'), *end;
	unsigned long port;

	if (colon == NULL)
		return 0;
	*colon = '\0';
	port = strtoul(colon + 1, &end, 10);
	if (end == colon + 1 || *end != '\0' || port > 65535)
		demo_usage("--host=%s:%s: no port", name, colon + 1);
	return (unsigned)port;
}

static void *
db_open(char *error, size_t size)
{
	static char *name;
	static unsigned port;
	MYSQL *mysql = mysql_init(NULL), *connected;
	int s;

	if (host != NULL && name == NULL && (name = strdup(host)) != NULL)
		port = port_of(name);
	if (mysql == NULL || (host != NULL && name == NULL))
		demo_fail("no memory");
	mysql_options(mysql, MYSQL_OPT_NONBLOCK, 0);
	for (s = mysql_real_connect_start(&connected, mysql, name, user,
		 password, database, port, path, 0);
	     s != 0; s = mysql_real_connect_cont(
			 &connected, mysql, task_mariadb_wait(mysql, s)))
		continue;
	if (connected != NULL)
		return mysql;
	(void)snprintf(error, size, "%s", mysql_error(mysql));
	mysql_close(mysql);
	return NULL;
}

static int
db_ask(void *connection, struct sql_query *q)
{
	MYSQL *mysql = connection;
	MYSQL_RES *result = NULL;
	int s, error;

	for (s = mysql_real_query_start(
		 &error, mysql, q->text, strlen(q->text));
	     s != 0; s = mysql_real_query_cont(
			 &error, mysql, task_mariadb_wait(mysql, s)))
		continue;
	if (error == 0) {
		for (s = mysql_store_result_start(&result, mysql); s != 0;
		     s = mysql_store_result_cont(
			 &result, mysql, task_mariadb_wait(mysql, s)))
			continue;
	}
	q->result = result;
	(void)snprintf(q->error, sizeof(q->error), "%s", mysql_error(mysql));
	/* Those of the client, such as a lost connection, are fatal. */
	return mysql_errno(mysql) >= 2000 && mysql_errno(mysql) < 3000 ? -1 : 0;
}

static void
db_print(void *result)
{
	unsigned i, n = mysql_num_fields(result);
	unsigned long *lengths;
	MYSQL_ROW row;

	while ((row = mysql_fetch_row(result)) != NULL) {
		lengths = mysql_fetch_lengths(result);
		for (i = 0; i < n; i++)
			sql_field(row[i], lengths[i], i + 1 < n ? '\t' : '\n');
	}
	mysql_free_result(result);
}

static void
db_close(void *connection)
{
	MYSQL *mysql = connection;
	int s;

	for (s = mysql_close_start(mysql); s != 0;
	     s = mysql_close_cont(mysql, task_mariadb_wait(mysql, s)))
		continue;
}

static const struct sql_client client = {
	.open = db_open,
	.ask = db_ask,
	.print = db_print,
	.close = db_close,
};

static const struct demo_option options[] = {
	{ .name = "socket",
	    .value = "PATH",
	    .help = "of a server on this machine",
	    .text = &path },
	{ .name = "host",
	    .value = "NAME[:PORT]",
	    .help = "of a server elsewhere",
	    .text = &host },
	{ .name = "user", .value = "NAME", .help = "who asks", .text = &user },
	{ .name = "password",
	    .value = "WORD",
	    .help = "which proves it",
	    .text = &password },
	{ .name = "database",
	    .value = "NAME",
	    .help = "what to use",
	    .text = &database },
	{ .name = "at-once",
	    .value = "N",
	    .help = "connections (4)",
	    .number = &crew.at_once,
	    .least = 1,
	    .most = 1000 },
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
	    "their rows.",
	    options);
	int status;

	crew.client = &client;
	status = sql_run(&crew, argv + n, argc - n);
	mysql_library_end();
	return status;
}
