/*
 * SPDX-License-Identifier: ISC
 *
 * coro.h: coroutines: functions with a stack of their own, which stop in the
 * middle and go on later.  This file is about generators, which hand values to
 * and fro and need no loop; task.h is about tasks, which wait for the world.
 *
 *   caller:     coro_new    coro_next ----.   .--> "Hello"   coro_send(c, ...)
 *                                         v   |                  |
 *   generator:                  coro_yield("Hello", &world)  <---'
 *
 * A coroutine stays in the thread that made it.  errno belongs to each.  A
 * coroutine is never killed: closing one makes its waiting fail, so that it
 * runs to its end.  coro(7) explains the whole; each function has a page in
 * section 3.
 */
#ifndef REACTOR_CORO_H
#define REACTOR_CORO_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/* ---- Contexts: coro_contexts(3) ------------------------------------------ */

struct coro_context_info {
	const char *name;   /* "native", "setjmp", "ucontext" */
	int available;      /* can be had here, now */
	int error;          /* if not: why, as errno */
	const char *reason; /* if not: why, in words; else NULL */
};

/* Writes up to max entries, best first; returns how many there are. */
size_t coro_contexts(struct coro_context_info *, size_t max);
/* Why this thread last found no context to be had, in words; never NULL. */
const char *coro_error(void);

/* ---- Generators: coro_new(3), coro_yield(3) ------------------------------ */

struct coro;

/* What a coroutine runs: returns its result, or -1 with errno, an error. */
typedef intptr_t coro_fn(void *argument);

/* coro_options.flags, and task_options.flags */
enum {
	CORO_FLOAT = 0x01, /* has floating-point control words of its own */
	CORO_NO_OVERFLOW = 0x02 /* installs no action for SIGSEGV and SIGBUS */
};

struct coro_options {
	const char *name;    /* for messages, or NULL; not copied */
	const char *context; /* names, best first; NULL: $REACTOR_CONTEXT */
	size_t stack_size;   /* bytes, at least 64 KiB; 0: 256 KiB; a
	                        sixteenth of it is the guard */
	unsigned flags;
};

/*
 * Makes a generator, which begins to run at the first coro_next; options may be
 * NULL.  NULL on failure: ENOMEM, EINVAL (unknown name or flag, stack too
 * small), ENOTSUP (see coro_error).
 */
struct coro *coro_new(
    coro_fn *, void *argument, const struct coro_options *options);
/*
 * Runs it until it yields (1, and what it yielded in *value, unless value is
 * NULL) or ends (0, then and ever after).  -1 with errno: it failed with that
 * error; EBUSY: it is running.
 */
int coro_next(struct coro *, void **value);
/* The same; its coro_yield gets `sent`.  EINVAL: it has not begun, and !sent. */
int coro_send(struct coro *, void *sent, void **value);
/* The same; its coro_yield fails with that error. */
int coro_throw(struct coro *, int error, void **value);
/*
 * In a generator: hands a value to the one who runs it, and stops until it is
 * run again.  *sent (unless sent is NULL) is then what was sent, or NULL.  -1:
 * EPERM: not in a generator; ECANCELED: it is being closed, and should end; or
 * what was thrown.
 */
int coro_yield(void *value, void **sent);
/*
 * In a generator: runs another to its end, with all that is sent, thrown and
 * yielded passing through ("yield from").  *result (or NULL) is the result.
 */
int coro_delegate(struct coro *, intptr_t *result);
/*
 * Ends it early: from now on its yields fail with ECANCELED, so it runs to its
 * end, clean-ups included.  -1: it failed with another error, or EBUSY.
 */
int coro_close(struct coro *);
/* Closes and frees it; NULL is nothing.  EBUSY: it is running, and stays. */
int coro_free(struct coro *);
/* 1: it has ended; *result (or NULL) is what it returned, if it did not fail.
 */
int coro_finished(const struct coro *, intptr_t *result);
/* The generator that runs, or NULL. */
struct coro *coro_self(void);
/* The name of its context. */
const char *coro_context(const struct coro *);

/* ---- Clean-ups: coro_cleanup_push(3) ------------------------------------- */

/*
 * Has function(argument) called when the running generator, or else the running
 * task, ends, whatever ends it; the last one pushed is the first.  EPERM: there
 * is neither.  ENOMEM.
 */
int coro_cleanup_push(void (*function)(void *argument), void *argument);
/*
 * Takes back the last one pushed with these, and calls it if `run` is not 0.
 * What was called or taken back before is left alone.
 */
void coro_cleanup_pop(
    void (*function)(void *argument), void *argument, int run);

/* ---- Stacks: coro_stack(3) ----------------------------------------------- */

/* What lies below a stack to stop one that is too deep. */
enum {
	CORO_GUARD_PAGE = 1, /* pages without memory: costs no mapping */
	CORO_GUARD_MAP,      /* pages without rights: costs two mappings */
	CORO_GUARD_CANARY,   /* words that are looked at in each switch */
	CORO_GUARD_NONE
};

struct coro_stack_info {
	size_t size;     /* bytes that can be used */
	size_t deepest;  /* bytes ever touched, to a page: of all users of it */
	size_t resident; /* bytes in memory now */
	int guard;       /* CORO_GUARD_... */
};

/* The stack of a generator; ESRCH if it has none (any more). */
int coro_stack(const struct coro *, struct coro_stack_info *);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
