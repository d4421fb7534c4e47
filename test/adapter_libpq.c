/*
 * SPDX-License-Identifier: ISC
 *
 * adapter_libpq.c: libpq on the loop, with a postgres of the test's own.
 */
#include "coro/adapters/libpq.h"
#include "reactor/adapters/libpq.h"
#include "test/server_sql.h"
#include "test/tasks.h"

#define CLIENTS 20
#define LARGE   ((size_t)16 << 20)

static struct server server;
static struct reactor *loop;

/* ---- A client ------------------------------------------------------------ */

struct client {
	struct reactor_pq pq;
	const char *const *queries; /* NULL at the end */
	int64_t timeout;            /* of each */
	int number, error, ends, fatal;
	char said[4096]; /* the first value of each result, or its status */
	/* Instead of the next query, and for each result, if not NULL. */
	void (*then)(struct client *);
	void (*with)(struct client *, PGresult *);
	char stop_in; /* 'd'one, 'r'esult, 'n'otify: stop and free there */
};

static int freed_clients;

static int
client_leaves(struct client *c, char place)
{
	if (c->stop_in != place)
		return 0;
	reactor_pq_stop(loop, &c->pq);
	reactor_pq_stop(loop, &c->pq);
	CHECK(c->pq.connection == NULL);
	free(c);
	freed_clients++;
	return 1;
}

static void
client_says(struct client *c, const char *word)
{
	size_t used = strlen(c->said);

	CHECK(used + strlen(word) + 2 < sizeof(c->said));
	sprintf(c->said + used, "%s%s", used > 0 ? " " : "", word);
}

static void
client_result(struct reactor *r, struct reactor_pq *pq, PGresult *result)
{
	struct client *c = REACTOR_OWNER(pq, struct client, pq);

	CHECK(r == loop);
	if (c->with != NULL)
		c->with(c, result);
	else if (PQresultStatus(result) == PGRES_FATAL_ERROR)
		c->fatal++;
	else if (PQntuples(result) > 0)
		client_says(c, PQgetvalue(result, 0, 0));
	else
		client_says(c, PQcmdStatus(result));
	PQclear(result);
	client_leaves(c, 'r');
}

static void
client_done(struct reactor *r, struct reactor_pq *pq, int error)
{
	struct client *c = REACTOR_OWNER(pq, struct client, pq);

	CHECK(r == loop);
	c->error = error;
	c->ends++;
	if (client_leaves(c, 'd'))
		return;
	if (c->then != NULL)
		c->then(c);
	else if (error != 0 || c->queries == NULL || *c->queries == NULL)
		reactor_pq_stop(r, pq);
	else
		CHECK_INT(
		    reactor_pq_query(r, pq, *c->queries++, c->timeout), 0);
}

static void
client_notify(struct reactor *r, struct reactor_pq *pq, const PGnotify *notify)
{
	struct client *c = REACTOR_OWNER(pq, struct client, pq);

	CHECK(r == loop);
	client_says(c, notify->relname);
	client_says(c, notify->extra);
	client_leaves(c, 'n');
}

static void
client_init(struct client *c, const char *const *queries)
{
	memset(c, 0, sizeof(*c));
	c->pq.done = client_done;
	c->pq.result = client_result;
	c->queries = queries;
	c->timeout = -1;
}

static void
client_connect(struct client *c)
{
	CHECK_INT(
	    reactor_pq_connect(loop, &c->pq, sql_postgres(&server), -1), 0);
}

/* ---- Each case ----------------------------------------------------------- */

static void
begin(void)
{
	signal(SIGPIPE, SIG_IGN);
	sql_open_postgres(&server);
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
	reactor_timer_stop(loop, &timer);
}

/* ---- Queries ------------------------------------------------------------- */

