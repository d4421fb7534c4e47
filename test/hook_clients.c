/*
 * SPDX-License-Identifier: ISC
 *
 * hook_clients.c: blocking clients as their authors wrote them, a hundred at
 * once in one thread: hiredis, libpq, and the easy interface of libcurl, each
 * with a server that takes its time for an answer.
 */
#include <glob.h>
#include <pwd.h>
#include <curl/curl.h>
#include <hiredis/hiredis.h>
#include <libpq-fe.h>
#include <coro/hook.h>
#include "test/server.h"
#include "test/tasks.h"

enum { CLIENTS = 100, SLOW_MS = 300 };

/* ---- A hundred at once --------------------------------------------------- */

struct crowd {
	task_fn *client;
	int n;
	int64_t took;
};

static intptr_t
crowd_main(void *argument)
{
	static const struct task_attributes large = { .stack_size = 1 << 19 };
	struct crowd *c = argument;
	int64_t begun = test_clock();
	struct task *tasks[CLIENTS];
	int i;

	for (i = 0; i < c->n; i++)
		CHECK((tasks[i] = task_spawn_with(
			   c->client, TASKS_NUMBER(i), &large)) != NULL);
	for (i = 0; i < c->n; i++)
		CHECK_INT(tasks_end(tasks[i]).state, TASK_DONE);
	c->took = test_clock() - begun;
	return 42;
}

static int64_t
crowd_run(task_fn *client, int n)
{
	struct crowd c = { client, n, 0 };
	intptr_t result = task_run(crowd_main, &c, &tasks_options);

	if (result == -1)
		tasks_skip();
	CHECK_INT(result, 42);
	CHECK_STR(tasks_text, "");
	return c.took;
}

/* One after the other would take a hundred times as long. */
static void
crowd_check(task_fn *client)
{
	int64_t one = crowd_run(client, 1), all = crowd_run(client, CLIENTS);

	printf("# one: %d ms, %d: %d ms\n", (int)(one / LOOP_MS), CLIENTS,
	    (int)(all / LOOP_MS));
	CHECK(one >= SLOW_MS * LOOP_MS);
	CHECK((double)all < (double)CLIENTS / 3 * SLOW_MS * LOOP_MS);
}

/* ---- Redis --------------------------------------------------------------- */

static struct server redis;
static int redis_port;

static int
redis_answers(struct server *s)
{
	return server_listens_at(s->socket);
}

static void
redis_open(void)
{
	static char port[16];
	static const char *const arguments[] = { "redis-server", "--port", port,
		"--bind", "127.0.0.1", "--unixsocket", "socket", "--save", "",
		NULL };

	redis.arguments = arguments;
	redis.answers = redis_answers;
	server_open(&redis);
	redis_port = server_port();
	snprintf(port, sizeof(port), "%d", redis_port);
	server_start(&redis);
}

static redisContext *
redis_connect(int number)
{
	struct timeval limit = { 30, 0 };
	redisContext *c;

	if (number % 3 == 0)
		c = redisConnectUnix(redis.socket);
	else if (number % 3 == 1)
		c = redisConnect("127.0.0.1", redis_port);
	else
		c = redisConnectWithTimeout("localhost", redis_port, limit);
	CHECK(c != NULL);
	if (c->err)
		test_fail("redisConnect: %s", c->errstr);
	CHECK_INT(redisSetTimeout(c, limit), REDIS_OK);
	return c;
}

static void
redis_says(redisContext *c, redisReply *reply, int type, const char *text)
{
	if (reply == NULL)
		test_fail("redisCommand: %s", c->errstr);
	CHECK_INT(reply->type, type);
	if (text != NULL)
		CHECK_STR(reply->str, text);
	freeReplyObject(reply);
}

/* Nobody will ever push anything: it takes that long to say so. */
static intptr_t
redis_client(void *number)
{
	int n = (int)(intptr_t)number;
	char text[16];
	redisContext *c;

	CHECK_INT(task_hook(1), 0);
	c = redis_connect(n);
	snprintf(text, sizeof(text), "%d", n);
	redis_says(c, redisCommand(c, "BLPOP nothing:%d %s", n, "0.3"),
	    REDIS_REPLY_NIL, NULL);
	redis_says(
	    c, redisCommand(c, "SET %d %s", n, text), REDIS_REPLY_STATUS, "OK");
	redis_says(c, redisCommand(c, "GET %d", n), REDIS_REPLY_STRING, text);
	redisFree(c);
	return 0;
}

