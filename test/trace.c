/*
 * SPDX-License-Identifier: ISC
 *
 * Tests reactor/trace.c: the trace is valid JSON whatever happens to the
 * program, and tells of every box of the diagram in its order.
 */
#include <limits.h>
#include <reactor/reactor.h>
#include "test/test.h"

static char path[PATH_MAX];

static struct reactor *
traced(const char *file)
{
	struct reactor_options options = { .trace = file };
	struct reactor *r = reactor_open(&options);

	CHECK(r != NULL);
	return r;
}

/* A file that is empty, and another in each case. */
static const char *
temporary(void)
{
	const char *directory = getenv("TMPDIR");
	int fd;

	snprintf(path, sizeof(path), "%s/trace.XXXXXX",
	    directory != NULL ? directory : "/tmp");
	fd = mkstemp(path);
	CHECK(fd != -1);
	close(fd);
	return path;
}

/* All that can be read, as a string. */
static char *
contents(int fd)
{
	size_t size = 1 << 16, length = 0;
	char *text = malloc(size);
	ssize_t n;

	CHECK(fd != -1);
	while ((n = read(fd, text + length, size - length - 2)) > 0) {
		length += (size_t)n;
		if (size - length < size / 2)
			text = realloc(text, size *= 2);
	}
	CHECK_INT(n, 0);
	text[length] = '\0';
	close(fd);
	return text;
}

/* ---- A strict reader of JSON: where the value at p ends ------------------ */

static const char *json(const char *p);

static const char *
space(const char *p)
{
	return p + strspn(p, " \t\r\n");
}

static const char *
utf8(const char *p)
{
	const unsigned char *c = (const unsigned char *)p;
	unsigned code, least, more, i;

	if (c[0] < 0x80)
		return p + 1;
	more = c[0] >= 0xf0 ? 3 : c[0] >= 0xe0 ? 2 : 1;
	least = more == 3 ? 0x10000 : more == 2 ? 0x800 : 0x80;
	code = c[0] & (0x3fu >> more);
	if (c[0] < 0xc0 || c[0] >= 0xf8)
		test_fail("not UTF-8: %.40s", p);
	for (i = 1; i <= more; i++) {
		if ((c[i] & 0xc0) != 0x80)
			test_fail("not UTF-8: %.40s", p);
		code = code << 6 | (c[i] & 0x3fu);
	}
	if (code < least || code > 0x10ffff || code >> 11 == 0x1b)
		test_fail("not UTF-8: %.40s", p);
	return p + 1 + more;
}

static const char *
json_string(const char *p)
{
	if (*p != '"')
		test_fail("no string: %.40s", p);
	for (p++; *p != '"'; p = utf8(p)) {
		if ((unsigned char)*p < 0x20)
			test_fail("control character %d in a string", *p);
		if (*p != '\\')
			continue;
		p++;
		if (*p == 'u' && strspn(p + 1, "0123456789abcdefABCDEF") >= 4)
			p += 4;
		else if (*p == '\0' || strchr("\"\\/bfnrt", *p) == NULL)
			test_fail("bad escape: %.40s", p - 1);
	}
	return p + 1;
}

static const char *
digits(const char *p)
{
	if (*p < '0' || *p > '9')
		test_fail("no digit: %.40s", p);
	return p + strspn(p, "0123456789");
}

static const char *
json_number(const char *p)
{
	p += *p == '-';
	p = *p == '0' ? p + 1 : digits(p);
	if (*p == '.')
		p = digits(p + 1);
	if (*p == 'e' || *p == 'E')
		p = digits(p + 1 + (p[1] == '-' || p[1] == '+'));
	return p;
}