static void
queries(void)
{
	static const char *const list[] = { "select 6 * 7",
		"select 1; select 2; create table t (x int)", "", "selekt",
		"select 'end', pg_sleep(0.3)", NULL };
	struct client c;

	begin();
	client_init(&c, list);
	CHECK_INT(reactor_pq_query(loop, &c.pq, "select 1", -1), -1);
	CHECK_INT(errno, ENOTCONN);
	client_connect(&c);
	CHECK_INT(reactor_pq_query(loop, &c.pq, "select 1", -1), -1);
	CHECK_INT(errno, EBUSY);
	run();
	CHECK_STR(c.said, "42 1 2 CREATE TABLE  end");
	CHECK_INT(c.fatal, 1);
	CHECK_INT(c.ends, 6);
	CHECK_INT(c.error, 0);
	/* It waits; it does not look again and again. */
	CHECK(turns() < 60);
	end();
}

/* All at once: one after the other they would take four seconds. */
static void
many(void)
{
	static const char *const list[] = { "select 7, pg_sleep(0.2)",
		"select 8", NULL };
	struct client clients[CLIENTS];
	int64_t began;
	int i;

	begin();
	began = test_clock();
	for (i = 0; i < CLIENTS; i++) {
		client_init(&clients[i], list);
		client_connect(&clients[i]);
	}
	run();
	for (i = 0; i < CLIENTS; i++)
		CHECK_STR(clients[i].said, "7 8");
	CHECK((double)(test_clock() - began) < 3.5e9 * test_slow());
	end();
}

static void
with_large(struct client *c, PGresult *result)
{
	const char *value = PQgetvalue(result, 0, 0);
	size_t i;

	CHECK_INT(PQntuples(result), 1);
	CHECK_INT(PQgetlength(result, 0, 0), LARGE);
	for (i = 0; i < LARGE; i++)
		if (value[i] != 'a' + (char)(i % 23))
			test_fail("byte %zu is %d", i, value[i]);
	c->number++;
}

/* As much to be sent as comes back. */
static void
large(void)
{
	static char query[LARGE + 100];
	const char *const list[] = { query, NULL };
	struct client c;
	size_t i, n = (size_t)sprintf(query, "select '");

	for (i = 0; i < LARGE; i++)
		query[n++] = (char)('a' + i % 23);
	strcpy(query + n, "'");
	begin();
	client_init(&c, list);
	c.with = with_large;
	client_connect(&c);
	run();
	CHECK_INT(c.number, 1);
	CHECK_INT(c.error, 0);
	end();
}

/* Each row is a result of its own. */
static void
rows_wanted(struct client *c)
{
	if (c->ends > 1) {
		reactor_pq_stop(loop, &c->pq);
		return;
	}
	CHECK_INT(PQsendQueryParams(c->pq.connection,
		      "select generate_series(1, 10000)", 0, NULL, NULL, NULL,
		      NULL, 0),
	    1);
	CHECK_INT(PQsetSingleRowMode(c->pq.connection), 1);
	CHECK_INT(reactor_pq_wait(loop, &c->pq, 60 * REACTOR_SECOND), 0);
}

static void
with_row(struct client *c, PGresult *result)
{
	if (PQntuples(result) > 0)
		CHECK_INT(atoi(PQgetvalue(result, 0, 0)), ++c->number);
}

static void
single_rows(void)
{
	struct client c;

	begin();
	client_init(&c, NULL);
	c.then = rows_wanted;
	c.with = with_row;
	client_connect(&c);
	run();
	CHECK_INT(c.number, 10000);
	CHECK_INT(c.ends, 2);
	CHECK(turns() < 5000);
	end();
}

/* ---- COPY ---------------------------------------------------------------- */

#define LINES 1000000

static int copy_backend;

static void
wakes_backend(struct reactor *r, struct reactor_timer *timer)
{
	(void)r;
	(void)timer;
	CHECK_INT(kill(copy_backend, SIGCONT), 0);
}

static struct reactor_timer copy_timer = { .callback = wakes_backend };

