/*
 * SPDX-License-Identifier: ISC
 *
 * server.h: a real server for a test, in a directory of its own.
 *
 *	static const char *const arguments[] = { "redis-server", "--port", "0",
 *		"--unixsocket", "socket", NULL };
 *	struct server s = { .arguments = arguments, .answers = answers };
 *
 *	server_open(&s);	its directory; ends the case if not installed
 *	server_start(&s);	runs it there, until it answers
 *	server_kill(&s, SIGKILL);
 *	server_start(&s);	once more, with what it has on disk
 *	server_close(&s);	stops it and removes the directory
 *
 * What a case leaves behind that fails or is killed, a shell removes that reads
 * from it until it is gone.  So do not fork without exec while a server runs.
 */
#ifndef TEST_SERVER_H
#define TEST_SERVER_H

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include "test.h"

#define SERVER_PATIENCE 40 /* seconds, for whatever it is to do */

struct server {
	const char *const *arguments;    /* the command's; NULL at the end */
	int (*answers)(struct server *); /* can it be talked to? NULL: yes */
	void *data;                      /* yours */
	char directory[32];              /* where it runs; absolute */
	char socket[48];                 /* "socket" in there, for free use */
	pid_t pid;                       /* 0: it does not run */
	pid_t broom;                     /* what removes all that is left */
	int handle;                      /* of the broom */
};

/* ---- Is it there? -------------------------------------------------------- */

/* The program's file, as found in PATH or where daemons are; NULL: nowhere. */
__attribute__((unused)) static const char *
server_find(const char *program)
{
	static char file[512];
	const char *path = getenv("PATH");
	char list[4096], *next = list, *directory;

	if (strchr(program, '/') != NULL)
		return access(program, X_OK) == 0 ? program : NULL;
	snprintf(list, sizeof(list), "%s:/usr/local/sbin:/usr/sbin:/sbin",
	    path != NULL ? path : "/usr/bin:/bin");
	while ((directory = strsep(&next, ":")) != NULL) {
		snprintf(file, sizeof(file), "%s/%s", directory, program);
		if (access(file, X_OK) == 0)
			return file;
	}
	return NULL;
}

/* Does anybody accept at this UNIX socket? */
__attribute__((unused)) static int
server_listens_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), answer;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	answer =
	    connect(fd, (const struct sockaddr *)&address, sizeof(address));
	close(fd);
	return answer == 0;
}

/* Does anybody accept at this port of 127.0.0.1? */
__attribute__((unused)) static int
server_listens(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), answer;

	answer =
	    connect(fd, (const struct sockaddr *)&address, sizeof(address));
	close(fd);
	return answer == 0;
}

/* A port of 127.0.0.1 that is free now. */
__attribute__((unused)) static int
server_port(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK_INT(bind(fd, (struct sockaddr *)&address, length), 0);
	CHECK_INT(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	CHECK_INT(close(fd), 0);
	return ntohs(address.sin_port);
}

/* ---- Its processes ------------------------------------------------------- */

/* In the child: its output goes to the file "log" of the directory. */
__attribute__((unused, noreturn)) static void
server_exec(const struct server *s, const char *const *arguments)
{
	const char *file = server_find(arguments[0]);

	if (chdir(s->directory) == -1 || file == NULL)
		_exit(127);
	close(0);
	close(1);
	if (open("/dev/null", O_RDONLY) != 0 ||
	    open("log", O_WRONLY | O_CREAT | O_APPEND, 0666) != 1)
		_exit(127);
	dup2(1, 2);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execv(file, (char *const *)(uintptr_t)arguments);
	_exit(127);
}

/* The end of what it had to say, when the case fails for that. */
__attribute__((unused, noreturn)) static void
server_fail(const struct server *s, const char *what)
{
	char name[48], text[700];
	ssize_t n = 0;
	int fd;

	snprintf(name, sizeof(name), "%s/log", s->directory);
	if ((fd = open(name, O_RDONLY)) != -1) {
		if (lseek(fd, 1 - (off_t)sizeof(text), SEEK_END) == -1)
			lseek(fd, 0, SEEK_SET);
		n = read(fd, text, sizeof(text) - 1);
	}
	text[n > 0 ? n : 0] = '\0';
	test_fail(
	    "%s %s: %s", s->arguments ? s->arguments[0] : "server", what, text);
}

/* Runs another command in the directory, to its end; returns its status. */
__attribute__((unused)) static int
server_run(const struct server *s, const char *const *arguments)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		server_exec(s, arguments);
	CHECK(pid != -1);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The broom learns what to kill. */
static inline void
server_tell(struct server *s, pid_t pid)
{
	s->pid = pid;
	CHECK(dprintf(s->handle, "%d\n", (int)pid) > 0);
}

/* In a session of its own, as the group of the case is killed with the case. */
__attribute__((unused)) static void
server_broom(struct server *s)
{
	static const char sweep[] =
	    "while read -r new; do pid=$new; done\n"
	    "case $pid in [1-9]*) kill -9 \"$pid\" 2>/dev/null ;; esac\n"
	    "for try in 1 2 3 4 5; do rm -rf \"$0\" && break; sleep 1; done";
	int fd[2];

	CHECK_INT(pipe2(fd, O_CLOEXEC), 0);
	if ((s->broom = fork()) == 0) {
		setsid();
		dup2(fd[0], 0);
		dup2(open("/dev/null", O_WRONLY), 1);
		dup2(1, 2);
		execl("/bin/sh", "sh", "-c", sweep, s->directory, NULL);
		_exit(127);
	}
	CHECK(s->broom != -1);
	CHECK_INT(close(fd[0]), 0);
	s->handle = fd[1];
}

/* ---- What a case calls --------------------------------------------------- */

/* Ends the case as skipped if the program is not installed. */
__attribute__((unused)) static void
server_open(struct server *s)
{
	if (server_find(s->arguments[0]) == NULL)
		test_leave(TEST_SKIPPED, "no %s here", s->arguments[0]);
	s->pid = 0;
	strcpy(s->directory, "/tmp/reactor-server.XXXXXX");
	CHECK(mkdtemp(s->directory) != NULL);
	server_broom(s);
	snprintf(s->socket, sizeof(s->socket), "%s/socket", s->directory);
}

__attribute__((unused)) static void
server_start(struct server *s)
{
	int64_t end =
	    test_clock() + (int64_t)(SERVER_PATIENCE * test_slow() * 1e9);
	pid_t pid = fork();

	if (pid == 0)
		server_exec(s, s->arguments);
	CHECK(pid != -1);
	server_tell(s, pid);
	while (s->answers != NULL && !s->answers(s)) {
		if (waitpid(pid, NULL, WNOHANG) == pid)
			server_fail(s, "ended");
		if (test_clock() > end)
			server_fail(s, "does not answer");
		usleep(5000);
	}
}

/* Sends it a signal, and waits for its end if that is one to die of. */
__attribute__((unused)) static void
server_kill(struct server *s, int number)
{
	CHECK_INT(kill(s->pid, number), 0);
	if (number == SIGSTOP || number == SIGCONT)
		return;
	CHECK_INT(waitpid(s->pid, NULL, 0), s->pid);
	server_tell(s, 0);
}

__attribute__((unused)) static void
server_close(struct server *s)
{
	if (s->pid > 0)
		server_kill(s, SIGKILL);
	CHECK_INT(close(s->handle), 0);
	CHECK_INT(waitpid(s->broom, NULL, 0), s->broom);
	CHECK_INT(access(s->directory, F_OK), -1);
}

#endif