static const char *
json_many(const char *p, int object)
{
	const char end = object ? '}' : ']';

	p = space(p + 1);
	if (*p == end)
		return p + 1;
	for (;; p++) {
		if (object) {
			p = space(json_string(space(p)));
			if (*p++ != ':')
				test_fail("no colon: %.40s", p - 1);
		}
		p = space(json(space(p)));
		if (*p == end)
			return p + 1;
		if (*p != ',')
			test_fail("neither comma nor %c: %.40s", end, p);
	}
}

static const char *
json(const char *p)
{
	static const char *const word[] = { "true", "false", "null" };
	size_t i;

	for (i = 0; i < 3; i++)
		if (strncmp(p, word[i], strlen(word[i])) == 0)
			return p + strlen(word[i]);
	if (*p == '{' || *p == '[')
		return json_many(p, *p == '{');
	return *p == '"' ? json_string(p) : json_number(p);
}

/* The trace, after it was found to be an array if only somebody closes it. */
static char *
trace(void)
{
	char *text = contents(open(path, O_RDONLY));
	size_t length = strlen(text);

	CHECK(length > 2);
	CHECK_STR(text + length - 2, ",\n");
	strcpy(text + length - 2, "]");
	CHECK_STR(json(text), "");
	CHECK_INT(*text, '[');
	return text;
}

/* ---- Looking for things in it -------------------------------------------- */

/* Goes on behind what it finds. */
static void
expect(const char **p, const char *what)
{
	const char *found = strstr(*p, what);

	if (found == NULL)
		test_fail("no %s in: %.600s", what, *p);
	*p = found + strlen(what);
}

static int
count(const char *text, const char *what)
{
	int n = 0;

	for (; (text = strstr(text, what)) != NULL; text += strlen(what))
		n++;
	return n;
}

/* The beginning of a record. */
static const char *
record(const char *phase, int lane)
{
	static char text[80];

	snprintf(text, sizeof(text), "{\"ph\":\"%s\",\"pid\":%ld,\"tid\":%d,",
	    phase, (long)getpid(), lane);
	return text;
}

enum { REGISTER, WAIT, QUEUE, DISPATCH, HANDLER };

/* ---- What the loop is fed with ------------------------------------------- */

static int calls;

static void
deferred(struct reactor *r, struct reactor_defer *defer)
{
	(void)r;
	(void)defer;
	calls++;
}

static void
one_turn(struct reactor *r, const char *name)
{
	struct reactor_defer defer = { .event = { .name = name },
		.callback = deferred };

	CHECK_INT(reactor_defer_start(r, &defer), 0);
	CHECK_INT(reactor_run_once(r, 0), 1);
}

static void
readable(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	char byte;

	CHECK_INT(ready, REACTOR_READ);
	CHECK_INT(read(io->fd, &byte, 1), 1);
	reactor_io_stop(r, io);
}

/* From a descriptor to its handler, through every box. */
static void
one_event(struct reactor *r, const char *name)
{
	struct reactor_io io = { .event = { .name = name },
		.callback = readable,
		.wanted = REACTOR_READ };
	int fd[2];

	CHECK_INT(pipe(fd), 0);
	io.fd = fd[0];
	CHECK_INT(reactor_io_start(r, &io), 0);
	CHECK_INT(write(fd[1], "x", 1), 1);
	CHECK_INT(reactor_run(r), 0);
	close(fd[0]);
	close(fd[1]);
}

/* ---- The cases ----------------------------------------------------------- */

