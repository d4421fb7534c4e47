#!/bin/sh
# SPDX-License-Identifier: ISC
#
# chaos.t: the demo, and what it is for: a conversation through it, of which not
# a byte is lost, doubled or changed, whatever it does.

. test/kit.sh

converse=$build/test/converse

port_of() { # sets $port, of what was started last
	wait_for out "^listening at "
	port=$(sed -n 's/^listening at .*:\([0-9]*\)$/\1/p' "$dir/out")
}

# through BACKEND BYTES OPTION...: the count of connections in $connections.
through() {
	backend=$1 bytes=$2
	shift 2
	new_case chaos
	REACTOR_BACKEND=$backend
	export REACTOR_BACKEND
	start "$converse" "$bytes"
	server=$pid
	port_of
	cp "$dir/out" "$dir/server"
	start "$demo" --target="127.0.0.1:$port" "$@"
	chaos=$pid
	port_of
	talks=
	for id in 1 2 3 4; do
		"$client" -t $((60 * slow)) "$converse" "$bytes" 127.0.0.1 \
		    "$port" $id >"$dir/talk.$id" 2>&1 &
		talks="$talks $!"
		started="$started $!"
	done
	for t in $talks; do
		wait "$t" || fail "$(cat "$dir"/talk.*)"
	done
	kill -TERM "$chaos"
	ends "$chaos" 0
	says out "connections, .* bytes in .* pieces"
	connections=$(awk '{ n += $1 } END { print n }' "$dir"/talk.*)
}

# Once to talk, and once more to learn that all has come.
pieces() {
	through "$1" 300000 --split=700 --delay=2
	[ "$connections" -le 8 ] || fail "$connections connections"
	clean_case
}

single_bytes() {
	through "$1" 4000 --split=1 --delay=0
	[ "$connections" -le 8 ] || fail "$connections connections"
	clean_case
}

cuts() {
	through "$1" 300000 --cut=10 --delay=1
	[ "$connections" -gt 8 ] || fail "nothing was cut"
	clean_case
}

resets() {
	through "$1" 300000 --reset=10 --delay=1 --seed=7
	[ "$connections" -gt 8 ] || fail "nothing was reset"
	clean_case
}

everything() {
	through "$1" 500000 --reset=5 --cut=5 --delay=3 --split=3000 --seed=99
	clean_case
}

# Nobody listens there: the guest is let go, and it is told.
no_target() {
	new_case chaos
	start "$demo" --target=127.0.0.1:1
	port_of
	is answer "$(printf 'hello' | "$client" "127.0.0.1:$port")" ""
	kill -INT "$pid"
	ends "$pid" 0
	says out "1 connections, 0 bytes .* 1 not connected"
	clean_case
}

try "chaos: help" help chaos
try "chaos: a wrong option" wrong_option chaos
try "chaos: no target" wrong_arguments chaos
try "chaos: a target without a port" wrong_arguments chaos --target=localhost
try "chaos: a number out of range" wrong_arguments chaos --target=a:1 --split=0
try "chaos: nobody at the target" no_target
under "pieces" pieces
under "single bytes" single_bytes
under "cut" cuts
under "reset" resets
under "all of it" everything
plan
