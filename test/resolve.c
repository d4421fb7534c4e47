/*
 * SPDX-License-Identifier: ISC
 *
 * resolve.c: look-ups: what is asked, what is found, how it fails; stopped,
 * started again and freed in every state.
 */
#include <pthread.h>
#include "test/loop.h"
#include "test/names.h"

/* A look-up that notes what it was told. */
struct look {
	struct reactor_resolve resolve;
	int calls, error;
	size_t count;
	char text[NAMES_MOST * 32]; /* the addresses, with a space each */
	void (*then)(struct reactor *, struct look *);
};

static void
found(struct reactor *r, struct reactor_resolve *resolve)
{
	struct look *l = REACTOR_OWNER(resolve, struct look, resolve);
	char text[REACTOR_ADDRESS_TEXT];
	size_t i, used = 0;

	l->calls++;
	l->error = resolve->error;
	l->count = resolve->count;
	CHECK((resolve->addresses == NULL) == (resolve->count == 0));
	CHECK((resolve->error == 0) == (resolve->count > 0));
	l->text[0] = '\0';
	for (i = 0; i < resolve->count; i++)
		used += (size_t)snprintf(l->text + used, sizeof(l->text) - used,
		    "%s%s", i > 0 ? " " : "",
		    reactor_address_text(
			&resolve->addresses[i], text, sizeof(text)));
	if (l->then != NULL)
		l->then(r, l);
}

static void
prepare(struct look *l, const char *host, const char *service)
{
	memset(l, 0, sizeof(*l));
	l->resolve.callback = found;
	l->resolve.host = host;
	l->resolve.service = service;
}

static void
start(struct reactor *r, struct look *l, const char *host, const char *service)
{
	prepare(l, host, service);
	CHECK_INT(reactor_resolve_start(r, &l->resolve), 0);
	CHECK_INT(l->calls, 0);
}

static size_t
active(const struct reactor *r)
{
	struct reactor_statistics stats;

	reactor_stats(r, &stats);
	return stats.active;
}

/* Starts it and waits for its end. */
static void
look_up(
    struct reactor *r, struct look *l, const char *host, const char *service)
{
	start(r, l, host, service);
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(l->calls, 1);
	CHECK_INT(active(r), 0);
}

/* ---- What needs no look-up ----------------------------------------------- */

static void
known(
    struct reactor *r, const char *host, const char *service, const char *text)
{
	struct look l;

	look_up(r, &l, host, service);
	CHECK_INT(l.error, 0);
	CHECK_STR(l.text, text);
	CHECK_INT(names.calls, 0);
}

static void
figures(void)
{
	struct reactor *r = loop_open();

	known(r, "127.0.0.1", "80", "127.0.0.1:80");
	known(r, "127.0.0.1", NULL, "127.0.0.1:0");
	known(r, "0.0.0.0", "65535", "0.0.0.0:65535");
	known(r, "::1", "0", "[::1]:0");
	known(r, "2001:db8::1", "0443", "[2001:db8::1]:443");
	known(r, "/tmp/socket", NULL, "/tmp/socket");
	known(r, "/tmp/socket", "ignored", "/tmp/socket");
	known(r, "@name", NULL, "@name");
	CHECK_INT(reactor_close(r), 0);
}

static void
families(void)
{
	static const struct {
		const char *host;
		int family, error;
	} cases[] = { { "127.0.0.1", REACTOR_IPV4, 0 },
		{ "127.0.0.1", REACTOR_IPV6, EAFNOSUPPORT },
		{ "::1", REACTOR_IPV6, 0 },
		{ "::1", REACTOR_IPV4, EAFNOSUPPORT },
		{ "/tmp/x", REACTOR_IPV4, EAFNOSUPPORT } };
	static const int asked[] = { AF_UNSPEC, AF_INET, AF_INET6 };
	struct reactor *r = loop_open();
	struct look l;
	int i;

	for (i = 0; i < 5; i++) {
		prepare(&l, cases[i].host, "1");
		l.resolve.family = cases[i].family;
		CHECK_INT(reactor_resolve_start(r, &l.resolve), 0);
		CHECK_INT(reactor_run(r), 0);
		CHECK_INT(l.calls, 1);
		CHECK_INT(l.error, cases[i].error);
	}
	CHECK_INT(names.calls, 0);
	NAMES_SAY("1.2.3.4");
	for (i = REACTOR_ANY; i <= REACTOR_IPV6; i++) {
		prepare(&l, "name", "1");
		l.resolve.family = i;
		CHECK_INT(reactor_resolve_start(r, &l.resolve), 0);
		CHECK_INT(reactor_run(r), 0);
		CHECK_INT(l.error, 0);
		CHECK_INT(names.family, asked[i]);
	}
	CHECK_INT(reactor_close(r), 0);
}

