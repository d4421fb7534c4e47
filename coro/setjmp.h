/*
 * SPDX-License-Identifier: ISC
 *
 * setjmp.h: what a test may force.
 */
#ifndef CORO_SETJMP_H
#define CORO_SETJMP_H

/* Not 0: new stacks are entered by a signal, as where libc lacks makecontext.
 */
extern int coro__setjmp_by_signal;

#endif
