/*
 * SPDX-License-Identifier: ISC
 *
 * tls_stream.c: streams over TLS, by reactor/adapters/openssl.h: two streams of
 * one loop that talk to each other, or one and a peer that is none.
 */
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <reactor/adapters/openssl.h>
#include "test/stream.h"

/* ---- A certificate ------------------------------------------------------- */

static SSL_CTX *server_context, *client_context;

static X509 *
certificate(EVP_PKEY *key)
{
	X509_EXTENSION *names = X509V3_EXT_conf_nid(
	    NULL, NULL, NID_subject_alt_name, "DNS:localhost");
	X509 *x = X509_new();

	CHECK(names != NULL && x != NULL);
	CHECK(X509_set_version(x, 2) == 1);
	CHECK(ASN1_INTEGER_set(X509_get_serialNumber(x), 7) == 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -60);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	CHECK(X509_set_pubkey(x, key) == 1);
	CHECK(X509_add_ext(x, names, -1) == 1);
	X509_EXTENSION_free(names);
	CHECK(X509_sign(x, key, EVP_sha256()) > 0);
	return x;
}

static void
contexts_open(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x;

	server_context = SSL_CTX_new(TLS_server_method());
	client_context = SSL_CTX_new(TLS_client_method());
	CHECK(key != NULL && server_context != NULL && client_context != NULL);
	x = certificate(key);
	CHECK(SSL_CTX_use_certificate(server_context, x) == 1);
	CHECK(SSL_CTX_use_PrivateKey(server_context, key) == 1);
	CHECK(X509_STORE_add_cert(SSL_CTX_get_cert_store(client_context), x) ==
	    1);
	SSL_CTX_set_verify(client_context, SSL_VERIFY_PEER, NULL);
	X509_free(x);
	EVP_PKEY_free(key);
}

static void
contexts_close(void)
{
	SSL_CTX_free(server_context);
	SSL_CTX_free(client_context);
}

/* ---- Two sides ----------------------------------------------------------- */

enum { CLIENT, SERVER };

struct side {
	struct reactor_stream stream;
	SSL *ssl;
	char *bytes; /* that came */
	size_t size;
	unsigned told; /* all that was ever told */
	int calls;
	int echoes; /* says again what comes */
};

static void
told(struct reactor *r, struct reactor_stream *s, unsigned what)
{
	struct side *side = REACTOR_OWNER(s, struct side, stream);
	size_t size;
	const char *bytes = reactor_stream_input(s, &size);
	char *grown;

	(void)r;
	side->told |= what;
	side->calls++;
	if (size == 0)
		return;
	grown = realloc(side->bytes, side->size + size);
	CHECK(grown != NULL);
	memcpy(grown + side->size, bytes, size);
	side->bytes = grown;
	side->size += size;
	if (side->echoes)
		CHECK(reactor_stream_write(s, bytes, size) != -1);
	reactor_stream_consume(s, size);
}

static void
side_start(struct reactor *r, struct side *side, int which, int fd)
{
	side->ssl = SSL_new(which == SERVER ? server_context : client_context);
	CHECK(side->ssl != NULL);
	if (which == SERVER)
		SSL_set_accept_state(side->ssl);
	else
		SSL_set_connect_state(side->ssl);
	side->stream.callback = told;
	side->stream.fd = fd;
	CHECK(reactor_openssl_attach(&side->stream, side->ssl) == 0);
	CHECK(reactor_stream_start(r, &side->stream) == 0);
}

struct both {
	struct reactor *r;
	struct side side[2];
	int fd[2];
};

static void
both_start(struct both *b)
{
	memset(b, 0, sizeof(*b));
	contexts_open();
	b->r = loop_open();
	stream_pair(b->fd);
	side_start(b->r, &b->side[CLIENT], CLIENT, b->fd[0]);
	side_start(b->r, &b->side[SERVER], SERVER, b->fd[1]);
}

static void
both_end(struct both *b)
{
	int i;

	for (i = 0; i < 2; i++) {
		reactor_stream_close(&b->side[i].stream);
		free(b->side[i].bytes);
	}
	CHECK(reactor_close(b->r) == 0);
	contexts_close();
}

static void
turn_until_size(struct both *b, const struct side *side, size_t size)
{
	while (side->size < size)
		CHECK(reactor_run_once(b->r, -1) >= 0);
}

static void
turn_until_told(struct both *b, const struct side *side, unsigned what)
{
	while ((side->told & what) == 0)
		CHECK(reactor_run_once(b->r, -1) >= 0);
}

/* ---- Cases --------------------------------------------------------------- */

