/*
 * SPDX-License-Identifier: ISC
 *
 * serve_client.c: a client that blocks.  It asks for one page again and again,
 * on one connection, and notes how long each answer takes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "demos/demo.h"
#include "demos/serve.h"

static int
sk_connect(const struct serve_client *client)
{
	int fd =
	    socket(client->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd != -1 &&
	    connect(fd, (const struct sockaddr *)&client->address,
		client->length) == 0)
		return fd;
	close(fd);
	return -1;
}

/* How much of an answer there is to come yet; -1: that is no answer. */
static long
sk_missing(const char *text, size_t got)
{
	static const char field[] = "Content-Length: ";
	const char *length = strstr(text, field);
	const char *body = strstr(text, "\r\n\r\n");

	if (strncmp(text, "HTTP/1.1 200 ", got < 13 ? got : 13) != 0)
		return -1;
	if (body == NULL)
		return 1;
	if (length == NULL || length > body)
		return -1;
	return (body + 4 - text) + atol(length + sizeof(field) - 1) - (long)got;
}

/* 0, or -1. */
static int
sk_ask(int fd, const char *path)
{
	char text[8192];
	size_t got = 0;
	long missing = 1;
	ssize_t n;
	int length = snprintf(text, sizeof(text),
	    "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);

	if (send(fd, text, (size_t)length, MSG_NOSIGNAL) != length)
		return -1;
	while (missing > 0 && got < sizeof(text) - 1) {
		n = recv(fd, text + got, sizeof(text) - 1 - got, 0);
		if (n <= 0)
			return -1;
		got += (size_t)n;
		text[got] = '\0';
		missing = sk_missing(text, got);
	}
	return missing == 0 ? 0 : -1;
}

static void
sk_talk(struct serve_client *client, int fd)
{
	const struct timespec pause = { .tv_nsec = (long)client->pause };
	int64_t end = demo_now() + client->time, began;

	while (!client->failed && demo_now() < end) {
		began = demo_now();
		client->failed = sk_ask(fd, client->path) == -1;
		if (!client->failed)
			figure_add(&client->seen, demo_now() - began);
		if (client->pause > 0)
			nanosleep(&pause, NULL);
	}
}

void
serve_client_talk(struct serve_client *client)
{
	int fd = sk_connect(client);

	if (fd != -1)
		sk_talk(client, fd);
	else
		client->failed = 1;
	close(fd);
}
