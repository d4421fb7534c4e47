/*
 * SPDX-License-Identifier: ISC
 *
 * test.h: a kit for tests that print TAP, for prove(1).
 *
 *	static void
 *	adds(void)
 *	{
 *		CHECK_INT(1 + 1, 2);
 *	}
 *
 *	static const struct test tests[] = {
 *		TEST("one and one are two", adds),
 *	};
 *	TEST_MAIN(tests)
 *
 * Every case runs in a process of its own, in a process group of its own, which
 * is killed after 60 seconds times $TEST_SLOW; no case may leave a descriptor
 * open.  What a case says about its end goes through shared memory, so a case
 * may close what it likes.  `prog -l` lists the cases; `prog NAME` runs one in
 * this very process, for a debugger.
 */
#ifndef TEST_H
#define TEST_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TEST_LEAKY = 1 }; /* flag: descriptors may stay open */
enum { TEST_SKIPPED = 77 };

struct test {
	const char *name;
	void (*run)(void);
	unsigned flags;
	const void *data; /* what the case finds in test_case->data */
};

/* clang-format off */
#define TEST(name, run)              { name, run, 0, NULL }
#define TEST_FLAGS(name, run, flags) { name, run, flags, NULL }
/* clang-format on */
#define TEST_MAIN(tests)                                                  \
	int main(int argc, char **argv)                                   \
	{                                                                 \
		return test_main(                                         \
		    argc, argv, tests, sizeof(tests) / sizeof(tests)[0]); \
	}

/* Each ends the case if it does not hold. */
#define CHECK(holds)                                                     \
	((holds) ? test_at(TEST_HERE)                                    \
		 : test_fail("%s: %s (errno %d: %s)", TEST_HERE, #holds, \
		       errno, strerror(errno)))
#define CHECK_INT(a, b) test_int(TEST_HERE, #a, #b, (a), (b))
#define CHECK_STR(a, b) test_str(TEST_HERE, #a, #b, (a), (b))
#define SKIP(reason)    test_leave(TEST_SKIPPED, "%s", reason)

#define TEST_TEXT_(x)   #x
#define TEST_TEXT(x)    TEST_TEXT_(x)
#define TEST_HERE       (__FILE__ ":" TEST_TEXT(__LINE__))

/* What parent and child share. */
struct test_report {
	const char *_Atomic at; /* the last check that held */
	char text[1024];
};

static struct test_report *test_report;
static const struct test *test_case;
static int test_alone; /* in the main process */
static int test_done;  /* the case has returned */
static volatile pid_t test_child;

static inline void
test_at(const char *where)
{
	atomic_store_explicit(&test_report->at, where, memory_order_relaxed);
}

/* What it says may be what it said before, in the report. */
__attribute__((noreturn, format(printf, 2, 3))) static inline void
test_leave(int status, const char *format, ...)
{
	char text[sizeof test_report->text];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof text, format, list);
	va_end(list);
	memcpy(test_report->text, text, sizeof text);
	if (test_alone)
		printf("# %s\n", text);
	fflush(stdout);
	_exit(status);
}

#define test_fail(...) test_leave(1, __VA_ARGS__)

static inline void
test_int(
    const char *where, const char *a, const char *b, intmax_t x, intmax_t y)
{
	if (x != y)
		test_fail("%s: %s is %jd, not %s, which is %jd (errno %d: %s)",
		    where, a, x, b, y, errno, strerror(errno));
	test_at(where);
}

static inline void
test_str(const char *where, const char *a, const char *b, const char *x,
    const char *y)
{
	if (x == y ? 0 : x == NULL || y == NULL || strcmp(x, y) != 0)
		test_fail("%s: %s is \"%s\", not %s, which is \"%s\"", where, a,
		    x ? x : "(null)", b, y ? y : "(null)");
	test_at(where);
}

/* How many times slower than usual the surroundings are. */
static inline double
test_slow(void)
{
	const char *text = getenv("TEST_SLOW");
	double slow = text != NULL ? atof(text) : 1;

	return slow > 0 ? slow : 1;
}

/* Monotonic nanoseconds. */
static inline int64_t
test_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Calls visit with every open descriptor. */
static inline void
test_descriptors(void (*visit)(int fd))
{
	DIR *directory = opendir("/proc/self/fd");
	struct dirent *entry;
	int fd;

	if (directory == NULL) {
		for (fd = 0; fd < 4096; fd++)
			if (fcntl(fd, F_GETFD) != -1)
				visit(fd);
		return;
	}
	while ((entry = readdir(directory)) != NULL)
		if (entry->d_name[0] != '.' &&
		    (fd = atoi(entry->d_name)) != dirfd(directory))
			visit(fd);
	closedir(directory);
}