static void
boxes(void)
{
	struct reactor *r = traced(temporary());
	char *text, wait[80];
	const char *p;

	one_event(r, "client");
	snprintf(
	    wait, sizeof(wait), "\"name\":\"%s\"", reactor_backend_name(r));
	CHECK_INT(reactor_close(r), 0);
	p = text = trace();
	expect(&p, record("M", REGISTER));
	expect(&p, "\"args\":{\"name\":\"handler\"}}");
	expect(&p, record("i", REGISTER));
	expect(&p, "\"name\":\"start client\"");
	expect(&p, " read\"}}");
	expect(&p, record("X", WAIT));
	expect(&p, wait);
	expect(&p, "\"ready\":1}}");
	expect(&p, record("i", QUEUE));
	expect(&p, "\"name\":\"client\",\"args\":{\"kind\":\"io\"");
	expect(&p, record("C", QUEUE));
	expect(&p, ":1}}");
	expect(&p, record("i", DISPATCH));
	expect(&p, "\"queued\":1}}");
	expect(&p, record("B", HANDLER));
	expect(&p, "\"name\":\"client\"");
	expect(&p, record("i", REGISTER));
	expect(&p, "\"name\":\"stop client\"");
	expect(&p, record("E", HANDLER));
	expect(&p, record("C", QUEUE));
	expect(&p, ":0}}");
	free(text);
	unlink(path);
}

static void
fired(struct reactor *r, struct reactor_timer *timer)
{
	(void)r;
	(void)timer;
}

static double
time_of(const char **p, const char *what)
{
	expect(p, what);
	expect(p, "\"ts\":");
	return atof(*p);
}

static void
times(void)
{
	struct reactor *r = traced(temporary());
	struct reactor_timer timer = { .event = { .name = "tick" },
		.callback = fired };
	double before = (double)test_clock() / 1000, start, call, end;
	char *text;
	const char *p;

	CHECK_INT(reactor_timer_start(r, &timer, 5 * REACTOR_MILLISECOND), 0);
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(reactor_close(r), 0);
	p = text = trace();
	start = time_of(&p, record("i", REGISTER));
	call = time_of(&p, record("B", HANDLER));
	end = time_of(&p, record("E", HANDLER));
	CHECK(start >= before - 1);
	/* The deadline goes by a clock read before the record was made. */
	CHECK(call >= before + 5000 - 1);
	CHECK(call >= start);
	CHECK(end >= call);
	CHECK(end <= (double)test_clock() / 1000 + 1);
	free(text);
	unlink(path);
}

static void
bytes(void)
{
	struct reactor *r = traced(temporary());
	char name[8], *text;
	const char *p;
	int byte;

	one_turn(r, "say \"no\"\\\n\t\x1b[2J");
	one_turn(r, "gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\x9f");
	one_turn(r, "\xc0\xaf \xed\xa0\x80 \xf4\x90\x80\x80 \xe2\x82");
	for (byte = 1; byte < 256; byte++) {
		snprintf(name, sizeof(name), "a%cb", byte);
		one_turn(r, name);
	}
	CHECK_INT(reactor_close(r), 0);
	p = text = trace();
	expect(&p, "say \\\"no\\\"\\\\\\n\\u0009\\u001b[2J\"");
	expect(&p, "gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\x9f\"");
	expect(&p, "\\u00c0\\u00af \\u00ed\\u00a0\\u0080 ");
	expect(&p, "\"name\":\"a\\u007fb\"");
	expect(&p, "\"name\":\"a\\u00ffb\"");
	free(text);
	unlink(path);
}

static void
long_name(void)
{
	struct reactor *r = traced(temporary());
	static char name[5000];
	char *text;
	const char *p;
	size_t i;

	for (i = 0; i + 2 < sizeof(name); i += 2)
		memcpy(name + i, "\xc3\xa9", 2);
	one_turn(r, name);
	CHECK_INT(reactor_close(r), 0);
	p = text = trace();
	expect(&p, "\xc3\xa9\xc3\xa9...\"");
	free(text);
	unlink(path);
}

/* More in one turn than any buffer holds. */
static void
many(void)
{
	enum { MANY = 2000 };
	struct reactor *r = traced(temporary());
	static struct reactor_defer defer[MANY];
	char *text;
	int i;

	for (i = 0; i < MANY; i++) {
		defer[i].callback = deferred;
		CHECK_INT(reactor_defer_start(r, &defer[i]), 0);
	}
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(calls, MANY);
	CHECK_INT(reactor_close(r), 0);
	text = trace();
	CHECK_INT(count(text, "{\"ph\":\"B\""), MANY);
	CHECK_INT(count(text, "{\"ph\":\"E\""), MANY);
	CHECK_INT(count(text, "start defer"), MANY);
	CHECK_INT(count(text, "{\"loop 0\":2000}"), 1);
	free(text);
	unlink(path);
}

