/*
 * SPDX-License-Identifier: ISC
 *
 * fuzz_http.c: the parser of HTTP under random input: at every cut the answer
 * must be the same, and what is accepted must be what it seems.
 *
 * TEST_SEED sets the random numbers, TEST_STEPS how many inputs there are; a
 * failure prints both.  Inputs are grown from a grammar, and most are mutated.
 *
 * Under libFuzzer, with its corpus in a directory:
 *	clang -fsanitize=fuzzer,address,undefined -DFUZZER -D_GNU_SOURCE -I. \
 *	    test/fuzz_http.c demos/http.c demos/http_*.c -o fuzz && ./fuzz corpus
 */
#ifdef FUZZER
#include <stdlib.h>
#include <unistd.h>
#define _exit(status) abort() /* the fuzzer keeps the input then */
#endif
#include "test/http.h"

enum { FZ_SIZE = 2048 };

#define FZ_HOLDS(holds)                \
	do {                           \
		if (!(holds))          \
			fz_no(#holds); \
	} while (0)

static uint64_t fz_seed, fz_random;
static long fz_step, fz_steps;

static void
fz_no(const char *what)
{
	fprintf(stderr, "%s (TEST_SEED=%llu, step %ld)\n", what,
	    (unsigned long long)fz_seed, fz_step);
	abort();
}

/* ---- What must hold of any answer ---------------------------------------- */

static int
fz_inside(struct http_text text, const char *bytes, size_t length)
{
	return text.bytes >= bytes &&
	    text.bytes + text.length <= bytes + length;
}

/* By the grammar, without the parser's tables. */
static void
fz_field(const struct http_field *field, const char *bytes, size_t length)
{
	const char *p;
	size_t i;

	FZ_HOLDS(fz_inside(field->name, bytes, length));
	FZ_HOLDS(fz_inside(field->value, bytes, length));
	FZ_HOLDS(field->name.length > 0);
	for (i = 0; i < field->name.length; i++) {
		p = &field->name.bytes[i];
		FZ_HOLDS(*p > ' ' && *p < 0x7f &&
		    strchr("\"(),/:;<=>?@[\\]{}", *p) == NULL);
	}
	for (i = 0; i < field->value.length; i++) {
		p = &field->value.bytes[i];
		FZ_HOLDS((unsigned char)*p >= ' ' || *p == '\t');
		FZ_HOLDS(*p != 0x7f);
	}
	if (i > 0) {
		FZ_HOLDS(*field->value.bytes != ' ');
		FZ_HOLDS(*field->value.bytes != '\t');
		FZ_HOLDS(*p != ' ' && *p != '\t');
	}
	p = field->value.bytes + i;
	while (*p == ' ' || *p == '\t')
		p++;
	FZ_HOLDS(p[0] == '\r' && p[1] == '\n');
}

static size_t
fz_count(const struct http_head *head, const char *name)
{
	size_t place = 0, count = 0;

	while (http_next(head, name, &place) != NULL)
		count++;
	return count;
}

static void
fz_head(const struct http_head *head, const char *bytes, size_t length)
{
	size_t lengths = fz_count(head, "Content-Length");
	size_t codings = fz_count(head, "transfer-encoding"), i;

	FZ_HOLDS(head->reason == NULL && head->status == 0);
	FZ_HOLDS(length <= HTTP_HEAD && head->count <= HTTP_FIELDS);
	FZ_HOLDS(length >= 4 && memcmp(bytes + length - 4, "\r\n\r\n", 4) == 0);
	for (i = 1; i < length; i++)
		FZ_HOLDS((bytes[i] == '\n') == (bytes[i - 1] == '\r'));
	for (i = 0; i < head->count; i++)
		fz_field(&head->fields[i], bytes, length);
	FZ_HOLDS(lengths + codings <= 1);
	FZ_HOLDS((head->length >= 0) == (lengths == 1));
}

static void
fz_name(struct http_text path)
{
	char name[64];
	int status = http_decode(path, name, sizeof(name));

	if (status != 0)
		return;
	FZ_HOLDS(strlen(name) < sizeof(name) && strlen(name) < path.length);
	FZ_HOLDS(name[0] != '/' && strstr(name, "//") == NULL);
	FZ_HOLDS(strchr(name, '\\') == NULL && strchr(name, '\n') == NULL);
	FZ_HOLDS(strcmp(name, "..") != 0 && strncmp(name, "../", 3) != 0);
	FZ_HOLDS(strstr(name, "/../") == NULL);
	FZ_HOLDS(
	    strlen(name) < 3 || strcmp(name + strlen(name) - 3, "/..") != 0);
}

static void
fz_ranges(struct http_text value, int64_t size)
{
	struct http_range ranges[4];
	int i, n = http_ranges(value, size, ranges, 4);

	FZ_HOLDS(n >= -1 && n <= 4);
	for (i = 0; i < n; i++)
		FZ_HOLDS(0 <= ranges[i].first && ranges[i].last < size &&
		    ranges[i].first <= ranges[i].last);
}

/* A date that is read is written alike, in the form of today. */
static void
fz_date(struct http_text value)
{
	char date[HTTP_DATE];
	int64_t seconds, again;
	struct http_text text = { date, HTTP_DATE - 1 };

	if (http_date_parse(value, 1780000000, &seconds) == -1)
		return;
	http_date(date, seconds);
	FZ_HOLDS(strlen(date) == text.length);
	FZ_HOLDS(http_date_parse(text, 0, &again) == 0 && again == seconds);
}

static void
fz_escape(struct http_text value)
{
	char out[64];

	FZ_HOLDS(http_escape_log(out, sizeof(out), value) < sizeof(out));
	FZ_HOLDS(strpbrk(out, "\r\n\"\x1b\x7f") == NULL);
	FZ_HOLDS(http_escape_html(out, sizeof(out), value) < sizeof(out));
	FZ_HOLDS(strpbrk(out, "<>\"'") == NULL);
	FZ_HOLDS(http_escape_uri(out, sizeof(out), value) < sizeof(out));
	FZ_HOLDS(strpbrk(out, "<>\"' &?#") == NULL);
}

static void
fz_request(const struct http_request *r, const char *bytes, size_t length)
{
	const struct http_text tag = { "\"a\"", 3 };
	int status;
	size_t i;

	fz_head(&r->head, bytes, length);
	FZ_HOLDS(fz_inside(r->method, bytes, length));
	FZ_HOLDS(fz_inside(r->target, bytes, length));
	FZ_HOLDS(fz_count(&r->head, "host") <= 1);
	FZ_HOLDS(r->head.minor == 0 || fz_count(&r->head, "host") == 1);
	FZ_HOLDS(r->head.framing != HTTP_CLOSE);
	fz_name(r->path);
	status = http_condition(r, tag, 784111777);
	FZ_HOLDS(status == 0 || status == 304 || status == 412);
	http_range_asked(r, tag, 784111777);
	for (i = 0; i < r->head.count; i++) {
		fz_ranges(r->head.fields[i].value, 1000);
		fz_ranges(r->head.fields[i].value, INT64_MAX);
		fz_date(r->head.fields[i].value);
		fz_escape(r->head.fields[i].value);
	}
}

static void
fz_body(
    const struct http_head *head, const char *bytes, size_t length, size_t step)
{
	struct decoded d;

	decoded_feed(&d, head, 1000, bytes, length, step);
	FZ_HOLDS(d.size <= 1000 && d.size <= d.used);
	FZ_HOLDS((d.answer == -1) == (d.body.status != 0));
	FZ_HOLDS((d.answer == 1) <= (http_body_end(&d.body) == 0));
	free(d.bytes);
}

/* Everything there is, over the same bytes. */
static void
fz_all(const char *bytes, size_t length, size_t step)
{
	static const struct http_head chunked = { .framing = HTTP_CHUNKED };
	static struct message m;
	struct http_text text = { bytes, length };
	ssize_t n;

	m.responds = 0;
	n = message_feed(&m, bytes, length, step);
	FZ_HOLDS((n == -1) == (m.request.head.status != 0));
	if (n > 0) {
		fz_request(&m.request, bytes, (size_t)n);
		fz_body(&m.request.head, bytes + n, length - (size_t)n, step);
	}
	m.responds = 1;
	m.answers_head = length % 2;
	if ((n = message_feed(&m, bytes, length, step)) > 0) {
		fz_head(&m.response.head, bytes, (size_t)n);
		FZ_HOLDS(m.response.code >= 100 && m.response.code < 600);
		fz_body(&m.response.head, bytes + n, length - (size_t)n, step);
	}
	fz_body(&chunked, bytes, length, step);
	fz_name(text);
	fz_ranges(text, 1000);
	fz_date(text);
	fz_escape(text);
}

#ifdef FUZZER

int LLVMFuzzerTestOneInput(const unsigned char *, size_t);

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	char *bytes;

	if (test_report == NULL) {
		test_report = calloc(1, sizeof(*test_report));
		test_alone = 1;
	}
	bytes = exact((const char *)data, size);
	fz_all(bytes, size, size > 256 ? 13 : 1);
	free(bytes);
	return 0;
}

