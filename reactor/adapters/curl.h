/*
 * SPDX-License-Identifier: ISC
 *
 * curl.h: has a loop drive the transfers of a multi handle of libcurl.
 *
 *	static void
 *	finished(struct reactor *r, struct reactor_curl *c, CURL *easy,
 *	    CURLcode result)
 *	{
 *		puts(curl_easy_strerror(result));
 *		curl_easy_cleanup(easy);
 *	}
 *
 *	struct reactor_curl c = { .finished = finished };
 *
 *	if (reactor_curl_start(r, &c, multi) == 0)
 *		curl_multi_add_handle(multi, easy);
 *
 * reactor_curl(3) has the details.
 */
#ifndef REACTOR_ADAPTERS_CURL_H
#define REACTOR_ADAPTERS_CURL_H

#include <errno.h>
#include <stdlib.h>
#include <curl/curl.h>
#include <reactor/reactor.h>

struct reactor_curl;

/* It may add transfers, and stop and free whatever it likes. */
typedef void reactor_curl_fn(
    struct reactor *, struct reactor_curl *, CURL *, CURLcode result);

/* Zero it and set the first two. */
struct reactor_curl {
	reactor_curl_fn *finished; /* the handle has left the multi handle */
	void *data;                /* yours */
	/* The library's: */
	struct reactor *reactor;
	CURLM *multi;
	struct reactor_timer timer;
	struct reactor__curl_socket *sockets;
	int *gone; /* becomes 1 when this is stopped while in use */
};

struct reactor__curl_socket {
	struct reactor_io io;
	struct reactor_curl *curl;
	struct reactor__curl_socket *next, **place;
};

/* ---- To libcurl ---------------------------------------------------------- */

static inline void
reactor__curl_act(struct reactor_curl *c, curl_socket_t fd, int what)
{
	CURLMsg *message;
	CURL *easy;
	CURLcode result;
	int running, left, gone = 0;

	c->gone = &gone;
	(void)curl_multi_socket_action(c->multi, fd, what, &running);
	while (!gone &&
	    (message = curl_multi_info_read(c->multi, &left)) != NULL) {
		if (message->msg != CURLMSG_DONE)
			continue;
		easy = message->easy_handle;
		result = message->data.result;
		/* After this there is no message. */
		(void)curl_multi_remove_handle(c->multi, easy);
		c->finished(c->reactor, c, easy, result);
	}
	if (!gone)
		c->gone = NULL;
}

static inline void
reactor__curl_late(struct reactor *r, struct reactor_timer *timer)
{
	(void)r;
	reactor__curl_act(REACTOR_OWNER(timer, struct reactor_curl, timer),
	    CURL_SOCKET_TIMEOUT, 0);
}

static inline void
reactor__curl_ready(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	int what = 0;

	(void)r;
	if ((ready & REACTOR_READ) != 0)
		what |= CURL_CSELECT_IN;
	if ((ready & REACTOR_WRITE) != 0)
		what |= CURL_CSELECT_OUT;
	if ((ready & (REACTOR_ERROR | REACTOR_BAD)) != 0)
		what |= CURL_CSELECT_ERR;
	reactor__curl_act(
	    REACTOR_OWNER(io, struct reactor__curl_socket, io)->curl,
	    (curl_socket_t)io->fd, what);
}

/* ---- From libcurl -------------------------------------------------------- */

/* What is stopped already may be of a loop that is closed. */
static inline void
reactor__curl_drop(struct reactor__curl_socket *s)
{
	if (s->io.event.state != 0)
		reactor_io_stop(s->curl->reactor, &s->io);
	if (s->next != NULL)
		s->next->place = s->place;
	*s->place = s->next;
	free(s);
}

static inline struct reactor__curl_socket *
reactor__curl_new(struct reactor_curl *c, curl_socket_t fd)
{
	struct reactor__curl_socket *s =
	    (struct reactor__curl_socket *)calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->io.event.name = "curl";
	s->io.callback = reactor__curl_ready;
	s->io.fd = (int)fd;
	s->curl = c;
	if ((s->next = c->sockets) != NULL)
		s->next->place = &s->next;
	s->place = &c->sockets;
	c->sockets = s;
	(void)curl_multi_assign(c->multi, fd, s);
	return s;
}

/* -1 ends all transfers. */
static inline int
reactor__curl_watch(
    CURL *easy, curl_socket_t fd, int what, void *data, void *socket)
{
	struct reactor__curl_socket *s = (struct reactor__curl_socket *)socket;
	struct reactor_curl *c = (struct reactor_curl *)data;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (s != NULL)
			reactor__curl_drop(s);
		return 0; /* libcurl forgets what was assigned */
	}
	if (s == NULL && (s = reactor__curl_new(c, fd)) == NULL)
		return -1;
	s->io.wanted =
	    (unsigned char)(((what & CURL_POLL_IN) != 0 ? REACTOR_READ : 0) |
		((what & CURL_POLL_OUT) != 0 ? REACTOR_WRITE : 0));
	if (s->io.wanted != 0)
		return reactor_io_start(c->reactor, &s->io);
	reactor_io_stop(c->reactor, &s->io);
	return 0;
}

/* 0 ms is soon, but not now: libcurl is still at work. */
static inline int
reactor__curl_timer(CURLM *multi, long ms, void *data)
{
	struct reactor_curl *c = (struct reactor_curl *)data;

	(void)multi;
	if (ms >= 0)
		return reactor_timer_start(
		    c->reactor, &c->timer, ms * REACTOR_MILLISECOND);
	reactor_timer_stop(c->reactor, &c->timer);
	return 0;
}

/* ---- What a program calls ------------------------------------------------ */

/* Also for transfers that were added before.  EINVAL: it is no multi handle. */
static inline int
reactor_curl_start(struct reactor *r, struct reactor_curl *c, CURLM *multi)
{
	c->reactor = r;
	c->multi = multi;
	c->sockets = NULL;
	c->gone = NULL;
	c->timer.event.name = "curl";
	c->timer.callback = reactor__curl_late;
	if (reactor_timer_start(r, &c->timer, 0) == -1)
		return -1;
	if (curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION,
		reactor__curl_watch) != CURLM_OK) {
		reactor_timer_stop(r, &c->timer);
		errno = EINVAL;
		return -1;
	}
	(void)curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, c);
	(void)curl_multi_setopt(multi, CURLMOPT_TIMERDATA, c);
	(void)curl_multi_setopt(
	    multi, CURLMOPT_TIMERFUNCTION, reactor__curl_timer);
	return 0;
}

/*
 * Before curl_multi_cleanup, and not in a callback of libcurl's own.  What is
 * under way stands still from here on.
 */
static inline void
reactor_curl_stop(struct reactor *r, struct reactor_curl *c)
{
	if (c->gone != NULL)
		*c->gone = 1;
	c->gone = NULL;
	if (c->timer.event.state != 0)
		reactor_timer_stop(r, &c->timer);
	while (c->sockets != NULL) {
		(void)curl_multi_assign(
		    c->multi, (curl_socket_t)c->sockets->io.fd, NULL);
		reactor__curl_drop(c->sockets);
	}
	(void)curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, NULL);
	(void)curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, NULL);
}

#endif
