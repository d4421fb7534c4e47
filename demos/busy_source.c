/*
 * SPDX-License-Identifier: ISC
 *
 * busy_source.c: from where files are read: the disk, or, where that is too
 * fast to see a task wait for it, a slow peer.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "demos/busy.h"
#include "demos/demo.h"

/* Less of the time spent waiting than that is not to be seen. */
#define BX_SHARE  0.3
/* More of a file left in the cache than that, and the disk is not read. */
#define BX_CACHED 0.1

enum { BX_DISK_SIZE = 64, BX_PEER_SIZE = 16, BX_PEER_RATE = 40 }; /* MB */

/* The part of its time that a task waits for the disk; or why it does not. */
static double
bx_try(const struct busy_task *task, char *why, size_t size)
{
	double cached = busy_forget(task), share;
	struct busy_log log;

	if (cached > BX_CACHED) {
		(void)snprintf(why, size,
		    "the cache of the disk keeps %.0f %% of a file",
		    100 * cached);
		return 0;
	}
	if (busy_read(task, &log) == -1)
		demo_fail("%s: %s", task->file, strerror(errno));
	free(log.segments);
	share = (double)log.done.total[TIMELINE_IO] /
	    (double)(log.done.end - log.done.begin);
	(void)snprintf(why, size, "%s (%.0f %% of the time waiting)",
	    share < BX_SHARE ? "the disk is too fast to see"
			     : "slow enough to see",
	    100 * share);
	return share;
}

static void
bx_sizes(struct busy *b, long megabytes)
{
	long i;

	for (i = 0; i < b->ntasks; i++)
		b->task[i].size = (int64_t)megabytes * 1000000;
	(void)snprintf(
	    b->what, sizeof(b->what), "reading files of %ld MB", megabytes);
}

static void
bx_disk(struct busy *b, const char *why)
{
	long i;

	b->forget = 1;
	(void)snprintf(b->where, sizeof(b->where), "From the disk: %s.", why);
	for (i = 1; i < b->ntasks; i++) {
		demo_progress("writing file %ld of %ld", i + 1, b->ntasks);
		busy_file(&b->task[i]);
	}
}

static void
bx_peer(struct busy *b, long rate, const char *why)
{
	int port = busy_peer((double)rate * 1e6);
	long i;

	(void)snprintf(b->where, sizeof(b->where),
	    "From a slow peer, %ld MB/s for each connection%s%s.", rate,
	    *why != '\0' ? "; " : "", why);
	for (i = 0; i < b->ntasks; i++) {
		demo_progress("writing file %ld of %ld", i + 1, b->ntasks);
		busy_file(&b->task[i]);
		b->task[i].port = port;
	}
}

void
busy_source(struct busy *b, long megabytes, long rate)
{
	char why[80] = "";

	busy_directory();
	if (rate == 0) {
		bx_sizes(b, megabytes != 0 ? megabytes : BX_DISK_SIZE);
		demo_progress("trying the disk");
		busy_file(&b->task[0]);
		if (bx_try(&b->task[0], why, sizeof(why)) >= BX_SHARE) {
			bx_disk(b, why);
			return;
		}
	}
	bx_sizes(b, megabytes != 0 ? megabytes : BX_PEER_SIZE);
	bx_peer(b, rate != 0 ? rate : BX_PEER_RATE, why);
}