static void
redis_crowd(void)
{
	redis_open();
	crowd_check(redis_client);
	server_close(&redis);
}

/* The time limit of the client's, and that of a scope. */
static intptr_t
redis_limits(void *unused)
{
	struct timeval limit = { 0, 50000 };
	struct task_scope scope;
	redisContext *c;

	(void)unused;
	CHECK_INT(task_hook(1), 0);
	c = redis_connect(0);
	CHECK_INT(redisSetTimeout(c, limit), REDIS_OK);
	CHECK(redisCommand(c, "BLPOP nothing 5") == NULL);
	CHECK_INT(c->err, REDIS_ERR_IO);
	CHECK_INT(errno, EAGAIN);
	redisFree(c);
	c = redis_connect(1);
	CHECK_INT(task_scope_enter(&scope, 50 * LOOP_MS), 0);
	CHECK(redisCommand(c, "BLPOP nothing 5") == NULL);
	CHECK_INT(c->err, REDIS_ERR_IO);
	CHECK_INT(errno, ECANCELED);
	CHECK_INT(task_scope_leave(&scope), -1);
	CHECK_INT(errno, ETIMEDOUT);
	redisFree(c);
	return 0;
}

static void
redis_ends(void)
{
	redis_open();
	(void)crowd_run(redis_limits, 1);
	server_close(&redis);
}

/* ---- PostgreSQL ---------------------------------------------------------- */

static struct server postgres;

static int
postgres_answers(struct server *s)
{
	char options[128];

	snprintf(options, sizeof(options),
	    "host=%s user=reactor dbname=postgres", s->directory);
	return PQping(options) == PQPING_OK;
}

/* Where Debian has it; else what is in the path. */
static const char *
postgres_programs(void)
{
	static char directory[256];
	glob_t found;

	if (glob("/usr/lib/postgresql/*/bin/initdb", 0, NULL, &found) == 0) {
		snprintf(directory, sizeof(directory), "%.*s/",
		    (int)(strrchr(found.gl_pathv[0], '/') - found.gl_pathv[0]),
		    found.gl_pathv[0]);
		globfree(&found);
	} else if (server_find("initdb") == NULL) {
		SKIP("no initdb here");
	}
	return directory;
}

/* It does not work for root. */
static const char *
postgres_as(const struct server *s)
{
	static char command[128];
	const struct passwd *user = getpwnam("nobody");

	if (geteuid() != 0)
		return "";
	if (user == NULL || server_find("setpriv") == NULL)
		SKIP("no setpriv, to be another than root");
	CHECK_INT(chown(s->directory, user->pw_uid, user->pw_gid), 0);
	snprintf(command, sizeof(command),
	    "setpriv --reuid=%d --regid=%d --clear-groups ", (int)user->pw_uid,
	    (int)user->pw_gid);
	return command;
}

static void
postgres_open(void)
{
	static char make[1024], run[1024];
	static const char *const arguments[] = { "sh", "-c", run, NULL };
	static const char *const first[] = { "sh", "-c", make, NULL };
	const char *programs = postgres_programs(), *as;

	postgres.arguments = arguments;
	postgres.answers = postgres_answers;
	server_open(&postgres);
	as = postgres_as(&postgres);
	snprintf(make, sizeof(make),
	    "exec %s%sinitdb -N -A trust -U reactor -D data", as, programs);
	snprintf(run, sizeof(run),
	    "exec %s%spostgres -D data -F -N %d -c listen_addresses= "
	    "-c unix_socket_directories=%s",
	    as, programs, CLIENTS + 20, postgres.directory);
	if (server_run(&postgres, first) != 0)
		server_fail(&postgres, "initdb");
	server_start(&postgres);
}

