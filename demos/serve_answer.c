/*
 * SPDX-License-Identifier: ISC
 *
 * serve_answer.c: what guests are told.  Most is known at once; a picture is
 * made by a job, which is submitted here, and tells the loop when it is done.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "demos/serve.h"

static struct reactor_executor *sa_executor;

void
serve_answers_open(struct reactor_executor *executor)
{
	sa_executor = executor;
}

/* ---- Answers ------------------------------------------------------------- */

static void
sa_answer(
    struct serve_guest *g, const char *type, const void *body, size_t size)
{
	g->output[0].iov_base = g->head;
	g->output[0].iov_len = serve_answer_head(
	    &g->request, type, size, g->head, sizeof(g->head));
	g->output[1].iov_base = (void *)body;
	g->output[1].iov_len = g->request.bare ? 0 : size;
	g->state = SERVE_SENDING;
}

static void
sa_say(struct serve_guest *g, const char *text)
{
	sa_answer(g, "text/plain", text, strlen(text));
}

static void
sa_refuse(struct serve_guest *g, int status, const char *why)
{
	g->request.status = status;
	snprintf(g->text, sizeof(g->text), "%d %s%s%s\n", status,
	    serve_status_words(status), *why != '\0' ? ": " : "", why);
	sa_say(g, g->text);
}

static void
sa_show(struct serve_guest *g, const void *picture)
{
	int grey = g->request.page == SERVE_GREY;

	sa_answer(g, grey ? "image/x-portable-graymap" : "text/plain", picture,
	    serve_picture_size(grey));
}

static void
sa_line(void *guest, const char *line)
{
	struct serve_guest *g = guest;
	size_t length = strlen(g->text);

	snprintf(g->text + length, sizeof(g->text) - length, "%s\n", line);
}

static void
sa_workers(struct serve_guest *g)
{
	g->text[0] = '\0';
	if (sa_executor != NULL)
		reactor_executor_dump(sa_executor, sa_line, g);
	else
		sa_line(g, "no workers: the loop itself");
	sa_say(g, g->text);
}

/* ---- Jobs ---------------------------------------------------------------- */

/* The job has ended; its result lasts as long as the future. */
static void
sa_done(struct reactor *r, struct reactor_done *done)
{
	struct serve_guest *g = REACTOR_OWNER(done, struct serve_guest, done);
	struct reactor_outcome outcome;

	reactor_future_peek(done->future, &outcome);
	if (outcome.error == 0)
		sa_show(g, outcome.bytes);
	else
		sa_refuse(g, 500, outcome.text);
	serve_guest_go(r, g);
}

/* A full queue is no reason to wait, which would be the loop that waits. */
static void
sa_submit(struct reactor *r, struct serve_guest *g)
{
	const struct reactor_job_attributes try = { .flags = REACTOR_TRY };
	int grey = g->request.page == SERVE_GREY;
	struct reactor_future *future;

	if (g->request.page == SERVE_CRASH)
		future = reactor_submit_with(
		    sa_executor, serve_crash, NULL, 0, &try);
	else
		future = reactor_submit_with(
		    sa_executor, serve_picture, &grey, sizeof(grey), &try);
	if (future == NULL) {
		sa_refuse(g, 503, strerror(errno));
		return;
	}
	g->done.future = future;
	g->done.callback = sa_done;
	g->done.post.event.name = "done";
	g->state = SERVE_WAITING;
	if (reactor_done_start(r, &g->done) == -1) {
		(void)reactor_future_cancel(future);
		sa_refuse(g, 503, strerror(errno));
	}
}

/* How one should not do it: until it is drawn the loop serves nobody. */
static void
sa_draw(struct serve_guest *g)
{
	int grey = g->request.page == SERVE_GREY;

	g->picture = malloc(serve_picture_size(grey));
	if (g->picture == NULL) {
		sa_refuse(g, 503, strerror(errno));
		return;
	}
	(void)serve_picture_draw(g->picture, grey, NULL);
	sa_show(g, g->picture);
}

static void
sa_picture(struct reactor *r, struct serve_guest *g)
{
	if (g->request.bare)
		sa_show(g, NULL);
	else if (sa_executor != NULL)
		sa_submit(r, g);
	else
		sa_draw(g);
}

/* Only where it does no harm. */
static void
sa_crash(struct reactor *r, struct serve_guest *g)
{
	if (sa_executor != NULL &&
	    strcmp(reactor_executor_kind(sa_executor), "processes") == 0)
		sa_submit(r, g);
	else
		sa_refuse(g, 404, "for processes only");
}

/* ---- The beginning and the end ------------------------------------------- */

void
serve_answer(struct reactor *r, struct serve_guest *g)
{
	if (g->request.status != 200)
		sa_refuse(g, g->request.status, "");
	else if (g->request.page == SERVE_ROOT)
		sa_say(g, "/small\n/big\n/big.pgm\n/workers\n/crash\n");
	else if (g->request.page == SERVE_SMALL)
		sa_say(g, "small\n");
	else if (g->request.page == SERVE_WORKERS)
		sa_workers(g);
	else if (g->request.page == SERVE_CRASH)
		sa_crash(r, g);
	else
		sa_picture(r, g);
}

/* The handler is stopped first: then nobody is told of the end. */
void
serve_answer_end(struct reactor *r, struct serve_guest *g)
{
	reactor_done_stop(r, &g->done);
	if (g->state == SERVE_WAITING)
		(void)reactor_future_cancel(g->done.future);
	reactor_future_detach(g->done.future);
	g->done.future = NULL;
	free(g->picture);
	g->picture = NULL;
}
