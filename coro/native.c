/*
 * SPDX-License-Identifier: ISC
 *
 * native.c: contexts switched by hand.  What a call must preserve is pushed on
 * the stack, the stack pointers are exchanged, and the other's is popped:
 *
 *   place --> | r15 r14 r13 r12 rbx rbp | return address | caller's frames...
 *
 *  a. It ends in a plain ret, not in pop and jmp: that wins an empty ping-pong,
 *     and then the return predictor misses once for each frame of the caller.
 *  b. Signal mask and floating-point control words stay as they are: no system
 *     call, and 3 ns less.  CORO_FLOAT is for those who need them.
 *  c. With the CFI below, gdb walks through every instruction of it; the first
 *     frame has no return address, where every unwinder stops.
 *  d. CET: the jumps are returns, which indirect branch tracking allows, and the
 *     object says so in its note.  Shadow stacks would have to be exchanged as
 *     well; it does not say that (if the compiler does not, which GNUmakefile
 *     sees to), and where they are on, this is not usable.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include "coro/context.h"

#if defined(__x86_64__) && !defined(__ILP32__)

#define NAT_WORDS 7 /* six registers and the entry */
#define NAT_BEGIN 3 /* the word of r12: what to call */
#define NAT_ENTRY 6 /* the word of the return address */

__asm__("	.text\n"
	"	.p2align 4\n"
	"	.globl	coro__native_swap\n"
	"	.hidden	coro__native_swap\n"
	"	.type	coro__native_swap, @function\n"
	"coro__native_swap:\n"
	"	.cfi_startproc\n"
	"	endbr64\n"
	"	pushq	%rbp\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	.cfi_rel_offset rbp, 0\n"
	"	pushq	%rbx\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	.cfi_rel_offset rbx, 0\n"
	"	pushq	%r12\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	.cfi_rel_offset r12, 0\n"
	"	pushq	%r13\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	.cfi_rel_offset r13, 0\n"
	"	pushq	%r14\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	.cfi_rel_offset r14, 0\n"
	"	pushq	%r15\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	.cfi_rel_offset r15, 0\n"
	"	movq	%rsp, (%rdi)\n"
	"	movq	%rsi, %rsp\n"
	"	popq	%r15\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	.cfi_restore r15\n"
	"	popq	%r14\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	.cfi_restore r14\n"
	"	popq	%r13\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	.cfi_restore r13\n"
	"	popq	%r12\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	.cfi_restore r12\n"
	"	popq	%rbx\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	.cfi_restore rbx\n"
	"	popq	%rbp\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	.cfi_restore rbp\n"
	"	ret\n"
	"	.cfi_endproc\n"
	"	.size	coro__native_swap, . - coro__native_swap\n"
	"\n"
	"	.p2align 4\n"
	"	.globl	coro__native_entry\n"
	"	.hidden	coro__native_entry\n"
	"	.type	coro__native_entry, @function\n"
	"coro__native_entry:\n"
	"	.cfi_startproc\n"
	"	.cfi_undefined rip\n"
	"	endbr64\n"
	"	callq	*%r12\n"
	"	ud2\n"
	"	.cfi_endproc\n"
	"	.size	coro__native_entry, . - coro__native_entry\n"
	"\n"
	/* Indirect branch tracking: yes.  Shadow stacks: no. */
	"	.section .note.gnu.property, \"a\", @note\n"
	"	.p2align 3\n"
	"	.long	4, 16, 5\n"
	"	.asciz	\"GNU\"\n"
	"	.long	0xc0000002, 4, 1, 0\n"
	"	.section .note.GNU-stack, \"\", @progbits\n"
	"	.text\n");

/* rdsspq: a no-op where there are none, and leaves the zero. */
int
coro__shadow_stacks(void)
{
	uint64_t pointer = 0;

	__asm__ volatile(".byte 0xf3, 0x48, 0x0f, 0x1e, 0xc8" : "+a"(pointer));
	return pointer != 0;
}

#elif defined(__aarch64__) && !defined(__ILP32__)

#define NAT_WORDS 20 /* x19 to x30, d8 to d15 */
#define NAT_BEGIN 0  /* the word of x19: what to call */
#define NAT_ENTRY 11 /* the word of x30, the link register */