static void
suicide(struct reactor *r, struct reactor_defer *defer)
{
	(void)r;
	(void)defer;
	kill(getpid(), SIGKILL);
}

static void
killed(void)
{
	struct reactor_defer last = { .callback = suicide };
	struct reactor *r;
	char *text;
	int status;
	pid_t pid;

	temporary();
	pid = fork();
	CHECK(pid != -1);
	if (pid == 0) {
		r = traced(path);
		one_turn(r, "one");
		one_turn(r, "two");
		one_turn(r, "three");
		reactor_defer_start(r, &last);
		reactor_run(r);
		_exit(1);
	}
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status));
	text = trace();
	CHECK_INT(count(text, "{\"ph\":\"E\""), 3);
	CHECK_INT(count(text, "\"name\":\"three\""), 2);
	free(text);
	unlink(path);
}

/* What was registered is there while the loop waits for ever. */
static void
killed_waiting(void)
{
	struct reactor *r;
	char *text = NULL;
	int status;
	pid_t pid;

	temporary();
	pid = fork();
	CHECK(pid != -1);
	if (pid == 0) {
		struct reactor_io io = { .event = { .name = "client" },
			.callback = readable,
			.wanted = REACTOR_READ };
		int fd[2];

		r = traced(path);
		CHECK_INT(pipe(fd), 0);
		io.fd = fd[0];
		CHECK_INT(reactor_io_start(r, &io), 0);
		_exit(reactor_run(r));
	}
	while (text == NULL || strstr(text, "start client") == NULL) {
		free(text);
		usleep(2000);
		text = contents(open(path, O_RDONLY));
	}
	free(text);
	CHECK_INT(kill(pid, SIGKILL), 0);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	free(trace());
	unlink(path);
}

static void
full(void)
{
	struct reactor *r;
	int i;

	if (access("/dev/full", W_OK) == -1)
		SKIP("no /dev/full");
	r = traced("/dev/full");
	for (i = 0; i < 3; i++)
		one_event(r, "client");
	CHECK_INT(reactor_close(r), 0);
}

static void
unwritable(void)
{
	struct reactor_options options = { .trace = "/no/such/directory/file" };

	CHECK(reactor_open(&options) == NULL);
	CHECK_INT(errno, ENOENT);
	CHECK(strstr(reactor_error(), "/no/such/directory/file") != NULL);
}

static long blocks, allowed;

/* Counts what is out, and fails when no more is allowed. */
static void *
counting(void *memory, size_t size)
{
	if (size == 0) {
		blocks -= memory != NULL;
		free(memory);
		return NULL;
	}
	if (allowed-- <= 0)
		return NULL;
	blocks += memory == NULL;
	return realloc(memory, size);
}

static void
no_memory(void)
{
	struct reactor_options options = { .trace = temporary() };
	struct reactor *r = NULL;
	long n;

	reactor_set_allocator(counting);
	for (n = 0; r == NULL; n++) {
		CHECK(n < 100);
		allowed = n;
		r = reactor_open(&options);
		if (r != NULL)
			break;
		CHECK_INT(errno, ENOMEM);
		CHECK_INT(blocks, 0);
	}
	CHECK(n >= 2);
	allowed = LONG_MAX;
	CHECK_INT(reactor_close(r), 0);
	CHECK_INT(blocks, 0);
	unlink(path);
}

/* Standard error becomes a pipe; returns its other end. */
static int
catch_stderr(int *was)
{
	int fd[2];

	CHECK_INT(pipe(fd), 0);
	*was = dup(2);
	CHECK_INT(dup2(fd[1], 2), 2);
	close(fd[1]);
	return fd[0];
}

