/*
 * SPDX-License-Identifier: ISC
 *
 * adapter_cares.c: c-ares on the loop, with a name server of the test's own in
 * another thread, which can be silent at first, or for ever, or terse.
 */
#include <arpa/inet.h>
#include <ares.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include "reactor/adapters/cares.h"
#include "test/loop.h"

#define SERVERS 16
#define MANY    200 /* what the buffer of a socket holds */

/* ---- The name server ----------------------------------------------------- */

static struct {
	int udp[SERVERS]; /* at 127.0.0.1, 127.0.0.2 and so on */
	int tcp, end[2];
	int port;
	_Atomic int used[SERVERS], by_tcp;
	pthread_t thread;
} ns;

/* "a7.test" from what stands at byte 12 of a query; returns where it ends. */
static size_t
ns_name(const unsigned char *query, size_t length, char *name)
{
	size_t at = 12, n;

	for (*name = '\0'; at < length && query[at] != 0; at += n + 1) {
		n = query[at];
		strncat(name, (const char *)query + at + 1, n);
		strcat(name, ".");
	}
	return at + 5;
}

/*
 * Makes the answer of the query; returns its length, or 0 for none.  The name
 * says what it is to be: aN.test has the address 10.0.0.N.
 */
static size_t
ns_answer(unsigned char *m, size_t length, int stream)
{
	static const unsigned char head[] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60,
		0, 4, 10, 0 };
	static int asked;
	char name[300];
	size_t end = ns_name(m, length, name);
	int number = atoi(name + 1);

	if (strncmp(name, "never", 5) == 0 ||
	    (strncmp(name, "second", 6) == 0 && asked++ % 2 == 0))
		return 0;
	memset(m + 6, 0, 6);
	m[2] = 0x85;
	m[3] = 0x80;
	if (strncmp(name, "terse", 5) == 0 && !stream) {
		m[2] |= 2; /* ask by TCP */
		return end;
	}
	if (strncmp(name, "nobody", 6) == 0) {
		m[3] |= 3;
		return end;
	}
	m[7] = 1;
	memcpy(m + end, head, sizeof(head));
	end += sizeof(head);
	m[end++] = (unsigned char)(number >> 8);
	m[end++] = (unsigned char)number;
	return end;
}

static void
ns_datagram(int i)
{
	unsigned char m[1024];
	struct sockaddr_in from;
	socklen_t size = sizeof(from);
	ssize_t n =
	    recvfrom(ns.udp[i], m, 512, 0, (struct sockaddr *)&from, &size);

	ns.used[i]++;
	if (n > 12 && (n = (ssize_t)ns_answer(m, (size_t)n, 0)) > 0)
		(void)sendto(
		    ns.udp[i], m, (size_t)n, 0, (struct sockaddr *)&from, size);
}

static void
ns_stream(void)
{
	int fd = accept4(ns.tcp, NULL, NULL, SOCK_CLOEXEC);
	unsigned char m[1026];
	ssize_t n = 0;

	if (fd == -1)
		return;
	ns.by_tcp++;
	if (recv(fd, m, 2, MSG_WAITALL) == 2)
		n = recv(fd, m + 2, (size_t)(m[0] << 8 | m[1]), MSG_WAITALL);
	if (n > 12) {
		n = (ssize_t)ns_answer(m + 2, (size_t)n, 1);
		m[0] = (unsigned char)(n >> 8);
		m[1] = (unsigned char)n;
		(void)send(fd, m, 1, MSG_NOSIGNAL); /* in two pieces */
		loop_sleep(LOOP_MS);
		(void)send(fd, m + 1, (size_t)n + 1, MSG_NOSIGNAL);
	}
	close(fd);
}

static void *
ns_run(void *unused)
{
	struct pollfd p[SERVERS + 2];
	int i;

	for (i = 0; i < SERVERS; i++)
		p[i] = (struct pollfd){ ns.udp[i], POLLIN, 0 };
	p[i++] = (struct pollfd){ ns.tcp, POLLIN, 0 };
	p[i] = (struct pollfd){ ns.end[0], POLLIN, 0 };
	while (poll(p, SERVERS + 2, -1) > 0 && p[i].revents == 0) {
		for (i = 0; i < SERVERS; i++)
			if (p[i].revents != 0)
				ns_datagram(i);
		if (p[i++].revents != 0)
			ns_stream();
	}
	return unused;
}

