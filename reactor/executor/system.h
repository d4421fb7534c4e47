/*
 * SPDX-License-Identifier: ISC
 *
 * system.h: what one system has and another lacks: linux.c or portable.c.
 */
#ifndef REACTOR_EXECUTOR_SYSTEM_H
#define REACTOR_EXECUTOR_SYSTEM_H

#include <sys/types.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

/* ---- Threads ------------------------------------------------------------- */

/* Conditions that are waited for by the monotonic clock. */
int reactor__condition_open(pthread_cond_t *);
/* Until then, INT64_MAX: for ever.  0, or ETIMEDOUT; spurious wake-ups too. */
int reactor__condition_wait(
    pthread_cond_t *, pthread_mutex_t *, int64_t deadline);
/* Of the thread that calls. */
void reactor__thread_name(const char *);
/* How much this thread's own stack still has; 0: not known, or on another. */
size_t reactor__stack_room(void);
/* The error in words, as strerror(3) has it. */
const char *reactor__error_text(int error, char *text, size_t size);
unsigned reactor__processors(void); /* that this process may use */

/* ---- Processes ----------------------------------------------------------- */

/* A file without a name, >= 3 and close-on-exec, to be passed on; -1. */
int reactor__memory_open(size_t size);
/* From now on its size cannot be changed by anybody; -1: that cannot be had. */
int reactor__memory_seal(int fd);
/* 0: it is at least that long, and sealed; -1. */
int reactor__memory_check(int fd, size_t size);
/* Closes all descriptors from that number on. */
void reactor__close_from(int first);
/* What others have not written yet is theirs to write. */
void reactor__forget_output(void);
/* This process is killed when its parent ends. */
void reactor__die_with_parent(void);
/* Of the process that calls, as ps(1) shows it. */
void reactor__process_name(const char *);

#endif