__asm__("	.text\n"
	"	.p2align 4\n"
	"	.globl	coro__native_swap\n"
	"	.hidden	coro__native_swap\n"
	"	.type	coro__native_swap, %function\n"
	"coro__native_swap:\n"
	"	.cfi_startproc\n"
	"	hint	#34\n" /* bti c */
	"	sub	sp, sp, #160\n"
	"	.cfi_adjust_cfa_offset 160\n"
	"	stp	x19, x20, [sp, #0]\n"
	"	stp	x21, x22, [sp, #16]\n"
	"	stp	x23, x24, [sp, #32]\n"
	"	stp	x25, x26, [sp, #48]\n"
	"	stp	x27, x28, [sp, #64]\n"
	"	stp	x29, x30, [sp, #80]\n"
	"	stp	d8, d9, [sp, #96]\n"
	"	stp	d10, d11, [sp, #112]\n"
	"	stp	d12, d13, [sp, #128]\n"
	"	stp	d14, d15, [sp, #144]\n"
	"	.cfi_rel_offset x19, 0\n"
	"	.cfi_rel_offset x20, 8\n"
	"	.cfi_rel_offset x21, 16\n"
	"	.cfi_rel_offset x22, 24\n"
	"	.cfi_rel_offset x23, 32\n"
	"	.cfi_rel_offset x24, 40\n"
	"	.cfi_rel_offset x25, 48\n"
	"	.cfi_rel_offset x26, 56\n"
	"	.cfi_rel_offset x27, 64\n"
	"	.cfi_rel_offset x28, 72\n"
	"	.cfi_rel_offset x29, 80\n"
	"	.cfi_rel_offset x30, 88\n"
	"	mov	x9, sp\n"
	"	str	x9, [x0]\n"
	"	mov	sp, x1\n"
	"	ldp	d14, d15, [sp, #144]\n"
	"	ldp	d12, d13, [sp, #128]\n"
	"	ldp	d10, d11, [sp, #112]\n"
	"	ldp	d8, d9, [sp, #96]\n"
	"	ldp	x29, x30, [sp, #80]\n"
	"	ldp	x27, x28, [sp, #64]\n"
	"	ldp	x25, x26, [sp, #48]\n"
	"	ldp	x23, x24, [sp, #32]\n"
	"	ldp	x21, x22, [sp, #16]\n"
	"	ldp	x19, x20, [sp, #0]\n"
	"	add	sp, sp, #160\n"
	"	.cfi_adjust_cfa_offset -160\n"
	"	.cfi_restore x19\n"
	"	.cfi_restore x20\n"
	"	.cfi_restore x21\n"
	"	.cfi_restore x22\n"
	"	.cfi_restore x23\n"
	"	.cfi_restore x24\n"
	"	.cfi_restore x25\n"
	"	.cfi_restore x26\n"
	"	.cfi_restore x27\n"
	"	.cfi_restore x28\n"
	"	.cfi_restore x29\n"
	"	.cfi_restore x30\n"
	"	ret\n"
	"	.cfi_endproc\n"
	"	.size	coro__native_swap, . - coro__native_swap\n"
	"\n"
	"	.p2align 4\n"
	"	.globl	coro__native_entry\n"
	"	.hidden	coro__native_entry\n"
	"	.type	coro__native_entry, %function\n"
	"coro__native_entry:\n"
	"	.cfi_startproc\n"
	"	.cfi_undefined x30\n"
	"	hint	#34\n"
	"	blr	x19\n"
	"	brk	#1\n"
	"	.cfi_endproc\n"
	"	.size	coro__native_entry, . - coro__native_entry\n"
	"\n"
	"	.section .note.gnu.property, \"a\", %note\n" /* BTI */
	"	.p2align 3\n"
	"	.long	4, 16, 5\n"
	"	.asciz	\"GNU\"\n"
	"	.long	0xc0000000, 4, 1, 0\n"
	"	.section .note.GNU-stack, \"\", %progbits\n"
	"	.text\n");

int
coro__shadow_stacks(void)
{
	return 0;
}

#else /* No assembly for this processor: setjmp carries it. */

#define NAT_WORDS 0

int
coro__shadow_stacks(void)
{
	return 0;
}

#endif

#if NAT_WORDS

void coro__native_swap(void **from, void *to);
void coro__native_entry(void);

static int
nat_usable(void)
{
	if (!coro__shadow_stacks())
		return 0;
	errno = ENOTSUP;
	return -1;
}

/* As if it had been suspended just before its first instruction. */
static void *
nat_make(void *low, size_t size, void (*begin)(void))
{
	uintptr_t top = ((uintptr_t)low + size) & ~(uintptr_t)15;
	uintptr_t *place = (uintptr_t *)top - NAT_WORDS;

	memset(place, 0, NAT_WORDS * sizeof(*place));
	place[NAT_BEGIN] = (uintptr_t)begin;
	place[NAT_ENTRY] = (uintptr_t)coro__native_entry;
	return place;
}

#else

static int
nat_usable(void)
{
	errno = ENOSYS;
	return -1;
}

static void *
nat_make(void *low, size_t size, void (*begin)(void))
{
	(void)low;
	(void)size;
	(void)begin;
	errno = ENOSYS;
	return NULL;
}

static void
coro__native_swap(void **from, void *to)
{
	(void)from;
	(void)to;
}

#endif

const struct coro__context coro__native = {
	.name = "native",
	.usable = nat_usable,
	.make = nat_make,
	.swap = coro__native_swap,
};
