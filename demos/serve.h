/*
 * SPDX-License-Identifier: ISC
 *
 * serve.h: what the files of the demo serve know of each other.
 *
 *   serve_guest.c          a connection
 *   serve_request.c        what does it ask for?
 *   serve_answer.c         answers at once, or has a job do it
 *      |        ^
 *      | submit | done
 *      v        |
 *   serve_picture.c        the job, elsewhere
 */
#ifndef DEMOS_SERVE_H
#define DEMOS_SERVE_H

#include <sys/socket.h>
#include <sys/uio.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <reactor/executor.h>
#include "demos/figure.h"

/* ---- What takes long: serve_picture.c ------------------------------------ */

/* As characters, or as grey dots (PGM): how many bytes that is. */
size_t serve_picture_size(int grey);
/*
 * Draws it, for some 100 ms.  -1: the job, if there is one, was asked to end.
 */
int serve_picture_draw(
    unsigned char *bytes, int grey, const struct reactor_job *);
/* The same as a job: the argument is an int, grey or not. */
int serve_picture(struct reactor_job *);
/* A job that takes its process with it. */
int serve_crash(struct reactor_job *);

/* ---- What is asked for: serve_request.c ---------------------------------- */

enum {
	SERVE_ROOT,
	SERVE_SMALL,
	SERVE_BIG,
	SERVE_GREY, /* the big one, as dots */
	SERVE_WORKERS,
	SERVE_CRASH
};

struct serve_request {
	int status; /* 200, or why it is refused */
	int page;
	int bare; /* HEAD: only the head of the answer */
	int keep; /* the connection, for the next request */
};

/*
 * Takes a request from the front of the bytes, which it changes, and returns
 * how long that was; 0: there is more to come.
 */
size_t serve_request_read(struct serve_request *, char *bytes, size_t);
/* "Not Found" */
const char *serve_status_words(int status);
/* The head of the answer; returns its length. */
size_t serve_answer_head(const struct serve_request *, const char *type,
    size_t length, char *text, size_t size);

/* ---- Who asks: serve_guest.c --------------------------------------------- */

enum {
	SERVE_READING,
	SERVE_WAITING, /* for the job */
	SERVE_SENDING,
	SERVE_LEAVING /* all is said; what comes now is thrown away */
};

struct serve_guest {
	struct reactor_io io;
	struct reactor_timer late;
	struct serve_guest *next, **place; /* in the list of all */
	int state, told; /* the state that the two handlers know of */
	size_t length;   /* of input */
	char input[8192];
	/* The answer: serve_answer.c */
	struct serve_request request;
	struct reactor_done done;
	struct iovec output[2]; /* head and body, as far as not sent */
	char head[256], text[2048];
	unsigned char *picture; /* drawn by the loop itself */
};

/* A guest has come: see listen.h. */
void serve_guest_come(struct reactor *, int fd);
/* As far as it gets without waiting. */
void serve_guest_go(struct reactor *, struct serve_guest *);
/* Those who wait for an answer still get it, and that is all. */
void serve_guests_leave(struct reactor *);
/* Those that are still there are sent away at once. */
void serve_guests_end(struct reactor *);

/* ---- What they get: serve_answer.c --------------------------------------- */

/* Who computes the answers; NULL: the loop itself. */
void serve_answers_open(struct reactor_executor *);
/* Answers the request: now the guest is sending, or waiting until it is. */
void serve_answer(struct reactor *, struct serve_guest *);
/* Nobody needs the answer any more, or the job that is to make it. */
void serve_answer_end(struct reactor *, struct serve_guest *);

/* ---- The comparison: serve_client.c, serve_measure.c --------------------- */

struct serve_client {
	const char *path;
	pthread_t thread;
	int64_t pause; /* ns between an answer and the next question */
	int64_t time;  /* ns that all of it takes */
	struct sockaddr_storage address;
	socklen_t length;
	struct figure_histogram seen;
	int failed; /* there was no answer */
};

/* Until the time is over, and the last answer is there. */
void serve_client_talk(struct serve_client *);

struct serve_plan {
	const char *backend;
	const char *executor; /* only that one; NULL: each */
	long workers;
	int64_t time; /* ns for each */
};

/* Prints it, and returns the exit status. */
int serve_measure(const struct serve_plan *);

#endif
