/*
 * SPDX-License-Identifier: ISC
 *
 * redis.c: a client of a Redis server.  Runs the command of its own command
 * line, or those in the lines of standard input, as many at once as come; the
 * answers are printed in order, like those of redis-cli --raw.  When the
 * connection is lost it makes another.
 *
 *	build/demos/redis SET key value
 *	build/demos/redis --socket=/run/redis.sock SUBSCRIBE news
 *	seq -f 'LPUSH numbers %g' 1000 | build/demos/redis
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <reactor/adapters/hiredis.h>
#include <reactor/reactor.h>
#include "demos/demo.h"
#include "demos/words.h"

#define RETRY   (200 * REACTOR_MILLISECOND)
#define AT_ONCE 10000 /* commands without an answer; then no more are read */
#define WORDS   1024  /* of a command in a line */

static const char *backend, *where = "127.0.0.1:6379";
static long seconds = 60;

static struct reactor *loop;
static redisAsyncContext *server; /* or NULL: there is none at present */
static char **command;            /* of the command line, or NULL */
static int words, endless, ended, failed;
static size_t waiting;  /* commands without an answer */
static int64_t give_up; /* when it is lost for so long */

static struct reactor_io input;
static struct reactor_timer retry;
static struct reactor_prepare flush;
static char *text; /* what was read and not yet sent */
static size_t length, size;

/* ---- Answers ------------------------------------------------------------- */

static void
print(const redisReply *reply)
{
	size_t i;

	if (reply->type == REDIS_REPLY_INTEGER)
		printf("%lld", reply->integer);
	else if (reply->type != REDIS_REPLY_ARRAY)
		fwrite(reply->str, 1, reply->len, stdout);
	else
		for (i = 0; i < reply->elements; i++) {
			if (i > 0)
				putchar('\n');
			print(reply->element[i]);
		}
}

/* Whether it is time to say goodbye, or to read more. */
static void
go_on(void)
{
	if (endless || server == NULL)
		return;
	if (ended && waiting == 0)
		redisAsyncDisconnect(server);
	else if (!ended && waiting < AT_ONCE / 2 &&
	    reactor_io_start(loop, &input) == -1)
		demo_fail("standard input: %s", strerror(errno));
}

static void
answered(redisAsyncContext *ac, void *data, void *unused)
{
	const redisReply *reply = data;

	(void)unused;
	waiting -= waiting > 0;
	failed |= reply == NULL || reply->type == REDIS_REPLY_ERROR;
	if (reply != NULL) {
		print(reply);
		putchar('\n');
		go_on();
	} else if (!endless) { /* for those it is just the end */
		printf("Error: %s\n", ac->errstr);
	}
}

/* Before each wait, so that nobody waits for what is printed already. */
static void
flush_now(struct reactor *r, struct reactor_prepare *prepare)
{
	(void)r;
	(void)prepare;
	if (fflush(stdout) == EOF)
		demo_write_end(stdout, "standard output");
}

/* ---- Commands ------------------------------------------------------------ */

static void
send_command(int count, char **word)
{
	endless |= strcasecmp(word[0], "subscribe") == 0 ||
	    strcasecmp(word[0], "psubscribe") == 0 ||
	    strcasecmp(word[0], "monitor") == 0;
	if (redisAsyncCommandArgv(server, answered, NULL, count,
		(const char **)(uintptr_t)word, NULL) != REDIS_OK)
		demo_fail("cannot send a command: %s", server->errstr);
	waiting++;
}

static void
send_line(char *line)
{
	char *word[WORDS];
	int count = words_split(line, word, WORDS);

	if (count == -1)
		demo_fail("an open quote, or too many words: %s", word[0]);
	if (count > 0)
		send_command(count, word);
}

/* All lines that are complete. */
static void
send_lines(void)
{
	char *line = text, *end;

	while ((end = memchr(line, '\n', length)) != NULL) {
		*end++ = '\0';
		send_line(line);
		length -= (size_t)(end - line);
		line = end;
	}
	memmove(text, line, length);
}

/* One read does not block, so standard input keeps its flags. */
static void
input_ready(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	ssize_t n;

	(void)ready;
	if (size - length < 4096) {
		size = 2 * size + 65536;
		if ((text = realloc(text, size)) == NULL)
			demo_fail("no memory");
	}
	n = read(io->fd, text + length, size - length - 1);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == -1)
		demo_fail("standard input: %s", strerror(errno));
	if (n == 0 && length > 0)
		text[length++] = '\n';
	length += (size_t)n;
	ended = n == 0;
	send_lines();
	if (ended || waiting >= AT_ONCE)
		reactor_io_stop(r, io);
	if (ended)
		go_on();
}

