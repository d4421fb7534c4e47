/*
 * SPDX-License-Identifier: ISC
 *
 * adapter_hiredis.c: hiredis on the loop, with a redis-server of the test's own.
 */
#include <netinet/tcp.h>
#include "reactor/adapters/hiredis.h"
#include "test/loop.h"
#include "test/server.h"

#define PIPELINED 10000
#define LARGE     ((size_t)64 << 20)
#define CLIENTS   50

static const char *const arguments[] = { "redis-server", "--port", "0",
	"--unixsocket", "socket", "--save", "", "--loglevel", "warning", NULL };

static int
answers(struct server *s)
{
	return server_listens_at(s->socket);
}

static struct server server = { .arguments = arguments, .answers = answers };
static struct reactor *loop;
static int replies, nulls, connected, refused, disconnected, lost;

/* ---- A client ------------------------------------------------------------ */

/* What a callback is to do, and with whom: 'f'ree, 'd'isconnect, or neither. */
static int on_connect, on_disconnect, on_reply;

static void
do_it(redisAsyncContext *ac, int what)
{
	if (what == 'f')
		redisAsyncFree(ac);
	if (what == 'd')
		redisAsyncDisconnect(ac);
}

static void
has_connected(const redisAsyncContext *ac, int status)
{
	*(status == REDIS_OK ? &connected : &refused) += 1;
	if (status != REDIS_OK)
		CHECK(ac->c.err != 0); /* not yet in ac->err */
	do_it((redisAsyncContext *)(uintptr_t)ac, on_connect);
}

static void
has_disconnected(const redisAsyncContext *ac, int status)
{
	*(status == REDIS_OK ? &disconnected : &lost) += 1;
	do_it((redisAsyncContext *)(uintptr_t)ac, on_disconnect);
}

static void
got(redisAsyncContext *ac, void *reply, void *data)
{
	const redisReply *r = reply;

	if (reply == NULL) {
		nulls++;
	} else {
		replies++;
		if (data != NULL)
			CHECK_STR(r->str, data);
	}
	do_it(ac, on_reply);
}

static redisAsyncContext *
attached(redisAsyncContext *ac)
{
	CHECK(ac != NULL);
	CHECK_STR(ac->errstr, "");
	CHECK_INT(reactor_hiredis_attach(loop, ac), 0);
	CHECK_INT(redisAsyncSetConnectCallback(ac, has_connected), REDIS_OK);
	CHECK_INT(
	    redisAsyncSetDisconnectCallback(ac, has_disconnected), REDIS_OK);
	return ac;
}

static redisAsyncContext *
client(void)
{
	return attached(redisAsyncConnectUnix(server.socket));
}

static void
begin(void)
{
	signal(SIGPIPE, SIG_IGN); /* hiredis writes with write(2) */
	server_open(&server);
	server_start(&server);
	loop = loop_open();
}

