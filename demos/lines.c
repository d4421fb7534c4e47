/*
 * SPDX-License-Identifier: ISC
 *
 * lines.c: one handler, on standard input.  It numbers the lines that come and
 * turns them round; a terminal, a pipe and a plain file all look the same.
 *
 *	build/demos/lines
 *	ls | build/demos/lines
 *	build/demos/lines --backend=poll <README
 */
#include <errno.h>
#include <unistd.h>
#include <reactor/reactor.h>
#include "demos/option.h"

static const char usage[] =
    "usage: lines [--backend=NAME]\n"
    "Numbers the lines of standard input and turns them round.\n";

static char *line; /* the one that is coming in */
static size_t length, size;

/* The last character first; in UTF-8 a character may be several bytes. */
static void
print_line(void)
{
	static unsigned long number;
	size_t end = length, start;

	printf("%lu ", ++number);
	while ((start = end) > 0) {
		do
			start--;
		while (start > 0 && (line[start] & 0xc0) == 0x80);
		fwrite(line + start, 1, end - start, stdout);
		end = start;
	}
	putchar('\n');
	length = 0;
}

static void
add(char c)
{
	if (c == '\n') {
		print_line();
		return;
	}
	if (length == size) {
		size = size * 2 + 80;
		if ((line = realloc(line, size)) == NULL)
			err(1, "realloc");
	}
	line[length++] = c;
}

/*
 * Called because there is something to read: one read does not block, so
 * standard input, which we share with the shell, keeps its flags.
 */
static void
input_ready(struct reactor *r, struct reactor_io *input, unsigned ready)
{
	char bytes[4096];
	ssize_t n, i;

	(void)ready;
	n = read(input->fd, bytes, sizeof(bytes));
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == -1)
		err(1, "standard input");
	for (i = 0; i < n; i++)
		add(bytes[i]);
	if (n > 0)
		return;
	if (length > 0)
		print_line();
	reactor_io_stop(r, input); /* the last handler: the loop ends */
}

static struct reactor_io input = {
	.event.name = "input",
	.callback = input_ready,
	.fd = STDIN_FILENO,
	.wanted = REACTOR_READ,
};

int
main(int argc, char **argv)
{
	struct reactor_options options = { 0 };
	struct reactor *r;

	options.backend = option_backend(&argc, &argv, usage);
	if (argc > 0)
		option_wrong(usage);
	if ((r = reactor_open(&options)) == NULL)
		errx(1, "%s", reactor_error());
	if (reactor_io_start(r, &input) == -1)
		err(1, "standard input");
	if (reactor_run(r) == -1)
		err(1, "reactor_run");
	reactor_close(r);
	free(line);
	if (fflush(stdout) == EOF)
		err(1, "standard output");
	return 0;
}