static void
says_hello(void)
{
	struct both b;

	both_start(&b);
	b.side[SERVER].echoes = 1;
	CHECK(reactor_stream_write(&b.side[CLIENT].stream, "hello", 5) == 0);
	turn_until_size(&b, &b.side[CLIENT], 5);
	CHECK(memcmp(b.side[CLIENT].bytes, "hello", 5) == 0);
	CHECK(SSL_get_verify_result(b.side[CLIENT].ssl) == X509_V_OK);
	both_end(&b);
}

/* Nobody writes: the handshake is made, and then all is quiet. */
static void
is_quiet(void)
{
	struct reactor_statistics before, after;
	struct both b;

	both_start(&b);
	while (!SSL_is_init_finished(b.side[CLIENT].ssl) ||
	    !SSL_is_init_finished(b.side[SERVER].ssl))
		CHECK(reactor_run_once(b.r, -1) >= 0);
	CHECK(reactor_run_once(b.r, 50 * LOOP_MS) >= 0);
	reactor_stats(b.r, &before);
	while (reactor_run_once(b.r, 50 * LOOP_MS) > 0)
		continue;
	reactor_stats(b.r, &after);
	CHECK(after.turns - before.turns < 10);
	CHECK_INT(b.side[CLIENT].told, 0);
	CHECK_INT(b.side[SERVER].told, 0);
	both_end(&b);
}

/* Larger than any buffer on the way, in both directions. */
static void
large_both_ways(void)
{
	enum { LARGE = 300000 };
	char *bytes = malloc(LARGE);
	struct both b;
	size_t i;

	CHECK(bytes != NULL);
	for (i = 0; i < LARGE; i++)
		bytes[i] = (char)(i * 2654435761u >> 13);
	both_start(&b);
	stream_small(b.fd[0], 16384);
	stream_small(b.fd[1], 16384);
	b.side[SERVER].echoes = 1;
	CHECK_INT(
	    reactor_stream_write(&b.side[CLIENT].stream, bytes, LARGE), 1);
	turn_until_size(&b, &b.side[CLIENT], LARGE);
	CHECK_INT(b.side[CLIENT].size, LARGE);
	CHECK(memcmp(b.side[CLIENT].bytes, bytes, LARGE) == 0);
	CHECK(b.side[CLIENT].told & REACTOR_STREAM_ROOM);
	free(bytes);
	both_end(&b);
}

/* New keys in the middle: then reading may want to write. */
static void
new_keys(void)
{
	char chunk[1000];
	struct both b;
	int i;

	memset(chunk, 'k', sizeof(chunk));
	both_start(&b);
	b.side[SERVER].echoes = 1;
	for (i = 1; i <= 50; i++) {
		CHECK(reactor_stream_write(
			  &b.side[CLIENT].stream, chunk, sizeof(chunk)) != -1);
		turn_until_size(&b, &b.side[CLIENT], i * sizeof(chunk));
		CHECK(SSL_key_update(
			  b.side[i % 2].ssl, SSL_KEY_UPDATE_REQUESTED) == 1);
	}
	CHECK_INT(b.side[SERVER].size, 50 * sizeof(chunk));
	both_end(&b);
}

static void
half_closes(void)
{
	struct both b;

	both_start(&b);
	CHECK(reactor_stream_write(&b.side[CLIENT].stream, "last", 4) == 0);
	CHECK(reactor_stream_shutdown(&b.side[CLIENT].stream) == 0);
	turn_until_told(&b, &b.side[SERVER], REACTOR_STREAM_END);
	CHECK_INT(b.side[SERVER].size, 4);
	CHECK(reactor_stream_write(&b.side[SERVER].stream, "answer", 6) == 0);
	CHECK(reactor_stream_shutdown(&b.side[SERVER].stream) == 0);
	turn_until_told(&b, &b.side[CLIENT], REACTOR_STREAM_END);
	CHECK_INT(b.side[CLIENT].size, 6);
	CHECK(((b.side[CLIENT].told | b.side[SERVER].told) &
		  REACTOR_STREAM_ERROR) == 0);
	both_end(&b);
}

/* More in one record than the stream may hold: it is not told of again. */
static void
what_openssl_has(void)
{
	char record[10000];
	struct both b;

	memset(record, 'r', sizeof(record));
	both_start(&b);
	reactor_stream_stop(&b.side[SERVER].stream);
	b.side[SERVER].stream.limit = 100;
	CHECK(reactor_stream_start(b.r, &b.side[SERVER].stream) == 0);
	CHECK(reactor_stream_write(
		  &b.side[CLIENT].stream, record, sizeof(record)) == 0);
	turn_until_size(&b, &b.side[SERVER], sizeof(record));
	CHECK_INT(b.side[SERVER].size, sizeof(record));
	CHECK(b.side[SERVER].calls >= 100);
	both_end(&b);
}

