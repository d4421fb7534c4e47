/*
 * SPDX-License-Identifier: ISC
 *
 * adapter_curl.c: libcurl on the loop, with a server of the test's own in
 * another thread, which can be slow, silent and rude; and with nginx.
 */
#include <pthread.h>
#include <sys/socket.h>
#include "reactor/adapters/curl.h"
#include "test/loop.h"
#include "test/server.h"

#define LARGE ((size_t)8 << 20)

/* ---- The server in a thread ---------------------------------------------- */

static struct {
	struct reactor *loop;
	struct reactor_io io;
	struct guest *guests;
	pthread_t thread;
	int port, served;
} site;

/* A connection: what it was asked, and how much of the answer is to be sent. */
struct guest {
	struct reactor_io io;
	struct reactor_timer pause;
	struct guest *next, **place;
	char request[4096], head[128];
	size_t length, body, to_skip, sent, size;
	int rude; /* ends after what it sends: 'c'loses or 'r'esets */
};

static void
guest_end(struct reactor *r, struct guest *g)
{
	reactor_io_stop(r, &g->io);
	reactor_timer_stop(r, &g->pause);
	close(g->io.fd);
	if ((*g->place = g->next) != NULL)
		g->next->place = g->place;
	free(g);
}

static void
guest_want(struct reactor *r, struct guest *g, unsigned wanted)
{
	g->io.wanted = (unsigned char)wanted;
	if (reactor_io_start(r, &g->io) == -1)
		guest_end(r, g);
}

