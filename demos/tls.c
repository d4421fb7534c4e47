/*
 * SPDX-License-Identifier: ISC
 *
 * tls.c: a stream over TLS is a stream: only its transport is another, OpenSSL
 * here (see reactor/adapters/openssl.h).
 *
 *   client: a task --> stream --> tls --> socket
 *   server: callbacks <-- stream <-- tls <-- socket
 *
 * Without arguments, both are in this program, with a certificate that is made
 * for the occasion.  With a server's name, its first answer is shown:
 *
 *	build/demos/tls
 *	build/demos/tls --trust=ca.pem example.org:443
 */
#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <reactor/adapters/openssl.h>
#include "demos/demo.h"
#include "demos/tasks.h"

static const char *backend, *context, *trust;
static const char *host = "localhost", *port; /* of the server */
static long rounds = 2000, megabytes = 64;
static int insecure;
static unsigned long handshake_error; /* 0: none, as far as we know */

enum { MESSAGE = 64, CHUNK = 65536 };

#define PATIENCE (10 * REACTOR_SECOND) /* with another machine */

/* The first error, which is the cause of the others. */
static unsigned long
openssl_error(void)
{
	return handshake_error != 0 ? handshake_error : ERR_peek_error();
}

/* Later calls clear what OpenSSL knows of a handshake that failed. */
static void
note_error(const SSL *ssl, int where, int result)
{
	(void)ssl;
	if (where & SSL_CB_EXIT && result < 1)
		handshake_error = openssl_error();
}

static const char *
openssl_reason(void)
{
	unsigned long error = openssl_error();
	const char *reason = ERR_reason_error_string(error);

	if (ERR_SYSTEM_ERROR(error))
		return strerror(ERR_GET_REASON(error));
	return reason != NULL ? reason : "unknown";
}

static _Noreturn void
openssl_fails(const char *what)
{
	demo_fail("%s: %s", what, openssl_reason());
}

/* ---- A certificate for this machine -------------------------------------- */

static X509 *
make_certificate(EVP_PKEY *key)
{
	X509 *x = X509_new();
	X509_EXTENSION *names = X509V3_EXT_conf_nid(
	    NULL, NULL, NID_subject_alt_name, "DNS:localhost");
	X509_NAME *name;

	if (x == NULL || names == NULL)
		openssl_fails("certificate");
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -60);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_set_pubkey(x, key);
	name = X509_get_subject_name(x);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	    (const unsigned char *)"localhost", -1, -1, 0);
	X509_set_issuer_name(x, name);
	X509_add_ext(x, names, -1);
	X509_EXTENSION_free(names);
	if (X509_sign(x, key, EVP_sha256()) == 0)
		openssl_fails("certificate");
	return x;
}

/* Of a server with that certificate, and of a client that trusts it. */
static void
make_contexts(SSL_CTX **server, SSL_CTX **client)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate;

	*server = SSL_CTX_new(TLS_server_method());
	*client = SSL_CTX_new(TLS_client_method());
	if (key == NULL || *server == NULL || *client == NULL)
		openssl_fails("context");
	certificate = make_certificate(key);
	if (SSL_CTX_use_certificate(*server, certificate) != 1 ||
	    SSL_CTX_use_PrivateKey(*server, key) != 1 ||
	    X509_STORE_add_cert(SSL_CTX_get_cert_store(*client), certificate) !=
		1)
		openssl_fails("certificate");
	SSL_CTX_set_verify(*client, SSL_VERIFY_PEER, NULL);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

/* ---- The server: it echoes ----------------------------------------------- */

struct server {
	struct reactor_listener listener;
	struct reactor_stream guest;
	SSL_CTX *context;
};

static void
echo(struct reactor *r, struct reactor_stream *s, unsigned what)
{
	size_t size;
	const char *bytes = reactor_stream_input(s, &size);
	int full = 0;

	(void)r;
	if (size > 0 && (what & REACTOR_STREAM_ERROR) == 0) {
		full = reactor_stream_write(s, bytes, size);
		reactor_stream_consume(s, size);
	}
	if (what & (REACTOR_STREAM_END | REACTOR_STREAM_ERROR) || full == -1)
		reactor_stream_close(s);
	else if (full == 1)
		reactor_stream_pause(s);
	else if (what & REACTOR_STREAM_ROOM)
		reactor_stream_resume(s);
}

static void
guest(struct reactor *r, struct reactor_listener *l, int fd,
    const struct reactor_address *peer)
{
	struct server *server = REACTOR_OWNER(l, struct server, listener);
	SSL *ssl = SSL_new(server->context);

	(void)peer;
	if (ssl == NULL)
		openssl_fails("SSL_new");
	SSL_set_accept_state(ssl);
	server->guest.callback = echo;
	server->guest.fd = fd;
	if (reactor_openssl_attach(&server->guest, ssl) == -1 ||
	    reactor_stream_start(r, &server->guest) == -1)
		demo_fail("guest: %s", strerror(errno));
	reactor_listener_stop(r, l); /* one is enough */
}