static void
restore_stderr(int was)
{
	CHECK_INT(dup2(was, 2), 2);
	close(was);
}

static void
lines(void)
{
	int was, fd = catch_stderr(&was);
	struct reactor *r = traced("-");
	char *text, wait[80];
	const char *p;

	one_event(r, "the\nclient");
	snprintf(wait, sizeof(wait), "  wait      %s", reactor_backend_name(r));
	CHECK_INT(reactor_close(r), 0);
	restore_stderr(was);
	p = text = contents(fd);
	CHECK_STR(p + strspn(p, " 0123456789."), strstr(p, "register"));
	expect(&p, "  register  io  ");
	expect(&p, " read");
	expect(&p, "  \"the\\nclient\"\n");
	expect(&p, wait);
	expect(&p, "for ever\n");
	expect(&p, "  woken     1 ready\n");
	expect(&p, "  queue     io  ");
	expect(&p, "  dispatch  1 queued\n");
	expect(&p, "  handler   io  ");
	expect(&p, "  stop      io  ");
	expect(&p, "  done      took ");
	free(text);
}

static void
unseen(struct reactor *r, struct reactor_signal *signal,
    const struct reactor_signal_info *info)
{
	(void)r;
	(void)signal;
	(void)info;
}

/* Each start tells what is started, not what was before. */
static void
lines_of_signals(void)
{
	int was, fd = catch_stderr(&was);
	struct reactor *r = traced("-");
	struct reactor_signal signal = { .callback = unseen };
	char *text;
	const char *p;

	signal.number = SIGUSR1;
	CHECK_INT(reactor_signal_start(r, &signal), 0);
	signal.number = SIGUSR2;
	CHECK_INT(reactor_signal_start(r, &signal), 0);
	reactor_signal_stop(r, &signal);
	CHECK_INT(reactor_close(r), 0);
	restore_stderr(was);
	p = text = contents(fd);
	expect(&p, "  register  signal  ");
	expect(&p, " SIGUSR1");
	expect(&p, "  register  signal  ");
	expect(&p, " SIGUSR2");
	expect(&p, "  stop      signal  ");
	expect(&p, " SIGUSR2");
	CHECK(strstr(text, "signal 0") == NULL);
	free(text);
}

static void
seen_now(struct reactor *r, struct reactor_defer *defer)
{
	char text[4096];
	ssize_t n = read(*(int *)reactor_data(r), text, sizeof(text) - 1);

	(void)defer;
	CHECK(n > 0);
	text[n] = '\0';
	CHECK(strstr(text, "  handler   defer") != NULL);
	calls++;
}