/* ---- The connection ------------------------------------------------------ */

/* It was there before, so it may come back. */
static void
try_later(const char *why)
{
	reactor_io_stop(loop, &input);
	if (give_up == 0)
		demo_fail("%s: %s", where, why);
	if (give_up < reactor_now(loop))
		demo_fail("%s: %s, given up", where, why);
	if (reactor_timer_start(loop, &retry, RETRY) == -1)
		demo_fail("%s", strerror(errno));
}

static void
connected(const redisAsyncContext *ac, int status)
{
	if (status != REDIS_OK) {
		try_later(ac->c.errstr);
		return;
	}
	give_up = INT64_MAX;
	server = (redisAsyncContext *)(uintptr_t)ac;
	if (command != NULL && !ended)
		send_command(words, command);
	ended |= command != NULL;
	go_on();
}

static void
disconnected(const redisAsyncContext *ac, int status)
{
	server = NULL;
	if (status == REDIS_OK || (ended && waiting == 0 && !endless))
		return;
	if (endless)
		demo_fail("%s: %s", where, ac->errstr);
	demo_warn("%s: %s, trying again", where, ac->errstr);
	give_up = reactor_now(loop) + seconds * REACTOR_SECOND;
	try_later(ac->errstr);
}

static redisAsyncContext *
open_connection(void)
{
	const char *colon = strrchr(where, ':');
	char host[256];

	if (strchr(where, '/') != NULL)
		return redisAsyncConnectUnix(where);
	snprintf(host, sizeof(host), "%.*s", (int)strcspn(where, ":"), where);
	return redisAsyncConnect(host, colon != NULL ? atoi(colon + 1) : 6379);
}

static void
try_now(struct reactor *r, struct reactor_timer *timer)
{
	redisAsyncContext *ac = open_connection();
	char why[128];

	(void)timer;
	if (ac == NULL)
		demo_fail("no memory");
	if (ac->err != 0 || reactor_hiredis_attach(r, ac) == -1) {
		snprintf(why, sizeof(why), "%s",
		    ac->err != 0 ? ac->errstr : strerror(errno));
		redisAsyncFree(ac);
		try_later(why);
		return;
	}
	if (reactor_hiredis_timeout(ac, seconds * REACTOR_SECOND) == -1)
		demo_fail("%s", strerror(errno));
	redisAsyncSetConnectCallback(ac, connected);
	redisAsyncSetDisconnectCallback(ac, disconnected);
}

/* ---- The program --------------------------------------------------------- */

static const struct demo_option options[] = {
	{ .name = "socket",
	    .value = "WHERE",
	    .help = "a path, or HOST[:PORT] (127.0.0.1:6379)",
	    .text = &where },
	{ .name = "timeout",
	    .value = "SECONDS",
	    .help = "to wait for an answer, or a new connection (60)",
	    .number = &seconds,
	    .least = 1,
	    .most = 1000000 },
	{ .name = "backend",
	    .value = "NAME",
	    .help = "of the loop: epoll, kqueue, poll, select",
	    .text = &backend },
	{ .name = NULL },
};

int
main(int argc, char **argv)
{
	struct reactor_options with = { 0 };
	int n = 1;

	while (n < argc && argv[n][0] == '-')
		n++;
	demo_options(n, argv,
	    "Runs the Redis COMMAND after the options, or those in the lines "
	    "of\nstandard input.",
	    options);
	if (n < argc) {
		command = argv + n;
		words = argc - n;
	}
	with.backend = backend;
	if ((loop = reactor_open(&with)) == NULL)
		demo_fail("%s", reactor_error());
	input.event.name = "standard input";
	input.callback = input_ready;
	input.wanted = REACTOR_READ;
	retry.callback = try_now;
	flush.callback = flush_now;
	if (reactor_timer_start(loop, &retry, 0) == -1 ||
	    reactor_prepare_start(loop, &flush) == -1 ||
	    reactor_run(loop) == -1)
		demo_fail("%s", strerror(errno));
	demo_write_end(stdout, "standard output");
	reactor_close(loop);
	free(text);
	return failed;
}
