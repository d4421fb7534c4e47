/*
 * SPDX-License-Identifier: ISC
 *
 * spawn.c: commands, their pipes and how starting them fails: with nothing
 * left behind.
 */
#include <limits.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include "loop.h"
#include "without.h"

static int calls;

static void
ended(struct reactor *r, struct reactor_child *child)
{
	(void)r;
	(void)child;
	calls++;
}

static void
begin(struct reactor_child *child, struct reactor_command *command,
    const char *const *arguments)
{
	if (test_case->data != NULL && without(test_case->data) == -1)
		SKIP("no seccomp");
	memset(child, 0, sizeof(*child));
	memset(command, 0, sizeof(*command));
	child->callback = ended;
	command->arguments = arguments;
}

/* Runs a command of sh to its end; returns its exit status. */
static int
status_of(const char *script, const struct reactor_command *like)
{
	const char *const arguments[] = { "sh", "-c", script, NULL };
	struct reactor *r = loop_open();
	struct reactor_command command = *like;
	struct reactor_child child;

	memset(&child, 0, sizeof(child));
	child.callback = ended;
	command.arguments = arguments;
	CHECK_INT(reactor_spawn(r, &child, &command), 0);
	CHECK_INT(reactor_run(r), 0);
	CHECK(WIFEXITED(child.status));
	CHECK_INT(reactor_close(r), 0);
	return WEXITSTATUS(child.status);
}

static const struct reactor_command plain;

static void
exits(void)
{
	static const char *const arguments[] = { "sh", "-c", "exit 5", NULL };
	struct reactor *r;
	struct reactor_child child;
	struct reactor_command command;
	int i;

	begin(&child, &command, arguments);
	r = loop_open();
	CHECK_INT(reactor_spawn(r, &child, &command), 0);
	CHECK(child.pid > 0);
	CHECK_INT(calls, 0);
	for (i = 0; i < 3; i++)
		CHECK_INT(command.streams[i], -1);
	/* It is started already. */
	CHECK_INT(reactor_spawn(r, &child, &command), -1);
	CHECK_INT(errno, EINVAL);
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(calls, 1);
	CHECK_INT(child.error, 0);
	CHECK_INT(WEXITSTATUS(child.status), 5);
	CHECK_INT(reactor_spawn(r, &child, &command), 0);
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(calls, 2);
	CHECK_INT(reactor_close(r), 0);
}

/* Waits for what comes, and reads it to its end. */
static void
read_all(int fd, char *text, size_t size)
{
	size_t used = 0;
	ssize_t n;

	for (;;) {
		n = read(fd, text + used, size - 1 - used);
		if (n == 0)
			break;
		if (n > 0)
			used += (size_t)n;
		else if (errno == EAGAIN)
			loop_sleep(LOOP_MS);
		else
			test_fail("read: %s", strerror(errno));
	}
	text[used] = '\0';
}

static void
pipes(void)
{
	static const char *const arguments[] = { "sh", "-c",
		"read x; echo out $x; echo err $x >&2", NULL };
	struct reactor *r;
	struct reactor_child child;
	struct reactor_command command;
	char text[64];
	int i;

	begin(&child, &command, arguments);
	r = loop_open();
	command.pipes = REACTOR_STDIN | REACTOR_STDOUT | REACTOR_STDERR;
	CHECK_INT(reactor_spawn(r, &child, &command), 0);
	for (i = 0; i < 3; i++) {
		CHECK(command.streams[i] >= 3);
		CHECK(fcntl(command.streams[i], F_GETFL) & O_NONBLOCK);
		CHECK(fcntl(command.streams[i], F_GETFD) & FD_CLOEXEC);
	}
	CHECK_INT(read(command.streams[1], text, 1), -1);
	CHECK_INT(errno, EAGAIN);
	CHECK_INT(write(command.streams[0], "abc\n", 4), 4);
	CHECK_INT(close(command.streams[0]), 0);
	read_all(command.streams[1], text, sizeof(text));
	CHECK_STR(text, "out abc\n");
	read_all(command.streams[2], text, sizeof(text));
	CHECK_STR(text, "err abc\n");
	CHECK_INT(close(command.streams[1]), 0);
	CHECK_INT(close(command.streams[2]), 0);
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(child.status, 0);
	CHECK_INT(reactor_close(r), 0);
}

