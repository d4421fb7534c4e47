/*
 * SPDX-License-Identifier: ISC
 *
 * stream_read.c: reading from a task's stream.  What a task gets a pointer to
 * stays in the stream until the next read.
 */
#include <string.h>
#include "coro/stream.h"

/* Gives up what the task was looking at. */
static void
tsr_take(struct task_stream *s)
{
	size_t given = s->given;

	s->given = 0;
	if (given > 0)
		reactor_stream_consume(&s->stream, given);
}

static int
tsr_enter(struct task_stream *s, struct task__use *use)
{
	if (task__stream_enter(s, &s->reader, use) == -1)
		return -1;
	tsr_take(s);
	return 0;
}

/* Until more has come: 1; 0: there is no more; -1. */
static int
tsr_more(struct task_stream *s, struct task__use *use)
{
	/* Known to a writer already, it may not be all that came: not before. */
	if (s->failed) {
		errno = s->stream.error;
		return -1;
	}
	if (s->ended)
		return 0;
	return task__stream_wait(s, &s->input, use, &task__stream_input) == 0
	    ? 1
	    : -1;
}

/* ---- So many bytes ------------------------------------------------------- */

static size_t
tsr_copy(struct task_stream *s, char *bytes, size_t size)
{
	const char *input;
	size_t n;

	input = reactor_stream_input(&s->stream, &n);
	if (n == 0)
		return 0;
	if (n > size)
		n = size;
	memcpy(bytes, input, n);
	reactor_stream_consume(&s->stream, n);
	return n;
}

/* Until that many are there: 1; 0: there will be no more; -1. */
static int
tsr_await(struct task_stream *s, struct task__use *use, size_t size)
{
	int result = 1;
	size_t n;

	while (reactor_stream_input(&s->stream, &n), n < size && result == 1) {
		if (size > 1)
			(void)reactor_stream_want(&s->stream, size);
		result = tsr_more(s, use);
		if (size > 1 && !use->gone)
			(void)reactor_stream_want(&s->stream, 1);
		if (result == -1)
			return -1;
	}
	return n >= size;
}

static intptr_t
tsr_read_all(
    struct task_stream *s, struct task__use *use, char *bytes, size_t size)
{
	size_t done = 0, need;
	int more = 1;

	while (done < size && more == 1) {
		need = size - done;
		if (need > s->stream.limit)
			need = s->stream.limit;
		more = tsr_await(s, use, need);
		if (more == -1)
			return -1;
		done += tsr_copy(s, bytes + done, size - done);
	}
	return (intptr_t)done;
}

/* What came before a time-out, or before it was cancelled, is not lost. */
static intptr_t
tsr_read(struct task_stream *s, struct task__use *use, char *bytes, size_t size)
{
	size_t n;
	int more;

	if (size == 0)
		return 0;
	while ((n = tsr_copy(s, bytes, size)) == 0) {
		use->bytes = bytes;
		use->size = size;
		more = tsr_more(s, use);
		use->size = 0;
		if (use->done > 0)
			return (intptr_t)use->done;
		if (more != 1)
			return more;
	}
	return (intptr_t)n;
}

intptr_t
task_stream_read(struct task_stream *s, void *bytes, size_t size)
{
	struct task__use use;
	intptr_t n;

	if (tsr_enter(s, &use) == -1)
		return -1;
	n = tsr_read(s, &use, bytes, size);
	task__stream_leave(&s->reader, &use);
	return n;
}

intptr_t
task_stream_read_all(struct task_stream *s, void *bytes, size_t size)
{
	struct task__use use;
	intptr_t n;

	if (tsr_enter(s, &use) == -1)
		return -1;
	n = tsr_read_all(s, &use, bytes, size);
	task__stream_leave(&s->reader, &use);
	return n;
}

/* ---- Up to a delimiter --------------------------------------------------- */

/* The length of what is at the beginning of the input, which stays there. */
static intptr_t
tsr_until(struct task_stream *s, struct task__use *use, const char *delimiter,
    size_t size, size_t limit)
{
	intptr_t n;
	size_t rest;
	int more;

	while ((n = reactor_stream_until(&s->stream, delimiter, size, limit)) ==
	    0) {
		more = tsr_more(s, use);
		if (more == -1)
			return -1;
		if (more == 0) {
			(void)reactor_stream_input(&s->stream, &rest);
			return (intptr_t)rest;
		}
	}
	return n;
}

static intptr_t
tsr_give(struct task_stream *s, struct task__use *use, const char *delimiter,
    size_t size, size_t limit, char **bytes)
{
	intptr_t n = tsr_until(s, use, delimiter, size, limit);
	size_t all;

	if (n > 0) {
		*bytes = reactor_stream_input(&s->stream, &all);
		s->given = (size_t)n;
	}
	return n;
}

intptr_t
task_stream_read_until(struct task_stream *s, const char *delimiter,
    size_t size, size_t limit, char **bytes)
{
	struct task__use use;
	intptr_t n;

	if (tsr_enter(s, &use) == -1)
		return -1;
	n = tsr_give(s, &use, delimiter, size, limit, bytes);
	task__stream_leave(&s->reader, &use);
	return n;
}

/* Behind what came last there is room for the NUL. */
int
task_stream_read_line(struct task_stream *s, char **line, size_t *length)
{
	intptr_t n = task_stream_read_until(s, "\n", 1, 0, line);
	char *text;

	if (n <= 0)
		return (int)n;
	text = *line;
	if (text[n - 1] == '\n') {
		n--;
		if (n > 0 && text[n - 1] == '\r')
			n--;
	}
	text[n] = '\0';
	if (length != NULL)
		*length = (size_t)n;
	return 1;
}
