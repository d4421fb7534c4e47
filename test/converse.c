/*
 * SPDX-License-Identifier: ISC
 *
 * converse.c: a tool of the tests: a long conversation that goes on after each
 * disaster where it was, and of which every byte is checked.
 *
 *   converse BYTES				serves, and prints the address
 *   converse BYTES HOST PORT ID		converses; prints the connections
 *
 * Both sides have so many bytes to say, which each can compute.  A connection
 * begins with a line from each, "ID N": N bytes have come so far.  Then each
 * goes on from where the other one is.  The client half-closes when it has said
 * all, the server when it has heard all too: so if the end is seen in peace there
 * is nothing left.  The server is made of callbacks, the client of tasks.
 */
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <coro/task.h>

#define TALKS 256 /* ids */
#define CHUNK 5000

static uint64_t total;

/* What side `who` of conversation `id` says at that place. */
static unsigned char
word(unsigned id, unsigned who, uint64_t place)
{
	uint64_t x = (place / 8 + 1) * 0x9e3779b97f4a7c15u +
	    ((uint64_t)id * 2 + who) * 0xbf58476d1ce4e5b9u;

	x = (x ^ (x >> 31)) * 0x94d049bb133111ebu;
	x ^= x >> 29;
	return (unsigned char)(x >> (place % 8 * 8));
}

static size_t
say(unsigned id, unsigned who, uint64_t place, char *bytes)
{
	size_t i, n = CHUNK;

	if (n > total - place)
		n = (size_t)(total - place);
	for (i = 0; i < n; i++)
		bytes[i] = (char)word(id, who, place + i);
	return n;
}

/* All as it should be, or the end. */
static void
hear(unsigned id, unsigned who, uint64_t *place, const char *bytes, size_t size)
{
	size_t i;

	if (size > total - *place)
		errx(1, "%u: more than was to be said", id);
	for (i = 0; i < size; i++)
		if ((unsigned char)bytes[i] != word(id, who, *place + i))
			errx(1, "%u: wrong at %llu", id,
			    (unsigned long long)(*place + i));
	*place += size;
}

/* ---- The server: callbacks ----------------------------------------------- */

struct guest {
	struct reactor_stream stream;
	uint64_t said;
	unsigned id;
	int greeted, shut;
};

static uint64_t heard[TALKS];
static struct guest *present[TALKS];

static void
leave(struct guest *g)
{
	if (g->greeted && present[g->id] == g)
		present[g->id] = NULL;
	reactor_stream_close(&g->stream);
	free(g);
}

/* 0: go on; 1: not yet; -1: that is no greeting. */
static int
greet(struct guest *g)
{
	unsigned long long place;
	intptr_t length = reactor_stream_until(&g->stream, "\n", 1, 64);
	char line[96];
	size_t size;
	int n;

	if (length <= 0)
		return length == 0 ? 1 : -1;
	(void)snprintf(line, sizeof(line), "%.*s", (int)length,
	    reactor_stream_input(&g->stream, &size));
	if (sscanf(line, "%u %llu", &g->id, &place) != 2 || g->id >= TALKS ||
	    place > total)
		return -1;
	reactor_stream_consume(&g->stream, (size_t)length);
	if (present[g->id] != NULL)
		leave(present[g->id]); /* he does not know yet */
	present[g->id] = g;
	g->greeted = 1;
	g->said = place;
	n = snprintf(line, sizeof(line), "%u %llu\n", g->id,
	    (unsigned long long)heard[g->id]);
	return reactor_stream_write(&g->stream, line, (size_t)n);
}

static int
speak(struct guest *g)
{
	char bytes[CHUNK];
	int full = 0;
	size_t n;

	while (full == 0 && (n = say(g->id, 1, g->said, bytes)) > 0) {
		full = reactor_stream_write(&g->stream, bytes, n);
		if (full != -1)
			g->said += n;
	}
	if (full == 0 && !g->shut && heard[g->id] == total) {
		g->shut = 1;
		return reactor_stream_shutdown(&g->stream);
	}
	return full == -1 ? -1 : 0;
}

static void
event(struct reactor *r, struct reactor_stream *s, unsigned what)
{
	struct guest *g = REACTOR_OWNER(s, struct guest, stream);
	int state = g->greeted ? 0 : greet(g);
	const char *bytes;
	size_t size;

	(void)r;
	if (state == 0) {
		bytes = reactor_stream_input(s, &size);
		hear(g->id, 0, &heard[g->id], bytes, size);
		reactor_stream_consume(s, size);
		if ((what & REACTOR_STREAM_ERROR) == 0)
			state = speak(g);
	}
	if (state == 0 && g->shut && (what & REACTOR_STREAM_ERROR) == 0)
		state = reactor_stream_flush(s);
	if (state == -1 ||
	    (what & (REACTOR_STREAM_ERROR | REACTOR_STREAM_FLUSHED)) ||
	    ((what & REACTOR_STREAM_END) && !g->shut && heard[g->id] < total))
		leave(g);
}

