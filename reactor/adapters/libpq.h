/*
 * SPDX-License-Identifier: ISC
 *
 * libpq.h: connections to PostgreSQL on the loop.
 *
 *	pq->done = done;
 *	pq->result = result;
 *	reactor_pq_connect(r, pq, "dbname=test", 10 * REACTOR_SECOND);
 *
 * and in done(r, pq, error), which is called at the end of that and of each
 * query, reactor_pq_query(r, pq, "select 1", -1), or reactor_pq_stop(r, pq);
 * result(r, pq, result) gets each result.  reactor_pq(3) has the details; for
 * tasks there is coro/adapters/libpq.h.
 */
#ifndef REACTOR_ADAPTERS_LIBPQ_H
#define REACTOR_ADAPTERS_LIBPQ_H

#include <errno.h>
#include <libpq-fe.h>
#include <reactor/reactor.h>

/* Zero it and set the callbacks; each of them may stop and free it. */
struct reactor_pq {
	/* The connection is made, or the query over: 0, or an errno. */
	void (*done)(struct reactor *, struct reactor_pq *, int error);
	/* A result of the query: the callback's, to be freed by PQclear. */
	void (*result)(struct reactor *, struct reactor_pq *, PGresult *);
	/* NULL; or it is heard of notifications, also between queries. */
	void (*notify)(struct reactor *, struct reactor_pq *, const PGnotify *);
	PGconn *connection; /* of libpq; NULL when stopped */
	/* The library's: */
	struct reactor_io io;
	struct reactor_timer timer;
	int busy, again, *stopped;
};

/* Disconnects, in any state, once or often.  No callback is called. */
static inline void
reactor_pq_stop(struct reactor *r, struct reactor_pq *pq)
{
	reactor_io_stop(r, &pq->io);
	reactor_timer_stop(r, &pq->timer);
	PQfinish(pq->connection);
	pq->connection = NULL;
	if (pq->stopped != NULL)
		*pq->stopped = 1;
	pq->stopped = NULL;
}

static inline int
reactor__pq_watch(struct reactor *r, struct reactor_pq *pq, int wanted)
{
	if (pq->io.fd != PQsocket(pq->connection))
		reactor_io_stop(r, &pq->io);
	pq->io.fd = PQsocket(pq->connection);
	pq->io.wanted = (unsigned char)wanted;
	return reactor_io_start(r, &pq->io);
}

static inline void reactor__pq_ready(
    struct reactor *, struct reactor_io *, unsigned);

static inline void
reactor__pq_end(struct reactor *r, struct reactor_pq *pq, int error)
{
	pq->busy = 0;
	pq->io.callback = reactor__pq_ready;
	reactor_timer_stop(r, &pq->timer);
	if (error != 0 || pq->notify == NULL)
		reactor_io_stop(r, &pq->io);
	else if (reactor__pq_watch(r, pq, REACTOR_READ) == -1)
		error = errno;
	pq->done(r, pq, error);
}

static inline void
reactor__pq_late(struct reactor *r, struct reactor_timer *timer)
{
	struct reactor_pq *pq = REACTOR_OWNER(timer, struct reactor_pq, timer);
	int bad = PQstatus(pq->connection) == CONNECTION_BAD;

	reactor__pq_end(r, pq, bad ? ECONNREFUSED : ETIMEDOUT);
}

/* A socket may be closed here, and the next have its number. */
static inline void
reactor__pq_poll(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	struct reactor_pq *pq = REACTOR_OWNER(io, struct reactor_pq, io);
	PostgresPollingStatusType status;
	int reading;

	(void)ready;
	reactor_io_stop(r, io);
	status = PQconnectPoll(pq->connection);
	reading = status == PGRES_POLLING_READING;
	if (status == PGRES_POLLING_FAILED)
		reactor__pq_end(r, pq, ECONNREFUSED);
	else if (status == PGRES_POLLING_OK)
		reactor__pq_end(r, pq,
		    PQsetnonblocking(pq->connection, 1) == -1 ? ENOMEM : 0);
	else if (reactor__pq_watch(
		     r, pq, reading ? REACTOR_READ : REACTOR_WRITE) == -1)
		reactor__pq_end(r, pq, errno);
}

/* In a COPY one and the same result comes as often as it is asked for. */
static inline int
reactor__pq_copies(struct reactor_pq *pq, const PGresult *result, int *copied)
{
	ExecStatusType status = PQresultStatus(result);
	int again = *copied;

	*copied = status == PGRES_COPY_IN || status == PGRES_COPY_OUT ||
	    status == PGRES_COPY_BOTH;
	if (!*copied)
		return 0;
	if (!again && status != PGRES_COPY_OUT && PQflush(pq->connection) == 1)
		pq->again = again = 1; /* it comes when there is room */
	return again;
}