/* ---- What does ----------------------------------------------------------- */

static void
in_order(void)
{
	struct reactor *r = loop_open();
	char host[] = "example.org", service[] = "443";
	struct look l;

	NAMES_SAY("::2", "1.1.1.1", "::2", "::1", "1.1.1.1", "2.2.2.2");
	start(r, &l, host, service);
	host[0] = service[0] = 'X'; /* they were copied */
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(l.error, 0);
	CHECK_STR(l.text, "[::2]:443 1.1.1.1:443 [::1]:443 2.2.2.2:443");
	CHECK_STR(names.host, "example.org");
	CHECK_STR(names.service, "443");
	CHECK_INT(names.calls, 1);
	look_up(r, &l, "example.org", NULL);
	CHECK_STR(l.text, "[::2]:0 1.1.1.1:0 [::1]:0 2.2.2.2:0");
	CHECK_STR(names.service, "none");
	CHECK_INT(reactor_close(r), 0);
}

static void
many(void)
{
	static char text[NAMES_MOST][32];
	struct reactor *r = loop_open();
	struct look l;
	int i;

	for (i = 0; i < NAMES_MOST; i++) {
		snprintf(text[i], sizeof(text[i]), "10.0.0.%d", i);
		names.address[i] = text[i];
	}
	names.count = NAMES_MOST;
	look_up(r, &l, "name", "1");
	CHECK_INT(l.error, 0);
	CHECK_INT(l.count, 64);
	CHECK(strstr(l.text, "10.0.0.63:1") != NULL);
	names.count = 0;
	look_up(r, &l, "name", "1");
	CHECK_INT(l.error, ENOENT);
	CHECK_INT(reactor_close(r), 0);
}

static void
services(void)
{
	struct reactor *r = loop_open();
	struct look l;

	NAMES_SAY("1.2.3.4");
	look_up(r, &l, "1.2.3.4", "echo"); /* names of services too */
	CHECK_STR(l.text, "1.2.3.4:7");
	CHECK_STR(names.service, "echo");
	CHECK_INT(names.calls, 1);
	names.datagram = 1;
	look_up(r, &l, "name", "echo");
	CHECK_STR(l.text, "1.2.3.4:7");
	CHECK_INT(names.calls, 3);
	CHECK_INT(reactor_close(r), 0);
}

static void
errors(void)
{
	static const struct {
		int code, error, told;
	} cases[] = { { EAI_NONAME, 0, ENOENT }, { EAI_AGAIN, 0, EAGAIN },
		{ EAI_MEMORY, 0, ENOMEM }, { EAI_FAIL, 0, EIO },
		{ EAI_FAMILY, 0, EAFNOSUPPORT }, { EAI_SERVICE, 0, EINVAL },
		{ EAI_SOCKTYPE, 0, EINVAL }, { EAI_SYSTEM, EMFILE, EMFILE },
		{ EAI_SYSTEM, 0, EIO },
#ifdef EAI_NODATA
		{ EAI_NODATA, 0, ENOENT },
#endif
#ifdef EAI_ADDRFAMILY
		{ EAI_ADDRFAMILY, 0, EAFNOSUPPORT },
#endif
		{ 12345, 0, EIO } };
	struct reactor *r = loop_open();
	struct look l;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		names.code = cases[i].code;
		names.error = cases[i].error;
		look_up(r, &l, "name", "1");
		CHECK_INT(l.error, cases[i].told);
	}
	CHECK_INT(reactor_close(r), 0);
}

static void
refused(struct reactor *r, struct look *l, int error)
{
	errno = 0;
	CHECK_INT(reactor_resolve_start(r, &l->resolve), -1);
	CHECK_INT(errno, error);
	CHECK_INT(active(r), 0);
}

