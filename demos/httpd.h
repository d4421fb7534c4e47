/*
 * SPDX-License-Identifier: ISC
 *
 * httpd.h: what the files of the web server share.
 *
 *	httpd.c             options, signals, threads
 *	httpd_listen.c      sockets
 *	httpd_loop.c        one loop: its listeners and guests, its stop
 *	httpd_peer.c        how many guests each address has
 *	httpd_connection.c  the life of a connection
 *	httpd_message.c     requests are read
 *	httpd_request.c     what a request gets
 *	httpd_answer.c      heads, and how answers go out
 *	httpd_error.c       status lines, errors
 *	httpd_page.c        a file, whole, in part or not at all; a listing
 *	httpd_file.c        from a name below the root to an open file
 *	httpd_log.c         a line for each answer
 *
 * Each loop has a thread and data of its own; what they share does not change
 * while they run, but for the table of addresses.
 */
#ifndef DEMOS_HTTPD_H
#define DEMOS_HTTPD_H

#include <pthread.h>
#include <time.h>
#include <reactor/net.h>
#include "demos/http.h"

enum {
	HTTPD_SOCKETS = 32, /* listening, of each loop */
	HTTPD_LOOPS = 64,
	HTTPD_NAME = 2048,   /* bytes of the name of a file */
	HTTPD_SMALL = 16384, /* files up to there go out with the head */
	HTTPD_HEADER = 8192, /* enough for the longest head of an answer */
	HTTPD_TAG = 64,
	HTTPD_LINGER = 65536 /* bytes that are dropped before a close */
};

/* ---- Addresses of guests ------------------------------------------------- */

/* An address of the network: IPv4 is mapped; UNIX is all zero. */
struct httpd_address {
	unsigned char bytes[16];
};

struct httpd_peer {
	struct httpd_peer *next;
	struct httpd_address address; /* of IPv6, the network's half */
	size_t count;
};

/* Guarded by its lock; a power of two of lists. */
struct httpd_peers {
	pthread_mutex_t lock;
	struct httpd_peer **lists;
	size_t mask;
	uint64_t seed;
};

/* ---- The server ---------------------------------------------------------- */

struct httpd {
	int root; /* descriptor */
	int list, log, hello, sink;
	long connections; /* of each loop */
	long per_address; /* 0: 100, and any number from this machine */
	long requests;    /* of a connection */
	long body;        /* bytes */
	long rate;        /* bytes a second, of bodies and answers */
	int64_t header, idle, stall, linger, grace; /* ns */
	struct httpd_peers peers;
};

/* What one request needs while it is read; only busy connections have one. */
struct httpd_message {
	struct httpd_message *next;
	struct http_request request;
	struct http_body body;
};

struct httpd_loop {
	struct reactor *reactor;
	struct httpd *server;
	struct reactor_listener listeners[HTTPD_SOCKETS];
	size_t sockets;
	struct reactor_post stop; /* sent by whoever had the signal */
	struct reactor_timer grace;
	struct reactor_prepare prepare;
	pthread_t thread;
	struct httpd_connection *connections;
	size_t count;
	struct httpd_message *messages; /* free ones */
	int stopping, full;
	int64_t warned;
	time_t second; /* which the dates are of */
	char date[HTTP_DATE];
	char hello[256]; /* the whole answer */
	size_t hello_size;
	size_t used; /* of out, where an answer is written */
	char out[HTTPD_HEADER + HTTPD_SMALL];
	size_t logged;
	char log[16384];
};

enum httpd_state {
	HTTPD_HEAD,  /* waits for a request, or reads it */
	HTTPD_BODY,  /* reads or drops a body */
	HTTPD_CLOSES /* has said all; drops what comes */
};

struct httpd_connection {
	struct reactor_stream stream;
	struct httpd_loop *loop;
	struct httpd_connection *next, **place;
	struct httpd_message *message; /* or NULL */
	struct httpd_peer *peer;
	struct httpd_address address;
	enum httpd_state state;
	long served;
	int64_t mark; /* bytes at the last look at the speed */
	size_t dropped;
	unsigned keep : 1;    /* another request may follow */
	unsigned bare : 1;    /* HEAD: no body goes out */
	unsigned old : 1;     /* HTTP/1.0 */
	unsigned sinks : 1;   /* the answer is due when the body is over */
	unsigned skips : 1;   /* the body will not come, or is not wanted */
	unsigned waits : 1;   /* for output to go out */
	unsigned ended : 1;   /* the guest says no more */
	unsigned timed : 1;   /* a limit is set */
	unsigned lingers : 1; /* all is out; it is waited for the other side */
	unsigned over : 1;    /* to be closed now */
};

/* ---- httpd_listen.c ------------------------------------------------------ */

/* Of all --address; before the options are read, of which the last counts. */
void httpd_listen_gather(int argc, char **argv);
/* Files of UNIX sockets are removed at exit. */
void httpd_listen_open(size_t loops);
/* Those of one of the loops. */
const int *httpd_listen_sockets(size_t loop, size_t *count);
/* Prints where. */
void httpd_listen_tell(void);

