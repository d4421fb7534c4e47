/*
 * SPDX-License-Identifier: ISC
 *
 * adapter_mariadb.c: MariaDB Connector/C on the loop, with a mariadbd of the
 * test's own.
 */
#include <errmsg.h>
#include "coro/adapters/mariadb.h"
#include "test/server_sql.h"
#include "test/tasks.h"

#define CLIENTS 20
#define LARGE   ((size_t)16 << 20)

static struct server server;
static struct reactor *loop;

/* ---- A client ------------------------------------------------------------ */

struct client {
	struct reactor_mariadb wait;
	MYSQL *mysql, *connected;
	MYSQL_RES *result;
	int error, number;
	/* The call that is under way: how it goes on, and what then. */
	int (*cont)(struct client *, int occurred);
	void (*then)(struct client *);
};

static void
client_step(struct client *c, int mask)
{
	if (mask == 0)
		c->then(c);
	else
		CHECK_INT(
		    reactor_mariadb_wait(loop, &c->wait, c->mysql, mask), 0);
}

static void
client_goes_on(struct reactor *r, struct reactor_mariadb *wait, int occurred)
{
	struct client *c = REACTOR_OWNER(wait, struct client, wait);

	CHECK(r == loop);
	client_step(c, c->cont(c, occurred));
}

static int
connect_cont(struct client *c, int occurred)
{
	return mysql_real_connect_cont(&c->connected, c->mysql, occurred);
}

static int
query_cont(struct client *c, int occurred)
{
	return mysql_real_query_cont(&c->error, c->mysql, occurred);
}

static int
store_cont(struct client *c, int occurred)
{
	return mysql_store_result_cont(&c->result, c->mysql, occurred);
}

static int
close_cont(struct client *c, int occurred)
{
	return mysql_close_cont(c->mysql, occurred);
}

static void
client_init(struct client *c)
{
	memset(c, 0, sizeof(*c));
	c->wait.callback = client_goes_on;
	c->mysql = mysql_init(NULL);
	CHECK(c->mysql != NULL);
	CHECK_INT(mysql_options(c->mysql, MYSQL_OPT_NONBLOCK, 0), 0);
}

static void
client_connect(
    struct client *c, const char *socket, void (*then)(struct client *))
{
	c->cont = connect_cont;
	c->then = then;
	client_step(c,
	    mysql_real_connect_start(&c->connected, c->mysql, NULL, "test",
		NULL, NULL, 0, socket, 0));
}

static void
client_query(struct client *c, const char *query, void (*then)(struct client *))
{
	c->cont = query_cont;
	c->then = then;
	client_step(c,
	    mysql_real_query_start(&c->error, c->mysql, query, strlen(query)));
}

static void
client_store(struct client *c, void (*then)(struct client *))
{
	c->cont = store_cont;
	c->then = then;
	client_step(c, mysql_store_result_start(&c->result, c->mysql));
}

static void
client_ended(struct client *c)
{
	(void)c;
}

static void
client_close(struct client *c)
{
	c->cont = close_cont;
	c->then = client_ended;
	client_step(c, mysql_close_start(c->mysql));
}

/* ---- Each case ----------------------------------------------------------- */

static void
begin(void)
{
	sql_open_mariadb(&server);
	loop = loop_open();
}

static void
end(void)
{
	CHECK_INT(reactor_close(loop), 0);
	sql_close(&server);
}

static void
run(void)
{
	CHECK_INT(reactor_run(loop), 0);
}

static uint64_t
turns(void)
{
	struct reactor_statistics statistics;

	reactor_stats(loop, &statistics);
	return statistics.turns;
}

/* ---- Queries ------------------------------------------------------------- */

static int answers;

static void
answer_stored(struct client *c)
{
	MYSQL_ROW row;

	CHECK(c->result != NULL);
	CHECK_INT(mysql_num_rows(c->result), 1);
	row = mysql_fetch_row(c->result);
	CHECK_INT(atoi(row[0]), 6 * c->number);
	answers++;
	mysql_free_result(c->result);
	client_close(c);
}