/* The server sleeps for a while, so that it cannot take all of it at once. */
static void
copy_slowly(struct client *c)
{
	copy_backend = PQbackendPID(c->pq.connection);
	CHECK_INT(kill(copy_backend, SIGSTOP), 0);
	CHECK_INT(reactor_timer_start(loop, &copy_timer, 100 * LOOP_MS), 0);
}

/* As much as goes; the rest when there is room again. */
static void
with_copy_in(struct client *c, PGresult *result)
{
	char line[32];
	int i;

	if (PQresultStatus(result) != PGRES_COPY_IN)
		return;
	if (c->fatal++ == 0)
		copy_slowly(c);
	while (c->number < LINES && PQflush(c->pq.connection) == 0)
		for (i = 0; i < 1000; i++) {
			sprintf(line, "%d\n", c->number++);
			CHECK_INT(PQputCopyData(c->pq.connection, line,
				      (int)strlen(line)),
			    1);
		}
	if (c->number < LINES) {
		CHECK_INT(reactor_pq_wait(loop, &c->pq, -1), 0);
		return;
	}
	CHECK_INT(PQputCopyEnd(c->pq.connection, NULL), 1);
	c->number++;
}

static void
with_copy_out(struct client *c, PGresult *result)
{
	char *line;
	int n;

	if (PQresultStatus(result) == PGRES_TUPLES_OK) {
		client_says(c, PQgetvalue(result, 0, 0));
		return;
	}
	if (PQresultStatus(result) != PGRES_COPY_OUT)
		return;
	while ((n = PQgetCopyData(c->pq.connection, &line, 1)) > 0) {
		c->number++;
		PQfreemem(line);
	}
	CHECK(n != -2);
	c->fatal++;
}

static void
copies(void)
{
	static const char *const in[] = { "create table t (x int)",
		"copy t from stdin", NULL };
	static const char *const out[] = { "select count(*) from t",
		"copy t to stdout", "select 'end'", NULL };
	struct client c;

	begin();
	client_init(&c, in);
	c.with = with_copy_in;
	client_connect(&c);
	run();
	CHECK_INT(c.error, 0);
	CHECK_INT(c.number, LINES + 1);
	CHECK(c.fatal > 1); /* it did not fit */
	client_init(&c, out);
	c.with = with_copy_out;
	client_connect(&c);
	run();
	CHECK_INT(c.error, 0);
	CHECK_INT(c.number, LINES);
	CHECK_STR(c.said, "1000000 end");
	end();
}

/* ---- Notifications ------------------------------------------------------- */

/* After LISTEN the connection is kept. */
static void
listens(struct client *c)
{
	if (c->error != 0) {
		client_says(c, "lost");
		reactor_pq_stop(loop, &c->pq);
	} else if (c->ends == 1)
		CHECK_INT(reactor_pq_query(loop, &c->pq, "listen news", -1), 0);
}

static void
listener_open(struct client *c)
{
	client_init(c, NULL);
	c->then = listens;
	c->pq.notify = client_notify;
	client_connect(c);
	while (c->ends < 2)
		CHECK(reactor_run_once(loop, -1) >= 0);
}

static void
notified(void)
{
	static const char *const list[] = { "notify news, 'one'",
		"notify news, 'two'; notify news, 'three'", NULL };
	struct client listener, c;
	uint64_t before;

	begin();
	listener_open(&listener);
	client_init(&c, list);
	client_connect(&c);
	while (strstr(listener.said, "three") == NULL)
		CHECK(reactor_run_once(loop, -1) >= 0);
	CHECK_STR(listener.said, "LISTEN news one news two news three");
	/* Its own come with the answer. */
	CHECK_INT(
	    reactor_pq_query(loop, &listener.pq, "notify news, 'mine'", -1), 0);
	run_for(300);
	CHECK(strstr(listener.said, " news mine") != NULL);
	CHECK(strstr(listener.said, " NOTIFY") != NULL);
	before = turns();
	run_for(100);
	CHECK(turns() - before < 5);
	sql_kill(&server);
	run(); /* ends, as the connection is lost */
	CHECK(strstr(listener.said, " lost") != NULL);
	CHECK_INT(listener.error, ECONNRESET);
	end();
}