/* Returns whether the query is over. */
static inline int
reactor__pq_results(struct reactor *r, struct reactor_pq *pq, int *stopped)
{
	PGresult *result;
	int copied = 0;

	while (!*stopped && pq->busy &&
	    (PQstatus(pq->connection) == CONNECTION_BAD ||
		!PQisBusy(pq->connection))) {
		if ((result = PQgetResult(pq->connection)) == NULL)
			return 1;
		if (reactor__pq_copies(pq, result, &copied)) {
			PQclear(result);
			return 0;
		}
		pq->result(r, pq, result);
	}
	return 0;
}

static inline void
reactor__pq_notifies(struct reactor *r, struct reactor_pq *pq, int *stopped)
{
	PGnotify *notify;

	while (!*stopped && pq->notify != NULL &&
	    (notify = PQnotifies(pq->connection)) != NULL) {
		pq->notify(r, pq, notify);
		PQfreemem(notify);
	}
}

static inline void
reactor__pq_ready(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	struct reactor_pq *pq = REACTOR_OWNER(io, struct reactor_pq, io);
	int stopped = 0, over, flushed, wanted = REACTOR_READ;
	int error = PQconsumeInput(pq->connection) == 0 ? ECONNRESET : 0;

	(void)ready;
	pq->stopped = &stopped;
	pq->again = 0;
	reactor__pq_notifies(r, pq, &stopped);
	over = reactor__pq_results(r, pq, &stopped);
	if (stopped)
		return;
	pq->stopped = NULL;
	flushed = PQflush(pq->connection);
	if (flushed == -1)
		error = ECONNRESET;
	if (flushed == 1 || pq->again)
		wanted |= REACTOR_WRITE;
	if (error == 0 && !over && reactor__pq_watch(r, pq, wanted) == -1)
		error = errno;
	if (error != 0 || over)
		reactor__pq_end(r, pq, error);
}

/* Connects; `timeout` in ns, < 0: none.  All but ENOMEM is told by done. */
static inline int
reactor_pq_connect(struct reactor *r, struct reactor_pq *pq,
    const char *conninfo, int64_t timeout)
{
	int bad;

	reactor_pq_stop(r, pq);
	if ((pq->connection = PQconnectStart(conninfo)) == NULL) {
		errno = ENOMEM;
		return -1;
	}
	bad = PQstatus(pq->connection) == CONNECTION_BAD;
	pq->busy = 1;
	pq->io.callback = reactor__pq_poll;
	pq->timer.callback = reactor__pq_late;
	if ((bad || reactor__pq_watch(r, pq, REACTOR_WRITE) == 0) &&
	    ((timeout < 0 && !bad) ||
		reactor_timer_start(r, &pq->timer, bad ? 0 : timeout) == 0))
		return 0;
	reactor_pq_stop(r, pq);
	return -1;
}

/*
 * Waits for the end of what a PQsend function began; again after ETIMEDOUT, for
 * another time-out, and where COPY is to be called when there is room for more.
 * ENOTCONN.
 */
static inline int
reactor_pq_wait(struct reactor *r, struct reactor_pq *pq, int64_t timeout)
{
	int wanted = REACTOR_READ, flushed = -1;

	if (PQstatus(pq->connection) == CONNECTION_OK)
		flushed = PQflush(pq->connection);
	errno = ENOTCONN;
	if (flushed == -1)
		return -1;
	/* What has come already is dealt with soon, but not in here. */
	if (flushed == 1 || !PQisBusy(pq->connection))
		wanted |= REACTOR_WRITE;
	reactor_timer_stop(r, &pq->timer);
	if (timeout >= 0 && reactor_timer_start(r, &pq->timer, timeout) == -1)
		return -1;
	if (reactor__pq_watch(r, pq, wanted) == 0) {
		pq->busy = pq->again = 1;
		return 0;
	}
	reactor_timer_stop(r, &pq->timer);
	return -1;
}

/* Sends a query, and waits as that does.  EBUSY: one is under way. */
static inline int
reactor_pq_query(struct reactor *r, struct reactor_pq *pq, const char *query,
    int64_t timeout)
{
	errno = EBUSY;
	if (pq->busy)
		return -1;
	if (PQsendQuery(pq->connection, query) == 1)
		return reactor_pq_wait(r, pq, timeout);
	errno = PQstatus(pq->connection) == CONNECTION_OK ? EBUSY : ENOTCONN;
	return -1;
}

#endif