#else

/* ---- A grammar ----------------------------------------------------------- */

static char fz_bytes[FZ_SIZE + 256];
static size_t fz_length;

static unsigned
fz_draw(unsigned limit)
{
	fz_random ^= fz_random << 13;
	fz_random ^= fz_random >> 7;
	fz_random ^= fz_random << 17;
	return (unsigned)(fz_random >> 33) % limit;
}

static void
fz_put(const char *string)
{
	size_t length = strlen(string);

	if (fz_length + length > FZ_SIZE)
		return;
	memcpy(fz_bytes + fz_length, string, length);
	fz_length += length;
}

/* The first third of them is what is right. */
static const char *const fz_pieces[] = { "GET / HTTP/1.1\r\n", "Host: a\r\n",
	"\r\n", "PUT /a/%41?b HTTP/1.0\r\n", "Content-Length: 3\r\n",
	"Transfer-Encoding: chunked\r\n", "Connection: close\r\n",
	"HTTP/1.1 200 OK\r\n", "a: b\r\n", "3\r\nabc\r\n", "0\r\n", "1;a=b\r\n",
	"Range: bytes=0-1,-1\r\n", "If-None-Match: \"a\", W/\"b\"\r\n",
	"If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
	"If-Range: Sun Nov  6 08:49:37 1994\r\n", "Expect: 100-continue\r\n",
	"Date: Sunday, 06-Nov-94 08:49:37 GMT\r\n", "HEAD http://a:1/b HTTP/",
	"OPTIONS * HTTP/1.1\r\n", "CONNECT a:1 HTTP/1.1\r\n", "\r", "\n", " ",
	":", "\t", ",", "%2e", "/..", "%00", "%", "-", "9223372036854775807",
	"9223372036854775808", "7fffffffffffffff", "bytes=", "Host", "chunked",
	"Content-Length:", "Transfer-Encoding:", "HTTP/1.", "HTTP/1.0 304",
	"\x7f", "\xff", "\"", ";", "0", "1", "a" };