static intptr_t
postgres_client(void *number)
{
	static const char query[] = "select pg_sleep(0.3), $1::int + 1";
	char options[128], text[16];
	const char *value = text;
	PGconn *c;
	PGresult *r;

	CHECK_INT(task_hook(1), 0);
	snprintf(options, sizeof(options),
	    "host=%s user=reactor dbname=postgres", postgres.directory);
	snprintf(text, sizeof(text), "%d", (int)(intptr_t)number);
	c = PQconnectdb(options);
	if (PQstatus(c) != CONNECTION_OK)
		test_fail("PQconnectdb: %s", PQerrorMessage(c));
	r = PQexecParams(c, query, 1, NULL, &value, NULL, NULL, 0);
	if (PQresultStatus(r) != PGRES_TUPLES_OK)
		test_fail("PQexecParams: %s", PQerrorMessage(c));
	CHECK_INT(atoi(PQgetvalue(r, 0, 1)), (intptr_t)number + 1);
	PQclear(r);
	PQfinish(c);
	return 0;
}

static void
postgres_crowd(void)
{
	postgres_open();
	crowd_check(postgres_client);
	server_kill(&postgres, SIGINT);
	server_close(&postgres);
}

/* ---- HTTP ---------------------------------------------------------------- */

static int web_fd;
static char web_url[2][64];

static intptr_t
web_answer(void *guest)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
				     "Connection: close\r\n\r\nhello";
	int fd = (int)(intptr_t)guest;
	char request[4096];
	size_t used = 0;
	intptr_t n = 1;

	request[0] = '\0';
	while (n > 0 && strstr(request, "\r\n\r\n") == NULL) {
		n = task_read(fd, request + used, sizeof(request) - 1 - used);
		if (n > 0)
			used += (size_t)n;
		request[used] = '\0';
	}
	if (n > 0 && task_sleep(SLOW_MS * LOOP_MS) == 0)
		(void)task_write_all(fd, answer, sizeof(answer) - 1);
	return task_close(fd);
}

static intptr_t
web_serve(void *unused)
{
	struct task *t;
	int fd;

	(void)unused;
	while ((fd = task_accept(web_fd, NULL, NULL)) != -1) {
		CHECK((t = task_spawn(web_answer, TASKS_NUMBER(fd))) != NULL);
		task_detach(t);
	}
	return -1;
}

static size_t
web_got(char *bytes, size_t one, size_t n, void *data)
{
	strncat(data, bytes, one * n);
	return one * n;
}

static intptr_t
web_client(void *number)
{
	char text[64] = "", error[CURL_ERROR_SIZE] = "";
	CURL *c = curl_easy_init();
	long status = 0;

	CHECK(c != NULL);
	CHECK_INT(task_hook(1), 0);
	curl_easy_setopt(c, CURLOPT_URL, web_url[(intptr_t)number % 2]);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, web_got);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, text);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, error);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	if (curl_easy_perform(c) != CURLE_OK)
		test_fail("curl_easy_perform: %s", error);
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	CHECK_INT(status, 200);
	CHECK_STR(text, "hello");
	curl_easy_cleanup(c);
	return 0;
}

/* The server is a task beside the clients. */
static intptr_t
web_client_and_server(void *number)
{
	static const struct task_attributes background = {
		.flags = TASK_BACKGROUND
	};
	struct task *server = NULL;

	if ((intptr_t)number == 0)
		CHECK((server = task_spawn_with(
			   web_serve, NULL, &background)) != NULL);
	task_detach(server);
	return web_client(number);
}

static void
web_crowd(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(a);

	web_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(web_fd, (struct sockaddr *)&a, length) == -1)
		SKIP("no loopback");
	CHECK(listen(web_fd, 2 * CLIENTS) == 0);
	CHECK(getsockname(web_fd, (struct sockaddr *)&a, &length) == 0);
	snprintf(web_url[0], sizeof(web_url[0]), "http://127.0.0.1:%d/",
	    ntohs(a.sin_port));
	snprintf(web_url[1], sizeof(web_url[1]), "http://localhost:%d/",
	    ntohs(a.sin_port));
	CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == 0);
	crowd_check(web_client_and_server);
	curl_global_cleanup();
	CHECK_INT(close(web_fd), 0);
}

/* ---- All of it ----------------------------------------------------------- */

static const struct test tests[] = {
	TEST("hiredis: a hundred at once", redis_crowd),
	TEST("hiredis: limits of time", redis_ends),
	TEST("libpq: a hundred at once", postgres_crowd),
	TEST("libcurl: a hundred at once", web_crowd),
};

TEST_MAIN(tests)
