#!/bin/sh
# SPDX-License-Identifier: ISC
#
# amalgamation.t: one reactor.c and one reactor.h, alone in a directory,
# compile without a word and work under every backend.

. test/tap.sh

one=$tmp/one
warnings="-Wall -Wextra -Werror"

amalgamate() {
	make_alone amalgamation BUILD="$build/amalgamation.t" CC="$cc" &&
	    mkdir -p "$one" && cp "$build/amalgamation.t/reactor.c" \
	    "$build/amalgamation.t/reactor.h" "$one"
}

# Nothing is included that is not of the system, or of the two files.
stands_alone() {
	sed -n 's/^# *include *"\(.*\)".*/\1/p' "$one"/reactor.[ch] |
	    grep -v '^reactor\.h$' >"$tmp/local"
	sed -n 's/^# *include *<\(\(reactor\|coro\|backends\)\/.*\)>.*/\1/p' \
	    "$one"/reactor.[ch] >>"$tmp/local"
	none "included" "$tmp/local"
}

# compiles COMPILER OPTION...
compiles() {
	# shellcheck disable=SC2086
	(cd "$one" && "$@" $warnings -c -o one.o reactor.c)
}

header_alone() {
	printf '#include "reactor.h"\n#include "reactor.h"\n' >"$one/twice.c"
	# shellcheck disable=SC2086
	(cd "$one" && $cc -std=c99 -pedantic-errors $warnings -c twice.c)
}

# The functions of the headers are there, and nothing that is not ours.
names_are_ours() {
	(cd "$one" && $cc -c -o one.o reactor.c && nm -g one.o) |
	    awk 'NF == 3 && $2 != "U" { print $3 }' | sort -u >"$tmp/global"
	functions >"$tmp/functions"
	grep -v '__' "$tmp/global" >"$tmp/public"
	same "$tmp/functions" "$tmp/public" || return 1
	grep -v '^\(reactor\|coro\|task\)_' "$tmp/global" >"$tmp/foreign"
	none "not ours" "$tmp/foreign"
}

# ---- A program ---------------------------------------------------------------

cat >"$tmp/prog.c" <<'END'
#include "reactor.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct all {
	struct reactor_io io;
	struct reactor_timer timer;
	struct reactor_post post;
	struct reactor_defer defer;
	int ends[2], seen;
};

static void
ready(struct reactor *r, struct reactor_io *io, unsigned what)
{
	struct all *all = REACTOR_OWNER(io, struct all, io);
	char c;

	if ((what & REACTOR_READ) && read(io->fd, &c, 1) == 1 && c == 'x')
		all->seen |= 1;
	reactor_io_stop(r, io);
}

static void
posted(struct reactor *r, struct reactor_post *post)
{
	(void)r;
	REACTOR_OWNER(post, struct all, post)->seen |= 2;
}

static void
deferred(struct reactor *r, struct reactor_defer *defer)
{
	struct all *all = REACTOR_OWNER(defer, struct all, defer);

	all->seen |= 4;
	reactor_post_send(r, &all->post);
}

static void
rang(struct reactor *r, struct reactor_timer *timer)
{
	struct all *all = REACTOR_OWNER(timer, struct all, timer);

	(void)r;
	if (write(all->ends[1], "x", 1) == 1)
		all->seen |= 8;
}

int
main(int argc, char **argv)
{
	struct all all;
	struct reactor *r = reactor_open(NULL);

	memset(&all, 0, sizeof(all));
	if (r == NULL)
		return printf("%s\n", reactor_error()), 1;
	if (argc != 2 || strncmp(reactor_backend_name(r), argv[1],
	    strlen(argv[1])) != 0)
		return printf("it is %s\n", reactor_backend_name(r)), 2;
	if (pipe(all.ends) == -1)
		return 3;
	all.io.callback = ready;
	all.io.fd = all.ends[0];
	all.io.wanted = REACTOR_READ;
	all.timer.callback = rang;
	all.post.callback = posted;
	all.defer.callback = deferred;
	if (reactor_io_start(r, &all.io) == -1 ||
	    reactor_timer_start(r, &all.timer, REACTOR_MILLISECOND) == -1 ||
	    reactor_defer_start(r, &all.defer) == -1 || reactor_run(r) == -1)
		return 4;
	printf("seen %x\n", (unsigned)all.seen);
	return all.seen == 15 ? reactor_close(r) : 5;
}
END

program() {
	cp "$tmp/prog.c" "$one"
	# shellcheck disable=SC2086
	(cd "$one" && $cc $warnings -O1 -o prog prog.c reactor.c -pthread)
}

# Those that this system has: GNUmakefile knows.
backends() {
	list=$(sed -n "s/^BACKENDS\.$(uname -s) *:= *//p" GNUmakefile)
	echo "${list:-poll select}"
}

# In a directory with other names around it: includes must not be ambiguous.
beside_others() {
	mkdir -p "$tmp/other/reactor" && cp "$one"/*.[ch] "$tmp/other" ||
	    return 1
	echo '#error the wrong one' >"$tmp/other/reactor/reactor.h"
	(cd "$tmp/other" && $cc -I. -c reactor.c)
}

check "make amalgamation" amalgamate
check "it includes nothing of ours" stands_alone
for c in $(compilers gcc clang | tr ' ' '?'); do
	c=$(echo "$c" | tr '?' ' ')
	# shellcheck disable=SC2086
	check "$c -c reactor.c" compiles $c
	for option in -std=c11 -std=gnu11 -std=gnu17 -O2; do
		# shellcheck disable=SC2086
		check "$c $option -c reactor.c" compiles $c $option
	done
done
check "the header is strict C99" header_alone
check "no global name but ours" names_are_ours
check "other files of these names do no harm" beside_others
check "a program compiles with it" program
for b in $(backends); do
	check "the program under $b" env REACTOR_BACKEND="$b" "$one/prog" "$b"
done
plan
