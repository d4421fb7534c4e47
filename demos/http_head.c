/*
 * SPDX-License-Identifier: ISC
 *
 * http_head.c: the lines and fields of a head, of requests and responses alike.
 *
 * A line is judged when all of it is there, or when it is too long: so the
 * answer is the same for every cut of the input.  A byte is looked at twice:
 * once for the end of its line, once for what it is.
 *
 *	G E T ... \r \n H o s t : ...
 *	                ^ line        ^ look: the line feed is sought from here
 */
#include "demos/http_head.h"

int
http__version(const char *bytes, size_t length)
{
	if (length == 8 && memcmp(bytes, "HTTP/1.1", 8) == 0)
		return 1;
	if (length != 8 || memcmp(bytes, "HTTP/", 5) != 0 ||
	    !http__of(bytes[5], HTTP_DIGIT) || bytes[6] != '.' ||
	    !http__of(bytes[7], HTTP_DIGIT))
		return -1;
	return bytes[5] == '1' && bytes[7] <= '1' ? bytes[7] - '0' : -2;
}

/* ---- Fields -------------------------------------------------------------- */

/*
 * A small and a capital letter differ in one bit.  Most often nothing differs,
 * so eight bytes are compared at a time, as long as they are equal.
 */
int
http__same(const char *bytes, const char *word, size_t length)
{
	uint64_t a, b;
	size_t i;
	int differ;

	for (i = 0; i + 8 <= length; i += 8) {
		memcpy(&a, bytes + i, 8);
		memcpy(&b, word + i, 8);
		if (a != b)
			break;
	}
	for (; i < length; i++) {
		differ = bytes[i] ^ word[i];
		if (differ != 0 &&
		    (differ != 0x20 || !http__of(word[i], HTTP_LETTER)))
			return 0;
	}
	return 1;
}

/*
 * Are none of these eight bytes below a space, and none DEL?  Both sums overrun
 * into a byte's high bit then.
 */
static int
hh_clean_word(const char *bytes)
{
	const uint64_t each = UINT64_MAX / 255;
	uint64_t word, del;

	memcpy(&word, bytes, sizeof(word));
	del = word ^ 0x7f * each;
	return ((((word - 0x20 * each) & ~word) | ((del - each) & ~del)) &
		   0x80 * each) == 0;
}

/*
 * Are these bytes of a value?  What is before them, from the start of the line
 * on, is good already: so the last eight may begin there.
 */
static int
hh_clean(const char *line, const char *p, const char *end)
{
	const char *q = p;

	if (end - line >= 8) {
		while (end - q > 8 && hh_clean_word(q))
			q += 8;
		if (end - q <= 8 && hh_clean_word(end - 8))
			return 1;
	}
	for (; q < end; q++)
		if (!http__of(*q, HTTP_VALUE))
			return 0;
	return 1;
}

/* Notes where the fields are that decide on framing and the like. */
static void
hh_note(struct http_head *head, struct http_text name)
{
	static const char *const names[] = { "Host", "Content-Length",
		"Transfer-Encoding", "Connection", "Expect" };
	enum http_known known;

	switch (name.length) {
	case 4:
		known = HTTP_HOST;
		break;
	case 6:
		known = HTTP_EXPECT;
		break;
	case 10:
		known = HTTP_CONNECTION;
		break;
	case 14:
		known = HTTP_CONTENT_LENGTH;
		break;
	case 17:
		known = HTTP_TRANSFER_ENCODING;
		break;
	default:
		return;
	}
	if (!http__same(name.bytes, names[known], name.length))
		return;
	if (head->seen[known]++ == 0)
		head->where[known] = (unsigned char)head->count;
}

/* Behind the line is its carriage return, which ends every loop here. */
static int
hh_field(struct http_head *head, struct http_text line)
{
	const char *p = line.bytes, *end = p + line.length;
	struct http_field *field = &head->fields[head->count];

	if (*p == ' ' || *p == '\t')
		return http__refuse(head, 400, "a folded line");
	while (http__of(*p, HTTP_TOKEN))
		p++;
	if (*p == ' ' || *p == '\t')
		return http__refuse(head, 400, "white space before the colon");
	if (*p != ':' || p == line.bytes)
		return http__refuse(head, 400, "a malformed name of a field");
	if (head->count == HTTP_FIELDS)
		return http__refuse(head, 431, "too many fields");
	field->name.bytes = line.bytes;
	field->name.length = (size_t)(p++ - line.bytes);
	while (*p == ' ' || *p == '\t')
		p++;
	while (end > p && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	field->value.bytes = p;
	field->value.length = (size_t)(end - p);
	if (!hh_clean(line.bytes, p, end))
		return http__refuse(head, 400, "a control byte in a field");
	hh_note(head, field->name);
	head->count++;
	return 0;
}

int
http__fields(struct http_head *head, size_t length)
{
	struct http_text line;
	int n;

	while ((n = http__line(head, length, HTTP_HEAD, &line)) == 1)
		if (line.length == 0)
			return 1;
		else if (hh_field(head, line) == -1)
			return -1;
	if (n == 0 && head->look >= HTTP_HEAD)
		return http__refuse(head, 431, "the head is too large");
	return n;
}

/* ---- Looking fields up --------------------------------------------------- */

const struct http_text *
http_next(const struct http_head *head, const char *name, size_t *place)
{
	size_t length = strlen(name);

	while (*place < head->count) {
		const struct http_field *field = &head->fields[(*place)++];

		if (field->name.length == length &&
		    http__same(field->name.bytes, name, length))
			return &field->value;
	}
	return NULL;
}

const struct http_text *
http_field(const struct http_head *head, const char *name)
{
	size_t place = 0;

	return http_next(head, name, &place);
}

const struct http_text *
http_single(const struct http_head *head, const char *name)
{
	size_t place = 0;
	const struct http_text *value = http_next(head, name, &place);

	return http_next(head, name, &place) == NULL ? value : NULL;
}

int
http_element(struct http_text *list, struct http_text *element)
{
	const char *p = list->bytes, *end = p + list->length, *last;

	while (p < end && (*p == ',' || *p == ' ' || *p == '\t'))
		p++;
	element->bytes = p;
	while (p < end && *p != ',')
		p++;
	list->bytes = p;
	list->length = (size_t)(end - p);
	for (last = p; last > element->bytes; last--)
		if (last[-1] != ' ' && last[-1] != '\t')
			break;
	element->length = (size_t)(last - element->bytes);
	return element->length > 0;
}
