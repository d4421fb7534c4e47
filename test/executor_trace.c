/*
 * SPDX-License-Identifier: ISC
 *
 * executor_trace.c: what executors write to a trace: records that a reader of
 * JSON takes, with a lane for each worker, and lines for people.
 */
#include <limits.h>
#include "test/executor.h"

static char path[PATH_MAX];

/* A file that is empty, and another in each case. */
static const char *
temporary(void)
{
	const char *directory = getenv("TMPDIR");
	int fd;

	snprintf(path, sizeof(path), "%s/executor.XXXXXX",
	    directory != NULL ? directory : "/tmp");
	fd = mkstemp(path);
	CHECK(fd != -1);
	close(fd);
	return path;
}

static char *
contents(int fd)
{
	size_t size = 1 << 18, length = 0;
	char *text = malloc(size);
	ssize_t n;

	CHECK(fd != -1);
	while ((n = read(fd, text + length, size - length - 2)) > 0) {
		length += (size_t)n;
		CHECK(length < size - 2);
	}
	CHECK_INT(n, 0);
	text[length] = '\0';
	close(fd);
	return text;
}

/* ---- Where the JSON value at p ends -------------------------------------- */

static const char *json(const char *p);

static const char *
json_string(const char *p)
{
	if (*p != '"')
		test_fail("no string: %.40s", p);
	for (p++; *p != '"'; p++) {
		if ((unsigned char)*p < 0x20)
			test_fail("control character %d in a string", *p);
		if (*p == '\\' && strchr("\"\\/bfnrtu", *++p) == NULL)
			test_fail("bad escape: %.40s", p - 1);
	}
	return p + 1;
}

static const char *
json_many(const char *p, int object)
{
	const char end = object ? '}' : ']';

	for (;;) {
		p += 1 + strspn(p + 1, " \n");
		if (object) {
			p = json_string(p);
			if (*p++ != ':')
				test_fail("no colon: %.40s", p - 1);
		}
		p = json(p);
		if (*p == end)
			return p + 1;
		if (*p != ',')
			test_fail("neither comma nor %c: %.40s", end, p);
	}
}

static const char *
json(const char *p)
{
	char *end;

	if (*p == '{' || *p == '[')
		return json_many(p, *p == '{');
	if (*p == '"')
		return json_string(p);
	(void)strtod(p, &end);
	if (end == p)
		test_fail("no value: %.40s", p);
	return end;
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
	unlink(path);
	return text;
}

static int
count(const char *text, const char *what)
{
	int n = 0;

	for (; (text = strstr(text, what)) != NULL; text += strlen(what))
		n++;
	return n;
}

static const char *
find(const char *text, const char *what)
{
	const char *found = strstr(text, what);

	if (found == NULL)
		test_fail("no %s in: %.600s", what, text);
	return found;
}

/* The line of a text that has that. */
static const char *
line_of(const char *text, const char *what)
{
	static char line[2000];
	const char *found = find(text, what), *start = found;
	size_t length;

	while (start > text && start[-1] != '\n')
		start--;
	length = strcspn(start, "\n");
	CHECK(length < sizeof(line));
	memcpy(line, start, length);
	line[length] = '\0';
	return line;
}

static double
number(const char *line, const char *key)
{
	char text[40];

	snprintf(text, sizeof(text), "\"%s\":", key);
	return atof(find(line, text) + strlen(text));
}

/* ---- What is traced ------------------------------------------------------ */

static struct reactor_executor *
traced(const char *file, const char *name, unsigned workers)
{
	struct reactor_executor_options options = {
		.workers = workers, .name = name, .trace = file
	};

	return exe_open_with(&options);
}

static struct reactor_future *
named(struct reactor_executor *x, reactor_job_fn *function, const char *name)
{
	struct reactor_job_attributes attributes = { .name = name };

	return exe_submitted(
	    reactor_submit_with(x, function, "abcd", 4, &attributes));
}

static int
near(double a, double b)
{
	return a - b < 0.01 && b - a < 0.01;
}