static void
come(struct reactor *r, struct reactor_listener *l, int fd,
    const struct reactor_address *peer)
{
	struct guest *g = calloc(1, sizeof(*g));

	(void)l;
	(void)peer;
	if (g == NULL)
		err(1, "calloc");
	g->stream.callback = event;
	g->stream.fd = fd;
	g->stream.high = 20000;
	if (reactor_stream_start(r, &g->stream) == -1)
		err(1, "reactor_stream_start");
}

static int
serve(void)
{
	struct reactor_listener listener = { .callback = come };
	struct reactor *r = reactor_open(NULL);
	char text[REACTOR_ADDRESS_TEXT];
	struct reactor_address address;
	int fd;

	if (r == NULL || reactor_listen("127.0.0.1:0", NULL, &fd, 1) != 1 ||
	    reactor_address_local(&address, fd) == -1)
		err(1, "reactor_listen");
	printf("listening at %s\n",
	    reactor_address_text(&address, text, sizeof(text)));
	(void)fflush(stdout);
	listener.fd = fd;
	if (reactor_listener_start(r, &listener) == -1)
		err(1, "reactor_listener_start");
	return reactor_run(r) == -1;
}

/* ---- The client: tasks --------------------------------------------------- */

struct talk {
	struct task_stream stream;
	uint64_t heard, said, known; /* by the server, of what we say */
	unsigned id;
};

static intptr_t
speaker(void *argument)
{
	struct talk *t = argument;
	char bytes[CHUNK];
	size_t n;

	while ((n = say(t->id, 0, t->said, bytes)) > 0) {
		if (task_stream_write(&t->stream, bytes, n) == -1)
			return -1;
		t->said += n;
	}
	return task_stream_shutdown(&t->stream);
}

static intptr_t
listener(void *argument)
{
	struct talk *t = argument;
	char bytes[CHUNK];
	intptr_t n;

	while ((n = task_stream_read(&t->stream, bytes, sizeof(bytes))) > 0)
		hear(t->id, 1, &t->heard, bytes, (size_t)n);
	return n;
}

static int
greeted(struct talk *t)
{
	unsigned long long place;
	char line[64], *answer;
	size_t length;
	unsigned id;
	int n = snprintf(line, sizeof(line), "%u %llu\n", t->id,
	    (unsigned long long)t->heard);

	if (task_stream_write(&t->stream, line, (size_t)n) == -1 ||
	    task_stream_read_line(&t->stream, &answer, &length) != 1 ||
	    sscanf(answer, "%u %llu", &id, &place) != 2 || id != t->id)
		return -1;
	t->said = t->known = place;
	return 0;
}

static void
converse_once(struct talk *t)
{
	struct task_call calls[] = { { .function = speaker, .argument = t },
		{ .function = listener, .argument = t } };

	if (greeted(t) == 0)
		(void)task_gather(calls, 2, TASK_FAIL_FAST);
}

static const char *host, *port;

static intptr_t
converse(void *argument)
{
	struct talk t = { .id = *(unsigned *)argument };
	unsigned connections = 0;
	int fd;

	while (t.heard < total || t.known < total) {
		if (++connections > 100000)
			errx(1, "%u: no progress", t.id);
		fd =
		    task_dial(host, port, REACTOR_NODELAY, 10 * REACTOR_SECOND);
		if (fd == -1)
			continue;
		memset(&t.stream, 0, sizeof(t.stream));
		if (task_stream_open(&t.stream, fd) == -1)
			err(1, "task_stream_open");
		converse_once(&t);
		task_stream_abort(&t.stream);
	}
	printf("%u connections\n", connections);
	return 0;
}

int
main(int argc, char **argv)
{
	unsigned id;

	(void)signal(SIGPIPE, SIG_DFL); /* the library never raises it */
	(void)alarm(300);
	if (argc != 2 && argc != 5)
		errx(2, "usage: converse BYTES [HOST PORT ID]");
	total = strtoull(argv[1], NULL, 10);
	if (argc == 2)
		return serve();
	host = argv[2];
	port = argv[3];
	id = (unsigned)strtoul(argv[4], NULL, 10) % TALKS;
	return task_run(converse, &id, NULL) != 0;
}