static void
answer_came(struct client *c)
{
	CHECK_INT(c->error, 0);
	client_store(c, answer_stored);
}

static void
answer_wanted(struct client *c)
{
	char query[80];

	CHECK(c->connected == c->mysql);
	snprintf(query, sizeof(query), "SELECT 6 * %d, SLEEP(0.2)", c->number);
	client_query(c, query, answer_came);
}

static void
queries(void)
{
	struct client c;

	begin();
	client_init(&c);
	c.number = 7;
	client_connect(&c, server.socket, answer_wanted);
	run();
	CHECK_INT(answers, 1);
	/* It waits; it does not look again and again. */
	CHECK(turns() < 40);
	end();
}

/* All at once: one after the other they would take four seconds. */
static void
many(void)
{
	struct client clients[CLIENTS];
	int64_t began;
	int i;

	begin();
	began = test_clock();
	for (i = 0; i < CLIENTS; i++) {
		client_init(&clients[i]);
		clients[i].number = i;
		client_connect(&clients[i], server.socket, answer_wanted);
	}
	run();
	CHECK_INT(answers, CLIENTS);
	CHECK((double)(test_clock() - began) < 3.5e9 * test_slow());
	end();
}

static void
error_came(struct client *c)
{
	CHECK(c->error != 0);
	CHECK_INT(mysql_errno(c->mysql), 1064); /* a syntax error */
	c->number = 3;
	answer_wanted(c); /* it is as good as before */
}

static void
error_wanted(struct client *c)
{
	client_query(c, "SELEKT 1", error_came);
}

static void
wrong_query(void)
{
	struct client c;

	begin();
	client_init(&c);
	client_connect(&c, server.socket, error_wanted);
	run();
	CHECK_INT(answers, 1);
	end();
}

/* ---- Large values -------------------------------------------------------- */

static void
large_stored(struct client *c)
{
	MYSQL_ROW row;
	size_t i;

	CHECK(c->result != NULL);
	row = mysql_fetch_row(c->result);
	CHECK_INT(mysql_fetch_lengths(c->result)[0], LARGE);
	for (i = 0; i < LARGE; i++)
		if (row[0][i] != 'a' + (char)(i % 23))
			test_fail("byte %zu is %d", i, row[0][i]);
	answers++;
	mysql_free_result(c->result);
	client_close(c);
}

static void
large_came(struct client *c)
{
	CHECK_STR(mysql_error(c->mysql), "");
	client_store(c, large_stored);
}

/* As much to be sent as comes back. */
static void
large_wanted(struct client *c)
{
	static char query[LARGE + 100];
	size_t i, n = (size_t)sprintf(query, "SELECT '");

	for (i = 0; i < LARGE; i++)
		query[n++] = (char)('a' + i % 23);
	strcpy(query + n, "'");
	client_query(c, query, large_came);
}

static void
large(void)
{
	struct client c;

	begin();
	client_init(&c);
	client_connect(&c, server.socket, large_wanted);
	run();
	CHECK_INT(answers, 1);
	end();
}

/* ---- What goes wrong ----------------------------------------------------- */

static int failures;

static void
lost(struct client *c)
{
	CHECK(c->error != 0);
	CHECK_INT(mysql_errno(c->mysql), CR_SERVER_LOST);
	failures++;
	mysql_close(c->mysql);
}

static void
kill_server(struct reactor *r, struct reactor_timer *timer)
{
	(void)r;
	(void)timer;
	sql_kill(&server);
}

static void
sleep_wanted(struct client *c)
{
	client_query(c, "SELECT SLEEP(60)", lost);
}

static void
killed(void)
{
	struct reactor_timer timer = { .callback = kill_server };
	struct client c;
	int i;

	begin();
	for (i = 0; i < 2; i++) {
		client_init(&c);
		client_connect(&c, server.socket, sleep_wanted);
		CHECK_INT(reactor_timer_start(loop, &timer, 300 * LOOP_MS), 0);
		run();
		CHECK_INT(failures, i + 1);
		server_start(&server);
	}
	client_init(&c);
	client_connect(&c, server.socket, answer_wanted);
	run();
	CHECK_INT(answers, 1);
	end();
}

