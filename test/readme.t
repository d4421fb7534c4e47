#!/bin/sh
# SPDX-License-Identifier: ISC
#
# readme.t: README is short, plain, and right: its program works, and all that
# it names is there.

. test/tap.sh
. test/shown.sh

readme_program() {
	awk '/^    #include/ { on = 1 }
	on && /^[^ ]/ { exit }
	on { sub(/^    /, ""); print }' README
}

readme_compiles() {
	readme_program >"$tmp/readme.c"
	is_program "$tmp/readme.c" && compiles "$tmp/readme.c"
}

# It copies what it reads.
readme_copies() {
	runs "$tmp/readme.c" || return 1
	head -c 20000 README >"$tmp/in"
	"$tmp/limit" $((20 * ${TEST_SLOW:-1})) "$tmp/unit" <"$tmp/in" |
	    cat >"$tmp/out"
	cmp "$tmp/in" "$tmp/out" || return 1
	# shellcheck disable=SC2002 # this time from a pipe
	cat "$tmp/in" | "$tmp/limit" $((20 * ${TEST_SLOW:-1})) "$tmp/unit" \
	    >"$tmp/out"
	cmp "$tmp/in" "$tmp/out"
}

readme_is_short() {
	lines=$(wc -l <README)
	echo "$lines lines"
	[ "$lines" -le 150 ]
}

readme_is_narrow() {
	awk 'length > 72' README >"$tmp/wide"
	none "longer than 72" "$tmp/wide"
}

readme_is_ascii() {
	tr -d '\n -~' <README >"$tmp/strange"
	none "not ASCII, or a tab" "$tmp/strange"
}

# A file anywhere, by its name alone, or by its path, or by a pattern.
is_there() {
	for f in $1 reactor/$1 reactor/executor/$1 reactor/net/$1 \
	    reactor/adapters/$1 backends/$1 demos/$1 coro/$1 test/$1; do
		[ -e "$f" ] && return 0
	done
	return 1
}

# What is built is named too; so is the reader's own program.
readme_paths() {
	grep -v '#include' README | tr -c 'A-Za-z0-9_./*-' '\n' |
	    sed 's/\.$//' |
	    grep '^[a-z]*/\|^[a-z_0-9*]*\.[ch37]$' |
	    grep -v '^build/\|^prog\.c$' | sort -u >"$tmp/paths"
	[ -s "$tmp/paths" ] || return 1
	while read -r path; do
		is_there "$path" || echo "$path"
	done <"$tmp/paths" >"$tmp/missing"
	none "not there" "$tmp/missing"
}

readme_demos() {
	awk '$1 == "demos/" { on = 1 } on && /^    [a-z]*\/ / && $1 != "demos/" {
	    exit } on' README | sed 's/.*://' | tr -c 'a-z0-9_-' '\n' |
	    grep . >"$tmp/demos"
	[ -s "$tmp/demos" ] || return 1
	while read -r demo; do
		is_there "demos/$demo.c" || is_there "demos/${demo}_*.c" ||
		    echo "$demo"
	done <"$tmp/demos" >"$tmp/missing"
	none "no such demo" "$tmp/missing"
}

readme_targets() {
	sed -n 's/.*[ `]make \([a-z][a-z-]*\).*/\1/p' README | sort -u \
	    >"$tmp/targets"
	[ -s "$tmp/targets" ] || return 1
	while read -r target; do
		grep -q "^$target:" GNUmakefile || echo "$target"
	done <"$tmp/targets" >"$tmp/missing"
	none "no such target" "$tmp/missing"
}

# Functions that the reader is sent to look at.
readme_functions() {
	tr -c 'a-z0-9_' '\n' <README | grep '^[a-z][a-z]_[a-z]' | sort -u |
	    while read -r f; do
		grep -q "^$f(" reactor/*.c backends/*.c || echo "$f"
	done >"$tmp/missing"
	none "no such function" "$tmp/missing"
}

# ---- All of it ---------------------------------------------------------------

check "the program compiles" readme_compiles
check "the program copies its input" readme_copies
check "150 lines" readme_is_short
check "72 columns" readme_is_narrow
check "ASCII" readme_is_ascii
check "the files are there" readme_paths
check "the demos are there" readme_demos
check "the functions are there" readme_functions
check "make knows the targets" readme_targets
plan