/* ---- What goes wrong ----------------------------------------------------- */

static void
kill_server(struct reactor *r, struct reactor_timer *timer)
{
	(void)r;
	(void)timer;
	sql_kill(&server);
}

static const char *const sleeps[] = { "select pg_sleep(60)", NULL };
static const char *const counts[] = { "select 42", NULL };

static void
killed(void)
{
	struct reactor_timer timer = { .callback = kill_server };
	struct client c;
	int i;

	begin();
	for (i = 0; i < 2; i++) {
		client_init(&c, sleeps);
		client_connect(&c);
		CHECK_INT(reactor_timer_start(loop, &timer, 300 * LOOP_MS), 0);
		run();
		CHECK_INT(c.ends, 2);
		CHECK_INT(c.error, ECONNRESET);
		CHECK(c.fatal > 0); /* a result that says so */
		server_start(&server);
		client_init(&c, counts);
		client_connect(&c);
		run();
		CHECK_STR(c.said, "42");
	}
	end();
}

static void
keep(struct client *c)
{
	(void)c;
}

/* What cannot be connected is told later, by done. */
static void
failing(struct client *c, const char *conninfo, const char *why)
{
	client_init(c, NULL);
	c->then = keep;
	CHECK_INT(reactor_pq_connect(loop, &c->pq, conninfo, -1), 0);
	CHECK_INT(c->ends, 0);
	run();
	CHECK_INT(c->ends, 1);
	CHECK_INT(c->error, ECONNREFUSED);
	if (strstr(PQerrorMessage(c->pq.connection), why) == NULL)
		CHECK_STR(PQerrorMessage(c->pq.connection), why);
	CHECK_INT(reactor_pq_query(loop, &c->pq, "select 1", -1), -1);
	CHECK_INT(errno, ENOTCONN);
	CHECK_INT(reactor_pq_wait(loop, &c->pq, -1), -1);
	CHECK_INT(errno, ENOTCONN);
	reactor_pq_stop(loop, &c->pq);
}

static void
refused(void)
{
	char several[200];
	struct client c;

	begin();
	failing(&c, "nonsense=1", "nonsense");
	failing(&c, "host=/nonexistent", "No such file");
	snprintf(several, sizeof(several), "%s dbname=nowhere",
	    sql_postgres(&server));
	failing(&c, several, "does not exist");
	/* The second host answers; the one socket follows the other. */
	snprintf(several, sizeof(several),
	    "host=/nonexistent,127.0.0.1,%s port=5432,1,5432 user=test "
	    "dbname=postgres",
	    server.directory);
	client_init(&c, counts);
	CHECK_INT(reactor_pq_connect(loop, &c.pq, several, -1), 0);
	run();
	CHECK_STR(c.said, "42");
	sql_kill(&server);
	failing(&c, sql_postgres(&server), "onnection");
	end();
}

/* After a time-out one may cancel, and wait again. */
static void
cancels(struct client *c)
{
	char why[256] = "";
	PGcancel *cancel;

	if (c->ends == 1) {
		CHECK_INT(c->error, 0);
		CHECK_INT(
		    reactor_pq_query(loop, &c->pq, *c->queries, 200 * LOOP_MS),
		    0);
	} else if (c->ends == 2) {
		CHECK_INT(c->error, ETIMEDOUT);
		CHECK_INT(c->fatal, 0);
		CHECK_INT(reactor_pq_query(loop, &c->pq, "select 1", -1), -1);
		CHECK_INT(errno, EBUSY);
		cancel = PQgetCancel(c->pq.connection);
		if (PQcancel(cancel, why, sizeof(why)) == 0)
			CHECK_STR(why, "");
		PQfreeCancel(cancel);
		CHECK_INT(
		    reactor_pq_wait(loop, &c->pq, 60 * REACTOR_SECOND), 0);
	} else if (c->ends == 3) {
		CHECK_INT(c->error, 0);
		CHECK_INT(c->fatal, 1); /* cancelled at the user's wish */
		CHECK_INT(reactor_pq_query(loop, &c->pq, *counts, -1), 0);
	} else {
		reactor_pq_stop(loop, &c->pq);
	}
}

