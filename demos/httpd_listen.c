/*
 * SPDX-License-Identifier: ISC
 *
 * httpd_listen.c: the sockets of the server: those that were handed over, or
 * else one for each address and loop.  What fails ends the program.
 */
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "demos/demo.h"
#include "demos/httpd.h"

/*
 * Bytes of an answer that wait in the system: with more, one who takes them
 * slowly would seem to take nothing for minutes.
 */
enum { HSK_UNSENT = 128 * 1024 };

static char hsk_default[] = "127.0.0.1:8080";
static char *hsk_addresses[HTTPD_SOCKETS];
static size_t hsk_count, hsk_made;
static int hsk_fds[HTTPD_LOOPS][HTTPD_SOCKETS];
static size_t hsk_sockets; /* of each loop */

/* ---- Addresses ----------------------------------------------------------- */

static void
hsk_add(char *address)
{
	if (hsk_count < HTTPD_SOCKETS)
		hsk_addresses[hsk_count] = address;
	hsk_count++;
}

void
httpd_listen_gather(int argc, char **argv)
{
	char *list;
	int i;

	for (i = 1; i < argc; i++) {
		if (strncmp(argv[i], "--address=", 10) != 0)
			continue;
		list = strdup(argv[i] + 10);
		if (list == NULL)
			demo_fail("cannot start: %s", strerror(errno));
		while (list != NULL)
			hsk_add(strsep(&list, ","));
	}
}

/* Can each loop have a socket of its own there? */
static int
hsk_shares(const char *address)
{
	return *address == '/' || *address == '@' ||
	    strncmp(address, "fd:", 3) == 0;
}

/* ---- Sockets ------------------------------------------------------------- */

static void
hsk_copy(size_t loops, size_t socket)
{
	size_t i;

	for (i = 1; i < loops; i++) {
		hsk_fds[i][socket] =
		    fcntl(hsk_fds[0][socket], F_DUPFD_CLOEXEC, 3);
		if (hsk_fds[i][socket] == -1)
			demo_fail("cannot copy a socket: %s", strerror(errno));
	}
}

static size_t
hsk_make(const char *address, size_t loops, size_t loop)
{
	const struct reactor_listen_options options = {
		.flags =
		    loops > 1 && !hsk_shares(address) ? REACTOR_REUSEPORT : 0,
	};
	int n = reactor_listen(address, &options, hsk_fds[loop] + hsk_sockets,
	    HTTPD_SOCKETS - hsk_sockets);

	if (n == -1 && errno == EINVAL)
		demo_usage("--address=%s: not an address", address);
	if (n == -1)
		demo_fail("cannot listen at %s: %s", address, strerror(errno));
	return (size_t)n;
}

/* The same address, with the port that the first socket got. */
static void
hsk_again(char *again, size_t size, const char *address)
{
	char text[REACTOR_ADDRESS_TEXT];
	struct reactor_address bound;
	const char *colon = strrchr(address, ':');

	if (reactor_address_local(&bound, hsk_fds[0][hsk_sockets]) == -1)
		demo_fail("%s: %s", address, strerror(errno));
	(void)reactor_address_text(&bound, text, sizeof(text));
	(void)snprintf(again, size, "%.*s%s", (int)(colon - address), address,
	    strrchr(text, ':'));
}

static void
hsk_listen(const char *address, size_t loops)
{
	char again[2 * REACTOR_ADDRESS_TEXT];
	size_t i, n;

	if (*address == '\0' || strlen(address) >= REACTOR_ADDRESS_TEXT)
		demo_usage("--address=%s: not an address", address);
	if (hsk_sockets == HTTPD_SOCKETS)
		demo_usage("more than %d sockets", HTTPD_SOCKETS);
	n = hsk_make(address, loops, 0);
	if (hsk_shares(address)) {
		hsk_copy(loops, hsk_sockets);
	} else {
		hsk_again(again, sizeof(again), address);
		for (i = 1; i < loops; i++)
			if (hsk_make(again, loops, i) != n)
				demo_fail("cannot listen at %s again", again);
	}
	hsk_sockets += n;
}

/* The files of UNIX sockets that are ours. */
static void
hsk_unlink(void)
{
	while (hsk_made-- > 0)
		if (*hsk_addresses[hsk_made] == '/')
			(void)unlink(hsk_addresses[hsk_made]);
}

void
httpd_listen_open(size_t loops)
{
	int n = reactor_listen_inherited(hsk_fds[0], HTTPD_SOCKETS);
	size_t i;

	if (n == -1)
		demo_fail("LISTEN_FDS: %s", strerror(errno));
	for (hsk_sockets = 0; hsk_sockets < (size_t)n; hsk_sockets++)
		hsk_copy(loops, hsk_sockets);
	if (n > 0)
		hsk_count = 0;
	else if (hsk_count == 0)
		hsk_add(hsk_default);
	if (hsk_count > HTTPD_SOCKETS)
		demo_usage("more than %d addresses", HTTPD_SOCKETS);
	if (atexit(hsk_unlink) != 0)
		demo_fail("cannot start: %s", strerror(errno));
	for (i = 0; i < hsk_count; i++, hsk_made++)
		hsk_listen(hsk_addresses[i], loops);
	for (i = 0; i < loops * hsk_sockets; i++)
		(void)setsockopt(hsk_fds[i / hsk_sockets][i % hsk_sockets],
		    IPPROTO_TCP, TCP_NOTSENT_LOWAT, &(int){ HSK_UNSENT },
		    sizeof(int));
}

const int *
httpd_listen_sockets(size_t loop, size_t *count)
{
	*count = hsk_sockets;
	return hsk_fds[loop];
}

/* ---- For people ---------------------------------------------------------- */

static void
hsk_print(int fd)
{
	char text[REACTOR_ADDRESS_TEXT];
	struct reactor_address address;

	if (reactor_address_local(&address, fd) == -1)
		demo_fail("cannot tell the address: %s", strerror(errno));
	(void)reactor_address_text(&address, text, sizeof(text));
	(void)printf(hsk_shares(text) ? "%s\n" : "http://%s/\n", text);
}

void
httpd_listen_tell(void)
{
	size_t i;

	for (i = 0; i < hsk_sockets; i++)
		hsk_print(hsk_fds[0][i]);
	if (fflush(stdout) == EOF)
		demo_fail("cannot write standard output: %s", strerror(errno));
}
