/*
 * SPDX-License-Identifier: ISC
 *
 * annotate.h: what the checkers are told, so that a switch of stacks does not
 * look to them like a wild jump.  Nothing is left of it in other builds, but
 * for Valgrind, which is asked for when a stack is made: six instructions.
 */
#ifndef CORO_ANNOTATE_H
#define CORO_ANNOTATE_H

#include <stddef.h>
#include <stdint.h>

#if defined(__SANITIZE_ADDRESS__)
#define CORO__ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CORO__ASAN 1
#endif
#endif

#if defined(__SANITIZE_THREAD__)
#define CORO__TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CORO__TSAN 1
#endif
#endif

#ifdef CORO__ASAN
/* ASan widens frames several times over. */
#define CORO__WIDER 4
void __sanitizer_start_switch_fiber(void **fake, const void *low, size_t size);
void __sanitizer_finish_switch_fiber(
    void *fake, const void **low, size_t *size);
void __asan_unpoison_memory_region(const volatile void *low, size_t size);
void __lsan_register_root_region(const void *low, size_t size);
void __lsan_unregister_root_region(const void *low, size_t size);
#else
#define CORO__WIDER                              1
#define __asan_unpoison_memory_region(low, size) ((void)(low), (void)(size))
#define __lsan_register_root_region(low, size)   ((void)(low), (void)(size))
#define __lsan_unregister_root_region(low, size) ((void)(low), (void)(size))
#endif

#ifdef CORO__TSAN
void *__tsan_get_current_fiber(void);
void *__tsan_create_fiber(unsigned flags);
void __tsan_destroy_fiber(void *fiber);
void __tsan_switch_to_fiber(void *fiber, unsigned flags);
#else
#define __tsan_create_fiber(flags)  NULL
#define __tsan_destroy_fiber(fiber) ((void)(fiber))
#endif

/* What TSan takes a stack for: a thread.  NULL without TSan. */
static inline void *
coro__fiber(void)
{
	return __tsan_create_fiber(0);
}

static inline void
coro__fiber_end(void *fiber)
{
	if (fiber != NULL)
		__tsan_destroy_fiber(fiber);
}

/*
 * A request to Valgrind: a sequence of instructions that does nothing, unless
 * Valgrind runs it.  Returns `otherwise` when it does not.
 */
#if defined(__x86_64__) && defined(__linux__) && !defined(__ILP32__)
static inline uintptr_t
coro__valgrind(uintptr_t otherwise, uintptr_t request, uintptr_t a, uintptr_t b)
{
	volatile uintptr_t words[6] = { request, a, b, 0, 0, 0 };
	uintptr_t result = otherwise;

	__asm__ volatile("rolq $3, %%rdi; rolq $13, %%rdi\n\t"
			 "rolq $61, %%rdi; rolq $51, %%rdi\n\t"
			 "xchgq %%rbx, %%rbx"
			 : "+d"(result)
			 : "a"(&words[0])
			 : "cc", "memory");
	return result;
}
#elif defined(__aarch64__) && defined(__linux__) && !defined(__ILP32__)
static inline uintptr_t
coro__valgrind(uintptr_t otherwise, uintptr_t request, uintptr_t a, uintptr_t b)
{
	volatile uintptr_t words[6] = { request, a, b, 0, 0, 0 };
	register volatile uintptr_t *list __asm__("x4") = words;
	register uintptr_t result __asm__("x3") = otherwise;

	__asm__ volatile("ror x12, x12, #3; ror x12, x12, #13\n\t"
			 "ror x12, x12, #51; ror x12, x12, #61\n\t"
			 "orr x10, x10, x10"
			 : "+r"(result)
			 : "r"(list)
			 : "cc", "memory");
	return result;
}
#else
static inline uintptr_t
coro__valgrind(uintptr_t otherwise, uintptr_t request, uintptr_t a, uintptr_t b)
{
	(void)request;
	(void)a;
	(void)b;
	return otherwise;
}
#endif

/* The number that Valgrind gives the stack; 0 without it. */
static inline uintptr_t
coro__valgrind_stack(void *low, size_t size)
{
	return coro__valgrind(
	    0, 0x1501, (uintptr_t)low, (uintptr_t)low + size - 1);
}

static inline void
coro__valgrind_stack_end(uintptr_t number)
{
	(void)coro__valgrind(0, 0x1502, number, 0);
}

/* Nobody will return to what frames have been on that stack. */
static inline void
coro__annotate_fresh(const void *low, size_t size)
{
	__asan_unpoison_memory_region(low, size);
	/* To Memcheck, what is below a frame is not there: it is, undefined. */
	(void)coro__valgrind(0, 0x4d430001, (uintptr_t)low, size);
}

/* What only a stack in use refers to is not lost. */
static inline void
coro__annotate_taken(const void *low, size_t size)
{
	__lsan_register_root_region(low, size);
}

static inline void
coro__annotate_given(const void *low, size_t size)
{
	__lsan_unregister_root_region(low, size);
}

#endif