static void
late(void)
{
	struct client c;

	begin();
	client_init(&c, sleeps);
	c.then = cancels;
	client_connect(&c);
	run();
	CHECK_STR(c.said, "42");
	CHECK_INT(c.ends, 4);
	CHECK(turns() < 60);
	/* The result is there before anybody waits for it again. */
	client_init(&c, NULL);
	c.then = keep;
	client_connect(&c);
	run();
	CHECK_INT(PQsendQuery(c.pq.connection, "select 43"), 1);
	while (PQflush(c.pq.connection) == 1)
		continue;
	while (PQisBusy(c.pq.connection)) {
		loop_sleep(LOOP_MS);
		CHECK_INT(PQconsumeInput(c.pq.connection), 1);
	}
	CHECK_INT(reactor_pq_wait(loop, &c.pq, -1), 0);
	CHECK_STR(c.said, "");
	run();
	CHECK_STR(c.said, "43");
	reactor_pq_stop(loop, &c.pq);
	end();
}

/* It does not even greet. */
static void
late_connect(void)
{
	struct client c;

	begin();
	server_kill(&server, SIGSTOP);
	client_init(&c, NULL);
	CHECK_INT(reactor_pq_connect(
		      loop, &c.pq, sql_postgres(&server), 200 * LOOP_MS),
	    0);
	run();
	CHECK_INT(c.error, ETIMEDOUT);
	CHECK_INT(c.ends, 1);
	CHECK(turns() < 20);
	server_kill(&server, SIGCONT);
	end();
}

/* ---- Stopping ------------------------------------------------------------ */

static void
new_client(const char *const *list, char stop_in)
{
	struct client *c = malloc(sizeof(*c));

	CHECK(c != NULL);
	client_init(c, list);
	c->stop_in = stop_in;
	client_connect(c);
}

static void
freed(void)
{
	static const char *const list[] = { "select 1; select 2", NULL };
	int i;

	begin();
	for (i = 0; i < 10; i++) {
		new_client(list, 'd');
		new_client(list, 'r');
	}
	run();
	CHECK_INT(freed_clients, 20);
	end();
}

static void
freed_by_notify(void)
{
	static const char *const list[] = {
		"notify news, '1'; notify news, '2'; notify news, '3'", NULL
	};
	struct client *listener = malloc(sizeof(*listener)), c;

	begin();
	listener_open(listener);
	listener->stop_in = 'n';
	client_init(&c, list);
	client_connect(&c);
	run();
	CHECK_INT(freed_clients, 1);
	end();
}

static void
unexpected(struct client *c)
{
	(void)c;
	test_fail("a client was called");
}

static void
sends_large(struct client *c)
{
	static char query[LARGE];

	copy_backend = PQbackendPID(c->pq.connection);
	CHECK_INT(kill(copy_backend, SIGSTOP), 0);
	memset(query, ' ', sizeof(query) - 1);
	CHECK_INT(reactor_pq_query(loop, &c->pq, query, -1), 0);
}