static void
guest_reset(struct guest *g)
{
	struct linger linger = { 1, 0 };

	setsockopt(g->io.fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

/* The head, and then as many letters as the body is long. */
static void
guest_send(struct reactor *r, struct guest *g)
{
	static char letters[65536];
	size_t head = strlen(g->head), left = head + g->size - g->sent;
	const char *from = letters;
	int flags = MSG_NOSIGNAL;
	ssize_t n;

	if (letters[0] == 0)
		memset(letters, 'x', sizeof(letters));
	if (g->sent < head) {
		from = g->head + g->sent;
		left = head - g->sent;
		flags |= g->size > 0 ? MSG_MORE : 0;
	}
	if (left > sizeof(letters))
		left = sizeof(letters);
	n = send(g->io.fd, from, left, flags);
	if (n == -1 && errno == EAGAIN)
		return;
	if (n > 0)
		g->sent += (size_t)n;
	if (n <= 0 || (g->sent == head + g->size && g->rude)) {
		if (g->rude == 'r')
			guest_reset(g);
		guest_end(r, g);
	} else if (g->sent == head + g->size) {
		site.served++;
		g->sent = g->length = 0;
		guest_want(r, g, REACTOR_READ);
	}
}

static void
guest_paused(struct reactor *r, struct reactor_timer *pause)
{
	guest_want(r, REACTOR_OWNER(pause, struct guest, pause), REACTOR_WRITE);
}

/* The path says what is to be done: /size/N, /slow/MS, /never and the like. */
static void
guest_answer(struct reactor *r, struct guest *g)
{
	char what[16] = "";
	long number = 0;

	sscanf(g->request, "%*s /%15[a-z]/%ld", what, &number);
	g->rude = 0;
	g->size = strcmp(what, "size") == 0 ? (size_t)number : 2;
	snprintf(g->head, sizeof(g->head),
	    "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", g->size);
	if (strcmp(what, "early") == 0) {
		g->rude = 'c';
		g->size = 1;
	} else if (strcmp(what, "reset") == 0) {
		g->rude = 'r';
		g->size = 1;
	}
	reactor_io_stop(r, &g->io);
	if (strcmp(what, "never") == 0)
		reactor_timer_start(r, &g->pause, 3600 * REACTOR_SECOND);
	else if (strcmp(what, "slow") == 0)
		reactor_timer_start(r, &g->pause, number * LOOP_MS);
	else
		guest_want(r, g, REACTOR_WRITE);
}

/* What is in the body of a request does not matter. */
static void
guest_skip(struct reactor *r, struct guest *g)
{
	static char body[65536];
	ssize_t n = recv(g->io.fd, body, sizeof(body), 0);

	if (n <= 0) {
		guest_end(r, g);
		return;
	}
	g->to_skip -= (size_t)n;
	if (g->to_skip == 0)
		guest_answer(r, g);
}

static void
guest_receive(struct reactor *r, struct guest *g)
{
	char *end, *length;
	ssize_t n;

	n = recv(g->io.fd, g->request + g->length,
	    sizeof(g->request) - 1 - g->length, 0);
	if (n <= 0) {
		guest_end(r, g);
		return;
	}
	g->length += (size_t)n;
	g->request[g->length] = '\0';
	if ((end = strstr(g->request, "\r\n\r\n")) == NULL)
		return;
	if ((length = strstr(g->request, "Content-Length: ")) != NULL)
		g->to_skip = (size_t)atol(length + 16) -
		    (size_t)(g->request + g->length - (end + 4));
	if (g->to_skip == 0)
		guest_answer(r, g);
}

static void
guest_ready(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	struct guest *g = REACTOR_OWNER(io, struct guest, io);

	if (ready & REACTOR_WRITE)
		guest_send(r, g);
	else if (g->to_skip > 0)
		guest_skip(r, g);
	else
		guest_receive(r, g);
}

static void
site_accept(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	int fd = accept4(io->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct guest *g;

	(void)ready;
	if (fd == -1)
		return;
	g = calloc(1, sizeof(*g));
	CHECK(g != NULL);
	g->io.fd = fd;
	g->io.callback = guest_ready;
	g->pause.callback = guest_paused;
	if ((g->next = site.guests) != NULL)
		g->next->place = &g->next;
	g->place = &site.guests;
	site.guests = g;
	guest_want(r, g, REACTOR_READ);
}

static void *
site_run(void *unused)
{
	(void)unused;
	CHECK_INT(reactor_run(site.loop), 0);
	while (site.guests != NULL)
		guest_end(site.loop, site.guests);
	return NULL;
}

/* At most `room` wait to be accepted; `open`: and are. */
static void
site_open(int room, int open)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);

	site.io.fd =
	    socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	CHECK_INT(bind(site.io.fd, (struct sockaddr *)&address, length), 0);
	CHECK_INT(listen(site.io.fd, room), 0);
	CHECK_INT(
	    getsockname(site.io.fd, (struct sockaddr *)&address, &length), 0);
	site.port = ntohs(address.sin_port);
	site.io.callback = site_accept;
	site.io.wanted = REACTOR_READ;
	site.loop = loop_open();
	if (open)
		CHECK_INT(reactor_io_start(site.loop, &site.io), 0);
	CHECK_INT(pthread_create(&site.thread, NULL, site_run, NULL), 0);
}

static void
site_close(void)
{
	reactor_stop(site.loop);
	CHECK_INT(pthread_join(site.thread, NULL), 0);
	CHECK_INT(reactor_close(site.loop), 0);
	CHECK_INT(close(site.io.fd), 0);
}

/* ---- The client ---------------------------------------------------------- */

struct fetch {
	char url[80];
	size_t got;
	CURL *easy;
	int again; /* so many times more */
	CURLcode wanted;
};

static struct reactor *loop;
static struct reactor_curl curl;
static CURLM *multi;
static int finished, wrong;

static size_t
take(char *text, size_t one, size_t length, void *data)
{
	struct fetch *f = data;
	size_t i;

	for (i = 0; i < one * length; i++)
		CHECK(text[i] == 'x');
	f->got += one * length;
	return one * length;
}

static void
fetch(struct fetch *f, const char *path, CURLcode wanted)
{
	snprintf(
	    f->url, sizeof(f->url), "http://127.0.0.1:%d%s", site.port, path);
	f->wanted = wanted;
	f->got = 0;
	f->easy = curl_easy_init();
	CHECK(f->easy != NULL);
	curl_easy_setopt(f->easy, CURLOPT_URL, f->url);
	curl_easy_setopt(f->easy, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(f->easy, CURLOPT_WRITEDATA, f);
	curl_easy_setopt(f->easy, CURLOPT_PRIVATE, f);
	curl_easy_setopt(f->easy, CURLOPT_PROXY, "");
	CHECK_INT(curl_multi_add_handle(multi, f->easy), CURLM_OK);
}

static void
done(struct reactor *r, struct reactor_curl *c, CURL *easy, CURLcode result)
{
	struct fetch *f;

	CHECK(r == loop);
	CHECK(c == &curl);
	curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&f);
	CHECK(f->easy == easy);
	CHECK_STR(curl_easy_strerror(result), curl_easy_strerror(f->wanted));
	finished++;
	if (f->again-- > 0) {
		f->got = 0;
		CHECK_INT(curl_multi_add_handle(multi, easy), CURLM_OK);
	} else {
		curl_easy_cleanup(easy);
		f->easy = NULL;
	}
}

static void
begin(void)
{
	signal(SIGPIPE, SIG_IGN);
	CHECK_INT(curl_global_init(CURL_GLOBAL_ALL), 0);
	site_open(1000, 1);
	loop = loop_open();
	multi = curl_multi_init();
	curl.finished = done;
	CHECK_INT(reactor_curl_start(loop, &curl, multi), 0);
}

static void
end(void)
{
	reactor_curl_stop(loop, &curl);
	CHECK_INT(curl_multi_cleanup(multi), CURLM_OK);
	CHECK_INT(reactor_close(loop), 0);
	site_close();
	curl_global_cleanup();
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

/* ---- Transfers ----------------------------------------------------------- */

static void
one(void)
{
	struct fetch f = { .again = 0 };

	begin();
	fetch(&f, "/size/100000", CURLE_OK);
	run();
	CHECK_INT(finished, 1);
	CHECK_INT(f.got, 100000);
	fetch(&f, "/size/0", CURLE_OK);
	/* The loop does not wait for what is not late any more. */
	curl_easy_setopt(f.easy, CURLOPT_TIMEOUT, 600L);
	run();
	CHECK_INT(finished, 2);
	end();
}

/* libcurl asks a thread of its own, and waits for it at a descriptor. */
static void
by_name(void)
{
	struct fetch f = { .again = 0 };
	char url[64];

	begin();
	fetch(&f, "/size/10", CURLE_OK);
	snprintf(url, sizeof(url), "http://localhost:%d/size/10", site.port);
	curl_easy_setopt(f.easy, CURLOPT_URL, url);
	curl_easy_setopt(f.easy, CURLOPT_IPRESOLVE, CURL_IPRESOLVE_V4);
	run();
	CHECK_INT(finished, 1);
	CHECK_INT(f.got, 10);
	end();
}

static void
many(void)
{
	static struct fetch f[200];
	char path[32];
	size_t i;

	begin();
	for (i = 0; i < 200; i++) {
		snprintf(path, sizeof(path), "/size/%zu", i * 1000);
		fetch(&f[i], path, CURLE_OK);
	}
	run();
	CHECK_INT(finished, 200);
	for (i = 0; i < 200; i++)
		CHECK_INT(f[i].got, i * 1000);
	end();
}

static void
large(void)
{
	struct fetch f = { .again = 0 };

	begin();
	fetch(&f, "/size/67108864", CURLE_OK);
	run();
	CHECK_INT(f.got, 64 << 20);
	end();
}

static void
upload(void)
{
	struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
	struct fetch f = { .again = 0 };
	char *body = malloc(LARGE);

	CHECK(body != NULL);
	memset(body, 'y', LARGE);
	begin();
	fetch(&f, "/size/10", CURLE_OK);
	curl_easy_setopt(f.easy, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(f.easy, CURLOPT_POSTFIELDSIZE, (long)LARGE);
	curl_easy_setopt(f.easy, CURLOPT_HTTPHEADER, headers);
	run();
	CHECK_INT(finished, 1);
	CHECK_INT(f.got, 10);
	curl_slist_free_all(headers);
	free(body);
	end();
}

/* On one connection, which libcurl gives up and takes again each time. */
static void
in_turn(void)
{
	struct fetch f = { .again = 200 };

	begin();
	fetch(&f, "/size/10", CURLE_OK);
	run();
	CHECK_INT(finished, 201);
	end();
	CHECK_INT(site.served, 201);
}

/* Each connection is given the number of the last one. */
static void
reused(void)
{
	struct fetch f[2] = { { .again = 100 }, { .again = 100 } };
	int i;

	begin();
	for (i = 0; i < 2; i++) {
		fetch(&f[i], "/size/10", CURLE_OK);
		curl_easy_setopt(f[i].easy, CURLOPT_FORBID_REUSE, 1L);
		curl_easy_setopt(f[i].easy, CURLOPT_FRESH_CONNECT, 1L);
	}
	run();
	CHECK_INT(finished, 202);
	end();
}

static void
added_before(void)
{
	struct fetch f = { .again = 0 };

	begin();
	reactor_curl_stop(loop, &curl);
	fetch(&f, "/size/10", CURLE_OK);
	CHECK_INT(reactor_run_once(loop, 0), 0);
	CHECK_INT(reactor_curl_start(loop, &curl, multi), 0);
	run();
	CHECK_INT(finished, 1);
	CHECK_INT(f.got, 10);
	end();
}

static void
other_done(
    struct reactor *r, struct reactor_curl *c, CURL *easy, CURLcode result)
{
	CHECK(r == loop);
	CHECK_INT(result, CURLE_OK);
	++*(int *)c->data;
	curl_easy_cleanup(easy);
}

/* Several multi handles on one loop. */
static void
several(void)
{
	struct fetch f[40];
	int counts[4] = { 0 }, i;
	struct reactor_curl curls[4];
	CURLM *multis[4];

	begin();
	memset(curls, 0, sizeof(curls));
	reactor_curl_stop(loop, &curl);
	curl_multi_cleanup(multi);
	for (i = 0; i < 4; i++) {
		multis[i] = curl_multi_init();
		curls[i].finished = other_done;
		curls[i].data = &counts[i];
		CHECK_INT(reactor_curl_start(loop, &curls[i], multis[i]), 0);
	}
	for (i = 0; i < 40; i++) {
		multi = multis[i % 4];
		fetch(&f[i], "/size/70000", CURLE_OK);
	}
	run();
	for (i = 0; i < 4; i++) {
		CHECK_INT(counts[i], 10);
		reactor_curl_stop(loop, &curls[i]);
		curl_multi_cleanup(multis[i]);
	}
	for (i = 0; i < 40; i++)
		CHECK_INT(f[i].got, 70000);
	multi = curl_multi_init();
	CHECK_INT(reactor_curl_start(loop, &curl, multi), 0);
	end();
}

/* ---- Stopped ------------------------------------------------------------- */

struct heap {
	struct reactor_curl curl;
	struct fetch f[3];
};

/* The slow ones are still under way. */
static void
stops_all(
    struct reactor *r, struct reactor_curl *c, CURL *easy, CURLcode result)
{
	struct heap *h = (struct heap *)c;
	int i;

	CHECK_INT(result, CURLE_OK);
	finished++;
	curl_easy_cleanup(easy);
	reactor_curl_stop(r, c);
	for (i = 0; i < 3; i++)
		if (h->f[i].easy != easy) {
			curl_multi_remove_handle(c->multi, h->f[i].easy);
			curl_easy_cleanup(h->f[i].easy);
		}
	CHECK_INT(curl_multi_cleanup(c->multi), CURLM_OK);
	free(h);
}

static void
stopped_in_callback(void)
{
	static const char *const paths[][3] = {
		{ "/size/10", "/never", "/slow/20" },
		{ "/size/10", "/size/10", "/size/10" },
		{ "/slow/5", "/size/1000000", "/never" },
	};
	struct heap *h;
	CURLM *ours;
	int i, k;

	begin();
	ours = multi;
	for (i = 0; i < 30; i++) {
		h = calloc(1, sizeof(*h));
		CHECK(h != NULL);
		multi = curl_multi_init();
		h->curl.finished = stops_all;
		CHECK_INT(reactor_curl_start(loop, &h->curl, multi), 0);
		for (k = 0; k < 3; k++)
			fetch(&h->f[k], paths[i % 3][k], CURLE_OK);
		run();
		CHECK_INT(finished, i + 1);
	}
	multi = ours;
	end();
}

static struct fetch cancelled[2];

static void
cancel(struct reactor *r, struct reactor_timer *timer)
{
	int i;

	(void)r;
	(void)timer;
	for (i = 0; i < 2; i++) {
		CHECK_INT(curl_multi_remove_handle(multi, cancelled[i].easy),
		    CURLM_OK);
		curl_easy_cleanup(cancelled[i].easy);
	}
}

/* The others go on; nothing is heard of these. */
static void
cancellation(void)
{
	struct reactor_timer timer = { .callback = cancel };
	struct fetch f = { .again = 0 };
	int i;

	begin();
	for (i = 0; i < 20; i++) {
		fetch(&cancelled[0], "/never", CURLE_OK);
		fetch(&cancelled[1], "/size/500000000", CURLE_OK);
		fetch(&f, "/slow/10", CURLE_OK);
		CHECK_INT(
		    reactor_timer_start(loop, &timer, i * LOOP_MS / 3), 0);
		run();
		CHECK_INT(finished, i + 1);
		CHECK_INT(f.got, 2);
	}
	end();
}

static void
closed(void)
{
	struct fetch f[3];
	int i;

	begin();
	fetch(&f[0], "/never", CURLE_OK);
	fetch(&f[1], "/size/500000000", CURLE_OK);
	fetch(&f[2], "/slow/20", CURLE_OK);
	while (f[1].got == 0)
		CHECK(reactor_run_once(loop, -1) >= 0);
	CHECK_INT(reactor_close(loop), 0);
	reactor_curl_stop(loop, &curl);
	for (i = 0; i < 3; i++) {
		curl_multi_remove_handle(multi, f[i].easy);
		curl_easy_cleanup(f[i].easy);
	}
	CHECK_INT(curl_multi_cleanup(multi), CURLM_OK);
	site_close();
	curl_global_cleanup();
}

static void
refused_start(void)
{
	struct reactor_curl other = { .finished = done };

	begin();
	CHECK_INT(reactor_curl_start(loop, &other, NULL), -1);
	CHECK_INT(errno, EINVAL);
	run();
	end();
}

/* ---- Trouble ------------------------------------------------------------- */

static void
rude(void)
{
	struct fetch f[5];
	int i;

	memset(f, 0, sizeof(f));
	begin();
	fetch(&f[0], "/early", CURLE_PARTIAL_FILE);
	fetch(&f[1], "/reset", CURLE_RECV_ERROR);
	fetch(&f[2], "/size/10", CURLE_OK);
	i = site.port;
	site.port = server_port(); /* nobody there */
	fetch(&f[3], "/", CURLE_COULDNT_CONNECT);
	site.port = i;
	fetch(&f[4], "/never", CURLE_OPERATION_TIMEDOUT);
	curl_easy_setopt(f[4].easy, CURLOPT_TIMEOUT_MS, 50L);
	run();
	CHECK_INT(finished, 5);
	CHECK(turns() < 100);
	end();
}

/* There is no room for one more connection. */
static void
connect_late(void)
{
	struct fetch f[8];
	int i;

	memset(f, 0, sizeof(f));
	signal(SIGPIPE, SIG_IGN);
	curl_global_init(CURL_GLOBAL_ALL);
	site_open(0, 0);
	loop = loop_open();
	multi = curl_multi_init();
	curl.finished = done;
	CHECK_INT(reactor_curl_start(loop, &curl, multi), 0);
	for (i = 0; i < 8; i++) {
		fetch(&f[i], "/never", CURLE_OPERATION_TIMEDOUT);
		curl_easy_setopt(f[i].easy, CURLOPT_CONNECTTIMEOUT_MS, 60L);
		curl_easy_setopt(f[i].easy, CURLOPT_TIMEOUT_MS, 100L);
	}
	run();
	CHECK_INT(finished, 8);
	CHECK(turns() < 100);
	end();
}

/* While it waits for an answer, libcurl may look at the time, but not more. */
static void
quiet(void)
{
	struct fetch f = { .again = 0 };
	int64_t began = test_clock();

	begin();
	fetch(&f, "/slow/300", CURLE_OK);
	run();
	CHECK(test_clock() - began >= 300 * LOOP_MS);
	CHECK(turns() < 30);
	end();
}

/* ---- nginx --------------------------------------------------------------- */

static const char *const arguments[] = { "nginx", "-p", ".", "-c", "nginx.conf",
	"-e", "stderr", NULL };

static int
answers(struct server *s)
{
	return server_listens(*(int *)s->data);
}

static int nginx_port;
static struct server nginx = {
	.arguments = arguments, .answers = answers, .data = &nginx_port
};

static const char configuration[] =
    "daemon off; master_process off; pid nginx.pid; error_log stderr;\n"
    "events { worker_connections 500; }\n"
    "http { access_log off; root .; client_body_temp_path t;\n"
    "proxy_temp_path t; fastcgi_temp_path t; uwsgi_temp_path t;\n"
    "scgi_temp_path t; server { listen 127.0.0.1:%d; } }\n";

static void
nginx_open(void)
{
	char name[64];
	FILE *file;

	server_open(&nginx);
	nginx_port = server_port();
	snprintf(name, sizeof(name), "%s/nginx.conf", nginx.directory);
	file = fopen(name, "w");
	CHECK(file != NULL);
	fprintf(file, configuration, nginx_port);
	CHECK_INT(fclose(file), 0);
	snprintf(name, sizeof(name), "%s/large", nginx.directory);
	file = fopen(name, "w");
	CHECK(file != NULL);
	while (ftell(file) < (long)LARGE)
		fputs("xxxxxxxxxxxxxxxx", file);
	CHECK_INT(fclose(file), 0);
	server_start(&nginx);
}

static void
from_nginx(void)
{
	struct fetch f[20];
	int i, port;

	nginx_open();
	begin();
	port = site.port;
	site.port = nginx_port;
	for (i = 0; i < 20; i++) {
		f[i].again = i % 2;
		fetch(&f[i], "/large", CURLE_OK);
	}
	run();
	CHECK_INT(finished, 30);
	for (i = 0; i < 20; i++)
		CHECK_INT(f[i].got, LARGE);
	site.port = port;
	end();
	server_close(&nginx);
}

static void
lost(struct reactor *r, struct reactor_curl *c, CURL *easy, CURLcode result)
{
	(void)r;
	(void)c;
	if (result != CURLE_OK)
		wrong++;
	finished++;
	curl_easy_cleanup(easy);
}

static void
killed(void)
{
	struct fetch f[10];
	int i;

	memset(f, 0, sizeof(f));
	nginx_open();
	begin();
	curl.finished = lost;
	site.port = nginx_port;
	for (i = 0; i < 10; i++)
		fetch(&f[i], "/large", CURLE_OK);
	while (f[0].got == 0)
		CHECK(reactor_run_once(loop, -1) >= 0);
	server_kill(&nginx, SIGKILL);
	run();
	CHECK_INT(finished, 10);
	CHECK(wrong >= 5);
	fetch(&f[0], "/large", CURLE_OK);
	run();
	CHECK_INT(finished, 11);
	CHECK_INT(f[0].got, 0);
	server_start(&nginx);
	curl.finished = done;
	for (i = 0; i < 10; i++)
		fetch(&f[i], "/large", CURLE_OK);
	run();
	CHECK_INT(finished, 21);
	for (i = 0; i < 10; i++)
		CHECK_INT(f[i].got, LARGE);
	end();
	server_close(&nginx);
}

static const struct test tests[] = {
	TEST("a transfer", one),
	TEST("a host by name", by_name),
	TEST("200 at once", many),
	TEST("64 MB", large),
	TEST("an upload", upload),
	TEST("again and again on one connection", in_turn),
	TEST("again and again on a new one", reused),
	TEST("added before the start", added_before),
	TEST("several multi handles on one loop", several),
	TEST("stopped, and all freed, in the callback", stopped_in_callback),
	TEST("cancelled", cancellation),
	TEST("the loop is closed first", closed),
	TEST("no multi handle", refused_start),
	TEST("refused, reset, cut short, too late", rude),
	TEST("a connection that takes too long", connect_late),
	TEST("waiting does not turn the loop", quiet),
	TEST("large files of nginx", from_nginx),
	TEST("nginx is killed, and starts again", killed),
};

TEST_MAIN(tests)