static void
arguments(void)
{
	static const char *const services[] = { "", "65536", "99999999999",
		"-1", "+80", " 80", "\n", "\303\244" };
	struct reactor *r = loop_open();
	static char host[3000];
	struct look l;
	size_t i;

	for (i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
		prepare(&l, i % 2 ? "127.0.0.1" : "name", services[i]);
		refused(r, &l, EINVAL);
	}
	prepare(&l, NULL, "80");
	refused(r, &l, EINVAL);
	prepare(&l, "", "80");
	refused(r, &l, EINVAL);
	prepare(&l, "name", "80");
	l.resolve.callback = NULL;
	refused(r, &l, EINVAL);
	prepare(&l, "name", "80");
	l.resolve.family = 3;
	refused(r, &l, EINVAL);
	l.resolve.family = -1;
	refused(r, &l, EINVAL);
	prepare(&l, "@", NULL);
	refused(r, &l, EINVAL);
	memset(host, 'x', sizeof(host) - 1);
	prepare(&l, host, "80");
	refused(r, &l, ENAMETOOLONG);
	host[0] = '/';
	refused(r, &l, ENAMETOOLONG);
	prepare(&l, "name", host + 1);
	refused(r, &l, ENAMETOOLONG);
	CHECK_INT(names.calls, 0);
	CHECK_INT(reactor_close(r), 0);
}

static void
long_host(void)
{
	struct reactor *r = loop_open();
	char host[1025];
	struct look l;

	memset(host, 'x', sizeof(host));
	host[1024] = '\0';
	names.code = EAI_NONAME;
	look_up(r, &l, host, "1");
	CHECK_INT(l.error, ENOENT);
	CHECK_STR(names.host, host);
	host[1000] = '\0';
	look_up(r, &l, host, "1");
	CHECK_STR(names.host, host);
	CHECK_INT(reactor_close(r), 0);
}

/* ---- Time ---------------------------------------------------------------- */

static void
in_time(void)
{
	struct reactor *r = loop_open();
	struct look l;
	int64_t before = test_clock();

	NAMES_SAY("1.2.3.4");
	names.held = 1;
	prepare(&l, "slow", "1");
	l.resolve.timeout = 30 * LOOP_MS;
	CHECK_INT(reactor_resolve_start(r, &l.resolve), 0);
	CHECK_INT(reactor_run(r), 0);
	CHECK(test_clock() - before >= 30 * LOOP_MS);
	CHECK_INT(l.calls, 1);
	CHECK_INT(l.error, ETIMEDOUT);
	CHECK_INT(l.count, 0);
	CHECK_INT(active(r), 0);
	names.held = 0;
	prepare(&l, "quick", "1");
	l.resolve.timeout = 60 * REACTOR_SECOND;
	CHECK_INT(reactor_resolve_start(r, &l.resolve), 0);
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(l.error, 0);
	CHECK(test_clock() - before < 60 * REACTOR_SECOND);
	/* What came too late is told to nobody. */
	CHECK_INT(reactor_run_once(r, 10 * LOOP_MS), 0);
	CHECK_INT(l.calls, 1);
	CHECK_INT(reactor_close(r), 0);
}

/* Eight at a time; those that wait begin no more when they are stopped. */
static void
queued(void)
{
	enum { N = 20 };
	static struct look l[N];
	struct reactor *r = loop_open();
	int i;

	NAMES_SAY("1.2.3.4");
	names.held = 1;
	for (i = 0; i < N; i++)
		start(r, &l[i], "name", "1");
	NAMES_UNTIL(names.inside == 8);
	for (i = 0; i < N; i++)
		if (i % 2 == 1)
			reactor_resolve_stop(r, &l[i].resolve);
	loop_sleep(5 * LOOP_MS);
	CHECK_INT(names.inside, 8);
	names.held = 0;
	CHECK_INT(reactor_run(r), 0);
	for (i = 0; i < N; i++)
		CHECK_INT(l[i].calls, i % 2 == 0);
	CHECK_INT(names.calls, 14);
	CHECK_INT(reactor_close(r), 0);
}

/* ---- Stopped ------------------------------------------------------------- */

enum { NEVER, STARTED, RUNNING, ENDED, CALLED, STATES };

/* Brings it into that state. */
static void
bring(struct reactor *r, struct look *l, const char *host, int64_t timeout,
    int state)
{
	prepare(l, host, "1");
	l->resolve.timeout = timeout;
	names.held = state == STARTED || state == RUNNING;
	if (state == NEVER)
		return;
	CHECK_INT(reactor_resolve_start(r, &l->resolve), 0);
	if (state == RUNNING && *host == 'n')
		NAMES_UNTIL(names.inside == 1);
	if (state == ENDED)
		loop_sleep(20 * LOOP_MS); /* it is posted by now */
	if (state == CALLED)
		CHECK_INT(reactor_run(r), 0);
}