/* Without a word of farewell: somebody may have cut it. */
static void
cut_is_an_error(void)
{
	struct both b;

	both_start(&b);
	CHECK(reactor_stream_write(&b.side[CLIENT].stream, "hello", 5) == 0);
	turn_until_size(&b, &b.side[SERVER], 5);
	CHECK(shutdown(b.fd[0], SHUT_WR) == 0);
	turn_until_told(
	    &b, &b.side[SERVER], REACTOR_STREAM_END | REACTOR_STREAM_ERROR);
	CHECK(b.side[SERVER].told & REACTOR_STREAM_ERROR);
	CHECK_INT(b.side[SERVER].stream.error, ECONNRESET);
	both_end(&b);
}

static void
peer_without_tls(void)
{
	struct side side = { .size = 0 };
	struct reactor *r;
	int fd[2];

	contexts_open();
	r = loop_open();
	stream_pair(fd);
	side_start(r, &side, SERVER, fd[0]);
	CHECK(send(fd[1], "GET / HTTP/1.1\r\n\r\n", 18, MSG_NOSIGNAL) == 18);
	while (side.told == 0)
		CHECK(reactor_run_once(r, -1) >= 0);
	CHECK_INT(side.told, REACTOR_STREAM_ERROR);
	CHECK_INT(side.stream.error, EPROTO);
	reactor_stream_close(&side.stream);
	CHECK(close(fd[1]) == 0);
	CHECK(reactor_close(r) == 0);
	contexts_close();
}

/* The client asks for another name than the certificate has. */
static void
wrong_name(void)
{
	struct both b;

	both_start(&b);
	CHECK(SSL_set1_host(b.side[CLIENT].ssl, "example.org") == 1);
	CHECK(reactor_stream_write(&b.side[CLIENT].stream, "secret", 6) == 0);
	turn_until_told(&b, &b.side[CLIENT], REACTOR_STREAM_ERROR);
	CHECK_INT(b.side[CLIENT].stream.error, EPROTO);
	CHECK_INT(SSL_get_verify_result(b.side[CLIENT].ssl),
	    X509_V_ERR_HOSTNAME_MISMATCH);
	turn_until_told(&b, &b.side[SERVER], REACTOR_STREAM_ERROR);
	CHECK_INT(b.side[SERVER].size, 0);
	both_end(&b);
}

/* It is sent through a copy, as the system cannot encrypt. */
static void
sends_a_file(void)
{
	FILE *f = tmpfile();
	struct both b;
	int i;

	CHECK(f != NULL);
	for (i = 0; i < 50000; i++)
		CHECK(fprintf(f, "%07d\n", i) == 8);
	CHECK(fflush(f) == 0);
	both_start(&b);
	CHECK(reactor_stream_write_file(
		  &b.side[CLIENT].stream, dup(fileno(f)), 8, 399992) != -1);
	CHECK(reactor_stream_write(&b.side[CLIENT].stream, "end", 3) != -1);
	turn_until_size(&b, &b.side[SERVER], 399995);
	CHECK(memcmp(b.side[SERVER].bytes, "0000001\n", 8) == 0);
	CHECK(memcmp(b.side[SERVER].bytes + 399984, "0049999\nend", 11) == 0);
	CHECK(fclose(f) == 0);
	both_end(&b);
}

/* In any state: nothing is left. */
static void
closes_early(void)
{
	struct both b;
	int turns, i;

	for (turns = 0; turns < 12; turns++) {
		both_start(&b);
		CHECK(reactor_stream_write(
			  &b.side[CLIENT].stream, "hello", 5) == 0);
		for (i = 0; i < turns; i++)
			CHECK(reactor_run_once(b.r, 0) >= 0);
		both_end(&b);
	}
}

static const struct test tests[] = {
	STREAM_BOTH("hello", says_hello),
	STREAM_BOTH("a handshake, then quiet", is_quiet),
	STREAM_BOTH("large, both ways, through small buffers", large_both_ways),
	STREAM_BOTH("new keys", new_keys),
	STREAM_BOTH("half-close", half_closes),
	STREAM_BOTH("what OpenSSL has and nobody tells of", what_openssl_has),
	STREAM_BOTH("cut without farewell", cut_is_an_error),
	STREAM_BOTH("a peer without TLS", peer_without_tls),
	STREAM_BOTH("a certificate for another name", wrong_name),
	STREAM_BOTH("a file", sends_a_file),
	STREAM_BOTH("closed in any state", closes_early),
};

TEST_MAIN(tests)