static void
stopped(void)
{
	struct client clients[4];
	int i;

	begin();
	client_init(&clients[0], NULL);
	reactor_pq_stop(loop, &clients[0].pq); /* never started */
	for (i = 0; i < 4; i++) {
		client_init(&clients[i], sleeps);
		client_connect(&clients[i]);
	}
	clients[0].then = unexpected;
	reactor_pq_stop(loop, &clients[0].pq); /* in a connect */
	run_for(300);
	for (i = 1; i < 4; i++) {
		CHECK_INT(clients[i].ends, 1);
		clients[i].then = unexpected;
	}
	reactor_pq_stop(loop, &clients[1].pq); /* in a query */
	/* Begun anew without a stop. */
	client_connect(&clients[2]);
	clients[2].then = NULL;
	clients[2].queries = counts;
	run_for(300);
	CHECK_STR(clients[2].said, "42");
	/* In the middle of sending one that nobody reads. */
	client_init(&clients[0], NULL);
	clients[0].then = sends_large;
	client_connect(&clients[0]);
	run_for(200);
	CHECK_INT(clients[0].ends, 1);
	CHECK_INT(PQflush(clients[0].pq.connection), 1);
	reactor_pq_stop(loop, &clients[0].pq);
	CHECK_INT(kill(copy_backend, SIGCONT), 0);
	CHECK_INT(reactor_close(loop), 0); /* in a loop that is no more */
	PQfinish(clients[3].pq.connection);
	loop = loop_open();
	run();
	end();
}

static void
again(struct client *c)
{
	static int number = -1;
	int fd = PQsocket(c->pq.connection);

	CHECK_INT(c->error, 0);
	if (number != -1)
		CHECK_INT(fd, number);
	number = fd;
	reactor_pq_stop(loop, &c->pq); /* the next has the same number */
	if (++c->number < 50)
		client_connect(c);
}

static void
reused(void)
{
	struct client c;

	begin();
	client_init(&c, NULL);
	c.then = again;
	client_connect(&c);
	run();
	CHECK_INT(c.number, 50);
	end();
}

/* ---- Tasks --------------------------------------------------------------- */

static PGconn *
opened(void)
{
	PGconn *c = task_pq_connect(sql_postgres(&server),
	    (int64_t)(60 * test_slow()) * REACTOR_SECOND);

	CHECK(c != NULL);
	CHECK_STR(PQerrorMessage(c), "");
	CHECK_INT(PQstatus(c), CONNECTION_OK);
	return c;
}

/* The first value of the last result. */
static int
number_of(PGconn *c, const char *query)
{
	PGresult *result = task_pq_exec(c, query, -1);
	int number;

	CHECK(result != NULL);
	CHECK_STR(PQresultErrorMessage(result), "");
	number = atoi(PQgetvalue(result, 0, 0));
	PQclear(result);
	return number;
}

static intptr_t
asks(void *number)
{
	PGconn *c = opened();
	char query[80];
	int i, answer = 0;

	for (i = 0; i < 3; i++) {
		snprintf(query, sizeof(query),
		    "select 1; select 6 * %d, pg_sleep(0.1)",
		    (int)(intptr_t)number);
		answer = number_of(c, query);
	}
	PQfinish(c);
	return answer;
}

static void
tasks_many(void)
{
	struct task *tasks[CLIENTS];
	int64_t began;
	int i;

	sql_open_postgres(&server);
	began = test_clock();
	for (i = 0; i < CLIENTS; i++)
		tasks[i] = tasks_spawn(asks, i);
	for (i = 0; i < CLIENTS; i++)
		CHECK_INT(tasks_end(tasks[i]).result, 6 * i);
	CHECK((double)(test_clock() - began) < 5e9 * test_slow());
	sql_close(&server);
}

static void
tasks_large(void)
{
	char *query = malloc(LARGE + 100);
	PGresult *result;
	PGconn *c;

	CHECK(query != NULL);
	sql_open_postgres(&server);
	c = opened();
	memcpy(query, "select '", 8);
	memset(query + 8, 'x', LARGE);
	strcpy(query + 8 + LARGE, "'");
	result = task_pq_exec(c, query, -1);
	CHECK(result != NULL);
	CHECK_STR(PQresultErrorMessage(result), "");
	CHECK_INT(PQgetlength(result, 0, 0), LARGE);
	PQclear(result);
	result = task_pq_exec(c, "selekt", -1);
	CHECK_INT(PQresultStatus(result), PGRES_FATAL_ERROR);
	PQclear(result);
	free(query);
	PQfinish(c);
	sql_close(&server);
}