/* Returns its port, as text. */
static const char *
open_server(struct server *server)
{
	static char text[REACTOR_ADDRESS_TEXT];
	struct reactor_address address;
	int fd;

	if (reactor_listen("127.0.0.1:0", NULL, &fd, 1) != 1 ||
	    reactor_address_local(&address, fd) == -1)
		demo_fail("listen: %s", strerror(errno));
	server->listener.callback = guest;
	server->listener.fd = fd;
	server->listener.flags = REACTOR_NODELAY;
	if (reactor_listener_start(task_reactor(), &server->listener) == -1)
		demo_fail("listen: %s", strerror(errno));
	(void)reactor_address_text(&address, text, sizeof(text));
	return strrchr(text, ':') + 1;
}

/* ---- The client: a task -------------------------------------------------- */

/* Only a name is announced: an address is no server's name. */
static SSL *
make_ssl(SSL_CTX *ctx)
{
	SSL *ssl = SSL_new(ctx);
	unsigned char address[16];

	if (ssl == NULL || SSL_set1_host(ssl, host) != 1 ||
	    (inet_pton(AF_INET, host, address) != 1 &&
		inet_pton(AF_INET6, host, address) != 1 &&
		SSL_set_tlsext_host_name(ssl, host) != 1))
		openssl_fails(host);
	SSL_set_info_callback(ssl, note_error);
	SSL_set_connect_state(ssl);
	return ssl;
}

static void
open_client(struct task_stream *s, SSL_CTX *ctx, SSL **ssl)
{
	*ssl = make_ssl(ctx);
	memset(s, 0, sizeof(*s));
	s->stream.fd = task_dial(host, port, REACTOR_NODELAY, -1);
	if (s->stream.fd == -1)
		demo_fail("%s, port %s: %s", host, port,
		    errno == ENOENT          ? "no such name"
			: errno == ECANCELED ? "timed out"
					     : strerror(errno));
	if (reactor_openssl_attach(&s->stream, *ssl) == -1 ||
	    task_stream_open(s, s->stream.fd) == -1)
		demo_fail("stream: %s", strerror(errno));
}

/* What came instead of a TLS record, in OpenSSL's words. */
static int
is_no_tls(void)
{
	int reason = ERR_GET_REASON(openssl_error());

	return reason == SSL_R_WRONG_VERSION_NUMBER ||
	    reason == SSL_R_PACKET_LENGTH_TOO_LONG ||
	    reason == SSL_R_UNEXPECTED_MESSAGE || reason == SSL_R_HTTP_REQUEST;
}

/* Why a read or a write failed. */
static const char *
client_failure(const SSL *ssl)
{
	long result = SSL_get_verify_result(ssl);

	if (errno == ECANCELED)
		return "timed out";
	if (errno != EPROTO)
		return strerror(errno);
	if (!insecure && result != X509_V_OK)
		return X509_verify_cert_error_string(result);
	return is_no_tls() ? "that is no TLS" : openssl_reason();
}

static _Noreturn void
client_fails(const SSL *ssl)
{
	const char *why = client_failure(ssl);
	int certificate = !insecure && errno == EPROTO &&
	    SSL_get_verify_result(ssl) != X509_V_OK;

	demo_fail(
	    "%s: %s%s", host, certificate ? "its certificate: " : "", why);
}

/* From the connection on. */
static void
tell_handshake(const SSL *ssl, int64_t began)
{
	printf("%s, %s: handshake and first answer in %.1f ms\n",
	    SSL_get_version(ssl), SSL_get_cipher_name(ssl),
	    (double)(task_now() - began) / 1e6);
}

static void
small_messages(struct task_stream *s, SSL *ssl)
{
	char message[MESSAGE] = "hello";
	int64_t began = task_now();
	long i;

	for (i = 0; i < rounds; i++) {
		if (task_stream_write(s, message, MESSAGE) == -1 ||
		    task_stream_read_all(s, message, MESSAGE) != MESSAGE)
			client_fails(ssl);
		if (i == 0) {
			tell_handshake(ssl, began);
			began = task_now();
		}
	}
	if (rounds > 1)
		printf("%ld round trips of %d bytes: %.1f us each\n", rounds,
		    MESSAGE,
		    (double)(task_now() - began) / 1e3 / (double)(rounds - 1));
}

static intptr_t
pour(void *stream)
{
	static char bytes[CHUNK];
	long i;

	for (i = 0; i < megabytes * 16; i++)
		if (task_stream_write(stream, bytes, sizeof(bytes)) == -1)
			return -1;
	return task_stream_shutdown(stream);
}

/* One task writes, this one reads. */
static void
large_message(struct task_stream *s, SSL *ssl)
{
	static char bytes[CHUNK];
	struct task *writer = task_spawn(pour, s);
	int64_t began = task_now(), all = 0;
	intptr_t n = 0;

	while (all < (int64_t)megabytes << 20 &&
	    (n = task_stream_read(s, bytes, sizeof(bytes))) > 0)
		all += n;
	if (n == -1 || all != (int64_t)megabytes << 20)
		client_fails(ssl);
	(void)task_await(writer, NULL);
	task_detach(writer);
	printf("%ld MB there and back: %.0f MB/s\n", megabytes,
	    (double)all / 1048576 / ((double)(task_now() - began) / 1e9));
}

