/*
 * SPDX-License-Identifier: ISC
 *
 * stream.h: what the files of streams know of each other.
 *
 *   stream.c     start, stop
 *   turn.c       what is told
 *   interest.c   what is waited for; patience.c: how long
 *   input.c      from the descriptor to the program
 *   output.c     what is written; send.c, file.c: from there to the descriptor
 *   transport.c  the descriptor itself, or TLS
 */
#ifndef REACTOR_NET_STREAM_H
#define REACTOR_NET_STREAM_H

#include <reactor/net.h>
#include <sys/types.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include "reactor/net/buffer.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif
#ifndef MSG_MORE
#define MSG_MORE 0
#endif

#define STREAM__SEND   (MSG_DONTWAIT | MSG_NOSIGNAL)

#define STREAM__VECTOR 64 /* pieces sent at once */

/* stream.flags */
enum {
	STREAM__STARTED = 0x0001,
	STREAM__PAUSED = 0x0002,
	STREAM__ENDED = 0x0004,    /* nothing is read any more */
	STREAM__FAILED = 0x0008,   /* `error` is to be told */
	STREAM__BLOCKED = 0x0010,  /* output waits for the descriptor */
	STREAM__HELD = 0x0020,     /* output waits for the program */
	STREAM__SHUT = 0x0040,     /* no more is written... */
	STREAM__SHUT_OUT = 0x0080, /* ...and the peer knows */
	STREAM__CROWDED = 0x0100,  /* ROOM is to be told */
	STREAM__FLUSHING = 0x0200, /* FLUSHED is to be told */
	STREAM__UNUSED = 0x0400,   /* readable, and nobody wants to read */
	STREAM__DEAF = 0x0800,     /* hung up: not to be watched for nothing */
	STREAM__COPIES = 0x1000,   /* files cannot be sent by the system */
	STREAM__OTHER = 0x2000,    /* a transport, or not a socket: */
	STREAM__WAITED = 0x4000,   /* poll(2), then block: terminals */
	STREAM__NONBLOCK = 0x8000, /* its owner has set O_NONBLOCK */
	STREAM__SENDS = 0x10000,   /* files can be sent by the system */
	STREAM__DRAINED = 0x20000  /* a transport had nothing, for now */
};

static inline size_t
reactor__input_size(const struct reactor_stream *s)
{
	return s->in == NULL ? 0 : s->in->end - s->in->start;
}

static inline int
reactor__stream_is_socket(const struct reactor_stream *s)
{
	return (s->flags & STREAM__OTHER) == 0;
}

/* Is more to be read? */
static inline int
reactor__input_open(const struct reactor_stream *s)
{
	return (s->flags & (STREAM__PAUSED | STREAM__ENDED)) == 0 &&
	    reactor__input_size(s) < s->limit;
}

/* For `idle`, by the clock of this turn. */
static inline void
reactor__stream_moved(struct reactor_stream *s)
{
	if (s->idle > 0)
		s->moved = s->reactor->running ? s->reactor->now
					       : reactor__now(s->reactor);
}

/* stream.c */
/* ERROR is told, later, and nothing is sent any more. */
void reactor__stream_fail(struct reactor_stream *, int error);
/* Has it look in the next turn. */
void reactor__stream_later(struct reactor_stream *);
/*
 * What is written is held, as it is in the callback; 0: no more, and it is sent
 * now.  For tasks.
 */
void reactor__stream_hold(struct reactor_stream *, int hold);

/* turn.c */
/* What there is to tell now. */
unsigned reactor__stream_due(const struct reactor_stream *);
/* Reads if that is told, calls back, sends. */
void reactor__stream_turn(struct reactor_stream *, int readable);
/* The callbacks of its io and its defer. */
void reactor__stream_ready(struct reactor *, struct reactor_io *, unsigned);
void reactor__stream_deferred(struct reactor *, struct reactor_defer *);

/* interest.c */
void reactor__stream_change(struct reactor_stream *);

/* Nothing is to be done and nothing is there: it only reads, from a socket. */
static inline int
reactor__stream_is_plain(const struct reactor_stream *s)
{
	return s->flags == STREAM__STARTED && s->due == 0 && s->in == NULL;
}

/* After a change from outside of its callback: watches what it needs now. */
static inline void
reactor__stream_changed(struct reactor_stream *s)
{
	if (!reactor__stream_is_plain(s) || s->io.wanted != REACTOR_READ)
		reactor__stream_change(s);
}

