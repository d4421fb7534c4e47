/*
 * SPDX-License-Identifier: ISC
 *
 * httpd_site.h: the web server in a process of its own, with files in a directory
 * of its own.
 *
 *	site_open();
 *	site_file("a.txt", "hello", 5);
 *	site_start("--idle-time=100", NULL);
 *	...		see httpd.h
 *	site_close();		it ends by itself, and well
 */
#ifndef TEST_HTTPD_SITE_H
#define TEST_HTTPD_SITE_H

#include "test/server.h"

enum { SITE_OPTIONS = 16, SITE_PATIENCE = 20000 /* ms */ };

static const char *site_arguments[SITE_OPTIONS + 8];
static char site_program[4096];
static struct server site = { .arguments = site_arguments };
static int site_port;

/* ---- The server ---------------------------------------------------------- */

/* The directory: what is served is in its "root". */
__attribute__((unused)) static void
site_open(void)
{
	const char *build = getenv("BUILD");
	char name[512], real[sizeof(site_program)];

	snprintf(name, sizeof(name), "%s/demos/httpd", build ? build : "build");
	if (realpath(name, real) == NULL)
		SKIP("demos/httpd is not built");
	strcpy(site_program, real);
	site_arguments[0] = site_program;
	server_open(&site);
	snprintf(name, sizeof(name), "%s/root", site.directory);
	CHECK_INT(mkdir(name, 0755), 0);
	CHECK_INT(chmod(site.directory, 0755), 0);
}

static inline const char *
site_path(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/root/%s", site.directory, name);
	return path;
}

__attribute__((unused)) static void
site_file(const char *name, const void *bytes, size_t size)
{
	int fd = open(site_path(name), O_WRONLY | O_CREAT | O_TRUNC, 0644);

	CHECK(fd != -1);
	CHECK_INT(write(fd, bytes, size), (ssize_t)size);
	CHECK_INT(close(fd), 0);
}

/* Bytes in which no two parts are alike; to be freed. */
__attribute__((unused)) static unsigned char *
site_bytes(const char *name, size_t size)
{
	unsigned char *bytes = malloc(size);
	uint32_t random = 1;
	size_t i;

	CHECK(bytes != NULL);
	for (i = 0; i < size; i++) {
		random = random * 1664525 + 1013904223;
		bytes[i] = (unsigned char)(random >> 24);
	}
	site_file(name, bytes, size);
	return bytes;
}

/* What it has printed, up to a limit. */
__attribute__((unused)) static const char *
site_log(void)
{
	static char text[65536];
	char name[64];
	ssize_t n = 0;
	int fd;

	snprintf(name, sizeof(name), "%s/log", site.directory);
	fd = open(name, O_RDONLY);
	if (fd != -1) {
		n = read(fd, text, sizeof(text) - 1);
		CHECK_INT(close(fd), 0);
	}
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static inline int
site_answers(struct server *s)
{
	const char *line = strstr(site_log(), "http://127.0.0.1:");

	(void)s;
	if (line == NULL || strchr(line, '\n') == NULL)
		return 0;
	site_port = atoi(line + strlen("http://127.0.0.1:"));
	return 1;
}

/* With these options, NULL behind. */
__attribute__((unused)) static void
site_start(const char *option, ...)
{
	va_list list;
	size_t n = 0;

	while (site_arguments[n] != site_program)
		n++;
	site_arguments[++n] = "--root=root";
	site_arguments[++n] = "--address=127.0.0.1:0";
	va_start(list, option);
	for (; option != NULL; option = va_arg(list, const char *)) {
		site_arguments[++n] = option;
		CHECK(n < SITE_OPTIONS);
	}
	va_end(list);
	site_arguments[++n] = NULL;
	site.answers = site_answers;
	server_start(&site);
}

/* It has been told to end: it does, with that status. */
__attribute__((unused)) static void
site_wait(int wanted)
{
	int status;

	CHECK_INT(waitpid(site.pid, &status, 0), site.pid);
	server_tell(&site, 0);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != wanted)
		server_fail(&site, "did not end as it should");
}

__attribute__((unused)) static void
site_close(void)
{
	if (site.pid > 0) {
		CHECK_INT(kill(site.pid, SIGTERM), 0);
		site_wait(0);
	}
	server_close(&site);
}

/* Its descriptors; -1: unknown. */
__attribute__((unused)) static int
site_descriptors(void)
{
	char name[64];
	DIR *directory;
	int n = 0;

	snprintf(name, sizeof(name), "/proc/%d/fd", (int)site.pid);
	directory = opendir(name);
	if (directory == NULL)
		return -1;
	while (readdir(directory) != NULL)
		n++;
	CHECK_INT(closedir(directory), 0);
	return n;
}

/* Until there are as many again. */
__attribute__((unused)) static void
site_settles(int descriptors)
{
	int tries;

	for (tries = 0; site_descriptors() != descriptors; tries++) {
		if (tries > 4000)
			test_fail("%d descriptors, not %d", site_descriptors(),
			    descriptors);
		usleep(5000);
	}
}

#endif