static void
stop(const char *host, int64_t timeout)
{
	struct reactor *r;
	struct look l;
	int state;

	NAMES_SAY("1.2.3.4");
	for (state = NEVER; state < STATES; state++) {
		r = loop_open();
		bring(r, &l, host, timeout, state);
		reactor_resolve_stop(r, &l.resolve);
		reactor_resolve_stop(r, &l.resolve);
		memset(&l.resolve, 0x55, sizeof(l.resolve));
		CHECK_INT(active(r), 0);
		names.held = 0;
		NAMES_UNTIL(names.inside == 0);
		CHECK_INT(reactor_run_once(r, LOOP_MS), 0);
		CHECK_INT(l.calls, state == CALLED);
		CHECK_INT(reactor_close(r), 0);
	}
}

/* The loop is closed, with the look-up in whatever state. */
static void
loop_closes(void)
{
	struct reactor *r;
	struct look l;
	int state;

	NAMES_SAY("1.2.3.4");
	for (state = NEVER; state < STATES; state++) {
		r = loop_open();
		bring(r, &l, "name", REACTOR_SECOND, state);
		CHECK_INT(reactor_close(r), 0);
		memset(&l.resolve, 0x55, sizeof(l.resolve));
		names.held = 0;
		NAMES_UNTIL(names.inside == 0);
		CHECK_INT(l.calls, state == CALLED);
	}
	loop_sleep(20 * LOOP_MS); /* nothing comes from a thread */
}

static void
stopped(void)
{
	stop("name", 0);
	stop("127.0.0.1", 0);
	stop("name", REACTOR_SECOND);
}

/* Starting one that is started is stop and start. */
static void
restarted(void)
{
	struct reactor *r;
	struct look l;
	int state;

	NAMES_SAY("1.2.3.4");
	for (state = NEVER; state < STATES; state++) {
		r = loop_open();
		bring(r, &l, "name", 0, state);
		CHECK_INT(l.calls, state == CALLED);
		l.resolve.host = state % 2 ? "::1" : "other";
		CHECK_INT(reactor_resolve_start(r, &l.resolve), 0);
		names.held = 0;
		CHECK_INT(reactor_run(r), 0);
		CHECK_INT(l.calls, 1 + (state == CALLED));
		CHECK_STR(l.text, state % 2 ? "[::1]:1" : "1.2.3.4:1");
		CHECK_INT(active(r), 0);
		CHECK_INT(reactor_close(r), 0);
	}
}

/* What was found lasts as long as the call, even if it is started anew. */
static void
start_again(struct reactor *r, struct look *l)
{
	const struct reactor_address *addresses = l->resolve.addresses;
	char text[REACTOR_ADDRESS_TEXT];

	if (l->calls == 10)
		return;
	l->resolve.host = l->calls % 3 == 0 ? "127.0.0.1" : "name";
	CHECK_INT(reactor_resolve_start(r, &l->resolve), 0);
	CHECK_STR(reactor_address_text(&addresses[0], text, sizeof(text)),
	    (l->calls - 1) % 3 == 0 && l->calls > 1 ? "127.0.0.1:1"
						    : "1.2.3.4:1");
	if (l->calls % 4 != 0)
		return;
	reactor_resolve_stop(r, &l->resolve);
	CHECK_STR(reactor_address_text(&addresses[0], text, sizeof(text)),
	    (l->calls - 1) % 3 == 0 ? "127.0.0.1:1" : "1.2.3.4:1");
	CHECK_INT(reactor_resolve_start(r, &l->resolve), 0);
}

static void
again_in_callback(void)
{
	struct reactor *r = loop_open();
	struct look l;

	NAMES_SAY("1.2.3.4");
	start(r, &l, "name", "1");
	l.then = start_again;
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(l.calls, 10);
	CHECK_INT(reactor_close(r), 0);
}

static int freed;

static void
free_it(struct reactor *r, struct look *l)
{
	if (freed % 2 == 0)
		reactor_resolve_stop(r, &l->resolve);
	memset(l, 0x55, sizeof(*l));
	free(l);
	freed++;
}

