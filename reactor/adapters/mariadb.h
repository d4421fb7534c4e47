/*
 * SPDX-License-Identifier: ISC
 *
 * mariadb.h: waits for MariaDB Connector/C.  Each of its calls that might block
 * has two halves, which tell what to wait for, until that is nothing:
 *
 *	wait->callback = go_on;
 *	mysql_options(m, MYSQL_OPT_NONBLOCK, 0);
 *	s = mysql_real_query_start(&error, m, query, length);
 *	if (s != 0)
 *		reactor_mariadb_wait(r, wait, m, s);
 *
 * and in go_on(r, wait, occurred) comes the next mysql_real_query_cont(&error,
 * m, occurred), whose mask is dealt with in the same way.  In tasks:
 * coro/adapters/mariadb.h.  reactor_mariadb(3) tells how to give up a call.
 */
#ifndef REACTOR_ADAPTERS_MARIADB_H
#define REACTOR_ADAPTERS_MARIADB_H

#include <errno.h>
#include <mysql.h>
#include <reactor/reactor.h>

struct reactor_mariadb;

/* `occurred`: MYSQL_WAIT_ bits, for the next _cont. */
typedef void reactor_mariadb_fn(
    struct reactor *, struct reactor_mariadb *, int occurred);

/* Zero it and set the callback; event.name of both if you like. */
struct reactor_mariadb {
	reactor_mariadb_fn *callback;
	struct reactor_io io;
	struct reactor_timer timer;
};

/* Ends a wait, if there is one. */
static inline void
reactor_mariadb_stop(struct reactor *r, struct reactor_mariadb *wait)
{
	reactor_io_stop(r, &wait->io);
	reactor_timer_stop(r, &wait->timer);
}

/* What a mask is in the words of the loop... */
static inline unsigned
reactor__mariadb_wanted(int mask)
{
	return (mask & MYSQL_WAIT_READ ? (unsigned)REACTOR_READ : 0) |
	    (mask & MYSQL_WAIT_WRITE ? (unsigned)REACTOR_WRITE : 0) |
	    (mask & MYSQL_WAIT_EXCEPT ? (unsigned)REACTOR_URGENT : 0);
}

/* ...and back; what is wrong with a descriptor shows in the next call. */
static inline int
reactor__mariadb_occurred(unsigned ready, unsigned wanted)
{
	if ((ready & (REACTOR_READ | REACTOR_WRITE | REACTOR_URGENT)) == 0)
		ready = wanted;
	return (ready & REACTOR_READ ? MYSQL_WAIT_READ : 0) |
	    (ready & REACTOR_WRITE ? MYSQL_WAIT_WRITE : 0) |
	    (ready & REACTOR_URGENT ? MYSQL_WAIT_EXCEPT : 0);
}

/* The connector may close the descriptor, the program free the wait. */
static inline void
reactor__mariadb_ready(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	struct reactor_mariadb *wait =
	    REACTOR_OWNER(io, struct reactor_mariadb, io);

	reactor_mariadb_stop(r, wait);
	wait->callback(r, wait, reactor__mariadb_occurred(ready, io->wanted));
}

static inline void
reactor__mariadb_late(struct reactor *r, struct reactor_timer *timer)
{
	struct reactor_mariadb *wait =
	    REACTOR_OWNER(timer, struct reactor_mariadb, timer);

	reactor_mariadb_stop(r, wait);
	wait->callback(r, wait, MYSQL_WAIT_TIMEOUT);
}

/* Not every backend has URGENT; then what else is wanted has to do. */
static inline int
reactor__mariadb_watch(struct reactor *r, struct reactor_io *io, unsigned bits)
{
	io->wanted = (unsigned char)bits;
	if (bits == 0 || reactor_io_start(r, io) == 0)
		return 0;
	if (errno != ENOTSUP || bits == REACTOR_URGENT)
		return -1;
	io->wanted &= (unsigned char)~REACTOR_URGENT;
	return reactor_io_start(r, io);
}

/*
 * Has the callback called once, when something of the mask that a _start or
 * _cont returned has occurred.  A wait that is still on is replaced.
 */
static inline int
reactor_mariadb_wait(
    struct reactor *r, struct reactor_mariadb *wait, MYSQL *mysql, int mask)
{
	int64_t ms = (int64_t)mysql_get_timeout_value_ms(mysql);

	reactor_mariadb_stop(r, wait);
	wait->io.callback = reactor__mariadb_ready;
	wait->io.fd = (int)mysql_get_socket(mysql);
	wait->timer.callback = reactor__mariadb_late;
	wait->timer.every = 0;
	if (mask & MYSQL_WAIT_TIMEOUT &&
	    reactor_timer_start(r, &wait->timer, ms * REACTOR_MILLISECOND) ==
		-1)
		return -1;
	if (reactor__mariadb_watch(
		r, &wait->io, reactor__mariadb_wanted(mask)) == 0)
		return 0;
	reactor_timer_stop(r, &wait->timer);
	return -1;
}

#endif