static void
spans(void)
{
	struct reactor_executor *x = traced(temporary(), "pool", 1);
	struct reactor_future *f = named(x, exe_echo, "first");
	struct reactor_outcome o = exe_wait(f);
	const char *line;
	char *text;

	exe_ends(named(x, exe_fails, "second"), REACTOR_FINISHED, ERANGE);
	exe_close_all(x);
	text = trace();
	line = line_of(text, "\"name\":\"first\"");
	CHECK(strncmp(line, "{\"ph\":\"X\",", 10) == 0);
	CHECK_INT(number(line, "pid"), getpid());
	CHECK(near(number(line, "ts"), (double)o.started / 1000));
	CHECK(
	    near(number(line, "dur"), (double)(o.finished - o.started) / 1000));
	CHECK(
	    near(number(line, "queued_ns"), (double)(o.started - o.submitted)));
	CHECK_INT(number(line, "bytes"), 4);
	CHECK_INT(number(line, "result"), 4);
	find(line, "\"error\":\"\"");
	line = line_of(text, "\"name\":\"second\"");
	CHECK_INT(number(line, "result"), 0);
	find(line, "\"error\":\"it is too much\"");
	free(text);
	reactor_future_detach(f);
}

/* The number of the lane of that name. */
static long
lane(const char *text, const char *name)
{
	char what[100];

	snprintf(what, sizeof(what), "\"args\":{\"name\":\"%s\"}", name);
	return (long)number(line_of(text, what), "tid");
}

static void
lanes(void)
{
	struct reactor_executor *x = traced(temporary(), "pool", 2);
	struct reactor_future *a = named(x, exe_hold, "a");
	struct reactor_future *b = named(x, exe_hold, "b");
	unsigned of_a, of_b;
	char *text, name[40];

	EXE_UNTIL(exe_world->running == 2);
	exe_open_gate();
	of_a = exe_wait(a).worker;
	of_b = exe_wait(b).worker;
	exe_good(a);
	exe_good(b);
	exe_close_all(x);
	text = trace();
	CHECK(of_a != of_b);
	CHECK_INT(count(text, "\"thread_name\""), 2);
	snprintf(name, sizeof(name), "pool, worker %u", of_a);
	CHECK_INT(
	    lane(text, name), number(line_of(text, "\"name\":\"a\""), "tid"));
	snprintf(name, sizeof(name), "pool, worker %u", of_b);
	CHECK_INT(
	    lane(text, name), number(line_of(text, "\"name\":\"b\""), "tid"));
	CHECK(count(text, "\"running\":2") > 0);
	CHECK(count(text, "{\"queued\":0,\"running\":0}") > 0);
	free(text);
}

static void
cancelled(void)
{
	struct reactor_executor *x = traced(temporary(), "pool", 1);
	struct reactor_future *a = exe_plug(x), *b = named(x, exe_echo, "b");
	char *text;

	CHECK_INT(reactor_future_cancel(b), 0);
	exe_open_gate();
	exe_good(a);
	exe_ends(b, REACTOR_CANCELLED, ECANCELED);
	exe_close_all(x);
	text = trace();
	CHECK_INT(count(text, "\"name\":\"b\""), 0);
	free(text);
}

static void
deferred(struct reactor *r, struct reactor_defer *defer)
{
	(void)r;
	(void)defer;
}

static void
one_turn(struct reactor *r)
{
	struct reactor_defer defer = { .event = { .name = "of the loop" },
		.callback = deferred };

	CHECK_INT(reactor_defer_start(r, &defer), 0);
	CHECK_INT(reactor_run_once(r, 0), 1);
}

/* Also of the other kind. */
static void
together(void)
{
	struct reactor_options options = { .trace = temporary() };
	struct reactor *r = reactor_open(&options);
	struct reactor_executor *x = traced(path, "one", 1);
	struct reactor_executor *y = traced(path, "two", 1);
	char *text;
	int i;

	CHECK(r != NULL);
	for (i = 0; i < 20; i++) {
		one_turn(r);
		exe_good(named(x, exe_echo, "of one"));
		exe_good(named(y, exe_echo, "of two"));
	}
	exe_close(x);
	one_turn(r);
	exe_good(named(y, exe_echo, "of two"));
	exe_close(y);
	CHECK_INT(reactor_close(r), 0);
	exe_over();
	text = trace();
	CHECK_INT(count(text, "\"name\":\"of one\""), 20);
	CHECK_INT(count(text, "\"name\":\"of two\""), 21);
	CHECK(count(text, "\"name\":\"of the loop\"") >= 21);
	CHECK(lane(text, "one, worker 0") != lane(text, "two, worker 0"));
	free(text);
}

