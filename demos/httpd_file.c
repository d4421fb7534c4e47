/*
 * SPDX-License-Identifier: ISC
 *
 * httpd_file.c: from a name to an open file that is surely below the root.
 *
 * Where the system can do it (openat2 of Linux), it follows links as long as
 * they stay below.  Elsewhere the name is walked by components, and no link is
 * followed at all.  A check of the name alone would not do: links may change
 * at any moment.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "demos/httpd.h"

/* A FIFO must not stop the loop, nor a terminal become ours. */
#define HSF_FLAGS (O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)

enum { HSF_TRIES = 8 };

/* ---- Opening ------------------------------------------------------------- */

#if defined(__linux__) && defined(SYS_openat2)
/* As in linux/openat2.h, which is not everywhere. */
struct hsf_how {
	uint64_t flags, mode, resolve;
};
enum { HSF_NO_MAGICLINKS = 0x02, HSF_BENEATH = 0x08 };

/* EAGAIN: something was renamed meanwhile, so nothing is known. */
static int
hsf_beneath(int root, const char *name)
{
	struct hsf_how how = { .flags = HSF_FLAGS,
		.resolve = HSF_NO_MAGICLINKS | HSF_BENEATH };
	int fd, tries = 0;

	do
		fd = (int)syscall(
		    SYS_openat2, root, *name ? name : ".", &how, sizeof(how));
	while (fd == -1 && errno == EAGAIN && ++tries < HSF_TRIES);
	return fd;
}
#else
static int
hsf_beneath(int root, const char *name)
{
	(void)root;
	(void)name;
	errno = ENOSYS;
	return -1;
}
#endif

static int
hsf_step(int at, const char *name, size_t length, int flags)
{
	char part[NAME_MAX + 1];

	if (length >= sizeof(part)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(part, name, length);
	part[length] = '\0';
	return openat(at, length > 0 ? part : ".", HSF_FLAGS | flags);
}

static int
hsf_walk(int root, const char *name)
{
	int at = root, fd, error;
	size_t length;

	for (;; name += length + 1) {
		length = strcspn(name, "/");
		fd = hsf_step(at, name, length,
		    O_NOFOLLOW | (name[length] == '/' ? O_DIRECTORY : 0));
		error = errno;
		if (at != root)
			(void)close(at);
		errno = error;
		if (fd == -1 || name[length] == '\0' ||
		    name[length + 1] == '\0')
			return fd;
		at = fd;
	}
}

/* A filter of system calls may say EPERM where an old kernel says ENOSYS. */
static int
hsf_open(int root, const char *name)
{
	int fd = hsf_beneath(root, name);

	if (fd == -1 && (errno == ENOSYS || errno == EPERM))
		fd = hsf_walk(root, name);
	return fd;
}

int
httpd_file_root(const char *path)
{
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* ---- What it is ---------------------------------------------------------- */

static const struct {
	char extension[8];
	const char *type;
} hsf_types[] = {
	{ "html", "text/html; charset=utf-8" },
	{ "htm", "text/html; charset=utf-8" },
	{ "css", "text/css; charset=utf-8" },
	{ "js", "text/javascript; charset=utf-8" },
	{ "mjs", "text/javascript; charset=utf-8" },
	{ "txt", "text/plain; charset=utf-8" },
	{ "md", "text/markdown; charset=utf-8" },
	{ "csv", "text/csv; charset=utf-8" },
	{ "json", "application/json" },
	{ "xml", "application/xml" },
	{ "svg", "image/svg+xml" },
	{ "png", "image/png" },
	{ "jpg", "image/jpeg" },
	{ "jpeg", "image/jpeg" },
	{ "gif", "image/gif" },
	{ "webp", "image/webp" },
	{ "avif", "image/avif" },
	{ "ico", "image/x-icon" },
	{ "pdf", "application/pdf" },
	{ "wasm", "application/wasm" },
	{ "woff", "font/woff" },
	{ "woff2", "font/woff2" },
	{ "mp3", "audio/mpeg" },
	{ "mp4", "video/mp4" },
	{ "webm", "video/webm" },
	{ "gz", "application/gzip" },
	{ "zip", "application/zip" },
};

static const char *
hsf_type(const char *name)
{
	const char *slash = strrchr(name, '/');
	const char *dot = strrchr(slash != NULL ? slash : name, '.');
	size_t i;

	for (i = 0; dot != NULL && i < sizeof(hsf_types) / sizeof(*hsf_types);
	     i++)
		if (strcasecmp(dot + 1, hsf_types[i].extension) == 0)
			return hsf_types[i].type;
	return "application/octet-stream";
}

static int
hsf_describe(struct httpd_file *file, const char *name)
{
	struct stat status;

	if (fstat(file->fd, &status) == -1)
		return 500;
	file->directory = S_ISDIR(status.st_mode);
	if (!file->directory && !S_ISREG(status.st_mode))
		return 404;
	file->size = status.st_size;
	file->modified = status.st_mtime;
	file->type = hsf_type(name);
	file->tag_size = (size_t)snprintf(file->tag, sizeof(file->tag),
	    "\"%llx-%llx-%llx\"", (unsigned long long)status.st_ino,
	    (unsigned long long)status.st_size,
	    (unsigned long long)status.st_mtim.tv_sec * 1000000000 +
		(unsigned long long)status.st_mtim.tv_nsec);
	return 0;
}

/* What leads out of the root is told of like what is not there. */
static int
hsf_status(void)
{
	switch (errno) {
	case EACCES:
	case EPERM:
		return 403;
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case EAGAIN:
		return 503;
	case ENOENT:
	case ENOTDIR:
	case ENAMETOOLONG:
	case ELOOP:
	case EXDEV:
	case ENXIO:
	case ENODEV:
	case EMLINK:
		return 404;
	default:
		return 500;
	}
}

int
httpd_file_open(
    const struct httpd *server, const char *name, struct httpd_file *file)
{
	int status;

	file->fd = hsf_open(server->root, name);
	if (file->fd == -1)
		return hsf_status();
	status = hsf_describe(file, name);
	if (status != 0)
		(void)close(file->fd);
	return status;
}
