/*
 * SPDX-License-Identifier: ISC
 *
 * copy.c: sendfile and splice, from descriptor to descriptor.
 */
#include <sys/stat.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>
#include "coro/hook/internal.h"

/* ---- sendfile: neither MSG_DONTWAIT nor RWF_NOWAIT can be had ------------ */

#define HKV_CHUNK 16384

/* Would it wait at all, and is it a file that has places? */
static int
hkv_waits(int out, int in, int64_t *place)
{
	struct stat status;

	if (fstat(out, &status) == -1 ||
	    (!S_ISSOCK(status.st_mode) && !S_ISFIFO(status.st_mode)) ||
	    !hook__blocks(out) || fstat(in, &status) == -1 ||
	    !S_ISREG(status.st_mode))
		return 0;
	*place = lseek(in, 0, SEEK_CUR);
	return *place != -1;
}

/* A file that ends, or fails, after a part of it: that part. */
static ssize_t
hkv_send(struct hook__task *t, int out, int in, int64_t place, size_t size)
{
	char bytes[HKV_CHUNK];
	size_t done = 0;
	ssize_t n = 0, sent;

	while (done < size) {
		n = pread(in, bytes,
		    size - done < sizeof(bytes) ? size - done : sizeof(bytes),
		    place + (int64_t)done);
		if (n <= 0)
			break;
		sent = hook__write(t, out, bytes, (size_t)n);
		if (sent > 0)
			done += (size_t)sent;
		if (sent != n) {
			n = sent;
			break;
		}
	}
	return done > 0 || n >= 0 ? (ssize_t)done : -1;
}

HOOK(ssize_t, sendfile64, (int out, int in, int64_t *offset, size_t size))
{
	struct hook__task *t = HOOK_TASK;
	int64_t place;
	ssize_t n;

	if (t == NULL || !hkv_waits(out, in, &place))
		return hook__real()->sendfile64(out, in, offset, size);
	if (offset != NULL)
		place = *offset;
	n = hkv_send(t, out, in, place, size);
	if (n > 0 && offset != NULL)
		*offset = place + n;
	else if (n > 0)
		(void)lseek(in, place + n, SEEK_SET);
	return n;
}

HOOK(ssize_t, sendfile, (int out, int in, off_t *offset, size_t size))
{
	struct hook__task *t = HOOK_TASK;
	int64_t place;
	ssize_t n;

	if (t == NULL || !hkv_waits(out, in, &place))
		return hook__real()->sendfile(out, in, offset, size);
	if (offset != NULL)
		place = *offset;
	n = hkv_send(t, out, in, place, size);
	if (n > 0 && offset != NULL)
		*offset = (off_t)(place + n);
	else if (n > 0)
		(void)lseek(in, place + n, SEEK_SET);
	return n;
}

/* ---- splice -------------------------------------------------------------- */

/* Of a file nothing is waited for but the disk. */
static int
hkv_wait(int fd, short events, struct hook__wait *w)
{
	w->fd = fd;
	w->wanted = events == POLLIN ? REACTOR_READ : REACTOR_WRITE;
	w->option = events == POLLIN ? SO_RCVTIMEO : SO_SNDTIMEO;
	while (!hook__ready(fd, events))
		if (hook__wait(w) == -1)
			return -1;
	return 0;
}

/* Both ends are ready; so much there is room for, and no more is tried. */
HOOK(ssize_t, splice,
    (int in, int64_t *from, int out, int64_t *to, size_t size, unsigned flags))
{
	struct hook__wait wait_in = { 0 }, wait_out = { 0 };
	struct hook__task *t = HOOK_TASK;
	ssize_t n;

	if (t == NULL || size == 0 || (flags & SPLICE_F_NONBLOCK) != 0)
		return hook__real()->splice(in, from, out, to, size, flags);
	if (hook__begin(t, -1) == -1)
		return -1;
	if (size > PIPE_BUF)
		size = PIPE_BUF;
	do {
		if (hkv_wait(in, POLLIN, &wait_in) == -1 ||
		    hkv_wait(out, POLLOUT, &wait_out) == -1)
			return -1;
		n = hook__real()->splice(
		    in, from, out, to, size, flags | SPLICE_F_NONBLOCK);
	} while (n == -1 && errno == EAGAIN && hook__blocks(in) &&
	    hook__blocks(out) && task_yield() == 0);
	return n;
}