/* ---- httpd_loop.c -------------------------------------------------------- */

/* A loop with these sockets, which become its own: 0, or -1 with errno. */
int httpd_loop_open(struct httpd_loop *, struct httpd *, const char *backend,
    const int *fds, size_t count);
/* Until it is stopped; also as a thread. */
void *httpd_loop_run(void *loop);
/* Ends idle connections, lets the others finish.  Any thread. */
void httpd_loop_stop(struct httpd_loop *);
void httpd_loop_close(struct httpd_loop *);
/* A connection has gone. */
void httpd_loop_left(struct httpd_loop *);

/* ---- httpd_peer.c -------------------------------------------------------- */

int httpd_peers_open(struct httpd_peers *);
void httpd_peers_close(struct httpd_peers *);
void httpd_address(struct httpd_address *, const struct reactor_address *);
/* Counts a guest: his entry, or NULL with EBUSY if he is one too many. */
struct httpd_peer *httpd_peer_enter(
    struct httpd *, const struct httpd_address *);
void httpd_peer_leave(struct httpd *, struct httpd_peer *);
/* "127.0.0.1" */
const char *httpd_address_text(
    const struct httpd_address *, char *text, size_t size);

/* ---- httpd_connection.c -------------------------------------------------- */

/* The descriptor becomes the connection's, or is closed. */
void httpd_connection_start(
    struct httpd_loop *, int fd, const struct reactor_address *);
/* If nothing is going on: closes it. */
void httpd_connection_dismiss(struct httpd_connection *);
void httpd_connection_end(struct httpd_connection *);
/* What goes on has so much time; negative: no limit. */
void httpd_connection_limit(struct httpd_connection *, int64_t after);
/* Nothing more is said. */
void httpd_connection_close(struct httpd_connection *);
/* An answer, and then the end. */
void httpd_connection_refuse(
    struct httpd_connection *, int status, const char *reason);

/* ---- httpd_message.c ----------------------------------------------------- */

/* Reads and answers as far as possible. */
void httpd_message(struct httpd_connection *);
/* Its memory is for others again. */
void httpd_message_give(struct httpd_connection *);

/* ---- httpd_request.c ----------------------------------------------------- */

/* Answers the request whose head is complete, or sets `sinks`. */
void httpd_request(struct httpd_connection *);
/* Its body has come. */
void httpd_request_sunk(struct httpd_connection *);

/* ---- httpd_answer.c ------------------------------------------------------ */

/* The date is of now again, and so is what has it in it. */
void httpd_now(struct httpd_loop *);

/* An answer: the head, fields of one's own, and an end of one kind. */
void httpd_head(struct httpd_connection *, int status);
void httpd_field(
    struct httpd_connection *, const char *name, const char *value);
void httpd_content(struct httpd_connection *, const char *type, int64_t size);
/* "Content-Range: bytes FIRST-LAST/SIZE" */
void httpd_content_range(
    struct httpd_connection *, const struct http_range *, int64_t size);
void httpd_put(struct httpd_loop *, const char *bytes, size_t size);
void httpd_put_number(struct httpd_loop *, int64_t);
/* With that body, which must not follow a HEAD's head; it may be empty. */
void httpd_send(
    struct httpd_connection *, int status, const char *body, size_t size);
/* With a part of a file, which is closed. */
void httpd_send_file(struct httpd_connection *, int status, int fd,
    int64_t offset, int64_t size);
/* From memory, as it is. */
void httpd_send_hello(struct httpd_connection *);
/* ---- httpd_error.c ------------------------------------------------------- */

/* "404 Not Found" */
const char *httpd_words(int status);
/* A page that tells the status, and why. */
void httpd_error(struct httpd_connection *, int status, const char *reason);
/* The same with a field in its head. */
void httpd_error_with(struct httpd_connection *, int status, const char *reason,
    const char *name, const char *value);
void httpd_redirect(struct httpd_connection *, const char *name);

/* ---- httpd_page.c -------------------------------------------------------- */

struct httpd_file {
	int fd;
	int directory;
	int64_t size, modified; /* bytes; seconds */
	char tag[HTTPD_TAG];    /* with its quotes */
	size_t tag_size;
	const char *type;
};

/* Answers with the file, and closes it. */
void httpd_page_file(struct httpd_connection *, struct httpd_file *);
/* Answers with what is in the directory, and closes it. */
void httpd_page_list(
    struct httpd_connection *, struct httpd_file *, const char *name);

/* ---- httpd_file.c -------------------------------------------------------- */

/* The file of that name below the root: 0, or the status to refuse it with. */
int httpd_file_open(
    const struct httpd *, const char *name, struct httpd_file *);
/* The root itself: a descriptor, or -1 with errno. */
int httpd_file_root(const char *path);

/* ---- httpd_log.c --------------------------------------------------------- */

void httpd_log(struct httpd_connection *, int status, int64_t size);
/* Writes out what is there. */
void httpd_log_flush(struct httpd_loop *);

#endif
