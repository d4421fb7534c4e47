# SPDX-License-Identifier: ISC
#
# kit.sh: what the tests of the demos share.  A case is a function, run by
# `try` in a process of its own; it begins with new_case, ends with clean_case,
# and leaves early by fail or skip.  Nothing that is started lives longer than
# a minute.
#
# $BUILD: where the demos were built; $BACKENDS: which are tried.

build=${BUILD:-build}
backends=${BACKENDS:-epoll kqueue poll select}
slow=${TEST_SLOW:-1}
unset REACTOR_BACKEND REACTOR_CONTEXT REACTOR_EXECUTOR REACTOR_TRACE
LC_ALL=C
export LC_ALL

tmp=$(mktemp -d "${TMPDIR:-/tmp}/demos.XXXXXX") || exit 1
number=0
failed=0

clean() {
	rm -rf "$tmp"
}
trap clean EXIT
trap 'exit 1' HUP INT TERM

demos=$build/demos
client=$build/test/client
if [ ! -x "$client" ]; then
	client=$tmp/client
	${CC:-cc} -std=c11 -D_GNU_SOURCE -o "$client" test/client.c || exit 1
fi

# ---- A kit -------------------------------------------------------------------

# try NAME FUNCTION...: one case, in a process of its own.
try() {
	name=$1
	shift
	number=$((number + 1))
	("$@") >"$tmp/log" 2>&1
	case $? in
	0)	echo "ok $number - $name" ;;
	77)	echo "ok $number - $name # SKIP $(tail -n 1 "$tmp/log")" ;;
	*)	echo "not ok $number - $name"
		sed 's/^/# /' "$tmp/log"
		failed=$((failed + 1)) ;;
	esac
}

fail() {
	echo "$*"
	for f in out err; do
		[ -s "$dir/$f" ] && sed "s/^/$f: /" "$dir/$f" | head -n 20
	done
	clean_case
	exit 1
}

skip() {
	echo "$*"
	clean_case
	exit 77
}

# Each case has a directory and ends what it started.
new_case() {
	dir=$tmp/case.$number
	mkdir -p "$dir"
	demo=$demos/$1
	started=
	[ -x "$demo" ] || skip "$1 is not built"
}

clean_case() {
	for p in $started; do
		kill -KILL "$p" 2>/dev/null
	done
	rm -rf "$dir"
}

# In the foreground, at most a minute: its status in $status.
run() {
	"$client" -t $((60 * slow)) "$@" >"$dir/out" 2>"$dir/err"
	status=$?
}

# In the background: its process in $pid.
start() {
	: >"$dir/out"
	: >"$dir/err"
	"$client" -t $((60 * slow)) "$@" >"$dir/out" 2>"$dir/err" &
	pid=$!
	started="$started $pid"
}

nap() {
	sleep 0.05 2>/dev/null || sleep 1
}

# patiently COMMAND...: until it succeeds, for 20 seconds.
patiently() {
	tries=0
	until "$@"; do
		tries=$((tries + 1))
		[ $tries -lt $((400 * slow)) ] || return 1
		nap
	done
}

# wait_for FILE PATTERN
wait_for() {
	patiently grep -Eq -e "$2" "$dir/$1" || fail "$1 never said: $2"
}

# occurs FILE PATTERN TIMES
occurs() {
	[ "$(grep -Ec -e "$2" "$dir/$1")" -eq "$3" ]
}

wait_for_times() {
	patiently occurs "$@" || fail "$1 did not say $3 times: $2"
}

# ends PID STATUS: it does, by itself.
ends() {
	wait "$1"
	status=$?
	[ $status -eq "$2" ] || fail "exit status $status, not $2"
}

is() {
	[ "$2" = "$3" ] || fail "$1: got '$2' instead of '$3'"
}

says() {
	grep -Eq -e "$2" "$dir/$1" || fail "$1 does not say: $2"
}

silent() {
	[ ! -s "$dir/$1" ] || fail "there should be nothing in $1"
}

# well_formed FILE: XML, as far as the demos write it.
well_formed() {
	awk '
	function wrong(why) {
		print "not well-formed: " why
		exit bad = 1
	}
	{ text = text $0 "\n" }
	END {
		while (match(text, /<[^<>]*>/)) {
			tag = substr(text, RSTART + 1, RLENGTH - 2)
			words = substr(text, 1, RSTART - 1)
			text = substr(text, RSTART + RLENGTH)
			gsub(/&(amp|lt|gt);/, "", words)
			if (words ~ /[&<>]/)
				wrong(words)
			if (depth == 0 && (words ~ /[^ \n]/ || ended))
				wrong("more than one element")
			if (gsub(/"/, "\"", tag) % 2)
				wrong(tag)
			name = tag
			sub(/[ \/].*/, "", name)
			if (tag ~ /^\//) {
				if (open[depth--] != substr(tag, 2))
					wrong(tag)
			} else if (tag !~ /\/$/) {
				open[++depth] = name
			}
			ended = depth == 0
		}
		if (!bad && (depth != 0 || !ended || text ~ /[^ \n]/))
			wrong("the end")
		exit bad
	}' "$dir/$1" || fail "$1"
}

gone() {
	! kill -0 "$1" 2>/dev/null
}

# The greatest size that a process ever had, in KiB; nothing if unknown.
peak() {
	sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$1/status" 2>/dev/null
}

# A case: help DEMO [OPTION].
help() {
	new_case "$1"
	run "$demo" --help
	is status $status 0
	says out "$1"
	says out "${2:---backend}"
	silent err
	clean_case
}

# A case: wrong_option DEMO.
wrong_option() {
	new_case "$1"
	run "$demo" --no-such-option
	is status $status 2
	silent out
	says err "no-such-option|usage"
	clean_case
}

# A case: wrong_arguments DEMO ARGUMENT...
wrong_arguments() {
	new_case "$1"
	shift
	run "$demo" "$@"
	is status $status 2
	silent out
	says err "usage|--help"
	clean_case
}

# under NAME FUNCTION: one case for each backend.
under() {
	for b in $backends; do
		try "$b: $1" "$2" "$b"
	done
}

# under_contexts NAME FUNCTION: one case for each context that can be had.
under_contexts() {
	for c in $("$demos/contexts" --list | awk '$2 == "yes" { print $1 }'); do
		try "$c: $1" "$2" "$c"
	done
}

# Those that cannot be had here are left out, which the reader is told; but
# what was asked for must be there.
usable() {
	for b in $backends; do
		"$demos/lines" --backend="$b" </dev/null >/dev/null 2>"$tmp/why"
		case $? in
		0)	echo "$b" ;;
		1)	sed "s/^/# without $b: /" "$tmp/why" >&2
			[ -z "$BACKENDS" ] || return 1 ;;
		*)	cat "$tmp/why" >&2
			return 1 ;;
		esac
	done
}

plan() {
	echo "1..$number"
	[ $failed -eq 0 ]
}

backends=$(usable) && [ -n "$backends" ] || {
	echo "Bail out! the demos are not built, or a backend does not work"
	exit 1
}