/* patience.c */
int reactor__patience_start(struct reactor_stream *);

/* input.c */
/* Reads once; 1: there may be more. */
int reactor__input_fill(struct reactor_stream *);
/* The same after a read that said n. */
int reactor__input_got(struct reactor_stream *, intptr_t n, size_t room);
void reactor__input_drop(struct reactor_stream *);

/* send.c */
/* Sends what there is, until it is BLOCKED. */
void reactor__output_send(struct reactor_stream *);
/* So much of it is out. */
void reactor__output_sent(struct reactor_stream *, size_t size);
/* Is ROOM or FLUSHED to be told? */
void reactor__output_fell(struct reactor_stream *);
void reactor__output_drop(struct reactor_stream *);
/* The pieces of bytes at the beginning; *more: a file follows. */
int reactor__send_gather(
    const struct reactor_stream *, struct iovec *, size_t *size, int *more);
/* The descriptor took n of so many bytes, or -1 and errno: how many it took. */
size_t reactor__send_took(struct reactor_stream *, intptr_t n, size_t size);
/* The same, and removes those from the output. */
size_t reactor__send_result(struct reactor_stream *, intptr_t n, size_t size);

/* output.c */
/* May this be written to?  0, or -1. */
int reactor__output_check(struct reactor_stream *);
void reactor__output_append(struct reactor_stream *, struct reactor__buffer *);
/* Sends if it is not held, and says whether more than `high` waits. */
int reactor__output_written(struct reactor_stream *);

/* file.c: sends of a piece that is a file; how much. */
size_t reactor__file_send(
    struct reactor_stream *, struct reactor__buffer *, size_t limit);

/* transport.c */
intptr_t reactor__transport_read_other(struct reactor_stream *, void *, size_t);
intptr_t reactor__transport_write_other(
    struct reactor_stream *, const void *, size_t);

/* As recv(2) and send(2); EAGAIN: wait for s->reading, s->writing. */
static inline intptr_t
reactor__transport_read(struct reactor_stream *s, void *bytes, size_t size)
{
	intptr_t n = -1;

	if (reactor__stream_is_socket(s)) {
		n = recv(s->fd, bytes, size, MSG_DONTWAIT);
		if (n >= 0 || errno != ENOTSOCK)
			return n;
	}
	return reactor__transport_read_other(s, bytes, size);
}

/* more: MSG_MORE, or 0. */
static inline intptr_t
reactor__transport_write(
    struct reactor_stream *s, const void *bytes, size_t size, int more)
{
	intptr_t n;

	if (reactor__stream_is_socket(s)) {
		n = send(s->fd, bytes, size, STREAM__SEND | more);
		if (n >= 0 || errno != ENOTSOCK)
			return n;
	}
	return reactor__transport_write_other(s, bytes, size);
}

/* Several, over a socket only. */
intptr_t reactor__transport_writev(
    struct reactor_stream *, struct iovec *, int n, int more);
int reactor__transport_shutdown(struct reactor_stream *);
/* Is there input that the descriptor does not tell of? */
static inline int
reactor__transport_pending(const struct reactor_stream *s)
{
	return s->transport != NULL && s->transport->pending != NULL &&
	    s->transport->pending(s->state);
}

/* Why the system says ERROR; 0: no reason. */
int reactor__transport_error(const struct reactor_stream *);
/* After this errno: try again? */
int reactor__transport_again(void);

/* Sends the only piece; mostly it goes, and nobody waited for that. */
static inline size_t
reactor__send_piece(struct reactor_stream *s, struct reactor__buffer *b)
{
	size_t size = b->end - b->start;
	intptr_t n = reactor__transport_write(s, b->bytes + b->start, size, 0);

	if (n != (intptr_t)size ||
	    s->flags & (STREAM__CROWDED | STREAM__FLUSHING))
		return reactor__send_result(s, n, size);
	s->out = s->last = NULL;
	s->pending = 0;
	reactor__stream_moved(s);
	reactor__buffer_put(s->reactor, b);
	return size;
}

/*
 * linux.c, portable.c: -1 and EOPNOTSUPP where there is no such thing.  Raises
 * no SIGPIPE.
 */
intptr_t reactor__send_file(int fd, int file, int64_t *offset, size_t size);

#endif
