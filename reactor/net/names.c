/*
 * SPDX-License-Identifier: ISC
 *
 * names.c: the executor for look-ups, which all loops of the program share.  It
 * is opened when the first name is looked up and never closed.  There is no
 * lock, which a child after fork(2) could find taken: who is second gives his
 * own back.
 */
#include <reactor/executor.h>
#include "reactor/net/net.h"

enum { NM_WORKERS = 8 }; /* they wait, and take no processor */

struct nm_pool {
	struct reactor_executor *executor;
	unsigned generation;
	struct nm_pool *older; /* of the process that forked this one */
};

static struct nm_pool *nm_newest; /* atomic */

static struct nm_pool *
nm_open(struct nm_pool *older)
{
	const struct reactor_executor_options options = {
		.kind = "threads", .name = "names", .workers = NM_WORKERS
	};
	struct nm_pool *pool = reactor__allocate(NULL, sizeof(*pool));

	if (pool == NULL)
		return NULL;
	pool->executor = reactor_executor_open(&options);
	if (pool->executor == NULL) {
		(void)reactor__allocate(pool, 0);
		return NULL;
	}
	pool->generation = reactor__fork_generation();
	pool->older = older;
	return pool;
}

struct reactor_executor *
reactor__names(void)
{
	struct nm_pool *pool = __atomic_load_n(&nm_newest, __ATOMIC_ACQUIRE);
	struct nm_pool *mine;

	if (pool != NULL && pool->generation == reactor__fork_generation())
		return pool->executor;
	mine = nm_open(pool);
	if (mine == NULL)
		return NULL;
	if (__atomic_compare_exchange_n(
		&nm_newest, &pool, mine, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return mine->executor;
	(void)reactor_executor_close(mine->executor, -1);
	(void)reactor__allocate(mine, 0);
	return pool->executor;
}
