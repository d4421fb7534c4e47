/*
 * SPDX-License-Identifier: ISC
 *
 * busy_io.c: a task that reads a file, from the disk or from a slow peer, and
 * computes a checksum of it (the CRC-32 of Ethernet and zip).
 */
#include <arpa/inet.h>
#include <sys/socket.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "demos/busy.h"
#include "demos/demo.h"

enum { BI_BLOCK = 2000000, BI_PIECE = 16384 };

/* ---- The checksum -------------------------------------------------------- */

static void
bi_table(uint32_t table[256])
{
	uint32_t i, bit, value;

	for (i = 0; i < 256; i++) {
		value = i;
		for (bit = 0; bit < 8; bit++)
			value = value >> 1 ^ (value & 1 ? 0xedb88320 : 0);
		table[i] = value;
	}
}

static uint32_t
bi_sum(const uint32_t table[256], uint32_t sum, const unsigned char *bytes,
    size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		sum = sum >> 8 ^ table[(sum ^ bytes[i]) & 0xff];
	return sum;
}

/* Piece by piece, for others want the lock too. */
static uint32_t
bi_compute(const struct busy_task *task, struct busy_log *log, uint32_t sum,
    const unsigned char *bytes, size_t size)
{
	uint32_t table[256];
	size_t used, piece;

	if (task->lock)
		busy_lock(log);
	bi_table(table);
	for (used = 0; used < size; used += piece) {
		piece = size - used < BI_PIECE ? size - used : BI_PIECE;
		sum = bi_sum(table, sum, bytes + used, piece);
		if (task->lock)
			busy_lock_check(log, demo_now());
	}
	if (task->lock)
		busy_unlock();
	return sum;
}

/* ---- Reading ------------------------------------------------------------- */

/* The peer is told which file it is to send. */
static int
bi_connect(const struct busy_task *task)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), error;

	address.sin_port = htons((uint16_t)task->port);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd == -1)
		return -1;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	    write(fd, task->file, sizeof(task->file)) ==
		(ssize_t)sizeof(task->file))
		return fd;
	error = errno;
	(void)close(fd);
	errno = error;
	return -1;
}

static ssize_t
bi_receive(int fd, void *block, size_t size, int port)
{
	ssize_t n;

	do
		n = port != 0 ? recv(fd, block, size, MSG_WAITALL)
			      : read(fd, block, size);
	while (n == -1 && errno == EINTR);
	return n;
}

/*
 * What the call takes longer than the processor's time for it is the wait (for
 * a processor too: here the two cannot be told apart); the rest is for copying,
 * which comes when there is something to copy.
 */
static ssize_t
bi_block(int fd, const struct busy_task *task, struct busy_log *log,
    unsigned char *block, size_t size)
{
	int64_t cpu = busy_cpu(), now;
	ssize_t n;

	busy_log_add(log, TIMELINE_RUNNING, demo_now());
	n = bi_receive(fd, block, size, task->port);
	now = demo_now();
	busy_log_add(log, TIMELINE_IO, now - (busy_cpu() - cpu));
	busy_log_add(log, TIMELINE_RUNNING, now);
	return n;
}

static int
bi_all(int fd, const struct busy_task *task, struct busy_log *log,
    unsigned char *block)
{
	uint32_t sum = 0xffffffff;
	int64_t left = task->size;
	size_t want;
	ssize_t n;

	for (; left > 0; left -= n) {
		want = left < BI_BLOCK ? (size_t)left : (size_t)BI_BLOCK;
		n = bi_block(fd, task, log, block, want);
		if (n == 0)
			errno = EIO; /* it is too short */
		if (n <= 0)
			return -1;
		sum = bi_compute(task, log, sum, block, (size_t)n);
	}
	log->done.value = ~sum;
	return 0;
}

int
busy_read(const struct busy_task *task, struct busy_log *log)
{
	unsigned char *block = malloc(BI_BLOCK);
	int fd, result = -1, error;

	busy_log_begin(log);
	if (block == NULL)
		return -1;
	fd = task->port != 0 ? bi_connect(task)
			     : open(task->file, O_RDONLY | O_CLOEXEC);
	if (fd != -1)
		result = bi_all(fd, task, log, block);
	error = errno;
	if (fd != -1)
		(void)close(fd);
	free(block);
	busy_log_end(log);
	errno = error;
	return result;
}