static void
odd_names(void)
{
	struct reactor_executor *x = traced(temporary(), "a\"\n\x1b\xc3", 1);
	static char name[3000];
	char *text;

	memset(name, '"', sizeof(name) - 1);
	exe_good(named(x, exe_echo, name));
	memset(name, 0x1b, sizeof(name) - 1);
	exe_good(named(x, exe_echo, name));
	exe_good(named(x, exe_echo, "x\\\xff"));
	exe_close_all(x);
	text = trace();
	CHECK_INT(count(text, "{\"ph\":\"X\""), 3);
	CHECK(strchr(text, '\x1b') == NULL);
	CHECK(strchr(text, '\xff') == NULL);
	CHECK(strchr(text, '\xc3') == NULL);
	free(text);
}

static void
many(void)
{
	struct reactor_executor *x = traced(temporary(), NULL, 2);
	struct reactor_future *f[300];
	char *text;
	int i;

	for (i = 0; i < 300; i++)
		f[i] = exe_submit(x, exe_count);
	for (i = 0; i < 300; i++)
		exe_good(f[i]);
	exe_close_all(x);
	text = trace();
	CHECK_INT(count(text, "{\"ph\":\"X\""), 300);
	CHECK_INT(count(text, "\"name\":\"exe_count\""), 300);
	free(text);
}

/* ---- Lines --------------------------------------------------------------- */

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
lines(void)
{
	int was, fd = catch_stderr(&was);
	struct reactor_executor *x = traced("-", "pool", 1);
	const char *line;
	char *text;

	exe_good(named(x, exe_echo, "fi\nrst"));
	exe_ends(named(x, exe_fails, "second"), REACTOR_FINISHED, ERANGE);
	exe_close_all(x);
	CHECK_INT(dup2(was, 2), 2);
	close(was);
	text = contents(fd);
	CHECK_INT(count(text, "\n"), 4);
	line = line_of(text, "\"fi\\nrst\"");
	find(find(find(line, "  job "), "pool 0"), "in the queue");
	line = line_of(text, "job done");
	find(find(line, "\"fi\\nrst\""), "took ");
	line = line_of(strstr(text, "job done") + 10, "job done");
	find(find(line, "\"second\""), ": it is too much");
	free(text);
}

static void
environment(void)
{
	struct reactor_executor *x;
	char *text;

	CHECK_INT(setenv("REACTOR_TRACE", temporary(), 1), 0);
	x = traced("", NULL, 1);
	exe_good(named(x, exe_echo, "off"));
	exe_close(x);
	x = traced(NULL, NULL, 1);
	exe_good(named(x, exe_echo, "on"));
	exe_close_all(x);
	text = trace();
	CHECK_INT(count(text, "\"name\":\"off\""), 0);
	CHECK_INT(count(text, "\"name\":\"on\""), 1);
	free(text);
}

static void
full(void)
{
	struct reactor_executor *x;
	int i;

	if (access("/dev/full", W_OK) == -1)
		SKIP("no /dev/full");
	x = traced("/dev/full", NULL, 1);
	for (i = 0; i < 5; i++)
		exe_good(exe_submit(x, exe_count));
	exe_close_all(x);
}

static const struct test tests[] = {
	TESTS_BOTH("spans are those of the futures", spans),
	TESTS_BOTH("a lane for each worker", lanes),
	TESTS_BOTH("what never began is not there", cancelled),
	TESTS_BOTH("two executors and a loop share a file", together),
	TESTS_BOTH("any byte may be in a name", odd_names),
	TESTS_BOTH("many records", many),
	TESTS_BOTH("lines for people", lines),
	TESTS_BOTH("REACTOR_TRACE", environment),
	TESTS_BOTH("a full disk ends the trace only", full),
};
TEST_MAIN(tests)
