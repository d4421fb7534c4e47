/*
 * SPDX-License-Identifier: ISC
 *
 * client.c: what test/demos.t needs and not every system has.
 *
 *	client [-s] ADDRESS	connects (HOST:PORT, or a path), sends standard
 *				input, prints what comes; -s: reads nothing
 *				before no more can be sent
 *	client -c N ADDRESS	N connections, held until standard input ends
 *	client -r ADDRESS	sends a little, and resets the connection
 *	client -t N COMMAND...	is the command, with N seconds to live and the
 *				signals at their defaults
 *	client -p COMMAND...	the command in a terminal: types standard input,
 *				then ^D, and prints what appears
 */
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define LIMIT 30   /* seconds that any of this may take */
#define STUCK 2000 /* ms after which no more can be sent, it seems */

/* ---- Connections --------------------------------------------------------- */

static int
connect_unix(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == -1)
		err(1, "%s", path);
	return fd;
}

/* So that not much is under way when nobody reads. */
static void
make_narrow(int fd)
{
	int size = 16384;

	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

static int
connect_inet(const char *where, int narrow)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	const char *colon = strrchr(where, ':');
	int brackets = *where == '[', fd;
	struct addrinfo *list;
	char host[256];

	if (colon == NULL)
		errx(2, "%s: HOST:PORT?", where);
	snprintf(host, sizeof(host), "%.*s",
	    (int)(colon - where) - 2 * brackets, where + brackets);
	if (getaddrinfo(host, colon + 1, &hints, &list) != 0)
		errx(1, "%s: no such address", where);
	fd = socket(list->ai_family, SOCK_STREAM, 0);
	if (narrow)
		make_narrow(fd);
	if (connect(fd, list->ai_addr, list->ai_addrlen) == -1)
		err(1, "%s", where);
	freeaddrinfo(list);
	return fd;
}

static int
connect_to(const char *where, int narrow)
{
	return strchr(where, '/') != NULL ? connect_unix(where)
					  : connect_inet(where, narrow);
}

/* ---- Copying ------------------------------------------------------------- */

struct buffer {
	char bytes[65536];
	size_t length;
	int ended;
};

static void
buffer_fill(struct buffer *b, int fd)
{
	ssize_t n = read(fd, b->bytes, sizeof(b->bytes));

	if (n == -1 && errno == EAGAIN)
		return;
	b->ended = n <= 0; /* a terminal ends with EIO */
	b->length = n > 0 ? (size_t)n : 0;
}

static void
buffer_drain(struct buffer *b, int fd)
{
	ssize_t n = write(fd, b->bytes, b->length);

	if (n == -1 && errno == EAGAIN)
		return;
	if (n == -1) {
		b->length = 0;
		b->ended = 1;
		return;
	}
	b->length -= (size_t)n;
	memmove(b->bytes, b->bytes + n, b->length);
}

/*
 * Standard input goes to fd, then `end` is called; what fd says is printed,
 * until it ends.  While `slow`, nothing is read.
 */
static void
copy(int fd, int slow, void (*end)(int))
{
	static struct buffer in, out;
	struct pollfd p[2];

	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	while (!out.ended) {
		p[0].fd = in.ended || in.length > 0 ? -1 : STDIN_FILENO;
		p[0].events = POLLIN;
		p[1].fd = fd;
		p[1].events = (short)((slow ? 0 : POLLIN) |
		    (in.length > 0 ? POLLOUT : 0));
		if (poll(p, 2, slow ? STUCK : -1) == 0)
			slow = 0;
		if (p[0].fd != -1 && p[0].revents != 0) {
			buffer_fill(&in, STDIN_FILENO);
			if (in.ended)
				end(fd);
		}
		if (p[1].revents & POLLOUT)
			buffer_drain(&in, fd);
		if (!slow && p[1].revents & (POLLIN | POLLHUP | POLLERR))
			buffer_fill(&out, fd);
		while (out.length > 0)
			buffer_drain(&out, STDOUT_FILENO);
	}
}

static void
end_socket(int fd)
{
	shutdown(fd, SHUT_WR);
}

static void
end_terminal(int fd)
{
	(void)!write(fd, "\004", 1);
}

static void
talk(const char *where, int slow)
{
	copy(connect_to(where, slow), slow, end_socket);
}

static void
hold(const char *where, int count)
{
	char byte;

	while (count-- > 0)
		connect_to(where, 0);
	puts("held");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
}

static void
reset(const char *where)
{
	struct linger none = { .l_onoff = 1, .l_linger = 0 };
	int fd = connect_to(where, 0);

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	(void)!write(fd, "half a li", 9);
	close(fd);
}

/* ---- Commands ------------------------------------------------------------ */

static void
become(char **command)
{
	signal(SIGINT, SIG_DFL); /* a shell ignores it for its jobs */
	signal(SIGQUIT, SIG_DFL);
	execvp(command[0], command);
	err(127, "%s", command[0]);
}

/* Shows what is typed neither twice nor with carriage returns. */
static void
make_plain(int fd)
{
	struct termios termios;

	if (tcgetattr(fd, &termios) == -1)
		err(1, "tcgetattr");
	termios.c_lflag &= ~(tcflag_t)ECHO;
	termios.c_oflag &= ~(tcflag_t)OPOST;
	tcsetattr(fd, TCSANOW, &termios);
}

static int
in_terminal(char **command)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY), terminal, status;
	pid_t pid;

	if (fd == -1 || grantpt(fd) == -1 || unlockpt(fd) == -1 ||
	    (terminal = open(ptsname(fd), O_RDWR | O_NOCTTY)) == -1)
		err(77, "no terminals here");
	make_plain(terminal);
	if ((pid = fork()) == 0) {
		setsid();
		ioctl(terminal, TIOCSCTTY, 0);
		dup2(terminal, 0);
		dup2(terminal, 1);
		dup2(terminal, 2);
		close(terminal);
		close(fd);
		become(command);
	}
	close(terminal);
	copy(fd, 0, end_terminal);
	if (pid == -1 || waitpid(pid, &status, 0) == -1)
		err(1, "waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int
main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	alarm(LIMIT);
	signal(SIGPIPE, SIG_IGN);
	if (strcmp(what, "-t") == 0 && argc > 3) {
		signal(SIGPIPE, SIG_DFL);
		alarm((unsigned)atoi(argv[2]));
		become(argv + 3);
	}
	if (strcmp(what, "-p") == 0 && argc > 2)
		return in_terminal(argv + 2);
	if (strcmp(what, "-c") == 0 && argc == 4)
		hold(argv[3], atoi(argv[2]));
	else if (strcmp(what, "-r") == 0 && argc == 3)
		reset(argv[2]);
	else if (strcmp(what, "-s") == 0 && argc == 3)
		talk(argv[2], 1);
	else if (argc == 2 && *what != '-')
		talk(what, 0);
	else
		errx(2, "see the head of client.c");
	return 0;
}
