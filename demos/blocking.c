/*
 * SPDX-License-Identifier: ISC
 *
 * blocking.c: clients that know nothing of tasks.  They connect, write, poll
 * and read as one does in a thread; but task_hook lets them run many at once in
 * one thread, in the time of one.  The server, in a thread of its own, thinks a
 * tenth of a second about each answer.
 *
 *	build/demos/blocking
 *	build/demos/blocking 1000
 */
#include <sys/resource.h>
#include <sys/socket.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>
#include <coro/hook.h>
#include <coro/task.h>
#include "demos/option.h"

static const char usage[] =
    "usage: blocking [--backend=NAME] [--context=NAME] [N]\n"
    "Holds N (100) conversations of blocking code at once in one thread, with\n"
    "libreactor-hook; and, for comparison, one, and ten without the hook.\n";

enum { THINKING_MS = 100, WITHOUT = 10, MOST = 10000 };

static struct task_options options;
static struct sockaddr_in address; /* of the server */
static struct task_post stop;      /* the server is to end */

/* ---- The client: plain code, as it might be in any library --------------- */

static int
client_ask(int fd, char *answer, size_t size)
{
	static const char request[] = "GET / HTTP/1.0\r\n\r\n";
	struct pollfd p = { fd, POLLIN, 0 };
	ssize_t n;

	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) ==
		-1 ||
	    write(fd, request, sizeof(request) - 1) == -1 ||
	    poll(&p, 1, 60000) != 1)
		return -1;
	n = read(fd, answer, size - 1);
	answer[n > 0 ? n : 0] = '\0';
	return n > 0 ? 0 : -1;
}

static int
client_talk(void)
{
	char answer[256];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), result, error;

	if (fd == -1)
		return -1;
	result = client_ask(fd, answer, sizeof(answer));
	error = errno;
	close(fd);
	if (result == 0 && strstr(answer, " 200 ") == NULL) {
		error = EPROTO;
		result = -1;
	}
	errno = error;
	return result;
}

/* ---- Many of them -------------------------------------------------------- */

struct crowd {
	int n, hooked;
	int64_t took;
};

static intptr_t
conversation(void *hooked)
{
	if (task_hook((int)(intptr_t)hooked) == -1)
		return -1;
	return client_talk();
}

static intptr_t
crowd(void *argument)
{
	struct crowd *c = argument;
	struct task_failure failure;
	struct task_group group;
	int64_t begun = task_now();
	struct task *t;
	int i, result;

	if (task_group_enter(&group, TASK_FAIL_FAST) == -1)
		return -1;
	for (i = 0; i < c->n; i++) {
		t = task_group_spawn(
		    &group, conversation, (void *)(intptr_t)c->hooked);
		if (t == NULL)
			break;
		task_detach(t);
	}
	result = task_group_leave(&group, &failure, 1);
	c->took = task_now() - begun;
	if (i < c->n && result == 0) {
		errno = EAGAIN;
		return -1;
	}
	return result;
}

static void
crowd_show(const char *how, int n, int hooked)
{
	struct crowd c = { n, hooked, 0 };

	if (task_run(crowd, &c, &options) == -1)
		err(1, "%d conversations", n);
	printf("%-20s %13d %9.3f s\n", how, n,
	    (double)c.took / (double)REACTOR_SECOND);
	(void)fflush(stdout);
}

/* ---- The server ---------------------------------------------------------- */

static intptr_t
answer(void *guest)
{
	static const char text[] = "HTTP/1.0 200 OK\r\n\r\nHello.\n";
	int fd = (int)(intptr_t)guest;
	char request[256];

	if (task_read(fd, request, sizeof(request)) > 0 &&
	    task_sleep(THINKING_MS * REACTOR_MILLISECOND) == 0)
		(void)task_write_all(fd, text, sizeof(text) - 1);
	return task_close(fd);
}

static intptr_t
accepter(void *listener)
{
	struct task *t;
	int fd;

	while ((fd = task_accept((int)(intptr_t)listener, NULL, NULL)) != -1) {
		t = task_spawn(answer, (void *)(intptr_t)fd);
		if (t == NULL)
			task_close(fd);
		task_detach(t);
	}
	return -1;
}

/* When this returns, the others are cancelled. */
static intptr_t
server(void *listener)
{
	struct task *t;

	if (task_post_open(&stop) == -1)
		return -1;
	t = task_spawn(accepter, listener);
	if (t != NULL)
		(void)task_post_wait(&stop);
	task_detach(t);
	task_post_close(&stop);
	return 0;
}

static void *
server_thread(void *listener)
{
	(void)task_run(server, listener, &options);
	return NULL;
}

static int
server_listen(void)
{
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd == -1 || bind(fd, (struct sockaddr *)&address, length) == -1 ||
	    getsockname(fd, (struct sockaddr *)&address, &length) == -1 ||
	    listen(fd, MOST) == -1)
		err(1, "a server on this machine");
	return fd;
}

/* ---- The program --------------------------------------------------------- */

/* Both ends of a conversation are here. */
static void
raise_limit(int n)
{
	const rlim_t wanted = 2 * (rlim_t)n + 100;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1 || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

static int
number(int argc, char **argv)
{
	char *end = NULL;
	long n = 100;

	if (argc == 1)
		n = strtol(argv[0], &end, 10);
	if (argc > 1 || n < 1 || n > MOST || (end != NULL && *end != '\0'))
		option_wrong(usage);
	return (int)n;
}

/* The backend and the context are tried before a thread needs them. */
static intptr_t
nothing(void *unused)
{
	(void)unused;
	return 0;
}

static void
try_options(void)
{
	if (task_run(nothing, NULL, &options) == 0)
		return;
	if (reactor_error()[0] != '\0')
		errx(1, "%s", reactor_error());
	errx(1, "%s", coro_error());
}

int
main(int argc, char **argv)
{
	pthread_t thread;
	int n, listener, error;

	option_read(&argc, &argv, usage, &options.backend, &options.context);
	n = number(argc, argv);
	raise_limit(n);
	try_options();
	listener = server_listen();
	error = pthread_create(
	    &thread, NULL, server_thread, (void *)(intptr_t)listener);
	if (error != 0)
		errx(1, "pthread_create: %s", strerror(error));
	printf("%-20s %13s %11s\n", "", "conversations", "time");
	crowd_show("one", 1, 1);
	crowd_show("all at once", n, 1);
	crowd_show("without the hook", WITHOUT, 0);
	task_post_send(&stop);
	(void)pthread_join(thread, NULL);
	close(listener);
	return ferror(stdout) != 0;
}