static void
not_connected(struct client *c)
{
	CHECK(c->connected == NULL);
	CHECK(mysql_errno(c->mysql) != 0);
	failures++;
	mysql_close(c->mysql);
}

static void
refused(void)
{
	struct client c;

	begin();
	sql_kill(&server);
	client_init(&c);
	client_connect(&c, server.socket, not_connected);
	run();
	CHECK_INT(failures, 1);
	end();
}

/* The server says nothing for longer than a second. */
static void
late(void)
{
	const unsigned seconds = 1;
	struct client c;

	begin();
	client_init(&c);
	mysql_options(c.mysql, MYSQL_OPT_READ_TIMEOUT, &seconds);
	client_connect(&c, server.socket, sleep_wanted);
	run();
	CHECK_INT(failures, 1);
	CHECK(turns() < 40);
	end();
}

/* It does not even greet. */
static void
late_connect(void)
{
	const unsigned seconds = 1;
	struct client c;

	begin();
	server_kill(&server, SIGSTOP);
	client_init(&c);
	mysql_options(c.mysql, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
	client_connect(&c, server.socket, not_connected);
	run();
	CHECK_INT(failures, 1);
	server_kill(&server, SIGCONT);
	end();
}

/* ---- Stopping ------------------------------------------------------------ */

static void
let_go(struct reactor *r, struct reactor_timer *timer)
{
	(void)timer;
	reactor_stop(r);
}

/* Turns the loop for so many milliseconds. */
static void
run_for(int ms)
{
	struct reactor_timer timer = { .callback = let_go };

	CHECK_INT(reactor_timer_start(loop, &timer, ms * LOOP_MS), 0);
	run();
}

static void
unexpected(struct client *c)
{
	test_fail("client %d was called", c->number);
}

/* How a call is given up: as if it had taken too long. */
static void
client_abort(struct client *c)
{
	int mask = MYSQL_WAIT_TIMEOUT;

	while (mask != 0)
		mask = c->cont(c, MYSQL_WAIT_TIMEOUT);
	mysql_close(c->mysql);
}

static void
stop_wanted(struct client *c)
{
	client_query(c, "SELECT SLEEP(60)", unexpected);
}

/* Nobody reads it, so that not all of it can be sent. */
static void
stop_large_wanted(struct client *c)
{
	static char query[LARGE];

	memset(query, ' ', sizeof(query) - 1);
	server_kill(&server, SIGSTOP);
	client_query(c, query, unexpected);
}

static void
stopped(void)
{
	struct client clients[4];
	struct reactor_mariadb never;
	int i;

	begin();
	memset(&never, 0, sizeof(never));
	reactor_mariadb_stop(loop, &never);
	server_kill(&server, SIGSTOP);
	for (i = 0; i < 4; i++)
		client_init(&clients[i]);
	client_connect(&clients[0], server.socket, unexpected);
	reactor_mariadb_stop(loop, &clients[0].wait); /* in a connect, */
	reactor_mariadb_stop(loop, &clients[0].wait);
	client_abort(&clients[0]);
	CHECK(clients[0].connected == NULL);
	server_kill(&server, SIGCONT);
	client_connect(&clients[1], server.socket, stop_wanted);
	client_connect(&clients[2], server.socket, stop_wanted);
	run_for(200);
	client_connect(&clients[3], server.socket, stop_large_wanted);
	run_for(200);
	for (i = 1; i < 3; i++) { /* in a query, in the middle of one, */
		reactor_mariadb_stop(loop, &clients[2 * i - 1].wait);
		client_abort(&clients[2 * i - 1]);
		CHECK(clients[2 * i - 1].error != 0);
	}
	CHECK_INT(reactor_close(loop), 0); /* in a loop that is no more. */
	client_abort(&clients[2]);
	server_kill(&server, SIGCONT);
	loop = loop_open();
	run();
	end();
}

static void
free_wanted(struct client *c)
{
	int *count = &failures;

	mysql_close(c->mysql);
	free(c);
	++*count;
}

/* The memory goes in the callback of its own. */
static void
freed(void)
{
	struct client *c;
	int i;

	begin();
	for (i = 0; i < 50; i++) {
		c = malloc(sizeof(*c));
		CHECK(c != NULL);
		client_init(c);
		client_connect(c, server.socket, free_wanted);
	}
	run();
	CHECK_INT(failures, 50);
	end();
}

static void
again_wanted(struct client *c)
{
	static int number = -1;
	int fd = (int)mysql_get_socket(c->mysql), left = c->number - 1;

	if (number != -1)
		CHECK_INT(fd, number);
	number = fd;
	mysql_close(c->mysql); /* the next has the same number */
	failures++;
	if (left == 0)
		return;
	client_init(c);
	c->number = left;
	client_connect(c, server.socket, again_wanted);
}

static void
reused(void)
{
	struct client c;

	begin();
	client_init(&c);
	c.number = 100;
	client_connect(&c, server.socket, again_wanted);
	run();
	CHECK_INT(failures, 100);
	end();
}

/* ---- Waits alone --------------------------------------------------------- */

static int bits;

static void
note_bits(struct reactor *r, struct reactor_mariadb *wait, int occurred)
{
	(void)r;
	(void)wait;
	bits = occurred;
}

static int
bits_of(MYSQL *mysql, struct reactor_mariadb *wait, int mask)
{
	bits = 0;
	CHECK_INT(reactor_mariadb_wait(loop, wait, mysql, mask), 0);
	run();
	return bits;
}

static void
waits(void)
{
	struct reactor_mariadb wait;
	MYSQL *m = mysql_init(NULL);

	begin();
	memset(&wait, 0, sizeof(wait));
	wait.callback = note_bits;
	CHECK_INT(reactor_mariadb_wait(loop, &wait, m, MYSQL_WAIT_READ), -1);
	CHECK_INT(errno, EBADF);
	CHECK(mysql_real_connect(
		  m, NULL, "test", NULL, NULL, 0, server.socket, 0) == m);
	CHECK_INT(bits_of(m, &wait, MYSQL_WAIT_WRITE), MYSQL_WAIT_WRITE);
	CHECK_INT(bits_of(m, &wait, MYSQL_WAIT_WRITE | MYSQL_WAIT_READ),
	    MYSQL_WAIT_WRITE);
	CHECK_INT(bits_of(m, &wait, MYSQL_WAIT_WRITE | MYSQL_WAIT_EXCEPT),
	    MYSQL_WAIT_WRITE);
	CHECK_INT(bits_of(m, &wait, MYSQL_WAIT_TIMEOUT), MYSQL_WAIT_TIMEOUT);
	/* The second replaces the first. */
	CHECK_INT(reactor_mariadb_wait(loop, &wait, m, MYSQL_WAIT_READ), 0);
	CHECK_INT(bits_of(m, &wait, MYSQL_WAIT_WRITE), MYSQL_WAIT_WRITE);
	sql_kill(&server);
	CHECK(bits_of(m, &wait, MYSQL_WAIT_READ) & MYSQL_WAIT_READ);
	mysql_close(m);
	end();
}

/* ---- Tasks --------------------------------------------------------------- */

static MYSQL *
opened(void)
{
	MYSQL *mysql = mysql_init(NULL), *connected;
	int s;

	CHECK(mysql != NULL);
	mysql_options(mysql, MYSQL_OPT_NONBLOCK, 0);
	for (s = mysql_real_connect_start(&connected, mysql, NULL, "test", NULL,
		 NULL, 0, server.socket, 0);
	     s != 0; s = mysql_real_connect_cont(
			 &connected, mysql, task_mariadb_wait(mysql, s)))
		continue;
	if (connected == NULL)
		CHECK_STR(mysql_error(mysql), "");
	return mysql;
}

static int
asked(MYSQL *mysql, const char *query)
{
	int s, error;

	for (s = mysql_real_query_start(&error, mysql, query, strlen(query));
	     s != 0; s = mysql_real_query_cont(
			 &error, mysql, task_mariadb_wait(mysql, s)))
		continue;
	return error;
}

static intptr_t
task_asks(void *number)
{
	MYSQL *mysql = opened();
	MYSQL_RES *result;
	char query[80];
	int i, answer;

	for (i = 0; i < 3; i++) {
		snprintf(query, sizeof(query), "SELECT 6 * %d, SLEEP(0.1)",
		    (int)(intptr_t)number);
		CHECK_INT(asked(mysql, query), 0);
		result = mysql_store_result(mysql);
		CHECK(result != NULL);
		answer = atoi(mysql_fetch_row(result)[0]);
		CHECK_INT(answer, 6 * (intptr_t)number);
		mysql_free_result(result);
	}
	mysql_close(mysql);
	return answer;
}

static void
tasks_many(void)
{
	struct task *tasks[CLIENTS];
	int64_t began;
	int i;

	sql_open_mariadb(&server);
	began = test_clock();
	for (i = 0; i < CLIENTS; i++)
		tasks[i] = tasks_spawn(task_asks, i);
	for (i = 0; i < CLIENTS; i++)
		CHECK_INT(tasks_end(tasks[i]).result, 6 * i);
	CHECK((double)(test_clock() - began) < 5e9 * test_slow());
	sql_close(&server);
}

static intptr_t
task_sleeps(void *unused)
{
	MYSQL *mysql = opened();
	int error;

	(void)unused;
	error = asked(mysql, "SELECT SLEEP(60)");
	CHECK(error != 0);
	CHECK_INT(mysql_errno(mysql), CR_SERVER_LOST);
	mysql_close(mysql);
	errno = task_cancelled() ? ECANCELED : EIO;
	return -1;
}

static void
tasks_cancelled(void)
{
	struct task_scope scope;
	struct task *t;

	sql_open_mariadb(&server);
	t = tasks_spawn(task_sleeps, 0);
	CHECK_INT(task_sleep(200 * LOOP_MS), 0);
	tasks_stop(t);
	CHECK_INT(task_scope_enter(&scope, 300 * LOOP_MS), 0);
	CHECK_INT(task_sleeps(NULL), -1);
	CHECK_INT(task_scope_leave(&scope), -1);
	CHECK_INT(errno, ETIMEDOUT);
	t = tasks_spawn(task_sleeps, 0);
	CHECK_INT(task_sleep(200 * LOOP_MS), 0);
	sql_kill(&server);
	CHECK_INT(tasks_end(t).error, EIO);
	server_start(&server);
	CHECK_INT(task_asks((void *)7), 42);
	CHECK_INT(task_asks((void *)8), 48);
	sql_close(&server);
}

/* ---- The demo ------------------------------------------------------------ */

static void
demo(void)
{
	char where[100];
	const char *said;

	sql_open_mariadb(&server);
	snprintf(where, sizeof(where), "--socket=%s", server.socket);
	said = sql_demo("mysql", where,
	    "'select sleep(0.3), 1' \"select 'a\tb', null\" 'create database d'"
	    " selekt 'select 5 union select 6'");
	if (said[0] == '\0') {
		sql_close(&server);
		SKIP("demos/mysql is not built");
	}
	CHECK(strstr(said, "0\t1\na\\tb\t\\N\n") == said);
	CHECK(strstr(said, "\n5\n6\n") != NULL);
	CHECK(strstr(said, "mysql: selekt: You have an error") != NULL);
	sql_close(&server);
}

static const struct test tests[] = {
	TEST("a query and its answer", queries),
	TEST("many at once", many),
	TEST("an error, and on", wrong_query),
	TEST("16 megabytes there and back", large),
	TEST("the server is killed, twice; a new connection", killed),
	TEST("there is no server", refused),
	TEST("an answer that does not come in time", late),
	TEST("a connection that is not made in time", late_connect),
	TEST("stopped in a connect, in a query, by the end of the loop",
	    stopped),
	TEST("freed in its own callback", freed),
	TEST("the same descriptor again", reused),
	TEST("what a wait says", waits),
	TASKS("tasks: many at once", tasks_many),
	TASKS("tasks: cancelled, too late, killed", tasks_cancelled),
	TEST("the demo", demo),
};
TEST_MAIN(tests)
