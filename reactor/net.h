/*
 * SPDX-License-Identifier: ISC
 *
 * net.h: names, connections, listeners, and streams of bytes over them.
 *
 *   name --> resolve --> addresses --> connect --> descriptor --> stream
 *            listen --> listener --------------> descriptor --> stream
 *
 * Like the handlers of reactor.h, each struct is embedded in your own data,
 * zeroed, filled in and started.  A callback may stop, restart or free its own
 * or any other.  What a handler hands over, such as a descriptor, is yours.
 *
 * An address is written host:port, [host]:port, /path or @name, where @name is
 * a UNIX socket in the abstract namespace (Linux), or fd:3, a descriptor that
 * is there already (to listen only).
 *
 * Functions return 0, or -1 with errno and nothing begun.  Times are int64_t
 * nanoseconds.  All belongs to the thread of the loop.  net(7) explains the
 * whole; each function has a page in section 3.
 */
#ifndef REACTOR_NET_H
#define REACTOR_NET_H

#include <reactor/executor.h>
#include <reactor/reactor.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

struct iovec;
struct sockaddr;

struct reactor_resolve;
struct reactor_connect;
struct reactor_listener;
struct reactor_stream;

/* ---- Addresses: reactor_address_parse(3) --------------------------------- */

/* A struct sockaddr of any family, of that length. */
struct reactor_address {
	unsigned length;
	union {
		uint64_t align;
		unsigned char bytes[128];
	} u;
};

#define REACTOR_ADDRESS_TEXT 128 /* bytes; enough for each of them */

/*
 * The address that the text is; names are not looked up.  EINVAL; EAFNOSUPPORT:
 * no abstract names here; ENAMETOOLONG.
 */
int reactor_address_parse(struct reactor_address *, const char *text);
/* The text of it, in the form that parse reads; returns `text`. */
const char *reactor_address_text(
    const struct reactor_address *, char *text, size_t size);
/* To be passed to system calls, with `length`. */
const struct sockaddr *reactor_address_socket(const struct reactor_address *);
/* Of a socket, or of its other side.  What getsockname(2), getpeername say. */
int reactor_address_local(struct reactor_address *, int fd);
int reactor_address_peer(struct reactor_address *, int fd);

/* ---- Names: reactor_resolve_start(3) ------------------------------------- */

typedef void reactor_resolve_fn(struct reactor *, struct reactor_resolve *);

/* Which addresses. */
enum { REACTOR_ANY, REACTOR_IPV4, REACTOR_IPV6 };

struct reactor_resolve {
	reactor_resolve_fn *callback;
	const char *host;    /* a name or an address; copied by start */
	const char *service; /* a port or the name of one; copied; or NULL */
	int family;          /* REACTOR_ANY... */
	int64_t timeout;     /* 0 or less: none */
	struct reactor_executor *executor; /* NULL: threads of the library's */
	/* Set before the call, and there until it returns: */
	const struct reactor_address *addresses; /* in the system's order */
	size_t count;
	int error; /* 0; or see reactor_resolve_start(3): ENOENT: no such name */
	/* The library's: */
	struct reactor_link link;
	struct reactor_future *future;
	struct reactor_done done;
	struct reactor_defer defer;
	struct reactor_timer timer;
	void *memory;
};

/*
 * Has getaddrinfo(3) run on a thread; an address needs none.  Calls back once,
 * later.  ENOMEM, EINVAL, or what reactor_submit says.
 */
int reactor_resolve_start(struct reactor *, struct reactor_resolve *);
/* A look-up that has begun goes on, and what it finds is dropped. */
void reactor_resolve_stop(struct reactor *, struct reactor_resolve *);

/* ---- Connecting: reactor_connect_start(3) -------------------------------- */

typedef void reactor_connect_fn(struct reactor *, struct reactor_connect *);

/* flags of connect, listen and listener */
enum {
	REACTOR_DATAGRAM = 0x01,  /* UDP or UNIX datagrams, not a stream */
	REACTOR_NODELAY = 0x02,   /* TCP_NODELAY on what is handed over */
	REACTOR_KEEPALIVE = 0x04, /* SO_KEEPALIVE on what is handed over */
	REACTOR_REUSEPORT = 0x08, /* listen: one socket for each loop */
	REACTOR_V6ONLY = 0x10     /* listen: [::] is not 0.0.0.0 as well */
};

