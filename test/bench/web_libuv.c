/*
 * SPDX-License-Identifier: ISC
 *
 * web_libuv.c: the server with libuv's streams.
 */
#include <uv.h>
#include "test/bench/web.h"

struct wu_guest {
	uv_tcp_t tcp;
	struct web_guest guest;
};

struct wu_write {
	uv_write_t request;
	char bytes[16 * WEB_SIZE];
};

static void
wu_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void
wu_written(uv_write_t *request, int status)
{
	(void)status;
	free(request->data);
}

static void
wu_space(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	struct wu_guest *g = handle->data;

	(void)suggested;
	buffer->base = g->guest.bytes + g->guest.size;
	buffer->len = WEB_BUFFER - g->guest.size;
}

/* What cannot go out at once is given to the library. */
static void
wu_send(struct wu_guest *g, const char *bytes, size_t n)
{
	uv_buf_t buffer = uv_buf_init((char *)bytes, (unsigned)n);
	int sent = uv_try_write((uv_stream_t *)&g->tcp, &buffer, 1);
	struct wu_write *w;

	if (sent == (int)n)
		return;
	w = malloc(sizeof(*w));
	if (w == NULL)
		web_die("malloc");
	w->request.data = w;
	n -= sent > 0 ? (size_t)sent : 0;
	memcpy(w->bytes, bytes + (sent > 0 ? sent : 0), n);
	buffer = uv_buf_init(w->bytes, (unsigned)n);
	(void)uv_write(
	    &w->request, (uv_stream_t *)&g->tcp, &buffer, 1, wu_written);
}

static void
wu_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
	struct wu_guest *g = stream->data;
	char answers[16 * WEB_SIZE];
	size_t length, used = 0, n = 0;

	(void)buffer;
	if (got <= 0) {
		if (got < 0)
			uv_close((uv_handle_t *)stream, wu_closed);
		return;
	}
	g->guest.size += (size_t)got;
	while (n + WEB_SIZE <= sizeof(answers) &&
	    (length = web_request(
		 g->guest.bytes + used, g->guest.size - used)) > 0) {
		used += length;
		memcpy(answers + n, WEB_ANSWER, WEB_SIZE);
		n += WEB_SIZE;
	}
	g->guest.size -= used;
	memmove(g->guest.bytes, g->guest.bytes + used, g->guest.size);
	if (n > 0)
		wu_send(g, answers, n);
}

static void
wu_accept(uv_stream_t *listener, int status)
{
	struct wu_guest *g = malloc(sizeof(*g));

	if (status < 0 || g == NULL)
		web_die("accept");
	g->guest.size = 0;
	(void)uv_tcp_init(listener->loop, &g->tcp);
	g->tcp.data = g;
	if (uv_accept(listener, (uv_stream_t *)&g->tcp) != 0)
		web_die("uv_accept");
	(void)uv_tcp_nodelay(&g->tcp, 1);
	(void)uv_read_start((uv_stream_t *)&g->tcp, wu_space, wu_read);
}

int
main(void)
{
	uv_tcp_t listener;

	(void)uv_tcp_init(uv_default_loop(), &listener);
	if (uv_tcp_open(&listener, web_listen(SOCK_NONBLOCK)) != 0 ||
	    uv_listen((uv_stream_t *)&listener, 4096, wu_accept) != 0)
		web_die("uv_listen");
	return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
