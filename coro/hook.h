/*
 * SPDX-License-Identifier: ISC
 *
 * hook.h: blocking calls of unmodified code, which in a task that asks for it
 * let the other tasks run.  A library of its own, libreactor-hook, has to be
 * linked before libc, with the shared libreactor; it stands in front of read,
 * write, connect, poll, sleep, getaddrinfo and the like: task_hook(3) has the
 * list, and says what is not in it.
 */
#ifndef REACTOR_HOOK_H
#define REACTOR_HOOK_H

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/*
 * From now on the blocking calls of the running task give way to other tasks
 * (on: 1), or block (0), as those of a new task do.  Returns what was so
 * before, 0 or 1.  -1: EPERM: not in a task, or in a generator that is the first
 * to ask; ENOMEM.
 */
int task_hook(int on);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