static void
surroundings(void)
{
	static const char *const environment[] = { "ONE=1", "TWO=2", NULL };
	struct reactor_command command;

	CHECK_INT(setenv("OURS", "yes", 1), 0);
	CHECK_INT(status_of("test \"$OURS\" = yes", &plain), 0);
	command = plain;
	command.environment = environment;
	CHECK_INT(status_of("test \"$ONE$TWO$OURS\" = 12", &command), 0);
	command.directory = "/usr";
	CHECK_INT(status_of("test \"$(pwd -P)\" = /usr", &command), 0);
}

static void
keep_from_commands(int fd)
{
	if (fd > 2)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* Descriptors, signal mask and actions of the command. */
static void
clean(void)
{
	static const char *const arguments[] = { "cat", "/proc/self/status",
		NULL };
	struct reactor *r = loop_open();
	struct reactor_signal handler;
	struct reactor_child child;
	struct reactor_command command;
	unsigned long long ignored;
	char text[8192];
	sigset_t set;

	/* What this program was given by others. */
	test_descriptors(keep_from_commands);
	begin(&child, &command, arguments);
	memset(&handler, 0, sizeof(handler));
	handler.number = SIGUSR1;
	handler.event.flags = REACTOR_BACKGROUND;
	CHECK_INT(reactor_signal_start(r, &handler), 0);
	CHECK(signal(SIGHUP, SIG_IGN) != SIG_ERR);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	CHECK_INT(sigprocmask(SIG_SETMASK, &set, NULL), 0);
	command.pipes = REACTOR_STDOUT;
	CHECK_INT(reactor_spawn(r, &child, &command), 0);
	read_all(command.streams[1], text, sizeof(text));
	CHECK_INT(close(command.streams[1]), 0);
	CHECK_INT(reactor_run(r), 0);
	/* Our mask, as it was before; nothing caught; ignored stays so. */
	CHECK(strstr(text, "SigBlk:\t0000000000000800") != NULL);
	CHECK(strstr(text, "SigCgt:\t0000000000000000") != NULL);
	CHECK(strstr(text, "SigIgn:\t") != NULL);
	ignored = strtoull(strstr(text, "SigIgn:\t") + 8, NULL, 16);
	CHECK(ignored & 1 << (SIGHUP - 1));
	CHECK((ignored & 1 << (SIGUSR1 - 1)) == 0);
	CHECK_INT(sigprocmask(SIG_SETMASK, NULL, &set), 0);
	CHECK_INT(sigismember(&set, SIGUSR2), 1);
	CHECK_INT(sigismember(&set, SIGTERM), 0);
	CHECK_INT(reactor_close(r), 0);
	/* Nothing of ours is open there: 3 is that of ls itself. */
	CHECK_INT(status_of("test \"$(ls /proc/self/fd | tr -d '\\n')\" = 0123",
		      &plain),
	    0);
}

static void
fails(const char *name, const char *directory, int error)
{
	const char *const arguments[] = { name, NULL };
	struct reactor *r = loop_open();
	struct reactor_command command;
	struct reactor_child child;
	struct reactor_statistics stats;
	int i;

	begin(&child, &command, arguments);
	child.pid = 77;
	command.directory = directory;
	command.pipes = REACTOR_STDIN | REACTOR_STDERR;
	errno = 0;
	CHECK_INT(reactor_spawn(r, &child, &command), -1);
	CHECK_INT(errno, error);
	CHECK_INT(child.pid, 77);
	for (i = 0; i < 3; i++)
		CHECK_INT(command.streams[i], -1);
	CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
	CHECK_INT(errno, ECHILD);
	reactor_stats(r, &stats);
	CHECK_INT(stats.active, 0);
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(calls, 0);
	CHECK_INT(reactor_close(r), 0);
}

static void
not_found(void)
{
	fails("there-is-no-such-command", NULL, ENOENT);
	fails("/there/is/no/such/command", NULL, ENOENT);
	fails("", NULL, ENOENT);
	fails("true", "/there/is/no/such/directory", ENOENT);
	fails("true", "/dev/null", ENOTDIR);
	fails("/", NULL, EACCES);
	fails("/etc/passwd", NULL, EACCES);
}

static void
too_big(void)
{
	static const char *arguments[600];
	static char word[100 * 1024];
	struct reactor *r = loop_open();
	struct reactor_command command;
	struct reactor_child child;
	int i;

	memset(word, 'x', sizeof(word) - 1);
	arguments[0] = "true";
	for (i = 1; i < 599; i++)
		arguments[i] = word;
	begin(&child, &command, arguments);
	CHECK_INT(reactor_spawn(r, &child, &command), -1);
	CHECK_INT(errno, E2BIG);
	CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
	CHECK_INT(reactor_close(r), 0);
}

static void
refuses(void)
{
	static const char *const none[] = { NULL };
	static const char *const some[] = { "true", NULL };
	struct reactor *r = loop_open();
	struct reactor_command command;
	struct reactor_child child;

	begin(&child, &command, NULL);
	CHECK_INT(reactor_spawn(r, &child, &command), -1);
	CHECK_INT(errno, EINVAL);
	command.arguments = none;
	CHECK_INT(reactor_spawn(r, &child, &command), -1);
	CHECK_INT(errno, EINVAL);
	command.arguments = some;
	command.pipes = 8;
	CHECK_INT(reactor_spawn(r, &child, &command), -1);
	CHECK_INT(errno, EINVAL);
	command.pipes = 0;
	child.event.priority = 5;
	CHECK_INT(reactor_spawn(r, &child, &command), -1);
	CHECK_INT(errno, EINVAL);
	CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
	CHECK_INT(reactor_close(r), 0);
}

static void
write_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0700);

	CHECK(fd != -1);
	CHECK_INT(write(fd, text, strlen(text)), strlen(text));
	CHECK_INT(fchmod(fd, mode), 0);
	CHECK_INT(close(fd), 0);
}