struct reactor_connect {
	reactor_connect_fn *callback;
	const char *host;    /* a name, an address, /path or @name; copied */
	const char *service; /* copied; NULL: host is host:port */
	unsigned flags;
	int family;      /* REACTOR_ANY... */
	int64_t timeout; /* for all of it, names too; 0: 30 s; < 0: none */
	int64_t
	    stagger; /* until the next address is tried as well; 0: 250 ms */
	struct reactor_executor *executor; /* see reactor_resolve */
	/* Set before the call: */
	int fd;    /* yours; non-blocking, close-on-exec; or -1 */
	int error; /* why not: of the last address that failed, or ETIMEDOUT */
	struct reactor_address address; /* that answered, or failed last */
	/* The library's: */
	struct reactor_link link;
	struct reactor_resolve resolve;
	struct reactor_timer timer, next;
	void *attempts;
};

/*
 * Looks the name up and tries its addresses by RFC 8305 (happy eyeballs): the
 * families in turn, each when the one before has failed or `stagger` has gone
 * by, until one answers.  Calls back once, later.  ENOMEM, EINVAL, or what
 * reactor_resolve_start says.
 */
int reactor_connect_start(struct reactor *, struct reactor_connect *);
/* Closes what was being tried. */
void reactor_connect_stop(struct reactor *, struct reactor_connect *);

/* ---- Listening: reactor_listen(3), reactor_listener_start(3) ------------- */

struct reactor_listen_options {
	unsigned flags;
	int backlog;   /* 0: as many as the system allows */
	unsigned mode; /* of the file of a UNIX socket; 0: by umask */
};

/*
 * Makes sockets that listen (or, with REACTOR_DATAGRAM, are bound) at an
 * address; :80 and *:80 are all of this machine, localhost:80 both of its own.
 * Returns how many of at most `max` were made: they are non-blocking and
 * close-on-exec; those of TCP have SO_REUSEADDR.  Options may be NULL.  A file
 * that a UNIX socket left behind is replaced if nobody listens there.  Not only
 * for loops.
 */
int reactor_listen(const char *address, const struct reactor_listen_options *,
    int *fds, size_t max);
/*
 * The sockets that were handed to this process by LISTEN_FDS (see
 * sd_listen_fds(3)), now non-blocking and close-on-exec; returns how many, 0 if
 * none.  They are handed over once: the variables are removed.  EMSGSIZE: more
 * than max.  Not only for loops.
 */
int reactor_listen_inherited(int *fds, size_t max);

/* fd is yours: non-blocking, close-on-exec. */
typedef void reactor_listener_fn(struct reactor *, struct reactor_listener *,
    int fd, const struct reactor_address *peer);
typedef void reactor_listener_error_fn(
    struct reactor *, struct reactor_listener *, int error);

struct reactor_listener {
	reactor_listener_fn *callback;
	/* Out of descriptors or memory: it waits for `pause`; or NULL. */
	reactor_listener_error_fn *failed;
	void *data; /* yours */
	int fd;
	unsigned flags;  /* NODELAY, KEEPALIVE */
	unsigned budget; /* connections in one turn; 0: 16 */
	int64_t pause;   /* ns; 0: 100 ms */
	/* The library's: */
	struct reactor_io io;
	struct reactor_timer timer;
	unsigned char *stopped;
	unsigned vain; /* errors in a row */
};

/*
 * Accepts what comes.  What befell a guest before he came in is passed over.
 * EBADF, EINVAL, ENOMEM.
 */
int reactor_listener_start(struct reactor *, struct reactor_listener *);
void reactor_listener_stop(struct reactor *, struct reactor_listener *);

/* ---- Streams: reactor_stream_start(3) ------------------------------------ */

/* What a stream tells. */
enum {
	REACTOR_STREAM_INPUT = 0x01,   /* more bytes have come */
	REACTOR_STREAM_END = 0x02,     /* no more will come */
	REACTOR_STREAM_ROOM = 0x04,    /* output has fallen to `low` again */
	REACTOR_STREAM_FLUSHED = 0x08, /* all output is out: see flush */
	REACTOR_STREAM_IDLE = 0x10,    /* nothing moved for `idle` */
	REACTOR_STREAM_LIMIT = 0x20,   /* the time of reactor_stream_limit */
	REACTOR_STREAM_ERROR = 0x40    /* stopped: see `error` */
};

typedef void reactor_stream_fn(
    struct reactor *, struct reactor_stream *, unsigned what);

/*
 * What a stream goes over; NULL is the descriptor itself.  read and write are
 * like recv(2) and send(2) and never wait: with EAGAIN, *wants says for what the
 * descriptor is to be waited (READ, WRITE).
 */
