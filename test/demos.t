#!/bin/sh
# SPDX-License-Identifier: ISC
#
# demos.t: starts the demos as a stranger would, under every backend.

. test/kit.sh

# ---- Every small demo --------------------------------------------------------

wrong_backend() {
	new_case "$1"
	shift
	run "$demo" --backend=nonesuch "$@"
	[ $status -eq 1 ] || [ $status -eq 2 ] || fail "status $status"
	says err nonesuch
	says err poll # what would work
	silent out
	REACTOR_BACKEND=nonesuch run "$demo" "$@"
	[ $status -eq 1 ] || [ $status -eq 2 ] || fail "status $status"
	says err nonesuch
	clean_case
}

# ---- timer -------------------------------------------------------------------

timer() {
	new_case timer
	run "$demo" --backend="$1"
	is status $status 0
	is output "$(tr '\n' ' ' <"$dir/out")" "tick tick tick tick enough "
	silent err
	clean_case
}

timer_traced() {
	new_case timer
	REACTOR_TRACE=- run "$demo" --backend="$1"
	is status $status 0
	is output "$(tr '\n' ' ' <"$dir/out")" "tick tick tick tick enough "
	says err ticker
	says err once
	clean_case
}

timer_interrupted() {
	new_case timer
	start "$demo" --backend="$1"
	wait_for out tick
	kill -INT "$pid"
	ends "$pid" 130
	clean_case
}

# ---- lines -------------------------------------------------------------------

lines_pipe() {
	new_case lines
	printf 'abc\n\nza\305\274\303\263\305\202\304\207\nend' |
	    run "$demo" --backend="$1"
	printf '1 cba\n2 \n3 \304\207\305\202\303\263\305\274az\n4 dne\n' \
	    >"$dir/wanted"
	cmp "$dir/wanted" "$dir/out" || fail "wrong output"
	silent err
	clean_case
}

lines_slow_pipe() {
	new_case lines
	mkfifo "$dir/in"
	start sh -c 'exec "$0" "$1" <"$2"' "$demo" --backend="$1" "$dir/in"
	exec 3>"$dir/in"
	printf 'one\ntw' >&3
	sleep 1
	printf 'o\n' >&3
	exec 3>&-
	ends "$pid" 0
	is output "$(tr '\n' ' ' <"$dir/out")" "1 eno 2 owt "
	clean_case
}

lines_file() {
	new_case lines
	awk 'BEGIN { for (i = 0; i < 20000; i++) print "line " i }' >"$dir/in"
	run "$demo" --backend="$1" <"$dir/in"
	is status $status 0
	is lines "$(wc -l <"$dir/out" | tr -d ' ')" 20000
	is last "$(tail -n 1 "$dir/out")" "20000 99991 enil"
	clean_case
}

lines_long() {
	new_case lines
	awk 'BEGIN { for (i = 0; i < 20000; i++) printf "0123456789" }' \
	    >"$dir/in"
	run "$demo" --backend="$1" <"$dir/in"
	is status $status 0
	is length "$(wc -c <"$dir/out" | tr -d ' ')" 200003
	clean_case
}

lines_nothing() {
	new_case lines
	run "$demo" --backend="$1" </dev/null
	is "status with /dev/null" $status 0
	silent out
	silent err
	: >"$dir/in"
	run "$demo" --backend="$1" <"$dir/in"
	is "status with an empty file" $status 0
	silent out
	: | "$client" -t 60 "$demo" --backend="$1" >"$dir/out" 2>"$dir/err" ||
	    fail "an empty pipe"
	silent out
	silent err
	clean_case
}

lines_closed() {
	new_case lines
	"$client" -t 60 "$demo" --backend="$1" <&- >"$dir/out" 2>"$dir/err"
	is status $? 1
	says err "standard input"
	silent out
	clean_case
}

lines_terminal() {
	new_case lines
	printf 'hello\nthere\n' |
	    "$client" -p "$demo" --backend="$1" >"$dir/out" 2>"$dir/err"
	status=$?
	[ $status -ne 77 ] || skip "no terminals here"
	is status $status 0
	is output "$(tr '\n' ' ' <"$dir/out")" "1 olleh 2 ereht "
	clean_case
}

# While it runs, and afterwards, standard input blocks as it did.
lines_flags() {
	new_case lines
	[ -r /proc/self/fdinfo/0 ] || skip "no /proc"
	mkfifo "$dir/in"
	start sh -c 'exec "$0" "$1" <"$2"' "$demo" --backend="$1" "$dir/in"
	exec 3>"$dir/in"
	printf 'one\n' >&3
	sleep 1
	flags=$(sed -n 's/^flags:[^0-7]*//p' "/proc/$pid/fdinfo/0")
	[ -n "$flags" ] || fail "no flags"
	[ $((0$flags & 04000)) -eq 0 ] || fail "O_NONBLOCK was set: $flags"
	exec 3>&-
	ends "$pid" 0
	clean_case
}

# ---- signals -----------------------------------------------------------------

signals_end() {
	new_case signals
	start "$demo" --backend="$1"
	wait_for out "kill -USR1 $pid"
	sender=$(sh -c 'echo $$; kill -USR1 "$1"' sh "$pid")
	wait_for out "SIGUSR1 from process $sender of user $(id -u)"
	wait_for out "^1 so far"
	kill -USR1 "$pid"
	wait_for out "^2 so far"
	kill -INT "$pid"
	ends "$pid" 0
	says out "SIGINT from process"
	says out "step 1 done"
	says out "ended well"
	silent err
	clean_case
}

signals_twice() {
	new_case signals
	start "$demo" --backend="$1"
	wait_for out "kill -USR1"
	kill -TERM "$pid"
	wait_for out "SIGTERM from process"
	kill -INT "$pid"
	ends "$pid" 1
	says out "ended at once"
	awk '/SIGINT/ { told = 1 } told && /done/ { exit 1 }' "$dir/out" ||
	    fail "it finished the step"
	clean_case
}

signals_terminal() {
	new_case signals
	: >"$dir/out"
	{
		patiently grep -q "kill -USR1" "$dir/out"
		printf '\003'
	} | "$client" -p "$demo" --backend="$1" >"$dir/out" 2>"$dir/err"
	status=$?
	[ $status -ne 77 ] || skip "no terminals here"
	is status $status 0
	says out "SIGINT from the terminal"
	says out "ended well"
	clean_case
}

# ---- All of it ---------------------------------------------------------------

for d in timer lines signals echo chat watch; do
	try "$d: --help" help $d
	try "$d: an unknown option" wrong_option $d
	case $d in
	watch)	try "$d: an unknown backend" wrong_backend $d . -- true ;;
	*)	try "$d: an unknown backend" wrong_backend $d ;;
	esac
done
for d in timer lines signals; do
	try "$d: an argument too many" wrong_arguments $d one
done

under "timer: ticks four times and ends" timer
under "timer: the same, traced" timer_traced
under "timer: ^C ends it" timer_interrupted
under "lines: from a pipe" lines_pipe
under "lines: from a pipe, half a line at a time" lines_slow_pipe
under "lines: from a file" lines_file
under "lines: one of 200,000 bytes" lines_long
under "lines: none at all" lines_nothing
under "lines: standard input is closed" lines_closed
under "lines: from a terminal" lines_terminal
under "lines: standard input keeps its flags" lines_flags
under "signals: counts SIGUSR1, ends well" signals_end
under "signals: told twice, ends at once" signals_twice
under "signals: ^C in a terminal" signals_terminal
plan
