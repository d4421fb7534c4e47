/*
 * SPDX-License-Identifier: ISC
 *
 * diagram.h: the picture of diagram.c: five boxes in a row, drawn one over
 * the other in a terminal, else one below the other.
 */
#ifndef DIAGRAM_H
#define DIAGRAM_H

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { REGISTER, WAIT, QUEUE, DISPATCH, HANDLER, BOXES };
enum { ROWS = 4, ARROW_ROW = 2 };

static const char *const title[BOXES] = { "register", "wait", "queue",
	"dispatch", "handler" };
static const char *cell[BOXES][ROWS]; /* what is in the boxes */
static int columns = 80, animated, delay = 400, frames;

/* ASCII, or better. */
static const struct glyphs {
	const char *corner[4], *edge, *bold, *side, *arrow;
} ascii = { { "+", "+", "+", "+" }, "-", "=", "|", "-->" },
  lines = { { "┌", "┐", "└", "┘" }, "─", "━", "│", "──▶" };
static const struct glyphs *glyph = &ascii;

static inline void
draw_edge(const char *text, int top, int width, int active)
{
	int n;

	fputs(glyph->corner[top ? 0 : 2], stdout);
	for (n = printf("%s", text); n < width; n++)
		fputs(active ? glyph->bold : glyph->edge, stdout);
	fputs(glyph->corner[top ? 1 : 3], stdout);
}

/* What moves is marked. */
static inline void
draw_cell(const char *text, int width, int lit)
{
	if (text == NULL)
		text = "";
	printf("%s%c%s%-*.*s%s%s", glyph->side, lit ? '>' : ' ',
	    lit && animated ? "\033[7m" : "", width - 1, width - 1, text,
	    lit && animated ? "\033[27m" : "", glyph->side);
}

static inline void
draw_row(int row, int width, int active, const char *mover)
{
	const char *text;
	int box;

	for (box = 0; box < BOXES; box++) {
		if (box > 0)
			fputs(row == ARROW_ROW ? glyph->arrow : "   ", stdout);
		if (animated && box == active)
			fputs("\033[1m", stdout);
		text = row >= 1 && row <= ROWS ? cell[box][row - 1] : NULL;
		if (row == 0 || row > ROWS)
			draw_edge(row == 0 ? title[box] : "", row == 0, width,
			    box == active);
		else
			draw_cell(text, width,
			    box == active && mover != NULL && text == mover);
		if (animated && box == active)
			fputs("\033[22m", stdout);
	}
	puts(animated ? "\033[K" : "");
}

/* One step: in which box, what moves, what happens, and how it is said in C. */
static inline void
step(int active, const char *mover, const char *what, const char *how)
{
	struct timespec pause = { delay / 1000, delay % 1000 * 1000000L };
	const char *end = animated ? "\033[K" : "";
	int row, width = columns >= 78 ? 11 : 8;

	if (animated && frames > 0)
		printf("\033[%dA", ROWS + 6);
	printf("%2d. %.*s%s\n", ++frames, columns - 5, what, end);
	printf("    %.*s%s\n%s\n", columns - 5, how, end, end);
	for (row = 0; row <= ROWS + 1; row++)
		draw_row(row, width, active, mover);
	puts(end);
	fflush(stdout);
	while (nanosleep(&pause, &pause) == -1 && errno == EINTR)
		continue;
}

/* The cursor comes back, also when the program is interrupted. */
static inline void
restore(int number)
{
	ssize_t n = write(STDOUT_FILENO, "\033[0m\033[?25h\n", 11);

	(void)n;
	raise(number); /* SA_RESETHAND: this time it is for real */
}

static inline void
show_cursor(void)
{
	fputs(animated ? "\033[?25h" : "", stdout);
	fflush(stdout);
}

static inline void
die(const char *what)
{
	show_cursor();
	fprintf(stderr, "diagram: %s: %s\n", what, strerror(errno));
	exit(1);
}

static inline void
prepare_terminal(void)
{
	static const int fatal[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction action;
	struct winsize size = { 0, 0, 0, 0 };
	size_t i;

	if (setlocale(LC_CTYPE, "") != NULL &&
	    strcmp(nl_langinfo(CODESET), "UTF-8") == 0)
		glyph = &lines;
	if (!isatty(STDOUT_FILENO))
		return;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 5)
		columns = size.ws_col;
	/* Lines that wrap cannot be drawn over. */
	animated =
	    columns >= 63 && (size.ws_row == 0 || size.ws_row > ROWS + 6);
	if (!animated)
		return;
	memset(&action, 0, sizeof(action));
	action.sa_handler = restore;
	action.sa_flags = (int)(SA_RESETHAND | SA_NODEFER);
	for (i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
		sigaction(fatal[i], &action, NULL);
	fputs("\033[?25l", stdout);
}

#endif