static void
end(void)
{
	CHECK_INT(reactor_close(loop), 0);
	server_close(&server);
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

/* ---- Commands ------------------------------------------------------------ */

static void
commands(void)
{
	redisAsyncContext *ac;

	begin();
	ac = client();
	CHECK_INT(reactor_hiredis_attach(loop, ac), -1);
	CHECK_INT(errno, EBUSY);
	redisAsyncCommand(ac, got, "OK", "SET key value");
	redisAsyncCommand(ac, got, "value", "GET key");
	redisAsyncCommand(ac, NULL, NULL, "GET key");
	redisAsyncDisconnect(ac);
	run();
	CHECK_INT(connected, 1);
	CHECK_INT(replies, 2);
	CHECK_INT(disconnected, 1);
	end();
}

/* Nothing but the connection. */
static void
no_commands(void)
{
	begin();
	client();
	on_connect = 'd';
	run();
	CHECK_INT(connected, 1);
	CHECK_INT(disconnected, 1);
	end();
}

static void
got_number(redisAsyncContext *ac, void *reply, void *data)
{
	const redisReply *r = reply;

	CHECK(r != NULL);
	CHECK_INT(r->type, REDIS_REPLY_INTEGER);
	CHECK_INT(r->integer, ++*(int *)data);
	if (r->integer == PIPELINED)
		redisAsyncFree(ac);
}

/* In order, and many in each turn. */
static void
pipelined(void)
{
	redisAsyncContext *ac;
	int i, last = 0;

	begin();
	ac = client();
	for (i = 0; i < PIPELINED; i++)
		redisAsyncCommand(ac, got_number, &last, "INCR counter");
	run();
	CHECK_INT(last, PIPELINED);
	CHECK(turns() < PIPELINED);
	end();
}

static void
got_large(redisAsyncContext *ac, void *reply, void *data)
{
	const redisReply *r = reply;

	CHECK(r != NULL);
	CHECK_INT(r->type, REDIS_REPLY_STRING);
	CHECK_INT(r->len, LARGE);
	CHECK(memcmp(r->str, data, LARGE) == 0);
	replies++;
	redisAsyncDisconnect(ac);
}

static void
large(void)
{
	char *value = malloc(LARGE);
	redisAsyncContext *ac;
	size_t i;

	CHECK(value != NULL);
	for (i = 0; i < LARGE; i++)
		value[i] = (char)(i * i >> 7);
	begin();
	ac = client();
	redisAsyncCommand(ac, got, "OK", "SET large %b", value, LARGE);
	redisAsyncCommand(ac, got_large, value, "GET large");
	run();
	CHECK_INT(replies, 2);
	CHECK_INT(disconnected, 1);
	free(value);
	end();
}

/* ---- Several ------------------------------------------------------------- */

static void
got_message(redisAsyncContext *ac, void *reply, void *data)
{
	const redisReply *r = reply;
	redisAsyncContext *publisher = data;
	char text[16];

	if (r == NULL) /* it was freed */
		return;
	CHECK_INT(r->type, REDIS_REPLY_ARRAY);
	if (strcmp(r->element[0]->str, "message") == 0) {
		snprintf(text, sizeof(text), "%d", replies++);
		CHECK_STR(r->element[2]->str, text);
	}
	if (replies < 100)
		redisAsyncCommand(
		    publisher, NULL, NULL, "PUBLISH news %d", replies);
	else {
		redisAsyncDisconnect(publisher);
		redisAsyncFree(ac);
	}
}

static void
subscribed(void)
{
	redisAsyncContext *publisher, *subscriber;

	begin();
	publisher = client();
	subscriber = client();
	redisAsyncCommand(subscriber, NULL, NULL, "CLIENT SETNAME reader");
	redisAsyncCommand(subscriber, got_message, publisher, "SUBSCRIBE news");
	run();
	CHECK_INT(replies, 100);
	CHECK_INT(disconnected, 2);
	end();
}

static int places[CLIENTS];

static void
got_turn(redisAsyncContext *ac, void *reply, void *data)
{
	int *count = data;
	const redisReply *r = reply;

	CHECK(r != NULL);
	CHECK_INT(r->integer, ++*count);
	if (*count < 20)
		redisAsyncCommand(ac, got_turn, data, "INCR counter:%d",
		    (int)(count - places));
	else
		redisAsyncFree(ac);
}

static void
many(void)
{
	int i;

	begin();
	for (i = 0; i < CLIENTS; i++)
		redisAsyncCommand(
		    client(), got_turn, &places[i], "INCR counter:%d", i);
	run();
	for (i = 0; i < CLIENTS; i++)
		CHECK_INT(places[i], 20);
	CHECK_INT(disconnected, CLIENTS);
	end();
}

/* The next client is given the number of the last one. */
static void
got_and_again(redisAsyncContext *ac, void *reply, void *data)
{
	redisAsyncContext *next;
	int fd = ac->c.fd, *left = data;

	CHECK(reply != NULL);
	replies++;
	if (--*left == 0) {
		redisAsyncFree(ac);
		return;
	}
	/* hiredis frees ac, and closes its descriptor, after this. */
	CHECK_INT(close(fd), 0);
	next = client();
	CHECK_INT(next->c.fd, fd);
	ac->c.fd = -1;
	redisAsyncCommand(next, got_and_again, data, "PING");
	redisAsyncFree(ac);
}

static void
again(struct reactor *r, struct reactor_timer *timer)
{
	static redisAsyncContext *ac;
	static int fd, rounds;

	if (ac != NULL) {
		fd = ac->c.fd;
		redisAsyncFree(ac);
	}
	if (++rounds == 100)
		return;
	ac = client();
	if (rounds > 1)
		CHECK_INT(ac->c.fd, fd);
	redisAsyncCommand(ac, got, "PONG", "PING");
	CHECK_INT(reactor_timer_start(r, timer, LOOP_MS * (rounds % 3)), 0);
}

static void
reused(void)
{
	struct reactor_timer timer = { .callback = again };
	int left = 100;

	begin();
	redisAsyncCommand(client(), got_and_again, &left, "PING");
	run();
	CHECK_INT(replies, 100);
	CHECK_INT(reactor_timer_start(loop, &timer, 0), 0);
	replies = 0;
	run();
	CHECK_INT(replies + nulls, 99);
	CHECK(replies >= 10);
	CHECK(nulls >= 10);
	end();
}

/* ---- Freed --------------------------------------------------------------- */

static void
free_in(int in_connect, int in_reply, int in_disconnect)
{
	redisAsyncContext *ac = client();

	replies = nulls = connected = disconnected = lost = 0;
	on_connect = in_connect;
	on_reply = in_reply;
	on_disconnect = in_disconnect;
	redisAsyncCommand(ac, got, "PONG", "PING");
	redisAsyncCommand(ac, got, "PONG", "PING");
	redisAsyncCommand(ac, NULL, NULL, "PING");
	run();
	CHECK_INT(connected, 1);
	CHECK_INT(disconnected + lost, 1);
}

static void
freed(void)
{
	begin();
	free_in('f', 0, 0);
	CHECK_INT(nulls, 2);
	free_in('f', 'f', 'f');
	CHECK_INT(nulls, 2);
	free_in(0, 'f', 0);
	CHECK_INT(replies, 1);
	CHECK_INT(nulls, 1);
	free_in(0, 'f', 'f');
	CHECK_INT(nulls, 1);
	free_in('d', 0, 0);
	CHECK_INT(replies, 2);
	CHECK_INT(disconnected, 1);
	free_in('d', 'f', 'f');
	CHECK_INT(nulls, 1);
	free_in(0, 'd', 0);
	CHECK_INT(replies, 2);
	CHECK_INT(disconnected, 1);
	free_in(0, 'd', 'f');
	CHECK_INT(replies, 2);
	end();
}

static void
frees_other(redisAsyncContext *ac, void *reply, void *data)
{
	redisAsyncContext **both = data;
	int other = ac == both[0];

	CHECK(reply != NULL || replies == 1);
	if (reply == NULL)
		return;
	replies++;
	redisAsyncFree(both[other]);
	redisAsyncFree(ac);
}

/* Whoever is first frees both; the other's events may be in the queue. */
static void
freed_by_other(void)
{
	redisAsyncContext *both[2];
	int i;

	begin();
	for (i = 0; i < 50; i++) {
		both[0] = client();
		both[1] = client();
		replies = 0;
		redisAsyncCommand(both[0], frees_other, both, "PING");
		redisAsyncCommand(both[1], frees_other, both, "PING");
		run();
		CHECK_INT(replies, 1);
	}
	end();
}

/* Before and after the loop is closed. */
static void
closed(void)
{
	redisAsyncContext *ac, *idle;

	begin();
	ac = client();
	redisAsyncFree(client());
	redisAsyncCommand(ac, got, "PONG", "PING");
	while (replies == 0)
		CHECK(reactor_run_once(loop, -1) >= 0);
	idle = client();
	CHECK_INT(reactor_hiredis_timeout(idle, REACTOR_SECOND), 0);
	redisAsyncCommand(idle, got, NULL, "PING");
	redisAsyncCommand(ac, got, NULL, "PING");
	CHECK_INT(reactor_close(loop), 0);
	redisAsyncFree(ac);
	redisAsyncFree(idle);
	CHECK_INT(nulls, 2);
	server_close(&server);
}

/* ---- Trouble ------------------------------------------------------------- */

static void
nobody(void)
{
	redisAsyncContext *ac;
	int free_it;

	begin();
	for (free_it = 0; free_it <= 'f'; free_it += 'f') {
		on_connect = free_it;
		ac = attached(redisAsyncConnect("127.0.0.1", server_port()));
		redisAsyncCommand(ac, got, NULL, "PING");
		run();
	}
	CHECK_INT(refused, 2);
	CHECK_INT(nulls, 2);
	ac = redisAsyncConnectUnix("/no/such/socket");
	CHECK(ac->err != 0);
	CHECK_INT(reactor_hiredis_attach(loop, ac), -1);
	CHECK_INT(errno, EBADF);
	redisAsyncFree(ac);
	end();
}

static struct reactor_timer retry;

static void
got_again(redisAsyncContext *ac, void *reply, void *data)
{
	(void)data;
	CHECK(reply != NULL);
	replies++;
	redisAsyncDisconnect(ac);
}

static void
reconnect(struct reactor *r, struct reactor_timer *timer)
{
	redisAsyncContext *ac = redisAsyncConnectUnix(server.socket);

	if (server.pid == 0)
		server_start(&server);
	if (ac->err != 0) {
		redisAsyncFree(ac);
		refused++;
		CHECK_INT(reactor_timer_start(r, timer, 5 * LOOP_MS), 0);
		return;
	}
	attached(ac);
	redisAsyncCommand(ac, got_again, NULL, "PING");
}

static void
is_lost(const redisAsyncContext *ac, int status)
{
	CHECK_INT(status, REDIS_ERR);
	CHECK(ac->err == REDIS_ERR_EOF || ac->err == REDIS_ERR_IO);
	lost++;
	CHECK_INT(reactor_timer_start(loop, &retry, 0), 0);
}

/* With commands that wait, and with more than the socket takes. */
static void
killed(void)
{
	redisAsyncContext *ac;
	int i;

	begin();
	retry.callback = reconnect;
	for (i = 0; i < 3; i++) {
		replies = nulls = lost = refused = 0;
		ac = client();
		redisAsyncSetDisconnectCallback(ac, is_lost);
		ac->onDisconnect = is_lost;
		redisAsyncCommand(ac, got, "PONG", "PING");
		while (replies == 0)
			CHECK(reactor_run_once(loop, -1) >= 0);
		redisAsyncCommand(ac, got, NULL, "BLPOP nothing 0");
		CHECK(reactor_run_once(loop, 10 * LOOP_MS) >= 0);
		if (i == 1)
			redisAsyncCommand(ac, got, NULL, "SET key %b",
			    arguments, sizeof(arguments));
		server_kill(&server, SIGKILL);
		if (i == 2)
			redisAsyncCommand(ac, got, NULL, "PING");
		run();
		CHECK_INT(nulls, i == 0 ? 1 : 2);
		CHECK_INT(lost, 1);
		CHECK_INT(refused, 1);
		CHECK_INT(replies, 2);
	}
	end();
}

/* It closes, after what it said. */
static void
quit(void)
{
	redisAsyncContext *ac;

	begin();
	ac = client();
	redisAsyncCommand(ac, got, "OK", "QUIT");
	redisAsyncCommand(ac, got, NULL, "PING");
	run();
	CHECK_INT(replies, 1);
	CHECK_INT(nulls, 1);
	CHECK_INT(lost, 1);
	end();
}

static void
bad_descriptor(void)
{
	redisAsyncContext *ac;

	begin();
	if (!loop_is(loop, "poll") && !loop_is(loop, "select")) {
		server_close(&server);
		SKIP("this backend does not hear of it");
	}
	ac = client();
	redisAsyncCommand(ac, got, "PONG", "PING");
	while (replies == 0)
		CHECK(reactor_run_once(loop, -1) >= 0);
	redisAsyncCommand(ac, got, NULL, "PING");
	close(ac->c.fd);
	run();
	CHECK_INT(nulls, 1);
	CHECK_INT(lost, 1);
	/* And before it is connected. */
	ac = client();
	redisAsyncCommand(ac, got, NULL, "PING");
	close(ac->c.fd);
	run();
	CHECK_INT(nulls, 2);
	CHECK_INT(refused, 1);
	end();
}

/* ---- Time ---------------------------------------------------------------- */

/* Somebody listens at TCP, but there is no room for one more connection. */
static int
full_house(int *fd, size_t count)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	size_t i;

	for (i = 0; i < count; i++) {
		fd[i] = socket(
		    AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		CHECK(fd[i] != -1);
		if (i > 0)
			connect(fd[i], (struct sockaddr *)&address, length);
		else {
			CHECK_INT(
			    bind(fd[0], (struct sockaddr *)&address, length),
			    0);
			CHECK_INT(listen(fd[0], 0), 0);
			CHECK_INT(getsockname(fd[0],
				      (struct sockaddr *)&address, &length),
			    0);
		}
	}
	return ntohs(address.sin_port);
}

static void
connect_late(void)
{
	redisAsyncContext *ac;
	int fd[4], port = full_house(fd, 4), i;

	begin();
	for (i = 0; i < 2; i++) {
		ac = attached(redisAsyncConnect("127.0.0.1", port));
		on_connect = i == 1 ? 'f' : 0;
		CHECK_INT(reactor_hiredis_timeout(ac, 30 * LOOP_MS), 0);
		redisAsyncCommand(ac, got, NULL, "PING");
		run();
		CHECK_INT(refused, i + 1);
		CHECK_INT(nulls, i + 1);
	}
	CHECK_INT(disconnected + lost + connected, 0);
	CHECK(turns() < 30);
	for (i = 0; i < 4; i++)
		close(fd[i]);
	end();
}

static void
got_late(redisAsyncContext *ac, void *reply, void *data)
{
	(void)data;
	CHECK(reply == NULL);
	CHECK_STR(ac->errstr, "Timeout");
	nulls++;
}

/* Not while it owes nothing, nor while it answers. */
static void
command_late(void)
{
	redisAsyncContext *ac;
	int64_t began;

	begin();
	ac = client();
	redisAsyncCommand(ac, got, "PONG", "PING");
	CHECK_INT(reactor_hiredis_timeout(ac, 10 * REACTOR_SECOND), 0);
	while (replies == 0)
		CHECK(reactor_run_once(loop, -1) >= 0);
	CHECK_INT(reactor_hiredis_timeout(ac, 50 * LOOP_MS), 0);
	for (began = test_clock(); test_clock() < began + 150 * LOOP_MS;)
		CHECK(reactor_run_once(loop, 150 * LOOP_MS) >= 0);
	CHECK_INT(lost, 0);
	began = test_clock();
	redisAsyncCommand(ac, got_late, NULL, "BLPOP nothing 0");
	redisAsyncCommand(ac, got_late, NULL, "PING");
	run();
	CHECK(test_clock() - began >= 50 * LOOP_MS);
	CHECK_INT(nulls, 2);
	CHECK_INT(lost, 1);
	end();
}

/* As often as it is asked, the clock begins anew; and it can be taken away. */
static void
command_in_time(void)
{
	redisAsyncContext *ac;
	int i;

	begin();
	ac = client();
	CHECK_INT(reactor_hiredis_timeout(ac, 10 * REACTOR_SECOND), 0);
	for (i = 1; i <= 20; i++) {
		redisAsyncCommand(ac, got, "PONG", "PING");
		while (replies < i)
			CHECK(reactor_run_once(loop, -1) >= 0);
	}
	CHECK_INT(reactor_hiredis_timeout(ac, 20 * LOOP_MS), 0);
	redisAsyncCommand(ac, got, NULL, "BLPOP nothing 0.2");
	CHECK_INT(reactor_hiredis_timeout(ac, 0), 0);
	redisAsyncDisconnect(ac);
	run();
	CHECK_INT(replies, 21);
	CHECK_INT(lost, 0);
	end();
}

#if HIREDIS_MAJOR >= 1
static void
own_timeouts(void)
{
	struct timeval soon = { 0, 40000 };
	redisAsyncContext *ac;

	begin();
	ac = client();
	CHECK_INT(redisAsyncSetTimeout(ac, soon), REDIS_OK);
	redisAsyncCommand(ac, got, NULL, "BLPOP nothing 0");
	run();
	CHECK_INT(nulls, 1);
	CHECK_INT(lost, 1);
	end();
}
#else
static void
own_timeouts(void)
{
	SKIP("this hiredis has none");
}
#endif

static void
quiet(void)
{
	redisAsyncContext *ac;
	uint64_t before;
	int64_t end_of_it;

	begin();
	ac = client();
	redisAsyncCommand(ac, got, "PONG", "PING");
	while (replies == 0)
		CHECK(reactor_run_once(loop, -1) >= 0);
	before = turns();
	end_of_it = test_clock() + 200 * LOOP_MS;
	while (test_clock() < end_of_it)
		CHECK(reactor_run_once(loop, 200 * LOOP_MS) >= 0);
	CHECK(turns() - before <= 3);
	redisAsyncFree(ac);
	end();
}

static const struct test tests[] = {
	TEST("commands, and a second loop", commands),
	TEST("a connection and nothing else", no_commands),
	TEST("10,000 commands at once, answered in order", pipelined),
	TEST("a value of 64 MB, there and back", large),
	TEST("a subscriber and a publisher", subscribed),
	TEST("many clients on one loop", many),
	TEST("a descriptor that is used again at once", reused),
	TEST("freed and disconnected in every callback", freed),
	TEST("freed in the callback of another client", freed_by_other),
	TEST("the loop is closed first", closed),
	TEST("nobody listens", nobody),
	TEST("the server is killed, and starts again", killed),
	TEST("the server ends the connection", quit),
	TEST("the descriptor is closed behind its back", bad_descriptor),
	TEST("a connection that takes too long", connect_late),
	TEST("a command that takes too long", command_late),
	TEST("commands that come in time", command_in_time),
	TEST("the time-outs of hiredis", own_timeouts),
	TEST("an idle client does not turn the loop", quiet),
};

TEST_MAIN(tests)
