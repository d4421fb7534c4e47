/*
 * SPDX-License-Identifier: ISC
 *
 * compare.c: runs contestants in turn, A B C B C A ..., and makes a table.
 *
 *   compare [-r ROUNDS] [-p ROUNDS] [-a METRIC=RATIO]... [-t TITLE]
 *           "DRIVER ARGUMENT..." NAME=PROGRAM:BACKEND...
 *
 * For each metric that the programs print: the median, the median of the
 * ratios to the first contestant in the same round, least and most.  What
 * moves the machine moves both of a pair, so that ratios say more than times.
 * -r: rounds.  -p: how many of them those take part in that are neither the
 * first nor called reactor.  -a: the ratio that reactor aims at.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CM_CONTESTANTS 16
#define CM_METRICS     8
#define CM_WORDS       16
#define CM_SKIP        77

static struct cm_contestant {
	const char *name, *program, *backend;
	const char *failed;         /* not run any more */
	size_t rounds;              /* to take part in */
	double *values[CM_METRICS]; /* by round; 0: none */
} cm_contestants[CM_CONTESTANTS];
static size_t cm_count;

static char *cm_metrics[CM_METRICS];
static double cm_aims[CM_METRICS];
static size_t cm_nmetrics;

static const char *cm_title;
static char *cm_driver[CM_WORDS]; /* its name and arguments */
static size_t cm_words;
static size_t cm_rounds = 30, cm_peers = SIZE_MAX;

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
	    "usage: compare [-r rounds] [-p rounds] [-a metric=ratio]... "
	    "[-t title]\n"
	    "               \"driver argument...\" name=program:backend...\n");
	exit(2);
}

static size_t
cm_metric(const char *name)
{
	size_t i;

	for (i = 0; i < cm_nmetrics; i++)
		if (strcmp(cm_metrics[i], name) == 0)
			return i;
	if (cm_nmetrics == CM_METRICS)
		errno = E2BIG, cm_die(name);
	cm_metrics[cm_nmetrics] = strdup(name);
	if (cm_metrics[cm_nmetrics] == NULL)
		cm_die("strdup");
	return cm_nmetrics++;
}

/* ---- Running --------------------------------------------------------------
 */

_Noreturn static void
cm_exec(const struct cm_contestant *c, const int pipes[2])
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
cm_read(struct cm_contestant *c, FILE *file, size_t round)
{
	char name[64];
	double value;
	size_t i;

	while (fscanf(file, "%63s %lf", name, &value) == 2) {
		i = cm_metric(name);
		if (c->values[i] == NULL)
			c->values[i] = calloc(cm_rounds, sizeof(double));
		if (c->values[i] == NULL)
			cm_die("calloc");
		c->values[i][round] = value;
	}
}

static void
cm_run(struct cm_contestant *c, size_t round)
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

/* ---- The table ------------------------------------------------------------
 */

static int
cm_order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Sorts. */
static double
cm_median(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), cm_order);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

/* The values of a contestant, and its ratios to the first. */
static size_t
cm_pairs(size_t i, size_t metric, double *values, double *ratios)
{
	const double *own = cm_contestants[i].values[metric];
	const double *first = cm_contestants[0].values[metric];
	size_t round, n = 0;

	for (round = 0; own != NULL && round < cm_contestants[i].rounds;
	     round++) {
		values[n] = own[round];
		ratios[n] = first != NULL && first[round] > 0
		    ? own[round] / first[round]
		    : 0;
		n++;
	}
	return n;
}

static void
cm_verdict(const struct cm_contestant *c, size_t metric, double ratio)
{
	if (strcmp(c->name, "reactor") != 0 || cm_aims[metric] == 0)
		return;
	(void)printf("  aim %.2f%s", cm_aims[metric],
	    ratio <= cm_aims[metric] ? "" : " MISSED");
}

static void
cm_row(size_t i, size_t metric, double *values, double *ratios)
{
	const struct cm_contestant *c = &cm_contestants[i];
	size_t n = cm_pairs(i, metric, values, ratios);
	double value, ratio;

	(void)printf("  %-10s %-8s", c->name, c->backend);
	if (c->failed != NULL || n == 0) {
		(void)printf("%10s\n", c->failed != NULL ? c->failed : "none");
		return;
	}
	value = cm_median(values, n);
	ratio = cm_median(ratios, n);
	(void)printf("%10.1f", value);
	if (ratio > 0)
		(void)printf(
		    "  %6.2f  (%.2f-%.2f)", ratio, ratios[0], ratios[n - 1]);
	(void)printf("  %.1f-%.1f", values[0], values[n - 1]);
	(void)printf("  %zu%s", n, n == 1 ? " run" : " runs");
	cm_verdict(c, metric, ratio);
	(void)printf("\n");
}

static void
cm_tables(void)
{
	double *values = calloc(2 * cm_rounds, sizeof(*values));
	size_t i, metric;

	if (values == NULL)
		cm_die("calloc");
	for (metric = 0; metric < cm_nmetrics; metric++) {
		(void)printf("\n%s: %s\n", cm_title, cm_metrics[metric]);
		for (i = 0; i < cm_count; i++)
			cm_row(i, metric, values, values + cm_rounds);
	}
	if (cm_nmetrics == 0)
		(void)printf("\n%s: nobody could\n", cm_title);
	free(values);
}

/* ---- Arguments ------------------------------------------------------------
 */

static void
cm_aim(char *argument)
{
	char *ratio = strchr(argument, '=');

	if (ratio == NULL)
		cm_usage();
	*ratio++ = '\0';
	cm_aims[cm_metric(argument)] = strtod(ratio, NULL);
}

static void
cm_add(char *argument)
{
	struct cm_contestant *c = &cm_contestants[cm_count];
	char *program = strchr(argument, '='), *backend;

	backend = program == NULL ? NULL : strrchr(program, ':');
	if (backend == NULL || cm_count == CM_CONTESTANTS)
		cm_usage();
	*program++ = *backend++ = '\0';
	c->name = argument;
	c->program = program;
	c->backend = backend;
	c->rounds = cm_rounds;
	if (cm_count > 0 && strcmp(c->name, "reactor") != 0 &&
	    cm_peers < cm_rounds)
		c->rounds = cm_peers;
	cm_count++;
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

	while ((option = getopt(argc, argv, "r:p:a:t:")) != -1)
		switch (option) {
		case 'r':
			cm_rounds = cm_number(optarg);
			break;
		case 'p':
			cm_peers = cm_number(optarg);
			break;
		case 'a':
			cm_aim(optarg);
			break;
		case 't':
			cm_title = optarg;
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
	if (cm_title == NULL)
		cm_title = argv[optind];
	for (word = strtok(argv[optind], " "); word != NULL;
	     word = strtok(NULL, " ")) {
		if (cm_words == CM_WORDS)
			cm_usage();
		cm_driver[cm_words++] = word;
	}
	while (++optind < argc)
		cm_add(argv[optind]);
	for (round = 0; round < cm_rounds; round++)
		for (i = 0; i < cm_count; i++)
			cm_run(&cm_contestants[(round + i) % cm_count], round);
	cm_tables();
	return 0;
}
