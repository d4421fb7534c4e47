/*
 * SPDX-License-Identifier: ISC
 *
 * libpq.h: PostgreSQL in tasks.
 *
 *	PGconn *c = task_pq_connect("dbname=test", 10 * REACTOR_SECOND);
 *	PGresult *result = task_pq_exec(c, "select 1", REACTOR_SECOND);
 *
 *	PQclear(result);
 *	PQfinish(c);
 *
 * Whatever PQsendX there is works with task_pq_result.  Tasks that share a
 * connection take turns, as by a task_mutex.  reactor_pq(3) has the details.
 */
#ifndef REACTOR_CORO_ADAPTERS_LIBPQ_H
#define REACTOR_CORO_ADAPTERS_LIBPQ_H

#include <errno.h>
#include <libpq-fe.h>
#include <coro/task.h>

/* Afterwards libpq may close the socket, and the next have its number. */
static inline int
task__pq_poll(PGconn *c, unsigned wanted)
{
	int fd = PQsocket(c), ready = task_poll(fd, wanted, -1), error = errno;

	task_forget(fd);
	errno = error;
	return ready == -1 ? -1 : 0;
}

/* After a PQflush that returned that: receives and sends what is possible. */
static inline int
task__pq_pass(PGconn *c, int flushed)
{
	if (flushed != -1 &&
	    task__pq_poll(c,
		flushed == 1 ? (unsigned)(REACTOR_READ | REACTOR_WRITE)
			     : (unsigned)REACTOR_READ) == -1)
		return -1;
	if (flushed != -1 && PQconsumeInput(c) == 1)
		return 0;
	errno = PQstatus(c) == CONNECTION_BAD ? ECONNRESET : ENOMEM;
	return -1;
}

/* 0: libpq has an end, good or bad. */
static inline int
task__pq_connecting(PGconn *c)
{
	PostgresPollingStatusType status = PGRES_POLLING_WRITING;

	if (PQstatus(c) == CONNECTION_BAD)
		return 0;
	do {
		if (task__pq_poll(c,
			status == PGRES_POLLING_READING
			    ? (unsigned)REACTOR_READ
			    : (unsigned)REACTOR_WRITE) == -1)
			return -1;
		status = PQconnectPoll(c);
	} while (
	    status == PGRES_POLLING_READING || status == PGRES_POLLING_WRITING);
	return status == PGRES_POLLING_OK ? PQsetnonblocking(c, 1) : 0;
}

/*
 * Like PQconnectdb: returns a connection, to be freed by PQfinish, also if the
 * server would not have us: ask PQstatus.  NULL: ETIMEDOUT, ECANCELED, ENOMEM.
 */
static inline PGconn *
task_pq_connect(const char *conninfo, int64_t timeout)
{
	struct task_scope scope;
	PGconn *c;
	int result = -1;

	if (task_scope_enter(&scope, timeout) == -1)
		return NULL;
	errno = ENOMEM;
	if ((c = PQconnectStart(conninfo)) != NULL)
		result = task__pq_connecting(c);
	if (task_scope_leave(&scope) == 0 && result == 0)
		return c;
	result = errno;
	PQfinish(c);
	errno = result;
	return NULL;
}

/*
 * The next result of what a PQsend function began: 1, and it is to be freed by
 * PQclear; 0: that was all.  -1: ETIMEDOUT, ECANCELED, ENOMEM; the query goes
 * on, and so can the wait.
 */
static inline int
task_pq_result(PGconn *c, PGresult **result, int64_t timeout)
{
	struct task_scope scope;
	int status = 0;

	if (task_scope_enter(&scope, timeout) == -1)
		return -1;
	while (status == 0 && PQstatus(c) == CONNECTION_OK && PQisBusy(c))
		status = task__pq_pass(c, PQflush(c));
	if (task_scope_leave(&scope) == -1)
		return -1;
	/* Of a lost connection there is a result that says so. */
	if (status == -1 && PQstatus(c) == CONNECTION_OK)
		return -1;
	*result = PQgetResult(c);
	return *result != NULL;
}

/* Until then; < 0: no limit. */
static inline int64_t
task__pq_left(int64_t end)
{
	int64_t left = end - task_now();

	return end == INT64_MAX ? -1 : left > 0 ? left : 0;
}

/*
 * Like PQexec: the last result of the query.  NULL: ENOTCONN; EBUSY: there are
 * results of another; and those of task_pq_result.
 */
static inline PGresult *
task_pq_exec(PGconn *c, const char *query, int64_t timeout)
{
	int64_t end = timeout < 0 ? INT64_MAX : task_now() + timeout;
	PGresult *last = NULL, *result;
	int more;

	if (PQsendQuery(c, query) == 0) {
		errno = PQstatus(c) == CONNECTION_OK ? EBUSY : ENOTCONN;
		return NULL;
	}
	while ((more = task_pq_result(c, &result, task__pq_left(end))) == 1) {
		PQclear(last);
		last = result;
		if (PQresultStatus(last) == PGRES_COPY_IN ||
		    PQresultStatus(last) == PGRES_COPY_OUT ||
		    PQresultStatus(last) == PGRES_COPY_BOTH)
			break;
	}
	if (more != -1)
		return last;
	PQclear(last);
	return NULL;
}

/* Waits until all is sent, as before more PQputCopyData. */
static inline int
task_pq_flush(PGconn *c)
{
	int flushed;

	while ((flushed = PQflush(c)) != 0)
		if (task__pq_pass(c, flushed) == -1)
			return -1;
	return 0;
}

/* The next notification, to be freed by PQfreemem.  ECONNRESET. */
static inline PGnotify *
task_pq_notify(PGconn *c, int64_t timeout)
{
	struct task_scope scope;
	PGnotify *notify;

	if (task_scope_enter(&scope, timeout) == -1)
		return NULL;
	while ((notify = PQnotifies(c)) == NULL)
		if (task__pq_pass(c, PQflush(c)) == -1)
			break;
	(void)task_scope_leave(&scope);
	return notify;
}

#endif
