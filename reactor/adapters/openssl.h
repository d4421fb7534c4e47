/*
 * SPDX-License-Identifier: ISC
 *
 * openssl.h: TLS under a stream, by OpenSSL.
 *
 *	SSL *ssl = SSL_new(context);
 *
 *	SSL_set_connect_state(ssl);	(or SSL_set_accept_state)
 *	SSL_set_tlsext_host_name(ssl, "example.org");
 *	SSL_set1_host(ssl, "example.org");
 *	stream.fd = fd;
 *	if (reactor_openssl_attach(&stream, ssl) == -1)
 *		...
 *	reactor_stream_start(r, &stream);
 *
 * From then on the SSL is the stream's, which frees it in reactor_stream_close.
 * The handshake is made by the first bytes that are read or written; EPROTO
 * says that it failed, or that what came was no TLS, and SSL_get_verify_result
 * may say why.  The same goes for the stream of a task.
 */
#ifndef REACTOR_ADAPTERS_OPENSSL_H
#define REACTOR_ADAPTERS_OPENSSL_H

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <errno.h>
#include <limits.h>
#include <unistd.h>
#include <reactor/net.h>

/* ---- Bytes: as OpenSSL's own socket, but without SIGPIPE ----------------- */

static inline int
reactor__openssl_result(BIO *bio, ssize_t n, int retry)
{
	BIO_clear_retry_flags(bio);
	if (n == -1 &&
	    (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		BIO_set_flags(bio, retry | BIO_FLAGS_SHOULD_RETRY);
	return (int)n;
}

static inline int
reactor__openssl_recv(BIO *bio, char *bytes, int size)
{
	return reactor__openssl_result(bio,
	    recv((int)(intptr_t)BIO_get_data(bio), bytes, (size_t)size,
		MSG_DONTWAIT),
	    BIO_FLAGS_READ);
}

static inline int
reactor__openssl_send(BIO *bio, const char *bytes, int size)
{
	return reactor__openssl_result(bio,
	    send((int)(intptr_t)BIO_get_data(bio), bytes, (size_t)size,
		MSG_DONTWAIT | MSG_NOSIGNAL),
	    BIO_FLAGS_WRITE);
}

static inline long
reactor__openssl_control(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH;
}

static inline int
reactor__openssl_create(BIO *bio)
{
	BIO_set_init(bio, 1);
	return 1;
}

/* Made once for each file that includes this. */
static inline BIO_METHOD *
reactor__openssl_method(void)
{
	static BIO_METHOD *method;

	if (method == NULL &&
	    (method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK,
		 "reactor")) != NULL) {
		BIO_meth_set_create(method, reactor__openssl_create);
		BIO_meth_set_read(method, reactor__openssl_recv);
		BIO_meth_set_write(method, reactor__openssl_send);
		BIO_meth_set_ctrl(method, reactor__openssl_control);
	}
	return method;
}

/* ---- The transport ------------------------------------------------------- */

/* What a call came to, which gave `n`, with errno of the system call. */
static inline intptr_t
reactor__openssl_outcome(SSL *ssl, int n, unsigned *wants)
{
	int error = errno;

	if (n > 0)
		return n;
	switch (SSL_get_error(ssl, n)) {
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_WANT_READ:
		*wants = REACTOR_READ;
		errno = EAGAIN;
		break;
	case SSL_ERROR_WANT_WRITE:
		*wants = REACTOR_WRITE;
		errno = EAGAIN;
		break;
	case SSL_ERROR_SYSCALL:
		errno = error != 0 ? error : ECONNRESET;
		break;
	default:
		errno = EPROTO;
	}
	return -1;
}

static inline intptr_t
reactor__openssl_read(
    void *ssl, int fd, void *bytes, size_t size, unsigned *wants)
{
	(void)fd;
	ERR_clear_error();
	errno = 0;
	return reactor__openssl_outcome((SSL *)ssl,
	    SSL_read((SSL *)ssl, bytes, size < INT_MAX ? (int)size : INT_MAX),
	    wants);
}

static inline intptr_t
reactor__openssl_write(
    void *ssl, int fd, const void *bytes, size_t size, unsigned *wants)
{
	(void)fd;
	ERR_clear_error();
	errno = 0;
	return reactor__openssl_outcome((SSL *)ssl,
	    SSL_write((SSL *)ssl, bytes, size < INT_MAX ? (int)size : INT_MAX),
	    wants);
}

/* Only says so: the other side answers in its own time. */
static inline int
reactor__openssl_shutdown(void *ssl, int fd, unsigned *wants)
{
	int n;

	(void)fd;
	ERR_clear_error();
	errno = 0;
	n = SSL_shutdown((SSL *)ssl);
	if (n >= 0)
		return 0;
	return reactor__openssl_outcome((SSL *)ssl, n, wants) == -1 ? -1 : 0;
}

static inline int
reactor__openssl_pending(void *ssl)
{
	return SSL_pending((SSL *)ssl) > 0;
}

static inline void
reactor__openssl_close(void *ssl, int fd)
{
	SSL_free((SSL *)ssl);
	(void)close(fd);
}

/*
 * Puts the SSL under a stream that has not been started and has its descriptor.
 * ENOMEM; then the SSL stays the caller's.
 */
static inline int
reactor_openssl_attach(struct reactor_stream *stream, SSL *ssl)
{
	static const struct reactor_transport transport = { "tls",
		reactor__openssl_read, reactor__openssl_write,
		reactor__openssl_shutdown, reactor__openssl_pending,
		reactor__openssl_close };
	BIO_METHOD *method = reactor__openssl_method();
	BIO *bio = method != NULL ? BIO_new(method) : NULL;

	if (bio == NULL) {
		errno = ENOMEM;
		return -1;
	}
	BIO_set_data(bio, (void *)(intptr_t)stream->fd);
	SSL_set_bio(ssl, bio, bio);
	(void)SSL_set_mode(ssl,
	    SSL_MODE_ENABLE_PARTIAL_WRITE |
		SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	stream->transport = &transport;
	stream->state = ssl;
	return 0;
}

#endif
