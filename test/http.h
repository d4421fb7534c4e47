/*
 * SPDX-License-Identifier: ISC
 *
 * http.h: feeds the parser of HTTP with every cut of an input, and compares.
 *
 * All of a state is compared, byte by byte: the buffer stays where it is.  Each
 * answer is also asked for in an allocation that ends where the input ends, so
 * that a look behind it is noticed by AddressSanitizer and Valgrind.
 */
#ifndef TEST_HTTP_H
#define TEST_HTTP_H

#include "demos/http.h"
#include "test/test.h"

/* Requests and responses alike; states that are compared start as zeros. */
struct message {
	int responds, answers_head;
	struct http_request request;
	struct http_response response;
};

static inline void
message_begin(struct message *m)
{
	if (m->responds)
		http_response_begin(&m->response, m->answers_head);
	else
		http_request_begin(&m->request);
}

static inline ssize_t
message_parse(struct message *m, const char *bytes, size_t length)
{
	return m->responds ? http_parse_response(&m->response, bytes, length)
			   : http_parse_request(&m->request, bytes, length);
}

static inline struct message *
message_new(const struct message *like)
{
	struct message *m = calloc(1, sizeof(*m));

	CHECK(m != NULL);
	m->responds = like->responds;
	m->answers_head = like->answers_head;
	message_begin(m);
	return m;
}

/* A copy without room behind it. */
static inline char *
exact(const char *bytes, size_t length)
{
	char *copy = malloc(length > 0 ? length : 1);

	CHECK(copy != NULL);
	if (length > 0)
		memcpy(copy, bytes, length);
	return copy;
}

static inline void
text_same(const struct http_text *a, const char *from_a,
    const struct http_text *b, const char *from_b)
{
	CHECK_INT(a->length, b->length);
	CHECK_INT(a->bytes == NULL, b->bytes == NULL);
	if (a->bytes != NULL && *b->bytes != '/') /* may be a constant */
		CHECK_INT(a->bytes - from_a, b->bytes - from_b);
	if (a->length > 0)
		CHECK(memcmp(a->bytes, b->bytes, a->length) == 0);
}

/* What does not depend on where the buffer is. */
static inline void
message_same(const struct message *a, const char *from_a,
    const struct message *b, const char *from_b)
{
	const struct http_head *x =
	    a->responds ? &a->response.head : &a->request.head;
	const struct http_head *y =
	    b->responds ? &b->response.head : &b->request.head;
	size_t i;

	CHECK_INT(x->status, y->status);
	CHECK_STR(x->reason, y->reason);
	CHECK_INT(x->framing, y->framing);
	CHECK_INT(x->length, y->length);
	CHECK_INT(x->count, y->count);
	CHECK_INT(x->keep_alive, y->keep_alive);
	for (i = 0; i < x->count; i++) {
		text_same(
		    &x->fields[i].name, from_a, &y->fields[i].name, from_b);
		text_same(
		    &x->fields[i].value, from_a, &y->fields[i].value, from_b);
	}
	text_same(&a->request.method, from_a, &b->request.method, from_b);
	text_same(&a->request.target, from_a, &b->request.target, from_b);
	text_same(&a->request.path, from_a, &b->request.path, from_b);
	text_same(&a->response.words, from_a, &b->response.words, from_b);
}

/* Cut once, at that place; then from an allocation to another. */
static inline void
message_cut(const struct message *whole, ssize_t answer, const char *bytes,
    size_t length, size_t cut)
{
	struct message *m = message_new(whole);
	char *part = exact(bytes, cut);
	ssize_t got = message_parse(m, bytes, cut);

	if (got == 0)
		got = message_parse(m, bytes, length);
	CHECK_INT(got, answer);
	CHECK(memcmp(m, whole, sizeof(*m)) == 0);
	memset(m, 0, sizeof(*m));
	m->responds = whole->responds;
	m->answers_head = whole->answers_head;
	message_begin(m);
	got = message_parse(m, part, cut);
	if (got == 0) {
		char *more = exact(bytes, length);

		free(part);
		part = more;
		got = message_parse(m, part, length);
	}
	CHECK_INT(got, answer);
	message_same(m, part, whole, bytes);
	free(part);
	free(m);
}

static inline void
message_bytewise(const struct message *whole, ssize_t answer, const char *bytes,
    size_t length)
{
	struct message *m = message_new(whole);
	ssize_t got = 0;
	size_t i;

	for (i = 0; i <= length && got == 0; i++)
		got = message_parse(m, bytes, i);
	CHECK_INT(got, answer);
	CHECK(memcmp(m, whole, sizeof(*m)) == 0);
	free(m);
}

/* Returns the answer; m, whose responds is set, has the rest of it. */
static inline ssize_t
message_feed(struct message *m, const char *bytes, size_t length, size_t step)
{
	int responds = m->responds, answers_head = m->answers_head;
	ssize_t answer;
	size_t cut;

	memset(m, 0, sizeof(*m));
	m->responds = responds;
	m->answers_head = answers_head;
	message_begin(m);
	answer = message_parse(m, bytes, length);
	for (cut = 0; cut <= length; cut += step)
		message_cut(m, answer, bytes, length, cut);
	message_bytewise(m, answer, bytes, length);
	CHECK_INT(message_parse(m, bytes, length), answer); /* once more */
	return answer;
}

/* ---- Bodies -------------------------------------------------------------- */

struct decoded {
	struct http_body body;
	int answer;
	size_t used, size;
	char *bytes; /* size */
};

static inline void
decoded_begin(struct decoded *d, const struct http_head *head, int64_t most,
    size_t length)
{
	memset(d, 0, sizeof(*d));
	d->bytes = malloc(length + 1);
	CHECK(d->bytes != NULL);
	d->answer = http_body_begin(&d->body, head, most);
}

static inline void
decoded_add(struct decoded *d, const char *bytes, size_t length)
{
	char *raw = exact(bytes, length);
	size_t used = length, size;

	if (d->answer == 0) {
		d->answer = http_body(&d->body, raw, &used, &size);
		CHECK(used <= length && size <= used);
		CHECK(d->answer != 0 || used == length);
		memcpy(d->bytes + d->size, raw, size);
		d->used += used;
		d->size += size;
	}
	free(raw);
}

static inline void
decoded_same(struct decoded *d, const struct decoded *whole)
{
	CHECK_INT(d->answer, whole->answer);
	CHECK_INT(d->used, whole->used);
	CHECK_INT(d->size, whole->size);
	CHECK(memcmp(d->bytes, whole->bytes, d->size) == 0);
	CHECK(memcmp(&d->body, &whole->body, sizeof(d->body)) == 0);
	free(d->bytes);
}

/* The caller frees the bytes. */
static inline void
decoded_feed(struct decoded *whole, const struct http_head *head, int64_t most,
    const char *bytes, size_t length, size_t step)
{
	struct decoded d;
	size_t i;

	decoded_begin(whole, head, most, length);
	decoded_add(whole, bytes, length);
	CHECK_INT(whole->body.total, whole->size);
	for (i = 0; i <= length; i += step) {
		decoded_begin(&d, head, most, length);
		decoded_add(&d, bytes, i);
		decoded_add(&d, bytes + i, length - i);
		decoded_same(&d, whole);
	}
	decoded_begin(&d, head, most, length);
	for (i = 0; i < length; i++)
		decoded_add(&d, bytes + i, 1);
	if (length == 0)
		decoded_add(&d, bytes, 0);
	decoded_same(&d, whole);
}

#endif