static int
ns_bind(int type, int host)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)ns.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (unsigned)host) };
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	CHECK_INT(bind(fd, (struct sockaddr *)&address, length), 0);
	CHECK_INT(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	ns.port = ntohs(address.sin_port);
	return fd;
}

static void
ns_open(void)
{
	int i;

	ns.tcp = ns_bind(SOCK_STREAM, 0);
	CHECK_INT(listen(ns.tcp, 10), 0);
	for (i = 0; i < SERVERS; i++)
		ns.udp[i] = ns_bind(SOCK_DGRAM, i);
	loop_pipe(ns.end);
	CHECK_INT(pthread_create(&ns.thread, NULL, ns_run, NULL), 0);
}

static void
ns_close(void)
{
	int i;

	loop_put(ns.end[1]);
	CHECK_INT(pthread_join(ns.thread, NULL), 0);
	for (i = 0; i < SERVERS; i++)
		close(ns.udp[i]);
	close(ns.tcp);
	loop_close(ns.end);
}

/* ---- The client ---------------------------------------------------------- */

struct query {
	char name[32];
	int number; /* what is found, N of 10.0.0.N */
	int status;
	int calls;
	void (*then)(struct query *);
};

static struct reactor *loop;
static struct reactor_cares cares;
static int answered;

static void
found(void *data, int status, int timeouts, struct ares_addrinfo *list)
{
	struct query *q = data;
	const struct sockaddr_in *address;

	(void)timeouts;
	answered++;
	q->calls++;
	q->status = status;
	if (status == ARES_SUCCESS) {
		CHECK(list->nodes != NULL);
		address = (struct sockaddr_in *)list->nodes->ai_addr;
		q->number = (int)(ntohl(address->sin_addr.s_addr) & 0xffff);
		ares_freeaddrinfo(list);
	}
	if (q->then != NULL)
		q->then(q);
}

static void
look_up(struct reactor_cares *c, struct query *q)
{
	struct ares_addrinfo_hints hints = { .ai_family = AF_INET };

	ares_getaddrinfo(c->channel, q->name, NULL, &hints, found, q);
}

static void
ask(struct query *q, const char *name)
{
	memset(q, 0, sizeof(*q));
	snprintf(q->name, sizeof(q->name), "%s", name);
	q->status = -1;
	look_up(&cares, q);
}

/* So many servers are asked in turn. */
static void
open_channel(struct reactor_cares *c, int servers, int flags, int timeout)
{
	char list[SERVERS * 24] = "", lookups[] = "fb";
	struct ares_options options = { .timeout = timeout,
		.tries = 3,
		.ndomains = 0,
		.flags = flags,
		.lookups = lookups };
	int i;

	CHECK_INT(reactor_cares_start(loop, c, &options,
		      ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_FLAGS |
			  ARES_OPT_DOMAINS | ARES_OPT_LOOKUPS |
			  (servers > 1 ? ARES_OPT_ROTATE : 0)),
	    0);
	for (i = 1; i <= servers; i++)
		sprintf(list + strlen(list), "%s127.0.0.%d:%d",
		    i > 1 ? "," : "", i, ns.port);
	CHECK_INT(ares_set_servers_ports_csv(c->channel, list), ARES_SUCCESS);
}

static void
begin(int timeout)
{
	ns_open();
	loop = loop_open();
	open_channel(&cares, 1, 0, timeout);
}

static void
end(void)
{
	reactor_cares_stop(loop, &cares);
	reactor_cares_stop(loop, &cares);
	CHECK_INT(reactor_run(loop), 0);
	CHECK_INT(reactor_close(loop), 0);
	ns_close();
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

/* ---- Answers ------------------------------------------------------------- */

static void
one(void)
{
	struct query q;

	begin(5000);
	ask(&q, "a7.test");
	CHECK_INT(q.calls, 0);
	run();
	CHECK_INT(q.calls, 1);
	CHECK_INT(q.status, ARES_SUCCESS);
	CHECK_INT(q.number, 7);
	ask(&q, "nobody.test");
	run();
	CHECK_INT(q.status, ARES_ENOTFOUND);
	end();
}

/* What is in the file of hosts is found at once. */
static void
hosts(void)
{
	struct query q;

	begin(5000);
	ask(&q, "localhost");
	run();
	CHECK_INT(q.calls, 1);
	CHECK_INT(q.status, ARES_SUCCESS);
	CHECK_INT(q.number, 1);
	CHECK_INT(ns.used[0], 0);
	end();
}

static void
many(void)
{
	static struct query q[MANY];
	char name[32];
	int i;

	begin(5000);
	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "a%d.test", i);
		ask(&q[i], name);
	}
	run();
	CHECK_INT(answered, MANY);
	for (i = 0; i < MANY; i++) {
		CHECK_INT(q[i].status, ARES_SUCCESS);
		CHECK_INT(q[i].number, i);
	}
	end();
}

