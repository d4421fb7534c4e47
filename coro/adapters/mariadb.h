/*
 * SPDX-License-Identifier: ISC
 *
 * mariadb.h: MariaDB Connector/C in tasks.  A call is its two halves:
 *
 *	mysql_options(m, MYSQL_OPT_NONBLOCK, 0);
 *	for (s = mysql_real_query_start(&error, m, query, length); s != 0;
 *	     s = mysql_real_query_cont(&error, m, task_mariadb_wait(m, s)))
 *		continue;
 *
 * Tasks that share a connection take turns, as by a task_mutex.
 */
#ifndef REACTOR_CORO_ADAPTERS_MARIADB_H
#define REACTOR_CORO_ADAPTERS_MARIADB_H

#include <coro/task.h>
#include <reactor/adapters/mariadb.h>

/*
 * Waits until something of the mask has occurred, and returns that, for the
 * next _cont.  Always something: if the task is cancelled, or the wait fails,
 * it is MYSQL_WAIT_TIMEOUT, and the call fails as if it had taken too long.
 */
static inline int
task_mariadb_wait(MYSQL *mysql, int mask)
{
	unsigned wanted = reactor__mariadb_wanted(mask);
	int fd = (int)mysql_get_socket(mysql), ready;
	int64_t timeout = -1;

	if (mask & MYSQL_WAIT_TIMEOUT)
		timeout = (int64_t)mysql_get_timeout_value_ms(mysql) *
		    REACTOR_MILLISECOND;
	if (wanted == 0) {
		(void)task_sleep(timeout);
		return MYSQL_WAIT_TIMEOUT;
	}
	ready = task_poll(fd, wanted, timeout);
	if (ready == -1 && errno == ENOTSUP)
		ready =
		    task_poll(fd, wanted & ~(unsigned)REACTOR_URGENT, timeout);
	task_forget(fd); /* the connector may close it at any time */
	if (ready == -1)
		return MYSQL_WAIT_TIMEOUT;
	return reactor__mariadb_occurred((unsigned)ready, wanted);
}

#endif