static intptr_t
sleeps_long(void *unused)
{
	PGconn *c = opened();
	PGresult *result = task_pq_exec(c, *sleeps, -1);
	int error = errno;

	(void)unused;
	if (result == NULL) {
		PQfinish(c);
		errno = error;
		return -1;
	}
	CHECK_INT(PQresultStatus(result), PGRES_FATAL_ERROR);
	CHECK_INT(PQstatus(c), CONNECTION_BAD);
	PQclear(result);
	CHECK(task_pq_exec(c, "select 1", -1) == NULL);
	CHECK_INT(errno, ENOTCONN);
	PQfinish(c);
	return 77;
}

static void
tasks_cancelled(void)
{
	PGresult *result;
	PGcancel *cancel;
	struct task *t;
	PGconn *c;
	char why[256];

	sql_open_postgres(&server);
	t = tasks_spawn(sleeps_long, 0);
	CHECK_INT(task_sleep(200 * LOOP_MS), 0);
	tasks_stop(t);
	/* Too late; it may be cancelled, and heard to its end. */
	c = opened();
	CHECK(task_pq_exec(c, *sleeps, 100 * LOOP_MS) == NULL);
	CHECK_INT(errno, ETIMEDOUT);
	CHECK(task_pq_exec(c, "select 1", -1) == NULL);
	CHECK_INT(errno, EBUSY);
	cancel = PQgetCancel(c);
	CHECK_INT(PQcancel(cancel, why, sizeof(why)), 1);
	PQfreeCancel(cancel);
	CHECK_INT(task_pq_result(c, &result, -1), 1);
	CHECK_INT(PQresultStatus(result), PGRES_FATAL_ERROR);
	PQclear(result);
	CHECK_INT(task_pq_result(c, &result, -1), 0);
	CHECK_INT(number_of(c, "select 5"), 5);
	PQfinish(c);
	t = tasks_spawn(sleeps_long, 0);
	CHECK_INT(task_sleep(200 * LOOP_MS), 0);
	sql_kill(&server);
	CHECK_INT(tasks_end(t).result, 77);
	server_start(&server);
	CHECK_INT(asks((void *)7), 42);
	sql_close(&server);
}

static void
tasks_connect(void)
{
	PGconn *c;

	sql_open_postgres(&server);
	c = task_pq_connect("host=/nonexistent", -1);
	CHECK(c != NULL);
	CHECK_INT(PQstatus(c), CONNECTION_BAD);
	CHECK(strstr(PQerrorMessage(c), "No such file") != NULL);
	PQfinish(c);
	c = task_pq_connect("nonsense", -1);
	CHECK_INT(PQstatus(c), CONNECTION_BAD);
	PQfinish(c);
	server_kill(&server, SIGSTOP);
	CHECK(task_pq_connect(sql_postgres(&server), 100 * LOOP_MS) == NULL);
	CHECK_INT(errno, ETIMEDOUT);
	server_kill(&server, SIGCONT);
	sql_close(&server);
}

static intptr_t
notifies(void *unused)
{
	PGconn *c = opened();

	(void)unused;
	PQclear(task_pq_exec(c, "notify news, 'one'", -1));
	PQclear(task_pq_exec(c, "notify news, 'two'", -1));
	PQfinish(c);
	return 0;
}