enum { FZ_PIECES = sizeof(fz_pieces) / sizeof(fz_pieces)[0], FZ_GOOD = 18 };

static void
fz_grow(void)
{
	unsigned n = fz_draw(12), good = fz_draw(4);

	fz_length = 0;
	fz_put(fz_pieces[(fz_draw(3) * 3 + 0) % 9 == 6 ? 7 : fz_draw(2) * 3]);
	fz_put(fz_pieces[1]);
	while (n-- > 0)
		fz_put(fz_pieces[fz_draw(good > 0 ? FZ_GOOD : FZ_PIECES)]);
	fz_put(fz_pieces[2]);
	for (n = fz_draw(6); n-- > 0;)
		fz_put(fz_pieces[9 + fz_draw(3)]);
	fz_put(fz_pieces[2]);
	if (fz_draw(2) == 0)
		fz_put(fz_pieces[fz_draw(FZ_PIECES)]);
}

static void
fz_mutate(void)
{
	size_t at = fz_draw((unsigned)fz_length), length = fz_draw(8);
	const char *piece = fz_pieces[fz_draw(FZ_PIECES)];

	switch (fz_draw(6)) {
	case 0:
		fz_bytes[at] = (char)(fz_bytes[at] ^ (1 << fz_draw(8)));
		break;
	case 1:
		fz_bytes[at] = (char)fz_draw(256);
		break;
	case 2: /* without a part of it */
		if (length > fz_length - at - 1)
			length = fz_length - at - 1;
		memmove(fz_bytes + at, fz_bytes + at + length,
		    fz_length - at - length);
		fz_length -= length;
		break;
	case 3: /* a piece in the middle */
		length = strlen(piece);
		if (fz_length + length > FZ_SIZE)
			break;
		memmove(fz_bytes + at + length, fz_bytes + at, fz_length - at);
		memcpy(fz_bytes + at, piece, length);
		fz_length += length;
		break;
	case 4: /* a part of it again */
		if (length > fz_length - at)
			length = fz_length - at;
		memmove(fz_bytes + at + length, fz_bytes + at, fz_length - at);
		fz_length += length;
		break;
	default:
		fz_length = at + 1;
	}
}

static void
fz_begin(long steps)
{
	const char *seed = getenv("TEST_SEED"), *count = getenv("TEST_STEPS");

	fz_seed =
	    seed != NULL ? strtoull(seed, NULL, 0) : (uint64_t)test_clock() | 1;
	fz_random = fz_seed != 0 ? fz_seed : 1;
	fz_steps = count != NULL ? atol(count) : steps * 20;
	fz_steps = fz_steps > 20 ? fz_steps / 20 : 1;
}