static void
freed_in_callback(void)
{
	static const char *const hosts[] = { "name", "name", "127.0.0.1", "::1",
		"late", "late" };
	struct reactor *r = loop_open();
	struct look *l;
	int i;

	NAMES_SAY("1.2.3.4");
	for (i = 0; i < 6; i++) {
		l = malloc(sizeof(*l));
		CHECK(l != NULL);
		prepare(l, hosts[i], "1");
		l->then = free_it;
		names.held = i >= 4;
		l->resolve.timeout = i >= 4 ? LOOP_MS : 0;
		CHECK_INT(reactor_resolve_start(r, &l->resolve), 0);
		CHECK_INT(reactor_run(r), 0);
		CHECK_INT(freed, i + 1);
	}
	names.held = 0;
	NAMES_UNTIL(names.inside == 0);
	CHECK_INT(reactor_close(r), 0);
}

/* ---- Executors ----------------------------------------------------------- */

static void
own_executor(void)
{
	struct reactor_executor_options options = { .kind = test_case->data,
		.workers = 1 };
	struct reactor *r = loop_open();
	struct reactor_executor *x;
	struct look l;

	NAMES_SAY("::1", "1.2.3.4", "::1");
	x = reactor_executor_open(&options);
	if (x == NULL)
		SKIP(reactor_executor_error());
	prepare(&l, "name", "5");
	l.resolve.executor = x;
	CHECK_INT(reactor_resolve_start(r, &l.resolve), 0);
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(l.error, 0);
	CHECK_STR(l.text, "[::1]:5 1.2.3.4:5");
	CHECK_INT(reactor_executor_shutdown(x, 0), 0);
	refused(r, &l, ESHUTDOWN);
	CHECK_INT(reactor_executor_close(x, -1), 0);
	CHECK_INT(reactor_close(r), 0);
}

static void
full_executor(void)
{
	struct reactor_executor_options options = {
		.kind = "threads", .workers = 1, .queue = 1
	};
	struct reactor *r = loop_open();
	struct reactor_executor *x = reactor_executor_open(&options);
	struct look l[3];
	int i;

	NAMES_SAY("1.2.3.4");
	names.held = 1;
	CHECK(x != NULL);
	for (i = 0; i < 3; i++) {
		prepare(&l[i], "name", "1");
		l[i].resolve.executor = x;
		if (i == 2)
			break;
		CHECK_INT(reactor_resolve_start(r, &l[i].resolve), 0);
		NAMES_UNTIL(names.inside == 1);
	}
	CHECK_INT(reactor_resolve_start(r, &l[2].resolve), -1);
	CHECK_INT(errno, EAGAIN);
	names.held = 0;
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(l[0].calls + l[1].calls, 2);
	CHECK_INT(reactor_executor_close(x, -1), 0);
	CHECK_INT(reactor_close(r), 0);
}

static pthread_barrier_t barrier;

static void *
look_up_there(void *unused)
{
	struct reactor *r = loop_open();
	struct look l;

	(void)unused;
	(void)pthread_barrier_wait(&barrier);
	look_up(r, &l, "name", "1");
	CHECK_INT(l.error, 0);
	CHECK_INT(reactor_close(r), 0);
	return NULL;
}

/* The first look-ups of the program, all at once. */
static void
threads(void)
{
	enum { N = 6 };
	pthread_t thread[N];
	int i;

	NAMES_SAY("1.2.3.4");
	CHECK_INT(pthread_barrier_init(&barrier, NULL, N), 0);
	for (i = 0; i < N; i++)
		CHECK_INT(
		    pthread_create(&thread[i], NULL, look_up_there, NULL), 0);
	for (i = 0; i < N; i++)
		CHECK_INT(pthread_join(thread[i], NULL), 0);
	CHECK_INT(names.calls, N);
	CHECK_INT(pthread_barrier_destroy(&barrier), 0);
}

/* ---- A forked child ------------------------------------------------------ */

static void
in_child(struct reactor *r, struct look *l)
{
	struct look own;

	/* That one is the parent's, and never ends here. */
	reactor_resolve_stop(r, &l->resolve);
	CHECK_INT(active(r), 0);
	names.held = 0;
	look_up(r, &own, NAMES_IN_CHILD ? "name" : "::1", "1");
	CHECK_INT(own.error, 0);
	CHECK_INT(l->calls, 0);
	CHECK_INT(reactor_close(r), 0);
	_exit(0);
}

static void
forked(void)
{
	struct reactor *r = loop_open();
	struct look l;
	int status;
	pid_t pid;

	NAMES_SAY("1.2.3.4");
	names.held = 1;
	start(r, &l, "name", "1");
	NAMES_UNTIL(names.inside == 1);
	fflush(stdout);
	pid = fork();
	CHECK(pid != -1);
	if (pid == 0)
		in_child(r, &l);
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK_INT(status, 0);
	names.held = 0;
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(l.calls, 1);
	CHECK_INT(reactor_close(r), 0);
}

