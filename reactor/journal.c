/*
 * SPDX-License-Identifier: ISC
 *
 * journal.c: a text that is only appended to.  It gathers in memory and goes
 * out in one write, so a program may be killed at any time and what was
 * flushed is whole.  While one writes a file others may join, in this process
 * or another (a child that inherits $REACTOR_TRACE does no harm): who comes
 * when nobody writes it begins it anew.  An error ends it, not the program.
 */
#include <sys/file.h>
#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "reactor/internal.h"

enum {
	JN_BUFFER = 1 << 15,
	JN_ROOM = 1024 /* for what is put between two calls of ready */
};

struct reactor__journal {
	int fd;   /* -1: it could not be written */
	int pipe; /* may be one: SIGPIPE */
	size_t length;
	char text[JN_BUFFER];
};

static int
jn_write(const struct reactor__journal *j)
{
	size_t done = 0;
	ssize_t n;

	while (done < j->length) {
		n = write(j->fd, j->text + done, j->length - done);
		if (n >= 0)
			done += (size_t)n;
		else if (errno == EAGAIN)
			return 0; /* nobody reads: better lost than late */
		else if (errno != EINTR)
			return -1;
	}
	return 0;
}

/* The program shall not die of a reader that went away. */
static int
jn_write_pipe(const struct reactor__journal *j)
{
	sigset_t pipe, was, pending;
	int result, before, number;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	sigemptyset(&pending);
	(void)pthread_sigmask(SIG_BLOCK, &pipe, &was);
	(void)sigpending(&pending);
	before = sigismember(&pending, SIGPIPE);
	result = jn_write(j);
	(void)sigpending(&pending);
	if (!before && sigismember(&pending, SIGPIPE))
		(void)sigwait(&pipe, &number);
	(void)pthread_sigmask(SIG_SETMASK, &was, NULL);
	return result;
}

void
reactor__journal_flush(struct reactor__journal *j)
{
	int error = errno;

	if (j->length > 0 && j->fd != -1 &&
	    (j->pipe ? jn_write_pipe(j) : jn_write(j)) == -1) {
		(void)close(j->fd);
		j->fd = -1;
	}
	j->length = 0;
	errno = error;
}

int
reactor__journal_ready(struct reactor__journal *j)
{
	if (sizeof(j->text) - j->length < JN_ROOM)
		reactor__journal_flush(j);
	return j->fd != -1;
}

void
reactor__journal_put(struct reactor__journal *j, const char *format, ...)
{
	size_t left = sizeof(j->text) - j->length;
	va_list list;
	int n;

	va_start(list, format);
	n = vsnprintf(j->text + j->length, left, format, list);
	va_end(list);
	if (n > 0)
		j->length += (size_t)n < left ? (size_t)n : left - 1;
}

void
reactor__journal_forget(struct reactor__journal *j)
{
	j->length = 0;
}

static int
jn_open(const char *file)
{
	if (strcmp(file, "-") == 0)
		return fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	return reactor__descriptor_high(open(
	    file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0666));
}

/* Everybody who writes it holds a shared lock. */
static void
jn_begin(struct reactor__journal *j, const char *head)
{
	if (flock(j->fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) {
		(void)!ftruncate(j->fd, 0);
		reactor__journal_put(j, "%s", head);
		reactor__journal_flush(j);
	}
	(void)flock(j->fd, LOCK_SH);
}

struct reactor__journal *
reactor__journal_open(const char *file, const char *head)
{
	struct reactor__journal *j = reactor__allocate(NULL, sizeof(*j));
	struct stat status;
	int error;

	if (j == NULL)
		return NULL;
	memset(j, 0, sizeof(*j));
	j->fd = jn_open(file);
	if (j->fd == -1) {
		error = errno;
		(void)reactor__allocate(j, 0);
		errno = error;
		return NULL;
	}
	j->pipe = fstat(j->fd, &status) == -1 || !S_ISREG(status.st_mode);
	if (strcmp(file, "-") != 0)
		jn_begin(j, head);
	return j;
}

void
reactor__journal_close(struct reactor__journal *j)
{
	reactor__journal_flush(j);
	if (j->fd != -1)
		(void)close(j->fd);
	(void)reactor__allocate(j, 0);
}
