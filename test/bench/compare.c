/*
 * SPDX-License-Identifier: ISC
 *
 * compare.c: runs contestants in turn, A B C B C A ..., and makes a table.
 *
 *   compare [-r ROUNDS] [-p ROUNDS] [-n NAME[:BACKEND]] [-a METRIC=RATIO]...
 *           [-m METRIC=VALUE]... [-t TITLE]
 *           "DRIVER ARGUMENT..." NAME=PROGRAM:BACKEND...
 *
 * For each metric that the programs print: the median, the median of the
 * ratios to the first contestant in the same round, least and most.  What
 * moves the machine moves both of a pair, so that ratios say more than times.
 * -r: rounds.  -n: which of them is ours (reactor).  -p: how many rounds those
 * take part in that are neither the first nor ours.  -a: the ratio that ours
 * aims at.  -m: the value.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "test/bench/table.h"

#define CM_CONTESTANTS 16
#define CM_WORDS       16
#define CM_SKIP        77

static struct table_row cm_rows[CM_CONTESTANTS];
static struct table cm_table = {
	.rows = cm_rows, .rounds = 30, .ours = "reactor"
};

static char *cm_driver[CM_WORDS]; /* its name and arguments */
static size_t cm_words;
static size_t cm_peers = SIZE_MAX;

_Noreturn static void
cm_die(const char *what)
{
	(void)fprintf(stderr, "compare: %s: %s\n", what, strerror(errno));
	exit(1);
}

_Noreturn static void
cm_usage(void)
{
	(void)fprintf(stderr,
	    "usage: compare [-r rounds] [-p rounds] [-n name[:backend]]\n"
	    "               [-a metric=ratio]... [-m metric=value]... "
	    "[-t title]\n"
	    "               \"driver argument...\" name=program:backend...\n");
	exit(2);
}

static size_t
cm_metric(const char *name)
{
	size_t i;

	for (i = 0; i < cm_table.metrics; i++)
		if (strcmp(cm_table.metric[i], name) == 0)
			return i;
	if (cm_table.metrics == TABLE_METRICS)
		errno = E2BIG, cm_die(name);
	cm_table.metric[cm_table.metrics] = strdup(name);
	if (cm_table.metric[cm_table.metrics] == NULL)
		cm_die("strdup");
	return cm_table.metrics++;
}

/* ---- Running ------------------------------------------------------------- */

_Noreturn static void
cm_exec(const struct table_row *c, const int pipes[2])
{
	char *argv[CM_WORDS + 3];
	size_t i, n = 0;

	argv[n++] = (char *)(uintptr_t)c->program;
	argv[n++] = cm_driver[0];
	argv[n++] = (char *)(uintptr_t)c->backend;
	for (i = 1; i < cm_words; i++)
		argv[n++] = cm_driver[i];
	argv[n] = NULL;
	(void)dup2(pipes[1], STDOUT_FILENO);
	(void)close(pipes[0]);
	(void)close(pipes[1]);
	(void)execv(c->program, argv);
	_exit(127);
}

static void
cm_read(struct table_row *c, FILE *file, size_t round)
{
	char name[64];
	double value;
	size_t i;

	while (fscanf(file, "%63s %lf", name, &value) == 2) {
		i = cm_metric(name);
		if (c->values[i] == NULL)
			c->values[i] = calloc(cm_table.rounds, sizeof(double));
		if (c->values[i] == NULL)
			cm_die("calloc");
		c->values[i][round] = value;
	}
}

static void
cm_run(struct table_row *c, size_t round)
{
	int pipes[2], status;
	FILE *file;
	pid_t pid;

	if (c->failed != NULL || round >= c->rounds)
		return;
	if (pipe(pipes) == -1 || (pid = fork()) == -1)
		cm_die("fork");
	if (pid == 0)
		cm_exec(c, pipes);
	(void)close(pipes[1]);
	file = fdopen(pipes[0], "r");
	if (file == NULL)
		cm_die("fdopen");
	cm_read(c, file, round);
	(void)fclose(file);
	if (waitpid(pid, &status, 0) == -1)
		cm_die("waitpid");
	if (WIFEXITED(status) && WEXITSTATUS(status) == CM_SKIP)
		c->failed = "skipped";
	else if (status != 0)
		c->failed = "FAILED";
}

/* ---- Arguments ----------------------------------------------------------- */

static void
cm_aim(double *aims, char *argument)
{
	char *value = strchr(argument, '=');

	if (value == NULL)
		cm_usage();
	*value++ = '\0';
	aims[cm_metric(argument)] = strtod(value, NULL);
}

static void
cm_ours(char *argument)
{
	char *backend = strchr(argument, ':');

	if (backend != NULL)
		*backend++ = '\0';
	cm_table.ours = argument;
	cm_table.ours_backend = backend;
}

static void
cm_add(char *argument)
{
	struct table_row *c = &cm_rows[cm_table.count];
	char *program = strchr(argument, '='), *backend;

	backend = program == NULL ? NULL : strrchr(program, ':');
	if (backend == NULL || cm_table.count == CM_CONTESTANTS)
		cm_usage();
	*program++ = *backend++ = '\0';
	c->name = argument;
	c->program = program;
	c->backend = backend;
	c->rounds = cm_table.rounds;
	if (cm_table.count > 0 && !table_ours(&cm_table, c) &&
	    cm_peers < cm_table.rounds)
		c->rounds = cm_peers;
	cm_table.count++;
}

static size_t
cm_number(const char *text)
{
	size_t number = strtoul(text, NULL, 10);

	if (number == 0)
		cm_usage();
	return number;
}

static void
cm_options(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "r:p:n:a:m:t:")) != -1)
		switch (option) {
		case 'r':
			cm_table.rounds = cm_number(optarg);
			break;
		case 'p':
			cm_peers = cm_number(optarg);
			break;
		case 'n':
			cm_ours(optarg);
			break;
		case 'a':
			cm_aim(cm_table.aim, optarg);
			break;
		case 'm':
			cm_aim(cm_table.most, optarg);
			break;
		case 't':
			cm_table.title = optarg;
			break;
		default:
			cm_usage();
		}
}

int
main(int argc, char **argv)
{
	char *word;
	size_t i, round;

	cm_options(argc, argv);
	if (argc - optind < 2)
		cm_usage();
	if (cm_table.title == NULL)
		cm_table.title = argv[optind];
	for (word = strtok(argv[optind], " "); word != NULL;
	     word = strtok(NULL, " ")) {
		if (cm_words == CM_WORDS)
			cm_usage();
		cm_driver[cm_words++] = word;
	}
	while (++optind < argc)
		cm_add(argv[optind]);
	for (round = 0; round < cm_table.rounds; round++)
		for (i = 0; i < cm_table.count; i++)
			cm_run(&cm_rows[(round + i) % cm_table.count], round);
	table_print(&cm_table);
	return 0;
}