static intptr_t
here(void *unused)
{
	struct server server = { .context = NULL };
	struct task_stream s;
	SSL_CTX *client;
	SSL *ssl;

	(void)unused;
	make_contexts(&server.context, &client);
	port = open_server(&server);
	open_client(&s, client, &ssl);
	small_messages(&s, ssl);
	if (megabytes > 0)
		large_message(&s, ssl);
	task_stream_abort(&s);
	close(server.listener.fd);
	if (server.guest.reactor != NULL)
		reactor_stream_close(&server.guest);
	SSL_CTX_free(client);
	SSL_CTX_free(server.context);
	return 0;
}

/* ---- Another machine ----------------------------------------------------- */

static SSL_CTX *
their_context(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	if (ctx == NULL ||
	    (trust != NULL ? SSL_CTX_load_verify_file(ctx, trust)
			   : SSL_CTX_set_default_verify_paths(ctx)) != 1)
		openssl_fails(trust != NULL ? trust : "trust");
	if (!insecure)
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	return ctx;
}

/* What another machine says is not for our terminal. */
static void
show_line(const char *line)
{
	for (; *line != '\0'; line++)
		putchar(*line >= ' ' && *line <= '~' ? *line : '?');
	putchar('\n');
}

static void
show_head(struct task_stream *s, const SSL *ssl)
{
	int64_t began = task_now();
	char request[512], *line;
	size_t length;
	int n = snprintf(request, sizeof(request),
	    "GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", host);

	if (task_stream_write(s, request, (size_t)n) == -1 ||
	    (n = task_stream_read_line(s, &line, &length)) == -1)
		client_fails(ssl);
	if (n == 0)
		demo_fail("%s: closed without an answer", host);
	tell_handshake(ssl, began);
	do
		show_line(line);
	while (
	    (n = task_stream_read_line(s, &line, &length)) == 1 && length > 0);
	if (n == -1)
		client_fails(ssl);
}

static intptr_t
there(void *unused)
{
	SSL_CTX *ctx = their_context();
	struct task_scope scope;
	struct task_stream s;
	SSL *ssl;

	(void)unused;
	if (task_scope_enter(&scope, PATIENCE) == -1)
		demo_fail("%s", strerror(errno));
	open_client(&s, ctx, &ssl);
	show_head(&s, ssl);
	(void)task_scope_leave(&scope);
	task_stream_abort(&s);
	SSL_CTX_free(ctx);
	return 0;
}

/* ---- The command line ---------------------------------------------------- */

static const struct demo_option options[] = {
	{ .name = "rounds",
	    .value = "N",
	    .help = "round trips of a small message (2000)",
	    .number = &rounds,
	    .least = 1,
	    .most = 100000000 },
	{ .name = "megabytes",
	    .value = "N",
	    .help = "of a large one (64)",
	    .number = &megabytes,
	    .least = 0,
	    .most = 1000000 },
	{ .name = "trust",
	    .value = "FILE",
	    .help = "certificates to trust (those of the system)",
	    .text = &trust },
	{ .name = "insecure",
	    .help = "believe any certificate",
	    .flag = &insecure },
	{ .name = "backend",
	    .value = "NAME",
	    .help = "of the loop: epoll, kqueue, poll, select",
	    .text = &backend },
	{ .name = "context",
	    .value = "NAME",
	    .help = "of the tasks: native, setjmp, ucontext",
	    .text = &context },
	{ .name = NULL, .value = "[HOST[:PORT]]" },
};

/* HOST, HOST:PORT, [HOST] or [HOST]:PORT. */
static void
read_server(char *where)
{
	char *end = *where == '[' ? strchr(where, ']') : NULL;
	char *colon = strrchr(end != NULL ? end : where, ':');

	host = end != NULL ? where + 1 : where;
	port = colon != NULL ? colon + 1 : "443";
	if ((end != NULL && end[1] != '\0' && end + 1 != colon) ||
	    (end == NULL && colon != strchr(where, ':')) || *port == '\0' ||
	    host == end || host == colon || *host == '\0')
		demo_usage("%s: HOST:PORT?", where);
	if (end != NULL || colon != NULL)
		*(end != NULL ? end : colon) = '\0';
	if (strlen(host) > 255)
		demo_usage("that name is too long");
}

int
main(int argc, char **argv)
{
	/* OpenSSL takes more stack than most. */
	struct task_options run = { .stack_size = 256 << 10 };
	int n = demo_options(argc, argv,
	    "Streams over TLS, by OpenSSL: in this program, or to a server.",
	    options);

	if (n > 1)
		demo_usage("one server, please");
	if (n == 0 && (trust != NULL || insecure))
		demo_usage(
		    "--trust and --insecure are for a server: HOST:PORT");
	if (n == 1)
		read_server(argv[1]);
	run.backend = backend;
	run.context = context;
	return tasks_run(n == 1 ? there : here, NULL, &run);
}
