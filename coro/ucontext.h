/*
 * SPDX-License-Identifier: ISC
 *
 * ucontext.h: does libc have makecontext(3) and its like?  glibc has.  musl
 * declares them only; there they are what another library may bring along, or
 * NULL.  OpenBSD has none.
 */
#ifndef CORO_UCONTEXT_H
#define CORO_UCONTEXT_H

#ifdef __OpenBSD__
#define CORO__UCONTEXT 0
#else
#define CORO__UCONTEXT 1
#include <ucontext.h>
#ifdef __GLIBC__
#define CORO__HAS_MAKECONTEXT() 1
#else
#pragma weak getcontext
#pragma weak makecontext
#pragma weak setcontext
#pragma weak swapcontext
#define CORO__HAS_MAKECONTEXT() (makecontext != NULL && swapcontext != NULL)
#endif
#endif

#endif
