#!/bin/sh
# SPDX-License-Identifier: ISC
#
# watch.t: the demo that watches files and runs commands.

. test/kit.sh

# ---- watch -------------------------------------------------------------------

watch_runs() {
	new_case watch
	echo one >"$dir/file"
	start "$demo" --backend="$1" "$dir/file" "$dir/new" -- \
	    sh -c 'echo "now $(cat "$1" "$2" 2>/dev/null)"; exit 3' \
	    sh "$dir/file" "$dir/new"
	wait_for err waiting
	echo three >"$dir/file"
	wait_for out "^now three"
	wait_for_times err "exit status 3" 1
	echo four >"$dir/other"
	mv "$dir/other" "$dir/file"
	wait_for out "^now four"
	wait_for_times err "exit status 3" 2
	rm "$dir/file"
	wait_for err "file is gone"
	wait_for_times err "exit status 3" 3
	echo five >"$dir/new"
	wait_for out "^now five"
	wait_for_times err "exit status 3" 4
	kill -INT "$pid"
	ends "$pid" 0
	clean_case
}

# However much changes during a run, there is one more run and no second one.
watch_once() {
	new_case watch
	echo one >"$dir/file"
	start "$demo" --backend="$1" "$dir/file" -- \
	    sh -c 'echo begin; until [ -e "$1" ]; do sleep 1; done; echo end' \
	    sh "$dir/go"
	wait_for err waiting
	echo a >"$dir/file"
	wait_for out begin
	for change in b cc ddd; do
		echo $change >"$dir/file"
		sleep 1
	done
	wait_for_times out begin 1
	: >"$dir/go"
	wait_for_times out end 2
	sleep 1
	is output "$(tr '\n' ' ' <"$dir/out")" "begin end begin end "
	kill -TERM "$pid"
	ends "$pid" 0
	clean_case
}

watch_ends() {
	new_case watch
	echo one >"$dir/file"
	start "$demo" --backend="$1" "$dir/file" -- \
	    sh -c 'echo $$ >"$1"; exec sleep 77' sh "$dir/child"
	wait_for err waiting
	echo two >"$dir/file"
	wait_for child "[0-9]"
	child=$(cat "$dir/child")
	kill -INT "$pid"
	ends "$pid" 0
	says err "signal 15"
	gone "$child" || fail "the command was left behind"
	clean_case
}

watch_missing() {
	new_case watch
	echo one >"$dir/file"
	start "$demo" --backend="$1" "$dir/file" -- "$dir/no-such-command"
	wait_for err waiting
	echo two >"$dir/file"
	wait_for err "no-such-command: "
	kill -INT "$pid"
	ends "$pid" 0
	clean_case
}

# ---- All of it ---------------------------------------------------------------

watch_arguments() {
	wrong_arguments watch "$@"
}

try "watch: no arguments" watch_arguments
try "watch: no command" watch_arguments file
try "watch: an empty command" watch_arguments file --
try "watch: no file" watch_arguments -- true
under "watch: changed, replaced, removed, created" watch_runs
under "watch: one run at a time, one more at most" watch_once
under "watch: ^C takes the command along" watch_ends
under "watch: no such command" watch_missing
plan
