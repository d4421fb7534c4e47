/*
 * SPDX-License-Identifier: ISC
 *
 * chat.c: a room where every line goes to everybody else.  Write interest only
 * while there is something to write; a member who reads too slowly misses
 * lines, and is told how many, but never delays the others or costs memory.
 *
 *	build/demos/chat 7777		nc localhost 7777, from several windows
 */
#include <signal.h>
#include <reactor/reactor.h>
#include "demos/listen.h"
#include "demos/option.h"

static const char usage[] =
    "usage: chat [--backend=NAME] [[HOST:]PORT | PATH]\n"
    "A chat room over TCP, or over a UNIX socket if there is a slash in the\n"
    "PATH.  Without PORT, or with 0, any free one on this machine.\n";

struct member {
	struct reactor_io io;
	struct member *next, **place; /* in the list of all */
	char name[24];                /* "": not introduced yet */
	size_t length;                /* of the line that is coming in */
	size_t unsent;                /* of the output */
	unsigned missed;              /* lines that found no room there */
	char line[512];
	char output[65536];
};

static struct member *members;

/* ---- Telling ------------------------------------------------------------- */

static void
member_want(struct reactor *r, struct member *m, unsigned char wanted)
{
	if (m->io.wanted == wanted)
		return;
	m->io.wanted = wanted;
	reactor_io_start(r, &m->io); /* of a started handler: cannot fail */
}

/* All of the line or, if there is no room for it, nothing. */
static void
member_tell(struct reactor *r, struct member *m, const char *line)
{
	size_t length = strlen(line);

	if (m->missed > 0 || length > sizeof(m->output) - m->unsent) {
		m->missed++;
		return;
	}
	memcpy(m->output + m->unsent, line, length);
	m->unsent += length;
	member_want(r, m, REACTOR_READ | REACTOR_WRITE);
}

/* What one does or says: "NAME does something". */
static void
member_tell_others(struct reactor *r, const struct member *one,
    const char *before, const char *between, const char *text)
{
	char line[sizeof(one->name) + sizeof(one->line) + 32];
	struct member *m;

	if (one->name[0] == '\0')
		return;
	snprintf(
	    line, sizeof(line), "%s%s%s%s\n", before, one->name, between, text);
	for (m = members; m != NULL; m = m->next)
		if (m != one && m->name[0] != '\0')
			member_tell(r, m, line);
}

/* -1 when the connection is over. */
static int
member_flush(struct reactor *r, struct member *m)
{
	char line[64];
	ssize_t n =
	    send(m->io.fd, m->output, m->unsent, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n == -1)
		return errno == EAGAIN ? 0 : -1;
	m->unsent -= (size_t)n;
	memmove(m->output, m->output + n, m->unsent);
	if (m->unsent > 0)
		return 0;
	member_want(r, m, REACTOR_READ);
	if (m->missed > 0) {
		snprintf(
		    line, sizeof(line), "* you missed %u lines\n", m->missed);
		m->missed = 0;
		member_tell(r, m, line);
	}
	return 0;
}

/* ---- Coming and going ---------------------------------------------------- */

static void
member_end(struct reactor *r, struct member *m)
{
	reactor_io_stop(r, &m->io);
	close(m->io.fd);
	*m->place = m->next;
	if (m->next != NULL)
		m->next->place = m->place;
	free(m);
}

static void
member_leave(struct reactor *r, struct member *m)
{
	if (m->unsent > 0)
		member_flush(r, m);
	member_tell_others(r, m, "* ", " left", "");
	member_end(r, m);
}

static int
member_taken(const char *name)
{
	struct member *m;

	for (m = members; m != NULL; m = m->next)
		if (strcmp(m->name, name) == 0)
			return 1;
	return 0;
}

/* The first line is the name. */
static void
member_introduce(struct reactor *r, struct member *m)
{
	if (m->length == 0 || m->length >= sizeof(m->name)) {
		member_tell(r, m, "* a name of 1 to 23 bytes, please\n");
	} else if (member_taken(m->line)) {
		member_tell(r, m, "* that name is taken; another one?\n");
	} else {
		memcpy(m->name, m->line, m->length + 1);
		member_tell(r, m, "* welcome\n");
		member_tell_others(r, m, "* ", " joined", "");
	}
}

/* ---- Listening ----------------------------------------------------------- */

static void
member_line(struct reactor *r, struct member *m)
{
	m->line[m->length] = '\0';
	if (m->name[0] == '\0')
		member_introduce(r, m);
	else
		member_tell_others(r, m, "", ": ", m->line);
	m->length = 0;
}

/* A line longer than our room for it goes out in pieces. */
static void
member_byte(struct reactor *r, struct member *m, unsigned char c)
{
	if (c == '\n' || m->length == sizeof(m->line) - 1)
		member_line(r, m);
	if (c == '\n' || c == '\r')
		return;
	/* Nobody commands the terminals of others. */
	m->line[m->length++] = c < ' ' || c == 0x7f ? '?' : (char)c;
}

/* -1 when the connection is over. */
static int
member_hear(struct reactor *r, struct member *m)
{
	unsigned char bytes[1024];
	ssize_t n = recv(m->io.fd, bytes, sizeof(bytes), MSG_DONTWAIT), i;

	for (i = 0; i < n; i++)
		member_byte(r, m, bytes[i]);
	return n > 0 || (n == -1 && errno == EAGAIN) ? 0 : -1;
}

static void
member_ready(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	struct member *m = REACTOR_OWNER(io, struct member, io);

	if (ready & REACTOR_BAD ||
	    (ready & REACTOR_WRITE && member_flush(r, m) == -1) ||
	    (ready & REACTOR_READ && member_hear(r, m) == -1))
		member_leave(r, m);
}

static void
member_come(struct reactor *r, int fd)
{
	struct member *m = calloc(1, sizeof(*m));

	if (m == NULL) {
		close(fd);
		return;
	}
	m->io.event.name = "member";
	m->io.callback = member_ready;
	m->io.fd = fd;
	m->io.wanted = REACTOR_READ;
	if ((m->next = members) != NULL)
		m->next->place = &m->next;
	m->place = &members;
	members = m;
	if (reactor_io_start(r, &m->io) == -1)
		member_end(r, m);
	else
		member_tell(r, m, "* your name?\n");
}

/* ---- The program --------------------------------------------------------- */

static void
quit(struct reactor *r, struct reactor_signal *signal,
    const struct reactor_signal_info *info)
{
	(void)signal;
	(void)info;
	reactor_stop(r);
}

static struct reactor_signal signals[] = {
	{ .event.name = "SIGINT", .callback = quit, .number = SIGINT },
	{ .event.name = "SIGTERM", .callback = quit, .number = SIGTERM },
};

int
main(int argc, char **argv)
{
	struct reactor_options options = { 0 };
	struct listener listener;
	struct reactor *r;
	int status;

	options.backend = option_backend(&argc, &argv, usage);
	if (argc > 1)
		option_wrong(usage);
	if ((r = reactor_open(&options)) == NULL)
		errx(1, "%s", reactor_error());
	if (reactor_signal_start(r, &signals[0]) == -1 ||
	    reactor_signal_start(r, &signals[1]) == -1)
		err(1, "reactor_signal_start");
	listen_start(r, &listener, argc > 0 ? argv[0] : "0", member_come);
	if ((status = reactor_run(r)) == -1)
		warn("reactor_run");
	listen_end(r, &listener);
	while (members != NULL)
		member_end(r, members);
	reactor_close(r);
	return status == -1;
}