/* A socket for each of the servers. */
static void
many_servers(void)
{
	struct query q[2 * SERVERS];
	int i;

	begin(5000);
	reactor_cares_stop(loop, &cares);
	open_channel(&cares, SERVERS, 0, 5000);
	for (i = 0; i < 2 * SERVERS; i++)
		ask(&q[i], "a5.test");
	run();
	for (i = 0; i < 2 * SERVERS; i++)
		CHECK_INT(q[i].number, 5);
	for (i = 0; i < SERVERS; i++)
		CHECK_INT(ns.used[i], 2);
	end();
}

/* The answer does not fit into a datagram, it says. */
static void
by_stream(void)
{
	struct query q[3];

	begin(5000);
	ask(&q[0], "terse.test");
	ask(&q[1], "a3.test");
	ask(&q[2], "terse9.test");
	run();
	CHECK_INT(answered, 3);
	CHECK_INT(q[0].status, ARES_SUCCESS);
	CHECK_INT(q[1].number, 3);
	CHECK_INT(q[2].status, ARES_SUCCESS);
	CHECK(ns.by_tcp >= 1);
	end();
}

static void
once_more(struct query *q)
{
	CHECK_INT(q->status, ARES_SUCCESS);
	if (q->calls < 200)
		look_up(&cares, q);
}

/* After the last answer c-ares closes its socket: the next has its number. */
static void
reused(void)
{
	struct query q;
	int i;

	begin(5000);
	ask(&q, "a1.test");
	q.then = once_more;
	run();
	CHECK_INT(q.calls, 200);
	for (i = 0; i < 100; i++) {
		ask(&q, "a2.test");
		run();
		CHECK_INT(q.number, 2);
	}
	end();
}

static void
several(void)
{
	struct reactor_cares channels[5];
	struct query q[50] = { { .calls = 0 } };
	int i;

	begin(5000);
	for (i = 0; i < 5; i++)
		open_channel(&channels[i], 1 + i, 0, 5000);
	for (i = 0; i < 50; i++) {
		snprintf(q[i].name, sizeof(q[i].name), "a%d.test", i);
		look_up(&channels[i % 5], &q[i]);
	}
	run();
	for (i = 0; i < 50; i++) {
		CHECK_INT(q[i].status, ARES_SUCCESS);
		CHECK_INT(q[i].number, i);
	}
	for (i = 0; i < 5; i++)
		reactor_cares_stop(loop, &channels[i]);
	end();
}

/* ---- Time ---------------------------------------------------------------- */

static void
late(void)
{
	struct query q;
	int64_t began = test_clock();

	begin(50);
	ask(&q, "never.test");
	run();
	CHECK_INT(q.calls, 1);
	CHECK_INT(q.status, ARES_ETIMEOUT);
	CHECK(test_clock() - began >= 150 * LOOP_MS);
	CHECK_INT(ns.used[0], 3);
	CHECK(turns() < 30);
	end();
}

/* The first datagram is lost. */
static void
asked_twice(void)
{
	struct query q;

	begin(50);
	ask(&q, "second.test");
	run();
	CHECK_INT(q.status, ARES_SUCCESS);
	CHECK(ns.used[0] >= 2);
	end();
}

static void
wait_for(const struct query *q)
{
	while (q->calls == 0)
		CHECK(reactor_run_once(loop, -1) >= 0);
}

/* With a socket that stays open, c-ares tells nobody of a new look-up. */
static void
stays_open(void)
{
	struct query q;

	begin(50);
	reactor_cares_stop(loop, &cares);
	open_channel(&cares, 1, ARES_FLAG_STAYOPEN, 50);
	ask(&q, "a1.test");
	wait_for(&q);
	CHECK_INT(q.status, ARES_SUCCESS);
	CHECK(reactor_run_once(loop, 0) >= 0);
	ask(&q, "never.test");
	wait_for(&q);
	CHECK_INT(q.status, ARES_ETIMEOUT);
	ask(&q, "a2.test");
	wait_for(&q);
	CHECK_INT(q.number, 2);
	end();
}

