# SPDX-License-Identifier: ISC
#
# tap.sh: what the tests of the tree itself share.  A script reads it from the
# top of the tree, calls `check` or `skip` once for each test, and ends with
# `plan`.
#
# $BUILD: where the libraries are, $CC: what they were built with, $LIBRARY
# and $CFLAGS: set if make was told them.

build=${BUILD:-build}
cc=${CC:-cc}
library=${LIBRARY:-$build/libreactor.a}
LC_ALL=C
export LC_ALL
unset REACTOR_BACKEND REACTOR_CONTEXT REACTOR_EXECUTOR REACTOR_TRACE

tmp=$(mktemp -d "${TMPDIR:-/tmp}/tap.XXXXXX") || exit 1
number=0
failed=0
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

# check NAME COMMAND...: it succeeds, or its output says why not.
check() {
	name=$1
	shift
	number=$((number + 1))
	if ("$@") >"$tmp/log" 2>&1; then
		echo "ok $number - $name"
	else
		echo "not ok $number - $name"
		head -n 30 "$tmp/log" | sed 's/^/# /'
		failed=$((failed + 1))
	fi
}

# skip NAME REASON
skip() {
	number=$((number + 1))
	echo "ok $number - $1 # SKIP $2"
}

plan() {
	echo "1..$number"
	[ $failed -eq 0 ]
}

have() {
	command -v "$1" >/dev/null 2>&1
}

# same WANTED GOT: two files with one name in each line.
same() {
	diff "$1" "$2" >"$tmp/difference" && return 0
	sed -n 's/^</missing:/p; s/^>/too much:/p' "$tmp/difference"
	return 1
}

# none WHAT FILE: the file, which lists what is wrong, is empty.
none() {
	[ ! -s "$2" ] && return 0
	echo "$1:"
	cat "$2"
	return 1
}

# make of its own: nothing of the one that called us but what is said here.
make_alone() {
	(unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES CFLAGS CPPFLAGS \
	    LDFLAGS LIBRARY BUILD PREFIX DESTDIR
	"${MAKE:-make}" "$@")
}

# The compilers to try: ours and those that are there, each once.
compilers() {
	echo "$cc"
	for c in "$@"; do
		[ "$c" = "$cc" ] || ! have "$c" || echo "$c"
	done
}

# The public headers, as GNUmakefile knows them.
headers() {
	list=$(sed -n 's/^HEADERS *:= *$(wildcard \(.*\))/\1/p' GNUmakefile)
	for h in $list; do
		[ -f "$h" ] && echo "$h"
	done
}

# Those that are installed beside them: what joins the library to others, which
# may not be there, and the hook.
more_headers() {
	for h in reactor/adapters/*.h coro/adapters/*.h coro/hook.h; do
		[ -f "$h" ] && echo "$h"
	done
}

# adapters HEADER...: functions that they define, or declare as the hook does.
adapter_functions() {
	sed -n 's/^\(int \)*\(\(reactor\|task\)_[a-z0-9]*_*[a-z0-9_]*\)(.*/\2/p' "$@" |
	    grep -v __ | sort -u
}

# Every function that they declare.
functions() {
	for h in $(headers); do
		# shellcheck disable=SC2086
		$cc -E -P -I. "$h"
	done | tr '\n' ' ' | tr ';{}' '\n\n\n' | grep -v '^ *typedef ' |
	    sed -n 's/.*[ *]\(\(reactor\|coro\|task\)_[a-z0-9_]*\) *(.*/\1/p' |
	    sort -u
}

# Every macro that is called like one.
macros() {
	# shellcheck disable=SC2046
	sed -n 's/^#define \(\(reactor\|coro\|task\)_[a-z0-9_]*\)(.*/\1/p' \
	    $(headers) | sort -u
}

# What has to be on a page of section 3.
documented() {
	# shellcheck disable=SC2046
	(functions; macros; adapter_functions $(more_headers)) | sort -u
}

# The names that man page $1 is about.
names() {
	sed -n '/^\.Sh NAME/,/^\.Nd/s/^\.Nm \([a-z_0-9]*\).*/\1/p' "$1"
}