/* The line of a handler comes before what the handler prints itself. */
static void
lines_at_once(void)
{
	int was, fd = catch_stderr(&was);
	struct reactor_options options = { .trace = "-", .data = &fd };
	struct reactor *r = reactor_open(&options);
	struct reactor_defer defer = { .callback = seen_now };

	CHECK(r != NULL);
	CHECK_INT(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	CHECK_INT(reactor_defer_start(r, &defer), 0);
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(calls, 1);
	CHECK_INT(reactor_close(r), 0);
	restore_stderr(was);
	close(fd);
}

static void
broken_pipe(void)
{
	sigset_t before, after, pending;
	int was, fd = catch_stderr(&was);
	struct reactor *r = traced("-");

	close(fd);
	sigprocmask(SIG_SETMASK, NULL, &before);
	one_event(r, "client");
	one_event(r, "client");
	sigprocmask(SIG_SETMASK, NULL, &after);
	CHECK_INT(sigismember(&before, SIGPIPE), sigismember(&after, SIGPIPE));
	sigemptyset(&pending);
	sigpending(&pending);
	CHECK_INT(sigismember(&pending, SIGPIPE), 0);
	CHECK_INT(reactor_close(r), 0);
	restore_stderr(was);
}

/* A descriptor of the library must not take the place of 0, 1 or 2. */
static void
low_number(const char *file)
{
	struct reactor *r;
	int was = dup(0);

	close(0);
	r = traced(file);
	CHECK_INT(fcntl(0, F_GETFD), -1);
	one_turn(r, "low");
	CHECK_INT(reactor_close(r), 0);
	CHECK_INT(dup2(was, 0), 0);
	close(was);
}

static void
low_numbers(void)
{
	int was, fd;
	char *text;

	low_number(temporary());
	free(trace());
	unlink(path);
	fd = catch_stderr(&was);
	low_number("-");
	restore_stderr(was);
	text = contents(fd);
	CHECK(strstr(text, "\"low\"") != NULL);
	free(text);
}

static void
two_loops(void)
{
	struct reactor *a = traced(temporary()), *b;
	char *text;

	one_turn(a, "first");
	b = traced(path);
	one_turn(b, "second");
	one_turn(a, "third");
	CHECK_INT(reactor_close(b), 0);
	CHECK_INT(reactor_close(a), 0);
	text = trace();
	CHECK_INT(count(text, "\"name\":\"first\""), 2);
	CHECK_INT(count(text, "\"name\":\"second\""), 2);
	CHECK_INT(count(text, "\"name\":\"third\""), 2);
	CHECK_INT(count(text, "\"thread_name\""), 10);
	free(text);
	a = traced(path);
	CHECK_INT(reactor_close(a), 0);
	text = trace();
	CHECK_INT(count(text, "\"name\":\"first\""), 0);
	free(text);
	unlink(path);
}

static pid_t forked;

static void
forks(struct reactor *r, struct reactor_defer *defer)
{
	(void)r;
	(void)defer;
	forked = fork();
	CHECK(forked != -1);
}

static void
after_fork(void)
{
	struct reactor_defer defer = { .event = { .name = "forks" },
		.callback = forks };
	struct reactor *r = traced(temporary());
	char *text, pid[40];
	int status;

	CHECK_INT(reactor_defer_start(r, &defer), 0);
	CHECK_INT(reactor_run_once(r, 0), 1);
	one_turn(r, forked == 0 ? "child" : "parent");
	CHECK_INT(reactor_close(r), 0);
	if (forked == 0)
		_exit(0);
	CHECK_INT(waitpid(forked, &status, 0), forked);
	CHECK_INT(status, 0);
	text = trace();
	snprintf(pid, sizeof(pid), "\"pid\":%ld,", (long)forked);
	CHECK_INT(count(text, "start forks"), 1);
	CHECK_INT(count(text, "\"name\":\"parent\""), 2);
	CHECK_INT(count(text, "\"name\":\"child\""), 2);
	CHECK(count(text, pid) > 5);
	CHECK_INT(count(text, "\"process_name\""), 2);
	free(text);
	unlink(path);
}

static void
environment(void)
{
	struct reactor_options off = { .trace = "" };
	struct reactor *r;
	char *text;

	CHECK_INT(setenv("REACTOR_TRACE", temporary(), 1), 0);
	r = reactor_open(&off);
	CHECK(r != NULL);
	one_turn(r, "off");
	CHECK_INT(reactor_close(r), 0);
	text = contents(open(path, O_RDONLY));
	CHECK_STR(text, "");
	free(text);
	r = traced(NULL);
	one_turn(r, "on");
	CHECK_INT(reactor_close(r), 0);
	text = trace();
	CHECK_INT(count(text, "\"name\":\"on\""), 2);
	free(text);
	unlink(path);
}

/* ---- What the program adds ----------------------------------------------- */

static void
own_records(void)
{
	struct reactor *r = traced(temporary());
	char *text, lane[16];
	const char *p;
	int i;

	CHECK_INT(reactor_traced(r), 1);
	reactor_trace(r, REACTOR_BEGIN, "jobs", "run", "first", NULL);
	reactor_trace(r, REACTOR_INSTANT, "jobs", "skip", "a \"b\"", "why\n");
	reactor_trace(r, REACTOR_END, "jobs", "end", "first", "well");
	reactor_trace(r, REACTOR_END + 7, "jobs", "none", "of this", NULL);
	for (i = 0; i < 20; i++) {
		snprintf(lane, sizeof(lane), "lane %d", i);
		reactor_trace(r, REACTOR_INSTANT, lane, "in", "it", NULL);
	}
	CHECK_INT(reactor_close(r), 0);
	p = text = trace();
	expect(&p, record("M", HANDLER + 1));
	expect(&p, "\"args\":{\"name\":\"jobs\"}}");
	expect(&p, record("B", HANDLER + 1));
	expect(&p, "\"name\":\"first\"},");
	expect(&p, record("i", HANDLER + 1));
	expect(&p, "\"name\":\"skip a \\\"b\\\"\"");
	expect(&p, "\"args\":{\"what\":\"why\\n\"}},");
	expect(&p, record("E", HANDLER + 1));
	expect(&p, "\"args\":{\"what\":\"well\"}},");
	CHECK_INT(count(text, "of this"), 0);
	/* Eleven lanes in all, each announced once. */
	CHECK_INT(count(text, "\"in it\""), 10);
	CHECK_INT(count(text, "\"name\":\"lane 9\""), 1);
	CHECK_INT(count(text, "\"name\":\"lane 10\""), 0);
	CHECK_INT(count(text, "\"name\":\"jobs\""), 1);
	unlink(path);
	free(text);
}

static void
own_lines(void)
{
	int was, fd = catch_stderr(&was);
	struct reactor *r = traced("-");
	const char *p;
	char *text;

	reactor_trace(r, REACTOR_BEGIN, "jobs", "run", "fi\nrst", "fast");
	reactor_trace(r, REACTOR_END, "jobs", "end", "first", NULL);
	CHECK_INT(reactor_close(r), 0);
	restore_stderr(was);
	p = text = contents(fd);
	expect(&p, "  run       jobs ");
	expect(&p, " fast ");
	expect(&p, "\"fi\\nrst\"\n");
	expect(&p, "  end       jobs ");
	free(text);
}

static void
untraced(void)
{
	struct reactor *r = reactor_open(NULL);

	CHECK(r != NULL);
	CHECK_INT(reactor_traced(r), 0);
	reactor_trace(r, REACTOR_INSTANT, "jobs", "in", "vain", NULL);
	CHECK_INT(reactor_close(r), 0);
}

static const struct test tests[] = {
	TEST("one event passes every box, in order", boxes),
	TEST("times are those of the monotonic clock", times),
	TEST("any byte may be in a name", bytes),
	TEST("a long name is cut between characters", long_name),
	TEST("a turn of thousands of records is complete", many),
	TEST("finished turns outlive SIGKILL", killed),
	TEST("a waiting loop has told all", killed_waiting),
	TEST("a full disk ends the trace only", full),
	TEST("a file that cannot be written is an error", unwritable),
	TEST("no memory is an error, and nothing leaks", no_memory),
	TEST("lines for people", lines),
	TEST("lines of signals", lines_of_signals),
	TEST("a line is there before its callback", lines_at_once),
	TEST("a reader that went away raises no SIGPIPE", broken_pipe),
	TEST("descriptors 0 to 2 are not taken", low_numbers),
	TEST("two loops share a file", two_loops),
	TEST("a forked child tells its own story", after_fork),
	TEST("REACTOR_TRACE", environment),
	TEST("records of the program's own", own_records),
	TEST("lines of the program's own", own_lines),
	TEST("without a trace there are none", untraced),
};
TEST_MAIN(tests)
