/*
 * SPDX-License-Identifier: ISC
 *
 * task.h: tasks: coroutines on a loop.  Each is written as if it were alone and
 * might block; while it waits, the others and the loop go on.
 *
 *   spawn --> ready queue --> runs --> waits (parks) for a descriptor, a time,
 *                 ^                      |           a lock, another task...
 *                 '------- woken --------'
 *
 * A function that waits is a place where the task may be cancelled: it fails
 * with ECANCELED, again and again, as long as a cancelled scope encloses it.
 * What has happened already is not lost by that: a call that has its result
 * returns it.
 *
 * Functions return 0, or -1 with errno and nothing changed.  Times are int64_t
 * nanoseconds; a negative time-out is none.  Unless it says otherwise, a
 * function may be called by tasks only: EPERM elsewhere.  Tasks, and all that
 * they wait for, stay in the thread of their loop.  coro(7) explains the whole;
 * each function has a page in section 3.
 */
#ifndef REACTOR_TASK_H
#define REACTOR_TASK_H

#include <reactor/executor.h>
#include <reactor/net.h>
#include <reactor/reactor.h>
#include <coro/coro.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

struct iovec;
struct msghdr;
struct sockaddr;

struct task;
struct task_outcome;
struct task_group;

/* What a task runs: returns its result, or -1 with errno, an error. */
typedef coro_fn task_fn;

/* ---- Running: task_run(3) ------------------------------------------------ */

struct task_options {
	const char *backend; /* of the loop: see reactor_options */
	const char *trace;
	const char *context; /* names, best first; NULL: $REACTOR_CONTEXT */
	size_t stack_size;   /* of each task: see coro_options */
	unsigned flags;      /* CORO_... */
	int64_t grace; /* ns for tasks that are left; 0: 10 s; < 0: no limit */
	/*
	 * Gets the list of a deadlock, line by line, and what else there is to
	 * report; NULL: standard error.
	 */
	void (*report)(void *data, const char *line);
	/* A task failed and nobody ever asked; NULL: a line to `report`. */
	void (*unobserved)(
	    void *data, struct task *, const struct task_outcome *);
	void *data;
};

/*
 * Opens a loop, runs `main` as a task on it until it ends, cancels the tasks
 * that are left, waits for them, and closes the loop.  Returns what main did: a
 * result, or -1 with errno.  Also -1: EDEADLK if all tasks were waiting for
 * each other; what reactor_open says; EBUSY: this thread has tasks; ENOMEM.
 * reactor_stop cancels main.
 */
intptr_t task_run(
    task_fn *main, void *argument, const struct task_options *options);
/*
 * The same in two halves, for a loop that has handlers as well: from now on
 * tasks can be spawned on it, and run in reactor_run.  EBUSY: this thread has
 * tasks already.
 */
int task_begin(struct reactor *, const struct task_options *options);
/*
 * Cancels what is left and waits for it.  EBUSY, EINVAL: nothing was done, in a
 * task or a callback, or because this loop has no tasks.  EDEADLK, ETIMEDOUT:
 * done, but tasks had been stuck, or did not end in time and were given up.
 */
int task_end(struct reactor *);
/* The loop of this thread's tasks, or NULL.  Not only for tasks. */
struct reactor *task_reactor(void);

/* ---- Tasks: task_spawn(3), task_await(3) --------------------------------- */

/* task_attributes.flags */
enum {
	TASK_BACKGROUND = 0x01 /* runs as long as others do, and is no reason
	                          to wait: when those are stuck, they are */
};

struct task_attributes {
	const char *name;  /* copied; NULL: the function's */
	size_t stack_size; /* bytes; 0: as in task_options */
	unsigned flags;
	void (*dispose)(void *argument); /* at the end, even if it never ran */
};

/* How a task stands. */
enum { TASK_PENDING, TASK_DONE, TASK_FAILED, TASK_CANCELLED };

struct task_outcome {
	int state;
	int error;       /* TASK_FAILED: the errno */
	intptr_t result; /* TASK_DONE */
};