static unsigned char test_was_open[1 << 16];

static inline void
test_visit(int fd)
{
	if (fd >= (int)sizeof test_was_open)
		return;
	if (test_done && !test_was_open[fd])
		test_fail("descriptor %d was left open", fd);
	test_was_open[fd] = 1;
}

static inline void
test_run(const struct test *test)
{
	test_case = test;
	test_descriptors(test_visit);
	test->run();
	test_done = 1;
	if (!(test->flags & TEST_LEAKY))
		test_descriptors(test_visit);
}

/* The time is over, or the user has had enough. */
static inline void
test_kill(int number)
{
	if (test_child > 0)
		kill(-test_child, SIGKILL);
	if (number != SIGALRM) {
		signal(number, SIG_DFL);
		raise(number);
	}
}

__attribute__((noreturn)) static inline void
test_run_child(const struct test *test, unsigned limit)
{
	static const int defaults[] = { SIGALRM, SIGINT, SIGTERM, SIGPIPE,
		SIGCHLD };
	sigset_t none;
	size_t i;

	setpgid(0, 0);
	for (i = 0; i < sizeof defaults / sizeof defaults[0]; i++)
		signal(defaults[i], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	alarm(limit + 5); /* in case the parent is killed */
	test_run(test);
	exit(0); /* not _exit: the leak checkers want to look */
}

/* Returns how the case ended, as waitpid does. */
static inline int
test_fork(const struct test *test, unsigned limit)
{
	siginfo_t info;
	int status = 0;

	memset(test_report, 0, sizeof *test_report);
	fflush(stdout);
	test_child = fork();
	if (test_child == 0)
		test_run_child(test, limit);
	if (test_child == -1) {
		perror("fork");
		exit(1);
	}
	setpgid(test_child, test_child); /* whoever is first */
	alarm(limit);
	while (waitid(P_PID, (id_t)test_child, &info, WEXITED | WNOWAIT) == -1)
		;
	alarm(0);
	kill(-test_child, SIGKILL); /* what the case may have left behind */
	waitpid(test_child, &status, 0);
	test_child = 0;
	return status;
}

static inline int
test_judge(size_t number, const struct test *test, int status)
{
	const char *at = test_report->at, *text = test_report->text;
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	int good = code == 0 || code == TEST_SKIPPED;

	printf("%sok %zu - %s%s%s\n", good ? "" : "not ", number, test->name,
	    code == TEST_SKIPPED ? " # SKIP " : "",
	    code == TEST_SKIPPED ? text : "");
	if (good)
		return 0;
	if (WIFSIGNALED(status))
		printf("# killed by signal %d, %s%s\n", WTERMSIG(status),
		    strsignal(WTERMSIG(status)),
		    WTERMSIG(status) == SIGKILL ? " (too slow?)" : "");
	else if (*text == '\0')
		printf("# exit status %d\n", code);
	if (*text != '\0')
		printf("# %s\n", text);
	printf("# the last check that held: %s\n", at ? at : "none");
	return 1;
}

/* -l: the names; else the case of that name, alone. */
static inline int
test_pick(const char *word, const struct test *tests, size_t count)
{
	int list = strcmp(word, "-l") == 0;
	size_t i;

	test_alone = 1;
	for (i = 0; i < count; i++)
		if (list)
			printf("%s\n", tests[i].name);
		else if (strcmp(tests[i].name, word) == 0) {
			test_run(&tests[i]);
			return printf("ok - %s\n", word) < 0;
		}
	if (!list)
		fprintf(stderr, "no case \"%s\"; -l lists them\n", word);
	return list ? 0 : 2;
}

static inline int
test_main(int argc, char **argv, const struct test *tests, size_t count)
{
	struct sigaction action;
	int failed = 0;
	size_t i;

	test_report = mmap(NULL, sizeof *test_report, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (test_report == MAP_FAILED)
		return perror("mmap"), 1;
	if (argc > 1)
		return test_pick(argv[1], tests, count);
	memset(&action, 0, sizeof action);
	action.sa_handler = test_kill;
	sigaction(SIGALRM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	printf("1..%zu%s\n", count, count == 0 ? " # SKIP nothing to do" : "");
	for (i = 0; i < count; i++)
		failed += test_judge(i + 1, &tests[i],
		    test_fork(&tests[i], (unsigned)(60 * test_slow()) + 1));
	return failed > 0;
}

#endif
