/*
 * SPDX-License-Identifier: ISC
 *
 * httpd_page.c: what is sent of a file, and the page that lists a directory.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "demos/httpd.h"

/* The page waits in memory for each guest, and takes time: not too many. */
enum { HSP_NAMES = 1000 };

/* ---- A file -------------------------------------------------------------- */

static void
hsp_head(struct httpd_connection *c, int status, const struct httpd_file *file)
{
	char date[HTTP_DATE];

	http_date(date, file->modified);
	httpd_head(c, status);
	httpd_field(c, "Last-Modified", date);
	httpd_field(c, "ETag", file->tag);
	httpd_field(c, "Accept-Ranges", "bytes");
}

static void
hsp_send(struct httpd_connection *c, const struct httpd_file *file)
{
	hsp_head(c, 200, file);
	httpd_content(c, file->type, file->size);
	httpd_send_file(c, 200, file->fd, 0, file->size);
}

static void
hsp_part(struct httpd_connection *c, const struct httpd_file *file,
    const struct http_range *range)
{
	int64_t size = range->last - range->first + 1;

	hsp_head(c, 206, file);
	httpd_content_range(c, range, file->size);
	httpd_content(c, file->type, size);
	httpd_send_file(c, 206, file->fd, range->first, size);
}

/* None of it. */
static void
hsp_refuse(
    struct httpd_connection *c, int status, const struct httpd_file *file)
{
	char range[40];

	if (status == 304) {
		hsp_head(c, 304, file);
		httpd_send(c, 304, "", 0);
	} else if (status == 416) {
		(void)snprintf(range, sizeof(range), "bytes */%lld",
		    (long long)file->size);
		httpd_error_with(c, 416, "The file has no such part",
		    "Content-Range", range);
	} else {
		httpd_error(c, status, "The file is another one by now");
	}
	(void)close(file->fd);
}

void
httpd_page_file(struct httpd_connection *c, struct httpd_file *file)
{
	const struct http_request *request = &c->message->request;
	const struct http_text tag = { file->tag, file->tag_size };
	const struct http_text *asked;
	struct http_range range;
	int ranges = 0, status = http_condition(request, tag, file->modified);

	asked = http_range_asked(request, tag, file->modified);
	if (status == 0 && asked != NULL) {
		ranges = http_ranges(*asked, file->size, &range, 1);
		status = ranges == -1 ? 416 : 0;
	}
	if (status != 0)
		hsp_refuse(c, status, file);
	else if (ranges == 1)
		hsp_part(c, file, &range);
	else
		hsp_send(c, file);
}

/* ---- A directory --------------------------------------------------------- */

struct hsp_names {
	char *list[HSP_NAMES];
	size_t count;
};

static int
hsp_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The name, with a slash behind a directory's; NULL: not to be shown. */
static char *
hsp_name(int directory, const char *name)
{
	struct stat status;
	size_t size = strlen(name) + 2;
	char *copy;

	if (*name == '.' ||
	    fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == -1 ||
	    !(S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)))
		return NULL;
	copy = malloc(size);
	if (copy != NULL)
		(void)snprintf(copy, size, "%s%s", name,
		    S_ISDIR(status.st_mode) ? "/" : "");
	return copy;
}

static void
hsp_read(DIR *stream, struct hsp_names *names)
{
	const struct dirent *entry;
	char *name;

	while (names->count < HSP_NAMES && (entry = readdir(stream)) != NULL)
		if ((name = hsp_name(dirfd(stream), entry->d_name)) != NULL)
			names->list[names->count++] = name;
	qsort(names->list, names->count, sizeof(char *), hsp_compare);
}

static void
hsp_entry(FILE *page, const char *name)
{
	const struct http_text text = { name, strlen(name) };
	char link[3 * NAME_MAX + 8], words[6 * NAME_MAX + 16];

	(void)http_escape_uri(link, sizeof(link), text);
	(void)http_escape_html(words, sizeof(words), text);
	(void)fprintf(page, "<li><a href=\"./%s\">%s</a>\n", link, words);
}

static void
hsp_write(FILE *page, const char *name, const struct hsp_names *names)
{
	const struct http_text text = { name, strlen(name) };
	char words[6 * HTTPD_NAME];
	size_t i;

	(void)http_escape_html(words, sizeof(words), text);
	(void)fprintf(page,
	    "<!DOCTYPE html>\n<html lang=\"en\">\n<title>/%s</title>\n"
	    "<h1>/%s</h1>\n<ul>\n",
	    words, words);
	if (*name != '\0')
		(void)fprintf(page, "<li><a href=\"../\">../</a>\n");
	for (i = 0; i < names->count; i++)
		hsp_entry(page, names->list[i]);
	(void)fprintf(page, "</ul>\n%s</html>\n",
	    names->count == HSP_NAMES ? "<p>And perhaps more.</p>\n" : "");
}

/* The page, to be freed; NULL: no memory. */
static char *
hsp_list(DIR *stream, const char *name, size_t *size)
{
	struct hsp_names *names = calloc(1, sizeof(*names));
	char *text = NULL;
	FILE *page = open_memstream(&text, size);
	int failed = page == NULL || names == NULL;

	if (!failed) {
		hsp_read(stream, names);
		hsp_write(page, name, names);
		failed = ferror(page);
	}
	if (page != NULL && fclose(page) == EOF)
		failed = 1;
	while (names != NULL && names->count > 0)
		free(names->list[--names->count]);
	free(names);
	if (!failed)
		return text;
	free(text);
	return NULL;
}

void
httpd_page_list(
    struct httpd_connection *c, struct httpd_file *file, const char *name)
{
	DIR *stream = fdopendir(file->fd);
	char *page = NULL;
	size_t size = 0;

	if (stream != NULL) {
		page = hsp_list(stream, name, &size);
		(void)closedir(stream);
	} else {
		(void)close(file->fd);
	}
	if (page == NULL) {
		httpd_error(c, 503, "There is no memory");
		return;
	}
	httpd_head(c, 200);
	httpd_field(c, "Content-Security-Policy", "default-src 'none'");
	httpd_content(c, "text/html; charset=utf-8", (int64_t)size);
	httpd_send(c, 200, page, size);
	free(page);
}