/* With a time limit it does end. */
static void
late_in_child(void)
{
	struct reactor *r = loop_open();
	struct look l;
	int status;
	pid_t pid;

	NAMES_SAY("1.2.3.4");
	names.held = 1;
	prepare(&l, "name", "1");
	l.resolve.timeout = 50 * LOOP_MS;
	CHECK_INT(reactor_resolve_start(r, &l.resolve), 0);
	NAMES_UNTIL(names.inside == 1);
	fflush(stdout);
	pid = fork();
	CHECK(pid != -1);
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(l.calls, 1);
	CHECK_INT(l.error, ETIMEDOUT);
	CHECK_INT(reactor_close(r), 0);
	if (pid == 0)
		_exit(0);
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK_INT(status, 0);
	names.held = 0;
	NAMES_UNTIL(names.inside == 0);
}

/* ---- No memory ----------------------------------------------------------- */

static atomic_long made, failing, live, failed;

static void *
resize(void *memory, size_t size)
{
	void *new;

	if (size == 0) {
		live -= memory != NULL;
		free(memory);
		return NULL;
	}
	if (++made == failing) {
		failed++;
		return NULL;
	}
	new = realloc(memory, size);
	live += memory == NULL && new != NULL;
	return new;
}

/* Returns whether an allocation has failed. */
static int
without_memory(struct reactor *r, const char *host, long n)
{
	struct look l;
	int status;

	prepare(&l, host, "1");
	l.resolve.timeout = 60 * REACTOR_SECOND;
	made = failed = 0;
	failing = n;
	errno = 0;
	status = reactor_resolve_start(r, &l.resolve);
	if (status == -1) {
		CHECK_INT(errno, ENOMEM);
		CHECK_INT(active(r), 0);
	}
	CHECK_INT(reactor_run(r), 0);
	failing = 0;
	CHECK_INT(l.calls, status == 0);
	CHECK(l.error == 0 || l.error == ENOMEM);
	CHECK(failed > 0 || (status == 0 && l.error == 0));
	return failed > 0;
}

/* Each in a process of its own, where it is the first. */
static int
first_without(const char *host, long n)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	CHECK(pid != -1);
	if (pid == 0) {
		struct reactor *r = loop_open();
		int some = without_memory(r, host, n);

		/* The next one finds everything in order. */
		(void)without_memory(r, host, 0);
		CHECK_INT(reactor_close(r), 0);
		_exit(some ? 3 : 0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status));
	if (WEXITSTATUS(status) == 1)
		_exit(1); /* it has reported */
	return WEXITSTATUS(status) == 3;
}

static void
no_memory(void)
{
	static const char *const hosts[] = { "name", "127.0.0.1" };
	struct reactor *r;
	long n, before;
	int i;

	NAMES_SAY("1.2.3.4", "::1");
	reactor_set_allocator(resize);
	for (i = 0; i < 2; i++) {
		for (n = 1; first_without(hosts[i], n); n++)
			continue;
		CHECK(n > 2);
		names_all_threads();
		r = loop_open();
		(void)without_memory(r, hosts[i], 0);
		before = live;
		for (n = 1; without_memory(r, hosts[i], n); n++)
			NAMES_UNTIL(live == before);
		CHECK(n > 1);
		NAMES_UNTIL(live == before);
		CHECK_INT(reactor_close(r), 0);
	}
}

/* clang-format off */
static const struct test tests[] = {
	TEST("figures and paths need no look-up", figures),
	TEST("families", families),
	TEST("in the system's order, none twice", in_order),
	TEST("many addresses, none", many),
	TEST("services", services),
	TEST("errors", errors),
	TEST("arguments", arguments),
	TEST("a host of 1000 characters", long_host),
	TEST("in time", in_time),
	TEST("more than there are threads", queued),
	TEST("stopped in every state", stopped),
	TEST("the loop closes in every state", loop_closes),
	TEST("started in every state", restarted),
	TEST("started again in the callback", again_in_callback),
	TEST("freed in the callback", freed_in_callback),
	{ "on threads of one's own", own_executor, 0, "threads" },
	{ "on processes", own_executor, 0, "processes" },
	TEST("an executor that is full", full_executor),
	TEST("the first, from several threads", threads),
	TEST("in a child, while one is under way", forked),
	TEST("out of time in a child", late_in_child),
	TEST("no memory", no_memory),
};
/* clang-format on */

TEST_MAIN(tests)
