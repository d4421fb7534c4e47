/*
 * SPDX-License-Identifier: ISC
 *
 * demo.c: how the larger demos speak to people: options, messages, progress
 * and files.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "demos/demo.h"

#define DM_CLEAR "\r\033[K"

static const char *dm_program = "demo";
static volatile sig_atomic_t dm_shown; /* a line of progress is on screen */

/* ---- Messages ------------------------------------------------------------ */

static void
dm_say(const char *format, va_list arguments)
{
	demo_progress_end();
	(void)fflush(stdout);
	(void)fprintf(stderr, "%s: ", dm_program);
	(void)vfprintf(stderr, format, arguments);
	(void)fputc('\n', stderr);
}

void
demo_warn(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	dm_say(format, arguments);
	va_end(arguments);
}

_Noreturn void
demo_fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	dm_say(format, arguments);
	va_end(arguments);
	exit(1);
}

_Noreturn void
demo_usage(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	dm_say(format, arguments);
	va_end(arguments);
	(void)fprintf(stderr, "Try '%s --help'.\n", dm_program);
	exit(2);
}

static int
dm_terminal(void)
{
	const char *term = getenv("TERM");

	return isatty(2) && (term == NULL || strcmp(term, "dumb") != 0);
}

void
demo_progress(const char *format, ...)
{
	char line[200];
	struct winsize window;
	va_list arguments;
	int width = 80;

	if (!dm_terminal())
		return;
	if (ioctl(2, TIOCGWINSZ, &window) == 0 && window.ws_col > 0)
		width = window.ws_col;
	va_start(arguments, format);
	(void)vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	dm_shown = 1;
	(void)fprintf(stderr, DM_CLEAR "%.*s", width - 1, line);
	(void)fflush(stderr);
}

void
demo_progress_end(void)
{
	if (!dm_shown)
		return;
	(void)fputs(DM_CLEAR, stderr);
	(void)fflush(stderr);
	dm_shown = 0;
}

void
demo_wrap(char *text)
{
	size_t end;

	while (strlen(text) > 79) {
		for (end = 79; end > 1; end--)
			if (text[end] == ' ' && strchr(",;", text[end - 1]))
				break;
		if (end == 1)
			break;
		(void)printf("%.*s\n", (int)end, text);
		text += end + 1;
	}
	(void)puts(text);
}

static void
dm_interrupted(int number)
{
	ssize_t written = 0;

	if (dm_shown)
		written = write(2, DM_CLEAR, sizeof(DM_CLEAR) - 1);
	_exit(written == -1 ? 1 : 128 + number);
}

static void
dm_signals(void)
{
	static const int end[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action, old;
	size_t i;

	memset(&action, 0, sizeof(action));
	(void)sigemptyset(&action.sa_mask);
	action.sa_handler = dm_interrupted;
	for (i = 0; i < sizeof(end) / sizeof(*end); i++)
		if (sigaction(end[i], NULL, &old) == 0 &&
		    old.sa_handler != SIG_IGN)
			(void)sigaction(end[i], &action, NULL);
}

/* ---- Options ------------------------------------------------------------- */

/* What stands for the operands in --help; NULL: there are none. */
static const char *
dm_operands(const struct demo_option *option)
{
	while (option->name != NULL)
		option++;
	return option->value;
}

static _Noreturn void
dm_help(const char *about, const struct demo_option *option)
{
	const char *operands = dm_operands(option);
	char left[40];

	(void)printf("usage: %s [options]%s%s\n\n%s\n\noptions:\n", dm_program,
	    operands != NULL ? " " : "", operands != NULL ? operands : "",
	    about);
	for (; option->name != NULL; option++) {
		(void)snprintf(left, sizeof(left), "--%s%s%s", option->name,
		    option->value != NULL ? "=" : "",
		    option->value != NULL ? option->value : "");
		(void)printf("  %-25s %s\n", left, option->help);
	}
	(void)printf("  %-25s %s\n", "--help", "this text");
	demo_write_end(stdout, "standard output");
	exit(0);
}

static void
dm_number(const struct demo_option *option, const char *value)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(value, &end, 10);
	if (end == value || *end != '\0' || errno != 0 ||
	    number < option->least || number > option->most)
		demo_usage("--%s=%s: not a number from %ld to %ld",
		    option->name, value, option->least, option->most);
	*option->number = number;
}

static void
dm_option(const char *argument, const struct demo_option *option)
{
	size_t length = strcspn(argument, "=");
	const char *value =
	    argument[length] == '=' ? argument + length + 1 : NULL;

	for (; option->name != NULL; option++)
		if (strncmp(argument, "--", 2) == 0 &&
		    strlen(option->name) == length - 2 &&
		    memcmp(argument + 2, option->name, length - 2) == 0)
			break;
	if (option->name == NULL)
		demo_usage("unknown %s: %s",
		    *argument == '-' ? "option" : "argument", argument);
	if (option->value == NULL && value != NULL)
		demo_usage("--%s takes no value", option->name);
	if (option->value != NULL && (value == NULL || *value == '\0'))
		demo_usage("--%s needs a value: --%s=%s", option->name,
		    option->name, option->value);
	if (option->flag != NULL)
		*option->flag = 1;
	else if (option->text != NULL)
		*option->text = value;
	else
		dm_number(option, value);
}

int
demo_options(
    int argc, char **argv, const char *about, const struct demo_option *options)
{
	const int operands = dm_operands(options) != NULL;
	const char *slash;
	int i, n = 0;

	if (argc > 0) {
		slash = strrchr(argv[0], '/');
		dm_program = slash != NULL ? slash + 1 : argv[0];
	}
	for (i = 1; i < argc; i++)
		if (strcmp(argv[i], "--help") == 0)
			dm_help(about, options);
	for (i = 1; i < argc; i++)
		if (operands && (*argv[i] != '-' || strcmp(argv[i], "-") == 0))
			argv[++n] = argv[i];
		else
			dm_option(argv[i], options);
	if (operands && argc > 0)
		argv[n + 1] = NULL;
	dm_signals();
	(void)signal(SIGPIPE, SIG_IGN);
	return n;
}

/* ---- Files --------------------------------------------------------------- */

FILE *
demo_write(const char *file)
{
	FILE *stream = fopen(file, "a");

	if (stream == NULL)
		demo_fail("cannot write %s: %s", file, strerror(errno));
	return stream;
}

/* A pipe has nothing in it. */
void
demo_write_begin(FILE *stream, const char *file)
{
	if (ftruncate(fileno(stream), 0) == -1 && errno != EINVAL)
		demo_fail("cannot write %s: %s", file, strerror(errno));
}

void
demo_write_end(FILE *stream, const char *file)
{
	if (fflush(stream) != EOF && !ferror(stream) &&
	    (stream == stdout || fclose(stream) != EOF))
		return;
	if (errno == EPIPE) /* the reader has seen enough */
		exit(1);
	demo_fail("cannot write %s: %s", file, strerror(errno));
}