/* As execvp: by PATH, over what cannot be run, a script without #! by sh. */
static void
searches(void)
{
	const char *const arguments[] = { "reactor-tool", "4", NULL };
	char directory[] = "/tmp/reactor-spawn.XXXXXX", name[2][64], path[256];
	struct reactor *r = loop_open();
	struct reactor_command command;
	struct reactor_child child;

	CHECK(mkdtemp(directory) != NULL);
	snprintf(name[0], sizeof(name[0]), "%s/a", directory);
	CHECK_INT(mkdir(name[0], 0700), 0);
	snprintf(path, sizeof(path), "/no/such:%s/a:%s", directory, directory);
	CHECK_INT(setenv("PATH", path, 1), 0);
	snprintf(name[0], sizeof(name[0]), "%s/a/reactor-tool", directory);
	snprintf(name[1], sizeof(name[1]), "%s/reactor-tool", directory);
	write_file(name[0], "exit 1\n", 0600);
	begin(&child, &command, arguments);
	CHECK_INT(reactor_spawn(r, &child, &command), -1);
	CHECK_INT(errno, EACCES);
	write_file(name[1], "exit $(($1 + 1))\n", 0700);
	CHECK_INT(reactor_spawn(r, &child, &command), 0);
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(WEXITSTATUS(child.status), 5);
	CHECK_INT(unlink(name[0]), 0);
	CHECK_INT(unlink(name[1]), 0);
	snprintf(name[0], sizeof(name[0]), "%s/a", directory);
	CHECK_INT(rmdir(name[0]), 0);
	CHECK_INT(rmdir(directory), 0);
	CHECK_INT(unsetenv("PATH"), 0);
	CHECK_INT(reactor_close(r), 0);
	CHECK_INT(status_of("exit 6", &plain), 6);
}

static void
low_descriptors(void)
{
	static const char *const arguments[] = { "sh", "-c",
		"cat; echo e >&2; exit 3", NULL };
	struct reactor *r;
	struct reactor_command command;
	struct reactor_child child;
	char text[16];
	int fd, i;

	for (fd = 0; fd < 3; fd++)
		close(fd);
	begin(&child, &command, arguments);
	r = loop_open();
	command.pipes = REACTOR_STDIN | REACTOR_STDOUT | REACTOR_STDERR;
	CHECK_INT(reactor_spawn(r, &child, &command), 0);
	for (i = 0; i < 3; i++) {
		CHECK(command.streams[i] >= 3);
		CHECK_INT(fcntl(i, F_GETFD), -1);
	}
	CHECK_INT(write(command.streams[0], "hi", 2), 2);
	CHECK_INT(close(command.streams[0]), 0);
	read_all(command.streams[1], text, sizeof(text));
	CHECK_STR(text, "hi");
	read_all(command.streams[2], text, sizeof(text));
	CHECK_STR(text, "e\n");
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(WEXITSTATUS(child.status), 3);
	CHECK_INT(close(command.streams[1]), 0);
	CHECK_INT(close(command.streams[2]), 0);
	CHECK_INT(reactor_close(r), 0);
}