struct reactor_transport {
	const char *name; /* "tls" */
	intptr_t (*read)(
	    void *state, int fd, void *bytes, size_t size, unsigned *wants);
	intptr_t (*write)(void *state, int fd, const void *bytes, size_t size,
	    unsigned *wants);
	/* Says that no more is written: 0, or -1. */
	int (*shutdown)(void *state, int fd, unsigned *wants);
	/* Has it bytes that the descriptor does not tell of?  Or NULL. */
	int (*pending)(void *state);
	/* Ends it, and closes the descriptor. */
	void (*close)(void *state, int fd);
};

struct reactor_stream {
	reactor_stream_fn *callback;
	const struct reactor_transport *transport;
	void *state; /* of the transport */
	void *data;  /* yours */
	int fd;
	int error;    /* set before the call with REACTOR_STREAM_ERROR */
	size_t limit; /* bytes of input that may wait; 0: 64 KB */
	size_t high;  /* of output: write says it is enough; 0: 64 KB */
	size_t low;   /* of output: ROOM again; 0: a quarter of high */
	int64_t idle; /* ns without a byte moving; 0: no limit */
	/* The library's: */
	struct reactor *reactor;
	struct reactor_link link; /* all streams of the loop */
	struct reactor_io io;
	struct reactor_timer timer;
	struct reactor_defer defer;
	struct reactor__buffer *in, *out, *last;
	size_t pending, little, want, scanned;
	uint64_t sought; /* what was searched for: its beginning */
	int64_t moved, deadline;
	unsigned char *stopped;
	unsigned flags, due, reading, writing;
	unsigned char keeps; /* a task's: its input is there after ERROR */
	char nothing;        /* where an empty input points to */
};

/*
 * Begins to read.  The callback gets what has happened, in one call for all of
 * it; after REACTOR_STREAM_ERROR the stream has been stopped.  EBADF, ENOMEM.
 */
int reactor_stream_start(struct reactor *, struct reactor_stream *);
/*
 * Forgets what is in its buffers, but sends what the callback has just written;
 * the descriptor stays open.
 */
void reactor_stream_stop(struct reactor_stream *);
/* The same, and closes the descriptor, as its transport does. */
void reactor_stream_close(struct reactor_stream *);

/* The input that is there, in one piece, valid until it is consumed. */
char *reactor_stream_input(const struct reactor_stream *, size_t *size);
/* Takes that many bytes away from its beginning. */
void reactor_stream_consume(struct reactor_stream *, size_t size);
/*
 * INPUT is told only when that many bytes are there (or their end); 0 or 1: any.
 * EMSGSIZE: more than `limit`.
 */
int reactor_stream_want(struct reactor_stream *, size_t size);
/*
 * How many bytes of input there are up to the end of the first delimiter: 0: it
 * has not come yet; -1: EMSGSIZE: there is none in the first `limit` bytes (0:
 * the stream's limit); EINVAL: it has no bytes.  What was searched once is not
 * searched again.
 */
intptr_t reactor_stream_until(
    struct reactor_stream *, const char *delimiter, size_t size, size_t limit);
/* Reads no more, and tells of no input... */
void reactor_stream_pause(struct reactor_stream *);
/* ...until now; what has come is told of in the next turn. */
void reactor_stream_resume(struct reactor_stream *);

/*
 * Sends the bytes; what cannot go out now is copied, and goes out later.  In the
 * callback of the stream, bytes are sent when it returns: what was written in
 * pieces goes out in one.  0; 1: more than `high` waits, so wait for ROOM.
 * ENOMEM; EPIPE: after shutdown.  What the system says comes to the callback.
 */
int reactor_stream_write(struct reactor_stream *, const void *, size_t size);
int reactor_stream_writev(struct reactor_stream *, const struct iovec *, int n);
/*
 * The same for a part of a file, without a copy where the system can (sendfile)
 * and there is no transport.  The file is closed when its turn is over, also if
 * the stream is stopped.  EINVAL: not a file, or a negative number.
 */
int reactor_stream_write_file(
    struct reactor_stream *, int fd, int64_t offset, int64_t size);
/* Sends now what the callback has written; then FLUSHED, when all is out. */
int reactor_stream_flush(struct reactor_stream *);
/* Output that waits, bytes. */
size_t reactor_stream_pending(const struct reactor_stream *);
/* After what was written, no more: half-closes.  Input goes on. */
int reactor_stream_shutdown(struct reactor_stream *);
/* LIMIT is told that much later, whatever moves; negative: never. */
int reactor_stream_limit(struct reactor_stream *, int64_t after);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
