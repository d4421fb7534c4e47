#!/bin/sh
# SPDX-License-Identifier: ISC
#
# headers.t: every public header compiles alone, first and twice, in every
# dialect of C and C++ that a caller may use; and the structs stay small.

. test/tap.sh

# ---- Dialects ----------------------------------------------------------------

warnings="-pedantic-errors -Wall -Wextra -Wshadow -Wundef -Wconversion
    -Wsign-conversion -Wcast-qual -Wwrite-strings -Werror"
warnings_c="-Wstrict-prototypes -Wmissing-prototypes -Wc++-compat"

# speaks COMPILER STANDARD LANGUAGE
speaks() {
	echo 'int here;' >"$tmp/speaks.$3"
	# shellcheck disable=SC2086
	$1 -std="$2" -c -o "$tmp/speaks.o" "$tmp/speaks.$3" >/dev/null 2>&1
}

# compiles COMPILER STANDARD LANGUAGE HEADER
compiles() {
	printf '#include <%s>\n#include <%s>\n' "$4" "$4" >"$tmp/alone.$3"
	extra=$warnings_c
	[ "$3" = cpp ] && extra=
	# shellcheck disable=SC2086
	$1 -std="$2" $warnings $extra -I. -c -o "$tmp/alone.o" "$tmp/alone.$3"
}

# dialect COMPILER STANDARD LANGUAGE
dialect() {
	if ! speaks "$@"; then
		skip "$1 -std=$2" "this compiler does not know it"
		return
	fi
	for h in $(headers); do
		check "$h: $1 -std=$2" compiles "$@" "$h"
	done
}

every_dialect() {
	for c in $(compilers gcc clang | tr ' ' '?'); do
		for standard in c99 c11 c17 c2x; do
			dialect "$(echo "$c" | tr '?' ' ')" $standard c
		done
	done
	cxx=
	for c in g++ clang++; do
		have $c || continue
		cxx=yes
		for standard in c++11 c++17 c++20; do
			dialect $c $standard cpp
		done
	done
	[ -n "$cxx" ] || skip "C++" "there is no g++ or clang++"
}

there_are_some() {
	headers | grep reactor/reactor.h
}

# ISO C99 has these; whatever else they include must be one of ours.
iso=" assert complex ctype errno fenv float inttypes iso646 limits locale \
math setjmp signal stdarg stdbool stddef stdint stdio stdlib string tgmath \
time wchar wctype "

only_iso() {
	for h in $(headers); do
		sed -n 's/^# *include *[<"]\([^>"]*\).*/\1/p' "$h" |
		    while read -r i; do
			case $iso in
			*" ${i%.h} "*)
				continue ;;
			esac
			headers | grep -q "^$i\$" || echo "$h: $i"
		done
	done >"$tmp/foreign"
	none "included, but not ISO C and not public" "$tmp/foreign"
}

# ---- Use ---------------------------------------------------------------------

# What macros and initialisers become, in the strictest C and in C++.
cat >"$tmp/use.c" <<'END'
#include <reactor/reactor.h>
#include <string.h>

struct owner {
	int before;
	struct reactor_timer timer;
};

static int called;

static void
ring(struct reactor *r, struct reactor_timer *timer)
{
	struct owner *owner = REACTOR_OWNER(timer, struct owner, timer);

	(void)r;
	called = owner->before;
}

int
main(void)
{
	struct owner owner;
	struct reactor *r = reactor_open(NULL);
	unsigned all = REACTOR_READ | REACTOR_URGENT | REACTOR_WRITE |
	    REACTOR_ERROR | REACTOR_HANGUP | REACTOR_BAD | REACTOR_TIMEOUT;
	const char *version = REACTOR_VERSION;

	if (r == NULL || all != 0x7f || version[0] != reactor_version()[0])
		return 1;
	owner.before = 42;
	memset(&owner.timer, 0, sizeof(owner.timer));
	owner.timer.callback = ring;
	if (reactor_timer_start(r, &owner.timer, REACTOR_MILLISECOND) == -1 ||
	    reactor_run(r) == -1)
		return 2;
	return called == 42 ? reactor_close(r) : 3;
}
END

cp "$tmp/use.c" "$tmp/use.cpp"

use_c() {
	# shellcheck disable=SC2086
	$cc $CFLAGS -std=c99 $warnings -I. -o "$tmp/use" "$tmp/use.c" \
	    "$library" -pthread && "$tmp/use"
}

use_cxx() {
	# shellcheck disable=SC2086
	$cxx -std=c++11 $warnings -I. -o "$tmp/use" "$tmp/use.cpp" \
	    "$library" -pthread && "$tmp/use"
}

# The C++ compiler whose objects go with those of $cc.
companion() {
	case $cc in
	cc)	c=c++ ;;
	gcc)	c=g++ ;;
	clang)	c=clang++ ;;
	*)	return 1 ;;
	esac
	have $c && echo $c
}

linked_cxx() {
	name="a program in C++ links and runs"
	case $CFLAGS in
	*-fsanitize*) skip "$name" "the library has a sanitizer in it" ;;
	*)	if cxx=$(companion); then
			check "$name" use_cxx
		else
			skip "$name" "no C++ compiler that goes with $cc"
		fi ;;
	esac
}

# ---- Sizes -------------------------------------------------------------------

cat >"$tmp/size.c" <<'END'
#include <stdio.h>
#include "reactor/internal.h"

static int failed;

static void
at_most(const char *what, size_t size, size_t limit)
{
	printf("%s: %u bytes, at most %u\n", what, (unsigned)size,
	    (unsigned)limit);
	if (size > limit)
		failed = 1;
}

int
main(void)
{
	at_most("struct reactor_event", sizeof(struct reactor_event), 32);
	at_most("struct reactor_io", sizeof(struct reactor_io), 64);
	at_most("struct reactor_timer", sizeof(struct reactor_timer), 56);
	at_most("a slot of the table of descriptors",
	    sizeof(struct reactor__slot), 16);
	at_most("an entry of the heap of timers",
	    sizeof(struct reactor__due), 16);
	return failed;
}
END

sizes() {
	# shellcheck disable=SC2086
	$cc $CFLAGS -I. -o "$tmp/size" "$tmp/size.c" && "$tmp/size"
}

small_structs() {
	# shellcheck disable=SC2086
	bytes=$(echo __SIZEOF_POINTER__ | $cc -E -P -)
	if [ "$bytes" = 8 ]; then
		check "the structs are small" sizes
	else
		skip "the structs are small" "the limits are for 64 bits"
	fi
}

check "there are public headers" there_are_some
check "they include ISO headers only" only_iso
every_dialect
check "a program in strict C99 links and runs" use_c
linked_cxx
small_structs
plan