#define TASK_TEXT_(x) #x
#define TASK_TEXT(x)  TASK_TEXT_(x)
#define TASK_PLACE    __FILE__ ":" TASK_TEXT(__LINE__)

/*
 * Queues a new task, which runs when its turn comes: task_spawn(f, argument).
 * NULL on failure: ENOMEM, ESHUTDOWN (everything is ending).  The reference is
 * the caller's, to be given up by task_detach.  Callbacks of the loop may spawn
 * as well.
 */
#define task_spawn(function, argument) \
	task_spawn_at(NULL, function, argument, NULL, #function, TASK_PLACE)
#define task_spawn_with(function, argument, attributes) \
	task_spawn_at(                                  \
	    NULL, function, argument, attributes, #function, TASK_PLACE)
/* What the macros call; name and place must last.  group: see below. */
struct task *task_spawn_at(struct task_group *group, task_fn *, void *argument,
    const struct task_attributes *attributes, const char *name,
    const char *place);
/*
 * Waits for the end of the task and tells how it ended, to any number of tasks,
 * any number of times.  -1 is about the caller: ECANCELED (the other goes on),
 * EDEADLK: it is the caller itself.  outcome may be NULL.
 */
int task_await(struct task *, struct task_outcome *outcome);
/* Tells how the task stands.  Not only for tasks. */
void task_peek(const struct task *, struct task_outcome *);
/*
 * Cancels the task: all that it waits for, until it ends.  One that has not
 * begun never does.  EALREADY: it has ended.  Not only for tasks.
 */
int task_cancel(struct task *);
/* Gives up a reference; the task itself goes on.  NULL is nothing. */
void task_detach(struct task *);
/* One more reference; returns the task. */
struct task *task_retain(struct task *);
/* The task that runs, or NULL. */
struct task *task_self(void);
/* Lets the others run, if there are any; a place to be cancelled at. */
int task_yield(void);
/* Never less than that. */
int task_sleep(int64_t ns);
int task_sleep_until(int64_t deadline); /* of task_now */
/* The time of the monotonic clock, ns.  Not only for tasks. */
int64_t task_now(void);
/* Is the running task cancelled at this point? */
int task_cancelled(void);

/* ---- Scopes: task_scope_enter(3) ----------------------------------------- */

/* A region of a task that can be cancelled.  All fields are the library's. */
struct task_scope {
	struct task_scope *outer, *inner;
	struct task *task;
	struct reactor_link members; /* tasks that live in it: of a group */
	struct reactor_timer timer;
	unsigned state;
};

/*
 * From here to task_scope_leave is to take no longer than that.  The scope must
 * last, and scopes are left in reverse order.  ENOMEM.
 */
int task_scope_enter(struct task_scope *, int64_t timeout);
int task_scope_enter_at(struct task_scope *, int64_t deadline);
/*
 * The same, and what encloses it does not cancel what is inside: for clean-ups
 * that have to wait.  Its own time-out counts.
 */
int task_scope_shield(struct task_scope *, int64_t grace);
/*
 * 0, with errno kept, unless it was this scope that made a call inside fail:
 * then -1 with ETIMEDOUT if it was its time-out, else ECANCELED.  EINVAL: it is
 * not the innermost.
 */
int task_scope_leave(struct task_scope *);
/* Not only for tasks, and once or often. */
void task_scope_cancel(struct task_scope *);
/* A new deadline (INT64_MAX: none), if it is not cancelled yet.  ENOMEM. */
int task_scope_move(struct task_scope *, int64_t deadline);
/* 1: it was cancelled, or its time is over. */
int task_scope_cancelled(const struct task_scope *);
/* The earliest deadline in force for the running task; INT64_MAX: none. */
int64_t task_deadline(void);

/* ---- Groups: task_group_enter(3) ----------------------------------------- */

/* What happens when a task of the group ends. */
enum {
	TASK_FAIL_FAST,    /* the first error cancels the others */
	TASK_COLLECT,      /* nothing: all run to their end */
	TASK_FIRST_SUCCESS /* the first that succeeds cancels the others */
};

struct task_failure {
	const char *place; /* of spawn */
	int error;
	char name[32];
};

struct task_group {
	struct task_scope scope;
	/* To be read: */
	size_t running; /* tasks that have not ended */
	size_t failed;  /* with an error */
	size_t cancelled;
	size_t succeeded;
	intptr_t result; /* of the first that succeeded */
	/* The library's: */
	struct task *failures, **last;
	void *waiting;
	int policy, closed;
};

/* A scope in which tasks live.  The group must last until it is left. */
int task_group_enter(struct task_group *, int policy);
/*
 * A task that is cancelled with the group, and does not outlive it; otherwise
 * like task_spawn: task_detach(task_group_spawn(&group, f, a)).  ESHUTDOWN: the
 * group is cancelled, or was left.  Any task may do that, also those of the
 * group, and callbacks.
 */
#define task_group_spawn(group, function, argument) \
	task_spawn_at(group, function, argument, NULL, #function, TASK_PLACE)
#define task_group_spawn_with(group, function, argument, attributes) \
	task_spawn_at(                                               \
	    group, function, argument, attributes, #function, TASK_PLACE)
/*
 * Waits for all of them, whatever happens, then leaves the scope.  0, or -1
 * with the first error; up to max of the failures, in the order in which they
 * happened (group->failed is how many there were), are written.  ECANCELED: the
 * group was cancelled, and that is all.  With TASK_FIRST_SUCCESS 0 means that
 * one has succeeded: see group->result; ESRCH: none has, and none has failed.
 */
int task_group_leave(
    struct task_group *, struct task_failure *failures, size_t max);
void task_group_cancel(struct task_group *);

/* ---- Several at once: task_gather(3) ------------------------------------- */

struct task_call {
	task_fn *function;
	void *argument;
	const char *name; /* or NULL */
	struct task_outcome outcome;
};

/* Runs all in a group and sets each outcome; returns like task_group_leave. */
int task_gather(struct task_call *, size_t n, int policy);
/*
 * Waits for a task as long as that, then cancels it and waits for its end.  0:
 * it ended by itself, and *outcome says how.  -1: ETIMEDOUT; or ECANCELED, if
 * the caller is cancelled, and the other with it.
 */
int task_wait_for(struct task *, int64_t timeout, struct task_outcome *outcome);
/* Until when task_wait waits. */
enum { TASK_FIRST, TASK_FIRST_ERROR, TASK_ALL };
/*
 * Waits for several; cancels none.  Returns how many of them have ended, which
 * task_peek tells apart; after a time-out that may be 0.
 */
int task_wait(struct task *const *, size_t n, int until, int64_t timeout);
/* Tasks as they end, each once; keep the tasks meanwhile. */
struct task_series *task_series_open(struct task *const *, size_t n);
/* 1: *task has ended; 0: there are no more; -1: ETIMEDOUT, ECANCELED. */
int task_series_next(struct task_series *, struct task **task, int64_t timeout);
void task_series_close(struct task_series *);

/*
 * ---- Synchronisation: task_mutex_lock(3), task_channel_open(3)... ----------
 *
 * First come, first served, and handed over directly: who waits gets it before
 * one who comes later.  A struct of zeros is ready for use, and needs no end
 * when nobody waits at it.  What does not wait is for callbacks of the loop
 * too, but for the mutex, which somebody must own.
 */

struct task_mutex {
	struct reactor_link waiting;
	struct task *owner;
};

int task_mutex_lock(struct task_mutex *);     /* EDEADLK: it is ours */
int task_mutex_try_lock(struct task_mutex *); /* EBUSY */
int task_mutex_unlock(struct task_mutex *);   /* EPERM: it is not ours */

struct task_semaphore {
	struct reactor_link waiting;
	size_t value; /* yours to set before the first use */
};

int task_semaphore_wait(struct task_semaphore *);
int task_semaphore_try_wait(struct task_semaphore *); /* EAGAIN */
int task_semaphore_post(struct task_semaphore *);     /* EOVERFLOW */

struct task_condition {
	struct reactor_link waiting;
};

/*
 * Unlocks, waits to be signalled, locks again: always, even with ECANCELED.
 * Who was signalled returns 0.  EPERM: the mutex is not ours.
 */
int task_condition_wait(struct task_condition *, struct task_mutex *);
void task_condition_signal(struct task_condition *);    /* the first */
void task_condition_broadcast(struct task_condition *); /* all */

struct task_event {
	struct reactor_link waiting;
	int set;
};

int task_event_wait(struct task_event *); /* returns at once if it is set */
void task_event_set(struct task_event *);
void task_event_clear(struct task_event *);

struct task_barrier {
	struct reactor_link waiting;
	unsigned parties; /* yours to set before the first use */
	unsigned arrived;
};

/* Waits for the others: 1 for the last to come, else 0.  EINVAL: no parties. */
int task_barrier_wait(struct task_barrier *);

/* A queue of pointers that knows when all of them have been dealt with. */
struct task_queue {
	size_t limit; /* yours to set before the first use; 0: none */
	struct reactor_link getting, putting, joining;
	void **items;
	size_t first, length, capacity;
	size_t unfinished; /* put, and not done */
};

int task_queue_put(struct task_queue *, void *item);     /* ENOMEM */
int task_queue_try_put(struct task_queue *, void *item); /* EAGAIN, ENOMEM */
int task_queue_get(struct task_queue *, void **item);
int task_queue_try_get(struct task_queue *, void **item); /* EAGAIN */
/* One that was got has been dealt with.  EINVAL: more often than got. */
int task_queue_done(struct task_queue *);
int task_queue_join(struct task_queue *); /* waits until all are done */
/* Frees what it holds, and it is empty and as new.  EBUSY: somebody waits. */
int task_queue_clear(struct task_queue *);

/* A channel passes items of one size; with capacity 0, from hand to hand. */
struct task_channel *task_channel_open(size_t item_size, size_t capacity);
/* Frees it.  EBUSY: somebody waits at it.  NULL is nothing. */
int task_channel_free(struct task_channel *);
/* No more is sent.  What is in it can be received; who waits is woken. */
void task_channel_close(struct task_channel *);
/* The item is copied.  EPIPE: it is closed. */
int task_channel_send(struct task_channel *, const void *item);
int task_channel_try_send(struct task_channel *, const void *item); /* EAGAIN */
/* 1: an item was copied; 0: it is closed and empty; -1. */
int task_channel_receive(struct task_channel *, void *item);
int task_channel_try_receive(struct task_channel *, void *item); /* EAGAIN */
size_t task_channel_length(const struct task_channel *); /* items in it */

enum { TASK_SEND, TASK_RECEIVE };

struct task_choice {
	struct task_channel *channel; /* NULL: never ready */
	int what;
	void *item; /* to be sent from, or received into */
	int result; /* of the one chosen: as send or receive return it */
	int error;  /* if result is -1 */
};

/*
 * Waits until one of them can go on, and does that one: its index is returned.
 * -1: ETIMEDOUT (with timeout 0: none is ready), ECANCELED, EINVAL (no choices,
 * too many, or neither to send nor to receive), ENOMEM (more than eight).  Of
 * several that are ready, each has its turn.
 */
int task_select(struct task_choice *, size_t n, int64_t timeout);

/*
 * ---- Descriptors: task_poll(3), task_read(3), task_accept(3) ---------------
 *
 * Like the system calls of those names, but only the task waits.  Flags of the
 * descriptor stay as they are.  Any number of tasks may use a descriptor, in
 * both directions.  A descriptor that tasks have used is closed by task_close.
 */

/*
 * Waits for REACTOR_READ, WRITE, URGENT; returns which came, with ERROR and
 * HANGUP.  -1: ETIMEDOUT, ECANCELED, EBADF (also: closed by task_close), or
 * what else made it unusable.
 */
int task_poll(int fd, unsigned wanted, int64_t timeout);
intptr_t task_read(int fd, void *, size_t);
intptr_t task_write(int fd, const void *, size_t);
intptr_t task_readv(int fd, const struct iovec *, int n);
intptr_t task_writev(int fd, const struct iovec *, int n);
intptr_t task_recv(int fd, void *, size_t, int flags);
intptr_t task_send(int fd, const void *, size_t, int flags);
intptr_t task_recvmsg(int fd, struct msghdr *, int flags);
intptr_t task_sendmsg(int fd, const struct msghdr *, int flags);
/* All of it: writes again until size bytes are written. */
intptr_t task_write_all(int fd, const void *, size_t size);
/* Until size bytes are read, or the end of the file: fewer. */
intptr_t task_read_all(int fd, void *, size_t size);
/* The new descriptor is non-blocking and close-on-exec. */
int task_accept(int fd, struct sockaddr *, unsigned *length);
int task_connect(int fd, const struct sockaddr *, unsigned length);
/* Tasks that wait for it get EBADF.  Not only for tasks. */
int task_close(int fd);
/* What is known of the number is no longer true.  Not only for tasks. */
void task_forget(int fd);

/* ---- Names and connections: task_dial(3) --------------------------------- */

/*
 * Looks a name up as reactor_resolve_start does; returns how many addresses
 * there are, of which up to max are written.  -1: see there; ETIMEDOUT.
 */
intptr_t task_resolve(const char *host, const char *service,
    struct reactor_address *, size_t max, int64_t timeout);
/*
 * A connection to that name, address, /path or @name, made as
 * reactor_connect_start does; flags are those of connect.  The descriptor is
 * non-blocking and close-on-exec.  -1: see there; ETIMEDOUT, ECANCELED.
 */
int task_dial(
    const char *host, const char *service, unsigned flags, int64_t timeout);
/*
 * task_accept for servers, at a socket of reactor_listen: when descriptors or
 * memory run out, it waits and goes on.  flags: REACTOR_NODELAY, KEEPALIVE; peer
 * may be NULL.
 */
int task_admit(int fd, unsigned flags, struct reactor_address *peer);

/*
 * ---- Streams: task_stream_open(3) ------------------------------------------
 *
 * What is written is sent when there is much of it, or when the task next waits,
 * whatever for: what was written in pieces goes out in one.  One task may read
 * while another writes; a second in the same direction gets EBUSY.
 */

struct task_stream {
	/*
	 * Yours before open: transport, state, data, limit, high, low, idle.
	 * When nothing moves for `idle`, a task that waits gets ETIMEDOUT.
	 */
	struct reactor_stream stream;
	/* The library's: */
	struct reactor_link input, output; /* who waits: one in each */
	struct reactor_defer defer;
	void *reader, *writer; /* calls that are under way */
	size_t given;          /* bytes of input that the reader looks at */
	unsigned char open, ended, failed, holding;
};

/* A stream over this descriptor, which is its own from now on.  ENOMEM. */
int task_stream_open(struct task_stream *, int fd);
/* Waits until all is sent, then closes in any case; -1: not all was. */
int task_stream_close(struct task_stream *);
/* Closes at once; what was not sent is lost.  Not only for tasks. */
void task_stream_abort(struct task_stream *);
/* Some: at least one byte, at most size; 0: the end. */
intptr_t task_stream_read(struct task_stream *, void *, size_t size);
/* All of size bytes; fewer: the end came. */
intptr_t task_stream_read_all(struct task_stream *, void *, size_t size);
/*
 * Up to and with the delimiter: *bytes points to them, until the next read; the
 * length is returned, 0 at the end.  At the end the delimiter may lack.
 * EMSGSIZE: there is none in the first `limit` bytes (0: the stream's limit);
 * nothing was read.
 */
intptr_t task_stream_read_until(struct task_stream *, const char *delimiter,
    size_t size, size_t limit, char **bytes);
/* 1: *line is one, without its \n or \r\n, ended by a NUL; 0: the end. */
int task_stream_read_line(struct task_stream *, char **line, size_t *length);
/* All of it; waits while more than `high` bytes are on their way. */
intptr_t task_stream_write(struct task_stream *, const void *, size_t size);
intptr_t task_stream_writev(struct task_stream *, const struct iovec *, int n);
/* See reactor_stream_write_file; fd stays the caller's: waits until it is out. */
int task_stream_write_file(
    struct task_stream *, int fd, int64_t offset, int64_t size);
/* Waits until all that was written is sent. */
int task_stream_flush(struct task_stream *);
/* Flushes, then says that no more comes.  Reading goes on. */
int task_stream_shutdown(struct task_stream *);

/* ---- Signals, processes, threads: task_signal_wait(3) -------------------- */

struct task_signal {
	struct reactor_signal handler;
	struct reactor_link waiting;
	struct reactor_signal_info info;
	unsigned count;
};

/* From now on the signal is caught; what comes between waits is kept. */
int task_signal_open(struct task_signal *, int number);
/* Returns how often it came since the last time; *info is of the last. */
int task_signal_wait(struct task_signal *, struct reactor_signal_info *info);
void task_signal_close(struct task_signal *); /* EBADF for who waits */

/* Waits for the end of a process: see reactor_child for what is filled in. */
int task_child(int pid, struct reactor_child *);

struct task_post {
	struct reactor_post handler;
	struct reactor_link waiting;
	unsigned count;
};

int task_post_open(struct task_post *);
/* From any thread or signal handler. */
void task_post_send(struct task_post *);
/* Waits for a send since the last time; several may count as one. */
int task_post_wait(struct task_post *);
/* EBADF for who waits.  The caller sees to it that nobody sends any more. */
void task_post_close(struct task_post *);

/* ---- Jobs of an executor: task_await_future(3) --------------------------- */

/*
 * Waits for the end of a job and tells how it ended (outcome may be NULL): 0,
 * whatever came of it.  ECANCELED: the task is cancelled, and so is the job if
 * it has not begun; one that runs is asked to end, and goes on.
 */
int task_await_future(struct reactor_future *, struct reactor_outcome *);
/* reactor_submit, but while the queue is full only the task waits. */
#define task_submit(executor, function, bytes, size) \
	task_submit_as(executor, function, bytes, size, NULL, #function)
#define task_submit_with(executor, function, bytes, size, attributes) \
	task_submit_as(executor, function, bytes, size, attributes, #function)
struct reactor_future *task_submit_as(struct reactor_executor *,
    reactor_job_fn *, const void *bytes, size_t size,
    const struct reactor_job_attributes *, const char *name);
/*
 * Both: submits the job and waits for its end.  The future is there for what
 * the outcome points to; reactor_future_detach gives it up.  NULL: it could not
 * be submitted, or ECANCELED.
 */
#define task_execute(executor, function, bytes, size, outcome) \
	task_execute_as(                                       \
	    executor, function, bytes, size, NULL, outcome, #function)
#define task_execute_with(                                \
    executor, function, bytes, size, attributes, outcome) \
	task_execute_as(                                  \
	    executor, function, bytes, size, attributes, outcome, #function)
struct reactor_future *task_execute_as(struct reactor_executor *,
    reactor_job_fn *, const void *bytes, size_t size,
    const struct reactor_job_attributes *, struct reactor_outcome *,
    const char *name);

/* ---- Seeing: task_dump(3) ------------------------------------------------ */

const char *task_name(const struct task *);
/* Copies the name.  ENOMEM. */
int task_set_name(struct task *, const char *);
const char *task_place(const struct task *); /* "file.c:12", of spawn */

struct task_statistics {
	size_t tasks;          /* that have not ended */
	size_t ready;          /* that wait only for their turn */
	uint64_t spawned;      /* ever */
	uint64_t switches;     /* to a task */
	uint64_t looks;        /* at the loop, while tasks were ready */
	uint64_t forced;       /* yields of tasks that went on and on */
	size_t stacks, pooled; /* stacks that there are, and are not used */
};

/* Of this thread; all zero if it has no tasks. */
void task_stats(struct task_statistics *);
/*
 * Describes every task: name, place, state, what it waits for, how long, and
 * who holds that; then circles of those; a call of `line` for each line.
 */
void task_dump(void (*line)(void *context, const char *), void *context);
/* ESRCH: it has ended. */
int task_stack(const struct task *, struct coro_stack_info *);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