/* Nobody is there. */
static void
refused(void)
{
	struct query q;
	int port;

	begin(1000);
	port = ns.port;
	ns.port = 1;
	reactor_cares_stop(loop, &cares);
	open_channel(&cares, 1, 0, 1000);
	ns.port = port;
	ask(&q, "a1.test");
	run();
	CHECK_INT(q.calls, 1);
	CHECK(q.status == ARES_ECONNREFUSED || q.status == ARES_ETIMEOUT);
	CHECK(turns() < 30);
	end();
}

static void
quiet(void)
{
	struct query q;

	begin(150);
	ask(&q, "second.test");
	run();
	CHECK_INT(q.status, ARES_SUCCESS);
	CHECK(turns() < 20);
	end();
}

/* ---- Stopped ------------------------------------------------------------- */

static struct reactor_cares *heap;

static void
stops(struct query *q)
{
	if (q->status == ARES_EDESTRUCTION)
		return;
	CHECK_INT(q->status, ARES_SUCCESS);
	reactor_cares_stop(loop, heap);
	free(heap);
}

/* The others hear of it, and their memory may go after the run. */
static void
stopped_in_callback(void)
{
	struct query q[4];
	int i, round;

	begin(5000);
	for (round = 0; round < 20; round++) {
		heap = malloc(sizeof(*heap));
		CHECK(heap != NULL);
		open_channel(heap, 1 + round % 3, 0, 5000);
		memset(q, 0, sizeof(q));
		for (i = 0; i < 4; i++) {
			strcpy(q[i].name,
			    i == round % 4 ? "a4.test" : "never.test");
			q[i].then = stops;
			look_up(heap, &q[i]);
		}
		run();
		for (i = 0; i < 4; i++) {
			CHECK_INT(q[i].calls, 1);
			CHECK_INT(q[i].status,
			    i == round % 4 ? ARES_SUCCESS : ARES_EDESTRUCTION);
		}
	}
	end();
}

static void
stop_now(struct reactor *r, struct reactor_timer *timer)
{
	(void)timer;
	reactor_cares_stop(r, &cares);
	CHECK_INT(answered, 3);
}

static void
stopped(void)
{
	struct reactor_timer timer = { .callback = stop_now };
	struct query q[3];
	int i;

	begin(5000);
	for (i = 0; i < 3; i++)
		ask(&q[i], "never.test");
	CHECK_INT(reactor_timer_start(loop, &timer, 10 * LOOP_MS), 0);
	run();
	for (i = 0; i < 3; i++)
		CHECK_INT(q[i].status, ARES_EDESTRUCTION);
	end();
}

static void
cancel_now(struct reactor *r, struct reactor_timer *timer)
{
	(void)r;
	(void)timer;
	ares_cancel(cares.channel);
}

static void
cancelled(void)
{
	struct reactor_timer timer = { .callback = cancel_now };
	struct query q[3];
	int i;

	begin(5000);
	for (i = 0; i < 3; i++)
		ask(&q[i], "never.test");
	CHECK_INT(reactor_timer_start(loop, &timer, 10 * LOOP_MS), 0);
	run();
	for (i = 0; i < 3; i++)
		CHECK_INT(q[i].status, ARES_ECANCELLED);
	ask(&q[0], "a1.test");
	run();
	CHECK_INT(q[0].number, 1);
	end();
}

static void
closed(void)
{
	struct query q[2];

	begin(5000);
	ask(&q[0], "never.test");
	CHECK(reactor_run_once(loop, 5 * LOOP_MS) >= 0);
	ask(&q[1], "a1.test");
	CHECK_INT(reactor_close(loop), 0);
	reactor_cares_stop(loop, &cares);
	CHECK_INT(q[0].status, ARES_EDESTRUCTION);
	CHECK_INT(q[1].status, ARES_EDESTRUCTION);
	ns_close();
}

static const struct test tests[] = {
	TEST("a name, and one that nobody has", one),
	TEST("a name of the file of hosts", hosts),
	TEST("200 names at once", many),
	TEST("16 servers", many_servers),
	TEST("by TCP, when an answer is cut short", by_stream),
	TEST("again and again, with a new socket", reused),
	TEST("several channels on one loop", several),
	TEST("no answer", late),
	TEST("an answer to the second try", asked_twice),
	TEST("a socket that stays open", stays_open),
	TEST("no name server", refused),
	TEST("waiting does not turn the loop", quiet),
	TEST("stopped, and freed, in the callback", stopped_in_callback),
	TEST("stopped", stopped),
	TEST("cancelled", cancelled),
	TEST("the loop is closed first", closed),
};

TEST_MAIN(tests)