static int opened;

static void
count_open(int fd)
{
	(void)fd;
	opened++;
}

static int
open_now(void)
{
	opened = 0;
	test_descriptors(count_open);
	return opened;
}

/* Each step at which descriptors can run out. */
static void
no_descriptors(void)
{
	static const char *const arguments[] = { "true", NULL };
	struct reactor *r;
	struct reactor_command command;
	struct reactor_child child;
	struct rlimit was, limit;
	int failed = 0, result = -1, before;

	begin(&child, &command, arguments);
	r = loop_open();
	CHECK_INT(reactor_run_once(r, 0), 0);
	CHECK_INT(getrlimit(RLIMIT_NOFILE, &was), 0);
	before = open_now();
	command.pipes = REACTOR_STDIN | REACTOR_STDOUT | REACTOR_STDERR;
	for (limit = was, limit.rlim_cur = 3; result == -1; limit.rlim_cur++) {
		CHECK_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
		result = reactor_spawn(r, &child, &command);
		CHECK(result == 0 || errno == EMFILE);
		CHECK_INT(setrlimit(RLIMIT_NOFILE, &was), 0);
		if (result == 0)
			break;
		failed++;
		CHECK_INT(open_now(), before);
		CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
		CHECK_INT(errno, ECHILD);
		CHECK_INT(reactor_run_once(r, 0), 0);
	}
	CHECK(failed >= 8);
	CHECK_INT(close(command.streams[0]), 0);
	CHECK_INT(close(command.streams[1]), 0);
	CHECK_INT(close(command.streams[2]), 0);
	CHECK_INT(reactor_run(r), 0);
	CHECK_INT(child.status, 0);
	CHECK_INT(calls, 1);
	CHECK_INT(reactor_close(r), 0);
}

/* When the handler cannot be started, the command has not run. */
static void
no_memory(void)
{
	char name[] = "/tmp/reactor-spawn.XXXXXX";
	const char *const arguments[] = { "rm", name, NULL };
	int failed = -1, i, before, fd = mkstemp(name);
	struct reactor *r;
	struct reactor_command command;
	struct reactor_child child;

	CHECK(fd != -1);
	CHECK_INT(close(fd), 0);
	begin(&child, &command, arguments);
	reactor_set_allocator(loop_stingy);
	for (i = 0; failed == -1; i++) {
		loop_left = 1000;
		r = loop_open();
		before = open_now();
		loop_left = i;
		command.pipes = REACTOR_STDOUT;
		failed = reactor_spawn(r, &child, &command);
		loop_left = 1000;
		CHECK(access(name, F_OK) == 0 || failed == 0);
		if (failed == -1) {
			CHECK_INT(errno, ENOMEM);
			CHECK_INT(open_now(), before);
			CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
		} else {
			CHECK_INT(close(command.streams[1]), 0);
		}
		CHECK_INT(reactor_run(r), 0);
		CHECK_INT(reactor_close(r), 0);
	}
	CHECK(i >= 5);
	CHECK_INT(calls, 1);
	CHECK_INT(access(name, F_OK), -1);
	reactor_set_allocator(NULL);
}

/* clang-format off */
#define BOTH(name, run)                                                     \
	{ name, run, 0, NULL },                                             \
	{ name " (no pidfd)", run, 0, "pidfd_open" }
/* clang-format on */

static const struct test tests[] = {
	BOTH("a command ends", exits),
	BOTH("pipes", pipes),
	TEST("environment and directory", surroundings),
	BOTH("mask, actions and descriptors of the command", clean),
	TEST("what cannot be run", not_found),
	TEST("too many arguments", too_big),
	TEST("bad arguments", refuses),
	TEST("PATH", searches),
	TEST_FLAGS("0 to 2 closed", low_descriptors, TEST_LEAKY),
	BOTH("no descriptors left, at each step", no_descriptors),
	BOTH("no memory, at each step", no_memory),
};

TEST_MAIN(tests)
