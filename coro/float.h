/*
 * SPDX-License-Identifier: ISC
 *
 * float.h: the floating-point control words, such as the rounding mode, which
 * a call must preserve but a switch does not.  By hand, as fegetenv(3) wants
 * another library and takes ten times as long.
 */
#ifndef CORO_FLOAT_H
#define CORO_FLOAT_H

#include <stdint.h>

#if defined(__x86_64__) || defined(__i386__)

#define CORO__HAS_FLOAT 1

static inline void
coro__float_save(uint32_t control[2])
{
	uint16_t x87;

	__asm__ volatile("stmxcsr %0" : "=m"(control[0]));
	__asm__ volatile("fnstcw %0" : "=m"(x87));
	control[1] = x87;
}

static inline void
coro__float_load(const uint32_t control[2])
{
	uint16_t x87 = (uint16_t)control[1];

	__asm__ volatile("ldmxcsr %0" : : "m"(control[0]));
	__asm__ volatile("fldcw %0" : : "m"(x87));
}

#elif defined(__aarch64__)

#define CORO__HAS_FLOAT 1

static inline void
coro__float_save(uint32_t control[2])
{
	uint64_t word;

	__asm__ volatile("mrs %0, fpcr" : "=r"(word));
	control[0] = (uint32_t)word;
}

static inline void
coro__float_load(const uint32_t control[2])
{
	uint64_t word = control[0];

	__asm__ volatile("msr fpcr, %0" : : "r"(word));
}

#elif defined(__s390x__)

#define CORO__HAS_FLOAT 1

static inline void
coro__float_save(uint32_t control[2])
{
	__asm__ volatile("stfpc %0" : "=Q"(control[0]));
}

static inline void
coro__float_load(const uint32_t control[2])
{
	__asm__ volatile("lfpc %0" : : "Q"(control[0]));
}

#else

#define CORO__HAS_FLOAT 0

static inline void
coro__float_save(uint32_t control[2])
{
	(void)control;
}

static inline void
coro__float_load(const uint32_t control[2])
{
	(void)control;
}

#endif

#endif
