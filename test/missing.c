/*
 * SPDX-License-Identifier: ISC
 *
 * missing.c: tests without.h and the launcher beside this program, on which
 * the tests of the fall-backs rely.
 */
#include <limits.h>
#include <sys/syscall.h>
#include "test.h"
#include "without.h"

static void
take(const char *names)
{
	if (without(names) == -1) {
		if (errno == ENOSYS)
			SKIP("no such filter here");
		test_fail("%s: %s", names, strerror(errno));
	}
}

static void
answers(void)
{
	int fd[2];

	take("socketpair,dup3=EMFILE");
	errno = 0;
	CHECK_INT(syscall(SYS_socketpair, 1, 1, 0, fd), -1);
	CHECK_INT(errno, ENOSYS);
	CHECK_INT(syscall(SYS_dup3, 0, 9, 0), -1);
	CHECK_INT(errno, EMFILE);
	/* The others work. */
	CHECK_INT(syscall(SYS_getpid), getpid());
	CHECK_INT(syscall(SYS_dup3, -1, 9, 0) == -1 && errno == EMFILE, 1);
}

static void
by_argument(void)
{
	take("dup3:1=9=EACCES,dup3:1=8");
	CHECK_INT(syscall(SYS_dup3, 0, 9, 0), -1);
	CHECK_INT(errno, EACCES);
	CHECK_INT(syscall(SYS_dup3, 0, 8, 0), -1);
	CHECK_INT(errno, ENOSYS);
	CHECK_INT(syscall(SYS_dup3, 0, 7, 0), 7);
	CHECK_INT(close(7), 0);
}

static void
refuses(void)
{
	static const char *const bad[] = { "no_such_call", "dup3=ENOTHING",
		"dup3:6=1", "dup3,", "dup3,,socketpair" };
	char many[1100];
	int i;

	take("dup3");
	for (i = 0; i < 3; i++) {
		CHECK_INT(without(bad[i]), -1);
		CHECK_INT(errno, EINVAL);
	}
	/* Empty names are passed over. */
	CHECK_INT(without(bad[3]), 0);
	CHECK_INT(without(bad[4]), 0);
	memset(many, ',', sizeof(many));
	many[sizeof(many) - 1] = '\0';
	CHECK_INT(without(many), -1);
	for (i = 0; i < 33; i++)
		memcpy(many + 5 * i, "dup3,", 6);
	CHECK_INT(without(many), -1);
	CHECK_INT(errno, EINVAL);
}

/* Runs the launcher; returns the exit status. */
static int
launch(const char *names, const char *command, const char *argument)
{
	char tool[PATH_MAX], *slash;
	ssize_t n = readlink("/proc/self/exe", tool, sizeof(tool) - 16);
	int status;
	pid_t pid;

	if (n <= 0)
		SKIP("no /proc");
	tool[n] = '\0';
	slash = strrchr(tool, '/');
	strcpy(slash, "/without");
	if (access(tool, X_OK) == -1)
		SKIP("the launcher is not built");
	pid = fork();
	if (pid == 0) {
		close(2);
		execl(tool, "without", names, "--", command, argument,
		    (char *)NULL);
		_exit(99);
	}
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
launches(void)
{
	int status = launch("dup3", "true", NULL);

	if (status == 77)
		SKIP("no such filter here");
	CHECK_INT(status, 0);
	CHECK_INT(launch("dup3", "false", NULL), 1);
	CHECK_INT(launch("dup3", "there-is-no-such-command", NULL), 127);
	CHECK_INT(launch("no_such_call", "true", NULL), 2);
}

static const struct test tests[] = {
	TEST("calls answer the error", answers),
	TEST("by an argument", by_argument),
	TEST("what is not understood", refuses),
	TEST("the launcher", launches),
};

TEST_MAIN(tests)