static void
tasks_notify(void)
{
	PGnotify *notify;
	struct task *t;
	PGconn *c;

	sql_open_postgres(&server);
	c = opened();
	PQclear(task_pq_exec(c, "listen news", -1));
	CHECK(task_pq_notify(c, 50 * LOOP_MS) == NULL);
	CHECK_INT(errno, ETIMEDOUT);
	t = tasks_spawn(notifies, 0);
	notify = task_pq_notify(c, -1);
	CHECK(notify != NULL);
	CHECK_STR(notify->extra, "one");
	PQfreemem(notify);
	notify = task_pq_notify(c, -1);
	CHECK(notify != NULL);
	CHECK_STR(notify->extra, "two");
	PQfreemem(notify);
	CHECK_INT(tasks_end(t).state, TASK_DONE);
	sql_kill(&server);
	CHECK(task_pq_notify(c, -1) == NULL);
	CHECK_INT(errno, ECONNRESET);
	PQfinish(c);
	sql_close(&server);
}

static void
tasks_copy(void)
{
	PGresult *result;
	PGconn *c;
	char line[32];
	int i;

	sql_open_postgres(&server);
	c = opened();
	PQclear(task_pq_exec(c, "create table t (x int)", -1));
	result = task_pq_exec(c, "copy t from stdin", -1);
	CHECK_INT(PQresultStatus(result), PGRES_COPY_IN);
	PQclear(result);
	for (i = 0; i < LINES; i++) {
		sprintf(line, "%d\n", i);
		CHECK_INT(PQputCopyData(c, line, (int)strlen(line)), 1);
		if (i % 1000 == 0)
			CHECK_INT(task_pq_flush(c), 0);
	}
	CHECK_INT(PQputCopyEnd(c, NULL), 1);
	CHECK_INT(task_pq_result(c, &result, -1), 1);
	CHECK_STR(PQcmdTuples(result), "1000000");
	PQclear(result);
	CHECK_INT(task_pq_result(c, &result, -1), 0);
	CHECK_INT(number_of(c, "select count(*) from t"), LINES);
	PQfinish(c);
	sql_close(&server);
}

/* ---- The demo ------------------------------------------------------------ */

static void
demo(void)
{
	char where[200];
	const char *said;

	sql_open_postgres(&server);
	snprintf(where, sizeof(where), "--connect=%s", sql_postgres(&server));
	said = sql_demo("pgsql", where,
	    "\"select 1 from pg_sleep(0.3)\" \"select E'a\\\\tb', null\""
	    " 'create table t (x int)' selekt 'select 5 union select 6'");
	if (said[0] == '\0') {
		sql_close(&server);
		SKIP("demos/pgsql is not built");
	}
	CHECK(strstr(said, "1\na\\tb\t\\N\nCREATE TABLE\n") == said);
	CHECK(strstr(said, "\n5\n6\n") != NULL);
	CHECK(strstr(said, "pgsql: selekt: ERROR:  syntax error") != NULL);
	sql_close(&server);
}

static const struct test tests[] = {
	TEST("queries and their results", queries),
	TEST("many at once", many),
	TEST("16 megabytes there and back", large),
	TEST("each row a result", single_rows),
	TEST("COPY in and out", copies),
	TEST("notifications, until the connection is lost", notified),
	TEST("the server is killed, twice; a new connection", killed),
	TEST("no connection, and why", refused),
	TEST("a result that does not come in time; cancelled", late),
	TEST("a connection that is not made in time", late_connect),
	TEST("freed in done and in a result", freed),
	TEST("freed in a notification", freed_by_notify),
	TEST("stopped in a connect, in a query, by the end of the loop",
	    stopped),
	TEST("the same descriptor again", reused),
	TASKS("tasks: many at once", tasks_many),
	TASKS("tasks: 16 megabytes there and back, an error", tasks_large),
	TASKS("tasks: cancelled, too late, killed", tasks_cancelled),
	TASKS("tasks: no connection", tasks_connect),
	TASKS("tasks: notifications", tasks_notify),
	TASKS("tasks: COPY", tasks_copy),
	TEST("the demo", demo),
};
TEST_MAIN(tests)