static void
fz_mutants(void)
{
	unsigned n;

	fz_begin(8000);
	for (fz_step = 0; fz_step < fz_steps; fz_step++) {
		fz_grow();
		for (n = fz_draw(4); n > 0 && fz_length > 0; n--)
			fz_mutate();
		fz_all(fz_bytes, fz_length, 1);
	}
}

/* ---- Bodies whose content is known --------------------------------------- */

static char fz_plain[FZ_SIZE];

static void
fz_chunk(size_t length, size_t *plain)
{
	static const char *const ends[] = { "\r\n", ";\r\n", ";a\r\n",
		";a=\"\\\"\";b=c\r\n" };
	char size[32];

	snprintf(size, sizeof(size), fz_draw(2) ? "%0*zx" : "%0*zX",
	    1 + (int)fz_draw(4), length);
	fz_put(size);
	fz_put(ends[fz_draw(4)]);
	for (; length > 0; length--) {
		fz_plain[(*plain)++] = fz_bytes[fz_length++] =
		    "\r\n0a;\0\xff "[fz_draw(8)];
		if (length == 1)
			fz_put("\r\n");
	}
}

static void
fz_known(void)
{
	static const struct http_head head = { .framing = HTTP_CHUNKED };
	struct decoded d;
	size_t plain, over;
	unsigned n;

	fz_begin(10000);
	for (fz_step = 0; fz_step < fz_steps; fz_step++) {
		fz_length = plain = 0;
		for (n = fz_draw(8); n > 0; n--)
			fz_chunk(1 + fz_draw(40), &plain);
		fz_chunk(0, &plain);
		for (n = fz_draw(3); n > 0; n--)
			fz_put(fz_draw(2) ? "a:\r\n" : "b-c: \t\xff\r\n");
		fz_put("\r\n");
		over = fz_length;
		fz_put(fz_pieces[fz_draw(FZ_PIECES)]);
		decoded_feed(&d, &head, (int64_t)plain, fz_bytes, fz_length, 1);
		FZ_HOLDS(d.answer == 1 && d.used == over && d.size == plain);
		FZ_HOLDS(memcmp(d.bytes, fz_plain, plain) == 0);
		free(d.bytes);
	}
}

/* ---- Heads whose content is known ---------------------------------------- */

static size_t
fz_word(const char *from, unsigned least, unsigned most)
{
	unsigned i, n = least + fz_draw(most - least + 1);

	for (i = 0; i < n; i++)
		fz_bytes[fz_length++] = from[fz_draw((unsigned)strlen(from))];
	return n;
}

static void
fz_heads(void)
{
	size_t names[20], values[20];
	unsigned i, n;
	static struct message m;

	fz_begin(6000);
	for (fz_step = 0; fz_step < fz_steps; fz_step++) {
		fz_length = 0;
		fz_word("GETPOSTxyz!-", 1, 9);
		fz_put(" /");
		fz_word("abc/%?=&{}.", 0, 30);
		fz_put(" HTTP/1.1\r\nHost: a\r\n");
		for (n = fz_draw(20), i = 0; i < n; i++) {
			names[i] = fz_word("abcXYZ019-_!~", 1, 20);
			fz_put(":");
			fz_word(" \t", 0, 3);
			fz_bytes[fz_length++] = 'v';
			values[i] = 2 + fz_word("az \t,:\"\xc3\xff~", 0, 30);
			fz_put("v");
			fz_word(" \t", 0, 3);
			fz_put("\r\n");
		}
		fz_put("\r\n");
		m.responds = 0;
		FZ_HOLDS(message_feed(&m, fz_bytes, fz_length, 3) ==
		    (ssize_t)fz_length);
		fz_request(&m.request, fz_bytes, fz_length);
		FZ_HOLDS(m.request.head.count == n + 1);
		for (i = 0; i < n; i++) {
			struct http_field *f = &m.request.head.fields[i + 1];

			FZ_HOLDS(f->name.length == names[i]);
			FZ_HOLDS(f->value.length == values[i]);
			FZ_HOLDS(f->value.bytes[0] == 'v');
		}
	}
}

static const struct test tests[] = {
	TEST("mutants", fz_mutants),
	TEST("chunked bodies that are right", fz_known),
	TEST("heads that are right", fz_heads),
};
TEST_MAIN(tests)

#endif
