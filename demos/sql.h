/*
 * SPDX-License-Identifier: ISC
 *
 * sql.h: what the clients of databases have in common: a few connections, each
 * served by a task, share the queries; what comes of them is printed in the
 * order in which they were asked for.
 */
#ifndef DEMOS_SQL_H
#define DEMOS_SQL_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <coro/task.h>
#include "demos/demo.h"

struct sql_query {
	const char *text;
	void *result;    /* of ask, for print */
	char error[400]; /* or why there is none */
	struct task_event over;
};

/* What is particular to a database. */
struct sql_client {
	/* A connection, or NULL with the error. */
	void *(*open)(char *error, size_t size);
	/* -1: the connection cannot be used any more. */
	int (*ask)(void *connection, struct sql_query *);
	void (*print)(void *result);    /* and free it */
	void (*idle)(void *connection); /* no more queries; or NULL */
	void (*close)(void *connection);
};

struct sql_crew {
	const struct sql_client *client;
	struct sql_query *queries;
	size_t n, next;
	long at_once;
	const char *backend;
	int failed;
};

static inline intptr_t
sql_serve(void *argument)
{
	struct sql_crew *crew = argument;
	struct sql_query *q;
	void *connection = NULL;

	while (crew->next < crew->n) {
		q = &crew->queries[crew->next++];
		if (connection == NULL)
			connection =
			    crew->client->open(q->error, sizeof(q->error));
		if (connection != NULL &&
		    crew->client->ask(connection, q) == -1) {
			crew->client->close(connection);
			connection = NULL;
		}
		task_event_set(&q->over);
	}
	if (connection == NULL)
		return 0;
	if (crew->client->idle != NULL)
		crew->client->idle(connection);
	crew->client->close(connection);
	return 0;
}

static inline void
sql_print(struct sql_crew *crew)
{
	struct sql_query *q;
	size_t i;

	for (i = 0; i < crew->n; i++) {
		q = &crew->queries[i];
		(void)task_event_wait(&q->over);
		if (q->error[0] != '\0') {
			demo_warn("%s: %s", q->text, q->error);
			crew->failed = 1;
		} else if (q->result != NULL) {
			crew->client->print(q->result);
		}
	}
}

static inline intptr_t
sql_main(void *argument)
{
	struct sql_crew *crew = argument;
	struct task_group group;
	long i;

	if (task_group_enter(&group, TASK_FAIL_FAST) == -1)
		return -1;
	for (i = 0; i < crew->at_once && (size_t)i < crew->n; i++)
		task_detach(task_group_spawn(&group, sql_serve, crew));
	sql_print(crew);
	return task_group_leave(&group, NULL, 0) == -1 ? -1 : crew->failed;
}

/* All of it: returns the exit status. */
static inline int
sql_run(struct sql_crew *crew, char **texts, int n)
{
	const struct task_options options = { .backend = crew->backend };
	intptr_t status;

	crew->n = (size_t)n;
	crew->queries = calloc(crew->n, sizeof(*crew->queries));
	if (crew->queries == NULL)
		demo_fail("no memory");
	while (n-- > 0)
		crew->queries[n].text = texts[n];
	status = task_run(sql_main, crew, &options);
	free(crew->queries);
	if (status == -1)
		demo_fail("%s",
		    reactor_error()[0] != '\0' ? reactor_error()
					       : strerror(errno));
	demo_write_end(stdout, "standard output");
	return (int)status;
}

/* Options end where the first query is. */
static inline int
sql_options(
    int argc, char **argv, const char *about, const struct demo_option *options)
{
	int n = 1;

	while (n < argc && strncmp(argv[n], "--", 2) == 0)
		n++;
	demo_options(n, argv, about, options);
	if (n == argc)
		demo_usage("no query");
	setvbuf(stdout, NULL, _IOLBF, 0);
	return n;
}

/* What would end a field or a line is written as in C; NULL is \N. */
static inline void
sql_field(const char *text, size_t length, char end)
{
	size_t i;

	if (text == NULL)
		(void)fputs("\\N", stdout);
	for (i = 0; text != NULL && i < length; i++)
		switch (text[i]) {
		case '\t':
			(void)fputs("\\t", stdout);
			break;
		case '\n':
			(void)fputs("\\n", stdout);
			break;
		case '\\':
			(void)fputs("\\\\", stdout);
			break;
		default:
			(void)putchar(text[i]);
		}
	if (putchar(end) == EOF)
		demo_write_end(stdout, "standard output");
}

#endif
